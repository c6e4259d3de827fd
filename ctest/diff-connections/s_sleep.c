/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Putting relays to sleep. Waking: s_wake.c; peers that change their minds: s_flap.c. */
#include "suite.h"

static void tn35(void)
{
    peer_on(0, 0, 0);
    online(0, 0, 16);
    expect("status false", api_status(0, false), 0);
    run_seconds(9);
    expect("connected at +9", connected(), 1);
    expect("online", api_online(0), 1);
    run_seconds(1);
    expect("connected at +10", connected(), 0);
    expect("count", count(), 1);
    expect("online", api_online(0), 0);
    expect("send", api_send(0, 3, 1), -1);
    run_seconds(60);
    expect("count", count(), 1);
    expect("connections", new_connections(0), 1);
}

/* The relay is old enough when the peer falls asleep: at once. */
static void at_once(void)
{
    peer_on(0, 0, 0);
    online(0, 0, 16);
    run_seconds(15);
    api_status(0, false);
    expect("still there", connected(), 1);
    pass();
    expect("asleep", connected(), 0);
}

/* The ten seconds count from the last association, not from the connection. */
static void counted_from_association(void)
{
    peer_on(0, 0, 0);
    online(0, 0, 16);
    run_seconds(6);
    api_peer(1);
    api_number(1, 0);
    api_status(0, false);
    online(0, 1, 17);
    api_status(1, false);
    run_seconds(9);
    expect("connected at +9", connected(), 1);
    run_seconds(1);
    expect("connected at +10", connected(), 0);
}

/* A peer that is not online does not put a relay to sleep, nor keep it awake. */
static void offline_peer(void)
{
    peer_on(0, 0, 0);
    registered(0, 0, 16);
    api_status(0, false);
    run_seconds(30);
    expect("connected", connected(), 1);
    api_peer(1);
    api_number(1, 0);
    online(0, 1, 17);
    api_status(1, false);
    run_seconds(9);
    expect("connected at +9", connected(), 1);
    run_seconds(1);
    expect("connected at +10", connected(), 0);
}

/* An awake peer that is not online on the relay does not keep it from sleeping; in ours it does,
 * because the relay may be where it comes online. */
static void awake_but_offline(void)
{
    peer_on(0, 0, 0);
    api_peer(1);
    api_number(1, 0);
    online(0, 0, 16);
    registered(0, 1, 17);
    api_status(0, false);
    run_seconds(9);
    expect("connected at +9", connected(), 1);
    run_seconds(1);
    expect_new("connected at +10", connected(), 0, 1);
}

/* One of two online peers is awake: the relay stays. */
static void one_awake(void)
{
    peer_on(0, 0, 0);
    api_peer(1);
    api_number(1, 0);
    online(0, 0, 16);
    online(0, 1, 17);
    api_status(0, false);
    run_seconds(40);
    expect("connected", connected(), 1);
    expect("send to the sleeping", api_send(0, 3, 1), 0);
    api_status(1, false);
    pass();
    expect("both asleep", connected(), 0);
}

/* TN-58: notifications that come while the peers sleep. */
static void tn58(void)
{
    peer_on(0, 0, 0);
    api_peer(1);
    api_number(1, 0);
    online(0, 0, 16);
    registered(0, 1, 17);
    api_status(0, false);
    api_status(1, false);
    relay_notify(0, 2, 17);
    pass();
    relay_notify(0, 3, 16);
    pass();
    relay_notify(0, 2, 16);
    pass();
    relay_notify(0, 3, 17);
    pass();
    run_seconds(9);
    expect("connected at +9", connected(), 1);
    run_seconds(1);
    expect("connected at +10", connected(), 0);
}

/* All peers go offline while they sleep: nobody is left to sleep for. */
static void offline_while_asleep(void)
{
    peer_on(0, 0, 0);
    online(0, 0, 16);
    api_status(0, false);
    relay_notify(0, 3, 16);
    run_seconds(30);
    expect("connected", connected(), 1);
    relay_notify(0, 2, 16);
    pass();
    expect("online again, so asleep", connected(), 0);
}

/* The sleeping peer is killed in time: the relay has no online peer and stays. */
static void killed_in_time(void)
{
    peer_on(0, 0, 0);
    online(0, 0, 16);
    api_status(0, false);
    run_seconds(5);
    api_kill(0);
    run_seconds(30);
    expect("connected", connected(), 1);
}

/* Several relays sleep in the same pass, each with its own time. */
static void several(void)
{
    peer_on(0, 0, 1);
    online(0, 0, 16);
    online(1, 0, 17);
    api_status(0, false);
    run_seconds(4);
    expect("add third", api_add(0, 2), 0);
    up(2);
    online(2, 0, 18);
    run_seconds(5);
    expect("at +9", connected(), 3);
    run_seconds(1);
    expect("at +10", connected(), 1);
    run_seconds(3);
    expect("at +13", connected(), 1);
    run_seconds(1);
    expect("at +14", connected(), 0);
    expect("count", count(), 3);
}

/* TN-39: marked for the onion, it does not sleep. */
static void tn39(void)
{
    api_onion_status(true);
    peer_on(0, 0, 0);
    online(0, 0, 16);
    api_status(0, false);
    run_seconds(30);
    expect("connected", connected(), 1);
    api_onion_status(false);
    expect("connected", connected(), 1);
    pass();
    expect("asleep", connected(), 0);
}

/* TN-40: a sleeping relay is known, and adding it does not wake it. */
static void tn40(void)
{
    peer_on(0, 0, 0);
    online(0, 0, 16);
    api_status(0, false);
    run_seconds(10);
    expect("global", api_global(0), -1);
    passes(3);
    expect("connected", connected(), 0);
    expect("count", count(), 1);
    expect("connections", new_connections(0), 1);
}

/* TN-42 and C-08: nobody needs the sleeping relay any more. */
static void tn42(void)
{
    peer_on(0, 0, 0);
    online(0, 0, 16);
    api_status(0, false);
    run_seconds(10);
    expect("kill A", api_kill(0), 0);
    passes(2);
    expect_new("count", count(), 1, 0);
    expect_new("add", api_global(0), -1, 0);
    run_seconds(2);
    expect_new("connections", new_connections(0), 1, 2);
}

const Scenario sleep_scenarios[] = {
    {"TN-35", BOTH, tn35, 0},
    {"sleep-at-once", SIM, at_once, 0},
    {"sleep-counted-from-association", SIM, counted_from_association, 0},
    {"sleep-offline-peer", SIM, offline_peer, 0},
    {"sleep-awake-but-offline", SIM, awake_but_offline, 0},
    {"sleep-one-awake", SIM, one_awake, 0},
    {"TN-58", SIM, tn58, 0},
    {"sleep-offline-while-asleep", SIM, offline_while_asleep, 0},
    {"sleep-killed-in-time", SIM, killed_in_time, 0},
    {"sleep-several", SIM, several, 0},
    {"TN-39", SIM, tn39, 0},
    {"TN-40", SIM, tn40, 0},
    {"TN-42", BOTH, tn42, 0},
    {NULL, 0, NULL, 0},
};
