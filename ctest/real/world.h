/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the real-peer tests act in: a clock that the test turns, a log that it
 * can read, toxcore's own TCP server as relay, and clients that note down every
 * callback. There is one world per test process.
 */
#ifndef REAL_WORLD_H
#define REAL_WORLD_H

#include "check.h"
#include "toxabi.h"
#include "versions.h"

enum { MAX_RELAYS = 4, MAX_CLIENTS = 64, MAX_ACCEPTED = 256, MAX_LINES = 1024, LINE_SIZE = 256 };

typedef enum Event_Kind {
    EV_RESPONSE,
    EV_STATUS,
    EV_DATA,
    EV_OOB,
    EV_ONION,
    EV_FORWARDED,
} Event_Kind;

/* One callback with a copy of its arguments. */
typedef struct Event {
    Event_Kind kind;
    void *object;
    void *userdata;
    uint32_t number;
    uint8_t con_id;
    uint8_t status;
    uint8_t pk[32];
    uint16_t length;
    uint8_t *data;
} Event;

typedef struct Client Client;
struct Client {
    TCP_Client_Connection *con;
    uint8_t pk[32];
    uint8_t sk[32];
    /* Not stepped while set. */
    bool paused;
    Event *events;
    size_t count;
    size_t capacity;
    /* What the callbacks told of each id: 0 unused, 1 offline, 2 online. */
    uint8_t id_status[240];
    uint8_t id_peer[240][32];
    /* Called inside each callback, after its event was noted. */
    void (*react)(Client *client, Event_Kind kind);
};

/* A relay of a test: toxcore's own TCP server, or with --own-relay toxlink's. One of the two is NULL,
 * both are while it is stopped. The accepted sockets of the latter are only counted. */
typedef struct Relay {
    TCP_Server *server;
    struct Toxlink_Relay *own;
    uint8_t pk[32];
    uint8_t sk[32];
    bool v6;
    bool paused;
    uint16_t port;
    Network net;
    /* Sockets that the server has accepted and not closed. */
    int open_sockets[MAX_ACCEPTED];
    size_t open_count;
    /* Peer ports of everything that was accepted, in order. */
    uint16_t accepted[MAX_ACCEPTED];
    size_t accepted_count;
} Relay;

/* Calls that clients made through the injected network. */
typedef struct Net_Calls {
    uint64_t sockets;
    uint64_t closes;
    uint64_t sends;
    uint64_t recvs;
    uint64_t avails;
} Net_Calls;

typedef struct World {
    uint64_t ms;
    Mono_Time *mono;
    /* The clock of the relays, if they are to have one of their own, and its time. */
    Mono_Time *relay_mono;
    uint64_t relay_ms;
    Logger *log;
    const Random *rng;
    /* The system's, with W.intrude. */
    Random own_rng;
    /* What clients are made with: the system's network, unless a test puts &W.net here,
     * which is the same with counters and W.intrude. */
    const Network *ns;
    Network net;
    Net_Calls calls;
    /* Called from inside the clients' network and random source, and from the log. */
    void (*intrude)(void);
    /* What else takes part in each step. */
    void (*step_more)(void);
    Relay relays[MAX_RELAYS];
    Client clients[MAX_CLIENTS];
    /* Log lines seen; only the first MAX_LINES texts are kept. */
    size_t line_count;
    char lines[MAX_LINES][LINE_SIZE];
} World;

extern World W;

void world_open(void);
/* Frees all, so that leak checkers report what the library forgot. */
void world_close(void);

/* Starts a relay on a free port, or on `port` if that is not 0. */
Relay *relay_start(bool v6, uint16_t port);
/* Ends it with all its connections, as the end of its process would. */
void relay_stop(Relay *relay);
/* Starts it again: same port, same keys. */
void relay_restart(Relay *relay);

/* ---- own_relay.c: toxlink's relay, whose library REAL_TOXLINK names; its time is the real one */
struct Toxlink_Relay *own_relay_new(const uint8_t *secret_key, bool v6, uint16_t port);
/* One turn; how many clients it has accepted so far. */
size_t own_relay_do(struct Toxlink_Relay *relay);
void own_relay_kill(struct Toxlink_Relay *relay);

/* Takes a free client slot and gives it keys; no connection yet. */
Client *client_new(void);
void client_watch(Client *client);
Client *client_connect(const IP_Port *addr, const uint8_t *relay_pk, const TCP_Proxy_Info *proxy);
Client *client_to(const Relay *relay);
void client_kill(Client *client);
/* Notes a callback; the result is the event's index, as the array may move. */
size_t client_note(Client *client, Event_Kind kind, const uint8_t *data, uint16_t length);
/* Lets the test react. Whatever it does, the arguments of the callback stay as they are. */
void client_react(Client *client, size_t index, const uint8_t *data, const uint8_t *pk);
/* Forgets events, not ids. */
void client_forget_events(Client *client);
/* A disconnect request that is accepted. */
void client_drop(Client *client, uint8_t con_id);

TCP_Client_Status status_of(const Client *client);
IP_Port address(const char *ip, uint16_t port);
/* The loopback address of the relay's family. */
IP_Port relay_address(const Relay *relay);
uint16_t free_port(void);

/* One turn of everything at the present time. */
void step(void);
/* Turns the clock on by whole seconds, one step (and a bit of real time) each. */
void pass_seconds(unsigned seconds);
/* Turns the clock without stepping. */
void jump_seconds(unsigned seconds);

/* Steps for real milliseconds, and 20 times or more, without turning the clock. */
void step_for(unsigned ms);
/* Steps until `done` holds; false after `ms` real milliseconds. */
bool step_until(bool (*done)(void *arg), void *arg, unsigned ms);
bool confirmed(void *client);
bool disconnected(void *client);

/* First event of the kind at or after index *from; *from moves behind it. NULL if none. */
const Event *next_event(const Client *client, Event_Kind kind, size_t *from);
size_t count_events(const Client *client, Event_Kind kind);

/* Two confirmed clients become reachable for one another. */
typedef struct Route {
    Client *a;
    Client *b;
    uint8_t id_at_a;
    uint8_t id_at_b;
} Route;
Route route(Client *a, Client *b);
/* Data passes both ways right now; fails the test if not. */
void check_route_works(const Route *r);
/* Waits until the client has `count` events of the kind. */
void await_events(Client *client, Event_Kind kind, size_t count, unsigned ms);

bool log_contains(const char *text);

#endif
