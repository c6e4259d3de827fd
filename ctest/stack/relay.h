/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Relays as tox-bootstrapd is one (DHT node, onion node and TCP relay under one key), but inside
 * this process, so that they live on the test's clock.
 */
#ifndef STACK_RELAY_H
#define STACK_RELAY_H

#include <stdbool.h>
#include <stdint.h>

/* As owners of sockets they come after all instances. */
enum { RELAYS = 3, RELAY_KEY_SIZE = 32, FIRST_RELAY = 10 };

/* Starts all on free ports; they know each other. */
void relays_open(void);
/* Ends those that are left. */
void relays_close(void);
void relays_step(void);

/* As the end of its process: all its connections are closed. */
void relay_kill(int relay);
/* Again, with the same key and ports. Nothing else is remembered. */
void relay_return(int relay);
bool relay_lives(int relay);
/* It keeps its connections and does nothing. */
void relay_freeze(int relay, bool frozen);
bool relay_frozen(int relay);

/* Valid until the next call. */
const char *relay_address(int relay);
uint16_t relay_udp_port(int relay);
uint16_t relay_tcp_port(int relay);
const uint8_t *relay_key(int relay);

#endif
