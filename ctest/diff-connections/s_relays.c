/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Relays: adding, connecting, addresses, numbers, and relays that never come up. */
#include "suite.h"

#include <string.h>

static void tn05(void)
{
    api_peer(0);
    expect("add", api_add(0, 0), 0);
    expect("again", api_add(0, 0), -1);
    expect("count", count(), 1);
    expect("connections", new_connections(0), 1);
    up(0);
    expect("again", api_add(0, 0), -1);
    expect("by number", api_number(0, 0), -1);
    expect("requests", new_frames(0), 1);
}

static void tn06(void)
{
    relay_at(0)->show_pings = true;
    api_peer(0);
    api_add(0, 0);
    pass();
    expect("connected", connected(), 0);
    relay_answer(0);
    pass();
    expect("connected", connected(), 1);
    expect("pings", relays[0].pings, 1);
    expect("frames", new_frames(0), 1);
    expect("routing request", relays[0].last[0], 0);
    expect("key", memcmp(relays[0].last + 1, peer_key(0), 32), 0);
    passes(3);
    expect("no more frames", new_frames(0), 0);
}

static void tn07(void)
{
    api_peer(0);
    api_peer(1);
    api_add(1, 0);
    expect("add to A", api_number(0, 0), 0);
    up(0);
    expect("requests", new_frames(0), 2);
    expect("last is B", memcmp(relays[0].last + 1, peer_key(1), 32), 0);
}

/* Peer order is that of numbers, not of age. */
static void request_order(void)
{
    for (int p = 0; p < 3; ++p) {
        api_peer(p);
    }

    api_kill(0);
    api_peer(3);
    api_add(2, 0);
    api_number(0, 0);
    api_number(1, 0);
    up(0);
    expect("requests", new_frames(0), 3);
    expect("last is the highest number", memcmp(relays[0].last + 1, peer_key(2), 32), 0);
}

/* A connected relay is asked at once. */
static void add_to_connected(void)
{
    api_global(0);
    up(0);
    expect("frames", new_frames(0), 0);
    api_peer(0);
    expect("add", api_add(0, 0), 0);
    expect("request", new_frames(0), 1);
    api_peer(1);
    expect("add by number", api_number(1, 0), 0);
    expect("request", new_frames(0), 1);
    pass();
    expect("frames", new_frames(0), 0);
}

static void global_twice(void)
{
    expect("add", api_global(0), 0);
    expect("again", api_global(0), -1);
    up(0);
    expect("again", api_global(0), -1);
    expect("count", count(), 1);
    expect("connections", new_connections(0), 1);
}

/* A relay that never answers and is nobody's. */
static void never_accepts(void)
{
    api_global(0);
    run_seconds(9);
    expect("count at +9", count(), 1);
    run_seconds(1);
    expect("count at +10", count(), 0);
    run_seconds(30);
    expect("connections", new_connections(0), 1);
}

/* TN-45: the same for a peer. */
static void tn45(void)
{
    api_peer(0);
    api_add(0, 0);
    run_seconds(9);
    expect("count at +9", count(), 1);
    run_seconds(1);
    expect_new("count at +10", count(), 0, 1);
    expect("online", api_online(0), 0);
    expect("send", api_send(0, 3, 1), -1);
    expect_new("add again", api_add(0, 0), 0, -1);
}

/* Accepts the connection but nothing else: not one byte of the handshake leaves. */
static void never_reads(void)
{
    relay_at(0)->room = 0;
    api_global(0);
    run_seconds(9);
    expect("count at +9", count(), 1);
    run_seconds(1);
    expect("count at +10", count(), 0);
}

/* Its answer comes too late by one pass, or just in time. */
static void late_answer(void)
{
    api_global(0);
    api_global(1);
    run_seconds(9);
    relay_answer(0);
    run_seconds(1);
    expect("connected", connected(), 1);
    expect("count", count(), 1);
}

static void tn48(void)
{
    peer_on(0, 0, 2);
    online(0, 0, 16);
    online(1, 0, 16);
    expect("unknown relay with two online", api_add(0, 4), 0);
    online(2, 0, 16);
    expect("online", api_online(0), 3);
    expect("unknown relay", api_add(0, 3), -1);
    expect("connections to it", new_connections(3), 0);
    expect("known through another", api_global(3), 0);
    expect("known relay", api_add(0, 3), 0);
    expect("known relay again", api_add(0, 3), -1);
    relay_notify(2, 3, 16);
    pass();
    expect("unknown relay with two online", api_add(0, 5), 0);
}

static void tn49(void)
{
    api_global(0);
    api_peer(0);
    const IP_Port other = relay_address(1);
    expect("add with another address", api_add_at(0, &other, 0), 0);
    expect("connections to R1", new_connections(1), 0);
    up(0);
    expect("requests", new_frames(0), 1);
    expect("connected", connected(), 1);
}

/* The wrong address first: the right one is ignored while the wrong one is tried (C-11). */
static void wrong_address_first(void)
{
    const IP_Port wrong = relay_address(1);
    api_peer(0);
    expect("wrong", api_add_at(0, &wrong, 0), 0);
    expect("right", api_add(0, 0), -1);
    pass();
    expect("connections to R0", new_connections(0), 0);
    run_seconds(10);
    expect_new("count", count(), 0, 1);
}

static void tn50(void)
{
    static const int families[] = {12, 2, 0, 1, 3, 10, 11, 14, 130, 255};
    api_peer(0);

    for (int i = 0; i < 10; ++i) {
        IP_Port address = relay_address(i);
        address.ip.family.value = (uint8_t)families[i];
        const bool good = families[i] == 12 || families[i] == 2;

        if (families[i] != 10) {
            const int result = add_tcp_relay_global(world.tc, &address, relays[i].pk);
            t_line("family %d", families[i]);
            expect("global", result, good ? 0 : -1);
            expect("connections", (look(), new_connections(i)), good ? 1 : 0);
        }
    }

    for (int i = 10; i < 13; ++i) {
        relays[i].family = 10;
        IP_Port address = relay_address(i);
        static const uint8_t family[] = {10, 13, 130};
        address.ip.family.value = family[i - 10];
        expect("IPv6", api_add_at(0, &address, i), i < 12 ? 0 : -1);
        expect("connections", new_connections(i), i < 12 ? 1 : 0);
    }

    expect("count", count(), 4);
}

/* An IPv4 address in IPv6 clothes. */
static void mapped_address(void)
{
    IP_Port address = relay_address(0);
    IP_Port mapped = address;
    memset(&mapped.ip.ip, 0, sizeof(mapped.ip.ip));
    mapped.ip.family.value = 10;
    mapped.ip.ip.v6.uint8[10] = mapped.ip.ip.v6.uint8[11] = 0xff;
    memcpy(mapped.ip.ip.v6.uint8 + 12, address.ip.ip.v4.uint8, 4);
    api_peer(0);
    expect("add", api_add_at(0, &mapped, 0), 0);
    up(0);
    expect("connected", connected(), 1);
    Node_format node[2];
    expect("copy", tcp_copy_connected_relays(world.tc, node, 1), 1);
    t_bytes("address", (const uint8_t *)&node[0].ip_port.ip.ip, 16);
    expect("family", node[0].ip_port.ip.family.value, 13);
}

/* A connect that fails at once: from 0.2.21 on the relay is there, and fails like one that refuses. */
#if TOX_ABI == 222

static void tn60(void)
{
    api_peer(0);
    IP_Port bad = relay_address(0);
    addr_parse_ip("255.255.255.255", &bad.ip);
    expect("global", add_tcp_relay_global(world.tc, &bad, relays[0].pk), 0);
    expect("count", count(), 1);
    QUIETLY(run_seconds(9));
    expect("count at +9", count(), 1);
    QUIETLY(run_seconds(1));
    expect("count at +10", count(), 0);
    QUIETLY(expect("for a peer", api_add_at(0, &bad, 0), 0));
    expect("next", api_add(0, 1), 0);
    expect("count", count(), 2);
    QUIETLY(up(1));
    expect("connected", connected(), 1);
    QUIETLY(run_seconds(10));
    expect("count, with the original's hole", count(), 2);
    /* a relay that a peer needs is tried again */
    expect_new("known", tcp_relay_is_valid(world.tc, relays[0].pk), false, true);
}

#else

static void tn60(void)
{
    api_peer(0);
    IP_Port bad = relay_address(0);
    addr_parse_ip("255.255.255.255", &bad.ip);
    expect("add", api_add_at(0, &bad, 0), -1);
    expect_new("count", count(), 1, 0);
    pass();
    expect_new("count", count(), 1, 0);
    expect("next", api_add(0, 1), 0);
    expect("count", count(), 1);
    up(1);
    expect("its number is 0", api_oob(0, 1, 3, 1), 0);
    expect("add", api_add_at(0, &bad, 2), -1);
    expect_new("count", count(), 2, 1);
    expect("kill", api_kill_relay(0), 0);
    expect("count", count(), 0);
}

#endif

static void no_more_sockets(void)
{
    api_peer(0);
    sim_no_sockets = true;
    expect("add", api_add(0, 0), -1);
    expect("global", api_global(1), -1);
    sim_no_sockets = false;
    expect("add", api_add(0, 2), 0);
    expect("count", count(), 1);
    up(2);
    expect("requests", new_frames(2), 1);
}

/* Numbers of relays: lowest hole first, the end is cut off. */
static void numbers(void)
{
    for (int r = 0; r < 5; ++r) {
        api_global(r);
    }

    up_all(0, 2);
    expect("count", count(), 5);
    expect("kill 1", api_kill_relay(1), 0);
    expect("kill 1 again", api_kill_relay(1), -1);
    expect("count with a hole", count(), 5);
    expect("connected", connected(), 2);
    expect("add", api_global(6), 0);
    expect("count", count(), 5);
    up(6);
    expect("its number is 1", api_oob(1, 0, 3, 1), 0);
    expect("R6 got it", new_frames(6), 1);
    api_kill_relay(3);
    api_kill_relay(4);
    expect("count", count(), 3);
    expect("add", api_global(7), 0);
    expect("count", count(), 4);
    api_kill_relay(0);
    api_kill_relay(1);
    api_kill_relay(2);
    expect("count", count(), 4);
    api_kill_relay(3);
    expect("count", count(), 0);
}

/* A relay that is removed leaves all its peers and may come back at once. */
static void kill_relay_with_peers(void)
{
    peer_on(0, 0, 1);
    online(0, 0, 16);
    online(1, 0, 16);
    api_peer(1);
    api_number(1, 0);
    online(0, 1, 17);
    new_frames(0);
    expect("kill", api_kill_relay(0), 0);
    expect("nothing was said", new_frames(0), 0);
    expect("A online", api_online(0), 1);
    expect("B online", api_online(1), 0);
    expect("A send", api_send(0, 3, 1), 0);
    expect("B send", api_send(1, 3, 1), -1);
    run_seconds(10);
    expect("add again", api_add(1, 0), 0);
    up(0);
    expect("requests", new_frames(0), 1);
}

/* The node that runs a relay adds it: our key is the relay's key. */
static void own_relay(void)
{
    kill_tcp_connections(world.tc);
    memcpy(world.self_sk, relay_at(0)->sk, 32);
    memcpy(world.self_pk, relay_at(0)->pk, 32);
    world_open();
    peer_on(0, 0, 0);
    expect("connected", connected(), 1);
    online(0, 0, 16);
    expect("send", api_send(0, 3, 1), 0);
}

/* A peer whose key is that of the relay which leads to it. */
static void peer_is_relay(void)
{
    api_global(0);
    up(0);
    expect("new", new_tcp_connection_to(world.tc, relays[0].pk, 10), 0);
    expect("add", api_number(0, 0), 0);
    uint8_t response[34] = {1, 16};
    memcpy(response + 2, relays[0].pk, 32);
    relay_packet(0, response, sizeof(response));
    relay_notify(0, 2, 16);
    pass();
    expect("online", api_online(0), 1);
}

const Scenario relay_scenarios[] = {
    {"TN-05", BOTH, tn05, 0},
    {"TN-06", BOTH, tn06, 0},
    {"TN-07", SIM, tn07, 0},
    {"relay-request-order", SIM, request_order, 0},
    {"relay-add-to-connected", BOTH, add_to_connected, 0},
    {"relay-global-twice", SIM, global_twice, 0},
    {"relay-never-accepts", BOTH, never_accepts, 0},
    {"TN-45", BOTH, tn45, 0},
    {"relay-never-reads", SIM, never_reads, 0},
    {"relay-late-answer", SIM, late_answer, 0},
    {"TN-48", SIM, tn48, 0},
    {"TN-49", BOTH, tn49, 0},
    {"relay-wrong-address-first", SIM, wrong_address_first, 0},
    {"TN-50", BOTH, tn50, 0},
    {"relay-mapped-address", SIM, mapped_address, 0},
    {"TN-60", BOTH, tn60, 0},
    {"relay-no-more-sockets", SIM, no_more_sockets, 0},
    {"relay-numbers", SIM, numbers, 0},
    {"relay-kill-with-peers", BOTH, kill_relay_with_peers, 0},
    {"relay-own", SIM, own_relay, 0},
    {"relay-peer-is-relay", SIM, peer_is_relay, 0},
    {NULL, 0, NULL, 0},
};
