// SPDX-License-Identifier: GPL-3.0-or-later
//! What differs between toxcore versions: imports, layouts, and the names and signatures of the
//! exports. One file per version; a build has one of them at most.
#![allow(unsafe_code)]

#[cfg(all(
    any(feature = "abi-0-2-18", feature = "abi-0-2-20", feature = "abi-0-2-22"),
    any(feature = "_relays", feature = "friend-connection")
))]
mod every;
#[cfg(all(feature = "abi-0-2-18", any(feature = "_relays", feature = "friend-connection")))]
pub mod v0_2_18;
#[cfg(all(feature = "abi-0-2-20", any(feature = "_relays", feature = "friend-connection")))]
pub mod v0_2_20;
#[cfg(all(feature = "abi-0-2-22", any(feature = "_relays", feature = "friend-connection")))]
pub mod v0_2_22;
