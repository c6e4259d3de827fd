/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Starting, commanding and ending relays that run in processes of their own. */
#include "relays.h"
#include "toxabi.h"
#include "versions.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { START_LIMIT_MS = 8000, ORDER_LIMIT_MS = 4000, LOW_PORT = 10000, LOW_PORTS = 20000 };

void *share_memory(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED) {
        die("no memory to share");
    }

    return memory;
}

pid_t fork_child(void)
{
    const pid_t parent = getpid();
    const pid_t pid = fork();

    if (pid < 0) {
        die("fork: %s", strerror(errno));
    }

    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);

        if (getppid() != parent) {
            _exit(1);
        }
    }

    return pid;
}

uint16_t random_low_port(void)
{
    return (uint16_t)(LOW_PORT + randombytes_uniform(LOW_PORTS));
}

uint16_t bind_low_port(int fd)
{
    for (int i = 0; i < PORT_TRIES; ++i) {
        const uint16_t port = random_low_port();
        const struct sockaddr_in address = {
            .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
        };

        if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0) {
            return port;
        }
    }

    die("no free port: %s", strerror(errno));
}

int listen_low_port(uint16_t *port)
{
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0) {
        die("socket: %s", strerror(errno));
    }

    *port = bind_low_port(fd);

    if (listen(fd, 64) != 0) {
        die("listen: %s", strerror(errno));
    }

    return fd;
}

static void await_ready(const Relay_Shared *shared)
{
    const uint64_t limit = now_ns() + START_LIMIT_MS * 1000000ULL;

    while (!atomic_load(&shared->ready)) {
        if (atomic_load(&shared->failed) || now_ns() > limit) {
            die("a relay did not start");
        }

        pause_ns(1000000U);
    }
}

/* Forks; the child serves and ends. */
static pid_t start_one(const Relay *relay, Relay_Shared *shared, bool proxy)
{
    const pid_t pid = fork_child();

    if (pid == 0) {
        if (proxy) {
            relay_serve_proxy(relay);
        } else if (relay->kind == RELAY_SCRIPTED) {
            relay_serve_script(relay);
        } else if (relay->kind == RELAY_NODE) {
            relay_serve_node(relay, shared);
        } else {
            relay_serve_stock(relay, shared);
        }

        _exit(atomic_load(&shared->failed) ? 1 : 0);
    }

    await_ready(shared);
    return pid;
}

void relay_start(Relay *relay)
{
    if (relay->count == 0) {
        relay->count = 1;
    }

    for (size_t i = 0; i < relay->count; ++i) {
        crypto_box_keypair(relay->keys[i].pk, relay->keys[i].sk);
    }

    relay->shared = (Relay_Shared *)share_memory(sizeof(Relay_Shared));

    if (relay->kind == RELAY_PROXIED) {
        relay->behind = (Relay_Shared *)share_memory(sizeof(Relay_Shared));
        relay->pid = start_one(relay, relay->behind, false);
        relay->proxy_pid = start_one(relay, relay->shared, true);
    } else {
        relay->pid = start_one(relay, relay->shared, false);
    }
}

void relay_order(Relay *relay, Relay_Order order)
{
    const uint64_t limit = now_ns() + ORDER_LIMIT_MS * 1000000ULL;
    atomic_store(&relay->shared->order, (int)order);

    while (atomic_load(&relay->shared->done) != (int)order) {
        if (now_ns() > limit) {
            die("a relay did not obey");
        }

        pause_ns(100000U);
    }
}

void wait_child(pid_t pid)
{
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
    }
}

/* Its sockets are closed when this returns. */
void relay_kill(Relay *relay)
{
    kill(relay->pid, SIGKILL);
    wait_child(relay->pid);
    relay->pid = 0;
}

void relay_freeze(const Relay *relay)
{
    kill(relay->pid, SIGSTOP);
}

void relay_stop(Relay *relay)
{
    if (relay->pid != 0) {
        relay_kill(relay);
    }

    if (relay->proxy_pid != 0) {
        kill(relay->proxy_pid, SIGKILL);
        wait_child(relay->proxy_pid);
        relay->proxy_pid = 0;
        munmap(relay->behind, sizeof(Relay_Shared));
    }

    munmap(relay->shared, sizeof(Relay_Shared));
    relay->shared = NULL;
}

TCP_Connections *open_connections(const Logger *log, Mono_Time *time, const uint8_t *secret_key)
{
    TCP_Proxy_Info none;
    memset(&none, 0, sizeof(none));
    TCP_Connections *tc = new_tcp_connections(log, system_random(), system_network(), time, secret_key, &none);

    if (tc == NULL) {
        die("new_tcp_connections failed");
    }

    return tc;
}

void loopback_address(uint16_t port, IP_Port *address)
{
    memset(address, 0, sizeof(*address));
    address->ip.family = net_family_ipv4();
    address->ip.ip.v4 = get_ip4_loopback();
    address->port = net_htons(port);
}

void relay_address(const Relay *relay, size_t index, IP_Port *address)
{
    loopback_address((uint16_t)atomic_load(&relay->shared->ports[index]), address);
}

uint16_t node_udp_port(const Relay *relay, size_t index)
{
    return (uint16_t)atomic_load(&relay->shared->ports[relay->count + index]);
}
