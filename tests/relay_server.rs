// SPDX-License-Identifier: GPL-3.0-or-later
//! Our relay and our clients. Virtual time, no sockets.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use proptest::prelude::*;
use toxlink::crypto::PublicKey;
use toxlink::proto::relay::state::Status;
use toxlink::proto::server::{Limits, Reason};
use toxlink::shell::drive;
use toxlink::wire::relay_packet::ToRelay;

use self::relay_net::{Net, Raw, Seen, feed, id, key};

#[path = "support/relay_net.rs"]
mod relay_net;

#[test]
fn a_client_is_confirmed_and_its_pings_are_answered() {
    let net = Net::new(Limits::default());
    assert!(net.call(1));
    net.rounds(3);
    assert_eq!(net.status(1), Status::Confirmed);
    assert_eq!(net.server.borrow().confirmed(), 1);
    for _ in 0..20 {
        net.pass(10_000);
        net.rounds(2);
    }
    assert_eq!(net.status(1), Status::Confirmed, "pings of both sides for 200 seconds");
    net.with(1, |client| {
        let counts = client.machine.borrow().ping_counts();
        assert!(counts.sent > 4 && counts.answered == counts.sent, "{counts:?}");
        assert!(client.machine.borrow().pings_received() > 4);
    });
}

#[test]
fn peers_that_ask_for_each_other_talk_in_both_directions() {
    let net = Net::new(Limits::default());
    net.pair(1, 2);
    net.data(1, 0, b"to two");
    net.data(2, 0, &[9; 2031]);
    net.rounds(2);
    assert_eq!(net.seen(2), [Seen::Data(0, b"to two".to_vec())]);
    assert_eq!(net.seen(1), [Seen::Data(0, vec![9; 2031])]);
    assert_eq!(net.server.borrow().figures().forwarded, 2);
    assert_eq!(net.server.borrow().figures().forwarded_bytes, 2031 + 6);
}

#[test]
fn the_one_who_asks_first_waits() {
    let net = Net::new(Limits::default());
    assert!(net.call(1));
    net.rounds(3);
    net.ask(1, 2);
    assert_eq!(net.seen(1), [Seen::Route(0, key(2))]);
    assert!(net.call(2));
    net.rounds(3);
    assert_eq!(net.seen(1), [], "two is there, but has not asked for one");
    net.ask(2, 1);
    assert_eq!(net.seen(1), [Seen::Online(0)]);
}

#[test]
fn a_repeated_request_gives_the_same_id_and_no_second_notification() {
    let net = Net::new(Limits::default());
    let mut raw = Raw::call(&net, 1);
    assert!(net.call(2));
    net.rounds(3);
    net.ask(2, 1);
    raw.read();
    let request = [&[0][..], &key(2).0].concat();
    let response = [&[1, 16][..], &key(2).0].concat();
    raw.write(&request);
    assert_eq!(raw.read(), [response.clone(), vec![2, 16]]);
    raw.write(&request);
    assert_eq!(raw.read(), [response]);
}

#[test]
fn own_key_is_refused_and_so_is_the_241st_peer() {
    let net = Net::new(Limits::default());
    assert!(net.call(1));
    net.rounds(3);
    net.ask(1, 1);
    assert_eq!(net.seen(1), [Seen::Refused(key(1))]);
    for number in 0..241 {
        let peer = PublicKey([number; 32]);
        net.with(1, |client| client.machine.borrow_mut().request_route(peer)).unwrap();
        net.rounds(2);
        let expected = match number {
            240 => Seen::Refused(peer),
            index => Seen::Route(index, peer),
        };
        assert_eq!(net.seen(1), [expected]);
    }
}

#[test]
fn leaving_releasing_and_coming_back_are_told() {
    let net = Net::new(Limits::default());
    net.pair(1, 2);
    net.with(1, |client| client.machine.borrow_mut().release_route(id(0))).unwrap();
    net.rounds(2);
    assert_eq!(net.seen(2), [Seen::Offline(0)]);
    net.ask(1, 2);
    assert_eq!(net.seen(1), [Seen::Route(0, key(2)), Seen::Online(0)]);
    assert_eq!(net.seen(2), [Seen::Online(0)]);
    let (gone, _) = net.clients.borrow_mut().remove(&1).unwrap();
    net.server.borrow_mut().handle_closed(gone);
    net.rounds(2);
    assert_eq!(net.seen(2), [Seen::Offline(0)]);
    assert!(net.call(1));
    net.rounds(3);
    assert_eq!(net.seen(2), [], "back, but has not asked yet");
    net.ask(1, 2);
    assert_eq!(net.seen(2), [Seen::Online(0)]);
}

#[test]
fn a_second_call_with_the_same_key_replaces_the_first() {
    let net = Net::new(Limits::default());
    net.pair(1, 2);
    let (_, first) = net.clients.borrow_mut().remove(&1).unwrap();
    assert!(net.call(1));
    net.rounds(3);
    assert_eq!(net.status(1), Status::Confirmed);
    assert_eq!(*net.reasons.borrow(), [Reason::Replaced]);
    assert_eq!(net.seen(2), [Seen::Offline(0)]);
    assert_eq!(net.server.borrow().len(), 2);
    drop(first);
}

#[test]
fn out_of_band_packets_reach_whoever_is_here() {
    let net = Net::new(Limits::default());
    assert!(net.call(1) && net.call(2));
    net.rounds(3);
    let send = |to: u8, data: &[u8]| {
        net.send(1, &ToRelay::OobSend { destination: &key(to), data }).unwrap();
        net.rounds(2);
    };
    send(2, &[5; 1024]);
    assert_eq!(net.seen(2), [Seen::Oob(key(1), vec![5; 1024])]);
    send(3, b"nobody");
    send(1, b"myself");
    assert_eq!(net.seen(1), [Seen::Oob(key(1), b"myself".to_vec())]);
    assert_eq!(net.status(1), Status::Confirmed);
}

#[test]
fn onion_and_forward_requests_are_passed_over() {
    let net = Net::new(Limits::default());
    assert!(net.call(1));
    net.rounds(3);
    net.send(1, &ToRelay::OnionRequest(&[1; 200])).unwrap();
    net.send(1, &ToRelay::ForwardRequest { destination: &[2; 7], data: b"x" }).unwrap();
    net.rounds(3);
    assert_eq!(net.status(1), Status::Confirmed);
    assert_eq!(net.seen(1), []);
}

#[test]
fn empty_data_packets_and_unknown_ids() {
    let net = Net::new(Limits::default());
    net.pair(1, 2);
    // Our own client does not send such packets, so they are sealed by hand.
    let mut other = Raw::call(&net, 3);
    other.write(&[0].iter().chain(&key(1).0).copied().collect::<Vec<_>>());
    net.ask(1, 3);
    assert_eq!(net.seen(1), [Seen::Route(1, key(3)), Seen::Online(1)]);
    other.write(&[16]);
    net.rounds(2);
    assert_eq!(net.seen(1), [], "nothing that would end the connection of an original client");
    other.write(&[17, 1]);
    assert_eq!(net.reasons.borrow().as_slice(), []);
    net.rounds(2);
    assert_eq!(net.reasons.borrow().as_slice(), [Reason::UnknownConnection]);
    assert_eq!(net.seen(1), [Seen::Offline(1)]);
}

#[test]
fn strangers_and_the_silent_are_sent_away() {
    let net = Net::new(Limits { clients: 3, ..Limits::default() });
    let stranger = net.server.borrow_mut().accept(net.now()).unwrap();
    let silent = net.server.borrow_mut().accept(net.now()).unwrap();
    feed(&mut net.server.borrow_mut(), stranger, &[1; 128], net.now());
    feed(&mut net.server.borrow_mut(), silent, &[1; 127], net.now());
    assert_eq!(net.server.borrow_mut().take_closed(), Some((stranger, Reason::Handshake)));
    net.pass(9_999);
    net.round();
    assert_eq!(*net.reasons.borrow(), []);
    net.pass(1);
    net.round();
    assert_eq!(*net.reasons.borrow(), [Reason::NotConfirmed]);
    assert!(net.server.borrow().is_empty());
    assert!(net.call(1) && net.call(2) && net.call(3));
    net.rounds(3);
    assert!(!net.call(4), "the others are confirmed");
    assert_eq!(net.server.borrow().figures().refused, 1);
}

#[test]
fn a_client_that_does_not_answer_pings_is_given_up() {
    let net = Net::new(Limits::default());
    let raw = Raw::call(&net, 1);
    net.pass(30_000);
    net.round();
    assert!(!net.server.borrow().output(raw.reference).is_empty(), "a ping waits");
    net.pass(9_999);
    net.round();
    assert_eq!(*net.reasons.borrow(), []);
    net.pass(1);
    net.round();
    assert_eq!(*net.reasons.borrow(), [Reason::PingTimeout]);
}

#[test]
fn what_waits_for_a_slow_reader_is_bounded_and_control_packets_still_pass() {
    let limits = Limits { queue: 20_000, ..Limits::default() };
    let net = Net::new(limits);
    net.pair(1, 2);
    net.room.set(0);
    for _ in 0..100 {
        net.data(1, 0, &[1; 1000]);
        net.round();
    }
    let figures = net.server.borrow().figures();
    assert_eq!((figures.forwarded, figures.dropped), (19, 81));
    // The peer leaves: that must not be lost, whatever waits.
    net.with(1, |client| client.machine.borrow_mut().release_route(id(0))).unwrap();
    net.rounds(2);
    net.room.set(usize::MAX);
    net.server.borrow_mut().handle_timeout(net.now(), || [1; 8]);
    net.with(1, drive::flush);
    net.round();
    net.data_oob(1, 2);
    net.rounds(3);
    let seen = net.seen(2);
    assert_eq!(seen.len(), 19 + 2, "{seen:?}");
    assert_eq!(seen[19], Seen::Offline(0));
}

#[test]
fn a_flood_of_pings_without_reading_ends_the_connection_and_no_other() {
    let net = Net::new(Limits { queue: 1000, ..Limits::default() });
    assert!(net.call(1));
    net.rounds(3);
    let mut raw = Raw::call(&net, 2);
    for _ in 0..2000 {
        raw.write(&[4, 9, 9, 9, 9, 9, 9, 9, 9]);
    }
    net.rounds(2);
    assert_eq!(*net.reasons.borrow(), [Reason::Flood]);
    assert_eq!(net.status(1), Status::Confirmed);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Whatever bytes come, and in whatever pieces, the relay goes on serving the others.
    #[test]
    fn no_bytes_harm_the_others(
        noise in proptest::collection::vec(any::<u8>(), 0..3000),
        packets in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..80), 0..30),
    ) {
        let net = Net::new(Limits::default());
        net.pair(1, 2);
        let stranger = net.server.borrow_mut().accept(net.now()).unwrap();
        feed(&mut net.server.borrow_mut(), stranger, &noise, net.now());
        let mut raw = Raw::call(&net, 3);
        for packet in &packets {
            raw.write(packet);
            net.round();
        }
        net.seen(1);
        net.seen(2);
        net.data(1, 0, b"still");
        net.rounds(2);
        prop_assert!(net.seen(2).contains(&Seen::Data(0, b"still".to_vec())));
    }
}
