/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Peers that fall asleep and wake while their relays are connected (C-01): the original closes
 * relays under peers that are in use. */
#include "suite.h"

static void tn37(void)
{
    peer_on(0, 0, 0);
    online(0, 0, 16);
    expect("false", api_status(0, false), 0);
    expect("true", api_status(0, true), 0);
    run_seconds(9);
    expect("connected at +9", connected(), 1);
    run_seconds(1);
    expect_new("connected at +10", connected(), 0, 1);
    expect_new("send", api_send(0, 3, 1), -1, 0);
    run_seconds(60);
    expect_new("connected", connected(), 0, 1);
    expect_new("online", api_online(0), 0, 1);
}

static void tn38(void)
{
    peer_on(0, 0, 0);
    api_peer(1);
    api_number(1, 0);
    online(0, 0, 16);
    online(0, 1, 17);
    api_status(0, false);
    api_status(0, true);
    api_status(0, false);
    run_seconds(9);
    expect("connected at +9", connected(), 1);
    run_seconds(1);
    expect_new("connected at +10", connected(), 0, 1);
    expect_new("send to B", api_send(1, 3, 1), -1, 0);
    expect_new("B online", api_online(1), 0, 1);
}

/* Off and on twice: the count is too high in the original, and the relay never sleeps again. */
static void never_sleeps_again(void)
{
    peer_on(0, 0, 0);
    online(0, 0, 16);

    for (int i = 0; i < 2; ++i) {
        api_status(0, false);
        api_status(0, true);
    }

    api_status(0, false);
    run_seconds(30);
    expect_new("connected", connected(), 1, 0);
}

/* On its way to sleep for nine seconds, awake again, and a loss of the relay clears the counts. */
static void reconnect_clears(void)
{
    peer_on(0, 0, 0);
    online(0, 0, 16);
    run_seconds(15);
    api_status(0, false);
    api_status(0, true);
    relay_break(0);
    pass();
    expect("connections", new_connections(0), 2);
    up(0);
    online(0, 0, 16);
    run_seconds(30);
    expect("connected", connected(), 1);
    expect("send", api_send(0, 3, 1), 0);
}

/* The flap while the slot is only REGISTERED does no harm. */
static void registered_only(void)
{
    peer_on(0, 0, 0);
    registered(0, 0, 16);
    api_status(0, false);
    api_status(0, true);
    relay_notify(0, 2, 16);
    run_seconds(30);
    expect("connected", connected(), 1);
    expect("send", api_send(0, 3, 1), 0);
    api_status(0, false);
    pass();
    expect("asleep", connected(), 0);
}

/* Off while offline, online while off, on while online. */
static void online_while_off(void)
{
    peer_on(0, 0, 0);
    registered(0, 0, 16);
    api_status(0, false);
    relay_notify(0, 2, 16);
    pass();
    api_status(0, true);
    run_seconds(30);
    expect_new("connected", connected(), 0, 1);
}

/* With the onion the original notices only when the onion is switched off. */
static void onion_hides_it(void)
{
    api_onion_status(true);
    peer_on(0, 0, 0);
    online(0, 0, 16);
    api_status(0, false);
    api_status(0, true);
    run_seconds(30);
    expect("connected", connected(), 1);
    api_onion_status(false);
    pass();
    expect_new("connected", connected(), 0, 1);
}

/* Kills a peer that flapped: its share of the counts goes with it, or does not. */
static void kill_after_flap(void)
{
    peer_on(0, 0, 0);
    api_peer(1);
    api_number(1, 0);
    online(0, 0, 16);
    online(0, 1, 17);
    api_status(0, false);
    api_status(0, true);
    api_kill(0);
    run_seconds(30);
    expect_new("connected", connected(), 0, 1);
    expect_new("B online", api_online(1), 0, 1);
}

/* What an owner does: the call once per iteration, with the same value. */
static void once_per_iteration(void)
{
    peer_on(0, 0, 0);
    online(0, 0, 16);

    for (int i = 0; i < 12; ++i) {
        api_status(0, false);
        run_seconds(1);
    }

    expect("asleep", connected(), 0);

    for (int i = 0; i < 3; ++i) {
        api_status(0, true);
        pass();
    }

    expect("connections", new_connections(0), 2);
}

const Scenario flap_scenarios[] = {
    {"TN-37", BOTH, tn37, 0},
    {"TN-38", SIM, tn38, 0},
    {"flap-never-sleeps-again", SIM, never_sleeps_again, 0},
    {"flap-reconnect-clears", SIM, reconnect_clears, 0},
    {"flap-registered-only", SIM, registered_only, 0},
    {"flap-online-while-off", SIM, online_while_off, 0},
    {"flap-onion-hides-it", SIM, onion_hides_it, 0},
    {"flap-kill-after", SIM, kill_after_flap, 0},
    {"flap-once-per-iteration", SIM, once_per_iteration, 0},
    {NULL, 0, NULL, 0},
};
