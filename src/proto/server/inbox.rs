// SPDX-License-Identifier: GPL-3.0-or-later
//! The receive buffer, one for all clients: one of them is read at a time.
//!
//! A client for itself keeps what is left of its bytes when another one's turn comes: part of a
//! frame as a rule, and nothing while it is idle.

use super::ClientRef;

/// Bytes of the buffer.
const INBOX_SIZE: usize = 32 * 1024;

/// Bytes that were received from one client and not yet looked at.
#[derive(Debug)]
pub(super) struct Inbox {
    owner: Option<ClientRef>,
    buf: Box<[u8]>,
    start: usize,
    end: usize,
}

impl Inbox {
    pub(super) fn new() -> Self {
        Self { owner: None, buf: vec![0; INBOX_SIZE].into(), start: 0, end: 0 }
    }

    /// One without room, in place of one that is in use.
    pub(super) fn none() -> Self {
        Self { owner: None, buf: Box::default(), start: 0, end: 0 }
    }

    /// Whose bytes are in it.
    pub(super) fn owner(&self) -> Option<ClientRef> {
        self.owner
    }

    /// Gives back the bytes that its owner has to keep; nobody's are in it now.
    pub(super) fn leave(&mut self) -> Option<(ClientRef, Vec<u8>)> {
        let owner = self.owner.take()?;
        Some((owner, self.unread().to_vec()))
    }

    /// Takes in the bytes that a client has kept.
    pub(super) fn enter(&mut self, owner: ClientRef, rest: &[u8]) {
        self.owner = Some(owner);
        self.start = 0;
        // They came out of this buffer, so there is room.
        self.end = rest.len().min(self.buf.len());
        if let (Some(room), Some(rest)) = (self.buf.get_mut(..self.end), rest.get(..self.end)) {
            room.copy_from_slice(rest);
        }
    }

    /// The bytes that wait.
    pub(super) fn unread(&self) -> &[u8] {
        self.buf.get(self.start..self.end).unwrap_or_default()
    }

    /// Takes the next `count` bytes (or all, if there are fewer).
    pub(super) fn take(&mut self, count: usize) -> &mut [u8] {
        let from = self.start;
        self.start = self.end.min(from.saturating_add(count));
        self.buf.get_mut(from..self.start).unwrap_or_default()
    }

    /// Room for the next read, never empty while less than a whole frame waits.
    pub(super) fn room(&mut self) -> &mut [u8] {
        self.buf.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        self.buf.get_mut(self.end..).unwrap_or_default()
    }

    /// `count` bytes were read into [`Self::room`].
    pub(super) fn received(&mut self, count: usize) {
        self.end = self.buf.len().min(self.end.saturating_add(count));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::MAX_FRAME_SIZE;

    const A: ClientRef = ClientRef { number: 0, serial: 1 };

    #[test]
    fn what_is_left_comes_back_and_there_is_room_for_a_frame() {
        let mut inbox = Inbox::new();
        assert_eq!(inbox.leave(), None);
        inbox.enter(A, &[1, 2]);
        inbox.room()[..2].copy_from_slice(&[3, 4]);
        inbox.received(2);
        assert_eq!(inbox.take(3), [1, 2, 3]);
        assert_eq!(inbox.room().len(), INBOX_SIZE - 1);
        assert!(inbox.room().len() >= MAX_FRAME_SIZE);
        assert_eq!(inbox.leave(), Some((A, vec![4])));
        assert_eq!(inbox.owner(), None);
        inbox.enter(A, &[]);
        assert_eq!(inbox.unread(), []);
        assert_eq!(inbox.take(1), []);
    }
}
