/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The smallest user of toxcore: it calls nothing but the public API. Of such a program the linker
 * asks libtoxlink.a for nothing by itself, so its link map shows whether a module was swapped.
 * Run without arguments it only checks the version and opens no socket. */
#include <stddef.h>

#include <tox/tox.h>

int main(int argc, char **argv)
{
    (void)argv;

    if (!TOX_VERSION_IS_ABI_COMPATIBLE()) {
        return 1;
    }

    if (argc > 1) {
        Tox *const tox = tox_new(NULL, NULL);

        if (tox != NULL) {
            tox_kill(tox);
        }
    }

    return 0;
}
