// SPDX-License-Identifier: GPL-3.0-or-later
//! The receive buffer: drains the socket at once, whatever the boundaries of the frames.
//!
//! An idle connection keeps room for one frame. Once a read fills that room, the buffer grows,
//! and it shrinks again when there has been no such read for a while.

use crate::proto::time::Timestamp;
use crate::wire::MAX_FRAME_SIZE;

/// Bytes of the buffer while little arrives: one frame of the largest size.
pub const SMALL_INBOX: usize = MAX_FRAME_SIZE;
/// Bytes of the buffer while much arrives.
pub const LARGE_INBOX: usize = 64 * 1024;
/// Seconds without a full read after which the buffer shrinks.
const SHRINK_AFTER: u64 = 2;

/// Bytes that were received and not yet looked at.
#[derive(Debug, Default)]
pub struct Inbox {
    buf: Vec<u8>,
    start: usize,
    end: usize,
    grow: bool,
    last_full: u64,
    received: u64,
}

impl Inbox {
    /// The bytes that wait.
    #[must_use]
    pub fn unread(&self) -> &[u8] {
        self.buf.get(self.start..self.end).unwrap_or_default()
    }

    /// Takes the next `count` bytes (or all, if there are fewer).
    pub fn take(&mut self, count: usize) -> &mut [u8] {
        let from = self.start;
        self.start = self.end.min(from.saturating_add(count));
        self.buf.get_mut(from..self.start).unwrap_or_default()
    }

    /// Room for the next read, never empty while less than [`LARGE_INBOX`] bytes wait.
    pub fn room(&mut self) -> &mut [u8] {
        self.buf.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.buf.is_empty() {
            self.buf = vec![0; SMALL_INBOX];
        } else if self.grow && self.buf.len() < LARGE_INBOX {
            self.resize(LARGE_INBOX);
        }
        self.buf.get_mut(self.end..).unwrap_or_default()
    }

    /// `count` bytes were read into [`Self::room`]. Whether they filled it: then there may be more.
    pub fn received(&mut self, count: usize, now: Timestamp) -> bool {
        self.end = self.buf.len().min(self.end.saturating_add(count));
        self.grow = self.end == self.buf.len();
        self.received += count as u64;
        if self.grow {
            self.last_full = now.0;
        }
        self.grow
    }

    /// All bytes ever received.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.received
    }

    /// Gives memory back after a while without full reads.
    pub fn adapt(&mut self, now: Timestamp) {
        let quiet = now.is_timeout(Timestamp(self.last_full), SHRINK_AFTER);
        if quiet && self.buf.len() > SMALL_INBOX && self.unread().len() < SMALL_INBOX {
            self.resize(SMALL_INBOX);
        }
    }

    fn resize(&mut self, size: usize) {
        let mut buf = vec![0; size];
        let unread = self.unread();
        if let Some(front) = buf.get_mut(..unread.len()) {
            front.copy_from_slice(unread);
        }
        self.end -= self.start;
        self.start = 0;
        self.grow = false;
        self.buf = buf;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receive(inbox: &mut Inbox, bytes: &[u8], now: u64) -> bool {
        inbox.room()[..bytes.len()].copy_from_slice(bytes);
        inbox.received(bytes.len(), Timestamp(now))
    }

    #[test]
    fn keeps_what_was_not_taken_and_always_has_room() {
        let mut inbox = Inbox::default();
        assert_eq!(inbox.unread(), []);
        assert!(!receive(&mut inbox, &[1, 2, 3], 100));
        assert_eq!(inbox.take(2), [1, 2]);
        assert!(!receive(&mut inbox, &[4], 100));
        assert_eq!(inbox.unread(), [3, 4]);
        assert_eq!(inbox.room().len(), SMALL_INBOX - 2);
        assert_eq!(inbox.take(9), [3, 4]);
        assert_eq!(inbox.take(9), []);
    }

    #[test]
    fn grows_when_full_and_shrinks_when_quiet_without_losing_a_byte() {
        let mut inbox = Inbox::default();
        let bytes: Vec<u8> = (0..SMALL_INBOX).map(|i| i as u8).collect();
        assert!(receive(&mut inbox, &bytes, 100));
        inbox.take(10);
        assert_eq!(inbox.room().len(), LARGE_INBOX - (SMALL_INBOX - 10));
        assert_eq!(inbox.unread(), &bytes[10..]);
        inbox.adapt(Timestamp(101));
        assert_eq!(inbox.buf.len(), LARGE_INBOX);
        inbox.adapt(Timestamp(102));
        assert_eq!(inbox.buf.len(), SMALL_INBOX);
        assert_eq!(inbox.unread(), &bytes[10..]);
    }

    #[test]
    fn a_full_small_buffer_grows_for_its_next_read() {
        let mut inbox = Inbox::default();
        receive(&mut inbox, &[7; SMALL_INBOX], 100);
        assert_eq!(inbox.room().len(), LARGE_INBOX - SMALL_INBOX);
        assert_eq!(inbox.unread(), [7; SMALL_INBOX]);
    }
}
