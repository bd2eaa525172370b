//! Options of the subcommands that read LDIF without a policy: `search`, `lint`, `json`, `dn`.

use clap::ValueEnum;
use clap::builder::PossibleValue;
use strum::VariantArray as _;

use super::{SchemaOption, server};
use crate::ldap::Server;

/// `offboard search`
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example: users of one domain who have calendar but no mail, as a table
  offboard search '(&(objectClass=icsCalendarUser)(!(mailUserStatus=*)))' \\
      --base o=sesta.com,o=isp --format csv --attrs uid,cn,manager export.ldif.gz

Filters follow RFC 4515, with :dn:, matching rules, and the bit rules of Active Directory.
Exit status: 0 everything was read, whether entries matched or not · 2 error.
A CSV cell contains all values of its attribute, separated by |. In a value, | and \\ are written
as \\| and \\\\.
Secrets are known by name or schema; [secrets] of a policy is not read.")]
pub struct Search {
    /// Print only entries at or below this DN
    #[arg(long, value_name = "DN", allow_hyphen_values = true)]
    pub base: Option<String>,
    /// How far below the base to search; without --base, the base is the root
    #[arg(long, value_enum, default_value_t = ScopeArg::Sub)]
    pub scope: ScopeArg,
    /// Print only these attributes, in this order; a name without options covers the attribute with any options
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub attrs: Vec<String>,
    /// Print only DNs, one per line, as a leaver list takes them
    #[arg(long, conflicts_with_all = ["attrs", "format", "show_secrets"])]
    pub dn: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t = SearchFormat::Ldif)]
    pub format: SearchFormat,
    /// Show passwords, hashes and keys instead of ********
    #[arg(long)]
    pub show_secrets: bool,
    /// Schema files.
    #[command(flatten)]
    pub schema: SchemaOption,
    /// The filter, such as '(&(objectClass=person)(uid=j*))'
    #[arg(value_name = "FILTER")]
    pub filter: String,
    /// Exports: LDIF, plain or compressed with gzip or zstd; `-` is standard input
    #[arg(value_name = "EXPORT", required = true)]
    pub exports: Vec<String>,
}

/// `--scope`
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum ScopeArg {
    /// The base only.
    Base,
    /// One level below the base.
    One,
    /// The base and everything below it.
    Sub,
}

/// `search --format`
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum SearchFormat {
    /// LDIF, as `ldapsearch -LLL` writes it.
    Ldif,
    /// One JSON object per line, as `offboard json` writes it.
    Jsonl,
    /// A table of the attributes of --attrs.
    Csv,
}

/// `offboard lint`
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example: check and fix a change file before OpenLDAP's ldapmodify runs it
  offboard lint --for openldap change.ldif
  offboard lint --for openldap --fix change.ldif > fixed.ldif

error    offboard, or a tool of the server of --for, refuses or misreads this
warning  some tools read this differently
note     not in RFC 2849, but every tool reads it

Exit status: 0 only notes, or everything was fixed · 1 findings, or something was not fixed ·
2 a file cannot be opened.")]
pub struct Lint {
    /// Server whose tools will read the file: also report what these refuse or misread
    #[arg(long = "for", value_name = "SERVER", value_parser = server(described_servers()))]
    pub target: Option<Server>,
    /// Schema files.
    #[command(flatten)]
    pub schema: SchemaOption,
    /// Output format
    #[arg(long, value_enum, default_value_t = LintFormat::Text)]
    pub format: LintFormat,
    /// Write the file to standard output with everything fixed that is safe to fix; other problems go to standard error
    #[arg(long, conflicts_with = "format")]
    pub fix: bool,
    /// LDIF files, content or changes; `-` is standard input
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<String>,
}

/// The words of the servers, each with its product for the help.
fn described_servers() -> impl Iterator<Item = PossibleValue> {
    Server::VARIANTS.iter().map(|known| PossibleValue::new(<&'static str>::from(known)).help(known.profile().product))
}

/// `lint --format`
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum LintFormat {
    /// Text for people.
    Text,
    /// One JSON object with a list of problems.
    Json,
    /// SARIF 2.1.0, for code review tools.
    Sarif,
}

/// `offboard json`
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example: the DNs of all entries that have a manager
  offboard json export.ldif.gz | jq -r 'select(any(.attrs[]; .[0] == \"manager\")) | .dn'

All values are printed, passwords and other secrets too.")]
pub struct Json {
    /// Add line numbers of records and attributes
    #[arg(long)]
    pub positions: bool,
    /// Write values given as `:< URL` as {"url": ..} instead of refusing them
    #[arg(long, conflicts_with = "url_folder")]
    pub keep_urls: bool,
    /// Continue with the next record after one that cannot be read
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
    /// Compare with this DN: exit status 0 if both identify the same entry, 1 if not
    #[arg(long, value_name = "OTHER", allow_hyphen_values = true)]
    pub equal: Option<String>,
    /// The distinguished name
    #[arg(value_name = "DN", allow_hyphen_values = true)]
    pub dn: String,
}
