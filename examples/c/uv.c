/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * toxlink in the event loop of libuv.
 *
 *   cc -std=c99 uv.c $(pkg-config --cflags --libs toxlink libuv) -o uv
 *   ./uv
 *
 * Uv_Toxlink below is all that a program needs: the descriptor is watched, and before libuv waits, a timer is
 * set to what toxlink_connections_wait() says. Two peers send a packet to and fro over a relay until it has
 * counted to 100.
 */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>

#include <toxlink.h>
#include <uv.h>

enum { COUNT_TO = 100, PATIENCE_MS = 60000 };

/* Connections that a loop serves. */
typedef struct Uv_Toxlink {
    Toxlink_Connections *connections;
    uint32_t peer;
    uv_poll_t poll;
    uv_timer_t timer;
    uv_prepare_t prepare;
} Uv_Toxlink;

static int final_count;

static void serve(Uv_Toxlink *object)
{
    Toxlink_Err_Iterate error;
    if (!toxlink_connections_iterate(object->connections, object, &error)) {
        fprintf(stderr, "uv: iterating: %s\n", toxlink_err_iterate_to_string(error));
        uv_stop(object->poll.loop);
    }
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    (void)status, (void)events;
    serve(poll->data);
}

static void on_timer(uv_timer_t *timer)
{
    serve(timer->data);
}

/* libuv is about to wait. Calls of other parts of the program may have changed for how long. */
static void on_prepare(uv_prepare_t *prepare)
{
    Uv_Toxlink *object = prepare->data;
    const int32_t wait = toxlink_connections_wait(object->connections);
    /* libuv counts from the beginning of this round; without this it would wake up too early. */
    uv_update_time(prepare->loop);
    if (wait < 0) uv_timer_stop(&object->timer);
    else uv_timer_start(&object->timer, on_timer, (uint64_t)wait, 0);
}

static bool uv_toxlink_begin(Uv_Toxlink *object, uv_loop_t *loop)
{
    object->poll.data = object->timer.data = object->prepare.data = object;
    return uv_poll_init(loop, &object->poll, toxlink_connections_descriptor(object->connections)) == 0 &&
           uv_timer_init(loop, &object->timer) == 0 && uv_prepare_init(loop, &object->prepare) == 0 &&
           uv_poll_start(&object->poll, UV_READABLE, on_readable) == 0 &&
           uv_prepare_start(&object->prepare, on_prepare) == 0;
}

/* To be called before toxlink_connections_kill(); the loop has to run once more for libuv to let go. */
static void uv_toxlink_end(Uv_Toxlink *object)
{
    uv_close((uv_handle_t *)&object->poll, NULL);
    uv_close((uv_handle_t *)&object->timer, NULL);
    uv_close((uv_handle_t *)&object->prepare, NULL);
}

static void on_data(Toxlink_Connections *connections, uint32_t peer, const uint8_t *data, size_t length,
                    void *user_data)
{
    const uint8_t next = (uint8_t)(data[0] + 1);
    if (length != 1) return;
    final_count = next;
    if (next < COUNT_TO) toxlink_connections_send(connections, peer, &next, 1, NULL);
    else uv_stop(((Uv_Toxlink *)user_data)->poll.loop);
}

/* The second object begins to count as soon as it sees the first. */
static void on_peer_status(Toxlink_Connections *connections, uint32_t peer, uint32_t online_relays, void *user_data)
{
    const uint8_t zero = 0;
    (void)user_data;
    if (online_relays > 0) toxlink_connections_send(connections, peer, &zero, 1, NULL);
}

static void on_patience(uv_timer_t *timer)
{
    fprintf(stderr, "uv: it takes too long\n");
    uv_stop(timer->loop);
}

int main(void)
{
    Uv_Toxlink objects[2];
    Toxlink_Err_New error;
    Toxlink_Relay *relay = toxlink_relay_new(NULL, &error);
    uv_loop_t *loop = uv_default_loop();
    uv_timer_t patience;
    uint8_t key[TOXLINK_KEY_SIZE];
    char address[64];
    if (relay == NULL || !toxlink_relay_start(relay, NULL)) {
        fprintf(stderr, "uv: no relay: %s\n", toxlink_err_new_to_string(error));
        return 1;
    }
    toxlink_relay_address(relay, 0, address, sizeof(address));
    for (int i = 0; i < 2; i++) {
        objects[i].connections = toxlink_connections_new(NULL, &error);
        if (objects[i].connections == NULL || !uv_toxlink_begin(&objects[i], loop)) {
            fprintf(stderr, "uv: no connections: %s\n", toxlink_err_new_to_string(error));
            return 1;
        }
        toxlink_connections_callback_data(objects[i].connections, on_data);
    }
    toxlink_connections_callback_peer_status(objects[1].connections, on_peer_status);
    for (int i = 0; i < 2; i++) {
        toxlink_connections_public_key(objects[1 - i].connections, key);
        objects[i].peer = toxlink_connections_add_peer(objects[i].connections, key, NULL);
        toxlink_relay_public_key(relay, key);
        toxlink_connections_add_relay_for(objects[i].connections, objects[i].peer, address, key, NULL);
    }
    uv_timer_init(loop, &patience);
    uv_timer_start(&patience, on_patience, PATIENCE_MS, 0);
    uv_run(loop, UV_RUN_DEFAULT);
    printf("counted to %d\n", final_count);

    for (int i = 0; i < 2; i++) uv_toxlink_end(&objects[i]);
    uv_close((uv_handle_t *)&patience, NULL);
    uv_run(loop, UV_RUN_DEFAULT);
    for (int i = 0; i < 2; i++) toxlink_connections_kill(objects[i].connections);
    toxlink_relay_kill(relay);
    return uv_loop_close(loop) == 0 && final_count == COUNT_TO ? 0 : 1;
}
