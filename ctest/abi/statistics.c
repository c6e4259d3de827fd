/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * include/toxlink-statistics.h as a program meets it: included alone, valid C99 and C++17. The
 * layouts are written down here because programs that were compiled earlier rely on them: structs
 * may grow at their end, and nothing in them may move. With TOXLINK_SEED each number is off by one,
 * and then not a single one may pass. Run, it asks about nothing and gets no answer. */
#include "toxlink-statistics.h"
#include "toxlink-statistics.h"

#ifdef TOXLINK_SEED
#define N(n) ((n) + 1)
#else
#define N(n) (n)
#endif

/* C99 has no static assertion; an array of negative size says the same. */
#ifdef __cplusplus
#define CHECK_AT(condition, line) static_assert(condition, "line " #line)
#else
#define CHECK_AT(condition, line) extern const char statistics_line_##line[(condition) ? 1 : -1]
#endif
#define CHECK(condition, line) CHECK_AT(condition, line)

#define SIZE(type, size) CHECK(sizeof(type) == N(size), __LINE__)
#define FIELD(type, field, offset) CHECK(offsetof(type, field) == N(offset), __LINE__)
#define WIDTH(type, field, size) CHECK(sizeof(((type *)0)->field) == N(size), __LINE__)
#define VALUE(name, value) CHECK((name) == N(value), __LINE__)

VALUE(TOXLINK_RELAY_CONNECTING, 1);
VALUE(TOXLINK_RELAY_CONNECTED, 2);
VALUE(TOXLINK_RELAY_SLEEPING, 3);
VALUE(TOXLINK_RELAY_WAITING, 4);
VALUE(TOXLINK_UNKNOWN, UINT32_MAX);

SIZE(Toxlink_Relay_Statistics, 248);
FIELD(Toxlink_Relay_Statistics, public_key, 0);
FIELD(Toxlink_Relay_Statistics, address, 32);
FIELD(Toxlink_Relay_Statistics, last_error, 88);
FIELD(Toxlink_Relay_Statistics, state, 152);
FIELD(Toxlink_Relay_Statistics, suspected, 156);
FIELD(Toxlink_Relay_Statistics, onion, 157);
FIELD(Toxlink_Relay_Statistics, round_trip_last_ms, 160);
FIELD(Toxlink_Relay_Statistics, round_trip_smoothed_ms, 164);
FIELD(Toxlink_Relay_Statistics, queued_bytes, 168);
FIELD(Toxlink_Relay_Statistics, peers, 172);
FIELD(Toxlink_Relay_Statistics, online_peers, 176);
FIELD(Toxlink_Relay_Statistics, attempts, 180);
FIELD(Toxlink_Relay_Statistics, reconnects, 184);
FIELD(Toxlink_Relay_Statistics, suspicions, 188);
FIELD(Toxlink_Relay_Statistics, bytes_sent, 192);
FIELD(Toxlink_Relay_Statistics, bytes_received, 200);
FIELD(Toxlink_Relay_Statistics, packets_sent, 208);
FIELD(Toxlink_Relay_Statistics, packets_received, 216);
FIELD(Toxlink_Relay_Statistics, dropped_full, 224);
FIELD(Toxlink_Relay_Statistics, dropped_broken, 232);
FIELD(Toxlink_Relay_Statistics, dropped_refused, 240);
WIDTH(Toxlink_Relay_Statistics, public_key, 32);
WIDTH(Toxlink_Relay_Statistics, address, 56);
WIDTH(Toxlink_Relay_Statistics, last_error, 64);
WIDTH(Toxlink_Relay_Statistics, state, 4);
WIDTH(Toxlink_Relay_Statistics, dropped_refused, 8);

SIZE(Toxlink_Peer_Statistics, 88);
FIELD(Toxlink_Peer_Statistics, public_key, 0);
FIELD(Toxlink_Peer_Statistics, carrier, 32);
FIELD(Toxlink_Peer_Statistics, relays, 36);
FIELD(Toxlink_Peer_Statistics, online_relays, 40);
FIELD(Toxlink_Peer_Statistics, failovers, 44);
FIELD(Toxlink_Peer_Statistics, switches, 48);
FIELD(Toxlink_Peer_Statistics, sleeping, 52);
FIELD(Toxlink_Peer_Statistics, packets_sent, 56);
FIELD(Toxlink_Peer_Statistics, packets_received, 64);
FIELD(Toxlink_Peer_Statistics, sent_out_of_band, 72);
FIELD(Toxlink_Peer_Statistics, dropped, 80);
WIDTH(Toxlink_Peer_Statistics, public_key, 32);
WIDTH(Toxlink_Peer_Statistics, carrier, 4);
WIDTH(Toxlink_Peer_Statistics, dropped, 8);

#ifdef __cplusplus
extern "C" {
#endif

/* What the functions of the header must be: another declaration there would not compile here. */
bool toxlink_relay_statistics(const struct TCP_Connections *tc, uint32_t relay_number, Toxlink_Relay_Statistics *out,
                              size_t size);
bool toxlink_peer_statistics(const struct TCP_Connections *tc, int connections_number, Toxlink_Peer_Statistics *out,
                             size_t size);

#ifdef __cplusplus
}
#endif

int main(void)
{
    Toxlink_Relay_Statistics relay;
    Toxlink_Peer_Statistics peer;

    return toxlink_relay_statistics(NULL, 0, &relay, sizeof(relay)) || toxlink_peer_statistics(NULL, 0, &peer, sizeof(peer));
}
