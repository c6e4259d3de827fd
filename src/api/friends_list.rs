// SPDX-License-Identifier: GPL-3.0-or-later
//! Friends: added, looked up, sent to, removed.

use core::ffi::c_char;

use super::entry::{bytes, enter, look, public_key as key, write_key, write_text};
use super::friends::Toxlink_Friends;
use super::friends_errors::{
    Toxlink_Err_Friend, Toxlink_Err_Friend_Add, Toxlink_Err_Friend_Request, Toxlink_Err_Friend_Send,
};
use crate::net::friends::{FriendNumber, RealPublicKey, Status};

/// No friend has this number.
pub const TOXLINK_NO_FRIEND: u32 = u32::MAX;
/// Longest packet to a friend, in bytes.
pub const TOXLINK_FRIEND_MAX_PACKET_SIZE: usize = 1373;
/// Longest message of a friend request, in bytes.
pub const TOXLINK_FRIEND_MAX_REQUEST_SIZE: usize = 1016;
/// Bytes of a nospam.
pub const TOXLINK_FRIEND_NOSPAM_SIZE: usize = 4;
/// The lowest first byte of a packet to a friend.
pub const TOXLINK_FRIEND_FIRST_PACKET_ID: u8 = 19;
/// The highest first byte of a packet to a friend.
pub const TOXLINK_FRIEND_LAST_PACKET_ID: u8 = 191;

/// How it is with a friend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub enum Toxlink_Friend_Status {
    /// There is no such friend.
    None,
    /// It is looked for, or being connected.
    Connecting,
    /// It is online.
    Online,
}

/// Adds a friend by its long-term key (32 bytes), or an owner of one that is known. Returns its
/// number, which is not used again for another friend, or TOXLINK_NO_FRIEND.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_friends_add(
    friends: *mut Toxlink_Friends,
    public_key: *const u8,
    error: *mut Toxlink_Err_Friend_Add,
) -> u32 {
    // SAFETY: as promised by the caller.
    unsafe {
        enter(friends, error, TOXLINK_NO_FRIEND, |object| {
            let key = RealPublicKey(key(public_key).ok_or(Toxlink_Err_Friend_Add::Null)?);
            Ok(object.friends.add(&key).map(|friend| friend.0)?)
        })
    }
}

/// Adds an owner: one more toxlink_friends_remove() is needed then. Returns whether it was done.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_friends_lock(
    friends: *mut Toxlink_Friends,
    friend_number: u32,
    error: *mut Toxlink_Err_Friend,
) -> bool {
    // SAFETY: as promised by the caller.
    unsafe {
        enter(friends, error, false, |object| {
            object.friends.lock(FriendNumber(friend_number))?;
            Ok(true)
        })
    }
}

/// Takes an owner off a friend, and with the last one the friend: its connection is ended, and the
/// status callback is not called. Returns whether it was done.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_friends_remove(
    friends: *mut Toxlink_Friends,
    friend_number: u32,
    error: *mut Toxlink_Err_Friend,
) -> bool {
    // SAFETY: as promised by the caller.
    unsafe {
        enter(friends, error, false, |object| {
            object.friends.remove(FriendNumber(friend_number))?;
            Ok(true)
        })
    }
}

/// The number of the friend with this long-term key (32 bytes), or TOXLINK_NO_FRIEND.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_friends_by_key(
    friends: *const Toxlink_Friends,
    public_key: *const u8,
) -> u32 {
    // SAFETY: as promised by the caller.
    unsafe {
        look(friends, TOXLINK_NO_FRIEND, |object| {
            let key = RealPublicKey(key(public_key)?);
            object.friends.find(&key).map(|friend| friend.0)
        })
    }
}

/// Writes the numbers of up to max friends to friend_numbers, in the order in which they were
/// added. Returns how many friends there are, which may be more; 0 for a NULL object.
/// friend_numbers may be NULL if max is 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_friends_list(
    friends: *const Toxlink_Friends,
    friend_numbers: *mut u32,
    max: usize,
) -> usize {
    // SAFETY: as promised by the caller.
    unsafe {
        look(friends, 0, |object| {
            let all = object.friends.all();
            if !friend_numbers.is_null() {
                for (place, friend) in all.iter().take(max).enumerate() {
                    friend_numbers.add(place).write(friend.0);
                }
            }
            Some(all.len())
        })
    }
}

/// How it is with a friend; TOXLINK_FRIEND_STATUS_NONE if there is no such friend, or object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_friends_status(
    friends: *const Toxlink_Friends,
    friend_number: u32,
) -> Toxlink_Friend_Status {
    // SAFETY: as promised by the caller.
    unsafe {
        look(friends, Toxlink_Friend_Status::None, |object| {
            Some(match object.friends.status(FriendNumber(friend_number)) {
                None => Toxlink_Friend_Status::None,
                Some(Status::Connecting) => Toxlink_Friend_Status::Connecting,
                Some(Status::Connected) => Toxlink_Friend_Status::Online,
            })
        })
    }
}

/// Writes the long-term key of a friend, 32 bytes. Returns whether it was written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_friends_public_key(
    friends: *const Toxlink_Friends,
    friend_number: u32,
    public_key: *mut u8,
    error: *mut Toxlink_Err_Friend,
) -> bool {
    // SAFETY: as promised by the caller.
    unsafe {
        enter(friends, error, false, |object| {
            let key = object.friends.real_key(FriendNumber(friend_number));
            let RealPublicKey(key) = key.ok_or(Toxlink_Err_Friend::NotFound)?;
            write_key(public_key, &key.0).ok_or(Toxlink_Err_Friend::Null)?;
            Ok(true)
        })
    }
}

/// Writes the DHT key of a friend, 32 bytes: the key of this run of its program. Returns whether it
/// was written; TOXLINK_ERR_FRIEND_UNKNOWN while it is not known.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_friends_dht_public_key(
    friends: *const Toxlink_Friends,
    friend_number: u32,
    dht_public_key: *mut u8,
    error: *mut Toxlink_Err_Friend,
) -> bool {
    // SAFETY: as promised by the caller.
    unsafe {
        enter(friends, error, false, |object| {
            let number = FriendNumber(friend_number);
            let key = known(object, number, object.friends.dht_key(number))?;
            write_key(dht_public_key, &key.0.0).ok_or(Toxlink_Err_Friend::Null)?;
            Ok(true)
        })
    }
}

/// Writes the UDP address at which a friend was seen last, "192.0.2.1:33445" or
/// "[2001:db8::1]:33445", like snprintf: at most size bytes, a NUL always included; text may
/// be NULL if size is 0. TOXLINK_IP_PORT_SIZE bytes are enough. Returns the length of the whole
/// text without the NUL, or 0 and an empty text: TOXLINK_ERR_FRIEND_UNKNOWN while it is not known.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_friends_address(
    friends: *const Toxlink_Friends,
    friend_number: u32,
    text: *mut c_char,
    size: usize,
    error: *mut Toxlink_Err_Friend,
) -> usize {
    // SAFETY: as promised by the caller.
    unsafe {
        write_text("", text, size);
        enter(friends, error, 0, |object| {
            let number = FriendNumber(friend_number);
            let address = known(object, number, object.friends.address(number))?;
            Ok(write_text(&address.to_string(), text, size))
        })
    }
}

/// The program's number for the connection to a friend, or for the attempt at one, as crypto_new()
/// or crypto_accept() gave it; -1 if there is none (TOXLINK_ERR_FRIEND_UNKNOWN). What this library
/// does not send, lossy packets for instance, the program sends over it by itself.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_friends_connection(
    friends: *const Toxlink_Friends,
    friend_number: u32,
    error: *mut Toxlink_Err_Friend,
) -> i32 {
    // SAFETY: as promised by the caller.
    unsafe {
        enter(friends, error, -1, |object| {
            let number = FriendNumber(friend_number);
            known(object, number, object.friends.connection(number))
        })
    }
}

/// Sends a packet to a friend that is online, reliably and in order, with the neighbour's
/// crypto_write(). The first byte says what it is: TOXLINK_FRIEND_FIRST_PACKET_ID to
/// TOXLINK_FRIEND_LAST_PACKET_ID. data is not used after the call. Returns whether it was taken.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_friends_send(
    friends: *mut Toxlink_Friends,
    friend_number: u32,
    data: *const u8,
    length: usize,
    error: *mut Toxlink_Err_Friend_Send,
) -> bool {
    // SAFETY: as promised by the caller.
    unsafe {
        enter(friends, error, false, |object| {
            let packet = bytes(data, length).ok_or(Toxlink_Err_Friend_Send::Null)?;
            object.friends.send(FriendNumber(friend_number), packet)?;
            Ok(true)
        })
    }
}

/// Asks somebody, who has been added here as a friend, to add us: over the connection if there is
/// one, else with the neighbour's onion_send(). nospam is TOXLINK_FRIEND_NOSPAM_SIZE bytes, which
/// the other program compares with its own. Returns whether it was sent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_friends_send_request(
    friends: *mut Toxlink_Friends,
    friend_number: u32,
    nospam: *const u8,
    message: *const u8,
    length: usize,
    error: *mut Toxlink_Err_Friend_Request,
) -> bool {
    // SAFETY: as promised by the caller.
    unsafe {
        enter(friends, error, false, |object| {
            let nospam = nospam.cast::<[u8; TOXLINK_FRIEND_NOSPAM_SIZE]>().as_ref();
            let nospam = *nospam.ok_or(Toxlink_Err_Friend_Request::Null)?;
            let message = bytes(message, length).ok_or(Toxlink_Err_Friend_Request::Null)?;
            object.friends.send_request(FriendNumber(friend_number), nospam, message)?;
            Ok(true)
        })
    }
}

/// Tells what is not known from who is not there.
fn known<T>(
    object: &Toxlink_Friends,
    friend: FriendNumber,
    value: Option<T>,
) -> Result<T, Toxlink_Err_Friend> {
    value.ok_or_else(|| match object.friends.status(friend) {
        None => Toxlink_Err_Friend::NotFound,
        Some(_) => Toxlink_Err_Friend::Unknown,
    })
}
