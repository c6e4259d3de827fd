/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One conversation, cut at every position: what the client does must not depend on how the
 * kernel hands out the relay's bytes. Each cut is one line of the trace. */
#include "diff.h"

#include <string.h>

static Bytes stream;

/* Everything the relay says after its handshake in the conversation below. */
static void say_all(void)
{
    static const uint8_t ping[9] = {4, 8, 7, 6, 5, 4, 3, 2, 1};
    static const uint8_t oob[36] = {7, 1, 2, 3};
    static const uint8_t onion[100] = {9, 1};
    static const uint8_t forwarding[60] = {11, 2};
    uint8_t response[34] = {1, 20};
    memset(response + 2, 9, 32);
    const uint8_t online[2] = {2, 20};
    const uint8_t offline[2] = {3, 20};
    uint8_t data[300] = {20};
    memcpy(data + 1, payload(1), sizeof(data) - 1);
    relay_put(&stream, ping, sizeof(ping));
    relay_put(&stream, response, sizeof(response));
    relay_put(&stream, online, sizeof(online));
    relay_put(&stream, data, sizeof(data));
    relay_put(&stream, oob, sizeof(oob));
    relay_put(&stream, onion, sizeof(onion));
    relay_put(&stream, data, 2);
    relay_put(&stream, forwarding, sizeof(forwarding));
    relay_put(&stream, offline, sizeof(offline));
    relay_put(&stream, ping, sizeof(ping));
}

/* Confirmed, a request out, the relay's part of the conversation prepared. */
static void prepare(void)
{
    world_again();
    confirmed();
    do_routing_request(peer_key(9));
    bytes_free(&stream);
    say_all();
}

static void finish(const char *what, size_t cut)
{
    const int last = status();
    const unsigned calls = world.all_calls;
    world_again();
    const char *digest = quiet_end();
    t_line("%s %zu: status %d callbacks %u trace %s", what, cut, last, calls, digest);

    if (last != 6 || calls != 8) {
        fail("%s %zu: status %d, %u callbacks", what, cut, last, calls);
    }
}

static void two_pieces(void)
{
    size_t total = 1;

    for (size_t cut = 0; cut <= total; ++cut) {
        quiet_begin();
        prepare();
        total = bytes_left(&stream);
        far_write(bytes_at(&stream), cut);
        step();
        far_write(bytes_at(&stream) + cut, total - cut);
        step();
        finish("cut", cut);
    }

    bytes_free(&stream);
}

static void equal_pieces(void)
{
    static const size_t sizes[] = {1, 2, 3, 5, 16, 18, 19, 64, 100, 317, 512};

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); ++i) {
        quiet_begin();
        prepare();

        while (bytes_left(&stream) > 0) {
            uint8_t piece[512];
            far_write(piece, bytes_take(&stream, piece, sizes[i]));
            step();
        }

        finish("pieces of", sizes[i]);
    }

    bytes_free(&stream);
}

/* The handshake and the first frame behind it, cut at every position. */
static void handshake_cut(void)
{
    const size_t total = 96 + 2 + 16 + 9 + 2 + 16 + 20;

    for (size_t cut = 0; cut <= total; ++cut) {
        static const uint8_t ping[9] = {4, 8, 7, 6, 5, 4, 3, 2, 1};
        static const uint8_t onion[20] = {9, 1};
        uint8_t answer[96];
        quiet_begin();
        world_again();
        const Setup setup = setup_direct();
        open_client(&setup);
        step();
        relay_answer_bytes(answer);
        bytes_free(&stream);
        bytes_put(&stream, answer, sizeof(answer));
        relay_put(&stream, ping, sizeof(ping));
        relay_put(&stream, onion, sizeof(onion));
        far_write(bytes_at(&stream), cut);
        step();
        const int first = status();
        far_write(bytes_at(&stream) + cut, bytes_left(&stream) - cut);
        step();
        const int second = status();
        const unsigned calls = world.all_calls;
        world_again();
        const char *digest = quiet_end();
        t_line("cut %zu: status %d %d callbacks %u trace %s", cut, first, second, calls, digest);

        if (first != (cut < 96 ? 5 : 6) || second != 6 || calls != 1) {
            fail("cut %zu: status %d %d, %u callbacks", cut, first, second, calls);
        }
    }

    bytes_free(&stream);
}

/* The same, random pieces over a real socket and in memory. */
static void random_pieces(void)
{
    uint64_t seed = 42;

    for (size_t round = 0; round < 20; ++round) {
        quiet_begin();
        prepare();

        while (bytes_left(&stream) > 0) {
            uint8_t piece[256];
            const size_t n = 1 + split_mix(&seed) % 200;
            far_write(piece, bytes_take(&stream, piece, n));
            step();
        }

        finish("random pieces", round);
    }

    bytes_free(&stream);
}

const Scenario split_scenarios[] = {
    {"split-two-pieces", SIM, two_pieces, 60},
    {"split-equal-pieces", BOTH, equal_pieces, 60},
    {"split-handshake", BOTH, handshake_cut, 60},
    {"split-random-pieces", BOTH, random_pieces, 60},
    {NULL, 0, NULL, 0},
};
