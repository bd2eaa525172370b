//! What marks and deletes accounts at a site, and so what is left for change files.
//!
//! Technical note 819-6839, one row a procedure; `csuser`: Calendar Server administration guides.
//!
//! | tools | for | the mark | values that name the account | the entry |
//! | --- | --- | --- | --- | --- |
//! | ldap | LDAP tools, every server | change file | change file | change file |
//! | delegated-administrator | Delegated Administrator | `commadmin user delete` | `commadmin domain purge` for groups, else change file | `commadmin domain purge` |
//! | csuser | Calendar Server in non-hosted mode | `csuser disable` writes `icsAllowedServiceAccess`, a change file the rest | change file | `csuser delete` |
//!
//! Address books are left by all of them: always a change file.

use crate::ldap::attribute::{is_one_of, same_type};

/// The tools of a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProvisioningTools {
    /// `ldapmodify` and `ldapdelete` do everything.
    Ldap,
    /// Communications Services Delegated Administrator.
    DelegatedAdministrator,
    /// The Calendar Server's own, in non-hosted domain mode.
    Csuser,
}

impl ProvisioningTools {
    /// All of them, with their words.
    pub const ALL: [(&'static str, Self); 3] =
        [("ldap", Self::Ldap), ("delegated-administrator", Self::DelegatedAdministrator), ("csuser", Self::Csuser)];

    /// Whether a change file writes this attribute of the mark.
    pub fn file_writes_disable(self, attribute_type: &str) -> bool {
        match self {
            Self::Ldap => true,
            Self::DelegatedAdministrator => false,
            Self::Csuser => !same_type(attribute_type, "icsAllowedServiceAccess"),
        }
    }

    /// Whether a change file cleans values of this attribute that name a deleted account.
    pub fn file_cleans(self, attribute_type: &str) -> bool {
        const GROUPS: [&str; 3] = ["member", "uniqueMember", "owner"];
        self != Self::DelegatedAdministrator || !is_one_of(&GROUPS, attribute_type)
    }

    /// Whether a change file strips services.
    pub fn file_strips(self) -> bool {
        self != Self::DelegatedAdministrator
    }

    /// Whether a change file deletes the entry.
    pub fn file_deletes(self) -> bool {
        self == Self::Ldap
    }
}
