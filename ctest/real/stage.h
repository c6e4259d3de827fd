/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One client at a scripted relay, ready to get a packet of each kind: what the
 * tests of re-entrancy and threads act on.
 */
#ifndef REAL_STAGE_H
#define REAL_STAGE_H

#include "script.h"

enum {
    /* Connection ids of the stage: two online routes, one that was asked for. */
    ID_FIRST = 5,
    ID_SECOND = 6,
    ID_ASKED = 7,
    NUMBER_FIRST = 500,
    NUMBER_SECOND = 600,
    /* Events of stage_send_rest. */
    REST = 5,
};

typedef struct Stage {
    Script script;
    Client *client;
    uint8_t first[32];
    uint8_t second[32];
    uint8_t asked[32];
} Stage;

void stage_open(Stage *stage);
void stage_close(Stage *stage);
/* Puts the packet that causes this callback into the client's socket; no step. */
void stage_send(Stage *stage, Event_Kind kind);
/* The same with one packet each of data, OOB, onion, forwarding and data again. */
void stage_send_rest(Stage *stage);
/* Checks that the client's events from `at` on are the rest, and nothing more. */
void stage_check_rest(const Client *client, size_t at, uint32_t number);

#endif
