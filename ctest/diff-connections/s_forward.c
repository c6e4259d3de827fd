/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Forward requests: which relay takes them, and what they look like. */
#include "suite.h"

#include <string.h>

static IP_Port far_node(const char *text, uint8_t family)
{
    IP_Port address;
    memset(&address, 0, sizeof(address));
    addr_parse_ip(text, &address.ip);
    address.ip.family.value = family;
    address.port = net_htons(1234);
    return address;
}

static const uint8_t *chain(void)
{
    static uint8_t keys[6 * 32];

    for (size_t i = 0; i < sizeof(keys); ++i) {
        keys[i] = (uint8_t)(i / 32 * 16 + i % 32);
    }

    return keys;
}

static int forward_to(const IP_Port *forwarder, const IP_Port *node, uint16_t links, size_t len)
{
    const int result = tcp_send_forward_request(world.log, world.tc, forwarder, node, chain(), links, payload(1),
                       (uint16_t)len);
    t_line("call tcp_send_forward_request chain %u len %zu -> %d", links, len, result);
    look();
    return result;
}

static int forward(const IP_Port *forwarder, uint16_t links, size_t len)
{
    const IP_Port node = far_node("192.0.2.9", 2);
    return forward_to(forwarder, &node, links, len);
}

static void two_up(void)
{
    api_global(0);
    api_global(1);
    up_all(0, 1);
}

static void matching(void)
{
    two_up();
    const IP_Port first = relay_address(0);
    const IP_Port second = relay_address(1);
    expect("R0", forward(&first, 0, 3), 0);
    expect("R0", new_frames(0), 1);
    expect("R1", forward(&second, 0, 3), 0);
    expect("R1", new_frames(1), 1);
    expect("kind", relays[1].last[0], 10);
    expect("R0", new_frames(0), 0);
    IP_Port other = first;
    other.port = net_htons(1);
    expect("other port", forward(&other, 0, 3), -1);
    other.port = 0;
    expect("port 0", forward(&other, 0, 3), -1);
    other = far_node("127.0.0.2", 2);
    other.port = first.port;
    expect("other host", forward(&other, 0, 3), -1);
}

/* Each chain length; the bytes are in the trace. */
static void chains(void)
{
    two_up();
    const IP_Port first = relay_address(0);

    for (uint16_t links = 0; links <= 4; ++links) {
        expect("send", forward(&first, links, 5), 0);
        expect("length", (long)relays[0].last_len, 1 + 7 + 33 * links + 5);
    }

    expect("the chain begins with", relays[0].last[8], 0x90);
    expect("key", memcmp(relays[0].last + 9, chain(), 32), 0);
    expect("next link", relays[0].last[8 + 33], 0x90);
    expect("key", memcmp(relays[0].last + 9 + 33, chain() + 32, 32), 0);
    expect("data", memcmp(relays[0].last + 8 + 4 * 33, payload(1), 5), 0);
}

static void tn52(void)
{
    two_up();
    const IP_Port first = relay_address(0);
    const IP_Port none = far_node("192.0.2.1", 2);
    expect("no match", forward(&none, 0, 3), -1);
    expect("chain 5", forward(&first, 5, 3), -1);
    expect("chain 65535", forward(&first, 65535, 3), -1);
    expect("1793", forward(&first, 0, 1793), -1);
    expect("1793 with a chain", forward(&first, 1, 1793), -1);
    expect("65535", forward(&first, 0, 65535), -1);
    expect("frames", new_frames(0), 0);
    expect("1792", forward(&first, 0, 1792), 0);
    expect("1792 with the chain", forward(&first, 4, 1792 - 4 * 33), 0);
    expect("1793 with the chain", forward(&first, 4, 1793 - 4 * 33), -1);
    expect("1759 + 33", forward(&first, 1, 1759), 0);
    expect("1760 + 33", forward(&first, 1, 1760), -1);
    expect("frames", new_frames(0), 3);
    expect("nothing", forward(&first, 0, 0), 0);
    expect("nothing with a chain", forward(&first, 2, 0), 0);
}

/* Where to: every family that has a packed form. */
static void destinations(void)
{
    two_up();
    const IP_Port first = relay_address(0);
    static const uint8_t families[] = {2, 10, 12, 13, 0, 14, 11};

    for (int i = 0; i < 7; ++i) {
        const bool six = families[i] == 10 || families[i] == 13;
        const IP_Port node = far_node(six ? "2001:db8::2" : "192.0.2.9", families[i]);
        t_line("family %u", families[i]);
        expect("send", forward_to(&first, &node, 0, 3), i < 4 ? 0 : -1);
    }

    expect("connected", connected(), 2);
}

static IP_Port mapped(const IP_Port *four)
{
    IP_Port six;
    memset(&six, 0, sizeof(six));
    six.ip.family.value = 10;
    six.ip.ip.v6.uint8[10] = six.ip.ip.v6.uint8[11] = 0xff;
    memcpy(six.ip.ip.v6.uint8 + 12, four->ip.ip.v4.uint8, 4);
    six.port = four->port;
    return six;
}

/* Addresses that mean the same, and internal families, which never match. */
static void same_address(void)
{
    two_up();
    IP_Port first = relay_address(0);
    const IP_Port six = mapped(&first);
    expect("v4-mapped", forward(&six, 0, 3), 0);
    expect("R0", new_frames(0), 1);
    first.ip.family.value = 12;
    expect("family 12", forward(&first, 0, 3), -1);
    first.ip.family.value = 0;
    expect("family 0", forward(&first, 0, 3), -1);
}

/* The relay itself is known by a v4-mapped address. */
static void mapped_relay(void)
{
    const IP_Port four = relay_address(0);
    const IP_Port six = mapped(&four);
    api_peer(0);
    api_add_at(0, &six, 0);
    up(0);
    expect("as IPv4", forward(&four, 0, 3), 0);
    expect("as IPv6", forward(&six, 0, 3), 0);
}

static void ipv6_relay(void)
{
    relays[0].family = 10;
    api_global(0);
    up(0);
    IP_Port six = relay_address(0);
    expect("match", forward(&six, 0, 3), 0);
    six.ip.family.value = 13;
    expect("family 13", forward(&six, 0, 3), -1);
    six = relay_address(0);
    six.ip.ip.v6.uint8[15] = 2;
    expect("other host", forward(&six, 0, 3), -1);
}

/* Two relays at one address: the first connected one. */
static void shared_address(void)
{
    relay_share_address(1, 0);
    api_global(0);
    pass();
    api_global(1);
    pass();
    const IP_Port address = relay_address(0);
    expect("none is connected", forward(&address, 0, 3), -1);
    relay_answer(1);
    passes(2);
    expect("R1", forward(&address, 0, 3), 0);
    expect("R1", new_frames(1), 1);
    relay_answer(0);
    passes(2);
    expect("R0 comes first", forward(&address, 0, 3), 0);
    expect("R0", new_frames(0), 1);
    expect("R1", new_frames(1), 0);
}

static void full(void)
{
    two_up();
    relays[0].room = 0;
    const IP_Port first = relay_address(0);
    expect("full", forward(&first, 0, 300), -1);
    relays[0].room = -1;
    expect("free", forward(&first, 0, 300), 0);
    expect("frames", new_frames(0), 1);
}

/* TN-51 and C-04: the original follows a NULL pointer, up to 0.2.21. */
#define CRASHES (TOX_ABI < 222)

static bool crashes(void (*what)(void))
{
    if (CRASHES) {
        return ends_process(what);
    }

    QUIETLY(what());
    return false;
}

static void match_in_child(void)
{
    const IP_Port second = relay_address(1);
    forward(&second, 0, 3);
}

static void no_match_in_child(void)
{
    const IP_Port none = far_node("192.0.2.1", 2);
    forward(&none, 0, 3);
}

static void sleeping_in_child(void)
{
    const IP_Port first = relay_address(0);

    if (forward(&first, 0, 3) != -1) {
        fail("a sleeping relay took a packet");
    }
}

static void tn51_removed(void)
{
    two_up();
    expect("all connected", crashes(no_match_in_child), false);
    api_kill_relay(0);
    expect_new("a match after a hole crashes", crashes(match_in_child), CRASHES, false);
    expect_new("no match crashes", crashes(no_match_in_child), CRASHES, false);
    expect_new("R1", new_frames(1), CRASHES ? 0 : 1, 1);
}

static void tn51_sleeping(void)
{
    peer_on(0, 0, 0);
    online(0, 0, 16);
    api_global(1);
    up(1);
    api_status(0, false);
    run_seconds(10);
    expect("connected", connected(), 1);
    expect_new("a match after a sleeping relay crashes", crashes(match_in_child), CRASHES, false);
    expect_new("no match crashes", crashes(no_match_in_child), CRASHES, false);
    expect_new("R1", new_frames(1), CRASHES ? 0 : 1, 1);
    expect_new("the sleeping one's address crashes", crashes(sleeping_in_child), CRASHES, false);
    expect("R1", new_frames(1), 0);
}

const Scenario forward_scenarios[] = {
    {"forward-matching", BOTH, matching, 0},
    {"forward-chains", SIM, chains, 0},
    {"TN-52", SIM, tn52, 0},
    {"forward-destinations", SIM, destinations, 0},
    {"forward-same-address", SIM, same_address, 0},
    {"forward-mapped-relay", SIM, mapped_relay, 0},
    {"forward-ipv6-relay", BOTH, ipv6_relay, 0},
    {"forward-shared-address", SIM, shared_address, 0},
    {"forward-full", SIM, full, 0},
    {"TN-51", SIM, tn51_removed, 0},
    {"TN-51-sleeping", SIM, tn51_sleeping, 0},
    {NULL, 0, NULL, 0},
};
