//! The table of attributes whose values name other entries.
//!
//! The last column is what is done with a value that names a deleted account, unless the policy lists the attribute: `remove`
//! it, `reassign` it to the successor, report it for `review`, or `leave` it.
//!
//! Sources: RFC 4512, 4519, 4524, 2307, 2798, 3296; the schema files of OpenLDAP, 389 DS, `FreeIPA` and MIT Kerberos;
//! Sun's Schema Reference (819-4437, 819-2657); [MS-ADA1] to [MS-ADA3]; sudoers.ldap(5).

use Form::{Address, AddressOrUrl, Calendar, Name, NameAndUid, NameOrUid, Netgroup, SudoUser, Text, Uid, Url};
use Treatment::{Leave, Reassign, Remove, Review};

use super::form::{Form, Treatment};
use crate::ldap::attribute::{is_one_of, same_type};

/// The form of the values of an attribute type, if the table has it.
pub fn form_of(attribute_type: &str) -> Option<Form> {
    if same_type(attribute_type, ALIASED_OBJECT) {
        return Some(Name);
    }
    REFERENCE_ATTRIBUTES.iter().find(|(name, ..)| same_type(name, attribute_type)).map(|(_, form, _)| *form)
}

/// Every known attribute, the form of its values, and what is done by default.
#[rustfmt::skip]
pub const REFERENCE_ATTRIBUTES: &[(&str, Form, Treatment)] = &[
    // RFC 4519, RFC 4524, RFC 2798
    ("member",                      Name,         Remove),
    ("uniqueMember",                NameAndUid,   Remove),
    ("owner",                       Name,         Reassign),
    ("manager",                     Name,         Reassign),
    ("secretary",                   Name,         Remove),
    ("seeAlso",                     Name,         Remove),
    ("roleOccupant",                Name,         Remove),
    ("documentAuthor",              Name,         Remove),
    ("associatedName",              Name,         Review),
    ("dITRedirect",                 Name,         Review),
    ("dgIdentity",                  Name,         Review),
    ("labeledURI",                  Url,          Review),
    // The target of a referral object (RFC 3296).
    ("ref",                         Url,          Review),
    // RFC 2307, sudo, the mail aliases of NIS
    ("memberUid",                   Uid,          Remove),
    ("nisNetgroupTriple",           Netgroup,     Remove),
    ("sudoUser",                    SudoUser,     Remove),
    ("sudoRunAs",                   SudoUser,     Review),
    ("sudoRunAsUser",               SudoUser,     Review),
    ("rfc822MailMember",            Address,      Remove),
    // Sun/Oracle Communications
    ("mailEnhancedUniqueMember",    Name,         Remove),
    ("mgrpRFC822MailMember",        Address,      Remove),
    ("mgrpModerator",               AddressOrUrl, Reassign),
    ("mgrpErrorsTo",                AddressOrUrl, Reassign),
    // Without a value, every sender is allowed.
    ("mgrpAllowedBroadcaster",      AddressOrUrl, Review),
    ("mgrpDisallowedBroadcaster",   AddressOrUrl, Remove),
    ("mgrpDeliverTo",               Url,          Review),
    ("memberURL",                   Url,          Review),
    ("mailForwardingAddress",       Address,      Review),
    ("icsSecondaryowners",          Name,         Remove),
    ("icsSubscribed",               Calendar,     Review),
    ("icsCalendarOwned",            Calendar,     Review),
    ("piReader",                    NameOrUid,    Remove),
    ("piWriter",                    NameOrUid,    Remove),
    ("piDeleter",                   NameOrUid,    Remove),
    ("piCreator",                   NameOrUid,    Remove),
    ("iplanet-am-modifiable-by",    Name,         Review),
    ("nsdaModifiableBy",            Name,         Review),
    ("iplanet-am-static-group-dn",  Name,         Review),
    ("iplanet-am-role-aci-list",    Text,         Review),
    ("inetDomainBaseDN",            Name,         Review),
    // Access rules
    ("aci",                         Text,         Review),
    ("olcAccess",                   Text,         Review),
    ("olcLimits",                   Text,         Review),
    ("olcAuthzRegexp",              Text,         Review),
    // 389 DS, qmail
    ("nsRoleDN",                    Name,         Review),
    ("nsValueDN",                   Name,         Review),
    ("acctPolicySubentry",          Name,         Review),
    ("pwdPolicySubentry",           Name,         Review),
    ("cosTemplateDN",               Name,         Review),
    ("parentOrganization",          Name,         Review),
    ("autoMemberDefaultGroup",      Name,         Review),
    ("radiusProfileDn",             Name,         Review),
    ("dnmember",                    Name,         Remove),
    ("dnmoderator",                 Name,         Review),
    ("dnsender",                    Name,         Review),
    ("qladnmanager",                Name,         Review),
    // Kerberos, FreeIPA
    ("krbPrincipalReferences",      Name,         Remove),
    ("krbObjectReferences",         Name,         Remove),
    ("memberUser",                  Name,         Remove),
    ("memberHost",                  Name,         Remove),
    ("memberService",               Name,         Remove),
    ("memberManager",               Name,         Reassign),
    ("managedBy",                   Name,         Reassign),
    ("enrolledBy",                  Name,         Review),
    ("sourceHost",                  Name,         Review),
    ("ipaOwner",                    Name,         Review),
    ("ipatokenOwner",               Name,         Review),
    ("ipaSudoRunAs",                Name,         Remove),
    ("ipaSudoRunAsGroup",           Name,         Remove),
    ("ipaAllowedToPerform",         Name,         Remove),
    ("ipaAllowedTarget",            Name,         Remove),
    ("ipaAssignedIDView",           Name,         Review),
    // Active Directory; `managedBy` and `manager` are listed above
    ("assistant",                   Name,         Remove),
    ("nonSecurityMember",           Name,         Remove),
    ("privilegeHolder",             Name,         Remove),
    ("msDS-NonMembers",             Name,         Remove),
    ("msDS-MembersForAzRole",       Name,         Remove),
    ("msDS-PSOAppliesTo",           Name,         Remove),
    ("msDS-HostServiceAccount",     Name,         Review),
    ("msDS-ObjectReference",        Name,         Review),
    ("msSFU30PosixMember",          Name,         Remove),
    ("msTSPrimaryDesktop",          Name,         Review),
    ("publicDelegates",             Name,         Remove),
    ("altRecipient",                Name,         Review),
    ("authOrig",                    Name,         Review),
    ("unauthOrig",                  Name,         Remove),
    ("msExchCoManagedByLink",       Name,         Remove),
    ("msExchModeratedByLink",       Name,         Review),
    ("msExchDelegateListLink",      Name,         Remove),
    // Names of past modifiers, and copies of the entry's own name
    ("lastModifiedBy",              Name,         Leave),
    ("distinguishedName",           Name,         Leave),
];

/// The attribute by which an alias names its target (RFC 4512, 2.6).
pub const ALIASED_OBJECT: &str = "aliasedObjectName";

/// Attributes whose values are the members of a group.
pub const MEMBERS: [&str; 2] = ["member", "uniqueMember"];

/// Whether the values of an attribute type are the members of a group.
pub fn is_member(attribute_type: &str) -> bool {
    is_one_of(&MEMBERS, attribute_type)
}

/// The attribute that allows only the listed senders, and every sender if it has no value (819-2657).
pub const UNRESTRICTED_WHEN_EMPTY: &str = "mgrpAllowedBroadcaster";

/// Attributes of an account whose URLs point to its address book, in the order in which they count.
pub const BOOK_POINTER_ATTRIBUTES: [&str; 2] = ["psRoot", "pabURI"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ldap::TypeMap;
    use crate::policy::Server;

    /// docs/references.md has a row for each attribute.
    #[test]
    fn every_attribute_is_documented() {
        let page = include_str!("../../../docs/references.md");
        for (name, _, treatment) in REFERENCE_ATTRIBUTES {
            let row = page.lines().find(|line| line.starts_with(&format!("| {name} |")));
            let row = row.unwrap_or_else(|| panic!("docs/references.md lacks {name}"));
            assert!(row.ends_with(&format!("| {} |", format!("{treatment:?}").to_lowercase())), "{row}");
        }
    }

    #[test]
    fn every_attribute_is_listed_once() {
        let mut seen: TypeMap<()> = TypeMap::default();
        for (name, ..) in REFERENCE_ATTRIBUTES {
            assert!(seen.get(name).is_none(), "{name}");
            let servers = Server::names().filter_map(Server::from_name);
            assert!(!servers.into_iter().all(|server| server.sets(name)), "{name}");
            seen.insert(name, ());
        }
    }
}
