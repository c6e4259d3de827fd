/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Friends: NULL for every pointer, numbers and lengths that are none, structs of other sizes, and every function
 * from inside every function of the program, kill included.
 */
#include "scene.h"

#include <stdlib.h>

static uint8_t key[TOXLINK_KEY_SIZE] = {9};
static uint8_t other[TOXLINK_KEY_SIZE] = {8};
static const uint8_t zero[TOXLINK_KEY_SIZE];
static uint8_t data[4096] = {64};
static const char *const place = "127.0.0.1:33445";

/* What the neighbours do when they are called, and how often they were. */
static struct {
    void (*act)(void);
    Toxlink_Friends *friends;
    unsigned calls;
    bool inside;
} now;

static void called(void)
{
    ++now.calls;

    if (now.act != NULL && !now.inside) {
        now.inside = true;
        now.act();
        now.inside = false;
    }
}

static int32_t onion_add(const uint8_t *k, void *o) { CHECK(k != NULL && o == &now); called(); return 5; }
static void onion_bind(int32_t n, uint32_t f, void *o) { CHECK(n == 5 && f != TOXLINK_NO_FRIEND && o == &now); called(); }
static void onion_delete(int32_t n, void *o) { CHECK(n == 5 && o == &now); called(); }
static void onion_set_online(int32_t n, bool b, void *o) { (void)b; CHECK(n == 5 && o == &now); called(); }
static void onion_set_dht_key(int32_t n, const uint8_t *k, void *o) { CHECK(n == 5 && k != NULL && o == &now); called(); }
static bool onion_send(int32_t n, const uint8_t *d, size_t l, void *o)
{
    CHECK(n == 5 && d[0] == 32 && l <= 1021 && o == &now);
    called();
    return true;
}
static bool dht_add(const uint8_t *k, uint32_t *token, void *o)
{
    CHECK(k != NULL && o == &now);
    *token = 77;
    called();
    return true;
}
static void dht_delete(const uint8_t *k, uint32_t token, void *o) { CHECK(k != NULL && token == 77 && o == &now); called(); }
static int32_t crypto_new(uint32_t f, const uint8_t *k, const uint8_t *d, void *o)
{
    CHECK(f != TOXLINK_NO_FRIEND && k != NULL && d != NULL && o == &now);
    called();
    return 3;
}
static void crypto_kill(int32_t c, void *o) { CHECK(c == 3 && o == &now); called(); }
static bool crypto_write(int32_t c, const uint8_t *d, size_t l, void *o)
{
    CHECK(c == 3 && d != NULL && l >= 1 && l <= 1373 && o == &now);
    called();
    return true;
}

static Toxlink_Neighbours neighbours(void)
{
    Toxlink_Neighbours n;
    toxlink_neighbours_init(&n, sizeof(n));
    n.object = &now;
    n.onion_add = onion_add;
    n.onion_bind = onion_bind;
    n.onion_delete = onion_delete;
    n.onion_set_online = onion_set_online;
    n.onion_set_dht_key = onion_set_dht_key;
    n.onion_send = onion_send;
    n.dht_add = dht_add;
    n.dht_delete = dht_delete;
    n.crypto_new = crypto_new;
    n.crypto_kill = crypto_kill;
    n.crypto_write = crypto_write;
    return n;
}

static Toxlink_Friends *friends_new(void)
{
    const Toxlink_Neighbours n = neighbours();
    Toxlink_Friends *friends;
    WORKS(friends = toxlink_friends_new(&n, NULL, NULL, 0, ERR(Toxlink_Err_New)));
    return friends;
}

static void makers(void)
{
    const size_t bad[] = {0, 1, 8, sizeof(Toxlink_Neighbours) - 8, 1 << 20, SIZE_MAX};
    Toxlink_Neighbours n = neighbours();
    toxlink_neighbours_init(NULL, sizeof(n));
    toxlink_friends_kill(NULL);
    FAILS(toxlink_friends_new(NULL, NULL, NULL, 0, ERR(Toxlink_Err_New)), TOXLINK_ERR_NEW_NULL);
    CHECK(toxlink_friends_new(NULL, NULL, NULL, 0, NULL) == NULL);
    FAILS(toxlink_friends_new(&n, NULL, NULL, 5, ERR(Toxlink_Err_New)), TOXLINK_ERR_NEW_LOG_LEVEL);
    FAILS(toxlink_friends_new(&n, NULL, NULL, UINT32_MAX, ERR(Toxlink_Err_New)), TOXLINK_ERR_NEW_LOG_LEVEL);

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); ++i) {
        n.size = bad[i];
        FAILS(toxlink_friends_new(&n, NULL, NULL, 0, ERR(Toxlink_Err_New)), TOXLINK_ERR_NEW_OPTIONS);
    }

    Toxlink_Neighbours missing[7];

    for (size_t i = 0; i < 7; ++i) {
        missing[i] = neighbours();
    }

    missing[0].onion_add = NULL;
    missing[1].onion_delete = NULL;
    missing[2].dht_add = NULL;
    missing[3].dht_delete = NULL;
    missing[4].crypto_new = NULL;
    missing[5].crypto_kill = NULL;
    missing[6].crypto_write = NULL;

    for (size_t i = 0; i < 7; ++i) {
        FAILS(toxlink_friends_new(&missing[i], NULL, NULL, 0, ERR(Toxlink_Err_New)), TOXLINK_ERR_NEW_NEIGHBOURS);
    }
}

/* Without the object, and with NULL for the rest. `f` is NULL in one of the runs. */
static void nulls(Toxlink_Friends *f, uint32_t n)
{
    const int null = 1;
    char text[64];
    uint8_t out[TOXLINK_KEY_SIZE];
    error_ = 0;
    CHECK_EQ(toxlink_friends_add(f, NULL, ERR(Toxlink_Err_Friend_Add)), TOXLINK_NO_FRIEND);
    CHECK_EQ(error_, null);
    CHECK_EQ(toxlink_friends_add(f, NULL, NULL), TOXLINK_NO_FRIEND);
    CHECK_EQ(toxlink_friends_by_key(f, NULL), TOXLINK_NO_FRIEND);
    FAILS(toxlink_friends_public_key(f, n, NULL, ERR(Toxlink_Err_Friend)), null);
    FAILS(toxlink_friends_send(f, n, NULL, 4, ERR(Toxlink_Err_Friend_Send)), null);
    FAILS(toxlink_friends_send_request(f, n, NULL, data, 4, ERR(Toxlink_Err_Friend_Request)), null);
    FAILS(toxlink_friends_send_request(f, n, key, NULL, 4, ERR(Toxlink_Err_Friend_Request)), null);
    FAILS(toxlink_friends_handle_dht_key(f, n, NULL, NULL, ERR(Toxlink_Err_Friend_Report)), null);
    FAILS(toxlink_friends_handle_relay(f, n, NULL, true, key, NULL, ERR(Toxlink_Err_Friend_Report)), null);
    FAILS(toxlink_friends_handle_relay(f, n, place, true, NULL, NULL, ERR(Toxlink_Err_Friend_Report)), null);
    FAILS(toxlink_friends_handle_address(f, NULL, place, NULL, ERR(Toxlink_Err_Friend_Report)), null);
    FAILS(toxlink_friends_handle_address(f, key, NULL, NULL, ERR(Toxlink_Err_Friend_Report)), null);
    FAILS(toxlink_friends_handle_data(f, n, NULL, 4, NULL, ERR(Toxlink_Err_Friend_Report)), null);
    FAILS(toxlink_friends_handle_lossy(f, n, NULL, 4, NULL, ERR(Toxlink_Err_Friend_Report)), null);
    FAILS(toxlink_friends_handle_offer(f, NULL, key, NULL, NULL, NULL, ERR(Toxlink_Err_Friend_Report)), null);
    FAILS(toxlink_friends_handle_offer(f, key, NULL, NULL, NULL, NULL, ERR(Toxlink_Err_Friend_Report)), null);
    FAILS(toxlink_friends_handle_request(f, NULL, data, 4, NULL, ERR(Toxlink_Err_Friend_Report)), null);
    FAILS(toxlink_friends_handle_request(f, key, NULL, 4, NULL, ERR(Toxlink_Err_Friend_Report)), null);
    CHECK(!toxlink_friends_handle_data(f, n, NULL, 4, NULL, NULL) && !toxlink_friends_send(f, n, NULL, 4, NULL));
    toxlink_friends_callback_status(f, NULL);
    toxlink_friends_callback_data(f, NULL);
    toxlink_friends_callback_lossy(f, NULL);
    toxlink_friends_callback_request(f, NULL);

    if (f != NULL) {
        return;
    }

    FAILS(toxlink_friends_iterate(NULL, NULL, ERR(Toxlink_Err_Iterate)), null);
    CHECK_EQ(toxlink_friends_wait(NULL), -1);
    CHECK_EQ(toxlink_friends_add(NULL, key, ERR(Toxlink_Err_Friend_Add)), TOXLINK_NO_FRIEND);
    FAILS(toxlink_friends_lock(NULL, 0, ERR(Toxlink_Err_Friend)), null);
    FAILS(toxlink_friends_remove(NULL, 0, ERR(Toxlink_Err_Friend)), null);
    CHECK_EQ(toxlink_friends_list(NULL, NULL, 0), 0);
    CHECK_EQ(toxlink_friends_status(NULL, 0), TOXLINK_FRIEND_STATUS_NONE);
    FAILS(toxlink_friends_public_key(NULL, 0, out, ERR(Toxlink_Err_Friend)), null);
    FAILS(toxlink_friends_dht_public_key(NULL, 0, out, ERR(Toxlink_Err_Friend)), null);
    FAILS(toxlink_friends_address(NULL, 0, text, sizeof(text), ERR(Toxlink_Err_Friend)), null);
    CHECK_EQ(text[0], '\0');
    CHECK_EQ(toxlink_friends_connection(NULL, 0, ERR(Toxlink_Err_Friend)), -1);
    CHECK_EQ(error_, null);
    FAILS(toxlink_friends_handle_status(NULL, 0, 0, true, NULL, ERR(Toxlink_Err_Friend_Report)), null);
}

static void null_pointers(void)
{
    nulls(NULL, 0);
    Toxlink_Friends *f = friends_new();
    const uint32_t n = toxlink_friends_add(f, key, NULL);
    CHECK(n != TOXLINK_NO_FRIEND);
    nulls(f, n);
    toxlink_friends_kill(f);
}

static void no_such_friend(void)
{
    const uint32_t numbers[] = {0, 1, 1U << 31, TOXLINK_NO_FRIEND - 1, TOXLINK_NO_FRIEND};
    char text[64];
    uint8_t out[TOXLINK_KEY_SIZE];
    Toxlink_Friends *f = friends_new();

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); ++i) {
        const uint32_t n = numbers[i];
        const int none = TOXLINK_ERR_FRIEND_NOT_FOUND, report = TOXLINK_ERR_FRIEND_REPORT_NOT_FOUND;
        FAILS(toxlink_friends_lock(f, n, ERR(Toxlink_Err_Friend)), none);
        FAILS(toxlink_friends_remove(f, n, ERR(Toxlink_Err_Friend)), none);
        FAILS(toxlink_friends_public_key(f, n, out, ERR(Toxlink_Err_Friend)), none);
        FAILS(toxlink_friends_dht_public_key(f, n, out, ERR(Toxlink_Err_Friend)), none);
        FAILS(toxlink_friends_address(f, n, text, sizeof(text), ERR(Toxlink_Err_Friend)), none);
        CHECK_EQ(toxlink_friends_connection(f, n, ERR(Toxlink_Err_Friend)), -1);
        CHECK_EQ(error_, none);
        CHECK_EQ(toxlink_friends_status(f, n), TOXLINK_FRIEND_STATUS_NONE);
        FAILS(toxlink_friends_send(f, n, data, 4, ERR(Toxlink_Err_Friend_Send)), TOXLINK_ERR_FRIEND_SEND_NOT_FOUND);
        FAILS(toxlink_friends_send_request(f, n, key, data, 4, ERR(Toxlink_Err_Friend_Request)),
              TOXLINK_ERR_FRIEND_REQUEST_NOT_FOUND);
        FAILS(toxlink_friends_handle_dht_key(f, n, key, NULL, ERR(Toxlink_Err_Friend_Report)), report);
        FAILS(toxlink_friends_handle_relay(f, n, place, true, key, NULL, ERR(Toxlink_Err_Friend_Report)), report);
        FAILS(toxlink_friends_handle_status(f, n, 3, true, NULL, ERR(Toxlink_Err_Friend_Report)), report);
        FAILS(toxlink_friends_handle_data(f, n, data, 4, NULL, ERR(Toxlink_Err_Friend_Report)), report);
        FAILS(toxlink_friends_handle_lossy(f, n, data, 4, NULL, ERR(Toxlink_Err_Friend_Report)), report);
    }

    FAILS(toxlink_friends_handle_address(f, key, place, NULL, ERR(Toxlink_Err_Friend_Report)),
          TOXLINK_ERR_FRIEND_REPORT_NOT_FOUND);
    CHECK_EQ(toxlink_friends_list(f, NULL, 0), 0);
    CHECK_EQ(now.calls, 0);
    toxlink_friends_kill(f);
}

static const char *const bad_places[] = {"", "x", "host:1", "127.0.0.1", "127.0.0.1:65536", "\xff", NULL};

static void values(void)
{
    const size_t too_long[] = {TOXLINK_FRIEND_MAX_PACKET_SIZE + 1, 4096, SIZE_MAX / 2, SIZE_MAX};
    uint32_t numbers[3] = {42, 42, 42};
    Toxlink_Friends *f = friends_new();
    const uint32_t n = toxlink_friends_add(f, key, NULL);
    CHECK(n != TOXLINK_NO_FRIEND);

    for (size_t i = 0; i < 4; ++i) {
        CHECK(!toxlink_friends_send(f, n, data, too_long[i], ERR(Toxlink_Err_Friend_Send)));
        CHECK(error_ == TOXLINK_ERR_FRIEND_SEND_LENGTH || error_ == TOXLINK_ERR_FRIEND_SEND_NULL);
        CHECK(!toxlink_friends_send_request(f, n, key, data, too_long[i], ERR(Toxlink_Err_Friend_Request)));
        CHECK(error_ == TOXLINK_ERR_FRIEND_REQUEST_LENGTH || error_ == TOXLINK_ERR_FRIEND_REQUEST_NULL);
    }

    FAILS(toxlink_friends_send(f, n, data, 0, ERR(Toxlink_Err_Friend_Send)), TOXLINK_ERR_FRIEND_SEND_LENGTH);
    FAILS(toxlink_friends_send(f, n, NULL, 0, ERR(Toxlink_Err_Friend_Send)), TOXLINK_ERR_FRIEND_SEND_LENGTH);
    FAILS(toxlink_friends_send(f, n, data, 1, ERR(Toxlink_Err_Friend_Send)), TOXLINK_ERR_FRIEND_SEND_NOT_ONLINE);
    FAILS(toxlink_friends_send_request(f, n, key, data, 0, ERR(Toxlink_Err_Friend_Request)),
          TOXLINK_ERR_FRIEND_REQUEST_LENGTH);
    FAILS(toxlink_friends_handle_dht_key(f, n, zero, NULL, ERR(Toxlink_Err_Friend_Report)),
          TOXLINK_ERR_FRIEND_REPORT_MALFORMED);

    for (size_t i = 0; bad_places[i] != NULL; ++i) {
        const int bad = TOXLINK_ERR_FRIEND_REPORT_BAD_ADDRESS;
        FAILS(toxlink_friends_handle_relay(f, n, bad_places[i], true, key, NULL, ERR(Toxlink_Err_Friend_Report)), bad);
        FAILS(toxlink_friends_handle_address(f, key, bad_places[i], NULL, ERR(Toxlink_Err_Friend_Report)), bad);
        FAILS(toxlink_friends_handle_offer(f, key, key, bad_places[i], NULL, NULL, ERR(Toxlink_Err_Friend_Report)), bad);
    }

    CHECK_EQ(toxlink_friends_list(f, numbers, 0), 1);
    CHECK_EQ(numbers[0], 42);
    CHECK_EQ(toxlink_friends_list(f, numbers, SIZE_MAX), 1);
    CHECK(numbers[0] == n && numbers[1] == 42);
    CHECK_EQ(toxlink_friends_by_key(f, key), n);
    CHECK_EQ(toxlink_friends_by_key(f, other), TOXLINK_NO_FRIEND);
    toxlink_friends_kill(f);
}

/* ---- from inside ---- */

static void everything(void)
{
    Toxlink_Friends *f = now.friends;
    uint8_t out[TOXLINK_KEY_SIZE];
    char text[64];
    const uint32_t n = toxlink_friends_add(f, other, NULL);
    toxlink_friends_iterate(f, NULL, NULL);
    CHECK(toxlink_friends_wait(f) >= -1);
    toxlink_friends_handle_dht_key(f, n, other, NULL, NULL);
    toxlink_friends_handle_address(f, other, place, NULL, NULL);
    toxlink_friends_handle_relay(f, n, place, true, key, NULL, NULL);
    toxlink_friends_handle_status(f, n, 3, true, NULL, NULL);
    toxlink_friends_handle_data(f, n, data, 10, NULL, NULL);
    toxlink_friends_handle_lossy(f, n, data, 10, NULL, NULL);
    toxlink_friends_handle_offer(f, other, other, place, NULL, NULL, NULL);
    toxlink_friends_handle_request(f, other, data, 10, NULL, NULL);
    toxlink_friends_public_key(f, n, out, NULL);
    toxlink_friends_dht_public_key(f, n, out, NULL);
    toxlink_friends_address(f, n, text, sizeof(text), NULL);
    toxlink_friends_connection(f, n, NULL);
    toxlink_friends_send(f, n, data, 10, NULL);
    toxlink_friends_send_request(f, n, key, data, 10, NULL);
    toxlink_friends_lock(f, n, NULL);
    toxlink_friends_remove(f, n, NULL);
    toxlink_friends_remove(f, n, NULL);
}

static void remove_all(void)
{
    uint32_t numbers[4];
    const size_t count = toxlink_friends_list(now.friends, numbers, 4);

    for (size_t i = 0; i < count && i < 4; ++i) {
        toxlink_friends_remove(now.friends, numbers[i], NULL);
    }
}

static void kill_it(void)
{
    Toxlink_Friends *f = now.friends;
    now.friends = NULL;
    now.act = NULL;
    toxlink_friends_kill(f);
}

static void on_status(Toxlink_Friends *f, uint32_t n, bool online, void *u) { (void)n, (void)online; CHECK(f != NULL && (u == NULL || u == &now)); called(); }
static void on_data(Toxlink_Friends *f, uint32_t n, const uint8_t *d, size_t l, void *u)
{
    (void)n, (void)u;
    uint8_t copy[16];
    CHECK(f != NULL && l == 10);
    memcpy(copy, d, l);
    called();
    CHECK_BYTES(d, copy, l);
}
static void on_request(Toxlink_Friends *f, const uint8_t *k, const uint8_t *s, const uint8_t *m, size_t l, void *u)
{
    (void)s, (void)m, (void)u;
    CHECK(f != NULL && k != NULL && l > 0);
    called();
}

/* A friend's life, as far as the object lives; in call number `when` of the program's functions, `act`. */
static unsigned life(unsigned when, void (*act)(void))
{
    static unsigned target;
    memset(&now, 0, sizeof(now));
    now.friends = friends_new();
    target = when;
    uint8_t request[12] = {32};
    uint32_t n = TOXLINK_NO_FRIEND;

    for (int step = 0; step < 12 && now.friends != NULL; ++step) {
        Toxlink_Friends *f = now.friends;
        now.act = now.calls >= target ? act : NULL;

        switch (step) {
            case 0:
                toxlink_friends_callback_status(f, on_status);
                toxlink_friends_callback_data(f, on_data);
                toxlink_friends_callback_lossy(f, on_data);
                toxlink_friends_callback_request(f, on_request);
                break;
            case 1: n = toxlink_friends_add(f, key, NULL); break;
            case 2: toxlink_friends_handle_dht_key(f, n, key, &now, NULL); break;
            case 3: toxlink_friends_handle_address(f, key, place, &now, NULL); break;
            case 4: toxlink_friends_iterate(f, &now, NULL); break;
            case 5: toxlink_friends_handle_status(f, n, 3, true, &now, NULL); break;
            case 6: toxlink_friends_handle_data(f, n, data, 10, &now, NULL); break;
            case 7: toxlink_friends_handle_lossy(f, n, data, 10, &now, NULL); break;
            case 8: toxlink_friends_send(f, n, data, 10, NULL); break;
            case 9: toxlink_friends_handle_request(f, other, request, sizeof(request), &now, NULL); break;
            case 10: toxlink_friends_handle_status(f, n, 3, false, &now, NULL); break;
            default: toxlink_friends_remove(f, n, NULL); break;
        }
    }

    const unsigned calls = now.calls;
    now.act = NULL;

    if (now.friends != NULL) {
        kill_it();
    }

    return calls;
}

static void inside_with(void (*act)(void))
{
    const unsigned all = life(1000, NULL);
    CHECK(all >= 10);

    for (unsigned when = 0; when <= all; ++when) {
        life(when, act);
    }
}

static void everything_inside(void) { inside_with(everything); }
static void remove_inside(void) { inside_with(remove_all); }
static void kill_inside(void) { inside_with(kill_it); }

static void names(void)
{
    const char *(*const all[])(uint32_t) = {
        toxlink_err_friend_add_to_string,     toxlink_err_friend_to_string,        toxlink_err_friend_send_to_string,
        toxlink_err_friend_request_to_string, toxlink_err_friend_report_to_string,
    };
    const uint32_t counts[] = {TOXLINK_ERR_FRIEND_ADD_INTERNAL, TOXLINK_ERR_FRIEND_INTERNAL,
                               TOXLINK_ERR_FRIEND_SEND_INTERNAL, TOXLINK_ERR_FRIEND_REQUEST_INTERNAL,
                               TOXLINK_ERR_FRIEND_REPORT_INTERNAL};

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); ++i) {
        CHECK(strstr(all[i](0), "_OK") != NULL && strstr(all[i](counts[i]), "_INTERNAL") != NULL);
        CHECK(strncmp(all[i](counts[i] + 1), "TOXLINK", 7) != 0 && all[i](UINT32_MAX)[0] != '\0');
    }
}

static const Test tests[] = {
    {"makers", makers, T_FAST, 20},
    {"null_pointers", null_pointers, T_FAST, 20},
    {"no_such_friend", no_such_friend, T_FAST, 20},
    {"values", values, T_FAST, 20},
    {"everything_inside", everything_inside, T_FAST, 20},
    {"remove_inside", remove_inside, T_FAST, 20},
    {"kill_inside", kill_inside, T_FAST, 20},
    {"names", names, T_FAST, 20},
};

int main(int argc, char **argv)
{
    return run_tests("misuse_friends", tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
