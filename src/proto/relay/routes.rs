// SPDX-License-Identifier: GPL-3.0-or-later
//! The connection ids that a relay gave us, and the requests for more that are pending.

use std::collections::BTreeMap;

use super::event::Event;
use crate::crypto::PublicKey;
use crate::wire::connection_id::ConnectionId;

/// The number of a connection id before anybody set one (`-1` to the C code).
pub const NO_NUMBER: u32 = u32::MAX;

/// Most requests that may be pending; a relay grants at most 240.
pub const MAX_PENDING_REQUESTS: usize = 1024;

/// The 240 connection ids of one relay. Memory grows with the ids in use.
#[derive(Debug, Default)]
pub struct Routes {
    slots: Vec<Option<Route>>,
    /// Requests without an answer, by peer: the relay answers each.
    pending: BTreeMap<PublicKey, Pending>,
    pending_count: usize,
}

#[derive(Clone, Copy, Debug)]
struct Route {
    peer: PublicKey,
    online: bool,
    number: u32,
}

/// Requests for one peer, which the relay answers in order.
#[derive(Clone, Copy, Debug, Default)]
struct Pending {
    count: usize,
    /// How many of them were sent before an id for the peer was given back. Their answers name that
    /// id, which the relay takes from us afterwards: they mean nothing.
    stale: usize,
}

impl Routes {
    /// Whether another request may be sent: unless [`MAX_PENDING_REQUESTS`] are pending.
    #[must_use]
    pub fn can_request(&self) -> bool {
        self.pending_count < MAX_PENDING_REQUESTS
    }

    /// A connection id for `peer` has been asked for.
    pub fn request(&mut self, peer: PublicKey) {
        self.pending.entry(peer).or_default().count += 1;
        self.pending_count += 1;
    }

    /// A routing response. Only one to a pending request has an effect (tcp_client.md section 14),
    /// and only on an unused id; `None` as `connection_id` is a refusal. Each response answers one
    /// request.
    pub fn handle_response<'a>(
        &mut self,
        connection_id: Option<ConnectionId>,
        peer: PublicKey,
    ) -> Option<Event<'a>> {
        if self.answer(&peer)? == Answer::Stale {
            return None;
        }
        let Some(connection_id) = connection_id else {
            return Some(Event::RoutingRefused { peer });
        };
        let index = usize::from(connection_id.index());
        if index >= self.slots.len() {
            self.slots.resize(index + 1, None);
        }
        let slot = self.slots.get_mut(index)?;
        if slot.is_some() {
            return None;
        }
        *slot = Some(Route { peer, online: false, number: NO_NUMBER });
        Some(Event::RoutingResponse { connection_id, peer })
    }

    /// A notification that the peer came or went; an event if that is news.
    pub fn handle_status<'a>(
        &mut self,
        connection_id: ConnectionId,
        online: bool,
    ) -> Option<Event<'a>> {
        let route = self.route_mut(connection_id)?;
        if route.online == online {
            return None;
        }
        route.online = online;
        Some(Event::Status { number: route.number, connection_id, online })
    }

    /// The number attached to a connection id whose peer is online.
    #[must_use]
    pub fn online_number(&self, connection_id: ConnectionId) -> Option<u32> {
        let route = self.slots.get(usize::from(connection_id.index()))?.as_ref()?;
        route.online.then_some(route.number)
    }

    /// The number attached to a connection id in use, whether its peer is online or not.
    #[must_use]
    pub fn number(&self, connection_id: ConnectionId) -> Option<u32> {
        let route = self.slots.get(usize::from(connection_id.index()))?.as_ref()?;
        Some(route.number)
    }

    /// Attaches a number; `None` if the id is not in use.
    pub fn set_number(&mut self, connection_id: ConnectionId, number: u32) -> Option<()> {
        self.route_mut(connection_id)?.number = number;
        Some(())
    }

    /// Gives the id back; `None` if it is not in use.
    pub fn release(&mut self, connection_id: ConnectionId) -> Option<()> {
        let slot = self.slots.get_mut(usize::from(connection_id.index()))?;
        let route = slot.take()?;
        if let Some(pending) = self.pending.get_mut(&route.peer) {
            pending.stale = pending.count;
        }
        while let Some(None) = self.slots.last() {
            self.slots.pop();
        }
        Some(())
    }

    /// Counts one request for `peer` as answered; `None` if there is none.
    fn answer(&mut self, peer: &PublicKey) -> Option<Answer> {
        let pending = self.pending.get_mut(peer)?;
        let answer = if pending.stale > 0 { Answer::Stale } else { Answer::Valid };
        pending.stale = pending.stale.saturating_sub(1);
        pending.count -= 1;
        if pending.count == 0 {
            self.pending.remove(peer);
        }
        self.pending_count -= 1;
        Some(answer)
    }

    fn route_mut(&mut self, connection_id: ConnectionId) -> Option<&mut Route> {
        self.slots.get_mut(usize::from(connection_id.index()))?.as_mut()
    }
}

/// What the answer to a request is worth.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    Valid,
    Stale,
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: PublicKey = PublicKey([1; 32]);
    const OTHER: PublicKey = PublicKey([2; 32]);

    fn id(index: u8) -> ConnectionId {
        ConnectionId::from_index(index).unwrap()
    }

    #[test]
    fn only_pending_requests_are_answered_and_only_once() {
        let mut routes = Routes::default();
        assert_eq!(routes.handle_response(Some(id(4)), PEER), None);
        routes.request(PEER);
        assert_eq!(routes.handle_response(Some(id(4)), OTHER), None);
        let granted = Event::RoutingResponse { connection_id: id(4), peer: PEER };
        assert_eq!(routes.handle_response(Some(id(4)), PEER), Some(granted));
        assert_eq!(routes.handle_response(Some(id(5)), PEER), None);
        assert_eq!(routes.set_number(id(5), 1), None);
    }

    #[test]
    fn a_refusal_ends_the_request() {
        let mut routes = Routes::default();
        routes.request(PEER);
        let refused = Event::RoutingRefused { peer: PEER };
        assert_eq!(routes.handle_response(None, PEER), Some(refused));
        assert_eq!(routes.handle_response(Some(id(4)), PEER), None);
    }

    /// A late answer to an old request does not use up the new one. It names an id that we have
    /// given back: a second release of it is what relays close the connection over.
    #[test]
    fn each_request_has_its_own_answer() {
        let mut routes = Routes::default();
        routes.request(PEER);
        routes.request(PEER);
        routes.handle_response(Some(id(4)), PEER).unwrap();
        routes.release(id(4)).unwrap();
        routes.request(PEER);
        assert_eq!(routes.handle_response(Some(id(4)), PEER), None, "late");
        assert_eq!(routes.number(id(4)), None, "late");
        assert!(routes.handle_response(Some(id(2)), PEER).is_some(), "the new one");
        assert_eq!(routes.handle_response(Some(id(3)), PEER), None);
    }

    #[test]
    fn an_id_in_use_is_not_given_twice() {
        let mut routes = Routes::default();
        routes.request(PEER);
        routes.request(OTHER);
        assert!(routes.handle_response(Some(id(0)), PEER).is_some());
        assert_eq!(routes.handle_response(Some(id(0)), OTHER), None);
    }

    #[test]
    fn status_changes_are_reported_once() {
        let mut routes = Routes::default();
        assert_eq!(routes.handle_status(id(30), true), None);
        routes.request(PEER);
        routes.handle_response(Some(id(30)), PEER).unwrap();
        assert_eq!(routes.handle_status(id(30), false), None);
        assert_eq!(routes.online_number(id(30)), None);
        let came = Event::Status { number: NO_NUMBER, connection_id: id(30), online: true };
        assert_eq!(routes.handle_status(id(30), true), Some(came));
        assert_eq!(routes.handle_status(id(30), true), None);
        routes.set_number(id(30), 77).unwrap();
        assert_eq!(routes.online_number(id(30)), Some(77));
        let went = Event::Status { number: 77, connection_id: id(30), online: false };
        assert_eq!(routes.handle_status(id(30), false), Some(went));
    }

    #[test]
    fn released_ids_are_unused_and_free_their_memory() {
        let mut routes = Routes::default();
        assert_eq!(routes.release(id(239)), None);
        for (index, key) in [(0, 1), (239, 2)] {
            routes.request(PublicKey([key; 32]));
            routes.handle_response(Some(id(index)), PublicKey([key; 32])).unwrap();
        }
        assert_eq!(routes.slots.len(), 240);
        assert_eq!(routes.release(id(239)), Some(()));
        assert_eq!(routes.slots.len(), 1);
        assert_eq!(routes.release(id(239)), None);
        assert_eq!(routes.handle_status(id(239), true), None);
    }

    #[test]
    fn pending_requests_are_bounded() {
        let mut routes = Routes::default();
        let key = |i: usize| PublicKey(core::array::from_fn(|b| (i >> (8 * b.min(7))) as u8));
        for i in 0..MAX_PENDING_REQUESTS {
            assert!(routes.can_request());
            routes.request(key(i));
        }
        assert!(!routes.can_request());
        assert!(routes.handle_response(None, key(0)).is_some());
        assert!(routes.can_request());
    }
}
