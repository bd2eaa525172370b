//! The effective status of mail and calendar of a Sun Communications account.
//!
//! A service reads several attributes in this order. The first that is not active decides
//! (Schema Reference 819-4437, inetDomainStatus, inetUserStatus, inetResourceStatus and icsStatus; Messaging Server
//! Administration Guide 819-4428, 9.1.3.2):
//!
//! | entry | mail | calendar | legal values |
//! | --- | --- | --- | --- |
//! | domain | inetDomainStatus | inetDomainStatus | active inactive deleted |
//! | domain | mailDomainStatus | | active inactive disabled deleted removed hold overquota |
//! | domain | | icsStatus | active inactive deleted removed |
//! | domain | | icsAllowedServiceAccess, if icsStatus is not set | `http` means disabled |
//! | account | inetUserStatus | inetUserStatus | active inactive deleted |
//! | account | | inetResourceStatus | active inactive deleted |
//! | account | mailUserStatus | | active inactive disabled deleted removed hold overquota |
//! | account | | icsStatus | active inactive deleted removed |
//! | account | | icsAllowedServiceAccess, if icsStatus is not set | `http` means disabled |
//!
//! | attribute | counts as |
//! | --- | --- |
//! | missing | active |
//! | a legal value, in any case | that value |
//! | any other value | inactive |
//! | several values | of those that are not active, the first in the list of legal values; the attribute should be single-valued, see [`lint`](super::lint) |
//!
//! The documents leave some cases open. They are decided as follows:
//!
//! - `removed` is not in the Schema Reference's list for icsStatus, but csclean writes it (technical note 819-6839). It is
//!   not in the list for mailDomainStatus either, but 819-4428 allows it for mail domains.
//! - An account is a user or a resource, so the Schema Reference names "either" inetUserStatus or inetResourceStatus.
//!   Both are read: in an entry that has both, either one can stop the service.
//! - The page of icsAllowedServiceAccess says that `http` disables; the page of icsStatus says that the status is then
//!   inactive. It is called disabled here, to distinguish it from the status inactive. icsCalendarUser and
//!   icsCalendarDomain allow the attribute; icsCalendarResource does not, so it is ignored in an entry that is only a
//!   resource.
//! - If there is a DC tree as well as an organization tree, both have inetDomainStatus, and the organization tree counts.
//!   It is the one above the account, which [`domain_of_account`] finds.

use StatusRule::{HttpUnlessSet, OneOf};
use StatusSubject::{Account, Domain};

use crate::ldap::matching::{MatchingRule, matches};
use crate::ldap::{Entry, Origin, Value};

/// A service of Sun Communications that has an effective status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum SunService {
    /// Messaging Server.
    Mail,
    /// Calendar Server.
    Calendar,
}

impl SunService {
    /// Its word in reports and policies.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// The attributes that it reads, in order.
    fn attributes(self) -> &'static [StatusAttribute] {
        match self {
            Self::Mail => &MAIL,
            Self::Calendar => &CALENDAR,
        }
    }
}

/// The value of a status attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum ServiceStatus {
    /// The service works.
    Active,
    /// Stopped temporarily: mail to the user fails transiently.
    Inactive,
    /// Stopped: mail to the user fails permanently.
    Disabled,
    /// Stopped, and to be removed by the tool of the service.
    Deleted,
    /// What the service held has been removed.
    Removed,
    /// Mail is kept in the hold channel.
    Hold,
    /// The quota is exceeded.
    OverQuota,
}

impl ServiceStatus {
    /// Its word, as in the attribute.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// The effective status of a service of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effective {
    /// The status.
    pub status: ServiceStatus,
    /// What decided it; `None` if everything is active.
    pub reason: Option<StatusReason>,
}

/// The attribute value that decides an effective status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusReason {
    /// The attribute.
    pub attribute: &'static str,
    /// Its value, as in the export: escape it before showing it.
    pub value: Option<Vec<u8>>,
    /// Whether the value is not a legal one, and therefore counts as inactive.
    pub illegal: bool,
    /// The export and the line of the value.
    pub origin: Origin,
    /// Whether the value is in the entry of the domain, not in that of the account.
    pub of_domain: bool,
}

/// An attribute that a service reads.
struct StatusAttribute(StatusSubject, &'static str, StatusRule);

/// The entry that an attribute is read from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum StatusSubject {
    Domain,
    Account,
}

/// How the status follows from the values of an attribute.
#[derive(Clone, Copy)]
enum StatusRule {
    /// The value is one of these.
    OneOf(&'static [ServiceStatus]),
    /// `http` stops the service, unless this other attribute is set in the same entry.
    HttpUnlessSet(&'static str),
}

const INET: [ServiceStatus; 3] = [ServiceStatus::Active, ServiceStatus::Inactive, ServiceStatus::Deleted];
const ICS: [ServiceStatus; 4] =
    [ServiceStatus::Active, ServiceStatus::Inactive, ServiceStatus::Deleted, ServiceStatus::Removed];
const MAIL_STATUSES: [ServiceStatus; 7] = [
    ServiceStatus::Active,
    ServiceStatus::Inactive,
    ServiceStatus::Disabled,
    ServiceStatus::Deleted,
    ServiceStatus::Removed,
    ServiceStatus::Hold,
    ServiceStatus::OverQuota,
];

#[rustfmt::skip]
const MAIL: [StatusAttribute; 4] = [
    StatusAttribute(Domain,  "inetDomainStatus",        OneOf(&INET)),
    StatusAttribute(Domain,  "mailDomainStatus",        OneOf(&MAIL_STATUSES)),
    StatusAttribute(Account, "inetUserStatus",          OneOf(&INET)),
    StatusAttribute(Account, "mailUserStatus",          OneOf(&MAIL_STATUSES)),
];

#[rustfmt::skip]
const CALENDAR: [StatusAttribute; 7] = [
    StatusAttribute(Domain,  "inetDomainStatus",        OneOf(&INET)),
    StatusAttribute(Domain,  "icsStatus",               OneOf(&ICS)),
    StatusAttribute(Domain,  "icsAllowedServiceAccess", HttpUnlessSet("icsStatus")),
    StatusAttribute(Account, "inetUserStatus",          OneOf(&INET)),
    StatusAttribute(Account, "inetResourceStatus",      OneOf(&INET)),
    StatusAttribute(Account, "icsStatus",               OneOf(&ICS)),
    StatusAttribute(Account, "icsAllowedServiceAccess", HttpUnlessSet("icsStatus")),
];

/// Object classes of domains (819-4437, domains).
const DOMAIN_CLASSES: [&str; 4] = ["inetDomain", "mailDomain", "icsCalendarDomain", "sunManagedOrganization"];

/// Status attributes that only domains have.
const DOMAIN_STATUSES: [&str; 2] = ["inetDomainStatus", "mailDomainStatus"];

/// The effective status of a service of an account; without a domain, that of its own entry.
pub fn effective(service: SunService, account: &Entry, domain: Option<&Entry>) -> Effective {
    for StatusAttribute(subject, attribute, rule) in service.attributes() {
        let entry = match subject {
            Domain => domain,
            Account => Some(account),
        };
        let found = entry.and_then(|entry| Some((entry, first_not_active(entry, attribute, *rule)?)));
        if let Some((entry, source)) = found {
            let reason = StatusReason {
                attribute,
                value: Some(source.value.bytes.to_vec()),
                illegal: source.illegal,
                origin: Origin { line: source.value.line, ..entry.origin },
                of_domain: *subject == Domain,
            };
            return Effective { status: source.status, reason: Some(reason) };
        }
    }
    Effective { status: ServiceStatus::Active, reason: None }
}

/// The domain of an account: the nearest entry above it that has an object class or a status of a domain.
///
/// `ancestors` are in order, nearest first. Entries that are not above the account are skipped.
pub fn domain_of_account<'e>(account: &Entry, mut ancestors: impl Iterator<Item = &'e Entry>) -> Option<&'e Entry> {
    ancestors.find(|entry| account.dn.key().is_under(entry.dn.key()) && is_domain(entry))
}

fn is_domain(entry: &Entry) -> bool {
    DOMAIN_CLASSES.iter().any(|class| entry.has_class(class))
        || DOMAIN_STATUSES.iter().any(|status| entry.values(status).next().is_some())
}

/// The status attributes of accounts, each with its legal values.
pub(super) fn account_statuses() -> impl Iterator<Item = (&'static str, &'static [ServiceStatus])> {
    let of_account = |rows: &'static [StatusAttribute]| {
        rows.iter().filter_map(|row| match row {
            StatusAttribute(Account, attribute, OneOf(legal)) => Some((*attribute, *legal)),
            _ => None,
        })
    };
    let read_by_mail = |attribute: &str| MAIL.iter().any(|StatusAttribute(_, name, _)| *name == attribute);
    of_account(&MAIL).chain(of_account(&CALENDAR).filter(move |(attribute, _)| !read_by_mail(attribute)))
}

/// The status in one attribute of an account, and the value that decides it; active without a value if it is missing.
pub(super) fn status<'e>(account: &'e Entry, attribute: &'static str) -> (ServiceStatus, Option<&'e Value>) {
    let legal = account_statuses().find(|(name, _)| *name == attribute).map_or(&[][..], |(_, legal)| legal);
    match first_not_active(account, attribute, OneOf(legal)) {
        Some(source) => (source.status, Some(source.value)),
        None => (ServiceStatus::Active, account.values(attribute).next()),
    }
}

/// The status that a value spells; `None` if it is not a legal one.
pub(super) fn legal_status(legal: &[ServiceStatus], value: &[u8]) -> Option<ServiceStatus> {
    legal.iter().copied().find(|status| same(value, status.name()))
}

/// A value that is not active.
struct StatusSource<'e> {
    status: ServiceStatus,
    value: &'e Value,
    illegal: bool,
}

fn first_not_active<'e>(entry: &'e Entry, attribute: &'static str, rule: StatusRule) -> Option<StatusSource<'e>> {
    match rule {
        OneOf(legal) => {
            let sources = entry.values(attribute).filter_map(|value| match legal_status(legal, &value.bytes) {
                Some(ServiceStatus::Active) => None,
                Some(status) => Some(StatusSource { status, value, illegal: false }),
                None => Some(StatusSource { status: ServiceStatus::Inactive, value, illegal: true }),
            });
            let place = |status| legal.iter().position(|legal| *legal == status);
            sources.min_by_key(|source| (place(source.status), source.illegal, &source.value.bytes))
        }
        HttpUnlessSet(status) if entry.values(status).next().is_some() || is_only_a_resource(entry) => None,
        HttpUnlessSet(_) => {
            let value = entry.values(attribute).find(|value| same(&value.bytes, "http"))?;
            Some(StatusSource { status: ServiceStatus::Disabled, value, illegal: false })
        }
    }
}

fn is_only_a_resource(entry: &Entry) -> bool {
    entry.has_class("icsCalendarResource") && !entry.has_class("icsCalendarUser")
}

/// Whether two values are equal by caseIgnoreMatch: status attributes and icsAllowedServiceAccess have the syntax `cis`.
pub(super) fn same(value: &[u8], other: &str) -> bool {
    matches(MatchingRule::CaseIgnore, value, other.as_bytes())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::ldap::{AttributeDescription, Dn};

    const DOMAIN: Origin = Origin { export: 0, line: 10 };
    const ACCOUNT: Origin = Origin { export: 1, line: 200 };

    /// An entry with its `dn:` at `origin` and its attributes on the lines after it: `type: value; type: value`.
    pub fn entry(dn: &str, origin: Origin, lines: &str) -> Entry {
        let mut entry = Entry { dn: Dn::parse(dn.as_bytes()).unwrap(), origin, attributes: Vec::new() };
        for (written, line) in lines.split("; ").filter(|line| !line.is_empty()).zip(origin.line + 1..) {
            let (name, value) = written.split_once(": ").unwrap();
            let description = AttributeDescription::parse(name.as_bytes()).unwrap();
            entry.push(description, Value { bytes: value.as_bytes().into(), line });
        }
        entry
    }

    fn domain(lines: &str) -> Entry {
        entry("o=sesta.com,o=isp", DOMAIN, lines)
    }

    fn account(lines: &str) -> Entry {
        entry("uid=jsmith,ou=People,o=sesta.com,o=isp", ACCOUNT, lines)
    }

    /// `status`, or `status < attribute: value @export:line`, with `!` after an illegal value and `domain` before an
    /// attribute of the domain.
    fn shown(effective: &Effective) -> String {
        let Some(reason) = &effective.reason else { return effective.status.name().to_owned() };
        format!(
            "{} < {}{}: {}{} @{}:{}",
            effective.status.name(),
            if reason.of_domain { "domain " } else { "" },
            reason.attribute,
            String::from_utf8_lossy(reason.value.as_deref().unwrap()),
            if reason.illegal { "!" } else { "" },
            reason.origin.export,
            reason.origin.line,
        )
    }

    /// Rows: domain, account, effective status of mail and of the calendar.
    #[test]
    #[rustfmt::skip]
    fn order_of_attributes() {
        for (domain_lines, account_lines, mail, calendar) in [
            // Nothing is set, or everything is active.
            ("", "", "active", "active"),
            ("inetDomainStatus: active; mailDomainStatus: Active; icsStatus: ACTIVE; icsAllowedServiceAccess: http",
             "inetUserStatus: active; mailUserStatus: Active; icsStatus: ACTIVE; icsAllowedServiceAccess: http",
             "active", "active"),
            // Each row of the table decides over all rows below it.
            ("icsStatus: inactive; mailDomainStatus: hold; inetDomainStatus: deleted",
             "inetUserStatus: inactive; mailUserStatus: removed; icsStatus: removed",
             "deleted < domain inetDomainStatus: deleted @0:13", "deleted < domain inetDomainStatus: deleted @0:13"),
            ("inetDomainStatus: active; mailDomainStatus: hold; icsStatus: removed",
             "inetUserStatus: inactive; mailUserStatus: removed; icsStatus: deleted",
             "hold < domain mailDomainStatus: hold @0:12", "removed < domain icsStatus: removed @0:13"),
            ("inetDomainStatus: active; icsAllowedServiceAccess: http",
             "icsStatus: deleted; mailUserStatus: overquota; inetUserStatus: inactive",
             "inactive < inetUserStatus: inactive @1:203", "disabled < domain icsAllowedServiceAccess: http @0:12"),
            ("mailDomainStatus: active; icsStatus: active",
             "icsStatus: deleted; mailUserStatus: overquota; inetUserStatus: Deleted",
             "deleted < inetUserStatus: Deleted @1:203", "deleted < inetUserStatus: Deleted @1:203"),
            ("inetDomainStatus: active", "inetUserStatus: active; mailUserStatus: overquota; icsStatus: removed",
             "overquota < mailUserStatus: overquota @1:202", "removed < icsStatus: removed @1:203"),
            ("", "mailUserStatus: disabled; icsStatus: inactive",
             "disabled < mailUserStatus: disabled @1:201", "inactive < icsStatus: inactive @1:202"),
            // A service does not read the attributes of the other.
            ("mailDomainStatus: disabled", "", "disabled < domain mailDomainStatus: disabled @0:11", "active"),
            ("mailDomainStatus: removed", "", "removed < domain mailDomainStatus: removed @0:11", "active"),
            ("icsStatus: deleted", "", "active", "deleted < domain icsStatus: deleted @0:11"),
            ("", "mailUserStatus: removed", "removed < mailUserStatus: removed @1:201", "active"),
            ("", "icsStatus: removed", "active", "removed < icsStatus: removed @1:201"),
            // Attributes count only in the right entry.
            ("inetUserStatus: deleted; mailUserStatus: removed", "inetDomainStatus: deleted; mailDomainStatus: hold",
             "active", "active"),
            // Resources.
            ("", "objectClass: icsCalendarResource; inetResourceStatus: deleted; icsStatus: active",
             "active", "deleted < inetResourceStatus: deleted @1:202"),
            ("", "inetUserStatus: active; inetResourceStatus: inactive; icsStatus: removed",
             "active", "inactive < inetResourceStatus: inactive @1:202"),
            // icsAllowedServiceAccess: only without icsStatus, only `http`, not in an entry that is only a resource.
            ("", "icsAllowedServiceAccess: HTTP", "active", "disabled < icsAllowedServiceAccess: HTTP @1:201"),
            ("", "icsAllowedServiceAccess: smtp", "active", "active"),
            ("", "icsStatus: active; icsAllowedServiceAccess: http", "active", "active"),
            ("", "icsStatus: inactive; icsAllowedServiceAccess: http",
             "active", "inactive < icsStatus: inactive @1:201"),
            ("icsStatus: active", "icsAllowedServiceAccess: http",
             "active", "disabled < icsAllowedServiceAccess: http @1:201"),
            ("icsAllowedServiceAccess: http", "icsStatus: active",
             "active", "disabled < domain icsAllowedServiceAccess: http @0:11"),
            ("icsStatus: active; icsAllowedServiceAccess: http", "", "active", "active"),
            ("", "objectClass: icsCalendarResource; icsAllowedServiceAccess: http", "active", "active"),
            ("", "objectClass: icsCalendarResource; objectClass: icscalendaruser; icsAllowedServiceAccess: http",
             "active", "disabled < icsAllowedServiceAccess: http @1:203"),
            // An illegal value is inactive, also one that is legal for another attribute.
            ("inetDomainStatus: hold", "", "inactive < domain inetDomainStatus: hold! @0:11",
             "inactive < domain inetDomainStatus: hold! @0:11"),
            ("", "inetUserStatus: removed", "inactive < inetUserStatus: removed! @1:201",
             "inactive < inetUserStatus: removed! @1:201"),
            ("", "mailUserStatus: enabled; icsStatus: disabled", "inactive < mailUserStatus: enabled! @1:201",
             "inactive < icsStatus: disabled! @1:202"),
            ("mailDomainStatus: closed; icsStatus: overquota", "mailUserStatus: hold",
             "inactive < domain mailDomainStatus: closed! @0:11", "inactive < domain icsStatus: overquota! @0:12"),
            ("", "mailUserStatus: ", "inactive < mailUserStatus: ! @1:201", "active"),
            ("", "inetResourceStatus: hold", "active", "inactive < inetResourceStatus: hold! @1:201"),
            // Several values, in any order.
            ("", "mailUserStatus: active; mailUserStatus: hold; mailUserStatus: deleted",
             "deleted < mailUserStatus: deleted @1:203", "active"),
            ("", "mailUserStatus: deleted; mailUserStatus: hold; mailUserStatus: active",
             "deleted < mailUserStatus: deleted @1:201", "active"),
            // Spaces around a value and the case of names do not count.
            ("", "INETUSERSTATUS:  dELETED ", "deleted < inetUserStatus:  dELETED  @1:201",
             "deleted < inetUserStatus:  dELETED  @1:201"),
            // With an option it is another attribute.
            ("", "mailUserStatus;lang-de: deleted", "active", "active"),
        ] {
            let (domain, account) = (domain(domain_lines), account(account_lines));
            for (service, expected) in [(SunService::Mail, mail), (SunService::Calendar, calendar)] {
                let found = shown(&effective(service, &account, Some(&domain)));
                assert_eq!(found, expected, "{service:?} of [{account_lines}] in [{domain_lines}]");
                if domain_lines.is_empty() {
                    let alone = shown(&effective(service, &account, None));
                    assert_eq!(alone, expected, "{service:?} of [{account_lines}] without a domain");
                }
            }
        }
    }

    /// Every value of every attribute, as the tables of the documents list them.
    #[test]
    #[rustfmt::skip]
    fn legal_values() {
        let all = "active inactive disabled deleted removed hold overquota";
        for (service, of_domain, attribute, legal) in [
            (SunService::Mail,     true,  "inetDomainStatus",   "active inactive deleted"),
            (SunService::Mail,     true,  "mailDomainStatus",   all),
            (SunService::Mail,     false, "inetUserStatus",     "active inactive deleted"),
            (SunService::Mail,     false, "mailUserStatus",     all),
            (SunService::Calendar, true,  "inetDomainStatus",   "active inactive deleted"),
            (SunService::Calendar, true,  "icsStatus",          "active inactive deleted removed"),
            (SunService::Calendar, false, "inetUserStatus",     "active inactive deleted"),
            (SunService::Calendar, false, "inetResourceStatus", "active inactive deleted"),
            (SunService::Calendar, false, "icsStatus",          "active inactive deleted removed"),
        ] {
            for word in all.split(' ') {
                let lines = format!("{attribute}: {word}");
                let (domain, account) =
                    if of_domain { (domain(&lines), account("")) } else { (domain(""), account(&lines)) };
                let found = effective(service, &account, Some(&domain));
                let illegal = found.reason.as_ref().is_some_and(|reason| reason.illegal);
                let is_legal = legal.split(' ').any(|own| own == word);
                assert_eq!(found.status.name(), if is_legal { word } else { "inactive" }, "{service:?} {lines}");
                assert_eq!(illegal, !is_legal, "{service:?} {lines}");
                assert_eq!(found.reason.is_none(), word == "active", "{service:?} {lines}");
            }
        }
    }

    /// The entry that technical note 819-6839 prints, at each step of its procedures.
    #[test]
    #[rustfmt::skip]
    fn entries_of_the_technical_note() {
        for (step, lines, mail, calendar) in [
            ("before", "mailUserStatus: active; icsStatus: Active; inetUserStatus: Active", "active", "active"),
            ("disabled", "mailUserStatus: active; icsStatus: Active; inetUserStatus: deleted",
             "deleted < inetUserStatus: deleted @1:203", "deleted < inetUserStatus: deleted @1:203"),
            ("deleted", "inetUserStatus: deleted; icsStatus: removed; mailUserStatus: removed",
             "deleted < inetUserStatus: deleted @1:201", "deleted < inetUserStatus: deleted @1:201"),
            // `csuser disable` where icsStatus is set: the user can still log in to the calendar.
            ("csuser disable", "icsStatus: Active; inetUserStatus: Active; icsAllowedServiceAccess: http",
             "active", "active"),
            ("and disabled", "icsStatus: Active; inetUserStatus: deleted; icsAllowedServiceAccess: http",
             "deleted < inetUserStatus: deleted @1:202", "deleted < inetUserStatus: deleted @1:202"),
            ("stand-alone calendar", "icsAllowedServiceAccess: http",
             "active", "disabled < icsAllowedServiceAccess: http @1:201"),
        ] {
            let account = account(lines);
            assert_eq!(shown(&effective(SunService::Mail, &account, None)), mail, "{step}");
            assert_eq!(shown(&effective(SunService::Calendar, &account, None)), calendar, "{step}");
        }
    }

    /// Rows: the entries above `uid=jsmith,ou=People,o=sesta.com,o=isp`, nearest first; the DN of its domain.
    #[test]
    fn domain_of_an_account() {
        for (above, expected) in [
            (&[][..], None),
            (&[("o=sesta.com,o=isp", "objectClass: organization"), ("o=isp", "icsStatus: active")], None),
            (&[("o=sesta.com,o=isp", "objectClass: INETDOMAIN")], Some("o=sesta.com,o=isp")),
            (&[("o=sesta.com,o=isp", "objectClass: mailDomain")], Some("o=sesta.com,o=isp")),
            (&[("o=sesta.com,o=isp", "objectClass: icsCalendarDomain")], Some("o=sesta.com,o=isp")),
            (&[("o=sesta.com,o=isp", "objectClass: sunManagedOrganization")], Some("o=sesta.com,o=isp")),
            (&[("o=sesta.com,o=isp", "inetdomainstatus: deleted")], Some("o=sesta.com,o=isp")),
            (&[("O=Sesta.com, O=ISP", "mailDomainStatus: hold")], Some("O=Sesta.com, O=ISP")),
            (
                &[
                    ("ou=People,o=sesta.com,o=isp", "objectClass: organizationalUnit"),
                    ("o=sesta.com,o=isp", "objectClass: mailDomain"),
                    ("o=isp", "objectClass: inetDomain"),
                ],
                Some("o=sesta.com,o=isp"),
            ),
            // Not above the account: another domain, and the account itself.
            (&[("o=siroe.com,o=isp", "objectClass: inetDomain")], None),
            (&[("uid=jsmith,ou=People,o=sesta.com,o=isp", "objectClass: inetDomain")], None),
            (&[("o=siroe.com,o=isp", "objectClass: inetDomain"), ("o=isp", "objectClass: inetDomain")], Some("o=isp")),
        ] {
            let above: Vec<Entry> = above.iter().map(|(dn, lines)| entry(dn, DOMAIN, lines)).collect();
            let found = domain_of_account(&account(""), above.iter()).map(|domain| domain.dn.raw_bytes());
            assert_eq!(found, expected.map(str::as_bytes));
        }
    }
}
