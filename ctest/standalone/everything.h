/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Every function of an object, once: from inside callbacks and from many threads.
 */
#ifndef STANDALONE_EVERYTHING_H
#define STANDALONE_EVERYTHING_H

#include "scene.h"

/* INSIDE: an iteration is under way around the call, so another one is BUSY. */
typedef enum Where { OUTSIDE, INSIDE } Where;

/* They use no global state. `key` is a public key of anybody. Nothing is killed. */
void everything_client(Toxlink_Client *client, Where where, const uint8_t *key);
void everything_connections(Toxlink_Connections *connections, Where where, const uint8_t *key);
void everything_relay(Toxlink_Relay *relay, Where where);

/* Makes and kills one of each, and turns it. */
void everything_new(void);

#endif
