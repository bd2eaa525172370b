//! How services are stripped from an entry that stays, by one modify.
//!
//! The classes of the services are removed, and with them the attributes that belong to the services alone. Both are in one
//! modify: a server refuses to remove the classes without the attributes, and required attributes without the classes.
//!
//! An attribute is considered if the policy lists it, or if a removed class allows it. The first row that applies decides:
//!
//! | attribute | result |
//! | --- | --- |
//! | `objectClass` | only the classes of the services are removed |
//! | in the entry's RDN | stays: in the name |
//! | uid, cn, sn, userPassword | stays: never stripped |
//! | set by the server | stays: owned by the server |
//! | a remaining class requires it | stays: required by that class |
//! | listed by a prefix (`ics*`) | is removed |
//! | listed by its name, and no remaining class allows it | is removed |
//! | not listed, and no remaining class allows it | is removed |
//! | any other | stays: shared with that class |
//!
//! - Types are compared by any of their names, and classes with their superiors. `mail;lang-de` is treated as `mail`.
//! - A prefix wins over sharing, because Sun's calendar purge is documented to remove "all attributes with the ics
//!   prefix" (Schema Reference 819-2657): `icsQuota` is removed, although inetMailUser allows it.
//! - extensibleObject allows everything. If it stays, only what the policy lists is removed. If it is removed, no attribute
//!   belongs to the service because of it.
//! - What a class requires and allows is what the schema of the directory says (`--schema`, or in the exports), with the
//!   superiors of the class; the table of [`object_classes`] answers for classes that the schema does not describe. A class
//!   that neither knows, or one with an unknown superior, counts as allowing nothing, but may allow attributes on the server.
//!   Such classes are listed in [`Strip::unknown_classes`].
//! - A structural class should not be removed alone: OpenLDAP and OpenDJ refuse that, 389 DS and DSEE do not. It is removed,
//!   and listed in [`Strip::structural`].
//!
//! Values are deleted as the entry spells them, so that the whole modify fails if the entry has changed since the export.
//! Attributes that may be virtual (supplied by a class of service) are an exception: `delete:` of a value that is not stored
//! fails with 16, `replace:` without values does nothing.
//!
//! Sources: Sun's Schema Reference (819-4437, 819-2657), technical note 819-6839, RFC 4511 (4.6), RFC 4512 (2.4).

use crate::ldap::attribute::{is_one_of, same_type};
use crate::ldap::object_classes::{self, ClassKind, ObjectClass};
use crate::ldap::server_schema::ClassRules;
use crate::ldap::{Attribute, AttributeDescription, Entry, ModOp, Modification, Rdn, Value, attribute_types};
use crate::policy::{Pattern, ServerSchema};

/// What belongs to a service, by the policy.
#[derive(Clone, Copy, Debug)]
pub struct OwnedByService<'p> {
    /// Its object classes.
    pub classes: &'p [String],
    /// Its attributes, in addition to those that its classes allow.
    pub attributes: &'p [Pattern],
    /// Attributes whose values may be virtual. This affects how they are removed, not whether.
    pub virtual_attributes: &'p [Pattern],
}

/// How services are stripped from an entry.
#[derive(Clone, Default)]
pub struct Strip {
    /// The modifications of the one modify; none if the entry has nothing of the services.
    pub modifications: Vec<Modification>,
    /// Attributes of the services that stay.
    pub kept: Vec<RetainedAttribute>,
    /// Remaining classes of which it is unknown what they allow. Raw: escape them before showing them.
    pub unknown_classes: Vec<String>,
    /// Structural classes that are removed, as the entry spells them.
    pub structural: Vec<String>,
}

/// An attribute of a service that stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetainedAttribute {
    /// Its description, as the entry spells it.
    pub attribute: AttributeDescription,
    /// Why it stays.
    pub reason: RetentionReason,
}

/// Why an attribute of a service stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RetentionReason {
    /// It is in the entry's RDN.
    InName,
    /// It identifies the account, with or without the services.
    Never,
    /// The server sets it.
    SetByServer,
    /// This remaining class allows it, as the entry spells it.
    Shared(String),
    /// This remaining class requires it, as the entry spells it.
    Required(String),
}

/// Works out how services are stripped from an entry.
pub fn strip(entry: &Entry, services: &[OwnedByService<'_>], schema: &ServerSchema) -> Strip {
    let is_of_service = |class: &Class| {
        services.iter().flat_map(|service| service.classes).any(|own| object_classes::same_class(own, class.name))
    };
    let spelled: Vec<(&Value, String)> = classes(entry).collect();
    let all = spelled.iter().map(|(value, name)| Class {
        value,
        name,
        known: object_classes::find(name),
        rules: schema.class(name),
    });
    let (removed, remaining): (Vec<Class>, Vec<Class>) = all.partition(is_of_service);
    let mut strip = Strip {
        unknown_classes: names(remaining.iter().filter(|class| class.rules.is_none())),
        structural: names(removed.iter().filter(|class| class.is_structural())),
        ..Strip::default()
    };
    let class_values: Vec<Value> = removed.iter().map(|class| class.value.clone()).collect();
    let context = StripContext { entry, services, schema, removed: &removed, remaining: &remaining };
    let mut attributes = Vec::new();
    for attribute in &entry.attributes {
        if attribute.description.is_type("objectClass") {
            // The classes come first. An entry has only one description of objectClass.
            if strip.modifications.is_empty() && !class_values.is_empty() {
                strip.modifications.push(delete(attribute, class_values.clone()));
            }
            continue;
        }
        match context.fate(attribute) {
            // An export without values does not show what must be removed.
            ServiceFate::Removed if attribute.values.is_empty() => {}
            ServiceFate::Removed => attributes.push(removal(attribute, services)),
            ServiceFate::Stays(reason) => {
                strip.kept.push(RetainedAttribute { attribute: attribute.description.clone(), reason });
            }
            ServiceFate::NotConcerned => {}
        }
    }
    strip.modifications.append(&mut attributes);
    strip
}

/// An object class of the entry.
struct Class<'e> {
    value: &'e Value,
    /// The value as text.
    name: &'e str,
    /// The class in the built-in table, which knows kinds.
    known: Option<&'static ObjectClass>,
    /// What it requires and allows; `None` if neither the schema nor the table knows that.
    rules: Option<ClassRules<'e>>,
}

impl Class<'_> {
    fn is_structural(&self) -> bool {
        self.known.is_some_and(|known| known.kind == ClassKind::Structural)
    }

    fn is_extensible(&self) -> bool {
        self.known.is_some_and(ObjectClass::is_extensible)
    }

    fn allows(&self, attribute_type: &str) -> bool {
        self.rules.as_ref().is_some_and(|rules| rules.allows(attribute_type))
    }

    fn requires(&self, attribute_type: &str) -> bool {
        self.rules.as_ref().is_some_and(|rules| rules.required().iter().any(|name| same_type(name, attribute_type)))
    }
}

/// The object classes of an entry: each value, and the value as text.
fn classes(entry: &Entry) -> impl Iterator<Item = (&Value, String)> {
    entry.values("objectClass").map(|value| (value, String::from_utf8_lossy(&value.bytes).into_owned()))
}

fn names<'c, 'e: 'c>(classes: impl Iterator<Item = &'c Class<'e>>) -> Vec<String> {
    classes.map(|class| class.name.to_owned()).collect()
}

/// What becomes of an attribute.
enum ServiceFate {
    /// It is not an attribute of the services.
    NotConcerned,
    Stays(RetentionReason),
    Removed,
}

/// What the fate of an attribute depends on.
struct StripContext<'c> {
    entry: &'c Entry,
    services: &'c [OwnedByService<'c>],
    schema: &'c ServerSchema,
    /// The classes of the services.
    removed: &'c [Class<'c>],
    /// The other classes of the entry.
    remaining: &'c [Class<'c>],
}

impl StripContext<'_> {
    /// The table of the module, for any attribute except `objectClass`.
    fn fate(&self, attribute: &Attribute) -> ServiceFate {
        const NEVER: [&str; 4] = ["uid", "cn", "sn", "userPassword"];
        let attribute_type = attribute.description.attribute_type();
        let patterns = self.services.iter().flat_map(|service| service.attributes);
        let listed: Vec<&Pattern> = patterns.filter(|pattern| pattern.matches(attribute_type)).collect();
        let is_owned = || self.removed.iter().any(|class| !class.is_extensible() && class.allows(attribute_type));
        if listed.is_empty() && !is_owned() {
            return ServiceFate::NotConcerned;
        }
        let mut in_name = self.entry.dn.rdn().into_iter().flat_map(Rdn::avas);
        if in_name.any(|ava| same_type(&ava.attribute_type, attribute_type)) {
            return ServiceFate::Stays(RetentionReason::InName);
        }
        if is_one_of(&NEVER, attribute_type) {
            return ServiceFate::Stays(RetentionReason::Never);
        }
        if self.schema.sets(attribute_types::canonical_name(attribute_type)) {
            return ServiceFate::Stays(RetentionReason::SetByServer);
        }
        if let Some(class) = self.remaining.iter().find(|class| class.requires(attribute_type)) {
            return ServiceFate::Stays(RetentionReason::Required(class.name.to_owned()));
        }
        let sharing = if listed.iter().any(|pattern| matches!(pattern, Pattern::Prefix(_))) {
            None
        } else {
            let counts = |class: &&Class<'_>| listed.is_empty() || !class.is_extensible();
            self.remaining.iter().filter(counts).find(|class| class.allows(attribute_type))
        };
        sharing.map_or(ServiceFate::Removed, |class| ServiceFate::Stays(RetentionReason::Shared(class.name.to_owned())))
    }
}

fn removal(attribute: &Attribute, services: &[OwnedByService<'_>]) -> Modification {
    let mut patterns = services.iter().flat_map(|service| service.virtual_attributes);
    if patterns.any(|pattern| pattern.matches(attribute.description.attribute_type())) {
        Modification { op: ModOp::Replace, description: attribute.description.clone(), values: Vec::new() }
    } else {
        delete(attribute, attribute.values.clone())
    }
}

fn delete(attribute: &Attribute, values: Vec<Value>) -> Modification {
    Modification { op: ModOp::Delete, description: attribute.description.clone(), values }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ldap::{Dn, Origin};
    use crate::policy::Server;

    /// What a policy lists for a service, separated by blanks.
    struct Listed<'t> {
        classes: &'t str,
        attributes: &'t str,
        virtual_attributes: &'t str,
    }

    const MAIL: Listed<'static> = Listed {
        classes: "inetMailUser inetLocalMailRecipient userPresenceProfile",
        attributes: "",
        virtual_attributes: "mailQuota mailMsgQuota mailMsgMaxBlocks mailAllowedServiceAccess",
    };
    const CALENDAR: Listed<'static> = Listed {
        classes: "icsCalendarUser",
        attributes: "ics* nswcalDisallowAccess",
        virtual_attributes: "icsPreferredHost icsDWPHost icsFirstDay",
    };
    const ADDRESS_BOOK: Listed<'static> = Listed { classes: "ipUser", attributes: "psRoot", virtual_attributes: "" };

    fn entry(dn: &str, lines: &[&str]) -> Entry {
        let mut entry =
            Entry { dn: Dn::parse(dn.as_bytes()).unwrap(), origin: Origin::default(), attributes: Vec::new() };
        for line in lines {
            let (description, value) = line.split_once(": ").unwrap();
            entry.push(AttributeDescription::parse(description.as_bytes()).unwrap(), Value::new(value.as_bytes()));
        }
        entry
    }

    /// `strip`, with services as written in a policy.
    fn stripped(entry: &Entry, services: &[Listed]) -> Strip {
        let patterns = |text: &str| text.split_whitespace().map(|name| Pattern::parse(name).unwrap()).collect();
        let owned: Vec<(Vec<String>, Vec<Pattern>, Vec<Pattern>)> = services
            .iter()
            .map(|listed| {
                let classes = listed.classes.split_whitespace().map(str::to_owned).collect();
                (classes, patterns(listed.attributes), patterns(listed.virtual_attributes))
            })
            .collect();
        let services: Vec<OwnedByService<'_>> = owned
            .iter()
            .map(|(classes, attributes, virtual_attributes)| OwnedByService { classes, attributes, virtual_attributes })
            .collect();
        strip(entry, &services, &ServerSchema::from(Server::Dsee))
    }

    /// `delete mail: a@x, b@x`
    fn modifications(strip: &Strip) -> Vec<String> {
        let text = |modification: &Modification| {
            let values: Vec<_> =
                modification.values.iter().map(|value| String::from_utf8_lossy(&value.bytes)).collect();
            let line = format!("{} {}: {}", modification.op.keyword(), modification.description, values.join(", "));
            line.trim_end().to_owned()
        };
        strip.modifications.iter().map(text).collect()
    }

    /// `mail: inetOrgPerson`
    fn kept(strip: &Strip) -> Vec<String> {
        let text = |kept: &RetainedAttribute| {
            let reason = match &kept.reason {
                RetentionReason::InName => "in the name",
                RetentionReason::Never => "never",
                RetentionReason::SetByServer => "the server's",
                RetentionReason::Shared(class) | RetentionReason::Required(class) => class,
            };
            format!("{}: {reason}", kept.attribute)
        };
        strip.kept.iter().map(text).collect()
    }

    const JSMITH: &str = "uid=jsmith,ou=People,o=sesta.com,o=isp";

    /// A user of mail and calendar like the one in the technical note, with irregular spelling.
    fn jsmith() -> Entry {
        entry(
            JSMITH,
            &[
                "objectClass: top",
                "objectClass: person",
                "objectClass: organizationalPerson",
                "objectClass: inetOrgPerson",
                "objectClass: inetuser",
                "objectClass: ipUser",
                "objectClass: INETMAILUSER",
                "objectClass: inetLocalMailRecipient",
                "objectClass: userPresenceProfile",
                "objectClass: icsCalendarUser",
                "uid: jsmith",
                "cn: John Smith",
                "sn: Smith",
                "givenName: John",
                "userPassword: {SSHA}x",
                "preferredLanguage: en",
                "inetUserStatus: deleted",
                "memberOf: cn=staff,o=isp",
                "mail: jsmith@sesta.com",
                "mail;lang-de: jsmith@sesta.de",
                "mailAlternateAddress: John.Smith@sesta.com",
                "mailHost: mail.sesta.com",
                "mailDeliveryOption: mailbox",
                "mailQuota: -1",
                "MAILUSERSTATUS: removed",
                "aclGroupAddr: lee-staff@sesta.com",
                "vacationStartDate: 20060101000000Z",
                "icsQuota: 100",
                "icsStatus: removed",
                "icsSubscribed: lee$Lee",
                "icsSubscribed: ann",
                "icsFirstDay: 2",
                "nswcalDisallowAccess: http",
                "pabURI: ldap://ldap/ou=jsmith,o=pab",
                "psRoot: ldap://ldap/piPStoreOwner=jsmith,o=sesta.com,o=PiServerDb",
            ],
        )
    }

    #[test]
    fn mail_is_stripped_and_calendar_stays() {
        let strip = stripped(&jsmith(), &[MAIL]);
        assert_eq!(
            modifications(&strip),
            [
                "delete objectClass: INETMAILUSER, inetLocalMailRecipient, userPresenceProfile",
                "delete mailHost: mail.sesta.com",
                "delete mailDeliveryOption: mailbox",
                "replace mailQuota:",
                "delete MAILUSERSTATUS: removed",
                "delete vacationStartDate: 20060101000000Z",
            ]
        );
        assert_eq!(
            kept(&strip),
            [
                "cn: never",
                "mail: inetOrgPerson",
                "mail;lang-de: inetOrgPerson",
                "mailAlternateAddress: icsCalendarUser",
                "aclGroupAddr: icsCalendarUser",
                "icsQuota: icsCalendarUser",
            ]
        );
        assert!(strip.structural.is_empty() && strip.unknown_classes.is_empty());
    }

    #[test]
    fn calendar_is_stripped_and_mail_stays() {
        let strip = stripped(&jsmith(), &[CALENDAR]);
        assert_eq!(
            modifications(&strip),
            [
                "delete objectClass: icsCalendarUser",
                // inetMailUser allows it, but the prefix wins.
                "delete icsQuota: 100",
                "delete icsStatus: removed",
                "delete icsSubscribed: lee$Lee, ann",
                "replace icsFirstDay:",
                "delete nswcalDisallowAccess: http",
            ]
        );
        assert_eq!(
            kept(&strip),
            [
                "uid: in the name",
                "cn: never",
                "sn: never",
                "givenName: inetOrgPerson",
                "userPassword: never",
                "preferredLanguage: inetOrgPerson",
                "mail: inetOrgPerson",
                "mail;lang-de: inetOrgPerson",
                "mailAlternateAddress: inetLocalMailRecipient",
                "aclGroupAddr: INETMAILUSER",
            ]
        );
        assert_eq!(strip.structural, ["icsCalendarUser"]);
    }

    #[test]
    fn all_services_are_stripped() {
        let strip = stripped(&jsmith(), &[MAIL, CALENDAR, ADDRESS_BOOK]);
        let removed: Vec<_> = strip.modifications.iter().map(|change| change.description.to_string()).collect();
        assert_eq!(
            removed,
            [
                "objectClass",
                "mailAlternateAddress",
                "mailHost",
                "mailDeliveryOption",
                "mailQuota",
                "MAILUSERSTATUS",
                "aclGroupAddr",
                "vacationStartDate",
                "icsQuota",
                "icsStatus",
                "icsSubscribed",
                "icsFirstDay",
                "nswcalDisallowAccess",
                "pabURI",
                "psRoot",
            ]
        );
        assert_eq!(strip.modifications[0].values.len(), 5);
    }

    /// What is tested; the entry's name; what the policy lists; the entry's lines; the modifications; what is kept.
    type StripCase<'c> = (&'c str, &'c str, &'c str, &'c [&'c str], &'c [&'c str], &'c [&'c str]);

    /// Strips inetMailUser, and what the policy lists, from small entries.
    fn check(cases: &[StripCase]) {
        for &(what, dn, attributes, lines, expected, expected_kept) in cases {
            let service = Listed { classes: "inetMailUser", attributes, ..MAIL };
            let strip = stripped(&entry(dn, lines), &[service]);
            assert_eq!(modifications(&strip), expected, "{what}");
            assert_eq!(kept(&strip), expected_kept, "{what}");
            let unknown = lines.iter().any(|line| line.ends_with("x-Class"));
            assert_eq!(!strip.unknown_classes.is_empty(), unknown, "{what}");
        }
    }

    const CLASS: &str = "delete objectClass: inetMailUser";

    #[test]
    fn what_belongs_to_the_service() {
        check(&[
            (
                "the entry has nothing of the service",
                JSMITH,
                "mailHost",
                &["objectClass: person", "cn: J", "mailQuota: 1"],
                &[],
                &[],
            ),
            (
                "the entry has only what the policy lists",
                JSMITH,
                "mailHost",
                &["objectClass: person", "mailHost: h", "mailQuota: 1"],
                &["delete mailHost: h"],
                &[],
            ),
            (
                "the entry has only the class",
                JSMITH,
                "",
                &["objectClass: inetMailUser", "objectClass: person"],
                &[CLASS],
                &[],
            ),
            (
                "a service attribute is the name",
                "mailHost=h+cn=J,o=isp",
                "mail*",
                &["objectClass: inetMailUser", "mailHost: h", "mailHost: i", "commonName: J"],
                &[CLASS],
                &["mailHost: in the name", "commonName: in the name"],
            ),
            (
                "never, by any name and for any list",
                "ou=x,o=isp",
                "userid surname cn userPassword objectClass",
                &["objectClass: inetMailUser", "userid: j", "2.5.4.4: S", "cn;lang-de: J", "userPassword: p"],
                &[CLASS],
                &["userid: never", "2.5.4.4: never", "cn;lang-de: never", "userPassword: never"],
            ),
            (
                "set by the server",
                JSMITH,
                "memberOf modify*",
                &["objectClass: inetMailUser", "memberOf: cn=g", "modifyTimestamp: 20260101000000Z"],
                &[CLASS],
                &["memberOf: the server's", "modifyTimestamp: the server's"],
            ),
            (
                "options do not count, but are written",
                JSMITH,
                "",
                &["objectClass: inetMailUser", "mailAutoReplyText;lang-de: weg", "mailAutoReplyText: away"],
                &[CLASS, "delete mailAutoReplyText;lang-de: weg", "delete mailAutoReplyText: away"],
                &[],
            ),
            (
                "classes by their OID",
                JSMITH,
                "",
                &["objectClass: 2.16.840.1.113730.3.2.146", "mailUserStatus: removed"],
                &["delete objectClass: 2.16.840.1.113730.3.2.146", "delete mailUserStatus: removed"],
                &[],
            ),
        ]);
    }

    #[test]
    fn what_is_shared_with_remaining_classes() {
        check(&[
            (
                "listed, and shared",
                JSMITH,
                "mail rfc822Mailbox description",
                &["objectClass: person", "objectClass: inetMailUser", "mail: j@x", "description: d"],
                &[CLASS, "delete mail: j@x"],
                &["description: person"],
            ),
            (
                "an unknown class",
                JSMITH,
                "x-own",
                &["objectClass: inetMailUser", "objectClass: x-Class", "mailQuota: 1", "x-own: 1", "x-other: 1"],
                &[CLASS, "replace mailQuota:", "delete x-own: 1"],
                &[],
            ),
            (
                "extensibleObject stays: what is listed is removed, the rest stays",
                JSMITH,
                "mailHost mailQ*",
                &[
                    "objectClass: extensibleObject",
                    "objectClass: inetMailUser",
                    "mailHost: h",
                    "mailQuota: 1",
                    "mailUserStatus: removed",
                    "x-other: 1",
                ],
                &[CLASS, "delete mailHost: h", "replace mailQuota:"],
                &["mailUserStatus: extensibleObject"],
            ),
            (
                "a prefix wins over what a class allows, not over what it requires",
                JSMITH,
                "description* home*",
                &["objectClass: posixAccount", "objectClass: inetMailUser", "description: d", "homeDirectory: /h"],
                &[CLASS, "delete description: d"],
                &["homeDirectory: posixAccount"],
            ),
        ]);
    }

    #[test]
    fn removed_classes() {
        // A service whose class is extensibleObject does not own every attribute.
        let everything = Listed { classes: "extensibleObject", attributes: "x-own", virtual_attributes: "" };
        let lines = ["objectClass: person", "objectClass: extensibleObject", "x-own: 1", "x-other: 1"];
        let strip = stripped(&entry(JSMITH, &lines), &[everything]);
        assert_eq!(modifications(&strip), ["delete objectClass: extensibleObject", "delete x-own: 1"]);

        // A class of the service that is not known owns what is listed; one that stays is named.
        let misspelled = Listed { classes: "icscalendaryuser", attributes: "ics*", virtual_attributes: "" };
        let lines = ["objectClass: icsCalendaryUser", "objectClass: x-Class", "icsStatus: removed", "mail: j@x"];
        let strip = stripped(&entry(JSMITH, &lines), &[misspelled]);
        assert_eq!(modifications(&strip), ["delete objectClass: icsCalendaryUser", "delete icsStatus: removed"]);
        assert_eq!((strip.unknown_classes, strip.structural), (vec!["x-Class".to_owned()], vec![]));
    }

    #[test]
    fn names_without_values_are_left_alone() {
        let mut entry = entry(JSMITH, &["objectClass: inetMailUser", "mailQuota: 1", "mailHost: h"]);
        for attribute in &mut entry.attributes[1..] {
            attribute.values.clear();
        }
        assert_eq!(modifications(&stripped(&entry, &[MAIL])), ["delete objectClass: inetMailUser"]);
    }
}
