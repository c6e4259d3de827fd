/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Nodes: TCP_Connections objects in the world of ctest/real, each with a Client
 * that has no connection of its own and only holds its keys and notes.
 */
#ifndef CONNECTIONS_NODE_H
#define CONNECTIONS_NODE_H

#include "world.h"

enum { MAX_NODES = 8, WAIT_MS = 10000 };

typedef struct Node {
    TCP_Connections *tc;
    /* Notes: EV_DATA with the owner's id as number, EV_OOB with the relay's. */
    Client *c;
    /* Not stepped while set. */
    bool paused;
} Node;

/* The world, with relays whose clock stands still unless a test turns W.relay_ms. */
void nodes_open(void);
void nodes_close(void);

Node *node_new(void);
/* With this secret key, if it is not NULL, behind this proxy, if it is not NULL. */
Node *node_with(const uint8_t *secret_key, const TCP_Proxy_Info *proxy);
void node_watch(Node *node);
void node_kill(Node *node);
/* Kills it and gives its place free. */
void node_forget(Node *node);
Node *node_of(const Client *client);
/* The object with system resources and the world's clock and log. */
TCP_Connections *connections_new(const uint8_t *secret_key, const TCP_Proxy_Info *proxy);

/* Two nodes that know one another. */
typedef struct Pair {
    Node *a;
    Node *b;
    int at_a;
    int at_b;
} Pair;

/* The id under which a node's owner knows another node. */
int owner_id(const Node *of);
/* Makes a peer at `node` for `other`, who may be reached over these relays. */
int node_meet(Node *node, const Node *other, Relay *const *relays, size_t count);
void node_use(Node *node, int peer, const Relay *relay);
Pair pair_meet(Node *a, Node *b, Relay *const *relays, size_t count);
/* Waits until each is online for the other over this many relays. */
void pair_await(const Pair *pair, uint32_t relays);
/* The same, after they met. */
Pair pair_up(Node *a, Node *b, Relay *const *relays, size_t count);
void pair_check(const Pair *pair);

uint32_t online(const Node *node, int peer);
void await_online(const Node *node, int peer, uint32_t relays);
void await_connected(const Node *node, uint32_t relays);
/* Data arrives under the owner's id. */
void check_way(Node *from, int peer, Node *to, int id);
/* Turns the relays' clock only, by whole seconds with steps in between. */
void pass_relay_seconds(unsigned seconds);

#endif
