/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "town.h"

#include "gathering.h"
#include "meeting.h"
#include "talk.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ASK_AGAIN_MS = 10000 };

Person persons[PERSONS];
Plan plan;

/* ---- one instance ---- */

static void on_self_status(Tox *tox, TOX_CONNECTION status, void *user_data)
{
    (void)tox;
    ((Person *)user_data)->self = status;
}

static void set_status(Person *p, int other, TOX_CONNECTION status)
{
    const bool was = p->status[other] != TOX_CONNECTION_NONE;
    const bool is = status != TOX_CONNECTION_NONE;
    p->status[other] = status;

    if (was != is) {
        p->changed_at[other] = clock_ms();
        talk_session((int)(p - persons), other, is);
    }
}

static void on_friend_status(Tox *tox, uint32_t number, TOX_CONNECTION status, void *user_data)
{
    Person *p = (Person *)user_data;
    (void)tox;
    CHECK(number < PERSONS);
    CHECK(p->status[p->person[number]] != status);
    set_status(p, p->person[number], status);
}

static void on_request(Tox *tox, const uint8_t *key, const uint8_t *message, size_t length, void *user_data)
{
    (void)message;
    (void)length;
    CHECK(tox_friend_add_norequest(tox, key, NULL) != UINT32_MAX);
    know_friends((int)((const Person *)user_data - persons));
}

static Tox *make(const Person *p)
{
    struct Tox_Options *options = tox_options_new(NULL);
    CHECK(options != NULL);
    tox_options_set_ipv6_enabled(options, false);
    tox_options_set_local_discovery_enabled(options, false);
    tox_options_set_hole_punching_enabled(options, false);
    tox_options_set_udp_enabled(options, p->udp);
#if TOX_ABI > 218
    tox_options_set_experimental_groups_persistence(options, true);
#endif
    tox_options_set_start_port(options, p->udp_port);
    tox_options_set_end_port(options, p->udp_port);

    if (p->saved != NULL) {
        tox_options_set_savedata_type(options, TOX_SAVEDATA_TYPE_TOX_SAVE);
        tox_options_set_savedata_data(options, p->saved, p->saved_size);
    }

    TOX_ERR_NEW error;
    Tox *tox = tox_new(options, &error);

    if (tox == NULL) {
        fail_at(__FILE__, __LINE__, "tox_new: error %d", (int)error);
    }

    tox_options_free(options);
    return tox;
}

/* Without UDP the first call sends nothing, but names nodes behind the relays: both are needed. */
static void ask_relays(Person *p)
{
    for (int i = 0; i < RELAYS; ++i) {
        CHECK(tox_bootstrap(p->tox, relay_address(i), relay_udp_port(i), relay_key(i), NULL));
        CHECK(tox_add_tcp_relay(p->tox, relay_address(i), relay_tcp_port(i), relay_key(i), NULL));
    }

    p->asked_at = clock_ms();
}

void know_friends(int person)
{
    Person *p = &persons[person];

    for (int i = 0; i < PERSONS; ++i) {
        p->number[i] = p == &persons[i] ? UINT32_MAX : tox_friend_by_public_key(p->tox, persons[i].key, NULL);

        if (p->number[i] != UINT32_MAX) {
            CHECK(p->number[i] < PERSONS);
            p->person[p->number[i]] = i;
        }
    }
}

static void person_start(Person *p)
{
    wires_owner((int)(p - persons));
    p->tox = make(p);
    p->self = TOX_CONNECTION_NONE;
    ++p->lives;
    tox_callback_self_connection_status(p->tox, on_self_status);
    tox_callback_friend_connection_status(p->tox, on_friend_status);
    tox_callback_friend_request(p->tox, on_request);
    talk_register(p->tox);
    meeting_register(p->tox);
    gathering_register(p->tox);
    tox_self_get_public_key(p->tox, p->key);
    know_friends((int)(p - persons));
    ask_relays(p);
}

static void person_save(Person *p)
{
    free(p->saved);
    p->saved_size = tox_get_savedata_size(p->tox);
    p->saved = (uint8_t *)malloc(p->saved_size);
    CHECK(p->saved != NULL);
    tox_get_savedata(p->tox, p->saved);
}

static void person_end(Person *p)
{
    wires_owner((int)(p - persons));
    tox_kill(p->tox);
    p->tox = NULL;
    gathering_ended((int)(p - persons));

    for (int i = 0; i < PERSONS; ++i) {
        if (p->status[i] != TOX_CONNECTION_NONE) {
            set_status(p, i, TOX_CONNECTION_NONE);
        }
    }
}

void person_leave(int person)
{
    person_save(&persons[person]);
    person_end(&persons[person]);
}

void person_crash(int person)
{
    person_save(&persons[person]);
    wires_hang_up(person);
    person_end(&persons[person]);
    wires_hang_on(person);
}

void person_return(int person)
{
    CHECK(persons[person].tox == NULL && persons[person].saved != NULL);
    /* Only for the sockets of its instance would there be an owner. */
    CHECK_EQ(wires_sockets(person), 0);
    person_start(&persons[person]);
}

void person_cut_udp(int person, bool cut)
{
    persons[person].udp_cut = cut;
    wires_cut_udp(person, cut);
}

static void person_step(Person *p)
{
    wires_owner((int)(p - persons));

    if (p->self == TOX_CONNECTION_NONE && clock_ms() >= p->asked_at + ASK_AGAIN_MS) {
        ask_relays(p);
    }

    tox_iterate(p->tox, p);
    talk_step((int)(p - persons));
}

/* ---- all of them ---- */

static void befriend(int a, int b)
{
    CHECK(tox_friend_add_norequest(persons[a].tox, persons[b].key, NULL) != UINT32_MAX);
}

void town_open(Plan wanted)
{
    plan = wanted;
    CHECK(plan.persons <= PERSONS);
    chance_own(((uint64_t)rand32() << 32) + rand32());

    if (!plan.real_time) {
        clock_own();
    }

    relays_open();

    for (int i = 0; i < plan.persons; ++i) {
        persons[i].udp = plan.udp != NULL && plan.udp(i);
        persons[i].udp_port = persons[i].udp ? wires_free_port() : 0;
        wires_udp_port(i, persons[i].udp_port);
        person_start(&persons[i]);
    }

    for (int i = 0; i < plan.persons; ++i) {
        for (int k = 0; k < plan.persons; ++k) {
            if (i != k && (plan.friends == NULL || plan.friends(i, k))) {
                befriend(i, k);
            }
        }

        know_friends(i);
    }
}

void town_close(void)
{
    for (int i = 0; i < plan.persons; ++i) {
        if (persons[i].tox != NULL) {
            person_end(&persons[i]);
        }

        CHECK_EQ(wires_sockets(i), 0);
        free(persons[i].saved);
        persons[i].saved = NULL;
    }

    relays_close();
}

static void wait_for_step(void)
{
    static uint64_t next;
    const uint64_t now = clock_ms();
    next = next == 0 || now > next ? now : next;
    next += plan.step_ms;
    const struct timespec pause = {.tv_nsec = (long)(next - now) % 1000 * 1000000};
    nanosleep(&pause, NULL);
}

void step(void)
{
    if (plan.real_time) {
        wait_for_step();
    } else {
        clock_pass(plan.step_ms);
    }

    relays_step();

    for (int i = 0; i < plan.persons; ++i) {
        if (persons[i].tox != NULL) {
            person_step(&persons[i]);
        }
    }
}

void step_for(uint32_t ms)
{
    for (const uint64_t end = clock_ms() + ms; clock_ms() < end;) {
        step();
    }
}

bool within(int seconds, bool (*so)(void))
{
    const uint64_t end = clock_ms() + (uint64_t)seconds * 1000;

    while (!so() && clock_ms() < end) {
        step();
    }

    return so();
}

void await_failed(const char *file, int line, int seconds, const char *what)
{
    int pairs = 0;
    int online = 0;

    for (int i = 0; i < plan.persons; ++i) {
        for (int k = 0; k < plan.persons; ++k) {
            pairs += is_friend(i, k);
            online += persons[i].status[k] != TOX_CONNECTION_NONE;
        }
    }

    fail_at(file, line, "not within %d s: %s (%d of %d friends online)", seconds, what, online, pairs);
}

/* ---- how they are ---- */

bool is_friend(int a, int b)
{
    return a != b && persons[a].tox != NULL && persons[a].number[b] != UINT32_MAX;
}

static bool all_are(bool (*so)(TOX_CONNECTION))
{
    for (int i = 0; i < plan.persons; ++i) {
        for (int k = 0; k < plan.persons; ++k) {
            if (is_friend(i, k) && persons[k].tox != NULL && !so(persons[i].status[k])) {
                return false;
            }
        }
    }

    return true;
}

static bool online(TOX_CONNECTION c) { return c != TOX_CONNECTION_NONE; }
static bool over_tcp(TOX_CONNECTION c) { return c == TOX_CONNECTION_TCP; }
static bool over_udp(TOX_CONNECTION c) { return c == TOX_CONNECTION_UDP; }

bool all_friends(void)
{
    for (int i = 0; i < plan.persons; ++i) {
        for (int k = 0; k < plan.persons; ++k) {
            if (i != k && !is_friend(i, k)) {
                return false;
            }
        }
    }

    return true;
}

bool all_online(void) { return all_are(online); }
bool all_over_tcp(void) { return all_are(over_tcp); }
bool all_over_udp(void) { return all_are(over_udp); }

bool all_at_network(void)
{
    for (int i = 0; i < plan.persons; ++i) {
        if (persons[i].tox != NULL && persons[i].self == TOX_CONNECTION_NONE) {
            return false;
        }
    }

    return true;
}
