/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What this process uses.
 */
#ifndef STACK_USAGE_H
#define STACK_USAGE_H

#include <stdint.h>

typedef struct Usage {
    /* Bytes that are allocated; not told under valgrind. */
    uint64_t heap;
    uint64_t resident;
    /* Open descriptors other than the sockets of instances and relays. */
    unsigned files;
} Usage;

Usage usage_now(void);
/* Fails if the later one is more than noise above the first. */
void usage_compare(const Usage *first, const Usage *later);

#endif
