// SPDX-License-Identifier: GPL-3.0-or-later
//! toxcore 0.2.18.

use core::ffi::{CStr, c_char, c_int, c_void};
use core::ptr::{null, null_mut};

use super::every::{self, LOGGER_LEVEL_MIN, Own, have_same_functions};
#[cfg(feature = "tcp-connections")]
use crate::ffi::connections::{
    NewConnections, TCP_Connections, do_connections, kill_connections, new_connections,
};
#[cfg(feature = "friend-connection")]
use crate::ffi::ctypes::Node_format;
use crate::ffi::ctypes::{IP_Port, Logger, Logger_Level, Mono_Time, Network, Socket};
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
use crate::proto::relay::note::Level;

/// toxcore's functions.
pub static HOST: HostFns = every::table::<5>(Own {
    needs_memory: false,
    // SAFETY: valid by the contract of `HostFns`. It locks what it changes.
    mono_time_millis: |clock| unsafe { imports::current_time_monotonic(clock.cast_mut()) },
    logger_write,
    net_connect,
    record_packet: None,
    // SAFETY: valid by the contract of `HostFns`, and the system's or null.
    is_system_network: |ns| unsafe { have_same_functions(ns, imports::system_network()) },
});

/// The neighbours' functions.
#[cfg(feature = "friend-connection")]
static NEIGHBOURS: NeighbourFns = every::neighbours::table(every::neighbours::Own {
    // SAFETY: as `NeighbourFns` promises, here and below.
    onion_set_friend_dht_pubkey: |onion, number, pk| unsafe {
        imports::onion_set_friend_DHT_pubkey(onion, number, pk.as_ptr());
    },
    dht_addfriend,
    // SAFETY: see above; tokens of this version have 16 bits.
    dht_delfriend: |dht, pk, token| unsafe {
        imports::dht_delfriend(dht, pk.as_ptr(), token as u16) == 0
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
    lan_discovery_init: |_, ns| unsafe { imports::lan_discovery_init(ns) },
});

/// Makes a connection to a relay; null on failure. 0.2.18 has this name and no `Memory`.
///
/// # Safety
/// abi.md section 1.1; `log` and `proxy` may be null, no other pointer (null gives null).
#[cfg(feature = "tcp-client")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn new_TCP_connection(
    log: *const Logger,
    mono_time: *const Mono_Time,
    rng: *const Random,
    ns: *const Network,
    relay_addr: *const IP_Port,
    relay_pk: *const u8,
    self_pk: *const u8,
    self_sk: *const u8,
    proxy: *const TCP_Proxy_Info,
) -> *mut TCP_Client_Connection {
    let env = environment(rng, ns);
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
pub unsafe extern "C" fn do_TCP_connection(
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
pub unsafe extern "C" fn kill_TCP_connection(con: *mut TCP_Client_Connection) {
    // SAFETY: as promised by the caller.
    unsafe { kill_client(con) }
}

/// Makes an object that reaches peers over relays; null on failure. 0.2.18 has no `Memory`.
///
/// # Safety
/// abi.md section 1.2; `log` and `proxy` may be null, no other pointer (null gives null).
#[cfg(feature = "tcp-connections")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn new_tcp_connections(
    log: *const Logger,
    rng: *const Random,
    ns: *const Network,
    mono_time: *mut Mono_Time,
    secret_key: *const u8,
    proxy: *const TCP_Proxy_Info,
) -> *mut TCP_Connections {
    let env = environment(rng, ns);
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

/// Makes an object without friends; null on failure. DHT and net_crypto are those of `onion_c`.
///
/// # Safety
/// abi.md section 1.3; `log`, `ns` and `onion_c` may be null (`onion_c` gives null).
#[cfg(feature = "friend-connection")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn new_friend_connections(
    log: *const Logger,
    mono_time: *const Mono_Time,
    ns: *const Network,
    onion_c: *mut Onion_Client,
    local_discovery_enabled: bool,
) -> *mut Friend_Connections {
    let (mut dht, mut net_crypto, mut net) = (null_mut(), null_mut(), null_mut());
    // SAFETY: not null, so valid; the DHT only if it is not null.
    unsafe {
        if !onion_c.is_null() {
            dht = imports::onion_get_dht(onion_c);
            net_crypto = imports::onion_get_net_crypto(onion_c);
        }
        if !dht.is_null() {
            net = imports::dht_get_net(dht);
        }
    }
    let env = FriendEnvironment {
        host: &HOST,
        fns: &NEIGHBOURS,
        log,
        mono_time,
        onion: onion_c,
        dht,
        net_crypto,
        net,
    };
    let lan = LanDiscovery { enabled: local_discovery_enabled, mem: null(), ns };
    // SAFETY: as promised by the caller.
    unsafe { new_friends(env, lan) }
}

#[cfg(feature = "_relays")]
fn environment(rng: *const Random, ns: *const Network) -> Environment {
    Environment { fns: &HOST, rng, ns, mem: null(), profile: null_mut() }
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
            place.line as c_int,
            place.function.as_ptr(),
            c"%s".as_ptr(),
            message.as_ptr(),
        );
    }
}

unsafe fn net_connect(
    _env: &Environment,
    log: *const Logger,
    socket: Socket,
    peer: &IP_Port,
) -> bool {
    // SAFETY: valid by the contract of `HostFns`, or null. toxcore ends the process when it has to
    // log without a logger, so it gets one that nobody listens to.
    unsafe {
        if !log.is_null() {
            return imports::net_connect(log, socket, peer);
        }
        let silent = imports::logger_new();
        let connected = !silent.is_null() && imports::net_connect(silent, socket, peer);
        imports::logger_kill(silent);
        connected
    }
}

#[cfg(feature = "friend-connection")]
unsafe fn dht_addfriend(
    dht: *mut DHT,
    pk: &[u8; 32],
    callback: dht_ip_cb,
    object: *mut c_void,
    number: i32,
) -> Option<u32> {
    let mut lock_count: u16 = 0;
    let (pk, token) = (pk.as_ptr(), &raw mut lock_count);
    // SAFETY: as `NeighbourFns` promises.
    let result = unsafe { imports::dht_addfriend(dht, pk, callback, object, number, token) };
    (result == 0 && lock_count > 0).then_some(u32::from(lock_count))
}

/// Imports, abi.md section 5.
mod imports {
    use super::*;

    unsafe extern "C" {
        pub(super) fn current_time_monotonic(mono_time: *mut Mono_Time) -> u64;
        pub(super) fn logger_write(
            log: *const Logger,
            level: Logger_Level,
            file: *const c_char,
            line: c_int,
            func: *const c_char,
            format: *const c_char,
            ...
        );
        pub(super) fn net_connect(log: *const Logger, socket: Socket, peer: *const IP_Port)
        -> bool;
        pub(super) fn logger_new() -> *mut Logger;
        pub(super) fn logger_kill(log: *mut Logger);
        pub(super) fn system_network() -> *const Network;
    }

    #[cfg(feature = "friend-connection")]
    unsafe extern "C" {
        pub(super) fn onion_get_dht(onion_c: *const Onion_Client) -> *mut DHT;
        pub(super) fn onion_get_net_crypto(onion_c: *const Onion_Client) -> *mut Net_Crypto;
        pub(super) fn onion_set_friend_DHT_pubkey(
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
            lock_count: *mut u16,
        ) -> c_int;
        pub(super) fn dht_delfriend(dht: *mut DHT, public_key: *const u8, lock_count: u16)
        -> c_int;
        pub(super) fn dht_get_net(dht: *const DHT) -> *mut Networking_Core;
        pub(super) fn copy_connected_tcp_relays_index(
            net_crypto: *mut Net_Crypto,
            out: *mut Node_format,
            max: u16,
            idx: u32,
        ) -> u32;
        pub(super) fn write_cryptpacket(
            net_crypto: *mut Net_Crypto,
            crypt_id: c_int,
            data: *const u8,
            len: u16,
            congestion_control: bool,
        ) -> i64;
        pub(super) fn lan_discovery_init(ns: *const Network) -> *mut Broadcast_Info;
    }
}
