/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the parts of the benchmark share. One program, linked twice: with toxcore's own modules and
 * with ours. Each run is one scenario and prints one line of name=value pairs; run.sh repeats the
 * scenarios and report.py makes the table.
 */
#ifndef TOXLINK_BENCH_H
#define TOXLINK_BENCH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    KEY_SIZE = 32,
    NONCE_SIZE = 24,
    MAC_SIZE = 16,
    PREFIX_SIZE = 2,
    MAX_PLAIN = 2032,
    MAX_FRAME = PREFIX_SIZE + MAC_SIZE + MAX_PLAIN,
    CLIENT_HANDSHAKE = 128,
    SERVER_HANDSHAKE = 96,
    DATA_ID = 16,   /* first connection id on the wire; the only one the pump uses */
};

/* First bytes of the packets between a client and its relay, below the connection ids. */
enum {
    ID_ROUTING_REQUEST = 0,
    ID_ROUTING_RESPONSE = 1,
    ID_CONNECTED = 2,
    ID_DISCONNECTED = 3,
    ID_PING = 4,
    ID_PONG = 5,
    PING_SIZE = 9,
};

/* What the command line says; every scenario uses some of it. */
typedef struct Options {
    const char *scenario;
    size_t size;            /* payload bytes of a data packet */
    uint64_t rate;          /* packets per second, 0 = as fast as it goes */
    uint64_t packets;       /* number of packets in a run without a rate */
    uint64_t window;        /* packets in flight at most, 0 = no limit of ours */
    uint64_t batch;         /* packets per send call of the pump, 0 = as many as it takes */
    uint64_t lockstep;      /* packets per step, one step at a time, 0 = off */
    uint64_t step_us;       /* time between two do_ calls */
    uint64_t millis;        /* length of a run with a rate */
    uint64_t warmup_ms;     /* start of a paced run that is left out of the CPU figure */
    uint64_t stall_ms;      /* no packet for so long, with data waiting: a stall */
    uint64_t connections;   /* number of idle connections */
    uint64_t bursts;
    uint64_t answered;      /* 1: each burst is answered by another */
    uint64_t steps;         /* do_ calls in the idle scenario */
    uint64_t peers;         /* of a TCP_Connections */
    uint64_t byte_us;       /* slow relay: time for one byte */
    uint64_t layer;         /* 1: through a TCP_Connections instead of a client alone */
} Options;

/* ---- util.c */
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A system call that does nothing and that strace shows: "bench-begin" and "bench-end" enclose what is
 * to be counted. */
void mark(const char *text);
uint64_t now_ns(void);
uint64_t thread_cpu_ns(void);
uint64_t process_rss_bytes(void);
/* What two thread_cpu_ns() calls in a row cost; subtracted from each measured interval. */
uint64_t cpu_clock_overhead_ns(void);
void sleep_until_ns(uint64_t deadline);
void pause_ns(uint64_t duration);
/* Pins the calling thread to the n-th CPU it may use; false when there are too few. */
bool pin_to_cpu(int n);
int loopback_mtu(void);
int thread_count(void);
void raise_file_limit(void);
void put_u64(uint8_t *out, uint64_t value);
uint64_t get_u64(const uint8_t *in);

/* ---- channel.c: the relay's end of the encryption, on libsodium alone */
typedef struct Channel {
    uint8_t key[KEY_SIZE];
    uint8_t send_nonce[NONCE_SIZE];
    uint8_t recv_nonce[NONCE_SIZE];
} Channel;

typedef struct Keys {
    uint8_t pk[KEY_SIZE];
    uint8_t sk[KEY_SIZE];
} Keys;

void nonce_increment(uint8_t *nonce);
/* Writes a whole frame (prefix included) and returns its size. */
size_t channel_seal(Channel *channel, const uint8_t *plain, size_t length, uint8_t *frame);
/* Opens the body of a frame with the given nonce, which stays as it is. */
bool channel_open_at(const Channel *channel, const uint8_t *nonce, const uint8_t *body, size_t length,
                     uint8_t *plain);
/* Reads a client's handshake from a blocking socket and answers it; gives the client's long-term key. */
bool channel_accept(Channel *channel, int fd, const Keys *relay, uint8_t client[KEY_SIZE]);
bool read_all(int fd, uint8_t *buffer, size_t length);
bool write_all(int fd, const uint8_t *buffer, size_t length);

/* ---- pump.c: the scripted relay in a process of its own */
typedef enum Pump_Kind { PUMP_SEND, PUMP_DRAIN, PUMP_MANY } Pump_Kind;

/* Memory that the client process and the pump share; no system call is needed to look at it. */
typedef struct Shared {
    _Alignas(64) atomic_ullong allowed;     /* packets the pump may have sent by now */
    _Alignas(64) atomic_ullong sent;        /* whole packets the pump has handed to the kernel */
    _Alignas(64) atomic_ullong drained;     /* data packets the pump has received */
    atomic_ullong drained_at_ns;            /* when the last of them came */
    _Alignas(64) atomic_bool ready;         /* route set up, frames encrypted */
    atomic_bool go;
    atomic_bool stop;
    atomic_bool failed;
    atomic_ullong accepted;                 /* handshakes answered */
    atomic_ullong settled;                  /* connections whose first ping is answered */
    atomic_ullong damaged;                  /* received packets that did not open or were out of order */
    atomic_ullong busy_ns;                  /* CPU time of the pump while it sent */
    atomic_ullong wall_ns;                  /* time from its first to its last packet */
    atomic_ullong polls;                    /* receive calls while draining */
    atomic_ullong empty_polls;              /* those that found nothing */
    atomic_ullong queued_bytes;             /* bytes the kernel still holds for the client */
} Shared;

typedef struct Pump {
    Pump_Kind kind;
    size_t size;
    uint64_t packets;
    uint64_t rate;
    uint64_t batch;         /* packets per send call: 1 as a relay that forwards them, 0 many at once */
    bool nap;               /* draining: sleep a moment when there is nothing, instead of polling */
    Keys keys;
    uint16_t port;
    pid_t pid;
    Shared *shared;
    int listener;
} Pump;

void pump_start(Pump *pump);
void pump_stop(Pump *pump);
void pump_check(const Pump *pump);
/* What runs in the child process: pump_jobs.c and pump_drain.c */
void pump_serve(const Pump *pump);
void pump_drain(const Pump *pump, const Channel *channel, int fd);
void pump_fail(const Pump *pump, const char *what);
bool pump_stopped(const Pump *pump);

/* ---- session.c: one toxcore TCP client connected to the pump, or a TCP_Connections with that relay alone */
struct Logger;
struct Mono_Time;
struct TCP_Client_Connection;
struct TCP_Connections;

typedef struct Session {
    struct Logger *log;
    struct Mono_Time *time;
    struct TCP_Client_Connection *connection;   /* NULL with tc */
    struct TCP_Connections *tc;                 /* NULL without */
    int peer;               /* its only peer */
    uint64_t create_cpu_ns; /* CPU time of new_TCP_connection */
    int con_id;             /* -1 until the relay has given one */
    bool online;
    size_t size;
    uint64_t received;
    uint64_t damaged;
    /* Samples of wall and CPU time at the first packet, and at a later one. */
    uint64_t first_wall, first_cpu;
    uint64_t last_wall, last_cpu, last_count;
    uint64_t sample_every, expected;
    /* Raised with what was received, when the number of packets in flight is limited. */
    atomic_ullong *allowed;
    uint64_t window;
} Session;

/* With `layer`: as the only relay of the only peer of a TCP_Connections. */
void session_open(Session *session, const Pump *pump, bool layer);
/* Waits until data may flow both ways and the pump has its frames ready. */
void session_route(Session *session, const Pump *pump);
void session_close(Session *session);
void session_step(Session *session);
/* 1 sent, 0 refused for now, -1 failure */
int session_send(Session *session, const uint8_t *data, uint16_t length);

/* ---- scenarios */
void run_receive(const Options *options);
void run_send(const Options *options);
void run_idle(const Options *options);
void run_burst(const Options *options);
void run_floor(const Options *options);
void run_fault(const Options *options);
void run_refused(const Options *options);
void run_peers(const Options *options);
void run_rest(const Options *options);
void run_wake(const Options *options);
void run_reunion(const Options *options);

#endif
