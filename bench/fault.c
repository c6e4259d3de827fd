/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Two clients, each in a process of its own, talk through three relays, 50 packets a second each way. After
 * a while the relay that carries the data turns bad:
 *   close   its process is killed            slow   it passes a byte at a time
 *   reset   it resets its connections        liar   it answers everything and forwards no data
 *   frozen  its process is stopped           flood  it sends pings without end and reads nothing
 *   chatter it sends data without end, and forgets what it reads
 * What is lost and how long nobody hears anything is counted over both directions, or over the one that
 * the bad relay carried.
 */
#include "relays.h"

#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { SETUP_LIMIT_MS = 15000, LEAD_MS = 200, GRACE_MS = 1500, STOP_LIMIT_MS = 10000 };

typedef struct Fault {
    const char *name;
    Relay_Kind kind;
    Relay_Order order;      /* ORDER_SERVE: what is done is not an order */
} Fault;

static const Fault faults[] = {
    {"close", RELAY_STOCK, ORDER_SERVE}, {"reset", RELAY_STOCK, ORDER_RESET}, {"frozen", RELAY_STOCK, ORDER_SERVE},
    {"slow", RELAY_PROXIED, ORDER_TRICKLE}, {"liar", RELAY_SCRIPTED, ORDER_LIE}, {"flood", RELAY_SCRIPTED, ORDER_FLOOD},
    {"chatter", RELAY_SCRIPTED, ORDER_CHATTER},
};

typedef struct Run {
    const Fault *fault;
    Relay relays[RELAYS];
    Run_Shared *shared;
    pid_t ends[ENDS];
    size_t bad;             /* the relay that turns bad */
    bool carried[ENDS];     /* whose packets it carried */
} Run;

/* What became of the packets that one end has sent. */
typedef struct Outcome {
    uint64_t due, arrived, silence_ns;
} Outcome;

static const Fault *find_fault(const char *name)
{
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); ++i) {
        if (strcmp(faults[i].name, name) == 0) {
            return &faults[i];
        }
    }

    die("unknown fault: %s", name);
}

static void start_ends(Run *run)
{
    Keys keys[ENDS];

    for (int i = 0; i < ENDS; ++i) {
        crypto_box_keypair(keys[i].pk, keys[i].sk);
    }

    run->shared = (Run_Shared *)share_memory(sizeof(*run->shared));

    for (int i = 0; i < ENDS; ++i) {
        run->ends[i] = fork_child();

        if (run->ends[i] == 0) {
            end_run(run->shared, i, keys, run->relays);
            _exit(0);
        }
    }
}

static void await_online(const Run *run)
{
    const uint64_t limit = now_ns() + SETUP_LIMIT_MS * 1000000ULL;

    while (!atomic_load(&run->shared->ends[0].online) || !atomic_load(&run->shared->ends[1].online)) {
        if (now_ns() > limit) {
            die("the two ends did not get online on all relays");
        }

        pause_ns(5000000U);
    }
}

/* Turns the carrying relay bad: that of the first end, should they differ. */
static void turn_bad(Run *run)
{
    run->bad = atomic_load(&run->shared->ends[0].carrier);

    for (int i = 0; i < ENDS; ++i) {
        run->carried[i] = atomic_load(&run->shared->ends[i].carrier) == run->bad;
    }

    Relay *relay = &run->relays[run->bad];

    if (run->fault->order != ORDER_SERVE) {
        relay_order(relay, run->fault->order);
    } else if (strcmp(run->fault->name, "close") == 0) {
        relay_kill(relay);
    } else {
        relay_freeze(relay);
    }

    atomic_store(&run->shared->fault_ns, now_ns());
}

static void stop_ends(Run *run)
{
    const uint64_t limit = now_ns() + STOP_LIMIT_MS * 1000000ULL;
    atomic_store(&run->shared->stop, true);

    for (int i = 0; i < ENDS; ++i) {
        while (!atomic_load(&run->shared->ends[i].finished)) {
            if (now_ns() > limit) {
                die("an end hangs");
            }

            pause_ns(5000000U);
        }

        wait_child(run->ends[i]);
    }
}

/* The longest time in which no new packet arrived, from the start until nothing more is sent. */
static uint64_t longest_silence(const End_Shared *receiver, uint64_t start, uint64_t stop, uint64_t due)
{
    /* Arrivals are not in the order of their numbers when relays change: sort them by time. */
    static uint64_t times[PACKET_LIMIT + 2];
    size_t count = 0;
    uint64_t longest = 0;
    times[count++] = start;

    for (uint64_t i = 0; i < due; ++i) {
        const uint64_t at = atomic_load(&receiver->arrived_ns[i]);

        if (at != 0 && at < stop) {
            size_t place = count++;

            for (; place > 0 && times[place - 1] > at; --place) {
                times[place] = times[place - 1];
            }

            times[place] = at;
        }
    }

    times[count++] = stop;

    for (size_t i = 1; i < count; ++i) {
        const uint64_t gap = times[i] - times[i - 1];
        longest = gap > longest ? gap : longest;
    }

    return longest;
}

static Outcome outcome_of(const Run *run, int sender)
{
    const End_Shared *receiver = &run->shared->ends[1 - sender];
    const uint64_t start = atomic_load(&run->shared->start_ns);
    const uint64_t stop = atomic_load(&run->shared->end_ns);
    Outcome outcome = {.due = (stop - start) / (1000000000U / PACKETS_PER_SECOND)};

    for (uint64_t i = 0; i < outcome.due; ++i) {
        outcome.arrived += atomic_load(&receiver->arrived_ns[i]) != 0;
    }

    outcome.silence_ns = longest_silence(receiver, start, stop, outcome.due);
    return outcome;
}

/* When the later of the two ends saw one relay less, or that it never did. */
static void report_notice(const Run *run, uint64_t length_ns)
{
    uint64_t latest_ns = 0;
    uint64_t latest_calls = 0;
    bool unnoticed = false;

    for (int i = 0; i < ENDS; ++i) {
        const End_Shared *end = &run->shared->ends[i];
        const uint64_t at = atomic_load(&end->noticed_ns);
        const uint64_t calls = atomic_load(&end->noticed_calls);
        unnoticed |= at == 0;
        latest_ns = at > latest_ns ? at : latest_ns;
        latest_calls = calls > latest_calls ? calls : latest_calls;
    }

    if (unnoticed) {
        printf(" noticed_ms=%.1f noticed_ms_least=1 noticed_calls=%llu noticed_calls_least=1",
               (double)length_ns / 1e6, (unsigned long long)(length_ns / STEP_NS));
    } else {
        printf(" noticed_ms=%.1f noticed_calls=%llu", (double)latest_ns / 1e6, (unsigned long long)latest_calls);
    }
}

static void report(const Run *run)
{
    const Run_Shared *shared = run->shared;
    Outcome total = {0};
    uint64_t memory = 0;
    uint64_t refused = 0;

    for (int i = 0; i < ENDS; ++i) {
        const uint64_t growth = atomic_load(&shared->ends[i].rss_growth);
        memory = growth > memory ? growth : memory;
        refused += atomic_load(&shared->ends[i].refused);

        if (run->carried[i]) {
            const Outcome one = outcome_of(run, i);
            total.due += one.due;
            total.arrived += one.arrived;
            total.silence_ns = one.silence_ns > total.silence_ns ? one.silence_ns : total.silence_ns;
        }
    }

    printf("due=%llu arrived=%llu refused=%llu directions=%d carrier=%zu silence_ms=%.1f lost_percent=%.3f"
           " arrived_percent=%.3f memory_mb=%.3f threads=%d mtu=%d",
           (unsigned long long)total.due, (unsigned long long)total.arrived, (unsigned long long)refused,
           run->carried[0] + run->carried[1], run->bad, (double)total.silence_ns / 1e6,
           100.0 * (double)(total.due - total.arrived) / (double)total.due,
           100.0 * (double)total.arrived / (double)total.due, (double)memory / 1e6, thread_count(), loopback_mtu());
    report_notice(run, atomic_load(&shared->end_ns) - atomic_load(&shared->fault_ns));
    printf("\n");
}

void run_fault(const Options *options)
{
    static Run run;
    run.fault = find_fault(options->scenario);

    for (int i = 0; i < RELAYS; ++i) {
        run.relays[i] = (Relay) {.kind = run.fault->kind, .byte_us = options->byte_us};
        relay_start(&run.relays[i]);
    }

    start_ends(&run);
    await_online(&run);
    const uint64_t start = now_ns() + LEAD_MS * 1000000ULL;
    const uint64_t stop = start + options->millis * 1000000ULL;
    atomic_store(&run.shared->end_ns, stop);
    atomic_store(&run.shared->start_ns, start);

    if ((options->millis / 1000U + 1U) * PACKETS_PER_SECOND > PACKET_LIMIT || options->warmup_ms >= options->millis) {
        die("the run is too long, or ends before its fault");
    }

    sleep_until_ns(start + options->warmup_ms * 1000000ULL);
    turn_bad(&run);
    sleep_until_ns(stop);

    /* A client that is held up by a flood comes back only when it ends. */
    if (run.fault->order == ORDER_FLOOD || run.fault->order == ORDER_CHATTER) {
        atomic_store(&run.relays[run.bad].shared->order, ORDER_STOP);
    }

    pause_ns(GRACE_MS * 1000000ULL);
    stop_ends(&run);
    report(&run);

    for (int i = 0; i < RELAYS; ++i) {
        relay_stop(&run.relays[i]);
    }
}
