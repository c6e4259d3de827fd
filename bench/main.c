/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bench SCENARIO [name=value ...]: runs one scenario and prints one line of figures. */
#include "bench.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_PAYLOAD = MAX_PLAIN - 1, MIN_PAYLOAD = 8 };

static void run_version(const Options *options)
{
    (void)options;
    printf("libsodium=%s mtu=%d\n", sodium_version_string(), loopback_mtu());
}

static const struct Scenario {
    const char *name;
    void (*run)(const Options *options);
} scenarios[] = {
    {"receive", run_receive},
    {"send", run_send},
    {"idle", run_idle},
    {"burst", run_burst},
    {"floor", run_floor},
    {"close", run_fault},
    {"reset", run_fault},
    {"frozen", run_fault},
    {"slow", run_fault},
    {"liar", run_fault},
    {"flood", run_fault},
    {"chatter", run_fault},
    {"refused", run_refused},
    {"peers", run_peers},
    {"rest", run_rest},
    {"wake", run_wake},
    {"restart", run_reunion},
    {"restart-closed", run_reunion},
    {"restart-frozen", run_reunion},
    {"relay-closed", run_reunion},
    {"relay-frozen", run_reunion},
    {"version", run_version},
};

static uint64_t *slot(Options *options, const char *name, size_t length)
{
    const struct {
        const char *name;
        uint64_t *value;
    } table[] = {
        {"batch", &options->batch}, {"rate", &options->rate}, {"packets", &options->packets}, {"window", &options->window},
        {"lockstep", &options->lockstep}, {"step_us", &options->step_us}, {"millis", &options->millis},
        {"warmup_ms", &options->warmup_ms}, {"stall_ms", &options->stall_ms},
        {"connections", &options->connections}, {"bursts", &options->bursts}, {"answered", &options->answered},
        {"steps", &options->steps},
        {"peers", &options->peers}, {"byte_us", &options->byte_us}, {"layer", &options->layer},
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); ++i) {
        if (strlen(table[i].name) == length && strncmp(table[i].name, name, length) == 0) {
            return table[i].value;
        }
    }

    return NULL;
}

static void parse(Options *options, const char *argument)
{
    const char *equals = strchr(argument, '=');
    char *end = NULL;

    if (equals == NULL) {
        die("not name=value: %s", argument);
    }

    const unsigned long long value = strtoull(equals + 1, &end, 10);

    if (end == equals + 1 || *end != '\0') {
        die("not a number: %s", argument);
    }

    const size_t length = (size_t)(equals - argument);

    if (length == 4 && strncmp(argument, "size", 4) == 0) {
        options->size = value;
        return;
    }

    uint64_t *target = slot(options, argument, length);

    if (target == NULL) {
        die("unknown option: %s", argument);
    }

    *target = value;
}

int main(int argc, char **argv)
{
    Options options = {
        .size = 1373, .packets = 100000, .step_us = 1000, .millis = 1000, .stall_ms = 2000,
        .connections = 500, .bursts = 50, .answered = 0, .steps = 100000, .byte_us = 2000,
    };

    if (argc < 2) {
        die("usage: bench SCENARIO [name=value ...]");
    }

    if (sodium_init() < 0) {
        die("libsodium does not start");
    }

    options.scenario = argv[1];

    for (int i = 2; i < argc; ++i) {
        parse(&options, argv[i]);
    }

    if (options.size < MIN_PAYLOAD || options.size > MAX_PAYLOAD) {
        die("size must be from %d to %d", MIN_PAYLOAD, MAX_PAYLOAD);
    }

    for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); ++i) {
        if (strcmp(scenarios[i].name, options.scenario) == 0) {
            scenarios[i].run(&options);
            return 0;
        }
    }

    die("unknown scenario: %s", options.scenario);
}
