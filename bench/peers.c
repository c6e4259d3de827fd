/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * CPU time for one peer more, and for its removal, when there are many: 64 are added to those there, then
 * removed in the same order, again and again.
 */
#include "relays.h"
#include "toxabi.h"
#include "versions.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

enum { BATCH = 64 };

static void add_peers(TCP_Connections *tc, const uint8_t (*keys)[KEY_SIZE], uint64_t first, uint64_t count,
                      int *numbers)
{
    for (uint64_t i = 0; i < count; ++i) {
        numbers[i] = new_tcp_connection_to(tc, keys[first + i], (int)(first + i));
    }
}

static void check_numbers(const int *numbers, uint64_t first, uint64_t count)
{
    for (uint64_t i = 0; i < count; ++i) {
        if (numbers[i] < 0 || (uint64_t)numbers[i] != first + i) {
            die("peer %llu was not added as such", (unsigned long long)(first + i));
        }
    }
}

void run_peers(const Options *options)
{
    const uint64_t peers = options->connections;
    const uint64_t rounds = options->steps;
    uint8_t (*keys)[KEY_SIZE] = calloc(peers + BATCH, KEY_SIZE);
    int *numbers = calloc(peers + BATCH, sizeof(*numbers));
    Mono_Time *time = mono_time_new(NULL, NULL);
    Keys own;
    uint64_t add_ns = 0;
    uint64_t kill_ns = 0;

    if (keys == NULL || numbers == NULL) {
        die("out of memory");
    }

    pin_to_cpu(0);
    crypto_box_keypair(own.pk, own.sk);
    randombytes_buf(keys, (peers + BATCH) * KEY_SIZE);
    TCP_Connections *tc = open_connections(logger_new(), time, own.sk);
    add_peers(tc, keys, 0, peers, numbers);
    check_numbers(numbers, 0, peers);

    for (uint64_t round = 0; round < rounds; ++round) {
        const uint64_t before = thread_cpu_ns();
        add_peers(tc, keys, peers, BATCH, numbers);
        const uint64_t added = thread_cpu_ns();

        for (int i = 0; i < BATCH; ++i) {
            if (kill_tcp_connection_to(tc, numbers[i]) != 0) {
                die("a peer was not removed");
            }
        }

        kill_ns += thread_cpu_ns() - added;
        add_ns += added - before;
        check_numbers(numbers, peers, BATCH);
    }

    printf("peers=%llu add_us=%.4f kill_us=%.4f threads=%d mtu=%d\n", (unsigned long long)peers,
           (double)add_ns / (double)(rounds * BATCH) / 1e3, (double)kill_ns / (double)(rounds * BATCH) / 1e3,
           thread_count(), loopback_mtu());
    kill_tcp_connections(tc);
    mono_time_free(time);
    free(keys);
    free(numbers);
}
