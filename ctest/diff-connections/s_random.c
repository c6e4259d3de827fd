/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random conversations on four relays with four peers, kept within what both programs are to answer
 * in the same way: relays that stay up, no peer killed before its ids are known, no peer woken
 * while it is online, and one more peer that is online on every relay, so that none is surplus.
 * There is a pause whenever a peer comes online: ours changes the carrier only then. */
#include "suite.h"

#include <stdlib.h>
#include <string.h>

#define ON 4         /* relays */
#define PEERS 4      /* besides the one that is always online */
#define ANCHOR PEERS /* that one */
#define OPERATIONS 800

static uint64_t seed;
static int conn_of[PEERS + 1]; /* connection numbers, -1: not there */
static bool tied[PEERS][ON], is_online[PEERS][ON], asleep[PEERS];

static size_t below(size_t bound)
{
    return (size_t)(split_mix(&seed) % bound);
}

/* Everything sent has arrived and been answered. */
static void settle(void)
{
    for (int r = 0; r < ON; ++r) {
        relays[r].room = -1;
    }

    passes(3);
}

static bool online_anywhere(int p)
{
    for (int r = 0; r < ON; ++r) {
        if (is_online[p][r]) {
            return true;
        }
    }

    return false;
}

static void begin(void)
{
    conn_of[ANCHOR] = api_peer(ANCHOR);

    for (int r = 0; r < ON; ++r) {
        honest(r);
        api_add(0, r);
    }

    up_all(0, ON - 1);
    passes(2);

    for (int r = 0; r < ON; ++r) {
        honest_notify(r, ANCHOR, true);
    }

    for (int p = 0; p < PEERS; ++p) {
        conn_of[p] = -1;
        asleep[p] = false;
        memset(tied[p], 0, sizeof(tied[p]));
        memset(is_online[p], 0, sizeof(is_online[p]));
    }

    settle();
}

/* Peers stay for a while, and are online soon. */
static void peer_comes_or_goes(int p)
{
    if (conn_of[p] < 0) {
        conn_of[p] = api_peer(p);
        asleep[p] = false;
        return;
    }

    if (below(6) != 0) {
        return;
    }

    settle();
    api_kill(conn_of[p]);
    settle();
    conn_of[p] = -1;
    memset(tied[p], 0, sizeof(tied[p]));
    memset(is_online[p], 0, sizeof(is_online[p]));
}

static void tie(int p, int r)
{
    const int result = below(2) == 0 ? api_add(conn_of[p], r) : api_number(conn_of[p], (unsigned)r);

    if (conn_of[p] >= 0 && result == (tied[p][r] ? 0 : -1)) {
        fail("peer %d relay %d: tied %d, result %d", p, r, tied[p][r], result);
    }

    tied[p][r] |= conn_of[p] >= 0;
}

/* Answers to pings come within the same millisecond, so no relay is faster than another; and every
 * peer is heard, so none is taken for out of reach. */
static void pass_time(unsigned ms)
{
    for (int p = 0; p < PEERS; ++p) {
        for (int r = 0; r < ON; ++r) {
            if (conn_of[p] >= 0 && is_online[p][r]) {
                relay_data(r, (uint8_t)honest_id(r, p), 1, (uint8_t)r);
            }
        }
    }

    settle();
    clock_ms_add(ms);
    t_line("clock +%u ms", ms);
    settle();
}

/* Ours changes the carrier to a lower slot only where 500 ms have passed without packets. */
static void pause_for_the_carrier(void)
{
    long room[ON];

    for (int r = 0; r < ON; ++r) {
        room[r] = relays[r].room;
    }

    pass_time(500);

    for (int r = 0; r < ON; ++r) {
        relays[r].room = room[r];
    }
}

static void peer_moves(int p, int r)
{
    if (conn_of[p] >= 0 && tied[p][r] && honest_id(r, p) >= 0) {
        /* a second notification of the same kind now and then */
        is_online[p][r] = below(4) == 0 ? is_online[p][r] : !is_online[p][r];
        honest_notify(r, p, is_online[p][r]);

        if (is_online[p][r]) {
            pause_for_the_carrier();
        }
    }
}

static void flip(int p)
{
    if (conn_of[p] >= 0 && (!asleep[p] || !online_anywhere(p))) {
        settle();
        asleep[p] = !asleep[p];
        api_status(conn_of[p], !asleep[p]);
    } else if (conn_of[p] >= 0) {
        api_status(conn_of[p], false);
    }
}

static void relay_sends(int p, int r)
{
    switch (below(5)) {
        case 0:
            if (conn_of[p] >= 0 && is_online[p][r]) {
                relay_data(r, (uint8_t)honest_id(r, p), 1 + below(1400), (uint8_t)below(200));
            }

            break;

        case 1:
            relay_oob(r, p, 1 + below(1000), (uint8_t)below(200));
            break;

        case 2:
            relay_oob(r, 20 + (int)below(5), 1 + below(1000), (uint8_t)below(200));
            break;

        case 3:
            relay_plain(r, 9, 1 + below(1500), (uint8_t)below(200));
            break;

        default:
            relay_plain(r, 11, 1 + below(1500), (uint8_t)below(200));
            break;
    }
}

static void client_sends(int p, int r)
{
    switch (below(5)) {
        case 0:
        case 1:
            api_send(conn_of[p], 1 + below(2100), (uint8_t)below(200));
            break;

        case 2:
            api_oob((unsigned)r, p, below(1100), (uint8_t)below(200));
            break;

        case 3:
            api_oob_key(r, p, below(1100), (uint8_t)below(200));
            break;

        default:
            api_onion((uint32_t)r, 1 + below(2100), (uint8_t)below(200));
            break;
    }
}

static void look_around(int p)
{
    Node_format nodes[3];
    const uint32_t index = (uint32_t)below(10);
    const uint16_t max = (uint16_t)below(4);
    const uint32_t n = tcp_copy_connected_relays_index(world.tc, nodes, max, index);
    t_line("copied %u online %d count %u", n, api_online(conn_of[p]), count());

    for (uint32_t i = 0; i < n; ++i) {
        t_bytes("key", nodes[i].public_key, 4);
    }
}

static void operation(void)
{
    const int p = (int)below(PEERS);
    const int r = (int)below(ON);

    switch (below(14)) {
        case 0:
            peer_comes_or_goes(p);
            break;

        case 1:
        case 2:
            tie(p, r);
            break;

        case 3:
        case 4:
            peer_moves(p, r);
            break;

        case 5:
            flip(p);
            break;

        case 6:
        case 7:
            relay_sends(p, r);
            break;

        case 8:
        case 9:
            client_sends(p, r);
            break;

        case 10:
            relays[r].room = below(2) == 0 ? (long)below(3000) : -1;
            break;

        case 11:
            look_around(p);
            break;

        case 12:
            if (below(4) == 0) {
                pass_time(1000 * (unsigned)below(25));
            } else if (below(4) == 0) {
                settle();
                api_onion_status(below(2) == 0);
            }

            break;

        default:
            pass();
            break;
    }
}

static void conversation(uint64_t first_seed)
{
    seed = first_seed;
    world_again();
    begin();

    for (int i = 0; i < OPERATIONS; ++i) {
        operation();
    }

    settle();

    for (int p = 0; p < PEERS; ++p) {
        int want = 0;

        for (int r = 0; r < ON; ++r) {
            want += is_online[p][r] ? 1 : 0;
        }

        expect("online", api_online(conn_of[p]), want);
    }

    expect("connected", connected(), ON);
    expect("count", count(), ON);
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
    const unsigned rounds = getenv("DIFF_SLOWER") != NULL ? 4 : 40;

    for (unsigned i = 0; i < rounds; ++i) {
        quiet_begin();
        conversation(1000 + i);
        unsigned long frames = 0;

        for (int r = 0; r < ON; ++r) {
            frames += relays[r].frames;
        }

        const unsigned calls = world.all_calls;
        const char *digest = quiet_end();
        trace_step = 0;
        t_line("seed %u: frames %lu callbacks %u trace %s", 1000 + i, frames, calls, digest);
    }

    QUIETLY(world_close());
}

const Scenario random_scenarios[] = {
    {"random-seed-1", SIM, random_one, 60},
    {"random-seed-2", SIM, random_two, 60},
    {"random-many", SIM, random_many, 120},
    {NULL, 0, NULL, 0},
};
