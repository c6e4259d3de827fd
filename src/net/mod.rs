// SPDX-License-Identifier: GPL-3.0-or-later
//! Sockets, clock and random bytes of the operating system, for programs without toxcore.

use std::io;
use std::time::Instant;

use crate::crypto::SecretKey;
use crate::proto::time::Millis;

pub mod relay;

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

/// A new secret key.
///
/// # Errors
/// The operating system has no random bytes to give.
pub fn random_secret_key() -> io::Result<SecretKey> {
    let mut key = SecretKey([0; 32]);
    getrandom::fill(&mut key.0).map_err(|error| io::Error::other(error.to_string()))?;
    Ok(key)
}
