/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an owner may do inside a callback, and the events that lead to each callback. */
#include "inside.h"

/* -------------------------------------------------------------------- actions */

void inside_kill_self(void)
{
    api_kill(SELF);
}

static void kill_lower(void)
{
    api_kill(0);
}

static void kill_higher(void)
{
    api_kill(2);
}

static void kill_all(void)
{
    api_kill(2);
    api_kill(0);
    api_kill(SELF);
}

static void add_one(void)
{
    api_add(100);
}

static void add_many(void)
{
    const bool muted = world.mute;
    world.mute = true;

    for (unsigned i = 0; i < 100; ++i) {
        api_add(200 + i);
    }

    world.mute = muted;
    t_line("  friends added up to %d", api_find(299));
}

void inside_replace_self(void)
{
    api_kill(SELF);
    api_add(100);
    api_callbacks(SELF, 0, 60);
    api_callbacks(SELF, 1, 61);
}

static void replace_by_itself(void)
{
    api_kill(SELF);
    api_add(2);
    api_callbacks(SELF, 1, 61);
}

static void lock_and_kill(void)
{
    api_lock(SELF);
    api_kill(SELF);
}

static void add_again(void)
{
    expect("known key", api_add(2), SELF);
    api_callbacks(SELF, 0, 62);
}

static void clear_0(void)
{
    api_clear(SELF, 0);
}

static void clear_1(void)
{
    api_clear(SELF, 1);
}

static void set_both(void)
{
    api_callbacks(SELF, 0, 63);
    api_callbacks(SELF, 1, 64);
}

static void drop_global(void)
{
    set_global_status_callback(world.fc, NULL, NULL);
}

static void drop_requests(void)
{
    set_friend_request_callback(world.fc, NULL, NULL);
}

static void same_key(void)
{
    api_key(SELF, 2);
}

static void key_of_other(void)
{
    api_key(0, 9);
}

static void ask(void)
{
    api_send_request(SELF, 20);
    api_send_request(0, 20);
}

static void look_around(void)
{
    for (int id = -1; id < 4; ++id) {
        t_line("  slot %d: status %u crypto id %d DHT key %u", id, api_status(id), api_crypto(id), api_dht(id));
    }

    api_find(2);
}

void inside_iterate(void)
{
    it();
}

void inside_new_key(void)
{
    api_key(SELF, 9);
}

const Action actions[] = {
    {"look around", look_around, false, false},
    {"ask", ask, false, false},
    {"lock and kill", lock_and_kill, false, false},
    {"add it again", add_again, false, false},
    {"clear index 0", clear_0, false, false},
    {"clear index 1", clear_1, false, false},
    {"set both", set_both, false, false},
    {"drop the global callback", drop_global, false, false},
    {"drop the request callback", drop_requests, false, false},
    {"same key", same_key, false, false},
    {"key of another", key_of_other, false, false},
    {"kill a lower one", kill_lower, false, false},
    {"kill a higher one", kill_higher, true, false},
    {"add one", add_one, true, false},
    {"add 100", add_many, true, false},
    {"kill it", inside_kill_self, true, true},
    {"kill all", kill_all, true, true},
    {"replace it", inside_replace_self, true, true},
    {"replace it by itself", replace_by_itself, true, true},
    {"new key", inside_new_key, false, false},
    {"iterate", inside_iterate, false, false},
};
const unsigned actions_count = sizeof(actions) / sizeof(actions[0]);

/* --------------------------------------------------------------------- causes */

Which inside_which;
int inside_index;
bool inside_on;
static const Action *action;

static void hook(const Called *call)
{
    if (action != NULL && call->which == inside_which && call->index == inside_index && call->on == inside_on) {
        const Action *const now = action;
        action = NULL;
        t_line("  inside: %s", now->name);
        now->run();
        t_line("  back");
    }
}

void inside_scene(Which which, int index, bool on)
{
    world_again();
    online(1, 1);
    online(2, 2);
    online(3, 3);
    api_global();
    api_request_handler();
    inside_which = which;
    inside_index = index;
    inside_on = on;

    /* no relays: in ours each attempt is given those that are remembered (F-02) */
    if (on) {
        answers.own_count = 0;
        ev_down(SELF);
        it();
    }

    saw_nothing();
}

void inside_wait(const Action *act)
{
    action = act;
    world.hook = hook;
}

void inside_cause(const Action *act)
{
    const int crypto = api_crypto(SELF);
    saw_nothing();
    inside_wait(act);

    if (inside_which == CB_DATA) {
        ev_packet(crypto, 64, 5);
    } else if (inside_which == CB_LOSSY) {
        ev_packet(crypto, 200, 5);
    } else if (inside_which == CB_REQUEST) {
        ev_packet(crypto, 18, 30);
    } else if (inside_on) {
        ev_up(crypto);
    } else {
        ev_down(crypto);
    }
}

void inside_afterwards(void)
{
    world.hook = NULL;
    its(2);
    clock_add(130);
    its(2);
}
