// SPDX-License-Identifier: GPL-3.0-or-later
//! What friend connections need of onion client, DHT, net_crypto and LAN discovery. The functions
//! come from the `abi` room, one table per toxcore version.

use core::ffi::{c_int, c_void};

use super::callbacks::fr_request_cb;
use super::ctypes::{IP_Port, Memory, Network, Node_format};

/// toxcore's onion client.
#[derive(Debug)]
#[repr(C)]
pub struct Onion_Client([u8; 0]);

/// toxcore's DHT.
#[derive(Debug)]
#[repr(C)]
pub struct DHT([u8; 0]);

/// toxcore's encrypted connections.
#[derive(Debug)]
#[repr(C)]
pub struct Net_Crypto([u8; 0]);

/// toxcore's addresses for LAN discovery.
#[derive(Debug)]
#[repr(C)]
pub struct Broadcast_Info([u8; 0]);

/// toxcore's UDP socket.
#[derive(Debug)]
#[repr(C)]
pub struct Networking_Core([u8; 0]);

/// A connection that net_crypto offers (abi.md section 4.3). Only its front is looked at.
#[derive(Debug)]
#[repr(C)]
pub struct New_Connection {
    /// Where it came from; of family 14 if that was a relay.
    pub source: IP_Port,
    /// The long-term key.
    pub public_key: [u8; 32],
    /// The key of this run.
    pub dht_public_key: [u8; 32],
}

const _: () = {
    assert!(core::mem::offset_of!(New_Connection, public_key) == 32);
    assert!(core::mem::offset_of!(New_Connection, dht_public_key) == 64);
};

/// net_crypto's status callback.
pub type connection_status_cb =
    unsafe extern "C" fn(object: *mut c_void, id: c_int, status: bool, data: *mut c_void) -> c_int;
/// net_crypto's data callbacks, lossless and lossy.
pub type connection_data_cb = unsafe extern "C" fn(
    object: *mut c_void,
    id: c_int,
    data: *const u8,
    length: u16,
    userdata: *mut c_void,
) -> c_int;
/// net_crypto's and the onion client's callback for a new DHT key.
pub type dht_pk_cb =
    unsafe extern "C" fn(object: *mut c_void, number: i32, pk: *const u8, userdata: *mut c_void);
/// The DHT's callback for an address.
pub type dht_ip_cb =
    unsafe extern "C" fn(object: *mut c_void, number: i32, address: *const IP_Port);
/// The onion client's callback for a relay.
pub type recv_tcp_relay_cb = unsafe extern "C" fn(
    object: *mut c_void,
    number: u32,
    address: *const IP_Port,
    pk: *const u8,
) -> c_int;
/// net_crypto's callback for an offered connection.
pub type new_connection_cb =
    unsafe extern "C" fn(object: *mut c_void, offer: *const New_Connection) -> c_int;

/// The functions of one toxcore version. All pointers that they take came from C, which promises
/// that they are valid; results as in friend_connection.md section 12.
#[derive(Debug)]
pub struct NeighbourFns {
    /// `onion_addfriend`
    pub onion_addfriend: unsafe fn(*mut Onion_Client, &[u8; 32]) -> c_int,
    /// `onion_delfriend`
    pub onion_delfriend: unsafe fn(*mut Onion_Client, c_int),
    /// `onion_set_friend_online`
    pub onion_set_friend_online: unsafe fn(*mut Onion_Client, c_int, bool),
    /// `onion_set_friend_DHT_pubkey`, later in small letters
    pub onion_set_friend_dht_pubkey: unsafe fn(*mut Onion_Client, c_int, &[u8; 32]),
    /// `recv_tcp_relay_handler`
    pub recv_tcp_relay_handler:
        unsafe fn(*mut Onion_Client, c_int, recv_tcp_relay_cb, *mut c_void, u32),
    /// `onion_dht_pk_callback`
    pub onion_dht_pk_callback: unsafe fn(*mut Onion_Client, c_int, dht_pk_cb, *mut c_void, u32),
    /// `oniondata_registerhandler`
    pub oniondata_registerhandler: unsafe fn(*mut Onion_Client, u8, fr_request_cb, *mut c_void),
    /// `send_onion_data`
    pub send_onion_data: unsafe fn(*mut Onion_Client, c_int, &[u8]) -> c_int,
    /// `dht_addfriend`: the token, or none if it is refused
    pub dht_addfriend: unsafe fn(*mut DHT, &[u8; 32], dht_ip_cb, *mut c_void, i32) -> Option<u32>,
    /// `dht_delfriend`: whether it worked
    pub dht_delfriend: unsafe fn(*mut DHT, &[u8; 32], u32) -> bool,
    /// `new_connection_handler`
    pub new_connection_handler: unsafe fn(*mut Net_Crypto, new_connection_cb, *mut c_void),
    /// `new_crypto_connection`
    pub new_crypto_connection: unsafe fn(*mut Net_Crypto, &[u8; 32], &[u8; 32]) -> c_int,
    /// `accept_crypto_connection`
    pub accept_crypto_connection: unsafe fn(*mut Net_Crypto, *const New_Connection) -> c_int,
    /// `crypto_kill`
    pub crypto_kill: unsafe fn(*mut Net_Crypto, c_int),
    /// `connection_status_handler`
    pub connection_status_handler:
        unsafe fn(*mut Net_Crypto, c_int, connection_status_cb, *mut c_void, c_int),
    /// `connection_data_handler`
    pub connection_data_handler:
        unsafe fn(*mut Net_Crypto, c_int, connection_data_cb, *mut c_void, c_int),
    /// `connection_lossy_data_handler`
    pub connection_lossy_data_handler:
        unsafe fn(*mut Net_Crypto, c_int, connection_data_cb, *mut c_void, c_int),
    /// `nc_dht_pk_callback`
    pub nc_dht_pk_callback: unsafe fn(*mut Net_Crypto, c_int, dht_pk_cb, *mut c_void, u32),
    /// `set_direct_ip_port`
    pub set_direct_ip_port: unsafe fn(*mut Net_Crypto, c_int, &IP_Port, bool),
    /// `add_tcp_relay_peer`: whether it is tied now
    pub add_tcp_relay_peer: unsafe fn(*mut Net_Crypto, c_int, &Node_format) -> bool,
    /// `add_tcp_relay`: whether it is new
    pub add_tcp_relay: unsafe fn(*mut Net_Crypto, &Node_format) -> bool,
    /// `copy_connected_tcp_relays_index`: how many were written
    pub copy_connected_tcp_relays_index: unsafe fn(*mut Net_Crypto, &mut [Node_format], u32) -> u32,
    /// `write_cryptpacket` without congestion control: whether it was taken
    pub write_cryptpacket: unsafe fn(*mut Net_Crypto, c_int, &[u8]) -> bool,
    /// `lan_discovery_init`
    pub lan_discovery_init: unsafe fn(*const Memory, *const Network) -> *mut Broadcast_Info,
    /// `lan_discovery_send` to a port in host order, with the DHT's own key
    pub lan_discovery_send: unsafe fn(*const Networking_Core, *mut DHT, *const Broadcast_Info, u16),
    /// `lan_discovery_kill`
    pub lan_discovery_kill: unsafe fn(*mut Broadcast_Info),
}
