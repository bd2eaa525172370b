//! The summary of a plan on standard error: the day, counts, limits, due dates, what a person must decide, and what to do next.

use std::fmt::Display;

use anstyle::{AnsiColor, Style};
use camino::Utf8Path;

use super::explained::Explained;
use super::{Diagnostic, limit_table};
use crate::plan::suggestions::Suggestion;
use crate::render::count::{counted, first_few};
use crate::render::report::view::{DecisionItemView, View};
use crate::render::sanitize::{sanitized, shortened};

/// How many leavers of a due date are named; the report names all.
const NAMED: usize = 5;
/// How many due dates are shown; the report shows all.
const DAYS: usize = 3;
/// How many items are printed under each label; the report contains all.
const LISTED: usize = 10;

const GOOD: Style = AnsiColor::Green.on_default().bold();
const WARN: Style = AnsiColor::Yellow.on_default().bold();
const PLAIN: Style = Style::new().bold();

/// What the summary shows.
pub struct PlanSummary<'s> {
    /// The plan.
    pub view: &'s View,
    /// Leavers without an account, each with a name in the exports that is spelled almost like it.
    pub similar_names: &'s [Suggestion],
    /// The folder of the change set, and the file in it with the commands to run.
    pub written: Option<(&'s Utf8Path, &'static str)>,
    /// Shows every account, and shortens no list.
    pub verbose: bool,
}

impl PlanSummary<'_> {
    /// Prints the summary.
    pub fn print(&self) {
        for line in self.lines() {
            Diagnostic::print_line(&shortened(&line));
        }
    }

    fn lines(&self) -> Vec<String> {
        let view = self.view;
        let outcomes = view.summary.outcomes();
        let outcomes: Vec<String> = outcomes.iter().map(|(count, what)| format!("{count} {what}")).collect();
        let outcomes = if outcomes.is_empty() { String::new() } else { format!(": {}", outcomes.join(", ")) };
        let leavers = styled(PLAIN, counted(view.summary.leavers, "leaver"));
        let mut lines = vec![format!("plan for {}, {leavers}{outcomes}", view.as_of)];

        lines.extend(limit_table::lines(&view.limits));
        for gap in &view.gaps {
            let label = styled(WARN, "not in the exports");
            lines.push(format!("{label}: {} ({}); {}", gap.what, gap.code, gap.advice()));
        }
        for due in view.due.iter().take(self.at_most(DAYS)) {
            let leavers = first_few(&due.leavers, self.at_most(NAMED));
            lines.push(format!("{} {}: {leavers}", styled(PLAIN, "due on"), due.day));
        }
        if self.verbose {
            let others = view.accounts.iter().filter(|account| account.step != "hold");
            lines.extend(others.map(|account| format!("{}: {}: {}", account.step, account.leaver, account.why)));
        }
        self.list(&mut lines, "held", &self.held());
        self.list(&mut lines, "no account", &self.conflicts());
        let items: Vec<Explained> = {
            let of_item =
                |item: &DecisionItemView| Explained::decision_item(item, self.similar_to(&item.value).as_deref());
            view.decision_items.iter().map(of_item).collect()
        };
        self.list(&mut lines, "decision item", &items);

        let checks = styled(GOOD, format!("all {} of the proof passed", counted(view.proof.checks.len(), "check")));
        lines.push(format!("{}; {checks}", counted(view.summary.operations, "record")));
        if let Some((folder, runbook)) = self.written {
            let folder = sanitized(folder.as_str().as_bytes());
            lines.push(format!("{} {folder}: read report.md, then follow {runbook}", styled(PLAIN, "wrote")));
        }
        lines
    }

    fn held(&self) -> Vec<Explained> {
        self.view.accounts.iter().filter(|account| account.step == "hold").map(Explained::account).collect()
    }

    fn conflicts(&self) -> Vec<Explained> {
        let conflicts = self.view.conflicts.iter();
        conflicts.map(|conflict| Explained::conflict(conflict, self.similar_to(&conflict.leaver).as_deref())).collect()
    }

    /// A name in the exports that is spelled almost like one that was not found.
    fn similar_to(&self, name: &str) -> Option<String> {
        let found = self.similar_names.iter().find(|found| sanitized(found.leaver.as_bytes()) == name);
        found.map(|found| sanitized(found.meant.as_bytes()).into_owned())
    }

    /// Adds the first items, and how many more there are.
    fn list(&self, lines: &mut Vec<String>, noun: &str, items: &[Explained]) {
        let shown = items.len().min(self.at_most(LISTED));
        for item in &items[..shown] {
            lines.push(format!("{}  {}", styled(WARN, item.label), item.subject));
            lines.extend(item.details());
        }
        if shown < items.len() {
            let label = styled(WARN, noun);
            lines.push(format!("{label}: {} more; see the report, or use --verbose", items.len() - shown));
        }
    }

    /// The limit of a list: none with `--verbose`.
    fn at_most(&self, limit: usize) -> usize {
        if self.verbose { usize::MAX } else { limit }
    }
}

/// A label in its style.
fn styled(style: Style, text: impl Display) -> String {
    format!("{style}{text}{style:#}")
}
