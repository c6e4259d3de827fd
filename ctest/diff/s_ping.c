/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pings, pongs and the timers of a confirmed connection. */
#include "diff.h"

#include <string.h>

/* CONFIRMED, the first ping is out and not answered. */
static void pinged(void)
{
    const Setup setup = setup_direct();
    open_client(&setup);
    step();
    relay_answer();
    step();
    expect("status", status(), 6);
    expect("pings", relay.pings, 1);
}

static void tc09(void)
{
    pinged();
    clock_add(9);
    step();
    expect("status", status(), 6);
    clock_add(1);
    step();
    expect("status", status(), 7);
}

/* The relay closes its socket. The original keeps going until a ping stays unanswered. */
static void tc10(void)
{
    pinged();
    relay_pong();
    step();
    far_close();
    step();
    expect_new("status at once", status(), 6, 7);
    clock_add(39);
    step();
    expect_new("status at +39", status(), 6, 7);
    clock_add(10);
    step();
    expect("status at +49", status(), 7);
}

/* The same, stepping every second: the limit is 40 s. */
static void tc10_steps(void)
{
    pinged();
    relay_pong();
    step();
    far_close();
    quiet_begin();
    int seconds = 0;

    while (status() == 6 && seconds < 60) {
        ++seconds;
        clock_add(1);
        step();
    }

    quiet_end();
    trace_step = 0;
    expect_new("seconds until the end", seconds, 40, 1);
}

/* A pong waits in the socket while the owner pauses. */
static void tc11(void)
{
    pinged();
    relay_pong();
    clock_add(10);
    step();
    expect_new("status", status(), 7, 6);
}

static void tc11_29(void)
{
    pinged();
    relay_pong();
    clock_add(29);
    step();
    expect_new("status", status(), 7, 6);
}

/* After a pause of 30 s or more a fresh ping leaves first. */
static void pause_30(void)
{
    pinged();
    relay_pong();
    clock_add(30);
    step();
    expect("status", status(), 6);
    expect("pings", relay.pings, 2);
    relay_pong();
    step();
    clock_add(10);
    step();
    expect("status", status(), 6);
}

static void pause_30_silent(void)
{
    pinged();
    clock_add(30);
    step();
    clock_add(9);
    step();
    t_line("status %d", status());
    clock_add(1);
    step();
    expect("status", status(), 7);
}

static void tc12(void)
{
    pinged();
    relay_ping(5, 12345);
    step();
    expect("status", status(), 6);
    relay_pong();
    step();
    clock_add(10);
    step();
    expect("status", status(), 6);
}

static void tc13(void)
{
    pinged();
    relay_ping(5, 0);
    step();
    expect("status", status(), 7);
}

static void tc14(void)
{
    confirmed();
    Bytes out = {0};
    static const uint8_t first[9] = {4, 1, 1, 1, 1, 1, 1, 1, 1};
    static const uint8_t second[9] = {4, 2, 2, 2, 2, 2, 2, 2, 2};
    relay_put(&out, first, sizeof(first));
    relay_put(&out, second, sizeof(second));
    far_write(bytes_at(&out), bytes_left(&out));
    bytes_free(&out);
    step();
    expect("pongs", relay.pongs, 2);
    expect("last pong", relay.last[1], 2);
}

static void tc15(void)
{
    confirmed();
    relay_ping(4, 0);
    step();
    expect("pongs", relay.pongs, 0);
    expect("status", status(), 6);
}

static void wrong_length(uint8_t kind, size_t length)
{
    world_again();
    confirmed();
    uint8_t packet[16] = {kind, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    relay_packet(packet, length);
    step();
    expect("status", status(), 7);
}

static void tc16(void)
{
    wrong_length(4, 8);
}

static void ping_lengths(void)
{
    wrong_length(4, 2);
    wrong_length(4, 10);
    wrong_length(5, 2);
    wrong_length(5, 8);
    wrong_length(5, 10);
}

/* Our pings go out every 30 s and each is a new number. */
static void rhythm(void)
{
    pinged();
    relay_pong();
    step();

    for (unsigned second = 1; second <= 95; ++second) {
        clock_add(1);
        step();
        expect("status", status(), 6);
        expect("pings", relay.pings, 1 + second / 30);

        if (second % 30 == 0) {
            relay_pong();
            step();
        }
    }
}

/* A pong for the ping before the newest one does not count. */
static void old_pong(void)
{
    uint8_t old[9] = {5};
    pinged();
    memcpy(old + 1, relay.last_ping, 8);
    clock_add(30);
    step();
    relay_packet(old, sizeof(old));
    step();
    clock_add(10);
    step();
    expect("status", status(), 7);
}

static void second_pong_ignored(void)
{
    pinged();
    relay_pong();
    relay_pong();
    step();
    expect("status", status(), 6);
}

/* The random source gives zero for the id: it is asked again. */
static void zero_draw(void)
{
    static const uint8_t zeros[8];
    const Setup setup = setup_direct();
    open_client(&setup);
    step();
    relay_answer();
    random_force_next(zeros, sizeof(zeros));
    step();
    expect("status", status(), 6);
    expect("pings", relay.pings, 1);
}

/* A ping that arrives together with a broken packet is still answered, in this order. */
static void ping_then_error(void)
{
    confirmed();
    Bytes out = {0};
    static const uint8_t ping[9] = {4, 1, 1, 1, 1, 1, 1, 1, 1};
    static const uint8_t bad[2] = {12, 1};
    relay_put(&out, ping, sizeof(ping));
    relay_put(&out, bad, sizeof(bad));
    relay_put(&out, ping, sizeof(ping));
    far_write(bytes_at(&out), bytes_left(&out));
    bytes_free(&out);
    step();
    expect("pongs", relay.pongs, 1);
    expect("status", status(), 7);
}

/* Many pings in one batch, the socket has room: every one is answered, in order. */
static void hundred_pings(void)
{
    confirmed();
    Bytes out = {0};

    for (uint8_t i = 1; i <= 100; ++i) {
        const uint8_t ping[9] = {4, i};
        relay_put(&out, ping, sizeof(ping));
    }

    far_write(bytes_at(&out), bytes_left(&out));
    bytes_free(&out);
    step();
    expect("pongs", relay.pongs, 100);
    expect("last pong", relay.last[1], 100);
}

const Scenario ping_scenarios[] = {
    {"TC-09", BOTH, tc09, 0},
    {"TC-10", BOTH, tc10, 0},
    {"TC-10-every-second", SIM, tc10_steps, 0},
    {"TC-11", BOTH, tc11, 0},
    {"TC-11-pause-29", SIM, tc11_29, 0},
    {"ping-pause-30", BOTH, pause_30, 0},
    {"ping-pause-30-silent", SIM, pause_30_silent, 0},
    {"TC-12", BOTH, tc12, 0},
    {"TC-13", BOTH, tc13, 0},
    {"TC-14", BOTH, tc14, 0},
    {"TC-15", BOTH, tc15, 0},
    {"TC-16", BOTH, tc16, 0},
    {"ping-lengths", SIM, ping_lengths, 0},
    {"ping-rhythm", SIM, rhythm, 0},
    {"ping-old-pong", SIM, old_pong, 0},
    {"ping-second-pong", SIM, second_pong_ignored, 0},
    {"ping-zero-draw", SIM, zero_draw, 0},
    {"ping-then-error", BOTH, ping_then_error, 0},
    {"ping-hundred", BOTH, hundred_pings, 0},
    {NULL, 0, NULL, 0},
};
