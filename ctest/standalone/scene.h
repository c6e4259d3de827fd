/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the tests of the C API have in common: a relay that serves by itself, clients of it, and two
 * programs that reach each other over it. All waiting is bounded.
 */
#ifndef STANDALONE_SCENE_H
#define STANDALONE_SCENE_H

#include "check.h"

#include <toxlink.h>

enum { DATA_MAX = 2031, OOB_MAX = 1024, FORWARD_MAX = 1792, TURN_MS = 20 };

/* More than any test waits for something that comes. */
#define PATIENCE_MS (20000 * (uint64_t)slowness())

/* The call fails with this error, and says so. */
#define FAILS(call, want) \
    do { \
        error_ = 12345; \
        CHECK((call) == 0); \
        CHECK_EQ(error_, want); \
    } while (0)

/* The call succeeds, and says so. */
#define WORKS(call) \
    do { \
        error_ = 12345; \
        CHECK((call) != 0); \
        CHECK_EQ(error_, 0); \
    } while (0)

/* Where the calls in FAILS and WORKS write: all error enumerations have the size of an int. */
extern int error_;
#define ERR(type) ((enum type *)&error_)

typedef struct Scene_Relay {
    Toxlink_Relay *relay;
    uint8_t key[TOXLINK_KEY_SIZE];
    char address[64];
} Scene_Relay;

/* A relay on a thread of its own. */
Scene_Relay scene_relay(void);

/* An address where nobody listens. */
const char *nowhere(void);

/* A client of the relay that is connected. `secret_key` may be NULL. */
Toxlink_Client *scene_client(const Scene_Relay *relay, const uint8_t *secret_key);

/* Turns until the client has this status. */
void await_status(Toxlink_Client *client, Toxlink_Client_Status status);

/* Two clients that have connection ids for each other, both online. */
typedef struct Scene_Pair {
    Toxlink_Client *client[2];
    uint8_t key[2][TOXLINK_KEY_SIZE];
    uint8_t id[2];
} Scene_Pair;

Scene_Pair scene_pair(const Scene_Relay *relay);
void kill_pair(Scene_Pair *pair);

/* Two programs that are peers of each other and online at the relay. */
typedef struct Scene_Peers {
    Toxlink_Connections *connections[2];
    uint8_t key[2][TOXLINK_KEY_SIZE];
    uint32_t peer[2];
} Scene_Peers;

Scene_Peers scene_peers(const Scene_Relay *relay);
void turn_peers(Scene_Peers *peers);
void kill_peers(Scene_Peers *peers);

#endif
