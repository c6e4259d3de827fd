// SPDX-License-Identifier: GPL-3.0-or-later
//! Any packets that a relay really sealed, mixed with anything that the owner does.

#![no_main]

#[path = "../../tests/support/mod.rs"]
mod support;

use libfuzzer_sys::fuzz_target;
use support::{Seen, confirmed};
use toxlink::crypto::PublicKey;
use toxlink::proto::relay::state::Status;
use toxlink::wire::connection_id::ConnectionId;
use toxlink::wire::relay_packet::ToRelay;

fuzz_target!(|operations: Vec<(u8, Vec<u8>)>| {
    let (world, mut relay) = confirmed();
    let mut asked = Vec::new();
    for (operation, bytes) in &operations {
        let first = bytes.first().copied().unwrap_or_default();
        let id = ConnectionId::from_index(first % 8).expect("below 240");
        match operation % 8 {
            0..=2 => {
                if !bytes.is_empty() && bytes.len() <= 2032 {
                    world.deliver(&relay.seal(bytes));
                }
            }
            3 => {
                let peer = PublicKey([first; 32]);
                if world.machine.borrow_mut().request_route(peer).is_ok() {
                    asked.push(peer);
                }
            }
            // What an honest relay would answer.
            4 => {
                if let Some(peer) = asked.pop() {
                    let response = [&[1, id.to_wire()][..], &peer.0, &[]].concat();
                    world.deliver(&relay.seal(&response));
                    world.deliver(&relay.seal(&[2, id.to_wire()]));
                }
            }
            5 => {
                let _ = world.machine.borrow_mut().release_route(id);
            }
            6 => {
                let _ = world.send(&ToRelay::Data { connection_id: id, data: bytes });
            }
            _ => world.room.set(usize::from(first) * 8),
        }
        world.step();
    }
    for seen in world.seen() {
        match seen {
            Seen::Data(_, _, data) | Seen::Onion(data) | Seen::Forwarding(data) => {
                assert!((1..=2031).contains(&data.len()));
            }
            Seen::Oob(_, data) => assert!((1..=1999).contains(&data.len())),
            Seen::Response(..) | Seen::Refused(_) | Seen::Status(..) => {}
        }
    }
    // Everything that reached the wire is a sequence of whole frames in order.
    world.room.set(usize::MAX);
    world.step();
    if world.status() == Status::Confirmed {
        relay.open(&world.written());
    }
});
