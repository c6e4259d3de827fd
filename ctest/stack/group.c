/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Groups of the newer kind, over relays alone. Each group has a TCP_Connections object of its own, in
 * addition to the one of the instance.
 */
#include "gathering.h"
#include "talk.h"
#include "town.h"

enum { MEMBERS = 4 };

static void meet(void)
{
    town_open((Plan){.persons = MEMBERS, .step_ms = STEP_MS});
    AWAIT(120, all_online);
    gathering_open(0);
    /* 0.2.20 never finishes an invitation that is accepted before the group has a relay, with the
     * original modules, too; 0.2.22 names the instance's relays then. */
    step_for(5000);

    for (int i = 1; i < MEMBERS; ++i) {
        gathering_invite(0, i);
        AWAIT(120, gathering_complete);
    }
}

static void say_rounds(int rounds)
{
    for (int i = 0; i < rounds; ++i) {
        gathering_say();
        AWAIT(60, gathering_heard);
    }
}

/* More sockets than those to the relays: the group has its own. */
static void over_tcp(void)
{
    meet();
    CHECK(wires_connections(0) > RELAYS);
    say_rounds(50);
    talk_say(20);
    say_rounds(50);
    AWAIT(60, talk_over);
    town_close();
}

/* What is said while a relay dies arrives over another one, and nobody is lost from the group. (The
 * original notices too late.) */
static void relays_die(void)
{
    meet();

    for (int i = 0; i < RELAYS; ++i) {
        say_rounds(5);
        relay_kill(i);
        gathering_say();
        AWAIT(60, gathering_heard);
        CHECK(gathering_complete());
        say_rounds(5);
        relay_return(i);
        step_for(60000);
        CHECK(gathering_complete());
    }

    say_rounds(5);
    town_close();
}

static void relay_freezes(void)
{
    meet();

    for (int i = 0; i < RELAYS; ++i) {
        relay_freeze(i, true);
        gathering_say();
        AWAIT(60, gathering_heard);
        CHECK(gathering_complete());
        say_rounds(5);
        relay_freeze(i, false);
        step_for(30000);
        CHECK(gathering_complete());
    }

    town_close();
}

static void back(int person)
{
    person_return(person);
    gathering_restore(person);
    AWAIT(300, gathering_complete);
    say_rounds(10);
}

/* A member is started again and is in the group as before, by its saved data. */
static void restart(void)
{
    meet();

    for (int i = 0; i < 2; ++i) {
        person_leave(MEMBERS - 1);
        AWAIT(180, gathering_complete);
        say_rounds(10);
        back(MEMBERS - 1);
    }

    town_close();
}

static void crash(void)
{
    meet();
    person_crash(MEMBERS - 1);
    AWAIT(180, gathering_complete);
    say_rounds(10);
    back(MEMBERS - 1);
    /* the one who has opened it */
    person_crash(0);
    AWAIT(180, gathering_complete);
    say_rounds(10);
    back(0);
    town_close();
}

int main(int argc, char **argv)
{
    const Test tests[] = {
        {"over_tcp", over_tcp, T_FAST, 300},
        {"relays_die", relays_die, T_OURS, 300},
        {"relay_freezes", relay_freezes, T_OURS, 300},
        {"restart", restart, T_FAST, 300},
        {"crash", crash, 0, 300},
    };

    return run_tests("group", tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
