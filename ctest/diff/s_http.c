/* SPDX-License-Identifier: GPL-3.0-or-later */
/* HTTP CONNECT: the request, and the replies that let us through or do not. */
#include "diff.h"

#include <string.h>

/* One reply from beginning to end; the result is the status after the relay had its turn. */
static int reply(const char *text)
{
    world_again();
    quiet_begin();
    http_asked(2);
    http_say(text);
    step();
    relay_finish();
    const int last = status();
    world_again();
    quiet_end();
    return last;
}

static void tc42(void)
{
    http_asked_loud(2);
    http_say(http_good_reply);
    step();
    expect("status", status(), 5);
    expect("handshake seen", relay.stage == STAGE_FRAMES, 1);
    relay_answer();
    step();
    expect("status", status(), 6);
    relay_pong();
    relay_ping(4, 5);
    step();
    expect("pongs", relay.pongs, 1);
}

static void tc42_ipv6(void)
{
    http_asked_loud(10);
    http_say(http_good_reply);
    step();
    relay_finish();
    expect("status", status(), 6);
}

static void tc43(void)
{
    http_asked(2);
    http_say("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"x\"\r\n\r\n");
    step();
    expect("status", status(), 7);
}

static void tc44(void)
{
    http_asked(2);
    http_say("HTTP/1.1 200 O");
    step();
    expect("status", status(), 1);
    clock_add(9);
    step();
    expect("status", status(), 1);
    clock_add(1);
    step();
    expect("status", status(), 7);
}

/* The end of the header comes after the beginning was accepted. */
static void tc45(void)
{
    http_asked(2);
    http_say("HTTP/1.1 200 Connection established\r\n");
    QUIETLY(step());
    http_say("Proxy-Agent: scripted/1.0\r\n\r\n");
    QUIETLY(step());
    QUIETLY(relay_finish());
    expect_new("status", status(), 7, 6);
}

/* 15 bytes and no line end: the original takes that for a whole reply. */
static void fifteen_bytes(void)
{
    http_asked(2);
    http_say("HTTP/1.1 200 OK");
    QUIETLY(step());
    expect_new("status", status(), 5, 1);
    http_say("\r\n\r\n");
    QUIETLY(step());
    QUIETLY(relay_finish());
    expect_new("status", status(), 7, 6);
}

typedef struct Case {
    const char *text;
    int original, ours;
} Case;

static const Case cases[] = {
    {"HTTP/1.1 200 OK\r\n\r\n", 6, 6},
    {"HTTP/1.0 200 OK\r\n\r\n", 6, 6},
    {"HTTP/1.0 200 Connection established\r\nVia: 1.0 x\r\n\r\n", 6, 6},
    {"HTTP/1.1 200\r\n\r\n", 6, 6},
    {"HTTP/1.1 200 \r\n\r\n", 6, 6},
    {"HTTP/1.1 200 OK\n\n", 6, 6},
    {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 6, 6},
    {"HTTP/1.1 407 Auth required\r\nX-Note: not 200\r\n\r\n", 7, 7},
    {"HTTP/1.1 407 200\r\n\r\n", 7, 7},
    {"HTTP/1.1 403 Forbidden\r\n\r\n", 7, 7},
    /* any 2xx grants the request (RFC 9110 9.3.6) */
    {"HTTP/1.1 201 Created\r\n\r\n", 7, 6},
    {"HTTP/1.1 502 Bad Gateway\r\nServer: 200\r\n\r\n", 7, 7},
    {"HTTP/1.1 100 Continue\r\n\r\n", 7, 7},
    /* 200 among the first 15 bytes, but not as the status */
    {"xxxx200 whatever this is\r\n\r\n", 6, 7},
    {"HTTP/1.1 4200 Odd\r\n\r\n", 6, 7},
    {"HTTP/1.1 2000 Odd\r\n\r\n", 6, 7},
    {"HTTP/1.1200 no space\r\n\r\n", 6, 7},
    {"HTTP/2.0 200 OK\r\n\r\n", 6, 7},
    {"http/1.1 200 OK\r\n\r\n", 6, 7},
    {"ICY 200 OK stream\r\n\r\n", 6, 7},
    {"SSH-2.0-OpenSSH_9.2p1 Debian\r\n\r\n", 7, 7},
    {"\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", 7, 7},
};

static void replies(void)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i) {
        const int got = reply(cases[i].text);
        char what[60];
        snprintf(what, sizeof(what), "reply %zu: %.20s", i, cases[i].text);

        for (char *p = what; *p != '\0'; ++p) {
            *p = *p == '\r' || *p == '\n' ? '~' : *p;
        }

        expect_new(what, got, cases[i].original, cases[i].ours);
    }
}

/* A NUL byte before the status. */
static void nul_byte(void)
{
    http_asked(2);
    far_write((const uint8_t *)"HTTP/1.1\0 200 OK\r\n\r\n", 20);
    step();
    expect("status", status(), 7);
}

/* The reply cut at every byte, the relay's handshake afterwards. */
static void split(void)
{
    const size_t total = strlen(http_good_reply);

    for (size_t cut = 0; cut <= total; ++cut) {
        quiet_begin();
        world_again();
        http_asked(2);
        far_write((const uint8_t *)http_good_reply, cut);
        step();
        const int first = status();
        far_write((const uint8_t *)http_good_reply + cut, total - cut);
        step();
        relay_finish();
        const int last = status();
        world_again();
        quiet_end();
        t_line("cut %zu: status %d, then %d", cut, first, last);

        if (last != (DIFF_OURS || cut < 15 || cut == total ? 6 : 7)) {
            fail("cut %zu: status %d", cut, last);
        }
    }
}

static void byte_by_byte(void)
{
    http_asked(2);
    quiet_begin();

    for (size_t i = 0; i < strlen(http_good_reply); ++i) {
        far_write((const uint8_t *)http_good_reply + i, 1);
        step();
    }

    relay_finish();
    quiet_end();
    expect_new("status", status(), 7, 6);
}

/* The relay's handshake is glued to the proxy's header. */
static void glued(void)
{
    Bytes out = {0};
    uint8_t answer[96];
    http_asked(2);
    relay_answer_bytes(answer);
    bytes_put(&out, http_good_reply, strlen(http_good_reply));
    bytes_put(&out, answer, sizeof(answer));
    far_write(bytes_at(&out), bytes_left(&out));
    bytes_free(&out);
    QUIETLY(steps(2));
    expect_new("status", status(), 5, 6);
}

/* Half of the relay's handshake is glued to the header. */
static void glued_half(void)
{
    Bytes out = {0};
    uint8_t answer[96];
    http_asked(2);
    relay_answer_bytes(answer);
    bytes_put(&out, http_good_reply, strlen(http_good_reply));
    bytes_put(&out, answer, 40);
    far_write(bytes_at(&out), bytes_left(&out));
    bytes_free(&out);
    QUIETLY(step());
    far_write(answer + 40, 56);
    QUIETLY(step());
    expect_new("status", status(), 5, 6);
}

const Scenario http_scenarios[] = {
    {"TC-42", BOTH, tc42, 0},
    {"TC-42-ipv6", BOTH, tc42_ipv6, 0},
    {"TC-43", BOTH, tc43, 0},
    {"TC-44", BOTH, tc44, 0},
    {"TC-45", BOTH, tc45, 0},
    {"http-15-bytes", SIM, fifteen_bytes, 0},
    {"http-replies", SIM, replies, 0},
    {"http-nul-byte", SIM, nul_byte, 0},
    {"http-split", BOTH, split, 0},
    {"http-byte-by-byte", SIM, byte_by_byte, 0},
    {"http-glued", BOTH, glued, 0},
    {"http-glued-half", SIM, glued_half, 0},
    {NULL, 0, NULL, 0},
};
