/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a node does with its relays beside talking to peers: keeping few of them,
 * telling others of them, onion and forwarding.
 */
#include "node.h"
#include "script.h"

#include <unistd.h>

enum { RELAYS = 3, FAMILY_SERVER = 14, FAMILY_TCP_V4 = 12, FAMILY_TCP_V6 = 13 };

static Relay *relays[RELAYS];

static void open_relays(bool v6)
{
    nodes_open();

    for (size_t i = 0; i < RELAYS; ++i) {
        relays[i] = relay_start(v6, 0);
    }
}

static void join(Node *node, const Relay *relay)
{
    const IP_Port addr = relay_address(relay);
    CHECK_EQ(add_tcp_relay_global(node->tc, &addr, relay->pk), 0);
}

static Node *joined_node(void)
{
    Node *node = node_new();

    for (size_t i = 0; i < RELAYS; ++i) {
        join(node, relays[i]);
    }

    await_connected(node, RELAYS);
    return node;
}

/* ---- lists ---- */

/* Checks a list of copies: real relays, none twice. */
static void check_copies(const Node_format *copies, size_t count, uint8_t family)
{
    for (size_t i = 0; i < count; ++i) {
        size_t known = 0;

        for (size_t k = 0; k < RELAYS; ++k) {
            const IP_Port addr = relay_address(relays[k]);

            if (memcmp(copies[i].public_key, relays[k]->pk, 32) == 0) {
                CHECK_EQ(copies[i].ip_port.port, addr.port);
                CHECK_BYTES(&copies[i].ip_port.ip.ip, &addr.ip.ip, relays[k]->v6 ? 16 : 4);
                ++known;
            }
        }

        CHECK_EQ(known, 1);
        CHECK_EQ(copies[i].ip_port.ip.family.value, family);

        for (size_t k = 0; k < i; ++k) {
            CHECK(memcmp(copies[i].public_key, copies[k].public_key, 32) != 0);
        }
    }
}

/* One node's list makes another node join the same relays. */
static void lists_are_fed_back(bool v6)
{
    Node_format copies[6];
    open_relays(v6);
    const Node *a = joined_node();
    Node *b = node_new();

    for (uint16_t max = 0; max <= 4; ++max) {
        const uint32_t n = tcp_copy_connected_relays(a->tc, copies, max);
        CHECK_EQ(n, max < RELAYS ? max : RELAYS);
        check_copies(copies, n, v6 ? FAMILY_TCP_V6 : FAMILY_TCP_V4);
    }

    for (size_t i = 0; i < RELAYS; ++i) {
        CHECK_EQ(add_tcp_relay_global(b->tc, &copies[i].ip_port, copies[i].public_key), 0);
    }

    await_connected(b, RELAYS);
    check_copies(copies, tcp_copy_connected_relays(b->tc, copies, 6), v6 ? FAMILY_TCP_V6 : FAMILY_TCP_V4);
    nodes_close();
}

static void lists_v4(void) { lists_are_fed_back(false); }
static void lists_v6(void) { lists_are_fed_back(true); }

/* As many as there are, from any index on: friends and groups ask for three at a time. */
static void lists_by_index(void)
{
    Node_format copies[6];
    open_relays(false);
    const Node *a = joined_node();
    const uint32_t starts[] = {0, 1, 2, 3, 65535, 65536, UINT32_MAX};

    for (uint16_t max = 0; max <= 4; ++max) {
        for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); ++i) {
            const uint32_t n = tcp_copy_connected_relays_index(a->tc, copies, max, starts[i]);
            CHECK_EQ(n, max < RELAYS ? max : RELAYS);
            check_copies(copies, n, FAMILY_TCP_V4);
        }
    }

    nodes_close();
}

/* One at a time, both implementations go through all of them. */
static void lists_step_by_step(void)
{
    Node_format copies[RELAYS];
    open_relays(false);
    const Node *a = joined_node();

    for (uint32_t i = 0; i < RELAYS; ++i) {
        CHECK_EQ(tcp_copy_connected_relays_index(a->tc, &copies[i], 1, i), 1);
    }

    check_copies(copies, RELAYS, FAMILY_TCP_V4);
    nodes_close();
}

static void numbers_as_addresses(void)
{
    const unsigned numbers[] = {0, 1, 255, 256, 65536, UINT32_MAX};
    nodes_open();

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); ++i) {
        IP_Port addr = tcp_connections_number_to_ip_port(numbers[i]);
        IP_Port zero;
        unsigned told = 12345;
        CHECK_EQ(addr.ip.family.value, FAMILY_SERVER);
        CHECK_EQ(addr.ip.ip.v6.uint32[0], numbers[i]);
        CHECK(ip_port_to_tcp_connections_number(&addr, &told));
        CHECK_EQ(told, numbers[i]);
        addr.ip.family.value = 2;
        CHECK(!ip_port_to_tcp_connections_number(&addr, &told));
        memset(&zero, 0, sizeof(zero));
        addr.ip.family.value = 0;
        addr.ip.ip.v6.uint32[0] = 0;
        /* net_crypto of 0.2.18 compares such addresses as bytes. */
        CHECK_BYTES(&addr, &zero, sizeof(zero));
    }

    nodes_close();
}

/* ---- few relays ---- */

/* Three are kept where nobody needs more. */
static void surplus_relays_go(void)
{
    open_relays(false);
    Node *a = joined_node();
    join(a, relay_start(false, 0));

    for (int i = 0; i < 50; ++i) {
        step();
        usleep(300);
        CHECK(tcp_connected_relays_count(a->tc) <= RELAYS + 1);
    }

    CHECK_EQ(tcp_connected_relays_count(a->tc), RELAYS);
    size_t served = 0;

    /* So that the relays look after their clients. */
    pass_relay_seconds(45);

    for (size_t i = 0; i < MAX_RELAYS; ++i) {
        served += W.relays[i].open_count;
    }

    CHECK_EQ(served, RELAYS);
    nodes_close();
}

/* A friend's long list opens at most six connections. */
static void long_list(void)
{
    uint8_t key[32];
    open_relays(false);
    Node *a = joined_node();
    rand_bytes(key, sizeof(key));
    const int peer = new_tcp_connection_to(a->tc, key, 1);

    for (int i = 0; i < 20; ++i) {
        const IP_Port addr = address("127.0.0.1", relays[0]->port);
        rand_bytes(key, sizeof(key));
        CHECK_EQ(add_tcp_relay_connection(a->tc, peer, &addr, key), i < 6 ? 0 : -1);
        CHECK_EQ(tcp_connections_count(a->tc), RELAYS + (i < 6 ? i + 1 : 6));
    }

    step_for(30);
    /* The relay does not answer to keys of others. */
    CHECK_EQ(tcp_connected_relays_count(a->tc), RELAYS);
    nodes_close();
}

/* Whoever names relays cannot make a node open connections without end. Those that never answer make
 * room for others. */
static void many_relays(void)
{
    enum { LIMIT = 256 };
    static Script silent;
    uint8_t key[32];
    open_relays(false);
    script_open(&silent);
    const IP_Port addr = script_address(&silent);
    Node *a = node_new();

    for (int i = 0; i < LIMIT + 50; ++i) {
        rand_bytes(key, sizeof(key));
        CHECK_EQ(add_tcp_relay_global(a->tc, &addr, key), i < LIMIT ? 0 : -1);
    }

    CHECK_EQ(tcp_connections_count(a->tc), LIMIT);
    pass_seconds(11);
    CHECK_EQ(tcp_connections_count(a->tc), 0);
    const Pair pair = pair_up(a, node_new(), relays, RELAYS);
    pair_check(&pair);
    script_close(&silent);
    nodes_close();
}

/* The relay that a node runs itself is one of its relays. */
static void own_relay(void)
{
    open_relays(false);
    Node *a = node_with(relays[0]->sk, NULL);
    CHECK_BYTES(a->c->pk, relays[0]->pk, 32);
    const Pair pair = pair_up(a, node_new(), relays, RELAYS);
    pair_check(&pair);
    pass_seconds(15);
    pair_check(&pair);
    CHECK_EQ(online(a, 0), RELAYS);
    nodes_close();
}

static void over_v6(void)
{
    open_relays(true);
    const Pair pair = pair_up(node_new(), node_new(), relays, RELAYS);
    pair_check(&pair);
    nodes_close();
}

/* ---- onion and forwarding ---- */

static void onion(void)
{
    IP_Port told;
    uint8_t data[1024];
    open_relays(false);
    Node *a = joined_node();
    rand_bytes(data, sizeof(data));
    CHECK_EQ(get_random_tcp_onion_conn_number(a->tc), -1);
    CHECK(!tcp_get_random_conn_ip_port(a->tc, &told));
    CHECK_EQ(set_tcp_onion_status(a->tc, false), -1);
    CHECK_EQ(set_tcp_onion_status(a->tc, true), 0);
    CHECK_EQ(set_tcp_onion_status(a->tc, true), -1);
    unsigned seen = 0;

    for (int i = 0; i < 300; ++i) {
        const int number = get_random_tcp_onion_conn_number(a->tc);
        CHECK(number >= 0 && number < RELAYS);
        seen |= 1U << number;
        CHECK(tcp_get_random_conn_ip_port(a->tc, &told));

        for (size_t k = 0; k < RELAYS; ++k) {
            const IP_Port addr = relay_address(relays[k]);
            seen |= ipport_equal(&addr, &told) ? 16U << k : 0;
        }
    }

    CHECK_EQ(seen, 0x77);
    CHECK_EQ(tcp_send_onion_request(a->tc, 0, data, 500), 0);
    CHECK_EQ(tcp_send_onion_request(a->tc, 0, data, 2032), -1);
    CHECK_EQ(tcp_send_onion_request(a->tc, RELAYS, data, 500), -1);
    CHECK_EQ(set_tcp_onion_status(a->tc, false), 0);
    CHECK_EQ(get_random_tcp_onion_conn_number(a->tc), -1);
    CHECK_EQ(set_tcp_onion_status(a->tc, false), -1);
    nodes_close();
}

/* A relay that the onion uses is not put to sleep. */
static void onion_keeps_awake(void)
{
    open_relays(false);
    Node *a = node_new();
    const Pair pair = pair_up(a, node_new(), relays, RELAYS);
    CHECK_EQ(set_tcp_onion_status(a->tc, true), 0);
    CHECK_EQ(set_tcp_connection_to_status(a->tc, pair.at_a, false), 0);
    pass_seconds(15);
    CHECK_EQ(tcp_connected_relays_count(a->tc), RELAYS);
    CHECK(get_random_tcp_onion_conn_number(a->tc) >= 0);
    CHECK_EQ(set_tcp_onion_status(a->tc, false), 0);
    pass_seconds(1);
    CHECK_EQ(tcp_connected_relays_count(a->tc), 0);
    CHECK_EQ(set_tcp_onion_status(a->tc, true), 0);
    await_connected(a, RELAYS);
    CHECK(get_random_tcp_onion_conn_number(a->tc) >= 0);
    nodes_close();
}

static int forward(const Node *node, const IP_Port *forwarder, uint16_t chain, uint16_t length)
{
    static const uint8_t data[2048];
    const IP_Port dest = address("127.0.0.1", 33445);
    return tcp_send_forward_request(W.log, node->tc, forwarder, &dest, data, chain, data, length);
}

static void forward_requests(void)
{
    open_relays(false);
    Node *a = joined_node();
    IP_Port addr = relay_address(relays[1]);
    CHECK_EQ(forward(a, &addr, 0, 100), 0);
    CHECK_EQ(forward(a, &addr, 0, 1792), 0);
    CHECK_EQ(forward(a, &addr, 4, 1792 - 4 * 33), 0);
    CHECK_EQ(forward(a, &addr, 4, 1793 - 4 * 33), -1);
    CHECK_EQ(forward(a, &addr, 5, 10), -1);
    CHECK_EQ(forward(a, &addr, 0, 1793), -1);
    addr.ip.family.value = FAMILY_TCP_V4;
    CHECK_EQ(forward(a, &addr, 0, 100), -1);
    addr = relay_address(relays[1]);
    addr.port = 0;
    CHECK_EQ(forward(a, &addr, 0, 100), -1);
    nodes_close();
}

/* With a sleeping relay before the one that is asked for, and one that nobody knows. */
static void forward_past_sleeping_relays(void)
{
    open_relays(false);
    Node *a = node_new();
    const Pair pair = pair_up(a, node_new(), relays, 1);
    CHECK_EQ(set_tcp_connection_to_status(a->tc, pair.at_a, false), 0);
    pass_seconds(11);
    CHECK_EQ(tcp_connected_relays_count(a->tc), 0);
    join(a, relays[1]);
    await_connected(a, 1);
    const IP_Port first = relay_address(relays[0]);
    const IP_Port second = relay_address(relays[1]);
    CHECK_EQ(forward(a, &second, 0, 100), 0);
    CHECK_EQ(forward(a, &first, 0, 100), -1);
    nodes_close();
}

int main(int argc, char **argv)
{
    const Test tests[] = {
        {"lists_v4", lists_v4, T_FAST, 20},
        {"lists_v6", lists_v6, 0, 20},
        {"lists_by_index", lists_by_index, T_OURS | T_FAST, 20},
        {"lists_step_by_step", lists_step_by_step, 0, 20},
        {"numbers_as_addresses", numbers_as_addresses, 0, 20},
        {"surplus_relays_go", surplus_relays_go, 0, 20},
        {"long_list", long_list, T_OURS | T_FAST, 20},
        {"many_relays", many_relays, T_OURS, 20},
        {"own_relay", own_relay, 0, 20},
        {"over_v6", over_v6, 0, 20},
        {"onion", onion, 0, 20},
        {"onion_keeps_awake", onion_keeps_awake, T_FAST, 20},
        {"forward_requests", forward_requests, 0, 20},
        {"forward_past_sleeping_relays", forward_past_sleeping_relays, T_OURS_BEFORE(222) | T_FAST, 20},
    };

    return run_tests("relays", tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
