// SPDX-License-Identifier: GPL-3.0-or-later
//! `Toxlink_Client`: one connection to one relay.

use core::ffi::{c_char, c_void};

use super::client_callbacks::{Callbacks, dispatch};
use super::entry::{
    Logs, bytes, code, duration, enter, kill, look, milliseconds, name, public_key, run, text,
    write_key, write_sized, write_text,
};
use super::error::{Toxlink_Err_Iterate, Toxlink_Err_New, Toxlink_Err_Send};
use super::forward;
use super::options::{self, Log, Toxlink_Options};
use crate::ffi::handle::{self, Handle, Object};
use crate::net::address;
use crate::net::client::{Client, ConnectionId, Event, NewError, SendError, Status};

/// One connection to one relay, directly or through a proxy. Most programs want Toxlink_Connections,
/// which keeps peers reachable over several relays.
#[derive(Debug)]
pub struct Toxlink_Client {
    handle: Handle<Callbacks>,
    client: Client,
    pub(super) log: Log,
}

impl Object for Toxlink_Client {
    type State = Callbacks;

    fn handle(&self) -> &Handle<Callbacks> {
        &self.handle
    }
}

impl Logs for Toxlink_Client {
    fn log(&self) -> &Log {
        &self.log
    }
}

/// How far a client has come. It goes through these in this order, and never back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub enum Toxlink_Client_Status {
    /// A host name is being looked up.
    LookingUp,
    /// The socket, the proxy or the handshake is under way.
    Connecting,
    /// Packets flow.
    Connected,
    /// It is over; a new client has to be made.
    Disconnected,
}

/// Why a connection id was not asked for, or not given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub enum Toxlink_Err_Route {
    /// It was.
    Ok,
    /// A pointer is NULL that must not be.
    Null,
    /// The relay is not connected.
    NotConnected,
    /// Too many requests wait for their answers.
    Full,
    /// The connection id was not given, or was given back already.
    NotFound,
    /// There is no memory.
    Malloc,
    /// A defect of this library; the object is given up.
    Internal,
}

code!(Toxlink_Err_Route);

/// What a client has moved so far.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Toxlink_Client_Statistics {
    /// Bytes written, to the proxy too.
    pub bytes_sent: u64,
    /// Bytes read.
    pub bytes_received: u64,
    /// Encrypted packets written.
    pub packets_sent: u64,
    /// Encrypted packets read.
    pub packets_received: u64,
    /// Bytes that wait for the socket now.
    pub queued_bytes: u64,
}

/// Begins to connect to a relay. `address` is "host:port", "192.0.2.1:port" or "[2001:db8::1]:port";
/// a host name is looked up on another thread, or by the proxy. `relay_public_key` has TOXLINK_KEY_SIZE
/// bytes. `options` may be NULL for the defaults; `error` may be NULL. Nothing is kept of what the
/// pointers lead to.
///
/// Returns a client, which is to be freed by toxlink_client_kill(), or NULL. That a relay cannot be
/// reached is no error here: the status callback tells.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_client_new(
    options: *const Toxlink_Options,
    address: *const c_char,
    relay_public_key: *const u8,
    error: *mut Toxlink_Err_New,
) -> *mut Toxlink_Client {
    // SAFETY: the pointers are NULL or lead to what is said above.
    unsafe {
        run(error, core::ptr::null_mut(), || {
            let (config, log) = options::read(options)?;
            let relay_pk = public_key(relay_public_key).ok_or(Toxlink_Err_New::Null)?;
            if address.is_null() {
                return Err(Toxlink_Err_New::Null);
            }
            let target = text(address).and_then(|text| address::parse(text).ok());
            let target = target.ok_or(Toxlink_Err_New::BadAddress)?;
            let client = Client::new(config, target, relay_pk).map_err(|error| match error {
                NewError::LowOrderKey => Toxlink_Err_New::BadKey,
                NewError::System(_) => Toxlink_Err_New::System,
            })?;
            let handle = Handle::new(Callbacks::default());
            Ok(handle::into_raw(Toxlink_Client { handle, client, log }))
        })
    }
}

/// Ends the connection and frees the client; from inside a callback of the client, as soon as the
/// outermost call of the client has returned, and no more callbacks follow. NULL does nothing.
///
/// Like free(): no other thread may be inside a function of this client, or enter one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_client_kill(client: *mut Toxlink_Client) {
    // SAFETY: NULL or a client.
    unsafe { kill(client) };
}

/// Does what there is to do now, and calls the callbacks, with `user_data` as their last argument.
/// Never waits. Returns whether it worked: of the errors, TOXLINK_ERR_ITERATE_BUSY means that another
/// iteration of the client is under way, on another thread or around this call, and nothing is lost.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_client_iterate(
    client: *mut Toxlink_Client,
    user_data: *mut c_void,
    error: *mut Toxlink_Err_Iterate,
) -> bool {
    // SAFETY: as promised by the caller.
    unsafe { toxlink_client_turn(client, 0, user_data, error) }
}

/// Waits until there is something to do, for `timeout` milliseconds at most (-1: as long as it takes),
/// and then does what toxlink_client_iterate() does. For programs without an event loop.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_client_turn(
    client: *mut Toxlink_Client,
    timeout: i32,
    user_data: *mut c_void,
    error: *mut Toxlink_Err_Iterate,
) -> bool {
    // SAFETY: NULL or a client, NULL or a place.
    unsafe {
        enter(client, error, false, |call| {
            let mut handler = |event: Event<'_>| dispatch(call, event, user_data);
            call.client.turn(duration(timeout), &mut handler)?;
            Ok(true)
        })
    }
}

/// A descriptor for poll(2), epoll(7) and the like: it can be read when toxlink_client_iterate() has
/// something to do. It stays the same and belongs to the client: do not read or close it. -1 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_client_descriptor(client: *const Toxlink_Client) -> i32 {
    // SAFETY: NULL or a client.
    unsafe { look(client, -1, |call| Some(call.client.descriptor())) }
}

/// Milliseconds until toxlink_client_iterate() has something to do even if the descriptor stays quiet;
/// -1 for never, 0 for now: what poll(2) takes. To be asked before each wait. A call from another
/// thread that changes it makes the descriptor readable. -1 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_client_wait(client: *const Toxlink_Client) -> i32 {
    // SAFETY: NULL or a client.
    unsafe { look(client, -1, |call| Some(milliseconds(call.client.wait()))) }
}

/// Ends a toxlink_client_turn() that waits on another thread, or the next one: for programs that want to
/// end that thread. Makes the descriptor readable, too. NULL does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_client_wake(client: *const Toxlink_Client) {
    // SAFETY: NULL or an object of ours.
    unsafe {
        look(client, (), |call| {
            call.client.wake();
            Some(())
        })
    }
}

/// Writes our public key, TOXLINK_KEY_SIZE bytes. False for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_client_public_key(
    client: *const Toxlink_Client,
    public_key: *mut u8,
) -> bool {
    // SAFETY: NULL or a client, NULL or room for a key.
    unsafe {
        look(client, false, |call| {
            write_key(public_key, &call.client.public_key().0).map(|()| true)
        })
    }
}

/// How far the client has come; TOXLINK_CLIENT_STATUS_DISCONNECTED for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_client_status(
    client: *const Toxlink_Client,
) -> Toxlink_Client_Status {
    let none = Toxlink_Client_Status::Disconnected;
    // SAFETY: NULL or a client.
    unsafe { look(client, none, |call| Some(status(call.client.status()))) }
}

/// Writes why the client is disconnected, in English, to `text`, which has `size` bytes; cut if that is
/// too little, and always ended by NUL. Returns the length of the whole, without the NUL; 0 if the
/// client is not disconnected. `text` may be NULL if `size` is 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_client_failure(
    client: *const Toxlink_Client,
    text: *mut c_char,
    size: usize,
) -> usize {
    // SAFETY: NULL or a client, NULL or room for a text.
    unsafe {
        let failure = look(client, String::new(), |call| {
            Some(call.client.failure().map(|failure| failure.to_string()).unwrap_or_default())
        });
        write_text(&failure, text, size)
    }
}

/// Asks the relay for a connection id for the peer with this key, TOXLINK_KEY_SIZE bytes. The route
/// callback tells the answer. Returns whether the relay was asked.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_client_request_route(
    client: *mut Toxlink_Client,
    public_key: *const u8,
    error: *mut Toxlink_Err_Route,
) -> bool {
    // SAFETY: NULL or a client, a key, a place.
    unsafe {
        enter(client, error, false, |call| {
            let peer = self::public_key(public_key).ok_or(Toxlink_Err_Route::Null)?;
            call.client.request_route(peer).map_err(route_error)?;
            Ok(true)
        })
    }
}

/// Gives a connection id back. Returns whether it was ours.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_client_release_route(
    client: *mut Toxlink_Client,
    connection_id: u8,
    error: *mut Toxlink_Err_Route,
) -> bool {
    // SAFETY: NULL or a client, NULL or a place.
    unsafe {
        enter(client, error, false, |call| {
            let id = ConnectionId::from_index(connection_id).ok_or(Toxlink_Err_Route::NotFound)?;
            call.client.release_route(id).map_err(route_error)?;
            Ok(true)
        })
    }
}

/// Sends a packet of 1 to 2031 bytes to the peer behind a connection id, now or not at all. Returns
/// whether it was sent. After TOXLINK_ERR_SEND_BUSY, the writable callback follows.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_client_send(
    client: *mut Toxlink_Client,
    connection_id: u8,
    data: *const u8,
    length: usize,
    error: *mut Toxlink_Err_Send,
) -> bool {
    // SAFETY: NULL or a client, data, a place.
    unsafe {
        enter(client, error, false, |call| {
            let data = bytes(data, length).ok_or(Toxlink_Err_Send::Null)?;
            let id = ConnectionId::from_index(connection_id).ok_or(Toxlink_Err_Send::NotFound)?;
            call.client.send(id, data)?;
            Ok(true)
        })
    }
}

/// Sends a packet of 1 to 1024 bytes to somebody whom the relay need not know as our peer. Whether it
/// arrives is not told. Returns whether it was sent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_client_send_oob(
    client: *mut Toxlink_Client,
    public_key: *const u8,
    data: *const u8,
    length: usize,
    error: *mut Toxlink_Err_Send,
) -> bool {
    // SAFETY: NULL or a client, a key, data, a place.
    unsafe {
        enter(client, error, false, |call| {
            let to = self::public_key(public_key).ok_or(Toxlink_Err_Send::Null)?;
            let data = bytes(data, length).ok_or(Toxlink_Err_Send::Null)?;
            call.client.send_oob(to, data)?;
            Ok(true)
        })
    }
}

/// Sends a packet of up to 2031 bytes into the onion. Returns whether it was sent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_client_send_onion(
    client: *mut Toxlink_Client,
    data: *const u8,
    length: usize,
    error: *mut Toxlink_Err_Send,
) -> bool {
    // SAFETY: NULL or a client, data, a place.
    unsafe {
        enter(client, error, false, |call| {
            let data = bytes(data, length).ok_or(Toxlink_Err_Send::Null)?;
            call.client.send_onion(data)?;
            Ok(true)
        })
    }
}

/// Has the relay forward a packet to `destination`, "192.0.2.1:port" or "[2001:db8::1]:port": a DHT
/// node, or (`destination_is_relay`) another relay; and from there along a chain of nodes, given by
/// `chain_length` keys of TOXLINK_KEY_SIZE bytes one behind the other (4 at most; NULL with 0). Packet
/// and chain have up to 1792 bytes together, 33 for each key. Returns whether it was sent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_client_send_forward(
    client: *mut Toxlink_Client,
    destination: *const c_char,
    destination_is_relay: bool,
    chain_keys: *const u8,
    chain_length: usize,
    data: *const u8,
    length: usize,
    error: *mut Toxlink_Err_Send,
) -> bool {
    // SAFETY: NULL or a client, a text, keys, data, a place.
    unsafe {
        enter(client, error, false, |call| {
            let to = forward::destination(destination, destination_is_relay)?;
            let chain = forward::chain(chain_keys, chain_length)?;
            let data = bytes(data, length).ok_or(Toxlink_Err_Send::Null)?;
            call.client.send_forward(&to, chain, data)?;
            Ok(true)
        })
    }
}

/// Tells what the client has moved. `size` is sizeof(*statistics). False for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_client_statistics(
    client: *const Toxlink_Client,
    statistics: *mut Toxlink_Client_Statistics,
    size: usize,
) -> bool {
    // SAFETY: NULL or a client, NULL or `size` bytes.
    unsafe {
        look(client, false, |call| {
            let traffic = call.client.traffic();
            let value = Toxlink_Client_Statistics {
                bytes_sent: traffic.bytes_sent,
                bytes_received: traffic.bytes_received,
                packets_sent: traffic.packets_sent,
                packets_received: traffic.packets_received,
                queued_bytes: call.client.queued_bytes() as u64,
            };
            write_sized(statistics, size, &value).map(|()| true)
        })
    }
}

/// The name of a Toxlink_Err_Route: a static text, never NULL.
#[unsafe(no_mangle)]
pub extern "C" fn toxlink_err_route_to_string(error: u32) -> *const c_char {
    let names = [
        c"TOXLINK_ERR_ROUTE_OK",
        c"TOXLINK_ERR_ROUTE_NULL",
        c"TOXLINK_ERR_ROUTE_NOT_CONNECTED",
        c"TOXLINK_ERR_ROUTE_FULL",
        c"TOXLINK_ERR_ROUTE_NOT_FOUND",
        c"TOXLINK_ERR_ROUTE_MALLOC",
        c"TOXLINK_ERR_ROUTE_INTERNAL",
    ];
    name(&names, error)
}

pub(super) fn status(status: Status) -> Toxlink_Client_Status {
    match status {
        Status::LookingUp => Toxlink_Client_Status::LookingUp,
        Status::Connecting => Toxlink_Client_Status::Connecting,
        Status::Connected => Toxlink_Client_Status::Connected,
        Status::Disconnected => Toxlink_Client_Status::Disconnected,
    }
}

fn route_error(error: SendError) -> Toxlink_Err_Route {
    match error {
        SendError::Busy => Toxlink_Err_Route::Full,
        SendError::NotOnline => Toxlink_Err_Route::NotFound,
        SendError::NotConfirmed | SendError::Broken | SendError::Length(_) => {
            Toxlink_Err_Route::NotConnected
        }
    }
}
