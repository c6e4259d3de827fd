/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Connection ids when peers come and go faster than the relay answers (C-02, C-07, C-09). */
#include "suite.h"

/* A online with id 16 on relay 0. */
static void a_online(void)
{
    peer_on(0, 0, 0);
    online(0, 0, 16);
    new_frames(0);
}

/* TN-24: B is killed before the relay has answered. */
static void tn24(void)
{
    a_online();
    api_peer(1);
    api_number(1, 0);
    expect("request", new_frames(0), 1);
    expect("kill B", api_kill(1), 0);
    expect_new("a disconnect leaves", new_frames(0), 1, 0);
    expect("online", api_online(0), 1);
    expect_new("send to A", api_send(0, 3, 1), -1, 0);
    run_seconds(20);
    expect_new("send to A", api_send(0, 3, 1), -1, 0);
    expect("online", api_online(0), 1);
}

/* TN-25: the late answer for B, and B again. */
static void tn25(void)
{
    a_online();
    api_peer(1);
    api_number(1, 0);
    api_kill(1);
    relay_response(0, 17, 1);
    pass();
    expect("new B", api_peer(1), 1);
    expect("add", api_number(1, 0), 0);
    relay_response(0, 17, 1);
    pass();
    expect_new("REGISTERED", api_send(1, 3, 1), -1, 0);
    relay_notify(0, 2, 17);
    pass();
    expect_new("online", api_online(1), 0, 1);
}

/* C-07 with the relay's answer after B is there again: one request is answered for both. */
static void c07(void)
{
    a_online();
    api_peer(1);
    api_number(1, 0);
    api_kill(1);
    api_peer(1);
    api_number(1, 0);
    relay_response(0, 17, 1);
    relay_response(0, 17, 1);
    pass();
    relay_notify(0, 2, 17);
    pass();
    expect("online", api_online(1), 1);
    expect("send", api_send(1, 3, 1), 0);
}

/* TN-25 with a relay that keeps its table as the C relay does, and nobody on id 16 yet. In the
 * original, killing B frees id 16, which the relay gave to nobody: a C relay would hang up. */
static void honest_relay(void)
{
    honest(0);
    peer_on(0, 0, 0);
    passes(1);
    honest_notify(0, 0, true);
    pass();

    for (int i = 0; i < 5; ++i) {
        api_peer(1);
        api_number(1, 0);
        api_kill(1);
        pass();
    }

    api_peer(1);
    api_number(1, 0);
    passes(2);
    expect_new("A has an id", honest_id(0, 0) > 0, false, true);
    expect_new("A send", api_send(0, 3, 1), -1, 0);
    expect("B has an id", honest_id(0, 1) > 0, true);
    const int id = honest_id(0, 1);
    relay_notify(0, 2, (uint8_t)id);
    pass();
    expect_new("B online", api_online(1), 0, 1);
}

/* The same before A is online anywhere: id 0 of the table is unused. */
static void kill_at_once(void)
{
    api_global(0);
    up(0);
    api_peer(0);
    api_number(0, 0);
    expect("request", new_frames(0), 1);
    api_kill(0);
    expect_new("frames", new_frames(0), 1, 0);
    relay_response(0, 16, 0);
    pass();
    expect_new("the id is given back", new_frames(0), 0, 1);
    relay_notify(0, 2, 16);
    pass();
    expect("callbacks", world.all_calls, 0);
    expect("connected", connected(), 1);
}

/* A refused slot stays NONE; killing its peer must not free the id of another (C-02). */
static void kill_refused(void)
{
    a_online();
    api_peer(1);
    api_number(1, 0);
    relay_response(0, 0, 1);
    pass();
    api_kill(1);
    expect_new("frames", new_frames(0), 2, 1);
    expect_new("send to A", api_send(0, 3, 1), -1, 0);
}

/* C-09 without a hostile relay: what is in flight for a killed peer. */
static void c09(void)
{
    peer_on(0, 0, 0);
    api_peer(1);
    api_number(1, 0);
    online(0, 0, 16);
    online(0, 1, 17);
    api_kill(1);
    relay_data(0, 17, 5, 1);
    pass();
    expect_new("data callbacks", world.calls[CB_DATA], 1, 0);
    expect_new("id", world.last_id, 10, -1);
    expect("number 0 is there", api_online(0), 1);
}

/* An id that was given back is given to another peer at once, in the same batch as old data. */
static void id_moves_on(void)
{
    a_online();
    api_peer(1);
    api_number(1, 0);
    api_kill(0);
    relay_data(0, 16, 5, 1);
    relay_response(0, 16, 1);
    relay_notify(0, 2, 16);
    relay_data(0, 16, 6, 2);
    pass();
    expect("id of the last", world.last_id, 11);
    expect("online", api_online(1), 1);
}

/* Killed and added again while online: the old notifications are for nobody. */
static void again_while_online(void)
{
    a_online();
    api_kill(0);
    api_peer(0);
    api_number(0, 0);
    relay_notify(0, 3, 16);
    relay_notify(0, 2, 16);
    relay_data(0, 16, 3, 1);
    pass();
    expect("online", api_online(0), 0);
    online(0, 0, 16);
    expect("online", api_online(0), 1);
    relay_data(0, 16, 3, 2);
    pass();
    expect("id", world.last_id, 10);
}

const Scenario id_scenarios[] = {
    {"TN-24", BOTH, tn24, 0},
    {"TN-25", BOTH, tn25, 0},
    {"C-07", SIM, c07, 0},
    {"ids-honest-relay", SIM, honest_relay, 0},
    {"ids-kill-at-once", SIM, kill_at_once, 0},
    {"ids-kill-refused", SIM, kill_refused, 0},
    {"C-09", SIM, c09, 0},
    {"ids-move-on", SIM, id_moves_on, 0},
    {"ids-again-while-online", SIM, again_while_online, 0},
    {NULL, 0, NULL, 0},
};
