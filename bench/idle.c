/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Many idle CONFIRMED connections in one process: heap bytes each (mallinfo2: blocks in use, with the
 * allocator's rounding and headers), resident memory each, CPU time of creation with handshake, and
 * CPU time of a step that finds nothing (one connection again and again, and all in turn).
 */
#include "bench.h"
#include "toxabi.h"
#include "versions.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

enum { WAIT_LIMIT_MS = 3000, EXTRA_STEPS = 3, MARKED_STEPS = 1000 };

typedef struct Meter {
    uint64_t overhead, cpu_ns;
} Meter;

/* Heap in use: mapped blocks count too. */
static uint64_t heap_bytes(void)
{
    const struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

static void await_count(const atomic_ullong *counter, uint64_t wanted, const Pump *pump)
{
    const uint64_t limit = now_ns() + WAIT_LIMIT_MS * 1000000ULL;

    while (atomic_load(counter) < wanted) {
        pump_check(pump);

        if (now_ns() > limit) {
            die("the pump did not answer connection %llu", (unsigned long long)wanted);
        }
    }
}

static void metered_step(Session *session, Meter *meter)
{
    const uint64_t before = thread_cpu_ns();
    session_step(session);
    const uint64_t spent = thread_cpu_ns() - before;
    meter->cpu_ns += spent > meter->overhead ? spent - meter->overhead : 0;
}

/* Opens one connection; the meter gets the calls up to and including CONFIRMED. */
static void open_one(Session *session, const Pump *pump, uint64_t number, Meter *meter)
{
    session_open(session, pump, false);
    meter->cpu_ns += session->create_cpu_ns - meter->overhead;

    while (tcp_con_status(session->connection) < TCP_CLIENT_UNCONFIRMED) {
        metered_step(session, meter);
    }

    await_count(&pump->shared->accepted, number, pump);

    while (tcp_con_status(session->connection) == TCP_CLIENT_UNCONFIRMED) {
        metered_step(session, meter);
    }

    if (tcp_con_status(session->connection) != TCP_CLIENT_CONFIRMED) {
        die("connection %llu was lost in its handshake", (unsigned long long)number);
    }

    await_count(&pump->shared->settled, number, pump);

    /* The pong is there: take it, so that the connection is really at rest. */
    for (int i = 0; i < EXTRA_STEPS; ++i) {
        session_step(session);
    }
}

/* Nanoseconds for one step, over `steps` steps spread evenly over `count` connections. */
static double idle_step_ns(Session *sessions, uint64_t count, uint64_t steps)
{
    const uint64_t rounds = steps / count;
    const uint64_t before = thread_cpu_ns();

    for (uint64_t round = 0; round < rounds; ++round) {
        for (uint64_t i = 0; i < count; ++i) {
            session_step(&sessions[i]);
        }
    }

    return (double)(thread_cpu_ns() - before) / (double)(rounds * count);
}

/* For strace: the steps of one connection alone. */
static void marked_steps(Session *session, uint64_t steps)
{
    mark("bench-begin");

    for (uint64_t i = 0; i < steps; ++i) {
        session_step(session);
    }

    mark("bench-end");
}

void run_idle(const Options *options)
{
    const uint64_t count = options->connections;
    Meter meter = {.overhead = cpu_clock_overhead_ns()};
    Meter unused = {0};
    Pump pump = {.kind = PUMP_MANY};
    Session *sessions = calloc(count + 1, sizeof(*sessions));

    if (sessions == NULL) {
        die("out of memory");
    }

    raise_file_limit();
    pump_start(&pump);
    pin_to_cpu(0);
    /* The first one pays for what is set up once per process. */
    open_one(&sessions[count], &pump, 1, &unused);
    malloc_trim(0);
    const uint64_t heap_before = heap_bytes();
    const uint64_t rss_before = process_rss_bytes();

    for (uint64_t i = 0; i < count; ++i) {
        open_one(&sessions[i], &pump, i + 2, &meter);
    }

    const uint64_t heap = heap_bytes() - heap_before;
    const uint64_t rss = process_rss_bytes() - rss_before;
    marked_steps(sessions, MARKED_STEPS);
    const double one = idle_step_ns(sessions, 1, options->steps);
    const double all = idle_step_ns(sessions, count, options->steps);
    printf("connections=%llu counted=%d threads=%d mtu=%d heap_bytes=%.1f rss_bytes=%.1f create_us=%.3f"
           " idle_one_ns=%.2f idle_all_ns=%.2f\n",
           (unsigned long long)count, MARKED_STEPS, thread_count(), loopback_mtu(), (double)heap / (double)count,
           (double)rss / (double)count, (double)meter.cpu_ns / (double)count / 1e3, one, all);

    for (uint64_t i = 0; i < count + 1; ++i) {
        if (tcp_con_status(sessions[i].connection) != TCP_CLIENT_CONFIRMED) {
            die("connection %llu did not stay up", (unsigned long long)i);
        }

        session_close(&sessions[i]);
    }

    free(sessions);
    pump_stop(&pump);
}
