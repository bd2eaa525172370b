//! The options of the command line, with their help.
//!
//! clap takes the first paragraph of a doc comment as the help of an option, and all of it as that of a subcommand.

mod changes;
mod day;
mod plan;
mod read;
mod setup;

use std::num::NonZeroUsize;

use camino::Utf8PathBuf;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Parser, Subcommand, ValueEnum};

pub use changes::{Diff, DiffFormat, Revert, Simulate, Verify};
pub use day::DayOption;
pub use plan::{Audit, DigestArg, Explain, GuardArg, Plan, PlanFormat, PlanInputArgs};
pub use read::{Dn, Json, Lint, LintFormat, ScopeArg, Search, SearchFormat};
pub use setup::{Completions, Init, Man, Policy, Schema, SchemaOf};

use crate::io::source::ReadOptions;
use crate::ldap::Server;

/// Plan the end of LDAP accounts offline: proven LDIF change files that can be reviewed, with their rollback.
///
/// Reads LDIF exports and never opens a network connection. Exit status: 0 done · 1 done, with findings · 2 error,
/// nothing written · 3 refused, nothing to run was written.
#[derive(Debug, Parser)]
#[command(name = "offboard", version, max_term_width = 100)]
#[command(after_help = "\
From an export to a change set, and back:
  offboard init openldap > policy.toml
  offboard plan -p policy.toml -u jsmith -o CHG-1042 export.ldif      then read CHG-1042/report.md
  offboard verify CHG-1042 after.ldif
  offboard revert --export export.ldif CHG-1042 -o undo.ldif")]
pub struct Args {
    /// The subcommand.
    #[command(subcommand)]
    pub command: Command,
    /// Options of every subcommand.
    #[command(flatten)]
    pub global: Global,
}

/// Options of every subcommand.
#[derive(Debug, clap::Args)]
pub struct Global {
    /// Print only errors
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Print more details
    #[arg(short, long, global = true)]
    pub verbose: bool,
    /// When to use colours
    #[arg(long, value_enum, default_value_t = Color::Auto, global = true)]
    pub color: Color,
    /// Do not show progress bars
    #[arg(long, global = true)]
    pub no_progress: bool,
    /// Number of threads that read exports [default: one per processor]
    #[arg(long, value_name = "N", global = true)]
    pub threads: Option<NonZeroUsize>,
    /// Maximum size of a decompressed file, such as 20G or 500M [default: 200 times the compressed size, at least 1G]
    #[arg(long, value_name = "SIZE", global = true, value_parser = size)]
    pub max_decompressed: Option<u64>,
    /// Read values given as `:< file:///...` from files in this folder; without this option they are an error
    #[arg(long, value_name = "DIR", global = true)]
    pub url_folder: Option<Utf8PathBuf>,
}

impl Global {
    /// The number of threads that read exports.
    pub fn threads(&self) -> NonZeroUsize {
        self.threads.or_else(|| std::thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN)
    }

    /// How inputs are read.
    pub fn reading(&self) -> ReadOptions {
        let max_decompressed = self.max_decompressed;
        ReadOptions { threads: self.threads(), max_decompressed, ..ReadOptions::default() }
    }
}

/// When to use colours.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Color {
    /// Applies the choice to everything that is printed from now on.
    pub fn write_global(self) {
        match self {
            Self::Auto => anstream::ColorChoice::Auto,
            Self::Always => anstream::ColorChoice::Always,
            Self::Never => anstream::ColorChoice::Never,
        }
        .write_global();
    }
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Plan the changes that offboard accounts, prove them, and write them with their rollback
    Plan(Plan),
    /// Explain what the plan does with one account, and why
    Explain(Explain),
    /// Compare a later export with a change set: what is done, not done, or changed by others
    Verify(Verify),
    /// Report problems in a directory, independent of leavers
    Audit(Audit),
    /// Apply change LDIF or a change set to exports, and report what a server would refuse
    Simulate(Simulate),
    /// Write the LDIF that undoes change LDIF or a change set
    Revert(Revert),
    /// Write the change LDIF that turns one export into another
    Diff(Diff),
    /// Print the entries that match a filter
    Search(Search),
    /// Report problems in LDIF files, and fix what is safe to fix
    Lint(Lint),
    /// Print every record of LDIF files as a JSON line
    Json(Json),
    /// Take a distinguished name apart, or compare two
    Dn(Dn),
    /// Print a starter policy with comments
    Init(Init),
    /// Print the policy in force: a policy merged with its preset, and where each value comes from
    Policy(Policy),
    /// Print the JSON Schema of the policy or of plan.json
    Schema(Schema),
    /// Print the completion script of a shell
    Completions(Completions),
    /// Write the manual pages
    Man(Man),
}

/// `--schema`
#[derive(Debug, clap::Args)]
pub struct SchemaOption {
    /// Schema of the directory (repeatable): LDIF of cn=Subschema or cn=schema, 99user.ldif, slapcat -n0 output, an
    /// OpenLDAP .schema file, or schema entries of Active Directory. Takes precedence over schema in the exports and
    /// over the built-in tables
    #[arg(long, value_name = "FILE")]
    pub schema: Vec<Utf8PathBuf>,
}

/// A number of bytes; a final K, M, G or T multiplies it by a power of 1024.
fn size(text: &str) -> Result<u64, String> {
    let units = ["K", "M", "G", "T"];
    let unit = units.iter().position(|unit| text.to_ascii_uppercase().ends_with(unit));
    let digits = if unit.is_some() { &text[..text.len() - 1] } else { text };
    let number: u64 =
        digits.parse().map_err(|_| "expected a number of bytes, optionally followed by K, M, G or T".to_owned())?;
    let factor = unit.map_or(1, |at| 1_u64 << (10 * (at + 1)));
    number.checked_mul(factor).ok_or_else(|| "the number is too large".to_owned())
}

/// Reads the word of a server, one of `words`.
fn server(words: impl IntoIterator<Item = impl Into<PossibleValue>>) -> impl TypedValueParser<Value = Server> {
    PossibleValuesParser::new(words).try_map(|word| word.parse::<Server>())
}
