/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Relays that are put to sleep, wake, die and come back; the nodes' clock is turned,
 * the relays' one stands still, the sockets are real.
 */
#include "node.h"

#include <unistd.h>

enum { RELAYS = 3 };

static Relay *relays[RELAYS];
static Node *a;
static Node *b;
static Node *c;

static void open_world(void)
{
    nodes_open();

    for (size_t i = 0; i < RELAYS; ++i) {
        relays[i] = relay_start(false, 0);
    }

    a = node_new();
    b = node_new();
    c = node_new();
}

static int set_status(const Node *node, int peer, bool active)
{
    return set_tcp_connection_to_status(node->tc, peer, active);
}

/* ---- sleep ---- */

static void sleep_and_wake(void)
{
    open_world();
    const Pair ab = pair_up(a, b, relays, RELAYS);

    for (int round = 0; round < 2; ++round) {
        CHECK_EQ(set_status(a, ab.at_a, true), -1);
        CHECK_EQ(set_status(a, ab.at_a, false), 0);
        CHECK_EQ(set_status(a, ab.at_a, false), -1);
        /* Ten seconds from the moment when the relay was joined. */
        pass_seconds(round == 0 ? 9 : 0);
        CHECK_EQ(tcp_connected_relays_count(a->tc), RELAYS);
        /* Until then it hears, and is heard. */
        pair_check(&ab);
        pass_seconds(10);
        CHECK_EQ(tcp_connected_relays_count(a->tc), 0);
        CHECK_EQ(tcp_connections_count(a->tc), RELAYS);
        CHECK_EQ(online(a, ab.at_a), 0);
        CHECK_EQ(send_packet_tcp_connection(a->tc, ab.at_a, a->c->pk, 32), -1);
        /* So that the relays look after their clients. */
        pass_relay_seconds(45);
        CHECK_EQ(online(b, ab.at_b), 0);
        CHECK_EQ(relays[0]->open_count, 2 - 1);

        CHECK_EQ(set_status(a, ab.at_a, true), 0);
        pair_await(&ab, RELAYS);
        pair_check(&ab);
    }

    nodes_close();
}

/* Awake again before anything was closed: all stays. */
static void wakes_in_time(void)
{
    open_world();
    const Pair ab = pair_up(a, b, relays, RELAYS);
    CHECK_EQ(set_status(a, ab.at_a, false), 0);
    pass_seconds(5);
    CHECK_EQ(set_status(a, ab.at_a, true), 0);
    pass_seconds(15);
    CHECK_EQ(tcp_connected_relays_count(a->tc), RELAYS);
    CHECK_EQ(online(a, ab.at_a), RELAYS);
    CHECK_EQ(relays[0]->accepted_count, 2);
    pair_check(&ab);
    nodes_close();
}

/* Whoever never slept keeps the relays, whatever others do. */
static void one_of_two_sleeps(void)
{
    open_world();
    const Pair ab = pair_up(a, b, relays, RELAYS);
    const Pair ac = pair_up(a, c, relays, RELAYS);

    CHECK_EQ(set_status(a, ab.at_a, false), 0);
    CHECK_EQ(set_status(a, ab.at_a, true), 0);
    CHECK_EQ(set_status(a, ab.at_a, false), 0);
    pass_seconds(15);
    CHECK_EQ(tcp_connected_relays_count(a->tc), RELAYS);
    pair_check(&ac);
    CHECK_EQ(online(a, ac.at_a), RELAYS);
    /* A sleeping peer is heard all the same. */
    pair_check(&ab);
    nodes_close();
}

/* The same without the quick changes: both implementations. */
static void the_other_stays(void)
{
    open_world();
    const Pair ab = pair_up(a, b, relays, RELAYS);
    const Pair ac = pair_up(a, c, relays, RELAYS);
    CHECK_EQ(set_status(a, ab.at_a, false), 0);
    pass_seconds(15);
    CHECK_EQ(tcp_connected_relays_count(a->tc), RELAYS);
    pair_check(&ac);
    pair_check(&ab);
    CHECK_EQ(set_status(a, ac.at_a, false), 0);
    pass_seconds(1);
    CHECK_EQ(tcp_connected_relays_count(a->tc), 0);
    CHECK_EQ(set_status(a, ac.at_a, true), 0);
    pair_await(&ac, RELAYS);
    pair_check(&ac);
    nodes_close();
}

static void asleep(const Pair *pair)
{
    CHECK_EQ(set_status(pair->a, pair->at_a, false), 0);
    pass_seconds(11);
    CHECK_EQ(tcp_connected_relays_count(pair->a->tc), 0);
}

/* A sleeping relay is known, so nobody adds it again; and somebody awake wakes it. */
static void sleeping_relay_is_known(void)
{
    open_world();
    const Pair ab = pair_up(a, b, relays, 1);
    const IP_Port addr = relay_address(relays[0]);
    asleep(&ab);
    CHECK_EQ(add_tcp_relay_global(a->tc, &addr, relays[0]->pk), -1);
    step_for(10);
    CHECK_EQ(tcp_connected_relays_count(a->tc), 0);
    const Pair ac = pair_up(a, c, relays, 1);
    pair_check(&ac);
    CHECK_EQ(tcp_connections_count(a->tc), 1);
    nodes_close();
}

/* Nobody needs it any more. */
static void sleeping_relay_without_peers(void)
{
    open_world();
    const Pair ab = pair_up(a, b, relays, RELAYS);
    asleep(&ab);
    CHECK_EQ(kill_tcp_connection_to(a->tc, ab.at_a), 0);
    pass_seconds(2);
    CHECK_EQ(tcp_connections_count(a->tc), 0);
    const Pair again = pair_up(a, c, relays, RELAYS);
    pair_check(&again);
    nodes_close();
}

/* ---- loss ---- */

/* Every relay but one ends while packets are on their way; what is sent from then on arrives. */
static void relays_die(void)
{
    open_world();
    const Pair ab = pair_up(a, b, relays, RELAYS);

    for (size_t i = 0; i < RELAYS - 1; ++i) {
        pair_check(&ab);
        relay_stop(relays[i]);
        step_for(10);
        CHECK_EQ(online(a, ab.at_a), RELAYS - 1 - i);
        CHECK_EQ(online(b, ab.at_b), RELAYS - 1 - i);

        for (int n = 0; n < 20; ++n) {
            pair_check(&ab);
        }
    }

    nodes_close();
}

/* A relay that is needed is found again, however long it was away. */
static void relay_returns(void)
{
    open_world();
    const Pair ab = pair_up(a, b, relays, RELAYS);
    relay_stop(relays[1]);
    pass_seconds(120);
    pair_check(&ab);
    const size_t accepted = relays[1]->accepted_count;
    relay_restart(relays[1]);

    for (int i = 0; i < 300 && online(a, ab.at_a) + online(b, ab.at_b) < 2 * RELAYS; ++i) {
        pass_seconds(1);
    }

    CHECK_EQ(online(a, ab.at_a), RELAYS);
    CHECK_EQ(online(b, ab.at_b), RELAYS);
    CHECK_EQ(relays[1]->accepted_count, accepted + 2);
    pair_check(&ab);
    nodes_close();
}

/* Nobody sends for a while; pings both ways keep everything up. */
static void long_silence(void)
{
    open_world();
    const Pair ab = pair_up(a, b, relays, RELAYS);

    for (int i = 0; i < 75; ++i) {
        pass_seconds(1);
        pass_relay_seconds(1);
    }

    CHECK_EQ(online(a, ab.at_a), RELAYS);
    CHECK_EQ(relays[0]->accepted_count, 2);
    pair_check(&ab);
    nodes_close();
}

int main(int argc, char **argv)
{
    const Test tests[] = {
        {"sleep_and_wake", sleep_and_wake, T_FAST, 20},
        {"wakes_in_time", wakes_in_time, T_OURS, 20},
        {"one_of_two_sleeps", one_of_two_sleeps, T_OURS | T_FAST, 20},
        {"the_other_stays", the_other_stays, 0, 20},
        {"sleeping_relay_is_known", sleeping_relay_is_known, 0, 20},
        {"sleeping_relay_without_peers", sleeping_relay_without_peers, T_OURS | T_FAST, 20},
        {"relays_die", relays_die, T_OURS, 20},
        {"relay_returns", relay_returns, T_OURS, 30},
        {"long_silence", long_silence, 0, 20},
    };

    return run_tests("sleep", tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
