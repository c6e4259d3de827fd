// SPDX-License-Identifier: GPL-3.0-or-later
//! Bounds-checked reading and writing of byte slices.

/// Reads fields from the front of a slice; each read fails instead of running over the end.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Starts at the first byte of `bytes`.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The next `N` bytes, or `None` if fewer are left.
    pub fn array<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        let (head, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(head)
    }

    /// The next byte.
    pub fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| *byte)
    }

    /// All that is left, possibly nothing.
    #[must_use]
    pub fn rest(self) -> &'a [u8] {
        self.0
    }

    /// `Some(())` if every byte has been read.
    #[must_use]
    pub fn end(self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}

/// Writes fields into a fixed buffer; what does not fit is refused whole.
#[derive(Debug)]
pub struct Writer<'a> {
    buf: &'a mut [u8],
    len: usize,
}

impl<'a> Writer<'a> {
    /// Starts at the first byte of `buf`.
    pub fn new(buf: &'a mut [u8]) -> Self {
        Self { buf, len: 0 }
    }

    /// Appends `bytes`; `None` leaves the buffer as it was.
    pub fn put(&mut self, bytes: &[u8]) -> Option<()> {
        let end = self.len.checked_add(bytes.len())?;
        self.buf.get_mut(self.len..end)?.copy_from_slice(bytes);
        self.len = end;
        Some(())
    }

    /// Bytes written so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing has been written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reader_never_runs_over_the_end() {
        let mut reader = Reader::new(&[1, 2, 3]);
        assert_eq!(reader.u8(), Some(1));
        assert_eq!(reader.array::<3>(), None);
        assert_eq!(reader.array::<2>(), Some(&[2, 3]));
        assert_eq!(reader.u8(), None);
        assert_eq!(reader.end(), Some(()));
    }

    #[test]
    fn writer_refuses_what_does_not_fit_and_keeps_the_rest() {
        let mut buf = [0; 3];
        let mut writer = Writer::new(&mut buf);
        assert_eq!(writer.put(&[1, 2]), Some(()));
        assert_eq!(writer.put(&[3, 4]), None);
        assert_eq!(writer.put(&[5]), Some(()));
        assert_eq!(writer.len(), 3);
        assert_eq!(buf, [1, 2, 5]);
    }
}
