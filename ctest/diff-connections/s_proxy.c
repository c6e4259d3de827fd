/* SPDX-License-Identifier: GPL-3.0-or-later */
/* All relays through one proxy. Relay 0 of the harness is the proxy's address; after its answer it
 * plays the relay. */
#include "suite.h"

#include <string.h>

static IP_Port target;

/* Starts over with a proxy of this type; target is an address that nobody could reach. */
static void with_proxy(uint8_t type)
{
    QUIETLY(world_close());
    memset(&world.proxy, 0, sizeof(world.proxy));
    world.proxy.proxy_type = type;
    world.proxy.ip_port = relay_address(0);
    memset(&target, 0, sizeof(target));
    addr_parse_ip("192.0.2.7", &target.ip);
    target.port = net_htons(33445);
    world_open();
}

static void says(const void *text, size_t n)
{
    far_end->write(0, (const uint8_t *)text, n);
}

/* What the proxy was asked, and its consent. */
static void http_consents(void)
{
    char text[400];
    const size_t n = bytes_take(&relays[0].rx, text, sizeof(text) - 1);
    text[n] = '\0';
    expect("asks for the relay", strstr(text, "192.0.2.7:33445") != NULL, true);
    says("HTTP/1.1 200 OK\r\n\r\n", 19);
    relays[0].stage = STAGE_HANDSHAKE;
}

static void http_up(void)
{
    pass();
    http_consents();
    passes(2); /* the answer is read, then the handshake leaves */
    relay_answer(0);
    passes(2);
}

static void http(void)
{
    with_proxy(1);
    api_peer(0);
    expect("add", api_add_at(0, &target, 0), 0);
    expect("connections to the proxy", new_connections(0), 1);
    http_up();
    expect("connected", connected(), 1);
    online(0, 0, 16);
    expect("send", api_send(0, 3, 1), 0);
    Node_format node[2];
    expect("copy", tcp_copy_connected_relays(world.tc, node, 1), 1);
    expect("its address is the relay's", node[0].ip_port.ip.ip.v4.uint32 == target.ip.ip.v4.uint32, true);
}

/* Connecting again and waking go through the proxy too. */
static void http_again(void)
{
    with_proxy(1);
    api_peer(0);
    api_add_at(0, &target, 0);
    http_up();
    online(0, 0, 16);
    run_seconds(15);
    relay_break(0);
    pass();
    expect("connections", new_connections(0), 2);
    http_up();
    online(0, 0, 16);
    run_seconds(15);
    api_status(0, false);
    pass();
    expect("asleep", connected(), 0);
    api_status(0, true);
    pass();
    expect("connections", new_connections(0), 1);
    http_up();
    expect("connected", connected(), 1);
}

static void http_refused(void)
{
    with_proxy(1);
    expect("add", add_tcp_relay_global(world.tc, &target, relays[0].pk), 0);
    pass();
    says("HTTP/1.1 403 Forbidden\r\n\r\n", 26);
    pass();
    QUIETLY(run_seconds(10));
    expect("count", count(), 0);
    expect("connections", new_connections(0), 1);
}

static void socks(void)
{
    with_proxy(2);
    api_peer(0);
    expect("add", api_add_at(0, &target, 0), 0);
    pass();
    uint8_t asked[32];
    expect("greeting", (long)bytes_take(&relays[0].rx, asked, sizeof(asked)), 3);
    says("\x05\x00", 2);
    passes(2);
    expect("request", (long)bytes_take(&relays[0].rx, asked, sizeof(asked)), 10);
    expect("for the relay", memcmp(asked, "\x05\x01\x00\x01\xc0\x00\x02\x07\x82\xa5", 10), 0);
    says("\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00", 10);
    relays[0].stage = STAGE_HANDSHAKE;
    passes(2);
    relay_answer(0);
    passes(2);
    expect("connected", connected(), 1);
    expect("requests", new_frames(0), 1);
}

/* The proxy itself refuses connections. */
static void dead_proxy(void)
{
    with_proxy(1);
    relay_refuse(0, true);
    expect("add", add_tcp_relay_global(world.tc, &target, relays[0].pk), 0);
    QUIETLY(run_seconds(9));
    expect("count at +9", count(), 1);
    QUIETLY(run_seconds(1));
    expect("count at +10", count(), 0);
    expect("connections", new_connections(0), 1);
}

const Scenario proxy_scenarios[] = {
    {"proxy-http", BOTH, http, 0},
    {"proxy-http-again", SIM, http_again, 0},
    {"proxy-http-refused", SIM, http_refused, 0},
    {"proxy-socks", BOTH, socks, 0},
    {"proxy-dead", SIM, dead_proxy, 0},
    {NULL, 0, NULL, 0},
};
