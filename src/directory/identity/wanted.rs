//! The identities that a run asks for, indexed for a lookup by entry.
//!
//! | identity | matches an account |
//! | --- | --- |
//! | a DN | whose name is that DN, or that change sets of `--history` have moved from that name |
//! | `attribute=value` (a column of a list) | that has the value |
//! | text | that has it in one of the policy's `match` attributes |
//! | `uid@domain` | that has `uid` in the first `match` attribute, and is in that [domain](crate::ldap::domain) or was moved from there |
//!
//! Values compare by the matching rule of their attribute. A mail address is looked for in every attribute with addresses of
//! the entry itself (see [`holders`](super::holders)), if `mail` or another one of them is asked for. What an identity does not match may be near:
//!
//! | identity | near is an account |
//! | --- | --- |
//! | `uid@domain` | that has `uid` and is in a domain above or below that one |
//! | a DN | that has the same RDN in another place |
//! | any but a DN | none, but another entry that has the value |
//!
//! An account that only has a value that is [alike](super::compare) is remembered: a veto that matches nothing holds it.
//!
//! An entry that is no account, such as a mailing list, and has the mail address shares it: then the address alone does not
//! say for certain that an account is meant.

use std::borrow::Cow;
use std::collections::HashMap;

use super::compare::{self, loose_form};
use super::former_names::FormerNames;
use super::holders::{self, ADDRESSES, IdentifierKind, is_held};
use super::{Likeness, Nearest};
use crate::directory::EntryView;
use crate::directory::key_hash::KeyMap;
use crate::ldap::attribute::is_one_of;
use crate::ldap::dn_key::parent_of;
use crate::ldap::domain::{DomainRelation, domain_of_key, domain_relation, is_in_domain};
use crate::ldap::{Dn, DnKey, Origin, TypeMap};
use crate::ldif::AttributeLine;
use crate::leavers::Identity;
use crate::policy::Policy;

/// Identities, indexed for a lookup by entry. Each is known by its number.
pub struct Identities {
    by_key: KeyMap<Vec<usize>>,
    /// By the key bytes of the RDN of a DN.
    by_rdn: HashMap<Vec<u8>, Vec<usize>>,
    /// By free text, for entries with an invalid DN.
    by_text: HashMap<Vec<u8>, Vec<usize>>,
    /// For each attribute type, its index in `by_attribute`.
    types: TypeMap<usize>,
    by_attribute: Vec<ByAttribute>,
    former_names: FormerNames,
}

struct ByAttribute {
    attribute_type: String,
    /// The values are mail addresses of the entry itself.
    is_address: bool,
    /// By normalised value.
    values: HashMap<Vec<u8>, Vec<WantedValue>>,
    /// By what is left of the value without leading zeros, punctuation and blanks.
    loose: HashMap<Vec<u8>, Vec<usize>>,
}

impl ByAttribute {
    fn new(attribute_type: &str) -> Self {
        let is_address = is_one_of(&ADDRESSES, attribute_type);
        Self { attribute_type: attribute_type.to_owned(), is_address, values: HashMap::new(), loose: HashMap::new() }
    }

    /// A value in the form by which it is known here.
    fn normal_form<'v>(&self, value: &'v [u8]) -> Cow<'v, [u8]> {
        if self.is_address {
            Cow::Owned(holders::normal_form(IdentifierKind::Address, value))
        } else {
            compare::normal_form(&self.attribute_type, value)
        }
    }
}

/// A value that an identity asks for.
struct WantedValue {
    /// The identity, by index.
    identity: usize,
    /// The only domain in which it counts, if there is one.
    domain: Option<String>,
}

/// The identities that one entry matches, and those that it is only near to.
#[derive(Debug, Default)]
pub struct MatchedIdentities {
    /// Those that it matches, each once.
    pub matched: Vec<usize>,
    /// Those whose mail address it has, although it is no account.
    pub shared: Vec<usize>,
    /// Those that it is near to.
    near: Vec<(usize, Likeness)>,
    /// Those of which it only has an alike value.
    pub alike: Vec<AlikeValue>,
}

/// A value of an entry that is only alike to the one that an identity asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlikeValue {
    /// The identity, by number.
    pub identity: usize,
    /// The value of the entry.
    pub value: Vec<u8>,
}

/// The nearest entry of identities.
#[derive(Clone, Debug, Default)]
pub struct NearestEntries(HashMap<usize, Nearest>);

impl NearestEntries {
    /// The nearest entry of an identity.
    pub fn of(&self, identity: usize) -> Option<&Nearest> {
        self.0.get(&identity)
    }

    /// Adds those of later blocks.
    pub fn merge(&mut self, later: Self) {
        for (identity, nearest) in later.0 {
            self.add(identity, nearest);
        }
    }

    /// Adds an entry for each identity that it is near to.
    pub fn add_entry(&mut self, entry: &EntryView<'_>, found: MatchedIdentities) {
        let MatchedIdentities { near, .. } = found;
        if near.is_empty() {
            return;
        }
        // The name was parsed before, to make its key.
        let Ok(dn) = Dn::parse(&entry.record.dn) else { return };
        let origin = Origin { export: entry.export, line: entry.record.line };
        for (identity, likeness) in near {
            self.add(identity, Nearest { dn: dn.clone(), origin, likeness });
        }
    }

    fn add(&mut self, identity: usize, new: Nearest) {
        match self.0.remove(&identity) {
            Some(known) => self.0.insert(identity, known.nearer(new)),
            None => self.0.insert(identity, new),
        };
    }
}

impl MatchedIdentities {
    fn match_to(&mut self, identity: usize) {
        add_once(&mut self.matched, identity);
    }
}

impl Identities {
    /// Indexes identities; each is known by its position.
    pub fn new<'i>(
        identities: impl IntoIterator<Item = &'i Identity>,
        policy: &Policy,
        former_names: FormerNames,
    ) -> Self {
        let mut all = Self {
            by_key: KeyMap::default(),
            by_rdn: HashMap::new(),
            by_text: HashMap::new(),
            types: TypeMap::default(),
            by_attribute: Vec::new(),
            former_names,
        };
        for (index, identity) in identities.into_iter().enumerate() {
            match identity {
                Identity::Dn(dn) => {
                    all.by_key.entry(dn.key().clone()).or_default().push(index);
                    all.by_rdn.entry(dn.key().rdn_bytes().to_vec()).or_default().push(index);
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
                        all.add(first.attribute_type(), uid.as_bytes(), index, Some(domain));
                    }
                }
            }
        }
        all
    }

    fn add(&mut self, attribute_type: &str, value: &[u8], identity: usize, domain: Option<&str>) {
        let own = [attribute_type];
        let types = if is_one_of(&ADDRESSES, attribute_type) { &ADDRESSES[..] } else { &own };
        for attribute_type in types {
            self.add_to(attribute_type, value, identity, domain.map(str::to_owned));
        }
    }

    fn add_to(&mut self, attribute_type: &str, value: &[u8], identity: usize, domain: Option<String>) {
        let index = self.types.get(attribute_type).unwrap_or_else(|| {
            self.types.insert(attribute_type, self.by_attribute.len());
            self.by_attribute.push(ByAttribute::new(attribute_type));
            self.by_attribute.len() - 1
        });
        let known = &mut self.by_attribute[index];
        let value = known.normal_form(value).into_owned();
        if let Some(loose) = loose_form(&value).filter(|_| domain.is_none()) {
            known.loose.entry(loose).or_default().push(identity);
        }
        known.values.entry(value).or_default().push(WantedValue { identity, domain });
    }

    /// The identities that match an entry by its name, or a former one.
    fn by_name(&self, entry: &EntryView<'_>, found: &mut MatchedIdentities) {
        if self.by_key.is_empty() {
            return;
        }
        let former = self.former_names.of_entry(entry.key);
        for name in std::iter::once(entry.key).chain(former.iter().map(DnKey::as_bytes)) {
            self.by_key.get(name).into_iter().flatten().for_each(|identity| found.match_to(*identity));
        }
    }

    /// How the domain of an entry relates to another. The domain of a former name counts if it is the same.
    fn relation(&self, entry: &EntryView<'_>, domain: &str) -> DomainRelation {
        let was_there = |name: &DnKey| is_in_domain(name.as_bytes(), domain);
        match domain_relation(entry.key, domain) {
            DomainRelation::Same => DomainRelation::Same,
            _ if self.former_names.of_entry(entry.key).iter().any(was_there) => DomainRelation::Same,
            other => other,
        }
    }

    /// The identities that match an entry with an invalid DN by the text of its name.
    pub fn by_bad_name(&self, name: &[u8]) -> &[usize] {
        self.by_text.get(name).map_or(&[], Vec::as_slice)
    }

    /// The attribute types by whose values an entry may match, each with its index.
    pub fn types(&self) -> impl Iterator<Item = (&str, usize)> {
        self.by_attribute.iter().enumerate().map(|(index, known)| (known.attribute_type.as_str(), index))
    }

    /// Adds the identities that an entry matches, or is near to, by a value of the attribute type with this index.
    pub fn by_value(
        &self,
        index: usize,
        line: &AttributeLine<'_>,
        entry: &EntryView<'_>,
        found: &mut MatchedIdentities,
    ) {
        let all = self.wanted(index, line.value.bytes());
        if !all.is_empty() && self.by_attribute[index].is_address && is_held(entry, line) {
            for wanted in all {
                add_once(&mut found.shared, wanted.identity);
            }
        }
        for wanted in all {
            match wanted.domain.as_deref().map_or(DomainRelation::Same, |domain| self.relation(entry, domain)) {
                DomainRelation::Same => found.match_to(wanted.identity),
                DomainRelation::Near => {
                    let domain = domain_of_key(&DnKey::from_key_bytes(entry.key));
                    found.near.push((wanted.identity, Likeness::OtherDomain(domain)));
                }
                DomainRelation::Other => {}
            }
        }
        let (known, value) = (&self.by_attribute[index], line.value.bytes());
        let loose = loose_form(&known.normal_form(value));
        for identity in loose.and_then(|loose| known.loose.get(&loose)).into_iter().flatten() {
            found.alike.push(AlikeValue { identity: *identity, value: value.to_vec() });
        }
    }

    /// Completes what an entry matches by its values: only accounts match by values. Other entries with the value are near.
    /// Adds what it matches by its name.
    pub fn complete(&self, entry: &EntryView<'_>, is_account: bool, found: &mut MatchedIdentities) {
        if is_account {
            found.shared.clear();
            let rdn = entry.key.get(parent_of(entry.key).len()..).and_then(<[u8]>::split_last);
            let rdn = rdn.map_or(&[][..], |(_, rdn)| rdn);
            for identity in self.by_rdn.get(rdn).into_iter().flatten() {
                found.near.push((*identity, Likeness::OtherPlace));
            }
        } else {
            let only_near = std::mem::take(&mut found.matched);
            found.near.extend(only_near.into_iter().map(|identity| (identity, Likeness::NotAnAccount)));
        }
        self.by_name(entry, found);
        let MatchedIdentities { matched, near, alike, .. } = found;
        near.retain(|(identity, _)| !matched.contains(identity));
        alike.retain(|alike| is_account && !matched.contains(&alike.identity));
    }

    /// Adds the identities that match a value of the attribute type with this index in any domain, each once.
    pub fn by_value_in_any_domain(&self, index: usize, value: &[u8], found: &mut Vec<usize>) {
        for wanted in self.wanted(index, value) {
            add_once(found, wanted.identity);
        }
    }

    fn wanted(&self, index: usize, value: &[u8]) -> &[WantedValue] {
        let known = &self.by_attribute[index];
        known.values.get(&*known.normal_form(value)).map_or(&[], Vec::as_slice)
    }
}

fn add_once(identities: &mut Vec<usize>, new: usize) {
    if !identities.contains(&new) {
        identities.push(new);
    }
}
