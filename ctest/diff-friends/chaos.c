/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The owners in the random lives of s_chaos.c, with a model of what they are to see. */
#include "chaos.h"

#include <string.h>

static uint64_t seed;
Model model[SLOTS];
static int numbers;
static unsigned depth, reporting;
unsigned chaos_reports;

void chaos_begin(uint64_t first_seed)
{
    seed = first_seed;
    numbers = 0;
    depth = reporting = 0;
    memset(model, 0, sizeof(model));
}

uint64_t chaos_draw(void)
{
    return split_mix(&seed);
}

unsigned chaos_below(unsigned bound)
{
    return (unsigned)(split_mix(&seed) % bound);
}

static int model_of(unsigned k)
{
    for (int id = 0; id < SLOTS; ++id) {
        if (model[id].there && model[id].k == k) {
            return id;
        }
    }

    return -1;
}

int chaos_slot(void)
{
    const int first = (int)chaos_below(SLOTS);

    for (int i = 0; i < SLOTS; ++i) {
        if (model[(first + i) % SLOTS].there) {
            return (first + i) % SLOTS;
        }
    }

    return -1;
}

/* --------------------------------------------------------- what owners may do */

static void op_add(void)
{
    const unsigned k = chaos_below(FRIENDS);
    const int known = model_of(k);
    const int id = api_add(k);

    if (known >= 0) {
        if (id != known) {
            fail("friend %u: id %d, want %d", k, id, known);
        }

        ++model[known].owners;
        return;
    }

    int lowest = 0;

    while (model[lowest].there) {
        ++lowest;
    }

    if (id != (answers.onion_add < 0 ? -1 : lowest)) {
        fail("new friend %u: id %d, want %d", k, id, answers.onion_add < 0 ? -1 : lowest);
    }

    if (id >= 0) {
        model[id] = (Model) {
            .there = true, .k = k, .owners = 1, .number = ++numbers
        };
        api_callbacks(id, 0, numbers);
        api_callbacks(id, 1, numbers);
    }
}

static void op_kill(int id)
{
    if (api_kill(id) != 0) {
        fail("kill of slot %d", id);
    }

    model[id].there = --model[id].owners > 0;
}

static void op_lock(int id)
{
    if (api_lock(id) != 0) {
        fail("lock of slot %d", id);
    }

    ++model[id].owners;
}

unsigned chaos_key(void)
{
    return chaos_below(12);
}

void chaos_owner(void)
{
    const int id = chaos_slot();

    if (id < 0 || chaos_below(3) == 0) {
        op_add();
        return;
    }

    switch (chaos_below(8)) {
        case 0:
        case 1:
            op_kill(id);
            break;

        case 2:
            op_lock(id);
            break;

        case 3:
            /* nobody does that while a friend is being reported: "inside-new-key-online" */
            if (reporting == 0) {
                api_key(id, chaos_key());
            }

            break;

        case 4:
            api_send_request(id, 1 + chaos_below(1016));
            break;

        case 5:
            api_callbacks(id, chaos_below(2), model[id].number);
            break;

        case 6:
            set_friend_request_callback(world.fc, chaos_below(4) == 0 ? NULL : on_request, NULL);
            break;

        default:
            set_global_status_callback(world.fc, chaos_below(4) == 0 ? NULL : on_global, NULL);
            break;
    }
}

/* ------------------------------------------------------------------ callbacks */

/* Each listener hears online and offline in turn, of friends that are there. */
static void report(const Called *call)
{
    int id = call->number;
    ++chaos_reports;

    if (call->which == CB_STATUS) {
        for (id = 0; id < SLOTS && !(model[id].there && model[id].number == call->number); ++id) {
            /* look on */
        }
    }

    if (id < 0 || id >= SLOTS || !model[id].there) {
        fail("callback %d for number %d, who is not there", call->index, call->number);
        return;
    }

    bool *const told = &model[id].told[call->index + 1];

    /* the global callback is taken away and given back, so it may have missed some */
    if (call->index >= 0 && *told == call->on) {
        fail("callback %d is told %s twice", call->index, call->on ? "online" : "offline");
    }

    *told = call->on;
}

void chaos_hook(const Called *call)
{
    const bool is_report = call->which == CB_GLOBAL || call->which == CB_STATUS;
    reporting += is_report;

    if (is_report) {
        report(call);
    }

    if (depth < 3 && chaos_below(3) == 0) {
        ++depth;

        for (unsigned i = chaos_below(3); i > 0; --i) {
            chaos_owner();
        }

        --depth;
    }

    reporting -= is_report;
}
