/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * From every callback of a client: every function of every object, kill included. The callbacks for the onion
 * and for forwarding are not among them, because a relay of this library has neither.
 */
#include "everything.h"

typedef enum Event { STATUS, ROUTE, ONLINE, DATA, OOB, WRITABLE, OVER, LOG } Event;
typedef enum Action { EVERYTHING, REPLACE, KILL_SELF, KILL_OTHER, KILL_RELAY, KILL_ALL, ACTIONS } Action;

/* What is acted upon, and what is left of it. */
static struct {
    Event event;
    Action action;
    bool done;
    bool online;
    bool replaced;
    Toxlink_Client *self;
    Toxlink_Client *other;
    Scene_Relay relay;
    uint8_t key[2][TOXLINK_KEY_SIZE];
} now;

static void none_status(Toxlink_Client *c, Toxlink_Client_Status s, void *u) { (void)c, (void)s, (void)u; now.replaced = true; }
static void none_data(Toxlink_Client *c, uint8_t i, const uint8_t *d, size_t n, void *u)
{
    (void)c, (void)i, (void)d, (void)n, (void)u;
    now.replaced = true;
}

static void kill_self(void)
{
    Toxlink_Client *self = now.self;
    now.self = NULL;
    toxlink_client_kill(self);
}

static void kill_other(void)
{
    toxlink_client_kill(now.other);
    now.other = NULL;
}

static void kill_relay(void)
{
    toxlink_relay_kill(now.relay.relay);
    now.relay.relay = NULL;
}

static void replace(void)
{
    toxlink_client_callback_status(now.self, none_status);
    toxlink_client_callback_data(now.self, none_data);
    toxlink_client_callback_route(now.self, NULL);
    toxlink_client_callback_online(now.self, NULL);
    toxlink_client_callback_oob(now.self, NULL);
    toxlink_client_callback_onion(now.self, NULL);
    toxlink_client_callback_forwarding(now.self, NULL);
    toxlink_client_callback_writable(now.self, NULL);
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
        case EVERYTHING:
            everything_client(now.self, INSIDE, now.key[1]);
            everything_client(now.other, OUTSIDE, now.key[0]);

            if (now.relay.relay != NULL) {
                toxlink_relay_stop(now.relay.relay);
                everything_relay(now.relay.relay, OUTSIDE);
                CHECK(toxlink_relay_start(now.relay.relay, NULL));
            }

            everything_new();
            break;

        case REPLACE: replace(); break;
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

static void on_status(Toxlink_Client *c, Toxlink_Client_Status status, void *user_data)
{
    CHECK(c == now.self && user_data == &now);
    happens(status == TOXLINK_CLIENT_STATUS_DISCONNECTED ? OVER : STATUS);
}

static void on_route(Toxlink_Client *c, const uint8_t *key, uint8_t id, bool granted, void *user_data)
{
    uint8_t copy[TOXLINK_KEY_SIZE];
    memcpy(copy, key, sizeof(copy));
    CHECK(c == now.self && user_data == &now && granted && id < 240);
    happens(ROUTE);
    /* Valid until the callback returns, whatever it has done. */
    CHECK_BYTES(key, copy, sizeof(copy));
}

static void on_online(Toxlink_Client *c, uint8_t id, bool online, void *user_data)
{
    CHECK(c == now.self && user_data == &now && id < 240);
    now.online = online;
    happens(ONLINE);
}

static void on_data(Toxlink_Client *c, uint8_t id, const uint8_t *data, size_t length, void *user_data)
{
    uint8_t copy[DATA_MAX];
    CHECK(c == now.self && user_data == &now && id < 240 && length >= 1 && length <= DATA_MAX);
    memcpy(copy, data, length);
    happens(DATA);
    CHECK_BYTES(data, copy, length);
}

static void on_oob(Toxlink_Client *c, const uint8_t *key, const uint8_t *data, size_t length, void *user_data)
{
    uint8_t copy[DATA_MAX];
    CHECK(c == now.self && user_data == &now && key != NULL && length >= 1 && length <= OOB_MAX);
    memcpy(copy, data, length);
    happens(OOB);
    CHECK_BYTES(data, copy, length);
}

static void on_writable(Toxlink_Client *c, void *user_data)
{
    CHECK(c == now.self && user_data == &now);
    happens(WRITABLE);
}

static void on_log(Toxlink_Log_Level level, const char *message, void *object)
{
    CHECK(level <= TOXLINK_LOG_LEVEL_ERROR && message[0] != '\0' && object == &now);

    if (now.self != NULL) {
        happens(LOG);
    }
}

static void make(void)
{
    Toxlink_Options options;
    now.relay = scene_relay();
    toxlink_options_init(&options, sizeof(options));
    options.log_callback = on_log;
    options.log_object = &now;
    options.log_level = TOXLINK_LOG_LEVEL_TRACE;
    now.other = scene_client(&now.relay, NULL);
    WORKS(now.self = toxlink_client_new(&options, now.relay.address, now.relay.key, ERR(Toxlink_Err_New)));
    toxlink_client_callback_status(now.self, on_status);
    toxlink_client_callback_route(now.self, on_route);
    toxlink_client_callback_online(now.self, on_online);
    toxlink_client_callback_data(now.self, on_data);
    toxlink_client_callback_oob(now.self, on_oob);
    toxlink_client_callback_writable(now.self, on_writable);
    CHECK(toxlink_client_public_key(now.self, now.key[0]) && toxlink_client_public_key(now.other, now.key[1]));
}

static void turn_all(void)
{
    if (now.self != NULL) {
        CHECK(toxlink_client_turn(now.self, TURN_MS, &now, NULL));
    }

    if (now.other != NULL) {
        CHECK(toxlink_client_turn(now.other, TURN_MS, NULL, NULL));
    }
}

/* Has the chosen event happen. */
static void provoke(void)
{
    static uint8_t data[DATA_MAX];
    memset(data, 42, sizeof(data));

    switch (now.event) {
        case DATA: CHECK(toxlink_client_send(now.other, 0, data, 1000, NULL)); break;
        case OOB: CHECK(toxlink_client_send_oob(now.other, now.key[0], data, 900, NULL)); break;

        case WRITABLE:
            toxlink_relay_stop(now.relay.relay);
            error_ = 0;

            for (int i = 0; i < 100000 && error_ == 0; ++i) {
                toxlink_client_send(now.self, 0, data, DATA_MAX, ERR(Toxlink_Err_Send));
            }

            CHECK_EQ(error_, TOXLINK_ERR_SEND_BUSY);
            CHECK(toxlink_relay_start(now.relay.relay, NULL));
            break;

        case OVER: kill_relay(); break;
        default: break;
    }
}

static void one(Event event, Action action)
{
    const uint64_t end = real_ms() + PATIENCE_MS;
    bool asked = false, provoked = false;
    memset(&now, 0, sizeof(now));
    now.event = event;
    now.action = action;
    make();

    while (!now.done && real_ms() < end) {
        turn_all();

        if (!now.done && !asked && toxlink_client_status(now.self) == TOXLINK_CLIENT_STATUS_CONNECTED) {
            asked = true;
            CHECK(toxlink_client_request_route(now.self, now.key[1], NULL));
            CHECK(toxlink_client_request_route(now.other, now.key[0], NULL));
        }

        if (!now.done && !provoked && now.online) {
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

    toxlink_client_kill(now.other);
    toxlink_relay_kill(now.relay.relay);
}

static void all(Event event)
{
    for (int action = 0; action < ACTIONS; ++action) {
        const bool relay_is_gone = event == OVER && (action == KILL_RELAY || action == KILL_ALL);

        if (!relay_is_gone) {
            one(event, (Action)action);
        }
    }
}

static void in_status(void) { all(STATUS); }
static void in_route(void) { all(ROUTE); }
static void in_online(void) { all(ONLINE); }
static void in_data(void) { all(DATA); }
static void in_oob(void) { all(OOB); }
static void in_writable(void) { all(WRITABLE); }
static void in_over(void) { all(OVER); }
static void in_log(void) { all(LOG); }

static const Test tests[] = {
    {"in_status", in_status, T_FAST, 60}, {"in_route", in_route, T_FAST, 60},
    {"in_online", in_online, T_FAST, 60}, {"in_data", in_data, T_FAST, 60},
    {"in_oob", in_oob, T_FAST, 60},       {"in_writable", in_writable, 0, 120},
    {"in_over", in_over, T_FAST, 60},     {"in_log", in_log, T_FAST, 60},
};

int main(int argc, char **argv)
{
    return run_tests("reentry_client", tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
