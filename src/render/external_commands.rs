//! What other tools must do, and what is left for people.
//!
//! Commands, by the tools of the site ([`Tools`]) and the way a service is released ([`Release`]):
//!
//! | account | tools or release | command | where | when |
//! | --- | --- | --- | --- | --- |
//! | to be disabled | delegated-administrator | `commadmin user delete -d DOMAIN -l UID` (`-S mail`, `-S cal` for a service) | the Delegated Administrator host | first |
//! | to be disabled, `icsAllowedServiceAccess` is in the mark | csuser | `csuser disable UID` | the calendar server | first |
//! | disabled, mail waits | purge | `msuserpurge -d DOMAIN -g DAYS` | its mailHost | after the stage `status` |
//! | disabled, mail waits | mboxutil | `mboxutil -d user/UID@DOMAIN/INBOX`, then the status by hand | its mailHost | after the stage `status` |
//! | disabled, calendar waits | purge | `csclean -g DAYS clean DOMAIN` | the calendar server | after the stage `status` |
//! | to be deleted or stripped | delegated-administrator | `commadmin domain purge -d DOMAIN -g DAYS` | the Delegated Administrator host | last |
//! | to be deleted | csuser | `csuser delete UID` | the calendar server | last |
//!
//! Technical note 819-6839; Messaging Server Administration Reference 819-2651; Calendar Server Administration Guide
//! 819-2433. The password options of `commadmin` are left out: no password stands on a command line.
//!
//! Left for people are things outside the directory that the entry tells of (`[hand_off] attributes`): home folders,
//! message stores, profiles of accounts that are deleted.

use std::collections::HashMap;

use super::change_file::Context;
use super::report::view::{ExternalCommand, HandOffAttribute};
use super::sanitize::{Secrets, sanitized};
use crate::ldap::domain::domain_of;
use crate::lifecycle::state::values_of;
use crate::lifecycle::{ServiceState, Step};
use crate::plan::Account;
use crate::policy::{ProvisioningTools, ReleasePolicy};

/// When a command is run, next to the change files.
const FIRST: &str = "first";
const AFTER_STATUS: &str = "after-status";
const LAST: &str = "last";

const ADMIN_HOST: &str = "the Delegated Administrator host";
const PASSWORD_IN_A_FILE: &str = "`commadmin` wants a password: give it as a line `w PASSWORD` of a file of mode 0600 \
                                  to `-i`, not as `-w` on the command line";
const CALENDAR_HOST: &str = "the calendar server";

/// The commands that other tools must run for the accounts of a plan.
pub fn external_commands(context: &Context<'_>) -> Vec<ExternalCommand> {
    let mut list = List::default();
    for account in &context.plan.accounts {
        let leaver = context.plan.leavers[account.leaver].identity.to_string();
        let leaver = sanitized(leaver.as_bytes()).into_owned();
        list.add(&leaver, mark(context, account));
        list.add(&leaver, release(context, account));
        list.add(&leaver, purge(context, account));
    }
    list.external_commands
}

struct Job {
    when: &'static str,
    host: String,
    command: String,
    then: Option<String>,
}

#[derive(Default)]
struct List {
    external_commands: Vec<ExternalCommand>,
    /// Where a command stands: by when, host and command.
    places: HashMap<(&'static str, String, String), usize>,
}

impl List {
    /// The same command on the same host is run once, for all who wait for it.
    fn add(&mut self, leaver: &str, commands: Vec<Job>) {
        for Job { when, host, command, then } in commands {
            let at = *self.places.entry((when, host.clone(), command.clone())).or_insert_with(|| {
                self.external_commands.push(ExternalCommand { when, host, command, then, leavers: Vec::new() });
                self.external_commands.len() - 1
            });
            self.external_commands[at].leavers.push(leaver.to_owned());
        }
    }
}

fn mark(context: &Context<'_>, account: &Account) -> Vec<Job> {
    if !matches!(account.decision.step, Step::Disable | Step::DisableService) {
        return Vec::new();
    }
    let policy = context.policy;
    let uid = uid(account);
    match policy.directory.tools {
        ProvisioningTools::Ldap => Vec::new(),
        ProvisioningTools::DelegatedAdministrator => {
            let service = match account.decision.service() {
                Some("mail") => " -S mail",
                Some("calendar") => " -S cal",
                _ => "",
            };
            let command =
                format!("commadmin user delete -D ADMIN -n ADMIN_DOMAIN{} -l {uid}{service}", domain(account));
            let then = Some(PASSWORD_IN_A_FILE.to_owned());
            vec![Job { when: FIRST, host: ADMIN_HOST.to_owned(), command, then }]
        }
        ProvisioningTools::Csuser => {
            let by_tool = policy.disable.replace.iter().filter(|(description, wanted)| {
                !policy.directory.tools.file_writes_disable(description.attribute_type())
                    && !values_of(&account.entry, description).any(|value| value == wanted.as_slice())
            });
            let command = |_| Job {
                when: FIRST,
                host: CALENDAR_HOST.to_owned(),
                command: format!("csuser disable {uid}"),
                then: None,
            };
            by_tool.map(command).collect()
        }
    }
}

fn release(context: &Context<'_>, account: &Account) -> Vec<Job> {
    if !matches!(account.decision.step, Step::Disable | Step::DisableService | Step::Stamp | Step::Wait | Step::Strip) {
        return Vec::new();
    }
    let of_action = account.decision.service();
    let services = account.decision.services.iter();
    let waiting = services.filter(|service| matches!(service.state, ServiceState::Waiting | ServiceState::Disabled));
    let mut commands = Vec::new();
    for service in waiting.filter(|service| of_action.is_none_or(|name| name == service.name)) {
        let Some(rules) = context.policy.services.get(&service.name) else { continue };
        let days = context.policy.grace.of_service(&service.name);
        let domain = domain(account);
        let (hosts, command, then) = match (service.name.as_str(), rules.release) {
            ("mail", ReleasePolicy::Msuserpurge) => (
                mail_hosts(account),
                format!("msuserpurge{domain} -g {days}"),
                Some(on_a_whole_domain(&rules.disable, days)),
            ),
            ("mail", ReleasePolicy::Mboxutil) => {
                let then = format!(
                    "a user of the default domain has no `@domain` there. `mboxutil` leaves the directory alone: when \
                     the mailbox is gone, set `{}: {}` on the entry, which the next plan waits for",
                    rules.status, rules.released
                );
                (mail_hosts(account), format!("mboxutil -d {}", mailbox(account)), Some(then))
            }
            ("calendar", ReleasePolicy::Msuserpurge) => {
                let domain =
                    domain_of(&account.entry.dn).map_or_else(|| "'*'".to_owned(), |domain| shell_word(&domain));
                let command = format!("csclean -g {days} clean {domain}");
                (vec![CALENDAR_HOST.to_owned()], command, Some(on_a_whole_domain(&rules.disable, days)))
            }
            _ => continue,
        };
        for host in hosts {
            commands.push(Job { when: AFTER_STATUS, host, command: command.clone(), then: then.clone() });
        }
    }
    commands
}

fn purge(context: &Context<'_>, account: &Account) -> Vec<Job> {
    let step = account.decision.step;
    match context.policy.directory.tools {
        ProvisioningTools::DelegatedAdministrator if matches!(step, Step::Delete | Step::Strip) => {
            let days = context.policy.grace.days;
            let command = format!("commadmin domain purge -D ADMIN -n ADMIN_DOMAIN{} -g {days}", domain(account));
            let then = format!("{}. {PASSWORD_IN_A_FILE}", on_a_whole_domain("deleted", days));
            vec![Job { when: LAST, host: ADMIN_HOST.to_owned(), command, then: Some(then) }]
        }
        ProvisioningTools::Csuser if step == Step::Delete => {
            let command = format!("csuser delete {}", uid(account));
            let then = "it deletes the entry and the default calendar; the guides disagree on secondary calendars: \
                        look for them with `cscal list -o UID`";
            vec![Job { when: LAST, host: CALENDAR_HOST.to_owned(), command, then: Some(then.to_owned()) }]
        }
        _ => Vec::new(),
    }
}

/// What a command does that takes a domain and no account.
fn on_a_whole_domain(mark: &str, days: u32) -> String {
    format!(
        "this acts on every account of the domain whose status has been `{mark}` for more than {}, also on those that this plan \
         does not name: look at them first, for example with `offboard search`",
        if days == 1 { "1 day".to_owned() } else { format!("{days} days") }
    )
}

/// `-d DOMAIN`, where the account is in one.
fn domain(account: &Account) -> String {
    domain_of(&account.entry.dn).map(|domain| format!(" -d {}", shell_word(&domain))).unwrap_or_default()
}

fn uid(account: &Account) -> String {
    let uid = account.entry.values("uid").next();
    shell_word(uid.map_or(b"UID".as_slice(), |uid| &uid.bytes))
}

/// The mailbox of an account (Administration Reference 819-4429, mailbox naming conventions).
fn mailbox(account: &Account) -> String {
    let uid = account.entry.values("uid").next().map(|uid| uid.bytes.to_vec()).unwrap_or_default();
    let domain = domain_of(&account.entry.dn);
    let domain = domain.map(|domain| [b"@", domain.as_slice()].concat()).unwrap_or_default();
    shell_word(&[b"user/", uid.as_slice(), &domain, b"/INBOX"].concat())
}

fn mail_hosts(account: &Account) -> Vec<String> {
    let hosts: Vec<String> = account.entry.values("mailHost").map(|host| sanitized(&host.bytes).into_owned()).collect();
    if hosts.is_empty() { vec!["every mail host (the entry has no mailHost)".to_owned()] } else { hosts }
}

/// A word that a shell takes as it is.
fn shell_word(bytes: &[u8]) -> String {
    let text = sanitized(bytes);
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_@/".contains(&byte));
    if plain && !text.starts_with('-') { text.into_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

/// Things outside the directory that accounts which are deleted leave behind.
pub fn hand_off_attributes(context: &Context<'_>) -> Vec<HandOffAttribute> {
    let mut hand_off_attributes = Vec::new();
    for account in context.plan.accounts.iter().filter(|account| account.decision.step == Step::Delete) {
        let leaver = context.plan.leavers[account.leaver].identity.to_string();
        for attribute in &context.policy.hand_off_attributes {
            for value in values_of(&account.entry, attribute) {
                hand_off_attributes.push(HandOffAttribute {
                    leaver: sanitized(leaver.as_bytes()).into_owned(),
                    attribute: attribute.as_str().to_owned(),
                    value: Secrets::of(context.policy).shown_value(attribute.as_str(), value),
                });
            }
        }
    }
    hand_off_attributes
}
