/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The kill: in every status, with everything that can be left over. */
#include "diff.h"

#include <string.h>

static void kill_null(void)
{
    kill_TCP_connection(NULL);
    t_line("kill of NULL returned");
}

static void kill_here(const char *when, int want)
{
    t_line("killed %s", when);
    expect("status", status(), want);
    relay_read();
    const size_t behind = bytes_left(&relay.rx);
    close_client();
    expect("bytes sent by the kill", (long)(bytes_left(&relay.rx) - behind), 0);
    expect("sockets left open", (long)net_counts.sockets - (long)net_counts.closes, 0);
    world_again();
}

static void kill_direct(void)
{
    const Setup setup = setup_direct();
    open_client(&setup);
    kill_here("before the first step", 4);
    open_client(&setup);
    step();
    kill_here("unconfirmed", 5);
    open_client(&setup);
    step();
    relay_answer();
    step();
    kill_here("confirmed", 6);
    confirmed();
    make_online(4, 9);
    relay_data(20, 100, 1);
    kill_here("with unread bytes", 6);
    confirmed();
    relay_notify(12, 1);
    step();
    kill_here("disconnected", 7);
}

static void kill_proxy(void)
{
    Setup setup = setup_proxy(TCP_PROXY_HTTP, 2);
    open_client(&setup);
    kill_here("HTTP, before the first step", 1);
    open_client(&setup);
    step();
    kill_here("HTTP, after the request", 1);
    setup = setup_proxy(TCP_PROXY_SOCKS5, 2);
    open_client(&setup);
    kill_here("SOCKS5, before the first step", 2);
    open_client(&setup);
    step();
    kill_here("SOCKS5, after the greeting", 2);
    open_client(&setup);
    step();
    far_write((const uint8_t *)"\5\0", 2);
    step();
    kill_here("SOCKS5, after the request", 3);
}

static void kill_far_gone(void)
{
    confirmed();
    far_close();
    close_client();
    expect("sockets left open", (long)net_counts.sockets - (long)net_counts.closes, 0);
    world_again();
    confirmed();
    far_reset();
    step();
    close_client();
    expect("sockets left open", (long)net_counts.sockets - (long)net_counts.closes, 0);
}

/* The socket stays open until the kill, also when the connection has ended before. */
static void socket_until_kill(void)
{
    confirmed();
    relay_notify(12, 1);
    steps(3);
    expect("status", status(), 7);
    expect("sockets open", (long)net_counts.sockets - (long)net_counts.closes, 1);
}

/* The original forbids a kill from inside a callback of the same object; ours allows it. */
static void kill_in_callback(Callback which, uint8_t con_id)
{
    (void)which;
    (void)con_id;

    if (DIFF_OURS && world.con != NULL) {
        kill_TCP_connection(world.con);
        world.con = NULL;
    }
}

/* One packet for each callback, and one more behind it that must not be delivered. */
static void kill_inside(Callback which)
{
    quiet_begin();
    world_again();
    confirmed();
    do_routing_request(peer_key(9));

    if (which == CB_STATUS || which == CB_DATA) {
        relay_response(20, peer_key(9));
        step();
    }

    if (which == CB_DATA) {
        relay_notify(2, 20);
        step();
    }

    world.hook = kill_in_callback;
    world.all_calls = 0;

    switch (which) {
        case CB_RESPONSE:
            relay_response(20, peer_key(9));
            break;

        case CB_STATUS:
            relay_notify(2, 20);
            break;

        case CB_DATA:
            relay_data(20, 3, 1);
            break;

        case CB_OOB:
            relay_keyed(7, peer_key(9), 3, 1);
            break;

        case CB_ONION:
            relay_data(9, 3, 1);
            break;

        case CB_FORWARD:
            relay_data(11, 3, 1);
            break;
    }

    relay_data(9, 3, 2);
    step();
    world.hook = NULL;
    quiet_end();
    trace_step = 0;
    expect_new("callbacks", world.all_calls, 2, 1);
    expect_new("sockets open", (long)net_counts.sockets - (long)net_counts.closes, 1, 0);
    QUIETLY(world_again());
}

static void kill_inside_all(void)
{
    for (int which = 0; which < CALLBACKS; ++which) {
        t_line("callback %d", which);
        kill_inside((Callback)which);
    }
}

const Scenario close_scenarios[] = {
    {"TC-51-null", SIM, kill_null, 0},
    {"TC-51-direct", BOTH, kill_direct, 0},
    {"TC-51-proxy", BOTH, kill_proxy, 0},
    {"kill-far-end-gone", BOTH, kill_far_gone, 0},
    {"kill-closes-socket", BOTH, socket_until_kill, 0},
    {"kill-in-callback", BOTH, kill_inside_all, 0},
    {NULL, 0, NULL, 0},
};
