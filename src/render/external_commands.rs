//! Commands to run on other systems, and what deleted accounts leave outside the directory.
//!
//! Which commands an account needs, and with which words: [`commands`](crate::plan::commands).
//!
//! | command | written as | where | when |
//! | --- | --- | --- | --- |
//! | `DeleteUser` | `commadmin user delete -d DOMAIN -l UID` (`-S mail`, `-S cal` for a service) | the Delegated Administrator host | first |
//! | `DisableCalendarUser` | `csuser disable UID` | the calendar server | first |
//! | `PurgeMail` | `msuserpurge -d DOMAIN -g DAYS` | each mailHost | after the stage `status` |
//! | `DeleteMailbox` | `mboxutil -d user/UID@DOMAIN/INBOX`, then the status by hand | each mailHost | after the stage `status` |
//! | `CleanCalendars` | `csclean -g DAYS clean DOMAIN` | the calendar server | after the stage `status` |
//! | `PurgeDomain` | `commadmin domain purge -d DOMAIN -g DAYS` | the Delegated Administrator host | last |
//! | `DeleteCalendarUser` | `csuser delete UID` | the calendar server | last |
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
use crate::lifecycle::Step;
use crate::lifecycle::state::values_of;
use crate::plan::commands::{Command, Word, commands};
use crate::policy::Policy;

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
        // An account without a command that it needs is held by now, and needs none.
        let commands = commands(account, context.policy).unwrap_or_default();
        list.add(&leaver, commands.iter().flat_map(|command| jobs(command, context.policy)));
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
    fn add(&mut self, leaver: &str, commands: impl Iterator<Item = Job>) {
        for Job { when, host, command, then } in commands {
            let at = *self.indices.entry((when, host.clone(), command.clone())).or_insert_with(|| {
                self.commands.push(ExternalCommand { when, host, command, then, leavers: Vec::new() });
                self.commands.len() - 1
            });
            self.commands[at].leavers.push(leaver.to_owned());
        }
    }
}

/// A command, once for each host that it runs on.
fn jobs(command: &Command<'_>, policy: &Policy) -> Vec<Job> {
    let on = |when, host: &str, command, then| vec![Job { when, host: host.to_owned(), command, then }];
    match command {
        Command::DeleteUser { uid, domain, service } => {
            let service = match *service {
                Some("mail") => " -S mail",
                Some("calendar") => " -S cal",
                _ => "",
            };
            let (domain, uid) = (domain_option(domain.as_ref()), shell_word(uid));
            let command = format!("commadmin user delete -D ADMIN -n ADMIN_DOMAIN{domain} -l {uid}{service}");
            on(FIRST, ADMIN_HOST, command, Some(PASSWORD_IN_A_FILE.to_owned()))
        }
        Command::DisableCalendarUser { uid } => {
            on(FIRST, CALENDAR_HOST, format!("csuser disable {}", shell_word(uid)), None)
        }
        Command::PurgeMail { domain, hosts, service } => {
            let days = policy.grace.of_service("mail");
            let command = format!("msuserpurge{} -g {days}", domain_option(domain.as_ref()));
            on_mail_hosts(hosts, &command, &on_a_whole_domain(&service.disable, days))
        }
        Command::DeleteMailbox { uid, domain, hosts, service } => {
            let then = format!(
                "for a user of the default domain, leave out `@DOMAIN`. `mboxutil` does not change the directory: when \
                 the mailbox is deleted, set `{}: {}` on the entry; the next plan waits for that value",
                service.status, service.released
            );
            on_mail_hosts(hosts, &format!("mboxutil -d {}", mailbox(uid, domain.as_ref())), &then)
        }
        Command::CleanCalendars { domain, service } => {
            let days = policy.grace.of_service("calendar");
            let command = format!("csclean -g {days} clean {}", shell_word(domain));
            on(AFTER_STATUS, CALENDAR_HOST, command, Some(on_a_whole_domain(&service.disable, days)))
        }
        Command::PurgeDomain { domain } => {
            let days = policy.grace.days;
            let domain = domain_option(domain.as_ref());
            let command = format!("commadmin domain purge -D ADMIN -n ADMIN_DOMAIN{domain} -g {days}");
            let then = format!("{}. {PASSWORD_IN_A_FILE}", on_a_whole_domain("deleted", days));
            on(LAST, ADMIN_HOST, command, Some(then))
        }
        Command::DeleteCalendarUser { uid } => {
            let then = "this deletes the entry and the default calendar. The guides disagree on secondary calendars: \
                        look for them with `cscal list -o UID`";
            on(LAST, CALENDAR_HOST, format!("csuser delete {}", shell_word(uid)), Some(then.to_owned()))
        }
    }
}

/// A command that runs on the mail hosts of an account.
fn on_mail_hosts(hosts: &[Word], command: &str, then: &str) -> Vec<Job> {
    let job = |host| Job { when: AFTER_STATUS, host, command: command.to_owned(), then: Some(then.to_owned()) };
    if hosts.is_empty() {
        return vec![job("every mail host (the entry has no mailHost)".to_owned())];
    }
    hosts.iter().map(|host| job(sanitized(host.as_str().as_bytes()).into_owned())).collect()
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
fn domain_option(domain: Option<&Word>) -> String {
    domain.map(|domain| format!(" -d {}", shell_word(domain))).unwrap_or_default()
}

/// The mailbox of an account (Administration Reference 819-4429, mailbox naming conventions).
fn mailbox(uid: &Word, domain: Option<&Word>) -> String {
    let domain = domain.map(|domain| format!("@{}", domain.as_str())).unwrap_or_default();
    quoted(&format!("user/{}{domain}/INBOX", uid.as_str()))
}

/// A word for a shell, quoted if necessary.
fn shell_word(word: &Word) -> String {
    quoted(word.as_str())
}

fn quoted(text: &str) -> String {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_@/".contains(&byte));
    if is_plain { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
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
