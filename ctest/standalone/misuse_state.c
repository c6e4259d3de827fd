/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Calls that come too early, too late or with too much: objects that are connected, are not yet, or are not
 * any more; peers, relays and connection ids that there are not; packets that are too short or too long.
 */
#include "scene.h"

#include <stdlib.h>

static uint8_t stranger[TOXLINK_KEY_SIZE] = {9};
/* Shorter than some lengths below: nothing is read of a packet that is too long. */
static uint8_t data[8192];
static const char *const place = "127.0.0.1:33445";

static const size_t too_long[] = {DATA_MAX + 1, 4096, 65535, 65536, SIZE_MAX / 2, SIZE_MAX / 2 + 1, SIZE_MAX - 1, SIZE_MAX};

enum { TOO_LONG = sizeof(too_long) / sizeof(too_long[0]) };

/* A length that no object can have is answered as a wrong pointer is. */
#define TOO_LONG_FOR(call) \
    do { \
        error_ = 12345; \
        CHECK(!(call)); \
        CHECK(error_ == TOXLINK_ERR_SEND_LENGTH || error_ == TOXLINK_ERR_SEND_NULL); \
    } while (0)

static void send_nothing(Toxlink_Client *c, int code)
{
    FAILS(toxlink_client_request_route(c, stranger, ERR(Toxlink_Err_Route)), TOXLINK_ERR_ROUTE_NOT_CONNECTED);
    FAILS(toxlink_client_send(c, 0, data, 1, ERR(Toxlink_Err_Send)), code);
    FAILS(toxlink_client_send(c, 239, data, DATA_MAX, ERR(Toxlink_Err_Send)), code);
    FAILS(toxlink_client_send(c, 240, data, 1, ERR(Toxlink_Err_Send)), TOXLINK_ERR_SEND_NOT_FOUND);
    FAILS(toxlink_client_send(c, 255, data, 1, ERR(Toxlink_Err_Send)), TOXLINK_ERR_SEND_NOT_FOUND);
    FAILS(toxlink_client_send_oob(c, stranger, data, 1, ERR(Toxlink_Err_Send)), code);
    FAILS(toxlink_client_send_onion(c, data, 1, ERR(Toxlink_Err_Send)), code);
    FAILS(toxlink_client_send_forward(c, place, false, NULL, 0, data, 1, ERR(Toxlink_Err_Send)), code);
    CHECK(!toxlink_client_release_route(c, 0, NULL) && !toxlink_client_release_route(c, 255, NULL));
}

static void client_too_early_and_too_late(void)
{
    Toxlink_Client_Statistics statistics;
    char text[64];
    Toxlink_Client *c = toxlink_client_new(NULL, nowhere(), stranger, NULL);
    CHECK_EQ(toxlink_client_status(c), TOXLINK_CLIENT_STATUS_CONNECTING);
    send_nothing(c, TOXLINK_ERR_SEND_NOT_CONNECTED);
    await_status(c, TOXLINK_CLIENT_STATUS_DISCONNECTED);
    send_nothing(c, TOXLINK_ERR_SEND_NOT_CONNECTED);
    const size_t length = toxlink_client_failure(c, text, sizeof(text));
    CHECK(length > 0 && length == strlen(text));

    for (size_t size = 0; size < sizeof(text); ++size) {
        memset(text, 'x', sizeof(text));
        CHECK_EQ(toxlink_client_failure(c, text, size), length);
        CHECK_EQ(text[size], 'x');
        CHECK(size == 0 || strlen(text) == (size > length ? length : size - 1));
    }

    /* It goes on to be one that is over. */
    for (int i = 0; i < 3; ++i) {
        WORKS(toxlink_client_iterate(c, NULL, ERR(Toxlink_Err_Iterate)));
        WORKS(toxlink_client_turn(c, 1, NULL, ERR(Toxlink_Err_Iterate)));
    }

    CHECK(toxlink_client_statistics(c, &statistics, sizeof(statistics)));
    CHECK_EQ(toxlink_client_wait(c), -1);
    toxlink_client_kill(c);
}

static void client_lengths(void)
{
    const Scene_Relay relay = scene_relay();
    Scene_Pair pair = scene_pair(&relay);
    Toxlink_Client *c = pair.client[0];
    const uint8_t id = pair.id[0];
    uint8_t chain[255][TOXLINK_KEY_SIZE];
    memset(chain, 9, sizeof(chain));

    for (size_t i = 0; i < TOO_LONG; ++i) {
        TOO_LONG_FOR(toxlink_client_send(c, id, data, too_long[i], ERR(Toxlink_Err_Send)));
        TOO_LONG_FOR(toxlink_client_send_oob(c, stranger, data, too_long[i], ERR(Toxlink_Err_Send)));
        TOO_LONG_FOR(toxlink_client_send_onion(c, data, too_long[i], ERR(Toxlink_Err_Send)));
        TOO_LONG_FOR(toxlink_client_send_forward(c, place, true, NULL, 0, data, too_long[i], ERR(Toxlink_Err_Send)));
        TOO_LONG_FOR(toxlink_client_send_forward(c, place, true, chain[0], too_long[i], data, 1, ERR(Toxlink_Err_Send)));
    }

    const int length = TOXLINK_ERR_SEND_LENGTH;
    FAILS(toxlink_client_send(c, id, data, 0, ERR(Toxlink_Err_Send)), length);
    FAILS(toxlink_client_send(c, id, NULL, 0, ERR(Toxlink_Err_Send)), length);
    FAILS(toxlink_client_send_oob(c, stranger, data, 0, ERR(Toxlink_Err_Send)), length);
    FAILS(toxlink_client_send_oob(c, stranger, data, OOB_MAX + 1, ERR(Toxlink_Err_Send)), length);
    FAILS(toxlink_client_send_forward(c, place, false, NULL, 0, data, FORWARD_MAX + 1, ERR(Toxlink_Err_Send)), length);
    FAILS(toxlink_client_send_forward(c, place, false, chain[0], 5, data, 1, ERR(Toxlink_Err_Send)), length);
    FAILS(toxlink_client_send_forward(c, place, false, chain[0], 255, data, 1, ERR(Toxlink_Err_Send)), length);
    FAILS(toxlink_client_send_forward(c, place, false, chain[0], 4, data, FORWARD_MAX - 131, ERR(Toxlink_Err_Send)), length);
    FAILS(toxlink_client_send_forward(c, "host:1", false, NULL, 0, data, 1, ERR(Toxlink_Err_Send)),
          TOXLINK_ERR_SEND_BAD_ADDRESS);
    FAILS(toxlink_client_send_forward(c, "\xff", false, NULL, 0, data, 1, ERR(Toxlink_Err_Send)),
          TOXLINK_ERR_SEND_BAD_ADDRESS);
    FAILS(toxlink_client_send_forward(c, "1.2.3.4:0", false, NULL, 0, data, 1, ERR(Toxlink_Err_Send)),
          TOXLINK_ERR_SEND_BAD_ADDRESS);
    WORKS(toxlink_client_send(c, id, data, 1, ERR(Toxlink_Err_Send)));
    WORKS(toxlink_client_send(c, id, data, DATA_MAX, ERR(Toxlink_Err_Send)));
    WORKS(toxlink_client_send_oob(c, stranger, data, 1, ERR(Toxlink_Err_Send)));
    WORKS(toxlink_client_send_oob(c, stranger, data, OOB_MAX, ERR(Toxlink_Err_Send)));
    FAILS(toxlink_client_send(c, (uint8_t)(id + 1), data, 1, ERR(Toxlink_Err_Send)), TOXLINK_ERR_SEND_NOT_ONLINE);
    FAILS(toxlink_client_release_route(c, 240, ERR(Toxlink_Err_Route)), TOXLINK_ERR_ROUTE_NOT_FOUND);
    FAILS(toxlink_client_release_route(c, (uint8_t)(id + 1), ERR(Toxlink_Err_Route)), TOXLINK_ERR_ROUTE_NOT_FOUND);
    WORKS(toxlink_client_release_route(c, id, ERR(Toxlink_Err_Route)));
    FAILS(toxlink_client_release_route(c, id, ERR(Toxlink_Err_Route)), TOXLINK_ERR_ROUTE_NOT_FOUND);
    FAILS(toxlink_client_send(c, id, data, 1, ERR(Toxlink_Err_Send)), TOXLINK_ERR_SEND_NOT_ONLINE);

    uint8_t statistics[sizeof(Toxlink_Client_Statistics) + 32];

    for (size_t size = 0; size < sizeof(statistics); ++size) {
        memset(statistics, 0xee, sizeof(statistics));
        CHECK(toxlink_client_statistics(c, (Toxlink_Client_Statistics *)statistics, size));
        CHECK_EQ(statistics[size], 0xee);
    }

    kill_pair(&pair);
    toxlink_relay_kill(relay.relay);
}

static void connections_without_peers(void)
{
    const uint32_t numbers[] = {0, 1, 1U << 31, TOXLINK_NO_PEER - 1, TOXLINK_NO_PEER};
    uint8_t out[TOXLINK_KEY_SIZE], self[TOXLINK_KEY_SIZE];
    Toxlink_Peer_Info info;
    Toxlink_Relay_Info relay_info;
    Toxlink_Connections *c = toxlink_connections_new(NULL, NULL);

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); ++i) {
        const uint32_t n = numbers[i];
        FAILS(toxlink_connections_remove_peer(c, n, ERR(Toxlink_Err_Peer)), TOXLINK_ERR_PEER_NO_PEER);
        FAILS(toxlink_connections_set_sleeping(c, n, true, ERR(Toxlink_Err_Peer)), TOXLINK_ERR_PEER_NO_PEER);
        FAILS(toxlink_connections_add_relay_for(c, n, place, stranger, ERR(Toxlink_Err_Relay)), TOXLINK_ERR_RELAY_NO_PEER);
        FAILS(toxlink_connections_tie_relay(c, n, stranger, ERR(Toxlink_Err_Relay)), TOXLINK_ERR_RELAY_NO_PEER);
        FAILS(toxlink_connections_send(c, n, data, 1, ERR(Toxlink_Err_Send)), TOXLINK_ERR_SEND_NOT_FOUND);
        CHECK(!toxlink_connections_peer_key(c, n, out) && !toxlink_connections_peer_info(c, n, &info, sizeof(info)));
        CHECK_EQ(toxlink_connections_online_relays(c, n), 0);
    }

    CHECK_EQ(toxlink_connections_relays(c, NULL, 0), 0);
    CHECK(toxlink_connections_public_key(c, self));
    CHECK_EQ(toxlink_connections_add_peer(c, self, ERR(Toxlink_Err_Peer)), TOXLINK_NO_PEER);
    CHECK_EQ(error_, TOXLINK_ERR_PEER_OWN_KEY);
    const uint32_t peer = toxlink_connections_add_peer(c, stranger, NULL);
    CHECK_EQ(toxlink_connections_add_peer(c, stranger, ERR(Toxlink_Err_Peer)), TOXLINK_NO_PEER);
    CHECK_EQ(error_, TOXLINK_ERR_PEER_KNOWN);
    CHECK_EQ(toxlink_connections_peer_by_key(c, stranger), peer);
    CHECK_EQ(toxlink_connections_peer_by_key(c, self), TOXLINK_NO_PEER);
    FAILS(toxlink_connections_tie_relay(c, peer, stranger, ERR(Toxlink_Err_Relay)), TOXLINK_ERR_RELAY_NOT_FOUND);
    FAILS(toxlink_connections_remove_relay(c, stranger, ERR(Toxlink_Err_Relay)), TOXLINK_ERR_RELAY_NOT_FOUND);
    CHECK(!toxlink_connections_relay_info(c, stranger, &relay_info, sizeof(relay_info)));
    FAILS(toxlink_connections_send(c, peer, data, 1, ERR(Toxlink_Err_Send)), TOXLINK_ERR_SEND_NOT_ONLINE);
    const int none = TOXLINK_ERR_SEND_NOT_CONNECTED;
    FAILS(toxlink_connections_send_oob(c, stranger, stranger, data, 1, ERR(Toxlink_Err_Send)), none);
    FAILS(toxlink_connections_send_onion(c, NULL, data, 1, ERR(Toxlink_Err_Send)), none);
    FAILS(toxlink_connections_send_onion(c, stranger, data, 1, ERR(Toxlink_Err_Send)), none);
    FAILS(toxlink_connections_send_forward(c, NULL, place, false, NULL, 0, data, 1, ERR(Toxlink_Err_Send)), none);
    WORKS(toxlink_connections_remove_peer(c, peer, ERR(Toxlink_Err_Peer)));
    FAILS(toxlink_connections_remove_peer(c, peer, ERR(Toxlink_Err_Peer)), TOXLINK_ERR_PEER_NO_PEER);
    FAILS(toxlink_connections_send(c, peer, data, 1, ERR(Toxlink_Err_Send)), TOXLINK_ERR_SEND_NOT_FOUND);
    CHECK(toxlink_connections_add_peer(c, stranger, NULL) != peer);
    toxlink_connections_kill(c);
}

static void connections_too_many_relays(void)
{
    uint8_t pk[TOXLINK_KEY_SIZE], keys[300][TOXLINK_KEY_SIZE];
    const char *address = nowhere();
    Toxlink_Connections *c = toxlink_connections_new(NULL, NULL);
    size_t added = 0;
    error_ = 0;

    while (added < 300) {
        CHECK(toxlink_key_new(keys[0], pk, NULL));

        if (!toxlink_connections_add_relay(c, address, pk, ERR(Toxlink_Err_Relay))) {
            break;
        }

        ++added;
    }

    CHECK_EQ(error_, TOXLINK_ERR_RELAY_FULL);
    CHECK(added >= 100);
    memset(keys, 0xee, sizeof(keys));
    CHECK_EQ(toxlink_connections_relays(c, keys[0], 5), added);
    CHECK(keys[4][31] != 0xee || keys[4][30] != 0xee);
    CHECK(keys[5][0] == 0xee && keys[5][31] == 0xee);
    CHECK_EQ(toxlink_connections_relays(c, keys[0], 0), added);
    CHECK_EQ(toxlink_connections_relays(c, keys[0], SIZE_MAX), added);
    CHECK(added >= 300 || keys[added][0] == 0xee);
    FAILS(toxlink_connections_add_relay(c, address, keys[0], ERR(Toxlink_Err_Relay)), TOXLINK_ERR_RELAY_KNOWN);
    WORKS(toxlink_connections_remove_relay(c, keys[0], ERR(Toxlink_Err_Relay)));
    WORKS(toxlink_connections_iterate(c, NULL, ERR(Toxlink_Err_Iterate)));
    toxlink_connections_kill(c);
}

static void connections_lengths(void)
{
    const Scene_Relay relay = scene_relay();
    Scene_Peers peers = scene_peers(&relay);
    Toxlink_Connections *c = peers.connections[0];
    const uint32_t peer = peers.peer[0];
    const int length = TOXLINK_ERR_SEND_LENGTH;
    uint8_t info[sizeof(Toxlink_Relay_Info) + 32];

    for (size_t i = 0; i < TOO_LONG; ++i) {
        const size_t n = too_long[i];
        TOO_LONG_FOR(toxlink_connections_send(c, peer, data, n, ERR(Toxlink_Err_Send)));
        TOO_LONG_FOR(toxlink_connections_send_oob(c, relay.key, stranger, data, n, ERR(Toxlink_Err_Send)));
        TOO_LONG_FOR(toxlink_connections_send_onion(c, relay.key, data, n, ERR(Toxlink_Err_Send)));
        TOO_LONG_FOR(toxlink_connections_send_forward(c, NULL, place, false, NULL, 0, data, n, ERR(Toxlink_Err_Send)));
        TOO_LONG_FOR(toxlink_connections_send_forward(c, NULL, place, false, stranger, n, data, 1, ERR(Toxlink_Err_Send)));
    }

    FAILS(toxlink_connections_send(c, peer, data, 0, ERR(Toxlink_Err_Send)), length);
    FAILS(toxlink_connections_send(c, peer, NULL, 0, ERR(Toxlink_Err_Send)), length);
    FAILS(toxlink_connections_send_oob(c, relay.key, stranger, data, 0, ERR(Toxlink_Err_Send)), length);
    FAILS(toxlink_connections_send_oob(c, relay.key, stranger, data, OOB_MAX + 1, ERR(Toxlink_Err_Send)), length);
    WORKS(toxlink_connections_send(c, peer, data, 1, ERR(Toxlink_Err_Send)));
    WORKS(toxlink_connections_send(c, peer, data, DATA_MAX, ERR(Toxlink_Err_Send)));
    WORKS(toxlink_connections_send_oob(c, relay.key, stranger, data, OOB_MAX, ERR(Toxlink_Err_Send)));
    FAILS(toxlink_connections_tie_relay(c, peer, relay.key, ERR(Toxlink_Err_Relay)), TOXLINK_ERR_RELAY_TIED);
    FAILS(toxlink_connections_add_relay(c, relay.address, relay.key, ERR(Toxlink_Err_Relay)), TOXLINK_ERR_RELAY_KNOWN);

    for (size_t size = 0; size < sizeof(info); ++size) {
        memset(info, 0xee, sizeof(info));
        CHECK(toxlink_connections_relay_info(c, relay.key, (Toxlink_Relay_Info *)info, size));
        CHECK_EQ(info[size], 0xee);
        CHECK(size < 32 || memcmp(info, relay.key, 32) == 0);
        memset(info, 0xee, sizeof(info));
        CHECK(toxlink_connections_peer_info(c, peer, (Toxlink_Peer_Info *)info, size));
        CHECK_EQ(info[size], 0xee);
        CHECK(size < 32 || memcmp(info, peers.key[1], 32) == 0);
    }

    /* Times and descriptors as poll(2) has them. */
    CHECK(toxlink_connections_descriptor(c) >= 0 && toxlink_connections_wait(c) >= -1);
    WORKS(toxlink_connections_turn(c, 0, NULL, ERR(Toxlink_Err_Iterate)));
    kill_peers(&peers);
    toxlink_relay_kill(relay.relay);
}

static void relay_that_serves_by_itself(void)
{
    const Scene_Relay scene = scene_relay();
    Toxlink_Relay *relay = scene.relay;
    FAILS(toxlink_relay_start(relay, ERR(Toxlink_Err_Iterate)), TOXLINK_ERR_ITERATE_BUSY);
    FAILS(toxlink_relay_iterate(relay, ERR(Toxlink_Err_Iterate)), TOXLINK_ERR_ITERATE_BUSY);
    FAILS(toxlink_relay_turn(relay, -1, ERR(Toxlink_Err_Iterate)), TOXLINK_ERR_ITERATE_BUSY);
    toxlink_relay_stop(relay);
    toxlink_relay_stop(relay);
    WORKS(toxlink_relay_iterate(relay, ERR(Toxlink_Err_Iterate)));
    WORKS(toxlink_relay_turn(relay, 1, ERR(Toxlink_Err_Iterate)));
    WORKS(toxlink_relay_start(relay, ERR(Toxlink_Err_Iterate)));
    Toxlink_Client *client = scene_client(&scene, NULL);
    /* The relay goes away under its client. */
    toxlink_relay_kill(relay);
    await_status(client, TOXLINK_CLIENT_STATUS_DISCONNECTED);
    send_nothing(client, TOXLINK_ERR_SEND_NOT_CONNECTED);
    toxlink_client_kill(client);
}

static const Test tests[] = {
    {"client_too_early_and_too_late", client_too_early_and_too_late, T_FAST, 40},
    {"client_lengths", client_lengths, T_FAST, 60},
    {"connections_without_peers", connections_without_peers, T_FAST, 20},
    {"connections_too_many_relays", connections_too_many_relays, T_FAST, 40},
    {"connections_lengths", connections_lengths, T_FAST, 60},
    {"relay_that_serves_by_itself", relay_that_serves_by_itself, T_FAST, 60},
};

int main(int argc, char **argv)
{
    return run_tests("misuse_state", tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
