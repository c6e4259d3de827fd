/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "everything.h"

static const uint8_t data[100] = {1};

/* An iteration: done, or BUSY, and BUSY for sure from inside another one. */
static void check_iterate(bool worked, Toxlink_Err_Iterate error, Where where)
{
    if (where == INSIDE) {
        CHECK(!worked);
        CHECK_EQ(error, TOXLINK_ERR_ITERATE_BUSY);
    } else {
        CHECK_EQ(worked, error == TOXLINK_ERR_ITERATE_OK);
        CHECK(worked || error == TOXLINK_ERR_ITERATE_BUSY);
    }
}

/* A send: done or not, but no defect. */
static void check_send(bool worked, Toxlink_Err_Send error)
{
    CHECK_EQ(worked, error == TOXLINK_ERR_SEND_OK);
    CHECK(error != TOXLINK_ERR_SEND_INTERNAL && error != TOXLINK_ERR_SEND_NULL && error != TOXLINK_ERR_SEND_MALLOC);
}

void everything_client(Toxlink_Client *c, Where where, const uint8_t *key)
{
    Toxlink_Err_Iterate iterate;
    Toxlink_Err_Send send;
    Toxlink_Err_Route route;
    Toxlink_Client_Statistics statistics;
    uint8_t own[TOXLINK_KEY_SIZE];
    char text[100];
    /* One after the other: the order in which arguments are evaluated is open. */
    bool worked = toxlink_client_iterate(c, NULL, &iterate);
    check_iterate(worked, iterate, where);
    worked = toxlink_client_turn(c, 1, NULL, &iterate);
    check_iterate(worked, iterate, where);
    CHECK(toxlink_client_descriptor(c) >= 0 && toxlink_client_wait(c) >= -1);
    toxlink_client_wake(c);
    CHECK(toxlink_client_public_key(c, own) && toxlink_client_statistics(c, &statistics, sizeof(statistics)));
    CHECK(toxlink_client_status(c) <= TOXLINK_CLIENT_STATUS_DISCONNECTED);
    CHECK(toxlink_client_failure(c, text, sizeof(text)) < sizeof(text));
    worked = toxlink_client_request_route(c, key, &route);
    CHECK_EQ(worked, route == TOXLINK_ERR_ROUTE_OK);
    CHECK(route != TOXLINK_ERR_ROUTE_INTERNAL);
    worked = toxlink_client_release_route(c, 200, &route);
    CHECK(!worked && route != TOXLINK_ERR_ROUTE_INTERNAL);
    worked = toxlink_client_send(c, 0, data, sizeof(data), &send);
    check_send(worked, send);
    worked = toxlink_client_send_oob(c, key, data, sizeof(data), &send);
    check_send(worked, send);
    worked = toxlink_client_send_onion(c, data, sizeof(data), &send);
    check_send(worked, send);
    worked = toxlink_client_send_forward(c, "192.0.2.1:1", false, key, 1, data, sizeof(data), &send);
    check_send(worked, send);
}

static void everything_about_relays(Toxlink_Connections *c, uint32_t peer, const uint8_t *key)
{
    Toxlink_Err_Relay relay;
    Toxlink_Relay_Info info;
    uint8_t secret[TOXLINK_KEY_SIZE], other[TOXLINK_KEY_SIZE], keys[4][TOXLINK_KEY_SIZE];
    CHECK(toxlink_key_new(secret, other, NULL));
    toxlink_connections_add_relay(c, "127.0.0.1:1", other, &relay);
    /* Nobody else knows the key. */
    CHECK(relay == TOXLINK_ERR_RELAY_OK || relay == TOXLINK_ERR_RELAY_FULL);
    toxlink_connections_tie_relay(c, peer, other, &relay);
    CHECK(relay != TOXLINK_ERR_RELAY_INTERNAL);
    toxlink_connections_add_relay_for(c, peer, "[::1]:1", other, &relay);
    CHECK(relay != TOXLINK_ERR_RELAY_INTERNAL);
    toxlink_connections_relay_info(c, other, &info, sizeof(info));
    toxlink_connections_relay_info(c, key, &info, sizeof(info));
    toxlink_connections_relays(c, keys[0], 4);
    toxlink_connections_remove_relay(c, other, &relay);
    CHECK(relay == TOXLINK_ERR_RELAY_OK || relay == TOXLINK_ERR_RELAY_NOT_FOUND);
}

void everything_connections(Toxlink_Connections *c, Where where, const uint8_t *key)
{
    Toxlink_Err_Iterate iterate;
    Toxlink_Err_Send send;
    Toxlink_Err_Peer error;
    Toxlink_Peer_Info info;
    uint8_t secret[TOXLINK_KEY_SIZE], own[TOXLINK_KEY_SIZE], other[TOXLINK_KEY_SIZE];
    bool worked = toxlink_connections_iterate(c, NULL, &iterate);
    check_iterate(worked, iterate, where);
    worked = toxlink_connections_turn(c, 1, NULL, &iterate);
    check_iterate(worked, iterate, where);
    CHECK(toxlink_connections_descriptor(c) >= 0 && toxlink_connections_wait(c) >= -1);
    toxlink_connections_wake(c);
    CHECK(toxlink_connections_public_key(c, own));
    CHECK(toxlink_key_new(secret, other, NULL));
    const uint32_t peer = toxlink_connections_add_peer(c, other, &error);
    CHECK(peer != TOXLINK_NO_PEER && error == TOXLINK_ERR_PEER_OK);
    CHECK(toxlink_connections_set_sleeping(c, peer, true, NULL) && toxlink_connections_set_sleeping(c, peer, false, NULL));
    CHECK_EQ(toxlink_connections_peer_by_key(c, other), peer);
    CHECK(toxlink_connections_peer_key(c, peer, own) && memcmp(own, other, sizeof(own)) == 0);
    CHECK_EQ(toxlink_connections_online_relays(c, peer), 0);
    everything_about_relays(c, peer, key);
    worked = toxlink_connections_send(c, peer, data, sizeof(data), &send);
    check_send(worked, send);
    worked = toxlink_connections_send(c, 0, data, sizeof(data), &send);
    check_send(worked, send);
    worked = toxlink_connections_send_oob(c, key, other, data, sizeof(data), &send);
    check_send(worked, send);
    worked = toxlink_connections_send_onion(c, NULL, data, sizeof(data), &send);
    check_send(worked, send);
    worked = toxlink_connections_send_forward(c, NULL, "192.0.2.1:1", true, NULL, 0, data, sizeof(data), &send);
    check_send(worked, send);
    toxlink_connections_set_onion(c, true);
    toxlink_connections_set_onion(c, false);
    CHECK(toxlink_connections_peer_info(c, peer, &info, sizeof(info)));
    CHECK(toxlink_connections_remove_peer(c, peer, &error));
    CHECK(!toxlink_connections_peer_info(c, peer, &info, sizeof(info)));
}

void everything_relay(Toxlink_Relay *relay, Where where)
{
    Toxlink_Err_Iterate error;
    Toxlink_Relay_Figures figures;
    uint8_t key[TOXLINK_KEY_SIZE];
    char text[64];
    bool worked = toxlink_relay_iterate(relay, &error);
    check_iterate(worked, error, where);
    worked = toxlink_relay_turn(relay, 1, &error);
    check_iterate(worked, error, where);

    if (where == INSIDE) {
        worked = toxlink_relay_start(relay, &error);
        check_iterate(worked, error, where);
    }

    CHECK(toxlink_relay_descriptor(relay) >= 0 && toxlink_relay_wait(relay) >= -1);
    CHECK(toxlink_relay_public_key(relay, key) && toxlink_relay_figures(relay, &figures, sizeof(figures)));
    CHECK(toxlink_relay_port(relay, 0) != 0 && toxlink_relay_address(relay, 0, text, sizeof(text)) > 0);
}

void everything_new(void)
{
    uint8_t secret[TOXLINK_KEY_SIZE], key[TOXLINK_KEY_SIZE];
    CHECK(toxlink_key_new(secret, key, NULL));
    Toxlink_Client *client = toxlink_client_new(NULL, "127.0.0.1:1", key, NULL);
    Toxlink_Connections *connections = toxlink_connections_new(NULL, NULL);
    Toxlink_Relay *relay = toxlink_relay_new(NULL, NULL);
    CHECK(client != NULL && connections != NULL && relay != NULL);
    everything_client(client, OUTSIDE, key);
    everything_connections(connections, OUTSIDE, key);
    everything_relay(relay, OUTSIDE);
    CHECK(toxlink_relay_start(relay, NULL));
    toxlink_client_kill(client);
    toxlink_connections_kill(connections);
    toxlink_relay_kill(relay);
}
