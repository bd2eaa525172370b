//! The problems that `offboard lint` found, as text, as JSON, and as SARIF 2.1.0 for code review tools.
//!
//! Lists are written one problem at a time, so that memory does not grow with the number of problems.

use std::fmt::Write as _;

use serde_json::{Value, json};
use strum::{VariantArray as _, VariantNames as _};

use super::sanitize::sanitized;
use crate::ldif::LdifErrorKind;
use crate::ldif::lint::{LintRule, Problem, Severity};

/// How many problems there are of each severity, and how many were fixed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// Errors.
    pub errors: u64,
    /// Warnings.
    pub warnings: u64,
    /// Notes.
    pub notes: u64,
    /// Errors and warnings that are not in the fixed text.
    pub repaired: u64,
}

impl Counts {
    /// Counts a problem.
    pub fn add(&mut self, problem: &Problem) {
        match problem.severity {
            Severity::Error => self.errors += 1,
            Severity::Warning => self.warnings += 1,
            Severity::Note => self.notes += 1,
        }
        self.repaired += u64::from(problem.repaired && problem.severity > Severity::Note);
    }

    /// How many problems need attention: errors and warnings.
    pub fn findings(&self) -> u64 {
        self.errors + self.warnings
    }
}

/// The code of a severity in all formats.
fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

/// A problem as text.
pub fn text(file: &str, problem: &Problem) -> String {
    let mut out = String::new();
    let (severity, code) = (word(problem.severity), problem.code);
    let file = sanitized(file.as_bytes());
    let why = sanitized(problem.why.as_bytes());
    let _ = writeln!(out, "{file}:{}:{}: {severity}[{code}]: {why}", problem.line, problem.column);
    if !problem.excerpt.is_empty() {
        let column = usize::try_from(problem.column).unwrap_or(1).clamp(1, problem.excerpt.len() + 1) - 1;
        let before = sanitized(&problem.excerpt[..column]).chars().count();
        let _ = writeln!(out, "    {}", sanitized(&problem.excerpt));
        let _ = writeln!(out, "    {}^", " ".repeat(before));
    }
    if let Some(fix) = problem.fix {
        let _ = writeln!(out, "  help: {}{fix}", if problem.repaired { "(--fix) " } else { "" });
    }
    out
}

/// A problem as a JSON object.
pub fn object(file: &str, problem: &Problem) -> Value {
    json!({
        "file": sanitized(file.as_bytes()),
        "line": problem.line,
        "column": problem.column,
        "code": problem.code,
        "severity": word(problem.severity),
        "message": sanitized(problem.why.as_bytes()),
        "help": problem.fix,
        "excerpt": sanitized(&problem.excerpt),
        "repairable": problem.repaired,
    })
}

/// What is written before the first JSON object.
pub const JSON_START: &str = "{\"format_version\":\"1\",\"problems\":[";

/// What is written after the last JSON object.
pub fn json_end(counts: Counts) -> String {
    let Counts { errors, warnings, notes, .. } = counts;
    format!("],\"errors\":{errors},\"warnings\":{warnings},\"notes\":{notes}}}\n")
}

/// What is written before the first SARIF result.
pub fn sarif_start() -> String {
    let rules = LintRule::VARIANTS.iter().map(|rule| {
        let text = rule.text();
        json!({ "id": rule.code(), "shortDescription": { "text": text.why }, "help": { "text": text.fix } })
    });
    let refused = LdifErrorKind::VARIANTS
        .iter()
        .map(|code| json!({ "id": code, "shortDescription": { "text": code.replace('-', " ") } }));
    let driver = json!({
        "name": "offboard lint",
        "version": env!("CARGO_PKG_VERSION"),
        "rules": rules.chain(refused).collect::<Vec<Value>>(),
    });
    format!(
        "{{\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\",\"version\":\"2.1.0\",\"runs\":[\
         {{\"tool\":{{\"driver\":{driver}}},\"columnKind\":\"unicodeCodePoints\",\"results\":["
    )
}

/// What is written after the last SARIF result.
pub const SARIF_END: &str = "]}]}\n";

/// A problem as a SARIF result.
pub fn sarif_result(file: &str, problem: &Problem) -> Value {
    let before = usize::try_from(problem.column).unwrap_or(1).saturating_sub(1).min(problem.excerpt.len());
    let column = 1 + String::from_utf8_lossy(&problem.excerpt[..before]).chars().count();
    let message = match problem.fix {
        Some(fix) => format!("{}. {fix}", problem.why),
        None => problem.why.clone(),
    };
    json!({
        "ruleId": problem.code,
        "level": word(problem.severity),
        "message": { "text": sanitized(message.as_bytes()) },
        "locations": [{
            "physicalLocation": {
                "artifactLocation": { "uri": uri(file) },
                "region": {
                    "startLine": problem.line,
                    "startColumn": column,
                    "snippet": { "text": sanitized(&problem.excerpt) },
                },
            },
        }],
    })
}

/// A path as a URI reference (RFC 3986).
fn uri(path: &str) -> String {
    let mut out = String::new();
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'_' | b'-' | b'~') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_as_uris() {
        assert_eq!(uri("a b/ü.ldif"), "a%20b/%C3%BC.ldif");
        assert_eq!(uri("C:x"), "C%3Ax", "no scheme");
    }
}
