//! Commands to run on other systems, and what deleted accounts leave outside the directory.
//!
//! The commands depend on the provisioning tools of the site ([`ProvisioningTools`]) and on how a service is released
//! ([`ReleasePolicy`]):
//!
//! | account | tools or release | command | where | when |
//! | --- | --- | --- | --- | --- |
//! | to be disabled | delegated-administrator | `commadmin user delete -d DOMAIN -l UID` (`-S mail`, `-S cal` for a service) | the Delegated Administrator host | first |
//! | to be disabled, and `[disable]` sets `icsAllowedServiceAccess` | csuser | `csuser disable UID` | the calendar server | first |
//! | disabled, mail waits | msuserpurge | `msuserpurge -d DOMAIN -g DAYS` | its mailHost | after the stage `status` |
//! | disabled, mail waits | mboxutil | `mboxutil -d user/UID@DOMAIN/INBOX`, then the status by hand | its mailHost | after the stage `status` |
//! | disabled, calendar waits | msuserpurge | `csclean -g DAYS clean DOMAIN` | the calendar server | after the stage `status` |
//! | to be deleted or stripped | delegated-administrator | `commadmin domain purge -d DOMAIN -g DAYS` | the Delegated Administrator host | last |
//! | to be deleted | csuser | `csuser delete UID` | the calendar server | last |
//!
//! Technical note 819-6839; Messaging Server Administration Reference 819-2651; Calendar Server Administration Guide
//! 819-2433. The password options of `commadmin` are left out, because a command line is no place for a password.
//!
//! `[hand_off] attributes` are the attributes that name something outside the directory, such as home folders, message
//! stores and profiles. Their values in deleted accounts are listed.

use std::collections::HashMap;

use super::context::RenderContext;
use super::count::counted;
use super::report::view::{ExternalCommand, HandOffAttribute};
use super::sanitize::sanitized;
use crate::ldap::domain::domain_of;
use crate::lifecycle::state::values_of;
use crate::lifecycle::{ServiceState, Step};
use crate::plan::Account;
use crate::policy::{ProvisioningTools, ReleasePolicy};

/// Before the change files.
const FIRST: &str = "first";
/// After the stage `status`.
const AFTER_STATUS: &str = "after-status";
/// After all change files.
const LAST: &str = "last";

const ADMIN_HOST: &str = "the Delegated Administrator host";
const PASSWORD_IN_A_FILE: &str = "`commadmin` needs a password: write a line `w PASSWORD` to a file of mode 0600 and \
                                  give the file with `-i`; do not use `-w` on the command line";
const CALENDAR_HOST: &str = "the calendar server";

/// The commands that other tools must run for the accounts of a plan.
pub fn external_commands(context: &RenderContext<'_>) -> Vec<ExternalCommand> {
    let mut list = CommandList::default();
    for account in &context.plan.accounts {
        let leaver = context.leaver_name(account);
        list.add(&leaver, to_disable(context, account));
        list.add(&leaver, to_release(context, account));
        list.add(&leaver, to_delete(context, account));
    }
    list.commands
}

/// A command for one account.
struct Job {
    when: &'static str,
    host: String,
    command: String,
    then: Option<String>,
}

#[derive(Default)]
struct CommandList {
    commands: Vec<ExternalCommand>,
    /// The index of a command by when, host and command.
    indices: HashMap<(&'static str, String, String), usize>,
}

impl CommandList {
    /// Adds commands for a leaver. A command that is in the list already is run once, for all its leavers.
    fn add(&mut self, leaver: &str, commands: Vec<Job>) {
        for Job { when, host, command, then } in commands {
            let at = *self.indices.entry((when, host.clone(), command.clone())).or_insert_with(|| {
                self.commands.push(ExternalCommand { when, host, command, then, leavers: Vec::new() });
                self.commands.len() - 1
            });
            self.commands[at].leavers.push(leaver.to_owned());
        }
    }
}

/// Commands that disable an account or a service.
fn to_disable(context: &RenderContext<'_>, account: &Account) -> Vec<Job> {
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

/// Commands that make services release an account that is disabled.
fn to_release(context: &RenderContext<'_>, account: &Account) -> Vec<Job> {
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
                    "for a user of the default domain, leave out `@DOMAIN`. `mboxutil` does not change the directory: when \
                     the mailbox is deleted, set `{}: {}` on the entry; the next plan waits for that value",
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

/// Commands that delete an account or a service.
fn to_delete(context: &RenderContext<'_>, account: &Account) -> Vec<Job> {
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
            let then = "this deletes the entry and the default calendar. The guides disagree on secondary calendars: \
                        look for them with `cscal list -o UID`";
            vec![Job { when: LAST, host: CALENDAR_HOST.to_owned(), command, then: Some(then.to_owned()) }]
        }
        _ => Vec::new(),
    }
}

/// The warning about a command that acts on a whole domain.
fn on_a_whole_domain(status: &str, days: u32) -> String {
    format!(
        "this acts on every account of the domain whose status has been `{status}` for more than {}, not only on those of \
         this plan; list them first, for example with `offboard search`",
        counted(days, "day")
    )
}

/// ` -d DOMAIN`, or nothing if the account is not in a domain.
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

/// A word for a shell, quoted if necessary.
fn shell_word(bytes: &[u8]) -> String {
    let text = sanitized(bytes);
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_@/".contains(&byte));
    if plain && !text.starts_with('-') { text.into_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

/// What deleted accounts leave outside the directory.
pub fn hand_off_attributes(context: &RenderContext<'_>) -> Vec<HandOffAttribute> {
    let mut hand_off_attributes = Vec::new();
    for account in context.plan.accounts.iter().filter(|account| account.decision.step == Step::Delete) {
        for attribute in &context.policy.hand_off_attributes {
            for value in values_of(&account.entry, attribute) {
                hand_off_attributes.push(HandOffAttribute {
                    leaver: context.leaver_name(account),
                    attribute: attribute.as_str().to_owned(),
                    value: context.secrets().shown_value(attribute.as_str(), value),
                });
            }
        }
    }
    hand_off_attributes
}
