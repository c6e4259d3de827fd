/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One of two friends, driven through tox.h alone, an iteration every 20 ms. */
#include "persons.h"

#include <arpa/inet.h>
#include <linux/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <tox/tox.h>

/* Large enough that what carries it stands out. */
enum { PACKET_ID = 160, PACKET_BYTES = 500, STEPS_A_SECOND = 1000000000 / STEP_NS, FDS = 256 };

typedef struct Person {
    Town *town;
    Person_Shared *mine;
    int number;
    unsigned life;
    Tox *tox;
    uint32_t friend_number;
    bool online;
    uint64_t sent_to[RELAYS];
} Person;

static void first_time(atomic_ullong *at)
{
    if (atomic_load(at) == 0) {
        atomic_store(at, now_ns());
    }
}

static void on_own_status(Tox *tox, TOX_CONNECTION status, void *user_data)
{
    (void)tox;

    if (status != TOX_CONNECTION_NONE) {
        first_time(&((Person *)user_data)->mine->connected_ns);
    }
}

static void on_status(Tox *tox, uint32_t number, TOX_CONNECTION status, void *user_data)
{
    (void)tox;
    (void)number;
    ((Person *)user_data)->online = status != TOX_CONNECTION_NONE;
}

static void on_packet(Tox *tox, uint32_t number, const uint8_t *data, size_t length, void *user_data)
{
    const Person *person = (const Person *)user_data;
    const uint64_t fault = atomic_load(&person->town->fault_ns);
    (void)tox;
    (void)number;

    if (length != PACKET_BYTES || data[1] >= LIVES) {
        die("a packet is damaged");
    }

    first_time(&person->mine->heard_ns[data[1]]);

    if (fault != 0 && get_u64(data + 2) >= fault) {
        first_time(&person->mine->passed_ns);
    }
}

/* Without UDP this sends nothing, but names nodes behind the relays. */
static void name_node(const Person *person, const Relay *relay, size_t index)
{
    if (!tox_bootstrap(person->tox, "127.0.0.1", node_udp_port(relay, index), relay->keys[index].pk, NULL)) {
        die("a node was not taken");
    }
}

static void name_nodes(const Person *person)
{
    for (int i = 0; i < RELAYS; ++i) {
        const Relay *relay = &person->town->relays[i];
        const uint16_t port = (uint16_t)atomic_load(&relay->shared->ports[0]);
        name_node(person, relay, 0);

        if (!tox_add_tcp_relay(person->tox, "127.0.0.1", port, relay->keys[0].pk, NULL)) {
            die("a relay was not taken");
        }
    }

    for (size_t i = 0; i < OTHER_NODES; ++i) {
        name_node(person, &person->town->others, i);
    }
}

static Tox *make(const Person *person)
{
    const Keys *keys = &person->town->keys[person->number];
    struct Tox_Options *options = tox_options_new(NULL);
    tox_options_set_udp_enabled(options, false);
    tox_options_set_ipv6_enabled(options, false);
    tox_options_set_local_discovery_enabled(options, false);

    if (person->life == 1) {
        tox_options_set_savedata_type(options, TOX_SAVEDATA_TYPE_SECRET_KEY);
        tox_options_set_savedata_data(options, keys->sk, sizeof(keys->sk));
    } else {
        tox_options_set_savedata_type(options, TOX_SAVEDATA_TYPE_TOX_SAVE);
        tox_options_set_savedata_data(options, person->mine->saved, person->mine->saved_size);
    }

    Tox *tox = tox_new(options, NULL);

    if (tox == NULL) {
        die("tox_new failed");
    }

    tox_options_free(options);
    return tox;
}

static void open_person(Person *person)
{
    const uint8_t *other = person->town->keys[1 - person->number].pk;
    person->tox = make(person);
    tox_callback_self_connection_status(person->tox, on_own_status);
    tox_callback_friend_connection_status(person->tox, on_status);
    tox_callback_friend_lossless_packet(person->tox, on_packet);
    person->friend_number = person->life == 1 ? tox_friend_add_norequest(person->tox, other, NULL)
                            : tox_friend_by_public_key(person->tox, other, NULL);

    if (person->friend_number == UINT32_MAX) {
        die("no friend");
    }

    atomic_store(&person->mine->connected_ns, 0);

    for (int i = 0; i < LIVES; ++i) {
        atomic_store(&person->mine->heard_ns[i], 0);
    }

    name_nodes(person);
}

static void say(const Person *person)
{
    uint8_t packet[PACKET_BYTES] = {PACKET_ID, (uint8_t)person->life};
    put_u64(packet + 2, now_ns());
    tox_friend_send_lossless_packet(person->tox, person->friend_number, packet, sizeof(packet), NULL);
}

/* Bytes that the relay at this end of a socket has taken; 0 for everything else. */
static uint64_t bytes_taken(int fd, uint16_t *port)
{
    struct sockaddr_in peer;
    socklen_t length = sizeof(peer);
    struct tcp_info info = {0};
    socklen_t size = sizeof(info);

    if (getpeername(fd, (struct sockaddr *)&peer, &length) != 0 || peer.sin_family != AF_INET
        || getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) {
        return 0;
    }

    *port = ntohs(peer.sin_port);
    return info.tcpi_bytes_acked;
}

/* Neither library has to say which relay carries: it is the one that gets the packets. */
static void find_carrier(Person *person)
{
    uint64_t sent[RELAYS] = {0};
    int most = 0;

    for (int fd = 3; fd < FDS; ++fd) {
        uint16_t port = 0;
        const uint64_t taken = bytes_taken(fd, &port);

        for (int i = 0; i < RELAYS; ++i) {
            sent[i] += port != 0 && port == atomic_load(&person->town->relays[i].shared->ports[0]) ? taken : 0;
        }
    }

    for (int i = 1; i < RELAYS; ++i) {
        most = sent[i] - person->sent_to[i] > sent[most] - person->sent_to[most] ? i : most;
    }

    memcpy(person->sent_to, sent, sizeof(sent));
    atomic_store(&person->mine->carrier, (unsigned)most);
}

static void leave(const Person *person)
{
    person->mine->saved_size = tox_get_savedata_size(person->tox);

    if (person->mine->saved_size > SAVE_LIMIT) {
        die("too much to save");
    }

    tox_get_savedata(person->tox, person->mine->saved);
    tox_kill(person->tox);
}

void person_live(Town *town, int number, unsigned life)
{
    static Person person;
    person = (Person) {.town = town, .mine = &town->persons[number], .number = number, .life = life};
    uint64_t next = now_ns();
    atomic_store(&person.mine->born_ns[life], next);
    open_person(&person);

    for (unsigned step = 1; !atomic_load(&person.mine->leave); ++step) {
        tox_iterate(person.tox, &person);

        if (person.online) {
            say(&person);
        }

        if (step % STEPS_A_SECOND == 0) {
            find_carrier(&person);
        }

        next += STEP_NS;
        sleep_until_ns(next);
    }

    leave(&person);
}
