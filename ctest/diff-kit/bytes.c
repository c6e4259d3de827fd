/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A growing byte queue. */
#include "kit.h"

#include <stdlib.h>
#include <string.h>

void bytes_put(Bytes *b, const void *data, size_t n)
{
    if (n == 0) {
        return;
    }

    if (b->head > 0 && b->head == b->len) {
        b->head = 0;
        b->len = 0;
    }

    if (b->len + n > b->cap) {
        b->cap = (b->len + n) * 2;
        b->data = (uint8_t *)realloc(b->data, b->cap);

        if (b->data == NULL) {
            abort();
        }
    }

    memcpy(b->data + b->len, data, n);
    b->len += n;
}

size_t bytes_left(const Bytes *b)
{
    return b->len - b->head;
}

const uint8_t *bytes_at(const Bytes *b)
{
    return b->data + b->head;
}

size_t bytes_take(Bytes *b, void *out, size_t n)
{
    const size_t have = bytes_left(b) < n ? bytes_left(b) : n;

    if (have > 0 && out != NULL) {
        memcpy(out, bytes_at(b), have);
    }

    b->head += have;
    return have;
}

void bytes_free(Bytes *b)
{
    free(b->data);
    memset(b, 0, sizeof(*b));
}
