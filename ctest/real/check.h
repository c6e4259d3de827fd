/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The test runner of the real-peer tests. Every test runs in a child process of
 * its own, so that a crash, a hang or a leak belongs to exactly one test, and
 * everything a test started is reaped when it ends.
 */
#ifndef REAL_CHECK_H
#define REAL_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
    /* The original is known to fail this test; with --original it has to. */
    T_OURS = 1,
    /* Cheap enough for valgrind. */
    T_FAST = 2,
    /* Not run with --original: what it does there is undefined. */
    T_SKIP = 4,
    /* Not run with toxlink's relay, which has no forwarding. */
    T_FORWARDING = 8,
    /* The original fails because of what toxcore's relay does, and passes with toxlink's. */
    T_MENDED = 16,
};

/* The original fails the test before toxcore `abi` (as TOX_ABI counts), or from that version on. */
#define T_OURS_BEFORE(abi) (TOX_ABI < (abi) ? T_OURS : 0)
#define T_OURS_FROM(abi) (TOX_ABI >= (abi) ? T_OURS : 0)

typedef struct Test {
    const char *name;
    void (*run)(void);
    unsigned flags;
    /* Real seconds before the test counts as hanging. */
    int seconds;
} Test;

int run_tests(const char *program, const Test *tests, size_t count, int argc, char **argv);

/* Ends the running test as failed. */
_Noreturn void fail_at(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Real milliseconds of a clock that only goes forward. */
uint64_t real_ms(void);

/* Whether relays are to be toxlink's instead of toxcore's (--own-relay). */
bool wants_own_relay(void);

/* How much longer than usual things may take (valgrind, sanitizers). */
int slowness(void);

/* Reproducible random numbers; the seed is printed by each program. */
uint32_t rand32(void);
void rand_bytes(uint8_t *out, size_t n);

#define CHECK(cond) \
    do { \
        if (!(cond)) fail_at(__FILE__, __LINE__, "%s", #cond); \
    } while (0)

#define CHECK_EQ(got, want) \
    do { \
        long long got_ = (long long)(got), want_ = (long long)(want); \
        if (got_ != want_) { \
            fail_at(__FILE__, __LINE__, "%s is %lld, not %lld", #got, got_, want_); \
        } \
    } while (0)

#define CHECK_BYTES(got, want, n) \
    do { \
        if (memcmp((got), (want), (n)) != 0) { \
            fail_at(__FILE__, __LINE__, "%s differs from %s", #got, #want); \
        } \
    } while (0)

#endif
