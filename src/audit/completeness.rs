//! The findings about the exports themselves: what they lack, and which other findings may be due to that.
//!
//! The checks are those that refuse a plan ([`crate::plan::lacking`]). An audit reports each lack as a finding and continues;
//! a finding that may be due to a lack names its code.
//!
//! | the exports lack | findings that may be due to it |
//! | --- | --- |
//! | entries (`empty`, `suffix`, `cut`, `holes`, `parents`, invalid DNs, any code that is not in this table) | `dangling`, `near-miss`, `orphaned-book`, `roster-without-account` |
//! | values (`partial-lists`, `no-values`) | `empty-group`, `orphaned-book`, `roster-without-account`, `no-key-for-roster`, `stuck` |
//! | operational attributes (`operational`) | `deletable`, `stuck` |
//! | nothing, but entries appear twice (`repeated`) | `same-uid`, `same-mail` |
//! | nothing that an audit checks (`age`) | |

use super::finding::{AuditFinding, FindingCode};
use crate::ldap::Origin;
use crate::plan::completeness::Incomplete;

/// A finding for each place where the exports lack something. The pass over the entries reports repeated ones.
pub fn findings(lacking: &[Incomplete]) -> Vec<AuditFinding> {
    let mut findings = Vec::new();
    for lack in lacking.iter().filter(|lack| lack.code() != FindingCode::Repeated.name()) {
        let finding = |origin: Origin, value: &[u8]| {
            let what = format!("{}; {}", lack.sentence(), lack.advice());
            let finding = AuditFinding::at(origin, FindingCode::Incomplete(lack.code()), what);
            AuditFinding { value: value.to_vec(), ..finding }
        };
        let places = lack.places().iter();
        findings.extend(places.map(|place| finding(Origin { export: place.export, line: place.line }, &place.text)));
        if lack.places().is_empty() {
            findings.push(finding(Origin::default(), b""));
        }
    }
    findings
}

/// The kind of a lack.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LackKind {
    Entries,
    Values,
    OperationalAttributes,
    Uniqueness,
    Nothing,
}

impl LackKind {
    fn of(code: &str) -> Self {
        match code {
            "partial-lists" | "no-values" => Self::Values,
            "operational" => Self::OperationalAttributes,
            "repeated" => Self::Uniqueness,
            "age" => Self::Nothing,
            // Codes that are added later, too: an unnecessary doubt is better than a false finding.
            _ => Self::Entries,
        }
    }

    /// The findings that may be due to it.
    fn findings(self) -> &'static [FindingCode] {
        use FindingCode::{
            Dangling, Deletable, EmptyGroup, NearMiss, NoKeyForRoster, OrphanedBook, RosterWithoutAccount, SameMail,
            SameUid, Stuck,
        };
        match self {
            Self::Entries => &[Dangling, NearMiss, OrphanedBook, RosterWithoutAccount],
            Self::Values => &[EmptyGroup, OrphanedBook, RosterWithoutAccount, NoKeyForRoster, Stuck],
            Self::OperationalAttributes => &[Deletable, Stuck],
            Self::Uniqueness => &[SameUid, SameMail],
            Self::Nothing => &[],
        }
    }
}

/// Adds to each finding the codes of the lacks that it may be due to. `skipped` is the number of entries with an invalid DN.
pub fn add_doubts(findings: &mut [AuditFinding], lacking: &[Incomplete], skipped: u64) {
    let codes: Vec<&'static str> =
        lacking.iter().map(Incomplete::code).chain((skipped > 0).then_some(FindingCode::BadName.name())).collect();
    for finding in findings {
        let reasons = codes.iter().filter(|code| LackKind::of(code).findings().contains(&finding.code));
        finding.may_be_due_to = reasons.copied().collect();
    }
}
