// SPDX-License-Identifier: GPL-3.0-or-later
//
// A program that knows nothing but tox.h, on the shared library: makes an instance that has to use all
// three modules, runs it for a while, saves it, loads it again. usage: load LIBRARY PORT
// LIBRARY is the file that must be loaded; on PORT of 127.0.0.1 something listens that is no relay.

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <tox/tox.h>

#define ROUNDS 40

static int fail(const char *what) {
    fprintf(stderr, "%s\n", what);
    return 1;
}

static int loaded(const char *library) {
    char line[4096];
    int seen = 0, other = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    if (maps == NULL) {
        return 0;
    }
    while (fgets(line, sizeof(line), maps) != NULL) {
        const char *path = strchr(line, '/'), *name = strrchr(line, '/');
        if (path == NULL || strstr(name, "libtoxcore") == NULL) {
            continue;
        }
        line[strcspn(line, "\n")] = '\0';
        if (strcmp(path, library) == 0) {
            seen = 1;
        } else {
            other = 1;
        }
    }
    fclose(maps);
    return seen && !other;
}

static Tox *start(const uint8_t *saved, size_t length) {
    struct Tox_Options *options = tox_options_new(NULL);
    if (options == NULL) {
        return NULL;
    }
    tox_options_set_udp_enabled(options, false);
    tox_options_set_local_discovery_enabled(options, false);
    if (saved != NULL) {
        tox_options_set_savedata_type(options, TOX_SAVEDATA_TYPE_TOX_SAVE);
        tox_options_set_savedata_data(options, saved, length);
    }
    Tox *tox = tox_new(options, NULL);
    tox_options_free(options);
    return tox;
}

static void iterate(Tox *tox) {
    const struct timespec pause = {0, 50 * 1000 * 1000};
    for (int round = 0; round < ROUNDS; ++round) {
        tox_iterate(tox, NULL);
        nanosleep(&pause, NULL);
    }
}

int main(int argc, char **argv) {
    unsigned int port = 0;
    if (argc != 3 || sscanf(argv[2], "%u", &port) != 1) {
        return fail("usage: load LIBRARY PORT");
    }
    if (!loaded(argv[1])) {
        return fail("another libtoxcore is loaded");
    }
    Tox *tox = start(NULL, 0);
    if (tox == NULL) {
        return fail("tox_new failed");
    }
    uint8_t key[TOX_PUBLIC_KEY_SIZE], found[TOX_PUBLIC_KEY_SIZE];
    tox_self_get_public_key(tox, key);
    key[0] ^= 1;
    if (tox_friend_add_norequest(tox, key, NULL) != 0) {
        return fail("tox_friend_add_norequest failed");
    }
    key[0] ^= 2;
    if (!tox_add_tcp_relay(tox, "127.0.0.1", (uint16_t)port, key, NULL)) {
        return fail("tox_add_tcp_relay failed");
    }
    iterate(tox);
    if (tox_self_get_connection_status(tox) != TOX_CONNECTION_NONE) {
        return fail("connected, though nothing answers");
    }
    static uint8_t saved[65536];
    const size_t length = tox_get_savedata_size(tox);
    if (length > sizeof(saved)) {
        return fail("the saved state is too long");
    }
    tox_get_savedata(tox, saved);
    tox_kill(tox);
    tox = start(saved, length);
    if (tox == NULL) {
        return fail("tox_new failed with what was saved");
    }
    key[0] ^= 2;
    if (!tox_friend_get_public_key(tox, 0, found, NULL) || memcmp(found, key, sizeof(key)) != 0) {
        return fail("the friend was not saved");
    }
    tox_iterate(tox, NULL);
    tox_kill(tox);
    printf("toxcore %u.%u.%u\n", tox_version_major(), tox_version_minor(), tox_version_patch());
    return 0;
}
