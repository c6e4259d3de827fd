/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The end of an object: every socket is closed, nothing is said, nobody is called. */
#include "suite.h"

/* Ends the object and checks what the relays saw. */
static void end_now(int first, int last)
{
    unsigned long frames = 0;

    for (int r = first; r <= last; ++r) {
        frames += relays[r].frames;
    }

    const unsigned calls = world.all_calls;
    kill_tcp_connections(world.tc);
    world.tc = NULL;
    look();

    for (int r = first; r <= last; ++r) {
        frames -= relays[r].frames;
        expect("left", relays[r].link < 0, true);
    }

    expect("frames", (long)frames, 0);
    expect("callbacks", world.all_calls, calls);
    expect("sockets", far_end->open_sockets() > 0, false);
}

/* TN-59: relays that are connecting, connected, marked, asleep and lost, and a hole. */
static void tn59(void)
{
    kill_tcp_connections(NULL);
    peer_on(0, 0, 1);
    online(0, 0, 16);
    api_status(0, false);
    run_seconds(10);
    api_onion_status(true);
    peer_on(1, 2, 4);
    online(2, 1, 16);
    registered(3, 1, 17);
    api_kill_relay(4);
    api_global(5);
    api_global(6);
    pass();
    relay_answer(6);
    relay_data(2, 16, 3, 1);
    relay_break(3);
    end_now(0, 6);
}

static void empty(void)
{
    end_now(0, -1);
    world_open();
    api_peer(0);
    end_now(0, -1);
}

static void never_passed(void)
{
    api_peer(0);
    api_add(0, 0);
    api_global(1);
    end_now(0, 1);
}

/* Requests, data and half a frame wait for room in the socket. */
static void full_socket(void)
{
    peer_on(0, 0, 1);
    online(0, 0, 16);
    relays[0].room = 30;
    relays[1].room = 0;
    api_send(0, 100, 1);
    api_peer(1);
    api_number(1, 0);
    api_number(1, 1);
    api_kill(0);
    end_now(0, 1);
}

/* The far end is gone already. */
static void far_end_gone(void)
{
    peer_on(0, 0, 1);
    online(0, 0, 16);
    online(1, 0, 16);
    relay_close(0);
    relay_reset(1);
    end_now(0, 1);
}

/* The next object with the same keys knows nothing of the last one. */
static void again(void)
{
    peer_on(0, 0, 0);
    online(0, 0, 16);
    end_now(0, 0);
    world_open();
    expect("count", count(), 0);
    expect("send", api_send(0, 3, 1), -1);
    peer_on(0, 0, 0);
    online(0, 0, 16);
    expect("send", api_send(0, 3, 1), 0);
}

static void many(void)
{
    api_peer(0);
    quiet_begin();

    for (int r = 0; r < 60; ++r) {
        api_global(r);
    }

    up_all(0, 59);
    end_now(0, 59);
    quiet_end();
}

const Scenario kill_scenarios[] = {
    {"TN-59", BOTH, tn59, 0},
    {"kill-empty", SIM, empty, 0},
    {"kill-never-passed", BOTH, never_passed, 0},
    {"kill-full-socket", SIM, full_socket, 0},
    {"kill-far-end-gone", BOTH, far_end_gone, 0},
    {"kill-and-again", SIM, again, 0},
    {"kill-many", SIM, many, 0},
    {NULL, 0, NULL, 0},
};
