/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The allocator that callers hand in from 0.2.20 on. Ours only passes it on to net_connect, which has
 * no use for it so far, and keeps its own objects on the C heap. */
#include "diff.h"

#if TOX_ABI > 218

static void create_with_null(void)
{
    const Setup setup = setup_direct();
    world.memory = NULL;
    world.logged = 0;

    if (open_client(&setup)) {
        fail("an object was made without an allocator");
    }

    if (world.logged == 0) {
        fail("no line in the log");
    }

    expect("sockets left open", (long)net_counts.sockets - (long)net_counts.closes, 0);
}

static void null_memory(void)
{
    expect_new("creation without an allocator ends the process", ends_process(create_with_null), true, false);
    world.memory = os_memory();
    random_restart(1);
    confirmed();
}

/* One conversation with packets of every kind in both directions. */
static void converse(void)
{
    make_online(4, 9);
    do_send_data(4, 1000, 1);
    do_send_oob(peer_key(8), 100, 2);
    do_send_onion(200, 3);
    do_send_forward(2, 100, 4);
    relay_data(20, 1000, 1);
    relay_ping(4, 7);
    step();
    do_disconnect_request(4);
}

static unsigned long blocks_since(void)
{
    static unsigned long before;
    const unsigned long now = memory_counts.blocks - before;
    before = memory_counts.blocks;
    return now;
}

static void injected_memory(void)
{
    world.memory = &counted_memory;
    blocks_since();
    const Setup setup = setup_direct();
    open_client(&setup);
    expect_new("blocks for creation", (long)blocks_since(), TOX_ABI == 220 ? 1 : 3, 0);
    expect_new("blocks held", memory_counts.held, 1, 0);
    step();
    relay_answer();
    step();
    relay_pong();
    step();
    expect("status", status(), 6);
    converse();
    /* from 0.2.22 on for each encryption and decryption */
    expect_new("blocks for a conversation", (long)blocks_since(), TOX_ABI == 220 ? 0 : 28, 0);
    /* packets that wait for the socket */
    net_faults.send_room = 0;

    for (uint8_t i = 0; i < 20; ++i) {
        do_routing_request(peer_key(i + 1));
    }

    expect_new("blocks for what waits", (long)blocks_since(), TOX_ABI == 220 ? 40 : 80, 0);
    net_faults.send_room = -1;
    step();
    close_client();
    expect("blocks held in the end", memory_counts.held, 0);
}

/* An allocator that gives nothing: the original makes no object. */
static void exhausted_memory(void)
{
    world.memory = &counted_memory;
    memory_counts.exhausted = true;
    const Setup setup = setup_direct();
    bool made;
    QUIETLY(made = open_client(&setup));
    expect_new("object", made, 0, 1);
    QUIETLY(close_client());
    expect("sockets left open", (long)net_counts.sockets - (long)net_counts.closes, 0);
}

#endif

const Scenario memory_scenarios[] = {
#if TOX_ABI > 218
    {"memory-null", SIM, null_memory, 0},
    {"memory-injected", SIM, injected_memory, 0},
    {"memory-exhausted", SIM, exhausted_memory, 0},
#endif
    {NULL, 0, NULL, 0},
};
