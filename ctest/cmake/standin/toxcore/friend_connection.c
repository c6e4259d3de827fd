/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * In place of toxcore's file of this name. */
#include "forward.h"

STANDIN("friend_connection.c");
/* FORWARD(name); for each function of the module, in this version of toxcore. */
#include "friend-connection.names"
