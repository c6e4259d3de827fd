// SPDX-License-Identifier: GPL-3.0-or-later
//! Our relay with as many clients as it takes, and more. Virtual time, no sockets.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use toxlink::crypto::SecretKey;
use toxlink::crypto::rust::public_key;
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

fn request(peer: &SecretKey) -> Vec<u8> {
    [&[0][..], &public_key(peer).0].concat()
}

/// A peer that comes and goes does not fill the queue of one that is slow to read.
#[test]
fn a_friend_that_comes_and_goes_cuts_nobody_off() {
    let net = Net::new(Limits::default());
    let mut hostile = Raw::call_as(&net, &many_key(1));
    let mut slow = Raw::call_as(&net, &many_key(2));
    hostile.write(&request(&many_key(2)));
    slow.write(&request(&many_key(1)));
    hostile.read();
    slow.read();
    for _ in 0..300 {
        hostile.write(&[&[16][..], &[7; 1300]].concat());
    }
    let full = net.server.borrow().output(slow.reference).len();
    for _ in 0..3000 {
        hostile.write(&[3, 16]);
        hostile.write(&request(&many_key(2)));
        hostile.read();
    }
    assert_eq!(net.server.borrow_mut().take_closed(), None);
    assert!(net.server.borrow().output(slow.reference).len() < full + 1300);
    // It reads on: what it was sent, that the peer was gone and is here, and what comes then.
    let before = slow.read();
    assert!(before.len() > 100 && before.iter().filter(|packet| packet[0] == 16).count() > 100);
    let notices = [before, slow.read()].concat().into_iter().filter(|packet| packet[0] != 16);
    let notices: Vec<Vec<u8>> = notices.collect();
    assert!(notices.len() < 100, "{}", notices.len());
    assert_eq!(notices[notices.len() - 2..], [[3, 16], [2, 16]]);
    hostile.write(&[16, 1]);
    hostile.write(&[3, 16]);
    assert_eq!(slow.read(), [[16, 1], [3, 16]]);
}

/// No packets are excepted from what waits for all together, and who waits longest is not cut off.
#[test]
fn packets_that_must_not_be_lost_are_bounded_too() {
    let net = Net::new(Limits { clients: 10, queue: 32 * 1024 * 1024 });
    let mut flooder = Raw::call_as(&net, &many_key(0));
    let mut slow: Vec<Raw<'_>> =
        (1..4).map(|number| Raw::call_as(&net, &many_key(number))).collect();
    let waiting = |raw: &Raw<'_>| net.server.borrow().output(raw.reference).len();
    for (number, raw) in slow.iter_mut().enumerate() {
        raw.write(&request(&many_key(0)));
        flooder.write(&request(&many_key(number as u16 + 1)));
        raw.read();
        flooder.read();
        for _ in 0..16_500 {
            flooder.write(&[&[16 + number as u8][..], &[7; 2031]].concat());
        }
    }
    assert!(slow.iter().map(waiting).sum::<usize>() > 64 * 1024 * 1024);
    assert!(waiting(&slow[2]) < 8 * 1024);
    let mut asks = Raw::call_as(&net, &many_key(9));
    for _ in 0..300 {
        asks.write(&request(&many_key(8)));
    }
    assert!((7 * 1024..=8 * 1024).contains(&waiting(&asks)), "{}", waiting(&asks));
    for _ in 0..64 {
        asks.write(&[4, 1, 1, 1, 1, 1, 1, 1, 1]);
    }
    assert_eq!(net.server.borrow_mut().take_closed(), None);
    asks.write(&[4, 1, 1, 1, 1, 1, 1, 1, 1]);
    assert_eq!(net.server.borrow_mut().take_closed(), Some((asks.reference, Reason::Flood)));
    // The ping, the pong and the notification wait until there is room, and are not lost.
    slow[0].write(&[4, 2, 2, 2, 2, 2, 2, 2, 2]);
    flooder.write(&[3, 16]);
    net.pass(30_000);
    net.server.borrow_mut().handle_timeout(net.now(), || [6; 8]);
    let before = slow[0].read();
    assert!(before.iter().all(|packet| packet.len() == 2032));
    let then = [vec![4, 6, 6, 6, 6, 6, 6, 6, 6], vec![5, 2, 2, 2, 2, 2, 2, 2, 2], vec![3, 16]];
    assert_eq!(slow[0].read(), then);
    assert_eq!(net.server.borrow_mut().take_closed(), None);
}
