//! Single-valued attribute types that are known without a schema.
//!
//! `nsAccountLock` is not in the table: 389 DS adds `true` to an entry that has `false`, and the account can still log in.
//!
//! | types | source |
//! | --- | --- |
//! | [`SINGLE`] | RFC 2307, RFC 2798, RFC 4512, RFC 4519, Sun's schema reference (819-4437), MS-SAMR |
//! | [`SINGLE_IN_AD`], `extensionAttribute1` to `15` | MS-ADA1 to MS-ADA3; on other servers they may have several values |

use super::server::{Profile, Schema};
use crate::ldap::attribute::is_one_of;

/// Single-valued on every server.
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

/// Single-valued in Active Directory.
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

/// The prefix of the attributes that Exchange defines for a site's own use.
const EXTENSION: &str = "extensionAttribute";

impl Profile {
    /// Whether an attribute type is known to be single-valued on this server.
    pub fn takes_one_value(&self, attribute_type: &str) -> bool {
        let is_extension =
            || attribute_type.get(..EXTENSION.len()).is_some_and(|it| it.eq_ignore_ascii_case(EXTENSION));
        is_one_of(&SINGLE, attribute_type)
            || self.schema == Schema::ActiveDirectory && (is_one_of(&SINGLE_IN_AD, attribute_type) || is_extension())
    }
}
