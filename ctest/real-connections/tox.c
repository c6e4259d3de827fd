/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tox itself, through its public functions: three instances that use TCP only, and
 * three more as a small network and its relays. All run on a clock of our own, so
 * that a minute takes a second.
 */
#include "check.h"

#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <tox/tox.h>
#include <unistd.h>

enum { CLIENTS = 3, RELAYS = 3, STEP_MS = 20, STEPS_MAX = 20000, PACKET_ID = 160 };

/* ---- time ---- */

static bool own_clock;
static uint64_t own_ms = 1000000;

/* In place of libc's, for everything in this program. */
int clock_gettime(clockid_t id, struct timespec *out)
{
    if (!own_clock || id != CLOCK_MONOTONIC) {
        return (int)syscall(SYS_clock_gettime, id, out);
    }

    out->tv_sec = (time_t)(own_ms / 1000);
    out->tv_nsec = (long)(own_ms % 1000 * 1000000);
    return 0;
}

/* ---- instances ---- */

typedef struct Client {
    Tox *tox;
    /* By friend number. */
    uint32_t received[CLIENTS];
    uint32_t conference;
    bool joined;
    /* Messages of the conference by the letter with which they start. */
    unsigned heard[CLIENTS];
} Client;

static Client clients[CLIENTS];
static Tox *relays[RELAYS];

static void on_packet(Tox *tox, uint32_t friend_number, const uint8_t *data, size_t length, void *user_data)
{
    Client *c = (Client *)user_data;
    (void)tox;
    CHECK(friend_number < CLIENTS && length >= 5);
    CHECK_EQ(data[0], PACKET_ID);
    CHECK_BYTES(data + 1, &c->received[friend_number], 4);
    ++c->received[friend_number];
}

static void on_invite(Tox *tox, uint32_t friend_number, TOX_CONFERENCE_TYPE type, const uint8_t *cookie,
                      size_t length, void *user_data)
{
    Client *c = (Client *)user_data;
    CHECK_EQ(type, TOX_CONFERENCE_TYPE_TEXT);
    CHECK(!c->joined);
    c->conference = tox_conference_join(tox, friend_number, cookie, length, NULL);
    c->joined = c->conference != UINT32_MAX;
}

static void on_message(Tox *tox, uint32_t conference, uint32_t peer, TOX_MESSAGE_TYPE type,
                       const uint8_t *message, size_t length, void *user_data)
{
    Client *c = (Client *)user_data;
    (void)type;
    CHECK_EQ(conference, c->conference);
    CHECK(length > 0 && message[0] < 'A' + CLIENTS);

    if (!tox_conference_peer_number_is_ours(tox, conference, peer, NULL)) {
        ++c->heard[message[0] - 'A'];
    }
}

/* With a relay, on any ports below those that the kernel hands out, or without and without UDP. */
static Tox *make(bool relay)
{
    struct Tox_Options *options = tox_options_new(NULL);
    Tox *tox = NULL;
    CHECK(options != NULL);
    tox_options_set_ipv6_enabled(options, false);
    tox_options_set_local_discovery_enabled(options, false);
    tox_options_set_hole_punching_enabled(options, false);
    tox_options_set_udp_enabled(options, relay);

    for (int tries = 0; tries < 20 && tox == NULL; ++tries) {
        const uint16_t port = (uint16_t)(10000 + rand32() % 20000);
        TOX_ERR_NEW error;

        if (relay) {
            tox_options_set_start_port(options, port);
            tox_options_set_end_port(options, port);
            tox_options_set_tcp_port(options, port);
        }

        tox = tox_new(options, &error);
        CHECK(tox != NULL || error == TOX_ERR_NEW_PORT_ALLOC);
    }

    CHECK(tox != NULL);
    tox_options_free(options);
    return tox;
}

static void step(void)
{
    own_ms += STEP_MS;

    for (int i = 0; i < RELAYS; ++i) {
        if (relays[i] != NULL) {
            tox_iterate(relays[i], NULL);
        }
    }

    for (int i = 0; i < CLIENTS; ++i) {
        tox_iterate(clients[i].tox, &clients[i]);
    }
}

static void await_(int line, const char *what, bool (*done)(void))
{
    for (int i = 0; !done(); ++i) {
        if (i >= STEPS_MAX) {
            fail_at(__FILE__, line, "not within %d s of virtual time: %s", STEPS_MAX * STEP_MS / 1000, what);
        }

        step();
    }
}

#define AWAIT(done) await_(__LINE__, #done, done)

static void know_relays(Tox *tox)
{
    for (int i = 0; i < RELAYS; ++i) {
        uint8_t key[TOX_PUBLIC_KEY_SIZE];
        tox_self_get_dht_id(relays[i], key);
        CHECK(tox_bootstrap(tox, "127.0.0.1", tox_self_get_udp_port(relays[i], NULL), key, NULL));
        CHECK(tox_add_tcp_relay(tox, "127.0.0.1", tox_self_get_tcp_port(relays[i], NULL), key, NULL));
    }
}

static bool all_at_relays(void)
{
    bool all = true;

    for (int i = 0; i < CLIENTS; ++i) {
        all = all && tox_self_get_connection_status(clients[i].tox) == TOX_CONNECTION_TCP;
    }

    return all;
}

static void network_open(void)
{
    own_clock = true;

    for (int i = 0; i < RELAYS; ++i) {
        relays[i] = make(true);
    }

    for (int i = 0; i < RELAYS; ++i) {
        know_relays(relays[i]);
    }

    for (int i = 0; i < CLIENTS; ++i) {
        clients[i].tox = make(false);
        tox_callback_friend_lossless_packet(clients[i].tox, on_packet);
        tox_callback_conference_invite(clients[i].tox, on_invite);
        tox_callback_conference_message(clients[i].tox, on_message);
        know_relays(clients[i].tox);
    }

    AWAIT(all_at_relays);
}

static void network_close(void)
{
    for (int i = 0; i < CLIENTS; ++i) {
        tox_kill(clients[i].tox);
    }

    for (int i = 0; i < RELAYS; ++i) {
        tox_kill(relays[i]);
    }

    own_clock = false;
}

/* ---- friends ---- */

static uint32_t befriend(const Client *a, const Client *b)
{
    uint8_t key[TOX_PUBLIC_KEY_SIZE];
    tox_self_get_public_key(b->tox, key);
    const uint32_t number = tox_friend_add_norequest(a->tox, key, NULL);
    CHECK(number < CLIENTS);
    return number;
}

static TOX_CONNECTION friend_status(int client, uint32_t number)
{
    return tox_friend_get_connection_status(clients[client].tox, number, NULL);
}

/* The first client has two friends, and those do not know one another. */
static bool friends_online(void)
{
    return friend_status(0, 0) == TOX_CONNECTION_TCP && friend_status(0, 1) == TOX_CONNECTION_TCP
           && friend_status(1, 0) == TOX_CONNECTION_TCP && friend_status(2, 0) == TOX_CONNECTION_TCP;
}

static bool first_friend_offline(void)
{
    return friend_status(1, 0) == TOX_CONNECTION_NONE;
}

static void make_friends(void)
{
    network_open();
    CHECK_EQ(befriend(&clients[0], &clients[1]), 0);
    CHECK_EQ(befriend(&clients[0], &clients[2]), 1);
    CHECK_EQ(befriend(&clients[1], &clients[0]), 0);
    CHECK_EQ(befriend(&clients[2], &clients[0]), 0);
    AWAIT(friends_online);
}

/* Numbered lossless packets both ways between the first two; their order is checked on arrival. */
static void exchange(uint32_t packets)
{
    Client *both[] = {&clients[0], &clients[1]};
    uint32_t sent[2] = {0};
    uint8_t data[1000] = {PACKET_ID};

    for (int i = 0; i < 2; ++i) {
        both[i]->received[0] = 0;
    }

    for (int i = 0; both[0]->received[0] < packets || both[1]->received[0] < packets; ++i) {
        if (i >= STEPS_MAX) {
            fail_at(__FILE__, __LINE__, "%u and %u of %u packets came", both[0]->received[0],
                    both[1]->received[0], packets);
        }

        for (int k = 0; k < 2; ++k) {
            memcpy(data + 1, &sent[k], 4);

            while (sent[k] < packets
                    && tox_friend_send_lossless_packet(both[k]->tox, 0, data, 5 + sent[k] * 37 % 995, NULL)) {
                ++sent[k];
                memcpy(data + 1, &sent[k], 4);
            }
        }

        step();
    }
}

static void friends(void)
{
    make_friends();
    exchange(1000);
    /* Unknown for a while, known again. */
    CHECK(tox_friend_delete(clients[0].tox, 0, NULL));
    AWAIT(first_friend_offline);
    CHECK_EQ(befriend(&clients[0], &clients[1]), 0);
    AWAIT(friends_online);
    exchange(50);
    network_close();
}

/* ---- conference ---- */

static bool all_joined(void)
{
    bool all = true;

    for (int i = 0; i < CLIENTS; ++i) {
        all = all && clients[i].joined
              && tox_conference_peer_count(clients[i].tox, clients[i].conference, NULL) == CLIENTS;
    }

    return all;
}

static unsigned messages;

static bool all_heard(void)
{
    bool all = true;

    for (int i = 0; i < CLIENTS; ++i) {
        for (int k = 0; k < CLIENTS; ++k) {
            all = all && (i == k || clients[i].heard[k] == messages);
        }
    }

    return all;
}

static void say_something(unsigned rounds)
{
    for (unsigned i = 0; i < rounds; ++i) {
        for (int k = 0; k < CLIENTS; ++k) {
            uint8_t text[] = "A message";
            text[0] = (uint8_t)('A' + k);
            CHECK(tox_conference_send_message(clients[k].tox, clients[k].conference, TOX_MESSAGE_TYPE_NORMAL,
                                              text, sizeof(text), NULL));
        }

        ++messages;
        AWAIT(all_heard);
    }
}

static void confer(void)
{
    make_friends();
    clients[0].conference = tox_conference_new(clients[0].tox, NULL);
    clients[0].joined = clients[0].conference != UINT32_MAX;
    CHECK(tox_conference_invite(clients[0].tox, 0, clients[0].conference, NULL));
    CHECK(tox_conference_invite(clients[0].tox, 1, clients[0].conference, NULL));
    AWAIT(all_joined);
    say_something(20);
}

static void conference(void)
{
    confer();
    network_close();
}

/* One relay less, and nobody is missed, not even for a moment. */
static void conference_goes_on(void)
{
    confer();
    tox_kill(relays[0]);
    relays[0] = NULL;

    for (int i = 0; i < 20; ++i) {
        say_something(1);
        CHECK(all_joined() && friends_online());
    }

    network_close();
}

int main(int argc, char **argv)
{
    const Test tests[] = {
        {"friends", friends, 0, 60},
        {"conference", conference, 0, 60},
        /* With the original it goes on, or not, as the dead relay was in use or not. */
        {"conference_goes_on", conference_goes_on, T_SKIP, 60},
    };

    return run_tests("tox", tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
