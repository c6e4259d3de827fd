/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A second thread that calls an object.
 */
#ifndef CONNECTIONS_SECOND_H
#define CONNECTIONS_SECOND_H

#include "node.h"

#include <pthread.h>

typedef struct Second {
    pthread_t thread;
    void (*what)(TCP_Connections *tc);
    TCP_Connections *tc;
    /* Closed when it is through: helgrind knows nothing of atomics. */
    int ends[2];
} Second;

void second_start(Second *second, void (*what)(TCP_Connections *tc), TCP_Connections *tc);
/* A thread that does not come back is blocked by the object, and the test has failed. */
void second_join(Second *second);

#endif
