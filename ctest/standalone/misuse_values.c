/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Values that are none: numbers, lengths, sizes of structs, texts, keys. And what is just right.
 */
#include "scene.h"

#include <stdio.h>
#include <stdlib.h>

static uint8_t key[TOXLINK_KEY_SIZE] = {9};
static const uint8_t low_order[TOXLINK_KEY_SIZE] = {0};
static const char *const place = "127.0.0.1:33445";

/* No address of a relay or proxy. */
static const char *const bad_addresses[] = {
    "", ":", "1", "host", "host:", ":1", "host:0", "host:65536", "host:-1", "host:+1", "host: 1", " host:1", "host:1 ",
    "host:1:2", "127.0.0.1", "127.0.0.1:0", "256.0.0.1:1", "127.1:1", "1.2.3.4.5:1", "::1:1", "[::1]", "[::1]:",
    "[::1]:0", "[::g]:1", "h\xffst:1", "h\xc3\xb6st:1", "ho st:1", "host\n:1", "host/:1", "host:1x", "[host]:1",
};

enum { BAD_ADDRESSES = sizeof(bad_addresses) / sizeof(bad_addresses[0]) };

/* A host name with `length` characters, and a port. */
static const char *long_name(size_t length)
{
    static char text[70000];
    memset(text, 'a', length);
    strcpy(text + length, ":1");
    return text;
}

static void keys(void)
{
    const char *const bad[] = {"", "0", "g", "\xff", NULL};
    char hex[TOXLINK_KEY_HEX_SIZE], wrong[TOXLINK_KEY_HEX_SIZE + 1];
    uint8_t out[TOXLINK_KEY_SIZE], back[TOXLINK_KEY_SIZE];
    WORKS(toxlink_key_new(out, back, ERR(Toxlink_Err_Key)));
    WORKS(toxlink_key_derive(out, key, ERR(Toxlink_Err_Key)));
    CHECK_BYTES(key, back, sizeof(key));
    WORKS(toxlink_key_to_hex(out, hex, ERR(Toxlink_Err_Key)));
    CHECK_EQ(strlen(hex), 64);
    WORKS(toxlink_key_from_hex(hex, back, ERR(Toxlink_Err_Key)));
    CHECK_BYTES(out, back, sizeof(out));
    memset(back, 7, sizeof(back));

    for (size_t i = 0; bad[i] != NULL; ++i) {
        FAILS(toxlink_key_from_hex(bad[i], back, ERR(Toxlink_Err_Key)), TOXLINK_ERR_KEY_BAD_HEX);
    }

    snprintf(wrong, sizeof(wrong), "%s0", hex);
    FAILS(toxlink_key_from_hex(wrong, back, ERR(Toxlink_Err_Key)), TOXLINK_ERR_KEY_BAD_HEX);

    for (int i = 0; i < 64; ++i) {
        strcpy(wrong, hex);
        wrong[i] = (char)(i % 2 == 0 ? 'G' : 0x80);
        FAILS(toxlink_key_from_hex(wrong, back, ERR(Toxlink_Err_Key)), TOXLINK_ERR_KEY_BAD_HEX);
        wrong[i] = '\0';
        FAILS(toxlink_key_from_hex(wrong, back, ERR(Toxlink_Err_Key)), TOXLINK_ERR_KEY_BAD_HEX);
    }

    CHECK(back[0] == 7 && back[31] == 7);
    toxlink_key_wipe(out);
    CHECK_BYTES(out, low_order, sizeof(out));
}

/* Options with this many bytes, on the heap so that a checker sees a read behind them. */
static void *options_of(size_t size, size_t told)
{
    Toxlink_Options *options = calloc(1, size);
    toxlink_options_init(options, size);
    memcpy(options, &told, sizeof(told));
    return options;
}

static void option_sizes(void)
{
    const size_t right = sizeof(Toxlink_Options);
    const size_t bad[] = {0, 1, 7, 8, right / 2, right - 8, 1 << 20, SIZE_MAX / 2, SIZE_MAX - 7, SIZE_MAX};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); ++i) {
        void *options = options_of(right, bad[i]);
        FAILS(toxlink_client_new(options, place, key, ERR(Toxlink_Err_New)), TOXLINK_ERR_NEW_OPTIONS);
        FAILS(toxlink_connections_new(options, ERR(Toxlink_Err_New)), TOXLINK_ERR_NEW_OPTIONS);
        free(options);
    }

    /* A longer struct is one of a later header. */
    for (size_t more = 0; more <= 64; more += 8) {
        Toxlink_Options *options = options_of(right + more, right + more);
        CHECK(options->size == right + more && options->log_level == TOXLINK_LOG_LEVEL_INFO);
        Toxlink_Connections *made;
        WORKS(made = toxlink_connections_new(options, ERR(Toxlink_Err_New)));
        toxlink_connections_kill(made);
        free(options);
    }

    /* A short one is written to as far as it goes. */
    for (size_t size = 0; size < right; ++size) {
        uint8_t *short_one = malloc(size + 1);
        short_one[size] = 77;
        toxlink_options_init((Toxlink_Options *)short_one, size);
        CHECK_EQ(short_one[size], 77);
        free(short_one);
    }
}

static void options(void)
{
    Toxlink_Options o;
    const uint32_t numbers[] = {5, 6, 1000, UINT32_MAX};

    for (size_t i = 0; i < 4; ++i) {
        toxlink_options_init(&o, sizeof(o));
        o.log_level = numbers[i];
        FAILS(toxlink_connections_new(&o, ERR(Toxlink_Err_New)), TOXLINK_ERR_NEW_LOG_LEVEL);
        toxlink_options_init(&o, sizeof(o));
        o.proxy_type = i == 0 ? 3 : numbers[i];
        o.proxy_address = place;
        FAILS(toxlink_client_new(&o, place, key, ERR(Toxlink_Err_New)), TOXLINK_ERR_NEW_PROXY_TYPE);
    }

    for (uint32_t type = TOXLINK_PROXY_TYPE_HTTP; type <= TOXLINK_PROXY_TYPE_SOCKS5; ++type) {
        toxlink_options_init(&o, sizeof(o));
        o.proxy_type = type;

        for (size_t i = 0; i < BAD_ADDRESSES; ++i) {
            o.proxy_address = bad_addresses[i];
            FAILS(toxlink_connections_new(&o, ERR(Toxlink_Err_New)), TOXLINK_ERR_NEW_PROXY_ADDRESS);
        }

        o.proxy_address = long_name(69000);
        FAILS(toxlink_connections_new(&o, ERR(Toxlink_Err_New)), TOXLINK_ERR_NEW_PROXY_ADDRESS);
    }

    /* Without a proxy nobody looks at the rest. */
    o.proxy_type = TOXLINK_PROXY_TYPE_NONE;
    o.proxy_user = "\xff";
    Toxlink_Connections *made;
    WORKS(made = toxlink_connections_new(&o, ERR(Toxlink_Err_New)));
    toxlink_connections_kill(made);
}

static void try_credentials(uint32_t type, const char *user, const char *password, bool good)
{
    Toxlink_Options o;
    toxlink_options_init(&o, sizeof(o));
    o.proxy_type = type;
    o.proxy_address = place;
    o.proxy_user = user;
    o.proxy_password = password;

    if (!good) {
        FAILS(toxlink_connections_new(&o, ERR(Toxlink_Err_New)), TOXLINK_ERR_NEW_PROXY_CREDENTIALS);
        return;
    }

    Toxlink_Connections *made;
    WORKS(made = toxlink_connections_new(&o, ERR(Toxlink_Err_New)));
    toxlink_connections_kill(made);
}

static void credentials(void)
{
    char longest[257];
    memset(longest, 'x', 256);
    longest[256] = '\0';

    for (uint32_t type = TOXLINK_PROXY_TYPE_HTTP; type <= TOXLINK_PROXY_TYPE_SOCKS5; ++type) {
        try_credentials(type, NULL, NULL, true);
        try_credentials(type, NULL, "password", false);
        try_credentials(type, NULL, "", false);
        try_credentials(type, "", "password", false);
        try_credentials(type, "user", NULL, true);
        try_credentials(type, "user", "", true);
        try_credentials(type, longest + 1, longest + 1, true);
        try_credentials(type, longest, "password", false);
        try_credentials(type, "user", longest, false);
        try_credentials(type, "us\xffr", "password", false);
        try_credentials(type, "user", "\xc3", false);
        try_credentials(type, "user", "p:w", true);
        try_credentials(type, "us:r", "password", type == TOXLINK_PROXY_TYPE_SOCKS5);
    }
}

static void addresses(void)
{
    Toxlink_Connections *c = toxlink_connections_new(NULL, NULL);
    const uint32_t peer = toxlink_connections_add_peer(c, key, NULL);

    for (size_t i = 0; i <= BAD_ADDRESSES; ++i) {
        const char *bad = i < BAD_ADDRESSES ? bad_addresses[i] : long_name(69000);
        const int code = TOXLINK_ERR_RELAY_BAD_ADDRESS;
        FAILS(toxlink_client_new(NULL, bad, key, ERR(Toxlink_Err_New)), TOXLINK_ERR_NEW_BAD_ADDRESS);
        FAILS(toxlink_connections_add_relay(c, bad, key, ERR(Toxlink_Err_Relay)), code);
        FAILS(toxlink_connections_add_relay_for(c, peer, bad, key, ERR(Toxlink_Err_Relay)), code);
    }

    FAILS(toxlink_client_new(NULL, long_name(256), key, ERR(Toxlink_Err_New)), TOXLINK_ERR_NEW_BAD_ADDRESS);
    FAILS(toxlink_client_new(NULL, place, low_order, ERR(Toxlink_Err_New)), TOXLINK_ERR_NEW_BAD_KEY);
    FAILS(toxlink_connections_add_relay(c, place, low_order, ERR(Toxlink_Err_Relay)), TOXLINK_ERR_RELAY_BAD_KEY);
    FAILS(toxlink_connections_add_relay_for(c, peer, place, low_order, ERR(Toxlink_Err_Relay)), TOXLINK_ERR_RELAY_BAD_KEY);
    CHECK_EQ(toxlink_connections_relays(c, NULL, 0), 0);
    toxlink_connections_kill(c);
}

static void relay_options(void)
{
    const size_t right = sizeof(Toxlink_Relay_Options);
    const size_t bad[] = {0, 1, 8, right - 8, 1 << 20, SIZE_MAX};
    const char *const wrong[] = {"", "x", "127.0.0.1", "localhost:0", "127.0.0.1:65536", "[::1]", "\xff", "127.0.0.1:0 "};
    Toxlink_Relay *made;
    Toxlink_Relay_Options o;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); ++i) {
        toxlink_relay_options_init(&o, right);
        o.size = bad[i];
        FAILS(toxlink_relay_new(&o, ERR(Toxlink_Err_New)), TOXLINK_ERR_NEW_OPTIONS);
    }

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); ++i) {
        toxlink_relay_options_init(&o, right);
        o.addresses = &wrong[i];
        o.address_count = 1;
        FAILS(toxlink_relay_new(&o, ERR(Toxlink_Err_New)), TOXLINK_ERR_NEW_BAD_ADDRESS);
    }

    toxlink_relay_options_init(&o, right);
    o.log_level = 5;
    FAILS(toxlink_relay_new(&o, ERR(Toxlink_Err_New)), TOXLINK_ERR_NEW_LOG_LEVEL);
    /* The struct of a later header. */
    Toxlink_Relay_Options *later = calloc(1, right + 32);
    toxlink_relay_options_init(later, right + 32);
    WORKS(made = toxlink_relay_new(later, ERR(Toxlink_Err_New)));
    free(later);
    /* An address that is in use, and one that is not ours. */
    char text[64];
    const char *taken = text, *foreign = "192.0.2.1:0";
    toxlink_relay_address(made, 0, text, sizeof(text));
    toxlink_relay_options_init(&o, right);
    o.addresses = &taken;
    o.address_count = 1;
    FAILS(toxlink_relay_new(&o, ERR(Toxlink_Err_New)), TOXLINK_ERR_NEW_SYSTEM);
    o.addresses = &foreign;
    FAILS(toxlink_relay_new(&o, ERR(Toxlink_Err_New)), TOXLINK_ERR_NEW_SYSTEM);

    /* Indices and sizes of texts and structs. */
    const size_t length = strlen(text);
    CHECK_EQ(toxlink_relay_port(made, 1), 0);
    CHECK_EQ(toxlink_relay_port(made, SIZE_MAX), 0);
    CHECK_EQ(toxlink_relay_address(made, SIZE_MAX, text, 1), 0);

    for (size_t size = 0; size < sizeof(text); ++size) {
        memset(text, 'x', sizeof(text));
        CHECK_EQ(toxlink_relay_address(made, 0, text, size), length);
        CHECK_EQ(text[size], 'x');
        CHECK(size == 0 || strlen(text) == (size > length ? length : size - 1));
    }

    uint8_t figures[sizeof(Toxlink_Relay_Figures) + 32];

    for (size_t size = 0; size < sizeof(figures); ++size) {
        memset(figures, 0xee, sizeof(figures));
        CHECK(toxlink_relay_figures(made, (Toxlink_Relay_Figures *)figures, size));
        CHECK_EQ(figures[size], 0xee);
        CHECK(size == 0 || figures[size - 1] == 0);
    }

    toxlink_relay_kill(made);
}

static const Test tests[] = {
    {"keys", keys, T_FAST, 20},
    {"option_sizes", option_sizes, T_FAST, 20},
    {"options", options, T_FAST, 20},
    {"credentials", credentials, T_FAST, 20},
    {"addresses", addresses, T_FAST, 20},
    {"relay_options", relay_options, T_FAST, 20},
};

int main(int argc, char **argv)
{
    return run_tests("misuse_values", tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
