// SPDX-License-Identifier: GPL-3.0-or-later
//! What `Toxlink_Connections` calls back.

use core::ffi::{CStr, c_char, c_void};
use std::ffi::CString;

use super::connections::Toxlink_Connections;
use super::entry::look;
use super::panics::Outside;
use crate::ffi::handle::{Call, Object};
use crate::net::connections::Event;

/// A packet of a peer, 1 to 2031 bytes. That it is of this peer is the relay's word.
pub type toxlink_connections_data_cb = Option<
    unsafe extern "C" fn(
        connections: *mut Toxlink_Connections,
        peer: u32,
        data: *const u8,
        length: usize,
        user_data: *mut c_void,
    ),
>;
/// A packet, 1 to 1999 bytes, of somebody with this key, on the relay's word, who is no peer of ours, or
/// not one that we know to be at this relay. To answer, add a peer for the key if there is none, and tie
/// the relay to it by toxlink_connections_tie_relay().
pub type toxlink_connections_oob_cb = Option<
    unsafe extern "C" fn(
        connections: *mut Toxlink_Connections,
        public_key: *const u8,
        relay_public_key: *const u8,
        data: *const u8,
        length: usize,
        user_data: *mut c_void,
    ),
>;
/// A packet out of the onion, 1 to 2031 bytes.
pub type toxlink_connections_onion_cb = Option<
    unsafe extern "C" fn(
        connections: *mut Toxlink_Connections,
        data: *const u8,
        length: usize,
        user_data: *mut c_void,
    ),
>;
/// A forwarded packet, 1 to 2031 bytes.
pub type toxlink_connections_forwarding_cb = Option<
    unsafe extern "C" fn(
        connections: *mut Toxlink_Connections,
        data: *const u8,
        length: usize,
        user_data: *mut c_void,
    ),
>;
/// The peer is online at more or fewer relays than before; at 0 it cannot be reached now.
pub type toxlink_connections_peer_status_cb = Option<
    unsafe extern "C" fn(
        connections: *mut Toxlink_Connections,
        peer: u32,
        online_relays: u32,
        user_data: *mut c_void,
    ),
>;
/// A relay is connected; or its connection is over, or could not be made, or its host name was not
/// found: then `reason` says in English why, and is empty if we have ended it.
pub type toxlink_connections_relay_status_cb = Option<
    unsafe extern "C" fn(
        connections: *mut Toxlink_Connections,
        relay_public_key: *const u8,
        connected: bool,
        reason: *const c_char,
        user_data: *mut c_void,
    ),
>;
/// A send to this peer came to TOXLINK_ERR_SEND_BUSY before, and a relay has room again.
pub type toxlink_connections_writable_cb = Option<
    unsafe extern "C" fn(connections: *mut Toxlink_Connections, peer: u32, user_data: *mut c_void),
>;
/// A send through this relay, to nobody who is a peer, came to TOXLINK_ERR_SEND_BUSY before, and it has
/// room again.
pub type toxlink_connections_relay_writable_cb = Option<
    unsafe extern "C" fn(
        connections: *mut Toxlink_Connections,
        relay_public_key: *const u8,
        user_data: *mut c_void,
    ),
>;

#[doc(hidden)]
#[derive(Clone, Copy, Debug, Default)]
pub struct Callbacks {
    data: toxlink_connections_data_cb,
    oob: toxlink_connections_oob_cb,
    onion: toxlink_connections_onion_cb,
    forwarding: toxlink_connections_forwarding_cb,
    peer_status: toxlink_connections_peer_status_cb,
    relay_status: toxlink_connections_relay_status_cb,
    writable: toxlink_connections_writable_cb,
    relay_writable: toxlink_connections_relay_writable_cb,
}

/// Sets the function that gets packets of peers; NULL for none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_connections_callback_data(
    connections: *mut Toxlink_Connections,
    callback: toxlink_connections_data_cb,
) {
    // SAFETY: NULL or an object of ours.
    unsafe { set(connections, |slots| slots.data = callback) }
}

/// Sets the function that gets packets of others; NULL for none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_connections_callback_oob(
    connections: *mut Toxlink_Connections,
    callback: toxlink_connections_oob_cb,
) {
    // SAFETY: NULL or an object of ours.
    unsafe { set(connections, |slots| slots.oob = callback) }
}

/// Sets the function that gets packets out of the onion; NULL for none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_connections_callback_onion(
    connections: *mut Toxlink_Connections,
    callback: toxlink_connections_onion_cb,
) {
    // SAFETY: NULL or an object of ours.
    unsafe { set(connections, |slots| slots.onion = callback) }
}

/// Sets the function that gets forwarded packets; NULL for none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_connections_callback_forwarding(
    connections: *mut Toxlink_Connections,
    callback: toxlink_connections_forwarding_cb,
) {
    // SAFETY: NULL or an object of ours.
    unsafe { set(connections, |slots| slots.forwarding = callback) }
}

/// Sets the function that hears of peers that come and go; NULL for none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_connections_callback_peer_status(
    connections: *mut Toxlink_Connections,
    callback: toxlink_connections_peer_status_cb,
) {
    // SAFETY: NULL or an object of ours.
    unsafe { set(connections, |slots| slots.peer_status = callback) }
}

/// Sets the function that hears of relays that come and go; NULL for none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_connections_callback_relay_status(
    connections: *mut Toxlink_Connections,
    callback: toxlink_connections_relay_status_cb,
) {
    // SAFETY: NULL or an object of ours.
    unsafe { set(connections, |slots| slots.relay_status = callback) }
}

/// Sets the function that hears when there is room for a peer again; NULL for none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_connections_callback_writable(
    connections: *mut Toxlink_Connections,
    callback: toxlink_connections_writable_cb,
) {
    // SAFETY: NULL or an object of ours.
    unsafe { set(connections, |slots| slots.writable = callback) }
}

/// Sets the function that hears when there is room at a relay again; NULL for none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_connections_callback_relay_writable(
    connections: *mut Toxlink_Connections,
    callback: toxlink_connections_relay_writable_cb,
) {
    // SAFETY: NULL or an object of ours.
    unsafe { set(connections, |slots| slots.relay_writable = callback) }
}

/// # Safety
/// NULL or an object of ours.
unsafe fn set(connections: *mut Toxlink_Connections, change: impl FnOnce(&mut Callbacks)) {
    // SAFETY: as promised by the caller.
    unsafe { look(connections, (), |call| call.handle().with(change)) }
}

/// Turns an event into a call of C. Nothing is borrowed while the callback runs; after a kill, nothing
/// is called any more.
pub(super) fn dispatch(call: &Call<Toxlink_Connections>, event: Event<'_>, user_data: *mut c_void) {
    let Some(slots) = call.handle().with(|slots| *slots) else { return };
    let _outside = Outside::new();
    let this = call.as_ptr();
    // SAFETY (all calls below): C promised a function of this type when it set the slot; data and keys
    // are valid until the callback has returned.
    match event {
        Event::Data { peer, data } => {
            let (peer, data, length) = (peer.number(), data.as_ptr(), data.len());
            if let Some(function) = slots.data {
                // SAFETY: see above.
                unsafe { function(this, peer, data, length, user_data) };
            }
        }
        Event::Oob { sender, relay, data } => {
            let (sender, relay) = (sender.0.as_ptr(), relay.0.as_ptr());
            let (data, length) = (data.as_ptr(), data.len());
            if let Some(function) = slots.oob {
                // SAFETY: see above.
                unsafe { function(this, sender, relay, data, length, user_data) };
            }
        }
        Event::Onion(data) => {
            let (data, length) = (data.as_ptr(), data.len());
            if let Some(function) = slots.onion {
                // SAFETY: see above.
                unsafe { function(this, data, length, user_data) };
            }
        }
        Event::Forwarding(data) => {
            let (data, length) = (data.as_ptr(), data.len());
            if let Some(function) = slots.forwarding {
                // SAFETY: see above.
                unsafe { function(this, data, length, user_data) };
            }
        }
        Event::PeerStatus { peer, online_relays } => {
            // Six at most.
            let (peer, relays) = (peer.number(), online_relays as u32);
            if let Some(function) = slots.peer_status {
                // SAFETY: see above.
                unsafe { function(this, peer, relays, user_data) };
            }
        }
        Event::RelayStatus { relay, connected, failure } => {
            let Some(function) = slots.relay_status else { return };
            let reason =
                failure.map(|failure| CString::new(failure.to_string()).unwrap_or_default());
            let reason = reason.as_deref().map_or(c"".as_ptr(), CStr::as_ptr);
            // SAFETY: see above.
            unsafe { function(this, relay.0.as_ptr(), connected, reason, user_data) };
        }
        Event::Writable(peer) => {
            let peer = peer.number();
            if let Some(function) = slots.writable {
                // SAFETY: see above.
                unsafe { function(this, peer, user_data) };
            }
        }
        Event::RelayWritable(relay) => {
            let relay = relay.0.as_ptr();
            if let Some(function) = slots.relay_writable {
                // SAFETY: see above.
                unsafe { function(this, relay, user_data) };
            }
        }
        Event::Log(level, message) => call.log.write(level, message),
    }
}
