/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * In place of the many files of toxcore that stay as they are; their code is in rest.o. */
#include "tox.h"

extern const int standin_of_tox_c;
const int standin_of_tox_c = TOX_VERSION_MAJOR;
