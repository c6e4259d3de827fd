/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Several objects in one event loop, with no polling.
 *
 *   cc -std=c99 epoll.c $(pkg-config --cflags --libs toxlink) -o epoll
 *   ./epoll [SECONDS]
 *
 * Two peers and two relays live on one thread. They exchange packets, are left alone, and do it again. It
 * prints how often epoll_wait() returned in each phase. For a second or so after the last packet, peers make
 * sure that the relay still answers; in the SECONDS (5) after that nothing happens, and nothing wakes up.
 */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include <toxlink.h>

enum { PEERS = 2, RELAYS = 2, PACKETS = 1000, PATIENCE_MS = 60000, PATIENCE_SECONDS = 30 };

typedef struct Peer {
    Toxlink_Connections *connections;
    uint32_t other;
    int received;
} Peer;

typedef struct Program {
    int epoll;
    Peer peers[PEERS];
    Toxlink_Relay *relays[RELAYS];
    int wakeups;
} Program;

static bool complain(const char *what, const char *why)
{
    fprintf(stderr, "epoll: %s: %s\n", what, why);
    return false;
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Answers each packet with one that is a number smaller, until 0. */
static void on_data(Toxlink_Connections *connections, uint32_t peer, const uint8_t *data, size_t length,
                    void *user_data)
{
    ((Peer *)user_data)->received++;
    if (length == 2 && (data[0] != 0 || data[1] != 0)) {
        const int number = data[0] * 256 + data[1] - 1;
        const uint8_t answer[2] = {(uint8_t)(number / 256), (uint8_t)(number % 256)};
        toxlink_connections_send(connections, peer, answer, sizeof(answer), NULL);
    }
}

/* The sooner of two times to wait, where -1 stands for never. */
static int sooner(int one, int other)
{
    return one < 0 || (other >= 0 && other < one) ? other : one;
}

/* One round of the event loop, which waits until `end` at the longest. */
static bool turn(Program *program, int64_t end)
{
    struct epoll_event events[PEERS + RELAYS];
    int64_t left = end - now_ms();
    int timeout = left > 0 ? (int)left : 0;
    int count;
    bool due[PEERS + RELAYS] = {false};
    /* How long each object can wait is asked before each wait: that is all that a loop has to know of timers. */
    int waits[PEERS + RELAYS];
    for (int i = 0; i < PEERS; i++) waits[i] = toxlink_connections_wait(program->peers[i].connections);
    for (int i = 0; i < RELAYS; i++) waits[PEERS + i] = toxlink_relay_wait(program->relays[i]);
    const int64_t began = now_ms();
    for (int i = 0; i < PEERS + RELAYS; i++) timeout = sooner(timeout, waits[i]);
    count = epoll_wait(program->epoll, events, PEERS + RELAYS, timeout);
    if (count < 0 && errno != EINTR) return complain("epoll_wait", strerror(errno));
    /* The end of a phase is no business of the objects. */
    if (count > 0 || now_ms() < end) program->wakeups++;
    for (int i = 0; i < count; i++) due[events[i].data.u32] = true;
    for (int i = 0; i < PEERS + RELAYS; i++) {
        Toxlink_Err_Iterate error = TOXLINK_ERR_ITERATE_OK;
        /* Neither has it something to read, nor is its time over. */
        if (!due[i] && (waits[i] < 0 || now_ms() - began < waits[i])) continue;
        if (i < PEERS) toxlink_connections_iterate(program->peers[i].connections, &program->peers[i], &error);
        else toxlink_relay_iterate(program->relays[i - PEERS], &error);
        if (error != TOXLINK_ERR_ITERATE_OK) return complain("iterating", toxlink_err_iterate_to_string(error));
    }
    return true;
}

static bool watch(Program *program, int descriptor, uint32_t index)
{
    struct epoll_event event = {.events = EPOLLIN, .data = {.u32 = index}};
    return epoll_ctl(program->epoll, EPOLL_CTL_ADD, descriptor, &event) == 0 || complain("epoll_ctl", strerror(errno));
}

static bool begin(Program *program)
{
    uint8_t key[TOXLINK_KEY_SIZE];
    program->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (program->epoll < 0) return complain("epoll_create1", strerror(errno));
    for (int i = 0; i < PEERS; i++) {
        Toxlink_Err_New error;
        Toxlink_Connections *connections = program->peers[i].connections = toxlink_connections_new(NULL, &error);
        if (connections == NULL) return complain("no connections", toxlink_err_new_to_string(error));
        toxlink_connections_callback_data(connections, on_data);
        if (!watch(program, toxlink_connections_descriptor(connections), (uint32_t)i)) return false;
    }
    for (int i = 0; i < PEERS; i++) {
        Toxlink_Err_Peer error;
        Peer *peer = &program->peers[i];
        toxlink_connections_public_key(program->peers[1 - i].connections, key);
        peer->other = toxlink_connections_add_peer(peer->connections, key, &error);
        if (peer->other == TOXLINK_NO_PEER) return complain("no peer", toxlink_err_peer_to_string(error));
    }
    for (int i = 0; i < RELAYS; i++) {
        Toxlink_Err_New error;
        Toxlink_Relay *relay = program->relays[i] = toxlink_relay_new(NULL, &error);
        char address[64];
        if (relay == NULL) return complain("no relay", toxlink_err_new_to_string(error));
        /* It is not started: its place is in the event loop. */
        if (!watch(program, toxlink_relay_descriptor(relay), (uint32_t)(PEERS + i))) return false;
        toxlink_relay_public_key(relay, key);
        toxlink_relay_address(relay, 0, address, sizeof(address));
        for (int j = 0; j < PEERS; j++) {
            Toxlink_Err_Relay refusal;
            Peer *peer = &program->peers[j];
            if (!toxlink_connections_add_relay_for(peer->connections, peer->other, address, key, &refusal)) {
                return complain(address, toxlink_err_relay_to_string(refusal));
            }
        }
    }
    return true;
}

static bool exchange(Program *program, const char *phase)
{
    const uint8_t first[2] = {(PACKETS - 1) / 256, (PACKETS - 1) % 256};
    const int64_t end = now_ms() + PATIENCE_MS;
    Toxlink_Err_Send error;
    program->wakeups = program->peers[0].received = program->peers[1].received = 0;
    const Peer *beginner = &program->peers[0];
    if (!toxlink_connections_send(beginner->connections, beginner->other, first, sizeof(first), &error)) {
        return complain("sending", toxlink_err_send_to_string(error));
    }
    while (program->peers[0].received + program->peers[1].received < PACKETS) {
        if (now_ms() >= end) return complain(phase, "it takes too long");
        if (!turn(program, end)) return false;
    }
    printf("%s: %d packets, %d wake-ups\n", phase, PACKETS, program->wakeups);
    return true;
}

/* Counts the wake-ups of some seconds in which we do nothing. */
static bool rest(Program *program, int seconds)
{
    const int64_t end = now_ms() + seconds * 1000;
    program->wakeups = 0;
    while (now_ms() < end) {
        if (!turn(program, end)) return false;
    }
    return true;
}

static bool run(Program *program, int seconds)
{
    const int64_t end = now_ms() + PATIENCE_MS;
    if (!begin(program)) return false;
    for (int i = 0; i < PEERS; i++) {
        while (toxlink_connections_online_relays(program->peers[i].connections, program->peers[i].other) < RELAYS) {
            if (now_ms() >= end) return complain("beginning", "it takes too long");
            if (!turn(program, end)) return false;
        }
    }
    printf("connected: %d wake-ups\n", program->wakeups);
    if (!exchange(program, "busy")) return false;
    for (int i = 0; i < PATIENCE_SECONDS && (i == 0 || program->wakeups > 0); i++) {
        if (!rest(program, 1)) return false;
        printf("settling: 1 second, %d wake-ups\n", program->wakeups);
    }
    if (!rest(program, seconds)) return false;
    printf("idle: %d seconds, %d wake-ups\n", seconds, program->wakeups);
    return exchange(program, "busy again");
}

int main(int argc, char **argv)
{
    Program program = {.epoll = -1};
    const bool done = run(&program, argc > 1 ? atoi(argv[1]) : 5);
    for (int i = 0; i < PEERS; i++) toxlink_connections_kill(program.peers[i].connections);
    for (int i = 0; i < RELAYS; i++) toxlink_relay_kill(program.relays[i]);
    if (program.epoll >= 0) close(program.epoll);
    return done ? 0 : 1;
}
