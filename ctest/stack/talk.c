/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "talk.h"

#include "town.h"

/* Below the 64 packets at which toxcore starts to slow its senders down, with room for
 * what a conference sends. */
enum { WINDOW = 12, PACKET_ID = 160, HEAD = 13, SIZE_MAX_ = 1372 };

typedef struct Outstanding {
    uint32_t id;
    uint32_t number;
} Outstanding;

/* What one person says to another. */
typedef struct Stream {
    /* At the sender. Messages are numbered from 1 on. */
    uint32_t session;
    uint32_t serial;
    uint32_t to_say;
    uint32_t next;
    uint32_t receipted;
    bool packet_due;
    Outstanding outstanding[WINDOW];
    unsigned outstanding_count;
    /* At the receiver. */
    uint32_t heard_session;
    uint32_t heard_serial;
    uint32_t heard_number;
    uint32_t heard;
} Stream;

static Stream streams[PERSONS][PERSONS];
static Talk_Sum sum;

/* ---- packets ---- */

/* Mostly short, now and then as long as can be. */
static size_t size_of(uint32_t serial)
{
    return serial % 16 == 5 ? SIZE_MAX_ : HEAD + serial * 37 % 250;
}

static void fill(uint8_t *out, uint8_t kind, int from, int to, uint32_t session, uint32_t serial, uint32_t number)
{
    out[0] = kind;
    memcpy(out + 1, &session, 4);
    memcpy(out + 5, &serial, 4);
    memcpy(out + 9, &number, 4);
    uint32_t mix = serial * 2654435761U + (uint32_t)(from * PERSONS + to);

    for (size_t i = HEAD; i < size_of(serial); ++i) {
        mix = mix * 1664525U + 1013904223U;
        out[i] = (uint8_t)(mix >> 24);
    }
}

/* ---- sender ---- */

void talk_session(int from, int to, bool up)
{
    Stream *s = &streams[from][to];

    if (up) {
        ++s->session;
        ++sum.sessions;
        s->serial = 0;
    }

    s->next = s->receipted + 1;
    s->outstanding_count = 0;
    s->packet_due = false;
}

static bool say_packet(const Person *p, int to, Stream *s)
{
    uint8_t data[SIZE_MAX_];
    fill(data, PACKET_ID, (int)(p - persons), to, s->session, s->serial, 0);
    return tox_friend_send_lossless_packet(p->tox, p->number[to], data, size_of(s->serial), NULL);
}

static bool say_message(const Person *p, int to, Stream *s)
{
    uint8_t data[SIZE_MAX_];
    TOX_ERR_FRIEND_SEND_MESSAGE error;
    fill(data, 'M', (int)(p - persons), to, s->session, s->serial, s->next);
    const uint32_t id = tox_friend_send_message(p->tox, p->number[to], TOX_MESSAGE_TYPE_NORMAL, data,
                        size_of(s->serial), &error);

    if (error != TOX_ERR_FRIEND_SEND_MESSAGE_OK) {
        return false;
    }

    s->outstanding[s->outstanding_count++] = (Outstanding){.id = id, .number = s->next};
    ++s->next;
    return true;
}

/* Each message is followed by a packet of the other kind. */
static void say(const Person *p, int to, Stream *s)
{
    while (s->packet_due || (s->next <= s->to_say && s->outstanding_count < WINDOW)) {
        const bool sent = s->packet_due ? say_packet(p, to, s) : say_message(p, to, s);

        if (!sent) {
            return;
        }

        ++s->serial;
        s->packet_due = !s->packet_due;
    }
}

void talk_step(int person)
{
    for (int to = 0; to < plan.persons; ++to) {
        if (persons[person].status[to] != TOX_CONNECTION_NONE) {
            say(&persons[person], to, &streams[person][to]);
        }
    }
}

static void on_receipt(Tox *tox, uint32_t friend_number, uint32_t id, void *user_data)
{
    const Person *p = (const Person *)user_data;
    Stream *s = &streams[p - persons][p->person[friend_number]];
    (void)tox;
    CHECK(s->outstanding_count > 0);
    CHECK_EQ(id, s->outstanding[0].id);
    CHECK_EQ(s->outstanding[0].number, s->receipted + 1);
    /* A receipt means that the friend has it. */
    CHECK(s->heard > s->receipted);
    ++s->receipted;
    --s->outstanding_count;
    memmove(&s->outstanding[0], &s->outstanding[1], s->outstanding_count * sizeof(s->outstanding[0]));
}

/* ---- receiver ---- */

static void hear_message(Stream *s, uint32_t number)
{
    /* In one session each comes once, and always the next: */
    CHECK(number > s->heard_number);
    /* none is left out, */
    CHECK(number <= s->heard + 1);
    s->heard_number = number;

    /* and in a further session comes only what had no receipt before (see talk_session). */
    if (number == s->heard + 1) {
        ++s->heard;
        ++sum.delivered;
    } else {
        ++sum.repeated;
    }
}

static void hear(const Person *p, uint32_t friend_number, const uint8_t *data, size_t length, uint8_t kind)
{
    uint8_t expected[SIZE_MAX_];
    uint32_t session;
    uint32_t serial;
    uint32_t number;
    CHECK(length >= HEAD);
    memcpy(&session, data + 1, 4);
    memcpy(&serial, data + 5, 4);
    memcpy(&number, data + 9, 4);
    const int from = p->person[friend_number];
    const int to = (int)(p - persons);
    Stream *s = &streams[from][to];
    CHECK(session >= s->heard_session && session <= s->session);

    if (session > s->heard_session) {
        s->heard_session = session;
        s->heard_serial = 0;
        s->heard_number = 0;
    }

    CHECK_EQ(serial, s->heard_serial);
    ++s->heard_serial;
    CHECK_EQ(length, size_of(serial));
    fill(expected, kind, from, to, session, serial, number);
    CHECK_BYTES(data, expected, length);

    if (kind == PACKET_ID) {
        ++sum.packets;
    } else {
        hear_message(s, number);
    }
}

static void on_message(Tox *tox, uint32_t friend_number, TOX_MESSAGE_TYPE type, const uint8_t *data, size_t length,
                       void *user_data)
{
    (void)tox;
    CHECK_EQ(type, TOX_MESSAGE_TYPE_NORMAL);
    hear((const Person *)user_data, friend_number, data, length, 'M');
}

static void on_packet(Tox *tox, uint32_t friend_number, const uint8_t *data, size_t length, void *user_data)
{
    (void)tox;
    hear((const Person *)user_data, friend_number, data, length, PACKET_ID);
}

void talk_register(Tox *tox)
{
    tox_callback_friend_message(tox, on_message);
    tox_callback_friend_read_receipt(tox, on_receipt);
    tox_callback_friend_lossless_packet(tox, on_packet);
}

/* ---- what is to be said ---- */

void talk_say_to(int from, int to, uint32_t messages)
{
    streams[from][to].to_say += messages;
    sum.said += messages;
}

void talk_say(uint32_t messages)
{
    for (int i = 0; i < plan.persons; ++i) {
        for (int k = 0; k < plan.persons; ++k) {
            if (is_friend(i, k)) {
                talk_say_to(i, k, messages);
            }
        }
    }
}

bool talk_over_between(int from, int to)
{
    const Stream *s = &streams[from][to];
    const bool all_came = s->serial == 0 || (s->heard_session == s->session && s->heard_serial == s->serial);
    return s->receipted == s->to_say && !s->packet_due && all_came;
}

bool talk_over(void)
{
    for (int i = 0; i < plan.persons; ++i) {
        for (int k = 0; k < plan.persons; ++k) {
            if (is_friend(i, k) && persons[k].tox != NULL && !talk_over_between(i, k)) {
                return false;
            }
        }
    }

    return true;
}

uint32_t talk_heard(int from, int to)
{
    return streams[from][to].heard;
}

uint32_t talk_sessions(int from, int to)
{
    return streams[from][to].session;
}

Talk_Sum talk_sum(void)
{
    return sum;
}
