/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * new_friend_connections on a real stack, with NULL for each argument in turn: ours only, the original
 * crashes or makes an object that would.
 */
#include "stack.h"

/* All that any version wants to be given. */
typedef struct Args {
    const Logger *log;
    const Mono_Time *mono;
    const Network *ns;
    Onion_Client *onion;
#if TOX_ABI == 222
    const Memory *mem;
    DHT *dht;
    Net_Crypto *nc;
    Networking_Core *net;
#endif
} Args;

static Args good;

static Onion_Client *onion_over(const Stack *s)
{
#if TOX_ABI < 222
    return new_onion_client(W.log, W.rng, W.mono, s->nc);
#else
    return new_onion_client(W.log, os_memory(), W.rng, W.mono, s->nc, s->dht, s->net);
#endif
}

static void open_good(void)
{
    stacks_open(false);
    const Stack *s = stack(0);
    good = (Args){.log = W.log, .mono = W.mono, .ns = W.ns, .onion = onion_over(s)};
    CHECK(good.onion != NULL);
#if TOX_ABI == 222
    good.mem = os_memory();
    good.dht = s->dht;
    good.nc = s->nc;
    good.net = s->net;
#endif
}

static void close_good(void)
{
    kill_onion_client(good.onion);
    stacks_close();
}

static Friend_Connections *make(const Args *a, bool lan)
{
#if TOX_ABI < 222
    return new_friend_connections(a->log, a->mono, a->ns, a->onion, lan);
#else
    return new_friend_connections(a->log, a->mem, a->mono, a->ns, a->onion, a->dht, a->nc, a->net, lan);
#endif
}

/* It is made, takes a friend, goes through its rounds, and is freed. */
static void works(const Args *args, bool lan)
{
    Friend_Connections *fc = make(args, lan);
    CHECK(fc != NULL);
    CHECK(friendconn_net_crypto(fc) == stack(0)->nc);
    const int id = new_friend_connection(fc, nc_get_self_public_key(stack(1)->nc));
    CHECK_EQ(id, 0);
    uint8_t real_pk[32];
    uint8_t dht_pk[32];
    CHECK_EQ(get_friendcon_public_keys(real_pk, dht_pk, fc, id), 0);
    CHECK_BYTES(real_pk, nc_get_self_public_key(stack(1)->nc), 32);

    for (int i = 0; i < 30; ++i) {
        W.ms += 1000;
        step();
        do_friend_connections(fc, NULL);
    }

    CHECK_EQ(kill_friend_connection(fc, id), 0);
    kill_friend_connections(fc);
}

static void all_given(void)
{
    open_good();
    works(&good, false);
    works(&good, true);
    close_good();
}

static void refused(const Args *args)
{
    Args quiet = *args;
    quiet.log = NULL;
    CHECK(make(args, false) == NULL);
    CHECK(make(args, true) == NULL);
    CHECK(make(&quiet, true) == NULL);
}

static void without_a_neighbour(void)
{
    open_good();
    Args args = good;
    args.mono = NULL;
    refused(&args);
    args = good;
    args.onion = NULL;
    refused(&args);
#if TOX_ABI == 222
    args = good;
    args.mem = NULL;
    refused(&args);
    args = good;
    args.dht = NULL;
    refused(&args);
    args = good;
    args.nc = NULL;
    refused(&args);
#endif
    refused(&(Args){0});
    /* The neighbours are as they were. */
    works(&good, true);
    close_good();
}

/* Nothing to log to; nothing to look for friends in the local network with. */
static void without_what_is_not_needed(void)
{
    open_good();
    Args args = good;
    args.log = NULL;
    works(&args, true);
    args = good;
    args.ns = NULL;
    works(&args, false);
    works(&args, true);
#if TOX_ABI == 222
    args = good;
    args.net = NULL;
    works(&args, false);
    works(&args, true);
#endif
    close_good();
}

int main(int argc, char **argv)
{
    const Test tests[] = {
        {"all_given", all_given, T_FAST, 20},
        {"without_a_neighbour", without_a_neighbour, T_OURS | T_FAST, 20},
        {"without_what_is_not_needed", without_what_is_not_needed, T_OURS | T_FAST, 20},
    };

    return run_tests("misuse_friends", tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
