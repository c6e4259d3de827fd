/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The differential driver: one program, linked once with the original TCP_client and once with
 * ours. Every scenario writes a plain text trace; ctest/diff/run compares the two traces.
 *
 * Everything that could differ between two runs for outside reasons is fixed: the clock, both
 * random sources, the relay's keys, and what has arrived on the socket before each step. */
#ifndef DIFF_DIFF_H
#define DIFF_DIFF_H

#include "kit.h"
#include "versions.h"

/* ------------------------------------------------------------------ scenarios */

extern const Scenario connect_scenarios[];
extern const Scenario create_scenarios[];
extern const Scenario ping_scenarios[];
extern const Scenario routing_scenarios[];
extern const Scenario receive_scenarios[];
extern const Scenario split_scenarios[];
extern const Scenario send_scenarios[];
extern const Scenario queue_scenarios[];
extern const Scenario http_scenarios[];
extern const Scenario http_end_scenarios[];
extern const Scenario socks_scenarios[];
extern const Scenario fault_scenarios[];
extern const Scenario close_scenarios[];
extern const Scenario reentry_scenarios[];
extern const Scenario bulk_scenarios[];
extern const Scenario random_scenarios[];
extern const Scenario memory_scenarios[];
extern const Scenario net_connect_scenarios[];
extern const Scenario profile_scenarios[];

/* -------------------------------------------------------------------- network */

typedef struct Net_Counts {
    unsigned sockets, closes, recvbuf, recv, send, nonblock, setsockopt, other;
    unsigned connects; /* 0.2.22; before, toxcore calls connect(2) itself */
} Net_Counts;

typedef struct Net_Faults {
    bool fail_socket, fail_nonblock;
    bool any_family;    /* simulated sockets can be had for every family */
    size_t send_max;    /* at most so many bytes per send call; 0: no limit */
    long send_room;     /* bytes until the socket is full; -1: never full */
    int send_errno;     /* every send fails with this */
    int connect_errno;  /* every connect fails with this; 0.2.22 */
    int recv_errno;     /* every receive fails with this */
    int recv_errno_for; /* the next receives of more than two bytes fail with EAGAIN, so many times */
    size_t recv_short;  /* the next receive gives at most so many bytes; 0: no limit */
    long recvbuf_says;  /* the reported number of readable bytes; -1: the true one */
} Net_Faults;

extern Net_Counts net_counts;
extern Net_Faults net_faults;
extern const Network test_network;
/* What the last connect was asked for; 0.2.22. */
extern IP_Port net_connect_address;

/* The far end, seen from the scenario. */
void far_open(Mode mode, uint8_t family, bool listening);
uint16_t far_port(void); /* host order */
void far_accept(void);
void far_write(const uint8_t *data, size_t n);
/* Appends what the client has sent since the last call; waits until all of it is there. */
void far_read(Bytes *into);
void far_close(void); /* end of stream for the client */
void far_reset(void); /* reset for the client */
void far_shutdown(void);
/* True if the client closed its socket and nothing unread is left. */
bool far_sees_end(void);
int far_peer_fd(void);
/* How many bytes the client has put on the wire since it was created. */
size_t net_sent(void);
/* For scenarios that do not let the far end read. */
extern bool far_holds;

/* ---------------------------------------------------------------------- relay */

typedef enum Stage { STAGE_PROXY, STAGE_HANDSHAKE, STAGE_FRAMES } Stage;

typedef struct Relay {
    uint8_t pk[32], sk[32], temp_pk[32], temp_sk[32];
    uint8_t send_nonce[24], recv_nonce[24], key[32];
    Stage stage;
    Bytes rx;
    bool broken;          /* a frame of the client did not open */
    bool silent;          /* frames are decoded and counted, not traced */
    unsigned long frames; /* frames decoded so far */
    uint8_t last[2048];   /* the last decoded plaintext */
    size_t last_len;
    uint8_t last_ping[8]; /* the last ping id of the client */
    unsigned pings, pongs;
    unsigned frames_of[256]; /* by the id of the packet */
    unsigned bytes_of[256];  /* on the wire */
} Relay;

extern Relay relay;

void relay_setup(void);
void relay_free(void);
/* Decodes and traces what the client has sent. */
void relay_read(void);
/* The 96 bytes of the relay's handshake. */
void relay_answer_bytes(uint8_t out[96]);
/* The frame for this plaintext; returns its length. The relay's nonce moves on. */
size_t relay_seal(uint8_t *out, const uint8_t *plain, size_t n);
void relay_put(Bytes *out, const uint8_t *plain, size_t n);
/* Seals and sends. */
void relay_packet(const uint8_t *plain, size_t n);
void relay_answer(void);
void relay_pong(void);
void relay_response(uint8_t rpid, const uint8_t *pk);
void relay_notify(uint8_t kind, uint8_t id);
void relay_data(uint8_t id, size_t payload, uint8_t fill);
void relay_keyed(uint8_t id, const uint8_t *pk, size_t payload, uint8_t fill);
void relay_ping(uint8_t kind, uint64_t id);

/* ---------------------------------------------------------------------- world */

typedef enum Callback { CB_RESPONSE, CB_STATUS, CB_DATA, CB_OOB, CB_ONION, CB_FORWARD } Callback;
#define CALLBACKS 6

typedef enum Address { AT_FAR_END, AT_DOCUMENTATION, AT_BROADCAST } Address;

typedef struct Setup {
    Address address;
    uint8_t family;       /* family byte of the relay's address */
    int proxy;            /* -1: no proxy info at all; otherwise the proxy type */
    uint8_t proxy_family; /* family byte of the proxy's address */
    bool refused;         /* nobody listens at the far end */
    bool unreachable;     /* connect fails at once; the far end hears nothing of it */
    const uint8_t *pk;    /* relay key given to the client; NULL: the right one */
} Setup;

typedef struct World {
    Mode mode;
    TCP_Client_Connection *con;
    Logger *log;
#if TOX_ABI > 218
    const Memory *memory; /* the system's, unless a scenario says otherwise */
#endif
#if TOX_ABI == 222
    Net_Profile *profile;
#endif
    Mono_Time *mono;
    uint64_t clock_ms;
    uint8_t self_pk[32], self_sk[32];
    IP_Port relay_addr;
    unsigned logged;           /* log messages during the current call */
    unsigned calls[CALLBACKS]; /* how often each callback fired */
    unsigned all_calls;
    bool mute;                 /* callbacks are counted and hashed, not traced */
    void (*hook)(Callback which, uint8_t con_id);
} World;

extern World world;

/* Ends the client and starts over with the same keys and the same randomness. */
void world_again(void);
Setup setup_direct(void);
Setup setup_proxy(int type, uint8_t target_family);
/* Creates the client; false if creation gave NULL. */
bool open_client(const Setup *setup);
/* Kills the client and checks that its socket is closed and nothing more was sent. */
void close_client(void);
int status(void);
void step(void);
void steps(unsigned n);
void clock_add(unsigned seconds);
/* A direct client that is CONFIRMED, its first ping answered. */
void confirmed(void);
/* Routing request, response and notification: con_id is online afterwards. */
void make_online(uint8_t con_id, uint8_t fill);
void make_registered(uint8_t con_id, uint8_t fill);
/* A peer key that is all `fill`. */
const uint8_t *peer_key(uint8_t fill);
void register_handlers(void);

/* An HTTP client whose request has been sent and checked; the loud one has its bytes in the trace.
 * They differ between the two programs, so one scenario that shows it will do. */
void http_asked_loud(uint8_t family);
void http_asked(uint8_t family);
void http_say(const char *text);
extern const char http_good_reply[];
/* The relay's part after the proxy let us through: its handshake, if it has seen the client's. */
void relay_finish(void);

/* The traced calls of the API. */
int do_routing_request(const uint8_t *pk);
int do_disconnect_request(uint8_t con_id);
int do_set_number(uint8_t con_id, uint32_t number);
int do_send_data(uint8_t con_id, size_t len, uint8_t fill);
int do_send_oob(const uint8_t *pk, size_t len, uint8_t fill);
int do_send_onion(size_t len, uint8_t fill);
int do_send_forward(uint8_t family, size_t len, uint8_t fill);
/* The data byte at a place of a payload: differs from place to place. */
const uint8_t *payload(uint8_t fill);

#endif
