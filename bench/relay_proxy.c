/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A proxy in front of a relay. It passes bytes on at once until it is told to trickle: then one byte
 * every byte_us in each direction of each connection, and it reads no faster than that.
 */
#include "relays.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PAIRS = 32, CHUNK = 16384, POLL_MS = 5, LONGEST_DELAY_NS = 100000000 };

/* fds[0] is the client's connection, fds[1] the one to the relay; -1 when the place is free. */
typedef struct Pair {
    int fds[2];
} Pair;

typedef struct Proxy {
    const Relay *relay;
    int listener;
    Pair pairs[PAIRS];
} Proxy;

static void close_pair(Pair *pair)
{
    close(pair->fds[0]);
    close(pair->fds[1]);
    pair->fds[0] = -1;
    pair->fds[1] = -1;
}

static int connect_relay(const Relay *relay)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)atomic_load(&relay->behind->ports[0])),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        close(fd);
        return -1;
    }

    return fd;
}

static void accept_one(Proxy *proxy)
{
    const int on = 1;
    Pair *pair = NULL;

    for (int i = 0; i < PAIRS; ++i) {
        if (proxy->pairs[i].fds[0] < 0) {
            pair = &proxy->pairs[i];
            break;
        }
    }

    const int client = accept(proxy->listener, NULL, NULL);

    if (client < 0) {
        return;
    }

    const int relay = pair == NULL ? -1 : connect_relay(proxy->relay);

    if (relay < 0) {
        close(client);
        return;
    }

    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    setsockopt(relay, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    *pair = (Pair) {.fds = {client, relay}};
}

/* Passes on at most `most` bytes in each direction; false when an end is gone. */
static bool pass(const Pair *pair, size_t most)
{
    uint8_t bytes[CHUNK];

    for (int from = 0; from < 2; ++from) {
        const ssize_t n = recv(pair->fds[from], bytes, most, MSG_DONTWAIT);

        if (n == 0 || (n < 0 && errno != EAGAIN) || (n > 0 && !write_all(pair->fds[1 - from], bytes, (size_t)n))) {
            return false;
        }
    }

    return true;
}

static void pass_all(Proxy *proxy, size_t most)
{
    for (int i = 0; i < PAIRS; ++i) {
        if (proxy->pairs[i].fds[0] >= 0 && !pass(&proxy->pairs[i], most)) {
            close_pair(&proxy->pairs[i]);
        }
    }
}

static void wait_for_bytes(const Proxy *proxy)
{
    struct pollfd fds[1 + 2 * PAIRS];
    fds[0] = (struct pollfd) {.fd = proxy->listener, .events = POLLIN};

    for (int i = 0; i < PAIRS; ++i) {
        for (int side = 0; side < 2; ++side) {
            fds[1 + 2 * i + side] = (struct pollfd) {.fd = proxy->pairs[i].fds[side], .events = POLLIN};
        }
    }

    poll(fds, 1 + 2 * PAIRS, POLL_MS);
}

static void trickle(Proxy *proxy)
{
    uint64_t next = now_ns();

    while (atomic_load(&proxy->relay->shared->order) == ORDER_TRICKLE) {
        const uint64_t now = now_ns();

        /* A delay of our own is made up for, as long as it is short. */
        if (now > next + LONGEST_DELAY_NS) {
            next = now;
        }

        next += proxy->relay->byte_us * 1000U;
        sleep_until_ns(next);
        accept_one(proxy);
        pass_all(proxy, 1);
    }
}

void relay_serve_proxy(const Relay *relay)
{
    static Proxy proxy;
    uint16_t port;
    proxy.relay = relay;
    proxy.listener = listen_low_port(&port);

    for (int i = 0; i < PAIRS; ++i) {
        proxy.pairs[i] = (Pair) {.fds = {-1, -1}};
    }

    atomic_store(&relay->shared->ports[0], port);
    atomic_store(&relay->shared->ready, true);

    while (atomic_load(&relay->shared->order) == ORDER_SERVE) {
        wait_for_bytes(&proxy);
        accept_one(&proxy);
        pass_all(&proxy, CHUNK);
    }

    atomic_store(&relay->shared->done, ORDER_TRICKLE);
    trickle(&proxy);
}
