//! Attributes that belong to the server: it sets them itself, so no plan writes them and no rollback adds them.
//!
//! | what the server does with a client's value | kind |
//! | --- | --- |
//! | refuses it, or drops it from an addition (NO-USER-MODIFICATION of RFC 4512, 4.1.2; `systemOnly` in AD) | read-only |
//! | takes it, but keeps the attribute itself, so that the value does not last or disagrees with others | maintained |
//!
//! | rows | source |
//! | --- | --- |
//! | OpenLDAP | `cn=Subschema` of slapd 2.5.13 with all its overlays; each was added to an entry, with and without relax |
//! | 389 DS | the schema files of 389 DS 2.3.1; each was added to an entry (0, dropped) and replaced on one (53) |
//! | DSEE | as 389 DS, of the same descent; isMemberOf by its reference |
//! | `OpenDJ` | RFC 4512, RFC 4530, draft-behera-ldap-password-policy; not measured |
//! | Active Directory | measured with Samba 4.17.12 (`tests/servers/samba_facts.rs`); MS-SAMR (3.1.1.8), MS-ADA1 to MS-ADA3 (`systemOnly`, back links) |

use super::attribute::base_type;
use super::attribute_types::canonical_name;
use super::managed_entries::{MANAGED_BY, MANAGED_ENTRY};
use crate::policy::Server;
use Ownership::{Maintained, ReadOnly};
use Server::{ActiveDirectory, Ds389, Dsee, OpenDj, OpenLdap};

/// What a server does with a client's value of an attribute that belongs to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// It refuses the value, or drops it from an addition.
    ReadOnly,
    /// It takes the value, but keeps the attribute itself.
    Maintained,
}

struct Row {
    servers: &'static [Server],
    ownership: Ownership,
    attributes: &'static [&'static str],
}

const ALL: &[Server] = &[Dsee, Ds389, OpenLdap, OpenDj, ActiveDirectory];

const TABLE: [Row; 13] = [
    Row {
        servers: ALL,
        ownership: ReadOnly,
        attributes: &[
            "createTimestamp",
            "creatorsName",
            "modifyTimestamp",
            "modifiersName",
            "structuralObjectClass",
            "governingStructureRule",
            "subschemaSubentry",
            "entryDN",
            "entryUUID",
            "hasSubordinates",
            "numSubordinates",
        ],
    },
    // Replication and the state of the password policy.
    Row {
        servers: &[OpenLdap],
        ownership: ReadOnly,
        attributes: &[
            "entryCSN",
            "contextCSN",
            "minCSN",
            "entryTtl",
            "memberOf",
            "auditContext",
            "authTimestamp",
            "pwdLastSuccess",
            "pwdChangedTime",
            "pwdFailureTime",
            "pwdHistory",
            "pwdGraceUseTime",
            "pwdAccountTmpLockoutEnd",
        ],
    },
    Row {
        servers: &[Dsee, Ds389],
        ownership: ReadOnly,
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
            "nsRole",
        ],
    },
    Row { servers: &[Ds389], ownership: ReadOnly, attributes: &["pwdReset", "pwdTPRReset"] },
    Row { servers: &[Dsee, OpenDj], ownership: ReadOnly, attributes: &["isMemberOf"] },
    Row {
        servers: &[OpenDj],
        ownership: ReadOnly,
        attributes: &["entryid", "etag", "pwdChangedTime", "pwdFailureTime", "pwdHistory", "pwdGraceUseTime"],
    },
    // What the memberOf plug-in, managed entries and the password policy keep: a client may write them all the same.
    Row {
        servers: &[Dsee, Ds389],
        ownership: Maintained,
        attributes: &["memberOf", "pwdChangedTime", "nsds5ReplConflict"],
    },
    Row { servers: &[Ds389], ownership: Maintained, attributes: &[MANAGED_BY, MANAGED_ENTRY] },
    Row { servers: &[OpenDj], ownership: Maintained, attributes: &["memberOf"] },
    // A shared name of replication, wherever an export shows it.
    Row { servers: &[Dsee, Ds389, OpenDj], ownership: Maintained, attributes: &["entryCSN", "contextCSN"] },
    Row {
        servers: &[ActiveDirectory],
        ownership: ReadOnly,
        attributes: &["objectGUID", "whenCreated", "whenChanged", "uSNCreated", "uSNChanged"],
    },
    Row {
        servers: &[ActiveDirectory],
        ownership: Maintained,
        attributes: &[
            "objectSid",
            "sIDHistory",
            "sAMAccountType",
            "primaryGroupID",
            "pwdLastSet",
            "badPwdCount",
            "badPasswordTime",
            "lastLogon",
            "lastLogoff",
            "lastLogonTimestamp",
            "logonCount",
            "isCriticalSystemObject",
            "instanceType",
            "name",
            "distinguishedName",
            "dSCorePropagationData",
        ],
    },
    // Back links: the server computes them from the attribute at the other end.
    Row {
        servers: &[ActiveDirectory],
        ownership: Maintained,
        attributes: &[
            "memberOf",
            "directReports",
            "managedObjects",
            "ownerBL",
            "msDS-memberOfTransitive",
            "msDS-memberTransitive",
            "msExchOwnerBL",
            "publicDelegatesBL",
            "altRecipientBL",
            "authOrigBL",
            "unauthOrigBL",
            "dLMemSubmitPermsBL",
            "dLMemRejectPermsBL",
            "isPrivilegeHolder",
            "serverReferenceBL",
            "msDS-NonMembersBL",
            "msDS-ObjectReferenceBL",
        ],
    },
];

/// Read-only attributes that slapd takes in an addition with the relax rules control: each was added to an entry.
const TAKEN_WITH_RELAX: [&str; 11] = [
    "entryUUID",
    "creatorsName",
    "createTimestamp",
    "modifiersName",
    "modifyTimestamp",
    "authTimestamp",
    "pwdChangedTime",
    "pwdFailureTime",
    "pwdHistory",
    "pwdGraceUseTime",
    "pwdAccountTmpLockoutEnd",
];

fn names(list: &[&str], canonical: &str) -> bool {
    list.iter().any(|own| canonical_name(own).eq_ignore_ascii_case(canonical))
}

/// What a server does with a client's value of an attribute; `None` if the attribute is the client's.
///
/// The attribute may have options, and may be called by any of its names or its OID where that is known.
pub fn ownership(server: Server, attribute: &str) -> Option<Ownership> {
    let name = canonical_name(base_type(attribute));
    let mut rows = TABLE.iter().filter(|row| row.servers.contains(&server));
    rows.find(|row| names(row.attributes, name)).map(|row| row.ownership)
}

/// Whether a server refuses or drops a client's value of an attribute.
pub fn is_read_only(server: Server, attribute: &str) -> bool {
    ownership(server, attribute) == Some(ReadOnly)
}

/// Whether a server takes a read-only attribute in an addition that has the relax rules control (`OpenLDAP`).
pub fn is_taken_with_relax(attribute: &str) -> bool {
    names(&TAKEN_WITH_RELAX, canonical_name(base_type(attribute)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_an_attribute_is() {
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
    fn an_attribute_has_one_row_a_server() {
        for server in ALL {
            let rows = TABLE.iter().filter(|row| row.servers.contains(server));
            let mut all: Vec<String> =
                rows.flat_map(|row| row.attributes).map(|name| canonical_name(name).to_ascii_lowercase()).collect();
            all.sort();
            let count = all.len();
            all.dedup();
            assert_eq!(all.len(), count, "{server}");
        }
    }

    #[test]
    fn what_relax_takes_is_read_only() {
        assert!(TAKEN_WITH_RELAX.iter().all(|name| is_read_only(OpenLdap, name)));
    }
}
