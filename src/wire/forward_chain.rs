// SPDX-License-Identifier: GPL-3.0-or-later
//! The head of a packet that is to be forwarded more than once.

use super::{CRYPTO_PUBLIC_KEY_SIZE, MAX_FORWARD_DATA_SIZE};

/// Most keys of a chain.
pub const MAX_FORWARD_CHAIN_LENGTH: usize = 4;
/// `NET_PACKET_FORWARDING` of a DHT node: "forward the rest to the node with this key".
const NET_PACKET_FORWARD_REQUEST: u8 = 0x90;

/// Puts a chain of keys in front of `data`.
///
/// # Shape
/// `[0x90][key: 32]` for each key, then `data`. Without keys `data` alone.
///
/// # Errors
/// `None` for more than four keys, or if `data` or the result is longer than 1792 bytes.
///
/// # Source
/// tcp_connections.md section 10
#[must_use]
pub fn forward_chain(keys: &[[u8; CRYPTO_PUBLIC_KEY_SIZE]], data: &[u8]) -> Option<Vec<u8>> {
    let length = keys.len() * (1 + CRYPTO_PUBLIC_KEY_SIZE) + data.len();
    if keys.len() > MAX_FORWARD_CHAIN_LENGTH || length > MAX_FORWARD_DATA_SIZE {
        return None;
    }
    let mut packet = Vec::with_capacity(length);
    for key in keys {
        packet.push(NET_PACKET_FORWARD_REQUEST);
        packet.extend_from_slice(key);
    }
    packet.extend_from_slice(data);
    Some(packet)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_first_each_behind_its_id() {
        assert_eq!(forward_chain(&[], b"data").unwrap(), b"data");
        let packet = forward_chain(&[[1; 32], [2; 32]], b"data").unwrap();
        let wanted = [&[0x90][..], &[1; 32], &[0x90], &[2; 32], b"data"].concat();
        assert_eq!(packet, wanted);
    }

    #[test]
    fn limits() {
        assert!(forward_chain(&[], &[0; 1792]).is_some());
        assert_eq!(forward_chain(&[], &[0; 1793]), None);
        assert!(forward_chain(&[[1; 32]; 4], &[0; 1792 - 132]).is_some());
        assert_eq!(forward_chain(&[[1; 32]; 4], &[0; 1792 - 131]), None);
        assert_eq!(forward_chain(&[[1; 32]; 5], b""), None);
    }
}
