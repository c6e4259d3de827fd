// SPDX-License-Identifier: GPL-3.0-or-later
//! One iteration (friend_connection.md section 6): the friends that are due, in the order of their
//! ids, then LAN discovery.

use super::command::Command;
use super::packet::{MAX_SHARED_RELAYS, PACKET_ID_ALIVE, PACKET_ID_SHARE_RELAYS};
use super::slot::{
    FRIEND_CONNECTION_TIMEOUT, FRIEND_DHT_TIMEOUT, FRIEND_PING_INTERVAL, RETRY_INTERVAL, Status,
    first_after,
};
use super::task::{Attempt, Step, Task, Then};
use super::{FriendConnections, FriendRef, FriendconId};
use crate::proto::time::Timestamp;
use crate::wire::node::Node;

impl FriendConnections {
    /// One iteration (`do_friend_connections`).
    #[must_use]
    pub fn begin_iteration(&mut self) -> Task {
        Task::new([Step::Turns(0), Step::Lan])
    }

    /// Costs what is due, not what exists.
    pub(super) fn next_turn(
        &mut self,
        task: &mut Task,
        start: u32,
        now: Timestamp,
    ) -> Option<Command> {
        self.iterated = now;
        self.missed &= start > 0;
        while let Some((due, id)) = self.timetable.first().copied() {
            if due > now {
                break;
            }
            self.timetable.pop_first();
            self.ready.insert(id);
            self.missed |= id < start;
        }
        let id = *self.ready.range(start..).next()?;
        let friend = self.reference(FriendconId(id))?;
        task.first([Step::Turn(friend), Step::Turns(id + 1)]);
        None
    }

    pub(super) fn take_turn(
        &mut self,
        task: &mut Task,
        friend: FriendRef,
        now: Timestamp,
    ) -> Option<Command> {
        if self.is_connected(friend.id) {
            let share = Step::Share(friend, MAX_SHARED_RELAYS);
            task.first([Step::Alive(friend), share, Step::Silence(friend)]);
            return None;
        }
        let mut steps = Vec::new();
        let found = self.friend_mut(friend)?;
        let key_is_old = first_after(found.dht_pk_time, FRIEND_DHT_TIMEOUT) <= now;
        let address_is_old = first_after(found.address_time, FRIEND_DHT_TIMEOUT) <= now;
        let forget_address = found.address.is_some() && address_is_old;
        if forget_address {
            found.address = None;
        }
        if key_is_old {
            steps.extend(self.forget_key(friend));
        }
        if forget_address {
            steps.push(Step::TellIf(friend, Command::Address(friend, None)));
        }
        if let Some(key) = self.friend_mut(friend)?.dht_pk {
            if self.dht_keys.begin_retry(&key, friend.id.0, now) {
                let add = Command::DhtAdd(key, friend.id);
                steps.push(Step::Ask(add, Then::Token(key)));
            }
        }
        self.reschedule(friend.id);
        steps.push(Step::Attempt(friend, Attempt::Remembered));
        task.first(steps);
        None
    }

    pub(super) fn send_alive(
        &mut self,
        task: &mut Task,
        friend: FriendRef,
        now: Timestamp,
    ) -> Option<Command> {
        let found = self.friend_mut(friend)?;
        let crypto = found.crypto?;
        if first_after(found.alive_sent, FRIEND_PING_INTERVAL) <= now {
            let command = Command::Write(crypto, vec![PACKET_ID_ALIVE]);
            task.first([Step::Ask(command, Then::AliveSent(friend))]);
        }
        None
    }

    pub(super) fn handle_alive_sent(&mut self, friend: FriendRef, done: bool, now: Timestamp) {
        if let Some(found) = self.friend_mut(friend).filter(|_| done) {
            found.alive_sent = now;
        }
        self.reschedule(friend.id);
    }

    pub(super) fn copy_relays(
        &mut self,
        task: &mut Task,
        friend: FriendRef,
        max: u16,
        now: Timestamp,
    ) -> Option<Command> {
        let found = self.friend_mut(friend)?;
        if found.share_due() <= now {
            let command = Command::CopyRelays(max, found.share_index);
            task.first([Step::Ask(command, Then::Copied(friend, max))]);
        }
        None
    }

    /// toxcore's own TCP_connection gives nothing if it is asked for as many relays as it has, or
    /// more: then it is asked for fewer (D3).
    pub(super) fn handle_copied(
        &mut self,
        task: &mut Task,
        friend: FriendRef,
        nodes: Vec<Node>,
        max: u16,
        now: Timestamp,
    ) {
        let Some(found) = self.friend_mut(friend) else { return };
        if nodes.is_empty() && max > 1 {
            return task.first([Step::Share(friend, max - 1)]);
        }
        // By as many as were looked at, so that each has its turn.
        let looked_at = if nodes.is_empty() { MAX_SHARED_RELAYS } else { max };
        found.share_index = found.share_index.wrapping_add(u32::from(looked_at));
        if nodes.is_empty() {
            found.share_not_before = now.plus(RETRY_INTERVAL);
            return self.reschedule(friend.id);
        }
        let mut steps: Vec<Step> = nodes.iter().map(|node| Step::Insert(friend, *node)).collect();
        steps.push(Step::SendShared(friend, nodes));
        task.first(steps);
    }

    pub(super) fn send_shared(
        &mut self,
        task: &mut Task,
        friend: FriendRef,
        nodes: &[Node],
    ) -> Option<Command> {
        let crypto = self.friend_mut(friend)?.crypto?;
        let mut packet = vec![PACKET_ID_SHARE_RELAYS];
        nodes.iter().for_each(|node| node.pack(&mut packet));
        task.first([Step::Ask(Command::Write(crypto, packet), Then::Shared(friend))]);
        None
    }

    pub(super) fn handle_shared(&mut self, friend: FriendRef, done: bool, now: Timestamp) {
        if let Some(found) = self.friend_mut(friend).filter(|_| done) {
            found.relays_shared = now;
        }
        self.reschedule(friend.id);
    }

    pub(super) fn check_silence(
        &mut self,
        task: &mut Task,
        friend: FriendRef,
        now: Timestamp,
    ) -> Option<Command> {
        let found = self.friend_mut(friend)?;
        let is_silent = first_after(found.heard, FRIEND_CONNECTION_TIMEOUT) <= now;
        if found.status == Status::Connected && is_silent {
            task.first([Step::HangUp(friend)]);
        } else {
            self.reschedule(friend.id);
        }
        None
    }

    pub(super) fn send_lan(&mut self, task: &mut Task, now: Timestamp) -> Option<Command> {
        let ports = self.lan.as_mut()?.round(now);
        task.first(ports.into_iter().map(|port| Step::Tell(Command::Lan(port))));
        None
    }
}
