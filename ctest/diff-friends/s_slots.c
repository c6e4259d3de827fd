/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Slots: which id is given, when it returns, what a new friend finds there, and locks. */
#include "suite.h"

#include <string.h>

/* The lowest free id, whatever the order of the kills. */
static void reuse_order(void)
{
    for (unsigned k = 1; k <= 8; ++k) {
        expect("id", api_add(k), (long)k - 1);
    }

    api_kill(6);
    api_kill(2);
    api_kill(4);
    expect("lowest", api_add(9), 2);
    expect("next", api_add(10), 4);
    expect("next", api_add(11), 6);
    expect("end", api_add(12), 8);
    expect("onion number", api_onion(2), 8);
    expect("handlers know the slot", onion_of(2), 8);
}

/* The array ends with its last friend; the next one comes right behind. */
static void trimmed(void)
{
    for (unsigned k = 1; k <= 6; ++k) {
        api_add(k);
    }

    api_kill(3);
    api_kill(4);
    expect("last one still there", api_status(5), 1);
    api_kill(5);
    expect("first free", api_add(7), 3);
    api_kill(0);
    api_kill(1);
    api_kill(2);
    api_kill(3);
    expect("all gone", api_status(0) + api_status(3), 0);
    expect("from the start", api_add(8), 0);
    expect("on", api_add(9), 1);
}

/* Nothing of the last friend is left for the next one with its id. */
static void clean_slot(void)
{
    connected(1, 1);
    relays_known(0, 1, 5);
    ev_addr(0, at4(UDP4, 1, 2, 3, 4, 5));
    it();
    api_lock(0);
    api_kill(0);
    saw_nothing();
    expect("kill", api_kill(0), 0);
    saw("onion_del(0) kill(0) dht_del(P1,1)");
    expect("id", api_add(2), 0);
    saw("onion_add(k2)=1 relay_cb(1,0) key_cb(1,0)");
    expect("DHT key", api_dht(0), 0);
    expect("family", api_address(0)->ip.family.value, 0);
    api_key(0, 2);
    saw("dht_add(P2,0)=2 new_crypto(k2,P2)=1 h4(0) okset(1,P2)");
    /* no callbacks, no ALIVE time, no relays, no address */
    ev_up(1);
    saw("on(1,1)");
    it();
    saw(first_words(1));
    ev_packet(1, 64, 2);
    saw("");
    ev_down(1);
    saw("on(1,0)");
    it();
    saw("new_crypto(k2,P2)=2 h4(0) direct(2,0) rpeer(2,R903) rpeer(2,R902) rpeer(2,R901)");
    expect("the address is none", near.last_direct.ip.family.value, 0);
    expect("no lock", api_kill(0), 0);
    expect("gone", api_status(0), 0);
}

static void locks(void)
{
    searching(1);

    for (int i = 0; i < 1000; ++i) {
        if (api_add(1) != 0 || api_lock(0) != 0) {
            fail("lock %d", i);
        }
    }

    for (int i = 0; i < 2000; ++i) {
        if (api_kill(0) != 0) {
            fail("kill %d", i);
        }
    }

    saw("");
    expect("still there", api_status(0), 1);
    expect("last", api_kill(0), 0);
    saw("onion_del(0) kill(-1)");
}

/* A lock taken while online keeps the connection as it is. */
static void lock_online(void)
{
    connected(1, 1);
    expect("lock", api_lock(0), 0);
    expect("kill", api_kill(0), 0);
    saw("");
    expect("status", api_status(0), 2);
    expect("crypto id", api_crypto(0), 0);
    ev_packet(0, 64, 2);
    saw("D0(100,64,2) D1(200,64,2)");
    expect("kill", api_kill(0), 0);
    saw("onion_del(0) kill(0) dht_del(P1,1)");
}

/* D21: more locks than a 16-bit counter holds. */
static void many_locks(void)
{
    long kills = 0;
    searching(1);
    world.mute = true;

    for (int i = 0; i < 70000; ++i) {
        if (api_lock(0) != 0) {
            fail("lock %d", i);
            break;
        }
    }

    while (api_status(0) != 0 && kills < 80000) {
        kills += api_kill(0) == 0;
    }

    world.mute = false;
    expect_new("kills until it is gone", kills, 70001 - 65536, 70001);
    saw("onion_del(0) kill(-1)");
}

/* The same through repeated creation. */
static void many_adds(void)
{
    searching(1);
    world.mute = true;

    for (int i = 0; i < 65536; ++i) {
        if (api_add(1) != 0) {
            fail("add %d", i);
            break;
        }
    }

    api_kill(0);
    world.mute = false;
    expect_new("still there", api_status(0), 0, 1);
}

/* One key, one slot: also after the first has been released and taken by another. */
static void same_key_again(void)
{
    searching(1);
    searching(2);
    api_kill(0);
    searching(3);
    expect("new place", api_add(1), 2);
    expect("found", api_find(1), 2);
    expect("found", api_find(3), 0);
    api_kill(0);
    expect("the place of 3", api_add(4), 0);
    expect("not there", api_find(3), -1);
}

/* FD-23: what is left of the array when the last creation failed. Later versions free it. */
static void failed_at_the_end(void)
{
    answers.onion_add = -1;
    expect("refused", api_add(1), -1);
    kill_friend_connections(world.fc);
    world.fc = NULL;
    expect_new("blocks left", original_blocks(), TOX_ABI == 218, 0);
}

const Scenario slot_scenarios[] = {
    {"slot-reuse-order", SIM, reuse_order, 0},
    {"slot-trimmed", SIM, trimmed, 0},
    {"slot-clean", SIM, clean_slot, 0},
    {"slot-locks", SIM, locks, 0},
    {"slot-lock-online", SIM, lock_online, 0},
    {"slot-70000-locks", SIM, many_locks, 0},
    {"slot-65536-adds", SIM, many_adds, 0},
    {"slot-same-key-again", SIM, same_key_again, 0},
    {"slot-failed-at-the-end", SIM, failed_at_the_end, 0},
    {NULL, 0, NULL, 0},
};
