//! The commands of other systems that a plan asks for, and the words that they get from an account.
//!
//! | account | tools or release | command | words |
//! | --- | --- | --- | --- |
//! | to be disabled | delegated-administrator | [`DeleteUser`](Command::DeleteUser) | uid, domain |
//! | to be disabled, and `[disable]` sets `icsAllowedServiceAccess` | csuser | [`DisableCalendarUser`](Command::DisableCalendarUser) | uid |
//! | disabled, mail waits | msuserpurge | [`PurgeMail`](Command::PurgeMail) | domain, hosts |
//! | disabled, mail waits | mboxutil | [`DeleteMailbox`](Command::DeleteMailbox) | uid, domain, hosts |
//! | disabled, calendar waits | msuserpurge | [`CleanCalendars`](Command::CleanCalendars) | domain |
//! | to be deleted or stripped | delegated-administrator | [`PurgeDomain`](Command::PurgeDomain) | domain |
//! | to be deleted | csuser | [`DeleteCalendarUser`](Command::DeleteCalendarUser) | uid |
//!
//! | word | it is | the account is held if |
//! | --- | --- | --- |
//! | uid | the uid in the name of the entry; without one, the only uid | there is none, or several and none in the name; or another entry with that uid is in the same domain, in a domain that is not known, or in any domain where the command takes none |
//! | domain | `sunPreferredDomain` of the organisation above, if it has one; else the domain of the entry's name; before the move, if the account was moved | the account was moved, and no change set of `--history` shows from where; the command needs a domain, and the name has none; the organisation is not named like a domain |
//! | host | each `mailHost` | |
//!
//! A value is a word of a command only if the command takes it for nothing else: the account is held if a word begins with `-`,
//! has a wildcard (`*`, `?`, `[`, `]`, `%`), or characters that separate the parts of a path, a mailbox or an address
//! (`/`, `\`, `@`), is `.` or `..`, is empty, or is not text.
//!
//! How the commands are written: [`external_commands`](crate::render::external_commands).

use std::collections::{BTreeSet, HashMap};
use std::fmt;

use super::gather::{Gathered, Query};
use super::model::{Account, Hold};
use crate::directory::identity::holders::{Holder, IdentifierKind, normal_form};
use crate::ldap::attribute::same_type;
use crate::ldap::dn::Rdn;
use crate::ldap::domain::{domain_of, domain_of_key};
use crate::ldap::{Dn, Entry};
use crate::lifecycle::state::values_of;
use crate::lifecycle::{Reason, ServiceState, Step};
use crate::policy::{Policy, ProvisioningTools, ReleasePolicy, ServicePolicy};

/// A value that a command takes for nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word(String);

impl Word {
    fn new(value: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(value).ok()?;
        let text = text.trim();
        let is_part = |c: char| !c.is_control() && !"*?[]%/\\@".contains(c);
        let is_word =
            !text.is_empty() && text.chars().all(is_part) && !text.starts_with('-') && !matches!(text, "." | "..");
        is_word.then(|| Self(text.to_owned()))
    }

    /// The word, for a shell not quoted yet.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A command for one account.
#[derive(Clone, Debug)]
pub enum Command<'p> {
    /// `commadmin user delete`
    DeleteUser {
        /// The user.
        uid: Word,
        /// Its domain.
        domain: Option<Word>,
        /// The service that is removed; `None` for the whole account.
        service: Option<&'p str>,
    },
    /// `csuser disable`
    DisableCalendarUser {
        /// The user.
        uid: Word,
    },
    /// `msuserpurge`
    PurgeMail {
        /// The domain.
        domain: Option<Word>,
        /// The mail hosts.
        hosts: Vec<Word>,
        /// The service.
        service: &'p ServicePolicy,
    },
    /// `mboxutil -d`
    DeleteMailbox {
        /// The user.
        uid: Word,
        /// Its domain.
        domain: Option<Word>,
        /// The mail hosts.
        hosts: Vec<Word>,
        /// The service.
        service: &'p ServicePolicy,
    },
    /// `csclean`
    CleanCalendars {
        /// The domain.
        domain: Word,
        /// The service.
        service: &'p ServicePolicy,
    },
    /// `commadmin domain purge`
    PurgeDomain {
        /// The domain.
        domain: Option<Word>,
    },
    /// `csuser delete`
    DeleteCalendarUser {
        /// The user.
        uid: Word,
    },
}

impl Command<'_> {
    /// The user that the command names.
    fn uid(&self) -> Option<&Word> {
        match self {
            Self::DeleteUser { uid, .. }
            | Self::DisableCalendarUser { uid }
            | Self::DeleteMailbox { uid, .. }
            | Self::DeleteCalendarUser { uid } => Some(uid),
            Self::PurgeMail { .. } | Self::CleanCalendars { .. } | Self::PurgeDomain { .. } => None,
        }
    }

    /// The domain that the command names.
    fn domain(&self) -> Option<&Word> {
        match self {
            Self::DeleteUser { domain, .. }
            | Self::PurgeMail { domain, .. }
            | Self::DeleteMailbox { domain, .. }
            | Self::PurgeDomain { domain } => domain.as_ref(),
            Self::CleanCalendars { domain, .. } => Some(domain),
            Self::DisableCalendarUser { .. } | Self::DeleteCalendarUser { .. } => None,
        }
    }
}

/// Why a command cannot be written for an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoCommand {
    /// The account has no uid.
    NoUid,
    /// It has several, and none of them alone is in its name.
    SeveralUids,
    /// Another entry, with this name, has the same uid.
    SharedUid(Vec<u8>),
    /// The name of the account has no domain.
    NoDomain,
    /// The organisation above the account has this name, which is not that of a domain, and no `sunPreferredDomain`.
    NotADomain(Vec<u8>),
    /// The organisation above the account has several values of `sunPreferredDomain`, and its name is none of them.
    SeveralDomains,
    /// The account was moved, and nothing shows from which domain.
    FormerDomainUnknown,
    /// The command would take a value for something else: what the value is, and the value.
    NotAWord(&'static str, Vec<u8>),
}

impl fmt::Display for NoCommand {
    /// The clause that follows "a command cannot be written:".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoUid => f.write_str("the account has no uid"),
            Self::SeveralUids => {
                f.write_str("the account has several values of uid, and none is the only one in its name")
            }
            Self::SharedUid(other) => {
                write!(f, "{} has the same uid, and the command may mean either", String::from_utf8_lossy(other))
            }
            Self::NoDomain => f.write_str("the name of the account has no domain"),
            Self::NotADomain(name) => write!(
                f,
                "its organisation {} is not named like a domain and has no sunPreferredDomain",
                String::from_utf8_lossy(name)
            ),
            Self::SeveralDomains => f.write_str("its organisation has several values of sunPreferredDomain"),
            Self::FormerDomainUnknown => {
                f.write_str("the account was moved, and no change set (--history) shows from which domain")
            }
            Self::NotAWord(what, value) => {
                write!(f, "the {what} {} has another meaning in a command", String::from_utf8_lossy(value))
            }
        }
    }
}

/// The commands for an account, or why one of them cannot be written.
pub fn commands<'p>(account: &Account, policy: &'p Policy) -> Result<Vec<Command<'p>>, NoCommand> {
    let words = Words { account, policy };
    let mut commands = Vec::new();
    let (tools, step) = (policy.directory.tools, account.decision.step);
    if matches!(step, Step::Disable | Step::DisableService) {
        match tools {
            ProvisioningTools::DelegatedAdministrator => {
                let service = account.decision.service();
                let service =
                    service.and_then(|name| policy.services.get_key_value(name)).map(|(name, _)| name.as_str());
                commands.push(Command::DeleteUser { uid: words.uid()?, domain: words.domain()?, service });
            }
            ProvisioningTools::Csuser if is_disabled_by_csuser(&account.entry, policy) => {
                commands.push(Command::DisableCalendarUser { uid: words.uid()? });
            }
            ProvisioningTools::Ldap | ProvisioningTools::Csuser => {}
        }
    }
    if matches!(step, Step::Disable | Step::DisableService | Step::Stamp | Step::Wait | Step::Strip) {
        commands.extend(words.releases()?);
    }
    match tools {
        ProvisioningTools::DelegatedAdministrator if matches!(step, Step::Delete | Step::Strip) => {
            commands.push(Command::PurgeDomain { domain: words.domain()? });
        }
        ProvisioningTools::Csuser if step == Step::Delete => {
            commands.push(Command::DeleteCalendarUser { uid: words.uid()? });
        }
        _ => {}
    }
    Ok(commands)
}

/// Whether `csuser disable` writes what the entry lacks of `[disable]`.
fn is_disabled_by_csuser(entry: &Entry, policy: &Policy) -> bool {
    policy.disable.replace.iter().any(|(description, wanted)| {
        !policy.directory.tools.file_writes_disable(description.attribute_type())
            && !values_of(entry, description).any(|value| value == wanted.as_slice())
    })
}

/// The uids of commands: which other entries have them must be known.
pub fn query(accounts: &[Account], policy: &Policy) -> Query {
    let mut query = Query::default();
    for account in accounts {
        let commands = commands(account, policy).unwrap_or_default();
        let uids = commands.iter().filter_map(Command::uid);
        query.user_names.extend(uids.map(|uid| normal_form(IdentifierKind::UserName, uid.as_str().as_bytes())));
    }
    query
}

/// The accounts for which a command is needed that cannot be written.
pub fn holds(accounts: &[Account], gathered: &Gathered, policy: &Policy) -> Vec<Hold> {
    let commands: Vec<Result<Vec<Command<'_>>, NoCommand>> =
        accounts.iter().map(|account| commands(account, policy)).collect();
    let users = OtherUsers::of(accounts, &commands, gathered, policy);
    let hold = |(index, commands): (usize, &Result<Vec<Command<'_>>, NoCommand>)| {
        let why = match commands {
            Ok(commands) => {
                let other = commands.iter().find_map(|command| users.meant_by(command, &accounts[index]))?;
                NoCommand::SharedUid(other.name.to_vec())
            }
            Err(why) => why.clone(),
        };
        Some(Hold { account: index, reason: Reason::NoCommand(why.to_string()) })
    };
    commands.iter().enumerate().filter_map(hold).collect()
}

/// The entries that commands may mean.
struct OtherUsers<'u> {
    gathered: &'u Gathered,
    policy: &'u Policy,
    /// The accounts of the plan by their uids in normal form: the reading does not count deleted ones as other entries.
    accounts: HashMap<Vec<u8>, Vec<Holder>>,
}

impl<'u> OtherUsers<'u> {
    fn of(
        accounts: &[Account],
        commands: &[Result<Vec<Command<'_>>, NoCommand>],
        gathered: &'u Gathered,
        policy: &'u Policy,
    ) -> Self {
        let mut by_uid: HashMap<Vec<u8>, Vec<Holder>> = HashMap::new();
        let names_users = commands.iter().flatten().flatten().any(|command| command.uid().is_some());
        for account in accounts.iter().filter(|_| names_users) {
            for uid in account.entry.values("uid") {
                let form = normal_form(IdentifierKind::UserName, &uid.bytes);
                by_uid.entry(form).or_default().push(Holder::of_entry(&account.entry));
            }
        }
        Self { gathered, policy, accounts: by_uid }
    }

    /// Another entry that a command for an account may mean: the first by its name.
    fn meant_by(&self, command: &Command<'_>, account: &Account) -> Option<&Holder> {
        let normal = |word: &Word| normal_form(IdentifierKind::UserName, word.as_str().as_bytes());
        let (uid, domain) = (normal(command.uid()?), command.domain().map(normal));
        let own = account.entry.dn.key().as_bytes();
        // The organisation may have another domain than its name.
        let home = home(account, self.policy).map(|dn| domain_of_key(dn.key()));
        let is_meant = |holder: &&Holder| {
            let key = holder.entry.as_bytes();
            let is_in_domain = || {
                domain.as_ref().is_none_or(|domain| {
                    let of_holder = domain_of_key(&holder.entry);
                    of_holder == *domain || home.as_ref() == Some(&of_holder)
                })
            };
            !key.starts_with(own) && (self.policy.is_moved(key) || is_in_domain())
        };
        let accounts = self.accounts.get(&uid).into_iter().flatten();
        let others = self.gathered.holders(IdentifierKind::UserName, &uid).iter().chain(accounts);
        others.filter(is_meant).min_by(|a, b| a.entry.cmp(&b.entry))
    }
}

/// What an account gives to commands.
struct Words<'w, 'p> {
    account: &'w Account,
    policy: &'p Policy,
}

impl<'p> Words<'_, 'p> {
    /// The commands that make services release an account that is disabled.
    fn releases(&self) -> Result<Vec<Command<'p>>, NoCommand> {
        let decision = &self.account.decision;
        let of_action = decision.service();
        let waiting = decision.services.iter().filter(|service| {
            matches!(service.state, ServiceState::Waiting | ServiceState::Disabled)
                && of_action.is_none_or(|name| name == service.name)
        });
        let mut commands = Vec::new();
        for waiting in waiting {
            let Some(service) = self.policy.services.get(&waiting.name) else { continue };
            commands.push(match (waiting.name.as_str(), service.release) {
                ("mail", ReleasePolicy::Msuserpurge) => {
                    Command::PurgeMail { domain: self.domain()?, hosts: self.hosts()?, service }
                }
                ("mail", ReleasePolicy::Mboxutil) => {
                    let (uid, domain, hosts) = (self.uid()?, self.domain()?, self.hosts()?);
                    Command::DeleteMailbox { uid, domain, hosts, service }
                }
                ("calendar", ReleasePolicy::Msuserpurge) => {
                    Command::CleanCalendars { domain: self.domain()?.ok_or(NoCommand::NoDomain)?, service }
                }
                _ => continue,
            });
        }
        Ok(commands)
    }

    fn uid(&self) -> Result<Word, NoCommand> {
        word("uid", &only_uid(&self.account.entry)?)
    }

    fn domain(&self) -> Result<Option<Word>, NoCommand> {
        let home = home(self.account, self.policy).ok_or(NoCommand::FormerDomainUnknown)?;
        let of_name = domain_of(home);
        // The entry of the domain is that of the present place.
        let organisation = self.account.domain.as_ref().filter(|_| home.key() == self.account.entry.dn.key());
        let preferred = organisation.into_iter().flat_map(|entry| entry.values("sunPreferredDomain"));
        let preferred: BTreeSet<Vec<u8>> = preferred.map(|value| value.bytes.to_ascii_lowercase()).collect();
        let is_preferred = |name: &Vec<u8>| preferred.contains(&name.to_ascii_lowercase());
        let domain = match (preferred.first(), preferred.len()) {
            (None, _) => of_name,
            _ if of_name.as_ref().is_some_and(is_preferred) => of_name,
            (Some(only), 1) => Some(only.clone()),
            (Some(_), _) => return Err(NoCommand::SeveralDomains),
        };
        match domain {
            Some(domain) if !is_domain_name(&domain) => Err(NoCommand::NotADomain(domain)),
            domain => domain.map(|domain| word("domain", &domain)).transpose(),
        }
    }

    fn hosts(&self) -> Result<Vec<Word>, NoCommand> {
        let hosts: BTreeSet<&[u8]> = self.account.entry.values("mailHost").map(|host| &*host.bytes).collect();
        hosts.into_iter().map(|host| word("mailHost", host)).collect()
    }
}

/// Whether a value may be the name of a domain: an organisation such as `Acme Inc` is none.
fn is_domain_name(value: &[u8]) -> bool {
    value.iter().all(|byte| byte.is_ascii_alphanumeric() || !byte.is_ascii() || matches!(byte, b'.' | b'-' | b'_'))
}

fn word(what: &'static str, value: &[u8]) -> Result<Word, NoCommand> {
    Word::new(value).ok_or_else(|| NoCommand::NotAWord(what, value.to_vec()))
}

/// The name of an account before it was moved; `None` if it was moved and the name is unknown.
fn home<'a>(account: &'a Account, policy: &Policy) -> Option<&'a Dn> {
    let dn = &account.entry.dn;
    if policy.is_moved(dn.key().as_bytes()) { account.history_name.as_ref() } else { Some(dn) }
}

/// The uid of an entry: the one in its name; without one, the only one. As the attribute spells it, if it has it.
fn only_uid(entry: &Entry) -> Result<Vec<u8>, NoCommand> {
    let normal = |uid: &[u8]| normal_form(IdentifierKind::UserName, uid);
    let values: Vec<&[u8]> = entry.values("uid").map(|uid| &*uid.bytes).collect();
    let rdns = entry.dn.rdns();
    let in_name = rdns.first().into_iter().flat_map(Rdn::avas);
    let in_name: Vec<&[u8]> =
        in_name.filter(|ava| same_type(&ava.attribute_type, "uid")).map(|ava| ava.value.as_slice()).collect();
    let candidates = if in_name.is_empty() { &values } else { &in_name };
    let first = candidates.first().ok_or(NoCommand::NoUid)?;
    if candidates.iter().any(|other| normal(other) != normal(first)) {
        return Err(NoCommand::SeveralUids);
    }
    // Of two spellings of the same uid, the smaller one, in any order of the values.
    let same = values.iter().filter(|value| normal(value) == normal(first));
    Ok(same.min().unwrap_or(first).to_vec())
}
