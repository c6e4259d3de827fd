/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The scripted relay: the wire format of the relay's side, and nothing that decides by itself. */
#include "diff.h"

#include <sodium.h>
#include <string.h>

#define HANDSHAKE 128

Relay relay;

void relay_setup(void)
{
    memset(&relay, 0, sizeof(relay));
    memset(relay.sk, 0x51, sizeof(relay.sk));
    memset(relay.temp_sk, 0x52, sizeof(relay.temp_sk));
    memset(relay.send_nonce, 0x53, sizeof(relay.send_nonce));
    crypto_scalarmult_base(relay.pk, relay.sk);
    crypto_scalarmult_base(relay.temp_pk, relay.temp_sk);
    relay.stage = STAGE_HANDSHAKE;
}

void relay_free(void)
{
    bytes_free(&relay.rx);
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
        "reserved-12", "reserved-13", "reserved-14", "reserved-15",
    };
    return id < 16 ? names[id] : "data";
}

static bool read_handshake(void)
{
    if (bytes_left(&relay.rx) < HANDSHAKE) {
        return false;
    }

    uint8_t hello[HANDSHAKE];
    uint8_t key[32];
    uint8_t plain[56];
    bytes_take(&relay.rx, hello, sizeof(hello));

    if (crypto_box_beforenm(key, hello, relay.sk) != 0
            || crypto_box_open_easy_afternm(plain, hello + 56, 72, hello + 32, key) != 0) {
        t_line("handshake of the client does not open");
        relay.broken = true;
        return false;
    }

    memcpy(relay.recv_nonce, plain + 32, 24);

    if (crypto_box_beforenm(relay.key, plain, relay.temp_sk) != 0) {
        t_line("handshake of the client has a bad key");
        relay.broken = true;
        return false;
    }

    relay.stage = STAGE_FRAMES;
    t_line("handshake opened, key of the client is %s",
           memcmp(hello, world.self_pk, 32) == 0 ? "right" : "wrong");
    return true;
}

static void note_frame(const uint8_t *plain, size_t n)
{
    memcpy(relay.last, plain, n);
    relay.last_len = n;
    ++relay.frames;
    ++relay.frames_of[plain[0]];
    relay.bytes_of[plain[0]] += (unsigned)n + 18;

    if (plain[0] == 4 && n == 9) {
        memcpy(relay.last_ping, plain + 1, 8);
        ++relay.pings;
    }

    if (plain[0] == 5) {
        ++relay.pongs;
    }

    if (!relay.silent) {
        char label[40];
        snprintf(label, sizeof(label), "frame %s", packet_name(plain[0]));
        t_bytes(label, plain, n);
    }
}

static bool read_frame(void)
{
    const uint8_t *raw = bytes_at(&relay.rx);

    if (bytes_left(&relay.rx) < 2) {
        return false;
    }

    const size_t len = (size_t)raw[0] << 8 | raw[1];
    uint8_t plain[2048];

    if (len <= 16 || len > 2048) {
        t_line("frame with impossible length %zu", len);
        relay.broken = true;
        return false;
    }

    if (bytes_left(&relay.rx) < 2 + len) {
        return false;
    }

    if (crypto_box_open_easy_afternm(plain, raw + 2, len, relay.recv_nonce, relay.key) != 0) {
        t_line("frame of length %zu does not open", len);
        relay.broken = true;
        return false;
    }

    next_nonce(relay.recv_nonce);
    bytes_take(&relay.rx, NULL, 2 + len);
    note_frame(plain, len - 16);
    return true;
}

void relay_read(void)
{
    if (far_holds) {
        return;
    }

    const size_t before = bytes_left(&relay.rx);
    far_read(&relay.rx);
    const size_t got = bytes_left(&relay.rx) - before;

    if (got == 0) {
        return;
    }

    if (!relay.silent) {
        t_bytes("wire", bytes_at(&relay.rx) + before, got);
    }

    if (relay.broken || relay.stage == STAGE_PROXY) {
        return;
    }

    if (relay.stage == STAGE_HANDSHAKE && !read_handshake()) {
        return;
    }

    while (!relay.broken && read_frame()) {
        /* next one */
    }
}

void relay_answer_bytes(uint8_t out[96])
{
    uint8_t key[32];
    uint8_t plain[56];

    if (crypto_box_beforenm(key, world.self_pk, relay.sk) != 0) {
        fail("cannot make the relay's handshake");
        return;
    }

    memcpy(plain, relay.temp_pk, 32);
    memcpy(plain + 32, relay.send_nonce, 24);
    memset(out, 0x54, 24);
    crypto_box_easy_afternm(out + 24, plain, sizeof(plain), out, key);
}

size_t relay_seal(uint8_t *out, const uint8_t *plain, size_t n)
{
    const size_t len = n + 16;
    out[0] = (uint8_t)(len >> 8);
    out[1] = (uint8_t)len;
    crypto_box_easy_afternm(out + 2, plain, n, relay.send_nonce, relay.key);
    next_nonce(relay.send_nonce);
    return 2 + len;
}

void relay_put(Bytes *out, const uint8_t *plain, size_t n)
{
    uint8_t frame[2 + 4096];

    if (n + 18 > sizeof(frame)) {
        fail("packet of %zu bytes is too long for the scripted relay", n);
        return;
    }

    bytes_put(out, frame, relay_seal(frame, plain, n));
}

void relay_packet(const uint8_t *plain, size_t n)
{
    Bytes out = {0};
    relay_put(&out, plain, n);

    if (n > 0) {
        char label[40];
        snprintf(label, sizeof(label), "relay sends %s", packet_name(plain[0]));
        t_bytes(label, plain, n);
    }

    far_write(bytes_at(&out), bytes_left(&out));
    bytes_free(&out);
}

void relay_answer(void)
{
    uint8_t answer[96];
    relay_answer_bytes(answer);
    t_line("relay answers the handshake");
    far_write(answer, sizeof(answer));
}

void relay_pong(void)
{
    uint8_t pong[9] = {5};
    memcpy(pong + 1, relay.last_ping, 8);
    relay_packet(pong, sizeof(pong));
}

void relay_response(uint8_t rpid, const uint8_t *pk)
{
    uint8_t packet[34] = {1, rpid};
    memcpy(packet + 2, pk, 32);
    relay_packet(packet, sizeof(packet));
}

void relay_notify(uint8_t kind, uint8_t id)
{
    const uint8_t packet[2] = {kind, id};
    relay_packet(packet, sizeof(packet));
}

void relay_data(uint8_t id, size_t n, uint8_t fill)
{
    uint8_t packet[1 + 4096] = {id};
    memcpy(packet + 1, payload(fill), n);
    relay_packet(packet, 1 + n);
}

void relay_keyed(uint8_t id, const uint8_t *pk, size_t n, uint8_t fill)
{
    uint8_t packet[33 + 4096] = {id};
    memcpy(packet + 1, pk, 32);
    memcpy(packet + 33, payload(fill), n);
    relay_packet(packet, 33 + n);
}

void relay_ping(uint8_t kind, uint64_t id)
{
    uint8_t packet[9] = {kind};

    for (int i = 0; i < 8; ++i) {
        packet[1 + i] = (uint8_t)(id >> (56 - 8 * i));
    }

    relay_packet(packet, sizeof(packet));
}
