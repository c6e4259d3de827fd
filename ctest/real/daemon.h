/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Real programs from Debian as peers: started in the foreground with a
 * configuration of our own, and ended with the test at the latest.
 */
#ifndef REAL_DAEMON_H
#define REAL_DAEMON_H

#include "world.h"

#include <sys/types.h>

/* Starts the program named by the environment variable; `args` ends with NULL.
 * Its output goes to `name`.log in the scratch directory. */
pid_t daemon_start(const char *variable, const char *name, const char *const *args);
/* Signals it and all its children. */
void daemon_signal(pid_t pid, int signal_number);
/* Kills it and waits for it. */
void daemon_kill(pid_t pid);
/* Waits until something listens there. */
void await_listener(pid_t pid, const char *ip, uint16_t port);

/* Path of a file in a scratch directory of this test. The result is valid until the
 * fourth next call. */
const char *scratch_path(const char *name);
void scratch_write(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Name of the program that owns the TCP socket with these two ports; "" if nobody does. */
const char *socket_owner(uint16_t local_port, uint16_t remote_port);

/* ---- programs that are relays ---- */

typedef struct Relayd {
    pid_t pid;
    uint16_t port;
    uint8_t pk[32];
    void (*launch)(struct Relayd *relay);
} Relayd;

/* tox-bootstrapd, as Debian ships it. */
Relayd bootstrapd_start(void);
/* toxlink-relay. */
Relayd toxlink_relay_start(void);
/* Again, after it was killed: same port, same keys. */
void relayd_launch(Relayd *relay);

/* ---- proxies ---- */

typedef enum Proxy_Kind { MICROSOCKS, DANTED, TINYPROXY } Proxy_Kind;

typedef struct Proxy {
    Proxy_Kind kind;
    pid_t pid;
    const char *ip;
    TCP_Proxy_Info info;
} Proxy;

typedef struct Proxy_Options {
    bool listen_v6;
    /* Asks for a user name and a password, which we never have. */
    bool wants_password;
    /* A rule refuses targets with this port. */
    uint16_t blocked_port;
} Proxy_Options;

Proxy proxy_start(Proxy_Kind kind, Proxy_Options options);
void proxy_kill(Proxy *proxy);
/* The proxy's program name. */
const char *proxy_name(const Proxy *proxy);

#endif
