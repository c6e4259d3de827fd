/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Calls from inside what the library itself calls: the injected network, the
 * random source and the logger. None of them may find it locked or half done.
 */
#include "stage.h"

#include <unistd.h>

static Stage stage;
/* Set while the test is inside its own intrusion. */
static bool inside;
static unsigned intrusions;
static uint32_t accepted;

/* Runs `what` wherever the library calls out, but not within itself. */
static void (*what)(TCP_Client_Connection *con);

static void guarded(void)
{
    if (!inside && stage.client != NULL && stage.client->con != NULL) {
        inside = true;
        ++intrusions;
        what(stage.client->con);
        inside = false;
    }
}

/* ---- looking and storing ---- */

static void look(TCP_Client_Connection *con)
{
    CHECK_EQ(tcp_con_status(con), TCP_CLIENT_CONFIRMED);
    CHECK_BYTES(tcp_con_public_key(con), stage.script.pk, 32);
    CHECK_EQ(tcp_con_ip_port(con).port, net_htons(stage.script.port));
    CHECK_EQ(set_tcp_connection_number(con, ID_SECOND, NUMBER_SECOND), 0);
    tcp_con_set_custom_uint(con, intrusions);
    CHECK_EQ(tcp_con_custom_uint(con), intrusions);
}

/* Everything that makes the library call out: packets in and out, a ping with
 * its random number, and log lines. */
static void stir(uint32_t rounds)
{
    uint8_t data[1000] = {0};

    for (uint32_t i = 0; i < rounds; ++i) {
        stage_send_rest(&stage);
        CHECK_EQ(send_oob_packet(W.log, stage.client->con, stage.second, data, 200), 1);
        CHECK_EQ(send_data(W.log, stage.client->con, 240, data, 200), -1);
        jump_seconds(1);
        step();
        usleep(200);
        step();
    }
}

static void look_from_inside(void)
{
    world_open();
    W.ns = &W.net;
    stage_open(&stage);
    const size_t at = stage.client->count;
    what = look;
    W.intrude = guarded;
    stir(35);
    W.intrude = NULL;
    CHECK(intrusions > 100);
    CHECK_EQ(stage.client->count, at + 35 * REST);
    CHECK_EQ(status_of(stage.client), TCP_CLIENT_CONFIRMED);
    stage_close(&stage);
    world_close();
}

/* ---- sending ---- */

/* It may be refused here, but if it is accepted it has to arrive. */
static void send_numbered(TCP_Client_Connection *con)
{
    const int result = send_data(W.log, con, ID_SECOND, (const uint8_t *)&accepted, 4);
    CHECK(result >= -1 && result <= 1);
    accepted += result == 1 ? 1 : 0;
}

static void send_from_inside(void)
{
    uint8_t plain[PLAIN_MAX];
    uint32_t seen = 0;
    uint32_t oobs = 0;
    world_open();
    W.ns = &W.net;
    stage_open(&stage);
    what = send_numbered;
    W.intrude = guarded;
    stir(25);
    W.intrude = NULL;
    CHECK(intrusions > 50);
    /* Longer than the delays of Nagle and of acknowledgements. */
    step_for(200);

    /* script_recv fails the test when a packet does not open in its turn. */
    while (script_recv(&stage.script, plain) > 0) {
        if (plain[0] == 16 + ID_SECOND) {
            CHECK_BYTES(plain + 1, &seen, 4);
            ++seen;
        }

        oobs += plain[0] == 6 ? 1 : 0;
    }

    CHECK_EQ(seen, accepted);
    CHECK_EQ(oobs, 25);
    CHECK_EQ(status_of(stage.client), TCP_CLIENT_CONFIRMED);
    stage_close(&stage);
    world_close();
}

/* ---- stepping ---- */

static void step_it(TCP_Client_Connection *con)
{
    do_TCP_connection(W.log, W.mono, con, stage.client);
}

static void step_from_inside(void)
{
    uint8_t plain[PLAIN_MAX];
    uint32_t packets = 0;
    world_open();
    W.ns = &W.net;
    stage_open(&stage);
    const size_t at = stage.client->count;
    what = step_it;
    W.intrude = guarded;
    stir(25);
    W.intrude = NULL;
    CHECK_EQ(stage.client->count, at + 25 * REST);

    for (uint32_t i = 0; i < 25; ++i) {
        CHECK_EQ(stage.client->events[at + i * REST + 1].kind, EV_OOB);
        CHECK_EQ(stage.client->events[at + i * REST + 3].kind, EV_FORWARDED);
    }

    while (script_recv(&stage.script, plain) > 0) {
        ++packets;
    }

    CHECK_EQ(packets, 25);
    stage_close(&stage);
    world_close();
}

/* ---- killing ---- */

static void kill_it(TCP_Client_Connection *con)
{
    (void)con;
    client_kill(stage.client);
}

static void kill_from_inside(void)
{
    world_open();
    W.ns = &W.net;
    what = kill_it;

    for (int way = 0; way < 3; ++way) {
        uint8_t plain[PLAIN_MAX];
        stage_open(&stage);
        TCP_Client_Connection *con = stage.client->con;
        const size_t at = stage.client->count;
        stage_send_rest(&stage);
        W.intrude = guarded;

        if (way == 0) {
            /* From the receive function. */
            usleep(2000);
            step();
        } else if (way == 1) {
            /* From the send function. */
            send_oob_packet(W.log, con, stage.second, stage.second, 32);
        } else {
            /* From the logger. */
            CHECK_EQ(send_data(W.log, con, 240, stage.second, 32), -1);
        }

        W.intrude = NULL;
        CHECK(stage.client->con == NULL);
        CHECK_EQ(stage.client->count, at);

        /* Whatever was on its way: then comes the end. */
        while (script_await(&stage.script, plain) > 0) {
        }

        stage_close(&stage);
    }

    world_close();
}

int main(int argc, char **argv)
{
    const Test tests[] = {
        {"look_from_inside", look_from_inside, T_FAST, 20},
        {"send_from_inside", send_from_inside, T_OURS | T_FAST, 20},
        {"step_from_inside", step_from_inside, T_FAST, 20},
        {"kill_from_inside", kill_from_inside, T_OURS | T_FAST, 20},
    };

    return run_tests("intrude", tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
