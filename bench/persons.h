/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Two Tox instances without UDP that are friends, each in a process of its own, with three relays between
 * them. Once they are online they send each other a small packet at each step.
 */
#ifndef TOXLINK_BENCH_PERSONS_H
#define TOXLINK_BENCH_PERSONS_H

#include "relays.h"

enum { PERSONS = 2, LIVES = 3, SAVE_LIMIT = 65536, OTHER_NODES = 5 };

/* All times are now_ns(); 0 = not yet. */
typedef struct Person_Shared {
    atomic_bool leave;              /* is to save, say goodbye and end */
    atomic_ullong born_ns[LIVES];   /* when each life began; the first is number 1 */
    atomic_ullong heard_ns[LIVES];  /* first packet from each life of the other, in the present life of this one */
    atomic_ullong passed_ns;        /* first packet that was sent after the fault */
    atomic_ullong connected_ns;     /* own connection to the network, in the present life */
    atomic_uint carrier;            /* the relay to which most was sent in the last second */
    size_t saved_size;
    uint8_t saved[SAVE_LIMIT];
} Person_Shared;

typedef struct Town {
    atomic_ullong fault_ns;
    Keys keys[PERSONS];
    Relay relays[RELAYS];
    Relay others;           /* nodes that both know; no relays of theirs */
    Person_Shared persons[PERSONS];
} Town;

/* Runs until it is told to leave, or killed. In a life after the first it starts from what was saved. */
void person_live(Town *town, int number, unsigned life);

#endif
