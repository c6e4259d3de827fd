/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "world.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

World W;

static uint64_t virtual_now(void *user_data)
{
    return ((const World *)user_data)->ms;
}

static void keep_line(void *context, Logger_Level level, const char *file, Log_Line line,
                      const char *func, const char *message, void *userdata)
{
    World *world = (World *)context;
    (void)userdata;

    if (world->line_count < MAX_LINES) {
        snprintf(world->lines[world->line_count], LINE_SIZE, "%d %s", (int)level, message);
    }

    if (getenv("REAL_LOG") != NULL) {
        fprintf(stderr, "  log %d %s:%d %s: %s\n", (int)level, file, (int)line, func, message);
    }

    ++world->line_count;

    if (world->intrude != NULL) {
        world->intrude();
    }
}

bool log_contains(const char *text)
{
    for (size_t i = 0; i < W.line_count && i < MAX_LINES; ++i) {
        if (strstr(W.lines[i], text) != NULL) {
            return true;
        }
    }

    return false;
}

/* ---- the network that clients get: the system's, with counters ---- */

static void intrude(void)
{
    if (W.intrude != NULL) {
        W.intrude();
    }
}

static int counted_close(void *obj, Net_Socket s)
{
    intrude();
    ++W.calls.closes;
    return system_network()->funcs->close(obj, s);
}

static int counted_recvbuf(void *obj, Net_Socket s)
{
    intrude();
    ++W.calls.avails;
    return system_network()->funcs->recvbuf(obj, s);
}

static int counted_recv(void *obj, Net_Socket s, uint8_t *buf, size_t n)
{
    intrude();
    ++W.calls.recvs;
    return system_network()->funcs->recv(obj, s, buf, n);
}

static int counted_send(void *obj, Net_Socket s, const uint8_t *buf, size_t n)
{
    intrude();
    ++W.calls.sends;
    return system_network()->funcs->send(obj, s, buf, n);
}

static Net_Socket counted_socket(void *obj, int domain, int type, int proto)
{
    intrude();
    ++W.calls.sockets;
    return system_network()->funcs->socket(obj, domain, type, proto);
}

static void own_bytes(void *obj, uint8_t *out, Random_Size n)
{
    intrude();
    random_bytes_of(W.rng)(obj, out, n);
}

static uint32_t own_uniform(void *obj, uint32_t bound)
{
    intrude();
    return random_uniform_of(W.rng)(obj, bound);
}

static const Random_Funcs own_random_funcs = {own_bytes, own_uniform};
static Network_Funcs counted_funcs;

static void open_network(void)
{
    const Network *system = system_network();
    CHECK(system != NULL);
    counted_funcs = *system->funcs;
    counted_funcs.close = counted_close;
    counted_funcs.recvbuf = counted_recvbuf;
    counted_funcs.recv = counted_recv;
    counted_funcs.send = counted_send;
    counted_funcs.socket = counted_socket;
    W.net = (Network){.funcs = &counted_funcs, .obj = system->obj};
    W.ns = system;
}

void world_open(void)
{
    W.rng = system_random();
    CHECK(W.rng != NULL);
    W.own_rng = (Random){&own_random_funcs, random_object_of(W.rng)};
    open_network();
    W.ms = 1000;
    W.mono = mono_time_new(virtual_now, &W);
    CHECK(W.mono != NULL);
    W.log = logger_new();
    CHECK(W.log != NULL);
    logger_callback_log(W.log, keep_line, &W, NULL);
}

void world_close(void)
{
    for (size_t i = 0; i < MAX_CLIENTS; ++i) {
        client_kill(&W.clients[i]);
        client_forget_events(&W.clients[i]);
        free(W.clients[i].events);
    }

    for (size_t i = 0; i < MAX_RELAYS; ++i) {
        relay_stop(&W.relays[i]);
    }

    mono_time_free(W.mono);
    logger_kill(W.log);
}

/* ---- addresses ---- */

IP_Port address(const char *ip, uint16_t port)
{
    IP_Port out;
    memset(&out, 0, sizeof(out));
    CHECK(addr_parse_ip(ip, &out.ip));
    out.port = net_htons(port);
    return out;
}

IP_Port relay_address(const Relay *relay)
{
    return address(relay->v6 ? "::1" : "127.0.0.1", relay->port);
}

/* Below the range from which the kernel takes ports of its own: there, somebody who tries to
 * connect to a port before it is listened at can be given that very port, and keeps it. */
uint16_t free_port(void)
{
    for (int tries = 0; tries < 1000; ++tries) {
        const uint16_t port = (uint16_t)(10000 + rand32() % 20000);
        struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons(port)};
        const int s = socket(AF_INET, SOCK_STREAM, 0);
        CHECK(s != -1);
        const int result = bind(s, (struct sockaddr *)&addr, sizeof(addr));
        close(s);

        if (result == 0) {
            return port;
        }
    }

    fail_at(__FILE__, __LINE__, "no free port");
}

/* ---- relays ---- */

static Network_Funcs relay_funcs;

static Net_Socket noting_accept(void *obj, Net_Socket s)
{
    const Net_Socket got = system_network()->funcs->accept(system_network()->obj, s);
    Relay *relay = (Relay *)obj;
    struct sockaddr_storage peer;
    socklen_t size = sizeof(peer);

    if (socket_fd(got) == -1 || getpeername(socket_fd(got), (struct sockaddr *)&peer, &size) != 0) {
        return got;
    }

    if (relay->accepted_count < MAX_ACCEPTED) {
        /* The port is at the same place in both address families. */
        relay->accepted[relay->accepted_count] = ntohs(((struct sockaddr_in *)&peer)->sin_port);
    }

    ++relay->accepted_count;
    CHECK(relay->open_count < MAX_ACCEPTED);
    relay->open_sockets[relay->open_count++] = socket_fd(got);
    return got;
}

static int noting_close(void *obj, Net_Socket s)
{
    Relay *relay = (Relay *)obj;

    for (size_t i = 0; i < relay->open_count; ++i) {
        if (relay->open_sockets[i] == socket_fd(s)) {
            relay->open_sockets[i] = relay->open_sockets[--relay->open_count];
            break;
        }
    }

    return system_network()->funcs->close(system_network()->obj, s);
}

static void relay_open(Relay *relay)
{
    if (wants_own_relay()) {
        relay->own = own_relay_new(relay->sk, relay->v6, relay->port);
        return;
    }

    relay_funcs = *system_network()->funcs;
    relay_funcs.accept = noting_accept;
    relay_funcs.close = noting_close;
    relay->net = (Network){.funcs = &relay_funcs, .obj = relay};
    relay->server = new_TCP_server(W.log, W.rng, &relay->net, relay->v6, 1, &relay->port, relay->sk,
                                   NULL, NULL);
    CHECK(relay->server != NULL);
    CHECK_EQ(tcp_server_listen_count(relay->server), 1);
}

Relay *relay_start(bool v6, uint16_t port)
{
    for (size_t i = 0; i < MAX_RELAYS; ++i) {
        Relay *relay = &W.relays[i];

        if (relay->port == 0) {
            relay->v6 = v6;
            relay->port = port != 0 ? port : free_port();
            CHECK(crypto_box_keypair(relay->pk, relay->sk) == 0);
            relay_open(relay);
            return relay;
        }
    }

    fail_at(__FILE__, __LINE__, "too many relays");
}

void relay_stop(Relay *relay)
{
    if (relay->own != NULL) {
        own_relay_kill(relay->own);
        relay->own = NULL;
    }

    if (relay->server != NULL) {
        kill_TCP_server(relay->server);
        relay->server = NULL;
    }

    /* toxcore's server leaves its connections open when it is killed. */
    while (relay->open_count > 0) {
        close(relay->open_sockets[--relay->open_count]);
    }
}

void relay_restart(Relay *relay)
{
    relay_stop(relay);
    relay_open(relay);
}
