/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "field.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

Field F;
uint8_t payload[UINT16_MAX + 1];

static char complaints[400];

/* A relay that accepts connections, or rather the kernel for it, and never says a word. */
static void open_silent_relay(void)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(addr);
    F.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(F.listener != -1);
    CHECK(bind(F.listener, (struct sockaddr *)&addr, size) == 0);
    CHECK(listen(F.listener, 64) == 0);
    CHECK(getsockname(F.listener, (struct sockaddr *)&addr, &size) == 0);
    F.silent = address("127.0.0.1", ntohs(addr.sin_port));
    rand_bytes(F.silent_pk, 32);
}

void field_open(void)
{
    uint8_t nobody[32];
    nodes_open();
    rand_bytes(payload, sizeof(payload));
    rand_bytes(F.sleeper, 32);
    rand_bytes(nobody, 32);
    F.relay[0] = relay_start(false, 0);
    F.relay[1] = relay_start(false, 0);
    Node *a = node_new();
    F.tc = a->tc;
    F.pair = pair_up(a, node_new(), F.relay, 1);

    /* The sleeper is a real node, as only relays with online peers are put to sleep. */
    Node *friend = node_new();
    memcpy(F.sleeper, friend->c->pk, 32);
    const Pair sleeping = pair_up(a, friend, &F.relay[1], 1);
    CHECK_EQ(sleeping.at_a, P_SLEEPING);
    CHECK_EQ(set_tcp_connection_to_status(F.tc, P_SLEEPING, false), 0);
    pass_seconds(11);
    friend->paused = true;

    CHECK_EQ(new_tcp_connection_to(F.tc, a->c->pk, 2), P_KILLED);
    CHECK_EQ(new_tcp_connection_to(F.tc, nobody, 3), P_OFFLINE);
    CHECK_EQ(kill_tcp_connection_to(F.tc, P_KILLED), 0);
    open_silent_relay();
    CHECK_EQ(add_tcp_relay_global(F.tc, &F.silent, F.silent_pk), 0);
    field_check();
    complaints[0] = '\0';
}

/* The state as the interface tells it. */
static bool unchanged(void)
{
    IP_Port told;
    return tcp_connections_count(F.tc) == R_NONE && tcp_connected_relays_count(F.tc) == 1
           && tcp_connection_to_online_tcp_relays(F.tc, P_ONLINE) == 1
           && tcp_connection_to_online_tcp_relays(F.tc, P_SLEEPING) == 0
           && tcp_connection_to_online_tcp_relays(F.tc, P_OFFLINE) == 0
           && get_random_tcp_onion_conn_number(F.tc) == -1 && !tcp_get_random_conn_ip_port(F.tc, &told)
           && memcmp(tcp_connections_public_key(F.tc), F.pair.a->c->pk, 32) == 0;
}

void verdict(long long got, long long want, const char *format, ...)
{
    char what[120];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof(what), format, args);
    va_end(args);
    const bool same = unchanged();

    if (got != want || !same) {
        const size_t used = strlen(complaints);
        snprintf(complaints + used, sizeof(complaints) - used, "%s is %lld, not %lld%s; ", what, got,
                 want, same ? "" : ", and the state has changed");
    }
}

void field_check(void)
{
    const Client *b = F.pair.b->c;
    const size_t before = b->count;
    CHECK(unchanged());
    pair_check(&F.pair);
    CHECK_EQ(b->count, before + 1);
}

void field_close(void)
{
    if (complaints[0] != '\0') {
        fail_at(__FILE__, __LINE__, "%s", complaints);
    }

    field_check();
    close(F.listener);
    nodes_close();
}
