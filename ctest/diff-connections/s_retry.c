/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How often relays are tried again. The original tries once, and then forgets the relay; a relay
 * that confirms and fails is tried every 10 s for ever. Ours waits 10 s and longer, and does not
 * forget a relay that somebody needs. */
#include "suite.h"

/* TN-44: broken, and nobody listens any more; back a minute later. */
static void tn44(void)
{
    peer_on(0, 0, 0);
    online(0, 0, 16);
    run_seconds(15);
    new_connections(0);
    relay_break(0);
    relay_refuse(0, true);
    pass();
    expect("connected", connected(), 0);
    expect("connections", new_connections(0), 1);
    QUIETLY(run_seconds(9));
    expect("count at +9", count(), 1);
    QUIETLY(run_seconds(1));
    expect_new("count at +10", count(), 0, 1);
    expect("online", api_online(0), 0);
    expect("send", api_send(0, 3, 1), -1);
    relay_refuse(0, false);
    new_connections(0);
    QUIETLY(run_seconds(60));
    expect_new("tried again", new_connections(0) > 0, 0, 1);
    expect("not sooner than after 10 s", (long)relays[0].gap >= 10, 1);
}

/* TN-46: confirms, never answers a ping. */
static void tn46(void)
{
    relay_at(0)->no_pongs = true;
    relays[0].silent = true;
    peer_on(0, 0, 0);
    new_connections(0);
    quiet_begin();

    for (int i = 0; i < 600; ++i) {
        const bool asked = relays[0].link >= 0 && relays[0].stage == STAGE_FRAMES && relays[0].pings == 0;

        if (asked) {
            relay_answer(0);
        }

        const unsigned before = relays[0].handshakes;
        clock_ms_add(100);
        pass();

        if (relays[0].handshakes != before) {
            relays[0].pings = 0;
        }
    }

    quiet_end();
    expect_new("six handshakes in 60 s", relays[0].handshakes == 6, true, false);
    expect_range("handshakes", relays[0].handshakes, 3, 6);
    expect("shortest gap", (long)relays[0].gap, 10);
}

/* TN-44 and TN-45, for a relay that refuses from the start: with a peer, without one. */
static void refused_with_peer(void)
{
    relay_refuse(0, true);
    api_peer(0);
    api_add(0, 0);
    run_seconds(9);
    expect("count at +9", count(), 1);
    expect("connections", new_connections(0), 1);
    QUIETLY(run_seconds(51));
    expect_new("count", count(), 0, 1);
    expect_new("attempts", new_connections(0) > 0, 0, 1);
    expect("not sooner than after 10 s", (long)relays[0].gap >= 10, 1);
}

static void refused_without_peer(void)
{
    relay_refuse(0, true);
    api_global(0);
    run_seconds(9);
    expect("count at +9", count(), 1);
    run_seconds(1);
    expect("count at +10", count(), 0);
    run_seconds(60);
    expect("connections", new_connections(0), 1);
}

/* A relay that nobody needs was connected, is lost and refuses: the original forgets it, ours tries
 * it while fewer than three relays are connected. */
static void idle_relay_lost(void)
{
    api_global(0);
    up(0);
    run_seconds(15);
    new_connections(0);
    relay_close(0);
    relay_refuse(0, true);
    QUIETLY(run_seconds(60));
    expect("connected", connected(), 0);
    expect_new("count", count(), 0, 1);
    relay_refuse(0, false);
    new_connections(0);
    QUIETLY(run_seconds(120));
    expect_new("tried again", new_connections(0) > 0, 0, 1);
}

/* The same with three others connected: nobody needs it. */
static void not_needed(void)
{
    for (int r = 0; r < 3; ++r) {
        api_global(r);
    }

    up_all(0, 2);
    run_seconds(15);
    relay_break(0);
    relay_refuse(0, true);
    pass();
    api_global(3);
    up(3);
    expect("connected", connected(), 3);
    new_connections(0);
    QUIETLY(run_seconds(100));
    expect("connected", connected(), 3);
    expect("not tried", new_connections(0), 0);
}

/* The relay of a sleeping peer is lost: nobody needs it until the peer wakes. */
static void sleeping_peer(void)
{
    peer_on(0, 0, 0);
    registered(0, 0, 16); /* offline, so that the relay does not go to sleep */
    api_status(0, false);

    for (int r = 1; r <= 3; ++r) {
        api_global(r);
    }

    run_seconds(9);
    relay_break(0);
    relay_refuse(0, true);
    run_seconds(1);
    QUIETLY(run_seconds(60));
    relay_refuse(0, false);
    new_connections(0);
    expect("true", api_status(0, true), 0);
    QUIETLY(run_seconds(400));
    expect_new("tried again", new_connections(0) > 0, 0, 1);
}

/* A relay that hangs up on everybody at once, for ten minutes. */
static void hangs_up(void)
{
    relay_at(0)->silent = true;
    peer_on(0, 0, 0);
    relay_close(0);
    quiet_begin();

    for (int i = 0; i < 600; ++i) {
        if (relays[0].link >= 0) {
            relay_close(0);
        }

        clock_ms_add(1000);
        pass();
    }

    quiet_end();
    expect("shortest gap", (long)relays[0].gap >= 10, 1);
    expect_new("more than five connections", relays[0].connections > 5, false, true);
    t_note("%u connections", relays[0].connections);
}

/* Removed and named again within ten seconds: the original calls again at once. */
static void named_again(void)
{
    peer_on(0, 0, 0);
    run_seconds(4);
    expect("kill relay", api_kill_relay(0), 0);
    new_connections(0);
    expect("add", api_add(0, 0), 0);
    expect("count", count(), 1);
    expect_new("connections", new_connections(0), 1, 0);
    QUIETLY(run_seconds(6));
    expect_new("connections", new_connections(0), 0, 1);
}

/* Killing the relay or its peer ends the attempts. */
static void given_up(void)
{
    relay_refuse(0, true);
    api_peer(0);
    api_add(0, 0);
    QUIETLY(run_seconds(15));
    expect_new("kill relay", api_kill_relay(0), -1, 0);
    new_connections(0);
    QUIETLY(run_seconds(60));
    expect("connections", new_connections(0), 0);
    expect("count", count(), 0);
    api_add(0, 0);
    QUIETLY(run_seconds(15));
    expect("kill peer", api_kill(0), 0);
    QUIETLY(run_seconds(15));
    new_connections(0);
    QUIETLY(run_seconds(60));
    expect("connections", new_connections(0), 0);
    expect("count", count(), 0);
}

const Scenario retry_scenarios[] = {
    {"TN-44", SIM, tn44, 0},
    {"TN-46", SIM, tn46, 0},
    {"retry-refused-with-peer", SIM, refused_with_peer, 0},
    {"retry-refused-without-peer", SIM, refused_without_peer, 0},
    {"retry-idle-relay", SIM, idle_relay_lost, 0},
    {"retry-not-needed", SIM, not_needed, 0},
    {"retry-sleeping-peer", SIM, sleeping_peer, 0},
    {"retry-hangs-up", SIM, hangs_up, 0},
    {"retry-named-again", SIM, named_again, 0},
    {"retry-given-up", SIM, given_up, 0},
    {NULL, 0, NULL, 0},
};
