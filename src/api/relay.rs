// SPDX-License-Identifier: GPL-3.0-or-later
//! `Toxlink_Relay`: a relay inside the program.

use core::ffi::{c_char, c_void};
use std::net::SocketAddr;

use super::entry::{
    Logs, duration, enter, kill, look, milliseconds, read_sized, run, secret_key, text, write_key,
    write_sized, write_text,
};
use super::error::{Toxlink_Err_Iterate, Toxlink_Err_New};
use super::memory;
use super::options::{Log, Toxlink_Log_Level, toxlink_log_cb};
use super::panics;
use crate::ffi::handle::{self, Call, Handle, Object};
use crate::net::random_secret_key;
use crate::net::relay::{Config, Note, Relay};
use crate::proto::relay::note::Level;
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
    log: NoteLog,
}

impl Object for Toxlink_Relay {
    type State = ();

    fn handle(&self) -> &Handle<()> {
        &self.handle
    }
}

impl Logs for Toxlink_Relay {
    fn log(&self) -> &Log {
        &self.log.0
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
    /// IP addresses with ports to listen on, `127.0.0.1:3389` or `[::1]:3389`; port 0 takes any that is
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
    /// A Toxlink_Log_Level: the least that is worth a line. Departures of clients and listening are DEBUG,
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
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_relay_options_init(
    options: *mut Toxlink_Relay_Options,
    size: usize,
) {
    let defaults = Toxlink_Relay_Options { size, ..DEFAULTS };
    // SAFETY: NULL, or as many bytes as the caller says.
    unsafe { write_sized(options, size, &defaults) };
}

/// A new relay. It listens from now on, and serves as soon as it is iterated or started. `options` may
/// be NULL for the defaults; `error` may be NULL. The result is to be freed by toxlink_relay_kill();
/// NULL on failure: OPTIONS, NULL (an address), BAD_ADDRESS, LOG_LEVEL, or SYSTEM, if the address is in
/// use or not ours, or there are no descriptors or random bytes left (the log tells).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_relay_new(
    options: *const Toxlink_Relay_Options,
    error: *mut Toxlink_Err_New,
) -> *mut Toxlink_Relay {
    // SAFETY: as promised by the caller.
    unsafe { run(error, core::ptr::null_mut(), || make(options).map(handle::into_raw)) }
}

/// Ends the relay: hangs up on all clients and frees it. NULL does nothing.
///
/// Like free(): no other thread may be inside a function of the relay. If it serves on a thread of its
/// own, this waits for the end of that thread; so do not hold a lock that your log callback takes.
/// Called from inside the log callback it does not wait; that is the last time that the callback is
/// called.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_relay_kill(relay: *mut Toxlink_Relay) {
    // SAFETY: as promised by the caller.
    unsafe {
        // Until its thread is over, the log callback may call functions of the relay.
        look(relay, (), |relay| {
            relay.relay.stop();
            Some(())
        });
        kill(relay);
    }
}

/// Does what there is to do now, without waiting. `error` may be NULL. False on failure: NULL; BUSY if it
/// serves on a thread of its own, another thread is in here, or this was called from the log callback;
/// SYSTEM; INTERNAL.
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
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_relay_turn(
    relay: *mut Toxlink_Relay,
    timeout: i32,
    error: *mut Toxlink_Err_Iterate,
) -> bool {
    let turn = |relay: &Call<Toxlink_Relay>| {
        let mut handler = |note| {
            // After a kill from inside the callback nothing is told any more.
            if !relay.handle.is_over() {
                relay.log.write(note);
            }
        };
        relay.relay.turn(duration(timeout), &mut handler)?;
        Ok(true)
    };
    // SAFETY: as promised by the caller.
    unsafe { enter(relay, error, false, turn) }
}

/// Has the relay serve on a thread of its own, until toxlink_relay_stop() or toxlink_relay_kill().
/// `error` may be NULL. False on failure: NULL; BUSY if it does so already, or a thread is in
/// toxlink_relay_turn(); SYSTEM if there is no thread left.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_relay_start(
    relay: *mut Toxlink_Relay,
    error: *mut Toxlink_Err_Iterate,
) -> bool {
    let start = |relay: &Call<Toxlink_Relay>| {
        let log = relay.log;
        let tell = move |note| {
            log.write(note);
            if matches!(note, Note::Failed(_)) {
                panics::tell(&log.0);
            }
        };
        relay.relay.start_while(tell, || !memory::is_short())?;
        Ok(true)
    };
    // SAFETY: as promised by the caller.
    unsafe { enter(relay, error, false, start) }
}

/// Ends the relay's thread, and waits for that; so do not hold a lock that your log callback takes.
/// Called from inside the log callback it does not wait. The clients stay, and are served again by the
/// next iteration or toxlink_relay_start(). Does nothing for NULL, and if there is no such thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_relay_stop(relay: *mut Toxlink_Relay) {
    // SAFETY: as promised by the caller.
    unsafe {
        look(relay, (), |relay| {
            relay.relay.stop();
            Some(())
        });
    }
}

/// A descriptor that can be read when toxlink_relay_iterate() has something to do, for poll(2) and the
/// like. It belongs to the relay. -1 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_relay_descriptor(relay: *const Toxlink_Relay) -> i32 {
    // SAFETY: as promised by the caller.
    unsafe { look(relay, -1, |relay| Some(relay.relay.descriptor())) }
}

/// Milliseconds after which toxlink_relay_iterate() has something to do even if the descriptor stays
/// quiet: 0 for now, -1 for never, as poll(2) takes it. -1 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_relay_wait(relay: *const Toxlink_Relay) -> i32 {
    // SAFETY: as promised by the caller.
    unsafe { look(relay, -1, |relay| Some(milliseconds(relay.relay.wait()))) }
}

/// Writes the key by which clients know the relay, 32 bytes. False if a pointer is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_relay_public_key(
    relay: *const Toxlink_Relay,
    public_key: *mut u8,
) -> bool {
    // SAFETY: as promised by the caller.
    unsafe {
        look(relay, false, |relay| {
            write_key(public_key, &relay.relay.public_key().0).map(|()| true)
        })
    }
}

/// The port of an address, with the one that the system chose for port 0. 0 for NULL, and if there is no
/// such address.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_relay_port(relay: *const Toxlink_Relay, index: usize) -> u16 {
    let port =
        |relay: &Call<Toxlink_Relay>| relay.relay.addresses().get(index).map(SocketAddr::port);
    // SAFETY: as promised by the caller.
    unsafe { look(relay, 0, port) }
}

/// Writes an address on which the relay listens, as "127.0.0.1:40123" and a NUL, cut off after `size`
/// bytes like snprintf(3). The result is the whole length without the NUL; 0 for a NULL relay, and if
/// there is no such address. `text` may be NULL if `size` is 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_relay_address(
    relay: *const Toxlink_Relay,
    index: usize,
    text: *mut c_char,
    size: usize,
) -> usize {
    let write = |relay: &Call<Toxlink_Relay>| {
        let address = relay.relay.addresses().get(index)?.to_string();
        // SAFETY: as promised by the caller.
        Some(unsafe { write_text(&address, text, size) })
    };
    // SAFETY: as promised by the caller.
    unsafe {
        write_text("", text, size);
        look(relay, 0, write)
    }
}

/// Writes what the relay has done so far, as of its last turn. `size` is sizeof(*figures). False if a
/// pointer is NULL.
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
        unsafe { write_sized(figures, size, &out) }.map(|()| true)
    };
    // SAFETY: as promised by the caller.
    unsafe { look(relay, false, get) }
}

// ------------------------------------------------------------------------------- the details

/// The log of a relay, for its thread.
#[derive(Clone, Copy, Debug)]
struct NoteLog(Log);

// SAFETY: what is not Send by itself is the pointer that is handed to the callback, and the program is
// told on which threads that runs.
unsafe impl Send for NoteLog {}

impl NoteLog {
    fn write(&self, note: Note) {
        let level = match note {
            Note::Left(_) => Level::Debug,
            Note::Stopped => Level::Info,
            Note::NoSocket(_) => Level::Warning,
            Note::Failed(_) => Level::Error,
        };
        self.0.write(level, &note);
    }
}

/// # Safety
/// `options` is NULL, or as [`Toxlink_Relay_Options`] says.
unsafe fn make(options: *const Toxlink_Relay_Options) -> Result<Toxlink_Relay, Toxlink_Err_New> {
    let options = if options.is_null() {
        DEFAULTS
    } else {
        let least = core::mem::offset_of!(Toxlink_Relay_Options, log_level) + size_of::<u32>();
        // SAFETY: not null, so as many bytes as it says.
        unsafe { read_sized(options, least, DEFAULTS) }.ok_or(Toxlink_Err_New::Options)?
    };
    let log = Log::new(options.log_callback, options.log_object, options.log_level)
        .ok_or(Toxlink_Err_New::LogLevel)?;
    // SAFETY: as promised by the caller.
    let addresses = unsafe { addresses(&options) }?;
    let failed = |error: std::io::Error| {
        log.write(Level::Error, &format_args!("no relay: {error}"));
        Toxlink_Err_New::System
    };
    // SAFETY: NULL or a key.
    let secret_key = match unsafe { secret_key(options.secret_key) } {
        Some(key) => key,
        None => random_secret_key().map_err(failed)?,
    };
    let usual = Limits::default();
    let limits = Limits {
        clients: if options.max_clients == 0 { usual.clients } else { options.max_clients },
        queue: if options.max_queued == 0 { usual.queue } else { options.max_queued },
    };
    let relay = Relay::bind(&Config { addresses, secret_key, limits }).map_err(failed)?;
    for address in relay.addresses() {
        log.write(Level::Debug, &format_args!("a relay listens on {address}"));
    }
    Ok(Toxlink_Relay { handle: Handle::new(()), relay, log: NoteLog(log) })
}

/// # Safety
/// As [`make`].
unsafe fn addresses(options: &Toxlink_Relay_Options) -> Result<Vec<SocketAddr>, Toxlink_Err_New> {
    if options.address_count == 0 {
        return Ok(vec![SocketAddr::from(([127, 0, 0, 1], 0))]);
    }
    if options.addresses.is_null() {
        return Err(Toxlink_Err_New::Null);
    }
    let mut addresses = Vec::new();
    for index in 0..options.address_count {
        // SAFETY: so many pointers are there, as promised by the caller.
        let address = unsafe { options.addresses.add(index).read() };
        if address.is_null() {
            return Err(Toxlink_Err_New::Null);
        }
        // SAFETY: as above, to texts.
        let address = unsafe { text(address) }.and_then(|text| text.parse().ok());
        addresses.push(address.ok_or(Toxlink_Err_New::BadAddress)?);
    }
    Ok(addresses)
}
