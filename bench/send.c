/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sending. With a rate: each step sends the packets that are due, then calls do_TCP_connection; CPU time
 * is that of both. Without: sending as fast as it goes, do_TCP_connection when it is refused. A
 * packet that is refused (0) is tried again in the next step. The pump drains and checks.
 */
#include "bench.h"
#include "toxabi.h"
#include "versions.h"

#include <stdio.h>
#include <string.h>

enum { MAX_DATA = 2031, DRAIN_LIMIT_MS = 3000 };

typedef struct Sender {
    Session session;
    Pump pump;
    uint8_t data[MAX_DATA];
    uint64_t sent, refused, steps;
    uint64_t cpu_ns, cpu_packets;
    uint64_t counted;       /* lockstep: packets between marks */
    uint64_t started, wall_ns;
    bool incomplete;
} Sender;

static bool send_one(Sender *sender)
{
    put_u64(sender->data, sender->sent);
    const int result = session_send(&sender->session, sender->data, (uint16_t)sender->pump.size);

    if (result < 0) {
        die("sending failed after %llu packets", (unsigned long long)sender->sent);
    }

    if (result == 0) {
        ++sender->refused;
        return false;
    }

    ++sender->sent;
    return true;
}

static void send_up_to(Sender *sender, uint64_t due)
{
    while (sender->sent < due && send_one(sender)) {
    }
}

static void send_at_rate(Sender *sender, const Options *options)
{
    const uint64_t overhead = cpu_clock_overhead_ns();
    const uint64_t limit = sender->started + (options->millis + DRAIN_LIMIT_MS) * 1000000U;
    uint64_t next = sender->started;
    const uint64_t warm = next + options->warmup_ms * 1000000U;
    uint64_t warm_packets = 0;
    bool measuring = false;

    while (sender->sent < sender->pump.packets && next < limit) {
        next += options->step_us * 1000U;
        sleep_until_ns(next);
        mono_time_update(sender->session.time);
        const uint64_t due = (next - sender->started) / 1000U * options->rate / 1000000U;

        if (!measuring && next >= warm) {
            measuring = true;
            warm_packets = sender->sent;
        }

        const uint64_t before = thread_cpu_ns();
        send_up_to(sender, due < sender->pump.packets ? due : sender->pump.packets);
        session_step(&sender->session);
        const uint64_t spent = thread_cpu_ns() - before;
        ++sender->steps;

        if (measuring) {
            sender->cpu_ns += spent > overhead ? spent - overhead : 0;
        }
    }

    sender->incomplete = sender->sent < sender->pump.packets;
    sender->cpu_packets = sender->sent - warm_packets;
}

static void send_flood(Sender *sender, const Options *options)
{
    const uint64_t limit = sender->started + options->stall_ms * 1000000U * 4;
    const uint64_t before = thread_cpu_ns();

    while (sender->sent < sender->pump.packets && now_ns() < limit) {
        mono_time_update(sender->session.time);
        send_up_to(sender, sender->pump.packets);
        session_step(&sender->session);
        ++sender->steps;
    }

    sender->cpu_ns = thread_cpu_ns() - before;
    sender->cpu_packets = sender->sent;
}

/* No system call of our own in here but the marks, which strace sees. */
static void await_pump(const Sender *sender)
{
    const Shared *shared = sender->pump.shared;

    while (atomic_load_explicit(&shared->drained, memory_order_acquire) < sender->sent
            && !atomic_load(&shared->failed)) {
    }
}

/* Marks the send_data calls only; the step and what it costs are left out. */
static void send_in_lockstep(Sender *sender, const Options *options)
{
    enum { WARM_UP = 20, MAX_ROUNDS = 100000 };

    for (int i = 0; i < MAX_ROUNDS && sender->sent < sender->pump.packets; ++i) {
        const bool counting = i >= WARM_UP;
        const uint64_t before = sender->sent;

        if (counting) {
            mark("bench-begin");
        } else {
            pause_ns(5000000U);
        }

        send_up_to(sender, before + options->lockstep);

        if (counting) {
            mark("bench-end");
            sender->counted += sender->sent - before;
        }

        session_step(&sender->session);
        ++sender->steps;
        await_pump(sender);
    }
}

/* Waits until the pump has all packets that were accepted. */
static void await_drain(Sender *sender)
{
    const Shared *shared = sender->pump.shared;
    const uint64_t limit = now_ns() + DRAIN_LIMIT_MS * 1000000ULL;

    while (atomic_load(&shared->drained) < sender->sent) {
        if (now_ns() > limit) {
            sender->incomplete = true;
            break;
        }

        session_step(&sender->session);
        pause_ns(200000U);
    }

    sender->wall_ns = atomic_load(&shared->drained_at_ns) - sender->started;
}

static double share(uint64_t part, uint64_t whole)
{
    return whole == 0 ? 0.0 : (double)part / (double)whole;
}

static void report(const Sender *sender)
{
    const Shared *shared = sender->pump.shared;
    const unsigned long long drained = atomic_load(&shared->drained);
    printf("packets=%llu drained=%llu incomplete=%d refused=%llu damaged=%llu threads=%d mtu=%d",
           (unsigned long long)sender->sent, drained, sender->incomplete,
           (unsigned long long)sender->refused, (unsigned long long)atomic_load(&shared->damaged),
           thread_count(), loopback_mtu());
    printf(" steps=%llu", (unsigned long long)sender->steps);

    if (sender->counted > 0) {
        printf(" counted=%llu", (unsigned long long)sender->counted);
    }

    if (sender->cpu_packets > 0) {
        printf(" cpu_us=%.4f", share(sender->cpu_ns, sender->cpu_packets) / 1e3);
    }

    if (!sender->incomplete && sender->wall_ns > 0) {
        printf(" per_second=%.0f", (double)drained * 1e9 / (double)sender->wall_ns);
    }

    printf(" pump_idle=%.3f\n", share(atomic_load(&shared->empty_polls), atomic_load(&shared->polls)));
}

void run_send(const Options *options)
{
    static Sender sender;
    sender.pump = (Pump) {
        .kind = PUMP_DRAIN,
        .size = options->size,
        .packets = options->rate != 0 ? options->rate * options->millis / 1000U : options->packets,
        .nap = options->rate != 0,
    };
    memset(sender.data, 0x5a, sizeof(sender.data));
    pump_start(&sender.pump);
    pin_to_cpu(0);
    session_open(&sender.session, &sender.pump, options->layer != 0);
    session_route(&sender.session, &sender.pump);
    sender.started = now_ns();
    atomic_store(&sender.pump.shared->go, true);

    if (options->lockstep != 0) {
        send_in_lockstep(&sender, options);
    } else if (options->rate != 0) {
        send_at_rate(&sender, options);
    } else {
        send_flood(&sender, options);
    }

    await_drain(&sender);
    pump_check(&sender.pump);
    report(&sender);
    session_close(&sender.session);
    pump_stop(&sender.pump);
}
