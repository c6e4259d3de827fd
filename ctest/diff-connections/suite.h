/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The differential driver of TCP_connection: one TCP_Connections object under test, and scripted
 * relays R0, R1, ... that do nothing by themselves except answering pings.
 *
 * "pass" is one do_tcp_connections after everything sent so far has arrived. What the client put on
 * the wire is read and traced after each pass and each call, relay by relay, already decrypted. */
#ifndef DIFF_CONNECTIONS_SUITE_H
#define DIFF_CONNECTIONS_SUITE_H

#include "kit.h"
#include "versions.h"

#include <limits.h>

extern const Scenario peer_scenarios[];
extern const Scenario relay_scenarios[];
extern const Scenario limit_scenarios[];
extern const Scenario slot_scenarios[];
extern const Scenario id_scenarios[];
extern const Scenario receive_scenarios[];
extern const Scenario send_scenarios[];
extern const Scenario full_scenarios[];
extern const Scenario oob_scenarios[];
extern const Scenario sleep_scenarios[];
extern const Scenario wake_scenarios[];
extern const Scenario flap_scenarios[];
extern const Scenario surplus_scenarios[];
extern const Scenario onion_scenarios[];
extern const Scenario copy_scenarios[];
extern const Scenario forward_scenarios[];
extern const Scenario callback_scenarios[];
extern const Scenario reentry_scenarios[];
extern const Scenario loss_scenarios[];
extern const Scenario retry_scenarios[];
extern const Scenario kill_scenarios[];
extern const Scenario proxy_scenarios[];
extern const Scenario real_scenarios[];
extern const Scenario carrier_scenarios[];
extern const Scenario random_scenarios[];
extern const Scenario random_sleep_scenarios[];
extern const Scenario chaos_scenarios[];
extern const Scenario statistics_scenarios[];
extern const Scenario version_scenarios[];

/* --------------------------------------------------------------------- relays */

#define RELAYS 320

typedef enum Stage { STAGE_PROXY, STAGE_HANDSHAKE, STAGE_FRAMES } Stage;

typedef struct Relay {
    /* set by scenarios */
    uint8_t family;    /* of its address: 2 or 10; before the first use */
    bool refuses;      /* connections to it fail; through relay_refuse */
    bool no_pongs;     /* does not answer pings */
    bool show_pings;   /* pings of the client go into the trace */
    bool deaf;         /* reads nothing, so that its socket fills up */
    bool silent;       /* frames are decoded and counted, not traced */
    long room;         /* in-memory sockets: bytes until the client's socket is full; -1: never */
    int send_errno;    /* in-memory sockets: the client's sends fail with this */

    void (*on_frame)(int r, const uint8_t *plain, size_t n);
    /* kept by the harness */
    bool made;
    uint8_t pk[32], sk[32];
    IP_Port address;
    int link;             /* descriptor of the current connection; -1: none */
    unsigned connections; /* made so far, refused ones included */
    unsigned handshakes;  /* of the client that opened */
    unsigned greeted;     /* handshakes answered; kept by the chaos scenarios */
    uint64_t attempt;     /* second of the clock in which the latest was begun */
    uint64_t gap;         /* the shortest time between two of them in seconds; 999: there were no two */
    Stage stage;
    bool broken; /* a frame of the client did not open */
    uint8_t temp_pk[32], temp_sk[32], key[32];
    uint8_t send_nonce[24], recv_nonce[24];
    Bytes rx, lines;
    unsigned long frames, pings; /* decoded on all connections; frames without pings and pongs */
    uint8_t last[2048];          /* the last decoded plaintext that is no ping */
    size_t last_len;
    uint8_t last_ping[8];
} Relay;

extern Relay relays[RELAYS];

void relays_setup(void);
void relays_free(void);
Relay *relay_at(int r); /* opens its listener on the first use */
IP_Port relay_address(int r);
/* Gives relay `r` the address of relay `other`; for the first connection the lower index wins. */
void relay_share_address(int r, int other);
/* From the network: a new connection, and the client's end of the current one. */
void relay_connected(int r, int link, bool refused);
void relay_gone(int r);
/* Traces what has happened at this relay. */
void relay_tell(int r);
/* Decodes and traces what the client has sent to this relay. */
void relay_read(int r);
/* The relay's part of the protocol. */
void relay_answer(int r);
void relay_packet(int r, const uint8_t *plain, size_t n);
void relay_pong(int r);
void relay_response(int r, uint8_t rpid, int p);
void relay_notify(int r, uint8_t kind, uint8_t id);
void relay_data(int r, uint8_t id, size_t n, uint8_t fill);
void relay_oob(int r, int p, size_t n, uint8_t fill);
void relay_plain(int r, uint8_t kind, size_t n, uint8_t fill); /* kind and n bytes */
void relay_break(int r);                                       /* a frame that does not open */
void relay_close(int r);
void relay_reset(int r);
void relay_refuse(int r, bool refuses);
/* Seals without sending, for several frames in one write. */
void relay_put(int r, Bytes *out, const uint8_t *plain, size_t n);
void relay_write(int r, Bytes *out); /* sends and empties */

/* A relay that keeps its table as the C relay does: it answers routing requests with the lowest
 * free id (the same id for a known key) and frees ids on disconnect requests. Notifications are
 * the scenario's. */
void honest(int r);
void honest_forget(int r); /* with each new connection */
int honest_id(int r, int p); /* wire id of the peer on this relay, -1: none */
void honest_notify(int r, int p, bool is_online);

/* -------------------------------------------------------------------- network */

typedef struct Far_Backend {
    const Network *(*network)(void);
    void (*listen)(int r);
    void (*find)(void); /* reports connections with relay_connected and relay_gone */
    void (*write)(int r, const uint8_t *data, size_t n);
    void (*read)(int r, Bytes *into);
    void (*end)(int r, bool reset);
    int (*open_sockets)(void); /* of the client; -1: unknown */
    void (*shutdown)(void);
} Far_Backend;

extern const Far_Backend sim_far, tcp_far;
extern const Far_Backend *far_end;

/* In-memory sockets: no more of them can be made. */
extern bool sim_no_sockets;
/* In-memory sockets of 0.2.22: every connect fails with this, 0: none; and how many there were. */
extern int sim_connect_errno;
extern unsigned sim_connects;

/* ---------------------------------------------------------------------- world */

typedef enum Callback { CB_DATA, CB_OOB, CB_ONION, CB_FORWARD } Callback;
#define CALLBACKS 4

typedef struct Called {
    Callback which;
    int id;          /* data */
    int p;           /* OOB: the peer, -1 for a foreign key */
    unsigned number; /* OOB: the relay */
    const uint8_t *data;
    size_t len;
} Called;

typedef struct World {
    TCP_Connections *tc;
    Logger *log;
    Mono_Time *mono;
#if TOX_ABI > 218
    const Memory *memory; /* the system's, unless a scenario says otherwise */
#endif
#if TOX_ABI == 222
    Net_Profile *profile;
#endif
    uint64_t clock_ms;
    uint8_t self_pk[32], self_sk[32];
    TCP_Proxy_Info proxy; /* none, unless a scenario says otherwise */
    void *userdata;
    unsigned logged; /* log messages since the object was made */
    unsigned calls[CALLBACKS];
    unsigned all_calls;
    int last_id; /* of the last data callback */
    bool inside; /* a callback is running */
    int peers;   /* connection numbers 0..peers-1 are in the state line */
    void (*hook)(const Called *call);
} World;

extern World world;

/* Ends the object and starts over with the same keys, relays and randomness. */
void world_again(void);
void world_open(void);
/* What world_open makes, nothing else. */
TCP_Connections *new_object(void);
void world_close(void);
void register_callbacks(void);
void unregister_callbacks(void);
/* Reads what the relays have received, notices closed connections, and traces a change of state. */
void look(void);
void pass(void);
void passes(unsigned n);
void clock_ms_add(unsigned ms);
/* Moves the clock second by second, with a pass after each. */
void run_seconds(unsigned n);
/* Only the clock. */
void clock_add(unsigned seconds);

/* Peer p has this key, and owner id 10 + p. */
const uint8_t *peer_key(int p);
int peer_of_key(const uint8_t *key); /* -1: none of ours */
const uint8_t *payload(uint8_t fill);
/* Runs `what` in our program only; its checks count, its lines do not. Ends the scenario. */
void ours_only(const char *why, void (*what)(void));

/* ------------------------------------------------------------- frequent moves */

/* Until R is CONNECTED and its first ping is answered; R has been added. */
void up(int r);
/* Relays first..last, in the same passes. */
void up_all(int first, int last);
/* Routing response, then response and notification. */
void registered(int r, int p, uint8_t id);
void online(int r, int p, uint8_t id);
/* New peer p with connection number p, relays first..last added to it and up. */
void peer_on(int p, int first, int last);

/* The traced calls of the API. */
int api_peer(int p);
int api_kill(int conn);
int api_status(int conn, bool active);
int api_online(int conn);
int api_send(int conn, size_t len, uint8_t fill);
int api_global(int r);
int api_add(int conn, int r);
int api_add_at(int conn, const IP_Port *address, int r);
int api_number(int conn, unsigned number);
int api_kill_relay(int number);
int api_oob(unsigned number, int p, size_t len, uint8_t fill);
int api_oob_key(int r, int p, size_t len, uint8_t fill);
int api_onion(uint32_t number, size_t len, uint8_t fill);
int api_onion_status(bool on);
unsigned count(void);
unsigned connected(void);
/* Frames, without pings, that relay r has received since the last call for it. */
long new_frames(int r);
long new_connections(int r);

#endif
