// SPDX-License-Identifier: GPL-3.0-or-later
//! The number that one relay gives to one peer.

use super::{NUM_CLIENT_CONNECTIONS, NUM_RESERVED_PORTS, WireError};

/// A slot given by one relay for one peer: 0..=239 here and in the C API, 16..=255 on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(u8);

impl ConnectionId {
    /// From the number that the C API uses (`con_id`); `None` from 240 on.
    #[must_use]
    pub fn from_index(index: u8) -> Option<Self> {
        (index < NUM_CLIENT_CONNECTIONS).then_some(Self(index))
    }

    /// From the byte on the wire.
    ///
    /// # Errors
    /// `WireError::ReservedConnection` below 16.
    pub fn from_wire(byte: u8) -> Result<Self, WireError> {
        byte.checked_sub(NUM_RESERVED_PORTS).map(Self).ok_or(WireError::ReservedConnection(byte))
    }

    /// The number that the C API uses, 0..=239.
    #[must_use]
    pub fn index(self) -> u8 {
        self.0
    }

    /// The byte on the wire, 16..=255.
    #[must_use]
    pub fn to_wire(self) -> u8 {
        // At most 239 + 16 by construction.
        self.0 + NUM_RESERVED_PORTS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wire_and_index_differ_by_sixteen_over_the_whole_range() {
        for index in 0..=239 {
            let id = ConnectionId::from_index(index).unwrap();
            assert_eq!(id.index(), index);
            assert_eq!(u16::from(id.to_wire()), u16::from(index) + 16);
            assert_eq!(ConnectionId::from_wire(id.to_wire()), Ok(id));
        }
        for index in 240..=255 {
            assert_eq!(ConnectionId::from_index(index), None);
        }
        for byte in 0..16 {
            let refused = Err(WireError::ReservedConnection(byte));
            assert_eq!(ConnectionId::from_wire(byte), refused);
        }
    }
}
