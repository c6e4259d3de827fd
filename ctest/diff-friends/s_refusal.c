/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Neighbours that refuse: nothing is leaked, nothing lost (D18, D19). */
#include "suite.h"

#include <string.h>

/* Seconds with an iteration each, as an owner does it, without lines in the trace. */
static void a_minute(void)
{
    QUIETLY(run_seconds(60));
}

static void fc23(void)
{
    connecting(1, 1);
    answers.dht_del = -1;
    world.logged = 0;
    QUIETLY(api_key(0, 2));
    saw_new("dht_del(P1,1)=-1 kill(0) new_crypto(k1,P1)=1 h4(0) okset(0,P2)",
            "dht_del(P1,1)=-1 dht_add(P2,0)=2 kill(0) new_crypto(k1,P2)=1 h4(0) okset(0,P2)");
    expect_new("logged", world.logged, 1, 0);
    expect_new("DHT key", api_dht(0), 1, 2);
}

/* FD-19: the DHT does not know the old key, so there is nothing to be given back: the change counts.
 * In the original the friend keeps a key that is not looked for, for good. */
static void del_refused_online(void)
{
    connected(1, 1);
    answers.dht_del = -1;
    QUIETLY(ev_okey(0, 2));
    saw_new(TOX_ABI < 222 ? "dht_del(P1,1)=-1 kill(0) on(0,0) S0(100,0) S1(200,0) new_crypto(k1,P1)=1 h4(0) okset(0,P2)"
            : "dht_del(P1,1)=-1 kill(0) on(0,0) S0(100,0) S1(200,0) new_crypto(k1,P1)=1 h4(0) "
              "rpeer(1,R903) rpeer(1,R902) rpeer(1,R901) okset(0,P2)",
            "dht_del(P1,1)=-1 dht_add(P2,0)=2 kill(0) on(0,0) S0(100,0) S1(200,0) new_crypto(k1,P2)=1 h4(0) "
            "rpeer(1,R903) "
            "rpeer(1,R902) rpeer(1,R901) okset(0,P2)");
    expect_new("DHT key", api_dht(0), 1, 2);
    expect_new("the attempt is for the key", memcmp(near.crypto[1].dht, dht_key(2), 32) == 0, 0, 1);
    answers.dht_del = 0;
    a_minute();
    expect_new("locks held", held_locks(), 0, 1);
    QUIETLY(api_kill(0));
    expect("locks held in the end", held_locks(), 0);
    saw_nothing();
}

/* The same key again while the DHT refuses. */
static void del_refused_twice(void)
{
    connecting(1, 1);
    answers.dht_del = -1;
    QUIETLY(api_key(0, 2); api_key(0, 3); api_key(0, 1));
    expect("DHT key", api_dht(0), 1);
    answers.dht_del = 0;
    QUIETLY(api_key(0, 4));
    expect_new("DHT key", api_dht(0), 1, 4);
    a_minute();
    expect_new("locks held", held_locks(), 0, 1);
    QUIETLY(api_kill(0));
    expect("locks held in the end", held_locks(), 0);
    saw_nothing();
}

/* What that means: the friend announces the new key every 30 s, as long as it is not online. */
static void del_refused_for_good(void)
{
    connecting(1, 1);
    /* the DHT has lost the key, and says so each time */
    near.locks[0].held = false;
    breaches_expected = true;
    long taken = 0;
    QUIETLY(for (int i = 0; i < 20; ++i) {
        ev_okey(0, 2);
        taken += api_dht(0) == 2;
        run_seconds(30);
    });
    expect_new("announcements that counted", taken, 0, 20);
    expect_new("lookups of the new key", near.dht_adds > 1, 0, 1);
    saw_nothing();
}

/* At the end of a friend the refusal is the DHT's own business: the slot is free. */
static void del_refused_at_kill(void)
{
    connected(1, 1);
    answers.dht_del = -1;
    expect("kill", api_kill(0), 0);
    expect("gone", api_status(0), 0);
    const char *const words = saw_text();
    expect("asked", strncmp(words, "onion_del(0) kill(0) dht_del(P1,1)=-1", 37), 0);
    answers.dht_del = 0;
    expect("free", api_add(2), 0);
    a_minute();
    expect("the newcomer has no key", api_dht(0), 0);
    saw_nothing();
}

/* After 122 s too. */
static void del_refused_at_expiry(void)
{
    connecting(1, 1);
    ev_down(0);
    answers.new_crypto = -1;
    answers.dht_del = -1;
    QUIETLY(run_seconds(123));
    expect("DHT key", api_dht(0), 0);
    answers.dht_del = 0;
    QUIETLY(run_seconds(60));
    saw_nothing();
    expect("locks held", held_locks(), 0);
    answers.new_crypto = 0;
    api_key(0, 1);
    expect("attempt", api_crypto(0), 1);
    saw_nothing();
}

static void fc24(void)
{
    searching(1);
    answers.dht_add = -1;
    QUIETLY(api_key(0, 1));
    saw_new("dht_add(P1,0)=-1 okset(0,P1)", "dht_add(P1,0)=-1 new_crypto(k1,P1)=0 h4(0) okset(0,P1)");
    expect("DHT key", api_dht(0), 1);
    expect_new("crypto id", api_crypto(0), -1, 0);
    it();
    saw("");
    api_key(0, 1);
    saw("");
    answers.dht_add = 0;
    QUIETLY(api_key(0, 2));
    saw_new("dht_add(P2,0)=1 new_crypto(k1,P2)=0 h4(0) okset(0,P2)",
            "dht_add(P2,0)=1 kill(0) new_crypto(k1,P2)=1 h4(0) okset(0,P2)");
}

/* FD-18: the DHT was full for a moment. The attempt over relays does not need it. */
static void add_refused_for_a_while(void)
{
    searching(1);
    answers.dht_add = -1;
    QUIETLY(api_key(0, 1); run_seconds(20));
    expect_new("attempt without the DHT", api_crypto(0) >= 0, 0, 1);
    answers.dht_add = 0;
    a_minute();
    expect_new("a lock", held_locks(), 0, 1);
    expect_new("an attempt", api_crypto(0) >= 0, 0, 1);
    expect("DHT key", api_dht(0), 1);
    saw_nothing();
}

/* The same while the connection was accepted, and is online: the lock comes, the connection stays. */
static void add_refused_accepted(void)
{
    searching(1);
    answers.dht_add = -1;
    saw_nothing();
    expect("result", ev_offer(1, 1, at4(UDP4, 9, 8, 7, 6, 5000)), 0);
    saw("accept(k1)=0 h3(0) dht_add(P1,0)=-1 hk(0)");
    QUIETLY(ev_up(0); it());
    answers.dht_add = 0;
    QUIETLY(for (int i = 0; i < 60; ++i) {
        ev_packet(0, 16, 1);
        run_seconds(1);
    });
    expect("still online", api_status(0), 2);
    expect("same connection", api_crypto(0), 0);
    QUIETLY(ev_down(0); run_seconds(60));
    expect_new("a lock after the loss", held_locks(), 0, 1);
    expect_new("an attempt after the loss", api_crypto(0) >= 0, 0, 1);
    saw_nothing();
}

/* A DHT that refuses for good is not asked thousands of times. */
static void add_refused_for_good(void)
{
    searching(1);
    answers.dht_add = -1;
    QUIETLY(api_key(0, 1); for (int i = 0; i < 20; ++i) { its(50); clock_add(1); });
    expect("asked at most once a second", near.dht_adds <= 22, 1);
    QUIETLY(run_seconds(110));
    expect_new("the key is forgotten after 122 s", api_dht(0), 1, 0);
    QUIETLY(api_kill(0));
    expect("locks held", held_locks(), 0);
    saw_nothing();
}

/* Killed while a lock is still wanted: nothing is asked for the next friend in its slot. */
static void add_refused_killed(void)
{
    searching(1);
    answers.dht_add = -1;
    QUIETLY(api_key(0, 1));
    saw_nothing();
    QUIETLY(api_kill(0));
    saw_new("onion_del(0) kill(-1)", "onion_del(0) kill(0)");
    answers.dht_add = 0;
    searching(2);
    QUIETLY(run_seconds(60));
    saw("");
    expect("locks held", held_locks(), 0);
}

/* net_crypto has no room: the attempt is made when it has, with everything that belongs to it. */
static void attempts_refused(void)
{
    connected(1, 1);
    ev_addr(0, at4(UDP4, 1, 2, 3, 4, 5));
    answers.new_crypto = -1;
    ev_down(0);
    QUIETLY(run_seconds(30));
    expect("no attempt", api_crypto(0), -1);
    answers.new_crypto = 0;
    saw_nothing();
    QUIETLY(run_seconds(1));
    saw("new_crypto(k1,P1)=1 h4(0) direct(1,0) rpeer(1,R903) rpeer(1,R902) rpeer(1,R901)");
}

/* Everything refuses at once, for two minutes, then works again. */
static void all_refuse(void)
{
    for (unsigned k = 1; k <= 5; ++k) {
        connected(k, k);
    }

    QUIETLY(ev_down(0); ev_down(1));
    answers.dht_add = answers.dht_del = answers.new_crypto = answers.accept = answers.odd = -1;
    answers.direct = answers.rglob = answers.onion_data = -1;
    answers.rpeer_left = 0;
    answers.write_refused = true;
    QUIETLY(for (unsigned i = 0; i < 130; ++i) {
        ev_okey(0, 20 + i);
        ev_relay_n(1, i);
        ev_offer(1, 40 + i, at4(UDP4, 1, 1, 1, 1, 1));
        ev_packet(2, 16, 1);
        run_seconds(1);
    });
    expect("the one that answers stays", api_status(2), 2);
    expect("a silent one goes", api_status(3), 1);
    answers.dht_add = answers.dht_del = answers.new_crypto = answers.accept = answers.odd = 0;
    answers.direct = answers.rglob = 0;
    answers.rpeer_left = -1;
    answers.onion_data = 1;
    answers.write_refused = false;

    for (int id = 0; id < 5; ++id) {
        QUIETLY(api_key(id, (unsigned)(300 + id)));
    }

    a_minute();

    for (int id = 0; id < 5; ++id) {
        /* the first one's key was refused by dht_delfriend once */
        expect_new("DHT key", api_dht(id), id == 0 ? 1 : 300 + id, 300 + id);
        expect("attempt", api_crypto(id) >= 0, 1);
    }

    expect_new("locks held", held_locks(), 4, 5);

    for (int id = 0; id < 5; ++id) {
        QUIETLY(api_kill(id));
    }

    expect("locks held in the end", held_locks(), 0);
    expect("connections", alive_cryptos(), 0);
    expect("onion friends", alive_onions(), 0);
    saw_nothing();
}

const Scenario refusal_scenarios[] = {
    {"FC-23", SIM, fc23, 0},
    {"FC-24", SIM, fc24, 0},
    {"refusal-del-online", SIM, del_refused_online, 0},
    {"refusal-del-twice", SIM, del_refused_twice, 0},
    {"refusal-del-stuck", SIM, del_refused_for_good, 0},
    {"refusal-del-at-kill", SIM, del_refused_at_kill, 0},
    {"refusal-del-at-expiry", SIM, del_refused_at_expiry, 0},
    {"refusal-add-for-a-while", SIM, add_refused_for_a_while, 0},
    {"refusal-add-accepted", SIM, add_refused_accepted, 0},
    {"refusal-add-for-good", SIM, add_refused_for_good, 0},
    {"refusal-add-killed", SIM, add_refused_killed, 0},
    {"refusal-attempts", SIM, attempts_refused, 0},
    {"refusal-everything", SIM, all_refuse, 0},
    {NULL, 0, NULL, 0},
};
