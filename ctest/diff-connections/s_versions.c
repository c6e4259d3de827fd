/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What later versions of toxcore have besides: tcp_relay_is_valid, the caller's allocator, accounts,
 * connect through the Network. */
#include "suite.h"

#include <errno.h>
#include <string.h>

#if TOX_ABI > 218

static bool is_valid(int r)
{
    return tcp_relay_is_valid(world.tc, relay_at(r)->pk);
}

/* Whether a relay is known, in every state that one can be in. */
static void relay_is_valid(void)
{
    expect("unknown", is_valid(0), false);
    api_peer(0);
    expect("add", api_add(0, 0), 0);
    expect("global", api_global(1), 0);
    expect("connecting", is_valid(0), true);
    up_all(0, 1);
    expect("connected", is_valid(0), true);
    expect("another", is_valid(1), true);
    expect("never named", is_valid(2), false);
    online(0, 0, 16);
    api_status(0, false);
    run_seconds(10);
    expect("connected relays", connected(), 1);
    expect("asleep", is_valid(0), true);
    api_status(0, true);
    pass();
    expect("woken", is_valid(0), true);
    up(0);
    expect("removed", api_kill_relay(0), 0);
    expect("removed", is_valid(0), false);
    expect("the one behind the hole", is_valid(1), true);
    expect("removed", api_kill_relay(1), 0);
    expect("removed", is_valid(1), false);
    expect("again", api_global(1), 0);
    expect("known again", is_valid(1), true);
}

/* One that never answers is forgotten, and one that could not be made was never there. */
static void relay_is_not_valid(void)
{
    expect("global", api_global(0), 0);
    QUIETLY(run_seconds(9));
    expect("silent, +9", is_valid(0), true);
    QUIETLY(run_seconds(1));
    expect("silent, +10", is_valid(0), false);
    sim_no_sockets = true;
    expect("no sockets", api_global(1), -1);
    sim_no_sockets = false;
    expect("never made", is_valid(1), false);
    uint8_t other[32];
    memcpy(other, relay_at(1)->pk, 32);
    other[31] ^= 1;
    api_global(1);
    expect("a key that differs in the last byte", tcp_relay_is_valid(world.tc, other), false);
    expect("the key", is_valid(1), true);
}

/* ------------------------------------------------------------------ allocator */

static void create_with_null(void)
{
    world.memory = NULL;
    world.logged = 0;

    if (new_object() != NULL) {
        fail("an object was made without an allocator");
    }

    if (world.logged == 0) {
        fail("no line in the log");
    }
}

static void null_memory(void)
{
    expect_new("creation without an allocator ends the process", ends_process(create_with_null), true, false);
    world.memory = os_memory();
}

static void injected_memory(void)
{
    QUIETLY(world_close());
    world.memory = &counted_memory;
    world_open();
    const unsigned long first = memory_counts.blocks;
    expect_new("blocks for creation", first > 0, true, false);
    peer_on(0, 0, 1);
    online(0, 0, 16);
    api_send(0, 100, 1);
    api_status(0, false);
    run_seconds(10);
    expect_new("blocks for a conversation", memory_counts.blocks > first, true, false);
    world_close();
    expect("blocks held in the end", memory_counts.held, 0);
}

#endif

#if TOX_ABI == 222

/* ------------------------------------------------------------------- accounts */

static long packets(Packet_Direction direction)
{
    return (long)netprof_get_packet_count_total(world.profile, direction);
}

/* All relays' packets are in the one account, those of relays that are gone too. */
static void accounts(void)
{
    QUIETLY(world_close());
    world.profile = netprof_new(world.log, os_memory());
    world_open();
    peer_on(0, 0, 1);
    online(0, 0, 16);
    online(1, 0, 17);
    api_send(0, 100, 1);
    relay_data(0, 16, 200, 1);
    relay_data(1, 17, 300, 1);
    pass();
    api_kill_relay(0);
    api_send(0, 100, 1);

    for (unsigned id = 0; id < 256; ++id) {
        const long count_of = (long)netprof_get_packet_count_id(world.profile, (uint8_t)id, PACKET_DIRECTION_RECV);

        if (count_of > 0) {
            t_line("received, id %u: %ld packets %ld bytes", id, count_of,
                   (long)netprof_get_bytes_id(world.profile, (uint8_t)id, PACKET_DIRECTION_RECV));
        }
    }

    t_line("sent %ld packets %ld bytes", packets(PACKET_DIRECTION_SEND),
           (long)netprof_get_bytes_total(world.profile, PACKET_DIRECTION_SEND));
    expect_new("data packets sent", (long)netprof_get_packet_count_id(world.profile, 17, PACKET_DIRECTION_SEND), 0, 1);
    world_close();
    netprof_kill(os_memory(), world.profile);
    world.profile = NULL;
}

/* -------------------------------------------------------------------- connect */

static void connects_once(void)
{
    sim_connects = 0;
    api_global(0);
    expect("connect calls", sim_connects, 1);
    up(0);
    expect("connect calls", sim_connects, 1);
}

/* Every failure but that of an unknown family: the relay is there until its 10 s are over. */
static void connect_fails(void)
{
    static const int errors[] = {ECONNREFUSED, ENETUNREACH, EHOSTUNREACH, EACCES, EADDRNOTAVAIL, ENOBUFS};

    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); ++i) {
        world_again();
        sim_connects = 0;
        sim_connect_errno = errors[i];
        expect("add", api_global(0), 0);
        sim_connect_errno = 0;
        expect("known", is_valid(0), true);
        QUIETLY(run_seconds(9));
        expect("count at +9", count(), 1);
        QUIETLY(run_seconds(1));
        expect("count at +10", count(), 0);
        expect("connect calls", sim_connects, 1);
    }
}

#endif

const Scenario version_scenarios[] = {
#if TOX_ABI > 218
    {"relay-is-valid", BOTH, relay_is_valid, 0},
    {"relay-is-not-valid", SIM, relay_is_not_valid, 0},
    {"memory-null", SIM, null_memory, 0},
    {"memory-injected", SIM, injected_memory, 0},
#endif
#if TOX_ABI == 222
    {"profile-two-relays", SIM, accounts, 0},
    {"connect-through-network", SIM, connects_once, 0},
    {"connect-fails-at-once", SIM, connect_fails, 0},
#endif
    {NULL, 0, NULL, 0},
};
