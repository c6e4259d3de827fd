/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every entry point inside every callback. Where the original cannot survive it, only ours runs
 * it, and the check says so. */
#include "suite.h"

static Callback during;
static void (*action)(const Called *call);
static bool ran;

static void once(const Called *call)
{
    if (call->which == during && !ran) {
        ran = true;
        action(call);
    }
}

/* Peers 0 and 1 online on R0 and R1; then one batch with each kind of packet on R0, the action in
 * the first callback of the kind, and another batch. Two of each kind without an action. */
static void around(Callback which, void (*what)(const Called *call))
{
    world_again();
    ran = false;
    during = which;
    action = what;
    peer_on(0, 0, 1);
    api_peer(1);
    api_number(1, 0);
    api_number(1, 1);

    for (int r = 0; r < 2; ++r) {
        online(r, 0, 16);
        online(r, 1, 17);
    }

    world.hook = once;

    for (int round = 0; round < 2; ++round) {
        for (int twice = 0; twice < 2 && relays[0].link >= 0; ++twice) {
            relay_data(0, 16, 3, (uint8_t)round);
            relay_data(0, 17, 3, (uint8_t)round);
            relay_oob(0, 4, 3, (uint8_t)round);
            relay_plain(0, 9, 3, (uint8_t)round);
            relay_plain(0, 11, 3, (uint8_t)round);
        }

        if (world.tc != NULL) {
            pass();
        }
    }

    expect("the action ran", ran, true);
}

static void around_each(void (*what)(const Called *call), long original, long ours)
{
    for (Callback which = CB_DATA; which <= CB_FORWARD; ++which) {
        around(which, what);
        expect_new("callbacks", world.all_calls, original, ours);
    }
}

static void nothing(const Called *call)
{
    (void)call;
}

static void plain(void)
{
    around_each(nothing, 20, 20);
}

static void kill_peer(const Called *call)
{
    (void)call;
    expect("kill", api_kill(0), 0);
}

/* The peer is gone: what is left of its data is for nobody. In the original its number is still
 * there for unknown ids, peer 0, which does not exist now. */
static void kill_peer_each(void)
{
    for (Callback which = CB_DATA; which <= CB_FORWARD; ++which) {
        around(which, kill_peer);
        t_line("callbacks %u", world.all_calls);
        expect("A online", api_online(0), 0);
        expect("B online", api_online(1), 2);
        expect("B send", api_send(1, 3, 1), 0);
        expect("connected", connected(), 2);
    }
}

static void kill_other_peer(const Called *call)
{
    (void)call;
    expect("kill", api_kill(1), 0);
}

static void kill_other_peer_each(void)
{
    for (Callback which = CB_DATA; which <= CB_FORWARD; ++which) {
        around(which, kill_other_peer);
        t_note("callbacks %u", world.all_calls);
        expect("A online", api_online(0), 2);
        expect("A send", api_send(0, 3, 1), 0);
    }
}

static void kill_and_new(const Called *call)
{
    (void)call;
    expect("kill", api_kill(0), 0);
    expect("new", api_peer(0), 0);
    expect("add", api_add(0, 0), 0);
    expect("add", api_add(0, 1), 0);
}

static void kill_and_new_each(void)
{
    for (Callback which = CB_DATA; which <= CB_FORWARD; ++which) {
        around(which, kill_and_new);
        t_note("callbacks %u", world.all_calls);
        expect("A online", api_online(0), 0);
        online(0, 0, 16);
        online(1, 0, 16);
        expect("A online", api_online(0), 2);
        expect("A send", api_send(0, 3, 1), 0);
    }
}

static void kill_other_relay(const Called *call)
{
    (void)call;
    expect("kill", api_kill_relay(1), 0);
}

static void kill_other_relay_each(void)
{
    around_each(kill_other_relay, 20, 20);
    expect("online", api_online(0), 1);
    expect("count", count(), 1);
}

/* Senders of every kind, on the relay that is being read. */
static void send_all(const Called *call)
{
    (void)call;
    Node_format nodes[3];
    const IP_Port address = relay_address(0);
    expect("send A", api_send(0, 3, 1), 0);
    expect("send B", api_send(1, 3, 1), 0);
    expect("oob", api_oob(0, 4, 3, 1), 0);
    expect("oob by key", api_oob_key(0, 4, 3, 1), 0);
    expect("onion", api_onion(0, 3, 1), 0);
    expect("forward", tcp_send_forward_request(world.log, world.tc, &address, &address, NULL, 0, payload(1), 3), 0);
    expect("onion on", api_onion_status(true), 0);
    expect("random", get_random_tcp_onion_conn_number(world.tc) >= 0, true);
    expect("copy", tcp_copy_connected_relays(world.tc, nodes, 3), 2);
    expect("copy", tcp_copy_connected_relays_index(world.tc, nodes, 1, 0), 1);
    expect("count", count(), 2);
    expect("connected", connected(), 2);
    expect("online", api_online(0), 2);
    expect("status", api_status(0, false), 0);
    expect("status", api_status(1, true), -1);
}

static void send_all_each(void)
{
    around_each(send_all, 20, 20);
    expect("connected", connected(), 2);
}

/* More relays and peers than fit into the storage that is there. */
static void grow(const Called *call)
{
    (void)call;

    for (int r = 2; r < 40; ++r) {
        if (api_global(r) != 0) {
            fail("relay %d", r);
        }
    }

    for (int p = 2; p < 200; ++p) {
        if (api_peer(p) != p || api_number(p, 0) != 0) {
            fail("peer %d", p);
        }
    }
}

static void grow_each(void)
{
    for (Callback which = CB_DATA; which <= CB_FORWARD; ++which) {
        QUIETLY(around(which, grow));
        expect("callbacks", world.all_calls, 20);
        expect("count", count(), 40);
        expect("online", api_online(1), 2);
        world.peers = 0;
    }
}

/* Killing the relay whose packets are being read: the original's assertion or worse. */
static void kill_this_relay(const Called *call)
{
    (void)call;
    expect("kill", api_kill_relay(0), 0);
}

static void kill_this_relay_each(void)
{
    for (Callback which = CB_DATA; which <= CB_FORWARD; ++which) {
        around(which, kill_this_relay);
        expect("callbacks", world.all_calls <= 10, 1);
        expect("online", api_online(0), 1);
        expect("send", api_send(0, 3, 1), 0);
        expect("connected", connected(), 1);
        run_seconds(10);
        expect("add again", api_add(0, 0), 0);
        up(0);
        expect("connected", connected(), 2);
    }
}

static void kill_all(const Called *call)
{
    (void)call;
    kill_tcp_connections(world.tc);
    world.tc = NULL;
}

static void kill_object_each(void)
{
    for (Callback which = CB_DATA; which <= CB_FORWARD; ++which) {
        around(which, kill_all);
        expect("callbacks", world.all_calls <= 5, 1);
        expect("sockets", far_end->open_sockets(), 0);
    }
}

/* A pass inside a callback: nothing is delivered twice, nothing is lost. */
static void nested_pass(const Called *call)
{
    (void)call;
    do_tcp_connections(world.log, world.tc, world.userdata);
}

static void nested_each(void)
{
    for (Callback which = CB_DATA; which <= CB_FORWARD; ++which) {
        around(which, nested_pass);
        expect("callbacks", world.all_calls, 20);
        expect("online", api_online(0), 2);
        expect("connected", connected(), 2);
    }
}

static void kill_this_relay_ours(void)
{
    ours_only("the original does not survive this", kill_this_relay_each);
}

static void kill_object_ours(void)
{
    ours_only("the original does not survive this", kill_object_each);
}

static void nested_ours(void)
{
    ours_only("forbidden in the original", nested_each);
}

const Scenario reentry_scenarios[] = {
    {"reentry-nothing", SIM, plain, 0},
    {"reentry-kill-peer", SIM, kill_peer_each, 0},
    {"reentry-kill-other-peer", SIM, kill_other_peer_each, 0},
    {"reentry-kill-and-new", SIM, kill_and_new_each, 0},
    {"reentry-kill-other-relay", SIM, kill_other_relay_each, 0},
    {"reentry-send-all", SIM, send_all_each, 0},
    {"reentry-grow", SIM, grow_each, 0},
    {"reentry-kill-this-relay", SIM, kill_this_relay_ours, 0},
    {"reentry-kill-object", SIM, kill_object_ours, 0},
    {"reentry-nested-pass", SIM, nested_ours, 0},
    {NULL, 0, NULL, 0},
};
