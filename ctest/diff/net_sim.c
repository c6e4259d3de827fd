/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A socket in memory.
 *
 * Before 0.2.22 net_connect calls connect(2) itself, so the client needs a descriptor on which that
 * succeeds at once and without a listener: a datagram socket. No byte ever goes through it. */
#include "net.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

static Bytes to_client;
static Bytes from_client;
static bool ended, reset_seen, closed_by_client;

static int sim_socket(int domain, int type, int proto)
{
    (void)type;
    (void)proto;

    if (net_faults.any_family) {
        domain = AF_INET;
    }

    closed_by_client = false;
    return socket(domain, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

static int sim_close(int fd)
{
    closed_by_client = true;
    return close(fd);
}

static int sim_readable(int fd)
{
    (void)fd;
    return (int)bytes_left(&to_client);
}

static int sim_receive(int fd, uint8_t *buf, size_t n)
{
    (void)fd;

    if (bytes_left(&to_client) == 0) {
        if (reset_seen) {
            errno = ECONNRESET;
            return -1;
        }

        if (ended) {
            return 0;
        }

        errno = EAGAIN;
        return -1;
    }

    return (int)bytes_take(&to_client, buf, n);
}

static int sim_transmit(int fd, const uint8_t *buf, size_t n)
{
    (void)fd;

    if (reset_seen) {
        errno = EPIPE;
        return -1;
    }

    bytes_put(&from_client, buf, n);
    return (int)n;
}

static void sim_open(uint8_t family, bool listening)
{
    (void)family;
    bytes_free(&to_client);
    bytes_free(&from_client);
    ended = false;
    reset_seen = false;
    closed_by_client = false;

    if (!listening) {
        net_faults.send_errno = ECONNREFUSED;
        net_faults.recv_errno = ECONNREFUSED;
    }
}

static uint16_t sim_port(void)
{
    return 33445;
}

static void sim_accept(void)
{
}

static void sim_write(const uint8_t *data, size_t n)
{
    bytes_put(&to_client, data, n);
}

static void sim_read(Bytes *into, size_t wanted)
{
    (void)wanted;
    bytes_put(into, bytes_at(&from_client), bytes_left(&from_client));
    bytes_take(&from_client, NULL, bytes_left(&from_client));
}

static void sim_end(bool reset)
{
    ended = true;
    reset_seen = reset;
}

static bool sim_sees_end(void)
{
    return closed_by_client;
}

static void sim_shutdown(void)
{
    bytes_free(&to_client);
    bytes_free(&from_client);
}

const Net_Backend sim_net = {sim_socket, sim_close, sim_readable, sim_receive, sim_transmit};
const Far_Backend sim_far = {
    sim_open, sim_port, sim_accept, sim_write, sim_read, sim_end, sim_sees_end, sim_shutdown,
};
