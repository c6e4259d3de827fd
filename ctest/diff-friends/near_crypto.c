/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Stubs: net_crypto. As the real one it has one connection for a real key, and gives the id of the
 * one that exists. */
#include "stubs.h"

#include <string.h>

/* Later versions promise to change less. */
#if TOX_ABI >= 220
#define NC_FROM_220 const
#else
#define NC_FROM_220
#endif
#if TOX_ABI >= 222
#define NC_FROM_222 const
#else
#define NC_FROM_222
#endif

static Crypto *crypto_at(int id, const char *function)
{
    if (id < 0 || id >= near.cryptos || !near.crypto[id].alive) {
        /* -1 is what the module has when there is none, and allowed */
        if (id != -1) {
            breach("%s for crypto id %d, which is not there", function, id);
        }

        return NULL;
    }

    return &near.crypto[id];
}

static int handled(const Crypto *crypto)
{
    return answers.odd != 0 ? answers.odd : crypto == NULL ? -1 : 0;
}

void stub_new_connection_handler(Net_Crypto *nc, new_connection_cb *cb, void *obj)
{
    near_object(nc, crypto_token, "new_connection_handler");
    /* net_crypto calls whatever it has, so a function without an object stands for none */
    const bool none = cb == NULL || obj == NULL;
    near_call("new_connection_handler(%s)", none ? "none" : "set");
    note_word("new_handler(%s)", none ? "none" : "set");
    near.new_connection = none ? NULL : cb;
    near.new_connection_object = obj;
}

static int existing(const uint8_t *real)
{
    for (int id = near.cryptos - 1; id >= 0; --id) {
        if (near.crypto[id].alive && memcmp(near.crypto[id].real, real, 32) == 0) {
            return id;
        }
    }

    return -1;
}

static int free_id(void)
{
    for (int id = 0; answers.ids_return && id < near.cryptos; ++id) {
        if (!near.crypto[id].alive) {
            return id;
        }
    }

    near.crypto = (Crypto *)grown(near.crypto, near.cryptos, sizeof(Crypto));
    return near.cryptos++;
}

static int open_crypto(const uint8_t *real, const uint8_t *dht)
{
    static long opened;
    const int id = free_id();
    Crypto *const crypto = &near.crypto[id];
    memset(crypto, 0, sizeof(*crypto));
    crypto->alive = true;
    crypto->opened = ++opened;
    memcpy(crypto->real, real, 32);
    memcpy(crypto->dht, dht, 32);
    return id;
}

int stub_new_crypto_connection(Net_Crypto *nc, const uint8_t *real_pk, const uint8_t *dht_pk)
{
    near_object(nc, crypto_token, "new_crypto_connection");

    if (later_hidden(real_pk)) {
        return -1;
    }

    ++near.attempts;
    int id = -1;

    if (answers.new_crypto >= 0) {
        id = existing(real_pk);

        if (id < 0) {
            id = open_crypto(real_pk, dht_pk);
        } else if (near.crypto[id].dying) {
            t_note("new_crypto_connection while the last one to %s ends", key_name(real_pk));
        }
    }

    near_call("new_crypto_connection(%s, %s) = %d", key_name(real_pk), key_name(dht_pk), id);
    note_word("new_crypto(%s,%s)=%d", key_name(real_pk), key_name(dht_pk), id);
    return id;
}

int stub_accept_crypto_connection(Net_Crypto *nc, const New_Connection *incoming)
{
    near_object(nc, crypto_token, "accept_crypto_connection");
    const char *name = key_name(incoming->public_key);

    if (incoming != near.offered && (near.offered == NULL || memcmp(incoming, near.offered, sizeof(*incoming)) != 0)) {
        breach("accept_crypto_connection with something else than what was offered");
    }

    int id = -1;

    if (answers.accept >= 0 && existing(incoming->public_key) < 0) {
        id = open_crypto(incoming->public_key, incoming->dht_public_key);
    }

    near_call("accept_crypto_connection(%s) = %d", name, id);
    note_word("accept(%s)=%d", name, id);
    return id;
}

int stub_crypto_kill(Net_Crypto *nc, int crypt_id)
{
    near_object(nc, crypto_token, "crypto_kill");
    near_call("crypto_kill(%d)", crypt_id);
    note_word("kill(%d)", crypt_id);
    Crypto *const crypto = crypto_at(crypt_id, "crypto_kill");

    if (crypto != NULL) {
        crypto->alive = false;
    }

    return handled(crypto);
}

int stub_connection_status_handler(const Net_Crypto *nc, int crypt_id, connection_status_cb *cb, void *obj, int id)
{
    near_object(nc, crypto_token, "connection_status_handler");
    near_call("connection_status_handler(%d, %s, number %d)", crypt_id, cb == NULL ? "none" : "set", id);
    note_word("hs(%d)", id);
    Crypto *const crypto = crypto_at(crypt_id, "connection_status_handler");

    if (crypto != NULL) {
        crypto->status = cb;
        crypto->object[0] = obj;
        crypto->number = id;
    }

    return handled(crypto);
}

/* The handlers of one connection are all for the same slot. */
static void same_slot(const Crypto *crypto, int number, const char *function)
{
    if (crypto != NULL && crypto->number != number) {
        breach("%s for number %d, but the status handler has %d", function, number, crypto->number);
    }
}

int stub_connection_data_handler(const Net_Crypto *nc, int crypt_id, connection_data_cb *cb, void *obj, int id)
{
    near_object(nc, crypto_token, "connection_data_handler");
    near_call("connection_data_handler(%d, %s, number %d)", crypt_id, cb == NULL ? "none" : "set", id);
    note_word("hd(%d)", id);
    Crypto *const crypto = crypto_at(crypt_id, "connection_data_handler");
    same_slot(crypto, id, "connection_data_handler");

    if (crypto != NULL) {
        crypto->data = cb;
        crypto->object[1] = obj;
    }

    return handled(crypto);
}

int stub_connection_lossy_data_handler(const Net_Crypto *nc, int crypt_id, connection_lossy_data_cb *cb, void *obj,
                                       int id)
{
    near_object(nc, crypto_token, "connection_lossy_data_handler");
    near_call("connection_lossy_data_handler(%d, %s, number %d)", crypt_id, cb == NULL ? "none" : "set", id);
    note_word("hl(%d)", id);
    Crypto *const crypto = crypto_at(crypt_id, "connection_lossy_data_handler");
    same_slot(crypto, id, "connection_lossy_data_handler");

    if (crypto != NULL) {
        crypto->lossy = cb;
        crypto->object[2] = obj;
    }

    return handled(crypto);
}

int stub_nc_dht_pk_callback(const Net_Crypto *nc, int crypt_id, dht_pk_cb *cb, void *obj, uint32_t number)
{
    near_object(nc, crypto_token, "nc_dht_pk_callback");
    near_call("nc_dht_pk_callback(%d, %s, number %u)", crypt_id, cb == NULL ? "none" : "set", number);
    note_word("hk(%u)", number);
    Crypto *const crypto = crypto_at(crypt_id, "nc_dht_pk_callback");
    same_slot(crypto, (int)number, "nc_dht_pk_callback");

    if (crypto != NULL) {
        crypto->key = cb;
        crypto->object[3] = obj;
    }

    return handled(crypto);
}

int stub_set_direct_ip_port(Net_Crypto *nc, int crypt_id, const IP_Port *ipp, bool connected)
{
    near_object(nc, crypto_token, "set_direct_ip_port");

    if (later_hidden(NULL)) {
        return answers.direct;
    }

    near.last_direct = *ipp;
    /* net_crypto refuses an address without a family, whatever its other bytes */
    near_call("set_direct_ip_port(%d, %s, %d)", crypt_id, ipp->ip.family.value == 0 ? "none" : address_text(ipp),
              connected);
    note_word("direct(%d,%d)", crypt_id, connected);
    crypto_at(crypt_id, "set_direct_ip_port");
    return answers.direct;
}

int64_t stub_write_cryptpacket(NC_FROM_222 Net_Crypto *nc, int crypt_id, const uint8_t *data, uint16_t length,
                               bool congestion_control)
{
    near_object(nc, crypto_token, "write_cryptpacket");
    crypto_at(crypt_id, "write_cryptpacket");
    const bool no = answers.write_refused || answers.write_refused_id == data[0] || crypt_id < 0;
    char label[100];
    snprintf(label, sizeof(label), "write_cryptpacket(%d, congestion control %d) = %s data", crypt_id,
             congestion_control, no ? "-1" : "number");
    near_call("%s", bytes_text(label, data, length));
    note_word("write(%d,%u,%u)%s", crypt_id, data[0], length, no ? "=-1" : "");
    ++near.writes[data[0]];

    if (data[0] == 17) {
        near.last_share_length = length;
    }

    return no ? -1 : near.packets++;
}

int stub_add_tcp_relay(Net_Crypto *nc, const IP_Port *ipp, const uint8_t *public_key)
{
    near_object(nc, crypto_token, "add_tcp_relay");
    near_call("add_tcp_relay(%s, %s) = %d", address_text(ipp), key_name(public_key), answers.rglob);
    note_word("rglob(%s)", key_name(public_key));
    return answers.rglob;
}

int stub_add_tcp_relay_peer(Net_Crypto *nc, int crypt_id, const IP_Port *ipp, const uint8_t *public_key)
{
    near_object(nc, crypto_token, "add_tcp_relay_peer");
    ++near.rpeers;
    int result = crypto_at(crypt_id, "add_tcp_relay_peer") == NULL ? -1 : 0;

    if (result == 0 && answers.rpeer_fails > 0) {
        --answers.rpeer_fails;
        result = -1;
    } else if (result == 0 && answers.rpeer_left >= 0 && answers.rpeer_left-- == 0) {
        answers.rpeer_left = 0;
        result = -1;
    }

    near_call("add_tcp_relay_peer(%d, %s, %s) = %d", crypt_id, address_text(ipp), key_name(public_key), result);
    note_word("rpeer(%d,%s)%s", crypt_id, key_name(public_key), refused(result));
    near.last_relay = *ipp;
    memcpy(near.last_relay_key, public_key, 32);
    return result;
}

uint32_t stub_copy_connected_tcp_relays_index(NC_FROM_220 Net_Crypto *nc, Node_format *tcp_relays, uint16_t num,
        uint32_t idx)
{
    near_object(nc, crypto_token, "copy_connected_tcp_relays_index");
    const uint32_t count = num < answers.own_count ? num : answers.own_count;

    for (uint32_t i = 0; i < count; ++i) {
        tcp_relays[i] = answers.own[(idx + i) % answers.own_count];
    }

    near_call("copy_connected_tcp_relays_index(%u, %u) = %u", num, idx, count);
    note_word("copy(%u)=%u", idx, count);
    ++near.copies;
    return count;
}
