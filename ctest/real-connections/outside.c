/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Real programs between the nodes: tox-bootstrapd as relay, SOCKS5 and HTTP proxies.
 */
#include "daemon.h"
#include "node.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

static uint8_t data[1024];

static void use_bootstrapd(Node *node, int peer, const Relayd *relay, const char *ip)
{
    const IP_Port addr = address(ip, relay->port);
    CHECK_EQ(add_tcp_relay_connection(node->tc, peer, &addr, relay->pk), 0);
}

static Pair meet_at(const Relayd *relay)
{
    const Pair pair = pair_meet(node_new(), node_new(), NULL, 0);
    use_bootstrapd(pair.a, pair.at_a, relay, "127.0.0.1");
    use_bootstrapd(pair.b, pair.at_b, relay, "::1");
    return pair;
}

static void two_at_bootstrapd(void)
{
    nodes_open();
    Relayd relay = bootstrapd_start();
    const Pair pair = meet_at(&relay);
    pair_await(&pair, 1);

    for (int i = 0; i < 20; ++i) {
        pair_check(&pair);
    }

    rand_bytes(data, sizeof(data));
    CHECK_EQ(tcp_send_oob_packet(pair.a->tc, 0, pair.b->c->pk, data, sizeof(data)), 0);
    await_events(pair.b->c, EV_DATA, count_events(pair.b->c, EV_DATA) + 1, WAIT_MS);
    CHECK_EQ(pair.b->c->events[pair.b->c->count - 1].length, sizeof(data));

    CHECK_EQ(set_tcp_onion_status(pair.a->tc, true), 0);
    CHECK_EQ(tcp_send_onion_request(pair.a->tc, (uint32_t)get_random_tcp_onion_conn_number(pair.a->tc), data, 500), 0);
    CHECK_EQ(set_tcp_onion_status(pair.a->tc, false), 0);
    pair_check(&pair);

    CHECK_EQ(set_tcp_connection_to_status(pair.a->tc, pair.at_a, false), 0);
    pass_seconds(12);
    CHECK_EQ(tcp_connected_relays_count(pair.a->tc), 0);
    CHECK_EQ(set_tcp_connection_to_status(pair.a->tc, pair.at_a, true), 0);
    pair_await(&pair, 1);
    pair_check(&pair);

    CHECK_EQ(kill_tcp_connection_to(pair.b->tc, pair.at_b), 0);
    await_online(pair.a, pair.at_a, 0);
    CHECK_EQ(node_meet(pair.b, pair.a, NULL, 0), pair.at_b);
    use_bootstrapd(pair.b, pair.at_b, &relay, "127.0.0.1");
    pair_await(&pair, 1);
    pair_check(&pair);
    daemon_kill(relay.pid);
    nodes_close();
}

/* The process that carries the data dies; the next packet goes through the other relay. */
static void bootstrapd_dies(void)
{
    nodes_open();
    Relayd relay = bootstrapd_start();
    const Pair pair = meet_at(&relay);
    const Relay *other = relay_start(false, 0);
    node_use(pair.a, pair.at_a, other);
    node_use(pair.b, pair.at_b, other);
    pair_await(&pair, 2);
    pair_check(&pair);
    daemon_kill(relay.pid);
    step_for(5);
    CHECK_EQ(online(pair.a, pair.at_a), 1);
    CHECK_EQ(online(pair.b, pair.at_b), 1);
    pair_check(&pair);
    relayd_launch(&relay);

    /* It is another process and needs real time. */
    for (int i = 0; i < 120 && online(pair.a, pair.at_a) + online(pair.b, pair.at_b) < 4; ++i) {
        pass_seconds(1);
        step_for(40);
    }

    pair_await(&pair, 2);
    pair_check(&pair);
    daemon_kill(relay.pid);
    nodes_close();
}

/* A request that the relay forwards over UDP, and the answer that comes back the same way. */
static void forwarded_and_back(void)
{
    enum { FORWARDING = 0x91, FORWARD_REPLY = 0x92 };
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct sockaddr_storage from;
    socklen_t size = sizeof(addr);
    uint8_t packet[2048];
    nodes_open();
    Relayd relay = bootstrapd_start();
    Node *a = node_new();
    const IP_Port forwarder = address("127.0.0.1", relay.port);
    CHECK_EQ(add_tcp_relay_global(a->tc, &forwarder, relay.pk), 0);
    await_connected(a, 1);

    const int udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    CHECK(udp != -1);
    CHECK(bind(udp, (struct sockaddr *)&addr, size) == 0);
    CHECK(getsockname(udp, (struct sockaddr *)&addr, &size) == 0);
    const IP_Port dest = address("127.0.0.1", ntohs(addr.sin_port));
    rand_bytes(data, sizeof(data));
    CHECK_EQ(tcp_send_forward_request(W.log, a->tc, &forwarder, &dest, NULL, 0, data, 300), 0);

    struct pollfd p = {.fd = udp, .events = POLLIN};
    const uint64_t end = real_ms() + WAIT_MS * (uint64_t)slowness();

    while (poll(&p, 1, 5) == 0) {
        CHECK(real_ms() < end);
        step();
    }

    size = sizeof(from);
    const ssize_t n = recvfrom(udp, packet, sizeof(packet), 0, (struct sockaddr *)&from, &size);
    CHECK_EQ(packet[0], FORWARDING);
    CHECK_EQ(n, 2 + packet[1] + 300);
    CHECK_BYTES(packet + 2 + packet[1], data, 300);
    packet[0] = FORWARD_REPLY;
    CHECK_EQ(sendto(udp, packet, (size_t)n, 0, (struct sockaddr *)&from, size), n);
    await_events(a->c, EV_FORWARDED, 1, WAIT_MS);
    CHECK_EQ(a->c->events[0].length, 300);
    CHECK_BYTES(a->c->events[0].data, data, 300);
    close(udp);
    daemon_kill(relay.pid);
    nodes_close();
}

/* ---- proxies ---- */

enum { RELAYS = 3 };

static Relay *relays[RELAYS];

/* Who has connected to the relay, the proxy or this test. */
static size_t from_proxy(const Relay *relay, const Proxy *proxy)
{
    size_t count = 0;

    for (size_t i = 0; i < relay->accepted_count; ++i) {
        count += strcmp(socket_owner(relay->accepted[i], relay->port), proxy_name(proxy)) == 0;
    }

    return count;
}

static void behind(Proxy_Kind kind)
{
    nodes_open();

    for (size_t i = 0; i < RELAYS; ++i) {
        relays[i] = relay_start(false, 0);
    }

    Proxy proxy = proxy_start(kind, (Proxy_Options){0});
    Node *hidden = node_with(NULL, &proxy.info);
    const Pair pair = pair_up(hidden, node_new(), relays, RELAYS);

    for (int i = 0; i < 50; ++i) {
        pair_check(&pair);
    }

    for (size_t i = 0; i < RELAYS; ++i) {
        CHECK_EQ(relays[i]->accepted_count, 2);
        CHECK_EQ(from_proxy(relays[i], &proxy), 1);
    }

    /* What it makes anew goes the same way. */
    CHECK_EQ(set_tcp_connection_to_status(hidden->tc, pair.at_a, false), 0);
    pass_seconds(12);
    CHECK_EQ(tcp_connected_relays_count(hidden->tc), 0);
    CHECK_EQ(set_tcp_connection_to_status(hidden->tc, pair.at_a, true), 0);
    pair_await(&pair, RELAYS);
    pair_check(&pair);

    for (size_t i = 0; i < RELAYS; ++i) {
        CHECK_EQ(relays[i]->accepted_count, 3);
        CHECK(from_proxy(relays[i], &proxy) >= 1);
        CHECK_EQ(strcmp(socket_owner(relays[i]->accepted[2], relays[i]->port), proxy_name(&proxy)), 0);
    }

    /* Without its proxy it reaches nobody, for ever, and least of all directly. */
    proxy_kill(&proxy);
    pass_seconds(60);
    CHECK_EQ(tcp_connected_relays_count(hidden->tc), 0);
    CHECK_EQ(online(hidden, pair.at_a), 0);

    for (size_t i = 0; i < RELAYS; ++i) {
        CHECK_EQ(relays[i]->accepted_count, 3);
    }

    nodes_close();
}

static void behind_microsocks(void) { behind(MICROSOCKS); }
static void behind_tinyproxy(void) { behind(TINYPROXY); }

int main(int argc, char **argv)
{
    const Test tests[] = {
        {"two_at_bootstrapd", two_at_bootstrapd, T_FAST, 30},
        {"bootstrapd_dies", bootstrapd_dies, T_OURS, 30},
        {"forwarded_and_back", forwarded_and_back, 0, 30},
        {"behind_microsocks", behind_microsocks, 0, 30},
        {"behind_tinyproxy", behind_tinyproxy, 0, 30},
    };

    return run_tests("outside", tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
