/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One node at two scripted relays, ready to get a packet of each kind: what the tests
 * of re-entrancy and threads act on.
 */
#ifndef CONNECTIONS_SCENE_H
#define CONNECTIONS_SCENE_H

#include "node.h"
#include "script.h"

/* What makes a callback. */
typedef enum Way { WAY_DATA, WAY_OOB_AS_DATA, WAY_OOB, WAY_ONION, WAY_FORWARDED, WAYS } Way;

enum {
    /* Peers of the scene: the first is at both relays, the others at relay 0; nobody has answered
     * for the third. */
    FIRST = 0,
    SECOND = 1,
    ASKED = 2,
    /* What the owner calls them. */
    OWNER = 501,
    /* Connection ids at relay 0. */
    ID_FIRST = 5,
    ID_SECOND = 6,
    /* Packets of scene_send_rest. */
    REST = 5,
};

typedef struct Scene {
    Node *node;
    Script relay[2];
    uint8_t peer[3][32];
    uint8_t stranger[32];
} Scene;

void scene_open(Scene *scene);
/* Ends the relays and, if it is still there, the node. */
void scene_close(Scene *scene);

/* Puts the packet that causes this callback into the socket of relay 0; no step. */
void scene_send(Scene *scene, Way way);
/* The same with data of the second peer, OOB, onion, forwarding and data again. */
void scene_send_rest(Scene *scene);
/* The callback that this way leads to, and the number it tells. */
Event_Kind kind_of(Way way);
/* Checks that the client's events from `at` on are the rest, and nothing more. */
void scene_check_rest(const Client *client, size_t at);
/* The same with an event of the way in front of them. */
void scene_check_all(const Client *client, size_t at, Way way);

/* Next packet of the node that is no ping; pings are answered. -1 at the end of the stream. */
ssize_t scene_await(Script *relay, uint8_t *plain);
/* Waits until the node has closed the connection. */
void scene_await_end(Script *relay);
/* The relay serves what there is: pings answered, all else dropped. */
void scene_drain(Script *relay);
/* Answers the routing request that the node sends for this key. */
void scene_route(Script *relay, const uint8_t *peer, uint8_t con_id);
/* The handshake of a relay whose connection was accepted. */
void scene_greet(Script *relay);

#endif
