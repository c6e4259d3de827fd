/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The program's own connect(2), in front of the C library's: both libraries and the harness call it, so
 * attempts are counted where they are made, whatever a library says about itself.
 */
#include "relays.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static uint16_t watched_port;
static Connect_Count *watched;

void connects_watch(uint16_t port, Connect_Count *count)
{
    *count = (Connect_Count) {.shortest_gap_ns = UINT64_MAX};
    watched_port = port;
    watched = count;
}

static void note(void)
{
    const uint64_t now = now_ns();

    if (watched->calls == 0) {
        watched->first_ns = now;
    } else if (now - watched->last_ns < watched->shortest_gap_ns) {
        watched->shortest_gap_ns = now - watched->last_ns;
    }

    watched->last_ns = now;
    ++watched->calls;
}

static bool is_watched(const struct sockaddr *address, socklen_t length)
{
    /* The port is at the same place in both address families. */
    return watched != NULL && length >= sizeof(struct sockaddr_in)
           && (address->sa_family == AF_INET || address->sa_family == AF_INET6)
           && ntohs(((const struct sockaddr_in *)(const void *)address)->sin_port) == watched_port;
}

int connect(int fd, const struct sockaddr *address, socklen_t length)
{
    if (is_watched(address, length)) {
        note();
    }

    return (int)syscall(SYS_connect, fd, address, length);
}
