// SPDX-License-Identifier: GPL-3.0-or-later
//! The backend on the `crypto_box` crate, pure Rust.
//!
//! The crate wipes the keys it holds, but not the one-time key of each tag, which stays on the
//! stack until it is overwritten.

use std::sync::{Arc, LazyLock, OnceLock};

use crypto_box::SalsaBox;
use crypto_box::aead::AeadInPlace;

use super::{Forged, LowOrderKey, NONCE_PREFIX_SIZE, NONCE_TAIL_SIZE, PublicKey, SecretKey, Tag};
use crate::wire::CRYPTO_NONCE_SIZE;

/// The shared key of two parties.
#[derive(Clone)]
pub struct BoxKey(Arc<SalsaBox>);

/// A shared key bound to the first 16 bytes of its nonces.
///
/// `crypto_box` takes whole nonces only, so this backend binds by remembering the prefix.
#[derive(Clone)]
pub struct StreamKey {
    key: BoxKey,
    prefix: [u8; NONCE_PREFIX_SIZE],
}

impl core::fmt::Debug for BoxKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("BoxKey")
    }
}

impl core::fmt::Debug for StreamKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("StreamKey")
    }
}

impl BoxKey {
    /// The key shared by the owners of `theirs` and `ours`.
    ///
    /// # Errors
    /// [`LowOrderKey`] if every secret key would give the same result.
    pub fn precompute(theirs: &PublicKey, ours: &SecretKey) -> Result<Self, LowOrderKey> {
        if is_low_order(theirs) {
            return Err(LowOrderKey);
        }
        let theirs = crypto_box::PublicKey::from_bytes(theirs.0);
        let ours = crypto_box::SecretKey::from_bytes(ours.0);
        Ok(Self(Arc::new(SalsaBox::new(&theirs, &ours))))
    }

    /// Binds the key to the first 16 bytes of the nonces to come.
    #[must_use]
    pub fn stream(&self, prefix: [u8; NONCE_PREFIX_SIZE]) -> StreamKey {
        StreamKey { key: self.clone(), prefix }
    }
}

impl StreamKey {
    /// Seals `text` in place.
    pub fn seal(&self, tail: [u8; NONCE_TAIL_SIZE], text: &mut [u8]) -> Tag {
        let nonce = self.nonce(tail);
        // Fails for associated data or more than 2^38 bytes only.
        self.key.0.encrypt_in_place_detached(&nonce.into(), &[], text).unwrap_or_default().into()
    }

    /// Opens `text` in place.
    ///
    /// # Errors
    /// [`Forged`] leaves `text` as it was.
    pub fn open(
        &self,
        tail: [u8; NONCE_TAIL_SIZE],
        tag: &Tag,
        text: &mut [u8],
    ) -> Result<(), Forged> {
        let nonce = self.nonce(tail);
        let opened = self.key.0.decrypt_in_place_detached(&nonce.into(), &[], text, &(*tag).into());
        opened.map_err(|_| Forged)
    }

    fn nonce(&self, tail: [u8; NONCE_TAIL_SIZE]) -> [u8; CRYPTO_NONCE_SIZE] {
        let mut nonce = [0; CRYPTO_NONCE_SIZE];
        nonce[..NONCE_PREFIX_SIZE].copy_from_slice(&self.prefix);
        nonce[NONCE_PREFIX_SIZE..].copy_from_slice(&tail);
        nonce
    }
}

/// The public key that belongs to `secret`.
#[must_use]
pub fn public_key(secret: &SecretKey) -> PublicKey {
    PublicKey(crypto_box::SecretKey::from_bytes(secret.0).public_key().to_bytes())
}

/// Whether eight times the point is nothing. `crypto_box` has no check of its own, and it reduces
/// secret keys modulo the order of the base point, so that points of low order do not even give
/// the same key for all of them.
fn is_low_order(point: &PublicKey) -> bool {
    static EIGHT: LazyLock<crypto_box::SecretKey> = LazyLock::new(|| {
        let any = crypto_box::SecretKey::from_bytes([1; 32]).to_scalar();
        let one = any * any.invert();
        let four = one + one + one + one;
        crypto_box::SecretKey::from(four + four)
    });
    static NOTHING: OnceLock<Option<Tag>> = OnceLock::new();
    // Equal keys give equal tags.
    let probe = |point: [u8; 32]| -> Option<Tag> {
        SalsaBox::new(&crypto_box::PublicKey::from_bytes(point), &EIGHT)
            .encrypt_in_place_detached(&Default::default(), &[], &mut [])
            .ok()
            .map(Into::into)
    };
    let nothing = *NOTHING.get_or_init(|| probe([0; 32]));
    nothing.is_none() || probe(point.0).is_none_or(|tag| Some(tag) == nothing)
}
