//! What the status attributes of a Sun Communications account come to: whether its mail and its calendar work.
//!
//! A service asks several attributes, in this order; the first that says something other than active decides
//! (Schema Reference 819-4437, inetDomainStatus, inetUserStatus, inetResourceStatus and icsStatus; Messaging Server
//! Administration Guide 819-4428, 9.1.3.2):
//!
//! | | mail | calendar | legal words |
//! | --- | --- | --- | --- |
//! | domain | inetDomainStatus | inetDomainStatus | active inactive deleted |
//! | domain | mailDomainStatus | | active inactive disabled deleted removed hold overquota |
//! | domain | | icsStatus | active inactive deleted removed |
//! | domain | | icsAllowedServiceAccess, if icsStatus is not set | `http`: disabled |
//! | account | inetUserStatus | inetUserStatus | active inactive deleted |
//! | account | | inetResourceStatus | active inactive deleted |
//! | account | mailUserStatus | | active inactive disabled deleted removed hold overquota |
//! | account | | icsStatus | active inactive deleted removed |
//! | account | | icsAllowedServiceAccess, if icsStatus is not set | `http`: disabled |
//!
//! | the attribute | counts as |
//! | --- | --- |
//! | is missing | active |
//! | has a legal word, in any case | that word |
//! | has any other value | inactive |
//! | has several values | its first one that is not active; it is single-valued, see [`lint`](super::lint) |
//!
//! What the documents leave open, and what is done here:
//!
//! - `removed` is not in the reference's list for icsStatus, but csclean writes it (technical note 819-6839); nor in
//!   that for mailDomainStatus, but 819-4428 allows it for mail domains.
//! - An account is a user or a resource, so the reference asks for "either" inetUserStatus or inetResourceStatus.
//!   Both are asked: an entry that has both is stopped by either.
//! - The page of icsAllowedServiceAccess says that `http` disables, that of icsStatus that the status is then
//!   inactive. It is called disabled here, which tells it from a status that says inactive. icsCalendarUser and
//!   icsCalendarDomain allow the attribute; icsCalendarResource does not, so on an entry that is only a resource
//!   nothing reads it.
//! - With a DC tree next to the organization tree, both carry inetDomainStatus and the organization tree wins. It
//!   is the one above the account, and the one that [`domain_of_account`] finds.

use Of::{Account, Domain};
use Reading::{HttpUnlessSet, Says};

use crate::ldap::matching::{MatchingRule, matches};
use crate::ldap::{Entry, Origin, Value};

/// A service with a status of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// Messaging Server.
    Mail,
    /// Calendar Server.
    Calendar,
}

impl Service {
    /// Its word in reports and policies.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Calendar => "calendar",
        }
    }

    fn rows(self) -> &'static [Row] {
        match self {
            Self::Mail => &MAIL,
            Self::Calendar => &CALENDAR,
        }
    }
}

/// What a status attribute says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// The service works.
    Active,
    /// Stopped for a time: mail to the user fails transiently.
    Inactive,
    /// Stopped: mail to the user fails permanently.
    Disabled,
    /// Disabled for deletion.
    Deleted,
    /// What the service held is gone.
    Removed,
    /// Mail is kept in the hold channel.
    Hold,
    /// Over its quota.
    OverQuota,
}

impl Word {
    /// As the attribute spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Disabled => "disabled",
            Self::Deleted => "deleted",
            Self::Removed => "removed",
            Self::Hold => "hold",
            Self::OverQuota => "overquota",
        }
    }
}

/// How a service of an account stands, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effective {
    /// How it stands.
    pub word: Word,
    /// What decided; `None` if nothing says other than active.
    pub because: Option<Because>,
}

/// The attribute that decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Because {
    /// Its name.
    pub attribute: &'static str,
    /// Its value as written: raw, escape it before showing it.
    pub value: Option<Vec<u8>>,
    /// The value is not one of its legal words, and counts as inactive for that.
    pub illegal: bool,
    /// The export of the entry and the line of the value.
    pub origin: Origin,
    /// It is in the domain's entry, not in the account's.
    pub of_domain: bool,
}

/// A place that a service asks.
struct Row(Of, &'static str, Reading);

/// The entry that an attribute is read from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    Domain,
    Account,
}

/// How an attribute is read.
#[derive(Clone, Copy)]
enum Reading {
    /// It says one of these words.
    Says(&'static [Word]),
    /// `http` stops the service, if this attribute is not set in the same entry.
    HttpUnlessSet(&'static str),
}

const INET: [Word; 3] = [Word::Active, Word::Inactive, Word::Deleted];
const ICS: [Word; 4] = [Word::Active, Word::Inactive, Word::Deleted, Word::Removed];
const MAIL_WORDS: [Word; 7] =
    [Word::Active, Word::Inactive, Word::Disabled, Word::Deleted, Word::Removed, Word::Hold, Word::OverQuota];

#[rustfmt::skip]
const MAIL: [Row; 4] = [
    Row(Domain,  "inetDomainStatus",        Says(&INET)),
    Row(Domain,  "mailDomainStatus",        Says(&MAIL_WORDS)),
    Row(Account, "inetUserStatus",          Says(&INET)),
    Row(Account, "mailUserStatus",          Says(&MAIL_WORDS)),
];

#[rustfmt::skip]
const CALENDAR: [Row; 7] = [
    Row(Domain,  "inetDomainStatus",        Says(&INET)),
    Row(Domain,  "icsStatus",               Says(&ICS)),
    Row(Domain,  "icsAllowedServiceAccess", HttpUnlessSet("icsStatus")),
    Row(Account, "inetUserStatus",          Says(&INET)),
    Row(Account, "inetResourceStatus",      Says(&INET)),
    Row(Account, "icsStatus",               Says(&ICS)),
    Row(Account, "icsAllowedServiceAccess", HttpUnlessSet("icsStatus")),
];

/// Classes that make an entry a domain (819-4437, domains).
const DOMAIN_CLASSES: [&str; 4] = ["inetDomain", "mailDomain", "icsCalendarDomain", "sunManagedOrganization"];

/// Attributes that only domains have.
const DOMAIN_STATUSES: [&str; 2] = ["inetDomainStatus", "mailDomainStatus"];

/// How a service of an account stands; without a domain, what its own entry says.
pub fn effective(service: Service, account: &Entry, domain: Option<&Entry>) -> Effective {
    for Row(of, attribute, reading) in service.rows() {
        let entry = match of {
            Domain => domain,
            Account => Some(account),
        };
        let found = entry.and_then(|entry| Some((entry, first_not_active(entry, attribute, *reading)?)));
        if let Some((entry, said)) = found {
            let because = Because {
                attribute,
                value: Some(said.value.bytes.to_vec()),
                illegal: said.illegal,
                origin: Origin { line: said.value.line, ..entry.origin },
                of_domain: *of == Domain,
            };
            return Effective { word: said.word, because: Some(because) };
        }
    }
    Effective { word: Word::Active, because: None }
}

/// The domain that an account belongs to: the nearest entry above it that has a class or a status of a domain.
///
/// The ancestors are given nearest first; what does not stand above the account is skipped.
pub fn domain_of_account<'e>(account: &Entry, mut ancestors: impl Iterator<Item = &'e Entry>) -> Option<&'e Entry> {
    ancestors.find(|entry| account.dn.key().is_under(entry.dn.key()) && is_domain(entry))
}

fn is_domain(entry: &Entry) -> bool {
    DOMAIN_CLASSES.iter().any(|class| entry.has_class(class))
        || DOMAIN_STATUSES.iter().any(|status| entry.values(status).next().is_some())
}

/// The status attributes of accounts, each with its legal words.
pub(super) fn account_statuses() -> impl Iterator<Item = (&'static str, &'static [Word])> {
    let of_account = |rows: &'static [Row]| {
        rows.iter().filter_map(|row| match row {
            Row(Account, attribute, Says(words)) => Some((*attribute, *words)),
            _ => None,
        })
    };
    let asked_by_mail = |attribute: &str| MAIL.iter().any(|Row(_, name, _)| *name == attribute);
    of_account(&MAIL).chain(of_account(&CALENDAR).filter(move |(attribute, _)| !asked_by_mail(attribute)))
}

/// What one status attribute of an account says, and the value that says it; active and no value if it is missing.
pub(super) fn status<'e>(account: &'e Entry, attribute: &'static str) -> (Word, Option<&'e Value>) {
    let words = account_statuses().find(|(name, _)| *name == attribute).map_or(&[][..], |(_, words)| words);
    match first_not_active(account, attribute, Says(words)) {
        Some(said) => (said.word, Some(said.value)),
        None => (Word::Active, account.values(attribute).next()),
    }
}

/// The word of a value; `None` if it is not one of the legal ones.
pub(super) fn legal_word(words: &[Word], value: &[u8]) -> Option<Word> {
    words.iter().copied().find(|word| same(value, word.name()))
}

/// What a value says against the service.
struct Said<'e> {
    word: Word,
    value: &'e Value,
    illegal: bool,
}

fn first_not_active<'e>(entry: &'e Entry, attribute: &'static str, reading: Reading) -> Option<Said<'e>> {
    match reading {
        Says(words) => entry.values(attribute).find_map(|value| match legal_word(words, &value.bytes) {
            Some(Word::Active) => None,
            Some(word) => Some(Said { word, value, illegal: false }),
            None => Some(Said { word: Word::Inactive, value, illegal: true }),
        }),
        HttpUnlessSet(status) if entry.values(status).next().is_some() || is_only_a_resource(entry) => None,
        HttpUnlessSet(_) => {
            let value = entry.values(attribute).find(|value| same(&value.bytes, "http"))?;
            Some(Said { word: Word::Disabled, value, illegal: false })
        }
    }
}

fn is_only_a_resource(entry: &Entry) -> bool {
    entry.has_class("icsCalendarResource") && !entry.has_class("icsCalendarUser")
}

/// The status attributes and icsAllowedServiceAccess are `cis`: caseIgnoreMatch.
pub(super) fn same(value: &[u8], word: &str) -> bool {
    matches(MatchingRule::CaseIgnore, value, word.as_bytes())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::ldap::{AttributeDescription, Dn};

    const DOMAIN: Origin = Origin { export: 0, line: 10 };
    const ACCOUNT: Origin = Origin { export: 1, line: 200 };

    /// An entry whose `dn:` stands at `origin`, and its attributes on the lines below: `type: value; type: value`.
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

    /// `word`, or `word < attribute: value @export:line`; `!` is behind an illegal value, `domain` before a domain's.
    fn shown(effective: &Effective) -> String {
        let Some(because) = &effective.because else { return effective.word.name().to_owned() };
        format!(
            "{} < {}{}: {}{} @{}:{}",
            effective.word.name(),
            if because.of_domain { "domain " } else { "" },
            because.attribute,
            String::from_utf8_lossy(because.value.as_deref().unwrap()),
            if because.illegal { "!" } else { "" },
            because.origin.export,
            because.origin.line,
        )
    }

    /// Domain, account, and how mail and calendar of the account stand.
    #[test]
    #[rustfmt::skip]
    fn the_order() {
        for (domain_lines, account_lines, mail, calendar) in [
            // Nothing says otherwise.
            ("", "", "active", "active"),
            ("inetDomainStatus: active; mailDomainStatus: Active; icsStatus: ACTIVE; icsAllowedServiceAccess: http",
             "inetUserStatus: active; mailUserStatus: Active; icsStatus: ACTIVE; icsAllowedServiceAccess: http",
             "active", "active"),
            // Each row of the table, with everything below it against the service as well.
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
            // A service does not ask the attributes of the other.
            ("mailDomainStatus: disabled", "", "disabled < domain mailDomainStatus: disabled @0:11", "active"),
            ("mailDomainStatus: removed", "", "removed < domain mailDomainStatus: removed @0:11", "active"),
            ("icsStatus: deleted", "", "active", "deleted < domain icsStatus: deleted @0:11"),
            ("", "mailUserStatus: removed", "removed < mailUserStatus: removed @1:201", "active"),
            ("", "icsStatus: removed", "active", "removed < icsStatus: removed @1:201"),
            // Attributes count only where they belong.
            ("inetUserStatus: deleted; mailUserStatus: removed", "inetDomainStatus: deleted; mailDomainStatus: hold",
             "active", "active"),
            // Resources.
            ("", "objectClass: icsCalendarResource; inetResourceStatus: deleted; icsStatus: active",
             "active", "deleted < inetResourceStatus: deleted @1:202"),
            ("", "inetUserStatus: active; inetResourceStatus: inactive; icsStatus: removed",
             "active", "inactive < inetResourceStatus: inactive @1:202"),
            // icsAllowedServiceAccess: only without icsStatus, only `http`, not on a mere resource.
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
            // An illegal value is inactive; so is a word that is legal elsewhere.
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
            // Several values: the first that is not active. Spaces around a value and the case of names do not count.
            ("", "mailUserStatus: active; mailUserStatus: hold; mailUserStatus: deleted",
             "hold < mailUserStatus: hold @1:202", "active"),
            ("", "INETUSERSTATUS:  dELETED ", "deleted < inetUserStatus:  dELETED  @1:201",
             "deleted < inetUserStatus:  dELETED  @1:201"),
            // An option makes another attribute of it.
            ("", "mailUserStatus;lang-de: deleted", "active", "active"),
        ] {
            let (domain, account) = (domain(domain_lines), account(account_lines));
            for (service, expected) in [(Service::Mail, mail), (Service::Calendar, calendar)] {
                let found = shown(&effective(service, &account, Some(&domain)));
                assert_eq!(found, expected, "{service:?} of [{account_lines}] in [{domain_lines}]");
                if domain_lines.is_empty() {
                    let alone = shown(&effective(service, &account, None));
                    assert_eq!(alone, expected, "{service:?} of [{account_lines}] without a domain");
                }
            }
        }
    }

    /// Every word of every attribute, as the tables of the documents list them.
    #[test]
    #[rustfmt::skip]
    fn the_words() {
        let all = "active inactive disabled deleted removed hold overquota";
        for (service, of_domain, attribute, legal) in [
            (Service::Mail,     true,  "inetDomainStatus",   "active inactive deleted"),
            (Service::Mail,     true,  "mailDomainStatus",   all),
            (Service::Mail,     false, "inetUserStatus",     "active inactive deleted"),
            (Service::Mail,     false, "mailUserStatus",     all),
            (Service::Calendar, true,  "inetDomainStatus",   "active inactive deleted"),
            (Service::Calendar, true,  "icsStatus",          "active inactive deleted removed"),
            (Service::Calendar, false, "inetUserStatus",     "active inactive deleted"),
            (Service::Calendar, false, "inetResourceStatus", "active inactive deleted"),
            (Service::Calendar, false, "icsStatus",          "active inactive deleted removed"),
        ] {
            for word in all.split(' ') {
                let lines = format!("{attribute}: {word}");
                let (domain, account) =
                    if of_domain { (domain(&lines), account("")) } else { (domain(""), account(&lines)) };
                let found = effective(service, &account, Some(&domain));
                let illegal = found.because.as_ref().is_some_and(|because| because.illegal);
                let is_legal = legal.split(' ').any(|own| own == word);
                assert_eq!(found.word.name(), if is_legal { word } else { "inactive" }, "{service:?} {lines}");
                assert_eq!(illegal, !is_legal, "{service:?} {lines}");
                assert_eq!(found.because.is_none(), word == "active", "{service:?} {lines}");
            }
        }
    }

    /// The entry of the technical note 819-6839 at each step of its procedures, as the note prints it.
    #[test]
    #[rustfmt::skip]
    fn the_note() {
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
            assert_eq!(shown(&effective(Service::Mail, &account, None)), mail, "{step}");
            assert_eq!(shown(&effective(Service::Calendar, &account, None)), calendar, "{step}");
        }
    }

    /// The entries above `uid=jsmith,ou=People,o=sesta.com,o=isp`, nearest first, and the DN of its domain.
    #[test]
    fn the_domain() {
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
