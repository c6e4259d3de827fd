/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * NULL for each pointer of each function in turn: ours only, the original crashes.
 */
#include "field.h"

static void no_object(void)
{
    field_open();
    const IP_Port addr = relay_address(F.relay[0]);
    const uint8_t *pk = F.relay[0]->pk;
    Node_format copies[3];
    IP_Port told;
    TRY(0, (intptr_t)tcp_connections_public_key(NULL));
    TRY(0, tcp_connections_count(NULL));
#if TOX_ABI > 218
    TRY(false, tcp_relay_is_valid(NULL, pk));
    TRY(false, tcp_relay_is_valid(NULL, NULL));
#endif
    TRY(0, tcp_connected_relays_count(NULL));
    TRY(-1, new_tcp_connection_to(NULL, pk, 1));
    TRY(-1, kill_tcp_connection_to(NULL, 0));
    TRY(-1, set_tcp_connection_to_status(NULL, 0, true));
    TRY(-1, set_tcp_connection_to_status(NULL, 0, false));
    TRY(0, tcp_connection_to_online_tcp_relays(NULL, 0));
    TRY(-1, send_packet_tcp_connection(NULL, 0, payload, 10));
    TRY(-1, add_tcp_relay_global(NULL, &addr, pk));
    TRY(-1, add_tcp_relay_connection(NULL, 0, &addr, pk));
    TRY(-1, add_tcp_number_relay_connection(NULL, 0, 0));
    TRY(-1, kill_tcp_relay_connection(NULL, 0));
    TRY(0, tcp_copy_connected_relays(NULL, copies, 3));
    TRY(0, tcp_copy_connected_relays_index(NULL, copies, 3, 0));
    TRY(-1, tcp_send_oob_packet(NULL, 0, pk, payload, 10));
    TRY(-1, tcp_send_oob_packet_using_relay(NULL, pk, pk, payload, 10));
    TRY(-1, get_random_tcp_onion_conn_number(NULL));
    TRY(false, tcp_get_random_conn_ip_port(NULL, &told));
    TRY(-1, tcp_send_onion_request(NULL, 0, payload, 500));
    TRY(-1, set_tcp_onion_status(NULL, true));
    TRY(-1, tcp_send_forward_request(W.log, NULL, &addr, &addr, NULL, 0, payload, 10));
    TRY(0, (set_packet_tcp_connection_callback(NULL, NULL, NULL), 0));
    TRY(0, (set_oob_packet_tcp_connection_callback(NULL, NULL, NULL), 0));
    TRY(0, (set_onion_packet_tcp_connection_callback(NULL, NULL, NULL), 0));
    TRY(0, (set_forwarding_packet_tcp_connection_callback(NULL, NULL, NULL), 0));
    TRY(0, (do_tcp_connections(W.log, NULL, NULL), 0));
    TRY(0, (kill_tcp_connections(NULL), 0));
    field_close();
}

static void no_argument(void)
{
    field_open();
    const IP_Port addr = relay_address(F.relay[0]);
    const uint8_t *relay = F.relay[0]->pk;
    const uint8_t *pk = F.pair.b->c->pk;
    TRY(-1, new_tcp_connection_to(F.tc, NULL, 1));
    TRY(-1, send_packet_tcp_connection(F.tc, P_ONLINE, NULL, 10));
    TRY(-1, send_packet_tcp_connection(F.tc, P_ONLINE, NULL, 0));
    TRY(-1, send_packet_tcp_connection(F.tc, P_OFFLINE, NULL, 10));
#if TOX_ABI > 218
    TRY(false, tcp_relay_is_valid(F.tc, NULL));
#endif
    TRY(-1, add_tcp_relay_global(F.tc, NULL, payload));
    TRY(-1, add_tcp_relay_global(F.tc, &F.silent, NULL));
    TRY(-1, add_tcp_relay_connection(F.tc, P_ONLINE, NULL, payload));
    TRY(-1, add_tcp_relay_connection(F.tc, P_ONLINE, &F.silent, NULL));
    TRY(0, tcp_copy_connected_relays(F.tc, NULL, 3));
    TRY(0, tcp_copy_connected_relays_index(F.tc, NULL, 3, 0));
    TRY(-1, tcp_send_oob_packet(F.tc, R_CONNECTED, NULL, payload, 10));
    TRY(-1, tcp_send_oob_packet(F.tc, R_CONNECTED, pk, NULL, 10));
    TRY(-1, tcp_send_oob_packet_using_relay(F.tc, NULL, pk, payload, 10));
    TRY(-1, tcp_send_oob_packet_using_relay(F.tc, relay, NULL, payload, 10));
    TRY(-1, tcp_send_oob_packet_using_relay(F.tc, relay, pk, NULL, 10));
    TRY(false, tcp_get_random_conn_ip_port(F.tc, NULL));
    TRY(-1, tcp_send_onion_request(F.tc, R_CONNECTED, NULL, 500));
    TRY(-1, tcp_send_forward_request(W.log, F.tc, NULL, &addr, NULL, 0, payload, 10));
    TRY(-1, tcp_send_forward_request(W.log, F.tc, &addr, NULL, NULL, 0, payload, 10));
    TRY(-1, tcp_send_forward_request(W.log, F.tc, &addr, &addr, NULL, 1, payload, 10));
    TRY(-1, tcp_send_forward_request(W.log, F.tc, &addr, &addr, NULL, 0, NULL, 10));
    TRY(-1, tcp_send_forward_request(NULL, F.tc, &addr, &addr, NULL, 0, NULL, 10));
    field_close();
}

static void no_number(void)
{
    field_open();
    const IP_Port addr = tcp_connections_number_to_ip_port(7);
    unsigned number = 5;
    TRY(false, ip_port_to_tcp_connections_number(NULL, &number));
    TRY(false, ip_port_to_tcp_connections_number(NULL, NULL));
    /* No place for the answer: whatever is said, nothing is written. */
    ip_port_to_tcp_connections_number(&addr, NULL);
    field_close();
}

/* With onion use on there is something that could be written to NULL. */
static void no_place_for_an_address(void)
{
    field_open();
    CHECK_EQ(set_tcp_onion_status(F.tc, true), 0);
    CHECK(!tcp_get_random_conn_ip_port(F.tc, NULL));
    CHECK(get_random_tcp_onion_conn_number(F.tc) >= 0);
    CHECK_EQ(set_tcp_onion_status(F.tc, false), 0);
    /* The sleeping relay was needed, and is on its way back. */
    nodes_close();
}

static TCP_Connections *made(const Logger *log, const Random *rng, const Network *ns, Mono_Time *mono,
                             const uint8_t *key)
{
    static const TCP_Proxy_Info none;
    return new_tcp_connections(log, rng, ns, mono, key, &none);
}

/* Without a Memory. */
#if TOX_ABI > 218
static TCP_Connections *made_of_nothing(const Logger *log)
{
#if TOX_ABI == 220
    return (new_tcp_connections)(log, NULL, W.rng, W.ns, W.mono, payload, NULL);
#else
    return (new_tcp_connections)(log, NULL, W.rng, W.ns, W.mono, payload, NULL, NULL);
#endif
}
#endif

static void no_way_to_make_one(void)
{
    field_open();
    TRY(0, (intptr_t)made(W.log, NULL, W.ns, W.mono, payload));
    TRY(0, (intptr_t)made(W.log, W.rng, NULL, W.mono, payload));
    TRY(0, (intptr_t)made(W.log, W.rng, W.ns, NULL, payload));
    TRY(0, (intptr_t)made(W.log, W.rng, W.ns, W.mono, NULL));
    TRY(0, (intptr_t)made(NULL, NULL, NULL, NULL, NULL));
#if TOX_ABI > 218
    TRY(0, (intptr_t)made_of_nothing(W.log));
    TRY(0, (intptr_t)made_of_nothing(NULL));
#endif
    field_close();
}

/* toxcore has no secret key when it makes its objects in a test; the original allows that one. */
static void no_secret_key(void)
{
    nodes_open();
    CHECK(connections_new(NULL, NULL) == NULL);
    node_new();
    nodes_close();
}

/* No log and no proxy information: it works without. */
static void no_log(void)
{
    nodes_open();
    const Relay *relay = relay_start(false, 0);
    const IP_Port addr = relay_address(relay);
    Node *b = node_new();
    Node quiet = {.c = client_new()};
    quiet.tc = new_tcp_connections(NULL, W.rng, W.ns, W.mono, quiet.c->sk, NULL);
    CHECK(quiet.tc != NULL);
    CHECK_EQ(new_tcp_connection_to(b->tc, tcp_connections_public_key(quiet.tc), 1), 0);
    node_use(b, 0, relay);
    CHECK_EQ(new_tcp_connection_to(quiet.tc, b->c->pk, 2), 0);
    CHECK_EQ(add_tcp_relay_connection(quiet.tc, 0, &addr, relay->pk), 0);
    const uint64_t end = real_ms() + WAIT_MS * (uint64_t)slowness();

    while (online(b, 0) == 0 || online(&quiet, 0) == 0) {
        CHECK(real_ms() < end);
        step();
        do_tcp_connections(NULL, quiet.tc, NULL);
    }

    CHECK_EQ(send_packet_tcp_connection(quiet.tc, 0, payload, 0), -1);
    CHECK_EQ(send_packet_tcp_connection(quiet.tc, 0, payload, 2032), -1);
    CHECK_EQ(send_packet_tcp_connection(quiet.tc, 0, payload, 500), 0);
    await_events(b->c, EV_DATA, 1, WAIT_MS);
    kill_tcp_connections(quiet.tc);
    nodes_close();
}

/* A missing callback means that nobody is interested. */
static void no_callbacks(void)
{
    field_open();
    Node *b = F.pair.b;
    const size_t before = b->c->count;
    set_packet_tcp_connection_callback(b->tc, NULL, b);
    set_oob_packet_tcp_connection_callback(b->tc, NULL, b);
    set_onion_packet_tcp_connection_callback(b->tc, NULL, NULL);
    set_forwarding_packet_tcp_connection_callback(b->tc, NULL, NULL);
    TRY(0, send_packet_tcp_connection(F.tc, P_ONLINE, payload, 10));
    TRY(0, tcp_send_oob_packet(F.tc, R_CONNECTED, b->c->pk, payload, 10));
    step_for(60);
    CHECK_EQ(b->c->count, before);
    node_watch(b);
    field_close();
}

int main(int argc, char **argv)
{
    const Test tests[] = {
        {"no_object", no_object, T_OURS | T_FAST, 20},
        {"no_argument", no_argument, T_OURS | T_FAST, 20},
        {"no_number", no_number, T_OURS, 20},
        {"no_place_for_an_address", no_place_for_an_address, T_OURS | T_FAST, 20},
        {"no_way_to_make_one", no_way_to_make_one, T_OURS | T_FAST, 20},
        {"no_secret_key", no_secret_key, 0, 20},
        {"no_log", no_log, T_OURS, 20},
        {"no_callbacks", no_callbacks, 0, 20},
    };

    return run_tests("misuse_null", tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
