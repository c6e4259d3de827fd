/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random conversations: calls, packets, cuts, full sockets and time in any order, kept within
 * what both programs are to answer in the same way. The relay's table follows the client's. */
#include "diff.h"

#include <stdlib.h>
#include <string.h>

#define IDS 12
#define OPERATIONS 400

enum { UNUSED, ASKED, REGISTERED, ONLINE };

static uint64_t seed;
static int table[IDS];
static Bytes pending; /* sealed by the relay, not yet delivered */

static size_t below(size_t bound)
{
    return (size_t)(split_mix(&seed) % bound);
}

static void queue(const uint8_t *plain, size_t n)
{
    relay_put(&pending, plain, n);
}

static void deliver(size_t n)
{
    uint8_t piece[4096];

    while (n > 0 && bytes_left(&pending) > 0) {
        const size_t some = bytes_take(&pending, piece, n < sizeof(piece) ? n : sizeof(piece));
        far_write(piece, some);
        n -= some;
    }
}

/* Everything out, everything in: used before changes that what is in flight must not meet. */
static void settle(void)
{
    net_faults.send_room = -1;
    deliver(bytes_left(&pending));
    steps(2);
}

/* Brings one id a step further on its way. */
static void relay_moves(size_t id)
{
    uint8_t packet[34] = {0};
    packet[1] = (uint8_t)(16 + id);

    if (table[id] == ASKED) {
        packet[0] = 1;
        memset(packet + 2, (int)(100 + id), 32);
        queue(packet, 34);
        table[id] = REGISTERED;
    } else if (table[id] == REGISTERED) {
        packet[0] = 2;
        queue(packet, 2);
        table[id] = ONLINE;
    } else if (table[id] == ONLINE && below(4) == 0) {
        packet[0] = 3;
        queue(packet, 2);
        table[id] = REGISTERED;
    }
}

/* The client asks for an unused id, or gives a used one up. */
static void client_moves(size_t id)
{
    if (table[id] == UNUSED) {
        do_routing_request(peer_key((uint8_t)(100 + id)));
        table[id] = ASKED;
    } else if (table[id] >= REGISTERED && below(4) == 0) {
        settle();
        do_disconnect_request((uint8_t)id);
        table[id] = UNUSED;
    } else if (table[id] >= REGISTERED) {
        settle();
        do_set_number((uint8_t)id, (uint32_t)below(1000));
    }
}

static void relay_packet_to(size_t id)
{
    uint8_t packet[1500];
    static const uint8_t kinds[] = {7, 9, 11, 4};
    const uint8_t kind = kinds[below(sizeof(kinds))];
    memcpy(packet, payload((uint8_t)below(200)), sizeof(packet));

    if (table[id] == ONLINE && below(2) == 0) {
        packet[0] = (uint8_t)(16 + id);
        queue(packet, 2 + below(1400));
    } else {
        packet[0] = kind;
        packet[1] = 1;
        queue(packet, kind == 4 ? 9 : 40 + below(1000));
    }
}

static void client_sends(size_t id)
{
    switch (below(4)) {
        case 0:
            do_send_data((uint8_t)id, 1 + below(1400), (uint8_t)below(200));
            break;

        case 1:
            do_send_oob(peer_key((uint8_t)id), below(1030), (uint8_t)below(200));
            break;

        case 2:
            do_send_onion(1 + below(2040), (uint8_t)below(200));
            break;

        default:
            do_send_forward(below(2) == 0 ? 2 : 10, below(1800), (uint8_t)below(200));
            break;
    }
}

static void pass_time(void)
{
    const unsigned pings = relay.pings;
    settle();
    clock_add((unsigned)below(12));
    step();

    if (relay.pings > pings) {
        uint8_t pong[9] = {5};
        memcpy(pong + 1, relay.last_ping, 8);
        queue(pong, sizeof(pong));
        settle();
    }
}

static void operation(void)
{
    const size_t id = below(IDS);

    switch (below(12)) {
        case 0:
        case 1:
            relay_moves(id);
            break;

        case 2:
        case 3:
            client_moves(id);
            break;

        case 4:
        case 5:
            relay_packet_to(id);
            break;

        case 6:
        case 7:
            client_sends(id);
            break;

        case 8:
            net_faults.send_room = below(3) == 0 ? (long)below(3000) : -1;
            break;

        case 9:
            if (below(4) == 0) {
                pass_time();
            }

            break;

        default:
            deliver(below(2) == 0 ? 1 + below(60) : bytes_left(&pending));
            step();
            break;
    }
}

static void conversation(uint64_t first_seed)
{
    seed = first_seed;
    memset(table, 0, sizeof(table));
    bytes_free(&pending);
    world_again();
    confirmed();

    for (int i = 0; i < OPERATIONS; ++i) {
        operation();

        if (status() != 6 || relay.broken) {
            fail("operation %d: status %d", i, status());
            break;
        }
    }

    settle();
    t_line("frames %lu callbacks %u", relay.frames, world.all_calls);
    bytes_free(&pending);
}

static void random_one(void)
{
    conversation(1);
}

static void random_two(void)
{
    conversation(2);
}

static void random_many(void)
{
    const unsigned rounds = getenv("DIFF_SLOWER") != NULL ? 5 : 60;

    for (unsigned i = 0; i < rounds; ++i) {
        quiet_begin();
        conversation(1000 + i);
        const unsigned calls = world.all_calls;
        const unsigned long frames = relay.frames;
        world_again();
        const char *digest = quiet_end();
        t_line("seed %u: frames %lu callbacks %u trace %s", 1000 + i, frames, calls, digest);
    }
}

/* Bytes that are no frames at all, after a good beginning: the end is DISCONNECTED, or waiting
 * for the rest of a frame; the same in both. Zero prefixes are kept out (TC-33). */
static void random_garbage(void)
{
    const unsigned rounds = getenv("DIFF_SLOWER") != NULL ? 20 : 300;
    uint64_t state = 99;

    for (unsigned i = 0; i < rounds; ++i) {
        uint8_t noise[700];

        for (size_t k = 0; k < sizeof(noise); ++k) {
            noise[k] = (uint8_t)split_mix(&state);
        }

        noise[0] = (uint8_t)(noise[0] % 9);
        noise[1] |= 0x20;
        const size_t cut = (size_t)(split_mix(&state) % sizeof(noise));
        quiet_begin();
        world_again();
        confirmed();
        far_write(noise, cut);
        step();
        const int first = status();
        far_write(noise + cut, sizeof(noise) - cut);
        step();
        const int second = status();
        const unsigned calls = world.all_calls;
        world_again();
        quiet_end();
        t_line("noise %u: prefix %02x%02x cut %zu status %d %d callbacks %u", i, noise[0], noise[1], cut, first, second,
               calls);
        expect("callbacks", calls, 0);
    }
}

const Scenario random_scenarios[] = {
    {"random-seed-1", BOTH, random_one, 60},
    {"random-seed-2", BOTH, random_two, 60},
    {"random-many", SIM, random_many, 120},
    {"random-garbage", SIM, random_garbage, 60},
    {NULL, 0, NULL, 0},
};
