/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Clients talking to one another through toxcore's own TCP server.
 */
#include "world.h"

#include <stdlib.h>

/* Confirmed within one second of the relay's and our own time, and never
 * back to an earlier status. */
static void handshake(bool v6)
{
    Relay *relay = relay_start(v6, 0);
    const IP_Port addr = relay_address(relay);
    Client *client = client_connect(&addr, relay->pk, NULL);
    TCP_Client_Status last = status_of(client);

    CHECK_EQ(last, TCP_CLIENT_CONNECTING);
    CHECK(memcmp(tcp_con_public_key(client->con), relay->pk, 32) == 0);
    const IP_Port stored = tcp_con_ip_port(client->con);
    CHECK_BYTES(&stored, &addr, sizeof(addr));

    for (uint64_t end = real_ms() + 3000; last != TCP_CLIENT_CONFIRMED;) {
        CHECK(real_ms() < end);
        step();
        CHECK(status_of(client) >= last);
        last = status_of(client);
    }

    step_for(50);
    CHECK_EQ(status_of(client), TCP_CLIENT_CONFIRMED);
    CHECK_EQ(relay->accepted_count, 1);
    CHECK_EQ(client->count, 0);
}

static void handshake_v4(void)
{
    world_open();
    handshake(false);
    world_close();
}

static void handshake_v6(void)
{
    world_open();
    handshake(true);
    world_close();
}

/* A relay that listens on the IPv6 wildcard is reached over IPv4, too. */
static void handshake_v4_at_dual_stack(void)
{
    world_open();
    Relay *relay = relay_start(true, 0);
    const IP_Port addr = address("127.0.0.1", relay->port);
    Client *client = client_connect(&addr, relay->pk, NULL);
    CHECK(step_until(confirmed, client, 5000));
    world_close();
}

static void check_data(const Event *event, const Client *to, uint8_t con_id, uint32_t number)
{
    CHECK_EQ(event->con_id, con_id);
    CHECK_EQ(event->number, number);
    CHECK(event->object == to);
    CHECK(event->userdata == to);
}

/* Sends `length` random bytes over the route and checks what comes out. */
static void send_one(const Route *r, uint16_t length)
{
    uint8_t data[2048];
    size_t at = r->b->count;
    rand_bytes(data, length);
    CHECK_EQ(send_data(W.log, r->a->con, r->id_at_a, data, length), 1);
    const uint64_t end = real_ms() + 5000 * (uint64_t)slowness();
    const Event *event;

    while ((event = next_event(r->b, EV_DATA, &at)) == NULL) {
        CHECK(real_ms() < end);
        step();
    }

    check_data(event, r->b, r->id_at_b, 77);
    CHECK_EQ(event->length, length);
    CHECK_BYTES(event->data, data, length);
}

static void every_size(unsigned stride)
{
    Relay *relay = relay_start(false, 0);
    const Route r = route(client_to(relay), client_to(relay));
    const Route back = {r.b, r.a, r.id_at_b, r.id_at_a};

    CHECK_EQ(set_tcp_connection_number(r.a->con, r.id_at_a, 77), 0);
    CHECK_EQ(set_tcp_connection_number(r.b->con, r.id_at_b, 77), 0);

    for (unsigned length = 1; length <= 2031; length += stride) {
        send_one(&r, (uint16_t)length);
        send_one(&back, (uint16_t)length);
    }

    send_one(&r, 2031);
    send_one(&back, 2031);
    CHECK_EQ(status_of(r.a), TCP_CLIENT_CONFIRMED);
    CHECK_EQ(status_of(r.b), TCP_CLIENT_CONFIRMED);
}

static void data_every_size(void)
{
    world_open();
    every_size(1);
    world_close();
}

static void data_some_sizes(void)
{
    world_open();
    every_size(97);
    world_close();
}

enum { CROWD = 8, ROUNDS = 40 };

/* Eight clients, each routed to each: 56 directions with random sizes at once.
 * The number of a route says who sends; the first two bytes count. */
static void crowd_sends(Client **crowd, uint8_t ids[CROWD][CROWD], unsigned round)
{
    uint8_t data[1400];

    for (unsigned i = 0; i < CROWD; ++i) {
        for (unsigned j = 0; j < CROWD; ++j) {
            if (i == j) {
                continue;
            }

            rand_bytes(data, sizeof(data));
            data[0] = (uint8_t)round;
            data[1] = (uint8_t)i;
            const uint16_t length = (uint16_t)(2 + rand32() % (sizeof(data) - 2));
            CHECK_EQ(send_data(W.log, crowd[i]->con, ids[i][j], data, length), 1);
        }
    }
}

static void crowd_check(const Client *client, unsigned self)
{
    unsigned next_round[CROWD] = {0};
    const Event *event;

    for (size_t at = 0; (event = next_event(client, EV_DATA, &at)) != NULL;) {
        const unsigned from = event->data[1];
        CHECK(from < CROWD && from != self);
        CHECK_EQ(event->number, from + 100);
        CHECK_EQ(event->data[0], next_round[from]);
        ++next_round[from];
    }

    for (unsigned i = 0; i < CROWD; ++i) {
        CHECK_EQ(next_round[i], i == self ? 0 : ROUNDS);
    }
}

static void eight_clients(void)
{
    world_open();
    Relay *relay = relay_start(false, 0);
    Client *crowd[CROWD];
    uint8_t ids[CROWD][CROWD] = {{0}};

    for (unsigned i = 0; i < CROWD; ++i) {
        crowd[i] = client_to(relay);
    }

    for (unsigned i = 0; i < CROWD; ++i) {
        for (unsigned j = i + 1; j < CROWD; ++j) {
            const Route r = route(crowd[i], crowd[j]);
            ids[i][j] = r.id_at_a;
            ids[j][i] = r.id_at_b;
            CHECK_EQ(set_tcp_connection_number(crowd[i]->con, r.id_at_a, j + 100), 0);
            CHECK_EQ(set_tcp_connection_number(crowd[j]->con, r.id_at_b, i + 100), 0);
        }
    }

    for (unsigned round = 0; round < ROUNDS; ++round) {
        crowd_sends(crowd, ids, round);

        for (unsigned i = 0; i < CROWD; ++i) {
            await_events(crowd[i], EV_DATA, (round + 1) * (CROWD - 1), 5000);
        }
    }

    for (unsigned i = 0; i < CROWD; ++i) {
        crowd_check(crowd[i], i);
    }

    world_close();
}

static void send_oob(Client *from, Client *to, uint16_t length)
{
    uint8_t data[1024];
    size_t at = to->count;
    const size_t before = count_events(to, EV_OOB);
    rand_bytes(data, length);
    CHECK_EQ(send_oob_packet(W.log, from->con, to->pk, data, length), 1);
    await_events(to, EV_OOB, before + 1, 5000);
    const Event *event = next_event(to, EV_OOB, &at);
    CHECK_BYTES(event->pk, from->pk, 32);
    CHECK(event->userdata == to);
    CHECK_EQ(event->length, length);
    CHECK_BYTES(event->data, data, length);
}

static void out_of_band(void)
{
    world_open();
    Relay *relay = relay_start(false, 0);
    Client *a = client_to(relay);
    Client *b = client_to(relay);
    const uint16_t lengths[] = {1, 2, 100, 1023, 1024};

    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); ++i) {
        send_oob(a, b, lengths[i]);
        send_oob(b, a, lengths[i]);
    }

    /* To nobody: the relay drops it, and nothing else changes. */
    uint8_t nobody[32];
    rand_bytes(nobody, sizeof(nobody));
    CHECK_EQ(send_oob_packet(W.log, a->con, nobody, nobody, sizeof(nobody)), 1);
    step_for(50);
    send_oob(a, b, 10);
    send_oob(b, a, 10);
    world_close();
}

/* The first who asks hears of the peer when the peer asks, too. */
static void notifications(void)
{
    world_open();
    Relay *relay = relay_start(false, 0);
    Client *a = client_to(relay);
    Client *b = client_to(relay);

    CHECK_EQ(send_routing_request(W.log, a->con, b->pk), 1);
    await_events(a, EV_RESPONSE, 1, 5000);
    CHECK_EQ(a->events[0].con_id, 0);
    CHECK_BYTES(a->events[0].pk, b->pk, 32);
    step_for(50);
    CHECK_EQ(count_events(a, EV_STATUS), 0);
    CHECK_EQ(send_data(W.log, a->con, 0, a->pk, 32), -1);
    CHECK_EQ(set_tcp_connection_number(a->con, 0, 5), 0);

    CHECK_EQ(send_routing_request(W.log, b->con, a->pk), 1);
    await_events(b, EV_STATUS, 1, 5000);
    await_events(a, EV_STATUS, 1, 5000);
    CHECK_EQ(b->events[0].kind, EV_RESPONSE);
    CHECK_EQ(b->events[1].kind, EV_STATUS);
    /* Nobody has set a number at b yet. */
    CHECK_EQ(b->events[1].number, UINT32_MAX);
    CHECK_EQ(a->events[1].number, 5);
    CHECK_EQ(a->events[1].status, 2);

    /* The peer goes and comes back: same id, same number. */
    uint8_t pk[32];
    memcpy(pk, b->pk, 32);
    client_kill(b);
    /* The relay itself notices only by its ping. */
    pass_seconds(45);
    await_events(a, EV_STATUS, 2, 5000);
    CHECK_EQ(a->events[2].status, 1);
    CHECK_EQ(a->events[2].number, 5);
    CHECK_EQ(send_data(W.log, a->con, 0, a->pk, 32), -1);

    const IP_Port addr = relay_address(relay);
    b->con = new_TCP_connection(W.log, W.mono, W.rng, W.ns, &addr, relay->pk, b->pk, b->sk, NULL);
    CHECK(b->con != NULL);
    client_watch(b);
    CHECK(step_until(confirmed, b, 5000));
    CHECK_EQ(send_routing_request(W.log, b->con, a->pk), 1);
    await_events(a, EV_STATUS, 3, 5000);
    CHECK_EQ(a->events[3].status, 2);
    CHECK_EQ(a->events[3].number, 5);
    CHECK_EQ(a->count, 4);
    world_close();
}

static void disconnect_request(void)
{
    world_open();
    Relay *relay = relay_start(false, 0);
    const Route r = route(client_to(relay), client_to(relay));
    const size_t at_a = r.a->count;
    const size_t at_b = count_events(r.b, EV_STATUS);

    client_drop(r.a, r.id_at_a);
    /* Gone at once on this side, without a callback. */
    CHECK_EQ(set_tcp_connection_number(r.a->con, r.id_at_a, 1), -1);
    CHECK_EQ(send_data(W.log, r.a->con, r.id_at_a, r.a->pk, 32), -1);
    await_events(r.b, EV_STATUS, at_b + 1, 5000);
    CHECK_EQ(r.b->events[r.b->count - 1].status, 1);
    CHECK_EQ(send_data(W.log, r.b->con, r.id_at_b, r.b->pk, 32), -1);
    CHECK_EQ(r.a->count, at_a);

    /* The same pair again, from both sides in turn. */
    for (int i = 0; i < 5; ++i) {
        const Route again = route(r.a, r.b);
        check_route_works(&again);
        Client *side = i % 2 == 0 ? again.a : again.b;
        Client *other = i % 2 == 0 ? again.b : again.a;
        const uint8_t id = i % 2 == 0 ? again.id_at_a : again.id_at_b;
        const size_t before = count_events(other, EV_STATUS);
        client_drop(side, id);
        await_events(other, EV_STATUS, before + 1, 5000);
    }

    CHECK_EQ(status_of(r.a), TCP_CLIENT_CONFIRMED);
    CHECK_EQ(status_of(r.b), TCP_CLIENT_CONFIRMED);
    world_close();
}

/* The relay kills whoever disconnects an id that is not in use, so the request
 * must not reach it. */
static void disconnect_unused(void)
{
    world_open();
    Relay *relay = relay_start(false, 0);
    const Route r = route(client_to(relay), client_to(relay));

    CHECK_EQ(send_disconnect_request(W.log, r.a->con, 200), 1);
    CHECK_EQ(send_disconnect_request(W.log, r.a->con, 239), 1);
    step_for(50);
    check_route_works(&r);
    client_drop(r.a, r.id_at_a);
    client_drop(r.a, r.id_at_a);
    step_for(50);
    const Route again = route(r.a, r.b);
    check_route_works(&again);
    world_close();
}

/* Any peer with a route can send a data packet without payload. */
static void empty_data(void)
{
    world_open();
    Relay *relay = relay_start(false, 0);
    const Route r = route(client_to(relay), client_to(relay));
    CHECK_EQ(send_data(W.log, r.a->con, r.id_at_a, r.a->pk, 0), 1);
    step_for(50);
    check_route_works(&r);
    world_close();
}

/* Data that was on its way when the id was given up belongs to nobody. */
static void data_after_disconnect(void)
{
    world_open();
    Relay *relay = relay_start(false, 0);
    const Route r = route(client_to(relay), client_to(relay));
    r.b->paused = true;
    CHECK_EQ(send_data(W.log, r.a->con, r.id_at_a, r.a->pk, 32), 1);
    step_for(50);
    client_drop(r.b, r.id_at_b);
    r.b->paused = false;
    step_for(50);
    CHECK_EQ(count_events(r.b, EV_DATA), 0);
    CHECK_EQ(status_of(r.b), TCP_CLIENT_CONFIRMED);
    const Route again = route(r.a, r.b);
    check_route_works(&again);
    world_close();
}

int main(int argc, char **argv)
{
    const Test tests[] = {
        {"handshake_v4", handshake_v4, T_FAST, 10},
        {"handshake_v6", handshake_v6, T_FAST, 10},
        {"handshake_v4_at_dual_stack", handshake_v4_at_dual_stack, 0, 10},
        {"data_every_size", data_every_size, 0, 60},
        {"data_some_sizes", data_some_sizes, T_FAST, 20},
        {"eight_clients", eight_clients, 0, 60},
        {"out_of_band", out_of_band, T_FAST, 20},
        {"notifications", notifications, T_FAST, 20},
        {"disconnect_request", disconnect_request, T_FAST, 20},
        {"disconnect_unused", disconnect_unused, T_OURS | T_FAST, 20},
        {"empty_data", empty_data, T_OURS | T_FAST | T_MENDED, 20},
        {"data_after_disconnect", data_after_disconnect, T_OURS | T_FAST, 20},
    };

    return run_tests("relay_data", tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
