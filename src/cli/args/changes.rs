//! Options of the subcommands about changes: `verify`, `simulate`, `revert`, `diff`.

use camino::Utf8PathBuf;
use clap::ValueEnum;

use super::{SchemaOption, server};
use crate::ldap::Server;

/// `offboard verify`
///
/// Each record of the change set is done, not done, changed by others since the plan, or not shown by these exports. Exit
/// status: 0 all done · 1 at least one record is not done · 2 error, such as a change set that was edited · 3 the exports
/// cannot answer: they are incomplete, lack a part of the directory that the plan's exports contained, or are older than the
/// plan.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: what is left of CHG-1042 after it was applied, and the LDIF that finishes it\n\n  \
                        offboard verify CHG-1042 --left rest.ldif after.ldif.gz")]
pub struct Verify {
    /// A folder that `offboard plan -o` wrote
    #[arg(value_name = "CHANGESET")]
    pub set: Utf8PathBuf,
    /// Exports made after the change set was applied: every part that the plan had, with operational attributes
    #[arg(value_name = "EXPORT", required = true)]
    pub exports: Vec<String>,
    /// File that `ldapmodify -S` wrote: the records that the server refused, with its errors (repeatable)
    #[arg(long, value_name = "FILE")]
    pub rejects: Vec<Utf8PathBuf>,
    /// Write the records that are not done to this file; it must not exist
    #[arg(long, value_name = "FILE")]
    pub left: Option<Utf8PathBuf>,
    /// Show the state of each account by this policy
    #[arg(short, long, value_name = "POLICY")]
    pub policy: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `offboard simulate`
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offboard simulate --export people.ldif --export books.ldif CHG-1042 -o after.ldif")]
pub struct Simulate {
    /// Export to apply the changes to (repeatable)
    #[arg(long, value_name = "EXPORT", required = true)]
    pub export: Vec<String>,
    /// File to write to; it must not exist [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<Utf8PathBuf>,
    /// Continue after a refused record
    #[arg(long)]
    pub keep_going: bool,
    /// Server whose rules apply to change files; for a change set, the server of its plan applies [default: openldap]
    #[arg(long = "for", value_name = "SERVER", value_parser = server(Server::names()))]
    pub server: Option<Server>,
    /// Schema files.
    #[command(flatten)]
    pub schema: SchemaOption,
    /// Change LDIF, or the folder of a change set: its apply/*.ldif in order
    #[arg(value_name = "CHANGE|CHANGESET", required = true)]
    pub changes: Vec<String>,
}

/// `offboard revert`
///
/// Exit status: 0 everything is restored · 1 something cannot be restored, and is listed · 2 error · 3 a record would be
/// refused.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: the undo LDIF of a change file that was written by hand\n\n  \
                        offboard revert --export before.ldif change.ldif -o undo.ldif")]
pub struct Revert {
    /// Export from before the changes (repeatable)
    #[arg(long, value_name = "EXPORT", required = true)]
    pub export: Vec<String>,
    /// File to write to; it must not exist [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<Utf8PathBuf>,
    /// Restore deleted entries with their entryUUID; needs OpenLDAP's relax rules control
    #[arg(long)]
    pub relax: bool,
    /// Server whose rules apply to change files; for a change set, the server of its plan applies [default: openldap]
    #[arg(long = "for", value_name = "SERVER", value_parser = server(Server::names()))]
    pub server: Option<Server>,
    /// Schema files.
    #[command(flatten)]
    pub schema: SchemaOption,
    /// Change LDIF, or the folder of a change set: its apply/*.ldif in order
    #[arg(value_name = "CHANGE|CHANGESET", required = true)]
    pub changes: Vec<String>,
}

/// `offboard diff`
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  offboard diff monday.ldif friday.ldif.gz --ignore description -o change.ldif\n\n\
                        LDIF and JSON hold secrets in full. Unified masks those known by name or schema; a policy is not read.")]
pub struct Diff {
    /// File to write to; it must not exist [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<Utf8PathBuf>,
    /// Do not compare this attribute (repeatable); a name without options covers the attribute with any options
    #[arg(long, value_name = "ATTR")]
    pub ignore: Vec<String>,
    /// Also compare attributes that the server maintains, such as entryUUID, modifyTimestamp and memberOf
    #[arg(long)]
    pub with_operational: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t = DiffFormat::Ldif)]
    pub format: DiffFormat,
    /// Server that the exports come from
    #[arg(long = "for", value_name = "SERVER", default_value = "openldap", value_parser = server(Server::names()))]
    pub server: Server,
    /// Schema files.
    #[command(flatten)]
    pub schema: SchemaOption,
    /// Export of the directory as it was
    #[arg(value_name = "BEFORE")]
    pub before: String,
    /// Export of the directory as it should be
    #[arg(value_name = "AFTER")]
    pub after: String,
}

/// `diff --format`
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum DiffFormat {
    /// Change LDIF for ldapmodify.
    Ldif,
    /// Each entry before and after, as `diff -u` shows it.
    Unified,
    /// The changes as JSON lines.
    Json,
}
