// SPDX-License-Identifier: GPL-3.0-or-later
//! Events become calls of C.

use core::ffi::c_void;

use super::callbacks::{RelayCallbacks, Slot};
use super::relay_client::TCP_Client_Connection;
use crate::proto::relay::event::Event;

/// Turns an event into a call of C. Nothing is borrowed while the callback runs. Results of
/// callbacks are ignored, as in the C code.
pub(super) fn dispatch(client: &TCP_Client_Connection, event: Event<'_>, userdata: *mut c_void) {
    // Lengths fit: no packet has more than 2031 bytes.
    // SAFETY (all calls below): C promised a function of this type when it set the slot; the data
    // lies in the receive buffer, which this step owns until the callback has returned.
    match event {
        Event::RoutingResponse { connection_id, peer } => {
            let Some((call, object)) = callback(client, |slots| slots.response) else { return };
            // SAFETY: see above.
            unsafe { call(object, connection_id.index(), peer.0.as_ptr()) };
        }
        Event::RoutingRefused { .. } => {}
        Event::Status { number, connection_id, online } => {
            let Some((call, object)) = callback(client, |slots| slots.status) else { return };
            // SAFETY: see above.
            unsafe { call(object, number, connection_id.index(), if online { 2 } else { 1 }) };
        }
        Event::Data { number, connection_id, data } => {
            let Some((call, object)) = callback(client, |slots| slots.data) else { return };
            let (id, length) = (connection_id.index(), data.len() as u16);
            // SAFETY: see above.
            unsafe { call(object, number, id, data.as_ptr(), length, userdata) };
        }
        Event::Oob { sender, data } => {
            let Some((call, object)) = callback(client, |slots| slots.oob) else { return };
            let (sender, length) = (sender.0.as_ptr(), data.len() as u16);
            // SAFETY: see above.
            unsafe { call(object, sender, data.as_ptr(), length, userdata) };
        }
        Event::Onion(data) => {
            let Some((call, object)) = callback(client, |slots| slots.onion) else { return };
            // SAFETY: see above.
            unsafe { call(object, data.as_ptr(), data.len() as u16, userdata) };
        }
        Event::Forwarding(data) => {
            let Some((call, object)) = callback(client, |slots| slots.forwarding) else { return };
            // SAFETY: see above.
            unsafe { call(object, data.as_ptr(), data.len() as u16, userdata) };
        }
    }
}

/// The callback and its object, copied out just before the call; `None` if C set none.
fn callback<F: Copy>(
    client: &TCP_Client_Connection,
    read: impl FnOnce(&RelayCallbacks) -> Slot<Option<F>>,
) -> Option<(F, *mut c_void)> {
    let slot = client.callbacks(|slots| read(slots))?;
    slot.function.map(|function| (function, slot.object))
}
