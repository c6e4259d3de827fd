/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A thousand objects made and killed in each state: memory and descriptors stay what
 * they are.
 */
#include "scene.h"

#include <dirent.h>
#include <malloc.h>

enum { OBJECTS = 1000, WARM_UP = 50 };

static Scene scene;
static uint8_t data[2031];

static size_t count_descriptors(void)
{
    DIR *fds = opendir("/proc/self/fd");
    size_t count = 0;
    CHECK(fds != NULL);

    while (readdir(fds) != NULL) {
        ++count;
    }

    closedir(fds);
    return count;
}

/* Less than the smallest thing that each object could forget. With a sanitizer's allocator there
 * is nothing to see here; its leak check does the work, and fewer objects do. */
static void stays_the_same(void (*make_and_kill)(void))
{
    size_t descriptors = 0;
    size_t bytes = 0;
    nodes_open();
    rand_bytes(data, sizeof(data));

    for (int i = 0; i < WARM_UP + OBJECTS / slowness(); ++i) {
        if (i == WARM_UP) {
            descriptors = count_descriptors();
            bytes = mallinfo2().uordblks;
        }

        make_and_kill();
    }

    const size_t now = mallinfo2().uordblks;
    CHECK_EQ(count_descriptors(), descriptors);

    if (now > bytes + 8 * OBJECTS) {
        fail_at(__FILE__, __LINE__, "%zu bytes are in use, before it were %zu", now, bytes);
    }

    nodes_close();
}

/* ---- without a relay that answers ---- */

static void add_peers(TCP_Connections *tc, int count)
{
    uint8_t key[32];

    for (int i = 0; i < count; ++i) {
        rand_bytes(key, sizeof(key));
        CHECK_EQ(new_tcp_connection_to(tc, key, i), i);
    }
}

static void bare(void)
{
    uint8_t key[32];
    rand_bytes(key, sizeof(key));
    kill_tcp_connections(connections_new(key, NULL));
}

static void with_peers(void)
{
    uint8_t key[32];
    rand_bytes(key, sizeof(key));
    TCP_Connections *tc = connections_new(key, NULL);
    add_peers(tc, 40);

    for (int i = 0; i < 20; ++i) {
        CHECK_EQ(kill_tcp_connection_to(tc, 2 * i), 0);
    }

    kill_tcp_connections(tc);
}

static void connecting(void)
{
    uint8_t key[32];
    script_open(&scene.relay[0]);
    const IP_Port addr = script_address(&scene.relay[0]);
    Node *node = node_new();
    add_peers(node->tc, 2);

    for (int i = 0; i < 3; ++i) {
        rand_bytes(key, sizeof(key));
        CHECK_EQ(add_tcp_relay_connection(node->tc, i % 2, &addr, key), 0);
    }

    step();
    node_forget(node);
    script_close(&scene.relay[0]);
}

/* ---- with relays and peers ---- */

static void close_scene(void)
{
    scene_close(&scene);
    node_forget(scene.node);
}

static void in_use(void)
{
    scene_open(&scene);
    CHECK_EQ(set_tcp_onion_status(scene.node->tc, true), 0);
    CHECK(get_random_tcp_onion_conn_number(scene.node->tc) >= 0);
    close_scene();
}

static void asleep(void)
{
    scene_open(&scene);
    CHECK_EQ(set_tcp_connection_to_status(scene.node->tc, FIRST, false), 0);
    CHECK_EQ(set_tcp_connection_to_status(scene.node->tc, SECOND, false), 0);
    CHECK_EQ(set_tcp_connection_to_status(scene.node->tc, ASKED, false), 0);
    jump_seconds(11);
    step();
    CHECK_EQ(tcp_connected_relays_count(scene.node->tc), 0);
    close_scene();
}

/* Both relays are gone, the node looks for them. */
static void lost(void)
{
    scene_open(&scene);
    script_hang_up(&scene.relay[0], false);
    script_hang_up(&scene.relay[1], true);
    step();
    step();
    close_scene();
}

/* The relay does not read any more: something is half sent, more waits. And half a packet has come. */
static void half_way(void)
{
    uint8_t frame[FRAME_MAX];
    scene_open(&scene);
    TCP_Connections *tc = scene.node->tc;
    data[0] = 16 + ID_FIRST;
    const size_t n = script_seal(&scene.relay[0], data, 1000, frame);
    script_write(&scene.relay[0], frame, n / 2);

    for (int i = 0; send_packet_tcp_connection(tc, SECOND, data, sizeof(data)) == 0; ++i) {
        CHECK(i < 10000);
    }

    CHECK_EQ(new_tcp_connection_to(tc, data, 9), 3);
    CHECK_EQ(add_tcp_number_relay_connection(tc, 3, 0), 0);
    step();
    close_scene();
}

static void kill_node(Client *client, Event_Kind kind)
{
    (void)kind;
    node_kill(node_of(client));
}

static void killed_in_callback(void)
{
    scene_open(&scene);
    scene.node->c->react = kill_node;
    scene_send(&scene, WAY_DATA);
    scene_send_rest(&scene);

    for (int i = 0; i < 1000 && scene.node->tc != NULL; ++i) {
        step();
    }

    CHECK(scene.node->tc == NULL);
    close_scene();
}

/* ---- one object that lives long ---- */

/* Peers come and go at relays that come and go. */
static void long_life(void)
{
    static Node *node;
    uint8_t key[32];

    if (node == NULL || node->tc == NULL) {
        node = node_new();
        script_open(&scene.relay[0]);
    }

    const IP_Port addr = script_address(&scene.relay[0]);

    for (int i = 0; i < 3; ++i) {
        rand_bytes(key, sizeof(key));
        CHECK_EQ(new_tcp_connection_to(node->tc, key, i), i);
        rand_bytes(key, sizeof(key));
        CHECK_EQ(add_tcp_relay_connection(node->tc, i, &addr, key), 0);
        CHECK_EQ(add_tcp_number_relay_connection(node->tc, i, 0), i == 0 ? -1 : 0);
    }

    step();

    for (int i = 0; i < 3; ++i) {
        CHECK_EQ(kill_tcp_connection_to(node->tc, 2 - i), 0);
        CHECK_EQ(kill_tcp_relay_connection(node->tc, 2 - i), 0);
    }

    /* The kernel's queue of connections that nobody has accepted. */
    script_close(&scene.relay[0]);
    script_open(&scene.relay[0]);
}

#define LEAK_TEST(name) static void test_##name(void) { stays_the_same(name); }

LEAK_TEST(bare)
LEAK_TEST(with_peers)
LEAK_TEST(connecting)
LEAK_TEST(in_use)
LEAK_TEST(asleep)
LEAK_TEST(lost)
LEAK_TEST(half_way)
LEAK_TEST(killed_in_callback)
LEAK_TEST(long_life)

int main(int argc, char **argv)
{
    const Test tests[] = {
        {"bare", test_bare, 0, 30},
        {"with_peers", test_with_peers, 0, 30},
        {"connecting", test_connecting, 0, 30},
        {"in_use", test_in_use, 0, 30},
        {"asleep", test_asleep, 0, 30},
        {"lost", test_lost, 0, 30},
        {"half_way", test_half_way, 0, 60},
        {"killed_in_callback", test_killed_in_callback, T_SKIP, 30},
        {"long_life", test_long_life, 0, 30},
    };

    return run_tests("leaks", tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
