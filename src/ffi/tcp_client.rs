// SPDX-License-Identifier: GPL-3.0-or-later
//! The functions of `TCP_client.h` that all supported versions share.
//!
//! Results: 1 sent or queued, 0 not now, -1 failure. Null objects, ids out of range and illegal
//! lengths give the documented failure value and change nothing (abi.md section 1.1).

use core::ffi::{CStr, c_int, c_void};
use core::sync::atomic::Ordering;

use super::arguments::data_argument;
use super::callbacks::{
    RelayCallbacks, Slot, forwarded_response_cb, tcp_onion_response_cb, tcp_oob_data_cb,
    tcp_routing_data_cb, tcp_routing_response_cb, tcp_routing_status_cb,
};
use super::ctypes::{IP_Port, Logger};
use super::fence::fence;
use super::handle::{Call, Object};
use super::host::{Log, place};
use super::refusal::{Refusal, id_argument, key_argument};
use super::relay_client::{TCP_Client_Connection, Visit, defect};
use crate::proto::relay::RelayClient;
use crate::proto::relay::note::Level;
use crate::proto::relay::state::{SendError, Status};
use crate::shell::drive;
use crate::wire::connection_id::ConnectionId;
use crate::wire::relay_packet::ToRelay;

const FILE: &CStr = c"TCP_client.rs";

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
    let status = || {
        // SAFETY: as promised by the caller.
        let client = unsafe { Call::enter(con) }?;
        client.handle().with(|state| state.relay.status())
    };
    fence(status, || None).unwrap_or(Status::Disconnected) as TCP_Client_Status
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
    let set = || {
        // SAFETY: as promised by the caller.
        let client = unsafe { Call::enter(con) }?;
        let id = ConnectionId::from_index(con_id)?;
        client.handle().with(|state| state.relay.set_number(id, number))?
    };
    fence(set, || None).map_or(-1, |()| 0)
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

/// # Safety
/// `con` is null or valid.
unsafe fn set_callback(con: *mut TCP_Client_Connection, set: impl FnOnce(&mut RelayCallbacks)) {
    let set = || {
        // SAFETY: as promised by the caller.
        unsafe { Call::enter(con) }.and_then(|client| client.callbacks(set))
    };
    fence(set, || None);
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
    let command = || {
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
    };
    fence(command, || -1)
}

/// Queues a packet that is never lost, and writes what the socket takes.
fn queue(
    visit: &Visit<'_>,
    push: impl FnOnce(&mut RelayClient) -> Result<(), SendError>,
) -> Result<(), Refusal> {
    ask(visit, push)?;
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
    ask(visit, |relay| relay.check_data_route(id))?;
    visit.log.write(Level::Warning, place!(c"send_data"), &"empty packet is not sent");
    Ok(())
}

/// The length of a forward request counts before its address.
fn check_forward(visit: &Visit<'_>, data: &[u8]) -> Result<(), Refusal> {
    ask(visit, |relay| relay.check_forward(data))
}

/// One call into the machine; without one, the connection is over.
fn ask(
    visit: &Visit<'_>,
    call: impl FnOnce(&mut RelayClient) -> Result<(), SendError>,
) -> Result<(), Refusal> {
    drive::Host::with(visit, call).unwrap_or(Err(SendError::NotConfirmed)).map_err(Refusal::Send)
}

fn log_misuse(log: Log, function: &'static CStr, refusal: Refusal) {
    if refusal.level() > Level::Trace {
        log.write(refusal.level(), place!(function), &refusal);
    }
}
