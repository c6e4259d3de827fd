/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the two kinds of sockets share; private to net.c, net_sim.c and net_tcp.c. */
#ifndef DIFF_NET_H
#define DIFF_NET_H

#include "diff.h"

/* The client's side of the socket, below the counters and faults of net.c. */
typedef struct Net_Backend {
    int (*open_socket)(int domain, int type, int proto);
    int (*close_socket)(int fd);
    int (*readable)(int fd);
    int (*receive)(int fd, uint8_t *buf, size_t n);
    int (*transmit)(int fd, const uint8_t *buf, size_t n);
} Net_Backend;

/* The other side. */
typedef struct Far_Backend {
    void (*open)(uint8_t family, bool listening);
    uint16_t (*port)(void);
    void (*accept)(void);
    void (*write)(const uint8_t *data, size_t n);
    void (*read)(Bytes *into, size_t wanted);
    void (*end)(bool reset);
    bool (*sees_end)(void);
    void (*shutdown)(void);
} Far_Backend;

extern const Net_Backend sim_net, tcp_net;
extern const Far_Backend sim_far, tcp_far;

extern int client_fd;             /* the client's newest socket; -1 when it is closed */
extern size_t client_sent;        /* bytes accepted from the client so far */
extern size_t client_taken;       /* bytes the client has received so far */

#endif
