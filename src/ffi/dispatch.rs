// SPDX-License-Identifier: GPL-3.0-or-later
//! Events become calls of C.

use core::ffi::c_void;

use super::relay_client::TCP_Client_Connection;
use crate::proto::relay::event::Event;

/// Turns an event into a call of C. The slot is copied out just before, and nothing is borrowed
/// while the callback runs. Results of callbacks are ignored, as in the C code.
pub(super) fn dispatch(client: &TCP_Client_Connection, event: Event<'_>, userdata: *mut c_void) {
    // Lengths fit: no packet has more than 2031 bytes.
    // SAFETY (all calls below): C promised a function of this type when it set the slot; the data
    // lies in the receive buffer, which this step owns until the callback has returned.
    match event {
        Event::RoutingResponse { connection_id, peer } => {
            let Some(slot) = client.callbacks(|c| c.response) else { return };
            let Some(call) = slot.function else { return };
            // SAFETY: see above.
            unsafe { call(slot.object, connection_id.index(), peer.0.as_ptr()) };
        }
        Event::RoutingRefused { .. } => {}
        Event::Status { number, connection_id, online } => {
            let Some(slot) = client.callbacks(|c| c.status) else { return };
            let Some(call) = slot.function else { return };
            // SAFETY: see above.
            unsafe { call(slot.object, number, connection_id.index(), if online { 2 } else { 1 }) };
        }
        Event::Data { number, connection_id, data } => {
            let Some(slot) = client.callbacks(|c| c.data) else { return };
            let Some(call) = slot.function else { return };
            let (id, length) = (connection_id.index(), data.len() as u16);
            // SAFETY: see above.
            unsafe { call(slot.object, number, id, data.as_ptr(), length, userdata) };
        }
        Event::Oob { sender, data } => {
            let Some(slot) = client.callbacks(|c| c.oob) else { return };
            let Some(call) = slot.function else { return };
            let (sender, length) = (sender.0.as_ptr(), data.len() as u16);
            // SAFETY: see above.
            unsafe { call(slot.object, sender, data.as_ptr(), length, userdata) };
        }
        Event::Onion(data) => {
            let Some(slot) = client.callbacks(|c| c.onion) else { return };
            let Some(call) = slot.function else { return };
            // SAFETY: see above.
            unsafe { call(slot.object, data.as_ptr(), data.len() as u16, userdata) };
        }
        Event::Forwarding(data) => {
            let Some(slot) = client.callbacks(|c| c.forwarding) else { return };
            let Some(call) = slot.function else { return };
            // SAFETY: see above.
            unsafe { call(slot.object, data.as_ptr(), data.len() as u16, userdata) };
        }
    }
}
