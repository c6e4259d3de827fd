/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Two peers chat over relays.
 *
 *   cc -std=c99 chat.c $(pkg-config --cflags --libs toxlink) -o chat
 *   ./chat                                       a demonstration: three relays, Alice and Bob, all in here
 *   ./chat - ADDRESS RELAY_KEY...                waits for somebody who calls
 *   ./chat KEY ADDRESS RELAY_KEY...              calls the program that has shown this key
 *
 * ADDRESS RELAY_KEY is what toxlink-relay prints; up to three pairs. Lines of the standard input are sent,
 * and at its end the program waits until the last one has arrived.
 *
 * Packets may get lost, come twice or out of order, so each line has a number and is sent again until the
 * other end has confirmed it. Relays see what they pass on: a chat with secrets would encrypt its lines.
 */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <toxlink.h>

/* A packet: what it is, the number of the line in 4 bytes, the text of a LINE. */
enum { LINE = 'L', CONFIRMED = 'C', HEAD = 5, MAX_TEXT = 1000, RELAYS = 3 };
enum { AGAIN_AFTER_MS = 500, PATIENCE_MS = 60000 };

/* One end of a conversation. */
typedef struct Chat {
    const char *name;
    Toxlink_Connections *connections;
    uint32_t peer;                   /* TOXLINK_NO_PEER until somebody calls */
    uint8_t packet[HEAD + MAX_TEXT]; /* the line that is not confirmed yet */
    size_t length;                   /* of that packet; 0 if all lines are confirmed */
    int64_t again_at;                /* when it is sent again */
    uint32_t sent, heard;            /* numbers of the latest lines */
    int lines_heard, repeats;
} Chat;

/* So that one line reports an error and returns. */
static bool complain(const char *what, const char *why)
{
    fprintf(stderr, "chat: %s: %s\n", what, why);
    return false;
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void put_head(uint8_t *packet, uint8_t kind, uint32_t number)
{
    packet[0] = kind;
    for (int i = 0; i < 4; i++) packet[1 + i] = (uint8_t)(number >> (24 - 8 * i));
}

static void send_packet(Chat *chat, const uint8_t *packet, size_t length)
{
    Toxlink_Err_Send error;
    if (toxlink_connections_send(chat->connections, chat->peer, packet, length, &error)) return;
    /* Full, or out of reach for now: it is sent again later, as if it had got lost. */
    if (error == TOXLINK_ERR_SEND_BUSY || error == TOXLINK_ERR_SEND_NOT_ONLINE) return;
    complain("sending", toxlink_err_send_to_string(error));
}

static void send_line(Chat *chat)
{
    chat->again_at = now_ms() + AGAIN_AFTER_MS;
    send_packet(chat, chat->packet, chat->length);
}

/* Begins to send a line; the one before must be confirmed. */
static void say(Chat *chat, const char *text)
{
    size_t length = strlen(text) < MAX_TEXT ? strlen(text) : MAX_TEXT;
    put_head(chat->packet, LINE, ++chat->sent);
    memcpy(chat->packet + HEAD, text, length);
    chat->length = HEAD + length;
    send_line(chat);
}

static void on_data(Toxlink_Connections *connections, uint32_t peer, const uint8_t *data, size_t length,
                    void *user_data)
{
    Chat *chat = user_data;
    uint8_t answer[HEAD];
    uint32_t number = 0;
    (void)connections;
    if (peer != chat->peer || length < HEAD) return;
    for (int i = 1; i < HEAD; i++) number = number << 8 | data[i];
    if (data[0] == CONFIRMED && number == chat->sent) {
        chat->length = 0;
    } else if (data[0] == LINE) {
        put_head(answer, CONFIRMED, number);
        send_packet(chat, answer, HEAD);
        /* A line that was sent twice is shown once. */
        if (chat->lines_heard > 0 && (int32_t)(number - chat->heard) <= 0) return;
        chat->heard = number;
        chat->lines_heard++;
        printf("%s hears: %.*s\n", chat->name, (int)(length - HEAD), (const char *)data + HEAD);
        fflush(stdout);
    }
}

/* A packet of somebody who is no peer: the first caller becomes our peer, at the relay that it used. */
static void on_oob(Toxlink_Connections *connections, const uint8_t *public_key, const uint8_t *relay_public_key,
                   const uint8_t *data, size_t length, void *user_data)
{
    Chat *chat = user_data;
    if (chat->peer == TOXLINK_NO_PEER) chat->peer = toxlink_connections_add_peer(connections, public_key, NULL);
    if (chat->peer == TOXLINK_NO_PEER || toxlink_connections_peer_by_key(connections, public_key) != chat->peer) return;
    toxlink_connections_tie_relay(connections, chat->peer, relay_public_key, NULL);
    on_data(connections, chat->peer, data, length, chat);
}

static void on_peer_status(Toxlink_Connections *connections, uint32_t peer, uint32_t online_relays, void *user_data)
{
    (void)connections, (void)peer;
    printf("%s: the other one is online at %" PRIu32 " relay%s\n", ((Chat *)user_data)->name, online_relays,
           online_relays == 1 ? "" : "s");
    fflush(stdout);
}

static void on_relay_status(Toxlink_Connections *connections, const uint8_t *relay_public_key, bool connected,
                            const char *reason, void *user_data)
{
    (void)connections;
    printf("%s: relay %02X%02X... is %s%s\n", ((Chat *)user_data)->name, relay_public_key[0], relay_public_key[1],
           connected ? "connected" : "gone: ", connected ? "" : reason);
    fflush(stdout);
}

static bool begin(Chat *chat, const char *name)
{
    Toxlink_Err_New error;
    memset(chat, 0, sizeof(*chat));
    chat->name = name;
    chat->peer = TOXLINK_NO_PEER;
    /* So that a program that is started again does not repeat the numbers of the one before. */
    chat->sent = (uint32_t)time(NULL);
    chat->connections = toxlink_connections_new(NULL, &error);
    if (chat->connections == NULL) return complain("no connections", toxlink_err_new_to_string(error));
    toxlink_connections_callback_data(chat->connections, on_data);
    toxlink_connections_callback_oob(chat->connections, on_oob);
    toxlink_connections_callback_peer_status(chat->connections, on_peer_status);
    toxlink_connections_callback_relay_status(chat->connections, on_relay_status);
    return true;
}

static bool set_peer(Chat *chat, const uint8_t *public_key)
{
    Toxlink_Err_Peer error;
    chat->peer = toxlink_connections_add_peer(chat->connections, public_key, &error);
    return chat->peer != TOXLINK_NO_PEER || complain("no peer", toxlink_err_peer_to_string(error));
}

static bool add_relay(Chat *chat, const char *address, const uint8_t *key)
{
    Toxlink_Err_Relay error;
    bool added = chat->peer == TOXLINK_NO_PEER
                     ? toxlink_connections_add_relay(chat->connections, address, key, &error)
                     : toxlink_connections_add_relay_for(chat->connections, chat->peer, address, key, &error);
    return added || complain(address, toxlink_err_relay_to_string(error));
}

/* The sooner of two times to wait, where -1 stands for never, as for poll(). */
static int sooner(int one, int other)
{
    return one < 0 || (other >= 0 && other < one) ? other : one;
}

/* Waits until something happens, and deals with it. *typed: whether to watch the standard input; whether it can be
   read now. */
static bool turn(Chat *chats, int count, bool *typed)
{
    struct pollfd watched[3];
    int timeout = -1;
    for (int i = 0; i < count; i++) {
        int64_t again_in = chats[i].again_at - now_ms();
        watched[i].fd = toxlink_connections_descriptor(chats[i].connections);
        watched[i].events = POLLIN;
        timeout = sooner(timeout, toxlink_connections_wait(chats[i].connections));
        if (chats[i].length > 0) timeout = sooner(timeout, again_in > 0 ? (int)again_in : 0);
    }
    watched[count].fd = *typed ? STDIN_FILENO : -1;
    watched[count].events = POLLIN;
    watched[count].revents = 0;
    if (poll(watched, (nfds_t)count + 1, timeout) < 0 && errno != EINTR) return complain("poll", strerror(errno));
    *typed = watched[count].revents != 0;
    for (int i = 0; i < count; i++) {
        Toxlink_Err_Iterate error;
        if (!toxlink_connections_iterate(chats[i].connections, &chats[i], &error)) {
            return complain("iterating", toxlink_err_iterate_to_string(error));
        }
        if (chats[i].length > 0 && now_ms() >= chats[i].again_at) {
            chats[i].repeats++;
            send_line(&chats[i]);
        }
    }
    return true;
}

/* Kills the relay that carries the packets now. */
static void kill_carrier(const Chat *chat, Toxlink_Relay **relays)
{
    Toxlink_Peer_Info info;
    uint8_t key[TOXLINK_KEY_SIZE];
    if (!toxlink_connections_peer_info(chat->connections, chat->peer, &info, sizeof(info)) || !info.has_carrier) return;
    for (int i = 0; i < RELAYS; i++) {
        if (!toxlink_relay_public_key(relays[i], key) || memcmp(key, info.carrier, sizeof(key)) != 0) continue;
        printf("-- the relay that carries the lines, %02X%02X..., is killed\n", key[0], key[1]);
        toxlink_relay_kill(relays[i]);
        relays[i] = NULL;
    }
}

static bool demonstrate(Chat *chats, Toxlink_Relay **relays)
{
    static const char *const lines[] = {
        "Hello Bob, this is Alice.", "Hello Alice!", "The next line meets a relay that dies.",
        "And did it get lost?", "No: it came over another relay.", "Bye."};
    enum { LINES = sizeof(lines) / sizeof(lines[0]) };
    const int64_t deadline = now_ms() + PATIENCE_MS;
    uint8_t key[TOXLINK_KEY_SIZE];
    for (int i = 0; i < 2; i++) {
        if (!begin(&chats[i], i == 0 ? "Alice" : "Bob")) return false;
    }
    for (int i = 0; i < 2; i++) {
        toxlink_connections_public_key(chats[1 - i].connections, key);
        if (!set_peer(&chats[i], key)) return false;
    }
    for (int i = 0; i < RELAYS; i++) {
        Toxlink_Err_New error;
        char address[64];
        relays[i] = toxlink_relay_new(NULL, &error);
        if (relays[i] == NULL) return complain("no relay", toxlink_err_new_to_string(error));
        if (!toxlink_relay_start(relays[i], NULL)) return complain("relay", "no thread for it");
        toxlink_relay_public_key(relays[i], key);
        toxlink_relay_address(relays[i], 0, address, sizeof(address));
        printf("-- relay %02X%02X... is at %s\n", key[0], key[1], address);
        if (!add_relay(&chats[0], address, key) || !add_relay(&chats[1], address, key)) return false;
    }
    for (int said = 0; said < LINES || chats[0].length + chats[1].length > 0;) {
        bool typed = false;
        /* Each answers when it has heard the line before; the first waits until all relays are there. */
        Chat *speaker = &chats[said % 2];
        bool ready = said > 0 ? speaker->lines_heard > (said - 1) / 2
                              : toxlink_connections_online_relays(speaker->connections, speaker->peer) == RELAYS;
        if (said < LINES && ready && speaker->length == 0) {
            say(speaker, lines[said++]);
            /* It may die before it has passed the line on. */
            if (said == 4) kill_carrier(speaker, relays);
        }
        if (!turn(chats, 2, &typed)) return false;
        if (now_ms() > deadline) return complain("demonstration", "it takes too long");
    }
    printf("-- %d of %d lines heard, %d of them sent again\n", chats[0].lines_heard + chats[1].lines_heard, LINES,
           chats[0].repeats + chats[1].repeats);
    return chats[0].lines_heard + chats[1].lines_heard == LINES;
}

static bool talk(Chat *chat, int count, char **arguments)
{
    uint8_t key[TOXLINK_KEY_SIZE];
    char hex[TOXLINK_KEY_HEX_SIZE], text[MAX_TEXT];
    bool is_caller = strcmp(arguments[0], "-") != 0;
    if (!begin(chat, "chat")) return false;
    /* poll() does not see what a FILE has read ahead. */
    setvbuf(stdin, NULL, _IONBF, 0);
    toxlink_connections_public_key(chat->connections, key);
    toxlink_key_to_hex(key, hex, NULL);
    printf("chat: our key is %s\n", hex);
    fflush(stdout);
    if (is_caller && !toxlink_key_from_hex(arguments[0], key, NULL)) return complain(arguments[0], "no key");
    if (is_caller && !set_peer(chat, key)) return false;
    for (int i = 1; i + 1 < count; i += 2) {
        if (!toxlink_key_from_hex(arguments[i + 1], key, NULL)) return complain(arguments[i + 1], "no key");
        if (!add_relay(chat, arguments[i], key)) return false;
    }
    if (is_caller) say(chat, "(is there)");
    for (bool at_end = false; !at_end || chat->length > 0;) {
        /* The next line is read when the one before has arrived. */
        bool typed = !at_end && chat->peer != TOXLINK_NO_PEER && chat->length == 0;
        if (!turn(chat, 1, &typed)) return false;
        if (!typed) continue;
        at_end = fgets(text, sizeof(text), stdin) == NULL;
        if (at_end) continue;
        text[strcspn(text, "\n")] = '\0';
        say(chat, text);
    }
    return true;
}

int main(int argc, char **argv)
{
    Chat chats[2] = {{.name = NULL}};
    Toxlink_Relay *relays[RELAYS] = {NULL};
    bool done = false;
    if (argc == 1) done = demonstrate(chats, relays);
    else if (argc >= 4 && argc % 2 == 0) done = talk(&chats[0], argc - 1, argv + 1);
    else fprintf(stderr, "usage: chat [KEY|- ADDRESS RELAY_KEY [ADDRESS RELAY_KEY]...]\n");
    /* The kill functions take NULL. */
    for (int i = 0; i < 2; i++) toxlink_connections_kill(chats[i].connections);
    for (int i = 0; i < RELAYS; i++) toxlink_relay_kill(relays[i]);
    return done ? 0 : 1;
}
