/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random lives of sixteen friends, kept within what both programs are to do in the same way: every
 * line of the traces must agree. What is kept out has scenarios of its own, and s_chaos.c has all of
 * it. */
#include "random_ops.h"

#include <stdlib.h>

#define OPERATIONS 500

static void life(uint64_t first_seed)
{
    random_begin(first_seed);
    world_again();
    answers.ids_return = first_seed % 2 == 0;
    world.watch = 12;
    world.hook = random_hook;
    api_global();
    api_request_handler();

    for (int i = 0; i < OPERATIONS; ++i) {
        random_operation();
    }

    saw_nothing();
}

static void ended(uint64_t first_seed, const char *digest)
{
    unsigned all = 0;

    for (unsigned i = 0; i < 5; ++i) {
        all += world.calls[i];
    }

    t_line("seed %lu: %ld calls, %ld attempts, %u callbacks, %u of them status, trace %s", (unsigned long)first_seed,
           near.calls, near.attempts, all, world.calls[CB_STATUS], digest);
}

static void random_one(void)
{
    life(1);
    ended(1, "here");
}

static void random_two(void)
{
    life(2);
    ended(2, "here");
}

static void random_many(void)
{
    const unsigned rounds = getenv("DIFF_SLOWER") != NULL ? 10 : 100;
    unsigned status = 0, sends = 0;

    for (unsigned i = 0; i < rounds; ++i) {
        quiet_begin();
        life(1000 + i);
        const char *const digest = quiet_end();
        ended(1000 + i, digest);
        status += world.calls[CB_STATUS] + world.calls[CB_GLOBAL];
        sends += near.packets > 0;
    }

    /* it would be of little worth if nobody came online */
    expect("friends come and go", status > 20 * rounds, 1);
    expect("packets are sent in most lives", sends > rounds / 2, 1);
    QUIETLY(world_close());
}

const Scenario random_scenarios[] = {
    {"random-seed-1", SIM, random_one, 60},
    {"random-seed-2", SIM, random_two, 60},
    {"random-many", SIM, random_many, 120},
    {NULL, 0, NULL, 0},
};
