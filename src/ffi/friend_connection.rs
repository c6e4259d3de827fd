// SPDX-License-Identifier: GPL-3.0-or-later
//! The functions of `friend_connection.h` that all supported versions share.
//!
//! Null objects and other forbidden nulls give the documented failure value and change nothing
//! (abi.md section 1.3), as do ids out of range.

use core::ffi::{CStr, c_int, c_uint, c_void};

use super::arguments::public_key;
use super::callbacks::{
    Slot, fc_data_cb, fc_lossy_data_cb, fc_status_cb, fr_request_cb, global_status_cb,
};
use super::ctypes::IP_Port;
use super::fence::fence;
use super::friends::{CallbackSet, Friend_Conn, Friend_Connections, Visit, kill_friends};
use super::handle::{Call, Object};
use super::host::place;
use super::neighbours::Net_Crypto;
use crate::proto::friend::packet::CRYPTO_PACKET_FRIEND_REQ;
use crate::proto::friend::{DhtPublicKey, FriendConnections, FriendconId, RealPublicKey};
use crate::proto::relay::note::Level;

const FILE: &CStr = c"friend_connection.rs";

/// One iteration.
///
/// # Safety
/// `fr_c` is null or valid; `userdata` is opaque.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn do_friend_connections(
    fr_c: *mut Friend_Connections,
    userdata: *mut c_void,
) {
    // SAFETY: as promised by the caller.
    unsafe {
        enter(fr_c, userdata, c"do_friend_connections", (), |visit| {
            visit.run(FriendConnections::begin_iteration);
        });
    }
}

/// Takes every registration with the neighbours back and frees the object; null is allowed.
///
/// # Safety
/// `fr_c` is null or valid, and is not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kill_friend_connections(fr_c: *mut Friend_Connections) {
    // SAFETY: as promised by the caller.
    unsafe { kill_friends(fr_c) }
}

/// The net_crypto object in use.
///
/// # Safety
/// `fr_c` is null or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn friendconn_net_crypto(fr_c: *const Friend_Connections) -> *mut Net_Crypto {
    // SAFETY: as promised by the caller.
    unsafe { fr_c.as_ref() }.map_or(core::ptr::null_mut(), |object| object.env.net_crypto)
}

/// Adds a friend, or an owner of one that is known: its id, or -1.
///
/// # Safety
/// `fr_c` is null or valid; `real_public_key` is null or 32 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn new_friend_connection(
    fr_c: *mut Friend_Connections,
    real_public_key: *const u8,
) -> c_int {
    // SAFETY: as promised by the caller.
    unsafe {
        enter(fr_c, core::ptr::null_mut(), c"new_friend_connection", -1, |visit| {
            let Some(pk) = public_key(real_public_key) else { return -1 };
            visit.run(|machine| machine.begin_new(RealPublicKey(pk)))
        })
    }
}

/// Takes an owner off a friend, and with the last one the friend: 0, or -1 for a bad id.
///
/// # Safety
/// `fr_c` is null or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kill_friend_connection(
    fr_c: *mut Friend_Connections,
    friendcon_id: c_int,
) -> c_int {
    // SAFETY: as promised by the caller.
    unsafe {
        enter(fr_c, core::ptr::null_mut(), c"kill_friend_connection", -1, |visit| {
            let Some(id) = id(friendcon_id) else { return -1 };
            visit.run(|machine| machine.begin_kill(id))
        })
    }
}

/// Adds an owner: 0, or -1 for a bad id.
///
/// # Safety
/// `fr_c` is null or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn friend_connection_lock(
    fr_c: *const Friend_Connections,
    friendcon_id: c_int,
) -> c_int {
    // SAFETY: as promised by the caller.
    unsafe {
        change(fr_c, |machine| {
            let locked = id(friendcon_id).is_some_and(|id| machine.lock(id));
            if locked { 0 } else { -1 }
        })
    }
    .unwrap_or(-1)
}

/// The id of the friend with this key, or -1.
///
/// # Safety
/// `fr_c` is null or valid; `real_pk` is null or 32 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn getfriend_conn_id_pk(
    fr_c: *const Friend_Connections,
    real_pk: *const u8,
) -> c_int {
    // SAFETY: as promised by the caller.
    unsafe {
        let pk = public_key(real_pk);
        let find = |machine: &mut FriendConnections| machine.find(&RealPublicKey(pk?));
        change(fr_c, find).flatten().map_or(-1, |id| id.0 as c_int)
    }
}

/// The status, a `Friendconn_Status`; 0 for a bad id.
///
/// # Safety
/// `fr_c` is null or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn friend_con_connected(
    fr_c: *const Friend_Connections,
    friendcon_id: c_int,
) -> c_uint {
    let status = |machine: &mut FriendConnections| id(friendcon_id).map(|id| machine.status(id));
    // SAFETY: as promised by the caller.
    unsafe { change(fr_c, status) }.flatten().unwrap_or(0)
}

/// Copies both keys of a friend to the pointers that are not null: 0, or -1 for a bad id. An unknown
/// DHT key is 32 zero bytes.
///
/// # Safety
/// `fr_c` is null or valid; the outputs are null or have room for 32 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn get_friendcon_public_keys(
    real_pk: *mut u8,
    dht_temp_pk: *mut u8,
    fr_c: *const Friend_Connections,
    friendcon_id: c_int,
) -> c_int {
    let keys = |machine: &mut FriendConnections| {
        let id = id(friendcon_id)?;
        Some((machine.get(id)?.real_pk.0.0, machine.dht_pk_bytes(id)?))
    };
    // SAFETY: as promised by the caller.
    let Some((real, dht)) = unsafe { change(fr_c, keys) }.flatten() else { return -1 };
    for (out, key) in [(real_pk, real), (dht_temp_pk, dht)] {
        if !out.is_null() {
            // SAFETY: not null, so there is room for 32 bytes.
            unsafe { out.cast::<[u8; 32]>().write(key) };
        }
    }
    0
}

/// The friend has this DHT key now, as somebody else has learned.
///
/// # Safety
/// `fr_c` is null or valid; `dht_temp_pk` is null or 32 bytes; `userdata` is opaque.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn set_dht_temp_pk(
    fr_c: *mut Friend_Connections,
    friendcon_id: c_int,
    dht_temp_pk: *const u8,
    userdata: *mut c_void,
) {
    // SAFETY: as promised by the caller.
    unsafe {
        enter(fr_c, userdata, c"set_dht_temp_pk", (), |visit| {
            let (Some(id), Some(pk)) = (id(friendcon_id), public_key(dht_temp_pk)) else { return };
            let now = visit.now();
            visit.run(|machine| machine.begin_key(id, DhtPublicKey(pk), now));
        });
    }
}

/// The friend's net_crypto connection, or -1.
///
/// # Safety
/// `fr_c` is null or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn friend_connection_crypt_connection_id(
    fr_c: *const Friend_Connections,
    friendcon_id: c_int,
) -> c_int {
    let crypto = |machine: &mut FriendConnections| machine.get(id(friendcon_id)?)?.crypto;
    // SAFETY: as promised by the caller.
    unsafe { change(fr_c, crypto) }.flatten().unwrap_or(-1)
}

/// Sets the callback that hears of all friends first; NULL for none.
///
/// # Safety
/// `fr_c` is null or valid; the callback is null or a function of this type that does not throw.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn set_global_status_callback(
    fr_c: *mut Friend_Connections,
    global_status_callback: global_status_cb,
    object: *mut c_void,
) {
    // SAFETY: as promised by the caller.
    unsafe {
        enter(fr_c, core::ptr::null_mut(), c"set_global_status_callback", (), |visit| {
            let is_odd = global_status_callback.is_none() && !object.is_null();
            if is_odd {
                log_misuse(visit, c"set_global_status_callback", "an object without a callback");
            }
            let object = if is_odd { core::ptr::null_mut() } else { object };
            let slot = Slot { function: global_status_callback, object };
            visit.with(|state| state.global = slot);
        });
    }
}

/// Replaces one of the two sets of callbacks of a friend: 0, or -1 for a bad id, a bad index, or an
/// object with which not all three functions come.
///
/// # Safety
/// `fr_c` is null or valid; the callbacks are null or functions of these types that do not throw.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn friend_connection_callbacks(
    fr_c: *const Friend_Connections,
    friendcon_id: c_int,
    index: c_uint,
    status_callback: fc_status_cb,
    data_callback: fc_data_cb,
    lossy_data_callback: fc_lossy_data_cb,
    object: *mut c_void,
    number: c_int,
) -> c_int {
    let (status, data, lossy) = (status_callback, data_callback, lossy_data_callback);
    let set = CallbackSet { status, data, lossy, object, number };
    let is_whole = status.is_some() && data.is_some() && lossy.is_some();
    // SAFETY: as promised by the caller.
    unsafe {
        let object_ptr = fr_c.cast_mut();
        enter(object_ptr, core::ptr::null_mut(), c"friend_connection_callbacks", -1, |visit| {
            let is_refused = !object.is_null() && !is_whole;
            let stored = visit.with(|state| {
                let record = state.record_mut(id(friendcon_id)?)?;
                let slot = record.sets.get_mut(index as usize)?;
                if !is_refused {
                    *slot = set;
                }
                Some(())
            });
            match stored.flatten() {
                Some(()) if !is_refused => 0,
                Some(()) => {
                    let text = "an object without all callbacks";
                    log_misuse(visit, c"friend_connection_callbacks", text);
                    -1
                }
                None => -1,
            }
        })
    }
}

/// Sends a friend request: 1 or 0 over the connection (taken or not), else the number of packets
/// sent through the onion; -1 if none was, for a bad id, and for `length` 0 or above 1016.
///
/// # Safety
/// `fr_c` is null or valid; `data` is null or `length` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn send_friend_request_packet(
    fr_c: *mut Friend_Connections,
    friendcon_id: c_int,
    nospam_num: u32,
    data: *const u8,
    length: u16,
) -> c_int {
    // SAFETY: as promised by the caller.
    unsafe {
        enter(fr_c, core::ptr::null_mut(), c"send_friend_request_packet", -1, |visit| {
            let Some(id) = id(friendcon_id).filter(|_| !data.is_null() && length <= 1016) else {
                return -1;
            };
            let message = core::slice::from_raw_parts(data, usize::from(length));
            let nospam = nospam_num.to_ne_bytes();
            visit.run(|machine| machine.begin_request(id, nospam, message))
        })
    }
}

/// Sets the callback for friend requests, also for those that come through the onion; NULL for none.
///
/// # Safety
/// `fr_c` is null or valid; the callback is null or a function of this type that does not throw.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn set_friend_request_callback(
    fr_c: *mut Friend_Connections,
    fr_request_callback: fr_request_cb,
    object: *mut c_void,
) {
    // SAFETY: as promised by the caller; the onion client is valid as long as the object.
    unsafe {
        enter(fr_c, core::ptr::null_mut(), c"set_friend_request_callback", (), |visit| {
            let slot = Slot { function: fr_request_callback, object };
            visit.with(|state| state.request = slot);
            let env = visit.object.env;
            let register = env.fns.oniondata_registerhandler;
            register(env.onion, CRYPTO_PACKET_FRIEND_REQ, fr_request_callback, object);
        });
    }
}

/// The record of a friend, valid until a friend is added or removed; null for a bad id.
///
/// # Safety
/// `fr_c` is null or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn get_conn(
    fr_c: *const Friend_Connections,
    friendcon_id: c_int,
) -> *mut Friend_Conn {
    let record = || {
        // SAFETY: as promised by the caller.
        let object = unsafe { Call::enter(fr_c) }?;
        let found = object.handle().with(|state| {
            let record = state.record_mut(id(friendcon_id)?)?;
            Some(core::ptr::from_ref(&*record.conn).cast_mut())
        });
        found.flatten()
    };
    fence(record, || None).unwrap_or(core::ptr::null_mut())
}

/// The onion client's number for a friend; -1 for null.
///
/// # Safety
/// `fc` is null or a valid record.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn friend_conn_get_onion_friendnum(fc: *const Friend_Conn) -> c_int {
    // SAFETY: as promised by the caller.
    unsafe { fc.as_ref() }.map_or(-1, |record| record.onion)
}

/// A friend's address, inside the record; of family 0 while it is not known. Null for null.
///
/// # Safety
/// `fc` is null or a valid record.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn friend_conn_get_dht_ip_port(fc: *const Friend_Conn) -> *const IP_Port {
    // SAFETY: as promised by the caller.
    unsafe { fc.as_ref() }.map_or(core::ptr::null(), |record| record.address.get().cast_const())
}

fn id(friendcon_id: c_int) -> Option<FriendconId> {
    u32::try_from(friendcon_id).ok().map(FriendconId)
}

fn log_misuse(visit: &Visit<'_>, function: &'static CStr, text: &str) {
    visit.log().write(Level::Error, place!(function), &text);
}

/// One call into the machine that needs no neighbour.
///
/// # Safety
/// `fr_c` is null or valid.
unsafe fn change<R>(
    fr_c: *const Friend_Connections,
    call: impl FnOnce(&mut FriendConnections) -> R,
) -> Option<R> {
    let call = || {
        // SAFETY: as promised by the caller.
        let object = unsafe { Call::enter(fr_c) }?;
        object.handle().with(|state| call(&mut state.machine))
    };
    fence(call, || None)
}

/// Enters the object behind the fence.
///
/// # Safety
/// `fr_c` is null or valid.
unsafe fn enter<T: Copy>(
    fr_c: *mut Friend_Connections,
    userdata: *mut c_void,
    function: &'static CStr,
    failure: T,
    body: impl FnOnce(&Visit<'_>) -> T,
) -> T {
    // SAFETY: as promised by the caller.
    unsafe { super::friend_events::enter(fr_c.cast(), userdata, function, failure, body) }
}
