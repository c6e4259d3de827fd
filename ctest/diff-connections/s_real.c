/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two objects that meet at toxcore's own relay, over loopback. Only outcomes are compared: how many
 * rounds something takes is the kernel's business. The clock is the scenario's, as everywhere. */
#include "suite.h"

#include <netinet/in.h>
#include <sodium.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ROUNDS 400

/* One object and what it was told. */
typedef struct Node {
    TCP_Connections *tc;
    uint8_t pk[32], sk[32];
    unsigned data, oob;
    int last_id;
    size_t last_len;
} Node;

static Node node[2];
static TCP_Server *server[2];
static uint8_t server_sk[2][32], server_pk[2][32];
static uint16_t ports[2];

static int node_data(void *obj, int id, const uint8_t *data, uint16_t len, void *userdata)
{
    Node *const to = (Node *)obj;
    (void)data;
    (void)userdata;
    ++to->data;
    to->last_id = id;
    to->last_len = len;
    return 0;
}

static int node_oob(void *obj, const uint8_t *public_key, unsigned int relay_number, const uint8_t *data, uint16_t len,
                    void *userdata)
{
    Node *const to = (Node *)obj;
    (void)public_key;
    (void)relay_number;
    (void)data;
    (void)userdata;
    ++to->oob;
    to->last_len = len;
    return 0;
}

static void server_start(int s)
{
    memset(server_sk[s], 0x61 + s, 32);
    crypto_scalarmult_base(server_pk[s], server_sk[s]);
    const uint16_t first = ports[s] != 0 ? ports[s] : (uint16_t)(20000 + getpid() % 5000 * 2 + s);

    for (int i = 0; i < 200 && server[s] == NULL; ++i) {
        ports[s] = (uint16_t)(first + 2 * i);
        server[s] = new_TCP_server(world.log, system_random(), system_network(), false, 1, &ports[s], server_sk[s],
                                   NULL, NULL);
    }

    if (server[s] == NULL) {
        fail("no relay could be started");
    }
}

/* As if the relay's process had ended: kill_TCP_server of 0.2.18 leaves its connections open. */
static void server_stop(int s)
{
    kill_TCP_server(server[s]);
    server[s] = NULL;

    for (int fd = 3; fd < 256; ++fd) {
        struct sockaddr_in addr;
        socklen_t len = sizeof(addr);

        if (getsockname(fd, (struct sockaddr *)&addr, &len) == 0 && addr.sin_port == net_htons(ports[s])) {
            close(fd);
        }
    }
}

static void one_round(void)
{
    mono_time_update(world.mono);

    for (int s = 0; s < 2; ++s) {
        if (server[s] != NULL) {
            do_TCP_server(server[s], world.mono);
        }
    }

    for (int n = 0; n < 2; ++n) {
        do_tcp_connections(world.log, node[n].tc, NULL);
    }
}

/* Rounds until it is so, or too many. */
static bool becomes(bool (*so)(void))
{
    for (int i = 0; i < ROUNDS; ++i) {
        one_round();

        if (so()) {
            return true;
        }

        usleep(500);
    }

    return false;
}

static void rounds(int n)
{
    for (int i = 0; i < n; ++i) {
        one_round();
        usleep(500);
    }
}

static int online_of(int n)
{
    return (int)tcp_connection_to_online_tcp_relays(node[n].tc, 0);
}

static bool both_online(void)
{
    return online_of(0) >= 1 && online_of(1) >= 1;
}

static bool both_online_twice(void)
{
    return online_of(0) == 2 && online_of(1) == 2;
}

static bool both_connected(void)
{
    return tcp_connected_relays_count(node[0].tc) == 1 && tcp_connected_relays_count(node[1].tc) == 1;
}

static bool got_data(void)
{
    return node[1].data > 0;
}

static bool got_eleven(void)
{
    return node[1].data == 11;
}

static bool got_oob(void)
{
    return node[1].oob > 0;
}

static void add_relay(int n, int s)
{
    IP_Port address;
    memset(&address, 0, sizeof(address));
    addr_parse_ip("127.0.0.1", &address.ip);
    address.port = net_htons(ports[s]);
    expect("add", add_tcp_relay_connection(node[n].tc, 0, &address, server_pk[s]), 0);
}

static void nodes(int relays_used, bool tied)
{
    QUIETLY(world_close());

    for (int s = 0; s < relays_used; ++s) {
        server_start(s);
    }

    for (int n = 0; n < 2; ++n) {
        memset(node[n].sk, 0x31 + n, 32);
        crypto_scalarmult_base(node[n].pk, node[n].sk);
    }

    for (int n = 0; n < 2; ++n) {
        node[n].tc = new_tcp_connections(world.log, system_random(), system_network(), world.mono, node[n].sk,
                                         &world.proxy);
        set_packet_tcp_connection_callback(node[n].tc, node_data, &node[n]);
        set_oob_packet_tcp_connection_callback(node[n].tc, node_oob, &node[n]);

        if (tied || n == 0) {
            expect("peer", new_tcp_connection_to(node[n].tc, node[1 - n].pk, 10 + n), 0);
        }

        for (int s = 0; s < relays_used && tied; ++s) {
            add_relay(n, s);
        }
    }
}

static void finish(void)
{
    for (int n = 0; n < 2; ++n) {
        kill_tcp_connections(node[n].tc);
    }

    for (int s = 0; s < 2; ++s) {
        if (server[s] != NULL) {
            server_stop(s);
        }
    }
}

static int node_send(int n, size_t len)
{
    return send_packet_tcp_connection(node[n].tc, 0, payload(1), (uint16_t)len);
}

static void data(void)
{
    nodes(1, true);
    expect("online", becomes(both_online), true);
    expect("send", node_send(0, 1000), 0);
    expect("arrives", becomes(got_data), true);
    expect("id", node[1].last_id, 11);
    expect("length", (long)node[1].last_len, 1000);

    for (int i = 0; i < 50; ++i) {
        expect("send", node_send(i % 2, (size_t)(1 + 40 * i)), 0);
        rounds(2);
    }

    rounds(20);
    expect("all arrived", node[0].data + node[1].data, 51);
    finish();
}

/* The other side has not asked for us: OOB reaches it. */
static void oob(void)
{
    nodes(1, false);
    IP_Port address;
    memset(&address, 0, sizeof(address));
    addr_parse_ip("127.0.0.1", &address.ip);
    address.port = net_htons(ports[0]);
    add_relay(0, 0);
    expect("global", add_tcp_relay_global(node[1].tc, &address, server_pk[0]), 0);
    expect("connected", becomes(both_connected), true);
    rounds(20);
    expect("registered only", online_of(0), 0);
    expect("send", node_send(0, 50), 0);
    expect("arrives", becomes(got_oob), true);
    expect("as data", node[1].data, 0);
    expect("length", (long)node[1].last_len, 50);
    finish();
}

/* TN-54: nothing, between two real clients. */
static bool receiver_lost(void)
{
    return tcp_connected_relays_count(node[1].tc) == 0;
}

static void tn54(void)
{
    nodes(1, true);
    expect("online", becomes(both_online), true);
    expect_new("send", node_send(0, 0), 0, -1);
    expect_new("the receiver loses its relay", becomes(receiver_lost), true, false);
    expect_new("the sender sees it", becomes(both_online), true, true);
    finish();
}

/* C-02 with the C relay: another friend's removal. */
static void kill_other(void)
{
    nodes(1, true);
    expect("online", becomes(both_online), true);
    expect("new B", new_tcp_connection_to(node[0].tc, peer_key(1), 99), 1);
    expect("add B", add_tcp_number_relay_connection(node[0].tc, 1, 0), 0);
    expect("kill B", kill_tcp_connection_to(node[0].tc, 1), 0);
    rounds(20);
    expect_new("send", node_send(0, 10), -1, 0);
    rounds(20);
    expect_new("received", node[1].data, 0, 1);
    expect("the other side sees us", online_of(1), DIFF_OURS ? 1 : 0);
    finish();
}

/* C-07 with the C relay: removed and added again before the answer. */
static void kill_and_again(void)
{
    nodes(1, false);
    add_relay(0, 0);
    rounds(30);
    expect("peer of node 1", new_tcp_connection_to(node[1].tc, node[0].pk, 11), 0);
    add_relay(1, 0);
    rounds(30);
    expect("online", becomes(both_online), true);
    expect("kill", kill_tcp_connection_to(node[0].tc, 0), 0);
    expect("new", new_tcp_connection_to(node[0].tc, node[1].pk, 10), 0);
    expect("add", add_tcp_number_relay_connection(node[0].tc, 0, 0), 0);
    expect("online again", becomes(both_online), true);
    expect("kill", kill_tcp_connection_to(node[0].tc, 0), 0);
    rounds(20);
    expect("new", new_tcp_connection_to(node[0].tc, node[1].pk, 10), 0);
    expect("add", add_tcp_number_relay_connection(node[0].tc, 0, 0), 0);
    expect("kill", kill_tcp_connection_to(node[0].tc, 0), 0);
    expect("new", new_tcp_connection_to(node[0].tc, node[1].pk, 10), 0);
    expect("add", add_tcp_number_relay_connection(node[0].tc, 0, 0), 0);
    expect("online once more", becomes(both_online), true);
    finish();
}

/* The relay is stopped and comes back on the same port 30 s later. */
static void restarts(void)
{
    nodes(1, true);
    expect("online", becomes(both_online), true);
    world.clock_ms += 15000;
    rounds(10);
    server_stop(0);
    rounds(10);
    expect_new("online", online_of(0), 1, 0);

    for (int i = 0; i < 60; ++i) {
        world.clock_ms += 1000;
        rounds(2);
    }

    server_start(0);

    for (int i = 0; i < 60; ++i) {
        world.clock_ms += 1000;
        rounds(4);
    }

    expect_new("online again", becomes(both_online), false, true);
    expect_new("send", node_send(0, 10), -1, 0);
    finish();
}

/* Two relays; the one that carries is stopped. */
static void failover(void)
{
    nodes(2, true);
    expect("online on both", becomes(both_online_twice), true);
    expect("send", node_send(0, 10), 0);
    rounds(20);
    expect("arrived", node[1].data, 1);
    server_stop(0);
    rounds(20);

    for (int i = 0; i < 10; ++i) {
        expect("send", node_send(0, 10), 0);
        rounds(5);
    }

    /* the original's packets wait for each other's acknowledgements */
    (void)becomes(got_eleven);
    expect_new("arrived", node[1].data, 10, 11);
    finish();
}

const Scenario real_scenarios[] = {
    {"real-data", TCP, data, 0},
    {"real-oob", TCP, oob, 0},
    {"TN-54", TCP, tn54, 0},
    {"real-kill-other", TCP, kill_other, 0},
    {"real-kill-and-again", TCP, kill_and_again, 0},
    {"real-relay-restarts", TCP, restarts, 0},
    {"real-failover", TCP, failover, 0},
    {NULL, 0, NULL, 0},
};
