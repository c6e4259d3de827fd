/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "scene.h"

static const uint8_t text[] = "twelve bytes";

enum { PING = 4, PONG = 5 };

static bool answer_ping(Script *relay, uint8_t *plain, ssize_t n)
{
    if (n != 9 || plain[0] != PING) {
        return false;
    }

    plain[0] = PONG;
    script_send(relay, plain, 9);
    return true;
}

ssize_t scene_await(Script *relay, uint8_t *plain)
{
    ssize_t n;

    do {
        n = script_await(relay, plain);
    } while (answer_ping(relay, plain, n));

    return n;
}

void scene_await_end(Script *relay)
{
    uint8_t plain[PLAIN_MAX];
    const uint64_t end = real_ms() + WAIT_MS * (uint64_t)slowness();

    while (script_await(relay, plain) != -1) {
        CHECK(real_ms() < end);
    }
}

void scene_drain(Script *relay)
{
    uint8_t plain[PLAIN_MAX];
    ssize_t n;

    while ((n = script_recv(relay, plain)) > 0) {
        answer_ping(relay, plain, n);
    }
}

void scene_greet(Script *relay)
{
    script_accept(relay);
    relay->input_start = 0;
    relay->input_length = 0;
    script_read_hello(relay);
    script_send_hello(relay);
}

void scene_route(Script *relay, const uint8_t *peer, uint8_t con_id)
{
    uint8_t plain[PLAIN_MAX];
    CHECK_EQ(scene_await(relay, plain), 33);
    CHECK_EQ(plain[0], 0);
    CHECK_BYTES(plain + 1, peer, 32);
    plain[0] = 1;
    plain[1] = (uint8_t)(con_id + 16);
    memcpy(plain + 2, peer, 32);
    script_send(relay, plain, 34);
    const uint8_t online[2] = {2, (uint8_t)(con_id + 16)};
    script_send(relay, online, 2);
}

void scene_open(Scene *scene)
{
    uint8_t plain[PLAIN_MAX];
    memset(scene, 0, sizeof(*scene));
    scene->node = node_new();
    rand_bytes(scene->stranger, 32);

    for (int i = 0; i < 3; ++i) {
        rand_bytes(scene->peer[i], 32);
        CHECK_EQ(new_tcp_connection_to(scene->node->tc, scene->peer[i], OWNER + i), i);
    }

    for (int i = 0; i < 2; ++i) {
        script_open(&scene->relay[i]);
        const IP_Port addr = script_address(&scene->relay[i]);

        for (int peer = 0; peer < (i == 0 ? 3 : 1); ++peer) {
            CHECK_EQ(add_tcp_relay_connection(scene->node->tc, peer, &addr, scene->relay[i].pk), 0);
        }

        scene_greet(&scene->relay[i]);
    }

    scene_route(&scene->relay[0], scene->peer[FIRST], ID_FIRST);
    scene_route(&scene->relay[0], scene->peer[SECOND], ID_SECOND);
    CHECK_EQ(scene_await(&scene->relay[0], plain), 33);
    CHECK_BYTES(plain + 1, scene->peer[ASKED], 32);
    scene_route(&scene->relay[1], scene->peer[FIRST], ID_FIRST);
    await_online(scene->node, FIRST, 2);
    await_online(scene->node, SECOND, 1);
    CHECK_EQ(online(scene->node, ASKED), 0);
}

void scene_close(Scene *scene)
{
    node_kill(scene->node);
    script_close(&scene->relay[0]);
    script_close(&scene->relay[1]);
}

/* ---- packets ---- */

/* A packet of one or 33 bytes and the text. */
static void send_text(Script *relay, uint8_t first, const uint8_t *key)
{
    uint8_t plain[100] = {first};
    size_t head = 1;

    if (key != NULL) {
        memcpy(plain + 1, key, 32);
        head = 33;
    }

    memcpy(plain + head, text, sizeof(text));
    script_send(relay, plain, head + sizeof(text));
}

void scene_send(Scene *scene, Way way)
{
    Script *relay = &scene->relay[0];

    switch (way) {
        case WAY_DATA:
            send_text(relay, 16 + ID_FIRST, NULL);
            break;

        case WAY_OOB_AS_DATA:
            send_text(relay, 7, scene->peer[FIRST]);
            break;

        case WAY_OOB:
            send_text(relay, 7, scene->stranger);
            break;

        case WAY_ONION:
            send_text(relay, 9, NULL);
            break;

        case WAY_FORWARDED:
        case WAYS:
            send_text(relay, 11, NULL);
            break;
    }
}

void scene_send_rest(Scene *scene)
{
    send_text(&scene->relay[0], 16 + ID_SECOND, NULL);
    scene_send(scene, WAY_OOB);
    scene_send(scene, WAY_ONION);
    scene_send(scene, WAY_FORWARDED);
    send_text(&scene->relay[0], 16 + ID_SECOND, NULL);
}

/* ---- callbacks ---- */

Event_Kind kind_of(Way way)
{
    static const Event_Kind kinds[WAYS] = {EV_DATA, EV_DATA, EV_OOB, EV_ONION, EV_FORWARDED};
    return kinds[way];
}

static void check_event(const Event *event, Event_Kind kind, uint32_t id)
{
    CHECK_EQ(event->kind, kind);
    CHECK_EQ(event->number, kind == EV_DATA ? id : 0);
    CHECK_EQ(event->length, sizeof(text));
    CHECK_BYTES(event->data, text, sizeof(text));
}

void scene_check_rest(const Client *client, size_t at)
{
    static const Event_Kind rest[REST] = {EV_DATA, EV_OOB, EV_ONION, EV_FORWARDED, EV_DATA};
    CHECK_EQ(client->count, at + REST);

    for (size_t i = 0; i < REST; ++i) {
        check_event(&client->events[at + i], rest[i], OWNER + SECOND);
    }
}

void scene_check_all(const Client *client, size_t at, Way way)
{
    CHECK(client->count > at);
    check_event(&client->events[at], kind_of(way), OWNER + FIRST);
    scene_check_rest(client, at + 1);
}
