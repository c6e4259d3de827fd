// SPDX-License-Identifier: GPL-3.0-or-later
//! Keys.

use core::ffi::c_char;

use zeroize::Zeroize;

use super::entry::{Code, name, public_key, run, secret_key, text, write_key, write_text};
use crate::crypto::{PublicKey, rust};
use crate::net::random_secret_key;

/// Bytes of a secret key, and of a public key.
pub const TOXLINK_KEY_SIZE: usize = 32;
/// Bytes of a key in hexadecimal digits, with the NUL behind them.
pub const TOXLINK_KEY_HEX_SIZE: usize = 65;

/// Why there is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub enum Toxlink_Err_Key {
    /// There is one.
    Ok,
    /// A pointer is NULL that must not be.
    Null,
    /// The system has no random bytes.
    NoRandom,
    /// The text is not 64 hexadecimal digits.
    BadHex,
    /// A defect of this library.
    Internal,
}

impl Code for Toxlink_Err_Key {
    const OK: Self = Self::Ok;
    const NULL: Self = Self::Null;
    const INTERNAL: Self = Self::Internal;
    // A text of 64 digits is no reason to refuse.
    const MALLOC: Option<Self> = None;
}

/// Makes a key pair. `secret_key` takes TOXLINK_KEY_SIZE bytes; so does `public_key`, which may be NULL.
/// Returns whether it worked; nothing is written if not.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_key_new(
    secret_key: *mut u8,
    public_key: *mut u8,
    error: *mut Toxlink_Err_Key,
) -> bool {
    // SAFETY: the caller gives NULL or room for keys, and NULL or a place for the error.
    unsafe {
        run(error, false, || {
            if secret_key.is_null() {
                return Err(Toxlink_Err_Key::Null);
            }
            let key = random_secret_key().map_err(|_| Toxlink_Err_Key::NoRandom)?;
            write_key(secret_key, &key.0);
            write_key(public_key, &rust::public_key(&key).0);
            Ok(true)
        })
    }
}

/// Computes the public key that belongs to a secret key. Both have TOXLINK_KEY_SIZE bytes. Returns
/// whether it worked.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_key_derive(
    secret_key: *const u8,
    public_key: *mut u8,
    error: *mut Toxlink_Err_Key,
) -> bool {
    // SAFETY: as in toxlink_key_new.
    unsafe {
        run(error, false, || {
            let key = self::secret_key(secret_key).ok_or(Toxlink_Err_Key::Null)?;
            write_key(public_key, &rust::public_key(&key).0).ok_or(Toxlink_Err_Key::Null)?;
            Ok(true)
        })
    }
}

/// Writes a key of TOXLINK_KEY_SIZE bytes as 64 hexadecimal digits in capitals, and a NUL, to `hex`,
/// which has TOXLINK_KEY_HEX_SIZE bytes. Returns whether it worked.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_key_to_hex(
    key: *const u8,
    hex: *mut c_char,
    error: *mut Toxlink_Err_Key,
) -> bool {
    // SAFETY: the caller gives NULL or a key, and NULL or room for its text.
    unsafe {
        run(error, false, || {
            let key = public_key(key).filter(|_| !hex.is_null()).ok_or(Toxlink_Err_Key::Null)?;
            let mut digits = key.to_hex();
            write_text(&digits, hex, TOXLINK_KEY_HEX_SIZE);
            // It may be a secret one.
            digits.zeroize();
            Ok(true)
        })
    }
}

/// Reads a key from 64 hexadecimal digits, capitals or not. `key` takes TOXLINK_KEY_SIZE bytes. Returns
/// whether it worked; nothing is written if not.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_key_from_hex(
    hex: *const c_char,
    key: *mut u8,
    error: *mut Toxlink_Err_Key,
) -> bool {
    // SAFETY: the caller gives NULL or a text, and NULL or room for a key.
    unsafe {
        run(error, false, || {
            if hex.is_null() || key.is_null() {
                return Err(Toxlink_Err_Key::Null);
            }
            let read = text(hex).and_then(PublicKey::from_hex).ok_or(Toxlink_Err_Key::BadHex)?;
            write_key(key, &read.0);
            Ok(true)
        })
    }
}

/// Overwrites a secret key of TOXLINK_KEY_SIZE bytes, in a way that a compiler does not remove. NULL
/// does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn toxlink_key_wipe(secret_key: *mut u8) {
    if !secret_key.is_null() {
        // SAFETY: not null, so a key.
        unsafe { &mut *secret_key.cast::<[u8; TOXLINK_KEY_SIZE]>() }.zeroize();
    }
}

/// The name of a Toxlink_Err_Key: a static text, never NULL.
#[unsafe(no_mangle)]
pub extern "C" fn toxlink_err_key_to_string(error: u32) -> *const c_char {
    let names = [
        c"TOXLINK_ERR_KEY_OK",
        c"TOXLINK_ERR_KEY_NULL",
        c"TOXLINK_ERR_KEY_NO_RANDOM",
        c"TOXLINK_ERR_KEY_BAD_HEX",
        c"TOXLINK_ERR_KEY_INTERNAL",
    ];
    name(&names, error)
}
