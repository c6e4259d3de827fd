/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Requests that the relay refuses or does not know.
 */
#include "world.h"

enum { TABLE = 240 };

static void check_alive(Relay *relay, Client *client)
{
    Client *other = client_to(relay);
    const Route r = route(client, other);
    check_route_works(&r);
    client_drop(client, r.id_at_a);
    client_kill(other);
}

/* A request for one's own key is refused, which is silent. */
static void own_key_refused(void)
{
    world_open();
    Relay *relay = relay_start(false, 0);
    Client *client = client_to(relay);
    CHECK_EQ(send_routing_request(W.log, client->con, client->pk), 1);
    step_for(60);
    CHECK_EQ(client->count, 0);
    check_alive(relay, client);
    world_close();
}

/* A client that uses the relay's own key pair is a client like others. */
static void relay_key_as_own(void)
{
    world_open();
    Relay *relay = relay_start(false, 0);
    const IP_Port addr = relay_address(relay);
    Client *client = client_new();
    memcpy(client->pk, relay->pk, 32);
    memcpy(client->sk, relay->sk, 32);
    client->con = new_TCP_connection(W.log, W.mono, W.rng, W.ns, &addr, relay->pk, client->pk,
                                     client->sk, NULL);
    CHECK(client->con != NULL);
    client_watch(client);
    CHECK(step_until(confirmed, client, 5000));
    check_alive(relay, client);
    world_close();
}

/* The same key asked for twice: one entry, told once. */
static void asked_twice(void)
{
    world_open();
    Relay *relay = relay_start(false, 0);
    const Route r = route(client_to(relay), client_to(relay));
    const size_t before = r.a->count;

    for (int i = 0; i < 10; ++i) {
        CHECK_EQ(send_routing_request(W.log, r.a->con, r.b->pk), 1);
    }

    step_for(60);
    CHECK_EQ(r.a->count, before);
    check_route_works(&r);
    world_close();
}

static void ask_for(Client *client, uint8_t keys[][32], unsigned count)
{
    for (unsigned i = 0; i < count; ++i) {
        rand_bytes(keys[i], 32);
        CHECK_EQ(send_routing_request(W.log, client->con, keys[i]), 1);
    }
}

/* Each id is given once, for the key that was asked for at that place. */
static void check_table(const Client *client, uint8_t keys[][32])
{
    size_t at = 0;

    for (unsigned i = 0; i < TABLE; ++i) {
        const Event *event = next_event(client, EV_RESPONSE, &at);
        CHECK_EQ(event->con_id, i);
        CHECK_BYTES(event->pk, keys[i], 32);
    }
}

/* 240 routes, asked for in one go; then no more. */
static void table_full(void)
{
    static uint8_t keys[TABLE + 3][32];
    world_open();
    Relay *relay = relay_start(false, 0);
    Client *client = client_to(relay);
    ask_for(client, keys, TABLE);
    await_events(client, EV_RESPONSE, TABLE, 10000);
    check_table(client, keys);

    for (unsigned i = 0; i < TABLE; ++i) {
        CHECK_EQ(set_tcp_connection_number(client->con, (uint8_t)i, i), 0);
        CHECK_EQ(send_data(W.log, client->con, (uint8_t)i, keys[0], 32), -1);
    }

    ask_for(client, keys + TABLE, 3);
    step_for(60);
    CHECK_EQ(client->count, TABLE);

    /* A place gets free, and the request that was refused is accepted now. */
    client_drop(client, 100);
    CHECK_EQ(send_routing_request(W.log, client->con, keys[TABLE + 1]), 1);
    await_events(client, EV_RESPONSE, TABLE + 1, 5000);
    CHECK_EQ(client->events[TABLE].con_id, 100);
    CHECK_BYTES(client->events[TABLE].pk, keys[TABLE + 1], 32);
    client_drop(client, 239);
    check_alive(relay, client);
    world_close();
}

/* A full table works: the last id carries data like the first. */
static void full_table_carries_data(void)
{
    static uint8_t keys[TABLE][32];
    world_open();
    Relay *relay = relay_start(false, 0);
    Client *a = client_to(relay);
    Client *first = client_to(relay);
    Client *last = client_to(relay);
    const Route r = route(a, first);
    ask_for(a, keys, TABLE - 2);
    await_events(a, EV_RESPONSE, TABLE - 1, 10000);
    const Route s = route(a, last);
    CHECK_EQ(r.id_at_a, 0);
    CHECK_EQ(s.id_at_a, 239);
    check_route_works(&r);
    check_route_works(&s);
    world_close();
}

/* Asked, given up, and asked again before any answer could come. */
static void asked_and_given_up(void)
{
    world_open();
    Relay *relay = relay_start(false, 0);
    Client *a = client_to(relay);
    Client *b = client_to(relay);

    for (int i = 0; i < 20; ++i) {
        const Route r = route(a, b);
        client_drop(a, r.id_at_a);
        client_drop(b, r.id_at_b);
    }

    const Route r = route(a, b);
    check_route_works(&r);
    world_close();
}

/* A relay without onion ignores the request. */
static void onion_without_onion(void)
{
    uint8_t data[2031];
    world_open();
    Relay *relay = relay_start(false, 0);
    const Route r = route(client_to(relay), client_to(relay));
    rand_bytes(data, sizeof(data));
    CHECK_EQ(send_onion_request(W.log, r.a->con, data, 1), 1);
    CHECK_EQ(send_onion_request(W.log, r.a->con, data, 500), 1);
    CHECK_EQ(send_onion_request(W.log, r.a->con, data, sizeof(data)), 1);
    CHECK_EQ(send_onion_request(W.log, r.a->con, data, 0), 1);
    step_for(60);
    check_route_works(&r);
    world_close();
}

/* A relay without forwarding hangs up; only the sender loses its connection. */
static void forward_without_forwarding(void)
{
    uint8_t data[100] = {1};
    world_open();
    Relay *relay = relay_start(false, 0);
    const Route r = route(client_to(relay), client_to(relay));
    const IP_Port dest = address("127.0.0.1", 33445);
    CHECK_EQ(send_forward_request_tcp(W.log, r.a->con, &dest, data, sizeof(data)), 1);
    CHECK(step_until(disconnected, r.a, 500));
    check_alive(relay, r.b);
    world_close();
}

int main(int argc, char **argv)
{
    const Test tests[] = {
        {"own_key_refused", own_key_refused, T_FAST, 10},
        {"relay_key_as_own", relay_key_as_own, T_FAST, 10},
        {"asked_twice", asked_twice, T_FAST, 10},
        {"table_full", table_full, T_FAST, 20},
        {"full_table_carries_data", full_table_carries_data, 0, 20},
        {"asked_and_given_up", asked_and_given_up, 0, 20},
        {"onion_without_onion", onion_without_onion, T_FAST, 10},
        {"forward_without_forwarding", forward_without_forwarding, T_OURS | T_FAST | T_FORWARDING, 10},
    };

    return run_tests("relay_limits", tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
