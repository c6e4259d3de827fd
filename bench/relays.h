/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Relays that can be turned bad, each in a process of its own, and what shares several of them: two
 * clients of TCP_connections ("ends"), or two Tox instances ("persons").
 */
#ifndef TOXLINK_BENCH_RELAYS_H
#define TOXLINK_BENCH_RELAYS_H

#include "bench.h"

struct TCP_Connections;
struct IP_Port;
struct Logger;
struct Mono_Time;

/* STEP_NS: between two calls of do_tcp_connections. */
enum { RELAYS = 3, ENDS = 2, SHARE_LIMIT = 64, STEP_NS = 20000000 };

typedef enum Relay_Kind {
    RELAY_STOCK,        /* toxcore's own TCP server */
    RELAY_PROXIED,      /* the same behind a proxy that can become slow */
    RELAY_SCRIPTED,     /* ours: routes as the stock one until it is told to lie or to flood */
    RELAY_NODE,         /* stock, and a node of DHT and onion too */
} Relay_Kind;

typedef enum Relay_Order {
    ORDER_SERVE,
    ORDER_RESET,        /* stock: resets its connections and ends */
    ORDER_TRICKLE,      /* proxied: passes one byte every byte_us each way */
    ORDER_LIE,          /* scripted: answers everything, forwards no data */
    ORDER_FLOOD,        /* scripted: sends pings without end and reads nothing */
    ORDER_CHATTER,      /* scripted: sends data without end, and reads and forgets what comes */
    ORDER_STOP,
} Relay_Order;

typedef struct Relay_Shared {
    atomic_int order;
    atomic_int done;            /* the last order that has taken effect */
    atomic_bool ready, failed;
    atomic_uint ports[SHARE_LIMIT];
    atomic_ullong settled;      /* first pings answered */
    atomic_ullong answered;     /* routing requests answered, refusals included */
} Relay_Shared;

typedef struct Relay {
    Relay_Kind kind;
    size_t count;           /* scripted, node: this many in one process, each with its port and key */
    bool pretend;           /* scripted: every peer that is asked for is online */
    uint64_t byte_us;       /* proxied */
    const struct Relay *known;      /* node: of which it learns the others; NULL for itself */
    Keys keys[SHARE_LIMIT];
    pid_t pid, proxy_pid;
    Relay_Shared *shared;           /* what the clients see: that of the proxy, if there is one */
    Relay_Shared *behind;           /* proxied: of the stock relay */
} Relay;

/* ---- relays.c */
void *share_memory(size_t size);
/* A child process that does not outlive this one, whatever way it ends; 0 in the child. */
pid_t fork_child(void);
/* A port below the range from which the kernel takes ports of its own. */
enum { PORT_TRIES = 1000 };
uint16_t random_low_port(void);
uint16_t bind_low_port(int fd);
int listen_low_port(uint16_t *port);
void wait_child(pid_t pid);
void relay_start(Relay *relay);
/* Gives the order and waits until it has taken effect. */
void relay_order(Relay *relay, Relay_Order order);
void relay_kill(Relay *relay);
void relay_freeze(const Relay *relay);
void relay_stop(Relay *relay);
/* Without a proxy, on the operating system's own network. */
struct TCP_Connections *open_connections(const struct Logger *log, struct Mono_Time *time, const uint8_t *secret_key);
void loopback_address(uint16_t port, struct IP_Port *address);
void relay_address(const Relay *relay, size_t index, struct IP_Port *address);
/* Of a node. */
uint16_t node_udp_port(const Relay *relay, size_t index);

/* What runs in the child processes: relay_stock.c, relay_node.c, relay_proxy.c, relay_script.c,
 * relay_flood.c */
void relay_serve_stock(const Relay *relay, Relay_Shared *shared);
void relay_serve_node(const Relay *relay, Relay_Shared *shared);
void relay_serve_proxy(const Relay *relay);
void relay_serve_script(const Relay *relay);

enum { GUEST_BUFFER = 65536 };

/* A client of a scripted relay that floods. */
typedef struct Flood_Target {
    int fd;
    Channel *channel;
    uint8_t *bytes;         /* GUEST_BUFFER of them */
    size_t filled, sent;
} Flood_Target;
/* Until another order comes than the one at its start. */
void relay_flood(Relay_Shared *shared, Flood_Target *targets, size_t count);

/* ---- carrier.c */
/* Number of the relay whose key is among `keys` and that carries the data of a connection; the first
 * one where the library does not tell, as the original takes them in order. */
size_t carrier_of(const struct TCP_Connections *tc, int connection, const Relay *relays, size_t count);
/* The library knows that relay number 0 cannot be reached. */
bool relay_known_lost(const struct TCP_Connections *tc);

/* ---- connects.c: counts the connect calls of this process to one port */
typedef struct Connect_Count {
    uint64_t calls;
    uint64_t first_ns, last_ns;
    uint64_t shortest_gap_ns;   /* UINT64_MAX before the second */
} Connect_Count;
void connects_watch(uint16_t port, Connect_Count *count);

/* ---- end.c: one of two clients that talk to each other */
enum { PACKET_LIMIT = 8192, PACKETS_PER_SECOND = 50, PACKET_SIZE = 100 };

typedef struct End_Shared {
    atomic_bool online;             /* through all relays */
    atomic_bool finished;
    atomic_ullong carrier;          /* index into the relays */
    atomic_ullong sent, refused;
    atomic_ullong noticed_ns;       /* after the fault; 0 = not */
    atomic_ullong noticed_calls;    /* do_ calls from the fault on, the noticing one included */
    atomic_ullong rss_growth;       /* the most after the fault over what was before it */
    atomic_ullong arrived_ns[PACKET_LIMIT];     /* by the number of the packet; 0 = never */
} End_Shared;

typedef struct Run_Shared {
    atomic_ullong start_ns, fault_ns, end_ns;   /* 0 = not yet */
    atomic_bool stop;
    End_Shared ends[ENDS];
} Run_Shared;

/* Runs until `stop` is set; `number` is 0 or 1. */
void end_run(Run_Shared *run, int number, const Keys keys[ENDS], const Relay *relays);

#endif
