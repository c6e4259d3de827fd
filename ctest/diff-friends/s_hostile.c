/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a friend, or somebody in between, may send: any byte, any length, any address. */
#include "suite.h"

#include <stdlib.h>
#include <string.h>

static const size_t lengths[] = {
    0,  1,  2,   3,   4,   5,   37,  38,  39,  40,  41,   50,   51,   52,   78,   79,   80,    102,  103,
    104, 117, 118, 119, 120, 153, 154, 155, 156, 157, 1017, 1021, 1022, 1371, 1372, 1373, 1374, 2000, 65535,
};
#define LENGTHS (sizeof(lengths) / sizeof(lengths[0]))

typedef int deliver_fn(int crypto, const uint8_t *data, size_t n);

/* All first bytes with all lengths; one line for each first byte. */
static void first_bytes(deliver_fn *deliver)
{
    static uint8_t packet[65536];

    for (size_t i = 0; i < sizeof(packet); ++i) {
        packet[i] = (uint8_t)(i * 5 + (i >> 8));
    }

    for (unsigned first = 0; first < 256; ++first) {
        int results = 0;
        packet[0] = (uint8_t)first;
        memset(world.calls, 0, sizeof(world.calls));
        quiet_begin();

        for (size_t i = 0; i < LENGTHS; ++i) {
            results += deliver(0, packet, lengths[i]);
        }

        const char *const digest = quiet_end();
        t_line("first byte %u: results %d, %u data %u lossy %u requests, %s", first, results, world.calls[CB_DATA],
               world.calls[CB_LOSSY], world.calls[CB_REQUEST], digest);
        saw_nothing();
    }

    expect("calls of neighbours since", near.rpeers, 3);
}

static void lossless(void)
{
    connected(1, 1);
    api_request_handler();
    first_bytes(ev_data);
    expect("still connected", api_status(0), 2);
}

static void lossy(void)
{
    connected(1, 1);
    api_request_handler();
    first_bytes(ev_lossy);
    expect("still connected", api_status(0), 2);
}

/* On an attempt that is not established: net_crypto does not deliver then, the module does not ask. */
static void while_connecting(void)
{
    connected(1, 1);
    ev_down(0);
    it();
    api_request_handler();
    near.rpeers = 3;
    saw_nothing();
    t_line("data");
    quiet_begin();

    for (unsigned first = 0; first < 256; ++first) {
        ev_packet(1, (uint8_t)first, 1);
        ev_packet(1, (uint8_t)first, 60);
    }

    const char *const digest = quiet_end();
    t_line("%s", digest);
    saw_nothing();
    expect("still connecting", api_status(0), 1);
}

/* Without anybody above. */
static void without_callbacks(void)
{
    connected(1, 1);
    api_clear(0, 0);
    api_clear(0, 1);

    for (unsigned first = 0; first < 256; ++first) {
        ev_packet(0, (uint8_t)first, 2);
    }

    saw("");
    expect("callbacks", world.calls[CB_DATA] + world.calls[CB_LOSSY], 0);
}

/* True if the packet is accepted; as nodes_in says. */
static bool as_told(const uint8_t *packet, size_t n)
{
    const int want = nodes_in(packet, n);
    const long before = near.rpeers;
    int result = -2;
    QUIETLY(result = ev_data(0, packet, n));

    if (result != (want < 0 ? -1 : 0) || near.rpeers - before != (want < 0 ? 0 : want)) {
        fail("length %zu: result %d, %ld relays, want %d", n, result, near.rpeers - before, want);
    }

    return result == 0;
}

/* Relay packets that are nearly right: whole nodes, then a byte changed and the end cut off. */
static void relay_packets(void)
{
    uint64_t state = 17;
    long accepted = 0;
    connected(1, 1);
    ev_addr(0, at4(UDP4, 5, 6, 7, 8, 33445));
    saw_nothing();
    for (unsigned i = 0; i < 3000; ++i) {
        uint8_t packet[400] = {17};
        size_t n = 1;
        const unsigned nodes = (unsigned)(split_mix(&state) % 6);

        for (unsigned k = 0; k < nodes; ++k) {
            static const uint8_t families[] = {UDP4, UDP6, TCP4, TCP6};
            const uint8_t family = families[split_mix(&state) % 4];
            const uint8_t byte = (uint8_t)split_mix(&state);
            const bool six = family == UDP6 || family == TCP6;
            const IP_Port address = six ? at6(family, byte, 500) : at4(family, byte, 1, 2, 3, 500);
            n += put_node(packet + n, &address, relay_key((unsigned)(split_mix(&state) % 40)));
        }

        if (split_mix(&state) % 2 == 0 && n > 1) {
            packet[1 + split_mix(&state) % (n - 1)] = (uint8_t)split_mix(&state);
        }

        if (split_mix(&state) % 2 == 0) {
            n = 1 + split_mix(&state) % n;
        }

        accepted += as_told(packet, n);
    }

    expect_range("accepted", accepted, 1500, 2500);
    ev_down(0);
    answers.rpeer_left = 0;
    QUIETLY(it());
    expect("offered from the ring", near.rpeers >= 24, 1);
    saw_nothing();
}

static void relay_noise(void)
{
    uint64_t state = 18;
    long accepted = 0;
    connected(1, 1);

    for (unsigned i = 0; i < 3000; ++i) {
        uint8_t packet[200];
        const size_t n = 1 + split_mix(&state) % sizeof(packet);

        for (size_t k = 0; k < n; ++k) {
            packet[k] = (uint8_t)split_mix(&state);
        }

        packet[0] = 17;
        accepted += as_told(packet, n);
    }

    expect_range("accepted", accepted, 10, 100);
    saw_nothing();
}

/* Addresses that no honest DHT reports: the original stores them, net_crypto refuses them; ours takes
 * those that can be a friend's (F-05). */
static void odd_addresses(void)
{
    static const uint8_t families[] = {UDP4, UDP6, 0, 1, TCP4, TCP6, TCP_SERVER, 130, 138, 255};
    connecting(1, 1);

    for (unsigned i = 0; i < sizeof(families); ++i) {
        IP_Port address = at4(UDP4, 1, 1, 1, (uint8_t)(i + 1), (uint16_t)(100 + i));
        address.ip.family.value = families[i];
        t_line("family %u", families[i]);
        QUIETLY(ev_addr(0, address));
        expect_new("stored", net_ntohs(api_address(0)->port) == 100 + i, 1, i < 2);
    }

    saw_nothing();
    ev_addr(0, at4(UDP4, 255, 255, 255, 255, 65535));
    ev_addr(0, at4(UDP4, 127, 0, 0, 1, 1));
    ev_addr(0, at4(UDP4, 0, 0, 0, 0, 0));
    ev_addr(0, at6(UDP6, 0, 0));
    saw("direct(0,1) direct(0,1) direct(0,1) direct(0,1)");
}

/* Requests: any length, the checks are the receiver's. */
static void requests(void)
{
    connected(1, 1);
    api_request_handler();
    saw_nothing();

    for (size_t i = 1; i < LENGTHS; ++i) {
        expect("result", ev_packet(0, 18, lengths[i]), 0);
    }

    expect("requests", world.calls[CB_REQUEST], LENGTHS - 1);
    saw_nothing();
}

/* A friend who changes the DHT key with each handshake, and another who flaps. */
static void storm(void)
{
    connected(1, 1);
    connected(2, 2);
    quiet_begin();

    for (unsigned i = 0; i < 500; ++i) {
        ev_okey(0, 10 + i);
        ev_up(api_crypto(0));
        ev_down(api_crypto(1));
        it();
        ev_up(api_crypto(1));
        it();
    }

    quiet_end();
    t_line("attempts %ld, DHT keys %ld and %ld, told %ld, callbacks %u", near.attempts, near.dht_adds, near.dht_dels,
           near.okeys, world.calls[CB_STATUS]);
    expect("locks held", held_locks(), 2);
    expect("connections", alive_cryptos(), 2);
    saw_nothing();
}

const Scenario hostile_scenarios[] = {
    {"hostile-lossless", SIM, lossless, 0},
    {"hostile-lossy", SIM, lossy, 0},
    {"hostile-while-connecting", SIM, while_connecting, 0},
    {"hostile-without-callbacks", SIM, without_callbacks, 0},
    {"hostile-relay-packets", SIM, relay_packets, 0},
    {"hostile-relay-noise", SIM, relay_noise, 0},
    {"hostile-odd-addresses", SIM, odd_addresses, 0},
    {"hostile-requests", SIM, requests, 0},
    {"hostile-storm", SIM, storm, 0},
    {NULL, 0, NULL, 0},
};
