/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How each proxy is configured and started.
 */
#include "daemon.h"

#include <stdio.h>

static pid_t start_microsocks(const char *ip, uint16_t port, const Proxy_Options *options)
{
    char port_text[8];
    snprintf(port_text, sizeof(port_text), "%u", port);
    const char *open[] = {"-i", ip, "-p", port_text, NULL};
    const char *closed[] = {"-i", ip, "-p", port_text, "-u", "user", "-P", "password", NULL};
    CHECK_EQ(options->blocked_port, 0);
    return daemon_start("REAL_MICROSOCKS", "microsocks", options->wants_password ? closed : open);
}

static pid_t start_danted(const char *ip, uint16_t port, const Proxy_Options *options)
{
    /* Rules need a port above 0, even if they are to match nothing. */
    const unsigned blocked = options->blocked_port != 0 ? options->blocked_port : 1;
    scratch_write("danted.conf",
                  "logoutput: stderr\n"
                  "internal: %s port = %u\n"
                  "external: lo\n"
                  "clientmethod: none\n"
                  "socksmethod: %s\n"
                  "user.privileged: root\n"
                  "user.unprivileged: root\n"
                  "client pass { from: 0/0 to: 0/0 }\n"
                  "socks block { from: 0/0 to: 0.0.0.0/0 port = %u }\n"
                  "socks block { from: 0/0 to: ::/0 port = %u }\n"
                  "socks pass { from: 0/0 to: 0/0 }\n",
                  ip, port, options->wants_password ? "username" : "none", blocked, blocked);
    const char *args[] = {"-f", scratch_path("danted.conf"), NULL};
    return daemon_start("REAL_DANTED", "danted", args);
}

static pid_t start_tinyproxy(const char *ip, uint16_t port, const Proxy_Options *options)
{
    char allowed[64] = "";
    CHECK(!options->wants_password || options->blocked_port == 0);

    if (options->blocked_port != 0) {
        /* Only lists what is allowed: all that matters here is that this port is not. */
        snprintf(allowed, sizeof(allowed), "ConnectPort %u\n", options->blocked_port == 1 ? 2 : 1);
    }

    scratch_write("tinyproxy.conf", "Port %u\nListen %s\nTimeout 600\nMaxClients 50\n%s%s", port, ip,
                  allowed, options->wants_password ? "BasicAuth user password\n" : "");
    const char *args[] = {"-d", "-c", scratch_path("tinyproxy.conf"), NULL};
    return daemon_start("REAL_TINYPROXY", "tinyproxy", args);
}

Proxy proxy_start(Proxy_Kind kind, Proxy_Options options)
{
    const uint16_t port = free_port();
    Proxy proxy = {.kind = kind, .ip = options.listen_v6 ? "::1" : "127.0.0.1"};
    proxy.info.ip_port = address(proxy.ip, port);
    proxy.info.proxy_type = kind == TINYPROXY ? TCP_PROXY_HTTP : TCP_PROXY_SOCKS5;

    switch (kind) {
        case MICROSOCKS:
            proxy.pid = start_microsocks(proxy.ip, port, &options);
            break;

        case DANTED:
            proxy.pid = start_danted(proxy.ip, port, &options);
            break;

        case TINYPROXY:
            proxy.pid = start_tinyproxy(proxy.ip, port, &options);
            break;
    }

    await_listener(proxy.pid, proxy.ip, port);
    return proxy;
}

void proxy_kill(Proxy *proxy)
{
    daemon_kill(proxy->pid);
    proxy->pid = 0;
}

const char *proxy_name(const Proxy *proxy)
{
    static const char *const names[] = {"microsocks", "danted", "tinyproxy"};
    return names[proxy->kind];
}
