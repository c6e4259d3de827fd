/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every entry point called from inside every callback, as the layers above do. */
#include "diff.h"

#include <string.h>

#define USERDATA ((void *)(uintptr_t)77)

static unsigned replaced;

static int other_onion(void *obj, const uint8_t *data, uint16_t len, void *userdata)
{
    t_line("replaced onion callback, object %d, userdata %d, length %u, first byte %02x", (int)(uintptr_t)obj,
           userdata == USERDATA, len, data[0]);
    ++replaced;
    return 0;
}

static int other_data(void *obj, uint32_t number, uint8_t con_id, const uint8_t *data, uint16_t len, void *userdata)
{
    t_line("replaced data callback, object %d, number %u, id %u, userdata %d, length %u, first byte %02x",
           (int)(uintptr_t)obj, number, con_id, userdata == USERDATA, len, data[0]);
    ++replaced;
    return 0;
}

/* One entry point per number; the last one says that there are no more. */
static bool enter(unsigned what)
{
    switch (what) {
        case 0:
            do_routing_request(peer_key(77));
            return true;

        case 1:
            do_disconnect_request(4);
            return true;

        case 2:
            do_disconnect_request(5);
            return true;

        case 3:
            do_set_number(4, 4711);
            return true;

        case 4:
            do_send_data(4, 5, 1);
            return true;

        case 5:
            do_send_oob(peer_key(78), 5, 1);
            return true;

        case 6:
            do_send_onion(200, 1);
            return true;

        case 7:
            do_send_forward(2, 5, 1);
            return true;

        case 8:
            onion_response_handler(world.con, other_onion, (void *)(uintptr_t)301);
            routing_data_handler(world.con, other_data, (void *)(uintptr_t)302);
            return true;

        case 9:
            routing_response_handler(world.con, NULL, NULL);
            routing_status_handler(world.con, NULL, NULL);
            routing_data_handler(world.con, NULL, NULL);
            oob_data_handler(world.con, NULL, NULL);
            onion_response_handler(world.con, NULL, NULL);
            forwarding_handler(world.con, NULL, NULL);
            return true;

        case 10:
            tcp_con_set_custom_uint(world.con, tcp_con_custom_uint(world.con) + 1);
            tcp_con_set_custom_object(world.con, (void *)(uintptr_t)9);
            t_line("accessors: %u %d %d %d", tcp_con_custom_uint(world.con),
                   tcp_con_custom_object(world.con) == (void *)(uintptr_t)9,
                   memcmp(tcp_con_public_key(world.con), relay.pk, 32) == 0,
                   tcp_con_ip_port(world.con).port == world.relay_addr.port);
            return true;

        case 11:
            t_line("status inside: %d", status());
            return true;

        case 12:
            net_faults.send_room = 10;
            do_send_data(5, 5, 1);
            do_routing_request(peer_key(79));
            net_faults.send_room = -1;
            return true;

        default:
            return false;
    }
}

static unsigned entered;
static unsigned only_from;

static void hook(Callback which, uint8_t con_id)
{
    (void)con_id;

    if ((unsigned)which == only_from) {
        t_line("enter %u from callback %u", entered, only_from);
        enter(entered);
    }
}

/* A batch that fires every callback twice; the second round meets what the first one changed. */
static void batch(void)
{
    for (uint8_t round = 0; round < 2; ++round) {
        relay_response((uint8_t)(26 + round), peer_key((uint8_t)(30 + round)));
        relay_notify(2, (uint8_t)(26 + round));
        relay_ping(4, 100U + round);
        relay_data(20, 4, round);
        relay_data(21, 4, round);
        relay_keyed(7, peer_key(40), 4, round);
        relay_data(9, 4, round);
        relay_data(11, 4, round);
        relay_notify(3, 20);
        relay_notify(2, 20);
    }
}

static void from(unsigned which)
{
    for (entered = 0; entered <= 12; ++entered) {
        world.hook = NULL;
        world_again();
        confirmed();
        make_online(4, 9);
        make_online(5, 10);
        do_set_number(4, 40);
        do_set_number(5, 50);
        do_routing_request(peer_key(30));
        do_routing_request(peer_key(31));
        t_line("entry point %u from callback %u", entered, which);
        only_from = which;
        world.hook = hook;
        batch();
        steps(2);
        world.hook = NULL;
        expect("stream broken", relay.broken, 0);
        expect("status", status(), 6);
    }
}

static void from_response(void)
{
    from(CB_RESPONSE);
}

static void from_status(void)
{
    from(CB_STATUS);
}

static void from_data(void)
{
    from(CB_DATA);
}

static void from_oob(void)
{
    from(CB_OOB);
}

static void from_onion(void)
{
    from(CB_ONION);
}

static void from_forward(void)
{
    from(CB_FORWARD);
}

/* The step itself, from inside a step: no caller does it, it must only not break anything. */
static void nested_hook(Callback which, uint8_t con_id)
{
    (void)which;
    (void)con_id;
    world.hook = NULL;
    do_TCP_connection(world.log, world.mono, world.con, USERDATA);
    t_line("nested step returned, status %d", status());
}

static void nested_step(void)
{
    confirmed();
    relay_data(9, 4, 1);
    relay_data(9, 5, 2);
    relay_data(9, 6, 3);
    world.hook = nested_hook;
    step();
    expect("onion callbacks", world.calls[CB_ONION], 3);
    expect("status", status(), 6);
}

/* The callback's data must survive the senders it calls: they use buffers of their own. */
static uint8_t seen[64];

static void echo_hook(Callback which, uint8_t con_id)
{
    (void)which;
    do_send_data(con_id, 20, 9);
    do_routing_request(peer_key(33));
}

static int keep_data(void *obj, uint32_t number, uint8_t con_id, const uint8_t *data, uint16_t len, void *userdata)
{
    (void)obj;
    (void)number;
    (void)userdata;
    echo_hook(CB_DATA, con_id);
    memcpy(seen, data, len < sizeof(seen) ? len : sizeof(seen));
    return 0;
}

static void data_survives(void)
{
    confirmed();
    make_online(4, 9);
    routing_data_handler(world.con, keep_data, NULL);
    relay_data(20, 40, 5);
    relay_data(20, 40, 6);
    step();
    expect("data unchanged", memcmp(seen, payload(6), 40) == 0, 1);
}

/* Return values of callbacks are ignored. */
static int refuse_data(void *obj, uint32_t number, uint8_t con_id, const uint8_t *data, uint16_t len, void *userdata)
{
    (void)obj;
    (void)number;
    (void)con_id;
    (void)data;
    (void)len;
    (void)userdata;
    ++replaced;
    return -1;
}

static void results_ignored(void)
{
    confirmed();
    make_online(4, 9);
    replaced = 0;
    routing_data_handler(world.con, refuse_data, NULL);
    relay_data(20, 4, 5);
    relay_data(20, 4, 6);
    step();
    expect("calls", replaced, 2);
    expect("status", status(), 6);
}

static int null_onion(void *obj, const uint8_t *data, uint16_t len, void *userdata)
{
    (void)data;
    replaced += obj == NULL && userdata == NULL && len == 4;
    return 0;
}

/* NULL as object and as userdata is passed on like any other value. */
static void null_tokens(void)
{
    confirmed();
    replaced = 0;
    onion_response_handler(world.con, null_onion, NULL);
    relay_data(9, 4, 1);
    do_TCP_connection(world.log, world.mono, world.con, NULL);
    expect("calls with NULL", replaced, 1);
}

const Scenario reentry_scenarios[] = {
    {"reentry-response", BOTH, from_response, 0},
    {"reentry-status", BOTH, from_status, 0},
    {"reentry-data", BOTH, from_data, 0},
    {"reentry-oob", BOTH, from_oob, 0},
    {"reentry-onion", BOTH, from_onion, 0},
    {"reentry-forwarding", BOTH, from_forward, 0},
    {"reentry-nested-step", SIM, nested_step, 0},
    {"reentry-data-survives", SIM, data_survives, 0},
    {"callback-null-tokens", SIM, null_tokens, 0},
    {"callback-results-ignored", SIM, results_ignored, 0},
    {NULL, 0, NULL, 0},
};
