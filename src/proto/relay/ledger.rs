// SPDX-License-Identifier: GPL-3.0-or-later
//! One record per packet, for a program that keeps accounts of its traffic (toxcore 0.2.22).

/// Which way a packet went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From us to the relay.
    Sent,
    /// From the relay to us.
    Received,
}

/// One packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its id; the first byte of a handshake or a message to a proxy, which have none.
    pub id: u8,
    /// Bytes: on the wire if it was sent, of plain text if it was received (tcp_client.md D-18).
    pub length: usize,
    /// Which way it went.
    pub direction: Direction,
}

/// The records since they were last taken, if anybody wants them.
#[derive(Debug, Default)]
pub struct Ledger {
    is_kept: bool,
    records: Vec<Record>,
}

impl Ledger {
    /// An empty ledger, which stays empty unless it `is_kept`.
    #[must_use]
    pub fn new(is_kept: bool) -> Self {
        Self { is_kept, records: Vec::new() }
    }

    /// Whether anybody wants the records.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.is_kept
    }

    /// Enters a packet.
    pub fn enter(&mut self, id: u8, length: usize, direction: Direction) {
        if self.is_kept {
            self.records.push(Record { id, length, direction });
        }
    }

    /// All records.
    pub fn take(&mut self) -> Vec<Record> {
        core::mem::take(&mut self.records)
    }

    /// Takes over what another ledger holds.
    pub fn take_from(&mut self, other: &mut Self) {
        self.records.append(&mut other.records);
    }
}
