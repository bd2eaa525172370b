//! The tools that disable and delete accounts at a site, and what that leaves for change files.
//!
//! The rows are the procedures of technical note 819-6839; for `csuser` also the Calendar Server administration guides.
//!
//! | tools | used at | what disables the account | what removes references to it | what deletes the entry |
//! | --- | --- | --- | --- | --- |
//! | ldap | LDAP tools, every server | change file | change file | change file |
//! | delegated-administrator | Delegated Administrator | `commadmin user delete` | `commadmin domain purge` for groups, else change file | `commadmin domain purge` |
//! | csuser | Calendar Server in non-hosted mode | `csuser disable` for `icsAllowedServiceAccess`, else change file | change file | `csuser delete` |
//!
//! None of the tools deletes address books, so change files do.

use crate::ldap::attribute::{is_one_of, same_type};

/// The tools that disable and delete accounts at a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "kebab-case")]
pub enum ProvisioningTools {
    /// LDAP tools such as `ldapmodify` and `ldapdelete`, with change files for everything.
    Ldap,
    /// `commadmin` of Communications Services Delegated Administrator.
    DelegatedAdministrator,
    /// `csuser` of Calendar Server in non-hosted domain mode.
    Csuser,
}

impl ProvisioningTools {
    /// Whether a change file writes this attribute to disable an account.
    pub fn file_writes_disable(self, attribute_type: &str) -> bool {
        match self {
            Self::Ldap => true,
            Self::DelegatedAdministrator => false,
            Self::Csuser => !same_type(attribute_type, "icsAllowedServiceAccess"),
        }
    }

    /// Whether a change file removes values of this attribute that refer to a deleted account.
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
