/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * No memory: each allocation of a scenario fails once, and from each on all of them. Nothing may end the
 * program; calls answer ..._MALLOC until there is memory again, and then everything works as before.
 *
 * Only the library's own allocations fail, told by where malloc() is called from. What the C library needs
 * for itself is not ours.
 */
#include "scene.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* The program's own code, with the library's in it: from the linker. */
extern const char __executable_start, etext;

/* The next allocations of the library to be counted; those from `first` to before `last` fail. */
static atomic_bool armed;
static atomic_ulong count;
static unsigned long first, last;
static atomic_ulong failed;

static bool fails(const void *caller)
{
    const char *place = (const char *)caller;

    if (!armed || place < &__executable_start || place >= &etext) {
        return false;
    }

    const unsigned long number = atomic_fetch_add(&count, 1);

    if (number < first || number >= last) {
        return false;
    }

    ++failed;
    errno = ENOMEM;
    return true;
}

/* For dlsym(), which may need memory before it has told where to get it. */
static void *early(size_t size)
{
    static _Alignas(16) uint8_t room[4096];
    static size_t used;
    void *block = room + used;
    used += (size + 15) / 16 * 16;
    return used <= sizeof(room) ? block : NULL;
}

void *malloc(size_t size)
{
    static atomic_bool asking;
    static void *(*next)(size_t);

    if (fails(__builtin_return_address(0))) {
        return NULL;
    }

    if (next == NULL) {
        if (asking) {
            return early(size);
        }

        asking = true;
        next = (void *(*)(size_t))dlsym(RTLD_NEXT, "malloc");
    }

    return next(size);
}

void *calloc(size_t n, size_t size)
{
    static atomic_bool asking;
    static void *(*next)(size_t, size_t);

    if (fails(__builtin_return_address(0))) {
        return NULL;
    }

    if (next == NULL) {
        if (asking) {
            return early(n * size);
        }

        asking = true;
        next = (void *(*)(size_t, size_t))dlsym(RTLD_NEXT, "calloc");
    }

    return next(n, size);
}

void *realloc(void *block, size_t size)
{
    static void *(*next)(void *, size_t);

    if (fails(__builtin_return_address(0))) {
        return NULL;
    }

    if (next == NULL) {
        next = (void *(*)(void *, size_t))dlsym(RTLD_NEXT, "realloc");
    }

    return next(block, size);
}

int posix_memalign(void **block, size_t alignment, size_t size)
{
    static int (*next)(void **, size_t, size_t);

    if (fails(__builtin_return_address(0))) {
        return ENOMEM;
    }

    if (next == NULL) {
        next = (int (*)(void **, size_t, size_t))dlsym(RTLD_NEXT, "posix_memalign");
    }

    return next(block, alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    static void *(*next)(size_t, size_t);

    if (fails(__builtin_return_address(0))) {
        return NULL;
    }

    if (next == NULL) {
        next = (void *(*)(size_t, size_t))dlsym(RTLD_NEXT, "aligned_alloc");
    }

    return next(alignment, size);
}

/* ---- the scenario ---- */

enum { ROUNDS = 20000, TRIES = 30 };

static unsigned long refused;

/* Notes a refusal; every other error is one that the scenario expects. */
static bool note(bool worked, int error, int malloc_error)
{
    refused += !worked && error == malloc_error;
    return worked;
}

static void on_data(Toxlink_Connections *c, uint32_t peer, const uint8_t *data, size_t length, void *user_data)
{
    (void)c, (void)peer, (void)data;
    *(size_t *)user_data += length;
}

static void on_log(Toxlink_Log_Level level, const char *message, void *object)
{
    (void)level, (void)object;
    CHECK(message != NULL);
}

/* Everything that two programs with a relay between them do, for as long as `rounds`. What is refused is
 * tried again. Returns whether data has arrived. */
static bool scenario(int rounds)
{
    const uint8_t data[1000] = {1};
    size_t received = 0;
    uint8_t keys[2][TOXLINK_KEY_SIZE], relay_key[TOXLINK_KEY_SIZE];
    char address[64] = "";
    Toxlink_Connections *c[2];
    Toxlink_Options options;
    Toxlink_Err_New made;
    Toxlink_Relay *relay = NULL;

    for (int i = 0; i < TRIES && relay == NULL; ++i) {
        relay = toxlink_relay_new(NULL, &made);
        note(relay != NULL, (int)made, TOXLINK_ERR_NEW_MALLOC);
    }

    toxlink_relay_address(relay, 0, address, sizeof(address));
    toxlink_relay_public_key(relay, relay_key);
    toxlink_options_init(&options, sizeof(options));
    options.log_callback = on_log;
    options.log_level = TOXLINK_LOG_LEVEL_TRACE;

    for (int i = 0; i < 2; ++i) {
        c[i] = NULL;

        for (int k = 0; k < TRIES && c[i] == NULL; ++k) {
            c[i] = toxlink_connections_new(&options, &made);
            note(c[i] != NULL, (int)made, TOXLINK_ERR_NEW_MALLOC);
        }

        toxlink_connections_callback_data(c[i], on_data);
        toxlink_connections_public_key(c[i], keys[i]);
    }

    for (int round = 0; round < rounds && received == 0; ++round) {
        Toxlink_Err_Iterate iterate = TOXLINK_ERR_ITERATE_OK;

        for (int i = 0; i < 2; ++i) {
            Toxlink_Err_Peer peer_error = TOXLINK_ERR_PEER_OK;
            Toxlink_Err_Relay relay_error = TOXLINK_ERR_RELAY_OK;
            Toxlink_Err_Send send = TOXLINK_ERR_SEND_OK;
            Toxlink_Peer_Info info;
            uint32_t peer = toxlink_connections_peer_by_key(c[i], keys[1 - i]);

            if (c[0] != NULL && c[1] != NULL && peer == TOXLINK_NO_PEER) {
                peer = toxlink_connections_add_peer(c[i], keys[1 - i], &peer_error);
                note(peer != TOXLINK_NO_PEER, (int)peer_error, TOXLINK_ERR_PEER_MALLOC);
            }

            if (c[i] != NULL && relay != NULL && toxlink_connections_relays(c[i], NULL, 0) == 0) {
                const bool worked =
                    toxlink_connections_add_relay_for(c[i], peer, address, relay_key, &relay_error);
                note(worked, (int)relay_error, TOXLINK_ERR_RELAY_MALLOC);
            }

            if (toxlink_connections_online_relays(c[i], peer) > 0) {
                const bool worked = toxlink_connections_send(c[i], peer, data, sizeof(data), &send);
                note(worked, (int)send, TOXLINK_ERR_SEND_MALLOC);
            }

            toxlink_connections_peer_info(c[i], peer, &info, sizeof(info));
            const bool worked = toxlink_connections_turn(c[i], 1, &received, &iterate);
            note(worked, (int)iterate, TOXLINK_ERR_ITERATE_MALLOC);
            CHECK(iterate != TOXLINK_ERR_ITERATE_INTERNAL);
        }

        note(toxlink_relay_turn(relay, 1, &iterate), (int)iterate, TOXLINK_ERR_ITERATE_MALLOC);
        CHECK(iterate != TOXLINK_ERR_ITERATE_INTERNAL);
    }

    toxlink_connections_kill(c[0]);
    toxlink_connections_kill(c[1]);
    toxlink_relay_kill(relay);
    return received > 0;
}

/* Allocations from number `from` to before `to` fail in a scenario. */
static bool under(unsigned long from, unsigned long to, int rounds)
{
    first = from;
    last = to;
    count = 0;
    failed = 0;
    refused = 0;
    armed = true;
    const bool worked = scenario(rounds);
    armed = false;
    return worked;
}

static void check_as_before(void)
{
    CHECK(scenario(ROUNDS));
    CHECK_EQ(refused, 0);
}

static unsigned long allocations(void)
{
    /* Once before: what is made only once in a process is not counted. */
    CHECK(scenario(ROUNDS));
    CHECK(under(0, 0, ROUNDS));
    CHECK(count > 100);
    return count;
}

static void each_fails_once(void)
{
    const unsigned long all = allocations();
    unsigned long hits = 0;

    for (unsigned long n = 0; n < all; ++n) {
        const bool worked = under(n, n + 1, ROUNDS);
        hits += failed;
        refused = 0;

        if (!worked) {
            fail_at(__FILE__, __LINE__, "after number %lu of %lu has failed, no data arrives", n, all);
        }
    }

    CHECK(hits > all / 2);
    check_as_before();
}

static void all_fail_from_one_on(void)
{
    const unsigned long all = allocations();
    unsigned long refusals = 0;

    for (unsigned long n = 0; n < all; n += 1 + all / 200) {
        under(n, (unsigned long)-1, 50);
        refusals += refused;
        refused = 0;
        check_as_before();
    }

    CHECK(refusals > 1000);
}

static void a_while_without(void)
{
    const unsigned long all = allocations();

    for (unsigned long n = 0; n < all; n += 1 + all / 100) {
        CHECK(under(n, n + 20, ROUNDS));
        refused = 0;
    }

    check_as_before();
}

/* What is asked for without memory, and answered: what frees, what looks, what sets. */
static void calls_that_always_work(void)
{
    char text[TOXLINK_KEY_HEX_SIZE];
    uint8_t key[TOXLINK_KEY_SIZE], secret[TOXLINK_KEY_SIZE];
    Toxlink_Relay_Figures figures;
    const Scene_Relay relay = scene_relay();
    Toxlink_Client *client = scene_client(&relay, NULL);
    toxlink_relay_stop(relay.relay);
    CHECK(toxlink_key_new(secret, key, NULL));
    first = 0;
    last = (unsigned long)-1;
    armed = true;
    Toxlink_Err_New error;
    /* The first is helped out with the reserve; from then on it is told. */
    Toxlink_Connections *c = toxlink_connections_new(NULL, &error);
    CHECK(c != NULL && toxlink_connections_new(NULL, &error) == NULL && error == TOXLINK_ERR_NEW_MALLOC);
    CHECK(toxlink_client_new(NULL, relay.address, key, &error) == NULL && error == TOXLINK_ERR_NEW_MALLOC);
    CHECK(toxlink_relay_new(NULL, &error) == NULL && error == TOXLINK_ERR_NEW_MALLOC);
    FAILS(toxlink_client_iterate(client, NULL, ERR(Toxlink_Err_Iterate)), TOXLINK_ERR_ITERATE_MALLOC);
    FAILS(toxlink_client_send_onion(client, key, 1, ERR(Toxlink_Err_Send)), TOXLINK_ERR_SEND_MALLOC);
    FAILS(toxlink_client_request_route(client, key, ERR(Toxlink_Err_Route)), TOXLINK_ERR_ROUTE_MALLOC);
    FAILS(toxlink_connections_remove_peer(c, 0, ERR(Toxlink_Err_Peer)), TOXLINK_ERR_PEER_MALLOC);
    FAILS(toxlink_connections_remove_relay(c, key, ERR(Toxlink_Err_Relay)), TOXLINK_ERR_RELAY_MALLOC);
    FAILS(toxlink_connections_turn(c, -1, NULL, ERR(Toxlink_Err_Iterate)), TOXLINK_ERR_ITERATE_MALLOC);
    FAILS(toxlink_relay_start(relay.relay, ERR(Toxlink_Err_Iterate)), TOXLINK_ERR_ITERATE_MALLOC);
    CHECK_EQ(toxlink_client_status(client), TOXLINK_CLIENT_STATUS_CONNECTED);
    CHECK(toxlink_client_public_key(client, key) && toxlink_relay_figures(relay.relay, &figures, sizeof(figures)));
    CHECK(toxlink_key_to_hex(key, text, NULL) && toxlink_key_from_hex(text, key, NULL));
    CHECK(toxlink_relay_address(relay.relay, 0, text, sizeof(text)) > 0);
    toxlink_connections_callback_data(c, on_data);
    toxlink_connections_kill(c);
    armed = false;
    WORKS(toxlink_client_iterate(client, NULL, ERR(Toxlink_Err_Iterate)));
    armed = true;
    toxlink_client_kill(client);
    toxlink_relay_kill(relay.relay);
    armed = false;
    check_as_before();
}

/* Nobody refuses for a relay on a thread of its own: it waits by itself until there is memory again. */
static void a_relay_on_its_own_thread(void)
{
    static int callers[300];
    const Scene_Relay relay = scene_relay();
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_port = htons(toxlink_relay_port(relay.relay, 0))};
    const struct timespec pause = {.tv_nsec = 100000000};
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    toxlink_client_kill(scene_client(&relay, NULL));
    first = 0;
    last = (unsigned long)-1;
    armed = true;

    for (size_t i = 0; i < sizeof(callers) / sizeof(callers[0]); ++i) {
        const uint8_t nonsense[200] = {1};
        /* Nobody may answer: not to be waited for. */
        callers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        CHECK(connect(callers[i], (struct sockaddr *)&place, sizeof(place)) == 0 || errno == EINPROGRESS);
        CHECK(send(callers[i], nonsense, i % 2 == 0 ? 60 : sizeof(nonsense), MSG_NOSIGNAL) > 0 || errno == EAGAIN);

        if (i % 100 == 0) {
            nanosleep(&pause, NULL);
        }
    }

    nanosleep(&pause, NULL);
    Toxlink_Relay_Figures figures;
    CHECK(toxlink_relay_figures(relay.relay, &figures, sizeof(figures)));
    armed = false;
    CHECK(failed > 0);
    /* It has not taken on all of them: then the reserve would be a matter of time. */
    CHECK(figures.accepted < 200);

    for (size_t i = 0; i < sizeof(callers) / sizeof(callers[0]); ++i) {
        close(callers[i]);
    }

    toxlink_client_kill(scene_client(&relay, NULL));
    toxlink_relay_kill(relay.relay);
    refused = 0;
    check_as_before();
}

static const Test tests[] = {
    {"each_fails_once", each_fails_once, 0, 300},
    {"all_fail_from_one_on", all_fail_from_one_on, 0, 300},
    {"a_while_without", a_while_without, 0, 300},
    {"calls_that_always_work", calls_that_always_work, 0, 60},
    {"a_relay_on_its_own_thread", a_relay_on_its_own_thread, 0, 60},
};

int main(int argc, char **argv)
{
    return run_tests("memory", tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
