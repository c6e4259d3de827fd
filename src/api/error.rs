// SPDX-License-Identifier: GPL-3.0-or-later
//! Errors that several objects have in common.

use core::ffi::c_char;

use super::entry::{code, name};
use crate::net::TurnError;
use crate::net::client::SendError;

/// Why an object was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub enum Toxlink_Err_New {
    /// It was made.
    Ok,
    /// A pointer is NULL that must not be.
    Null,
    /// There is no memory.
    Malloc,
    /// A defect of this library.
    Internal,
    /// The size of a struct is not known: it was not initialised.
    Options,
    /// An address cannot be read.
    BadAddress,
    /// A key cannot be used: with it, everybody could read along.
    BadKey,
    /// There is no such type of proxy.
    ProxyType,
    /// The proxy's address cannot be read.
    ProxyAddress,
    /// The proxy's user name is missing or empty, or it or the password is too long or has characters
    /// that it cannot have.
    ProxyCredentials,
    /// There is no such log level.
    LogLevel,
    /// The system gives no descriptor, thread or random bytes.
    System,
    /// A function of the neighbours is missing.
    Neighbours,
}

/// Why an iteration did nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub enum Toxlink_Err_Iterate {
    /// It was done.
    Ok,
    /// The object is NULL.
    Null,
    /// One is under way already, on another thread or around this call.
    Busy,
    /// There is no memory.
    Malloc,
    /// A defect of this library; the object is given up.
    Internal,
    /// The system cannot tell which sockets have something to say.
    System,
}

/// Why a packet was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub enum Toxlink_Err_Send {
    /// It was sent.
    Ok,
    /// A pointer is NULL that must not be.
    Null,
    /// Everything is full. The writable callback tells when to try again.
    Busy,
    /// The relay is not connected.
    NotConnected,
    /// There is no such peer, relay or connection id.
    NotFound,
    /// The peer is not online at any relay.
    NotOnline,
    /// The packet is too short or too long.
    Length,
    /// The destination cannot be read.
    BadAddress,
    /// The socket has failed; the next iteration ends the connection.
    Broken,
    /// There is no memory.
    Malloc,
    /// A defect of this library; the object is given up.
    Internal,
}

code!(Toxlink_Err_New, Toxlink_Err_Iterate, Toxlink_Err_Send);

impl From<TurnError> for Toxlink_Err_Iterate {
    fn from(error: TurnError) -> Self {
        match error {
            TurnError::Busy => Self::Busy,
            TurnError::System(_) => Self::System,
            TurnError::Defect => Self::Internal,
        }
    }
}

impl From<SendError> for Toxlink_Err_Send {
    fn from(error: SendError) -> Self {
        match error {
            SendError::Busy => Self::Busy,
            SendError::NotConfirmed => Self::NotConnected,
            SendError::Broken => Self::Broken,
            SendError::NotOnline => Self::NotOnline,
            SendError::Length(_) => Self::Length,
        }
    }
}

/// The name of a Toxlink_Err_New: a static text, never NULL.
#[unsafe(no_mangle)]
pub extern "C" fn toxlink_err_new_to_string(error: u32) -> *const c_char {
    let names = [
        c"TOXLINK_ERR_NEW_OK",
        c"TOXLINK_ERR_NEW_NULL",
        c"TOXLINK_ERR_NEW_MALLOC",
        c"TOXLINK_ERR_NEW_INTERNAL",
        c"TOXLINK_ERR_NEW_OPTIONS",
        c"TOXLINK_ERR_NEW_BAD_ADDRESS",
        c"TOXLINK_ERR_NEW_BAD_KEY",
        c"TOXLINK_ERR_NEW_PROXY_TYPE",
        c"TOXLINK_ERR_NEW_PROXY_ADDRESS",
        c"TOXLINK_ERR_NEW_PROXY_CREDENTIALS",
        c"TOXLINK_ERR_NEW_LOG_LEVEL",
        c"TOXLINK_ERR_NEW_SYSTEM",
        c"TOXLINK_ERR_NEW_NEIGHBOURS",
    ];
    name(&names, error)
}

/// The name of a Toxlink_Err_Iterate: a static text, never NULL.
#[unsafe(no_mangle)]
pub extern "C" fn toxlink_err_iterate_to_string(error: u32) -> *const c_char {
    let names = [
        c"TOXLINK_ERR_ITERATE_OK",
        c"TOXLINK_ERR_ITERATE_NULL",
        c"TOXLINK_ERR_ITERATE_BUSY",
        c"TOXLINK_ERR_ITERATE_MALLOC",
        c"TOXLINK_ERR_ITERATE_INTERNAL",
        c"TOXLINK_ERR_ITERATE_SYSTEM",
    ];
    name(&names, error)
}

/// The name of a Toxlink_Err_Send: a static text, never NULL.
#[unsafe(no_mangle)]
pub extern "C" fn toxlink_err_send_to_string(error: u32) -> *const c_char {
    let names = [
        c"TOXLINK_ERR_SEND_OK",
        c"TOXLINK_ERR_SEND_NULL",
        c"TOXLINK_ERR_SEND_BUSY",
        c"TOXLINK_ERR_SEND_NOT_CONNECTED",
        c"TOXLINK_ERR_SEND_NOT_FOUND",
        c"TOXLINK_ERR_SEND_NOT_ONLINE",
        c"TOXLINK_ERR_SEND_LENGTH",
        c"TOXLINK_ERR_SEND_BAD_ADDRESS",
        c"TOXLINK_ERR_SEND_BROKEN",
        c"TOXLINK_ERR_SEND_MALLOC",
        c"TOXLINK_ERR_SEND_INTERNAL",
    ];
    name(&names, error)
}
