/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Starting and ending the pump: a scripted relay in a process of its own, on the second CPU. */
#include "bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <sodium.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int listen_on_loopback(uint16_t *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 || listen(fd, 64) != 0
        || getsockname(fd, (struct sockaddr *)&address, &length) != 0) {
        die("cannot listen on loopback: %s", strerror(errno));
    }

    *port = ntohs(address.sin_port);
    return fd;
}

void pump_start(Pump *pump)
{
    pump->listener = listen_on_loopback(&pump->port);
    crypto_box_keypair(pump->keys.pk, pump->keys.sk);
    pump->shared = mmap(NULL, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (pump->shared == MAP_FAILED) {
        die("no memory to share with the pump");
    }

    const pid_t parent = getpid();
    pump->pid = fork();

    if (pump->pid < 0) {
        die("fork: %s", strerror(errno));
    }

    if (pump->pid == 0) {
        /* Never outlive the client, whatever way it ends. */
        prctl(PR_SET_PDEATHSIG, SIGKILL);

        if (getppid() != parent) {
            _exit(1);
        }

        prctl(PR_SET_TIMERSLACK, 1UL);
        pin_to_cpu(1);
        pump_serve(pump);
        _exit(atomic_load(&pump->shared->failed) ? 1 : 0);
    }

    close(pump->listener);
    pump->listener = -1;
}

void pump_stop(Pump *pump)
{
    const uint64_t deadline = now_ns() + 2000000000U;
    int status = 0;
    atomic_store(&pump->shared->stop, true);

    while (waitpid(pump->pid, &status, WNOHANG) == 0) {
        if (now_ns() > deadline) {
            kill(pump->pid, SIGKILL);
        }

        pause_ns(1000000U);
    }

    munmap(pump->shared, sizeof(Shared));
    pump->shared = NULL;
}

void pump_check(const Pump *pump)
{
    if (atomic_load(&pump->shared->failed)) {
        die("the pump relay failed");
    }
}
