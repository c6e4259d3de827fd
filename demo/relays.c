// SPDX-License-Identifier: GPL-3.0-or-later
// What tox.h does not tell: through how many relays the friend is within reach, and toxlink's
// statistics. This needs the TCP_Connections object inside toxcore. The linker hands us its
// constructor (--wrap=new_tcp_connections), so that nothing has to be known of toxcore's structures.
#include "client.h"

#include <inttypes.h>
#include <stdio.h>
#include <toxlink-statistics.h>

// The original has no statistics: there these two are NULL.
#pragma weak toxlink_relay_statistics
#pragma weak toxlink_peer_statistics

typedef struct TCP_Connections TCP_Connections;
struct Logger;
struct Memory;
struct Random;
struct Network;
struct Mono_Time;
struct TCP_Proxy_Info;
struct Net_Profile;

// What the constructor is given, and how it is passed on: TOX_ABI is 218 for toxcore 0.2.18.
#if TOX_ABI == 218
#define GIVEN                                                                                            \
    const struct Logger *log, const struct Random *rng, const struct Network *ns,                        \
        struct Mono_Time *mono_time, const uint8_t *secret_key, const struct TCP_Proxy_Info *proxy
#define PASSED_ON log, rng, ns, mono_time, secret_key, proxy
#elif TOX_ABI == 220
#define GIVEN                                                                                            \
    const struct Logger *log, const struct Memory *mem, const struct Random *rng,                        \
        const struct Network *ns, struct Mono_Time *mono_time, const uint8_t *secret_key,                \
        const struct TCP_Proxy_Info *proxy
#define PASSED_ON log, mem, rng, ns, mono_time, secret_key, proxy
#elif TOX_ABI == 222
#define GIVEN                                                                                            \
    const struct Logger *log, const struct Memory *mem, const struct Random *rng,                        \
        const struct Network *ns, struct Mono_Time *mono_time, const uint8_t *secret_key,                \
        const struct TCP_Proxy_Info *proxy, struct Net_Profile *profile
#define PASSED_ON log, mem, rng, ns, mono_time, secret_key, proxy, profile
#else
#error "no such toxcore"
#endif

// The module's own functions.
uint32_t tcp_connections_count(const TCP_Connections *tcp);
uint32_t tcp_connection_to_online_tcp_relays(const TCP_Connections *tcp, int connections_number);
int add_tcp_number_relay_connection(const TCP_Connections *tcp, int connections_number, unsigned int relay_number);
TCP_Connections *__real_new_tcp_connections(GIVEN);
TCP_Connections *__wrap_new_tcp_connections(GIVEN);

// The friend is the only peer there is; a few numbers more cost nothing.
enum { PEER_NUMBERS = 8 };

static TCP_Connections *connections;

TCP_Connections *__wrap_new_tcp_connections(GIVEN)
{
    connections = __real_new_tcp_connections(PASSED_ON);
    return connections;
}

static int friends_number(void)
{
    for (int i = 0; i < PEER_NUMBERS; ++i) {
        if (tcp_connection_to_online_tcp_relays(connections, i) > 0) {
            return i;
        }
    }
    return -1;
}

// Through how many relays the friend is within reach.
uint32_t relays_online(void)
{
    return tcp_connection_to_online_tcp_relays(connections, friends_number());
}

// Asks each relay that there is for the friend. Those that have been asked before say no to this.
void relays_associate(void)
{
    const int number = friends_number();
    for (unsigned int relay = 0; relay < tcp_connections_count(connections); ++relay) {
        add_tcp_number_relay_connection(connections, number, relay);
    }
}

// ---- statistics

static const char *state_name(uint32_t state)
{
    switch (state) {
        case TOXLINK_RELAY_CONNECTING: return "connecting";
        case TOXLINK_RELAY_CONNECTED: return "connected";
        case TOXLINK_RELAY_SLEEPING: return "sleeping";
        case TOXLINK_RELAY_WAITING: return "waiting";
        default: return "?";
    }
}

static void milliseconds(char text[16], uint32_t ms)
{
    snprintf(text, 16, ms == UINT32_MAX ? "-" : "%" PRIu32, ms);
}

static void tell_relay(const Toxlink_Relay_Statistics *relay)
{
    char last[16], smoothed[16];
    milliseconds(last, relay->round_trip_last_ms);
    milliseconds(smoothed, relay->round_trip_smoothed_ms);
    report_value("statistics",
                 "%-16s %-10s %5s %8s %8.2f %11.2f %7" PRIu64 " %10" PRIu32 " %9" PRIu32 "  %s", relay->address,
                 relay->suspected ? "suspected" : state_name(relay->state), last, smoothed,
                 (double)relay->bytes_sent / 1e6, (double)relay->bytes_received / 1e6,
                 relay->dropped_full + relay->dropped_broken + relay->dropped_refused, relay->reconnects,
                 relay->suspicions, relay->last_error);
}

static void tell_peer(const Toxlink_Peer_Statistics *peer)
{
    Toxlink_Relay_Statistics carrier = {.address = "none"};
    toxlink_relay_statistics(connections, peer->carrier, &carrier, sizeof carrier);
    report_value("statistics",
                 "the friend: carrier %s, online through %" PRIu32 " of %" PRIu32 " relays, %" PRIu32
                 " failovers, %" PRIu32 " other changes;",
                 carrier.address, peer->online_relays, peer->relays, peer->failovers, peer->switches);
    report_value("statistics",
                 "            packets: %" PRIu64 " sent, %" PRIu64 " received, %" PRIu64 " out of band, %" PRIu64
                 " dropped",
                 peer->packets_sent, peer->packets_received, peer->sent_out_of_band, peer->dropped);
}

// A small table, line by line, for the script to show; nothing from the original.
void relays_tell_statistics(void)
{
    Toxlink_Relay_Statistics relay = {.state = 0};
    Toxlink_Peer_Statistics peer = {.carrier = 0};

    if (toxlink_relay_statistics == NULL || toxlink_peer_statistics == NULL) {
        return;
    }
    report_value("statistics", "%-16s %-10s %5s %8s %8s %11s %7s %10s %9s  %s", "relay", "state", "RTT", "smoothed",
                 "MB sent", "MB received", "dropped", "reconnects", "suspected", "last error");
    for (uint32_t i = 0; i < tcp_connections_count(connections); ++i) {
        if (toxlink_relay_statistics(connections, i, &relay, sizeof relay)) {
            tell_relay(&relay);
        }
    }
    for (int i = 0; i < PEER_NUMBERS; ++i) {
        if (toxlink_peer_statistics(connections, i, &peer, sizeof peer)) {
            tell_peer(&peer);
        }
    }
}
