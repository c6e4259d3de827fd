/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATH_SIZE = 256, START_MS = 15000 };

const char *scratch_path(const char *name)
{
    static char paths[4][PATH_SIZE];
    static char directory[PATH_SIZE / 2];
    static unsigned turn;

    if (directory[0] == '\0') {
        const char *base = getenv("REAL_SCRATCH");
        snprintf(directory, sizeof(directory), "%s/XXXXXX", base == NULL ? "/tmp" : base);
        CHECK(mkdtemp(directory) != NULL);
        /* Proxies drop their rights. */
        CHECK(chmod(directory, 0777) == 0);
    }

    char *path = paths[turn++ % 4];
    CHECK(snprintf(path, PATH_SIZE, "%s/%s", directory, name) < PATH_SIZE);
    return path;
}

void scratch_write(const char *name, const char *format, ...)
{
    FILE *file = fopen(scratch_path(name), "w");
    CHECK(file != NULL);
    va_list args;
    va_start(args, format);
    CHECK(vfprintf(file, format, args) > 0);
    va_end(args);
    CHECK(fclose(file) == 0);
}

static _Noreturn void become(const char *program, const char *const *args, int log)
{
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_DFL);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    /* The peer must not hold sockets of the test open. */
    close_range(3, ~0U, 0);
    execv(program, (char *const *)args);
    _exit(127);
}

pid_t daemon_start(const char *variable, const char *name, const char *const *args)
{
    const char *program = getenv(variable);
    const char *argv[16] = {name};
    char log_name[64];

    if (program == NULL) {
        fail_at(__FILE__, __LINE__, "%s does not say where %s is", variable, name);
    }

    for (size_t i = 0; args[i] != NULL; ++i) {
        CHECK(i + 2 < sizeof(argv) / sizeof(argv[0]));
        argv[i + 1] = args[i];
    }

    snprintf(log_name, sizeof(log_name), "%s.log", name);
    const int log = open(scratch_path(log_name), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0666);
    CHECK(log != -1);
    const pid_t pid = fork();
    CHECK(pid != -1);

    if (pid == 0) {
        become(program, argv, log);
    }

    /* Both sides set it, whoever is first. */
    setpgid(pid, pid);
    close(log);
    return pid;
}

void daemon_signal(pid_t pid, int signal_number)
{
    CHECK(kill(-pid, signal_number) == 0);
}

void daemon_kill(pid_t pid)
{
    daemon_signal(pid, SIGKILL);
    CHECK(waitpid(pid, NULL, 0) == pid);
}

static bool can_connect(const char *ip, uint16_t port)
{
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    const bool is_v6 = inet_pton(AF_INET6, ip, &v6.sin6_addr) == 1;
    CHECK(is_v6 || inet_pton(AF_INET, ip, &v4.sin_addr) == 1);
    const int s = socket(is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(s != -1);
    const int result = is_v6 ? connect(s, (struct sockaddr *)&v6, sizeof(v6))
                             : connect(s, (struct sockaddr *)&v4, sizeof(v4));
    close(s);
    return result == 0;
}

void await_listener(pid_t pid, const char *ip, uint16_t port)
{
    const uint64_t end = real_ms() + START_MS * (uint64_t)slowness();

    while (!can_connect(ip, port)) {
        if (waitpid(pid, NULL, WNOHANG) != 0) {
            fail_at(__FILE__, __LINE__, "the program for %s port %u has ended", ip, port);
        }

        if (real_ms() >= end) {
            fail_at(__FILE__, __LINE__, "nothing listens at %s port %u", ip, port);
        }

        usleep(5000);
    }
}

/* Inode of the socket with these ports in one of the kernel's tables; 0 if it is not there. */
static unsigned long find_inode(const char *table, uint16_t local_port, uint16_t remote_port)
{
    FILE *file = fopen(table, "r");
    char line[512];
    unsigned long found = 0;

    while (file != NULL && found == 0 && fgets(line, sizeof(line), file) != NULL) {
        unsigned local;
        unsigned remote;
        unsigned long inode;

        if (sscanf(line, " %*d: %*[0-9A-F]:%x %*[0-9A-F]:%x %*x %*x:%*x %*x:%*x %*x %*u %*u %lu",
                   &local, &remote, &inode) == 3
                && local == local_port && remote == remote_port) {
            found = inode;
        }
    }

    if (file != NULL) {
        fclose(file);
    }

    return found;
}

static bool holds_socket(const char *pid, unsigned long inode)
{
    char path[64];
    char wanted[64];
    char link[64];
    bool found = false;
    snprintf(path, sizeof(path), "/proc/%.20s/fd", pid);
    snprintf(wanted, sizeof(wanted), "socket:[%lu]", inode);
    DIR *fds = opendir(path);
    const struct dirent *entry;

    while (fds != NULL && !found && (entry = readdir(fds)) != NULL) {
        const ssize_t n = readlinkat(dirfd(fds), entry->d_name, link, sizeof(link) - 1);
        link[n < 0 ? 0 : n] = '\0';
        found = strcmp(link, wanted) == 0;
    }

    if (fds != NULL) {
        closedir(fds);
    }

    return found;
}

static void read_name(const char *pid, char *name, size_t size)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%.20s/comm", pid);
    FILE *file = fopen(path, "r");

    if (file == NULL || fgets(name, (int)size, file) == NULL) {
        name[0] = '\0';
    }

    name[strcspn(name, "\n")] = '\0';

    if (file != NULL) {
        fclose(file);
    }
}

const char *socket_owner(uint16_t local_port, uint16_t remote_port)
{
    static char name[64];
    name[0] = '\0';
    unsigned long inode = find_inode("/proc/net/tcp", local_port, remote_port);
    inode = inode != 0 ? inode : find_inode("/proc/net/tcp6", local_port, remote_port);
    DIR *processes = inode == 0 ? NULL : opendir("/proc");
    const struct dirent *entry;

    while (processes != NULL && name[0] == '\0' && (entry = readdir(processes)) != NULL) {
        if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' && holds_socket(entry->d_name, inode)) {
            read_name(entry->d_name, name, sizeof(name));
        }
    }

    if (processes != NULL) {
        closedir(processes);
    }

    return name;
}
