/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which relays are kept when more than three are connected, and until when. */
#include "suite.h"

/* True if relay r is connected: an OOB packet goes through. */
static bool is_up(int r)
{
    return tcp_send_oob_packet_using_relay(world.tc, relay_at(r)->pk, peer_key(99), payload(1), 1) == 0;
}

/* The connected ones of relays 0..9 as a number: relay r is bit r. */
static long up_set(void)
{
    long set = 0;

    for (int r = 0; r < 10; ++r) {
        relay_at(r)->silent = true;
        set |= is_up(r) ? 1L << r : 0;
    }

    look();
    return set;
}

static void tn28(void)
{
    for (int r = 0; r < 3; ++r) {
        api_global(r);
        up(r);
    }

    expect("three", up_set(), 7);
    api_global(3);
    pass();
    relay_answer(3);
    expect("still three", up_set(), 7);
    pass();
    expect("connected", connected(), 3);
    expect_new("set", up_set(), 14, 7);
    passes(3);
    expect("connected", connected(), 3);
}

/* All four in the same pass. */
static void four_at_once(void)
{
    for (int r = 0; r < 4; ++r) {
        api_global(r);
    }

    up_all(0, 3);
    expect("connected", connected(), 3);
    expect_new("set", up_set(), 14, 7);
}

static void tn29(void)
{
    peer_on(0, 0, 4);

    for (int r = 0; r < 5; ++r) {
        registered(r, 0, (uint8_t)(16 + r));
    }

    run_seconds(9);
    expect("connected at +9", connected(), 5);
    run_seconds(1);
    expect_new("connected at +10", connected(), 3, 3);
    expect_new("set", up_set(), 28, 7);
    relay_notify(2, 2, 18);
    pass();
    expect("online", api_online(0), 1);
    expect("send", api_send(0, 3, 1), 0);
}

/* A relay on which a peer is online is never surplus. */
static void locked(void)
{
    peer_on(0, 0, 4);

    for (int r = 0; r < 5; ++r) {
        online(r, 0, (uint8_t)(16 + r));
    }

    run_seconds(30);
    expect("connected", connected(), 5);
    relay_notify(1, 3, 17);
    pass();
    expect("one lock less", connected(), 4);
    relay_notify(4, 3, 20);
    pass();
    expect("another", connected(), 3);
    relay_notify(0, 3, 16);
    pass();
    expect("three are kept", connected(), 3);
    expect("online", api_online(0), 2);
}

/* The lock of the last online peer protects; REGISTERED peers do not. */
static void killed_peer_unlocks(void)
{
    peer_on(0, 0, 3);

    for (int r = 0; r < 4; ++r) {
        online(r, 0, (uint8_t)(16 + r));
    }

    run_seconds(15);
    expect("connected", connected(), 4);
    api_kill(0);
    expect("connected", connected(), 4);
    pass();
    expect("connected", connected(), 3);
    expect_new("set", up_set(), 14, 7);
}

/* Associated later: ten seconds from then. */
static void protected_again(void)
{
    for (int r = 0; r < 3; ++r) {
        api_global(r);
    }

    up_all(0, 2);
    run_seconds(20);
    api_peer(0);
    api_number(0, 0);
    api_number(0, 1);
    api_number(0, 2);
    expect("add R3", api_add(0, 3), 0);
    up(3);
    expect("connected", connected(), 4);
    run_seconds(9);
    expect("connected at +9", connected(), 4);
    run_seconds(1);
    expect("connected at +10", connected(), 3);
    expect_new("set", up_set(), 14, 7);
}

/* Relays that are connecting or asleep do not count and are not removed. */
static void others_do_not_count(void)
{
    peer_on(0, 0, 1);
    online(0, 0, 16);
    online(1, 0, 17);
    api_status(0, false);
    run_seconds(10);
    expect("asleep", connected(), 0);

    for (int r = 2; r < 5; ++r) {
        api_global(r);
    }

    up_all(2, 4);
    api_global(5);
    passes(2);
    expect("count", count(), 6);
    expect("connected", connected(), 3);
    expect("set", up_set(), 28);
    api_status(0, true);
    pass();
    up_all(0, 1);
    expect("connected", connected(), 3);
    expect_new("set", up_set(), 19, 7);
}

/* The onion's relays are not surplus. */
static void tn30(void)
{
    expect("on", api_onion_status(true), 0);

    for (int r = 0; r < 3; ++r) {
        api_global(r);
        up(r);
    }

    expect("set", up_set(), 7);
    api_global(3);
    up(3);
    expect("set", up_set(), 7);
    api_global(4);
    up(4);
    expect("set", up_set(), 7);
    expect("count", count(), 3);
}

/* Marked, online and idle ones: who goes. */
static void mixed(void)
{
    api_onion_status(true);
    api_global(0);
    api_global(1);
    up_all(0, 1);
    api_peer(0);
    api_add(0, 2);
    api_add(0, 3);
    up_all(2, 3);
    online(2, 0, 16);
    online(3, 0, 17);
    expect("connected", connected(), 4);
    api_global(4);
    up(4);
    expect("the idle one goes", connected(), 4);
    expect("set", up_set(), 15);
    api_onion_status(false);
    pass();
    expect("connected", connected(), 3);
    expect_new("set", up_set(), 14, 13);
}

/* C-12: the peer's only working relay is the oldest one; it is offline for a moment. */
static void c12(void)
{
    peer_on(0, 0, 0);
    online(0, 0, 16);

    for (int r = 1; r <= 3; ++r) {
        api_global(r);
    }

    up_all(1, 3);
    expect_new("the idle ones go first", up_set(), 13, 7);
    run_seconds(20);
    relay_notify(0, 3, 16);
    pass();
    api_global(4);
    up(4);
    expect("connected", connected(), 3);
    expect_new("the peer's relay is kept", up_set() & 1, 0, 1);
    expect_new("send", api_send(0, 3, 1), -1, 0);
}

/* A refused request does not protect: connected_time is set by requests that could be sent, and
 * an unanswered one could. */
static void refused_is_protected(void)
{
    peer_on(0, 0, 3);

    for (int r = 0; r < 4; ++r) {
        relay_response(r, 0, 0);
    }

    run_seconds(9);
    expect("connected at +9", connected(), 4);
    QUIETLY(run_seconds(1));
    expect("connected at +10", connected(), 3);
}

const Scenario surplus_scenarios[] = {
    {"TN-28", BOTH, tn28, 0},
    {"surplus-four-at-once", SIM, four_at_once, 0},
    {"TN-29", BOTH, tn29, 0},
    {"surplus-locked", SIM, locked, 0},
    {"surplus-killed-peer-unlocks", SIM, killed_peer_unlocks, 0},
    {"surplus-protected-again", SIM, protected_again, 0},
    {"surplus-others-do-not-count", SIM, others_do_not_count, 0},
    {"TN-30", BOTH, tn30, 0},
    {"surplus-mixed", SIM, mixed, 0},
    {"C-12", SIM, c12, 0},
    {"surplus-refused-is-protected", SIM, refused_is_protected, 0},
    {NULL, 0, NULL, 0},
};
