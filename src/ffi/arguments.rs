// SPDX-License-Identifier: GPL-3.0-or-later
//! Arguments of C as values.

use crate::crypto::PublicKey;
#[cfg(feature = "_relays")]
use crate::crypto::SecretKey;
#[cfg(feature = "_relays")]
use crate::wire::MAX_PAYLOAD_SIZE;

/// What is wrong with a buffer.
#[cfg(feature = "_relays")]
#[derive(Clone, Copy)]
pub(super) enum DataError {
    Null,
    /// Longer than any payload.
    #[cfg_attr(not(feature = "tcp-client"), expect(dead_code, reason = "for its log"))]
    Length(usize),
}

/// # Safety
/// `bytes` is null or 32 bytes.
pub(super) unsafe fn public_key(bytes: *const u8) -> Option<PublicKey> {
    // SAFETY: as promised by the caller.
    unsafe { bytes.cast::<[u8; 32]>().as_ref() }.map(|bytes| PublicKey(*bytes))
}

/// # Safety
/// As [`public_key`].
#[cfg(feature = "_relays")]
pub(super) unsafe fn secret_key(bytes: *const u8) -> Option<SecretKey> {
    // SAFETY: as promised by the caller.
    unsafe { bytes.cast::<[u8; 32]>().as_ref() }.map(|bytes| SecretKey(*bytes))
}

/// # Safety
/// `data` is null or `len` bytes that stay as they are as long as the slice lives.
#[cfg(feature = "_relays")]
pub(super) unsafe fn data_argument<'a>(data: *const u8, len: u16) -> Result<&'a [u8], DataError> {
    if usize::from(len) > MAX_PAYLOAD_SIZE {
        // Refused before it is looked at: the buffer may be shorter than it is said to be.
        return Err(DataError::Length(usize::from(len)));
    }
    match (data.is_null(), len) {
        (_, 0) => Ok(&[]),
        (true, _) => Err(DataError::Null),
        // SAFETY: not null, so `len` bytes.
        (false, _) => Ok(unsafe { core::slice::from_raw_parts(data, usize::from(len)) }),
    }
}
