/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Specification 5 and 17.4: what is forgotten 122 seconds later. */
#include "suite.h"

static void fc37(void)
{
    connected(1, 1);
    ev_down(0);
    it();
    saw_nothing();
    clock_add(122);
    it();
    saw("");
    expect("DHT key", api_dht(0), 1);
    clock_add(1);
    it();
    saw("dht_del(P1,1)");
    expect("DHT key", api_dht(0), 0);
    expect("the attempt survives", api_crypto(0), 1);
    it();
    saw("");
}

static void fc38(void)
{
    online(1, 1);
    ev_down(0);
    it();
    clock_add(123);
    it();
    ev_down(1);
    saw_nothing();
    its(3);
    saw("");
    expect("crypto id", api_crypto(0), -1);
    api_key(0, 1);
    saw("dht_add(P1,0)=2 new_crypto(k1,P1)=2 h4(0) okset(0,P1)");
}

/* The attempt that outlived its DHT key succeeds; the key comes back. */
static void attempt_outlives_key(void)
{
    connecting(1, 1);
    clock_add(123);
    it();
    saw("dht_del(P1,1)");
    ev_up(0);
    saw("on(0,1) S0(100,1) S1(200,1)");
    it();
    saw(first_words(0));
    expect("no DHT key", api_dht(0), 0);
    clock_add(20);
    ev_packet(0, 16, 1);
    /* to the module that is a new key, so it begins again */
    QUIETLY(ev_okey(0, 1));
    saw_new_till_220("dht_add(P1,0)=2 kill(0) on(0,0) S0(100,0) S1(200,0) new_crypto(k1,P1)=1 h4(0) okset(0,P1)",
            "dht_add(P1,0)=2 kill(0) on(0,0) S0(100,0) S1(200,0) new_crypto(k1,P1)=1 h4(0) rpeer(1,R903) "
            "rpeer(1,R902) "
            "rpeer(1,R901) okset(0,P1)");
}

/* Online without a DHT key, and lost: nothing to begin with. */
static void lost_without_key(void)
{
    connecting(1, 1);
    clock_add(123);
    it();
    ev_up(0);
    it();
    ev_down(0);
    saw_nothing();
    its(3);
    saw("");
    expect("crypto id", api_crypto(0), -1);
    run_seconds(130);
    saw("");
}

static void fc39(void)
{
    connecting(1, 1);
    clock_add(100);
    api_key(0, 1);
    ev_okey(0, 1);
    it();
    saw("");
    clock_add(22);
    it();
    saw("");
    clock_add(1);
    it();
    saw("dht_del(P1,1)");
}

/* A change of the key begins a new time. */
static void change_extends(void)
{
    connecting(1, 1);
    clock_add(100);
    api_key(0, 2);
    saw_nothing();
    clock_add(122);
    it();
    saw("");
    clock_add(1);
    it();
    saw("dht_del(P2,2)");
}

/* So does going offline, but not a failed attempt. */
static void offline_extends(void)
{
    connecting(1, 1);
    clock_add(100);
    ev_up(0);
    it();
    ev_down(0);
    it();
    saw_nothing();
    clock_add(122);
    it();
    saw("");
    clock_add(1);
    it();
    saw("dht_del(P1,1)");
    api_kill(0);
    connecting(2, 2);
    clock_add(100);
    ev_down(2);
    it();
    saw_nothing();
    clock_add(23);
    it();
    saw("dht_del(P2,2)");
}

/* While connected nothing is forgotten. */
static void online_keeps(void)
{
    connected(1, 1);
    ev_addr(0, at4(UDP4, 1, 2, 3, 4, 5));

    for (int i = 0; i < 30; ++i) {
        clock_add(20);
        ev_packet(0, 16, 1);
        it();
    }

    expect("DHT key", api_dht(0), 1);
    expect("address", api_address(0)->ip.family.value, 2);
    saw_nothing();
}

static void fc40(void)
{
    connecting(1, 1);
    ev_addr(0, at4(UDP4, 1, 2, 3, 4, 5));
    clock_add(122);
    it();
    expect("family at +122", api_address(0)->ip.family.value, 2);
    api_key(0, 2);
    clock_add(1);
    it();
    expect("family at +123", api_address(0)->ip.family.value, 0);
    expect("address bytes stay", api_address(0)->ip.ip.v4.uint8[0], 1);
    expect("port stays", net_ntohs(api_address(0)->port), 5);
    saw_nothing();
}

/* The same address again is news. */
static void address_extends(void)
{
    connecting(1, 1);
    ev_addr(0, at4(UDP4, 1, 2, 3, 4, 5));
    clock_add(100);
    ev_addr(0, at4(UDP4, 1, 2, 3, 4, 5));
    api_key(0, 2);
    clock_add(122);
    it();
    expect("family at +122", api_address(0)->ip.family.value, 2);
    clock_add(1);
    it();
    expect("family at +123", api_address(0)->ip.family.value, 0);
    saw_nothing();
}

static void fc41(void)
{
    connected(1, 1);
    ev_addr(0, at4(UDP4, 1, 2, 3, 4, 5));

    for (int i = 0; i < 30; ++i) {
        clock_add(20);
        ev_packet(0, 16, 1);
        it();
    }

    ev_down(0);
    saw_nothing();
    it();
    saw("new_crypto(k1,P1)=1 h4(0) direct(1,0) rpeer(1,R903) rpeer(1,R902) rpeer(1,R901)");
    expect("family", near.last_direct.ip.family.value, 0);
    expect_new("port is still there", net_ntohs(near.last_direct.port), 5, 0);
}

/* Both at once, and the attempt in the same iteration sees neither. */
static void both_at_once(void)
{
    connecting(1, 1);
    ev_addr(0, at4(UDP4, 1, 2, 3, 4, 5));
    ev_down(0);
    saw_nothing();
    clock_add(123);
    it();
    saw("dht_del(P1,1)");
    expect("family", api_address(0)->ip.family.value, 0);
    api_key(0, 1);
    ev_down(1);
    saw_nothing();
    it();
    saw("new_crypto(k1,P1)=2 h4(0) direct(2,0)");
    expect("family", near.last_direct.ip.family.value, 0);
}

/* N+33 offline, N+33+123 forgotten: the time line of section 5. */
static void time_line(void)
{
    connected(1, 1);
    ev_addr(0, at4(UDP4, 1, 2, 3, 4, 5));
    saw_nothing();
    unsigned offline = 0, forgotten = 0;

    for (unsigned i = 1; i < 200 && forgotten == 0; ++i) {
        run_seconds(1);

        if (offline == 0 && api_status(0) == 1) {
            offline = i;
        }

        if (api_dht(0) == 0) {
            forgotten = i;
        }
    }

    expect("offline", offline, 33);
    expect("forgotten", forgotten, 33 + 123);
    expect("attempts", near.attempts, 2);
    saw_nothing();
}

const Scenario expiry_scenarios[] = {
    {"FC-37", SIM, fc37, 0},
    {"FC-38", SIM, fc38, 0},
    {"FC-39", SIM, fc39, 0},
    {"FC-40", SIM, fc40, 0},
    {"FC-41", SIM, fc41, 0},
    {"expiry-attempt-outlives-key", SIM, attempt_outlives_key, 0},
    {"expiry-lost-without-key", SIM, lost_without_key, 0},
    {"expiry-change-extends", SIM, change_extends, 0},
    {"expiry-offline-extends", SIM, offline_extends, 0},
    {"expiry-online-keeps", SIM, online_keeps, 0},
    {"expiry-address-extends", SIM, address_extends, 0},
    {"expiry-both-at-once", SIM, both_at_once, 0},
    {"expiry-time-line", SIM, time_line, 0},
    {NULL, 0, NULL, 0},
};
