/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One toxcore TCP client, connected to the pump, with one route that is online; alone, or as the only relay
 * of a TCP_Connections with one peer.
 */
#include "relays.h"
#include "toxabi.h"
#include "versions.h"

#include <sodium.h>
#include <string.h>

enum { SETUP_LIMIT_MS = 8000, SAMPLE_EVERY = 64 };

static int on_response(void *object, uint8_t con_id, const uint8_t *public_key)
{
    Session *session = (Session *)object;
    (void)public_key;
    session->con_id = con_id;
    return 0;
}

static int on_status(void *object, uint32_t number, uint8_t con_id, uint8_t status)
{
    Session *session = (Session *)object;
    (void)number;
    (void)con_id;
    session->online = status == 2;
    return 0;
}

static void sample(Session *session)
{
    session->last_wall = now_ns();
    session->last_cpu = thread_cpu_ns();
    session->last_count = session->received;

    if (session->received == 1) {
        session->first_wall = session->last_wall;
        session->first_cpu = session->last_cpu;
    }
}

static int take_packet(Session *session, const uint8_t *data, uint16_t length)
{
    if (length != session->size || get_u64(data) != session->received) {
        ++session->damaged;
    }

    ++session->received;

    if (session->sample_every != 0
        && (session->received == 1 || session->received % session->sample_every == 0
            || session->received == session->expected)) {
        sample(session);
    }

    /* Every eighth packet is enough to keep the window open, and spares the shared cache line. */
    if (session->window != 0 && session->received % 8 == 0) {
        atomic_store_explicit(session->allowed, session->received + session->window, memory_order_release);
    }

    return 0;
}

static int on_data(void *object, uint32_t number, uint8_t con_id, const uint8_t *data, uint16_t length,
                   void *userdata)
{
    (void)number;
    (void)con_id;
    (void)userdata;
    return take_packet((Session *)object, data, length);
}

static int on_peer_data(void *object, int id, const uint8_t *data, uint16_t length, void *userdata)
{
    (void)id;
    (void)userdata;
    return take_packet((Session *)object, data, length);
}

/* One logger and one clock for all clients of the process, as in a Tox instance. */
static void share_logger_and_clock(Session *session)
{
    static Logger *log;
    static Mono_Time *time;

    if (log == NULL) {
        log = logger_new();
        time = mono_time_new(NULL, NULL);
    }

    session->log = log;
    session->time = time;
}

static void prepare(Session *session, const Pump *pump)
{
    memset(session, 0, sizeof(*session));
    share_logger_and_clock(session);
    session->con_id = -1;
    session->size = pump->size;
    session->sample_every = SAMPLE_EVERY;
    session->expected = pump->packets;
    session->allowed = &pump->shared->allowed;
}

static void open_alone(Session *session, const Pump *pump, const Keys *own)
{
    IP_Port address;
    loopback_address(pump->port, &address);
    const Random *rng = system_random();
    const uint64_t before = thread_cpu_ns();
    session->connection = new_TCP_connection(session->log, session->time, rng, system_network(), &address,
                                             pump->keys.pk, own->pk, own->sk, NULL);
    session->create_cpu_ns = thread_cpu_ns() - before;

    if (session->connection == NULL) {
        die("the client could not be created");
    }

    routing_response_handler(session->connection, on_response, session);
    routing_status_handler(session->connection, on_status, session);
    routing_data_handler(session->connection, on_data, session);
}

static void open_layer(Session *session, const Pump *pump, const Keys *own)
{
    uint8_t peer[KEY_SIZE];
    IP_Port address;
    loopback_address(pump->port, &address);
    randombytes_buf(peer, sizeof(peer));
    session->tc = open_connections(session->log, session->time, own->sk);
    set_packet_tcp_connection_callback(session->tc, on_peer_data, session);
    session->peer = new_tcp_connection_to(session->tc, peer, 0);

    if (add_tcp_relay_connection(session->tc, session->peer, &address, pump->keys.pk) != 0) {
        die("the relay was not taken");
    }
}

void session_open(Session *session, const Pump *pump, bool layer)
{
    Keys own;
    prepare(session, pump);
    crypto_box_keypair(own.pk, own.sk);

    if (layer) {
        open_layer(session, pump, &own);
    } else {
        open_alone(session, pump, &own);
    }
}

void session_step(Session *session)
{
    if (session->tc != NULL) {
        do_tcp_connections(session->log, session->tc, NULL);
        return;
    }

    do_TCP_connection(session->log, session->time, session->connection, NULL);
}

/* The other layer does not tell a full socket from a failure. */
int session_send(Session *session, const uint8_t *data, uint16_t length)
{
    if (session->tc != NULL) {
        return send_packet_tcp_connection(session->tc, session->peer, data, length) == 0 ? 1 : 0;
    }

    return send_data(session->log, session->connection, (uint8_t)session->con_id, data, length);
}

static bool lost(const Session *session)
{
    return session->tc == NULL && tcp_con_status(session->connection) == TCP_CLIENT_DISCONNECTED;
}

static void step_and_wait(Session *session, const Pump *pump, uint64_t deadline, const char *what)
{
    mono_time_update(session->time);
    session_step(session);
    pump_check(pump);

    if (now_ns() > deadline || lost(session)) {
        die("%s: no success", what);
    }

    pause_ns(1000000U);
}

static void route_layer(Session *session, const Pump *pump, uint64_t deadline)
{
    while (tcp_connection_to_online_tcp_relays(session->tc, session->peer) == 0
            || !atomic_load(&pump->shared->ready)) {
        step_and_wait(session, pump, deadline, "route of a peer");
    }
}

void session_route(Session *session, const Pump *pump)
{
    const uint64_t deadline = now_ns() + SETUP_LIMIT_MS * 1000000ULL;
    uint8_t peer[KEY_SIZE];
    randombytes_buf(peer, sizeof(peer));

    if (session->tc != NULL) {
        route_layer(session, pump, deadline);
        return;
    }

    while (tcp_con_status(session->connection) != TCP_CLIENT_CONFIRMED) {
        step_and_wait(session, pump, deadline, "handshake");
    }

    if (send_routing_request(session->log, session->connection, peer) != 1) {
        die("the routing request was refused");
    }

    while (!session->online || !atomic_load(&pump->shared->ready)) {
        step_and_wait(session, pump, deadline, "route");
    }
}

void session_close(Session *session)
{
    kill_TCP_connection(session->connection);
    kill_tcp_connections(session->tc);
    memset(session, 0, sizeof(*session));
}
