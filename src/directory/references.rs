//! Which attributes name an entry, and how their values do it.
//!
//! This table holds the kinds whose values are distinguished names; what a policy does with each is its own.
//!
//! | attribute | value | source |
//! | --- | --- | --- |
//! | uniqueMember | DN, perhaps with `#'0101'B` behind it | RFC 4519, 2.40; RFC 4517, 3.3.21 |
//! | everything else | DN | RFC 4519, RFC 4524, inetOrgPerson (RFC 2798) |

use crate::ldap::attribute::same_type;
use crate::ldap::name_and_uid::split_name_and_uid;

/// The part of a value that is a distinguished name.
///
/// A policy may list any attribute as a reference; only `uniqueMember` has something behind the name.
pub fn named_dn<'v>(attribute_type: &str, value: &'v [u8]) -> &'v [u8] {
    if same_type(attribute_type, "uniqueMember") { split_name_and_uid(value).0 } else { value }
}

/// Attributes that are known to name entries, whatever a policy says of them.
///
/// RFC 4519, RFC 4524, RFC 2798, and the mail groups of Sun Communications. `memberOf` and its kin are computed from
/// these and `creatorsName`, `modifiersName` are history: neither is a reference.
pub const DN_KINDS: [&str; 12] = [
    "member",
    "uniqueMember",
    "owner",
    "manager",
    "secretary",
    "seeAlso",
    "roleOccupant",
    "managedBy",
    "assistant",
    "documentAuthor",
    "mailEnhancedUniqueMember",
    "icsSecondaryowners",
];
