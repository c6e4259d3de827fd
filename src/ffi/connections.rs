// SPDX-License-Identifier: GPL-3.0-or-later
//! The object behind `TCP_Connections *`: made, driven and killed in the same way in all versions.

use core::ffi::{CStr, c_int, c_void};
use std::sync::Arc;

use super::arguments::{self, secret_key};
use super::callbacks::{Slot, forwarded_response_cb, tcp_data_cb, tcp_onion_cb, tcp_oob_cb};
use super::ctypes::{IP_Port, Logger, Mono_Time, TCP_Proxy_Info};
use super::fence::fence;
use super::handle::{self, Call, Handle, Object};
use super::host::{Environment, HostFns, Log, place};
use super::host_tcp::HostSocket;
use super::link_host::LinkHost;
use crate::crypto::{PublicKey, rust::public_key};
use crate::proto::connections::event::Delivery;
use crate::proto::connections::note::Note;
use crate::proto::connections::{Connections, Link, Opening, PeerRef};
use crate::proto::relay::RelayClient;
use crate::proto::relay::note::Level;
use crate::proto::relay::proxy::ProxyKind;
use crate::proto::time::{Clock, Millis, Timestamp};
use crate::shell::round::{self, Hub};

const FILE: &CStr = c"TCP_connection.rs";

/// Bytes that may wait in the system for one relay: some tens of packets, so that a relay that reads
/// slowly counts as full while the next one can still carry.
const MAX_UNSENT: c_int = 64 * 1024;

/// Many relays and the peers behind them: `TCP_Connections`.
#[derive(Debug)]
pub struct TCP_Connections {
    handle: Handle<State>,
    /// At a fixed address, because C is given a pointer to it.
    pub(super) self_pk: PublicKey,
    pub(super) env: Environment,
    /// Valid as long as the object.
    mono_time: *const Mono_Time,
    /// Valid as long as the object, or null.
    log: *const Logger,
    proxy: Proxy,
    /// Sockets are the operating system's.
    is_system: bool,
}

/// What is borrowed for one call.
#[derive(Debug)]
pub struct State {
    pub(super) machine: Connections,
    pub(super) callbacks: ConnectionsCallbacks,
    /// By relay number, with the serial of the connection.
    sockets: Vec<Option<(u32, Arc<HostSocket>)>>,
}

/// The callbacks of `TCP_Connections`.
#[derive(Debug, Default)]
pub struct ConnectionsCallbacks {
    /// `set_packet_tcp_connection_callback`
    pub data: Slot<tcp_data_cb>,
    /// `set_oob_packet_tcp_connection_callback`
    pub oob: Slot<tcp_oob_cb>,
    /// `set_onion_packet_tcp_connection_callback`
    pub onion: Slot<tcp_onion_cb>,
    /// `set_forwarding_packet_tcp_connection_callback`
    pub forwarding: Slot<forwarded_response_cb>,
}

/// How relays are reached.
#[derive(Clone, Copy, Debug)]
enum Proxy {
    Direct,
    Through(ProxyKind, IP_Port),
    /// Asked for, but unusable: nothing is connected at all, least of all directly.
    Unusable,
}

impl Object for TCP_Connections {
    type State = State;

    fn handle(&self) -> &Handle<State> {
        &self.handle
    }
}

/// The arguments of the constructors of all versions, as they came from C.
#[derive(Debug)]
pub struct NewConnections {
    /// Null for no log; else valid as long as the object.
    pub log: *const Logger,
    /// Never null; valid as long as the object.
    pub mono_time: *const Mono_Time,
    /// Our secret key, 32 bytes.
    pub secret_key: *const u8,
    /// Null for none.
    pub proxy: *const TCP_Proxy_Info,
}

/// Makes an object without peers and relays; null for a forbidden null.
///
/// # Safety
/// Every pointer is null or valid as abi.md section 1.2 says; those in `env`, the logger and the
/// clock for the life of the object, the others for this call.
pub unsafe fn new_connections(env: Environment, new: &NewConnections) -> *mut TCP_Connections {
    env.fns.use_from_now_on();
    // SAFETY: null or valid for this call.
    let log = unsafe { Log::new(env.fns, new.log) };
    let make = || {
        // SAFETY: as promised by the caller.
        unsafe { try_new_connections(env, new) }.map_or_else(
            || {
                log.write(Level::Warning, place!(c"new_tcp_connections"), &"NULL argument");
                core::ptr::null_mut()
            },
            handle::into_raw,
        )
    };
    fence(make, || {
        log_defect(log, c"new_tcp_connections");
        core::ptr::null_mut()
    })
}

/// # Safety
/// As [`new_connections`].
unsafe fn try_new_connections(env: Environment, new: &NewConnections) -> Option<TCP_Connections> {
    if new.mono_time.is_null() || env.lacks_something() {
        return None;
    }
    // SAFETY: null or valid for this call; the key has 32 bytes.
    let (self_sk, proxy) = unsafe { (secret_key(new.secret_key)?, new.proxy.as_ref()) };
    let proxy = match proxy.map(|proxy| (proxy.proxy_type, proxy.ip_port)) {
        None | Some((0, _)) => Proxy::Direct,
        Some((1, address)) => Proxy::Through(ProxyKind::Http, address),
        Some((2, address)) => Proxy::Through(ProxyKind::Socks5, address),
        Some(_) => Proxy::Unusable,
    };
    let kind = match proxy {
        Proxy::Through(kind, _) => Some(kind),
        Proxy::Direct | Proxy::Unusable => None,
    };
    let self_pk = public_key(&self_sk);
    // SAFETY: not null, so valid.
    let is_system = unsafe { (env.fns.is_system_network)(env.ns) };
    let mut machine = Connections::new(self_pk, self_sk, kind.map(Into::into));
    if env.accounts().is_some() {
        machine.keep_ledgers();
    }
    Some(TCP_Connections {
        handle: Handle::new(State {
            machine,
            callbacks: ConnectionsCallbacks::default(),
            sockets: Vec::new(),
        }),
        self_pk,
        env,
        mono_time: new.mono_time,
        log: new.log,
        proxy,
        is_system,
    })
}

/// One round of all relays.
///
/// # Safety
/// `log` and `tc` are null or valid; `userdata` is opaque.
pub unsafe fn do_connections(
    fns: &'static HostFns,
    log: *const Logger,
    tc: *mut TCP_Connections,
    userdata: *mut c_void,
) {
    // SAFETY: null or valid for this call.
    let log = unsafe { Log::new(fns, log) };
    let round = || {
        // SAFETY: as promised by the caller.
        let Some(object) = (unsafe { Call::enter(tc) }) else {
            log.write(Level::Warning, place!(c"do_tcp_connections"), &"NULL object");
            return;
        };
        let visit = Visit { object: &object, log, userdata };
        fence(|| round::round(&visit, object.clock()), || visit.defect(c"do_tcp_connections"));
    };
    fence(round, || ());
}

/// Whether a relay with this key is known, in whatever state.
///
/// # Safety
/// `tc` is null or valid; `relay_pk` is null or 32 bytes.
pub unsafe fn knows_relay(tc: *const TCP_Connections, relay_pk: *const u8) -> bool {
    fence(
        || {
            // SAFETY: as promised by the caller.
            let (object, pk) =
                unsafe { (Call::enter(tc.cast_mut()), arguments::public_key(relay_pk)) };
            let (Some(object), Some(pk)) = (object, pk) else { return false };
            object.handle().with(|state| state.machine.knows_relay(&pk)) == Some(true)
        },
        || false,
    )
}

/// Closes all sockets and frees the object; from inside a callback of the object, as soon as the
/// outermost call has returned.
///
/// # Safety
/// `tc` is null or valid, and is not used afterwards.
pub unsafe fn kill_connections(tc: *mut TCP_Connections) {
    fence(
        // SAFETY: as promised by the caller.
        || unsafe { handle::kill(tc) },
        || (),
    );
}

impl TCP_Connections {
    /// The seconds of toxcore's clock.
    pub(super) fn seconds(&self) -> Timestamp {
        // SAFETY: the clock is valid as long as the object.
        Timestamp(unsafe { (self.env.fns.mono_time_get)(self.mono_time) })
    }

    fn clock(&self) -> Clock {
        // SAFETY: as above.
        let millis = unsafe { (self.env.fns.mono_time_millis)(self.mono_time) };
        Clock { seconds: self.seconds(), millis: Millis(millis) }
    }

    /// 32 random bits.
    pub(super) fn random_u32(&self) -> u32 {
        // SAFETY: the random source is valid as long as the object.
        unsafe { (self.env.fns.random_u32)(self.env.rng) }
    }
}

/// One call of C inside an object, with what came along.
pub(super) struct Visit<'a> {
    pub(super) object: &'a TCP_Connections,
    pub(super) log: Log,
    pub(super) userdata: *mut c_void,
}

impl<'a> Visit<'a> {
    /// For a function that is given no logger: the object has one.
    pub(super) fn new(object: &'a TCP_Connections) -> Self {
        // SAFETY: valid as long as the object, or null.
        let log = unsafe { Log::new(object.env.fns, object.log) };
        Self { object, log, userdata: core::ptr::null_mut() }
    }

    /// A panic was met in the object: it is not used any more, unless all its tables agree still.
    pub(super) fn defect(&self, function: &'static CStr) {
        let is_sound = || self.with(|machine| machine.audit().is_ok()) == Some(true);
        if !fence(is_sound, || false) {
            self.object.handle.mark_defective();
            return log_defect(self.log, function);
        }
        self.log.write(Level::Error, place!(function), &"internal error; going on");
    }

    /// Turns a packet into a call of C. Nothing is borrowed while the callback runs. Results of
    /// callbacks are ignored, as in the C code.
    pub(super) fn deliver(&self, delivery: Delivery<'_>) {
        let userdata = self.userdata;
        // Lengths fit: no packet has more than 2031 bytes.
        // SAFETY (all calls below): C promised a function of this type when it set the slot; the
        // data lies in the receive buffer, which this round owns until the callback has returned.
        match delivery {
            Delivery::Data { id, data } => {
                let Some((call, object)) = self.callback(|slots| slots.data) else { return };
                // SAFETY: see above.
                unsafe { call(object, id as c_int, data.as_ptr(), data.len() as u16, userdata) };
            }
            Delivery::Oob { sender, relay, data } => {
                let Some((call, object)) = self.callback(|slots| slots.oob) else { return };
                let (sender, length) = (sender.0.as_ptr(), data.len() as u16);
                // SAFETY: see above.
                unsafe { call(object, sender, relay.0, data.as_ptr(), length, userdata) };
            }
            Delivery::Onion(data) => {
                let Some((call, object)) = self.callback(|slots| slots.onion) else { return };
                // SAFETY: see above.
                unsafe { call(object, data.as_ptr(), data.len() as u16, userdata) };
            }
            Delivery::Forwarding(data) => {
                let Some((call, object)) = self.callback(|slots| slots.forwarding) else { return };
                // SAFETY: see above.
                unsafe { call(object, data.as_ptr(), data.len() as u16, userdata) };
            }
        }
    }

    /// The callback and its object, copied out just before the call; `None` if C set none.
    fn callback<F: Copy>(
        &self,
        read: impl FnOnce(&ConnectionsCallbacks) -> Slot<Option<F>>,
    ) -> Option<(F, *mut c_void)> {
        let slot = self.object.handle.with(|state| read(&state.callbacks))?;
        slot.function.map(|function| (function, slot.object))
    }

    fn socket(&self, link: Link) -> Option<Arc<HostSocket>> {
        let socket = self.object.handle.with(|state| {
            let (serial, socket) = state.sockets.get(link.relay.0 as usize)?.as_ref()?;
            (*serial == link.serial).then(|| socket.clone())
        });
        socket.flatten()
    }
}

impl Hub for Visit<'_> {
    type Host<'b>
        = LinkHost<'b>
    where
        Self: 'b;

    fn with<R>(&self, call: impl FnOnce(&mut Connections) -> R) -> Option<R> {
        self.object.handle.with(|state| call(&mut state.machine))
    }

    fn host(&self, link: Link, peer: Option<PeerRef>) -> Option<LinkHost<'_>> {
        Some(LinkHost { visit: self, link, peer, socket: self.socket(link)? })
    }

    fn open(&self, opening: Opening) -> bool {
        let address = match self.object.proxy {
            // C names relays by address only.
            Proxy::Direct => match opening.address {
                Some(address) => IP_Port::new(address),
                None => return false,
            },
            Proxy::Through(_, proxy) if proxy.socket_addr().is_some() => proxy,
            Proxy::Through(..) | Proxy::Unusable => {
                self.log.write(Level::Warning, place!(c"new relay"), &"the proxy is unusable");
                return false;
            }
        };
        // SAFETY: the environment is valid for the life of the object, which owns the socket.
        let socket = unsafe { HostSocket::connect(self.object.env, self.log, &address) };
        let Some(socket) = socket.map(Arc::new) else { return false };
        socket.limit_unsent(MAX_UNSENT);
        let Link { relay, serial } = opening.link;
        let index = relay.0 as usize;
        let old = self.object.handle.with(|state| {
            if state.machine.client_mut(opening.link).is_none() {
                // Killed while the socket was being opened.
                return Err(socket);
            }
            if state.sockets.len() <= index {
                state.sockets.resize_with(index + 1, || None);
            }
            match state.sockets.get_mut(index) {
                Some(entry) => Ok(entry.replace((serial, socket))),
                None => Err(socket),
            }
        });
        // A socket that is not used (any more) is closed here: outside of the borrow.
        matches!(old, Some(Ok(_)))
    }

    fn close(&self, link: Link) {
        let closed = self.object.handle.with(|state| {
            let entry = state.sockets.get_mut(link.relay.0 as usize)?;
            let is_it = entry.as_ref().is_some_and(|(serial, _)| *serial == link.serial);
            let closed = if is_it { entry.take() } else { None };
            while let Some(None) = state.sockets.last() {
                state.sockets.pop();
            }
            closed
        });
        drop(closed);
    }

    fn ready(&self) -> Option<Vec<Link>> {
        if !self.object.is_system {
            return None;
        }
        let sockets = self.object.handle.with(|state| {
            let State { machine, sockets, .. } = state;
            let found = machine.links().filter_map(|(link, writes)| {
                let (serial, socket) = sockets.get(link.relay.0 as usize)?.as_ref()?;
                (*serial == link.serial).then(|| (link, writes, socket.clone()))
            });
            found.collect::<Vec<_>>()
        });
        super::readiness::ready(&sockets.unwrap_or_default())
    }

    fn guard(&self, link: Link, step: impl FnOnce() -> bool) -> bool {
        let function = c"do_tcp_connections";
        fence(step, || {
            self.with(|machine| machine.client_mut(link).map(RelayClient::handle_defect));
            self.defect(function);
            false
        })
    }

    fn log(&self, note: Note) {
        self.log.write(note.level(), place!(c"do_tcp_connections"), &note);
    }
}

fn log_defect(log: Log, function: &'static CStr) {
    log.write(Level::Error, place!(function), &"internal error; the object is given up");
}
