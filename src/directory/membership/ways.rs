//! The attributes by which a group says who its members are, and those by which an entry says which groups it is in.

use crate::ldap::attribute::is_one_of;

/// What the values of an attribute of a group hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// DNs, optionally with a bit string.
    Dn,
    /// User names.
    Uid,
    /// Netgroup triples.
    Netgroup,
    /// Names of netgroups.
    NetgroupName,
    /// Users and groups of a sudo rule.
    SudoUser,
    /// Mail addresses, or names of local users and aliases.
    Address,
    /// LDAP URLs.
    Url,
    /// A filter; the role applies below the parent of its entry.
    RoleFilter,
    /// A filter; the search begins at the DN in the attribute.
    Filter(&'static str),
    /// Security identifiers.
    Sid,
    /// Criteria that cannot be evaluated on exports.
    Foreign,
}

/// Every attribute of a group that says who its members are.
#[rustfmt::skip]
pub const MEMBERSHIP_ATTRIBUTES: &[(&str, Holds)] = &[
    ("member",                       Holds::Dn),
    ("uniqueMember",                 Holds::Dn),
    ("roleOccupant",                 Holds::Dn),
    ("mailEnhancedUniqueMember",     Holds::Dn),
    ("dnmember",                     Holds::Dn),
    ("memberUser",                   Holds::Dn),
    ("memberHost",                   Holds::Dn),
    ("memberService",                Holds::Dn),
    ("nonSecurityMember",            Holds::Dn),
    ("msDS-MembersForAzRole",        Holds::Dn),
    ("msSFU30PosixMember",           Holds::Dn),
    ("memberUid",                    Holds::Uid),
    ("nisNetgroupTriple",            Holds::Netgroup),
    ("memberNisNetgroup",            Holds::NetgroupName),
    ("sudoUser",                     Holds::SudoUser),
    ("rfc822MailMember",             Holds::Address),
    ("rfc822Member",                 Holds::Address),
    ("mgrpRFC822MailMember",         Holds::Address),
    ("memberURL",                    Holds::Url),
    ("memberQueryURL",               Holds::Url),
    ("mgrpDeliverTo",                Holds::Url),
    ("nsRoleFilter",                 Holds::RoleFilter),
    ("msExchDynamicDLFilter",        Holds::Filter("msExchDynamicDLBaseDN")),
    ("msDS-AzLDAPQuery",             Holds::Filter("")),
    ("sambaSIDList",                 Holds::Sid),
    ("msExchQueryFilter",            Holds::Foreign),
    ("memberCertificateDescription", Holds::Foreign),
];

/// Attributes of an entry whose values are the names of groups and roles that it is in.
pub const BACK_LINKS: [&str; 6] =
    ["memberOf", "isMemberOf", "nsRole", "groupMembership", "msSFU30PosixMemberOf", "msDS-MemberOfTransitive"];

/// Classes of groups and roles.
pub const GROUP_CLASSES: [&str; 16] = [
    "groupOfNames",
    "groupOfUniqueNames",
    "groupOfMembers",
    "groupOfEntries",
    "groupOfURLs",
    "group",
    "posixGroup",
    "sambaGroupMapping",
    "nisNetgroup",
    "nisMailAlias",
    "mailGroup",
    "inetMailGroup",
    "organizationalRole",
    "sudoRole",
    "ipaUserGroup",
    "nsRoleDefinition",
];

/// The class of roles that contain other roles.
pub const NESTED_ROLE: &str = "nsNestedRoleDefinition";

/// Classes of the roles of 389 DS and DSEE.
pub const ROLE_CLASSES: [&str; 6] = [
    "nsRoleDefinition",
    "nsSimpleRoleDefinition",
    "nsComplexRoleDefinition",
    "nsManagedRoleDefinition",
    "nsFilteredRoleDefinition",
    NESTED_ROLE,
];

/// What the values of an attribute type of a group hold, if they say who its members are.
pub fn holds(attribute_type: &str) -> Option<Holds> {
    let known = MEMBERSHIP_ATTRIBUTES.iter().find(|(name, _)| is_one_of(&[name], attribute_type));
    known.map(|(_, holds)| *holds)
}

/// Whether an attribute type of a group says who its members are.
pub fn lists_members(attribute_type: &str) -> bool {
    holds(attribute_type).is_some()
}
