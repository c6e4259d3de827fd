/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Two threads in the same object at the same time, which no caller does. Our locks are
 * none that helgrind knows, so it is not asked.
 */
#include "scene.h"
#include "second.h"

#include <stdatomic.h>
#include <unistd.h>

static Scene scene;

enum { PACKETS = 2000 };

static atomic_bool stop;
static atomic_uint sent;
static atomic_uint trouble;

/* Sends numbered packets, and does to peers and relays what calls do. */
static void hammer(TCP_Connections *tc)
{
    Node_format copies[3];

    for (uint32_t round = 0; !atomic_load(&stop); ++round) {
        const uint32_t number = atomic_load(&sent);
        const int result = send_packet_tcp_connection(tc, SECOND, (const uint8_t *)&number, 4);
        atomic_fetch_add(&sent, result == 0 ? 1 : 0);
        uint8_t key[32] = {(uint8_t)round, (uint8_t)(round >> 8), 1};
        const int peer = new_tcp_connection_to(tc, key, 1);
        const bool good = peer == 3 && add_tcp_number_relay_connection(tc, peer, 1) == 0
                          && tcp_connection_to_online_tcp_relays(tc, FIRST) == 2
                          && set_tcp_connection_to_status(tc, peer, false) == 0
                          && set_tcp_connection_to_status(tc, peer, true) == 0
                          && tcp_copy_connected_relays(tc, copies, 3) == 2
                          && kill_tcp_connection_to(tc, peer) == 0
                          && tcp_connections_count(tc) == 2;
        atomic_fetch_add(&trouble, good ? 0 : 1);
        usleep(50);
    }
}

/* Reads what the node sends on relay 0; its numbers have no gap, the order of the nonces holds. */
static void take(uint32_t *seen)
{
    uint8_t plain[PLAIN_MAX];
    ssize_t n;

    for (int i = 0; i < 100 && (n = script_recv(&scene.relay[0], plain)) > 0; ++i) {
        if (plain[0] == 16 + ID_SECOND) {
            CHECK_BYTES(plain + 1, seen, 4);
            ++*seen;
        } else if (plain[0] == 4) {
            plain[0] = 5;
            script_send(&scene.relay[0], plain, 9);
        }
    }
}

static void both_at_once(void)
{
    uint8_t data[500] = {16 + ID_FIRST};
    uint32_t seen = 0;
    nodes_open();
    scene_open(&scene);
    Client *c = scene.node->c;
    Second second;
    second_start(&second, hammer, scene.node->tc);

    for (uint32_t i = 0; i < PACKETS; ++i) {
        memcpy(data + 1, &i, 4);
        script_send(&scene.relay[0], data, sizeof(data));
        step();
        take(&seen);
        scene_drain(&scene.relay[1]);
    }

    atomic_store(&stop, true);
    second_join(&second);
    await_events(c, EV_DATA, PACKETS, WAIT_MS);

    for (uint32_t i = 0; i < PACKETS; ++i) {
        CHECK_BYTES(c->events[i].data, &i, 4);
        CHECK_EQ(c->events[i].number, OWNER + FIRST);
    }

    for (int i = 0; i < 50; ++i) {
        step_for(1);
        take(&seen);
    }

    CHECK_EQ(atomic_load(&trouble), 0);
    CHECK_EQ(seen, atomic_load(&sent));
    CHECK(seen > 20);
    scene_close(&scene);
    nodes_close();
}

/* ---- two threads that run the loop ---- */

static atomic_uint delivered[PACKETS];

static int count_data(void *object, int id, const uint8_t *data, uint16_t length, void *userdata)
{
    uint32_t i = PACKETS;
    (void)object;
    (void)userdata;

    if (length == 499 && id == OWNER + FIRST) {
        memcpy(&i, data, 4);
    }

    atomic_fetch_add(i < PACKETS ? &delivered[i] : &trouble, 1);
    return 0;
}

static void keep_looping(TCP_Connections *tc)
{
    while (!atomic_load(&stop)) {
        do_tcp_connections(NULL, tc, NULL);
    }
}

static void two_loops(void)
{
    uint8_t data[500] = {16 + ID_FIRST};
    nodes_open();
    scene_open(&scene);
    TCP_Connections *tc = scene.node->tc;
    set_packet_tcp_connection_callback(tc, count_data, NULL);
    /* The clock stands still in this test, so nobody writes while the other reads it. */
    scene.node->paused = true;
    Second second;
    second_start(&second, keep_looping, tc);

    for (uint32_t i = 0; i < PACKETS; ++i) {
        uint8_t frame[FRAME_MAX];
        memcpy(data + 1, &i, 4);
        const size_t n = script_seal(&scene.relay[0], data, sizeof(data), frame);

        for (size_t written = 0; written < n;) {
            const ssize_t more = write(scene.relay[0].sock, frame + written, n - written);
            written += more > 0 ? (size_t)more : 0;
            do_tcp_connections(NULL, tc, NULL);
        }
    }

    const uint64_t end = real_ms() + WAIT_MS * (uint64_t)slowness();

    while (real_ms() < end && atomic_load(&delivered[PACKETS - 1]) == 0) {
        do_tcp_connections(NULL, tc, NULL);
    }

    atomic_store(&stop, true);
    second_join(&second);

    for (uint32_t i = 0; i < PACKETS; ++i) {
        CHECK_EQ(atomic_load(&delivered[i]), 1);
    }

    CHECK_EQ(atomic_load(&trouble), 0);
    CHECK_EQ(tcp_connected_relays_count(tc), 2);
    scene_close(&scene);
    nodes_close();
}

int main(int argc, char **argv)
{
    const Test tests[] = {
        {"both_at_once", both_at_once, T_SKIP, 30},
        {"two_loops", two_loops, T_SKIP, 30},
    };

    return run_tests("parallel", tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
