// SPDX-License-Identifier: GPL-3.0-or-later
// What a client tells the script that runs it, and the clocks for that.
//
// Each event is one line of tab-separated fields: milliseconds since the start of the run, name
// of the client, kind of event (say, value or fail), text. A line is written with one write() and
// is shorter than PIPE_BUF, so the lines of two clients never mix in the pipe they share.
#include "client.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static const char *report_name = "?";
static double offset;  // run time minus monotonic time
static double last_said;

static double seconds_of(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

double clock_now(void)
{
    return seconds_of(CLOCK_MONOTONIC);
}

double cpu_seconds(void)
{
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
           (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
}

// epoch is the wall-clock time of the start of the run, common to all its processes.
void report_start(const char *name, double epoch)
{
    report_name = name;
    offset = seconds_of(CLOCK_REALTIME) - epoch - clock_now();
}

// When the latest report_say was.
double report_last(void)
{
    return last_said;
}

static void report_line(const char *kind, const char *text)
{
    char line[1024];
    const double elapsed_ms = (clock_now() + offset) * 1000;
    const int length = snprintf(line, sizeof line, "%.0f\t%s\t%s\t%s\n", elapsed_ms, report_name, kind, text);

    if (length <= 0 || (size_t)length >= sizeof line || write(STDOUT_FILENO, line, (size_t)length) != length) {
        // Nobody listens any more: the script is gone, so this run is over.
        _exit(3);
    }
}

void report_say(const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    last_said = clock_now();
    report_line("say", text);
}

void report_value(const char *key, const char *format, ...)
{
    char text[512];
    const int used = snprintf(text, sizeof text, "%s=", key);
    va_list args;
    va_start(args, format);
    vsnprintf(text + used, sizeof text - (size_t)used, format, args);
    va_end(args);
    report_line("value", text);
}

void report_fail(Client *c, const char *format, ...)
{
    char text[512];
    if (c->failed) {
        return;  // the first reason is the one that counts
    }
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (scene_forgives(c)) {
        report_say("FAILED: %s", text);
        scene_end(c, false);
        return;
    }
    c->failed = true;
    report_line("fail", text);
}

void hex_encode(char *text, const uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < length; ++i) {
        sprintf(text + 2 * i, "%02x", bytes[i]);
    }
}

bool hex_decode(uint8_t *bytes, size_t length, const char *text)
{
    if (strlen(text) != 2 * length || strspn(text, "0123456789abcdefABCDEF") != 2 * length) {
        return false;
    }
    for (size_t i = 0; i < length; ++i) {
        unsigned value;
        sscanf(text + 2 * i, "%2x", &value);
        bytes[i] = (uint8_t)value;
    }
    return true;
}
