// SPDX-License-Identifier: GPL-3.0-or-later
//! Why a function of `TCP_client.h` did not do what it was asked to.

use core::ffi::c_int;

use super::arguments::{DataError, public_key};
use crate::crypto::PublicKey;
use crate::proto::relay::note::Level;
use crate::proto::relay::state::SendError;
use crate::wire::connection_id::ConnectionId;

/// Why a command was not carried out.
#[derive(Clone, Copy)]
pub(super) enum Refusal {
    NullArgument,
    ConnectionId(u8),
    Destination,
    Send(SendError),
}

impl Refusal {
    /// The return value that C knows.
    pub(super) fn code(self) -> c_int {
        match self {
            Self::Destination | Self::Send(SendError::Busy) => 0,
            Self::NullArgument
            | Self::ConnectionId(_)
            | Self::Send(
                SendError::NotConfirmed
                | SendError::Broken
                | SendError::NotOnline
                | SendError::Length(_),
            ) => -1,
        }
    }

    /// A full socket, one that has just failed (logged for itself) and a peer that is not online
    /// are daily business and may come with every packet; the rest is misuse.
    pub(super) fn level(self) -> Level {
        match self {
            Self::Send(SendError::Busy | SendError::Broken | SendError::NotOnline) => Level::Trace,
            Self::NullArgument
            | Self::ConnectionId(_)
            | Self::Destination
            | Self::Send(SendError::NotConfirmed | SendError::Length(_)) => Level::Warning,
        }
    }
}

impl core::fmt::Display for Refusal {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::NullArgument => f.write_str("not sent: NULL argument"),
            Self::ConnectionId(id) => write!(f, "not sent: connection id {id} is out of range"),
            Self::Destination => f.write_str("not sent: destination is not an IP address"),
            Self::Send(error) => write!(f, "not sent: {error}"),
        }
    }
}

impl From<DataError> for Refusal {
    fn from(error: DataError) -> Self {
        match error {
            DataError::Null => Self::NullArgument,
            DataError::Length(length) => Self::Send(SendError::Length(length)),
        }
    }
}

/// # Safety
/// `bytes` is null or 32 bytes.
pub(super) unsafe fn key_argument(bytes: *const u8) -> Result<PublicKey, Refusal> {
    // SAFETY: as promised by the caller.
    unsafe { public_key(bytes) }.ok_or(Refusal::NullArgument)
}

pub(super) fn id_argument(con_id: u8) -> Result<ConnectionId, Refusal> {
    ConnectionId::from_index(con_id).ok_or(Refusal::ConnectionId(con_id))
}
