/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Routing requests, responses and notifications: the table of connection ids. */
#include "diff.h"

#include <string.h>

/* A response that nobody asked for. */
static void tc17(void)
{
    confirmed();
    relay_response(20, peer_key(9));
    step();
    expect_new("response callbacks", world.calls[CB_RESPONSE], 1, 0);
    expect("status", status(), 6);
    expect_new("set number", do_set_number(4, 1), 0, -1);
}

static void tc18(void)
{
    confirmed();
    make_registered(4, 9);
    expect("response callbacks", world.calls[CB_RESPONSE], 1);
    do_routing_request(peer_key(10));
    relay_response(20, peer_key(10));
    step();
    expect("response callbacks", world.calls[CB_RESPONSE], 1);
    do_set_number(4, 55);
    relay_notify(2, 20);
    step();
    expect("status callbacks", world.calls[CB_STATUS], 1);
}

static void tc19(void)
{
    confirmed();
    do_routing_request(peer_key(9));
    relay_response(0, peer_key(9));
    relay_response(15, peer_key(9));
    step();
    expect("response callbacks", world.calls[CB_RESPONSE], 0);
    expect("status", status(), 6);
}

static void tc20(void)
{
    for (size_t length = 33; length <= 35; length += 2) {
        world_again();
        confirmed();
        do_routing_request(peer_key(9));
        uint8_t packet[35] = {1, 20};
        memset(packet + 2, 9, 33);
        relay_packet(packet, length);
        step();
        expect("status", status(), 7);
        expect("response callbacks", world.calls[CB_RESPONSE], 0);
    }
}

static void tc21(void)
{
    confirmed();
    make_registered(4, 9);
    do_set_number(4, 77);
    relay_notify(2, 20);
    relay_notify(2, 20);
    step();
    expect("status callbacks", world.calls[CB_STATUS], 1);
}

static void tc22(void)
{
    confirmed();
    make_registered(4, 9);
    relay_notify(3, 20);
    step();
    expect("status callbacks", world.calls[CB_STATUS], 0);
    relay_notify(2, 20);
    step();
    relay_notify(3, 20);
    step();
    expect("status callbacks", world.calls[CB_STATUS], 2);
    relay_notify(3, 20);
    step();
    expect("status callbacks", world.calls[CB_STATUS], 2);
    /* and online again */
    relay_notify(2, 20);
    step();
    expect("status callbacks", world.calls[CB_STATUS], 3);
}

static void tc23(void)
{
    static const uint8_t ids[] = {15, 0};
    confirmed();
    relay_notify(2, 30);
    relay_notify(3, 30);
    relay_notify(2, 255);
    relay_notify(3, 16);
    step();
    expect("status callbacks", world.calls[CB_STATUS], 0);
    expect("status", status(), 6);

    for (uint8_t kind = 2; kind <= 3; ++kind) {
        for (size_t i = 0; i < sizeof(ids); ++i) {
            world_again();
            confirmed();
            relay_notify(kind, ids[i]);
            step();
            expect("status", status(), 7);
        }
    }
}

static void notify_lengths(void)
{
    for (uint8_t kind = 2; kind <= 3; ++kind) {
        world_again();
        confirmed();
        const uint8_t packet[3] = {kind, 20, 1};
        relay_packet(packet, sizeof(packet));
        step();
        expect("status", status(), 7);
    }
}

/* The number given to the callbacks; read through a disconnect notification, which changes
 * nothing else, because data for an id that is not online may be dropped. */
static void tc25(void)
{
    confirmed();
    make_online(4, 9);
    relay_data(20, 3, 1);
    step();
    expect("set number", do_set_number(4, 77), 0);
    relay_data(20, 3, 1);
    step();
    relay_notify(3, 20);
    step();
    do_disconnect_request(4);
    expect("set number", do_set_number(4, 78), -1);
    /* the same id again, for another peer: the number starts over */
    make_online(4, 10);
    relay_data(20, 3, 1);
    step();
    expect("data callbacks", world.calls[CB_DATA], 3);
}

/* Data for the id after the disconnect request: in flight, or sent by a relay that forgets. */
static void tc25_after_disconnect(void)
{
    confirmed();
    make_online(4, 9);
    do_set_number(4, 77);
    relay_data(20, 3, 1);
    do_disconnect_request(4);
    step();
    expect_new("data callbacks", world.calls[CB_DATA], 1, 0);
}

static void tc26(void)
{
    confirmed();
    expect("unused id", do_set_number(4, 1), -1);
    expect("id 240", do_set_number(240, 1), -1);
    expect("id 255", do_set_number(255, 1), -1);
    make_registered(4, 9);
    expect("registered id", do_set_number(4, 1), 0);
    make_registered(239, 10);
    expect("id 239", do_set_number(239, 4294967295U), 0);
}

/* Each of the 240 ids once, lowest and highest included. */
static void all_ids(void)
{
    confirmed();
    relay.silent = true;

    for (unsigned id = 0; id < 240; ++id) {
        make_online((uint8_t)id, (uint8_t)(id + 1));
        do_set_number((uint8_t)id, 1000 + id);
    }

    expect("response callbacks", world.calls[CB_RESPONSE], 240);
    expect("status callbacks", world.calls[CB_STATUS], 240);

    for (unsigned id = 0; id < 240; ++id) {
        relay_data((uint8_t)(id + 16), 5, (uint8_t)id);
    }

    step();
    expect("data callbacks", world.calls[CB_DATA], 240);
}

/* A refusal ends the request: a later response for this key was not asked for. */
static void refusal_ends(void)
{
    confirmed();
    do_routing_request(peer_key(9));
    relay_response(0, peer_key(9));
    step();
    relay_response(20, peer_key(9));
    step();
    expect_new("response callbacks", world.calls[CB_RESPONSE], 1, 0);
}

static void other_key(void)
{
    confirmed();
    do_routing_request(peer_key(9));
    relay_response(20, peer_key(10));
    step();
    expect_new("response callbacks", world.calls[CB_RESPONSE], 1, 0);
    relay_response(21, peer_key(9));
    step();
    expect_new("response callbacks", world.calls[CB_RESPONSE], 2, 1);
}

/* One request, several ids for the same key. */
static void two_ids(void)
{
    confirmed();
    do_routing_request(peer_key(9));
    relay_response(20, peer_key(9));
    relay_response(21, peer_key(9));
    step();
    expect_new("response callbacks", world.calls[CB_RESPONSE], 2, 1);
}

/* The same request twice: the C relay answers both with the same id. */
static void twice(void)
{
    confirmed();
    do_routing_request(peer_key(9));
    do_routing_request(peer_key(9));
    relay_response(20, peer_key(9));
    relay_response(20, peer_key(9));
    step();
    expect("response callbacks", world.calls[CB_RESPONSE], 1);
    expect("status", status(), 6);
}

/* Asked again while registered, then freed and asked once more. */
static void again(void)
{
    confirmed();
    make_online(4, 9);
    do_routing_request(peer_key(9));
    relay_response(20, peer_key(9));
    step();
    expect("response callbacks", world.calls[CB_RESPONSE], 1);
    do_disconnect_request(4);
    make_online(5, 9);
    expect("response callbacks", world.calls[CB_RESPONSE], 2);
    do_send_data(5, 3, 1);
    expect("old id", do_send_data(4, 3, 1), -1);
}

/* Several requests, answered in another order. */
static void order(void)
{
    confirmed();

    for (uint8_t i = 1; i <= 5; ++i) {
        expect("result", do_routing_request(peer_key(i)), 1);
    }

    for (uint8_t i = 5; i >= 1; --i) {
        relay_response((uint8_t)(20 + i), peer_key(i));
    }

    step();
    expect("response callbacks", world.calls[CB_RESPONSE], 5);
}

/* Response and notification in one batch, as the C relay sends them; the number is set in the
 * response callback, as the layer above does. */
static void number_in_callback(Callback which, uint8_t con_id)
{
    if (which == CB_RESPONSE) {
        do_set_number(con_id, 88);
    }
}

static void batch(void)
{
    confirmed();
    world.hook = number_in_callback;
    do_routing_request(peer_key(9));
    relay_response(20, peer_key(9));
    relay_notify(2, 20);
    relay_data(20, 4, 1);
    relay_notify(3, 20);
    step();
    expect("status callbacks", world.calls[CB_STATUS], 2);
    expect("data callbacks", world.calls[CB_DATA], 1);
}

const Scenario routing_scenarios[] = {
    {"TC-17", BOTH, tc17, 0},
    {"TC-18", BOTH, tc18, 0},
    {"TC-19", BOTH, tc19, 0},
    {"TC-20", BOTH, tc20, 0},
    {"TC-21", BOTH, tc21, 0},
    {"TC-22", BOTH, tc22, 0},
    {"TC-23", BOTH, tc23, 0},
    {"routing-notify-lengths", SIM, notify_lengths, 0},
    {"TC-25", BOTH, tc25, 0},
    {"TC-25-in-flight", BOTH, tc25_after_disconnect, 0},
    {"TC-26", BOTH, tc26, 0},
    {"routing-all-ids", SIM, all_ids, 0},
    {"routing-refusal-ends", SIM, refusal_ends, 0},
    {"routing-other-key", SIM, other_key, 0},
    {"routing-two-ids", SIM, two_ids, 0},
    {"routing-twice", SIM, twice, 0},
    {"routing-again", SIM, again, 0},
    {"routing-order", BOTH, order, 0},
    {"routing-batch", BOTH, batch, 0},
    {NULL, 0, NULL, 0},
};
