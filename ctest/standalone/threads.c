/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Threads: many that call everything on the same objects while others turn them, many objects on many
 * threads, relays that start and stop meanwhile. To be run plainly, under a checker of threads, and under one
 * of memory.
 */
#include "everything.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

enum { CALLERS = 4 };

/* A checker of threads runs them one by one, and slowly. */
static int rounds(int usual)
{
    return slowness() > 4 ? usual / 10 + 1 : usual;
}

typedef struct Shared {
    Scene_Relay relay;
    Scene_Pair pair;
    Scene_Peers peers;
    atomic_int callers;
    atomic_ulong packets;
    /* Only what is done with the relay while others call it. */
    bool restarts;
} Shared;

/* Whoever turns an object may come to the callbacks, without user data too. */
static Shared shared;

static void on_data(Toxlink_Client *c, uint8_t id, const uint8_t *data, size_t length, void *user_data)
{
    (void)id, (void)data, (void)length, (void)user_data;
    ++shared.packets;
    everything_client(c, INSIDE, shared.pair.key[0]);
}

static void on_peer_data(Toxlink_Connections *c, uint32_t peer, const uint8_t *data, size_t length, void *user_data)
{
    (void)peer, (void)data, (void)length, (void)user_data;
    ++shared.packets;
    everything_connections(c, INSIDE, shared.peers.key[0]);
}

static void *call_everything(void *object)
{
    CHECK(object == &shared);

    for (int round = 0; round < rounds(60); ++round) {
        for (int i = 0; i < 2; ++i) {
            const uint8_t data[50] = {1};
            everything_client(shared.pair.client[i], OUTSIDE, shared.pair.key[1 - i]);
            toxlink_client_send(shared.pair.client[i], shared.pair.id[i], data, sizeof(data), NULL);
            toxlink_client_callback_data(shared.pair.client[i], round % 2 == 0 ? on_data : NULL);
            everything_connections(shared.peers.connections[i], OUTSIDE, shared.peers.key[1 - i]);
            toxlink_connections_send(shared.peers.connections[i], shared.peers.peer[i], data, sizeof(data), NULL);
            toxlink_connections_callback_data(shared.peers.connections[i], round % 2 == 0 ? on_peer_data : NULL);
        }

        Toxlink_Relay_Figures figures;
        CHECK(toxlink_relay_figures(shared.relay.relay, &figures, sizeof(figures)));

        if (shared.restarts) {
            toxlink_relay_stop(shared.relay.relay);
            everything_relay(shared.relay.relay, OUTSIDE);
            toxlink_relay_start(shared.relay.relay, NULL);
        }
    }

    --shared.callers;
    return NULL;
}

/* Turns until nobody calls any more. */
static void *turn_clients(void *object)
{
    CHECK(object == &shared);

    while (shared.callers > 0) {
        for (int i = 0; i < 2; ++i) {
            toxlink_client_turn(shared.pair.client[i], 1, NULL, NULL);
        }
    }

    return NULL;
}

static void *turn_connections(void *object)
{
    CHECK(object == &shared);

    while (shared.callers > 0) {
        for (int i = 0; i < 2; ++i) {
            toxlink_connections_turn(shared.peers.connections[i], 1, NULL, NULL);
        }
    }

    return NULL;
}

static void start(pthread_t *thread, void *(*body)(void *), void *object)
{
    CHECK(pthread_create(thread, NULL, body, object) == 0);
}

static void together(bool restarts)
{
    pthread_t threads[CALLERS + 2];
    shared.restarts = restarts;
    shared.relay = scene_relay();
    shared.pair = scene_pair(&shared.relay);
    shared.peers = scene_peers(&shared.relay);
    shared.callers = CALLERS;
    start(&threads[0], turn_clients, &shared);
    start(&threads[1], turn_connections, &shared);

    for (int i = 0; i < CALLERS; ++i) {
        start(&threads[2 + i], call_everything, &shared);
    }

    for (int i = 0; i < CALLERS + 2; ++i) {
        CHECK(pthread_join(threads[i], NULL) == 0);
    }

    CHECK(shared.packets > 0);
    kill_pair(&shared.pair);
    kill_peers(&shared.peers);
    toxlink_relay_kill(shared.relay.relay);
}

static void same_objects(void) { together(false); }
static void while_a_relay_restarts(void) { together(true); }

static void *make_and_kill(void *object)
{
    (void)object;

    for (int round = 0; round < rounds(20); ++round) {
        everything_new();
    }

    return NULL;
}

static void objects_of_their_own(void)
{
    pthread_t threads[CALLERS];

    for (int i = 0; i < CALLERS; ++i) {
        start(&threads[i], make_and_kill, NULL);
    }

    for (int i = 0; i < CALLERS; ++i) {
        CHECK(pthread_join(threads[i], NULL) == 0);
    }
}

/* ---- waiting ---- */

typedef struct Sleeper {
    Toxlink_Connections *connections;
    atomic_bool is_awake;
} Sleeper;

static void *sleep_for_ever(void *object)
{
    Sleeper *sleeper = (Sleeper *)object;
    CHECK(toxlink_connections_turn(sleeper->connections, -1, NULL, NULL));
    sleeper->is_awake = true;
    return NULL;
}

/* What a call makes due ends the waiting of another thread. */
static void a_call_ends_the_waiting(void)
{
    for (int round = 0; round < rounds(50); ++round) {
        Sleeper sleeper = {.connections = toxlink_connections_new(NULL, NULL)};
        uint8_t secret[TOXLINK_KEY_SIZE], key[TOXLINK_KEY_SIZE];
        pthread_t thread;
        CHECK(toxlink_key_new(secret, key, NULL));
        start(&thread, sleep_for_ever, &sleeper);
        CHECK(toxlink_connections_add_relay(sleeper.connections, "127.0.0.1:1", key, NULL));
        /* If it is not woken, the test ends by its time limit. */
        CHECK(pthread_join(thread, NULL) == 0);
        CHECK(sleeper.is_awake);
        toxlink_connections_kill(sleeper.connections);
    }
}

/* ---- the log callback of a relay on its own thread ---- */

static _Atomic(Toxlink_Relay *) logging;
static atomic_int lines, action;

static void on_log(Toxlink_Log_Level level, const char *message, void *object)
{
    CHECK(level <= TOXLINK_LOG_LEVEL_ERROR && message[0] != '\0' && object == &lines);
    Toxlink_Relay *relay = logging;
    ++lines;

    if (relay == NULL) {
        return;
    }

    everything_relay(relay, INSIDE);

    if (action == 1) {
        toxlink_relay_stop(relay);
    } else if (action == 2) {
        logging = NULL;
        toxlink_relay_kill(relay);
    }
}

static Toxlink_Relay *logging_relay(Scene_Relay *scene)
{
    Toxlink_Relay_Options options;
    toxlink_relay_options_init(&options, sizeof(options));
    options.log_callback = on_log;
    options.log_object = &lines;
    options.log_level = TOXLINK_LOG_LEVEL_TRACE;
    logging = NULL;
    WORKS(scene->relay = toxlink_relay_new(&options, ERR(Toxlink_Err_New)));
    CHECK(toxlink_relay_address(scene->relay, 0, scene->address, sizeof(scene->address)) > 0);
    CHECK(toxlink_relay_public_key(scene->relay, scene->key) && toxlink_relay_start(scene->relay, NULL));
    lines = 0;
    logging = scene->relay;
    return scene->relay;
}

/* Until the relay has written a line, because a client has left. */
static void await_line(const Scene_Relay *scene)
{
    const uint64_t end = real_ms() + PATIENCE_MS;
    toxlink_client_kill(scene_client(scene, NULL));

    while ((action == 2 ? logging != NULL : lines == 0) && real_ms() < end) {
        sched_yield();
    }

    CHECK(lines > 0);
}

/* The last line comes while toxlink_relay_kill() waits for the thread, and the callback may still ask. */
static void kill_while_the_log_asks(void)
{
    Scene_Relay scene;

    for (int round = 0; round < rounds(50); ++round) {
        action = 0;
        Toxlink_Relay *relay = logging_relay(&scene);
        toxlink_relay_kill(relay);
        logging = NULL;
        CHECK(lines > 0);
    }
}

static void stop_in_the_log(void)
{
    Scene_Relay scene;

    for (int round = 0; round < rounds(20); ++round) {
        action = 1;
        Toxlink_Relay *relay = logging_relay(&scene);
        await_line(&scene);
        action = 0;
        toxlink_relay_stop(relay);
        WORKS(toxlink_relay_iterate(relay, ERR(Toxlink_Err_Iterate)));
        toxlink_relay_kill(relay);
        logging = NULL;
    }
}

static void kill_in_the_log(void)
{
    Scene_Relay scene;

    for (int round = 0; round < rounds(20); ++round) {
        action = 2;
        logging_relay(&scene);
        await_line(&scene);
        CHECK(logging == NULL);
    }
}

static const Test tests[] = {
    {"same_objects", same_objects, T_FAST, 120},
    {"while_a_relay_restarts", while_a_relay_restarts, T_FAST, 120},
    {"objects_of_their_own", objects_of_their_own, T_FAST, 120},
    {"a_call_ends_the_waiting", a_call_ends_the_waiting, T_FAST, 120},
    {"kill_while_the_log_asks", kill_while_the_log_asks, T_FAST, 120},
    {"stop_in_the_log", stop_in_the_log, T_FAST, 120},
    {"kill_in_the_log", kill_in_the_log, T_FAST, 120},
};

int main(int argc, char **argv)
{
    return run_tests("threads", tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
