/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Specification 9 and 17.6: friend requests, out and in. */
#include "suite.h"

static void fc72(void)
{
    saw_nothing();
    api_request_handler();
    saw("onion_handler(32)");
    expect("the onion client calls the same function", near.onion_data == on_request, 1);
    expect("object", (long)(intptr_t)near.onion_data_object, 1);
    expect("result", ev_onion_request(7, 50), 0);
    saw("FR(k7,32,50)");
    set_friend_request_callback(world.fc, NULL, NULL);
    saw("onion_handler(none)");
    online(1, 1);
    expect("packet 18", ev_packet(0, 18, 50), 0);
    saw("");
    /* a function without an object, and the other way round */
    set_friend_request_callback(world.fc, on_request, NULL);
    saw("onion_handler(32)");
    ev_packet(0, 18, 50);
    saw("FR(k1,18,50)");
    set_friend_request_callback(world.fc, NULL, new_object());
    ev_packet(0, 18, 50);
    saw("onion_handler(none)");
}

static void fc73(void)
{
    searching(1);
    expect("0", api_send_request(0, 0), -1);
    saw("");
    expect("1", api_send_request(0, 1), 1);
    saw("onion_data(0,32,6)");
    expect("1016", api_send_request(0, 1016), 1);
    saw("onion_data(0,32,1021)");
    expect("1017", api_send_request(0, 1017), -1);
    expect("65535", api_send_request(0, 65535), -1);
    expect("65531", api_send_request(0, 65531), -1);
    expect("65530", api_send_request(0, 65530), -1);
    expect("invalid id", api_send_request(5, 10), -1);
    expect("invalid id and length", api_send_request(5, 0), -1);
    saw("");
    expect("NULL without length", send_friend_request_packet(world.fc, 0, 1, NULL, 0), -1);
    saw("");
}

static void fc74(void)
{
    static const int results[][2] = {{0, -1}, {-1, -1}, {-5, -1}, {1, 1}, {2, 2}, {8, 8}};
    searching(1);

    for (unsigned i = 0; i < 6; ++i) {
        answers.onion_data = results[i][0];
        expect("result", api_send_request(0, 100), results[i][1]);
    }

    saw_nothing();
    /* with an attempt under way it goes through the onion all the same */
    api_key(0, 1);
    saw_nothing();
    api_send_request(0, 100);
    saw("onion_data(0,32,105)");
}

static void fc75(void)
{
    connected(1, 1);
    expect("accepted", api_send_request(0, 100), 1);
    saw("write(0,18,105)");
    answers.write_refused = true;
    expect("refused", api_send_request(0, 100), 0);
    saw("write(0,18,105)=-1");
    answers.write_refused = false;
    expect("longest", api_send_request(0, 1016), 1);
    saw("write(0,18,1021)");
    expect("too long", api_send_request(0, 1017), -1);
    expect("none", api_send_request(0, 0), -1);
    saw("");
    ev_down(0);
    saw_nothing();
    api_send_request(0, 1);
    saw("onion_data(0,32,6)");
}

/* The number 0 of write_cryptpacket is a success. */
static void packet_number_zero(void)
{
    online(1, 1);
    expect("first packet of all", near.packets, 0);
    expect("result", api_send_request(0, 3), 1);
    saw("write(0,18,8)");
}

static void every_length(void)
{
    searching(1);
    quiet_begin();

    for (size_t n = 0; n <= 1030; ++n) {
        api_send_request(0, n);
    }

    const char *const digest = quiet_end();
    t_line("%s", digest);
    expect("sent", near.sends, 1016);
    saw_nothing();
}

/* Who asks with packet 18 is named by the real key of the slot. */
static void source_key(void)
{
    connected(1, 1);
    connected(2, 2);
    api_request_handler();
    saw_nothing();
    ev_packet(1, 18, 9);
    ev_packet(0, 18, 9);
    saw("FR(k2,18,9) FR(k1,18,9)");
}

/* The sender's nospam is 4 bytes as they lie in memory. */
static void nospam(void)
{
    searching(1);
    expect("zero", send_friend_request_packet(world.fc, 0, 0, (const uint8_t *)"abc", 3), 1);
    expect("all ones", send_friend_request_packet(world.fc, 0, 0xffffffffu, (const uint8_t *)"abc", 3), 1);
    expect("byte order", send_friend_request_packet(world.fc, 0, 0x01020304u, (const uint8_t *)"abc", 3), 1);
    saw("onion_data(0,32,8) onion_data(0,32,8) onion_data(0,32,8)");
}

const Scenario request_scenarios[] = {
    {"FC-72", SIM, fc72, 0},
    {"FC-73", SIM, fc73, 0},
    {"FC-74", SIM, fc74, 0},
    {"FC-75", SIM, fc75, 0},
    {"request-packet-number-zero", SIM, packet_number_zero, 0},
    {"request-every-length", SIM, every_length, 0},
    {"request-source-key", SIM, source_key, 0},
    {"request-nospam", SIM, nospam, 0},
    {NULL, 0, NULL, 0},
};
