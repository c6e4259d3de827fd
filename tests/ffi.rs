// SPDX-License-Identifier: GPL-3.0-or-later
//! The C face without C: host functions written in Rust. What needs a defect of our own is tested
//! here, because no C program can cause one.

#![cfg(feature = "tcp-client")]
#![allow(unsafe_code, clippy::unwrap_used, reason = "stands in for a C program")]

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::ffi::{CStr, c_int, c_void};
use std::net::SocketAddr;
use std::ptr;

use toxlink::crypto::rust::public_key;
use toxlink::crypto::{BoxKey, Nonce, PublicKey, SecretKey};
use toxlink::ffi::ctypes::{
    Family, IP_Port, Logger, Mono_Time, Network, Random, Socket, TCP_Proxy_Info,
};
use toxlink::ffi::host::{Environment, HostFns, Place};
use toxlink::ffi::relay_client::{
    NewClient, TCP_Client_Connection, do_client, kill_client, new_client,
};
use toxlink::ffi::tcp_client::{send_oob_packet, tcp_con_status};
use toxlink::proto::relay::note::Level;
use toxlink::wire::handshake::{self, Hello};

thread_local! {
    static SENT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    static INCOMING: RefCell<VecDeque<u8>> = const { RefCell::new(VecDeque::new()) };
    static LOG: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    static OPEN_SOCKETS: Cell<i32> = const { Cell::new(0) };
    static PANIC_IN_RANDOM: Cell<bool> = const { Cell::new(false) };
}

static HOST: HostFns = HostFns {
    needs_memory: false,
    mono_time_get: |_| 1_000_000,
    mono_time_millis: |_| 1_000_000_000,
    logger_write: write_log,
    crypto_new_keypair: |_, public, secret| {
        *secret = [3; 32];
        *public = public_key(&SecretKey(*secret)).0;
    },
    random_nonce: |_, nonce| nonce.fill(4),
    random_u64: |_| {
        assert!(!PANIC_IN_RANDOM.get(), "a defect, made for this test");
        7
    },
    random_u32: |_| 7,
    open: |_, _: Family| {
        OPEN_SOCKETS.set(OPEN_SOCKETS.get() + 1);
        Some(Socket { sock: 1000 })
    },
    net_connect: |_, _, _, _| true,
    send: |_, _, bytes| {
        SENT.with_borrow_mut(|sent| sent.extend_from_slice(bytes));
        bytes.len() as c_int
    },
    recv: receive,
    kill_sock: |_, _| OPEN_SOCKETS.set(OPEN_SOCKETS.get() - 1),
    is_system_network: |_| false,
    record_packet: None,
};

unsafe fn write_log(_: *const Logger, level: Level, place: Place, message: &CStr) {
    let line = format!("{level:?} {:?} {}", place.function, message.to_str().unwrap());
    LOG.with_borrow_mut(|log| log.push(line));
}

unsafe fn receive(_: *const Network, _: Socket, room: &mut [u8]) -> c_int {
    INCOMING.with_borrow_mut(|incoming| {
        let count = room.len().min(incoming.len());
        for (slot, byte) in room.iter_mut().zip(incoming.drain(..count)) {
            *slot = byte;
        }
        if count == 0 { -1 } else { count as c_int }
    })
}

/// Host functions never look behind these.
fn opaque<T>() -> *const T {
    ptr::dangling()
}

fn create(proxy: *const TCP_Proxy_Info) -> *mut TCP_Client_Connection {
    let address = IP_Port::new("192.0.2.7:33445".parse::<SocketAddr>().unwrap());
    let relay_pk = public_key(&SecretKey([2; 32]));
    let self_pk = public_key(&SecretKey([1; 32]));
    let new = NewClient {
        log: opaque(),
        mono_time: opaque(),
        relay_addr: &raw const address,
        relay_pk: relay_pk.0.as_ptr(),
        self_pk: self_pk.0.as_ptr(),
        self_sk: [1u8; 32].as_ptr(),
        proxy,
    };
    let env = Environment {
        fns: &HOST,
        rng: opaque::<Random>(),
        ns: opaque::<Network>(),
        mem: ptr::null(),
        profile: ptr::null_mut(),
    };
    // SAFETY: every pointer is valid during the call, or never looked behind.
    unsafe { new_client(env, &new) }
}

fn step(con: *mut TCP_Client_Connection) {
    // SAFETY: as above.
    unsafe { do_client(&HOST, opaque(), opaque::<Mono_Time>(), con, ptr::null_mut::<c_void>()) }
}

fn status(con: *mut TCP_Client_Connection) -> u32 {
    // SAFETY: the object is alive.
    unsafe { tcp_con_status(con) }
}

/// The answer of the relay to the handshake that was sent.
fn answer() -> Vec<u8> {
    let message: [u8; 128] = SENT.take().try_into().unwrap();
    let key_for = |pk: &PublicKey| BoxKey::precompute(pk, &SecretKey([2; 32])).ok();
    let (client, _) = handshake::open_client(&message, key_for).unwrap();
    let temporary_key = public_key(&SecretKey([6; 32]));
    let hello = Hello { temporary_key, base_nonce: Nonce([7; 24]) };
    handshake::seal_server(&key_for(&client).unwrap(), &Nonce([8; 24]), &hello).to_vec()
}

#[test]
fn a_connection_is_made_confirmed_and_killed() {
    let con = create(ptr::null());
    assert_eq!(status(con), 4);
    step(con);
    assert_eq!(status(con), 5);
    INCOMING.with_borrow_mut(|incoming| incoming.extend(answer()));
    step(con);
    assert_eq!(status(con), 6);
    assert_eq!(SENT.take().len(), 2 + 16 + 9, "the first ping");
    assert_eq!(OPEN_SOCKETS.get(), 1);
    // SAFETY: not used afterwards.
    unsafe { kill_client(con) };
    assert_eq!(OPEN_SOCKETS.get(), 0);
}

#[test]
fn a_panic_becomes_a_failure_value_a_log_line_and_a_dead_connection() {
    let con = create(ptr::null());
    step(con);
    INCOMING.with_borrow_mut(|incoming| incoming.extend(answer()));
    PANIC_IN_RANDOM.set(true);
    step(con);
    assert_eq!(status(con), 7);
    let log = LOG.take();
    assert!(log.iter().any(|line| line.starts_with("Error") && line.contains("internal error")));
    let (key, data) = ([9u8; 32], [1u8]);
    // SAFETY: the object is alive, and so are key and data.
    let sent = unsafe { send_oob_packet(opaque(), con, key.as_ptr(), data.as_ptr(), 1) };
    assert_eq!(sent, -1);
    step(con);
    assert_eq!(status(con), 7);
    // SAFETY: not used afterwards.
    unsafe { kill_client(con) };
    assert_eq!(OPEN_SOCKETS.get(), 0);
}

#[test]
fn an_unknown_proxy_type_gives_null_and_a_log_line() {
    let ip_port = IP_Port::new("127.0.0.1:1080".parse::<SocketAddr>().unwrap());
    let proxy = TCP_Proxy_Info { ip_port, proxy_type: 3 };
    assert!(create(&raw const proxy).is_null());
    assert_eq!(OPEN_SOCKETS.get(), 0);
    assert!(LOG.take().concat().contains("unknown proxy type 3"));
}
