/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A second thread in the same object. toxcore 0.2.18 does that: its data callback lets
 * go of the lock around the connections, and audio or video comes in.
 */
#include "scene.h"
#include "second.h"

#include <time.h>
#include <unistd.h>

static Scene scene;

/* ---- while a callback is suspended ---- */

static Way chosen;
static bool done;
static void (*chosen_calls)(TCP_Connections *tc);

/* What net_crypto does for other threads, and what else it could do. It uses no logger, as the
 * world's is the first thread's. */
static void callers(TCP_Connections *tc)
{
    const IP_Port addr = script_address(&scene.relay[1]);
    Node_format copies[3];
    CHECK_EQ(send_packet_tcp_connection(tc, SECOND, scene.stranger, 10), 0);
    CHECK_EQ(tcp_connection_to_online_tcp_relays(tc, FIRST), 2);
    CHECK_EQ(set_tcp_connection_to_status(tc, SECOND, false), 0);
    CHECK_EQ(set_tcp_connection_to_status(tc, SECOND, true), 0);
    CHECK_EQ(new_tcp_connection_to(tc, scene.stranger, 1), 3);
    CHECK_EQ(add_tcp_relay_connection(tc, 3, &addr, scene.relay[1].pk), 0);
    CHECK_EQ(add_tcp_number_relay_connection(tc, 3, 0), 0);
    CHECK_EQ(kill_tcp_connection_to(tc, 3), 0);
    CHECK_EQ(tcp_copy_connected_relays(tc, copies, 3), 2);
    CHECK_EQ(tcp_send_oob_packet(tc, 0, scene.stranger, scene.stranger, 11), 0);
    CHECK_EQ(tcp_connected_relays_count(tc), 2);
}

static void everything(TCP_Connections *tc)
{
    const IP_Port addr = script_address(&scene.relay[1]);
    uint8_t key[32] = {77};
    IP_Port told;
    callers(tc);
    CHECK_EQ(add_tcp_relay_global(tc, &addr, key), 0);
    CHECK_EQ(kill_tcp_relay_connection(tc, 2), 0);
    CHECK_EQ(set_tcp_onion_status(tc, true), 0);
    CHECK(get_random_tcp_onion_conn_number(tc) >= 0);
    CHECK(tcp_get_random_conn_ip_port(tc, &told));
    CHECK_EQ(tcp_send_onion_request(tc, 0, key, 12), 0);
    CHECK_EQ(set_tcp_onion_status(tc, false), 0);
    CHECK_EQ(tcp_send_oob_packet_using_relay(tc, scene.relay[1].pk, key, key, 13), 0);
    CHECK_EQ(tcp_send_forward_request(NULL, tc, &addr, &addr, NULL, 0, key, 14), 0);
    CHECK_EQ(tcp_connections_count(tc), 2);
    CHECK_EQ(kill_tcp_connection_to(tc, ASKED), 0);
    CHECK_EQ(new_tcp_connection_to(tc, scene.peer[ASKED], OWNER + ASKED), ASKED);
    /* It finds the loop occupied. */
    do_tcp_connections(NULL, tc, NULL);
    node_watch(scene.node);
}

static void kill_it(TCP_Connections *tc)
{
    kill_tcp_connections(tc);
}

/* The callback of the first thread waits until the second one is through. */
static void suspend(Client *client, Event_Kind kind)
{
    if (kind != kind_of(chosen) || done) {
        return;
    }

    Node *node = node_of(client);
    Second second;
    done = true;
    second_start(&second, chosen_calls, node->tc);
    second_join(&second);

    if (chosen_calls == kill_it) {
        node->tc = NULL;
    }
}

static void suspended(Way way, void (*what)(TCP_Connections *tc))
{
    scene_open(&scene);
    chosen = way;
    done = false;
    chosen_calls = what;
    Client *c = scene.node->c;
    const size_t at = c->count;
    c->react = suspend;
    scene_send(&scene, way);
    scene_send_rest(&scene);
    step_for(10);
    CHECK(done);

    if (what == kill_it) {
        CHECK_EQ(c->count, at + 1);
        scene_await_end(&scene.relay[0]);
        scene_await_end(&scene.relay[1]);
    } else {
        scene_check_all(c, at, way);
        CHECK_EQ(tcp_connected_relays_count(scene.node->tc), 2);
        CHECK_EQ(online(scene.node, FIRST), 2);
    }

    scene_close(&scene);
}

static void for_each_way(void (*what)(TCP_Connections *tc))
{
    nodes_open();

    for (Way way = 0; way < WAYS; ++way) {
        suspended(way, what);
    }

    nodes_close();
}

static void callers_in_callback(void) { for_each_way(callers); }
static void everything_in_callback(void) { for_each_way(everything); }
static void kill_in_callback(void) { for_each_way(kill_it); }

/* The peer that is being served goes, and its number to somebody else, in another thread. */
static void replace_first(TCP_Connections *tc)
{
    CHECK_EQ(kill_tcp_connection_to(tc, FIRST), 0);
    CHECK_EQ(new_tcp_connection_to(tc, scene.stranger, 1), FIRST);
}

static void peer_replaced_in_callback(void)
{
    nodes_open();
    scene_open(&scene);
    Client *c = scene.node->c;
    chosen = WAY_DATA;
    chosen_calls = replace_first;
    c->react = suspend;
    scene_send(&scene, WAY_DATA);
    scene_send(&scene, WAY_DATA);
    step_for(10);
    CHECK(done);
    CHECK_EQ(c->count, 1);
    scene_close(&scene);
    nodes_close();
}

/* ---- one at a time, as net_crypto of 0.2.18 does it ---- */

enum { TURNS = 200 };

/* Held around each call, and let go during the data callback. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static unsigned rounds;
static unsigned accepted;
static bool over;

static void one_round(TCP_Connections *tc)
{
    uint8_t key[32] = {(uint8_t)rounds, (uint8_t)(rounds >> 8), 1};
    const int peer = new_tcp_connection_to(tc, key, 1);
    CHECK_EQ(peer, 3);
    accepted += send_packet_tcp_connection(tc, SECOND, key, 32) == 0;
    CHECK_EQ(tcp_connection_to_online_tcp_relays(tc, FIRST), 2);
    CHECK_EQ(add_tcp_number_relay_connection(tc, peer, 1), 0);
    CHECK_EQ(set_tcp_connection_to_status(tc, peer, false), 0);
    CHECK_EQ(set_tcp_connection_to_status(tc, peer, true), 0);
    CHECK_EQ(kill_tcp_connection_to(tc, peer), 0);
    CHECK_EQ(tcp_connected_relays_count(tc), 2);
}

static void keep_calling(TCP_Connections *tc)
{
    CHECK(pthread_mutex_lock(&lock) == 0);

    while (!over) {
        one_round(tc);
        ++rounds;
        CHECK(pthread_cond_broadcast(&changed) == 0);
        CHECK(pthread_mutex_unlock(&lock) == 0);
        usleep(50);
        CHECK(pthread_mutex_lock(&lock) == 0);
    }

    CHECK(pthread_mutex_unlock(&lock) == 0);
}

/* Inside the data callback: the other thread gets its turn, and must come back from it. */
static void let_go(Client *client, Event_Kind kind)
{
    struct timespec end;
    const unsigned before = rounds;
    (void)client;
    CHECK_EQ(kind, EV_DATA);
    CHECK(clock_gettime(CLOCK_REALTIME, &end) == 0);
    end.tv_sec += WAIT_MS / 1000 * slowness();

    while (rounds < before + 2) {
        /* Lets go of the lock. */
        if (pthread_cond_timedwait(&changed, &lock, &end) != 0) {
            fail_at(__FILE__, __LINE__, "the second thread is blocked");
        }
    }
}

static void by_turns(void)
{
    uint8_t data[500] = {16 + ID_FIRST};
    Second second;
    nodes_open();
    scene_open(&scene);
    Client *c = scene.node->c;
    TCP_Connections *tc = scene.node->tc;
    scene.node->paused = true;
    c->react = let_go;
    second_start(&second, keep_calling, tc);

    for (uint32_t i = 0; i < TURNS; ++i) {
        memcpy(data + 1, &i, 4);
        script_send(&scene.relay[0], data, sizeof(data));
        CHECK(pthread_mutex_lock(&lock) == 0);
        step();
        do_tcp_connections(W.log, tc, scene.node);
        CHECK(pthread_mutex_unlock(&lock) == 0);
        scene_drain(&scene.relay[0]);
        scene_drain(&scene.relay[1]);
    }

    CHECK(pthread_mutex_lock(&lock) == 0);
    over = true;
    CHECK(pthread_mutex_unlock(&lock) == 0);
    second_join(&second);
    c->react = NULL;
    scene.node->paused = false;
    await_events(c, EV_DATA, TURNS, WAIT_MS);

    for (uint32_t i = 0; i < TURNS; ++i) {
        CHECK_BYTES(c->events[i].data, &i, 4);
    }

    CHECK(accepted >= TURNS && rounds >= 2 * TURNS);
    scene_close(&scene);
    nodes_close();
}

int main(int argc, char **argv)
{
    const Test tests[] = {
        {"callers_in_callback", callers_in_callback, T_FAST, 20},
        {"everything_in_callback", everything_in_callback, T_SKIP | T_FAST, 20},
        {"peer_replaced_in_callback", peer_replaced_in_callback, T_OURS | T_FAST, 20},
        {"kill_in_callback", kill_in_callback, T_SKIP | T_FAST, 20},
        {"by_turns", by_turns, T_FAST, 30},
    };

    return run_tests("threads", tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
