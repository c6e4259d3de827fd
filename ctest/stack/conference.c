/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A conference of ten, each of whom knows only some of the others.
 */
#include "meeting.h"
#include "talk.h"
#include "town.h"

static bool yes(int person)
{
    (void)person;
    return true;
}

/* In a ring, those up to two places away: what the others say comes through members between. */
static bool near(int a, int b)
{
    const int distance = (a - b + PERSONS) % PERSONS;
    return distance <= 2 || distance >= PERSONS - 2;
}

/* Connections of members are made and given up for a while after each change; what is in such a
 * connection at its end is lost, as toxcore has it. */
static void settle(void)
{
    AWAIT(180, meeting_complete);
    step_for(30000);
    AWAIT(180, meeting_complete);
}

/* Everyone brings the next one. */
static void meet(bool (*udp)(int))
{
    town_open((Plan){.persons = PERSONS, .step_ms = STEP_MS, .udp = udp, .friends = near});
    AWAIT(120, all_online);
    meeting_open(0);

    for (int i = 1; i < PERSONS; ++i) {
        meeting_invite(i - 1, i);
        AWAIT(60, meeting_complete);
    }

    settle();
}

static void say_rounds(int rounds)
{
    for (int i = 0; i < rounds; ++i) {
        meeting_say();
        AWAIT(60, meeting_heard);
    }
}

static void over_tcp(void)
{
    meet(NULL);
    say_rounds(30);
    talk_say(20);
    say_rounds(30);
    AWAIT(60, talk_over);
    town_close();
}

static void over_udp(void)
{
    meet(yes);
    say_rounds(30);
    talk_say(20);
    say_rounds(30);
    AWAIT(60, talk_over);
    town_close();
}

static void leave_and_return(void)
{
    meet(NULL);
    say_rounds(10);

    for (int i = 0; i < 3; ++i) {
        meeting_leave(3);
        settle();
        say_rounds(10);
        meeting_invite(4, 3);
        settle();
        say_rounds(10);
    }

    town_close();
}

/* A member is started again and is in the conference as before, by its saved data. */
static void restart(void)
{
    meet(NULL);
    say_rounds(10);

    for (int i = 0; i < 2; ++i) {
        person_leave(3);
        settle();
        say_rounds(10);
        person_return(3);
        meeting_restore(3);
        settle();
        say_rounds(10);
    }

    town_close();
}

/* The relays die in turn and come back; who is in the conference stays in it. (With the original
 * somebody may be lost for a while, and what is said then with him.) */
static void relays_die(void)
{
    meet(NULL);

    for (int i = 0; i < RELAYS; ++i) {
        say_rounds(10);
        relay_kill(i);
        AWAIT(180, all_online);
        settle();
        say_rounds(10);
        relay_return(i);
        settle();
    }

    say_rounds(10);
    town_close();
}


static void cut_all(bool cut)
{
    for (int i = 0; i < PERSONS; ++i) {
        person_cut_udp(i, cut);
    }
}

/* What is said while the way changes arrives all the same. (Whether it does with the original is a
 * matter of luck: members who are no friends may share no relay there, and lose one another.) */
static void udp_cut(void)
{
    meet(yes);

    for (int i = 0; i < 3; ++i) {
        cut_all(true);
        meeting_say();
        AWAIT(60, all_over_tcp);
        AWAIT(60, meeting_heard);
        say_rounds(10);
        cut_all(false);
        meeting_say();
        AWAIT(120, all_over_udp);
        AWAIT(60, meeting_heard);
        say_rounds(10);
        step_for(30000);
    }

    town_close();
}

int main(int argc, char **argv)
{
    const Test tests[] = {
        {"over_tcp", over_tcp, T_FAST, 300},
        {"over_udp", over_udp, 0, 300},
        {"leave_and_return", leave_and_return, T_FAST, 300},
        {"restart", restart, T_FAST, 300},
        {"relays_die", relays_die, T_SKIP, 300},
        {"udp_cut", udp_cut, T_SKIP, 300},
    };

    return run_tests("conference", tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
