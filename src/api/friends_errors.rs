// SPDX-License-Identifier: GPL-3.0-or-later
//! The errors of friends, and their names.

use core::ffi::c_char;

use super::entry::{code, name};
use crate::net::friends::{AddError, NoFriend, ReportError, RequestError, SendError};

/// Why a friend was not added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub enum Toxlink_Err_Friend_Add {
    /// It was added, or has an owner more.
    Ok,
    /// The object or the key is NULL.
    Null,
    /// The neighbour's onion_add() refuses it, or it was removed from inside a neighbour.
    Refused,
    /// There is no memory; nothing was done.
    Malloc,
    /// A defect of this library; the object is given up.
    Internal,
}

/// Why something was not done with a friend, or not told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub enum Toxlink_Err_Friend {
    /// It was done.
    Ok,
    /// The object or the place for the result is NULL.
    Null,
    /// There is no friend with this number, or key.
    NotFound,
    /// The friend has none, or it is not known.
    Unknown,
    /// There is no memory; nothing was done.
    Malloc,
    /// A defect of this library; the object is given up.
    Internal,
}

/// Why a packet was not sent to a friend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub enum Toxlink_Err_Friend_Send {
    /// It was sent.
    Ok,
    /// The object or the packet is NULL.
    Null,
    /// There is no friend with this number.
    NotFound,
    /// The friend is not online.
    NotOnline,
    /// The packet is empty or longer than TOXLINK_FRIEND_MAX_PACKET_SIZE.
    Length,
    /// The first byte is not one of TOXLINK_FRIEND_FIRST_PACKET_ID to
    /// TOXLINK_FRIEND_LAST_PACKET_ID.
    PacketId,
    /// The neighbour's crypto_write() takes no more just now.
    Busy,
    /// There is no memory; nothing was done.
    Malloc,
    /// A defect of this library; the object is given up.
    Internal,
}

/// Why a friend request was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub enum Toxlink_Err_Friend_Request {
    /// It was sent.
    Ok,
    /// The object, the nospam or the message is NULL.
    Null,
    /// There is no friend with this number.
    NotFound,
    /// The message is empty or longer than TOXLINK_FRIEND_MAX_REQUEST_SIZE.
    Length,
    /// The neighbour did not take it: there may be no way to the friend yet.
    Refused,
    /// There is no memory; nothing was done.
    Malloc,
    /// A defect of this library; the object is given up.
    Internal,
}

/// Why a report of a neighbour was of no use. None of them is a fault of the program as such: the
/// friend may have been removed, or its connection replaced, while the report was on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub enum Toxlink_Err_Friend_Report {
    /// It was taken.
    Ok,
    /// The object or something that was reported is NULL.
    Null,
    /// There is no such friend, or nobody looks for this DHT key.
    NotFound,
    /// It is about a connection that is not the friend's, or the friend is not online.
    NoConnection,
    /// An address cannot be read.
    BadAddress,
    /// The packet cannot be read, or is empty, or a key consists of zeros.
    Malformed,
    /// The friend is connected already, or a neighbour refuses.
    Refused,
    /// There is no memory; nothing was done.
    Malloc,
    /// A defect of this library; the object is given up.
    Internal,
}

code!(
    Toxlink_Err_Friend_Add,
    Toxlink_Err_Friend,
    Toxlink_Err_Friend_Send,
    Toxlink_Err_Friend_Request,
    Toxlink_Err_Friend_Report
);

impl From<AddError> for Toxlink_Err_Friend_Add {
    fn from(error: AddError) -> Self {
        match error {
            AddError::Refused => Self::Refused,
            AddError::Closed => Self::Null,
        }
    }
}

impl From<NoFriend> for Toxlink_Err_Friend {
    fn from(_: NoFriend) -> Self {
        Self::NotFound
    }
}

impl From<SendError> for Toxlink_Err_Friend_Send {
    fn from(error: SendError) -> Self {
        match error {
            SendError::NoFriend => Self::NotFound,
            SendError::NotOnline => Self::NotOnline,
            SendError::Length => Self::Length,
            SendError::PacketId => Self::PacketId,
            SendError::Busy => Self::Busy,
        }
    }
}

impl From<RequestError> for Toxlink_Err_Friend_Request {
    fn from(error: RequestError) -> Self {
        match error {
            RequestError::NoFriend => Self::NotFound,
            RequestError::Length => Self::Length,
            RequestError::Refused => Self::Refused,
        }
    }
}

impl From<ReportError> for Toxlink_Err_Friend_Report {
    fn from(error: ReportError) -> Self {
        match error {
            ReportError::NoFriend => Self::NotFound,
            ReportError::NoConnection => Self::NoConnection,
            ReportError::Malformed => Self::Malformed,
            ReportError::Refused => Self::Refused,
        }
    }
}

/// The name of a Toxlink_Err_Friend_Add: a static text, never NULL.
#[unsafe(no_mangle)]
pub extern "C" fn toxlink_err_friend_add_to_string(error: u32) -> *const c_char {
    let names = [
        c"TOXLINK_ERR_FRIEND_ADD_OK",
        c"TOXLINK_ERR_FRIEND_ADD_NULL",
        c"TOXLINK_ERR_FRIEND_ADD_REFUSED",
        c"TOXLINK_ERR_FRIEND_ADD_MALLOC",
        c"TOXLINK_ERR_FRIEND_ADD_INTERNAL",
    ];
    name(&names, error)
}

/// The name of a Toxlink_Err_Friend: a static text, never NULL.
#[unsafe(no_mangle)]
pub extern "C" fn toxlink_err_friend_to_string(error: u32) -> *const c_char {
    let names = [
        c"TOXLINK_ERR_FRIEND_OK",
        c"TOXLINK_ERR_FRIEND_NULL",
        c"TOXLINK_ERR_FRIEND_NOT_FOUND",
        c"TOXLINK_ERR_FRIEND_UNKNOWN",
        c"TOXLINK_ERR_FRIEND_MALLOC",
        c"TOXLINK_ERR_FRIEND_INTERNAL",
    ];
    name(&names, error)
}

/// The name of a Toxlink_Err_Friend_Send: a static text, never NULL.
#[unsafe(no_mangle)]
pub extern "C" fn toxlink_err_friend_send_to_string(error: u32) -> *const c_char {
    let names = [
        c"TOXLINK_ERR_FRIEND_SEND_OK",
        c"TOXLINK_ERR_FRIEND_SEND_NULL",
        c"TOXLINK_ERR_FRIEND_SEND_NOT_FOUND",
        c"TOXLINK_ERR_FRIEND_SEND_NOT_ONLINE",
        c"TOXLINK_ERR_FRIEND_SEND_LENGTH",
        c"TOXLINK_ERR_FRIEND_SEND_PACKET_ID",
        c"TOXLINK_ERR_FRIEND_SEND_BUSY",
        c"TOXLINK_ERR_FRIEND_SEND_MALLOC",
        c"TOXLINK_ERR_FRIEND_SEND_INTERNAL",
    ];
    name(&names, error)
}

/// The name of a Toxlink_Err_Friend_Request: a static text, never NULL.
#[unsafe(no_mangle)]
pub extern "C" fn toxlink_err_friend_request_to_string(error: u32) -> *const c_char {
    let names = [
        c"TOXLINK_ERR_FRIEND_REQUEST_OK",
        c"TOXLINK_ERR_FRIEND_REQUEST_NULL",
        c"TOXLINK_ERR_FRIEND_REQUEST_NOT_FOUND",
        c"TOXLINK_ERR_FRIEND_REQUEST_LENGTH",
        c"TOXLINK_ERR_FRIEND_REQUEST_REFUSED",
        c"TOXLINK_ERR_FRIEND_REQUEST_MALLOC",
        c"TOXLINK_ERR_FRIEND_REQUEST_INTERNAL",
    ];
    name(&names, error)
}

/// The name of a Toxlink_Err_Friend_Report: a static text, never NULL.
#[unsafe(no_mangle)]
pub extern "C" fn toxlink_err_friend_report_to_string(error: u32) -> *const c_char {
    let names = [
        c"TOXLINK_ERR_FRIEND_REPORT_OK",
        c"TOXLINK_ERR_FRIEND_REPORT_NULL",
        c"TOXLINK_ERR_FRIEND_REPORT_NOT_FOUND",
        c"TOXLINK_ERR_FRIEND_REPORT_NO_CONNECTION",
        c"TOXLINK_ERR_FRIEND_REPORT_BAD_ADDRESS",
        c"TOXLINK_ERR_FRIEND_REPORT_MALFORMED",
        c"TOXLINK_ERR_FRIEND_REPORT_REFUSED",
        c"TOXLINK_ERR_FRIEND_REPORT_MALLOC",
        c"TOXLINK_ERR_FRIEND_REPORT_INTERNAL",
    ];
    name(&names, error)
}
