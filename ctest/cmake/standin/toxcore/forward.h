/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * FORWARD(name) defines a function that counts and goes on to toxcore's own one, whose object has
 * it as original_name: a jump, so that all arguments stay where they are. At the end of the program
 * each file that is in it tells its name and its number of calls. */
#ifndef STANDIN_FORWARD_H
#define STANDIN_FORWARD_H

#include <stdio.h>

static long calls __attribute__((used));

#define FORWARD(name) \
    __asm__(".text\n.globl " #name "\n.type " #name ", @function\n" #name ":\n"               \
            "\tincq calls(%rip)\n\tjmp original_" #name "@PLT\n.size " #name ", . - " #name "\n")

#define STANDIN(file)                                             \
    __attribute__((destructor)) static void report(void)          \
    {                                                             \
        fprintf(stderr, "stand-in %s: %ld calls\n", file, calls); \
    }                                                             \
    typedef int standin_ends_here

#endif
