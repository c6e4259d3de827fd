/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Hours of trouble: relays and instances die and return at random, relays freeze, UDP fails for
 * one or for all. Between friends messages must arrive as talk.h says, all the time. Every few
 * minutes all is made well; then everybody has to find everybody, all that was said has to have
 * arrived, and memory and descriptors must be no more than after the first such pause. From toxcore
 * 0.2.20 on some of them are in a group, too. Members who lose one another may not meet again there,
 * with the original modules, either; so only what arrives is checked, and what the group leaves behind.
 */
#include "gathering.h"
#include "talk.h"
#include "town.h"
#include "usage.h"

#include <stdio.h>
#include <stdlib.h>

/* Seconds until all is well have to allow for the time in which toxcore sees that it has lost UDP
 * (BAD_NODE_TIMEOUT), and for its long intervals when nothing could be reached. */
enum { GROUP = TOX_ABI > 218 ? 4 : 0, ROUND_MINUTES_MAX = 5, HEAL_SECONDS = 600, CALM_SECONDS = 60, AWAY_MAX = 4 };

typedef struct Trouble {
    uint64_t person_until[PERSONS];
    uint64_t cut_until[PERSONS];
    uint64_t relay_until[RELAYS];
    unsigned faults;
    unsigned returns;
} Trouble;

static Trouble trouble;

static uint32_t below(uint32_t n)
{
    return rand32() % n;
}

/* Some time from now, mostly short. */
static uint64_t until(uint32_t seconds_max)
{
    return clock_ms() + 500 + below(below(seconds_max * 1000) + 1);
}

static bool odd(int person)
{
    return person % 2 == 1;
}

/* ---- trouble ---- */

static void trouble_person(void)
{
    const int person = (int)below(PERSONS);
    int away = 0;

    for (int i = 0; i < PERSONS; ++i) {
        away += persons[i].tox == NULL;
    }

    if (persons[person].tox == NULL || away == AWAY_MAX) {
        return;
    }

    if (below(2) == 0) {
        person_leave(person);
    } else {
        person_crash(person);
    }

    trouble.person_until[person] = until(120);
}

static void trouble_relay(void)
{
    const int relay = (int)below(RELAYS);

    if (!relay_lives(relay) || relay_frozen(relay)) {
        return;
    }

    if (below(3) == 0) {
        relay_freeze(relay, true);
        trouble.relay_until[relay] = until(60);
    } else {
        relay_kill(relay);
        trouble.relay_until[relay] = until(180);
    }
}

static void trouble_udp(void)
{
    const bool all = below(4) == 0;
    const int one = (int)below(PERSONS);
    const uint64_t end = until(180);

    for (int i = 0; i < PERSONS; ++i) {
        if (odd(i) && (all || i == one)) {
            person_cut_udp(i, true);
            trouble.cut_until[i] = end;
        }
    }
}

static void make_trouble(void)
{
    ++trouble.faults;

    switch (below(5)) {
        case 0:
        case 1:
            trouble_relay();
            break;

        case 2:
        case 3:
            trouble_person();
            break;

        default:
            trouble_udp();
            break;
    }
}

static void mend_person(int person)
{
    if (persons[person].tox == NULL) {
        person_return(person);
        ++trouble.returns;

        if (person < GROUP) {
            gathering_restore(person);
        }
    }
}

static void mend_relay(int relay)
{
    if (!relay_lives(relay)) {
        relay_return(relay);
    }

    relay_freeze(relay, false);
}

/* What has lasted long enough; or all of it. */
static void mend(bool all)
{
    const uint64_t now = clock_ms();

    for (int i = 0; i < PERSONS; ++i) {
        if (all || now >= trouble.person_until[i]) {
            mend_person(i);
        }

        if (all || now >= trouble.cut_until[i]) {
            person_cut_udp(i, false);
        }
    }

    for (int i = 0; i < RELAYS; ++i) {
        if (all || now >= trouble.relay_until[i]) {
            mend_relay(i);
        }
    }
}

/* ---- talk ---- */

static void say_something(void)
{
    for (int i = 0; i < 8; ++i) {
        const int from = (int)below(PERSONS);
        const int to = (int)below(PERSONS);

        if (from != to) {
            talk_say_to(from, to, 1 + below(below(30) + 1));
        }
    }
}

/* ---- rounds ---- */

static void troubled(int seconds)
{
    for (int i = 0; i < seconds; ++i) {
        if (below(6) == 0) {
            make_trouble();
        }

        say_something();
        mend(false);
        step_for(1000);
    }
}

static void group_speaks(void)
{
    for (int i = 0; i < 5 && GROUP > 0; ++i) {
        gathering_say();
        step_for(2000);
    }
}

static void group_opens(void)
{
    if (GROUP > 0) {
        gathering_open(0);
        step_for(5000);
    }

    for (int i = 1; i < GROUP; ++i) {
        gathering_invite(0, i);
        AWAIT(120, gathering_complete);
    }
}

/* Returns what is in use when all is well. */
static Usage heal(int minutes)
{
    const uint64_t start = clock_ms();
    mend(true);
    AWAIT(HEAL_SECONDS, all_online);
    const uint64_t online = clock_ms();
    AWAIT(HEAL_SECONDS, talk_over);
    group_speaks();
    const Talk_Sum sum = talk_sum();
    CHECK_EQ(sum.delivered, sum.said);
    /* Until what has just ended has been put away. */
    step_for(CALM_SECONDS * 1000);
    CHECK(all_online());
    const Usage now = usage_now();
    printf("minutes=%d faults=%u restarts=%u heal_s=%.1f said=%llu repeated=%llu packets=%llu sessions=%llu "
           "heap_kib=%llu rss_kib=%llu files=%u group_sees=%u\n", minutes, trouble.faults, trouble.returns,
           (double)(online - start) / 1000, (unsigned long long)sum.said, (unsigned long long)sum.repeated,
           (unsigned long long)sum.packets, (unsigned long long)sum.sessions, (unsigned long long)now.heap / 1024,
           (unsigned long long)now.resident / 1024, now.files, gathering_pairs());
    fflush(stdout);

    return now;
}

/* (toxcore's relay keeps what never finished its handshake, so theirs are not counted.) */
static void check_sockets(void)
{
    for (int i = 0; i < PERSONS; ++i) {
        /* One for datagrams, one for each relay, and these again for a group. */
        CHECK(wires_sockets(i) <= 1 + (i < GROUP ? 2 : 1) * RELAYS);
    }
}

static int minutes_wanted(void)
{
    const char *text = getenv("STACK_MINUTES");
    const int usual = slowness() == 1 ? 12 : slowness() < 10 ? 6 : 1;
    const int minutes = text == NULL ? usual : atoi(text);
    CHECK(minutes > 0);
    return minutes;
}

static void soak(void)
{
    const int minutes = minutes_wanted();
    town_open((Plan){.persons = PERSONS, .step_ms = SLOW_STEP_MS, .udp = odd,
                     .real_time = getenv("STACK_REAL_TIME") != NULL});
    AWAIT(120, all_online);
    group_opens();
    const int in_round = minutes / 3 < 1 ? 1 : minutes / 3 > ROUND_MINUTES_MAX ? ROUND_MINUTES_MAX : minutes / 3;
    Usage first = {0};

    for (int done = 0; done < minutes;) {
        const int now = minutes - done < in_round ? minutes - done : in_round;
        troubled(now * 60);
        done += now;
        const Usage usage = heal(done);
        check_sockets();

        if (first.heap == 0) {
            first = usage;
        } else {
            usage_compare(&first, &usage);
        }
    }

    CHECK(trouble.faults > 0);
    town_close();
}

int main(int argc, char **argv)
{
    const char *seconds = getenv("STACK_SECONDS");
    const Test tests[] = {
        {"soak", soak, T_FAST, seconds == NULL ? 600 : atoi(seconds)},
    };

    return run_tests("soak", tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
