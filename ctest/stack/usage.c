/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "usage.h"

#include "check.h"
#include "wires.h"

#include <dirent.h>
#include <malloc.h>
#include <stdio.h>
#include <unistd.h>

/* Far less than a single connection of toxcore's takes. */
enum { HEAP_NOISE = 512 * 1024 };

/* There with AddressSanitizer, which has an allocator of its own. */
size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static uint64_t heap(void)
{
    if (__sanitizer_get_current_allocated_bytes != NULL) {
        return __sanitizer_get_current_allocated_bytes();
    }

    const struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

static uint64_t resident(void)
{
    unsigned long long pages = 0;
    /* Without what the allocator keeps for later. */
    malloc_trim(0);
    FILE *file = fopen("/proc/self/statm", "r");
    CHECK(file != NULL);
    CHECK_EQ(fscanf(file, "%*u %llu", &pages), 1);
    fclose(file);
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static unsigned files(void)
{
    unsigned count = 0;
    DIR *directory = opendir("/proc/self/fd");
    CHECK(directory != NULL);

    while (readdir(directory) != NULL) {
        ++count;
    }

    closedir(directory);

    for (int i = 0; i < OWNERS; ++i) {
        count -= wires_sockets(i);
    }

    return count;
}

Usage usage_now(void)
{
    return (Usage){.heap = heap(), .resident = resident(), .files = files()};
}

void usage_compare(const Usage *first, const Usage *later)
{
    /* Where nothing else keeps memory on top of what is allocated. */
    const bool plain = slowness() == 1;
    CHECK_EQ(later->files, first->files);

    if (later->heap > first->heap + HEAP_NOISE) {
        fail_at(__FILE__, __LINE__, "%llu bytes allocated, %llu at first", (unsigned long long)later->heap,
                (unsigned long long)first->heap);
    }

    /* At first, some of what is allocated has not been touched yet. */
    const uint64_t base = first->resident > first->heap ? first->resident : first->heap;

    if (plain && later->resident > base + base / 4) {
        fail_at(__FILE__, __LINE__, "%llu bytes resident, %llu at first", (unsigned long long)later->resident,
                (unsigned long long)base);
    }
}
