/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "near.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_SECOND = 1000000, TOKENS = 65535 };

typedef struct Crypto {
    connection_status_cb *status;
    connection_data_cb *data;
    void *object;
    int number;
} Crypto;

Near near;
static Crypto *cryptos;
static int room;
/* Nothing but addresses. */
static uint8_t tokens[4];

void near_reset(int friends)
{
    if (friends > room) {
        free(cryptos);
        cryptos = (Crypto *)calloc((size_t)friends, sizeof(*cryptos));
        room = friends;
    }

    near = (Near) {.now = FIRST_SECOND, .relays = NEAR_RELAYS};
}

void near_status(int crypto, bool online)
{
    const Crypto *at = &cryptos[crypto];
    at->status(at->object, at->number, online, NULL);
}

void near_data(int crypto, const uint8_t *data, uint16_t length)
{
    const Crypto *at = &cryptos[crypto];
    at->data(at->object, at->number, data, length, NULL);
}

Onion_Client *near_onion(void)
{
    return (Onion_Client *)(void *)&tokens[0];
}

const Mono_Time *near_time(void)
{
    return (const Mono_Time *)(const void *)&tokens[1];
}

DHT *near_dht(void)
{
    return (DHT *)(void *)&tokens[2];
}

Net_Crypto *near_crypto(void)
{
    return (Net_Crypto *)(void *)&tokens[3];
}

/* What has other types, or another name, in some versions. */
#if TOX_ABI == 218
typedef uint16_t Lock;
#else
typedef uint32_t Lock;
#endif

#if TOX_ABI < 222
typedef Net_Crypto Sender;
#define LAN_INIT_ARGUMENTS const Network *ns
#else
typedef const Net_Crypto Sender;
#define LAN_INIT_ARGUMENTS const Memory *mem, const Network *ns
#endif

#if TOX_ABI == 218
typedef Net_Crypto Lister;
#define stub_onion_set_friend_dht_pubkey stub_onion_set_friend_DHT_pubkey
#define onion_set_friend_dht_pubkey onion_set_friend_DHT_pubkey
#else
typedef const Net_Crypto Lister;
#endif

/* Declared with the type of what it replaces: a wrong signature does not compile. */
#define STUB(name) extern __typeof__(name) stub_##name
STUB(mono_time_get);
#if TOX_ABI < 222
STUB(onion_get_dht);
STUB(onion_get_net_crypto);
STUB(dht_get_net);
#endif
STUB(onion_addfriend);
STUB(onion_delfriend);
STUB(onion_set_friend_online);
STUB(onion_set_friend_dht_pubkey);
STUB(onion_dht_pk_callback);
STUB(recv_tcp_relay_handler);
STUB(oniondata_registerhandler);
STUB(send_onion_data);
STUB(dht_get_self_public_key);
STUB(dht_addfriend);
STUB(dht_delfriend);
STUB(new_connection_handler);
STUB(new_crypto_connection);
STUB(accept_crypto_connection);
STUB(crypto_kill);
STUB(connection_status_handler);
STUB(connection_data_handler);
STUB(connection_lossy_data_handler);
STUB(nc_dht_pk_callback);
STUB(set_direct_ip_port);
STUB(write_cryptpacket);
STUB(add_tcp_relay);
STUB(add_tcp_relay_peer);
STUB(copy_connected_tcp_relays_index);
STUB(lan_discovery_init);
STUB(lan_discovery_send);
STUB(lan_discovery_kill);

/* What is given to somebody who does nothing is of no interest. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

uint64_t stub_mono_time_get(const Mono_Time *mono_time)
{
    return near.now;
}

/* ---- onion client */

#if TOX_ABI < 222
DHT *stub_onion_get_dht(const Onion_Client *onion_c)
{
    return near_dht();
}

Net_Crypto *stub_onion_get_net_crypto(const Onion_Client *onion_c)
{
    return near_crypto();
}

Networking_Core *stub_dht_get_net(const DHT *dht)
{
    return NULL;
}
#endif

int stub_onion_addfriend(Onion_Client *onion_c, const uint8_t *public_key)
{
    ++near.calls;
    return near.onions++;
}

int stub_onion_delfriend(Onion_Client *onion_c, int friend_num)
{
    ++near.calls;
    return friend_num;
}

int stub_onion_set_friend_online(Onion_Client *onion_c, int friend_num, bool online)
{
    ++near.calls;
    return 0;
}

int stub_onion_set_friend_dht_pubkey(Onion_Client *onion_c, int friend_num, const uint8_t *dht_pk)
{
    ++near.calls;
    return 0;
}

int stub_onion_dht_pk_callback(Onion_Client *onion_c, int friend_num, onion_dht_pk_cb *cb, void *obj, uint32_t number)
{
    ++near.calls;
    return 0;
}

int stub_recv_tcp_relay_handler(Onion_Client *onion_c, int friend_num, recv_tcp_relay_cb *cb, void *obj,
                                uint32_t number)
{
    ++near.calls;
    return 0;
}

void stub_oniondata_registerhandler(Onion_Client *onion_c, uint8_t first_byte, oniondata_handler_cb *cb, void *obj)
{
    ++near.calls;
}

int stub_send_onion_data(Onion_Client *onion_c, int friend_num, const uint8_t *data, uint16_t len)
{
    ++near.calls;
    return 1;
}

/* ---- DHT */

const uint8_t *stub_dht_get_self_public_key(const DHT *dht)
{
    static const uint8_t key[NEAR_KEY_SIZE] = {1};
    return key;
}

int stub_dht_addfriend(DHT *dht, const uint8_t *public_key, dht_ip_cb *cb, void *obj, int32_t number,
                       Lock *lock)
{
    ++near.calls;
    *lock = (Lock)(number % TOKENS + 1);
    return 0;
}

int stub_dht_delfriend(DHT *dht, const uint8_t *public_key, Lock lock)
{
    ++near.calls;
    return 0;
}

/* ---- net_crypto */

void stub_new_connection_handler(Net_Crypto *nc, new_connection_cb *cb, void *obj)
{
    ++near.calls;
}

int stub_new_crypto_connection(Net_Crypto *nc, const uint8_t *real_pk, const uint8_t *dht_pk)
{
    ++near.calls;
    return near.cryptos < room ? near.cryptos++ : -1;
}

int stub_accept_crypto_connection(Net_Crypto *nc, const New_Connection *incoming)
{
    ++near.calls;
    return -1;
}

int stub_crypto_kill(Net_Crypto *nc, int crypt_id)
{
    ++near.calls;
    return 0;
}

int stub_connection_status_handler(const Net_Crypto *nc, int crypt_id, connection_status_cb *cb, void *obj, int id)
{
    ++near.calls;
    cryptos[crypt_id].status = cb;
    cryptos[crypt_id].object = obj;
    cryptos[crypt_id].number = id;
    return 0;
}

int stub_connection_data_handler(const Net_Crypto *nc, int crypt_id, connection_data_cb *cb, void *obj, int id)
{
    ++near.calls;
    cryptos[crypt_id].data = cb;
    return 0;
}

int stub_connection_lossy_data_handler(const Net_Crypto *nc, int crypt_id, connection_lossy_data_cb *cb, void *obj,
                                       int id)
{
    ++near.calls;
    return 0;
}

int stub_nc_dht_pk_callback(const Net_Crypto *nc, int crypt_id, dht_pk_cb *cb, void *obj, uint32_t number)
{
    ++near.calls;
    return 0;
}

int stub_set_direct_ip_port(Net_Crypto *nc, int crypt_id, const IP_Port *ipp, bool connected)
{
    ++near.calls;
    return 0;
}

int64_t stub_write_cryptpacket(Sender *nc, int crypt_id, const uint8_t *data, uint16_t len,
                               bool congestion_control)
{
    ++near.calls;
    return (int64_t)near.writes++;
}

int stub_add_tcp_relay(Net_Crypto *nc, const IP_Port *ipp, const uint8_t *public_key)
{
    ++near.calls;
    return 0;
}

int stub_add_tcp_relay_peer(Net_Crypto *nc, int crypt_id, const IP_Port *ipp, const uint8_t *public_key)
{
    ++near.calls;
    return 0;
}

uint32_t stub_copy_connected_tcp_relays_index(Lister *nc, Node_format *out, uint16_t max, uint32_t idx)
{
    ++near.calls;
    const uint32_t count = max < near.relays ? max : near.relays;

    for (uint32_t i = 0; i < count; ++i) {
        const uint8_t number = (uint8_t)((idx + i) % near.relays + 1);
        memset(&out[i], 0, sizeof(out[i]));
        memset(out[i].public_key, number, NEAR_KEY_SIZE);
        out[i].ip_port.ip.family = net_family_tcp_ipv4();
        memset(out[i].ip_port.ip.ip.v4.uint8, number, sizeof(out[i].ip_port.ip.ip.v4.uint8));
        out[i].ip_port.port = net_htons(number);
    }

    return count;
}

/* ---- LAN discovery: off */

Broadcast_Info *stub_lan_discovery_init(LAN_INIT_ARGUMENTS)
{
    return NULL;
}

bool stub_lan_discovery_send(const Networking_Core *net, const Broadcast_Info *broadcast, const uint8_t *dht_pk,
                             uint16_t port_net_order)
{
    return false;
}

void stub_lan_discovery_kill(Broadcast_Info *broadcast)
{
}
