/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Something that an owner does inside a callback. Slot SELF of three, all online, is reported. */
#ifndef DIFF_FRIENDS_INSIDE_H
#define DIFF_FRIENDS_INSIDE_H

#include "suite.h"

#define SELF 1

typedef struct Action {
    const char *name;
    void (*run)(void);
    bool moves;    /* frees or moves what the original goes on reading: D2, D4 */
    bool lost;     /* the reported friend is gone afterwards */
} Action;

extern const Action actions[];
extern const unsigned actions_count;

/* Those that some scenarios use by themselves. */
void inside_kill_self(void);
void inside_replace_self(void);
void inside_new_key(void);
void inside_iterate(void);

/* Three friends; the callback in which the action is to happen. */
void inside_scene(Which which, int index, bool on);
extern Which inside_which;
extern int inside_index;
extern bool inside_on;
/* The event that leads to that callback, with this action in it. */
void inside_cause(const Action *act);
/* Only the action; the scenario brings about the event itself. */
void inside_wait(const Action *act);
/* Life goes on: a moment later everything that was begun has an end. */
void inside_afterwards(void);

#endif
