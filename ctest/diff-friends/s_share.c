/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Specification 6.3 and 17.5: sharing our relays. */
#include "suite.h"

#include <string.h>

/* D3: no relay to share. The original asks again in each iteration. */
static void fc45(void)
{
    answers.own_count = 0;
    online(1, 1);
    QUIETLY(it());
    saw_new("write(0,16,1) copy(0)=0", "write(0,16,1) copy(0)=0 copy(0)=0 copy(0)=0");
    QUIETLY(it());
    saw_new("copy(3)=0", "");
    QUIETLY(it());
    saw_new("copy(6)=0", "");
}

/* What that means for an hour: the calls are as many as the intervals, not as the iterations. */
static void nothing_to_share(void)
{
    answers.own_count = 0;
    online(1, 1);
    QUIETLY(for (int i = 0; i < 3600; ++i) {
        ev_packet(0, 16, 1);
        run_seconds(1);
    });
    expect_new("asked in each second", near.copies >= 3600, 1, 0);
    expect_new("asked in each tenth at most", near.copies <= 3 * 361, 0, 1);
    expect("asked at least once in 121 s", near.copies >= 29, 1);
    expect("shared", near.writes[17], 0);
    saw_nothing();
}

/* Relays that we get later are shared soon: at once in the original, within an interval in ours. */
static void first_relay_later(void)
{
    answers.own_count = 0;
    online(1, 1);
    QUIETLY(for (int i = 0; i < 300; ++i) {
        ev_packet(0, 16, 1);
        run_seconds(1);
    });
    expect("shared before", near.writes[17], 0);
    answers.own_count = 1;
    QUIETLY(for (int i = 0; i < 121; ++i) {
        ev_packet(0, 16, 1);
        run_seconds(1);
    });
    expect("shared", near.writes[17] >= 1, 1);
    expect("length", near.last_share_length, 1 + 39);
    saw_nothing();
}

/* One, two and three relays. */
static void few_relays(void)
{
    for (unsigned n = 1; n <= 3; ++n) {
        world_again();
        answers.own_count = n;
        online(1, 1);
        its(5);
        expect("shared once", near.writes[17], 1);
        expect("length", near.last_share_length, 1 + 39 * (long)n);
        expect("asked once", near.copies, 1);
        saw_nothing();
    }
}

static void fc46(void)
{
    online(1, 1);
    it();
    saw("write(0,16,1) copy(0)=3 rpeer(0,R901) rpeer(0,R902) rpeer(0,R903) write(0,17,118)");
    it();
    saw("");
    clock_add(20);
    ev_packet(0, 16, 1);
    clock_add(30);
    ev_packet(0, 16, 1);
    clock_add(30);
    ev_packet(0, 16, 1);
    clock_add(30);
    ev_packet(0, 16, 1);
    clock_add(10);
    it();
    saw("write(0,16,1)");
    clock_add(1);
    it();
    saw("copy(3)=3 rpeer(0,R901) rpeer(0,R902) rpeer(0,R903) write(0,17,118)");
    it();
    saw("");
}

static void fc47(void)
{
    online(1, 1);
    answers.write_refused_id = 17;
    it();
    saw("write(0,16,1) copy(0)=3 rpeer(0,R901) rpeer(0,R902) rpeer(0,R903) write(0,17,118)=-1");
    it();
    saw("copy(3)=3 rpeer(0,R901) rpeer(0,R902) rpeer(0,R903) write(0,17,118)=-1");
    answers.write_refused_id = -1;
    it();
    saw("copy(6)=3 rpeer(0,R901) rpeer(0,R902) rpeer(0,R903) write(0,17,118)");
    it();
    saw("");
}

/* A write that is refused for long: the relays go out once it is accepted, in an interval at most. */
static void refused_for_long(void)
{
    online(1, 1);
    answers.write_refused_id = 17;
    QUIETLY(for (int i = 0; i < 300; ++i) {
        ev_packet(0, 16, 1);
        run_seconds(1);
    });
    answers.write_refused_id = -1;
    const long before = near.writes[17];
    QUIETLY(for (int i = 0; i < 121; ++i) {
        ev_packet(0, 16, 1);
        run_seconds(1);
    });
    expect("shared", near.writes[17] > before, 1);
    saw_nothing();
}

/* More relays than fit: the position moves by three. */
static void moving_position(void)
{
    answers.own_count = 5;
    online(1, 1);
    it();
    saw("write(0,16,1) copy(0)=3 rpeer(0,R901) rpeer(0,R902) rpeer(0,R903) write(0,17,118)");
    ev_packet(0, 16, 1);

    for (int i = 0; i < 6; ++i) {
        clock_add(20);
        ev_packet(0, 16, 1);
    }

    clock_add(1);
    it();
    saw("write(0,16,1) copy(3)=3 rpeer(0,R904) rpeer(0,R905) rpeer(0,R901) write(0,17,118)");
    /* it goes on over a reconnect, and each friend has its own */
    ev_down(0);
    it();
    clock_add(9);
    ev_up(1);
    saw_nothing();
    it();
    saw("write(1,16,1) copy(6)=3 rpeer(1,R902) rpeer(1,R903) rpeer(1,R904) write(1,17,118)");
    connected(2, 2);
}

/* Our relay cannot be tied to the connection: it is shared all the same. */
static void rpeer_refused(void)
{
    online(1, 1);
    answers.rpeer_fails = 2;
    it();
    saw("write(0,16,1) copy(0)=3 rpeer(0,R901)=-1 rpeer(0,R902)=-1 rpeer(0,R903) write(0,17,118)");
}

/* IPv6 relays: the largest packet there is. */
static void ipv6_relays(void)
{
    for (unsigned i = 0; i < 3; ++i) {
        answers.own[i].ip_port = at6(TCP6, (uint8_t)(100 + i), 1000);
    }

    online(1, 1);
    it();
    saw("write(0,16,1) copy(0)=3 rpeer(0,R901) rpeer(0,R902) rpeer(0,R903) write(0,17,154)");
    answers.own[1].ip_port = relay_at(7);
    ev_down(0);
    it();
    clock_add(9);
    ev_up(1);
    saw_nothing();
    it();
    saw("write(1,16,1) copy(3)=3 rpeer(1,R901) rpeer(1,R902) rpeer(1,R903) write(1,17,142)");
}

/* A node that cannot be packed; TCP_connection has none. */
static void unpackable(void)
{
    answers.own[1].ip_port.ip.family.value = 0;
    online(1, 1);
    QUIETLY(it());
    saw_new("write(0,16,1) copy(0)=3 rpeer(0,R901) rpeer(0,R902) rpeer(0,R903)",
            "write(0,16,1) copy(0)=3 rpeer(0,R901) rpeer(0,R903) write(0,17,79)");
}

/* Our own relays go into the friend's ring before they are packed, so a loopback one of the
 * friend's own DHT key is rewritten there, not in the packet (3.4). */
static void own_relay_is_the_friend(void)
{
    answers.own_count = 1;
    memcpy(answers.own[0].public_key, dht_key(1), 32);
    answers.own[0].ip_port = at6(TCP6, 1, 443);
    connecting(1, 1);
    ev_addr(0, at4(UDP4, 1, 2, 3, 4, 5));
    ev_up(0);
    saw_nothing();
    QUIETLY(it());
    saw("write(0,16,1) copy(0)=1 rpeer(0,P1) write(0,17,52)");
    expect_new("family tied", near.last_relay.ip.family.value, 2, 12);
    expect("port tied", net_ntohs(near.last_relay.port), 443);
}

static void fc57(void)
{
    connected(1, 1);
    ev_down(0);
    saw_nothing();
    it();
    saw("new_crypto(k1,P1)=1 h4(0) direct(1,0) rpeer(1,R903) rpeer(1,R902) rpeer(1,R901)");
}

/* 22 minutes of a quiet connection. */
static void interval(void)
{
    online(1, 1);
    QUIETLY(for (int i = 0; i < 121 * 11; ++i) {
        ev_packet(0, 16, 1);
        run_seconds(1);
    });
    expect("shared", near.writes[17], 11);
    expect("asked", near.copies, 11);
    expect("ALIVE", near.writes[16], (121 * 11 + 8) / 9);
    saw_nothing();
}

const Scenario share_scenarios[] = {
    {"FC-45", SIM, fc45, 0},
    {"FC-46", SIM, fc46, 0},
    {"FC-47", SIM, fc47, 0},
    {"FC-57", SIM, fc57, 0},
    {"share-nothing", SIM, nothing_to_share, 0},
    {"share-first-relay-later", SIM, first_relay_later, 0},
    {"share-few-relays", SIM, few_relays, 0},
    {"share-refused-for-long", SIM, refused_for_long, 0},
    {"share-moving-position", SIM, moving_position, 0},
    {"share-not-tied", SIM, rpeer_refused, 0},
    {"share-ipv6", SIM, ipv6_relays, 0},
    {"share-unpackable", SIM, unpackable, 0},
    {"share-own-relay-is-the-friend", SIM, own_relay_is_the_friend, 0},
    {"share-interval", SIM, interval, 0},
    {NULL, 0, NULL, 0},
};
