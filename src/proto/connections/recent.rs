// SPDX-License-Identifier: GPL-3.0-or-later
//! When relays that are forgotten by now were last called: whoever names them again must not make us
//! call twice within 10 seconds.

use std::collections::VecDeque;

use super::relay_slot::TCP_CONNECTION_ANNOUNCE_TIMEOUT;
use crate::crypto::PublicKey;
use crate::proto::time::Timestamp;

/// Relays that are remembered; of more, the oldest are forgotten.
const MAX_RECENT: usize = 256;

/// The relays, in the order in which they were forgotten.
#[derive(Debug, Default)]
pub(super) struct Recent(VecDeque<(PublicKey, Timestamp)>);

impl Recent {
    /// A relay is being forgotten.
    pub(super) fn remember(&mut self, pk: PublicKey, last_attempt: Timestamp) {
        self.0.retain(|(known, _)| *known != pk);
        if self.0.len() == MAX_RECENT {
            self.0.pop_front();
        }
        self.0.push_back((pk, last_attempt));
    }

    /// When the relay was last called, if that is less than 10 seconds ago.
    pub(super) fn last_attempt(&mut self, pk: &PublicKey, now: Timestamp) -> Option<Timestamp> {
        self.0.retain(|(_, last)| !now.is_timeout(*last, TCP_CONNECTION_ANNOUNCE_TIMEOUT));
        self.0.iter().find(|(known, _)| known == pk).map(|(_, last)| *last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remembers_for_ten_seconds_and_not_too_many() {
        let key = |i: u16| {
            let mut key = [0; 32];
            key[..2].copy_from_slice(&i.to_be_bytes());
            PublicKey(key)
        };
        let mut recent = Recent::default();
        (0..300).for_each(|i| recent.remember(key(i), Timestamp(1000)));
        assert_eq!(recent.last_attempt(&key(299), Timestamp(1009)), Some(Timestamp(1000)));
        assert_eq!(recent.last_attempt(&key(43), Timestamp(1009)), None, "the oldest went");
        assert_eq!(recent.0.len(), MAX_RECENT);
        assert_eq!(recent.last_attempt(&key(299), Timestamp(1010)), None);
        assert!(recent.0.is_empty());
    }
}
