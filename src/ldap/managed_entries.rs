//! Entries that the Managed Entries plug-in of 389 Directory Server keeps, such as the private groups of `FreeIPA`.
//!
//! | what is done | what the plug-in does (measured with 389 DS 2.3.1, `tests/servers/managed_entries.rs`) |
//! | --- | --- |
//! | an origin entry is added | adds its managed entry, and to the origin `mepManagedEntry` and the class `mepOriginEntry` |
//! | an origin entry is added with a value of `mepManagedEntry` | refuses it (53) |
//! | an origin entry is deleted | deletes its managed entry |
//! | an origin entry is moved out of the plug-in's scope | deletes its managed entry, and takes its own values from the origin |
//! | an origin entry is moved back | adds the managed entry again |
//! | a mapped attribute of a managed entry is modified | refuses it (53) |
//!
//! So no plan writes a record on a managed entry, and no rollback adds `mepManagedEntry`.

use super::{DnKey, Entry};
use crate::policy::Server;

/// The attribute of a managed entry that names its origin.
pub const MANAGED_BY: &str = "mepManagedBy";

/// The attribute of an origin entry that names its managed entries.
pub const MANAGED_ENTRY: &str = "mepManagedEntry";

/// The class of a managed entry.
const CLASS: &str = "mepManagedEntry";

/// Whether a server has the plug-in.
pub fn has_plug_in(server: Server) -> bool {
    server == Server::Ds389
}

/// Whether the plug-in keeps an entry.
pub fn is_managed(entry: &Entry, server: Server) -> bool {
    has_plug_in(server) && entry.has_class(CLASS)
}

/// The names of the entries that the plug-in keeps for an origin entry.
pub fn managed_by_origin(origin: &Entry) -> impl Iterator<Item = DnKey> + '_ {
    origin.values(MANAGED_ENTRY).filter_map(|value| DnKey::parse(&value.bytes).ok())
}
