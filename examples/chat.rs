// SPDX-License-Identifier: GPL-3.0-or-later
//! Two peers chat over three relays, and one relay fails in between.
//!
//! `cargo run --features relay --example chat`
//!
//! Packets may get lost, so Alice says each line again until Bob has answered it.

use std::error::Error;
use std::time::Duration;

use toxlink::net::connections::{Config, Connections, Event};
use toxlink::net::relay::{self, Relay};
use toxlink::net::{address, random_secret_key};

const PATIENCE: Duration = Duration::from_millis(500);

fn main() -> Result<(), Box<dyn Error>> {
    let (alice, bob) = (Connections::new(Config::new()?)?, Connections::new(Config::new()?)?);
    let (to_bob, to_alice) = (alice.add_peer(bob.public_key())?, bob.add_peer(alice.public_key())?);
    let mut relays = Vec::new();
    for _ in 0..3 {
        let relay =
            Relay::bind(&relay::Config::new(["127.0.0.1:0".parse()?], random_secret_key()?))?;
        relay.start(|_| ()).map_err(|error| error.to_string())?;
        let target = address::parse(&relay.addresses()[0].to_string())?;
        alice.add_relay_for(to_bob, target.clone(), relay.public_key())?;
        bob.add_relay_for(to_alice, target, relay.public_key())?;
        relays.push(relay);
    }
    // Bob has a thread of his own, and gives every line back.
    std::thread::spawn(move || -> Result<(), toxlink::net::TurnError> {
        loop {
            bob.turn(None, &mut |event| {
                if let Event::Data { peer, data } = event {
                    let _ = bob.send(peer, data);
                }
            })?;
        }
    });
    while alice.online_relays(to_bob) < relays.len() {
        alice.turn(None, &mut |_| ())?;
    }
    for line in ["Hello Bob!", "This line meets a relay that dies.", "Did it get lost?", "No. Bye."]
    {
        let mut is_answered = false;
        while !is_answered {
            // What cannot be sent now is sent again, as if it had got lost.
            let _ = alice.send(to_bob, line.as_bytes());
            if line.contains("dies") && relays.len() == 3 {
                let carrier = alice.peer_statistics(to_bob).and_then(|peer| peer.carrier);
                let carrier = carrier.and_then(|number| alice.relay_key(number));
                relays.retain(|relay| Some(relay.public_key()) != carrier);
            }
            alice.turn(Some(PATIENCE), &mut |event| {
                is_answered |= matches!(event, Event::Data { data, .. } if data == line.as_bytes());
            })?;
        }
        println!("Bob has heard: {line}");
    }
    Ok(())
}
