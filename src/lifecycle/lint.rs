//! What is odd about a Sun Communications account: read from its entry alone, changed by nobody, said to a person.
//!
//! | code | holds when | basis |
//! | --- | --- | --- |
//! | ics-access-without-effect | icsAllowedServiceAccess is set while icsStatus is | 819-4437: ignored then |
//! | illegal-status | a status has a value that is not one of its words | 819-4437: counts as inactive |
//! | several-values | a status has several values | 819-4437: single-valued |
//! | service-stuck | deleted; one service removed, another there and active or absent | 819-6839: never deleted |
//! | status-without-class | a service's status is set and none of its classes | 819-4437 |
//! | class-without-status | a service's class is there and its status is not | 819-4437: counts as active |
//! | contradiction | active; a service removed and its class still there | 819-4437 |
//! | login-still-active | deleted, and iplanet-am-user-login-status is Active | every sample of 819-6839 |
//! | several-mail-hosts | mailHost has several values | 819-2651: msuserpurge cleans one host |
//! | unknown-class-typo | an unknown class is spelled almost like a known one | `icscalendaryuser` in 819-6839 |
//!
//! Deleted is what inetUserStatus says; an account is active if neither inetUserStatus nor inetResourceStatus says
//! otherwise. Words and single values are those of [`effective`](super::effective).
//!
//! A contradiction is a service that domain purge has not stripped yet (`commadmin user delete -S`, a deleted domain)
//! or a mistake; the entry alone does not tell. 819-6839 itself makes accesses without effect: it has
//! `csuser disable` run on entries that have an icsStatus.
//!
//! | service | status | classes |
//! | --- | --- | --- |
//! | mail | mailUserStatus | inetMailUser |
//! | calendar | icsStatus | icsCalendar with User, Resource, Group, Domain or `DWPHost` behind |
//!
//! A class is spelled almost like another if one or two letters were left out, put in, replaced or swapped with
//! their neighbour, whatever the case; one if either name has fewer than 8 letters, for `user` is not a bad `ipUser`,
//! nor `ntUser` a bad `inetUser`.

use super::effective::{Word, account_statuses, legal_word, same, status};
use crate::ldap::object_classes;
use crate::ldap::{Entry, Value};
use crate::spelling;

/// One oddity of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lint {
    /// Which: a code of the table above, stable.
    pub code: &'static str,
    /// The attribute it is about.
    pub attribute: &'static str,
    /// Its value as written, if it has one: raw, escape it before showing it.
    pub value: Option<Vec<u8>>,
    /// The line of the value; without one, the line of what asks for it.
    pub line: u64,
}

impl Lint {
    /// One sentence, without anything from the directory.
    pub fn sentence(&self) -> String {
        let Some(rule) = RULES.iter().find(|rule| rule.code == self.code) else { return self.code.to_owned() };
        let class = self.value.as_deref().and_then(almost).unwrap_or("another");
        rule.sentence.replace("{attribute}", self.attribute).replace("{class}", class)
    }
}

/// Everything odd about one account, in the order of the table.
pub fn lint(account: &Entry) -> Vec<Lint> {
    let found = RULES.iter().flat_map(|rule| (rule.find)(account).into_iter().map(|found| (rule.code, found)));
    found.map(|(code, Found { attribute, value, line })| Lint { code, attribute, value, line }).collect()
}

struct Rule {
    code: &'static str,
    find: fn(&Entry) -> Vec<Found>,
    sentence: &'static str,
}

struct Found {
    attribute: &'static str,
    value: Option<Vec<u8>>,
    line: u64,
}

impl Found {
    fn new(attribute: &'static str, value: &Value) -> Self {
        Self { attribute, value: Some(value.bytes.to_vec()), line: value.line }
    }

    fn absent(attribute: &'static str, asked_for_by: &Value) -> Self {
        Self { attribute, value: None, line: asked_for_by.line }
    }
}

const RULES: [Rule; 10] = [
    Rule {
        code: "ics-access-without-effect",
        find: access_without_effect,
        sentence: "{attribute} has no effect, because icsStatus is set",
    },
    Rule {
        code: "illegal-status",
        find: illegal_status,
        sentence: "the value is not one of the words of {attribute}; it counts as inactive",
    },
    Rule {
        code: "several-values",
        find: several_values,
        sentence: "{attribute} is single-valued and has several values",
    },
    Rule {
        code: "service-stuck",
        find: service_stuck,
        sentence: "the account is deleted and its other service removed, but {attribute} is active or absent: \
                   the entry is never deleted",
    },
    Rule {
        code: "status-without-class",
        find: status_without_class,
        sentence: "{attribute} is set, but the entry has no object class of that service",
    },
    Rule {
        code: "class-without-status",
        find: class_without_status,
        sentence: "the entry has an object class of the service, but no {attribute}; it counts as active",
    },
    Rule {
        code: "contradiction",
        find: contradiction,
        sentence: "{attribute} says removed, but the account is active and has the object class of the service: \
                   the service is not stripped yet, or was disabled by mistake",
    },
    Rule {
        code: "login-still-active",
        find: login_still_active,
        sentence: "the account is deleted, but {attribute} is still Active",
    },
    Rule {
        code: "several-mail-hosts",
        find: several_mail_hosts,
        sentence: "{attribute} has several values; msuserpurge must run on each of these hosts",
    },
    Rule {
        code: "unknown-class-typo",
        find: class_typo,
        sentence: "an unknown object class, spelled almost like {class}",
    },
];

/// Status attribute and object classes of a service.
struct Service {
    status: &'static str,
    classes: &'static [&'static str],
}

const SERVICES: [Service; 2] = [
    Service { status: "mailUserStatus", classes: &["inetMailUser"] },
    Service {
        status: "icsStatus",
        classes: &[
            "icsCalendarUser",
            "icsCalendarResource",
            "icsCalendarGroup",
            "icsCalendarDomain",
            "icsCalendarDWPHost",
        ],
    },
];

impl Service {
    /// Its first object class in the entry.
    fn class<'e>(&self, account: &'e Entry) -> Option<&'e Value> {
        let is_own =
            |value: &&Value| self.classes.iter().any(|class| value.bytes.eq_ignore_ascii_case(class.as_bytes()));
        account.values("objectClass").find(is_own)
    }
}

fn access_without_effect(account: &Entry) -> Vec<Found> {
    let attribute = "icsAllowedServiceAccess";
    let is_set = account.values("icsStatus").next().is_some();
    account.values(attribute).filter(|_| is_set).map(|value| Found::new(attribute, value)).collect()
}

fn illegal_status(account: &Entry) -> Vec<Found> {
    let values = |(attribute, words)| account.values(attribute).map(move |value| (attribute, words, value));
    let illegal =
        account_statuses().flat_map(values).filter(|(_, words, value)| legal_word(words, &value.bytes).is_none());
    illegal.map(|(attribute, _, value)| Found::new(attribute, value)).collect()
}

fn several_values(account: &Entry) -> Vec<Found> {
    account_statuses().filter_map(|(attribute, _)| second(account, attribute)).collect()
}

fn service_stuck(account: &Entry) -> Vec<Found> {
    if !is_deleted(account) || SERVICES.iter().all(|service| status(account, service.status).0 != Word::Removed) {
        return Vec::new();
    }
    let stuck = |service: &Service| match (service.class(account)?, status(account, service.status)) {
        (_, (Word::Active, Some(value))) => Some(Found::new(service.status, value)),
        (class, (Word::Active, None)) => Some(Found::absent(service.status, class)),
        _ => None,
    };
    SERVICES.iter().filter_map(stuck).collect()
}

fn status_without_class(account: &Entry) -> Vec<Found> {
    let without_class = SERVICES.iter().filter(|service| service.class(account).is_none());
    let value = |service: &Service| Some(Found::new(service.status, account.values(service.status).next()?));
    without_class.filter_map(value).collect()
}

fn class_without_status(account: &Entry) -> Vec<Found> {
    let without_status = SERVICES.iter().filter(|service| account.values(service.status).next().is_none());
    without_status.filter_map(|service| Some(Found::absent(service.status, service.class(account)?))).collect()
}

fn contradiction(account: &Entry) -> Vec<Found> {
    let is_active = |attribute| status(account, attribute).0 == Word::Active;
    if !is_active("inetUserStatus") || !is_active("inetResourceStatus") {
        return Vec::new();
    }
    let contradicts = |service: &Service| match (service.class(account)?, status(account, service.status)) {
        (_, (Word::Removed, Some(value))) => Some(Found::new(service.status, value)),
        _ => None,
    };
    SERVICES.iter().filter_map(contradicts).collect()
}

fn login_still_active(account: &Entry) -> Vec<Found> {
    let attribute = "iplanet-am-user-login-status";
    let active = account.values(attribute).find(|value| same(&value.bytes, "Active"));
    active.filter(|_| is_deleted(account)).map(|value| Found::new(attribute, value)).into_iter().collect()
}

fn several_mail_hosts(account: &Entry) -> Vec<Found> {
    second(account, "mailHost").into_iter().collect()
}

fn class_typo(account: &Entry) -> Vec<Found> {
    let odd = account.values("objectClass").filter(|value| almost(&value.bytes).is_some());
    odd.map(|value| Found::new("objectClass", value)).collect()
}

fn is_deleted(account: &Entry) -> bool {
    status(account, "inetUserStatus").0 == Word::Deleted
}

/// The second value of an attribute that should have one.
fn second(account: &Entry, attribute: &'static str) -> Option<Found> {
    account.values(attribute).nth(1).map(|value| Found::new(attribute, value))
}

/// The object classes of Sun Communications entries (819-4437): users, groups, domains, address books, Access Manager.
#[rustfmt::skip]
const CLASSES: [&str; 48] = [
    "inetUser", "inetMailUser", "inetLocalMailRecipient", "ipUser", "inetSubscriber", "inetAdmin", "inetResource",
    "userPresenceProfile", "sunUCPreferences", "iPlanetPreferences", "nsManagedPerson",
    "icsCalendarUser", "icsCalendarResource", "icsCalendarGroup", "icsCalendarDomain", "icsCalendarDWPHost",
    "inetMailGroup", "inetMailGroupManagement", "mailRecipient", "mailGroup",
    "inetDomain", "inetDomainAuthInfo", "mailDomain", "nsManagedDomain", "sunManagedOrganization", "sunNameSpace",
    "sunDelegatedOrganization", "sunMailOrganization", "sunManagedLocation", "sunManagedProvider", "sunSharedDomain",
    "iplanet-am-user-service", "iplanet-am-managed-person", "iplanet-am-managed-group",
    "iplanet-am-managed-static-group", "iplanet-am-managed-assignable-group", "iplanet-am-managed-filtered-group",
    "piPStoreRoot", "piStoreRoot", "piTypeBook", "piLocalBook", "piRemoteBook", "piEntry", "piTypePerson",
    "piTypeGroup", "piTypeResource", "piTypeProfile", "pabPerson",
];

/// The known class that an unknown one is spelled almost like, the nearest one first.
fn almost(class: &[u8]) -> Option<&'static str> {
    // Nearly every value is a class that everybody knows.
    if std::str::from_utf8(class).is_ok_and(|class| object_classes::find(class).is_some()) {
        return None;
    }
    if CLASSES.iter().any(|known| class.eq_ignore_ascii_case(known.as_bytes())) {
        return None;
    }
    spelling::nearest(class, CLASSES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ldap::Origin;
    use crate::lifecycle::effective::tests::entry;

    fn account(lines: &str) -> Entry {
        entry("uid=jsmith,ou=People,o=sesta.com,o=isp", Origin { export: 1, line: 200 }, lines)
    }

    /// `code attribute: value @line`, or `code no attribute @line`.
    fn shown(lints: &[Lint]) -> Vec<String> {
        let show = |lint: &Lint| match &lint.value {
            Some(value) => format!("{} {}: {} @{}", lint.code, lint.attribute, value.escape_ascii(), lint.line),
            None => format!("{} no {} @{}", lint.code, lint.attribute, lint.line),
        };
        lints.iter().map(show).collect()
    }

    const MAIL: &str = "objectClass: inetMailUser; ";
    const CALENDAR: &str = "objectClass: icsCalendarUser; ";
    const BOTH: &str = "objectClass: inetMailUser; objectClass: icsCalendarUser; ";

    /// The classes, the other attributes, and all that is odd.
    #[test]
    #[rustfmt::skip]
    fn the_table() {
        for (classes, lines, expected) in [
            // Nothing odd.
            ("", "", &[][..]),
            ("objectClass: inetOrgPerson; ", "uid: jsmith; inetUserStatus: Active", &[]),
            (BOTH, "inetUserStatus: active; mailUserStatus: Active; icsStatus: ACTIVE; mailHost: a.siroe.com", &[]),
            (BOTH, "inetUserStatus: deleted; mailUserStatus: removed; icsStatus: removed", &[]),
            // ics-access-without-effect
            (CALENDAR, "icsStatus: active; icsAllowedServiceAccess: http",
             &["ics-access-without-effect icsAllowedServiceAccess: http @203"]),
            (CALENDAR, "icsStatus: inactive; icsAllowedServiceAccess: all",
             &["ics-access-without-effect icsAllowedServiceAccess: all @203"]),
            (CALENDAR, "icsAllowedServiceAccess: http", &["class-without-status no icsStatus @201"]),
            // illegal-status
            (BOTH, "inetUserStatus: removed; mailUserStatus: off; icsStatus: hold",
             &["illegal-status inetUserStatus: removed @203", "illegal-status mailUserStatus: off @204",
               "illegal-status icsStatus: hold @205"]),
            ("", "inetResourceStatus: disabled", &["illegal-status inetResourceStatus: disabled @201"]),
            (MAIL, "mailUserStatus: hold", &[]),
            (MAIL, "mailUserStatus: OverQuota", &[]),
            (MAIL, "mailUserStatus: disabled", &[]),
            // several-values
            (MAIL, "mailUserStatus: active; mailUserStatus: deleted; mailUserStatus: hold",
             &["several-values mailUserStatus: deleted @203"]),
            ("", "inetUserStatus: active; inetUserStatus: none; inetResourceStatus: active; inetResourceStatus: active",
             &["illegal-status inetUserStatus: none @202", "several-values inetUserStatus: none @202",
               "several-values inetResourceStatus: active @204"]),
            (CALENDAR, "icsStatus: active; icsStatus: inactive", &["several-values icsStatus: inactive @203"]),
            // service-stuck
            (BOTH, "inetUserStatus: deleted; mailUserStatus: removed; icsStatus: Active",
             &["service-stuck icsStatus: Active @205"]),
            (BOTH, "inetUserStatus: Deleted; mailUserStatus: active; icsStatus: Removed",
             &["service-stuck mailUserStatus: active @204"]),
            (BOTH, "inetUserStatus: deleted; mailUserStatus: removed",
             &["service-stuck no icsStatus @202", "class-without-status no icsStatus @202"]),
            (BOTH, "inetUserStatus: deleted; icsStatus: removed",
             &["service-stuck no mailUserStatus @201", "class-without-status no mailUserStatus @201"]),
            (BOTH, "inetUserStatus: deleted; mailUserStatus: removed; icsStatus: deleted", &[]),
            (BOTH, "inetUserStatus: deleted; mailUserStatus: removed; icsStatus: inactive", &[]),
            (BOTH, "inetUserStatus: deleted; mailUserStatus: active; icsStatus: active", &[]),
            (BOTH, "inetUserStatus: inactive; mailUserStatus: removed; icsStatus: active", &[]),
            (MAIL, "inetUserStatus: deleted; mailUserStatus: removed", &[]),
            // status-without-class
            (CALENDAR, "mailUserStatus: active; icsStatus: active",
             &["status-without-class mailUserStatus: active @202"]),
            (MAIL, "mailUserStatus: active; icsStatus: removed", &["status-without-class icsStatus: removed @203"]),
            ("objectClass: icsCalendarResource; ", "icsStatus: active", &[]),
            ("objectClass: icscalendargroup; ", "icsStatus: active", &[]),
            ("objectClass: icsCalendarDomain; ", "icsStatus: active", &[]),
            ("objectClass: icsCalendarDWPHost; ", "icsStatus: active", &[]),
            // class-without-status
            (MAIL, "inetUserStatus: active", &["class-without-status no mailUserStatus @201"]),
            ("objectClass: top; objectClass: ICSCALENDARRESOURCE; ", "", &["class-without-status no icsStatus @202"]),
            // contradiction
            (MAIL, "inetUserStatus: active; mailUserStatus: removed", &["contradiction mailUserStatus: removed @203"]),
            (BOTH, "mailUserStatus: removed; icsStatus: Removed",
             &["contradiction mailUserStatus: removed @203", "contradiction icsStatus: Removed @204"]),
            (MAIL, "inetUserStatus: active; mailUserStatus: deleted", &[]),
            (MAIL, "inetUserStatus: inactive; mailUserStatus: removed", &[]),
            ("objectClass: icsCalendarResource; ", "inetResourceStatus: deleted; icsStatus: removed", &[]),
            ("", "inetUserStatus: active; mailUserStatus: removed",
             &["status-without-class mailUserStatus: removed @202"]),
            // login-still-active
            ("", "inetUserStatus: deleted; iplanet-am-user-login-status: Active",
             &["login-still-active iplanet-am-user-login-status: Active @202"]),
            ("", "inetUserStatus: deleted; iplanet-am-user-login-status: Inactive", &[]),
            ("", "inetUserStatus: active; iplanet-am-user-login-status: Active", &[]),
            ("", "inetUserStatus: inactive; iplanet-am-user-login-status: Active", &[]),
            // several-mail-hosts
            ("", "mailHost: a.siroe.com; mailHost: b.siroe.com; mailHost: c.siroe.com",
             &["several-mail-hosts mailHost: b.siroe.com @202"]),
            // unknown-class-typo
            ("objectClass: top; objectClass: inetMialUser; objectClass: ICSCALENDAR_USER; ", "",
             &["unknown-class-typo objectClass: inetMialUser @202",
               "unknown-class-typo objectClass: ICSCALENDAR_USER @203"]),
        ] {
            let found = lint(&account(&format!("{classes}{lines}")));
            assert_eq!(shown(&found), expected, "[{classes}{lines}]");
        }
    }

    /// The entry of the technical note 819-6839 at the steps of its procedures, as the note prints it.
    #[test]
    fn the_note() {
        const CLASSES: &str = "objectClass: top; objectClass: iplanet-am-managed-person; \
            objectClass: iplanet-am-user-service; objectClass: inetadmin; objectClass: organizationalperson; \
            objectClass: person; objectClass: inetuser; objectClass: inetlocalmailrecipient; \
            objectClass: iplanetpreferences; objectClass: ipuser; objectClass: inetorgperson; \
            objectClass: inetsubscriber; objectClass: inetmailuser; objectClass: userpresenceprofile; \
            mailHost: mail.siroe.com; iplanet-am-user-login-status: Active; ";
        for (step, lines, expected) in [
            (
                "before",
                "objectClass: icscalendaruser; mailUserStatus: active; icsStatus: Active; inetUserStatus: Active",
                &[][..],
            ),
            (
                "disabled; the note spells the class wrong",
                "objectClass: icscalendaryuser; mailUserStatus: active; icsStatus: Active; inetUserStatus: deleted",
                &[
                    "status-without-class icsStatus",
                    "login-still-active iplanet-am-user-login-status",
                    "unknown-class-typo objectClass",
                ],
            ),
            (
                "deleted",
                "objectClass: icscalendaruser; inetUserStatus: deleted; icsStatus: removed; mailUserStatus: removed",
                &["login-still-active iplanet-am-user-login-status"],
            ),
            (
                "csuser disable",
                "objectClass: icscalendaruser; mailUserStatus: active; icsStatus: Active; inetUserStatus: Active; \
                 icsAllowedServiceAccess: http",
                &["ics-access-without-effect icsAllowedServiceAccess"],
            ),
            (
                "msuserpurge without hosted domains, as its text has it: mail only",
                "objectClass: icscalendaruser; inetUserStatus: deleted; icsStatus: Active; mailUserStatus: removed; \
                 icsAllowedServiceAccess: http",
                &[
                    "ics-access-without-effect icsAllowedServiceAccess",
                    "service-stuck icsStatus",
                    "login-still-active iplanet-am-user-login-status",
                ],
            ),
        ] {
            let found = lint(&account(&format!("{CLASSES}{lines}")));
            let found: Vec<_> = found.iter().map(|lint| format!("{} {}", lint.code, lint.attribute)).collect();
            assert_eq!(found, expected, "{step}");
        }
    }

    /// Object classes, and the known class that they are spelled almost like.
    #[test]
    fn almost_known() {
        for (class, expected) in [
            ("icscalendaryuser", Some("icsCalendarUser")),
            ("icsCalenderUser", Some("icsCalendarUser")),
            ("icsCalndarUsr", Some("icsCalendarUser")),
            ("inetUsre", Some("inetUser")),
            ("netuser", Some("inetUser")),
            ("ipUsers", Some("ipUser")),
            ("piPStoreRot", Some("piPStoreRoot")),
            ("piTStoreRoot", Some("piPStoreRoot")),
            ("iplanet-am-manged-persn", Some("iplanet-am-managed-person")),
            // Known, in any case.
            ("ICSCALENDARUSER", None),
            ("PITYPEBOOK", None),
            ("piStoreRoot", None),
            ("piPStoreRoot", None),
            // Three letters off.
            ("icsCalndrUsr", None),
            // Classes of others that look a little alike.
            ("user", None),
            ("ntUser", None),
            ("person", None),
            ("domain", None),
            ("ipHost", None),
            ("dcEntry", None),
            ("mailUser", None),
            ("inetOrgPerson", None),
            ("nsCalUser", None),
            ("iplanet-am-managed-role", None),
            ("iplanet-am-managed-policy", None),
            ("", None),
            ("\u{e9}", None),
        ] {
            assert_eq!(almost(class.as_bytes()), expected, "{class}");
        }
        assert_eq!(almost(b"inet\xffUser"), Some("inetUser"));
        assert_eq!(almost(&vec![b'i'; 1 << 20]), None);
    }

    /// What a person reads says the attribute, and nothing that the directory wrote.
    #[test]
    fn sentences() {
        let hostile = "\u{1b}[2J{attribute}";
        let lines = format!(
            "objectClass: icsCalendarUser; objectClass: inetMialUser; icsAllowedServiceAccess: {hostile}; \
             icsStatus: {hostile}; mailHost: a; mailHost: {hostile}"
        );
        let found = lint(&account(&lines));
        let sentences: Vec<String> = found.iter().map(Lint::sentence).collect();
        assert_eq!(
            sentences,
            [
                "icsAllowedServiceAccess has no effect, because icsStatus is set",
                "the value is not one of the words of icsStatus; it counts as inactive",
                "mailHost has several values; msuserpurge must run on each of these hosts",
                "an unknown object class, spelled almost like inetMailUser",
            ]
        );
        for rule in &RULES {
            let lint =
                Lint { code: rule.code, attribute: "icsStatus", value: Some(b"icscalendaryuser".to_vec()), line: 1 };
            let sentence = lint.sentence();
            assert!(!sentence.contains(['{', '}', '\n']) && !sentence.contains("  "), "{sentence}");
        }
    }
}
