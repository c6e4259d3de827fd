/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One toxcore TCP client, connected to the pump, with one route that is online. */
#include "bench.h"
#include "toxabi.h"

#include <netinet/in.h>
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

static int on_data(void *object, uint32_t number, uint8_t con_id, const uint8_t *data, uint16_t length,
                   void *userdata)
{
    Session *session = (Session *)object;
    (void)number;
    (void)con_id;
    (void)userdata;

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

static IP_Port loopback_port(uint16_t port)
{
    IP_Port address;
    memset(&address, 0, sizeof(address));
    address.ip.family = net_family_ipv4();
    address.ip.ip.v4 = get_ip4_loopback();
    address.port = net_htons(port);
    return address;
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

void session_open(Session *session, const Pump *pump)
{
    Keys keys;
    const IP_Port address = loopback_port(pump->port);
    const Random *rng = system_random();
    memset(session, 0, sizeof(*session));
    crypto_box_keypair(keys.pk, keys.sk);
    share_logger_and_clock(session);
    session->con_id = -1;
    session->size = pump->size;
    session->sample_every = SAMPLE_EVERY;
    session->expected = pump->packets;
    session->allowed = &pump->shared->allowed;
    const uint64_t before = thread_cpu_ns();
    session->connection = new_TCP_connection(session->log, session->time, rng, system_network(), &address,
                                             pump->keys.pk, keys.pk, keys.sk, NULL);
    session->create_cpu_ns = thread_cpu_ns() - before;

    if (session->connection == NULL) {
        die("the client could not be created");
    }

    routing_response_handler(session->connection, on_response, session);
    routing_status_handler(session->connection, on_status, session);
    routing_data_handler(session->connection, on_data, session);
}

void session_step(Session *session)
{
    do_TCP_connection(session->log, session->time, session->connection, NULL);
}

static void step_and_wait(Session *session, const Pump *pump, uint64_t deadline, const char *what)
{
    mono_time_update(session->time);
    session_step(session);
    pump_check(pump);

    if (now_ns() > deadline || tcp_con_status(session->connection) == TCP_CLIENT_DISCONNECTED) {
        die("%s: no success, status %d", what, (int)tcp_con_status(session->connection));
    }

    pause_ns(1000000U);
}

void session_route(Session *session, const Pump *pump)
{
    const uint64_t deadline = now_ns() + SETUP_LIMIT_MS * 1000000ULL;
    uint8_t peer[KEY_SIZE];
    randombytes_buf(peer, sizeof(peer));

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
    memset(session, 0, sizeof(*session));
}
