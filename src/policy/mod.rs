//! The policy: what a site says about its accounts, read from TOML and checked.
//!
//! [`file`] is the file as written, [`sections`] what it means: filters and names parsed, words known, every section
//! there; `check` leads from one to the other. `presets/` holds whole policies for known systems; a file names one and
//! overrides what differs.

pub mod book_root;
mod check;
mod file;
pub mod limit;
pub mod pattern;
mod schema;
pub mod sections;
pub mod server;
pub mod server_schema;
pub mod single_valued;
pub mod tools;

use std::collections::BTreeMap;
use std::ops::Range;

pub use book_root::BookRoot;
pub use limit::{Limit, LimitKind};
pub use pattern::Pattern;
pub use schema::schema;
pub use sections::*;
pub use server::Server;
pub use server_schema::ServerSchema;
pub use tools::Tools;

use serde::Deserialize as _;
use toml::Spanned;
use toml::de::{DeTable, Deserializer};

use crate::ldap::AttributeDescription;
use crate::spelling::suggestion;
use file::File;

/// The presets by name: whole, commented policies.
pub const PRESETS: [(&str, &str); 6] = [
    ("sun-comms", include_str!("presets/sun-comms.toml")),
    ("sun-calendar", include_str!("presets/sun-calendar.toml")),
    ("messaging-5", include_str!("presets/messaging-5.toml")),
    ("openldap", include_str!("presets/openldap.toml")),
    ("389ds", include_str!("presets/389ds.toml")),
    ("active-directory", include_str!("presets/active-directory.toml")),
];

/// The text of a preset.
pub fn preset(name: &str) -> Option<&'static str> {
    PRESETS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// A fault in a policy file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PolicyError {
    /// Bytes of the file that it is about, if it is about a place.
    pub span: Option<Range<usize>>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// A checked policy.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The server, and what the exports must cover.
    pub directory: DirectoryPolicy,
    /// Which entries are accounts.
    pub accounts: AccountPolicy,
    /// Rules for some accounts, the first that fits counts.
    pub rules: Vec<Rule>,
    /// How an account is disabled.
    pub disable: DisablePolicy,
    /// How it is brought back.
    pub restore: RestorePolicy,
    /// Where the date of the mark is written and read.
    pub stamp: Option<Stamp>,
    /// Where disabled accounts go, if anywhere.
    pub moving: Option<MovePolicy>,
    /// What marks an account that is never touched again.
    pub disconnect: Option<DisconnectPolicy>,
    /// How long a marked account waits.
    pub grace: GracePolicy,
    /// Services by name.
    pub services: BTreeMap<String, ServicePolicy>,
    /// Which attributes name accounts, and what is done with them.
    pub references: ReferencePolicy,
    /// Who takes over.
    pub successor: SuccessorPolicy,
    /// Where address books stand.
    pub address_books: AddressBookPolicy,
    /// What no plan may touch.
    pub protect: ProtectPolicy,
    /// Limits by kind.
    pub limits: Limits,
    /// Rosters by name.
    pub rosters: BTreeMap<String, RosterPolicy>,
    /// Accounts that are held.
    pub veto: Veto,
    /// Attributes that tell of things outside the directory: home folders, message stores.
    pub leftovers: Vec<AttributeDescription>,
    /// Attributes whose values are secrets, beside those that always are.
    pub secrets: Vec<String>,
    /// Who writes to those who take over, in notices.
    pub notice_from: Option<String>,
}

impl Policy {
    /// Whether a key stands below the place that disabled accounts are moved to.
    pub fn is_moved(&self, key: &[u8]) -> bool {
        self.moving.as_ref().is_some_and(|moving| moving.holds(key))
    }

    /// Reads a policy, with the preset that it names underneath.
    pub fn parse(text: &str) -> Result<Self, Vec<PolicyError>> {
        let read = |text: &str| toml::from_str::<File>(text).map_err(|error| faults(text, &error));
        let file = read(text)?;
        let file = match &file.preset {
            None => file,
            Some(name) => {
                let Some(base) = preset(name.get_ref()) else {
                    let known: Vec<&str> = PRESETS.iter().map(|(name, _)| *name).collect();
                    return Err(vec![PolicyError {
                        span: Some(name.span()),
                        message: format!("no preset `{}`", name.get_ref()),
                        help: Some(suggestion(name.get_ref(), &known)),
                    }]);
                };
                // What stands in the preset gets a place behind the end of this file, so that a fault which comes of both
                // does not point to a wrong line of it.
                let base = read(&(" ".repeat(text.len()) + base))?;
                file.over(base)
            }
        };
        check::check(&file).map_err(|mut faults| {
            for fault in &mut faults {
                fault.span = fault.span.take().filter(|span| span.end <= text.len());
            }
            faults
        })
    }
}

/// All that is wrong with a file that is not read: every fault of the TOML; else, of each of its sections the first.
fn faults(text: &str, first: &toml::de::Error) -> Vec<PolicyError> {
    let (whole, broken) = DeTable::parse_recoverable(text);
    if !broken.is_empty() {
        return broken.iter().map(toml_error).collect();
    }
    let section = |(key, value): (&Spanned<_>, &Spanned<_>)| {
        let alone = DeTable::from_iter([(key.clone(), value.clone())]);
        File::deserialize(Deserializer::from(Spanned::new(whole.span(), alone))).err()
    };
    let mut faults: Vec<PolicyError> =
        whole.get_ref().iter().filter_map(section).map(|error| toml_error(&error)).collect();
    faults.sort_by_key(|fault| fault.span.as_ref().map(|span| span.start));
    if faults.is_empty() { vec![toml_error(first)] } else { faults }
}

/// A fault in our words where it is about a key: serde's "unknown field `x`, expected one of `a`, `b`".
fn toml_error(error: &toml::de::Error) -> PolicyError {
    let message = error.message();
    let mut names = message.split('`').skip(1).step_by(2);
    if message.starts_with("unknown field `")
        && let Some(unknown) = names.next()
    {
        let known: Vec<&str> = names.collect();
        let message = format!("unknown key `{unknown}`");
        return PolicyError { span: error.span(), message, help: Some(suggestion(unknown, &known)) };
    }
    // The words of serde and Rust, in those of the file.
    let words = [
        (" as i128", ""),
        ("expected u32", "expected a whole number from 0"),
        ("expected u64", "expected a whole number from 0"),
        ("expected i64", "expected a whole number"),
        ("expected f64", "expected a number"),
        ("expected a sequence", "expected a list, [\"...\"]"),
        ("expected struct Limit", "expected a table, { count = 5 }"),
        ("expected struct ", "expected the table "),
        ("invalid type: map", "invalid type: table"),
        ("missing field", "missing key"),
    ];
    let message = words.iter().fold(message.to_owned(), |message, (from, to)| message.replace(from, to));
    PolicyError { span: error.span(), message, help: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every preset is a policy on its own, has every limit, and protects nothing by a name that a site must have.
    #[test]
    fn presets_are_policies() {
        for (name, text) in PRESETS {
            let policy = Policy::parse(text).unwrap_or_else(|errors| panic!("{name}: {errors:?}"));
            for (kind, word) in LimitKind::ALL {
                assert!(policy.limits.get(kind).is_some(), "{name} has no limit for {word}");
            }
            let named = Policy::parse(&format!("preset = \"{name}\"\n")).unwrap();
            assert_eq!(named.grace.days, policy.grace.days, "{name}");
        }
    }
}
