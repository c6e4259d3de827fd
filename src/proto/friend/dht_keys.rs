// SPDX-License-Identifier: GPL-3.0-or-later
//! The DHT keys that we have the DHT look for.
//!
//! Each key is registered once, whoever has it: a conference may claim that somebody else's key is
//! that of one of its peers, and the DHT does not keep two registrations of one key apart (D5, D6).

use std::collections::{BTreeSet, HashMap};

use super::DhtPublicKey;
use super::slot::RETRY_INTERVAL;
use crate::proto::time::Timestamp;

/// All keys in use.
#[derive(Debug, Default)]
pub(super) struct DhtKeys(HashMap<DhtPublicKey, Entry>);

#[derive(Debug)]
struct Entry {
    /// Friends with this key, by id.
    friends: BTreeSet<u32>,
    /// The one that the DHT knows.
    registrant: u32,
    /// What the DHT gave; `None` if it refused.
    token: Option<u32>,
    /// When it is asked again.
    retry_at: Option<Timestamp>,
}

/// What has to be done when a friend leaves a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Leave {
    /// The registration with this token ends.
    pub(super) delete: Option<u32>,
    /// It begins anew for this friend.
    pub(super) register: Option<u32>,
}

impl DhtKeys {
    /// A friend has this key now; whether the DHT has to be asked.
    pub(super) fn join(&mut self, key: DhtPublicKey, friend: u32) -> bool {
        let mut is_new = false;
        let entry = self.0.entry(key).or_insert_with(|| {
            is_new = true;
            let friends = BTreeSet::new();
            Entry { friends, registrant: friend, token: None, retry_at: None }
        });
        entry.friends.insert(friend);
        is_new
    }

    /// A friend does not have this key any more.
    pub(super) fn leave(&mut self, key: &DhtPublicKey, friend: u32) -> Leave {
        let Some(entry) = self.0.get_mut(key) else { return Leave::default() };
        entry.friends.remove(&friend);
        let Some(next) = entry.friends.first().copied() else {
            let delete = self.0.remove(key).and_then(|entry| entry.token);
            return Leave { delete, register: None };
        };
        if entry.registrant != friend {
            return Leave::default();
        }
        entry.registrant = next;
        Leave { delete: entry.token.take(), register: Some(next) }
    }

    /// What the DHT said. The result is a token that nobody needs: the key was left, or registered
    /// another time, while the DHT was being asked.
    #[must_use]
    pub(super) fn handle_token(
        &mut self,
        key: &DhtPublicKey,
        token: Option<u32>,
        now: Timestamp,
    ) -> Option<u32> {
        let Some(entry) = self.0.get_mut(key) else { return token };
        if entry.token.is_some() {
            return token.filter(|token| entry.token != Some(*token));
        }
        entry.token = token;
        entry.retry_at = match token {
            Some(_) => None,
            None => Some(now.plus(RETRY_INTERVAL)),
        };
        None
    }

    /// When the DHT has to be asked again.
    #[must_use]
    pub(super) fn retry_at(&self, key: &DhtPublicKey) -> Option<Timestamp> {
        self.0.get(key)?.retry_at
    }

    /// If it is time, the DHT is being asked again: for this friend, whoever it was before.
    pub(super) fn begin_retry(&mut self, key: &DhtPublicKey, friend: u32, now: Timestamp) -> bool {
        let Some(entry) = self.0.get_mut(key) else { return false };
        let is_due = entry.retry_at.is_some_and(|at| at <= now);
        if is_due {
            entry.retry_at = None;
            entry.registrant = friend;
        }
        is_due
    }

    /// The friends with this key.
    #[must_use]
    pub(super) fn friends(&self, key: &DhtPublicKey) -> Vec<u32> {
        self.0.get(key).map(|entry| entry.friends.iter().copied().collect()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::PublicKey;

    const KEY: DhtPublicKey = DhtPublicKey(PublicKey([1; 32]));
    const NOW: Timestamp = Timestamp(1000);

    #[test]
    fn a_key_is_registered_once_and_passed_on() {
        let mut keys = DhtKeys::default();
        assert!(keys.join(KEY, 5));
        assert_eq!(keys.handle_token(&KEY, Some(7), NOW), None);
        assert!(!keys.join(KEY, 3));
        assert_eq!(keys.friends(&KEY), [3, 5]);
        assert_eq!(keys.leave(&KEY, 5), Leave { delete: Some(7), register: Some(3) });
        assert_eq!(keys.handle_token(&KEY, Some(8), NOW), None);
        assert_eq!(keys.leave(&KEY, 3), Leave { delete: Some(8), register: None });
        assert_eq!(keys.leave(&KEY, 3), Leave::default());
        assert!(keys.0.is_empty());
    }

    #[test]
    fn one_that_is_not_the_registrant_leaves_quietly() {
        let mut keys = DhtKeys::default();
        keys.join(KEY, 1);
        keys.join(KEY, 2);
        assert_eq!(keys.handle_token(&KEY, Some(7), NOW), None);
        assert_eq!(keys.leave(&KEY, 2), Leave::default());
        assert_eq!(keys.0.len(), 1);
    }

    #[test]
    fn a_refusal_is_repeated_later() {
        let mut keys = DhtKeys::default();
        keys.join(KEY, 1);
        assert_eq!(keys.handle_token(&KEY, None, NOW), None);
        keys.join(KEY, 2);
        assert_eq!(keys.retry_at(&KEY), Some(Timestamp(1010)));
        assert!(!keys.begin_retry(&KEY, 2, Timestamp(1009)));
        assert!(keys.begin_retry(&KEY, 2, Timestamp(1010)));
        assert!(!keys.begin_retry(&KEY, 1, Timestamp(1010)), "once");
        assert_eq!(keys.handle_token(&KEY, Some(9), NOW), None);
        assert_eq!(keys.leave(&KEY, 2), Leave { delete: Some(9), register: Some(1) });
    }
    #[test]
    fn a_token_that_nobody_needs_is_given_back() {
        let mut keys = DhtKeys::default();
        assert_eq!(keys.handle_token(&KEY, Some(7), NOW), Some(7), "left meanwhile");
        keys.join(KEY, 1);
        assert_eq!(keys.handle_token(&KEY, Some(8), NOW), None);
        assert_eq!(keys.handle_token(&KEY, Some(8), NOW), None, "the same again");
        assert_eq!(keys.handle_token(&KEY, Some(9), NOW), Some(9), "a second one");
        assert_eq!(keys.handle_token(&KEY, None, NOW), None);
        assert_eq!(keys.retry_at(&KEY), None);
        assert_eq!(keys.leave(&KEY, 1), Leave { delete: Some(8), register: None });
    }
}
