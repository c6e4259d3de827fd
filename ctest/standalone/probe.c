// SPDX-License-Identifier: GPL-3.0-or-later
/* The smallest program with the standalone library: a key, and a relay on a thread of its own. C and C++. */
#include <toxlink.h>

#include <stdint.h>
#include <stdio.h>

int main(void)
{
    uint8_t secret_key[TOXLINK_KEY_SIZE];
    uint8_t public_key[TOXLINK_KEY_SIZE];
    Toxlink_Relay *relay;
    unsigned port;

    if (!toxlink_version_is_compatible(TOXLINK_VERSION_MAJOR, TOXLINK_VERSION_MINOR, TOXLINK_VERSION_PATCH)) {
        fprintf(stderr, "the library is not of this header's version\n");
        return 1;
    }

    if (!toxlink_key_new(secret_key, public_key, NULL)) {
        fprintf(stderr, "no key\n");
        return 1;
    }

    toxlink_key_wipe(secret_key);
    relay = toxlink_relay_new(NULL, NULL);

    if (relay == NULL || !toxlink_relay_start(relay, NULL)) {
        fprintf(stderr, "no relay\n");
        return 1;
    }

    port = toxlink_relay_port(relay, 0);
    toxlink_relay_kill(relay);

    if (port == 0) {
        fprintf(stderr, "no port\n");
        return 1;
    }

    printf("toxlink %u.%u.%u works\n", (unsigned)toxlink_version_major(), (unsigned)toxlink_version_minor(),
           (unsigned)toxlink_version_patch());
    return 0;
}
