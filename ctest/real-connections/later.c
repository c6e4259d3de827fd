/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What TCP_connection has since toxcore 0.2.20: tcp_relay_is_valid and a Memory, and since 0.2.22 a
 * Net_Profile for accounts of its packets.
 */
#include "field.h"
#include "memory.h"

/* Group chats ask before they add a relay. */
static void known_by_key(void)
{
    field_open();
    CHECK(tcp_relay_is_valid(F.tc, F.relay[0]->pk));
    CHECK(tcp_relay_is_valid(F.tc, F.relay[1]->pk));
    CHECK(tcp_relay_is_valid(F.tc, F.silent_pk));
    CHECK(!tcp_relay_is_valid(F.tc, payload));
    CHECK(!tcp_relay_is_valid(F.tc, F.pair.b->c->pk));
    CHECK_EQ(kill_tcp_relay_connection(F.tc, R_VALID), 0);
    CHECK(!tcp_relay_is_valid(F.tc, F.silent_pk));
    CHECK_EQ(add_tcp_relay_global(F.tc, &F.silent, F.silent_pk), 0);
    CHECK(tcp_relay_is_valid(F.tc, F.silent_pk));
    field_close();
}

/* ---- a Memory of the test's own ---- */

#if TOX_ABI == 220
#define make(mem, keys, profile) \
    (new_tcp_connections)(W.log, mem, W.rng, W.ns, W.mono, (keys)->sk, &no_proxy)
#else
#define make(mem, keys, profile) \
    (new_tcp_connections)(W.log, mem, W.rng, W.ns, W.mono, (keys)->sk, &no_proxy, profile)
#endif

static const TCP_Proxy_Info no_proxy;

static bool is_up(void *arg)
{
    const Pair *pair = (const Pair *)arg;
    do_tcp_connections(W.log, pair->a->tc, NULL);
    return online(pair->a, pair->at_a) == 1 && online(pair->b, pair->at_b) == 1;
}

/* Two nodes, the first of which has been made by the test. */
static Pair meet(Node *own, Relay *relay)
{
    Pair pair = {.a = own, .b = node_new()};
    pair.at_a = node_meet(own, pair.b, &relay, 1);
    pair.at_b = node_meet(pair.b, own, &relay, 1);
    CHECK(step_until(is_up, &pair, WAIT_MS));
    return pair;
}

/* Whatever is taken from it is given back. */
static void memory_is_given_back(void)
{
    nodes_open();
    Node own = {.c = client_new()};
    own.tc = make(memory_counted(), own.c, NULL);
    CHECK(own.tc != NULL);
    const Pair pair = meet(&own, relay_start(false, 0));
    CHECK_EQ(send_packet_tcp_connection(own.tc, pair.at_a, own.c->pk, 32), 0);
    await_events(pair.b->c, EV_DATA, 1, WAIT_MS);
    CHECK_EQ(kill_tcp_connection_to(own.tc, pair.at_a), 0);
    kill_tcp_connections(own.tc);
    CHECK_EQ(memory_blocks(), 0);
    nodes_close();
}

/* A Memory with nothing to give: no object, or one that works. */
static void memory_is_empty(void)
{
    nodes_open();
    Node own = {.c = client_new()};
    own.tc = make(memory_empty(), own.c, NULL);

    if (own.tc != NULL) {
        meet(&own, relay_start(false, 0));
    }

    kill_tcp_connections(own.tc);
    nodes_close();
}

/* ---- accounts ---- */

#if TOX_ABI == 222
enum { DATA = 100, PACKETS = 5, FRAME = 2 + 16 };

#define SEND PACKET_DIRECTION_SEND
#define RECV PACKET_DIRECTION_RECV

/* One profile for all relays. Data packets are found by their size: only the relay knows the ids. */
static Net_Profile *profile;

static uint64_t grown(Packet_Direction direction, uint64_t each, const uint64_t (*before)[2])
{
    uint64_t found = 0;

    for (int id = 16; id < 256; ++id) {
        const uint64_t packets = netprof_get_packet_count_id(profile, (uint8_t)id, direction) - before[id][0];
        const uint64_t bytes = netprof_get_bytes_id(profile, (uint8_t)id, direction) - before[id][1];
        found += packets;
        CHECK_EQ(bytes, packets * each);
    }

    return found;
}

static void remember(Packet_Direction direction, uint64_t (*before)[2])
{
    for (int id = 0; id < 256; ++id) {
        before[id][0] = netprof_get_packet_count_id(profile, (uint8_t)id, direction);
        before[id][1] = netprof_get_bytes_id(profile, (uint8_t)id, direction);
    }
}

static Node own;

static Pair accounts_open(void)
{
    nodes_open();
    profile = netprof_new(W.log, os_memory());
    CHECK(profile != NULL);
    own = (Node){.c = client_new()};
    own.tc = make(os_memory(), own.c, profile);
    CHECK(own.tc != NULL);
    return meet(&own, relay_start(false, 0));
}

static void accounts_close(void)
{
    kill_tcp_connections(own.tc);
    netprof_kill(os_memory(), profile);
    nodes_close();
}

static void sent_is_accounted(void)
{
    static uint64_t before[256][2];
    const Pair pair = accounts_open();
    remember(SEND, before);

    for (int i = 0; i < PACKETS; ++i) {
        CHECK_EQ(send_packet_tcp_connection(own.tc, pair.at_a, payload, DATA), 0);
    }

    CHECK_EQ(send_packet_tcp_connection(own.tc, pair.at_a, payload, 2032), -1);
    await_events(pair.b->c, EV_DATA, PACKETS, WAIT_MS);
    CHECK_EQ(grown(SEND, FRAME + 1 + DATA, before), PACKETS);
    accounts_close();
}

static void received_is_accounted(void)
{
    static uint64_t before[256][2];
    const Pair pair = accounts_open();
    remember(RECV, before);
    node_watch(&own);

    for (int i = 0; i < PACKETS; ++i) {
        CHECK_EQ(send_packet_tcp_connection(pair.b->tc, pair.at_b, payload, DATA), 0);
    }

    for (const uint64_t end = real_ms() + WAIT_MS; own.c->count < PACKETS;) {
        CHECK(real_ms() < end);
        step();
        do_tcp_connections(W.log, own.tc, NULL);
    }

    CHECK_EQ(grown(RECV, 1 + DATA, before), PACKETS);
    accounts_close();
}
#endif

int main(int argc, char **argv)
{
    const Test tests[] = {
        {"known_by_key", known_by_key, T_FAST, 20},
        {"memory_is_given_back", memory_is_given_back, T_FAST, 20},
        {"memory_is_empty", memory_is_empty, T_FAST, 20},
#if TOX_ABI == 222
        {"sent_is_accounted", sent_is_accounted, T_OURS | T_FAST, 20},
        {"received_is_accounted", received_is_accounted, T_FAST, 20},
#endif
    };

    return run_tests("later", tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
