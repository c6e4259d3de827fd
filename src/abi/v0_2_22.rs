// SPDX-License-Identifier: GPL-3.0-or-later
//! toxcore 0.2.22: accounts of packets, `connect` through the `Network`, friend connections that are
//! given their neighbours.

#[cfg(feature = "friend-connection")]
use core::ffi::c_int;
use core::ffi::{CStr, c_char, c_void};
#[cfg(feature = "friend-connection")]
use core::ptr::null_mut;

use super::every::{self, LOGGER_LEVEL_MIN, Own, have_same_functions};
#[cfg(feature = "tcp-connections")]
use crate::ffi::connections::{
    NewConnections, TCP_Connections, do_connections, kill_connections, knows_relay, new_connections,
};
#[cfg(feature = "friend-connection")]
use crate::ffi::ctypes::Node_format;
use crate::ffi::ctypes::{
    IP_Port, Logger, Logger_Level, Memory, Mono_Time, Net_Err_Connect, Net_Profile, Network,
    Packet_Direction, Socket,
};
#[cfg(feature = "_relays")]
use crate::ffi::ctypes::{Random, TCP_Proxy_Info};
#[cfg(feature = "friend-connection")]
use crate::ffi::friends::{Friend_Connections, FriendEnvironment, LanDiscovery, new_friends};
use crate::ffi::host::{Environment, HostFns, Place};
#[cfg(feature = "friend-connection")]
use crate::ffi::neighbours::{
    Broadcast_Info, DHT, NeighbourFns, Net_Crypto, Networking_Core, Onion_Client, dht_ip_cb,
};
#[cfg(feature = "tcp-client")]
use crate::ffi::relay_client::{
    NewClient, TCP_Client_Connection, do_client, kill_client, new_client,
};
use crate::proto::relay::ledger::{Direction, Record};
use crate::proto::relay::note::Level;

/// `NET_ERR_CONNECT_INVALID_FAMILY`
const NET_ERR_CONNECT_INVALID_FAMILY: Net_Err_Connect = 1;
/// `PACKET_DIRECTION_SEND`
const PACKET_DIRECTION_SEND: Packet_Direction = 0;
/// `PACKET_DIRECTION_RECV`
const PACKET_DIRECTION_RECV: Packet_Direction = 1;

/// toxcore's functions.
pub static HOST: HostFns = every::table::<6>(Own {
    needs_memory: true,
    // SAFETY: valid by the contract of `HostFns`.
    mono_time_millis: |clock| unsafe { imports::current_time_monotonic(clock) },
    logger_write,
    net_connect,
    record_packet: Some(record_packet),
    // SAFETY: valid by the contract of `HostFns`, and the system's or null.
    is_system_network: |ns| unsafe { have_same_functions(ns, imports::os_network()) },
});

/// The neighbours' functions.
#[cfg(feature = "friend-connection")]
static NEIGHBOURS: NeighbourFns = every::neighbours::table(every::neighbours::Own {
    // SAFETY: as `NeighbourFns` promises, here and below.
    onion_set_friend_dht_pubkey: |onion, number, pk| unsafe {
        imports::onion_set_friend_dht_pubkey(onion, number, pk.as_ptr());
    },
    dht_addfriend,
    // SAFETY: see above; toxcore ends the process over the token 0.
    dht_delfriend: |dht, pk, token| unsafe {
        token == 0 || imports::dht_delfriend(dht, pk.as_ptr(), token) == 0
    },
    // SAFETY: see above; there is room for three.
    copy_connected_tcp_relays_index: |net_crypto, nodes, index| unsafe {
        let (room, max) = (nodes.as_mut_ptr(), nodes.len() as u16);
        imports::copy_connected_tcp_relays_index(net_crypto, room, max, index)
    },
    // SAFETY: see above; a packet has 1373 bytes at most.
    write_cryptpacket: |net_crypto, crypto, packet| unsafe {
        let (data, length) = (packet.as_ptr(), packet.len() as u16);
        imports::write_cryptpacket(net_crypto, crypto, data, length, false) != -1
    },
    // SAFETY: see above.
    lan_discovery_init: |mem, ns| unsafe { imports::lan_discovery_init(mem, ns) },
});

/// Makes a connection to a relay; null on failure.
///
/// # Safety
/// abi.md section 1.1; `log`, `proxy` and `profile` may be null, no other pointer (null gives null).
#[cfg(feature = "tcp-client")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn new_tcp_connection(
    log: *const Logger,
    mem: *const Memory,
    mono_time: *const Mono_Time,
    rng: *const Random,
    ns: *const Network,
    relay_addr: *const IP_Port,
    relay_pk: *const u8,
    self_pk: *const u8,
    self_sk: *const u8,
    proxy: *const TCP_Proxy_Info,
    profile: *mut Net_Profile,
) -> *mut TCP_Client_Connection {
    let env = Environment { fns: &HOST, rng, ns, mem, profile };
    let new = NewClient { log, mono_time, relay_addr, relay_pk, self_pk, self_sk, proxy };
    // SAFETY: as promised by the caller.
    unsafe { new_client(env, &new) }
}

/// One step of the state machine.
///
/// # Safety
/// abi.md section 1.1
#[cfg(feature = "tcp-client")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn do_tcp_connection(
    log: *const Logger,
    mono_time: *const Mono_Time,
    con: *mut TCP_Client_Connection,
    userdata: *mut c_void,
) {
    // SAFETY: as promised by the caller.
    unsafe { do_client(&HOST, log, mono_time, con, userdata) }
}

/// Closes the connection and frees it; null is allowed.
///
/// # Safety
/// abi.md section 1.1
#[cfg(feature = "tcp-client")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kill_tcp_connection(con: *mut TCP_Client_Connection) {
    // SAFETY: as promised by the caller.
    unsafe { kill_client(con) }
}

/// Makes an object that reaches peers over relays; null on failure.
///
/// # Safety
/// abi.md section 1.2; `log`, `proxy` and `profile` may be null, no other pointer (null gives null).
#[cfg(feature = "tcp-connections")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn new_tcp_connections(
    log: *const Logger,
    mem: *const Memory,
    rng: *const Random,
    ns: *const Network,
    mono_time: *mut Mono_Time,
    secret_key: *const u8,
    proxy: *const TCP_Proxy_Info,
    profile: *mut Net_Profile,
) -> *mut TCP_Connections {
    let env = Environment { fns: &HOST, rng, ns, mem, profile };
    // SAFETY: as promised by the caller.
    unsafe { new_connections(env, &NewConnections { log, mono_time, secret_key, proxy }) }
}

/// One round of all relays.
///
/// # Safety
/// abi.md section 1.2
#[cfg(feature = "tcp-connections")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn do_tcp_connections(
    log: *const Logger,
    tcp_c: *mut TCP_Connections,
    userdata: *mut c_void,
) {
    // SAFETY: as promised by the caller.
    unsafe { do_connections(&HOST, log, tcp_c, userdata) }
}

/// Closes all connections and frees the object; null is allowed.
///
/// # Safety
/// abi.md section 1.2
#[cfg(feature = "tcp-connections")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kill_tcp_connections(tcp_c: *mut TCP_Connections) {
    // SAFETY: as promised by the caller.
    unsafe { kill_connections(tcp_c) }
}

/// Whether a relay with this key is known, in whatever state. Not in 0.2.18.
///
/// # Safety
/// abi.md section 1.2
#[cfg(feature = "tcp-connections")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tcp_relay_is_valid(
    tcp_c: *const TCP_Connections,
    relay_pk: *const u8,
) -> bool {
    // SAFETY: as promised by the caller.
    unsafe { knows_relay(tcp_c, relay_pk) }
}

/// Makes an object without friends; null on failure.
///
/// # Safety
/// abi.md section 1.3; every pointer may be null, which gives null, or for `ns` and `net` an object
/// without LAN discovery; `log` may be null.
#[cfg(feature = "friend-connection")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn new_friend_connections(
    log: *const Logger,
    mem: *const Memory,
    mono_time: *const Mono_Time,
    ns: *const Network,
    onion_c: *mut Onion_Client,
    dht: *mut DHT,
    net_crypto: *mut Net_Crypto,
    net: *mut Networking_Core,
    local_discovery_enabled: bool,
) -> *mut Friend_Connections {
    let onion = if mem.is_null() { null_mut() } else { onion_c };
    let (host, fns) = (&HOST, &NEIGHBOURS);
    let env = FriendEnvironment { host, fns, log, mono_time, onion, dht, net_crypto, net };
    let lan = LanDiscovery { enabled: local_discovery_enabled, mem, ns };
    // SAFETY: as promised by the caller.
    unsafe { new_friends(env, lan) }
}

unsafe fn logger_write(log: *const Logger, level: Level, place: Place, message: &CStr) {
    if level < LOGGER_LEVEL_MIN {
        return;
    }
    // SAFETY: valid by the contract of `HostFns`; the format takes one string.
    unsafe {
        imports::logger_write(
            log,
            level as u32,
            place.file.as_ptr(),
            place.line,
            place.function.as_ptr(),
            c"%s".as_ptr(),
            message.as_ptr(),
        );
    }
}

/// Any failure but that of an unknown family still makes a connection in this version, which then
/// ends as one that was refused does (tcp_client.md section 7.1).
unsafe fn net_connect(
    env: &Environment,
    log: *const Logger,
    socket: Socket,
    peer: &IP_Port,
) -> bool {
    let mut error: Net_Err_Connect = 0;
    // SAFETY: valid by the contract of `HostFns`; a null logger is allowed.
    unsafe { imports::net_connect(env.ns, env.mem, log, socket, peer, &raw mut error) };
    error != NET_ERR_CONNECT_INVALID_FAMILY
}

unsafe fn record_packet(profile: *mut Net_Profile, record: Record) {
    let direction = match record.direction {
        Direction::Sent => PACKET_DIRECTION_SEND,
        Direction::Received => PACKET_DIRECTION_RECV,
    };
    // SAFETY: valid by the contract of `HostFns`.
    unsafe { imports::netprof_record_packet(profile, record.id, record.length, direction) }
}

#[cfg(feature = "friend-connection")]
unsafe fn dht_addfriend(
    dht: *mut DHT,
    pk: &[u8; 32],
    callback: dht_ip_cb,
    object: *mut c_void,
    number: i32,
) -> Option<u32> {
    let mut lock_token: u32 = 0;
    let (pk, token) = (pk.as_ptr(), &raw mut lock_token);
    // SAFETY: as `NeighbourFns` promises.
    let result = unsafe { imports::dht_addfriend(dht, pk, callback, object, number, token) };
    // The token is not written for a key that is registered already, by somebody else then: we
    // register each key once. Such a registration stays, and 0 stands for it.
    (result == 0).then_some(lock_token)
}

/// Imports, abi.md section 5.
mod imports {
    use super::*;

    unsafe extern "C" {
        pub(super) fn current_time_monotonic(mono_time: *const Mono_Time) -> u64;
        pub(super) fn logger_write(
            log: *const Logger,
            level: Logger_Level,
            file: *const c_char,
            line: u32,
            func: *const c_char,
            format: *const c_char,
            ...
        );
        pub(super) fn net_connect(
            ns: *const Network,
            mem: *const Memory,
            log: *const Logger,
            socket: Socket,
            peer: *const IP_Port,
            err: *mut Net_Err_Connect,
        ) -> bool;
        pub(super) fn netprof_record_packet(
            profile: *mut Net_Profile,
            id: u8,
            length: usize,
            dir: Packet_Direction,
        );
        pub(super) fn os_network() -> *const Network;
    }

    #[cfg(feature = "friend-connection")]
    unsafe extern "C" {
        pub(super) fn onion_set_friend_dht_pubkey(
            onion_c: *mut Onion_Client,
            friend_num: c_int,
            dht_pk: *const u8,
        ) -> c_int;
        pub(super) fn dht_addfriend(
            dht: *mut DHT,
            public_key: *const u8,
            callback: dht_ip_cb,
            object: *mut c_void,
            number: i32,
            lock_token: *mut u32,
        ) -> c_int;
        pub(super) fn dht_delfriend(dht: *mut DHT, public_key: *const u8, lock_token: u32)
        -> c_int;
        pub(super) fn copy_connected_tcp_relays_index(
            net_crypto: *const Net_Crypto,
            out: *mut Node_format,
            max: u16,
            idx: u32,
        ) -> u32;
        pub(super) fn write_cryptpacket(
            net_crypto: *const Net_Crypto,
            crypt_id: c_int,
            data: *const u8,
            len: u16,
            congestion_control: bool,
        ) -> i64;
        pub(super) fn lan_discovery_init(
            mem: *const Memory,
            ns: *const Network,
        ) -> *mut Broadcast_Info;
    }
}
