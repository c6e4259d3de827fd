/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Specification 11 and 17.4: LAN discovery. */
#include "suite.h"

#include <string.h>

static void open_with_lan(void)
{
    QUIETLY(world_close());
    memset(&near.lan_made, 0, sizeof(near.lan_made));
    near.lan_killed = false;
    world.lan = true;
    QUIETLY(world_open());
    saw_nothing();
}

/* The words of a round: the usual port, and first..last. */
static const char *round_words(unsigned first, unsigned last)
{
    static char text[300];
    size_t n = (size_t)snprintf(text, sizeof(text), "lan(33445)");

    for (unsigned port = first; port <= last; ++port) {
        n += (size_t)snprintf(text + n, sizeof(text) - n, " lan(%u)", port);
    }

    return text;
}

static void fc43(void)
{
    open_with_lan();
    it();
    saw(round_words(33446, 33455));
    it();
    saw("");
    clock_add(10);
    it();
    saw("");
    clock_add(1);
    it();
    saw(round_words(33456, 33465));

    for (unsigned r = 3; r <= 9; ++r) {
        clock_add(11);
        it();
        saw(round_words(33446 + (r - 1) * 10, 33455 + (r - 1) * 10));
    }

    clock_add(11);
    it();
    saw(round_words(33536, 33544));
    clock_add(11);
    it();
    saw(round_words(33446, 33455));
}

static void fc44(void)
{
    answers.no_lan_info = true;
    world.errors = 0;
    open_with_lan();
    expect("logged", world.logged, 1);
    QUIETLY(it());
    saw_new(TOX_ABI == 218 ? round_words(33446, 33455) : "", "");
    kill_friend_connections(world.fc);
    world.fc = NULL;
    saw("lan_kill(none)");
}

static void off(void)
{
    saw_nothing();
    run_seconds(30);
    saw("");
}

/* Sends that fail change nothing. */
static void sends_fail(void)
{
    open_with_lan();
    answers.odd = -1;
    it();
    saw(round_words(33446, 33455));
    clock_add(11);
    it();
    saw(round_words(33456, 33465));
}

/* After the friends; with their events in the same iteration. */
static void after_friends(void)
{
    open_with_lan();
    online(1, 1);
    it();
    char want[600];
    snprintf(want, sizeof(want), "%s %s", first_words(0), round_words(33446, 33455));
    saw(want);
}

static void long_pause(void)
{
    open_with_lan();
    it();
    saw_nothing();
    clock_add(100000);
    it();
    saw(round_words(33456, 33465));
    it();
    saw("");
}

/* From 0, as an embedder's clock may start: the first round waits. */
static void clock_near_zero(void)
{
    open_with_lan();
    world.now = 10;
    it();
    saw("");
    world.now = 11;
    it();
    saw(round_words(33446, 33455));
}

/* A hundred rounds: the ports come round again and again. */
static void many_rounds(void)
{
    open_with_lan();
    world.mute = true;

    for (int i = 0; i < 100; ++i) {
        clock_add(11);
        it();
    }

    world.mute = false;
    saw_nothing();
    clock_add(11);
    it();
    saw(round_words(33446, 33455));
}

const Scenario lan_scenarios[] = {
    {"FC-43", SIM, fc43, 0},
    {"FC-44", SIM, fc44, 0},
    {"lan-off", SIM, off, 0},
    {"lan-sends-fail", SIM, sends_fail, 0},
    {"lan-after-friends", SIM, after_friends, 0},
    {"lan-long-pause", SIM, long_pause, 0},
    {"lan-clock-near-zero", SIM, clock_near_zero, 0},
    {"lan-many-rounds", SIM, many_rounds, 0},
    {NULL, 0, NULL, 0},
};
