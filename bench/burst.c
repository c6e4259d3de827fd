/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Burst latency through a stock relay: toxcore's own TCP server from the archive in a thread of its own
 * (1 ms loop), two clients of the same kind in this thread (1 ms loop). Every so often one client sends
 * three small packets at once; the time is from the first send_data to the callback of the third packet.
 * A rest of 60 to 90 ms before a burst leaves nothing unacknowledged on the way. With answered=1 the
 * receiver answers each burst at once with one of its own, as two friends do who talk: the kernel then
 * delays its acknowledgements in the hope of sending them along with an answer.
 */
#include "bench.h"
#include "toxabi.h"
#include "versions.h"

#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PACKETS = 3,
    STEP_NS = 1000000,
    GAP_MIN_MS = 60,
    GAP_SPREAD_MS = 30,
    BURST_LIMIT_MS = 2000,
    SETUP_LIMIT_MS = 8000,
    PORT_TRIES = 50,
    MAX_DATA = 2031,
};

typedef struct Relay {
    TCP_Server *server;
    Logger *log;
    Mono_Time *time;
    uint16_t port;
    atomic_bool stop;
    pthread_t thread;
} Relay;

typedef struct Peer {
    Logger *log;
    Mono_Time *time;
    TCP_Client_Connection *connection;
    Keys keys;
    int con_id;
    bool online;
    uint64_t burst;         /* number of the burst that is awaited */
    int arrived;
    uint64_t arrived_at;
} Peer;

static void *relay_loop(void *object)
{
    Relay *relay = (Relay *)object;
    pin_to_cpu(1);

    while (!atomic_load(&relay->stop)) {
        mono_time_update(relay->time);
        do_TCP_server(relay->server, relay->time);
        pause_ns(STEP_NS);
    }

    return NULL;
}

static void relay_start(Relay *relay)
{
    Keys keys;
    const Random *rng = system_random();
    crypto_box_keypair(keys.pk, keys.sk);
    relay->log = logger_new();
    relay->time = mono_time_new(NULL, NULL);

    for (int i = 0; i < PORT_TRIES && relay->server == NULL; ++i) {
        relay->port = (uint16_t)(20000 + randombytes_uniform(20000));
        relay->server = new_TCP_server(relay->log, rng, system_network(), false, 1, &relay->port, keys.sk, NULL, NULL);
    }

    if (relay->server == NULL) {
        die("the stock relay found no port");
    }

    if (pthread_create(&relay->thread, NULL, relay_loop, relay) != 0) {
        die("no thread for the relay");
    }
}

static void relay_stop(Relay *relay)
{
    atomic_store(&relay->stop, true);
    pthread_join(relay->thread, NULL);
    kill_TCP_server(relay->server);
    mono_time_free(relay->time);
    logger_kill(relay->log);
}

static int on_response(void *object, uint8_t con_id, const uint8_t *public_key)
{
    (void)public_key;
    ((Peer *)object)->con_id = con_id;
    return 0;
}

static int on_status(void *object, uint32_t number, uint8_t con_id, uint8_t status)
{
    (void)number;
    (void)con_id;
    ((Peer *)object)->online = status == 2;
    return 0;
}

static int on_data(void *object, uint32_t number, uint8_t con_id, const uint8_t *data, uint16_t length,
                   void *userdata)
{
    Peer *peer = (Peer *)object;
    (void)number;
    (void)con_id;
    (void)length;
    (void)userdata;

    if (get_u64(data) == peer->burst) {
        ++peer->arrived;
        peer->arrived_at = now_ns();
    }

    return 0;
}

static void peer_open(Peer *peer, const Relay *relay)
{
    IP_Port address;
    memset(peer, 0, sizeof(*peer));
    memset(&address, 0, sizeof(address));
    address.ip.family = net_family_ipv4();
    address.ip.ip.v4 = get_ip4_loopback();
    address.port = net_htons(relay->port);
    crypto_box_keypair(peer->keys.pk, peer->keys.sk);
    peer->con_id = -1;
    peer->log = logger_new();
    peer->time = mono_time_new(NULL, NULL);
    peer->connection = new_TCP_connection(peer->log, peer->time, system_random(), system_network(), &address,
                                          tcp_server_public_key(relay->server), peer->keys.pk, peer->keys.sk, NULL);

    if (peer->connection == NULL) {
        die("the client could not be created");
    }

    routing_response_handler(peer->connection, on_response, peer);
    routing_status_handler(peer->connection, on_status, peer);
    routing_data_handler(peer->connection, on_data, peer);
}

static void peer_close(Peer *peer)
{
    kill_TCP_connection(peer->connection);
    mono_time_free(peer->time);
    logger_kill(peer->log);
}

/* One millisecond of both clients. */
static void tick(Peer peers[2], uint64_t *next)
{
    *next += STEP_NS;
    sleep_until_ns(*next);

    for (int i = 0; i < 2; ++i) {
        mono_time_update(peers[i].time);
        do_TCP_connection(peers[i].log, peers[i].time, peers[i].connection, NULL);

        if (tcp_con_status(peers[i].connection) == TCP_CLIENT_DISCONNECTED) {
            die("a client lost the stock relay");
        }
    }
}

static void connect_peers(Peer peers[2], uint64_t *next)
{
    const uint64_t limit = now_ns() + SETUP_LIMIT_MS * 1000000ULL;
    bool requested = false;

    while (!peers[0].online || !peers[1].online) {
        tick(peers, next);

        if (now_ns() > limit) {
            die("no route through the stock relay");
        }

        if (!requested && tcp_con_status(peers[0].connection) == TCP_CLIENT_CONFIRMED
            && tcp_con_status(peers[1].connection) == TCP_CLIENT_CONFIRMED) {
            requested = true;
            send_routing_request(peers[0].log, peers[0].connection, peers[1].keys.pk);
            send_routing_request(peers[1].log, peers[1].connection, peers[0].keys.pk);
        }
    }
}

/* Milliseconds for a burst from the first peer to the second, or back. */
static double one_burst(Peer peers[2], bool back, uint64_t number, size_t size, uint64_t *next)
{
    Peer *sender = &peers[back ? 1 : 0];
    Peer *receiver = &peers[back ? 0 : 1];
    uint8_t data[MAX_DATA];
    memset(data, 0x5a, sizeof(data));
    put_u64(data, number);
    receiver->burst = number;
    receiver->arrived = 0;
    const uint64_t started = now_ns();

    for (int i = 0; i < PACKETS; ++i) {
        if (send_data(sender->log, sender->connection, (uint8_t)sender->con_id, data, (uint16_t)size) != 1) {
            die("a packet of a burst was refused");
        }
    }

    while (receiver->arrived < PACKETS) {
        tick(peers, next);

        if (now_ns() - started > BURST_LIMIT_MS * 1000000ULL) {
            die("burst %llu did not arrive", (unsigned long long)number);
        }
    }

    return (double)(receiver->arrived_at - started) / 1e6;
}

static void rest(Peer peers[2], uint64_t *next)
{
    const uint64_t ticks = GAP_MIN_MS + randombytes_uniform(GAP_SPREAD_MS);

    for (uint64_t i = 0; i < ticks; ++i) {
        tick(peers, next);
    }
}

void run_burst(const Options *options)
{
    static Relay relay;
    Peer peers[2];
    relay_start(&relay);
    pin_to_cpu(0);
    peer_open(&peers[0], &relay);
    peer_open(&peers[1], &relay);
    uint64_t next = now_ns();
    connect_peers(peers, &next);
    printf("mtu=%d bursts=%llu samples_ms=", loopback_mtu(), (unsigned long long)options->bursts);

    for (uint64_t i = 0; i < options->bursts; ++i) {
        /* With answers, even bursts start after a rest and odd ones answer them at once. */
        const bool answer = options->answered != 0 && i % 2 == 1;

        if (!answer) {
            rest(peers, &next);
        }

        const double took = one_burst(peers, answer, i + 1, options->size, &next);
        printf("%s%.3f", i == 0 ? "" : ",", took);
    }

    printf("\n");
    peer_close(&peers[0]);
    peer_close(&peers[1]);
    relay_stop(&relay);
}
