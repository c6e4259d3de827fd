// SPDX-License-Identifier: GPL-3.0-or-later
// The scene with failing relays: one more file, while the script kills the relay that carries it and
// later freezes the next one. The script finds the carrier by itself and only tells Bob when.
//
// Toxcore breaks a transfer off when the friend counts as offline. Then Alice offers the same file
// again as soon as she sees Bob, who asks for the rest: his clock for the file goes on meanwhile.
#include "client.h"

#include <inttypes.h>

static const double WORTH_TELLING_S = 1;

static double max_double(double a, double b)
{
    return a > b ? a : b;
}

// When the plain file is there and neither side has begun with the scene.
void scene_count_relays(const Client *c)
{
    report_say("reaches %s through %" PRIu32 " of %zu relays", c->peer, relays_online(), c->relay_count);
    report_value("reached", "%" PRIu32, relays_online());
}

// The scene compares what the programs do when a relay fails, so both start it with the friend within
// reach through every relay, also those that they did not try by themselves.
static void prepare_relays(Client *c)
{
    if (!c->scene.relays_asked) {
        c->scene.relays_asked = true;
        relays_associate();
    }
    if (relays_online() == c->relay_count) {
        c->scene.relays_ready = true;
        report_say("is ready for the scene: reaches %s through all %zu relays", c->peer, c->relay_count);
    } else if (c->scene_file.active) {
        c->scene.relays_ready = true;  // the other side says so
    }
}

void scene_work(Client *c)
{
    if (c->step == STEP_RELAYS && !c->scene.relays_ready && !c->failed) {
        prepare_relays(c);
    }
}

bool scene_forgives(const Client *c)
{
    return c->scene.forgiving && !c->scene.over && (c->step == STEP_RELAYS || c->step == STEP_SCENE);
}

// Seconds without a new byte, counted from the latest fault if that came later.
static double pause_now(const Client *c)
{
    return clock_now() - max_double(c->scene_file.last_byte_at, c->scene.fault_at);
}

static void count_pause(Client *c)
{
    double *longest = &c->scene.longest_pause[c->scene.fault];
    *longest = max_double(*longest, pause_now(c));
}

void scene_fault_comes(Client *c)
{
    if (c->scene.over || c->scene.fault == FAULT_FREEZE || !c->scene_file.active) {
        report_fail(c, "was told of a failing relay at the wrong time");
        return;
    }
    count_pause(c);
    ++c->scene.fault;
    c->scene.fault_at = clock_now();
}

void scene_bytes_came(Client *c)
{
    const double pause = pause_now(c);
    count_pause(c);
    c->scene_file.last_byte_at = clock_now();
    if (pause >= WORTH_TELLING_S) {
        report_say("receives again, after %.1f s without a new byte", pause);
    }
}

void scene_tell_waiting(const Client *c)
{
    const File *file = &c->scene_file;
    const double pause = pause_now(c);

    if (file->size == 0) {
        report_say("waits for the offer of the file");
    } else if (pause < WORTH_TELLING_S) {
        report_say("has %" PRIu64 " %% of the file", 100 * file->position / file->size);
    } else {
        report_say("has %" PRIu64 " %% of the file, and no new byte for %.0f s", 100 * file->position / file->size,
                   pause);
    }
}

void scene_lost_friend(Client *c)
{
    ++c->scene.times_lost;
    report_say("counts %s as offline; toxcore breaks the file off", c->peer);
    c->scene_file.active = false;
}

static void tell_figures(Client *c)
{
    static const char *const keys[FAULTS] = {
        [FAULT_NONE] = "pause_before_s", [FAULT_KILL] = "pause_kill_s", [FAULT_FREEZE] = "pause_freeze_s"};

    if (!c->asks && c->scene_file.started_at > 0) {
        count_pause(c);
        for (Fault fault = FAULT_NONE; fault <= c->scene.fault; ++fault) {
            report_value(keys[fault], "%.2f", c->scene.longest_pause[fault]);
        }
    }
    report_value("times_lost", "%u", c->scene.times_lost);
}

void scene_end(Client *c, bool done)
{
    if (c->scene.over) {
        return;
    }
    tell_figures(c);
    relays_tell_statistics();
    report_value("scene", done ? "done" : "failed");
    c->scene.over = true;
}
