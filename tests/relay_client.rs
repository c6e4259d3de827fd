// SPDX-License-Identifier: GPL-3.0-or-later
//! Two ends of a relay connection, in the order of its life. Virtual time, no sockets.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use proptest::prelude::*;
use support::{Line, Relay, START, Seen, World, confirmed, online, response, unanswered};
use toxlink::crypto::rust::public_key;
use toxlink::crypto::{PublicKey, SecretKey};
use toxlink::proto::relay::ledger::{Direction, Record};
use toxlink::proto::relay::note::Note;
use toxlink::proto::relay::proxy::{Proxy, ProxyKind};
use toxlink::proto::relay::send_queue::MAX_QUEUED_PONGS;
use toxlink::proto::relay::state::{Reason, SendError, Status};
use toxlink::proto::time::Timestamp;
use toxlink::shell::drive::{MAX_BYTES_PER_STEP, MAX_PACKETS_PER_STEP};
use toxlink::wire::WireError;
use toxlink::wire::address::Target;
use toxlink::wire::connection_id::ConnectionId;
use toxlink::wire::proxy::{Credentials, CredentialsError, Refusal};
use toxlink::wire::relay_packet::ToRelay;

const ECONNREFUSED: i32 = 111;
const EPIPE: i32 = 32;
const ECONNRESET: i32 = 104;

fn id(index: u8) -> ConnectionId {
    ConnectionId::from_index(index).unwrap()
}

// ---------------------------------------------------------------------------------- connecting

#[test]
fn the_handshake_leaves_in_the_first_step_and_waits_for_its_answer() {
    let world = World::new(None);
    assert_eq!(world.status(), Status::Connecting);
    world.step();
    let written = world.written();
    assert_eq!(written.len(), 128);
    assert_eq!(written[..32], public_key(&SecretKey(support::CLIENT)).0);
    assert_eq!(world.status(), Status::Unconfirmed);
    world.step_at(9);
    assert_eq!(world.status(), Status::Unconfirmed);
    world.step_at(10);
    assert_eq!(world.status(), Status::Disconnected);
    assert_eq!(world.machine.borrow().failure(), Some(Reason::ConnectTimeout));
}

#[test]
fn the_handshake_may_take_many_writes() {
    let world = World::new(None);
    let mut written = Vec::new();
    for _ in 0..127 {
        world.room.set(1);
        world.step();
        written.extend(world.written());
        assert_eq!(world.status(), Status::Connecting);
    }
    world.room.set(1);
    world.step();
    assert_eq!(world.status(), Status::Unconfirmed);
    written.extend(world.written());
    Relay::accept(&written);
}

#[test]
fn the_relays_answer_may_come_byte_by_byte() {
    let world = World::new(None);
    world.step();
    let (mut relay, answer) = Relay::accept(&world.written());
    for (position, byte) in answer.iter().enumerate() {
        assert_eq!(world.status(), Status::Unconfirmed, "byte {position}");
        world.deliver(&[*byte]);
        world.step();
    }
    assert_eq!(world.status(), Status::Confirmed);
    assert_eq!(relay.open(&world.written()), [[4, 1, 1, 1, 1, 1, 1, 1, 1]]);
    assert_eq!(*world.notes.borrow(), [Note::Confirmed]);
}

#[test]
fn a_forged_answer_ends_the_connection_at_once() {
    let world = World::new(None);
    world.step();
    world.deliver(&[0x55; 96]);
    world.step();
    assert_eq!(world.status(), Status::Disconnected);
    assert_eq!(world.machine.borrow().failure(), Some(Reason::HandshakeForged));
}

#[test]
fn a_refused_connect_stays_connecting_but_costs_nothing_and_is_known_at_once() {
    let world = World::new(None);
    world.write_line.set(Line::Failed(ECONNREFUSED));
    for second in 0..10 {
        world.step_at(second);
        assert_eq!(world.status(), Status::Connecting);
    }
    assert_eq!(world.sends.get(), 1);
    assert_eq!(world.reads.get(), 0);
    let refused = Reason::ConnectFailed(ECONNREFUSED);
    assert_eq!(world.machine.borrow().failure(), Some(refused));
    world.step_at(10);
    assert_eq!(world.status(), Status::Disconnected);
    assert_eq!(*world.notes.borrow(), [Note::ConnectFailed(refused), Note::Disconnected(refused)]);
}

#[test]
fn the_end_of_the_stream_is_noticed_while_unconfirmed() {
    let world = World::new(None);
    world.step();
    world.read_line.set(Line::Closed);
    world.step();
    assert_eq!(world.status(), Status::Disconnected);
    assert_eq!(world.machine.borrow().failure(), Some(Reason::Closed));
}

// ------------------------------------------------------------------------------------- proxies

#[test]
fn http_proxy_reply_in_any_pieces_and_glued_to_the_relays_bytes() {
    let reply = b"HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n";
    for cut in 0..reply.len() {
        let world = World::new(Some(ProxyKind::Http));
        assert_eq!(world.status(), Status::ProxyHttpConnecting);
        world.step();
        let request = world.written();
        assert!(request.starts_with(b"CONNECT 192.0.2.7:33445 HTTP/1.1\r\n"));
        world.deliver(&reply[..cut]);
        world.step();
        assert_eq!(world.status(), Status::ProxyHttpConnecting, "cut {cut}");
        world.deliver(&reply[cut..]);
        world.step();
        let (_, answer) = Relay::accept(&world.written());
        assert_eq!(world.status(), Status::Unconfirmed, "cut {cut}");
        world.deliver(&answer);
        world.step();
        assert_eq!(world.status(), Status::Confirmed, "cut {cut}");
    }
}

#[test]
fn socks5_proxy_byte_by_byte() {
    let world = World::new(Some(ProxyKind::Socks5));
    world.step();
    assert_eq!(world.written(), [5, 1, 0]);
    world.deliver(&[5]);
    world.step();
    assert_eq!(world.status(), Status::ProxySocks5Connecting);
    world.deliver(&[0]);
    world.step();
    assert_eq!(world.status(), Status::ProxySocks5Unconfirmed);
    assert_eq!(world.written(), [5, 1, 0, 1, 192, 0, 2, 7, 0x82, 0xa5]);
    for byte in [5, 0, 0, 3, 2, b'a', b'b', 1] {
        world.deliver(&[byte]);
        world.step();
        assert_eq!(world.status(), Status::ProxySocks5Unconfirmed);
    }
    world.deliver(&[2]);
    world.step();
    assert_eq!(world.status(), Status::Unconfirmed);
    assert_eq!(world.written().len(), 128);
}

#[test]
fn proxy_refusals_are_told_at_once_with_their_reason() {
    for (kind, replies, refusal) in [
        (ProxyKind::Http, vec![&b"HTTP/1.1 407 No"[..]], Refusal::HttpStatus(407)),
        (ProxyKind::Http, vec![&b"SSH-2.0-x"[..]], Refusal::Malformed),
        (ProxyKind::Socks5, vec![&[5, 255][..]], Refusal::SocksMethod(255)),
        (ProxyKind::Socks5, vec![&[5, 0][..], &[5, 5]], Refusal::SocksReply(5)),
    ] {
        let world = World::new(Some(kind));
        world.step();
        for reply in replies {
            world.deliver(reply);
            world.step();
        }
        assert_eq!(world.status(), Status::Disconnected);
        assert_eq!(world.machine.borrow().failure(), Some(Reason::Proxy(refusal)));
    }
}

#[test]
fn a_proxy_that_hangs_up_or_stays_silent() {
    let world = World::new(Some(ProxyKind::Socks5));
    world.step();
    world.read_line.set(Line::Closed);
    world.step();
    assert_eq!(world.status(), Status::Disconnected);

    let world = World::new(Some(ProxyKind::Http));
    world.step();
    world.deliver(b"HTTP/1.1 200");
    world.step_at(9);
    assert_eq!(world.status(), Status::ProxyHttpConnecting);
    world.step_at(10);
    assert_eq!(world.status(), Status::Disconnected);
}

#[test]
fn a_proxy_that_refuses_the_connection_counts_as_connecting() {
    let world = World::new(Some(ProxyKind::Http));
    world.write_line.set(Line::Failed(ECONNREFUSED));
    world.step_at(0);
    world.step_at(9);
    assert_eq!(world.status(), Status::ProxyHttpConnecting);
    assert_eq!((world.sends.get(), world.reads.get()), (1, 0));
    world.step_at(10);
    assert_eq!(world.status(), Status::Disconnected);
}

#[test]
fn a_proxy_that_floods_before_our_handshake_is_written_blocks_nothing() {
    let world = World::new(Some(ProxyKind::Socks5));
    world.step();
    world.deliver(&[5, 0]);
    world.step();
    world.room.set(0);
    world.deliver(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    world.deliver(&vec![9; 3 * MAX_BYTES_PER_STEP]);
    world.step();
    assert_eq!(world.status(), Status::Connecting);
    assert!(world.incoming.borrow().len() > 2 * MAX_BYTES_PER_STEP);
}

/// The user name and password of the tests, in each form in which they could come to light.
const LOGIN_TRACES: [&str; 6] =
    ["alice", "secret", "97, 108, 105", "115, 101, 99", "YWxpY2U6c2VjcmV0", "89, 87, 120"];

fn login(kind: ProxyKind, host: &str) -> World {
    let credentials = Credentials::new("alice", "secret").unwrap();
    let proxy = Proxy::new(kind, Some(credentials)).unwrap();
    World::with_proxy(Some(proxy), Target::from_host(host, 33445).unwrap())
}

/// The user name and password are not in what could be printed or logged.
#[track_caller]
fn check_secrecy(world: &World) {
    let notes = world.notes.borrow();
    let lines = notes.iter().map(|note| format!("{note} {note:?}")).collect::<String>();
    let printed = format!("{:?}{:#?}", world.machine.borrow(), world.machine.borrow());
    // The pretty form has one byte in a line.
    let joined = printed.split_whitespace().collect::<Vec<_>>().join(" ");
    for trace in LOGIN_TRACES {
        assert!(![&lines, &printed, &joined].iter().any(|text| text.contains(trace)), "{trace}");
    }
}

#[test]
fn socks5_proxy_that_asks_for_a_password_in_any_pieces() {
    for cut in 0..14 {
        let world = login(ProxyKind::Socks5, "tox.example.org");
        check_secrecy(&world);
        world.step();
        assert_eq!(world.written(), [5, 2, 0, 2]);
        let replies: [(&[u8], &[u8], Status); 3] = [
            (&[5, 2], b"\x01\x05alice\x06secret", Status::ProxySocks5Connecting),
            (
                &[1, 0],
                b"\x05\x01\x00\x03\x0ftox.example.org\x82\xa5",
                Status::ProxySocks5Unconfirmed,
            ),
            (&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0], &[], Status::Unconfirmed),
        ];
        for (reply, request, status) in replies {
            let before = world.status();
            let (head, tail) = reply.split_at(cut.min(reply.len() - 1));
            world.deliver(head);
            world.step();
            assert_eq!((world.status(), world.written().len()), (before, 0), "cut {cut}");
            // What is about to be said is not seen either.
            world.room.set(0);
            world.deliver(tail);
            world.step();
            check_secrecy(&world);
            world.room.set(usize::MAX);
            world.step();
            assert_eq!(world.status(), status, "cut {cut}");
            if status != Status::Unconfirmed {
                assert_eq!(world.written(), request);
            }
        }
        let (_, answer) = Relay::accept(&world.written());
        world.deliver(&answer);
        world.step();
        assert_eq!(world.status(), Status::Confirmed);
        check_secrecy(&world);
    }
}

#[test]
fn a_password_may_take_many_writes() {
    let world = login(ProxyKind::Socks5, "192.0.2.7");
    world.step();
    world.written();
    world.deliver(&[5, 2]);
    let mut written = Vec::new();
    for _ in 0..14 {
        world.room.set(1);
        world.step();
        written.extend(world.written());
        assert_eq!(world.status(), Status::ProxySocks5Connecting);
        check_secrecy(&world);
    }
    assert_eq!(written, b"\x01\x05alice\x06secret");
    world.room.set(usize::MAX);
    world.deliver(&[1, 0]);
    world.step();
    assert_eq!(world.written(), [5, 1, 0, 1, 192, 0, 2, 7, 0x82, 0xa5]);
}

#[test]
fn socks5_proxy_that_wants_no_password_though_we_offer_one() {
    let world = login(ProxyKind::Socks5, "192.0.2.7");
    world.step();
    assert_eq!(world.written(), [5, 2, 0, 2]);
    world.deliver(&[5, 0]);
    world.step();
    assert_eq!(world.status(), Status::ProxySocks5Unconfirmed);
    assert_eq!(world.written(), [5, 1, 0, 1, 192, 0, 2, 7, 0x82, 0xa5]);
    check_secrecy(&world);
}

#[test]
fn refusals_of_a_proxy_that_we_tell_our_name() {
    for (kind, replies, refusal) in [
        (ProxyKind::Http, vec![&b"HTTP/1.1 407 No"[..]], Refusal::HttpStatus(407)),
        (ProxyKind::Socks5, vec![&[5, 2][..], &[1, 1]], Refusal::SocksPassword),
        (ProxyKind::Socks5, vec![&[5, 2][..], &[1, 255]], Refusal::SocksPassword),
        (ProxyKind::Socks5, vec![&[5, 2][..], &[9]], Refusal::Malformed),
        (ProxyKind::Socks5, vec![&[5, 255][..]], Refusal::SocksMethod(255)),
        (ProxyKind::Socks5, vec![&[5, 1][..]], Refusal::SocksMethod(1)),
        (ProxyKind::Socks5, vec![&[5, 2][..], &[1, 0], &[5, 8]], Refusal::SocksReply(8)),
    ] {
        let world = login(kind, "tox.example.org");
        world.step();
        for reply in replies {
            world.deliver(reply);
            world.step();
        }
        assert_eq!(world.status(), Status::Disconnected);
        let reason = Reason::Proxy(refusal);
        assert_eq!(world.machine.borrow().failure(), Some(reason));
        assert_eq!(*world.notes.borrow(), [Note::Disconnected(reason)]);
        check_secrecy(&world);
    }
}

#[test]
fn a_proxy_that_wants_a_password_which_we_do_not_have() {
    let world = World::new(Some(ProxyKind::Socks5));
    world.step();
    assert_eq!(world.written(), [5, 1, 0]);
    world.deliver(&[5, 2]);
    world.step();
    assert_eq!(world.written(), []);
    let reason = Reason::Proxy(Refusal::SocksMethod(2));
    assert_eq!(world.machine.borrow().failure(), Some(reason));
}

#[test]
fn a_proxy_that_is_silent_about_the_password_has_ten_seconds_in_all() {
    let world = login(ProxyKind::Socks5, "192.0.2.7");
    world.step();
    world.deliver(&[5, 2]);
    world.step_at(9);
    assert_eq!(world.status(), Status::ProxySocks5Connecting);
    world.step_at(10);
    assert_eq!(world.machine.borrow().failure(), Some(Reason::ConnectTimeout));
}

#[test]
fn http_proxy_is_told_our_name_and_the_relays() {
    let world = login(ProxyKind::Http, "tox.example.org");
    check_secrecy(&world);
    world.step();
    let wanted = "CONNECT tox.example.org:33445 HTTP/1.1\r\nHost: tox.example.org:33445\r\n\
        Proxy-Authorization: Basic YWxpY2U6c2VjcmV0\r\n\r\n";
    assert_eq!(String::from_utf8(world.written()).unwrap(), wanted);
    world.deliver(b"HTTP/1.1 200 OK\r\n\r\n");
    world.step();
    let (_, answer) = Relay::accept(&world.written());
    world.deliver(&answer);
    world.step();
    assert_eq!(world.status(), Status::Confirmed);
}

#[test]
fn a_colon_in_the_user_name_is_for_socks5_only() {
    let proxy = |kind| Proxy::new(kind, Some(Credentials::new("a:b", "c").unwrap()));
    assert_eq!(proxy(ProxyKind::Http).unwrap_err(), CredentialsError::ColonInUser);
    assert!(proxy(ProxyKind::Socks5).is_ok());
}

// --------------------------------------------------------------------------------------- pings

#[test]
fn pings_leave_every_thirty_seconds_and_must_be_answered_in_ten() {
    let (world, mut relay) = confirmed();
    world.step_at(29);
    assert!(world.written().is_empty());
    world.step_at(30);
    assert_eq!(relay.open(&world.written()), [[4, 2, 2, 2, 2, 2, 2, 2, 2]]);
    world.deliver(&relay.seal(&[5, 9, 9, 9, 9, 9, 9, 9, 9]));
    world.step_at(39);
    assert_eq!(world.status(), Status::Confirmed);
    world.step_at(40);
    assert_eq!(world.machine.borrow().failure(), Some(Reason::PingTimeout));
}

#[test]
fn a_pong_in_the_socket_saves_the_connection_after_a_pause() {
    let (world, mut relay) = unanswered();
    world.deliver(&relay.seal(&[5, 1, 1, 1, 1, 1, 1, 1, 1]));
    world.step_at(25);
    assert_eq!(world.status(), Status::Confirmed);
}

#[test]
fn a_ping_id_of_zero_is_replaced_because_no_pong_may_carry_it() {
    let world = World::new(None);
    world.pings_drawn.set(u8::MAX);
    world.step();
    let (mut relay, answer) = Relay::accept(&world.written());
    world.deliver(&answer);
    world.step();
    assert_eq!(relay.open(&world.written()), [[4, 1, 0, 0, 0, 0, 0, 0, 0]]);
}

#[test]
fn pings_of_the_relay_are_answered_in_order_but_not_the_id_zero() {
    let (world, mut relay) = confirmed();
    for ping_id in [1, 0, 2] {
        world.deliver(&relay.seal(&[&[4][..], &[ping_id; 8]].concat()));
    }
    world.step();
    let pongs = [[&[5][..], &[1; 8]].concat(), [&[5][..], &[2; 8]].concat()];
    assert_eq!(relay.open(&world.written()), pongs);
}

#[test]
fn a_relay_that_pings_without_reading_is_given_up() {
    let (world, mut relay) = confirmed();
    world.room.set(0);
    for _ in 0..MAX_QUEUED_PONGS {
        world.deliver(&relay.seal(&[4, 1, 1, 1, 1, 1, 1, 1, 1]));
    }
    world.step();
    assert_eq!(world.status(), Status::Confirmed);
    for _ in 0..MAX_QUEUED_PONGS {
        world.deliver(&relay.seal(&[4, 1, 1, 1, 1, 1, 1, 1, 1]));
    }
    world.step();
    assert_eq!(world.machine.borrow().failure(), Some(Reason::PongFlood));
}

// --------------------------------------------------------------------------------------- peers

#[test]
fn a_peer_from_request_to_release() {
    let (world, mut relay) = confirmed();
    let peer = PublicKey([9; 32]);
    world.machine.borrow_mut().request_route(peer).unwrap();
    world.step();
    assert_eq!(relay.open(&world.written()), [[&[0][..], &[9; 32]].concat()]);

    world.deliver(&relay.seal(&response(4, peer)));
    world.step();
    assert_eq!(world.seen(), [Seen::Response(4, peer)]);
    world.machine.borrow_mut().set_number(id(4), 77).unwrap();

    world.deliver(&relay.seal(&[20, b'x']));
    world.deliver(&relay.seal(&[2, 20]));
    world.deliver(&relay.seal(&[20, b'y']));
    world.deliver(&relay.seal(&[20]));
    world.deliver(&relay.seal(&[3, 20]));
    world.deliver(&relay.seal(&[20, b'z']));
    world.step();
    let data = Seen::Data(77, 4, b"y".to_vec());
    assert_eq!(world.seen(), [Seen::Status(77, 4, true), data, Seen::Status(77, 4, false)]);

    world.machine.borrow_mut().release_route(id(4)).unwrap();
    world.machine.borrow_mut().release_route(id(4)).unwrap();
    world.deliver(&relay.seal(&[2, 20]));
    world.step();
    assert_eq!(relay.open(&world.written()), [[3, 20]], "told once");
    assert_eq!(world.seen(), []);
    assert_eq!(world.status(), Status::Confirmed);
}

#[test]
fn unasked_and_refused_responses() {
    let (world, mut relay) = confirmed();
    let peer = PublicKey([9; 32]);
    world.deliver(&relay.seal(&response(4, peer)));
    world.step();
    assert_eq!(world.seen(), []);
    world.machine.borrow_mut().request_route(peer).unwrap();
    world.deliver(&relay.seal(&[&[1, 0][..], &peer.0].concat()));
    world.step();
    assert_eq!(world.seen(), [Seen::Refused(peer)]);
    assert_eq!(world.status(), Status::Confirmed);
}

#[test]
fn oob_onion_and_forwarded_packets_of_every_length() {
    let (world, mut relay) = confirmed();
    for length in [1, 2, 1024, 1999] {
        let mut packet = vec![7; 33];
        packet.resize(33 + length, b'd');
        world.deliver(&relay.seal(&packet));
        world.step();
        assert_eq!(world.seen(), [Seen::Oob(PublicKey([7; 32]), vec![b'd'; length])]);
    }
    for length in [1, 2031] {
        for (packet_id, seen) in
            [(9, Seen::Onion(vec![b'd'; length])), (11, Seen::Forwarding(vec![b'd'; length]))]
        {
            let mut packet = vec![packet_id];
            packet.resize(1 + length, b'd');
            world.deliver(&relay.seal(&packet));
            world.step();
            assert_eq!(world.seen(), [seen]);
        }
    }
}

// ------------------------------------------------------------------------------------- sending

#[test]
fn sends_are_refused_unless_confirmed_and_online() {
    let world = World::new(None);
    let oob = ToRelay::OobSend { destination: &PublicKey([9; 32]), data: b"x" };
    assert_eq!(world.send(&oob), Err(SendError::NotConfirmed));
    let request = world.machine.borrow_mut().request_route(PublicKey([9; 32]));
    assert_eq!(request, Err(SendError::NotConfirmed));

    let (world, mut relay) = confirmed();
    let data = ToRelay::Data { connection_id: id(0), data: b"x" };
    assert_eq!(world.send(&data), Err(SendError::NotOnline));
    online(&world, &mut relay, 0, 1);
    assert_eq!(world.send(&data), Ok(()));
    assert_eq!(relay.open(&world.written()), [[16, b'x']]);
    world.read_line.set(Line::Closed);
    world.step();
    assert_eq!(world.send(&oob), Err(SendError::NotConfirmed));
    assert!(world.written().is_empty());
}

#[test]
fn lengths_of_outgoing_packets() {
    let (world, mut relay) = confirmed();
    online(&world, &mut relay, 0, 1);
    let bytes = [0; 4096];
    let key = PublicKey([9; 32]);
    type Make = fn(&'static [u8], &'static PublicKey) -> ToRelay<'static>;
    let cases: [(Make, usize, usize); 3] = [
        (|data, _| ToRelay::Data { connection_id: id(0), data }, 1, 2031),
        (|data, destination| ToRelay::OobSend { destination, data }, 1, 1024),
        (|data, _| ToRelay::OnionRequest(data), 0, 2031),
    ];
    let bytes: &'static [u8] = Box::leak(Box::new(bytes));
    let key: &'static PublicKey = Box::leak(Box::new(key));
    for (make, least, most) in cases {
        assert_eq!(world.send(&make(&bytes[..least], key)), Ok(()));
        assert_eq!(world.send(&make(&bytes[..most], key)), Ok(()));
        let too_long = make(&bytes[..most + 1], key);
        assert_eq!(world.send(&too_long), Err(SendError::Length(most + 1)));
        if least > 0 {
            assert_eq!(world.send(&make(&[], key)), Err(SendError::Length(0)));
        }
    }
}

#[test]
fn a_full_socket_loses_no_accepted_packet_and_mixes_none() {
    let (world, mut relay) = confirmed();
    online(&world, &mut relay, 0, 1);
    world.room.set(10_000);
    let mut accepted = Vec::new();
    for number in 0..100u8 {
        let packet = [number; 500];
        if world.send(&ToRelay::Data { connection_id: id(0), data: &packet }).is_ok() {
            accepted.push([&[16][..], &packet].concat());
        }
    }
    assert!(accepted.len() > 10 && accepted.len() < 100);
    world.machine.borrow_mut().request_route(PublicKey([9; 32])).unwrap();
    accepted.push([&[0][..], &[9; 32]].concat());
    let mut received = relay.open(&world.written());
    for _ in 0..1000 {
        world.room.set(7);
        world.step();
        received.extend(relay.open(&world.written()));
    }
    assert_eq!(received, accepted);
}

#[test]
fn a_socket_that_fails_while_writing_ends_the_connection_after_its_last_bytes_are_read() {
    let (world, mut relay) = confirmed();
    online(&world, &mut relay, 0, 5);
    world.deliver(&relay.seal(&[16, b'l']));
    world.write_line.set(Line::Failed(EPIPE));
    let writes = world.sends.get();
    let data = ToRelay::Data { connection_id: id(0), data: b"x" };
    assert_eq!(world.send(&data), Err(SendError::Broken));
    assert_eq!(world.send(&ToRelay::OnionRequest(b"x")), Err(SendError::Broken));
    let request = world.machine.borrow_mut().request_route(PublicKey([9; 32]));
    assert_eq!(request, Err(SendError::Broken));
    assert_eq!(world.sends.get(), writes + 1, "a failed socket is not written again");
    world.step();
    assert_eq!(world.seen(), [Seen::Data(5, 0, b"l".to_vec())]);
    assert_eq!(world.status(), Status::Disconnected);
    assert_eq!(world.machine.borrow().failure(), Some(Reason::Io(EPIPE)));
}

#[test]
fn a_backlog_behind_a_failed_write_is_delivered_but_not_for_ever() {
    for (rounds, seconds, all) in [(3, 1, true), (30, 10, false)] {
        let (world, mut relay) = confirmed();
        online(&world, &mut relay, 0, 5);
        world.write_line.set(Line::Failed(EPIPE));
        let data = ToRelay::Data { connection_id: id(0), data: b"x" };
        assert_eq!(world.send(&data), Err(SendError::Broken));
        for _ in 0..rounds * MAX_PACKETS_PER_STEP {
            world.deliver(&relay.seal(&[9, b'o']));
        }
        for second in 0..=seconds {
            world.step_at(second);
            world.step_at(second);
        }
        assert_eq!(world.status(), Status::Disconnected);
        let delivered = world.seen().len();
        assert_eq!(delivered == rounds * MAX_PACKETS_PER_STEP, all, "{delivered}");
        assert!(delivered >= 3 * MAX_PACKETS_PER_STEP);
    }
}

#[test]
fn a_control_packet_queued_while_the_socket_is_written_leaves_right_behind() {
    let (world, mut relay) = confirmed();
    online(&world, &mut relay, 0, 5);
    world.during_send.set(Some(|world| {
        world.machine.borrow_mut().request_route(PublicKey([9; 32])).unwrap();
        let inner = ToRelay::OnionRequest(b"refused, because the other is being written");
        assert_eq!(world.send(&inner), Err(SendError::Busy));
    }));
    let data = ToRelay::Data { connection_id: id(0), data: b"x" };
    assert_eq!(world.send(&data), Ok(()));
    let packets = relay.open(&world.written());
    assert_eq!(packets, [vec![16, b'x'], [&[0][..], &[9; 32]].concat()]);
}

#[test]
fn the_reason_of_the_end_is_logged_whatever_else_there_is_to_log() {
    let (world, mut relay) = confirmed();
    world.notes.take();
    for peer in 0..20 {
        world.machine.borrow_mut().request_route(PublicKey([peer; 32])).unwrap();
        world.deliver(&relay.seal(&[&[1, 0][..], &[peer; 32]].concat()));
    }
    world.deliver(&relay.seal(&[12, 0]));
    world.step();
    let last = world.notes.borrow().last().copied();
    let reason = Reason::Packet(WireError::UnexpectedPacket(12));
    assert_eq!(last, Some(Note::Disconnected(reason)));
}

// ---------------------------------------------------------------------------------- the stream

#[test]
fn frames_byte_by_byte_and_all_at_once() {
    for chunk in [1, 3, 2050, usize::MAX] {
        let (world, mut relay) = confirmed();
        online(&world, &mut relay, 0, 5);
        world.chunk.set(chunk);
        let mut expected = Vec::new();
        for length in [1, 2, 100, 2031, 2031, 7] {
            let payload = vec![length as u8; length];
            world.deliver(&relay.seal(&[&[16][..], &payload].concat()));
            expected.push(Seen::Data(5, 0, payload));
        }
        for _ in 0..10_000 {
            world.step();
            if world.incoming.borrow().is_empty() {
                break;
            }
        }
        assert_eq!(world.seen(), expected, "chunk {chunk}");
    }
}

#[test]
fn an_empty_frame_is_passed_over_and_bad_lengths_end_the_connection() {
    let (world, mut relay) = confirmed();
    world.deliver(&[0, 0]);
    world.deliver(&relay.seal(&[9, b'o']));
    world.step();
    assert_eq!(world.seen(), [Seen::Onion(b"o".to_vec())]);
    for prefix in [2049u16, 65535] {
        let (world, _) = confirmed();
        world.deliver(&prefix.to_be_bytes());
        world.step();
        assert_eq!(world.status(), Status::Disconnected, "prefix {prefix}");
    }
    for prefix in [1u16, 15, 16, 17] {
        let (world, _) = confirmed();
        world.deliver(&prefix.to_be_bytes());
        world.deliver(&vec![9; usize::from(prefix) - 1]);
        world.step();
        assert_eq!(world.status(), Status::Confirmed, "prefix {prefix}");
        world.deliver(&[9]);
        world.step();
        assert_eq!(world.machine.borrow().failure(), Some(Reason::FrameForged));
    }
}

#[test]
fn the_end_of_the_stream_comes_after_everything_before_it() {
    for (packets, steps, line, reason) in [
        (1, 1, Line::Closed, Reason::Closed),
        (3, 1, Line::Failed(ECONNRESET), Reason::Io(ECONNRESET)),
        (4, 2, Line::Closed, Reason::Closed),
    ] {
        let (world, mut relay) = confirmed();
        for _ in 0..packets {
            world.deliver(&relay.seal(&[9, b'o']));
        }
        world.read_line.set(line);
        for _ in 0..steps {
            assert_eq!(world.status(), Status::Confirmed);
            world.step();
        }
        assert_eq!(world.seen(), vec![Seen::Onion(b"o".to_vec()); packets]);
        assert_eq!(world.machine.borrow().failure(), Some(reason));
    }
}

#[test]
fn one_step_does_a_bounded_amount_of_work() {
    let (world, mut relay) = confirmed();
    for _ in 0..2 * MAX_PACKETS_PER_STEP {
        world.deliver(&relay.seal(&[9, b'o']));
    }
    world.step();
    assert_eq!(world.seen().len(), MAX_PACKETS_PER_STEP);
    world.step();
    assert_eq!(world.seen().len(), MAX_PACKETS_PER_STEP);

    let large = [&[9][..], &[0; 2031]].concat();
    for _ in 0..2 * MAX_BYTES_PER_STEP / large.len() {
        world.deliver(&relay.seal(&large));
    }
    world.step();
    let first = world.seen().len();
    assert!(first < MAX_BYTES_PER_STEP / large.len() + 70, "{first} packets");
    for _ in 0..4 {
        world.step();
    }
    assert_eq!(first + world.seen().len(), 2 * MAX_BYTES_PER_STEP / large.len());
}

#[test]
fn a_pong_behind_a_backlog_has_more_time_but_not_for_ever() {
    for (arrives, status) in [(true, Status::Confirmed), (false, Status::Disconnected)] {
        let (world, mut relay) = unanswered();
        let mut flood = |world: &World| {
            for _ in 0..MAX_PACKETS_PER_STEP + 1 {
                world.deliver(&relay.seal(&[9, b'o']));
            }
        };
        flood(&world);
        world.step_at(10);
        assert_eq!(world.status(), Status::Confirmed);
        flood(&world);
        if arrives {
            world.deliver(&relay.seal(&[5, 1, 1, 1, 1, 1, 1, 1, 1]));
        }
        world.step_at(11);
        world.step_at(20);
        assert_eq!(world.status(), status);
    }
}

#[test]
fn a_step_inside_a_step_leaves_the_reading_and_the_verdict_to_the_outer_one() {
    let (world, mut relay) = unanswered();
    world.deliver(&relay.seal(&[9, b'o']));
    let inbox = world.machine.borrow_mut().take_inbox(Timestamp(START)).unwrap();
    world.step_at(10);
    assert_eq!(world.seen(), []);
    assert_eq!(world.status(), Status::Confirmed);
    world.machine.borrow_mut().return_inbox(inbox);
    world.step_at(10);
    assert_eq!(world.seen(), [Seen::Onion(b"o".to_vec())]);
    assert_eq!(world.machine.borrow().failure(), Some(Reason::PingTimeout));
}

proptest! {
    /// Whatever the sizes of reads, writes and pauses: the same events and the same packets.
    #[test]
    fn any_split_of_the_streams_is_the_same_conversation(
        chunks in proptest::collection::vec(1usize..3000, 1..60),
        rooms in proptest::collection::vec(0usize..300, 1..60),
    ) {
        let (world, mut relay) = confirmed();
        online(&world, &mut relay, 0, 5);
        let mut events = Vec::new();
        let mut pongs = Vec::new();
        for i in 0..40u8 {
            world.deliver(&relay.seal(&[&[4][..], &[i + 1; 8]].concat()));
            pongs.push([&[5][..], &[i + 1; 8]].concat());
            let payload = vec![i; 1 + 50 * usize::from(i)];
            world.deliver(&relay.seal(&[&[16][..], &payload].concat()));
            events.push(Seen::Data(5, 0, payload));
        }
        let mut answers = Vec::new();
        for i in 0..20_000 {
            world.chunk.set(chunks[i % chunks.len()]);
            world.room.set(rooms[i % rooms.len()] + 1);
            world.step();
            answers.extend(relay.open(&world.written()));
            if world.incoming.borrow().is_empty() && answers.len() == pongs.len() {
                break;
            }
        }
        prop_assert_eq!(world.status(), Status::Confirmed);
        prop_assert_eq!(world.seen(), events);
        prop_assert_eq!(answers, pongs);
    }

    /// Any bytes from the other end at any stage: no panic, and only legal moves of the status.
    #[test]
    fn any_bytes_from_a_relay_or_proxy(
        kind in 0u8..5,
        begun in 0u8..6,
        pieces in proptest::collection::vec(
            proptest::collection::vec(any::<u8>(), 0..300), 0..12),
        closes: bool,
    ) {
        let world = match kind {
            0 => World::new(None),
            1 => World::new(Some(ProxyKind::Http)),
            2 => World::new(Some(ProxyKind::Socks5)),
            3 => login(ProxyKind::Http, "tox.example.org"),
            _ => login(ProxyKind::Socks5, "tox.example.org"),
        };
        world.step();
        let granted: [&[u8]; 6] = [
            b"", b"HTTP/1.1 200 OK\r\n\r\n", &[5, 0], &[5, 0, 0, 1], &[5, 2], &[5, 2, 1, 0]];
        world.deliver(granted[usize::from(begun)]);
        let mut status = world.status() as u32;
        for (second, piece) in pieces.iter().enumerate() {
            world.deliver(piece);
            world.step_at(second as u64);
            let next = world.status() as u32;
            prop_assert!(next >= status);
            status = next;
        }
        if closes {
            world.read_line.set(Line::Closed);
        }
        world.step_at(30);
        world.step_at(60);
        prop_assert_eq!(world.status(), Status::Disconnected);
    }

    /// Any frames that the relay really sealed: no panic; data only as the connection ids say.
    #[test]
    fn any_packets_from_a_relay(
        packets in proptest::collection::vec(
            proptest::collection::vec(any::<u8>(), 1..80), 0..30),
    ) {
        let (world, mut relay) = confirmed();
        for packet in &packets {
            world.deliver(&relay.seal(packet));
            world.step();
        }
        for seen in world.seen() {
            prop_assert!(matches!(seen, Seen::Oob(..) | Seen::Onion(_) | Seen::Forwarding(_)));
        }
        let written = relay.open(&world.written());
        prop_assert!(written.iter().all(|packet| packet[0] == 5), "nothing but pongs");
        prop_assert!(matches!(world.status(), Status::Confirmed | Status::Disconnected));
    }
}

// ------------------------------------------------------------------------------------ accounts

/// Id, length and direction of each packet that went into the accounts since the last call.
fn accounts(world: &World) -> Vec<(u8, usize, Direction)> {
    let records = world.records.take();
    records.iter().map(|Record { id, length, direction }| (*id, *length, *direction)).collect()
}

#[test]
fn each_packet_goes_into_the_accounts_once_and_under_its_own_id() {
    use Direction::{Received, Sent};
    let (world, mut relay) = confirmed();
    let handshake = public_key(&SecretKey(support::CLIENT)).0[0];
    let expected = [(handshake, 128, Sent), (4, 27, Sent), (5, 9, Received)];
    assert_eq!(accounts(&world), expected);
    online(&world, &mut relay, 3, 7);
    world.step();
    assert_eq!(accounts(&world), [(0, 51, Sent), (1, 34, Received), (2, 2, Received)]);
    // Taken byte by byte, it is still one packet.
    world.room.set(1);
    world.send(&ToRelay::Data { connection_id: id(3), data: b"hello" }).unwrap();
    for _ in 0..30 {
        world.room.set(1);
        world.step();
    }
    assert_eq!(accounts(&world), [(19, 2 + 16 + 6, Sent)]);
    // One that the socket does not take is none.
    world.room.set(0);
    let refused = world.send(&ToRelay::OnionRequest(&[1; 10]));
    assert_eq!(refused, Err(SendError::Busy));
    assert_eq!(accounts(&world), []);
    world.deliver(&relay.seal(&[19, 1, 2, 3]));
    world.deliver(&relay.seal(&[9; 50]));
    world.step();
    assert_eq!(accounts(&world), [(19, 4, Received), (9, 50, Received)]);
}

#[test]
fn what_was_moved_before_the_end_still_goes_into_the_accounts() {
    let (world, mut relay) = confirmed();
    accounts(&world);
    world.deliver(&relay.seal(&[7; 40]));
    world.read_line.set(Line::Closed);
    world.machine.borrow_mut().request_route(PublicKey([9; 32])).unwrap();
    world.step();
    assert_eq!(world.status(), Status::Disconnected);
    let expected = [(7, 40, Direction::Received), (0, 51, Direction::Sent)];
    assert_eq!(accounts(&world), expected);
}
