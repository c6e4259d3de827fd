/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The memory of the original module: what it frees, or leaves behind because its array has grown
 * or shrunk, stays readable and is all zero until the scenario ends. So its use after free (D2, D4)
 * has the same outcome each time. Ours has its own memory; the checkers look after that. */
#include "suite.h"

#include <stdlib.h>
#include <string.h>

#if !DIFF_OURS
void *stub_calloc(size_t count, size_t size);
void *stub_realloc(void *block, size_t size);
void stub_free(void *block);
#if TOX_ABI == 222
extern __typeof__(mem_alloc) stub_mem_alloc;
extern __typeof__(mem_vrealloc) stub_mem_vrealloc;
extern __typeof__(mem_delete) stub_mem_delete;
#endif

/* Larger blocks are treated as usual: the array of thousands of friends. */
#define KEPT 400000

typedef struct Header {
    size_t size;
    size_t keep_aligned;
} Header;

static long blocks;

static void *block_new(size_t size)
{
    Header *const header = (Header *)calloc(1, sizeof(Header) + size);

    if (header == NULL) {
        return NULL;
    }

    header->size = size;
    ++blocks;
    return header + 1;
}

void *stub_calloc(size_t count, size_t size)
{
    return block_new(count * size);
}

void stub_free(void *block)
{
    if (block == NULL) {
        return;
    }

    Header *const header = (Header *)block - 1;
    --blocks;

    if (header->size > KEPT) {
        free(header);
    } else {
        memset(block, 0, header->size);
    }
}

void *stub_realloc(void *block, size_t size)
{
    if (block != NULL && size > KEPT && ((Header *)block - 1)->size > KEPT) {
        Header *const header = (Header *)realloc((Header *)block - 1, sizeof(Header) + size);

        if (header == NULL) {
            return NULL;
        }

        header->size = size;
        return header + 1;
    }

    uint8_t *const moved = (uint8_t *)block_new(size);

    if (moved == NULL || block == NULL) {
        return moved;
    }

    const size_t before = ((Header *)block - 1)->size;
    memcpy(moved, block, before < size ? before : size);
    stub_free(block);
    return moved;
}

#if TOX_ABI == 222
static void is_ours(const Memory *mem)
{
    if (mem != mem_token) {
        fail("memory was asked of another object");
    }
}

void *stub_mem_alloc(const Memory *mem, uint32_t size)
{
    is_ours(mem);
    return stub_calloc(1, size);
}

void *stub_mem_vrealloc(const Memory *mem, void *block, uint32_t count, uint32_t size)
{
    is_ours(mem);

    if (count * size == 0) {
        stub_free(block);
        return NULL;
    }

    return stub_realloc(block, (size_t)count * size);
}

void stub_mem_delete(const Memory *mem, void *block)
{
    is_ours(mem);
    stub_free(block);
}
#endif

long original_blocks(void)
{
    return blocks;
}
#else
long original_blocks(void)
{
    return 0;
}
#endif
