/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Clients behind real proxies. What is asked at the end of each test: did the
 * relay hear from anybody but the proxy?
 */
#include "daemon.h"

#include <arpa/inet.h>
#include <signal.h>
#include <unistd.h>

/* Everything that the relay accepted came from the proxy, and nothing is missing. */
static void check_only_proxy(const Relay *relay, const Proxy *proxy, size_t count)
{
    CHECK_EQ(relay->accepted_count, count);

    for (size_t i = 0; i < count; ++i) {
        const char *owner = socket_owner(relay->accepted[i], relay->port);

        if (strcmp(owner, proxy_name(proxy)) != 0) {
            fail_at(__FILE__, __LINE__, "a connection to the relay came from '%s', not from %s", owner,
                    proxy_name(proxy));
        }
    }
}

static Client *through(const Proxy *proxy, const IP_Port *target, const uint8_t *relay_pk)
{
    Client *client = client_connect(target, relay_pk, &proxy->info);
    CHECK(client->con != NULL);
    return client;
}

static Client *confirmed_through(const Proxy *proxy, const Relay *relay)
{
    const IP_Port target = relay_address(relay);
    Client *client = through(proxy, &target, relay->pk);
    /* The address told is the relay's, not the proxy's. */
    const IP_Port told = tcp_con_ip_port(client->con);
    CHECK_BYTES(&told, &target, sizeof(told));
    const TCP_Client_Status first = proxy->kind == TINYPROXY ? TCP_CLIENT_PROXY_HTTP_CONNECTING
                                                             : TCP_CLIENT_PROXY_SOCKS5_CONNECTING;
    CHECK_EQ(status_of(client), first);

    if (!step_until(confirmed, client, 5000)) {
        fail_at(__FILE__, __LINE__, "not confirmed through %s: status %d", proxy_name(proxy),
                (int)status_of(client));
    }

    return client;
}

static void works(Proxy_Kind kind, bool proxy_v6, bool relay_v6)
{
    world_open();
    Relay *relay = relay_start(relay_v6, 0);
    Proxy proxy = proxy_start(kind, (Proxy_Options){.listen_v6 = proxy_v6});
    Client *a = confirmed_through(&proxy, relay);
    Client *b = confirmed_through(&proxy, relay);
    const Route r = route(a, b);

    for (int i = 0; i < 20; ++i) {
        check_route_works(&r);
    }

    for (int i = 0; i < 4; ++i) {
        confirmed_through(&proxy, relay);
    }

    check_only_proxy(relay, &proxy, 6);
    proxy_kill(&proxy);
    world_close();
}

static void microsocks_v4(void) { works(MICROSOCKS, false, false); }
static void microsocks_v6(void) { works(MICROSOCKS, false, true); }
static void microsocks_at_v6(void) { works(MICROSOCKS, true, false); }
static void microsocks_all_v6(void) { works(MICROSOCKS, true, true); }
static void danted_v4(void) { works(DANTED, false, false); }
static void danted_v6(void) { works(DANTED, false, true); }
static void danted_at_v6(void) { works(DANTED, true, false); }
static void danted_all_v6(void) { works(DANTED, true, true); }
static void tinyproxy_v4(void) { works(TINYPROXY, false, false); }
static void tinyproxy_v6(void) { works(TINYPROXY, false, true); }
static void tinyproxy_at_v6(void) { works(TINYPROXY, true, false); }
static void tinyproxy_all_v6(void) { works(TINYPROXY, true, true); }

/* The proxy says no: known at once, without turning the clock. */
static void refuses(Proxy_Kind kind, Proxy_Options options, const char *target_ip, bool target_open)
{
    world_open();
    Relay *relay = relay_start(false, 0);

    if (options.blocked_port != 0) {
        options.blocked_port = relay->port;
    }

    Proxy proxy = proxy_start(kind, options);
    const IP_Port target = address(target_ip, target_open ? relay->port : free_port());
    Client *client = through(&proxy, &target, relay->pk);

    if (!step_until(disconnected, client, 3000)) {
        fail_at(__FILE__, __LINE__, "no end although the proxy refused: status %d",
                (int)status_of(client));
    }

    step_for(100);
    CHECK_EQ(status_of(client), TCP_CLIENT_DISCONNECTED);
    CHECK_EQ(relay->accepted_count, 0);
    CHECK_EQ(client->count, 0);
    proxy_kill(&proxy);
    world_close();
}

static void microsocks_closed_port(void)
{
    refuses(MICROSOCKS, (Proxy_Options){0}, "127.0.0.1", false);
}

static void microsocks_closed_port_v6(void)
{
    refuses(MICROSOCKS, (Proxy_Options){0}, "::1", false);
}

static void microsocks_password(void)
{
    refuses(MICROSOCKS, (Proxy_Options){.wants_password = true}, "127.0.0.1", true);
}

static void danted_closed_port(void)
{
    refuses(DANTED, (Proxy_Options){0}, "127.0.0.1", false);
}

static void danted_closed_port_v6(void)
{
    refuses(DANTED, (Proxy_Options){0}, "::1", false);
}

static void danted_rule(void)
{
    refuses(DANTED, (Proxy_Options){.blocked_port = 1}, "127.0.0.1", true);
}

static void danted_password(void)
{
    refuses(DANTED, (Proxy_Options){.wants_password = true}, "127.0.0.1", true);
}

static void tinyproxy_closed_port(void)
{
    refuses(TINYPROXY, (Proxy_Options){0}, "127.0.0.1", false);
}

static void tinyproxy_closed_port_v6(void)
{
    refuses(TINYPROXY, (Proxy_Options){0}, "::1", false);
}

static void tinyproxy_rule(void)
{
    refuses(TINYPROXY, (Proxy_Options){.blocked_port = 1}, "127.0.0.1", true);
}

static void tinyproxy_password(void)
{
    refuses(TINYPROXY, (Proxy_Options){.wants_password = true}, "127.0.0.1", true);
}

/* The reason is in the log, for each kind of refusal. */
static void refusal_is_logged(void)
{
    world_open();
    Relay *relay = relay_start(false, 0);
    const IP_Port closed = address("127.0.0.1", free_port());
    const Proxy_Kind kinds[] = {MICROSOCKS, DANTED, TINYPROXY};

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); ++i) {
        const size_t lines = W.line_count;
        Proxy proxy = proxy_start(kinds[i], (Proxy_Options){0});
        Client *client = through(&proxy, &closed, relay->pk);
        CHECK(step_until(disconnected, client, 3000));
        CHECK(W.line_count > lines);
        proxy_kill(&proxy);
    }

    world_close();
}

/* Killed while it carries connections. */
static void killed(Proxy_Kind kind, bool at_once)
{
    world_open();
    Relay *relay = relay_start(false, 0);
    Proxy proxy = proxy_start(kind, (Proxy_Options){0});
    const Route r = route(confirmed_through(&proxy, relay), confirmed_through(&proxy, relay));
    check_route_works(&r);
    check_only_proxy(relay, &proxy, 2);
    proxy_kill(&proxy);

    if (at_once) {
        CHECK(step_until(disconnected, r.a, 1000));
        CHECK(step_until(disconnected, r.b, 1000));
    }

    pass_seconds(45);
    CHECK_EQ(status_of(r.a), TCP_CLIENT_DISCONNECTED);
    CHECK_EQ(status_of(r.b), TCP_CLIENT_DISCONNECTED);
    CHECK_EQ(relay->accepted_count, 2);
    world_close();
}

static void microsocks_killed(void) { killed(MICROSOCKS, false); }
static void danted_killed(void) { killed(DANTED, false); }
static void tinyproxy_killed(void) { killed(TINYPROXY, false); }
static void microsocks_killed_at_once(void) { killed(MICROSOCKS, true); }
static void danted_killed_at_once(void) { killed(DANTED, true); }
static void tinyproxy_killed_at_once(void) { killed(TINYPROXY, true); }

/* A proxy that hangs: given up after 10 s in all, or served if it comes back. */
static void frozen(Proxy_Kind kind, bool comes_back)
{
    world_open();
    Relay *relay = relay_start(false, 0);
    const IP_Port target = relay_address(relay);
    Proxy proxy = proxy_start(kind, (Proxy_Options){0});
    daemon_signal(proxy.pid, SIGSTOP);
    Client *client = through(&proxy, &target, relay->pk);
    const TCP_Client_Status first = status_of(client);
    pass_seconds(8);
    CHECK_EQ(status_of(client), first);
    CHECK_EQ(relay->accepted_count, 0);

    if (comes_back) {
        daemon_signal(proxy.pid, SIGCONT);
        CHECK(step_until(confirmed, client, 5000));
        check_only_proxy(relay, &proxy, 1);
    } else {
        pass_seconds(1);
        CHECK_EQ(status_of(client), first);
        pass_seconds(1);
        CHECK_EQ(status_of(client), TCP_CLIENT_DISCONNECTED);
        CHECK_EQ(relay->accepted_count, 0);
    }

    proxy_kill(&proxy);
    world_close();
}

static void microsocks_frozen(void) { frozen(MICROSOCKS, false); }
static void danted_frozen(void) { frozen(DANTED, false); }
static void tinyproxy_frozen(void) { frozen(TINYPROXY, false); }
static void microsocks_slow(void) { frozen(MICROSOCKS, true); }
static void danted_slow(void) { frozen(DANTED, true); }
static void tinyproxy_slow(void) { frozen(TINYPROXY, true); }

int main(int argc, char **argv)
{
    const Test tests[] = {
        {"microsocks_v4", microsocks_v4, T_FAST, 30},
        /* microsocks answers IPv6 requests with an IPv4 address. */
        {"microsocks_v6", microsocks_v6, T_OURS, 30},
        {"microsocks_at_v6", microsocks_at_v6, 0, 30},
        {"microsocks_all_v6", microsocks_all_v6, T_OURS, 30},
        {"danted_v4", danted_v4, 0, 30},
        {"danted_v6", danted_v6, 0, 30},
        {"danted_at_v6", danted_at_v6, 0, 30},
        {"danted_all_v6", danted_all_v6, 0, 30},
        {"tinyproxy_v4", tinyproxy_v4, T_FAST, 30},
        {"tinyproxy_v6", tinyproxy_v6, 0, 30},
        {"tinyproxy_at_v6", tinyproxy_at_v6, 0, 30},
        {"tinyproxy_all_v6", tinyproxy_all_v6, 0, 30},
        {"microsocks_closed_port", microsocks_closed_port, T_FAST, 30},
        {"microsocks_closed_port_v6", microsocks_closed_port_v6, T_OURS, 30},
        {"microsocks_password", microsocks_password, 0, 30},
        {"danted_closed_port", danted_closed_port, 0, 30},
        {"danted_closed_port_v6", danted_closed_port_v6, 0, 30},
        {"danted_rule", danted_rule, 0, 30},
        {"danted_password", danted_password, 0, 30},
        {"tinyproxy_closed_port", tinyproxy_closed_port, T_FAST, 30},
        {"tinyproxy_closed_port_v6", tinyproxy_closed_port_v6, 0, 30},
        {"tinyproxy_rule", tinyproxy_rule, 0, 30},
        {"tinyproxy_password", tinyproxy_password, 0, 30},
        {"refusal_is_logged", refusal_is_logged, T_OURS, 30},
        {"microsocks_killed", microsocks_killed, T_FAST, 30},
        {"danted_killed", danted_killed, 0, 30},
        {"tinyproxy_killed", tinyproxy_killed, 0, 30},
        {"microsocks_killed_at_once", microsocks_killed_at_once, T_OURS, 30},
        {"danted_killed_at_once", danted_killed_at_once, T_OURS, 30},
        {"tinyproxy_killed_at_once", tinyproxy_killed_at_once, T_OURS, 30},
        {"microsocks_frozen", microsocks_frozen, T_FAST, 30},
        {"danted_frozen", danted_frozen, 0, 30},
        {"tinyproxy_frozen", tinyproxy_frozen, 0, 30},
        {"microsocks_slow", microsocks_slow, 0, 30},
        {"danted_slow", danted_slow, 0, 30},
        {"tinyproxy_slow", tinyproxy_slow, 0, 30},
    };

    return run_tests("proxies", tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
