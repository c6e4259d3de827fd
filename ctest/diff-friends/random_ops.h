/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What happens in the random lives of s_random.c. */
#ifndef DIFF_FRIENDS_RANDOM_OPS_H
#define DIFF_FRIENDS_RANDOM_OPS_H

#include "suite.h"

void random_begin(uint64_t seed);
void random_operation(void);
void random_hook(const Called *call);

#endif
