// SPDX-License-Identifier: GPL-3.0-or-later
//
// What examples/cpp/toxlink.hpp promises, beyond what filecopy shows: exceptions for errors, and exceptions of
// handlers that come out of turn().
#include "toxlink.hpp"

#include <iostream>
#include <type_traits>

static int passed = 0, failed = 0;

static void check(const char *title, bool holds)
{
    (holds ? passed : failed)++;
    std::cout << (holds ? "ok      " : "FAILED  ") << title << "\n";
}

// Whether `function` throws an Error with this code.
template <class Code, class Function>
static bool throws(Code code, Function function)
{
    try {
        function();
    } catch (const toxlink::Error<Code> &error) {
        return error.code() == code && std::string(error.what()).find(": ") != std::string::npos;
    }
    return false;
}

int main()
{
    using toxlink::Connections;
    static_assert(std::is_nothrow_move_constructible_v<toxlink::Relay> && !std::is_copy_constructible_v<toxlink::Relay>);
    static_assert(!std::is_copy_constructible_v<Connections>);

    toxlink::Relay relay;
    Connections one, other;
    check("a key survives the way to hex and back", toxlink::key_from_hex(toxlink::to_hex(one.public_key())) == one.public_key());
    check("a text that is no key", throws(TOXLINK_ERR_KEY_BAD_HEX, [] { toxlink::key_from_hex("no key"); }));
    check("a peer with our own key", throws(TOXLINK_ERR_PEER_OWN_KEY, [&] { one.add_peer(one.public_key()); }));
    const auto peer = one.add_peer(other.public_key());
    const auto back = other.add_peer(one.public_key());
    check("an address that is none", throws(TOXLINK_ERR_RELAY_BAD_ADDRESS, [&] { one.add_relay_for(peer, "here", relay.public_key()); }));
    check("an address has no NUL in it", relay.address().find('\0') == std::string::npos && relay.address().find(':') != std::string::npos);
    Toxlink_Options options = toxlink::default_options();
    options.proxy_type = 99;
    check("a proxy of no type", throws(TOXLINK_ERR_NEW_PROXY_TYPE, [&] { Connections refused(&options); }));

    one.add_relay_for(peer, relay.address(), relay.public_key());
    other.add_relay_for(back, relay.address(), relay.public_key());
    int calls = 0;
    other.on_data = [&](auto, const std::uint8_t *, std::size_t) {
        calls++;
        throw std::string("thrown by a handler");
    };
    // A second turn from inside the first is no exception.
    bool is_busy = false;
    one.on_peer_status = [&](auto, std::uint32_t) { is_busy = !one.turn(0); };
    for (int i = 0; i < 1000 && (one.online_relays(peer) == 0 || other.online_relays(back) == 0); i++) {
        one.turn(10);
        other.turn(10);
    }
    check("the peers see each other", one.online_relays(peer) == 1);
    check("a turn inside a turn says so", is_busy);
    const std::uint8_t byte = 1;
    std::string thrown;
    one.send(peer, &byte, 1);
    for (int i = 0; i < 1000 && thrown.empty(); i++) {
        try {
            other.turn(10);
        } catch (const std::string &text) {
            thrown = text;
        }
    }
    check("what a handler throws comes out of turn()", thrown == "thrown by a handler" && calls == 1);
    other.on_data = nullptr;
    check("the object works on", one.send(peer, &byte, 1) == TOXLINK_ERR_SEND_OK && other.turn(100));
    std::cout << passed << " passed, " << failed << " failed\n";
    return failed == 0 ? 0 : 1;
}
