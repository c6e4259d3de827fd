/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What only our library tells: which relay carries, and why one is lost. Absent from the original. */
#include "relays.h"
#include "toxabi.h"
#include "versions.h"
#include "toxlink-statistics.h"

#include <string.h>

extern __typeof__(toxlink_relay_statistics) toxlink_relay_statistics __attribute__((weak));
extern __typeof__(toxlink_peer_statistics) toxlink_peer_statistics __attribute__((weak));

size_t carrier_of(const TCP_Connections *tc, int connection, const Relay *relays, size_t count)
{
    Toxlink_Peer_Statistics peer;
    Toxlink_Relay_Statistics relay;

    if (toxlink_peer_statistics == NULL) {
        return 0;
    }

    if (!toxlink_peer_statistics(tc, connection, &peer, sizeof(peer))
        || !toxlink_relay_statistics(tc, peer.carrier, &relay, sizeof(relay))) {
        return 0;
    }

    for (size_t i = 0; i < count; ++i) {
        if (memcmp(relays[i].keys[0].pk, relay.public_key, KEY_SIZE) == 0) {
            return i;
        }
    }

    die("an unknown relay carries the data");
}

bool relay_known_lost(const TCP_Connections *tc)
{
    Toxlink_Relay_Statistics relay;

    if (tcp_connections_count(tc) == 0) {
        return true;
    }

    return toxlink_relay_statistics != NULL && toxlink_relay_statistics(tc, 0, &relay, sizeof(relay))
           && relay.last_error[0] != '\0';
}
