/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * toxlink's relay in the place of toxcore's TCP server. It comes out of the standalone library, which
 * is loaded, not linked: the programs hold toxlink's modules for toxcore already, or none at all.
 */
#include "world.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct Toxlink_Relay Toxlink_Relay;

typedef struct Relay_Options {
    size_t size;
    const uint8_t *secret_key;
    const char *const *addresses;
    size_t address_count;
    uint32_t max_clients;
    size_t max_queued;
    void (*log_callback)(int level, const char *message, void *object);
    void *log_object;
    uint32_t log_level;
} Relay_Options;

typedef struct Relay_Figures {
    uint64_t clients, accepted, refused, forwarded, forwarded_bytes, dropped;
} Relay_Figures;

static struct {
    void (*options_init)(Relay_Options *options, size_t size);
    Toxlink_Relay *(*new)(const Relay_Options *options, int *error);
    void (*kill)(Toxlink_Relay *relay);
    bool (*iterate)(Toxlink_Relay *relay, int *error);
    bool (*figures)(const Toxlink_Relay *relay, Relay_Figures *figures, size_t size);
} api;

static void *find(void *library, const char *name)
{
    void *function = dlsym(library, name);

    if (function == NULL) {
        fail_at(__FILE__, __LINE__, "no %s in the library", name);
    }

    return function;
}

static void load(void)
{
    const char *path = getenv("REAL_TOXLINK");
    CHECK(path != NULL);
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);

    if (library == NULL) {
        fail_at(__FILE__, __LINE__, "%s", dlerror());
    }

    *(void **)&api.options_init = find(library, "toxlink_relay_options_init");
    *(void **)&api.new = find(library, "toxlink_relay_new");
    *(void **)&api.kill = find(library, "toxlink_relay_kill");
    *(void **)&api.iterate = find(library, "toxlink_relay_iterate");
    *(void **)&api.figures = find(library, "toxlink_relay_figures");
}

static void log_line(int level, const char *message, void *object)
{
    (void)object;

    if (getenv("REAL_LOG") != NULL) {
        fprintf(stderr, "  relay %d: %s\n", level, message);
    }
}

Toxlink_Relay *own_relay_new(const uint8_t *secret_key, bool v6, uint16_t port)
{
    char text[40];
    const char *const addresses[] = {text};
    Relay_Options options;
    int error = -1;

    if (api.new == NULL) {
        load();
    }

    /* As toxcore's server does: any address of the family, and IPv6 takes IPv4 in. */
    snprintf(text, sizeof(text), "%s:%u", v6 ? "[::]" : "0.0.0.0", port);
    api.options_init(&options, sizeof(options));
    options.secret_key = secret_key;
    options.addresses = addresses;
    options.address_count = 1;
    options.log_callback = log_line;
    options.log_level = 0;
    Toxlink_Relay *relay = api.new(&options, &error);
    CHECK_EQ(error, 0);
    CHECK(relay != NULL);
    return relay;
}

size_t own_relay_do(Toxlink_Relay *relay)
{
    Relay_Figures figures;
    int error = -1;
    CHECK(api.iterate(relay, &error));
    CHECK_EQ(error, 0);
    CHECK(api.figures(relay, &figures, sizeof(figures)));
    return (size_t)figures.accepted;
}

void own_relay_kill(Toxlink_Relay *relay)
{
    api.kill(relay);
}
