// SPDX-License-Identifier: GPL-3.0-or-later
// One of the demo's two Tox clients. Alice asks and sends the files; Bob answers and receives them.
// Outside relays.c only the public API of toxcore (tox.h) is used, so a client cannot tell which
// modules it was linked with.
#ifndef DEMO_CLIENT_H
#define DEMO_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tox/tox.h>

#define MAX_RELAYS 8
#define MAX_LINES 4096
#define MAX_QUESTIONS 64
#define FILE_PARTS 8  // of which the receiver tells
#define DIGEST_SIZE 32
#define DIGEST_HEX (2 * DIGEST_SIZE + 1)

typedef struct Relay {
    char host[64];
    uint16_t udp_port;
    uint16_t tcp_port;
    uint8_t key[TOX_PUBLIC_KEY_SIZE];
} Relay;

// The steps of a run, in order. A client leaves a step only forwards.
// STEP_RELAYS and STEP_SCENE are the scene with failing relays.
typedef enum Step {
    STEP_NETWORK,
    STEP_FRIEND,
    STEP_TALK,
    STEP_NOTES,
    STEP_FILE,
    STEP_RELAYS,
    STEP_SCENE,
    STEP_DONE
} Step;

// What befalls the relays during the scene; the script tells Bob of each with a signal.
typedef enum Fault { FAULT_NONE, FAULT_KILL, FAULT_FREEZE, FAULTS } Fault;

// The conversation is a fixed list of lines on each side, known to both: questions (or answers),
// then notes, then the file's digest. So each client can check every line that it receives.
typedef struct Chat {
    uint32_t questions;
    uint32_t notes;
    uint32_t sent;
    uint32_t received;
    uint32_t receipts;
    uint32_t message_id[MAX_LINES];
    bool receipted[MAX_LINES];
    double asked_at;
    double round_trip[MAX_QUESTIONS];
    double notes_started;
} Chat;

typedef struct File {
    const char *path;
    const char *prefix;     // of the figures that are reported
    uint8_t *data;
    uint64_t size;
    uint64_t position;
    uint32_t number;
    unsigned parts_told;
    bool active;            // offered or accepted, and not broken off since
    bool complete;
    double started_at;
    double cpu_at_start;
    double last_byte_at;
    char announced[DIGEST_HEX];
    char digest[DIGEST_HEX];
} File;

typedef struct Scene {
    bool forgiving;              // what goes wrong is told, and the run goes on
    bool relays_asked;
    bool relays_ready;
    bool over;
    Fault fault;                 // the latest
    double fault_at;
    double longest_pause[FAULTS];  // seconds without a new byte of the file, after each fault
    unsigned times_lost;         // how often the friend counted as offline
} Scene;

typedef struct Client {
    Tox *tox;
    const char *name;
    const char *peer;
    const char *friend_address;  // hexadecimal; set only on the client that asks
    bool asks;
    uint32_t step_ms;            // pause between two tox_iterate; 0: what toxcore recommends
    Relay relays[MAX_RELAYS];
    size_t relay_count;

    bool failed;
    bool self_online;
    bool friend_online;
    bool friend_was_online;
    bool friend_left;
    bool has_friend;
    uint32_t friend_number;
    Step step;
    double step_started;
    double started;
    Chat chat;
    File plain_file;
    File scene_file;
    Scene scene;
} Client;

// options.c
bool options_parse(Client *c, double *epoch, int argc, char **argv);

// chat.c
bool chat_texts_fit(const Chat *chat);
void chat_request_text(const Client *c, const char *from, const char *to, char *text, size_t size);
void chat_work(Client *c);
void chat_on_message(Tox *tox, uint32_t friend_number, TOX_MESSAGE_TYPE type, const uint8_t *text, size_t length,
                     void *user_data);
void chat_on_receipt(Tox *tox, uint32_t friend_number, uint32_t message_id, void *user_data);
uint32_t chat_lines_before_digest(const Chat *chat);

// file.c
bool file_load(File *file);
void file_work(Client *c);
void file_register(Tox *tox);
void file_check_digest(Client *c, const char *claimed);

// scene.c
void scene_work(Client *c);
void scene_fault_comes(Client *c);
void scene_bytes_came(Client *c);
void scene_lost_friend(Client *c);
void scene_tell_waiting(const Client *c);
bool scene_forgives(const Client *c);
void scene_end(Client *c, bool done);
void scene_count_relays(const Client *c);

// relays.c: what tox.h does not tell.
uint32_t relays_online(void);
void relays_associate(void);
void relays_tell_statistics(void);

// report.c: one line per event on standard output, for the script that shows them.
void report_start(const char *name, double epoch);
double report_last(void);
double clock_now(void);
double cpu_seconds(void);
void report_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void report_value(const char *key, const char *format, ...) __attribute__((format(printf, 2, 3)));
void report_fail(Client *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
void hex_encode(char *text, const uint8_t *bytes, size_t length);
bool hex_decode(uint8_t *bytes, size_t length, const char *text);

#endif
