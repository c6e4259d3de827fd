/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Generated from src/ffi/statistics.rs, see build.rs; not to be edited.
 * What libtoxlink.a tells, beyond toxcore's own functions, about relays and peers while its module
 * tcp-connections is in place. For C99 and later and for C++. */

#ifndef TOXLINK_STATISTICS_H
#define TOXLINK_STATISTICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct TCP_Connections;

/**
 * The relay is being connected.
 */
#define TOXLINK_RELAY_CONNECTING 1

/**
 * Packets flow.
 */
#define TOXLINK_RELAY_CONNECTED 2

/**
 * The relay is only remembered, for peers that are reached in another way now.
 */
#define TOXLINK_RELAY_SLEEPING 3

/**
 * The relay has failed and will be tried again.
 */
#define TOXLINK_RELAY_WAITING 4

/**
 * Stands for a number that is not known.
 */
#define TOXLINK_UNKNOWN UINT32_MAX

/**
 * How one relay fares. Later versions add fields at the end.
 */
typedef struct Toxlink_Relay_Statistics {
  /**
   * Its key.
   */
  uint8_t public_key[32];
  /**
   * Its address as text, `192.0.2.1:33445` or `[2001:db8::1]:33445`, with a final NUL.
   */
  char address[56];
  /**
   * Why its last connection ended, "" if none has, with a final NUL.
   */
  char last_error[64];
  /**
   * One of TOXLINK_RELAY_...
   */
  uint32_t state;
  /**
   * It does not answer: other relays carry the data as long as there are any.
   */
  bool suspected;
  /**
   * It is marked for onion packets.
   */
  bool onion;
  /**
   * Milliseconds that the newest ping took, or TOXLINK_UNKNOWN. As coarse as the calls of
   * do_tcp_connections.
   */
  uint32_t round_trip_last_ms;
  /**
   * The same, smoothed.
   */
  uint32_t round_trip_smoothed_ms;
  /**
   * Bytes that wait for the socket inside the library.
   */
  uint32_t queued_bytes;
  /**
   * Peers that are tied to it.
   */
  uint32_t peers;
  /**
   * Peers that are online there.
   */
  uint32_t online_peers;
  /**
   * Connections begun, the first included.
   */
  uint32_t attempts;
  /**
   * Times it was connected again.
   */
  uint32_t reconnects;
  /**
   * Times it was suspected.
   */
  uint32_t suspicions;
  /**
   * Bytes written to the relay (or the proxy), over all its connections.
   */
  uint64_t bytes_sent;
  /**
   * Bytes read.
   */
  uint64_t bytes_received;
  /**
   * Encrypted packets written.
   */
  uint64_t packets_sent;
  /**
   * Encrypted packets read.
   */
  uint64_t packets_received;
  /**
   * Packets not taken because the socket was full.
   */
  uint64_t dropped_full;
  /**
   * Packets not taken because the connection was not confirmed, or had failed.
   */
  uint64_t dropped_broken;
  /**
   * Packets not taken because of their length, or because the peer was not online.
   */
  uint64_t dropped_refused;
} Toxlink_Relay_Statistics;

/**
 * How one peer fares. Later versions add fields at the end.
 */
typedef struct Toxlink_Peer_Statistics {
  /**
   * Its DHT key.
   */
  uint8_t public_key[32];
  /**
   * Number of the relay that carries its data, or TOXLINK_UNKNOWN.
   */
  uint32_t carrier;
  /**
   * Relays that are tied to it.
   */
  uint32_t relays;
  /**
   * Relays on which it is online.
   */
  uint32_t online_relays;
  /**
   * Times another relay took over because the carrier failed or did not answer.
   */
  uint32_t failovers;
  /**
   * Times another relay took over because it was faster, or came back.
   */
  uint32_t switches;
  /**
   * It is reached in another way now.
   */
  bool sleeping;
  /**
   * Packets that a relay took.
   */
  uint64_t packets_sent;
  /**
   * Packets received.
   */
  uint64_t packets_received;
  /**
   * Copies of packets that were sent out of band, because the peer was online nowhere.
   */
  uint64_t sent_out_of_band;
  /**
   * Packets that no relay took.
   */
  uint64_t dropped;
} Toxlink_Peer_Statistics;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Tells how a relay fares. Relay numbers are below tcp_connections_count(). Writes `size` bytes at
 * most, which is sizeof *out where the caller was compiled. False if there is no such relay, or for
 * NULL; nothing is written then.
 *
 * # Safety
 * `tcp_c` is null or valid; `out` is null or has `size` bytes.
 */
bool toxlink_relay_statistics(const struct TCP_Connections *tcp_c,
                              uint32_t relay_number,
                              struct Toxlink_Relay_Statistics *out,
                              size_t size);

/**
 * Tells how a peer fares. As toxlink_relay_statistics(), with the number from
 * new_tcp_connection_to().
 *
 * # Safety
 * `tcp_c` is null or valid; `out` is null or has `size` bytes.
 */
bool toxlink_peer_statistics(const struct TCP_Connections *tcp_c,
                             int connections_number,
                             struct Toxlink_Peer_Statistics *out,
                             size_t size);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* TOXLINK_STATISTICS_H */
