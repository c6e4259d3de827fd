/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * costs friends=N rounds=N steps=N: what friend_connection costs with so many friends, all neighbours
 * being stubs. One line of name=value pairs.
 *
 * The friends go through their states together: searched for, attempts running, online. In each state
 * the clock stands still, so that nothing is due in an iteration; then it is put forward.
 */
#include "../bench.h"
#include "near.h"
#include "versions.h"

#include <malloc.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* After so many seconds; twelve rounds of the first are less than one of the second. */
enum { ALIVE_DUE = 9, ALIVE_ROUNDS = 12, SHARES_DUE = 121, SHARE_ROUNDS = 3 };
/* The packet of friend_connection, and one that it passes on. */
enum { ALIVE = 16, CUSTOM = 160 };

typedef struct Costs {
    int friends;
    uint64_t rounds, steps;
    const Logger *log;
    Friend_Connections *fc;
    uint8_t (*keys)[NEAR_KEY_SIZE];     /* twice as many as friends: the second half is nobody's */
    int *order;                         /* the friends, shuffled */
    uint64_t heap_before, statuses, packets;
} Costs;

static int on_status(void *object, int number, bool online, void *userdata)
{
    (void)number;
    (void)online;
    (void)userdata;
    ++((Costs *)object)->statuses;
    return 0;
}

static int on_packet(void *object, int number, const uint8_t *data, uint16_t length, void *userdata)
{
    (void)number;
    (void)data;
    (void)length;
    (void)userdata;
    ++((Costs *)object)->packets;
    return 0;
}

/* Heap in use: mapped blocks count too. */
static uint64_t heap_bytes(void)
{
    const struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

static double per(uint64_t nanos, uint64_t count)
{
    return (double)nanos / (double)count;
}

static void open_object(Costs *costs)
{
    near_reset(costs->friends);
#if TOX_ABI < 222
    costs->fc = new_friend_connections(costs->log, near_time(), NULL, near_onion(), false);
#else
    costs->fc = new_friend_connections(costs->log, os_memory(), near_time(), NULL, near_onion(), near_dht(),
                                       near_crypto(), NULL, false);
#endif

    if (costs->fc == NULL) {
        die("new_friend_connections failed");
    }
}

static uint64_t add_friends(const Costs *costs)
{
    bool right = true;
    const uint64_t before = thread_cpu_ns();

    for (int i = 0; i < costs->friends; ++i) {
        right &= new_friend_connection(costs->fc, costs->keys[i]) == i;
    }

    const uint64_t spent = thread_cpu_ns() - before;

    if (!right) {
        die("a friend was not added as such");
    }

    return spent;
}

/* Again and again, from nothing; the last object stays. */
static void measure_creation(Costs *costs)
{
    uint64_t added = 0;
    uint64_t removed = 0;

    for (uint64_t round = 0; round < costs->rounds; ++round) {
        if (costs->fc != NULL) {
            const uint64_t before = thread_cpu_ns();
            kill_friend_connections(costs->fc);
            removed += thread_cpu_ns() - before;
        }

        malloc_trim(0);
        costs->heap_before = heap_bytes();
        open_object(costs);
        added += add_friends(costs);
    }

    const uint64_t count = (uint64_t)costs->friends * costs->rounds;
    printf(" create_us=%.4f remove_us=%.4f", per(added, count) / 1e3,
           per(removed, count - (uint64_t)costs->friends) / 1e3);
}

/* As Messenger does at once. */
static void set_callbacks(Costs *costs)
{
    for (int i = 0; i < costs->friends; ++i) {
        if (friend_connection_callbacks(costs->fc, i, 0, on_status, on_packet, on_packet, costs, i) != 0) {
            die("callbacks were not taken");
        }
    }
}

static void print_heap(const Costs *costs, const char *name)
{
    printf(" %s_heap=%.1f", name, per(heap_bytes() - costs->heap_before, (uint64_t)costs->friends));
}

static void measure_lookup(const Costs *costs, bool present)
{
    bool right = true;
    const uint64_t before = thread_cpu_ns();

    for (uint64_t i = 0; i < costs->steps; ++i) {
        const int number = costs->order[i % (uint64_t)costs->friends];
        const int wanted = present ? number : -1;
        right &= getfriend_conn_id_pk(costs->fc, costs->keys[number + (present ? 0 : costs->friends)]) == wanted;
    }

    const uint64_t spent = thread_cpu_ns() - before;

    if (!right) {
        die("a friend was not found as such");
    }

    printf(" %s_ns=%.2f", present ? "present" : "absent", per(spent, costs->steps));
}

static void iterate(const Costs *costs)
{
    do_friend_connections(costs->fc, NULL);
}

static uint64_t iterations_ns(const Costs *costs, uint64_t count)
{
    const uint64_t before = thread_cpu_ns();

    for (uint64_t i = 0; i < count; ++i) {
        iterate(costs);
    }

    return thread_cpu_ns() - before;
}

/* The first ones do what is left over. */
static void measure_iteration(const Costs *costs, const char *name, bool nothing)
{
    for (int i = 0; i < 3; ++i) {
        iterate(costs);
    }

    const uint64_t calls = near.calls;
    const uint64_t spent = iterations_ns(costs, costs->steps);

    if (nothing && near.calls != calls) {
        die("an iteration with nothing to do called a neighbour");
    }

    printf(" %s_us=%.4f", name, per(spent, costs->steps) / 1e3);
}

static void learn_keys(const Costs *costs)
{
    uint8_t key[NEAR_KEY_SIZE];
    uint64_t spent = 0;
    randombytes_buf(key, sizeof(key));

    for (int i = 0; i < costs->friends; ++i) {
        memcpy(key, &i, sizeof(i));
        const uint64_t before = thread_cpu_ns();
        set_dht_temp_pk(costs->fc, i, key, NULL);
        spent += thread_cpu_ns() - before;
    }

    /* In 0.2.22 the original begins attempts here. */
    spent += iterations_ns(costs, 1);

    if (near.cryptos != costs->friends) {
        die("%d attempts instead of %d", near.cryptos, costs->friends);
    }

    printf(" key_us=%.4f", per(spent, (uint64_t)costs->friends) / 1e3);
}

static void come_online(Costs *costs)
{
    const uint64_t before = thread_cpu_ns();

    for (int i = 0; i < costs->friends; ++i) {
        near_status(i, true);
    }

    const uint64_t spent = thread_cpu_ns() - before;

    if (costs->statuses != (uint64_t)costs->friends) {
        die("not everybody is online");
    }

    printf(" online_us=%.4f", per(spent, (uint64_t)costs->friends) / 1e3);
}

/* A packet from each friend in turn. */
static uint64_t receive(const Costs *costs, uint8_t id, uint64_t count)
{
    const uint8_t packet[2] = {id};
    const uint64_t before = thread_cpu_ns();

    for (uint64_t i = 0; i < count; ++i) {
        near_data(costs->order[i % (uint64_t)costs->friends], packet, id == ALIVE ? 1 : sizeof(packet));
    }

    return thread_cpu_ns() - before;
}

/* Iterations in each of which every friend is due; the first round is not counted. `writes`: packets to
 * each. */
static void measure_due(const Costs *costs, const char *name, uint64_t seconds, int rounds, uint64_t writes)
{
    const uint64_t friends = (uint64_t)costs->friends;
    uint64_t spent = 0;
    uint64_t heard = 0;

    for (int i = 0; i < rounds; ++i) {
        near.now += seconds;
        const uint64_t hearing = receive(costs, ALIVE, friends);
        const uint64_t before = near.writes;
        const uint64_t iteration = iterations_ns(costs, 1);
        heard += i == 0 ? 0 : hearing;
        spent += i == 0 ? 0 : iteration;

        if (near.writes - before != friends * writes) {
            die("%llu packets to %llu friends", (unsigned long long)(near.writes - before),
                (unsigned long long)friends);
        }
    }

    const uint64_t count = friends * (uint64_t)(rounds - 1);
    printf(" %s_ns=%.2f %s_heard_ns=%.2f", name, per(spent, count), name, per(heard, count));
}

static void measure_packets(const Costs *costs)
{
    const uint64_t friends = (uint64_t)costs->friends;
    const uint64_t count = costs->steps > friends * 4 ? costs->steps : friends * 4;
    const uint64_t before = costs->packets;
    receive(costs, CUSTOM, friends);
    const uint64_t spent = receive(costs, CUSTOM, count);

    if (costs->packets - before != friends + count) {
        die("a packet got lost");
    }

    printf(" packet_ns=%.2f", per(spent, count));
}

static void measure(Costs *costs)
{
    measure_creation(costs);
    set_callbacks(costs);
    print_heap(costs, "search");
    measure_lookup(costs, false);
    measure_lookup(costs, true);
    measure_iteration(costs, "search", true);
    learn_keys(costs);
    measure_iteration(costs, "attempt", true);
    come_online(costs);
    measure_iteration(costs, "rest", true);
    print_heap(costs, "rest");
    measure_packets(costs);
    measure_due(costs, "alive", ALIVE_DUE, ALIVE_ROUNDS, 1);
    measure_due(costs, "share", SHARES_DUE, SHARE_ROUNDS, 2);

    /* Nobody is heard for longer than that, but there is nothing to share when it is due. */
    near.relays = 0;
    near.now += SHARES_DUE;
    receive(costs, ALIVE, (uint64_t)costs->friends);
    measure_iteration(costs, "alone", false);
}

static uint64_t argument(int argc, char **argv, const char *name)
{
    const size_t length = strlen(name);

    for (int i = 1; i < argc; ++i) {
        if (strncmp(argv[i], name, length) == 0 && argv[i][length] == '=') {
            return strtoull(argv[i] + length + 1, NULL, 10);
        }
    }

    die("missing: %s=", name);
}

int main(int argc, char **argv)
{
    static Costs costs;

    if (sodium_init() < 0) {
        die("libsodium does not start");
    }

    costs.friends = (int)argument(argc, argv, "friends");
    costs.rounds = argument(argc, argv, "rounds");
    costs.steps = argument(argc, argv, "steps");
    costs.log = logger_new();
    costs.keys = calloc((size_t)costs.friends * 2, NEAR_KEY_SIZE);
    costs.order = calloc((size_t)costs.friends, sizeof(*costs.order));

    if (costs.friends < 1 || costs.rounds < 2 || costs.steps < 1 || costs.keys == NULL || costs.order == NULL) {
        die("numbers out of range");
    }

    randombytes_buf(costs.keys, (size_t)costs.friends * 2 * NEAR_KEY_SIZE);

    for (int i = 0; i < costs.friends; ++i) {
        const int place = (int)randombytes_uniform((uint32_t)i + 1);
        costs.order[i] = costs.order[place];
        costs.order[place] = i;
    }

    pin_to_cpu(0);
    near_reset(costs.friends);
    printf("friends=%d", costs.friends);
    measure(&costs);
    printf("\n");
    kill_friend_connections(costs.fc);
}
