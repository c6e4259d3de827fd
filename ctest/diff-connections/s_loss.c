/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Relays that are lost: noticed when, what happens to the slots, and one new connection. How often
 * a relay is tried again: s_retry.c. */
#include "suite.h"

#include <string.h>

/* Peer 0 online on relay 0, whose connection is 15 s old. */
static void old_and_online(void)
{
    peer_on(0, 0, 0);
    online(0, 0, 16);
    run_seconds(15);
    new_connections(0);
    new_frames(0);
}

static void tn43(void)
{
    old_and_online();
    relay_break(0);
    pass();
    expect("connected", connected(), 0);
    expect("count", count(), 1);
    expect("connections", new_connections(0), 1);
    expect("online", api_online(0), 0);
    expect("send", api_send(0, 3, 1), -1);
    up(0);
    expect("connected", connected(), 1);
    expect("requests", new_frames(0), 1);
    expect("send", api_send(0, 3, 1), -1);
    online(0, 0, 18);
    expect("send", api_send(0, 3, 1), 0);
    expect("id", relays[0].last[0], 18);
    relay_data(0, 18, 3, 1);
    pass();
    expect("id", world.last_id, 10);
}

/* The relay is younger than 10 s: the original connects again at once, ours when 10 s are over. */
static void young(void)
{
    peer_on(0, 0, 0);
    online(0, 0, 16);
    run_seconds(3);
    relay_break(0);
    pass();
    expect("connected", connected(), 0);
    expect("online", api_online(0), 0);
    expect_new("connections", new_connections(0), 2, 1);
    QUIETLY(run_seconds(7));
    pass();
    expect("count", count(), 1);
    expect_new("connections", new_connections(0), 0, 1);
}

/* Every way to break the protocol. */
static void ways_to_break(void)
{
    static const uint8_t kinds[] = {0, 6, 8, 10, 12, 15};

    for (size_t i = 0; i < sizeof(kinds) + 3; ++i) {
        world_again();
        old_and_online();

        if (i < sizeof(kinds)) {
            relay_plain(0, kinds[i], 32, 1);
        } else if (i == sizeof(kinds)) {
            relay_plain(0, 1, 10, 1); /* a routing response of a wrong length */
        } else if (i == sizeof(kinds) + 1) {
            relay_notify(0, 2, 15);
        } else {
            const uint8_t pong[9] = {5};
            relay_packet(0, pong, 9);
        }

        pass();
        expect("connected", connected(), 0);
        expect("connections", new_connections(0), 1);
        expect("count", count(), 1);
    }
}

/* End of stream: the original takes 40 s from the last ping. */
static void closes(void)
{
    old_and_online();
    relay_close(0);
    pass();
    expect_new("connected", connected(), 1, 0);
    expect_new("online", api_online(0), 1, 0);
    expect_new("send", api_send(0, 3, 1), 0, -1);
    expect_new("connections", new_connections(0), 0, 1);
}

static void resets(void)
{
    old_and_online();
    relay_reset(0);
    pass();
    expect_new("connected", connected(), 1, 0);
    expect_new("online", api_online(0), 1, 0);
    expect("send", api_send(0, 3, 1), -1);
    expect_new("connections", new_connections(0), 0, 1);
}

/* The original, told by its timer: ping at +30, lost at +40. */
static void silent_end(void)
{
    old_and_online();
    relays[0].no_pongs = true;
    QUIETLY(run_seconds(24));
    expect("connected at +39", connected(), 1);
    expect("connections", new_connections(0), 0);
    QUIETLY(run_seconds(1));
    expect("connected at +40", connected(), 0);
    expect("connections", new_connections(0), 1);
}

/* Two relays: what is sent after the loss of the first. */
static void failover(void)
{
    peer_on(0, 0, 1);
    online(0, 0, 16);
    online(1, 0, 17);
    run_seconds(15);
    new_frames(1);
    relay_close(0);
    pass();
    expect("send", api_send(0, 3, 1), 0);
    expect_new("R1 carries it", new_frames(1), 0, 1);
    expect_new("online", api_online(0), 2, 1);
}

/* All peers of a lost relay are asked for again, in their order; the sleeping ones too. */
static void all_peers_again(void)
{
    peer_on(0, 0, 0);

    for (int p = 1; p < 4; ++p) {
        api_peer(p);
        api_number(p, 0);
    }

    for (int p = 0; p < 3; ++p) {
        online(0, p, (uint8_t)(16 + p));
    }

    api_status(1, false);
    run_seconds(15);
    new_frames(0);
    relay_break(0);
    pass();
    up(0);
    expect("requests", new_frames(0), 4);
    expect("the last", memcmp(relays[0].last + 1, peer_key(3), 32), 0);
    expect("send", api_send(0, 3, 1), -1);
}

/* The handshake is answered with nonsense: a relay that was never connected. */
static void bad_handshake(void)
{
    api_global(0);
    pass();
    uint8_t nonsense[96];
    memset(nonsense, 0x77, sizeof(nonsense));
    far_end->write(0, nonsense, sizeof(nonsense));
    pass();
    expect("connected", connected(), 0);
    expect_new("count", count(), 0, 1);
    QUIETLY(run_seconds(10));
    expect("count at +10", count(), 0);
    expect("connections", new_connections(0), 1);
}

/* The same while it connects again. */
static void bad_second_handshake(void)
{
    old_and_online();
    relay_break(0);
    passes(2);
    uint8_t nonsense[96];
    memset(nonsense, 0x77, sizeof(nonsense));
    far_end->write(0, nonsense, sizeof(nonsense));
    pass();
    expect_new("count", count(), 0, 1);
    expect("connected", connected(), 0);
}

/* Packets in front of the fault are delivered, those behind it are not. */
static void in_one_batch(void)
{
    old_and_online();
    relay_data(0, 16, 3, 1);
    relay_oob(0, 3, 3, 1);
    relay_break(0);
    relay_data(0, 16, 4, 1);
    pass();
    expect("data callbacks", world.calls[CB_DATA], 1);
    expect("oob callbacks", world.calls[CB_OOB], 1);
    expect("connections", new_connections(0), 1);
}

/* Lost while it is asked to wake or sleep: the counts start over. */
static void lost_while_going_to_sleep(void)
{
    peer_on(0, 0, 0);
    online(0, 0, 16);
    run_seconds(15);
    new_connections(0);
    relay_break(0);
    api_status(0, false);
    pass();
    expect("connected", connected(), 0);
    t_note("connections %ld", new_connections(0));
    expect("count", count(), 1);
}

/* A lost relay has no place any more among the three that are kept. */
static void surplus_after_loss(void)
{
    for (int r = 0; r < 3; ++r) {
        api_global(r);
    }

    up_all(0, 2);
    run_seconds(15);
    relay_break(1);
    pass();
    api_global(3);
    up(3);
    expect("connected", connected(), 3);
    expect("count", count(), 4);
}

const Scenario loss_scenarios[] = {
    {"TN-43", BOTH, tn43, 0},
    {"loss-young", SIM, young, 0},
    {"loss-ways-to-break", SIM, ways_to_break, 0},
    {"loss-close", BOTH, closes, 0},
    {"loss-reset", BOTH, resets, 0},
    {"loss-silent", SIM, silent_end, 0},
    {"loss-failover", BOTH, failover, 0},
    {"loss-all-peers-again", SIM, all_peers_again, 0},
    {"loss-bad-handshake", BOTH, bad_handshake, 0},
    {"loss-bad-second-handshake", SIM, bad_second_handshake, 0},
    {"loss-in-one-batch", SIM, in_one_batch, 0},
    {"loss-going-to-sleep", SIM, lost_while_going_to_sleep, 0},
    {"loss-surplus-after", SIM, surplus_after_loss, 0},
    {NULL, 0, NULL, 0},
};
