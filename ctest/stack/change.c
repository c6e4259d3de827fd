/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Connections move between UDP and TCP. While datagrams go directly from friend to friend, TCP
 * connections sleep. (With the original of 0.2.22 hardly anybody is found again over TCP.)
 */
#include "talk.h"
#include "town.h"

static bool yes(int person)
{
    (void)person;
    return true;
}

static void cut_all(bool cut)
{
    for (int i = 0; i < PERSONS; ++i) {
        person_cut_udp(i, cut);
    }
}

static unsigned connections(void)
{
    unsigned count = 0;

    for (int i = 0; i < PERSONS; ++i) {
        count += wires_connections(i);
    }

    return count;
}

/* Only ours has this. */
bool toxlink_relay_statistics(void) __attribute__((weak));

static bool all_asleep(void)
{
    if (toxlink_relay_statistics == NULL) {
        /* A relay over which nobody was reached never sleeps, nor do others whose count has slipped. */
        return connections() < PERSONS * RELAYS;
    }

    return connections() == 0;
}

static bool all_connected(void)
{
    return connections() == PERSONS * RELAYS;
}

static void open_over_udp(void)
{
    town_open((Plan){.persons = PERSONS, .step_ms = STEP_MS, .udp = yes});
    AWAIT(120, all_online);
    AWAIT(120, all_over_udp);
}

/* Some words each second, at any moment of the change. */
static bool talking(bool (*so)(void))
{
    for (int i = 0; i < 60 && !so(); ++i) {
        talk_say(1);
        step_for(1000);
    }

    return so();
}

static void talk_for(int seconds)
{
    for (int i = 0; i < seconds; ++i) {
        talk_say(1);
        step_for(1000);
    }
}

/* A change of the way is not the end of a connection: nobody is ever seen offline. (The original
 * puts relays to sleep that are in use again.) */
static void cut_and_back(void)
{
    open_over_udp();
    const uint64_t sessions = talk_sum().sessions;
    CHECK_EQ(sessions, PERSONS * (PERSONS - 1));

    for (int i = 0; i < 3; ++i) {
        cut_all(true);
        CHECK(talking(all_over_tcp));
        talk_for(45);
        cut_all(false);
        CHECK(talking(all_over_udp));
        AWAIT(60, talk_over);
    }

    CHECK_EQ(talk_sum().sessions, sessions);
    CHECK_EQ(talk_sum().repeated, 0);
    town_close();
}

static bool first_over_tcp(void)
{
    for (int i = 1; i < PERSONS; ++i) {
        if (persons[0].status[i] != TOX_CONNECTION_TCP || persons[i].status[0] != TOX_CONNECTION_TCP) {
            return false;
        }
    }

    return true;
}

/* Only one of them loses UDP. */
static void one_cut(void)
{
    open_over_udp();
    AWAIT(60, all_asleep);
    const uint64_t sessions = talk_sum().sessions;
    person_cut_udp(0, true);
    CHECK(talking(first_over_tcp));
    AWAIT(60, talk_over);

    for (int i = 1; i < PERSONS; ++i) {
        for (int k = 1; k < PERSONS; ++k) {
            CHECK(i == k || persons[i].status[k] == TOX_CONNECTION_UDP);
        }
    }

    person_cut_udp(0, false);
    CHECK(talking(all_over_udp));
    AWAIT(60, talk_over);
    CHECK_EQ(talk_sum().sessions, sessions);
    town_close();
}

static void sleep_and_wake(void)
{
    open_over_udp();
    CHECK(connections() > 0);

    for (int i = 0; i < 3; ++i) {
        AWAIT(60, all_asleep);
        step_for(30000);
        CHECK(all_asleep());
        cut_all(true);
        AWAIT(60, all_over_tcp);
        /* Every one has a relay, and words come over it. */
        CHECK(connections() >= PERSONS);
        talk_say(10);
        AWAIT(60, talk_over);
        cut_all(false);
        AWAIT(120, all_over_udp);
    }

    AWAIT(60, all_asleep);
    CHECK_EQ(talk_sum().sessions, PERSONS * (PERSONS - 1));
    town_close();
}

/* Two relays die while all sleep; the one that is left has to do. */
static void relays_die_meanwhile(void)
{
    open_over_udp();
    AWAIT(60, all_asleep);
    relay_kill(0);
    relay_kill(1);
    step_for(10000);
    cut_all(true);
    talk_say(20);
    AWAIT(120, talk_over);
    AWAIT(120, all_over_tcp);
    relay_return(0);
    relay_return(1);
    /* A relay that is back only when all its peers sleep has reached nobody, and stays awake. */
    AWAIT(120, all_connected);
    step_for(10000);
    cut_all(false);
    AWAIT(120, all_over_udp);
    AWAIT(120, all_asleep);
    town_close();
}

/* Somebody comes back into a network without UDP, and gets UDP later. */
static void return_while_cut(void)
{
    open_over_udp();
    AWAIT(60, all_asleep);
    person_leave(0);
    person_leave(1);
    cut_all(true);
    step_for(15000);
    person_return(0);
    person_return(1);
    talk_say(20);
    AWAIT(400, talk_over);
    AWAIT(180, all_over_tcp);
    cut_all(false);
    AWAIT(180, all_over_udp);
    talk_say(20);
    AWAIT(60, talk_over);
    AWAIT(120, all_asleep);
    town_close();
}

int main(int argc, char **argv)
{
    const Test tests[] = {
        {"cut_and_back", cut_and_back, T_OURS | T_FAST, 300},
        {"one_cut", one_cut, T_OURS_FROM(222), 300},
        {"sleep_and_wake", sleep_and_wake, T_FAST | T_OURS_FROM(222), 300},
        {"relays_die_meanwhile", relays_die_meanwhile, T_OURS, 300},
        {"return_while_cut", return_while_cut, T_OURS_FROM(222), 300},
    };

    return run_tests("change", tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
