// SPDX-License-Identifier: GPL-3.0-or-later
//! Our relay with as many clients as it takes, and more. Virtual time, no sockets.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use toxlink::crypto::SecretKey;
use toxlink::proto::relay::state::Status;
use toxlink::proto::server::{Limits, Reason};
use toxlink::wire::relay_packet::ToRelay;

use self::relay_net::{Net, Raw, Seen, feed, key};

#[path = "support/relay_net.rs"]
mod relay_net;

fn many_key(number: u16) -> SecretKey {
    let mut sk = [3; 32];
    sk[10..12].copy_from_slice(&number.to_be_bytes());
    SecretKey(sk)
}

#[test]
fn a_full_relay_refuses_the_next_one_and_serves_the_others() {
    let net = Net::new(Limits::default());
    net.pair(1, 2);
    net.seen(1);
    net.seen(2);
    let crowd: Vec<Raw<'_>> =
        (2..4096).map(|number| Raw::call_as(&net, &many_key(number))).collect();
    assert_eq!(net.server.borrow().confirmed(), 4096);
    assert!(net.server.borrow_mut().accept(net.now()).is_none());
    assert_eq!(net.server.borrow().figures().refused, 1);
    net.data(1, 0, b"still");
    net.rounds(2);
    assert_eq!(net.seen(2), [Seen::Data(0, b"still".to_vec())]);
    // One leaves, and there is a place.
    net.server.borrow_mut().handle_closed(crowd[0].reference);
    assert!(net.call(3));
    net.rounds(3);
    assert_eq!(net.status(3), Status::Confirmed);
}

#[test]
fn callers_without_handshake_give_way_the_oldest_first() {
    let net = Net::new(Limits { clients: 10, ..Limits::default() });
    net.pair(1, 2);
    let mut crowd = Vec::new();
    for number in 0..100 {
        net.pass(1);
        let caller = net.server.borrow_mut().accept(net.now()).unwrap();
        feed(&mut net.server.borrow_mut(), caller, &[number; 127], net.now());
        crowd.push(caller);
    }
    for expected in &crowd[..92] {
        let closed = net.server.borrow_mut().take_closed();
        assert_eq!(closed, Some((*expected, Reason::Crowded)));
    }
    assert_eq!(net.server.borrow_mut().take_closed(), None);
    assert!(net.call(3));
    net.rounds(3);
    assert_eq!(net.status(3), Status::Confirmed);
    assert_eq!(net.server.borrow().len(), 10);
}

/// Anybody may send out-of-band packets to anybody, so these must not fill the queue of a peer.
#[test]
fn out_of_band_floods_leave_room_for_data() {
    let net = Net::new(Limits { queue: 20_000, ..Limits::default() });
    net.pair(1, 2);
    assert!(net.call(3));
    net.rounds(3);
    net.room.set(0);
    for _ in 0..100 {
        net.send(3, &ToRelay::OobSend { destination: &key(2), data: &[9; 1000] }).unwrap();
        net.round();
    }
    assert!(net.server.borrow().figures().dropped > 80);
    for _ in 0..9 {
        net.data(1, 0, &[1; 1000]);
        net.round();
    }
    net.room.set(usize::MAX);
    net.rounds(2);
    let data = net.seen(2).iter().filter(|seen| matches!(seen, Seen::Data(..))).count();
    assert_eq!(data, 9);
}

/// Bytes of several clients, in pieces and by turns, do not mix in the one receive buffer.
#[test]
fn frames_that_come_in_pieces_by_turns_stay_apart() {
    let net = Net::new(Limits::default());
    let mut raws: Vec<Raw<'_>> =
        (0..3).map(|number| Raw::call_as(&net, &many_key(number))).collect();
    let frames: Vec<Vec<u8>> =
        raws.iter_mut().map(|raw| raw.seal(&[4, 1, 1, 1, 1, 1, 1, 1, 7])).collect();
    for at in 0..frames[0].len() {
        for (raw, frame) in raws.iter().zip(&frames) {
            feed(&mut net.server.borrow_mut(), raw.reference, &frame[at..=at], net.now());
        }
    }
    for raw in &mut raws {
        // The pongs to its first ping and to this one.
        assert_eq!(raw.read().len(), 2);
    }
    assert_eq!(net.server.borrow().confirmed(), 3);
}

#[test]
fn a_queue_without_limit_is_no_defect() {
    let net = Net::new(Limits { queue: usize::MAX, ..Limits::default() });
    net.pair(1, 2);
    net.room.set(0);
    for _ in 0..20 {
        net.data(1, 0, &[1; 1300]);
        net.round();
    }
    // The one that does not read is pinged.
    net.pass(40_000);
    net.round();
    assert_eq!(net.server.borrow().len(), 2);
    net.room.set(usize::MAX);
    net.rounds(2);
    let data = net.seen(2).iter().filter(|seen| matches!(seen, Seen::Data(..))).count();
    assert_eq!(data, 20);
}
