/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Callbacks that change the list of friends while an iteration goes through it; and, in ours, the
 * end of the object inside each callback. */
#include "suite.h"

static void (*action)(void);

static void on_last(const Called *call)
{
    if (action != NULL && call->which == CB_STATUS && call->index == 1 && !call->on) {
        void (*const now)(void) = action;
        action = NULL;
        now();
    }
}

/* Friends 0..3 online, 0 falls silent in the next iteration; the others have just been heard. */
static void before_silence(void (*what)(void))
{
    for (unsigned k = 1; k <= 4; ++k) {
        online(k, k);
    }

    it();
    clock_add(33);

    for (int id = 1; id < 4; ++id) {
        ev_packet(id, 16, 1);
    }

    action = what;
    world.hook = on_last;
    saw_nothing();
}

static void kill_ahead(void)
{
    api_kill(2);
}

static void killed_ahead(void)
{
    before_silence(kill_ahead);
    it();
    saw("write(0,16,1) kill(0) on(0,0) S0(100,0) S1(200,0) onion_del(2) kill(2) dht_del(P3,3) write(1,16,1) "
        "write(3,16,1)");
}

static void kill_behind(void)
{
    api_kill(0);
}

static void killed_behind(void)
{
    before_silence(kill_behind);
    it();
    saw("write(0,16,1) kill(0) on(0,0) S0(100,0) S1(200,0) onion_del(0) kill(-1) dht_del(P1,1) write(1,16,1) "
        "write(2,16,1) "
        "write(3,16,1)");
}

static void kill_rest(void)
{
    api_kill(1);
    api_kill(2);
    api_kill(3);
}

static void killed_rest(void)
{
    before_silence(kill_rest);
    it();
    saw("write(0,16,1) kill(0) on(0,0) S0(100,0) S1(200,0) onion_del(1) kill(1) dht_del(P2,2) onion_del(2) kill(2) "
        "dht_del(P3,3) onion_del(3) kill(3) dht_del(P4,4)");
    it();
    saw("new_crypto(k1,P1)=4 h4(0) direct(4,0) rpeer(4,R903) rpeer(4,R902) rpeer(4,R901)");
}

/* A friend who is added ahead, with a key, has its turn in the same iteration; one who takes a place
 * behind waits for the next. */
static void add_ahead(void)
{
    api_add(9);
    answers.new_crypto = -1;
    api_key(4, 9);
    answers.new_crypto = 0;
}

static void added_ahead(void)
{
    before_silence(add_ahead);
    it();
    saw("write(0,16,1) kill(0) on(0,0) S0(100,0) S1(200,0) onion_add(k9)=4 relay_cb(4,4) key_cb(4,4) dht_add(P9,4)=5 "
        "new_crypto(k9,P9)=-1 okset(4,P9) write(1,16,1) write(2,16,1) write(3,16,1) new_crypto(k9,P9)=4 h4(4) "
        "direct(4,0)");
}

static void replace_ahead(void)
{
    api_kill(2);
    api_add(9);
    answers.new_crypto = -1;
    api_key(2, 9);
    answers.new_crypto = 0;
}

static void replaced_ahead(void)
{
    before_silence(replace_ahead);
    it();
    saw("write(0,16,1) kill(0) on(0,0) S0(100,0) S1(200,0) onion_del(2) kill(2) dht_del(P3,3) onion_add(k9)=4 "
        "relay_cb(4,2) "
        "key_cb(4,2) dht_add(P9,2)=5 new_crypto(k9,P9)=-1 okset(4,P9) write(1,16,1) new_crypto(k9,P9)=4 h4(2) "
        "direct(4,0) "
        "write(3,16,1)");
}

static void replace_behind(void)
{
    api_kill(0);
    api_add(9);
    answers.new_crypto = -1;
    api_key(0, 9);
    answers.new_crypto = 0;
}

static void replaced_behind(void)
{
    before_silence(replace_behind);
    it();
    saw("write(0,16,1) kill(0) on(0,0) S0(100,0) S1(200,0) onion_del(0) kill(-1) dht_del(P1,1) onion_add(k9)=4 "
        "relay_cb(4,0) "
        "key_cb(4,0) dht_add(P9,0)=5 new_crypto(k9,P9)=-1 okset(4,P9) write(1,16,1) write(2,16,1) write(3,16,1)");
    it();
    saw("new_crypto(k9,P9)=4 h4(0) direct(4,0)");
}

/* All of ten fall silent at once; each report kills the next two. */
static void kill_next_two(const Called *call)
{
    if (call->which == CB_STATUS && call->index == 1 && !call->on) {
        const int id = call->number - 200;
        api_kill(id + 1);
        api_kill(id + 2);
    }
}

static void chain(void)
{
    for (unsigned k = 1; k <= 10; ++k) {
        online(k, k);
    }

    it();
    clock_add(33);
    world.hook = kill_next_two;
    it();

    for (int id = 0; id < 10; ++id) {
        expect("status", api_status(id), id % 3 == 0 ? 1 : 0);
    }

    saw_nothing();
}

/* ------------------------------------------------- the end inside a callback */

static Which end_which;
static int end_index;
static bool end_on;
static unsigned after_end;

static void ending_hook(const Called *call)
{
    if (world.fc == NULL) {
        ++after_end;
    } else if (call->which == end_which && call->index == end_index && call->on == end_on) {
        kill_friend_connections(world.fc);
        world.fc = NULL;
    }
}

static void end_inside(Which which, int index, bool on)
{
    world_again();
    online(1, 1);
    online(2, 2);
    api_global();
    api_request_handler();
    end_which = which;
    end_index = index;
    end_on = on;
    after_end = 0;

    if (on) {
        ev_down(0);
        it();
    }

    const int crypto = api_crypto(0);
    world.hook = ending_hook;

    if (which == CB_DATA) {
        ev_packet(crypto, 64, 5);
    } else if (which == CB_LOSSY) {
        ev_packet(crypto, 200, 5);
    } else if (which == CB_REQUEST) {
        ev_packet(crypto, 18, 30);
    } else if (on) {
        ev_up(crypto);
    } else {
        ev_down(crypto);
    }

    expect("ended", world.fc == NULL, 1);
    expect("callbacks afterwards", after_end, 0);
    check_all_released();
}

static void end_in_silence(void)
{
    world_again();
    online(1, 1);
    online(2, 2);
    it();
    clock_add(33);
    end_which = CB_STATUS;
    end_index = 0;
    end_on = false;
    after_end = 0;
    world.hook = ending_hook;
    do_friend_connections(world.fc, NULL);
    expect("ended", world.fc == NULL, 1);
    expect("callbacks afterwards", after_end, 0);
    check_all_released();
}

static void ends(void)
{
    end_inside(CB_GLOBAL, -1, true);
    end_inside(CB_GLOBAL, -1, false);

    for (int index = 0; index < 2; ++index) {
        end_inside(CB_STATUS, index, true);
        end_inside(CB_STATUS, index, false);
        end_inside(CB_DATA, index, false);
        end_inside(CB_LOSSY, index, false);
    }

    end_inside(CB_REQUEST, -1, false);
    end_in_silence();
}

static void object_ends_inside(void)
{
    ours_only("no owner does it, and the original reads freed memory", ends);
}

const Scenario loop_scenarios[] = {
    {"loop-killed-ahead", SIM, killed_ahead, 0},
    {"loop-killed-behind", SIM, killed_behind, 0},
    {"loop-killed-rest", SIM, killed_rest, 0},
    {"loop-added-ahead", SIM, added_ahead, 0},
    {"loop-replaced-ahead", SIM, replaced_ahead, 0},
    {"loop-replaced-behind", SIM, replaced_behind, 0},
    {"loop-chain", SIM, chain, 0},
    {"loop-object-ends-inside", SIM, object_ends_inside, 0},
    {NULL, 0, NULL, 0},
};
