//! `offboard explain`: how the plan treats one account, and why.
//!
//! The account need not be on a list: then it is planned as if it had been named.

use std::fmt::Write as _;
use std::io::Write as _;

use serde::Serialize;

use super::args::{self, Global};
use super::grounds::{self, Grounds};
use super::progress::Progress;
use super::proven::{Basis, Proven};
use super::{Diagnostic, Exit, Outcome, written};
use crate::io::exports::ExportFiles;
use crate::io::url_folder::UrlFolder;
use crate::ldif::UrlPolicy;
use crate::leavers::{Identity, Leaver};
use crate::render::report::view::{
    self, AcceptedView, AccountView, ConflictView, DecisionItemView, GapView, NotJudged, OperationView,
};
use crate::render::sanitize::{sanitized, shortened};

/// What is said of one account.
#[derive(Serialize)]
struct Explanation {
    format_version: &'static str,
    as_of: String,
    /// Nobody asked: it is planned as if somebody had.
    as_if_named: bool,
    account: Option<AccountView>,
    conflict: Option<ConflictView>,
    rule: Option<String>,
    decision_items: Vec<DecisionItemView>,
    operations: Vec<OperationView>,
    /// What the exports lack, so that it is not known to this explanation.
    gaps: Vec<GapView>,
    /// What the exports lack, and this run accepts.
    accepted: Vec<AcceptedView>,
    /// What of the exports could not be judged.
    not_judged: Vec<NotJudged>,
}

/// Runs it.
pub fn run(command: &args::Explain, global: &Global) -> Outcome {
    if command.id.trim().is_empty() {
        return Err(vec![Diagnostic::trouble("the identity is empty: name a uid, uid@domain, mail address or DN")]);
    }
    let Grounds { policy, mut request, .. } = grounds::read(&command.grounds, global)?;
    let folder: Option<UrlFolder> = super::json::url_folder(global)?;
    let exports =
        ExportFiles::open(&command.exports, &global.reading()).map_err(|error| vec![grounds::export_fault(&error)])?;
    request.written = exports.modified();
    let progress = Progress::of(&exports, global);
    let resolve = |url: &[u8]| {
        folder.as_ref().map_or_else(|| Err("no folder is allowed".to_owned()), |folder| folder.resolve(url))
    };
    let urls = if folder.is_some() { UrlPolicy::Resolve(&resolve) } else { UrlPolicy::Refuse };
    // Named last: where a list or a roster has it already, that is what counts.
    let asked = request.leavers.len();
    request.leavers.push(Leaver::new(Identity::from_text(&command.id), 0));
    let basis = Basis { exports: &exports, names: &command.exports, urls, policy: &policy, ticket: None };
    let Proven { plan: planned, proof, .. } = basis.proven(None, &request)?;
    let context = basis.context(&planned, &request);
    let same_as =
        planned.conflicts.iter().find(|conflict| conflict.leaver == asked).and_then(|conflict| match conflict.kind {
            crate::plan::ConflictKind::SameAs(other) => Some(other),
            _ => None,
        });
    let leaver = same_as.unwrap_or(asked);
    let index = planned.accounts.iter().position(|account| account.leaver == leaver);
    let view = view::view(&context, &proof, Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let about = |account: Option<usize>| account.is_some() && account == index;
    let reviews = view.decision_items.iter().zip(&planned.decision_items).filter(|(_, review)| about(review.account));
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
        decision_items: reviews.map(|(view, _)| view.clone()).collect(),
        operations: operations.map(|(view, _)| view.clone()).collect(),
        gaps: view.gaps.clone(),
        accepted: view.accepted.clone(),
        not_judged: view.exports.not_judged.clone(),
    };
    let text = if command.json {
        serde_json::to_string_pretty(&explanation)
            .map_err(|error| vec![Diagnostic::trouble(format!("cannot be written: {error}"))])?
            + "\n"
    } else {
        told(&explanation)
    };
    drop(progress);
    written(std::io::stdout().lock().write_all(text.as_bytes()))?;
    let is_held = explanation.account.as_ref().is_none_or(|account| account.step == "hold");
    let finds = is_held || !explanation.decision_items.is_empty() || !explanation.gaps.is_empty();
    Ok(if finds { Exit::Findings } else { Exit::Done })
}

/// The explanation as text. Everything in it is fit to be shown already.
fn told(explanation: &Explanation) -> String {
    let mut out = String::new();
    for gap in &explanation.gaps {
        let _ = writeln!(out, "not shown: {} ({}); {}", gap.what, gap.code, gap.advice());
    }
    if let Some(conflict) = &explanation.conflict {
        let _ = writeln!(out, "{}: {}", shortened(&conflict.leaver), shortened(&conflict.why));
        for candidate in &conflict.candidates {
            let _ = writeln!(out, "    {}", shortened(candidate));
        }
    }
    for lack in &explanation.accepted {
        let _ = writeln!(out, "accepted   {} ({})", lack.what, lack.code);
    }
    for kind in &explanation.not_judged {
        let _ = writeln!(out, "not judged {}: {}", kind.what, kind.count);
        for place in &kind.places {
            let _ = writeln!(out, "    {place}");
        }
    }
    let Some(account) = &explanation.account else { return out };
    let mut line = |name: &str, text: &str| {
        let _ = writeln!(out, "{name:<10} {}", shortened(text));
    };
    line("account", &format!("{} ({})", account.dn, account.evidence));
    let asked = match (&account.roster, explanation.as_if_named) {
        (Some(roster), _) if account.leaver_line == 0 => {
            format!("{}, by the roster {roster}, which does not list it", account.action)
        }
        (Some(roster), _) => format!("{}, by the roster {roster}, line {}", account.action, account.leaver_line),
        (None, true) => format!("{}, as if it were named", account.action),
        (None, false) => format!("{}, by {} (line {})", account.action, account.leaver, account.leaver_line),
    };
    line("asked for", &asked);
    line("state", account.state);
    for service in &account.services {
        let status = service.status.as_ref().map(|status| format!(" ({status})")).unwrap_or_default();
        line("service", &format!("{}: {}{status}", service.name, service.state));
    }
    for effective in &account.effective {
        let because = effective.because.as_ref().map(|because| format!(", because of {because}")).unwrap_or_default();
        line(
            "effective",
            &format!("{}: {}{because}; afterwards {}", effective.service, effective.before, effective.after),
        );
    }
    if let (Some(number), Some(condition)) = (account.rule, &explanation.rule) {
        line("rule", &format!("[[rule]] {number}: {condition}"));
    }
    if let Some(mark) = &account.disabled_since {
        let place = mark.evidence.as_ref().map(|place| format!(", {place}")).unwrap_or_default();
        line("disabled", &format!("{} ({}{place})", mark.day, mark.source));
    }
    line("decision", &format!("{} ({}): {}", account.step, account.reason, account.why));
    line("otherwise", account.to_change);
    if let Some(due) = &account.due {
        line("due", due);
    }
    if let Some(successor) = &account.successor {
        line("successor", successor);
    }
    for child in &account.children {
        let fate = match (child.deleted, child.kind) {
            (true, _) => "deleted with it",
            (false, "other") => "not its own by [children]",
            (false, kind) => kind,
        };
        line("below it", &format!("{} ({}), {fate} ({})", child.dn, child.classes.join(", "), child.evidence));
    }
    for lint in &account.lints {
        line("lint", &format!("{}: {} ({})", lint.code, lint.what, lint.evidence));
    }
    for review in &explanation.decision_items {
        let what =
            format!("{} of {} is {}: {} ({})", review.attribute, review.dn, review.value, review.what, review.evidence);
        line("to decide", &what);
    }
    if explanation.operations.is_empty() {
        line("changes", "none");
    }
    for operation in &explanation.operations {
        let _ = writeln!(out, "\n{}: {} {} ({})", operation.stage, operation.kind, operation.dn, operation.evidence);
        for text in operation.diff.iter().flat_map(|diff| diff.lines()) {
            let _ = writeln!(out, "    {text}");
        }
    }
    out
}
