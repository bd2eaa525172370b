//! `offboard explain`: what the plan does with one account, and why.
//!
//! An account that is not a leaver is planned as if it were one.

use std::fmt::Write as _;
use std::io::Write as _;

use serde::Serialize;

use super::args::{self, Global};
use super::explained::Explained;
use super::faults;
use super::plan_inputs::{self, PlanInputs};
use super::progress::Progress;
use super::proven_plan::{PlanSources, ProvenPlan};
use super::url_values::UrlValues;
use super::{Diagnostic, Exit, Outcome, check_stdout};
use crate::leavers::{Identity, Leaver, RequestedBy};
use crate::plan::ConflictKind;
use crate::render::report::view::{
    self, AcceptedView, AccountView, Attachments, ConflictView, DecisionItemView, GapView, NotJudged, OperationView,
};
use crate::render::sanitize::{sanitized, shortened};

/// What is known about one account. The fields are those of plan.json.
#[derive(Serialize)]
struct Explanation {
    format_version: &'static str,
    as_of: String,
    /// The account is not a leaver; this is the plan as if it were one.
    as_if_named: bool,
    account: Option<AccountView>,
    conflict: Option<ConflictView>,
    /// The condition of the `[[rule]]` that applies.
    rule: Option<String>,
    decision_items: Vec<DecisionItemView>,
    operations: Vec<OperationView>,
    gaps: Vec<GapView>,
    accepted: Vec<AcceptedView>,
    not_judged: Vec<NotJudged>,
}

pub fn run(command: &args::Explain, global: &Global) -> Outcome {
    if command.id.trim().is_empty() {
        return Err(vec![Diagnostic::error("ID is empty").help("give a uid, uid@domain, mail address or DN")]);
    }
    let PlanInputs { policy, mut request, day, .. } = plan_inputs::read(&command.inputs, global)?;
    let url_values = UrlValues::open(global)?;
    let exports = faults::open_exports(&command.exports, global)?;
    request.written = exports.modified();
    let progress = Progress::start(&exports, global);
    // The last leaver: if a list or a roster names the account as well, that one counts.
    let asked = request.leavers.len();
    let leaver = Leaver::new(Identity::from_text(&command.id), 0);
    request.leavers.push(Leaver { requested_by: RequestedBy::Explanation, ..leaver });
    let sources = PlanSources {
        exports: &exports,
        names: &command.exports,
        urls: url_values.policy(),
        policy: &policy,
        day,
        ticket: None,
    };
    let ProvenPlan { plan: planned, proof, .. } = sources.prove(None, &request)?;
    let context = sources.context(&planned, &request);
    let same_as =
        planned.conflicts.iter().find(|conflict| conflict.leaver == asked).and_then(|conflict| match conflict.kind {
            ConflictKind::SameAs(other) => Some(other),
            _ => None,
        });
    let leaver = same_as.unwrap_or(asked);
    let index = planned.accounts.iter().position(|account| account.leaver == leaver);
    let view = view::view(&context, &proof, Attachments::default());
    let about = |account: Option<usize>| account.is_some() && account == index;
    let items = view.decision_items.iter().zip(&planned.decision_items).filter(|(_, item)| about(item.account));
    let operations = view.operations.iter().zip(&planned.operations);
    let operations = operations.filter(|(_, operation)| operation.accounts.iter().any(|account| about(Some(*account))));
    let rule = index.and_then(|index| planned.accounts[index].decision.rule);
    let conflict = planned.conflicts.iter().position(|conflict| conflict.leaver == asked && same_as.is_none());
    let explanation = Explanation {
        format_version: view::FORMAT_VERSION,
        as_of: view.as_of.clone(),
        as_if_named: same_as.is_none(),
        account: index.map(|index| view.accounts[index].clone()),
        conflict: conflict.map(|index| view.conflicts[index].clone()),
        rule: rule.map(|rule| sanitized(policy.rules[rule].condition().as_bytes()).into_owned()),
        decision_items: items.map(|(view, _)| view.clone()).collect(),
        operations: operations.map(|(view, _)| view.clone()).collect(),
        gaps: view.gaps.clone(),
        accepted: view.accepted.clone(),
        not_judged: view.exports.not_judged.clone(),
    };
    let text = if command.json {
        serde_json::to_string_pretty(&explanation).map_err(|error| vec![Diagnostic::error(error.to_string())])? + "\n"
    } else {
        render_text(&explanation)
    };
    drop(progress);
    check_stdout(std::io::stdout().lock().write_all(text.as_bytes()))?;
    let is_held = explanation.account.as_ref().is_none_or(|account| account.step == "hold");
    let has_findings = is_held || !explanation.decision_items.is_empty() || !explanation.gaps.is_empty();
    Ok(if has_findings { Exit::Findings } else { Exit::Done })
}

/// The explanation as text. Everything in it is sanitized already.
fn render_text(explanation: &Explanation) -> String {
    let mut out = String::new();
    render_exports(&mut out, explanation);
    if let Some(conflict) = &explanation.conflict {
        render_explained(&mut out, &Explained::conflict(conflict, None));
    }
    render_line(&mut out, "day", &explanation.as_of);
    let Some(account) = &explanation.account else { return out };
    render_account(&mut out, account, explanation);
    for item in &explanation.decision_items {
        out.push('\n');
        render_explained(&mut out, &Explained::decision_item(item, None));
    }
    if explanation.operations.is_empty() {
        render_line(&mut out, "changes", "none");
    }
    for operation in &explanation.operations {
        let _ = writeln!(out, "\n{}: {} {} ({})", operation.stage, operation.kind, operation.dn, operation.evidence);
        for text in operation.diff.iter().flat_map(|diff| diff.lines()) {
            let _ = writeln!(out, "    {text}");
        }
    }
    out
}

/// What the exports lack, and what in them could not be judged.
fn render_exports(out: &mut String, explanation: &Explanation) {
    for gap in &explanation.gaps {
        let _ = writeln!(out, "not in the exports: {} ({}); {}", gap.what, gap.code, gap.advice());
    }
    for lack in &explanation.accepted {
        let _ = writeln!(out, "accepted: {} ({})", lack.what, lack.code);
    }
    for kind in &explanation.not_judged {
        let _ = writeln!(out, "not judged: {}: {}", kind.what, kind.count);
        for place in &kind.places {
            let _ = writeln!(out, "    {place}");
        }
    }
}

fn render_explained(out: &mut String, item: &Explained) {
    let _ = writeln!(out, "{}  {}", item.label, shortened(&item.subject));
    for detail in item.details() {
        let _ = writeln!(out, "{}", shortened(&detail));
    }
}

/// A fact in two columns.
fn render_line(out: &mut String, name: &str, text: &str) {
    let _ = writeln!(out, "{name:<14} {}", shortened(text));
}

fn render_account(out: &mut String, account: &AccountView, explanation: &Explanation) {
    let mut line = |name: &str, text: &str| render_line(out, name, text);
    line("account", &format!("{} ({})", account.dn, account.evidence));
    line("asked for", &asked_for(account, explanation.as_if_named));
    line("state", account.state);
    for service in &account.services {
        let status = service.status.as_ref().map(|status| format!(" ({status})")).unwrap_or_default();
        line("service", &format!("{}: {}{status}", service.name, service.state));
    }
    for effective in &account.effective {
        let because = effective.because.as_ref().map(|because| format!(", because of {because}")).unwrap_or_default();
        let after = &effective.after;
        line("effective", &format!("{}: {}{because}; after the plan {after}", effective.service, effective.before));
    }
    if let (Some(number), Some(condition)) = (account.rule, &explanation.rule) {
        line("rule", &format!("[[rule]] {number}: {condition}"));
    }
    if let Some(since) = &account.disabled_since {
        let place = since.evidence.as_ref().map(|place| format!(", {place}")).unwrap_or_default();
        line("disabled since", &format!("{} ({}{place})", since.day, since.source));
    }
    line("decision", &format!("{} ({})", account.step, account.reason));
    for detail in Explained::account(account).details() {
        let _ = writeln!(out, "{}", shortened(&detail));
    }
    let mut line = |name: &str, text: &str| render_line(out, name, text);
    if let Some(due) = &account.due {
        line("due", due);
    }
    if let Some(successor) = &account.successor {
        line("successor", successor);
    }
    for child in &account.children {
        let fate = match (child.deleted, child.kind) {
            (true, _) => "deleted with it",
            (false, "other") => "does not match [children] own",
            (false, kind) => kind,
        };
        line("below it", &format!("{} ({}), {fate} ({})", child.dn, child.classes.join(", "), child.evidence));
    }
    for lint in &account.lints {
        line("lint", &format!("{}: {} ({})", lint.code, lint.what, lint.evidence));
    }
}

/// What was asked for, and by whom.
fn asked_for(account: &AccountView, as_if_named: bool) -> String {
    let action = account.action;
    match (&account.roster, account.leaver_line) {
        (Some(roster), 0) => format!("{action}, because the roster {roster} does not list it"),
        (Some(roster), line) => format!("{action}, by line {line} of the roster {roster}"),
        (None, _) if as_if_named => format!("{action}, as if it were a leaver"),
        (None, line) => format!("{action}, by {} (line {line} of the leaver list)", account.leaver),
    }
}
