/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Specification 3.4 and 17.5: the relays that are remembered for a friend, and offered with each
 * attempt of our own. */
#include "suite.h"

#include <stdlib.h>
#include <string.h>

/* The friend is lost, and found again in the next iteration: crypto id `crypto` is the new one. */
static void reconnect(int slot)
{
    ev_down(api_crypto(slot));
    saw_nothing();
    it();
}

/* "new_crypto .. direct", then offers of the relays listed, all refused. */
static const char *offers(int crypto, const unsigned *relays, unsigned n)
{
    static char text[2][2000];
    static unsigned next;
    char *const out = text[next++ % 2];
    size_t used = (size_t)snprintf(out, 2000, "new_crypto(k1,P1)=%d h4(0) direct(%d,0)", crypto, crypto);

    for (unsigned i = 0; i < n; ++i) {
        used += (size_t)snprintf(out + used, 2000 - used, " rpeer(%d,R%u)=-1", crypto, relays[i]);
    }

    return out;
}

static void fc54(void)
{
    unsigned want[24];
    connecting(1, 1);
    relays_known(0, 1, 30);

    for (unsigned i = 0; i < 24; ++i) {
        want[i] = 30 - i;
    }

    answers.rpeer_left = 0;
    reconnect(0);
    saw(offers(1, want, 24));
    answers.rpeer_left = -1;
    reconnect(0);
    saw("new_crypto(k1,P1)=2 h4(0) direct(2,0) rpeer(2,R30) rpeer(2,R29) rpeer(2,R28)");
    /* those that fail do not count */
    answers.rpeer_fails = 2;
    reconnect(0);
    saw("new_crypto(k1,P1)=3 h4(0) direct(3,0) rpeer(3,R30)=-1 rpeer(3,R29)=-1 rpeer(3,R28) rpeer(3,R27) "
        "rpeer(3,R26)");
    answers.rpeer_left = 2;
    reconnect(0);
    expect("offers", (long)near.rpeers - 30 - 24 - 3 - 5, 24);
    saw_nothing();
}

static void fc55(void)
{
    static const unsigned want[] = {5, 4, 3, 2, 1, 5, 4, 3, 2, 1};
    connecting(1, 1);
    relays_known(0, 1, 5);
    answers.rpeer_left = 0;
    QUIETLY(reconnect(0));
    saw_new(offers(1, want, 10), offers(1, want, 5));
}

/* Every number of insertions up to two rounds: newest first, each relay once. */
static void every_count(void)
{
    for (unsigned n = 0; n <= 48; ++n) {
        unsigned want[48], count = 0;
        QUIETLY(world_again(); connecting(1, 1); relays_known(0, 1, n));

        for (unsigned i = 0; i < 24 && i < n; ++i) {
            want[count++] = n - i;
        }

        /* the original's walk goes on at position 15 when it has seen all */
        const unsigned distinct = count;

        for (unsigned position = 16; position > 0 && n < 24 && n + 16 - position < 24; --position) {
            if (position - 1 < n) {
                want[count++] = position;
            }
        }

        for (unsigned position = 24; position > 8 && n < 8 && n + 16 + 24 - position < 24; --position) {
            if (position - 1 < n) {
                want[count++] = position;
            }
        }

        answers.rpeer_left = 0;
        t_line("%u relays", n);
        QUIETLY(reconnect(0));
        saw_new(offers(1, want, count), offers(1, want, distinct));
    }
}

static void fc56(void)
{
    connecting(1, 1);
    ev_relay_n(0, 1);
    ev_relay_n(0, 2);
    const IP_Port first = at4(TCP4, 5, 5, 5, 1, 1001);
    const IP_Port second = at4(TCP4, 5, 5, 5, 2, 1002);
    ev_relay(0, &first, relay_key(1));
    ev_relay(0, &second, relay_key(2));
    answers.rpeer_left = 0;
    QUIETLY(reconnect(0));
    saw_new("new_crypto(k1,P1)=1 h4(0) direct(1,0) rpeer(1,R2)=-1 rpeer(1,R1)=-1 rpeer(1,R2)=-1 rpeer(1,R1)=-1",
            "new_crypto(k1,P1)=1 h4(0) direct(1,0) rpeer(1,R2)=-1 rpeer(1,R1)=-1");
    expect("address of the last", net_ntohs(near.last_relay.port), 1001);
}

/* One relay over and over takes one place, and pushes no other out. */
static void one_key_often(void)
{
    connecting(1, 1);
    relays_known(0, 1, 3);
    QUIETLY(for (int i = 0; i < 20; ++i) { ev_relay_n(0, 9); });
    saw_nothing();
    reconnect(0);
    saw("new_crypto(k1,P1)=1 h4(0) direct(1,0) rpeer(1,R9) rpeer(1,R3) rpeer(1,R2)");
}

/* In the original the position moves with each insertion all the same: the 24th takes the first
 * one's place. Ours remembers the 24 newest relays (F-01). */
static void pushed_out(void)
{
    connecting(1, 1);
    relays_known(0, 1, 3);
    QUIETLY(for (int i = 0; i < 22; ++i) { ev_relay_n(0, 9); });
    saw_nothing();
    answers.rpeer_left = 0;
    QUIETLY(reconnect(0));
    saw_new("new_crypto(k1,P1)=1 h4(0) direct(1,0) rpeer(1,R9)=-1 rpeer(1,R3)=-1 rpeer(1,R2)=-1",
            "new_crypto(k1,P1)=1 h4(0) direct(1,0) rpeer(1,R9)=-1 rpeer(1,R3)=-1 rpeer(1,R2)=-1 rpeer(1,R1)=-1");
}

/* The ring survives key changes and reconnects, and is filled from all sources. */
static void survives(void)
{
    uint8_t packet[64] = {17};
    connected(1, 1);
    relays_known(0, 1, 1);
    const Node_format node = relay_node(2);
    const size_t n = 1 + put_node(packet + 1, &node.ip_port, node.public_key);
    ev_data(0, packet, n);
    QUIETLY(api_key(0, 2));
    saw_nothing();
    ev_down(1);
    it();
    saw("new_crypto(k1,P2)=2 h4(0) direct(2,0) rpeer(2,R2) rpeer(2,R1) rpeer(2,R903)");
    run_seconds(130);
    QUIETLY(api_key(0, 3));
    ev_down(api_crypto(0));
    saw_nothing();
    it();
    saw("new_crypto(k1,P3)=4 h4(0) direct(4,0) rpeer(4,R2) rpeer(4,R1) rpeer(4,R903)");
}

/* D21: the counter of insertions is 16 bits wide. Relays 1.. in a circle of 1000. */
static void after_insertions(unsigned insertions, const char *what)
{
    unsigned want[24];
    QUIETLY(world_again(); connecting(1, 1));
    world.mute = true;

    for (unsigned i = 0; i < insertions; ++i) {
        ev_relay_n(0, i % 1000);
    }

    for (unsigned i = 0; i < 24; ++i) {
        want[i] = (insertions - 1 - i) % 1000;
    }

    saw_nothing();
    answers.rpeer_left = 0;
    reconnect(0);
    world.mute = false;
    const char *const got = saw_text();
    const bool newest_first = strcmp(got, offers(1, want, 24)) == 0;
    const bool wrapped_just_now = insertions > 65536 && insertions < 65536 + 24;
    expect_new(what, newest_first, !wrapped_just_now, 1);

    if (DIFF_OURS && !newest_first) {
        fail("did: %s", got);
    }
}

static void counter_wraps(void)
{
    after_insertions(65535, "65535");
    after_insertions(65536, "65536");
    after_insertions(65541, "65541");
    after_insertions(65559, "65559");
    after_insertions(65560, "65560");
    after_insertions(70000, "70000");
}

/* Without a connection a packet cannot come, but a relay of an accepted one can: it is remembered. */
static void on_accepted(void)
{
    searching(1);
    ev_offer(1, 1, at4(UDP4, 9, 8, 7, 6, 5000));
    ev_relay_n(0, 1);
    ev_relay_n(0, 2);
    ev_relay_n(0, 3);
    saw("accept(k1)=0 h3(0) dht_add(P1,0)=1 hk(0) rpeer(0,R1) rpeer(0,R2) rpeer(0,R3)");
    reconnect(0);
    saw("new_crypto(k1,P1)=1 h4(0) direct(1,0) rpeer(1,R3) rpeer(1,R2) rpeer(1,R1)");
}

/* Relay addresses of all families are remembered in the original, which lets net_crypto judge them;
 * ours takes the four that can be a relay's (F-05). */
static void odd_addresses(void)
{
    static const uint8_t families[] = {UDP4, UDP6, TCP4, TCP6, 1, TCP_SERVER, 130, 255};
    connecting(1, 1);

    for (unsigned i = 0; i < sizeof(families); ++i) {
        IP_Port address = at4(UDP4, 8, 8, 8, 8, (uint16_t)(100 + i));
        address.ip.family.value = families[i];
        t_line("family %u", families[i]);
        const long before = near.rpeers;
        QUIETLY(ev_relay(0, &address, relay_key(10 + i)));
        expect_new("taken", near.rpeers - before, 1, i < 4);
    }

    saw_nothing();
    QUIETLY(reconnect(0));
    saw_new("new_crypto(k1,P1)=1 h4(0) direct(1,0) rpeer(1,R17) rpeer(1,R16) rpeer(1,R15)",
            "new_crypto(k1,P1)=1 h4(0) direct(1,0) rpeer(1,R13) rpeer(1,R12) rpeer(1,R11)");
}

/* A relay without a family is an empty place. */
static void no_family(void)
{
    connecting(1, 1);
    relays_known(0, 1, 2);
    const IP_Port none = at4(0, 8, 8, 8, 8, 100);
    QUIETLY(ev_relay(0, &none, relay_key(3)));
    saw_new("rpeer(0,R3)", "");
    relays_known(0, 4, 1);
    reconnect(0);
    saw("new_crypto(k1,P1)=1 h4(0) direct(1,0) rpeer(1,R4) rpeer(1,R2) rpeer(1,R1)");
}

/* The friend's ring is not the neighbour's. */
static void one_ring_each(void)
{
    connecting(1, 1);
    connecting(2, 2);
    relays_known(0, 1, 3);
    relays_known(1, 11, 3);
    ev_down(0);
    ev_down(1);
    saw_nothing();
    it();
    saw("new_crypto(k1,P1)=2 h4(0) direct(2,0) rpeer(2,R3) rpeer(2,R2) rpeer(2,R1) new_crypto(k2,P2)=3 h4(1) "
        "direct(3,0) "
        "rpeer(3,R13) rpeer(3,R12) rpeer(3,R11)");
}

const Scenario ring_scenarios[] = {
    {"FC-54", SIM, fc54, 0},
    {"FC-55", SIM, fc55, 0},
    {"FC-56", SIM, fc56, 0},
    {"ring-every-count", SIM, every_count, 0},
    {"ring-one-key-often", SIM, one_key_often, 0},
    {"ring-pushed-out", SIM, pushed_out, 0},
    {"ring-survives", SIM, survives, 0},
    {"ring-70000-insertions", SIM, counter_wraps, 0},
    {"ring-accepted", SIM, on_accepted, 0},
    {"ring-odd-addresses", SIM, odd_addresses, 0},
    {"ring-no-family", SIM, no_family, 0},
    {"ring-one-each", SIM, one_ring_each, 0},
    {NULL, 0, NULL, 0},
};
