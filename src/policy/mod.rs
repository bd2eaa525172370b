//! The policy: what a site says about its accounts, read from TOML and checked.
//!
//! `document` merges the tables of a file over those of the preset that it names, `file` types the result, and `check`
//! leads to what it means: [`sections`], with filters and names parsed, words known, every section there. [`in_force`]
//! writes the result as TOML again. `presets/` holds whole policies for known systems.

pub mod book_root;
mod check;
mod document;
mod file;
pub mod in_force;
pub mod limit;
pub mod pattern;
mod placeholder;
mod schema;
pub mod sections;
pub mod server;
pub mod server_schema;
pub mod single_valued;
pub mod tools;

use std::collections::BTreeMap;
use std::ops::Range;

pub use book_root::BookRoot;
pub use in_force::Difference;
pub use limit::{Limit, LimitKind};
pub use pattern::Pattern;
pub use schema::schema;
pub use sections::*;
pub use server::Server;
pub use server_schema::ServerSchema;
pub use tools::ProvisioningTools;

use crate::ldap::AttributeDescription;
use crate::ldap::attribute::{base_type, same_type};
use crate::ldap::filter::Filter;
use crate::ldap::schema::Schema;
use crate::ldap::secrets::is_secret;
use crate::ldap::vocabulary::Vocabulary;
use crate::suggestion::suggestion;
use document::{Document, Node, Preset};

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

/// Something that a policy may say, and that may not be meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyWarning {
    /// Bytes of the file that it is about, if it is about a place.
    pub span: Option<Range<usize>>,
    /// What it is.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

/// The file that a policy was read from.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// Its name, as given; empty if there is none.
    pub name: String,
    /// Its text.
    pub text: String,
}

impl Source {
    /// Where the line of a place begins, and its number.
    pub fn line_of(&self, place: &Range<usize>) -> (usize, u64) {
        let before = self.text.get(..place.start).unwrap_or_default();
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        (start, 1 + before.matches('\n').count() as u64)
    }
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
    /// What disables an account that is never touched again.
    pub disconnect: Option<DisconnectPolicy>,
    /// How long a disabled account waits.
    pub grace: GracePolicy,
    /// Services by name.
    pub services: BTreeMap<String, ServicePolicy>,
    /// Which attributes name accounts, and what is done with them.
    pub references: ReferencePolicy,
    /// Who takes over.
    pub successor: SuccessorPolicy,
    /// Where address books stand.
    pub address_books: AddressBookPolicy,
    /// What is done about entries below an account that is deleted.
    pub children: ChildrenPolicy,
    /// What no plan may touch.
    pub protect: ProtectPolicy,
    /// Limits by kind.
    pub limits: Limits,
    /// Rosters by name.
    pub rosters: BTreeMap<String, RosterPolicy>,
    /// Accounts that are held.
    pub veto: Veto,
    /// Attributes that tell of things outside the directory: home folders, message stores.
    pub hand_off_attributes: Vec<AttributeDescription>,
    /// Attributes whose values are secrets, beside those that always are.
    pub secrets: Vec<String>,
    /// Who writes to those who take over, in notices.
    pub notice_from: Option<String>,
    /// The preset that the file names.
    pub preset: Option<&'static str>,
    /// The keys whose values are not the preset's. Values of secret attributes are masked.
    pub differences: Vec<Difference>,
    /// What may not be meant.
    pub warnings: Vec<PolicyWarning>,
    /// The file: what the places in faults and warnings are about.
    pub source: Source,
}

impl Policy {
    /// Whether a key stands below the place that disabled accounts are moved to.
    pub fn is_moved(&self, key: &[u8]) -> bool {
        self.moving.as_ref().is_some_and(|moving| moving.holds(key))
    }

    /// The same policy, with its filters bound to a schema and to the rules of its server.
    ///
    /// What a policy finds depends on it: bind it to what is known of the directory before anything is read by it.
    #[must_use]
    pub fn bound(&self, schema: &Schema) -> Self {
        let vocabulary = Vocabulary { schema, rules: self.directory.server.profile().filters };
        let mut bound = self.clone();
        bound.for_each_filter(&mut |_, filter| *filter = filter.bound(vocabulary));
        bound
    }

    /// Whether the filters that say which entries are accounts, and which of them a roster is about, are bound alike.
    pub fn finds_as(&self, other: &Self) -> bool {
        let scopes = |policy: &'_ Self| -> Vec<Option<Filter>> {
            policy.rosters.values().map(|roster| roster.scope.filter.clone()).collect()
        };
        self.accounts.filter == other.accounts.filter && scopes(self) == scopes(other)
    }

    /// The items of its filters that are Undefined for every entry, each as the section, the filter and why.
    pub fn undefined(&self) -> Vec<String> {
        let mut found = Vec::new();
        self.clone().for_each_filter(&mut |section, filter| {
            found.extend(filter.undefined().iter().map(|undefined| format!("{section}: {undefined}")));
        });
        found
    }

    /// Calls `take` with each filter and the key that holds it.
    fn for_each_filter(&mut self, take: &mut dyn FnMut(&str, &mut Filter)) {
        take("[accounts] filter", &mut self.accounts.filter);
        let optional = [
            ("[accounts] provenance", &mut self.accounts.provenance),
            ("[protect] filter", &mut self.protect.filter),
            ("[veto] filter", &mut self.veto.filter),
            ("[children] own", &mut self.children.own),
        ];
        for (section, filter) in optional {
            if let Some(filter) = filter {
                take(section, filter);
            }
        }
        for (index, rule) in self.rules.iter_mut().enumerate() {
            if let Some(filter) = &mut rule.filter {
                take(&format!("[[rule]] {} filter", index + 1), filter);
            }
        }
        for (name, roster) in &mut self.rosters {
            if let Some(filter) = &mut roster.scope.filter {
                take(&format!("[roster.{name}] filter"), filter);
            }
        }
    }

    /// Reads a policy, merged over the preset that it names.
    pub fn parse(text: &str) -> Result<Self, Vec<PolicyError>> {
        let preset = Preset::of(text)?;
        let document = Document::read(text, preset.as_ref())?;
        let unknown = placeholder::unknown(&document.table, text);
        let checked = document.file().and_then(|file| check::check(&file));
        let mut policy = match (checked, unknown.is_empty()) {
            (Ok(policy), true) => policy,
            (checked, _) => return Err(ordered(checked.err().unwrap_or_default(), unknown, text, preset.as_ref())),
        };
        if let Some(preset) = &preset {
            let is_secret =
                |key: &str| is_secret(key) || policy.secrets.iter().any(|own| same_type(own, base_type(key)));
            let mut found = Vec::new();
            in_force::differences(&preset.table()?, &document.table, Node::root(), "", &is_secret, &mut found);
            policy.differences = found;
        }
        text.clone_into(&mut policy.source.text);
        Ok(policy)
    }
}

/// The faults of a file by their places: those of unknown placeholders in the place of others that are about the same text.
/// A fault that is about a text of the preset comes of both: the message names the preset's line.
fn ordered(
    mut faults: Vec<PolicyError>,
    unknown: Vec<PolicyError>,
    text: &str,
    preset: Option<&Preset>,
) -> Vec<PolicyError> {
    faults.retain(|fault| {
        let about = |span: &Range<usize>| {
            let holds = |other: &Range<usize>| span.start < other.end && other.start < span.end;
            unknown.iter().filter_map(|fault| fault.span.as_ref()).any(holds)
        };
        !fault.span.as_ref().is_some_and(about)
    });
    if !unknown.is_empty() {
        faults.extend(unknown);
        faults.sort_by_key(|fault| fault.span.as_ref().map_or(usize::MAX, |span| span.start));
    }
    for fault in &mut faults {
        if let Some(span) = fault.span.take_if(|span| span.end > text.len())
            && let Some(preset) = preset
        {
            fault.message = format!("{} (line {} of the preset {})", fault.message, preset.line(&span), preset.name);
        }
    }
    faults
}

/// A fault in our words where it is about a key: serde's "unknown field `x`, expected one of `a`, `b`".
fn in_words(error: &toml::de::Error) -> PolicyError {
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
