/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What this process asks of the network, counted where the library calls the C library: connections and where
 * they lead, names that are looked up, datagrams.
 */
#ifndef STANDALONE_WATCH_H
#define STANDALONE_WATCH_H

#include "check.h"

typedef struct Watched {
    /* Connections to the port that is allowed, and to others. */
    unsigned allowed;
    unsigned direct;
    /* Names that were looked up: "localhost", and others. Addresses in digits are none. */
    unsigned localhost;
    unsigned names;
    unsigned datagrams;
} Watched;

/* Begins anew. */
void watch(uint16_t allowed_port);

Watched watched(void);

#endif
