// SPDX-License-Identifier: GPL-3.0-or-later
//! The callbacks of friends.

use core::ffi::c_void;

use super::entry::look;
use super::friends::Toxlink_Friends;
use super::panics::Outside;
use crate::ffi::handle::{Call, Object};
use crate::net::friends::{FriendNumber, Handler, RealPublicKey};

/// A friend has come online, or went offline. It is not called for a friend that is removed.
///
/// user_data is what was given to the function that led to the call: toxlink_friends_iterate()
/// or one of toxlink_friends_handle_..().
pub type toxlink_friends_status_cb = Option<
    unsafe extern "C" fn(
        friends: *mut Toxlink_Friends,
        friend_number: u32,
        online: bool,
        user_data: *mut c_void,
    ),
>;

/// A packet of a friend, which arrives reliably and in order. data is valid until the callback
/// returns; the first byte says what it is, at least one byte. Packets that begin with 16, 17 or 18
/// are dealt with by this library.
pub type toxlink_friends_data_cb = Option<
    unsafe extern "C" fn(
        friends: *mut Toxlink_Friends,
        friend_number: u32,
        data: *const u8,
        length: usize,
        user_data: *mut c_void,
    ),
>;

/// A packet of a friend that might have got lost. data as above; no first byte is special.
pub type toxlink_friends_lossy_cb = Option<
    unsafe extern "C" fn(
        friends: *mut Toxlink_Friends,
        friend_number: u32,
        data: *const u8,
        length: usize,
        user_data: *mut c_void,
    ),
>;

/// Somebody, who may be a friend already, wants to be one. public_key is the long-term key, 32
/// bytes; nospam are the 4 bytes that the other one believes to be ours, which the program has to
/// compare; message has at least one byte, no NUL at its end, and comes from a stranger. All three
/// are valid until the callback returns.
pub type toxlink_friends_request_cb = Option<
    unsafe extern "C" fn(
        friends: *mut Toxlink_Friends,
        public_key: *const u8,
        nospam: *const u8,
        message: *const u8,
        length: usize,
        user_data: *mut c_void,
    ),
>;

#[doc(hidden)]
#[derive(Debug, Default)]
pub struct Callbacks {
    status: toxlink_friends_status_cb,
    data: toxlink_friends_data_cb,
    lossy: toxlink_friends_lossy_cb,
    request: toxlink_friends_request_cb,
}

/// Sets the callback for friends that come and go; NULL for none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_friends_callback_status(
    friends: *mut Toxlink_Friends,
    callback: toxlink_friends_status_cb,
) {
    // SAFETY: as promised by the caller.
    unsafe { set(friends, |callbacks| callbacks.status = callback) };
}

/// Sets the callback for packets that arrive reliably; NULL for none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_friends_callback_data(
    friends: *mut Toxlink_Friends,
    callback: toxlink_friends_data_cb,
) {
    // SAFETY: as promised by the caller.
    unsafe { set(friends, |callbacks| callbacks.data = callback) };
}

/// Sets the callback for packets that may get lost; NULL for none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_friends_callback_lossy(
    friends: *mut Toxlink_Friends,
    callback: toxlink_friends_lossy_cb,
) {
    // SAFETY: as promised by the caller.
    unsafe { set(friends, |callbacks| callbacks.lossy = callback) };
}

/// Sets the callback for friend requests; NULL for none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_friends_callback_request(
    friends: *mut Toxlink_Friends,
    callback: toxlink_friends_request_cb,
) {
    // SAFETY: as promised by the caller.
    unsafe { set(friends, |callbacks| callbacks.request = callback) };
}

/// # Safety
/// friends is null or valid.
unsafe fn set(friends: *mut Toxlink_Friends, change: impl FnOnce(&mut Callbacks)) {
    // SAFETY: as promised by the caller.
    unsafe { look(friends, (), |object| object.handle().with(change)) };
}

/// Hands events to the callbacks, with the user pointer of the current call.
pub(super) struct Listener<'a> {
    pub(super) object: &'a Call<Toxlink_Friends>,
    pub(super) user_data: *mut c_void,
}

impl Listener<'_> {
    /// A callback as it is now; none once the object is killed.
    fn callback<F>(&self, read: impl FnOnce(&Callbacks) -> Option<F>) -> Option<F> {
        self.object.handle().with(|callbacks| read(callbacks)).flatten()
    }
}

// SAFETY (all calls below): C promised a function of this type when it set the callback; the object
// is alive, because a call is inside; slices come with their lengths.
impl Handler for Listener<'_> {
    fn status(&self, friend: FriendNumber, online: bool) {
        if let Some(call) = self.callback(|callbacks| callbacks.status) {
            let _outside = Outside::new();
            // SAFETY: see above.
            unsafe { call(self.object.as_ptr(), friend.0, online, self.user_data) };
        }
    }

    fn data(&self, friend: FriendNumber, packet: &[u8]) {
        if let Some(call) = self.callback(|callbacks| callbacks.data) {
            let _outside = Outside::new();
            let (data, length) = (packet.as_ptr(), packet.len());
            // SAFETY: see above.
            unsafe { call(self.object.as_ptr(), friend.0, data, length, self.user_data) };
        }
    }

    fn lossy(&self, friend: FriendNumber, packet: &[u8]) {
        if let Some(call) = self.callback(|callbacks| callbacks.lossy) {
            let _outside = Outside::new();
            let (data, length) = (packet.as_ptr(), packet.len());
            // SAFETY: see above.
            unsafe { call(self.object.as_ptr(), friend.0, data, length, self.user_data) };
        }
    }

    fn request(&self, key: &RealPublicKey, nospam: [u8; 4], message: &[u8]) {
        if let Some(call) = self.callback(|callbacks| callbacks.request) {
            let _outside = Outside::new();
            let (key, nospam) = (key.0.0.as_ptr(), nospam.as_ptr());
            let (text, length) = (message.as_ptr(), message.len());
            // SAFETY: see above.
            unsafe { call(self.object.as_ptr(), key, nospam, text, length, self.user_data) };
        }
    }
}
