// SPDX-License-Identifier: GPL-3.0-or-later
//! The neighbours of friend connections, as far as they are the same in every toxcore version.

use core::ffi::{c_int, c_void};

use crate::ffi::callbacks::fr_request_cb;
use crate::ffi::ctypes::{IP_Port, Memory, Network, Node_format};
use crate::ffi::neighbours::{
    Broadcast_Info, DHT, NeighbourFns, Net_Crypto, Networking_Core, New_Connection, Onion_Client,
    connection_data_cb, connection_status_cb, dht_ip_cb, dht_pk_cb, new_connection_cb,
    recv_tcp_relay_cb,
};

/// The functions that differ between versions, see [`NeighbourFns`].
pub(in crate::abi) struct Own {
    pub(in crate::abi) onion_set_friend_dht_pubkey: unsafe fn(*mut Onion_Client, c_int, &[u8; 32]),
    pub(in crate::abi) dht_addfriend:
        unsafe fn(*mut DHT, &[u8; 32], dht_ip_cb, *mut c_void, i32) -> Option<u32>,
    pub(in crate::abi) dht_delfriend: unsafe fn(*mut DHT, &[u8; 32], u32) -> bool,
    pub(in crate::abi) copy_connected_tcp_relays_index:
        unsafe fn(*mut Net_Crypto, &mut [Node_format], u32) -> u32,
    pub(in crate::abi) write_cryptpacket: unsafe fn(*mut Net_Crypto, c_int, &[u8]) -> bool,
    pub(in crate::abi) lan_discovery_init:
        unsafe fn(*const Memory, *const Network) -> *mut Broadcast_Info,
}

/// The table of one version: its own functions and those of every version. Every one of them is
/// given what `NeighbourFns` promises: valid pointers, and slices with their lengths.
pub(in crate::abi) const fn table(own: Own) -> NeighbourFns {
    NeighbourFns {
        // SAFETY: as `NeighbourFns` promises, here and below.
        onion_addfriend: |onion, pk| unsafe { imports::onion_addfriend(onion, pk.as_ptr()) },
        // SAFETY: see above.
        onion_delfriend: |onion, number| unsafe {
            imports::onion_delfriend(onion, number);
        },
        // SAFETY: see above.
        onion_set_friend_online: |onion, number, online| unsafe {
            imports::onion_set_friend_online(onion, number, online);
        },
        onion_set_friend_dht_pubkey: own.onion_set_friend_dht_pubkey,
        // SAFETY: see above.
        recv_tcp_relay_handler: |onion, friend, callback, object, number| unsafe {
            imports::recv_tcp_relay_handler(onion, friend, callback, object, number);
        },
        // SAFETY: see above.
        onion_dht_pk_callback: |onion, friend, callback, object, number| unsafe {
            imports::onion_dht_pk_callback(onion, friend, callback, object, number);
        },
        // SAFETY: see above.
        oniondata_registerhandler: |onion, first_byte, callback, object| unsafe {
            imports::oniondata_registerhandler(onion, first_byte, callback, object);
        },
        // SAFETY: see above; the data has 1021 bytes at most.
        send_onion_data: |onion, number, data| unsafe {
            imports::send_onion_data(onion, number, data.as_ptr(), data.len() as u16)
        },
        dht_addfriend: own.dht_addfriend,
        dht_delfriend: own.dht_delfriend,
        // SAFETY: see above.
        new_connection_handler: |net_crypto, callback, object| unsafe {
            imports::new_connection_handler(net_crypto, callback, object);
        },
        // SAFETY: see above.
        new_crypto_connection: |net_crypto, real_pk, dht_pk| unsafe {
            imports::new_crypto_connection(net_crypto, real_pk.as_ptr(), dht_pk.as_ptr())
        },
        // SAFETY: see above.
        accept_crypto_connection: |net_crypto, offer| unsafe {
            imports::accept_crypto_connection(net_crypto, offer)
        },
        // SAFETY: see above.
        crypto_kill: |net_crypto, id| unsafe {
            imports::crypto_kill(net_crypto, id);
        },
        // SAFETY: see above.
        connection_status_handler: |net_crypto, crypto, callback, object, id| unsafe {
            imports::connection_status_handler(net_crypto, crypto, callback, object, id);
        },
        // SAFETY: see above.
        connection_data_handler: |net_crypto, crypto, callback, object, id| unsafe {
            imports::connection_data_handler(net_crypto, crypto, callback, object, id);
        },
        // SAFETY: see above.
        connection_lossy_data_handler: |net_crypto, crypto, callback, object, id| unsafe {
            imports::connection_lossy_data_handler(net_crypto, crypto, callback, object, id);
        },
        // SAFETY: see above.
        nc_dht_pk_callback: |net_crypto, crypto, callback, object, number| unsafe {
            imports::nc_dht_pk_callback(net_crypto, crypto, callback, object, number);
        },
        // SAFETY: see above.
        set_direct_ip_port: |net_crypto, crypto, address, connected| unsafe {
            imports::set_direct_ip_port(net_crypto, crypto, address, connected);
        },
        // SAFETY: see above.
        add_tcp_relay_peer: |net_crypto, crypto, node| unsafe {
            let pk = node.public_key.as_ptr();
            imports::add_tcp_relay_peer(net_crypto, crypto, &raw const node.ip_port, pk) == 0
        },
        // SAFETY: see above.
        add_tcp_relay: |net_crypto, node| unsafe {
            let pk = node.public_key.as_ptr();
            imports::add_tcp_relay(net_crypto, &raw const node.ip_port, pk) == 0
        },
        copy_connected_tcp_relays_index: own.copy_connected_tcp_relays_index,
        write_cryptpacket: own.write_cryptpacket,
        lan_discovery_init: own.lan_discovery_init,
        lan_discovery_send,
        // SAFETY: see above; null is allowed.
        lan_discovery_kill: |broadcast| unsafe { imports::lan_discovery_kill(broadcast) },
    }
}

unsafe fn lan_discovery_send(
    net: *const Networking_Core,
    dht: *mut DHT,
    broadcast: *const Broadcast_Info,
    port: u16,
) {
    // SAFETY: as `NeighbourFns` promises.
    unsafe {
        let pk = imports::dht_get_self_public_key(dht);
        imports::lan_discovery_send(net, broadcast, pk, port.to_be());
    }
}

/// Imports, abi.md section 5.
mod imports {
    use super::*;

    unsafe extern "C" {
        pub(super) fn onion_addfriend(onion_c: *mut Onion_Client, public_key: *const u8) -> c_int;
        pub(super) fn onion_delfriend(onion_c: *mut Onion_Client, friend_num: c_int) -> c_int;
        pub(super) fn onion_set_friend_online(
            onion_c: *mut Onion_Client,
            friend_num: c_int,
            online: bool,
        ) -> c_int;
        pub(super) fn recv_tcp_relay_handler(
            onion_c: *mut Onion_Client,
            friend_num: c_int,
            callback: recv_tcp_relay_cb,
            object: *mut c_void,
            number: u32,
        ) -> c_int;
        pub(super) fn onion_dht_pk_callback(
            onion_c: *mut Onion_Client,
            friend_num: c_int,
            callback: dht_pk_cb,
            object: *mut c_void,
            number: u32,
        ) -> c_int;
        pub(super) fn oniondata_registerhandler(
            onion_c: *mut Onion_Client,
            first_byte: u8,
            callback: fr_request_cb,
            object: *mut c_void,
        );
        pub(super) fn send_onion_data(
            onion_c: *mut Onion_Client,
            friend_num: c_int,
            data: *const u8,
            len: u16,
        ) -> c_int;
        pub(super) fn dht_get_self_public_key(dht: *const DHT) -> *const u8;
        pub(super) fn new_connection_handler(
            net_crypto: *mut Net_Crypto,
            callback: new_connection_cb,
            object: *mut c_void,
        );
        pub(super) fn new_crypto_connection(
            net_crypto: *mut Net_Crypto,
            real_pk: *const u8,
            dht_pk: *const u8,
        ) -> c_int;
        pub(super) fn accept_crypto_connection(
            net_crypto: *mut Net_Crypto,
            incoming: *const New_Connection,
        ) -> c_int;
        pub(super) fn crypto_kill(net_crypto: *mut Net_Crypto, crypt_id: c_int) -> c_int;
        pub(super) fn connection_status_handler(
            net_crypto: *const Net_Crypto,
            crypt_id: c_int,
            callback: connection_status_cb,
            object: *mut c_void,
            id: c_int,
        ) -> c_int;
        pub(super) fn connection_data_handler(
            net_crypto: *const Net_Crypto,
            crypt_id: c_int,
            callback: connection_data_cb,
            object: *mut c_void,
            id: c_int,
        ) -> c_int;
        pub(super) fn connection_lossy_data_handler(
            net_crypto: *const Net_Crypto,
            crypt_id: c_int,
            callback: connection_data_cb,
            object: *mut c_void,
            id: c_int,
        ) -> c_int;
        pub(super) fn nc_dht_pk_callback(
            net_crypto: *const Net_Crypto,
            crypt_id: c_int,
            callback: dht_pk_cb,
            object: *mut c_void,
            number: u32,
        ) -> c_int;
        pub(super) fn set_direct_ip_port(
            net_crypto: *mut Net_Crypto,
            crypt_id: c_int,
            ip_port: *const IP_Port,
            connected: bool,
        ) -> c_int;
        pub(super) fn add_tcp_relay_peer(
            net_crypto: *mut Net_Crypto,
            crypt_id: c_int,
            ip_port: *const IP_Port,
            public_key: *const u8,
        ) -> c_int;
        pub(super) fn add_tcp_relay(
            net_crypto: *mut Net_Crypto,
            ip_port: *const IP_Port,
            public_key: *const u8,
        ) -> c_int;
        pub(super) fn lan_discovery_send(
            net: *const Networking_Core,
            broadcast: *const Broadcast_Info,
            dht_pk: *const u8,
            port_net_order: u16,
        ) -> bool;
        pub(super) fn lan_discovery_kill(broadcast: *mut Broadcast_Info);
    }
}
