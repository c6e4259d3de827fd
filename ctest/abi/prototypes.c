/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The declarations generated from the Rust sources, of what we export and of what we import, after
 * our own of the same functions: where the two differ this file does not compile. Valid C11 and
 * C++17. */
#define TOX_ABI 218

#ifdef __cplusplus
extern "C" {
#endif

#include "toxabi.h"

/* Not imported by the original modules and so not in toxabi.h. */
int net_send(const Network *ns, const Logger *log, Socket s, const uint8_t *buf, size_t n, const IP_Port *peer);
int net_recv(const Network *ns, const Logger *log, Socket s, uint8_t *buf, size_t n, const IP_Port *peer);

#include "toxlink-abi-0.2.18.h"

#ifdef __cplusplus
}
#endif

#ifndef TOXLINK_ABI_0_2_18_H
#error "toxlink-abi-0.2.18.h is not the generated header: it has no guard TOXLINK_ABI_0_2_18_H"
#endif

/* A translation unit must declare something of its own. */
typedef int toxlink_prototypes_agree;
