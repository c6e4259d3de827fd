// SPDX-License-Identifier: GPL-3.0-or-later
//! The backend on libsodium, for programs that hold it in memory anyway.
//!
//! Works on the primitives below `crypto_box_easy_afternm`, because only these let the HSalsa20
//! step be done once per connection instead of once per packet.
#![expect(unsafe_code, reason = "libsodium is C")]

use core::ffi::{c_int, c_uchar, c_ulonglong};

use std::sync::Arc;

use once_cell::sync::OnceCell;
use zeroize::Zeroizing;

use super::{Forged, LowOrderKey, NONCE_PREFIX_SIZE, NONCE_TAIL_SIZE, PublicKey, SecretKey, Tag};

/// The shared key of two parties. On the heap, so that a move leaves no copy behind.
#[derive(Clone)]
pub struct BoxKey(Arc<Zeroizing<[u8; KEY_SIZE]>>);

/// A shared key bound to the first 16 bytes of its nonces (the HSalsa20 subkey).
#[derive(Clone)]
pub struct StreamKey(Box<Zeroizing<[u8; KEY_SIZE]>>);

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
        initialise();
        let mut key = Arc::new(Zeroizing::new([0; KEY_SIZE]));
        // Nobody else has the key yet.
        let bytes = Arc::make_mut(&mut key);
        // SAFETY: three arrays of 32 bytes, as the function asks.
        let result =
            unsafe { crypto_box_beforenm(bytes.as_mut_ptr(), theirs.0.as_ptr(), ours.0.as_ptr()) };
        if result == 0 { Ok(Self(key)) } else { Err(LowOrderKey) }
    }

    /// Binds the key to the first 16 bytes of the nonces to come.
    #[must_use]
    pub fn stream(&self, prefix: [u8; NONCE_PREFIX_SIZE]) -> StreamKey {
        let mut subkey = Box::new(Zeroizing::new([0; KEY_SIZE]));
        // SAFETY: 32 bytes out, 16 and 32 bytes in; NULL asks for the standard constant. The
        // function has no failure.
        unsafe {
            crypto_core_hsalsa20(
                subkey.as_mut_ptr(),
                prefix.as_ptr(),
                self.0.as_ptr(),
                core::ptr::null(),
            );
        }
        StreamKey(subkey)
    }
}

impl StreamKey {
    /// Seals `text` in place.
    pub fn seal(&self, tail: [u8; NONCE_TAIL_SIZE], text: &mut [u8]) -> Tag {
        let first = self.first_block(tail);
        self.xor(tail, &first, text);
        let mut tag = Tag::default();
        // SAFETY: 16 bytes out, a 32-byte key, and `text` with its length.
        unsafe {
            crypto_onetimeauth_poly1305(
                tag.as_mut_ptr(),
                text.as_ptr(),
                text.len() as c_ulonglong,
                first.as_ptr(),
            );
        }
        tag
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
        let first = self.first_block(tail);
        // SAFETY: 16 bytes, a 32-byte key, and `text` with its length.
        let result = unsafe {
            crypto_onetimeauth_poly1305_verify(
                tag.as_ptr(),
                text.as_ptr(),
                text.len() as c_ulonglong,
                first.as_ptr(),
            )
        };
        if result != 0 {
            return Err(Forged);
        }
        self.xor(tail, &first, text);
        Ok(())
    }

    /// The first 64 bytes of the key stream: 32 for the tag's key, 32 for the text's beginning.
    fn first_block(&self, tail: [u8; NONCE_TAIL_SIZE]) -> Zeroizing<[u8; BLOCK_SIZE]> {
        let mut block = Zeroizing::new([0; BLOCK_SIZE]);
        // SAFETY: 64 bytes out with that length, an 8-byte nonce, a 32-byte key.
        unsafe {
            crypto_stream_salsa20(
                block.as_mut_ptr(),
                BLOCK_SIZE as c_ulonglong,
                tail.as_ptr(),
                self.0.as_ptr(),
            );
        }
        block
    }

    fn xor(&self, tail: [u8; NONCE_TAIL_SIZE], first: &[u8; BLOCK_SIZE], text: &mut [u8]) {
        let (head, rest) = text.split_at_mut(text.len().min(BLOCK_SIZE - KEY_SIZE));
        for (byte, key) in head.iter_mut().zip(&first[KEY_SIZE..]) {
            *byte ^= key;
        }
        if rest.is_empty() {
            return;
        }
        // SAFETY: `rest` with its length, in place, which the function allows; an 8-byte nonce, the
        // key stream from its second block on, a 32-byte key.
        unsafe {
            crypto_stream_salsa20_xor_ic(
                rest.as_mut_ptr(),
                rest.as_ptr(),
                rest.len() as c_ulonglong,
                tail.as_ptr(),
                1,
                self.0.as_ptr(),
            );
        }
    }
}

/// Lets libsodium choose its implementations; toxcore has usually done so before. It fails only
/// where no random source exists, which nothing here uses; then the next call tries again.
fn initialise() {
    static DONE: OnceCell<()> = OnceCell::new();
    // SAFETY: may be called from any thread and any number of times.
    let _ = DONE.get_or_try_init(|| if unsafe { sodium_init() } < 0 { Err(()) } else { Ok(()) });
}

const KEY_SIZE: usize = 32;
const BLOCK_SIZE: usize = 64;

#[link(name = "sodium")]
unsafe extern "C" {
    fn sodium_init() -> c_int;
    fn crypto_box_beforenm(k: *mut c_uchar, pk: *const c_uchar, sk: *const c_uchar) -> c_int;
    fn crypto_core_hsalsa20(
        out: *mut c_uchar,
        input: *const c_uchar,
        k: *const c_uchar,
        c: *const c_uchar,
    ) -> c_int;
    fn crypto_stream_salsa20(
        c: *mut c_uchar,
        len: c_ulonglong,
        n: *const c_uchar,
        k: *const c_uchar,
    ) -> c_int;
    fn crypto_stream_salsa20_xor_ic(
        c: *mut c_uchar,
        m: *const c_uchar,
        len: c_ulonglong,
        n: *const c_uchar,
        ic: u64,
        k: *const c_uchar,
    ) -> c_int;
    fn crypto_onetimeauth_poly1305(
        out: *mut c_uchar,
        input: *const c_uchar,
        len: c_ulonglong,
        k: *const c_uchar,
    ) -> c_int;
    fn crypto_onetimeauth_poly1305_verify(
        tag: *const c_uchar,
        input: *const c_uchar,
        len: c_ulonglong,
        k: *const c_uchar,
    ) -> c_int;
}
