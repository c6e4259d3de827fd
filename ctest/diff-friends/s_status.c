/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Specification 13.2 and 17.6: status callbacks that change what is being reported. The original
 * goes on with memory that it has freed (D2, D4); memory.c makes that read as zero. */
#include "suite.h"

#include <string.h>

/* The hook acts on the first call of this callback with this status. */
static Which at_which;
static int at_index;
static bool at_on;
static void (*action)(void);

static void once_hook(const Called *call)
{
    if (action != NULL && call->which == at_which && call->index == at_index && call->on == at_on) {
        void (*const now)(void) = action;
        action = NULL;
        now();
    }
}

static void inside(Which which, int index, bool on, void (*what)(void))
{
    at_which = which;
    at_index = index;
    at_on = on;
    action = what;
    world.hook = once_hook;
}

static void install_index_1(void)
{
    api_callbacks(0, 1, 55);
}

static void fc65(void)
{
    connecting(1, 1);
    api_clear(0, 1);
    api_global();
    inside(CB_GLOBAL, -1, true, install_index_1);
    ev_up(0);
    saw("on(0,1) G(0,1) S0(100,1) S1(55,1)");
}

static void clear_index_1(void)
{
    api_clear(0, 1);
}

static void fc66(void)
{
    connecting(1, 1);
    inside(CB_STATUS, 0, true, clear_index_1);
    ev_up(0);
    saw("on(0,1) S0(100,1)");
}

static void clear_index_0(void)
{
    api_clear(0, 0);
}

static void replace_index_1(void)
{
    api_callbacks(0, 1, 56);
}

static void drop_global(void)
{
    set_global_status_callback(world.fc, NULL, NULL);
}

/* Fetched just before it is called: whatever was changed before counts. */
static void changed_before(void)
{
    connecting(1, 1);
    api_global();
    inside(CB_GLOBAL, -1, true, clear_index_0);
    ev_up(0);
    saw("on(0,1) G(0,1) S1(200,1)");
    inside(CB_GLOBAL, -1, false, replace_index_1);
    ev_down(0);
    saw("on(0,0) G(0,0) S1(56,0)");
    it();
    api_callbacks(0, 0, 57);
    saw_nothing();
    inside(CB_STATUS, 0, true, replace_index_1);
    ev_up(1);
    saw("on(0,1) G(0,1) S0(57,1) S1(56,1)");
    inside(CB_GLOBAL, -1, false, drop_global);
    ev_down(1);
    saw("on(0,0) G(0,0) S0(57,0) S1(56,0)");
    it();
    saw_nothing();
    ev_up(2);
    saw("on(0,1) S0(57,1) S1(56,1)");
}

/* ------------------------------------------------------- the array moves (D2) */

static unsigned to_add;

static void add_friends(void)
{
    for (unsigned i = 0; i < to_add; ++i) {
        const int id = api_add(100 + i);

        if (id < 0) {
            fail("friend %u was not added", i);
        }
    }
}

static void add_during(Which which, int index, bool on, unsigned n, const char *original, const char *ours)
{
    QUIETLY(world_again(); online(1, 1));
    api_global();
    to_add = n;
    inside(which, index, on, add_friends);
    t_line("%u friends added by callback %d, %s", n, index, on ? "online" : "offline");

    if (on) {
        QUIETLY(ev_down(0); it());
        saw_nothing();
        quiet_begin();
        ev_up(1);
        quiet_end();
    } else {
        saw_nothing();
        quiet_begin();
        ev_down(0);
        quiet_end();
    }

    /* the calls for the new friends are between those for this one */
    const char *words = saw_text();
    char kept[400] = "";

    for (char word[200]; sscanf(words, "%199s", word) == 1;) {
        words += strlen(word);
        words += *words == ' ';

        if (strncmp(word, "onion_add", 9) != 0 && strncmp(word, "relay_cb", 8) != 0 && strncmp(word, "key_cb", 6) != 0
                && strlen(kept) + strlen(word) + 2 < sizeof(kept)) {
            strcat(strcat(kept, kept[0] != '\0' ? " " : ""), word);
        }
    }

    const char *const want = DIFF_OURS ? ours : original;

    if (strcmp(original, ours) != 0) {
        t_line("did: %s", kept);
    }

    if (strcmp(kept, want) != 0) {
        fail("did: %s\n        want: %s", kept, want);
    }

    expect("friends", api_find(100 + n - 1), (long)n);
    expect("status", api_status(0), on ? 2 : 1);
}

static void fc69(void)
{
    static const char on_all[] = "on(0,1) G(0,1) S0(100,1) S1(200,1)";
    static const char off_all[] = "on(0,0) G(0,0) S0(100,0) S1(200,0)";
    static const unsigned counts[] = {1, 8, 100};

    for (unsigned i = 0; i < 3; ++i) {
        const unsigned n = counts[i];
        add_during(CB_GLOBAL, -1, true, n, "on(0,1) G(0,1)", on_all);
        add_during(CB_STATUS, 0, true, n, "on(0,1) G(0,1) S0(100,1)", on_all);
        add_during(CB_STATUS, 1, true, n, on_all, on_all);
        add_during(CB_GLOBAL, -1, false, n, "on(0,0) G(0,0)", off_all);
        add_during(CB_STATUS, 0, false, n, "on(0,0) G(0,0) S0(100,0)", off_all);
        add_during(CB_STATUS, 1, false, n, off_all, off_all);
    }
}

/* The same during silence, and during a key change: what comes after the callbacks goes on. */
static void add_during_silence(void)
{
    online(1, 1);
    online(2, 2);
    to_add = 20;
    inside(CB_STATUS, 0, false, add_friends);
    QUIETLY(it(); clock_add(33));
    ev_packet(1, 16, 1);
    QUIETLY(it());
    expect("status of the first", api_status(0), 1);
    expect("status of the second", api_status(1), 2);
    expect("the last one added", api_status(21), 1);
    expect_new("S1 called", world.calls[CB_STATUS], 2 * 2 + 1, 2 * 2 + 2);
    saw_nothing();
}

static void add_during_key_change(void)
{
    QUIETLY(online(1, 1); online(2, 2));
    to_add = 20;
    inside(CB_STATUS, 0, false, add_friends);
    QUIETLY(api_key(1, 9));
    expect("attempt", api_crypto(1), 2);
    expect_new("friend 0 keeps its key in the onion client", memcmp(near.onion[0].dht, dht_key(1), 32) == 0, 0, 1);
    expect_new("friend 1 has the new one", memcmp(near.onion[1].dht, dht_key(9), 32) == 0, 0, 1);
    expect_new("S1 called", world.calls[CB_STATUS], 2 * 2 + 1, 2 * 2 + 2);
    saw_nothing();
}

/* ------------------------------------------- the slot is released meanwhile (D2, D4) */

static void kill_0(void)
{
    api_kill(0);
}

static void kill_0_and_add(void)
{
    api_kill(0);
    api_add(50);
    api_callbacks(0, 1, 66);
}

static void fc70_like(Which which, int index)
{
    t_line("kill in callback %d", index);
    QUIETLY(world_again(); connected(1, 1); connected(2, 2));
    api_global();
    clock_add(32);
    ev_packet(1, 16, 1);
    QUIETLY(it(); clock_add(1));
    saw_nothing();
    inside(which, index, false, kill_0);
    it();
    saw(index < 0 ? "kill(0) on(0,0) G(0,0) onion_del(0) kill(-1) dht_del(P1,1)"
        : index == 0 ? "kill(0) on(0,0) G(0,0) S0(100,0) onion_del(0) kill(-1) dht_del(P1,1)"
        : "kill(0) on(0,0) G(0,0) S0(100,0) S1(200,0) onion_del(0) kill(-1) dht_del(P1,1)");
    expect("gone", api_status(0), 0);
    expect("the other", api_status(1), 2);
}

static void fc70(void)
{
    fc70_like(CB_STATUS, 0);
}

static void fc70_others(void)
{
    fc70_like(CB_GLOBAL, -1);
    fc70_like(CB_STATUS, 1);
}

/* Killed by the report that it is offline or online, from net_crypto. */
static void kill_during(bool on, Which which, int index, const char *want)
{
    t_line("kill in callback %d, %s", index, on ? "online" : "offline");
    QUIETLY(world_again(); online(1, 1));
    api_global();

    if (on) {
        QUIETLY(ev_down(0); it());
        saw_nothing();
        inside(which, index, true, kill_0);
        ev_up(1);
    } else {
        saw_nothing();
        inside(which, index, false, kill_0);
        ev_down(0);
    }

    saw(want);
    expect("gone", api_status(0), 0);
    expect("locks held", held_locks(), 0);
    it();
    saw("");
}

static void kill_in_event(void)
{
    kill_during(false, CB_GLOBAL, -1, "on(0,0) G(0,0) onion_del(0) kill(-1) dht_del(P1,1)");
    kill_during(false, CB_STATUS, 0, "on(0,0) G(0,0) S0(100,0) onion_del(0) kill(-1) dht_del(P1,1)");
    kill_during(false, CB_STATUS, 1, "on(0,0) G(0,0) S0(100,0) S1(200,0) onion_del(0) kill(-1) dht_del(P1,1)");
    kill_during(true, CB_GLOBAL, -1, "on(0,1) G(0,1) onion_del(0) kill(1) dht_del(P1,1)");
    kill_during(true, CB_STATUS, 0, "on(0,1) G(0,1) S0(100,1) onion_del(0) kill(1) dht_del(P1,1)");
    kill_during(true, CB_STATUS, 1, "on(0,1) G(0,1) S0(100,1) S1(200,1) onion_del(0) kill(1) dht_del(P1,1)");
}

/* Killed and replaced: the newcomer has the same id, but this event is not about it. */
static void replaced_in_event(void)
{
    QUIETLY(online(1, 1); online(2, 2));
    inside(CB_STATUS, 0, false, kill_0_and_add);
    QUIETLY(ev_down(0));
    const char *const words = saw_text();
    expect_new("S1 of the newcomer called", strstr(words, "S1(66,0)") != NULL, 1, 0);
    expect("status", api_status(0), 1);
    expect("other friend", api_status(1), 2);
}

static void kill_1(void)
{
    api_kill(1);
}

static void key_change_kills(void)
{
    QUIETLY(online(1, 1); online(2, 2); online(3, 3));
    saw_nothing();
    inside(CB_STATUS, 0, false, kill_1);
    QUIETLY(api_key(1, 9));
    saw_new("dht_del(P2,2) dht_add(P9,1)=4 kill(1) on(1,0) S0(101,0) onion_del(1) kill(-1) dht_del(P9,4) okset(0,P9)",
            "dht_del(P2,2) dht_add(P9,1)=4 kill(1) on(1,0) S0(101,0) onion_del(1) kill(-1) dht_del(P9,4)");
    expect("gone", api_status(1), 0);
    expect_new("friend 0 keeps its key in the onion client", memcmp(near.onion[0].dht, dht_key(1), 32) == 0, 0, 1);
}

/* The same as a conference does it: from the callback of index 1, through each of the sources. */
static void key_change_kills_by_index_1(void)
{
    for (unsigned source = 0; source < 3; ++source) {
        QUIETLY(world_again(); online(1, 1); online(2, 2); online(3, 3));
        saw_nothing();
        inside(CB_STATUS, 1, false, kill_1);
        t_line("source %u", source);
        QUIETLY(if (source == 0) { api_key(1, 9); } else if (source == 1) { ev_okey(1, 9); } else { ev_nkey(1, 9); });

        saw_new("dht_del(P2,2) dht_add(P9,1)=4 kill(1) on(1,0) S0(101,0) S1(201,0) onion_del(1) kill(-1) "
                "dht_del(P9,4) "
                "okset(0,P9)",
                "dht_del(P2,2) dht_add(P9,1)=4 kill(1) on(1,0) S0(101,0) S1(201,0) onion_del(1) kill(-1) "
                "dht_del(P9,4)");
        expect("locks held", held_locks(), 2);
    }
}

/* Replaced during a key change: the newcomer neither gets the key nor an attempt. */
static void kill_1_and_add(void)
{
    api_kill(1);
    api_add(50);
}

static void key_change_replaces(void)
{
    QUIETLY(online(1, 1); online(2, 2); online(3, 3));
    saw_nothing();
    inside(CB_STATUS, 1, false, kill_1_and_add);
    QUIETLY(api_key(1, 9));
    saw_new("dht_del(P2,2) dht_add(P9,1)=4 kill(1) on(1,0) S0(101,0) S1(201,0) onion_del(1) kill(-1) dht_del(P9,4) "
            "onion_add(k50)=3 relay_cb(3,1) key_cb(3,1) okset(3,P9)",
            "dht_del(P2,2) dht_add(P9,1)=4 kill(1) on(1,0) S0(101,0) S1(201,0) onion_del(1) kill(-1) dht_del(P9,4) "
            "onion_add(k50)=3 relay_cb(3,1) key_cb(3,1)");
    expect("no key", api_dht(1), 0);
    expect("no attempt", api_crypto(1), -1);
}

const Scenario status_scenarios[] = {
    {"FC-65", SIM, fc65, 0},
    {"FC-66", SIM, fc66, 0},
    {"FC-69", SIM, fc69, 0},
    {"FC-70", SIM, fc70, 0},
    {"FC-71", SIM, key_change_kills, 0},
    {"status-changed-before", SIM, changed_before, 0},
    {"status-adds-during-silence", SIM, add_during_silence, 0},
    {"status-adds-during-key-change", SIM, add_during_key_change, 0},
    {"status-kills-during-silence", SIM, fc70_others, 0},
    {"status-kills-in-event", SIM, kill_in_event, 0},
    {"status-replaces-in-event", SIM, replaced_in_event, 0},
    {"status-kills-during-key-change", SIM, key_change_kills_by_index_1, 0},
    {"status-replaces-during-key-change", SIM, key_change_replaces, 0},
    {NULL, 0, NULL, 0},
};
