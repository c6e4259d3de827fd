/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "scene.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

int error_;

Scene_Relay scene_relay(void)
{
    Scene_Relay scene;
    WORKS(scene.relay = toxlink_relay_new(NULL, ERR(Toxlink_Err_New)));
    CHECK(toxlink_relay_address(scene.relay, 0, scene.address, sizeof(scene.address)) < sizeof(scene.address));
    CHECK(toxlink_relay_public_key(scene.relay, scene.key));
    WORKS(toxlink_relay_start(scene.relay, ERR(Toxlink_Err_Iterate)));
    return scene;
}

const char *nowhere(void)
{
    static char text[64];
    struct sockaddr_in place = {.sin_family = AF_INET};
    socklen_t size = sizeof(place);
    const int s = socket(AF_INET, SOCK_STREAM, 0);
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(s != -1 && bind(s, (struct sockaddr *)&place, size) == 0);
    CHECK(getsockname(s, (struct sockaddr *)&place, &size) == 0);
    close(s);
    snprintf(text, sizeof(text), "127.0.0.1:%u", ntohs(place.sin_port));
    return text;
}

void await_status(Toxlink_Client *client, Toxlink_Client_Status status)
{
    const uint64_t end = real_ms() + PATIENCE_MS;

    while (toxlink_client_status(client) < status && real_ms() < end) {
        WORKS(toxlink_client_turn(client, TURN_MS, NULL, ERR(Toxlink_Err_Iterate)));
    }

    CHECK_EQ(toxlink_client_status(client), status);
}

Toxlink_Client *scene_client(const Scene_Relay *relay, const uint8_t *secret_key)
{
    Toxlink_Client *client;
    Toxlink_Options options;
    toxlink_options_init(&options, sizeof(options));
    options.secret_key = secret_key;
    WORKS(client = toxlink_client_new(&options, relay->address, relay->key, ERR(Toxlink_Err_New)));
    await_status(client, TOXLINK_CLIENT_STATUS_CONNECTED);
    return client;
}

typedef struct Ids {
    uint8_t id;
    bool granted;
    bool online;
} Ids;

static void on_route(Toxlink_Client *client, const uint8_t *key, uint8_t id, bool granted, void *user_data)
{
    Ids *ids = (Ids *)user_data;
    CHECK(client != NULL && key != NULL && granted);
    ids->id = id;
    ids->granted = true;
}

static void on_online(Toxlink_Client *client, uint8_t id, bool online, void *user_data)
{
    Ids *ids = (Ids *)user_data;
    CHECK(client != NULL && id == ids->id);
    ids->online = online;
}

Scene_Pair scene_pair(const Scene_Relay *relay)
{
    Scene_Pair pair;
    Ids ids[2] = {{0}, {0}};
    const uint64_t end = real_ms() + PATIENCE_MS;

    for (int i = 0; i < 2; ++i) {
        pair.client[i] = scene_client(relay, NULL);
        CHECK(toxlink_client_public_key(pair.client[i], pair.key[i]));
        toxlink_client_callback_route(pair.client[i], on_route);
        toxlink_client_callback_online(pair.client[i], on_online);
    }

    for (int i = 0; i < 2; ++i) {
        WORKS(toxlink_client_request_route(pair.client[i], pair.key[1 - i], ERR(Toxlink_Err_Route)));
    }

    while ((!ids[0].online || !ids[1].online) && real_ms() < end) {
        for (int i = 0; i < 2; ++i) {
            WORKS(toxlink_client_turn(pair.client[i], TURN_MS, &ids[i], ERR(Toxlink_Err_Iterate)));
        }
    }

    for (int i = 0; i < 2; ++i) {
        CHECK(ids[i].granted && ids[i].online);
        pair.id[i] = ids[i].id;
        toxlink_client_callback_route(pair.client[i], NULL);
        toxlink_client_callback_online(pair.client[i], NULL);
    }

    return pair;
}

void kill_pair(Scene_Pair *pair)
{
    toxlink_client_kill(pair->client[0]);
    toxlink_client_kill(pair->client[1]);
}

void turn_peers(Scene_Peers *peers)
{
    for (int i = 0; i < 2; ++i) {
        WORKS(toxlink_connections_turn(peers->connections[i], TURN_MS, NULL, ERR(Toxlink_Err_Iterate)));
    }
}

Scene_Peers scene_peers(const Scene_Relay *relay)
{
    Scene_Peers peers;
    const uint64_t end = real_ms() + PATIENCE_MS;

    for (int i = 0; i < 2; ++i) {
        WORKS(peers.connections[i] = toxlink_connections_new(NULL, ERR(Toxlink_Err_New)));
        CHECK(toxlink_connections_public_key(peers.connections[i], peers.key[i]));
    }

    for (int i = 0; i < 2; ++i) {
        peers.peer[i] = toxlink_connections_add_peer(peers.connections[i], peers.key[1 - i], NULL);
        CHECK(peers.peer[i] != TOXLINK_NO_PEER);
        WORKS(toxlink_connections_add_relay_for(peers.connections[i], peers.peer[i], relay->address, relay->key,
                                                ERR(Toxlink_Err_Relay)));
    }

    while ((toxlink_connections_online_relays(peers.connections[0], peers.peer[0]) == 0 ||
            toxlink_connections_online_relays(peers.connections[1], peers.peer[1]) == 0) &&
           real_ms() < end) {
        turn_peers(&peers);
    }

    CHECK_EQ(toxlink_connections_online_relays(peers.connections[0], peers.peer[0]), 1);
    CHECK_EQ(toxlink_connections_online_relays(peers.connections[1], peers.peer[1]), 1);
    return peers;
}

void kill_peers(Scene_Peers *peers)
{
    toxlink_connections_kill(peers->connections[0]);
    toxlink_connections_kill(peers->connections[1]);
}
