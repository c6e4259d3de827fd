/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a scripted relay says and does, each with a line in the trace. */
#include "suite.h"

#include <sodium.h>
#include <string.h>

void relay_answer(int r)
{
    const Relay *const relay = &relays[r];
    uint8_t answer[96];
    uint8_t key[32];
    uint8_t plain[56];

    if (relay->link < 0 || relay->stage != STAGE_FRAMES || crypto_box_beforenm(key, world.self_pk, relay->sk) != 0) {
        fail("R%d has no handshake to answer", r);
        return;
    }

    memcpy(plain, relay->temp_pk, 32);
    memcpy(plain + 32, relay->send_nonce, 24);
    memset(answer, 0x54, 24);
    crypto_box_easy_afternm(answer + 24, plain, sizeof(plain), answer, key);
    t_line("R%d answers the handshake", r);
    far_end->write(r, answer, sizeof(answer));
}

void relay_packet(int r, const uint8_t *plain, size_t n)
{
    Bytes out = {0};
    char label[24];
    snprintf(label, sizeof(label), "R%d ->", r);
    t_bytes(label, plain, n);
    relay_put(r, &out, plain, n);
    relay_write(r, &out);
}

/* Not traced: how often a client pings is its own business. */
void relay_pong(int r)
{
    Bytes out = {0};
    uint8_t pong[9] = {5};
    memcpy(pong + 1, relays[r].last_ping, 8);
    relay_put(r, &out, pong, sizeof(pong));

    if (relays[r].link >= 0) {
        relay_write(r, &out);
    }
}

void relay_response(int r, uint8_t rpid, int p)
{
    uint8_t packet[34] = {1, rpid};
    memcpy(packet + 2, peer_key(p), 32);
    relay_packet(r, packet, sizeof(packet));
}

void relay_notify(int r, uint8_t kind, uint8_t id)
{
    const uint8_t packet[2] = {kind, id};
    relay_packet(r, packet, sizeof(packet));
}

void relay_plain(int r, uint8_t kind, size_t n, uint8_t fill)
{
    uint8_t packet[1 + 4096] = {kind};
    memcpy(packet + 1, payload(fill), n);
    relay_packet(r, packet, 1 + n);
}

void relay_data(int r, uint8_t id, size_t n, uint8_t fill)
{
    relay_plain(r, id, n, fill);
}

void relay_oob(int r, int p, size_t n, uint8_t fill)
{
    uint8_t packet[33 + 4096] = {7};
    memcpy(packet + 1, peer_key(p), 32);
    memcpy(packet + 33, payload(fill), n);
    relay_packet(r, packet, 33 + n);
}

void relay_break(int r)
{
    uint8_t frame[2 + 40] = {0, 40};
    memset(frame + 2, 0x55, 40);
    t_line("R%d breaks the protocol", r);

    if (relays[r].link >= 0) {
        far_end->write(r, frame, sizeof(frame));
    }
}

static void end(int r, bool reset)
{
    if (relays[r].link >= 0) {
        relay_read(r);
        far_end->end(r, reset);
        relays[r].link = -1;
    }
}

void relay_close(int r)
{
    t_line("R%d closes", r);
    end(r, false);
}

void relay_reset(int r)
{
    t_line("R%d resets", r);
    end(r, true);
}

void relay_refuse(int r, bool refuses)
{
    relay_at(r);
    relays[r].refuses = refuses;
    far_end->listen(r);
    t_line("R%d %s", r, refuses ? "refuses connections" : "listens");
}

/* -------------------------------------------------------------- honest relays */

#define IDS 240
static int owner[RELAYS][IDS]; /* peer + 1 that has this id */

static uint8_t take_id(int r, int p)
{
    const int known = honest_id(r, p);

    if (known >= 0) {
        return (uint8_t)known;
    }

    for (int i = 0; i < IDS; ++i) {
        if (owner[r][i] == 0) {
            owner[r][i] = p + 1;
            return (uint8_t)(16 + i);
        }
    }

    return 0;
}

static void honest_frame(int r, const uint8_t *plain, size_t n)
{
    if (plain[0] == 0 && n == 33) {
        const int p = peer_of_key(plain + 1);
        relay_response(r, take_id(r, p), p);
    } else if (plain[0] == 3 && n == 2 && plain[1] >= 16) {
        owner[r][plain[1] - 16] = 0;
    }
}

void honest(int r)
{
    relay_at(r)->on_frame = honest_frame;
}

void honest_forget(int r)
{
    memset(owner[r], 0, sizeof(owner[r]));
}

int honest_id(int r, int p)
{
    for (int i = 0; i < IDS; ++i) {
        if (owner[r][i] == p + 1) {
            return 16 + i;
        }
    }

    return -1;
}

void honest_notify(int r, int p, bool is_online)
{
    const int id = honest_id(r, p);

    if (id < 0) {
        fail("R%d knows no peer %d", r, p);
        return;
    }

    relay_notify(r, is_online ? 2 : 3, (uint8_t)id);
}
