/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The end of a connection seen by the socket, and sockets that fail or lie. */
#include "diff.h"

#include <errno.h>
#include <string.h>

static void unconfirmed(void)
{
    const Setup setup = setup_direct();
    open_client(&setup);
    step();
    expect("status", status(), 5);
}

static void gone(int original)
{
    step();
    expect_new("status at once", status(), original, 7);
    clock_add(40);
    step();
    clock_add(10);
    step();
    expect("status in the end", status(), 7);
}

static void end_unconfirmed(void)
{
    unconfirmed();
    far_close();
    gone(5);
}

static void reset_unconfirmed(void)
{
    unconfirmed();
    far_reset();
    gone(5);
}

static void end_inside_handshake(void)
{
    uint8_t answer[96];
    unconfirmed();
    relay_answer_bytes(answer);
    far_write(answer, 95);
    step();
    far_close();
    gone(5);
}

static void end_after_handshake(void)
{
    unconfirmed();
    relay_answer();
    far_close();
    step();
    t_line("first step: status %d", status());
    step();
    expect_new("status", status(), 6, 7);
}

static void end_confirmed(void)
{
    confirmed();
    far_close();
    gone(6);
}

static void reset_confirmed(void)
{
    confirmed();
    far_reset();
    gone(6);
}

static void end_inside_frame(void)
{
    uint8_t frame[64];
    const uint8_t plain[20] = {9};
    confirmed();
    const size_t n = relay_seal(frame, plain, sizeof(plain));
    far_write(frame, n - 1);
    step();
    expect("status", status(), 6);
    far_close();
    gone(6);
}

/* The relay hangs up while our handshake has not left: CONNECTING lasts until its limit. */
static void end_connecting(void)
{
    const Setup setup = setup_direct();
    open_client(&setup);
    net_faults.send_room = 0;
    step();
    far_close();
    step();
    expect("status", status(), 4);
    clock_add(9);
    step();
    expect("status", status(), 4);
    clock_add(1);
    step();
    expect("status", status(), 7);
}

/* A hard error on sending. The original takes it for a full socket. */
static void send_error(void)
{
    confirmed();
    make_online(4, 9);
    net_faults.send_errno = ECONNRESET;
    t_line("send_data -> %d", send_data(world.log, world.con, 4, payload(1), 10));
    step();
    expect_new("status", status(), 6, 7);
    clock_add(40);
    step();
    clock_add(10);
    step();
    expect("status in the end", status(), 7);
}

static void receive_error(int error, int original, int ours)
{
    world_again();
    confirmed();
    t_line("error %d", error);
    net_faults.recv_errno = error;
    net_faults.recvbuf_says = 0;
    step();
    expect_new("status", status(), original, ours);
}

static void receive_errors(void)
{
    receive_error(EAGAIN, 6, 6);
    receive_error(EWOULDBLOCK, 6, 6);
    receive_error(EINTR, 6, 6);
    receive_error(ECONNRESET, 6, 7);
    receive_error(ETIMEDOUT, 6, 7);
    receive_error(EPIPE, 6, 7);
}

/* The null and recording systems of the upstream fuzz tests: nothing is readable, and every
 * receive fails for lack of memory. Whether that ends the connection is free; it must not crash. */
static void null_system(void)
{
    confirmed();
    net_faults.recv_errno = ENOMEM;
    net_faults.recvbuf_says = 0;
    steps(3);
    clock_add(30);
    step();
    clock_add(10);
    step();
    expect("status", status(), 7);
}

/* The count of readable bytes is too high: the receives after it fail. */
static void lying_count(void)
{
    confirmed();
    net_faults.recvbuf_says = 65535;
    steps(3);
    t_line("status %d", status());
    net_faults.recvbuf_says = -1;
    relay_data(9, 10, 1);
    steps(2);
    expect("onion callbacks", world.calls[CB_ONION], 1);
    expect("status", status(), 6);
}

/* A receive fails once although the bytes are there: nothing is lost, the next step goes on. */
static void failed_receive(void)
{
    confirmed();
    relay_data(9, 10, 1);
    relay_data(11, 10, 2);
    net_faults.recv_errno_for = 1;
    steps(3);
    expect("onion callbacks", world.calls[CB_ONION], 1);
    expect("forwarding callbacks", world.calls[CB_FORWARD], 1);
    expect("status", status(), 6);
}

/* A receive gives fewer bytes than were announced: the original loses its place in the stream. */
static void short_receive(void)
{
    confirmed();
    relay_data(9, 10, 1);
    relay_data(11, 10, 2);
    net_faults.recv_short = 1;
    QUIETLY(steps(3));
    expect_new("onion callbacks", world.calls[CB_ONION], 0, 1);
    expect_new("forwarding callbacks", world.calls[CB_FORWARD], 0, 1);
    expect_new("status", status(), 7, 6);
}

static void short_receive_handshake(void)
{
    unconfirmed();
    relay_answer();
    net_faults.recv_short = 50;
    QUIETLY(steps(2));
    expect_new("status", status(), 5, 6);
}

static void failed_receive_handshake(void)
{
    unconfirmed();
    relay_answer();
    net_faults.recv_errno_for = 1;
    steps(2);
    expect("status", status(), 6);
}

/* Every send takes one byte. */
static void one_byte_sends(void)
{
    confirmed();
    make_online(4, 9);
    net_faults.send_max = 1;
    expect("send_data", do_send_data(4, 3, 1), 1);
    t_line("send_data again -> %d", do_send_data(4, 3, 1));
    expect("send_routing_request", do_routing_request(peer_key(20)), 1);

    for (int i = 0; i < 200; ++i) {
        do_TCP_connection(world.log, world.mono, world.con, (void *)(uintptr_t)77);
    }

    relay.silent = true;
    relay_read();
    expect("stream broken", relay.broken, 0);
    expect("last frame", relay.last[0], 0);
}

/* Full, then free, in every step: nothing is lost or doubled. */
static void stop_and_go(void)
{
    confirmed();
    make_online(4, 9);
    relay.silent = true;
    unsigned long accepted = 0;
    const unsigned long before = relay.frames;

    for (unsigned i = 0; i < 300; ++i) {
        net_faults.send_room = i % 3 == 0 ? 0 : (long)(i % 50);
        accepted += send_data(world.log, world.con, 4, payload((uint8_t)i), (uint16_t)(1 + i % 40)) == 1;
        accepted += send_routing_request(world.log, world.con, peer_key((uint8_t)i)) == 1;
        step();
    }

    net_faults.send_room = -1;
    step();
    t_line("accepted %lu", accepted);
    expect("frames", (long)(relay.frames - before), (long)accepted);
    expect("stream broken", relay.broken, 0);
}

const Scenario fault_scenarios[] = {
    {"end-unconfirmed", BOTH, end_unconfirmed, 0},
    {"reset-unconfirmed", BOTH, reset_unconfirmed, 0},
    {"end-inside-handshake", BOTH, end_inside_handshake, 0},
    {"end-after-handshake", BOTH, end_after_handshake, 0},
    {"end-confirmed", BOTH, end_confirmed, 0},
    {"reset-confirmed", BOTH, reset_confirmed, 0},
    {"end-inside-frame", BOTH, end_inside_frame, 0},
    {"end-connecting", SIM, end_connecting, 0},
    {"fault-send-error", SIM, send_error, 0},
    {"fault-receive-errors", SIM, receive_errors, 0},
    {"fault-null-system", SIM, null_system, 0},
    {"fault-lying-count", SIM, lying_count, 0},
    {"fault-failed-receive", SIM, failed_receive, 0},
    {"fault-short-receive", SIM, short_receive, 0},
    {"fault-short-receive-handshake", SIM, short_receive_handshake, 0},
    {"fault-failed-receive-handshake", SIM, failed_receive_handshake, 0},
    {"fault-one-byte-sends", SIM, one_byte_sends, 0},
    {"fault-stop-and-go", SIM, stop_and_go, 0},
    {NULL, 0, NULL, 0},
};
