/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random faults: relays that close, reset, freeze, refuse, break the protocol, forget peers or
 * flood; peers that sleep, wake, come and go. Only ours is checked, against what must always hold;
 * the last relay stays well, and every peer is online there, so packets must keep getting through. */
#include "suite.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#if DIFF_OURS

#define ON 5
#define PEERS 3
#define LONGEST_SILENCE 3000 /* milliseconds; what is seen is well below, and the original has tens of seconds */

static uint64_t seed;
static int conn_of[PEERS];
static bool asleep[PEERS];
static uint64_t frozen_until[ON];
static unsigned long frames_before[ON];
static uint64_t arrived_ms[PEERS], worst_ms;
static unsigned long sent, arrived;
static bool faults;
static unsigned step_ms;

static size_t below(size_t bound)
{
    return (size_t)(split_mix(&seed) % bound);
}

static bool frozen(int r)
{
    return frozen_until[r] > world.clock_ms;
}

/* What a relay that works does by itself in each step. */
static void relay_lives(int r)
{
    Relay *const relay = &relays[r];

    if (relay->link < 0 || relay->stage != STAGE_FRAMES || frozen(r) || relay->broken) {
        return;
    }

    if (relay->greeted != relay->handshakes) {
        relay->greeted = relay->handshakes;
        relay_answer(r);
    }

    for (int p = 0; p < PEERS; ++p) {
        /* all peers are online everywhere; told again, which changes nothing */
        if (honest_id(r, p) >= 0 && below(10) == 0) {
            honest_notify(r, p, true);
        }
    }
}

static void fault(int r)
{
    Relay *const relay = &relays[r];

    switch (below(9)) {
        case 0:
            relay_close(r);
            break;

        case 1:
            relay_reset(r);
            break;

        case 2:
        case 3:
            frozen_until[r] = world.clock_ms + 500 + below(30000);
            break;

        case 4:
            relay_refuse(r, !relay->refuses);
            relay_close(r);
            break;

        case 5:
            relay_break(r);
            break;

        case 6:
            for (int p = 0; p < PEERS && relay->link >= 0 && relay->greeted == relay->handshakes; ++p) {
                if (honest_id(r, p) >= 0) {
                    honest_notify(r, p, false);
                }
            }

            break;

        case 7:
            relay->send_errno = relay->send_errno == 0 ? EPIPE : 0;
            break;

        default:
            relay->room = below(2) == 0 ? (long)below(4000) : -1;
            break;
    }
}

static void peer_acts(int p)
{
    const size_t what = below(6);

    if (what == 0) {
        asleep[p] = !asleep[p];
        api_status(conn_of[p], !asleep[p]);
    } else {
        if (what == 1) {
            api_kill(conn_of[p]);
            conn_of[p] = api_peer(p);
            asleep[p] = false;
        }

        for (int r = 0; r < ON; ++r) {
            api_add(conn_of[p], r);
        }
    }

    arrived_ms[p] = world.clock_ms;
}

/* One packet to peer p; whether a relay got it that works. */
static void one_packet(int p)
{
    for (int r = 0; r < ON; ++r) {
        frames_before[r] = relays[r].frames;
    }

    const int result = api_send(conn_of[p], 50, 1);
    int copies = 0;
    bool good = false;

    for (int r = 0; r < ON; ++r) {
        if (relays[r].frames > frames_before[r]) {
            ++copies;
            good |= !frozen(r);

            if (!frozen(r) && relays[r].last[0] >= 16) {
                relay_data(r, relays[r].last[0], 5, 1); /* the peer answers */
            }
        }
    }

    ++sent;

    if (result != 0 && copies > 0) {
        fail("a packet that was refused reached %d relays", copies);
    }

    if (good || asleep[p]) {
        arrived += good ? 1 : 0;
        arrived_ms[p] = world.clock_ms;
    } else if (world.clock_ms - arrived_ms[p] > worst_ms) {
        worst_ms = world.clock_ms - arrived_ms[p];
    }
}

static void check_always(void)
{
    if (connected() > count() || count() > ON) {
        fail("connected %u of %u relays", connected(), count());
    }

    if (far_end->open_sockets() > (int)count()) {
        fail("%d sockets for %u relays", far_end->open_sockets(), count());
    }

    for (int p = 0; p < PEERS; ++p) {
        if (api_online(conn_of[p]) > (int)connected()) {
            fail("peer %d is online on %d of %u relays", p, api_online(conn_of[p]), connected());
        }
    }

    for (int r = 0; r < ON; ++r) {
        if ((long)relays[r].gap < 10) {
            fail("R%d was tried again after %ld s", r, (long)relays[r].gap);
        }
    }
}

static void step(void)
{
    clock_ms_add(step_ms);

    for (int r = 0; r < ON; ++r) {
        relays[r].no_pongs = frozen(r);
        relay_lives(r);
    }

    if (faults && below(20) == 0) {
        fault((int)below(ON - 1));
    }

    if (faults && below(100) == 0) {
        peer_acts((int)below(PEERS));
    }

    pass();

    for (int p = 0; p < PEERS; ++p) {
        if (below(20) == 0) {
            api_add(conn_of[p], ON - 1); /* named again now and then, as friends do */
        }

        one_packet(p);
    }

    check_always();
}

static void begin(void)
{
    for (int r = 0; r < ON; ++r) {
        honest(r);
        relays[r].silent = true;
        frozen_until[r] = 0;
    }

    for (int p = 0; p < PEERS; ++p) {
        conn_of[p] = api_peer(p);
        asleep[p] = false;

        for (int r = 0; r < ON; ++r) {
            api_add(conn_of[p], r);
        }
    }

    worst_ms = 0;
    sent = arrived = 0;
    faults = false;
    step_ms = 50;

    for (int i = 0; i < 100; ++i) {
        step();
    }

    for (int p = 0; p < PEERS; ++p) {
        arrived_ms[p] = world.clock_ms;
    }

    worst_ms = 0;
}

/* All relays work again: everybody comes back, in bounded time. */
static void recover(void)
{
    faults = false;

    for (int r = 0; r < ON; ++r) {
        frozen_until[r] = 0;
        relays[r].room = -1;
        relays[r].send_errno = 0;
        relays[r].refuses = false;
    }

    for (int p = 0; p < PEERS; ++p) {
        if (asleep[p]) {
            asleep[p] = false;
            api_status(conn_of[p], true);
        }
    }

    step_ms = 500;

    for (int i = 0; i < 800; ++i) {
        step();
    }

    for (int p = 0; p < PEERS; ++p) {
        if (api_online(conn_of[p]) < 3) {
            fail("peer %d is online on %d relays at the end", p, api_online(conn_of[p]));
        }

        expect("send", api_send(conn_of[p], 10, 1), 0);
    }
}

static void chaos(uint64_t first_seed)
{
    seed = first_seed;
    world_again();
    begin();
    faults = true;

    for (int i = 0; i < 120 * 20; ++i) {
        step();
    }

    t_note("seed %lu: sent %lu arrived %lu, longest silence %lu ms", (unsigned long)first_seed, sent, arrived,
           (unsigned long)worst_ms);

    if (worst_ms > LONGEST_SILENCE) {
        fail("seed %lu: %lu ms without a packet", (unsigned long)first_seed, (unsigned long)worst_ms);
    }

    recover();
}

static void chaos_seeds(void)
{
    const unsigned rounds = getenv("DIFF_SLOWER") != NULL ? 1 : 4;

    for (unsigned i = 0; i < rounds; ++i) {
        chaos(1 + i);
    }
}

#else

static void chaos_seeds(void)
{
}

#endif

static void chaos_ours(void)
{
    ours_only("faults that the original does not survive", chaos_seeds);
}

const Scenario chaos_scenarios[] = {
    {"chaos", SIM, chaos_ours, 120},
    {NULL, 0, NULL, 0},
};
