// SPDX-License-Identifier: GPL-3.0-or-later
// The file transfers. Toxcore lets the sender choose a file's id: here it is the SHA-256 of its bytes
// (tox_hash, which the API offers for any purpose, is SHA-256). The receiver compares it with its own
// over the bytes that arrived. For the first file, the plain one, the digest also travels as a
// message before the offer, and the receiver's result back.
#include "client.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t MAX_FILE_SIZE = 256u << 20;
static const double MIB = 1024 * 1024;

// One file after the other: the plain one, then that of the scene.
static File *current(Client *c)
{
    return c->plain_file.complete ? &c->scene_file : &c->plain_file;
}

static void digest_of(const File *file, char hex[DIGEST_HEX])
{
    uint8_t digest[DIGEST_SIZE];
    tox_hash(digest, file->data, (size_t)file->size);
    hex_encode(hex, digest, sizeof digest);
}

// Reads the whole of a file that will be sent.
bool file_load(File *file)
{
    FILE *f = fopen(file->path, "rb");
    if (f == NULL || fseek(f, 0, SEEK_END) != 0) {
        return false;
    }
    const long size = ftell(f);
    rewind(f);
    if (size > 0 && (uint64_t)size <= MAX_FILE_SIZE) {
        file->data = (uint8_t *)malloc((size_t)size);
    }
    const bool ok = file->data != NULL && fread(file->data, 1, (size_t)size, f) == (size_t)size;
    fclose(f);
    if (ok) {
        file->size = (uint64_t)size;
        digest_of(file, file->digest);
    }
    return ok;
}

static bool file_save(const File *file)
{
    FILE *f = fopen(file->path, "wb");
    if (f == NULL) {
        return false;
    }
    const bool written = fwrite(file->data, 1, (size_t)file->size, f) == file->size;
    return fclose(f) == 0 && written;
}

// Also for a transfer that toxcore has broken off and that goes on now.
static void file_begin(File *file)
{
    file->active = true;
    if (file->started_at == 0) {
        file->started_at = file->last_byte_at = clock_now();
        file->cpu_at_start = cpu_seconds();
    }
}

static void file_end(Client *c, File *file)
{
    char key[32];
    file->complete = true;
    snprintf(key, sizeof key, "%s_cpu_s", file->prefix);
    report_value(key, "%.3f", cpu_seconds() - file->cpu_at_start);
    if (file == &c->scene_file) {
        scene_end(c, true);
    } else {
        scene_count_relays(c);
    }
}

// The plain file comes after the last message, the one with the digest. Toxcore keeps the order.
static bool may_offer(const Client *c, const File *file)
{
    if (!c->asks || file->active || file->complete || !c->friend_online || c->failed) {
        return false;
    }
    if (file == &c->plain_file) {
        return c->chat.sent > chat_lines_before_digest(&c->chat);
    }
    return c->step == STEP_SCENE && !c->scene.over;
}

void file_work(Client *c)
{
    File *file = current(c);
    static const char name[] = "demo.bin";
    uint8_t id[TOX_FILE_ID_LENGTH];
    TOX_ERR_FILE_SEND error;

    if (!may_offer(c, file)) {
        return;
    }
    hex_decode(id, sizeof id, file->digest);
    file->number = tox_file_send(c->tox, c->friend_number, TOX_FILE_KIND_DATA, file->size, id, (const uint8_t *)name,
                                 strlen(name), &error);
    if (error != TOX_ERR_FILE_SEND_OK) {
        report_fail(c, "toxcore refused to offer the file (error %d)", (int)error);
        return;
    }
    report_say("offers a file of %.0f MiB%s, SHA-256 %.16s...", (double)file->size / MIB,
               file->started_at > 0 ? " once more" : "", file->digest);
    file_begin(file);
}

static void on_chunk_request(Tox *tox, uint32_t friend_number, uint32_t file_number, uint64_t position, size_t length,
                             void *user_data)
{
    Client *c = (Client *)user_data;
    File *file = current(c);
    TOX_ERR_FILE_SEND_CHUNK error;

    if (file_number != file->number || position > file->size || length > file->size - position) {
        report_fail(c, "toxcore asked for a part of the file that does not exist");
        return;
    }
    if (length == 0) {
        file_end(c, file);
        return;
    }
    if (!tox_file_send_chunk(tox, friend_number, file_number, position, file->data + position, length, &error)) {
        report_fail(c, "toxcore refused a part of the file (error %d)", (int)error);
    }
}

// The file's id is its announced digest. False if the message before it announced another one, or if
// this should be the rest of a file and is another file.
static bool take_id(Client *c, File *file)
{
    uint8_t id[TOX_FILE_ID_LENGTH];
    char hex[DIGEST_HEX];

    if (!tox_file_get_file_id(c->tox, c->friend_number, file->number, id, NULL)) {
        return false;
    }
    hex_encode(hex, id, sizeof id);
    if (file->announced[0] != '\0') {
        return strcmp(hex, file->announced) == 0;
    }
    memcpy(file->announced, hex, sizeof hex);
    return true;
}

// For the rest of a file: tells the sender where to go on.
static bool accept(Client *c, File *file)
{
    if (file->position > 0 && !tox_file_seek(c->tox, c->friend_number, file->number, file->position, NULL)) {
        return false;
    }
    return tox_file_control(c->tox, c->friend_number, file->number, TOX_FILE_CONTROL_RESUME, NULL);
}

static void on_file_offer(Tox *tox, uint32_t friend_number, uint32_t file_number, uint32_t kind, uint64_t size,
                          const uint8_t *name, size_t name_length, void *user_data)
{
    Client *c = (Client *)user_data;
    File *file = current(c);
    (void)tox;
    (void)friend_number;
    (void)kind;
    (void)name;
    (void)name_length;

    if (file->active || file->path == NULL || c->asks || size == 0 || size > MAX_FILE_SIZE ||
        (file->size > 0 && file->size != size)) {
        report_fail(c, "received a file offer that was not expected");
        return;
    }
    if (file->data == NULL) {
        file->data = (uint8_t *)malloc((size_t)size);
    }
    file->size = size;
    file->number = file_number;
    if (!take_id(c, file)) {
        report_fail(c, "the id of the offered file is not the announced SHA-256");
        return;
    }
    if (file->data == NULL || !accept(c, file)) {
        report_fail(c, "could not accept the file");
        return;
    }
    file_begin(file);
    report_say(file->position > 0 ? "accepts the rest of the file" : "accepts the file");
}

static void file_received(Client *c, File *file)
{
    char key[32];
    const double seconds = clock_now() - file->started_at;
    const double rate = (double)file->size / 1e6 / seconds;

    digest_of(file, file->digest);
    report_say("has the whole file: %" PRIu64 " bytes in %.2f s, %.2f MB/s", file->size, seconds, rate);
    if (!file_save(file)) {
        report_fail(c, "could not write the received file");
    }
    if (strcmp(file->digest, file->announced) != 0) {
        report_fail(c, "the file's SHA-256 is %s, but %s announced %s", file->digest, c->peer, file->announced);
        return;
    }
    report_say("SHA-256 %.16s...: the same as %s announced", file->digest, c->peer);
    snprintf(key, sizeof key, "%s_s", file->prefix);
    report_value(key, "%.2f", seconds);
    snprintf(key, sizeof key, "%s_rate", file->prefix);
    report_value(key, "%.2f", rate);
    snprintf(key, sizeof key, "%s_sha256", file->prefix);
    report_value(key, "%s", file->digest);
    file_end(c, file);
}

static void tell_part(const Client *c, File *file)
{
    const unsigned part = (unsigned)(FILE_PARTS * file->position / file->size);
    if (part == file->parts_told || part == FILE_PARTS) {
        return;
    }
    file->parts_told = part;
    if (4 * part % FILE_PARTS == 0) {
        report_say("%3u %% of the file, %.2f MB/s", 100 * part / FILE_PARTS,
                   (double)file->position / 1e6 / (clock_now() - file->started_at));
    }
    if (file == &c->scene_file) {
        report_value("part", "%u", part);
    }
}

static void on_chunk(Tox *tox, uint32_t friend_number, uint32_t file_number, uint64_t position, const uint8_t *data,
                     size_t length, void *user_data)
{
    Client *c = (Client *)user_data;
    File *file = current(c);
    (void)tox;
    (void)friend_number;

    // The end of the transfer comes as a chunk without data, at the position after the last byte.
    if (!file->active || file->complete || file_number != file->number || position != file->position ||
        length > file->size - file->position || (length == 0 && position != file->size)) {
        report_fail(c, "received a wrong part of the file, at byte %" PRIu64, position);
        return;
    }
    if (length == 0) {
        file_received(c, file);
        return;
    }
    memcpy(file->data + position, data, length);
    file->position += length;
    if (file == &c->scene_file) {
        scene_bytes_came(c);
    }
    tell_part(c, file);
}

static void on_file_control(Tox *tox, uint32_t friend_number, uint32_t file_number, TOX_FILE_CONTROL control,
                            void *user_data)
{
    (void)tox;
    (void)friend_number;
    (void)file_number;
    if (control == TOX_FILE_CONTROL_CANCEL) {
        report_fail((Client *)user_data, "the file transfer was cancelled");
    }
}

void file_register(Tox *tox)
{
    tox_callback_file_chunk_request(tox, on_chunk_request);
    tox_callback_file_recv(tox, on_file_offer);
    tox_callback_file_recv_chunk(tox, on_chunk);
    tox_callback_file_recv_control(tox, on_file_control);
}

// claimed is the other side's line "SHA-256 <hex>": the announced digest on the receiving client,
// the receiver's result on the sending one. The receiver keeps it until the file is there.
void file_check_digest(Client *c, const char *claimed)
{
    static const char prefix[] = "SHA-256 ";
    File *file = &c->plain_file;
    const char *hex = claimed + strlen(prefix);

    if (strncmp(claimed, prefix, strlen(prefix)) != 0 || strlen(hex) != DIGEST_HEX - 1) {
        report_fail(c, "received \"%s\" where the file's SHA-256 should have come", claimed);
        return;
    }
    if (!c->asks) {
        memcpy(file->announced, hex, DIGEST_HEX);
        return;
    }
    if (strcmp(hex, file->digest) != 0) {
        report_fail(c, "%s received other bytes than were sent: SHA-256 %s", c->peer, hex);
        return;
    }
    report_say("hears from %s that the SHA-256 is the same", c->peer);
}
