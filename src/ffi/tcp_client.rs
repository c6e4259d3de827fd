// SPDX-License-Identifier: GPL-3.0-or-later
//! The functions of `TCP_client.h` that all supported versions share, and what the versions'
//! constructors, steps and destructors have in common.
//!
//! Results: 1 sent or queued, 0 not now, -1 failure. Null objects, ids out of range and illegal
//! lengths give the documented failure value and change nothing (abi.md section 1.1).

use core::ffi::{CStr, c_int, c_void};
use core::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

use super::callbacks::{
    RelayCallbacks, Slot, forwarded_response_cb, tcp_onion_response_cb, tcp_oob_data_cb,
    tcp_routing_data_cb, tcp_routing_response_cb, tcp_routing_status_cb,
};
use super::ctypes::{IP_Port, Logger, Mono_Time, TCP_Proxy_Info};
use super::fence::fence;
use super::handle::{self, Call, Handle, Object};
use super::host::{Environment, Log, place};
use super::host_tcp::HostSocket;
use crate::crypto::{BoxKey, Nonce, PublicKey, SecretKey};
use crate::proto::relay::event::Event;
use crate::proto::relay::note::{Level, Note};
use crate::proto::relay::proxy::ProxyKind;
use crate::proto::relay::state::{SendError, Status};
use crate::proto::relay::{Config, HandshakeRandom, RelayClient, Written};
use crate::proto::time::Timestamp;
use crate::shell::drive;
use crate::shell::transport::{Received, Transport};
use crate::wire::connection_id::ConnectionId;
use crate::wire::relay_packet::{PingId, ToRelay};

const FILE: &CStr = c"TCP_client.rs";

/// One connection to one relay: `TCP_Client_Connection`.
#[derive(Debug)]
pub struct TCP_Client_Connection {
    handle: Handle<State>,
    /// At a fixed address, because C is given a pointer to it.
    relay_pk: PublicKey,
    relay_addr: IP_Port,
    custom_object: AtomicPtr<c_void>,
    custom_uint: AtomicU32,
    env: Environment,
    socket: HostSocket,
}

/// What is borrowed for one call.
#[derive(Debug)]
pub struct State {
    relay: RelayClient,
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
    if new.mono_time.is_null() || env.rng.is_null() || env.ns.is_null() {
        return Err(Refused::NullArgument);
    }
    // SAFETY: null or valid for this call.
    let plan = unsafe { plan(new) }?;
    // SAFETY: not null, so valid.
    let now = Timestamp(unsafe { (env.fns.mono_time_get)(new.mono_time) });
    // SAFETY: valid for the life of the object.
    let socket = unsafe { HostSocket::connect(env, log, &plan.socket_addr) };
    let client = TCP_Client_Connection {
        handle: Handle::new(State {
            relay: RelayClient::new(plan.config, now),
            callbacks: RelayCallbacks::default(),
        }),
        relay_pk: plan.relay_pk,
        relay_addr: plan.relay_addr,
        custom_object: AtomicPtr::default(),
        custom_uint: AtomicU32::default(),
        env,
        socket: socket.ok_or(Refused::Connect)?,
    };
    // A direct handshake is made here, so that its random bytes are drawn where the C code does.
    if client.handle.with(|state| state.relay.needs(now).handshake_random) == Some(true) {
        let random = client.handshake_random();
        client.handle.with(|state| state.relay.handle_handshake_random(random));
    }
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
            SecretKey(public_key(new.self_sk).ok_or(Refused::NullArgument)?.0),
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
    let config = Config { self_pk, long_term, target, proxy: kind };
    Ok(Plan { config, relay_pk, relay_addr, socket_addr })
}

/// One step of the state machine.
///
/// # Safety
/// `log`, `mono_time` and `con` are null or valid; `userdata` is opaque.
pub unsafe fn do_client(
    fns: &'static super::host::HostFns,
    log: *const Logger,
    mono_time: *const Mono_Time,
    con: *mut TCP_Client_Connection,
    userdata: *mut c_void,
) {
    // SAFETY: as promised by the caller.
    let (log, call) = unsafe { (Log::new(fns, log), Call::enter(con)) };
    let Some(client) = call.filter(|_| !mono_time.is_null()) else {
        log.write(Level::Warning, place!(c"do_TCP_connection"), &"no step: NULL argument");
        return;
    };
    // SAFETY: not null, so valid.
    let now = Timestamp(unsafe { (fns.mono_time_get)(mono_time) });
    fence(
        || drive::step(&Visit { client: &client, log, userdata }, now),
        || defect(&client, log, c"do_TCP_connection"),
    );
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
    fn handshake_random(&self) -> HandshakeRandom {
        let Environment { fns, rng, .. } = self.env;
        let mut temporary_pk = PublicKey([0; 32]);
        let mut temporary_sk = SecretKey([0; 32]);
        let mut base_nonce = Nonce([0; 24]);
        let mut nonce = Nonce([0; 24]);
        // SAFETY: the random source is valid for the life of the object. The order of drawing is
        // toxcore's.
        unsafe {
            (fns.crypto_new_keypair)(rng, &mut temporary_pk.0, &mut temporary_sk.0);
            (fns.random_nonce)(rng, &mut base_nonce.0);
            (fns.random_nonce)(rng, &mut nonce.0);
        }
        HandshakeRandom { temporary_pk, temporary_sk, base_nonce, nonce }
    }

    fn callbacks<R>(&self, read: impl FnOnce(&mut RelayCallbacks) -> R) -> Option<R> {
        self.handle.with(|state| read(&mut state.callbacks))
    }
}

/// One call of C inside an object, with what came along.
struct Visit<'a> {
    client: &'a TCP_Client_Connection,
    log: Log,
    userdata: *mut c_void,
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
        self.client.handshake_random()
    }

    fn ping_id(&self) -> PingId {
        let Environment { fns, rng, .. } = self.client.env;
        // SAFETY: the random source is valid for the life of the object.
        unsafe { (fns.random_u64)(rng) }.to_ne_bytes()
    }

    fn event(&self, event: Event<'_>) {
        dispatch(self.client, event, self.userdata);
    }

    fn log(&self, note: Note) {
        self.log.write(note.level(), place!(c"do_TCP_connection"), &note);
    }
}

/// Turns an event into a call of C. The slot is copied out just before, and nothing is borrowed
/// while the callback runs. Results of callbacks are ignored, as in the C code.
fn dispatch(client: &TCP_Client_Connection, event: Event<'_>, userdata: *mut c_void) {
    // Lengths fit: no packet has more than 2031 bytes.
    // SAFETY (all calls below): C promised a function of this type when it set the slot; the data
    // lies in the receive buffer, which this step owns until the callback has returned.
    match event {
        Event::RoutingResponse { connection_id, peer } => {
            let Some(slot) = client.callbacks(|c| c.response) else { return };
            let Some(call) = slot.function else { return };
            // SAFETY: see above.
            unsafe { call(slot.object, connection_id.index(), peer.0.as_ptr()) };
        }
        Event::RoutingRefused { .. } => {}
        Event::Status { number, connection_id, online } => {
            let Some(slot) = client.callbacks(|c| c.status) else { return };
            let Some(call) = slot.function else { return };
            // SAFETY: see above.
            unsafe { call(slot.object, number, connection_id.index(), if online { 2 } else { 1 }) };
        }
        Event::Data { number, connection_id, data } => {
            let Some(slot) = client.callbacks(|c| c.data) else { return };
            let Some(call) = slot.function else { return };
            let (id, length) = (connection_id.index(), data.len() as u16);
            // SAFETY: see above.
            unsafe { call(slot.object, number, id, data.as_ptr(), length, userdata) };
        }
        Event::Oob { sender, data } => {
            let Some(slot) = client.callbacks(|c| c.oob) else { return };
            let Some(call) = slot.function else { return };
            let (sender, length) = (sender.0.as_ptr(), data.len() as u16);
            // SAFETY: see above.
            unsafe { call(slot.object, sender, data.as_ptr(), length, userdata) };
        }
        Event::Onion(data) => {
            let Some(slot) = client.callbacks(|c| c.onion) else { return };
            let Some(call) = slot.function else { return };
            // SAFETY: see above.
            unsafe { call(slot.object, data.as_ptr(), data.len() as u16, userdata) };
        }
        Event::Forwarding(data) => {
            let Some(slot) = client.callbacks(|c| c.forwarding) else { return };
            let Some(call) = slot.function else { return };
            // SAFETY: see above.
            unsafe { call(slot.object, data.as_ptr(), data.len() as u16, userdata) };
        }
    }
}

/// The relay's public key: 32 bytes inside the object, valid until the kill.
///
/// # Safety
/// `con` is null or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tcp_con_public_key(con: *const TCP_Client_Connection) -> *const u8 {
    // SAFETY: as promised by the caller.
    unsafe { con.as_ref() }.map_or(core::ptr::null(), |client| client.relay_pk.0.as_ptr())
}

/// The relay's address, as given at creation.
///
/// # Safety
/// `con` is null or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tcp_con_ip_port(con: *const TCP_Client_Connection) -> IP_Port {
    // SAFETY: as promised by the caller.
    unsafe { con.as_ref() }.map_or_else(IP_Port::default, |client| client.relay_addr)
}

/// The status, a `TCP_Client_Status`.
///
/// # Safety
/// `con` is null or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tcp_con_status(con: *const TCP_Client_Connection) -> TCP_Client_Status {
    // SAFETY: as promised by the caller.
    let call = unsafe { Call::enter(con) };
    let status = call.and_then(|client| client.handle.with(|state| state.relay.status()));
    status.unwrap_or(Status::Disconnected) as TCP_Client_Status
}

/// `TCP_Client_Status`
pub type TCP_Client_Status = u32;

/// The object that C attached; null at first.
///
/// # Safety
/// `con` is null or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tcp_con_custom_object(con: *const TCP_Client_Connection) -> *mut c_void {
    // SAFETY: as promised by the caller.
    let client = unsafe { con.as_ref() };
    client.map_or(core::ptr::null_mut(), |client| client.custom_object.load(Ordering::Relaxed))
}

/// The number that C attached; 0 at first.
///
/// # Safety
/// `con` is null or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tcp_con_custom_uint(con: *const TCP_Client_Connection) -> u32 {
    // SAFETY: as promised by the caller.
    unsafe { con.as_ref() }.map_or(0, |client| client.custom_uint.load(Ordering::Relaxed))
}

/// Attaches an object.
///
/// # Safety
/// `con` is null or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tcp_con_set_custom_object(
    con: *mut TCP_Client_Connection,
    obj: *mut c_void,
) {
    // SAFETY: as promised by the caller.
    if let Some(client) = unsafe { con.as_ref() } {
        client.custom_object.store(obj, Ordering::Relaxed);
    }
}

/// Attaches a number.
///
/// # Safety
/// `con` is null or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tcp_con_set_custom_uint(con: *mut TCP_Client_Connection, value: u32) {
    // SAFETY: as promised by the caller.
    if let Some(client) = unsafe { con.as_ref() } {
        client.custom_uint.store(value, Ordering::Relaxed);
    }
}

/// Attaches a number to a connection id: 0, or -1 if the id is not in use.
///
/// # Safety
/// `con` is null or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn set_tcp_connection_number(
    con: *mut TCP_Client_Connection,
    con_id: u8,
    number: u32,
) -> c_int {
    // SAFETY: as promised by the caller.
    let call = unsafe { Call::enter(con) };
    let set = call.zip(ConnectionId::from_index(con_id)).and_then(|(client, id)| {
        client.handle.with(|state| state.relay.set_number(id, number)).flatten()
    });
    set.map_or(-1, |()| 0)
}

/// Asks the relay for a connection id for a peer.
///
/// # Safety
/// `log` and `con` are null or valid; `public_key` is null or 32 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn send_routing_request(
    log: *const Logger,
    con: *mut TCP_Client_Connection,
    public_key: *const u8,
) -> c_int {
    // SAFETY: as promised by the caller.
    unsafe {
        command(log, con, c"send_routing_request", |visit| {
            let peer = key_argument(public_key)?;
            queue(visit, |relay| relay.request_route(peer))
        })
    }
}

/// Gives a connection id back; -1 from 240 on. For an id that is not in use nothing is sent.
///
/// # Safety
/// `log` and `con` are null or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn send_disconnect_request(
    log: *const Logger,
    con: *mut TCP_Client_Connection,
    con_id: u8,
) -> c_int {
    // SAFETY: as promised by the caller.
    unsafe {
        command(log, con, c"send_disconnect_request", |visit| {
            let id = id_argument(con_id)?;
            queue(visit, |relay| relay.release_route(id))
        })
    }
}

/// Sends data to the peer behind a connection id that is online. Nothing is sent for `len` 0.
///
/// # Safety
/// `log` and `con` are null or valid; `data` is `len` bytes, or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn send_data(
    log: *const Logger,
    con: *mut TCP_Client_Connection,
    con_id: u8,
    data: *const u8,
    len: u16,
) -> c_int {
    // SAFETY: as promised by the caller.
    unsafe {
        command(log, con, c"send_data", |visit| {
            let connection_id = id_argument(con_id)?;
            let data = data_argument(data, len)?;
            if data.is_empty() {
                return skip_empty_data(visit, connection_id);
            }
            send(visit, &ToRelay::Data { connection_id, data })
        })
    }
}

/// Sends a packet to a peer by its key; -1 for `len` 0 or above 1024.
///
/// # Safety
/// `log` and `con` are null or valid; `public_key` is 32 bytes, `data` `len` bytes, or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn send_oob_packet(
    log: *const Logger,
    con: *mut TCP_Client_Connection,
    public_key: *const u8,
    data: *const u8,
    len: u16,
) -> c_int {
    // SAFETY: as promised by the caller.
    unsafe {
        command(log, con, c"send_oob_packet", |visit| {
            let destination = key_argument(public_key)?;
            let data = data_argument(data, len)?;
            send(visit, &ToRelay::OobSend { destination: &destination, data })
        })
    }
}

/// Sends a packet into the onion; -1 for `len` above 2031.
///
/// # Safety
/// `log` and `con` are null or valid; `data` is `len` bytes, or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn send_onion_request(
    log: *const Logger,
    con: *mut TCP_Client_Connection,
    data: *const u8,
    len: u16,
) -> c_int {
    // SAFETY: as promised by the caller.
    unsafe {
        command(log, con, c"send_onion_request", |visit| {
            let data = data_argument(data, len)?;
            send(visit, &ToRelay::OnionRequest(data))
        })
    }
}

/// Has a packet forwarded to a DHT node; -1 for `len` above 1792, 0 if `dest` cannot be packed.
///
/// # Safety
/// `log`, `con` and `dest` are null or valid; `data` is `len` bytes, or null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn send_forward_request_tcp(
    log: *const Logger,
    con: *mut TCP_Client_Connection,
    dest: *const IP_Port,
    data: *const u8,
    len: u16,
) -> c_int {
    // SAFETY: as promised by the caller.
    unsafe {
        command(log, con, c"send_forward_request_tcp", |visit| {
            let data = data_argument(data, len)?;
            let dest = dest.as_ref().ok_or(Refusal::NullArgument)?;
            check_forward(visit, data)?;
            let destination = dest.node_address().ok_or(Refusal::Destination)?.pack();
            send(visit, &ToRelay::ForwardRequest { destination: destination.as_bytes(), data })
        })
    }
}

/// Sets the callback for answered routing requests; NULL for none.
///
/// # Safety
/// `con` is null or valid; `cb` is null or a function of this type that does not throw.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn routing_response_handler(
    con: *mut TCP_Client_Connection,
    cb: tcp_routing_response_cb,
    obj: *mut c_void,
) {
    // SAFETY: as promised by the caller.
    unsafe { set_callback(con, |slots| slots.response = Slot { function: cb, object: obj }) }
}

/// Sets the callback for peers that come and go; NULL for none.
///
/// # Safety
/// `con` is null or valid; `cb` is null or a function of this type that does not throw.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn routing_status_handler(
    con: *mut TCP_Client_Connection,
    cb: tcp_routing_status_cb,
    obj: *mut c_void,
) {
    // SAFETY: as promised by the caller.
    unsafe { set_callback(con, |slots| slots.status = Slot { function: cb, object: obj }) }
}

/// Sets the callback for data of peers; NULL for none.
///
/// # Safety
/// `con` is null or valid; `cb` is null or a function of this type that does not throw.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn routing_data_handler(
    con: *mut TCP_Client_Connection,
    cb: tcp_routing_data_cb,
    obj: *mut c_void,
) {
    // SAFETY: as promised by the caller.
    unsafe { set_callback(con, |slots| slots.data = Slot { function: cb, object: obj }) }
}

/// Sets the callback for out-of-band data; NULL for none.
///
/// # Safety
/// `con` is null or valid; `cb` is null or a function of this type that does not throw.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oob_data_handler(
    con: *mut TCP_Client_Connection,
    cb: tcp_oob_data_cb,
    obj: *mut c_void,
) {
    // SAFETY: as promised by the caller.
    unsafe { set_callback(con, |slots| slots.oob = Slot { function: cb, object: obj }) }
}

/// Sets the callback for packets out of the onion; NULL for none.
///
/// # Safety
/// `con` is null or valid; `cb` is null or a function of this type that does not throw.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn onion_response_handler(
    con: *mut TCP_Client_Connection,
    cb: tcp_onion_response_cb,
    obj: *mut c_void,
) {
    // SAFETY: as promised by the caller.
    unsafe { set_callback(con, |slots| slots.onion = Slot { function: cb, object: obj }) }
}

/// Sets the callback for forwarded packets; NULL for none.
///
/// # Safety
/// `con` is null or valid; `cb` is null or a function of this type that does not throw.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn forwarding_handler(
    con: *mut TCP_Client_Connection,
    cb: forwarded_response_cb,
    obj: *mut c_void,
) {
    // SAFETY: as promised by the caller.
    unsafe { set_callback(con, |slots| slots.forwarding = Slot { function: cb, object: obj }) }
}

/// Why a command was not carried out.
#[derive(Clone, Copy)]
enum Refusal {
    NullArgument,
    ConnectionId(u8),
    Destination,
    Send(SendError),
}

impl Refusal {
    /// The return value that C knows.
    fn code(self) -> c_int {
        match self {
            Self::Destination | Self::Send(SendError::Busy) => 0,
            Self::NullArgument
            | Self::ConnectionId(_)
            | Self::Send(SendError::NotConfirmed | SendError::NotOnline | SendError::Length(_)) => {
                -1
            }
        }
    }

    /// A full socket and a peer that is not online are daily business, the rest is misuse.
    fn level(self) -> Level {
        match self {
            Self::Send(SendError::Busy | SendError::NotOnline) => Level::Trace,
            Self::NullArgument
            | Self::ConnectionId(_)
            | Self::Destination
            | Self::Send(SendError::NotConfirmed | SendError::Length(_)) => Level::Warning,
        }
    }
}

impl core::fmt::Display for Refusal {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::NullArgument => f.write_str("not sent: NULL argument"),
            Self::ConnectionId(id) => write!(f, "not sent: connection id {id} is out of range"),
            Self::Destination => f.write_str("not sent: destination is not an IP address"),
            Self::Send(error) => write!(f, "not sent: {error}"),
        }
    }
}

/// # Safety
/// `con` is null or valid.
unsafe fn set_callback(con: *mut TCP_Client_Connection, set: impl FnOnce(&mut RelayCallbacks)) {
    // SAFETY: as promised by the caller.
    if let Some(client) = unsafe { Call::enter(con) } {
        client.callbacks(set);
    }
}

/// Enters the object, runs a command behind the fence and gives C's return value.
///
/// # Safety
/// `log` and `con` are null or valid.
unsafe fn command(
    log: *const Logger,
    con: *mut TCP_Client_Connection,
    function: &'static CStr,
    body: impl FnOnce(&Visit<'_>) -> Result<(), Refusal>,
) -> c_int {
    // SAFETY: as promised by the caller.
    let Some(client) = (unsafe { Call::enter(con) }) else {
        // SAFETY: as promised by the caller.
        let log = unsafe { Log::without_object(log) };
        log.inspect(|log| log_misuse(*log, function, Refusal::NullArgument));
        return -1;
    };
    // SAFETY: as promised by the caller.
    let log = unsafe { Log::new(client.env.fns, log) };
    let visit = Visit { client: &client, log, userdata: core::ptr::null_mut() };
    let run = || match body(&visit) {
        Ok(()) => 1,
        Err(refusal) => {
            log_misuse(log, function, refusal);
            refusal.code()
        }
    };
    fence(run, || {
        defect(&client, log, function);
        -1
    })
}

/// Queues a packet that is never lost, and writes what the socket takes.
fn queue(
    visit: &Visit<'_>,
    push: impl FnOnce(&mut RelayClient) -> Result<(), SendError>,
) -> Result<(), Refusal> {
    let pushed = drive::Host::with(visit, push).unwrap_or(Err(SendError::NotConfirmed));
    pushed.map_err(Refusal::Send)?;
    drive::flush(visit);
    Ok(())
}

/// Sends a packet now or not at all.
fn send(visit: &Visit<'_>, packet: &ToRelay<'_>) -> Result<(), Refusal> {
    drive::send(visit, packet).map_err(Refusal::Send)
}

/// A data packet without payload: a toxcore client that receives one drops its relay connection,
/// and with it all its peers there. There is nothing in it to deliver, so it is not sent.
fn skip_empty_data(visit: &Visit<'_>, id: ConnectionId) -> Result<(), Refusal> {
    let online = drive::Host::with(visit, |relay| relay.check_data_route(id));
    online.unwrap_or(Err(SendError::NotConfirmed)).map_err(Refusal::Send)?;
    visit.log.write(Level::Warning, place!(c"send_data"), &"empty packet is not sent");
    Ok(())
}

/// The length of a forward request counts before its address.
fn check_forward(visit: &Visit<'_>, data: &[u8]) -> Result<(), Refusal> {
    let checked = drive::Host::with(visit, |relay| relay.check_forward(data));
    checked.unwrap_or(Err(SendError::NotConfirmed)).map_err(Refusal::Send)
}

/// A panic was met in an object.
fn defect(client: &TCP_Client_Connection, log: Log, function: &'static CStr) {
    client.handle.mark_defective();
    log_defect(log, function);
}

fn log_misuse(log: Log, function: &'static CStr, refusal: Refusal) {
    if refusal.level() > Level::Trace {
        log.write(refusal.level(), place!(function), &refusal);
    }
}

fn log_defect(log: Log, function: &'static CStr) {
    log.write(Level::Error, place!(function), &"internal error; the connection is given up");
}

/// # Safety
/// `bytes` is null or 32 bytes.
unsafe fn public_key(bytes: *const u8) -> Option<PublicKey> {
    // SAFETY: as promised by the caller.
    unsafe { bytes.cast::<[u8; 32]>().as_ref() }.map(|bytes| PublicKey(*bytes))
}

/// # Safety
/// As [`public_key`].
unsafe fn key_argument(bytes: *const u8) -> Result<PublicKey, Refusal> {
    // SAFETY: as promised by the caller.
    unsafe { public_key(bytes) }.ok_or(Refusal::NullArgument)
}

fn id_argument(con_id: u8) -> Result<ConnectionId, Refusal> {
    ConnectionId::from_index(con_id).ok_or(Refusal::ConnectionId(con_id))
}

/// # Safety
/// `data` is null or `len` bytes that stay as they are as long as the slice lives.
unsafe fn data_argument<'a>(data: *const u8, len: u16) -> Result<&'a [u8], Refusal> {
    match (data.is_null(), len) {
        (_, 0) => Ok(&[]),
        (true, _) => Err(Refusal::NullArgument),
        // SAFETY: not null, so `len` bytes.
        (false, _) => Ok(unsafe { core::slice::from_raw_parts(data, usize::from(len)) }),
    }
}
