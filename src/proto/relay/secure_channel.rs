// SPDX-License-Identifier: GPL-3.0-or-later
//! The session key and the two nonces that count the frames.

use crate::crypto::{BoxKey, Forged, Nonce, StreamKey};
use crate::wire::{CRYPTO_MAC_SIZE, FRAME_PREFIX_SIZE, MAX_PLAIN_SIZE, WireError};

/// Bytes in front of the cipher text: length prefix and tag.
const HEAD_SIZE: usize = FRAME_PREFIX_SIZE + CRYPTO_MAC_SIZE;

/// Seals frames to, and opens frames from, the other end of a connection.
#[derive(Debug)]
pub struct SecureChannel {
    send: Direction,
    receive: Direction,
}

impl SecureChannel {
    /// Starts with the base nonces of both handshakes: ours counts what we send.
    #[must_use]
    pub fn new(key: &BoxKey, ours: Nonce, theirs: Nonce) -> Self {
        Self { send: Direction::new(key, ours), receive: Direction::new(key, theirs) }
    }

    /// Seals the packet that `emit` writes into a frame at the front of `buf`; gives the frame's
    /// length. The nonce stays until [`Self::commit`], so that a frame of which not one byte
    /// could be written may be forgotten.
    ///
    /// # Shape
    /// `[length: 2][tag: 16][cipher text]`
    ///
    /// # Errors
    /// What `emit` gives, and `Length` if `buf` is too short.
    pub fn seal(
        &self,
        buf: &mut [u8],
        emit: impl FnOnce(&mut [u8]) -> Result<usize, WireError>,
    ) -> Result<usize, WireError> {
        let too_short = WireError::Length(buf.len());
        let (head, body) = buf.split_first_chunk_mut::<HEAD_SIZE>().ok_or(too_short)?;
        let room = body.len().min(MAX_PLAIN_SIZE);
        let body = body.get_mut(..room).ok_or(too_short)?;
        let length = emit(body)?;
        let text = body.get_mut(..length).ok_or(too_short)?;
        let tag = self.send.key.seal(self.send.nonce.tail(), text);
        let sealed = CRYPTO_MAC_SIZE + length;
        // `sealed` is at most 2048.
        let [high, low] = (sealed as u16).to_be_bytes();
        let (prefix, tag_field) = head.split_at_mut(FRAME_PREFIX_SIZE);
        prefix.copy_from_slice(&[high, low]);
        tag_field.copy_from_slice(&tag);
        Ok(FRAME_PREFIX_SIZE + sealed)
    }

    /// The frame sealed last is on its way; the next gets the next nonce.
    pub fn commit(&mut self) {
        self.send.advance();
    }

    /// Opens a whole frame in place and gives its packet; the next frame gets the next nonce.
    ///
    /// # Errors
    /// [`Forged`] if the frame is not the next one of the other end, or has no packet in it.
    pub fn open<'a>(&mut self, frame: &'a mut [u8]) -> Result<&'a [u8], Forged> {
        let (head, text) = frame.split_first_chunk_mut::<HEAD_SIZE>().ok_or(Forged)?;
        let tag = head.last_chunk::<CRYPTO_MAC_SIZE>().ok_or(Forged)?;
        if text.is_empty() {
            return Err(Forged);
        }
        self.receive.key.open(self.receive.nonce.tail(), tag, text)?;
        self.receive.advance();
        Ok(text)
    }
}

#[derive(Debug)]
struct Direction {
    session: BoxKey,
    key: StreamKey,
    nonce: Nonce,
}

impl Direction {
    fn new(session: &BoxKey, nonce: Nonce) -> Self {
        Self { session: session.clone(), key: session.stream(nonce.prefix()), nonce }
    }

    fn advance(&mut self) {
        self.nonce.increment();
        if self.nonce.tail() == [0; crate::crypto::NONCE_TAIL_SIZE] {
            self.key = self.session.stream(self.nonce.prefix());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::{SecretKey, rust::public_key};
    use crate::wire::MAX_FRAME_SIZE;

    fn pair(client_nonce: Nonce) -> (SecureChannel, SecureChannel) {
        let (a, b) = (SecretKey([1; 32]), SecretKey([2; 32]));
        let key = BoxKey::precompute(&public_key(&b), &a).unwrap();
        let relay_nonce = Nonce([3; 24]);
        (
            SecureChannel::new(&key, client_nonce, relay_nonce),
            SecureChannel::new(&key, relay_nonce, client_nonce),
        )
    }

    fn seal(channel: &SecureChannel, text: &[u8]) -> Vec<u8> {
        let mut buf = [0; MAX_FRAME_SIZE];
        let emit = |room: &mut [u8]| {
            room[..text.len()].copy_from_slice(text);
            Ok(text.len())
        };
        let length = channel.seal(&mut buf, emit).unwrap();
        buf[..length].to_vec()
    }

    #[test]
    fn frames_open_in_order_even_where_the_nonce_carries() {
        let mut nonce = Nonce([9; 24]);
        nonce.0[16..].fill(0xff);
        nonce.0[23] = 0xfe;
        let (mut client, mut relay) = pair(nonce);
        for text in [&b"one"[..], b"two", b"three", b"four"] {
            let mut frame = seal(&client, text);
            client.commit();
            assert_eq!(frame.len(), 2 + 16 + text.len());
            assert_eq!(relay.open(&mut frame), Ok(text));
        }
    }

    #[test]
    fn a_frame_without_commit_may_be_forgotten() {
        let (mut client, mut relay) = pair(Nonce([9; 24]));
        let _forgotten = seal(&client, b"lost");
        let mut frame = seal(&client, b"kept");
        client.commit();
        assert_eq!(relay.open(&mut frame), Ok(&b"kept"[..]));
    }

    #[test]
    fn replayed_reordered_and_changed_frames_are_refused() {
        let (mut client, mut relay) = pair(Nonce([9; 24]));
        let first = seal(&client, b"first");
        client.commit();
        let second = seal(&client, b"second");
        assert_eq!(relay.open(&mut second.clone()), Err(Forged));
        assert_eq!(relay.open(&mut first.clone()), Ok(&b"first"[..]));
        assert_eq!(relay.open(&mut first.clone()), Err(Forged));
        let mut changed = second.clone();
        changed[20] ^= 1;
        assert_eq!(relay.open(&mut changed), Err(Forged));
        assert_eq!(relay.open(&mut [0; 18]), Err(Forged));
    }
}
