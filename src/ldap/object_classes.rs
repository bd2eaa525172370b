//! The object classes that `offboard` knows without a schema: their kind, their superclasses, and the attribute types that
//! they require and allow.
//!
//! The table contains the classes of accounts, groups and address books. It answers one question: if a class is removed from
//! an entry, which attributes are not allowed by any other class of the entry? A class that is not in the table allows
//! nothing here, and callers must report that it is unknown.
//!
//! Where sources differ, a class allows what any source lists:
//!
//! | class | difference |
//! | --- | --- |
//! | inetLocalMailRecipient | Sun's has `mail` and `mailAlternateAddress`; OpenLDAP's has `mailLocalAddress` instead |
//! | icsCalendarUser | structural in Sun's reference; entries have it in addition to inetOrgPerson, so servers define it as auxiliary |
//! | ipUser | the reference lacks `psRoot`, which links a user to an address book |
//! | piPStoreRoot | called `piStoreRoot` in the reference; entries have the longer name |
//! | posixGroup | structural in RFC 2307, auxiliary in its later draft |
//! | mailGroup | auxiliary in Netscape's schema; structural, with `cn` and `mail` required, in a file of 389 DS |
//!
//! Sources: RFC 4512 (2.4.2, 2.6, 4.3), RFC 4519 (3.x), RFC 4523, RFC 4524 (3.x), RFC 2079, RFC 2307 and
//! draft-howard-rfc2307bis-02, RFC 2798, Sun Java Communications Suite 5 Schema Reference (819-4437), Sun Access
//! Manager 7.1 (819-5899) and the schema of its successor, and the schema files of OpenLDAP and 389 Directory Server.
//! The OID of a class is empty here if no publication of it was found.

use super::{
    attribute::{SoughtType, same_type},
    attribute_types::without_oid_prefix,
};

/// The kinds of object class (RFC 4512, 2.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClassKind {
    /// A base for other classes.
    Abstract,
    /// The class that determines what an entry is; it cannot be changed.
    Structural,
    /// A class that adds attributes to an entry and may be removed.
    Auxiliary,
}

/// A known object class (RFC 4512, 4.1.1).
#[derive(Debug, PartialEq, Eq)]
pub struct ObjectClass {
    /// Dotted-decimal OID, or empty.
    pub oid: &'static str,
    /// All short names, at least one.
    pub names: &'static [&'static str],
    /// The kind, as documented.
    pub kind: ClassKind,
    /// The direct superclasses; empty only for `top`.
    pub superiors: &'static [&'static str],
    /// Attribute types that entries of the class must have, without those of its superclasses.
    pub must: &'static [&'static str],
    /// Attribute types that entries of the class may have, without those of its superclasses.
    pub may: &'static [&'static str],
}

impl ObjectClass {
    /// Whether the class has this name or OID, ignoring case.
    pub fn has_name(&self, name: &str) -> bool {
        self.names.iter().any(|own| own.eq_ignore_ascii_case(name))
            || (!self.oid.is_empty() && without_oid_prefix(name) == self.oid)
    }

    /// Whether this is `extensibleObject`, which allows every attribute type (RFC 4512, 4.3).
    pub fn is_extensible(&self) -> bool {
        self.oid == EXTENSIBLE_OBJECT
    }

    /// Whether an entry of this class must have an attribute type, by any of the type's names.
    pub fn requires(&self, attribute_type: &str) -> bool {
        let own = self.must.iter().any(|name| same_type(name, attribute_type));
        own || self.superiors().any(|superior| superior.requires(attribute_type))
    }

    /// Whether an entry of this class must or may have an attribute type, by any of the type's names.
    pub fn allows(&self, attribute_type: &str) -> bool {
        self.allows_type(&SoughtType::new(attribute_type))
    }

    fn allows_type(&self, asked: &SoughtType<'_>) -> bool {
        let own = || self.must.iter().chain(self.may).any(|name| asked.is(name));
        self.is_extensible() || own() || self.superiors().any(|superior| superior.allows_type(asked))
    }

    /// The attribute types that an entry of this class must have, those of its superclasses first.
    pub fn required(&self) -> Vec<&'static str> {
        self.superiors().flat_map(Self::required).chain(self.must.iter().copied()).collect()
    }

    /// The attribute types that the class itself lists.
    pub(super) fn attribute_names(&self) -> impl Iterator<Item = &'static str> {
        self.must.iter().chain(self.may).copied()
    }

    /// Whether another class is a direct or indirect superclass of this one.
    pub fn derives_from(&self, other: &Self) -> bool {
        self.superiors().any(|superior| superior == other || superior.derives_from(other))
    }

    fn superiors(&self) -> impl Iterator<Item = &'static ObjectClass> {
        self.superiors.iter().filter_map(|name| find(name))
    }
}

/// All classes of the table.
pub(super) fn all() -> &'static [ObjectClass] {
    TABLE
}

/// The class with a name or OID, ignoring case; `None` if it is not in the table.
pub fn find(name: &str) -> Option<&'static ObjectClass> {
    TABLE.iter().find(|known| known.has_name(name))
}

/// Whether a class or one of its superclasses requires or allows an attribute type; `false` if the class is not in the table.
pub fn allows(class: &str, attribute_type: &str) -> bool {
    find(class).is_some_and(|known| known.allows(attribute_type))
}

/// Whether any class in the table lists an attribute type.
pub fn is_of_a_class(attribute_type: &str) -> bool {
    let asked = SoughtType::new(attribute_type);
    TABLE.iter().any(|known| known.must.iter().chain(known.may).any(|name| asked.is(name)))
}

/// Whether two names are of the same class.
pub fn same_class(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b) || find(a).is_some_and(|known| known.has_name(b))
}

const EXTENSIBLE_OBJECT: &str = "1.3.6.1.4.1.1466.101.120.111";

const fn row(
    oid: &'static str,
    names: &'static [&'static str],
    kind: ClassKind,
    superiors: &'static [&'static str],
    must: &'static [&'static str],
    may: &'static [&'static str],
) -> ObjectClass {
    ObjectClass { oid, names, kind, superiors, must, may }
}

use ClassKind::{Abstract as ABS, Auxiliary as AUX, Structural as STR};

#[rustfmt::skip]
static TABLE: &[ObjectClass] = &[
    // RFC 4512: classes of the directory model
    row("2.5.6.0", &["top"], ABS, &[], &["objectClass"], &[]),
    row("2.5.6.1", &["alias"], STR, &["top"], &["aliasedObjectName"], &[]),
    row(EXTENSIBLE_OBJECT, &["extensibleObject"], AUX, &["top"], &[], &[]),

    // RFC 4519: user applications
    row("2.5.6.2", &["country"], STR, &["top"], &["c"], &["searchGuide", "description"]),
    row("2.5.6.3", &["locality"], STR, &["top"], &[],
        &["street", "seeAlso", "searchGuide", "st", "l", "description"]),
    row("2.5.6.4", &["organization"], STR, &["top"], &["o"],
        &["userPassword", "searchGuide", "seeAlso", "businessCategory", "x121Address", "registeredAddress",
          "destinationIndicator", "preferredDeliveryMethod", "telexNumber", "teletexTerminalIdentifier",
          "telephoneNumber", "internationalISDNNumber", "facsimileTelephoneNumber", "street", "postOfficeBox",
          "postalCode", "postalAddress", "physicalDeliveryOfficeName", "st", "l", "description"]),
    row("2.5.6.5", &["organizationalUnit"], STR, &["top"], &["ou"],
        &["userPassword", "searchGuide", "seeAlso", "businessCategory", "x121Address", "registeredAddress",
          "destinationIndicator", "preferredDeliveryMethod", "telexNumber", "teletexTerminalIdentifier",
          "telephoneNumber", "internationalISDNNumber", "facsimileTelephoneNumber", "street", "postOfficeBox",
          "postalCode", "postalAddress", "physicalDeliveryOfficeName", "st", "l", "description"]),
    row("2.5.6.6", &["person"], STR, &["top"], &["sn", "cn"],
        &["userPassword", "telephoneNumber", "seeAlso", "description"]),
    row("2.5.6.7", &["organizationalPerson"], STR, &["person"], &[],
        &["title", "x121Address", "registeredAddress", "destinationIndicator", "preferredDeliveryMethod",
          "telexNumber", "teletexTerminalIdentifier", "telephoneNumber", "internationalISDNNumber",
          "facsimileTelephoneNumber", "street", "postOfficeBox", "postalCode", "postalAddress",
          "physicalDeliveryOfficeName", "ou", "st", "l"]),
    row("2.5.6.8", &["organizationalRole"], STR, &["top"], &["cn"],
        &["x121Address", "registeredAddress", "destinationIndicator", "preferredDeliveryMethod", "telexNumber",
          "teletexTerminalIdentifier", "telephoneNumber", "internationalISDNNumber", "facsimileTelephoneNumber",
          "seeAlso", "roleOccupant", "street", "postOfficeBox", "postalCode", "postalAddress",
          "physicalDeliveryOfficeName", "ou", "st", "l", "description"]),
    row("2.5.6.9", &["groupOfNames"], STR, &["top"], &["member", "cn"],
        &["businessCategory", "seeAlso", "owner", "ou", "o", "description"]),
    row("2.5.6.10", &["residentialPerson"], STR, &["person"], &["l"],
        &["businessCategory", "x121Address", "registeredAddress", "destinationIndicator",
          "preferredDeliveryMethod", "telexNumber", "teletexTerminalIdentifier", "telephoneNumber",
          "internationalISDNNumber", "facsimileTelephoneNumber", "street", "postOfficeBox", "postalCode",
          "postalAddress", "physicalDeliveryOfficeName", "st"]),
    row("2.5.6.11", &["applicationProcess"], STR, &["top"], &["cn"], &["seeAlso", "ou", "l", "description"]),
    row("2.5.6.14", &["device"], STR, &["top"], &["cn"],
        &["serialNumber", "seeAlso", "owner", "ou", "o", "l", "description"]),
    row("2.5.6.17", &["groupOfUniqueNames"], STR, &["top"], &["uniqueMember", "cn"],
        &["businessCategory", "seeAlso", "owner", "ou", "o", "description"]),
    row("1.3.6.1.1.3.1", &["uidObject"], AUX, &["top"], &["uid"], &[]),
    row("1.3.6.1.4.1.1466.344", &["dcObject"], AUX, &["top"], &["dc"], &[]),

    // RFC 4523: certificates; RFC 2079: labels
    row("2.5.6.15", &["strongAuthenticationUser"], AUX, &["top"], &["userCertificate"], &[]),
    row("2.5.6.21", &["pkiUser"], AUX, &["top"], &[], &["userCertificate"]),
    row("1.3.6.1.4.1.250.3.15", &["labeledURIObject"], AUX, &["top"], &[], &["labeledURI"]),

    // RFC 4524: COSINE
    row("0.9.2342.19200300.100.4.5", &["account"], STR, &["top"], &["uid"],
        &["description", "seeAlso", "l", "o", "ou", "host"]),
    row("0.9.2342.19200300.100.4.6", &["document"], STR, &["top"], &["documentIdentifier"],
        &["cn", "description", "seeAlso", "l", "o", "ou", "documentTitle", "documentVersion", "documentAuthor",
          "documentLocation", "documentPublisher"]),
    row("0.9.2342.19200300.100.4.7", &["room"], STR, &["top"], &["cn"],
        &["roomNumber", "description", "seeAlso", "telephoneNumber"]),
    row("0.9.2342.19200300.100.4.9", &["documentSeries"], STR, &["top"], &["cn"],
        &["description", "l", "o", "ou", "seeAlso", "telephoneNumber"]),
    row("0.9.2342.19200300.100.4.13", &["domain"], STR, &["top"], &["dc"],
        &["userPassword", "searchGuide", "seeAlso", "businessCategory", "x121Address", "registeredAddress",
          "destinationIndicator", "preferredDeliveryMethod", "telexNumber", "teletexTerminalIdentifier",
          "telephoneNumber", "internationalISDNNumber", "facsimileTelephoneNumber", "street", "postOfficeBox",
          "postalCode", "postalAddress", "physicalDeliveryOfficeName", "st", "l", "description", "o",
          "associatedName"]),
    row("0.9.2342.19200300.100.4.14", &["rFC822localPart"], STR, &["domain"], &[],
        &["cn", "description", "destinationIndicator", "facsimileTelephoneNumber", "internationalISDNNumber",
          "physicalDeliveryOfficeName", "postalAddress", "postalCode", "postOfficeBox",
          "preferredDeliveryMethod", "registeredAddress", "seeAlso", "sn", "street", "telephoneNumber",
          "teletexTerminalIdentifier", "telexNumber", "x121Address"]),
    row("0.9.2342.19200300.100.4.17", &["domainRelatedObject"], AUX, &["top"], &["associatedDomain"], &[]),
    row("0.9.2342.19200300.100.4.18", &["friendlyCountry"], STR, &["country"], &["co"], &[]),
    row("0.9.2342.19200300.100.4.19", &["simpleSecurityObject"], AUX, &["top"], &["userPassword"], &[]),

    // RFC 2798
    row("2.16.840.1.113730.3.2.2", &["inetOrgPerson"], STR, &["organizationalPerson"], &[],
        &["audio", "businessCategory", "carLicense", "departmentNumber", "displayName", "employeeNumber",
          "employeeType", "givenName", "homePhone", "homePostalAddress", "initials", "jpegPhoto", "labeledURI",
          "mail", "manager", "mobile", "o", "pager", "photo", "roomNumber", "secretary", "uid",
          "userCertificate", "x500UniqueIdentifier", "preferredLanguage", "userSMIMECertificate",
          "userPKCS12"]),

    // RFC 2307: accounts of POSIX systems; from its later draft, groups that may be empty
    row("1.3.6.1.1.1.2.0", &["posixAccount"], AUX, &["top"],
        &["cn", "uid", "uidNumber", "gidNumber", "homeDirectory"],
        &["userPassword", "loginShell", "gecos", "description"]),
    row("1.3.6.1.1.1.2.1", &["shadowAccount"], AUX, &["top"], &["uid"],
        &["userPassword", "shadowLastChange", "shadowMin", "shadowMax", "shadowWarning", "shadowInactive",
          "shadowExpire", "shadowFlag", "description"]),
    row("1.3.6.1.1.1.2.2", &["posixGroup"], STR, &["top"], &["cn", "gidNumber"],
        &["userPassword", "memberUid", "description"]),
    row("1.3.6.1.1.1.2.18", &["groupOfMembers"], STR, &["top"], &["cn"],
        &["businessCategory", "seeAlso", "owner", "ou", "o", "description", "member"]),

    // Netscape: mail accounts before inetMailUser, dynamic groups
    row("2.16.840.1.113730.3.2.3", &["mailRecipient"], AUX, &["top"], &[],
        &["cn", "mail", "mailAlternateAddress", "mailHost", "mailRoutingAddress", "mailAccessDomain",
          "mailAutoReplyMode", "mailAutoReplyText", "mailDeliveryOption", "mailForwardingAddress",
          "mailMessageStore", "mailProgramDeliveryInfo", "mailQuota", "multiLineDescription", "uid",
          "userPassword"]),
    row("", &["nsMessagingServerUser"], AUX, &["top"], &[],
        &["cn", "mailAccessDomain", "mailAutoReplyMode", "mailAutoReplyText", "mailDeliveryOption",
          "mailForwardingAddress", "mailMessageStore", "mailProgramDeliveryInfo", "mailQuota",
          "nsmsgDisallowAccess", "nsmsgNumMsgQuota", "nswmExtendedUserPrefs", "vacationStartDate",
          "vacationEndDate"]),
    row("2.16.840.1.113730.3.2.4", &["mailGroup"], AUX, &["top"], &[],
        &["cn", "mail", "mailAlternateAddress", "mailHost", "mailRoutingAddress", "mgrpAddHeader",
          "mgrpAllowedBroadcaster", "mgrpAllowedDomain", "mgrpApprovePassword", "mgrpBroadcasterPolicy",
          "mgrpDeliverTo", "mgrpErrorsTo", "mgrpModerator", "mgrpMsgMaxSize", "mgrpMsgRejectAction",
          "mgrpMsgRejectText", "mgrpNoDuplicateChecks", "mgrpRemoveHeader", "mgrpRFC822MailMember", "owner"]),
    row("2.16.840.1.113730.3.2.5", &["groupOfMailEnhancedUniqueNames"], AUX, &["top"], &["cn"],
        &["businessCategory", "description", "mailEnhancedUniqueMember", "o", "ou", "owner", "seeAlso"]),
    row("2.16.840.1.113730.3.2.33", &["groupOfURLs"], STR, &["top"], &["cn"],
        &["memberURL", "businessCategory", "description", "o", "ou", "owner", "seeAlso"]),

    // Sun (Oracle) Communications: users
    row("2.16.840.1.113730.3.2.130", &["inetUser"], AUX, &["top"], &[],
        &["uid", "inetUserStatus", "inetUserHttpURL", "userPassword", "memberOf"]),
    row("2.16.840.1.113730.3.2.134", &["inetSubscriber"], AUX, &["top"], &[],
        &["inetSubscriberAccountId", "inetSubscriberChallenge", "inetSubscriberResponse"]),
    row("2.16.840.1.113730.3.2.112", &["inetAdmin"], AUX, &["top"], &[], &["aci", "memberOf", "adminRole"]),
    row("2.16.840.1.113730.3.2.135", &["ipUser"], AUX, &["top"], &[],
        &["inetCoS", "memberOfPAB", "maxPabEntries", "pabURI", "psRoot"]),
    row("2.16.840.1.113730.3.2.91", &["nsManagedPerson"], AUX, &["top"], &[],
        &["memberOf", "nsdaCapability", "nsdaDomain", "nsSearchFilter", "nsdaModifiableBy", "owner"]),
    row("1.3.6.1.4.1.1466.101.120.142", &["iPlanetPreferences", "NetscapePreferences"], AUX, &["top"], &[],
        &["preferredLanguage", "preferredLocale", "preferredTimeZone"]),
    row("2.16.840.1.113730.3.2.176", &["iplanet-am-user-service"], AUX, &["top"], &[],
        &["iplanet-am-user-auth-modules", "iplanet-am-user-login-status", "iplanet-am-user-admin-start-dn",
          "iplanet-am-user-auth-config", "iplanet-am-user-alias-list", "iplanet-am-user-success-url",
          "iplanet-am-user-failure-url", "iplanet-am-user-password-reset-options",
          "iplanet-am-user-password-reset-question-answer", "iplanet-am-user-password-reset-force-reset",
          "sunIdentityMSISDNNumber"]),
    row("2.16.840.1.113730.3.2.184", &["iplanet-am-managed-person"], AUX, &["top"], &[],
        &["iplanet-am-modifiable-by", "iplanet-am-role-aci-description", "iplanet-am-static-group-dn",
          "iplanet-am-user-account-life"]),
    row("", &["sunUCPreferences"], AUX, &["top"], &[],
        &["sunUCTheme", "sunUCDefaultEmailHandler", "sunUCDateFormat", "sunUCDateDelimiter", "sunUCTimeFormat",
          "sunUCTimeZone", "sunUCExtendedUserPrefs", "sunUCInitialized", "sunAbInitialized",
          "sunCalInitialized"]),

    // Sun (Oracle) Communications: mail
    row("2.16.840.1.113730.3.2.146", &["inetMailUser"], AUX, &["top"], &[],
        &["aclGroupAddr", "cn", "dataSource", "icsQuota", "mailAllowedServiceAccess", "mailAntiUBEService",
          "mailAutoReplyMode", "mailAutoReplySubject", "mailAutoReplyTimeOut", "mailAutoReplyText",
          "mailAutoReplyTextInternal", "mailConversionTag", "mailDeferProcessing", "mailDeliveryOption",
          "mailEquivalentAddress", "mailForwardingAddress", "mailMessageStore", "mailMsgMaxBlocks",
          "mailMsgQuota", "mailProgramDeliveryInfo", "mailQuota", "mailSieveRuleSource",
          "mailSMTPSubmitChannel", "mailUserStatus", "nswmExtendedUserPrefs"]),
    row("2.16.840.1.113730.3.2.147", &["inetLocalMailRecipient"], AUX, &["top"], &[],
        &["mail", "mailAlternateAddress", "mailHost", "mailLocalAddress", "mailRoutingAddress"]),
    row("2.16.840.1.113730.3.2.136", &["userPresenceProfile"], AUX, &["top"], &[],
        &["vacationStartDate", "vacationEndDate"]),
    row("1.3.6.1.4.1.42.2.27.2.2.2", &["inetMailGroup"], AUX, &["top"], &[],
        &["dataSource", "inetMailGroupStatus", "mailConversionTag", "mailDeferProcessing", "mailDeliveryFileURL",
          "mailDeliveryOption", "mailEquivalentAddress", "mailMsgMaxBlocks", "mailProgramDeliveryInfo",
          "mailRejectText", "mailSieveRuleSource", "mgrpAddHeader", "mgrpAllowedBroadcaster",
          "mgrpAllowedDomain", "mgrpAuthPassword", "mgrpBroadcasterPolicy", "mgrpDeliverTo",
          "mgrpDisallowedBroadcaster", "mgrpDisallowedDomain", "mgrpErrorsTo", "mgrpModerator",
          "mgrpMsgMaxSize", "mgrpMsgPrefixText", "mgrpMsgRejectAction", "mgrpMsgRejectText",
          "mgrpMsgSuffixText", "mgrpNoDuplicateChecks", "mgrpRemoveHeader", "mgrpRFC822MailMember",
          "preferredLanguage", "uniqueMember"]),

    // Sun (Oracle) Communications: calendar
    row("1.3.6.1.4.1.42.2.27.9.2.115", &["icsCalendarUser"], STR, &["top"], &[],
        &["aclGroupAddr", "cn", "givenName", "icsAllowedServiceAccess", "icsCalendar", "icsCalendarOwned",
          "icsDefaultSet", "icsDWPHost", "icsExtended", "icsExtendedUserPrefs", "icsFirstDay", "icsFreeBusy",
          "icsGeo", "icsPartition", "icsPreferredHost", "icsQuota", "icsSet", "icsStatus", "icsSubscribed",
          "icsTimezone", "mail", "mailAlternateAddress", "nswcalDisallowAccess", "preferredLanguage", "sn",
          "uid", "userPassword"]),
    row("2.16.840.1.113730.3.2.143", &["icsCalendarResource"], AUX, &["top"], &[],
        &["cn", "icsAlias", "icsCalendar", "icsCapacity", "icsContact", "icsDefaultacl", "icsDWPHost",
          "icsExtended", "icsExtendedResourcePrefs", "icsGeo", "icsPartition", "icsPreferredHost", "icsQuota",
          "icsSecondaryowners", "icsStatus", "icsTimezone", "mail", "mailAlternateAddress", "owner", "uid"]),
    row("1.3.6.1.4.1.42.2.27.9.2.113", &["icsCalendarGroup"], AUX, &["top"], &["groupid"],
        &["icsAutoaccept", "icsCalendar", "icsDefaultacl", "icsDoublebooking", "icsDWPHost",
          "icsSecondaryowners", "icsStatus", "icsTimezone", "mail"]),
    row("", &["icsCalendarDomain"], AUX, &["top"], &[],
        &["icsAllowedServiceAccess", "icsAllowRights", "icsAnonymousAllowWrite", "icsAnonymousCalendar",
          "icsAnonymousDefaultSet", "icsAnonymousLogin", "icsAnonymousSet", "icsDefaultAccess",
          "icsDomainAllowed", "icsDomainNames", "icsDomainNotAllowed", "icsDWPBackEndHosts", "icsExtended",
          "icsExtendedDomainPrefs", "icsMandatorySubscribed", "icsMandatoryView", "icsPreferredHost",
          "icsQuota", "icsRecurrenceBound", "icsRecurrenceDate", "icsSessionTimeout", "icsSourceHtml",
          "icsStatus", "icsTimezone"]),

    // Sun (Oracle) Communications: domains, address books
    row("2.16.840.1.113730.3.2.129", &["inetDomain"], AUX, &["top"], &[], &["inetDomainBaseDN", "inetDomainStatus"]),
    row("", &["piPStoreRoot", "piStoreRoot"], STR, &["top"], &["piPStoreOwner"],
        &["piMaxStoreEntries", "piDefaultAB", "lastPurgeDate"]),
    row("", &["piTypeBook"], STR, &["top"], &["piEntryID", "piBookType"],
        &["displayName", "multiLineDescription", "piLastModifiedBy"]),
    row("", &["piLocalBook"], AUX, &["piTypeBook"], &[],
        &["piReader", "piWriter", "piDeleter", "piCreator", "abBookType"]),
    row("", &["piRemoteBook"], AUX, &["piTypeBook"], &["piRemotePiURL"], &[]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ldap::{AttributeDescription, attribute_types};

    #[test]
    fn every_name_and_oid_finds_its_own_row() {
        let mut seen = std::collections::BTreeSet::new();
        for known in TABLE {
            assert!(!known.names.is_empty());
            for name in known.names.iter().chain((!known.oid.is_empty()).then_some(&known.oid)) {
                assert!(seen.insert(name.to_ascii_lowercase()), "{name} appears twice");
                for spelling in [name.to_string(), name.to_ascii_uppercase(), name.to_ascii_lowercase()] {
                    assert_eq!(find(&spelling), Some(known), "{spelling}");
                }
            }
        }
        for name in ["", "to", "topp", "2.5.6", "icscalendaryuser", "é"] {
            assert_eq!(find(name), None, "{name}");
        }
    }

    #[test]
    fn every_class_derives_from_top() {
        fn depth(class: &ObjectClass) -> usize {
            let of = |name: &&str| depth(find(name).unwrap_or_else(|| panic!("{name} is missing"))) + 1;
            let depth = class.superiors.iter().map(of).max().unwrap_or(0);
            assert_eq!(depth == 0, class.names == ["top"], "{:?}", class.names);
            depth
        }
        for known in TABLE {
            // A cycle of superclasses would overflow the stack.
            assert!(depth(known) <= 4, "{:?}", known.names);
            for superior in known.superiors {
                let kind = find(superior).unwrap().kind;
                // piLocalBook and piRemoteBook are documented as auxiliary under a structural class.
                let derivable = kind == ABS || known.kind == STR || *superior == "piTypeBook";
                assert!(derivable, "{:?} from {superior}", known.names);
            }
        }
    }

    #[test]
    fn every_attribute_type_is_valid_and_listed_once() {
        for known in TABLE {
            let mut seen = std::collections::BTreeSet::new();
            for name in known.must.iter().chain(known.may) {
                let description = AttributeDescription::parse(name.as_bytes()).unwrap();
                assert!(!description.has_options() && name.starts_with(|first: char| first.is_ascii_alphabetic()));
                assert_eq!(attribute_types::canonical_name(name), *name, "{:?}: spelled differently", known.names);
                assert!(seen.insert(description.key()), "{:?}: {name} appears twice", known.names);
            }
        }
    }

    #[test]
    fn one_spelling_of_a_type_in_all_classes() {
        let mut spellings = std::collections::BTreeMap::new();
        for name in TABLE.iter().flat_map(|known| known.must.iter().chain(known.may)) {
            assert_eq!(spellings.entry(name.to_ascii_lowercase()).or_insert(name), &name);
        }
    }

    #[test]
    fn allows_through_superiors_and_by_any_name() {
        for (class, attribute_type, allowed, required) in [
            ("inetOrgPerson", "mail", true, false),
            ("INETORGPERSON", "rfc822Mailbox", true, false),
            ("2.16.840.1.113730.3.2.2", "0.9.2342.19200300.100.1.3", true, false),
            ("inetOrgPerson", "title", true, false),
            ("inetOrgPerson", "surname", true, true),
            ("inetOrgPerson", "objectClass", true, true),
            ("inetOrgPerson", "mailHost", false, false),
            ("organizationalPerson", "mail", false, false),
            ("person", "title", false, false),
            ("inetLocalMailRecipient", "mail", true, false),
            ("inetLocalMailRecipient", "mailLocalAddress", true, false),
            ("inetMailUser", "mail", false, false),
            ("inetMailUser", "icsQuota", true, false),
            ("inetMailUser", "icsStatus", false, false),
            ("icsCalendarUser", "mailAlternateAddress", true, false),
            ("icsCalendarUser", "aclgroupaddr", true, false),
            ("icsCalendarUser", "icsSecondaryowners", false, false),
            ("icsCalendarGroup", "groupid", true, true),
            ("posixAccount", "homeDirectory", true, true),
            ("groupOfMembers", "member", true, false),
            ("groupOfNames", "member", true, true),
            ("friendlyCountry", "countryName", true, true),
            ("piLocalBook", "piEntryID", true, true),
            ("extensibleObject", "x-anything", true, false),
            ("extensibleObject", "objectClass", true, true),
            ("x-unknown", "cn", false, false),
        ] {
            assert_eq!(allows(class, attribute_type), allowed, "{class} allows {attribute_type}");
            let requires = find(class).is_some_and(|known| known.requires(attribute_type));
            assert_eq!(requires, required, "{class} requires {attribute_type}");
        }
    }

    #[test]
    fn kinds() {
        for (class, kind) in [
            ("top", ABS),
            ("inetOrgPerson", STR),
            ("account", STR),
            ("posixAccount", AUX),
            ("inetMailUser", AUX),
            ("icsCalendarUser", STR),
            ("icsCalendarResource", AUX),
        ] {
            assert_eq!(find(class).map(|known| known.kind), Some(kind), "{class}");
        }
        assert!(same_class("piStoreRoot", "PIPSTOREROOT") && same_class("x-own", "X-Own"));
        assert!(same_class("2.5.6.6", "person") && !same_class("person", "organizationalPerson"));
    }

    #[test]
    fn derivation() {
        let [top, person, people] = ["top", "person", "inetOrgPerson"].map(|name| find(name).unwrap());
        assert_eq!(people.required(), ["objectClass", "sn", "cn"]);
        assert!(people.derives_from(person) && people.derives_from(top));
        assert!(!person.derives_from(people) && !person.derives_from(person));
        assert!(is_of_a_class("surname") && is_of_a_class("inetUserStatus") && !is_of_a_class("x-unknown"));
    }
}
