/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sending to a peer: which relay, as what, and the limits. Sockets that are full: s_full.c. */
#include "suite.h"

/* What was received by relays 0..1, as one number: 10 * R0 + R1. */
static long both(void)
{
    const long first = new_frames(0);
    return first * 10 + new_frames(1);
}

static void tn08(void)
{
    api_peer(0);
    expect("no relay", api_send(0, 3, 1), -1);
    api_add(0, 0);
    expect("connecting relay", api_send(0, 3, 1), -1);
    up(0);
    new_frames(0);
    expect("slot NONE", api_send(0, 3, 1), -1);
    pass();
    expect("frames", new_frames(0), 0);
}

static void tn09(void)
{
    peer_on(0, 0, 0);
    registered(0, 0, 16);
    new_frames(0);
    expect("send", api_send(0, 3, 1), 0);
    expect("frames", new_frames(0), 1);
    expect("oob", relays[0].last[0], 6);
    expect("length", (long)relays[0].last_len, 1 + 32 + 3);
    expect("1024", api_send(0, 1024, 1), 0);
    expect("1025", api_send(0, 1025, 1), -1);
    expect("0", api_send(0, 0, 1), -1);
    expect("frames", new_frames(0), 1);
}

static void tn10(void)
{
    peer_on(0, 0, 1);
    registered(0, 0, 16);
    registered(1, 0, 16);
    both();
    expect("send", api_send(0, 3, 1), 0);
    expect("each got one", both(), 11);
}

/* Two REGISTERED, one NONE: only the two get it. */
static void oob_not_to_none(void)
{
    peer_on(0, 0, 2);
    registered(0, 0, 16);
    registered(2, 0, 16);
    both();
    new_frames(2);
    expect("send", api_send(0, 3, 1), 0);
    expect("R0, R1", both(), 10);
    expect("R2", new_frames(2), 1);
}

static void tn11(void)
{
    peer_on(0, 0, 1);
    registered(0, 0, 16);
    online(1, 0, 20);
    both();
    expect("send", api_send(0, 3, 1), 0);
    expect("only R1", both(), 1);
    expect("data", relays[1].last[0], 20);
}

static void tn12(void)
{
    peer_on(0, 0, 1);
    online(0, 0, 16);
    online(1, 0, 17);
    both();

    for (uint8_t i = 0; i < 5; ++i) {
        expect("send", api_send(0, 3, i), 0);
    }

    expect("all on R0", both(), 50);
}

/* The order is that of slots, not that of relay numbers, and not that of getting online. But ours
 * leaves a relay in the middle of a stream only for a better one: packets would overtake others. */
static void slot_order(void)
{
    api_peer(0);
    api_global(0);
    api_add(0, 1);
    api_number(0, 0);
    up_all(0, 1);
    online(0, 0, 16);
    both();
    expect("only R0 is online", api_send(0, 3, 1), 0);
    expect("R0", both(), 10);
    online(1, 0, 17);
    expect("R1 is in the first slot", api_send(0, 3, 1), 0);
    expect_new("carrier at once", both(), 1, 10);
    clock_ms_add(499);
    pass();
    expect("send", api_send(0, 3, 1), 0);
    expect_new("carrier 499 ms after a packet", both(), 1, 10);
    clock_ms_add(500);
    pass();
    expect("send", api_send(0, 3, 1), 0);
    expect("carrier 500 ms after a packet", both(), 1);
}

/* The carrier goes offline for the peer and comes back. */
static void offline_and_back(void)
{
    peer_on(0, 0, 1);
    online(0, 0, 16);
    online(1, 0, 17);
    both();
    api_send(0, 3, 1);
    expect("R0", both(), 10);
    relay_notify(0, 3, 16);
    pass();
    expect("send", api_send(0, 3, 1), 0);
    expect("R1", both(), 1);
    relay_notify(0, 2, 16);
    pass();
    expect("send", api_send(0, 3, 1), 0);
    expect_new("R0 again", both(), 10, 1);
    clock_ms_add(500);
    pass();
    expect("send", api_send(0, 3, 1), 0);
    expect("R0 after a pause", both(), 10);
    relay_notify(0, 3, 16);
    relay_notify(1, 3, 17);
    pass();
    expect("send", api_send(0, 3, 1), 0);
    expect("oob on both", both(), 11);
    expect("oob", relays[0].last[0], 6);
}

/* A slot that is emptied is used by the next relay, and carries first again. */
static void slot_reused(void)
{
    peer_on(0, 0, 1);
    online(0, 0, 16);
    online(1, 0, 17);
    api_kill_relay(0);
    expect("add R2", api_add(0, 2), 0);
    up(2);
    online(2, 0, 18);
    both();
    new_frames(2);
    expect("send", api_send(0, 3, 1), 0);
    expect("R2 is in the first slot", new_frames(2), 1);
    expect("R1", both(), 0);
}

static void tn14(void)
{
    peer_on(0, 0, 0);
    online(0, 0, 16);
    new_frames(0);
    expect("2032", api_send(0, 2032, 1), -1);
    expect("frames", new_frames(0), 0);
    expect("2031", api_send(0, 2031, 1), 0);
    expect("1", api_send(0, 1, 1), 0);
    expect("1024", api_send(0, 1024, 1), 0);
    expect("1025", api_send(0, 1025, 1), 0);
    expect("frames", new_frames(0), 4);
}

/* TCP_client of 0.2.19 to 0.2.21 writes past the end of a buffer. */
static void send_65535(void)
{
    if (api_send(0, 65535, 1) != -1 || api_send(0, 1, 1) != 0) {
        fail("data of length 65535 was taken, or nothing after it");
    }
}

static void longest(void)
{
    peer_on(0, 0, 0);
    online(0, 0, 16);
    expect_new("ends the process", ends_process(send_65535), TOX_ABI == 220, false);
}

/* One online, one registered: lengths that only one of the two ways takes. */
static void lengths_mixed(void)
{
    peer_on(0, 0, 1);
    online(0, 0, 16);
    registered(1, 0, 17);
    both();
    expect("1025 as data", api_send(0, 1025, 1), 0);
    expect("R0", both(), 10);
    expect("2032 neither", api_send(0, 2032, 1), -1);
    expect("none", both(), 0);
}

/* Length 0 with an online slot (D-02): a toxcore peer would lose its relay over it. */
static void length_zero(void)
{
    peer_on(0, 0, 1);
    online(0, 0, 16);
    registered(1, 0, 17);
    both();
    expect_new("send", api_send(0, 0, 1), 0, -1);
    expect_new("frames", both(), 10, 0);
}

/* The bytes of the packet are those given, and may be changed afterwards. */
static void copied(void)
{
    peer_on(0, 0, 1);
    online(0, 0, 16);
    uint8_t data[100];

    for (int i = 0; i < 100; ++i) {
        data[i] = (uint8_t)i;
    }

    expect("send", send_packet_tcp_connection(world.tc, 0, data, 100), 0);
    data[5] = 99;
    look();
    expect("byte", relays[0].last[1 + 5], 5);
}

static void two_peers(void)
{
    peer_on(0, 0, 1);
    api_peer(1);
    api_number(1, 1);
    api_number(1, 0);
    online(0, 0, 16);
    online(1, 0, 16);
    online(0, 1, 17);
    online(1, 1, 17);
    both();
    expect("A", api_send(0, 3, 1), 0);
    expect("on R0", both(), 10);
    expect("B", api_send(1, 3, 1), 0);
    expect("on R1", both(), 1);
}

const Scenario send_scenarios[] = {
    {"TN-08", SIM, tn08, 0},
    {"TN-09", BOTH, tn09, 0},
    {"TN-10", BOTH, tn10, 0},
    {"send-oob-not-to-none", SIM, oob_not_to_none, 0},
    {"TN-11", BOTH, tn11, 0},
    {"TN-12", BOTH, tn12, 0},
    {"send-slot-order", SIM, slot_order, 0},
    {"send-offline-and-back", BOTH, offline_and_back, 0},
    {"send-slot-reused", SIM, slot_reused, 0},
    {"TN-14", BOTH, tn14, 0},
    {"send-length-65535", SIM, longest, 0},
    {"send-lengths-mixed", SIM, lengths_mixed, 0},
    {"send-length-zero", SIM, length_zero, 0},
    {"send-copied", SIM, copied, 0},
    {"send-two-peers", SIM, two_peers, 0},
    {NULL, 0, NULL, 0},
};
