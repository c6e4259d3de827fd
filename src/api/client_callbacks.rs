// SPDX-License-Identifier: GPL-3.0-or-later
//! What `Toxlink_Client` calls back.

use core::ffi::c_void;

use super::client::{Toxlink_Client, Toxlink_Client_Status, status};
use super::entry::look;
use super::panics::Outside;
use crate::ffi::handle::{Call, Object};
use crate::net::client::{ConnectionId, Event};

/// The client has come further.
pub type toxlink_client_status_cb = Option<
    unsafe extern "C" fn(
        client: *mut Toxlink_Client,
        status: Toxlink_Client_Status,
        user_data: *mut c_void,
    ),
>;
/// The answer to toxlink_client_request_route(): whether the relay has given a connection id to the
/// peer with this key, and which (0 to 239; 0 if it was not granted).
pub type toxlink_client_route_cb = Option<
    unsafe extern "C" fn(
        client: *mut Toxlink_Client,
        public_key: *const u8,
        connection_id: u8,
        granted: bool,
        user_data: *mut c_void,
    ),
>;
/// The peer behind a connection id came or went. Data can be sent to it while it is there.
pub type toxlink_client_online_cb = Option<
    unsafe extern "C" fn(
        client: *mut Toxlink_Client,
        connection_id: u8,
        online: bool,
        user_data: *mut c_void,
    ),
>;
/// A packet of the peer behind a connection id, 1 to 2031 bytes.
pub type toxlink_client_data_cb = Option<
    unsafe extern "C" fn(
        client: *mut Toxlink_Client,
        connection_id: u8,
        data: *const u8,
        length: usize,
        user_data: *mut c_void,
    ),
>;
/// An out-of-band packet, 1 to 1999 bytes, of somebody with this key, on the relay's word.
pub type toxlink_client_oob_cb = Option<
    unsafe extern "C" fn(
        client: *mut Toxlink_Client,
        public_key: *const u8,
        data: *const u8,
        length: usize,
        user_data: *mut c_void,
    ),
>;
/// A packet out of the onion, 1 to 2031 bytes.
pub type toxlink_client_onion_cb = Option<
    unsafe extern "C" fn(
        client: *mut Toxlink_Client,
        data: *const u8,
        length: usize,
        user_data: *mut c_void,
    ),
>;
/// A forwarded packet, 1 to 2031 bytes.
pub type toxlink_client_forwarding_cb = Option<
    unsafe extern "C" fn(
        client: *mut Toxlink_Client,
        data: *const u8,
        length: usize,
        user_data: *mut c_void,
    ),
>;
/// A send came to TOXLINK_ERR_SEND_BUSY before, and there is room again.
pub type toxlink_client_writable_cb =
    Option<unsafe extern "C" fn(client: *mut Toxlink_Client, user_data: *mut c_void)>;

#[doc(hidden)]
#[derive(Clone, Copy, Debug, Default)]
pub struct Callbacks {
    status: toxlink_client_status_cb,
    route: toxlink_client_route_cb,
    online: toxlink_client_online_cb,
    data: toxlink_client_data_cb,
    oob: toxlink_client_oob_cb,
    onion: toxlink_client_onion_cb,
    forwarding: toxlink_client_forwarding_cb,
    writable: toxlink_client_writable_cb,
}

/// Sets the function that hears how far the client has come; NULL for none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_client_callback_status(
    client: *mut Toxlink_Client,
    callback: toxlink_client_status_cb,
) {
    // SAFETY: NULL or an object of ours.
    unsafe { set(client, |slots| slots.status = callback) }
}

/// Sets the function that hears the relay's answers to toxlink_client_request_route(); NULL for none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_client_callback_route(
    client: *mut Toxlink_Client,
    callback: toxlink_client_route_cb,
) {
    // SAFETY: NULL or an object of ours.
    unsafe { set(client, |slots| slots.route = callback) }
}

/// Sets the function that hears of peers that come and go; NULL for none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_client_callback_online(
    client: *mut Toxlink_Client,
    callback: toxlink_client_online_cb,
) {
    // SAFETY: NULL or an object of ours.
    unsafe { set(client, |slots| slots.online = callback) }
}

/// Sets the function that gets packets of peers; NULL for none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_client_callback_data(
    client: *mut Toxlink_Client,
    callback: toxlink_client_data_cb,
) {
    // SAFETY: NULL or an object of ours.
    unsafe { set(client, |slots| slots.data = callback) }
}

/// Sets the function that gets out-of-band packets; NULL for none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_client_callback_oob(
    client: *mut Toxlink_Client,
    callback: toxlink_client_oob_cb,
) {
    // SAFETY: NULL or an object of ours.
    unsafe { set(client, |slots| slots.oob = callback) }
}

/// Sets the function that gets packets out of the onion; NULL for none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_client_callback_onion(
    client: *mut Toxlink_Client,
    callback: toxlink_client_onion_cb,
) {
    // SAFETY: NULL or an object of ours.
    unsafe { set(client, |slots| slots.onion = callback) }
}

/// Sets the function that gets forwarded packets; NULL for none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_client_callback_forwarding(
    client: *mut Toxlink_Client,
    callback: toxlink_client_forwarding_cb,
) {
    // SAFETY: NULL or an object of ours.
    unsafe { set(client, |slots| slots.forwarding = callback) }
}

/// Sets the function that hears when there is room again; NULL for none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_client_callback_writable(
    client: *mut Toxlink_Client,
    callback: toxlink_client_writable_cb,
) {
    // SAFETY: NULL or an object of ours.
    unsafe { set(client, |slots| slots.writable = callback) }
}

/// # Safety
/// NULL or a client.
unsafe fn set(client: *mut Toxlink_Client, change: impl FnOnce(&mut Callbacks)) {
    // SAFETY: as promised by the caller.
    unsafe { look(client, (), |call| call.handle().with(change)) }
}

/// Turns an event into a call of C. Nothing is borrowed while the callback runs; after a kill, nothing
/// is called any more.
pub(super) fn dispatch(call: &Call<Toxlink_Client>, event: Event<'_>, user_data: *mut c_void) {
    let Some(slots) = call.handle().with(|slots| *slots) else { return };
    let _outside = Outside::new();
    let client = call.as_ptr();
    // SAFETY (all calls below): C promised a function of this type when it set the slot; data and keys
    // are valid until the callback has returned.
    match event {
        Event::Status(new) => {
            if let Some(function) = slots.status {
                // SAFETY: see above.
                unsafe { function(client, status(new), user_data) };
            }
        }
        Event::Route { peer, connection_id } => {
            let id = connection_id.map_or(0, ConnectionId::index);
            let (key, granted) = (peer.0.as_ptr(), connection_id.is_some());
            if let Some(function) = slots.route {
                // SAFETY: see above.
                unsafe { function(client, key, id, granted, user_data) };
            }
        }
        Event::Online { connection_id, online } => {
            let id = connection_id.index();
            if let Some(function) = slots.online {
                // SAFETY: see above.
                unsafe { function(client, id, online, user_data) };
            }
        }
        Event::Data { connection_id, data } => {
            let (id, data, length) = (connection_id.index(), data.as_ptr(), data.len());
            if let Some(function) = slots.data {
                // SAFETY: see above.
                unsafe { function(client, id, data, length, user_data) };
            }
        }
        Event::Oob { sender, data } => {
            let (key, data, length) = (sender.0.as_ptr(), data.as_ptr(), data.len());
            if let Some(function) = slots.oob {
                // SAFETY: see above.
                unsafe { function(client, key, data, length, user_data) };
            }
        }
        Event::Onion(data) => {
            let (data, length) = (data.as_ptr(), data.len());
            if let Some(function) = slots.onion {
                // SAFETY: see above.
                unsafe { function(client, data, length, user_data) };
            }
        }
        Event::Forwarding(data) => {
            let (data, length) = (data.as_ptr(), data.len());
            if let Some(function) = slots.forwarding {
                // SAFETY: see above.
                unsafe { function(client, data, length, user_data) };
            }
        }
        Event::Writable => {
            if let Some(function) = slots.writable {
                // SAFETY: see above.
                unsafe { function(client, user_data) };
            }
        }
        Event::Log(level, message) => call.log.write(level, message),
    }
}
