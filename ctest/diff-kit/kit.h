/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the differential drivers share: one program each, linked once with the original module and
 * once with ours. Every scenario writes a plain text trace; the run scripts compare the two.
 *
 * Everything that could differ between two runs for outside reasons is fixed: the clock, both
 * random sources, the keys, and what has arrived on the sockets before each step. */
#ifndef DIFF_KIT_H
#define DIFF_KIT_H

#ifndef TOX_ABI
#define TOX_ABI 218
#endif
#include "toxabi.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* 1 in the program that is linked with our module, 0 in the one with the original. */
#ifndef DIFF_OURS
#error "compile with -DDIFF_OURS=0 or -DDIFF_OURS=1"
#endif

/* ------------------------------------------------------------------ scenarios */

typedef enum Mode { MODE_SIM, MODE_TCP } Mode;

/* SIM: the sockets are in memory. TCP: real ones on loopback. */
#define SIM 1u
#define TCP 2u
#define BOTH (SIM | TCP)

typedef struct Scenario {
    const char *name;
    unsigned modes;
    void (*run)(void);
    unsigned seconds; /* limit for a hang; 0 means the usual one */
} Scenario;

/* Runs the scenarios of all groups, each in a child of its own; the driver's main ends with it.
 * Arguments of the program: DIR [NAME-PATTERN...] */
int run_groups(const Scenario *const *groups, size_t count, int argc, char **argv);

/* True if `what` ends the process. With the original it runs in a child, so that nothing it does
 * stays; with ours it simply runs. Its lines are not traced. */
bool ends_process(void (*what)(void));

/* From the driver: what stands around each scenario. */
void world_setup(Mode mode);
void world_free(void);

/* ---------------------------------------------------------------------- bytes */

typedef struct Bytes {
    uint8_t *data;
    size_t head, len, cap; /* the live part is data[head..len] */
} Bytes;

void bytes_put(Bytes *b, const void *data, size_t n);
size_t bytes_take(Bytes *b, void *out, size_t n);
size_t bytes_left(const Bytes *b);
const uint8_t *bytes_at(const Bytes *b);
void bytes_free(Bytes *b);

/* ---------------------------------------------------------------------- trace */

/* In front of each line; the driver counts its steps here. */
extern unsigned trace_step;

void trace_open(const char *trace_path, const char *notes_path);
/* Writes the last line of the trace; the return value is the exit code of the scenario. */
int trace_close(void);
/* One line of the compared trace, with the number of the current step in front. */
void t_line(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* One line of the notes: not compared, there to explain a failure. */
void t_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A line with bytes: short ones in full, long ones as beginning, length and hash. */
void t_bytes(const char *label, const uint8_t *data, size_t n);
/* That line alone; valid until the next call. */
const char *bytes_text(const char *label, const uint8_t *data, size_t n);
/* Between these two, trace lines go into a hash instead of the trace; used by loops that run the
 * same conversation hundreds of times. The returned text is valid until the next call. */
void quiet_begin(void);
const char *quiet_end(void);

/* Runs something whose details differ for a reason that the check after it shows. */
#define QUIETLY(what) \
    do { \
        const unsigned quiet_step = trace_step; \
        quiet_begin(); \
        what; \
        (void)quiet_end(); \
        trace_step = quiet_step; \
    } while (0)

/* The two-sided checks: the value goes into the trace, a wrong one fails the scenario. */
void expect(const char *what, long got, long want);
void expect_new(const char *what, long got, long want_original, long want_ours);
void expect_range(const char *what, long got, long low, long high);
void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* --------------------------------------------------------------------- random */

typedef struct Draws {
    unsigned long calls, bytes; /* of the Random object */
    unsigned long keypair;      /* bytes drawn through libsodium's randombytes */
} Draws;

extern Draws draws;
extern const Random test_random;

void random_setup(void);
void random_restart(uint64_t seed);
/* The next n bytes that the Random object hands out; at most 64. */
void random_force_next(const uint8_t *bytes, size_t n);
/* A generator for the scenarios themselves; independent of the sources above. */
uint64_t split_mix(uint64_t *state);

/* --------------------------------------------------------------------- memory */

#if TOX_ABI > 218

typedef struct Memory_Counts {
    unsigned long blocks; /* asked for so far */
    long held;            /* given and not given back */
    bool exhausted;       /* nothing is given */
} Memory_Counts;

extern Memory_Counts memory_counts;
extern const Memory counted_memory;

#endif

#endif
