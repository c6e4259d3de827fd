/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The object under test and everything it is given: clock, logger, keys, callbacks. */
#include "suite.h"

#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

World world;
const Far_Backend *far_end = &sim_far;

/* Opaque tokens: never to be dereferenced. */
#define OBJECT(cb) ((void *)(uintptr_t)(101 + (cb)))
#define USERDATA ((void *)(uintptr_t)77)

static const char *const callback_names[CALLBACKS] = {"data", "oob", "onion", "forwarding"};

static uint64_t on_clock(void *user_data)
{
    (void)user_data;
    return world.clock_ms;
}

static void on_log(void *context, Logger_Level level, const char *file, Log_Line line, const char *func,
                   const char *message, void *userdata)
{
    (void)context;
    (void)file;
    (void)line;
    (void)func;
    (void)userdata;
    ++world.logged;

    if (world.logged <= 200) {
        t_note("log level %d: %s", (int)level, message);
    }
}

void world_setup(Mode mode)
{
    memset(&world, 0, sizeof(world));
    world.clock_ms = 1000000;
    memset(world.self_sk, 0x41, sizeof(world.self_sk));
    crypto_scalarmult_base(world.self_pk, world.self_sk);
    world.log = logger_new();
    world.mono = mono_time_new(on_clock, NULL);
#if TOX_ABI > 218
    world.memory = os_memory();
#endif

    if (world.log == NULL || world.mono == NULL) {
        abort();
    }

    far_end = mode == MODE_SIM ? &sim_far : &tcp_far;
    logger_callback_log(world.log, on_log, NULL, NULL);
    relays_setup();
    world_open();
}

/* Who is connected at the end is a scenario's own business, and in the trace already. */
void world_free(void)
{
    QUIETLY(world_close());
    far_end->shutdown();
    relays_free();
    mono_time_free(world.mono);
    logger_kill(world.log);
}

TCP_Connections *new_object(void)
{
    const Network *const ns = far_end->network();
#if TOX_ABI == 218
    return new_tcp_connections(world.log, &test_random, ns, world.mono, world.self_sk, &world.proxy);
#elif TOX_ABI == 220
    return (new_tcp_connections)(world.log, world.memory, &test_random, ns, world.mono, world.self_sk, &world.proxy);
#else
    return (new_tcp_connections)(world.log, world.memory, &test_random, ns, world.mono, world.self_sk, &world.proxy,
                                 world.profile);
#endif
}

void world_open(void)
{
    random_restart(1);
    world.userdata = USERDATA;
    world.last_id = -1;
    world.tc = new_object();

    if (world.tc == NULL) {
        fail("no object");
        return;
    }

    register_callbacks();
}

void world_close(void)
{
    if (world.tc == NULL) {
        return;
    }

    look();
    kill_tcp_connections(world.tc);
    world.tc = NULL;
    look();

    if (far_end->open_sockets() > 0) {
        fail("%d sockets are open after the end", far_end->open_sockets());
    }
}

void world_again(void)
{
    world_close();
    trace_step = 0;
    world.clock_ms = 1000000;
    mono_time_update(world.mono);
    world.logged = 0;
    memset(world.calls, 0, sizeof(world.calls));
    world.all_calls = 0;
    world.peers = 0;
    world.hook = NULL;

    for (int r = 0; r < RELAYS; ++r) {
        Relay *const relay = &relays[r];
        relay->link = -1;
        relay->gap = 999;
        relay->connections = relay->handshakes = 0;
        relay->frames = relay->pings = 0;
        relay->room = -1;
        relay->send_errno = 0;
        relay->on_frame = NULL;
        relay->no_pongs = relay->silent = relay->show_pings = relay->refuses = false;
    }

    world_open();
}

/* ---------------------------------------------------------------------- steps */

static void trace_state(void)
{
    static char shown[400];
    char text[400];
    int n = snprintf(text, sizeof(text), "state: connected %u", connected());

    if (far_end->open_sockets() >= 0) {
        n += snprintf(text + n, sizeof(text) - (size_t)n, " sockets %d", far_end->open_sockets());
    }

    for (int conn = 0; conn < world.peers && n < 350; ++conn) {
        n += snprintf(text + n, sizeof(text) - (size_t)n, " online[%d] %u", conn,
                      tcp_connection_to_online_tcp_relays(world.tc, conn));
    }

    if (strcmp(shown, text) != 0) {
        t_line("%s", text);
        memcpy(shown, text, sizeof(shown));
    }
}

void look(void)
{
    if (world.inside) {
        return;
    }

    far_end->find();

    for (int r = 0; r < RELAYS; ++r) {
        if (relays[r].made) {
            relay_read(r);
            relay_tell(r);
        }
    }

    if (world.tc != NULL) {
        trace_state();
    }
}

void pass(void)
{
    ++trace_step;
    do_tcp_connections(world.log, world.tc, world.userdata);
    look();
}

void passes(unsigned n)
{
    for (unsigned i = 0; i < n; ++i) {
        pass();
    }
}

void clock_ms_add(unsigned ms)
{
    world.clock_ms += ms;
    mono_time_update(world.mono);
}

void clock_add(unsigned seconds)
{
    clock_ms_add(seconds * 1000);
    t_line("clock +%u", seconds);
}

void run_seconds(unsigned n)
{
    for (unsigned i = 0; i < n; ++i) {
        clock_ms_add(1000);
        pass();
    }

    t_line("clock +%u", n);
}

void ours_only(const char *why, void (*what)(void))
{
    t_line("only ours is checked: %s", why);

    if (DIFF_OURS) {
        QUIETLY(what());
    }

    QUIETLY(world_close());
}

/* ----------------------------------------------------------------- test bytes */

const uint8_t *peer_key(int p)
{
    static uint8_t key[32];
    memset(key, 0xa0 + p % 64, sizeof(key));
    key[30] = (uint8_t)p;
    key[31] = (uint8_t)(p >> 8);
    return key;
}

int peer_of_key(const uint8_t *key)
{
    const int p = key[30] | key[31] << 8;
    return memcmp(key, peer_key(p), 32) == 0 ? p : -1;
}

const uint8_t *payload(uint8_t fill)
{
    static uint8_t bytes[65536];

    for (size_t i = 0; i < sizeof(bytes); ++i) {
        bytes[i] = (uint8_t)(fill + i * 7 + (i >> 8));
    }

    return bytes;
}

/* ------------------------------------------------------------------ callbacks */

static void called(const Called *call, const void *obj, const void *userdata)
{
    ++world.calls[call->which];
    ++world.all_calls;

    if (obj != OBJECT(call->which)) {
        fail("callback %s got another object", callback_names[call->which]);
    }

    if (userdata != world.userdata) {
        fail("callback %s got another userdata", callback_names[call->which]);
    }

    char label[100];

    if (call->which == CB_DATA) {
        snprintf(label, sizeof(label), "callback data id %d", call->id);
    } else if (call->which == CB_OOB) {
        snprintf(label, sizeof(label), "callback oob peer %d relay %u", call->p, call->number);
    } else {
        snprintf(label, sizeof(label), "callback %s", callback_names[call->which]);
    }

    t_bytes(label, call->data, call->len);

    if (world.hook != NULL) {
        world.inside = true;
        world.hook(call);
        world.inside = false;
    }
}

static int on_data(void *obj, int id, const uint8_t *data, uint16_t len, void *userdata)
{
    const Called call = {.which = CB_DATA, .id = id, .p = -1, .data = data, .len = len};
    world.last_id = id;
    called(&call, obj, userdata);
    return 0;
}

static int on_oob(void *obj, const uint8_t *public_key, unsigned int relay_number, const uint8_t *data, uint16_t len,
                  void *userdata)
{
    const Called call = {
        .which = CB_OOB, .p = peer_of_key(public_key), .number = relay_number, .data = data, .len = len,
    };
    called(&call, obj, userdata);
    return 0;
}

static int on_onion(void *obj, const uint8_t *data, uint16_t len, void *userdata)
{
    const Called call = {.which = CB_ONION, .p = -1, .data = data, .len = len};
    called(&call, obj, userdata);
    return 0;
}

static void on_forward(void *obj, const uint8_t *data, uint16_t len, void *userdata)
{
    const Called call = {.which = CB_FORWARD, .p = -1, .data = data, .len = len};
    called(&call, obj, userdata);
}

void register_callbacks(void)
{
    set_packet_tcp_connection_callback(world.tc, on_data, OBJECT(CB_DATA));
    set_oob_packet_tcp_connection_callback(world.tc, on_oob, OBJECT(CB_OOB));
    set_onion_packet_tcp_connection_callback(world.tc, on_onion, OBJECT(CB_ONION));
    set_forwarding_packet_tcp_connection_callback(world.tc, on_forward, OBJECT(CB_FORWARD));
}

void unregister_callbacks(void)
{
    set_packet_tcp_connection_callback(world.tc, NULL, NULL);
    set_oob_packet_tcp_connection_callback(world.tc, NULL, NULL);
    set_onion_packet_tcp_connection_callback(world.tc, NULL, NULL);
    set_forwarding_packet_tcp_connection_callback(world.tc, NULL, NULL);
}
