/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A scripted relay, or several with a port each in one process. Until it is told otherwise it does what
 * the stock one does for the packets that occur here: it answers pings, grants routes, tells each side
 * when both have asked for the other, and forwards data. Out-of-band packets are not forwarded.
 */
#include "relays.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum {
    GUESTS = 128,
    ROUTES = 240,
    POLL_MS = 5,
};

typedef struct Route {
    bool used;
    uint8_t peer[KEY_SIZE];
} Route;

typedef struct Guest {
    int fd;
    size_t relay;
    bool settled;
    uint8_t key[KEY_SIZE];
    Channel channel;
    size_t routes;
    Route route[ROUTES];
    size_t filled;
    uint8_t in[GUEST_BUFFER];
} Guest;

typedef struct Script {
    const Relay *relay;
    Relay_Shared *shared;
    int listeners[SHARE_LIMIT];
    size_t count;
    Guest *guests[GUESTS];
} Script;

static bool tell(Guest *guest, const uint8_t *plain, size_t length)
{
    uint8_t frame[MAX_FRAME];
    return write_all(guest->fd, frame, channel_seal(&guest->channel, plain, length, frame));
}

static bool tell_about_route(Guest *guest, uint8_t what, size_t route)
{
    const uint8_t plain[] = {what, (uint8_t)(DATA_ID + route)};
    return tell(guest, plain, sizeof(plain));
}

/* The number of the route to a peer, ROUTES if there is none. */
static size_t find_route(const Guest *guest, const uint8_t *peer)
{
    for (size_t i = 0; i < guest->routes; ++i) {
        if (guest->route[i].used && memcmp(guest->route[i].peer, peer, KEY_SIZE) == 0) {
            return i;
        }
    }

    return ROUTES;
}

static size_t add_route(Guest *guest, const uint8_t *peer)
{
    size_t i = 0;

    while (i < ROUTES && guest->route[i].used) {
        ++i;
    }

    if (i < ROUTES) {
        guest->route[i].used = true;
        memcpy(guest->route[i].peer, peer, KEY_SIZE);
        guest->routes = i >= guest->routes ? i + 1 : guest->routes;
    }

    return i;
}

/* The guest of the same relay to whom the route leads and who has one back, with that one's number. */
static Guest *other_end(const Script *script, const Guest *guest, size_t route, size_t *back)
{
    for (int i = 0; i < GUESTS; ++i) {
        Guest *other = script->guests[i];

        if (other != NULL && other->relay == guest->relay
            && memcmp(other->key, guest->route[route].peer, KEY_SIZE) == 0) {
            *back = find_route(other, guest->key);
            return *back == ROUTES ? NULL : other;
        }
    }

    return NULL;
}

static bool grant_route(const Script *script, Guest *guest, const uint8_t *peer)
{
    uint8_t response[2 + KEY_SIZE] = {ID_ROUTING_RESPONSE};
    size_t route = find_route(guest, peer);
    const bool known = route != ROUTES;
    size_t back;
    memcpy(response + 2, peer, KEY_SIZE);

    if (!known) {
        route = add_route(guest, peer);
    }

    response[1] = route == ROUTES ? 0 : (uint8_t)(DATA_ID + route);

    if (!tell(guest, response, sizeof(response))) {
        return false;
    }

    atomic_fetch_add(&script->shared->answered, 1);

    if (known || route == ROUTES) {
        return true;
    }

    if (script->relay->pretend) {
        return tell_about_route(guest, ID_CONNECTED, route);
    }

    Guest *other = other_end(script, guest, route, &back);

    if (other != NULL) {
        tell_about_route(other, ID_CONNECTED, back);
        return tell_about_route(guest, ID_CONNECTED, route);
    }

    return true;
}

static void drop_route(const Script *script, Guest *guest, size_t route)
{
    size_t back;

    if (route >= guest->routes || !guest->route[route].used) {
        return;
    }

    Guest *other = other_end(script, guest, route, &back);

    if (other != NULL) {
        tell_about_route(other, ID_DISCONNECTED, back);
    }

    guest->route[route].used = false;
}

/* The text is changed in place. */
static void forward(const Script *script, const Guest *guest, uint8_t *plain, size_t length)
{
    const size_t route = (size_t)plain[0] - DATA_ID;
    size_t back;

    if (route >= guest->routes || !guest->route[route].used || atomic_load(&script->shared->order) == ORDER_LIE) {
        return;
    }

    Guest *other = other_end(script, guest, route, &back);

    if (other != NULL) {
        plain[0] = (uint8_t)(DATA_ID + back);
        tell(other, plain, length);
    }
}

static bool answer_ping(const Script *script, Guest *guest, uint8_t *plain)
{
    plain[0] = ID_PONG;

    if (!guest->settled) {
        guest->settled = true;
        atomic_fetch_add(&script->shared->settled, 1);
    }

    return tell(guest, plain, PING_SIZE);
}

static bool handle_packet(const Script *script, Guest *guest, uint8_t *plain, size_t length)
{
    if (plain[0] >= DATA_ID) {
        forward(script, guest, plain, length);
    } else if (plain[0] == ID_PING && length == PING_SIZE) {
        return answer_ping(script, guest, plain);
    } else if (plain[0] == ID_ROUTING_REQUEST && length == 1 + KEY_SIZE) {
        return grant_route(script, guest, plain + 1);
    } else if (plain[0] == ID_DISCONNECTED && length == 2) {
        drop_route(script, guest, (size_t)plain[1] - DATA_ID);
    }

    return true;
}

/* Handles the whole frames in the buffer and keeps the rest. */
static bool handle_input(const Script *script, Guest *guest)
{
    size_t at = 0;

    while (guest->filled - at >= PREFIX_SIZE) {
        uint8_t plain[MAX_PLAIN];
        const uint8_t *frame = guest->in + at;
        const size_t body = ((size_t)frame[0] << 8) | frame[1];

        if (body <= MAC_SIZE || body > MAX_FRAME - PREFIX_SIZE) {
            return false;
        }

        if (guest->filled - at < PREFIX_SIZE + body) {
            break;
        }

        if (!channel_open_at(&guest->channel, guest->channel.recv_nonce, frame + PREFIX_SIZE, body, plain)) {
            return false;
        }

        nonce_increment(guest->channel.recv_nonce);
        at += PREFIX_SIZE + body;

        if (!handle_packet(script, guest, plain, body - MAC_SIZE)) {
            return false;
        }
    }

    memmove(guest->in, guest->in + at, guest->filled - at);
    guest->filled -= at;
    return true;
}

static bool read_guest(const Script *script, Guest *guest)
{
    const ssize_t n = recv(guest->fd, guest->in + guest->filled, sizeof(guest->in) - guest->filled, MSG_DONTWAIT);

    if (n <= 0) {
        return n < 0 && (errno == EAGAIN || errno == EINTR);
    }

    guest->filled += (size_t)n;
    return handle_input(script, guest);
}

static void drop_guest(Script *script, size_t number)
{
    Guest *guest = script->guests[number];

    for (size_t i = 0; i < guest->routes; ++i) {
        drop_route(script, guest, i);
    }

    close(guest->fd);
    free(guest);
    script->guests[number] = NULL;
}

/* Reads and answers the handshake at once: the clients send it in one piece, within one of their steps. */
static Guest *greet(const Script *script, size_t relay, int fd)
{
    const struct timeval limit = {.tv_sec = 2};
    const int on = 1;
    Guest *guest = (Guest *)calloc(1, sizeof(*guest));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));

    if (guest == NULL || !channel_accept(&guest->channel, fd, &script->relay->keys[relay], guest->key)) {
        free(guest);
        return NULL;
    }

    guest->fd = fd;
    guest->relay = relay;
    return guest;
}

static void accept_guest(Script *script, size_t relay)
{
    size_t place = 0;

    while (place < GUESTS && script->guests[place] != NULL) {
        ++place;
    }

    const int fd = accept(script->listeners[relay], NULL, NULL);

    if (fd < 0) {
        return;
    }

    Guest *guest = place < GUESTS ? greet(script, relay, fd) : NULL;

    if (guest == NULL) {
        close(fd);
        return;
    }

    script->guests[place] = guest;
}

static void serve_round(Script *script)
{
    struct pollfd fds[SHARE_LIMIT + GUESTS];
    const size_t count = script->count;

    for (size_t i = 0; i < count; ++i) {
        fds[i] = (struct pollfd) {.fd = script->listeners[i], .events = POLLIN};
    }

    for (size_t i = 0; i < GUESTS; ++i) {
        fds[count + i] = (struct pollfd) {
            .fd = script->guests[i] == NULL ? -1 : script->guests[i]->fd, .events = POLLIN,
        };
    }

    if (poll(fds, count + GUESTS, POLL_MS) <= 0) {
        return;
    }

    for (size_t i = 0; i < GUESTS; ++i) {
        if (fds[count + i].revents != 0 && !read_guest(script, script->guests[i])) {
            drop_guest(script, i);
        }
    }

    for (size_t i = 0; i < count; ++i) {
        if (fds[i].revents != 0) {
            accept_guest(script, i);
        }
    }
}

static void flood_guests(Script *script)
{
    Flood_Target targets[GUESTS];
    size_t count = 0;

    for (int i = 0; i < GUESTS; ++i) {
        Guest *guest = script->guests[i];

        if (guest != NULL) {
            targets[count++] = (Flood_Target) {.fd = guest->fd, .channel = &guest->channel, .bytes = guest->in};
        }
    }

    relay_flood(script->shared, targets, count);
}

void relay_serve_script(const Relay *relay)
{
    static Script script;
    script.relay = relay;
    script.shared = relay->shared;
    script.count = relay->count;

    for (size_t i = 0; i < relay->count; ++i) {
        uint16_t port;
        script.listeners[i] = listen_low_port(&port);
        atomic_store(&relay->shared->ports[i], port);
    }

    atomic_store(&relay->shared->ready, true);

    for (int order = ORDER_SERVE; order == ORDER_SERVE || order == ORDER_LIE;) {
        order = atomic_load(&relay->shared->order);
        atomic_store(&relay->shared->done, order);
        serve_round(&script);
    }

    const int order = atomic_load(&relay->shared->order);

    if (order == ORDER_FLOOD || order == ORDER_CHATTER) {
        flood_guests(&script);
    }
}
