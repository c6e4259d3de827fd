/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * An object with a peer and a relay in each state: what misuse is tried on.
 */
#ifndef CONNECTIONS_FIELD_H
#define CONNECTIONS_FIELD_H

#include "node.h"

enum {
    /* Relay numbers: the pair talks over the first, the second is asleep, the third never answers;
     * the fourth does not exist. */
    R_CONNECTED = 0,
    R_SLEEPING = 1,
    R_VALID = 2,
    R_NONE = 3,
    /* Peer numbers: the pair's, one who sleeps, one who was killed, one who is not online, none. */
    P_ONLINE = 0,
    P_SLEEPING = 1,
    P_KILLED = 2,
    P_OFFLINE = 3,
    P_NONE = 4,
};

typedef struct Field {
    Pair pair;
    TCP_Connections *tc;
    Relay *relay[2];
    int listener;
    IP_Port silent;
    uint8_t silent_pk[32];
    uint8_t sleeper[32];
} Field;

extern Field F;
/* Random bytes to send. */
extern uint8_t payload[UINT16_MAX + 1];

void field_open(void);
/* Complains in one go about all that was told, and closes the field. */
void field_close(void);
/* Notes a complaint if the values differ, and also if anything in the field has changed. */
void verdict(long long got, long long want, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* One call and its result. */
#define TRY(want, expression) verdict((long long)(expression), (want), "%s", #expression)
/* Data still passes both ways, and nothing but data has come to the other side. */
void field_check(void);

#endif
