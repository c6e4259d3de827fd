/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Ends inside callbacks: of the peer that is being served, of the relay that is being
 * read, of the object itself.
 */
#include "inside.h"

enum { SUCCESSOR = 777 };

static uint8_t successor[32];

/* ---- of peers ---- */

/* What net_crypto does when a peer comes with a new key, and what it does with relays that a
 * friend shares. */
static void replace_peer(Node *node)
{
    uint8_t key[32];
    const IP_Port addr = script_address(&other.relay[0]);
    TCP_Connections *tc = node->tc;
    CHECK_EQ(kill_tcp_connection_to(tc, FIRST), 0);
    CHECK_EQ(kill_tcp_connection_to(tc, FIRST), -1);
    CHECK_EQ(new_tcp_connection_to(tc, successor, SUCCESSOR), FIRST);
    CHECK_EQ(add_tcp_number_relay_connection(tc, FIRST, 0), 0);

    for (int i = 0; i < 3; ++i) {
        rand_bytes(key, sizeof(key));
        CHECK_EQ(add_tcp_relay_connection(tc, FIRST, &addr, key), 0);
    }

    CHECK_EQ(send_packet_tcp_connection(tc, FIRST, key, sizeof(key)), -1);
    CHECK_EQ(online(node, FIRST), 0);
}

/* What was on its way for the old peer belongs to nobody. */
static void test_replace_peer(Way way)
{
    rand_bytes(successor, sizeof(successor));
    script_open(&other.relay[0]);
    const size_t at = bring_about_first(way, replace_peer);
    scene_send(&scene, WAY_DATA);
    scene_send(&scene, WAY_DATA);
    scene_send_rest(&scene);
    let_happen();
    scene_check_all(scene.node->c, at, way);
    expect_goodbye(&scene, 0, ID_FIRST);
    expect_request(&scene, 0, successor);
    expect_goodbye(&scene, 1, ID_FIRST);
    CHECK_EQ(online(scene.node, SECOND), 1);
    script_close(&other.relay[0]);
}

static void peer_replaced_inside(void)
{
    for_each_way(test_replace_peer);
}

static void kill_peers(Node *node)
{
    for (int i = 0; i < 3; ++i) {
        CHECK_EQ(kill_tcp_connection_to(node->tc, 2 - i), 0);
    }
}

static void test_kill_peers(Way way)
{
    Client *c = scene.node->c;
    const size_t at = bring_about(way, kill_peers);
    const Event_Kind left[] = {EV_OOB, EV_ONION, EV_FORWARDED};
    /* All but the data of the second peer. */
    CHECK_EQ(c->count, at + 4);

    for (size_t i = 0; i < 3; ++i) {
        CHECK_EQ(c->events[at + 1 + i].kind, left[i]);
    }

    CHECK_EQ(tcp_connected_relays_count(scene.node->tc), 2);
}

static void all_peers_killed_inside(void)
{
    for_each_way(test_kill_peers);
}

/* ---- of relays ---- */

static void kill_other_relay(Node *node)
{
    CHECK_EQ(kill_tcp_relay_connection(node->tc, 1), 0);
    CHECK_EQ(tcp_connections_count(node->tc), 1);
    CHECK_EQ(online(node, FIRST), 1);
}

static void test_kill_other_relay(Way way)
{
    const size_t at = bring_about(way, kill_other_relay);
    scene_check_all(scene.node->c, at, way);
    scene_await_end(&scene.relay[1]);
}

static void other_relay_killed_inside(void)
{
    for_each_way(test_kill_other_relay);
}

static void kill_this_relay(Node *node)
{
    CHECK_EQ(kill_tcp_relay_connection(node->tc, 0), 0);
    CHECK_EQ(kill_tcp_relay_connection(node->tc, 0), -1);
    CHECK_EQ(tcp_connected_relays_count(node->tc), 1);
    CHECK_EQ(online(node, FIRST), 1);
    CHECK_EQ(online(node, SECOND), 0);
    CHECK_EQ(tcp_send_oob_packet(node->tc, 0, scene.stranger, scene.stranger, 10), -1);
    CHECK_EQ(send_packet_tcp_connection(node->tc, FIRST, scene.stranger, 10), 0);
    CHECK_EQ(send_packet_tcp_connection(node->tc, SECOND, scene.stranger, 10), -1);
}

static void test_kill_this_relay(Way way)
{
    const size_t at = bring_about(way, kill_this_relay);
    CHECK_EQ(scene.node->c->count, at + 1);
    scene_await_end(&scene.relay[0]);
    expect(&scene, 1, 11, (const uint8_t[]){16 + ID_FIRST, scene.stranger[0]}, 2);
    CHECK_EQ(tcp_connected_relays_count(scene.node->tc), 1);
}

static void relay_killed_inside(void)
{
    for_each_way(test_kill_this_relay);
}

/* All go, and the one that is being read comes again under its old number. */
static void kill_all_relays(Node *node)
{
    const IP_Port addr = script_address(&scene.relay[0]);
    CHECK_EQ(kill_tcp_relay_connection(node->tc, 1), 0);
    CHECK_EQ(kill_tcp_relay_connection(node->tc, 0), 0);
    CHECK_EQ(tcp_connections_count(node->tc), 0);
    CHECK_EQ(online(node, FIRST), 0);
    CHECK_EQ(add_tcp_relay_connection(node->tc, FIRST, &addr, scene.relay[0].pk), 0);
    CHECK_EQ(tcp_connections_count(node->tc), 1);
}

static void test_kill_all_relays(Way way)
{
    const size_t at = bring_about(way, kill_all_relays);
    CHECK_EQ(scene.node->c->count, at + 1);
    scene_await_end(&scene.relay[0]);
    scene_await_end(&scene.relay[1]);
    script_hang_up(&scene.relay[0], false);
    /* A relay is not connected twice within ten seconds. */
    jump_seconds(10);
    step();
    scene_greet(&scene.relay[0]);
    scene_route(&scene.relay[0], scene.peer[FIRST], ID_FIRST);
    await_online(scene.node, FIRST, 1);
    scene_send(&scene, WAY_DATA);
    await_events(scene.node->c, EV_DATA, count_events(scene.node->c, EV_DATA) + 1, WAIT_MS);
}

static void all_relays_killed_inside(void)
{
    for_each_way(test_kill_all_relays);
}

/* ---- of objects ---- */

static void check_gone(Scene *s)
{
    scene_await_end(&s->relay[0]);
    scene_await_end(&s->relay[1]);
}

static void kill_itself(Node *node)
{
    node_kill(node);
}

static void test_kill_itself(Way way)
{
    const size_t at = bring_about(way, kill_itself);
    CHECK_EQ(scene.node->c->count, at + 1);
    check_gone(&scene);
}

static void killed_inside(void)
{
    for_each_way(test_kill_itself);
}

/* Until the outermost call returns the object is there, and dead. */
static void kill_and_go_on(Node *node)
{
    TCP_Connections *tc = node->tc;
    const IP_Port addr = script_address(&scene.relay[1]);
    uint8_t *key = scene.stranger;
    Node_format copies[3];
    IP_Port told;
    node_kill(node);
    CHECK_EQ(tcp_connections_count(tc), 0);
    CHECK_EQ(tcp_connected_relays_count(tc), 0);
    CHECK_EQ(new_tcp_connection_to(tc, key, 1), -1);
    CHECK_EQ(kill_tcp_connection_to(tc, FIRST), -1);
    CHECK_EQ(set_tcp_connection_to_status(tc, FIRST, false), -1);
    CHECK_EQ(tcp_connection_to_online_tcp_relays(tc, FIRST), 0);
    CHECK_EQ(send_packet_tcp_connection(tc, FIRST, key, 32), -1);
    CHECK_EQ(add_tcp_relay_global(tc, &addr, key), -1);
    CHECK_EQ(add_tcp_relay_connection(tc, FIRST, &addr, key), -1);
    CHECK_EQ(add_tcp_number_relay_connection(tc, SECOND, 1), -1);
    CHECK_EQ(kill_tcp_relay_connection(tc, 0), -1);
    CHECK_EQ(tcp_copy_connected_relays(tc, copies, 3), 0);
    CHECK_EQ(tcp_copy_connected_relays_index(tc, copies, 3, 0), 0);
    CHECK_EQ(tcp_send_oob_packet(tc, 0, key, key, 32), -1);
    CHECK_EQ(tcp_send_oob_packet_using_relay(tc, scene.relay[0].pk, key, key, 32), -1);
    CHECK_EQ(set_tcp_onion_status(tc, true), -1);
    CHECK_EQ(get_random_tcp_onion_conn_number(tc), -1);
    CHECK(!tcp_get_random_conn_ip_port(tc, &told));
    CHECK_EQ(tcp_send_onion_request(tc, 0, key, 32), -1);
    CHECK_EQ(tcp_send_forward_request(W.log, tc, &addr, &addr, NULL, 0, key, 32), -1);
    set_packet_tcp_connection_callback(tc, NULL, NULL);
    do_tcp_connections(W.log, tc, NULL);
}

static void test_kill_and_go_on(Way way)
{
    const size_t at = bring_about(way, kill_and_go_on);
    CHECK_EQ(scene.node->c->count, at + 1);
    check_gone(&scene);
}

static void calls_after_kill_inside(void)
{
    for_each_way(test_kill_and_go_on);
}

static void kill_in_nested_do(Node *node)
{
    do_tcp_connections(W.log, node->tc, node);
    node_kill(node);
}

static void test_kill_in_nested_do(Way way)
{
    bring_about(way, kill_in_nested_do);
    CHECK(scene.node->tc == NULL);
    check_gone(&scene);
}

static void killed_after_nested_do(void)
{
    for_each_way(test_kill_in_nested_do);
}

static void kill_the_other(Node *node)
{
    CHECK(node == scene.node);
    node_kill(other.node);
}

static void test_kill_the_other(Way way)
{
    scene_open(&other);
    const size_t at = bring_about(way, kill_the_other);
    scene_check_all(scene.node->c, at, way);
    check_gone(&other);
    scene_close(&other);
}

static void another_killed_inside(void)
{
    for_each_way(test_kill_the_other);
}

static void kill_the_first(Client *client, Event_Kind kind)
{
    (void)client;
    (void)kind;
    node_kill(scene.node);
}

/* The callback of one object steps the other, whose callback kills the first. */
static void step_the_other(Node *node)
{
    CHECK(node == scene.node);
    other.node->c->react = kill_the_first;
    scene_send(&other, WAY_DATA);
    do_tcp_connections(W.log, other.node->tc, other.node);
    CHECK(scene.node->tc == NULL);
}

static void test_crosswise(Way way)
{
    scene_open(&other);
    const size_t at = bring_about(way, step_the_other);
    CHECK_EQ(scene.node->c->count, at + 1);
    check_gone(&scene);
    CHECK_EQ(tcp_connected_relays_count(other.node->tc), 2);
    scene_close(&other);
}

static void killed_by_another(void)
{
    for_each_way(test_crosswise);
}

int main(int argc, char **argv)
{
    const Test tests[] = {
        {"peer_replaced_inside", peer_replaced_inside, T_OURS | T_FAST, 20},
        {"all_peers_killed_inside", all_peers_killed_inside, T_FAST, 20},
        {"other_relay_killed_inside", other_relay_killed_inside, T_FAST, 20},
        {"relay_killed_inside", relay_killed_inside, T_SKIP | T_FAST, 20},
        {"all_relays_killed_inside", all_relays_killed_inside, T_SKIP | T_FAST, 20},
        {"killed_inside", killed_inside, T_SKIP | T_FAST, 20},
        {"calls_after_kill_inside", calls_after_kill_inside, T_SKIP | T_FAST, 20},
        {"killed_after_nested_do", killed_after_nested_do, T_SKIP | T_FAST, 20},
        {"another_killed_inside", another_killed_inside, T_FAST, 20},
        {"killed_by_another", killed_by_another, T_SKIP | T_FAST, 20},
    };

    return run_tests("reentry_end", tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
