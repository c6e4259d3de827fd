/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Memory objects of a test's own, for toxcore 0.2.20 and later.
 */
#ifndef REAL_MEMORY_H
#define REAL_MEMORY_H

#include "world.h"

#if TOX_ABI > 218
/* The system's, with a count of what is out. */
const Memory *memory_counted(void);
/* Blocks that were taken from it and not given back. */
size_t memory_blocks(void);
/* One that never has any. */
const Memory *memory_empty(void);
#endif

#endif
