/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The declarations generated from the Rust sources, of what we export and of what we import, after
 * our own of the same functions: where the two differ this file does not compile. To be compiled
 * with TOX_ABI 218, 220 or 222. Valid C11 and C++17. */
#ifdef __cplusplus
extern "C" {
#endif

#include "toxabi.h"

/* The guards show that these are the generated headers. */
#if TOX_ABI == 218
#include "toxlink-abi-0.2.18.h"
#ifndef TOXLINK_ABI_0_2_18_H
#error "toxlink-abi-0.2.18.h has no guard"
#endif
#elif TOX_ABI == 220
#include "toxlink-abi-0.2.20.h"
#ifndef TOXLINK_ABI_0_2_20_H
#error "toxlink-abi-0.2.20.h has no guard"
#endif
#else
#include "toxlink-abi-0.2.22.h"
#ifndef TOXLINK_ABI_0_2_22_H
#error "toxlink-abi-0.2.22.h has no guard"
#endif
#endif

#ifdef __cplusplus
}
#endif

/* A translation unit must declare something of its own. */
typedef int toxlink_prototypes_agree;
