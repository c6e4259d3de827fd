/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The calls of the API, each with a line in the trace and what it put on the wire; and the moves
 * that most scenarios begin with. */
#include "suite.h"

static int done(const char *what, long argument, const char *more, int result)
{
    t_line("call %s %ld%s -> %d", what, argument, more, result);
    look();
    return result;
}

static int done_with(const char *what, long argument, const char *word, long number, int result)
{
    char more[60];
    snprintf(more, sizeof(more), " %s %ld", word, number);
    return done(what, argument, more, result);
}

int api_peer(int p)
{
    const int conn = new_tcp_connection_to(world.tc, peer_key(p), 10 + p);

    if (conn >= world.peers && conn < 8) {
        world.peers = conn + 1;
    }

    return done("new_tcp_connection_to", p, "", conn);
}

int api_kill(int conn)
{
    return done("kill_tcp_connection_to", conn, "", kill_tcp_connection_to(world.tc, conn));
}

int api_status(int conn, bool active)
{
    return done("set_tcp_connection_to_status", conn, active ? " in use" : " not in use",
                set_tcp_connection_to_status(world.tc, conn, active));
}

int api_online(int conn)
{
    return (int)tcp_connection_to_online_tcp_relays(world.tc, conn);
}

int api_send(int conn, size_t len, uint8_t fill)
{
    const int result = send_packet_tcp_connection(world.tc, conn, payload(fill), (uint16_t)len);
    return done_with("send_packet_tcp_connection", conn, "len", (long)len, result);
}

int api_global(int r)
{
    const IP_Port address = relay_address(r);
    return done("add_tcp_relay_global", r, "", add_tcp_relay_global(world.tc, &address, relays[r].pk));
}

int api_add_at(int conn, const IP_Port *address, int r)
{
    const int result = add_tcp_relay_connection(world.tc, conn, address, relay_at(r)->pk);
    return done_with("add_tcp_relay_connection", conn, "relay", r, result);
}

int api_add(int conn, int r)
{
    const IP_Port address = relay_address(r);
    return api_add_at(conn, &address, r);
}

int api_number(int conn, unsigned number)
{
    const int result = add_tcp_number_relay_connection(world.tc, conn, number);
    return done_with("add_tcp_number_relay_connection", conn, "number", number, result);
}

int api_kill_relay(int number)
{
    return done("kill_tcp_relay_connection", number, "", kill_tcp_relay_connection(world.tc, number));
}

int api_oob(unsigned number, int p, size_t len, uint8_t fill)
{
    const int result = tcp_send_oob_packet(world.tc, number, peer_key(p), payload(fill), (uint16_t)len);
    return done_with("tcp_send_oob_packet", number, "len", (long)len, result);
}

int api_oob_key(int r, int p, size_t len, uint8_t fill)
{
    const int result = tcp_send_oob_packet_using_relay(world.tc, relay_at(r)->pk, peer_key(p), payload(fill),
                       (uint16_t)len);
    return done_with("tcp_send_oob_packet_using_relay", r, "len", (long)len, result);
}

int api_onion(uint32_t number, size_t len, uint8_t fill)
{
    const int result = tcp_send_onion_request(world.tc, number, payload(fill), (uint16_t)len);
    return done_with("tcp_send_onion_request", number, "len", (long)len, result);
}

int api_onion_status(bool on)
{
    return done("set_tcp_onion_status", on, "", set_tcp_onion_status(world.tc, on));
}

unsigned count(void)
{
    return tcp_connections_count(world.tc);
}

unsigned connected(void)
{
    return tcp_connected_relays_count(world.tc);
}

long new_frames(int r)
{
    static unsigned long seen[RELAYS];
    const unsigned long now = relay_at(r)->frames;
    const unsigned long before = now < seen[r] ? 0 : seen[r]; /* less after world_again */
    seen[r] = now;
    return (long)(now - before);
}

long new_connections(int r)
{
    static unsigned seen[RELAYS];
    const unsigned now = relay_at(r)->connections;
    const unsigned before = now < seen[r] ? 0 : seen[r];
    seen[r] = now;
    return (long)(now - before);
}

/* ------------------------------------------------------------- frequent moves */

void up_all(int first, int last)
{
    pass();

    for (int r = first; r <= last; ++r) {
        relay_answer(r);
    }

    passes(2);
}

void up(int r)
{
    up_all(r, r);
}

void registered(int r, int p, uint8_t id)
{
    relay_response(r, id, p);
    pass();
}

void online(int r, int p, uint8_t id)
{
    registered(r, p, id);
    relay_notify(r, 2, id);
    pass();
}

void peer_on(int p, int first, int last)
{
    expect("connection number", api_peer(p), p);

    for (int r = first; r <= last; ++r) {
        expect("add", api_add(p, r), 0);
    }

    up_all(first, last);
}
