/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Slots: what routing responses and notifications do, in every state they can meet. */
#include "suite.h"

static void tn15(void)
{
    peer_on(0, 0, 1);
    expect("none", api_online(0), 0);
    registered(0, 0, 16);
    expect("registered only", api_online(0), 0);
    relay_notify(0, 2, 16);
    pass();
    expect("one", api_online(0), 1);
    online(1, 0, 30);
    expect("two", api_online(0), 2);
    relay_notify(0, 3, 16);
    pass();
    expect("back to one", api_online(0), 1);
    relay_notify(1, 3, 30);
    pass();
    expect("none", api_online(0), 0);
    relay_notify(0, 2, 16);
    relay_notify(1, 2, 30);
    pass();
    expect("two again", api_online(0), 2);
}

static void tn21(void)
{
    peer_on(0, 0, 0);
    relay_response(0, 16, 5);
    relay_notify(0, 2, 16);
    pass();
    expect("online", api_online(0), 0);
    expect("callbacks", world.all_calls, 0);
    expect("send", api_send(0, 3, 1), -1);
    /* the relay gives the peer another id */
    online(0, 0, 17);
    expect("online", api_online(0), 1);
}

/* TN-22 and C-14: a refusal. Ours asks again while the peer is awake. */
static void tn22(void)
{
    peer_on(0, 0, 0);
    expect("requests", new_frames(0), 1);
    relay_response(0, 0, 0);
    pass();
    expect("online", api_online(0), 0);
    expect("send", api_send(0, 3, 1), -1);
    expect("requests", new_frames(0), 0);
    QUIETLY(run_seconds(9));
    expect("requests within 9 s", new_frames(0), 0);
    QUIETLY(run_seconds(60));
    expect_new("asked again", new_frames(0) > 0, 0, 1);
    expect("connected", connected(), 1);
    expect("callbacks", world.all_calls, 0);
}

/* All wire ids below 16 mean a refusal. */
static void refusing_ids(void)
{
    peer_on(0, 0, 0);
    relay_response(0, 15, 0);
    pass();
    expect("send", api_send(0, 3, 1), -1);
    expect("connected", connected(), 1);
}

static void response_twice(void)
{
    peer_on(0, 0, 0);
    registered(0, 0, 16);
    expect("oob", api_send(0, 3, 1), 0);
    relay_response(0, 16, 0);
    pass();
    relay_notify(0, 2, 16);
    pass();
    expect("online", api_online(0), 1);
    relay_response(0, 16, 0);
    pass();
    expect("still online", api_online(0), 1);
}

/* TN-57: two ids for one key, both online. */
static void tn57(void)
{
    peer_on(0, 0, 0);
    online(0, 0, 16);
    expect("online", api_online(0), 1);
    relay_response(0, 17, 0);
    pass();
    expect_new("online after a second id", api_online(0), 0, 1);
    relay_notify(0, 2, 17);
    pass();
    expect("online", api_online(0), 1);
    expect("send", api_send(0, 3, 1), 0);
    expect_new("by the second id", relays[0].last[0], 17, 16);
}

/* C-10: with the leaked lock the relay is never surplus. */
static void c10(void)
{
    peer_on(0, 0, 0);
    online(0, 0, 16);
    relay_response(0, 17, 0);
    relay_notify(0, 2, 17);
    pass();
    relay_notify(0, 3, 16);
    relay_notify(0, 3, 17);
    pass();
    expect_new("online", api_online(0), 0, 0);
    expect("kill A", api_kill(0), 0);
    clock_add(20);
    pass();
    expect("new B", api_peer(1), 0);

    for (int r = 1; r <= 3; ++r) {
        expect("add for B", api_add(0, r), 0);
    }

    up_all(1, 3);
    expect_new("connected", connected(), 4, 3);
    expect_new("relay 0 is there", api_oob(0, 5, 3, 1), 0, -1);
}

/* A second id before the first is online. */
static void second_id_registered(void)
{
    peer_on(0, 0, 0);
    registered(0, 0, 16);
    registered(0, 0, 17);
    relay_notify(0, 2, 17);
    pass();
    expect("online by the second", api_online(0), 0);
    relay_notify(0, 2, 16);
    pass();
    expect("online", api_online(0), 1);
    expect("send", api_send(0, 3, 1), 0);
    expect("by the first id", relays[0].last[0], 16);
}

/* Responses nobody asked for. */
static void unasked(void)
{
    api_peer(0);
    api_global(0);
    up(0);
    relay_response(0, 16, 0); /* A exists, but not on this relay */
    relay_notify(0, 2, 16);
    pass();
    expect("online", api_online(0), 0);
    expect("add", api_number(0, 0), 0);
    relay_response(0, 17, 0);
    relay_notify(0, 2, 17);
    pass();
    expect("online", api_online(0), 1);
}

static void notify_twice(void)
{
    peer_on(0, 0, 0);
    online(0, 0, 16);
    relay_notify(0, 2, 16);
    pass();
    expect("online", api_online(0), 1);
    relay_notify(0, 3, 16);
    relay_notify(0, 3, 16);
    pass();
    expect("offline", api_online(0), 0);
    relay_notify(0, 2, 16);
    pass();
    expect("online", api_online(0), 1);
    expect("connected", connected(), 1);
}

/* Notifications for ids without a peer, and before the response. */
static void notify_nobody(void)
{
    peer_on(0, 0, 0);
    relay_notify(0, 2, 16);
    relay_notify(0, 3, 17);
    relay_notify(0, 2, 255);
    pass();
    expect("online", api_online(0), 0);
    relay_notify(0, 3, 16);
    registered(0, 0, 16);
    relay_notify(0, 3, 16);
    pass();
    expect("registered", api_send(0, 3, 1), 0);
    expect("as oob", relays[0].last[0], 6);
}

/* Response, notification, data and the end of it in one batch. */
static void one_batch(void)
{
    peer_on(0, 0, 0);
    relay_response(0, 16, 0);
    relay_notify(0, 2, 16);
    relay_data(0, 16, 4, 1);
    relay_notify(0, 3, 16);
    pass();
    expect("data callbacks", world.calls[CB_DATA], 1);
    expect("id", world.last_id, 10);
    expect("online", api_online(0), 0);
}

/* The same id on two relays, and two ids on one relay: nothing mixes. */
static void ids_per_relay(void)
{
    peer_on(0, 0, 1);
    api_peer(1);
    api_number(1, 0);
    api_number(1, 1);
    online(0, 0, 16);
    online(0, 1, 17);
    online(1, 1, 16);
    online(1, 0, 17);
    relay_data(0, 16, 3, 1);
    pass();
    expect("R0 16 is A", world.last_id, 10);
    relay_data(1, 16, 3, 1);
    pass();
    expect("R1 16 is B", world.last_id, 11);
    relay_data(1, 17, 3, 1);
    pass();
    expect("R1 17 is A", world.last_id, 10);
    relay_notify(1, 3, 16);
    pass();
    expect("A", api_online(0), 2);
    expect("B", api_online(1), 1);
}

/* The lowest and the highest id. */
static void id_range(void)
{
    peer_on(0, 0, 0);
    online(0, 0, 255);
    expect("send", api_send(0, 3, 1), 0);
    expect("id", relays[0].last[0], 255);
    expect("kill", api_kill(0), 0);
    expect("disconnect", relays[0].last[1], 255);
}

/* An id that the relay gives to another peer after it was freed. */
static void id_reused(void)
{
    peer_on(0, 0, 0);
    online(0, 0, 16);
    api_peer(1);
    api_kill(0);
    api_number(1, 0);
    online(0, 1, 16);
    relay_data(0, 16, 3, 1);
    pass();
    expect("id", world.last_id, 11);
    expect("online", api_online(1), 1);
}

/* 240 peers on one relay: every id there is, and one peer more, which is refused. */
static void all_ids(void)
{
    api_global(0);
    up(0);
    relays[0].silent = true;
    quiet_begin();

    for (int p = 0; p < 241; ++p) {
        api_peer(p);
        api_number(p, 0);

        if (p < 240) {
            relay_response(0, (uint8_t)(16 + p), p);
            relay_notify(0, 2, (uint8_t)(16 + p));
        } else {
            relay_response(0, 0, p);
        }
    }

    passes(2);
    int online_now = 0;

    for (int p = 0; p < 241; ++p) {
        online_now += api_online(p);
        relay_data(0, (uint8_t)(16 + p % 240), 3, (uint8_t)p);
    }

    pass();
    quiet_end();
    expect("online", online_now, 240);
    expect("data callbacks", world.calls[CB_DATA], 241);
    expect("send to the last", api_send(239, 3, 1), 0);
    expect("send to the refused", api_send(240, 3, 1), -1);
}

const Scenario slot_scenarios[] = {
    {"TN-15", BOTH, tn15, 0},
    {"TN-21", SIM, tn21, 0},
    {"TN-22", SIM, tn22, 0},
    {"slot-refusing-ids", SIM, refusing_ids, 0},
    {"slot-response-twice", SIM, response_twice, 0},
    {"TN-57", SIM, tn57, 0},
    {"C-10", SIM, c10, 0},
    {"slot-second-id-registered", SIM, second_id_registered, 0},
    {"slot-unasked", SIM, unasked, 0},
    {"slot-notify-twice", SIM, notify_twice, 0},
    {"slot-notify-nobody", SIM, notify_nobody, 0},
    {"slot-one-batch", BOTH, one_batch, 0},
    {"slot-ids-per-relay", SIM, ids_per_relay, 0},
    {"slot-id-range", SIM, id_range, 0},
    {"slot-id-reused", SIM, id_reused, 0},
    {"slot-all-ids", SIM, all_ids, 0},
    {NULL, 0, NULL, 0},
};
