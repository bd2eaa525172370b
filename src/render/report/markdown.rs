//! report.md, and its short form for a comment on a merge request.
//!
//! In the templates, text from people or from a directory goes through a filter, so that it cannot end the construct that
//! it is in, nor begin markup or HTML:
//!
//! | filter | for |
//! | --- | --- |
//! | `md` | running text |
//! | `code` | a code span |
//! | `fenced` | a code block |
//! | `html` | the text of `<summary>`, in which Markdown has no meaning |
//! | `brief` | shortening, before one of the others |
//! | `counted` | a number with its noun |
//!
//! GitHub and GitLab fold `<details>`, and read Markdown in it after an empty line. Other viewers show the tags as text.

use std::fmt::Write as _;

use minijinja::{AutoEscape, Environment, Error, UndefinedBehavior, value::Serde};
use serde::Serialize;

use super::view::View;
use crate::render::count::counted;

/// Renders report.md.
pub fn render(view: &View) -> Result<String, Error> {
    let diffs = view.operations.iter().map(|operation| operation.diff.as_deref()).collect();
    let report = MarkdownReport { view, diffs, counts: view.summary.counts() };
    from_template("report.md.j2", include_str!("../../../templates/report.md.j2"), Serde(report))
}

/// Renders the short form. The number of rows is limited and every value is shortened, so that it fits a comment on GitHub
/// (65,536 characters).
pub fn short(view: &View) -> Result<String, Error> {
    let report = ShortReport { view, counts: view.summary.counts() };
    from_template("short.md.j2", include_str!("../../../templates/short.md.j2"), Serde(report))
}

/// The view with what only report.md shows.
#[derive(Serialize)]
struct MarkdownReport<'v> {
    #[serde(flatten)]
    view: &'v View,
    /// The diff of each operation.
    diffs: Vec<Option<&'v str>>,
    counts: Vec<(usize, &'static str)>,
}

/// The view with what only the short form shows.
#[derive(Serialize)]
struct ShortReport<'v> {
    #[serde(flatten)]
    view: &'v View,
    counts: Vec<(usize, &'static str)>,
}

/// Fills in a Markdown template.
pub fn from_template<T: Serialize>(name: &'static str, source: &'static str, value: Serde<T>) -> Result<String, Error> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.add_filter("md", |text: String| escaped(&text));
    environment.add_filter("code", |text: String| code(&text));
    environment.add_filter("fenced", |text: String| fenced(&text));
    environment.add_filter("html", |text: String| entities(&text));
    environment.add_filter("brief", |text: String| brief(&text));
    environment.add_filter("counted", |count: u64, noun: String| counted(count, &noun));
    environment.add_template(name, source)?;
    environment.get_template(name)?.render(value)
}

/// Running text: every character that has a meaning in Markdown or HTML is escaped.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\n' | '\r' => out.push(' '),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '#' | '|' | '~' | '!' => {
                let _ = write!(out, "\\{character}");
            }
            other => out.push(other),
        }
    }
    out
}

/// A line of HTML text.
fn entities(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace(['\n', '\r'], " ")
}

/// The longest value in the short form, in characters.
const BRIEF: usize = 80;

/// A text, shortened if it is long.
fn brief(text: &str) -> String {
    text.char_indices().nth(BRIEF).map_or_else(|| text.to_owned(), |(end, _)| format!("{}...", &text[..end]))
}

/// The length of the longest run of backticks in a text.
fn backticks(text: &str) -> usize {
    text.split(|character| character != '`').map(str::len).max().unwrap_or(0)
}

/// A code span that its content cannot end. Bars are escaped, because they would end the cell of a table.
pub fn code(text: &str) -> String {
    let fence = "`".repeat(backticks(text) + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') || text.is_empty() { " " } else { "" };
    let text = text.replace(['\n', '\r'], " ").replace('|', "\\|");
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// A code block that its content cannot end.
fn fenced(text: &str) -> String {
    let fence = "`".repeat(backticks(text).max(2) + 1);
    format!("{fence}diff\n{}\n{fence}", text.trim_end_matches('\n'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_end_its_construct() {
        assert_eq!(escaped("<b>*x*|[a](b)\n# c"), "&lt;b&gt;\\*x\\*\\|\\[a\\](b) \\# c");
        assert_eq!(code("a`b``c"), "```a`b``c```");
        assert_eq!(code("`"), "`` ` ``");
        assert_eq!(entities("</summary>\n&amp;"), "&lt;/summary&gt; &amp;amp;");
        assert_eq!(fenced("x\n```\ny"), "````diff\nx\n```\ny\n````");
    }

    #[test]
    fn long_texts_are_cut() {
        assert_eq!(brief("ë"), "ë");
        assert_eq!(brief(&"ë".repeat(81)), format!("{}...", "ë".repeat(80)));
    }
}
