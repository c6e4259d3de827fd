/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Waking relays: who does, who does not, and what a relay is after that. */
#include "suite.h"

/* Peer 0 asleep on relay 0, which is closed. */
static void asleep(void)
{
    peer_on(0, 0, 0);
    online(0, 0, 16);
    api_status(0, false);
    run_seconds(10);
    expect("connected", connected(), 0);
    new_connections(0);
    new_frames(0);
}

static void tn36(void)
{
    asleep();
    expect("status true", api_status(0, true), 0);
    expect("not before the pass", new_connections(0), 0);
    pass();
    expect("connections", new_connections(0), 1);
    up(0);
    expect("connected", connected(), 1);
    expect("requests", new_frames(0), 1);
    expect("online", api_online(0), 0);
    online(0, 0, 20);
    expect("send", api_send(0, 3, 1), 0);
    expect("id", relays[0].last[0], 20);
}

/* TN-41: another peer needs the relay. */
static void tn41(void)
{
    asleep();
    api_peer(1);
    expect("add to B", api_add(1, 0), 0);
    pass();
    expect("connections", new_connections(0), 1);
    up(0);
    expect("requests", new_frames(0), 2);
    expect("for A first, then B", relays[0].last[1] == peer_key(1)[0], true);
    online(0, 1, 16);
    online(0, 0, 17);
    run_seconds(30);
    expect("B keeps it awake", connected(), 1);
}

/* A sleeping peer does not wake a relay by being associated with it. */
static void by_sleeping_peer(void)
{
    asleep();
    api_peer(1);
    api_status(1, false);
    expect("add", api_number(1, 0), 0);
    passes(2);
    expect("connections", new_connections(0), 0);
    expect("true", api_status(1, true), 0);
    pass();
    expect("connections", new_connections(0), 1);
}

/* Asking for what is there already wakes it too, though the answer is -1. In ours the relay of an
 * awake peer does not sleep. */
static void by_repeated_add(void)
{
    peer_on(0, 0, 0);
    online(0, 0, 16);
    api_peer(1);
    api_number(1, 0);
    api_status(0, false);
    registered(0, 1, 17); /* awake, but not online there */
    run_seconds(10);
    expect_new("connected", connected(), 0, 1);
    expect("connections", new_connections(0), 1);
    expect("add again", api_number(1, 0), -1);
    pass();
    expect_new("connections", new_connections(0), 1, 0);
}

/* The same with six slots taken: -1, but awake. */
static void by_full_peer(void)
{
    peer_on(0, 0, 0);
    online(0, 0, 16);
    api_status(0, false);
    run_seconds(10);
    api_peer(1);

    for (int r = 1; r <= 6; ++r) {
        api_add(1, r);
    }

    new_connections(0);
    expect_new("add a seventh", api_number(1, 0), -1, -1);
    pass();
    expect("connections", new_connections(0), 1);
}

/* Waking one of two peers opens only the relays that it has. */
static void only_its_own(void)
{
    api_peer(0);
    api_peer(1);
    api_add(0, 0);
    api_add(1, 1);
    up_all(0, 1);
    online(0, 0, 16);
    online(1, 1, 16);
    api_status(0, false);
    api_status(1, false);
    run_seconds(10);
    expect("connected", connected(), 0);
    new_connections(0);
    new_connections(1);
    api_status(1, true);
    pass();
    expect("R0", new_connections(0), 0);
    expect("R1", new_connections(1), 1);
}

/* Asleep again before it was connected: the wake is carried out, then nobody is online. */
static void asleep_again_at_once(void)
{
    asleep();
    api_status(0, true);
    api_status(0, false);
    pass();
    expect("connections", new_connections(0), 1);
    up(0);
    expect("requests", new_frames(0), 1);
    online(0, 0, 16);
    run_seconds(9);
    expect("connected", connected(), 1);
    run_seconds(1);
    expect("asleep again", connected(), 0);
}

/* Wakes while the relay does not answer: removed 10 s later; ours tries again. */
static void no_answer(void)
{
    asleep();
    api_status(0, true);
    run_seconds(1);
    expect("connections", new_connections(0), 1);
    run_seconds(9);
    expect("count before", count(), 1);
    run_seconds(1);
    expect_new("count", count(), 0, 1);
    QUIETLY(run_seconds(60));
    expect_new("tried again", new_connections(0) > 0, 0, 1);
    expect("send", api_send(0, 3, 1), -1);
}

/* No socket can be made when it wakes: gone for good in the original. */
static void no_socket(void)
{
    asleep();
    sim_no_sockets = true;
    api_status(0, true);
    pass();
    expect_new("count", count(), 0, 1);
    sim_no_sockets = false;
    QUIETLY(run_seconds(30));
    expect_new("tried again", new_connections(0) > 0, 0, 1);
}

/* C-11: it moved to another address while it slept, and somebody says so. */
static void moved(void)
{
    asleep();
    const IP_Port other = relay_address(1);
    api_peer(1);
    api_status(1, false);
    expect("add with the new address", api_add_at(1, &other, 0), 0);
    relay_refuse(0, true);
    api_status(0, true);
    QUIETLY(run_seconds(1));
    expect("the old address first", new_connections(0), 1);
    QUIETLY(run_seconds(30));
    expect_new("count", count(), 0, 1);
    expect_new("the new address", new_connections(1) > 0, 0, 1);
}

/* Killing a sleeping relay, and one that was just told to wake. */
static void killed(void)
{
    asleep();
    expect("kill", api_kill_relay(0), 0);
    expect("count", count(), 0);
    api_status(0, true);
    pass();
    expect("connections", new_connections(0), 0);
    expect("add", api_add(0, 0), 0);
    up(0);
    online(0, 0, 16);
    api_status(0, false);
    run_seconds(10);
    expect("connected", connected(), 0);
    api_status(0, true);
    api_kill_relay(0);
    new_connections(0);
    pass();
    expect("connections", new_connections(0), 0);
}

/* Ten rounds of sleeping long enough and waking: nothing adds up. */
static void ten_rounds(void)
{
    peer_on(0, 0, 0);
    online(0, 0, 16);

    for (int i = 0; i < 10; ++i) {
        api_status(0, false);
        run_seconds(10);
        expect("connected", connected(), 0);
        api_status(0, true);
        pass();
        up(0);
        online(0, 0, 16);
        expect("online", api_online(0), 1);
    }

    run_seconds(20);
    expect("connected", connected(), 1);
    expect("connections", new_connections(0), 11);
}

const Scenario wake_scenarios[] = {
    {"TN-36", BOTH, tn36, 0},
    {"TN-41", BOTH, tn41, 0},
    {"wake-by-sleeping-peer", SIM, by_sleeping_peer, 0},
    {"wake-by-repeated-add", SIM, by_repeated_add, 0},
    {"wake-by-full-peer", SIM, by_full_peer, 0},
    {"wake-only-its-own", SIM, only_its_own, 0},
    {"wake-asleep-again-at-once", SIM, asleep_again_at_once, 0},
    {"wake-no-answer", SIM, no_answer, 0},
    {"wake-no-socket", SIM, no_socket, 0},
    {"wake-moved", SIM, moved, 0},
    {"wake-killed", SIM, killed, 0},
    {"wake-ten-rounds", SIM, ten_rounds, 0},
    {NULL, 0, NULL, 0},
};
