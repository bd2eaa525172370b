//! report.md, and its short form for a comment on a merge request, from their templates.
//!
//! Text that people or a directory wrote goes through a filter: `md` for running text, `code` for a code span,
//! `fenced` for a block, `html` for the line of a fold that is seen (`<summary>`, where Markdown means nothing), `brief`
//! before these to shorten it. None of it can close what it is in, or begin markup or HTML.
//!
//! GitHub and GitLab fold `<details>`, and read Markdown in it behind an empty line. Elsewhere the tags are two lines that
//! do not disturb.

use std::fmt::Write as _;

use minijinja::{AutoEscape, Environment, Error, UndefinedBehavior, value::Serde};
use serde::Serialize;

use super::view::View;

/// Renders report.md.
pub fn render(view: &View) -> Result<String, Error> {
    let diffs = view.operations.iter().map(|operation| operation.diff.as_deref()).collect();
    let report = Serde(Report { view, diffs });
    from_template("report.md.j2", include_str!("../../../templates/report.md.j2"), report)
}

/// Renders the short form. It has a bounded number of rows and every value in it is cut, so that it stays below the
/// 65,536 characters of a comment on GitHub.
pub fn short(view: &View) -> Result<String, Error> {
    from_template("short.md.j2", include_str!("../../../templates/short.md.j2"), Serde(view))
}

/// The view with what only the report shows.
#[derive(Serialize)]
struct Report<'v> {
    #[serde(flatten)]
    view: &'v View,
    /// Before and after, one for each operation.
    diffs: Vec<Option<&'v str>>,
}

/// A template for Markdown, filled in. Only this one is compiled.
pub fn from_template<T: Serialize>(name: &'static str, source: &'static str, value: Serde<T>) -> Result<String, Error> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.add_filter("md", |text: String| escaped(&text));
    environment.add_filter("code", |text: String| code(&text));
    environment.add_filter("fenced", |text: String| fenced(&text));
    environment.add_filter("html", |text: String| entities(&text));
    environment.add_filter("brief", |text: String| brief(&text));
    environment.add_template(name, source)?;
    environment.get_template(name)?.render(value)
}

/// Running text: every character that Markdown or HTML gives a meaning is escaped.
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

/// Text on one line of HTML.
fn entities(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace(['\n', '\r'], " ")
}

/// Longest text in the short form, in characters.
const BRIEF: usize = 80;

/// The beginning of a text.
fn brief(text: &str) -> String {
    text.char_indices().nth(BRIEF).map_or_else(|| text.to_owned(), |(end, _)| format!("{}...", &text[..end]))
}

/// Longest run of backticks in a text.
fn backticks(text: &str) -> usize {
    text.split(|character| character != '`').map(str::len).max().unwrap_or(0)
}

/// A code span that its content cannot close; bars are escaped, because tables see them first.
pub fn code(text: &str) -> String {
    let fence = "`".repeat(backticks(text) + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') || text.is_empty() { " " } else { "" };
    let text = text.replace(['\n', '\r'], " ").replace('|', "\\|");
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// A block that its content cannot close.
fn fenced(text: &str) -> String {
    let fence = "`".repeat(backticks(text).max(2) + 1);
    format!("{fence}diff\n{}\n{fence}", text.trim_end_matches('\n'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_its_place() {
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
