/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Limits: relays per peer, relays per object, and who gives way. */
#include "suite.h"

/* TN-47 and C-06: eight unknown relays for one peer. */
static void tn47(void)
{
    api_peer(0);
    int made = 0;

    for (int r = 0; r < 8; ++r) {
        expect("add", api_add(0, r), r < 6 ? 0 : -1);
        made += (int)new_connections(r);
    }

    expect_new("connections", made, 8, 6);
    expect_new("count", count(), 8, 6);
}

/* Relays that are there already, beyond the six of a peer. */
static void six_known(void)
{
    for (int r = 0; r < 8; ++r) {
        api_global(r);
    }

    api_peer(0);

    for (unsigned n = 0; n < 8; ++n) {
        expect("add by number", api_number(0, n), n < 6 ? 0 : -1);
    }

    expect("add by key", api_add(0, 7), -1);
    expect("count", count(), 8);
    api_kill_relay(2);
    expect("a slot is free", api_number(0, 7), 0);
    expect("no more", api_number(0, 6), -1);
}

/* No place in the peer: nothing is connected, however often it is asked. */
static void friends_word(void)
{
    peer_on(0, 0, 5);
    expect("connected", connected(), 6);

    for (int r = 0; r < 6; ++r) {
        online(r, 0, (uint8_t)(16 + r));
    }

    relay_notify(0, 3, 16);
    relay_notify(1, 3, 17);
    relay_notify(2, 3, 18);
    relay_notify(3, 3, 19);
    pass();
    expect("online", api_online(0), 2);
    int made = 0;
    int refused = 0;
    quiet_begin();

    for (int r = 6; r < 26; ++r) {
        refused += api_add(0, r) == -1 ? 1 : 0;
        made += (int)new_connections(r);
    }

    quiet_end();
    expect("refused", refused, 20);
    expect_new("connections", made, 20, 0);
}

/* A slot whose relay fails again and again is given away in ours. */
static void waiting_gives_way(void)
{
    peer_on(0, 0, 5);

    for (int r = 0; r < 6; ++r) {
        online(r, 0, (uint8_t)(16 + r));
    }

    run_seconds(15);

    for (int r = 0; r < 4; ++r) {
        relay_refuse(r, true);
        relay_close(r);
    }

    QUIETLY(run_seconds(24));
    relay_notify(4, 3, 20);
    pass();
    expect_new("add a seventh", api_add(0, 6), -1, 0);
    expect("connections", new_connections(6), DIFF_OURS ? 1 : 0);
}

/* 300 relays: the original opens them all. */
static void c06(void)
{
    long good = 0;
    quiet_begin();

    for (int r = 0; r < 300; ++r) {
        good += api_global(r) == 0 ? 1 : 0;
    }

    quiet_end();
    expect_new("added", good, 300, 256);
    expect_new("count", count(), 300, 256);
    expect_new("sockets", far_end->open_sockets(), 300, 256);
    QUIETLY(run_seconds(10));
    expect("count at +10", count(), 0);
    expect("room again", api_global(310), 0);
}

/* 60 connected relays with 60 online peers: all are kept, and a 61st peer is on all it may be. */
static void sixty(void)
{
    quiet_begin();

    for (int p = 0; p < 60; ++p) {
        api_peer(p);
        api_add(p, p);
    }

    up_all(0, 59);

    for (int r = 0; r < 60; ++r) {
        relay_response(r, 16, r);
        relay_notify(r, 2, 16);
    }

    passes(2);
    run_seconds(15);
    quiet_end();
    expect("connected", connected(), 60);
    expect("online", api_online(59), 1);
    expect("send", api_send(59, 3, 1), 0);
    expect("R59", relays[59].last[0], 16);
    api_peer(60);

    for (unsigned n = 0; n < 7; ++n) {
        expect("add", api_number(60, 10 * n % 60), n < 6 ? 0 : -1);
    }
}

const Scenario limit_scenarios[] = {
    {"TN-47", BOTH, tn47, 0},
    {"limit-six-known", SIM, six_known, 0},
    {"limit-friends-word", SIM, friends_word, 0},
    {"limit-waiting-gives-way", SIM, waiting_gives_way, 0},
    {"C-06", SIM, c06, 0},
    {"limit-sixty-relays", SIM, sixty, 0},
    {NULL, 0, NULL, 0},
};
