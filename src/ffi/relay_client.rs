// SPDX-License-Identifier: GPL-3.0-or-later
//! The object behind `TCP_Client_Connection *`: made, driven and killed in the same way in all
//! versions.

use core::ffi::{CStr, c_void};
use core::sync::atomic::{AtomicPtr, AtomicU32};

use super::arguments::{public_key, secret_key};
use super::callbacks::RelayCallbacks;
use super::ctypes::{IP_Port, Logger, Mono_Time, TCP_Proxy_Info};
use super::dispatch::dispatch;
use super::fence::fence;
use super::handle::{self, Call, Handle, Object};
use super::host::{Environment, HostFns, Log, draw_handshake, draw_ping_id, place};
use super::host_tcp::HostSocket;
use crate::crypto::{BoxKey, PublicKey};
use crate::proto::relay::event::Event;
use crate::proto::relay::ledger::Record;
use crate::proto::relay::note::{Level, Note};
use crate::proto::relay::proxy::ProxyKind;
use crate::proto::relay::{Config, HandshakeRandom, RelayClient, Written};
use crate::proto::time::Timestamp;
use crate::shell::drive;
use crate::shell::transport::{Received, Transport};
use crate::wire::relay_packet::PingId;

const FILE: &CStr = c"TCP_client.rs";

/// One connection to one relay: `TCP_Client_Connection`.
#[derive(Debug)]
pub struct TCP_Client_Connection {
    handle: Handle<State>,
    /// At a fixed address, because C is given a pointer to it.
    pub(super) relay_pk: PublicKey,
    pub(super) relay_addr: IP_Port,
    pub(super) custom_object: AtomicPtr<c_void>,
    pub(super) custom_uint: AtomicU32,
    pub(super) env: Environment,
    socket: HostSocket,
}

/// What is borrowed for one call.
#[derive(Debug)]
pub struct State {
    pub(super) relay: RelayClient,
    callbacks: RelayCallbacks,
}

impl Object for TCP_Client_Connection {
    type State = State;

    fn handle(&self) -> &Handle<State> {
        &self.handle
    }
}

/// The arguments of the constructors of all versions, as they came from C.
#[derive(Debug)]
pub struct NewClient {
    /// Null for no log.
    pub log: *const Logger,
    /// Never null.
    pub mono_time: *const Mono_Time,
    /// Address of the relay.
    pub relay_addr: *const IP_Port,
    /// Its public key, 32 bytes.
    pub relay_pk: *const u8,
    /// Our public key, 32 bytes.
    pub self_pk: *const u8,
    /// Our secret key, 32 bytes.
    pub self_sk: *const u8,
    /// Null for none.
    pub proxy: *const TCP_Proxy_Info,
}

/// What a connection is made from, checked.
struct Plan {
    config: Config,
    relay_pk: PublicKey,
    relay_addr: IP_Port,
    socket_addr: IP_Port,
}

/// Why no connection is made.
enum Refused {
    NullArgument,
    RelayFamily,
    ProxyKind(u8),
    ProxyFamily,
    LowOrderRelayKey,
    Connect,
}

impl core::fmt::Display for Refused {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::NullArgument => f.write_str("new relay connection: NULL argument"),
            Self::RelayFamily => f.write_str("new relay connection: relay is not IPv4 or IPv6"),
            Self::ProxyKind(kind) => write!(f, "new relay connection: unknown proxy type {kind}"),
            Self::ProxyFamily => f.write_str("new relay connection: proxy is not IPv4 or IPv6"),
            Self::LowOrderRelayKey => f.write_str("new relay connection: key of low order"),
            Self::Connect => f.write_str("new relay connection: cannot connect"),
        }
    }
}

/// Makes a connection; null on failure, with a line in the log.
///
/// # Safety
/// Every pointer is null or valid as abi.md section 1.1 says; those in `env` for the life of the
/// object, the others for this call.
pub unsafe fn new_client(env: Environment, new: &NewClient) -> *mut TCP_Client_Connection {
    env.fns.use_from_now_on();
    // SAFETY: null or valid for this call.
    let log = unsafe { Log::new(env.fns, new.log) };
    fence(
        // SAFETY: as promised by the caller.
        || match unsafe { try_new_client(env, log, new) } {
            Ok(client) => handle::into_raw(client),
            Err(refused) => {
                log.write(Level::Warning, place!(c"new_TCP_connection"), &refused);
                core::ptr::null_mut()
            }
        },
        || {
            log_defect(log, c"new_TCP_connection");
            core::ptr::null_mut()
        },
    )
}

/// # Safety
/// As [`new_client`].
unsafe fn try_new_client(
    env: Environment,
    log: Log,
    new: &NewClient,
) -> Result<TCP_Client_Connection, Refused> {
    if new.mono_time.is_null() || env.lacks_something() {
        return Err(Refused::NullArgument);
    }
    // SAFETY: null or valid for this call.
    let plan = unsafe { plan(new) }?;
    // SAFETY: not null, so valid.
    let now = Timestamp(unsafe { (env.fns.mono_time_get)(new.mono_time) });
    // SAFETY: valid for the life of the object.
    let socket = unsafe { HostSocket::connect(env, log, &plan.socket_addr) };
    let relay =
        RelayClient::new(Config { keeps_ledger: env.accounts().is_some(), ..plan.config }, now);
    let client = TCP_Client_Connection {
        handle: Handle::new(State { relay, callbacks: RelayCallbacks::default() }),
        relay_pk: plan.relay_pk,
        relay_addr: plan.relay_addr,
        custom_object: AtomicPtr::default(),
        custom_uint: AtomicU32::default(),
        env,
        socket: socket.ok_or(Refused::Connect)?,
    };
    // A direct handshake is made here, so that its random bytes are drawn where the C code does.
    drive::prepare(&Visit { client: &client, log, userdata: core::ptr::null_mut() }, now);
    Ok(client)
}

/// # Safety
/// As [`new_client`].
unsafe fn plan(new: &NewClient) -> Result<Plan, Refused> {
    // SAFETY: each is null or valid for this call, the keys with 32 bytes.
    let (relay_addr, relay_pk, self_pk, self_sk, proxy) = unsafe {
        (
            *new.relay_addr.as_ref().ok_or(Refused::NullArgument)?,
            public_key(new.relay_pk).ok_or(Refused::NullArgument)?,
            public_key(new.self_pk).ok_or(Refused::NullArgument)?,
            secret_key(new.self_sk).ok_or(Refused::NullArgument)?,
            new.proxy.as_ref(),
        )
    };
    let target = relay_addr.socket_addr().ok_or(Refused::RelayFamily)?;
    let (kind, socket_addr) = match proxy.map(|proxy| (proxy.proxy_type, proxy.ip_port)) {
        None | Some((0, _)) => (None, relay_addr),
        Some((1, addr)) => (Some(ProxyKind::Http), addr),
        Some((2, addr)) => (Some(ProxyKind::Socks5), addr),
        Some((kind, _)) => return Err(Refused::ProxyKind(kind)),
    };
    socket_addr.socket_addr().ok_or(Refused::ProxyFamily)?;
    let long_term =
        BoxKey::precompute(&relay_pk, &self_sk).map_err(|_| Refused::LowOrderRelayKey)?;
    let (target, proxy) = (target.into(), kind.map(Into::into));
    let config = Config { self_pk, long_term, target, proxy, keeps_ledger: false };
    Ok(Plan { config, relay_pk, relay_addr, socket_addr })
}

/// One step of the state machine.
///
/// # Safety
/// `log`, `mono_time` and `con` are null or valid; `userdata` is opaque.
pub unsafe fn do_client(
    fns: &'static HostFns,
    log: *const Logger,
    mono_time: *const Mono_Time,
    con: *mut TCP_Client_Connection,
    userdata: *mut c_void,
) {
    // SAFETY: null or valid for this call.
    let log = unsafe { Log::new(fns, log) };
    let step = || {
        // SAFETY: as promised by the caller.
        let call = unsafe { Call::enter(con) };
        let Some(client) = call.filter(|_| !mono_time.is_null()) else {
            log.write(
                Level::Warning,
                place!(c"do_TCP_connection"),
                &"no step: NULL object or clock",
            );
            return;
        };
        // SAFETY: not null, so valid.
        let now = Timestamp(unsafe { (fns.mono_time_get)(mono_time) });
        fence(
            || {
                drive::step(&Visit { client: &client, log, userdata }, now, drive::Limits::ALONE);
            },
            || defect(&client, log, c"do_TCP_connection"),
        );
    };
    fence(step, || ());
}

/// Closes the socket and frees the object; from inside a callback of the object, as soon as that
/// call has returned.
///
/// # Safety
/// `con` is null or valid, and is not used afterwards.
pub unsafe fn kill_client(con: *mut TCP_Client_Connection) {
    fence(
        // SAFETY: as promised by the caller.
        || unsafe { handle::kill(con) },
        || (),
    );
}

impl TCP_Client_Connection {
    pub(super) fn callbacks<R>(&self, read: impl FnOnce(&mut RelayCallbacks) -> R) -> Option<R> {
        self.handle.with(|state| read(&mut state.callbacks))
    }
}

/// One call of C inside an object, with what came along.
pub(super) struct Visit<'a> {
    pub(super) client: &'a TCP_Client_Connection,
    pub(super) log: Log,
    pub(super) userdata: *mut c_void,
}

impl Transport for Visit<'_> {
    fn send(&self, bytes: &[u8]) -> Written {
        self.client.socket.send(bytes)
    }

    fn receive(&self, room: &mut [u8]) -> Received {
        self.client.socket.receive(room)
    }

    fn acknowledge(&self) {
        self.client.socket.acknowledge();
    }
}

impl drive::Host for Visit<'_> {
    fn with<R>(&self, call: impl FnOnce(&mut RelayClient) -> R) -> Option<R> {
        self.client.handle.with(|state| call(&mut state.relay))
    }

    fn handshake_random(&self) -> HandshakeRandom {
        draw_handshake(&self.client.env)
    }

    fn ping_id(&self) -> PingId {
        draw_ping_id(&self.client.env)
    }

    fn event(&self, event: Event<'_>) {
        dispatch(self.client, event, self.userdata);
    }

    fn log(&self, note: Note) {
        self.log.write(note.level(), place!(c"do_TCP_connection"), &note);
    }

    fn keeps_ledger(&self) -> bool {
        self.client.env.accounts().is_some()
    }

    fn record(&self, record: Record) {
        self.client.env.record(record);
    }
}

/// A panic was met in an object.
pub(super) fn defect(client: &TCP_Client_Connection, log: Log, function: &'static CStr) {
    // The machine may be in the middle of something, but this only wipes it.
    fence(|| client.handle.with(|state| state.relay.handle_defect()), || None);
    client.handle.mark_defective();
    log_defect(log, function);
}

fn log_defect(log: Log, function: &'static CStr) {
    log.write(Level::Error, place!(function), &"internal error; the connection is given up");
}
