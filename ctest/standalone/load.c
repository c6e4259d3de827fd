// SPDX-License-Identifier: GPL-3.0-or-later
/* Loads the library given, lets two threads use it, closes it, over and over: before one of the threads has
 * ended, and after. It must neither crash nor grow, and stay in memory. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <toxlink.h>

#define ROUNDS 200
/* Pages are counted from here on: what is allocated once is there by then. */
#define SETTLED 20
#define MAY_GROW_KIB 1024

static void *handle;
static pthread_barrier_t used, closed;

/* ISO C knows no way from an object pointer to a function pointer. */
static void find(const char *name, void *function)
{
    void *symbol = dlsym(handle, name);

    memcpy(function, &symbol, sizeof(symbol));
}

static bool use(void)
{
    bool (*key_new)(uint8_t *, uint8_t *, Toxlink_Err_Key *);
    Toxlink_Relay *(*relay_new)(const Toxlink_Relay_Options *, Toxlink_Err_New *);
    bool (*relay_start)(Toxlink_Relay *, Toxlink_Err_Iterate *);
    void (*relay_kill)(Toxlink_Relay *);
    uint8_t key[TOXLINK_KEY_SIZE];
    Toxlink_Relay *relay;

    find("toxlink_key_new", &key_new);
    find("toxlink_relay_new", &relay_new);
    find("toxlink_relay_start", &relay_start);
    find("toxlink_relay_kill", &relay_kill);

    if (key_new == NULL || relay_new == NULL || relay_start == NULL || relay_kill == NULL) {
        return false;
    }

    if (!key_new(key, NULL, NULL)) {
        return false;
    }

    relay = relay_new(NULL, NULL);

    if (relay == NULL || !relay_start(relay, NULL)) {
        return false;
    }

    relay_kill(relay);
    return true;
}

/* Uses it, and ends when the library has been closed: what the thread has left behind is cleaned up then. */
static void *outlive(void *result)
{
    *(bool *)result = use();
    pthread_barrier_wait(&used);
    pthread_barrier_wait(&closed);
    return NULL;
}

static void *use_and_end(void *result)
{
    *(bool *)result = use();
    return NULL;
}

/* The most that it has had so far. */
static long memory_kib(void)
{
    struct rusage usage;

    return getrusage(RUSAGE_SELF, &usage) == 0 ? usage.ru_maxrss : 0;
}

static const char *round_trip(const char *path)
{
    pthread_t outliving, ending;
    bool outliving_ok = false, ending_ok = false;

    /* Closed after the thread has ended. */
    handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);

    if (handle == NULL) {
        return dlerror();
    }

    if (pthread_create(&ending, NULL, use_and_end, &ending_ok) != 0) {
        return "no thread";
    }

    pthread_join(ending, NULL);
    dlclose(handle);

    if (dlopen(path, RTLD_NOW | RTLD_NOLOAD) == NULL) {
        return "it is not in memory any more";
    }

    dlclose(handle);

    /* Closed before the thread ends. */
    handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);

    if (handle == NULL || pthread_create(&outliving, NULL, outlive, &outliving_ok) != 0) {
        return "no second time";
    }

    pthread_barrier_wait(&used);
    dlclose(handle);
    pthread_barrier_wait(&closed);
    pthread_join(outliving, NULL);
    return ending_ok && outliving_ok ? NULL : "a function failed";
}

int main(int argc, char **argv)
{
    long settled = 0, grown;

    if (argc < 2) {
        return 2;
    }

    pthread_barrier_init(&used, NULL, 2);
    pthread_barrier_init(&closed, NULL, 2);

    for (int round = 0; round < ROUNDS; ++round) {
        const char *fault = round_trip(argv[1]);

        if (fault != NULL) {
            printf("round %d: %s\n", round, fault);
            return 1;
        }

        if (round == SETTLED) {
            settled = memory_kib();
        }
    }

    grown = memory_kib() - settled;
    printf("%d rounds, grown by %ld KiB of %ld\n", ROUNDS, grown, settled);
    return settled > 0 && grown <= MAY_GROW_KIB ? 0 : 1;
}
