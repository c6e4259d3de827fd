/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * wake SCENARIO [name=value ...]: two peers over three relays of the standalone library, as a program with
 * an event loop has them (descriptor, wait, poll(2)), or one that polls. Prints one line of figures, those
 * of the first peer; the second peer and the relays are processes of their own.
 *
 *   idle      nobody says anything: wake-ups by what caused them, CPU time
 *   latency   the second peer sends now and then: time until the first one's callback
 *   receive   packets at a fixed rate come to the first peer
 *   send      they come from it
 *
 *   marked    1: no CPU times, so that a count of system calls has none for them
 *   step_us   0: event loop; otherwise it sleeps so long between two calls of toxlink_connections_iterate()
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <toxlink.h>
#include <unistd.h>

enum { RELAYS = 3, ADDRESS_SIZE = 64, LIMIT_S = 60, SAMPLES = 100000, MAX_SIZE = 2031, BURST = 10 };

#define MS 1000000ULL

typedef struct Place {
    char address[ADDRESS_SIZE];
    uint8_t key[TOXLINK_KEY_SIZE];
} Place;

/* What the processes have in common. */
typedef struct World {
    Place places[RELAYS];
    uint8_t secret_keys[2][TOXLINK_KEY_SIZE], public_keys[2][TOXLINK_KEY_SIZE];
    _Atomic bool relays_ready, other_ready, go;
    _Atomic uint64_t received;
} World;

typedef struct Options {
    uint64_t step_us, millis, size, rate, settle_ms, marked;
} Options;

typedef struct End {
    Toxlink_Connections *object;
    uint32_t peer;
    uint64_t received, latencies[SAMPLES];
    uint64_t by_socket, by_time;
} End;

static World *world;
static Options options = {.millis = 60000, .size = 100, .rate = 10000, .settle_ms = 35000};
static End end;

static _Noreturn void die(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("wake: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(1);
}

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec ts;
    clock_gettime(clock, &ts);
    return (uint64_t)ts.tv_sec * 1000000000ULL + (uint64_t)ts.tv_nsec;
}

static uint64_t now_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

/* Reading this clock is a system call. */
static uint64_t thread_cpu_ns(void)
{
    return options.marked != 0 ? 0 : clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

static void sleep_until(uint64_t due)
{
    const struct timespec ts = {.tv_sec = (time_t)(due / 1000000000ULL), .tv_nsec = (long)(due % 1000000000ULL)};

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR) {
    }
}

static void mark(const char *text)
{
    if (write(-1, text, strlen(text)) >= 0) {
        die("the mark was written somewhere");
    }
}

/* ---- the other processes */

static void child(void (*run)(void))
{
    const pid_t parent = getpid();
    const pid_t pid = fork();

    if (pid < 0) {
        die("fork: %s", strerror(errno));
    }

    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);

        if (getppid() == parent) {
            run();
        }

        _exit(0);
    }
}

static void run_relays(void)
{
    for (int i = 0; i < RELAYS; ++i) {
        Toxlink_Relay *relay = toxlink_relay_new(NULL, NULL);

        if (relay == NULL || !toxlink_relay_start(relay, NULL)
                || !toxlink_relay_public_key(relay, world->places[i].key)) {
            die("no relay");
        }

        toxlink_relay_address(relay, 0, world->places[i].address, ADDRESS_SIZE);
    }

    world->relays_ready = true;

    while (true) {
        pause();
    }
}

static void on_data(Toxlink_Connections *object, uint32_t peer, const uint8_t *data, size_t length, void *user_data)
{
    (void)object;
    (void)peer;
    (void)user_data;
    uint64_t sent;

    if (length >= sizeof(sent) && end.received < SAMPLES) {
        memcpy(&sent, data, sizeof(sent));
        end.latencies[end.received] = now_ns() - sent;
    }

    ++end.received;
    world->received = end.received;
}

static void open_end(int number)
{
    Toxlink_Options how;
    toxlink_options_init(&how, sizeof(how));
    how.secret_key = world->secret_keys[number];
    end.object = toxlink_connections_new(&how, NULL);

    if (end.object == NULL) {
        die("no connections");
    }

    toxlink_connections_callback_data(end.object, on_data);
    end.peer = toxlink_connections_add_peer(end.object, world->public_keys[1 - number], NULL);

    for (int i = 0; i < RELAYS; ++i) {
        if (!toxlink_connections_add_relay_for(end.object, end.peer, world->places[i].address, world->places[i].key,
                                               NULL)) {
            die("a relay was not taken");
        }
    }
}

/* ---- loops */

static void iterate(void)
{
    if (!toxlink_connections_iterate(end.object, NULL, NULL)) {
        die("no iteration");
    }
}

/* One wake-up, at `due` at the latest. */
static void wake_once(uint64_t due)
{
    if (options.step_us != 0) {
        const uint64_t next = now_ns() + options.step_us * 1000U;
        sleep_until(next < due ? next : due);
        ++end.by_time;
        iterate();
        return;
    }

    const int32_t wait = toxlink_connections_wait(end.object);
    const uint64_t now = now_ns();
    const uint64_t left = now < due ? (due - now) / MS + 1 : 0;
    const bool is_last = wait < 0 || (uint64_t)wait > left;
    struct pollfd fd = {.fd = toxlink_connections_descriptor(end.object), .events = POLLIN};
    const int ready = poll(&fd, 1, is_last ? (int)left : wait);

    if (ready > 0) {
        ++end.by_socket;
    } else if (!is_last) {
        ++end.by_time;
    } else {
        /* The end of the measurement is no wake-up. */
        return;
    }

    iterate();
}

static void run_for(uint64_t millis)
{
    const uint64_t due = now_ns() + millis * MS;

    while (now_ns() < due) {
        wake_once(due);
    }
}

static void come_online(void)
{
    const uint64_t limit = now_ns() + LIMIT_S * 1000 * MS;

    while (toxlink_connections_online_relays(end.object, end.peer) < RELAYS) {
        wake_once(now_ns() + 20 * MS);

        if (now_ns() > limit) {
            die("the peer does not come online");
        }
    }
}

/* Some packets each step, until `millis` are over; the CPU time that they took, sleeping left out. */
static uint64_t send_paced(uint64_t millis, uint64_t *sent, uint64_t *refused)
{
    uint8_t data[MAX_SIZE] = {0};
    const uint64_t start = now_ns(), step = 1000000000ULL / options.rate * BURST;
    uint64_t cpu = 0;

    for (uint64_t n = 1; n * step <= millis * MS; ++n) {
        const uint64_t before = thread_cpu_ns();

        for (int i = 0; i < BURST; ++i) {
            const uint64_t now = now_ns();
            memcpy(data, &now, sizeof(now));
            const bool taken = toxlink_connections_send(end.object, end.peer, data, options.size, NULL);
            *sent += taken;
            *refused += !taken;
        }

        iterate();
        cpu += thread_cpu_ns() - before;
        sleep_until(start + n * step);
    }

    return cpu;
}

/* ---- what the second peer does */

static const char *scenario;

static void run_other(void)
{
    open_end(1);
    options.step_us = 0;
    come_online();
    world->other_ready = true;

    while (!world->go) {
        wake_once(now_ns() + 20 * MS);
    }

    if (strcmp(scenario, "latency") == 0) {
        uint8_t data[MAX_SIZE] = {0};
        srand(1);

        while (true) {
            /* Not in step with anybody. */
            run_for(30 + (uint64_t)rand() % 50);
            const uint64_t now = now_ns();
            memcpy(data, &now, sizeof(now));
            toxlink_connections_send(end.object, end.peer, data, options.size, NULL);
        }
    }

    if (strcmp(scenario, "receive") == 0) {
        uint64_t sent = 0, refused = 0;
        send_paced(options.millis + 1000, &sent, &refused);
    }

    while (true) {
        run_for(1000);
    }
}

/* ---- what is measured */

static int compare(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static double quantile_ms(double share)
{
    const uint64_t count = end.received < SAMPLES ? end.received : SAMPLES;

    if (count == 0) {
        die("nothing has come");
    }

    const uint64_t at = (uint64_t)(share * (double)(count - 1));
    return (double)end.latencies[at] / 1e6;
}

static void measure_idle(void)
{
    end.by_socket = end.by_time = 0;
    const uint64_t start = now_ns(), cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    run_for(options.millis);
    const double seconds = (double)(now_ns() - start) / 1e9;
    const double micros = (double)(clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu) / 1e3;
    const uint64_t all = end.by_socket + end.by_time;
    printf("wakes=%llu by_socket=%llu by_time=%llu seconds=%.1f wakes_per_second=%.4f cpu_us_per_second=%.2f\n",
           (unsigned long long)all, (unsigned long long)end.by_socket, (unsigned long long)end.by_time, seconds,
           (double)all / seconds, micros / seconds);
}

static void measure_latency(void)
{
    end.received = 0;
    run_for(options.millis);
    qsort(end.latencies, end.received < SAMPLES ? end.received : SAMPLES, sizeof(end.latencies[0]), compare);
    printf("packets=%llu p50_ms=%.4f p99_ms=%.4f worst_ms=%.4f\n", (unsigned long long)end.received,
           quantile_ms(0.5), quantile_ms(0.99), quantile_ms(1.0));
}

static void measure_receive(void)
{
    end.received = 0;
    uint64_t cpu = 0, wakes = 0;
    const uint64_t due = now_ns() + options.millis * MS;
    mark("bench-begin");

    /* With a step, only what the library does counts; in the event loop the waiting does, too. */
    while (now_ns() < due) {
        if (options.step_us != 0) {
            sleep_until(now_ns() + options.step_us * 1000U);
        }

        const uint64_t before = thread_cpu_ns();

        if (options.step_us != 0) {
            iterate();
        } else {
            wake_once(due);
        }

        cpu += thread_cpu_ns() - before;
        ++wakes;
    }

    mark("bench-end");

    if (end.received == 0) {
        die("nothing has come");
    }

    printf("packets=%llu counted=%llu cpu_us=%.4f wakes=%llu\n", (unsigned long long)end.received,
           (unsigned long long)end.received, (double)cpu / 1e3 / (double)end.received, (unsigned long long)wakes);
}

static void measure_send(void)
{
    uint64_t sent = 0, refused = 0;
    mark("bench-begin");
    const uint64_t cpu = send_paced(options.millis, &sent, &refused);
    mark("bench-end");

    if (sent == 0) {
        die("nothing was sent");
    }

    run_for(200);
    printf("packets=%llu counted=%llu refused=%llu arrived=%llu cpu_us=%.4f\n", (unsigned long long)sent,
           (unsigned long long)sent, (unsigned long long)refused, (unsigned long long)world->received,
           (double)cpu / 1e3 / (double)sent);
}

static void parse(const char *argument)
{
    const struct {
        const char *name;
        uint64_t *value;
    } table[] = {
        {"step_us", &options.step_us}, {"millis", &options.millis}, {"size", &options.size},
        {"rate", &options.rate}, {"settle_ms", &options.settle_ms}, {"marked", &options.marked},
    };
    const char *equals = strchr(argument, '=');

    for (size_t i = 0; equals != NULL && i < sizeof(table) / sizeof(table[0]); ++i) {
        const size_t length = (size_t)(equals - argument);

        if (strlen(table[i].name) == length && strncmp(table[i].name, argument, length) == 0) {
            *table[i].value = strtoull(equals + 1, NULL, 10);
            return;
        }
    }

    die("not an option: %s", argument);
}

static void wait_for(const _Atomic bool *what, bool iterates)
{
    const uint64_t limit = now_ns() + LIMIT_S * 1000 * MS;

    while (!*what) {
        if (iterates) {
            wake_once(now_ns() + 20 * MS);
        } else {
            sleep_until(now_ns() + 5 * MS);
        }

        if (now_ns() > limit) {
            die("the others do not come up");
        }
    }
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } scenarios[] = {
        {"idle", measure_idle}, {"latency", measure_latency}, {"receive", measure_receive}, {"send", measure_send},
    };

    for (int i = 2; i < argc; ++i) {
        parse(argv[i]);
    }

    if (argc < 2 || options.size < sizeof(uint64_t) || options.size > MAX_SIZE || options.rate == 0) {
        die("usage: wake SCENARIO [name=value ...]");
    }

    scenario = argv[1];
    world = mmap(NULL, sizeof(*world), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (world == MAP_FAILED) {
        die("mmap: %s", strerror(errno));
    }

    for (int i = 0; i < 2; ++i) {
        if (!toxlink_key_new(world->secret_keys[i], world->public_keys[i], NULL)) {
            die("no key");
        }
    }

    child(run_relays);
    wait_for(&world->relays_ready, false);
    child(run_other);
    open_end(0);
    come_online();
    wait_for(&world->other_ready, true);
    run_for(options.settle_ms);
    world->go = true;

    for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); ++i) {
        if (strcmp(scenarios[i].name, scenario) == 0) {
            scenarios[i].run();
            toxlink_connections_kill(end.object);
            return 0;
        }
    }

    die("unknown scenario: %s", scenario);
}
