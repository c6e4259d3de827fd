/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keys and addresses with short names. */
#include "suite.h"

#include <sodium.h>
#include <string.h>

/* Several texts may be in use in one line. */
static char *room(void)
{
    static char texts[16][160];
    static unsigned next;
    return texts[next++ % 16];
}

static void make_key(uint8_t *out, char kind, unsigned n)
{
    memset(out, kind, 32);
    out[1] = (uint8_t)n;
    out[2] = (uint8_t)(n >> 8);
    out[3] = (uint8_t)(n >> 16);
}

/* Keys stay valid for a while: several may be arguments of one call. */
static const uint8_t *key_of(char kind, unsigned n)
{
    static uint8_t keys[16][32];
    static unsigned next;
    uint8_t *const key = keys[next++ % 16];

    if (kind == 'P' && n == 0) {
        memset(key, 0, 32);
    } else {
        make_key(key, kind, n);
    }

    return key;
}

const uint8_t *real_key(unsigned n)
{
    return key_of('k', n);
}

const uint8_t *dht_key(unsigned n)
{
    return key_of('P', n);
}

const uint8_t *relay_key(unsigned n)
{
    return key_of('R', n);
}

long key_number(const uint8_t *key, char kind)
{
    uint8_t same[32];
    const unsigned n = (unsigned)(key[1] | key[2] << 8 | key[3] << 16);
    make_key(same, kind, n);
    return memcmp(key, same, 32) == 0 ? (long)n : -1;
}

const char *key_name(const uint8_t *key)
{
    char *const text = room();
    const char kind = (char)key[0];

    if (sodium_is_zero(key, 32)) {
        return "zero";
    }

    if ((kind == 'k' || kind == 'P' || kind == 'R') && key_number(key, kind) >= 0) {
        snprintf(text, 160, "%c%ld", kind, key_number(key, kind));
    } else {
        sodium_bin2hex(text, 160, key, 32);
    }

    return text;
}

IP_Port no_address(void)
{
    IP_Port address;
    memset(&address, 0, sizeof(address));
    return address;
}

IP_Port at4(uint8_t family, uint8_t a, uint8_t b, uint8_t c, uint8_t d, uint16_t port)
{
    IP_Port address = no_address();
    address.ip.family.value = family;
    address.ip.ip.v4.uint8[0] = a;
    address.ip.ip.v4.uint8[1] = b;
    address.ip.ip.v4.uint8[2] = c;
    address.ip.ip.v4.uint8[3] = d;
    address.port = net_htons(port);
    return address;
}

IP_Port at6(uint8_t family, uint8_t last, uint16_t port)
{
    IP_Port address = no_address();
    address.ip.family.value = family;
    address.ip.ip.v6.uint8[15] = last;
    address.port = net_htons(port);
    return address;
}

IP_Port mapped(uint8_t family, uint8_t a, uint8_t b, uint8_t c, uint8_t d, uint16_t port)
{
    IP_Port address = at6(family, d, port);
    address.ip.ip.v6.uint8[10] = 0xff;
    address.ip.ip.v6.uint8[11] = 0xff;
    address.ip.ip.v6.uint8[12] = a;
    address.ip.ip.v6.uint8[13] = b;
    address.ip.ip.v6.uint8[14] = c;
    return address;
}

IP_Port relay_at(unsigned n)
{
    return at4(TCP4, 10, 1, (uint8_t)(n >> 8), (uint8_t)n, (uint16_t)(33445 + n));
}

Node_format relay_node(unsigned n)
{
    Node_format node;
    memset(&node, 0, sizeof(node));
    memcpy(node.public_key, relay_key(n), 32);
    node.ip_port = relay_at(n);
    return node;
}

const char *address_text(const IP_Port *address)
{
    char *const text = room();
    uint8_t raw[sizeof(IP_Port)];
    memcpy(raw, address, sizeof(raw));
    const bool four = raw[0] == UDP4 || raw[0] == TCP4;
    /* with four address bytes the rest counts too: see abi.md, section 4.2 */
    const bool tail = four && !sodium_is_zero(raw + 12, 12);
    const bool padding = !sodium_is_zero(raw + 1, 7) || !sodium_is_zero(raw + 26, 6);
    char hex[33];
    const unsigned port = net_ntohs(address->port);

    if (raw[0] == 0 && sodium_is_zero(raw, sizeof(raw))) {
        return "none";
    }

    if (four && !tail) {
        snprintf(hex, sizeof(hex), "%u.%u.%u.%u", raw[8], raw[9], raw[10], raw[11]);
    } else {
        sodium_bin2hex(hex, sizeof(hex), raw + 8, 16);
    }

    snprintf(text, 160, "%u/%s:%u%s", raw[0], hex, port, padding ? " with padding" : "");
    return text;
}

int nodes_in(const uint8_t *packet, size_t n)
{
    size_t at = 1;
    int nodes = 0;

    while (nodes < 3 && at < n) {
        const uint8_t family = packet[at];
        const bool four = family == 2 || family == 130;
        const size_t address = four ? 7 : 19;

        if ((!four && family != 10 && family != 138) || n - at < address) {
            return (DIFF_OURS || TOX_ABI == 222) && nodes > 0 ? nodes : -1;
        }

        if (n - at < address + 32) {
            return -1;
        }

        at += address + 32;
        ++nodes;
    }

    return nodes;
}

size_t put_node(uint8_t *out, const IP_Port *address, const uint8_t *key)
{
    const uint8_t family = address->ip.family.value;
    const size_t n = family == UDP6 || family == TCP6 ? 16 : 4;
    out[0] = family == TCP4 ? 130 : family == TCP6 ? 138 : family;
    memcpy(out + 1, address->ip.ip.v6.uint8, n);
    memcpy(out + 1 + n, &address->port, 2);
    memcpy(out + 3 + n, key, 32);
    return 3 + n + 32;
}
