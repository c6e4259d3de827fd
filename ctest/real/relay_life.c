/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How connections to a relay end, and how they do not.
 */
#include "script.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

/* The next do_ call has to see what the kernel knows already. */
static void check_seen_at_once(const Client *client)
{
    const size_t lines = W.line_count;
    usleep(20000);
    step();
    CHECK_EQ(status_of(client), TCP_CLIENT_DISCONNECTED);
    CHECK(W.line_count > lines);
}

static void relay_killed_at_once(void)
{
    world_open();
    Relay *relay = relay_start(false, 0);
    const Route r = route(client_to(relay), client_to(relay));
    /* Nothing is on its way any more: the end of the stream is all there is to see. */
    step_for(100);
    relay_stop(relay);
    check_seen_at_once(r.a);
    CHECK_EQ(status_of(r.b), TCP_CLIENT_DISCONNECTED);
    CHECK_EQ(send_data(W.log, r.a->con, r.id_at_a, r.a->pk, 32), -1);
    CHECK_EQ(send_routing_request(W.log, r.a->con, r.b->pk), -1);
    world_close();
}

/* The relay comes back with the same key and port: new connections work. */
static void relay_restarts(void)
{
    world_open();
    Relay *relay = relay_start(false, 0);
    Route r = route(client_to(relay), client_to(relay));

    for (int i = 0; i < 3; ++i) {
        relay_restart(relay);
        pass_seconds(45);
        CHECK_EQ(status_of(r.a), TCP_CLIENT_DISCONNECTED);
        CHECK_EQ(status_of(r.b), TCP_CLIENT_DISCONNECTED);
        client_kill(r.a);
        client_kill(r.b);
        r = route(client_to(relay), client_to(relay));
        check_route_works(&r);
    }

    world_close();
}

/* Another relay's end is none of this one's business. */
static void other_relay_killed(void)
{
    world_open();
    Relay *first = relay_start(false, 0);
    Relay *second = relay_start(false, 0);
    const Route r = route(client_to(first), client_to(first));
    const Route s = route(client_to(second), client_to(second));
    relay_stop(first);
    pass_seconds(45);
    CHECK_EQ(status_of(r.a), TCP_CLIENT_DISCONNECTED);
    CHECK_EQ(status_of(s.a), TCP_CLIENT_CONFIRMED);
    check_route_works(&s);
    world_close();
}

static void hang_up_unconfirmed(bool reset)
{
    Script script;
    world_open();
    script_open(&script);
    Client *client = script_connect(&script);
    script_read_hello(&script);
    CHECK_EQ(status_of(client), TCP_CLIENT_UNCONFIRMED);
    script_hang_up(&script, reset);
    check_seen_at_once(client);
    script_close(&script);
    world_close();
}

static void closed_while_unconfirmed(void)
{
    hang_up_unconfirmed(false);
}

static void reset_while_unconfirmed(void)
{
    hang_up_unconfirmed(true);
}

static void reset_while_confirmed(void)
{
    Script script;
    world_open();
    script_open(&script);
    Client *client = script_client(&script);
    script_hang_up(&script, true);
    check_seen_at_once(client);
    script_close(&script);
    world_close();
}

/* What came before the end of the stream still counts. */
static void last_words_are_heard(void)
{
    Script script;
    uint8_t data[1000] = {16};
    world_open();
    script_open(&script);
    Client *client = script_client(&script);
    script_route(&script, client, script.pk, 0);

    for (int i = 0; i < 50; ++i) {
        data[1] = (uint8_t)i;
        script_send(&script, data, sizeof(data));
    }

    script_hang_up(&script, false);
    step_for(50);
    CHECK_EQ(count_events(client, EV_DATA), 50);
    CHECK_EQ(client->events[client->count - 1].data[0], 49);
    CHECK_EQ(status_of(client), TCP_CLIENT_DISCONNECTED);
    script_close(&script);
    world_close();
}

/* A relay that goes silent: pinged at +30, given up at +40. */
static void silent_relay(void)
{
    world_open();
    Relay *relay = relay_start(false, 0);
    Client *client = client_to(relay);
    step_for(20);
    relay->paused = true;
    pass_seconds(39);
    CHECK_EQ(status_of(client), TCP_CLIENT_CONFIRMED);
    pass_seconds(1);
    CHECK_EQ(status_of(client), TCP_CLIENT_DISCONNECTED);
    world_close();
}

static void pings_keep_it_alive(void)
{
    world_open();
    Relay *relay = relay_start(false, 0);
    const Route r = route(client_to(relay), client_to(relay));

    for (int minute = 0; minute < 15; ++minute) {
        pass_seconds(60);
        CHECK_EQ(status_of(r.a), TCP_CLIENT_CONFIRMED);
        CHECK_EQ(status_of(r.b), TCP_CLIENT_CONFIRMED);
        check_route_works(&r);
    }

    world_close();
}

/* The owner sleeps for 15 s while the pong lies in the socket. */
static void owner_sleeps(void)
{
    Script script;
    uint8_t plain[PLAIN_MAX];
    world_open();
    script_open(&script);
    Client *client = script_client(&script);
    jump_seconds(30);
    CHECK_EQ(script_await(&script, plain), 9);
    CHECK_EQ(plain[0], 4);
    client->paused = true;
    plain[0] = 5;
    script_send(&script, plain, 9);
    jump_seconds(15);
    client->paused = false;
    step();
    CHECK_EQ(status_of(client), TCP_CLIENT_CONFIRMED);
    pass_seconds(10);
    CHECK_EQ(status_of(client), TCP_CLIENT_CONFIRMED);
    script_close(&script);
    world_close();
}

static Client *with_wrong_key(const Relay *relay)
{
    uint8_t wrong[32];
    const IP_Port addr = relay_address(relay);
    rand_bytes(wrong, sizeof(wrong));
    Client *client = client_connect(&addr, wrong, NULL);
    CHECK(client->con != NULL);
    return client;
}

static void wrong_relay_key(void)
{
    world_open();
    Client *client = with_wrong_key(relay_start(false, 0));
    step_for(20);
    CHECK(status_of(client) != TCP_CLIENT_CONFIRMED);
    pass_seconds(10);
    CHECK_EQ(status_of(client), TCP_CLIENT_DISCONNECTED);
    CHECK_EQ(client->count, 0);
    world_close();
}

/* The relay hangs up on such a client, so there is nothing to wait for. */
static void wrong_relay_key_at_once(void)
{
    world_open();
    Client *client = with_wrong_key(relay_start(false, 0));
    CHECK(step_until(disconnected, client, 500));
    CHECK(W.line_count > 0);
    world_close();
}

static Client *refused_client(bool v6)
{
    const IP_Port addr = address(v6 ? "::1" : "127.0.0.1", free_port());
    uint8_t key[32];
    rand_bytes(key, sizeof(key));
    Client *client = client_connect(&addr, key, NULL);
    CHECK(client->con != NULL);
    return client;
}

static void refused(void)
{
    world_open();
    const Client *v4 = refused_client(false);
    const Client *v6 = refused_client(true);

    for (int second = 0; second < 10; ++second) {
        CHECK_EQ(status_of(v4), TCP_CLIENT_CONNECTING);
        CHECK_EQ(status_of(v6), TCP_CLIENT_CONNECTING);
        pass_seconds(1);
    }

    CHECK_EQ(status_of(v4), TCP_CLIENT_DISCONNECTED);
    CHECK_EQ(status_of(v6), TCP_CLIENT_DISCONNECTED);
    world_close();
}

/* What toxcore's own test asks for. */
static void refused_as_toxcore_tests_it(void)
{
    world_open();
    const Client *client = refused_client(false);
    step_for(50);
    jump_seconds(5);
    step();
    CHECK_EQ(status_of(client), TCP_CLIENT_CONNECTING);
    jump_seconds(6);
    step();
    CHECK_EQ(status_of(client), TCP_CLIENT_DISCONNECTED);
    world_close();
}

/* Waiting for the end costs nothing, and the reason is told once. */
static void refused_costs_nothing(void)
{
    world_open();
    W.ns = &W.net;
    const Client *client = refused_client(false);
    step_for(20);
    CHECK_EQ(W.line_count, 1);
    const Net_Calls before = W.calls;

    for (int i = 0; i < 1000; ++i) {
        step();
    }

    CHECK_EQ(status_of(client), TCP_CLIENT_CONNECTING);
    CHECK_EQ(W.calls.sends, before.sends);
    CHECK_EQ(W.calls.recvs + W.calls.avails, before.recvs + before.avails);
    CHECK_EQ(W.line_count, 1);
    world_close();
}

/* A newer connection with the same key makes the relay drop the older one. */
static void second_login(void)
{
    world_open();
    Relay *relay = relay_start(false, 0);
    const IP_Port addr = relay_address(relay);
    Client *older = client_to(relay);
    Client *newer = client_new();
    memcpy(newer->pk, older->pk, 32);
    memcpy(newer->sk, older->sk, 32);
    newer->con = new_TCP_connection(W.log, W.mono, W.rng, W.ns, &addr, relay->pk, newer->pk,
                                    newer->sk, NULL);
    CHECK(newer->con != NULL);
    client_watch(newer);
    CHECK(step_until(confirmed, newer, 5000));
    CHECK(step_until(disconnected, older, 500));
    const Route r = route(newer, client_to(relay));
    check_route_works(&r);
    world_close();
}

int main(int argc, char **argv)
{
    const Test tests[] = {
        {"relay_killed_at_once", relay_killed_at_once, T_OURS | T_FAST, 10},
        {"relay_restarts", relay_restarts, T_FAST, 30},
        {"other_relay_killed", other_relay_killed, T_FAST, 20},
        {"closed_while_unconfirmed", closed_while_unconfirmed, T_OURS | T_FAST, 10},
        {"reset_while_unconfirmed", reset_while_unconfirmed, T_OURS | T_FAST, 10},
        {"reset_while_confirmed", reset_while_confirmed, T_OURS | T_FAST, 10},
        {"last_words_are_heard", last_words_are_heard, T_OURS | T_FAST, 10},
        {"silent_relay", silent_relay, T_FAST, 10},
        {"pings_keep_it_alive", pings_keep_it_alive, 0, 60},
        {"owner_sleeps", owner_sleeps, T_OURS | T_FAST, 20},
        {"wrong_relay_key", wrong_relay_key, T_FAST, 10},
        {"wrong_relay_key_at_once", wrong_relay_key_at_once, T_OURS | T_FAST, 10},
        {"refused", refused, T_FAST, 10},
        {"refused_as_toxcore_tests_it", refused_as_toxcore_tests_it, T_FAST, 10},
        {"refused_costs_nothing", refused_costs_nothing, T_OURS | T_FAST, 10},
        {"second_login", second_login, T_OURS | T_FAST, 20},
    };

    return run_tests("relay_life", tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
