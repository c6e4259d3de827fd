/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What friends say to one another, and whether it arrives as toxcore promises.
 *
 * toxcore delivers what is sent to a friend in order, whole and exactly once, for as long as it
 * calls the friend online. When the friend goes offline, the end of what was sent may be lost:
 * the sender knows of each message by its receipt whether it has arrived, and says the others
 * again when the friend is back, as clients do. So a message can come twice, but only if its
 * sender had no receipt when the friend went. All of this is checked with every packet:
 *
 * - Within one session (from online to offline, as the sender saw it) packets come in order, from
 *   the first on, with none left out and none twice, messages and lossless packets in one row.
 * - A message comes once per session at most, and none before its predecessor.
 * - Receipts come in order, once each, and only for messages that have arrived.
 */
#ifndef STACK_TALK_H
#define STACK_TALK_H

#include <stdbool.h>
#include <stdint.h>
#include <tox/tox.h>

typedef struct Talk_Sum {
    uint64_t said;
    uint64_t delivered;
    /* Messages that came in more than one session. */
    uint64_t repeated;
    uint64_t packets;
    uint64_t sessions;
} Talk_Sum;

void talk_register(Tox *tox);
/* `from` sees `to` come (up) or go. */
void talk_session(int from, int to, bool up);
/* Sends what a person has to say and may. */
void talk_step(int person);

/* So many more messages from everybody to each friend; or from one person to another. */
void talk_say(uint32_t messages);
void talk_say_to(int from, int to, uint32_t messages);
/* Everything that was to be said has arrived and is known to have. */
bool talk_over(void);
bool talk_over_between(int from, int to);
uint32_t talk_heard(int from, int to);
/* Sessions so far. */
uint32_t talk_sessions(int from, int to);
Talk_Sum talk_sum(void);

#endif
