/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The trace of one scenario, its notes, and the two-sided checks. */
#include "kit.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

unsigned trace_step;

static FILE *trace;
static FILE *notes;
static bool failed;
static bool quiet;
static crypto_generichash_state quiet_hash;

void trace_open(const char *trace_path, const char *notes_path)
{
    trace = fopen(trace_path, "w");
    notes = fopen(notes_path, "w");

    if (trace == NULL || notes == NULL) {
        abort();
    }

    /* a crash must not swallow the lines before it */
    setvbuf(trace, NULL, _IOLBF, 0);
    setvbuf(notes, NULL, _IOLBF, 0);
}

int trace_close(void)
{
    fclose(trace);
    fclose(notes);
    return failed ? 3 : 0;
}

static void put_line(const char *text)
{
    if (quiet) {
        crypto_generichash_update(&quiet_hash, (const unsigned char *)text, strlen(text) + 1);

        if (getenv("DIFF_VERBOSE") != NULL) {
            fprintf(notes, "quiet: %s\n", text);
        }

        return;
    }

    fprintf(trace, "%02u %s\n", trace_step, text);
}

void t_line(const char *format, ...)
{
    char text[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    put_line(text);
}

void t_note(const char *format, ...)
{
    char text[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    fprintf(notes, "%02u %s\n", trace_step, text);
}

const char *bytes_text(const char *label, const uint8_t *data, size_t n)
{
    static char text[1024];
    char hex[2 * 256 + 1];

    if (n == 0) {
        snprintf(text, sizeof(text), "%s 0", label);
        return text;
    }

    if (n <= 256) {
        sodium_bin2hex(hex, sizeof(hex), data, n);
        snprintf(text, sizeof(text), "%s %zu %s", label, n, hex);
        return text;
    }

    uint8_t hash[16];
    char hash_hex[33];
    crypto_generichash(hash, sizeof(hash), data, n, NULL, 0);
    sodium_bin2hex(hash_hex, sizeof(hash_hex), hash, sizeof(hash));
    sodium_bin2hex(hex, sizeof(hex), data, 32);
    snprintf(text, sizeof(text), "%s %zu %s... hash %s", label, n, hex, hash_hex);
    return text;
}

void t_bytes(const char *label, const uint8_t *data, size_t n)
{
    put_line(bytes_text(label, data, n));
}

void quiet_begin(void)
{
    crypto_generichash_init(&quiet_hash, NULL, 0, 16);
    quiet = true;
}

const char *quiet_end(void)
{
    static char hex[33];
    uint8_t hash[16];
    crypto_generichash_final(&quiet_hash, hash, sizeof(hash));
    sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
    quiet = false;
    return hex;
}

void fail(const char *format, ...)
{
    char text[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    fprintf(notes, "%02u FAILED %s\n", trace_step, text);
    failed = true;
}

void expect(const char *what, long got, long want)
{
    expect_new(what, got, want, want);
}

void expect_new(const char *what, long got, long want_original, long want_ours)
{
    const long want = DIFF_OURS ? want_ours : want_original;
    t_line("check: %s = %ld", what, got);

    if (got != want) {
        fail("%s: got %ld, want %ld", what, got, want);
    }
}

/* For values that need not be the same in both programs: only the verdict is compared. */
void expect_range(const char *what, long got, long low, long high)
{
    t_line("check: %s within %ld..%ld", what, low, high);
    t_note("%s = %ld", what, got);

    if (got < low || got > high) {
        fail("%s: got %ld, want %ld to %ld", what, got, low, high);
    }
}
