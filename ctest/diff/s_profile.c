/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The accounts of packets that 0.2.22 keeps. What is received is counted in the same way by both;
 * what is sent is filed under the first byte of each write by the original (D-18), and under the
 * packet's id by ours. */
#include "diff.h"

#if TOX_ABI == 222

static void begin(void)
{
    world.profile = netprof_new(world.log, os_memory());

    if (world.profile == NULL) {
        fail("no accounts");
    }
}

static void end(void)
{
    close_client();
    netprof_kill(os_memory(), world.profile);
    world.profile = NULL;
}

static long packets(Packet_Direction direction)
{
    return (long)netprof_get_packet_count_total(world.profile, direction);
}

static long bytes(Packet_Direction direction)
{
    return (long)netprof_get_bytes_total(world.profile, direction);
}

static void tell_totals(const char *when)
{
    t_line("%s: sent %ld packets %ld bytes, received %ld packets %ld bytes", when, packets(PACKET_DIRECTION_SEND),
           bytes(PACKET_DIRECTION_SEND), packets(PACKET_DIRECTION_RECV), bytes(PACKET_DIRECTION_RECV));
}

static void tell_ids(Packet_Direction direction)
{
    for (unsigned id = 0; id < 256; ++id) {
        const long count = (long)netprof_get_packet_count_id(world.profile, (uint8_t)id, direction);

        if (count > 0) {
            t_line("%s, id %u: %ld packets %ld bytes", direction == PACKET_DIRECTION_SEND ? "sent" : "received", id,
                   count, (long)netprof_get_bytes_id(world.profile, (uint8_t)id, direction));
        }
    }
}

static void relay_named(uint8_t id, size_t n)
{
    uint8_t packet[256] = {id};
    relay_packet(packet, 1 + n);
}

/* Ours: what the relay has decoded, and the handshake under its first byte. toxcore answers for id 16
 * with the sum of it and all above. */
static void check_sent(void)
{
    ++relay.frames_of[world.self_pk[0]];
    relay.bytes_of[world.self_pk[0]] += 128;

    for (unsigned id = 17; id < 256; ++id) {
        relay.frames_of[16] += relay.frames_of[id];
        relay.bytes_of[16] += relay.bytes_of[id];
    }

    for (unsigned id = 0; DIFF_OURS && id < 256; ++id) {
        const long count = (long)netprof_get_packet_count_id(world.profile, (uint8_t)id, PACKET_DIRECTION_SEND);
        const long length = (long)netprof_get_bytes_id(world.profile, (uint8_t)id, PACKET_DIRECTION_SEND);

        if (count != (long)relay.frames_of[id] || length != (long)relay.bytes_of[id]) {
            fail("id %u: %ld packets and %ld bytes, the relay has %u and %u", id, count, length, relay.frames_of[id],
                 relay.bytes_of[id]);
        }
    }
}

/* Packets of every kind, both ways; each write takes all that it is given. */
static void converse(void)
{
    make_online(4, 9);
    make_online(5, 10);
    do_send_data(4, 1000, 1);
    do_send_data(4, 1, 1);
    do_send_data(5, 300, 1);
    do_send_oob(peer_key(8), 100, 2);
    do_send_onion(200, 3);
    do_send_forward(2, 100, 4);
    do_disconnect_request(5);
    relay_data(20, 1000, 1);
    relay_data(20, 2031, 1);
    relay_keyed(7, peer_key(8), 50, 1);
    relay_named(9, 70);
    relay_named(11, 80);
    relay_ping(4, 7);
    relay_ping(4, 8);
    relay_notify(3, 20);
    step();
    clock_add(30);
    step();
    relay_pong();
    step();
}

static void conversation(void)
{
    begin();
    confirmed();
    tell_totals("confirmed");
    converse();
    tell_totals("in the end");
    expect("bytes sent", bytes(PACKET_DIRECTION_SEND), (long)net_sent());
    expect("packets sent, and a handshake", packets(PACKET_DIRECTION_SEND), (long)relay.frames + 1);
    tell_ids(PACKET_DIRECTION_RECV);
    tell_ids(PACKET_DIRECTION_SEND);
    check_sent();
    end();
}

/* The write takes less than it is given: one packet all the same. */
static void partial_writes(void)
{
    begin();
    confirmed();
    make_online(4, 9);
    const long before = packets(PACKET_DIRECTION_SEND);
    net_faults.send_max = 100;
    do_send_data(4, 1000, 1);

    for (int i = 0; i < 20; ++i) {
        step();
    }

    net_faults.send_max = 0;
    expect("bytes sent", bytes(PACKET_DIRECTION_SEND), (long)net_sent());
    expect_new("packets sent", packets(PACKET_DIRECTION_SEND) - before, 11, 1);
    end();
}

/* A full socket: what is not taken is not counted; in the end each packet is counted once. */
static void full(void)
{
    begin();
    confirmed();
    make_online(4, 9);
    const long sent = packets(PACKET_DIRECTION_SEND);
    net_faults.send_room = 0;
    expect("full", do_send_data(4, 1000, 1), 0);
    expect("packets sent", packets(PACKET_DIRECTION_SEND) - sent, 0);
    do_routing_request(peer_key(20));
    do_routing_request(peer_key(21));
    expect("packets sent", packets(PACKET_DIRECTION_SEND) - sent, 0);
    steps(3);
    expect("packets sent", packets(PACKET_DIRECTION_SEND) - sent, 0);
    net_faults.send_room = -1;
    step();
    expect("packets sent", packets(PACKET_DIRECTION_SEND) - sent, 2);
    expect("bytes sent", bytes(PACKET_DIRECTION_SEND), (long)net_sent());
    end();
}

/* Nothing has left when the connect was refused. */
static void refused(void)
{
    begin();
    Setup setup = setup_direct();
    setup.refused = true;
    open_client(&setup);
    expect("packets sent at creation", packets(PACKET_DIRECTION_SEND), 0);
    steps(3);
    expect("packets sent", packets(PACKET_DIRECTION_SEND), 0);
    expect("bytes sent", bytes(PACKET_DIRECTION_SEND), 0);
    clock_add(10);
    step();
    end();
}

/* A proxy's messages are counted as packets too. */
static void proxy(void)
{
    begin();
    http_asked(2);
    expect("packets sent", packets(PACKET_DIRECTION_SEND), 1);
    expect("bytes sent", bytes(PACKET_DIRECTION_SEND), (long)net_sent());
    http_say(http_good_reply);
    step();
    relay_answer();
    step();
    expect("status", status(), 6);
    expect("packets sent", packets(PACKET_DIRECTION_SEND), 3);
    expect("packets received", packets(PACKET_DIRECTION_RECV), 0);
    expect("bytes sent", bytes(PACKET_DIRECTION_SEND), (long)net_sent());
    end();
}

/* Packets that end the connection, or that nobody gets. What did not open is never counted; what is
 * too short to have an id and something more is, by ours. */
static void odd_packets(void)
{
    static const struct {
        const char *name;
        uint8_t id;
        size_t len;
    } odd[] = {
        {"reserved id", 12, 40},  {"unused data id", 99, 40},   {"ping, too long", 4, 10},
        {"empty data", 20, 1},    {"empty notification", 2, 1}, {"id of the other direction", 8, 200},
        {"response to nobody", 1, 34},
    };

    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); ++i) {
        world_again();
        begin();
        t_line("%s", odd[i].name);
        QUIETLY(confirmed());
        uint8_t packet[256] = {odd[i].id};
        relay_packet(packet, odd[i].len);
        QUIETLY(step());
        tell_ids(PACKET_DIRECTION_RECV);
        QUIETLY(end());
    }

    world_again();
    begin();
    confirmed();
    far_write(payload(1), 300);
    step();
    tell_ids(PACKET_DIRECTION_RECV);
    end();
}

#endif

const Scenario profile_scenarios[] = {
#if TOX_ABI == 222
    {"profile-conversation", BOTH, conversation, 0},
    {"profile-partial-writes", SIM, partial_writes, 0},
    {"profile-full", SIM, full, 0},
    {"profile-refused", SIM, refused, 0},
    {"profile-proxy", SIM, proxy, 0},
    {"profile-odd-packets", SIM, odd_packets, 0},
#endif
    {NULL, 0, NULL, 0},
};
