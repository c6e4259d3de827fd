/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Clients: their keys, and a note of everything they are told.
 */
#include "world.h"

#include <sodium.h>
#include <stdlib.h>

size_t client_note(Client *client, Event_Kind kind, const uint8_t *data, uint16_t length)
{
    if (client->count == client->capacity) {
        client->capacity = client->capacity == 0 ? 64 : client->capacity * 2;
        client->events = (Event *)realloc(client->events, client->capacity * sizeof(Event));
        CHECK(client->events != NULL);
    }

    Event *event = &client->events[client->count];
    memset(event, 0, sizeof(*event));
    event->kind = kind;
    event->object = client;
    event->length = length;

    if (length > 0) {
        event->data = (uint8_t *)malloc(length);
        CHECK(event->data != NULL);
        memcpy(event->data, data, length);
    }

    return client->count++;
}

void client_react(Client *client, size_t index, const uint8_t *data, const uint8_t *pk)
{
    if (client->react != NULL) {
        client->react(client, client->events[index].kind);
    }

    const Event *event = &client->events[index];
    CHECK(event->length == 0 || memcmp(event->data, data, event->length) == 0);
    CHECK(pk == NULL || memcmp(event->pk, pk, 32) == 0);
}

static int on_response(void *object, uint8_t con_id, const uint8_t *public_key)
{
    Client *client = (Client *)object;
    const size_t i = client_note(client, EV_RESPONSE, NULL, 0);
    CHECK(con_id < 240);
    client->events[i].con_id = con_id;
    memcpy(client->events[i].pk, public_key, 32);
    client->id_status[con_id] = 1;
    memcpy(client->id_peer[con_id], public_key, 32);
    client_react(client, i, NULL, public_key);
    return 0;
}

static int on_status(void *object, uint32_t number, uint8_t con_id, uint8_t status)
{
    Client *client = (Client *)object;
    const size_t i = client_note(client, EV_STATUS, NULL, 0);
    CHECK(con_id < 240);
    client->events[i].number = number;
    client->events[i].con_id = con_id;
    client->events[i].status = status;
    client->id_status[con_id] = status;
    client_react(client, i, NULL, NULL);
    return 0;
}

static int on_data(void *object, uint32_t number, uint8_t con_id, const uint8_t *data,
                   uint16_t length, void *userdata)
{
    Client *client = (Client *)object;
    const size_t i = client_note(client, EV_DATA, data, length);
    client->events[i].number = number;
    client->events[i].con_id = con_id;
    client->events[i].userdata = userdata;
    client_react(client, i, data, NULL);
    return 0;
}

static int on_oob(void *object, const uint8_t *public_key, const uint8_t *data, uint16_t length,
                  void *userdata)
{
    Client *client = (Client *)object;
    const size_t i = client_note(client, EV_OOB, data, length);
    memcpy(client->events[i].pk, public_key, 32);
    client->events[i].userdata = userdata;
    client_react(client, i, data, public_key);
    return 0;
}

static int on_onion(void *object, const uint8_t *data, uint16_t length, void *userdata)
{
    Client *client = (Client *)object;
    const size_t i = client_note(client, EV_ONION, data, length);
    client->events[i].userdata = userdata;
    client_react(client, i, data, NULL);
    return 0;
}

static void on_forwarded(void *object, const uint8_t *data, uint16_t length, void *userdata)
{
    Client *client = (Client *)object;
    const size_t i = client_note(client, EV_FORWARDED, data, length);
    client->events[i].userdata = userdata;
    client_react(client, i, data, NULL);
}

Client *client_new(void)
{
    for (size_t i = 0; i < MAX_CLIENTS; ++i) {
        Client *client = &W.clients[i];

        /* A client keeps its slot, and its events, after it was killed. */
        if (sodium_is_zero(client->pk, 32)) {
            CHECK(crypto_box_keypair(client->pk, client->sk) == 0);
            return client;
        }
    }

    fail_at(__FILE__, __LINE__, "too many clients");
}

void client_watch(Client *client)
{
    routing_response_handler(client->con, on_response, client);
    routing_status_handler(client->con, on_status, client);
    routing_data_handler(client->con, on_data, client);
    oob_data_handler(client->con, on_oob, client);
    onion_response_handler(client->con, on_onion, client);
    forwarding_handler(client->con, on_forwarded, client);
}

Client *client_connect(const IP_Port *addr, const uint8_t *relay_pk, const TCP_Proxy_Info *proxy)
{
    Client *client = client_new();
    client->con = new_TCP_connection(W.log, W.mono, &W.own_rng, W.ns, addr, relay_pk, client->pk,
                                     client->sk, proxy);

    if (client->con != NULL) {
        client_watch(client);
    }

    return client;
}

Client *client_to(const Relay *relay)
{
    const IP_Port addr = relay_address(relay);
    Client *client = client_connect(&addr, relay->pk, NULL);
    CHECK(client->con != NULL);
    if (!step_until(confirmed, client, 5000)) {
        fail_at(__FILE__, __LINE__, "no connection to the relay: status %d", (int)status_of(client));
    }
    return client;
}

void client_kill(Client *client)
{
    kill_TCP_connection(client->con);
    client->con = NULL;
    memset(client->id_status, 0, sizeof(client->id_status));
}

void client_drop(Client *client, uint8_t con_id)
{
    CHECK_EQ(send_disconnect_request(W.log, client->con, con_id), 1);
    client->id_status[con_id] = 0;
}

void client_forget_events(Client *client)
{
    for (size_t i = 0; i < client->count; ++i) {
        free(client->events[i].data);
    }

    client->count = 0;
}

TCP_Client_Status status_of(const Client *client)
{
    return tcp_con_status(client->con);
}
