/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Numbers, lengths and addresses that are out of range: the documented failure value,
 * and nothing else changes.
 */
#include "field.h"

#include <limits.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- numbers ---- */

/* Group chats pass -1 and numbers of peers that are gone to every function. */
static void peer_numbers(void)
{
    const int numbers[] = {-1, INT_MIN, INT_MAX, 1000000, -1000000, P_KILLED, P_NONE};
    field_open();

    for (size_t i = 0; i < COUNT(numbers); ++i) {
        const int n = numbers[i];
        const IP_Port addr = relay_address(F.relay[0]);
        verdict(kill_tcp_connection_to(F.tc, n), -1, "kill %d", n);
        verdict(set_tcp_connection_to_status(F.tc, n, true), -1, "wake %d", n);
        verdict(set_tcp_connection_to_status(F.tc, n, false), -1, "put %d to sleep", n);
        verdict(tcp_connection_to_online_tcp_relays(F.tc, n), 0, "relays of %d", n);
        verdict(send_packet_tcp_connection(F.tc, n, payload, 100), -1, "send to %d", n);
        verdict(send_packet_tcp_connection(F.tc, n, payload, 2032), -1, "send much to %d", n);
        verdict(add_tcp_relay_connection(F.tc, n, &addr, F.relay[0]->pk), -1, "known relay for %d", n);
        verdict(add_tcp_relay_connection(F.tc, n, &F.silent, payload), -1, "new relay for %d", n);
        verdict(add_tcp_number_relay_connection(F.tc, n, R_CONNECTED), -1, "relay number for %d", n);
        verdict(add_tcp_number_relay_connection(F.tc, n, R_NONE), -1, "no relay for %d", n);
    }

    field_close();
}

static void relay_numbers(void)
{
    const unsigned none[] = {R_NONE, 1000000, UINT_MAX, INT_MAX, (unsigned)INT_MIN};
    const unsigned idle[] = {R_SLEEPING, R_VALID};
    field_open();
    const uint8_t *pk = F.pair.b->c->pk;

    for (size_t i = 0; i < COUNT(none); ++i) {
        const unsigned n = none[i];
        verdict(kill_tcp_relay_connection(F.tc, (int)n), -1, "kill relay %u", n);
        verdict(add_tcp_number_relay_connection(F.tc, P_ONLINE, n), -1, "relay %u for the peer", n);
        verdict(tcp_send_oob_packet(F.tc, n, pk, payload, 10), -1, "oob over %u", n);
        verdict(tcp_send_onion_request(F.tc, n, payload, 500), -1, "onion over %u", n);
    }

    for (size_t i = 0; i < COUNT(idle); ++i) {
        verdict(tcp_send_oob_packet(F.tc, idle[i], pk, payload, 10), -1, "oob over idle %u", idle[i]);
        verdict(tcp_send_onion_request(F.tc, idle[i], payload, 500), -1, "onion over idle %u", idle[i]);
    }

    TRY(-1, tcp_send_oob_packet_using_relay(F.tc, F.relay[1]->pk, pk, payload, 10));
    TRY(-1, tcp_send_oob_packet_using_relay(F.tc, F.silent_pk, pk, payload, 10));
    TRY(-1, tcp_send_oob_packet_using_relay(F.tc, payload, pk, payload, 10));
    field_close();
}

/* ---- lengths ---- */

static const uint16_t lengths[] = {0, 1, 1024, 1025, 1792, 1793, 2031, 2032, 2048, 65534};

static void too_long(void)
{
    field_open();
    const uint8_t *pk = F.pair.b->c->pk;

    for (size_t i = 0; i < COUNT(lengths); ++i) {
        const uint16_t n = lengths[i];

        if (n > 2031) {
            verdict(send_packet_tcp_connection(F.tc, P_ONLINE, payload, n), -1, "send %u", n);
            verdict(tcp_send_onion_request(F.tc, R_CONNECTED, payload, n), -1, "onion %u", n);
        }

        if (n == 0 || n > 1024) {
            verdict(tcp_send_oob_packet(F.tc, R_CONNECTED, pk, payload, n), -1, "oob %u", n);
            verdict(tcp_send_oob_packet_using_relay(F.tc, F.relay[0]->pk, pk, payload, n), -1,
                    "oob by key %u", n);
        }

        verdict(send_packet_tcp_connection(F.tc, P_OFFLINE, payload, n), -1, "send %u to nobody", n);
        verdict(send_packet_tcp_connection(F.tc, P_SLEEPING, payload, n), -1, "send %u in sleep", n);
    }

    field_close();
}

/* One more than fits into 16 bits with the packet's id: 0.2.20 writes over its stack. */
static void data_of_65535(void)
{
    field_open();
    TRY(-1, send_packet_tcp_connection(F.tc, P_ONLINE, payload, 65535));
    field_close();
}

static void onion_of_65535(void)
{
    field_open();
    TRY(-1, tcp_send_onion_request(F.tc, R_CONNECTED, payload, 65535));
    field_close();
}

static void longest(void)
{
    field_open();
    const uint8_t *pk = F.pair.b->c->pk;
    const IP_Port known = relay_address(F.relay[0]);
    TRY(-1, send_packet_tcp_connection(F.tc, P_OFFLINE, payload, 65535));
    TRY(-1, send_packet_tcp_connection(F.tc, P_SLEEPING, payload, 65535));
    TRY(-1, tcp_send_oob_packet(F.tc, R_CONNECTED, pk, payload, 65535));
    TRY(-1, tcp_send_oob_packet_using_relay(F.tc, F.relay[0]->pk, pk, payload, 65535));
    TRY(-1, tcp_send_forward_request(W.log, F.tc, &known, &known, NULL, 0, payload, 65535));
    field_close();
}

/* What is allowed arrives whole. */
static void long_enough(void)
{
    field_open();
    const Client *b = F.pair.b->c;

    for (size_t i = 1; i < COUNT(lengths); ++i) {
        const uint16_t n = lengths[i];
        const size_t before = b->count;

        if (n <= 2031) {
            CHECK_EQ(send_packet_tcp_connection(F.tc, P_ONLINE, payload, n), 0);
            await_events(F.pair.b->c, EV_DATA, before + 1, WAIT_MS);
            CHECK_EQ(b->events[before].length, n);
            CHECK_BYTES(b->events[before].data, payload, n);
        }

        if (n <= 1024) {
            CHECK_EQ(tcp_send_oob_packet(F.tc, R_CONNECTED, b->pk, payload, n), 0);
            await_events(F.pair.b->c, EV_DATA, before + 2, WAIT_MS);
            CHECK_EQ(b->events[before + 1].length, n);
            CHECK_BYTES(b->events[before + 1].data, payload, n);
        }
    }

    field_close();
}

/* An empty packet would cost an original receiver its connection to the relay. */
static void nothing_to_send(void)
{
    field_open();
    TRY(-1, send_packet_tcp_connection(F.tc, P_ONLINE, payload, 0));
    step_for(20);
    CHECK_EQ(online(F.pair.b, F.pair.at_b), 1);
    field_close();
}

/* ---- addresses ---- */

static void families(void)
{
    const uint8_t bad[] = {0, 1, 3, 9, 11, 14, 128, 130, 138, 255};
    field_open();

    for (size_t i = 0; i < COUNT(bad); ++i) {
        IP_Port addr = F.silent;
        const IP_Port known = relay_address(F.relay[0]);
        const uint8_t *key = payload + 100 * i;
        unsigned number = 5;
        addr.ip.family.value = bad[i];
        verdict(add_tcp_relay_global(F.tc, &addr, key), -1, "relay of family %u", bad[i]);
        verdict(add_tcp_relay_connection(F.tc, P_ONLINE, &addr, key), -1, "its relay of family %u", bad[i]);
        verdict(tcp_send_forward_request(W.log, F.tc, &known, &addr, NULL, 0, payload, 10), -1,
                "destination of family %u", bad[i]);
        verdict(ip_port_to_tcp_connections_number(&addr, &number), bad[i] == 14, "number of family %u", bad[i]);
    }

    field_close();
}

static void forwarder_families(void)
{
    const uint8_t bad[] = {0, 1, 3, 11, 12, 13, 14, 130, 138, 255};
    field_open();
    const IP_Port dest = address("127.0.0.1", 33445);

    for (size_t i = 0; i < COUNT(bad); ++i) {
        IP_Port addr = relay_address(F.relay[0]);
        addr.ip.family.value = bad[i];
        verdict(tcp_send_forward_request(W.log, F.tc, &addr, &dest, NULL, 0, payload, 10), -1,
                "forwarder of family %u", bad[i]);
    }

    field_close();
}

static void forward_lengths(void)
{
    const uint16_t chains[] = {0, 1, 2, 3, 4, 5, 6, 255, 256, 65535};
    field_open();
    const IP_Port known = relay_address(F.relay[0]);
    const IP_Port asleep = relay_address(F.relay[1]);
    const IP_Port dest = address("127.0.0.1", 33445);

    for (size_t i = 0; i < COUNT(chains); ++i) {
        const uint16_t chain = chains[i];

        for (size_t k = 0; k < COUNT(lengths); ++k) {
            const uint16_t n = lengths[k];

            if (chain > 4 || n + chain * 33 > 1792) {
                verdict(tcp_send_forward_request(W.log, F.tc, &known, &dest, payload, chain, payload, n),
                        -1, "forward %u over %u", n, chain);
            }

            verdict(tcp_send_forward_request(W.log, F.tc, &F.silent, &dest, payload, chain, payload, n),
                    -1, "forward %u over %u by a silent relay", n, chain);
            verdict(tcp_send_forward_request(W.log, F.tc, &asleep, &dest, payload, chain, payload, n),
                    -1, "forward %u over %u by a sleeping relay", n, chain);
        }
    }

    field_close();
}

/* ---- lists ---- */

static void list_sizes(void)
{
    Node_format copies[4];
    const uint32_t starts[] = {0, 1, 2, 3, 4, 65535, 65536, UINT32_MAX};
    field_open();
    memset(copies, 0x5a, sizeof(copies));
    TRY(0, tcp_copy_connected_relays(F.tc, copies, 0));

    for (size_t i = 0; i < COUNT(starts); ++i) {
        verdict(tcp_copy_connected_relays_index(F.tc, copies, 0, starts[i]), 0, "none from %u", starts[i]);
    }

    CHECK_EQ(copies[0].public_key[0], 0x5a);
    TRY(1, tcp_copy_connected_relays(F.tc, copies, 1));
    CHECK_BYTES(copies[0].public_key, F.relay[0]->pk, 32);
    TRY(1, tcp_copy_connected_relays(F.tc, copies, 65535));
    /* Nothing is written behind what is told. */
    CHECK_EQ(copies[1].public_key[0], 0x5a);
    field_close();
}

static void list_indexes(void)
{
    Node_format copies[4];
    const uint32_t starts[] = {0, 1, 2, 3, 4, 65535, 65536, UINT32_MAX};
    field_open();
    memset(copies, 0x5a, sizeof(copies));

    for (size_t i = 0; i < COUNT(starts); ++i) {
        verdict(tcp_copy_connected_relays_index(F.tc, copies, 65535, starts[i]), 1, "all from %u", starts[i]);
        verdict(tcp_copy_connected_relays_index(F.tc, copies, 3, starts[i]), 1, "three from %u", starts[i]);
    }

    CHECK_EQ(copies[1].public_key[0], 0x5a);
    field_close();
}

/* ---- twice ---- */

static void twice(void)
{
    field_open();
    const IP_Port addr = relay_address(F.relay[0]);
    TRY(-1, new_tcp_connection_to(F.tc, F.pair.b->c->pk, 9));
    TRY(-1, new_tcp_connection_to(F.tc, F.sleeper, 9));
    TRY(-1, set_tcp_connection_to_status(F.tc, P_ONLINE, true));
    TRY(-1, set_tcp_connection_to_status(F.tc, P_SLEEPING, false));
    TRY(-1, add_tcp_relay_global(F.tc, &addr, F.relay[0]->pk));
    TRY(-1, add_tcp_relay_global(F.tc, &F.silent, F.silent_pk));
    TRY(-1, add_tcp_relay_global(F.tc, &F.silent, F.relay[1]->pk));
    TRY(-1, add_tcp_relay_connection(F.tc, P_ONLINE, &addr, F.relay[0]->pk));
    TRY(-1, add_tcp_number_relay_connection(F.tc, P_ONLINE, R_CONNECTED));
    TRY(-1, add_tcp_number_relay_connection(F.tc, P_SLEEPING, R_SLEEPING));
    TRY(-1, set_tcp_onion_status(F.tc, false));
    field_close();
}

enum { LONGEST = TOX_ABI == 220 ? T_OURS : 0 };

int main(int argc, char **argv)
{
    const Test tests[] = {
        {"peer_numbers", peer_numbers, T_FAST, 20},
        {"relay_numbers", relay_numbers, 0, 20},
        {"too_long", too_long, T_FAST, 20},
        {"data_of_65535", data_of_65535, LONGEST | T_FAST, 20},
        {"onion_of_65535", onion_of_65535, LONGEST | T_FAST, 20},
        {"longest", longest, T_FAST, 20},
        {"long_enough", long_enough, 0, 20},
        {"nothing_to_send", nothing_to_send, T_OURS, 20},
        {"families", families, T_FAST, 20},
        {"forwarder_families", forwarder_families, T_OURS_BEFORE(222), 20},
        {"forward_lengths", forward_lengths, T_OURS_BEFORE(222) | T_FAST, 20},
        {"list_sizes", list_sizes, 0, 20},
        {"list_indexes", list_indexes, T_OURS | T_FAST, 20},
        {"twice", twice, 0, 20},
    };

    return run_tests("misuse", tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
