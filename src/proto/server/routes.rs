// SPDX-License-Identifier: GPL-3.0-or-later
//! The 240 connection ids that a relay has for one client.

use crate::crypto::PublicKey;
use crate::wire::NUM_CLIENT_CONNECTIONS;
use crate::wire::client_packet::ToClient;
use crate::wire::connection_id::ConnectionId;

/// The other end of a route whose two clients have asked for each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partner {
    /// Its number.
    pub client: u32,
    /// The id that it has for us.
    pub connection_id: ConnectionId,
}

/// A connection id in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// Whom it is for.
    pub peer: PublicKey,
    /// Set while that peer is here and has asked for us.
    pub partner: Option<Partner>,
    /// The client has asked for it and is to be told the id.
    is_asked: bool,
    /// The client is to be told that the peer was gone.
    was_gone: bool,
    /// The client was told of `partner`.
    is_told: bool,
}

impl Route {
    /// What the client is to be told next. However often the peer comes and goes meanwhile, that
    /// is at most the id, that the peer was gone, and that it is here.
    fn owed(&self, id: ConnectionId) -> Option<ToClient<'static>> {
        if self.is_asked {
            Some(ToClient::RoutingResponse { connection_id: Some(id), peer: self.peer })
        } else if self.was_gone {
            Some(ToClient::DisconnectNotification(id))
        } else if self.owes() {
            Some(ToClient::ConnectionNotification(id))
        } else {
            None
        }
    }

    fn owes(&self) -> bool {
        self.is_asked || self.was_gone || (self.partner.is_some() && !self.is_told)
    }
}

/// The routes of one client, by connection id.
#[derive(Debug, Default)]
pub struct Routes {
    entries: Vec<Option<Route>>,
    /// Routes of which the client is to be told something.
    owing: u32,
}

impl Routes {
    /// The id for a peer, if it has one.
    #[must_use]
    pub fn find(&self, peer: &PublicKey) -> Option<ConnectionId> {
        let is_it = |route: &Option<Route>| route.is_some_and(|route| route.peer == *peer);
        id_at(self.entries.iter().position(is_it)?)
    }

    /// Gives the lowest free id to a peer that has none; `None` if all are in use.
    pub fn add(&mut self, peer: PublicKey) -> Option<ConnectionId> {
        let route = Route { peer, partner: None, is_asked: false, was_gone: false, is_told: false };
        let route = Some(route);
        match self.entries.iter().position(Option::is_none) {
            Some(index) => {
                *self.entries.get_mut(index)? = route;
                id_at(index)
            }
            None => {
                let id = id_at(self.entries.len())?;
                self.entries.push(route);
                Some(id)
            }
        }
    }

    /// The route of an id in use.
    #[must_use]
    pub fn get(&self, id: ConnectionId) -> Option<Route> {
        *self.entries.get(usize::from(id.index()))?
    }

    /// Notes that the client has asked for the route, and is to be told its id.
    pub fn set_asked(&mut self, id: ConnectionId) {
        self.change(id, |route| route.is_asked = true);
    }

    /// Ties the route to its other end, or unties it; the client is to be told.
    pub fn set_partner(&mut self, id: ConnectionId, partner: Option<Partner>) {
        self.change(id, |route| {
            route.was_gone |= route.is_told;
            route.is_told = false;
            route.partner = partner;
        });
    }

    /// Frees an id; its route, if it was in use.
    pub fn remove(&mut self, id: ConnectionId) -> Option<Route> {
        let route = self.entries.get_mut(usize::from(id.index()))?.take()?;
        self.owing -= u32::from(route.owes());
        Some(route)
    }

    /// Whether the client is to be told something.
    #[must_use]
    pub fn owes(&self) -> bool {
        self.owing > 0
    }

    /// What the client is to be told next.
    #[must_use]
    pub fn owed(&self) -> Option<ToClient<'static>> {
        if !self.owes() {
            return None;
        }
        let mut routes = self.entries.iter().enumerate();
        routes.find_map(|(index, route)| route.as_ref()?.owed(id_at(index)?))
    }

    /// The client was told what was owed for this route.
    pub fn settle(&mut self, id: ConnectionId) {
        self.change(id, |route| {
            if route.is_asked {
                route.is_asked = false;
            } else if route.was_gone {
                route.was_gone = false;
            } else {
                route.is_told = route.partner.is_some();
            }
        });
    }

    fn change(&mut self, id: ConnectionId, change: impl FnOnce(&mut Route)) {
        if let Some(Some(route)) = self.entries.get_mut(usize::from(id.index())) {
            let before = u32::from(route.owes());
            change(route);
            self.owing = self.owing + u32::from(route.owes()) - before;
        }
    }

    /// The other ends of all routes.
    pub fn partners(&self) -> impl Iterator<Item = Partner> + '_ {
        self.entries.iter().flatten().filter_map(|route| route.partner)
    }
}

fn id_at(index: usize) -> Option<ConnectionId> {
    u8::try_from(index)
        .ok()
        .filter(|index| *index < NUM_CLIENT_CONNECTIONS)
        .and_then(ConnectionId::from_index)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(number: u16) -> PublicKey {
        let mut key = [0; 32];
        key[..2].copy_from_slice(&number.to_be_bytes());
        PublicKey(key)
    }

    #[test]
    fn the_lowest_free_id_is_given_and_there_are_240() {
        let mut routes = Routes::default();
        for number in 0..240 {
            assert_eq!(routes.add(peer(number)).map(ConnectionId::index), Some(number as u8));
        }
        assert_eq!(routes.add(peer(240)), None);
        let freed = routes.find(&peer(7)).unwrap();
        assert_eq!(routes.remove(freed).map(|route| route.peer), Some(peer(7)));
        assert_eq!(routes.remove(freed), None);
        assert_eq!(routes.find(&peer(7)), None);
        assert_eq!(routes.add(peer(240)), Some(freed));
    }

    #[test]
    fn what_is_owed_for_a_route_is_the_newest() {
        let mut routes = Routes::default();
        let id = routes.add(peer(1)).unwrap();
        let partner = Some(Partner { client: 1, connection_id: id });
        let told = |routes: &mut Routes| {
            let mut told = Vec::new();
            while let Some(packet) = routes.owed() {
                told.push(packet);
                routes.settle(id);
            }
            assert!(!routes.owes());
            told
        };
        let (here, gone) =
            (ToClient::ConnectionNotification(id), ToClient::DisconnectNotification(id));
        // It never knew, so it need not know.
        routes.set_partner(id, partner);
        routes.set_partner(id, None);
        assert_eq!(told(&mut routes), []);
        for _ in 0..9 {
            routes.set_asked(id);
            routes.set_partner(id, None);
            routes.set_partner(id, partner);
        }
        let response = ToClient::RoutingResponse { connection_id: Some(id), peer: peer(1) };
        assert_eq!(told(&mut routes), [response, here]);
        for _ in 0..9 {
            routes.set_partner(id, None);
            routes.set_partner(id, partner);
        }
        assert_eq!(told(&mut routes), [gone, here]);
        routes.set_partner(id, None);
        assert_eq!(told(&mut routes), [gone]);
        // With the id goes what is owed.
        routes.set_partner(id, partner);
        assert!(routes.owes());
        routes.remove(id);
        assert!(!routes.owes());
    }
}
