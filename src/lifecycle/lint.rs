//! Problems in a Sun Communications account, found in its entry alone and reported to a person; nothing is changed.
//!
//! | code | condition | source |
//! | --- | --- | --- |
//! | ics-access-without-effect | icsAllowedServiceAccess is set, and so is icsStatus | 819-4437: then it is ignored |
//! | illegal-status | a status has a value that is not legal | 819-4437: it counts as inactive |
//! | several-values | a status has several values | 819-4437: single-valued |
//! | service-stuck | deleted; one service is removed, the other has its class and is active or has no status | 819-6839: the entry is never deleted |
//! | status-without-class | the status of a service is set, but the entry has none of its classes | 819-4437 |
//! | class-without-status | the entry has a class of a service, but not its status | 819-4437: counts as active |
//! | contradiction | active; a service is removed, but the entry has its class | 819-4437 |
//! | login-still-active | deleted, but iplanet-am-user-login-status is Active | all samples of 819-6839 |
//! | several-mail-hosts | mailHost has several values | 819-2651: msuserpurge cleans one host |
//! | unknown-class-typo | an unknown object class is spelled almost like a known one | `icscalendaryuser` in 819-6839 |
//!
//! An account is deleted if inetUserStatus is deleted. It is active if neither inetUserStatus nor inetResourceStatus has
//! another status. Legal values are those of [`effective`](super::effective).
//!
//! A contradiction is either a service that domain purge has not stripped yet (`commadmin user delete -S`, a deleted
//! domain) or a mistake; the entry alone does not show which. The procedures of 819-6839 themselves lead to accesses without
//! effect, because they run `csuser disable` on entries that have an icsStatus.
//!
//! | service | status | classes |
//! | --- | --- | --- |
//! | mail | mailUserStatus | inetMailUser |
//! | calendar | icsStatus | icsCalendar followed by User, Resource, Group, Domain or `DWPHost` |
//!
//! An object class is spelled almost like a known one if it differs by one or two typing errors
//! ([`suggestion`](crate::suggestion)). If one of the names has fewer than 8 letters, it is one error: `user` is not a
//! misspelled `ipUser`, and `ntUser` is not a misspelled `inetUser`.

use super::effective::{ServiceStatus, account_statuses, legal_status, same, status};
use crate::ldap::object_classes;
use crate::ldap::{Entry, Value};
use crate::suggestion::nearest;

/// One problem of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lint {
    /// The code from the table of the module. Codes are stable.
    pub code: &'static str,
    /// The attribute with the problem.
    pub attribute: &'static str,
    /// The value with the problem, as in the export: escape it before showing it. `None` if the attribute is missing.
    pub value: Option<Vec<u8>>,
    /// The line of the value; if it is missing, the line of the object class that requires it.
    pub line: u64,
}

impl Lint {
    /// One sentence, without values from the directory.
    pub fn sentence(&self) -> String {
        let Some(rule) = RULES.iter().find(|rule| rule.code == self.code) else { return self.code.to_owned() };
        let class = self.value.as_deref().and_then(known_class_near).unwrap_or("another");
        rule.sentence.replace("{attribute}", self.attribute).replace("{class}", class)
    }
}

/// All problems of one account, in the order of the table.
pub fn lint(account: &Entry) -> Vec<Lint> {
    let of_rule = |rule: &'static LintRule| {
        let problems = (rule.find)(account).into_iter();
        problems.map(|Problem { attribute, value, line }| Lint { code: rule.code, attribute, value, line })
    };
    RULES.iter().flat_map(of_rule).collect()
}

struct LintRule {
    code: &'static str,
    find: fn(&Entry) -> Vec<Problem>,
    sentence: &'static str,
}

struct Problem {
    attribute: &'static str,
    value: Option<Vec<u8>>,
    line: u64,
}

impl Problem {
    fn new(attribute: &'static str, value: &Value) -> Self {
        Self { attribute, value: Some(value.bytes.to_vec()), line: value.line }
    }

    fn absent(attribute: &'static str, required_by: &Value) -> Self {
        Self { attribute, value: None, line: required_by.line }
    }
}

static RULES: [LintRule; 10] = [
    LintRule {
        code: "ics-access-without-effect",
        find: access_without_effect,
        sentence: "{attribute} has no effect, because icsStatus is set",
    },
    LintRule {
        code: "illegal-status",
        find: illegal_status,
        sentence: "the value is not legal for {attribute}; it counts as inactive",
    },
    LintRule {
        code: "several-values",
        find: several_values,
        sentence: "{attribute} has several values, but must have one",
    },
    LintRule {
        code: "service-stuck",
        find: service_stuck,
        sentence: "the account is deleted and its other service is removed, but {attribute} is active or missing, so \
                   the entry is never deleted",
    },
    LintRule {
        code: "status-without-class",
        find: status_without_class,
        sentence: "{attribute} is set, but the entry has no object class of this service",
    },
    LintRule {
        code: "class-without-status",
        find: class_without_status,
        sentence: "the entry has an object class of the service, but no {attribute}, so the service counts as active",
    },
    LintRule {
        code: "contradiction",
        find: contradiction,
        sentence: "{attribute} is removed, but the account is active and has the object class of the service: the \
                   service is not stripped yet, or was disabled by mistake",
    },
    LintRule {
        code: "login-still-active",
        find: login_still_active,
        sentence: "the account is deleted, but {attribute} is still Active",
    },
    LintRule {
        code: "several-mail-hosts",
        find: several_mail_hosts,
        sentence: "{attribute} has several values; msuserpurge must run on each of these hosts",
    },
    LintRule {
        code: "unknown-class-typo",
        find: class_typo,
        sentence: "an unknown object class that is spelled almost like {class}",
    },
];

/// The status attribute and the object classes of a service.
struct ServiceSchema {
    status: &'static str,
    classes: &'static [&'static str],
}

const SERVICES: [ServiceSchema; 2] = [
    ServiceSchema { status: "mailUserStatus", classes: &["inetMailUser"] },
    ServiceSchema {
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

impl ServiceSchema {
    /// The first value of `objectClass` that is a class of this service.
    fn class<'e>(&self, account: &'e Entry) -> Option<&'e Value> {
        let is_own =
            |value: &&Value| self.classes.iter().any(|class| value.bytes.eq_ignore_ascii_case(class.as_bytes()));
        account.values("objectClass").find(is_own)
    }
}

fn access_without_effect(account: &Entry) -> Vec<Problem> {
    let attribute = "icsAllowedServiceAccess";
    let is_set = account.values("icsStatus").next().is_some();
    account.values(attribute).filter(|_| is_set).map(|value| Problem::new(attribute, value)).collect()
}

fn illegal_status(account: &Entry) -> Vec<Problem> {
    let values = |(attribute, words)| account.values(attribute).map(move |value| (attribute, words, value));
    let illegal =
        account_statuses().flat_map(values).filter(|(_, words, value)| legal_status(words, &value.bytes).is_none());
    illegal.map(|(attribute, _, value)| Problem::new(attribute, value)).collect()
}

fn several_values(account: &Entry) -> Vec<Problem> {
    account_statuses().filter_map(|(attribute, _)| second(account, attribute)).collect()
}

fn service_stuck(account: &Entry) -> Vec<Problem> {
    if !is_deleted(account)
        || SERVICES.iter().all(|service| status(account, service.status).0 != ServiceStatus::Removed)
    {
        return Vec::new();
    }
    let stuck = |service: &ServiceSchema| match (service.class(account)?, status(account, service.status)) {
        (_, (ServiceStatus::Active, Some(value))) => Some(Problem::new(service.status, value)),
        (class, (ServiceStatus::Active, None)) => Some(Problem::absent(service.status, class)),
        _ => None,
    };
    SERVICES.iter().filter_map(stuck).collect()
}

fn status_without_class(account: &Entry) -> Vec<Problem> {
    let without_class = SERVICES.iter().filter(|service| service.class(account).is_none());
    let value = |service: &ServiceSchema| Some(Problem::new(service.status, account.values(service.status).next()?));
    without_class.filter_map(value).collect()
}

fn class_without_status(account: &Entry) -> Vec<Problem> {
    let without_status = SERVICES.iter().filter(|service| account.values(service.status).next().is_none());
    without_status.filter_map(|service| Some(Problem::absent(service.status, service.class(account)?))).collect()
}

fn contradiction(account: &Entry) -> Vec<Problem> {
    let is_active = |attribute| status(account, attribute).0 == ServiceStatus::Active;
    if !is_active("inetUserStatus") || !is_active("inetResourceStatus") {
        return Vec::new();
    }
    let contradicts = |service: &ServiceSchema| match (service.class(account)?, status(account, service.status)) {
        (_, (ServiceStatus::Removed, Some(value))) => Some(Problem::new(service.status, value)),
        _ => None,
    };
    SERVICES.iter().filter_map(contradicts).collect()
}

fn login_still_active(account: &Entry) -> Vec<Problem> {
    let attribute = "iplanet-am-user-login-status";
    let active = account.values(attribute).find(|value| same(&value.bytes, "Active"));
    active.filter(|_| is_deleted(account)).map(|value| Problem::new(attribute, value)).into_iter().collect()
}

fn several_mail_hosts(account: &Entry) -> Vec<Problem> {
    second(account, "mailHost").into_iter().collect()
}

fn class_typo(account: &Entry) -> Vec<Problem> {
    let misspelled = account.values("objectClass").filter(|value| known_class_near(&value.bytes).is_some());
    misspelled.map(|value| Problem::new("objectClass", value)).collect()
}

fn is_deleted(account: &Entry) -> bool {
    status(account, "inetUserStatus").0 == ServiceStatus::Deleted
}

/// A problem with the second value of an attribute that should have one value.
fn second(account: &Entry, attribute: &'static str) -> Option<Problem> {
    account.values(attribute).nth(1).map(|value| Problem::new(attribute, value))
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

/// The known object class that an unknown one is spelled almost like.
fn known_class_near(class: &[u8]) -> Option<&'static str> {
    // Nearly every value is a standard class; this check is fast.
    if std::str::from_utf8(class).is_ok_and(|class| object_classes::find(class).is_some()) {
        return None;
    }
    if CLASSES.iter().any(|known| class.eq_ignore_ascii_case(known.as_bytes())) {
        return None;
    }
    nearest(class, CLASSES)
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

    /// Rows: object classes, other attributes, all problems.
    #[test]
    #[rustfmt::skip]
    fn each_code() {
        for (classes, lines, expected) in [
            // No problem.
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

    /// The entry that technical note 819-6839 prints, at the steps of its procedures.
    #[test]
    fn entries_of_the_technical_note() {
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

    /// Rows: object class, known class that it is spelled almost like.
    #[test]
    fn misspelled_classes() {
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
            // Three typing errors.
            ("icsCalndrUsr", None),
            // Classes of other products with similar names.
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
            assert_eq!(known_class_near(class.as_bytes()), expected, "{class}");
        }
        assert_eq!(known_class_near(b"inet\xffUser"), Some("inetUser"));
        assert_eq!(known_class_near(&vec![b'i'; 1 << 20]), None);
    }

    /// Sentences name the attribute, and contain no value from the directory.
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
                "the value is not legal for icsStatus; it counts as inactive",
                "mailHost has several values; msuserpurge must run on each of these hosts",
                "an unknown object class that is spelled almost like inetMailUser",
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
