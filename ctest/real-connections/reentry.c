/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Calls from inside callbacks: every entry point from every callback, on the same
 * object and on another one, with packets behind the one that is being handled.
 */
#include "inside.h"

/* ---- all that leaves peers and relays in place ---- */

static void another_object(const Scene *s)
{
    const IP_Port addr = script_address(&s->relay[1]);
    TCP_Connections *tc = connections_new(s->node->c->sk, NULL);
    CHECK_EQ(add_tcp_relay_global(tc, &addr, s->relay[1].pk), 0);
    do_tcp_connections(W.log, tc, NULL);
    kill_tcp_connections(tc);
}

static void peers_and_relays(Scene *s)
{
    TCP_Connections *tc = s->node->tc;
    const IP_Port closed = address("127.0.0.1", 9);
    const IP_Port second = script_address(&s->relay[1]);
    uint8_t key[32];
    rand_bytes(key, sizeof(key));
    CHECK_BYTES(tcp_connections_public_key(tc), s->node->c->pk, 32);
    CHECK_EQ(tcp_connections_count(tc), 2);
    CHECK_EQ(tcp_connected_relays_count(tc), 2);
    CHECK_EQ(tcp_connection_to_online_tcp_relays(tc, FIRST), 2);
    CHECK_EQ(new_tcp_connection_to(tc, s->peer[FIRST], 1), -1);
    CHECK_EQ(new_tcp_connection_to(tc, s->stranger, 1), 3);
    CHECK_EQ(add_tcp_number_relay_connection(tc, 3, 0), 0);
    CHECK_EQ(set_tcp_connection_to_status(tc, 3, false), 0);
    CHECK_EQ(set_tcp_connection_to_status(tc, 3, true), 0);
    CHECK_EQ(kill_tcp_connection_to(tc, 3), 0);
    CHECK_EQ(add_tcp_relay_global(tc, &closed, key), 0);
    CHECK_EQ(tcp_connections_count(tc), 3);
    CHECK_EQ(kill_tcp_relay_connection(tc, 2), 0);
    CHECK_EQ(kill_tcp_relay_connection(tc, 2), -1);
    CHECK_EQ(tcp_connections_count(tc), 2);
    CHECK_EQ(add_tcp_relay_connection(tc, SECOND, &second, s->relay[1].pk), 0);
}

static void sending(Scene *s)
{
    TCP_Connections *tc = s->node->tc;
    const IP_Port second = script_address(&s->relay[1]);
    const IP_Port dest = address("127.0.0.1", 1234);
    Node_format copies[3];
    IP_Port told;
    unsigned number;
    CHECK_EQ(send_packet_tcp_connection(tc, SECOND, s->stranger, 10), 0);
    CHECK_EQ(tcp_send_oob_packet(tc, 0, s->peer[ASKED], s->stranger, 11), 0);
    CHECK_EQ(tcp_send_oob_packet_using_relay(tc, s->relay[1].pk, s->peer[ASKED], s->stranger, 12), 0);
    CHECK_EQ(set_tcp_onion_status(tc, true), 0);
    CHECK(get_random_tcp_onion_conn_number(tc) >= 0);
    CHECK(tcp_get_random_conn_ip_port(tc, &told));
    CHECK_EQ(tcp_send_onion_request(tc, 0, s->stranger, 13), 0);
    CHECK_EQ(set_tcp_onion_status(tc, false), 0);
    CHECK_EQ(tcp_send_forward_request(W.log, tc, &second, &dest, NULL, 0, s->stranger, 14), 0);
    CHECK_EQ(tcp_copy_connected_relays(tc, copies, 3), 2);
    CHECK_EQ(tcp_copy_connected_relays_index(tc, copies, 1, 1), 1);
    CHECK_BYTES(copies[0].public_key, s->relay[1].pk, 32);
    told = tcp_connections_number_to_ip_port(7);
    CHECK(ip_port_to_tcp_connections_number(&told, &number));
    node_watch(s->node);
}

static void everything(Scene *s)
{
    peers_and_relays(s);
    sending(s);
    another_object(s);
}

/* What the relays of the scene have got from it. */
static void check_everything(Scene *s)
{
    const uint8_t forward[] = {10, 2, 127, 0, 0, 1, 1234 >> 8, 1234 & 255};
    expect_request(s, 0, s->stranger);
    expect(s, 0, 11, (const uint8_t[]){16 + ID_SECOND, s->stranger[0]}, 2);
    expect(s, 0, 44, (const uint8_t[]){6, s->peer[ASKED][0]}, 2);
    expect(s, 0, 14, (const uint8_t[]){8, s->stranger[0]}, 2);
    expect_request(s, 1, s->peer[SECOND]);
    expect(s, 1, 45, (const uint8_t[]){6, s->peer[ASKED][0]}, 2);
    expect(s, 1, 22, forward, sizeof(forward));
    CHECK_EQ(tcp_connected_relays_count(s->node->tc), 2);
    CHECK_EQ(online(s->node, FIRST), 2);
    CHECK_EQ(online(s->node, SECOND), 1);
}

static void to_itself(Node *node)
{
    CHECK(node == scene.node);
    everything(&scene);
}

static void test_to_itself(Way way)
{
    const size_t at = bring_about(way, to_itself);
    scene_check_all(scene.node->c, at, way);
    check_everything(&scene);
}

static void everything_inside(void)
{
    for_each_way(test_to_itself);
}

static void to_another(Node *node)
{
    CHECK(node == scene.node);
    everything(&other);
}

static void test_to_another(Way way)
{
    scene_open(&other);
    const size_t at = bring_about(way, to_another);
    scene_check_all(scene.node->c, at, way);
    check_everything(&other);
    scene_close(&other);
}

static void everything_on_another(void)
{
    for_each_way(test_to_another);
}

/* ---- other callbacks from now on ---- */

static void stop_listening(Node *node)
{
    set_packet_tcp_connection_callback(node->tc, NULL, NULL);
    set_oob_packet_tcp_connection_callback(node->tc, NULL, NULL);
    set_onion_packet_tcp_connection_callback(node->tc, NULL, NULL);
    set_forwarding_packet_tcp_connection_callback(node->tc, NULL, NULL);
}

static void test_stop_listening(Way way)
{
    const size_t at = bring_about(way, stop_listening);
    CHECK_EQ(scene.node->c->count, at + 1);
    node_watch(scene.node);
    scene_send_rest(&scene);
    step_for(5);
    scene_check_rest(scene.node->c, at + 1);
}

static void callbacks_removed_inside(void)
{
    for_each_way(test_stop_listening);
}

static Node successor;

static void hand_over(Node *node)
{
    successor.tc = node->tc;
    node_watch(&successor);
}

static void test_hand_over(Way way)
{
    successor.c = client_new();
    const size_t at = bring_about(way, hand_over);
    CHECK_EQ(scene.node->c->count, at + 1);
    scene_check_rest(successor.c, 0);
}

static void callbacks_replaced_inside(void)
{
    for_each_way(test_hand_over);
}

/* ---- many more of everything: the arrays move while they are in use ---- */

static void add_relays(Node *node)
{
    uint8_t key[32];
    /* They are on their way and never answer. */
    const IP_Port addr = script_address(&other.relay[0]);

    for (int i = 0; i < 10; ++i) {
        rand_bytes(key, sizeof(key));
        CHECK_EQ(add_tcp_relay_global(node->tc, &addr, key), 0);
    }

    for (int i = 0; i < 300; ++i) {
        rand_bytes(key, sizeof(key));
        CHECK_EQ(new_tcp_connection_to(node->tc, key, 9000 + i), 3 + i);
    }

    CHECK_EQ(tcp_connections_count(node->tc), 12);
}

static void test_add_relays(Way way)
{
    script_open(&other.relay[0]);
    const size_t at = bring_about(way, add_relays);
    scene_check_all(scene.node->c, at, way);
    script_close(&other.relay[0]);
}

static void ten_relays_inside(void)
{
    for_each_way(test_add_relays);
}

/* ---- a loop inside the loop ---- */

static int depth;
static int deepest;

static void loop_inside(Client *client, Event_Kind kind)
{
    Node *node = node_of(client);
    (void)kind;
    ++depth;
    deepest = depth > deepest ? depth : deepest;
    do_tcp_connections(W.log, node->tc, node);
    --depth;
}

static void test_loop_inside(Way way)
{
    const size_t at = scene.node->c->count;
    scene.node->c->react = loop_inside;
    scene_send(&scene, way);
    scene_send_rest(&scene);
    step_for(10);
    scene_check_all(scene.node->c, at, way);
}

static void do_inside(void)
{
    for_each_way(test_loop_inside);
}

/* However much there is to read, the stack stays flat and the order holds. */
static void do_inside_does_not_pile_up(void)
{
    enum { COUNT = 600 };
    uint8_t data[100] = {16 + ID_SECOND};
    nodes_open();
    scene_open(&scene);
    Client *c = scene.node->c;
    scene.node->paused = true;

    for (uint32_t i = 0; i < COUNT; ++i) {
        memcpy(data + 1, &i, 4);
        script_send(&scene.relay[0], data, sizeof(data));
    }

    deepest = 0;
    c->react = loop_inside;
    scene.node->paused = false;
    await_events(c, EV_DATA, COUNT, WAIT_MS);
    CHECK(deepest <= 2);

    for (uint32_t i = 0; i < COUNT; ++i) {
        CHECK_BYTES(c->events[i].data, &i, 4);
    }

    scene_close(&scene);
    nodes_close();
}

int main(int argc, char **argv)
{
    const Test tests[] = {
        {"everything_inside", everything_inside, T_FAST, 20},
        {"everything_on_another", everything_on_another, T_FAST, 20},
        {"callbacks_removed_inside", callbacks_removed_inside, T_FAST, 20},
        {"callbacks_replaced_inside", callbacks_replaced_inside, T_FAST, 20},
        {"ten_relays_inside", ten_relays_inside, T_FAST, 20},
        {"do_inside", do_inside, T_FAST, 20},
        {"do_inside_does_not_pile_up", do_inside_does_not_pile_up, T_OURS | T_FAST, 20},
    };

    return run_tests("reentry", tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
