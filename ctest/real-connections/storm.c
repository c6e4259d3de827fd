/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Four nodes at three relays that do anything to one another, at random, from inside
 * callbacks too: nothing may break, and afterwards everything works.
 */
#include "node.h"

#include <unistd.h>

enum { NODES = 4, RELAYS = 3, DEEPEST = 4 };

static Relay *relays[RELAYS];
static Node *all[NODES];
static uint8_t data[2048];
static unsigned depth;
/* What has happened: a storm in which nothing does proves nothing. */
static unsigned heard;
static unsigned killed;
static unsigned nested;

static void act(void);

/* A random number, mostly a good one. */
static int any_number(void)
{
    return (int)(rand32() % 7) - 1;
}

static const Node *any_node(void)
{
    return all[rand32() % NODES];
}

static void change_peers(Node *node)
{
    const IP_Port addr = relay_address(relays[rand32() % RELAYS]);
    const Relay *relay = relays[rand32() % RELAYS];
    const IP_Port right = relay_address(relay);

    switch (rand32() % 6) {
        case 0:
        case 1: {
            const int peer = new_tcp_connection_to(node->tc, any_node()->c->pk, any_number());
            add_tcp_relay_connection(node->tc, peer, &right, relay->pk);
            break;
        }

        case 2:
            kill_tcp_connection_to(node->tc, any_number());
            break;

        case 3:
            set_tcp_connection_to_status(node->tc, any_number(), rand32() % 2 == 0);
            break;

        case 4:
            add_tcp_relay_connection(node->tc, any_number(), &right, relay->pk);
            break;

        default:
            /* Sometimes a wrong address for the key. */
            add_tcp_relay_connection(node->tc, any_number(), &addr, relay->pk);
    }
}

static void change_relays(Node *node)
{
    const Relay *relay = relays[rand32() % RELAYS];
    const IP_Port addr = relay_address(relay);

    switch (rand32() % 5) {
        case 0:
            kill_tcp_relay_connection(node->tc, any_number());
            break;

        case 1:
            add_tcp_relay_global(node->tc, &addr, rand32() % 8 == 0 ? data + rand32() % 1000 : relay->pk);
            break;

        case 2:
            set_tcp_onion_status(node->tc, rand32() % 2 == 0);
            break;

        default:
            add_tcp_number_relay_connection(node->tc, any_number(), (unsigned)any_number());
    }
}

static void look_around(const Node *node)
{
    Node_format copies[4];
    IP_Port told;
    const uint32_t count = tcp_connections_count(node->tc);
    CHECK(tcp_connected_relays_count(node->tc) <= count);
    CHECK(tcp_copy_connected_relays(node->tc, copies, 4) <= 4);
    CHECK(tcp_copy_connected_relays_index(node->tc, copies, 4, rand32()) <= 4);
    CHECK(get_random_tcp_onion_conn_number(node->tc) < (int)count);
    tcp_get_random_conn_ip_port(node->tc, &told);
    CHECK(online(node, any_number()) <= 6);
}

static void send_something(Node *node)
{
    const uint16_t length = (uint16_t)(rand32() % 2033);
    const uint8_t *pk = any_node()->c->pk;
    const Relay *relay = relays[rand32() % RELAYS];
    const IP_Port addr = relay_address(relay);

    switch (rand32() % 8) {
        case 0:
            tcp_send_oob_packet(node->tc, (unsigned)any_number(), pk, data, length % 1100);
            break;

        case 1:
            tcp_send_oob_packet_using_relay(node->tc, relay->pk, pk, data, length % 1100);
            break;

        case 2:
            tcp_send_onion_request(node->tc, (uint32_t)any_number(), data, length);
            break;

        case 3:
            tcp_send_forward_request(W.log, node->tc, &addr, &addr, data, length % 6, data, length);
            break;

        default:
            send_packet_tcp_connection(node->tc, any_number(), data, length);
    }
}

static void do_worst(Node *node)
{
    switch (rand32() % 16) {
        case 0:
            node_kill(node);
            ++killed;
            break;

        case 1:
            W.ms += rand32() % 4000;
            mono_time_update(W.mono);
            break;

        case 2:
            set_packet_tcp_connection_callback(node->tc, NULL, NULL);
            break;

        case 3:
            node_watch(node);
            break;

        default:
            if (depth < DEEPEST) {
                ++nested;
                do_tcp_connections(W.log, node->tc, node);
            }
    }
}

static void act(void)
{
    Node *node = all[rand32() % NODES];

    if (node->tc == NULL) {
        return;
    }

    ++depth;

    switch (rand32() % 12) {
        case 0:
        case 1:
        case 2:
            change_peers(node);
            break;

        case 3:
            change_relays(node);
            break;

        case 4:
            look_around(node);
            break;

        case 5:
            do_worst(node);
            break;

        default:
            send_something(node);
    }

    --depth;
}

static void in_callback(Client *client, Event_Kind kind)
{
    (void)client;
    (void)kind;
    ++heard;

    for (uint32_t n = depth < DEEPEST ? rand32() % 3 : 0; n > 0; --n) {
        act();
    }
}

/* Between two turns nobody is inside an object. */
static void tidy_up(void)
{
    for (size_t i = 0; i < NODES; ++i) {
        if (all[i]->tc == NULL) {
            all[i]->tc = connections_new(all[i]->c->sk, NULL);
            CHECK(all[i]->tc != NULL);
            node_watch(all[i]);
        }

        client_forget_events(all[i]->c);
    }
}

static void rage(unsigned turns)
{
    nodes_open();
    rand_bytes(data, sizeof(data));

    for (size_t i = 0; i < RELAYS; ++i) {
        relays[i] = relay_start(false, 0);
    }

    for (size_t i = 0; i < NODES; ++i) {
        all[i] = node_new();
        all[i]->c->react = in_callback;
    }

    for (unsigned turn = 0; turn < turns; ++turn) {
        for (int i = 0; i < 12; ++i) {
            act();
        }

        if (rand32() % 100 == 0) {
            relay_restart(relays[rand32() % RELAYS]);
        }

        step();
        tidy_up();

        /* The relays remember each connection; small packets wait in the kernel. */
        if (turn % 16 == 0) {
            usleep(1000);
        }

        for (size_t i = 0; i < RELAYS; ++i) {
            relays[i]->accepted_count = 0;
        }
    }
}

static void check_calm(void)
{
    CHECK(heard > 15 && killed > 5 && nested > 50);

    for (size_t i = 0; i < NODES; ++i) {
        all[i]->c->react = NULL;
        node_kill(all[i]);
        all[i]->tc = connections_new(all[i]->c->sk, NULL);
        node_watch(all[i]);
        client_forget_events(all[i]->c);
    }

    /* The relays find out that the old connections are gone. */
    for (size_t i = 0; i < RELAYS; ++i) {
        relay_restart(relays[i]);
    }

    const Pair first = pair_up(all[0], all[1], relays, RELAYS);
    const Pair second = pair_up(all[2], all[3], relays, RELAYS);
    pair_check(&first);
    pair_check(&second);
    nodes_close();
}

static void storm(void)
{
    rage(4000);
    check_calm();
}

static void small_storm(void)
{
    rage(400);
    check_calm();
}

int main(int argc, char **argv)
{
    const Test tests[] = {
        {"storm", storm, T_SKIP, 60},
        {"small_storm", small_storm, T_SKIP | T_FAST, 60},
    };

    return run_tests("storm", tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
