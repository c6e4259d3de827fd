/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "meeting.h"

#include "town.h"

typedef struct Member {
    bool in;
    bool invited;
    uint32_t conference;
    uint32_t said;
    /* By speaker: what has come, what has to have come, and the latest number. */
    uint32_t heard[PERSONS];
    uint32_t due[PERSONS];
    uint32_t latest[PERSONS];
} Member;

static Member members[PERSONS];

static bool there(int person)
{
    return members[person].in && persons[person].tox != NULL;
}

static void on_invite(Tox *tox, uint32_t friend_number, TOX_CONFERENCE_TYPE type, const uint8_t *cookie,
                      size_t length, void *user_data)
{
    Member *m = &members[(const Person *)user_data - persons];
    CHECK_EQ(type, TOX_CONFERENCE_TYPE_TEXT);
    CHECK(m->invited && !m->in);
    m->conference = tox_conference_join(tox, friend_number, cookie, length, NULL);
    m->in = m->conference != UINT32_MAX;
    CHECK(m->in);
    m->invited = false;
}

static void on_message(Tox *tox, uint32_t conference, uint32_t peer, TOX_MESSAGE_TYPE type, const uint8_t *message,
                       size_t length, void *user_data)
{
    Member *m = &members[(const Person *)user_data - persons];
    uint32_t number;
    (void)type;
    CHECK_EQ(conference, m->conference);
    CHECK_EQ(length, 1 + sizeof(number));
    CHECK(message[0] < PERSONS);
    memcpy(&number, message + 1, sizeof(number));

    /* One's own words come back, too. */
    if (tox_conference_peer_number_is_ours(tox, conference, peer, NULL)) {
        CHECK(&members[message[0]] == m);
        return;
    }

    CHECK(&members[message[0]] != m);
    CHECK(number > m->latest[message[0]]);
    m->latest[message[0]] = number;
    ++m->heard[message[0]];
}

void meeting_register(Tox *tox)
{
    tox_callback_conference_invite(tox, on_invite);
    tox_callback_conference_message(tox, on_message);
}

void meeting_restore(int person)
{
    CHECK(there(person));
    CHECK_EQ(tox_conference_get_chatlist_size(persons[person].tox), 1);
    tox_conference_get_chatlist(persons[person].tox, &members[person].conference);
}

void meeting_open(int person)
{
    Member *m = &members[person];
    TOX_ERR_CONFERENCE_NEW error;
    m->conference = tox_conference_new(persons[person].tox, &error);
    CHECK_EQ(error, TOX_ERR_CONFERENCE_NEW_OK);
    m->in = true;
}

void meeting_invite(int from, int to)
{
    TOX_ERR_CONFERENCE_INVITE error;
    members[to].invited = true;
    tox_conference_invite(persons[from].tox, persons[from].number[to], members[from].conference, &error);
    CHECK_EQ(error, TOX_ERR_CONFERENCE_INVITE_OK);
}

void meeting_leave(int person)
{
    CHECK(tox_conference_delete(persons[person].tox, members[person].conference, NULL));
    members[person].in = false;
}

bool meeting_complete(void)
{
    uint32_t count = 0;

    for (int i = 0; i < plan.persons; ++i) {
        count += there(i);
    }

    for (int i = 0; i < plan.persons; ++i) {
        if (members[i].invited) {
            return false;
        }

        if (there(i) && tox_conference_peer_count(persons[i].tox, members[i].conference, NULL) != count) {
            return false;
        }
    }

    return count > 1;
}

void meeting_say(void)
{
    for (int i = 0; i < plan.persons; ++i) {
        if (!there(i)) {
            continue;
        }

        uint8_t text[1 + sizeof(uint32_t)] = {(uint8_t)i};
        const uint32_t number = ++members[i].said;
        memcpy(text + 1, &number, sizeof(number));
        TOX_ERR_CONFERENCE_SEND_MESSAGE error;
        tox_conference_send_message(persons[i].tox, members[i].conference, TOX_MESSAGE_TYPE_NORMAL, text,
                                    sizeof(text), &error);
        CHECK_EQ(error, TOX_ERR_CONFERENCE_SEND_MESSAGE_OK);

        for (int k = 0; k < plan.persons; ++k) {
            members[k].due[i] += k != i && there(k);
        }
    }
}

bool meeting_heard(void)
{
    for (int i = 0; i < plan.persons; ++i) {
        for (int k = 0; k < plan.persons; ++k) {
            if (members[i].heard[k] != members[i].due[k]) {
                return false;
            }
        }
    }

    return true;
}
