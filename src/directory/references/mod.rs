//! Where a person can hide: which attributes name somebody, and how their values do it.
//!
//! [`kinds`] is the table of attributes, each with the form of its values and what is done with them where a policy says
//! nothing. [`persons`] finds who is named by a value of each form. [`inside`] takes names out of URLs, filters and
//! access rules, which say more than a name.
//!
//! | form | a value that names somebody | found by |
//! | --- | --- | --- |
//! | name | a DN; that of an entry below the person's too | key of the DN |
//! | name and uid | a DN, perhaps with `#'0101'B` behind it (RFC 4517, 3.3.21) | the same |
//! | uid | `jsmith` | a value of the person's `uid`; written in another case it is for a person to decide |
//! | sudo user | `jsmith`, `!jsmith`, `#1042` (sudoers.ldap(5)); `%group`, `+netgroup` name nobody | uid, uidNumber |
//! | netgroup | `(host,jsmith,domain)` (RFC 2307, 2.3) | uid |
//! | calendar | `jsmith`, `jsmith@sesta.com`, either with `:calendar` and `$title` behind it (819-4437) | uid, and the person's domain if one is written |
//! | address | `jsmith@sesta.com`, in any case | the person's mail addresses, all of them |
//! | address or URL | `mailto:jsmith@sesta.com`, `ldap:///uid=jsmith,...`, or an address | the same; a DN |
//! | name or uid | a DN or a uid | the same |
//! | URL | `ldap:///base?attributes?scope?filter` (RFC 4516) | base; equality in the filter |
//! | text | access rules: whatever is in quotes, and `ldap:///` URLs | DNs, URLs and filters in it |
//!
//! A uid is not a name: two people of two domains may have the same. Who is nearer to the entry, by the number of RDNs that
//! their names end with alike, is meant: [`namesakes`].

pub mod inside;
pub mod kinds;
pub mod namesakes;
pub mod persons;

pub use kinds::{Form, Treatment};
pub use namesakes::{Referent, SharedIdentifiers};
pub use persons::{MatchKind, SubjectIndex};

use crate::ldap::attribute::same_type;
use crate::ldap::name_and_uid::split_name_and_uid;

/// The part of a value that is a distinguished name.
///
/// A policy may list any attribute as a reference; only `uniqueMember` has something behind the name.
pub fn named_dn<'v>(attribute_type: &str, value: &'v [u8]) -> &'v [u8] {
    if same_type(attribute_type, "uniqueMember") { split_name_and_uid(value).0 } else { value }
}
