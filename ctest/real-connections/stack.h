/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * net_crypto on top of the connections: the caller for which they are made.
 */
#ifndef CONNECTIONS_STACK_H
#define CONNECTIONS_STACK_H

#include "world.h"

enum { STACKS = 3, LINKS = 4, TURN_MS = 10 };

/* What a stack knows of one crypto connection. */
typedef struct Link {
    int id;
    bool up;
    /* Numbered packets, in both directions. */
    uint32_t sent;
    uint32_t received;
} Link;

typedef struct Stack {
    Networking_Core *net;
    DHT *dht;
    Net_Crypto *nc;
    /* Packets over UDP do not come in while set. */
    bool deaf;
    Link link[LINKS];
    size_t links;
} Stack;

void stacks_open(bool udp);
void stacks_close(void);
Stack *stack(size_t index);
TCP_Connections *stack_tc(const Stack *s);
/* A turn of TURN_MS of virtual time. Not much more while something is under way: the kernel may hold
 * back small packets of the original for 40 real milliseconds, which are 200 turns. */
void turn(void);
void turns(unsigned count);
/* Turns of so many milliseconds. */
bool turn_until(bool (*done)(void *arg), void *arg, unsigned seconds, unsigned ms);

/* One side asks, over these relays; the other accepts when it hears of it. */
void stack_ask(Stack *from, const Stack *to, Relay *const *relays, size_t count);
/* Adds relays to the newest link; those that it has stay as they are. */
void stack_share(Stack *s, Relay *const *relays, size_t count);
/* Waits until the newest links of both are up. */
void stack_await_up(Stack *a, Stack *b);
Link *newest(Stack *s);
/* Numbered packets both ways over the newest links; all arrive in order. The result is the longest
 * time in which nothing came to one side, in milliseconds of virtual time. */
uint64_t stack_exchange(Stack *a, Stack *b, uint32_t packets);

#endif
