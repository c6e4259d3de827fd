/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The functions with libc's names are found before libc's, by toxcore as well as by Rust's library.
 */
/* Without GNU's variant of socket addresses in the prototypes. */
#undef _GNU_SOURCE
#define _DEFAULT_SOURCE 1

#include "wires.h"

#include "check.h"
#include "clock.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FDS = 1024, PORTS = 65536 };

/* 203.0.113.1, of TEST-NET-3 (RFC 5737). */
static const uint32_t first_address = 0xcb007101;

/* One more than the number of the owner, so that 0 is nobody. */
static uint8_t fd_owner[FDS];
static uint16_t fd_port[FDS];
static uint8_t port_owner[PORTS];
static uint64_t sent[OWNERS][PORTS];
static bool cut[OWNERS + 1];
static bool hung_up[OWNERS + 1];
static uint8_t owner_now;

static bool known(int fd)
{
    return fd >= 0 && fd < FDS;
}

/* Both ways between the owners' addresses and the loopback address, where all of them are. */
static struct sockaddr_in real_address(const struct sockaddr *address)
{
    struct sockaddr_in in;
    memcpy(&in, address, sizeof(in));
    CHECK(in.sin_family == AF_INET);
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return in;
}

static void show_owner(struct sockaddr *address)
{
    struct sockaddr_in in;
    memcpy(&in, address, sizeof(in));
    const uint8_t owner = port_owner[ntohs(in.sin_port)];

    if (owner != 0) {
        in.sin_addr.s_addr = htonl(first_address + owner - 1);
        memcpy(address, &in, sizeof(in));
    }
}

/* The kernel holds small packets back in real time: on a clock of our own that would be seconds. */
static void no_delay(int fd)
{
    const int on = 1;

    if (clock_is_own() && fd >= 0) {
        /* fails for datagrams, which do not wait */
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    }
}

int socket(int domain, int type, int protocol)
{
    const int fd = (int)syscall(SYS_socket, domain, type, protocol);
    no_delay(fd);

    if (known(fd)) {
        fd_owner[fd] = owner_now;
        fd_port[fd] = 0;
    }

    return fd;
}

int accept(int fd, struct sockaddr *address, socklen_t *length)
{
    const int accepted = (int)syscall(SYS_accept, fd, address, length);
    no_delay(accepted);

    if (known(accepted)) {
        fd_owner[accepted] = owner_now;
        fd_port[accepted] = 0;
    }

    return accepted;
}

int close(int fd)
{
    if (known(fd)) {
        fd_owner[fd] = 0;
        fd_port[fd] = 0;
    }

    return (int)syscall(SYS_close, fd);
}

int connect(int fd, const struct sockaddr *address, socklen_t length)
{
    const struct sockaddr_in real = real_address(address);
    (void)length;

    if (known(fd)) {
        fd_port[fd] = ntohs(real.sin_port);
    }

    return (int)syscall(SYS_connect, fd, &real, sizeof(real));
}

ssize_t send(int fd, const void *data, size_t size, int flags)
{
    const ssize_t n = syscall(SYS_sendto, fd, data, size, flags, NULL, 0);

    if (n > 0 && known(fd) && fd_owner[fd] != 0) {
        sent[fd_owner[fd] - 1][fd_port[fd]] += (uint64_t)n;
    }

    return n;
}

ssize_t sendto(int fd, const void *data, size_t size, int flags, const struct sockaddr *address, socklen_t length)
{
    const struct sockaddr_in real = real_address(address);
    const uint8_t from = known(fd) ? fd_owner[fd] : 0;
    const uint8_t to = port_owner[ntohs(real.sin_port)];
    (void)length;

    if (cut[from] || cut[to] || hung_up[from] || hung_up[to]) {
        return (ssize_t)size;
    }

    return syscall(SYS_sendto, fd, data, size, flags, &real, sizeof(real));
}

ssize_t recvfrom(int fd, void *data, size_t size, int flags, struct sockaddr *address, socklen_t *length)
{
    const ssize_t n = syscall(SYS_recvfrom, fd, data, size, flags, address, length);

    if (n >= 0 && address != NULL) {
        show_owner(address);
    }

    return n;
}

const char *wires_address(int owner)
{
    static char text[32];
    snprintf(text, sizeof(text), "203.0.113.%d", 1 + owner);
    return text;
}

void wires_owner(int owner)
{
    owner_now = (uint8_t)(owner + 1);
}

static bool can_bind(int type, uint16_t port)
{
    const struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    const int fd = socket(AF_INET, type, 0);
    const bool can = fd != -1 && bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;
    close(fd);
    return can;
}

/* Not at random: programs that run side by side must not look at the same ports. */
uint16_t wires_free_port(void)
{
    static unsigned looked_at;

    while (looked_at < 20000) {
        const uint16_t port = (uint16_t)(10000 + ((unsigned)getpid() * 100 + looked_at++) % 20000);

        if (can_bind(SOCK_STREAM, port) && can_bind(SOCK_DGRAM, port)) {
            return port;
        }
    }

    fail_at(__FILE__, __LINE__, "no free port");
}

void wires_udp_port(int owner, uint16_t port)
{
    for (int i = 0; i < PORTS; ++i) {
        port_owner[i] = port_owner[i] == owner + 1 ? 0 : port_owner[i];
    }

    if (port != 0) {
        port_owner[port] = (uint8_t)(owner + 1);
    }
}

void wires_cut_udp(int owner, bool is_cut)
{
    cut[owner + 1] = is_cut;
}

void wires_hang_up(int owner)
{
    hung_up[owner + 1] = true;

    for (int fd = 0; fd < FDS; ++fd) {
        if (fd_owner[fd] == owner + 1) {
            syscall(SYS_shutdown, fd, SHUT_RDWR);
        }
    }
}

void wires_hang_on(int owner)
{
    hung_up[owner + 1] = false;
}

void wires_close(int owner)
{
    for (int fd = 0; fd < FDS; ++fd) {
        if (fd_owner[fd] == owner + 1) {
            close(fd);
        }
    }
}

uint64_t wires_sent(int owner, uint16_t port)
{
    return sent[owner][port];
}

unsigned wires_sockets(int owner)
{
    unsigned count = 0;

    for (int fd = 0; fd < FDS; ++fd) {
        count += fd_owner[fd] == owner + 1;
    }

    return count;
}

unsigned wires_connections(int owner)
{
    unsigned count = 0;

    for (int fd = 0; fd < FDS; ++fd) {
        count += fd_owner[fd] == owner + 1 && fd_port[fd] != 0;
    }

    return count;
}
