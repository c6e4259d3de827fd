// SPDX-License-Identifier: GPL-3.0-or-later
// A Tox client for the demo: the Tox instance without UDP, the main loop with a time limit for each
// step. See client.h for the roles.
#include "client.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

// Generous: each step takes a fraction of its limit when nothing is wrong.
static const struct {
    const char *what;
    double limit_s;
} steps[] = {
    [STEP_NETWORK] = {"joining the Tox network", 60}, [STEP_FRIEND] = {"finding the friend", 60},
    [STEP_TALK] = {"questions and answers", 45},      [STEP_NOTES] = {"notes both ways", 60},
    [STEP_FILE] = {"the file", 120},                  [STEP_RELAYS] = {"reaching the friend through all relays", 45},
    [STEP_SCENE] = {"the file over failing relays", 180},
};

static const double STILL_WAITING_S = 5;

static volatile sig_atomic_t stopped;
static volatile sig_atomic_t faults;  // that the script has told of, with SIGUSR1

static void on_signal(int number)
{
    if (number == SIGUSR1) {
        ++faults;
    } else {
        stopped = 1;
    }
}

// ---- callbacks of toxcore

// Both connections, to the network and to the friend, must be TCP: with UDP the demo shows nothing.
static bool is_tcp(Client *c, TOX_CONNECTION status)
{
    if (status == TOX_CONNECTION_UDP) {
        report_fail(c, "a connection came up over UDP, which is switched off");
    }
    return status == TOX_CONNECTION_TCP;
}

static void on_self_status(Tox *tox, TOX_CONNECTION status, void *user_data)
{
    Client *c = (Client *)user_data;
    (void)tox;
    if (is_tcp(c, status) && !c->self_online) {
        const double seconds = clock_now() - c->started;
        c->self_online = true;
        report_say("is on the Tox network, over TCP, %.2f s after its start", seconds);
        report_value("network_s", "%.2f", seconds);
    }
}

static void on_friend_status(Tox *tox, uint32_t friend_number, TOX_CONNECTION status, void *user_data)
{
    Client *c = (Client *)user_data;
    (void)tox;
    (void)friend_number;

    if (status == TOX_CONNECTION_NONE) {
        if (c->friend_online && scene_forgives(c)) {
            scene_lost_friend(c);
        } else if (c->friend_online && c->step != STEP_DONE && !c->scene.over) {
            report_fail(c, "lost the connection to %s", c->peer);
        } else {
            c->friend_left = true;
        }
        c->friend_online = false;
        return;
    }
    if (!is_tcp(c, status) || c->friend_online) {
        return;
    }
    c->friend_online = true;
    if (c->friend_was_online) {
        report_say("sees %s online again", c->peer);
    } else {
        const double seconds = clock_now() - c->started;
        c->friend_was_online = true;
        report_say("sees %s online, over TCP, %.2f s after its own start", c->peer, seconds);
        report_value("online_s", "%.2f", seconds);
    }
}

static void on_friend_request(Tox *tox, const uint8_t *key, const uint8_t *message, size_t length, void *user_data)
{
    Client *c = (Client *)user_data;
    char expected[256], got[256];
    TOX_ERR_FRIEND_ADD error;

    chat_request_text(c, c->peer, c->name, expected, sizeof expected);
    snprintf(got, sizeof got, "%.*s", (int)length, (const char *)message);
    if (c->asks || strcmp(expected, got) != 0) {
        report_fail(c, "received an unexpected friend request: \"%s\"", got);
        return;
    }
    if (c->has_friend) {
        return;  // toxcore repeats a request until the friends are connected
    }
    c->friend_number = tox_friend_add_norequest(tox, key, &error);
    if (error != TOX_ERR_FRIEND_ADD_OK) {
        report_fail(c, "could not accept the friend request (error %d)", (int)error);
        return;
    }
    c->has_friend = true;
    report_say("received the friend request \"%s\" and accepts it", got);
}

// ---- start

static Tox *make_tox(void)
{
    struct Tox_Options *options = tox_options_new(NULL);
    if (options == NULL) {
        return NULL;
    }
    tox_options_set_udp_enabled(options, false);
    tox_options_set_ipv6_enabled(options, false);
    tox_options_set_local_discovery_enabled(options, false);
    Tox *tox = tox_new(options, NULL);
    tox_options_free(options);
    return tox;
}

// Without UDP, tox_bootstrap sends nothing by itself: it names nodes for the hops behind a relay.
// So both calls are needed.
static bool use_relays(Client *c)
{
    for (size_t i = 0; i < c->relay_count; ++i) {
        const Relay *r = &c->relays[i];
        if (!tox_bootstrap(c->tox, r->host, r->udp_port, r->key, NULL) ||
            !tox_add_tcp_relay(c->tox, r->host, r->tcp_port, r->key, NULL)) {
            return false;
        }
    }
    return true;
}

static void ask_for_friendship(Client *c)
{
    uint8_t address[TOX_ADDRESS_SIZE];
    char text[256];
    TOX_ERR_FRIEND_ADD error;

    if (!hex_decode(address, sizeof address, c->friend_address)) {
        report_fail(c, "\"%s\" is no Tox address", c->friend_address);
        return;
    }
    chat_request_text(c, c->name, c->peer, text, sizeof text);
    c->friend_number = tox_friend_add(c->tox, address, (const uint8_t *)text, strlen(text), &error);
    if (error != TOX_ERR_FRIEND_ADD_OK) {
        report_fail(c, "could not send the friend request (error %d)", (int)error);
        return;
    }
    c->has_friend = true;
    report_say("sends %s a friend request: \"%s\"", c->peer, text);
}

static bool client_start(Client *c)
{
    uint8_t address[TOX_ADDRESS_SIZE];
    char text[2 * TOX_ADDRESS_SIZE + 1];

    c->started = c->step_started = clock_now();
    c->tox = make_tox();
    if (c->tox == NULL || !use_relays(c)) {
        report_fail(c, "could not start a Tox instance");
        return false;
    }
    tox_callback_self_connection_status(c->tox, on_self_status);
    tox_callback_friend_connection_status(c->tox, on_friend_status);
    tox_callback_friend_request(c->tox, on_friend_request);
    tox_callback_friend_message(c->tox, chat_on_message);
    tox_callback_friend_read_receipt(c->tox, chat_on_receipt);
    file_register(c->tox);

    tox_self_get_address(c->tox, address);
    hex_encode(text, address, sizeof address);
    report_say("starts: toxcore %u.%u.%u, UDP off, %zu TCP relays; Tox address %.16s...", tox_version_major(),
               tox_version_minor(), tox_version_patch(), c->relay_count, text);
    report_value("address", "%s", text);
    if (c->asks) {
        ask_for_friendship(c);
    }
    return !c->failed;
}

// ---- main loop

static Step step_now(const Client *c)
{
    const Chat *chat = &c->chat;
    const uint32_t last = chat_lines_before_digest(chat);

    if (!c->self_online) {
        return STEP_NETWORK;
    }
    if (!c->friend_online) {
        return STEP_FRIEND;
    }
    if (chat->received < chat->questions || chat->receipts < chat->questions) {
        return STEP_TALK;
    }
    if (chat->received < last || chat->receipts < last) {
        return STEP_NOTES;
    }
    if (chat->received <= last || chat->receipts <= last || !c->plain_file.complete) {
        return STEP_FILE;
    }
    if (c->scene_file.path == NULL || c->scene.over) {
        return STEP_DONE;
    }
    return c->scene.relays_ready ? STEP_SCENE : STEP_RELAYS;
}

static void watch_step(Client *c)
{
    const Step step = step_now(c);
    const double now = clock_now();

    if (step > c->step) {
        c->step = step;
        c->step_started = now;
    } else if (now - c->step_started > steps[c->step].limit_s) {
        report_fail(c, "gives up: %s is not done after %.0f s", steps[c->step].what, steps[c->step].limit_s);
    }
}

// One client speaks while both wait: the one that asks, or for a file the one that receives.
static void tell_still_waiting(const Client *c)
{
    const bool speaks = c->asks != (c->step >= STEP_FILE);
    if (!speaks || clock_now() - report_last() < STILL_WAITING_S) {
        return;
    }
    if (c->step == STEP_SCENE) {
        scene_tell_waiting(c);
    } else {
        report_say("is still busy with %s (%.0f s)", steps[c->step].what, clock_now() - c->step_started);
    }
}

static void one_round(Client *c)
{
    const uint32_t ms = c->step_ms > 0 ? c->step_ms : tox_iteration_interval(c->tox);
    const struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

    tox_iterate(c->tox, c);
    if (c->has_friend) {
        chat_work(c);
        file_work(c);
        scene_work(c);
    }
    nanosleep(&pause, NULL);
}

static void talk(Client *c)
{
    while (c->step != STEP_DONE && !c->failed && !stopped) {
        one_round(c);
        while (c->scene.fault < (Fault)faults) {
            scene_fault_comes(c);
        }
        watch_step(c);
        if (c->step != STEP_DONE && !c->failed) {
            tell_still_waiting(c);
        }
    }
}

// The sender of the files leaves first, a little later: she knows that all has arrived. The other
// watches her go. This is shown, but it is no step: how soon a leaving friend is noticed is not promised.
static void part(Client *c)
{
    const double started = clock_now();
    const double limit = c->asks ? 0.5 : 20;
    while (clock_now() - started < limit && !c->friend_left && !c->failed && !stopped) {
        one_round(c);
    }
    if (c->failed || stopped) {
        return;
    }
    report_say(c->friend_left ? "sees that %s has left; done" : "is done and leaves", c->peer);
}

static bool load_files(Client *c)
{
    const bool ok = file_load(&c->plain_file) && (c->scene_file.path == NULL || file_load(&c->scene_file));
    if (!ok) {
        report_fail(c, "cannot read the files to send");
    }
    return ok;
}

static int client_run(Client *c)
{
    if (client_start(c)) {
        talk(c);
    }
    if (!c->failed && !stopped) {
        report_value("sent", "%" PRIu32, c->chat.sent);
        report_value("received", "%" PRIu32, c->chat.received);
        report_value("receipts", "%" PRIu32, c->chat.receipts);
        part(c);
    }
    if (!c->failed && !stopped) {
        report_value("ok", "yes");
    }
    if (c->tox != NULL) {
        tox_kill(c->tox);
    }
    free(c->plain_file.data);
    free(c->scene_file.data);
    return stopped ? 130 : c->failed ? 1 : 0;
}

int main(int argc, char **argv)
{
    static Client client;
    const struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    double epoch = 0;

    // Never outlive the script, however it ends. SIGINT is set because a shell starts background
    // commands with it ignored.
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGUSR1, &action, NULL);
    signal(SIGPIPE, SIG_IGN);

    client.plain_file.prefix = "file";
    client.scene_file.prefix = "scene";
    client.chat.questions = 10;
    client.chat.notes = 300;
    if (!options_parse(&client, &epoch, argc, argv)) {
        return 2;
    }
    report_start(client.name, epoch);
    if (client.asks && !load_files(&client)) {
        return 1;
    }
    return client_run(&client);
}
