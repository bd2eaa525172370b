//! Options of the subcommands that apply a policy: `plan`, `explain`, `audit`.

use std::num::NonZeroUsize;

use camino::Utf8PathBuf;
use clap::ValueEnum;
use clap::builder::PossibleValuesParser;

use super::{DayOption, SchemaOption};
use crate::io::digest::Algorithm;
use crate::plan::completeness::Incomplete;
use crate::plan::{Guard, Stage};
use crate::policy::{Limit, LimitKind};
use crate::suggestion::suggestion;

/// The inputs of a plan other than the exports.
#[derive(Debug, clap::Args)]
pub struct PlanInputArgs {
    /// The policy: a file, or the name of a preset
    #[arg(short, long, value_name = "POLICY")]
    pub policy: String,
    /// List of leavers (repeatable): CSV with a header, lines of the form `l uid`, or one DN per line
    #[arg(short, long, value_name = "LEAVERS")]
    pub leavers: Vec<Utf8PathBuf>,
    /// A roster of the policy (repeatable): the list of people who are employed or have left
    #[arg(long, value_name = "NAME=FILE", value_parser = name_and_file)]
    pub roster: Vec<(String, Utf8PathBuf)>,
    /// List of accounts to hold in any case, such as a legal hold (repeatable); in the same formats as --leavers
    #[arg(long, value_name = "LIST")]
    pub veto: Vec<Utf8PathBuf>,
    /// Schema files.
    #[command(flatten)]
    pub schema: SchemaOption,
    /// An earlier change set that was applied (repeatable): shows when accounts were disabled, and their values before
    #[arg(long, value_name = "DIR")]
    pub history: Vec<Utf8PathBuf>,
    /// The day of the plan.
    #[command(flatten)]
    pub day: DayOption,
    /// Override a limit of the policy in this run (repeatable), such as delete=60 or delete=10%
    #[arg(long, value_name = "KIND=N|N%", value_parser = Limit::from_arg)]
    pub limit: Vec<(LimitKind, Limit)>,
    /// Also delete address books whose owner is in no export
    #[arg(long)]
    pub orphans: bool,
    /// Plan although the exports are incomplete in this respect (repeatable); the refusal shows the code
    #[arg(long, value_name = "CODE", value_parser = PossibleValuesParser::new(Incomplete::ACCEPTABLE))]
    pub accept_incomplete: Vec<String>,
}

pub(super) fn name_and_file(text: &str) -> Result<(String, Utf8PathBuf), String> {
    let (name, file) = text.split_once('=').ok_or("expected NAME=FILE")?;
    Ok((name.to_owned(), file.into()))
}

/// `offboard plan`
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples: one account, a list of leavers, and one stage for a pipe
  offboard plan -p openldap -u jsmith -o CHG-1042 export.ldif
  offboard plan -p policy.toml -l leavers.csv -o CHG-1042 isp.ldif.gz PiServerDb.ldif.gz
  offboard plan -p policy.toml -l leavers.csv --stdout --stage status export.ldif | ldapmodify -n

Exit status: 0 done, nothing to decide · 1 done, and there are decision items, held accounts or
leavers without an account · 2 error, nothing written · 3 refused: a limit, a protected entry,
an incomplete export, an unlikely day or a failed proof; nothing to run was written.")]
pub struct Plan {
    /// The inputs other than the exports.
    #[command(flatten)]
    pub inputs: PlanInputArgs,
    /// A leaver (repeatable): a uid, uid@domain, mail address or DN
    #[arg(short, long, value_name = "ID")]
    pub user: Vec<String>,
    /// Folder to write the change set to; it must not exist
    #[arg(short, long, value_name = "DIR", required_unless_present = "stdout", conflicts_with = "stdout")]
    pub output: Option<Utf8PathBuf>,
    /// Write the change LDIF to standard output instead of a folder
    #[arg(long)]
    pub stdout: bool,
    /// Write only this stage (repeatable): status, move, references, address-books, services, entries
    #[arg(long, value_name = "STAGE", value_parser = stage)]
    pub stage: Vec<Stage>,
    /// Split the plan into batches (waves) of N accounts, run in order; each is a change set of its own
    #[arg(long, value_name = "N", conflicts_with_all = ["stdout", "stage"])]
    pub wave: Option<NonZeroUsize>,
    /// Change ticket, shown in comments and reports
    #[arg(long, value_name = "TEXT")]
    pub ticket: Option<String>,
    /// Digest of the exports in plan.json. BLAKE3 (b3sum) is faster for large exports if the processor has no SHA-256
    /// instructions
    #[arg(long, value_enum, default_value_t = DigestArg::Sha256)]
    pub digest: DigestArg,
    /// How deletions, and records that write all values of an attribute, are guarded against changes since the export
    #[arg(long, value_enum, default_value_t = GuardArg::Values)]
    pub guard: GuardArg,
    /// Write the summary as JSON to standard output
    #[arg(long, conflicts_with = "stdout")]
    pub json: bool,
    /// Also write a report to standard output
    #[arg(long, value_enum, value_name = "FORM", conflicts_with_all = ["stdout", "json"])]
    pub format: Option<PlanFormat>,
    /// Replace an earlier change set in the folder
    #[arg(long)]
    pub force: bool,
    /// Exports of one directory: LDIF, plain or compressed with gzip or zstd; `-` is standard input
    #[arg(value_name = "EXPORT", required = true)]
    pub exports: Vec<String>,
}

fn stage(name: &str) -> Result<Stage, String> {
    Stage::ALL.iter().copied().find(|stage| stage.name() == name).ok_or_else(|| {
        let names: Vec<&str> = Stage::ALL.iter().copied().map(Stage::name).collect();
        suggestion(name, &names)
    })
}

/// `plan --format`
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum PlanFormat {
    /// Markdown for a merge request comment: counts, decision items, due dates.
    Short,
    /// The summary as JSON, as with `--json`.
    Json,
}

/// `--digest`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DigestArg {
    /// As sha256sum computes it
    Sha256,
    /// As b3sum computes it
    Blake3,
}

impl From<DigestArg> for Algorithm {
    fn from(digest: DigestArg) -> Self {
        match digest {
            DigestArg::Sha256 => Self::Sha256,
            DigestArg::Blake3 => Self::Blake3,
        }
    }
}

/// `--guard`
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum GuardArg {
    /// A modify before the deletion that fails unless the values are as exported.
    Values,
    /// The assertion control (RFC 4528), for OpenLDAP and OpenDJ.
    Assert,
    /// No guard.
    None,
}

impl From<GuardArg> for Guard {
    fn from(guard: GuardArg) -> Self {
        match guard {
            GuardArg::Values => Self::Values,
            GuardArg::Assert => Self::Assert,
            GuardArg::None => Self::None,
        }
    }
}

/// `offboard explain`
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: why jsmith is not deleted yet, and what would change that\n\n  \
                        offboard explain -p policy.toml -l leavers.csv jsmith isp.ldif PiServerDb.ldif")]
pub struct Explain {
    /// The inputs other than the exports.
    #[command(flatten)]
    pub inputs: PlanInputArgs,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// The account: a uid, uid@domain, mail address or DN
    #[arg(value_name = "ID")]
    pub id: String,
    /// Exports of one directory, as for `plan`
    #[arg(value_name = "EXPORT", required = true)]
    pub exports: Vec<String>,
}

/// `offboard audit`
///
/// Reports dangling references, orphaned address books, accounts that were disabled and never deleted, contradictory
/// statuses, empty groups, user names and addresses that several accounts share, differences between rosters and
/// accounts, and what the exports lack. Exit status: 0 no findings · 1 findings · 2 error · 3 the exports contain no entry
/// that can be judged.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: what a year of manual changes left in the directory\n\n  \
                        offboard audit -p policy.toml isp.ldif PiServerDb.ldif")]
pub struct Audit {
    /// The policy: a file, or the name of a preset
    #[arg(short, long, value_name = "POLICY")]
    pub policy: String,
    /// A roster of the policy (repeatable): the list of people who are employed or have left
    #[arg(long, value_name = "NAME=FILE", value_parser = name_and_file)]
    pub roster: Vec<(String, Utf8PathBuf)>,
    /// Schema files.
    #[command(flatten)]
    pub schema: SchemaOption,
    /// An earlier change set that was applied (repeatable): shows when accounts were disabled
    #[arg(long, value_name = "DIR")]
    pub history: Vec<Utf8PathBuf>,
    /// The day of the audit.
    #[command(flatten)]
    pub day: DayOption,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Exports of one directory
    #[arg(value_name = "EXPORT", required = true)]
    pub exports: Vec<String>,
}
