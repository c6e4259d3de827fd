/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A scripted relay: its connection, and what the client sends, decoded. What a relay says is in
 * relay_send.c. */
#include "suite.h"

#include <sodium.h>
#include <string.h>

#define HANDSHAKE 128

Relay relays[RELAYS];

void relays_setup(void)
{
    memset(relays, 0, sizeof(relays));

    for (int r = 0; r < RELAYS; ++r) {
        relays[r].family = 2;
        relays[r].room = -1;
        relays[r].link = -1;
        relays[r].gap = 999;
    }
}

void relays_free(void)
{
    for (int r = 0; r < RELAYS; ++r) {
        bytes_free(&relays[r].rx);
        bytes_free(&relays[r].lines);
    }
}

static void make_key(uint8_t pk[32], uint8_t sk[32], uint8_t fill, unsigned number)
{
    memset(sk, fill, 32);
    sk[1] = (uint8_t)number;
    sk[2] = (uint8_t)(number >> 8);
    crypto_scalarmult_base(pk, sk);
}

Relay *relay_at(int r)
{
    Relay *const relay = &relays[r];

    if (!relay->made) {
        make_key(relay->pk, relay->sk, 0x51, (unsigned)r);
        addr_parse_ip(relay->family == 10 ? "::1" : "127.0.0.1", &relay->address.ip);
        far_end->listen(r);
        relay->made = true;
    }

    return relay;
}

IP_Port relay_address(int r)
{
    return relay_at(r)->address;
}

void relay_share_address(int r, int other)
{
    relay_at(r)->address = relay_address(other);
}

/* Lines are collected per relay and written in the order of relays, because the order in which one
 * call serves several relays says nothing. */
static void tell(int r, const char *text)
{
    char line[1100];
    const int n = snprintf(line, sizeof(line), "R%d %s", r, text);
    bytes_put(&relays[r].lines, line, (size_t)n + 1);
}

void relay_tell(int r)
{
    Bytes *const lines = &relays[r].lines;

    while (bytes_left(lines) > 0) {
        const char *line = (const char *)bytes_at(lines);
        t_line("%s", line);
        bytes_take(lines, NULL, strlen(line) + 1);
    }
}

void relay_connected(int r, int link, bool refused)
{
    Relay *const relay = &relays[r];
    const uint64_t gap = world.clock_ms / 1000 - relay->attempt;

    if (relay->connections > 0 && gap < relay->gap) {
        relay->gap = gap;
    }

    ++relay->connections;
    relay->attempt = world.clock_ms / 1000;
    tell(r, refused ? "refuses a connection" : "has a new connection");
    relay->link = link;
    relay->stage = world.proxy.proxy_type != 0 ? STAGE_PROXY : STAGE_HANDSHAKE;
    relay->broken = false;
    bytes_free(&relay->rx);
    honest_forget(r);
    make_key(relay->temp_pk, relay->temp_sk, 0x52, relay->connections);
    memset(relay->send_nonce, 0x53, sizeof(relay->send_nonce));
}

void relay_gone(int r)
{
    relay_read(r);
    relays[r].link = -1;
    tell(r, "is left by the client");
}

static void next_nonce(uint8_t nonce[24])
{
    for (int i = 23; i >= 0; --i) {
        if (++nonce[i] != 0) {
            return;
        }
    }
}

static const char *packet_name(uint8_t id)
{
    static const char *const names[] = {
        "routing-request", "routing-response", "connected", "disconnected", "ping", "pong",
        "oob-send", "oob-recv", "onion-request", "onion-response", "forward-request", "forwarding",
    };
    return id < 12 ? names[id] : id < 16 ? "reserved" : "data";
}

static bool read_handshake(int r)
{
    Relay *const relay = &relays[r];

    if (bytes_left(&relay->rx) < HANDSHAKE) {
        return false;
    }

    uint8_t hello[HANDSHAKE];
    uint8_t key[32];
    uint8_t plain[56];
    bytes_take(&relay->rx, hello, sizeof(hello));

    if (crypto_box_beforenm(key, hello, relay->sk) != 0
            || crypto_box_open_easy_afternm(plain, hello + 56, 72, hello + 32, key) != 0) {
        tell(r, "cannot open the handshake");
        relay->broken = true;
        return false;
    }

    memcpy(relay->recv_nonce, plain + 32, 24);

    if (crypto_box_beforenm(relay->key, plain, relay->temp_sk) != 0) {
        tell(r, "got a handshake with a bad key");
        relay->broken = true;
        return false;
    }

    relay->stage = STAGE_FRAMES;
    ++relay->handshakes;
    tell(r, memcmp(hello, world.self_pk, 32) == 0 ? "<- handshake" : "<- handshake of somebody else");
    return true;
}

static void got_frame(int r, const uint8_t *plain, size_t n)
{
    Relay *const relay = &relays[r];
    const bool ping = plain[0] == 4 && n == 9;

    if (ping) {
        memcpy(relay->last_ping, plain + 1, 8);
        ++relay->pings;

        if (relay->show_pings) {
            tell(r, "<- ping");
        }

        if (!relay->no_pongs) {
            relay_pong(r);
        }

        return;
    }

    memcpy(relay->last, plain, n);
    relay->last_len = n;
    ++relay->frames;

    if (!relay->silent) {
        char label[40];
        snprintf(label, sizeof(label), "<- %s", packet_name(plain[0]));
        tell(r, bytes_text(label, plain, n));
    }

    if (relay->on_frame != NULL) {
        relay->on_frame(r, plain, n);
    }
}

static bool read_frame(int r)
{
    Relay *const relay = &relays[r];
    const uint8_t *raw = bytes_at(&relay->rx);

    if (bytes_left(&relay->rx) < 2) {
        return false;
    }

    const size_t len = (size_t)raw[0] << 8 | raw[1];
    uint8_t plain[2048];

    if (len <= 16 || len > 2048) {
        tell(r, "got a frame with an impossible length");
        relay->broken = true;
        return false;
    }

    if (bytes_left(&relay->rx) < 2 + len) {
        return false;
    }

    if (crypto_box_open_easy_afternm(plain, raw + 2, len, relay->recv_nonce, relay->key) != 0) {
        tell(r, "got a frame that does not open");
        relay->broken = true;
        return false;
    }

    next_nonce(relay->recv_nonce);
    bytes_take(&relay->rx, NULL, 2 + len);
    got_frame(r, plain, len - 16);
    return true;
}

void relay_read(int r)
{
    Relay *const relay = &relays[r];

    if (relay->link < 0 || relay->deaf) {
        return;
    }

    far_end->read(r, &relay->rx);

    if (relay->broken || relay->stage == STAGE_PROXY || (relay->stage == STAGE_HANDSHAKE && !read_handshake(r))) {
        return;
    }

    while (!relay->broken && read_frame(r)) {
        /* next one */
    }
}

void relay_put(int r, Bytes *out, const uint8_t *plain, size_t n)
{
    Relay *const relay = &relays[r];
    uint8_t frame[2 + 4096];
    const size_t len = n + 16;

    if (len + 2 > sizeof(frame)) {
        fail("packet of %zu bytes is too long for a scripted relay", n);
        return;
    }

    frame[0] = (uint8_t)(len >> 8);
    frame[1] = (uint8_t)len;
    crypto_box_easy_afternm(frame + 2, plain, n, relay->send_nonce, relay->key);
    next_nonce(relay->send_nonce);
    bytes_put(out, frame, 2 + len);
}

void relay_write(int r, Bytes *out)
{
    if (relays[r].link >= 0) {
        far_end->write(r, bytes_at(out), bytes_left(out));
    } else {
        fail("R%d has no connection to write to", r);
    }

    bytes_free(out);
}
