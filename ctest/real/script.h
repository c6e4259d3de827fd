/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A relay that does exactly what a test says, for everything a well-behaved one
 * never does. It serves one client on the loopback address.
 */
#ifndef REAL_SCRIPT_H
#define REAL_SCRIPT_H

#include "world.h"

#include <sys/types.h>

enum { PLAIN_MAX = 2032, FRAME_MAX = 2 + 16 + PLAIN_MAX, SCRIPT_BUFFER = 1 << 16 };

typedef struct Script {
    int listener;
    int sock;
    uint16_t port;
    uint8_t pk[32];
    uint8_t sk[32];
    uint8_t key[32];
    uint8_t send_nonce[24];
    uint8_t recv_nonce[24];
    uint8_t client_pk[32];
    uint8_t input[SCRIPT_BUFFER];
    size_t input_start;
    size_t input_length;
} Script;

void script_open(Script *script);
void script_close(Script *script);
/* Closes the connection only: with FIN, or with RST if `reset`. */
void script_hang_up(Script *script, bool reset);

IP_Port script_address(const Script *script);
/* Accepts a connection that is on its way; nothing is read yet. */
void script_accept(Script *script);
/* A client on its way; the connection is accepted, nothing is read yet. */
Client *script_connect(Script *script);
/* Reads the 128 bytes of the client; steps the world meanwhile. */
void script_read_hello(Script *script);
/* Answers them with the relay's 96 bytes. */
void script_send_hello(Script *script);
/* Both, and an answer to its first ping. */
void script_greet(Script *script, Client *client);
/* All of it: a confirmed client whose first ping was answered. */
Client *script_client(Script *script);
/* Gives the client a route: it asks for `peer` and gets `con_id`, online. */
void script_route(Script *script, Client *client, const uint8_t *peer, uint8_t con_id);

/* Seals one packet; the result goes to script_write. */
size_t script_seal(Script *script, const uint8_t *plain, size_t length, uint8_t *frame);
/* Writes all, stepping the world while the socket is full. */
void script_write(Script *script, const uint8_t *bytes, size_t length);
void script_send(Script *script, const uint8_t *plain, size_t length);
/* Next packet of the client: its length, 0 if there is none yet, -1 at the end. */
ssize_t script_recv(Script *script, uint8_t *plain);
/* Steps until a packet comes; its length, or -1 at the end of the stream. */
ssize_t script_await(Script *script, uint8_t *plain);

#endif
