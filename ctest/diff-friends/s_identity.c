/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Specification 17.2: construction, identity, locks, and the getters. */
#include "suite.h"

#include <string.h>

static void fc01(void)
{
    expect("object", world.fc != NULL, 1);
    saw("new_handler(set)");
    QUIETLY(world_close());
    saw_nothing();
    world.lan = true;
    QUIETLY(world_open());
    saw_new(TOX_ABI == 218 ? "new_handler(set) lan_init" : "lan_init new_handler(set)", "lan_init new_handler(set)");
    it();
    saw("lan(33445) lan(33446) lan(33447) lan(33448) lan(33449) lan(33450) lan(33451) lan(33452) lan(33453) "
        "lan(33454) "
        "lan(33455)");
    kill_friend_connections(world.fc);
    world.fc = NULL;
    saw("lan_kill");
}

static void fc02(void)
{
    saw_nothing();
    expect("id", api_add(1), 0);
    saw("onion_add(k1)=0 relay_cb(0,0) key_cb(0,0)");
    expect("status", api_status(0), 1);
    expect("crypto id", api_crypto(0), -1);
}

static void fc03(void)
{
    searching(1);
    expect("id", api_add(1), 0);
    saw("");
}

static void fc04(void)
{
    searching(1);
    expect("second", api_add(2), 1);
    expect("third", api_add(3), 2);
    saw_nothing();
    expect("kill", api_kill(1), 0);
    saw("onion_del(1) kill(-1)");
    expect("fourth takes the free id", api_add(4), 1);
    saw("onion_add(k4)=3 relay_cb(3,1) key_cb(3,1)");
    expect("onion number", api_onion(1), 3);
}

static void fc05(void)
{
    searching(1);
    api_add(1);
    expect("first", api_kill(0), 0);
    saw("");
    expect("status", api_status(0), 1);
    expect("second", api_kill(0), 0);
    saw("onion_del(0) kill(-1)");
    expect("third", api_kill(0), -1);
    saw("");
}

static void invalid_id(int id)
{
    uint8_t real[32], dht[32];
    memset(real, 7, 32);
    memset(dht, 8, 32);
    expect("kill", api_kill(id), -1);
    expect("status", api_status(id), 0);
    expect("crypto id", api_crypto(id), -1);
    expect("lock", api_lock(id), -1);
    expect("keys", get_friendcon_public_keys(real, dht, world.fc, id), -1);
    expect("key untouched", real[0] == 7 && real[31] == 7 && dht[0] == 8 && dht[31] == 8, 1);
    expect("keys without outputs", get_friendcon_public_keys(NULL, NULL, world.fc, id), -1);
    expect("callbacks", api_callbacks(id, 0, 1), -1);
    expect("record", get_conn(world.fc, id) != NULL, 0);
    expect("request", api_send_request(id, 10), -1);
    api_key(id, 3);
    saw("");
}

static void fc06(void)
{
    /* none at all, too large, negative, the extremes */
    saw_nothing();
    invalid_id(0);
    invalid_id(-1);
    connected(1, 1);
    invalid_id(99);
    invalid_id(1);
    invalid_id(-1);
    invalid_id(-2147483647 - 1);
    invalid_id(2147483647);
    /* a hole between two friends */
    api_add(2);
    api_add(3);
    api_kill(1);
    saw_nothing();
    invalid_id(1);
}

static void fc07(void)
{
    searching(1);
    searching(2);
    expect("first", api_find(1), 0);
    expect("second", api_find(2), 1);
    expect("absent", api_find(3), -1);
    api_kill(0);
    saw_nothing();
    expect("released", api_find(1), -1);
    expect("the other", api_find(2), 1);
    saw("");
}

static void fc08(void)
{
    searching(1);
    answers.onion_add = -1;
    expect("refused", api_add(2), -1);
    saw("onion_add(k2)=-1");
    expect("not there", api_find(2), -1);
    expect("refused again", api_add(3), -1);
    answers.onion_add = 0;
    saw_nothing();
    expect("next", api_add(2), 1);
    saw("onion_add(k2)=1 relay_cb(1,1) key_cb(1,1)");
    answers.onion_add = -1;
    expect("known key needs no onion", api_add(1), 0);
    expect("refused at the end", api_add(5), -1);
    api_kill(0);
    api_kill(0);
    expect("a hole does not help", api_add(6), -1);
    answers.onion_add = 0;
    expect("the hole is taken", api_add(6), 0);
}

static void fc09(void)
{
    searching(1);
    expect("lock", api_lock(0), 0);
    expect("first", api_kill(0), 0);
    saw("");
    expect("second", api_kill(0), 0);
    saw("onion_del(0) kill(-1)");
    expect("gone", api_status(0), 0);
}

static void fc11(void)
{
    void *const object = new_object();
    searching(1);
    world.errors = 0;
    expect("index 2", api_callbacks(0, 2, 5), -1);
    expect("index 2 with nothing", api_clear(0, 2), -1);
    expect("index -1", api_clear(0, (unsigned)-1), -1);
    expect("no error logged for an index", world.errors > 0, 0);
    expect("no status callback", friend_connection_callbacks(world.fc, 0, 0, NULL, on_data0, on_lossy0, object, 5), -1);
    expect("no data callback", friend_connection_callbacks(world.fc, 0, 0, on_status0, NULL, on_lossy0, object, 5), -1);
    expect("no lossy callback", friend_connection_callbacks(world.fc, 0, 0, on_status0, on_data0, NULL, object, 5), -1);
    expect("object alone", friend_connection_callbacks(world.fc, 0, 1, NULL, NULL, NULL, object, 5), -1);
    expect("errors logged", world.errors, 4);
    /* what was refused changed nothing */
    api_key(0, 1);
    saw_nothing();
    ev_up(api_crypto(0));
    saw("on(0,1) S0(100,1) S1(200,1)");
    expect("functions without an object",
           friend_connection_callbacks(world.fc, 0, 0, on_status0, NULL, on_lossy0, NULL, 6), 0);
    ev_packet(0, 64, 3);
    saw("D1(200,64,3)");
    ev_packet(0, 200, 3);
    saw("L0(6,200,3) L1(200,200,3)");
    ev_down(0);
    saw("on(0,0) S0(6,0) S1(200,0)");
    expect("cleared", api_clear(0, 1), 0);
    it();
    saw_nothing();
    ev_up(api_crypto(0));
    saw("on(0,1) S0(6,1)");
}

static void fc12(void)
{
    connecting(1, 1);
    world.errors = 0;
    set_global_status_callback(world.fc, NULL, new_object());
    expect("error logged", world.errors, 1);
    ev_up(0);
    saw("on(0,1) S0(100,1) S1(200,1)");
    /* the object was not kept: a function alone gets none */
    set_global_status_callback(world.fc, on_global, NULL);
    expect("no further error", world.errors, 1);
    ev_down(0);
    saw("on(0,0) G(0,0) S0(100,0) S1(200,0)");
    set_global_status_callback(world.fc, NULL, NULL);
    expect("clearing is no error", world.errors, 1);
    it();
    saw_nothing();
    ev_up(api_crypto(0));
    saw("on(0,1) S0(100,1) S1(200,1)");
}

static void fc13(void)
{
    uint8_t real[32], dht[32];
    searching(1);
    expect("both", get_friendcon_public_keys(real, dht, world.fc, 0), 0);
    expect("real key", memcmp(real, real_key(1), 32), 0);
    expect("unknown DHT key", memcmp(dht, dht_key(0), 32), 0);
    expect("no outputs", get_friendcon_public_keys(NULL, NULL, world.fc, 0), 0);
    expect("real key alone", get_friendcon_public_keys(real, NULL, world.fc, 0), 0);
    api_key(0, 4);
    expect("DHT key alone", get_friendcon_public_keys(NULL, dht, world.fc, 0), 0);
    expect("known DHT key", memcmp(dht, dht_key(4), 32), 0);
}

/* 32 bytes of any kind are a key: 0.2.20 adds random ones. */
static void any_key(void)
{
    uint8_t key[32];
    memset(key, 0, 32);
    saw_nothing();
    expect("all zero", new_friend_connection(world.fc, key), 0);
    saw("onion_add(zero)=0 relay_cb(0,0) key_cb(0,0)");
    expect("again", new_friend_connection(world.fc, key), 0);
    expect("found", getfriend_conn_id_pk(world.fc, key), 0);
    memset(key, 0xff, 32);
    expect("all ones", new_friend_connection(world.fc, key), 1);
    key[31] = 0xfe;
    expect("last bit", new_friend_connection(world.fc, key), 2);
    key[0] = 0;
    expect("not there", getfriend_conn_id_pk(world.fc, key), -1);
    expect("our own key", new_friend_connection(world.fc, dht_key(1)), 3);
    api_key(3, 1);
    expect("real and DHT key may be the same", api_crypto(3) >= 0, 1);
}

static void getters(void)
{
    searching(1);
    const Friend_Conn *const conn = get_conn(world.fc, 0);
    expect("record", conn != NULL, 1);
    expect("onion number", friend_conn_get_onion_friendnum(conn), 0);
    expect("family", friend_conn_get_dht_ip_port(conn)->ip.family.value, 0);
    expect("port", friend_conn_get_dht_ip_port(conn)->port, 0);
    expect("net_crypto", friendconn_net_crypto(world.fc) == crypto_token, 1);
    /* what the pointer shows changes with the friend */
    api_key(0, 1);
    ev_addr(0, at4(UDP4, 1, 2, 3, 4, 5));
    expect("family", api_address(0)->ip.family.value, 2);
    expect("port", net_ntohs(api_address(0)->port), 5);
    expect("another friend", api_onion(searching(2)), 1);
}

static void no_onion(void)
{
    saw_nothing();
    expect("no object", fc_new(world.log, mono_token, NULL, true) == NULL, 1);
    expect("no object without LAN discovery",
           fc_new(world.log, mono_token, NULL, false) == NULL, 1);
    saw("");
    kill_friend_connections(NULL);
    saw("");
}

const Scenario identity_scenarios[] = {
    {"FC-01", SIM, fc01, 0},
    {"FC-02", SIM, fc02, 0},
    {"FC-03", SIM, fc03, 0},
    {"FC-04", SIM, fc04, 0},
    {"FC-05", SIM, fc05, 0},
    {"FC-06", SIM, fc06, 0},
    {"FC-07", SIM, fc07, 0},
    {"FC-08", SIM, fc08, 0},
    {"FC-09", SIM, fc09, 0},
    {"FC-11", SIM, fc11, 0},
    {"FC-12", SIM, fc12, 0},
    {"FC-13", SIM, fc13, 0},
    {"any-key", SIM, any_key, 0},
    {"getters", SIM, getters, 0},
    {"no-onion-client", SIM, no_onion, 0},
    {NULL, 0, NULL, 0},
};
