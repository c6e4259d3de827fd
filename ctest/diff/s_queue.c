/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A socket that is full: what is dropped, what is queued, and the order on the wire. */
#include "diff.h"

#include <string.h>

/* The far end does not read. In memory the room is exact; on a real socket only the outcome is
 * traced, because the kernel decides how much fits. */
static void tc41(void)
{
    confirmed();
    make_online(4, 9);
    relay.silent = true;
    far_holds = true;

    if (world.mode == MODE_SIM) {
        net_faults.send_room = 50000;
    }

    unsigned long accepted = 0;

    while (accepted < 100000 && send_data(world.log, world.con, 4, payload((uint8_t)accepted), 1000) == 1) {
        ++accepted;
    }

    if (world.mode == MODE_SIM) {
        t_line("accepted %lu", accepted);
    }

    for (int i = 0; i < 20; ++i) {
        expect("still full", send_data(world.log, world.con, 4, payload(0), 1000), 0);
    }

    expect("send_routing_request", send_routing_request(world.log, world.con, peer_key(20)), 1);
    expect("send_oob_packet", send_oob_packet(world.log, world.con, peer_key(1), payload(0), 10), 0);
    expect("send_onion_request", send_onion_request(world.log, world.con, payload(0), 10), 0);
    step();
    const unsigned long before = relay.frames;
    net_faults.send_room = -1;
    far_holds = false;

    for (int i = 0; i < 1000 && relay.frames < before + accepted + 1; ++i) {
        relay_read();
        do_TCP_connection(world.log, world.mono, world.con, (void *)(uintptr_t)77);
    }

    expect("stream broken", relay.broken, 0);
    expect("all accepted frames arrived", relay.frames == before + accepted + 1, 1);
    expect("the last one is the routing request", relay.last[0], 0);
    expect("status", status(), 6);
}

/* Priority packets are queued in the order of the calls and of the pings, whole; then data. */
static void fifo(void)
{
    confirmed();
    make_online(4, 9);
    net_faults.send_room = 0;
    expect("routing", do_routing_request(peer_key(21)), 1);
    expect("disconnect", do_disconnect_request(4), 1);
    relay_ping(4, 71);
    step();
    expect("routing", do_routing_request(peer_key(22)), 1);
    relay_ping(4, 72);
    step();
    expect("oob", do_send_oob(peer_key(1), 10, 1), 0);
    net_faults.send_room = -1;
    step();
    expect("oob", do_send_oob(peer_key(1), 10, 1), 1);
    expect("pongs", relay.pongs, 2);
    expect("stream broken", relay.broken, 0);
}

/* The queue leaves in pieces of every size; the order and the frames stay whole. */
static void drain_slowly(void)
{
    static const long rooms[] = {1, 2, 7, 18, 26, 27, 50, 51, 52, 60, 100};

    for (size_t i = 0; i < sizeof(rooms) / sizeof(rooms[0]); ++i) {
        world_again();
        confirmed();
        net_faults.send_room = 0;
        do_routing_request(peer_key(21));
        do_routing_request(peer_key(22));
        relay_ping(4, 71);
        step();
        t_line("room %ld a step", rooms[i]);

        for (int n = 0; n < 200 && relay.pongs == 0; ++n) {
            net_faults.send_room = rooms[i];
            step();
        }

        net_faults.send_room = -1;
        expect("pongs", relay.pongs, 1);
        expect("frames", (long)relay.frames, 4);
        expect("stream broken", relay.broken, 0);
    }
}

/* A data frame that is cut keeps its nonce and is completed before anything else; each sender
 * flushes first. */
static void partial_data(void)
{
    static const long rooms[] = {1, 2, 3, 17, 18, 19, 27, 28};

    for (size_t i = 0; i < sizeof(rooms) / sizeof(rooms[0]); ++i) {
        world_again();
        confirmed();
        make_online(4, 9);
        t_line("room %ld", rooms[i]);
        net_faults.send_room = rooms[i];
        expect("first", do_send_data(4, 10, 1), 1);
        t_line("second -> %d", do_send_data(4, 10, 2));
        expect("routing", do_routing_request(peer_key(21)), 1);
        expect("oob", do_send_oob(peer_key(1), 10, 3), 0);
        net_faults.send_room = -1;
        expect("third", do_send_data(4, 10, 4), 1);
        step();
        expect("stream broken", relay.broken, 0);
        expect("status", status(), 6);
    }
}

/* A priority frame that is cut: its rest is queued. */
static void partial_priority(void)
{
    for (long room = 0; room <= 52; ++room) {
        world_again();
        confirmed();
        net_faults.send_room = room;
        expect("first", do_routing_request(peer_key(21)), 1);
        expect("second", do_routing_request(peer_key(22)), 1);
        net_faults.send_room = 3;
        step();
        net_faults.send_room = -1;
        expect("oob", do_send_oob(peer_key(1), 10, 3), 1);
        expect("frames", (long)relay.frames, 4);
        expect("stream broken", relay.broken, 0);
    }
}

/* 0 bytes accepted: the frame is forgotten and its nonce not used. */
static void refused_data(void)
{
    confirmed();
    make_online(4, 9);
    net_faults.send_room = 0;

    for (uint8_t i = 0; i < 5; ++i) {
        expect("send_data", do_send_data(4, 10, i), 0);
    }

    net_faults.send_room = -1;
    expect("send_data", do_send_data(4, 10, 9), 1);
    expect("frames", (long)relay.frames, 3);
    expect("stream broken", relay.broken, 0);
}

/* Our own ping finds the socket full: it is queued, and its time counts from now. */
static void ping_when_full(void)
{
    confirmed();
    net_faults.send_room = 0;
    clock_add(30);
    step();
    expect("status", status(), 6);
    expect("pings", relay.pings, 1);
    clock_add(9);
    step();
    expect("status", status(), 6);
    net_faults.send_room = -1;
    step();
    expect("pings", relay.pings, 2);
    relay_pong();
    step();
    clock_add(1);
    step();
    expect("status", status(), 6);
}

static void ping_never_leaves(void)
{
    confirmed();
    net_faults.send_room = 0;
    clock_add(30);
    step();
    clock_add(10);
    step();
    expect("status", status(), 7);
}

/* As many routing requests as there are ids, all queued. */
static void many_requests(void)
{
    confirmed();
    net_faults.send_room = 0;

    for (unsigned i = 0; i < 240; ++i) {
        const int result = send_routing_request(world.log, world.con, peer_key((uint8_t)i));

        if (result != 1) {
            t_line("request %u -> %d", i, result);
        }
    }

    net_faults.send_room = -1;
    relay.silent = true;
    step();
    expect("stream broken", relay.broken, 0);
    t_line("frames %lu", relay.frames);
}

/* 2000 requests for as many keys, without an answer; with a full socket or with a free one. */
static void requests(long room)
{
    confirmed();
    net_faults.send_room = room;
    relay.silent = true;
    unsigned accepted = 0;

    for (unsigned i = 0; i < 2000; ++i) {
        uint8_t key[32] = {(uint8_t)i, (uint8_t)(i >> 8), 1};
        const int result = send_routing_request(world.log, world.con, key);

        if (result != 0 && result != 1) {
            fail("request %u -> %d", i, result);
        }

        accepted += result == 1;
        relay_read();
    }

    net_faults.send_room = -1;
    QUIETLY(step());
    expect_new("accepted", accepted, 2000, 1024);
    expect("all of them sent", relay.frames == 1 + accepted, 1);
    expect("stream broken", relay.broken, 0);
}

static void requests_full(void)
{
    requests(0);
}

static void requests_pending(void)
{
    requests(-1);
}

/* Killed with a queue: nothing more is sent. */
static void kill_with_queue(void)
{
    confirmed();
    make_online(4, 9);
    net_faults.send_room = 10;
    do_send_data(4, 10, 1);
    do_routing_request(peer_key(21));
    do_routing_request(peer_key(22));
    net_faults.send_room = -1;
    close_client();
    expect("frames", (long)relay.frames, 2);
}

/* A relay that only pings and does not read: how many answers are kept. */
static void pong_flood(void)
{
    confirmed();
    net_faults.send_room = 0;
    world.mute = true;
    int pings = 0;

    while (pings < 1000 && status() == 6) {
        ++pings;
        Bytes out = {0};
        const uint8_t ping[9] = {4, (uint8_t)pings, (uint8_t)(pings >> 8), 1};
        relay_put(&out, ping, sizeof(ping));
        far_write(bytes_at(&out), bytes_left(&out));
        bytes_free(&out);
        do_TCP_connection(world.log, world.mono, world.con, (void *)(uintptr_t)77);
    }

    t_note("%d pings taken", pings);
    expect_new("status", status(), 6, 7);
    /* 64 that wait, one that is being written, and the ping that was one too many */
    expect_new("more than 66 pings taken", pings > 66, 1, 0);
}

const Scenario queue_scenarios[] = {
    {"TC-41", BOTH, tc41, 0},
    {"queue-fifo", SIM, fifo, 0},
    {"queue-drain-slowly", SIM, drain_slowly, 0},
    {"queue-partial-data", SIM, partial_data, 0},
    {"queue-partial-priority", SIM, partial_priority, 0},
    {"queue-refused-data", SIM, refused_data, 0},
    {"queue-ping-when-full", SIM, ping_when_full, 0},
    {"queue-ping-never-leaves", SIM, ping_never_leaves, 0},
    {"queue-240-requests", SIM, many_requests, 0},
    {"queue-2000-requests", SIM, requests_full, 0},
    {"queue-2000-pending", BOTH, requests_pending, 0},
    {"queue-kill", SIM, kill_with_queue, 0},
    {"queue-pong-flood", SIM, pong_flood, 0},
    {NULL, 0, NULL, 0},
};
