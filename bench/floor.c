/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The floor: what no client can do without. For each received packet one copy out of a buffer and one
 * crypto_box_open_easy_afternm; for each sent packet one crypto_box_easy_afternm and one copy. Frames
 * are prepared with their own nonces and sit in a ring that fits the second-level cache, as bytes
 * fresh from a socket would.
 */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <sodium.h>
#include <string.h>

enum { RING_BYTES = 256 * 1024 };

typedef struct Ring {
    Channel channel;
    uint8_t base_nonce[NONCE_SIZE];
    size_t frame, plain, count;
    uint8_t *frames;
} Ring;

static void ring_fill(Ring *ring, size_t size)
{
    uint8_t plain[MAX_PLAIN];
    memset(plain, 0xa5, sizeof(plain));
    plain[0] = DATA_ID;
    ring->plain = 1 + size;
    ring->frame = PREFIX_SIZE + MAC_SIZE + ring->plain;
    ring->count = RING_BYTES / ring->frame;
    ring->frames = malloc(ring->count * ring->frame);

    if (ring->frames == NULL) {
        die("out of memory");
    }

    randombytes_buf(ring->channel.key, KEY_SIZE);
    randombytes_buf(ring->base_nonce, NONCE_SIZE);
    memcpy(ring->channel.send_nonce, ring->base_nonce, NONCE_SIZE);

    for (size_t i = 0; i < ring->count; ++i) {
        channel_seal(&ring->channel, plain, ring->plain, ring->frames + i * ring->frame);
    }
}

static void open_all(const Ring *ring)
{
    uint8_t nonce[NONCE_SIZE];
    uint8_t frame[MAX_FRAME];
    uint8_t plain[MAX_PLAIN];
    memcpy(nonce, ring->base_nonce, NONCE_SIZE);

    for (size_t i = 0; i < ring->count; ++i) {
        memcpy(frame, ring->frames + i * ring->frame, ring->frame);

        if (!channel_open_at(&ring->channel, nonce, frame + PREFIX_SIZE, ring->frame - PREFIX_SIZE, plain)) {
            die("a prepared frame did not open");
        }

        nonce_increment(nonce);
    }
}

static void seal_all(Ring *ring)
{
    uint8_t frame[MAX_FRAME];
    uint8_t plain[MAX_PLAIN];
    memset(plain, 0xa5, sizeof(plain));
    plain[0] = DATA_ID;

    for (size_t i = 0; i < ring->count; ++i) {
        channel_seal(&ring->channel, plain, ring->plain, frame);
        memcpy(ring->frames + i * ring->frame, frame, ring->frame);
    }
}

static double micros_per_packet(uint64_t spent, uint64_t packets)
{
    return (double)spent / (double)packets / 1e3;
}

void run_floor(const Options *options)
{
    Ring ring = {0};
    uint64_t packets = 0;
    pin_to_cpu(0);
    ring_fill(&ring, options->size);
    open_all(&ring);

    uint64_t before = thread_cpu_ns();
    uint64_t spent = 0;

    while (spent < options->millis * 1000000U) {
        open_all(&ring);
        packets += ring.count;
        spent = thread_cpu_ns() - before;
    }

    printf("packets=%llu open_us=%.4f open_per_second=%.0f", (unsigned long long)packets,
           micros_per_packet(spent, packets), (double)packets * 1e9 / (double)spent);
    packets = 0;
    spent = 0;
    before = thread_cpu_ns();

    while (spent < options->millis * 1000000U) {
        seal_all(&ring);
        packets += ring.count;
        spent = thread_cpu_ns() - before;
    }

    printf(" seal_us=%.4f seal_per_second=%.0f\n", micros_per_packet(spent, packets),
           (double)packets * 1e9 / (double)spent);
    free(ring.frames);
}
