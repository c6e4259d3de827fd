/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What clients are given since toxcore 0.2.20: a Memory, and since 0.2.22 a Net_Profile for accounts
 * of their packets.
 */
#include "memory.h"
#include "script.h"

#include <unistd.h>

#if TOX_ABI == 220
#define make(mem, addr, relay_pk, keys, profile) \
    new_tcp_connection(W.log, mem, W.mono, W.rng, W.ns, addr, relay_pk, (keys)->pk, (keys)->sk, NULL)
#else
#define make(mem, addr, relay_pk, keys, profile) \
    new_tcp_connection(W.log, mem, W.mono, W.rng, W.ns, addr, relay_pk, (keys)->pk, (keys)->sk, NULL, profile)
#endif

/* ---- a Memory of the test's own ---- */

/* Whatever is taken from it is given back. */
static void memory_is_given_back(void)
{
    world_open();
    Relay *relay = relay_start(false, 0);
    const IP_Port addr = relay_address(relay);
    Client *a = client_new();
    a->con = make(memory_counted(), &addr, relay->pk, a, NULL);
    CHECK(a->con != NULL);
    client_watch(a);
    CHECK(step_until(confirmed, a, 5000));
    const Route r = route(a, client_to(relay));
    check_route_works(&r);
    CHECK_EQ(send_oob_packet(W.log, a->con, r.b->pk, relay->pk, 32), 1);
    await_events(r.b, EV_OOB, 1, 5000);
    client_kill(a);
    CHECK_EQ(memory_blocks(), 0);
    world_close();
}

/* A Memory with nothing to give: no object, or one that works; no socket is left open. */
static void memory_is_empty(void)
{
    world_open();
    W.ns = &W.net;
    Relay *relay = relay_start(false, 0);
    const IP_Port addr = relay_address(relay);
    const IP_Port nowhere = address("255.255.255.255", 33445);
    const IP_Port *const to[] = {&addr, &nowhere};

    for (size_t i = 0; i < 2; ++i) {
        Client *a = client_new();
        a->con = make(memory_empty(), to[i], relay->pk, a, NULL);

        if (a->con != NULL && i == 0) {
            client_watch(a);
            CHECK(step_until(confirmed, a, 5000));
        }

        client_kill(a);
    }

    CHECK_EQ(W.calls.sockets, W.calls.closes);
    world_close();
}

/* ---- accounts ---- */

#if TOX_ABI == 222
enum { DATA = 100, PACKETS = 5, FRAME = 2 + 16 };

#define SEND PACKET_DIRECTION_SEND
#define RECV PACKET_DIRECTION_RECV

static Net_Profile *profile;
static Route r;

static Client *client_with_accounts(const IP_Port *addr, const uint8_t *relay_pk)
{
    Client *client = client_new();
    profile = netprof_new(W.log, os_memory());
    CHECK(profile != NULL);
    client->con = make(os_memory(), addr, relay_pk, client, profile);
    CHECK(client->con != NULL);
    client_watch(client);
    return client;
}

static void accounts_open(void)
{
    world_open();
    Relay *relay = relay_start(false, 0);
    const IP_Port addr = relay_address(relay);
    Client *client = client_with_accounts(&addr, relay->pk);
    CHECK(step_until(confirmed, client, 5000));
    r = route(client, client_to(relay));
}

static void accounts_close(void)
{
    client_kill(r.a);
    netprof_kill(os_memory(), profile);
    world_close();
}

typedef struct Account {
    uint64_t packets;
    uint64_t bytes;
} Account;

static Account account(uint8_t id, Packet_Direction direction)
{
    return (Account){netprof_get_packet_count_id(profile, id, direction),
                     netprof_get_bytes_id(profile, id, direction)};
}

static void check_grown(uint8_t id, Packet_Direction direction, Account before, uint64_t packets, uint64_t each)
{
    const Account now = account(id, direction);
    CHECK_EQ(now.packets - before.packets, packets);
    CHECK_EQ(now.bytes - before.bytes, packets * each);
}

/* Under the packet's own id, each once, with its size on the wire. */
static void sent_is_accounted(void)
{
    uint8_t data[DATA] = {0};
    accounts_open();
    const uint8_t id = (uint8_t)(16 + r.id_at_a);
    const uint64_t all = netprof_get_packet_count_total(profile, SEND);
    const Account before = account(id, SEND);
    const Account requests = account(0, SEND);
    const Account oob = account(6, SEND);

    for (int i = 0; i < PACKETS; ++i) {
        CHECK_EQ(send_data(W.log, r.a->con, r.id_at_a, data, DATA), 1);
    }

    CHECK_EQ(send_oob_packet(W.log, r.a->con, r.b->pk, data, DATA), 1);
    CHECK_EQ(send_routing_request(W.log, r.a->con, data), 1);
    /* What does not go out is not accounted for. */
    CHECK_EQ(send_data(W.log, r.a->con, r.id_at_a, data, 0), 1);
    CHECK_EQ(send_data(W.log, r.a->con, r.id_at_a, data, 2032), -1);
    CHECK_EQ(send_data(W.log, r.a->con, 200, data, DATA), -1);
    step_for(20);
    check_grown(id, SEND, before, PACKETS, FRAME + 1 + DATA);
    check_grown(6, SEND, oob, 1, FRAME + 33 + DATA);
    check_grown(0, SEND, requests, 1, FRAME + 33);
    CHECK_EQ(netprof_get_packet_count_total(profile, SEND) - all, PACKETS + 2);
    accounts_close();
}

/* A packet that leaves in pieces is one packet. The relay is a script: toxcore's own may stop reading
 * for good once its window has closed. */
static void sent_with_a_full_socket(void)
{
    enum { ID = 7, SIZE = 1300 };
    static uint8_t data[SIZE];
    uint8_t plain[PLAIN_MAX];
    Script script;
    uint64_t accepted = 0;
    world_open();
    script_open(&script);
    const IP_Port addr = script_address(&script);
    Client *client = client_with_accounts(&addr, script.pk);
    script_accept(&script);
    script_greet(&script, client);
    script_route(&script, client, script.pk, ID);

    for (unsigned refused = 0; refused < 200;) {
        const int result = send_data(W.log, client->con, ID, data, SIZE);
        CHECK(result == 1 || result == 0);
        accepted += (uint64_t)result;
        refused = result == 1 ? 0 : refused + 1;

        if (result == 0) {
            usleep(100);
        }
    }

    CHECK(accepted > 50);

    for (uint64_t i = 0; i < accepted; ++i) {
        CHECK_EQ(script_await(&script, plain), 1 + SIZE);
    }

    check_grown(16 + ID, SEND, (Account){0, 0}, accepted, FRAME + 1 + SIZE);
    client_kill(client);
    netprof_kill(os_memory(), profile);
    script_close(&script);
    world_close();
}

/* Under the packet's id, with its plain size: as the original does. */
static void received_is_accounted(void)
{
    uint8_t data[DATA] = {0};
    accounts_open();
    const uint8_t id = (uint8_t)(16 + r.id_at_a);
    const Account before = account(id, RECV);
    const Account oob = account(7, RECV);
    const Account answers = account(1, RECV);

    for (int i = 0; i < PACKETS; ++i) {
        CHECK_EQ(send_data(W.log, r.b->con, r.id_at_b, data, DATA), 1);
    }

    CHECK_EQ(send_oob_packet(W.log, r.b->con, r.a->pk, data, DATA), 1);
    CHECK_EQ(send_routing_request(W.log, r.a->con, W.relays[0].pk), 1);
    await_events(r.a, EV_OOB, 1, 5000);
    await_events(r.a, EV_RESPONSE, 2, 5000);
    check_grown(id, RECV, before, PACKETS, 1 + DATA);
    check_grown(7, RECV, oob, 1, 33 + DATA);
    check_grown(1, RECV, answers, 1, 34);
    accounts_close();
}
#endif

int main(int argc, char **argv)
{
    const Test tests[] = {
        {"memory_is_given_back", memory_is_given_back, T_FAST, 20},
        {"memory_is_empty", memory_is_empty, T_FAST, 20},
#if TOX_ABI == 222
        {"sent_is_accounted", sent_is_accounted, T_OURS | T_FAST, 20},
        {"sent_with_a_full_socket", sent_with_a_full_socket, T_OURS, 20},
        {"received_is_accounted", received_is_accounted, T_FAST, 20},
#endif
    };

    return run_tests("later", tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
