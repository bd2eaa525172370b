//! Chains: Active Directory's `LDAP_MATCHING_RULE_IN_CHAIN` (1.2.840.113556.1.4.1941, MS-ADTS 3.1.1.3.4.4.3).
//!
//! `(manager:1.2.840.113556.1.4.1941:=D)` matches an entry whose `manager` is D, or whose manager's manager is, at any depth.
//! One entry does not show that. Who has such a filter asks for its chains, looks up which entries reach their targets
//! ([`directory::chains`](crate::directory::chains)), and gives the names back. Until then the item is Undefined.

use std::collections::HashSet;
use std::sync::Arc;

use super::Filter;
use super::bind::ValueTest;
use crate::ldap::DnKey;
use crate::ldap::attribute::same_type;

/// An attribute that is followed from entry to entry, and the entry where that has to end.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Chain {
    /// The attribute type, by its canonical name.
    pub attribute: String,
    /// The name of the entry to reach.
    pub target: DnKey,
}

impl Chain {
    /// Whether the chain follows `memberOf`, the back link of members.
    pub fn is_of_members(&self) -> bool {
        same_type(&self.attribute, "memberOf")
    }
}

/// The names of the entries that reach the target of a chain.
pub type ReachedNames = HashSet<DnKey>;

/// The chains of filters, with the entries that reach their targets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chains(pub Vec<(Chain, Arc<ReachedNames>)>);

impl Filter {
    /// Adds the chains that the filter asks for to `chains`, each once.
    pub fn add_chains(&self, chains: &mut Vec<Chain>) {
        match self {
            Self::And(filters) | Self::Or(filters) => filters.iter().for_each(|filter| filter.add_chains(chains)),
            Self::Not(filter) => filter.add_chains(chains),
            Self::Item(item) => {
                if let ValueTest::Chain { chain, .. } = &item.test
                    && !chains.contains(chain)
                {
                    chains.push(chain.clone());
                }
            }
        }
    }

    /// Notes which entries reach the targets of the filter's chains.
    pub fn set_chains(&mut self, chains: &Chains) {
        match self {
            Self::And(filters) | Self::Or(filters) => filters.iter_mut().for_each(|filter| filter.set_chains(chains)),
            Self::Not(filter) => filter.set_chains(chains),
            Self::Item(item) => {
                if let ValueTest::Chain { chain, reached } = &mut item.test {
                    *reached = chains.0.iter().find(|(known, _)| known == chain).map(|(_, names)| Arc::clone(names));
                }
            }
        }
    }
}
