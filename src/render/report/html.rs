//! report.html: one file that needs no network, no other file and no script. It shows a [`View`], as report.md does.
//!
//! Values from the directory cannot do anything in the browser:
//!
//! - The view contains sanitized text only. What the template writes is sanitized once more, and escaped as HTML.
//! - The Content-Security-Policy allows only the one style and the one script of this file, which it identifies by their
//!   hashes (CSP Level 3, section 2.3.1), and no request.
//! - No URL and no style contains a value.

use std::fmt;

use data_encoding::BASE64;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, Error, Output, State, UndefinedBehavior, Value, escape_formatter};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::page::Page;
use super::view::View;
use super::word_diff::{self, DiffLine, LineKind};
use crate::render::count::inflected;
use crate::render::sanitize::sanitized;

const STYLE: &str = include_str!("../../../templates/report.css");
const SCRIPT: &str = include_str!("../../../templates/report.js");

/// The page with its style and script.
#[derive(Serialize)]
struct Document<'v> {
    #[serde(flatten)]
    page: Page<'v>,
    style: &'static str,
    script: &'static str,
    style_hash: String,
    script_hash: String,
}

/// Renders report.html.
pub fn render(view: &View) -> Result<String, Error> {
    let document = Document {
        page: Page::of(view),
        style: STYLE,
        script: SCRIPT,
        style_hash: csp_hash(STYLE),
        script_hash: csp_hash(SCRIPT),
    };
    environment()?.get_template("report.html.j2")?.render(Serde(document))
}

fn environment() -> Result<Environment<'static>, Error> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).build()?);
    environment.set_formatter(write_escaped);
    environment.add_filter("thousands", thousands);
    environment
        .add_filter("counted", |count: u64, noun: String| format!("{} {}", thousands(count), inflected(count, &noun)));
    environment.add_template("report.html.j2", include_str!("../../../templates/report.html.j2"))?;
    Ok(environment)
}

/// Writes a value of the template: text that is not marked as safe is sanitized and escaped.
fn write_escaped(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    match value.as_str() {
        Some(text) if !value.is_safe() => Ok(escape(out, &sanitized(text.as_bytes()))?),
        _ => escape_formatter(out, state, value),
    }
}

/// Escapes the five characters that have a meaning in text and in quoted attributes (HTML, section 13.1.2). report.js
/// undoes the same five. `minijinja` would also write each `/` as six bytes, and DNs and places contain many of them.
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

/// A unified diff as HTML. It is made here because the template took several steps for each word.
pub(super) fn diff_html(diff: &str) -> String {
    let lines = word_diff::lines(diff);
    if lines.is_empty() {
        return String::new();
    }
    let mut out = String::from("<pre>");
    for (at, line) in lines.iter().enumerate() {
        let is_same = |other: Option<&DiffLine<'_>>| other.is_some_and(|other| other.kind == line.kind);
        let begins = !is_same(at.checked_sub(1).and_then(|before| lines.get(before)));
        let ends = !is_same(lines.get(at + 1));
        let (begin, sign, end) = match line.kind {
            LineKind::Removed => (if begins { "<del>" } else { "" }, "-", if ends { "</del>" } else { "" }),
            LineKind::Added => (if begins { "<ins>" } else { "" }, "+", if ends { "</ins>" } else { "" }),
            LineKind::Hunk | LineKind::Remark => ("<span class=\"hunk\">", "", "</span>"),
            LineKind::Unchanged => ("", " ", ""),
        };
        out.extend([begin, sign]);
        for span in &line.spans {
            let (begin, end) = if span.differs { ("<mark>", "</mark>") } else { ("", "") };
            out.push_str(begin);
            // Writing to a `String` cannot fail.
            let _ = escape(&mut out, &sanitized(span.text.as_bytes()));
            out.push_str(end);
        }
        out.extend([end, "\n"]);
    }
    out.push_str("</pre>\n");
    out
}

/// A number with commas between thousands.
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

/// How a Content-Security-Policy identifies an inline style or script.
fn csp_hash(text: &str) -> String {
    format!("sha256-{}", BASE64.encode(&Sha256::digest(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(thousands(number), text);
        }
    }

    #[test]
    fn values_are_escaped() {
        let mut out = String::new();
        escape(&mut out, "</noscript><b a='1' b=\"2\">&lt; \u{20ac}/").unwrap();
        assert_eq!(out, "&lt;/noscript&gt;&lt;b a=&#39;1&#39; b=&quot;2&quot;&gt;&amp;lt; \u{20ac}/");
    }

    /// The hash in the policy is that of the text between the tags, byte for byte. A closing tag would end the text early.
    #[test]
    fn style_and_script_end_at_their_closing_tags() {
        assert!(!STYLE.contains("</") && !STYLE.contains('\r'));
        assert!(!SCRIPT.contains("</") && !SCRIPT.contains("<!--") && !SCRIPT.contains('\r'));
        assert_eq!(csp_hash(""), "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    }
}
