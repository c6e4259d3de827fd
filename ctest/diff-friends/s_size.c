/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ten thousand friends: the same order of calls, ids and callbacks as with ten. */
#include "suite.h"

#include <stdlib.h>
#include <string.h>

#define MANY 10000
#define SOME 2000

static void add_all(unsigned n)
{
    world.mute = true;

    for (unsigned k = 0; k < n; ++k) {
        if (api_add(k) != (int)k) {
            fail("friend %u has another id", k);
        }
    }
}

static void finish(const char *what)
{
    world.mute = false;
    t_line("%s: calls %ld, attempts %ld, locks held %d, connections %d, onion friends %d", what, near.calls,
           near.attempts, held_locks(), alive_cryptos(), alive_onions());
    saw_nothing();
}

static void add_and_kill(void)
{
    uint64_t state = 5;
    static int order[MANY];
    add_all(MANY);

    for (int i = 0; i < MANY; ++i) {
        order[i] = i;
    }

    for (unsigned k = 0; k < MANY; k += 7) {
        if (api_find(k) != (int)k) {
            fail("friend %u is not found", k);
        }
    }

    for (int i = MANY - 1; i > 0; --i) {
        const int other = (int)(split_mix(&state) % (uint64_t)(i + 1));
        const int kept = order[i];
        order[i] = order[other];
        order[other] = kept;
    }

    for (int i = 0; i < MANY; ++i) {
        if (api_kill(order[i]) != 0 || api_status(order[i]) != 0
                || (i % 8 == 0 && api_find((unsigned)order[i]) != -1)) {
            fail("friend %d is still there", order[i]);
        }
    }

    finish("after all kills");
    expect("onion friends", alive_onions(), 0);
    expect("first id again", api_add(1), 0);
}

/* Each third one away, and others in their places, lowest first. */
static void holes(void)
{
    add_all(SOME);

    for (int id = 0; id < SOME; id += 3) {
        api_kill(id);
    }

    for (int i = 0; i < (SOME + 2) / 3; ++i) {
        const int id = api_add((unsigned)(SOME + i));

        if (id != 3 * i) {
            fail("got id %d, want %d", id, 3 * i);
        }
    }

    finish("holes filled");
}

/* All searching, all connecting, all online, all lost. */
static void life(void)
{
    /* the ring of each friend has more than it needs */
    add_all(1500);
    api_global();

    for (int id = 0; id < 1500; ++id) {
        api_callbacks(id, 0, id);
    }

    its(3);

    for (int id = 0; id < 1500; ++id) {
        api_key(id, (unsigned)id + 1);
    }

    its(3);

    for (int id = 0; id < 1500; ++id) {
        ev_up(api_crypto(id));
    }

    for (int i = 0; i < 60; ++i) {
        for (int id = i % 3; id < 1500; id += 2) {
            ev_packet(api_crypto(id), 16, 1);
        }

        run_seconds(1);
    }

    world.mute = false;
    t_line("online now: %d of 1500, callbacks %u and %u, ALIVE %ld, shared %ld", alive_cryptos(),
           world.calls[CB_GLOBAL], world.calls[CB_STATUS], near.writes[16], near.writes[17]);
    world.mute = true;
    clock_add(40);
    its(2);
    clock_add(130);
    its(2);
    finish("forgotten");
}

const Scenario size_scenarios[] = {
    {"size-add-and-kill", SIM, add_and_kill, 60},
    {"size-holes", SIM, holes, 60},
    {"size-life", SIM, life, 60},
    {NULL, 0, NULL, 0},
};
