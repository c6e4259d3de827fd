/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * From every callback of connections: every function of every object, kill included. The callbacks for the
 * onion and for forwarding are not among them, because a relay of this library has neither.
 */
#include "everything.h"

typedef enum Event { RELAY, PEER, DATA, OOB, WRITABLE, RELAY_WRITABLE, PEER_LOST, RELAY_LOST, LOG } Event;

typedef enum Action {
    EVERYTHING,
    REPLACE,
    REMOVE_PEER,
    REMOVE_RELAY,
    REMOVE_BOTH,
    SLEEP,
    KILL_SELF,
    KILL_OTHER,
    KILL_RELAY,
    KILL_ALL,
    ACTIONS,
} Action;

/* What is acted upon, and what is left of it. */
static struct {
    Event event;
    Action action;
    bool done;
    Toxlink_Connections *self;
    Toxlink_Connections *other;
    /* Nobody's peer. */
    Toxlink_Client *stranger;
    Scene_Relay relay;
    uint32_t peer[2];
    uint8_t key[2][TOXLINK_KEY_SIZE];
} now;

static void on_nothing(Toxlink_Connections *c, uint32_t peer, void *user_data) { (void)c, (void)peer, (void)user_data; }

static void replace(void)
{
    toxlink_connections_callback_data(now.self, NULL);
    toxlink_connections_callback_oob(now.self, NULL);
    toxlink_connections_callback_onion(now.self, NULL);
    toxlink_connections_callback_forwarding(now.self, NULL);
    toxlink_connections_callback_peer_status(now.self, NULL);
    toxlink_connections_callback_relay_status(now.self, NULL);
    toxlink_connections_callback_writable(now.self, on_nothing);
    toxlink_connections_callback_relay_writable(now.self, NULL);
}

static void kill_self(void)
{
    Toxlink_Connections *self = now.self;
    now.self = NULL;
    toxlink_connections_kill(self);
}

static void kill_other(void)
{
    toxlink_connections_kill(now.other);
    now.other = NULL;
}

static void kill_relay(void)
{
    toxlink_relay_kill(now.relay.relay);
    now.relay.relay = NULL;
}

static void do_everything(void)
{
    everything_connections(now.self, INSIDE, now.relay.key);
    everything_connections(now.other, OUTSIDE, now.relay.key);
    everything_client(now.stranger, OUTSIDE, now.key[0]);

    if (now.relay.relay != NULL) {
        toxlink_relay_stop(now.relay.relay);
        everything_relay(now.relay.relay, OUTSIDE);
        CHECK(toxlink_relay_start(now.relay.relay, NULL));
    }

    everything_new();
}

/* Called by each callback. */
static void happens(Event event)
{
    /* After a kill nothing is called. */
    CHECK(now.self != NULL);

    if (event != now.event || now.done) {
        return;
    }

    now.done = true;

    switch (now.action) {
        case EVERYTHING: do_everything(); break;
        case REPLACE: replace(); break;
        case REMOVE_PEER: CHECK(toxlink_connections_remove_peer(now.self, now.peer[0], NULL)); break;
        case REMOVE_RELAY: CHECK(toxlink_connections_remove_relay(now.self, now.relay.key, NULL)); break;

        case REMOVE_BOTH:
            CHECK(toxlink_connections_remove_relay(now.self, now.relay.key, NULL));
            CHECK(toxlink_connections_remove_peer(now.self, now.peer[0], NULL));
            now.peer[0] = toxlink_connections_add_peer(now.self, now.key[1], NULL);
            CHECK(toxlink_connections_add_relay_for(now.self, now.peer[0], now.relay.address, now.relay.key, NULL));
            break;

        case SLEEP: CHECK(toxlink_connections_set_sleeping(now.self, now.peer[0], true, NULL)); break;
        case KILL_SELF: kill_self(); break;
        case KILL_OTHER: kill_other(); break;
        case KILL_RELAY: kill_relay(); break;

        default:
            kill_relay();
            kill_other();
            kill_self();
            break;
    }
}

static void on_relay(Toxlink_Connections *c, const uint8_t *key, bool connected, const char *reason, void *user_data)
{
    uint8_t copy[TOXLINK_KEY_SIZE];
    memcpy(copy, key, sizeof(copy));
    CHECK(c == now.self && user_data == NULL && reason != NULL);
    CHECK(!connected || reason[0] == '\0');

    /* everything_connections() adds relays that are none. */
    if (memcmp(key, now.relay.key, TOXLINK_KEY_SIZE) == 0) {
        happens(connected ? RELAY : RELAY_LOST);
    }

    CHECK_BYTES(key, copy, sizeof(copy));
    CHECK(strlen(reason) < 1000);
}

static void on_peer(Toxlink_Connections *c, uint32_t peer, uint32_t online, void *user_data)
{
    CHECK(c == now.self && user_data == NULL && peer != TOXLINK_NO_PEER && online <= 6);
    happens(online > 0 ? PEER : PEER_LOST);
}

static void on_data(Toxlink_Connections *c, uint32_t peer, const uint8_t *data, size_t length, void *user_data)
{
    uint8_t copy[DATA_MAX];
    CHECK(c == now.self && user_data == NULL && peer == now.peer[0] && length >= 1 && length <= DATA_MAX);
    memcpy(copy, data, length);
    happens(DATA);
    CHECK_BYTES(data, copy, length);
}

static void on_oob(Toxlink_Connections *c, const uint8_t *key, const uint8_t *relay, const uint8_t *data,
                   size_t length, void *user_data)
{
    uint8_t copy[DATA_MAX], keys[2][TOXLINK_KEY_SIZE];
    CHECK(c == now.self && user_data == NULL && length >= 1 && length <= OOB_MAX);
    memcpy(copy, data, length);
    memcpy(keys[0], key, TOXLINK_KEY_SIZE);
    memcpy(keys[1], relay, TOXLINK_KEY_SIZE);
    CHECK_BYTES(relay, now.relay.key, TOXLINK_KEY_SIZE);
    happens(OOB);
    CHECK_BYTES(data, copy, length);
    CHECK_BYTES(key, keys[0], TOXLINK_KEY_SIZE);
    CHECK_BYTES(relay, keys[1], TOXLINK_KEY_SIZE);
}

static void on_writable(Toxlink_Connections *c, uint32_t peer, void *user_data)
{
    CHECK(c == now.self && user_data == NULL && peer == now.peer[0]);
    happens(WRITABLE);
}

static void on_relay_writable(Toxlink_Connections *c, const uint8_t *key, void *user_data)
{
    CHECK(c == now.self && user_data == NULL && memcmp(key, now.relay.key, TOXLINK_KEY_SIZE) == 0);
    happens(RELAY_WRITABLE);
}

static void on_log(Toxlink_Log_Level level, const char *message, void *object)
{
    CHECK(level <= TOXLINK_LOG_LEVEL_ERROR && message[0] != '\0' && object == &now);

    if (now.self != NULL) {
        happens(LOG);
    }
}

static void set_callbacks(void)
{
    toxlink_connections_callback_data(now.self, on_data);
    toxlink_connections_callback_oob(now.self, on_oob);
    toxlink_connections_callback_peer_status(now.self, on_peer);
    toxlink_connections_callback_relay_status(now.self, on_relay);
    toxlink_connections_callback_writable(now.self, on_writable);
    toxlink_connections_callback_relay_writable(now.self, on_relay_writable);
}

static void make(void)
{
    Toxlink_Options options;
    now.relay = scene_relay();
    now.stranger = scene_client(&now.relay, NULL);
    toxlink_options_init(&options, sizeof(options));
    WORKS(now.other = toxlink_connections_new(&options, ERR(Toxlink_Err_New)));
    options.log_callback = on_log;
    options.log_object = &now;
    options.log_level = TOXLINK_LOG_LEVEL_TRACE;
    WORKS(now.self = toxlink_connections_new(&options, ERR(Toxlink_Err_New)));
    Toxlink_Connections *const both[2] = {now.self, now.other};

    for (int i = 0; i < 2; ++i) {
        CHECK(toxlink_connections_public_key(both[i], now.key[i]));
    }

    for (int i = 0; i < 2; ++i) {
        now.peer[i] = toxlink_connections_add_peer(both[i], now.key[1 - i], NULL);
        WORKS(toxlink_connections_add_relay_for(both[i], now.peer[i], now.relay.address, now.relay.key,
                                                ERR(Toxlink_Err_Relay)));
    }

    set_callbacks();
}

static void turn_all(void)
{
    if (now.self != NULL) {
        CHECK(toxlink_connections_turn(now.self, TURN_MS, NULL, NULL));
    }

    if (now.other != NULL) {
        CHECK(toxlink_connections_turn(now.other, TURN_MS, NULL, NULL));
    }

    CHECK(toxlink_client_turn(now.stranger, 0, NULL, NULL));
}

/* Sends until there is no room any more, while the relay does not serve; then it does. */
static void flood(bool to_peer)
{
    static uint8_t data[DATA_MAX];
    toxlink_relay_stop(now.relay.relay);
    error_ = 0;

    for (int i = 0; i < 100000 && error_ == 0; ++i) {
        if (to_peer) {
            toxlink_connections_send(now.self, now.peer[0], data, DATA_MAX, ERR(Toxlink_Err_Send));
        } else {
            toxlink_connections_send_oob(now.self, now.relay.key, now.key[0], data, OOB_MAX, ERR(Toxlink_Err_Send));
        }
    }

    CHECK_EQ(error_, TOXLINK_ERR_SEND_BUSY);
    CHECK(toxlink_relay_start(now.relay.relay, NULL));
}

/* Has the chosen event happen. */
static void provoke(void)
{
    const uint8_t data[500] = {42};

    switch (now.event) {
        case DATA: CHECK(toxlink_connections_send(now.other, now.peer[1], data, sizeof(data), NULL)); break;
        case OOB: CHECK(toxlink_client_send_oob(now.stranger, now.key[0], data, sizeof(data), NULL)); break;
        case WRITABLE: flood(true); break;
        case RELAY_WRITABLE: flood(false); break;
        case PEER_LOST: kill_other(); break;
        case RELAY_LOST: kill_relay(); break;
        default: break;
    }
}

static void one(Event event, Action action)
{
    const uint64_t end = real_ms() + PATIENCE_MS;
    bool provoked = false;
    memset(&now, 0, sizeof(now));
    now.event = event;
    now.action = action;
    make();

    while (!now.done && real_ms() < end) {
        turn_all();

        if (!now.done && !provoked && toxlink_connections_online_relays(now.self, now.peer[0]) > 0 &&
            toxlink_connections_online_relays(now.other, now.peer[1]) > 0) {
            provoked = true;
            provoke();
        }
    }

    CHECK(now.done);

    for (int i = 0; i < 5; ++i) {
        turn_all();
    }

    if (now.self != NULL) {
        kill_self();
    }

    toxlink_connections_kill(now.other);
    toxlink_client_kill(now.stranger);
    toxlink_relay_kill(now.relay.relay);
}

/* The event itself has taken away what the action needs. */
static bool is_possible(Event event, Action action)
{
    if (event == RELAY_LOST) {
        return action != KILL_RELAY && action != KILL_ALL;
    }

    return event != PEER_LOST || (action != EVERYTHING && action != KILL_OTHER && action != KILL_ALL);
}

static void all(Event event)
{
    for (int action = 0; action < ACTIONS; ++action) {
        if (is_possible(event, (Action)action)) {
            one(event, (Action)action);
        }
    }
}

static void in_relay(void) { all(RELAY); }
static void in_peer(void) { all(PEER); }
static void in_data(void) { all(DATA); }
static void in_oob(void) { all(OOB); }
static void in_writable(void) { all(WRITABLE); }
static void in_relay_writable(void) { all(RELAY_WRITABLE); }
static void in_peer_lost(void) { all(PEER_LOST); }
static void in_relay_lost(void) { all(RELAY_LOST); }
static void in_log(void) { all(LOG); }

static const Test tests[] = {
    {"in_relay", in_relay, T_FAST, 60},           {"in_peer", in_peer, T_FAST, 60},
    {"in_data", in_data, T_FAST, 60},             {"in_oob", in_oob, T_FAST, 60},
    {"in_writable", in_writable, 0, 120},         {"in_relay_writable", in_relay_writable, 0, 120},
    {"in_peer_lost", in_peer_lost, T_FAST, 60},   {"in_relay_lost", in_relay_lost, T_FAST, 60},
    {"in_log", in_log, T_FAST, 60},
};

int main(int argc, char **argv)
{
    return run_tests("reentry_connections", tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
