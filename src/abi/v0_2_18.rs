// SPDX-License-Identifier: GPL-3.0-or-later
//! toxcore 0.2.18.

use core::ffi::{CStr, c_char, c_int, c_void};

#[cfg(feature = "tcp-connections")]
use crate::ffi::connections::{
    NewConnections, TCP_Connections, do_connections, kill_connections, new_connections,
};
#[cfg(feature = "_relays")]
use crate::ffi::ctypes::TCP_Proxy_Info;
use crate::ffi::ctypes::{
    Family, IP_Port, Logger, Logger_Level, Mono_Time, Network, Random, Socket,
};
#[cfg(feature = "friend-connection")]
use crate::ffi::friends::{Friend_Connections, FriendEnvironment, new_friends};
#[cfg(feature = "_relays")]
use crate::ffi::host::Environment;
use crate::ffi::host::{HostFns, Place};
#[cfg(feature = "friend-connection")]
use crate::ffi::neighbours::Onion_Client;
#[cfg(feature = "tcp-client")]
use crate::ffi::relay_client::{
    NewClient, TCP_Client_Connection, do_client, kill_client, new_client,
};
use crate::proto::relay::note::Level;

#[cfg(feature = "friend-connection")]
mod neighbours;

/// The lowest level that Debian's build of toxcore writes; finer lines never reach a program.
const LOGGER_LEVEL_MIN: Level = Level::Info;
/// `TOX_SOCK_STREAM`
const TOX_SOCK_STREAM: c_int = 1;
/// `TOX_PROTO_TCP`
const TOX_PROTO_TCP: c_int = 1;

/// toxcore's functions.
pub static HOST: HostFns = HostFns {
    mono_time_get: mono_time,
    mono_time_millis: mono_millis,
    logger_write: write_log,
    crypto_new_keypair: new_keypair,
    random_nonce: draw_nonce,
    random_u64: draw_u64,
    random_u32: draw_u32,
    open,
    net_connect: connect,
    send,
    recv: receive,
    kill_sock: close,
    is_system_network,
};

/// Makes a connection to a relay; null on failure. 0.2.18 has this name and no `Memory`.
///
/// # Safety
/// abi.md section 1.1; `proxy` may be null, no other pointer (null gives null).
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
    let env = Environment { fns: &HOST, rng, ns };
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
    let env = Environment { fns: &HOST, rng, ns };
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
    // SAFETY: as promised by the caller.
    unsafe {
        let (dht, net_crypto) = neighbours::behind(onion_c);
        let fns = &neighbours::NEIGHBOURS;
        let onion = onion_c;
        let env = FriendEnvironment { host: &HOST, fns, log, mono_time, onion, dht, net_crypto };
        new_friends(env, ns, local_discovery_enabled)
    }
}

unsafe fn mono_time(mono_time: *const Mono_Time) -> u64 {
    // SAFETY: valid by the contract of `HostFns`.
    unsafe { imports::mono_time_get(mono_time) }
}

unsafe fn mono_millis(mono_time: *const Mono_Time) -> u64 {
    // SAFETY: valid by the contract of `HostFns`. The function of this version takes a pointer that
    // is not const, and locks what it changes.
    unsafe { imports::current_time_monotonic(mono_time.cast_mut()) }
}

unsafe fn write_log(log: *const Logger, level: Level, place: Place, message: &CStr) {
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

unsafe fn new_keypair(rng: *const Random, public: &mut [u8; 32], secret: &mut [u8; 32]) {
    // SAFETY: valid by the contract of `HostFns`, and two arrays of 32 bytes. It has no failure.
    unsafe { imports::crypto_new_keypair(rng, public.as_mut_ptr(), secret.as_mut_ptr()) };
}

unsafe fn draw_nonce(rng: *const Random, nonce: &mut [u8; 24]) {
    // SAFETY: valid by the contract of `HostFns`, and an array of 24 bytes.
    unsafe { imports::random_nonce(rng, nonce.as_mut_ptr()) }
}

unsafe fn draw_u64(rng: *const Random) -> u64 {
    // SAFETY: valid by the contract of `HostFns`.
    unsafe { imports::random_u64(rng) }
}

unsafe fn draw_u32(rng: *const Random) -> u32 {
    // SAFETY: valid by the contract of `HostFns`.
    unsafe { imports::random_u32(rng) }
}

unsafe fn open(ns: *const Network, family: Family) -> Option<Socket> {
    // SAFETY: valid by the contract of `HostFns`; a socket that is not given away is closed.
    unsafe {
        let socket = imports::net_socket(ns, family, TOX_SOCK_STREAM, TOX_PROTO_TCP);
        if !imports::sock_valid(socket) {
            return None;
        }
        if imports::set_socket_nosigpipe(ns, socket) && imports::set_socket_nonblock(ns, socket) {
            return Some(socket);
        }
        imports::kill_sock(ns, socket);
        None
    }
}

unsafe fn connect(log: *const Logger, socket: Socket, peer: &IP_Port) -> bool {
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

unsafe fn send(ns: *const Network, socket: Socket, bytes: &[u8]) -> c_int {
    // SAFETY: valid by the contract of `HostFns`; a slice with its length.
    unsafe {
        let Network_View { funcs, obj } = *ns.cast();
        ((*funcs).send)(obj, socket.sock, bytes.as_ptr(), bytes.len())
    }
}

unsafe fn receive(ns: *const Network, socket: Socket, room: &mut [u8]) -> c_int {
    // SAFETY: valid by the contract of `HostFns`; a slice with its length.
    unsafe {
        let Network_View { funcs, obj } = *ns.cast();
        ((*funcs).recv)(obj, socket.sock, room.as_mut_ptr(), room.len())
    }
}

unsafe fn close(ns: *const Network, socket: Socket) {
    // SAFETY: valid by the contract of `HostFns`.
    unsafe { imports::kill_sock(ns, socket) }
}

unsafe fn is_system_network(ns: *const Network) -> bool {
    // SAFETY: `ns` is valid by the contract of `HostFns`, the system's is valid or null.
    unsafe {
        let system = imports::system_network().cast::<Network_View>();
        !system.is_null() && (*ns.cast::<Network_View>()).funcs == (*system).funcs
    }
}

/// The inside of a `Network` (abi.md section 4.3).
///
/// Everything else goes through toxcore's functions, but `net_send` and `net_recv` of this version
/// set `errno` to 0 when they fail, so that a full socket and a dead one look the same through
/// them. They do nothing besides calling these two functions.
#[derive(Clone, Copy)]
#[repr(C)]
struct Network_View {
    funcs: *const Network_Funcs,
    obj: *mut c_void,
}

#[repr(C)]
struct Network_Funcs {
    /// close, accept, bind, listen, recvbuf
    before_recv: [*const c_void; 5],
    recv: unsafe extern "C" fn(obj: *mut c_void, sock: c_int, buf: *mut u8, len: usize) -> c_int,
    recvfrom: *const c_void,
    send: unsafe extern "C" fn(obj: *mut c_void, sock: c_int, buf: *const u8, len: usize) -> c_int,
}

const _: () = {
    assert!(core::mem::offset_of!(Network_View, obj) == 8);
    assert!(core::mem::offset_of!(Network_Funcs, recv) == 40);
    assert!(core::mem::offset_of!(Network_Funcs, send) == 56);
};

/// Imports, abi.md section 5.
mod imports {
    use super::*;

    unsafe extern "C" {
        pub(super) fn mono_time_get(mono_time: *const Mono_Time) -> u64;
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
        pub(super) fn crypto_new_keypair(
            rng: *const Random,
            public: *mut u8,
            secret: *mut u8,
        ) -> i32;
        pub(super) fn random_nonce(rng: *const Random, nonce: *mut u8);
        pub(super) fn random_u64(rng: *const Random) -> u64;
        pub(super) fn random_u32(rng: *const Random) -> u32;
        pub(super) fn net_socket(
            ns: *const Network,
            domain: Family,
            kind: c_int,
            protocol: c_int,
        ) -> Socket;
        pub(super) fn sock_valid(socket: Socket) -> bool;
        pub(super) fn kill_sock(ns: *const Network, socket: Socket);
        pub(super) fn set_socket_nonblock(ns: *const Network, socket: Socket) -> bool;
        pub(super) fn set_socket_nosigpipe(ns: *const Network, socket: Socket) -> bool;
        pub(super) fn net_connect(log: *const Logger, socket: Socket, peer: *const IP_Port)
        -> bool;
        pub(super) fn logger_new() -> *mut Logger;
        pub(super) fn logger_kill(log: *mut Logger);
        pub(super) fn system_network() -> *const Network;
    }
}
