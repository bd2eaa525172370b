//! The policy: the rules of a site for its accounts, read from TOML and checked.
//!
//! 1. `document` merges the tables of a file over those of the preset that it names.
//! 2. `file` reads the merged tables into types. A key that these types do not have is an error.
//! 3. `check` parses names and filters, looks up words, and returns a [`Policy`], which consists of [`sections`].
//!
//! [`in_force`] writes the merged tables as TOML again. `presets/` has a complete policy for each known system. To add one,
//! write `presets/NAME.toml` and add it to [`PRESETS`].

pub mod book_root;
mod check;
mod document;
mod file;
pub mod following;
mod former;
pub mod in_force;
pub mod kept;
pub mod limit;
pub mod lines;
pub mod pattern;
mod placeholder;
mod schema;
pub mod sections;
pub mod tools;
pub mod word;

use std::collections::BTreeMap;
use std::ops::Range;

pub use book_root::BookRoot;
pub use in_force::Difference;
pub use kept::Kept;
pub use limit::{Limit, LimitKind};
pub use lines::{EntryLine, Picks};
pub use pattern::Pattern;
pub use schema::schema;
pub use sections::*;
pub use tools::ProvisioningTools;
pub use word::Word;

pub use crate::ldap::{Server, ServerSchema};

use crate::ldap::AttributeDescription;
use crate::ldap::attribute::{base_type, same_type};
use crate::ldap::filter::Filter;
use crate::ldap::filter::chain::{Chain, Chains};
use crate::ldap::schema::Schema;
use crate::ldap::secrets::is_secret;
use crate::ldap::vocabulary::Vocabulary;
use crate::lifecycle::state::disable_attributes;
use document::{Document, Node, Preset};
use former::suggestion_or_present_name;

/// The presets: name and text. Each is a complete policy with comments.
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

/// The help for a filter item that is Undefined.
const UNDEFINED_HELP: &str = "correct the filter, or give a schema that describes the attribute: --schema FILE, or its entry in the exports; an item that cannot be evaluated matches no entry, even below `!`";

/// An attribute type of a filter that neither the tables nor a schema know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownAttribute {
    /// The key of the filter in the policy.
    pub key: String,
    /// The attribute type.
    pub name: String,
}

/// An error in a policy file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PolicyError {
    /// The place in the file, in bytes; `None` if the error is not in one place, such as a missing key.
    pub span: Option<Range<usize>>,
    /// What is wrong, as a sentence without a full stop.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// A valid part of a policy that may be a mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyWarning {
    /// The place in the file, in bytes.
    pub span: Option<Range<usize>>,
    /// What may be wrong, as a sentence without a full stop.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

/// The file that a policy was read from.
#[derive(Clone, Debug, Default)]
pub struct PolicySource {
    /// The name of the file, as on the command line; empty if there is none.
    pub name: String,
    /// The text of the file.
    pub text: String,
}

impl PolicySource {
    /// The first byte of the line of a place, and the number of the line, from 1.
    pub fn line_of(&self, place: &Range<usize>) -> (usize, u64) {
        let before = self.text.get(..place.start).unwrap_or_default();
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        (start, 1 + before.matches('\n').count() as u64)
    }
}

/// A checked policy.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The server, and what the exports must contain.
    pub directory: DirectoryPolicy,
    /// Which entries are accounts.
    pub accounts: AccountPolicy,
    /// Rules for some accounts; the first that matches applies.
    pub rules: Vec<Rule>,
    /// How an account is disabled.
    pub disable: DisablePolicy,
    /// How an account is restored.
    pub restore: RestorePolicy,
    /// The dated value that says since when an account is disabled.
    pub stamp: Option<Stamp>,
    /// Where disabled accounts are moved.
    pub moving: Option<MovePolicy>,
    /// The blocking value, which excludes an account from all later plans.
    pub disconnect: Option<DisconnectPolicy>,
    /// How long a disabled account waits before it is deleted.
    pub grace: GracePolicy,
    /// The services, by name.
    pub services: BTreeMap<String, ServicePolicy>,
    /// Which attributes refer to accounts, and what happens to their values.
    pub references: ReferencePolicy,
    /// Who takes over what a deleted account owns.
    pub successor: SuccessorPolicy,
    /// Where personal address books are.
    pub address_books: AddressBookPolicy,
    /// What happens to entries below a deleted account.
    pub children: ChildrenPolicy,
    /// Entries that no plan may change.
    pub protect: ProtectPolicy,
    /// The limits, by kind of change.
    pub limits: Limits,
    /// The rosters, by name.
    pub rosters: BTreeMap<String, RosterPolicy>,
    /// Accounts that are held.
    pub veto: Veto,
    /// Attributes that refer to things outside the directory: home folders, message stores.
    pub hand_off_attributes: Vec<AttributeDescription>,
    /// Attribute types whose values are secrets, in addition to those that always are.
    pub secrets: Vec<String>,
    /// Attribute types whose values are shown, although their names look like those of secrets.
    pub shown_secrets: Vec<String>,
    /// The sender of notices to successors.
    pub notice_from: Option<String>,
    /// The name of the preset.
    pub preset: Option<&'static str>,
    /// The keys whose values differ from the preset. Values of secret attributes are masked.
    pub differences: Vec<Difference>,
    /// Parts that may be mistakes.
    pub warnings: Vec<PolicyWarning>,
    /// The lines of the file that pick entries; those of the preset are not among them.
    pub entry_lines: Vec<EntryLine>,
    /// Where the filters are in the file, by key; those of the preset are not among them.
    pub filter_places: BTreeMap<String, Range<usize>>,
    /// The file, to which the places in errors and warnings refer.
    pub source: PolicySource,
}

impl Policy {
    /// Whether the values of an attribute are secrets, by its names alone. Options do not matter.
    pub fn is_secret(&self, description: &str) -> bool {
        let base = base_type(description);
        self.secrets.iter().any(|own| same_type(own, base)) || is_secret(base) && !self.shows(base)
    }

    /// Whether the policy shows an attribute whose name looks like that of a secret.
    pub fn shows(&self, description: &str) -> bool {
        self.shown_secrets.iter().any(|own| same_type(own, base_type(description)))
    }

    /// Whether the entry with this key is in the container of disabled accounts.
    pub fn is_moved(&self, key: &[u8]) -> bool {
        self.moving.as_ref().is_some_and(|moving| moving.contains(key))
    }

    /// The same policy, with its filters bound to a schema and to the matching rules of its server.
    ///
    /// Which entries a filter matches depends on the schema. Bind the policy before it is used to read exports.
    #[must_use]
    pub fn bound(&self, schema: &Schema) -> Self {
        let vocabulary = Vocabulary { schema, rules: self.directory.server.profile().filters };
        let mut bound = self.clone();
        bound.for_each_filter(&mut |_, filter| *filter = filter.bound(vocabulary));
        bound
    }

    /// Whether the filters of accounts and of rosters are bound in the same way as in another copy of this policy.
    pub fn finds_as(&self, other: &Self) -> bool {
        let scopes = |policy: &'_ Self| -> Vec<Option<Filter>> {
            policy.rosters.values().map(|roster| roster.scope.filter.clone()).collect()
        };
        self.accounts.filter == other.accounts.filter
            && self.veto.filter() == other.veto.filter()
            && scopes(self) == scopes(other)
    }

    /// The same policy, with the entries that its filters reach through other entries.
    #[must_use]
    pub fn with_chains(mut self, chains: &Chains) -> Self {
        self.for_each_filter(&mut |_, filter| filter.set_chains(chains));
        self
    }

    /// The chains that the filters follow through other entries.
    pub fn chains(&self) -> Vec<Chain> {
        let mut found = Vec::new();
        self.clone().for_each_filter(&mut |_, filter| filter.add_chains(&mut found));
        found
    }

    /// The errors of filter items that are Undefined for every entry.
    pub fn undefined(&self) -> Vec<PolicyError> {
        let mut found = Vec::new();
        self.clone().for_each_filter(&mut |key, filter| {
            let errors = filter.undefined();
            found.extend(errors.iter().map(|undefined| self.filter_error(key, &undefined.to_string(), UNDEFINED_HELP)));
        });
        found
    }

    /// The attribute types that the filters ask for and of which neither the tables nor a schema know, each with the key of
    /// its filter.
    ///
    /// What the policy itself writes is known: before the first plan no entry has it.
    pub fn unknown_attributes(&self, schema: &Schema) -> Vec<UnknownAttribute> {
        let vocabulary = Vocabulary { schema, rules: self.directory.server.profile().filters };
        let written: Vec<&str> = self.written_attributes().map(AttributeDescription::attribute_type).collect();
        let mut found: Vec<UnknownAttribute> = Vec::new();
        self.clone().for_each_filter(&mut |key, filter| {
            filter.for_each_asked(&mut |name| {
                let is_written = written.iter().any(|own| same_type(own, name));
                let is_new = || !found.iter().any(|other| other.key == key && same_type(&other.name, name));
                if !is_written && !vocabulary.knows(name) && is_new() {
                    found.push(UnknownAttribute { key: key.to_owned(), name: name.to_owned() });
                }
            });
        });
        found
    }

    /// The error of a filter that asks for an attribute type that nothing knows.
    pub fn unknown_attribute(&self, unknown: &UnknownAttribute, schema: &Schema) -> PolicyError {
        let vocabulary = Vocabulary { schema, rules: self.directory.server.profile().filters };
        let message =
            format!("no entry has the attribute type {}, and neither offboard nor a schema knows it", unknown.name);
        let help = match vocabulary.nearest(&unknown.name) {
            Some(near) => {
                format!("did you mean `{near}`? Correct the filter, or give a schema that has the type (--schema)")
            }
            None => "correct the filter, or give a schema that has the type (--schema)".to_owned(),
        };
        self.filter_error(&unknown.key, &message, &help)
    }

    fn filter_error(&self, key: &str, what: &str, help: &str) -> PolicyError {
        PolicyError {
            span: self.filter_places.get(key).cloned(),
            message: format!("a filter of the policy cannot be evaluated on these exports: {key}: {what}"),
            help: Some(help.to_owned()),
        }
    }

    /// The attributes that the policy writes on accounts.
    fn written_attributes(&self) -> impl Iterator<Item = &AttributeDescription> {
        let stamp = self.stamp.iter().map(|stamp| &stamp.attribute);
        let blocking = self.disconnect.iter().map(|disconnect| &disconnect.attribute);
        disable_attributes(self).chain(stamp).chain(blocking)
    }

    /// Calls `take` with each filter and its key in the policy.
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

    /// Parses a policy file, merged over the preset that it names; on failure, all errors in the order of their places.
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
            let is_secret = |key: &str| policy.is_secret(key);
            let mut found = Vec::new();
            in_force::differences(&preset.table()?, &document.table, Node::root(), "", &is_secret, &mut found);
            policy.differences = found;
        }
        // The places of the preset are after the end of the file.
        policy.entry_lines.retain(|line| line.place.end <= text.len());
        policy.filter_places.retain(|_, place| place.end <= text.len());
        text.clone_into(&mut policy.source.text);
        Ok(policy)
    }
}

/// The errors of a file in the order of their places.
///
/// An error of an unknown placeholder replaces other errors in the same value. An error in a value of the preset has no place
/// in the file, so its message names the line of the preset.
fn ordered(
    mut faults: Vec<PolicyError>,
    unknown: Vec<PolicyError>,
    text: &str,
    preset: Option<&Preset>,
) -> Vec<PolicyError> {
    faults.retain(|fault| {
        let has_placeholder = |span: &Range<usize>| {
            let overlaps = |other: &Range<usize>| span.start < other.end && other.start < span.end;
            unknown.iter().filter_map(|fault| fault.span.as_ref()).any(overlaps)
        };
        !fault.span.as_ref().is_some_and(has_placeholder)
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

/// An error of TOML or serde, in the words of policies: "key" in place of "field", and with help for unknown keys.
fn in_words(error: &toml::de::Error) -> PolicyError {
    let message = error.message();
    let mut names = message.split('`').skip(1).step_by(2);
    if message.starts_with("unknown field `")
        && let Some(unknown) = names.next()
    {
        let known: Vec<&str> = names.collect();
        let message = format!("unknown key `{unknown}`");
        return PolicyError { span: error.span(), message, help: Some(suggestion_or_present_name(unknown, &known)) };
    }
    // Names of Rust types, and the names of TOML types in their place.
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
    use strum::VariantArray as _;

    use super::*;

    /// Every preset is a complete policy and has all limits.
    #[test]
    fn presets_are_policies() {
        for (name, text) in PRESETS {
            let policy = Policy::parse(text).unwrap_or_else(|errors| panic!("{name}: {errors:?}"));
            for kind in LimitKind::VARIANTS {
                assert!(policy.limits.get(*kind).is_some(), "{name} has no limit for {}", kind.name());
            }
            assert_eq!(policy.unknown_attributes(&Schema::default()), [], "{name}");
            let named = Policy::parse(&format!("preset = \"{name}\"\n")).unwrap();
            assert_eq!(named.grace.days, policy.grace.days, "{name}");
        }
    }
}
