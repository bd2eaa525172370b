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
pub struct Profile {
    /// Its word in a policy.
    pub name: &'static str,
    /// Its tools read a `version: 1` line (Samba's ldbmodify refuses it).
    pub version_line: bool,
    /// The last value of `member` may go: the schema has it as MAY (slapd answers 65, 389 and Samba 0).
    pub last_member_may_go: bool,
    /// It knows the assertion control of RFC 4528 (389 and Samba answer 12 to a critical one).
    pub assertion_control: bool,
}

/// One row a server.
const PROFILES: [(Server, Profile); 5] = [
    (Server::Dsee, Profile { name: "dsee", version_line: true, last_member_may_go: true, assertion_control: false }),
    (Server::Ds389, Profile { name: "389ds", version_line: true, last_member_may_go: true, assertion_control: false }),
    (
        Server::OpenLdap,
        Profile { name: "openldap", version_line: true, last_member_may_go: false, assertion_control: true },
    ),
    (
        Server::OpenDj,
        Profile { name: "opendj", version_line: true, last_member_may_go: false, assertion_control: true },
    ),
    (
        Server::ActiveDirectory,
        Profile { name: "ad", version_line: false, last_member_may_go: true, assertion_control: false },
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

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.profile().name)
    }
}
