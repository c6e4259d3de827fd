// SPDX-License-Identifier: GPL-3.0-or-later
//! Any bytes from a proxy or a relay, in any pieces, at any stage.

#![no_main]

#[path = "../../tests/support/mod.rs"]
mod support;

use libfuzzer_sys::fuzz_target;
use support::World;
use toxlink::proto::relay::proxy::ProxyKind;
use toxlink::proto::relay::state::Status;

fuzz_target!(|input: (u8, Vec<Vec<u8>>)| {
    let (kind, pieces) = input;
    let world = match kind % 4 {
        0 => World::new(None),
        1 => World::new(Some(ProxyKind::Http)),
        2 => World::new(Some(ProxyKind::Socks5)),
        _ => support::confirmed().0,
    };
    let mut status = world.status() as u32;
    for piece in &pieces {
        world.deliver(piece);
        world.step();
        assert!(world.status() as u32 >= status, "the status never goes back");
        status = world.status() as u32;
    }
    // Nobody answers the handshake, or the ping of the first of these steps.
    world.step_at(60);
    world.step_at(70);
    assert_eq!(world.status(), Status::Disconnected);
});
