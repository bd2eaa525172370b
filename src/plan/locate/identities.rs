//! From an identity in a list to the entries that match it.
//!
//! | identity | matches an account |
//! | --- | --- |
//! | a DN | whose name is that DN, or that a change set of `--history` has moved from that name |
//! | `attribute=value` (a column of a list) | that has the value |
//! | text | that has it in one of the policy's `match` attributes |
//! | `uid@domain` | that has `uid` in the first `match` attribute and is in that domain |
//!
//! An account is in a domain if an RDN of its name is `o=domain`, or its `dc` RDNs spell it. Values compare by
//! the matching rule of their attribute.

use std::collections::HashMap;

use crate::directory::EntryView;
use crate::directory::key_hash::KeyMap;
use crate::ldap::TypeMap;
use crate::ldap::attribute_types::equality_rule;
use crate::ldap::domain::is_in_domain;
use crate::ldap::matching::{MatchingRule, normalize};
use crate::leavers::Identity;
use crate::lifecycle::History;
use crate::policy::Policy;

/// Identities, indexed for a lookup by entry.
pub struct Identities {
    by_key: KeyMap<Vec<usize>>,
    /// By free text, for entries with an invalid DN.
    by_text: HashMap<Vec<u8>, Vec<usize>>,
    /// For each attribute type, its index in `by_attribute`.
    types: TypeMap<usize>,
    by_attribute: Vec<ByAttribute>,
}

struct ByAttribute {
    attribute_type: String,
    rule: MatchingRule,
    /// By normalised value.
    values: HashMap<Vec<u8>, Vec<WantedValue>>,
}

/// A value that an identity asks for.
struct WantedValue {
    /// The identity, by index.
    identity: usize,
    /// The only domain in which it counts, if there is one.
    domain: Option<String>,
}

impl Identities {
    /// Indexes identities; each is known by its position.
    pub fn new<'i>(identities: impl IntoIterator<Item = &'i Identity>, policy: &Policy, history: &History) -> Self {
        let mut all = Self {
            by_key: KeyMap::default(),
            by_text: HashMap::new(),
            types: TypeMap::default(),
            by_attribute: Vec::new(),
        };
        for (index, identity) in identities.into_iter().enumerate() {
            match identity {
                Identity::Dn(dn) => {
                    for name in [Some(dn.key()), history.moved_to(dn.key())].into_iter().flatten() {
                        all.by_key.entry(name.clone()).or_default().push(index);
                    }
                }
                Identity::Attribute { description, value } => {
                    all.add(description.attribute_type(), value.as_bytes(), index, None);
                }
                Identity::Text(text) => {
                    all.by_text.entry(text.as_bytes().to_vec()).or_default().push(index);
                    for description in &policy.accounts.matching {
                        all.add(description.attribute_type(), text.as_bytes(), index, None);
                    }
                    if let (Some((uid, domain)), Some(first)) =
                        (text.rsplit_once('@'), policy.accounts.matching.first())
                    {
                        all.add(first.attribute_type(), uid.as_bytes(), index, Some(domain.to_owned()));
                    }
                }
            }
        }
        all
    }

    fn add(&mut self, attribute_type: &str, value: &[u8], identity: usize, domain: Option<String>) {
        let index = self.types.get(attribute_type).unwrap_or_else(|| {
            let rule = equality_rule(attribute_type);
            self.types.insert(attribute_type, self.by_attribute.len());
            let attribute_type = attribute_type.to_owned();
            self.by_attribute.push(ByAttribute { attribute_type, rule, values: HashMap::new() });
            self.by_attribute.len() - 1
        });
        let known = &mut self.by_attribute[index];
        let value = normalize(known.rule, value).into_owned();
        known.values.entry(value).or_default().push(WantedValue { identity, domain });
    }

    /// The identities that match an entry by its name.
    pub fn by_name(&self, entry: &EntryView<'_>) -> &[usize] {
        self.by_key.get(entry.key).map_or(&[], Vec::as_slice)
    }

    /// The identities that match an entry with an invalid DN by the text of its name.
    pub fn by_bad_name(&self, name: &[u8]) -> &[usize] {
        self.by_text.get(name).map_or(&[], Vec::as_slice)
    }

    /// The attribute types by whose values an entry may match, each with its index.
    pub fn types(&self) -> impl Iterator<Item = (&str, usize)> {
        self.by_attribute.iter().enumerate().map(|(index, known)| (known.attribute_type.as_str(), index))
    }

    /// Adds the identities that match an entry by a value of the attribute type with this index, each once.
    pub fn by_value(&self, index: usize, value: &[u8], entry: &EntryView<'_>, found: &mut Vec<usize>) {
        let is_inside =
            |wanted: &WantedValue| wanted.domain.as_deref().is_none_or(|domain| is_in_domain(&entry.record.dn, domain));
        self.add_matches(index, value, &is_inside, found);
    }

    /// Adds the identities that match a value of the attribute type with this index in any domain, each once.
    pub fn by_value_in_any_domain(&self, index: usize, value: &[u8], found: &mut Vec<usize>) {
        self.add_matches(index, value, &|_| true, found);
    }

    fn add_matches(&self, index: usize, value: &[u8], counts: &dyn Fn(&WantedValue) -> bool, found: &mut Vec<usize>) {
        let known = &self.by_attribute[index];
        let value = normalize(known.rule, value);
        for wanted in known.values.get(&*value).into_iter().flatten().filter(|wanted| counts(wanted)) {
            if !found.contains(&wanted.identity) {
                found.push(wanted.identity);
            }
        }
    }
}
