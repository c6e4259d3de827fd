/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sockets in memory, one queue each way.
 *
 * Before 0.2.22 net_connect calls connect(2) itself, so the client needs descriptors on which that
 * succeeds at once and without a listener: datagram sockets. No byte ever goes through them, but
 * the kernel knows which relay each of them is for. */
#include "suite.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SOCKETS 1024
#define FIRST_PORT 40000

typedef struct Sim_Socket {
    bool used, found, ended, reset;
    bool unconnected; /* connect has failed */
    int relay; /* -1: nobody's */
    Bytes to_client, from_client;
} Sim_Socket;

static Sim_Socket sockets[SOCKETS];
bool sim_no_sockets;
int sim_connect_errno;
unsigned sim_connects;

static Sim_Socket *socket_of(int fd)
{
    if (fd < 0 || fd >= SOCKETS || !sockets[fd].used) {
        fail("the client uses descriptor %d, which is not open", fd);
        abort();
    }

    return &sockets[fd];
}

/* Which relay a connected descriptor is for. */
static int relay_of(int fd)
{
    struct sockaddr_storage addr;
    socklen_t len = sizeof(addr);

    if (getpeername(fd, (struct sockaddr *)&addr, &len) != 0) {
        return -1;
    }

    const uint16_t port = addr.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&addr)->sin6_port
                          : ((struct sockaddr_in *)&addr)->sin_port;

    for (int r = 0; r < RELAYS; ++r) {
        if (relays[r].made && relays[r].address.port == port && relays[r].link < 0) {
            return r;
        }
    }

    return -1;
}

static void find_one(int fd)
{
    Sim_Socket *const s = &sockets[fd];

    if (!s->used || s->found) {
        return;
    }

    s->relay = relay_of(fd);

    if (s->relay >= 0) {
        s->found = true;
        relay_connected(s->relay, relays[s->relay].refuses ? -1 : fd, relays[s->relay].refuses);
    }
}

static void sim_find(void)
{
    for (int fd = 0; fd < SOCKETS; ++fd) {
        find_one(fd);
    }
}

/* --------------------------------------------------------- the client's side */

static Net_Socket on_socket(void *obj, int domain, int type, int proto)
{
    (void)obj;
    (void)type;
    (void)proto;

    if (sim_no_sockets) {
        errno = EMFILE;
        return fd_socket(-1);
    }

    const int fd = socket(domain, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd >= 0) {
        memset(&sockets[fd], 0, sizeof(sockets[fd]));
        sockets[fd].used = true;
        sockets[fd].relay = -1;
        const int off = 0; /* for IPv4-mapped addresses */
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    }

    return fd_socket(fd);
}

static int on_close(void *obj, Net_Socket socket)
{
    (void)obj;
    const int fd = socket_fd(socket);
    Sim_Socket *const s = socket_of(fd);
    find_one(fd); /* it may have been opened in this very call */

    if (s->relay >= 0 && relays[s->relay].link == fd) {
        relay_gone(s->relay); /* now, because the number of the descriptor is free afterwards */
    }

    s->used = false;
    bytes_free(&s->to_client);
    bytes_free(&s->from_client);
    return close(fd);
}

static int on_recvbuf(void *obj, Net_Socket socket)
{
    (void)obj;
    return (int)bytes_left(&socket_of(socket_fd(socket))->to_client);
}

static int on_recv(void *obj, Net_Socket socket, uint8_t *buf, size_t n)
{
    (void)obj;
    const int fd = socket_fd(socket);
    Sim_Socket *const s = socket_of(fd);
    find_one(fd);

    if (s->relay >= 0 && relays[s->relay].refuses && relays[s->relay].link != fd) {
        errno = ECONNREFUSED;
        return -1;
    }

    if (s->unconnected) {
        errno = ENOTCONN;
        return -1;
    }

    if (bytes_left(&s->to_client) > 0) {
        return (int)bytes_take(&s->to_client, buf, n);
    }

    if (s->ended && !s->reset) {
        return 0;
    }

    errno = s->reset ? ECONNRESET : EAGAIN;
    return -1;
}

static int on_send(void *obj, Net_Socket socket, const uint8_t *buf, size_t n)
{
    (void)obj;
    const int fd = socket_fd(socket);
    Sim_Socket *const s = socket_of(fd);
    find_one(fd);
    Relay *const relay = s->relay >= 0 ? &relays[s->relay] : NULL;

    if (s->reset || s->unconnected) {
        errno = EPIPE;
        return -1;
    }

    if (relay != NULL && relay->refuses && relay->link != fd) {
        errno = ECONNREFUSED;
        return -1;
    }

    if (relay != NULL && relay->send_errno != 0) {
        errno = relay->send_errno;
        return -1;
    }

    if (relay != NULL && relay->room >= 0) {
        if (relay->room == 0) {
            errno = EAGAIN;
            return -1;
        }

        n = n < (size_t)relay->room ? n : (size_t)relay->room;
        relay->room -= (long)n;
    }

    if (!s->ended) {
        bytes_put(&s->from_client, buf, n);
    }

    return (int)n;
}

static int on_nonblock(void *obj, Net_Socket socket, bool nonblock)
{
    (void)obj;
    const Network *real = system_network();
    return real->funcs->socket_nonblock(real->obj, socket, nonblock);
}

static int on_getsockopt(void *obj, Net_Socket socket, int level, int name, void *val, size_t *len)
{
    (void)obj;
    const Network *real = system_network();
    return real->funcs->getsockopt(real->obj, socket, level, name, val, len);
}

static int on_setsockopt(void *obj, Net_Socket socket, int level, int name, const void *val, size_t len)
{
    (void)obj;
    const Network *real = system_network();
    return real->funcs->setsockopt(real->obj, socket, level, name, val, len);
}

#if TOX_ABI == 222

static int on_connect(void *obj, Socket socket, const IP_Port *addr)
{
    (void)obj;
    ++sim_connects;
    const Network *real = system_network();
    const int result = sim_connect_errno == 0 ? real->funcs->connect(real->obj, socket, addr) : -1;

    if (sim_connect_errno != 0) {
        errno = sim_connect_errno;
    }

    socket_of(socket_fd(socket))->unconnected = result != 0;
    return result;
}

#endif

/* The functions of listening and datagram sockets stay NULL: nobody has a use for them here. */
static const Network_Funcs sim_funcs = {
    .close = on_close,
#if TOX_ABI == 222
    .connect = on_connect,
#endif
    .recvbuf = on_recvbuf,
    .recv = on_recv,
    .send = on_send,
    .socket = on_socket,
    .socket_nonblock = on_nonblock,
    .getsockopt = on_getsockopt,
    .setsockopt = on_setsockopt,
};

static const Network sim_network_object = {&sim_funcs, NULL};

static const Network *sim_network(void)
{
    return &sim_network_object;
}

/* ---------------------------------------------------------- the relays' side */

static void sim_listen(int r)
{
    relays[r].address.port = net_htons((uint16_t)(FIRST_PORT + r));
}

static void sim_write(int r, const uint8_t *data, size_t n)
{
    bytes_put(&sockets[relays[r].link].to_client, data, n);
}

static void sim_read(int r, Bytes *into)
{
    Sim_Socket *const s = &sockets[relays[r].link];
    bytes_put(into, bytes_at(&s->from_client), bytes_left(&s->from_client));
    bytes_take(&s->from_client, NULL, bytes_left(&s->from_client));
}

static void sim_end(int r, bool reset)
{
    Sim_Socket *const s = &sockets[relays[r].link];
    s->ended = true;
    s->reset = reset;
}

static int sim_open_sockets(void)
{
    int open = 0;

    for (int fd = 0; fd < SOCKETS; ++fd) {
        open += sockets[fd].used ? 1 : 0;
    }

    return open;
}

static void sim_shutdown(void)
{
    for (int fd = 0; fd < SOCKETS; ++fd) {
        bytes_free(&sockets[fd].to_client);
        bytes_free(&sockets[fd].from_client);
    }
}

const Far_Backend sim_far = {
    sim_network, sim_listen, sim_find, sim_write, sim_read, sim_end, sim_open_sockets, sim_shutdown,
};
