//! Managed entries of 389 Directory Server, such as the private groups of `FreeIPA`.
//!
//! The Managed Entries plug-in adds a managed entry for each origin entry. Measured with 389 DS 2.3.1
//! (`tests/servers/managed_entries.rs`):
//!
//! | change | what the plug-in does |
//! | --- | --- |
//! | an origin entry is added | adds its managed entry; adds `mepManagedEntry` and the class `mepOriginEntry` to the origin |
//! | an origin entry is added with a value of `mepManagedEntry` | refuses it (53) |
//! | an origin entry is deleted | deletes its managed entry |
//! | an origin entry is moved out of the plug-in's scope | deletes its managed entry and removes its own values from the origin |
//! | an origin entry is moved back | adds the managed entry again |
//! | a mapped attribute of a managed entry is modified | refuses it (53) |
//!
//! So no plan writes a record for a managed entry, and no rollback adds `mepManagedEntry`.

use super::server::Server;
use super::{DnKey, Entry};

/// The attribute of a managed entry that holds the DN of its origin entry.
pub const MANAGED_BY: &str = "mepManagedBy";

/// The attribute of an origin entry that holds the DNs of its managed entries.
pub const MANAGED_ENTRY: &str = "mepManagedEntry";

/// The object class of a managed entry.
const MANAGED_ENTRY_CLASS: &str = "mepManagedEntry";

/// Whether a server has the plug-in.
pub fn has_plug_in(server: Server) -> bool {
    server.profile().managed_entries
}

/// Whether an entry is a managed entry.
pub fn is_managed(entry: &Entry, server: Server) -> bool {
    has_plug_in(server) && entry.has_class(MANAGED_ENTRY_CLASS)
}

/// The keys of the managed entries of an origin entry; values that are not DNs are skipped.
pub fn managed_by_origin(origin: &Entry) -> impl Iterator<Item = DnKey> + '_ {
    origin.values(MANAGED_ENTRY).filter_map(|value| DnKey::parse(&value.bytes).ok())
}
