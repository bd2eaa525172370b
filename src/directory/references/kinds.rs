//! The table of attributes that name somebody.
//!
//! The last column is what is done where the policy says nothing: `remove` the value, `reassign` it to a successor, leave
//! it for `review`, or `leave` it.
//!
//! Sources: RFC 4512, 4519, 4524, 2307, 2798, 3296; the schema files of OpenLDAP, 389 DS, `FreeIPA` and MIT Kerberos;
//! Sun's Schema Reference (819-4437, 819-2657); [MS-ADA1] to [MS-ADA3]; sudoers.ldap(5).

use Form::{Address, AddressOrUrl, Calendar, Name, NameAndUid, NameOrUid, Netgroup, SudoUser, Text, Uid, Url};
use Treatment::{Leave, Reassign, Remove, Review};

use crate::ldap::attribute::{is_one_of, same_type};

/// How the values of an attribute name somebody; see the table of the [module](super).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A distinguished name.
    Name,
    /// A distinguished name, perhaps with a bit string.
    NameAndUid,
    /// A user name.
    Uid,
    /// Who may do something by sudo.
    SudoUser,
    /// A triple of a netgroup.
    Netgroup,
    /// A calendar.
    Calendar,
    /// A mail address.
    Address,
    /// A mail address or a `mailto:` or `ldap:` URL.
    AddressOrUrl,
    /// A distinguished name or a user name.
    NameOrUid,
    /// An LDAP URL.
    Url,
    /// Text with names in it.
    Text,
}

/// What is done with a value that names somebody who is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Treatment {
    /// The value is removed.
    Remove,
    /// A successor takes its place.
    Reassign,
    /// It is reported and left alone.
    Review,
    /// It is left alone.
    Leave,
}

/// The forms, by their words in a policy (`[[reference]] holds`).
pub const FORMS: [(&str, Form); 11] = [
    ("dn", Name),
    ("dn-and-uid", NameAndUid),
    ("uid", Uid),
    ("dn-or-uid", NameOrUid),
    ("sudo-user", SudoUser),
    ("netgroup", Netgroup),
    ("calendar", Calendar),
    ("address", Address),
    ("address-or-url", AddressOrUrl),
    ("url", Url),
    ("aci", Text),
];

/// What may be done, by its words in a policy (`[[reference]] then`).
pub const TREATMENTS: [(&str, Treatment); 4] =
    [("remove", Remove), ("reassign", Reassign), ("review", Review), ("leave", Leave)];

impl Form {
    /// Its word in a policy.
    pub fn name(self) -> &'static str {
        FORMS.iter().find(|(_, form)| *form == self).map_or("", |(name, _)| name)
    }

    /// Whether a value can be written that names another account in the same form: a successor is known by the name of
    /// the entry and by the mail address.
    pub fn can_be_reassigned(self) -> bool {
        match self {
            Self::Name | Self::NameAndUid | Self::NameOrUid | Self::Address | Self::AddressOrUrl => true,
            Self::Uid | Self::SudoUser | Self::Netgroup | Self::Calendar | Self::Url | Self::Text => false,
        }
    }

    /// Whether a value says for certain whom it names. Inside URLs and access rules names are only looked for, so such
    /// a value is never written.
    pub fn is_certain(self) -> bool {
        !matches!(self, Self::Url | Self::Text)
    }
}

impl Treatment {
    /// Its word in a policy.
    pub fn name(self) -> &'static str {
        TREATMENTS.iter().find(|(_, treatment)| *treatment == self).map_or("", |(name, _)| name)
    }
}

/// The form of the values of an attribute type, if the table has it.
pub fn form_of(attribute_type: &str) -> Option<Form> {
    if same_type(attribute_type, ALIAS) {
        return Some(Name);
    }
    KINDS.iter().find(|(name, ..)| same_type(name, attribute_type)).map(|(_, form, _)| *form)
}

/// Attribute, form of its values, what is done by default.
pub type Kind = (&'static str, Form, Treatment);

/// Every kind that is known.
#[rustfmt::skip]
pub const KINDS: &[Kind] = &[
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
    // Without a value, everybody may send.
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
    // Active Directory; `managedBy` and `manager` stand above
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
    // History, and what a server keeps for itself under names of its own
    ("lastModifiedBy",              Name,         Leave),
    ("distinguishedName",           Name,         Leave),
];

/// The attribute by which an alias names its target (RFC 4512, 2.6): the alias goes with it.
pub const ALIAS: &str = "aliasedObjectName";

/// Attributes whose values are the members of a group.
pub const MEMBERS: [&str; 2] = ["member", "uniqueMember"];

/// Whether the values of an attribute type are the members of a group.
pub fn is_member(attribute_type: &str) -> bool {
    is_one_of(&MEMBERS, attribute_type)
}

/// Attributes whose last value lets everybody in when it goes (819-2657, mgrpAllowedBroadcaster).
pub const OPENS_WHEN_EMPTY: &str = "mgrpAllowedBroadcaster";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ldap::TypeMap;
    use crate::policy::Server;

    /// The page for users has a row for each.
    #[test]
    fn all_are_documented() {
        let page = include_str!("../../../docs/references.md");
        for (name, _, treatment) in KINDS {
            let row = page.lines().find(|line| line.starts_with(&format!("| {name} |")));
            let row = row.unwrap_or_else(|| panic!("docs/references.md lacks {name}"));
            assert!(row.ends_with(&format!("| {} |", format!("{treatment:?}").to_lowercase())), "{row}");
        }
    }

    #[test]
    fn no_kind_stands_there_twice() {
        let mut seen: TypeMap<()> = TypeMap::default();
        for (name, ..) in KINDS {
            assert!(seen.get(name).is_none(), "{name}");
            let servers = Server::names().filter_map(Server::from_name);
            assert!(!servers.into_iter().all(|server| server.sets(name)), "{name}");
            seen.insert(name, ());
        }
    }
}
