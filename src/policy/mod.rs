//! The policy: what a site says about its accounts, read from TOML and checked.
//!
//! [`file`] is the file as written, [`Policy`] what it means: filters and names parsed, words known, every section
//! there. `presets/` holds whole policies for known systems; a file names one and overrides what differs.

mod file;
pub mod limit;
pub mod server;

use std::collections::BTreeMap;
use std::ops::Range;

use toml::Spanned;

pub use limit::{Limit, LimitKind};
pub use server::Server;

use crate::ldap::filter::{Filter, Truth};
use crate::ldap::{AttributeDescription, Dn, Entry};
use file::{File, Text};

/// The presets by name: whole, commented policies.
pub const PRESETS: [(&str, &str); 1] = [("sun-comms", include_str!("presets/sun-comms.toml"))];

/// The text of a preset.
pub fn preset(name: &str) -> Option<&'static str> {
    PRESETS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// A fault in a policy file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PolicyError {
    /// Bytes of the file that it is about, if it is about a place.
    pub span: Option<Range<usize>>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// A checked policy.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The server, and what the exports must cover.
    pub directory: DirectoryPolicy,
    /// Which entries are accounts.
    pub accounts: AccountPolicy,
    /// Rules for some accounts, the first that fits counts.
    pub rules: Vec<Rule>,
    /// How an account is disabled.
    pub disable: DisablePolicy,
    /// Where the date of the mark is written and read.
    pub stamp: Option<Stamp>,
    /// How long a marked account waits.
    pub grace: GracePolicy,
    /// Services by name.
    pub services: BTreeMap<String, ServicePolicy>,
    /// Which attributes name accounts, and what is done with them.
    pub references: ReferencePolicy,
    /// Who takes over.
    pub successor: SuccessorPolicy,
    /// Where address books stand.
    pub address_books: AddressBookPolicy,
    /// What no plan may touch.
    pub protect: ProtectPolicy,
    /// Limits by kind.
    pub limits: Limits,
    /// Names of rosters, which this version does not plan for.
    rosters: Vec<String>,
    /// Accounts that are held.
    pub veto: Veto,
}

/// `[directory]`
#[derive(Clone, Debug)]
pub struct DirectoryPolicy {
    /// The kind of server that runs the files.
    pub server: Server,
    /// Entries that the exports must hold.
    pub suffixes: Vec<Dn>,
}

/// `[accounts]`
#[derive(Clone, Debug)]
pub struct AccountPolicy {
    /// What makes an entry an account.
    pub filter: Filter,
    /// Where accounts stand; anywhere if empty.
    pub base: Vec<Dn>,
    /// Attributes by which a leaver is found, `uid` before `mail`.
    pub matching: Vec<AttributeDescription>,
}

/// `[[rule]]`
#[derive(Clone, Debug)]
pub struct Rule {
    base: Option<Dn>,
    filter: Option<Filter>,
    /// What is done with the accounts that it fits.
    pub action: RuleAction,
}

impl Rule {
    /// Whether the rule is about an entry.
    pub fn fits(&self, entry: &Entry) -> bool {
        self.base.as_ref().is_none_or(|base| entry.dn.key().is_at_or_under(base.key()))
            && self.filter.as_ref().is_none_or(|filter| filter.evaluate(entry) == Truth::True)
    }
}

/// What a rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleAction {
    /// As the leaver list says.
    Delete,
    /// Marked, never deleted.
    Disable,
    /// Held.
    Refuse,
    /// One of the actions that this version does not plan.
    Later(&'static str),
}

/// `[disable]`
#[derive(Clone, Debug)]
pub struct DisablePolicy {
    /// Attributes and the value that each is set to.
    pub replace: Vec<(AttributeDescription, Vec<u8>)>,
}

/// `[stamp]`
#[derive(Clone, Debug)]
pub struct Stamp {
    /// The attribute.
    pub attribute: AttributeDescription,
    /// The value, with `{{ as_of }}` for the date.
    pub format: String,
}

/// `[grace]`
#[derive(Clone, Copy, Debug)]
pub struct GracePolicy {
    /// Days between mark and deletion; 0 is none.
    pub days: u32,
    /// Days that the mail service waits: for `msuserpurge -g`.
    pub mail: u32,
    /// Days that the calendar service waits: for `csclean -g`.
    pub calendar: u32,
}

/// `[service.NAME]`
#[derive(Clone, Debug)]
pub struct ServicePolicy {
    /// Its status attribute.
    pub status: AttributeDescription,
    /// The status when it has given up what it held.
    pub released: String,
    /// Object classes that assign it.
    pub classes: Vec<String>,
    /// Attributes that belong to it.
    pub attributes: Vec<AttributeDescription>,
}

/// `[references]`
#[derive(Clone, Debug)]
pub struct ReferencePolicy {
    /// Values are removed.
    pub remove: Vec<AttributeDescription>,
    /// A successor takes their place.
    pub reassign: Vec<AttributeDescription>,
    /// They are reported.
    pub review: Vec<AttributeDescription>,
    /// What becomes of a group that would lose its last member.
    pub last_member: LastMember,
}

/// What becomes of a group that would lose its last member.
#[derive(Clone, Debug)]
pub enum LastMember {
    /// The account is held.
    Refuse,
    /// It goes, where the server allows a group without members.
    Allow,
    /// This name takes its place.
    Placeholder(Dn),
    /// One of the ways that this version does not plan.
    Later(&'static str),
}

/// `[successor]`
#[derive(Clone, Debug)]
pub struct SuccessorPolicy {
    /// Where a successor is looked for, in order.
    pub order: Vec<SuccessorSource>,
    /// The last resort.
    pub fallback: Option<Dn>,
}

/// Where a successor is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SuccessorSource {
    /// In the leaver list.
    Leaver,
    /// The manager of the account.
    Manager,
    /// The policy's fallback.
    Fallback,
}

/// `[address_books]`
#[derive(Clone, Debug)]
pub struct AddressBookPolicy {
    /// Where they stand; without it none is looked for.
    pub suffix: Option<Dn>,
}

/// `[protect]`
#[derive(Clone, Debug)]
pub struct ProtectPolicy {
    /// These entries.
    pub dn: Vec<Dn>,
    /// These entries and all below them.
    pub subtree: Vec<Dn>,
    /// Entries that match.
    pub filter: Option<Filter>,
    /// Members of these groups.
    pub group: Vec<Dn>,
}

impl ProtectPolicy {
    /// Whether an entry is protected by its name or its content; members of groups are for the plan to find.
    pub fn covers(&self, entry: &Entry) -> bool {
        self.dn.contains(&entry.dn)
            || self.subtree.iter().any(|base| entry.dn.key().is_at_or_under(base.key()))
            || self.filter.as_ref().is_some_and(|filter| filter.evaluate(entry) == Truth::True)
    }
}

/// `[limits]`
#[derive(Clone, Debug, Default)]
pub struct Limits(BTreeMap<LimitKind, Limit>);

impl Limits {
    /// The limit of a kind.
    pub fn get(&self, kind: LimitKind) -> Option<&Limit> {
        self.0.get(&kind)
    }
}

/// `[veto]`
#[derive(Clone, Debug)]
pub struct Veto {
    dn: Vec<Dn>,
    filter: Option<Filter>,
}

impl Veto {
    /// Whether an account is held.
    pub fn holds_for(&self, entry: &Entry) -> bool {
        self.dn.contains(&entry.dn) || self.filter.as_ref().is_some_and(|filter| filter.evaluate(entry) == Truth::True)
    }
}

impl Policy {
    /// Reads a policy, with the preset that it names underneath.
    pub fn parse(text: &str) -> Result<Self, Vec<PolicyError>> {
        let read = |text: &str| toml::from_str::<File>(text).map_err(|error| vec![toml_error(&error)]);
        let file = read(text)?;
        let file = match &file.preset {
            None => file,
            Some(name) => {
                let Some(base) = preset(name.get_ref()) else {
                    let known: Vec<&str> = PRESETS.iter().map(|(name, _)| *name).collect();
                    return Err(vec![PolicyError {
                        span: Some(name.span()),
                        message: format!("no preset `{}`", name.get_ref()),
                        help: Some(format!("this version has: {}", known.join(", "))),
                    }]);
                };
                let base = read(base)?;
                file.over(base)
            }
        };
        let mut checker = Checker { errors: Vec::new() };
        let policy = checker.policy(&file);
        match policy {
            Some(policy) if checker.errors.is_empty() => Ok(policy),
            _ => Err(checker.errors),
        }
    }

    /// The first thing that the policy asks for and that this version does not plan.
    pub fn unsupported(&self) -> Option<String> {
        if let Some(name) = self.rosters.first() {
            return Some(format!("[roster.{name}]"));
        }
        if let LastMember::Later(word) = &self.references.last_member {
            return Some(format!("last_member = \"{word}\""));
        }
        self.rules.iter().find_map(|rule| match rule.action {
            RuleAction::Later(word) => Some(format!("[[rule]] action = \"{word}\"")),
            _ => None,
        })
    }
}

fn toml_error(error: &toml::de::Error) -> PolicyError {
    PolicyError { span: error.span(), message: error.message().to_owned(), help: None }
}

/// Turns what is written into what it means, and collects every fault on the way.
struct Checker {
    errors: Vec<PolicyError>,
}

impl Checker {
    fn fault(&mut self, span: Option<Range<usize>>, message: String, help: Option<String>) {
        self.errors.push(PolicyError { span, message, help });
    }

    fn dn(&mut self, text: &Text) -> Option<Dn> {
        let dn = Dn::parse(text.get_ref().as_bytes());
        dn.map_err(|error| self.fault(Some(text.span()), format!("not a distinguished name: {error}"), None)).ok()
    }

    fn dns(&mut self, texts: Option<&Vec<Text>>) -> Vec<Dn> {
        texts.into_iter().flatten().filter_map(|text| self.dn(text)).collect()
    }

    fn filter(&mut self, text: &Text) -> Option<Filter> {
        let filter = Filter::parse(text.get_ref());
        filter.map_err(|error| self.fault(Some(text.span()), format!("not a search filter: {error}"), None)).ok()
    }

    fn attribute(&mut self, text: &Text) -> Option<AttributeDescription> {
        let attribute = AttributeDescription::parse(text.get_ref().as_bytes());
        attribute.map_err(|error| self.fault(Some(text.span()), format!("not an attribute: {error}"), None)).ok()
    }

    fn attributes(&mut self, texts: Option<&Vec<Text>>) -> Vec<AttributeDescription> {
        texts.into_iter().flatten().filter_map(|text| self.attribute(text)).collect()
    }

    /// One of some words.
    fn word<T: Copy>(&mut self, text: &Text, words: &[(&'static str, T)]) -> Option<T> {
        let known = words.iter().find(|(word, _)| word == text.get_ref()).map(|(_, meaning)| *meaning);
        if known.is_none() {
            let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let help = Some(format!("one of: {}", words.join(", ")));
            self.fault(Some(text.span()), format!("`{}` means nothing here", text.get_ref()), help);
        }
        known
    }

    fn required<'t, T>(&mut self, key: &str, value: Option<&'t T>) -> Option<&'t T> {
        if value.is_none() {
            let help = Some("name a preset to begin with, for example preset = \"sun-comms\"".to_owned());
            self.fault(None, format!("`{key}` is missing"), help);
        }
        value
    }

    fn policy(&mut self, file: &File) -> Option<Policy> {
        let directory = self.directory(&file.directory);
        let accounts = self.accounts(&file.accounts);
        let disable = self.disable(&file.disable);
        let stamp = self.stamp(&file.stamp);
        let rules = file.rule.iter().flatten().filter_map(|rule| self.rule(rule)).collect();
        let services = file.service.iter().filter_map(|(name, service)| self.service(name, service)).collect();
        let references = self.references(&file.references);
        let successor = self.successor(&file.successor);
        let limits = self.limits(&file.limits);
        let protect = ProtectPolicy {
            dn: self.dns(file.protect.dn.as_ref()),
            subtree: self.dns(file.protect.subtree.as_ref()),
            filter: file
                .protect
                .filter
                .as_ref()
                .filter(|text| !text.get_ref().is_empty())
                .and_then(|text| self.filter(text)),
            group: self.dns(file.protect.group.as_ref()),
        };
        let veto = Veto {
            dn: self.dns(file.veto.dn.as_ref()),
            filter: file
                .veto
                .filter
                .as_ref()
                .filter(|text| !text.get_ref().is_empty())
                .and_then(|text| self.filter(text)),
        };
        let address_books =
            AddressBookPolicy { suffix: file.address_books.suffix.as_ref().and_then(|text| self.dn(text)) };
        let days = file.grace.days.unwrap_or(0);
        Some(Policy {
            directory: directory?,
            accounts: accounts?,
            rules,
            disable: disable?,
            stamp,
            grace: GracePolicy {
                days,
                mail: file.grace.mail.unwrap_or(days),
                calendar: file.grace.calendar.unwrap_or(days),
            },
            services,
            references,
            successor,
            address_books,
            protect,
            limits,
            rosters: file.roster.keys().cloned().collect(),
            veto,
        })
    }

    fn directory(&mut self, section: &file::Directory) -> Option<DirectoryPolicy> {
        let suffixes = self.dns(section.suffixes.as_ref());
        let server = self.required("[directory] server", section.server.as_ref())?;
        let words: Vec<(&'static str, Server)> =
            Server::names().filter_map(|name| Some((name, Server::called(name)?))).collect();
        Some(DirectoryPolicy { server: self.word(server, &words)?, suffixes })
    }

    fn accounts(&mut self, section: &file::Accounts) -> Option<AccountPolicy> {
        let base = self.dns(section.base.as_ref());
        let matching = self.attributes(section.r#match.as_ref());
        let filter = self.required("[accounts] filter", section.filter.as_ref());
        let filter = filter.and_then(|text| self.filter(text));
        if matching.is_empty() {
            self.required::<()>("[accounts] match", None);
        }
        Some(AccountPolicy { filter: filter?, base, matching })
    }

    fn disable(&mut self, section: &file::Disable) -> Option<DisablePolicy> {
        let replace = self.required("[disable] replace", section.replace.as_ref())?;
        let pairs = replace.iter().filter_map(|(name, value)| Some((self.attribute(name)?, value.as_bytes().to_vec())));
        let replace: Vec<_> = pairs.collect();
        if replace.is_empty() {
            self.required::<()>("[disable] replace", None);
        }
        Some(DisablePolicy { replace })
    }

    fn stamp(&mut self, section: &file::Stamp) -> Option<Stamp> {
        let attribute = self.attribute(section.attribute.as_ref()?)?;
        let written = section.format.as_ref().map(Spanned::get_ref);
        let format = written.map_or_else(|| "{{ as_of }}".to_owned(), Clone::clone);
        if format.matches("{{ as_of }}").count() != 1 {
            let span = section.format.as_ref().map(Spanned::span);
            self.fault(span, "a stamp's format holds `{{ as_of }}` once".to_owned(), None);
        }
        Some(Stamp { attribute, format })
    }

    fn rule(&mut self, rule: &file::Rule) -> Option<Rule> {
        let actions = [
            ("delete", RuleAction::Delete),
            ("disable", RuleAction::Disable),
            ("mail", RuleAction::Later("mail")),
            ("calendar", RuleAction::Later("calendar")),
            ("refuse", RuleAction::Refuse),
        ];
        let base = rule.base.as_ref().map(|text| self.dn(text));
        let filter = rule.filter.as_ref().map(|text| self.filter(text));
        let action = self.word(&rule.action, &actions);
        Some(Rule { base: base.flatten(), filter: filter.flatten(), action: action? })
    }

    fn service(&mut self, name: &str, service: &file::Service) -> Option<(String, ServicePolicy)> {
        let attributes = self.attributes(service.attributes.as_ref());
        let status = self.required(&format!("[service.{name}] status"), service.status.as_ref());
        let status = status.and_then(|text| self.attribute(text));
        let released = self.required(&format!("[service.{name}] released"), service.released.as_ref());
        let classes = service.classes.clone().unwrap_or_default();
        Some((name.to_owned(), ServicePolicy { status: status?, released: released?.clone(), classes, attributes }))
    }

    fn references(&mut self, section: &file::References) -> ReferencePolicy {
        let last_member = section.last_member.as_ref().map_or(Some(LastMember::Refuse), |text| self.last_member(text));
        ReferencePolicy {
            remove: self.attributes(section.remove.as_ref()),
            reassign: self.attributes(section.reassign.as_ref()),
            review: self.attributes(section.review.as_ref()),
            last_member: last_member.unwrap_or(LastMember::Refuse),
        }
    }

    fn last_member(&mut self, text: &Text) -> Option<LastMember> {
        if let Some(dn) = text.get_ref().strip_prefix("placeholder:") {
            let dn = Spanned::new(text.span(), dn.trim().to_owned());
            return self.dn(&dn).map(LastMember::Placeholder);
        }
        let words = [("refuse", 0), ("allow", 1), ("successor", 2), ("delete-group", 3), ("placeholder:<dn>", 4)];
        Some(match self.word(text, &words)? {
            1 => LastMember::Allow,
            2 => LastMember::Later("successor"),
            3 => LastMember::Later("delete-group"),
            _ => LastMember::Refuse,
        })
    }

    fn successor(&mut self, section: &file::Successor) -> SuccessorPolicy {
        let words = [
            ("leaver", SuccessorSource::Leaver),
            ("manager", SuccessorSource::Manager),
            ("fallback", SuccessorSource::Fallback),
        ];
        let order = section.order.iter().flatten().filter_map(|text| self.word(text, &words)).collect();
        let fallback = section.fallback.as_ref().filter(|text| !text.get_ref().is_empty());
        SuccessorPolicy { order, fallback: fallback.and_then(|text| self.dn(text)) }
    }

    fn limits(&mut self, section: &BTreeMap<Text, file::Limit>) -> Limits {
        let words: Vec<(&'static str, LimitKind)> = LimitKind::ALL.iter().map(|(kind, word)| (*word, *kind)).collect();
        let mut limits = BTreeMap::new();
        for (name, limit) in section {
            let Some(kind) = self.word(name, &words) else { continue };
            if limit.percent.is_some_and(|percent| !(0.0..=100.0).contains(&percent)) {
                self.fault(Some(name.span()), "a percentage is from 0 to 100".to_owned(), None);
            }
            let min = limit.min.unwrap_or(limit::DEFAULT_MIN);
            limits.insert(kind, Limit { count: limit.count, percent: limit.percent, min });
        }
        Limits(limits)
    }
}
