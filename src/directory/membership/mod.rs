//! Membership: every way in which an entry is a member of a group. This is the only place that knows them.
//!
//! | way | where | members |
//! | --- | --- | --- |
//! | by DN | attributes of the group: see [`MEMBERSHIP_ATTRIBUTES`] | the entry of that name; AD's extended form is read |
//! | by user name | `memberUid`, `nisNetgroupTriple`, `sudoUser` | entries with that `uid` or `sAMAccountName`, in any case |
//! | by number | `sudoUser: #1042` | entries with that `uidNumber` |
//! | by name of a group | `memberNisNetgroup`; `sudoUser` with `%` or `+`; an alias of NIS in `rfc822MailMember` | the POSIX group, netgroup or alias of that `cn` |
//! | by address | `rfc822MailMember`, `mgrpRFC822MailMember` and the like | entries with that address |
//! | by URL or filter | `memberURL`, `mgrpDeliverTo`, `memberQueryURL`, `nsRoleFilter`, `msExchDynamicDLFilter`, `msDS-AzLDAPQuery` | entries that the search finds in the exports |
//! | by primary group | `gidNumber` of a POSIX group; RID of the group's `objectSid`; `sambaSID` | accounts with that `gidNumber`, `primaryGroupID`, `sambaPrimaryGroupSID` |
//! | by SID | `sambaSIDList` | entries with that `sambaSID` or `objectSid` |
//! | by role | `nsRoleDN` of an account (managed role), of a role (nested role) | the account; the members of the roles in it |
//! | by back link | `memberOf`, `isMemberOf`, `nsRole` and the like | the entry that has it, also if the group does not list it |
//! | nested | a member that is a group or role itself, in any mixture | its members; circles end |
//!
//! A user name, number or address that several entries have makes all of them members, and a managed role also makes an
//! account a member that it does not cover: such a member is protected, but it is not counted as one for certain
//! ([`Members::certain`]).
//!
//! What cannot be followed is [`Unresolved`]: a value that is not a DN, a URL or filter that cannot be evaluated, a group that
//! has everybody as a member, criteria of another system (`msExchQueryFilter`, `memberCertificateDescription`). Members that
//! the exports lack are [`Members::absent`].
//!
//! Numbers are compared as numbers (`0500` is 500), names and addresses without regard to case and by all spellings of DNs.
//!
//! Sources: RFC 4519, RFC 2307 and 2307bis, sudoers.ldap(5), 819-4437, 389 DS's Administration Guide (roles), MS-ADA1 to
//! MS-ADA3, MS-ADTS, Samba's schema, slapo-dynlist(5).

pub mod criteria;
pub mod members;
pub mod placeholder;
pub mod ways;

pub use criteria::{AbsentMember, Criteria, is_group};
pub use members::{Members, members};
pub use placeholder::is_placeholder_member;
pub use ways::{MEMBERSHIP_ATTRIBUTES, lists_members};

use crate::ldap::Origin;

/// A value that says who is a member of a group, and cannot be followed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unresolved {
    /// The export and the line of the value.
    pub origin: Origin,
    /// The attribute.
    pub attribute: String,
    /// The value, raw.
    pub value: Vec<u8>,
    /// Why it cannot be followed.
    pub why: &'static str,
}
