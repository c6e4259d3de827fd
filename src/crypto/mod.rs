// SPDX-License-Identifier: GPL-3.0-or-later
//! Keys, nonces and NaCl boxes; the only room that names a crypto library.
//!
//! A box is X25519 + HSalsa20 ("precompute") followed by XSalsa20-Poly1305, tag first. The first
//! 16 of the 24 nonce bytes only enter through HSalsa20, and a nonce that counts up changes them
//! once in 2^64 packets, so a [`StreamKey`] keeps the result ("prefix") and each packet costs only
//! the stream cipher and the tag.
//!
//! Two backends with one interface: [`rust`] (`crypto_box`, always there) and, with the feature
//! `libsodium`, the libsodium that toxcore links anyway. [`BoxKey`] and [`StreamKey`] name the one
//! in use; the tests hold both against each other.

use zeroize::Zeroize;

use crate::wire::{
    CRYPTO_MAC_SIZE, CRYPTO_NONCE_SIZE, CRYPTO_PUBLIC_KEY_SIZE, CRYPTO_SECRET_KEY_SIZE,
};

pub mod rust;
#[cfg(feature = "libsodium")]
pub mod sodium;

#[cfg(not(feature = "libsodium"))]
pub use self::rust::{BoxKey, StreamKey};
#[cfg(feature = "libsodium")]
pub use self::sodium::{BoxKey, StreamKey};

/// Nonce bytes that enter the key of a stream; they change once in 2^64 packets.
pub const NONCE_PREFIX_SIZE: usize = 16;
/// Nonce bytes that change with every packet.
pub const NONCE_TAIL_SIZE: usize = CRYPTO_NONCE_SIZE - NONCE_PREFIX_SIZE;

/// A Poly1305 tag.
pub type Tag = [u8; CRYPTO_MAC_SIZE];

/// An X25519 public key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey(pub [u8; CRYPTO_PUBLIC_KEY_SIZE]);

impl core::fmt::Debug for PublicKey {
    /// The first four bytes, enough to tell keys apart in a log.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let [a, b, c, d, ..] = self.0;
        write!(f, "{a:02X}{b:02X}{c:02X}{d:02X}")
    }
}

impl PublicKey {
    /// As 64 hexadecimal digits, in capitals, as Tox programs show keys.
    #[must_use]
    pub fn to_hex(&self) -> String {
        hex_of(&self.0)
    }

    /// From 64 hexadecimal digits; `None` if they are none.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        bytes_of(text).map(Self)
    }
}

fn hex_of(bytes: &[u8; 32]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

fn bytes_of(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    let mut bytes = [0; 32];
    if digits.len() != 2 * bytes.len() {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        for digit in pair {
            let value = char::from(*digit).to_digit(16)?;
            // Each digit is below 16, and there are two.
            *byte = *byte * 16 + value as u8;
        }
    }
    Some(bytes)
}

/// An X25519 secret key, wiped on drop and never printed.
#[derive(Clone)]
pub struct SecretKey(pub [u8; CRYPTO_SECRET_KEY_SIZE]);

impl SecretKey {
    /// As 64 hexadecimal digits, for its owner's file. Nothing wipes the text.
    #[must_use]
    pub fn to_hex(&self) -> String {
        hex_of(&self.0)
    }

    /// From 64 hexadecimal digits; `None` if they are none.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        bytes_of(text).map(Self)
    }
}

impl Drop for SecretKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl core::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("SecretKey")
    }
}

/// A nonce that counts up, 24 bytes big endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nonce(pub [u8; CRYPTO_NONCE_SIZE]);

impl Nonce {
    /// Adds one to the whole number, wrapping from the largest to 0.
    pub fn increment(&mut self) {
        for byte in self.0.iter_mut().rev() {
            *byte = byte.wrapping_add(1);
            if *byte != 0 {
                return;
            }
        }
    }

    /// The part that changes once in 2^64 increments.
    #[must_use]
    pub fn prefix(&self) -> [u8; NONCE_PREFIX_SIZE] {
        core::array::from_fn(|i| self.0[i])
    }

    /// The part that changes with each increment.
    #[must_use]
    pub fn tail(&self) -> [u8; NONCE_TAIL_SIZE] {
        core::array::from_fn(|i| self.0[NONCE_PREFIX_SIZE + i])
    }
}

/// The public key is of low order: the shared key would be the same for every secret key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LowOrderKey;

/// The tag does not belong to the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forged;

impl BoxKey {
    /// Seals `text` in place under a nonce that is used for this one message.
    pub fn seal(&self, nonce: &Nonce, text: &mut [u8]) -> Tag {
        self.stream(nonce.prefix()).seal(nonce.tail(), text)
    }

    /// Opens `text` in place.
    ///
    /// # Errors
    /// [`Forged`] leaves `text` as it was.
    pub fn open(&self, nonce: &Nonce, tag: &Tag, text: &mut [u8]) -> Result<(), Forged> {
        self.stream(nonce.prefix()).open(nonce.tail(), tag, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Points of small order (1, 2, 4 and 8, on the curve and on its twist) in the encodings that
    /// X25519 accepts, those above 2^255 - 19 and with the highest bit set included.
    fn low_order_points() -> Vec<PublicKey> {
        const ORDER_8: [[u8; 32]; 2] = [
            [
                0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f,
                0xc4, 0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16,
                0x5f, 0x49, 0xb8, 0x00,
            ],
            [
                0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83,
                0xef, 0x5b, 0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd,
                0xd0, 0x9f, 0x11, 0x57,
            ],
        ];
        let with_ends = |first, middle, last| {
            let mut point = [middle; 32];
            (point[0], point[31]) = (first, last);
            point
        };
        // 0, 1, p - 1, p and p + 1 with p = 2^255 - 19.
        let mut points = vec![with_ends(0, 0, 0), with_ends(1, 0, 0)];
        points.extend([0xec, 0xed, 0xee].map(|first| with_ends(first, 0xff, 0x7f)));
        points.extend(ORDER_8);
        let high: Vec<_> = points
            .iter()
            .map(|point| {
                let mut point = *point;
                point[31] |= 0x80;
                point
            })
            .collect();
        points.extend(high);
        points.into_iter().map(PublicKey).collect()
    }

    fn secret(seed: u8) -> SecretKey {
        SecretKey(core::array::from_fn(|i| seed.wrapping_mul(31).wrapping_add(i as u8 * 7)))
    }

    fn public(secret: &SecretKey) -> PublicKey {
        rust::public_key(secret)
    }

    #[test]
    fn nonce_counts_over_all_bytes_and_wraps() {
        let mut nonce = Nonce([0xff; 24]);
        nonce.increment();
        assert_eq!(nonce, Nonce([0; 24]));
        nonce.0[16..].fill(0xff);
        let prefix = nonce.prefix();
        nonce.increment();
        assert_ne!(nonce.prefix(), prefix);
        assert_eq!(nonce.tail(), [0; 8]);
        assert_eq!(nonce.0[15], 1);
    }

    #[test]
    fn low_order_keys_are_refused() {
        #[cfg(feature = "libsodium")]
        for point in low_order_points() {
            assert_eq!(rust::BoxKey::precompute(&point, &secret(3)).err(), Some(LowOrderKey));
        }
        for point in low_order_points() {
            assert_eq!(BoxKey::precompute(&point, &secret(3)).err(), Some(LowOrderKey));
        }
    }

    #[test]
    fn both_ends_share_a_key_and_forgeries_are_noticed() {
        let (a, b) = (secret(1), secret(2));
        let ours = BoxKey::precompute(&public(&b), &a).unwrap();
        let theirs = BoxKey::precompute(&public(&a), &b).unwrap();
        let nonce = Nonce([9; 24]);
        let mut text = *b"a packet that is longer than thirty-two bytes";
        let tag = ours.seal(&nonce, &mut text);
        let sealed = text;
        let mut wrong = tag;
        wrong[15] ^= 1;
        assert_eq!(theirs.open(&nonce, &wrong, &mut text), Err(Forged));
        assert_eq!(text, sealed, "a forgery leaves the text alone");
        assert_eq!(theirs.open(&nonce, &tag, &mut text), Ok(()));
        assert_eq!(&text, b"a packet that is longer than thirty-two bytes");
    }

    /// Made once with libsodium's `crypto_box_easy` from these secret keys, nonce and text.
    #[test]
    fn golden_vector() {
        let (a, b) = (secret(1), secret(2));
        let key = BoxKey::precompute(&public(&b), &a).unwrap();
        let mut text: [u8; 40] = core::array::from_fn(|i| i as u8);
        let tag = key.seal(&Nonce([0x42; 24]), &mut text);
        assert_eq!(hex(&tag), GOLDEN_TAG);
        assert_eq!(hex(&text), GOLDEN_TEXT);
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
    }

    const GOLDEN_TAG: &str = "160adea42a671e933fec817ec6793585";
    const GOLDEN_TEXT: &str =
        "53565e72a593679819d93eebf3a23141f54931f0d07c7cc757ac80337b62b737122e293bf3085629";

    #[cfg(feature = "libsodium")]
    mod backends_agree {
        use super::*;
        use proptest::prelude::*;

        proptest! {
            #[test]
            fn on_every_length_nonce_and_key(
                a: [u8; 32], b: [u8; 32], nonce: [u8; 24],
                text in proptest::collection::vec(any::<u8>(), 1..2033),
            ) {
                let (a, b) = (SecretKey(a), SecretKey(b));
                let nonce = Nonce(nonce);
                let one = rust::BoxKey::precompute(&public(&b), &a).unwrap().stream(nonce.prefix());
                let two = BoxKey::precompute(&public(&b), &a).unwrap().stream(nonce.prefix());
                let tail = nonce.tail();
                let (mut sealed_one, mut sealed_two) = (text.clone(), text.clone());
                let tag = one.seal(tail, &mut sealed_one);
                prop_assert_eq!(tag, two.seal(tail, &mut sealed_two));
                prop_assert_eq!(&sealed_one, &sealed_two);
                prop_assert_eq!(one.open(tail, &tag, &mut sealed_two), Ok(()));
                prop_assert_eq!(two.open(tail, &tag, &mut sealed_one), Ok(()));
                prop_assert_eq!(&sealed_one, &text);
                prop_assert_eq!(&sealed_two, &text);
                let mut forged = tag;
                forged[0] ^= 0x80;
                prop_assert_eq!(one.open(tail, &forged, &mut sealed_two), Err(Forged));
                prop_assert_eq!(two.open(tail, &forged, &mut sealed_one), Err(Forged));
            }
        }
    }
}
