/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The calls of the API, each with a line in the trace, and the moves that most scenarios begin with. */
#include "suite.h"

#include <string.h>

static int done(const char *what, long argument, const char *more, int value)
{
    if (!world.mute) {
        t_line("call %s %ld %s -> %d", what, argument, more, value);
    }

    look();
    return value;
}

int api_add(unsigned k)
{
    uint8_t key[32];
    memcpy(key, real_key(k), 32);
    const int id = new_friend_connection(world.fc, key);

    if (id >= world.watch && id < 12) {
        world.watch = id + 1;
    }

    return done("new_friend_connection", (long)k, "", id);
}

int api_kill(int id)
{
    return done("kill_friend_connection", id, "", kill_friend_connection(world.fc, id));
}

int api_lock(int id)
{
    return done("friend_connection_lock", id, "", friend_connection_lock(world.fc, id));
}

int api_find(unsigned k)
{
    uint8_t key[32];
    memcpy(key, real_key(k), 32);
    return done("getfriend_conn_id_pk", (long)k, "", getfriend_conn_id_pk(world.fc, key));
}

void api_key(int id, unsigned p)
{
    uint8_t key[32];
    memcpy(key, dht_key(p), 32);
    key_event_begin(id, key);
    set_dht_temp_pk(world.fc, id, key, userdata(FROM_KEY));
    key_event_end();
    done("set_dht_temp_pk", id, key_name(key), 0);
}

unsigned api_status(int id)
{
    return friend_con_connected(world.fc, id);
}

int api_crypto(int id)
{
    return friend_connection_crypt_connection_id(world.fc, id);
}

int api_callbacks(int id, unsigned index, int number)
{
    char more[60];
    const bool second = index == 1;
    const int value = friend_connection_callbacks(world.fc, id, index, second ? on_status1 : on_status0,
                      second ? on_data1 : on_data0, second ? on_lossy1 : on_lossy0, new_object(), number);
    snprintf(more, sizeof(more), "index %u number %d", index, number);
    return done("friend_connection_callbacks", id, more, value);
}

int api_clear(int id, unsigned index)
{
    return done("friend_connection_callbacks", id, "cleared",
                friend_connection_callbacks(world.fc, id, index, NULL, NULL, NULL, NULL, 0));
}

void api_global(void)
{
    set_global_status_callback(world.fc, on_global, new_object());
}

void api_request_handler(void)
{
    set_friend_request_callback(world.fc, on_request, new_object());
    done("set_friend_request_callback", 0, "", 0);
}

int api_send_request(int id, size_t n)
{
    static uint8_t message[65536];
    char more[60];

    for (size_t i = 0; i < sizeof(message); ++i) {
        message[i] = (uint8_t)(i * 3 + 1);
    }

    const int value = send_friend_request_packet(world.fc, id, 0x44332211, message, (uint16_t)n);
    snprintf(more, sizeof(more), "length %zu", n);
    return done("send_friend_request_packet", id, more, value);
}

const IP_Port *api_address(int id)
{
    const Friend_Conn *const conn = get_conn(world.fc, id);
    return conn == NULL ? NULL : friend_conn_get_dht_ip_port(conn);
}

int api_onion(int id)
{
    const Friend_Conn *const conn = get_conn(world.fc, id);
    return conn == NULL ? -1 : friend_conn_get_onion_friendnum(conn);
}

unsigned api_dht(int id)
{
    uint8_t key[32];

    if (get_friendcon_public_keys(NULL, key, world.fc, id) != 0 || key_number(key, 'P') < 0) {
        return 0;
    }

    return (unsigned)key_number(key, 'P');
}

void it(void)
{
    ++trace_step;
    do_friend_connections(world.fc, userdata(FROM_IT));
    look();
}

void its(unsigned n)
{
    for (unsigned i = 0; i < n; ++i) {
        it();
    }
}

void clock_add(uint64_t seconds)
{
    world.now += seconds;

    if (!world.mute) {
        t_line("clock +%lu", (unsigned long)seconds);
    }
}

void run_seconds(unsigned n)
{
    for (unsigned i = 0; i < n; ++i) {
        ++world.now;
        it();
    }

    if (!world.mute) {
        t_line("clock +%u", n);
    }
}

/* ------------------------------------------------------------- frequent moves */

int searching(unsigned k)
{
    const int id = api_add(k);

    if (id < 0) {
        fail("friend %u was not added", k);
    }

    api_callbacks(id, 0, 100 + id);
    api_callbacks(id, 1, 200 + id);
    saw_nothing();
    return id;
}

int connecting(unsigned k, unsigned p)
{
    const int id = searching(k);
    api_key(id, p);

    if (api_crypto(id) < 0) {
        fail("friend %u has no attempt", k);
    }

    saw_nothing();
    return id;
}

int online(unsigned k, unsigned p)
{
    const int id = connecting(k, p);
    ev_up(api_crypto(id));

    if (api_status(id) != FRIENDCONN_STATUS_CONNECTED) {
        fail("friend %u is not connected", k);
    }

    saw_nothing();
    return id;
}

int connected(unsigned k, unsigned p)
{
    const int id = online(k, p);
    it();
    const char *const got = saw_text();

    if (strcmp(got, first_words(api_crypto(id))) != 0) {
        fail("the first iteration of friend %u did: %s", k, got);
    }

    return id;
}

const char *first_words(int crypto)
{
    static char text[200];
    const int c = crypto;
    snprintf(text, sizeof(text),
             "write(%d,16,1) copy(0)=3 rpeer(%d,R901) rpeer(%d,R902) rpeer(%d,R903) write(%d,17,118)", c, c, c, c, c);
    return text;
}

void relays_known(int slot, unsigned first, unsigned n)
{
    for (unsigned i = 0; i < n; ++i) {
        ev_relay_n(slot, first + i);
    }

    saw_nothing();
}
