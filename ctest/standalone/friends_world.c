/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "friends_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

End ends[ENDS];
static Event events[MAX_EVENTS];
uint64_t now;
bool cut;
static uint64_t order;

/* Every function of the program says so when it is called. Once the object is killed, only those that
 * give something back may be. */
static void call_hook(End *end, const char *where)
{
    static const char *const gives_back[] = {"onion_delete", "dht_delete", "crypto_kill"};
    bool may = !end->over;
    for (int i = 0; i < 3; ++i) {
        may = may || strcmp(where, gives_back[i]) == 0;
    }
    end->after_the_end += !may;
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

Connection *connection(End *end, int32_t id)
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
    call_hook(end, "onion_set_online");
}

static void onion_set_dht_key(int32_t onion_number, const uint8_t *dht_public_key, void *object)
{
    End *const end = object;
    (void)onion_number;
    (void)dht_public_key;
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

bool crypto_write(int32_t id, const uint8_t *data, size_t length, void *object)
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
    call_hook(end, "log");
}

/* --------------------------------------------------------------------------------- callbacks */

static void on_status(Toxlink_Friends *friends, uint32_t friend_number, bool online, void *user_data)
{
    End *const end = user_data;
    (void)friend_number;
    end->after_the_end += friends != end->friends;
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

void end_connection(End *end, int32_t id)
{
    Connection *const found = connection(end, id);
    if (found != NULL) {
        found->used = false;
        toxlink_friends_handle_status(end->friends, found->friend_number, id, false, end, NULL);
    }
}

void lose(End *end, int32_t id)
{
    const Connection *const found = connection(end, id);
    if (found != NULL && found->peer_id >= 0) {
        post(1, found->peer, OVER, found->peer_id);
    }
    end_connection(end, id);
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

void pass(int count)
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

Toxlink_Neighbours neighbours(End *end)
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

void begin(void)
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

bool is_balanced(const End *end)
{
    int left = end->double_frees;
    for (int i = 0; i < MAX_ITEMS; ++i) {
        left += end->onions[i].used + end->token_used[i] + end->connections[i].used;
    }
    return left == 0;
}

void kill_end(End *end)
{
    toxlink_friends_kill(end->friends);
    end->friends = NULL;
    end->over = true;
}

void begin_pair(uint32_t numbers[ENDS])
{
    begin();
    for (int i = 0; i < ENDS; ++i) {
        numbers[i] = toxlink_friends_add(ends[i].friends, ends[1 - i].key, NULL);
    }
}

bool are_online(const uint32_t numbers[ENDS])
{
    int online = 0;
    for (int i = 0; i < ENDS; ++i) {
        online += toxlink_friends_status(ends[i].friends, numbers[i]) == TOXLINK_FRIEND_STATUS_ONLINE;
    }
    return online == ENDS;
}

void run_until_online(const uint32_t numbers[ENDS])
{
    for (int i = 0; i < 60 && !are_online(numbers); ++i) {
        pass(1);
    }
}
