/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Friends through toxlink.h: two ends whose neighbours are connected by a small simulated network,
 * in virtual time. They find each other, go online, exchange data, one falls silent and comes back;
 * and what the API promises for misuse, for calls from callbacks and for the end of an object.
 *
 * Prints one line for each failure, then "N passed, M failed".
 */
#include <stdio.h>
#include <string.h>

#include "friends_world.h"

static int passed;
static int failed;

static void check(bool ok, int line, const char *what)
{
    if (ok) {
        ++passed;
    } else {
        ++failed;
        printf("%d: %s\n", line, what);
    }
}

#define CHECK(cond) check((cond), __LINE__, #cond)

static void end_pair(void)
{
    for (int i = 0; i < ENDS; ++i) {
        kill_end(&ends[i]);
        CHECK(is_balanced(&ends[i]));
        CHECK(ends[i].after_the_end == 0);
    }
}

/* ----------------------------------------------------------------------------------- the tests */

static void test_life(void)
{
    uint32_t n[ENDS];
    begin();
    CHECK(toxlink_friends_wait(ends[0].friends) == 0); /* LAN discovery */
    n[0] = toxlink_friends_add(ends[0].friends, ends[1].key, NULL);
    CHECK(n[0] != TOXLINK_NO_FRIEND);
    CHECK(toxlink_friends_status(ends[0].friends, n[0]) == TOXLINK_FRIEND_STATUS_CONNECTING);

    const uint8_t nospam[] = {1, 2, 3, 4};
    const uint8_t hello[] = {'h', 'e', 'y'};
    CHECK(toxlink_friends_send_request(ends[0].friends, n[0], nospam, hello, sizeof hello, NULL));
    pass(5);
    CHECK(ends[1].requests == 1 && strcmp(ends[1].request, "1 hey") == 0);
    CHECK(memcmp(ends[1].nospam, nospam, sizeof nospam) == 0);

    n[1] = toxlink_friends_add(ends[1].friends, ends[0].key, NULL);
    run_until_online(n);
    CHECK(are_online(n));
    CHECK(ends[0].online == 1 && ends[1].online == 1);
    CHECK(ends[0].lines > 0 && ends[0].lan > 0);
    CHECK(strcmp(ends[0].direct, ends[1].address) == 0);

    uint8_t key[TOXLINK_KEY_SIZE];
    CHECK(toxlink_friends_public_key(ends[0].friends, n[0], key, NULL)
          && memcmp(key, ends[1].key, sizeof key) == 0);
    CHECK(toxlink_friends_dht_public_key(ends[0].friends, n[0], key, NULL)
          && memcmp(key, ends[1].dht_key, sizeof key) == 0);
    char text[TOXLINK_IP_PORT_SIZE];
    CHECK(toxlink_friends_address(ends[0].friends, n[0], text, sizeof text, NULL) == 15);
    CHECK(strcmp(text, "192.0.2.2:33445") == 0);
    CHECK(toxlink_friends_address(ends[0].friends, n[0], text, 4, NULL) == 15);
    CHECK(strcmp(text, "192") == 0);
    CHECK(toxlink_friends_address(ends[0].friends, n[0], NULL, 0, NULL) == 15);
    CHECK(toxlink_friends_by_key(ends[0].friends, ends[1].key) == n[0]);
    uint32_t list[2] = {0, 77};
    CHECK(toxlink_friends_list(ends[0].friends, list, 1) == 1 && list[0] == n[0] && list[1] == 77);

    uint8_t packet[MAX_DATA] = {64, 1, 2};
    CHECK(toxlink_friends_send(ends[0].friends, n[0], packet, sizeof packet, NULL));
    pass(2);
    CHECK(ends[1].packets == 1 && ends[1].length == sizeof packet);
    CHECK(memcmp(ends[1].data, packet, sizeof packet) == 0);
    CHECK(toxlink_friends_send_request(ends[0].friends, n[0], nospam, hello, sizeof hello, NULL));
    /* Lossy packets the program sends by itself. */
    const uint8_t lossy[] = {200, 1};
    const int32_t id = toxlink_friends_connection(ends[0].friends, n[0], NULL);
    CHECK(crypto_write(id, lossy, sizeof lossy, &ends[0]));
    pass(2);
    CHECK(ends[1].requests == 2 && ends[1].lossy == 1);
    CHECK(ends[1].knows_relay && ends[1].relay_is_relay);

    cut = true;
    pass(45);
    CHECK(ends[0].offline == 1 && ends[1].offline == 1);
    CHECK(toxlink_friends_status(ends[0].friends, n[0]) == TOXLINK_FRIEND_STATUS_CONNECTING);
    cut = false;
    run_until_online(n);
    CHECK(ends[0].online == 2 && ends[1].online == 2);
    pass(200);
    CHECK(ends[0].offline == 1 && ends[1].offline == 1);
    end_pair();
}

static void test_new(void)
{
    Toxlink_Err_New error = TOXLINK_ERR_NEW_OK;
    begin();
    const Toxlink_Neighbours good = neighbours(&ends[0]);
    Toxlink_Neighbours n = good;
    CHECK(toxlink_friends_new(NULL, NULL, NULL, 0, &error) == NULL);
    CHECK(error == TOXLINK_ERR_NEW_NULL);
    n.size = 0;
    CHECK(toxlink_friends_new(&n, NULL, NULL, 0, &error) == NULL);
    CHECK(error == TOXLINK_ERR_NEW_OPTIONS);
    CHECK(toxlink_friends_new(&good, NULL, NULL, 5, &error) == NULL);
    CHECK(error == TOXLINK_ERR_NEW_LOG_LEVEL);
#define NEEDED(function) \
    do { \
        n = good; \
        n.function = NULL; \
        CHECK(toxlink_friends_new(&n, NULL, NULL, 0, &error) == NULL); \
        CHECK(error == TOXLINK_ERR_NEW_NEIGHBOURS); \
    } while (0)
    NEEDED(onion_add);
    NEEDED(onion_delete);
    NEEDED(dht_add);
    NEEDED(dht_delete);
    NEEDED(crypto_new);
    NEEDED(crypto_kill);
    NEEDED(crypto_write);

    /* Those that may be missing, and the system's clock. */
    toxlink_neighbours_init(&n, sizeof n);
    n.object = &ends[0];
    n.onion_add = good.onion_add;
    n.onion_delete = good.onion_delete;
    n.dht_add = good.dht_add;
    n.dht_delete = good.dht_delete;
    n.crypto_new = good.crypto_new;
    n.crypto_kill = good.crypto_kill;
    n.crypto_write = good.crypto_write;
    Toxlink_Friends *const friends = toxlink_friends_new(&n, NULL, NULL, 0, &error);
    CHECK(friends != NULL && error == TOXLINK_ERR_NEW_OK);
    CHECK(toxlink_friends_wait(friends) == -1);
    const uint32_t number = toxlink_friends_add(friends, ends[1].key, NULL);
    const uint8_t nospam[] = {1, 2, 3, 4};
    Toxlink_Err_Friend_Request request;
    CHECK(!toxlink_friends_send_request(friends, number, nospam, nospam, 1, &request));
    CHECK(request == TOXLINK_ERR_FRIEND_REQUEST_REFUSED);
    Toxlink_Err_Friend_Report report;
    CHECK(!toxlink_friends_handle_offer(friends, ends[1].key, ends[1].dht_key, NULL, NULL, NULL,
                                        &report));
    CHECK(report == TOXLINK_ERR_FRIEND_REPORT_REFUSED);
    CHECK(!toxlink_friends_handle_relay(friends, number, "192.0.2.1:1", true, ends[1].key, NULL,
                                        &report));
    CHECK(report == TOXLINK_ERR_FRIEND_REPORT_REFUSED);
    CHECK(toxlink_friends_handle_dht_key(friends, number, ends[1].dht_key, NULL, NULL));
    const int32_t id = toxlink_friends_connection(friends, number, NULL);
    CHECK(toxlink_friends_handle_status(friends, number, id, true, NULL, NULL));
    CHECK(toxlink_friends_status(friends, number) == TOXLINK_FRIEND_STATUS_ONLINE);
    CHECK(toxlink_friends_iterate(friends, NULL, NULL));
    CHECK(toxlink_friends_wait(friends) > 0);
    toxlink_friends_kill(friends);
    CHECK(is_balanced(&ends[0]));
    end_pair();
    toxlink_neighbours_init(NULL, sizeof n);
    toxlink_friends_kill(NULL);
}

/* What cannot be: each of these gives the failure value and the error that is said. */
static void test_misuse(void)
{
    uint32_t n[ENDS];
    begin_pair(n);
    run_until_online(n);
    Toxlink_Friends *const f = ends[0].friends;
    const uint32_t gone = n[0] + 1000;
    const int32_t id = toxlink_friends_connection(f, n[0], NULL);
    uint8_t key[TOXLINK_KEY_SIZE] = {9};
    uint8_t packet[MAX_DATA + 1] = {64};
    const char *const bad[] = {"", "host:1", "192.0.2.1", "192.0.2.1:65536", "2001:db8::1:443",
                               "192.0.2.1:1 ", "\xff:1"};

    Toxlink_Err_Iterate iterate;
    CHECK(!toxlink_friends_iterate(NULL, NULL, &iterate) && iterate == TOXLINK_ERR_ITERATE_NULL);
    CHECK(toxlink_friends_wait(NULL) == -1);
    toxlink_friends_callback_status(NULL, NULL);

    Toxlink_Err_Friend_Add add;
    CHECK(toxlink_friends_add(NULL, key, &add) == TOXLINK_NO_FRIEND);
    CHECK(add == TOXLINK_ERR_FRIEND_ADD_NULL);
    CHECK(toxlink_friends_add(f, NULL, &add) == TOXLINK_NO_FRIEND);
    CHECK(add == TOXLINK_ERR_FRIEND_ADD_NULL);
    CHECK(toxlink_friends_add(f, ends[1].key, &add) == n[0] && add == TOXLINK_ERR_FRIEND_ADD_OK);
    CHECK(toxlink_friends_remove(f, n[0], NULL));

    Toxlink_Err_Friend e;
#define FAILS(call, code) CHECK(!(call) && e == TOXLINK_ERR_FRIEND_##code)
    FAILS(toxlink_friends_lock(NULL, n[0], &e), NULL);
    FAILS(toxlink_friends_lock(f, gone, &e), NOT_FOUND);
    FAILS(toxlink_friends_lock(f, TOXLINK_NO_FRIEND, &e), NOT_FOUND);
    FAILS(toxlink_friends_remove(NULL, n[0], &e), NULL);
    FAILS(toxlink_friends_remove(f, gone, &e), NOT_FOUND);
    FAILS(toxlink_friends_public_key(f, gone, key, &e), NOT_FOUND);
    FAILS(toxlink_friends_public_key(f, n[0], NULL, &e), NULL);
    FAILS(toxlink_friends_dht_public_key(f, gone, key, &e), NOT_FOUND);
    FAILS(toxlink_friends_dht_public_key(f, n[0], NULL, &e), NULL);
    char text[8] = "abcdefg";
    FAILS(toxlink_friends_address(f, gone, text, sizeof text, &e), NOT_FOUND);
    CHECK(text[0] == '\0');
    FAILS(toxlink_friends_address(NULL, n[0], text, sizeof text, &e), NULL);
    CHECK(toxlink_friends_connection(f, gone, &e) == -1 && e == TOXLINK_ERR_FRIEND_NOT_FOUND);
    const uint32_t stranger = toxlink_friends_add(f, key, NULL);
    FAILS(toxlink_friends_dht_public_key(f, stranger, key, &e), UNKNOWN);
    FAILS(toxlink_friends_address(f, stranger, NULL, 0, &e), UNKNOWN);
    CHECK(toxlink_friends_connection(f, stranger, &e) == -1 && e == TOXLINK_ERR_FRIEND_UNKNOWN);
    CHECK(toxlink_friends_by_key(f, NULL) == TOXLINK_NO_FRIEND);
    CHECK(toxlink_friends_by_key(f, ends[0].key) == TOXLINK_NO_FRIEND);
    CHECK(toxlink_friends_by_key(NULL, key) == TOXLINK_NO_FRIEND);
    CHECK(toxlink_friends_list(NULL, NULL, 0) == 0);
    CHECK(toxlink_friends_list(f, NULL, 9) == 2);
    CHECK(toxlink_friends_status(NULL, n[0]) == TOXLINK_FRIEND_STATUS_NONE);
    CHECK(toxlink_friends_status(f, gone) == TOXLINK_FRIEND_STATUS_NONE);

    Toxlink_Err_Friend_Send s;
#define NOT_SENT(call, code) CHECK(!(call) && s == TOXLINK_ERR_FRIEND_SEND_##code)
    NOT_SENT(toxlink_friends_send(NULL, n[0], packet, 1, &s), NULL);
    NOT_SENT(toxlink_friends_send(f, n[0], NULL, 1, &s), NULL);
    NOT_SENT(toxlink_friends_send(f, n[0], packet, SIZE_MAX, &s), NULL);
    NOT_SENT(toxlink_friends_send(f, gone, packet, 1, &s), NOT_FOUND);
    NOT_SENT(toxlink_friends_send(f, stranger, packet, 1, &s), NOT_ONLINE);
    NOT_SENT(toxlink_friends_send(f, n[0], packet, 0, &s), LENGTH);
    NOT_SENT(toxlink_friends_send(f, n[0], packet, TOXLINK_FRIEND_MAX_PACKET_SIZE + 1, &s), LENGTH);
    packet[0] = TOXLINK_FRIEND_FIRST_PACKET_ID - 1;
    NOT_SENT(toxlink_friends_send(f, n[0], packet, 1, &s), PACKET_ID);
    packet[0] = TOXLINK_FRIEND_LAST_PACKET_ID + 1;
    NOT_SENT(toxlink_friends_send(f, n[0], packet, 1, &s), PACKET_ID);
    packet[0] = TOXLINK_FRIEND_LAST_PACKET_ID;
    ends[0].connections[id].up = false;
    NOT_SENT(toxlink_friends_send(f, n[0], packet, 1, &s), BUSY);
    ends[0].connections[id].up = true;

    Toxlink_Err_Friend_Request q;
#define NOT_ASKED(call, code) CHECK(!(call) && q == TOXLINK_ERR_FRIEND_REQUEST_##code)
    const size_t longest = TOXLINK_FRIEND_MAX_REQUEST_SIZE;
    NOT_ASKED(toxlink_friends_send_request(NULL, n[0], key, packet, 1, &q), NULL);
    NOT_ASKED(toxlink_friends_send_request(f, n[0], NULL, packet, 1, &q), NULL);
    NOT_ASKED(toxlink_friends_send_request(f, n[0], key, NULL, 1, &q), NULL);
    NOT_ASKED(toxlink_friends_send_request(f, gone, key, packet, 1, &q), NOT_FOUND);
    NOT_ASKED(toxlink_friends_send_request(f, n[0], key, packet, 0, &q), LENGTH);
    NOT_ASKED(toxlink_friends_send_request(f, n[0], key, packet, longest + 1, &q), LENGTH);
    NOT_ASKED(toxlink_friends_send_request(f, stranger, key, packet, longest, &q), REFUSED);

    Toxlink_Err_Friend_Report r;
#define REFUSED(call, code) CHECK(!(call) && r == TOXLINK_ERR_FRIEND_REPORT_##code)
    End *const end = &ends[0];
    uint8_t zeros[TOXLINK_KEY_SIZE] = {0};
    REFUSED(toxlink_friends_handle_dht_key(NULL, n[0], key, end, &r), NULL);
    REFUSED(toxlink_friends_handle_dht_key(f, n[0], NULL, end, &r), NULL);
    REFUSED(toxlink_friends_handle_dht_key(f, gone, key, end, &r), NOT_FOUND);
    REFUSED(toxlink_friends_handle_dht_key(f, n[0], zeros, end, &r), MALFORMED);
    REFUSED(toxlink_friends_handle_relay(f, n[0], NULL, true, key, end, &r), NULL);
    REFUSED(toxlink_friends_handle_relay(f, n[0], "192.0.2.1:1", true, NULL, end, &r), NULL);
    REFUSED(toxlink_friends_handle_relay(f, gone, "192.0.2.1:1", true, key, end, &r), NOT_FOUND);
    REFUSED(toxlink_friends_handle_address(f, key, "192.0.2.1:1", end, &r), NOT_FOUND);
    REFUSED(toxlink_friends_handle_address(f, NULL, "192.0.2.1:1", end, &r), NULL);
    REFUSED(toxlink_friends_handle_address(f, ends[1].dht_key, NULL, end, &r), NULL);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; ++i) {
        REFUSED(toxlink_friends_handle_relay(f, n[0], bad[i], true, key, end, &r), BAD_ADDRESS);
        REFUSED(toxlink_friends_handle_address(f, ends[1].dht_key, bad[i], end, &r), BAD_ADDRESS);
        REFUSED(toxlink_friends_handle_offer(f, key, key, bad[i], end, end, &r), BAD_ADDRESS);
    }
    REFUSED(toxlink_friends_handle_status(f, n[0], id + 1, false, end, &r), NO_CONNECTION);
    REFUSED(toxlink_friends_handle_status(f, stranger, -1, true, end, &r), NO_CONNECTION);
    REFUSED(toxlink_friends_handle_status(f, gone, id, false, end, &r), NOT_FOUND);
    REFUSED(toxlink_friends_handle_data(f, n[0], NULL, 1, end, &r), NULL);
    REFUSED(toxlink_friends_handle_data(f, n[0], packet, 0, end, &r), MALFORMED);
    REFUSED(toxlink_friends_handle_data(f, stranger, packet, 1, end, &r), NO_CONNECTION);
    REFUSED(toxlink_friends_handle_data(f, gone, packet, 1, end, &r), NOT_FOUND);
    REFUSED(toxlink_friends_handle_lossy(f, n[0], packet, 0, end, &r), MALFORMED);
    REFUSED(toxlink_friends_handle_lossy(f, stranger, packet, 1, end, &r), NO_CONNECTION);
    REFUSED(toxlink_friends_handle_offer(f, ends[1].key, key, NULL, end, end, &r), REFUSED);
    REFUSED(toxlink_friends_handle_offer(f, ends[0].key, key, NULL, end, end, &r), NOT_FOUND);
    REFUSED(toxlink_friends_handle_offer(f, NULL, key, NULL, end, end, &r), NULL);
    REFUSED(toxlink_friends_handle_offer(f, key, NULL, NULL, end, end, &r), NULL);
    const uint8_t request[] = {32, 1, 2, 3, 4, 'x'};
    REFUSED(toxlink_friends_handle_request(f, NULL, request, sizeof request, end, &r), NULL);
    REFUSED(toxlink_friends_handle_request(f, key, request, sizeof request - 1, end, &r), MALFORMED);
    REFUSED(toxlink_friends_handle_request(f, key, request + 1, 5, end, &r), MALFORMED);
    CHECK(end->packets == 0 && end->requests == 0 && end->offline == 0);
    CHECK(toxlink_friends_handle_request(f, key, request, sizeof request, end, &r));
    CHECK(r == TOXLINK_ERR_FRIEND_REPORT_OK && strcmp(end->request, "9 x") == 0);
    CHECK(are_online(n));
    end_pair();
}

static void test_names(void)
{
#define NAMES(function, last) \
    do { \
        for (uint32_t i = 0; i <= (last); ++i) { \
            CHECK(strncmp(function(i), "TOXLINK_ERR_FRIEND", 18) == 0); \
        } \
        CHECK(strcmp(function((last) + 1), "unknown") == 0); \
        CHECK(strcmp(function(UINT32_MAX), "unknown") == 0); \
    } while (0)
    NAMES(toxlink_err_friend_to_string, TOXLINK_ERR_FRIEND_INTERNAL);
    NAMES(toxlink_err_friend_add_to_string, TOXLINK_ERR_FRIEND_ADD_INTERNAL);
    NAMES(toxlink_err_friend_send_to_string, TOXLINK_ERR_FRIEND_SEND_INTERNAL);
    NAMES(toxlink_err_friend_request_to_string, TOXLINK_ERR_FRIEND_REQUEST_INTERNAL);
    NAMES(toxlink_err_friend_report_to_string, TOXLINK_ERR_FRIEND_REPORT_INTERNAL);
    CHECK(strcmp(toxlink_err_friend_send_to_string(TOXLINK_ERR_FRIEND_SEND_BUSY),
                 "TOXLINK_ERR_FRIEND_SEND_BUSY")
          == 0);
    CHECK(strcmp(toxlink_err_friend_report_to_string(TOXLINK_ERR_FRIEND_REPORT_REFUSED),
                 "TOXLINK_ERR_FRIEND_REPORT_REFUSED")
          == 0);
    CHECK(strcmp(toxlink_err_friend_to_string(TOXLINK_ERR_FRIEND_UNKNOWN),
                 "TOXLINK_ERR_FRIEND_UNKNOWN")
          == 0);
}

/* ------------------------------------------------------------------------ calls from inside */

static uint32_t first_friend(const End *end)
{
    uint32_t number = TOXLINK_NO_FRIEND;
    toxlink_friends_list(end->friends, &number, 1);
    return number;
}

static Toxlink_Err_Iterate inner_iterate;

static void do_remove(End *end) { toxlink_friends_remove(end->friends, first_friend(end), NULL); }

static void do_replace(End *end)
{
    do_remove(end);
    toxlink_friends_add(end->friends, ends[1 - end->index].key, NULL);
}

static void do_add(End *end)
{
    const uint8_t key[TOXLINK_KEY_SIZE] = {66};
    toxlink_friends_add(end->friends, key, NULL);
}

static void do_key(End *end)
{
    const uint8_t key[TOXLINK_KEY_SIZE] = {55};
    toxlink_friends_handle_dht_key(end->friends, first_friend(end), key, end, NULL);
}

static void do_over(End *end)
{
    lose(end, toxlink_friends_connection(end->friends, first_friend(end), NULL));
}

static void do_send(End *end)
{
    const uint8_t packet[] = {64};
    toxlink_friends_send(end->friends, first_friend(end), packet, sizeof packet, NULL);
}

static void do_iterate(End *end) { toxlink_friends_iterate(end->friends, end, &inner_iterate); }

static void do_unset(End *end) { toxlink_friends_callback_status(end->friends, NULL); }

static void do_kill(End *end) { kill_end(end); }

static void test_inside(void)
{
    static const char *const places[] = {
        "onion_add",   "onion_bind",    "onion_delete",      "onion_set_online",
        "onion_send",  "dht_add",       "dht_delete",        "onion_set_dht_key",
        "crypto_new",  "crypto_accept", "crypto_kill",       "crypto_set_direct",
        "relay_add",   "relay_add_for", "crypto_write",      "relays_copy",
        "lan_send",    "log",           "on_status",         "on_data",
        "on_request",
    };
    static void (*const deeds[])(End *) = {
        do_remove, do_replace, do_add, do_key, do_over, do_send, do_iterate, do_unset, do_kill,
    };
    const uint8_t nospam[] = {1, 2, 3, 4};
    const uint8_t request[] = {32, 1, 2, 3, 4, 'x'};
    for (size_t p = 0; p < sizeof places / sizeof places[0]; ++p) {
        for (size_t d = 0; d < sizeof deeds / sizeof deeds[0]; ++d) {
            begin();
            End *const a = &ends[0], *const b = &ends[1];
            a->hook = places[p];
            a->run = deeds[d];
            const uint32_t on_a = toxlink_friends_add(a->friends, b->key, NULL);
            const uint32_t on_b = toxlink_friends_add(b->friends, a->key, NULL);
            toxlink_friends_send_request(a->friends, on_a, nospam, nospam, 1, NULL);
            pass(40);
            const uint8_t packet[] = {64};
            toxlink_friends_send(b->friends, on_b, packet, sizeof packet, NULL);
            if (a->friends != NULL) {
                toxlink_friends_handle_request(a->friends, b->key, request, sizeof request, a, NULL);
            }
            pass(2);
            /* What only happens to friends without a connection. */
            if (a->friends != NULL) {
                do_over(a);
            }
            const uint8_t relay[TOXLINK_KEY_SIZE] = {77};
            toxlink_friends_handle_relay(a->friends, first_friend(a), "192.0.2.9:1", true, relay, a,
                                         NULL);
            int peer = 1;
            toxlink_friends_handle_offer(a->friends, b->key, b->dht_key, NULL, &peer, a, NULL);
            pass(2);
            /* Some only happen at the end. */
            if (a->friends != NULL) {
                do_key(a);
            }
            pass(1);
            if (a->friends != NULL) {
                do_remove(a);
            }
            if (a->friends != NULL) {
                kill_end(a);
            }
            kill_end(b);
            const bool well = a->ran && is_balanced(a) && a->after_the_end == 0;
            check(well, __LINE__, places[p]);
            if (!well) {
                printf("  deed %zu: ran %d, balanced %d, after the end %d\n", d, a->ran,
                       is_balanced(a), a->after_the_end);
            }
        }
    }
}

static void test_iterate_busy(void)
{
    uint32_t n[ENDS];
    begin_pair(n);
    run_until_online(n);
    ends[0].hook = "crypto_write";
    ends[0].run = do_iterate;
    inner_iterate = TOXLINK_ERR_ITERATE_OK;
    pass(15);
    CHECK(ends[0].ran && inner_iterate == TOXLINK_ERR_ITERATE_BUSY);
    Toxlink_Err_Iterate error;
    CHECK(toxlink_friends_iterate(ends[0].friends, &ends[0], &error));
    CHECK(error == TOXLINK_ERR_ITERATE_OK);
    end_pair();
}

int main(void)
{
    now = 1;
    test_life();
    test_new();
    test_misuse();
    test_names();
    test_inside();
    test_iterate_busy();
    printf("%d passed, %d failed\n", passed, failed);
    return failed == 0 ? 0 : 1;
}
