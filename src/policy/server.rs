//! What differs between servers, as far as a plan depends on it. Measured; see the sources at each column.

use std::fmt;

use crate::ldap::change::RELAX_RULES;
use crate::ldap::vocabulary::FilterRules;
use crate::ldap::{ResultCode, server_owned};

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
    /// Which server it is.
    pub server: Server,
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
    /// It knows the increment of RFC 4525 (389 and Samba answer 2).
    pub increments: bool,
    /// A rename may keep the value of the old name (Samba answers 53).
    pub keeps_old_rdn: bool,
    /// An addition may carry attributes that are the server's own: it drops them (389: 0; slapd and Samba refuse).
    pub drops_own_in_add: bool,
    /// Whose classes and attribute types it has.
    pub schema: Schema,
    /// Controls that it knows next to the assertion; a critical one that it does not know is 12.
    pub controls: &'static [&'static str],
    /// How it evaluates filters.
    pub filters: FilterRules,
    /// The codes in which servers differ.
    pub codes: Codes,
}

/// Whose classes and attribute types a server has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schema {
    /// Those of the RFCs.
    Rfc,
    /// Active Directory's, where `person` requires no `sn`.
    ActiveDirectory,
}

/// The codes with which a server refuses what all refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Codes {
    /// A second value of a single-valued attribute.
    pub second_value: ResultCode,
    /// A value of the entry's own name is deleted.
    pub naming_value: ResultCode,
    /// The new parent of a moved entry is not there.
    pub new_parent: ResultCode,
    /// The attribute is the server's own.
    pub of_the_server: ResultCode,
    /// The value should be a name and is none.
    pub no_name: ResultCode,
    /// The value of a linked attribute to delete is not there.
    pub no_link: ResultCode,
    /// The value of a linked attribute to add is there.
    pub link_there: ResultCode,
}

/// Measured with OpenLDAP 2.5.13.
const CODES_OF_SLAPD: Codes = Codes {
    second_value: ResultCode::ConstraintViolation,
    naming_value: ResultCode::NamingViolation,
    new_parent: ResultCode::NoSuchObject,
    of_the_server: ResultCode::ConstraintViolation,
    no_name: ResultCode::InvalidAttributeSyntax,
    no_link: ResultCode::NoSuchAttribute,
    link_there: ResultCode::AttributeOrValueExists,
};

/// Measured with 389 Directory Server 2.3.1; taken for DSEE, which is of the same descent.
const CODES_OF_389: Codes = Codes {
    second_value: ResultCode::ObjectClassViolation,
    naming_value: ResultCode::NotAllowedOnRdn,
    of_the_server: ResultCode::UnwillingToPerform,
    ..CODES_OF_SLAPD
};

/// Not measured: the codes of RFC 4511 (A.2) where the two above differ.
const CODES_OF_OPENDJ: Codes = Codes {
    second_value: ResultCode::ObjectClassViolation,
    naming_value: ResultCode::NotAllowedOnRdn,
    ..CODES_OF_SLAPD
};

/// Measured with Samba 4.17.12.
const CODES_OF_AD: Codes = Codes {
    second_value: ResultCode::AttributeOrValueExists,
    naming_value: ResultCode::NotAllowedOnRdn,
    new_parent: ResultCode::Other,
    of_the_server: ResultCode::ConstraintViolation,
    no_name: ResultCode::InvalidDnSyntax,
    no_link: ResultCode::UnwillingToPerform,
    link_there: ResultCode::EntryAlreadyExists,
};

/// Measured with OpenLDAP 2.5.13.
const FILTERS_OF_SLAPD: FilterRules = FilterRules { finds_subtypes: true, orders_text: false };

/// Measured with 389 Directory Server 2.3.1; taken for DSEE, which is of the same descent. Its searches do not follow
/// supertypes; a filter of a policy does, as RFC 4511 (4.5.1) has it.
const FILTERS_OF_389: FilterRules = FilterRules { finds_subtypes: true, orders_text: true };

/// Not measured: RFC 4511 (4.5.1) for subtypes; its reference orders directory strings.
const FILTERS_OF_OPENDJ: FilterRules = FilterRules { finds_subtypes: true, orders_text: true };

/// MS-ADTS 3.1.1.2: no attribute derives from another; strings are ordered by their sort key.
const FILTERS_OF_AD: FilterRules = FilterRules { finds_subtypes: false, orders_text: true };

/// Manage DSA IT (RFC 3296), pre-read and post-read (RFC 4527): all servers but Active Directory name them in their
/// root entry.
const USUAL_CONTROLS: &[&str] = &["2.16.840.1.113730.3.4.2", "1.3.6.1.1.13.1", "1.3.6.1.1.13.2"];

/// The usual ones and relax rules.
const CONTROLS_OF_SLAPD: &[&str] = &["2.16.840.1.113730.3.4.2", "1.3.6.1.1.13.1", "1.3.6.1.1.13.2", RELAX_RULES];

/// Measured with 389 Directory Server 2.3.1.
const OF_389: Profile = Profile {
    server: Server::Ds389,
    name: "389ds",
    version_line: true,
    last_member_may_go: true,
    assertion_control: false,
    follows_moves: false,
    enforces_structural_class: false,
    needs_equality: false,
    increments: false,
    keeps_old_rdn: true,
    drops_own_in_add: true,
    schema: Schema::Rfc,
    controls: USUAL_CONTROLS,
    filters: FILTERS_OF_389,
    codes: CODES_OF_389,
};

/// One row a server.
const PROFILES: [Profile; 5] = [
    // Not measured: taken for DSEE, which is of the same descent.
    Profile { server: Server::Dsee, name: "dsee", ..OF_389 },
    OF_389,
    Profile {
        server: Server::OpenLdap,
        name: "openldap",
        version_line: true,
        last_member_may_go: false,
        assertion_control: true,
        follows_moves: false,
        enforces_structural_class: true,
        needs_equality: true,
        increments: true,
        keeps_old_rdn: true,
        drops_own_in_add: false,
        schema: Schema::Rfc,
        controls: CONTROLS_OF_SLAPD,
        filters: FILTERS_OF_SLAPD,
        codes: CODES_OF_SLAPD,
    },
    Profile {
        server: Server::OpenDj,
        name: "opendj",
        version_line: true,
        last_member_may_go: false,
        assertion_control: true,
        follows_moves: false,
        enforces_structural_class: true,
        needs_equality: true,
        increments: true,
        keeps_old_rdn: true,
        drops_own_in_add: false,
        schema: Schema::Rfc,
        controls: USUAL_CONTROLS,
        filters: FILTERS_OF_OPENDJ,
        codes: CODES_OF_OPENDJ,
    },
    Profile {
        server: Server::ActiveDirectory,
        name: "ad",
        version_line: false,
        last_member_may_go: true,
        assertion_control: false,
        follows_moves: true,
        enforces_structural_class: true,
        needs_equality: false,
        increments: false,
        keeps_old_rdn: false,
        drops_own_in_add: false,
        schema: Schema::ActiveDirectory,
        controls: &[],
        filters: FILTERS_OF_AD,
        codes: CODES_OF_AD,
    },
];

impl Server {
    /// The server of this word.
    pub fn from_name(name: &str) -> Option<Self> {
        PROFILES.iter().find(|profile| profile.name == name).map(|profile| profile.server)
    }

    /// All words.
    pub fn names() -> impl Iterator<Item = &'static str> {
        PROFILES.iter().map(|profile| profile.name)
    }

    /// What is known of it.
    pub fn profile(self) -> Profile {
        PROFILES.into_iter().find(|profile| profile.server == self).unwrap_or(PROFILES[0])
    }
}

impl Server {
    /// Whether the server sets an attribute by itself, so that no plan writes it and no addition carries it.
    pub fn sets(self, attribute_type: &str) -> bool {
        server_owned::ownership(self, attribute_type).is_some()
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.profile().name)
    }
}
