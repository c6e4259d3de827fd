/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What happens in the random lives of s_random.c, kept within what both programs are to do in the
 * same way; the differences that are kept out are named where that is done. */
#include "random_ops.h"

#include <string.h>

#define FRIENDS 16

static uint64_t seed;
static unsigned next_key;
/* By slot: relays are remembered (three different ones at least), so that no attempt may be made
 * outside an iteration (F-02). */
static bool remembered[FRIENDS];
static unsigned friend_in[FRIENDS];

void random_begin(uint64_t first_seed)
{
    seed = first_seed;
    next_key = 0;
    memset(remembered, 0, sizeof(remembered));
}

static unsigned below(unsigned bound)
{
    return (unsigned)(split_mix(&seed) % bound);
}

/* A slot in use, or -1. */
static int some_slot(void)
{
    const int first = (int)below(FRIENDS);

    for (int i = 0; i < FRIENDS; ++i) {
        const int id = (first + i) % FRIENDS;

        if (api_status(id) != 0) {
            return id;
        }
    }

    return -1;
}

static int slot_with(unsigned status, bool crypto)
{
    const int first = (int)below(FRIENDS);

    for (int i = 0; i < FRIENDS; ++i) {
        const int id = (first + i) % FRIENDS;

        if (api_status(id) == status && (api_crypto(id) >= 0) == crypto) {
            return id;
        }
    }

    return -1;
}

static IP_Port some_address(void)
{
    const uint8_t last = (uint8_t)(1 + below(50));
    return below(4) == 0 ? at6(UDP6, (uint8_t)(100 + last), 5000) : at4(UDP4, 9, 9, 9, last, 5000);
}

/* Everybody who is online says so: packets that are no ALIVE count only in ours (FD-11). */
static void breathe(void)
{
    for (int id = 0; id < FRIENDS; ++id) {
        if (api_status(id) == 2 && below(8) != 0) {
            ev_packet(api_crypto(id), 16, 1 + below(3));
        }
    }
}

static void remember(int id)
{
    if (api_crypto(id) < 0) {
        return;
    }

    const unsigned first = below(4) * 10;
    remembered[id] = true;

    for (unsigned i = 0; i < 4; ++i) {
        ev_relay_n(id, first + i);
    }
}

static void op_add(void)
{
    const unsigned k = below(FRIENDS);
    const bool known = api_find(k) >= 0;
    const int id = api_add(k);

    if (id >= 0 && !known) {
        remembered[id] = false;
        friend_in[id] = k;
        api_callbacks(id, 0, 100 + (int)k);

        if (below(2) == 0) {
            api_callbacks(id, 1, 200 + (int)k);
        }
    }
}

static void op_key(int id)
{
    if (remembered[id]) {
        return;
    }

    const unsigned p = below(3) == 0 ? api_dht(id) : ++next_key;

    switch (below(3)) {
        case 0:
            api_key(id, p);
            break;

        case 1:
            ev_okey(id, p);
            break;

        default:
            if (api_crypto(id) >= 0) {
                ev_nkey(api_crypto(id), p);
            }

            break;
    }
}

static void op_offer(int id)
{
    IP_Port source = some_address();

    if (below(3) == 0) {
        source = no_address();
        source.ip.family.value = TCP_SERVER;
    }

    const unsigned p = api_dht(id) != 0 && below(2) == 0 ? api_dht(id) : ++next_key;
    ev_offer(below(8) == 0 ? FRIENDS + 1 : friend_in[id], p, source);
}

/* ALIVE goes out at once in ours, in the original when the last is 9 s old (FD-12). */
static void op_up(void)
{
    const int id = slot_with(1, true);

    if (id >= 0) {
        breathe();
        clock_add(9);
        ev_up(api_crypto(id));
        remember(id);
    }
}

static void op_data(int id)
{
    uint8_t packet[200];

    if (api_status(id) != 2) {
        return;
    }

    const int crypto = api_crypto(id);
    ev_packet(crypto, 16, 1);

    switch (below(5)) {
        case 0: {
            size_t n = 1;
            packet[0] = 17;
            remembered[id] = true;

            for (unsigned i = below(4); i > 0; --i) {
                const unsigned number = below(60);
                const IP_Port address = below(4) == 0 ? at6(TCP6, (uint8_t)number, 9) : relay_at(number);
                n += put_node(packet + n, &address, relay_key(number));
            }

            /* one that is cut behind a whole node is read otherwise (F-03) */
            ev_data(crypto, packet, below(4) == 0 ? 1 + below(n > 40 ? 40 : (unsigned)n) : n);
            break;
        }

        case 1:
            ev_packet(crypto, 18, 1 + below(60));
            break;

        default:
            ev_packet(crypto, (uint8_t)(19 + below(236)), 1 + below(300));
            break;
    }
}

static void op_event(int id)
{
    switch (below(6)) {
        case 0:
            remember(id);
            break;

        case 1:
            /* without a connection, and without one that could be opened, ours says nothing (F-08) */
            if (lock_of(id) >= 0 && (api_crypto(id) >= 0 || (!remembered[id] && answers.new_crypto == 0))) {
                ev_addr(id, some_address());
            }

            break;

        case 2:
        case 3:
            if (api_crypto(id) >= 0 && below(2) == 0) {
                ev_down(api_crypto(id));
            }

            break;

        default:
            op_offer(id);
            break;
    }
}

static void op_owner(int id)
{
    switch (below(7)) {
        case 0:
            api_kill(id);
            break;

        case 1:
            api_lock(id);
            break;

        case 2:
            api_send_request(id, below(1100));
            break;

        case 3:
            api_callbacks(id, below(3), (int)below(50));
            break;

        case 4:
            api_clear(id, below(2));
            break;

        case 5:
            api_find(below(FRIENDS));
            break;

        default:
            api_request_handler();
            break;
    }
}

/* Now and then a neighbour refuses for a while. */
static void op_mood(void)
{
    const unsigned mood = below(12);
    answers.new_crypto = mood == 0 ? -1 : 0;
    answers.accept = mood == 1 ? -1 : 0;
    answers.onion_add = mood == 2 ? -1 : 0;
    answers.write_refused = mood == 3;
    answers.direct = mood == 4 ? -1 : 0;
    answers.rglob = mood == 5 ? -1 : 0;
    answers.odd = mood == 6 ? -1 : 0;
    answers.onion_data = (int)below(4) - 1;
    answers.own_count = 3 + below(4);
}

static void op_time(void)
{
    const unsigned kind = below(12);
    breathe();
    clock_add(kind == 0 ? 100 + below(60) : kind < 6 ? below(12) : 1);
    it();
}

/* Data callbacks may add and kill; one that kills a friend does not add (FC-68). */
static bool killing;

void random_hook(const Called *call)
{
    if (call->which != CB_DATA && call->which != CB_LOSSY) {
        return;
    }

    switch (below(12)) {
        case 0:
            killing = true;
            op_owner(some_slot());
            break;

        case 1:
            if (!killing) {
                op_add();
            }

            break;

        case 2:
            api_send_request(some_slot(), 20);
            break;

        default:
            break;
    }
}

void random_operation(void)
{
    const int id = some_slot();
    killing = false;

    switch (below(16)) {
        case 0:
        case 1:
            op_add();
            break;

        case 2:
        case 3:
        case 4:
            if (id >= 0) {
                op_key(id);
            }

            break;

        case 5:
        case 6:
            op_up();
            break;

        case 7:
        case 8:
            if (id >= 0) {
                op_data(id);
            }

            break;

        case 9:
        case 10:
            if (id >= 0) {
                op_event(id);
            }

            break;

        case 11:
            if (id >= 0) {
                op_owner(id);
            }

            break;

        case 12:
            op_mood();
            break;

        default:
            op_time();
            break;
    }
}
