/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the pump does, in its own process: set up a route, then send prepared frames, or drain what
 * the client sends (pump_drain.c), or hold many idle connections. Frames are encrypted before the clock starts, so
 * that only kernel work is left while the client is measured.
 */
#include "bench.h"

#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { CHUNK = 256 * 1024 };

void pump_fail(const Pump *pump, const char *what)
{
    fprintf(stderr, "bench: pump: %s\n", what);
    atomic_store(&pump->shared->failed, true);
}

bool pump_stopped(const Pump *pump)
{
    return atomic_load_explicit(&pump->shared->stop, memory_order_relaxed);
}

static void set_timeouts(int fd, int option, long microseconds)
{
    const struct timeval limit = {.tv_sec = microseconds / 1000000, .tv_usec = microseconds % 1000000};
    setsockopt(fd, SOL_SOCKET, option, &limit, sizeof(limit));
}

/* Waits for a client; -1 when the run ends before one comes. */
static int accept_client(const Pump *pump)
{
    set_timeouts(pump->listener, SO_RCVTIMEO, 100000);

    while (!pump_stopped(pump)) {
        const int fd = accept(pump->listener, NULL, NULL);

        if (fd >= 0) {
            const int on = 1;
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
            set_timeouts(fd, SO_RCVTIMEO, 10 * 1000000L);
            return fd;
        }

        if (errno != EAGAIN && errno != EINTR) {
            pump_fail(pump, "accept failed");
            return -1;
        }
    }

    return -1;
}

static bool send_plain(Channel *channel, int fd, const uint8_t *plain, size_t length)
{
    uint8_t frame[MAX_FRAME];
    return write_all(fd, frame, channel_seal(channel, plain, length, frame));
}

/* Reads one frame; returns the length of its text, 0 on failure. */
static size_t read_plain(Channel *channel, int fd, uint8_t *plain)
{
    uint8_t frame[MAX_FRAME];

    if (!read_all(fd, frame, PREFIX_SIZE)) {
        return 0;
    }

    const size_t body = ((size_t)frame[0] << 8) | frame[1];

    if (body <= MAC_SIZE || body > MAX_FRAME - PREFIX_SIZE || !read_all(fd, frame, body)
        || !channel_open_at(channel, channel->recv_nonce, frame, body, plain)) {
        return 0;
    }

    nonce_increment(channel->recv_nonce);
    return body - MAC_SIZE;
}

static bool answer_ping(Channel *channel, int fd, const uint8_t *ping)
{
    uint8_t pong[PING_SIZE];
    memcpy(pong, ping, PING_SIZE);
    pong[0] = ID_PONG;
    return send_plain(channel, fd, pong, sizeof(pong));
}

static bool answer_routing_request(Channel *channel, int fd, const uint8_t *request)
{
    const uint8_t online[] = {ID_CONNECTED, DATA_ID};
    uint8_t response[2 + KEY_SIZE] = {ID_ROUTING_RESPONSE, DATA_ID};
    memcpy(response + 2, request + 1, KEY_SIZE);
    return send_plain(channel, fd, response, sizeof(response))
           && send_plain(channel, fd, online, sizeof(online));
}

/* Answers the client until its ping and its routing request are done. */
static bool set_up_route(const Pump *pump, Channel *channel, int fd)
{
    bool pinged = false;
    bool routed = false;

    while (!pinged || !routed) {
        uint8_t plain[MAX_PLAIN];
        const size_t length = read_plain(channel, fd, plain);

        if (length == PING_SIZE && plain[0] == ID_PING) {
            pinged = answer_ping(channel, fd, plain);
        } else if (length == 1 + KEY_SIZE && plain[0] == ID_ROUTING_REQUEST) {
            routed = answer_routing_request(channel, fd, plain);
        } else {
            pump_fail(pump, "unexpected packet while the route is set up");
            return false;
        }
    }

    return true;
}

/* ------------------------------------------------------------------ sending */

static uint8_t *prepare_frames(const Pump *pump, Channel *channel, size_t frame)
{
    uint8_t plain[MAX_PLAIN];
    uint8_t *frames = mmap(NULL, pump->packets * frame, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (frames == MAP_FAILED) {
        return NULL;
    }

    memset(plain, 0xa5, sizeof(plain));
    plain[0] = DATA_ID;

    for (uint64_t i = 0; i < pump->packets; ++i) {
        put_u64(plain + 1, i);
        channel_seal(channel, plain, 1 + pump->size, frames + i * frame);
    }

    return frames;
}

/* How many packets may be out by now. */
static uint64_t permitted(const Pump *pump, uint64_t started)
{
    uint64_t limit = atomic_load_explicit(&pump->shared->allowed, memory_order_acquire);

    if (pump->rate != 0) {
        const uint64_t due = (uint64_t)((double)(now_ns() - started) * 1e-9 * (double)pump->rate);
        limit = due < limit ? due : limit;
    }

    return limit < pump->packets ? limit : pump->packets;
}

/* Bytes not yet taken by the client's kernel, to tell a stall from an end. */
static void note_queue(const Pump *pump, int fd, uint64_t unsent)
{
    int queued = 0;
    ioctl(fd, SIOCOUTQ, &queued);
    atomic_store(&pump->shared->queued_bytes, (uint64_t)queued + unsent);
}

/* One send call; returns the bytes taken, or -1 when the connection is gone. */
static ssize_t send_some(const Pump *pump, int fd, const uint8_t *data, size_t length, uint64_t unsent)
{
    const ssize_t n = send(fd, data, length, MSG_NOSIGNAL);

    if (n >= 0) {
        return n;
    }

    if (errno == EAGAIN) {
        note_queue(pump, fd, unsent);
        return 0;
    }

    return errno == EINTR ? 0 : -1;
}

static void send_frames(const Pump *pump, int fd, const uint8_t *frames, size_t frame)
{
    const uint64_t total = pump->packets * frame;
    const uint64_t started = now_ns();
    const uint64_t cpu = thread_cpu_ns();
    uint64_t done = 0;

    while (done < total && !pump_stopped(pump)) {
        const uint64_t target = permitted(pump, started) * frame;

        if (done >= target) {
            if (pump->rate != 0) {
                pause_ns(50000U);
            }

            continue;
        }

        uint64_t chunk = pump->batch != 0 ? pump->batch * frame - done % frame : CHUNK;
        chunk = chunk < target - done ? chunk : target - done;
        const ssize_t n = send_some(pump, fd, frames + done, chunk, total - done);

        if (n < 0) {
            break;
        }

        done += (uint64_t)n;
        atomic_store_explicit(&pump->shared->sent, done / frame, memory_order_release);
    }

    atomic_store(&pump->shared->busy_ns, thread_cpu_ns() - cpu);
    atomic_store(&pump->shared->wall_ns, now_ns() - started);
    note_queue(pump, fd, total - done);
}

static void job_send(const Pump *pump, Channel *channel, int fd)
{
    const size_t frame = PREFIX_SIZE + MAC_SIZE + 1 + pump->size;
    uint8_t *frames = prepare_frames(pump, channel, frame);

    if (frames == NULL) {
        pump_fail(pump, "no memory for the prepared frames");
        return;
    }

    set_timeouts(fd, SO_SNDTIMEO, 100000);
    atomic_store(&pump->shared->ready, true);

    while (!atomic_load(&pump->shared->go) && !pump_stopped(pump)) {
        pause_ns(100000U);
    }

    send_frames(pump, fd, frames, frame);

    while (!pump_stopped(pump)) {
        pause_ns(1000000U);
    }
}

/* ------------------------------------------------------------------ many idle connections */

static bool settle_client(const Pump *pump, int fd)
{
    Channel channel;
    uint8_t client[KEY_SIZE];
    uint8_t plain[MAX_PLAIN];

    if (!channel_accept(&channel, fd, &pump->keys, client)) {
        return false;
    }

    atomic_fetch_add(&pump->shared->accepted, 1);

    if (read_plain(&channel, fd, plain) != PING_SIZE || plain[0] != ID_PING
        || !answer_ping(&channel, fd, plain)) {
        return false;
    }

    atomic_fetch_add(&pump->shared->settled, 1);
    return true;
}

/* The sockets stay open until this process ends. */
static void job_many(const Pump *pump)
{
    raise_file_limit();
    atomic_store(&pump->shared->ready, true);

    for (int fd = accept_client(pump); fd >= 0; fd = accept_client(pump)) {
        if (!settle_client(pump, fd)) {
            pump_fail(pump, "a client did not complete its handshake and ping");
            return;
        }
    }
}

static void serve_one(const Pump *pump)
{
    Channel channel;
    uint8_t client[KEY_SIZE];
    const int fd = accept_client(pump);

    if (fd < 0) {
        return;
    }

    if (!channel_accept(&channel, fd, &pump->keys, client)) {
        pump_fail(pump, "handshake failed");
    } else if (set_up_route(pump, &channel, fd)) {
        if (pump->kind == PUMP_SEND) {
            job_send(pump, &channel, fd);
        } else {
            pump_drain(pump, &channel, fd);
        }
    }

    close(fd);
}

void pump_serve(const Pump *pump)
{
    switch (pump->kind) {
        case PUMP_MANY:
            job_many(pump);
            break;

        case PUMP_SEND:
        case PUMP_DRAIN:
            serve_one(pump);
            break;
    }
}
