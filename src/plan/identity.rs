//! Which entry an identity means.
//!
//! | identity | matches an account |
//! | --- | --- |
//! | a DN | whose name is that DN, or that a change set of `--history` has moved from there |
//! | `attribute=value` (a column of a list) | that has the value |
//! | text | that has it in one of the policy's `match` attributes |
//! | `uid@domain` | that has `uid` in the first `match` attribute and is in that domain |
//!
//! An account is in a domain if an RDN of its name is `o=domain`, or its `dc` RDNs spell it. Values compare by
//! the matching rule of their attribute.

use std::collections::HashMap;

use crate::directory::EntryView;
use crate::directory::key_hash::KeyMap;
use crate::ldap::attribute_types::equality_rule;
use crate::ldap::domain::{components, organisations};
use crate::ldap::matching::{MatchingRule, normalize};
use crate::ldap::{Dn, TypeMap};
use crate::leavers::Identity;
use crate::lifecycle::History;
use crate::policy::Policy;

/// Identities, ready to be looked up entry by entry.
pub struct Identities {
    by_key: KeyMap<Vec<usize>>,
    /// Free text → identities, for entries whose name is not a DN.
    by_text: HashMap<Vec<u8>, Vec<usize>>,
    /// Which of `by_attribute` an attribute is.
    types: TypeMap<usize>,
    by_attribute: Vec<ByAttribute>,
}

struct ByAttribute {
    attribute_type: String,
    rule: MatchingRule,
    /// Normalised value → identities, each perhaps inside one domain only.
    values: HashMap<Vec<u8>, Vec<(usize, Option<String>)>>,
}

impl Identities {
    /// Takes the identities; they are known by their index from now on.
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

    fn add(&mut self, attribute_type: &str, value: &[u8], index: usize, domain: Option<String>) {
        let at = self.types.get(attribute_type).unwrap_or_else(|| {
            let rule = equality_rule(attribute_type);
            self.types.insert(attribute_type, self.by_attribute.len());
            let attribute_type = attribute_type.to_owned();
            self.by_attribute.push(ByAttribute { attribute_type, rule, values: HashMap::new() });
            self.by_attribute.len() - 1
        });
        let known = &mut self.by_attribute[at];
        let value = normalize(known.rule, value).into_owned();
        known.values.entry(value).or_default().push((index, domain));
    }

    /// The identities that mean this entry by its name.
    pub fn by_name(&self, entry: &EntryView<'_>) -> &[usize] {
        self.by_key.get(entry.key).map_or(&[], Vec::as_slice)
    }

    /// The identities that a text means which is not a DN, although it is the name of an entry.
    pub fn by_bad_name(&self, name: &[u8]) -> &[usize] {
        self.by_text.get(name).map_or(&[], Vec::as_slice)
    }

    /// Adds the identities that mean a value of the attribute type with this number, in whatever domain, each once.
    pub fn by_value_anywhere(&self, at: usize, value: &[u8], found: &mut Vec<usize>) {
        let known = &self.by_attribute[at];
        let value = normalize(known.rule, value);
        for (index, _) in known.values.get(&*value).map_or(&[][..], Vec::as_slice) {
            if !found.contains(index) {
                found.push(*index);
            }
        }
    }

    /// The attribute types by whose values an entry may be meant, each with its number.
    pub fn types(&self) -> impl Iterator<Item = (&str, usize)> {
        self.by_attribute.iter().enumerate().map(|(at, known)| (known.attribute_type.as_str(), at))
    }

    /// Adds the identities that mean an entry by a value of the attribute type with this number, each once.
    pub fn by_value(&self, at: usize, value: &[u8], entry: &EntryView<'_>, found: &mut Vec<usize>) {
        let known = &self.by_attribute[at];
        let value = normalize(known.rule, value);
        for (index, domain) in known.values.get(&*value).map_or(&[][..], Vec::as_slice) {
            let inside = domain.as_deref().is_none_or(|domain| is_in_domain(&entry.record.dn, domain));
            if inside && !found.contains(index) {
                found.push(*index);
            }
        }
    }
}

/// Whether an entry is in a mail domain, by its name.
pub fn is_in_domain(dn: &[u8], domain: &str) -> bool {
    let Ok(dn) = Dn::parse(dn) else { return false };
    let is_domain = |value: &[u8]| value.eq_ignore_ascii_case(domain.as_bytes());
    let components = components(&dn);
    organisations(&dn).iter().any(|name| is_domain(name))
        || (0..components.len())
            .any(|first| (first..components.len()).any(|last| is_domain(&components[first..=last].join(&b'.'))))
}
