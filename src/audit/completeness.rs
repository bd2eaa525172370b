//! What an audit reports of the exports themselves: what they lack, and which findings may be due to that.
//!
//! What is lacking is found by the code that refuses a plan ([`crate::plan::lacking`]), so a code that is added there is reported
//! here as well. An audit goes on: each lack is a finding, and a finding that rests on what is lacking says so.
//!
//! | the exports lack | findings that may be due to it |
//! | --- | --- |
//! | entries (`empty`, `suffix`, `cut`, `holes`, `parents`, names that are not DNs, any code that is not listed here) | `dangling`, `near-miss`, `orphaned-book`, `roster-without-account` |
//! | values (`partial-lists`, `no-values`) | `empty-group`, `orphaned-book`, `roster-without-account`, `no-key-for-roster`, `stuck` |
//! | operational attributes (`operational`) | `deletable`, `stuck` |
//! | nothing, but entries appear twice (`repeated`) | `same-uid`, `same-mail` |
//! | nothing that an audit looks at (`age`) | |

use crate::ldap::Origin;
use crate::plan::completeness::Incomplete;

use super::Finding;

/// The code of entries whose names are not distinguished names; the same as in `offboard lint`.
pub const BAD_NAME: &str = "bad-name";

/// The code of entries that appear more than once, as in a plan's refusal.
pub const REPEATED: &str = "repeated";

/// A finding for each place where something is lacking; [`REPEATED`] entries are found by the pass over them.
pub fn findings(lacking: &[Incomplete]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for lack in lacking.iter().filter(|lack| lack.code() != REPEATED) {
        let finding = |origin: Origin, value: &[u8]| Finding {
            code: lack.code(),
            dn: Vec::new(),
            attribute: String::new(),
            value: value.to_vec(),
            what: format!("{}; {}", lack.sentence(), lack.advice()),
            origin,
            roster: None,
            may_be_due_to: Vec::new(),
        };
        let places = lack.places().iter();
        findings.extend(places.map(|place| finding(Origin { export: place.export, line: place.line }, &place.text)));
        if lack.places().is_empty() {
            findings.push(finding(Origin::default(), b""));
        }
    }
    findings
}

/// What is lacking of the directory, as far as findings rest on it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lacks {
    Entries,
    Values,
    OperationalAttributes,
    Uniqueness,
    Nothing,
}

impl Lacks {
    fn by(code: &str) -> Self {
        match code {
            "partial-lists" | "no-values" => Self::Values,
            "operational" => Self::OperationalAttributes,
            REPEATED => Self::Uniqueness,
            "age" => Self::Nothing,
            // Also what is not known here: a doubt too many is better than a false finding.
            _ => Self::Entries,
        }
    }

    /// The findings that may be due to it.
    fn findings(self) -> &'static [&'static str] {
        match self {
            Self::Entries => &["dangling", "near-miss", "orphaned-book", "roster-without-account"],
            Self::Values => &["empty-group", "orphaned-book", "roster-without-account", "no-key-for-roster", "stuck"],
            Self::OperationalAttributes => &["deletable", "stuck"],
            Self::Uniqueness => &["same-uid", "same-mail"],
            Self::Nothing => &[],
        }
    }
}

/// Notes in each finding the codes of what is lacking that may be the reason for it.
pub fn doubt(findings: &mut [Finding], lacking: &[Incomplete], skipped: u64) {
    let codes: Vec<&'static str> =
        lacking.iter().map(Incomplete::code).chain((skipped > 0).then_some(BAD_NAME)).collect();
    for finding in findings {
        let reasons = codes.iter().filter(|code| Lacks::by(code).findings().contains(&finding.code));
        finding.may_be_due_to = reasons.copied().collect();
    }
}
