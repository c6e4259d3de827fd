/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Repeatable randomness: the injected Random object, and libsodium's randombytes, which
 * crypto_new_keypair of 0.2.18 uses whatever Random object it is given. Both are counted. */
#include "kit.h"
#include "versions.h"

#include <sodium.h>
#include <string.h>

Draws draws;

static uint64_t object_state;
static uint64_t sodium_state;
static uint8_t forced[64];
static size_t forced_len;

uint64_t split_mix(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static void fill(uint64_t *state, uint8_t *out, size_t n)
{
    for (size_t i = 0; i < n; ++i) {
        out[i] = (uint8_t)(split_mix(state) >> 17);
    }
}

static void object_bytes(void *obj, uint8_t *out, Random_Size n)
{
    (void)obj;
    ++draws.calls;
    draws.bytes += n;
    size_t taken = 0;

    if (forced_len > 0) {
        taken = forced_len < n ? forced_len : n;
        memcpy(out, forced, taken);
        memmove(forced, forced + taken, forced_len - taken);
        forced_len -= taken;
    }

    fill(&object_state, out + taken, n - taken);
}

static uint32_t object_uniform(void *obj, uint32_t bound)
{
    uint8_t raw[4];
    object_bytes(obj, raw, sizeof(raw));
    const uint32_t value = (uint32_t)raw[0] << 24 | (uint32_t)raw[1] << 16 | (uint32_t)raw[2] << 8 | raw[3];
    return bound == 0 ? 0 : value % bound;
}

static const Random_Funcs object_funcs = {object_bytes, object_uniform};
const Random test_random = {&object_funcs, NULL};

static const char *sodium_name(void)
{
    return "repeatable";
}

static void sodium_buf(void *const out, const size_t n)
{
    draws.keypair += n;
    fill(&sodium_state, (uint8_t *)out, n);
}

static uint32_t sodium_random(void)
{
    uint32_t value;
    sodium_buf(&value, sizeof(value));
    return value;
}

static struct randombytes_implementation sodium_source = {
    sodium_name, sodium_random, NULL, NULL, sodium_buf, NULL,
};

void random_setup(void)
{
    randombytes_set_implementation(&sodium_source);
}

void random_restart(uint64_t seed)
{
    object_state = seed;
    sodium_state = seed ^ UINT64_C(0x5deece66d);
    forced_len = 0;
    memset(&draws, 0, sizeof(draws));
}

void random_force_next(const uint8_t *bytes, size_t n)
{
    forced_len = n < sizeof(forced) ? n : sizeof(forced);
    memcpy(forced, bytes, forced_len);
}
