/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The calls that send through a relay by its number or key. */
#include "suite.h"

static void oob(void)
{
    api_global(0);
    expect("not connected", api_oob(0, 1, 3, 1), -1);
    up(0);
    expect("send", api_oob(0, 1, 3, 1), 0);
    expect("frames", new_frames(0), 1);
    expect("1", api_oob(0, 1, 1, 1), 0);
    expect("1024", api_oob(0, 1, 1024, 1), 0);
    expect("0", api_oob(0, 1, 0, 1), -1);
    expect("1025", api_oob(0, 1, 1025, 1), -1);
    expect("65535", api_oob(0, 1, 65535, 1), -1);
    expect("frames", new_frames(0), 2);
}

static void oob_by_key(void)
{
    api_global(0);
    expect("not connected", api_oob_key(0, 1, 3, 1), -1);
    up(0);
    expect("unknown relay", api_oob_key(1, 1, 3, 1), -1);
    expect("send", api_oob_key(0, 1, 3, 1), 0);
    expect("1024", api_oob_key(0, 1, 1024, 1), 0);
    expect("0", api_oob_key(0, 1, 0, 1), -1);
    expect("1025", api_oob_key(0, 1, 1025, 1), -1);
    expect("frames", new_frames(0), 2);
    api_kill_relay(0);
    expect("removed", api_oob_key(0, 1, 3, 1), -1);
}

/* Relays at every number; the hole, the sleeping one and the connecting one refuse. */
static void oob_states(void)
{
    peer_on(0, 1, 1);
    online(1, 0, 16);
    api_global(0);
    up(0);
    api_global(2);
    api_global(3);
    up(3);
    api_kill_relay(1);
    api_status(0, false);
    run_seconds(10);
    expect("sleeping", api_oob(0, 1, 3, 1), -1);
    expect("sleeping by key", api_oob_key(1, 1, 3, 1), -1);
    expect("sleeping, onion", api_onion(0, 3, 1), -1);
    expect("hole", api_oob(1, 1, 3, 1), -1);
    expect("hole, onion", api_onion(1, 3, 1), -1);
    expect("connected", api_oob(3, 1, 3, 1), 0);
    expect("connected, onion", api_onion(3, 3, 1), 0);
    expect("frames", new_frames(3), 2);
}

static void tn34(void)
{
    api_global(0);
    expect("not connected", api_onion(0, 3, 1), -1);
    up(0);
    expect("unmarked", api_onion(0, 3, 1), 0);
    expect("number 1", api_onion(1, 3, 1), -1);
    expect("number -1", api_onion(UINT32_MAX, 3, 1), -1);
    expect("2031", api_onion(0, 2031, 1), 0);
    expect("2032", api_onion(0, 2032, 1), -1);
    expect("1", api_onion(0, 1, 1), 0);
    expect("0", api_onion(0, 0, 1), 0);
    expect("frames", new_frames(0), 4);
}

/* A stale number: whatever relay has it now is used, as onion paths do for up to 20 minutes. */
static void stale_number(void)
{
    api_global(0);
    api_global(1);
    up_all(0, 1);
    api_kill_relay(0);
    expect("nobody has it", api_onion(0, 3, 1), -1);
    api_global(2);
    expect("connecting", api_onion(0, 3, 1), -1);
    up(2);
    expect("the new one", api_onion(0, 3, 1), 0);
    expect("R2", new_frames(2), 1);
    expect("oob", api_oob(0, 1, 3, 1), 0);
    expect("R2", new_frames(2), 1);
}

/* An OOB packet to a peer that is online: as asked, not as data. */
static void oob_to_peer(void)
{
    peer_on(0, 0, 0);
    online(0, 0, 16);
    expect("send", api_oob(0, 0, 3, 1), 0);
    expect("as oob", relays[0].last[0], 6);
}

/* Between the loss of a relay and its next connection nothing is sent through it. */
static void while_reconnecting(void)
{
    api_global(0);
    up(0);
    relay_break(0);
    passes(2);
    expect("connected", connected(), 0);
    expect("oob", api_oob(0, 1, 3, 1), -1);
    expect("oob by key", api_oob_key(0, 1, 3, 1), -1);
    expect("onion", api_onion(0, 3, 1), -1);
}

/* ------------------------------------------------- relay numbers as addresses */

static void tn53(void)
{
    static const unsigned numbers[] = {0, 1, 2, 255, 256, 65536, 0x01020304, INT_MAX, UINT_MAX};

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); ++i) {
        const IP_Port address = tcp_connections_number_to_ip_port(numbers[i]);
        unsigned back = 12345;
        t_bytes("address", (const uint8_t *)&address.ip.ip, 16);
        expect("family", address.ip.family.value, 14);
        expect("port", address.port, 0);
        expect("decode", ip_port_to_tcp_connections_number(&address, &back), true);
        expect("number", back, numbers[i]);
    }
}

static void decode_others(void)
{
    static const uint8_t families[] = {0, 2, 10, 11, 12, 13, 15, 130, 255};

    for (size_t i = 0; i < sizeof(families); ++i) {
        IP_Port address = tcp_connections_number_to_ip_port(77);
        unsigned back = 12345;
        address.ip.family.value = families[i];
        expect("decode", ip_port_to_tcp_connections_number(&address, &back), false);
        expect("number", back, 77);
    }

    /* port and the other words do not matter */
    IP_Port address = tcp_connections_number_to_ip_port(78);
    unsigned back = 0;
    address.port = 1234;
    address.ip.ip.v6.uint32[1] = address.ip.ip.v6.uint32[3] = 5;
    expect("decode", ip_port_to_tcp_connections_number(&address, &back), true);
    expect("number", back, 78);
}

const Scenario oob_scenarios[] = {
    {"oob-by-number", BOTH, oob, 0},
    {"oob-by-key", SIM, oob_by_key, 0},
    {"oob-states", SIM, oob_states, 0},
    {"TN-34", BOTH, tn34, 0},
    {"oob-stale-number", SIM, stale_number, 0},
    {"oob-to-peer", SIM, oob_to_peer, 0},
    {"oob-while-reconnecting", SIM, while_reconnecting, 0},
    {"TN-53", SIM, tn53, 0},
    {"number-decode-others", SIM, decode_others, 0},
    {NULL, 0, NULL, 0},
};
