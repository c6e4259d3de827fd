/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A conference of the town's people; for groups of the newer kind see gathering.h.
 */
#ifndef STACK_MEETING_H
#define STACK_MEETING_H

#include <stdbool.h>
#include <tox/tox.h>

void meeting_register(Tox *tox);
/* The instance has been started from saved data and looks for its conference in it. */
void meeting_restore(int person);
void meeting_open(int person);
/* Between friends that are online. */
void meeting_invite(int from, int to);
void meeting_leave(int person);
/* Each member that is there sees each other one, and nobody else. */
bool meeting_complete(void);
/* Each member that is there says one thing. */
void meeting_say(void);
/* All that was said has arrived at those who were members and there at that time. That it
 * comes only once and in order is checked on arrival. */
bool meeting_heard(void);

#endif
