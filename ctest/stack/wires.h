/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The network between instances and relays: libc's socket functions with additions.
 *
 * Each owner of sockets has an address that looks like one on the Internet, since toxcore treats
 * loopback and private addresses in its own way (it does not even consider itself connected over
 * UDP there). What is sent to such an address goes to the loopback address. Wires can be cut and
 * read off.
 */
#ifndef STACK_WIRES_H
#define STACK_WIRES_H

#include <stdbool.h>
#include <stdint.h>

enum { OWNERS = 16, NOBODY = -1 };

/* The address of an owner, as text. Valid until the next call. */
const char *wires_address(int owner);
/* Sockets that are opened from now on belong to this one. */
void wires_owner(int owner);
/* A port below those that the kernel hands out, free for TCP and UDP, and no other time the result. */
uint16_t wires_free_port(void);
/* Where an owner receives datagrams; 0 for nowhere. */
void wires_udp_port(int owner, uint16_t port);
/* Datagrams from and to an owner get lost. */
void wires_cut_udp(int owner, bool cut);
/* As the end of a process: all connections are closed and nothing more leaves. */
void wires_hang_up(int owner);
/* Ends that. */
void wires_hang_on(int owner);
/* Closes what it has left open. */
void wires_close(int owner);
/* Bytes that an owner has sent over TCP to this port so far. */
uint64_t wires_sent(int owner, uint16_t port);
/* Sockets that an owner has open, and how many of them are TCP connections begun. */
unsigned wires_sockets(int owner);
unsigned wires_connections(int owner);

#endif
