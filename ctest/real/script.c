/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "script.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sodium.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HELLO_CLIENT = 128, HELLO_RELAY = 96, WAIT_MS = 10000 };

void script_open(Script *script)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(addr);
    memset(script, 0, sizeof(*script));
    script->sock = -1;
    CHECK(crypto_box_keypair(script->pk, script->sk) == 0);
    script->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(script->listener != -1);
    CHECK(bind(script->listener, (struct sockaddr *)&addr, size) == 0);
    CHECK(listen(script->listener, 8) == 0);
    CHECK(getsockname(script->listener, (struct sockaddr *)&addr, &size) == 0);
    script->port = ntohs(addr.sin_port);
}

void script_hang_up(Script *script, bool reset)
{
    if (reset) {
        const struct linger now = {.l_onoff = 1, .l_linger = 0};
        CHECK(setsockopt(script->sock, SOL_SOCKET, SO_LINGER, &now, sizeof(now)) == 0);
    }

    CHECK(close(script->sock) == 0);
    script->sock = -1;
}

void script_close(Script *script)
{
    if (script->sock != -1) {
        close(script->sock);
    }

    close(script->listener);
}

IP_Port script_address(const Script *script)
{
    return address("127.0.0.1", script->port);
}

void script_accept(Script *script)
{
    struct pollfd p = {.fd = script->listener, .events = POLLIN};
    CHECK_EQ(poll(&p, 1, WAIT_MS), 1);
    script->sock = accept4(script->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    CHECK(script->sock != -1);
    const int one = 1;
    CHECK(setsockopt(script->sock, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) == 0);
}

Client *script_connect(Script *script)
{
    const IP_Port addr = script_address(script);
    Client *client = client_connect(&addr, script->pk, NULL);
    CHECK(client->con != NULL);
    script_accept(script);
    return client;
}

/* Takes what the socket has. False at the end of the stream. */
static bool fill_input(Script *script)
{
    memmove(script->input, script->input + script->input_start, script->input_length);
    script->input_start = 0;
    const size_t room = sizeof(script->input) - script->input_length;
    const ssize_t n = recv(script->sock, script->input + script->input_length, room, 0);

    if (n > 0) {
        script->input_length += (size_t)n;
    }

    return n > 0 || (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) || room == 0;
}

static void eat_input(Script *script, size_t length)
{
    script->input_length -= length;
    script->input_start += length;
}

void script_read_hello(Script *script)
{
    uint8_t plain[56];
    uint8_t long_term[32];
    const uint64_t end = real_ms() + WAIT_MS * (uint64_t)slowness();

    while (script->input_length < HELLO_CLIENT) {
        CHECK(real_ms() < end);
        step();
        CHECK(fill_input(script));
    }

    const uint8_t *in = script->input + script->input_start;
    memcpy(script->client_pk, in, 32);
    CHECK(crypto_box_beforenm(long_term, in, script->sk) == 0);
    CHECK(crypto_box_open_easy_afternm(plain, in + 56, 72, in + 32, long_term) == 0);
    /* Until the answer goes out, `key` holds the client's temporary key. */
    memcpy(script->key, plain, 32);
    memcpy(script->recv_nonce, plain + 32, 24);
    eat_input(script, HELLO_CLIENT);
}

void script_send_hello(Script *script)
{
    uint8_t out[HELLO_RELAY];
    uint8_t plain[56];
    uint8_t temp_sk[32];
    uint8_t client_temp[32];
    uint8_t long_term[32];

    memcpy(client_temp, script->key, 32);
    CHECK(crypto_box_keypair(plain, temp_sk) == 0);
    randombytes_buf(script->send_nonce, 24);
    memcpy(plain + 32, script->send_nonce, 24);
    CHECK(crypto_box_beforenm(script->key, client_temp, temp_sk) == 0);
    CHECK(crypto_box_beforenm(long_term, script->client_pk, script->sk) == 0);
    randombytes_buf(out, 24);
    CHECK(crypto_box_easy_afternm(out + 24, plain, sizeof(plain), out, long_term) == 0);
    script_write(script, out, sizeof(out));
}

/* Nonces count big endian. */
static void count_up(uint8_t *nonce)
{
    for (int i = 23; i >= 0; --i) {
        if (++nonce[i] != 0) {
            return;
        }
    }
}

size_t script_seal(Script *script, const uint8_t *plain, size_t length, uint8_t *frame)
{
    const size_t sealed = length + 16;
    CHECK(length <= PLAIN_MAX);
    frame[0] = (uint8_t)(sealed >> 8);
    frame[1] = (uint8_t)sealed;
    CHECK(crypto_box_easy_afternm(frame + 2, plain, length, script->send_nonce, script->key) == 0);
    count_up(script->send_nonce);
    return sealed + 2;
}

void script_write(Script *script, const uint8_t *bytes, size_t length)
{
    const uint64_t end = real_ms() + WAIT_MS * (uint64_t)slowness();

    while (length > 0) {
        const ssize_t n = send(script->sock, bytes, length, MSG_NOSIGNAL);

        if (n > 0) {
            bytes += n;
            length -= (size_t)n;
            continue;
        }

        CHECK(errno == EAGAIN || errno == EWOULDBLOCK);

        if (real_ms() >= end) {
            fail_at(__FILE__, __LINE__, "the client has stopped reading");
        }

        step();
    }
}

void script_send(Script *script, const uint8_t *plain, size_t length)
{
    uint8_t frame[FRAME_MAX];
    script_write(script, frame, script_seal(script, plain, length, frame));
}

/* Length of the sealed packet at the start of the input; 0 if it is not complete. */
static size_t complete_packet(const Script *script)
{
    const uint8_t *in = script->input + script->input_start;

    if (script->input_length < 2) {
        return 0;
    }

    const size_t sealed = (size_t)(in[0] << 8 | in[1]);
    CHECK(sealed > 16 && sealed <= 2048);
    return script->input_length < 2 + sealed ? 0 : sealed;
}

ssize_t script_recv(Script *script, uint8_t *plain)
{
    size_t sealed = complete_packet(script);

    if (sealed == 0) {
        const bool open = fill_input(script);
        sealed = complete_packet(script);

        if (sealed == 0) {
            return open ? 0 : -1;
        }
    }

    if (crypto_box_open_easy_afternm(plain, script->input + script->input_start + 2, sealed,
                                     script->recv_nonce, script->key) != 0) {
        fail_at(__FILE__, __LINE__, "a packet of the client does not open");
    }

    count_up(script->recv_nonce);
    eat_input(script, 2 + sealed);
    return (ssize_t)(sealed - 16);
}

ssize_t script_await(Script *script, uint8_t *plain)
{
    const uint64_t end = real_ms() + WAIT_MS * (uint64_t)slowness();

    for (;;) {
        const ssize_t n = script_recv(script, plain);

        if (n != 0) {
            return n;
        }

        CHECK(real_ms() < end);
        step();
    }
}

void script_greet(Script *script, Client *client)
{
    uint8_t plain[PLAIN_MAX];
    script_read_hello(script);
    script_send_hello(script);
    CHECK(step_until(confirmed, client, WAIT_MS));
    CHECK_EQ(script_await(script, plain), 9);
    CHECK_EQ(plain[0], 4);
    plain[0] = 5;
    script_send(script, plain, 9);
    step();
}

Client *script_client(Script *script)
{
    Client *client = script_connect(script);
    script_greet(script, client);
    return client;
}

void script_route(Script *script, Client *client, const uint8_t *peer, uint8_t con_id)
{
    uint8_t plain[PLAIN_MAX];
    const size_t responses = count_events(client, EV_RESPONSE);
    const size_t states = count_events(client, EV_STATUS);

    CHECK_EQ(send_routing_request(W.log, client->con, peer), 1);
    CHECK_EQ(script_await(script, plain), 33);
    CHECK_EQ(plain[0], 0);
    CHECK_BYTES(plain + 1, peer, 32);
    plain[0] = 1;
    plain[1] = (uint8_t)(con_id + 16);
    memcpy(plain + 2, peer, 32);
    script_send(script, plain, 34);
    const uint8_t online[2] = {2, (uint8_t)(con_id + 16)};
    script_send(script, online, 2);
    await_events(client, EV_RESPONSE, responses + 1, WAIT_MS);
    await_events(client, EV_STATUS, states + 1, WAIT_MS);
}
