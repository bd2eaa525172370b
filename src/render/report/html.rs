//! report.html, from its template: one file that needs nothing else, no network and no script.
//!
//! It shows the [`View`] as report.md does. What is added here is made for the eye: what belongs to which account, and
//! how long bars are.
//!
//! Three things stand between a value and the browser: the view holds text that is fit to be shown; whatever the
//! template writes goes through [`shown`] again and is escaped as HTML; and the Content-Security-Policy lets nothing
//! run or load but the one style and the one script of this file, which it names by their hashes
//! (CSP Level 3, section 2.3.1). No address and no style is ever made of a value.

use std::collections::HashMap;
use std::fmt;

use data_encoding::BASE64;
use jiff::civil::Date;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, Error, Output, State, UndefinedBehavior, Value, escape_formatter};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::view::View;
use super::words::{self, Line};
use crate::plan::Stage;
use crate::render::sanitize::sanitized;

const STYLE: &str = include_str!("../../../templates/report.css");
const SCRIPT: &str = include_str!("../../../templates/report.js");

/// Renders report.html.
pub fn render(view: &View) -> Result<String, Error> {
    environment()?.get_template("report.html.j2")?.render(Serde(Page::of(view)))
}

fn environment() -> Result<Environment<'static>, Error> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).build()?);
    environment.set_formatter(written);
    environment.add_filter("thousands", thousands);
    environment.add_template("report.html.j2", include_str!("../../../templates/report.html.j2"))?;
    Ok(environment)
}

/// Whatever the template writes: text that is not a part of it is made fit to be shown, and escaped.
fn written(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    match value.as_str() {
        Some(text) if !value.is_safe() => Ok(escape(out, &sanitized(text.as_bytes()))?),
        _ => escape_formatter(out, state, value),
    }
}

/// The five characters that begin or end something in text and in quoted attributes (HTML, section 13.1.2); report.js
/// knows them too. The escapes of `minijinja` write every `/` in six bytes, and names and places are full of them.
fn escape(out: &mut impl fmt::Write, text: &str) -> fmt::Result {
    let mut from = 0;
    for (at, byte) in text.bytes().enumerate() {
        let entity = match byte {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            b'\'' => "&#39;",
            _ => continue,
        };
        out.write_str(&text[from..at])?;
        out.write_str(entity)?;
        from = at + 1;
    }
    out.write_str(&text[from..])
}

/// A unified diff as HTML. Made here and not by the template, which took several steps for each word.
fn before_and_after(diff: &str) -> String {
    let lines = words::lines(diff);
    if lines.is_empty() {
        return String::new();
    }
    let mut out = String::from("<pre>");
    for (at, line) in lines.iter().enumerate() {
        let is_same = |other: Option<&Line<'_>>| other.is_some_and(|other| other.kind == line.kind);
        let begins = !is_same(at.checked_sub(1).and_then(|before| lines.get(before)));
        let ends = !is_same(lines.get(at + 1));
        let (begin, sign, end) = match line.kind {
            "goes" => (if begins { "<del>" } else { "" }, "-", if ends { "</del>" } else { "" }),
            "comes" => (if begins { "<ins>" } else { "" }, "+", if ends { "</ins>" } else { "" }),
            "place" | "remark" => ("<span class=\"hunk\">", "", "</span>"),
            _ => ("", " ", ""),
        };
        out.extend([begin, sign]);
        for part in &line.parts {
            let (begin, end) = if part.differs { ("<mark>", "</mark>") } else { ("", "") };
            out.push_str(begin);
            // Into a `String`, which takes whatever comes.
            let _ = escape(&mut out, &sanitized(part.text.as_bytes()));
            out.push_str(end);
        }
        out.extend([end, "\n"]);
    }
    out.push_str("</pre>\n");
    out
}

/// A number with commas.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// What a Content-Security-Policy names an inline style or script by.
fn hash(text: &str) -> String {
    format!("sha256-{}", BASE64.encode(&Sha256::digest(text)))
}

/// A length, of all that there is.
fn share(part: u64, whole: u64) -> String {
    let tenths = part.saturating_mul(1000) / whole.max(1);
    format!("{}.{}%", tenths / 10, tenths % 10)
}

/// The view with what only this report shows.
#[derive(Serialize)]
struct Page<'v> {
    #[serde(flatten)]
    view: &'v View,
    style: &'static str,
    script: &'static str,
    style_hash: String,
    script_hash: String,
    /// The stages that have operations.
    stages: Vec<Bar<'v>>,
    /// The decisions that were taken.
    steps: Vec<Bar<'v>>,
    /// The groups that shrink, by their rows in `limits`: the greatest loss first.
    groups: Vec<Bar<'v>>,
    timeline: Vec<Day<'v>>,
    /// The entries that change, in the order in which they do.
    entries: Vec<Changed<'v>>,
    /// Of these, the ones that change for several accounts, or for none.
    shared: Vec<usize>,
    /// What belongs to each account.
    belongings: Vec<Belongings>,
    /// The account that each decision item is about.
    decision_item_accounts: Vec<Option<usize>>,
    /// How many things wait for a person.
    undecided: usize,
}

/// A row of a chart.
#[derive(Serialize)]
struct Bar<'v> {
    name: &'v str,
    count: u64,
    of: u64,
    /// Its length.
    length: String,
    limit: &'v str,
    exceeded: bool,
}

/// A day on which somebody is due.
#[derive(Serialize)]
struct Day<'v> {
    date: &'v str,
    /// From the day of the plan.
    days: i32,
    /// Where it is between the day of the plan and the last one.
    place: String,
    leavers: Vec<(&'v str, Option<usize>)>,
}

/// An entry that changes.
#[derive(Serialize)]
struct Changed<'v> {
    dn: &'v str,
    /// Its operations, by position.
    operations: Vec<usize>,
    /// The accounts for which it changes.
    accounts: Vec<usize>,
    /// Before and after, as HTML.
    before_and_after: String,
}

/// What belongs to an account.
#[derive(Default, Serialize)]
struct Belongings {
    /// The stages in which something is done for it, with blanks between.
    stages: String,
    /// Its decision items, by position.
    decision_items: Vec<usize>,
    /// Entries that change for it alone.
    own: Vec<usize>,
    /// Entries that change for others, too.
    shared: Vec<usize>,
}

impl<'v> Page<'v> {
    fn of(view: &'v View) -> Self {
        let names: HashMap<&str, usize> =
            view.accounts.iter().enumerate().map(|(index, account)| (account.leaver.as_str(), index)).collect();
        let entries = changed(view);
        let mut belongings: Vec<Belongings> = view.accounts.iter().map(|account| belongings(view, account)).collect();
        let mut shared = Vec::new();
        for (index, entry) in entries.iter().enumerate() {
            match entry.accounts.as_slice() {
                [account] => belongings[*account].own.push(index),
                accounts => {
                    shared.push(index);
                    for account in accounts {
                        belongings[*account].shared.push(index);
                    }
                }
            }
        }
        let decision_item_accounts: Vec<Option<usize>> =
            view.decision_items.iter().map(|review| names.get(review.leaver.as_str()).copied()).collect();
        for (index, account) in decision_item_accounts.iter().enumerate() {
            if let Some(account) = account {
                belongings[*account].decision_items.push(index);
            }
        }
        Self {
            view,
            style: STYLE,
            script: SCRIPT,
            style_hash: hash(STYLE),
            script_hash: hash(SCRIPT),
            stages: stages(view),
            steps: steps(view),
            groups: groups(view),
            timeline: timeline(view, &names),
            entries,
            shared,
            belongings,
            decision_item_accounts,
            undecided: view.decision_items.len() + view.conflicts.len() + view.summary.held,
        }
    }
}

fn belongings(view: &View, account: &super::view::AccountView) -> Belongings {
    let has = |stage: &&str| account.operations.iter().any(|operation| view.operations[*operation].stage == *stage);
    let stages: Vec<&str> = Stage::ALL.into_iter().map(Stage::name).filter(has).collect();
    Belongings { stages: stages.join(" "), ..Belongings::default() }
}

/// The operations by entry; the first one on an entry carries its difference.
fn changed(view: &View) -> Vec<Changed<'_>> {
    let mut accounts: Vec<Vec<usize>> = vec![Vec::new(); view.operations.len()];
    for (index, account) in view.accounts.iter().enumerate() {
        for operation in &account.operations {
            accounts[*operation].push(index);
        }
    }
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut entries: Vec<Changed<'_>> = Vec::new();
    for (index, (operation, accounts)) in view.operations.iter().zip(accounts).enumerate() {
        let dn = operation.dn.as_str();
        let place = *places.entry(dn).or_insert(entries.len());
        if place == entries.len() {
            entries.push(Changed { dn, operations: Vec::new(), accounts: Vec::new(), before_and_after: String::new() });
        }
        let entry = &mut entries[place];
        entry.operations.push(index);
        entry.accounts.extend(accounts);
        if let Some(diff) = &operation.diff {
            entry.before_and_after = before_and_after(diff);
        }
    }
    for entry in &mut entries {
        entry.accounts.sort_unstable();
        entry.accounts.dedup();
    }
    entries
}

/// Rows of counts, each as long as its share of the greatest.
fn bars<'v>(counts: Vec<(&'v str, usize)>) -> Vec<Bar<'v>> {
    let most = counts.iter().map(|(_, count)| *count).max().unwrap_or_default() as u64;
    let bar = |(name, count): (&'v str, usize)| {
        let count = count as u64;
        Bar { name, count, of: most, length: share(count, most), limit: "", exceeded: false }
    };
    counts.into_iter().filter(|(_, count)| *count > 0).map(bar).collect()
}

fn stages(view: &View) -> Vec<Bar<'_>> {
    let count = |stage: Stage| {
        let name = stage.name();
        (name, view.operations.iter().filter(|operation| operation.stage == name).count())
    };
    bars(Stage::ALL.into_iter().map(count).collect())
}

fn steps(view: &View) -> Vec<Bar<'_>> {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for account in &view.accounts {
        match counts.iter_mut().find(|(step, _)| *step == account.step) {
            Some((_, count)) => *count += 1,
            None => counts.push((account.step, 1)),
        }
    }
    counts.sort_unstable();
    bars(counts)
}

fn groups(view: &View) -> Vec<Bar<'_>> {
    let mut groups: Vec<Bar<'_>> = view
        .limits
        .iter()
        .filter_map(|row| {
            Some(Bar {
                name: row.entry.as_deref()?,
                count: row.affected,
                of: row.of,
                length: share(row.affected, row.of),
                limit: &row.limit,
                exceeded: row.exceeded,
            })
        })
        .collect();
    // Stable: groups with the same loss stay in their order.
    groups.sort_by_key(|row| {
        let lost = row.count.saturating_mul(1_000_000) / row.of.max(1);
        (std::cmp::Reverse(row.exceeded), std::cmp::Reverse(lost))
    });
    groups
}

fn timeline<'v>(view: &'v View, names: &HashMap<&str, usize>) -> Vec<Day<'v>> {
    let from = view.as_of.parse::<Date>().ok();
    let days = |day: &str| {
        let span = from.zip(day.parse::<Date>().ok()).map(|(from, day)| (day - from).get_days());
        span.unwrap_or_default()
    };
    let all: Vec<i32> = view.due.iter().map(|due| days(&due.day)).collect();
    let last = u64::try_from(all.iter().copied().max().unwrap_or_default()).unwrap_or_default();
    let day = |(due, days): (&'v super::view::DueView, i32)| Day {
        date: &due.day,
        days,
        place: share(u64::try_from(days).unwrap_or_default(), last),
        leavers: due.leavers.iter().map(|name| (name.as_str(), names.get(name.as_str()).copied())).collect(),
    };
    view.due.iter().zip(all).map(day).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_lengths() {
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(thousands(number), text);
        }
        for (part, whole, length) in [(0, 0, "0.0%"), (1, 3, "33.3%"), (3, 3, "100.0%"), (1, 2000, "0.0%")] {
            assert_eq!(share(part, whole), length);
        }
    }

    #[test]
    fn no_value_begins_or_ends_anything() {
        let mut out = String::new();
        escape(&mut out, "</noscript><b a='1' b=\"2\">&lt; \u{20ac}/").unwrap();
        assert_eq!(out, "&lt;/noscript&gt;&lt;b a=&#39;1&#39; b=&quot;2&quot;&gt;&amp;lt; \u{20ac}/");
    }

    /// The policy names what stands between the tags, byte for byte; a closing tag in it would end it early.
    #[test]
    fn style_and_script_stay_between_their_tags() {
        assert!(!STYLE.contains("</") && !STYLE.contains('\r'));
        assert!(!SCRIPT.contains("</") && !SCRIPT.contains("<!--") && !SCRIPT.contains('\r'));
        assert_eq!(hash(""), "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    }
}
