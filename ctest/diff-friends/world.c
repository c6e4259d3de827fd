/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The object under test, what can be seen of its state, and the callbacks above it. */
#include "suite.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define START 1000000

World world;

static void on_log(void *context, Logger_Level level, const char *file, Log_Line line, const char *func,
                   const char *message, void *userdata)
{
    (void)context;
    (void)file;
    (void)line;
    (void)func;
    (void)userdata;
    ++world.logged;
    world.errors += level == LOGGER_LEVEL_ERROR;

    if (world.logged <= 200) {
        t_note("log level %d: %s", (int)level, message);
    }
}

void world_setup(Mode mode)
{
    (void)mode;
    memset(&world, 0, sizeof(world));
    world.log = logger_new();

    if (world.log == NULL) {
        abort();
    }

    logger_callback_log(world.log, on_log, NULL, NULL);
    world.now = START;
    neighbours_setup();
    world_open();
}

void world_free(void)
{
    world_close();
    neighbours_free();
    logger_kill(world.log);
}

/* Lines 0..11, one for each watched slot. */
static char shown[12][400];

Friend_Connections *fc_new(const Logger *log, const Mono_Time *mono, Onion_Client *onion, bool lan)
{
#if TOX_ABI < 222
    return new_friend_connections(log, mono, ns_token, onion, lan);
#else
    return new_friend_connections(log, mem_token, mono, ns_token, onion, dht_token, crypto_token, net_token, lan);
#endif
}

void world_open(void)
{
    memset(shown, 0, sizeof(shown));
    world.next_object = 0;
    world.fc = fc_new(world.log, mono_token, onion_token, world.lan);

    if (world.fc == NULL) {
        fail("no object");
    }
}

/* Everything that was registered is given back, in our program; the original's gaps are D16, D17. */
void check_all_released(void)
{
    if (!DIFF_OURS) {
        return;
    }

    if (held_locks() > 0 || alive_cryptos() > 0 || alive_onions() > 0) {
        fail("left behind: %d DHT keys, %d crypto connections, %d onion friends", held_locks(), alive_cryptos(),
             alive_onions());
    }

    /* an object that never had a friend asks nobody any more: its neighbours may be gone (13.1) */
    if (near.onions > 0 && (near.new_connection != NULL || near.onion_data != NULL)) {
        fail("left behind:%s%s", near.new_connection != NULL ? " the handler of new connections" : "",
             near.onion_data != NULL ? " the handler of onion requests" : "");
    }

    if (near.lan_made != near.lan_killed) {
        fail("left behind: the LAN discovery object");
    }
}

/* How an object ends is compared by the scenarios about it; elsewhere it may not matter. */
void world_close(void)
{
    if (world.fc == NULL) {
        return;
    }

    const bool muted = world.mute;
    answers.dht_del = 0;
    world.hook = NULL;
    world.mute = true;
    kill_friend_connections(world.fc);
    world.fc = NULL;
    world.mute = muted;
    check_all_released();
    saw_nothing();
}

void world_again(void)
{
    world_close();
    world.hook = NULL;
    neighbours_free();
    neighbours_setup();
    trace_step = 0;
    world.now = START;
    world.errors = world.logged = 0;
    world.watch = 0;
    memset(world.calls, 0, sizeof(world.calls));
    world_open();
    saw_nothing();
}

/* ---------------------------------------------------------------------- state */

static void look_at(int id)
{
    char text[400];
    const unsigned status = api_status(id);

    if (status == FRIENDCONN_STATUS_NONE) {
        snprintf(text, sizeof(text), "none");
    } else {
        uint8_t real[32], dht[32];
        get_friendcon_public_keys(real, dht, world.fc, id);
        snprintf(text, sizeof(text), "friend %s status %u crypto %d onion %d DHT key %s address %s", key_name(real),
                 status, api_crypto(id), api_onion(id), key_name(dht), address_text(api_address(id)));
    }

    if (strcmp(shown[id], text) != 0) {
        t_line("slot %d: %s", id, text);
        memcpy(shown[id], text, sizeof(text));
    }
}

void look(void)
{
    for (int id = 0; id < world.watch && !world.mute && world.fc != NULL; ++id) {
        look_at(id);
    }
}

/* -------------------------------------------------------------------- outcomes */

void ours_only(const char *why, void (*what)(void))
{
    t_line("only ours is checked: %s", why);

    if (DIFF_OURS) {
        QUIETLY(what());
    }

    QUIETLY(world_close());
}

bool crashes(void (*what)(void))
{
    const pid_t child = fork();

    if (child == 0) {
        /* its lines would come twice, or not at all */
        quiet_begin();
        what();
        /* nothing is left that a leak check could take for lost */
        kill_friend_connections(world.fc);
        _exit(0);
    }

    int state = 0;
    return child < 0 || waitpid(child, &state, 0) != child || !WIFEXITED(state) || WEXITSTATUS(state) != 0;
}

/* ------------------------------------------------------------------ callbacks */

void *new_object(void)
{
    return (void *)(uintptr_t)++world.next_object;
}

void *userdata(From from)
{
    return world.no_userdata ? NULL : (void *)(uintptr_t)from;
}

static int called(const Called *call, const char *name, const void *object, const void *given)
{
    char label[120];
    ++world.calls[call->which];

    if (!world.mute) {
        snprintf(label, sizeof(label), "  callback %s object %ld number %d userdata %ld", name, (long)(intptr_t)object,
                 call->number, (long)(intptr_t)given);

        if (call->which == CB_GLOBAL || call->which == CB_STATUS) {
            t_line("%s: %s", label, call->on ? "online" : "offline");
        } else {
            t_bytes(label, call->data, call->len);
        }
    }

    if (world.hook != NULL) {
        const bool inside = world.inside;
        world.inside = true;
        world.hook(call);
        world.inside = inside;
    }

    /* ignored */
    return answers.odd;
}

static int status(int index, void *object, int number, bool on, void *given)
{
    const Called call = {.which = index < 0 ? CB_GLOBAL : CB_STATUS, .index = index, .number = number, .on = on};
    static const char *const names[] = {"G", "S0", "S1"};
    note_word("%s(%d,%d)", names[index + 1], number, on);
    return called(&call, names[index + 1], object, given);
}

static int data(Which which, int index, void *object, int number, const uint8_t *bytes, uint16_t len, void *given)
{
    const Called call = {.which = which, .index = index, .number = number, .data = bytes, .len = len};
    char name[3] = {which == CB_DATA ? 'D' : 'L', (char)('0' + index), '\0'};
    note_word("%s(%d,%d,%u)", name, number, len > 0 ? bytes[0] : -1, len);
    return called(&call, name, object, given);
}

int on_global(void *object, int id, bool on, void *given)
{
    return status(-1, object, id, on, given);
}

int on_status0(void *object, int number, bool on, void *given)
{
    return status(0, object, number, on, given);
}

int on_status1(void *object, int number, bool on, void *given)
{
    return status(1, object, number, on, given);
}

int on_data0(void *object, int number, const uint8_t *bytes, uint16_t len, void *given)
{
    return data(CB_DATA, 0, object, number, bytes, len, given);
}

int on_data1(void *object, int number, const uint8_t *bytes, uint16_t len, void *given)
{
    return data(CB_DATA, 1, object, number, bytes, len, given);
}

int on_lossy0(void *object, int number, const uint8_t *bytes, uint16_t len, void *given)
{
    return data(CB_LOSSY, 0, object, number, bytes, len, given);
}

int on_lossy1(void *object, int number, const uint8_t *bytes, uint16_t len, void *given)
{
    return data(CB_LOSSY, 1, object, number, bytes, len, given);
}

int on_request(void *object, const uint8_t *source, const uint8_t *bytes, uint16_t len, void *given)
{
    const Called call = {
        .which = CB_REQUEST, .index = -1, .number = (int)key_number(source, 'k'), .data = bytes, .len = len,
    };
    note_word("FR(%s,%u,%u)", key_name(source), bytes[0], len);
    return called(&call, "FR", object, given);
}
