// SPDX-License-Identifier: GPL-3.0-or-later
// The file transfer. The sender tells the file's SHA-256 in a message before it offers the file;
// the receiver compares it with its own over the bytes that arrived, and tells the result back.
// tox_hash, which the API offers for any purpose, is SHA-256.
#include "client.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t MAX_FILE_SIZE = 256u << 20;
static const double MIB = 1024 * 1024;

static void digest_of(const File *file, char hex[DIGEST_HEX])
{
    uint8_t digest[DIGEST_SIZE];
    tox_hash(digest, file->data, (size_t)file->size);
    hex_encode(hex, digest, sizeof digest);
}

// Reads the whole file of the sending client.
bool file_load(Client *c)
{
    File *file = &c->file;
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

static void file_begin(File *file)
{
    file->started = true;
    file->started_at = clock_now();
    file->cpu_at_start = cpu_seconds();
}

static void file_end(File *file)
{
    file->complete = true;
    report_value("file_cpu_s", "%.3f", cpu_seconds() - file->cpu_at_start);
}

// The sender offers the file after its last message, the one with the digest. Toxcore keeps the order.
void file_work(Client *c)
{
    File *file = &c->file;
    static const char name[] = "demo.bin";
    TOX_ERR_FILE_SEND error;

    if (!c->asks || file->started || !c->friend_online || c->failed ||
        c->chat.sent <= chat_lines_before_digest(&c->chat)) {
        return;
    }
    file->number = tox_file_send(c->tox, c->friend_number, TOX_FILE_KIND_DATA, file->size, NULL,
                                 (const uint8_t *)name, strlen(name), &error);
    if (error != TOX_ERR_FILE_SEND_OK) {
        report_fail(c, "toxcore refused to offer the file (error %d)", (int)error);
        return;
    }
    file_begin(file);
    report_say("offers a file of %.0f MiB, SHA-256 %.16s...", (double)file->size / MIB, file->digest);
}

static void on_chunk_request(Tox *tox, uint32_t friend_number, uint32_t file_number, uint64_t position, size_t length,
                             void *user_data)
{
    Client *c = (Client *)user_data;
    File *file = &c->file;
    TOX_ERR_FILE_SEND_CHUNK error;

    if (file_number != file->number || position > file->size || length > file->size - position) {
        report_fail(c, "toxcore asked for a part of the file that does not exist");
        return;
    }
    if (length == 0) {
        file_end(file);
        return;
    }
    if (!tox_file_send_chunk(tox, friend_number, file_number, position, file->data + position, length, &error)) {
        report_fail(c, "toxcore refused a part of the file (error %d)", (int)error);
    }
}

static void on_file_offer(Tox *tox, uint32_t friend_number, uint32_t file_number, uint32_t kind, uint64_t size,
                          const uint8_t *name, size_t name_length, void *user_data)
{
    Client *c = (Client *)user_data;
    File *file = &c->file;
    (void)kind;
    (void)name;
    (void)name_length;

    if (file->started || c->asks || size == 0 || size > MAX_FILE_SIZE) {
        report_fail(c, "received a file offer that was not expected");
        return;
    }
    file->data = (uint8_t *)malloc((size_t)size);
    file->size = size;
    file->number = file_number;
    if (file->data == NULL || !tox_file_control(tox, friend_number, file_number, TOX_FILE_CONTROL_RESUME, NULL)) {
        report_fail(c, "could not accept the file");
        return;
    }
    file_begin(file);
    report_say("accepts the file");
}

static void file_received(Client *c)
{
    File *file = &c->file;
    const double seconds = clock_now() - file->started_at;
    const double rate = (double)file->size / 1e6 / seconds;

    file_end(file);
    digest_of(file, file->digest);
    report_say("has the whole file: %" PRIu64 " bytes in %.2f s, %.2f MB/s", file->size, seconds, rate);
    report_value("file_s", "%.2f", seconds);
    report_value("file_rate", "%.2f", rate);
    if (!file_save(file)) {
        report_fail(c, "could not write the received file");
    }
    if (strcmp(file->digest, file->announced) != 0) {
        report_fail(c, "the file's SHA-256 is %s, but %s announced %s", file->digest, c->peer, file->announced);
        return;
    }
    report_say("SHA-256 %.16s...: the same as %s announced", file->digest, c->peer);
    report_value("sha256", "%s", file->digest);
}

static void on_chunk(Tox *tox, uint32_t friend_number, uint32_t file_number, uint64_t position, const uint8_t *data,
                     size_t length, void *user_data)
{
    Client *c = (Client *)user_data;
    File *file = &c->file;
    (void)tox;
    (void)friend_number;

    // The end of the transfer comes as a chunk without data, at the position after the last byte.
    if (!file->started || file->complete || file_number != file->number || position != file->position ||
        length > file->size - file->position || (length == 0 && position != file->size)) {
        report_fail(c, "received a wrong part of the file, at byte %" PRIu64, position);
        return;
    }
    if (length == 0) {
        file_received(c);
        return;
    }
    memcpy(file->data + position, data, length);
    file->position += length;

    const unsigned quarter = (unsigned)(4 * file->position / file->size);
    if (quarter > file->quarters_told && quarter < 4) {
        file->quarters_told = quarter;
        report_say("%3u %% of the file, %.2f MB/s", 25 * quarter,
                   (double)file->position / 1e6 / (clock_now() - file->started_at));
    }
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
    File *file = &c->file;
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
