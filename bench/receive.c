/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Receiving, in three ways:
 *   rate     the pump sends packets at a fixed rate, the client steps at a fixed interval;
 *            CPU time is that inside do_TCP_connection (do_tcp_connections), calls that find nothing included
 *   flood    the pump sends as fast as it can (window: with a limit of packets in flight), the client
 *            steps without a pause; CPU and wall time from the first packet to the last
 *   lockstep the pump sends n packets, then the client makes one step; no clock, no sleep, so that
 *            between the two marks strace sees the client's own system calls only
 */
#include "bench.h"
#include "toxabi.h"
#include "versions.h"

#include <stdio.h>

typedef struct Result {
    bool stalled;
    uint64_t steps, empty_steps;
    uint64_t cpu_ns;        /* rate: inside do_, after the warm-up */
    uint64_t cpu_packets;   /* packets that belong to cpu_ns */
    uint64_t counted;       /* lockstep: packets between the marks */
} Result;

/* Notices that nothing comes although the pump still has data for the client. */
typedef struct Stall_Watch {
    uint64_t limit_ns, seen, since;
} Stall_Watch;

static bool stalled(Stall_Watch *watch, const Session *session)
{
    const uint64_t now = now_ns();

    if (session->received != watch->seen || watch->since == 0) {
        watch->seen = session->received;
        watch->since = now;
        return false;
    }

    return now - watch->since > watch->limit_ns;
}

static void receive_at_rate(Session *session, const Pump *pump, const Options *options, Result *result)
{
    const uint64_t overhead = cpu_clock_overhead_ns();
    Stall_Watch watch = {.limit_ns = options->stall_ms * 1000000U};
    uint64_t next = now_ns();
    const uint64_t warm = next + options->warmup_ms * 1000000U;
    uint64_t warm_packets = 0;
    bool measuring = false;
    atomic_store(&pump->shared->go, true);

    while (session->received < pump->packets && !result->stalled) {
        next += options->step_us * 1000U;
        sleep_until_ns(next);
        mono_time_update(session->time);

        /* On a busy machine one call of the original can last until there is nothing more: then all counts. */
        if (!measuring && next >= warm) {
            measuring = true;
            warm_packets = session->received;
            result->cpu_ns = 0;
            result->steps = 0;
        }

        const uint64_t before = thread_cpu_ns();
        session_step(session);
        const uint64_t spent = thread_cpu_ns() - before;
        result->cpu_ns += spent > overhead ? spent - overhead : 0;
        ++result->steps;
        result->stalled = stalled(&watch, session);
    }

    result->cpu_packets = session->received - warm_packets;
}

static void receive_flood(Session *session, const Pump *pump, const Options *options, Result *result)
{
    enum { LOOK_AT_CLOCK_EVERY = 64 };
    Stall_Watch watch = {.limit_ns = options->stall_ms * 1000000U};
    atomic_store(&pump->shared->go, true);

    for (uint64_t i = 0; session->received < pump->packets && !result->stalled; ++i) {
        const uint64_t before = session->received;

        if (i % LOOK_AT_CLOCK_EVERY == 0) {
            mono_time_update(session->time);
            result->stalled = stalled(&watch, session);
        }

        session_step(session);

        if (before != 0) {
            ++result->steps;
            result->empty_steps += session->received == before;
        }
    }

    if (session->last_count > 1) {
        result->cpu_ns = session->last_cpu - session->first_cpu;
        result->cpu_packets = session->last_count - 1;
    }
}

/* Lets the pump send n more packets, then makes one step. */
static void step_with(Session *session, const Pump *pump, uint64_t n, uint64_t *allowed)
{
    *allowed += n;
    atomic_store(&pump->shared->allowed, *allowed);

    while (atomic_load_explicit(&pump->shared->sent, memory_order_acquire) < *allowed) {
    }

    session_step(session);
}

static void receive_in_lockstep(Session *session, const Pump *pump, const Options *options, Result *result)
{
    enum { WARM_UP = 10 };
    const uint64_t rounds = pump->packets / options->lockstep;
    uint64_t allowed = 0;
    session->sample_every = 0;
    atomic_store(&pump->shared->go, true);
    pause_ns(20000000U);

    for (int i = 0; i < WARM_UP; ++i) {
        step_with(session, pump, options->lockstep, &allowed);
    }

    const uint64_t before = session->received;
    mark("bench-begin");

    for (; result->steps + WARM_UP < rounds; ++result->steps) {
        step_with(session, pump, options->lockstep, &allowed);
    }

    mark("bench-end");
    result->counted = session->received - before;
}

static double per(uint64_t amount, uint64_t count)
{
    return count == 0 ? 0.0 : (double)amount / (double)count;
}

static void report(const Session *session, const Pump *pump, const Result *result)
{
    const Shared *shared = pump->shared;
    const uint64_t wall = session->last_wall - session->first_wall;
    printf("packets=%llu total=%llu stalled=%d damaged=%llu threads=%d mtu=%d",
           (unsigned long long)session->received, (unsigned long long)pump->packets, result->stalled,
           (unsigned long long)session->damaged, thread_count(), loopback_mtu());
    printf(" steps=%llu empty_steps=%llu", (unsigned long long)result->steps,
           (unsigned long long)result->empty_steps);

    if (result->cpu_packets > 0) {
        printf(" cpu_us=%.4f", per(result->cpu_ns, result->cpu_packets) / 1e3);
    }

    if (result->counted > 0) {
        printf(" counted=%llu", (unsigned long long)result->counted);
    }

    if (wall > 0 && !result->stalled) {
        printf(" per_second=%.0f", (double)(session->last_count - 1) * 1e9 / (double)wall);
    }

    printf(" pump_busy=%.3f queued_bytes=%llu\n",
           per(atomic_load(&shared->busy_ns), atomic_load(&shared->wall_ns)),
           (unsigned long long)atomic_load(&shared->queued_bytes));
}

void run_receive(const Options *options)
{
    Result result = {0};
    Session session;
    Pump pump = {
        .kind = PUMP_SEND,
        .size = options->size,
        .rate = options->rate,
        .packets = options->rate != 0 ? options->rate * options->millis / 1000U : options->packets,
        .batch = options->rate != 0 || options->lockstep != 0 ? 1 : options->batch,
    };
    pump_start(&pump);
    pin_to_cpu(0);
    session_open(&session, &pump, options->layer != 0);
    session.window = options->window;
    session_route(&session, &pump);

    if (options->lockstep != 0) {
        receive_in_lockstep(&session, &pump, options, &result);
    } else {
        atomic_store(&pump.shared->allowed, options->window != 0 ? options->window : UINT64_MAX);

        if (options->rate != 0) {
            receive_at_rate(&session, &pump, options, &result);
        } else {
            receive_flood(&session, &pump, options, &result);
        }
    }

    /* Long enough for the pump to come back from its last call and leave its figures. */
    pause_ns(150000000U);
    pump_check(&pump);
    report(&session, &pump, &result);
    session_close(&session);
    pump_stop(&pump);
}
