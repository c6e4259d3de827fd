// SPDX-License-Identifier: GPL-3.0-or-later
//! A table whose indices callers see: entries never move, and a new one takes the lowest free index
//! (tcp_connections.md section 3.1).

use std::collections::BTreeSet;

/// An index-stable table with toxcore's order of reuse.
#[derive(Debug)]
pub struct Slots<T> {
    entries: Vec<Option<T>>,
    /// The unused indices below `entries.len()`.
    free: BTreeSet<u32>,
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self { entries: Vec::new(), free: BTreeSet::new() }
    }
}

impl<T> Slots<T> {
    /// Length of the table, unused entries between used ones included. The last entry is in use.
    #[must_use]
    pub fn len(&self) -> u32 {
        // Both tables of this crate have less than 2^32 entries: relays are limited, and the peers
        // would need more memory than there is.
        self.entries.len() as u32
    }

    /// Whether nothing is in the table.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Number of used entries.
    #[must_use]
    pub fn used(&self) -> usize {
        self.entries.len() - self.free.len()
    }

    /// The index that the next [`Self::insert`] will take.
    #[must_use]
    pub fn next_index(&self) -> u32 {
        self.free.first().copied().unwrap_or_else(|| self.len())
    }

    /// Adds an entry at the lowest free index.
    pub fn insert(&mut self, value: T) -> u32 {
        let index = self.next_index();
        self.free.remove(&index);
        match self.entries.get_mut(index as usize) {
            Some(entry) => *entry = Some(value),
            None => self.entries.push(Some(value)),
        }
        index
    }

    /// Removes an entry; unused entries at the end go with it.
    pub fn remove(&mut self, index: u32) -> Option<T> {
        let value = self.entries.get_mut(index as usize)?.take()?;
        self.free.insert(index);
        while let Some(None) = self.entries.last() {
            self.entries.pop();
            self.free.remove(&self.len());
        }
        Some(value)
    }

    /// The entry at `index`.
    #[must_use]
    pub fn get(&self, index: u32) -> Option<&T> {
        self.entries.get(index as usize)?.as_ref()
    }

    /// The entry at `index`.
    pub fn get_mut(&mut self, index: u32) -> Option<&mut T> {
        self.entries.get_mut(index as usize)?.as_mut()
    }

    /// The used entries in the order of their indices.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        (0..).zip(&self.entries).filter_map(|(index, entry)| Some((index, entry.as_ref()?)))
    }

    /// As [`Self::iter`], from `start` on.
    pub fn iter_from(&self, start: u32) -> impl Iterator<Item = (u32, &T)> {
        let rest = self.entries.get(start as usize..).unwrap_or_default();
        (start..).zip(rest).filter_map(|(index, entry)| Some((index, entry.as_ref()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_lowest_free_index_is_taken_first_and_the_end_is_trimmed() {
        let mut slots = Slots::default();
        assert_eq!([slots.insert('a'), slots.insert('b'), slots.insert('c')], [0, 1, 2]);
        assert_eq!(slots.remove(1), Some('b'));
        assert_eq!(slots.remove(1), None);
        assert_eq!((slots.len(), slots.used()), (3, 2));
        assert_eq!(slots.insert('d'), 1);
        assert_eq!(slots.remove(1), Some('d'));
        assert_eq!(slots.remove(2), Some('c'));
        assert_eq!(slots.len(), 1, "the hole at 1 is gone with the end");
        assert_eq!(slots.remove(0), Some('a'));
        assert!(slots.is_empty());
        assert_eq!(slots.insert('e'), 0);
    }

    proptest! {
        /// The model is the C code's way: an array, searched from its start.
        #[test]
        fn does_what_a_searched_array_does(
            operations in proptest::collection::vec((any::<bool>(), 0u32..12), 0..200),
        ) {
            let mut slots = Slots::default();
            let mut model: Vec<Option<usize>> = Vec::new();
            for (value, (insert, index)) in operations.into_iter().enumerate() {
                if insert {
                    let lowest = model.iter().position(Option::is_none).unwrap_or(model.len());
                    if lowest == model.len() {
                        model.push(None);
                    }
                    model[lowest] = Some(value);
                    prop_assert_eq!(slots.insert(value), lowest as u32);
                } else {
                    let removed = model.get_mut(index as usize).and_then(Option::take);
                    while let Some(None) = model.last() {
                        model.pop();
                    }
                    prop_assert_eq!(slots.remove(index), removed);
                }
                prop_assert_eq!(slots.len() as usize, model.len());
                for start in 0..=slots.len() {
                    let seen: Vec<_> = slots.iter_from(start).map(|(i, v)| (i, *v)).collect();
                    let wanted: Vec<_> = (start..)
                        .zip(&model[start as usize..])
                        .filter_map(|(i, v)| Some((i, (*v)?)))
                        .collect();
                    prop_assert_eq!(seen, wanted);
                }
            }
        }
    }
}
