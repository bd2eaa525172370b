//! RUNBOOK.md: the commands to run, in order, with the result codes to expect.

use minijinja::{Error, value::Serde};
use serde::Serialize;

use super::change_file::Context;
use super::report::markdown;
use super::report::view::HandOff;
use super::sanitize::shown;
use crate::ldap::Change;
use crate::lifecycle::{ServiceState, Step};
use crate::plan::address_books::domain_of;
use crate::plan::{Account, Stage};
use crate::proof::Files;

#[derive(Serialize)]
struct Runbook<'r> {
    ticket: Option<&'r str>,
    apply: Vec<ApplyFile>,
    rollback: Vec<RollbackFile<'r>>,
    hand_offs: &'r [HandOff],
    has_status: bool,
}

#[derive(Serialize)]
struct ApplyFile {
    name: String,
    stage: &'static str,
    records: usize,
    modifies: bool,
    deletes: bool,
    asserts: bool,
    dns: Option<String>,
}

#[derive(Serialize)]
struct RollbackFile<'r> {
    name: &'r str,
}

/// Renders RUNBOOK.md.
pub fn render(
    context: &Context<'_>,
    files: &Files,
    dn_lists: &[(String, Vec<u8>)],
    hand_offs: &[HandOff],
) -> Result<String, Error> {
    let stages = Stage::ALL.into_iter().filter(|stage| context.plan.stage(*stage).next().is_some());
    let apply = stages.map(|stage| {
        let any = |test: &dyn Fn(&crate::plan::Operation) -> bool| context.plan.stage(stage).any(test);
        let dns = stage.apply_file().replace(".ldif", ".dns");
        ApplyFile {
            name: stage.apply_file(),
            stage: stage.name(),
            records: context.plan.stage(stage).count(),
            modifies: any(&|operation| matches!(operation.record.change, Change::Modify(_))),
            deletes: any(&|operation| matches!(operation.record.change, Change::Delete)),
            asserts: any(&|operation| !operation.record.controls.is_empty()),
            dns: dn_lists.iter().any(|(name, _)| *name == dns).then_some(dns),
        }
    });
    let apply: Vec<ApplyFile> = apply.collect();
    let runbook = Runbook {
        ticket: context.ticket,
        has_status: apply.iter().any(|file| file.stage == Stage::Status.name()),
        apply,
        rollback: files.rollback.iter().map(|(name, _)| RollbackFile { name }).collect(),
        hand_offs,
    };
    markdown::environment()?.get_template("runbook.md.j2")?.render(Serde(runbook))
}

/// What other systems must do for accounts that are marked, or that this plan marks.
///
/// | service | command (Messaging and Calendar Server administration guides) | where |
/// | --- | --- | --- |
/// | mail | `msuserpurge -d DOMAIN -g DAYS` | on the mailHost of the account |
/// | calendar | `csclean -g DAYS clean DOMAIN` | on the calendar server |
pub fn hand_offs(context: &Context<'_>) -> Vec<HandOff> {
    let grace = &context.policy.grace;
    let mut hand_offs: Vec<HandOff> = Vec::new();
    for account in &context.plan.accounts {
        if !matches!(account.decision.step, Step::Mark | Step::Wait) {
            continue;
        }
        let Some(domain) = domain_of(&account.entry.dn) else { continue };
        let domain = shell_word(&domain);
        let leaver = context.request.leavers[account.leaver].identity.to_string();
        for service in account.decision.services.iter().filter(|service| service.state == ServiceState::Waiting) {
            let (hosts, command) = match service.name.as_str() {
                "mail" => (mail_hosts(account), format!("msuserpurge -d {domain} -g {}", grace.mail)),
                "calendar" => {
                    (vec!["the calendar server".to_owned()], format!("csclean -g {} clean {domain}", grace.calendar))
                }
                _ => continue,
            };
            for host in hosts {
                let leaver = shown(leaver.as_bytes()).into_owned();
                match hand_offs.iter_mut().find(|known| known.host == host && known.command == command) {
                    Some(known) => known.leavers.push(leaver),
                    None => hand_offs.push(HandOff { host, command: command.clone(), leavers: vec![leaver] }),
                }
            }
        }
    }
    hand_offs
}

fn mail_hosts(account: &Account) -> Vec<String> {
    let hosts: Vec<String> = account.entry.values("mailHost").map(|host| shown(&host.bytes).into_owned()).collect();
    if hosts.is_empty() { vec!["every mail host (the entry has no mailHost)".to_owned()] } else { hosts }
}

/// A word that a shell takes as it is.
fn shell_word(bytes: &[u8]) -> String {
    let text = shown(bytes);
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
    if plain && !text.starts_with('-') { text.into_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}
