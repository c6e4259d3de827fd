/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random lives with everything: neighbours that refuse, friends with one DHT key, owners that add
 * and kill inside any callback. The original fails here in many ways, so only ours runs, against the
 * rules of the stubs (nothing is released twice or used after its end) and a simple model. */
#include "chaos.h"

#include <stdlib.h>
#include <string.h>

#define OPERATIONS 600

/* --------------------------------------------------------------------- events */

static IP_Port some_address(void)
{
    static const uint8_t families[] = {UDP4, UDP4, UDP4, UDP6, TCP4, TCP6, TCP_SERVER, 0, 255};
    IP_Port address = at4(UDP4, chaos_below(4) == 0 ? 127 : 9, 0, 0, (uint8_t)chaos_below(9), (uint16_t)chaos_below(9));
    address.ip.family.value = families[chaos_below(sizeof(families))];
    return chaos_below(6) == 0 ? at6(chaos_below(2) == 0 ? TCP6 : UDP6, (uint8_t)chaos_below(4), 80) : address;
}

static void relay_event(int id)
{
    const IP_Port address = some_address();
    ev_relay(id, &address, chaos_below(3) == 0 ? dht_key(api_dht(id)) : relay_key(chaos_below(50)));
}

/* Those with that DHT key have the address afterwards, the others what they had. */
static void address_event(int lock)
{
    IP_Port before[SLOTS];
    uint8_t dht[32];
    const IP_Port address = some_address();
    const bool good = address.ip.family.value == UDP4 || address.ip.family.value == UDP6;

    for (int id = 0; id < SLOTS; ++id) {
        before[id] = model[id].there ? *api_address(id) : no_address();
    }

    ev_addr_lock(lock, address);

    for (int id = 0; id < SLOTS; ++id) {
        /* with a key of zeros it cannot be told from outside who has it */
        if (get_friendcon_public_keys(NULL, dht, world.fc, id) != 0
                || memcmp(near.locks[lock].key, dht_key(0), 32) == 0) {
            continue;
        }

        const bool has_key = memcmp(dht, near.locks[lock].key, 32) == 0;
        const IP_Port *const want = good && has_key ? &address : &before[id];

        if (memcmp(api_address(id), want, sizeof(IP_Port)) != 0) {
            fail("slot %d has address %s, want %s", id, address_text(api_address(id)), address_text(want));
        }
    }
}

static void packet_event(int crypto)
{
    uint8_t packet[1400];
    const size_t n = 1 + chaos_below(chaos_below(2) == 0 ? 160 : 1373);

    for (size_t i = 0; i < n; ++i) {
        packet[i] = (uint8_t)chaos_draw();
    }

    packet[0] = chaos_below(2) == 0 ? (uint8_t)(16 + chaos_below(4)) : packet[0];
    ev_data(crypto, packet, n);
}

static void crypto_event(int id)
{
    const int crypto = api_crypto(id);

    if (crypto < 0) {
        return;
    }

    switch (chaos_below(7)) {
        case 0:
        case 1:
            if (api_status(id) == 1) {
                ev_up(crypto);
            }

            break;

        case 2:
            ev_down(crypto);
            break;

        case 3:
            ev_nkey(crypto, chaos_key());
            break;

        case 4:
            ev_packet(crypto, (uint8_t)(192 + chaos_below(63)), 1 + chaos_below(1373));
            break;

        default:
            packet_event(crypto);
            break;
    }
}

static void event(void)
{
    const int id = chaos_slot();

    if (id < 0) {
        return;
    }

    switch (chaos_below(9)) {
        case 0:
            ev_okey(id, chaos_key());
            break;

        case 1:
            relay_event(id);
            break;

        case 2:
            if (near.locks_made > 0) {
                const int lock = (int)chaos_below((unsigned)near.locks_made);

                if (near.locks[lock].held) {
                    address_event(lock);
                }
            }

            break;

        case 3:
            ev_offer(chaos_below(4) == 0 ? chaos_below(FRIENDS) : model[id].k, 1 + chaos_below(11), some_address());
            break;

        case 4:
            if (near.onion_data != NULL) {
                ev_onion_request(chaos_below(FRIENDS), 1 + chaos_below(1021));
            }

            break;

        default:
            crypto_event(id);
            break;
    }
}

static void mood(void)
{
    const bool bad = chaos_below(3) == 0;
    answers.onion_add = bad && chaos_below(3) == 0 ? -1 : 0;
    answers.dht_add = bad && chaos_below(3) == 0 ? -1 : 0;
    answers.dht_del = bad && chaos_below(3) == 0 ? -1 : 0;
    answers.new_crypto = bad && chaos_below(3) == 0 ? -1 : 0;
    answers.accept = bad && chaos_below(3) == 0 ? -1 : 0;
    answers.odd = bad && chaos_below(3) == 0 ? -1 : 0;
    answers.write_refused = bad && chaos_below(3) == 0;
    answers.rpeer_left = bad ? (int)chaos_below(4) : -1;
    answers.onion_data = (int)chaos_below(3) - 1;
    answers.own_count = chaos_below(8);
}

/* ---------------------------------------------------------------------- rules */

static bool own_connection(int id, int crypto)
{
    return crypto < near.cryptos && near.crypto[crypto].alive && near.crypto[crypto].number == id
           && key_number(near.crypto[crypto].real, 'k') == (long)model[id].k;
}

static void audit(int step)
{
    int there = 0, with_crypto = 0;

    for (int id = 0; id < SLOTS; ++id) {
        const unsigned status = api_status(id);
        const int crypto = api_crypto(id);
        there += model[id].there;
        with_crypto += crypto >= 0;

        if ((status != 0) != model[id].there) {
            fail("step %d: slot %d has status %u", step, id, status);
        }

        if (crypto >= 0 && !own_connection(id, crypto)) {
            fail("step %d: slot %d has crypto id %d, which is not its own", step, id, crypto);
        }

        if (model[id].there && onion_of(id) != api_onion(id)) {
            fail("step %d: slot %d has onion friend %d, which is not its own", step, id, api_onion(id));
        }

        if (status == 2 && crypto < 0) {
            fail("step %d: slot %d is connected without a connection", step, id);
        }

        if (status != 0 && model[id].told[1] != (status == 2)) {
            fail("step %d: slot %d has status %u, index 0 was told %d", step, id, status, model[id].told[1]);
        }
    }

    if (alive_onions() != there || alive_cryptos() != with_crypto) {
        fail("step %d: %d onion friends for %d friends, %d connections for %d", step, alive_onions(), there,
             alive_cryptos(), with_crypto);
    }

    /* what the DHT finds is reported for somebody who has that key */
    for (int i = 0; i < near.locks_made; ++i) {
        const Dht_Lock *const lock = &near.locks[i];

        const long p = key_number(lock->key, 'P');

        if (lock->held && (p < 0 ? 0 : p) != (long)api_dht(lock->number)) {
            fail("step %d: %s is registered for slot %d, which has P%u", step, key_name(lock->key), lock->number,
                 api_dht(lock->number));
        }
    }

    if (held_locks() > there) {
        fail("step %d: %d DHT keys for %d friends", step, held_locks(), there);
    }
}

/* Once nobody refuses any more, each friend with a DHT key has an attempt and a lock on that key. */
static void recovered(void)
{
    world.hook = NULL;
    answers.onion_add = answers.dht_add = answers.dht_del = answers.new_crypto = answers.accept = answers.odd = 0;
    answers.write_refused = false;
    answers.rpeer_left = -1;
    run_seconds(40);

    for (int id = 0; id < SLOTS; ++id) {
        const unsigned p = model[id].there ? api_dht(id) : 0;

        if (p == 0 || api_status(id) != 1) {
            continue;
        }

        bool held = false;

        for (int i = 0; i < near.locks_made; ++i) {
            held |= near.locks[i].held && memcmp(near.locks[i].key, dht_key(p), 32) == 0;
        }

        if (!held || api_crypto(id) < 0) {
            fail("slot %d with P%u: lock %d, crypto id %d", id, p, held, api_crypto(id));
        }
    }
}

static void life(uint64_t first_seed)
{
    chaos_begin(first_seed);
    world_again();
    answers.ids_return = first_seed % 2 == 0;
    world.hook = chaos_hook;
    api_global();
    api_request_handler();

    for (int i = 0; i < OPERATIONS; ++i) {
        switch (chaos_below(12)) {
            case 0:
            case 1:
            case 2:
                chaos_owner();
                break;

            case 3:
                mood();
                break;

            case 4:
            case 5:
                clock_add(chaos_below(20) == 0 ? 130 : chaos_below(15));
                it();
                break;

            default:
                event();
                break;
        }

        audit(i);
    }

    recovered();
    saw_nothing();
}

static void lives(void)
{
    const unsigned rounds = getenv("DIFF_SLOWER") != NULL ? 20 : 200;
    chaos_reports = 0;

    for (unsigned i = 0; i < rounds; ++i) {
        t_note("seed %u", 5000 + i);
        life(5000 + i);
    }

    if (chaos_reports < 20 * rounds) {
        fail("only %u reports", chaos_reports);
    }
}

static void chaos(void)
{
    ours_only("see s_chaos.c", lives);
}

const Scenario chaos_scenarios[] = {
    {"chaos", SIM, chaos, 120},
    {NULL, 0, NULL, 0},
};
