/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A proxy that is set is never bypassed, whatever is wrong with it; and much
 * data goes through one.
 */
#include "daemon.h"
#include "script.h"

#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

/* Ten seconds and more with a proxy that is of no use. NULL is an answer, too. */
static void check_never_direct(const Relay *relay, const TCP_Proxy_Info *info)
{
    const IP_Port target = relay_address(relay);
    Client *client = client_connect(&target, relay->pk, info);

    for (int second = 0; client->con != NULL && second < 12; ++second) {
        CHECK(status_of(client) != TCP_CLIENT_CONFIRMED);
        CHECK(status_of(client) != TCP_CLIENT_UNCONFIRMED);
        pass_seconds(1);
    }

    step_for(20);
    CHECK(client->con == NULL || status_of(client) == TCP_CLIENT_DISCONNECTED);
    CHECK_EQ(client->count, 0);
    CHECK_EQ(relay->accepted_count, 0);
    client_kill(client);
}

static void proxy_down(bool relay_v6)
{
    world_open();
    Relay *relay = relay_start(relay_v6, 0);
    const char *ips[] = {"127.0.0.1", "::1", "127.0.0.2"};

    for (size_t i = 0; i < sizeof(ips) / sizeof(ips[0]); ++i) {
        const IP_Port nobody = address(ips[i], free_port());
        const TCP_Proxy_Info socks = {nobody, TCP_PROXY_SOCKS5};
        const TCP_Proxy_Info http = {nobody, TCP_PROXY_HTTP};
        check_never_direct(relay, &socks);
        check_never_direct(relay, &http);
    }

    world_close();
}

static void proxy_down_v4(void) { proxy_down(false); }
static void proxy_down_v6(void) { proxy_down(true); }

/* Addresses that cannot be connected to, port 0 and families that are none. */
static void proxy_address_is_nonsense(void)
{
    world_open();
    Relay *relay = relay_start(false, 0);
    const uint8_t types[] = {TCP_PROXY_HTTP, TCP_PROXY_SOCKS5};
    const uint8_t families[] = {0, 1, 12, 13, 14, 130, 138, 255};

    for (size_t t = 0; t < sizeof(types); ++t) {
        TCP_Proxy_Info info = {address("255.255.255.255", 1080), types[t]};
        check_never_direct(relay, &info);
        info.ip_port = address("127.0.0.1", 0);
        check_never_direct(relay, &info);

        for (size_t f = 0; f < sizeof(families); ++f) {
            /* Everything else is a good address of the relay itself. */
            info.ip_port = relay_address(relay);
            info.ip_port.ip.family.value = families[f];
            const IP_Port target = relay_address(relay);
            Client *client = client_connect(&target, relay->pk, &info);
            CHECK(client->con == NULL);
            CHECK_EQ(relay->accepted_count, 0);
        }
    }

    world_close();
}

/* HTTP spoken to a SOCKS proxy, and the other way round. */
static void proxy_of_other_kind(void)
{
    world_open();
    Relay *relay = relay_start(false, 0);
    Proxy socks = proxy_start(MICROSOCKS, (Proxy_Options){0});
    Proxy http = proxy_start(TINYPROXY, (Proxy_Options){0});
    socks.info.proxy_type = TCP_PROXY_HTTP;
    http.info.proxy_type = TCP_PROXY_SOCKS5;
    check_never_direct(relay, &socks.info);
    check_never_direct(relay, &http.info);
    proxy_kill(&socks);
    proxy_kill(&http);
    world_close();
}

/* Dies while it is being asked. */
static void proxy_dies_early(void)
{
    const Proxy_Kind kinds[] = {MICROSOCKS, DANTED, TINYPROXY};
    world_open();
    Relay *relay = relay_start(false, 0);

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); ++i) {
        Proxy proxy = proxy_start(kinds[i], (Proxy_Options){0});
        const IP_Port target = relay_address(relay);
        daemon_signal(proxy.pid, SIGSTOP);
        Client *client = client_connect(&target, relay->pk, &proxy.info);
        CHECK(client->con != NULL);
        step_for(20);
        proxy_kill(&proxy);
        step_for(50);
        pass_seconds(10);
        CHECK_EQ(status_of(client), TCP_CLIENT_DISCONNECTED);
        CHECK_EQ(relay->accepted_count, 0);
    }

    world_close();
}

/* After the proxy's death a new one is used, and never the straight way. */
static void proxy_replaced(void)
{
    world_open();
    Relay *relay = relay_start(false, 0);
    const IP_Port target = relay_address(relay);

    for (size_t i = 1; i <= 3; ++i) {
        Proxy proxy = proxy_start(i % 2 == 0 ? TINYPROXY : MICROSOCKS, (Proxy_Options){0});
        Client *client = client_connect(&target, relay->pk, &proxy.info);
        CHECK(client->con != NULL);
        CHECK(step_until(confirmed, client, 5000));
        CHECK_EQ(relay->accepted_count, i);
        CHECK(strcmp(socket_owner(relay->accepted[i - 1], relay->port), proxy_name(&proxy)) == 0);
        proxy_kill(&proxy);
        pass_seconds(45);
        CHECK_EQ(status_of(client), TCP_CLIENT_DISCONNECTED);
        client_kill(client);
    }

    CHECK_EQ(relay->accepted_count, 3);
    world_close();
}

/* ---- much data ---- */

/* A scripted relay behind the proxy: unlike the C relay it never drops. */
static Client *script_through(Script *script, const Proxy *proxy)
{
    const IP_Port target = script_address(script);
    Client *client = client_connect(&target, script->pk, &proxy->info);
    CHECK(client->con != NULL);

    for (uint64_t end = real_ms() + 5000; script->sock == -1;) {
        CHECK(real_ms() < end);
        step();
        script->sock = accept4(script->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    }

    script_read_hello(script);
    script_send_hello(script);
    CHECK(step_until(confirmed, client, 5000));
    uint8_t plain[PLAIN_MAX];
    CHECK_EQ(script_await(script, plain), 9);
    plain[0] = 5;
    script_send(script, plain, 9);
    return client;
}

static void open_script_behind(Script *script)
{
    script_open(script);
    /* accept4 in script_through must not wait. */
    const struct timeval soon = {.tv_usec = 1000};
    CHECK(setsockopt(script->listener, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon)) == 0);
}

enum { PACKETS = 12000, SIZE = 1400 };

static void down(Script *script, Client *client)
{
    uint8_t data[1 + SIZE] = {16};

    for (uint32_t i = 0; i < PACKETS; ++i) {
        memcpy(data + 1, &i, 4);
        data[SIZE] = (uint8_t)(i * 7);
        script_send(script, data, sizeof(data));
    }

    await_events(client, EV_DATA, PACKETS, 10000);
    size_t at = 0;

    for (uint32_t i = 0; i < PACKETS; ++i) {
        const Event *event = next_event(client, EV_DATA, &at);
        CHECK_EQ(event->length, SIZE);
        CHECK_BYTES(event->data, &i, 4);
        CHECK_EQ(event->data[SIZE - 1], (uint8_t)(i * 7));
    }
}

static void up(Script *script, Client *client)
{
    uint8_t data[SIZE] = {0};
    uint8_t plain[PLAIN_MAX];
    uint32_t sent = 0;
    uint32_t got = 0;

    for (uint64_t end = real_ms() + 15000 * (uint64_t)slowness(); got < PACKETS;) {
        CHECK(real_ms() < end);

        for (; sent < PACKETS; ++sent) {
            memcpy(data, &sent, 4);
            const int result = send_data(W.log, client->con, 0, data, sizeof(data));
            CHECK(result == 0 || result == 1);

            if (result == 0) {
                break;
            }
        }

        for (; script_recv(script, plain) > 0; ++got) {
            CHECK_EQ(plain[0], 16);
            CHECK_BYTES(plain + 1, &got, 4);
        }

        step();
    }
}

static void much_data(Proxy_Kind kind, void (*move)(Script *, Client *))
{
    Script script;
    world_open();
    open_script_behind(&script);
    Proxy proxy = proxy_start(kind, (Proxy_Options){0});
    Client *client = script_through(&script, &proxy);
    script_route(&script, client, script.pk, 0);
    move(&script, client);
    CHECK_EQ(status_of(client), TCP_CLIENT_CONFIRMED);
    proxy_kill(&proxy);
    script_close(&script);
    world_close();
}

static void microsocks_down(void) { much_data(MICROSOCKS, down); }
static void danted_down(void) { much_data(DANTED, down); }
static void tinyproxy_down(void) { much_data(TINYPROXY, down); }
static void microsocks_up(void) { much_data(MICROSOCKS, up); }
static void danted_up(void) { much_data(DANTED, up); }
static void tinyproxy_up(void) { much_data(TINYPROXY, up); }

int main(int argc, char **argv)
{
    const Test tests[] = {
        {"proxy_down_v4", proxy_down_v4, T_FAST, 30},
        {"proxy_down_v6", proxy_down_v6, 0, 30},
        {"proxy_address_is_nonsense", proxy_address_is_nonsense, T_FAST, 30},
        {"proxy_of_other_kind", proxy_of_other_kind, 0, 30},
        {"proxy_dies_early", proxy_dies_early, T_FAST, 30},
        {"proxy_replaced", proxy_replaced, 0, 30},
        /* The original stalls here on most runs, but not on all. */
        {"microsocks_down", microsocks_down, T_SKIP, 60},
        {"danted_down", danted_down, T_SKIP, 60},
        {"tinyproxy_down", tinyproxy_down, T_SKIP, 60},
        {"microsocks_up", microsocks_up, 0, 60},
        {"danted_up", danted_up, 0, 60},
        {"tinyproxy_up", tinyproxy_up, 0, 60},
    };

    return run_tests("proxy_guard", tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
