/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Clocks, pinning and other small things. */
#include "bench.h"

#include <dirent.h>
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

_Noreturn void die(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("bench: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(1);
}

void mark(const char *text)
{
    if (write(-1, text, strlen(text)) >= 0) {
        die("the mark was written somewhere");
    }
}

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec ts;

    if (clock_gettime(clock, &ts) != 0) {
        die("clock_gettime: %s", strerror(errno));
    }

    return (uint64_t)ts.tv_sec * 1000000000U + (uint64_t)ts.tv_nsec;
}

uint64_t now_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

uint64_t thread_cpu_ns(void)
{
    return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

static int compare_u64(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a;
    const uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

uint64_t cpu_clock_overhead_ns(void)
{
    enum { ROUNDS = 2001 };
    uint64_t *deltas = malloc(ROUNDS * sizeof(*deltas));

    if (deltas == NULL) {
        die("out of memory");
    }

    for (int i = 0; i < ROUNDS; ++i) {
        const uint64_t before = thread_cpu_ns();
        deltas[i] = thread_cpu_ns() - before;
    }

    qsort(deltas, ROUNDS, sizeof(*deltas), compare_u64);
    const uint64_t median = deltas[ROUNDS / 2];
    free(deltas);
    return median;
}

void sleep_until_ns(uint64_t deadline)
{
    const struct timespec ts = {
        .tv_sec = (time_t)(deadline / 1000000000U),
        .tv_nsec = (long)(deadline % 1000000000U),
    };

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR) {
    }
}

void pause_ns(uint64_t duration)
{
    sleep_until_ns(now_ns() + duration);
}

bool pin_to_cpu(int n)
{
    cpu_set_t allowed;
    CPU_ZERO(&allowed);

    if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) {
        return false;
    }

    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        if (CPU_ISSET(cpu, &allowed) && n-- == 0) {
            cpu_set_t one;
            CPU_ZERO(&one);
            CPU_SET(cpu, &one);
            return sched_setaffinity(0, sizeof(one), &one) == 0;
        }
    }

    return false;
}

int loopback_mtu(void)
{
    struct ifreq request = {0};
    memcpy(request.ifr_name, "lo", 3);
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0) {
        return -1;
    }

    const int result = ioctl(fd, SIOCGIFMTU, &request);
    close(fd);
    return result == 0 ? request.ifr_mtu : -1;
}

int thread_count(void)
{
    DIR *dir = opendir("/proc/self/task");
    int count = 0;

    if (dir == NULL) {
        return -1;
    }

    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        count += entry->d_name[0] != '.';
    }

    closedir(dir);
    return count;
}

uint64_t process_rss_bytes(void)
{
    unsigned long long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");

    if (file == NULL || fscanf(file, "%*u %llu", &pages) != 1) {
        die("cannot read /proc/self/statm");
    }

    fclose(file);
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

void raise_file_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

void put_u64(uint8_t *out, uint64_t value)
{
    memcpy(out, &value, sizeof(value));
}

uint64_t get_u64(const uint8_t *in)
{
    uint64_t value;
    memcpy(&value, in, sizeof(value));
    return value;
}
