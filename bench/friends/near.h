/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The neighbours of friend_connection for the measurement of its costs: they do next to nothing. Each is
 * called stub_NAME here; scripts/bench renames what the module imports, the same for the original and
 * for ours.
 */
#ifndef TOXLINK_BENCH_NEAR_H
#define TOXLINK_BENCH_NEAR_H

#include "toxabi.h"

enum { NEAR_KEY_SIZE = 32, NEAR_RELAYS = 6 };

typedef struct Near {
    uint64_t now;           /* seconds */
    uint32_t relays;        /* our own: 0 or NEAR_RELAYS */
    uint64_t calls;         /* of all neighbours but the clock */
    uint64_t writes;        /* of packets */
    int onions, cryptos;    /* numbers given away */
} Near;

extern Near near;

/* With so many connections at most; forgets what was before. */
void near_reset(int friends);
/* net_crypto's reports about one of its connections. */
void near_status(int crypto, bool online);
void near_data(int crypto, const uint8_t *data, uint16_t length);
/* Not null, and never looked into. */
Onion_Client *near_onion(void);
DHT *near_dht(void);
Net_Crypto *near_crypto(void);
const Mono_Time *near_time(void);

#endif
