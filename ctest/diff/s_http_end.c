/* SPDX-License-Identifier: GPL-3.0-or-later */
/* HTTP CONNECT: long headers, refusals in pieces, and proxies that hang up. */
#include "diff.h"

#include <string.h>

/* A long header in pieces of 1000 bytes, with an end. */
static int long_header(size_t length, bool pieces)
{
    static const char head[] = "HTTP/1.1 200 OK\r\nX-Long: ";
    Bytes out = {0};
    bytes_put(&out, head, strlen(head));

    while (bytes_left(&out) < length) {
        bytes_put(&out, "abcdefghij", 10);
    }

    bytes_put(&out, "\r\n\r\n", 4);
    quiet_begin();

    while (bytes_left(&out) > 0 && status() != 7) {
        uint8_t piece[1000];
        size_t n = pieces ? 1000 : bytes_left(&out);

        while (n > 0 && bytes_left(&out) > 0) {
            const size_t some = bytes_take(&out, piece, n < 1000 ? n : 1000);
            far_write(piece, some);
            n -= some;
        }

        step();
    }

    bytes_free(&out);
    relay_finish();
    quiet_end();
    trace_step = 0;
    return status();
}

static void header_10k(void)
{
    http_asked(2);
    expect("status", long_header(10000, false), 6);
}

static void header_10k_pieces(void)
{
    http_asked(2);
    expect_new("status", long_header(10000, true), 7, 6);
}

/* A header of 40 kB: too long in ours. The original takes the second piece for a handshake. */
static void header_endless(void)
{
    http_asked(2);
    expect("status", long_header(40000, true), 7);
    expect_new("handshake sent", relay.stage == STAGE_FRAMES, 1, 0);
}

/* A refusal that is recognisable before its end has come. */
static void refused_early(void)
{
    http_asked(2);
    http_say("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Auth");
    step();
    expect("status", status(), 7);
}

static void refused_in_line(void)
{
    http_asked(2);
    http_say("HTTP/1.1 403 Forb");
    step();
    t_line("status %d", status());
    http_say("idden\r\n\r\n");
    step();
    expect("status", status(), 7);
}

static void garbage(void)
{
    http_asked(2);
    far_write(payload(200), 500);
    step();
    t_line("status %d", status());
    clock_add(10);
    step();
    expect("status", status(), 7);
}

/* The proxy hangs up, before and in the middle of its reply. */
static void hangs_up(void)
{
    http_asked(2);
    far_close();
    step();
    expect_new("status", status(), 1, 7);
    clock_add(10);
    step();
    expect("status", status(), 7);
}

static void hangs_up_inside(void)
{
    http_asked(2);
    http_say("HTTP/1.1 200 Conn");
    QUIETLY(step());
    far_close();
    QUIETLY(step());
    expect_new("status", status(), 5, 7);
    clock_add(10);
    step();
    expect("status", status(), 7);
}

static void refuses_and_hangs_up(void)
{
    http_asked(2);
    http_say("HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n");
    far_close();
    step();
    expect("status", status(), 7);
}

static void request_in_pieces(void)
{
    const Setup setup = setup_proxy(TCP_PROXY_HTTP, 2);
    open_client(&setup);
    net_faults.send_room = 20;
    step();
    http_say(http_good_reply);
    step();
    expect("status", status(), 1);
    net_faults.send_room = -1;
    relay_read();
    bytes_take(&relay.rx, NULL, 20);
    step();
    expect("status", status(), 5);
}

/* The proxy is set but nobody listens there: no other way is tried. */
static void proxy_refused(void)
{
    Setup setup = setup_proxy(TCP_PROXY_HTTP, 2);
    setup.refused = true;
    expect("object", open_client(&setup), 1);
    steps(3);
    expect("status", status(), 1);
    clock_add(9);
    steps(3);
    expect("status", status(), 1);
    expect_new("more than two send calls", net_counts.send > 2, 1, 0);
    clock_add(1);
    step();
    expect("status", status(), 7);
    expect("sockets", net_counts.sockets, 1);
}

const Scenario http_end_scenarios[] = {
    {"http-header-10k", BOTH, header_10k, 0},
    {"http-header-10k-pieces", SIM, header_10k_pieces, 0},
    {"http-header-endless", SIM, header_endless, 0},
    {"http-refused-early", SIM, refused_early, 0},
    {"http-refused-in-line", SIM, refused_in_line, 0},
    {"http-garbage", SIM, garbage, 0},
    {"http-hangs-up", BOTH, hangs_up, 0},
    {"http-hangs-up-inside", BOTH, hangs_up_inside, 0},
    {"http-refuses-and-hangs-up", BOTH, refuses_and_hangs_up, 0},
    {"http-request-in-pieces", SIM, request_in_pieces, 0},
    {"http-proxy-refused", BOTH, proxy_refused, 0},
    {NULL, 0, NULL, 0},
};
