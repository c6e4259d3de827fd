/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The onion's relays: marking them, choosing one of them, and waking relays for them. */
#include "suite.h"

/* The numbers that the random choice gives, as a set of bits; -1 is bit 30. */
static long choices(void)
{
    long set = 0;

    for (int i = 0; i < 300; ++i) {
        const int number = get_random_tcp_onion_conn_number(world.tc);
        set |= 1L << (number < 0 ? 30 : number);
    }

    return set;
}

#define NONE (1L << 30)

static void tn31(void)
{
    expect("off at first", api_onion_status(false), -1);
    expect("on", api_onion_status(true), 0);
    expect("on again", api_onion_status(true), -1);
    expect("off", api_onion_status(false), 0);
    expect("off again", api_onion_status(false), -1);
}

static void tn33(void)
{
    expect("nothing", choices(), NONE);
    IP_Port address;
    expect("address", tcp_get_random_conn_ip_port(world.tc, &address), false);
    api_global(0);
    up(0);
    expect("unmarked", choices(), NONE);
    api_onion_status(true);
    expect("marked", choices(), 1);
    expect("address", tcp_get_random_conn_ip_port(world.tc, &address), true);
    expect("family", address.ip.family.value, 2);
    expect("port", address.port == relay_address(0).port, true);
    api_global(1);
    pass();
    expect("connecting", choices(), 1);
    relay_answer(1);
    pass();
    expect("two", choices(), 3);
    api_onion_status(false);
    expect("off", choices(), NONE);
    expect("address", tcp_get_random_conn_ip_port(world.tc, &address), false);
    api_onion_status(true);
    expect("two again", choices(), 3);
}

/* Three at most, in the order of numbers when switched on, in that of connecting afterwards. When
 * one is gone, the original waits for a relay to connect; ours takes one that is there. */
static void marking(void)
{
    peer_on(0, 0, 4);

    for (int r = 0; r < 5; ++r) {
        online(r, 0, (uint8_t)(16 + r));
    }

    api_onion_status(true);
    expect("the first three", choices(), 7);
    api_kill_relay(1);
    expect("two left", choices(), 5);
    passes(2);
    expect_new("who steps in", choices(), 5, 13);
    api_onion_status(false);
    api_onion_status(true);
    expect("marked anew", choices(), 13);
}

static void marking_by_age(void)
{
    api_onion_status(true);

    for (int r = 0; r < 4; ++r) {
        api_global(r);
    }

    pass();
    relay_answer(3);
    passes(2);
    relay_answer(1);
    passes(2);
    expect("first come", choices(), 10);
    relay_answer(0);
    relay_answer(2);
    passes(2);
    expect("then by number", choices(), 11);
}

/* The mark goes with the connection, and a later one takes the place. */
static void mark_lost(void)
{
    api_onion_status(true);
    peer_on(0, 0, 3);

    for (int r = 0; r < 4; ++r) {
        online(r, 0, (uint8_t)(16 + r));
    }

    expect("three", choices(), 7);
    run_seconds(15);
    relay_break(1);
    pass();
    expect_new("two", choices(), 5, 13);
    pass();
    expect_new("still two", choices(), 5, 13);
    relay_answer(1);
    passes(2);
    expect_new("marked again", choices(), 7, 13);
}

static void off_makes_surplus(void)
{
    api_onion_status(true);

    for (int r = 0; r < 3; ++r) {
        api_global(r);
    }

    up_all(0, 2);
    peer_on(0, 3, 4);
    online(3, 0, 16);
    online(4, 0, 17);
    expect("connected", connected(), 5);
    api_onion_status(false);
    expect("connected", connected(), 5);
    pass();
    expect("connected", connected(), 3);
    expect("online", api_online(0), 2);
}

static void random_holes(void)
{
    api_onion_status(true);

    for (int r = 0; r < 5; ++r) {
        api_global(r);
    }

    pass();
    relay_answer(1);
    relay_answer(4);
    passes(2);
    api_kill_relay(0);
    api_kill_relay(2);
    expect("the marked ones", choices(), 18);
}

/* Five sleeping relays: TN-32 and C-05. */
static void tn32(void)
{
    peer_on(0, 0, 4);

    for (int r = 0; r < 5; ++r) {
        online(r, 0, (uint8_t)(16 + r));
    }

    api_status(0, false);
    run_seconds(10);
    expect("connected", connected(), 0);
    expect("on", api_onion_status(true), 0);
    int opened = 0;
    pass();

    for (int r = 0; r < 5; ++r) {
        opened += new_connections(r) > 1 ? 1 : 0;
    }

    expect_new("woken", opened, 5, 3);
    pass();

    for (int r = 0; r < 5; ++r) {
        if (relays[r].link >= 0) {
            relay_answer(r);
        }
    }

    passes(2);
    expect("marked", choices(), 7);
    expect_new("connected", connected(), 5, 3);
}

/* Two are connected and marked, so one is missing. */
static void wakes_what_is_missing(void)
{
    api_peer(0);

    for (int r = 0; r < 3; ++r) {
        api_add(0, r);
    }

    up_all(0, 2);

    for (int r = 0; r < 3; ++r) {
        online(r, 0, (uint8_t)(16 + r));
    }

    api_status(0, false);
    run_seconds(10);
    api_global(3);
    api_global(4);
    up_all(3, 4);
    expect("on", api_onion_status(true), 0);
    int opened = 0;
    pass();

    for (int r = 0; r < 3; ++r) {
        opened += new_connections(r) > 1 ? 1 : 0;
    }

    expect_new("woken", opened, 3, 1);
    expect("marked", choices(), 24);
}

/* Three are connected: none is woken. */
static void wakes_none(void)
{
    peer_on(0, 0, 0);
    online(0, 0, 16);
    api_status(0, false);
    run_seconds(10);

    for (int r = 1; r < 4; ++r) {
        api_global(r);
    }

    up_all(1, 3);
    new_connections(0);
    expect("on", api_onion_status(true), 0);
    passes(3);
    expect("woken", new_connections(0), 0);
    expect("marked", choices(), 14);
}

/* The choice starts at a random place: 300 draws find each of three, none is favoured by much. */
static void random_is_fair(void)
{
    long found[3] = {0};
    api_onion_status(true);

    for (int r = 0; r < 3; ++r) {
        api_global(r);
    }

    up_all(0, 2);

    for (int i = 0; i < 3000; ++i) {
        const int number = get_random_tcp_onion_conn_number(world.tc);

        if (number >= 0 && number < 3) {
            ++found[number];
        }
    }

    for (int r = 0; r < 3; ++r) {
        expect_range("draws", found[r], 850, 1150);
    }
}

/* C-19: a hole before a relay doubles its chance in the original. */
static void random_bias(void)
{
    long found[4] = {0};
    api_onion_status(true);

    for (int r = 0; r < 4; ++r) {
        api_global(r);
    }

    up_all(1, 3);
    api_kill_relay(0);

    for (int i = 0; i < 3000; ++i) {
        const int number = get_random_tcp_onion_conn_number(world.tc);

        if (number >= 0 && number < 4) {
            ++found[number];
        }
    }

    expect_new("relay 1 is drawn more often than 2 and 3", found[1] > 1300, true, false);
    expect_range("relay 3", found[3], 600, 1150);
}

const Scenario onion_scenarios[] = {
    {"TN-31", SIM, tn31, 0},
    {"TN-33", BOTH, tn33, 0},
    {"onion-marking", SIM, marking, 0},
    {"onion-marking-by-age", SIM, marking_by_age, 0},
    {"onion-mark-lost", SIM, mark_lost, 0},
    {"onion-off-makes-surplus", SIM, off_makes_surplus, 0},
    {"onion-random-holes", SIM, random_holes, 0},
    {"TN-32", BOTH, tn32, 0},
    {"onion-wakes-what-is-missing", SIM, wakes_what_is_missing, 0},
    {"onion-wakes-none", SIM, wakes_none, 0},
    {"onion-random-is-fair", SIM, random_is_fair, 0},
    {"C-19", SIM, random_bias, 0},
    {NULL, 0, NULL, 0},
};
