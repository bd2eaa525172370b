//! Attribute types with at most one value, as far as `offboard` knows them without reading a schema.
//!
//! `nsAccountLock` is not one of them: 389 DS adds `true` to an entry that has `false`, and lets the account in.
//!
//! | types | known from |
//! | --- | --- |
//! | [`SINGLE`] | RFC 2307, RFC 2798, RFC 4512, RFC 4519, Sun's schema reference (819-4437), MS-SAMR |
//! | [`SINGLE_IN_AD`], `extensionAttribute1` to `15` | MS-ADA1 to MS-ADA3: they take many values elsewhere |

use super::server::{Profile, Schema};
use crate::ldap::attribute::is_one_of;

/// On every server.
const SINGLE: [&str; 40] = [
    "aliasedObjectName",
    "c",
    "dc",
    "displayName",
    "employeeNumber",
    "preferredLanguage",
    "preferredDeliveryMethod",
    "uidNumber",
    "gidNumber",
    "gecos",
    "homeDirectory",
    "loginShell",
    "shadowLastChange",
    "shadowMin",
    "shadowMax",
    "shadowWarning",
    "shadowInactive",
    "shadowExpire",
    "shadowFlag",
    "inetUserStatus",
    "inetDomainStatus",
    "inetMailGroupStatus",
    "iplanet-am-user-login-status",
    "mailUserStatus",
    "mailDomainStatus",
    "mailHost",
    "icsStatus",
    "piEntryID",
    "piPStoreOwner",
    "pwdAccountLockedTime",
    "ds-pwp-account-disabled",
    "pwdPolicySubentry",
    "userAccountControl",
    "accountExpires",
    "primaryGroupID",
    "sAMAccountName",
    "userPrincipalName",
    "managedBy",
    "objectSid",
    "objectGUID",
];

/// In Active Directory.
const SINGLE_IN_AD: [&str; 11] = [
    "cn",
    "givenName",
    "initials",
    "mail",
    "manager",
    "physicalDeliveryOfficeName",
    "sn",
    "title",
    "description",
    "info",
    "comment",
];

/// How the attributes that Exchange brings for a site's own use begin.
const EXTENSION: &str = "extensionAttribute";

impl Profile {
    /// Whether a second value is known to be refused.
    pub fn takes_one_value(&self, attribute_type: &str) -> bool {
        let is_extension =
            || attribute_type.get(..EXTENSION.len()).is_some_and(|it| it.eq_ignore_ascii_case(EXTENSION));
        is_one_of(&SINGLE, attribute_type)
            || self.schema == Schema::ActiveDirectory && (is_one_of(&SINGLE_IN_AD, attribute_type) || is_extension())
    }
}
