//! What the exports may lack, in words; which of it a plan may be made without.
//!
//! How it is found: [`completeness`](super::completeness).

use super::operational::{AffectedScope, NotShown};
use crate::directory::census::{Finding, Place};
use crate::ldap::Dn;

/// What the exports lack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incomplete {
    /// Every entry: these exports are empty.
    Empty(Finding),
    /// Recent changes: these exports are older than the policy allows, or of unknown age.
    Age {
        /// How old they may be, in days.
        limit: u32,
        /// The exports, and when they were written.
        old: Finding,
    },
    /// A suffix that the policy names.
    Suffix(Dn),
    /// A group of `[protect]`, so that its members are unknown.
    ProtectedGroup(Dn),
    /// Members of a group of `[protect]`: these values cannot be followed.
    ProtectedMembers(Finding),
    /// The search that made an export ended early, or the file ends inside a line.
    Cut(Finding),
    /// Values: lists of them are incomplete.
    PartialLists(Finding),
    /// Values: these entries have none.
    NoValues(Finding),
    /// Parent entries of other entries.
    Holes(Finding),
    /// Entries above the topmost ones, which are not suffixes.
    Parents(Finding),
    /// Nothing, but so many entries appear more than once.
    Repeated(Finding),
    /// Operational attributes that the policy needs.
    Operational(NotShown),
    /// Groups that deleted accounts are in.
    AbsentGroup(Finding),
    /// The address books of deleted accounts.
    AddressBooks(Finding),
    /// Entries below deleted ones.
    Children(Finding),
}

/// What a plan may do without what is lacking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// No plan is made.
    Refuses,
    /// A plan is made only if the run accepts the lack.
    RefusesUnlessAccepted,
    /// A plan is made, and a person must read the finding.
    Finding,
}

/// What the exports lack, apart from what refuses a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gaps {
    /// What the run accepts.
    pub accepted: Vec<Incomplete>,
    /// What does not refuse a plan.
    pub findings: Vec<Incomplete>,
}

impl Gaps {
    /// Adds what is lacking. `accepted` are the codes that the run accepts. Fails with what refuses the plan.
    pub fn add(mut self, lacking: Vec<Incomplete>, accepted: &[String]) -> Result<Self, Vec<Incomplete>> {
        let mut refused = Vec::new();
        for lack in lacking {
            let is_accepted = accepted.iter().any(|code| code == lack.code());
            match lack.severity() {
                Severity::Finding => self.findings.push(lack),
                Severity::RefusesUnlessAccepted if is_accepted => self.accepted.push(lack),
                Severity::Refuses | Severity::RefusesUnlessAccepted => refused.push(lack),
            }
        }
        if refused.is_empty() { Ok(self) } else { Err(refused) }
    }

    /// Whether the exports lack nothing: then an entry that they do not hold does not exist.
    pub fn are_none(&self) -> bool {
        self.accepted.is_empty() && !self.shows_a_part()
    }

    /// Whether the exports show a part of the directory only.
    pub fn shows_a_part(&self) -> bool {
        self.findings.iter().any(|lack| matches!(lack, Incomplete::Parents(_)))
    }
}

impl Incomplete {
    /// All codes, in the order of the table in [`completeness`](super::completeness).
    pub const CODES: [&'static str; 15] = [
        "empty",
        "age",
        "suffix",
        "protected-group",
        "protected-members",
        "cut",
        "partial-lists",
        "no-values",
        "holes",
        "parents",
        "repeated",
        "operational",
        "absent-group",
        "address-books",
        "children",
    ];

    /// The codes that `--accept-incomplete` takes.
    pub const ACCEPTABLE: [&'static str; 12] = [
        "empty",
        "age",
        "suffix",
        "cut",
        "partial-lists",
        "no-values",
        "holes",
        "repeated",
        "operational",
        "absent-group",
        "address-books",
        "children",
    ];

    /// The code: stable.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty(_) => "empty",
            Self::Age { .. } => "age",
            Self::Suffix(_) => "suffix",
            Self::ProtectedGroup(_) => "protected-group",
            Self::ProtectedMembers(_) => "protected-members",
            Self::Cut(_) => "cut",
            Self::PartialLists(_) => "partial-lists",
            Self::NoValues(_) => "no-values",
            Self::Holes(_) => "holes",
            Self::Parents(_) => "parents",
            Self::Repeated(_) => "repeated",
            Self::Operational(_) => "operational",
            Self::AbsentGroup(_) => "absent-group",
            Self::AddressBooks(_) => "address-books",
            Self::Children(_) => "children",
        }
    }

    /// What a plan may do without it.
    pub fn severity(&self) -> Severity {
        match self {
            Self::ProtectedGroup(_) | Self::ProtectedMembers(_) => Severity::Refuses,
            Self::Parents(_) => Severity::Finding,
            Self::Operational(not_shown) => match not_shown.scope {
                AffectedScope::Nothing => Severity::Finding,
                AffectedScope::Accounts(_) => Severity::RefusesUnlessAccepted,
                AffectedScope::Whole => Severity::Refuses,
            },
            Self::Empty(_)
            | Self::Age { .. }
            | Self::Suffix(_)
            | Self::Cut(_)
            | Self::PartialLists(_)
            | Self::NoValues(_)
            | Self::Holes(_)
            | Self::Repeated(_)
            | Self::AbsentGroup(_)
            | Self::AddressBooks(_)
            | Self::Children(_) => Severity::RefusesUnlessAccepted,
        }
    }

    /// A sentence that says what is lacking. Names from the directory in it are raw.
    pub fn sentence(&self) -> String {
        let name = |dn: &Dn| String::from_utf8_lossy(dn.raw_bytes()).into_owned();
        match self {
            Self::Empty(finding) if finding.count == 1 => "1 export is empty".to_owned(),
            Self::Empty(finding) => format!("{} exports are empty", finding.count),
            Self::Age { limit, old } => {
                let exports =
                    if old.count == 1 { "1 export is".to_owned() } else { format!("{} exports are", old.count) };
                format!("{exports} older than the {limit} days that the policy allows, or of unknown age")
            }
            Self::Suffix(dn) => format!("the exports do not hold the suffix {}, which the policy names", name(dn)),
            Self::ProtectedGroup(dn) => {
                format!("the exports do not hold the group {}, whose members the policy protects", name(dn))
            }
            Self::ProtectedMembers(finding) => {
                let values = match finding.count {
                    1 => "1 value that says who they are cannot be followed".to_owned(),
                    count => format!("{count} values that say who they are cannot be followed"),
                };
                format!("not all members of the groups of [protect] are known: {values}")
            }
            Self::Cut(_) => {
                "an export is incomplete: the search that made it ended early, or the file is cut off".to_owned()
            }
            Self::PartialLists(finding) => match finding.count {
                1 => "1 list of values is incomplete".to_owned(),
                count => format!("{count} lists of values are incomplete"),
            },
            Self::NoValues(finding) => match finding.count {
                1 => "1 entry has no values".to_owned(),
                count => format!("{count} entries have no values"),
            },
            Self::Holes(finding) => match finding.count {
                1 => "1 parent entry is missing".to_owned(),
                count => format!("{count} parent entries are missing"),
            },
            Self::Parents(finding) => {
                let names: Vec<String> = finding
                    .places
                    .iter()
                    .take(3)
                    .map(|place| String::from_utf8_lossy(&place.text).into_owned())
                    .collect();
                let more = finding.count.saturating_sub(names.len() as u64);
                let more = if more > 0 { format!("; and {more} more") } else { String::new() };
                format!(
                    "the exports are a part of the directory: they lack {}{more}, and the entries above; groups and other \
                     entries that they lack may still name the accounts, and the proof does not cover them",
                    names.join("; ")
                )
            }
            Self::Operational(not_shown) => not_shown.sentence(),
            Self::Repeated(finding) => match finding.count {
                1 => "1 entry appears more than once in the exports".to_owned(),
                count => format!("{count} entries appear more than once in the exports"),
            },
            Self::AbsentGroup(finding) => match finding.count {
                1 => "1 group that deleted accounts are in is not in the exports".to_owned(),
                count => format!("{count} groups that deleted accounts are in are not in the exports"),
            },
            Self::AddressBooks(finding) => match finding.count {
                1 => "the exports hold no address books, but 1 deleted account points to one".to_owned(),
                count => format!("the exports hold no address books, but {count} deleted accounts point to one"),
            },
            Self::Children(finding) => match finding.count {
                1 => "entries below 1 deleted entry are not in the exports".to_owned(),
                count => format!("entries below {count} deleted entries are not in the exports"),
            },
        }
    }

    /// The first places where something is lacking.
    pub fn places(&self) -> &[Place] {
        match self {
            Self::Suffix(_) | Self::ProtectedGroup(_) => &[],
            Self::Empty(finding)
            | Self::Age { old: finding, .. }
            | Self::ProtectedMembers(finding)
            | Self::Cut(finding)
            | Self::PartialLists(finding)
            | Self::NoValues(finding)
            | Self::Holes(finding)
            | Self::Parents(finding)
            | Self::Repeated(finding)
            | Self::AbsentGroup(finding)
            | Self::AddressBooks(finding)
            | Self::Children(finding) => &finding.places,
            Self::Operational(not_shown) => not_shown.places(),
        }
    }

    /// A command that exports what is lacking.
    pub fn command(&self) -> Option<&'static str> {
        match self {
            Self::Operational(not_shown) => Some(not_shown.command()),
            _ => None,
        }
    }

    /// What to do about it, with the command.
    pub fn advice(&self) -> String {
        self.command().map_or_else(|| self.help().to_owned(), |command| format!("{}: {command}", self.help()))
    }

    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Operational(_) => "export again with operational attributes",
            Self::Empty(_) => "export again: a failed export is empty, too",
            Self::Age { .. } => "export again; the age is that of the file, so copy exports with their times (cp -p)",
            Self::Suffix(_) => "also give the export of that suffix ([directory] suffixes)",
            Self::ProtectedGroup(_) => "also give the export that holds the group, or remove it from [protect]",
            Self::ProtectedMembers(_) => {
                "correct these values, also give the exports that hold what they name, or protect the accounts by [protect] dn, \
                 subtree or filter in place of the group"
            }
            Self::Cut(_) => "export again without a size or time limit, as an administrator, and copy the whole file",
            Self::PartialLists(_) => "export again with all values of these attributes",
            Self::NoValues(_) => "export again with values (no -A, no 1.1)",
            Self::Parents(_) => {
                "export the whole suffix; if an export does begin at a suffix, name the suffix in [directory] suffixes"
            }
            Self::Repeated(_) => {
                "give every part of the directory only once; if this is accepted, the accounts that such an entry is, names or belongs to are held"
            }
            Self::AbsentGroup(_) => "also give the export that holds these groups",
            Self::AddressBooks(_) => "also give the export of the address books ([address_books] suffix)",
            Self::Holes(_) | Self::Children(_) => "export again with an account that can read all entries",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_code() {
        let (found, dn) = (Finding::default(), Dn::parse(b"o=x").unwrap());
        let all = [
            Incomplete::Empty(found.clone()),
            Incomplete::Age { limit: 1, old: found.clone() },
            Incomplete::Suffix(dn.clone()),
            Incomplete::ProtectedGroup(dn),
            Incomplete::ProtectedMembers(found.clone()),
            Incomplete::Cut(found.clone()),
            Incomplete::PartialLists(found.clone()),
            Incomplete::NoValues(found.clone()),
            Incomplete::Holes(found.clone()),
            Incomplete::Parents(found.clone()),
            Incomplete::Repeated(found.clone()),
            Incomplete::AbsentGroup(found.clone()),
            Incomplete::AddressBooks(found.clone()),
            Incomplete::Children(found),
        ];
        for lack in &all {
            assert!(Incomplete::CODES.contains(&lack.code()), "{}", lack.code());
            let is_acceptable = lack.severity() == Severity::RefusesUnlessAccepted;
            assert_eq!(Incomplete::ACCEPTABLE.contains(&lack.code()), is_acceptable, "{}", lack.code());
        }
        // The missing one is `operational`, whose severity depends on its scope.
        assert_eq!(all.len() + 1, Incomplete::CODES.len());
    }

    #[test]
    fn what_protects_cannot_be_accepted() {
        let group = Incomplete::ProtectedGroup(Dn::parse(b"cn=admins,o=x").unwrap());
        assert!(!Incomplete::ACCEPTABLE.contains(&group.code()));
        assert_eq!(group.severity(), Severity::Refuses);
    }
}
