/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * NULL for every pointer of every function: the answer is what the header says, and nothing crashes. The
 * runner checks that every function of the header is called in here.
 */
#include "scene.h"

static uint8_t key[TOXLINK_KEY_SIZE] = {9};
static const uint8_t data[4] = {1, 2, 3, 4};
static const char *const place = "127.0.0.1:33445";

static void keys(void)
{
    uint8_t out[TOXLINK_KEY_SIZE];
    char hex[TOXLINK_KEY_HEX_SIZE];
    FAILS(toxlink_key_new(NULL, key, ERR(Toxlink_Err_Key)), TOXLINK_ERR_KEY_NULL);
    CHECK_EQ(key[0], 9);
    WORKS(toxlink_key_new(out, NULL, ERR(Toxlink_Err_Key)));
    CHECK(!toxlink_key_new(NULL, NULL, NULL) && toxlink_key_new(out, NULL, NULL));
    FAILS(toxlink_key_derive(NULL, out, ERR(Toxlink_Err_Key)), TOXLINK_ERR_KEY_NULL);
    FAILS(toxlink_key_derive(key, NULL, ERR(Toxlink_Err_Key)), TOXLINK_ERR_KEY_NULL);
    CHECK(!toxlink_key_derive(NULL, NULL, NULL) && toxlink_key_derive(key, out, NULL));
    FAILS(toxlink_key_to_hex(NULL, hex, ERR(Toxlink_Err_Key)), TOXLINK_ERR_KEY_NULL);
    FAILS(toxlink_key_to_hex(key, NULL, ERR(Toxlink_Err_Key)), TOXLINK_ERR_KEY_NULL);
    CHECK(!toxlink_key_to_hex(NULL, NULL, NULL) && toxlink_key_to_hex(key, hex, NULL));
    FAILS(toxlink_key_from_hex(NULL, out, ERR(Toxlink_Err_Key)), TOXLINK_ERR_KEY_NULL);
    FAILS(toxlink_key_from_hex(hex, NULL, ERR(Toxlink_Err_Key)), TOXLINK_ERR_KEY_NULL);
    CHECK(!toxlink_key_from_hex(NULL, NULL, NULL) && toxlink_key_from_hex(hex, out, NULL));
    toxlink_key_wipe(NULL);
}

static void makers(void)
{
    toxlink_options_init(NULL, sizeof(Toxlink_Options));
    toxlink_relay_options_init(NULL, sizeof(Toxlink_Relay_Options));
    FAILS(toxlink_client_new(NULL, NULL, key, ERR(Toxlink_Err_New)), TOXLINK_ERR_NEW_NULL);
    FAILS(toxlink_client_new(NULL, place, NULL, ERR(Toxlink_Err_New)), TOXLINK_ERR_NEW_NULL);
    CHECK(toxlink_client_new(NULL, NULL, NULL, NULL) == NULL);
    Toxlink_Client *client = toxlink_client_new(NULL, place, key, NULL);
    Toxlink_Connections *connections = toxlink_connections_new(NULL, NULL);
    Toxlink_Relay *relay = toxlink_relay_new(NULL, NULL);
    CHECK(client != NULL && connections != NULL && relay != NULL);
    toxlink_client_kill(client);
    toxlink_connections_kill(connections);
    toxlink_relay_kill(relay);
    toxlink_client_kill(NULL);
    toxlink_connections_kill(NULL);
    toxlink_relay_kill(NULL);

    Toxlink_Relay_Options options;
    const char *addresses[2] = {"127.0.0.1:0", NULL};
    toxlink_relay_options_init(&options, sizeof(options));
    options.address_count = 2;
    FAILS(toxlink_relay_new(&options, ERR(Toxlink_Err_New)), TOXLINK_ERR_NEW_NULL);
    options.addresses = addresses;
    FAILS(toxlink_relay_new(&options, ERR(Toxlink_Err_New)), TOXLINK_ERR_NEW_NULL);
    Toxlink_Options proxied;
    toxlink_options_init(&proxied, sizeof(proxied));
    proxied.proxy_type = TOXLINK_PROXY_TYPE_SOCKS5;
    FAILS(toxlink_connections_new(&proxied, ERR(Toxlink_Err_New)), TOXLINK_ERR_NEW_PROXY_ADDRESS);
}

/* What a client answers to NULLs; `client` is NULL in one of the runs. */
static void ask_client(Toxlink_Client *client)
{
    uint8_t out[TOXLINK_KEY_SIZE];
    const int null = TOXLINK_ERR_SEND_NULL;
    CHECK(!toxlink_client_public_key(client, NULL));
    CHECK(!toxlink_client_statistics(client, NULL, sizeof(Toxlink_Client_Statistics)));
    CHECK_EQ(toxlink_client_failure(client, NULL, 0), 0);
    CHECK_EQ(toxlink_client_failure(client, NULL, 100), 0);
    FAILS(toxlink_client_request_route(client, NULL, ERR(Toxlink_Err_Route)), TOXLINK_ERR_ROUTE_NULL);
    FAILS(toxlink_client_send(client, 0, NULL, 4, ERR(Toxlink_Err_Send)), null);
    FAILS(toxlink_client_send_oob(client, NULL, data, 4, ERR(Toxlink_Err_Send)), null);
    FAILS(toxlink_client_send_oob(client, key, NULL, 4, ERR(Toxlink_Err_Send)), null);
    FAILS(toxlink_client_send_onion(client, NULL, 4, ERR(Toxlink_Err_Send)), null);
    FAILS(toxlink_client_send_forward(client, NULL, false, NULL, 0, data, 4, ERR(Toxlink_Err_Send)), null);
    FAILS(toxlink_client_send_forward(client, place, false, NULL, 1, data, 4, ERR(Toxlink_Err_Send)), null);
    FAILS(toxlink_client_send_forward(client, place, false, NULL, 0, NULL, 4, ERR(Toxlink_Err_Send)), null);
    CHECK(!toxlink_client_send(client, 0, NULL, 4, NULL) && !toxlink_client_send_oob(client, NULL, NULL, 4, NULL));
    CHECK(!toxlink_client_send_onion(client, NULL, 4, NULL) && !toxlink_client_request_route(client, NULL, NULL));
    CHECK(!toxlink_client_send_forward(client, NULL, true, NULL, 9, NULL, 9, NULL));
    CHECK(!toxlink_client_release_route(client, 0, NULL));
    toxlink_client_callback_status(client, NULL);
    toxlink_client_callback_route(client, NULL);
    toxlink_client_callback_online(client, NULL);
    toxlink_client_callback_data(client, NULL);
    toxlink_client_callback_oob(client, NULL);
    toxlink_client_callback_onion(client, NULL);
    toxlink_client_callback_forwarding(client, NULL);
    toxlink_client_callback_writable(client, NULL);

    if (client != NULL) {
        CHECK(toxlink_client_iterate(client, NULL, NULL) && toxlink_client_turn(client, 0, NULL, NULL));
        return;
    }

    FAILS(toxlink_client_iterate(NULL, NULL, ERR(Toxlink_Err_Iterate)), TOXLINK_ERR_ITERATE_NULL);
    FAILS(toxlink_client_turn(NULL, -1, NULL, ERR(Toxlink_Err_Iterate)), TOXLINK_ERR_ITERATE_NULL);
    CHECK(!toxlink_client_iterate(NULL, NULL, NULL) && !toxlink_client_turn(NULL, -1, NULL, NULL));
    CHECK_EQ(toxlink_client_descriptor(NULL), -1);
    CHECK_EQ(toxlink_client_wait(NULL), -1);
    toxlink_client_wake(NULL);
    CHECK_EQ(toxlink_client_status(NULL), TOXLINK_CLIENT_STATUS_DISCONNECTED);
    CHECK(!toxlink_client_public_key(NULL, out));
    FAILS(toxlink_client_release_route(NULL, 0, ERR(Toxlink_Err_Route)), TOXLINK_ERR_ROUTE_NULL);
    FAILS(toxlink_client_request_route(NULL, key, ERR(Toxlink_Err_Route)), TOXLINK_ERR_ROUTE_NULL);
    FAILS(toxlink_client_send(NULL, 0, data, 4, ERR(Toxlink_Err_Send)), null);
    FAILS(toxlink_client_send_oob(NULL, key, data, 4, ERR(Toxlink_Err_Send)), null);
    FAILS(toxlink_client_send_onion(NULL, data, 4, ERR(Toxlink_Err_Send)), null);
    FAILS(toxlink_client_send_forward(NULL, place, false, NULL, 0, data, 4, ERR(Toxlink_Err_Send)), null);
    Toxlink_Client_Statistics statistics;
    CHECK(!toxlink_client_statistics(NULL, &statistics, sizeof(statistics)));
}

static void client(void)
{
    ask_client(NULL);
    Toxlink_Client *made = toxlink_client_new(NULL, nowhere(), key, NULL);
    ask_client(made);
    await_status(made, TOXLINK_CLIENT_STATUS_DISCONNECTED);
    /* Its failure without a place for it: only how long it is. */
    CHECK(toxlink_client_failure(made, NULL, 0) > 0);
    toxlink_client_kill(made);
    const Scene_Relay relay = scene_relay();
    made = scene_client(&relay, NULL);
    ask_client(made);
    toxlink_client_kill(made);
    toxlink_relay_kill(relay.relay);
}

static void ask_connections_commands(Toxlink_Connections *c)
{
    const int null = TOXLINK_ERR_RELAY_NULL, send = TOXLINK_ERR_SEND_NULL;
    FAILS(toxlink_connections_add_relay(c, NULL, key, ERR(Toxlink_Err_Relay)), null);
    FAILS(toxlink_connections_add_relay(c, place, NULL, ERR(Toxlink_Err_Relay)), null);
    FAILS(toxlink_connections_add_relay_for(c, 0, NULL, key, ERR(Toxlink_Err_Relay)), null);
    FAILS(toxlink_connections_add_relay_for(c, 0, place, NULL, ERR(Toxlink_Err_Relay)), null);
    FAILS(toxlink_connections_tie_relay(c, 0, NULL, ERR(Toxlink_Err_Relay)), null);
    FAILS(toxlink_connections_remove_relay(c, NULL, ERR(Toxlink_Err_Relay)), null);
    error_ = 0;
    CHECK_EQ(toxlink_connections_add_peer(c, NULL, ERR(Toxlink_Err_Peer)), TOXLINK_NO_PEER);
    CHECK_EQ(error_, TOXLINK_ERR_PEER_NULL);
    CHECK_EQ(toxlink_connections_add_peer(c, NULL, NULL), TOXLINK_NO_PEER);
    CHECK(!toxlink_connections_add_relay(c, NULL, NULL, NULL) && !toxlink_connections_tie_relay(c, 0, NULL, NULL));
    CHECK(!toxlink_connections_add_relay_for(c, 0, NULL, NULL, NULL));
    CHECK(!toxlink_connections_remove_relay(c, NULL, NULL));
    FAILS(toxlink_connections_send(c, 0, NULL, 4, ERR(Toxlink_Err_Send)), send);
    FAILS(toxlink_connections_send_oob(c, NULL, key, data, 4, ERR(Toxlink_Err_Send)), send);
    FAILS(toxlink_connections_send_oob(c, key, NULL, data, 4, ERR(Toxlink_Err_Send)), send);
    FAILS(toxlink_connections_send_oob(c, key, key, NULL, 4, ERR(Toxlink_Err_Send)), send);
    FAILS(toxlink_connections_send_onion(c, NULL, NULL, 4, ERR(Toxlink_Err_Send)), send);
    FAILS(toxlink_connections_send_onion(c, key, NULL, 4, ERR(Toxlink_Err_Send)), send);
    FAILS(toxlink_connections_send_forward(c, key, NULL, false, NULL, 0, data, 4, ERR(Toxlink_Err_Send)), send);
    FAILS(toxlink_connections_send_forward(c, key, place, false, NULL, 1, data, 4, ERR(Toxlink_Err_Send)), send);
    FAILS(toxlink_connections_send_forward(c, NULL, place, false, NULL, 0, NULL, 4, ERR(Toxlink_Err_Send)), send);
    CHECK(!toxlink_connections_send(c, 0, NULL, 4, NULL) && !toxlink_connections_send_onion(c, NULL, NULL, 4, NULL));
    CHECK(!toxlink_connections_send_oob(c, NULL, NULL, NULL, 4, NULL));
    CHECK(!toxlink_connections_send_forward(c, NULL, NULL, true, NULL, 9, NULL, 9, NULL));
    toxlink_connections_set_onion(c, false);
    toxlink_connections_callback_data(c, NULL);
    toxlink_connections_callback_oob(c, NULL);
    toxlink_connections_callback_onion(c, NULL);
    toxlink_connections_callback_forwarding(c, NULL);
    toxlink_connections_callback_peer_status(c, NULL);
    toxlink_connections_callback_relay_status(c, NULL);
    toxlink_connections_callback_writable(c, NULL);
    toxlink_connections_callback_relay_writable(c, NULL);
}

static void ask_connections_getters(Toxlink_Connections *c)
{
    Toxlink_Relay_Info info;
    CHECK(!toxlink_connections_public_key(c, NULL));
    CHECK_EQ(toxlink_connections_peer_by_key(c, NULL), TOXLINK_NO_PEER);
    CHECK(!toxlink_connections_peer_key(c, 0, NULL));
    CHECK(!toxlink_connections_relay_info(c, NULL, &info, sizeof(info)));
    CHECK(!toxlink_connections_relay_info(c, key, NULL, sizeof(info)));
    CHECK(!toxlink_connections_peer_info(c, 0, NULL, sizeof(Toxlink_Peer_Info)));
    CHECK_EQ(toxlink_connections_relays(c, NULL, 0), 0);
}

static void no_connections(void)
{
    uint8_t out[TOXLINK_KEY_SIZE];
    Toxlink_Relay_Info relay_info;
    Toxlink_Peer_Info peer_info;
    const int peer = TOXLINK_ERR_PEER_NULL, relay = TOXLINK_ERR_RELAY_NULL, send = TOXLINK_ERR_SEND_NULL;
    ask_connections_commands(NULL);
    ask_connections_getters(NULL);
    FAILS(toxlink_connections_iterate(NULL, NULL, ERR(Toxlink_Err_Iterate)), TOXLINK_ERR_ITERATE_NULL);
    FAILS(toxlink_connections_turn(NULL, -1, NULL, ERR(Toxlink_Err_Iterate)), TOXLINK_ERR_ITERATE_NULL);
    CHECK(!toxlink_connections_iterate(NULL, NULL, NULL) && !toxlink_connections_turn(NULL, 0, NULL, NULL));
    CHECK_EQ(toxlink_connections_descriptor(NULL), -1);
    CHECK_EQ(toxlink_connections_wait(NULL), -1);
    toxlink_connections_wake(NULL);
    CHECK(!toxlink_connections_public_key(NULL, out));
    FAILS(toxlink_connections_add_relay(NULL, place, key, ERR(Toxlink_Err_Relay)), relay);
    FAILS(toxlink_connections_add_relay_for(NULL, 0, place, key, ERR(Toxlink_Err_Relay)), relay);
    FAILS(toxlink_connections_tie_relay(NULL, 0, key, ERR(Toxlink_Err_Relay)), relay);
    FAILS(toxlink_connections_remove_relay(NULL, key, ERR(Toxlink_Err_Relay)), relay);
    CHECK_EQ(toxlink_connections_add_peer(NULL, key, ERR(Toxlink_Err_Peer)), TOXLINK_NO_PEER);
    CHECK_EQ(error_, peer);
    FAILS(toxlink_connections_remove_peer(NULL, 0, ERR(Toxlink_Err_Peer)), peer);
    FAILS(toxlink_connections_set_sleeping(NULL, 0, true, ERR(Toxlink_Err_Peer)), peer);
    CHECK(!toxlink_connections_remove_peer(NULL, 0, NULL) && !toxlink_connections_set_sleeping(NULL, 0, true, NULL));
    CHECK_EQ(toxlink_connections_peer_by_key(NULL, key), TOXLINK_NO_PEER);
    CHECK(!toxlink_connections_peer_key(NULL, 0, out));
    CHECK_EQ(toxlink_connections_online_relays(NULL, 0), 0);
    FAILS(toxlink_connections_send(NULL, 0, data, 4, ERR(Toxlink_Err_Send)), send);
    FAILS(toxlink_connections_send_oob(NULL, key, key, data, 4, ERR(Toxlink_Err_Send)), send);
    FAILS(toxlink_connections_send_onion(NULL, NULL, data, 4, ERR(Toxlink_Err_Send)), send);
    FAILS(toxlink_connections_send_forward(NULL, NULL, place, false, NULL, 0, data, 4, ERR(Toxlink_Err_Send)), send);
    CHECK_EQ(toxlink_connections_relays(NULL, out, 1), 0);
    CHECK(!toxlink_connections_relay_info(NULL, key, &relay_info, sizeof(relay_info)));
    CHECK(!toxlink_connections_peer_info(NULL, 0, &peer_info, sizeof(peer_info)));
}

static void connections(void)
{
    no_connections();
    Toxlink_Connections *made = toxlink_connections_new(NULL, NULL);
    ask_connections_commands(made);
    ask_connections_getters(made);
    const uint32_t peer = toxlink_connections_add_peer(made, key, NULL);
    CHECK(peer != TOXLINK_NO_PEER && toxlink_connections_add_relay(made, nowhere(), key, NULL));
    /* Now there is something to be written, and no place for it. */
    CHECK(!toxlink_connections_peer_key(made, peer, NULL));
    CHECK(!toxlink_connections_relay_info(made, key, NULL, sizeof(Toxlink_Relay_Info)));
    CHECK(!toxlink_connections_peer_info(made, peer, NULL, sizeof(Toxlink_Peer_Info)));
    CHECK_EQ(toxlink_connections_relays(made, NULL, 0), 1);
    CHECK_EQ(toxlink_connections_relays(made, NULL, 7), 1);
    CHECK(toxlink_connections_iterate(made, NULL, NULL) && toxlink_connections_turn(made, 0, NULL, NULL));
    toxlink_connections_kill(made);
}

static void relay(void)
{
    uint8_t out[TOXLINK_KEY_SIZE];
    char text[8] = "text";
    Toxlink_Relay_Figures figures;
    FAILS(toxlink_relay_iterate(NULL, ERR(Toxlink_Err_Iterate)), TOXLINK_ERR_ITERATE_NULL);
    FAILS(toxlink_relay_turn(NULL, -1, ERR(Toxlink_Err_Iterate)), TOXLINK_ERR_ITERATE_NULL);
    FAILS(toxlink_relay_start(NULL, ERR(Toxlink_Err_Iterate)), TOXLINK_ERR_ITERATE_NULL);
    CHECK(!toxlink_relay_iterate(NULL, NULL) && !toxlink_relay_turn(NULL, 0, NULL) && !toxlink_relay_start(NULL, NULL));
    toxlink_relay_stop(NULL);
    CHECK_EQ(toxlink_relay_descriptor(NULL), -1);
    CHECK_EQ(toxlink_relay_wait(NULL), -1);
    CHECK(!toxlink_relay_public_key(NULL, out) && !toxlink_relay_public_key(NULL, NULL));
    CHECK_EQ(toxlink_relay_port(NULL, 0), 0);
    CHECK_EQ(toxlink_relay_address(NULL, 0, text, sizeof(text)), 0);
    CHECK_EQ(text[0], '\0');
    CHECK_EQ(toxlink_relay_address(NULL, 0, NULL, 0), 0);
    CHECK(!toxlink_relay_figures(NULL, &figures, sizeof(figures)));
    Toxlink_Relay *made = toxlink_relay_new(NULL, NULL);
    CHECK(!toxlink_relay_public_key(made, NULL) && !toxlink_relay_figures(made, NULL, sizeof(figures)));
    CHECK(toxlink_relay_address(made, 0, NULL, 0) > 10 && toxlink_relay_address(made, 0, NULL, 100) > 10);
    CHECK(toxlink_relay_iterate(made, NULL) && toxlink_relay_turn(made, 0, NULL) && toxlink_relay_start(made, NULL));
    toxlink_relay_kill(made);
}

/* Numbers of errors that are none. */
static void names(void)
{
    const char *(*const all[])(uint32_t) = {
        toxlink_err_key_to_string,   toxlink_err_new_to_string,   toxlink_err_iterate_to_string,
        toxlink_err_send_to_string,  toxlink_err_route_to_string, toxlink_err_relay_to_string,
        toxlink_err_peer_to_string,
    };

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); ++i) {
        uint32_t count = 0;

        while (count < 50 && strncmp(all[i](count), "TOXLINK_ERR_", 12) == 0) {
            ++count;
        }

        CHECK(count >= 5 && count < 50);
        CHECK(all[i](count)[0] != '\0' && strcmp(all[i](count), all[i](UINT32_MAX)) == 0);
        CHECK(strstr(all[i](0), "_OK") != NULL);
    }

    CHECK(toxlink_version_is_compatible(toxlink_version_major(), toxlink_version_minor(), toxlink_version_patch()));
    CHECK(!toxlink_version_is_compatible(UINT32_MAX, UINT32_MAX, UINT32_MAX));
}

static const Test tests[] = {
    {"keys", keys, T_FAST, 20},
    {"makers", makers, T_FAST, 20},
    {"client", client, T_FAST, 40},
    {"connections", connections, T_FAST, 40},
    {"relay", relay, T_FAST, 20},
    {"names", names, T_FAST, 20},
};

int main(int argc, char **argv)
{
    return run_tests("misuse_null", tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
