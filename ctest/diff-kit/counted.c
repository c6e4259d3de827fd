/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The system's allocator behind a Memory object that counts, for versions that are handed one. */
#include "kit.h"

#if TOX_ABI > 218

Memory_Counts memory_counts;

#if TOX_ABI == 220
#define SYSTEM(member, ...) os_memory()->funcs->member(os_memory()->obj, __VA_ARGS__)
#define MALLOC malloc
#define REALLOC realloc
#define FREE free
#else
#define SYSTEM(member, ...) os_memory()->funcs->member(os_memory()->user_data, __VA_ARGS__)
#define MALLOC malloc_callback
#define REALLOC realloc_callback
#define FREE dealloc_callback
#endif

static void *on_malloc(void *obj, uint32_t size)
{
    (void)obj;
    ++memory_counts.blocks;
    void *const block = memory_counts.exhausted ? NULL : SYSTEM(MALLOC, size);
    memory_counts.held += block != NULL;
    return block;
}

static void *on_realloc(void *obj, void *p, uint32_t size)
{
    (void)obj;
    ++memory_counts.blocks;
    void *const block = memory_counts.exhausted ? NULL : SYSTEM(REALLOC, p, size);
    memory_counts.held += p == NULL && block != NULL;
    return block;
}

static void on_free(void *obj, void *p)
{
    (void)obj;
    memory_counts.held -= p != NULL;
    SYSTEM(FREE, p);
}

#if TOX_ABI == 220

static void *on_calloc(void *obj, uint32_t count, uint32_t size)
{
    (void)obj;
    ++memory_counts.blocks;
    void *const block = memory_counts.exhausted ? NULL : SYSTEM(calloc, count, size);
    memory_counts.held += block != NULL;
    return block;
}

static const Memory_Funcs counted_funcs = {on_malloc, on_calloc, on_realloc, on_free};

#else

static const Memory_Funcs counted_funcs = {on_malloc, on_realloc, on_free};

#endif

const Memory counted_memory = {&counted_funcs, NULL};

#endif
