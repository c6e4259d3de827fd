/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Friends through toxlink.h: two ends whose neighbours are connected by a small simulated network,
 * in virtual time. They find each other, go online, exchange data, one falls silent and comes back;
 * and what the API promises for misuse, for calls from callbacks and for the end of an object.
 *
 * Prints one line for each failure, then "N passed, M failed".
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "toxlink.h"

static int passed;
static int failed;

static void check(bool ok, int line, const char *what)
{
    if (ok) {
        ++passed;
    } else {
        ++failed;
        printf("%d: %s\n", line, what);
    }
}

#define CHECK(cond) check((cond), __LINE__, #cond)

/* ------------------------------------------------------------------------------- the network */

enum {
    ENDS = 2,
    MAX_ITEMS = 64,
    MAX_EVENTS = 256,
    MAX_DATA = 1373,
    ATTEMPT_SECONDS = 8,
};

typedef enum Kind { FOUND, ADDRESS, HELLO, UP, OVER, DATA, REQUEST } Kind;

/* Something on its way to an end. */
typedef struct Event {
    bool used;
    uint64_t time;
    /* Those of one second arrive in the order in which they were sent. */
    uint64_t order;
    int to;
    Kind kind;
    int32_t id;
    int from;
    int32_t from_id;
    uint8_t data[MAX_DATA];
    size_t length;
} Event;

typedef struct Connection {
    bool used, up;
    uint32_t friend_number;
    int peer;
    int32_t peer_id; /* -1 until it is there */
    uint64_t begun;
} Connection;

typedef struct Onion {
    bool used;
    int peer; /* -1: nobody we know */
    uint32_t friend_number;
} Onion;

typedef struct End {
    int index;
    uint8_t key[TOXLINK_KEY_SIZE], dht_key[TOXLINK_KEY_SIZE];
    char address[TOXLINK_IP_PORT_SIZE];
    Toxlink_Friends *friends;
    uint64_t planned;
    /* Books: what is taken must be given back. Places are not used again. */
    Onion onions[MAX_ITEMS];
    Connection connections[MAX_ITEMS];
    uint8_t tokens[MAX_ITEMS][TOXLINK_KEY_SIZE];
    bool token_used[MAX_ITEMS];
    int onion_count, connection_count, token_count;
    int double_frees;
    /* What was heard. */
    int online, offline, lan, lines;
    uint8_t data[MAX_DATA];
    size_t length;
    int packets, lossy, requests;
    char request[32];
    uint8_t nospam[TOXLINK_FRIEND_NOSPAM_SIZE];
    void *user_data;
    bool knows_relay, relay_is_relay;
    char direct[TOXLINK_IP_PORT_SIZE];
    /* Done once from inside: "crypto_write", for instance. */
    const char *hook;
    void (*run)(struct End *end);
    bool ran;
    bool over;
    int after_the_end;
} End;

static End ends[ENDS];
static Event events[MAX_EVENTS];
static uint64_t now, order;
static bool cut;
static int user_word;

static void call_hook(End *end, const char *where)
{
    if (end->hook != NULL && strcmp(end->hook, where) == 0) {
        end->hook = NULL;
        end->ran = true;
        end->run(end);
    }
}

static Event *post(uint64_t delay, int to, Kind kind, int32_t id)
{
    for (int i = 0; i < MAX_EVENTS; ++i) {
        Event *const event = &events[i];
        if (!event->used) {
            memset(event, 0, sizeof *event);
            event->used = true;
            event->time = now + delay;
            event->order = order++;
            event->to = to;
            event->kind = kind;
            event->id = id;
            return event;
        }
    }
    fprintf(stderr, "too many events\n");
    exit(2);
}

static int end_by_key(const uint8_t *key)
{
    for (int i = 0; i < ENDS; ++i) {
        if (memcmp(ends[i].key, key, TOXLINK_KEY_SIZE) == 0) {
            return i;
        }
    }
    return -1;
}

static int place(int *count)
{
    if (*count == MAX_ITEMS) {
        fprintf(stderr, "too many items\n");
        exit(2);
    }
    return (*count)++;
}

static Connection *connection(End *end, int32_t id)
{
    const bool known = id >= 0 && id < end->connection_count && end->connections[id].used;
    return known ? &end->connections[id] : NULL;
}

static int32_t new_connection(End *end, uint32_t friend_number, int peer)
{
    const int id = place(&end->connection_count);
    Connection *const made = &end->connections[id];
    made->used = true;
    made->up = false;
    made->friend_number = friend_number;
    made->peer = peer;
    made->peer_id = -1;
    made->begun = now;
    return id;
}

/* -------------------------------------------------------------------------------- neighbours */

static int32_t onion_add(const uint8_t *public_key, void *object)
{
    End *const end = object;
    call_hook(end, "onion_add");
    const int number = place(&end->onion_count);
    end->onions[number].used = true;
    end->onions[number].peer = end_by_key(public_key);
    end->onions[number].friend_number = TOXLINK_NO_FRIEND;
    return number;
}

static void onion_bind(int32_t onion_number, uint32_t friend_number, void *object)
{
    End *const end = object;
    end->onions[onion_number].friend_number = friend_number;
    post(2, end->index, FOUND, onion_number);
    call_hook(end, "onion_bind");
}

static void onion_delete(int32_t onion_number, void *object)
{
    End *const end = object;
    end->double_frees += !end->onions[onion_number].used;
    end->onions[onion_number].used = false;
    call_hook(end, "onion_delete");
}

static void onion_set_online(int32_t onion_number, bool online, void *object)
{
    End *const end = object;
    (void)onion_number;
    (void)online;
    end->after_the_end += end->over;
    call_hook(end, "onion_set_online");
}

static void onion_set_dht_key(int32_t onion_number, const uint8_t *dht_public_key, void *object)
{
    End *const end = object;
    (void)onion_number;
    (void)dht_public_key;
    end->after_the_end += end->over;
    call_hook(end, "onion_set_dht_key");
}

static bool onion_send(int32_t onion_number, const uint8_t *data, size_t length, void *object)
{
    End *const end = object;
    call_hook(end, "onion_send");
    if (end->onions[onion_number].peer < 0) {
        return false;
    }
    Event *const event = post(3, end->onions[onion_number].peer, REQUEST, 0);
    event->from = end->index;
    memcpy(event->data, data, length);
    event->length = length;
    return true;
}

static bool dht_add(const uint8_t *dht_public_key, uint32_t *token, void *object)
{
    End *const end = object;
    call_hook(end, "dht_add");
    *token = (uint32_t)place(&end->token_count);
    end->token_used[*token] = true;
    memcpy(end->tokens[*token], dht_public_key, TOXLINK_KEY_SIZE);
    post(1, end->index, ADDRESS, (int32_t)*token);
    return true;
}

static void dht_delete(const uint8_t *dht_public_key, uint32_t token, void *object)
{
    End *const end = object;
    const bool held = token < MAX_ITEMS && end->token_used[token]
                      && memcmp(end->tokens[token], dht_public_key, TOXLINK_KEY_SIZE) == 0;
    end->double_frees += !held;
    end->token_used[token] = false;
    call_hook(end, "dht_delete");
}

static int32_t crypto_new(uint32_t friend_number, const uint8_t *public_key,
                          const uint8_t *dht_public_key, void *object)
{
    End *const end = object;
    (void)dht_public_key;
    call_hook(end, "crypto_new");
    const int peer = end_by_key(public_key);
    const int32_t id = new_connection(end, friend_number, peer);
    if (peer >= 0) {
        Event *const event = post(1, peer, HELLO, 0);
        event->from = end->index;
        event->from_id = id;
    }
    return id;
}

static int32_t crypto_accept(uint32_t friend_number, void *offer, void *object)
{
    End *const end = object;
    call_hook(end, "crypto_accept");
    return new_connection(end, friend_number, *(const int *)offer);
}

static void crypto_kill(int32_t id, void *object)
{
    End *const end = object;
    Connection *const found = connection(end, id);
    if (found == NULL) {
        ++end->double_frees;
        return;
    }
    found->used = false;
    if (found->peer_id >= 0 && !cut) {
        post(1, found->peer, OVER, found->peer_id);
    }
    call_hook(end, "crypto_kill");
}

static void crypto_set_direct(int32_t id, const char *address, bool connected, void *object)
{
    End *const end = object;
    (void)id;
    (void)connected;
    snprintf(end->direct, sizeof end->direct, "%s", address);
    call_hook(end, "crypto_set_direct");
}

static bool crypto_write(int32_t id, const uint8_t *data, size_t length, void *object)
{
    End *const end = object;
    call_hook(end, "crypto_write");
    const Connection *const found = connection(end, id);
    if (found == NULL || !found->up) {
        return false;
    }
    if (!cut) {
        Event *const event = post(1, found->peer, DATA, found->peer_id);
        memcpy(event->data, data, length);
        event->length = length;
    }
    return true;
}

static bool relay_add_for(int32_t id, const char *address, bool is_relay, const uint8_t *public_key,
                          void *object)
{
    End *const end = object;
    (void)id;
    if (public_key[0] == 200 && strcmp(address, "[2001:db8::9]:443") == 0) {
        end->knows_relay = true;
        end->relay_is_relay = is_relay;
    }
    call_hook(end, "relay_add_for");
    return true;
}

static bool relay_add(const char *address, bool is_relay, const uint8_t *public_key, void *object)
{
    (void)address;
    (void)is_relay;
    (void)public_key;
    call_hook(object, "relay_add");
    return true;
}

static size_t relays_copy(Toxlink_Friend_Relay *relays, size_t max, uint32_t index, void *object)
{
    (void)index;
    call_hook(object, "relays_copy");
    if (max < 2) {
        return 0;
    }
    memset(relays[0].public_key, 200, TOXLINK_KEY_SIZE);
    strcpy(relays[0].address, "[2001:db8::9]:443");
    /* Cannot be read, and has no NUL: it is left out. */
    memset(&relays[1], 'x', sizeof relays[1]);
    return 2;
}

static void lan_send(uint16_t port, void *object)
{
    End *const end = object;
    end->lan += port >= 33445;
    call_hook(end, "lan_send");
}

static uint64_t seconds(void *object)
{
    (void)object;
    return now;
}

static void log_line(Toxlink_Log_Level level, const char *message, void *object)
{
    End *const end = object;
    end->lines += level >= TOXLINK_LOG_LEVEL_INFO && message[0] != '\0';
    end->after_the_end += end->over;
    call_hook(end, "log");
}

/* --------------------------------------------------------------------------------- callbacks */

static void on_status(Toxlink_Friends *friends, uint32_t friend_number, bool online, void *user_data)
{
    End *const end = user_data == &user_word ? NULL : user_data;
    (void)friend_number;
    if (end == NULL) {
        return;
    }
    end->after_the_end += end->over || friends != end->friends;
    end->online += online;
    end->offline += !online;
    call_hook(end, "on_status");
}

static void on_data(Toxlink_Friends *friends, uint32_t friend_number, const uint8_t *data,
                    size_t length, void *user_data)
{
    End *const end = user_data;
    (void)friends;
    (void)friend_number;
    end->after_the_end += end->over;
    memcpy(end->data, data, length);
    end->length = length;
    ++end->packets;
    call_hook(end, "on_data");
}

static void on_lossy(Toxlink_Friends *friends, uint32_t friend_number, const uint8_t *data,
                     size_t length, void *user_data)
{
    End *const end = user_data;
    (void)friends;
    (void)friend_number;
    end->lossy += length == 2 && data[0] == 200;
}

static void on_request(Toxlink_Friends *friends, const uint8_t *public_key, const uint8_t *nospam,
                       const uint8_t *message, size_t length, void *user_data)
{
    End *const end = user_data;
    (void)friends;
    ++end->requests;
    memcpy(end->nospam, nospam, sizeof end->nospam);
    snprintf(end->request, sizeof end->request, "%d %.*s", public_key[0], (int)length,
             (const char *)message);
    call_hook(end, "on_request");
}

/* ------------------------------------------------------------------------------------ the loop */

static void end_connection(End *end, int32_t id)
{
    Connection *const found = connection(end, id);
    if (found != NULL) {
        found->used = false;
        toxlink_friends_handle_status(end->friends, found->friend_number, id, false, end, NULL);
    }
}

static void handle_hello(End *end, const Event *event)
{
    End *const other = &ends[event->from];
    Connection *const theirs = connection(other, event->from_id);
    if (cut || theirs == NULL) {
        return;
    }
    int32_t mine = -1;
    for (int i = 0; i < end->connection_count && mine < 0; ++i) {
        const Connection *const found = connection(end, i);
        if (found != NULL && found->peer == event->from && found->peer_id < 0) {
            mine = i;
        }
    }
    if (mine < 0) {
        int peer = event->from;
        if (!toxlink_friends_handle_offer(end->friends, other->key, other->dht_key, other->address,
                                          &peer, end, NULL)) {
            return;
        }
        mine = end->connection_count - 1;
    }
    end->connections[mine].peer_id = event->from_id;
    theirs->peer_id = mine;
    post(1, end->index, UP, mine);
    post(1, other->index, UP, event->from_id);
}

static void handle(const Event *event)
{
    End *const end = &ends[event->to];
    Toxlink_Friends *const friends = end->friends;
    if (friends == NULL) {
        return;
    }
    switch (event->kind) {
        case FOUND: {
            const Onion *const onion = &end->onions[event->id];
            if (onion->used) {
                post(20, end->index, FOUND, event->id);
            }
            if (onion->used && onion->peer >= 0 && !cut) {
                toxlink_friends_handle_dht_key(friends, onion->friend_number,
                                               ends[onion->peer].dht_key, end, NULL);
            }
            break;
        }
        case ADDRESS:
            if (end->token_used[event->id]) {
                post(60, end->index, ADDRESS, event->id);
                for (int i = 0; i < ENDS && !cut; ++i) {
                    if (memcmp(ends[i].dht_key, end->tokens[event->id], TOXLINK_KEY_SIZE) == 0) {
                        toxlink_friends_handle_address(friends, ends[i].dht_key, ends[i].address,
                                                       end, NULL);
                    }
                }
            }
            break;
        case HELLO:
            handle_hello(end, event);
            break;
        case UP: {
            Connection *const found = connection(end, event->id);
            if (found != NULL) {
                found->up = true;
                toxlink_friends_handle_status(friends, found->friend_number, event->id, true, end,
                                              NULL);
            }
            break;
        }
        case OVER:
            end_connection(end, event->id);
            break;
        case DATA: {
            const Connection *const found = connection(end, event->id);
            if (found != NULL && event->length > 0 && event->data[0] >= 192) {
                toxlink_friends_handle_lossy(friends, found->friend_number, event->data,
                                             event->length, end, NULL);
            } else if (found != NULL) {
                toxlink_friends_handle_data(friends, found->friend_number, event->data,
                                            event->length, end, NULL);
            }
            break;
        }
        case REQUEST:
            toxlink_friends_handle_request(friends, ends[event->from].key, event->data,
                                           event->length, end, NULL);
            break;
    }
}

static void deliver(void)
{
    for (;;) {
        Event *first = NULL;
        for (int i = 0; i < MAX_EVENTS; ++i) {
            if (events[i].used && events[i].time <= now
                && (first == NULL || events[i].order < first->order)) {
                first = &events[i];
            }
        }
        if (first == NULL) {
            return;
        }
        static Event event;
        event = *first;
        first->used = false;
        handle(&event);
    }
}

static void pass(int count)
{
    for (int i = 0; i < count; ++i) {
        ++now;
        deliver();
        for (int e = 0; e < ENDS; ++e) {
            End *const end = &ends[e];
            if (end->friends != NULL && end->planned <= now) {
                toxlink_friends_iterate(end->friends, end, NULL);
            }
            for (int c = 0; c < end->connection_count; ++c) {
                const Connection *const found = connection(end, c);
                if (end->friends != NULL && found != NULL && !found->up
                    && found->begun + ATTEMPT_SECONDS < now) {
                    end_connection(end, c);
                }
            }
            const int32_t wait = toxlink_friends_wait(end->friends);
            end->planned = wait < 0 ? UINT64_MAX : now + (uint64_t)wait / 1000;
        }
    }
}

static Toxlink_Neighbours neighbours(End *end)
{
    Toxlink_Neighbours n;
    memset(&n, 0xff, sizeof n);
    toxlink_neighbours_init(&n, sizeof n);
    n.object = end;
    n.onion_add = onion_add;
    n.onion_bind = onion_bind;
    n.onion_delete = onion_delete;
    n.onion_set_online = onion_set_online;
    n.onion_set_dht_key = onion_set_dht_key;
    n.onion_send = onion_send;
    n.dht_add = dht_add;
    n.dht_delete = dht_delete;
    n.crypto_new = crypto_new;
    n.crypto_accept = crypto_accept;
    n.crypto_kill = crypto_kill;
    n.crypto_set_direct = crypto_set_direct;
    n.crypto_write = crypto_write;
    n.relay_add_for = relay_add_for;
    n.relay_add = relay_add;
    n.relays_copy = relays_copy;
    n.lan_send = lan_send;
    n.seconds = seconds;
    return n;
}

static void begin(void)
{
    memset(events, 0, sizeof events);
    memset(ends, 0, sizeof ends);
    cut = false;
    for (int i = 0; i < ENDS; ++i) {
        End *const end = &ends[i];
        end->index = i;
        memset(end->key, i + 1, sizeof end->key);
        memset(end->dht_key, i + 101, sizeof end->dht_key);
        snprintf(end->address, sizeof end->address, "192.0.2.%d:33445", i + 1);
        const Toxlink_Neighbours n = neighbours(end);
        end->friends = toxlink_friends_new(&n, log_line, end, TOXLINK_LOG_LEVEL_DEBUG, NULL);
        toxlink_friends_callback_status(end->friends, on_status);
        toxlink_friends_callback_data(end->friends, on_data);
        toxlink_friends_callback_lossy(end->friends, on_lossy);
        toxlink_friends_callback_request(end->friends, on_request);
    }
}

static bool is_balanced(const End *end)
{
    int left = end->double_frees;
    for (int i = 0; i < MAX_ITEMS; ++i) {
        left += end->onions[i].used + end->token_used[i] + end->connections[i].used;
    }
    return left == 0;
}

static void kill_end(End *end)
{
    toxlink_friends_kill(end->friends);
    end->friends = NULL;
    end->over = true;
}

/* Two ends that have added each other; the numbers that they have for each other. */
static void begin_pair(uint32_t numbers[ENDS])
{
    begin();
    for (int i = 0; i < ENDS; ++i) {
        numbers[i] = toxlink_friends_add(ends[i].friends, ends[1 - i].key, NULL);
    }
}

static bool are_online(const uint32_t numbers[ENDS])
{
    int online = 0;
    for (int i = 0; i < ENDS; ++i) {
        online += toxlink_friends_status(ends[i].friends, numbers[i]) == TOXLINK_FRIEND_STATUS_ONLINE;
    }
    return online == ENDS;
}

static void run_until_online(const uint32_t numbers[ENDS])
{
    for (int i = 0; i < 60 && !are_online(numbers); ++i) {
        pass(1);
    }
}

static void end_pair(void)
{
    for (int i = 0; i < ENDS; ++i) {
        kill_end(&ends[i]);
        CHECK(is_balanced(&ends[i]));
        CHECK(ends[i].after_the_end == 0);
    }
}

/* ----------------------------------------------------------------------------------- the tests */

static void test_life(void)
{
    uint32_t n[ENDS];
    begin();
    CHECK(toxlink_friends_wait(ends[0].friends) == 0); /* LAN discovery */
    n[0] = toxlink_friends_add(ends[0].friends, ends[1].key, NULL);
    CHECK(n[0] != TOXLINK_NO_FRIEND);
    CHECK(toxlink_friends_status(ends[0].friends, n[0]) == TOXLINK_FRIEND_STATUS_CONNECTING);

    const uint8_t nospam[] = {1, 2, 3, 4};
    const uint8_t hello[] = {'h', 'e', 'y'};
    CHECK(toxlink_friends_send_request(ends[0].friends, n[0], nospam, hello, sizeof hello, NULL));
    pass(5);
    CHECK(ends[1].requests == 1 && strcmp(ends[1].request, "1 hey") == 0);
    CHECK(memcmp(ends[1].nospam, nospam, sizeof nospam) == 0);

    n[1] = toxlink_friends_add(ends[1].friends, ends[0].key, NULL);
    run_until_online(n);
    CHECK(are_online(n));
    CHECK(ends[0].online == 1 && ends[1].online == 1);
    CHECK(ends[0].lines > 0 && ends[0].lan > 0);
    CHECK(strcmp(ends[0].direct, ends[1].address) == 0);

    uint8_t key[TOXLINK_KEY_SIZE];
    CHECK(toxlink_friends_public_key(ends[0].friends, n[0], key, NULL)
          && memcmp(key, ends[1].key, sizeof key) == 0);
    CHECK(toxlink_friends_dht_public_key(ends[0].friends, n[0], key, NULL)
          && memcmp(key, ends[1].dht_key, sizeof key) == 0);
    char text[TOXLINK_IP_PORT_SIZE];
    CHECK(toxlink_friends_address(ends[0].friends, n[0], text, sizeof text, NULL) == 15);
    CHECK(strcmp(text, "192.0.2.2:33445") == 0);
    CHECK(toxlink_friends_address(ends[0].friends, n[0], text, 4, NULL) == 15);
    CHECK(strcmp(text, "192") == 0);
    CHECK(toxlink_friends_address(ends[0].friends, n[0], NULL, 0, NULL) == 15);
    CHECK(toxlink_friends_by_key(ends[0].friends, ends[1].key) == n[0]);
    uint32_t list[2] = {0, 77};
    CHECK(toxlink_friends_list(ends[0].friends, list, 1) == 1 && list[0] == n[0] && list[1] == 77);

    uint8_t packet[MAX_DATA] = {64, 1, 2};
    CHECK(toxlink_friends_send(ends[0].friends, n[0], packet, sizeof packet, NULL));
    pass(2);
    CHECK(ends[1].packets == 1 && ends[1].length == sizeof packet);
    CHECK(memcmp(ends[1].data, packet, sizeof packet) == 0);
    CHECK(toxlink_friends_send_request(ends[0].friends, n[0], nospam, hello, sizeof hello, NULL));
    /* Lossy packets the program sends by itself. */
    const uint8_t lossy[] = {200, 1};
    const int32_t id = toxlink_friends_connection(ends[0].friends, n[0], NULL);
    CHECK(crypto_write(id, lossy, sizeof lossy, &ends[0]));
    pass(2);
    CHECK(ends[1].requests == 2 && ends[1].lossy == 1);
    CHECK(ends[1].knows_relay && ends[1].relay_is_relay);

    cut = true;
    pass(45);
    CHECK(ends[0].offline == 1 && ends[1].offline == 1);
    CHECK(toxlink_friends_status(ends[0].friends, n[0]) == TOXLINK_FRIEND_STATUS_CONNECTING);
    cut = false;
    run_until_online(n);
    CHECK(ends[0].online == 2 && ends[1].online == 2);
    pass(200);
    CHECK(ends[0].offline == 1 && ends[1].offline == 1);
    end_pair();
}

static void test_new(void)
{
    Toxlink_Err_New error = TOXLINK_ERR_NEW_OK;
    begin();
    const Toxlink_Neighbours good = neighbours(&ends[0]);
    Toxlink_Neighbours n = good;
    CHECK(toxlink_friends_new(NULL, NULL, NULL, 0, &error) == NULL);
    CHECK(error == TOXLINK_ERR_NEW_NULL);
    n.size = 0;
    CHECK(toxlink_friends_new(&n, NULL, NULL, 0, &error) == NULL);
    CHECK(error == TOXLINK_ERR_NEW_OPTIONS);
    CHECK(toxlink_friends_new(&good, NULL, NULL, 5, &error) == NULL);
    CHECK(error == TOXLINK_ERR_NEW_LOG_LEVEL);
#define NEEDED(function) \
    do { \
        n = good; \
        n.function = NULL; \
        CHECK(toxlink_friends_new(&n, NULL, NULL, 0, &error) == NULL); \
        CHECK(error == TOXLINK_ERR_NEW_NEIGHBOURS); \
    } while (0)
    NEEDED(onion_add);
    NEEDED(onion_delete);
    NEEDED(dht_add);
    NEEDED(dht_delete);
    NEEDED(crypto_new);
    NEEDED(crypto_kill);
    NEEDED(crypto_write);

    /* Those that may be missing, and the system's clock. */
    toxlink_neighbours_init(&n, sizeof n);
    n.object = &ends[0];
    n.onion_add = onion_add;
    n.onion_delete = onion_delete;
    n.dht_add = dht_add;
    n.dht_delete = dht_delete;
    n.crypto_new = crypto_new;
    n.crypto_kill = crypto_kill;
    n.crypto_write = crypto_write;
    Toxlink_Friends *const friends = toxlink_friends_new(&n, NULL, NULL, 0, &error);
    CHECK(friends != NULL && error == TOXLINK_ERR_NEW_OK);
    CHECK(toxlink_friends_wait(friends) == -1);
    const uint32_t number = toxlink_friends_add(friends, ends[1].key, NULL);
    const uint8_t nospam[] = {1, 2, 3, 4};
    Toxlink_Err_Friend_Request request;
    CHECK(!toxlink_friends_send_request(friends, number, nospam, nospam, 1, &request));
    CHECK(request == TOXLINK_ERR_FRIEND_REQUEST_REFUSED);
    Toxlink_Err_Friend_Report report;
    CHECK(!toxlink_friends_handle_offer(friends, ends[1].key, ends[1].dht_key, NULL, NULL, NULL,
                                        &report));
    CHECK(report == TOXLINK_ERR_FRIEND_REPORT_REFUSED);
    CHECK(!toxlink_friends_handle_relay(friends, number, "192.0.2.1:1", true, ends[1].key, NULL,
                                        &report));
    CHECK(report == TOXLINK_ERR_FRIEND_REPORT_REFUSED);
    CHECK(toxlink_friends_handle_dht_key(friends, number, ends[1].dht_key, NULL, NULL));
    const int32_t id = toxlink_friends_connection(friends, number, NULL);
    CHECK(toxlink_friends_handle_status(friends, number, id, true, NULL, NULL));
    CHECK(toxlink_friends_status(friends, number) == TOXLINK_FRIEND_STATUS_ONLINE);
    CHECK(toxlink_friends_iterate(friends, NULL, NULL));
    CHECK(toxlink_friends_wait(friends) > 0);
    toxlink_friends_kill(friends);
    CHECK(is_balanced(&ends[0]));
    end_pair();
    toxlink_neighbours_init(NULL, sizeof n);
    toxlink_friends_kill(NULL);
}

/* What cannot be: each of these gives the failure value and the error that is said. */
static void test_misuse(void)
{
    uint32_t n[ENDS];
    begin_pair(n);
    run_until_online(n);
    Toxlink_Friends *const f = ends[0].friends;
    const uint32_t gone = n[0] + 1000;
    const int32_t id = toxlink_friends_connection(f, n[0], NULL);
    uint8_t key[TOXLINK_KEY_SIZE] = {9};
    uint8_t packet[MAX_DATA + 1] = {64};
    const char *const bad[] = {"", "host:1", "192.0.2.1", "192.0.2.1:65536", "2001:db8::1:443",
                               "192.0.2.1:1 ", "\xff:1"};

    Toxlink_Err_Iterate iterate;
    CHECK(!toxlink_friends_iterate(NULL, NULL, &iterate) && iterate == TOXLINK_ERR_ITERATE_NULL);
    CHECK(toxlink_friends_wait(NULL) == -1);
    toxlink_friends_callback_status(NULL, on_status);

    Toxlink_Err_Friend_Add add;
    CHECK(toxlink_friends_add(NULL, key, &add) == TOXLINK_NO_FRIEND);
    CHECK(add == TOXLINK_ERR_FRIEND_ADD_NULL);
    CHECK(toxlink_friends_add(f, NULL, &add) == TOXLINK_NO_FRIEND);
    CHECK(add == TOXLINK_ERR_FRIEND_ADD_NULL);
    CHECK(toxlink_friends_add(f, ends[1].key, &add) == n[0] && add == TOXLINK_ERR_FRIEND_ADD_OK);
    CHECK(toxlink_friends_remove(f, n[0], NULL));

    Toxlink_Err_Friend e;
#define FAILS(call, code) CHECK(!(call) && e == TOXLINK_ERR_FRIEND_##code)
    FAILS(toxlink_friends_lock(NULL, n[0], &e), NULL);
    FAILS(toxlink_friends_lock(f, gone, &e), NOT_FOUND);
    FAILS(toxlink_friends_lock(f, TOXLINK_NO_FRIEND, &e), NOT_FOUND);
    FAILS(toxlink_friends_remove(NULL, n[0], &e), NULL);
    FAILS(toxlink_friends_remove(f, gone, &e), NOT_FOUND);
    FAILS(toxlink_friends_public_key(f, gone, key, &e), NOT_FOUND);
    FAILS(toxlink_friends_public_key(f, n[0], NULL, &e), NULL);
    FAILS(toxlink_friends_dht_public_key(f, gone, key, &e), NOT_FOUND);
    FAILS(toxlink_friends_dht_public_key(f, n[0], NULL, &e), NULL);
    char text[8] = "abcdefg";
    FAILS(toxlink_friends_address(f, gone, text, sizeof text, &e), NOT_FOUND);
    CHECK(text[0] == '\0');
    FAILS(toxlink_friends_address(NULL, n[0], text, sizeof text, &e), NULL);
    CHECK(toxlink_friends_connection(f, gone, &e) == -1 && e == TOXLINK_ERR_FRIEND_NOT_FOUND);
    const uint32_t stranger = toxlink_friends_add(f, key, NULL);
    FAILS(toxlink_friends_dht_public_key(f, stranger, key, &e), UNKNOWN);
    FAILS(toxlink_friends_address(f, stranger, NULL, 0, &e), UNKNOWN);
    CHECK(toxlink_friends_connection(f, stranger, &e) == -1 && e == TOXLINK_ERR_FRIEND_UNKNOWN);
    CHECK(toxlink_friends_by_key(f, NULL) == TOXLINK_NO_FRIEND);
    CHECK(toxlink_friends_by_key(f, ends[0].key) == TOXLINK_NO_FRIEND);
    CHECK(toxlink_friends_by_key(NULL, key) == TOXLINK_NO_FRIEND);
    CHECK(toxlink_friends_list(NULL, NULL, 0) == 0);
    CHECK(toxlink_friends_list(f, NULL, 9) == 2);
    CHECK(toxlink_friends_status(NULL, n[0]) == TOXLINK_FRIEND_STATUS_NONE);
    CHECK(toxlink_friends_status(f, gone) == TOXLINK_FRIEND_STATUS_NONE);

    Toxlink_Err_Friend_Send s;
#define NOT_SENT(call, code) CHECK(!(call) && s == TOXLINK_ERR_FRIEND_SEND_##code)
    NOT_SENT(toxlink_friends_send(NULL, n[0], packet, 1, &s), NULL);
    NOT_SENT(toxlink_friends_send(f, n[0], NULL, 1, &s), NULL);
    NOT_SENT(toxlink_friends_send(f, n[0], packet, SIZE_MAX, &s), NULL);
    NOT_SENT(toxlink_friends_send(f, gone, packet, 1, &s), NOT_FOUND);
    NOT_SENT(toxlink_friends_send(f, stranger, packet, 1, &s), NOT_ONLINE);
    NOT_SENT(toxlink_friends_send(f, n[0], packet, 0, &s), LENGTH);
    NOT_SENT(toxlink_friends_send(f, n[0], packet, TOXLINK_FRIEND_MAX_PACKET_SIZE + 1, &s), LENGTH);
    packet[0] = TOXLINK_FRIEND_FIRST_PACKET_ID - 1;
    NOT_SENT(toxlink_friends_send(f, n[0], packet, 1, &s), PACKET_ID);
    packet[0] = TOXLINK_FRIEND_LAST_PACKET_ID + 1;
    NOT_SENT(toxlink_friends_send(f, n[0], packet, 1, &s), PACKET_ID);
    packet[0] = TOXLINK_FRIEND_LAST_PACKET_ID;
    ends[0].connections[id].up = false;
    NOT_SENT(toxlink_friends_send(f, n[0], packet, 1, &s), BUSY);
    ends[0].connections[id].up = true;

    Toxlink_Err_Friend_Request q;
#define NOT_ASKED(call, code) CHECK(!(call) && q == TOXLINK_ERR_FRIEND_REQUEST_##code)
    const size_t longest = TOXLINK_FRIEND_MAX_REQUEST_SIZE;
    NOT_ASKED(toxlink_friends_send_request(NULL, n[0], key, packet, 1, &q), NULL);
    NOT_ASKED(toxlink_friends_send_request(f, n[0], NULL, packet, 1, &q), NULL);
    NOT_ASKED(toxlink_friends_send_request(f, n[0], key, NULL, 1, &q), NULL);
    NOT_ASKED(toxlink_friends_send_request(f, gone, key, packet, 1, &q), NOT_FOUND);
    NOT_ASKED(toxlink_friends_send_request(f, n[0], key, packet, 0, &q), LENGTH);
    NOT_ASKED(toxlink_friends_send_request(f, n[0], key, packet, longest + 1, &q), LENGTH);
    NOT_ASKED(toxlink_friends_send_request(f, stranger, key, packet, longest, &q), REFUSED);

    Toxlink_Err_Friend_Report r;
#define REFUSED(call, code) CHECK(!(call) && r == TOXLINK_ERR_FRIEND_REPORT_##code)
    End *const end = &ends[0];
    uint8_t zeros[TOXLINK_KEY_SIZE] = {0};
    REFUSED(toxlink_friends_handle_dht_key(NULL, n[0], key, end, &r), NULL);
    REFUSED(toxlink_friends_handle_dht_key(f, n[0], NULL, end, &r), NULL);
    REFUSED(toxlink_friends_handle_dht_key(f, gone, key, end, &r), NOT_FOUND);
    REFUSED(toxlink_friends_handle_dht_key(f, n[0], zeros, end, &r), MALFORMED);
    REFUSED(toxlink_friends_handle_relay(f, n[0], NULL, true, key, end, &r), NULL);
    REFUSED(toxlink_friends_handle_relay(f, n[0], "192.0.2.1:1", true, NULL, end, &r), NULL);
    REFUSED(toxlink_friends_handle_relay(f, gone, "192.0.2.1:1", true, key, end, &r), NOT_FOUND);
    REFUSED(toxlink_friends_handle_address(f, key, "192.0.2.1:1", end, &r), NOT_FOUND);
    REFUSED(toxlink_friends_handle_address(f, NULL, "192.0.2.1:1", end, &r), NULL);
    REFUSED(toxlink_friends_handle_address(f, ends[1].dht_key, NULL, end, &r), NULL);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; ++i) {
        REFUSED(toxlink_friends_handle_relay(f, n[0], bad[i], true, key, end, &r), BAD_ADDRESS);
        REFUSED(toxlink_friends_handle_address(f, ends[1].dht_key, bad[i], end, &r), BAD_ADDRESS);
        REFUSED(toxlink_friends_handle_offer(f, key, key, bad[i], end, end, &r), BAD_ADDRESS);
    }
    REFUSED(toxlink_friends_handle_status(f, n[0], id + 1, false, end, &r), NO_CONNECTION);
    REFUSED(toxlink_friends_handle_status(f, stranger, -1, true, end, &r), NO_CONNECTION);
    REFUSED(toxlink_friends_handle_status(f, gone, id, false, end, &r), NOT_FOUND);
    REFUSED(toxlink_friends_handle_data(f, n[0], NULL, 1, end, &r), NULL);
    REFUSED(toxlink_friends_handle_data(f, n[0], packet, 0, end, &r), MALFORMED);
    REFUSED(toxlink_friends_handle_data(f, stranger, packet, 1, end, &r), NO_CONNECTION);
    REFUSED(toxlink_friends_handle_data(f, gone, packet, 1, end, &r), NOT_FOUND);
    REFUSED(toxlink_friends_handle_lossy(f, n[0], packet, 0, end, &r), MALFORMED);
    REFUSED(toxlink_friends_handle_lossy(f, stranger, packet, 1, end, &r), NO_CONNECTION);
    REFUSED(toxlink_friends_handle_offer(f, ends[1].key, key, NULL, end, end, &r), REFUSED);
    REFUSED(toxlink_friends_handle_offer(f, ends[0].key, key, NULL, end, end, &r), NOT_FOUND);
    REFUSED(toxlink_friends_handle_offer(f, NULL, key, NULL, end, end, &r), NULL);
    REFUSED(toxlink_friends_handle_offer(f, key, NULL, NULL, end, end, &r), NULL);
    const uint8_t request[] = {32, 1, 2, 3, 4, 'x'};
    REFUSED(toxlink_friends_handle_request(f, NULL, request, sizeof request, end, &r), NULL);
    REFUSED(toxlink_friends_handle_request(f, key, request, sizeof request - 1, end, &r), MALFORMED);
    REFUSED(toxlink_friends_handle_request(f, key, request + 1, 5, end, &r), MALFORMED);
    CHECK(end->packets == 0 && end->requests == 0 && end->offline == 0);
    CHECK(toxlink_friends_handle_request(f, key, request, sizeof request, end, &r));
    CHECK(r == TOXLINK_ERR_FRIEND_REPORT_OK && strcmp(end->request, "9 x") == 0);
    CHECK(are_online(n));
    end_pair();
}

static void test_names(void)
{
#define NAMES(function, last) \
    do { \
        for (uint32_t i = 0; i <= (last); ++i) { \
            CHECK(strncmp(function(i), "TOXLINK_ERR_FRIEND", 18) == 0); \
        } \
        CHECK(strcmp(function((last) + 1), "unknown") == 0); \
        CHECK(strcmp(function(UINT32_MAX), "unknown") == 0); \
    } while (0)
    NAMES(toxlink_err_friend_to_string, TOXLINK_ERR_FRIEND_INTERNAL);
    NAMES(toxlink_err_friend_add_to_string, TOXLINK_ERR_FRIEND_ADD_INTERNAL);
    NAMES(toxlink_err_friend_send_to_string, TOXLINK_ERR_FRIEND_SEND_INTERNAL);
    NAMES(toxlink_err_friend_request_to_string, TOXLINK_ERR_FRIEND_REQUEST_INTERNAL);
    NAMES(toxlink_err_friend_report_to_string, TOXLINK_ERR_FRIEND_REPORT_INTERNAL);
    CHECK(strcmp(toxlink_err_friend_send_to_string(TOXLINK_ERR_FRIEND_SEND_BUSY),
                 "TOXLINK_ERR_FRIEND_SEND_BUSY")
          == 0);
    CHECK(strcmp(toxlink_err_friend_report_to_string(TOXLINK_ERR_FRIEND_REPORT_REFUSED),
                 "TOXLINK_ERR_FRIEND_REPORT_REFUSED")
          == 0);
    CHECK(strcmp(toxlink_err_friend_to_string(TOXLINK_ERR_FRIEND_UNKNOWN),
                 "TOXLINK_ERR_FRIEND_UNKNOWN")
          == 0);
}

/* ------------------------------------------------------------------------ calls from inside */

static uint32_t first_friend(const End *end)
{
    uint32_t number = TOXLINK_NO_FRIEND;
    toxlink_friends_list(end->friends, &number, 1);
    return number;
}

static Toxlink_Err_Iterate inner_iterate;

static void do_remove(End *end) { toxlink_friends_remove(end->friends, first_friend(end), NULL); }

static void do_replace(End *end)
{
    do_remove(end);
    toxlink_friends_add(end->friends, ends[1 - end->index].key, NULL);
}

static void do_add(End *end)
{
    const uint8_t key[TOXLINK_KEY_SIZE] = {66};
    toxlink_friends_add(end->friends, key, NULL);
}

static void do_key(End *end)
{
    const uint8_t key[TOXLINK_KEY_SIZE] = {55};
    toxlink_friends_handle_dht_key(end->friends, first_friend(end), key, end, NULL);
}

static void do_over(End *end)
{
    const int32_t id = toxlink_friends_connection(end->friends, first_friend(end), NULL);
    Connection *const found = connection(end, id);
    if (found != NULL && found->peer_id >= 0) {
        post(1, found->peer, OVER, found->peer_id);
    }
    end_connection(end, id);
}

static void do_send(End *end)
{
    const uint8_t packet[] = {64};
    toxlink_friends_send(end->friends, first_friend(end), packet, sizeof packet, NULL);
}

static void do_iterate(End *end) { toxlink_friends_iterate(end->friends, end, &inner_iterate); }

static void do_unset(End *end) { toxlink_friends_callback_status(end->friends, NULL); }

static void do_kill(End *end) { kill_end(end); }

static void test_inside(void)
{
    static const char *const places[] = {
        "onion_add",   "onion_bind",    "onion_delete",      "onion_set_online",
        "onion_send",  "dht_add",       "dht_delete",        "onion_set_dht_key",
        "crypto_new",  "crypto_accept", "crypto_kill",       "crypto_set_direct",
        "relay_add",   "relay_add_for", "crypto_write",      "relays_copy",
        "lan_send",    "log",           "on_status",         "on_data",
        "on_request",
    };
    static void (*const deeds[])(End *) = {
        do_remove, do_replace, do_add, do_key, do_over, do_send, do_iterate, do_unset, do_kill,
    };
    const uint8_t nospam[] = {1, 2, 3, 4};
    const uint8_t request[] = {32, 1, 2, 3, 4, 'x'};
    for (size_t p = 0; p < sizeof places / sizeof places[0]; ++p) {
        for (size_t d = 0; d < sizeof deeds / sizeof deeds[0]; ++d) {
            begin();
            End *const a = &ends[0], *const b = &ends[1];
            a->hook = places[p];
            a->run = deeds[d];
            const uint32_t on_a = toxlink_friends_add(a->friends, b->key, NULL);
            const uint32_t on_b = toxlink_friends_add(b->friends, a->key, NULL);
            toxlink_friends_send_request(a->friends, on_a, nospam, nospam, 1, NULL);
            pass(40);
            const uint8_t packet[] = {64};
            toxlink_friends_send(b->friends, on_b, packet, sizeof packet, NULL);
            if (a->friends != NULL) {
                toxlink_friends_handle_request(a->friends, b->key, request, sizeof request, a, NULL);
            }
            pass(2);
            /* What only happens to friends without a connection. */
            if (a->friends != NULL) {
                do_over(a);
            }
            const uint8_t relay[TOXLINK_KEY_SIZE] = {77};
            toxlink_friends_handle_relay(a->friends, first_friend(a), "192.0.2.9:1", true, relay, a,
                                         NULL);
            int peer = 1;
            toxlink_friends_handle_offer(a->friends, b->key, b->dht_key, NULL, &peer, a, NULL);
            pass(2);
            /* Some only happen at the end. */
            if (a->friends != NULL) {
                do_key(a);
            }
            pass(1);
            if (a->friends != NULL) {
                do_remove(a);
            }
            if (a->friends != NULL) {
                kill_end(a);
            }
            kill_end(b);
            const bool well = a->ran && is_balanced(a) && a->after_the_end == 0;
            check(well, __LINE__, places[p]);
            if (!well) {
                printf("  deed %zu: ran %d, balanced %d, after the end %d\n", d, a->ran,
                       is_balanced(a), a->after_the_end);
            }
        }
    }
}

static void test_iterate_busy(void)
{
    uint32_t n[ENDS];
    begin_pair(n);
    run_until_online(n);
    ends[0].hook = "crypto_write";
    ends[0].run = do_iterate;
    inner_iterate = TOXLINK_ERR_ITERATE_OK;
    pass(15);
    CHECK(ends[0].ran && inner_iterate == TOXLINK_ERR_ITERATE_BUSY);
    Toxlink_Err_Iterate error;
    CHECK(toxlink_friends_iterate(ends[0].friends, &ends[0], &error));
    CHECK(error == TOXLINK_ERR_ITERATE_OK);
    end_pair();
}

int main(void)
{
    now = 1;
    test_life();
    test_new();
    test_misuse();
    test_names();
    test_inside();
    test_iterate_busy();
    printf("%d passed, %d failed\n", passed, failed);
    return failed == 0 ? 0 : 1;
}
