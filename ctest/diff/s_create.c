/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Creation: refused addresses, failures on the way, and the plain accessors. */
#include "diff.h"

#include <string.h>

static bool create(Setup setup)
{
    const bool made = open_client(&setup);
    close_client();
    return made;
}

/* IPv4 broadcast: connect(2) fails at once. From 0.2.21 on that makes an object that times out. */
static void tc07(void)
{
    Setup setup = setup_direct();
    setup.address = AT_BROADCAST;
    setup.unreachable = true;
    expect("object", open_client(&setup), TOX_ABI == 222);

    for (int second = 0; world.con != NULL && second <= 10; ++second) {
        step();
        expect("status", status(), second < 10 ? 4 : 7);
        clock_add(1);
    }

    close_client();
}

static void tc08(void)
{
    static const uint8_t families[] = {0, 1, 3, 12, 13, 14, 255};

    for (size_t i = 0; i < sizeof(families); ++i) {
        Setup setup = setup_direct();
        setup.family = families[i];
        t_line("family %u", families[i]);
        expect("object", create(setup), 0);
    }
}

static void proxy_family_unspec(void)
{
    static const uint8_t families[] = {0, 12, 13, 14};

    for (size_t i = 0; i < sizeof(families); ++i) {
        Setup setup = setup_proxy(TCP_PROXY_SOCKS5, 2);
        setup.proxy_family = families[i];
        t_line("proxy family %u", families[i]);
        expect("object", create(setup), 0);
    }
}

/* Type 0 with proxy info is the same as no proxy. */
static void proxy_none(void)
{
    Setup setup = setup_direct();
    setup.proxy = TCP_PROXY_NONE;
    expect("object", open_client(&setup), 1);
    expect("status", status(), 4);
    step();
    expect("handshake seen", relay.stage == STAGE_FRAMES, 1);
}

/* The original's object can do nothing but time out. */
static void useless(bool made)
{
    if (!made) {
        return;
    }

    expect("status", status(), 0);
    step();
    clock_add(9);
    step();
    expect("status", status(), 0);
    clock_add(1);
    step();
    expect("status", status(), 7);
    close_client();
}

static void unknown_proxy(uint8_t type)
{
    Setup setup = setup_direct();
    setup.proxy = type;
    bool made;
    QUIETLY(made = open_client(&setup));
    expect_new("object", made, 1, 0);
    QUIETLY(useless(made));
    expect("sockets left open", (long)net_counts.sockets - (long)net_counts.closes, 0);
}

static void proxy_unknown_3(void)
{
    unknown_proxy(3);
}

static void proxy_unknown_255(void)
{
    unknown_proxy(255);
}

static void socket_fails(void)
{
    net_faults.fail_socket = true;
    expect("object", create(setup_direct()), 0);
}

static void nonblock_fails(void)
{
    net_faults.fail_nonblock = true;
    expect("object", create(setup_direct()), 0);
    expect("sockets left open", (long)net_counts.sockets - (long)net_counts.closes, 0);
}

/* A relay key of low order cannot give a shared key. */
static void low_order(const uint8_t *pk)
{
    Setup setup = setup_direct();
    setup.pk = pk;
    bool made;
    QUIETLY(made = create(setup));
    expect_new("object", made, 1, 0);
    expect("sockets left open", (long)net_counts.sockets - (long)net_counts.closes, 0);
}

static void relay_key_zero(void)
{
    static const uint8_t zero[32];
    low_order(zero);
}

static void relay_key_one(void)
{
    static const uint8_t one[32] = {1};
    low_order(one);
}

static void check_getters(const char *when)
{
    t_line("getters %s", when);
    expect("relay key", memcmp(tcp_con_public_key(world.con), relay.pk, 32) == 0, 1);
    const IP_Port ipp = tcp_con_ip_port(world.con);
    expect("family", ipp.ip.family.value, world.relay_addr.ip.family.value);
    expect("port", ipp.port == world.relay_addr.port, 1);
    expect("address", memcmp(&ipp.ip.ip, &world.relay_addr.ip.ip, ipp.ip.family.value == 10 ? 16 : 4) == 0, 1);
    expect("custom object", tcp_con_custom_object(world.con) == (void *)(uintptr_t)5, 1);
    expect("custom uint", tcp_con_custom_uint(world.con), 4294967295L);
}

static void set_custom(void)
{
    expect("custom object is NULL", tcp_con_custom_object(world.con) == NULL, 1);
    expect("custom uint is 0", tcp_con_custom_uint(world.con), 0);
    tcp_con_set_custom_object(world.con, (void *)(uintptr_t)5);
    tcp_con_set_custom_uint(world.con, 4294967295U);
}

static void getters_direct(void)
{
    const Setup setup = setup_direct();
    open_client(&setup);
    set_custom();
    const uint8_t *const key = tcp_con_public_key(world.con);
    check_getters("connecting");
    step();
    check_getters("unconfirmed");
    relay_answer();
    step();
    check_getters("confirmed");
    relay_notify(15, 0);
    step();
    expect("status", status(), 7);
    check_getters("disconnected");
    expect("key pointer stays", tcp_con_public_key(world.con) == key, 1);
    tcp_con_set_custom_object(world.con, NULL);
    expect("custom object is NULL", tcp_con_custom_object(world.con) == NULL, 1);
}

static void getters_proxy(void)
{
    Setup setup = setup_proxy(TCP_PROXY_SOCKS5, 10);
    open_client(&setup);
    set_custom();
    check_getters("SOCKS5 connecting");
    step();
    far_write((const uint8_t *)"\x05\x00", 2);
    step();
    check_getters("SOCKS5 unconfirmed");
    world_again();
    setup = setup_proxy(TCP_PROXY_HTTP, 2);
    open_client(&setup);
    set_custom();
    check_getters("HTTP connecting");
}

const Scenario create_scenarios[] = {
    {"TC-07", BOTH, tc07, 0},
    {"TC-08", BOTH, tc08, 0},
    {"create-proxy-family", BOTH, proxy_family_unspec, 0},
    {"create-proxy-none", BOTH, proxy_none, 0},
    {"create-proxy-type-3", BOTH, proxy_unknown_3, 0},
    {"create-proxy-type-255", SIM, proxy_unknown_255, 0},
    {"create-socket-fails", SIM, socket_fails, 0},
    {"create-nonblock-fails", SIM, nonblock_fails, 0},
    {"create-relay-key-zero", SIM, relay_key_zero, 0},
    {"create-relay-key-one", SIM, relay_key_one, 0},
    {"getters-direct", BOTH, getters_direct, 0},
    {"getters-proxy", BOTH, getters_proxy, 0},
    {NULL, 0, NULL, 0},
};
