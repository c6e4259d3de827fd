// SPDX-License-Identifier: GPL-3.0-or-later
//! Callback types and the slots that hold them. Each type includes NULL.

use core::ffi::{c_int, c_uint, c_void};

/// A routing request was answered; `public_key` is 32 bytes, valid during the call.
pub type tcp_routing_response_cb =
    Option<unsafe extern "C" fn(object: *mut c_void, con_id: u8, public_key: *const u8) -> c_int>;
/// A peer came (`status` 2) or went (1).
pub type tcp_routing_status_cb =
    Option<unsafe extern "C" fn(object: *mut c_void, number: u32, con_id: u8, status: u8) -> c_int>;
/// Data of a peer.
pub type tcp_routing_data_cb = Option<
    unsafe extern "C" fn(
        object: *mut c_void,
        number: u32,
        con_id: u8,
        data: *const u8,
        length: u16,
        userdata: *mut c_void,
    ) -> c_int,
>;
/// Out-of-band data; `public_key` is the sender's, 32 bytes.
pub type tcp_oob_data_cb = Option<
    unsafe extern "C" fn(
        object: *mut c_void,
        public_key: *const u8,
        data: *const u8,
        length: u16,
        userdata: *mut c_void,
    ) -> c_int,
>;
/// A packet out of the onion, without its id.
pub type tcp_onion_response_cb = Option<
    unsafe extern "C" fn(
        object: *mut c_void,
        data: *const u8,
        length: u16,
        userdata: *mut c_void,
    ) -> c_int,
>;
/// A forwarded packet, without its id.
pub type forwarded_response_cb = Option<
    unsafe extern "C" fn(object: *mut c_void, data: *const u8, length: u16, userdata: *mut c_void),
>;

/// Data of a peer; `id` is what the owner calls it.
pub type tcp_data_cb = Option<
    unsafe extern "C" fn(
        object: *mut c_void,
        id: c_int,
        data: *const u8,
        length: u16,
        userdata: *mut c_void,
    ) -> c_int,
>;
/// Out-of-band data of somebody who is not tied to the relay; `public_key` is 32 bytes.
pub type tcp_oob_cb = Option<
    unsafe extern "C" fn(
        object: *mut c_void,
        public_key: *const u8,
        tcp_connections_number: c_uint,
        data: *const u8,
        length: u16,
        userdata: *mut c_void,
    ) -> c_int,
>;
/// A packet out of the onion, without its id.
pub type tcp_onion_cb = tcp_onion_response_cb;

/// A friend came or went; gets the friendcon id.
pub type global_status_cb = Option<
    unsafe extern "C" fn(
        object: *mut c_void,
        id: c_int,
        status: bool,
        userdata: *mut c_void,
    ) -> c_int,
>;
/// The same for one owner of the friend; gets the number given at registration.
pub type fc_status_cb = Option<
    unsafe extern "C" fn(
        object: *mut c_void,
        number: c_int,
        status: bool,
        userdata: *mut c_void,
    ) -> c_int,
>;
/// A lossless packet of a friend.
pub type fc_data_cb = Option<
    unsafe extern "C" fn(
        object: *mut c_void,
        number: c_int,
        data: *const u8,
        length: u16,
        userdata: *mut c_void,
    ) -> c_int,
>;
/// A lossy packet of a friend.
pub type fc_lossy_data_cb = Option<
    unsafe extern "C" fn(
        object: *mut c_void,
        number: c_int,
        data: *const u8,
        length: u16,
        userdata: *mut c_void,
    ) -> c_int,
>;
/// A friend request.
pub type fr_request_cb = Option<
    unsafe extern "C" fn(
        object: *mut c_void,
        source_pubkey: *const u8,
        data: *const u8,
        len: u16,
        userdata: *mut c_void,
    ) -> c_int,
>;

/// A callback and the object it gets. Copied out before each call, because an earlier callback may
/// have replaced it.
#[derive(Clone, Copy, Debug)]
pub struct Slot<F> {
    /// The function; none if C gave NULL.
    pub function: F,
    /// The opaque object, never looked at.
    pub object: *mut c_void,
}

impl<F: Default> Default for Slot<F> {
    fn default() -> Self {
        Self { function: F::default(), object: core::ptr::null_mut() }
    }
}

/// The callbacks of one relay client.
#[derive(Debug, Default)]
pub struct RelayCallbacks {
    /// `routing_response_handler`
    pub response: Slot<tcp_routing_response_cb>,
    /// `routing_status_handler`
    pub status: Slot<tcp_routing_status_cb>,
    /// `routing_data_handler`
    pub data: Slot<tcp_routing_data_cb>,
    /// `oob_data_handler`
    pub oob: Slot<tcp_oob_data_cb>,
    /// `onion_response_handler`
    pub onion: Slot<tcp_onion_response_cb>,
    /// `forwarding_handler`
    pub forwarding: Slot<forwarded_response_cb>,
}
