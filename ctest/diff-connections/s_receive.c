/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is delivered to the owner, and what is not. */
#include "suite.h"

#include <string.h>

/* OOB from a peer that is associated with the relay, whatever its slot. */
static void tn16(void)
{
    peer_on(0, 0, 0);
    relay_oob(0, 0, 3, 1);
    pass();
    expect("slot NONE: data", world.calls[CB_DATA], 1);
    expect("id", world.last_id, 10);
    registered(0, 0, 16);
    relay_oob(0, 0, 3, 2);
    pass();
    expect("REGISTERED: data", world.calls[CB_DATA], 2);
    relay_notify(0, 2, 16);
    relay_oob(0, 0, 3, 3);
    pass();
    expect("ONLINE: data", world.calls[CB_DATA], 3);
    relay_notify(0, 3, 16);
    relay_oob(0, 0, 3, 4);
    pass();
    expect("REGISTERED again: data", world.calls[CB_DATA], 4);
    expect("oob callbacks", world.calls[CB_OOB], 0);
}

static void tn17(void)
{
    peer_on(0, 0, 0);
    relay_oob(0, 1, 3, 1);
    pass();
    expect("oob callbacks", world.calls[CB_OOB], 1);
    expect("data callbacks", world.calls[CB_DATA], 0);
}

/* The relay's number in the callback, for relays at different places. */
static void oob_number(void)
{
    for (int r = 0; r < 3; ++r) {
        api_global(r);
    }

    up_all(0, 2);
    relay_oob(2, 7, 3, 1);
    relay_oob(0, 7, 3, 2);
    relay_oob(1, 7, 3, 3);
    pass();
    api_kill_relay(0);
    api_global(3);
    up(3);
    relay_oob(3, 7, 3, 4);
    relay_oob(2, 7, 3, 5);
    pass();
    expect("oob callbacks", world.calls[CB_OOB], 5);
}

/* A peer of ours, but on another relay. */
static void oob_other_relay(void)
{
    api_global(1);
    peer_on(0, 0, 0);
    relay_answer(1);
    passes(2);
    online(0, 0, 16);
    relay_oob(1, 0, 3, 1);
    pass();
    expect("oob callbacks", world.calls[CB_OOB], 1);
    expect("data callbacks", world.calls[CB_DATA], 0);
    api_number(0, 0);
    relay_oob(1, 0, 3, 1);
    pass();
    expect("oob callbacks", world.calls[CB_OOB], 1);
    expect("data callbacks", world.calls[CB_DATA], 1);
}

static void oob_lengths(void)
{
    static const size_t lengths[] = {1, 2, 1023, 1024, 1025, 1999};
    peer_on(0, 0, 0);

    for (size_t i = 0; i < 6; ++i) {
        relay_oob(0, 0, lengths[i], (uint8_t)i);
        relay_oob(0, 1, lengths[i], (uint8_t)i);
        pass();
    }

    expect("data callbacks", world.calls[CB_DATA], 6);
    expect("oob callbacks", world.calls[CB_OOB], 6);
}

static void data_lengths(void)
{
    static const size_t lengths[] = {1, 2, 1024, 1400, 2030, 2031};
    peer_on(0, 0, 0);
    online(0, 0, 16);

    for (size_t i = 0; i < 6; ++i) {
        relay_data(0, 16, lengths[i], (uint8_t)i);
        pass();
    }

    expect("data callbacks", world.calls[CB_DATA], 6);
    expect("connected", connected(), 1);
}

/* TN-20 and C-09: data with an id that the relay never assigned. */
static void tn20(void)
{
    peer_on(0, 0, 0);
    relay_data(0, 99, 3, 1);
    pass();
    expect_new("data callbacks", world.calls[CB_DATA], 1, 0);
    expect_new("id", world.last_id, 10, -1);
    expect("connected", connected(), 1);
}

/* Data for an id that is registered, not online. */
static void data_registered(void)
{
    peer_on(0, 0, 0);
    registered(0, 0, 16);
    relay_data(0, 16, 3, 1);
    pass();
    expect_new("data callbacks", world.calls[CB_DATA], 1, 0);
    relay_notify(0, 2, 16);
    relay_data(0, 16, 3, 2);
    pass();
    expect_new("data callbacks", world.calls[CB_DATA], 2, 1);
}

/* Data from a peer on two relays, in the order of relays. */
static void data_two_relays(void)
{
    peer_on(0, 0, 1);
    online(0, 0, 16);
    online(1, 0, 17);

    for (uint8_t i = 0; i < 4; ++i) {
        relay_data(1, 17, 4, (uint8_t)(50 + i));
        relay_data(0, 16, 4, i);
    }

    pass();
    expect("data callbacks", world.calls[CB_DATA], 8);
}

static void sleeping_peer(void)
{
    peer_on(0, 0, 0);
    online(0, 0, 16);
    api_status(0, false);
    relay_data(0, 16, 4, 1);
    relay_oob(0, 0, 3, 1);
    pass();
    expect("data callbacks", world.calls[CB_DATA], 2);
    expect("send", api_send(0, 3, 1), 0);
}

static void onion_and_forwarding(void)
{
    static const size_t lengths[] = {1, 2, 1000, 2031};
    api_global(0);
    api_global(1);
    up_all(0, 1);

    for (size_t i = 0; i < 4; ++i) {
        relay_plain(0, 9, lengths[i], 1);
        relay_plain(1, 11, lengths[i], 2);
        pass();
    }

    expect("onion callbacks", world.calls[CB_ONION], 4);
    expect("forwarding callbacks", world.calls[CB_FORWARD], 4);
    /* marked for the onion or not makes no difference */
    api_onion_status(true);
    relay_plain(0, 9, 3, 1);
    pass();
    expect("onion callbacks", world.calls[CB_ONION], 5);
}

/* TN-56 and C-20: packets right behind the relay's handshake. */
static void tn56(void)
{
    api_peer(0);
    api_add(0, 0);
    pass();
    relay_answer(0);
    relay_oob(0, 3, 3, 1);
    relay_oob(0, 0, 3, 1);
    relay_plain(0, 9, 3, 1);
    relay_plain(0, 11, 3, 1);
    passes(2);
    expect("connected", connected(), 1);
    expect_new("callbacks", world.all_calls, 0, 4);
    relay_oob(0, 3, 3, 1);
    pass();
    expect_new("callbacks", world.all_calls, 1, 5);
}

/* All packets of one pass: relays in index order, packets in stream order. */
static void order(void)
{
    for (int r = 0; r < 3; ++r) {
        api_global(r);
    }

    up_all(0, 2);

    for (uint8_t i = 0; i < 3; ++i) {
        for (int r = 2; r >= 0; --r) {
            relay_oob(r, 1, 2, (uint8_t)(10 * r + i));
            relay_plain(r, 9, 2, (uint8_t)(10 * r + i));
            relay_plain(r, 11, 2, (uint8_t)(10 * r + i));
        }
    }

    pass();
    expect("callbacks", world.all_calls, 27);
}

/* Pings of the relay in one batch; a relay that lives sends one in 30 s. */
static void pings(unsigned n)
{
    relays[0].silent = true;
    new_frames(0);
    quiet_begin();

    for (unsigned i = 0; i < n; ++i) {
        relay_plain(0, 4, 8, (uint8_t)(1 + i));
    }

    passes(2);
    quiet_end();
}

static void ping_flood(void)
{
    peer_on(0, 0, 0);
    pings(16);
    expect("pongs", new_frames(0), 16);
    expect("connected", connected(), 1);
    pings(100);
    expect_new("connected", connected(), 1, 0);
}

/* Callbacks taken away, put back, and userdata as given. */
static void no_callbacks(void)
{
    peer_on(0, 0, 0);
    online(0, 0, 16);
    unregister_callbacks();
    relay_data(0, 16, 3, 1);
    relay_oob(0, 0, 3, 1);
    relay_oob(0, 1, 3, 1);
    relay_plain(0, 9, 3, 1);
    relay_plain(0, 11, 3, 1);
    pass();
    expect("callbacks", world.all_calls, 0);
    expect("connected", connected(), 1);
    register_callbacks();
    world.userdata = NULL;
    relay_data(0, 16, 3, 1);
    relay_oob(0, 1, 3, 1);
    relay_plain(0, 9, 3, 1);
    relay_plain(0, 11, 3, 1);
    pass();
    world.userdata = &world;
    relay_data(0, 16, 3, 1);
    relay_oob(0, 1, 3, 1);
    relay_plain(0, 9, 3, 1);
    relay_plain(0, 11, 3, 1);
    pass();
    expect("callbacks", world.all_calls, 8);
}

/* A big batch, all of it in one pass; it has to fit into a receive window. */
#define BATCH 40

static void batch(void)
{
    peer_on(0, 0, 0);
    online(0, 0, 16);
    Bytes out = {0};
    uint8_t packet[1401] = {16};
    memcpy(packet + 1, payload(1), 1400);

    for (int i = 0; i < BATCH; ++i) {
        packet[1] = (uint8_t)i;
        relay_put(0, &out, packet, sizeof(packet));
    }

    relay_write(0, &out);
    quiet_begin();
    pass();
    t_line("batch %s", quiet_end());
    expect("data callbacks", world.calls[CB_DATA], BATCH);
}

const Scenario receive_scenarios[] = {
    {"TN-16", BOTH, tn16, 0},
    {"TN-17", BOTH, tn17, 0},
    {"receive-oob-number", SIM, oob_number, 0},
    {"receive-oob-other-relay", SIM, oob_other_relay, 0},
    {"receive-oob-lengths", SIM, oob_lengths, 0},
    {"receive-data-lengths", SIM, data_lengths, 0},
    {"TN-20", SIM, tn20, 0},
    {"receive-data-registered", SIM, data_registered, 0},
    {"receive-two-relays", BOTH, data_two_relays, 0},
    {"receive-sleeping-peer", SIM, sleeping_peer, 0},
    {"receive-onion-forwarding", BOTH, onion_and_forwarding, 0},
    {"TN-56", SIM, tn56, 0},
    {"receive-order", SIM, order, 0},
    {"receive-ping-flood", SIM, ping_flood, 0},
    {"receive-no-callbacks", SIM, no_callbacks, 0},
    {"receive-batch", BOTH, batch, 0},
    {NULL, 0, NULL, 0},
};
