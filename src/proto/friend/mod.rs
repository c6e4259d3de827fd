// SPDX-License-Identifier: GPL-3.0-or-later
//! [`FriendConnections`]: joins onion client, DHT and net_crypto into "this friend is online".
//!
//! Behaviour: friend_connection.md. Where it knowingly differs from the C code: docs/differences.md.
//!
//! Everything that happens is a [`Task`]: a `begin_*` method makes one, [`FriendConnections::next`]
//! gives the commands it leads to, one at a time, and [`FriendConnections::answer`] takes what came
//! of them. Nothing is borrowed in between, and what a task knows of a friend is checked each time,
//! because any command may lead to calls back into this machine.

use std::collections::{BTreeSet, HashMap};

use crate::crypto::PublicKey;
use crate::proto::slots::Slots;
use crate::proto::time::Timestamp;

pub mod command;
mod dht_keys;
mod events;
mod iteration;
pub mod lan;
pub mod packet;
pub mod relay_ring;
pub mod slot;
mod task;

use self::dht_keys::DhtKeys;
use self::lan::Lan;
pub use self::packet::Incoming;
use self::slot::{Friend, Status};
pub use self::task::Task;

/// A long-term public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RealPublicKey(pub PublicKey);

/// The public key of one run of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DhtPublicKey(pub PublicKey);

/// Index of a friend connection (`friendcon_id`); may be reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FriendconId(pub u32);

/// One friend connection; never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FriendRef {
    /// Its id.
    pub id: FriendconId,
    /// Which one of that id.
    pub serial: u32,
}

/// All friend connections.
#[derive(Debug, Default)]
pub struct FriendConnections {
    friends: Slots<Friend>,
    /// Never iterated: the order would be random.
    by_key: HashMap<RealPublicKey, u32>,
    dht_keys: DhtKeys,
    /// Which friend is due when.
    timetable: BTreeSet<(Timestamp, u32)>,
    /// Those whose time has come, until it is set anew.
    ready: BTreeSet<u32>,
    /// When the last iteration was; those in `ready` had their turns in it.
    iterated: Timestamp,
    /// Not all of them: for some it was too late, or too early.
    missed: bool,
    lan: Option<Lan>,
    /// Whose connections net_crypto reports as over just now, in calls that have not returned: if
    /// asked for a new one, it would give the one that it is about to drop.
    closing: Vec<RealPublicKey>,
    serial: u32,
}

impl FriendConnections {
    /// No friends; with or without LAN discovery.
    #[must_use]
    pub fn new(lan_discovery: bool) -> Self {
        Self { lan: lan_discovery.then(Lan::default), ..Self::default() }
    }

    // ------------------------------------------------------------------------------- getters

    /// The connection with this id.
    #[must_use]
    pub fn get(&self, id: FriendconId) -> Option<&Friend> {
        self.friends.get(id.0)
    }

    /// The connection to this friend (`getfriend_conn_id_pk`).
    #[must_use]
    pub fn find(&self, real_pk: &RealPublicKey) -> Option<FriendconId> {
        self.by_key.get(real_pk).copied().map(FriendconId)
    }

    /// A friend with this DHT key, if there is one.
    #[must_use]
    pub fn find_dht_key(&self, key: &DhtPublicKey) -> Option<FriendconId> {
        self.dht_keys.friends(key).first().copied().map(FriendconId)
    }

    /// Names the connection with this id for good.
    #[must_use]
    pub fn reference(&self, id: FriendconId) -> Option<FriendRef> {
        self.friends.get(id.0).map(|friend| FriendRef { id, serial: friend.serial })
    }

    /// Whether the connection is still there.
    #[must_use]
    pub fn is_current(&self, friend: FriendRef) -> bool {
        self.friends.get(friend.id.0).is_some_and(|found| found.serial == friend.serial)
    }

    /// Status, 0 if there is no such connection (`friend_con_connected`).
    #[must_use]
    pub fn status(&self, id: FriendconId) -> u32 {
        self.get(id).map_or(0, |friend| friend.status as u32)
    }

    /// The highest id in use and one more.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.friends.len()
    }

    /// Whether there are no friend connections.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.friends.is_empty()
    }

    /// The first time at which an iteration has something to do, if nothing happens until then. A
    /// friend whose turn has led to nothing, because a neighbour refused, stays due; this asks for
    /// another try a second later, because the neighbour does not say when it will not refuse.
    #[must_use]
    pub fn deadline(&self) -> Option<Timestamp> {
        let again = if self.missed { Timestamp(0) } else { self.iterated.plus(1) };
        let again = (!self.ready.is_empty()).then_some(again);
        let next = self.timetable.first().map(|(due, _)| *due);
        let lan = self.lan.as_ref().map(Lan::due_at);
        [again, next, lan].into_iter().flatten().min()
    }

    // ------------------------------------------------------------------------------- commands

    /// Adds an owner (`friend_connection_lock`); false if there is no such connection.
    pub fn lock(&mut self, id: FriendconId) -> bool {
        let Some(friend) = self.friends.get_mut(id.0) else { return false };
        friend.locks = friend.locks.saturating_add(1);
        true
    }

    // ---------------------------------------------------------------------------- the details

    fn friend_mut(&mut self, friend: FriendRef) -> Option<&mut Friend> {
        self.friends.get_mut(friend.id.0).filter(|found| found.serial == friend.serial)
    }

    /// Gives a friend the place in the timetable that belongs to its state. To be called after each
    /// change of it.
    fn reschedule(&mut self, id: FriendconId) {
        let Some(friend) = self.friends.get_mut(id.0) else { return };
        let retry = match (friend.status, friend.dht_pk) {
            (Status::Connecting, Some(key)) => self.dht_keys.retry_at(&key),
            (Status::Connecting, None) | (Status::Connected, _) => None,
        };
        let due = friend.next_due(retry);
        if due == friend.due {
            return;
        }
        if let Some(old) = friend.due {
            self.timetable.remove(&(old, id.0));
            self.ready.remove(&id.0);
        }
        friend.due = due;
        self.timetable.extend(due.map(|due| (due, id.0)));
    }

    fn remove(&mut self, id: FriendconId) -> Option<Friend> {
        let friend = self.friends.remove(id.0)?;
        if let Some(due) = friend.due {
            self.timetable.remove(&(due, id.0));
            self.ready.remove(&id.0);
        }
        self.by_key.remove(&friend.real_pk);
        Some(friend)
    }

    fn is_connected(&self, id: FriendconId) -> bool {
        self.get(id).is_some_and(|friend| friend.status == Status::Connected)
    }
}
