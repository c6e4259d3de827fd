/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "watch.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <sys/socket.h>

static atomic_uint allowed, direct, localhost, names, datagrams;
static atomic_uint port;

void watch(uint16_t allowed_port)
{
    allowed = direct = localhost = names = datagrams = 0;
    port = allowed_port;
}

Watched watched(void)
{
    return (Watched){allowed, direct, localhost, names, datagrams};
}

static void note_connect(const struct sockaddr *place)
{
    uint16_t to;

    if (place->sa_family == AF_INET) {
        to = ntohs(((const struct sockaddr_in *)place)->sin_port);
    } else if (place->sa_family == AF_INET6) {
        to = ntohs(((const struct sockaddr_in6 *)place)->sin6_port);
    } else {
        return;
    }

    ++*(to == port ? &allowed : &direct);
}

int connect(int s, const struct sockaddr *place, socklen_t size)
{
    int (*const next)(int, const struct sockaddr *, socklen_t) =
        (int (*)(int, const struct sockaddr *, socklen_t))dlsym(RTLD_NEXT, "connect");
    note_connect(place);
    return next(s, place, size);
}

ssize_t sendto(int s, const void *data, size_t length, int flags, const struct sockaddr *place, socklen_t size)
{
    ssize_t (*const next)(int, const void *, size_t, int, const struct sockaddr *, socklen_t) =
        (ssize_t (*)(int, const void *, size_t, int, const struct sockaddr *, socklen_t))dlsym(RTLD_NEXT, "sendto");
    datagrams += place != NULL;
    return next(s, data, length, flags, place, size);
}

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
    int (*const next)(const char *, const char *, const struct addrinfo *, struct addrinfo **) =
        (int (*)(const char *, const char *, const struct addrinfo *, struct addrinfo **))dlsym(RTLD_NEXT, "getaddrinfo");
    ++*(strcmp(name, "localhost") == 0 ? &localhost : &names);
    return next(name, service, hints, found);
}
