/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Specification 4, 7.5, 10 and 17.6: who is called, in which order, with what. */
#include "suite.h"

static void fc59(void)
{
    const int id = searching(1);
    api_global();
    api_callbacks(id, 0, 77);
    api_callbacks(id, 1, 0);
    api_key(id, 1);
    saw_nothing();
    expect("status before", api_status(0), 1);
    ev_up(0);
    saw("on(0,1) G(0,1) S0(77,1) S1(0,1)");
    ev_down(0);
    saw("on(0,0) G(0,0) S0(77,0) S1(0,0)");
}

static void fc60(void)
{
    connecting(1, 1);
    api_global();
    ev_down(0);
    saw("");
    expect("crypto id", api_crypto(0), -1);
    expect("status", api_status(0), 1);
}

/* The global callback gets the slot's id, the others their own numbers, whatever these are. */
static void numbers(void)
{
    searching(9);
    const int id = connecting(1, 1);
    api_global();
    api_callbacks(id, 0, -1);
    api_callbacks(id, 1, 2147483647);
    ev_up(0);
    saw("on(1,1) G(1,1) S0(-1,1) S1(2147483647,1)");
    ev_packet(0, 64, 2);
    ev_packet(0, 200, 2);
    saw("D0(-1,64,2) D1(2147483647,64,2) L0(-1,200,2) L1(2147483647,200,2)");
}

/* What the callbacks see: the slot is up to date before the first of them. */
static int seen_status, seen_crypto;

static void look_hook(const Called *call)
{
    if (call->which == CB_GLOBAL || call->which == CB_STATUS) {
        seen_status = (int)api_status(0);
        seen_crypto = api_crypto(0);
        t_line("  inside: status %d crypto id %d", seen_status, seen_crypto);
    }
}

static void state_inside(void)
{
    connecting(1, 1);
    api_global();
    world.hook = look_hook;
    ev_up(0);
    expect("status inside", seen_status, 2);
    expect("crypto id inside", seen_crypto, 0);
    ev_down(0);
    expect("status inside", seen_status, 1);
    expect("crypto id inside", seen_crypto, -1);
    it();
    ev_up(1);
    expect("crypto id inside", seen_crypto, 1);
    clock_add(33);
    it();
    expect("crypto id inside silence", seen_crypto, -1);
    it();
    ev_up(2);
    api_key(0, 2);
    expect("crypto id inside a key change", seen_crypto, -1);
    expect("crypto id after it", api_crypto(0), 3);
    saw_nothing();
}

/* Only some of the callbacks: a set without an object may have gaps. */
static void gaps(void)
{
    connecting(1, 1);
    friend_connection_callbacks(world.fc, 0, 0, NULL, on_data0, NULL, NULL, 5);
    friend_connection_callbacks(world.fc, 0, 1, on_status1, NULL, on_lossy1, NULL, 6);
    ev_up(0);
    saw("on(0,1) S1(6,1)");
    ev_packet(0, 64, 2);
    ev_packet(0, 200, 2);
    saw("D0(5,64,2) L1(6,200,2)");
    ev_down(0);
    saw("on(0,0) S1(6,0)");
}

/* D24: net_crypto says up twice. Everything repeats, the time of the last ALIVE included. */
static void up_twice(void)
{
    connected(1, 1);
    api_global();
    clock_add(20);
    ev_up(0);
    saw("on(0,1) G(0,1) S0(100,1) S1(200,1)");
    it();
    saw("write(0,16,1) copy(3)=3 rpeer(0,R901) rpeer(0,R902) rpeer(0,R903) write(0,17,118)");
    clock_add(32);
    it();
    expect("status", api_status(0), 2);
    clock_add(1);
    it();
    expect("status", api_status(0), 1);
    saw_nothing();
}

/* Results of callbacks mean nothing. */
static void results_ignored(void)
{
    connecting(1, 1);
    api_global();
    api_request_handler();
    answers.odd = -1;
    ev_up(0);
    expect("data", ev_packet(0, 64, 2), 0);
    expect("lossy", ev_packet(0, 200, 2), 0);
    expect("request", ev_packet(0, 18, 20), 0);
    ev_down(0);
    answers.odd = 1;
    it();
    ev_up(1);
    expect("data", ev_packet(1, 64, 2), 0);
    expect("lossy", ev_packet(1, 200, 2), 0);
    expect("request", ev_packet(1, 18, 20), 0);
    saw_nothing();
}

/* Callbacks are the friend's, the global one everybody's. */
static void friends_apart(void)
{
    online(1, 1);
    online(2, 2);
    api_global();
    saw_nothing();
    ev_packet(1, 64, 2);
    saw("D0(101,64,2) D1(201,64,2)");
    ev_down(0);
    saw("on(0,0) G(0,0) S0(100,0) S1(200,0)");
    ev_down(1);
    saw("on(1,0) G(1,0) S0(101,0) S1(201,0)");
}

/* The sets are replaced as a whole, at any time. */
static void replaced(void)
{
    connected(1, 1);
    api_callbacks(0, 0, 1);
    ev_packet(0, 64, 2);
    saw("D0(1,64,2) D1(200,64,2)");
    api_callbacks(0, 0, 2);
    ev_packet(0, 64, 2);
    saw("D0(2,64,2) D1(200,64,2)");
    api_clear(0, 0);
    ev_packet(0, 64, 2);
    saw("D1(200,64,2)");
    api_clear(0, 1);
    ev_packet(0, 64, 2);
    saw("");
    api_callbacks(0, 1, 3);
    ev_packet(0, 200, 2);
    saw("L1(3,200,2)");
}

/* The whole life of one friend, with everybody listening. */
static void life(void)
{
    searching(1);
    api_global();
    api_request_handler();
    ev_okey(0, 1);
    ev_relay_n(0, 1);
    ev_relay_n(0, 2);
    ev_addr(0, at4(UDP4, 1, 2, 3, 4, 5));
    it();
    ev_up(0);
    it();
    ev_packet(0, 16, 1);
    ev_packet(0, 24, 1);
    ev_packet(0, 64, 1373);
    ev_packet(0, 200, 1373);
    run_seconds(30);
    ev_packet(0, 16, 1);
    run_seconds(40);
    ev_offer(1, 2, at4(UDP4, 1, 2, 3, 4, 6));
    it();
    ev_down(api_crypto(0));
    ev_offer(1, 2, at4(UDP4, 1, 2, 3, 4, 6));
    ev_up(api_crypto(0));
    run_seconds(10);
    api_kill(0);
    saw_nothing();
}

const Scenario dispatch_scenarios[] = {
    {"FC-59", SIM, fc59, 0},
    {"FC-60", SIM, fc60, 0},
    {"dispatch-numbers", SIM, numbers, 0},
    {"dispatch-state-inside", SIM, state_inside, 0},
    {"dispatch-gaps", SIM, gaps, 0},
    {"dispatch-up-twice", SIM, up_twice, 0},
    {"dispatch-results-ignored", SIM, results_ignored, 0},
    {"dispatch-friends-apart", SIM, friends_apart, 0},
    {"dispatch-replaced", SIM, replaced, 0},
    {"dispatch-life", SIM, life, 0},
    {NULL, 0, NULL, 0},
};
