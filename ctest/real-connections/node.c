/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "node.h"

#include <stdlib.h>

static Node nodes[MAX_NODES];

static uint64_t relay_now(void *user_data)
{
    return *(const uint64_t *)user_data;
}

static void step_nodes(void)
{
    mono_time_update(W.relay_mono);

    for (size_t i = 0; i < MAX_NODES; ++i) {
        if (nodes[i].tc != NULL && !nodes[i].paused) {
            do_tcp_connections(W.log, nodes[i].tc, &nodes[i]);
        }
    }
}

void nodes_open(void)
{
    world_open();
    W.relay_mono = mono_time_new(relay_now, &W.relay_ms);
    CHECK(W.relay_mono != NULL);
    W.step_more = step_nodes;
}

void nodes_close(void)
{
    for (size_t i = 0; i < MAX_NODES; ++i) {
        node_kill(&nodes[i]);
    }

    mono_time_free(W.relay_mono);
    world_close();
}

/* ---- one node ---- */

static int on_data(void *object, int id, const uint8_t *data, uint16_t length, void *userdata)
{
    Node *node = (Node *)object;
    const size_t i = client_note(node->c, EV_DATA, data, length);
    node->c->events[i].number = (uint32_t)id;
    node->c->events[i].userdata = userdata;
    client_react(node->c, i, data, NULL);
    return 0;
}

static int on_oob(void *object, const uint8_t *public_key, unsigned int relay_number,
                  const uint8_t *data, uint16_t length, void *userdata)
{
    Node *node = (Node *)object;
    const size_t i = client_note(node->c, EV_OOB, data, length);
    memcpy(node->c->events[i].pk, public_key, 32);
    node->c->events[i].number = relay_number;
    node->c->events[i].userdata = userdata;
    client_react(node->c, i, data, public_key);
    return 0;
}

static int on_onion(void *object, const uint8_t *data, uint16_t length, void *userdata)
{
    Node *node = (Node *)object;
    const size_t i = client_note(node->c, EV_ONION, data, length);
    node->c->events[i].userdata = userdata;
    client_react(node->c, i, data, NULL);
    return 0;
}

static void on_forwarded(void *object, const uint8_t *data, uint16_t length, void *userdata)
{
    Node *node = (Node *)object;
    const size_t i = client_note(node->c, EV_FORWARDED, data, length);
    node->c->events[i].userdata = userdata;
    client_react(node->c, i, data, NULL);
}

void node_watch(Node *node)
{
    set_packet_tcp_connection_callback(node->tc, on_data, node);
    set_oob_packet_tcp_connection_callback(node->tc, on_oob, node);
    set_onion_packet_tcp_connection_callback(node->tc, on_onion, node);
    set_forwarding_packet_tcp_connection_callback(node->tc, on_forwarded, node);
}

TCP_Connections *connections_new(const uint8_t *secret_key, const TCP_Proxy_Info *proxy)
{
    static const TCP_Proxy_Info none;
    return new_tcp_connections(W.log, &W.own_rng, W.ns, W.mono, secret_key,
                               proxy == NULL ? &none : proxy);
}

Node *node_with(const uint8_t *secret_key, const TCP_Proxy_Info *proxy)
{
    for (size_t i = 0; i < MAX_NODES; ++i) {
        Node *node = &nodes[i];

        if (node->tc == NULL) {
            *node = (Node){.c = client_new()};

            if (secret_key != NULL) {
                memcpy(node->c->sk, secret_key, 32);
                crypto_derive_public_key(node->c->pk, secret_key);
            }

            node->tc = connections_new(node->c->sk, proxy);
            CHECK(node->tc != NULL);
            CHECK_BYTES(tcp_connections_public_key(node->tc), node->c->pk, 32);
            node_watch(node);
            return node;
        }
    }

    fail_at(__FILE__, __LINE__, "too many nodes");
}

Node *node_new(void)
{
    return node_with(NULL, NULL);
}

void node_kill(Node *node)
{
    kill_tcp_connections(node->tc);
    node->tc = NULL;
}

void node_forget(Node *node)
{
    node_kill(node);
    client_forget_events(node->c);
    free(node->c->events);
    memset(node->c, 0, sizeof(*node->c));
    node->c = NULL;
}

Node *node_of(const Client *client)
{
    for (size_t i = 0; i < MAX_NODES; ++i) {
        if (nodes[i].c == client) {
            return &nodes[i];
        }
    }

    fail_at(__FILE__, __LINE__, "no node has this client");
}

/* ---- two nodes ---- */

int owner_id(const Node *of)
{
    return 1000 + (int)(of - nodes);
}

void node_use(Node *node, int peer, const Relay *relay)
{
    const IP_Port addr = relay_address(relay);
    CHECK_EQ(add_tcp_relay_connection(node->tc, peer, &addr, relay->pk), 0);
}

int node_meet(Node *node, const Node *other, Relay *const *relays, size_t count)
{
    const int peer = new_tcp_connection_to(node->tc, other->c->pk, owner_id(other));
    CHECK(peer >= 0);

    for (size_t i = 0; i < count; ++i) {
        node_use(node, peer, relays[i]);
    }

    return peer;
}

Pair pair_meet(Node *a, Node *b, Relay *const *relays, size_t count)
{
    return (Pair){.a = a,
                  .b = b,
                  .at_a = node_meet(a, b, relays, count),
                  .at_b = node_meet(b, a, relays, count)};
}

void pair_await(const Pair *pair, uint32_t relays)
{
    await_online(pair->a, pair->at_a, relays);
    await_online(pair->b, pair->at_b, relays);
}

Pair pair_up(Node *a, Node *b, Relay *const *relays, size_t count)
{
    const Pair pair = pair_meet(a, b, relays, count);
    pair_await(&pair, (uint32_t)count);
    return pair;
}

uint32_t online(const Node *node, int peer)
{
    return tcp_connection_to_online_tcp_relays(node->tc, peer);
}

typedef struct Wanted {
    const Node *node;
    int peer;
    uint32_t relays;
} Wanted;

static bool is_online(void *arg)
{
    const Wanted *wanted = (const Wanted *)arg;
    return online(wanted->node, wanted->peer) == wanted->relays;
}

void await_online(const Node *node, int peer, uint32_t relays)
{
    Wanted wanted = {.node = node, .peer = peer, .relays = relays};

    if (!step_until(is_online, &wanted, WAIT_MS)) {
        fail_at(__FILE__, __LINE__, "peer %d is online over %u relays, not %u; %u of %u connected",
                peer, online(node, peer), relays, tcp_connected_relays_count(node->tc),
                tcp_connections_count(node->tc));
    }
}

static bool is_connected(void *arg)
{
    const Wanted *wanted = (const Wanted *)arg;
    return tcp_connected_relays_count(wanted->node->tc) == wanted->relays;
}

void await_connected(const Node *node, uint32_t relays)
{
    Wanted wanted = {.node = node, .relays = relays};

    if (!step_until(is_connected, &wanted, WAIT_MS)) {
        fail_at(__FILE__, __LINE__, "%u relays are connected, not %u",
                tcp_connected_relays_count(node->tc), relays);
    }
}

void check_way(Node *from, int peer, Node *to, int id)
{
    uint8_t data[100];
    size_t seen = to->c->count;
    rand_bytes(data, sizeof(data));
    CHECK_EQ(send_packet_tcp_connection(from->tc, peer, data, sizeof(data)), 0);
    await_events(to->c, EV_DATA, count_events(to->c, EV_DATA) + 1, WAIT_MS);
    const Event *event = next_event(to->c, EV_DATA, &seen);
    CHECK_EQ(event->number, id);
    CHECK_EQ(event->length, sizeof(data));
    CHECK_BYTES(event->data, data, sizeof(data));
    CHECK(event->userdata == to);
}

void pair_check(const Pair *pair)
{
    check_way(pair->a, pair->at_a, pair->b, owner_id(pair->a));
    check_way(pair->b, pair->at_b, pair->a, owner_id(pair->b));
}

void pass_relay_seconds(unsigned seconds)
{
    for (unsigned i = 0; i < seconds; ++i) {
        W.relay_ms += 1000;
        /* Ten seconds of the server must be longer than the 40 ms for which the kernel may hold
         * back an answer. */
        step_for(5);
    }
}
