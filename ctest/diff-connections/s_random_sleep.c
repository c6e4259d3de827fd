/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random sleepers: each peer has a relay of its own, which goes to sleep and wakes with it. Kept
 * within what both programs are to answer in the same way: nobody changes its mind within the ten
 * seconds of grace, and nobody is killed. */
#include "suite.h"

#include <stdlib.h>

#define ON 5

enum { CONNECTED, DOZING, ASLEEP };

static uint64_t seed;
static int state[ON];
static unsigned dozing_for[ON]; /* seconds since the last connection, at least */

static size_t below(size_t bound)
{
    return (size_t)(split_mix(&seed) % bound);
}

static void seconds(unsigned n)
{
    for (unsigned i = 0; i < n; ++i) {
        clock_ms_add(1000);
        passes(2);
    }

    for (int r = 0; r < ON; ++r) {
        dozing_for[r] += n;

        if (state[r] == DOZING && dozing_for[r] >= 10) {
            state[r] = ASLEEP;
        }
    }
}

static void wake(int r)
{
    api_status(r, true);
    pass();
    up(r);
    passes(2);
    honest_notify(r, r, true);
    pass();
    state[r] = CONNECTED;
    dozing_for[r] = 0;
}

static void operation(void)
{
    const int r = (int)below(ON);

    switch (below(7)) {
        case 0:
            if (state[r] == CONNECTED) {
                api_status(r, false);
                state[r] = DOZING;
                pass();
                seconds(0);
            } else if (state[r] == ASLEEP) {
                wake(r);
            }

            break;

        case 1:
            seconds(1 + (unsigned)below(12));
            break;

        case 2:
            api_send(r, 1 + below(1300), (uint8_t)below(200));
            break;

        case 3:
            if (state[r] == CONNECTED || state[r] == DOZING) {
                relay_data(r, (uint8_t)honest_id(r, r), 1 + below(1300), (uint8_t)below(200));
                relay_oob(r, (int)below(ON), 1 + below(1000), (uint8_t)below(200));
            }

            break;

        case 4:
            api_oob((unsigned)r, (int)below(9), 1 + below(1024), (uint8_t)below(200));
            break;

        case 5:
            api_status(r, state[r] == CONNECTED); /* what it is already */
            break;

        default:
            pass();
            break;
    }
}

static void conversation(uint64_t first_seed)
{
    seed = first_seed;
    world_again();

    for (int r = 0; r < ON; ++r) {
        honest(r);
        api_peer(r);
        api_add(r, r);
        state[r] = CONNECTED;
        dozing_for[r] = 0;
    }

    up_all(0, ON - 1);
    passes(2);

    for (int r = 0; r < ON; ++r) {
        honest_notify(r, r, true);
    }

    pass();

    for (int i = 0; i < 400; ++i) {
        operation();
    }

    passes(2);

    for (int r = 0; r < ON; ++r) {
        expect("online", api_online(r), state[r] == ASLEEP ? 0 : 1);
    }

    expect("count", count(), ON);
}

static void sleepers(void)
{
    const unsigned rounds = getenv("DIFF_SLOWER") != NULL ? 3 : 20;
    conversation(1);

    for (unsigned i = 0; i < rounds; ++i) {
        quiet_begin();
        conversation(100 + i);
        const unsigned calls = world.all_calls;
        const char *digest = quiet_end();
        trace_step = 0;
        t_line("seed %u: callbacks %u trace %s", 100 + i, calls, digest);
    }
}

const Scenario random_sleep_scenarios[] = {
    {"random-sleepers", SIM, sleepers, 60},
    {NULL, 0, NULL, 0},
};
