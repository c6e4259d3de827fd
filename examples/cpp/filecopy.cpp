// SPDX-License-Identifier: GPL-3.0-or-later
//
// Copies a file from one peer to another, over three relays of which one is killed on the way.
//
//   c++ -std=c++17 filecopy.cpp $(pkg-config --cflags --libs toxlink) -pthread -o filecopy
//   ./filecopy FROM TO
//
// Packets may get lost, come twice or out of order when a relay fails, so the receiver confirms what it has, and
// the sender goes back to that when nothing is confirmed for a while ("go back N"). Two things keep it from sending
// too fast. When the way to the relay is full, it stops until the library says that there is room again. And a relay
// drops what a slow receiver leaves waiting there, so only a window of bytes is under way; it grows with what is
// confirmed and shrinks when something got lost, as TCP does it.
#include "toxlink.hpp"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <thread>
#include <vector>

namespace {

// Packets are a letter and a number of 8 bytes, and what belongs to it.
//   'D' offset, data      'E' length of the file, checksum: there is no more
//   'C' offset: confirms what comes before it      'F' length: confirms all
constexpr std::size_t HEAD = 9, CHUNK = 2000;
constexpr std::uint64_t WINDOW_MIN = 16 * CHUNK, WINDOW_MAX = 512 * CHUNK, CONFIRM_EACH = 16 * CHUNK;
constexpr auto PATIENCE = std::chrono::milliseconds(300);
constexpr auto LIMIT = std::chrono::seconds(120);

using Bytes = std::vector<std::uint8_t>;
using Clock = std::chrono::steady_clock;

Bytes packet(char kind, std::uint64_t number)
{
    Bytes bytes{static_cast<std::uint8_t>(kind)};
    for (int shift = 56; shift >= 0; shift -= 8) bytes.push_back(static_cast<std::uint8_t>(number >> shift));
    return bytes;
}

std::uint64_t number_at(const std::uint8_t *bytes)
{
    std::uint64_t number = 0;
    for (int i = 0; i < 8; i++) number = number << 8 | bytes[i];
    return number;
}

// FNV-1a: it finds accidents, not somebody who means to deceive.
class Checksum {
public:
    void add(const std::uint8_t *data, std::size_t length)
    {
        for (std::size_t i = 0; i < length; i++) sum_ = (sum_ ^ data[i]) * 0x100000001b3u;
    }
    std::uint64_t sum() const { return sum_; }

private:
    std::uint64_t sum_ = 0xcbf29ce484222325u;
};

class Sender {
public:
    Sender(const std::string &name, toxlink::Connections &connections, toxlink::Connections::Peer peer)
        : file_(name, std::ios::binary), connections_(connections), peer_(peer)
    {
        if (!file_) throw std::runtime_error("cannot read " + name);
        for (Bytes buffer(1 << 16); file_;) {
            file_.read(reinterpret_cast<char *>(buffer.data()), static_cast<std::streamsize>(buffer.size()));
            checksum_.add(buffer.data(), static_cast<std::size_t>(file_.gcount()));
            size_ += static_cast<std::uint64_t>(file_.gcount());
        }
        connections_.on_data = [this](auto, const std::uint8_t *data, std::size_t length) { on_data(data, length); };
        connections_.on_peer_status = [this](auto, std::uint32_t relays) { is_full_ = relays == 0; };
        connections_.on_writable = [this](auto) { is_full_ = false; };
    }

    // Sends as much as fits.
    void fill()
    {
        if (Clock::now() - heard_at_ > PATIENCE) {
            repeated_ += next_ - confirmed_;
            next_ = confirmed_;
            heard_at_ = Clock::now();
            has_ended_ = false;
            window_ = std::max(window_ / 2, WINDOW_MIN);
        }
        while (!is_full_ && next_ < size_ && next_ < confirmed_ + window_) {
            Bytes bytes = packet('D', next_);
            bytes.resize(HEAD + static_cast<std::size_t>(std::min<std::uint64_t>(CHUNK, size_ - next_)));
            file_.clear();
            file_.seekg(static_cast<std::streamoff>(next_));
            file_.read(reinterpret_cast<char *>(&bytes[HEAD]), static_cast<std::streamsize>(bytes.size() - HEAD));
            if (!file_) throw std::runtime_error("the file has become shorter");
            if (send(bytes)) next_ += bytes.size() - HEAD;
        }
        if (!is_full_ && next_ == size_ && !has_ended_) {
            Bytes bytes = packet('E', size_), sum = packet('S', checksum_.sum());
            bytes.insert(bytes.end(), sum.begin() + 1, sum.end());
            has_ended_ = send(bytes);
        }
    }

    bool is_done() const { return is_done_; }
    std::uint64_t size() const { return size_; }
    std::uint64_t confirmed() const { return confirmed_; }
    std::uint64_t repeated() const { return repeated_; }
    std::uint64_t times_full() const { return times_full_; }

private:
    bool send(const Bytes &bytes)
    {
        const Toxlink_Err_Send error = connections_.send(peer_, bytes.data(), bytes.size());
        if (error == TOXLINK_ERR_SEND_OK) return true;
        // The writable callback, or for a peer that is away the status callback, tells when to go on.
        is_full_ = true;
        times_full_ += error == TOXLINK_ERR_SEND_BUSY;
        if (error != TOXLINK_ERR_SEND_BUSY && error != TOXLINK_ERR_SEND_NOT_ONLINE && error != TOXLINK_ERR_SEND_LENGTH)
            throw toxlink::Error("sending", error, toxlink_err_send_to_string(error));
        return false;
    }

    void on_data(const std::uint8_t *data, std::size_t length)
    {
        if (length < HEAD || (data[0] != 'C' && data[0] != 'F')) return;
        is_done_ = data[0] == 'F';
        const std::uint64_t offset = number_at(data + 1);
        if (offset <= confirmed_ && !is_done_) return;
        confirmed_ = std::max(confirmed_, offset);
        next_ = std::max(next_, confirmed_);
        heard_at_ = Clock::now();
        window_ = std::min(window_ + CHUNK, WINDOW_MAX);
    }

    std::ifstream file_;
    toxlink::Connections &connections_;
    toxlink::Connections::Peer peer_;
    Checksum checksum_;
    Clock::time_point heard_at_ = Clock::now();
    std::uint64_t size_ = 0, next_ = 0, confirmed_ = 0, repeated_ = 0, times_full_ = 0, window_ = WINDOW_MIN * 2;
    bool is_full_ = true, has_ended_ = false, is_done_ = false;
};

// Turns on a thread of its own.
class Receiver {
public:
    Receiver(const std::string &name, toxlink::Connections &connections)
        : file_(name, std::ios::binary), connections_(connections)
    {
        if (!file_) throw std::runtime_error("cannot write " + name);
        connections_.on_data = [this](auto peer, const std::uint8_t *data, std::size_t length) {
            on_data(peer, data, length);
        };
    }

    // Returns whether the whole file has come, unharmed. `stops` is looked at after each turn.
    bool run(const std::atomic<bool> &stops)
    {
        while (!stops) connections_.turn(100);
        return is_whole_;
    }

private:
    void on_data(toxlink::Connections::Peer peer, const std::uint8_t *data, std::size_t length)
    {
        if (length < HEAD) return;
        const std::uint64_t number = number_at(data + 1);
        if (data[0] == 'D' && number == received_) {
            file_.write(reinterpret_cast<const char *>(data + HEAD), static_cast<std::streamsize>(length - HEAD));
            checksum_.add(data + HEAD, length - HEAD);
            received_ += length - HEAD;
            if (received_ < confirmed_ + CONFIRM_EACH) return;
            confirmed_ = received_;
            answer(peer, 'C');
        } else if (data[0] == 'D' && number < received_) {
            // The sender has gone back too far: it has not heard of all.
            if (number / CHUNK % 16 == 0) answer(peer, 'C');
        } else if (data[0] == 'E' && length == HEAD + 8) {
            if (number != received_) return answer(peer, 'C');
            is_whole_ = file_.flush() && number_at(data + HEAD) == checksum_.sum();
            answer(peer, 'F');
        }
    }

    // If it gets lost, or there is no room for it, the sender repeats something.
    void answer(toxlink::Connections::Peer peer, char kind)
    {
        const Bytes bytes = packet(kind, received_);
        connections_.send(peer, bytes.data(), bytes.size());
    }

    std::ofstream file_;
    toxlink::Connections &connections_;
    Checksum checksum_;
    std::uint64_t received_ = 0, confirmed_ = 0;
    bool is_whole_ = false;
};

void show_progress(std::uint64_t done, std::uint64_t size)
{
    constexpr std::size_t WIDTH = 40;
    static std::size_t shown = WIDTH + 1;
    const std::size_t filled = size == 0 ? WIDTH : static_cast<std::size_t>(done * WIDTH / size);
    if (filled == shown) return;
    shown = filled;
    std::cout << "\r[" << std::string(filled, '#') << std::string(WIDTH - filled, '.') << "] " << done / 1024
              << " KiB" << std::flush;
}

bool copy(const std::string &from, const std::string &to)
{
    std::vector<toxlink::Relay> relays(3);
    toxlink::Connections here, there;
    const auto peer = here.add_peer(there.public_key());
    const auto sender_there = there.add_peer(here.public_key());
    for (const auto &relay : relays) {
        here.add_relay_for(peer, relay.address(), relay.public_key());
        there.add_relay_for(sender_there, relay.address(), relay.public_key());
    }
    Receiver receiver(to, there);
    Sender sender(from, here, peer);

    std::atomic<bool> stops = false;
    bool is_whole = false;
    std::exception_ptr failure;
    std::thread thread([&] {
        try {
            is_whole = receiver.run(stops);
        } catch (...) {
            failure = std::current_exception();
        }
    });
    // Whatever happens here, the thread is ended before the objects that it uses.
    struct Join {
        std::atomic<bool> &stops;
        std::thread &thread;
        void now()
        {
            stops = true;
            if (thread.joinable()) thread.join();
        }
        ~Join() { now(); }
    } join{stops, thread};

    const auto began = Clock::now();
    while (!sender.is_done()) {
        sender.fill();
        here.turn(100);
        show_progress(sender.confirmed(), sender.size());
        if (relays.size() == 3 && sender.confirmed() > sender.size() / 2) {
            Toxlink_Peer_Info info;
            toxlink_connections_peer_info(here.get(), peer, &info, sizeof info);
            for (auto relay = relays.begin(); relay != relays.end(); ++relay) {
                const toxlink::Key key = relay->public_key();
                if (!std::equal(key.begin(), key.end(), info.carrier)) continue;
                relays.erase(relay);
                std::cout << "\nthe relay that carries the file is killed\n";
                break;
            }
        }
        if (Clock::now() - began > LIMIT) throw std::runtime_error("it takes too long");
    }
    show_progress(sender.size(), sender.size());
    join.now();
    if (failure) std::rethrow_exception(failure);
    std::cout << "\n" << sender.size() << " bytes; " << sender.repeated() << " sent again; " << sender.times_full()
              << " times full; the checksums " << (is_whole ? "are the same" : "differ") << "\n";
    return is_whole;
}

}  // namespace

int main(int argc, char **argv)
{
    if (argc != 3) {
        std::cerr << "usage: filecopy FROM TO\n";
        return 2;
    }
    try {
        return copy(argv[1], argv[2]) ? 0 : 1;
    } catch (const std::exception &error) {
        std::cerr << "filecopy: " << error.what() << "\n";
        return 1;
    }
}
