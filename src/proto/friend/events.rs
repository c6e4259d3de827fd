// SPDX-License-Identifier: GPL-3.0-or-later
//! Friends come and go, and what the neighbours report (friend_connection.md sections 4 and 7).

use core::net::SocketAddr;
use std::collections::VecDeque;

use super::command::{Command, MAX_FRIEND_CONNECTION_CALLBACKS};
use super::dht_keys::Leave;
use super::relay_ring::{is_local, seen_from_here};
use super::slot::{Friend, Status};
use super::task::{Attempt, Offered, Step, Task, Then};
use super::{DhtPublicKey, FriendConnections, FriendRef, FriendconId, RealPublicKey};
use crate::proto::time::Timestamp;
use crate::wire::node::Node;

/// Relays that a new attempt is given.
const RELAYS_PER_ATTEMPT: usize = 3;

impl FriendConnections {
    /// Adds a friend, or an owner of one that is known (`new_friend_connection`); the result is the
    /// id, -1 if the onion client refuses.
    #[must_use]
    pub fn begin_new(&mut self, real_pk: RealPublicKey) -> Task {
        match self.find(&real_pk) {
            Some(id) => {
                self.lock(id);
                Task::ended(id.0 as i32)
            }
            None => Task::new([Step::Ask(Command::OnionAdd(real_pk), Then::Created(real_pk))]),
        }
    }

    pub(super) fn handle_created(&mut self, task: &mut Task, real_pk: RealPublicKey, onion: i32) {
        if onion < 0 {
            return task.set_result(-1);
        }
        if let Some(id) = self.find(&real_pk) {
            // Somebody else was faster, while the onion client was being asked.
            self.lock(id);
            let is_other = self.get(id).is_some_and(|friend| friend.onion != onion);
            task.first(is_other.then_some(Step::Tell(Command::OnionDelete(onion))));
            return task.set_result(id.0 as i32);
        }
        self.serial = self.serial.wrapping_add(1);
        let serial = self.serial;
        let id = self.friends.insert(Friend::new(real_pk, onion, serial));
        self.by_key.insert(real_pk, id);
        let id = FriendconId(id);
        task.set_result(id.0 as i32);
        task.first([
            Step::Tell(Command::Created(FriendRef { id, serial }, onion)),
            Step::Tell(Command::OnionHandlers(onion, id)),
        ]);
    }

    /// Takes an owner off, and with the last one the friend (`kill_friend_connection`).
    #[must_use]
    pub fn begin_kill(&mut self, id: FriendconId) -> Task {
        let Some(friend) = self.friends.get_mut(id.0) else { return Task::failed() };
        if friend.locks > 0 {
            friend.locks -= 1;
            return Task::ended(0);
        }
        let mut task = Task::default();
        self.remove_friend(&mut task, id);
        task
    }

    /// Removes all friends, however many owners they have (`kill_friend_connections`).
    #[must_use]
    pub fn begin_kill_all(&mut self) -> Task {
        Task::new([Step::RemoveAll(0)])
    }

    pub(super) fn remove_next(&mut self, task: &mut Task, start: u32) -> Option<Command> {
        let (id, _) = self.friends.iter_from(start).next()?;
        task.first([Step::RemoveAll(id)]);
        self.remove_friend(task, FriendconId(id));
        None
    }

    /// The friend is gone before any neighbour hears of it.
    fn remove_friend(&mut self, task: &mut Task, id: FriendconId) {
        let Some(friend) = self.remove(id) else { return };
        let mut steps = vec![
            Step::Tell(Command::OnionDelete(friend.onion)),
            Step::Tell(Command::CryptoKill(friend.crypto.unwrap_or(-1))),
        ];
        if let Some(key) = friend.dht_pk {
            let leave = self.dht_keys.leave(&key, id.0);
            steps.extend(self.leave_steps(key, leave));
        }
        steps.push(Step::Tell(Command::Removed(FriendRef { id, serial: friend.serial })));
        task.first(steps);
    }

    /// A DHT key for a friend, from the onion client, net_crypto or a conference (section 7.2).
    #[must_use]
    pub fn begin_key(&mut self, id: FriendconId, key: DhtPublicKey, now: Timestamp) -> Task {
        let mut task = Task::default();
        let (Some(friend), Some(found)) = (self.reference(id), self.get(id)) else { return task };
        let is_none = key.0.0 == [0; 32];
        if found.dht_pk == Some(key) || (found.dht_pk.is_none() && is_none) {
            return task;
        }
        let mut steps = self.change_key(friend, key, now);
        steps.push(Step::HangUp(friend));
        steps.push(Step::Attempt(friend, Attempt::Bare));
        steps.push(Step::OnionKey(friend, key));
        task.first(steps);
        task
    }

    /// Section 7.3: the old key is left, the new one taken.
    fn change_key(&mut self, friend: FriendRef, key: DhtPublicKey, now: Timestamp) -> Vec<Step> {
        let Some(found) = self.friend_mut(friend) else { return Vec::new() };
        found.dht_pk_time = now;
        let old = found.dht_pk.replace(key);
        let mut steps = Vec::new();
        if let Some(old) = old {
            let leave = self.dht_keys.leave(&old, friend.id.0);
            steps = self.leave_steps(old, leave);
        }
        steps.push(Step::Register(friend, key));
        self.reschedule(friend.id);
        steps
    }

    /// The key of a friend is not used any more.
    pub(super) fn forget_key(&mut self, friend: FriendRef) -> Vec<Step> {
        let Some(key) = self.friend_mut(friend).and_then(|found| found.dht_pk.take()) else {
            return Vec::new();
        };
        let leave = self.dht_keys.leave(&key, friend.id.0);
        self.leave_steps(key, leave)
    }

    fn leave_steps(&self, key: DhtPublicKey, leave: Leave) -> Vec<Step> {
        let delete = leave.delete.map(|token| Command::DhtDelete(key, token));
        let heir = leave.register.and_then(|id| self.reference(FriendconId(id)));
        let delete = delete.map(|command| Step::Ask(command, Then::Released));
        let register = heir.map(|heir| Step::Ask(Command::DhtAdd(key, heir.id), Then::Token(key)));
        delete.into_iter().chain(register).collect()
    }

    pub(super) fn register(
        &mut self,
        task: &mut Task,
        friend: FriendRef,
        key: DhtPublicKey,
    ) -> Option<Command> {
        self.friend_mut(friend).filter(|found| found.dht_pk == Some(key))?;
        if self.dht_keys.join(key, friend.id.0) {
            let ask = Step::Ask(Command::DhtAdd(key, friend.id), Then::Token(key));
            task.first([ask]);
        }
        None
    }

    pub(super) fn handle_token(
        &mut self,
        task: &mut Task,
        key: DhtPublicKey,
        token: Option<u32>,
        now: Timestamp,
    ) {
        if let Some(surplus) = self.dht_keys.handle_token(&key, token, now) {
            task.first([Step::Ask(Command::DhtDelete(key, surplus), Then::Released)]);
        }
        if token.is_some() {
            return;
        }
        // One that is online does not ask again, but others with the key do.
        for number in self.dht_keys.friends(&key) {
            self.reschedule(FriendconId(number));
        }
    }

    /// A relay of a friend, from the onion client (section 7.1).
    #[must_use]
    pub fn begin_relay(&mut self, id: FriendconId, node: Node) -> Task {
        match (self.reference(id), self.get(id)) {
            (Some(friend), Some(Friend { crypto: Some(_), .. })) => {
                Task::new([Step::Insert(friend, node)])
            }
            (Some(_), Some(_)) => Task::new([Step::Ask(Command::Relay(node), Then::Passed)]),
            _ => Task::failed(),
        }
    }

    pub(super) fn insert_relay(
        &mut self,
        task: &mut Task,
        friend: FriendRef,
        node: Node,
    ) -> Option<Command> {
        let found = self.friend_mut(friend)?;
        let is_its_own = found.dht_pk.is_some_and(|DhtPublicKey(key)| key == node.pk);
        let node = match found.address {
            Some(address) if is_its_own && is_local(node.address.ip) => {
                seen_from_here(node, address.ip())
            }
            Some(_) | None => node,
        };
        found.relays.insert(node);
        let crypto = found.crypto.unwrap_or(-1);
        task.first([Step::Ask(Command::RelayPeer(crypto, node), Then::Passed)]);
        None
    }

    /// The DHT has found the friend with this id, and whoever else has the same key (section 7.4).
    #[must_use]
    pub fn begin_address(&mut self, id: FriendconId, address: SocketAddr, now: Timestamp) -> Task {
        let mut task = Task::default();
        let Some(key) = self.get(id).and_then(|friend| friend.dht_pk) else { return task };
        let mut steps = Vec::new();
        for number in self.dht_keys.friends(&key) {
            let Some(friend) = self.reference(FriendconId(number)) else { continue };
            let Some(found) = self.friend_mut(friend) else { continue };
            found.address = Some(address);
            found.address_time = now;
            self.reschedule(friend.id);
            steps.push(Step::TellIf(friend, Command::Address(friend, Some(address))));
            steps.push(Step::Localise(friend));
            steps.push(Step::Attempt(friend, Attempt::Bare));
            steps.push(Step::Direct(friend, true));
        }
        task.first(steps);
        task
    }

    /// A relay that the friend runs on its own machine, and named by an address that means nothing
    /// here, can be reached now (D7, D8).
    pub(super) fn localise(&mut self, task: &mut Task, friend: FriendRef) -> Option<Command> {
        let found = self.friend_mut(friend)?;
        let (address, DhtPublicKey(key)) = (found.address?, found.dht_pk?);
        let own = |node: &&mut Node| node.pk == key && is_local(node.address.ip);
        let node = found.relays.iter_mut().find(own)?;
        *node = seen_from_here(*node, address.ip());
        let command =
            Command::RelayPeer(found.crypto?, *found.relays.iter().find(|n| n.pk == key)?);
        task.first([Step::Tell(command)]);
        None
    }

    /// net_crypto says that the connection is up, or over (section 7.5).
    #[must_use]
    pub fn begin_status(&mut self, id: FriendconId, online: bool) -> Task {
        match self.reference(id) {
            Some(friend) if online => Task::new([Step::Up(friend)]),
            Some(friend) => {
                let found = self.friends.get_mut(id.0);
                let real_pk = found.map(|found| {
                    found.crypto = None;
                    found.real_pk
                });
                self.closing.extend(real_pk);
                let closed = real_pk.map(Step::Closed);
                Task::new([Step::Down(friend)].into_iter().chain(closed))
            }
            None => Task::failed(),
        }
    }

    pub(super) fn handle_closed(&mut self, real_pk: RealPublicKey) -> Option<Command> {
        let place = self.closing.iter().position(|closing| *closing == real_pk)?;
        self.closing.swap_remove(place);
        // A friend whose turn came meanwhile could not be connected anew.
        self.missed = true;
        None
    }

    pub(super) fn hang_up(&mut self, task: &mut Task, friend: FriendRef) -> Option<Command> {
        // Taken at once: whoever is called on the way must not end it a second time.
        let crypto = self.friend_mut(friend)?.crypto.take();
        task.first([Step::Down(friend)]);
        crypto.map(Command::CryptoKill)
    }

    pub(super) fn go_up(
        &mut self,
        task: &mut Task,
        friend: FriendRef,
        now: Timestamp,
    ) -> Option<Command> {
        let found = self.friend_mut(friend)?;
        found.status = Status::Connected;
        found.heard = now;
        found.alive_sent = Timestamp(0);
        found.relays_shared = Timestamp(0);
        found.share_not_before = Timestamp(0);
        let steps = report(friend, found, true);
        self.reschedule(friend.id);
        task.first(steps);
        None
    }

    pub(super) fn go_down(
        &mut self,
        task: &mut Task,
        friend: FriendRef,
        now: Timestamp,
    ) -> Option<Command> {
        let found = self.friend_mut(friend)?;
        // One that was made meanwhile is not over.
        if found.status == Status::Connected && found.crypto.is_none() {
            found.dht_pk_time = now;
            found.status = Status::Connecting;
            task.first(report(friend, found, false));
        }
        self.reschedule(friend.id);
        None
    }

    /// net_crypto offers a connection (section 7.8); the result is 0 if it is accepted.
    #[must_use]
    pub fn begin_offer(
        &mut self,
        real_pk: RealPublicKey,
        dht_pk: DhtPublicKey,
        address: Option<SocketAddr>,
    ) -> Task {
        let friend = self.find(&real_pk).and_then(|id| self.reference(id));
        let free = |friend: &FriendRef| self.get(friend.id).is_some_and(|f| f.crypto.is_none());
        match friend.filter(free) {
            Some(friend) => {
                let then = Then::Accepted(friend, Offered { dht_pk, address });
                Task::new([Step::Ask(Command::Accept, then)])
            }
            None => Task::failed(),
        }
    }

    pub(super) fn handle_accepted(
        &mut self,
        task: &mut Task,
        friend: FriendRef,
        offered: Offered,
        crypto: i32,
        now: Timestamp,
    ) {
        let Some(found) = self.take_crypto(task, friend, crypto) else {
            return task.set_result(-1);
        };
        let mut steps = vec![Step::Tell(Command::CryptoHandlers(crypto, friend.id))];
        match offered.address {
            Some(address) => {
                found.address = Some(address);
                found.address_time = now;
                steps.push(Step::TellIf(friend, Command::Address(friend, Some(address))));
            }
            None => steps.push(Step::Direct(friend, false)),
        }
        if found.dht_pk != Some(offered.dht_pk) {
            steps.extend(self.change_key(friend, offered.dht_pk, now));
        }
        self.reschedule(friend.id);
        steps.push(Step::TellIf(friend, Command::CryptoKeyHandler(crypto, friend.id)));
        steps.push(Step::Localise(friend));
        task.set_result(0);
        task.first(steps);
    }

    /// Section 7.9.
    pub(super) fn attempt(
        &mut self,
        task: &mut Task,
        friend: FriendRef,
        kind: Attempt,
    ) -> Option<Command> {
        let found = self.friend_mut(friend).filter(|found| found.wants_attempt())?;
        let (real_pk, dht_pk) = (found.real_pk, found.dht_pk?);
        if self.closing.contains(&real_pk) {
            // It stays due, so the next iteration begins one.
            return None;
        }
        let command = Command::NewCrypto(real_pk, dht_pk);
        task.first([Step::Ask(command, Then::Crypto(friend, kind))]);
        None
    }

    pub(super) fn handle_crypto(
        &mut self,
        task: &mut Task,
        friend: FriendRef,
        kind: Attempt,
        crypto: i32,
    ) {
        let Some(found) = self.take_crypto(task, friend, crypto) else { return };
        let relays: VecDeque<Node> = found.relays.iter().copied().collect();
        self.reschedule(friend.id);
        let mut steps = vec![
            Step::Tell(Command::CryptoHandlers(crypto, friend.id)),
            Step::Tell(Command::CryptoKeyHandler(crypto, friend.id)),
        ];
        if kind == Attempt::Remembered {
            steps.push(Step::Direct(friend, false));
        }
        steps.push(Step::Offer(friend, relays, 0));
        task.first(steps);
    }

    /// The friend has this connection now, unless it is gone, or has another one since net_crypto was
    /// asked: then nobody wants it.
    fn take_crypto(
        &mut self,
        task: &mut Task,
        friend: FriendRef,
        crypto: i32,
    ) -> Option<&mut Friend> {
        if crypto < 0 {
            return None;
        }
        let wants = |found: &&mut Friend| found.crypto.is_none_or(|held| held == crypto);
        let found = self.friend_mut(friend).filter(wants);
        match found {
            Some(found) => {
                found.crypto = Some(crypto);
                Some(found)
            }
            None => {
                task.first([Step::Tell(Command::CryptoKill(crypto))]);
                None
            }
        }
    }

    pub(super) fn offer(
        &mut self,
        task: &mut Task,
        friend: FriendRef,
        mut nodes: VecDeque<Node>,
        taken: usize,
    ) -> Option<Command> {
        let crypto = self.friend_mut(friend)?.crypto?;
        if taken >= RELAYS_PER_ATTEMPT {
            return None;
        }
        let node = nodes.pop_front()?;
        let then = Then::Offered(friend, nodes, taken);
        task.first([Step::Ask(Command::RelayPeer(crypto, node), then)]);
        None
    }
}

/// What the world hears when a friend comes or goes. Each call may change everything; what it has
/// made wrong is not reported any more.
fn report(friend: FriendRef, found: &mut Friend, online: bool) -> Vec<Step> {
    found.changes = found.changes.wrapping_add(1);
    let change = found.changes;
    let mut steps = vec![
        Step::Tell(Command::OnionOnline(found.onion, online)),
        Step::Report(friend, change, Command::GlobalStatus(friend, online)),
    ];
    let sets = 0..MAX_FRIEND_CONNECTION_CALLBACKS;
    let told = |set| Step::Report(friend, change, Command::Status(friend, set, online));
    steps.extend(sets.map(told));
    steps
}
