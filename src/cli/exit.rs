//! Exit statuses: the same meaning for every subcommand.

use std::process::ExitCode;

/// How a run ended. Ordered: of several, the worst counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// 0: done, nothing to decide.
    Done,
    /// 1: done, and there are findings.
    Findings,
    /// 2: usage, unreadable or malformed input; nothing written.
    Trouble,
    /// 3: a limit, a protected entry, an incomplete export, a failed proof; nothing to run was written.
    Refused,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
