/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A real socket on loopback; both ends live in this process. After the far end has written, it
 * waits until the kernel shows the bytes at the client's descriptor, so that a step never races
 * with the network. All waits are bounded. */
#define _GNU_SOURCE
#include "net.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define WAIT_MS 3000

static int listener = -1;
static int peer = -1;
static uint16_t listen_port;
static size_t written;

static int tcp_socket(int domain, int type, int proto)
{
    const Network *real = system_network();
    return socket_fd(real->funcs->socket(real->obj, domain, type, proto));
}

static int tcp_close(int fd)
{
    const Network *real = system_network();
    return real->funcs->close(real->obj, fd_socket(fd));
}

static int tcp_readable(int fd)
{
    const Network *real = system_network();
    return real->funcs->recvbuf(real->obj, fd_socket(fd));
}

static int tcp_receive(int fd, uint8_t *buf, size_t n)
{
    const Network *real = system_network();
    return real->funcs->recv(real->obj, fd_socket(fd), buf, n);
}

static int tcp_transmit(int fd, const uint8_t *buf, size_t n)
{
    const Network *real = system_network();
    return real->funcs->send(real->obj, fd_socket(fd), buf, n);
}

static socklen_t loopback(struct sockaddr_storage *addr, uint8_t family)
{
    memset(addr, 0, sizeof(*addr));

    if (family == 10) {
        struct sockaddr_in6 *six = (struct sockaddr_in6 *)addr;
        six->sin6_family = AF_INET6;
        six->sin6_addr = in6addr_loopback;
        return sizeof(*six);
    }

    struct sockaddr_in *four = (struct sockaddr_in *)addr;
    four->sin_family = AF_INET;
    four->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return sizeof(*four);
}

static void close_if_open(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
}

static void tcp_open(uint8_t family, bool listening)
{
    close_if_open(&listener);
    close_if_open(&peer);
    written = 0;

    struct sockaddr_storage addr;
    socklen_t len = loopback(&addr, family);
    listener = socket(family == 10 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (listener < 0 || bind(listener, (struct sockaddr *)&addr, len) != 0
            || getsockname(listener, (struct sockaddr *)&addr, &len) != 0
            || (listening && listen(listener, 4) != 0)) {
        fail("cannot listen on loopback: %s", strerror(errno));
        return;
    }

    listen_port = ntohs(family == 10 ? ((struct sockaddr_in6 *)&addr)->sin6_port
                        : ((struct sockaddr_in *)&addr)->sin_port);
    /* a bound socket that does not listen keeps the port reserved and refuses connections */
}

static uint16_t tcp_port(void)
{
    return listen_port;
}

static bool wait_for(int fd, short events)
{
    struct pollfd p = {.fd = fd, .events = events};
    return poll(&p, 1, WAIT_MS) == 1;
}

static void tcp_accept(void)
{
    if (!wait_for(listener, POLLIN)) {
        fail("no connection within %d ms", WAIT_MS);
        return;
    }

    peer = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    const int on = 1;

    if (peer < 0 || setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0) {
        fail("accept: %s", strerror(errno));
    }
}

/* Waits until everything written is readable at the client or already taken by it. */
static void wait_arrival(void)
{
    for (int i = 0; i < WAIT_MS; ++i) {
        int ready = 0;

        if (client_fd < 0 || ioctl(client_fd, FIONREAD, &ready) != 0) {
            return;
        }

        if ((size_t)ready + client_taken >= written) {
            return;
        }

        usleep(1000);
    }

    fail("bytes did not arrive at the client");
}

static void tcp_write(const uint8_t *data, size_t n)
{
    size_t done = 0;

    while (done < n) {
        const ssize_t sent = send(peer, data + done, n - done, MSG_NOSIGNAL);

        if (sent > 0) {
            done += (size_t)sent;
        } else if (errno != EAGAIN || !wait_for(peer, POLLOUT)) {
            fail("far end cannot write: %s", strerror(errno));
            break;
        }
    }

    written += done;
    wait_arrival();
}

/* Acknowledges at once, or the original's small packets would wait 40 ms for each other. */
static void acknowledge(void)
{
    const int on = 1;
    setsockopt(peer, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
}

static void tcp_read(Bytes *into, size_t wanted)
{
    uint8_t buf[4096];

    while (wanted > 0 && peer >= 0) {
        acknowledge();
        const ssize_t got = recv(peer, buf, wanted < sizeof(buf) ? wanted : sizeof(buf), 0);

        if (got > 0) {
            bytes_put(into, buf, (size_t)got);
            wanted -= (size_t)got;
        } else if (got == 0 || errno != EAGAIN || !wait_for(peer, POLLIN)) {
            return;
        }
    }
}

static void tcp_end(bool reset)
{
    if (reset) {
        const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
        setsockopt(peer, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    }

    close_if_open(&peer);

    if (client_fd >= 0 && !wait_for(client_fd, POLLRDHUP)) {
        fail("the end did not arrive at the client");
    }
}

static bool tcp_sees_end(void)
{
    uint8_t byte;

    if (peer < 0) {
        return client_fd < 0;
    }

    if (!wait_for(peer, POLLIN | POLLRDHUP)) {
        return false;
    }

    const ssize_t got = recv(peer, &byte, 1, MSG_PEEK);
    return got == 0 || (got < 0 && errno == ECONNRESET);
}

static void tcp_shutdown(void)
{
    close_if_open(&listener);
    close_if_open(&peer);
}

int far_peer_fd(void)
{
    return peer;
}

const Net_Backend tcp_net = {tcp_socket, tcp_close, tcp_readable, tcp_receive, tcp_transmit};
const Far_Backend tcp_far = {
    tcp_open, tcp_port, tcp_accept, tcp_write, tcp_read, tcp_end, tcp_sees_end, tcp_shutdown,
};
