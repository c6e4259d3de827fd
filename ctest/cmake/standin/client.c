/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A Tox client with a friend and a relay, neither of which can be reached, for fifty iterations:
 * enough to call each of the three modules. */
#include <stdio.h>
#include <string.h>

#include <tox/tox.h>

static void fill_key(uint8_t key[TOX_PUBLIC_KEY_SIZE])
{
    /* Any x coordinate will do for both. */
    memset(key, 9, TOX_PUBLIC_KEY_SIZE);
    key[TOX_PUBLIC_KEY_SIZE - 1] = 1;
}

int main(void)
{
    struct Tox_Options *const options = tox_options_new(NULL);

    if (options == NULL) {
        return 1;
    }

    tox_options_set_udp_enabled(options, false);
    tox_options_set_local_discovery_enabled(options, false);
    Tox *const tox = tox_new(options, NULL);
    tox_options_free(options);

    if (tox == NULL) {
        return 2;
    }

    uint8_t key[TOX_PUBLIC_KEY_SIZE];
    fill_key(key);

    if (tox_friend_add_norequest(tox, key, NULL) == UINT32_MAX) {
        return 3;
    }

    if (!tox_add_tcp_relay(tox, "127.0.0.1", 1, key, NULL)) {
        return 4;
    }

    for (int i = 0; i < 50; ++i) {
        tox_iterate(tox, NULL);
    }

    tox_kill(tox);
    printf("tox %u.%u.%u works\n", tox_version_major(), tox_version_minor(), tox_version_patch());
    return 0;
}
