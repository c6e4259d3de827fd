/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Ten Tox instances and three relays in one process, driven through tox.h alone. Each
 * instance can go and come back with its saved data, as a client that is started again.
 */
#ifndef STACK_TOWN_H
#define STACK_TOWN_H

#include "check.h"
#include "clock.h"
#include "wires.h"
#include "relay.h"

#include <tox/tox.h>

enum { PERSONS = FIRST_RELAY, STEP_MS = 20, SLOW_STEP_MS = 50 };

typedef struct Person {
    /* NULL while it is away. */
    Tox *tox;
    uint8_t key[TOX_PUBLIC_KEY_SIZE];
    uint8_t *saved;
    size_t saved_size;
    bool udp;
    uint16_t udp_port;
    bool udp_cut;
    /* Times it was started. */
    unsigned lives;
    TOX_CONNECTION self;
    /* When it last asked for the relays, as clients do again while they are offline. */
    uint64_t asked_at;
    /* By person, as the callback told it; the time of the latest change from or to NONE. */
    TOX_CONNECTION status[PERSONS];
    uint64_t changed_at[PERSONS];
    /* Friend number by person (UINT32_MAX: no friend), and the other way round. */
    uint32_t number[PERSONS];
    int person[PERSONS];
} Person;

typedef struct Plan {
    int persons;
    /* Whether this one uses UDP. NULL: nobody. */
    bool (*udp)(int person);
    /* Whether two are friends. NULL: all are. */
    bool (*friends)(int a, int b);
    /* Milliseconds of each step. */
    uint32_t step_ms;
    /* On the system's clock instead of one of our own. */
    bool real_time;
} Plan;

extern Person persons[PERSONS];
extern Plan plan;

/* Starts relays and instances, and makes friends. */
void town_open(Plan wanted);
/* Ends and frees everything. */
void town_close(void);
void step(void);
void step_for(uint32_t ms);

/* Steps until something is so, for at most so many seconds of the clock in use. */
bool within(int seconds, bool (*so)(void));
#define AWAIT(seconds, so) \
    do { \
        if (!within((seconds), (so))) await_failed(__FILE__, __LINE__, (seconds), #so); \
    } while (0)
_Noreturn void await_failed(const char *file, int line, int seconds, const char *what);

/* Says goodbye and ends; or without goodbye, as a process that is killed. */
void person_leave(int person);
void person_crash(int person);
/* A new instance from the saved data. */
void person_return(int person);
void person_cut_udp(int person, bool cut);
bool is_friend(int a, int b);
/* Looks for the others among somebody's friends, after a change of them. */
void know_friends(int person);

/* Everybody has all others for friends. */
bool all_friends(void);
/* Every two friends that are there see one another online; over which way. */
bool all_online(void);
bool all_over_tcp(void);
bool all_over_udp(void);
bool all_at_network(void);

#endif
