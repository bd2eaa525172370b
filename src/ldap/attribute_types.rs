//! The attribute types that `offboard` knows without a schema: their names, their OID and their matching rule.
//!
//! The table contains the types for which two names or two values may be the same although they are spelled differently:
//! types that are used in distinguished names, types whose values are references, and types whose equality is not plain
//! `caseIgnoreMatch`. A type that is not in the table has one name only and matches by [`MatchingRule::Unknown`].
//!
//! A row made by `no_rule` is a type without an EQUALITY rule. These are the types without a rule in the schema files that
//! OpenLDAP installs and in slapd's built-in schema, regardless of the RFC that they come from; a test reads them from a
//! running slapd. The types of RFC 2307 are those of OpenLDAP's nis.schema: rfc2307bis names a rule for `nisNetgroupTriple`
//! and `bootParameter`, and a record that needs no rule is valid with both. A schema that is given or exported takes
//! precedence.
//!
//! Sources: RFC 4519 (2.x), RFC 4524 (2.x), RFC 4512 (3.4, 4.2), RFC 4530, RFC 2307, RFC 2798, RFC 3112, PKCS #9
//! (RFC 2985), the schema files of 389 Directory Server, Sun DSEE and OpenLDAP, and [MS-ADA1] to [MS-ADA3]. The OID
//! of a type is empty here if it is never written in a name.

use std::sync::LazyLock;

use super::matching::MatchingRule;

/// A known attribute type (RFC 4512, 2.5.1).
#[derive(Debug, PartialEq, Eq)]
pub struct AttributeType {
    /// Dotted-decimal OID, or empty.
    pub oid: &'static str,
    /// All short names, at least one; keys use the first.
    pub names: &'static [&'static str],
    /// The rule by which two values are compared.
    pub equality: MatchingRule,
    /// Whether the schema names that rule. Without an EQUALITY rule (RFC 4512, 4.1.2), some servers refuse operations that
    /// need the rule (18); the others compare values, and `equality` is how they do it.
    pub names_equality: bool,
}

impl AttributeType {
    /// The name that keys use for the type, spelled as in its schema.
    pub fn canonical_name(&self) -> &'static str {
        self.names.first().copied().unwrap_or(self.oid)
    }

    /// Whether the type has this name or OID, ignoring case and an `OID.` before an OID.
    pub fn has_name(&self, name: &str) -> bool {
        self.names.iter().any(|own| own.eq_ignore_ascii_case(name))
            || (!self.oid.is_empty() && without_oid_prefix(name) == self.oid)
    }
}

/// All types in the table.
pub fn all() -> impl Iterator<Item = &'static AttributeType> {
    TABLE.iter()
}

/// The type with a name or OID, ignoring case and an `OID.` before an OID; `None` if it is not in the table.
pub fn find(name: &str) -> Option<&'static AttributeType> {
    find_bytes(name.as_bytes())
}

/// [`find`] for a name that may not be UTF-8.
pub(super) fn find_bytes(name: &[u8]) -> Option<&'static AttributeType> {
    INDEX.find(bytes_without_oid_prefix(name))
}

/// The name that keys use for an attribute type: the canonical name of a known type, or the name itself.
pub fn canonical_name(name: &str) -> &str {
    match find(name) {
        Some(known) => known.canonical_name(),
        None => without_oid_prefix(name),
    }
}

/// The matching rule of an attribute type, given by a name without options.
pub fn equality_rule(attribute_type: &str) -> MatchingRule {
    find(attribute_type).map_or(MatchingRule::Unknown, |known| known.equality)
}

/// Pairs of a subtype and its supertype (RFC 4512, 2.5.1), such as `("cn", "name")`.
///
/// Active Directory's schema has no supertypes.
pub fn derived() -> impl Iterator<Item = (&'static str, &'static str)> {
    SUPERTYPES.iter().flat_map(|(supertype, subtypes)| subtypes.iter().map(move |subtype| (*subtype, *supertype)))
}

/// Whether an attribute type has an EQUALITY rule; `None` if the type is not in the table.
pub fn names_equality(attribute_type: &str) -> Option<bool> {
    find(attribute_type).map(|known| known.names_equality)
}

/// Removes an `OID.` prefix (RFC 1779): `2.5.4.3` of `OID.2.5.4.3`.
pub(super) fn without_oid_prefix(name: &str) -> &str {
    let skipped = name.len() - bytes_without_oid_prefix(name.as_bytes()).len();
    name.get(skipped..).unwrap_or(name)
}

/// [`without_oid_prefix`] for a name that may not be UTF-8.
pub(super) fn bytes_without_oid_prefix(name: &[u8]) -> &[u8] {
    match name {
        [b'O' | b'o', b'I' | b'i', b'D' | b'd', b'.', oid @ ..] => oid,
        _ => name,
    }
}

/// A hash table with open addressing over all names and OIDs.
///
/// A key is computed for every member of every group, so a lookup must take a few nanoseconds only.
struct Index {
    slots: Box<[Option<(&'static str, &'static AttributeType)>]>,
}

static INDEX: LazyLock<Index> = LazyLock::new(|| {
    let names = TABLE.iter().flat_map(|known| {
        known.names.iter().copied().chain((!known.oid.is_empty()).then_some(known.oid)).map(move |name| (name, known))
    });
    Index::of(names)
});

impl Index {
    /// More than twice the number of names, so that every probe ends, and soon.
    const SLOTS: usize = 2048;

    fn of(names: impl Iterator<Item = (&'static str, &'static AttributeType)>) -> Self {
        let mut slots = vec![None; Self::SLOTS].into_boxed_slice();
        for (name, known) in names {
            let free = Self::probe(name.as_bytes()).find(|&slot| slots.get(slot).is_some_and(Option::is_none));
            if let Some(slot) = free.and_then(|slot| slots.get_mut(slot)) {
                *slot = Some((name, known));
            }
        }
        Self { slots }
    }

    fn find(&self, name: &[u8]) -> Option<&'static AttributeType> {
        Self::probe(name)
            .map_while(|slot| *self.slots.get(slot)?)
            .find(|(own, _)| own.as_bytes().eq_ignore_ascii_case(name))
            .map(|(_, known)| known)
    }

    /// The slots that may contain a name, in the order in which they are tried.
    fn probe(name: &[u8]) -> impl Iterator<Item = usize> {
        // FNV-1a, ignoring the case of letters.
        let hash = name.iter().fold(0x811c_9dc5_u32, |hash, byte| {
            (hash ^ u32::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0193)
        });
        let first = (hash ^ (hash >> 15)) as usize;
        (0..Self::SLOTS).map(move |step| (first + step) % Self::SLOTS)
    }
}

const fn row(oid: &'static str, names: &'static [&'static str], equality: MatchingRule) -> AttributeType {
    AttributeType { oid, names, equality, names_equality: true }
}

/// A type without an EQUALITY rule, and the rule by which servers compare its values if they do.
const fn no_rule(oid: &'static str, names: &'static [&'static str], compared: MatchingRule) -> AttributeType {
    AttributeType { oid, names, equality: compared, names_equality: false }
}

use MatchingRule::{
    BitString as BITS, Boolean as BOOL, CaseExact as EXACT, CaseExactIa5 as EXACT_IA5, CaseIgnore as IGNORE,
    CaseIgnoreIa5 as IGNORE_IA5, CaseIgnoreList as LIST, DistinguishedName as DN, GeneralizedTime as TIME,
    Integer as INT, NameAndOptionalUid as DN_UID, NumericString as NUMERIC, ObjectIdentifier as OID,
    OctetString as OCTETS, TelephoneNumber as PHONE, Uuid as UUID,
};

#[rustfmt::skip]
static TABLE: &[AttributeType] = &[
    // RFC 4512: attributes of the directory model
    row("2.5.4.0",  &["objectClass"], OID),
    row("2.5.4.1",  &["aliasedObjectName", "aliasedEntryName"], DN),
    row("2.5.18.1", &["createTimestamp"], TIME),
    row("2.5.18.2", &["modifyTimestamp"], TIME),
    row("2.5.18.3", &["creatorsName"], DN),
    row("2.5.18.4", &["modifiersName"], DN),
    row("2.5.18.10", &["subschemaSubentry"], DN),
    row("2.5.21.1", &["dITStructureRules"], INT),
    row("2.5.21.9", &["structuralObjectClass"], OID),
    row("2.5.21.10", &["governingStructureRule"], INT),
    row("1.3.6.1.1.16.4", &["entryUUID"], UUID), // RFC 4530
    row("1.3.6.1.1.20", &["entryDN"], DN),       // RFC 5020

    // RFC 4519: user applications
    row("2.5.4.2",  &["knowledgeInformation"], IGNORE),
    row("2.5.4.3",  &["cn", "commonName"], IGNORE),
    row("2.5.4.4",  &["sn", "surname"], IGNORE),
    row("2.5.4.5",  &["serialNumber"], IGNORE),
    row("2.5.4.6",  &["c", "countryName"], IGNORE),
    row("2.5.4.7",  &["l", "localityName"], IGNORE),
    row("2.5.4.8",  &["st", "stateOrProvinceName"], IGNORE),
    row("2.5.4.9",  &["street", "streetAddress"], IGNORE),
    row("2.5.4.10", &["o", "organizationName"], IGNORE),
    row("2.5.4.11", &["ou", "organizationalUnitName"], IGNORE),
    row("2.5.4.12", &["title"], IGNORE),
    row("2.5.4.13", &["description"], IGNORE),
    no_rule("2.5.4.14", &["searchGuide"], OCTETS),
    row("2.5.4.15", &["businessCategory"], IGNORE),
    row("2.5.4.16", &["postalAddress"], LIST),
    row("2.5.4.17", &["postalCode"], IGNORE),
    row("2.5.4.18", &["postOfficeBox"], IGNORE),
    row("2.5.4.19", &["physicalDeliveryOfficeName"], IGNORE),
    row("2.5.4.20", &["telephoneNumber"], PHONE),
    no_rule("2.5.4.21", &["telexNumber"], IGNORE),
    no_rule("2.5.4.22", &["teletexTerminalIdentifier"], OCTETS),
    no_rule("2.5.4.23", &["facsimileTelephoneNumber", "fax"], PHONE),
    no_rule("2.5.4.21.1", &["c-TelexNumber"], IGNORE),
    no_rule("2.5.4.23.1", &["c-FacsimileTelephoneNumber"], PHONE),
    row("2.5.4.24", &["x121Address"], NUMERIC),
    row("2.5.4.25", &["internationalISDNNumber"], NUMERIC),
    row("2.5.4.26", &["registeredAddress"], LIST),
    row("2.5.4.27", &["destinationIndicator"], IGNORE),
    no_rule("2.5.4.28", &["preferredDeliveryMethod"], IGNORE),
    row("2.5.4.31", &["member"], DN),
    row("2.5.4.32", &["owner"], DN),
    row("2.5.4.33", &["roleOccupant"], DN),
    row("2.5.4.34", &["seeAlso"], DN),
    row("2.5.4.35", &["userPassword"], OCTETS),
    row("2.5.4.36", &["userCertificate"], OCTETS),
    row("2.5.4.37", &["cACertificate"], OCTETS),
    no_rule("2.5.4.38", &["authorityRevocationList"], OCTETS),
    no_rule("2.5.4.39", &["certificateRevocationList"], OCTETS),
    no_rule("2.5.4.40", &["crossCertificatePair"], OCTETS),
    row("2.5.4.41", &["name"], IGNORE),
    row("2.5.4.42", &["givenName", "gn"], IGNORE),
    row("2.5.4.43", &["initials"], IGNORE),
    row("2.5.4.44", &["generationQualifier"], IGNORE),
    row("2.5.4.45", &["x500UniqueIdentifier"], BITS),
    row("2.5.4.46", &["dnQualifier"], IGNORE),
    no_rule("2.5.4.47", &["enhancedSearchGuide"], OCTETS),
    row("2.5.4.49", &["distinguishedName"], DN),
    row("2.5.4.50", &["uniqueMember"], DN_UID),
    row("2.5.4.51", &["houseIdentifier"], IGNORE),
    row("2.5.4.54", &["dmdName"], IGNORE),
    row("2.5.4.65", &["pseudonym"], IGNORE), // X.520
    no_rule("2.5.4.52", &["supportedAlgorithms"], OCTETS),
    no_rule("2.5.4.53", &["deltaRevocationList"], OCTETS),
    row("0.9.2342.19200300.100.1.1",  &["uid", "userid"], IGNORE),
    row("0.9.2342.19200300.100.1.25", &["dc", "domainComponent"], IGNORE_IA5),

    // RFC 4524: COSINE
    row("0.9.2342.19200300.100.1.3",  &["mail", "rfc822Mailbox"], IGNORE_IA5),
    row("0.9.2342.19200300.100.1.4",  &["info"], IGNORE),
    row("0.9.2342.19200300.100.1.5",  &["drink", "favouriteDrink"], IGNORE),
    row("0.9.2342.19200300.100.1.6",  &["roomNumber"], IGNORE),
    no_rule("0.9.2342.19200300.100.1.7",  &["photo"], OCTETS),
    row("0.9.2342.19200300.100.1.8",  &["userClass"], IGNORE),
    row("0.9.2342.19200300.100.1.9",  &["host"], IGNORE),
    row("0.9.2342.19200300.100.1.10", &["manager"], DN),
    row("0.9.2342.19200300.100.1.11", &["documentIdentifier"], IGNORE),
    row("0.9.2342.19200300.100.1.12", &["documentTitle"], IGNORE),
    row("0.9.2342.19200300.100.1.13", &["documentVersion"], IGNORE),
    row("0.9.2342.19200300.100.1.14", &["documentAuthor"], DN),
    row("0.9.2342.19200300.100.1.15", &["documentLocation"], IGNORE),
    row("0.9.2342.19200300.100.1.20", &["homePhone", "homeTelephoneNumber"], PHONE),
    row("0.9.2342.19200300.100.1.21", &["secretary"], DN),
    no_rule("0.9.2342.19200300.100.1.22", &["otherMailbox"], IGNORE),
    row("0.9.2342.19200300.100.1.26", &["aRecord"], IGNORE_IA5),
    row("0.9.2342.19200300.100.1.37", &["associatedDomain"], IGNORE_IA5),
    row("0.9.2342.19200300.100.1.38", &["associatedName"], DN),
    row("0.9.2342.19200300.100.1.39", &["homePostalAddress"], LIST),
    row("0.9.2342.19200300.100.1.40", &["personalTitle"], IGNORE),
    row("0.9.2342.19200300.100.1.41", &["mobile", "mobileTelephoneNumber"], PHONE),
    row("0.9.2342.19200300.100.1.42", &["pager", "pagerTelephoneNumber"], PHONE),
    row("0.9.2342.19200300.100.1.43", &["co", "friendlyCountryName"], IGNORE),
    row("0.9.2342.19200300.100.1.44", &["uniqueIdentifier"], IGNORE),
    row("0.9.2342.19200300.100.1.45", &["organizationalStatus"], IGNORE),
    row("0.9.2342.19200300.100.1.46", &["janetMailbox"], IGNORE_IA5),
    no_rule("0.9.2342.19200300.100.1.47", &["mailPreferenceOption"], INT),
    row("0.9.2342.19200300.100.1.48", &["buildingName"], IGNORE),
    no_rule("0.9.2342.19200300.100.1.49", &["dSAQuality"], IGNORE),
    no_rule("0.9.2342.19200300.100.1.50", &["singleLevelQuality"], IGNORE),
    no_rule("0.9.2342.19200300.100.1.51", &["subtreeMinimumQuality"], IGNORE),
    no_rule("0.9.2342.19200300.100.1.52", &["subtreeMaximumQuality"], IGNORE),
    no_rule("0.9.2342.19200300.100.1.53", &["personalSignature"], OCTETS),
    row("0.9.2342.19200300.100.1.54", &["dITRedirect"], DN),
    no_rule("0.9.2342.19200300.100.1.55", &["audio"], OCTETS),
    row("0.9.2342.19200300.100.1.56", &["documentPublisher"], IGNORE),

    // RFC 2713, X.509: OpenLDAP's java.schema and pmi.schema
    no_rule("1.3.6.1.4.1.42.2.27.4.1.8", &["javaSerializedData"], OCTETS),
    no_rule("2.5.4.59", &["attributeCertificateRevocationList"], OCTETS),
    no_rule("2.5.4.63", &["attributeAuthorityRevocationList"], OCTETS),
    no_rule("2.5.4.71", &["privPolicy"], OCTETS),
    no_rule("2.5.4.72", &["role"], OCTETS),
    no_rule("2.5.4.73", &["delegationPath"], OCTETS),
    no_rule("2.5.4.75", &["xmlPrivilegeInfo"], OCTETS),
    no_rule("2.5.4.76", &["xmlPrivPolicy"], OCTETS),

    // RFC 4512 (5.1), RFC 2589: the root entry, dynamic entries
    no_rule("1.3.6.1.4.1.1466.101.119.3", &["entryTtl"], INT),
    no_rule("1.3.6.1.4.1.1466.101.119.4", &["dynamicSubtrees"], DN),
    no_rule("1.3.6.1.4.1.1466.101.120.6", &["altServer"], EXACT_IA5),
    no_rule("1.3.6.1.4.1.1466.101.120.7", &["supportedExtension"], OID),
    no_rule("1.3.6.1.4.1.1466.101.120.13", &["supportedControl"], OID),
    no_rule("1.3.6.1.4.1.1466.101.120.14", &["supportedSASLMechanisms"], IGNORE),
    no_rule("1.3.6.1.4.1.1466.101.120.15", &["supportedLDAPVersion"], INT),

    // PKCS #9 (RFC 2985)
    row("1.2.840.113549.1.9.1", &["email", "emailAddress", "pkcs9email"], IGNORE_IA5),
    row("1.2.840.113549.1.9.2", &["unstructuredName"], IGNORE),

    // RFC 2798: inetOrgPerson, and RFC 2079
    no_rule("0.9.2342.19200300.100.1.60", &["jpegPhoto"], OCTETS),
    row("1.3.6.1.4.1.250.1.57",       &["labeledURI", "labeledURL"], EXACT),
    row("2.16.840.1.113730.3.1.1",    &["carLicense"], IGNORE),
    row("2.16.840.1.113730.3.1.2",    &["departmentNumber"], IGNORE),
    row("2.16.840.1.113730.3.1.3",    &["employeeNumber"], IGNORE),
    row("2.16.840.1.113730.3.1.4",    &["employeeType"], IGNORE),
    row("2.16.840.1.113730.3.1.39",   &["preferredLanguage"], IGNORE),
    no_rule("2.16.840.1.113730.3.1.40",   &["userSMIMECertificate"], OCTETS),
    no_rule("2.16.840.1.113730.3.1.216",  &["userPKCS12"], OCTETS),
    row("2.16.840.1.113730.3.1.241",  &["displayName"], IGNORE),

    // RFC 2307: accounts of POSIX systems
    row("1.3.6.1.1.1.1.0",  &["uidNumber"], INT),
    row("1.3.6.1.1.1.1.1",  &["gidNumber"], INT),
    row("1.3.6.1.1.1.1.2",  &["gecos"], IGNORE_IA5),
    row("1.3.6.1.1.1.1.3",  &["homeDirectory"], EXACT_IA5),
    row("1.3.6.1.1.1.1.4",  &["loginShell"], EXACT_IA5),
    row("1.3.6.1.1.1.1.5",  &["shadowLastChange"], INT),
    row("1.3.6.1.1.1.1.6",  &["shadowMin"], INT),
    row("1.3.6.1.1.1.1.7",  &["shadowMax"], INT),
    row("1.3.6.1.1.1.1.8",  &["shadowWarning"], INT),
    row("1.3.6.1.1.1.1.9",  &["shadowInactive"], INT),
    row("1.3.6.1.1.1.1.10", &["shadowExpire"], INT),
    row("1.3.6.1.1.1.1.11", &["shadowFlag"], INT),
    row("1.3.6.1.1.1.1.12", &["memberUid"], EXACT_IA5),
    row("1.3.6.1.1.1.1.13", &["memberNisNetgroup"], EXACT_IA5),
    no_rule("1.3.6.1.1.1.1.14", &["nisNetgroupTriple"], EXACT_IA5),
    row("1.3.6.1.1.1.1.15", &["ipServicePort"], INT),
    row("1.3.6.1.1.1.1.16", &["ipServiceProtocol"], IGNORE),
    row("1.3.6.1.1.1.1.17", &["ipProtocolNumber"], INT),
    row("1.3.6.1.1.1.1.18", &["oncRpcNumber"], INT),
    row("1.3.6.1.1.1.1.19", &["ipHostNumber"], IGNORE_IA5),
    row("1.3.6.1.1.1.1.22", &["macAddress"], IGNORE_IA5),
    row("1.3.6.1.1.1.1.26", &["nisMapName"], IGNORE),
    no_rule("1.3.6.1.1.1.1.23", &["bootParameter"], EXACT_IA5),
    row("1.3.6.1.1.1.1.27", &["nisMapEntry"], EXACT_IA5),
    row("1.3.6.1.1.1.1.31", &["automountMapName"], EXACT_IA5),
    row("1.3.6.1.1.1.1.32", &["automountKey"], EXACT_IA5),
    row("1.3.6.1.1.1.1.33", &["automountInformation"], EXACT_IA5),
    row("1.3.6.1.4.1.42.2.27.2.1.15", &["rfc822MailMember"], IGNORE_IA5),

    // sudo, OpenSSH, password policy
    row("1.3.6.1.4.1.15953.9.1.1", &["sudoUser"], EXACT_IA5),
    row("1.3.6.1.4.1.15953.9.1.6", &["sudoRunAsUser"], EXACT_IA5),
    row("1.3.6.1.4.1.24552.500.1.1.1.13", &["sshPublicKey"], OCTETS),
    row("1.3.6.1.4.1.42.2.27.8.1.16", &["pwdChangedTime"], TIME),
    row("1.3.6.1.4.1.42.2.27.8.1.17", &["pwdAccountLockedTime"], TIME),
    row("1.3.6.1.4.1.42.2.27.8.1.22", &["pwdReset"], BOOL),
    row("1.3.6.1.4.1.42.2.27.8.1.23", &["pwdPolicySubentry"], DN),

    // groups and roles of Netscape, Sun DSEE, 389 DS, OpenDJ
    row("1.2.840.113556.1.2.102", &["memberOf"], DN),
    row("1.3.6.1.4.1.42.2.27.9.1.792", &["isMemberOf"], DN),
    row("2.16.840.1.113730.3.1.198", &["memberURL"], EXACT),
    row("2.16.840.1.113730.3.1.574", &["nsRole"], DN),
    row("2.16.840.1.113730.3.1.575", &["nsRoleDN"], DN),
    row("2.16.840.1.113730.3.1.542", &["nsUniqueId"], IGNORE),
    row("2.16.840.1.113730.3.1.610", &["nsAccountLock"], IGNORE),
    row("", &["lastModifiedBy"], DN),
    row("", &["mepManagedBy"], DN),
    row("", &["mepManagedEntry"], DN),
    row("", &["cosTemplateDn"], DN),
    row("", &["acctPolicySubentry"], DN),
    row("", &["parentOrganization"], DN),
    row("", &["inetDomainBaseDN"], DN),
    row("", &["nsValueDN"], DN),
    row("", &["eduPersonOrgDN"], DN),
    row("", &["eduPersonOrgUnitDN"], DN),
    row("", &["eduPersonPrimaryOrgUnitDN"], DN),
    row("", &["dgIdentity"], DN),
    row("", &["radiusProfileDn"], DN),
    row("", &["dnMember"], DN),
    row("", &["dnModerator"], DN),
    row("", &["dnSender"], DN),
    row("", &["qlaDnManager"], DN),

    // Kerberos and FreeIPA
    row("", &["krbPrincipalName"], EXACT_IA5),
    row("", &["krbPrincipalReferences"], DN),
    row("", &["krbObjectReferences"], DN),
    row("", &["krbPwdPolicyReference"], DN),
    row("", &["krbTicketPolicyReference"], DN),
    row("", &["memberUser"], DN),
    row("", &["memberHost"], DN),
    row("", &["memberService"], DN),
    row("", &["memberManager"], DN),
    row("", &["enrolledBy"], DN),
    row("", &["sourceHost"], DN),
    row("", &["ipaOwner"], DN),
    row("", &["ipatokenOwner"], DN),
    row("", &["ipaSudoRunAs"], DN),
    row("", &["ipaSudoRunAsGroup"], DN),
    row("", &["ipaAllowedToPerform"], DN),
    row("", &["ipaAllowedTarget"], DN),
    row("", &["ipaAssignedIDView"], DN),

    // mail, calendar and address books of Sun (Oracle) Communications
    row("2.16.840.1.113730.3.1.13", &["mailAlternateAddress"], IGNORE_IA5),
    row("2.16.840.1.113730.3.1.17", &["mailForwardingAddress"], IGNORE_IA5),
    row("2.16.840.1.113730.3.1.18", &["mailHost"], IGNORE_IA5),
    row("2.16.840.1.113730.3.1.22", &["mgrpAllowedBroadcaster"], IGNORE_IA5),
    row("2.16.840.1.113730.3.1.25", &["mgrpDeliverTo"], IGNORE_IA5),
    row("2.16.840.1.113730.3.1.26", &["mgrpErrorsTo"], IGNORE_IA5),
    row("2.16.840.1.113730.3.1.30", &["mgrpRFC822MailMember"], IGNORE_IA5),
    row("2.16.840.1.113730.3.1.31", &["mailEnhancedUniqueMember"], DN),
    row("2.16.840.1.113730.3.1.33", &["mgrpModerator"], IGNORE_IA5),
    row("", &["mailEquivalentAddress"], IGNORE_IA5),
    row("2.16.840.1.113730.3.1.565", &["nsdaModifiableBy"], DN),
    row("", &["iplanet-am-modifiable-by"], DN),
    row("", &["iplanet-am-static-group-dn"], DN),
    row("1.3.6.1.4.1.42.2.27.9.1.785", &["icsSecondaryowners"], DN),

    // Active Directory, whose schema names no rules: it compares all values. OpenLDAP's msuser.schema names none either
    no_rule("1.2.840.113556.1.4.221", &["sAMAccountName"], IGNORE),
    no_rule("1.2.840.113556.1.4.656", &["userPrincipalName"], IGNORE),
    no_rule("1.2.840.113556.1.4.2",   &["objectGUID"], OCTETS),
    no_rule("1.2.840.113556.1.4.146", &["objectSid"], OCTETS),
    no_rule("1.2.840.113556.1.4.609", &["sIDHistory"], OCTETS),
    no_rule("1.2.840.113556.1.4.90",  &["unicodePwd"], OCTETS),
    no_rule("1.2.840.113556.1.4.8",   &["userAccountControl"], INT),
    no_rule("1.2.840.113556.1.4.98",  &["primaryGroupID"], INT),
    no_rule("1.2.840.113556.1.4.159", &["accountExpires"], INT),
    // Its Integer, Enumeration and LargeInteger syntaxes (MS-ADA1 to MS-ADA3)
    no_rule("1.2.840.113556.1.4.12", &["badPwdCount"], INT),
    no_rule("1.2.840.113556.1.4.16", &["codePage"], INT),
    no_rule("1.2.840.113556.1.4.25", &["countryCode"], INT),
    no_rule("1.2.840.113556.1.4.49", &["badPasswordTime"], INT),
    no_rule("1.2.840.113556.1.4.51", &["lastLogoff"], INT),
    no_rule("1.2.840.113556.1.4.52", &["lastLogon"], INT),
    no_rule("1.2.840.113556.1.4.60", &["lockoutDuration"], INT),
    no_rule("1.2.840.113556.1.4.61", &["lockOutObservationWindow"], INT),
    no_rule("1.2.840.113556.1.4.73", &["lockoutThreshold"], INT),
    no_rule("1.2.840.113556.1.4.74", &["maxPwdAge"], INT),
    no_rule("1.2.840.113556.1.4.76", &["maxStorage"], INT),
    no_rule("1.2.840.113556.1.4.78", &["minPwdAge"], INT),
    no_rule("1.2.840.113556.1.4.79", &["minPwdLength"], INT),
    no_rule("1.2.840.113556.1.4.95", &["pwdHistoryLength"], INT),
    no_rule("1.2.840.113556.1.4.96", &["pwdLastSet"], INT),
    no_rule("1.2.840.113556.1.4.150", &["adminCount"], INT),
    no_rule("1.2.840.113556.1.4.169", &["logonCount"], INT),
    no_rule("1.2.840.113556.1.4.302", &["sAMAccountType"], INT),
    no_rule("1.2.840.113556.1.4.375", &["systemFlags"], INT),
    no_rule("1.2.840.113556.1.4.662", &["lockoutTime"], INT),
    no_rule("1.2.840.113556.1.4.750", &["groupType"], INT),
    no_rule("1.2.840.113556.1.4.1460", &["msDS-User-Account-Control-Computed"], INT),
    no_rule("1.2.840.113556.1.4.1696", &["lastLogonTimestamp"], INT),
    no_rule("1.2.840.113556.1.4.1963", &["msDS-SupportedEncryptionTypes"], INT),
    no_rule("1.2.840.113556.1.4.1970", &["msDS-LastSuccessfulInteractiveLogonTime"], INT),
    no_rule("1.2.840.113556.1.4.1971", &["msDS-LastFailedInteractiveLogonTime"], INT),
    no_rule("1.2.840.113556.1.4.1972", &["msDS-FailedInteractiveLogonCount"], INT),
    no_rule("1.2.840.113556.1.4.1996", &["msDS-UserPasswordExpiryTimeComputed"], INT),
    no_rule("1.2.840.113556.1.2.1", &["instanceType"], INT),
    no_rule("1.2.840.113556.1.2.19", &["uSNCreated"], INT),
    no_rule("1.2.840.113556.1.2.120", &["uSNChanged"], INT),
    no_rule("1.2.840.113556.1.2.2",   &["whenCreated"], TIME),
    no_rule("1.2.840.113556.1.2.3",   &["whenChanged"], TIME),
    no_rule("1.2.840.113556.1.4.653", &["managedBy"], DN),
    no_rule("1.2.840.113556.1.4.654", &["managedObjects"], DN),
    no_rule("1.2.840.113556.1.2.436", &["directReports"], DN),
    no_rule("1.2.840.113556.1.4.652", &["assistant"], DN),
    no_rule("1.2.840.113556.1.4.782", &["objectCategory"], DN),
    no_rule("1.2.840.113556.1.4.515", &["serverReference"], DN),
    no_rule("1.2.840.113556.1.4.48",  &["isDeleted"], BOOL),
];

/// Supertypes with their direct subtypes: RFC 4519, RFC 3671 (`c-...`), RFC 2307, X.520 (`pseudonym`, `dmdName`), and the
/// schema files of OpenLDAP (dyngroup) and 389 DS (60mozilla, 60sabayon).
#[rustfmt::skip]
static SUPERTYPES: &[(&str, &[&str])] = &[
    ("name",              &["cn", "sn", "c", "l", "st", "o", "ou", "title", "givenName", "initials",
                            "generationQualifier", "dmdName", "pseudonym", "ipServiceProtocol", "nisMapName",
                            "mozillaNickname", "mozillaHomeLocalityName", "mozillaHomeState",
                            "mozillaHomeCountryName"]),
    ("distinguishedName", &["member", "owner", "roleOccupant", "seeAlso", "dgIdentity"]),
    ("postalAddress",     &["registeredAddress", "c-PostalAddress"]),
    ("labeledURI",        &["memberURL", "sabayonProfileURL"]),
    ("l",                 &["c-l"]),
    ("st",                &["c-st"]),
    ("street",            &["c-street"]),
    ("o",                 &["c-o"]),
    ("ou",                &["c-ou"]),
    ("postalCode",        &["c-PostalCode"]),
    ("postOfficeBox",     &["c-PostOfficeBox"]),
    ("telephoneNumber",   &["c-TelephoneNumber"]),
    ("telexNumber",       &["c-TelexNumber"]),
    ("facsimileTelephoneNumber",   &["c-FacsimileTelephoneNumber"]),
    ("internationalISDNNumber",    &["c-InternationalISDNNumber"]),
    ("physicalDeliveryOfficeName", &["c-PhysicalDeliveryOfficeName"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_and_oid_finds_its_own_row() {
        let mut seen = std::collections::BTreeSet::new();
        for known in TABLE {
            assert!(!known.names.is_empty());
            for name in known.names.iter().chain((!known.oid.is_empty()).then_some(&known.oid)) {
                assert!(seen.insert(name.to_ascii_lowercase()), "{name} appears twice");
                for spelling in [name.to_string(), name.to_ascii_uppercase(), name.to_ascii_lowercase()] {
                    assert_eq!(find(&spelling), Some(known), "{spelling}");
                    assert!(known.has_name(&spelling));
                }
            }
        }
        assert!(seen.len() * 2 < Index::SLOTS, "{} names need a larger index", seen.len());
    }

    #[test]
    fn names_aliases_and_oids_find_the_same_type() {
        for name in [
            "uid",
            "UserID",
            "0.9.2342.19200300.100.1.1",
            "OID.0.9.2342.19200300.100.1.1",
            "oid.0.9.2342.19200300.100.1.1",
        ] {
            assert_eq!(find(name).map(AttributeType::canonical_name), Some("uid"), "{name}");
        }
        for name in ["", "u", "uidd", "OID.uid2", "2.5.4", "é"] {
            assert_eq!(find(name), None, "{name}");
        }
        assert_eq!(equality_rule("memberuid"), MatchingRule::CaseExactIa5);
        assert_eq!(equality_rule("x-unknown"), MatchingRule::Unknown);
        assert_eq!(
            ["FAX", "2.5.4.23", "mail", "x-unknown"].map(names_equality),
            [Some(false), Some(false), Some(true), None]
        );
    }
}
