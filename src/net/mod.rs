// SPDX-License-Identifier: GPL-3.0-or-later
//! Relay clients, relay connections, friends and relays on the operating system, for programs
//! without toxcore.
//!
//! | Object | What it is |
//! |---|---|
//! | [`client::Client`] | one connection to one relay |
//! | [`connections::Connections`] | peers, each reached over several relays |
//! | [`friends::Friends`] | friends, over an onion, a DHT and encrypted connections of the program |
//! | [`relay::Relay`] | a relay: the other side |
//!
//! All functions of an object take `&self` and may be called from any thread, and from inside its
//! event handler. An object does something only in its `turn` or `iterate`. A program with an event
//! loop watches `descriptor`, which can be read when there is something to do, and calls `iterate`
//! then, or when `wait` is over; nothing has to be polled.

use std::io;
use std::time::Instant;

use crate::crypto::{Nonce, PublicKey, SecretKey, rust::public_key};
use crate::proto::relay::{HandshakeRandom, RelayClient};
use crate::proto::time::Millis;
use crate::shell::drive;
use crate::wire::relay_packet::PingId;

pub mod address;
pub mod client;
pub mod connections;
pub mod friends;
pub mod proxy;
mod reactor;
#[cfg(feature = "relay")]
pub mod relay;
pub mod resolver;
mod socket;

/// A clock that counts from its making.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "the machines get their time from here")]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn now(self) -> Millis {
        // 2^64 milliseconds are longer than any program runs.
        Millis(self.0.elapsed().as_millis() as u64)
    }
}

/// Why an `iterate` or `turn` did nothing.
#[derive(Debug)]
pub enum TurnError {
    /// Another one of this object is under way: on another thread, or around this call.
    Busy,
    /// The system cannot tell which sockets have something to say.
    System(io::Error),
    /// An earlier turn of this object has panicked: a defect of this library.
    Defect,
}

impl core::fmt::Display for TurnError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Busy => f.write_str("another turn is under way"),
            Self::System(error) => write!(f, "cannot wait for sockets: {error}"),
            Self::Defect => f.write_str("an earlier turn has panicked"),
        }
    }
}

impl core::error::Error for TurnError {}

/// A new secret key.
///
/// # Errors
/// The operating system has no random bytes to give.
pub fn random_secret_key() -> io::Result<SecretKey> {
    random().map(SecretKey)
}

/// Random bytes of the operating system.
pub(crate) fn random<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
    Ok(bytes)
}

/// The id of a ping. Without random bytes it still has one that is answered.
pub(crate) fn ping_id() -> PingId {
    random().unwrap_or([1; 8])
}

/// The random bytes of a handshake. If the system has none, the machine is told to give up, because there
/// is no secret without them, and takes no notice of what it is given.
pub(crate) fn handshake_random(host: &impl drive::Host) -> HandshakeRandom {
    draw_handshake().unwrap_or_else(|_| {
        host.with(RelayClient::handle_defect);
        HandshakeRandom {
            temporary_pk: PublicKey([0; 32]),
            temporary_sk: SecretKey([0; 32]),
            base_nonce: Nonce([0; 24]),
            nonce: Nonce([0; 24]),
        }
    })
}

fn draw_handshake() -> io::Result<HandshakeRandom> {
    let temporary_sk = random_secret_key()?;
    let temporary_pk: PublicKey = public_key(&temporary_sk);
    let (base_nonce, nonce) = (Nonce(random()?), Nonce(random()?));
    Ok(HandshakeRandom { temporary_pk, temporary_sk, base_nonce, nonce })
}
