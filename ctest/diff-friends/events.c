/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the neighbours report: each event calls the handler that the module registered for it. */
#include "suite.h"

#include <stdlib.h>
#include <string.h>

/* Handlers that the test was never given are a line in the trace. */
static bool handler(bool there, const char *event, int which)
{
    if (!world.mute) {
        t_line("event %s %d%s", event, which, there ? "" : ": no handler");
    }

    return there;
}

static Crypto *crypto_of(int id)
{
    return id >= 0 && id < near.cryptos && near.crypto[id].alive ? &near.crypto[id] : NULL;
}

static int result(int value)
{
    if (!world.mute) {
        t_line("event result %d", value);
    }

    look();
    return value;
}

void ev_okey(int slot, unsigned p)
{
    const int number = onion_of(slot);

    key_event_begin(slot, dht_key(p));

    if (handler(number >= 0 && near.onion[number].key != NULL, "onion DHT key", slot)) {
        uint8_t key[32];
        memcpy(key, dht_key(p), 32);
        near.onion[number].key(near.onion[number].key_object, (int32_t)near.onion[number].key_number, key,
                               userdata(FROM_EVENT));
    }

    key_event_end();
    look();
}

int ev_relay(int slot, const IP_Port *address, const uint8_t *key)
{
    const int number = onion_of(slot);
    int got = -2;

    if (handler(number >= 0 && near.onion[number].relay != NULL, "onion relay", slot)) {
        uint8_t copy[32];
        memcpy(copy, key, 32);
        got = near.onion[number].relay(near.onion[number].relay_object, near.onion[number].relay_number, address, copy);
    }

    return result(got);
}

int ev_relay_n(int slot, unsigned n)
{
    const IP_Port address = relay_at(n);
    return ev_relay(slot, &address, relay_key(n));
}

void ev_addr_lock(int lock, IP_Port address)
{
    if (handler(lock >= 0 && near.locks[lock].cb != NULL, "DHT address", lock)) {
        address_event_begin(near.locks[lock].number);
        near.locks[lock].cb(near.locks[lock].object, near.locks[lock].number, &address);
    }

    look();
}

void ev_addr(int slot, IP_Port address)
{
    ev_addr_lock(lock_of(slot), address);
}

void ev_nkey(int crypto, unsigned p)
{
    Crypto *const c = crypto_of(crypto);

    key_event_begin(c != NULL ? c->number : -1, dht_key(p));

    if (handler(c != NULL && c->key != NULL, "handshake with DHT key", crypto)) {
        uint8_t key[32];
        memcpy(key, dht_key(p), 32);
        c->key(c->object[3], c->number, key, userdata(FROM_EVENT));
    }

    key_event_end();
    look();
}

int ev_offer(unsigned k, unsigned p, IP_Port source)
{
    static uint8_t cookie[112];
    New_Connection offer;
    memset(&offer, 0, sizeof(offer));
    offer.source = source;
    memcpy(offer.public_key, real_key(k), 32);
    memcpy(offer.dht_public_key, dht_key(p), 32);
    memset(offer.recv_nonce, 3, sizeof(offer.recv_nonce));
    memset(offer.peersessionpublic_key, 4, sizeof(offer.peersessionpublic_key));
    offer.cookie = cookie;
    offer.cookie_length = sizeof(cookie);
    int got = -2;

    if (handler(near.new_connection != NULL, "offered connection from friend", (int)k)) {
        near.offered = &offer;
        got = near.new_connection(near.new_connection_object, &offer);
        near.offered = NULL;
    }

    return result(got);
}

static void status(int crypto, bool on)
{
    Crypto *const c = crypto_of(crypto);

    if (handler(c != NULL && c->status != NULL, on ? "up" : "down", crypto)) {
        const int got = c->status(c->object[0], c->number, on, userdata(FROM_EVENT));

        if (!world.mute) {
            t_line("event result %d", got);
        }
    }
}

void ev_up(int crypto)
{
    status(crypto, true);
    look();
}

void ev_down(int crypto)
{
    if (crypto_of(crypto) != NULL) {
        near.crypto[crypto].dying = true;
        status(crypto, false);
        /* the list may have moved */
        near.crypto[crypto].alive = false;
    } else {
        status(crypto, false);
    }

    look();
}

/* A copy of its own, so that reading past the end is seen by the checkers. */
static uint8_t *own_copy(const uint8_t *data, size_t n)
{
    uint8_t *const copy = (uint8_t *)malloc(n > 0 ? n : 1);

    if (copy == NULL) {
        abort();
    }

    if (n > 0) {
        memcpy(copy, data, n);
    }

    return copy;
}

int ev_data(int crypto, const uint8_t *data, size_t n)
{
    Crypto *const c = crypto_of(crypto);
    int got = -2;

    if (handler(c != NULL && c->data != NULL, "data on", crypto)) {
        uint8_t *const copy = own_copy(data, n);
        got = c->data(c->object[1], c->number, copy, (uint16_t)n, userdata(FROM_EVENT));
        free(copy);
    }

    return result(got);
}

int ev_lossy(int crypto, const uint8_t *data, size_t n)
{
    Crypto *const c = crypto_of(crypto);
    int got = -2;

    if (handler(c != NULL && c->lossy != NULL, "lossy data on", crypto)) {
        uint8_t *const copy = own_copy(data, n);
        got = c->lossy(c->object[2], c->number, copy, (uint16_t)n, userdata(FROM_EVENT));
        free(copy);
    }

    return result(got);
}

int ev_packet(int crypto, uint8_t id, size_t n)
{
    uint8_t packet[65536];

    for (size_t i = 0; i < n; ++i) {
        packet[i] = (uint8_t)(i * 7);
    }

    packet[0] = id;
    return id >= 192 ? ev_lossy(crypto, packet, n) : ev_data(crypto, packet, n);
}

int ev_onion_request(unsigned k, size_t n)
{
    uint8_t packet[2048] = {32};
    uint8_t key[32];
    int got = -2;
    memcpy(key, real_key(k), 32);

    if (handler(near.onion_data != NULL, "onion request from", (int)k)) {
        got = near.onion_data(near.onion_data_object, key, packet, (uint16_t)n, userdata(FROM_EVENT));
    }

    return result(got);
}
