//! The command line as it is typed.

use std::num::NonZeroUsize;

use camino::Utf8PathBuf;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{ColorChoice, Parser, Subcommand, ValueEnum};
use jiff::civil::Date;
use strum::VariantArray as _;

use crate::io::digest::Algorithm;
use crate::io::source::ReadOptions;
use crate::plan::completeness::Incomplete;
use crate::plan::{Guard, Stage};
use crate::policy::{Limit, LimitKind, Server};
use crate::suggestion::suggestion;

/// Plan the end of LDAP accounts offline: proven, reviewable LDIF change files with their rollback.
///
/// Reads LDIF exports, never opens a network connection. Exit status: 0 done · 1 done, and there are findings · 2 trouble,
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
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Options of every subcommand.
    #[command(flatten)]
    pub global: Global,
}

/// Options of every subcommand.
#[derive(Debug, clap::Args)]
pub struct Global {
    /// Say nothing but errors
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Say more
    #[arg(short, long, global = true)]
    pub verbose: bool,
    /// Colours on the terminal
    #[arg(long, value_enum, default_value_t = Color::Auto, global = true)]
    pub color: Color,
    /// Show no progress
    #[arg(long, global = true)]
    pub no_progress: bool,
    /// Threads that read exports [default: one for each processor]
    #[arg(long, value_name = "N", global = true)]
    pub threads: Option<NonZeroUsize>,
    /// Most that a compressed file may unpack to, as 20G or 500M [default: 200 times its length, or 1G if that is more]
    #[arg(long, value_name = "SIZE", global = true, value_parser = size)]
    pub max_decompressed: Option<u64>,
    /// Take values given as `:< file:///...` from files in this folder; without it they are an error
    #[arg(long, value_name = "DIR", global = true)]
    pub url_folder: Option<Utf8PathBuf>,
}

impl Global {
    /// Threads to read with.
    pub fn threads(&self) -> NonZeroUsize {
        self.threads.or_else(|| std::thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN)
    }

    /// How to read inputs.
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
    /// Makes this the choice for everything that is printed.
    pub fn write_global(self) {
        let choice = match self {
            Self::Auto => ColorChoice::Auto,
            Self::Always => ColorChoice::Always,
            Self::Never => ColorChoice::Never,
        };
        match choice {
            ColorChoice::Auto => anstream::ColorChoice::Auto,
            ColorChoice::Always => anstream::ColorChoice::Always,
            ColorChoice::Never => anstream::ColorChoice::Never,
        }
        .write_global();
    }
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Work out the changes that offboard people, prove them, and write them with their rollback
    Plan(Plan),
    /// Say how the plan treats one account, and why
    Explain(Explain),
    /// Say what of a change set is done, by a later export
    Verify(Verify),
    /// Say what is odd in a directory, whoever leaves
    Audit(Audit),
    /// Apply change LDIF, or a change set, to exports: what the directory would hold, and what it would refuse
    Simulate(Simulate),
    /// Write the LDIF that undoes change LDIF, or a change set
    Revert(Revert),
    /// Write the change LDIF that turns one export into the other
    Diff(Diff),
    /// Find the entries that match a filter
    Search(Search),
    /// Find everything that is wrong with LDIF files, and mend what can be mended for certain
    Lint(Lint),
    /// Write every record of any LDIF as a JSON line
    Json(Json),
    /// Take a distinguished name apart, or compare two
    Dn(Dn),
    /// Print a commented starter policy
    Init(Init),
    /// Print the policy in force: a file merged over its preset, each key with where it comes from
    Policy(Policy),
    /// Print the JSON Schema of a file
    Schema(Schema),
    /// Print the completions of a shell
    Completions(Completions),
    /// Write the manual pages
    Man(Man),
}

/// What a plan rests on, next to the exports.
#[derive(Debug, clap::Args)]
pub struct Grounds {
    /// Policy: a file, or the name of a preset
    #[arg(short, long, value_name = "POLICY")]
    pub policy: String,
    /// List of leavers: CSV with a header, lines `l uid`, or one DN a line
    #[arg(short, long, value_name = "LEAVERS")]
    pub leavers: Vec<Utf8PathBuf>,
    /// A roster that the policy names: who is employed, and who has left
    #[arg(long, value_name = "NAME=FILE", value_parser = name_and_file)]
    pub roster: Vec<(String, Utf8PathBuf)>,
    /// List of accounts that are held whatever is asked (legal hold): the forms of a leaver list
    #[arg(long, value_name = "LIST")]
    pub veto: Vec<Utf8PathBuf>,
    /// Schema files.
    #[command(flatten)]
    pub schema: SchemaOption,
    /// An earlier change set that was applied: tells when accounts were disabled, and what they were before
    #[arg(long, value_name = "DIR")]
    pub history: Vec<Utf8PathBuf>,
    /// Plan for this day, YYYY-MM-DD [default: today in UTC, or `SOURCE_DATE_EPOCH`]
    #[arg(long, value_name = "DATE")]
    pub as_of: Option<Date>,
    /// Replace a limit for this run: delete=60 or delete=10% (repeatable)
    #[arg(long, value_name = "KIND=N|N%", value_parser = Limit::from_arg)]
    pub limit: Vec<(LimitKind, Limit)>,
    /// Delete address books whose owner is in no export, too
    #[arg(long)]
    pub orphans: bool,
    /// Plan although the exports lack something (repeatable); the refusal names the code
    #[arg(long, value_name = "CODE", value_parser = PossibleValuesParser::new(Incomplete::ACCEPTABLE))]
    pub accept_incomplete: Vec<String>,
}

/// `--schema`
#[derive(Debug, clap::Args)]
pub struct SchemaOption {
    /// Schema of the directory (repeatable): LDIF of cn=Subschema or cn=schema, 99user.ldif, slapcat -n0, a .schema file
    /// of OpenLDAP, schema entries of Active Directory. It counts before schema in the exports and the built-in tables
    #[arg(long, value_name = "FILE")]
    pub schema: Vec<Utf8PathBuf>,
}

/// Bytes, with K, M, G or T behind them for powers of 1024.
fn size(text: &str) -> Result<u64, String> {
    let units = ["K", "M", "G", "T"];
    let unit = units.iter().position(|unit| text.to_ascii_uppercase().ends_with(unit));
    let digits = if unit.is_some() { &text[..text.len() - 1] } else { text };
    let number: u64 = digits.parse().map_err(|_| "expected a number of bytes, or one with K, M, G or T".to_owned())?;
    let factor = unit.map_or(1, |at| 1_u64 << (10 * (at + 1)));
    number.checked_mul(factor).ok_or_else(|| "more than there can be".to_owned())
}

fn name_and_file(text: &str) -> Result<(String, Utf8PathBuf), String> {
    let (name, file) = text.split_once('=').ok_or("expected NAME=FILE")?;
    Ok((name.to_owned(), file.into()))
}

/// `offboard explain`
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: why is jsmith not deleted yet, and what would change that\n\n  \
                        offboard explain -p policy.toml -l leavers.csv jsmith isp.ldif PiServerDb.ldif")]
pub struct Explain {
    /// What the plan rests on.
    #[command(flatten)]
    pub grounds: Grounds,
    /// Write it as JSON
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
/// Dangling references, orphaned address books, accounts that are disabled and never deleted, contradictory statuses, empty
/// groups, user names and addresses of several accounts, and where rosters and accounts do not meet; and what the exports
/// lack. Exit status: 0 nothing found · 1 findings · 2 trouble · 3 the exports hold no entry that can be judged.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: what a year of hand-made changes left behind\n\n  \
                        offboard audit -p policy.toml isp.ldif PiServerDb.ldif")]
pub struct Audit {
    /// Policy: a file, or the name of a preset
    #[arg(short, long, value_name = "POLICY")]
    pub policy: String,
    /// A roster that the policy names: who is employed, and who has left
    #[arg(long, value_name = "NAME=FILE", value_parser = name_and_file)]
    pub roster: Vec<(String, Utf8PathBuf)>,
    /// Schema files.
    #[command(flatten)]
    pub schema: SchemaOption,
    /// An earlier change set that was applied: tells when accounts were disabled
    #[arg(long, value_name = "DIR")]
    pub history: Vec<Utf8PathBuf>,
    /// For this day, YYYY-MM-DD [default: today in UTC, or `SOURCE_DATE_EPOCH`]
    #[arg(long, value_name = "DATE")]
    pub as_of: Option<Date>,
    /// Write it as JSON
    #[arg(long)]
    pub json: bool,
    /// Exports of one directory
    #[arg(value_name = "EXPORT", required = true)]
    pub exports: Vec<String>,
}

/// `offboard verify`
///
/// Each record of the change set is done, not done, changed by others meanwhile, or not shown by these exports. Exit
/// status: 0 all done · 1 something is not · 2 trouble, also a change set that was edited · 3 the exports cannot tell: they
/// are not whole, lack a part of the directory that the plan's exports held, or are older than the plan.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: what is left of CHG-1042 after it was applied, and the LDIF that finishes it\n\n  \
                        offboard verify CHG-1042 --left rest.ldif after.ldif.gz")]
pub struct Verify {
    /// A change set of `offboard plan`
    #[arg(value_name = "CHANGESET")]
    pub set: Utf8PathBuf,
    /// Exports made after it was applied, of every part that the plan had, with all attributes, operational ones too
    #[arg(value_name = "EXPORT", required = true)]
    pub exports: Vec<String>,
    /// What `ldapmodify -S` wrote: the records that the server refused, with its errors (repeatable)
    #[arg(long, value_name = "FILE")]
    pub rejects: Vec<Utf8PathBuf>,
    /// Write the records that are left to do to this file; it must not exist
    #[arg(long, value_name = "FILE")]
    pub left: Option<Utf8PathBuf>,
    /// Say where the accounts stand in their life, by this policy
    #[arg(short, long, value_name = "POLICY")]
    pub policy: Option<String>,
    /// Write it as JSON
    #[arg(long)]
    pub json: bool,
}

/// `offboard plan`
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples, one account, a list, and one stage for a pipe:
  offboard plan -p openldap -u jsmith -o CHG-1042 export.ldif
  offboard plan -p policy.toml -l leavers.csv -o CHG-1042 isp.ldif.gz PiServerDb.ldif.gz
  offboard plan -p policy.toml -l leavers.csv --stdout --stage status export.ldif | ldapmodify -n

Exit status: 0 nothing to decide · 1 something is for a person to decide, and is said ·
2 trouble, nothing written · 3 refused: a limit, a protected entry, an incomplete export,
a failed proof; nothing to run was written.")]
pub struct Plan {
    /// What it rests on.
    #[command(flatten)]
    pub grounds: Grounds,
    /// One leaver: a uid, uid@domain, mail address or DN
    #[arg(short, long, value_name = "ID")]
    pub user: Vec<String>,
    /// Folder to write the change set to; it must not exist
    #[arg(short, long, value_name = "DIR", required_unless_present = "stdout", conflicts_with = "stdout")]
    pub output: Option<Utf8PathBuf>,
    /// Write the change LDIF of the chosen stages to standard output instead of a folder
    #[arg(long)]
    pub stdout: bool,
    /// Only this stage (repeatable): status, move, references, address-books, services, entries
    #[arg(long, value_name = "STAGE", value_parser = stage)]
    pub stage: Vec<Stage>,
    /// Write a change set of its own for every N accounts, to be run one behind the other
    #[arg(long, value_name = "N", conflicts_with_all = ["stdout", "stage"])]
    pub wave: Option<NonZeroUsize>,
    /// Change ticket, for comments and reports
    #[arg(long, value_name = "TEXT")]
    pub ticket: Option<String>,
    /// The digest of the exports in plan.json. BLAKE3 (b3sum) is for large exports on a processor without instructions
    /// for SHA-256
    #[arg(long, value_enum, default_value_t = DigestArg::Sha256)]
    pub digest: DigestArg,
    /// How deletions, and lists of values that are written whole, are guarded: by exact values, by the assertion control,
    /// not at all
    #[arg(long, value_enum, default_value_t = GuardArg::Values)]
    pub guard: GuardArg,
    /// Write the summary as JSON to standard output
    #[arg(long, conflicts_with = "stdout")]
    pub json: bool,
    /// Write a report to standard output, next to the folder
    #[arg(long, value_enum, value_name = "FORM", conflicts_with_all = ["stdout", "json"])]
    pub format: Option<PlanFormat>,
    /// Replace an earlier change set
    #[arg(long)]
    pub force: bool,
    /// Exports of one directory: LDIF, also gzip or zstd, told by content; `-` is standard input
    #[arg(value_name = "EXPORT", required = true)]
    pub exports: Vec<String>,
}

/// `plan --format`
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum PlanFormat {
    /// Markdown that fits a comment on a merge request: numbers, what to decide, who is due.
    Short,
    /// The summary as JSON, as `--json` does.
    Json,
}

fn stage(name: &str) -> Result<Stage, String> {
    Stage::ALL.into_iter().find(|stage| stage.name() == name).ok_or_else(|| {
        let names: Vec<&str> = Stage::ALL.into_iter().map(Stage::name).collect();
        suggestion(name, &names)
    })
}

/// `--digest`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DigestArg {
    /// As sha256sum
    Sha256,
    /// As b3sum
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
    /// A modify before the deletion that fails unless the values are there.
    Values,
    /// The assertion control (RFC 4528): OpenLDAP, OpenDJ.
    Assert,
    /// None.
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

/// `offboard simulate`
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offboard simulate --export people.ldif --export books.ldif CHG-1042 -o after.ldif")]
pub struct Simulate {
    /// Export that the changes are applied to (repeatable)
    #[arg(long, value_name = "EXPORT", required = true)]
    pub export: Vec<String>,
    /// File to write to; it must not exist [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<Utf8PathBuf>,
    /// Go on behind a record that is refused
    #[arg(long)]
    pub keep_going: bool,
    /// The server whose rules apply to change files; a change set has its own [default: openldap]
    #[arg(long = "for", value_name = "SERVER", value_parser = PossibleValuesParser::new(Server::names()))]
    pub server: Option<String>,
    /// Schema files.
    #[command(flatten)]
    pub schema: SchemaOption,
    /// Change LDIF, or the folder of a change set: its apply/*.ldif in order
    #[arg(value_name = "CHANGE|CHANGESET", required = true)]
    pub changes: Vec<String>,
}

/// `offboard revert`
///
/// Exit status: 0 everything comes back · 1 something does not, and is named · 2 trouble · 3 a record would be refused.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: the way back from somebody's change file\n\n  \
                        offboard revert --export before.ldif change.ldif -o undo.ldif")]
pub struct Revert {
    /// Export from before the changes (repeatable)
    #[arg(long, value_name = "EXPORT", required = true)]
    pub export: Vec<String>,
    /// File to write to; it must not exist [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<Utf8PathBuf>,
    /// Bring deleted entries back with their entryUUID, by OpenLDAP's relax rules control
    #[arg(long)]
    pub relax: bool,
    /// The server whose rules apply to change files; a change set has its own [default: openldap]
    #[arg(long = "for", value_name = "SERVER", value_parser = PossibleValuesParser::new(Server::names()))]
    pub server: Option<String>,
    /// Schema files.
    #[command(flatten)]
    pub schema: SchemaOption,
    /// Change LDIF, or the folder of a change set: its apply/*.ldif in order
    #[arg(value_name = "CHANGE|CHANGESET", required = true)]
    pub changes: Vec<String>,
}

/// `offboard diff`
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offboard diff monday.ldif friday.ldif.gz --ignore description -o change.ldif")]
pub struct Diff {
    /// File to write to; it must not exist [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<Utf8PathBuf>,
    /// Do not compare this attribute (repeatable); without options, with any
    #[arg(long, value_name = "ATTR")]
    pub ignore: Vec<String>,
    /// Compare what the server sets by itself, too: entryUUID, modifyTimestamp, memberOf ..
    #[arg(long)]
    pub with_operational: bool,
    /// The form: changes for ldapmodify, entries before and after, changes as JSON lines
    #[arg(long, value_enum, default_value_t = DiffFormat::Ldif)]
    pub format: DiffFormat,
    /// The server that the exports come from
    #[arg(long = "for", value_name = "SERVER", default_value = "openldap", value_parser = PossibleValuesParser::new(Server::names()))]
    pub server: String,
    /// Schema files.
    #[command(flatten)]
    pub schema: SchemaOption,
    /// What the directory was: an export
    #[arg(value_name = "BEFORE")]
    pub before: String,
    /// What it is to be: an export
    #[arg(value_name = "AFTER")]
    pub after: String,
}

/// `--format` of `offboard diff`
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum DiffFormat {
    /// Change LDIF.
    Ldif,
    /// Each entry before and after, as `diff -u`.
    Unified,
    /// The changes as JSON lines.
    Json,
}

/// `offboard search`
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example, who of one domain has calendar but no mail, as a table:
  offboard search '(&(objectClass=icsCalendarUser)(!(mailUserStatus=*)))' \\
      --base o=sesta.com,o=isp --format csv --attrs uid,cn,manager export.ldif.gz

Filters are those of RFC 4515, with :dn:, matching rules and Active Directory's bit rules.
Exit status: 0 all was read, whether entries were found or not · 2 trouble.
A CSV cell holds all values of its attribute with | between them; in a value, | and \\ have a \\ in front.")]
pub struct Search {
    /// Only at and below this DN
    #[arg(long, value_name = "DN", allow_hyphen_values = true)]
    pub base: Option<String>,
    /// How deep below the base [the root, if none is given]
    #[arg(long, value_enum, default_value_t = ScopeArg::Sub)]
    pub scope: ScopeArg,
    /// Only these attributes, in this order; with their options
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub attrs: Vec<String>,
    /// Names alone, one a line: a leaver list
    #[arg(long, conflicts_with_all = ["attrs", "format", "show_secrets"])]
    pub dn: bool,
    /// How entries are written
    #[arg(long, value_enum, default_value_t = FoundFormat::Ldif)]
    pub format: FoundFormat,
    /// Show passwords, hashes and keys instead of ********
    #[arg(long)]
    pub show_secrets: bool,
    /// Schema files.
    #[command(flatten)]
    pub schema: SchemaOption,
    /// The filter, such as '(&(objectClass=person)(uid=j*))'
    #[arg(value_name = "FILTER")]
    pub filter: String,
    /// Exports: LDIF, also gzip or zstd, told by content; `-` is standard input
    #[arg(value_name = "EXPORT", required = true)]
    pub exports: Vec<String>,
}

/// `--scope`
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum ScopeArg {
    /// The base itself.
    Base,
    /// One level below it.
    One,
    /// It and all below it.
    Sub,
}

/// `search --format`
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum FoundFormat {
    /// LDIF, as `ldapsearch -LLL` writes it.
    Ldif,
    /// An object a line, as `offboard json` writes it.
    Jsonl,
    /// A table of the listed attributes.
    Csv,
}

/// `offboard lint`
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example, before a change file is run with OpenLDAP's ldapmodify:
  offboard lint --for openldap change.ldif
  offboard lint --for openldap --fix change.ldif > mended.ldif

An error is what is refused, or what the tools of the chosen server refuse or misread; a warning is
what some tools read in another way; a note is beyond RFC 2849, and read by all.
Exit status: 0 nothing but notes, or all repaired · 1 findings, or something that is not repaired ·
2 a file that cannot be opened.")]
pub struct Lint {
    /// Whose tools will run the file: adds what they misread
    #[arg(long = "for", value_name = "SERVER", value_parser = servers())]
    pub target: Option<Server>,
    /// Schema files.
    #[command(flatten)]
    pub schema: SchemaOption,
    /// How problems are written
    #[arg(long, value_enum, default_value_t = LintFormat::Text)]
    pub format: LintFormat,
    /// Write the file, repaired where that is certain; what is left goes to standard error
    #[arg(long, conflicts_with = "format")]
    pub fix: bool,
    /// LDIF files, of content or of changes; `-` is standard input
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<String>,
}

/// Reads the word of a server; the help lists the servers with their products.
fn servers() -> impl TypedValueParser<Value = Server> {
    let word = |server: &Server| PossibleValue::new(<&'static str>::from(server)).help(server.profile().product);
    let words = Server::VARIANTS.iter().map(word);
    PossibleValuesParser::new(words).try_map(|word| word.parse::<Server>())
}

/// `lint --format`
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum LintFormat {
    /// For people.
    Text,
    /// One object with a list.
    Json,
    /// SARIF 2.1.0, for code review tools.
    Sarif,
}

/// `offboard json`
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example, the names of all entries that have a manager:
  offboard json export.ldif.gz | jq -r 'select(any(.attrs[]; .[0] == \"manager\")) | .dn'")]
pub struct Json {
    /// Add the lines of records and attributes
    #[arg(long)]
    pub positions: bool,
    /// Show values given as `:< URL` as {"url": ..} instead of refusing them
    #[arg(long, conflicts_with = "url_folder")]
    pub keep_urls: bool,
    /// Go on at the next record after one that cannot be read
    #[arg(long)]
    pub keep_going: bool,
    /// LDIF files; `-` is standard input
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<String>,
}

/// `offboard dn`
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  offboard dn 'UID=J\\2C Smith, OU=People; O=Isp'
  offboard dn --equal 'UID=JSmith, O=Isp' 'userid=jsmith,o=isp'")]
pub struct Dn {
    /// Compare with this DN: exit status 0 if both name the same entry, 1 if not
    #[arg(long, value_name = "OTHER", allow_hyphen_values = true)]
    pub equal: Option<String>,
    /// The distinguished name
    #[arg(value_name = "DN", allow_hyphen_values = true)]
    pub dn: String,
}

/// `offboard init`
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  offboard init sun-comms > policy.toml

Presets: sun-comms, sun-calendar, messaging-5, openldap, 389ds, active-directory. A preset is
a whole policy; a file that begins with preset = \"NAME\" holds only what differs.")]
pub struct Init {
    /// Name of a preset
    #[arg(value_name = "PRESET")]
    pub preset: String,
}

/// `offboard policy`
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  offboard policy policy.toml > in-force.toml

What is printed is TOML and reads as the same policy. The comment after a key names the preset, or the file and
the line, that its value comes from. Keys that the file takes away from the preset (`key = false`) are listed first.")]
pub struct Policy {
    /// The policy: a file, or the name of a preset
    #[arg(value_name = "POLICY")]
    pub policy: String,
}

/// `offboard schema`
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example, so that an editor completes and checks a policy (`init` writes the line that names it):
  offboard schema policy > offboard-policy.json")]
pub struct Schema {
    /// Of which file
    #[arg(value_enum, value_name = "FILE")]
    pub of: SchemaOf,
}

/// The files that have a schema.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum SchemaOf {
    /// The policy, as an editor checks TOML.
    Policy,
    /// plan.json of a change set.
    Plan,
}

/// `offboard completions`
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  offboard completions bash > ~/.local/share/bash-completion/completions/offboard
  offboard completions zsh > ~/.zfunc/_offboard
  offboard completions fish > ~/.config/fish/completions/offboard.fish")]
pub struct Completions {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    pub shell: clap_complete::Shell,
}

/// `offboard man`
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offboard man ~/.local/share/man/man1 && man offboard-plan")]
pub struct Man {
    /// Folder to write offboard.1, offboard-plan.1, ... to; it must exist
    #[arg(value_name = "DIR")]
    pub folder: Utf8PathBuf,
}
