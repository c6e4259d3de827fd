/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The model of s_chaos.c: which slots are in use, by whom, and what their owners have been told. */
#ifndef DIFF_FRIENDS_CHAOS_H
#define DIFF_FRIENDS_CHAOS_H

#include "suite.h"

#define FRIENDS 20
#define SLOTS 64

typedef struct Model {
    bool there;
    unsigned k;
    unsigned owners;
    bool told[3]; /* as last reported by the global callback, index 0, index 1 */
    int number;   /* of this one alone */
} Model;

extern Model model[SLOTS];
extern unsigned chaos_reports;

void chaos_begin(uint64_t seed);
unsigned chaos_below(unsigned bound);
uint64_t chaos_draw(void);
int chaos_slot(void); /* one in use, or -1 */
/* Few keys for many friends: some have the same. */
unsigned chaos_key(void);
/* Something an owner does, from outside or from inside a callback. */
void chaos_owner(void);
/* Checks each report, and lets owners do things. */
void chaos_hook(const Called *call);

#endif
