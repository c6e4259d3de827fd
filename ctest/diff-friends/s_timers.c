/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Specification 5, 6.2 and 17.4: ALIVE packets, and silence. */
#include "suite.h"

static void fc31(void)
{
    online(1, 1);
    it();
    saw(first_words(0));
    clock_add(8);
    it();
    saw("");
    clock_add(1);
    it();
    saw("write(0,16,1)");
    it();
    saw("");
}

static void fc32(void)
{
    connected(1, 1);
    clock_add(9);
    answers.write_refused = true;
    it();
    saw("write(0,16,1)=-1");
    it();
    saw("write(0,16,1)=-1");
    clock_add(3);
    it();
    saw("write(0,16,1)=-1");
    answers.write_refused = false;
    it();
    saw("write(0,16,1)");
    it();
    saw("");
    /* counted from the one that was sent */
    clock_add(8);
    it();
    saw("");
    clock_add(1);
    it();
    saw("write(0,16,1)");
}

static void fc33(void)
{
    connected(1, 1);
    api_global();
    clock_add(32);
    it();
    saw("write(0,16,1)");
    expect("status", api_status(0), 2);
    clock_add(1);
    it();
    saw("kill(0) on(0,0) G(0,0) S0(100,0) S1(200,0)");
    expect("status", api_status(0), 1);
    expect("crypto id", api_crypto(0), -1);
    /* FC-34, in the same second */
    it();
    saw("new_crypto(k1,P1)=1 h4(0) direct(1,0) rpeer(1,R903) rpeer(1,R902) rpeer(1,R901)");
}

static void fc34(void)
{
    connected(1, 1);
    ev_addr(0, at4(UDP4, 1, 2, 3, 4, 5));
    relays_known(0, 1, 5);
    clock_add(33);
    it();
    saw("write(0,16,1) kill(0) on(0,0) S0(100,0) S1(200,0)");
    it();
    saw("new_crypto(k1,P1)=1 h4(0) direct(1,0) rpeer(1,R5) rpeer(1,R4) rpeer(1,R3)");
    expect("the remembered address", net_ntohs(near.last_direct.port), 5);
    it();
    saw("");
}

/* In the iteration that finds silence, what was due is still sent. */
static void silence_after_sending(void)
{
    connected(1, 1);
    clock_add(121);
    it();
    saw("write(0,16,1) copy(3)=3 rpeer(0,R901) rpeer(0,R902) rpeer(0,R903) write(0,17,118) kill(0) on(0,0) S0(100,0) "
        "S1(200,0)");
}

static void fc35(void)
{
    connected(1, 1);

    for (unsigned i = 0; i < 10; ++i) {
        clock_add(30);
        ev_packet(0, 16, 1 + i % 4);
        it();
        saw_nothing();
        expect("status", api_status(0), 2);
    }
}

/* D11: any packet is a sign of life. */
static void fc36(void)
{
    connected(1, 1);

    QUIETLY(for (unsigned i = 0; i < 11; ++i) {
        clock_add(3);
        ev_packet(0, 64, 20);
        it();
    });
    expect_new("status after 33 s", api_status(0), 1, 2);
    saw_nothing();
}

/* D11 with each kind of packet: 40 s with one of them half way. */
static void signs_of_life(void)
{
    static const struct {
        uint8_t id;
        size_t n;
    } packets[] = {
        {16, 1}, {17, 1},  {17, 40}, {17, 2},  {18, 1},     {18, 100}, {0, 1},    {1, 1},
        {19, 1}, {64, 1}, {96, 50}, {191, 1}, {191, 1373}, {192, 1},  {200, 50}, {254, 1373},
    };

    for (unsigned i = 0; i < sizeof(packets) / sizeof(packets[0]); ++i) {
        QUIETLY(world_again(); connected(1, 1); run_seconds(20));
        t_line("sign of life: packet %u of length %zu", packets[i].id, packets[i].n);
        QUIETLY(ev_packet(0, packets[i].id, packets[i].n); run_seconds(20));
        expect_new("status after 40 s", api_status(0), packets[i].id == 16 ? 2 : 1, 2);
        saw_nothing();
    }
}

/* A packet without a byte is none. */
static void empty_is_no_life(void)
{
    connected(1, 1);
    run_seconds(20);
    expect("result", ev_data(0, NULL, 0), -1);
    run_seconds(13);
    expect("status after 33 s", api_status(0), 1);
    saw_nothing();
}

/* Life ends exactly 33 s after the last packet, of whatever kind. */
static void silence_counts_from_last(void)
{
    connected(1, 1);
    run_seconds(20);
    ev_packet(0, 16, 1);
    ev_packet(0, 64, 5);
    run_seconds(32);
    expect("status at +32", api_status(0), 2);
    run_seconds(1);
    expect("status at +33", api_status(0), 1);
    saw_nothing();
}

/* Packets that come while the attempt is not established yet do not count: going online does. */
static void life_begins_online(void)
{
    connecting(1, 1);
    ev_packet(0, 16, 1);
    clock_add(50);
    ev_up(0);
    it();
    clock_add(32);
    it();
    expect("status at +32", api_status(0), 2);
    clock_add(1);
    it();
    expect("status at +33", api_status(0), 1);
    saw_nothing();
}

static void fc42(void)
{
    online(1, 1);
    it();
    ev_down(0);
    it();
    saw_nothing();
    ev_up(1);
    saw("on(0,1) S0(100,1) S1(200,1)");
    QUIETLY(it());
    saw_new("copy(3)=3 rpeer(1,R901) rpeer(1,R902) rpeer(1,R903) write(1,17,118)",
            "write(1,16,1) copy(3)=3 rpeer(1,R901) rpeer(1,R902) rpeer(1,R903) write(1,17,118)");
    clock_add(8);
    it();
    saw("");
    clock_add(1);
    it();
    saw("write(1,16,1)");
}

/* ALIVE is due for each friend at its own time. */
static void alive_of_many(void)
{
    for (unsigned k = 1; k <= 5; ++k) {
        connected(k, k);
        clock_add(2);
    }

    for (int i = 0; i < 20; ++i) {
        run_seconds(1);

        for (int id = 0; id < 5; ++id) {
            ev_packet(id, 16, 1);
        }
    }

    expect("ALIVE packets", near.writes[16], 5 + 3 + 3 + 2 + 2 + 2);
    saw_nothing();
}

/* Nothing at all is sent to a friend who is not connected. */
static void nothing_while_connecting(void)
{
    searching(1);
    connecting(2, 2);
    run_seconds(122);
    saw("");
}

/* A clock that stands still, or goes back. */
static void clock_back(void)
{
    connected(1, 1);
    its(10);
    saw("");
    world.now -= 500;
    its(3);
    saw("");
    expect("status", api_status(0), 2);
    world.now += 509;
    it();
    saw("write(0,16,1)");
    expect("status", api_status(0), 2);
}

/* A simulated clock near 0: what has never happened has happened at 0. */
static void clock_near_zero(void)
{
    world_again();
    world.now = 1;
    online(1, 1);
    it();
    saw("");
    world.now = 8;
    it();
    saw("");
    world.now = 9;
    it();
    saw("write(0,16,1)");
    world.now = 33;
    ev_packet(0, 16, 1);
    it();
    saw("write(0,16,1)");
    world.now = 60;
    ev_packet(0, 16, 1);
    world.now = 90;
    ev_packet(0, 16, 1);
    world.now = 120;
    it();
    saw("write(0,16,1)");
    ev_packet(0, 16, 1);
    world.now = 121;
    it();
    saw("copy(0)=3 rpeer(0,R901) rpeer(0,R902) rpeer(0,R903) write(0,17,118)");
}

const Scenario timer_scenarios[] = {
    {"FC-31", SIM, fc31, 0},
    {"FC-32", SIM, fc32, 0},
    {"FC-33", SIM, fc33, 0},
    {"FC-34", SIM, fc34, 0},
    {"FC-35", SIM, fc35, 0},
    {"FC-36", SIM, fc36, 0},
    {"FC-42", SIM, fc42, 0},
    {"timer-silence-after-sending", SIM, silence_after_sending, 0},
    {"timer-signs-of-life", SIM, signs_of_life, 0},
    {"timer-empty-packet", SIM, empty_is_no_life, 0},
    {"timer-silence-from-last", SIM, silence_counts_from_last, 0},
    {"timer-life-begins-online", SIM, life_begins_online, 0},
    {"timer-alive-of-many", SIM, alive_of_many, 0},
    {"timer-nothing-while-connecting", SIM, nothing_while_connecting, 0},
    {"timer-clock-back", SIM, clock_back, 0},
    {"timer-clock-near-zero", SIM, clock_near_zero, 0},
    {NULL, 0, NULL, 0},
};
