/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The senders: limits, results, and the states in which they may be called. */
#include "diff.h"

#include <string.h>

static void tc36(void)
{
    confirmed();
    make_online(4, 9);
    expect("length 1", do_send_data(4, 1, 1), 1);
    expect("length 2031", do_send_data(4, 2031, 2), 1);
    expect("length 2032", do_send_data(4, 2032, 3), -1);
    expect("length 1", do_send_data(4, 1, 5), 1);
    expect("status", status(), 6);
    /* last, because the original uses up a nonce for it */
    expect("length 0", do_send_data(4, 0, 1), 1);
}

static void tc37(void)
{
    confirmed();
    make_registered(4, 9);
    expect("offline", do_send_data(4, 10, 1), -1);
    expect("unused", do_send_data(5, 10, 1), -1);
    expect("id 240", do_send_data(240, 10, 1), -1);
    expect("id 255", do_send_data(255, 10, 1), -1);
    relay_notify(2, 20);
    step();
    expect("online", do_send_data(4, 10, 1), 1);
    relay_notify(3, 20);
    step();
    expect("offline again", do_send_data(4, 10, 1), -1);
}

static void tc38(void)
{
    confirmed();
    expect("length 0", do_send_oob(peer_key(9), 0, 1), -1);
    expect("length 1", do_send_oob(peer_key(9), 1, 1), 1);
    expect("length 1024", do_send_oob(peer_key(9), 1024, 1), 1);
    expect("length 1025", do_send_oob(peer_key(9), 1025, 1), -1);
    expect("length 65535", do_send_oob(peer_key(9), 65535, 1), -1);
}

static void tc39(void)
{
    confirmed();
    expect("length 0", do_send_onion(0, 1), 1);
    expect("length 1", do_send_onion(1, 1), 1);
    expect("length 2031", do_send_onion(2031, 1), 1);
    expect("length 2032", do_send_onion(2032, 1), -1);
}

/* The longest length that fits the argument: 0.2.19 to 0.2.21 add one to it in 16 bits, and write
 * past the end of their buffer. */
static void data_65535(void)
{
    if (do_send_data(4, 65535, 4) != -1 || do_send_data(4, 1, 5) != 1) {
        fail("data of length 65535 was taken, or nothing after it");
    }
}

static void onion_65535(void)
{
    if (do_send_onion(65535, 4) != -1 || do_send_onion(1, 5) != 1) {
        fail("an onion request of length 65535 was taken, or nothing after it");
    }
}

static void longest(void)
{
    confirmed();
    make_online(4, 9);
    expect_new("data ends the process", ends_process(data_65535), TOX_ABI == 220, false);
    expect_new("onion request ends the process", ends_process(onion_65535), TOX_ABI == 220, false);
    expect("status", status(), 6);
}

static void tc40(void)
{
    confirmed();
    expect("IPv4", do_send_forward(2, 10, 1), 1);
    expect("IPv6", do_send_forward(10, 10, 1), 1);
    expect("unspecified", do_send_forward(0, 10, 1), 0);
    expect("family 3", do_send_forward(3, 10, 1), 0);
    expect("TCP IPv4", do_send_forward(12, 10, 1), 1);
    expect("TCP IPv6", do_send_forward(13, 10, 1), 1);
    expect("length 0", do_send_forward(2, 0, 1), 1);
    expect("length 1792", do_send_forward(2, 1792, 1), 1);
    expect("length 1792, IPv6", do_send_forward(10, 1792, 1), 1);
    expect("length 1793", do_send_forward(2, 1793, 1), -1);
    expect("length 65535", do_send_forward(2, 65535, 1), -1);
}

/* Lengths over the border come before the state of the id, and an id out of range before both. */
static void both_wrong(void)
{
    confirmed();
    expect("unused id, too long", do_send_data(4, 2032, 1), -1);
    expect("too long, unspecified", do_send_forward(0, 1793, 1), -1);
}

/* Disconnect requests: a used id, the same again, one never used. */
static void disconnect_used(void)
{
    confirmed();
    make_online(4, 9);
    expect("used", do_disconnect_request(4), 1);
    expect("frames", relay.last[0] == 3 && relay.last[1] == 20, 1);
    expect("set number", do_set_number(4, 1), -1);
    expect("send", do_send_data(4, 3, 1), -1);
    relay_notify(3, 20);
    relay_notify(2, 20);
    step();
    expect("status callbacks", world.calls[CB_STATUS], 1);
}

static void disconnect_registered(void)
{
    confirmed();
    make_registered(7, 9);
    expect("registered", do_disconnect_request(7), 1);
    expect("frames", relay.last[0] == 3 && relay.last[1] == 23, 1);
}

static void disconnect_unused(void)
{
    confirmed();
    const unsigned long before = relay.frames;
    expect("unused", do_disconnect_request(4), 1);
    expect("id 240", do_disconnect_request(240), -1);
    expect("id 255", do_disconnect_request(255), -1);
    expect_new("frames sent", (long)(relay.frames - before), 1, 0);
}

static void disconnect_twice(void)
{
    confirmed();
    make_online(4, 9);
    const unsigned long before = relay.frames;
    expect("used", do_disconnect_request(4), 1);
    expect("again", do_disconnect_request(4), 1);
    expect_new("frames sent", (long)(relay.frames - before), 2, 1);
}

static void length_zero_wire(void)
{
    confirmed();
    make_online(4, 9);
    const unsigned long before = relay.frames;
    expect("length 0", do_send_data(4, 0, 1), 1);
    expect_new("frames sent", (long)(relay.frames - before), 1, 0);
}

/* Every sender, when the connection cannot carry packets: the original takes them and breaks its
 * stream. Ids are unused before CONFIRMED, so that send_data is refused by both. */
static void all_senders(bool used)
{
    relay_read();
    const size_t before = net_sent();
    int results[5] = {0};
    QUIETLY(results[0] = do_send_data(4, 3, 1));
    QUIETLY(results[1] = do_routing_request(peer_key(9)));
    QUIETLY(results[2] = do_send_oob(peer_key(9), 3, 1));
    QUIETLY(results[3] = do_send_onion(200, 1));
    QUIETLY(results[4] = do_send_forward(2, 3, 1));
    expect_new("send_data", results[0], used ? 1 : -1, -1);
    expect_new("send_routing_request", results[1], 1, -1);
    expect_new("send_oob_packet", results[2], 1, -1);
    expect_new("send_onion_request", results[3], 1, -1);
    expect_new("send_forward_request_tcp", results[4], 1, -1);
    expect_new("bytes on the wire", net_sent() != before, 1, 0);
    expect("send_oob_packet, length 0", do_send_oob(peer_key(9), 0, 1), -1);
    expect("send_forward_request_tcp, too long", do_send_forward(2, 1793, 1), -1);
}

static void early_connecting(void)
{
    const Setup setup = setup_direct();
    open_client(&setup);
    all_senders(false);
    QUIETLY(step());
    relay_answer();
    QUIETLY(step());
    /* our end believes to be connected in both, but the original has broken its stream */
    expect("status", status(), 6);
    expect_new("stream broken", relay.broken, 1, 0);
}

static void early_unconfirmed(void)
{
    const Setup setup = setup_direct();
    open_client(&setup);
    step();
    all_senders(false);
    relay_answer();
    QUIETLY(step());
    expect("status", status(), 6);
    expect_new("stream broken", relay.broken, 1, 0);
}

static void early_proxy(int type)
{
    const Setup setup = setup_proxy(type, 2);
    open_client(&setup);
    t_line("before the first step");
    all_senders(false);
    QUIETLY(step());
    t_line("after the first step");
    all_senders(false);
}

static void early_http(void)
{
    early_proxy(TCP_PROXY_HTTP);
}

static void early_socks(void)
{
    early_proxy(TCP_PROXY_SOCKS5);
}

static void late_disconnected(void)
{
    confirmed();
    make_online(4, 9);
    relay_notify(12, 1);
    step();
    expect("status", status(), 7);
    all_senders(true);
}

static void disconnect_not_confirmed(void)
{
    const Setup setup = setup_direct();
    open_client(&setup);
    int result = 0;
    QUIETLY(result = do_disconnect_request(4));
    expect_new("before the first step", result, 1, -1);
    expect("id 240", do_disconnect_request(240), -1);
    world_again();
    confirmed();
    make_online(4, 9);
    relay_notify(12, 1);
    step();
    expect("status", status(), 7);
    QUIETLY(result = do_disconnect_request(4));
    expect_new("after the end", result, 1, -1);
    expect("set number", do_set_number(4, 1), -1);
}

static void set_number_disconnected(void)
{
    confirmed();
    make_online(4, 9);
    relay_notify(12, 1);
    step();
    expect("set number", do_set_number(4, 1), 0);
    expect("unused", do_set_number(5, 1), -1);
}

const Scenario send_scenarios[] = {
    {"TC-36", BOTH, tc36, 0},
    {"TC-36-length-zero", SIM, length_zero_wire, 0},
    {"TC-37", BOTH, tc37, 0},
    {"TC-38", BOTH, tc38, 0},
    {"TC-39", BOTH, tc39, 0},
    {"send-length-65535", SIM, longest, 0},
    {"TC-40", BOTH, tc40, 0},
    {"send-both-wrong", SIM, both_wrong, 0},
    {"disconnect-used", BOTH, disconnect_used, 0},
    {"disconnect-registered", SIM, disconnect_registered, 0},
    {"disconnect-unused", SIM, disconnect_unused, 0},
    {"disconnect-twice", SIM, disconnect_twice, 0},
    {"early-connecting", SIM, early_connecting, 0},
    {"early-unconfirmed", SIM, early_unconfirmed, 0},
    {"early-http", SIM, early_http, 0},
    {"early-socks", SIM, early_socks, 0},
    {"late-disconnected", SIM, late_disconnected, 0},
    {"disconnect-not-confirmed", SIM, disconnect_not_confirmed, 0},
    {"set-number-disconnected", SIM, set_number_disconnected, 0},
    {NULL, 0, NULL, 0},
};
