/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sockets that are full or fail while something is sent. */
#include "suite.h"

#include <errno.h>

/* Peer 0 online on R0 and R1, which have got nothing new. */
static void two_online(void)
{
    peer_on(0, 0, 1);
    online(0, 0, 16);
    online(1, 0, 17);
    new_frames(0);
    new_frames(1);
}

static void tn13(void)
{
    two_online();
    relays[0].room = 0;
    expect("first is full", api_send(0, 100, 1), 0);
    expect("R0", new_frames(0), 0);
    expect("R1", new_frames(1), 1);
    relays[1].room = 0;
    expect("both are full", api_send(0, 100, 1), -1);
    relays[0].room = relays[1].room = -1;
    pass();
    expect("R0", new_frames(0), 0);
    expect("R1", new_frames(1), 0);
    expect("back to the first", api_send(0, 100, 1), 0);
    expect("R0", new_frames(0), 1);
    expect("connected", connected(), 2);
}

/* One online slot is full, another slot is REGISTERED: no OOB. */
static void no_oob_when_full(void)
{
    peer_on(0, 0, 1);
    online(0, 0, 16);
    registered(1, 0, 17);
    relays[0].room = 0;
    new_frames(1);
    expect("send", api_send(0, 100, 1), -1);
    relays[0].room = -1;
    pass();
    expect("R1", new_frames(1), 0);
}

/* A frame that left in part: it counts as sent, its rest comes first later. */
static void partial(void)
{
    two_online();
    relays[0].room = 50;
    expect("part of it", api_send(0, 100, 1), 0);
    expect("R0", new_frames(0), 0);
    expect("the next one", api_send(0, 100, 2), 0);
    expect("R1", new_frames(1), 1);
    relays[0].room = -1;
    pass();
    expect("the rest", new_frames(0), 1);
    expect("then R0 again", api_send(0, 100, 3), 0);
    expect("R0", new_frames(0), 1);
    expect("R1", new_frames(1), 0);
}

/* Six online slots, all full but the last. */
static void only_the_last(void)
{
    peer_on(0, 0, 5);

    for (int r = 0; r < 6; ++r) {
        online(r, 0, (uint8_t)(16 + r));
        relays[r].room = r < 5 ? 0 : -1;
        new_frames(r);
    }

    expect("online", api_online(0), 6);
    expect("send", api_send(0, 100, 1), 0);
    expect("R5", new_frames(5), 1);
    relays[5].room = 0;
    expect("all full", api_send(0, 100, 1), -1);
    relays[2].room = -1;
    expect("one free", api_send(0, 100, 1), 0);
    expect("R2", new_frames(2), 1);
}

static void oob_full(void)
{
    peer_on(0, 0, 1);
    registered(0, 0, 16);
    registered(1, 0, 17);
    new_frames(0);
    new_frames(1);
    relays[0].room = 0;
    expect("one is full", api_send(0, 100, 1), 0);
    expect("R1", new_frames(1), 1);
    relays[1].room = 0;
    expect("both are full", api_send(0, 100, 1), -1);
    expect("direct", api_oob(0, 0, 10, 1), -1);
    expect("by key", api_oob_key(1, 0, 10, 1), -1);
    expect("onion", api_onion(0, 10, 1), -1);
    relays[0].room = relays[1].room = -1;
    pass();
    expect("R0", new_frames(0), 0);
    expect("R1", new_frames(1), 0);
}

/* Routing and disconnect requests wait for room. */
static void control_waits(void)
{
    two_online();
    relays[0].room = 0;
    expect("new B", api_peer(1), 1);
    expect("add B", api_number(1, 0), 0);
    expect("kill A", api_kill(0), 0);
    expect("R0", new_frames(0), 0);
    expect("R1", new_frames(1), 1);
    pass();
    relays[0].room = -1;
    pass();
    expect("R0", new_frames(0), 2);
    expect("disconnect last", relays[0].last[0], 3);
    online(0, 1, 18);
    expect("B online", api_online(1), 1);
}

/* A full relay is neither dropped nor forgotten, however long it lasts (ours pings it meanwhile). */
static void full_for_long(void)
{
    two_online();
    relays[0].room = 0;

    for (int i = 0; i < 5; ++i) {
        expect("send", api_send(0, 100, 1), 0);
        run_seconds(1);
    }

    expect("R1", new_frames(1), 5);
    relays[0].room = -1;
    passes(3);
    expect("online", api_online(0), 2);
    expect("connected", connected(), 2);
    expect("R0", new_frames(0), 0);
}

/* The carrier's socket fails. */
static void socket_fails(void)
{
    two_online();
    relays[0].send_errno = EPIPE;
    expect("send", api_send(0, 100, 1), 0);
    expect("R1", new_frames(1), 1);
    expect("again", api_send(0, 100, 1), 0);
    expect("R1", new_frames(1), 1);
}

/* The only carrier's socket fails, another slot is REGISTERED. The original takes the failure for
 * a full socket; ours knows that the relay is lost and uses OOB on the other. */
static void socket_fails_oob(void)
{
    peer_on(0, 0, 1);
    online(0, 0, 16);
    registered(1, 0, 17);
    new_frames(1);
    relays[0].send_errno = EPIPE;
    expect_new("send", api_send(0, 100, 1), -1, 0);
    expect_new("R1", new_frames(1), 0, 1);
}

/* A real socket that nobody reads: refused in the end, and then everything that was accepted comes
 * in order, control packets included. */
static void real_socket(void)
{
    peer_on(0, 0, 0);
    online(0, 0, 16);
    relays[0].silent = relays[0].deaf = true;
    new_frames(0);
    long accepted = 0;
    quiet_begin();

    while (accepted < 40000 && api_send(0, 1400, 1) == 0) {
        ++accepted;
    }

    quiet_end();
    expect("refused in the end", accepted < 40000, true);
    expect("new B", api_peer(1), 1);
    expect("add B", api_number(1, 0), 0);
    passes(3);
    relays[0].deaf = false;
    QUIETLY(passes(50));
    expect("all that was accepted, and one request", new_frames(0) - accepted, 1);
    expect("send", api_send(0, 1400, 1), 0);
    online(0, 1, 17);
    expect("B online", api_online(1), 1);
    t_note("accepted %ld", accepted);
}

const Scenario full_scenarios[] = {
    {"TN-13", SIM, tn13, 0},
    {"full-no-oob", SIM, no_oob_when_full, 0},
    {"full-partial", SIM, partial, 0},
    {"full-only-the-last", SIM, only_the_last, 0},
    {"full-oob", SIM, oob_full, 0},
    {"full-control-waits", SIM, control_waits, 0},
    {"full-for-long", SIM, full_for_long, 0},
    {"full-real-socket", TCP, real_socket, 0},
    {"full-socket-fails", SIM, socket_fails, 0},
    {"full-socket-fails-oob", SIM, socket_fails_oob, 0},
    {NULL, 0, NULL, 0},
};
