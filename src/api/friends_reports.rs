// SPDX-License-Identifier: GPL-3.0-or-later
//! What the neighbours of friends report. `user_data` is handed to the callbacks that a report leads
//! to.

use core::ffi::{c_char, c_void};

use super::entry::{bytes, enter, public_key as read_key, text};
use super::friends::Toxlink_Friends;
use super::friends_callbacks::Listener;
use super::friends_errors::Toxlink_Err_Friend_Report;
use super::friends_table::Offer;
use crate::crypto::PublicKey;
use crate::net::friends::{DhtPublicKey, FriendNumber, RealPublicKey};
use crate::wire::address::{NodeAddress, NodeKind};
use crate::wire::node::Node;

/// The friend has this DHT key (32 bytes) now, as the onion, a handshake or somebody else has shown.
/// Another one than before ends its connection. Returns whether the report was taken; user_data is
/// handed to the callbacks. This function, like the others of its kind, may be called from inside
/// the neighbours and callbacks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_friends_handle_dht_key(
    friends: *mut Toxlink_Friends,
    friend_number: u32,
    dht_public_key: *const u8,
    user_data: *mut c_void,
    error: *mut Toxlink_Err_Friend_Report,
) -> bool {
    // SAFETY: as promised by the caller.
    unsafe {
        enter(friends, error, false, |object| {
            let key = DhtPublicKey(key(dht_public_key)?);
            let listener = Listener { object, user_data };
            object.friends.handle_dht_key(FriendNumber(friend_number), &key, &listener)?;
            Ok(true)
        })
    }
}

/// The friend can be reached over this relay, as the onion has learned: its address as text,
/// "192.0.2.1:33445", whether that is a relay or, they say, a UDP node, and its key (32 bytes).
/// Leads to the neighbour's relay_add_for(), or to relay_add() while there is no connection. Returns
/// whether the neighbour took it. No callback is called.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_friends_handle_relay(
    friends: *mut Toxlink_Friends,
    friend_number: u32,
    address: *const c_char,
    is_relay: bool,
    public_key: *const u8,
    user_data: *mut c_void,
    error: *mut Toxlink_Err_Friend_Report,
) -> bool {
    // For callbacks that a later version may call.
    let _ = user_data;
    // SAFETY: as promised by the caller.
    unsafe {
        enter(friends, error, false, |object| {
            let address = required_address(address)?;
            let kind = if is_relay { NodeKind::TcpRelay } else { NodeKind::Udp };
            let address = NodeAddress { kind, ip: address.ip(), port: address.port() };
            let node = Node { address, pk: key(public_key)? };
            object.friends.handle_relay(FriendNumber(friend_number), &node)?;
            Ok(true)
        })
    }
}

/// The node with this DHT key (32 bytes) is at this UDP address, as the DHT has found out or
/// confirmed. Returns whether a friend has this key. No callback is called.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_friends_handle_address(
    friends: *mut Toxlink_Friends,
    dht_public_key: *const u8,
    address: *const c_char,
    user_data: *mut c_void,
    error: *mut Toxlink_Err_Friend_Report,
) -> bool {
    let _ = user_data;
    // SAFETY: as promised by the caller.
    unsafe {
        enter(friends, error, false, |object| {
            let key = DhtPublicKey(key(dht_public_key)?);
            object.friends.handle_address(&key, required_address(address)?)?;
            Ok(true)
        })
    }
}

/// A connection is up (online), or over; in the latter case the program forgets it. connection
/// is what crypto_new() or crypto_accept() returned: a report on one that the friend does not have
/// any more changes nothing. Returns whether it is the friend's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_friends_handle_status(
    friends: *mut Toxlink_Friends,
    friend_number: u32,
    connection: i32,
    online: bool,
    user_data: *mut c_void,
    error: *mut Toxlink_Err_Friend_Report,
) -> bool {
    // SAFETY: as promised by the caller.
    unsafe {
        enter(friends, error, false, |object| {
            let listener = Listener { object, user_data };
            let friend = FriendNumber(friend_number);
            object.friends.handle_status(friend, connection, online, &listener)?;
            Ok(true)
        })
    }
}

/// A packet of a friend that is online, from the reliable stream of its connection. Any packet shows
/// that the friend is there. Leads to the callbacks for data or friend requests, or is dealt with
/// inside. Returns whether it was taken.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_friends_handle_data(
    friends: *mut Toxlink_Friends,
    friend_number: u32,
    data: *const u8,
    length: usize,
    user_data: *mut c_void,
    error: *mut Toxlink_Err_Friend_Report,
) -> bool {
    // SAFETY: as promised by the caller.
    unsafe {
        enter(friends, error, false, |object| {
            let listener = Listener { object, user_data };
            let data = packet(data, length)?;
            object.friends.handle_data(FriendNumber(friend_number), data, &listener)?;
            Ok(true)
        })
    }
}

/// A packet of a friend that is online, which might have got lost. Any packet shows that the friend
/// is there. Leads to the callback for lossy packets. Returns whether it was taken.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_friends_handle_lossy(
    friends: *mut Toxlink_Friends,
    friend_number: u32,
    data: *const u8,
    length: usize,
    user_data: *mut c_void,
    error: *mut Toxlink_Err_Friend_Report,
) -> bool {
    // SAFETY: as promised by the caller.
    unsafe {
        enter(friends, error, false, |object| {
            let listener = Listener { object, user_data };
            let data = packet(data, length)?;
            object.friends.handle_lossy(FriendNumber(friend_number), data, &listener)?;
            Ok(true)
        })
    }
}

/// Somebody has begun a connection and has proved these keys (32 bytes each), long-term and DHT.
/// address is the UDP address that it came from, as text; NULL if it came over a relay. If it is a
/// friend without a connection, crypto_accept() is called inside this function, with offer, which
/// is not looked at and may be NULL. Returns whether it was accepted: if not, the program drops the
/// connection. No callback is called.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_friends_handle_offer(
    friends: *mut Toxlink_Friends,
    public_key: *const u8,
    dht_public_key: *const u8,
    address: *const c_char,
    offer: *mut c_void,
    user_data: *mut c_void,
    error: *mut Toxlink_Err_Friend_Report,
) -> bool {
    let _ = user_data;
    // SAFETY: as promised by the caller.
    unsafe {
        enter(friends, error, false, |object| {
            let (real, dht) = (RealPublicKey(key(public_key)?), DhtPublicKey(key(dht_public_key)?));
            let address = match address.is_null() {
                true => None,
                false => Some(required_address(address)?),
            };
            object.friends.handle_offer(&real, &dht, address, &Offer(offer))?;
            Ok(true)
        })
    }
}

/// A friend request came through the onion, from anybody with this long-term key (32 bytes): data
/// as onion_send() of the other end got it, the first byte included. Leads to the callback for
/// friend requests. Returns whether it is one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_friends_handle_request(
    friends: *mut Toxlink_Friends,
    public_key: *const u8,
    data: *const u8,
    length: usize,
    user_data: *mut c_void,
    error: *mut Toxlink_Err_Friend_Report,
) -> bool {
    // SAFETY: as promised by the caller.
    unsafe {
        enter(friends, error, false, |object| {
            let listener = Listener { object, user_data };
            let key = RealPublicKey(key(public_key)?);
            object.friends.handle_request(&key, packet(data, length)?, &listener)?;
            Ok(true)
        })
    }
}

/// # Safety
/// text is NULL or ends with NUL.
unsafe fn required_address(
    address: *const c_char,
) -> Result<core::net::SocketAddr, Toxlink_Err_Friend_Report> {
    if address.is_null() {
        return Err(Toxlink_Err_Friend_Report::Null);
    }
    // SAFETY: as promised by the caller.
    let address = unsafe { text(address) }.and_then(|text| text.parse().ok());
    address.ok_or(Toxlink_Err_Friend_Report::BadAddress)
}

/// # Safety
/// key is NULL or 32 bytes.
unsafe fn key(key: *const u8) -> Result<PublicKey, Toxlink_Err_Friend_Report> {
    // SAFETY: as promised by the caller.
    unsafe { read_key(key) }.ok_or(Toxlink_Err_Friend_Report::Null)
}

/// # Safety
/// data is NULL or length bytes, which nobody writes to during 'a.
unsafe fn packet<'a>(
    data: *const u8,
    length: usize,
) -> Result<&'a [u8], Toxlink_Err_Friend_Report> {
    // SAFETY: as promised by the caller.
    unsafe { bytes(data, length) }.ok_or(Toxlink_Err_Friend_Report::Null)
}
