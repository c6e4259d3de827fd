/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Programs that are relays: tox-bootstrapd, as Debian ships it, and toxlink-relay.
 */
#include "daemon.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static Relayd (*start)(void) = bootstrapd_start;

static Client *client_at(const Relayd *relay, const char *ip)
{
    const IP_Port addr = address(ip, relay->port);
    Client *client = client_connect(&addr, relay->pk, NULL);
    CHECK(client->con != NULL);

    if (!step_until(confirmed, client, 10000)) {
        fail_at(__FILE__, __LINE__, "not confirmed: status %d", (int)status_of(client));
    }

    return client;
}

enum { WINDOW = 8 };

/* Numbered packets of random sizes both ways, a few of them under way at a time. */
static void exchange(const Route *r, uint32_t count)
{
    uint8_t data[2031];
    size_t at_a = r->a->count;
    size_t at_b = r->b->count;
    uint32_t sent = 0;
    uint32_t at_a_seen = 0;
    uint32_t at_b_seen = 0;
    const uint64_t end = real_ms() + 30000 * (uint64_t)slowness();
    rand_bytes(data, sizeof(data));

    while (at_a_seen < count || at_b_seen < count) {
        CHECK(real_ms() < end);

        while (sent < count && sent < at_a_seen + WINDOW && sent < at_b_seen + WINDOW) {
            const uint16_t length = (uint16_t)(4 + (sent * 37) % 2028);
            memcpy(data, &sent, 4);
            CHECK_EQ(send_data(W.log, r->a->con, r->id_at_a, data, length), 1);
            CHECK_EQ(send_data(W.log, r->b->con, r->id_at_b, data, length), 1);
            ++sent;
        }

        step_for(1);
        const Event *event;

        for (; (event = next_event(r->a, EV_DATA, &at_a)) != NULL; ++at_a_seen) {
            CHECK_EQ(event->length, 4 + (at_a_seen * 37) % 2028);
            CHECK_BYTES(event->data, &at_a_seen, 4);
            CHECK_BYTES(event->data + 4, data + 4, event->length - 4);
        }

        for (; (event = next_event(r->b, EV_DATA, &at_b)) != NULL; ++at_b_seen) {
            CHECK_EQ(event->length, 4 + (at_b_seen * 37) % 2028);
            CHECK_BYTES(event->data, &at_b_seen, 4);
            CHECK_BYTES(event->data + 4, data + 4, event->length - 4);
        }
    }
}

static void two_clients(void)
{
    world_open();
    Relayd relay = start();
    Client *a = client_at(&relay, "127.0.0.1");
    Client *b = client_at(&relay, "::1");
    const Route r = route(a, b);
    exchange(&r, 400);

    uint8_t data[1024];
    rand_bytes(data, sizeof(data));
    CHECK_EQ(send_oob_packet(W.log, a->con, b->pk, data, sizeof(data)), 1);
    await_events(b, EV_OOB, 1, 5000);
    CHECK_BYTES(b->events[b->count - 1].data, data, sizeof(data));
    CHECK_BYTES(b->events[b->count - 1].pk, a->pk, 32);

    /* tox-bootstrapd has an onion, so a short request would be the end; a long one is passed on, or over. */
    CHECK_EQ(send_onion_request(W.log, a->con, data, 500), 1);
    step_for(100);
    client_drop(b, r.id_at_b);
    await_events(a, EV_STATUS, 2, 5000);
    const Route again = route(a, b);
    exchange(&again, 20);
    daemon_kill(relay.pid);
    world_close();
}

static void killed_and_back(bool at_once)
{
    world_open();
    Relayd relay = start();
    Route r = route(client_at(&relay, "127.0.0.1"), client_at(&relay, "::1"));
    exchange(&r, 5);
    daemon_kill(relay.pid);

    if (at_once) {
        CHECK(step_until(disconnected, r.a, 500));
        CHECK(step_until(disconnected, r.b, 500));
    }

    pass_seconds(45);
    CHECK_EQ(status_of(r.a), TCP_CLIENT_DISCONNECTED);
    CHECK_EQ(status_of(r.b), TCP_CLIENT_DISCONNECTED);
    client_kill(r.a);
    client_kill(r.b);
    relayd_launch(&relay);
    r = route(client_at(&relay, "127.0.0.1"), client_at(&relay, "127.0.0.1"));
    exchange(&r, 5);
    daemon_kill(relay.pid);
    world_close();
}

static void killed(void) { killed_and_back(false); }
static void killed_at_once(void) { killed_and_back(true); }

/* Behind a proxy, as users of Tox over Tor are. */
static void behind(Proxy_Kind kind)
{
    world_open();
    Relayd relay = start();
    Proxy proxy = proxy_start(kind, (Proxy_Options){0});
    const IP_Port addr = address("127.0.0.1", relay.port);
    Client *a = client_connect(&addr, relay.pk, &proxy.info);
    CHECK(a->con != NULL);
    CHECK(step_until(confirmed, a, 10000));
    const Route r = route(a, client_at(&relay, "127.0.0.1"));
    exchange(&r, 50);
    proxy_kill(&proxy);
    daemon_kill(relay.pid);
    world_close();
}

static void behind_danted(void) { behind(DANTED); }
static void behind_tinyproxy(void) { behind(TINYPROXY); }

/* Each of the tests above with our own relay. */
#define WITH_TOXLINK_RELAY(test) \
    static void toxlink_##test(void) \
    { \
        start = toxlink_relay_start; \
        test(); \
    }

WITH_TOXLINK_RELAY(two_clients)
WITH_TOXLINK_RELAY(killed)
WITH_TOXLINK_RELAY(killed_at_once)
WITH_TOXLINK_RELAY(behind_danted)
WITH_TOXLINK_RELAY(behind_tinyproxy)

int main(int argc, char **argv)
{
    const Test tests[] = {
        {"two_clients", two_clients, T_FAST, 60},
        {"killed", killed, 0, 60},
        {"killed_at_once", killed_at_once, T_OURS, 60},
        {"behind_danted", behind_danted, 0, 60},
        {"behind_tinyproxy", behind_tinyproxy, 0, 60},
        {"toxlink_two_clients", toxlink_two_clients, T_FAST, 60},
        {"toxlink_killed", toxlink_killed, 0, 60},
        {"toxlink_killed_at_once", toxlink_killed_at_once, T_OURS, 60},
        {"toxlink_behind_danted", toxlink_behind_danted, 0, 60},
        {"toxlink_behind_tinyproxy", toxlink_behind_tinyproxy, 0, 60},
    };

    return run_tests("bootstrapd", tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
