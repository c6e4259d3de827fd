/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "inside.h"

Scene scene;
Scene other;

/* What happens inside the first callback of this kind. */
static Event_Kind chosen;
static void (*action)(Node *node);

static void act_once(Client *client, Event_Kind kind)
{
    if (kind == chosen && action != NULL) {
        void (*const now)(Node *) = action;
        action = NULL;
        now(node_of(client));
    }
}

size_t bring_about_first(Way way, void (*what)(Node *node))
{
    const size_t at = scene.node->c->count;
    chosen = kind_of(way);
    action = what;
    scene.node->c->react = act_once;
    scene_send(&scene, way);
    return at;
}

void let_happen(void)
{
    step_for(5);
    CHECK(action == NULL);
}

size_t bring_about(Way way, void (*what)(Node *node))
{
    const size_t at = bring_about_first(way, what);
    scene_send_rest(&scene);
    let_happen();
    return at;
}

void for_each_way(void (*test)(Way way))
{
    nodes_open();
    const Network *system = W.ns;
    /* Under valgrind one of the two, by chance. */
    const int scenes = slowness() > 10 ? WAYS : 2 * WAYS;
    const int first = (int)(rand32() % 2);

    for (int i = 0; i < scenes; ++i) {
        W.ns = (i + first) % 2 == 0 ? system : &W.net;
        scene_open(&scene);
        test(i % WAYS);
        scene_close(&scene);
    }

    nodes_close();
}

void expect(Scene *s, int relay, size_t length, const uint8_t *start, size_t start_length)
{
    uint8_t plain[PLAIN_MAX];
    ssize_t n;

    do {
        n = scene_await(&s->relay[relay], plain);
        /* The original says goodbye for peers that were never there, as id 0. */
    } while (n == 2 && plain[0] == 3 && plain[1] == 16);

    CHECK_EQ(n, length);
    CHECK_BYTES(plain, start, start_length);
}

void expect_goodbye(Scene *s, int relay, uint8_t con_id)
{
    expect(s, relay, 2, (const uint8_t[]){3, (uint8_t)(16 + con_id)}, 2);
}

void expect_request(Scene *s, int relay, const uint8_t *key)
{
    uint8_t request[33] = {0};
    memcpy(request + 1, key, 32);
    expect(s, relay, 33, request, 33);
}
