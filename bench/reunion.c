/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How long two friends need to find each other over TCP relays: when they are new to each other, when one
 * of them starts again (with its saved data and a new DHT key), and when a relay dies:
 *   restart          all relays live
 *   restart-closed   the process of the carrying relay is killed shortly before
 *   restart-frozen   it is stopped
 *   relay-closed     it is killed, and nobody starts again
 *   relay-frozen     it is stopped, and nobody starts again
 * The end is when both have heard the other through packets, whatever their library says.
 */
#include "persons.h"

#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MEET_LIMIT_MS = 90000, FAULT_LEAD_MS = 200, AWAY_MS = 1000, LEAVE_LIMIT_MS = 5000, POLL_NS = 2000000 };
enum { STAYS, RETURNS };

typedef struct Reunion {
    Town *town;
    pid_t pids[PERSONS];
    unsigned carriers[PERSONS];
} Reunion;

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static void start_person(Reunion *reunion, int number, unsigned life)
{
    reunion->pids[number] = fork_child();

    if (reunion->pids[number] == 0) {
        person_live(reunion->town, number, life);
        _exit(0);
    }
}

static void check_persons(const Reunion *reunion)
{
    for (int i = 0; i < PERSONS; ++i) {
        if (waitpid(reunion->pids[i], NULL, WNOHANG) != 0) {
            die("a friend has ended by itself");
        }
    }
}

/* When both of these were set, counted from `start`; 0 if that does not come in time. */
static uint64_t await_both(const Reunion *reunion, const atomic_ullong *a, const atomic_ullong *b, uint64_t start,
                           uint64_t limit_ms)
{
    while (atomic_load(a) == 0 || atomic_load(b) == 0) {
        if (now_ns() > start + limit_ms * 1000000ULL) {
            return 0;
        }

        check_persons(reunion);
        pause_ns(POLL_NS);
    }

    return later(atomic_load(a), atomic_load(b)) - start;
}

static void print_time(const char *name, uint64_t nanos, uint64_t limit_ms)
{
    if (nanos == 0) {
        printf(" %s_ms=%llu %s_ms_least=1", name, (unsigned long long)limit_ms, name);
    } else {
        printf(" %s_ms=%.1f", name, (double)nanos / 1e6);
    }
}

static Reunion open_town(void)
{
    Reunion reunion = {.town = (Town *)share_memory(sizeof(Town))};
    Town *town = reunion.town;
    town->others = (Relay) {.kind = RELAY_NODE, .count = OTHER_NODES};
    relay_start(&town->others);

    for (int i = 0; i < RELAYS; ++i) {
        town->relays[i] = (Relay) {.kind = RELAY_NODE, .known = &town->others};
        relay_start(&town->relays[i]);
    }

    for (int i = 0; i < PERSONS; ++i) {
        crypto_box_keypair(town->keys[i].pk, town->keys[i].sk);
    }

    return reunion;
}

static void meet(Reunion *reunion)
{
    Person_Shared *persons = reunion->town->persons;
    const uint64_t start = now_ns();

    for (int i = 0; i < PERSONS; ++i) {
        start_person(reunion, i, 1);
    }

    const uint64_t met = await_both(reunion, &persons[STAYS].heard_ns[1], &persons[RETURNS].heard_ns[1], start,
                                    MEET_LIMIT_MS);

    if (met == 0) {
        die("the friends did not meet");
    }

    print_time("meet", met, MEET_LIMIT_MS);
}

/* The relay that carries what the one who stays sends. */
static void lose_relay(Reunion *reunion, bool freeze)
{
    Town *town = reunion->town;

    for (int i = 0; i < PERSONS; ++i) {
        reunion->carriers[i] = atomic_load(&town->persons[i].carrier);
    }

    Relay *relay = &town->relays[reunion->carriers[STAYS]];

    if (freeze) {
        relay_freeze(relay);
    } else {
        relay_kill(relay);
    }

    atomic_store(&town->fault_ns, now_ns());
    printf(" carriers=%u,%u", reunion->carriers[STAYS], reunion->carriers[RETURNS]);
}

static void leave(Reunion *reunion)
{
    Person_Shared *mine = &reunion->town->persons[RETURNS];
    const uint64_t limit = now_ns() + LEAVE_LIMIT_MS * 1000000ULL;
    atomic_store(&mine->leave, true);

    while (waitpid(reunion->pids[RETURNS], NULL, WNOHANG) == 0) {
        if (now_ns() > limit) {
            die("a friend does not leave");
        }

        pause_ns(POLL_NS);
    }

    atomic_store(&mine->leave, false);
}

static void restart(Reunion *reunion, uint64_t limit_ms)
{
    Person_Shared *persons = reunion->town->persons;
    leave(reunion);
    pause_ns(AWAY_MS * 1000000ULL);
    const uint64_t start = now_ns();
    start_person(reunion, RETURNS, 2);
    const uint64_t back = await_both(reunion, &persons[STAYS].heard_ns[2], &persons[RETURNS].heard_ns[1], start,
                                     limit_ms);
    print_time("back", back, limit_ms);
    const uint64_t connected = atomic_load(&persons[RETURNS].connected_ns);
    print_time("own", connected == 0 ? 0 : connected - start, limit_ms);
}

static void carry_on(const Reunion *reunion, uint64_t limit_ms)
{
    const Town *town = reunion->town;
    const uint64_t passed = await_both(reunion, &town->persons[0].passed_ns, &town->persons[1].passed_ns,
                                       atomic_load(&town->fault_ns), limit_ms);
    print_time("passed", passed, limit_ms);
}

void run_reunion(const Options *options)
{
    const bool restarts = strncmp(options->scenario, "restart", 7) == 0;
    const bool freezes = strstr(options->scenario, "-frozen") != NULL;
    Reunion reunion = open_town();
    meet(&reunion);
    /* Packets flow, and TCP_connections measures its relays. */
    pause_ns(options->warmup_ms * 1000000ULL);
    check_persons(&reunion);

    if (strchr(options->scenario, '-') != NULL) {
        lose_relay(&reunion, freezes);
        pause_ns(restarts ? FAULT_LEAD_MS * 1000000ULL : 0);
    }

    if (restarts) {
        restart(&reunion, options->millis);
    } else {
        carry_on(&reunion, options->millis);
    }

    printf(" threads=%d mtu=%d\n", thread_count(), loopback_mtu());

    for (int i = 0; i < PERSONS; ++i) {
        kill(reunion.pids[i], SIGKILL);
        wait_child(reunion.pids[i]);
    }

    for (int i = 0; i < RELAYS; ++i) {
        relay_stop(&reunion.town->relays[i]);
    }

    relay_stop(&reunion.town->others);
}
