/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Specification 7.8 and 17.3: connections that the friend begins. */
#include "suite.h"

#include <string.h>

static IP_Port over_udp(void)
{
    return at4(UDP4, 9, 8, 7, 6, 5000);
}

static IP_Port over_relay(void)
{
    IP_Port source = no_address();
    source.ip.family.value = TCP_SERVER;
    source.ip.ip.v6.uint32[0] = 3;
    return source;
}

static void fc26(void)
{
    searching(1);
    saw_nothing();
    expect("unknown key", ev_offer(9, 1, over_udp()), -1);
    saw("");
    answers.accept = -1;
    expect("refused by net_crypto", ev_offer(1, 1, over_udp()), -1);
    saw("accept(k1)=-1");
    expect("crypto id", api_crypto(0), -1);
    expect("no address", api_address(0)->ip.family.value, 0);
    expect("no key", api_dht(0), 0);
    answers.accept = 0;
    api_key(0, 1);
    saw_nothing();
    expect("attempt under way", ev_offer(1, 1, over_udp()), -1);
    saw("");
    ev_up(0);
    saw_nothing();
    expect("online", ev_offer(1, 2, over_udp()), -1);
    saw("");
}

static void fc27(void)
{
    searching(1);
    expect("result", ev_offer(1, 1, over_udp()), 0);
    saw("accept(k1)=0 h3(0) dht_add(P1,0)=1 hk(0)");
    expect("family", api_address(0)->ip.family.value, 2);
    expect("port", net_ntohs(api_address(0)->port), 5000);
    expect("DHT key", api_dht(0), 1);
    expect("status", api_status(0), 1);
    it();
    saw("");
    ev_up(0);
    saw("on(0,1) S0(100,1) S1(200,1)");
    it();
    saw(first_words(0));
}

static void fc28(void)
{
    connecting(1, 1);
    ev_addr(0, at4(UDP4, 1, 2, 3, 4, 5));
    ev_down(0);
    saw_nothing();
    expect("result", ev_offer(1, 1, over_relay()), 0);
    saw("accept(k1)=1 h3(0) direct(1,0) hk(0)");
    expect("the remembered address", net_ntohs(near.last_direct.port), 5);
}

static void fc28_no_address(void)
{
    connecting(1, 1);
    ev_down(0);
    saw_nothing();
    expect("result", ev_offer(1, 1, over_relay()), 0);
    expect("family", near.last_direct.ip.family.value, 0);
    expect("DHT key", api_dht(0), 1);
    saw_nothing();
    ev_up(1);
    saw("on(0,1) S0(100,1) S1(200,1)");
}

static void fc29(void)
{
    online(1, 1);
    ev_down(0);
    saw("on(0,0) S0(100,0) S1(200,0)");
    expect("result", ev_offer(1, 2, over_udp()), 0);
    saw("accept(k1)=1 h3(0) dht_del(P1,1) dht_add(P2,0)=2 hk(0)");
    ev_up(1);
    saw("on(0,1) S0(100,1) S1(200,1)");
    expect("DHT key", api_dht(0), 2);
}

static void fc58(void)
{
    connected(1, 1);
    relays_known(0, 1, 10);
    ev_down(0);
    saw_nothing();
    expect("result", ev_offer(1, 2, over_udp()), 0);
    saw("accept(k1)=1 h3(0) dht_del(P1,1) dht_add(P2,0)=2 hk(0)");
    /* nor later, but with the next attempt of our own */
    ev_up(1);
    QUIETLY(it());
    saw_nothing();
    ev_down(1);
    it();
    saw("on(0,0) S0(100,0) S1(200,0) new_crypto(k1,P2)=2 h4(0) direct(2,0) rpeer(2,R903) rpeer(2,R902) "
        "rpeer(2,R901)");
}

static void over_ipv6(void)
{
    searching(1);
    expect("result", ev_offer(1, 1, at6(UDP6, 7, 5001)), 0);
    saw("accept(k1)=0 h3(0) dht_add(P1,0)=1 hk(0)");
    expect("family", api_address(0)->ip.family.value, 10);
}

/* Only UDP sources are addresses of the friend. */
static void other_sources(void)
{
    static const uint8_t families[] = {0, 1, TCP4, TCP6, TCP_SERVER, 130, 138, 255};

    for (unsigned i = 0; i < sizeof(families); ++i) {
        IP_Port source = at4(UDP4, 9, 8, 7, 6, 5000);
        source.ip.family.value = families[i];
        const int id = searching(i + 1);
        t_line("family %u", families[i]);
        expect("result", ev_offer(i + 1, i + 1, source), 0);
        expect("no address", api_address(id)->ip.family.value, 0);
        saw_nothing();
    }
}

/* The handshake's DHT key is the one that counts; net_crypto proved it. */
static void known_key_dropped(void)
{
    connecting(1, 1);
    ev_down(0);
    clock_add(123);
    it();
    saw("dht_del(P1,1)");
    expect("result", ev_offer(1, 1, over_udp()), 0);
    saw("accept(k1)=1 h3(0) dht_add(P1,0)=2 hk(0)");
}

/* A handshake of an accepted connection that proves another DHT key. */
static void key_on_accepted(void)
{
    searching(1);
    ev_offer(1, 1, over_udp());
    saw_nothing();
    ev_nkey(0, 2);
    saw("dht_del(P1,1) dht_add(P2,0)=2 kill(0) new_crypto(k1,P2)=1 h4(0) okset(0,P2)");
}

/* A friend who was released, and one who took the slot. */
static void offered_to_another(void)
{
    searching(1);
    api_kill(0);
    saw_nothing();
    expect("released", ev_offer(1, 1, over_udp()), -1);
    saw("");
    searching(2);
    expect("released still", ev_offer(1, 1, over_udp()), -1);
    expect("the new one", ev_offer(2, 2, over_udp()), 0);
    saw("accept(k2)=0 h3(0) dht_add(P2,0)=1 hk(0)");
}

/* A failed accepted connection is replaced by an attempt of our own. */
static void accepted_fails(void)
{
    searching(1);
    ev_offer(1, 1, over_udp());
    saw_nothing();
    ev_down(0);
    saw("");
    it();
    saw("new_crypto(k1,P1)=1 h4(0) direct(1,0)");
    expect("the source is the address", net_ntohs(near.last_direct.port), 5000);
}

/* Many friends begin at once. */
static void many(void)
{
    for (unsigned k = 1; k <= 50; ++k) {
        searching(k);
    }

    world.mute = true;

    for (unsigned k = 50; k >= 1; --k) {
        ev_offer(k, k, at4(UDP4, 10, 0, 0, (uint8_t)k, 1000));
    }

    world.mute = false;
    look();

    for (int id = 0; id < 50; ++id) {
        expect("crypto id", api_crypto(id), 49 - id);
    }

    saw_nothing();
}

const Scenario accept_scenarios[] = {
    {"FC-26", SIM, fc26, 0},
    {"FC-27", SIM, fc27, 0},
    {"FC-28", SIM, fc28, 0},
    {"FC-28-no-address", SIM, fc28_no_address, 0},
    {"FC-29", SIM, fc29, 0},
    {"FC-58", SIM, fc58, 0},
    {"accept-over-ipv6", SIM, over_ipv6, 0},
    {"accept-other-sources", SIM, other_sources, 0},
    {"accept-known-key-dropped", SIM, known_key_dropped, 0},
    {"accept-key-afterwards", SIM, key_on_accepted, 0},
    {"accept-for-another", SIM, offered_to_another, 0},
    {"accept-fails", SIM, accepted_fails, 0},
    {"accept-many", SIM, many, 0},
    {NULL, 0, NULL, 0},
};
