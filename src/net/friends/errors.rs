// SPDX-License-Identifier: GPL-3.0-or-later
//! Why something was not done.

use core::fmt;

/// A friend was not added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddError {
    /// The onion refuses it.
    Refused,
    /// The object is closed.
    Closed,
}

/// There is no friend with this number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoFriend;

/// A packet was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendError {
    /// There is no friend with this number.
    NoFriend,
    /// The friend is not online.
    NotOnline,
    /// Empty, or longer than 1373 bytes.
    Length,
    /// The first byte is not in 19 to 191.
    PacketId,
    /// The connection takes no more just now.
    Busy,
}

/// A friend request was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestError {
    /// There is no friend with this number.
    NoFriend,
    /// The message is empty, or longer than 1016 bytes.
    Length,
    /// The neighbour did not take it; there may be no way to the friend yet.
    Refused,
}

/// A report was of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportError {
    /// There is no such friend, or nobody looks for this key.
    NoFriend,
    /// It is about a connection that is not the friend's, or the friend is not online.
    NoConnection,
    /// The packet is empty or cannot be read, or a key consists of zeros.
    Malformed,
    /// The friend is connected already, or a neighbour refuses.
    Refused,
}

/// An iteration is going on already, on another thread or around this call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IterateBusy;

impl fmt::Display for AddError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refused => "the onion refuses the friend",
            Self::Closed => "closed",
        })
    }
}

impl fmt::Display for NoFriend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no such friend")
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoFriend => "no such friend",
            Self::NotOnline => "the friend is not online",
            Self::Length => "not 1 to 1373 bytes",
            Self::PacketId => "the first byte is not in 19 to 191",
            Self::Busy => "the connection takes no more just now",
        })
    }
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoFriend => "no such friend",
            Self::Length => "not 1 to 1016 bytes",
            Self::Refused => "there is no way to the friend yet",
        })
    }
}

impl fmt::Display for ReportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoFriend => "no such friend",
            Self::NoConnection => "no such connection",
            Self::Malformed => "malformed",
            Self::Refused => "refused",
        })
    }
}

impl fmt::Display for IterateBusy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an iteration is going on already")
    }
}

impl std::error::Error for AddError {}
impl std::error::Error for NoFriend {}
impl std::error::Error for SendError {}
impl std::error::Error for RequestError {}
impl std::error::Error for ReportError {}
impl std::error::Error for IterateBusy {}
