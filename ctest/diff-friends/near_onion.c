/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Stubs: the onion client and the DHT. */
#include "stubs.h"

#include <string.h>

static uint8_t self_key[32] = {'S', 'E', 'L', 'F'};

#if TOX_ABI < 222
DHT *stub_onion_get_dht(const Onion_Client *onion_c)
{
    near_object(onion_c, onion_token, "onion_get_dht");
    return dht_token;
}

Net_Crypto *stub_onion_get_net_crypto(const Onion_Client *onion_c)
{
    near_object(onion_c, onion_token, "onion_get_net_crypto");
    return crypto_token;
}

Networking_Core *stub_dht_get_net(const DHT *dht)
{
    near_object(dht, dht_token, "dht_get_net");
    return net_token;
}
#endif

static Onion_Friend *onion_friend(int number, const char *function)
{
    if (number < 0 || number >= near.onions || !near.onion[number].alive) {
        breach("%s for onion friend %d, who is not there", function, number);
        return NULL;
    }

    return &near.onion[number];
}

int stub_onion_addfriend(Onion_Client *onion_c, const uint8_t *public_key)
{
    near_object(onion_c, onion_token, "onion_addfriend");

    if (answers.onion_add < 0) {
        near_call("onion_addfriend(%s) = -1", key_name(public_key));
        note_word("onion_add(%s)=-1", key_name(public_key));
        return -1;
    }

    const int number = near.onions;
    near.onion = (Onion_Friend *)grown(near.onion, number, sizeof(Onion_Friend));
    ++near.onions;
    Onion_Friend *const friend = &near.onion[number];
    memset(friend, 0, sizeof(*friend));
    friend->alive = true;
    friend->online = -1;
    memcpy(friend->real, public_key, 32);
    near_call("onion_addfriend(%s) = %d", key_name(public_key), number);
    note_word("onion_add(%s)=%d", key_name(public_key), number);
    return number;
}

int stub_onion_delfriend(Onion_Client *onion_c, int friend_num)
{
    near_object(onion_c, onion_token, "onion_delfriend");
    near_call("onion_delfriend(%d)", friend_num);
    note_word("onion_del(%d)", friend_num);
    Onion_Friend *const friend = onion_friend(friend_num, "onion_delfriend");

    if (friend != NULL) {
        friend->alive = false;
    }

    return answers.odd != 0 ? answers.odd : friend == NULL ? -1 : friend_num;
}

int stub_onion_set_friend_online(Onion_Client *onion_c, int friend_num, bool online)
{
    near_object(onion_c, onion_token, "onion_set_friend_online");
    near_call("onion_set_friend_online(%d, %d)", friend_num, online);
    note_word("on(%d,%d)", friend_num, online);
    Onion_Friend *const friend = onion_friend(friend_num, "onion_set_friend_online");

    if (friend != NULL) {
        friend->online = online;
    }

    return answers.odd != 0 ? answers.odd : friend == NULL ? -1 : 0;
}

int stub_onion_set_friend_DHT_pubkey(Onion_Client *onion_c, int friend_num, const uint8_t *dht_pk)
{
    near_object(onion_c, onion_token, "onion_set_friend_DHT_pubkey");

    if (!told_later(friend_num, dht_pk)) {
        near_call("onion_set_friend_DHT_pubkey(%d, %s)", friend_num, key_name(dht_pk));
        note_word("okset(%d,%s)", friend_num, key_name(dht_pk));
    }

    Onion_Friend *const friend = onion_friend(friend_num, "onion_set_friend_DHT_pubkey");
    ++near.okeys;

    if (friend != NULL) {
        memcpy(friend->dht, dht_pk, 32);
    }

    return answers.odd != 0 ? answers.odd : friend == NULL ? -1 : 0;
}

int stub_onion_dht_pk_callback(Onion_Client *onion_c, int friend_num, onion_dht_pk_cb *cb, void *obj, uint32_t number)
{
    near_object(onion_c, onion_token, "onion_dht_pk_callback");
    near_call("onion_dht_pk_callback(%d, %s, number %u)", friend_num, cb == NULL ? "none" : "set", number);
    note_word("key_cb(%d,%u)", friend_num, number);
    Onion_Friend *const friend = onion_friend(friend_num, "onion_dht_pk_callback");

    if (friend != NULL) {
        friend->key = cb;
        friend->key_object = obj;
        friend->key_number = number;
    }

    return answers.odd != 0 ? answers.odd : friend == NULL ? -1 : 0;
}

int stub_recv_tcp_relay_handler(Onion_Client *onion_c, int friend_num, recv_tcp_relay_cb *cb, void *obj,
                                uint32_t number)
{
    near_object(onion_c, onion_token, "recv_tcp_relay_handler");
    near_call("recv_tcp_relay_handler(%d, %s, number %u)", friend_num, cb == NULL ? "none" : "set", number);
    note_word("relay_cb(%d,%u)", friend_num, number);
    Onion_Friend *const friend = onion_friend(friend_num, "recv_tcp_relay_handler");

    if (friend != NULL) {
        friend->relay = cb;
        friend->relay_object = obj;
        friend->relay_number = number;
    }

    return answers.odd != 0 ? answers.odd : friend == NULL ? -1 : 0;
}

void stub_oniondata_registerhandler(Onion_Client *onion_c, uint8_t first_byte, oniondata_handler_cb *cb, void *obj)
{
    near_object(onion_c, onion_token, "oniondata_registerhandler");
    near_call("oniondata_registerhandler(%u, %s, %s)", first_byte,
              cb == NULL ? "none" : cb == on_request ? "the callback" : "another function",
              obj == NULL ? "none" : "an object");
    note_word(cb == NULL ? "onion_handler(none)" : "onion_handler(%u)", first_byte);
    near.onion_data = cb;
    near.onion_data_object = obj;
}

int stub_send_onion_data(Onion_Client *onion_c, int friend_num, const uint8_t *data, uint16_t length)
{
    char label[80];
    near_object(onion_c, onion_token, "send_onion_data");
    snprintf(label, sizeof(label), "send_onion_data(%d) = %d data", friend_num, answers.onion_data);
    near_call("%s", bytes_text(label, data, length));
    note_word("onion_data(%d,%u,%u)%s", friend_num, data[0], length, refused(answers.onion_data));
    ++near.sends;
    onion_friend(friend_num, "send_onion_data");
    return answers.onion_data;
}

/* ------------------------------------------------------------------------ DHT */

const uint8_t *stub_dht_get_self_public_key(const DHT *dht)
{
    near_object(dht, dht_token, "dht_get_self_public_key");
    return self_key;
}

/* From 0.2.20 on the DHT hands out no token for a key that somebody else has registered (D5). */
static Token token_for(const uint8_t *public_key)
{
    for (int i = 0; TOX_ABI > 218 && i < near.locks_made; ++i) {
        if (near.locks[i].held && memcmp(near.locks[i].key, public_key, 32) == 0) {
            return 0;
        }
    }

    return (Token)(near.locks_made % 65535 + 1);
}

int stub_dht_addfriend(DHT *dht, const uint8_t *public_key, dht_ip_cb *cb, void *obj, int32_t number,
                       Token *lock_count)
{
    near_object(dht, dht_token, "dht_addfriend");
    ++near.dht_adds;

    if (answers.dht_add < 0) {
        near_call("dht_addfriend(%s, number %d) = -1", key_name(public_key), number);
        note_word("dht_add(%s,%d)=-1", key_name(public_key), number);
        return -1;
    }

    const Token token = token_for(public_key);
    const int lock = near.locks_made;
    near.locks = (Dht_Lock *)grown(near.locks, lock, sizeof(Dht_Lock));
    ++near.locks_made;
    Dht_Lock *const made = &near.locks[lock];
    memcpy(made->key, public_key, 32);
    made->held = true;
    made->token = token;
    made->cb = cb;
    made->object = obj;
    made->number = number;

    if (cb == NULL) {
        breach("dht_addfriend without a handler");
    }

    if (lock_count == NULL) {
        breach("dht_addfriend without a place for the token");
    } else if (token != 0) {
        *lock_count = token;
    }

    near_call("dht_addfriend(%s, number %d) = token %u", key_name(public_key), number, made->token);
    note_word("dht_add(%s,%d)=%u", key_name(public_key), number, made->token);
    return 0;
}

int stub_dht_delfriend(DHT *dht, const uint8_t *public_key, Token lock_count)
{
    near_object(dht, dht_token, "dht_delfriend");
    near_call("dht_delfriend(%s, token %u) = %d", key_name(public_key), lock_count, answers.dht_del);
    note_word("dht_del(%s,%u)%s", key_name(public_key), lock_count, refused(answers.dht_del));
    ++near.dht_dels;

    for (int i = near.locks_made - 1; i >= 0; --i) {
        Dht_Lock *const lock = &near.locks[i];

        if (lock->held && lock->token == lock_count && lock_count != 0 && memcmp(lock->key, public_key, 32) == 0) {
            /* the DHT refuses what it does not know: it is gone either way */
            lock->held = false;
            return answers.dht_del;
        }
    }

    breach("dht_delfriend(%s, token %u): no such lock", key_name(public_key), lock_count);
    return -1;
}
