/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Specification 13.2 and 17.6: every callback does everything that an owner may do inside it. */
#include "inside.h"

#include <string.h>

/* ------------------------------------------------------------------ the matrix */

static void agree(Which which, int index, bool on)
{
    const bool status = which == CB_GLOBAL || which == CB_STATUS;

    for (unsigned i = 0; i < actions_count; ++i) {
        /* the last two have a scenario of their own: net_crypto still has the old connection */
        if (status && (actions[i].moves || actions[i].run == inside_new_key || actions[i].run == inside_iterate)) {
            continue;
        }

        QUIETLY(inside_scene(which, index, on));
        t_line("action: %s", actions[i].name);
        inside_cause(&actions[i]);
        QUIETLY(inside_afterwards());
    }

    saw_nothing();
}

/* What the status callbacks behind the acting one are to be: all of them if the friend is still
 * there, else none. */
static void rest_called(const Action *did)
{
    static const char *const words[] = {"G(1,", "S0(101,", "S1(201,"};
    const char *const got = saw_text();

    for (int i = inside_index + 2; i < 3; ++i) {
        const bool called = strstr(got, words[i]) != NULL;

        if (called != !did->lost) {
            fail("%s in callback %d: callback %d %s: %s", did->name, inside_index, i - 1,
                 called ? "was called" : "was not called", got);
        }
    }

    if (did->lost && (strstr(got, "S0(60,") != NULL || strstr(got, "S1(61,") != NULL)) {
        fail("%s in callback %d: the newcomer was told: %s", did->name, inside_index, got);
    }
}

static void moves(void)
{
    for (unsigned i = 0; i < actions_count; ++i) {
        if (!actions[i].moves) {
            continue;
        }

        inside_scene(inside_which, inside_index, inside_on);
        inside_cause(&actions[i]);
        rest_called(&actions[i]);
        inside_afterwards();
    }
}

static void with(Which which, int index, bool on)
{
    agree(which, index, on);

    if (which == CB_GLOBAL || which == CB_STATUS) {
        ours_only("FD-02, FD-04", moves);
    }
}

static void global_on(void)
{
    with(CB_GLOBAL, -1, true);
}

static void global_off(void)
{
    with(CB_GLOBAL, -1, false);
}

static void status_0_on(void)
{
    with(CB_STATUS, 0, true);
}

static void status_0_off(void)
{
    with(CB_STATUS, 0, false);
}

static void status_1_on(void)
{
    with(CB_STATUS, 1, true);
}

static void status_1_off(void)
{
    with(CB_STATUS, 1, false);
}

static void data_0(void)
{
    with(CB_DATA, 0, false);
}

static void data_1(void)
{
    with(CB_DATA, 1, false);
}

static void lossy_0(void)
{
    with(CB_LOSSY, 0, false);
}

static void lossy_1(void)
{
    with(CB_LOSSY, 1, false);
}

static void request(void)
{
    with(CB_REQUEST, -1, false);
}

/* ------------------------------------------------------------- by the numbers */

static void fc67(void)
{
    QUIETLY(inside_scene(CB_DATA, 0, false));
    static const Action act = {"kill it", inside_kill_self, true, true};
    inside_wait(&act);
    expect("result", ev_packet(1, 64, 3), -1);
    saw("D0(101,64,3) onion_del(1) kill(1) dht_del(P2,2)");
}

static void fc68(void)
{
    QUIETLY(inside_scene(CB_DATA, 0, false));
    static const Action act = {"replace it", inside_replace_self, true, true};
    inside_wait(&act);
    int result = -2;
    QUIETLY(result = ev_packet(1, 64, 3));
    expect_new("result", result, 0, -1);
    saw_new("D0(101,64,3) onion_del(1) kill(1) dht_del(P2,2) onion_add(k100)=3 relay_cb(3,1) key_cb(3,1) D1(61,64,3)",
            "D0(101,64,3) onion_del(1) kill(1) dht_del(P2,2) onion_add(k100)=3 relay_cb(3,1) key_cb(3,1)");
}

/* As FC-68, the newcomer without callbacks. */
static void replace_bare(void)
{
    api_kill(SELF);
    api_add(100);
}

static void fc68_bare(void)
{
    QUIETLY(inside_scene(CB_DATA, 0, false));
    static const Action act = {"replace it", replace_bare, true, true};
    inside_wait(&act);
    int result = -2;
    QUIETLY(result = ev_packet(1, 64, 3));
    expect_new("result", result, 0, -1);
    saw("D0(101,64,3) onion_del(1) kill(1) dht_del(P2,2) onion_add(k100)=3 relay_cb(3,1) key_cb(3,1)");
}

/* A friend request that is accepted at once: tox_friend_add_norequest inside its callback. */
static void accept_request(void)
{
    expect("id", api_add(50), 3);
    api_callbacks(3, 0, 70);
    expect("status", api_status(3), 1);
}

static void accept_onion_request(void)
{
    QUIETLY(inside_scene(CB_REQUEST, -1, false));
    static const Action act = {"accept", accept_request, true, false};
    inside_wait(&act);
    saw_nothing();
    ev_onion_request(50, 40);
    saw("FR(k50,32,40) onion_add(k50)=3 relay_cb(3,3) key_cb(3,3)");
}

/* A status callback that gives the friend a new DHT key: nested events. */
static void new_key_online(void)
{
    QUIETLY(inside_scene(CB_STATUS, 0, true));
    static const Action act = {"new key", inside_new_key, false, false};
    inside_cause(&act);
    expect("status", api_status(SELF), 1);
    expect("DHT key", api_dht(SELF), 9);
    expect("attempt", api_crypto(SELF) >= 0, 1);
    QUIETLY(inside_afterwards());
    saw_nothing();
}

/* The same while net_crypto still has the connection that is going down, as no owner does: in the
 * original the attempt is the old connection, and the slot keeps its id (F-12). */
static void stale(void (*what)(void), const char *name)
{
    const Action act = {name, what, false, false};
    t_line("action: %s", name);
    QUIETLY(inside_scene(CB_STATUS, 1, false));
    inside_cause(&act);
    expect("status", api_status(SELF), 1);
    expect_new("crypto id", api_crypto(SELF), 1, -1);
    expect("it is gone", near.crypto[1].alive, 0);
    saw_nothing();
    /* the way out is a change of the key */
    breaches_expected = true;
    QUIETLY(api_key(SELF, 11));
    expect("a new attempt", api_crypto(SELF) > 1, 1);
    saw_nothing();
}

static void new_key_offline(void)
{
    stale(inside_new_key, "new key");
    stale(inside_iterate, "iterate");
}

/* A callback of a key change brings a newer key: the onion client is not told the older one after it. */
static void newer_key(void)
{
    static const Action act = {"new key", inside_new_key, false, false};
    QUIETLY(inside_scene(CB_STATUS, 1, false));
    inside_wait(&act);
    QUIETLY(api_key(SELF, 8));
    saw_new("dht_del(P2,2) dht_add(P8,1)=4 kill(1) on(1,0) G(1,0) S0(101,0) S1(201,0) dht_del(P8,4) dht_add(P9,1)=5 "
            "new_crypto(k2,P9)=3 h4(1) okset(1,P9) okset(1,P8)",
            "dht_del(P2,2) dht_add(P8,1)=4 kill(1) on(1,0) G(1,0) S0(101,0) S1(201,0) dht_del(P8,4) dht_add(P9,1)=5 "
            "new_crypto(k2,P9)=3 h4(1) okset(1,P9)");
    expect("DHT key", api_dht(SELF), 9);
    expect_new("the onion client has it", memcmp(near.onion[1].dht, dht_key(9), 32) == 0, 0, 1);
    it();
    saw_nothing();
}

const Scenario inside_scenarios[] = {
    {"FC-67", SIM, fc67, 0},
    {"FC-68", SIM, fc68, 0},
    {"FC-68-bare", SIM, fc68_bare, 0},
    {"inside-global-on", SIM, global_on, 0},
    {"inside-global-off", SIM, global_off, 0},
    {"inside-status-0-on", SIM, status_0_on, 0},
    {"inside-status-0-off", SIM, status_0_off, 0},
    {"inside-status-1-on", SIM, status_1_on, 0},
    {"inside-status-1-off", SIM, status_1_off, 0},
    {"inside-data-0", SIM, data_0, 0},
    {"inside-data-1", SIM, data_1, 0},
    {"inside-lossy-0", SIM, lossy_0, 0},
    {"inside-lossy-1", SIM, lossy_1, 0},
    {"inside-request", SIM, request, 0},
    {"inside-accept-request", SIM, accept_onion_request, 0},
    {"inside-new-key-online", SIM, new_key_online, 0},
    {"inside-newer-key", SIM, newer_key, 0},
    {"inside-new-key-offline", SIM, new_key_offline, 0},
    {NULL, 0, NULL, 0},
};
