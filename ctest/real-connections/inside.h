/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Something happens inside a callback, with more packets behind the one that is
 * being handled.
 */
#ifndef CONNECTIONS_INSIDE_H
#define CONNECTIONS_INSIDE_H

#include "scene.h"

/* Where it happens, and one more for tests that need it. */
extern Scene scene;
extern Scene other;

/* Runs a test in one scene for each way to a callback, over the system's network and over an
 * injected one. */
void for_each_way(void (*test)(Way way));
/* Brings about the callback with the rest right behind it, and does `what` inside; the result is
 * where the callback's event is. */
size_t bring_about(Way way, void (*what)(Node *node));
/* The same without the rest: the caller sends what is to be behind it. */
size_t bring_about_first(Way way, void (*what)(Node *node));
/* Steps until it has happened and what was behind is dealt with. */
void let_happen(void);

/* The next packet that this relay of the scene gets says this at its start. */
void expect(Scene *s, int relay, size_t length, const uint8_t *start, size_t start_length);
/* A disconnect request for this id. */
void expect_goodbye(Scene *s, int relay, uint8_t con_id);
/* A routing request for this key. */
void expect_request(Scene *s, int relay, const uint8_t *key);

#endif
