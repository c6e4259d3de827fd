// SPDX-License-Identifier: GPL-3.0-or-later
//! The functions that friend connections register with their neighbours.

use core::ffi::{CStr, c_int, c_void};

use super::arguments::public_key;
use super::callbacks::Slot;
use super::ctypes::IP_Port;
use super::fence::fence;
use super::friends::{CallbackSet, Friend_Connections, Visit};
use super::handle::Call;
use super::neighbours::New_Connection;
use crate::crypto::PublicKey;
use crate::proto::friend::command::MAX_FRIEND_CONNECTION_CALLBACKS;
use crate::proto::friend::{DhtPublicKey, FriendRef, FriendconId, Incoming, RealPublicKey};
use crate::wire::node::Node;

/// net_crypto: the connection is up, or over.
pub(super) unsafe extern "C" fn status(
    object: *mut c_void,
    id: c_int,
    online: bool,
    userdata: *mut c_void,
) -> c_int {
    // SAFETY: registered with this object.
    unsafe {
        enter(object, userdata, c"handle_status", -1, |visit| {
            let Some(id) = friendcon_id(id) else { return -1 };
            visit.run(|machine| machine.begin_status(id, online))
        })
    }
}

/// net_crypto: a lossless packet.
pub(super) unsafe extern "C" fn data(
    object: *mut c_void,
    id: c_int,
    data: *const u8,
    length: u16,
    userdata: *mut c_void,
) -> c_int {
    // SAFETY: registered with this object; a buffer with its length.
    unsafe {
        enter(object, userdata, c"handle_packet", -1, |visit| {
            let (Some(id), Some(packet)) = (friendcon_id(id), bytes(data, length)) else {
                return -1;
            };
            let now = visit.now();
            let incoming = visit.with(|state| state.machine.handle_packet(id, packet, now));
            match incoming {
                None | Some(Incoming::Refused) => -1,
                Some(Incoming::Consumed) => 0,
                Some(Incoming::Relays(task)) => {
                    visit.carry_out(task);
                    0
                }
                Some(Incoming::Request(real_pk)) => {
                    pass_request(visit, &real_pk, packet);
                    0
                }
                Some(Incoming::Deliver(friend)) => deliver(visit, friend, packet, Kind::Lossless),
            }
        })
    }
}

/// net_crypto: a lossy packet.
pub(super) unsafe extern "C" fn lossy(
    object: *mut c_void,
    id: c_int,
    data: *const u8,
    length: u16,
    userdata: *mut c_void,
) -> c_int {
    // SAFETY: registered with this object; a buffer with its length.
    unsafe {
        enter(object, userdata, c"handle_lossy_packet", -1, |visit| {
            let (Some(id), Some(packet)) = (friendcon_id(id), bytes(data, length)) else {
                return -1;
            };
            let now = visit.now();
            match visit.with(|state| state.machine.handle_lossy(id, packet, now)) {
                Some(Incoming::Deliver(friend)) => deliver(visit, friend, packet, Kind::Lossy),
                None
                | Some(
                    Incoming::Refused
                    | Incoming::Consumed
                    | Incoming::Relays(_)
                    | Incoming::Request(_),
                ) => -1,
            }
        })
    }
}

/// Onion client and net_crypto: the friend has another DHT key.
pub(super) unsafe extern "C" fn dht_key(
    object: *mut c_void,
    number: i32,
    pk: *const u8,
    userdata: *mut c_void,
) {
    // SAFETY: registered with this object; a key has 32 bytes.
    unsafe {
        enter(object, userdata, c"dht_pk_callback", (), |visit| {
            let (Some(id), Some(pk)) = (friendcon_id(number), public_key(pk)) else { return };
            let now = visit.now();
            visit.run(|machine| machine.begin_key(id, DhtPublicKey(pk), now));
        });
    }
}

/// DHT: the friend is at this address.
pub(super) unsafe extern "C" fn address(object: *mut c_void, number: i32, address: *const IP_Port) {
    // SAFETY: registered with this object; null or an address.
    unsafe {
        enter(object, core::ptr::null_mut(), c"dht_ip_callback", (), |visit| {
            let found = address.as_ref().and_then(IP_Port::socket_addr);
            let (Some(id), Some(address)) = (friendcon_id(number), found) else { return };
            let now = visit.now();
            visit.run(|machine| machine.begin_address(id, address, now));
        });
    }
}

/// Onion client: the friend is at this relay.
pub(super) unsafe extern "C" fn relay(
    object: *mut c_void,
    number: u32,
    address: *const IP_Port,
    pk: *const u8,
) -> c_int {
    // SAFETY: registered with this object; null or an address, and a key of 32 bytes.
    unsafe {
        enter(object, core::ptr::null_mut(), c"tcp_relay_node_callback", -1, |visit| {
            let address = address.as_ref().and_then(IP_Port::node_address);
            let (Some(address), Some(pk)) = (address, public_key(pk)) else { return -1 };
            let node = Node { address, pk };
            visit.run(|machine| machine.begin_relay(FriendconId(number), node))
        })
    }
}

/// net_crypto: somebody connects to us.
pub(super) unsafe extern "C" fn offered(
    object: *mut c_void,
    offer: *const New_Connection,
) -> c_int {
    // SAFETY: registered with this object; null or an offer that is valid for this call.
    unsafe {
        enter(object, core::ptr::null_mut(), c"handle_new_connections", -1, |visit| {
            let Some(found) = offer.as_ref() else { return -1 };
            let real_pk = RealPublicKey(PublicKey(found.public_key));
            let dht_pk = DhtPublicKey(PublicKey(found.dht_public_key));
            let address = found.source.socket_addr();
            let visit = Visit { offer, ..*visit };
            visit.run(|machine| machine.begin_offer(real_pk, dht_pk, address))
        })
    }
}

/// net_crypto, after the object was killed: nobody wants the connection.
pub(super) unsafe extern "C" fn refused(_: *mut c_void, _: *const New_Connection) -> c_int {
    -1
}

#[derive(Clone, Copy)]
enum Kind {
    Lossless,
    Lossy,
}

/// Gives a packet to both owners. The first may do anything, so the second is looked up after it;
/// -1 if the friend is gone by then.
fn deliver(visit: &Visit<'_>, friend: FriendRef, packet: &[u8], kind: Kind) -> c_int {
    for set in 0..MAX_FRIEND_CONNECTION_CALLBACKS {
        let Some(CallbackSet { data, lossy, object, number, .. }) = visit.set(friend, set) else {
            return -1;
        };
        let function = match kind {
            Kind::Lossless => data,
            Kind::Lossy => lossy,
        };
        if let Some(call) = function {
            // Packets of net_crypto have 1373 bytes at most.
            let length = packet.len() as u16;
            // SAFETY: C promised a function of this type when it set the slot.
            unsafe { call(object, number, packet.as_ptr(), length, visit.userdata) };
        }
    }
    if visit.with(|state| state.machine.is_current(friend)) == Some(true) { 0 } else { -1 }
}

fn pass_request(visit: &Visit<'_>, real_pk: &RealPublicKey, packet: &[u8]) {
    let Some(Slot { function: Some(call), object }) = visit.with(|state| state.request) else {
        return;
    };
    let (source, length) = (real_pk.0.0.as_ptr(), packet.len() as u16);
    // SAFETY: as above.
    unsafe { call(object, source, packet.as_ptr(), length, visit.userdata) };
}

/// # Safety
/// `data` is null or `length` bytes.
unsafe fn bytes<'a>(data: *const u8, length: u16) -> Option<&'a [u8]> {
    let length = usize::from(length);
    // SAFETY: not null, so `length` bytes.
    (!data.is_null()).then(|| unsafe { core::slice::from_raw_parts(data, length) })
}

fn friendcon_id(id: c_int) -> Option<FriendconId> {
    u32::try_from(id).ok().map(FriendconId)
}

/// Enters the object behind the fence.
///
/// # Safety
/// `object` is null or a valid `Friend_Connections`.
pub(super) unsafe fn enter<T: Copy>(
    object: *mut c_void,
    userdata: *mut c_void,
    function: &'static CStr,
    failure: T,
    body: impl FnOnce(&Visit<'_>) -> T,
) -> T {
    let event = || {
        // SAFETY: as promised by the caller.
        let Some(object) = (unsafe { Call::enter(object.cast::<Friend_Connections>()) }) else {
            return failure;
        };
        let visit = Visit::new(&object, userdata);
        fence(
            || body(&visit),
            || {
                visit.defect(function);
                failure
            },
        )
    };
    fence(event, || failure)
}
