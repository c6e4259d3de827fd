/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The short log: what the module did, in the words of suite.h. */
#include "suite.h"

#include <stdlib.h>
#include <string.h>

static char words[16384];
static size_t used;

/* Removes the last word if it is `word`. */
static bool take_last(const char *word)
{
    const size_t n = strlen(word);

    if (used < n || memcmp(words + used - n, word, n) != 0 || (used > n && words[used - n - 1] != ' ')) {
        return false;
    }

    used -= used > n ? n + 1 : n;
    words[used] = '\0';
    return true;
}

static void put_word(const char *word)
{
    const size_t n = strlen(word);

    /* long runs are compared by their trace alone */
    if (used + n + 2 > sizeof(words)) {
        return;
    }

    if (used > 0) {
        words[used++] = ' ';
    }

    memcpy(words + used, word, n + 1);
    used += n;
}

/* hs(0) hd(0) hl(0) hk(0), one after the other, become h4(0). */
static bool merged(const char *word)
{
    char before[24];
    const int id = atoi(word + 3);

    if (strncmp(word, "hl(", 3) == 0) {
        char hd[24];
        snprintf(before, sizeof(before), "hs(%d)", id);
        snprintf(hd, sizeof(hd), "hd(%d)", id);

        if (!take_last(hd)) {
            return false;
        }

        if (!take_last(before)) {
            put_word(hd);
            return false;
        }

        snprintf(before, sizeof(before), "h3(%d)", id);
    } else if (strncmp(word, "hk(", 3) == 0) {
        snprintf(before, sizeof(before), "h3(%d)", id);

        if (!take_last(before)) {
            return false;
        }

        snprintf(before, sizeof(before), "h4(%d)", id);
    } else {
        return false;
    }

    put_word(before);
    return true;
}

void note_word(const char *format, ...)
{
    char word[120];
    va_list args;
    va_start(args, format);
    vsnprintf(word, sizeof(word), format, args);
    va_end(args);

    if (!merged(word)) {
        put_word(word);
    }
}

void saw_nothing(void)
{
    used = 0;
    words[0] = '\0';
}

const char *saw_text(void)
{
    static char text[sizeof(words)];
    memcpy(text, words, used + 1);
    text[used] = '\0';
    saw_nothing();
    return text;
}

void saw_new(const char *want_original, const char *want_ours)
{
    const char *const want = DIFF_OURS ? want_ours : want_original;
    const char *const got = saw_text();

    /* a difference is to be seen in the trace, and to have its row in the table */
    if (strcmp(want_original, want_ours) != 0) {
        t_line("did: %s", got[0] != '\0' ? got : "nothing");
    }

    if (strcmp(got, want) != 0) {
        fail("did: %s\n        want: %s", got, want);
    }
}

void saw(const char *want)
{
    saw_new(want, want);
}
