/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The injected Network object: counts every call, injects faults, and passes the rest to the
 * simulated or to the real socket. */
#include "net.h"

#include <errno.h>
#include <string.h>

Net_Counts net_counts;
Net_Faults net_faults;
int client_fd = -1;
size_t client_sent;
size_t client_taken;
bool far_holds;
IP_Port net_connect_address;

static const Net_Backend *net = &sim_net;
static const Far_Backend *far_end = &sim_far;
static size_t far_had; /* bytes of the client that far_read has handed out */
static bool far_gone;  /* closed or reset: nothing can be read any more */

static int on_close(void *obj, Net_Socket s)
{
    (void)obj;
    ++net_counts.closes;

    if (socket_fd(s) == client_fd) {
        client_fd = -1;
    }

    return net->close_socket(socket_fd(s));
}

static int on_recvbuf(void *obj, Net_Socket s)
{
    (void)obj;
    ++net_counts.recvbuf;

    if (net_faults.recvbuf_says >= 0) {
        return (int)net_faults.recvbuf_says;
    }

    return net->readable(socket_fd(s));
}

static int on_recv(void *obj, Net_Socket s, uint8_t *buf, size_t n)
{
    (void)obj;
    ++net_counts.recv;

    if (net_faults.recv_errno != 0) {
        errno = net_faults.recv_errno;
        return -1;
    }

    if (n > 2 && net_faults.recv_errno_for > 0) {
        --net_faults.recv_errno_for;
        errno = EAGAIN;
        return -1;
    }

    if (net_faults.recv_short > 0) {
        n = n < net_faults.recv_short ? n : net_faults.recv_short;
        net_faults.recv_short = 0;
    }

    const int got = net->receive(socket_fd(s), buf, n);

    if (got > 0) {
        client_taken += (size_t)got;
    }

    return got;
}

static int on_send(void *obj, Net_Socket s, const uint8_t *buf, size_t n)
{
    (void)obj;
    ++net_counts.send;

    if (net_faults.send_errno != 0) {
        errno = net_faults.send_errno;
        return -1;
    }

    if (net_faults.send_max > 0 && n > net_faults.send_max) {
        n = net_faults.send_max;
    }

    if (net_faults.send_room == 0) {
        errno = EAGAIN;
        return -1;
    }

    if (net_faults.send_room > 0 && n > (size_t)net_faults.send_room) {
        n = (size_t)net_faults.send_room;
    }

    const int sent = net->transmit(socket_fd(s), buf, n);

    if (sent > 0) {
        client_sent += (size_t)sent;

        if (net_faults.send_room > 0) {
            net_faults.send_room -= sent;
        }
    }

    return sent;
}

static Net_Socket on_socket(void *obj, int domain, int type, int proto)
{
    (void)obj;

    if (net_faults.fail_socket) {
        errno = EMFILE;
        return fd_socket(-1);
    }

    const int fd = net->open_socket(domain, type, proto);

    if (fd >= 0) {
        ++net_counts.sockets;
        client_fd = fd;
    }

    return fd_socket(fd);
}

static int on_nonblock(void *obj, Net_Socket s, bool nonblock)
{
    (void)obj;
    ++net_counts.nonblock;

    if (net_faults.fail_nonblock) {
        errno = EINVAL;
        return -1;
    }

    const Network *real = system_network();
    return real->funcs->socket_nonblock(real->obj, s, nonblock);
}

static int on_getsockopt(void *obj, Net_Socket s, int level, int name, void *val, size_t *len)
{
    (void)obj;
    const Network *real = system_network();
    return real->funcs->getsockopt(real->obj, s, level, name, val, len);
}

static int on_setsockopt(void *obj, Net_Socket s, int level, int name, const void *val, size_t len)
{
    (void)obj;
    ++net_counts.setsockopt;
    const Network *real = system_network();
    return real->funcs->setsockopt(real->obj, s, level, name, val, len);
}

/* The client has no use for the functions of a listening or a datagram socket. */
static int unexpected(const char *name)
{
    ++net_counts.other;
    fail("unexpected network call: %s", name);
    errno = ENOSYS;
    return -1;
}

static Net_Socket on_accept(void *obj, Net_Socket s)
{
    (void)obj;
    (void)s;
    return fd_socket(unexpected("accept"));
}

static int on_bind(void *obj, Net_Socket s, const Net_Addr *addr)
{
    (void)obj;
    (void)s;
    (void)addr;
    return unexpected("bind");
}

static int on_listen(void *obj, Net_Socket s, int backlog)
{
    (void)obj;
    (void)s;
    (void)backlog;
    return unexpected("listen");
}

static int on_recvfrom(void *obj, Net_Socket s, uint8_t *buf, size_t n, Net_Addr *addr)
{
    (void)obj;
    (void)s;
    (void)buf;
    (void)n;
    (void)addr;
    return unexpected("recvfrom");
}

static int on_sendto(void *obj, Net_Socket s, const uint8_t *buf, size_t n, const Net_Addr *addr)
{
    (void)obj;
    (void)s;
    (void)buf;
    (void)n;
    (void)addr;
    return unexpected("sendto");
}

#if TOX_ABI == 222

static int on_getaddrinfo(void *obj, const Memory *mem, const char *host, int family, int proto, IP_Port **out)
{
    (void)obj;
    (void)mem;
    (void)host;
    (void)family;
    (void)proto;
    (void)out;
    return unexpected("getaddrinfo");
}

static int on_freeaddrinfo(void *obj, const Memory *mem, IP_Port *addrs)
{
    (void)obj;
    (void)mem;
    (void)addrs;
    return unexpected("freeaddrinfo");
}

static int on_connect(void *obj, Socket s, const IP_Port *addr)
{
    (void)obj;
    ++net_counts.connects;

    net_connect_address = *addr;
    const Network *real = system_network();
    int result = -1;

    if (net_faults.connect_errno == 0) {
        result = real->funcs->connect(real->obj, s, addr);
    } else {
        errno = net_faults.connect_errno;
    }

    if (result != 0 && net == &sim_net && errno != EINPROGRESS && errno != EAGAIN) {
        /* as the system's socket does that was not connected */
        net_faults.send_errno = EPIPE;
        net_faults.recv_errno = ENOTCONN;
    }

    return result;
}

#else

static int on_getaddrinfo(void *obj, int family, Network_Addr **out)
{
    (void)obj;
    (void)family;
    (void)out;
    return unexpected("getaddrinfo");
}

static int on_freeaddrinfo(void *obj, Network_Addr *addrs)
{
    (void)obj;
    (void)addrs;
    return unexpected("freeaddrinfo");
}

#endif

static const Network_Funcs test_funcs = {
    .close = on_close,
    .accept = on_accept,
    .bind = on_bind,
    .listen = on_listen,
#if TOX_ABI == 222
    .connect = on_connect,
#endif
    .recvbuf = on_recvbuf,
    .recv = on_recv,
    .recvfrom = on_recvfrom,
    .send = on_send,
    .sendto = on_sendto,
    .socket = on_socket,
    .socket_nonblock = on_nonblock,
    .getsockopt = on_getsockopt,
    .setsockopt = on_setsockopt,
    .getaddrinfo = on_getaddrinfo,
    .freeaddrinfo = on_freeaddrinfo,
};

const Network test_network = {&test_funcs, NULL};

void far_open(Mode mode, uint8_t family, bool listening)
{
    net = mode == MODE_SIM ? &sim_net : &tcp_net;
    far_end = mode == MODE_SIM ? &sim_far : &tcp_far;
    memset(&net_counts, 0, sizeof(net_counts));
    memset(&net_faults, 0, sizeof(net_faults));
    net_faults.send_room = -1;
    net_faults.recvbuf_says = -1;
    client_fd = -1;
    client_sent = 0;
    client_taken = 0;
    far_had = 0;
    far_gone = false;
    far_holds = false;
    far_end->open(family, listening);
}

uint16_t far_port(void)
{
    return far_end->port();
}

void far_accept(void)
{
    far_end->accept();
}

void far_write(const uint8_t *data, size_t n)
{
    far_end->write(data, n);
}

void far_read(Bytes *into)
{
    if (far_gone) {
        return;
    }

    const size_t before = bytes_left(into);
    far_end->read(into, client_sent - far_had);
    far_had += bytes_left(into) - before;

    if (far_had != client_sent) {
        fail("the far end received %zu bytes, the client sent %zu", far_had, client_sent);
    }
}

void far_close(void)
{
    t_line("far end closes");
    far_gone = true;
    far_end->end(false);
}

void far_reset(void)
{
    t_line("far end resets");
    far_gone = true;
    far_end->end(true);
}

void far_shutdown(void)
{
    far_end->shutdown();
}

bool far_sees_end(void)
{
    return far_end->sees_end();
}

size_t net_sent(void)
{
    return client_sent;
}
