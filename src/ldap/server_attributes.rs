//! Attributes that a server writes by itself, or shows only on request: one row an attribute.
//!
//! | column | the servers on which | sources |
//! | --- | --- | --- |
//! | `operational` | a search returns the attribute only if it asks for operational attributes (`+`) or names it | the `USAGE` of each server's schema, see below |
//! | `read_only` | a client's value is refused, or dropped from an added entry (NO-USER-MODIFICATION of RFC 4512, 4.1.2; `systemOnly` in Active Directory) | measured, see below |
//! | `maintained` | a client's value is accepted, but the server maintains the attribute, so the value does not last or contradicts other entries | as for `read_only` |
//! | `computed` | the attribute is computed for each search and stored in no entry, so a dump of the database (`slapcat`, `db2ldif`) lacks it | the servers' manuals |
//! | `always_set` | every entry has the attribute | measured |
//! | `writable_with_relax` | slapd accepts the read-only attribute in an added entry that carries the relax rules control | measured |
//!
//! An attribute that is read-only or maintained on a server is *owned* by it: no plan writes it, and no rollback adds it.
//!
//! `ldapsearch` without attributes, or with `*`, returns user attributes alone. An export that was made that way shows no
//! lock such as `pwdAccountLockedTime` or `nsAccountLock`, and a missing attribute says nothing about the account. Such an
//! export is recognised by `always_set`: if no entry shows one of these attributes, the export shows no operational ones.
//!
//! | server | source of `operational` | source of `read_only` and `maintained` |
//! | --- | --- | --- |
//! | OpenLDAP | the schema that is built into slapd 2.5.13 and its overlays | `cn=Subschema` of slapd 2.5.13 with all its overlays; each attribute was added to an entry, with and without the relax control |
//! | 389 DS | `00core.ldif`, `01core389.ldif`, `02common.ldif`, `60acctpolicy.ldif` of 389 DS 2.3.1 | each attribute was added to an entry (0, dropped) and replaced on one (53) |
//! | DSEE | as 389 DS, of the same descent; draft-behera-ldap-password-policy | as 389 DS; `isMemberOf` by its reference |
//! | `OpenDJ` | `02-config.ldif` and `01-pwpolicy.ldif`, as its schema reference prints them | RFC 4512, RFC 4530, draft-behera-ldap-password-policy; not measured |
//! | Active Directory | constructed attributes (MS-ADTS, 3.1.1.4.5); all others, `userAccountControl` and `lockoutTime` too, are returned for `*` | measured with Samba 4.17.12 (`tests/servers/samba_facts.rs`); MS-SAMR (3.1.1.8), MS-ADA1 to MS-ADA3 (`systemOnly`, back links) |

use std::sync::LazyLock;

use super::TypeMap;
use super::server::Server::{self, ActiveDirectory, Ds389, Dsee, OpenDj, OpenLdap};

/// What a server does with a client's value of an attribute that it owns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// It refuses the value, or drops it from an added entry.
    ReadOnly,
    /// It accepts the value, but maintains the attribute itself.
    Maintained,
}

type Servers = &'static [Server];

/// A row of the table; the columns are described at the top of the module.
#[derive(Debug)]
struct ServerAttribute {
    name: &'static str,
    operational: Servers,
    read_only: Servers,
    maintained: Servers,
    computed: Servers,
    always_set: Servers,
    writable_with_relax: bool,
}

const fn row(name: &'static str) -> ServerAttribute {
    ServerAttribute {
        name,
        operational: &[],
        read_only: &[],
        maintained: &[],
        computed: &[],
        always_set: &[],
        writable_with_relax: false,
    }
}

impl ServerAttribute {
    const fn operational(self, operational: Servers) -> Self {
        Self { operational, ..self }
    }

    const fn read_only(self, read_only: Servers) -> Self {
        Self { read_only, ..self }
    }

    const fn maintained(self, maintained: Servers) -> Self {
        Self { maintained, ..self }
    }

    const fn computed(self, computed: Servers) -> Self {
        Self { computed, ..self }
    }

    const fn always_set(self, always_set: Servers) -> Self {
        Self { always_set, ..self }
    }

    const fn writable_with_relax(self) -> Self {
        Self { writable_with_relax: true, ..self }
    }
}

const ALL: Servers = &[Dsee, Ds389, OpenLdap, OpenDj, ActiveDirectory];
const ALL_BUT_AD: Servers = &[Dsee, Ds389, OpenLdap, OpenDj];
/// The servers that descend from Netscape's.
const NETSCAPE: Servers = &[Dsee, Ds389];

#[rustfmt::skip]
static TABLE: &[ServerAttribute] = &[
    // RFC 4512 (3.4, 4.2), RFC 4530, RFC 5020, RFC 3672, RFC 3296
    row("createTimestamp").operational(ALL).read_only(ALL).always_set(ALL_BUT_AD).writable_with_relax(),
    row("modifyTimestamp").operational(ALL).read_only(ALL).always_set(ALL_BUT_AD).writable_with_relax(),
    row("structuralObjectClass").operational(ALL).read_only(ALL).always_set(&[OpenLdap, OpenDj]),
    row("subschemaSubentry").operational(ALL).read_only(ALL).computed(ALL_BUT_AD),
    row("creatorsName").operational(ALL_BUT_AD).read_only(ALL).always_set(ALL_BUT_AD).writable_with_relax(),
    row("modifiersName").operational(ALL_BUT_AD).read_only(ALL).always_set(&[Dsee, Ds389, OpenLdap]).writable_with_relax(),
    row("governingStructureRule").operational(ALL_BUT_AD).read_only(ALL),
    row("entryUUID").operational(ALL_BUT_AD).read_only(ALL).always_set(ALL_BUT_AD).writable_with_relax(),
    row("entryDN").operational(ALL_BUT_AD).read_only(ALL).computed(ALL_BUT_AD).always_set(NETSCAPE),
    row("hasSubordinates").operational(ALL_BUT_AD).read_only(ALL).computed(ALL_BUT_AD),
    row("numSubordinates").operational(ALL_BUT_AD).read_only(ALL).computed(ALL_BUT_AD),
    row("administrativeRole").operational(ALL_BUT_AD),
    row("subtreeSpecification").operational(ALL_BUT_AD),
    row("ref").operational(ALL_BUT_AD),

    // draft-behera-ldap-password-policy: each of the four servers implements some of these
    row("pwdAccountLockedTime").operational(ALL_BUT_AD),
    row("pwdChangedTime").operational(ALL_BUT_AD).read_only(&[OpenLdap, OpenDj]).maintained(NETSCAPE).writable_with_relax(),
    row("pwdExpirationWarned").operational(ALL_BUT_AD),
    row("pwdFailureTime").operational(ALL_BUT_AD).read_only(&[OpenLdap, OpenDj]).writable_with_relax(),
    row("pwdGraceUseTime").operational(ALL_BUT_AD).read_only(&[OpenLdap, OpenDj]).writable_with_relax(),
    row("pwdHistory").operational(ALL_BUT_AD).read_only(&[OpenLdap, OpenDj]).writable_with_relax(),
    row("pwdLastSuccess").operational(ALL_BUT_AD).read_only(&[OpenLdap]),
    row("pwdPolicySubentry").operational(ALL_BUT_AD),
    row("pwdReset").operational(ALL_BUT_AD).read_only(&[Ds389]),
    row("pwdStartTime").operational(ALL_BUT_AD),
    row("pwdEndTime").operational(ALL_BUT_AD),

    // OpenLDAP: replication, and the ppolicy, memberof, lastbind, accesslog and dds overlays
    row("entryCSN").operational(&[OpenLdap]).read_only(&[OpenLdap]).maintained(&[Dsee, Ds389, OpenDj]).always_set(&[OpenLdap]),
    row("contextCSN").operational(&[OpenLdap]).read_only(&[OpenLdap]).maintained(&[Dsee, Ds389, OpenDj]),
    row("namingCSN").operational(&[OpenLdap]),
    row("entryTtl").operational(&[OpenLdap]).read_only(&[OpenLdap]),
    row("entryExpireTimestamp").operational(&[OpenLdap]),
    row("pwdAccountTmpLockoutEnd").operational(&[OpenLdap]).read_only(&[OpenLdap]).writable_with_relax(),
    row("pwdUniqueAttempts").operational(&[OpenLdap]),
    row("authTimestamp").operational(&[OpenLdap]).read_only(&[OpenLdap]).writable_with_relax(),
    // slapo-dynlist computes memberOf, slapo-memberof stores it.
    row("memberOf").operational(&[OpenLdap]).read_only(&[OpenLdap]).maintained(&[Dsee, Ds389, OpenDj, ActiveDirectory]).computed(&[OpenLdap]),
    row("authzTo").operational(&[OpenLdap]),
    row("saslAuthzTo").operational(&[OpenLdap]),
    row("authzFrom").operational(&[OpenLdap]),
    row("saslAuthzFrom").operational(&[OpenLdap]),
    row("OpenLDAPaci").operational(&[OpenLdap]),
    row("auditContext").operational(&[OpenLdap]).read_only(&[OpenLdap]),
    row("minCSN").read_only(&[OpenLdap]),

    // 389 DS, DSEE and OpenDJ
    row("aci").operational(&[Dsee, Ds389, OpenDj]),
    row("entryid").operational(&[Dsee, Ds389, OpenDj]).read_only(&[Dsee, Ds389, OpenDj]).always_set(NETSCAPE),
    row("isMemberOf").operational(&[Dsee, OpenDj]).read_only(&[Dsee, OpenDj]).computed(&[Dsee, OpenDj]),
    row("pwdLastAuthTime").operational(&[Dsee, OpenDj]),

    // 389 DS and DSEE
    row("nsUniqueId").operational(NETSCAPE).read_only(NETSCAPE).always_set(NETSCAPE),
    row("nscpEntryDN").operational(NETSCAPE).read_only(NETSCAPE),
    row("dsEntryDN").operational(NETSCAPE).read_only(NETSCAPE),
    row("dncomp").operational(NETSCAPE).read_only(NETSCAPE),
    row("parentid").operational(NETSCAPE).read_only(NETSCAPE),
    row("entryusn").operational(NETSCAPE).read_only(NETSCAPE),
    row("internalCreatorsName").operational(NETSCAPE).read_only(NETSCAPE),
    row("internalModifiersName").operational(NETSCAPE).read_only(NETSCAPE),
    row("tombstoneNumSubordinates").operational(NETSCAPE).read_only(NETSCAPE),
    row("subordinateCount").operational(NETSCAPE).read_only(NETSCAPE),
    row("copiedFrom").operational(NETSCAPE),
    row("copyingFrom").operational(NETSCAPE),
    row("nsBackendSuffix").operational(NETSCAPE),
    row("nsds5ReplConflict").operational(NETSCAPE).maintained(NETSCAPE),
    row("ConflictCSN").operational(NETSCAPE),
    row("nsAccountLock").operational(NETSCAPE),
    row("nsRole").operational(NETSCAPE).read_only(NETSCAPE).computed(NETSCAPE),
    row("nsRoleDN").operational(NETSCAPE),
    row("nsLookThroughLimit").operational(NETSCAPE),
    row("nsSizeLimit").operational(NETSCAPE),
    row("nsTimeLimit").operational(NETSCAPE),
    row("nsIdleTimeout").operational(NETSCAPE),
    row("nsIDListScanLimit").operational(NETSCAPE),
    row("nsPagedSizeLimit").operational(NETSCAPE),
    row("nsPagedLookThroughLimit").operational(NETSCAPE),
    row("nsPagedIDListScanLimit").operational(NETSCAPE),
    row("accountUnlockTime").operational(NETSCAPE),
    row("passwordExpirationTime").operational(NETSCAPE),
    row("passwordExpWarned").operational(NETSCAPE),
    row("passwordRetryCount").operational(NETSCAPE),
    row("retryCountResetTime").operational(NETSCAPE),
    row("passwordHistory").operational(NETSCAPE),
    row("passwordGraceUserTime").operational(NETSCAPE),
    row("pwdGraceUserTime").operational(NETSCAPE),
    row("passwordAllowChangeTime").operational(NETSCAPE),
    row("pwdUpdateTime").operational(NETSCAPE),
    row("pwdTPRReset").operational(NETSCAPE).read_only(&[Ds389]),
    row("pwdTPRUseCount").operational(NETSCAPE),
    row("pwdTPRValidFrom").operational(NETSCAPE),
    row("pwdTPRExpireAt").operational(NETSCAPE),
    row("acctPolicySubentry").operational(NETSCAPE),
    row("lastLoginTime").operational(NETSCAPE),

    // 389 DS: the Managed Entries plug-in
    row("mepManagedBy").maintained(&[Ds389]),
    row("mepManagedEntry").maintained(&[Ds389]),

    // OpenDJ
    row("ds-pwp-account-disabled").operational(&[OpenDj]),
    row("ds-pwp-account-expiration-time").operational(&[OpenDj]),
    row("ds-pwp-account-status-notification-handler-time").operational(&[OpenDj]),
    row("ds-pwp-last-login-time").operational(&[OpenDj]),
    row("ds-pwp-password-changed-by-required-time").operational(&[OpenDj]),
    row("ds-pwp-password-expiration-time").operational(&[OpenDj]),
    row("ds-pwp-password-policy-dn").operational(&[OpenDj]),
    row("ds-pwp-reset-time").operational(&[OpenDj]),
    row("ds-pwp-warned-time").operational(&[OpenDj]),
    row("ds-privilege-name").operational(&[OpenDj]),
    row("ds-rlim-idle-time-limit").operational(&[OpenDj]),
    row("ds-rlim-lookthrough-limit").operational(&[OpenDj]),
    row("ds-rlim-size-limit").operational(&[OpenDj]),
    row("ds-rlim-time-limit").operational(&[OpenDj]),
    row("ds-sync-hist").operational(&[OpenDj]),
    row("ds-sync-conflict").operational(&[OpenDj]),
    row("etag").operational(&[OpenDj]).read_only(&[OpenDj]),

    // Active Directory: constructed attributes, which a search returns only if it names them
    row("allowedAttributes").operational(&[ActiveDirectory]),
    row("allowedAttributesEffective").operational(&[ActiveDirectory]),
    row("allowedChildClasses").operational(&[ActiveDirectory]),
    row("allowedChildClassesEffective").operational(&[ActiveDirectory]),
    row("canonicalName").operational(&[ActiveDirectory]),
    row("fromEntry").operational(&[ActiveDirectory]),
    row("msDS-Approx-Immed-Subordinates").operational(&[ActiveDirectory]),
    row("msDS-Auxiliary-Classes").operational(&[ActiveDirectory]),
    row("msDS-KeyVersionNumber").operational(&[ActiveDirectory]),
    row("msDS-ManagedPassword").operational(&[ActiveDirectory]),
    row("msDS-PrincipalName").operational(&[ActiveDirectory]),
    row("msDS-ResultantPSO").operational(&[ActiveDirectory]),
    row("msDS-User-Account-Control-Computed").operational(&[ActiveDirectory]),
    row("msDS-UserPasswordExpiryTimeComputed").operational(&[ActiveDirectory]),
    row("parentGUID").operational(&[ActiveDirectory]),
    row("primaryGroupToken").operational(&[ActiveDirectory]),
    row("sDRightsEffective").operational(&[ActiveDirectory]),
    row("tokenGroups").operational(&[ActiveDirectory]),
    row("tokenGroupsGlobalAndUniversal").operational(&[ActiveDirectory]),
    row("tokenGroupsNoGCAcceptable").operational(&[ActiveDirectory]),

    // Active Directory: identity, replication and the state of the account
    row("objectGUID").read_only(&[ActiveDirectory]).always_set(&[ActiveDirectory]),
    row("whenCreated").read_only(&[ActiveDirectory]).always_set(&[ActiveDirectory]),
    row("whenChanged").read_only(&[ActiveDirectory]).always_set(&[ActiveDirectory]),
    row("uSNCreated").read_only(&[ActiveDirectory]).always_set(&[ActiveDirectory]),
    row("uSNChanged").read_only(&[ActiveDirectory]).always_set(&[ActiveDirectory]),
    row("objectSid").maintained(&[ActiveDirectory]),
    row("sIDHistory").maintained(&[ActiveDirectory]),
    row("sAMAccountType").maintained(&[ActiveDirectory]),
    row("primaryGroupID").maintained(&[ActiveDirectory]),
    row("pwdLastSet").maintained(&[ActiveDirectory]),
    row("badPwdCount").maintained(&[ActiveDirectory]),
    row("badPasswordTime").maintained(&[ActiveDirectory]),
    row("lastLogon").maintained(&[ActiveDirectory]),
    row("lastLogoff").maintained(&[ActiveDirectory]),
    row("lastLogonTimestamp").maintained(&[ActiveDirectory]),
    row("logonCount").maintained(&[ActiveDirectory]),
    row("isCriticalSystemObject").maintained(&[ActiveDirectory]),
    row("instanceType").maintained(&[ActiveDirectory]).always_set(&[ActiveDirectory]),
    row("name").maintained(&[ActiveDirectory]),
    row("distinguishedName").maintained(&[ActiveDirectory]),
    row("dSCorePropagationData").maintained(&[ActiveDirectory]),

    // Active Directory: back links, which the server computes from the attribute at the other end (as it does `memberOf`)
    row("directReports").maintained(&[ActiveDirectory]),
    row("managedObjects").maintained(&[ActiveDirectory]),
    row("ownerBL").maintained(&[ActiveDirectory]),
    row("msDS-memberOfTransitive").maintained(&[ActiveDirectory]),
    row("msDS-memberTransitive").maintained(&[ActiveDirectory]),
    row("msExchOwnerBL").maintained(&[ActiveDirectory]),
    row("publicDelegatesBL").maintained(&[ActiveDirectory]),
    row("altRecipientBL").maintained(&[ActiveDirectory]),
    row("authOrigBL").maintained(&[ActiveDirectory]),
    row("unauthOrigBL").maintained(&[ActiveDirectory]),
    row("dLMemSubmitPermsBL").maintained(&[ActiveDirectory]),
    row("dLMemRejectPermsBL").maintained(&[ActiveDirectory]),
    row("isPrivilegeHolder").maintained(&[ActiveDirectory]),
    row("serverReferenceBL").maintained(&[ActiveDirectory]),
    row("msDS-NonMembersBL").maintained(&[ActiveDirectory]),
    row("msDS-ObjectReferenceBL").maintained(&[ActiveDirectory]),
];

/// The rows by all names of their attribute types.
static ROWS: LazyLock<TypeMap<&'static ServerAttribute>> =
    LazyLock::new(|| TABLE.iter().map(|row| (row.name, row)).collect());

/// Whether the table has an attribute type.
pub(super) fn is_listed(attribute: &str) -> bool {
    ROWS.get(attribute).is_some()
}

/// The names in the table.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    TABLE.iter().map(|row| row.name)
}

/// Whether a server returns an attribute only to a search that asks for operational attributes, or names it.
///
/// Here and below, the attribute may have options, and may be given by any of its names or its OID. An attribute that is
/// not in the table counts as a user attribute.
pub fn is_operational(server: Server, attribute: &str) -> bool {
    ROWS.get(attribute).is_some_and(|row| row.operational.contains(&server))
}

/// Whether a dump of the server's database may lack an operational attribute that searches return.
///
/// Active Directory computes every operational attribute.
pub fn is_computed(server: Server, attribute: &str) -> bool {
    let is_computed = |row: &ServerAttribute| server == ActiveDirectory || row.computed.contains(&server);
    ROWS.get(attribute).is_some_and(|row| row.operational.contains(&server) && is_computed(row))
}

/// The attributes that a server sets on every entry: an export that shows operational attributes shows one of them.
///
/// Active Directory returns these for `*`: an export without them was made with a list of attributes.
pub fn always_set(server: Server) -> Vec<&'static str> {
    TABLE.iter().filter(|row| row.always_set.contains(&server)).map(|row| row.name).collect()
}

/// What a server does with a client's value of an attribute; `None` if the server does not own the attribute.
pub fn ownership(server: Server, attribute: &str) -> Option<Ownership> {
    let row = ROWS.get(attribute)?;
    if row.read_only.contains(&server) {
        Some(Ownership::ReadOnly)
    } else {
        row.maintained.contains(&server).then_some(Ownership::Maintained)
    }
}

/// Whether a server refuses or drops a client's value of an attribute.
pub fn is_read_only(server: Server, attribute: &str) -> bool {
    ownership(server, attribute) == Some(Ownership::ReadOnly)
}

/// Whether slapd accepts a read-only attribute in an added entry that carries the relax rules control.
pub fn is_writable_with_relax(attribute: &str) -> bool {
    ROWS.get(attribute).is_some_and(|row| row.writable_with_relax)
}

#[cfg(test)]
mod tests {
    use strum::VariantArray as _;

    use super::Ownership::{Maintained, ReadOnly};
    use super::*;
    use crate::ldap::attribute_types::canonical_name;

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
    fn which_attributes_are_computed() {
        #[rustfmt::skip]
        let table = [
            (OpenLdap,        "memberOf",    true),
            (OpenLdap,        "isMemberOf",  false),
            (OpenLdap,        "entryUUID",   false),
            (Ds389,           "nsRole",      true),
            (Ds389,           "memberOf",    false),
            (OpenDj,          "ismemberof",  true),
            (ActiveDirectory, "memberOf",    false),
            (ActiveDirectory, "tokenGroups", true),
        ];
        for (server, attribute, expected) in table {
            assert_eq!(is_computed(server, attribute), expected, "{server} {attribute}");
        }
    }

    #[test]
    fn which_attributes_a_server_owns() {
        #[rustfmt::skip]
        let table = [
            (OpenLdap,        "entryUUID",             Some(ReadOnly)),
            (OpenLdap,        "1.3.6.1.1.16.4",        Some(ReadOnly)),
            (OpenLdap,        "MEMBEROF;x-option",     Some(ReadOnly)),
            (OpenLdap,        "pwdReset",              None),
            (OpenLdap,        "pwdAccountLockedTime",  None),
            (OpenLdap,        "nsUniqueId",            None),
            (OpenLdap,        "name",                  None),
            (Ds389,           "pwdReset",              Some(ReadOnly)),
            (Ds389,           "internalModifiersName", Some(ReadOnly)),
            (Ds389,           "memberOf",              Some(Maintained)),
            (Ds389,           "nsAccountLock",         None),
            (ActiveDirectory, "objectGUID",            Some(ReadOnly)),
            (ActiveDirectory, "name",                  Some(Maintained)),
            (ActiveDirectory, "managedObjects",        Some(Maintained)),
            (ActiveDirectory, "managedBy",             None),
        ];
        for (server, attribute, expected) in table {
            assert_eq!(ownership(server, attribute), expected, "{server} {attribute}");
        }
    }

    #[test]
    fn an_attribute_has_one_row_and_the_columns_agree() {
        let mut seen = std::collections::BTreeSet::new();
        for row in TABLE {
            assert!(seen.insert(canonical_name(row.name).to_ascii_lowercase()), "{} has two rows", row.name);
            assert!(!row.writable_with_relax || row.read_only.contains(&OpenLdap), "{}", row.name);
            for server in Server::VARIANTS {
                let is = |column: Servers| column.contains(server);
                assert!(!(is(row.read_only) && is(row.maintained)), "{server} {}", row.name);
                assert!(!is(row.computed) || is(row.operational), "{server} {}", row.name);
                // Active Directory returns its own for `*`.
                let is_shown_on_request = is(row.operational) != (*server == ActiveDirectory);
                assert!(!is(row.always_set) || is_shown_on_request, "{server} {}", row.name);
            }
        }
        assert!(Server::VARIANTS.iter().all(|server| !always_set(*server).is_empty()));
    }
}
