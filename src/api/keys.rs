// SPDX-License-Identifier: GPL-3.0-or-later
//! Keys.

use zeroize::Zeroize;

use crate::crypto::rust;
use crate::net::random_secret_key;

/// The bytes of a secret or public key.
pub const TOXLINK_KEY_SIZE: usize = 32;

/// What may go wrong with a key.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Toxlink_Err_Key {
    /// No error.
    Ok,
    /// A pointer was NULL that may not be.
    Null,
    /// The operating system has no random bytes to give.
    NoRandom,
}

/// Makes a new key pair.
///
/// `secret_key` and `public_key` take TOXLINK_KEY_SIZE bytes each; `public_key` and `error` may be
/// NULL. Returns whether it worked; if not, the keys are untouched.
///
/// # Safety
/// As said above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_key_new(
    secret_key: *mut u8,
    public_key: *mut u8,
    error: *mut Toxlink_Err_Key,
) -> bool {
    let result = if secret_key.is_null() {
        Toxlink_Err_Key::Null
    } else if let Ok(key) = random_secret_key() {
        // SAFETY: the caller gives room for a key.
        unsafe { secret_key.copy_from_nonoverlapping(key.0.as_ptr(), TOXLINK_KEY_SIZE) };
        if !public_key.is_null() {
            let public = rust::public_key(&key);
            // SAFETY: the caller gives room for a key.
            unsafe { public_key.copy_from_nonoverlapping(public.0.as_ptr(), TOXLINK_KEY_SIZE) };
        }
        Toxlink_Err_Key::Ok
    } else {
        Toxlink_Err_Key::NoRandom
    };
    if !error.is_null() {
        // SAFETY: the caller gives NULL or a place.
        unsafe { error.write(result) };
    }
    result == Toxlink_Err_Key::Ok
}

/// Overwrites a secret key of TOXLINK_KEY_SIZE bytes; NULL is allowed.
///
/// # Safety
/// As said above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_key_wipe(secret_key: *mut u8) {
    if !secret_key.is_null() {
        // SAFETY: the caller gives a key.
        unsafe { core::slice::from_raw_parts_mut(secret_key, TOXLINK_KEY_SIZE) }.zeroize();
    }
}
