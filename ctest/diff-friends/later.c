/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The original of 0.2.22 begins the attempt for a new DHT key or address in the next iteration. Here
 * that iteration comes at once, and does nothing else: see LATER_ATTEMPTS. */
#include "stubs.h"

#include <string.h>

#define DEPTH 8

/* The events that are being reported, one inside the other: slots, -1 if nothing comes of it. */
static int events[DEPTH];
static unsigned depth;
/* Whose attempt may be begun. */
static bool iterating;
static uint8_t real[32];
/* What was said to the onion client meanwhile. */
static struct {
    int friend_num;
    uint8_t dht_pk[32];
} told[DEPTH];
static unsigned told_count;

static bool in_use(void)
{
    return LATER_ATTEMPTS && !world.as_it_is;
}

/* At the beginning of all time no timer has run out. */
static void iteration(int slot)
{
    const uint64_t now = world.now;

    if (get_friendcon_public_keys(real, NULL, world.fc, slot) == 0 && api_crypto(slot) < 0) {
        world.now = 0;
        iterating = true;
        do_friend_connections(world.fc, NULL);
        iterating = false;
        world.now = now;
    }
}

void later_reset(void)
{
    depth = told_count = 0;
    iterating = false;
}

bool later_hidden(const uint8_t *real_pk)
{
    return iterating && (real_pk == NULL || memcmp(real, real_pk, 32) != 0);
}

bool told_later(int friend_num, const uint8_t *dht_pk)
{
    if (depth == 0 || told_count == DEPTH) {
        return false;
    }

    told[told_count].friend_num = friend_num;
    memcpy(told[told_count++].dht_pk, dht_pk, 32);
    return true;
}

void address_event_begin(int slot)
{
    if (in_use()) {
        iteration(slot);
    }
}

void key_event_begin(int slot, const uint8_t *key)
{
    if (in_use()) {
        if (depth == DEPTH) {
            fail("events too deep");
        }

        uint8_t known[32];
        const bool there = get_friendcon_public_keys(NULL, known, world.fc, slot) == 0;
        events[depth++ % DEPTH] = there && memcmp(known, key, 32) != 0 ? slot : -1;
    }
}

void key_event_end(void)
{
    if (!in_use() || depth == 0) {
        return;
    }

    iteration(events[--depth % DEPTH]);

    for (unsigned i = 0; depth == 0 && i < told_count; ++i) {
        near_call("onion_set_friend_DHT_pubkey(%d, %s)", told[i].friend_num, key_name(told[i].dht_pk));
        note_word("okset(%d,%s)", told[i].friend_num, key_name(told[i].dht_pk));
    }

    told_count = depth == 0 ? 0 : told_count;
}
