// SPDX-License-Identifier: GPL-3.0-or-later
//! What the surrounding program offers: clock, random bytes, sockets, log.
//!
//! The functions come from the `abi` room, one table per toxcore version. Sockets, time and
//! randomness are reached only through the objects that toxcore passes in, because tests and
//! fuzzers of the programs around us replace what is behind them.

use core::ffi::CStr;
use std::ffi::CString;
use std::sync::OnceLock;

use super::ctypes::{
    Family, IP_Port, Logger, Memory, Mono_Time, Net_Profile, Network, Random, Socket,
};
#[cfg(feature = "_relays")]
use crate::crypto::{Nonce, PublicKey, SecretKey};
#[cfg(feature = "_relays")]
use crate::proto::relay::HandshakeRandom;
use crate::proto::relay::ledger::Record;
use crate::proto::relay::note::Level;
#[cfg(feature = "_relays")]
use crate::wire::relay_packet::PingId;
use crate::wire::{CRYPTO_NONCE_SIZE, CRYPTO_PUBLIC_KEY_SIZE, CRYPTO_SECRET_KEY_SIZE};

/// Writes one line to the log.
pub type LoggerWrite = unsafe fn(*const Logger, Level, Place, &CStr);
/// Starts to connect; false if there can be no connection. The logger may be null.
pub type NetConnect = unsafe fn(&Environment, *const Logger, Socket, &IP_Port) -> bool;
/// Enters one packet into the accounts.
pub type RecordPacket = unsafe fn(*mut Net_Profile, Record);

/// The functions of one toxcore version. The pointers that they take came from C, which promises
/// that they are valid; none is null.
#[derive(Debug)]
pub struct HostFns {
    /// Whether [`Environment::mem`] must be there.
    pub needs_memory: bool,
    /// Cached time in whole seconds.
    pub mono_time_get: unsafe fn(*const Mono_Time) -> u64,
    /// Milliseconds of a clock that only moves forward.
    pub mono_time_millis: unsafe fn(*const Mono_Time) -> u64,
    /// Writes one line to the log.
    pub logger_write: LoggerWrite,
    /// Makes a key pair.
    pub crypto_new_keypair: unsafe fn(
        *const Random,
        &mut [u8; CRYPTO_PUBLIC_KEY_SIZE],
        &mut [u8; CRYPTO_SECRET_KEY_SIZE],
    ),
    /// Draws a nonce.
    pub random_nonce: unsafe fn(*const Random, &mut [u8; CRYPTO_NONCE_SIZE]),
    /// Draws 64 bits.
    pub random_u64: unsafe fn(*const Random) -> u64,
    /// Draws 32 bits.
    pub random_u32: unsafe fn(*const Random) -> u32,
    /// Opens a stream socket, non-blocking and without SIGPIPE; `None` on failure.
    pub open: unsafe fn(*const Network, Family) -> Option<Socket>,
    /// Starts to connect.
    pub net_connect: NetConnect,
    /// Writes; result and `errno` of `send(2)`.
    pub send: unsafe fn(*const Network, Socket, &[u8]) -> i32,
    /// Reads; result and `errno` of `recv(2)`.
    pub recv: unsafe fn(*const Network, Socket, &mut [u8]) -> i32,
    /// Closes a socket.
    pub kill_sock: unsafe fn(*const Network, Socket),
    /// Whether sockets of this network are the operating system's.
    pub is_system_network: unsafe fn(*const Network) -> bool,
    /// Enters one packet into the accounts, in versions that keep some.
    pub record_packet: Option<RecordPacket>,
}

/// The functions of the version in use: misuse of a function that is given no object is logged
/// through them. Known from the first constructor call on.
static IN_USE: OnceLock<&HostFns> = OnceLock::new();

impl HostFns {
    /// Makes these the functions of the version in use; a build has one version.
    pub fn use_from_now_on(&'static self) {
        IN_USE.get_or_init(|| self);
    }
}

/// The place in the code that a log line comes from.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// File name.
    pub file: &'static CStr,
    /// Name of the C function.
    pub function: &'static CStr,
    /// Line.
    pub line: u32,
}

/// The host functions with the objects they work on.
#[derive(Clone, Copy, Debug)]
pub struct Environment {
    /// The functions.
    pub fns: &'static HostFns,
    /// Random source, valid as long as the object it was given to.
    pub rng: *const Random,
    /// Socket layer, valid as long as the object it was given to.
    pub ns: *const Network,
    /// toxcore's allocator, for its own functions; null in versions without one. Else valid as long
    /// as the object it was given to.
    pub mem: *const Memory,
    /// Accounts of packets, valid as long as the object they were given to; null for none.
    pub profile: *mut Net_Profile,
}

impl Environment {
    /// Whether a pointer that must be there is null.
    #[must_use]
    pub fn lacks_something(&self) -> bool {
        self.rng.is_null() || self.ns.is_null() || (self.fns.needs_memory && self.mem.is_null())
    }

    /// The function that keeps accounts, if there are any to keep.
    #[cfg(feature = "_relays")]
    pub(super) fn accounts(&self) -> Option<RecordPacket> {
        self.fns.record_packet.filter(|_| !self.profile.is_null())
    }

    /// Enters a packet into the accounts, if there are any.
    #[cfg(feature = "_relays")]
    pub(super) fn record(&self, record: Record) {
        if let Some(write) = self.accounts() {
            // SAFETY: not null, so valid as long as the object it was given to.
            unsafe { write(self.profile, record) };
        }
    }
}

/// The random bytes of a handshake, drawn in toxcore's order.
#[cfg(feature = "_relays")]
pub(super) fn draw_handshake(env: &Environment) -> HandshakeRandom {
    let Environment { fns, rng, .. } = *env;
    let mut temporary_pk = PublicKey([0; 32]);
    let mut temporary_sk = SecretKey([0; 32]);
    let mut base_nonce = Nonce([0; 24]);
    let mut nonce = Nonce([0; 24]);
    // SAFETY: the random source is valid as long as the object it was given to.
    unsafe {
        (fns.crypto_new_keypair)(rng, &mut temporary_pk.0, &mut temporary_sk.0);
        (fns.random_nonce)(rng, &mut base_nonce.0);
        (fns.random_nonce)(rng, &mut nonce.0);
    }
    HandshakeRandom { temporary_pk, temporary_sk, base_nonce, nonce }
}

/// The id of a ping.
#[cfg(feature = "_relays")]
pub(super) fn draw_ping_id(env: &Environment) -> PingId {
    // SAFETY: as above.
    unsafe { (env.fns.random_u64)(env.rng) }.to_ne_bytes()
}

/// A logger that was given for the time of one call. May be null: then nothing is written
/// (toxcore's own function would end the process).
#[derive(Clone, Copy, Debug)]
pub struct Log {
    fns: &'static HostFns,
    logger: *const Logger,
}

impl Log {
    /// Wraps `logger`.
    ///
    /// # Safety
    /// `logger` is null or valid as long as the value is used.
    #[must_use]
    pub unsafe fn new(fns: &'static HostFns, logger: *const Logger) -> Self {
        Self { fns, logger }
    }

    /// Wraps a logger that came without an object; `None` before the first constructor call.
    ///
    /// # Safety
    /// As [`Log::new`].
    #[must_use]
    pub unsafe fn without_object(logger: *const Logger) -> Option<Self> {
        IN_USE.get().map(|fns| Self { fns, logger })
    }

    /// The pointer, for toxcore's functions that want one; null if there is none.
    #[must_use]
    pub fn as_ptr(&self) -> *const Logger {
        self.logger
    }

    /// Writes a line.
    pub fn write(&self, level: Level, place: Place, message: &dyn core::fmt::Display) {
        if self.logger.is_null() {
            return;
        }
        // Messages are ours and hold no NUL; if one did, the line would be lost, nothing else.
        let Ok(message) = CString::new(message.to_string()) else { return };
        // SAFETY: the logger is not null and valid by the promise given to `new`.
        unsafe { (self.fns.logger_write)(self.logger, level, place, &message) };
    }
}

/// The current place in the code, under the name of a C function.
macro_rules! place {
    ($function:expr) => {
        $crate::ffi::host::Place { file: FILE, function: $function, line: line!() }
    };
}
pub(crate) use place;
