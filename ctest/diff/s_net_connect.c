/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How the connection is begun. 0.2.22 does it through the Network and takes nearly every failure for
 * a connection that was refused; the earlier ones call connect(2) themselves. */
#include "diff.h"

#include <errno.h>
#include <string.h>

#if TOX_ABI == 222

static void check_address(const char *text, uint8_t family, uint16_t port)
{
    IP ip;
    memset(&ip, 0, sizeof(ip));
    addr_parse_ip(text, &ip);
    expect("connect calls", net_counts.connects, 1);
    expect("family", net_connect_address.ip.family.value, family);
    expect("address", memcmp(&net_connect_address.ip.ip, &ip.ip, family == 10 ? 16 : 4) == 0, 1);
    expect("port", net_ntohs(net_connect_address.port) == port, 1);
}

static void addresses(void)
{
    Setup setup = setup_direct();
    open_client(&setup);
    check_address("127.0.0.1", 2, far_port());
    step();
    relay_answer();
    steps(3);
    expect("connect calls", net_counts.connects, 1);

    world_again();
    setup.family = 10;
    open_client(&setup);
    check_address("::1", 10, far_port());

    world_again();
    setup = setup_proxy(TCP_PROXY_SOCKS5, 10);
    open_client(&setup);
    check_address("127.0.0.1", 2, far_port());
}

/* Status and traffic of a client whose connect has failed, until its time is over. */
static void until_the_end(void)
{
    for (int second = 0; second <= 10; ++second) {
        step();
        expect("status", status(), second < 10 ? 4 : 7);
        /* ours: that the connection fails, and that it is over; the original told it at creation only */
        expect_new("lines in the log", world.logged, 0, second == 0 || second == 10);
        clock_add(1);
    }

    expect("bytes sent", (long)net_sent(), 0);

    expect_new("more than two send calls", net_counts.send > 2, 1, 0);
    expect("connect calls", net_counts.connects, 1);
}

static void fails_at_once(void)
{
    static const struct {
        const char *name;
        int number;
    } errors[] = {
        {"ECONNREFUSED", ECONNREFUSED}, {"ENETUNREACH", ENETUNREACH},     {"EHOSTUNREACH", EHOSTUNREACH},
        {"EACCES", EACCES},             {"EADDRNOTAVAIL", EADDRNOTAVAIL}, {"ETIMEDOUT", ETIMEDOUT},
        {"EAFNOSUPPORT", EAFNOSUPPORT}, {"EBADF", EBADF},                 {"ENOBUFS", ENOBUFS},
        {"EISCONN", EISCONN},           {"EALREADY", EALREADY},           {"EINTR", EINTR},
    };

    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); ++i) {
        world_again();
        t_line("connect fails with %s", errors[i].name);
        memset(&net_faults, 0, sizeof(net_faults));
        net_faults.connect_errno = errors[i].number;
        Setup setup = setup_direct();
        setup.unreachable = true;
        world.logged = 0;
        expect("object", open_client(&setup), 1);
        expect("lines in the log", world.logged > 0, 1);
        until_the_end();
        close_client();
    }
}

/* The two that say "not yet". */
static void in_progress(void)
{
    static const int errors[] = {EINPROGRESS, EAGAIN};

    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); ++i) {
        world_again();
        memset(&net_faults, 0, sizeof(net_faults));
        net_faults.connect_errno = errors[i];
        world.logged = 0;
        const Setup setup = setup_direct();
        expect("object", open_client(&setup), 1);
        expect("lines in the log", world.logged, 0);
        step();
        relay_answer();
        step();
        expect("status", status(), 6);
    }
}

/* A network that has sockets of any kind: the address itself is refused, before any connect. */
static void invalid_family(void)
{
    static const uint8_t families[] = {0, 1, 3, 5, 6, 11, 12, 13, 14, 130, 138, 255};

    for (size_t i = 0; i < sizeof(families); ++i) {
        Setup setup = setup_proxy(TCP_PROXY_SOCKS5, 2);
        memset(&net_faults, 0, sizeof(net_faults));
        net_faults.any_family = true;
        setup.proxy_family = families[i];
        setup.unreachable = true;
        t_line("proxy family %u", families[i]);
        expect("object", open_client(&setup), 0);
        expect("connect calls", net_counts.connects, 0);
        expect("sockets left open", (long)net_counts.sockets - (long)net_counts.closes, 0);
    }
}

#else

/* Not through the Network: it has no function for it. */
static void addresses(void)
{
    const Setup setup = setup_direct();
    open_client(&setup);
    expect("connect calls", net_counts.connects, 0);
}

#endif

const Scenario net_connect_scenarios[] = {
    {"net-connect-address", BOTH, addresses, 0},
#if TOX_ABI == 222
    {"net-connect-fails", BOTH, fails_at_once, 0},
    {"net-connect-in-progress", SIM, in_progress, 0},
    {"net-connect-invalid-family", SIM, invalid_family, 0},
#endif
    {NULL, 0, NULL, 0},
};
