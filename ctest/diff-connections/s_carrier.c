/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which relay carries the data of a peer that is online on several, when one of them turns bad
 * without closing its connection. The original stays with the first slot until the relay's ping
 * runs out; ours probes it and goes on with the next. Time moves in steps of 20 ms here. */
#include "suite.h"

#define STEP 20

/* Pongs come after this many milliseconds. */
static uint64_t delay[4];
static struct {
    uint64_t due;
    unsigned long seen;
} pong[4];
static bool frozen[4]; /* neither pongs nor data; the client's frames are swallowed */
static bool hole[4];   /* pongs, but no data either way */
static int talks_on;   /* the relay over which the peer answers: where it last heard us, */
static bool one_way;   /* or, with this, always the same */
static uint64_t heard_ms, worst_ms; /* when a packet last got through; longest time without one */
static unsigned long through[4], sent, lost;

/* One packet to the peer, one from it, and the relays' pongs. */
static void tick(bool with_data)
{
    clock_ms_add(STEP);

    for (int r = 0; r < 4; ++r) {
        if (relays[r].link >= 0 && pong[r].due != 0 && pong[r].due <= world.clock_ms && !frozen[r]) {
            pong[r].due = 0;
            relay_pong(r);
        }
    }

    if (with_data && !frozen[talks_on] && !hole[talks_on]) {
        relay_data(talks_on, (uint8_t)(16 + talks_on), 100, 1);
    }

    pass();

    if (with_data) {
        api_send(0, 100, 1);
        ++sent;
        bool arrived = false;

        for (int r = 0; r < 4; ++r) {
            const long frames = relays[r].made ? new_frames(r) : 0;

            if (frames > 0 && !frozen[r] && !hole[r]) {
                arrived = true;
                talks_on = one_way ? talks_on : r;
                ++through[r];
            }
        }

        lost += arrived ? 0 : 1;
        heard_ms = arrived ? world.clock_ms : heard_ms;
        worst_ms = world.clock_ms - heard_ms > worst_ms ? world.clock_ms - heard_ms : worst_ms;    }

    for (int r = 0; r < 4; ++r) {
        if (relays[r].pings != pong[r].seen) {
            pong[r].seen = relays[r].pings;
            pong[r].due = world.clock_ms + delay[r];
        }
    }
}

static void ticks(unsigned ms, bool with_data)
{
    for (unsigned i = 0; i < ms / STEP; ++i) {
        tick(with_data);
    }
}

static void start(int relays_used, uint64_t first_delay, uint64_t other_delay)
{
    for (int r = 0; r < relays_used; ++r) {
        relay_at(r)->no_pongs = true;
        delay[r] = r == 0 ? first_delay : other_delay;
    }

    peer_on(0, 0, relays_used - 1);

    for (int r = 0; r < relays_used; ++r) {
        online(r, 0, (uint8_t)(16 + r));
        relays[r].silent = true;
        new_frames(r);
    }

    quiet_begin();
    ticks(1500, false);
    heard_ms = world.clock_ms;
}

static void tell(void)
{
    quiet_end();
    t_note("sent %lu lost %lu, through R0 %lu R1 %lu R2 %lu, longest silence %lu ms", sent, lost, through[0],
           through[1], through[2], (unsigned long)worst_ms);
}

/* Everybody answers: the first slot carries all of it. */
static void healthy(void)
{
    start(3, 40, 40);
    ticks(60000, true);
    tell();
    expect("through R0", (long)through[0], 3000);
    expect("online", api_online(0), 3);
}

static void carrier_freezes(void)
{
    start(3, 40, 40);
    ticks(5000, true);
    frozen[0] = true;
    ticks(20000, true);
    tell();
    expect_new("longest silence is below 2.5 s", worst_ms < 2500, false, true);
    expect_new("R1 carries", through[1] > 850, false, true);
    expect("R2 does not", (long)through[2], 0);
    expect_new("connected", connected(), 3, 2);
}

/* It answers again: it gets its place back, with ours only after a pause in what is sent. */
static void carrier_returns(void)
{
    start(2, 40, 40);
    ticks(3000, true);
    frozen[0] = true;
    ticks(5000, true);
    frozen[0] = false;
    pong[0].due = world.clock_ms;
    ticks(15000, true);
    unsigned long before = through[0];
    ticks(2000, true);
    const unsigned long streaming = through[0] - before;
    ticks(500, false);
    before = through[0];
    ticks(2000, true);
    const unsigned long paused = through[0] - before;
    tell();
    expect_new("R0 carries in the middle of a stream", (long)streaming, 100, 0);
    expect("R0 carries after a pause", (long)paused, 100);
    expect("connected", connected(), 2);
}

/* Answers pings, and loses all data: noticed because the peer falls silent. */
static void black_hole(void)
{
    start(2, 40, 40);
    ticks(3000, true);
    hole[0] = true;
    ticks(20000, true);
    tell();
    expect_new("longest silence is below 6 s", worst_ms < 6000, false, true);
    expect_new("R1 carries", through[1] > 600, false, true);
    expect("connected", connected(), 2);
}

/* Our data is lost on the first relay, and the peer, which sends over the second, is heard: nobody
 * notices, because the choice depends on our own relays and on silence alone. */
static void one_way_loss(void)
{
    start(2, 40, 40);
    one_way = true;
    talks_on = 1;
    ticks(3000, true);
    hole[0] = true;
    ticks(20000, true);
    tell();
    expect("through R1", (long)through[1], 0);
    expect("connected", connected(), 2);
}

/* Nobody answers: what is sent still goes somewhere, with ours in a stream to where it went last. */
static void all_frozen(void)
{
    start(2, 40, 40);
    ticks(3000, true);
    frozen[0] = frozen[1] = true;
    ticks(8000, true);
    tell();
    relays[0].silent = relays[1].silent = false;
    expect("online", api_online(0), 2);
    new_frames(0);
    new_frames(1);
    /* The peer was last heard over R0, so nothing speaks for R1 but the stream that nobody confirms. */
    expect("send", api_send(0, 100, 1), 0);
    expect("R0 carries in the middle of a stream", new_frames(0), 1);
    expect("R1 carries in the middle of a stream", new_frames(1), 0);
    clock_ms_add(500);
    pass();
    expect("send", api_send(0, 100, 1), 0);
    expect("R0 carries after a pause", new_frames(0), 1);
    expect("R1 carries after a pause", new_frames(1), 0);
}

/* Much slower than the next one: worth a change. */
static void much_faster(void)
{
    start(2, 900, 40);
    ticks(30000, true);
    const unsigned long before = through[1];
    ticks(2000, true);
    tell();
    expect_new("R1 carries at the end", through[1] - before, 0, 100);
    expect("lost", (long)lost, 0);
}

/* Hardly slower: not worth it. */
static void slightly_faster(void)
{
    start(2, 80, 40);
    ticks(60000, true);
    tell();
    expect("through R0", (long)through[0], 3000);
    expect("through R1", (long)through[1], 0);
}

/* Nothing is sent: nobody is pinged more often than by the original. */
static void idle_pings(void)
{
    start(2, 40, 40);
    const unsigned long before = relays[0].pings;
    ticks(118000, false);
    tell();
    expect("pings", (long)(relays[0].pings - before), 3);
}

/* Data is sent: about one ping in a second. */
static void busy_pings(void)
{
    start(2, 40, 40);
    const unsigned long before = relays[0].pings;
    const unsigned long other = relays[1].pings;
    ticks(60000, true);
    const long pings = (long)(relays[0].pings - before);
    tell();
    t_note("pings %ld", pings);
    expect_new("pings within 40..70", pings >= 40 && pings <= 70, false, true);
    expect("pings on the other", (long)(relays[1].pings - other) <= 2, true);
}

/* A full socket and a frozen relay: whatever is left is used. */
static void frozen_and_full(void)
{
    start(3, 40, 40);
    ticks(3000, true);
    frozen[0] = true;
    relays[1].room = 0;
    ticks(5000, true);
    tell();
    expect_new("R2 carries", through[2] > 100, false, true);
}

/* A relay that was lost and is back is not trusted with the data for a minute (ours). */
static void back_from_loss(void)
{
    peer_on(0, 0, 1);
    online(0, 0, 16);
    online(1, 0, 17);
    run_seconds(15);
    relay_break(0);
    pass();
    up(0);
    online(0, 0, 16);
    new_frames(0);
    new_frames(1);
    expect("send", api_send(0, 3, 1), 0);
    expect_new("R0", new_frames(0), 1, 0);
    expect_new("R1", new_frames(1), 0, 1);
    QUIETLY(run_seconds(70));
    expect("send", api_send(0, 3, 1), 0);
    expect("R0", new_frames(0), 1);
    expect("R1", new_frames(1), 0);
}

const Scenario carrier_scenarios[] = {
    {"carrier-healthy", SIM, healthy, 0},
    {"carrier-freezes", SIM, carrier_freezes, 0},
    {"carrier-returns", SIM, carrier_returns, 0},
    {"carrier-black-hole", SIM, black_hole, 0},
    {"carrier-one-way-loss", SIM, one_way_loss, 0},
    {"carrier-all-frozen", SIM, all_frozen, 0},
    {"carrier-much-faster", SIM, much_faster, 0},
    {"carrier-slightly-faster", SIM, slightly_faster, 0},
    {"carrier-idle-pings", SIM, idle_pings, 0},
    {"carrier-busy-pings", SIM, busy_pings, 0},
    {"carrier-frozen-and-full", SIM, frozen_and_full, 0},
    {"carrier-back-from-loss", SIM, back_from_loss, 0},
    {NULL, 0, NULL, 0},
};
