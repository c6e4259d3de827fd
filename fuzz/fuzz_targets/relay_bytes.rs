// SPDX-License-Identifier: GPL-3.0-or-later
//! Any bytes from a proxy or a relay, in any pieces, at any stage.

#![no_main]

#[path = "../../tests/support/mod.rs"]
mod support;

use libfuzzer_sys::fuzz_target;
use support::World;
use toxlink::proto::relay::proxy::{Proxy, ProxyKind};
use toxlink::proto::relay::state::Status;
use toxlink::wire::address::Target;
use toxlink::wire::proxy::Credentials;

fuzz_target!(|input: (u8, Vec<Vec<u8>>)| {
    let (kind, pieces) = input;
    let world = match kind % 5 {
        0 => World::new(None),
        1 => World::new(Some(ProxyKind::Http)),
        2 => World::new(Some(ProxyKind::Socks5)),
        3 => {
            let credentials = Credentials::new("user", "password").expect("legal credentials");
            let target = Target::from_host("relay.example", 443).expect("a host name");
            let proxy = Proxy::new(ProxyKind::Socks5, Some(credentials)).expect("a legal proxy");
            World::with_proxy(Some(proxy), target)
        }
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
