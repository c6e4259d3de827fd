// SPDX-License-Identifier: GPL-3.0-or-later
//! The 240 connection ids that a relay has for one client.

use crate::crypto::PublicKey;
use crate::wire::NUM_CLIENT_CONNECTIONS;
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
}

/// The routes of one client, by connection id.
#[derive(Debug, Default)]
pub struct Routes {
    entries: Vec<Option<Route>>,
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
        let route = Some(Route { peer, partner: None });
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

    /// Ties the route to its other end, or unties it.
    pub fn set_partner(&mut self, id: ConnectionId, partner: Option<Partner>) {
        if let Some(Some(route)) = self.entries.get_mut(usize::from(id.index())) {
            route.partner = partner;
        }
    }

    /// Frees an id; its route, if it was in use.
    pub fn remove(&mut self, id: ConnectionId) -> Option<Route> {
        self.entries.get_mut(usize::from(id.index()))?.take()
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
}
