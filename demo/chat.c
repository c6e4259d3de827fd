// SPDX-License-Identifier: GPL-3.0-or-later
// The conversation: questions with answers one at a time, then notes both ways at once.
//
// Toxcore delivers the messages of a friend in order and tells the sender when each has arrived
// (the delivery receipt). Both are checked here: a line that is not exactly the expected one, or
// a receipt for a message never sent, ends the run.
#include "client.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// At most so many notes without a receipt. With more than 64 packets under way toxcore slows down
// to a crawl: messages, unlike files, are not paced.
static const uint32_t MAX_UNDER_WAY = 32;

enum { TEXT_SIZE = 256 };

uint32_t chat_lines_before_digest(const Chat *chat)
{
    return chat->questions + chat->notes;
}

bool chat_texts_fit(const Chat *chat)
{
    return chat->questions >= 1 && chat->questions <= MAX_QUESTIONS && chat->notes >= 1 &&
           chat->notes < MAX_LINES - MAX_QUESTIONS;
}

void chat_request_text(const Client *c, const char *from, const char *to, char *text, size_t size)
{
    snprintf(text, size, "Hi %s, %s here. I have %" PRIu32 " notes and a file for you.", to, from,
             c->chat.notes);
}

// Line number `index` (from 0) of what `from` says; `asks` tells which side `from` is.
static void line_text(const Client *c, const char *from, bool asks, uint32_t index, char text[TEXT_SIZE])
{
    const Chat *chat = &c->chat;

    if (index < chat->questions) {
        snprintf(text, TEXT_SIZE, asks ? "Question %" PRIu32 ": do you hear me?" : "Answer %" PRIu32 ": loud and clear.",
                 index + 1);
    } else if (index < chat_lines_before_digest(chat)) {
        snprintf(text, TEXT_SIZE, "Note %" PRIu32 " from %s: all of this went through a relay.",
                 index - chat->questions + 1, from);
    } else {
        snprintf(text, TEXT_SIZE, "SHA-256 %s", c->plain_file.digest);
    }
}

static bool may_send(const Client *c)
{
    const Chat *chat = &c->chat;
    const uint32_t last = chat_lines_before_digest(chat);

    if (chat->sent < chat->questions) {  // strictly in turn
        return c->asks ? chat->received >= chat->sent : chat->received > chat->sent;
    }
    if (chat->sent < last) {
        return chat->received >= chat->questions && chat->sent - chat->receipts < MAX_UNDER_WAY;
    }
    // The sender of the file announces its digest first; the receiver tells the one it computed.
    return chat->sent == last && chat->receipts == last && chat->received >= last &&
           (c->asks || c->plain_file.complete);
}

// Returns false when toxcore's send queue is full; the line is tried again in the next round.
static bool send_line(Client *c)
{
    Chat *chat = &c->chat;
    char text[TEXT_SIZE];
    TOX_ERR_FRIEND_SEND_MESSAGE error;

    line_text(c, c->name, c->asks, chat->sent, text);
    const uint32_t id = tox_friend_send_message(c->tox, c->friend_number, TOX_MESSAGE_TYPE_NORMAL,
                                                (const uint8_t *)text, strlen(text), &error);
    if (error == TOX_ERR_FRIEND_SEND_MESSAGE_SENDQ) {
        return false;
    }
    if (error != TOX_ERR_FRIEND_SEND_MESSAGE_OK) {
        report_fail(c, "toxcore refused to send a message (error %d)", (int)error);
        return false;
    }
    if (chat->sent == 0) {
        report_say("sends \"%s\"", text);
    }
    if (chat->sent < chat->questions) {
        chat->asked_at = clock_now();
    } else if (chat->sent == chat->questions) {
        chat->notes_started = clock_now();
        report_say("sends %" PRIu32 " notes to %s", chat->notes, c->peer);
    }
    chat->message_id[chat->sent++] = id;
    return true;
}

void chat_work(Client *c)
{
    while (c->friend_online && !c->failed && may_send(c)) {
        if (!send_line(c)) {
            return;
        }
    }
}

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void tell_talk(Client *c)
{
    Chat *chat = &c->chat;
    qsort(chat->round_trip, chat->questions, sizeof(double), compare_doubles);
    const double median = chat->round_trip[chat->questions / 2] * 1000;
    const double worst = chat->round_trip[chat->questions - 1] * 1000;
    report_say("%" PRIu32 " questions, all answered; question to answer %.0f ms (median), %.0f ms (longest)",
               chat->questions, median, worst);
    report_value("answer_ms", "%.0f", median);
    report_value("answer_worst_ms", "%.0f", worst);
}

// Called after each received line and each receipt.
static void tell_progress(Client *c, bool received)
{
    const Chat *chat = &c->chat;
    const uint32_t last = chat_lines_before_digest(chat);

    if (received && c->asks && chat->received == chat->questions) {
        tell_talk(c);
    }
    if (received && chat->received == last) {
        report_say("has all %" PRIu32 " notes from %s, in order", chat->notes, c->peer);
    }
    if (!received && chat->receipts == last) {
        report_say("has the delivery receipts of all its %" PRIu32 " notes", chat->notes);
    }
    if (c->asks && chat->received == last && chat->receipts == last) {
        const double seconds = clock_now() - chat->notes_started;
        report_value("notes_per_s", "%.0f", 2 * chat->notes / seconds);
    }
}

void chat_on_message(Tox *tox, uint32_t friend_number, TOX_MESSAGE_TYPE type, const uint8_t *text, size_t length,
                     void *user_data)
{
    Client *c = (Client *)user_data;
    Chat *chat = &c->chat;
    const uint32_t last = chat_lines_before_digest(chat);
    char expected[TEXT_SIZE], got[TEXT_SIZE];
    (void)tox;
    (void)type;
    (void)friend_number;  // there is one friend only

    snprintf(got, sizeof got, "%.*s", (int)length, (const char *)text);
    if (chat->received > last) {
        report_fail(c, "received one message too many: \"%s\"", got);
        return;
    }
    if (chat->received == last) {
        ++chat->received;
        file_check_digest(c, got);
        return;
    }
    line_text(c, c->peer, !c->asks, chat->received, expected);
    if (strcmp(expected, got) != 0) {
        report_fail(c, "received \"%s\" where \"%s\" should have come", got, expected);
        return;
    }
    if (chat->received == 0) {
        report_say("received \"%s\"", got);
    }
    if (c->asks && chat->received < chat->questions) {
        chat->round_trip[chat->received] = clock_now() - chat->asked_at;
    }
    ++chat->received;
    tell_progress(c, true);
}

void chat_on_receipt(Tox *tox, uint32_t friend_number, uint32_t message_id, void *user_data)
{
    Client *c = (Client *)user_data;
    Chat *chat = &c->chat;
    (void)tox;
    (void)friend_number;

    for (uint32_t i = 0; i < chat->sent; ++i) {
        if (chat->message_id[i] == message_id && !chat->receipted[i]) {
            chat->receipted[i] = true;
            ++chat->receipts;
            tell_progress(c, false);
            return;
        }
    }
    report_fail(c, "delivery receipt %" PRIu32 " belongs to no message", message_id);
}
