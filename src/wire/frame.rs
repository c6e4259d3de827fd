// SPDX-License-Identifier: GPL-3.0-or-later
//! Length-prefixed frames: where one ends in a stream of bytes.

use super::{FRAME_PREFIX_SIZE, MAX_PACKET_SIZE, WireError};

/// What stands at the front of a stream of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Front {
    /// The beginning of a frame; more bytes are needed.
    Partial,
    /// Two zero bytes: a frame without content, to be passed over.
    Empty,
    /// A whole frame of this many bytes, length prefix included.
    Whole(usize),
}

/// Looks at the front of `stream`.
///
/// # Shape
/// `[length: 2][tag: 16][cipher text: length - 16]`, length <= 2048. A frame of 1 to 16 bytes has
/// no room for a text behind its tag; it is whole like any other, and cannot be opened.
///
/// # Errors
/// `WireError::FrameLength` above 2048. It comes with the prefix, before any byte of the body.
///
/// # Source
/// tcp_client.md sections 5 and 9
pub fn front(stream: &[u8]) -> Result<Front, WireError> {
    let Some((prefix, body)) = stream.split_first_chunk::<FRAME_PREFIX_SIZE>() else {
        return Ok(Front::Partial);
    };
    let length = u16::from_be_bytes(*prefix);
    match usize::from(length) {
        0 => Ok(Front::Empty),
        n if n > MAX_PACKET_SIZE => Err(WireError::FrameLength(length)),
        n if body.len() < n => Ok(Front::Partial),
        n => Ok(Front::Whole(FRAME_PREFIX_SIZE + n)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(length: u16, body: usize) -> Vec<u8> {
        let mut bytes = length.to_be_bytes().to_vec();
        bytes.resize(2 + body, 7);
        bytes
    }

    #[test]
    fn tells_whole_from_partial_frames() {
        assert_eq!(front(&[]), Ok(Front::Partial));
        assert_eq!(front(&[0]), Ok(Front::Partial));
        assert_eq!(front(&stream(1, 0)), Ok(Front::Partial));
        assert_eq!(front(&stream(1, 1)), Ok(Front::Whole(3)));
        assert_eq!(front(&stream(17, 16)), Ok(Front::Partial));
        assert_eq!(front(&stream(17, 17)), Ok(Front::Whole(19)));
        assert_eq!(front(&stream(17, 400)), Ok(Front::Whole(19)));
        assert_eq!(front(&stream(2048, 2048)), Ok(Front::Whole(2050)));
        assert_eq!(front(&stream(0, 9)), Ok(Front::Empty));
    }

    #[test]
    fn refuses_impossible_lengths_before_the_body() {
        for length in [2049, 65535] {
            assert_eq!(front(&stream(length, 0)), Err(WireError::FrameLength(length)));
        }
    }
}
