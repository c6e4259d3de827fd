/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Peers: numbers, keys, status, and calls with numbers that mean nothing. */
#include "suite.h"

/* Every function with a number that nobody has. */
static void calls_with(int conn, unsigned number)
{
    unsigned decoded = 0;
    Node_format nodes[4];
    IP_Port address = relay_address(0);
    t_line("connection %d, relay %u", conn, number);
    expect("kill peer", api_kill(conn), -1);
    expect("status true", api_status(conn, true), -1);
    expect("status false", api_status(conn, false), -1);
    expect("online", api_online(conn), 0);
    expect("send", api_send(conn, 3, 1), -1);
    expect("send nothing", api_send(conn, 0, 1), -1);
    expect("add relay", api_add(conn, 0), -1);
    expect("add number", api_number(conn, number), -1);
    expect("kill relay", api_kill_relay((int)number), -1);
    expect("oob", api_oob(number, 1, 3, 1), -1);
    expect("oob by key", api_oob_key(1, 1, 3, 1), -1);
    expect("onion", api_onion(number, 3, 1), -1);
    expect("forward", tcp_send_forward_request(world.log, world.tc, &address, &address, NULL, 0, payload(1), 3), -1);
    expect("count", count(), 0);
    expect("connected", connected(), 0);
    expect("random relay", get_random_tcp_onion_conn_number(world.tc), -1);
    expect("random address", tcp_get_random_conn_ip_port(world.tc, &address), false);
    expect("copy", tcp_copy_connected_relays(world.tc, nodes, 4), 0);
    expect("copy from index", tcp_copy_connected_relays_index(world.tc, nodes, 4, number), 0);
    expect("decode", ip_port_to_tcp_connections_number(&address, &decoded), false);
    pass();
}

static void tn01(void)
{
    static const int numbers[] = {-1, 0, 1, 100000, INT_MAX, INT_MIN};

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); ++i) {
        calls_with(numbers[i], (unsigned)numbers[i]);
    }
}

/* The same with a peer and a relay in the object. */
static void numbers_beyond(void)
{
    static const int numbers[] = {-1, 1, 100000, INT_MAX, INT_MIN};
    peer_on(0, 0, 0);

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); ++i) {
        const int n = numbers[i];
        expect("kill peer", api_kill(n), -1);
        expect("status", api_status(n, false), -1);
        expect("send", api_send(n, 3, 1), -1);
        expect("online", api_online(n), 0);
        expect("add relay", api_add(n, 0), -1);
        expect("add unknown relay", api_add(n, 1), -1);
        expect("add number", api_number(0, (unsigned)n), -1);
        expect("add number to nobody", api_number(n, 0), -1);
        expect("kill relay", api_kill_relay(n), -1);
        expect("oob", api_oob((unsigned)n, 1, 3, 1), -1);
        expect("onion", api_onion((uint32_t)n, 3, 1), -1);
    }

    expect("count", count(), 1);
    expect("connections to R1", new_connections(1), 0);
}

static void tn02(void)
{
    expect("new A", api_peer(0), 0);
    expect("new B", api_peer(1), 1);
    expect("new A again", api_peer(0), -1);
    expect("online", api_online(0), 0);
    pass();
}

static void tn03(void)
{
    api_peer(0);
    api_peer(1);
    expect("kill 0", api_kill(0), 0);
    expect("kill 0 again", api_kill(0), -1);
    expect("new C", api_peer(2), 0);
    expect("new A", api_peer(0), 2);
}

static void tn04(void)
{
    for (int p = 0; p < 4; ++p) {
        expect("new", api_peer(p), p);
    }

    for (int p = 3; p >= 0; --p) {
        expect("kill", api_kill(p), 0);
    }

    expect("new", api_peer(5), 0);
    expect("new", api_peer(6), 1);
}

/* The lowest free number first, wherever the holes are. */
static void holes(void)
{
    for (int p = 0; p < 8; ++p) {
        api_peer(p);
    }

    api_kill(6);
    api_kill(1);
    api_kill(3);
    expect("first hole", api_peer(11), 1);
    expect("second hole", api_peer(12), 3);
    expect("third hole", api_peer(13), 6);
    expect("end", api_peer(14), 8);
    /* a hole right below the end goes with the end */
    api_kill(7);
    api_kill(8);
    expect("end", api_peer(15), 7);
    expect("end", api_peer(16), 8);
}

static void many(void)
{
    quiet_begin();

    for (int p = 0; p < 1000; ++p) {
        if (api_peer(p) != p) {
            fail("peer %d got another number", p);
        }
    }

    for (int p = 0; p < 1000; p += 7) {
        api_kill(p);
    }

    for (int p = 0; p < 1000; p += 7) {
        if (api_peer(2000 + p) != p) {
            fail("hole %d was not used in order", p);
        }
    }

    quiet_end();
    expect("duplicate", api_peer(8), -1);
    expect("killed before", api_peer(7), 1000);
}

/* Any int is an owner's id, and comes back as it was. */
static void owner_ids(void)
{
    static const int ids[] = {0, -1, INT_MAX, INT_MIN, 10};
    api_global(0);
    up(0);

    for (int i = 0; i < 5; ++i) {
        expect("new", new_tcp_connection_to(world.tc, peer_key(i), ids[i]), i);
        expect("add", api_number(i, 0), 0);
        relay_response(0, (uint8_t)(16 + i), i);
        relay_notify(0, 2, (uint8_t)(16 + i));
        relay_data(0, (uint8_t)(16 + i), 3, (uint8_t)i);
        pass();
        expect("id", world.last_id, ids[i]);
    }
}

static void status_twice(void)
{
    api_peer(0);
    expect("true at first", api_status(0, true), -1);
    expect("false", api_status(0, false), 0);
    expect("false again", api_status(0, false), -1);
    expect("true", api_status(0, true), 0);
    expect("true again", api_status(0, true), -1);
    api_kill(0);
    expect("true after kill", api_status(0, true), -1);
    expect("false after kill", api_status(0, false), -1);
    /* the next one begins awake */
    api_peer(0);
    expect("true of the next", api_status(0, true), -1);
}

static void tn23(void)
{
    peer_on(0, 0, 1);
    online(0, 0, 16);
    online(1, 0, 17);
    expect("online", api_online(0), 2);
    expect("kill", api_kill(0), 0);
    expect("R0 got", new_frames(0), 2);
    expect("R1 got", new_frames(1), 2);
    expect("connected", connected(), 2);
    passes(2);
    expect("connected", connected(), 2);
    expect("kill again", api_kill(0), -1);
    expect("online", api_online(0), 0);
    expect("send", api_send(0, 3, 1), -1);
}

/* The relay keeps talking about a peer that was killed. */
static void after_kill(void)
{
    peer_on(0, 0, 0);
    online(0, 0, 16);
    api_kill(0);
    relay_notify(0, 3, 16);
    relay_notify(0, 2, 16);
    relay_response(0, 16, 0);
    relay_oob(0, 0, 3, 1);
    pass();
    expect("data callbacks", world.calls[CB_DATA], 0);
    expect("oob callbacks", world.calls[CB_OOB], 1);
    expect("connected", connected(), 1);
}

/* A number that now belongs to another peer: the calls reach that one. */
static void stale(void)
{
    peer_on(0, 0, 0);
    online(0, 0, 16);
    api_kill(0);
    expect("new", api_peer(1), 0);
    expect("add", api_number(0, 0), 0);
    online(0, 1, 17);
    expect("status by the old owner", api_status(0, false), 0);
    expect("send by the old owner", api_send(0, 3, 1), 0);
    relay_data(0, 17, 3, 1);
    pass();
    expect("id", world.last_id, 11);
    expect("kill by the old owner", api_kill(0), 0);
    expect("kill by the owner", api_kill(0), -1);
}

/* The key of a killed peer is free at once, and the next object has nothing of the old one. */
static void key_again(void)
{
    peer_on(0, 0, 0);
    online(0, 0, 16);
    expect("kill", api_kill(0), 0);
    expect("new", api_peer(0), 0);
    expect("online", api_online(0), 0);
    expect("send", api_send(0, 3, 1), -1);
    expect("add", api_number(0, 0), 0);
    online(0, 0, 16);
    expect("online", api_online(0), 1);
    expect("send", api_send(0, 3, 1), 0);
}

/* Our own key as a peer, and a relay's key as a peer: nobody asks. */
static void odd_keys(void)
{
    expect("own key", new_tcp_connection_to(world.tc, tcp_connections_public_key(world.tc), 1), 0);
    api_global(0);
    up(0);
    expect("a relay's key", new_tcp_connection_to(world.tc, relays[0].pk, 2), 1);
    expect("add", api_number(0, 0), 0);
    expect("add", api_number(1, 0), 0);
    static const uint8_t zero[32];
    expect("zero key", new_tcp_connection_to(world.tc, zero, 3), 2);
    expect("add", api_number(2, 0), 0);
}

static void public_key(void)
{
    const uint8_t *const key = tcp_connections_public_key(world.tc);
    t_bytes("public key", key, 32);
    expect("right", key[0] == world.self_pk[0] && key[31] == world.self_pk[31], true);
    api_global(0);
    up(0);
    expect("stable", tcp_connections_public_key(world.tc) == key, true);
}

const Scenario peer_scenarios[] = {
    {"TN-01", SIM, tn01, 0},
    {"peer-numbers-beyond", SIM, numbers_beyond, 0},
    {"TN-02", SIM, tn02, 0},
    {"TN-03", SIM, tn03, 0},
    {"TN-04", SIM, tn04, 0},
    {"peer-holes", SIM, holes, 0},
    {"peer-many", SIM, many, 0},
    {"peer-owner-ids", SIM, owner_ids, 0},
    {"peer-status-twice", SIM, status_twice, 0},
    {"TN-23", BOTH, tn23, 0},
    {"peer-after-kill", SIM, after_kill, 0},
    {"peer-stale-number", SIM, stale, 0},
    {"peer-key-again", SIM, key_again, 0},
    {"peer-odd-keys", SIM, odd_keys, 0},
    {"peer-public-key", SIM, public_key, 0},
    {NULL, 0, NULL, 0},
};
