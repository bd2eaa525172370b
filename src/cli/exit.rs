//! Exit statuses. They mean the same for every subcommand.

use std::process::ExitCode;

/// How a run ended, from best to worst. A run with several outcomes ends with the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// 0: done, and there is nothing to report.
    Done,
    /// 1: done, and there are findings.
    Findings,
    /// 2: wrong usage, or input that cannot be read. Nothing was written.
    Error,
    /// 3: a limit, a protected entry, an incomplete export or a failed proof. Nothing to run was written.
    Refused,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
