// SPDX-License-Identifier: GPL-3.0-or-later
//! Structs that C gives room for, and whose size it tells.

/// Writes as much of a struct as the caller knows of, and zeros behind what we know of: programs that
/// were compiled with an earlier or a later version stay valid.
///
/// # Safety
/// `out` is NULL or has `size` bytes.
pub unsafe fn write_sized<T: Copy>(out: *mut T, size: usize, value: &T) -> Option<()> {
    if out.is_null() {
        return None;
    }
    let known = size.min(size_of::<T>());
    // SAFETY: the caller's bytes and ours do not overlap, and both have this many.
    unsafe {
        let out = out.cast::<u8>();
        out.copy_from_nonoverlapping(core::ptr::from_ref(value).cast(), known);
        out.add(known).write_bytes(0, size - known);
    }
    Some(())
}

/// A count for a field of 32 bits.
pub fn small<N>(count: N) -> u32
where
    u32: TryFrom<N>,
{
    u32::try_from(count).unwrap_or(u32::MAX)
}
