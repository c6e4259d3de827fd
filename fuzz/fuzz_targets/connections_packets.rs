// SPDX-License-Identifier: GPL-3.0-or-later
//! Any packets that relays really sealed, mixed with anything that the owner of the connections does.

#![no_main]

#[path = "../../tests/support/mod.rs"]
mod support;

use libfuzzer_sys::fuzz_target;
use support::relays::{Client, Fault, Net};
use toxlink::crypto::PublicKey;
use toxlink::proto::connections::{PeerNumber, RelayNumber};

const STEP_MS: u64 = 50;

fuzz_target!(|operations: Vec<(u8, u8, Vec<u8>)>| {
    let net = Net::new(2);
    let client = Client::new(&net, 0);
    for relay in 0..2 {
        client.add_relay(relay);
    }
    run(&net, &client, 4);
    for (operation, which, bytes) in operations.iter().take(200) {
        let (peer, relay) = (PeerNumber(u32::from(which % 4)), usize::from(which % 2));
        let key = PublicKey([bytes.first().copied().unwrap_or_default() % 4 + 50; 32]);
        match operation % 10 {
            0..=2 => {
                if let Some(wire) = net.wire_of(relay, &client.pk) {
                    if (1..=2032).contains(&bytes.len()) {
                        net.answer(wire, bytes);
                    }
                }
            }
            3 => drop(client.machine.borrow_mut().new_peer(key, i32::from(*which))),
            4 => {
                client.machine.borrow_mut().kill_peer(peer);
            }
            5 => {
                client.add_relay_for(peer, relay);
            }
            6 => {
                let _ = client.send(peer, bytes);
            }
            7 => {
                client.machine.borrow_mut().set_awake(peer, which % 2 == 0);
            }
            8 => net.set_fault(relay, [Fault::None, Fault::Close][usize::from(which / 128)]),
            _ => {
                client.machine.borrow_mut().kill_relay(RelayNumber(u32::from(which % 4)));
                net.relays.borrow_mut().iter_mut().for_each(|relay| relay.calls.clear());
            }
        }
        client.settle();
        run(&net, &client, u64::from(which % 4) * 60 + 1);
    }
});

/// `Client::round` checks all counters and tables.
fn run(net: &Net, client: &Client<'_>, rounds: u64) {
    for _ in 0..rounds {
        net.now_ms.set(net.now_ms.get() + STEP_MS);
        net.run_relays();
        client.round();
    }
}
