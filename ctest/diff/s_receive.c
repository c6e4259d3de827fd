/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Frames and packets from the relay: legal ones, illegal ones, and the border between them. */
#include "diff.h"

#include <string.h>

static void tc24(void)
{
    confirmed();
    relay_data(30, 4, 1);
    step();
    expect_new("data callbacks", world.calls[CB_DATA], 1, 0);
    expect("status", status(), 6);
}

/* The peer is known but not online. */
static void data_offline(void)
{
    confirmed();
    make_registered(4, 9);
    do_set_number(4, 77);
    relay_data(20, 4, 1);
    step();
    expect_new("data callbacks", world.calls[CB_DATA], 1, 0);
    relay_notify(2, 20);
    step();
    relay_data(20, 4, 1);
    step();
    relay_notify(3, 20);
    relay_data(20, 4, 1);
    step();
    expect_new("data callbacks", world.calls[CB_DATA], 3, 1);
    expect("status", status(), 6);
}

/* A data packet without payload: any peer with a route can have the relay deliver one. */
static void tc27(void)
{
    confirmed();
    make_online(4, 9);
    relay_data(20, 0, 0);
    step();
    expect_new("status", status(), 7, 6);
    expect("data callbacks", world.calls[CB_DATA], 0);
    relay_data(20, 1, 1);
    QUIETLY(step());
    expect_new("data callbacks", world.calls[CB_DATA], 0, 1);
}

static void tc27_unused(void)
{
    confirmed();
    relay_data(255, 0, 0);
    step();
    expect_new("status", status(), 7, 6);
}

static void tc28(void)
{
    static const uint8_t ids[] = {0, 6, 8, 10, 12, 13, 14, 15};

    for (size_t i = 0; i < sizeof(ids); ++i) {
        world_again();
        confirmed();
        relay_data(ids[i], 39, 1);
        step();
        expect("status", status(), 7);
        expect("callbacks", world.all_calls, 0);
    }
}

static void tc29(void)
{
    static const uint8_t ids[] = {1, 2, 3, 4, 5, 7, 9, 11};

    for (size_t i = 0; i < sizeof(ids); ++i) {
        world_again();
        confirmed();
        relay_data(ids[i], 0, 1);
        step();
        expect("status", status(), 7);
        expect("callbacks", world.all_calls, 0);
    }
}

static void tc30(void)
{
    confirmed();
    relay_keyed(7, peer_key(9), 1, 1);
    step();
    expect("oob callbacks", world.calls[CB_OOB], 1);
    relay_keyed(7, peer_key(9), 1025, 1);
    step();
    expect("oob callbacks", world.calls[CB_OOB], 2);
    relay_keyed(7, peer_key(9), 0, 1);
    step();
    expect("oob callbacks", world.calls[CB_OOB], 2);
    expect("status", status(), 7);
}

static void tc31(void)
{
    confirmed();
    make_online(0, 9);
    relay_data(9, 2031, 1);
    relay_data(11, 2031, 2);
    relay_data(16, 2031, 3);
    relay_keyed(7, peer_key(9), 1999, 4);
    step();
    expect("callbacks", world.all_calls, 2 + 4);
    expect("status", status(), 6);
}

static void smallest(void)
{
    confirmed();
    make_online(0, 9);
    relay_data(9, 1, 1);
    relay_data(11, 1, 2);
    relay_data(16, 1, 3);
    step();
    expect("callbacks", world.all_calls, 2 + 3);
}

static void one_too_long(void)
{
    confirmed();
    relay_data(9, 2032, 1);
    step();
    expect("status", status(), 7);
    expect("callbacks", world.all_calls, 0);
}

static void prefix_only(uint8_t high, uint8_t low, int want_original, int want_ours)
{
    const uint8_t prefix[2] = {high, low};
    world_again();
    confirmed();
    far_write(prefix, sizeof(prefix));
    step();
    expect_new("status", status(), want_original, want_ours);
}

static void tc32(void)
{
    prefix_only(0x08, 0x01, 7, 7);
    prefix_only(0xff, 0xff, 7, 7);
    prefix_only(0x08, 0x00, 6, 6);
}

static void tc33(void)
{
    confirmed();
    make_online(0, 9);
    far_write((const uint8_t *)"\0\0", 2);
    relay_data(16, 5, 1);
    step();
    expect_new("data callbacks after one step", world.calls[CB_DATA], 0, 1);
    expect("status", status(), 6);
    step();
    expect("data callbacks after two steps", world.calls[CB_DATA], 1);
}

static void zero_prefixes(void)
{
    confirmed();
    make_online(0, 9);
    far_write((const uint8_t *)"\0\0\0\0\0\0", 6);
    relay_data(16, 5, 1);
    steps(5);
    expect("data callbacks", world.calls[CB_DATA], 1);
    expect("status", status(), 6);
}

/* Bodies that cannot hold a packet. Whether the end comes with the prefix or with the whole body
 * is free; it must come. */
static void tc34(void)
{
    static const uint8_t lengths[] = {1, 15, 16, 17};

    for (size_t i = 0; i < sizeof(lengths); ++i) {
        world_again();
        confirmed();
        t_line("length %u", lengths[i]);
        const uint8_t prefix[2] = {0, lengths[i]};
        far_write(prefix, sizeof(prefix));
        step();
        far_write(payload(1), lengths[i] - 1U);
        step();
        far_write(payload(1), 1);
        step();
        expect("status", status(), 7);
    }
}

static void tc35(void)
{
    confirmed();
    make_online(4, 9);
    uint8_t plain[40] = {20};
    uint8_t frame[64];
    const size_t len = relay_seal(frame, plain, sizeof(plain));

    for (size_t i = 0; i < len; ++i) {
        far_write(frame + i, 1);
        step();
        expect("status", status(), 6);
        expect("data callbacks", world.calls[CB_DATA], i + 1 == len);
    }
}

/* A frame whose tag, body or nonce is not right. */
static void bad_frames(void)
{
    static const uint8_t places[] = {2, 17, 18, 30};

    for (size_t i = 0; i < sizeof(places); ++i) {
        world_again();
        confirmed();
        uint8_t plain[40] = {9};
        uint8_t frame[64];
        const size_t len = relay_seal(frame, plain, sizeof(plain));
        frame[places[i]] ^= 0x80;
        far_write(frame, len);
        step();
        expect("status", status(), 7);
        expect("callbacks", world.all_calls, 0);
    }
}

static void replay(void)
{
    confirmed();
    uint8_t plain[40] = {9};
    uint8_t frame[64];
    const size_t len = relay_seal(frame, plain, sizeof(plain));
    far_write(frame, len);
    far_write(frame, len);
    step();
    expect("onion callbacks", world.calls[CB_ONION], 1);
    expect("status", status(), 7);
}

/* Good packets before a bad one in the same batch are delivered, those after it are not. */
static void good_bad_good(void)
{
    confirmed();
    relay_data(9, 3, 1);
    relay_data(11, 3, 2);
    relay_data(13, 3, 3);
    relay_data(9, 3, 4);
    step();
    expect("onion callbacks", world.calls[CB_ONION], 1);
    expect("forwarding callbacks", world.calls[CB_FORWARD], 1);
    expect("status", status(), 7);
    step();
    expect("onion callbacks", world.calls[CB_ONION], 1);
}

/* Without callbacks packets are accepted and dropped. */
static void no_callbacks(void)
{
    confirmed();
    routing_response_handler(world.con, NULL, NULL);
    routing_status_handler(world.con, NULL, NULL);
    routing_data_handler(world.con, NULL, NULL);
    oob_data_handler(world.con, NULL, NULL);
    onion_response_handler(world.con, NULL, NULL);
    forwarding_handler(world.con, NULL, NULL);
    do_routing_request(peer_key(9));
    relay_response(20, peer_key(9));
    relay_notify(2, 20);
    relay_data(20, 4, 1);
    relay_keyed(7, peer_key(9), 4, 1);
    relay_data(9, 4, 1);
    relay_data(11, 4, 1);
    step();
    expect("status", status(), 6);
    register_handlers();
    do_send_data(4, 3, 1);
    relay_data(20, 4, 1);
    step();
    expect("callbacks", world.all_calls, 1);
}

/* Everything that waits is handled although the relay has closed: nothing received is lost. */
static void data_then_end(void)
{
    confirmed();
    make_online(4, 9);
    relay_data(20, 3, 1);
    relay_data(20, 3, 2);
    far_close();
    step();
    expect("data callbacks", world.calls[CB_DATA], 2);
    step();
    expect_new("status", status(), 6, 7);
}

/* Each step delivers exactly what has arrived since the one before. */
static void several_batches(void)
{
    confirmed();
    make_online(4, 9);

    for (uint8_t i = 0; i < 5; ++i) {
        for (uint8_t k = 0; k < 10; ++k) {
            relay_data(20, 200U + k, (uint8_t)(i * 10 + k));
        }

        step();
        expect("data callbacks", world.calls[CB_DATA], (i + 1) * 10);
    }
}

const Scenario receive_scenarios[] = {
    {"TC-24", BOTH, tc24, 0},
    {"receive-data-offline", BOTH, data_offline, 0},
    {"TC-27", BOTH, tc27, 0},
    {"TC-27-unused-id", SIM, tc27_unused, 0},
    {"TC-28", BOTH, tc28, 0},
    {"TC-29", BOTH, tc29, 0},
    {"TC-30", BOTH, tc30, 0},
    {"TC-31", BOTH, tc31, 0},
    {"receive-smallest", SIM, smallest, 0},
    {"receive-one-too-long", SIM, one_too_long, 0},
    {"TC-32", BOTH, tc32, 0},
    {"TC-33", BOTH, tc33, 0},
    {"receive-zero-prefixes", SIM, zero_prefixes, 0},
    {"TC-34", BOTH, tc34, 0},
    {"TC-35", BOTH, tc35, 0},
    {"receive-bad-frames", SIM, bad_frames, 0},
    {"receive-replay", SIM, replay, 0},
    {"receive-good-bad-good", BOTH, good_bad_good, 0},
    {"receive-no-callbacks", BOTH, no_callbacks, 0},
    {"receive-data-then-end", BOTH, data_then_end, 0},
    {"receive-batches", BOTH, several_batches, 0},
    {NULL, 0, NULL, 0},
};
