//! What a plan amounts to, in a few lines on standard error: what, how many, limits, what a person must decide, what next.

use std::fmt::Display;
use std::io::Write as _;

use anstyle::{AnsiColor, Style};
use camino::Utf8Path;

use crate::render::report::view::View;
use crate::render::sanitize::{sanitized, shortened};

/// How many names stand in a line, and lines under one label; the report has all.
const NAMED: usize = 5;
const LISTED: usize = 10;

const GOOD: Style = AnsiColor::Green.on_default().bold();
const WARN: Style = AnsiColor::Yellow.on_default().bold();
const PLAIN: Style = Style::new().bold();

/// Prints it; with `verbose` it cuts nothing short. `written` is the folder, and the file in it that has the commands.
/// `meant` has names that nobody has, and the nearest that somebody has.
pub fn print(view: &View, meant: &[(String, String)], written: Option<(&Utf8Path, &str)>, verbose: bool) {
    let mut out = anstream::stderr().lock();
    for line in lines(view, meant, written, verbose).iter().flat_map(|lines| lines.split('\n')) {
        // Nobody to tell if standard error is gone.
        let _ = writeln!(out, "{}", shortened(line));
    }
}

/// A label in its style.
fn styled(style: Style, text: impl Display) -> String {
    format!("{style}{text}{style:#}")
}

/// At most so many, and how many more there are.
fn few<T>(all: &[T], most: usize, verbose: bool) -> (&[T], usize) {
    let shown = if verbose { all.len() } else { all.len().min(most) };
    (&all[..shown], all.len() - shown)
}

fn lines(view: &View, meant: &[(String, String)], written: Option<(&Utf8Path, &str)>, verbose: bool) -> Vec<String> {
    let numbers = &view.summary;
    let counts = [
        (numbers.disabled, "disabled"),
        (numbers.stamped, "stamped"),
        (numbers.services_disabled, "with a service disabled"),
        (numbers.stripped, "stripped of a service"),
        (numbers.restored, "restored"),
        (numbers.disconnected, "disconnected"),
        (numbers.moved, "moved"),
        (numbers.deleted, "deleted"),
        (numbers.children, "deleted below them"),
        (numbers.waiting, "waiting"),
        (numbers.unchanged, "unchanged"),
        (numbers.held, "held"),
        (numbers.conflicts, "without account"),
    ];
    let counts: Vec<String> =
        counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    let counted = if counts.is_empty() { String::new() } else { format!(": {}", counts.join(", ")) };
    let mut lines = vec![format!("{}{counted}", styled(PLAIN, counted_as(numbers.leavers, "leaver")))];

    let used = view.limits.iter().filter(|row| row.entry.is_none() && row.affected > 0);
    let used: Vec<String> = used
        .map(|row| {
            let limit = if row.limit.is_empty() { "no limit".to_owned() } else { format!("limit {}", row.limit) };
            format!("{} {} of {} ({limit})", row.kind, row.affected, row.of)
        })
        .collect();
    if !used.is_empty() {
        lines.push(format!("{}: {}", styled(PLAIN, "limits"), used.join(", ")));
    }
    for gap in &view.gaps {
        lines.push(format!("{}: {} ({}); {}", styled(WARN, "not shown"), gap.what, gap.code, gap.advice()));
    }
    for due in view.due.iter().take(3) {
        let (named, more) = few(&due.leavers, NAMED, verbose);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        lines.push(format!("{} {}: {}{more}", styled(PLAIN, "due on"), due.day, named.join(", ")));
    }
    if verbose {
        let others = view.accounts.iter().filter(|account| account.step != "hold");
        lines.extend(others.map(|account| format!("{}: {}: {}", account.step, account.leaver, account.why)));
    }
    let held = view.accounts.iter().filter(|account| account.step == "hold");
    let held = held.map(|account| format!("{}: {}; otherwise with {}", account.leaver, account.why, account.to_change));
    let held: Vec<String> = held.collect();
    list(&mut lines, "held", &held, verbose);
    let conflict = |conflict: &crate::render::report::view::ConflictView| {
        let candidates = conflict.candidates.iter().map(|candidate| format!("\n    {candidate}"));
        let near = meant.iter().find(|(name, _)| sanitized(name.as_bytes()) == conflict.leaver);
        let near =
            near.map(|(_, near)| format!("; did you mean `{}`?", sanitized(near.as_bytes()))).unwrap_or_default();
        format!("{}: {}{near}{}", conflict.leaver, conflict.why, candidates.collect::<String>())
    };
    let conflicts: Vec<String> = view.conflicts.iter().map(conflict).collect();
    list(&mut lines, "no account", &conflicts, verbose);
    let review = |review: &crate::render::report::view::DecisionItemView| {
        let place = if review.evidence.is_empty() { String::new() } else { format!(" ({})", review.evidence) };
        let of = if review.dn.is_empty() { String::new() } else { format!(" of {}{place}", review.dn) };
        format!("{}: {}{of} is {}", review.code, review.attribute, review.value)
    };
    let reviews: Vec<String> = view.decision_items.iter().map(review).collect();
    list(&mut lines, "to decide", &reviews, verbose);

    let checks = format!("all {} checks of the proof hold", view.proof.checks.len());
    lines.push(format!("{}; {}", counted_as(numbers.operations, "record"), styled(GOOD, checks)));
    if let Some((folder, runbook)) = written {
        lines.push(format!("{}: {folder}; read report.md, then follow {runbook}", styled(PLAIN, "written")));
    }
    lines
}

fn counted_as(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// What waits for a person, under its label.
fn list(lines: &mut Vec<String>, label: &str, all: &[String], verbose: bool) {
    let (named, more) = few(all, LISTED, verbose);
    lines.extend(named.iter().map(|what| format!("{}: {what}", styled(WARN, label))));
    if more > 0 {
        lines.push(format!("{}: {more} more; the report has them all, and --verbose", styled(WARN, label)));
    }
}
