/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * do_tcp_connections when there is nothing to do: CPU time and, under strace, system calls of a call, with
 * so many relays connected and so many peers. Each peer has three of the relays; a relay has room for 240
 * of them, as the stock one, and refuses the others.
 *
 * And the same as a program does it that has nothing else to do: with one peer, a call every step_us.
 */
#include "relays.h"
#include "toxabi.h"
#include "versions.h"

#include <sodium.h>
#include <stdio.h>
#include <time.h>

enum { SETUP_LIMIT_MS = 20000, MARKED_CALLS = 1000, RELAYS_OF_A_PEER = 3, QUIET_CALLS = 50, WARM_CALLS = 100 };

typedef struct Rest {
    Relay relay;
    const Logger *log;
    Mono_Time *time;
    TCP_Connections *tc;
    uint64_t peers, requests;
} Rest;

static void step(const Rest *rest)
{
    mono_time_update(rest->time);
    do_tcp_connections(rest->log, rest->tc, NULL);
    pause_ns(1000000U);
}

static void add_peers(Rest *rest)
{
    for (uint64_t i = 0; i < rest->peers; ++i) {
        uint8_t key[KEY_SIZE];
        randombytes_buf(key, sizeof(key));
        const int connection = new_tcp_connection_to(rest->tc, key, (int)i);

        for (uint64_t k = 0; k < RELAYS_OF_A_PEER; ++k) {
            const size_t n = (i * RELAYS_OF_A_PEER + k) % rest->relay.count;
            IP_Port address;
            relay_address(&rest->relay, n, &address);

            if (add_tcp_relay_connection(rest->tc, connection, &address, rest->relay.keys[n].pk) != 0) {
                die("relay %zu of peer %llu was not taken", n, (unsigned long long)i);
            }

            ++rest->requests;
        }
    }
}

static void open_rest(Rest *rest, uint64_t relays, uint64_t peers)
{
    Keys own;
    rest->relay = (Relay) {.kind = RELAY_SCRIPTED, .count = relays, .pretend = true};
    rest->peers = peers;
    relay_start(&rest->relay);
    pin_to_cpu(0);
    crypto_box_keypair(own.pk, own.sk);
    rest->log = logger_new();
    rest->time = mono_time_new(NULL, NULL);
    rest->tc = open_connections(rest->log, rest->time, own.sk);
    add_peers(rest);
}

static void settle(const Rest *rest)
{
    const uint64_t limit = now_ns() + SETUP_LIMIT_MS * 1000000ULL;
    const Relay_Shared *relay = rest->relay.shared;

    while (tcp_connected_relays_count(rest->tc) < rest->relay.count || atomic_load(&relay->settled) < rest->relay.count
            || atomic_load(&relay->answered) < rest->requests) {
        step(rest);

        if (now_ns() > limit) {
            die("%u relays of %zu connected, %llu requests of %llu answered", tcp_connected_relays_count(rest->tc),
                rest->relay.count, (unsigned long long)atomic_load(&relay->answered),
                (unsigned long long)rest->requests);
        }
    }

    /* What is still on its way arrives. */
    for (int i = 0; i < QUIET_CALLS; ++i) {
        step(rest);
    }
}

/* Peers that can be reached through all their relays, those of the relays that refuse them left out. */
static uint64_t online_peers(const Rest *rest)
{
    uint64_t online = 0;

    for (uint64_t i = 0; i < rest->peers; ++i) {
        online += tcp_connection_to_online_tcp_relays(rest->tc, (int)i) == RELAYS_OF_A_PEER;
    }

    return online;
}

static double call_ns(const Rest *rest, uint64_t calls)
{
    const uint64_t before = thread_cpu_ns();

    for (uint64_t i = 0; i < calls; ++i) {
        do_tcp_connections(rest->log, rest->tc, NULL);
    }

    return (double)(thread_cpu_ns() - before) / (double)calls;
}

static uint64_t process_cpu_ns(void)
{
    struct timespec ts;

    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts) != 0) {
        die("no CPU clock");
    }

    return (uint64_t)ts.tv_sec * 1000000000U + (uint64_t)ts.tv_nsec;
}

void run_wake(const Options *options)
{
    static Rest rest;
    open_rest(&rest, RELAYS_OF_A_PEER, 1);
    settle(&rest);

    if (online_peers(&rest) != 1) {
        die("the peer is not online");
    }

    const uint64_t start = now_ns(), cpu = process_cpu_ns(), end = start + options->millis * 1000000U;
    uint64_t wakes = 0;

    while (now_ns() < end) {
        pause_ns(options->step_us * 1000U);
        mono_time_update(rest.time);
        do_tcp_connections(rest.log, rest.tc, NULL);
        ++wakes;
    }

    const double micros = (double)(process_cpu_ns() - cpu) / 1e3;
    const double seconds = (double)(now_ns() - start) / 1e9;
    printf("wakes=%llu seconds=%.1f wakes_per_second=%.4f cpu_us_per_second=%.2f\n", (unsigned long long)wakes, seconds,
           (double)wakes / seconds, micros / seconds);
    kill_tcp_connections(rest.tc);
    mono_time_free(rest.time);
    relay_stop(&rest.relay);
}

void run_rest(const Options *options)
{
    static Rest rest;

    if (options->connections < RELAYS_OF_A_PEER || options->connections > SHARE_LIMIT) {
        die("from %d to %d relays", RELAYS_OF_A_PEER, SHARE_LIMIT);
    }

    const uint64_t enough = (options->connections + RELAYS_OF_A_PEER - 1) / RELAYS_OF_A_PEER;
    open_rest(&rest, options->connections, options->peers > enough ? options->peers : enough);
    settle(&rest);
    const uint64_t online = online_peers(&rest);
    mark("bench-begin");

    for (int i = 0; i < MARKED_CALLS; ++i) {
        do_tcp_connections(rest.log, rest.tc, NULL);
    }

    mark("bench-end");
    call_ns(&rest, WARM_CALLS);
    const double nanos = call_ns(&rest, options->steps);

    if (tcp_connected_relays_count(rest.tc) != rest.relay.count || online_peers(&rest) != online || online == 0) {
        die("not all relays and peers stayed");
    }

    printf("relays=%zu peers=%llu online=%llu counted=%d idle_ns=%.2f threads=%d mtu=%d\n", rest.relay.count,
           (unsigned long long)rest.peers, (unsigned long long)online, MARKED_CALLS, nanos, thread_count(),
           loopback_mtu());
    kill_tcp_connections(rest.tc);
    mono_time_free(rest.time);
    relay_stop(&rest.relay);
}
