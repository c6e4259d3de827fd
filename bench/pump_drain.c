/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The pump as receiver: takes what the client sends, counts whole frames, checks some of them and answers
 * pings: ours sends them along with data.
 */
#include "bench.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    CHUNK = 256 * 1024,
    CHECK_EVERY = 256,      /* one packet in so many is opened and compared */
};

typedef struct Tally {
    Channel channel;
    uint64_t packets;
    size_t filled;
    uint8_t bytes[MAX_FRAME + CHUNK];
} Tally;

static void check_packet(const Pump *pump, const Tally *tally, const uint8_t *body, size_t length)
{
    uint8_t plain[MAX_PLAIN];

    if (!channel_open_at(&tally->channel, tally->channel.recv_nonce, body, length, plain)
        || plain[0] != DATA_ID || get_u64(plain + 1) != tally->packets) {
        atomic_fetch_add(&pump->shared->damaged, 1);
    }
}

static void answer_ping(Tally *tally, int fd, const uint8_t *body)
{
    uint8_t plain[PING_SIZE];
    uint8_t frame[MAX_FRAME];

    if (channel_open_at(&tally->channel, tally->channel.recv_nonce, body, MAC_SIZE + PING_SIZE, plain)
        && plain[0] == ID_PING) {
        plain[0] = ID_PONG;
        write_all(fd, frame, channel_seal(&tally->channel, plain, sizeof(plain), frame));
    }
}

/* Counts the whole frames in the buffer and keeps the rest. */
static void count_frames(const Pump *pump, Tally *tally, int fd)
{
    size_t at = 0;

    while (tally->filled - at >= PREFIX_SIZE) {
        const uint8_t *frame = tally->bytes + at;
        const size_t body = ((size_t)frame[0] << 8) | frame[1];

        if (tally->filled - at < PREFIX_SIZE + body) {
            break;
        }

        if (body == MAC_SIZE + 1 + pump->size) {
            if (tally->packets % CHECK_EVERY == 0) {
                check_packet(pump, tally, frame + PREFIX_SIZE, body);
            }

            ++tally->packets;
        } else if (body == MAC_SIZE + PING_SIZE) {
            answer_ping(tally, fd, frame + PREFIX_SIZE);
        }

        nonce_increment(tally->channel.recv_nonce);
        at += PREFIX_SIZE + body;
    }

    memmove(tally->bytes, tally->bytes + at, tally->filled - at);
    tally->filled -= at;
}

void pump_drain(const Pump *pump, const Channel *channel, int fd)
{
    Tally *tally = calloc(1, sizeof(*tally));

    if (tally == NULL) {
        pump_fail(pump, "out of memory");
        return;
    }

    tally->channel = *channel;
    atomic_store(&pump->shared->ready, true);

    while (!pump_stopped(pump)) {
        const ssize_t n = recv(fd, tally->bytes + tally->filled, CHUNK, MSG_DONTWAIT);
        const bool nothing = n < 0 && errno == EAGAIN;

        if (atomic_load_explicit(&pump->shared->go, memory_order_relaxed)) {
            atomic_fetch_add_explicit(&pump->shared->polls, 1, memory_order_relaxed);
            atomic_fetch_add_explicit(&pump->shared->empty_polls, nothing, memory_order_relaxed);
        }

        if (nothing) {
            if (pump->nap) {
                pause_ns(100000U);
            }

            continue;
        }

        if (n <= 0) {
            break;
        }

        tally->filled += (size_t)n;
        count_frames(pump, tally, fd);
        atomic_store(&pump->shared->drained_at_ns, now_ns());
        atomic_store_explicit(&pump->shared->drained, tally->packets, memory_order_release);
    }

    free(tally);
}
