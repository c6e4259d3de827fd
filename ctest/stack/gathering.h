/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A private group of the newer kind (toxcore 0.2.20 and later), of the town's people. Its members
 * reach one another over connections of the group's own, with relays of its own.
 */
#ifndef STACK_GATHERING_H
#define STACK_GATHERING_H

#include <stdbool.h>
#include <tox/tox.h>

void gathering_register(Tox *tox);
/* The instance of this one has ended, or been started from its saved data, with the group in it. */
void gathering_ended(int person);
void gathering_restore(int person);
void gathering_open(int person);
/* Between friends that are online. */
void gathering_invite(int from, int to);
/* Each member that is there sees each other one, and nobody else. */
bool gathering_complete(void);
/* How many see another one; each pair counts twice. */
uint32_t gathering_pairs(void);
/* Each member that is there says one thing. */
void gathering_say(void);
/* All that was said has arrived at those who were members and there at that time. That it
 * comes only once and in order is checked on arrival. */
bool gathering_heard(void);

#endif
