/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs the scenarios: each in a child of its own with a time limit, so that a crash or a hang is
 * a recorded outcome and disturbs no other. */
#include "kit.h"
#include "versions.h"

#include <errno.h>
#include <fnmatch.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define USUAL_LIMIT 20

static unsigned done, bad;

static unsigned time_factor(void)
{
    const char *factor = getenv("DIFF_SLOWER");
    return factor != NULL && atoi(factor) > 0 ? (unsigned)atoi(factor) : 1;
}

static int run_child(const Scenario *scenario, Mode mode, const char *trace_path, const char *notes_path)
{
    alarm((scenario->seconds > 0 ? scenario->seconds : USUAL_LIMIT) * time_factor());
    trace_open(trace_path, notes_path);
    world_setup(mode);
    scenario->run();
    world_free();
    return trace_close();
}

bool ends_process(void (*what)(void))
{
    if (DIFF_OURS) {
        QUIETLY(what());
        return false; /* or the scenario ends here, which fails it */
    }

    const pid_t child = fork();

    if (child == 0) {
        /* its lines would come twice, or not at all */
        quiet_begin();
        what();
        _exit(0);
    }

    int state = 0;
    return child < 0 || waitpid(child, &state, 0) != child || !WIFEXITED(state) || WEXITSTATUS(state) != 0;
}

static void append(const char *path, const char *text)
{
    FILE *file = fopen(path, "a");

    if (file == NULL) {
        abort();
    }

    fprintf(file, "%s\n", text);
    fclose(file);
}

/* The last line of each trace says how the scenario ended; the notes say so when it is wrong. */
static void record_end(int state, const char *trace_path, const char *notes_path)
{
    char text[80];

    if (WIFSIGNALED(state) && WTERMSIG(state) == SIGALRM) {
        snprintf(text, sizeof(text), "end: hangs");
    } else if (WIFSIGNALED(state)) {
        snprintf(text, sizeof(text), "end: killed by signal %d", WTERMSIG(state));
    } else if (WEXITSTATUS(state) == 0 || WEXITSTATUS(state) == 3) {
        snprintf(text, sizeof(text), "end: complete");
    } else {
        snprintf(text, sizeof(text), "end: exit %d", WEXITSTATUS(state));
    }

    append(trace_path, text);

    if (state == 0) {
        return;
    }

    ++bad;

    if (!WIFEXITED(state) || WEXITSTATUS(state) != 3) {
        char failed[100];
        snprintf(failed, sizeof(failed), "FAILED %s", text);
        append(notes_path, failed);
    }
}

static void run_one(const Scenario *scenario, Mode mode, const char *dir)
{
    char trace_path[512];
    char notes_path[512];
    const char *suffix = mode == MODE_SIM ? "sim" : "tcp";
    snprintf(trace_path, sizeof(trace_path), "%s/%s.%s.trace", dir, scenario->name, suffix);
    snprintf(notes_path, sizeof(notes_path), "%s/%s.%s.notes", dir, scenario->name, suffix);

    struct timespec start, end;
    clock_gettime(CLOCK_MONOTONIC, &start);
    const pid_t child = fork();

    if (child < 0) {
        perror("fork");
        exit(2);
    }

    if (child == 0) {
        exit(run_child(scenario, mode, trace_path, notes_path));
    }

    int state = 0;

    while (waitpid(child, &state, 0) < 0 && errno == EINTR) {
        /* again */
    }

    ++done;
    record_end(state, trace_path, notes_path);
    clock_gettime(CLOCK_MONOTONIC, &end);
    char took[60];
    snprintf(took, sizeof(took), "took %ld ms",
             (long)(end.tv_sec - start.tv_sec) * 1000 + (end.tv_nsec - start.tv_nsec) / 1000000);
    append(notes_path, took);
}

static bool wanted(const char *name, const char *suffix, char **patterns, int count)
{
    char full[256];
    snprintf(full, sizeof(full), "%s.%s", name, suffix);

    for (int i = 0; i < count; ++i) {
        if (fnmatch(patterns[i], full, 0) == 0 || fnmatch(patterns[i], name, 0) == 0) {
            return true;
        }
    }

    return count == 0;
}

static void run_scenario(const Scenario *scenario, const char *dir, char **patterns, int count)
{
    if ((scenario->modes & SIM) != 0 && wanted(scenario->name, "sim", patterns, count)) {
        run_one(scenario, MODE_SIM, dir);
    }

    if ((scenario->modes & TCP) != 0 && wanted(scenario->name, "tcp", patterns, count)) {
        run_one(scenario, MODE_TCP, dir);
    }
}

int run_groups(const Scenario *const *groups, size_t count, int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: %s DIR [NAME-PATTERN...]\n", argv[0]);
        return 2;
    }

    random_setup();

    if (sodium_init() < 0 || system_network() == NULL) {
        fprintf(stderr, "cannot initialise\n");
        return 2;
    }

    time_t shown = time(NULL);

    for (size_t g = 0; g < count; ++g) {
        for (const Scenario *s = groups[g]; s->name != NULL; ++s) {
            run_scenario(s, argv[1], argv + 2, argc - 2);

            if (time(NULL) - shown >= 5) {
                shown = time(NULL);
                fprintf(stderr, "  ... %u scenarios run, now after %s\n", done, s->name);
            }
        }
    }

    fprintf(stderr, "  %u scenarios run, %u with a failed check\n", done, bad);
    return 0;
}
