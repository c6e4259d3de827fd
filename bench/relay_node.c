/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A relay as tox-bootstrapd is one: DHT node, onion node and TCP server under one key. All of it is
 * toxcore's own and uses none of the modules swapped.
 */
#include "relays.h"
#include "toxabi.h"
#include "versions.h"

enum { NODE_STEP_NS = 10000000 };

/* Debian's library has these two for tox-bootstrapd. */
void dht_set_self_public_key(DHT *dht, const uint8_t *key);
void dht_set_self_secret_key(DHT *dht, const uint8_t *key);

typedef struct Node {
    Logger *log;
    Mono_Time *time;
    Networking_Core *net;
    DHT *dht;
    TCP_Server *server;
} Node;

static bool open_dht(Node *node, const Keys *keys, atomic_uint *udp_port)
{
    IP any;
    ip_init(&any, false);

    for (int i = 0; i < PORT_TRIES && node->net == NULL; ++i) {
        const uint16_t port = random_low_port();
        node->net = new_networking_ex(node->log, system_network(), &any, port, port, NULL);
        atomic_store(udp_port, port);
    }

    if (node->net == NULL) {
        return false;
    }

    node->dht = new_dht(node->log, system_random(), system_network(), node->time, node->net, false, false);

    if (node->dht != NULL) {
        dht_set_self_public_key(node->dht, keys->pk);
        dht_set_self_secret_key(node->dht, keys->sk);
    }

    return node->dht != NULL;
}

#if TOX_ABI == 222
#define new_forwarding(log, rng, time, dht) (new_forwarding)(log, os_memory(), rng, time, dht, node->net)
#define new_onion(log, time, rng, dht) (new_onion)(log, os_memory(), time, rng, dht, node->net)
#define new_onion_announce(log, rng, time, dht) (new_onion_announce)(log, os_memory(), rng, time, dht, node->net)
#endif

static bool open_node(Node *node, const Keys *keys, atomic_uint *tcp_port, atomic_uint *udp_port)
{
    const Random *rng = system_random();
    node->log = logger_new();
    node->time = mono_time_new(NULL, NULL);

    if (!open_dht(node, keys, udp_port)) {
        return false;
    }

    Forwarding *forwarding = new_forwarding(node->log, rng, node->time, node->dht);
    Onion *onion = new_onion(node->log, node->time, rng, node->dht);

    if (forwarding == NULL || onion == NULL || new_onion_announce(node->log, rng, node->time, node->dht) == NULL) {
        return false;
    }

    for (int i = 0; i < PORT_TRIES && node->server == NULL; ++i) {
        const uint16_t port = random_low_port();
        node->server = new_TCP_server(node->log, rng, system_network(), false, 1, &port, keys->sk, onion, forwarding);
        atomic_store(tcp_port, port);
    }

    return node->server != NULL;
}

static void step(const Node *node)
{
    mono_time_update(node->time);
    networking_poll(node->net, NULL);
    do_dht(node->dht);
    do_TCP_server(node->server, node->time);
}

void relay_serve_node(const Relay *relay, Relay_Shared *shared)
{
    Node nodes[SHARE_LIMIT / 2] = {0};

    for (size_t i = 0; i < relay->count; ++i) {
        if (!open_node(&nodes[i], &relay->keys[i], &shared->ports[i], &shared->ports[relay->count + i])) {
            atomic_store(&shared->failed, true);
            return;
        }

        /* They find one another through one that all know. */
        const Relay *known = relay->known == NULL ? relay : relay->known;
        IP_Port address;
        loopback_address(node_udp_port(known, 0), &address);
        dht_bootstrap(nodes[i].dht, &address, known->keys[0].pk);
    }

    atomic_store(&shared->ready, true);

    while (atomic_load(&shared->order) == ORDER_SERVE) {
        for (size_t i = 0; i < relay->count; ++i) {
            step(&nodes[i]);
        }

        pause_ns(NODE_STEP_NS);
    }
}
