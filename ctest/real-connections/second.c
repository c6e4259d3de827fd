/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "second.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

static void *run_second(void *object)
{
    Second *second = (Second *)object;
    second->what(second->tc);
    close(second->ends[1]);
    return NULL;
}

void second_start(Second *second, void (*what)(TCP_Connections *tc), TCP_Connections *tc)
{
    *second = (Second){.what = what, .tc = tc};
    CHECK(pipe2(second->ends, O_CLOEXEC) == 0);
    CHECK(pthread_create(&second->thread, NULL, run_second, second) == 0);
}

void second_join(Second *second)
{
    struct pollfd p = {.fd = second->ends[0], .events = POLLIN};

    if (poll(&p, 1, WAIT_MS * slowness()) != 1) {
        fail_at(__FILE__, __LINE__, "the second thread is blocked");
    }

    close(second->ends[0]);
    CHECK(pthread_join(second->thread, NULL) == 0);
}
