/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "stage.h"

#include <unistd.h>

static const uint8_t text[] = "twelve bytes";

void stage_open(Stage *stage)
{
    uint8_t plain[PLAIN_MAX];
    memset(stage, 0, sizeof(*stage));
    script_open(&stage->script);
    stage->client = script_client(&stage->script);
    rand_bytes(stage->first, 32);
    rand_bytes(stage->second, 32);
    rand_bytes(stage->asked, 32);
    script_route(&stage->script, stage->client, stage->first, ID_FIRST);
    script_route(&stage->script, stage->client, stage->second, ID_SECOND);
    TCP_Client_Connection *con = stage->client->con;
    CHECK_EQ(set_tcp_connection_number(con, ID_FIRST, NUMBER_FIRST), 0);
    CHECK_EQ(set_tcp_connection_number(con, ID_SECOND, NUMBER_SECOND), 0);
    CHECK_EQ(send_routing_request(W.log, con, stage->asked), 1);
    CHECK_EQ(script_await(&stage->script, plain), 33);
}

void stage_close(Stage *stage)
{
    script_close(&stage->script);
}

void stage_send(Stage *stage, Event_Kind kind)
{
    /* First bytes of each kind's packet; the text follows. */
    uint8_t plain[100] = {0};
    size_t head = 1;

    switch (kind) {
        case EV_RESPONSE:
            plain[0] = 1;
            plain[1] = 16 + ID_ASKED;
            memcpy(plain + 2, stage->asked, 32);
            script_send(&stage->script, plain, 34);
            return;

        case EV_STATUS:
            plain[0] = 3;
            plain[1] = 16 + ID_FIRST;
            script_send(&stage->script, plain, 2);
            return;

        case EV_DATA:
            plain[0] = 16 + ID_SECOND;
            break;

        case EV_OOB:
            plain[0] = 7;
            memcpy(plain + 1, stage->second, 32);
            head = 33;
            break;

        case EV_ONION:
            plain[0] = 9;
            break;

        case EV_FORWARDED:
            plain[0] = 11;
            break;
    }

    memcpy(plain + head, text, sizeof(text));
    script_send(&stage->script, plain, head + sizeof(text));
}

static const Event_Kind rest[REST] = {EV_DATA, EV_OOB, EV_ONION, EV_FORWARDED, EV_DATA};

void stage_send_rest(Stage *stage)
{
    for (size_t i = 0; i < REST; ++i) {
        stage_send(stage, rest[i]);
    }
}

void stage_check_rest(const Client *client, size_t at, uint32_t number)
{
    CHECK_EQ(client->count, at + REST);

    for (size_t i = 0; i < REST; ++i) {
        const Event *event = &client->events[at + i];
        CHECK_EQ(event->kind, rest[i]);
        CHECK_EQ(event->length, sizeof(text));
        CHECK_BYTES(event->data, text, sizeof(text));
        CHECK(event->kind != EV_DATA || event->number == number);
    }
}
