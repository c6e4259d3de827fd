/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * clock_gettime below is found before libc's, by toxcore as well as by Rust's library.
 */
#include "clock.h"

#include <sodium.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static bool own_clock;
static uint64_t own_ms = 1000000;

int clock_gettime(clockid_t id, struct timespec *out)
{
    if (!own_clock || id != CLOCK_MONOTONIC) {
        return (int)syscall(SYS_clock_gettime, id, out);
    }

    out->tv_sec = (time_t)(own_ms / 1000);
    out->tv_nsec = (long)(own_ms % 1000 * 1000000);
    return 0;
}

void clock_own(void)
{
    own_clock = true;
}

bool clock_is_own(void)
{
    return own_clock;
}

void clock_pass(uint32_t ms)
{
    own_ms += ms;
}

uint64_t clock_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- random numbers ---- */

static uint64_t chance;

/* SplitMix64: every state gives a full sequence. */
static uint32_t next_chance(void)
{
    chance += 0x9e3779b97f4a7c15;
    uint64_t z = chance;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return (uint32_t)((z ^ (z >> 31)) >> 32);
}

static void chance_bytes(void *out, size_t size)
{
    for (uint8_t *p = (uint8_t *)out; size > 0; ++p, --size) {
        *p = (uint8_t)next_chance();
    }
}

static const char *chance_name(void)
{
    return "stack";
}

void chance_own(uint64_t seed)
{
    static randombytes_implementation own = {
        .implementation_name = chance_name, .random = next_chance, .buf = chance_bytes};
    chance = seed;
    randombytes_set_implementation(&own);
}
