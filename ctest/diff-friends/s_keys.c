/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Specification 7.2, 7.3 and 17.3: DHT keys, wherever they come from. */
#include "suite.h"

static void fc14(void)
{
    searching(1);
    api_key(0, 1);
    saw("dht_add(P1,0)=1 new_crypto(k1,P1)=0 h4(0) okset(0,P1)");
    it();
    saw("");
    expect("status", api_status(0), 1);
    expect("DHT key", api_dht(0), 1);
}

static void fc15(void)
{
    connecting(1, 1);
    api_key(0, 1);
    saw("");
    ev_okey(0, 1);
    saw("");
    ev_nkey(0, 1);
    saw("");
    ev_up(0);
    saw_nothing();
    api_key(0, 1);
    saw("");
}

static void fc16(void)
{
    searching(1);
    api_key(0, 0);
    saw("");
    ev_okey(0, 0);
    saw("");
    api_key(5, 1);
    api_key(-1, 1);
    saw("");
    expect("DHT key", api_dht(0), 0);
}

/* All zero is a key like any other once another one is known. */
static void zero_key(void)
{
    connecting(1, 1);
    api_key(0, 0);
    saw("dht_del(P1,1) dht_add(zero,0)=2 kill(0) new_crypto(k1,zero)=1 h4(0) okset(0,zero)");
    api_key(0, 0);
    saw("");
    api_key(0, 2);
    saw("dht_del(zero,2) dht_add(P2,0)=3 kill(1) new_crypto(k1,P2)=2 h4(0) okset(0,P2)");
}

static void fc21(void)
{
    online(1, 1);
    api_global();
    api_key(0, 2);
    saw("dht_del(P1,1) dht_add(P2,0)=2 kill(0) on(0,0) G(0,0) S0(100,0) S1(200,0) new_crypto(k1,P2)=1 h4(0) "
        "okset(0,P2)");
    expect("status", api_status(0), 1);
    expect("crypto id", api_crypto(0), 1);
    it();
    saw("");
    ev_up(1);
    saw("on(0,1) G(0,1) S0(100,1) S1(200,1)");
}

/* The same change, reported by the onion client and by a handshake. */
static void fc21_events(void)
{
    online(1, 1);
    ev_okey(0, 2);
    saw("dht_del(P1,1) dht_add(P2,0)=2 kill(0) on(0,0) S0(100,0) S1(200,0) new_crypto(k1,P2)=1 h4(0) okset(0,P2)");
    ev_up(1);
    saw("on(0,1) S0(100,1) S1(200,1)");
    ev_nkey(1, 3);
    saw("dht_del(P2,2) dht_add(P3,0)=3 kill(1) on(0,0) S0(100,0) S1(200,0) new_crypto(k1,P3)=2 h4(0) okset(0,P3)");
}

static void fc22(void)
{
    connecting(1, 1);
    api_global();
    ev_nkey(0, 2);
    saw("dht_del(P1,1) dht_add(P2,0)=2 kill(0) new_crypto(k1,P2)=1 h4(0) okset(0,P2)");
    expect("DHT key", api_dht(0), 2);
    ev_okey(0, 3);
    saw("dht_del(P2,2) dht_add(P3,0)=3 kill(1) new_crypto(k1,P3)=2 h4(0) okset(0,P3)");
    api_key(0, 1);
    saw("dht_del(P3,3) dht_add(P1,0)=4 kill(2) new_crypto(k1,P1)=3 h4(0) okset(0,P1)");
}

/* A new key without a connection: the attempt is new, the address and the relays are kept. The
 * original hands them to the next attempt only, ours the relays to this one too (F-02). */
static void change_between_attempts(void)
{
    connected(1, 1);
    ev_addr(0, at4(UDP4, 1, 2, 3, 4, 5));
    ev_down(0);
    saw_nothing();
    QUIETLY(api_key(0, 2));
    saw_new_till_220("dht_del(P1,1) dht_add(P2,0)=2 new_crypto(k1,P2)=1 h4(0) okset(0,P2)",
            "dht_del(P1,1) dht_add(P2,0)=2 new_crypto(k1,P2)=1 h4(0) rpeer(1,R903) rpeer(1,R902) rpeer(1,R901) "
            "okset(0,P2)");
    expect("address kept", api_address(0)->ip.family.value, 2);
    ev_down(1);
    saw("");
    it();
    saw("new_crypto(k1,P2)=2 h4(0) direct(2,0) rpeer(2,R903) rpeer(2,R902) rpeer(2,R901)");
}

/* The attempt that a key or address event opens: no relays in the original, in ours (F-02) three. */
static void relays_at_once(void)
{
    connected(1, 1);
    ev_addr(0, at4(UDP4, 1, 2, 3, 4, 5));
    saw_nothing();
    QUIETLY(ev_okey(0, 2));
    saw_new_till_220("dht_del(P1,1) dht_add(P2,0)=2 kill(0) on(0,0) S0(100,0) S1(200,0) new_crypto(k1,P2)=1 h4(0) okset(0,P2)",
            "dht_del(P1,1) dht_add(P2,0)=2 kill(0) on(0,0) S0(100,0) S1(200,0) new_crypto(k1,P2)=1 h4(0) "
            "rpeer(1,R903) "
            "rpeer(1,R902) rpeer(1,R901) okset(0,P2)");
    run_seconds(5);
    saw("");
    relays_known(0, 1, 5);
    ev_down(1);
    saw_nothing();
    QUIETLY(ev_addr(0, at4(UDP4, 1, 2, 3, 4, 6)));
    saw_new_till_220("new_crypto(k1,P2)=2 h4(0) direct(2,1)", "new_crypto(k1,P2)=2 h4(0) rpeer(2,R5) rpeer(2,R4) rpeer(2,R3) "
            "direct(2,1)");
}

/* The attempt of the key event fails to open: the next iteration opens it, with all extras. */
static void refused_at_once(void)
{
    searching(1);
    answers.new_crypto = -1;
    api_key(0, 1);
    saw("dht_add(P1,0)=1 new_crypto(k1,P1)=-1 okset(0,P1)");
    expect("crypto id", api_crypto(0), -1);
    answers.new_crypto = 0;
    it();
    saw("new_crypto(k1,P1)=0 h4(0) direct(0,0)");
}

/* The lock that is held on this key, or -1. */
static int lock_of_key(unsigned p)
{
    for (int i = near.locks_made - 1; i >= 0; --i) {
        if (near.locks[i].held && key_number(near.locks[i].key, 'P') == (long)p) {
            return i;
        }
    }

    return -1;
}

/* Two friends may claim one DHT key: FD-05, FD-06. From 0.2.20 on the DHT gives the second of them no
 * token, so that the original makes no attempts to him. */
static void shared_key(void)
{
    const bool token = TOX_ABI == 218;
    connecting(1, 1);
    searching(2);
    QUIETLY(api_key(1, 1));
    saw_new(token ? "dht_add(P1,1)=2 new_crypto(k2,P1)=1 h4(1) okset(1,P1)" : "dht_add(P1,1)=0 okset(1,P1)",
            "new_crypto(k2,P1)=1 h4(1) okset(1,P1)");
    QUIETLY(ev_addr_lock(0, at4(UDP4, 1, 2, 3, 4, 5)));
    saw_new("direct(0,1)", "direct(0,1) direct(1,1)");
    QUIETLY(if (near.locks_made > 1) { ev_addr_lock(1, at4(UDP4, 1, 2, 3, 4, 5)); });
    saw_new(token ? "direct(1,1)" : "direct(-1,1)", "");
    expect("both have the address", api_address(0)->ip.family.value == 2 && api_address(1)->ip.family.value == 2, 1);
    QUIETLY(api_kill(0));
    saw_new("onion_del(0) kill(0) dht_del(P1,1)", "onion_del(0) kill(0) dht_del(P1,1) dht_add(P1,1)=2");
    QUIETLY(api_key(1, 2));
    saw_new(token ? "dht_del(P1,2) dht_add(P2,1)=3 kill(1) new_crypto(k2,P2)=2 h4(1) okset(1,P2)"
            : "dht_add(P2,1)=3 new_crypto(k2,P2)=1 h4(1) okset(1,P2)",
            "dht_del(P1,2) dht_add(P2,1)=3 kill(1) new_crypto(k2,P2)=2 h4(1) okset(1,P2)");
    /* the second of two goes: the first keeps what it has */
    searching(3);
    QUIETLY(api_key(0, 2));
    saw_nothing();
    QUIETLY(api_kill(0));
    saw_new(token ? "onion_del(2) kill(3) dht_del(P2,4)" : "onion_del(2) kill(-1)", "onion_del(2) kill(3)");
    expect_new("locks held", held_locks(), token ? 1 : 3, 1);
    QUIETLY(api_kill(1));
    expect_new("none held", held_locks(), token ? 0 : 2, 0);
    saw_nothing();
}

/* The second of two goes, and another friend comes into his slot: where the original had no token for
 * the key (D5), the DHT tells him the address of the first. */
static void shared_key_left_behind(void)
{
    connecting(1, 1);
    searching(2);
    QUIETLY(api_key(1, 1));
    expect_new("an attempt to the second", api_crypto(1) >= 0, TOX_ABI == 218, 1);
    QUIETLY(api_kill(1));
    expect("slot of the newcomer", searching(3), 1);
    QUIETLY(api_key(1, 3));

    for (int i = 0; i < near.locks_made; ++i) {
        if (near.locks[i].held && key_number(near.locks[i].key, 'P') == 1) {
            QUIETLY(ev_addr_lock(i, at4(UDP4, 1, 1, 1, 1, 1)));
        }
    }

    expect("the first has the address", api_address(0)->ip.family.value, 2);
    expect_new("the newcomer has it", api_address(1)->ip.family.value == 2, TOX_ABI > 218, 0);
    saw_nothing();
}

/* The same, where the DHT refused the key at first and one of the two is online: whoever asks again
 * is the one that the DHT reports to, and his end must not leave that to the next friend in his slot. */
static void shared_and_refused(void)
{
    searching(1);
    answers.dht_add = -1;
    QUIETLY(ev_offer(1, 1, at4(UDP4, 9, 8, 7, 6, 5000)); ev_up(0); it());
    searching(2);
    QUIETLY(api_key(1, 1));
    answers.dht_add = 0;
    QUIETLY(for (int i = 0; i < 30; ++i) {
        ev_packet(0, 16, 1);
        run_seconds(1);
    });
    expect_new("the DHT was asked again", held_locks(), 0, 1);
    QUIETLY(api_kill(1));
    searching(3);
    QUIETLY(api_key(1, 3));
    QUIETLY(if (lock_of_key(1) >= 0) { ev_addr_lock(lock_of_key(1), at4(UDP4, 1, 1, 1, 1, 1)); });
    expect("the newcomer has no address", api_address(1)->ip.family.value, 0);
    expect("nobody is reported to for another", lock_of_key(1) < 0 || near.locks[lock_of_key(1)].number == 0, 1);
    saw_nothing();
}

/* Any 32 bytes, for friend 0. */
static void set_key(const uint8_t *key)
{
    key_event_begin(0, key);
    set_dht_temp_pk(world.fc, 0, key, NULL);
    key_event_end();
}

/* A friend who claims our own DHT key, or whose key is a relay's: no business of this module. */
static void odd_keys(void)
{
    searching(1);
    set_key((const uint8_t *)"SELF\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
    expect("attempt", api_crypto(0), 0);
    saw_nothing();
    set_key(relay_key(1));
    saw("dht_del(53454c4600000000000000000000000000000000000000000000000000000000,1) dht_add(R1,0)=2 kill(0) "
        "new_crypto(k1,R1)=1 h4(0) okset(0,R1)");
}

/* Keys that differ in one bit are different keys. */
static void one_bit(void)
{
    uint8_t key[32];
    connecting(1, 1);

    for (int i = 0; i < 32; ++i) {
        get_friendcon_public_keys(NULL, key, world.fc, 0);
        key[i] ^= 0x80;
        const long calls = near.dht_adds;
        set_key(key);
        expect("a change", near.dht_adds - calls, 1);
        set_key(key);
        expect("no change", near.dht_adds - calls, 1);
    }

    saw_nothing();
}

/* The key of the slot itself as the argument: valid memory of the caller's, the same key. */
static void own_key_back(void)
{
    uint8_t key[32];
    connected(1, 1);
    get_friendcon_public_keys(NULL, key, world.fc, 0);
    set_key(key);
    saw("");
    expect("status", api_status(0), 2);
}

/* userdata of the call that caused it reaches the callbacks, NULL too. */
static void userdata_of_cause(void)
{
    connected(1, 1);
    api_global();
    api_key(0, 2);
    ev_up(api_crypto(0));
    ev_okey(0, 3);
    ev_up(api_crypto(0));
    clock_add(40);
    it();
    it();
    world.no_userdata = true;
    ev_up(api_crypto(0));
    api_key(0, 4);
    ev_up(api_crypto(0));
    ev_packet(api_crypto(0), 64, 2);
    ev_packet(api_crypto(0), 200, 2);
    clock_add(40);
    it();
    expect("offline", api_status(0), 1);
    saw_nothing();
}

const Scenario key_scenarios[] = {
    {"FC-14", SIM, fc14, 0},
    {"FC-15", SIM, fc15, 0},
    {"FC-16", SIM, fc16, 0},
    {"FC-21", SIM, fc21, 0},
    {"FC-21-events", SIM, fc21_events, 0},
    {"FC-22", SIM, fc22, 0},
    {"key-all-zero", SIM, zero_key, 0},
    {"key-between-attempts", SIM, change_between_attempts, 0},
    {"key-relays-at-once", SIM, relays_at_once, 0},
    {"key-refused-at-once", SIM, refused_at_once, 0},
    {"key-shared", SIM, shared_key, 0},
    {"key-shared-left-behind", SIM, shared_key_left_behind, 0},
    {"key-shared-and-refused", SIM, shared_and_refused, 0},
    {"key-odd", SIM, odd_keys, 0},
    {"key-one-bit", SIM, one_bit, 0},
    {"key-own-key-back", SIM, own_key_back, 0},
    {"key-userdata", SIM, userdata_of_cause, 0},
    {NULL, 0, NULL, 0},
};
