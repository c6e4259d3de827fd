/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Specification 7.6, 7.7, 8, 17.5 and 17.6: which packet goes where. */
#include "suite.h"

#include <string.h>

/* Appends relay n to a packet. */
static size_t with_node(uint8_t *packet, size_t n, IP_Port address, unsigned number)
{
    return n + put_node(packet + n, &address, relay_key(number));
}

static void fc48(void)
{
    uint8_t packet[400] = {17};
    size_t n = 1;
    connected(1, 1);
    expect("id alone", ev_data(0, packet, 1), 0);
    saw("");
    n = with_node(packet, n, relay_at(1), 1);
    expect("one", ev_data(0, packet, n), 0);
    saw("rpeer(0,R1)");

    for (unsigned i = 2; i <= 5; ++i) {
        n = with_node(packet, n, relay_at(i), i);
    }

    expect("five", ev_data(0, packet, n), 0);
    saw("rpeer(0,R1) rpeer(0,R2) rpeer(0,R3)");
}

static void fc49(void)
{
    uint8_t packet[100] = {17};
    connected(1, 1);
    const size_t n = with_node(packet, 1, relay_at(1), 1);
    packet[n] = 99;
    int result = -2;
    QUIETLY(result = ev_data(0, packet, n + 1));
    expect_new("one and a bad byte", result, TOX_ABI < 222 ? -1 : 0, 0);
    saw_new_till_220("", "rpeer(0,R1)");
}

static void fc50(void)
{
    uint8_t packet[200] = {17};
    connected(1, 1);
    const size_t one = with_node(packet, 1, relay_at(1), 1);
    const size_t two = with_node(packet, one, relay_at(2), 2);
    expect("truncated", ev_data(0, packet, one - 1), -1);
    saw("");
    expect("second cut in its key", ev_data(0, packet, two - 1), -1);
    saw("");
    expect("whole", ev_data(0, packet, two), 0);
    saw("rpeer(0,R1) rpeer(0,R2)");
}

/* The packet has the result and as many relays as nodes_in says. */
static void read_as_told(const uint8_t *packet, size_t n)
{
    const int want = nodes_in(packet, n);
    const long before = near.rpeers;
    int result = -2;
    QUIETLY(result = ev_data(0, packet, n));

    if (result != (want < 0 ? -1 : 0) || near.rpeers - before != (want < 0 ? 0 : want)) {
        fail("length %zu: result %d, %ld relays, want %d", n, result, near.rpeers - before, want);
    }

    saw_nothing();
}

/* Each length of a packet with three nodes, for each mix of families; and a fourth behind them. */
static void every_length(void)
{
    static const uint8_t families[] = {UDP4, UDP6, TCP4, TCP6};
    connected(1, 1);

    for (unsigned mix = 0; mix < 64; ++mix) {
        uint8_t packet[300] = {17};
        size_t n = 1;

        for (unsigned i = 0; i < 4; ++i) {
            const uint8_t family = families[mix >> (2 * (i % 3)) & 3];
            const bool six = family == UDP6 || family == TCP6;
            const IP_Port address = six ? at6(family, 9, 500) : at4(family, 7, 7, 7, 7, 500);
            n = with_node(packet, n, address, 100 + i);
        }

        for (size_t cut = 1; cut <= n; ++cut) {
            read_as_told(packet, cut);
        }

        t_line("mix %u, lengths 1..%zu", mix, n);
    }
}

/* Each family byte, as first and as second node. */
static void every_family(void)
{
    connected(1, 1);

    for (unsigned family = 0; family < 256; ++family) {
        uint8_t packet[200] = {17};
        size_t n = with_node(packet, 1, at6(UDP6, 9, 500), 1);
        packet[1] = (uint8_t)family;
        read_as_told(packet, n);
        read_as_told(packet, 40);
        const size_t second = with_node(packet, 1, relay_at(1), 1);
        n = with_node(packet, second, at6(UDP6, 9, 500), 2);
        packet[second] = (uint8_t)family;
        read_as_told(packet, n);
        read_as_told(packet, second + 39);
    }

    t_line("all families");
}

/* UDP nodes are used as relays. */
static void udp_nodes(void)
{
    uint8_t packet[200] = {17};
    connected(1, 1);
    size_t n = with_node(packet, 1, at4(UDP4, 7, 7, 7, 7, 500), 1);
    n = with_node(packet, n, at6(UDP6, 9, 500), 2);
    expect("result", ev_data(0, packet, n), 0);
    saw("rpeer(0,R1) rpeer(0,R2)");
    expect("family", near.last_relay.ip.family.value, 10);
}

/* One relay three times in one packet: the ring holds it once. */
static void same_relay_thrice(void)
{
    uint8_t packet[200] = {17};
    size_t n = 1;
    answers.own_count = 0;
    connecting(1, 1);

    for (uint16_t i = 0; i < 3; ++i) {
        n = with_node(packet, n, at4(TCP4, 7, 7, 7, 7, (uint16_t)(500 + i)), 1);
    }

    expect("result", ev_data(0, packet, n), 0);
    saw("rpeer(0,R1) rpeer(0,R1) rpeer(0,R1)");
    answers.rpeer_left = 0;
    ev_down(0);
    QUIETLY(it());
    saw_new("new_crypto(k1,P1)=1 h4(0) direct(1,0) rpeer(1,R1)=-1 rpeer(1,R1)=-1",
            "new_crypto(k1,P1)=1 h4(0) direct(1,0) rpeer(1,R1)=-1");
    expect("port", net_ntohs(near.last_relay.port), 502);
}

static void fc61(void)
{
    connected(1, 1);
    api_request_handler();
    saw("onion_handler(32)");

    for (uint8_t id = 15; id <= 19; ++id) {
        uint8_t packet[1] = {id};
        ev_data(0, packet, 1);
    }

    saw("D0(100,15,1) D1(200,15,1) FR(k1,18,1) D0(100,19,1) D1(200,19,1)");
    ev_packet(0, 18, 300);
    saw("FR(k1,18,300)");
}

static void fc62(void)
{
    connected(1, 1);
    expect("result", ev_packet(0, 18, 50), 0);
    saw("");
}

static void fc63(void)
{
    connected(1, 1);
    uint8_t packet[3] = {200, 1, 2};
    expect("200", ev_lossy(0, packet, 3), 0);
    packet[0] = 16;
    expect("16", ev_lossy(0, packet, 3), 0);
    packet[0] = 17;
    expect("17", ev_lossy(0, packet, 3), 0);
    packet[0] = 18;
    expect("18", ev_lossy(0, packet, 3), 0);
    saw("L0(100,200,3) L1(200,200,3) L0(100,16,3) L1(200,16,3) L0(100,17,3) L1(200,17,3) L0(100,18,3) L1(200,18,3)");
}

static void fc64(void)
{
    connected(1, 1);
    expect("length 0", ev_data(0, NULL, 0), -1);
    expect("length 0, lossy", ev_lossy(0, NULL, 0), -1);
    saw("");
    /* the handlers of the connection after its slot is free: net_crypto never calls them then */
    Crypto left = near.crypto[0];
    uint8_t packet[2] = {64, 1};
    api_kill(0);
    saw_nothing();
    expect("data", left.data(left.object[1], left.number, packet, 2, NULL), -1);
    expect("lossy", left.lossy(left.object[2], left.number, packet, 2, NULL), -1);
    expect("status", left.status(left.object[0], left.number, true, NULL), -1);
    expect("status", left.status(left.object[0], left.number, false, NULL), -1);
    left.key(left.object[3], left.number, dht_key(2), NULL);
    saw("");
    /* numbers that never were one */
    static const int numbers[] = {-1, 1, 77, 2147483647, -2147483647 - 1};

    for (unsigned i = 0; i < 5; ++i) {
        expect("data", left.data(left.object[1], numbers[i], packet, 2, NULL), -1);
        expect("lossy", left.lossy(left.object[2], numbers[i], packet, 2, NULL), -1);
        expect("status", left.status(left.object[0], numbers[i], true, NULL), -1);
        left.key(left.object[3], numbers[i], dht_key(2), NULL);
    }

    saw("");
}

/* The onion client's handlers in the same way. */
static void unused_numbers(void)
{
    connecting(1, 1);
    const Onion_Friend onion = near.onion[0];
    const Dht_Lock lock = near.locks[0];
    const IP_Port address = relay_at(1);
    static const int numbers[] = {-1, 1, 77, 2147483647, -2147483647 - 1};

    for (unsigned i = 0; i < 5; ++i) {
        expect("relay", onion.relay(onion.relay_object, (uint32_t)numbers[i], &address, relay_key(1)), -1);
        onion.key(onion.key_object, numbers[i], dht_key(2), NULL);
        lock.cb(lock.object, numbers[i], &address);
    }

    saw("");
}

const Scenario packet_scenarios[] = {
    {"FC-48", SIM, fc48, 0},
    {"FC-49", SIM, fc49, 0},
    {"FC-50", SIM, fc50, 0},
    {"FC-61", SIM, fc61, 0},
    {"FC-62", SIM, fc62, 0},
    {"FC-63", SIM, fc63, 0},
    {"FC-64", SIM, fc64, 0},
    {"packet-17-every-length", SIM, every_length, 0},
    {"packet-17-every-family", SIM, every_family, 0},
    {"packet-17-udp-nodes", SIM, udp_nodes, 0},
    {"packet-17-same-relay-thrice", SIM, same_relay_thrice, 0},
    {"handlers-unused-numbers", SIM, unused_numbers, 0},
    {NULL, 0, NULL, 0},
};
