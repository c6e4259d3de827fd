/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The statistics, which only ours has: they must say what the scenario has just done. */
#include "suite.h"

#include <string.h>

#if DIFF_OURS
#include "toxlink-statistics.h"

static Toxlink_Relay_Statistics relay_now(uint32_t number)
{
    Toxlink_Relay_Statistics now;
    memset(&now, 0xee, sizeof(now));
    expect("relay statistics", toxlink_relay_statistics(world.tc, number, &now, sizeof(now)), true);
    return now;
}

static Toxlink_Peer_Statistics peer_now(int conn)
{
    Toxlink_Peer_Statistics now;
    memset(&now, 0xee, sizeof(now));
    expect("peer statistics", toxlink_peer_statistics(world.tc, conn, &now, sizeof(now)), true);
    return now;
}

static void states(void)
{
    peer_on(0, 0, 0);
    expect("sleeper", api_peer(1), 1);
    api_add(1, 1);
    up(1);
    online(0, 0, 16);
    online(1, 1, 16);
    api_status(1, false);
    run_seconds(10);
    api_add(0, 2);
    relay_refuse(3, true);
    api_add(0, 3);
    passes(2);
    expect("connected", relay_now(0).state, TOXLINK_RELAY_CONNECTED);
    expect("sleeping", relay_now(1).state, TOXLINK_RELAY_SLEEPING);
    expect("connecting", relay_now(2).state, TOXLINK_RELAY_CONNECTING);
    expect("waiting", relay_now(3).state, TOXLINK_RELAY_WAITING);
    expect("key", memcmp(relay_now(2).public_key, relays[2].pk, 32), 0);
    expect("address", strncmp(relay_now(0).address, "127.0.0.1:", 10), 0);
    expect("no error", relay_now(0).last_error[0], '\0');
    expect("an error", relay_now(3).last_error[0] != '\0', true);
    expect("peers", relay_now(0).peers, 1);
    expect("online peers", relay_now(0).online_peers, 1);
    expect("online peers", relay_now(1).online_peers, 0);
    expect("attempts", relay_now(3).attempts, 1);
    expect("sleeping", peer_now(1).sleeping, true);
    expect("awake", peer_now(0).sleeping, false);
    expect("relays", peer_now(0).relays, 3);
    expect("online relays", peer_now(0).online_relays, 1);
    expect("key", memcmp(peer_now(1).public_key, peer_key(1), 32), 0);
}

static void traffic(void)
{
    peer_on(0, 0, 1);
    online(0, 0, 16);
    online(1, 0, 17);
    const Toxlink_Relay_Statistics before = relay_now(0);
    expect("send", api_send(0, 100, 1), 0);
    relay_data(0, 16, 50, 1);
    pass();
    expect("packets sent", (long)(relay_now(0).packets_sent - before.packets_sent) >= 1, 1);
    expect("bytes sent", (long)(relay_now(0).bytes_sent - before.bytes_sent) >= 119, 1);
    expect("packets received", (long)(relay_now(0).packets_received - before.packets_received) >= 1, 1);
    expect("bytes received", (long)(relay_now(0).bytes_received - before.bytes_received) >= 69, 1);
    expect("carrier", peer_now(0).carrier, 0);
    expect("peer sent", (long)peer_now(0).packets_sent, 1);
    expect("peer received", (long)peer_now(0).packets_received, 1);
    relays[0].room = 0;
    expect("send", api_send(0, 100, 1), 0);
    expect("full", (long)relay_now(0).dropped_full, 1);
    relays[1].room = 0;
    expect("send", api_send(0, 100, 1), -1);
    expect("dropped", (long)peer_now(0).dropped, 1);
    relays[0].room = relays[1].room = -1;
    relay_notify(0, 3, 16);
    relay_notify(1, 3, 17);
    pass();
    expect("send", api_send(0, 100, 1), 0);
    expect("copies", (long)peer_now(0).sent_out_of_band, 2);
    expect("no carrier", peer_now(0).carrier, UINT32_MAX);
}

static void reconnects(void)
{
    peer_on(0, 0, 1);
    online(0, 0, 16);
    online(1, 0, 17);
    run_seconds(15);
    expect("send", api_send(0, 100, 1), 0);
    relay_break(0);
    pass();
    expect("send", api_send(0, 100, 1), 0);
    up(0);
    expect("attempts", relay_now(0).attempts, 2);
    expect("reconnects", relay_now(0).reconnects, 1);
    expect("an error", relay_now(0).last_error[0] != '\0', true);
    expect("carrier", peer_now(0).carrier, 1);
    expect("failovers", peer_now(0).failovers, 1);
}

static void wrong_arguments(void)
{
    Toxlink_Relay_Statistics relay_out;
    Toxlink_Peer_Statistics peer_out;
    expect("no relay", toxlink_relay_statistics(world.tc, 0, &relay_out, sizeof(relay_out)), false);
    expect("no peer", toxlink_peer_statistics(world.tc, 0, &peer_out, sizeof(peer_out)), false);
    expect("no peer", toxlink_peer_statistics(world.tc, -1, &peer_out, sizeof(peer_out)), false);
    peer_on(0, 0, 0);
    expect("no object", toxlink_relay_statistics(NULL, 0, &relay_out, sizeof(relay_out)), false);
    expect("no object", toxlink_peer_statistics(NULL, 0, &peer_out, sizeof(peer_out)), false);
    expect("no room", toxlink_relay_statistics(world.tc, 0, NULL, sizeof(relay_out)), false);
    expect("no room", toxlink_peer_statistics(world.tc, 0, NULL, sizeof(peer_out)), false);
    expect("number", toxlink_relay_statistics(world.tc, 1, &relay_out, sizeof(relay_out)), false);
    expect("number", toxlink_relay_statistics(world.tc, UINT32_MAX, &relay_out, sizeof(relay_out)), false);
    /* an older caller, with a smaller struct: nothing behind it is touched */
    memset(&relay_out, 0xee, sizeof(relay_out));
    expect("key only", toxlink_relay_statistics(world.tc, 0, &relay_out, 32), true);
    expect("key", memcmp(relay_out.public_key, relays[0].pk, 32), 0);
    expect("behind it", (uint8_t)relay_out.address[0], 0xee);
}

static void all(void)
{
    void (*const parts[])(void) = {states, traffic, reconnects, wrong_arguments};

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); ++i) {
        world_again();
        parts[i]();
    }
}

#else

static void all(void)
{
}

#endif

static void statistics(void)
{
    ours_only("the original has no statistics", all);
}

const Scenario statistics_scenarios[] = {
    {"statistics", SIM, statistics, 0},
    {NULL, 0, NULL, 0},
};
