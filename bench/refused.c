/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One client whose peer has one relay only, and that one's port refuses every connection. */
#include "relays.h"
#include "toxabi.h"
#include "versions.h"

#include <sodium.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct Refused {
    int placeholder;        /* bound and not listening: nobody else gets the port, and it refuses */
    Connect_Count connects;
    const Logger *log;
    Mono_Time *time;
    TCP_Connections *tc;
    uint64_t created_ns;
    uint64_t learned_ns, learned_calls;     /* 0 = never */
} Refused;

static void open_client(Refused *refused)
{
    Keys own, peer, relay;
    IP_Port address;
    refused->placeholder = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const uint16_t port = bind_low_port(refused->placeholder);
    crypto_box_keypair(own.pk, own.sk);
    crypto_box_keypair(peer.pk, peer.sk);
    crypto_box_keypair(relay.pk, relay.sk);
    refused->log = logger_new();
    refused->time = mono_time_new(NULL, NULL);
    refused->tc = open_connections(refused->log, refused->time, own.sk);
    connects_watch(port, &refused->connects);
    loopback_address(port, &address);
    const int connection = new_tcp_connection_to(refused->tc, peer.pk, 0);

    if (connection != 0 || add_tcp_relay_connection(refused->tc, connection, &address, relay.pk) != 0) {
        die("the relay was not taken");
    }

    refused->created_ns = now_ns();
}

static void report(const Refused *refused, uint64_t length_ns)
{
    const Connect_Count *connects = &refused->connects;
    const bool learned = refused->learned_ns != 0;
    const bool once = connects->shortest_gap_ns == UINT64_MAX;
    const uint64_t gap_ns = once ? length_ns : connects->shortest_gap_ns;
    printf("attempts=%llu gap_s=%.3f%s learned_ms=%.1f learned_calls=%llu%s threads=%d mtu=%d\n",
           (unsigned long long)connects->calls, (double)gap_ns / 1e9, once ? " gap_s_least=1" : "",
           (double)(learned ? refused->learned_ns : length_ns) / 1e6,
           (unsigned long long)(learned ? refused->learned_calls : length_ns / STEP_NS),
           learned ? "" : " learned_ms_least=1 learned_calls_least=1", thread_count(), loopback_mtu());
}

void run_refused(const Options *options)
{
    static Refused refused;
    open_client(&refused);
    const uint64_t stop = refused.created_ns + options->millis * 1000000ULL;
    uint64_t next = refused.created_ns;

    for (uint64_t calls = 1; next < stop; ++calls) {
        next += STEP_NS;
        sleep_until_ns(next);
        mono_time_update(refused.time);
        do_tcp_connections(refused.log, refused.tc, NULL);

        if (refused.learned_ns == 0 && relay_known_lost(refused.tc)) {
            refused.learned_ns = now_ns() - refused.created_ns;
            refused.learned_calls = calls;
        }
    }

    report(&refused, now_ns() - refused.created_ns);
    kill_tcp_connections(refused.tc);
    close(refused.placeholder);
}
