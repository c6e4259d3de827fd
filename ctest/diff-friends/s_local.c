/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Specification 3.4 and 17.5: a friend who runs a relay announces it with a loopback address. */
#include "suite.h"

#include <string.h>

/* The last add_tcp_relay_peer was for this address and port; the family is the scenario's. */
static bool last_at(IP_Port address, uint16_t port)
{
    const size_t n = address.ip.family.value == UDP6 || address.ip.family.value == TCP6 ? 16 : 4;
    return memcmp(near.last_relay.ip.ip.v6.uint8, address.ip.ip.v6.uint8, n) == 0
           && net_ntohs(near.last_relay.port) == port;
}

static IP_Port known_address(void)
{
    return at4(UDP4, 5, 6, 7, 8, 33445);
}

/* An attempt with a known address; what the friend sends comes on crypto id 0. */
static void friend_at(IP_Port address)
{
    connecting(1, 1);
    ev_addr(0, address);
    ev_up(0);
    it();
    saw_nothing();
}

/* A packet 17 with one node. */
static int shares(int crypto, IP_Port address, const uint8_t *key)
{
    uint8_t packet[64] = {17};
    return ev_data(crypto, packet, 1 + put_node(packet + 1, &address, key));
}

static void fc51(void)
{
    friend_at(known_address());
    QUIETLY(expect("result", shares(0, at4(TCP4, 127, 0, 0, 1, 443), dht_key(1)), 0));
    saw("rpeer(0,P1)");
    expect_new("rewritten", last_at(known_address(), 443), 0, 1);
    expect_new("as it came", last_at(at4(TCP4, 127, 0, 0, 1, 443), 443), 1, 0);
    expect("family", near.last_relay.ip.family.value, TCP4);
    /* the rest of 127/8 too */
    QUIETLY(shares(0, at4(TCP4, 127, 9, 9, 9, 444), dht_key(1)));
    expect_new("rewritten", last_at(known_address(), 444), 0, 1);
    /* what is remembered is what was offered */
    ev_down(0);
    saw_nothing();
    QUIETLY(it());
    saw("new_crypto(k1,P1)=1 h4(0) direct(1,0) rpeer(1,P1) rpeer(1,R903) rpeer(1,R902)");
}

static void rewritten(IP_Port from, IP_Port known, const char *what)
{
    QUIETLY(world_again(); friend_at(known));
    QUIETLY(shares(0, from, dht_key(1)));
    t_line("%s", what);
    expect("rewritten", last_at(known, net_ntohs(from.port)), 1);
    /* FD-09: it is a relay, so it has a relay's family */
    expect_new("family", near.last_relay.ip.family.value, known.ip.family.value,
               known.ip.family.value == UDP4 ? TCP4 : TCP6);
    saw("rpeer(0,P1)");
}

static void fc52(void)
{
    rewritten(at4(UDP4, 127, 0, 0, 1, 443), known_address(), "UDP4");
    rewritten(at6(TCP6, 1, 444), known_address(), "TCP6 ::1");
    rewritten(mapped(TCP6, 127, 0, 0, 1, 445), known_address(), "TCP6 mapped");
    rewritten(at6(UDP6, 1, 446), known_address(), "UDP6 ::1");
    rewritten(at4(UDP4, 127, 0, 0, 1, 447), at6(UDP6, 77, 1000), "UDP4, known over IPv6");
    rewritten(at6(TCP6, 1, 448), at6(UDP6, 77, 1000), "TCP6, known over IPv6");
}

static void unchanged(IP_Port from, const uint8_t *key, const char *what)
{
    t_line("%s", what);
    shares(0, from, key);
    expect("as it came", memcmp(&near.last_relay, &from, sizeof(from)), 0);
    saw_nothing();
}

static void fc53(void)
{
    friend_at(known_address());
    unchanged(at4(UDP4, 127, 0, 0, 1, 443), relay_key(5), "loopback, another key");
    unchanged(at4(TCP4, 127, 0, 0, 1, 443), relay_key(5), "TCP loopback, another key");
    unchanged(at4(UDP4, 127, 0, 0, 1, 443), real_key(1), "loopback, the friend's real key");
    unchanged(at6(TCP6, 1, 443), relay_key(6), "::1, another key");
    unchanged(at4(UDP4, 192, 168, 0, 1, 443), dht_key(1), "192.168.0.1");
    unchanged(at4(TCP4, 192, 168, 0, 1, 443), dht_key(1), "TCP 192.168.0.1");
    unchanged(at4(TCP4, 10, 0, 0, 1, 443), dht_key(1), "10.0.0.1");
    unchanged(at4(TCP4, 172, 16, 0, 1, 443), dht_key(1), "172.16.0.1");
    unchanged(at4(TCP4, 169, 254, 0, 1, 443), dht_key(1), "169.254.0.1");
    unchanged(at4(TCP4, 126, 255, 255, 255, 443), dht_key(1), "126.255.255.255");
    unchanged(at4(TCP4, 128, 0, 0, 1, 443), dht_key(1), "128.0.0.1");
    unchanged(at4(TCP4, 0, 0, 0, 0, 443), dht_key(1), "0.0.0.0");
    unchanged(at6(TCP6, 2, 443), dht_key(1), "::2");
    unchanged(at6(TCP6, 0, 443), dht_key(1), "::");
    unchanged(mapped(TCP6, 192, 168, 0, 1, 443), dht_key(1), "mapped 192.168.0.1");
    unchanged(at4(TCP4, 5, 6, 7, 9, 443), dht_key(1), "a public address");
}

/* Without a known address there is nothing to put in its place. */
static void address_unknown(void)
{
    connecting(1, 1);
    shares(0, at4(UDP4, 127, 0, 0, 1, 443), dht_key(1));
    saw("rpeer(0,P1)");
    expect("as it came", last_at(at4(UDP4, 127, 0, 0, 1, 443), 443), 1);
    shares(0, at6(TCP6, 1, 443), dht_key(1));
    saw("rpeer(0,P1)");
    expect("as it came", last_at(at6(TCP6, 1, 443), 443), 1);
}

/* FD-07: the address becomes known afterwards. */
static void known_later(IP_Port from, const char *what)
{
    t_line("%s", what);
    QUIETLY(world_again(); connected(1, 1));
    QUIETLY(shares(0, from, dht_key(1)));
    saw_nothing();
    QUIETLY(ev_addr(0, known_address()); it(); run_seconds(1));
    expect_new("offered again under the address", last_at(known_address(), 443), 0, 1);
    near.last_relay = no_address();
    QUIETLY(ev_down(0); it());
    saw_nothing();
    /* newest first, so it is the first of three */
    answers.rpeer_fails = 0;
    QUIETLY(ev_down(1); answers.rpeer_left = 0; it());
    const bool offered = strstr(saw_text(), "rpeer(2,P1)") != NULL;
    expect("with each attempt", offered, 1);
}

static void later(void)
{
    known_later(at4(TCP4, 127, 0, 0, 1, 443), "TCP4");
    known_later(at4(UDP4, 127, 0, 0, 1, 443), "UDP4");
    known_later(at6(TCP6, 1, 443), "TCP6");
}

/* With each attempt the address is the one known by then. */
static void first_offer(int crypto)
{
    /* all others fail, so the last is not the first: only the friend's relay is in the ring */
    ev_down(crypto);
    saw_nothing();
    it();
}

static void attempt_uses_address(void)
{
    answers.own_count = 0;
    connecting(1, 1);
    shares(0, at4(TCP4, 127, 0, 0, 1, 443), dht_key(1));
    QUIETLY(first_offer(0));
    expect("unknown: as it came", last_at(at4(TCP4, 127, 0, 0, 1, 443), 443), 1);
    QUIETLY(ev_addr(0, known_address()); first_offer(1));
    expect_new("known: rewritten", last_at(known_address(), 443), 0, 1);
    QUIETLY(ev_addr(0, at4(UDP4, 5, 6, 7, 9, 33445)); first_offer(2));
    t_note("with the address after a move: %d", last_at(at4(UDP4, 5, 6, 7, 9, 33445), 443));
    saw_nothing();
}

/* Through the onion the same rule holds; and an accepted connection brings the address along. */
static void through_onion(void)
{
    const IP_Port loopback = at4(TCP4, 127, 0, 0, 1, 443);
    const IP_Port source = at4(UDP4, 9, 8, 7, 6, 5000);
    searching(1);
    ev_offer(1, 1, source);
    saw_nothing();
    QUIETLY(ev_relay(0, &loopback, dht_key(1)));
    saw("rpeer(0,P1)");
    expect_new("rewritten", last_at(source, 443), 0, 1);
    const IP_Port six = at6(TCP6, 1, 444);
    QUIETLY(ev_relay(0, &six, dht_key(1)));
    saw("rpeer(0,P1)");
    expect("rewritten", last_at(source, 444), 1);
}

/* A relay of the friend's last run is somebody else's loopback once the DHT key has changed. */
static void old_key(void)
{
    friend_at(known_address());
    QUIETLY(shares(0, at4(TCP4, 127, 0, 0, 1, 443), dht_key(1)); api_key(0, 2));
    shares(1, at4(UDP4, 127, 0, 0, 1, 444), dht_key(1));
    expect("as it came", last_at(at4(UDP4, 127, 0, 0, 1, 444), 444), 1);
    QUIETLY(shares(1, at4(UDP4, 127, 0, 0, 1, 445), dht_key(2)));
    expect("rewritten", last_at(known_address(), 445), 1);
    saw_nothing();
}

/* An address that has been forgotten is none (its bytes are still there). */
static void address_forgotten(void)
{
    connecting(1, 1);
    ev_addr(0, known_address());
    clock_add(100);
    api_key(0, 2);
    clock_add(23);
    it();
    expect("family", api_address(0)->ip.family.value, 0);
    saw_nothing();
    shares(1, at4(UDP4, 127, 0, 0, 1, 443), dht_key(2));
    saw("rpeer(1,P2)");
    expect("as it came", last_at(at4(UDP4, 127, 0, 0, 1, 443), 443), 1);
}

/* A connection offered with the key 0, which no handshake can prove. */
static void zero_key(void)
{
    searching(1);
    QUIETLY(ev_offer(1, 0, at4(UDP4, 9, 8, 7, 6, 5000)));
    saw_new("accept(k1)=0 h4(0)", "accept(k1)=0 h3(0) dht_add(zero,0)=1 hk(0)");
    QUIETLY(shares(0, at4(UDP4, 127, 0, 0, 1, 443), dht_key(0)));
    saw("rpeer(0,zero)");
}

const Scenario local_scenarios[] = {
    {"FC-51", SIM, fc51, 0},
    {"FC-52", SIM, fc52, 0},
    {"FC-53", SIM, fc53, 0},
    {"local-address-unknown", SIM, address_unknown, 0},
    {"local-address-later", SIM, later, 0},
    {"local-attempt-uses-address", SIM, attempt_uses_address, 0},
    {"local-through-onion", SIM, through_onion, 0},
    {"local-old-key", SIM, old_key, 0},
    {"local-address-forgotten", SIM, address_forgotten, 0},
    {"local-zero-key", SIM, zero_key, 0},
    {NULL, 0, NULL, 0},
};
