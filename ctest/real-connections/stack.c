/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "stack.h"

#include <unistd.h>

enum { PACKET_ID = 160, TURNS_MAX = 20000 };

static Stack stacks[STACKS];

static void step_stacks(void)
{
    for (size_t i = 0; i < STACKS; ++i) {
        if (stacks[i].net != NULL && !stacks[i].deaf) {
            networking_poll(stacks[i].net, &stacks[i]);
        }

        do_dht(stacks[i].dht);
        do_net_crypto(stacks[i].nc, &stacks[i]);
    }
}

/* ---- what net_crypto tells ---- */

static int on_status(void *object, int index, bool up, void *userdata)
{
    Link *link = &((Stack *)object)->link[index];
    (void)userdata;
    CHECK(link->up != up);
    link->up = up;
    return 0;
}

static int on_data(void *object, int index, const uint8_t *data, uint16_t length, void *userdata)
{
    Link *link = &((Stack *)object)->link[index];
    (void)userdata;
    CHECK(length >= 5);
    CHECK_EQ(data[0], PACKET_ID);
    CHECK_BYTES(data + 1, &link->received, 4);
    ++link->received;
    return 0;
}

static void add_link(Stack *s, int id)
{
    CHECK(id >= 0);
    CHECK(s->links < LINKS);
    const int index = (int)s->links++;
    s->link[index] = (Link){.id = id};
    CHECK_EQ(connection_status_handler(s->nc, id, on_status, s, index), 0);
    CHECK_EQ(connection_data_handler(s->nc, id, on_data, s, index), 0);
}

static int on_new(void *object, const New_Connection *incoming)
{
    Stack *s = (Stack *)object;
    const int id = accept_crypto_connection(s->nc, incoming);

    if (id >= 0) {
        add_link(s, id);
    }

    return id >= 0 ? 0 : -1;
}

/* ---- stacks ---- */

static Net_Crypto *crypto_over(DHT *dht, Networking_Core *net)
{
    static const TCP_Proxy_Info none;
#if TOX_ABI < 222
    (void)net;
    return new_net_crypto(W.log, W.rng, W.ns, W.mono, dht, &none);
#else
    static const Net_Crypto_DHT_Funcs funcs = {
        (nc_dht_get_shared_key_sent_cb *)dht_get_shared_key_sent,
        (nc_dht_get_self_public_key_cb *)dht_get_self_public_key,
        (nc_dht_get_self_secret_key_cb *)dht_get_self_secret_key,
    };
    return new_net_crypto(W.log, os_memory(), W.rng, W.ns, W.mono, net, dht, &funcs, &none, NULL);
#endif
}

void stacks_open(bool udp)
{
    world_open();

    for (size_t i = 0; i < STACKS; ++i) {
        Stack *s = &stacks[i];
        *s = (Stack){0};
        const IP_Port any = address("127.0.0.1", 0);
        const uint16_t port = free_port();
        s->net = udp ? new_networking_ex(W.log, W.ns, &any.ip, port, (uint16_t)(port + 50), NULL)
                     : new_networking_no_udp(W.log, W.ns);
        CHECK(s->net != NULL);
        s->dht = new_dht(W.log, W.rng, W.ns, W.mono, s->net, false, false);
        CHECK(s->dht != NULL);
        s->nc = crypto_over(s->dht, s->net);
        CHECK(s->nc != NULL);
        new_connection_handler(s->nc, on_new, s);
        s->deaf = !udp;
    }

    W.step_more = step_stacks;
}

void stacks_close(void)
{
    for (size_t i = 0; i < STACKS; ++i) {
        kill_net_crypto(stacks[i].nc);
        kill_dht(stacks[i].dht);
        kill_networking(stacks[i].net);
    }

    world_close();
}

Stack *stack(size_t index)
{
    CHECK(index < STACKS);
    return &stacks[index];
}

TCP_Connections *stack_tc(const Stack *s)
{
    return nc_get_tcp_c(s->nc);
}

static void turn_of(unsigned ms)
{
    W.ms += ms;
    step();
    /* The relays' answers take a moment. */
    usleep(100);
}

void turn(void)
{
    turn_of(TURN_MS);
}

void turns(unsigned count)
{
    for (unsigned i = 0; i < count; ++i) {
        turn();
    }
}

bool turn_until(bool (*done)(void *arg), void *arg, unsigned seconds, unsigned ms)
{
    for (unsigned i = 0; i < 1000 * seconds / ms && !done(arg); ++i) {
        turn_of(ms);
    }

    return done(arg);
}

/* ---- links ---- */

Link *newest(Stack *s)
{
    CHECK(s->links > 0);
    return &s->link[s->links - 1];
}

void stack_ask(Stack *from, const Stack *to, Relay *const *relays, size_t count)
{
    const int id = new_crypto_connection(from->nc, nc_get_self_public_key(to->nc),
                                         dht_get_self_public_key(to->dht));
    add_link(from, id);
    stack_share(from, relays, count);
}

void stack_share(Stack *s, Relay *const *relays, size_t count)
{
    for (size_t i = 0; i < count; ++i) {
        const IP_Port addr = relay_address(relays[i]);
        add_tcp_relay_peer(s->nc, newest(s)->id, &addr, relays[i]->pk);
    }
}

static bool both_up(void *arg)
{
    Stack **both = (Stack **)arg;
    return both[0]->links > 0 && both[1]->links > 0 && newest(both[0])->up && newest(both[1])->up;
}

void stack_await_up(Stack *a, Stack *b)
{
    Stack *both[] = {a, b};

    if (!turn_until(both_up, both, 60, TURN_MS)) {
        fail_at(__FILE__, __LINE__, "no crypto connection; relays connected: %u and %u",
                tcp_connected_relays_count(stack_tc(a)), tcp_connected_relays_count(stack_tc(b)));
    }
}

/* Fills net_crypto's queue as far as it goes. */
static void feed(Stack *s, uint32_t packets)
{
    Link *link = newest(s);
    uint8_t data[1000] = {PACKET_ID};

    while (link->sent < packets) {
        memcpy(data + 1, &link->sent, 4);
        const uint16_t length = (uint16_t)(5 + (link->sent * 37) % 995);

        if (write_cryptpacket(s->nc, link->id, data, length, true) == -1) {
            return;
        }

        ++link->sent;
    }
}

uint64_t stack_exchange(Stack *a, Stack *b, uint32_t packets)
{
    const uint32_t wanted[] = {newest(a)->received + packets, newest(b)->received + packets};
    Link *const links[] = {newest(a), newest(b)};
    uint32_t seen[] = {links[0]->received, links[1]->received};
    uint64_t heard[] = {W.ms, W.ms};
    uint64_t silence = 0;

    for (unsigned i = 0; links[0]->received < wanted[0] || links[1]->received < wanted[1]; ++i) {
        feed(a, wanted[1]);
        feed(b, wanted[0]);

        if (i >= TURNS_MAX) {
            fail_at(__FILE__, __LINE__, "%u and %u of %u packets are missing",
                    wanted[0] - links[0]->received, wanted[1] - links[1]->received, packets);
        }

        turn();

        for (int k = 0; k < 2; ++k) {
            const bool done = links[k]->received >= wanted[k];
            silence = !done && W.ms - heard[k] > silence ? W.ms - heard[k] : silence;
            heard[k] = links[k]->received > seen[k] ? W.ms : heard[k];
            seen[k] = links[k]->received;
        }
    }

    return silence;
}
