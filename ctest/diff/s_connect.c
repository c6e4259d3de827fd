/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From creation to CONFIRMED: handshake, its timer, and the ways it can fail. */
#include "diff.h"

#include <sodium.h>
#include <string.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

static void direct(void)
{
    const Setup setup = setup_direct();
    expect("object", open_client(&setup), 1);
}

static void tc01(void)
{
    direct();
    expect("status", status(), 4);
    step();
    expect("status", status(), 5);
    expect("bytes at the relay", (long)bytes_left(&relay.rx), 0);
    expect("handshake seen", relay.stage == STAGE_FRAMES, 1);
}

static void tc02(void)
{
    direct();
    step();
    relay_answer();
    step();
    expect("status", status(), 6);
    expect("frames", (long)relay.frames, 1);
    expect("pings", relay.pings, 1);
    expect("ping id is zero", sodium_is_zero(relay.last_ping, 8), 0);
}

static void tc02_ipv6(void)
{
    Setup setup = setup_direct();
    setup.family = 10;
    open_client(&setup);
    step();
    relay_answer();
    step();
    expect("status", status(), 6);
    relay_pong();
    relay_ping(4, 7);
    step();
    expect("pongs", relay.pongs, 1);
}

static void tc03(void)
{
    uint8_t answer[96];
    direct();
    step();
    relay_answer_bytes(answer);

    for (unsigned i = 0; i < sizeof(answer); ++i) {
        far_write(answer + i, 1);
        step();
        expect("status", status(), i < 95 ? 5 : 6);
    }
}

static void tc04(void)
{
    direct();
    step();
    far_write(payload(3), 96);
    step();
    expect("status", status(), 7);
}

static void tc05(void)
{
    direct();
    step();
    clock_add(9);
    step();
    expect("status", status(), 5);
    clock_add(1);
    step();
    expect("status", status(), 7);
    /* absorbing: nothing is called any more */
    const Net_Counts before = net_counts;
    relay_answer();
    steps(3);
    expect("network calls after the end", memcmp(&before, &net_counts, sizeof(before)) != 0, 0);
    expect("status", status(), 7);
}

static void tc06(void)
{
    Setup setup = setup_direct();
    setup.refused = true;
    expect("object", open_client(&setup), 1);

    for (int second = 0; second < 10; ++second) {
        steps(3);
        expect("status", status(), 4);

        if (second < 9) {
            clock_add(1);
        }
    }

    /* the original tries again in every step; once the refusal is known there is no use in it */
    expect_new("more than two send calls", net_counts.send > 2, 1, 0);

    clock_add(1);
    step();
    expect("status", status(), 7);
}

/* The handshake leaves in pieces; the status follows the last byte. */
static void partial_writes(void)
{
    direct();
    net_faults.send_room = 0;
    step();
    expect("status", status(), 4);
    net_faults.send_room = 127;
    step();
    expect("status", status(), 4);
    net_faults.send_room = 1;
    step();
    expect("status", status(), 5);
    expect("handshake seen", relay.stage == STAGE_FRAMES, 1);
    net_faults.send_room = -1;
    relay_answer();
    step();
    expect("status", status(), 6);
}

static void one_byte_writes(void)
{
    direct();
    net_faults.send_max = 1;
    relay.silent = true;

    for (int i = 0; i < 200 && status() == 4; ++i) {
        step();
    }

    expect("status", status(), 5);
    expect("handshake seen", relay.stage == STAGE_FRAMES, 1);
}

/* The relay's handshake and its first frames come in one piece. */
static void glued_frames(void)
{
    direct();
    step();
    Bytes out = {0};
    uint8_t answer[96];
    relay_answer_bytes(answer);
    bytes_put(&out, answer, sizeof(answer));
    uint8_t onion[20] = {9};
    relay_put(&out, onion, sizeof(onion));
    uint8_t ping[9] = {4, 1, 2, 3, 4, 5, 6, 7, 8};
    relay_put(&out, ping, sizeof(ping));
    far_write(bytes_at(&out), bytes_left(&out));
    bytes_free(&out);
    step();
    expect("status", status(), 6);
    expect("onion callbacks", world.calls[CB_ONION], 1);
    expect("pongs", relay.pongs, 1);
}

/* The relay's handshake is there before the client's could leave. */
static void early_answer(void)
{
    direct();
    net_faults.send_room = 0;
    relay_answer();
    step();
    expect("status", status(), 4);
    net_faults.send_room = -1;
    step();
    expect("status", status(), 6);
}

/* All nonce bytes 0xff: the first increment carries over all 24 bytes, in both directions. */
static void nonce_wrap(void)
{
    uint8_t ones[48];
    memset(ones, 0xff, sizeof(ones));
    memset(relay.send_nonce, 0xff, sizeof(relay.send_nonce));
    random_force_next(ones, sizeof(ones));
    confirmed();
    make_online(4, 9);
    do_send_data(4, 10, 1);
    relay_data(20, 10, 1);
    step();
    expect("frames", (long)relay.frames, 3);
    expect("data callbacks", world.calls[CB_DATA], 1);
}

/* A temporary key of low order gives no session key. The original goes on with the long-term
 * key; the scripted relay does the same, to show it. */
static void low_order_temp_key(void)
{
    direct();
    step();
    memset(relay.temp_pk, 0, sizeof(relay.temp_pk));

    if (crypto_box_beforenm(relay.key, world.self_pk, relay.sk) != 0) {
        fail("no long-term key");
    }

    relay_answer();
    QUIETLY(step());
    expect_new("status", status(), 6, 7);
    expect_new("frames under the long-term key", (long)relay.frames, 1, 0);
}

/* A relay with another long-term key: its box does not open. */
static void wrong_relay(void)
{
    direct();
    step();
    memset(relay.sk, 0x61, sizeof(relay.sk));
    relay_answer();
    step();
    expect("status", status(), 7);
}

static void wrong_byte(void)
{
    static const uint8_t places[] = {0, 23, 24, 39, 40, 71, 72, 95};

    for (size_t i = 0; i < sizeof(places); ++i) {
        uint8_t answer[96];
        world_again();
        direct();
        step();
        relay_answer_bytes(answer);
        answer[places[i]] ^= 1;
        far_write(answer, sizeof(answer));
        step();
        expect("status", status(), 7);
    }
}

/* CONFIRMED lifts the limit of ten seconds. */
static void late_answer(void)
{
    direct();
    step();
    clock_add(9);
    relay_answer();
    step();
    expect("status", status(), 6);
    relay_pong();
    clock_add(1);
    step();
    expect("status", status(), 6);
    clock_add(9);
    step();
    expect("status", status(), 6);
}

/* The answer is in the socket when the clock reaches the limit: the reading comes first. */
static void answer_at_limit(void)
{
    direct();
    step();
    relay_answer();
    clock_add(10);
    step();
    expect("status", status(), 6);
}

/* The lowest free descriptor: the one that the next socket will have. */
static int next_fd(void)
{
    const int fd = dup(STDERR_FILENO);
    close(fd);
    return fd;
}

/* On sockets of the system's own Network small packets are not held back. */
static void nodelay(void)
{
    far_open(MODE_TCP, 2, true);
    memset(&world.relay_addr, 0, sizeof(world.relay_addr));
    addr_parse_ip("127.0.0.1", &world.relay_addr.ip);
    world.relay_addr.port = net_htons(far_port());
    const int fd = next_fd();
    world.con = new_TCP_connection(world.log, world.mono, &test_random, system_network(), &world.relay_addr, relay.pk,
                                   world.self_pk, world.self_sk, NULL);
    int on = -1;
    socklen_t len = sizeof(on);
    expect("socket found", getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &len), 0);
    expect_new("TCP_NODELAY", on != 0, 0, 1);
    kill_TCP_connection(world.con);
    world.con = NULL;
    expect("socket closed", next_fd(), fd);
}

const Scenario connect_scenarios[] = {
    {"TC-01", BOTH, tc01, 0},
    {"TC-02", BOTH, tc02, 0},
    {"TC-02-ipv6", BOTH, tc02_ipv6, 0},
    {"TC-03", BOTH, tc03, 0},
    {"TC-04", BOTH, tc04, 0},
    {"TC-05", BOTH, tc05, 0},
    {"TC-06", BOTH, tc06, 0},
    {"connect-partial-writes", BOTH, partial_writes, 0},
    {"connect-one-byte-writes", SIM, one_byte_writes, 0},
    {"connect-glued-frames", BOTH, glued_frames, 0},
    {"connect-early-answer", BOTH, early_answer, 0},
    {"connect-nonce-wrap", SIM, nonce_wrap, 0},
    {"connect-low-order-temp-key", SIM, low_order_temp_key, 0},
    {"connect-wrong-relay", SIM, wrong_relay, 0},
    {"connect-wrong-byte", SIM, wrong_byte, 0},
    {"connect-late-answer", SIM, late_answer, 0},
    {"connect-answer-at-limit", SIM, answer_at_limit, 0},
    {"connect-nodelay", TCP, nodelay, 0},
    {NULL, 0, NULL, 0},
};
