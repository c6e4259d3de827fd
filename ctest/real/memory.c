/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "memory.h"

#if TOX_ABI > 218

#include <stdlib.h>

static size_t blocks;

size_t memory_blocks(void)
{
    return blocks;
}

static void *counted(void *block)
{
    blocks += block == NULL ? 0 : 1;
    return block;
}

static void *take(void *obj, uint32_t size)
{
    (void)obj;
    return counted(malloc(size));
}

static void *resize(void *obj, void *block, uint32_t size)
{
    (void)obj;
    return block == NULL ? counted(malloc(size)) : realloc(block, size);
}

static void give_back(void *obj, void *block)
{
    (void)obj;
    blocks -= block == NULL ? 0 : 1;
    free(block);
}

static void *take_nothing(void *obj, uint32_t size)
{
    (void)obj;
    (void)size;
    return NULL;
}

static void *resize_nothing(void *obj, void *block, uint32_t size)
{
    (void)obj;
    (void)block;
    (void)size;
    return NULL;
}

#if TOX_ABI == 220
static void *take_zeros(void *obj, uint32_t count, uint32_t size)
{
    (void)obj;
    return counted(calloc(count, size));
}

static void *take_no_zeros(void *obj, uint32_t count, uint32_t size)
{
    (void)obj;
    (void)count;
    (void)size;
    return NULL;
}

static const Memory_Funcs counting = {take, take_zeros, resize, give_back};
static const Memory_Funcs empty = {take_nothing, take_no_zeros, resize_nothing, give_back};
#else
static const Memory_Funcs counting = {take, resize, give_back};
static const Memory_Funcs empty = {take_nothing, resize_nothing, give_back};
#endif

const Memory *memory_counted(void)
{
    static const Memory memory = {&counting, NULL};
    return &memory;
}

const Memory *memory_empty(void)
{
    static const Memory memory = {&empty, NULL};
    return &memory;
}

#endif
