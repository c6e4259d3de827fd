/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Specification 9, 13.1 and 17.2: how friend connections and the whole object end. */
#include "suite.h"

#include <string.h>

/* What it does is compared through the short log. */
static void end(void)
{
    QUIETLY(kill_friend_connections(world.fc));
    world.fc = NULL;
}

static void fc10(void)
{
    searching(1);
    searching(2);
    api_lock(0);
    saw_nothing();
    end();
    saw_new("onion_del(1) kill(-1) lan_kill(none)",
            "onion_del(0) kill(-1) onion_del(1) kill(-1) new_handler(none) lan_kill(none)");
    expect_new("onion friends left", alive_onions(), 1, 0);
}

static void fc30(void)
{
    connected(1, 1);
    api_kill(0);
    saw("onion_del(0) kill(0) dht_del(P1,1)");
    expect("slot", api_status(0), 0);
    expect("next one", api_add(2), 0);
}

static int called;

static void count_hook(const Called *call)
{
    (void)call;
    ++called;
}

static void fc76(void)
{
    online(1, 1);
    online(2, 2);
    api_global();
    api_callbacks(0, 1, 5);
    /* what the owner of index 1 has freed before; it must not be touched */
    called = 0;
    world.hook = count_hook;
    saw_nothing();
    end();
    expect("callbacks", called, 0);
    expect("locks held", held_locks(), 0);
    expect("connections", alive_cryptos(), 0);
    saw_nothing();
}

/* Every state a friend can be in, some with locks. */
static void all_states(void)
{
    searching(1);
    connecting(2, 2);
    connected(3, 3);
    connecting(4, 4);
    online(5, 5);
    ev_down(api_crypto(3));
    api_lock(4);
    searching(6);
    ev_offer(6, 6, at4(UDP4, 1, 2, 3, 4, 5));
    connecting(7, 7);
    api_add(7);
    api_add(7);
    searching(8);
    api_kill(7);
    api_kill(0);
    saw_nothing();
    end();
    expect_new("locks held", held_locks(), 2, 0);
    expect_new("connections", alive_cryptos(), 2, 0);
    expect_new("onion friends", alive_onions(), 2, 0);
    expect_new("handler of new connections", near.new_connection != NULL, 1, 0);
    expect("breaches", breaches, 0);
    saw_nothing();
}

/* FD-17: the handler of onion requests goes too, if it was ours. */
static void request_handler(void)
{
    saw_nothing();
    api_request_handler();
    api_add(1);
    api_kill(0);
    end();
    expect_new("handler of onion requests", near.onion_data != NULL, 1, 0);
    saw_new("onion_handler(32) onion_add(k1)=0 relay_cb(0,0) key_cb(0,0) onion_del(0) kill(-1) lan_kill(none)",
            "onion_handler(32) onion_add(k1)=0 relay_cb(0,0) key_cb(0,0) onion_del(0) kill(-1) new_handler(none) "
            "onion_handler(none) lan_kill(none)");
}

/* One that was dropped by its owner, or never set, is nobody's to drop again. */
static void request_handler_dropped(void)
{
    api_request_handler();
    set_friend_request_callback(world.fc, NULL, NULL);
    searching(1);
    api_kill(0);
    saw_nothing();
    end();
    saw_new("lan_kill(none)", "new_handler(none) lan_kill(none)");
}

/* On a failed start 0.2.20 ends the onion client first: with no friends it is not asked any more. */
static void nothing_there(void)
{
    saw_nothing();
    end();
    saw("lan_kill(none)");
}

static void emptied(void)
{
    connected(1, 1);
    searching(2);
    api_kill(0);
    api_kill(1);
    saw_nothing();
    end();
    saw_new("lan_kill(none)", "new_handler(none) lan_kill(none)");
}

/* Order of what is said for one friend. */
static void order(void)
{
    connected(1, 1);
    connected(2, 2);
    saw_nothing();
    end();
    saw_new("onion_del(0) kill(0) dht_del(P1,1) onion_del(1) kill(1) dht_del(P2,2) lan_kill(none)",
            "onion_del(0) kill(0) dht_del(P1,1) onion_del(1) kill(1) dht_del(P2,2) new_handler(none) lan_kill(none)");
}

/* Many locks are no obstacle. */
static void locked(void)
{
    connected(1, 1);

    for (int i = 0; i < 300; ++i) {
        QUIETLY(api_lock(0));
    }

    end();
    expect_new("locks held", held_locks(), 1, 0);
    expect_new("connections", alive_cryptos(), 1, 0);
    saw_nothing();
}

/* Two objects with the same neighbours: each gives back its own. */
static void two_objects(void)
{
    Friend_Connections *const first = world.fc;
    connected(1, 1);
    world.fc = fc_new(world.log, mono_token, onion_token, false);
    expect("second", world.fc != NULL, 1);
    connected(2, 2);
    expect("its own ids", api_find(2), 0);
    expect("not the other's", api_find(1), -1);
    saw_nothing();
    end();
    expect("locks held", held_locks(), 1);
    expect("onion friends", alive_onions(), 1);
    world.fc = first;
    expect("the first lives on", api_status(0), 2);
    ev_packet(0, 64, 2);
    expect("data", world.calls[CB_DATA], 2);
    end();
    expect("locks held", held_locks(), 0);
    saw_nothing();
}

/* After everything: a new object on the same neighbours. */
static void again(void)
{
    connected(1, 1);
    end();
    saw_nothing();
    world_open();
    saw("new_handler(set)");
    expect("id", api_add(1), 0);
    saw("onion_add(k1)=1 relay_cb(1,0) key_cb(1,0)");
}

const Scenario teardown_scenarios[] = {
    {"FC-10", SIM, fc10, 0},
    {"FC-30", SIM, fc30, 0},
    {"FC-76", SIM, fc76, 0},
    {"teardown-all-states", SIM, all_states, 0},
    {"teardown-request-handler", SIM, request_handler, 0},
    {"teardown-request-handler-dropped", SIM, request_handler_dropped, 0},
    {"teardown-nothing-there", SIM, nothing_there, 0},
    {"teardown-emptied", SIM, emptied, 0},
    {"teardown-order", SIM, order, 0},
    {"teardown-locked", SIM, locked, 0},
    {"teardown-two-objects", SIM, two_objects, 0},
    {"teardown-again", SIM, again, 0},
    {NULL, 0, NULL, 0},
};
