/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * net_crypto over real relays, with both modules in place.
 */
#include "stack.h"

enum { RELAYS = 3 };

static Relay *relays[RELAYS];
static Stack *a;
static Stack *b;

static void open_all(bool udp)
{
    stacks_open(udp);
    a = stack(0);
    b = stack(1);

    for (size_t i = 0; i < RELAYS; ++i) {
        relays[i] = relay_start(false, 0);
    }
}

/* The one who is asked has to be at the relays already. */
static void join(Stack *s)
{
    for (size_t i = 0; i < RELAYS; ++i) {
        const IP_Port addr = relay_address(relays[i]);
        CHECK_EQ(add_tcp_relay(s->nc, &addr, relays[i]->pk), 0);
    }
}

static uint32_t online_relays(const Stack *s)
{
    bool udp = false;
    uint32_t count = 0;
    CHECK(crypto_connection_status(s->nc, s->link[s->links - 1].id, &udp, &count));
    return count;
}

static bool all_online(void *arg)
{
    (void)arg;
    return online_relays(a) == RELAYS && online_relays(b) == RELAYS;
}

static void connect_both(void)
{
    join(b);
    turns(50);
    stack_ask(a, b, relays, RELAYS);
    stack_await_up(a, b);
    /* As friend_connection does when the other shares its relays. */
    stack_share(b, relays, RELAYS);
    CHECK(turn_until(all_online, NULL, 30, TURN_MS));
}

static void thousand_packets(void)
{
    open_all(false);
    connect_both();
    stack_exchange(a, b, 1000);
    stacks_close();
}

/* Killed on one side: the other hears of it; asked for again, it works again. */
static void killed_and_again(void)
{
    open_all(false);
    connect_both();

    for (int round = 0; round < 3; ++round) {
        stack_exchange(a, b, 50);
        Link *at_b = newest(b);
        CHECK_EQ(crypto_kill(a->nc, newest(a)->id), 0);
        turns(50);
        CHECK(!at_b->up);
        stack_ask(a, b, relays, RELAYS);
        stack_await_up(a, b);
    }

    stack_exchange(a, b, 50);
    stacks_close();
}

/* Three who all know one another. */
static void three(void)
{
    open_all(false);
    Stack *c = stack(2);
    connect_both();
    join(c);
    stack_exchange(a, b, 100);
    stack_ask(a, c, relays, RELAYS);
    stack_await_up(a, c);
    stack_exchange(a, c, 100);
    stack_ask(c, b, relays, RELAYS);
    stack_await_up(c, b);
    stack_exchange(c, b, 100);
    stacks_close();
}

/* The relays go one by one under a transfer. What was sent comes, in order; the result is the
 * longest silence in virtual time. */
static uint64_t transfer_while(void (*loses)(Relay *relay))
{
    uint64_t longest = 0;
    open_all(false);
    connect_both();
    stack_exchange(a, b, 200);

    for (size_t i = 0; i < RELAYS - 1; ++i) {
        loses(relays[i]);
        const uint64_t silence = stack_exchange(a, b, 200);
        longest = silence > longest ? silence : longest;
    }

    stacks_close();
    return longest;
}

static void freeze(Relay *relay)
{
    relay->paused = true;
}

static void relays_freeze(void) { transfer_while(freeze); }

/* net_crypto notices, too, and asks again for what is missing. */
static void short_silence(void (*loses)(Relay *relay))
{
    const uint64_t longest = transfer_while(loses);

    if (longest > 3000) {
        fail_at(__FILE__, __LINE__, "nothing came for %llu ms", (unsigned long long)longest);
    }
}

static void relays_die(void) { short_silence(relay_stop); }
static void relays_freeze_unnoticed(void) { short_silence(freeze); }

/* ---- UDP ---- */

static bool direct(const Stack *s)
{
    bool udp = false;
    uint32_t online = 0;
    CHECK(crypto_connection_status(s->nc, s->link[s->links - 1].id, &udp, &online));
    return udp;
}

static bool both_direct(void *arg)
{
    (void)arg;
    return direct(a) && direct(b);
}

static bool relays_asleep(const Stack *s)
{
    return tcp_connected_relays_count(stack_tc(s)) == 0;
}

/* A relay of 0.2.22 tells at once who has gone. Only a relay with somebody online falls asleep, so the
 * side that comes second stays connected there, while it hears of nobody. */
static bool both_asleep(void *arg)
{
    (void)arg;
#if TOX_ABI < 222
    return relays_asleep(a) && relays_asleep(b);
#else
    return online_relays(a) == 0 && online_relays(b) == 0 && (relays_asleep(a) || relays_asleep(b));
#endif
}

/* The first time it is news; later the address is known, and tried again when it is heard from. */
static void go_direct(Stack *s, const Stack *to, bool news)
{
    const IP_Port addr = address("127.0.0.1", net_ntohs(net_port(to->net)));
    CHECK_EQ(set_direct_ip_port(s->nc, newest(s)->id, &addr, true), news ? 0 : -1);
}

/* While UDP works the relays sleep; when it ends they wake, and nothing is lost. */
static void sleep_with_udp(void)
{
    open_all(true);
    connect_both();
    stack_exchange(a, b, 100);

    for (int round = 0; round < 2; ++round) {
        a->deaf = false;
        b->deaf = false;
        go_direct(a, b, round == 0);
        go_direct(b, a, round == 0);
        CHECK(turn_until(both_direct, NULL, 30, TURN_MS));
        stack_exchange(a, b, 100);
        CHECK(turn_until(both_asleep, NULL, 60, 50));
        stack_exchange(a, b, 100);
        a->deaf = true;
        b->deaf = true;
        stack_exchange(a, b, 100);
        CHECK(turn_until(all_online, NULL, 60, TURN_MS));
        CHECK(!direct(a) && !direct(b));
        stack_exchange(a, b, 100);
    }

    stacks_close();
}

int main(int argc, char **argv)
{
    const Test tests[] = {
        {"thousand_packets", thousand_packets, 0, 30},
        {"killed_and_again", killed_and_again, T_FAST, 30},
        {"three", three, 0, 30},
        {"relays_freeze", relays_freeze, 0, 60},
        {"relays_die", relays_die, 0, 60},
        {"relays_freeze_unnoticed", relays_freeze_unnoticed, T_OURS, 60},
        {"sleep_with_udp", sleep_with_udp, 0, 60},
    };

    return run_tests("crypto", tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
