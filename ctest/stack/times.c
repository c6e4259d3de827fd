/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How long two friends wait until they can talk, on the system's clock. Each scene prints one
 * line, SCENE_s=SECONDS; bounds are there only so that every scene has an end.
 */
#include "talk.h"
#include "town.h"

#include <stdio.h>
#include <stdlib.h>

enum { ALICE, BOB, FRIENDS };

static bool yes(int person)
{
    (void)person;
    return true;
}

static void open_town(bool (*udp)(int))
{
    town_open((Plan){.persons = FRIENDS, .step_ms = STEP_MS, .udp = udp,
                     .real_time = getenv("STACK_OWN_TIME") == NULL});
}

/* From the present moment on. */
static void print_seconds(const char *scene, uint64_t since)
{
    printf("%s_s=%.2f\n", scene, (double)(clock_ms() - since) / 1000);
    fflush(stdout);
}

/* Until each has had a message from the other that was written now or later: that is what friends
 * see, and unlike "online" it can be no memory of a connection that is gone. */
static void until_talk(const char *scene, uint64_t since)
{
    talk_say_to(ALICE, BOB, 1);
    talk_say_to(BOB, ALICE, 1);
    AWAIT(300, talk_over);
    CHECK(all_online());
    print_seconds(scene, since);
    town_close();
}

/* Friends for a while, as in the middle of a conversation. */
static void acquainted(bool (*udp)(int))
{
    open_town(udp);
    AWAIT(120, all_online);
    step_for(15000);
    talk_say(20);
    AWAIT(60, talk_over);
}

static int carrier(void)
{
    uint64_t before[RELAYS];
    uint64_t most = 0;
    int found = 0;

    for (int i = 0; i < RELAYS; ++i) {
        before[i] = wires_sent(ALICE, relay_tcp_port(i));
    }

    talk_say(20);
    AWAIT(60, talk_over);

    for (int i = 0; i < RELAYS; ++i) {
        const uint64_t sent = wires_sent(ALICE, relay_tcp_port(i)) - before[i];

        if (sent > most) {
            most = sent;
            found = i;
        }
    }

    CHECK(most > 0);
    return found;
}

static void again(const char *scene, void (*how)(int))
{
    const uint64_t start = clock_ms();
    how(BOB);
    person_return(BOB);
    until_talk(scene, start);
}

/* ---- scenes ---- */

static void online(void)
{
    open_town(NULL);
    const uint64_t start = clock_ms();
    until_talk("online", start);
}

static void online_udp(void)
{
    open_town(yes);
    const uint64_t start = clock_ms();
    until_talk("online_udp", start);
}

static void restart(void)
{
    acquainted(NULL);
    again("restart", person_leave);
}

static void crash(void)
{
    acquainted(NULL);
    again("crash", person_crash);
}

static void relay_lost(void)
{
    acquainted(NULL);
    const int relay = carrier();
    const uint64_t start = clock_ms();
    relay_kill(relay);
    until_talk("relay_lost", start);
}

static void relay_frozen_(void)
{
    acquainted(NULL);
    const int relay = carrier();
    const uint64_t start = clock_ms();
    relay_freeze(relay, true);
    until_talk("relay_frozen", start);
}

static void relay_lost_restart(void)
{
    acquainted(NULL);
    relay_kill(carrier());
    again("relay_lost_restart", person_leave);
}

static void relay_lost_crash(void)
{
    acquainted(NULL);
    relay_kill(carrier());
    again("relay_lost_crash", person_crash);
}

static void relay_frozen_restart(void)
{
    acquainted(NULL);
    relay_freeze(carrier(), true);
    again("relay_frozen_restart", person_leave);
}

/* The carrier dies, and one of the other two. */
static void relays_lost_restart(void)
{
    acquainted(NULL);
    const int relay = carrier();
    relay_kill(relay);
    relay_kill((relay + 1) % RELAYS);
    again("relays_lost_restart", person_leave);
}

/* No relay for so many seconds; the time runs from their return. */
static void outage(const char *scene, uint32_t seconds)
{
    acquainted(NULL);

    for (int i = 0; i < RELAYS; ++i) {
        relay_kill(i);
    }

    step_for(seconds * 1000);
    const uint64_t start = clock_ms();

    for (int i = 0; i < RELAYS; ++i) {
        relay_return(i);
    }

    until_talk(scene, start);
}

static void outage_short(void)
{
    outage("outage_short", 20);
}

static void outage_long(void)
{
    outage("outage_long", 90);
}

static void udp_cut(void)
{
    acquainted(yes);
    AWAIT(60, all_over_udp);
    const uint64_t start = clock_ms();
    person_cut_udp(BOB, true);
    until_talk("udp_cut", start);
}

int main(int argc, char **argv)
{
    const Test tests[] = {
        {"online", online, 0, 400},
        {"online_udp", online_udp, 0, 400},
        {"restart", restart, 0, 400},
        {"crash", crash, 0, 400},
        {"relay_lost", relay_lost, 0, 400},
        {"relay_frozen", relay_frozen_, 0, 400},
        {"relay_lost_restart", relay_lost_restart, 0, 400},
        {"relay_lost_crash", relay_lost_crash, 0, 400},
        {"relay_frozen_restart", relay_frozen_restart, 0, 400},
        {"relays_lost_restart", relays_lost_restart, 0, 400},
        {"outage_short", outage_short, 0, 600},
        {"outage_long", outage_long, 0, 600},
        {"udp_cut", udp_cut, 0, 400},
    };

    return run_tests("times", tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
