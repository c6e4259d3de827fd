// SPDX-License-Identifier: GPL-3.0-or-later
//! Anything that may happen to friends, and any packets of theirs, among neighbours that keep books.

#![no_main]

#[path = "../../tests/support/mod.rs"]
mod support;

use libfuzzer_sys::fuzz_target;
use support::neighbours::{Operation, World};
use toxlink::proto::friend::{FriendconId, Incoming};

fuzz_target!(|operations: Vec<(u8, u8, u8, Vec<u8>)>| {
    let world = World::default();
    for (operation, a, b, bytes) in &operations {
        let (id, key) = (a % 6, b % 4 + 1);
        let operation = match operation % 13 {
            0 | 1 => Operation::Add(id),
            2 => Operation::Kill(id),
            3 => Operation::Lock(id),
            4 => Operation::Key(id, key),
            5 => Operation::Address(id),
            6 => Operation::Relay(id, key),
            7 => Operation::Status(id, b % 2 == 0),
            8 => Operation::Offer(id, key, b % 2 == 0),
            9 => Operation::Iterate,
            10 => Operation::Pass(u64::from(*b)),
            11 => Operation::InCallback(b % 5),
            _ => {
                let now = world.now();
                let id = FriendconId(u32::from(id));
                let incoming = world.machine.borrow_mut().handle_packet(id, bytes, now);
                if let Incoming::Relays(task) = incoming {
                    world.run(task);
                }
                continue;
            }
        };
        world.apply(operation);
        world.check();
    }
});
