//! Operational attributes (RFC 4512, 3.4), by server: those that a search returns only if it asks for them.
//!
//! `ldapsearch` without attributes, or with `*`, returns user attributes alone. An export made that way holds no lock
//! such as `pwdAccountLockedTime` or `nsAccountLock`, and that the attribute is missing says nothing about the entry.
//! Such an export is recognised by the attributes that the server sets on every entry ([`always_set`]): where no entry
//! shows one of them, the export shows no operational attributes.
//!
//! | rows | source |
//! | --- | --- |
//! | all servers | RFC 4512 (3.4, 4.2), RFC 4530, RFC 5020, RFC 3672, RFC 3296 |
//! | OpenLDAP | the schema that slapd 2.5.13 and its overlays have built in (`USAGE`): ppolicy, memberof, lastbind, accesslog |
//! | 389 DS, DSEE | `00core.ldif`, `01core389.ldif`, `02common.ldif`, `60acctpolicy.ldif` of 389 DS 2.3.1 (`USAGE`); the password policy of DSEE (draft-behera-ldap-password-policy) |
//! | `OpenDJ` | `02-config.ldif` and `01-pwpolicy.ldif`, as its schema reference prints them |
//! | Active Directory | constructed attributes: MS-ADTS, 3.1.1.4.5. All others, `userAccountControl` and `lockoutTime` too, are returned for `*` |

use super::attribute::base_type;
use super::attribute_types::canonical_name;
use crate::policy::Server;
use Server::{ActiveDirectory, Ds389, Dsee, OpenDj, OpenLdap};

/// The operational attributes of some servers.
struct Row {
    servers: &'static [Server],
    attributes: &'static [&'static str],
}

const ALL: &[Server] = &[Dsee, Ds389, OpenLdap, OpenDj, ActiveDirectory];

const TABLE: [Row; 9] = [
    Row {
        servers: ALL,
        attributes: &["createTimestamp", "modifyTimestamp", "structuralObjectClass", "subschemaSubentry"],
    },
    Row {
        servers: &[Dsee, Ds389, OpenLdap, OpenDj],
        attributes: &[
            "creatorsName",
            "modifiersName",
            "governingStructureRule",
            "entryUUID",
            "entryDN",
            "hasSubordinates",
            "numSubordinates",
            "administrativeRole",
            "subtreeSpecification",
            "ref",
        ],
    },
    // draft-behera-ldap-password-policy: these four have it, each with some of the attributes.
    Row {
        servers: &[Dsee, Ds389, OpenLdap, OpenDj],
        attributes: &[
            "pwdAccountLockedTime",
            "pwdChangedTime",
            "pwdExpirationWarned",
            "pwdFailureTime",
            "pwdGraceUseTime",
            "pwdHistory",
            "pwdLastSuccess",
            "pwdPolicySubentry",
            "pwdReset",
            "pwdStartTime",
            "pwdEndTime",
        ],
    },
    Row {
        servers: &[OpenLdap],
        attributes: &[
            "entryCSN",
            "contextCSN",
            "namingCSN",
            "entryTtl",
            "entryExpireTimestamp",
            "pwdAccountTmpLockoutEnd",
            "pwdUniqueAttempts",
            "authTimestamp",
            "memberOf",
            "authzTo",
            "saslAuthzTo",
            "authzFrom",
            "saslAuthzFrom",
            "OpenLDAPaci",
            "auditContext",
        ],
    },
    Row { servers: &[Dsee, Ds389, OpenDj], attributes: &["aci"] },
    Row {
        servers: &[Dsee, Ds389],
        attributes: &[
            "nsUniqueId",
            "nscpEntryDN",
            "dsEntryDN",
            "dncomp",
            "entryid",
            "parentid",
            "entryusn",
            "internalCreatorsName",
            "internalModifiersName",
            "tombstoneNumSubordinates",
            "subordinateCount",
            "copiedFrom",
            "copyingFrom",
            "nsBackendSuffix",
            "nsds5ReplConflict",
            "ConflictCSN",
            "nsAccountLock",
            "nsRole",
            "nsRoleDN",
            "nsLookThroughLimit",
            "nsSizeLimit",
            "nsTimeLimit",
            "nsIdleTimeout",
            "nsIDListScanLimit",
            "nsPagedSizeLimit",
            "nsPagedLookThroughLimit",
            "nsPagedIDListScanLimit",
            "accountUnlockTime",
            "passwordExpirationTime",
            "passwordExpWarned",
            "passwordRetryCount",
            "retryCountResetTime",
            "passwordHistory",
            "passwordGraceUserTime",
            "pwdGraceUserTime",
            "passwordAllowChangeTime",
            "pwdUpdateTime",
            "pwdTPRReset",
            "pwdTPRUseCount",
            "pwdTPRValidFrom",
            "pwdTPRExpireAt",
            "acctPolicySubentry",
            "lastLoginTime",
        ],
    },
    Row { servers: &[Dsee], attributes: &["isMemberOf", "pwdLastAuthTime"] },
    Row {
        servers: &[OpenDj],
        attributes: &[
            "isMemberOf",
            "entryid",
            "ds-pwp-account-disabled",
            "ds-pwp-account-expiration-time",
            "ds-pwp-account-status-notification-handler-time",
            "ds-pwp-last-login-time",
            "ds-pwp-password-changed-by-required-time",
            "ds-pwp-password-expiration-time",
            "ds-pwp-password-policy-dn",
            "ds-pwp-reset-time",
            "ds-pwp-warned-time",
            "ds-privilege-name",
            "ds-rlim-idle-time-limit",
            "ds-rlim-lookthrough-limit",
            "ds-rlim-size-limit",
            "ds-rlim-time-limit",
            "ds-sync-hist",
            "ds-sync-conflict",
            "pwdLastAuthTime",
            "etag",
        ],
    },
    Row {
        servers: &[ActiveDirectory],
        attributes: &[
            "allowedAttributes",
            "allowedAttributesEffective",
            "allowedChildClasses",
            "allowedChildClassesEffective",
            "canonicalName",
            "fromEntry",
            "msDS-Approx-Immed-Subordinates",
            "msDS-Auxiliary-Classes",
            "msDS-KeyVersionNumber",
            "msDS-ManagedPassword",
            "msDS-PrincipalName",
            "msDS-ResultantPSO",
            "msDS-User-Account-Control-Computed",
            "msDS-UserPasswordExpiryTimeComputed",
            "parentGUID",
            "primaryGroupToken",
            "sDRightsEffective",
            "tokenGroups",
            "tokenGroupsGlobalAndUniversal",
            "tokenGroupsNoGCAcceptable",
        ],
    },
];

/// Whether a server returns an attribute only to a search that asks for operational attributes, or names it.
///
/// The attribute may have options, and may be called by any of its names or its OID where that is known. An attribute
/// that is not in the table counts as a user attribute.
pub fn is_operational(server: Server, attribute: &str) -> bool {
    let name = canonical_name(base_type(attribute));
    let mut rows = TABLE.iter().filter(|row| row.servers.contains(&server));
    rows.any(|row| row.attributes.iter().any(|own| canonical_name(own).eq_ignore_ascii_case(name)))
}

/// Attributes that a server sets on every entry: an export that shows operational attributes shows one of them.
///
/// For Active Directory these are returned for `*`: an export without them was asked for some attributes only.
pub fn always_set(server: Server) -> &'static [&'static str] {
    match server {
        // creatorsName and the times are missing with `lastmod off`; the class and the UUID are not.
        OpenLdap => &[
            "structuralObjectClass",
            "entryUUID",
            "entryCSN",
            "createTimestamp",
            "modifyTimestamp",
            "creatorsName",
            "modifiersName",
        ],
        Dsee | Ds389 => &[
            "nsUniqueId",
            "entryid",
            "entrydn",
            "createTimestamp",
            "modifyTimestamp",
            "creatorsName",
            "modifiersName",
            "entryUUID",
        ],
        OpenDj => &["entryUUID", "createTimestamp", "creatorsName", "structuralObjectClass", "modifyTimestamp"],
        ActiveDirectory => &["objectGUID", "whenCreated", "whenChanged", "uSNCreated", "uSNChanged", "instanceType"],
    }
}

/// How to export entries with their operational attributes, for messages: a command, with the search base left open.
pub fn export_command(server: Server) -> &'static str {
    match server {
        OpenLdap => "slapcat, or ldapsearch -LLL -o ldif-wrap=no -b BASE '(objectClass=*)' '*' '+'",
        // 389 DS returns nsAccountLock and its kin for `+` since 1.2; naming them costs nothing and works with DSEE.
        Ds389 | Dsee => {
            "db2ldif, or ldapsearch -LLL -o ldif-wrap=no -b BASE '(objectClass=*)' '*' '+' nsAccountLock nsRoleDN aci"
        }
        OpenDj => "export-ldif, or ldapsearch -LLL -b BASE '(objectClass=*)' '*' '+'",
        ActiveDirectory => {
            "ldapsearch -LLL -o ldif-wrap=no -b BASE '(objectClass=*)' '*', and every constructed attribute by its name"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_attributes_are_operational() {
        #[rustfmt::skip]
        let table = [
            (OpenLdap,        "pwdAccountLockedTime",  true),
            (OpenLdap,        "PWDRESET;x-option",     true),
            (OpenLdap,        "nsAccountLock",         false),
            (OpenLdap,        "memberOf",              true),
            (OpenLdap,        "description",           false),
            (Ds389,           "nsaccountlock",         true),
            (Ds389,           "memberOf",              false),
            (Ds389,           "nsRoleDN",              true),
            (OpenDj,          "ds-pwp-account-disabled", true),
            (ActiveDirectory, "userAccountControl",    false),
            (ActiveDirectory, "tokenGroups",           true),
            (ActiveDirectory, "createTimeStamp",       true),
        ];
        for (server, attribute, expected) in table {
            assert_eq!(is_operational(server, attribute), expected, "{server} {attribute}");
        }
    }

    #[test]
    fn what_is_always_set_is_operational_where_a_search_for_all_does_not_return_it() {
        for server in [Dsee, Ds389, OpenLdap, OpenDj] {
            assert!(always_set(server).iter().all(|name| is_operational(server, name)), "{server}");
        }
        // Active Directory returns these for `*`.
        assert!(!always_set(ActiveDirectory).iter().any(|name| is_operational(ActiveDirectory, name)));
    }
}
