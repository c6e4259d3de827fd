/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Instances and relays go and come back, while there is talk.
 */
#include "talk.h"
#include "town.h"

enum { GONE = 3 };

static uint8_t dht_key[GONE][TOX_PUBLIC_KEY_SIZE];

static bool odd(int person)
{
    return person % 2 == 1;
}

static void open_and_meet(bool (*udp)(int))
{
    town_open((Plan){.persons = PERSONS, .step_ms = STEP_MS, .udp = udp});
    AWAIT(120, all_online);
    talk_say(20);
    AWAIT(60, talk_over);
}

static bool none_sees_the_gone(void)
{
    for (int i = 0; i < GONE; ++i) {
        for (int k = 0; k < PERSONS; ++k) {
            if (persons[k].status[i] != TOX_CONNECTION_NONE) {
                return false;
            }
        }
    }

    return true;
}

static void some_go(void (*how)(int))
{
    for (int i = 0; i < GONE; ++i) {
        tox_self_get_dht_id(persons[i].tox, dht_key[i]);
        how(i);
    }
}

static void they_return(void)
{
    uint8_t key[TOX_PUBLIC_KEY_SIZE];

    for (int i = 0; i < GONE; ++i) {
        person_return(i);
        tox_self_get_dht_id(persons[i].tox, key);
        CHECK(memcmp(key, dht_key[i], sizeof(key)) != 0);
    }
}

/* Everybody goes on talking to everybody, also to those who are away. */
static void go_and_return(void (*how)(int), bool noticed)
{
    talk_say(20);
    some_go(how);

    if (noticed) {
        AWAIT(60, none_sees_the_gone);
        step_for(20000);
    }

    they_return();
    talk_say(20);
    /* Where nobody has noticed anything, "online" is not yet news of the new instance. */
    AWAIT(180, talk_over);
    AWAIT(180, all_online);
}

static void goodbye(void)
{
    open_and_meet(odd);
    go_and_return(person_leave, true);
    go_and_return(person_leave, true);
    town_close();
}

static void goodbye_at_once(void)
{
    open_and_meet(odd);
    go_and_return(person_leave, false);
    town_close();
}

static void crash(void)
{
    open_and_meet(odd);
    go_and_return(person_crash, true);
    town_close();
}

static void crash_at_once(void)
{
    open_and_meet(odd);
    go_and_return(person_crash, false);
    town_close();
}

/* All but one go, and come back as strangers to their old network. */
static void all_but_one(void)
{
    open_and_meet(NULL);

    for (int i = 1; i < PERSONS; ++i) {
        person_leave(i);
    }

    step_for(30000);

    for (int i = 1; i < PERSONS; ++i) {
        person_return(i);
    }

    talk_say(20);
    AWAIT(180, talk_over);
    town_close();
}

/* ---- relays ---- */

static void relays_die(void)
{
    open_and_meet(NULL);

    for (int i = 0; i < RELAYS; ++i) {
        talk_say(20);
        step();
        relay_kill(i);
        talk_say(20);
        AWAIT(180, talk_over);
        relay_return(i);
        step_for(30000);
    }

    AWAIT(180, all_online);
    town_close();
}

/* A relay that keeps its connections and does nothing is noticed by its silence. */
static void relays_freeze(void)
{
    open_and_meet(NULL);

    for (int i = 0; i < RELAYS; ++i) {
        talk_say(20);
        step();
        relay_freeze(i, true);
        talk_say(20);
        AWAIT(180, talk_over);
        relay_freeze(i, false);
        step_for(30000);
    }

    AWAIT(180, all_online);
    town_close();
}

static bool nobody_at_network(void)
{
    for (int i = 0; i < PERSONS; ++i) {
        if (persons[i].self != TOX_CONNECTION_NONE) {
            return false;
        }
    }

    return true;
}

static void all_relays_die(void)
{
    open_and_meet(NULL);
    talk_say(20);

    for (int i = 0; i < RELAYS; ++i) {
        relay_kill(i);
    }

    AWAIT(180, nobody_at_network);

    for (int i = 0; i < RELAYS; ++i) {
        relay_return(i);
    }

    AWAIT(180, talk_over);
    AWAIT(180, all_online);
    town_close();
}

/* The instances that return find a smaller network. */
static void relay_dies_with_instances(void)
{
    open_and_meet(NULL);
    talk_say(20);
    relay_kill(0);
    some_go(person_crash);
    step_for(5000);
    they_return();
    talk_say(20);
    AWAIT(180, talk_over);
    AWAIT(180, all_online);
    town_close();
}

int main(int argc, char **argv)
{
    const Test tests[] = {
        {"goodbye", goodbye, T_FAST, 300},
        {"goodbye_at_once", goodbye_at_once, 0, 300},
        {"crash", crash, 0, 300},
        {"crash_at_once", crash_at_once, 0, 300},
        {"all_but_one", all_but_one, 0, 300},
        {"relays_die", relays_die, 0, 300},
        {"relays_freeze", relays_freeze, 0, 300},
        {"all_relays_die", all_relays_die, 0, 300},
        {"relay_dies_with_instances", relay_dies_with_instances, T_FAST, 300},
    };

    return run_tests("comeback", tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
