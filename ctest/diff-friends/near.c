/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The neighbours: what they are answered with, what they were given, and the rules of ownership;
 * the stubs of LAN discovery and of the clock. */
#include "stubs.h"

#include <stdlib.h>
#include <string.h>

Answers answers;
Neighbours near;
unsigned breaches;
bool breaches_expected;

/* Never to be dereferenced. */
#define TOKEN(n) ((void *)(uintptr_t)(0x1000 + (n)))
Onion_Client *const onion_token = TOKEN(1);
Net_Crypto *const crypto_token = TOKEN(2);
DHT *const dht_token = TOKEN(3);
Networking_Core *const net_token = TOKEN(4);
const Network *const ns_token = TOKEN(5);
const Mono_Time *const mono_token = TOKEN(6);
#define LAN_TOKEN TOKEN(7)
#if TOX_ABI == 222
const Memory *const mem_token = TOKEN(8);
#endif

void neighbours_setup(void)
{
    memset(&answers, 0, sizeof(answers));
    answers.rpeer_left = -1;
    answers.onion_data = 1;
    answers.write_refused_id = -1;
    answers.own_count = 3;

    for (unsigned i = 0; i < 8; ++i) {
        answers.own[i] = relay_node(901 + i);
    }

    memset(&near, 0, sizeof(near));
    later_reset();
    breaches = 0;
    breaches_expected = false;
}

void neighbours_free(void)
{
    free(near.crypto);
    free(near.onion);
    free(near.locks);
    memset(&near, 0, sizeof(near));
}

void *grown(void *list, int count, size_t size)
{
    /* doubled at each power of two */
    if ((count & (count - 1)) == 0) {
        list = realloc(list, (count == 0 ? 1 : (size_t)count * 2) * size);

        if (list == NULL) {
            abort();
        }
    }

    return list;
}

void breach(const char *format, ...)
{
    char text[300];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    ++breaches;

    if (DIFF_OURS && !breaches_expected) {
        fail("%s", text);
    } else {
        t_note("breach: %s", text);
    }
}

void near_call(const char *format, ...)
{
    char text[1200];
    va_list args;
    ++near.calls;

    if (world.mute) {
        return;
    }

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    t_line("  %s", text);
}

void near_object(const void *got, const void *want, const char *function)
{
    if (got != want) {
        fail("%s was given another object", function);
    }
}

const char *refused(int result)
{
    return result < 0 ? "=-1" : "";
}

int held_locks(void)
{
    int n = 0;

    for (int i = 0; i < near.locks_made; ++i) {
        n += near.locks[i].held;
    }

    return n;
}

int alive_cryptos(void)
{
    int n = 0;

    for (int i = 0; i < near.cryptos; ++i) {
        n += near.crypto[i].alive;
    }

    return n;
}

int alive_onions(void)
{
    int n = 0;

    for (int i = 0; i < near.onions; ++i) {
        n += near.onion[i].alive;
    }

    return n;
}

int lock_of(int slot)
{
    for (int i = near.locks_made - 1; i >= 0; --i) {
        if (near.locks[i].held && near.locks[i].number == slot) {
            return i;
        }
    }

    return -1;
}

int onion_of(int slot)
{
    for (int i = near.onions - 1; i >= 0; --i) {
        if (near.onion[i].alive && near.onion[i].key_number == (uint32_t)slot) {
            return i;
        }
    }

    return -1;
}

/* ---------------------------------------------------------------------- clock */

uint64_t stub_mono_time_get(const Mono_Time *mono_time)
{
    near_object(mono_time, mono_token, "mono_time_get");
    return world.now;
}

/* -------------------------------------------------------------- LAN discovery */

#if TOX_ABI < 222
Broadcast_Info *stub_lan_discovery_init(const Network *ns)
{
#else
Broadcast_Info *stub_lan_discovery_init(const Memory *mem, const Network *ns)
{
    near_object(mem, mem_token, "lan_discovery_init");
#endif
    near_object(ns, ns_token, "lan_discovery_init");
    near_call("lan_discovery_init() = %s", answers.no_lan_info ? "none" : "info");
    note_word(answers.no_lan_info ? "lan_init=-1" : "lan_init");
    near.lan_made = !answers.no_lan_info;
    return answers.no_lan_info ? NULL : (Broadcast_Info *)LAN_TOKEN;
}

bool stub_lan_discovery_send(const Networking_Core *net, const Broadcast_Info *broadcast, const uint8_t *dht_pk,
                             uint16_t port)
{
    near_object(net, net_token, "lan_discovery_send");
    near_object(dht_pk == NULL ? NULL : dht_token, dht_token, "lan_discovery_send: the key");

    if (near.lan_killed || (broadcast != NULL && broadcast != LAN_TOKEN)) {
        breach("lan_discovery_send with an object that is gone");
    }

    near_call("lan_discovery_send(%s, %s, %u)", broadcast == NULL ? "none" : "info",
              memcmp(dht_pk, stub_dht_get_self_public_key(dht_token), 32) == 0 ? "own key" : "another key",
              net_ntohs(port));
    note_word("lan(%u)", net_ntohs(port));
    return broadcast != NULL && answers.odd == 0;
}

void stub_lan_discovery_kill(Broadcast_Info *broadcast)
{
    near_call("lan_discovery_kill(%s)", broadcast == NULL ? "none" : "info");
    note_word(broadcast == NULL ? "lan_kill(none)" : "lan_kill");

    if (broadcast != NULL && (near.lan_killed || !near.lan_made)) {
        breach("lan_discovery_kill twice");
    }

    near.lan_killed |= broadcast != NULL;
}
