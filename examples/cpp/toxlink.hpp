// SPDX-License-Identifier: GPL-3.0-or-later
//
// A small C++17 wrapper of toxlink.h, to copy and to extend: objects free themselves, errors are exceptions,
// callbacks are std::function.
//
// - An exception that a callback throws does not pass through the C library: the turn goes on, without further
//   callbacks, and then throws it.
// - The handlers of an object are set before its first turn, and stay. They may call everything else.
// - The C functions take object.get(), for what has no method here.
#pragma once

#include <toxlink.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

namespace toxlink {

using Key = std::array<std::uint8_t, TOXLINK_KEY_SIZE>;

/// What a function failed with. `code()` is a value of the Toxlink_Err_... enum of that function.
template <class Code>
class Error : public std::runtime_error {
public:
    Error(const std::string &doing, Code code, const char *name)
        : std::runtime_error(doing + ": " + name), code_(code)
    {
    }
    Code code() const noexcept { return code_; }

private:
    Code code_;
};

inline std::string to_hex(const Key &key)
{
    char text[TOXLINK_KEY_HEX_SIZE];
    toxlink_key_to_hex(key.data(), text, nullptr);
    return text;
}

inline Key key_from_hex(const std::string &text)
{
    Key key;
    Toxlink_Err_Key error;
    if (!toxlink_key_from_hex(text.c_str(), key.data(), &error))
        throw Error("reading a key", error, toxlink_err_key_to_string(error));
    return key;
}

/// The options of an object, with the size and the defaults filled in.
inline Toxlink_Options default_options()
{
    Toxlink_Options options;
    toxlink_options_init(&options, sizeof options);
    return options;
}

/// A relay on a free port of this machine that serves on a thread of its own.
class Relay {
public:
    explicit Relay(const Toxlink_Relay_Options *options = nullptr)
    {
        Toxlink_Err_New error;
        relay_.reset(toxlink_relay_new(options, &error));
        if (!relay_) throw Error("making a relay", error, toxlink_err_new_to_string(error));
        Toxlink_Err_Iterate refusal;
        if (!toxlink_relay_start(get(), &refusal))
            throw Error("starting a relay", refusal, toxlink_err_iterate_to_string(refusal));
    }

    Key public_key() const
    {
        Key key;
        toxlink_relay_public_key(get(), key.data());
        return key;
    }

    std::string address() const
    {
        std::string text(toxlink_relay_address(get(), 0, nullptr, 0), '\0');
        // A string has room for the NUL behind its characters.
        toxlink_relay_address(get(), 0, text.data(), text.size() + 1);
        return text;
    }

    Toxlink_Relay *get() const noexcept { return relay_.get(); }

private:
    struct Kill {
        void operator()(Toxlink_Relay *relay) const noexcept { toxlink_relay_kill(relay); }
    };
    std::unique_ptr<Toxlink_Relay, Kill> relay_;
};

/// Peers, each reached over several relays at once.
class Connections {
public:
    using Peer = std::uint32_t;

    std::function<void(Peer, const std::uint8_t *data, std::size_t length)> on_data;
    std::function<void(const Key &sender, const Key &relay, const std::uint8_t *data, std::size_t length)> on_oob;
    std::function<void(Peer, std::uint32_t online_relays)> on_peer_status;
    std::function<void(const Key &relay, bool connected, const std::string &reason)> on_relay_status;
    std::function<void(Peer)> on_writable;

    explicit Connections(const Toxlink_Options *options = nullptr)
    {
        Toxlink_Err_New error;
        connections_.reset(toxlink_connections_new(options, &error));
        if (!connections_) throw Error("making connections", error, toxlink_err_new_to_string(error));
        toxlink_connections_callback_data(
            get(), [](auto *, Peer peer, const std::uint8_t *data, std::size_t length, void *turn) {
                Turn::call(turn, &Connections::on_data, peer, data, length);
            });
        toxlink_connections_callback_oob(
            get(), [](auto *, const std::uint8_t *sender, const std::uint8_t *relay, const std::uint8_t *data,
                      std::size_t length, void *turn) {
                Turn::call(turn, &Connections::on_oob, key_at(sender), key_at(relay), data, length);
            });
        toxlink_connections_callback_peer_status(
            get(), [](auto *, Peer peer, std::uint32_t online_relays, void *turn) {
                Turn::call(turn, &Connections::on_peer_status, peer, online_relays);
            });
        toxlink_connections_callback_relay_status(
            get(), [](auto *, const std::uint8_t *relay, bool connected, const char *reason, void *turn) {
                Turn::call(turn, &Connections::on_relay_status, key_at(relay), connected, reason);
            });
        toxlink_connections_callback_writable(
            get(), [](auto *, Peer peer, void *turn) { Turn::call(turn, &Connections::on_writable, peer); });
    }

    Key public_key() const
    {
        Key key;
        toxlink_connections_public_key(get(), key.data());
        return key;
    }

    Peer add_peer(const Key &key)
    {
        Toxlink_Err_Peer error;
        const Peer peer = toxlink_connections_add_peer(get(), key.data(), &error);
        if (peer == TOXLINK_NO_PEER) throw Error("adding a peer", error, toxlink_err_peer_to_string(error));
        return peer;
    }

    void add_relay_for(Peer peer, const std::string &address, const Key &key)
    {
        Toxlink_Err_Relay error;
        if (!toxlink_connections_add_relay_for(get(), peer, address.c_str(), key.data(), &error))
            throw Error("adding the relay " + address, error, toxlink_err_relay_to_string(error));
    }

    std::uint32_t online_relays(Peer peer) const noexcept { return toxlink_connections_online_relays(get(), peer); }

    /// Sends a packet, and tells what came of it: that everything is full is no exception.
    Toxlink_Err_Send send(Peer peer, const std::uint8_t *data, std::size_t length) noexcept
    {
        Toxlink_Err_Send error;
        toxlink_connections_send(get(), peer, data, length, &error);
        return error;
    }

    /// For event loops: what to watch, for how long (-1: for ever), and what to call then.
    int descriptor() const noexcept { return toxlink_connections_descriptor(get()); }
    int wait() const noexcept { return toxlink_connections_wait(get()); }
    void iterate() { turn(0); }

    /// Waits for `timeout` milliseconds at most (-1: as long as it takes), and calls the handlers. False if another
    /// turn of the object is under way.
    bool turn(int timeout)
    {
        Turn turn{*this, nullptr};
        Toxlink_Err_Iterate error;
        const bool done = toxlink_connections_turn(get(), timeout, &turn, &error);
        if (turn.thrown) std::rethrow_exception(turn.thrown);
        if (!done && error != TOXLINK_ERR_ITERATE_BUSY)
            throw Error("turning connections", error, toxlink_err_iterate_to_string(error));
        return done;
    }

    Toxlink_Connections *get() const noexcept { return connections_.get(); }

private:
    /// What the callbacks are given as their user data: it lives as long as the turn.
    struct Turn {
        Connections &owner;
        std::exception_ptr thrown;

        template <class Member, class... Arguments>
        static void call(void *user_data, Member member, Arguments &&...arguments) noexcept
        {
            auto &turn = *static_cast<Turn *>(user_data);
            const auto &handler = turn.owner.*member;
            if (!handler || turn.thrown) return;
            try {
                handler(std::forward<Arguments>(arguments)...);
            } catch (...) {
                turn.thrown = std::current_exception();
            }
        }
    };

    struct Kill {
        void operator()(Toxlink_Connections *connections) const noexcept { toxlink_connections_kill(connections); }
    };

    static Key key_at(const std::uint8_t *bytes)
    {
        Key key;
        std::copy_n(bytes, key.size(), key.begin());
        return key;
    }

    std::unique_ptr<Toxlink_Connections, Kill> connections_;
};

}  // namespace toxlink
