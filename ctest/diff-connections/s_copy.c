/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Copying lists of connected relays. */
#include "suite.h"

#include <string.h>

#define ROOM 12
#define UNTOUCHED 0xee

static Node_format nodes[ROOM];

/* Which relay an entry is; -1 if it is none, or its address is not as it should be. */
static int relay_of(const Node_format *node)
{
    for (int r = 0; r < ROOM; ++r) {
        IP_Port address = relay_address(r);

        if (memcmp(node->public_key, relays[r].pk, 32) == 0) {
            address.ip.family.value = relays[r].family == 10 ? 13 : 12;
            const size_t size = relays[r].family == 10 ? 16 : 4;
            return node->ip_port.ip.family.value == address.ip.family.value && node->ip_port.port == address.port
                   && memcmp(&node->ip_port.ip.ip, &address.ip.ip, size) == 0 ? r : -1;
        }
    }

    return -1;
}

/* The copied relays in their order, as decimal digits after a 1; 1 is an empty list. */
static long listed(uint32_t n)
{
    long digits = 1;

    for (uint32_t i = 0; i < ROOM; ++i) {
        uint8_t raw[sizeof(Node_format)];
        memcpy(raw, &nodes[i], sizeof(raw));

        if (i < n) {
            digits = digits * 10 + relay_of(&nodes[i]);
        } else if (raw[0] != UNTOUCHED || raw[sizeof(raw) - 1] != UNTOUCHED) {
            fail("entry %u was written", i);
        }
    }

    return digits;
}

static long from_index(uint16_t max, uint32_t index)
{
    memset(nodes, UNTOUCHED, sizeof(nodes));
    return listed(tcp_copy_connected_relays_index(world.tc, nodes, max, index));
}

static long from_random(uint16_t max)
{
    memset(nodes, UNTOUCHED, sizeof(nodes));
    return listed(tcp_copy_connected_relays(world.tc, nodes, max));
}

static void three_up(void)
{
    for (int r = 0; r < 3; ++r) {
        api_global(r);
    }

    up_all(0, 2);
}

/* TN-26 and C-03. */
static void tn26(void)
{
    three_up();
    expect("max 1", from_index(1, 0), 10);
    expect("max 2", from_index(2, 0), 101);
    expect_new("max 3", from_index(3, 0), 1, 1012);
    expect_new("max 4", from_index(4, 0), 1, 1012);
    expect("max 0", from_index(0, 0), 1);
    expect_new("max 12", from_index(12, 0), 1, 1012);
}

/* Where the walk begins. */
static void index_starts(void)
{
    three_up();
    expect("max 1 from 1", from_index(1, 1), 11);
    expect("max 1 from 2", from_index(1, 2), 12);
    expect("max 1 from 3", from_index(1, 3), 10);
    expect("max 2 from 2", from_index(2, 2), 120);
    expect("max 2 from 5", from_index(2, 5), 120);
    expect("max 2 from 65535", from_index(2, 65535), 101);
    expect("max 2 from 65536", from_index(2, 65536), 112);
    expect("max 2 from 65537", from_index(2, 65537), 120);
    expect("max 2 from 4294967295", from_index(2, UINT32_MAX), 101);
    expect_new("max 3 from 2", from_index(3, 2), 1, 1201);
}

/* Holes, connecting and sleeping relays are at their places, but not in the list. With L places and
 * max below L the original looks at max places only; ours goes on until it has max relays. */
static void index_holes(void)
{
    for (int r = 0; r < 6; ++r) {
        api_global(r);
    }

    pass();
    relay_answer(0);
    relay_answer(3);
    relay_answer(5);
    passes(2);
    api_kill_relay(2);
    expect("count", count(), 6);
    expect("connected", connected(), 3);
    expect_new("max 1 from 1", from_index(1, 1), 1, 13);
    expect("max 1 from 3", from_index(1, 3), 13);
    expect_new("max 2 from 0", from_index(2, 0), 10, 103);
    expect_new("max 3 from 0", from_index(3, 0), 10, 1035);
    expect_new("max 4 from 0", from_index(4, 0), 103, 1035);
    expect_new("max 5 from 1", from_index(5, 1), 135, 1350);
    expect_new("max 6 from 0", from_index(6, 0), 1, 1035);
    expect("max 4 from 3", from_index(4, 3), 1350);
}

/* 65536 mod 5 is 1. */
static void index_wide(void)
{
    for (int r = 0; r < 5; ++r) {
        api_global(r);
    }

    up_all(0, 2);
    expect("count", count(), 5);
    expect("from 65536", from_index(1, 65536), 11);
    expect("from 65537", from_index(1, 65537), 12);
    expect("from 4294967296 - 4", from_index(1, UINT32_MAX - 3), 12);
}

static void tn27(void)
{
    three_up();
    long seen = 0;

    for (int i = 0; i < 200; ++i) {
        const long three = from_random(3);
        const long two = from_random(2);
        seen |= three == 1012 ? 1 : three == 1120 ? 2 : three == 1201 ? 4 : 8;
        seen |= two == 101 ? 16 : two == 112 ? 32 : two == 120 ? 64 : 128;
    }

    expect("cyclic, from every place", seen, 1 + 2 + 4 + 16 + 32 + 64);
    expect("max 0", from_random(0), 1);
    const long all = from_random(12);
    expect("max 12 gives all", all == 1012 || all == 1120 || all == 1201, true);
}

static void random_holes(void)
{
    api_global(0);
    api_global(1);
    api_global(2);
    api_global(3);
    pass();
    relay_answer(1);
    relay_answer(3);
    passes(2);
    api_kill_relay(0);
    long seen = 0;

    for (int i = 0; i < 200; ++i) {
        const long list = from_random(2);
        seen |= list == 113 ? 1 : list == 131 ? 2 : 4;
    }

    expect("both, in either order", seen, 3);
    expect("one", from_random(1) == 11 || from_random(1) > 1, true);
}

static void families(void)
{
    relays[1].family = 10;
    api_global(0);
    api_global(1);
    up_all(0, 1);
    expect_new("both families", from_index(2, 0), 1, 101);
    expect("IPv6", from_index(1, 1), 11);
    expect("family", nodes[0].ip_port.ip.family.value, 13);
}

/* What was copied can be fed back, here and into another object. */
static void fed_back(void)
{
    three_up();
    from_random(3);
    expect("known", add_tcp_relay_global(world.tc, &nodes[0].ip_port, nodes[0].public_key), -1);
    api_peer(0);
    expect("add", add_tcp_relay_connection(world.tc, 0, &nodes[0].ip_port, nodes[0].public_key), 0);
    const int r = relay_of(&nodes[0]);
    run_seconds(10);
    expect("kill", api_kill_relay(r), 0);
    new_connections(r);
    expect("add", add_tcp_relay_global(world.tc, &nodes[0].ip_port, nodes[0].public_key), 0);
    look();
    expect("connections", new_connections(r), 1);
}

static void empty(void)
{
    expect("from index", from_index(3, 0), 1);
    expect("from index 7", from_index(3, 7), 1);
    expect("random", from_random(3), 1);
    api_global(0);
    pass();
    expect("connecting, from index", from_index(3, 0), 1);
    expect("connecting, random", from_random(3), 1);
}

/* Where the walk begins is one draw of random_u32, in the original's byte order. */
static void first_draw(void)
{
    three_up();

    for (uint8_t i = 0; i < 3; ++i) {
        const uint8_t bytes[4] = {i, 0, 0, 0};
        random_force_next(bytes, 4);
        expect("starts at", from_random(1) - 10, i);
    }

    api_onion_status(true);

    for (uint8_t i = 0; i < 3; ++i) {
        const uint8_t bytes[4] = {i, 0, 0, 0};
        random_force_next(bytes, 4);
        expect("number", get_random_tcp_onion_conn_number(world.tc), i);
    }
}

const Scenario copy_scenarios[] = {
    {"TN-26", BOTH, tn26, 0},
    {"copy-index-starts", SIM, index_starts, 0},
    {"copy-index-holes", SIM, index_holes, 0},
    {"copy-index-wide", SIM, index_wide, 0},
    {"TN-27", BOTH, tn27, 0},
    {"copy-random-holes", SIM, random_holes, 0},
    {"copy-families", BOTH, families, 0},
    {"copy-fed-back", SIM, fed_back, 0},
    {"copy-empty", SIM, empty, 0},
    {"copy-first-draw", SIM, first_draw, 0},
    {NULL, 0, NULL, 0},
};
