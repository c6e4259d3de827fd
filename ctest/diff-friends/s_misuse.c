/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Arguments that are forbidden: ours answers with the documented failure value where the original
 * crashes, or writes somewhere. */
#include "suite.h"

#include <string.h>

static const uint8_t key[32] = {1, 2, 3};

/* What the object did wrong with a NULL; each in a child. */
static long value;

static void null_do(void)
{
    do_friend_connections(NULL, NULL);
}

static void null_net_crypto(void)
{
    value = friendconn_net_crypto(NULL) != NULL;
}

static void null_new(void)
{
    value = new_friend_connection(NULL, key);
}

static void null_kill(void)
{
    value = kill_friend_connection(NULL, 0);
}

static void null_lock(void)
{
    value = friend_connection_lock(NULL, 0);
}

static void null_find(void)
{
    value = getfriend_conn_id_pk(NULL, key);
}

static void null_status(void)
{
    value = friend_con_connected(NULL, 0);
}

static void null_keys(void)
{
    uint8_t out[32];
    value = get_friendcon_public_keys(out, out, NULL, 0);
}

static void null_set_key(void)
{
    set_dht_temp_pk(NULL, 0, key, NULL);
}

static void null_crypto(void)
{
    value = friend_connection_crypt_connection_id(NULL, 0);
}

static void null_global(void)
{
    set_global_status_callback(NULL, on_global, NULL);
}

static void null_callbacks(void)
{
    value = friend_connection_callbacks(NULL, 0, 0, on_status0, on_data0, on_lossy0, NULL, 0);
}

static void null_send(void)
{
    value = send_friend_request_packet(NULL, 0, 1, key, 10);
}

static void null_request(void)
{
    set_friend_request_callback(NULL, on_request, NULL);
}

static void null_conn(void)
{
    value = get_conn(NULL, 0) != NULL;
}

static void null_onion_number(void)
{
    value = friend_conn_get_onion_friendnum(NULL);
}

static void null_address(void)
{
    value = friend_conn_get_dht_ip_port(NULL) != NULL;
}

static const struct {
    const char *name;
    void (*call)(void);
    long ours;
} null_objects[] = {
    {"do_friend_connections", null_do, 0},
    {"friendconn_net_crypto", null_net_crypto, 0},
    {"new_friend_connection", null_new, -1},
    {"kill_friend_connection", null_kill, -1},
    {"friend_connection_lock", null_lock, -1},
    {"getfriend_conn_id_pk", null_find, -1},
    {"friend_con_connected", null_status, 0},
    {"get_friendcon_public_keys", null_keys, -1},
    {"set_dht_temp_pk", null_set_key, 0},
    {"friend_connection_crypt_connection_id", null_crypto, -1},
    {"set_global_status_callback", null_global, 0},
    {"friend_connection_callbacks", null_callbacks, -1},
    {"send_friend_request_packet", null_send, -1},
    {"set_friend_request_callback", null_request, 0},
    {"get_conn", null_conn, 0},
};

static void objects(void)
{
    for (unsigned i = 0; i < sizeof(null_objects) / sizeof(null_objects[0]); ++i) {
        t_line("%s", null_objects[i].name);
        expect_new("ends the process", crashes(null_objects[i].call), 1, 0);

        if (DIFF_OURS) {
            value = 0;
            null_objects[i].call();

            if (value != null_objects[i].ours) {
                fail("%s gave %ld, want %ld", null_objects[i].name, value, null_objects[i].ours);
            }
        }
    }
}

static void records(void)
{
    expect_new("onion number ends the process", crashes(null_onion_number), 1, 0);

    if (DIFF_OURS) {
        null_onion_number();
        QUIETLY(expect("onion number", value, -1));
        null_address();
        QUIETLY(expect("address", value, 0));
    }
}

/* NULL in the other places; the object is the scenario's, slot 0 is there. */
static void new_without_key(void)
{
    value = new_friend_connection(world.fc, NULL);
}

static void find_without_key(void)
{
    value = getfriend_conn_id_pk(world.fc, NULL);
}

static void set_without_key(void)
{
    set_dht_temp_pk(world.fc, 0, NULL, NULL);
    value = 0;
}

static void send_without_data(void)
{
    value = send_friend_request_packet(world.fc, 0, 1, NULL, 10);
}

static void arguments(void)
{
    connected(1, 1);
    expect_new("new without a key", crashes(new_without_key), 1, 0);
    expect_new("find without a key", crashes(find_without_key), 1, 0);
    expect_new("set without a key", crashes(set_without_key), 1, 0);
    expect_new("send without data", crashes(send_without_data), 1, 0);

    if (DIFF_OURS) {
        new_without_key();
        QUIETLY(expect("new", value, -1));
        find_without_key();
        QUIETLY(expect("find", value, -1));
        send_without_data();
        QUIETLY(expect("send", value, -1));
        set_without_key();
    }

    saw("");
    expect("still connected", api_status(0), 2);
}

/* Neighbours without a clock, or an onion client that has no DHT or net_crypto: no object. */
static void constructor(void)
{
    t_line("only ours is checked: NULL");

    if (DIFF_OURS) {
        quiet_begin();
        expect("no clock", fc_new(world.log, NULL, onion_token, false) == NULL, 1);
        Friend_Connections *const silent = fc_new(NULL, mono_token, onion_token, false);
        expect("no log", silent != NULL, 1);
        Friend_Connections *const kept = world.fc;
        world.fc = silent;
        /* every line that it would log goes nowhere */
        searching(1);
        api_callbacks(0, 5, 5);
        friend_connection_callbacks(world.fc, 0, 0, NULL, NULL, NULL, &value, 1);
        set_global_status_callback(world.fc, NULL, &value);
        kill_friend_connections(silent);
        world.fc = kept;
        quiet_end();
    }

    saw_nothing();
}

const Scenario misuse_scenarios[] = {
    {"misuse-null-objects", SIM, objects, 0},
    {"misuse-null-records", SIM, records, 0},
    {"misuse-null-arguments", SIM, arguments, 0},
    {"misuse-constructor", SIM, constructor, 0},
    {NULL, 0, NULL, 0},
};
