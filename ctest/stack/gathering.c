/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gathering.h"

#include "town.h"

#if TOX_ABI > 218

typedef struct Member {
    bool in;
    bool invited;
    uint32_t group;
    uint8_t chat_id[TOX_GROUP_CHAT_ID_SIZE];
    /* Others that this one sees. */
    uint32_t peers;
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

static Member *member_of(void *user_data)
{
    return &members[(const Person *)user_data - persons];
}

static void get_chat_id(int person)
{
    CHECK(tox_group_get_chat_id(persons[person].tox, members[person].group, members[person].chat_id, NULL));
}

static void on_invite(Tox *tox, uint32_t friend_number, const uint8_t *invite, size_t length, const uint8_t *name,
                      size_t name_length, void *user_data)
{
    Member *m = member_of(user_data);
    Tox_Err_Group_Invite_Accept error;
    const uint8_t self = (uint8_t)('A' + (m - members));
    (void)name;
    CHECK_EQ(name_length, 5);
    CHECK(m->invited && !m->in);
    m->group = tox_group_invite_accept(tox, friend_number, invite, length, &self, 1, NULL, 0, &error);
    CHECK_EQ(error, TOX_ERR_GROUP_INVITE_ACCEPT_OK);
    m->in = true;
    m->invited = false;
    get_chat_id((int)(m - members));
}

static void on_join(Tox *tox, uint32_t group, uint32_t peer, void *user_data)
{
    Member *m = member_of(user_data);
    (void)tox;
    (void)peer;
    CHECK_EQ(group, m->group);
    ++m->peers;
}

static void on_exit_(Tox *tox, uint32_t group, uint32_t peer, Tox_Group_Exit_Type type, const uint8_t *name,
                     size_t name_length, const uint8_t *message, size_t length, void *user_data)
{
    Member *m = member_of(user_data);
    (void)tox;
    (void)peer;
    (void)type;
    (void)name;
    (void)name_length;
    (void)message;
    (void)length;
    CHECK_EQ(group, m->group);
    CHECK(m->peers > 0);
    --m->peers;
}

static void hear(uint32_t group, const uint8_t *message, size_t length, void *user_data)
{
    Member *m = member_of(user_data);
    uint32_t number;
    CHECK_EQ(group, m->group);
    CHECK_EQ(length, 1 + sizeof(number));
    CHECK(message[0] < PERSONS && &members[message[0]] != m);
    memcpy(&number, message + 1, sizeof(number));
    CHECK(number > m->latest[message[0]]);
    m->latest[message[0]] = number;
    ++m->heard[message[0]];
}

static void on_message(Tox *tox, uint32_t group, uint32_t peer, Tox_Message_Type type, const uint8_t *message,
                       size_t length, uint32_t id, void *user_data)
{
    (void)tox;
    (void)peer;
    (void)id;
    CHECK_EQ(type, TOX_MESSAGE_TYPE_NORMAL);
    hear(group, message, length, user_data);
}

void gathering_register(Tox *tox)
{
    tox_callback_group_invite(tox, on_invite);
    tox_callback_group_peer_join(tox, on_join);
    tox_callback_group_peer_exit(tox, on_exit_);
    tox_callback_group_message(tox, on_message);
}

void gathering_ended(int person)
{
    members[person].peers = 0;
}

void gathering_restore(int person)
{
    uint8_t chat_id[TOX_GROUP_CHAT_ID_SIZE];
    CHECK(there(person));
    CHECK_EQ(tox_group_get_number_groups(persons[person].tox), 1);
    memcpy(chat_id, members[person].chat_id, sizeof(chat_id));
    members[person].group = 0;
    get_chat_id(person);
    CHECK_BYTES(members[person].chat_id, chat_id, sizeof(chat_id));
}

void gathering_open(int person)
{
    Member *m = &members[person];
    Tox_Err_Group_New error;
    const uint8_t self = (uint8_t)('A' + person);
    wires_owner(person);
    m->group = tox_group_new(persons[person].tox, TOX_GROUP_PRIVACY_STATE_PRIVATE, (const uint8_t *)"group", 5, &self,
                             1, &error);
    CHECK_EQ(error, TOX_ERR_GROUP_NEW_OK);
    m->in = true;
    get_chat_id(person);
}

void gathering_invite(int from, int to)
{
    Tox_Err_Group_Invite_Friend error;
    members[to].invited = true;
    tox_group_invite_friend(persons[from].tox, members[from].group, persons[from].number[to], &error);
    CHECK_EQ(error, TOX_ERR_GROUP_INVITE_FRIEND_OK);
}

bool gathering_complete(void)
{
    uint32_t count = 0;

    for (int i = 0; i < plan.persons; ++i) {
        count += there(i);
    }

    for (int i = 0; i < plan.persons; ++i) {
        if (members[i].invited || (there(i) && members[i].peers + 1 != count)) {
            return false;
        }
    }

    return count > 1;
}

uint32_t gathering_pairs(void)
{
    uint32_t count = 0;

    for (int i = 0; i < plan.persons; ++i) {
        count += there(i) ? members[i].peers : 0;
    }

    return count;
}

void gathering_say(void)
{
    for (int i = 0; i < plan.persons; ++i) {
        if (!there(i)) {
            continue;
        }

        uint8_t text[1 + sizeof(uint32_t)] = {(uint8_t)i};
        const uint32_t number = ++members[i].said;
        memcpy(text + 1, &number, sizeof(number));
        Tox_Err_Group_Send_Message error;
        tox_group_send_message(persons[i].tox, members[i].group, TOX_MESSAGE_TYPE_NORMAL, text, sizeof(text), &error);
        CHECK_EQ(error, TOX_ERR_GROUP_SEND_MESSAGE_OK);

        for (int k = 0; k < plan.persons; ++k) {
            members[k].due[i] += k != i && there(k);
        }
    }
}

bool gathering_heard(void)
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

#else

/* 0.2.18 has no such groups. */
void gathering_register(Tox *tox)
{
    (void)tox;
}

void gathering_ended(int person)
{
    (void)person;
}

void gathering_restore(int person)
{
    (void)person;
}

void gathering_open(int person)
{
    (void)person;
}

void gathering_invite(int from, int to)
{
    (void)from;
    (void)to;
}

bool gathering_complete(void)
{
    return true;
}

uint32_t gathering_pairs(void)
{
    return 0;
}

void gathering_say(void)
{
}

bool gathering_heard(void)
{
    return true;
}

#endif
