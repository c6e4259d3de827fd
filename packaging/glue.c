// SPDX-License-Identifier: GPL-3.0-or-later
//
// Debian's libtoxcore.a of 0.2.18 and 0.2.20 is made for programs (PIE), not for shared libraries: its
// code reaches two objects of the C library as if they were in the same file. Linked with
// --wrap=stderr --wrap=in6addr_loopback it reaches these two instead.

#include <netinet/in.h>
#include <stdio.h>

#define LOCAL __attribute__((visibility("hidden")))

extern FILE *__real_stderr;

LOCAL FILE *__wrap_stderr;
LOCAL const struct in6_addr __wrap_in6addr_loopback = IN6ADDR_LOOPBACK_INIT;

// Before any constructor that has no priority of its own.
__attribute__((constructor(101))) static void take_stderr(void) {
    __wrap_stderr = __real_stderr;
}
