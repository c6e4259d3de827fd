/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The relay's half of the handshake and the encrypted frames, on libsodium. */
#include "bench.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

_Static_assert(KEY_SIZE == crypto_box_BEFORENMBYTES, "key size");
_Static_assert(NONCE_SIZE == crypto_box_NONCEBYTES, "nonce size");
_Static_assert(MAC_SIZE == crypto_box_MACBYTES, "tag size");

void nonce_increment(uint8_t *nonce)
{
    for (size_t i = NONCE_SIZE; i-- > 0;) {
        if (++nonce[i] != 0) {
            break;
        }
    }
}

size_t channel_seal(Channel *channel, const uint8_t *plain, size_t length, uint8_t *frame)
{
    const size_t body = length + MAC_SIZE;
    frame[0] = (uint8_t)(body >> 8);
    frame[1] = (uint8_t)body;

    if (crypto_box_easy_afternm(frame + PREFIX_SIZE, plain, length, channel->send_nonce, channel->key) != 0) {
        die("libsodium could not encrypt");
    }

    nonce_increment(channel->send_nonce);
    return PREFIX_SIZE + body;
}

bool channel_open_at(const Channel *channel, const uint8_t *nonce, const uint8_t *body, size_t length,
                     uint8_t *plain)
{
    return length > MAC_SIZE
           && crypto_box_open_easy_afternm(plain, body, length, nonce, channel->key) == 0;
}

bool read_all(int fd, uint8_t *buffer, size_t length)
{
    while (length > 0) {
        const ssize_t n = recv(fd, buffer, length, 0);

        if (n <= 0) {
            if (n < 0 && errno == EINTR) {
                continue;
            }

            return false;
        }

        buffer += n;
        length -= (size_t)n;
    }

    return true;
}

bool write_all(int fd, const uint8_t *buffer, size_t length)
{
    while (length > 0) {
        const ssize_t n = send(fd, buffer, length, MSG_NOSIGNAL);

        if (n < 0) {
            if (errno == EINTR) {
                continue;
            }

            return false;
        }

        buffer += n;
        length -= (size_t)n;
    }

    return true;
}

/* Both handshake texts carry a temporary key and the base nonce of their sender. */
enum { HANDSHAKE_PLAIN = KEY_SIZE + NONCE_SIZE };

static bool open_request(const uint8_t *request, const Keys *relay, uint8_t *long_term, uint8_t *plain)
{
    const uint8_t *nonce = request + KEY_SIZE;
    const uint8_t *box = nonce + NONCE_SIZE;
    return crypto_box_beforenm(long_term, request, relay->sk) == 0
           && crypto_box_open_easy_afternm(plain, box, HANDSHAKE_PLAIN + MAC_SIZE, nonce, long_term) == 0;
}

bool channel_accept(Channel *channel, int fd, const Keys *relay, uint8_t client[KEY_SIZE])
{
    uint8_t request[CLIENT_HANDSHAKE];
    uint8_t answer[SERVER_HANDSHAKE];
    uint8_t long_term[KEY_SIZE];
    uint8_t plain[HANDSHAKE_PLAIN];
    Keys temporary;

    if (!read_all(fd, request, sizeof(request)) || !open_request(request, relay, long_term, plain)) {
        return false;
    }

    memcpy(client, request, KEY_SIZE);
    crypto_box_keypair(temporary.pk, temporary.sk);
    memcpy(channel->recv_nonce, plain + KEY_SIZE, NONCE_SIZE);

    if (crypto_box_beforenm(channel->key, plain, temporary.sk) != 0) {
        return false;
    }

    randombytes_buf(channel->send_nonce, NONCE_SIZE);
    memcpy(plain, temporary.pk, KEY_SIZE);
    memcpy(plain + KEY_SIZE, channel->send_nonce, NONCE_SIZE);
    randombytes_buf(answer, NONCE_SIZE);

    if (crypto_box_easy_afternm(answer + NONCE_SIZE, plain, sizeof(plain), answer, long_term) != 0) {
        return false;
    }

    return write_all(fd, answer, sizeof(answer));
}
