/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Real sockets on loopback, and the operating system's own Network object; both ends live in this
 * process. The client's descriptors are found by asking the kernel who is at their other end. What
 * one end has sent is waited for at the other before anything is concluded; all waits are bounded. */
#define _GNU_SOURCE
#include "suite.h"

#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define WAIT_MS 3000
#define DESCRIPTORS 256

static struct {
    bool open;
    int domain;
    int listener;
    uint16_t port; /* network order, like the next */
    uint16_t client_port;
    int client; /* the client's descriptor */
} ends[RELAYS];

static const Network *tcp_network(void)
{
    return system_network();
}

static uint16_t port_of(int fd, bool far)
{
    struct sockaddr_storage addr;
    socklen_t len = sizeof(addr);

    struct sockaddr *const name = (struct sockaddr *)&addr;

    if ((far ? getpeername(fd, name, &len) : getsockname(fd, name, &len)) != 0) {
        return 0;
    }

    return addr.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&addr)->sin6_port
           : addr.ss_family == AF_INET ? ((struct sockaddr_in *)&addr)->sin_port : 0;
}

static bool wait_for(int fd, short events)
{
    struct pollfd p = {.fd = fd, .events = events};
    return poll(&p, 1, WAIT_MS) == 1;
}

/* A bound socket that does not listen keeps the port reserved and refuses connections. */
static void tcp_listen(int r)
{
    const bool six = relays[r].family == 10;
    struct sockaddr_storage addr;
    socklen_t len = six ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    memset(&addr, 0, sizeof(addr));
    addr.ss_family = six ? AF_INET6 : AF_INET;

    if (six) {
        ((struct sockaddr_in6 *)&addr)->sin6_addr = in6addr_loopback;
        ((struct sockaddr_in6 *)&addr)->sin6_port = ends[r].port;
    } else {
        ((struct sockaddr_in *)&addr)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        ((struct sockaddr_in *)&addr)->sin_port = ends[r].port;
    }

    if (ends[r].open) {
        close(ends[r].listener);
    }

    const int on = 1;
    ends[r].listener = socket(addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(ends[r].listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));

    if (ends[r].listener < 0 || bind(ends[r].listener, (struct sockaddr *)&addr, len) != 0
            || (!relays[r].refuses && listen(ends[r].listener, 8) != 0)) {
        fail("R%d cannot listen: %s", r, strerror(errno));
        return;
    }

    ends[r].open = true;
    ends[r].domain = addr.ss_family;
    ends[r].port = port_of(ends[r].listener, false);
    relays[r].address.port = ends[r].port;
}

/* The relay that a descriptor of the client leads to, -1 if it is no such descriptor. */
static int leads_to(int fd)
{
    int accepting = 1;
    socklen_t len = sizeof(accepting);
    struct tcp_info info;
    socklen_t info_len = sizeof(info);

    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &accepting, &len) != 0 || accepting != 0
            || getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &info_len) != 0) {
        return -1;
    }

    if (info.tcpi_state == 2) { /* SYN sent */
        wait_for(fd, POLLOUT);
    }

    const uint16_t port = port_of(fd, true);
    int domain = 0;
    len = sizeof(domain);
    getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len);

    /* an IPv4 and an IPv6 listener may have the same port */
    for (int r = 0; r < RELAYS && port != 0; ++r) {
        if (ends[r].open && ends[r].port == port && ends[r].domain == domain) {
            return r;
        }
    }

    return -1;
}

static void accept_from(int r, int fd)
{
    const uint16_t client_port = port_of(fd, false);

    while (wait_for(ends[r].listener, POLLIN)) {
        const int peer = accept4(ends[r].listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        const int on = 1;

        if (peer < 0) {
            break;
        }

        if (port_of(peer, true) != client_port) {
            close(peer); /* of a connection that is gone already */
            continue;
        }

        setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        ends[r].client = fd;
        ends[r].client_port = client_port;
        relay_connected(r, peer, false);
        return;
    }

    fail("R%d: no connection within %d ms", r, WAIT_MS);
}

static bool client_left(int r)
{
    return relays[r].link >= 0
           && (port_of(ends[r].client, false) != ends[r].client_port || leads_to(ends[r].client) != r);
}

static void tcp_find(void)
{
    for (int r = 0; r < RELAYS; ++r) {
        if (ends[r].open && client_left(r)) {
            const int peer = relays[r].link;
            wait_for(peer, POLLRDHUP);
            relay_gone(r);
            close(peer);
        }
    }

    for (int fd = 3; fd < DESCRIPTORS; ++fd) {
        const int r = leads_to(fd);

        if (r >= 0 && (relays[r].link < 0 || ends[r].client != fd) && port_of(fd, false) != ends[r].client_port) {
            accept_from(r, fd);
        }
    }
}

/* Whether everything that left one end has reached the other. */
static bool arrived(int from, int to)
{
    struct tcp_info sender;
    struct tcp_info receiver;
    socklen_t len = sizeof(sender);
    socklen_t len2 = sizeof(receiver);

    return getsockopt(from, IPPROTO_TCP, TCP_INFO, &sender, &len) != 0
           || getsockopt(to, IPPROTO_TCP, TCP_INFO, &receiver, &len2) != 0
           || (sender.tcpi_notsent_bytes == 0
               && receiver.tcpi_bytes_received + sender.tcpi_bytes_retrans >= sender.tcpi_bytes_sent);
}

/* Acknowledges at once, so that small packets do not wait for each other. */
static void wait_a_little(int to)
{
    const int on = 1;
    setsockopt(to, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
    usleep(500);
}

static void wait_arrival(int from, int to)
{
    for (int i = 0; i < 2 * WAIT_MS && !arrived(from, to); ++i) {
        wait_a_little(to);
    }

    if (!arrived(from, to)) {
        fail("bytes did not arrive");
    }
}

static void tcp_write(int r, const uint8_t *data, size_t n)
{
    size_t sent = 0;

    while (sent < n) {
        const ssize_t some = send(relays[r].link, data + sent, n - sent, MSG_NOSIGNAL);

        if (some > 0) {
            sent += (size_t)some;
        } else if (errno != EAGAIN || !wait_for(relays[r].link, POLLOUT)) {
            return; /* the client has just left */
        }
    }

    if (!client_left(r)) {
        wait_arrival(relays[r].link, ends[r].client);
    }
}

static void take(int fd, Bytes *into)
{
    uint8_t buf[65536];
    ssize_t got;

    while ((got = recv(fd, buf, sizeof(buf), 0)) > 0) {
        bytes_put(into, buf, (size_t)got);
    }
}

static void tcp_read(int r, Bytes *into)
{
    take(relays[r].link, into);

    /* more comes while the window opens */
    for (int i = 0; i < 2 * WAIT_MS && !client_left(r) && !arrived(ends[r].client, relays[r].link); ++i) {
        wait_a_little(relays[r].link);
        take(relays[r].link, into);
    }

    take(relays[r].link, into);
}

static void tcp_end(int r, bool reset)
{
    const int peer = relays[r].link;

    if (reset) {
        const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
        setsockopt(peer, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    }

    close(peer);

    if (!wait_for(ends[r].client, POLLRDHUP)) {
        fail("R%d: the end did not arrive at the client", r);
    }
}

static int tcp_open_sockets(void)
{
    return -1;
}

static void tcp_shutdown(void)
{
    for (int r = 0; r < RELAYS; ++r) {
        if (ends[r].open) {
            close(ends[r].listener);
        }
    }
}

const Far_Backend tcp_far = {
    tcp_network, tcp_listen, tcp_find, tcp_write, tcp_read, tcp_end, tcp_open_sockets, tcp_shutdown,
};
