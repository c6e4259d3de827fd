/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Much data: the stall of the original, bounded work, bounded memory, calls per packet. */
#include "diff.h"

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define USERDATA ((void *)(uintptr_t)77)

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static bool slow_tools(void)
{
    return getenv("DIFF_SLOWER") != NULL;
}

/* A megabyte count that is smaller when a tool makes everything slower. */
static size_t stream_size(void)
{
    return slow_tools() ? 2000000 : 20000000;
}

static void stream_frames(Bytes *out, size_t total)
{
    uint8_t plain[1374] = {9};

    for (uint32_t i = 0; bytes_left(out) < total; ++i) {
        memcpy(plain + 1, &i, sizeof(i));
        relay_put(out, plain, sizeof(plain));
    }
}

static uint32_t next_number;
static bool out_of_order;

static int count_onion(void *obj, const uint8_t *data, uint16_t len, void *userdata)
{
    (void)obj;
    (void)userdata;
    uint32_t number;
    memcpy(&number, data, sizeof(number));
    out_of_order = out_of_order || number != next_number || len != 1373;
    ++next_number;
    return 0;
}

/* Writes as fast as the socket takes it and steps the client in between. The clock stands still,
 * so that only the stream decides. Ends when nothing has moved for two seconds. Returns whether
 * all frames were delivered. */
static bool stream_once(void)
{
    quiet_begin();
    world_again();
    confirmed();
    quiet_end();
    onion_response_handler(world.con, count_onion, NULL);
    next_number = 0;
    out_of_order = false;
    Bytes out = {0};
    stream_frames(&out, stream_size());
    const uint32_t frames = (uint32_t)(bytes_left(&out) / (2 + 16 + 1374));
    double moved = seconds();

    while (next_number < frames && status() == 6 && seconds() - moved < 2) {
        const uint32_t before = next_number;
        const ssize_t sent = bytes_left(&out) == 0 ? 0
                             : send(far_peer_fd(), bytes_at(&out), bytes_left(&out), MSG_NOSIGNAL | MSG_DONTWAIT);

        if (sent > 0) {
            bytes_take(&out, NULL, (size_t)sent);
        }

        do_TCP_connection(world.log, world.mono, world.con, USERDATA);

        if (sent > 0 || next_number != before) {
            moved = seconds();
        } else {
            poll(NULL, 0, 1);
        }
    }

    t_note("%u of %u frames delivered", next_number, frames);
    bytes_free(&out);

    if (out_of_order || status() != 6) {
        fail("status %d, frames out of order: %d", status(), out_of_order);
    }

    return next_number == frames;
}

/* The original stalls nearly always, but not always: it gets five attempts. */
static void tc50(void)
{
    bool delivered = true;

    for (int attempt = 0; attempt < 5 && delivered; ++attempt) {
        delivered = stream_once();
    }

    trace_step = 0;
    t_line("outcome: %s", delivered ? "all frames delivered" : "stalled");

    if (DIFF_OURS && !delivered) {
        fail("not all frames were delivered");
    }
}

/* A relay that pings without end and never reads. */
static void tc52(void)
{
    const unsigned pings = slow_tools() ? 5000 : 50000;
    confirmed();
    net_faults.send_room = 20000;
    relay.silent = true;
    Bytes out = {0};

    for (uint32_t i = 1; i <= pings; ++i) {
        uint8_t ping[9] = {4};
        memcpy(ping + 1, &i, sizeof(i));
        relay_put(&out, ping, sizeof(ping));
    }

    far_write(bytes_at(&out), bytes_left(&out));
    bytes_free(&out);
    const size_t before = mallinfo2().uordblks;

    for (int i = 0; i < 100 && status() == 6; ++i) {
        do_TCP_connection(world.log, world.mono, world.con, USERDATA);
    }

    const long grown = (long)mallinfo2().uordblks - (long)before;
    expect_new("status", status(), 6, 7);
    t_note("heap grew by %ld bytes", grown);

    /* under a memory checker the heap is not the C library's */
    if (!slow_tools()) {
        expect_new("heap grew by more than a megabyte", grown > 1000000, 1, 0);
    }
}

/* A long batch in one step: bounded in ours, all of it within a few steps. */
static void bounded_step(void)
{
    const unsigned packets = slow_tools() ? 5000 : 20000;
    confirmed();
    world.mute = true;
    Bytes out = {0};

    for (unsigned i = 0; i < packets; ++i) {
        const uint8_t plain[5] = {9, (uint8_t)i};
        relay_put(&out, plain, sizeof(plain));
    }

    far_write(bytes_at(&out), bytes_left(&out));
    bytes_free(&out);
    step();
    const unsigned first = world.calls[CB_ONION];
    t_note("%u packets in the first step", first);
    expect_new("more than 4096 packets in one step", first > 4096, 1, 0);

    if (first < 256) {
        fail("only %u packets in one step", first);
    }

    for (int i = 0; i < 200 && world.calls[CB_ONION] < packets; ++i) {
        do_TCP_connection(world.log, world.mono, world.con, USERDATA);
    }

    expect("packets", world.calls[CB_ONION], packets);
    expect("status", status(), 6);
}

/* Calls of the Network object per received packet. */
static void calls_per_packet(void)
{
    confirmed();
    world.mute = true;
    Bytes out = {0};

    for (unsigned i = 0; i < 1000; ++i) {
        const uint8_t plain[1374] = {9, (uint8_t)i};
        relay_put(&out, plain, sizeof(plain));
    }

    far_write(bytes_at(&out), bytes_left(&out));
    bytes_free(&out);
    const Net_Counts before = net_counts;

    for (int i = 0; i < 20; ++i) {
        do_TCP_connection(world.log, world.mono, world.con, USERDATA);
    }

    const long calls = (long)(net_counts.recv - before.recv + net_counts.recvbuf - before.recvbuf);
    t_note("%ld network calls for 1000 packets and 20 steps", calls);
    expect("packets", world.calls[CB_ONION], 1000);
    expect_new("more than 200 calls", calls > 200, 1, 0);
}

/* Two megabytes of data up, all kept and in order, on a real socket and in memory. */
static void upload(void)
{
    confirmed();
    make_online(4, 9);
    relay.silent = true;
    const unsigned long before = relay.frames;

    for (unsigned i = 0; i < 1500; ++i) {
        if (send_data(world.log, world.con, 4, payload((uint8_t)i), 1373) != 1) {
            fail("packet %u refused", i);
            break;
        }

        if (i % 10 == 0) {
            relay_read();
        }
    }

    relay_read();
    expect("frames", (long)(relay.frames - before), 1500);
    expect("stream broken", relay.broken, 0);
}

const Scenario bulk_scenarios[] = {
    {"TC-50", TCP, tc50, 60},
    {"TC-52", SIM, tc52, 60},
    {"bulk-bounded-step", SIM, bounded_step, 60},
    {"bulk-calls-per-packet", SIM, calls_per_packet, 60},
    {"bulk-upload", BOTH, upload, 60},
    {NULL, 0, NULL, 0},
};
