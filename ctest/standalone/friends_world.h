/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Two ends whose neighbours are connected by a small simulated network, in virtual time. Each end keeps
 * books: what is taken must be given back, once.
 */
#ifndef STANDALONE_FRIENDS_WORLD_H
#define STANDALONE_FRIENDS_WORLD_H

#include "toxlink.h"

enum {
    ENDS = 2,
    MAX_ITEMS = 64,
    MAX_EVENTS = 256,
    MAX_DATA = 1373,
    ATTEMPT_SECONDS = 8,
};

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

extern End ends[ENDS];
/* Seconds. */
extern uint64_t now;
/* Nothing gets through. */
extern bool cut;

/* Two new ends without friends. */
void begin(void);
/* Two ends that have added each other; the numbers that they have for each other. */
void begin_pair(uint32_t numbers[ENDS]);
/* Seconds pass: what is on its way arrives, and each end iterates when its wait is over. */
void pass(int count);
bool are_online(const uint32_t numbers[ENDS]);
/* A minute at most. */
void run_until_online(const uint32_t numbers[ENDS]);
void kill_end(End *end);
/* Whether everything that was taken was given back, once. */
bool is_balanced(const End *end);
/* All functions, in a struct that was full of other things. */
Toxlink_Neighbours neighbours(End *end);
/* One of them, which the program may call, too. */
bool crypto_write(int32_t id, const uint8_t *data, size_t length, void *object);
Connection *connection(End *end, int32_t id);
/* The connection breaks, here. */
void end_connection(End *end, int32_t id);
/* The same on both ends. */
void lose(End *end, int32_t id);

#endif
