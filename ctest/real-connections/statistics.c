/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The statistics, which only we have: what they tell, and how they are misused.
 */
#include "field.h"
#include "script.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "toxlink-statistics.h"

typedef struct Toxlink_Relay_Statistics Relay_Statistics;
typedef struct Toxlink_Peer_Statistics Peer_Statistics;

static Relay_Statistics relay_now(const TCP_Connections *tc, uint32_t number)
{
    Relay_Statistics out;
    memset(&out, 0x5a, sizeof(out));
    CHECK(toxlink_relay_statistics(tc, number, &out, sizeof(out)));
    /* Text with an end, flags that are flags. */
    CHECK(memchr(out.address, 0, sizeof(out.address)) != NULL);
    CHECK(memchr(out.last_error, 0, sizeof(out.last_error)) != NULL);
    CHECK(*(const uint8_t *)&out.suspected <= 1 && *(const uint8_t *)&out.onion <= 1);
    return out;
}

static Peer_Statistics peer_now(const TCP_Connections *tc, int number)
{
    Peer_Statistics out;
    memset(&out, 0x5a, sizeof(out));
    CHECK(toxlink_peer_statistics(tc, number, &out, sizeof(out)));
    CHECK(*(const uint8_t *)&out.sleeping <= 1);
    return out;
}

/* ---- what they tell ---- */

static void relay_states(void)
{
    char text[56];
    field_open();
    const Relay_Statistics in_use = relay_now(F.tc, R_CONNECTED);
    snprintf(text, sizeof(text), "127.0.0.1:%u", F.relay[0]->port);
    CHECK_EQ(strcmp(in_use.address, text), 0);
    CHECK_BYTES(in_use.public_key, F.relay[0]->pk, 32);
    CHECK_EQ(in_use.last_error[0], 0);
    CHECK_EQ(in_use.state, TOXLINK_RELAY_CONNECTED);
    CHECK(!in_use.suspected && !in_use.onion);
    CHECK(in_use.round_trip_last_ms <= 1000 && in_use.round_trip_smoothed_ms <= 1000);
    CHECK_EQ(in_use.queued_bytes, 0);
    CHECK_EQ(in_use.peers, 1);
    CHECK_EQ(in_use.online_peers, 1);
    CHECK_EQ(in_use.attempts, 1);
    CHECK_EQ(in_use.reconnects, 0);
    CHECK_EQ(in_use.suspicions, 0);

    const Relay_Statistics asleep = relay_now(F.tc, R_SLEEPING);
    CHECK_EQ(asleep.state, TOXLINK_RELAY_SLEEPING);
    CHECK_EQ(asleep.peers, 1);
    CHECK_EQ(asleep.online_peers, 0);

    const Relay_Statistics silent = relay_now(F.tc, R_VALID);
    CHECK_EQ(silent.state, TOXLINK_RELAY_CONNECTING);
    CHECK_EQ(silent.peers, 0);
    CHECK_EQ(silent.round_trip_last_ms, UINT32_MAX);
    CHECK_EQ(silent.packets_received, 0);
    field_close();
}

static void peer_states(void)
{
    field_open();
    const Peer_Statistics talking = peer_now(F.tc, P_ONLINE);
    CHECK_BYTES(talking.public_key, F.pair.b->c->pk, 32);
    CHECK_EQ(talking.carrier, R_CONNECTED);
    CHECK_EQ(talking.relays, 1);
    CHECK_EQ(talking.online_relays, 1);
    CHECK_EQ(talking.failovers, 0);
    CHECK_EQ(talking.switches, 0);
    CHECK(!talking.sleeping);

    const Peer_Statistics asleep = peer_now(F.tc, P_SLEEPING);
    CHECK(asleep.sleeping);
    CHECK_EQ(asleep.carrier, UINT32_MAX);
    CHECK_EQ(asleep.relays, 1);
    CHECK_EQ(asleep.online_relays, 0);

    const Peer_Statistics unknown = peer_now(F.tc, P_OFFLINE);
    CHECK_EQ(unknown.carrier, UINT32_MAX);
    CHECK_EQ(unknown.relays, 0);
    CHECK_EQ(unknown.packets_sent + unknown.packets_received + unknown.sent_out_of_band, 0);
    field_close();
}

/* Packets and bytes are counted where they pass. */
static void counters(void)
{
    enum { PACKETS = 100, LENGTH = 500 };
    field_open();
    const Relay_Statistics r = relay_now(F.tc, R_CONNECTED);
    const Peer_Statistics p = peer_now(F.tc, P_ONLINE);

    for (int i = 0; i < PACKETS; ++i) {
        CHECK_EQ(send_packet_tcp_connection(F.tc, P_ONLINE, payload, LENGTH), 0);
        CHECK_EQ(send_packet_tcp_connection(F.pair.b->tc, F.pair.at_b, payload, LENGTH), 0);
        await_events(F.pair.a->c, EV_DATA, count_events(F.pair.a->c, EV_DATA) + 1, WAIT_MS);
    }

    const Relay_Statistics r2 = relay_now(F.tc, R_CONNECTED);
    const Peer_Statistics p2 = peer_now(F.tc, P_ONLINE);
    /* Pings may come on top. */
    CHECK(r2.packets_sent - r.packets_sent >= PACKETS && r2.packets_sent - r.packets_sent < PACKETS + 10);
    CHECK(r2.packets_received - r.packets_received >= PACKETS
          && r2.packets_received - r.packets_received < PACKETS + 10);
    CHECK(r2.bytes_sent - r.bytes_sent >= PACKETS * (LENGTH + 19));
    CHECK(r2.bytes_sent - r.bytes_sent < PACKETS * (LENGTH + 19) + 1000);
    CHECK(r2.bytes_received - r.bytes_received >= PACKETS * (LENGTH + 19));
    CHECK_EQ(p2.packets_sent - p.packets_sent, PACKETS);
    CHECK_EQ(p2.packets_received - p.packets_received, PACKETS);
    CHECK_EQ(p2.dropped, p.dropped);
    CHECK_EQ(send_packet_tcp_connection(F.tc, P_OFFLINE, payload, LENGTH), -1);
    CHECK_EQ(peer_now(F.tc, P_OFFLINE).dropped, 1);
    field_close();
}

/* A relay that is lost tells why, waits, and comes back. */
static void loss_and_return(void)
{
    field_open();
    relay_stop(F.relay[0]);
    step_for(20);
    const Relay_Statistics lost = relay_now(F.tc, R_CONNECTED);
    CHECK(lost.state != TOXLINK_RELAY_CONNECTED);
    CHECK(lost.last_error[0] != '\0');
    CHECK_EQ(lost.online_peers, 0);
    CHECK_EQ(lost.peers, 1);
    CHECK_EQ(peer_now(F.tc, P_ONLINE).carrier, UINT32_MAX);
    relay_restart(F.relay[0]);

    for (int i = 0; i < 120 && online(F.pair.a, P_ONLINE) == 0; ++i) {
        pass_seconds(1);
    }

    const Relay_Statistics back = relay_now(F.tc, R_CONNECTED);
    CHECK_EQ(back.state, TOXLINK_RELAY_CONNECTED);
    CHECK(back.attempts >= 2);
    CHECK_EQ(back.reconnects, 1);
    close(F.listener);
    nodes_close();
}

static void onion_mark(void)
{
    field_open();
    CHECK_EQ(set_tcp_onion_status(F.tc, true), 0);
    CHECK(relay_now(F.tc, R_CONNECTED).onion);
    CHECK(!relay_now(F.tc, R_VALID).onion);
    CHECK_EQ(set_tcp_onion_status(F.tc, false), 0);
    CHECK(!relay_now(F.tc, R_CONNECTED).onion);
    close(F.listener);
    nodes_close();
}

/* ---- misuse ---- */

enum { GUARD = 64, FILL = 0xa5 };

static bool is_all(const uint8_t *bytes, size_t count, uint8_t value)
{
    for (size_t i = 0; i < count; ++i) {
        if (bytes[i] != value) {
            return false;
        }
    }

    return true;
}

/* As much of the whole as there is room for, zeros behind it, and not a byte more. */
static void sizes(void)
{
    field_open();
    const Relay_Statistics whole = relay_now(F.tc, R_SLEEPING);
    const Peer_Statistics peer = peer_now(F.tc, P_SLEEPING);

    for (size_t size = 0; size <= sizeof(whole) + GUARD; ++size) {
        uint8_t room[sizeof(whole) + 2 * GUARD];
        const size_t known = size < sizeof(whole) ? size : sizeof(whole);
        memset(room, FILL, sizeof(room));
        /* Nothing can be told in no bytes; whether that is a success is not asked. */
        const bool told = toxlink_relay_statistics(F.tc, R_SLEEPING, (Relay_Statistics *)room, size);
        CHECK(told || size == 0);
        CHECK_BYTES(room, &whole, known < 152 ? known : 152);
        CHECK(is_all(room + known, size - known, 0));
        CHECK(is_all(room + size, sizeof(room) - size, FILL));
    }

    for (size_t size = 0; size <= sizeof(peer) + GUARD; ++size) {
        uint8_t room[sizeof(peer) + 2 * GUARD];
        const size_t known = size < sizeof(peer) ? size : sizeof(peer);
        memset(room, FILL, sizeof(room));
        const bool told = toxlink_peer_statistics(F.tc, P_SLEEPING, (Peer_Statistics *)room, size);
        CHECK(told || size == 0);
        CHECK_BYTES(room, &peer, known < 52 ? known : 52);
        CHECK(is_all(room + known, size - known, 0));
        CHECK(is_all(room + size, sizeof(room) - size, FILL));
    }

    field_close();
}

static void nobody_there(void)
{
    const uint32_t relays[] = {R_NONE, 1000000, INT_MAX, UINT32_MAX};
    const int peers[] = {-1, P_KILLED, P_NONE, 1000000, INT_MAX, INT_MIN};
    uint8_t room[512];
    field_open();
    memset(room, FILL, sizeof(room));

    for (size_t i = 0; i < sizeof(relays) / sizeof(relays[0]); ++i) {
        verdict(toxlink_relay_statistics(F.tc, relays[i], (Relay_Statistics *)room, sizeof(Relay_Statistics)),
                false, "relay %u", relays[i]);
    }

    for (size_t i = 0; i < sizeof(peers) / sizeof(peers[0]); ++i) {
        verdict(toxlink_peer_statistics(F.tc, peers[i], (Peer_Statistics *)room, sizeof(Peer_Statistics)),
                false, "peer %d", peers[i]);
    }

    TRY(false, toxlink_relay_statistics(NULL, 0, (Relay_Statistics *)room, sizeof(Relay_Statistics)));
    TRY(false, toxlink_peer_statistics(NULL, 0, (Peer_Statistics *)room, sizeof(Peer_Statistics)));
    TRY(false, toxlink_relay_statistics(F.tc, R_CONNECTED, NULL, sizeof(Relay_Statistics)));
    TRY(false, toxlink_peer_statistics(F.tc, P_ONLINE, NULL, sizeof(Peer_Statistics)));
    TRY(false, toxlink_relay_statistics(NULL, 0, NULL, 0));
    TRY(false, toxlink_peer_statistics(NULL, 0, NULL, 0));
    CHECK(is_all(room, sizeof(room), FILL));
    field_close();
}

/* From inside a callback, and on an object that was killed there. */
static void look_and_kill(Client *client, Event_Kind kind)
{
    Node *node = node_of(client);
    TCP_Connections *tc = node->tc;
    uint8_t room[512];
    (void)kind;
    CHECK_EQ(relay_now(tc, 0).state, TOXLINK_RELAY_CONNECTED);
    CHECK_EQ(peer_now(tc, 0).online_relays, 1);
    node_kill(node);
    CHECK(!toxlink_relay_statistics(tc, 0, (Relay_Statistics *)room, sizeof(Relay_Statistics)));
    CHECK(!toxlink_peer_statistics(tc, 0, (Peer_Statistics *)room, sizeof(Peer_Statistics)));
}

static void inside(void)
{
    field_open();
    Client *b = F.pair.b->c;
    const size_t before = b->count;
    b->react = look_and_kill;
    CHECK_EQ(send_packet_tcp_connection(F.tc, P_ONLINE, payload, 10), 0);
    await_events(b, EV_DATA, before + 1, WAIT_MS);
    CHECK(F.pair.b->tc == NULL);
    close(F.listener);
    nodes_close();
}

int main(int argc, char **argv)
{
    const Test tests[] = {
        {"relay_states", relay_states, T_FAST, 20},
        {"peer_states", peer_states, 0, 20},
        {"counters", counters, T_FAST, 20},
        {"loss_and_return", loss_and_return, T_FAST, 20},
        {"onion_mark", onion_mark, 0, 20},
        {"sizes", sizes, T_FAST, 20},
        {"nobody_there", nobody_there, 0, 20},
        {"inside", inside, T_FAST, 20},
    };

    return run_tests("statistics", tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
