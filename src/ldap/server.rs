//! The directory servers that `offboard` knows, and what differs between them as far as a plan depends on it.
//!
//! Each server has one [`Profile`]. Where the source of a fact is not named with it, it was measured: with OpenLDAP 2.5.13,
//! 389 Directory Server 2.3.1 and Samba 4.17.12. DSEE was not measured; it is taken to be like 389 DS, which descends from
//! the same server. `OpenDJ` was not measured; it is taken to follow RFC 4511 where OpenLDAP and 389 DS differ.
//!
//! Attributes that servers write by themselves are in [`server_attributes`].

use strum::{Display, EnumString, IntoStaticStr, VariantArray};

use super::change::RELAX_RULES;
use super::vocabulary::FilterRules;
use super::{ResultCode, server_attributes};

/// A kind of directory server. Its text form is the word in policies and for `--for`.
#[derive(Clone, Copy, Debug, Display, EnumString, IntoStaticStr, VariantArray, PartialEq, Eq)]
pub enum Server {
    /// Sun/Oracle Directory Server Enterprise Edition.
    #[strum(serialize = "dsee")]
    Dsee,
    /// 389 Directory Server.
    #[strum(serialize = "389ds")]
    Ds389,
    /// OpenLDAP slapd.
    #[strum(serialize = "openldap")]
    OpenLdap,
    /// OpenDJ and its successors.
    #[strum(serialize = "opendj")]
    OpenDj,
    /// Active Directory and Samba.
    #[strum(serialize = "ad")]
    ActiveDirectory,
}

/// The program that runs change files on a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeTool {
    /// OpenLDAP's `ldapmodify`, or one that reads LDIF as it does.
    LdapModify,
    /// Samba's `ldbmodify`.
    LdbModify,
}

/// The facts about a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "a table of facts, each yes or no")]
pub struct Profile {
    /// The server that the facts are about.
    pub server: Server,
    /// The name of the product and the program that runs change files, for lists of servers.
    pub product: &'static str,
    /// The program that runs change files.
    pub change_tool: ChangeTool,
    /// A command that exports entries with their operational attributes, for messages; the search base is left open.
    pub export_command: &'static str,
    /// Its tools read a `version: 1` line; Samba's ldbmodify refuses it.
    pub version_line: bool,
    /// A group may lose its last `member`, because the schema lists the attribute under MAY: 389 DS and Samba answer 0,
    /// slapd 65.
    pub allows_empty_groups: bool,
    /// It supports the assertion control of RFC 4528; 389 DS and Samba answer 12 to a critical one.
    pub assertion_control: bool,
    /// When an entry is moved, it updates the values that name the entry: Active Directory and Samba do so for linked
    /// attributes. Elsewhere this is the referential integrity plug-in, which is off by default.
    pub follows_moves: bool,
    /// It refuses (65) a change of the structural class of an entry, and an entry without one (RFC 4512, 2.4.2). DSEE and
    /// 389 DS do not check.
    pub enforces_structural_class: bool,
    /// It refuses (18) to delete one value of an attribute type without an EQUALITY rule. The others compare all values.
    pub needs_equality: bool,
    /// It supports the increment modification of RFC 4525; 389 DS and Samba answer 2.
    pub increments: bool,
    /// A rename may keep the value of the old RDN; Samba answers 53.
    pub keeps_old_rdn: bool,
    /// It drops attributes that are read-only to clients from an added entry (389 DS answers 0); slapd and Samba refuse
    /// the entry.
    pub drops_read_only_in_add: bool,
    /// It has the Managed Entries plug-in, see [`managed_entries`](super::managed_entries).
    pub managed_entries: bool,
    /// The origin of its classes and attribute types.
    pub schema: SchemaOrigin,
    /// OIDs of the controls that it supports, except the assertion control. It answers 12 to any other critical control.
    pub controls: &'static [&'static str],
    /// How it evaluates filters.
    pub filters: FilterRules,
    /// The result codes in which servers differ.
    pub codes: Codes,
}

/// The origin of a server's classes and attribute types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaOrigin {
    /// The RFCs.
    Rfc,
    /// Active Directory, where `person` does not require `sn`.
    ActiveDirectory,
}

/// The result codes of refusals for which servers choose different codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Codes {
    /// A second value of a single-valued attribute.
    pub second_value: ResultCode,
    /// A value of the entry's own RDN is deleted.
    pub naming_value: ResultCode,
    /// The new parent of a moved entry does not exist.
    pub missing_new_parent: ResultCode,
    /// The attribute is read-only to clients.
    pub read_only: ResultCode,
    /// The value should be a DN and is not.
    pub invalid_dn: ResultCode,
    /// The value of a linked attribute that is to be deleted does not exist.
    pub missing_link: ResultCode,
    /// The value of a linked attribute that is to be added exists.
    pub existing_link: ResultCode,
}

const CODES_OF_SLAPD: Codes = Codes {
    second_value: ResultCode::ConstraintViolation,
    naming_value: ResultCode::NamingViolation,
    missing_new_parent: ResultCode::NoSuchObject,
    read_only: ResultCode::ConstraintViolation,
    invalid_dn: ResultCode::InvalidAttributeSyntax,
    missing_link: ResultCode::NoSuchAttribute,
    existing_link: ResultCode::AttributeOrValueExists,
};

const CODES_OF_389: Codes = Codes {
    second_value: ResultCode::ObjectClassViolation,
    naming_value: ResultCode::NotAllowedOnRdn,
    read_only: ResultCode::UnwillingToPerform,
    ..CODES_OF_SLAPD
};

/// The codes of RFC 4511 (A.2) where slapd and 389 DS differ.
const CODES_OF_OPENDJ: Codes = Codes {
    second_value: ResultCode::ObjectClassViolation,
    naming_value: ResultCode::NotAllowedOnRdn,
    ..CODES_OF_SLAPD
};

const CODES_OF_AD: Codes = Codes {
    second_value: ResultCode::AttributeOrValueExists,
    naming_value: ResultCode::NotAllowedOnRdn,
    missing_new_parent: ResultCode::Other,
    read_only: ResultCode::ConstraintViolation,
    invalid_dn: ResultCode::InvalidDnSyntax,
    missing_link: ResultCode::UnwillingToPerform,
    existing_link: ResultCode::EntryAlreadyExists,
};

const FILTERS_OF_SLAPD: FilterRules = FilterRules { finds_subtypes: true, orders_text: false };

/// Searches of 389 DS do not follow supertypes; a filter of a policy does, as RFC 4511 (4.5.1) requires.
const FILTERS_OF_389: FilterRules = FilterRules { finds_subtypes: true, orders_text: true };

/// RFC 4511 (4.5.1) for subtypes; the reference of `OpenDJ` orders directory strings.
const FILTERS_OF_OPENDJ: FilterRules = FilterRules { finds_subtypes: true, orders_text: true };

/// MS-ADTS 3.1.1.2: no attribute type derives from another; strings are ordered by their sort key.
const FILTERS_OF_AD: FilterRules = FilterRules { finds_subtypes: false, orders_text: true };

/// Manage DSA IT (RFC 3296), pre-read and post-read (RFC 4527): all servers except Active Directory list them in their root
/// DSE.
const USUAL_CONTROLS: &[&str] = &["2.16.840.1.113730.3.4.2", "1.3.6.1.1.13.1", "1.3.6.1.1.13.2"];

/// [`USUAL_CONTROLS`] and relax rules.
const CONTROLS_OF_SLAPD: &[&str] = &["2.16.840.1.113730.3.4.2", "1.3.6.1.1.13.1", "1.3.6.1.1.13.2", RELAX_RULES];

const DS389: Profile = Profile {
    server: Server::Ds389,
    product: "389 Directory Server, with ldapmodify",
    change_tool: ChangeTool::LdapModify,
    // 389 DS has returned nsAccountLock and the like for `+` since 1.2. Naming them does no harm, and DSEE needs it.
    export_command: "db2ldif, or ldapsearch -LLL -o ldif-wrap=no -b BASE '(objectClass=*)' '*' '+' nsAccountLock nsRoleDN aci",
    version_line: true,
    allows_empty_groups: true,
    assertion_control: false,
    follows_moves: false,
    enforces_structural_class: false,
    needs_equality: false,
    increments: false,
    keeps_old_rdn: true,
    drops_read_only_in_add: true,
    managed_entries: true,
    schema: SchemaOrigin::Rfc,
    controls: USUAL_CONTROLS,
    filters: FILTERS_OF_389,
    codes: CODES_OF_389,
};

const DSEE: Profile =
    Profile { server: Server::Dsee, product: "Oracle/Sun DSEE, with ldapmodify", managed_entries: false, ..DS389 };

const OPENLDAP: Profile = Profile {
    server: Server::OpenLdap,
    product: "OpenLDAP: ldapmodify, slapadd",
    change_tool: ChangeTool::LdapModify,
    export_command: "slapcat, or ldapsearch -LLL -o ldif-wrap=no -b BASE '(objectClass=*)' '*' '+'",
    version_line: true,
    allows_empty_groups: false,
    assertion_control: true,
    follows_moves: false,
    enforces_structural_class: true,
    needs_equality: true,
    increments: true,
    keeps_old_rdn: true,
    drops_read_only_in_add: false,
    managed_entries: false,
    schema: SchemaOrigin::Rfc,
    controls: CONTROLS_OF_SLAPD,
    filters: FILTERS_OF_SLAPD,
    codes: CODES_OF_SLAPD,
};

const OPENDJ: Profile = Profile {
    server: Server::OpenDj,
    product: "OpenDJ, with ldapmodify",
    export_command: "export-ldif, or ldapsearch -LLL -b BASE '(objectClass=*)' '*' '+'",
    controls: USUAL_CONTROLS,
    filters: FILTERS_OF_OPENDJ,
    codes: CODES_OF_OPENDJ,
    ..OPENLDAP
};

const ACTIVE_DIRECTORY: Profile = Profile {
    server: Server::ActiveDirectory,
    product: "Active Directory, Samba: ldbmodify",
    change_tool: ChangeTool::LdbModify,
    export_command: "ldapsearch -LLL -o ldif-wrap=no -b BASE '(objectClass=*)' '*', and every constructed attribute by its name",
    version_line: false,
    allows_empty_groups: true,
    assertion_control: false,
    follows_moves: true,
    enforces_structural_class: true,
    needs_equality: false,
    increments: false,
    keeps_old_rdn: false,
    drops_read_only_in_add: false,
    managed_entries: false,
    schema: SchemaOrigin::ActiveDirectory,
    controls: &[],
    filters: FILTERS_OF_AD,
    codes: CODES_OF_AD,
};

impl Server {
    /// The server with this word in policies and for `--for`.
    pub fn from_name(name: &str) -> Option<Self> {
        name.parse().ok()
    }

    /// The words of all servers.
    pub fn names() -> impl Iterator<Item = &'static str> {
        Self::VARIANTS.iter().map(Into::into)
    }

    /// The facts about the server.
    pub fn profile(self) -> Profile {
        match self {
            Self::Dsee => DSEE,
            Self::Ds389 => DS389,
            Self::OpenLdap => OPENLDAP,
            Self::OpenDj => OPENDJ,
            Self::ActiveDirectory => ACTIVE_DIRECTORY,
        }
    }

    /// Whether the server sets an attribute by itself, so that no plan writes it and no rollback adds it.
    pub fn sets(self, attribute_type: &str) -> bool {
        server_attributes::ownership(self, attribute_type).is_some()
    }
}
