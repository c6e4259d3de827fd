// SPDX-License-Identifier: GPL-3.0-or-later
//! `Toxlink_Relay`: a relay inside the program.

use core::ffi::{CStr, c_char, c_void};
use std::ffi::CString;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use super::error::{Toxlink_Err_Iterate, Toxlink_Err_New};
use super::options::{Toxlink_Log_Level, toxlink_log_cb};
use crate::crypto::SecretKey;
use crate::ffi::fence::fence;
use crate::ffi::handle::{self, Call, Handle, Object};
use crate::net::relay::{Config, Note, Relay};
use crate::net::{TurnError, random_secret_key};
use crate::proto::server::Limits;

/// A relay: the other side of a relay connection. It passes packets between the clients that have
/// asked for each other, and knows neither the onion nor the DHT, so it is for tests, examples and
/// small networks.
///
/// It serves its clients in toxlink_relay_iterate() or toxlink_relay_turn(), or by itself after
/// toxlink_relay_start(). All functions may be called from any thread, also while it serves.
#[derive(Debug)]
pub struct Toxlink_Relay {
    /// Guards nothing: the relay guards itself. It counts the calls inside.
    handle: Handle<()>,
    relay: Relay,
    log: Log,
}

impl Object for Toxlink_Relay {
    type State = ();

    fn handle(&self) -> &Handle<()> {
        &self.handle
    }
}

/// What a relay is made from. To be filled in by toxlink_relay_options_init() first, and then by you.
/// The pointers are used during toxlink_relay_new() only, except `log_object`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Toxlink_Relay_Options {
    /// Bytes of this struct, as the program was compiled.
    pub size: usize,
    /// Secret key, 32 bytes; NULL for a new one.
    pub secret_key: *const u8,
    /// IP addresses with ports to listen on, "127.0.0.1:3389" or "[::1]:3389"; port 0 takes any that is
    /// free.
    pub addresses: *const *const c_char,
    /// How many addresses there are; 0 for "127.0.0.1:0" alone.
    pub address_count: usize,
    /// Clients at the same time; 0 for 4096.
    pub max_clients: u32,
    /// Bytes that may wait for one client, beyond which data for it is dropped; 0 for 256 KiB.
    pub max_queued: usize,
    /// Where lines of the log go; NULL for nowhere. It is called with nothing locked, on the thread
    /// that iterates, or on the one that toxlink_relay_start() has made. It may call every function
    /// of the relay, toxlink_relay_kill() included; an iteration in there is BUSY.
    pub log_callback: toxlink_log_cb,
    /// Handed to the log callback; not used for anything else.
    pub log_object: *mut c_void,
    /// A Toxlink_Log_Level: the least that is worth a line. Departures of clients are DEBUG, listening and
    /// the end of the relay's thread INFO, callers for whom the system has no socket WARNING.
    pub log_level: u32,
}

const DEFAULTS: Toxlink_Relay_Options = Toxlink_Relay_Options {
    size: size_of::<Toxlink_Relay_Options>(),
    secret_key: core::ptr::null(),
    addresses: core::ptr::null(),
    address_count: 0,
    max_clients: 0,
    max_queued: 0,
    log_callback: None,
    log_object: core::ptr::null_mut(),
    log_level: Toxlink_Log_Level::Info as u32,
};

/// What a relay has done so far.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Toxlink_Relay_Figures {
    /// Clients whose handshake is complete, now.
    pub clients: u64,
    /// Callers accepted.
    pub accepted: u64,
    /// Callers refused, because `max_clients` clients were there.
    pub refused: u64,
    /// Packets passed on.
    pub forwarded: u64,
    /// Their bytes, without ids and keys.
    pub forwarded_bytes: u64,
    /// Packets dropped, because too much waited for their receiver.
    pub dropped: u64,
}

/// Fills in the defaults. `size` is sizeof(*options). NULL does nothing.
///
/// # Safety
/// `options` is NULL or has `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_relay_options_init(
    options: *mut Toxlink_Relay_Options,
    size: usize,
) {
    let defaults = Toxlink_Relay_Options { size, ..DEFAULTS };
    // SAFETY: as promised by the caller.
    unsafe { write_sized(options, size, &defaults) };
}

/// A new relay. It listens from now on, and serves as soon as it is iterated or started. `options` may
/// be NULL for the defaults; `error` may be NULL. The result is to be freed by toxlink_relay_kill();
/// NULL on failure: OPTIONS, NULL (an address), BAD_ADDRESS, LOG_LEVEL, or SYSTEM, if the address is in
/// use or not ours, or there are no descriptors or random bytes left (the log tells).
///
/// # Safety
/// `options` is NULL, or as [`Toxlink_Relay_Options`] says; `error` is NULL or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_relay_new(
    options: *const Toxlink_Relay_Options,
    error: *mut Toxlink_Err_New,
) -> *mut Toxlink_Relay {
    // SAFETY: as promised by the caller.
    let made = fence(|| unsafe { make(options) }, || Err(Toxlink_Err_New::Internal));
    let (object, code) = match made {
        Ok(relay) => (handle::into_raw(relay), Toxlink_Err_New::Ok),
        Err(code) => (core::ptr::null_mut(), code),
    };
    // SAFETY: as promised by the caller.
    unsafe { tell(error, code) };
    object
}

/// Ends the relay: hangs up on all clients and frees it. NULL does nothing.
///
/// Like free(): no other thread may be inside a function of the relay. If it serves on a thread of its
/// own, this waits for the end of that thread; so do not hold a lock that your log callback takes.
/// Called from inside the log callback it does not wait; that is the last time that the callback is
/// called.
///
/// # Safety
/// `relay` is NULL or came from toxlink_relay_new() and was not killed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_relay_kill(relay: *mut Toxlink_Relay) {
    // SAFETY: as promised by the caller.
    fence(|| unsafe { handle::kill(relay) }, || ());
}

/// Does what there is to do now, without waiting. `error` may be NULL. False on failure: NULL; BUSY if it
/// serves on a thread of its own, another thread is in here, or this was called from the log callback;
/// SYSTEM; INTERNAL.
///
/// # Safety
/// As toxlink_relay_kill(); `error` is NULL or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_relay_iterate(
    relay: *mut Toxlink_Relay,
    error: *mut Toxlink_Err_Iterate,
) -> bool {
    // SAFETY: as promised by the caller.
    unsafe { toxlink_relay_turn(relay, 0, error) }
}

/// Waits until there is something to do, for `timeout` milliseconds at most (-1: as long as it takes),
/// and does it. Otherwise as toxlink_relay_iterate().
///
/// # Safety
/// As toxlink_relay_iterate().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_relay_turn(
    relay: *mut Toxlink_Relay,
    timeout: i32,
    error: *mut Toxlink_Err_Iterate,
) -> bool {
    let limit = u64::try_from(timeout).ok().map(Duration::from_millis);
    let turn = |relay: &Call<Toxlink_Relay>| {
        relay.relay.turn(limit, &mut |note| {
            // After a kill from inside the callback nothing is told any more.
            if !relay.handle.is_over() {
                relay.log.note(note);
            }
        })
    };
    // SAFETY: as promised by the caller.
    unsafe { turning(relay, error, turn) }
}

/// Has the relay serve on a thread of its own, until toxlink_relay_stop() or toxlink_relay_kill().
/// `error` may be NULL. False on failure: NULL; BUSY if it does so already, or a thread is in
/// toxlink_relay_turn(); SYSTEM if there is no thread left.
///
/// # Safety
/// As toxlink_relay_iterate().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_relay_start(
    relay: *mut Toxlink_Relay,
    error: *mut Toxlink_Err_Iterate,
) -> bool {
    let start = |relay: &Call<Toxlink_Relay>| {
        let log = relay.log;
        relay.relay.start(move |note| log.note(note))
    };
    // SAFETY: as promised by the caller.
    unsafe { turning(relay, error, start) }
}

/// Ends the relay's thread, and waits for that; so do not hold a lock that your log callback takes.
/// Called from inside the log callback it does not wait. The clients stay, and are served again by the
/// next iteration or toxlink_relay_start(). Does nothing for NULL, and if there is no such thread.
///
/// # Safety
/// As toxlink_relay_kill().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_relay_stop(relay: *mut Toxlink_Relay) {
    // SAFETY: as promised by the caller.
    unsafe { inside(relay, (), |relay| relay.relay.stop()) }
}

/// A descriptor that can be read when toxlink_relay_iterate() has something to do, for poll(2) and the
/// like. It belongs to the relay. -1 for NULL.
///
/// # Safety
/// As toxlink_relay_kill().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_relay_descriptor(relay: *const Toxlink_Relay) -> i32 {
    // SAFETY: as promised by the caller.
    unsafe { inside(relay, -1, |relay| relay.relay.descriptor()) }
}

/// Milliseconds after which toxlink_relay_iterate() has something to do even if the descriptor stays
/// quiet: 0 for now, -1 for never, as poll(2) takes it. -1 for NULL.
///
/// # Safety
/// As toxlink_relay_kill().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_relay_wait(relay: *const Toxlink_Relay) -> i32 {
    let wait = |relay: &Call<Toxlink_Relay>| match relay.relay.wait() {
        // Whoever comes too early is told to wait for the rest, so round up.
        Some(wait) => i32::try_from(wait.as_micros().div_ceil(1000)).unwrap_or(i32::MAX),
        None => -1,
    };
    // SAFETY: as promised by the caller.
    unsafe { inside(relay, -1, wait) }
}

/// Writes the key by which clients know the relay, 32 bytes. False if a pointer is NULL.
///
/// # Safety
/// As toxlink_relay_kill(); `public_key` is NULL or has room for 32 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_relay_public_key(
    relay: *const Toxlink_Relay,
    public_key: *mut u8,
) -> bool {
    let get = |relay: &Call<Toxlink_Relay>| {
        let key = relay.relay.public_key();
        // SAFETY: not NULL, and room for 32 bytes as promised by the caller.
        unsafe { core::ptr::copy_nonoverlapping(key.0.as_ptr(), public_key, key.0.len()) };
        true
    };
    // SAFETY: as promised by the caller.
    !public_key.is_null() && unsafe { inside(relay, false, get) }
}

/// The port of an address, with the one that the system chose for port 0. 0 for NULL, and if there is no
/// such address.
///
/// # Safety
/// As toxlink_relay_kill().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_relay_port(relay: *const Toxlink_Relay, index: usize) -> u16 {
    let port = |relay: &Call<Toxlink_Relay>| {
        relay.relay.addresses().get(index).map_or(0, SocketAddr::port)
    };
    // SAFETY: as promised by the caller.
    unsafe { inside(relay, 0, port) }
}

/// Writes an address on which the relay listens, as "127.0.0.1:40123" and a NUL, cut off after `size`
/// bytes like snprintf(3). The result is the whole length without the NUL; 0 for a NULL relay, and if
/// there is no such address. `text` may be NULL if `size` is 0.
///
/// # Safety
/// As toxlink_relay_kill(); `text` has room for `size` bytes, or is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_relay_address(
    relay: *const Toxlink_Relay,
    index: usize,
    text: *mut c_char,
    size: usize,
) -> usize {
    let write = |relay: &Call<Toxlink_Relay>| {
        let address = relay.relay.addresses().get(index).map(SocketAddr::to_string);
        let address = address.unwrap_or_default();
        if !text.is_null() && size > 0 {
            let count = address.len().min(size - 1);
            // SAFETY: `count` bytes and a NUL are no more than `size`.
            unsafe {
                core::ptr::copy_nonoverlapping(address.as_ptr(), text.cast::<u8>(), count);
                text.add(count).write(0);
            }
        }
        address.len()
    };
    // SAFETY: as promised by the caller.
    unsafe { inside(relay, 0, write) }
}

/// Writes what the relay has done so far, as of its last turn. `size` is sizeof(*figures). False if a
/// pointer is NULL.
///
/// # Safety
/// As toxlink_relay_kill(); `figures` is NULL or has `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_relay_figures(
    relay: *const Toxlink_Relay,
    figures: *mut Toxlink_Relay_Figures,
    size: usize,
) -> bool {
    let get = |relay: &Call<Toxlink_Relay>| {
        let found = relay.relay.figures();
        let out = Toxlink_Relay_Figures {
            clients: relay.relay.clients() as u64,
            accepted: found.accepted,
            refused: found.refused,
            forwarded: found.forwarded,
            forwarded_bytes: found.forwarded_bytes,
            dropped: found.dropped,
        };
        // SAFETY: as promised by the caller.
        unsafe { write_sized(figures, size, &out) };
        true
    };
    // SAFETY: as promised by the caller.
    !figures.is_null() && unsafe { inside(relay, false, get) }
}

// ------------------------------------------------------------------------------- the details

/// Where lines of the log go.
#[derive(Clone, Copy, Debug)]
struct Log {
    callback: toxlink_log_cb,
    object: *mut c_void,
    level: u32,
}

// SAFETY: the pointer is only handed to the callback, and the program was told on which threads that
// runs.
unsafe impl Send for Log {}
// SAFETY: as above.
unsafe impl Sync for Log {}

impl Log {
    fn note(self, note: Note) {
        let level = match note {
            Note::Left(_) => Toxlink_Log_Level::Debug,
            Note::Stopped => Toxlink_Log_Level::Info,
            Note::NoSocket(_) => Toxlink_Log_Level::Warning,
            Note::Failed(_) => Toxlink_Log_Level::Error,
        };
        self.line(level, || note.to_string());
    }

    fn line(self, level: Toxlink_Log_Level, text: impl FnOnce() -> String) {
        let Some(callback) = self.callback.filter(|_| level as u32 >= self.level) else { return };
        // There is no NUL in what we say.
        let text = CString::new(text()).unwrap_or_default();
        // SAFETY: a function of the program's, called as its type says, with nothing locked.
        unsafe { callback(level, text.as_ptr(), self.object) };
    }
}

unsafe fn make(options: *const Toxlink_Relay_Options) -> Result<Toxlink_Relay, Toxlink_Err_New> {
    // SAFETY: as promised by the caller.
    let options = unsafe { read_options(options) }.ok_or(Toxlink_Err_New::Options)?;
    if options.log_level > Toxlink_Log_Level::Error as u32 {
        return Err(Toxlink_Err_New::LogLevel);
    }
    let log = Log {
        callback: options.log_callback,
        object: options.log_object,
        level: options.log_level,
    };
    // SAFETY: as promised by the caller.
    let addresses = unsafe { read_addresses(&options) }?;
    let failed = |error: io::Error| {
        log.line(Toxlink_Log_Level::Error, || format!("no relay: {error}"));
        Toxlink_Err_New::System
    };
    let secret_key = if options.secret_key.is_null() {
        random_secret_key().map_err(failed)?
    } else {
        // SAFETY: 32 bytes, as promised by the caller.
        SecretKey(unsafe { options.secret_key.cast::<[u8; 32]>().read() })
    };
    let usual = Limits::default();
    let limits = Limits {
        clients: if options.max_clients == 0 { usual.clients } else { options.max_clients },
        queue: if options.max_queued == 0 { usual.queue } else { options.max_queued },
    };
    let relay = Relay::bind(&Config { addresses, secret_key, limits }).map_err(failed)?;
    for address in relay.addresses() {
        log.line(Toxlink_Log_Level::Info, || format!("a relay listens on {address}"));
    }
    Ok(Toxlink_Relay { handle: Handle::new(()), relay, log })
}

/// The options as this version knows them; `None` if the size is none that ever was.
unsafe fn read_options(options: *const Toxlink_Relay_Options) -> Option<Toxlink_Relay_Options> {
    if options.is_null() {
        return Some(DEFAULTS);
    }
    // SAFETY: it begins with the size, as promised by the caller.
    let size = unsafe { (&raw const (*options).size).read() };
    // SAFETY: all bytes are there, as the size says.
    (size == DEFAULTS.size).then(|| unsafe { options.read() })
}

unsafe fn read_addresses(
    options: &Toxlink_Relay_Options,
) -> Result<Vec<SocketAddr>, Toxlink_Err_New> {
    if options.address_count == 0 {
        return Ok(vec![SocketAddr::from(([127, 0, 0, 1], 0))]);
    }
    if options.addresses.is_null() {
        return Err(Toxlink_Err_New::Null);
    }
    let mut addresses = Vec::new();
    for index in 0..options.address_count {
        // SAFETY: so many pointers are there, as promised by the caller.
        let text = unsafe { options.addresses.add(index).read() };
        if text.is_null() {
            return Err(Toxlink_Err_New::Null);
        }
        // SAFETY: a string, as promised by the caller.
        let text = unsafe { CStr::from_ptr(text) };
        let address = text.to_str().ok().and_then(|text| text.parse().ok());
        addresses.push(address.ok_or(Toxlink_Err_New::BadAddress)?);
    }
    Ok(addresses)
}

/// Runs `call` inside the object, behind the fence; `failure` if there is no object, or it is over.
unsafe fn inside<T: Copy>(
    relay: *const Toxlink_Relay,
    failure: T,
    call: impl FnOnce(&Call<Toxlink_Relay>) -> T,
) -> T {
    // SAFETY: as promised by the caller.
    let Some(entered) = (unsafe { Call::enter(relay) }) else { return failure };
    let on_panic = || {
        entered.handle.mark_defective();
        failure
    };
    fence(|| if entered.handle.is_over() { failure } else { call(&entered) }, on_panic)
}

/// As [`inside`], for what gives a [`TurnError`].
unsafe fn turning(
    relay: *mut Toxlink_Relay,
    error: *mut Toxlink_Err_Iterate,
    call: impl FnOnce(&Call<Toxlink_Relay>) -> Result<(), TurnError>,
) -> bool {
    let failure =
        if relay.is_null() { Toxlink_Err_Iterate::Null } else { Toxlink_Err_Iterate::Internal };
    let call = |relay: &Call<Toxlink_Relay>| match call(relay) {
        Ok(()) => Toxlink_Err_Iterate::Ok,
        Err(TurnError::Busy) => Toxlink_Err_Iterate::Busy,
        Err(TurnError::System(_)) => Toxlink_Err_Iterate::System,
    };
    // SAFETY: as promised by the caller.
    let code = unsafe { inside(relay, failure, call) };
    // SAFETY: as promised by the caller.
    unsafe { tell(error, code) };
    code == Toxlink_Err_Iterate::Ok
}

unsafe fn tell<T>(error: *mut T, code: T) {
    if !error.is_null() {
        // SAFETY: not NULL, and can be written as promised by the caller.
        unsafe { error.write(code) };
    }
}

/// Writes a struct into `size` bytes: cut off if the program knows less of it, with zeros behind if it
/// knows more.
unsafe fn write_sized<T: Copy>(to: *mut T, size: usize, from: &T) {
    if to.is_null() {
        return;
    }
    let known = size.min(size_of::<T>());
    // SAFETY: `size` bytes are there as promised by the caller, and `known` is no more than that or
    // the struct has.
    unsafe {
        to.cast::<u8>().write_bytes(0, size);
        core::ptr::copy_nonoverlapping(
            core::ptr::from_ref(from).cast::<u8>(),
            to.cast::<u8>(),
            known,
        );
    }
}
