/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "relay.h"

#include "check.h"
#include "wires.h"
#include "toxabi.h"
#include "versions.h"

/* Debian's library has these two for tox-bootstrapd. */
void dht_set_self_public_key(DHT *dht, const uint8_t *key);
void dht_set_self_secret_key(DHT *dht, const uint8_t *key);

typedef struct Relay {
    uint8_t public_key[RELAY_KEY_SIZE];
    uint8_t secret_key[RELAY_KEY_SIZE];
    uint16_t udp_port;
    uint16_t tcp_port;
    bool frozen;
    /* NULL while it does not live, as is all that follows. */
    Mono_Time *mono;
    Logger *log;
    Networking_Core *net;
    DHT *dht;
    Forwarding *forwarding;
    Onion *onion;
    Onion_Announce *announce;
    TCP_Server *server;
} Relay;

static Relay relays[RELAYS];

static IP_Port address_of(const Relay *r)
{
    IP_Port out = {0};
    CHECK(addr_parse_ip(relay_address((int)(r - relays)), &out.ip));
    out.port = net_htons(r->udp_port);
    return out;
}

static void take_keys(Relay *r)
{
    static const uint8_t none[RELAY_KEY_SIZE];

    if (memcmp(r->public_key, none, sizeof(none)) == 0) {
        memcpy(r->public_key, dht_get_self_public_key(r->dht), RELAY_KEY_SIZE);
        memcpy(r->secret_key, dht_get_self_secret_key(r->dht), RELAY_KEY_SIZE);
    } else {
        dht_set_self_public_key(r->dht, r->public_key);
        dht_set_self_secret_key(r->dht, r->secret_key);
    }
}

static void owner(const Relay *r)
{
    wires_owner(FIRST_RELAY + (int)(r - relays));
}

static void relay_start(Relay *r)
{
    const Random *rng = system_random();
    const Network *ns = system_network();
    IP any;
    ip_init(&any, false);
    owner(r);
    r->log = logger_new();
    r->mono = mono_time_new(NULL, NULL);
    r->net = new_networking_ex(r->log, ns, &any, r->udp_port, r->udp_port, NULL);
    CHECK(r->log != NULL && r->mono != NULL && r->net != NULL);
    r->dht = new_dht(r->log, rng, ns, r->mono, r->net, false, false);
    CHECK(r->dht != NULL);
    take_keys(r);
#if TOX_ABI < 222
    r->forwarding = new_forwarding(r->log, rng, r->mono, r->dht);
    r->onion = new_onion(r->log, r->mono, rng, r->dht);
    r->announce = new_onion_announce(r->log, rng, r->mono, r->dht);
#else
    r->forwarding = new_forwarding(r->log, os_memory(), rng, r->mono, r->dht, r->net);
    r->onion = new_onion(r->log, os_memory(), r->mono, rng, r->dht, r->net);
    r->announce = new_onion_announce(r->log, os_memory(), rng, r->mono, r->dht, r->net);
#endif
    CHECK(r->forwarding != NULL && r->onion != NULL && r->announce != NULL);
    r->server = new_TCP_server(r->log, rng, ns, false, 1, &r->tcp_port, r->secret_key, r->onion, r->forwarding);
    CHECK(r->server != NULL && tcp_server_listen_count(r->server) == 1);
}

/* To the others, in both directions: whoever was first had nobody to ask. */
static void join(const Relay *r)
{
    for (Relay *other = relays; other < relays + RELAYS; ++other) {
        if (other != r && other->server != NULL && r->server != NULL) {
            const IP_Port there = address_of(other);
            const IP_Port here = address_of(r);
            CHECK(dht_bootstrap(r->dht, &there, other->public_key));
            CHECK(dht_bootstrap(other->dht, &here, r->public_key));
        }
    }
}

static void relay_end(Relay *r)
{
    kill_TCP_server(r->server);
    kill_onion_announce(r->announce);
    kill_onion(r->onion);
    kill_forwarding(r->forwarding);
    kill_dht(r->dht);
    kill_networking(r->net);
    mono_time_free(r->mono);
    logger_kill(r->log);
    /* toxcore's server leaves its connections open. */
    wires_close(FIRST_RELAY + (int)(r - relays));
    r->server = NULL;
}

void relays_open(void)
{
    for (Relay *r = relays; r < relays + RELAYS; ++r) {
        r->udp_port = wires_free_port();
        r->tcp_port = wires_free_port();
        wires_udp_port(FIRST_RELAY + (int)(r - relays), r->udp_port);
        relay_start(r);
        join(r);
    }
}

void relays_close(void)
{
    for (int i = 0; i < RELAYS; ++i) {
        if (relay_lives(i)) {
            relay_end(&relays[i]);
        }
    }
}

void relays_step(void)
{
    for (Relay *r = relays; r < relays + RELAYS; ++r) {
        if (r->server != NULL && !r->frozen) {
            owner(r);
            mono_time_update(r->mono);
            networking_poll(r->net, NULL);
            do_dht(r->dht);
            do_TCP_server(r->server, r->mono);
        }
    }
}

void relay_kill(int relay)
{
    CHECK(relay_lives(relay));
    relays[relay].frozen = false;
    relay_end(&relays[relay]);
}

void relay_return(int relay)
{
    CHECK(!relay_lives(relay));
    relay_start(&relays[relay]);
    join(&relays[relay]);
}

bool relay_lives(int relay)
{
    return relays[relay].server != NULL;
}

void relay_freeze(int relay, bool frozen)
{
    CHECK(relay_lives(relay));
    relays[relay].frozen = frozen;
}

bool relay_frozen(int relay)
{
    return relays[relay].frozen;
}

const char *relay_address(int relay)
{
    return wires_address(FIRST_RELAY + relay);
}

uint16_t relay_udp_port(int relay)
{
    return relays[relay].udp_port;
}

uint16_t relay_tcp_port(int relay)
{
    return relays[relay].tcp_port;
}

const uint8_t *relay_key(int relay)
{
    return relays[relay].public_key;
}
