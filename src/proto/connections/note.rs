// SPDX-License-Identifier: GPL-3.0-or-later
//! What the connections have to say in the log.

use super::RelayNumber;
use crate::proto::relay::note::Level;

/// Most notes that wait to be logged; of more, the newest are forgotten.
const MAX_NOTES: usize = 16;

/// One line for the log. Holds no keys and no addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Note {
    /// A relay does not answer in time.
    Suspected(RelayNumber),
    /// It does again.
    Trusted(RelayNumber),
    /// A relay is gone and will be tried again after some seconds.
    Retry(RelayNumber, u64),
    /// No more relays are taken.
    RelayLimit,
}

impl Note {
    /// How much it matters.
    #[must_use]
    pub fn level(&self) -> Level {
        match self {
            Self::Suspected(_) | Self::Trusted(_) => Level::Debug,
            Self::Retry(..) => Level::Info,
            Self::RelayLimit => Level::Warning,
        }
    }
}

impl core::fmt::Display for Note {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Suspected(relay) => write!(f, "relay {} does not answer in time", relay.0),
            Self::Trusted(relay) => write!(f, "relay {} answers again", relay.0),
            Self::Retry(relay, seconds) => {
                write!(f, "relay {} is tried again in {seconds} s", relay.0)
            }
            Self::RelayLimit => f.write_str("no room for one more relay"),
        }
    }
}

/// A short list of notes.
#[derive(Debug, Default)]
pub struct Notes(Vec<Note>);

impl Notes {
    /// Adds a note, if there is room.
    pub fn push(&mut self, note: Note) {
        if self.0.len() < MAX_NOTES && !(note == Note::RelayLimit && self.0.contains(&note)) {
            self.0.push(note);
        }
    }

    /// All notes, oldest first.
    pub fn take(&mut self) -> Vec<Note> {
        core::mem::take(&mut self.0)
    }
}
