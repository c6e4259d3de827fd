/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Two to five nodes at toxcore's TCP server: how they find one another, talk, part,
 * sleep and wake.
 */
#include "node.h"

#include <sodium.h>
#include <unistd.h>

enum { RELAYS = 3 };

static Relay *relays[RELAYS];

static void open_relays(void)
{
    nodes_open();

    for (size_t i = 0; i < RELAYS; ++i) {
        relays[i] = relay_start(false, 0);
    }
}

/* ---- finding one another ---- */

/* One pass of all nodes after the relays have done with what was there, which takes them a few
 * turns; and small packets may wait for an acknowledgement that the kernel delays by 40 ms. */
static void pass(void)
{
    for (int turn = 0; turn < 8; ++turn) {
        for (size_t i = 0; i < RELAYS; ++i) {
            do_TCP_server(relays[i]->server, W.relay_mono);
        }

        usleep(8000);
    }

    step();
}

/* toxcore's TCP_test asks for it: one pass out, one confirmed and announced, one online. */
static void three_passes(void)
{
    open_relays();
    Node *a = node_new();
    Node *b = node_new();
    Node *c = node_new();
    const Pair ab = pair_meet(a, b, relays, RELAYS);
    const Pair ac = pair_meet(a, c, relays, RELAYS);
    const Pair bc = pair_meet(b, c, relays, RELAYS);
    CHECK_EQ(ab.at_a, 0);
    CHECK_EQ(ac.at_a, 1);
    CHECK_EQ(bc.at_a, 1);
    CHECK_EQ(bc.at_b, 1);
    CHECK_EQ(new_tcp_connection_to(a->tc, b->c->pk, 7), -1);
    CHECK_EQ(tcp_connected_relays_count(a->tc), 0);

    for (int i = 0; i < 3; ++i) {
        CHECK_EQ(online(a, ab.at_a), 0);
        pass();
    }

    const Pair pairs[] = {ab, ac, bc};

    for (size_t i = 0; i < 3; ++i) {
        CHECK_EQ(online(pairs[i].a, pairs[i].at_a), RELAYS);
        CHECK_EQ(online(pairs[i].b, pairs[i].at_b), RELAYS);
        pair_check(&pairs[i]);
    }

    CHECK_EQ(tcp_connections_count(a->tc), RELAYS);
    CHECK_EQ(tcp_connected_relays_count(a->tc), RELAYS);
    nodes_close();
}

/* ---- data ---- */

enum { NODES = 5, WINDOW = 8 };

static Node *all[NODES];
static int peer_at[NODES][NODES];

static void open_mesh(size_t count)
{
    open_relays();

    for (size_t i = 0; i < count; ++i) {
        all[i] = node_new();
    }

    for (size_t i = 0; i < count; ++i) {
        for (size_t k = 0; k < count; ++k) {
            if (i != k) {
                peer_at[i][k] = node_meet(all[i], all[k], relays, RELAYS);
            }
        }
    }

    for (size_t i = 0; i < count; ++i) {
        for (size_t k = 0; k < count; ++k) {
            if (i != k) {
                await_online(all[i], peer_at[i][k], RELAYS);
            }
        }
    }
}

static uint8_t pattern[2031];

static uint16_t length_of(uint32_t number)
{
    return (uint16_t)(4 + (number * 37) % (sizeof(pattern) - 3));
}

static void send_number(size_t from, size_t to, uint32_t number)
{
    uint8_t data[sizeof(pattern)];
    memcpy(data, pattern, sizeof(data));
    memcpy(data, &number, 4);
    CHECK_EQ(send_packet_tcp_connection(all[from]->tc, peer_at[from][to], data, length_of(number)), 0);
}

/* Takes the notes of a node; counts[from] is how many packets have come from there, and all of
 * them were whole, came once, and came in order as far as the relay is the same. */
static void take_notes(size_t at, uint32_t *counts, uint8_t (*seen)[4096])
{
    Client *c = all[at]->c;

    for (size_t i = 0; i < c->count; ++i) {
        const Event *event = &c->events[i];
        uint32_t number;
        CHECK_EQ(event->kind, EV_DATA);
        size_t from = 0;

        while (from < NODES && (all[from] == NULL || owner_id(all[from]) != (int)event->number)) {
            ++from;
        }

        CHECK(from < NODES && from != at && event->length >= 4);
        memcpy(&number, event->data, 4);
        CHECK(number < sizeof(seen[0]));
        CHECK_EQ(event->length, length_of(number));
        CHECK_BYTES(event->data + 4, pattern + 4, event->length - 4);
        CHECK_EQ(seen[from][number], 0);
        seen[from][number] = 1;
        ++counts[from];
    }

    client_forget_events(c);
}

static void exchange(size_t nodes, uint32_t packets)
{
    static uint8_t seen[NODES][NODES][4096];
    uint32_t counts[NODES][NODES] = {{0}};
    uint32_t sent = 0;
    uint32_t least = 0;
    const uint64_t end = real_ms() + 20000 * (uint64_t)slowness();
    memset(seen, 0, sizeof(seen));
    rand_bytes(pattern, sizeof(pattern));

    while (least < packets) {
        CHECK(real_ms() < end);

        for (; sent < packets && sent < least + WINDOW; ++sent) {
            for (size_t i = 0; i < nodes * nodes; ++i) {
                if (i / nodes != i % nodes) {
                    send_number(i / nodes, i % nodes, sent);
                }
            }
        }

        step();
        least = sent;

        for (size_t at = 0; at < nodes; ++at) {
            take_notes(at, counts[at], seen[at]);

            for (size_t from = 0; from < nodes; ++from) {
                least = from != at && counts[at][from] < least ? counts[at][from] : least;
            }
        }
    }
}

static void two_talk(void)
{
    open_mesh(2);
    exchange(2, 3000);
    nodes_close();
}

static void five_talk(void)
{
    open_mesh(5);
    exchange(5, 100);
    nodes_close();
}

/* ---- out of band ---- */

static uint8_t answer[] = "an answer";

/* What net_crypto does with a cookie request. */
static void reply_to_oob(Client *client, Event_Kind kind)
{
    if (kind == EV_OOB) {
        const Event *event = &client->events[client->count - 1];
        CHECK_EQ(tcp_send_oob_packet(node_of(client)->tc, event->number, event->pk, answer,
                                     sizeof(answer)), 0);
    }
}

/* A knows B and both are at the relays, but B does not know A. */
static Pair one_sided(size_t relay_count)
{
    open_relays();
    const Pair pair = {.a = node_new(), .b = node_new()};

    for (size_t i = 0; i < relay_count; ++i) {
        const IP_Port addr = relay_address(relays[i]);
        CHECK_EQ(add_tcp_relay_global(pair.b->tc, &addr, relays[i]->pk), 0);
        CHECK_EQ(add_tcp_relay_global(pair.b->tc, &addr, relays[i]->pk), -1);
    }

    CHECK_EQ(node_meet(pair.a, pair.b, relays, relay_count), 0);
    await_connected(pair.a, (uint32_t)relay_count);
    await_connected(pair.b, (uint32_t)relay_count);
    /* The responses to the routing requests. */
    step_for(20);
    CHECK_EQ(online(pair.a, 0), 0);
    return pair;
}

static void out_of_band(void)
{
    uint8_t data[1025];
    const Pair pair = one_sided(2);
    rand_bytes(data, sizeof(data));
    pair.b->c->react = reply_to_oob;
    CHECK_EQ(send_packet_tcp_connection(pair.a->tc, 0, data, 1025), -1);
    CHECK_EQ(send_packet_tcp_connection(pair.a->tc, 0, data, 1024), 0);
    /* One on each relay. */
    await_events(pair.b->c, EV_OOB, 2, WAIT_MS);
    await_events(pair.a->c, EV_DATA, 2, WAIT_MS);
    unsigned numbers = 0;

    for (size_t i = 0; i < 2; ++i) {
        const Event *asked = &pair.b->c->events[i];
        const Event *told = &pair.a->c->events[i];
        CHECK_EQ(asked->length, 1024);
        CHECK_BYTES(asked->data, data, 1024);
        CHECK_BYTES(asked->pk, pair.a->c->pk, 32);
        numbers |= 1U << asked->number;
        CHECK_EQ(told->number, owner_id(pair.b));
        CHECK_EQ(told->length, sizeof(answer));
        CHECK_BYTES(told->data, answer, sizeof(answer));
    }

    CHECK_EQ(numbers, 3);
    nodes_close();
}

static void out_of_band_by_key(void)
{
    uint8_t data[20];
    uint8_t nobody[32];
    const Pair pair = one_sided(1);
    TCP_Connections *b = pair.b->tc;
    rand_bytes(data, sizeof(data));
    rand_bytes(nobody, sizeof(nobody));
    CHECK_EQ(tcp_send_oob_packet_using_relay(b, relays[0]->pk, pair.a->c->pk, data, 20), 0);
    CHECK_EQ(tcp_send_oob_packet_using_relay(b, relays[1]->pk, pair.a->c->pk, data, 20), -1);
    CHECK_EQ(tcp_send_oob_packet_using_relay(b, nobody, pair.a->c->pk, data, 20), -1);
    /* To somebody who is not there: the relay drops it. */
    CHECK_EQ(tcp_send_oob_packet_using_relay(b, relays[0]->pk, nobody, data, 20), 0);
    await_events(pair.a->c, EV_DATA, 1, WAIT_MS);
    CHECK_EQ(pair.a->c->events[0].number, owner_id(pair.b));
    CHECK_BYTES(pair.a->c->events[0].data, data, sizeof(data));
    step_for(10);
    CHECK_EQ(pair.a->c->count, 1);
    nodes_close();
}

/* What net_crypto does with a handshake: the stranger becomes a peer over the relay of the packet. */
static void befriend(Client *client, Event_Kind kind)
{
    if (kind == EV_OOB) {
        const Event *event = &client->events[client->count - 1];
        TCP_Connections *tc = node_of(client)->tc;
        CHECK_EQ(new_tcp_connection_to(tc, event->pk, 4711), 0);
        CHECK_EQ(send_packet_tcp_connection(tc, 0, answer, sizeof(answer)), -1);
        CHECK_EQ(add_tcp_number_relay_connection(tc, 0, event->number), 0);
        CHECK_EQ(add_tcp_number_relay_connection(tc, 0, event->number), -1);
        CHECK_EQ(add_tcp_number_relay_connection(tc, 0, 77), -1);
        client->react = NULL;
    }
}

static void stranger_becomes_peer(void)
{
    const Pair pair = one_sided(1);
    pair.b->c->react = befriend;
    CHECK_EQ(send_packet_tcp_connection(pair.a->tc, 0, answer, sizeof(answer)), 0);
    pair_await(&pair, 1);
    check_way(pair.a, 0, pair.b, 4711);
    check_way(pair.b, 0, pair.a, owner_id(pair.b));
    nodes_close();
}

/* ---- parting ---- */

static void killed_peers(void)
{
    open_relays();
    Node *a = node_new();
    Node *b = node_new();
    Node *c = node_new();
    const Pair ab = pair_up(a, b, relays, RELAYS);
    const Pair ac = pair_up(a, c, relays, RELAYS);

    for (int round = 0; round < 3; ++round) {
        CHECK_EQ(kill_tcp_connection_to(a->tc, ab.at_a), 0);
        CHECK_EQ(kill_tcp_connection_to(a->tc, ab.at_a), -1);
        CHECK_EQ(send_packet_tcp_connection(a->tc, ab.at_a, answer, sizeof(answer)), -1);
        CHECK_EQ(online(a, ab.at_a), 0);
        await_online(b, ab.at_b, 0);
        pair_check(&ac);
        /* The number is free again, and the lowest. */
        CHECK_EQ(node_meet(a, b, relays, RELAYS), ab.at_a);
        pair_await(&ab, RELAYS);
        pair_check(&ab);
        CHECK_EQ(tcp_connections_count(a->tc), RELAYS);
    }

    nodes_close();
}

/* A node that ends is offline for the others as soon as the relay knows. */
static void killed_object(void)
{
    open_relays();
    const Pair ab = pair_up(node_new(), node_new(), relays, RELAYS);
    node_kill(ab.b);
    /* The server looks after its clients only now and then. */
    pass_relay_seconds(45);
    CHECK_EQ(online(ab.a, ab.at_a), 0);

    for (size_t i = 0; i < RELAYS; ++i) {
        CHECK_EQ(relays[i]->open_count, 1);
    }

    /* Registered, but nobody is there: a copy goes to each relay. */
    CHECK_EQ(send_packet_tcp_connection(ab.a->tc, ab.at_a, answer, sizeof(answer)), 0);
    nodes_close();
}

int main(int argc, char **argv)
{
    const Test tests[] = {
        {"three_passes", three_passes, 0, 20},
        {"two_talk", two_talk, 0, 30},
        {"five_talk", five_talk, 0, 30},
        {"out_of_band", out_of_band, T_FAST, 20},
        {"out_of_band_by_key", out_of_band_by_key, 0, 20},
        {"stranger_becomes_peer", stranger_becomes_peer, T_FAST, 20},
        {"killed_peers", killed_peers, T_FAST, 20},
        {"killed_object", killed_object, 0, 20},
    };

    return run_tests("life", tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
