/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A relay that sends as fast as its clients take it: pings, and then it reads nothing any more, or data of a
 * peer that is none, and then it reads and forgets what comes. Each segment holds whole frames: on a fragment
 * in front of a closed window the original waits for good (tcp_client.md D-01), which would save it from the
 * flood.
 */
#include "relays.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

enum { DATA_SIZE = 41, SEGMENT = 1440, BURST = 64, POLL_MS = 10, CHUNK = 65536 };

_Static_assert(SEGMENT <= (int)GUEST_BUFFER, "a segment fits the buffer");

/* New frames once the last ones are out. */
static void refill(Flood_Target *target, int order, uint64_t *number)
{
    uint8_t plain[DATA_SIZE] = {order == ORDER_FLOOD ? ID_PING : DATA_ID};
    const size_t length = order == ORDER_FLOOD ? PING_SIZE : DATA_SIZE;

    if (target->sent < target->filled) {
        return;
    }

    target->sent = 0;
    target->filled = 0;

    while (target->filled + PREFIX_SIZE + MAC_SIZE + length <= SEGMENT) {
        put_u64(plain + 1, ++*number);
        target->filled += channel_seal(target->channel, plain, length, target->bytes + target->filled);
    }
}

/* False when the client is gone. */
static bool send_burst(Flood_Target *target, int order, uint64_t *number)
{
    for (int i = 0; i < BURST; ++i) {
        refill(target, order, number);
        const ssize_t n = send(target->fd, target->bytes + target->sent, target->filled - target->sent,
                               MSG_NOSIGNAL | MSG_DONTWAIT | MSG_EOR);

        if (n < 0) {
            return errno == EAGAIN || errno == EINTR;
        }

        target->sent += (size_t)n;
    }

    return true;
}

static void forget_input(int fd)
{
    static uint8_t bytes[CHUNK];

    while (recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0) {
    }
}

void relay_flood(Relay_Shared *shared, Flood_Target *targets, size_t count)
{
    struct pollfd fds[SHARE_LIMIT];
    uint64_t number = 0;
    const int order = atomic_load(&shared->order);
    count = count < SHARE_LIMIT ? count : SHARE_LIMIT;

    while (atomic_load(&shared->order) == order) {
        for (size_t i = 0; i < count; ++i) {
            fds[i] = (struct pollfd) {.fd = targets[i].fd, .events = POLLOUT};
        }

        poll(fds, count, POLL_MS);

        for (size_t i = 0; i < count; ++i) {
            if (fds[i].revents != 0 && !send_burst(&targets[i], order, &number)) {
                targets[i].fd = -1;
            }

            if (order == ORDER_CHATTER) {
                forget_input(targets[i].fd);
            }
        }
    }
}
