/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Turning the world, and what tests wait for.
 */
#include "world.h"

#include <unistd.h>

enum { STEPS_AT_LEAST = 20 };

void step(void)
{
    const Mono_Time *relay_mono = W.relay_mono == NULL ? W.mono : W.relay_mono;
    mono_time_update(W.mono);

    for (size_t i = 0; i < MAX_RELAYS; ++i) {
        if (W.relays[i].server != NULL && !W.relays[i].paused) {
            do_TCP_server(W.relays[i].server, relay_mono);
        }

        if (W.relays[i].own != NULL && !W.relays[i].paused) {
            W.relays[i].accepted_count = own_relay_do(W.relays[i].own);
        }
    }

    for (size_t i = 0; i < MAX_CLIENTS; ++i) {
        if (W.clients[i].con != NULL && !W.clients[i].paused) {
            do_TCP_connection(W.log, W.mono, W.clients[i].con, &W.clients[i]);
        }
    }

    if (W.step_more != NULL) {
        W.step_more();
    }
}

void jump_seconds(unsigned seconds)
{
    W.ms += (uint64_t)seconds * 1000;
    mono_time_update(W.mono);
}

void pass_seconds(unsigned seconds)
{
    for (unsigned i = 0; i < seconds; ++i) {
        jump_seconds(1);
        step();
        /* Twice, so that an answer of the relay arrives within its second. The original client's small
         * packets wait for an acknowledgement, which the system sends after 40 ms unless there is data
         * to send, and toxlink's relay has none, as its time is the real one. */
        usleep(wants_own_relay() ? 5000 : 500);
        step();
    }
}

/* On a busy machine a moment may be over before anything was done in it. */
void step_for(unsigned ms)
{
    const uint64_t end = real_ms() + ms;

    for (unsigned i = 0; i < STEPS_AT_LEAST || real_ms() < end; ++i) {
        step();
        usleep(300);
    }
}

bool step_until(bool (*done)(void *arg), void *arg, unsigned ms)
{
    const uint64_t end = real_ms() + (uint64_t)ms * (uint64_t)slowness();

    for (unsigned i = 0; !done(arg); ++i) {
        if (real_ms() >= end) {
            return false;
        }

        step();

        if (i > 20) {
            usleep(300);
        }
    }

    return true;
}

bool confirmed(void *client)
{
    return status_of((const Client *)client) == TCP_CLIENT_CONFIRMED;
}

bool disconnected(void *client)
{
    return status_of((const Client *)client) == TCP_CLIENT_DISCONNECTED;
}

const Event *next_event(const Client *client, Event_Kind kind, size_t *from)
{
    while (*from < client->count) {
        const Event *event = &client->events[(*from)++];

        if (event->kind == kind) {
            return event;
        }
    }

    return NULL;
}

size_t count_events(const Client *client, Event_Kind kind)
{
    size_t from = 0;
    size_t found = 0;

    while (next_event(client, kind, &from) != NULL) {
        ++found;
    }

    return found;
}

typedef struct Awaited {
    Client *client;
    Event_Kind kind;
    size_t count;
} Awaited;

static bool has_come(void *arg)
{
    const Awaited *awaited = (const Awaited *)arg;
    return count_events(awaited->client, awaited->kind) >= awaited->count;
}

void await_events(Client *client, Event_Kind kind, size_t count, unsigned ms)
{
    Awaited awaited = {client, kind, count};

    if (!step_until(has_come, &awaited, ms)) {
        const int status = client->con == NULL ? -1 : (int)status_of(client);
        fail_at(__FILE__, __LINE__, "%zu of %zu events of kind %d came, status %d",
                count_events(client, kind), count, (int)kind, status);
    }
}

/* The client knows `pk` under an id that is online. */
static bool find_online(const Client *client, const uint8_t *pk, uint8_t *con_id)
{
    for (unsigned id = 0; id < 240; ++id) {
        if (client->id_status[id] == 2 && memcmp(client->id_peer[id], pk, 32) == 0) {
            *con_id = (uint8_t)id;
            return true;
        }
    }

    return false;
}

static bool is_routed(void *arg)
{
    Route *r = (Route *)arg;
    return find_online(r->a, r->b->pk, &r->id_at_a) && find_online(r->b, r->a->pk, &r->id_at_b);
}

Route route(Client *a, Client *b)
{
    Route r = {.a = a, .b = b};
    CHECK_EQ(send_routing_request(W.log, a->con, b->pk), 1);
    CHECK_EQ(send_routing_request(W.log, b->con, a->pk), 1);

    if (!step_until(is_routed, &r, 5000)) {
        fail_at(__FILE__, __LINE__, "no route between the clients");
    }

    return r;
}

static void check_one_way(Client *from, uint8_t from_id, Client *to, uint8_t to_id)
{
    uint8_t data[100];
    size_t seen = to->count;
    const size_t before = count_events(to, EV_DATA);
    rand_bytes(data, sizeof(data));
    CHECK_EQ(send_data(W.log, from->con, from_id, data, sizeof(data)), 1);
    await_events(to, EV_DATA, before + 1, 5000);

    const Event *event = next_event(to, EV_DATA, &seen);
    CHECK_EQ(event->con_id, to_id);
    CHECK_EQ(event->length, sizeof(data));
    CHECK_BYTES(event->data, data, sizeof(data));
}

void check_route_works(const Route *r)
{
    check_one_way(r->a, r->id_at_a, r->b, r->id_at_b);
    check_one_way(r->b, r->id_at_b, r->a, r->id_at_a);
}
