/* SPDX-License-Identifier: GPL-3.0-or-later */
/* toxcore's own TCP server as a relay. The same for every variant: it uses none of the modules swapped. */
#include "relays.h"
#include "toxabi.h"
#include "versions.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SERVER_STEP_NS = 5000000, FDS = 256 };

static TCP_Server *open_server(const Relay *relay, const Logger *log, Relay_Shared *shared)
{
    for (int i = 0; i < PORT_TRIES; ++i) {
        const uint16_t port = random_low_port();
        TCP_Server *server = new_TCP_server(log, system_random(), system_network(), false, 1, &port,
                                            relay->keys[0].sk, NULL, NULL);

        if (server != NULL) {
            atomic_store(&shared->ports[0], port);
            return server;
        }
    }

    return NULL;
}

/* Every connected socket of this process is closed in such a way that the other end gets a reset. */
static void reset_connections(void)
{
    for (int fd = 3; fd < FDS; ++fd) {
        const struct linger now = {.l_onoff = 1, .l_linger = 0};
        struct sockaddr_in6 peer;
        socklen_t length = sizeof(peer);

        if (getpeername(fd, (struct sockaddr *)&peer, &length) == 0) {
            setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
            close(fd);
        }
    }
}

void relay_serve_stock(const Relay *relay, Relay_Shared *shared)
{
    const Logger *log = logger_new();
    Mono_Time *time = mono_time_new(NULL, NULL);
    TCP_Server *server = open_server(relay, log, shared);

    if (server == NULL) {
        atomic_store(&shared->failed, true);
        return;
    }

    atomic_store(&shared->ready, true);

    while (atomic_load(&shared->order) == ORDER_SERVE) {
        mono_time_update(time);
        do_TCP_server(server, time);
        pause_ns(SERVER_STEP_NS);
    }

    if (atomic_load(&shared->order) == ORDER_RESET) {
        reset_connections();
        atomic_store(&shared->done, ORDER_RESET);
    }
}
