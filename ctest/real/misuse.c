/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The API called wrongly on a connection that works: the documented failure
 * value, a log line where there is a logger, and nothing else changes.
 */
#include "world.h"

#include <stdio.h>

/* What the calls are tried on. */
typedef struct Field {
    Relay *relay;
    Route r;
    TCP_Client_Connection *con;
    uint8_t online;
    uint8_t offline;
    uint8_t unused;
    IP_Port dest;
} Field;

typedef struct Misuse {
    const char *what;
    long long (*call)(const Field *f);
    long long want;
    /* The function is given a logger. */
    bool logged;
} Misuse;

static uint8_t data[UINT16_MAX];

static Field field_open(void)
{
    world_open();
    Field f = {.relay = relay_start(false, 0), .unused = 200};
    uint8_t nobody[32];
    f.r = route(client_to(f.relay), client_to(f.relay));
    f.con = f.r.a->con;
    f.online = f.r.id_at_a;
    rand_bytes(data, sizeof(data));
    rand_bytes(nobody, sizeof(nobody));
    CHECK_EQ(send_routing_request(W.log, f.con, nobody), 1);
    await_events(f.r.a, EV_RESPONSE, 2, 5000);
    f.offline = f.r.a->events[f.r.a->count - 1].con_id;
    CHECK(f.offline != f.online);
    f.dest = address("127.0.0.1", 33445);
    CHECK_EQ(set_tcp_connection_number(f.con, f.online, 4711), 0);
    return f;
}

/* The connection is what it was: number, key, address, routes. */
static void check_unharmed(const Field *f)
{
    const IP_Port addr = relay_address(f->relay);
    const IP_Port told = tcp_con_ip_port(f->con);
    CHECK_EQ(status_of(f->r.a), TCP_CLIENT_CONFIRMED);
    CHECK_BYTES(tcp_con_public_key(f->con), f->relay->pk, 32);
    CHECK_BYTES(&told, &addr, sizeof(addr));
    check_route_works(&f->r);
    const Event *last = &f->r.a->events[f->r.a->count - 1];
    CHECK_EQ(last->kind, EV_DATA);
    CHECK_EQ(last->number, 4711);
}

/* One complaint per row; the test fails with all of them at the end. */
static char complaints[400];

static void complain(const char *what, const char *about, long long got)
{
    const size_t used = strlen(complaints);
    snprintf(complaints + used, sizeof(complaints) - used, "%s %s (%lld); ", what, about, got);
}

static void try_all(const Misuse *table, size_t count, bool want_lines)
{
    const Field f = field_open();
    check_unharmed(&f);

    for (size_t i = 0; i < count; ++i) {
        const Misuse *m = &table[i];
        const size_t lines = W.line_count;
        const size_t events = f.r.b->count;
        const long long got = m->call(&f);

        if (got != m->want) {
            complain(m->what, "gives another value", got);
        }

        if (want_lines && m->logged && W.line_count == lines) {
            complain(m->what, "is not logged", got);
        }

        check_unharmed(&f);
        /* Only the packet of the check has come over. */
        CHECK_EQ(f.r.b->count, events + 1);
    }

    if (complaints[0] != '\0') {
        fail_at(__FILE__, __LINE__, "%s", complaints);
    }

    world_close();
}

/* CALL(name, expression) makes a function out of one call. */
#define CALL(name, expression) \
    static long long name(const Field *f) \
    { \
        (void)f; \
        return (long long)(expression); \
    }

/* ---- numbers out of range: both implementations ---- */

CALL(data_240, send_data(W.log, f->con, 240, data, 10))
CALL(data_255, send_data(W.log, f->con, 255, data, 10))
CALL(data_offline, send_data(W.log, f->con, f->offline, data, 10))
CALL(data_unused, send_data(W.log, f->con, f->unused, data, 10))
CALL(data_2032, send_data(W.log, f->con, f->online, data, 2032))
CALL(data_2047, send_data(W.log, f->con, f->online, data, 2047))
CALL(data_65535, send_data(W.log, f->con, f->online, data, 65535))
CALL(drop_240, send_disconnect_request(W.log, f->con, 240))
CALL(drop_255, send_disconnect_request(W.log, f->con, 255))
CALL(number_240, set_tcp_connection_number(f->con, 240, 1))
CALL(number_255, set_tcp_connection_number(f->con, 255, 1))
CALL(number_unused, set_tcp_connection_number(f->con, f->unused, 1))
CALL(oob_0, send_oob_packet(W.log, f->con, f->r.b->pk, data, 0))
CALL(oob_1025, send_oob_packet(W.log, f->con, f->r.b->pk, data, 1025))
CALL(oob_65535, send_oob_packet(W.log, f->con, f->r.b->pk, data, 65535))
CALL(onion_2032, send_onion_request(W.log, f->con, data, 2032))
CALL(onion_65535, send_onion_request(W.log, f->con, data, 65535))
CALL(forward_1793, send_forward_request_tcp(W.log, f->con, &f->dest, data, 1793))
CALL(forward_65535, send_forward_request_tcp(W.log, f->con, &f->dest, data, 65535))

static int forward_to_family(const Field *f, uint8_t family)
{
    IP_Port dest = f->dest;
    dest.ip.family.value = family;
    return send_forward_request_tcp(W.log, f->con, &dest, data, 10);
}

CALL(forward_unspecified, forward_to_family(f, 0))
CALL(forward_family_1, forward_to_family(f, 1))
CALL(forward_family_14, forward_to_family(f, 14))
CALL(forward_family_130, forward_to_family(f, 130))
CALL(forward_family_255, forward_to_family(f, 255))

#define ROW(name, want, logged) {#name, name, want, logged}

static const Misuse ranges[] = {
    /* A peer may go at any time, so data for one that is gone is no misuse. */
    ROW(data_240, -1, true), ROW(data_255, -1, true), ROW(data_offline, -1, false),
    ROW(data_unused, -1, false), ROW(data_2032, -1, true), ROW(data_2047, -1, true),
    ROW(drop_240, -1, true), ROW(drop_255, -1, true),
    ROW(number_240, -1, false), ROW(number_255, -1, false), ROW(number_unused, -1, false),
    ROW(oob_0, -1, true), ROW(oob_1025, -1, true), ROW(oob_65535, -1, true),
    ROW(onion_2032, -1, true), ROW(forward_1793, -1, true),
    ROW(forward_65535, -1, true), ROW(forward_unspecified, 0, true), ROW(forward_family_1, 0, true),
    ROW(forward_family_14, 0, true), ROW(forward_family_130, 0, true),
    ROW(forward_family_255, 0, true),
};

static void out_of_range(void)
{
    try_all(ranges, sizeof(ranges) / sizeof(ranges[0]), false);
}

static void out_of_range_is_logged(void)
{
    try_all(ranges, sizeof(ranges) / sizeof(ranges[0]), true);
}

/* One more than fits into 16 bits with the packet's id: 0.2.20 writes over its stack. */
static const Misuse longest[] = {ROW(data_65535, -1, true), ROW(onion_65535, -1, true)};

static void data_of_65535(void) { try_all(&longest[0], 1, false); }
static void onion_of_65535(void) { try_all(&longest[1], 1, false); }
static void length_65535_is_logged(void) { try_all(longest, 2, true); }

/* ---- NULL where it is not allowed: ours only, the original would crash ---- */

CALL(con_data, send_data(W.log, NULL, 0, data, 10))
CALL(con_drop, send_disconnect_request(W.log, NULL, 0))
CALL(con_ask, send_routing_request(W.log, NULL, data))
CALL(con_oob, send_oob_packet(W.log, NULL, data, data, 10))
CALL(con_onion, send_onion_request(W.log, NULL, data, 10))
CALL(con_forward, send_forward_request_tcp(W.log, NULL, &f->dest, data, 10))
CALL(con_number, set_tcp_connection_number(NULL, 0, 1))
CALL(con_status, tcp_con_status(NULL))
CALL(con_key, (intptr_t)tcp_con_public_key(NULL))
CALL(con_object, (intptr_t)tcp_con_custom_object(NULL))
CALL(con_uint, tcp_con_custom_uint(NULL))
CALL(key_ask, send_routing_request(W.log, f->con, NULL))
CALL(key_oob, send_oob_packet(W.log, f->con, NULL, data, 10))
CALL(null_data, send_data(W.log, f->con, f->online, NULL, 10))
CALL(null_oob, send_oob_packet(W.log, f->con, f->r.b->pk, NULL, 10))
CALL(null_onion, send_onion_request(W.log, f->con, NULL, 10))
CALL(null_forward, send_forward_request_tcp(W.log, f->con, &f->dest, NULL, 10))
CALL(null_dest, send_forward_request_tcp(W.log, f->con, NULL, data, 10))
/* Nothing to send is no misuse, and nothing goes out. */
CALL(null_empty, send_data(W.log, f->con, f->online, NULL, 0))
CALL(null_no_log, send_data(NULL, f->con, f->online, NULL, 10))
CALL(range_no_log, send_data(NULL, f->con, 240, data, 10))
CALL(family_no_log, send_forward_request_tcp(NULL, f->con, &(IP_Port){0}, data, 10))

static long long con_address(const Field *f)
{
    IP_Port zero;
    (void)f;
    memset(&zero, 0, sizeof(zero));
    const IP_Port got = tcp_con_ip_port(NULL);
    return memcmp(&got, &zero, sizeof(zero));
}

static long long con_void_functions(const Field *f)
{
    tcp_con_set_custom_object(NULL, &data);
    tcp_con_set_custom_uint(NULL, 1);
    routing_response_handler(NULL, NULL, NULL);
    routing_status_handler(NULL, NULL, NULL);
    routing_data_handler(NULL, NULL, NULL);
    oob_data_handler(NULL, NULL, NULL);
    onion_response_handler(NULL, NULL, NULL);
    forwarding_handler(NULL, NULL, NULL);
    kill_TCP_connection(NULL);
    do_TCP_connection(NULL, W.mono, NULL, NULL);
    do_TCP_connection(W.log, NULL, f->con, NULL);
    return 0;
}

CALL(con_do, (do_TCP_connection(W.log, W.mono, NULL, NULL), 0))

static const Misuse nulls[] = {
    ROW(con_data, -1, true), ROW(con_drop, -1, true), ROW(con_ask, -1, true),
    ROW(con_oob, -1, true), ROW(con_onion, -1, true), ROW(con_forward, -1, true),
    ROW(con_number, -1, false), ROW(con_status, TCP_CLIENT_DISCONNECTED, false),
    ROW(con_key, 0, false), ROW(con_object, 0, false), ROW(con_uint, 0, false),
    ROW(con_address, 0, false), ROW(con_void_functions, 0, false), ROW(con_do, 0, true),
    ROW(key_ask, -1, true), ROW(key_oob, -1, true), ROW(null_data, -1, true),
    ROW(null_oob, -1, true), ROW(null_onion, -1, true), ROW(null_forward, -1, true),
    ROW(null_dest, -1, true), ROW(null_empty, 1, false), ROW(null_no_log, -1, false),
    ROW(range_no_log, -1, false), ROW(family_no_log, 0, false),
};

static void null_pointers(void)
{
    try_all(nulls, sizeof(nulls) / sizeof(nulls[0]), true);
}

/* A missing callback means that nobody is interested. */
static void null_callbacks(void)
{
    Field f = field_open();
    Client *b = f.r.b;
    const size_t before = b->count;
    routing_response_handler(b->con, NULL, NULL);
    routing_status_handler(b->con, NULL, NULL);
    routing_data_handler(b->con, NULL, NULL);
    oob_data_handler(b->con, NULL, NULL);
    CHECK_EQ(send_data(W.log, f.con, f.online, data, 10), 1);
    CHECK_EQ(send_oob_packet(W.log, f.con, b->pk, data, 10), 1);
    CHECK_EQ(send_routing_request(W.log, b->con, data), 1);
    step_for(60);
    CHECK_EQ(b->count, before);
    client_watch(b);
    check_unharmed(&f);
    world_close();
}

static void custom_values(void)
{
    Field f = field_open();
    CHECK(tcp_con_custom_object(f.con) == NULL);
    CHECK_EQ(tcp_con_custom_uint(f.con), 0);
    tcp_con_set_custom_object(f.con, &f);
    tcp_con_set_custom_uint(f.con, UINT32_MAX);
    CHECK(tcp_con_custom_object(f.con) == &f);
    CHECK_EQ(tcp_con_custom_uint(f.con), UINT32_MAX);
    tcp_con_set_custom_object(f.con, NULL);
    CHECK(tcp_con_custom_object(f.con) == NULL);
    check_unharmed(&f);
    world_close();
}

enum { LONGEST = TOX_ABI == 220 ? T_OURS : 0 };

int main(int argc, char **argv)
{
    const Test tests[] = {
        {"out_of_range", out_of_range, T_FAST, 30},
        {"out_of_range_is_logged", out_of_range_is_logged, T_OURS | T_FAST, 30},
        {"data_of_65535", data_of_65535, LONGEST | T_FAST, 30},
        {"onion_of_65535", onion_of_65535, LONGEST | T_FAST, 30},
        {"length_65535_is_logged", length_65535_is_logged, T_OURS_BEFORE(222) | T_FAST, 30},
        {"null_pointers", null_pointers, T_OURS | T_FAST, 30},
        {"null_callbacks", null_callbacks, T_FAST, 30},
        {"custom_values", custom_values, T_FAST, 30},
    };

    return run_tests("misuse", tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
