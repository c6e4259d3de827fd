/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Calls from inside callbacks: every entry point from every callback.
 */
#include "stage.h"

#include <unistd.h>

static Stage stage;
/* What happens inside the first callback of this kind. */
static Event_Kind chosen;
static void (*action)(Client *client);

static void act_once(Client *client, Event_Kind kind)
{
    if (kind == chosen && action != NULL) {
        void (*const now)(Client *) = action;
        action = NULL;
        now(client);
    }
}

/* Brings about the callback with the rest right behind it. */
static void bring_about(Event_Kind kind, void (*what)(Client *client))
{
    chosen = kind;
    action = what;
    stage.client->react = act_once;
    stage_send(&stage, kind);
    stage_send_rest(&stage);
    step_for(20);
    CHECK(action == NULL);
}

/* Runs a test in one stage per kind of callback. */
static void for_each_kind(void (*test)(Event_Kind kind))
{
    world_open();
    W.ns = &W.net;

    for (Event_Kind kind = EV_RESPONSE; kind <= EV_FORWARDED; ++kind) {
        stage_open(&stage);
        test(kind);
        client_kill(stage.client);
        stage_close(&stage);
    }

    world_close();
}

/* ---- everything that does not end the connection ---- */

static void another_connection(void)
{
    const IP_Port addr = script_address(&stage.script);
    const Client *c = stage.client;
    TCP_Client_Connection *con = new_TCP_connection(W.log, W.mono, &W.own_rng, W.ns, &addr,
                                 stage.script.pk, c->pk, c->sk, NULL);
    CHECK(con != NULL);
    do_TCP_connection(W.log, W.mono, con, NULL);
    kill_TCP_connection(con);
}

static void everything(Client *client)
{
    TCP_Client_Connection *con = client->con;
    const IP_Port dest = address("127.0.0.1", 1234);
    CHECK_EQ(tcp_con_status(con), TCP_CLIENT_CONFIRMED);
    CHECK_BYTES(tcp_con_public_key(con), stage.script.pk, 32);
    CHECK_EQ(tcp_con_ip_port(con).port, net_htons(stage.script.port));
    tcp_con_set_custom_object(con, &stage);
    tcp_con_set_custom_uint(con, 42);
    CHECK(tcp_con_custom_object(con) == &stage);
    CHECK_EQ(tcp_con_custom_uint(con), 42);
    CHECK_EQ(send_routing_request(W.log, con, stage.first), 1);
    CHECK_EQ(send_data(W.log, con, ID_SECOND, stage.first, 10), 1);
    CHECK_EQ(send_oob_packet(W.log, con, stage.second, stage.first, 11), 1);
    CHECK_EQ(send_onion_request(W.log, con, stage.first, 12), 1);
    CHECK_EQ(send_forward_request_tcp(W.log, con, &dest, stage.first, 13), 1);
    CHECK_EQ(send_disconnect_request(W.log, con, ID_FIRST), 1);
    CHECK_EQ(set_tcp_connection_number(con, ID_SECOND, 601), 0);
    CHECK_EQ(set_tcp_connection_number(con, ID_FIRST, 501), -1);
    client_watch(client);
    another_connection();
}

static void expect_packet(size_t length, const uint8_t *start, size_t start_length)
{
    uint8_t plain[PLAIN_MAX];
    CHECK_EQ(script_await(&stage.script, plain), length);
    CHECK_BYTES(plain, start, start_length);
}

static void test_everything(Event_Kind kind)
{
    const size_t at = stage.client->count;
    const uint8_t forward[] = {10, 2, 127, 0, 0, 1, 1234 >> 8, 1234 & 255};
    bring_about(kind, everything);
    CHECK_EQ(stage.client->events[at].kind, kind);
    stage_check_rest(stage.client, at + 1, 601);
    expect_packet(33, (const uint8_t[]){0}, 1);
    expect_packet(11, (const uint8_t[]){16 + ID_SECOND}, 1);
    expect_packet(44, (const uint8_t[]){6, stage.second[0]}, 2);
    expect_packet(13, (const uint8_t[]){8, stage.first[0]}, 2);
    expect_packet(21, forward, sizeof(forward));
    expect_packet(2, (const uint8_t[]){3, 16 + ID_FIRST}, 2);
    CHECK_EQ(status_of(stage.client), TCP_CLIENT_CONFIRMED);
}

static void everything_inside(void)
{
    for_each_kind(test_everything);
}

/* ---- other handlers from now on ---- */

static Client *successor;

static void hand_over(Client *client)
{
    successor->con = client->con;
    client_watch(successor);
    /* It only listens; it is not the one that is stepped. */
    successor->con = NULL;
}

static void test_hand_over(Event_Kind kind)
{
    const size_t at = stage.client->count;
    successor = client_new();
    bring_about(kind, hand_over);
    CHECK_EQ(stage.client->count, at + 1);
    stage_check_rest(successor, 0, NUMBER_SECOND);
    client_forget_events(successor);
}

static void handlers_replaced_inside(void)
{
    for_each_kind(test_hand_over);
}

static void stop_listening(Client *client)
{
    routing_response_handler(client->con, NULL, NULL);
    routing_status_handler(client->con, NULL, NULL);
    routing_data_handler(client->con, NULL, NULL);
    oob_data_handler(client->con, NULL, NULL);
    onion_response_handler(client->con, NULL, NULL);
    forwarding_handler(client->con, NULL, NULL);
}

static void test_stop_listening(Event_Kind kind)
{
    const size_t at = stage.client->count;
    bring_about(kind, stop_listening);
    CHECK_EQ(stage.client->count, at + 1);
    client_watch(stage.client);
    stage_send_rest(&stage);
    step_for(10);
    stage_check_rest(stage.client, at + 1, NUMBER_SECOND);
}

static void handlers_removed_inside(void)
{
    for_each_kind(test_stop_listening);
}

/* ---- a step inside a step ---- */

static int depth;
static int deepest;

static void step_inside(Client *client, Event_Kind kind)
{
    (void)kind;
    ++depth;
    deepest = depth > deepest ? depth : deepest;
    do_TCP_connection(W.log, W.mono, client->con, client);
    --depth;
}

static void test_step_inside(Event_Kind kind)
{
    const size_t at = stage.client->count;
    stage.client->react = step_inside;
    stage_send(&stage, kind);
    stage_send_rest(&stage);
    step_for(20);
    CHECK_EQ(stage.client->events[at].kind, kind);
    stage_check_rest(stage.client, at + 1, NUMBER_SECOND);
}

static void do_inside(void)
{
    for_each_kind(test_step_inside);
}

/* However much there is to read, the stack stays flat and the order holds. */
static void do_inside_does_not_pile_up(void)
{
    enum { COUNT = 600 };
    uint8_t data[100] = {16 + ID_SECOND};
    world_open();
    stage_open(&stage);
    const size_t at = stage.client->count;
    stage.client->paused = true;

    for (uint32_t i = 0; i < COUNT; ++i) {
        memcpy(data + 1, &i, 4);
        script_send(&stage.script, data, sizeof(data));
    }

    stage.client->react = step_inside;
    stage.client->paused = false;
    await_events(stage.client, EV_DATA, COUNT, 5000);
    CHECK(deepest <= 2);

    for (uint32_t i = 0; i < COUNT; ++i) {
        CHECK_BYTES(stage.client->events[at + i].data, &i, 4);
    }

    stage_close(&stage);
    world_close();
}

/* ---- the end of the connection ---- */

static void kill_it(Client *client)
{
    client_kill(client);
}

static void test_kill(Event_Kind kind)
{
    uint8_t plain[PLAIN_MAX];
    const size_t at = stage.client->count;
    const uint64_t closes = W.calls.closes;
    bring_about(kind, kill_it);
    CHECK_EQ(stage.client->count, at + 1);
    CHECK_EQ(W.calls.closes, closes + 1);
    CHECK_EQ(script_await(&stage.script, plain), -1);
}

static void kill_inside(void)
{
    for_each_kind(test_kill);
}

/* Until the outermost call returns, the object is there, and dead. */
static void kill_and_go_on(Client *client)
{
    TCP_Client_Connection *con = client->con;
    client_kill(client);
    CHECK_EQ(tcp_con_status(con), TCP_CLIENT_DISCONNECTED);
    CHECK_EQ(send_data(W.log, con, ID_SECOND, stage.first, 10), -1);
    CHECK_EQ(send_routing_request(W.log, con, stage.first), -1);
    CHECK_EQ(send_disconnect_request(W.log, con, ID_FIRST), -1);
    do_TCP_connection(W.log, W.mono, con, NULL);
    another_connection();
}

static void test_kill_and_go_on(Event_Kind kind)
{
    uint8_t plain[PLAIN_MAX];
    const size_t at = stage.client->count;
    bring_about(kind, kill_and_go_on);
    CHECK_EQ(stage.client->count, at + 1);
    CHECK_EQ(script_await(&stage.script, plain), -1);
}

static void calls_after_kill_inside(void)
{
    for_each_kind(test_kill_and_go_on);
}

static void kill_in_nested_do(Client *client)
{
    do_TCP_connection(W.log, W.mono, client->con, client);
    client_kill(client);
}

static void test_kill_in_nested_do(Event_Kind kind)
{
    bring_about(kind, kill_in_nested_do);
    /* Not later than with the packets that were there. */
    CHECK(stage.client->con == NULL);
}

static void kill_after_nested_do(void)
{
    for_each_kind(test_kill_in_nested_do);
}

/* Two connections, and each one's callback has to do with the other. */
static Stage other;

static void kill_the_other(Client *client)
{
    CHECK(client != other.client);
    client_kill(other.client);
}

static void test_kill_the_other(Event_Kind kind)
{
    stage_open(&other);
    const size_t at = stage.client->count;
    bring_about(kind, kill_the_other);
    stage_check_rest(stage.client, at + 1, NUMBER_SECOND);
    stage_close(&other);
}

static void kill_another_inside(void)
{
    for_each_kind(test_kill_the_other);
}

static void kill_the_first(Client *client, Event_Kind kind)
{
    (void)kind;
    (void)client;
    if (stage.client->con != NULL) {
        client_kill(stage.client);
    }
}

/* First's callback steps the second one, whose callback kills the first. */
static void step_the_other(Client *client)
{
    (void)client;
    other.client->react = kill_the_first;
    stage_send(&other, EV_DATA);
    usleep(2000);
    do_TCP_connection(W.log, W.mono, other.client->con, other.client);
    CHECK(stage.client->con == NULL);
}

static void test_kill_crosswise(Event_Kind kind)
{
    stage_open(&other);
    const size_t at = stage.client->count;
    bring_about(kind, step_the_other);
    CHECK_EQ(stage.client->count, at + 1);
    CHECK_EQ(status_of(other.client), TCP_CLIENT_CONFIRMED);
    client_kill(other.client);
    stage_close(&other);
}

static void killed_by_another(void)
{
    for_each_kind(test_kill_crosswise);
}

int main(int argc, char **argv)
{
    const Test tests[] = {
        {"everything_inside", everything_inside, T_FAST, 20},
        {"handlers_replaced_inside", handlers_replaced_inside, T_FAST, 20},
        {"handlers_removed_inside", handlers_removed_inside, T_FAST, 20},
        {"do_inside", do_inside, T_FAST, 20},
        {"do_inside_does_not_pile_up", do_inside_does_not_pile_up, T_OURS | T_FAST, 20},
        {"kill_inside", kill_inside, T_OURS | T_FAST, 20},
        {"calls_after_kill_inside", calls_after_kill_inside, T_OURS | T_FAST, 20},
        {"kill_after_nested_do", kill_after_nested_do, T_OURS | T_FAST, 20},
        {"kill_another_inside", kill_another_inside, T_FAST, 20},
        {"killed_by_another", killed_by_another, T_OURS | T_FAST, 20},
    };

    return run_tests("reentry", tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
