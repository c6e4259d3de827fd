/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What owners do inside callbacks. */
#include "suite.h"

#include <string.h>

static int mine; /* result of what a hook did */

static void tn18_hook(const Called *call)
{
    if (call->which == CB_OOB && call->p == 1) {
        expect("new B", api_peer(1), 1);
        expect("send before the association", api_send(1, 3, 1), -1);
        mine = api_number(1, call->number);
    }
}

static void tn18(void)
{
    peer_on(0, 0, 0);
    world.hook = tn18_hook;
    relay_oob(0, 1, 3, 1);
    pass();
    expect("add", mine, 0);
    expect("request", new_frames(0), 2);
    expect("for B", memcmp(relays[0].last + 1, peer_key(1), 32), 0);
    relay_oob(0, 1, 4, 1);
    pass();
    expect("data callbacks", world.calls[CB_DATA], 1);
    expect("id", world.last_id, 11);
    online(0, 1, 17);
    expect("send", api_send(1, 3, 1), 0);
}

/* As TN-18, the second OOB packet in the same batch. */
static void tn18_batch(void)
{
    peer_on(0, 0, 0);
    world.hook = tn18_hook;
    relay_oob(0, 1, 3, 1);
    relay_oob(0, 1, 4, 1);
    pass();
    expect("oob callbacks", world.calls[CB_OOB], 1);
    expect("data callbacks", world.calls[CB_DATA], 1);
}

static void tn19_hook(const Called *call)
{
    if (call->which == CB_OOB) {
        mine = api_oob(call->number, call->p, 5, 9);
    }
}

static void tn19(void)
{
    api_global(0);
    up(0);
    world.hook = tn19_hook;
    relay_oob(0, 1, 3, 1);
    pass();
    expect("send", mine, 0);
    expect("frames", new_frames(0), 1);
    expect("oob", relays[0].last[0], 6);
}

/* The data callback answers. */
static void reply_hook(const Called *call)
{
    if (call->which == CB_DATA) {
        mine = api_send(0, call->len, 7);
    }
}

static void reply(void)
{
    peer_on(0, 0, 0);
    online(0, 0, 16);
    world.hook = reply_hook;

    for (int i = 0; i < 3; ++i) {
        relay_data(0, 16, (size_t)(10 + i), 1);
    }

    new_frames(0);
    pass();
    expect("send", mine, 0);
    expect("frames", new_frames(0), 3);
}

/* TN-55. */
static void tn55_hook(const Called *call)
{
    if (call->which != CB_DATA || world.calls[CB_DATA] > 1) {
        return;
    }

    expect("kill A", api_kill(0), 0);
    expect("new B", api_peer(1), 0);

    for (int r = 1; r <= 3; ++r) {
        expect("add a new relay", api_add(0, r), 0);
    }

    expect("add the current relay", api_add(0, 0), 0);
    expect("send to B", api_send(0, 3, 1), -1);
}

static void tn55(void)
{
    peer_on(0, 0, 0);
    online(0, 0, 16);
    new_frames(0);
    world.hook = tn55_hook;
    Bytes out = {0};
    uint8_t packet[4] = {16, 1, 2, 3};

    for (int i = 0; i < 3; ++i) {
        packet[1] = (uint8_t)i;
        relay_put(0, &out, packet, sizeof(packet));
    }

    relay_write(0, &out);
    pass();
    expect_new("data callbacks", world.calls[CB_DATA], 3, 1);
    expect_new("id of the last", world.last_id, 11, 10);
    expect("frames", new_frames(0), 2);
    expect("count", count(), 4);
    pass();

    for (int r = 1; r <= 3; ++r) {
        relay_answer(r);
    }

    passes(2);
    expect("requests", new_frames(1) + new_frames(2) + new_frames(3), 3);
    online(0, 1, 16);
    expect("send to B", api_send(0, 3, 1), 0);
}

/* Relays added in a callback get numbers above the running one, and are run in the same pass; the
 * handshake leaves at once. */
static void add_hook(const Called *call)
{
    (void)call;

    if (world.all_calls == 1) {
        expect("add", api_global(1), 0);
        expect("add", api_global(2), 0);
    }
}

static void add_relays(void)
{
    api_global(0);
    up(0);
    world.hook = add_hook;
    relay_plain(0, 9, 3, 1);
    pass();
    expect("handshake in the same pass", relays[1].handshakes, 1);
    expect("handshake in the same pass", relays[2].handshakes, 1);
}

/* A relay in a hole below the running one has its first turn in the next pass. */
static void add_below(void)
{
    api_global(0);
    api_global(3);
    up_all(3, 3);
    relay_answer(0);
    passes(2);
    api_kill_relay(0);
    world.hook = add_hook;
    relay_plain(3, 9, 3, 1);
    pass();
    expect("lower number: not yet", relays[1].handshakes, 0);
    expect("higher number: already", relays[2].handshakes, 1);
    pass();
    expect("lower number", relays[1].handshakes, 1);
}

/* Another object is used inside a callback. */
static TCP_Connections *other;

static void other_hook(const Called *call)
{
    (void)call;
    const IP_Port address = relay_address(5);
    expect("peer", new_tcp_connection_to(other, peer_key(1), 11), 0);
    expect("relay", add_tcp_relay_connection(other, 0, &address, relays[5].pk), 0);
    expect("send", send_packet_tcp_connection(other, 0, payload(1), 3), -1);
    do_tcp_connections(world.log, other, NULL);
    kill_tcp_connections(other);
    other = NULL;
}

static void other_object(void)
{
    uint8_t key[32];
    memset(key, 0x42, sizeof(key));
    other = new_tcp_connections(world.log, &test_random, far_end->network(), world.mono, key, &world.proxy);
    api_global(0);
    up(0);
    world.hook = other_hook;
    relay_plain(0, 9, 3, 1);
    pass();
    world.hook = NULL;
    expect("killed", other == NULL, true);
    relay_plain(0, 9, 3, 1);
    pass();
    expect("callbacks", world.calls[CB_ONION], 2);
}

/* Callbacks taken away inside a callback: the rest of the batch meets none. */
static void unset_hook(const Called *call)
{
    (void)call;
    unregister_callbacks();
}

static void unset_inside(void)
{
    peer_on(0, 0, 0);
    online(0, 0, 16);
    world.hook = unset_hook;
    relay_plain(0, 9, 3, 1);
    relay_data(0, 16, 3, 1);
    relay_oob(0, 1, 3, 1);
    relay_plain(0, 11, 3, 1);
    pass();
    expect("callbacks", world.all_calls, 1);
    world.hook = NULL;
    register_callbacks();
    relay_data(0, 16, 3, 1);
    pass();
    expect("callbacks", world.all_calls, 2);
}

/* Replaced inside a callback: the next packet meets the new one, with its own object. */
static unsigned replaced;

static int other_data(void *obj, int id, const uint8_t *bytes, uint16_t len, void *userdata)
{
    (void)bytes;
    t_line("the other callback: id %d len %u", id, len);
    replaced += obj == &replaced && userdata == world.userdata ? 1 : 0;
    return -1;
}

static void replace_hook(const Called *call)
{
    (void)call;
    set_packet_tcp_connection_callback(world.tc, other_data, &replaced);
}

static void replace_inside(void)
{
    peer_on(0, 0, 0);
    online(0, 0, 16);
    world.hook = replace_hook;
    relay_data(0, 16, 3, 1);
    relay_data(0, 16, 4, 1);
    relay_oob(0, 0, 5, 1);
    pass();
    expect("first callback", world.calls[CB_DATA], 1);
    expect("second callback", replaced, 2);
    expect("its -1 does not matter", connected(), 1);
}

/* Statuses change inside the callback; the sleep rule looks at them in the same pass. */
static void sleep_hook(const Called *call)
{
    (void)call;
    expect("false", api_status(0, false), 0);
}

static void sleep_inside(void)
{
    peer_on(0, 0, 1);
    online(0, 0, 16);
    online(1, 0, 17);
    run_seconds(20);
    world.hook = sleep_hook;
    relay_data(0, 16, 3, 1);
    pass();
    expect("both sleep in the same pass", connected(), 0);
}

static void wake_hook(const Called *call)
{
    (void)call;
    expect("true", api_status(0, true), 0);
}

/* Woken inside a callback of a relay with a lower number: reopened in the same pass. */
static void wake_inside(void)
{
    api_global(0);
    peer_on(0, 1, 1);
    relay_answer(0);
    passes(2);
    online(1, 0, 16);
    api_status(0, false);
    run_seconds(10);
    expect("connected", connected(), 1);
    new_connections(1);
    world.hook = wake_hook;
    relay_plain(0, 9, 3, 1);
    pass();
    expect("connections", new_connections(1), 1);
}

const Scenario callback_scenarios[] = {
    {"TN-18", BOTH, tn18, 0},
    {"TN-18-batch", SIM, tn18_batch, 0},
    {"TN-19", BOTH, tn19, 0},
    {"callback-reply", BOTH, reply, 0},
    {"TN-55", BOTH, tn55, 0},
    {"callback-add-relays", SIM, add_relays, 0},
    {"callback-add-below", SIM, add_below, 0},
    {"callback-other-object", SIM, other_object, 0},
    {"callback-unset-inside", SIM, unset_inside, 0},
    {"callback-replace-inside", SIM, replace_inside, 0},
    {"callback-sleep-inside", SIM, sleep_inside, 0},
    {"callback-wake-inside", SIM, wake_inside, 0},
    {NULL, 0, NULL, 0},
};
