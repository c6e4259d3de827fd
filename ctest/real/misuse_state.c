/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Misuse of the constructor, of connections that are not confirmed, and calls
 * without a logger.
 */
#include "script.h"

#include <unistd.h>

/* ---- constructor ---- */

typedef struct New_Args {
    const Logger *log;
    const Mono_Time *mono;
    const Random *rng;
    const Network *ns;
    const IP_Port *addr;
    const uint8_t *relay_pk;
    const uint8_t *pk;
    const uint8_t *sk;
    const TCP_Proxy_Info *proxy;
#if TOX_ABI > 218
    const Memory *mem;
#endif
} New_Args;

static TCP_Client_Connection *make(const New_Args *a)
{
#if TOX_ABI == 218
    return new_TCP_connection(a->log, a->mono, a->rng, a->ns, a->addr, a->relay_pk, a->pk, a->sk,
                              a->proxy);
#elif TOX_ABI == 220
    return new_tcp_connection(a->log, a->mem, a->mono, a->rng, a->ns, a->addr, a->relay_pk, a->pk, a->sk,
                              a->proxy);
#else
    return new_tcp_connection(a->log, a->mem, a->mono, a->rng, a->ns, a->addr, a->relay_pk, a->pk, a->sk,
                              a->proxy, NULL);
#endif
}

static New_Args good_args(const Client *keys, const IP_Port *addr, const uint8_t *relay_pk)
{
    return (New_Args){
        .log = W.log, .mono = W.mono, .rng = W.rng, .ns = W.ns, .addr = addr, .relay_pk = relay_pk,
        .pk = keys->pk, .sk = keys->sk,
#if TOX_ABI > 218
        .mem = os_memory(),
#endif
    };
}

static void refused_new(const New_Args *args, size_t open_sockets)
{
    const size_t lines = W.line_count;
    CHECK(make(args) == NULL);
    CHECK(args->log == NULL || W.line_count > lines);
    /* What was opened was closed. */
    CHECK_EQ(W.calls.sockets - W.calls.closes, open_sockets);
}

static void new_with_null(void)
{
    world_open();
    W.ns = &W.net;
    Relay *relay = relay_start(false, 0);
    const IP_Port addr = relay_address(relay);
    const New_Args good = good_args(client_new(), &addr, relay->pk);
    enum { NULLS = TOX_ABI == 218 ? 7 : 8 };
    New_Args bad[NULLS];

    for (size_t i = 0; i < NULLS; ++i) {
        bad[i] = good;
    }

    bad[0].mono = NULL;
    bad[1].rng = NULL;
    bad[2].ns = NULL;
    bad[3].addr = NULL;
    bad[4].relay_pk = NULL;
    bad[5].pk = NULL;
    bad[6].sk = NULL;
#if TOX_ABI > 218
    bad[7].mem = NULL;
#endif

    for (size_t i = 0; i < NULLS; ++i) {
        refused_new(&bad[i], 0);
        bad[i].log = NULL;
        refused_new(&bad[i], 0);
    }

    step_for(20);
    CHECK_EQ(relay->accepted_count, 0);
    TCP_Client_Connection *con = make(&good);
    CHECK(con != NULL);
    kill_TCP_connection(con);
    world_close();
}

static void relay_family(bool want_lines)
{
    const uint8_t families[] = {0, 1, 3, 12, 13, 14, 130, 138, 255};
    world_open();
    W.ns = &W.net;
    Relay *relay = relay_start(false, 0);
    IP_Port addr = relay_address(relay);
    const New_Args args = good_args(client_new(), &addr, relay->pk);

    for (size_t i = 0; i < sizeof(families); ++i) {
        const size_t lines = W.line_count;
        addr.ip.family.value = families[i];
        CHECK(make(&args) == NULL);
        CHECK(!want_lines || W.line_count > lines);
    }

    CHECK_EQ(W.calls.sockets, W.calls.closes);
    step_for(20);
    CHECK_EQ(relay->accepted_count, 0);
    world_close();
}

static void family_of_relay(void) { relay_family(false); }
static void family_of_relay_is_logged(void) { relay_family(true); }

static void unknown_proxy_type(void)
{
    const uint8_t types[] = {3, 4, 128, 255};
    world_open();
    W.ns = &W.net;
    Relay *relay = relay_start(false, 0);
    const IP_Port addr = relay_address(relay);
    New_Args args = good_args(client_new(), &addr, relay->pk);

    for (size_t i = 0; i < sizeof(types); ++i) {
        const TCP_Proxy_Info info = {address("127.0.0.1", relay->port), types[i]};
        args.proxy = &info;
        refused_new(&args, 0);
    }

    step_for(20);
    CHECK_EQ(relay->accepted_count, 0);
    world_close();
}

/* A proxy info of type "none" is no proxy, whatever address it has. */
static void proxy_type_none(void)
{
    world_open();
    Relay *relay = relay_start(false, 0);
    const IP_Port addr = relay_address(relay);
    TCP_Proxy_Info none;
    memset(&none, 0, sizeof(none));
    Client *client = client_connect(&addr, relay->pk, &none);
    CHECK(client->con != NULL);
    CHECK(step_until(confirmed, client, 5000));
    none.ip_port = address("127.0.0.1", free_port());
    client = client_connect(&addr, relay->pk, &none);
    CHECK(client->con != NULL);
    CHECK(step_until(confirmed, client, 5000));
    world_close();
}

/* ---- wrong status ---- */

/* No sender may do anything but fail, and say so. */
static void senders_refuse(const Client *client)
{
    static const uint8_t data[100];
    const IP_Port dest = address("127.0.0.1", 33445);
    const size_t lines = W.line_count;
    CHECK_EQ(send_routing_request(W.log, client->con, data), -1);
    CHECK_EQ(send_disconnect_request(W.log, client->con, 0), -1);
    CHECK_EQ(send_data(W.log, client->con, 0, data, 100), -1);
    CHECK_EQ(send_data(W.log, client->con, 0, data, 0), -1);
    CHECK_EQ(send_oob_packet(W.log, client->con, data, data, 100), -1);
    CHECK_EQ(send_onion_request(W.log, client->con, data, 100), -1);
    CHECK_EQ(send_forward_request_tcp(W.log, client->con, &dest, data, 100), -1);
    /* The two for data may say that the peer is not online, which is not logged. */
    CHECK(W.line_count >= lines + 5);
    CHECK_EQ(send_routing_request(NULL, client->con, data), -1);
    CHECK_EQ(send_onion_request(NULL, client->con, data, 100), -1);
    CHECK_EQ(set_tcp_connection_number(client->con, 0, 1), -1);
}

/* Before the handshake, in its middle, and after the end. */
static void senders_out_of_turn(void)
{
    Script script;
    uint8_t plain[PLAIN_MAX];
    world_open();
    script_open(&script);
    Client *client = script_connect(&script);
    CHECK_EQ(status_of(client), TCP_CLIENT_CONNECTING);
    senders_refuse(client);
    script_read_hello(&script);
    CHECK_EQ(status_of(client), TCP_CLIENT_UNCONFIRMED);
    senders_refuse(client);
    step();
    /* Not a byte behind the 128. */
    CHECK_EQ(script.input_length, 0);
    CHECK_EQ(read(script.sock, plain, 1), -1);
    script_send_hello(&script);
    CHECK(step_until(confirmed, client, 5000));
    CHECK_EQ(script_await(&script, plain), 9);
    CHECK_EQ(plain[0], 4);
    script_hang_up(&script, false);
    CHECK(step_until(disconnected, client, 5000));
    senders_refuse(client);
    script_close(&script);
    world_close();
}

/* What changes nothing sends nothing. */
static void nothing_on_the_wire(void)
{
    Script script;
    uint8_t plain[PLAIN_MAX];
    world_open();
    script_open(&script);
    Client *client = script_client(&script);
    script_route(&script, client, script.pk, 3);
    CHECK_EQ(send_data(W.log, client->con, 3, plain, 0), 1);
    CHECK_EQ(send_disconnect_request(W.log, client->con, 4), 1);
    CHECK_EQ(send_disconnect_request(W.log, client->con, 239), 1);
    step_for(20);
    CHECK_EQ(script_recv(&script, plain), 0);
    /* The next packet is the next packet. */
    CHECK_EQ(send_data(W.log, client->con, 3, script.pk, 32), 1);
    CHECK_EQ(script_await(&script, plain), 33);
    CHECK_EQ(plain[0], 16 + 3);
    client_drop(client, 3);
    CHECK_EQ(script_await(&script, plain), 2);
    CHECK_EQ(plain[0], 3);
    CHECK_EQ(plain[1], 16 + 3);
    CHECK_EQ(send_disconnect_request(W.log, client->con, 3), 1);
    step_for(20);
    CHECK_EQ(script_recv(&script, plain), 0);
    CHECK_EQ(status_of(client), TCP_CLIENT_CONFIRMED);
    script_close(&script);
    world_close();
}

/* ---- no logger ---- */

static TCP_Client_Connection *quiet_new(const IP_Port *addr, const uint8_t *relay_pk,
                                        const TCP_Proxy_Info *proxy)
{
    New_Args args = good_args(client_new(), addr, relay_pk);
    args.log = NULL;
    args.proxy = proxy;
    return make(&args);
}

/* Steps it without a logger until it has the status. */
static void quiet_steps(TCP_Client_Connection *con, TCP_Client_Status want)
{
    for (uint64_t end = real_ms() + 5000; tcp_con_status(con) != want;) {
        CHECK(real_ms() < end);
        step();
        do_TCP_connection(NULL, W.mono, con, NULL);
    }
}

/* The original of 0.2.20 and 0.2.22 ends the process over it. */
static void no_logger(void)
{
    world_open();
    Relay *relay = relay_start(false, 0);
    const IP_Port addr = relay_address(relay);
    TCP_Client_Connection *con = quiet_new(&addr, relay->pk, NULL);
    CHECK(con != NULL);
    quiet_steps(con, TCP_CLIENT_CONFIRMED);
    CHECK_EQ(send_routing_request(NULL, con, relay->pk), 1);
    CHECK_EQ(send_oob_packet(NULL, con, relay->pk, relay->pk, 32), 1);
    CHECK_EQ(send_onion_request(NULL, con, relay->pk, 32), 1);
    quiet_steps(con, TCP_CLIENT_CONFIRMED);
    relay_stop(relay);
    jump_seconds(30);
    do_TCP_connection(NULL, W.mono, con, NULL);
    jump_seconds(10);
    do_TCP_connection(NULL, W.mono, con, NULL);
    CHECK_EQ(tcp_con_status(con), TCP_CLIENT_DISCONNECTED);
    kill_TCP_connection(con);
    world_close();
}

/* Everything that would be logged. toxcore's logger aborts on a NULL. */
static void no_logger_and_trouble(void)
{
    Script script;
    world_open();
    script_open(&script);

    /* A relay that sends rubbish. */
    const IP_Port rubbish = script_address(&script);
    Client *client = script_connect(&script);
    client->paused = true;
    script_write(&script, script.pk, 32);
    script_write(&script, script.pk, 32);
    script_write(&script, script.pk, 32);
    quiet_steps(client->con, TCP_CLIENT_DISCONNECTED);
    script_hang_up(&script, true);

    /* A connect that is refused, one that fails at once, and refusing proxies. */
    const IP_Port closed = address("127.0.0.1", free_port());
    const IP_Port nowhere = address("255.255.255.255", 33445);
    const TCP_Proxy_Info socks = {closed, TCP_PROXY_SOCKS5};
    const TCP_Proxy_Info far = {nowhere, TCP_PROXY_HTTP};
    const TCP_Proxy_Info unknown = {closed, 77};
    CHECK(quiet_new(&rubbish, script.pk, &unknown) == NULL);
    TCP_Client_Connection *cons[] = {
        quiet_new(&closed, script.pk, NULL),
        quiet_new(&rubbish, script.pk, &socks),
        quiet_new(&nowhere, script.pk, NULL),
        quiet_new(&rubbish, script.pk, &far),
    };

    for (size_t i = 0; i < 4; ++i) {
        if (i >= 2 && TOX_ABI < 222) {
            CHECK(cons[i] == NULL);
            continue;
        }

        CHECK(cons[i] != NULL);
        do_TCP_connection(NULL, W.mono, cons[i], NULL);
        jump_seconds(10);
        do_TCP_connection(NULL, W.mono, cons[i], NULL);
        CHECK_EQ(tcp_con_status(cons[i]), TCP_CLIENT_DISCONNECTED);
        kill_TCP_connection(cons[i]);
    }

    CHECK_EQ(W.line_count, 0);
    script_close(&script);
    world_close();
}

/* A relay without any packet order to speak of, of each kind, without a logger. */
static void no_logger_bad_packets(void)
{
    const uint8_t bad[][3] = {{2, 1, 3}, {1, 1, 20}, {3, 2, 9}, {5, 9, 0}, {12, 9, 0}, {0, 33, 0}};
    world_open();

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); ++i) {
        Script script;
        uint8_t plain[64] = {bad[i][0], bad[i][2]};
        script_open(&script);
        Client *client = script_client(&script);
        client->paused = true;
        script_send(&script, plain, bad[i][1]);
        quiet_steps(client->con, TCP_CLIENT_DISCONNECTED);
        script_close(&script);
    }

    world_close();
}

int main(int argc, char **argv)
{
    const Test tests[] = {
        {"new_with_null", new_with_null, T_OURS | T_FAST, 20},
        {"family_of_relay", family_of_relay, T_FAST, 20},
        {"family_of_relay_is_logged", family_of_relay_is_logged, T_OURS_BEFORE(222) | T_FAST, 20},
        {"unknown_proxy_type", unknown_proxy_type, T_OURS | T_FAST, 20},
        {"proxy_type_none", proxy_type_none, T_FAST, 20},
        {"senders_out_of_turn", senders_out_of_turn, T_OURS | T_FAST, 20},
        {"nothing_on_the_wire", nothing_on_the_wire, T_OURS | T_FAST, 20},
        {"no_logger", no_logger, T_OURS_FROM(220) | T_FAST, 20},
        {"no_logger_and_trouble", no_logger_and_trouble, T_OURS | T_FAST, 20},
        {"no_logger_bad_packets", no_logger_bad_packets, T_FAST, 20},
    };

    return run_tests("misuse_state", tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
