//! What differs between servers, as far as a plan depends on it. Measured; see the sources at each column.

use std::fmt;

/// A kind of directory server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// Sun/Oracle Directory Server Enterprise Edition.
    Dsee,
    /// 389 Directory Server.
    Ds389,
    /// OpenLDAP slapd.
    OpenLdap,
    /// OpenDJ and its kin.
    OpenDj,
    /// Active Directory, Samba.
    ActiveDirectory,
}

/// The facts about a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "a table of facts, each yes or no")]
pub struct Profile {
    /// Its word in a policy.
    pub name: &'static str,
    /// Its tools read a `version: 1` line (Samba's ldbmodify refuses it).
    pub version_line: bool,
    /// The last value of `member` may go: the schema has it as MAY (slapd answers 65, 389 and Samba 0).
    pub last_member_may_go: bool,
    /// It knows the assertion control of RFC 4528 (389 and Samba answer 12 to a critical one).
    pub assertion_control: bool,
    /// It changes the values that name a moved entry by itself (AD and Samba do, for linked attributes; referential
    /// integrity elsewhere is an option that is off by default).
    pub follows_moves: bool,
    /// It refuses an entry without its structural class (65): RFC 4512, 2.4.2; DSEE and 389 do not look.
    pub enforces_structural_class: bool,
    /// It refuses to delete one value of a type without an EQUALITY rule (18); the others compare all values.
    pub needs_equality: bool,
    /// `description` and `info` take one value only (MS-ADA1, MS-ADA3; elsewhere RFC 4519 and RFC 4524 allow many).
    pub notes_are_single: bool,
}

/// One row a server.
const PROFILES: [(Server, Profile); 5] = [
    (
        Server::Dsee,
        Profile {
            name: "dsee",
            version_line: true,
            last_member_may_go: true,
            assertion_control: false,
            follows_moves: false,
            enforces_structural_class: false,
            needs_equality: false,
            notes_are_single: false,
        },
    ),
    (
        Server::Ds389,
        Profile {
            name: "389ds",
            version_line: true,
            last_member_may_go: true,
            assertion_control: false,
            follows_moves: false,
            enforces_structural_class: false,
            needs_equality: false,
            notes_are_single: false,
        },
    ),
    (
        Server::OpenLdap,
        Profile {
            name: "openldap",
            version_line: true,
            last_member_may_go: false,
            assertion_control: true,
            follows_moves: false,
            enforces_structural_class: true,
            needs_equality: true,
            notes_are_single: false,
        },
    ),
    (
        Server::OpenDj,
        Profile {
            name: "opendj",
            version_line: true,
            last_member_may_go: false,
            assertion_control: true,
            follows_moves: false,
            enforces_structural_class: true,
            needs_equality: true,
            notes_are_single: false,
        },
    ),
    (
        Server::ActiveDirectory,
        Profile {
            name: "ad",
            version_line: false,
            last_member_may_go: true,
            assertion_control: false,
            follows_moves: true,
            enforces_structural_class: true,
            needs_equality: false,
            notes_are_single: true,
        },
    ),
];

impl Server {
    /// The server of this word.
    pub fn called(name: &str) -> Option<Self> {
        PROFILES.iter().find(|(_, profile)| profile.name == name).map(|(server, _)| *server)
    }

    /// All words.
    pub fn names() -> impl Iterator<Item = &'static str> {
        PROFILES.iter().map(|(_, profile)| profile.name)
    }

    /// What is known of it.
    pub fn profile(self) -> Profile {
        let known = PROFILES.iter().find(|(server, _)| *server == self);
        known.map_or(PROFILES[0].1, |(_, profile)| *profile)
    }
}

impl Server {
    /// Whether the server sets an attribute by itself, so that no addition may carry it.
    ///
    /// Everywhere: NO-USER-MODIFICATION of RFC 4512 (3.4, 4.2), RFC 4530, and of OpenLDAP, 389 DS, DSEE, OpenDJ; back
    /// links such as memberOf. Active Directory's own: measured with Samba (`tests/servers/samba_facts.rs`), and what
    /// MS-SAMR (3.1.1.8) and the schema (`systemOnly`) say of the others. Elsewhere these names are anybody's.
    pub fn sets(self, attribute_type: &str) -> bool {
        const EVERYWHERE: [&str; 24] = [
            "createTimestamp",
            "creatorsName",
            "modifyTimestamp",
            "modifiersName",
            "structuralObjectClass",
            "governingStructureRule",
            "subschemaSubentry",
            "entryDN",
            "dsEntryDN",
            "entryUUID",
            "entryCSN",
            "contextCSN",
            "hasSubordinates",
            "numSubordinates",
            "subordinateCount",
            "entryid",
            "parentid",
            "nsUniqueId",
            "nscpEntryDN",
            "dncomp",
            "memberOf",
            "isMemberOf",
            "nsRole",
            "pwdChangedTime",
        ];
        const ACTIVE_DIRECTORY: [&str; 23] = [
            "objectGUID",
            "objectSid",
            "sIDHistory",
            "whenCreated",
            "whenChanged",
            "uSNCreated",
            "uSNChanged",
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
            "directReports",
            "managedObjects",
        ];
        let named = |name: &&str| name.eq_ignore_ascii_case(attribute_type);
        EVERYWHERE.iter().any(named) || (self == Self::ActiveDirectory && ACTIVE_DIRECTORY.iter().any(named))
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.profile().name)
    }
}
