/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MESSAGE_MAX = 512 };

/* Write end of the pipe on which a test tells the runner why it failed. */
static int report_fd = -1;
static uint64_t rand_state = 1;

typedef struct Options {
    bool original;
    bool fast;
    char **names;
    int name_count;
} Options;

typedef struct Outcome {
    bool passed;
    char why[MESSAGE_MAX];
    uint64_t ms;
} Outcome;

uint64_t real_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

int slowness(void)
{
    const char *text = getenv("REAL_SLOW");
    const int factor = text == NULL ? 1 : atoi(text);
    return factor < 1 ? 1 : factor;
}

uint32_t rand32(void)
{
    rand_state ^= rand_state << 13;
    rand_state ^= rand_state >> 7;
    rand_state ^= rand_state << 17;
    return (uint32_t)(rand_state >> 16);
}

void rand_bytes(uint8_t *out, size_t n)
{
    for (size_t i = 0; i < n; ++i) {
        out[i] = (uint8_t)rand32();
    }
}

void fail_at(const char *file, int line, const char *format, ...)
{
    char text[MESSAGE_MAX];
    const char *slash = strrchr(file, '/');
    int n = snprintf(text, sizeof(text), "%s:%d: ", slash == NULL ? file : slash + 1, line);
    va_list args;
    va_start(args, format);
    vsnprintf(text + n, sizeof(text) - (size_t)n, format, args);
    va_end(args);

    if (report_fd == -1 || write(report_fd, text, strlen(text)) < 0) {
        fprintf(stderr, "%s\n", text);
    }

    /* No clean-up: the runner ends whatever the test has started. */
    _exit(1);
}

/* Kills and reaps every process that the finished test left behind. As the
 * subreaper, this process inherits also grandchildren (danted forks). */
static void reap_leftovers(void)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());

    for (int round = 0; round < 50; ++round) {
        FILE *list = fopen(path, "r");
        int pid;
        bool any = false;

        while (list != NULL && fscanf(list, "%d", &pid) == 1) {
            any = true;
            kill(pid, SIGKILL);
            waitpid(pid, NULL, 0);
        }

        if (list != NULL) {
            fclose(list);
        }

        if (!any) {
            return;
        }
    }
}

static void on_interrupt(int signal_number)
{
    reap_leftovers();
    _exit(128 + signal_number);
}

static void child_main(const Test *test, int fd)
{
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    report_fd = fd;
    test->run();
    /* exit, not _exit: leak checkers do their work in exit handlers. */
    exit(0);
}

/* Collects the failure text until the child has ended or time is up. */
static bool collect(int fd, uint64_t deadline, char *why)
{
    size_t have = 0;

    for (;;) {
        const uint64_t now = real_ms();

        if (now >= deadline) {
            return false;
        }

        struct pollfd p = {.fd = fd, .events = POLLIN};
        const int ready = poll(&p, 1, (int)(deadline - now));

        if (ready <= 0) {
            continue;
        }

        const ssize_t n = read(fd, why + have, MESSAGE_MAX - 1 - have);

        if (n <= 0) {
            return true;
        }

        have += (size_t)n;
        why[have] = '\0';
    }
}

static void describe_end(int status, Outcome *out)
{
    if (WIFSIGNALED(status)) {
        snprintf(out->why, sizeof(out->why), "killed by signal %d (%s)", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
    } else if (WEXITSTATUS(status) != 0 && out->why[0] == '\0') {
        snprintf(out->why, sizeof(out->why), "exit status %d", WEXITSTATUS(status));
    }

    out->passed = WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static Outcome run_one(const Test *test)
{
    Outcome out = {.passed = false, .why = ""};
    int ends[2];
    const uint64_t start = real_ms();

    /* Close-on-exec: a daemon that kept the pipe open would keep its test from ending. */
    if (pipe2(ends, O_CLOEXEC) != 0) {
        snprintf(out.why, sizeof(out.why), "pipe2: %s", strerror(errno));
        return out;
    }

    fflush(NULL);
    const pid_t pid = fork();

    if (pid == 0) {
        close(ends[0]);
        child_main(test, ends[1]);
    }

    close(ends[1]);
    const uint64_t limit = (uint64_t)test->seconds * 1000 * (uint64_t)slowness();
    int status = 0;

    if (!collect(ends[0], start + limit, out.why)) {
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
        snprintf(out.why, sizeof(out.why), "no end after %llu s", (unsigned long long)limit / 1000);
    } else {
        waitpid(pid, &status, 0);
        describe_end(status, &out);
    }

    close(ends[0]);
    reap_leftovers();
    out.ms = real_ms() - start;
    return out;
}

static bool own_relay;

bool wants_own_relay(void)
{
    return own_relay;
}

static bool wanted(const Test *test, const Options *opt)
{
    if (opt->fast && (test->flags & T_FAST) == 0) {
        return false;
    }

    for (int i = 0; i < opt->name_count; ++i) {
        if (strcmp(opt->names[i], test->name) == 0) {
            return true;
        }
    }

    return opt->name_count == 0;
}

/* Prints the line of one test; true if the run may count it as passed. */
static bool judge(const char *program, const Test *test, const Options *opt, const Outcome *out)
{
    const bool mended = own_relay && (test->flags & T_MENDED) != 0;
    const bool must_fail = opt->original && !mended && (test->flags & T_OURS) != 0;
    const bool good = out->passed != must_fail;
    const unsigned long long ms = out->ms;

    if (good && must_fail) {
        printf("ok   %s/%s (%llu ms; the original fails: %s)\n", program, test->name, ms, out->why);
    } else if (good) {
        printf("ok   %s/%s (%llu ms)\n", program, test->name, ms);
    } else if (must_fail) {
        printf("FAIL %s/%s (%llu ms): the original was expected to fail\n", program, test->name, ms);
    } else {
        printf("FAIL %s/%s (%llu ms): %s\n", program, test->name, ms, out->why);
    }

    fflush(stdout);
    return good;
}

static void seed_random(const char *program)
{
    const char *given = getenv("REAL_SEED");
    rand_state = given != NULL ? strtoull(given, NULL, 0) : (uint64_t)time(NULL) * 2654435761U;
    rand_state = rand_state == 0 ? 1 : rand_state;
    printf("---- %s, REAL_SEED=%llu\n", program, (unsigned long long)rand_state);
    fflush(stdout);
}

static Options parse(int argc, char **argv)
{
    Options opt = {0};
    int i = 1;

    for (; i < argc && strncmp(argv[i], "--", 2) == 0; ++i) {
        if (strcmp(argv[i], "--original") == 0) {
            opt.original = true;
        } else if (strcmp(argv[i], "--fast") == 0) {
            opt.fast = true;
        } else if (strcmp(argv[i], "--own-relay") == 0) {
            own_relay = true;
        } else {
            fprintf(stderr, "usage: %s [--original] [--fast] [--own-relay] [TEST...]\n", argv[0]);
            exit(2);
        }
    }

    opt.names = argv + i;
    opt.name_count = argc - i;
    return opt;
}

/* Adds this program's result to the file that `run` sums up. */
static bool write_tally(int passed, int failed)
{
    const char *path = getenv("REAL_TALLY");

    if (path == NULL) {
        return true;
    }

    FILE *tally = fopen(path, "a");
    const bool ok = tally != NULL && fprintf(tally, "%d %d\n", passed, failed) > 0;
    return (tally == NULL || fclose(tally) == 0) && ok;
}

int run_tests(const char *program, const Test *tests, size_t count, int argc, char **argv)
{
    const Options opt = parse(argc, argv);
    int passed = 0;
    int failed = 0;

    prctl(PR_SET_CHILD_SUBREAPER, 1);
    signal(SIGINT, on_interrupt);
    signal(SIGTERM, on_interrupt);
    signal(SIGPIPE, SIG_IGN);
    seed_random(program);

    for (size_t i = 0; i < count; ++i) {
        if (!wanted(&tests[i], &opt)) {
            continue;
        }

        if (own_relay && (tests[i].flags & T_FORWARDING) != 0) {
            printf("skip %s/%s: toxlink's relay has no forwarding\n", program, tests[i].name);
            continue;
        }

        if (opt.original && (tests[i].flags & T_SKIP) != 0) {
            printf("skip %s/%s: not defined for the original\n", program, tests[i].name);
            continue;
        }

        const Outcome out = run_one(&tests[i]);

        if (judge(program, &tests[i], &opt, &out)) {
            ++passed;
        } else {
            ++failed;
        }
    }

    if (!write_tally(passed, failed)) {
        fprintf(stderr, "cannot write the tally\n");
        return 2;
    }

    /* A program may have no cheap tests, or none that are defined for the original. */
    return failed == 0 && (passed > 0 || opt.name_count == 0) ? 0 : 1;
}
