/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Time and chance in the test's hand: tox.h has no means for either.
 */
#ifndef STACK_CLOCK_H
#define STACK_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* From here on the monotonic clock stands still but for clock_pass. */
void clock_own(void);
void clock_pass(uint32_t ms);
bool clock_is_own(void);
/* Milliseconds of the clock in use. */
uint64_t clock_ms(void);

/* All of libsodium's random numbers come from this seed; before anything of toxcore is called. */
void chance_own(uint64_t seed);

#endif
