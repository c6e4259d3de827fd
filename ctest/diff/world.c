/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The client under test and everything it is given: clock, logger, keys, callbacks. */
#include "diff.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

World world;

/* Opaque tokens, as the upstream tests pass them: never to be dereferenced. */
#define OBJECT(cb) ((void *)(uintptr_t)(101 + (cb)))
#define USERDATA ((void *)(uintptr_t)77)

static const char *const callback_names[CALLBACKS] = {
    "response", "status", "data", "oob", "onion", "forwarding",
};

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

    if (world.logged <= 20) {
        t_note("log level %d: %s", (int)level, message);
    }
}

void world_setup(Mode mode)
{
    memset(&world, 0, sizeof(world));
    world.mode = mode;
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

    logger_callback_log(world.log, on_log, NULL, NULL);
    relay_setup();
    random_restart(1);
}

void world_free(void)
{
    close_client();
    far_shutdown();
    relay_free();
    mono_time_free(world.mono);
    logger_kill(world.log);
}

void world_again(void)
{
    close_client();
    relay_free();
    relay_setup();
    random_restart(1);
    trace_step = 0;
    memset(world.calls, 0, sizeof(world.calls));
    world.all_calls = 0;
}

void clock_add(unsigned seconds)
{
    world.clock_ms += (uint64_t)seconds * 1000;
    mono_time_update(world.mono);
    t_line("clock +%u", seconds);
}

const uint8_t *peer_key(uint8_t fill)
{
    static uint8_t key[32];
    memset(key, fill, sizeof(key));
    return key;
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

static void called(Callback which, const void *obj, const void *userdata, uint8_t con_id)
{
    ++world.calls[which];
    ++world.all_calls;

    if (obj != OBJECT(which)) {
        fail("callback %s got another object", callback_names[which]);
    }

    if (which >= CB_DATA && userdata != USERDATA) {
        fail("callback %s got another userdata", callback_names[which]);
    }

    if (world.hook != NULL) {
        world.hook(which, con_id);
    }
}

static int on_response(void *obj, uint8_t con_id, const uint8_t *public_key)
{
    if (!world.mute) {
        t_line("callback response con_id=%u key=%02x..%02x", con_id, public_key[0], public_key[31]);
    }

    called(CB_RESPONSE, obj, NULL, con_id);
    return 0;
}

static int on_status(void *obj, uint32_t number, uint8_t con_id, uint8_t state)
{
    if (!world.mute) {
        t_line("callback status number=%u con_id=%u status=%u", number, con_id, state);
    }

    called(CB_STATUS, obj, NULL, con_id);
    return 0;
}

static int on_data(void *obj, uint32_t number, uint8_t con_id, const uint8_t *data, uint16_t len, void *userdata)
{
    if (!world.mute) {
        char label[80];
        snprintf(label, sizeof(label), "callback data number=%u con_id=%u", number, con_id);
        t_bytes(label, data, len);
    }

    called(CB_DATA, obj, userdata, con_id);
    return 0;
}

static int on_oob(void *obj, const uint8_t *public_key, const uint8_t *data, uint16_t len, void *userdata)
{
    if (!world.mute) {
        char label[80];
        snprintf(label, sizeof(label), "callback oob key=%02x..%02x", public_key[0], public_key[31]);
        t_bytes(label, data, len);
    }

    called(CB_OOB, obj, userdata, 0);
    return 0;
}

static int on_onion(void *obj, const uint8_t *data, uint16_t len, void *userdata)
{
    if (!world.mute) {
        t_bytes("callback onion", data, len);
    }

    called(CB_ONION, obj, userdata, 0);
    return 0;
}

static void on_forward(void *obj, const uint8_t *data, uint16_t len, void *userdata)
{
    if (!world.mute) {
        t_bytes("callback forwarding", data, len);
    }

    called(CB_FORWARD, obj, userdata, 0);
}

void register_handlers(void)
{
    routing_response_handler(world.con, on_response, OBJECT(CB_RESPONSE));
    routing_status_handler(world.con, on_status, OBJECT(CB_STATUS));
    routing_data_handler(world.con, on_data, OBJECT(CB_DATA));
    oob_data_handler(world.con, on_oob, OBJECT(CB_OOB));
    onion_response_handler(world.con, on_onion, OBJECT(CB_ONION));
    forwarding_handler(world.con, on_forward, OBJECT(CB_FORWARD));
}

/* ----------------------------------------------------------- creation and end */

Setup setup_direct(void)
{
    const Setup setup = {.address = AT_FAR_END, .family = 2, .proxy = -1, .proxy_family = 2};
    return setup;
}

Setup setup_proxy(int type, uint8_t target_family)
{
    const Setup setup = {.address = AT_DOCUMENTATION, .family = target_family, .proxy = type, .proxy_family = 2};
    return setup;
}

static IP_Port address(Address at, uint8_t family, uint16_t port)
{
    IP_Port ipp;
    memset(&ipp, 0, sizeof(ipp));
    const bool six = family == 10 || family == 13;
    const char *text = six ? "::1" : "127.0.0.1";

    if (at == AT_DOCUMENTATION) {
        text = six ? "2001:db8::1" : "192.0.2.7";
        port = six ? 443 : 33445;
    } else if (at == AT_BROADCAST) {
        text = "255.255.255.255";
    }

    addr_parse_ip(text, &ipp.ip);
    ipp.ip.family.value = family;
    ipp.port = net_htons(port);
    return ipp;
}

/* One line whenever randomness was drawn since the last one. */
static void trace_draws(void)
{
    static Draws shown;

    if (memcmp(&shown, &draws, sizeof(draws)) != 0) {
        t_line("draws: calls %lu bytes %lu, key pair bytes %lu", draws.calls, draws.bytes, draws.keypair);
        shown = draws;
    }
}

static TCP_Client_Connection *new_client(const uint8_t *relay_pk, const TCP_Proxy_Info *proxy)
{
#if TOX_ABI == 218
    return new_TCP_connection(world.log, world.mono, &test_random, &test_network, &world.relay_addr, relay_pk,
                              world.self_pk, world.self_sk, proxy);
#elif TOX_ABI == 220
    return new_tcp_connection(world.log, world.memory, world.mono, &test_random, &test_network, &world.relay_addr,
                              relay_pk, world.self_pk, world.self_sk, proxy);
#else
    return new_tcp_connection(world.log, world.memory, world.mono, &test_random, &test_network, &world.relay_addr,
                              relay_pk, world.self_pk, world.self_sk, proxy, world.profile);
#endif
}

bool open_client(const Setup *setup)
{
    relay.stage = setup->proxy > 0 ? STAGE_PROXY : STAGE_HANDSHAKE;
    const uint8_t far_family = setup->proxy >= 0 ? setup->proxy_family : setup->family;
    const Net_Faults asked = net_faults;
    far_open(world.mode, far_family == 10 ? 10 : 2, !setup->refused);
    net_faults.fail_socket = asked.fail_socket;
    net_faults.fail_nonblock = asked.fail_nonblock;
    net_faults.any_family = asked.any_family;
    net_faults.connect_errno = asked.connect_errno;

    TCP_Proxy_Info proxy;
    memset(&proxy, 0, sizeof(proxy));
    proxy.proxy_type = (uint8_t)setup->proxy;
    proxy.ip_port = address(AT_FAR_END, setup->proxy_family, far_port());
    world.relay_addr = address(setup->address, setup->family, far_port());
    world.con = new_client(setup->pk != NULL ? setup->pk : relay.pk, setup->proxy >= 0 ? &proxy : NULL);

    if (world.con == NULL) {
        t_line("create: NULL, sockets left open %u", net_counts.sockets - net_counts.closes);
        trace_draws();
        return false;
    }

    t_line("create: object, status %d, sockets %u", status(), net_counts.sockets);
    trace_draws();
    register_handlers();

    if (!setup->refused && !setup->unreachable) {
        far_accept();
    }

    return true;
}

void close_client(void)
{
    if (world.con == NULL) {
        return;
    }

    relay_read();
    const size_t frames = relay.frames;
    kill_TCP_connection(world.con);
    world.con = NULL;
    relay_read();
    t_line("kill: far end sees the end %s, sockets left open %u, frames sent %zu", far_sees_end() ? "yes" : "no",
           net_counts.sockets - net_counts.closes, (size_t)relay.frames - frames);
}

/* ---------------------------------------------------------------------- steps */

int status(void)
{
    return (int)tcp_con_status(world.con);
}

void step(void)
{
    ++trace_step;
    world.logged = 0;
    const int before = status();
    do_TCP_connection(world.log, world.mono, world.con, USERDATA);

    if (world.con == NULL) {
        t_line("step: killed inside");
        return;
    }

    t_line("step: status %d", status());
    relay_read();
    trace_draws();

    if (DIFF_OURS && before != 7 && status() == 7 && world.logged == 0) {
        fail("the connection ended without a reason in the log");
    }
}

void steps(unsigned n)
{
    for (unsigned i = 0; i < n; ++i) {
        step();
    }
}

void confirmed(void)
{
    const Setup setup = setup_direct();

    if (!open_client(&setup)) {
        fail("no client");
        return;
    }

    step();
    relay_answer();
    step();
    relay_pong();
    step();
    expect("status", status(), 6);
}

void make_registered(uint8_t con_id, uint8_t fill)
{
    do_routing_request(peer_key(fill));
    relay_response((uint8_t)(con_id + 16), peer_key(fill));
    step();
}

void make_online(uint8_t con_id, uint8_t fill)
{
    make_registered(con_id, fill);
    relay_notify(2, (uint8_t)(con_id + 16));
    step();
}
