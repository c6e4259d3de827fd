// SPDX-License-Identifier: GPL-3.0-or-later
//! What a relay client has to say in the log. Written by the ffi room once nothing is borrowed.

use super::state::Reason;

/// Most refused routing requests that wait to be logged. Of the other notes there is one each in
/// the life of a connection.
const MAX_REFUSALS: usize = 4;

/// How much a note matters, with toxcore's numbers (`Logger_Level`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u32)]
pub enum Level {
    /// Per packet.
    Trace = 0,
    /// Decisions.
    Debug = 1,
    /// A connection was made or lost.
    Info = 2,
    /// Something that should not happen, but is dealt with.
    Warning = 3,
    /// Something is broken.
    Error = 4,
}

/// One line for the log. Holds no keys and no addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Note {
    /// The relay has answered our handshake.
    Confirmed,
    /// The connection cannot be made; it counts as connecting until its time is up.
    ConnectFailed(Reason),
    /// The relay has no connection id for a peer.
    RoutingRefused,
    /// The connection is over.
    Disconnected(Reason),
}

impl Note {
    /// How much it matters.
    #[must_use]
    pub fn level(&self) -> Level {
        match self {
            Self::Confirmed | Self::ConnectFailed(_) | Self::RoutingRefused => Level::Info,
            Self::Disconnected(reason) => match reason {
                Reason::ConnectTimeout
                | Reason::PingTimeout
                | Reason::ConnectFailed(_)
                | Reason::Closed
                | Reason::Io(_) => Level::Info,
                Reason::Proxy(_)
                | Reason::HandshakeForged
                | Reason::LowOrderKey
                | Reason::FrameForged
                | Reason::Packet(_)
                | Reason::PongFlood => Level::Warning,
                Reason::Internal => Level::Error,
            },
        }
    }
}

impl core::fmt::Display for Note {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Confirmed => f.write_str("relay connection confirmed"),
            Self::ConnectFailed(reason) => write!(f, "relay connection fails: {reason}"),
            Self::RoutingRefused => f.write_str("relay refuses a routing request"),
            Self::Disconnected(reason) => write!(f, "relay connection over: {reason}"),
        }
    }
}

/// A short list of notes.
#[derive(Debug, Default)]
pub struct Notes(Vec<Note>);

impl Notes {
    /// Adds a note. Of refused requests, four wait at most.
    pub fn push(&mut self, note: Note) {
        let refusals = self.0.iter().filter(|note| **note == Note::RoutingRefused).count();
        if note != Note::RoutingRefused || refusals < MAX_REFUSALS {
            self.0.push(note);
        }
    }

    /// All notes, oldest first.
    pub fn take(&mut self) -> Vec<Note> {
        core::mem::take(&mut self.0)
    }
}
