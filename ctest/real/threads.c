/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A second thread in the same connection. toxcore 0.2.18 does that: its data
 * callback lets go of the lock around the connections, and audio or video comes in.
 */
#include "stage.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

static Stage stage;

/* ---- while a callback is suspended ---- */

static Event_Kind chosen;
static bool done;

/* Runs in the second thread. It uses no logger, as the world's is the first thread's. */
static void *everything(void *object)
{
    TCP_Client_Connection *con = (TCP_Client_Connection *)object;
    const IP_Port dest = address("127.0.0.1", 1234);
    CHECK_EQ(tcp_con_status(con), TCP_CLIENT_CONFIRMED);
    CHECK_BYTES(tcp_con_public_key(con), stage.script.pk, 32);
    CHECK_EQ(tcp_con_ip_port(con).port, net_htons(stage.script.port));
    tcp_con_set_custom_object(con, &stage);
    tcp_con_set_custom_uint(con, 42);
    CHECK(tcp_con_custom_object(con) == &stage);
    CHECK_EQ(tcp_con_custom_uint(con), 42);
    CHECK_EQ(send_routing_request(NULL, con, stage.first), 1);
    CHECK_EQ(send_data(NULL, con, ID_SECOND, stage.first, 10), 1);
    CHECK_EQ(send_oob_packet(NULL, con, stage.second, stage.first, 11), 1);
    CHECK_EQ(send_onion_request(NULL, con, stage.first, 12), 1);
    CHECK_EQ(send_forward_request_tcp(NULL, con, &dest, stage.first, 13), 1);
    CHECK_EQ(send_disconnect_request(NULL, con, ID_FIRST), 1);
    CHECK_EQ(set_tcp_connection_number(con, ID_SECOND, 601), 0);
    client_watch(stage.client);
    return NULL;
}

static void *only_kill(void *object)
{
    kill_TCP_connection((TCP_Client_Connection *)object);
    return NULL;
}

static void *(*second)(void *);

/* The callback of the first thread waits until the second one is through. */
static void suspend(Client *client, Event_Kind kind)
{
    if (kind != chosen || done) {
        return;
    }

    pthread_t thread;
    done = true;
    CHECK(pthread_create(&thread, NULL, second, client->con) == 0);
    CHECK(pthread_join(thread, NULL) == 0);

    if (second == only_kill) {
        client->con = NULL;
    }
}

static void suspended(Event_Kind kind, void *(*what)(void *))
{
    stage_open(&stage);
    chosen = kind;
    done = false;
    second = what;
    const size_t at = stage.client->count;
    stage.client->react = suspend;
    stage_send(&stage, kind);
    stage_send_rest(&stage);
    step_for(20);
    CHECK(done);

    if (what == everything) {
        uint8_t plain[PLAIN_MAX];
        const int first_bytes[] = {0, 16 + ID_SECOND, 6, 8, 10, 3};
        stage_check_rest(stage.client, at + 1, 601);

        for (size_t i = 0; i < 6; ++i) {
            CHECK(script_await(&stage.script, plain) > 0);
            CHECK_EQ(plain[0], first_bytes[i]);
        }
    } else {
        CHECK_EQ(stage.client->count, at + 1);
    }

    client_kill(stage.client);
    stage_close(&stage);
}

static void second_thread_in_callback(void)
{
    world_open();

    for (Event_Kind kind = EV_RESPONSE; kind <= EV_FORWARDED; ++kind) {
        suspended(kind, everything);
    }

    world_close();
}

static void second_thread_kills_in_callback(void)
{
    world_open();

    for (Event_Kind kind = EV_RESPONSE; kind <= EV_FORWARDED; ++kind) {
        suspended(kind, only_kill);
    }

    world_close();
}

/* ---- both at the same time ---- */

enum { PACKETS = 4000 };

static atomic_bool stop;
static atomic_uint sent;
static atomic_uint trouble;

/* Sends numbered packets and looks around, as fast as it can. */
static void *hammer(void *object)
{
    TCP_Client_Connection *con = (TCP_Client_Connection *)object;

    while (!atomic_load(&stop)) {
        const uint32_t number = atomic_load(&sent);
        const int result = send_data(NULL, con, ID_SECOND, (const uint8_t *)&number, 4);
        atomic_fetch_add(&sent, result == 1 ? 1 : 0);
        const bool good = result >= 0 && tcp_con_status(con) == TCP_CLIENT_CONFIRMED
                          && set_tcp_connection_number(con, ID_SECOND, NUMBER_SECOND) == 0
                          && memcmp(tcp_con_public_key(con), stage.script.pk, 32) == 0;
        atomic_fetch_add(&trouble, good ? 0 : 1);
    }

    return NULL;
}

/* Reads at most `most` packets of the client; the numbers have no gap, the order of the
 * nonces holds. */
static void take(uint32_t most, uint32_t *seen, uint32_t *oobs)
{
    uint8_t plain[PLAIN_MAX];
    ssize_t n;

    while (most > 0 && (n = script_recv(&stage.script, plain)) > 0) {
        --most;

        if (plain[0] == 16 + ID_SECOND) {
            CHECK_BYTES(plain + 1, seen, 4);
            ++*seen;
        } else {
            CHECK_EQ(plain[0], 6);
            ++*oobs;
        }
    }

    CHECK(most == 0 || n == 0);
}

static void both_at_once(void)
{
    pthread_t thread;
    uint8_t data[500] = {16 + ID_FIRST};
    uint32_t seen = 0;
    uint32_t oobs = 0;
    uint32_t oobs_sent = 0;
    world_open();
    stage_open(&stage);
    const size_t at = stage.client->count;
    CHECK(pthread_create(&thread, NULL, hammer, stage.client->con) == 0);

    for (uint32_t i = 0; i < PACKETS; ++i) {
        memcpy(data + 1, &i, 4);
        script_send(&stage.script, data, sizeof(data));
        const int result = send_oob_packet(W.log, stage.client->con, stage.second, data, 100);
        CHECK(result >= 0);
        oobs_sent += (uint32_t)result;
        step();
        take(100, &seen, &oobs);
    }

    atomic_store(&stop, true);
    CHECK(pthread_join(thread, NULL) == 0);
    await_events(stage.client, EV_DATA, PACKETS, 5000);
    step_for(50);
    take(UINT32_MAX, &seen, &oobs);

    for (uint32_t i = 0; i < PACKETS; ++i) {
        CHECK_BYTES(stage.client->events[at + i].data, &i, 4);
    }

    CHECK_EQ(seen, atomic_load(&sent));
    CHECK_EQ(oobs, oobs_sent);
    CHECK(seen + oobs > 100);
    CHECK_EQ(atomic_load(&trouble), 0);
    stage_close(&stage);
    world_close();
}

/* ---- two threads that step ---- */

static atomic_uint delivered[PACKETS];

static int count_data(void *object, uint32_t number, uint8_t con_id, const uint8_t *data,
                      uint16_t length, void *userdata)
{
    uint32_t i = PACKETS;
    (void)object;
    (void)number;
    (void)con_id;
    (void)userdata;

    if (length == 499) {
        memcpy(&i, data, 4);
    }

    if (i < PACKETS) {
        atomic_fetch_add(&delivered[i], 1);
    } else {
        atomic_fetch_add(&trouble, 1);
    }

    return 0;
}

static void *keep_stepping(void *object)
{
    while (!atomic_load(&stop)) {
        do_TCP_connection(NULL, W.mono, (TCP_Client_Connection *)object, NULL);
    }

    return NULL;
}

static void two_step(void)
{
    pthread_t thread;
    uint8_t data[500] = {16 + ID_FIRST};
    world_open();
    stage_open(&stage);
    TCP_Client_Connection *con = stage.client->con;
    routing_data_handler(con, count_data, NULL);
    /* The clock stands still in this test, so nobody writes while the other reads it. */
    stage.client->paused = true;
    CHECK(pthread_create(&thread, NULL, keep_stepping, con) == 0);

    for (uint32_t i = 0; i < PACKETS; ++i) {
        uint8_t frame[FRAME_MAX];
        memcpy(data + 1, &i, 4);
        const size_t n = script_seal(&stage.script, data, sizeof(data), frame);

        for (size_t written = 0; written < n;) {
            const ssize_t more = write(stage.script.sock, frame + written, n - written);
            written += more > 0 ? (size_t)more : 0;
            do_TCP_connection(NULL, W.mono, con, NULL);
        }
    }

    for (uint64_t end = real_ms() + 1000; real_ms() < end && atomic_load(&delivered[PACKETS - 1]) == 0;) {
        do_TCP_connection(NULL, W.mono, con, NULL);
    }

    atomic_store(&stop, true);
    CHECK(pthread_join(thread, NULL) == 0);

    for (uint32_t i = 0; i < PACKETS; ++i) {
        CHECK_EQ(atomic_load(&delivered[i]), 1);
    }

    CHECK_EQ(atomic_load(&trouble), 0);
    CHECK_EQ(tcp_con_status(con), TCP_CLIENT_CONFIRMED);
    stage_close(&stage);
    world_close();
}

int main(int argc, char **argv)
{
    const Test tests[] = {
        {"second_thread_in_callback", second_thread_in_callback, T_FAST, 20},
        {"second_thread_kills_in_callback", second_thread_kills_in_callback, T_OURS | T_FAST, 20},
        {"both_at_once", both_at_once, T_SKIP, 60},
        {"two_step", two_step, T_SKIP, 60},
    };

    return run_tests("threads", tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
