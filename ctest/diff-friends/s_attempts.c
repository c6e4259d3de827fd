/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Specification 6.1, 7.1, 7.4, 7.9 and 17.3: attempts, addresses, the relays of an announcement. */
#include "suite.h"

#include <string.h>

static void fc17(void)
{
    connecting(1, 1);
    ev_addr(0, at4(UDP4, 1, 2, 3, 4, 5));
    saw("direct(0,1)");
    expect("port", net_ntohs(near.last_direct.port), 5);
    /* again, with another address, and over IPv6 */
    ev_addr(0, at4(UDP4, 1, 2, 3, 4, 6));
    saw("direct(0,1)");
    ev_addr(0, at6(UDP6, 9, 7));
    saw("direct(0,1)");
    expect("family", api_address(0)->ip.family.value, 10);
}

static void fc18(void)
{
    connecting(1, 1);
    ev_down(0);
    saw("");
    ev_addr(0, at4(UDP4, 1, 2, 3, 4, 5));
    saw("new_crypto(k1,P1)=1 h4(0) direct(1,1)");
    it();
    saw("");
}

static void fc19(void)
{
    searching(1);
    expect("result", ev_relay_n(0, 1), 0);
    saw("rglob(R1)");
    answers.rglob = -1;
    expect("result", ev_relay_n(0, 2), -1);
    saw("rglob(R2)");
    /* none of them is remembered */
    api_key(0, 1);
    ev_down(0);
    saw_nothing();
    it();
    saw("new_crypto(k1,P1)=1 h4(0) direct(1,0)");
}

static void fc20(void)
{
    searching(1);
    ev_okey(0, 1);
    saw("dht_add(P1,0)=1 new_crypto(k1,P1)=0 h4(0) okset(0,P1)");
    expect("result", ev_relay_n(0, 1), 0);
    saw("rpeer(0,R1)");
    expect("result", ev_relay_n(0, 2), 0);
    saw("rpeer(0,R2)");
    it();
    saw("");
    ev_down(0);
    QUIETLY(it());
    saw_new("new_crypto(k1,P1)=1 h4(0) direct(1,0) rpeer(1,R2) rpeer(1,R1) rpeer(1,R2)",
            "new_crypto(k1,P1)=1 h4(0) direct(1,0) rpeer(1,R2) rpeer(1,R1)");
}

static void fc25(void)
{
    connecting(1, 1);
    relays_known(0, 1, 3);
    ev_down(0);
    saw_nothing();
    answers.new_crypto = -1;
    it();
    saw("new_crypto(k1,P1)=-1");
    its(2);
    saw("new_crypto(k1,P1)=-1 new_crypto(k1,P1)=-1");
    answers.new_crypto = 0;
    it();
    saw("new_crypto(k1,P1)=1 h4(0) direct(1,0) rpeer(1,R3) rpeer(1,R2) rpeer(1,R1)");
}

/* A refused relay of an announcement is stored all the same. */
static void relay_refused(void)
{
    connecting(1, 1);
    answers.rpeer_fails = 1;
    expect("result", ev_relay_n(0, 1), -1);
    saw("rpeer(0,R1)=-1");
    relays_known(0, 2, 2);
    ev_down(0);
    it();
    saw("new_crypto(k1,P1)=1 h4(0) direct(1,0) rpeer(1,R3) rpeer(1,R2) rpeer(1,R1)");
}

/* While online a relay is tied to the connection too. */
static void relay_online(void)
{
    connected(1, 1);
    expect("result", ev_relay_n(0, 1), 0);
    saw("rpeer(0,R1)");
}

/* Between two attempts the DHT key is known, but there is no connection to tie it to. */
static void relay_between(void)
{
    connecting(1, 1);
    ev_down(0);
    ev_relay_n(0, 1);
    saw("rglob(R1)");
    it();
    saw("new_crypto(k1,P1)=1 h4(0) direct(1,0)");
}

/* Each attempt that fails is replaced in the next iteration. */
static void failing_attempts(void)
{
    connecting(1, 1);

    for (int i = 0; i < 16; ++i) {
        ev_down(i);
        expect("no crypto id", api_crypto(0), -1);
        saw("");
        clock_add(7);
        it();
        char want[80];
        snprintf(want, sizeof(want), "new_crypto(k1,P1)=%d h4(0) direct(%d,0)", i + 1, i + 1);
        saw(want);
    }
}

/* The remembered address goes with the attempt, as never heard from. */
static void address_with_attempt(void)
{
    connecting(1, 1);
    ev_addr(0, at4(UDP4, 1, 2, 3, 4, 5));
    ev_down(0);
    saw_nothing();
    it();
    saw("new_crypto(k1,P1)=1 h4(0) direct(1,0)");
    expect("family", near.last_direct.ip.family.value, 2);
    expect("port", net_ntohs(near.last_direct.port), 5);
    ev_addr(0, at6(UDP6, 1, 6));
    ev_down(1);
    saw_nothing();
    it();
    expect("family", near.last_direct.ip.family.value, 10);
    expect("port", net_ntohs(near.last_direct.port), 6);
}

/* An address for a friend whose key has been given up in the DHT meanwhile. */
static void address_late(void)
{
    connecting(1, 1);
    const int lock = lock_of(0);
    ev_down(0);
    clock_add(123);
    it();
    saw("dht_del(P1,1)");
    QUIETLY(ev_addr_lock(lock, at4(UDP4, 1, 2, 3, 4, 5)));
    saw_new("direct(-1,1)", "");
    expect_new("address", api_address(0)->ip.family.value, 2, 0);
    it();
    saw("");
}

/* An address for a slot that is free, or has another friend. */
static void address_for_nobody(void)
{
    connecting(1, 1);
    const int lock = lock_of(0);
    api_kill(0);
    saw_nothing();
    ev_addr_lock(lock, at4(UDP4, 1, 2, 3, 4, 5));
    saw("");
    expect("nobody", api_status(0), 0);
}

/* net_crypto refuses everything that it may refuse: nothing changes. */
static void refusals_ignored(void)
{
    answers.odd = -1;
    answers.direct = -1;
    connected(1, 1);
    ev_addr(0, at4(UDP4, 1, 2, 3, 4, 5));
    saw("direct(0,1)");
    ev_down(0);
    saw("on(0,0) S0(100,0) S1(200,0)");
    it();
    saw("new_crypto(k1,P1)=1 h4(0) direct(1,0) rpeer(1,R903) rpeer(1,R902) rpeer(1,R901)");
    QUIETLY(ev_nkey(1, 2));
    saw_new_till_220("dht_del(P1,1) dht_add(P2,0)=2 kill(1) new_crypto(k1,P2)=2 h4(0) okset(0,P2)",
            "dht_del(P1,1) dht_add(P2,0)=2 kill(1) new_crypto(k1,P2)=2 h4(0) rpeer(2,R903) rpeer(2,R902) "
            "rpeer(2,R901) "
            "okset(0,P2)");
    api_kill(0);
    saw("onion_del(0) kill(2) dht_del(P2,2)");
    answers.odd = 7;
    connected(2, 3);
    api_kill(0);
    saw("onion_del(1) kill(3) dht_del(P3,3)");
}

/* Several friends: each iteration goes through them in the order of their ids. */
static void several(void)
{
    connecting(1, 1);
    connecting(2, 2);
    searching(3);
    connecting(4, 4);
    ev_down(2);
    ev_down(0);
    ev_up(1);
    saw_nothing();
    it();
    saw("new_crypto(k1,P1)=3 h4(0) direct(3,0) write(1,16,1) copy(0)=3 rpeer(1,R901) rpeer(1,R902) rpeer(1,R903) "
        "write(1,17,118) new_crypto(k4,P4)=4 h4(3) direct(4,0)");
    api_kill(0);
    saw_nothing();
    connecting(5, 5);
    ev_down(4);
    ev_down(5);
    it();
    saw("new_crypto(k5,P5)=6 h4(0) direct(6,0) new_crypto(k4,P4)=7 h4(3) direct(7,0)");
}

static bool unused_bytes(const IP_Port *address)
{
    return address->ip.ip.v6.uint8[4] != 0 || address->ip.ip.v6.uint8[15] != 0;
}

/* Bytes of an address that mean nothing are handed on as they came, or as zero: abi.md, section 4.2. */
static void padding(void)
{
    connecting(1, 1);
    IP_Port address = at4(UDP4, 1, 2, 3, 4, 5);
    memset(address.ip.ip.v6.uint8 + 4, 0x5a, 12);
    QUIETLY(ev_addr(0, address));
    expect_new("kept", unused_bytes(&near.last_direct), 1, 0);
    expect_new("kept in the record", unused_bytes(api_address(0)), 1, 0);
    QUIETLY(ev_down(0); it());
    expect_new("kept for the next attempt", unused_bytes(&near.last_direct), 1, 0);
    address = relay_at(1);
    memset(address.ip.ip.v6.uint8 + 4, 0x5b, 12);
    QUIETLY(ev_relay(0, &address, relay_key(1)));
    expect_new("kept for a relay", unused_bytes(&near.last_relay), 1, 0);
    saw_nothing();
}

const Scenario attempt_scenarios[] = {
    {"FC-17", SIM, fc17, 0},
    {"FC-18", SIM, fc18, 0},
    {"FC-19", SIM, fc19, 0},
    {"FC-20", SIM, fc20, 0},
    {"FC-25", SIM, fc25, 0},
    {"attempt-relay-refused", SIM, relay_refused, 0},
    {"attempt-relay-online", SIM, relay_online, 0},
    {"attempt-relay-between", SIM, relay_between, 0},
    {"attempt-fails-16-times", SIM, failing_attempts, 0},
    {"attempt-with-address", SIM, address_with_attempt, 0},
    {"attempt-address-late", SIM, address_late, 0},
    {"attempt-address-for-nobody", SIM, address_for_nobody, 0},
    {"attempt-refusals-ignored", SIM, refusals_ignored, 0},
    {"attempt-several", SIM, several, 0},
    {"attempt-address-padding", SIM, padding, 0},
    {NULL, 0, NULL, 0},
};
