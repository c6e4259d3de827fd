// SPDX-License-Identifier: GPL-3.0-or-later
//! What is the same in every supported toxcore version.

use core::ffi::{c_int, c_void};

use crate::ffi::ctypes::{Family, Mono_Time, Network, Random, Socket};
use crate::ffi::host::{HostFns, LoggerWrite, NetConnect, RecordPacket};
use crate::proto::relay::note::Level;

#[cfg(feature = "friend-connection")]
pub(super) mod neighbours;

/// The lowest level that Debian's builds of toxcore write; finer lines never reach a program.
pub(super) const LOGGER_LEVEL_MIN: Level = Level::Info;
/// `TOX_SOCK_STREAM`
const TOX_SOCK_STREAM: c_int = 1;
/// `TOX_PROTO_TCP`
const TOX_PROTO_TCP: c_int = 1;

/// The functions that differ between versions, see [`HostFns`].
pub(super) struct Own {
    pub(super) needs_memory: bool,
    pub(super) mono_time_millis: unsafe fn(*const Mono_Time) -> u64,
    pub(super) logger_write: LoggerWrite,
    pub(super) net_connect: NetConnect,
    pub(super) record_packet: Option<RecordPacket>,
    pub(super) is_system_network: unsafe fn(*const Network) -> bool,
}

/// The table of one version, in whose `Network_Funcs` so many entries stand before `recv`. Every
/// function is given what `HostFns` promises.
pub(super) const fn table<const BEFORE_RECV: usize>(own: Own) -> HostFns {
    HostFns {
        needs_memory: own.needs_memory,
        mono_time_get: mono_time,
        mono_time_millis: own.mono_time_millis,
        logger_write: own.logger_write,
        crypto_new_keypair: new_keypair,
        random_nonce: draw_nonce,
        random_u64: draw_u64,
        random_u32: draw_u32,
        open,
        net_connect: own.net_connect,
        send: send::<BEFORE_RECV>,
        recv: receive::<BEFORE_RECV>,
        kill_sock: close,
        is_system_network: own.is_system_network,
        record_packet: own.record_packet,
    }
}

unsafe fn mono_time(mono_time: *const Mono_Time) -> u64 {
    // SAFETY: valid by the contract of `HostFns`.
    unsafe { imports::mono_time_get(mono_time) }
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

unsafe fn send<const BEFORE_RECV: usize>(
    ns: *const Network,
    socket: Socket,
    bytes: &[u8],
) -> c_int {
    // SAFETY: valid by the contract of `HostFns`; a slice with its length.
    unsafe {
        let Network_View::<BEFORE_RECV> { funcs, obj } = *ns.cast();
        ((*funcs).send)(obj, socket.sock, bytes.as_ptr(), bytes.len())
    }
}

unsafe fn receive<const BEFORE_RECV: usize>(
    ns: *const Network,
    socket: Socket,
    room: &mut [u8],
) -> c_int {
    // SAFETY: valid by the contract of `HostFns`; a slice with its length.
    unsafe {
        let Network_View::<BEFORE_RECV> { funcs, obj } = *ns.cast();
        ((*funcs).recv)(obj, socket.sock, room.as_mut_ptr(), room.len())
    }
}

unsafe fn close(ns: *const Network, socket: Socket) {
    // SAFETY: valid by the contract of `HostFns`.
    unsafe { imports::kill_sock(ns, socket) }
}

/// Whether two networks have the same functions.
///
/// # Safety
/// `ns` is valid, `system` is valid or null.
pub(super) unsafe fn have_same_functions(ns: *const Network, system: *const Network) -> bool {
    // SAFETY: valid, and the pointer to the functions comes first in every version.
    unsafe { !system.is_null() && *ns.cast::<*const c_void>() == *system.cast::<*const c_void>() }
}

/// The inside of a `Network` (abi.md section 4.3).
///
/// Everything else goes through toxcore's functions, but its `net_send` and `net_recv` set `errno`
/// to 0 when they fail (0.2.18) or take what only toxcore's own framing has (later), so that a full
/// socket and a dead one look the same through them. They call these two functions, write the log
/// and keep the accounts, nothing else.
#[derive(Clone, Copy)]
#[repr(C)]
struct Network_View<const BEFORE_RECV: usize> {
    funcs: *const Network_Funcs<BEFORE_RECV>,
    obj: *mut c_void,
}

/// A `Socket` is one `int`, and so are 0.2.18's bare descriptors.
#[repr(C)]
struct Network_Funcs<const BEFORE_RECV: usize> {
    /// close, accept, bind, listen, in 0.2.22 connect, recvbuf
    before_recv: [*const c_void; BEFORE_RECV],
    recv: unsafe extern "C" fn(obj: *mut c_void, sock: c_int, buf: *mut u8, len: usize) -> c_int,
    recvfrom: *const c_void,
    send: unsafe extern "C" fn(obj: *mut c_void, sock: c_int, buf: *const u8, len: usize) -> c_int,
}

const _: () = {
    assert!(core::mem::offset_of!(Network_View<5>, obj) == 8);
    assert!(core::mem::offset_of!(Network_Funcs<5>, recv) == 40);
    assert!(core::mem::offset_of!(Network_Funcs<5>, send) == 56);
    assert!(core::mem::offset_of!(Network_Funcs<6>, recv) == 48);
    assert!(core::mem::offset_of!(Network_Funcs<6>, send) == 64);
};

/// Imports, abi.md section 5.
mod imports {
    use super::*;

    unsafe extern "C" {
        pub(super) fn mono_time_get(mono_time: *const Mono_Time) -> u64;
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
    }
}
