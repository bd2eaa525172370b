//! Which entries reach another entry through values of an attribute, for filters with a
//! [chain](crate::ldap::filter::chain).
//!
//! | attribute | an entry reaches the target |
//! | --- | --- |
//! | any | if a value names the target, or an entry that reaches it |
//! | `memberOf` | the same; or if the target, or a group that reaches it, has the entry as `member` or `uniqueMember`: an export may lack `memberOf` |
//!
//! Each reading of the exports follows all chains by one step, so it takes one reading more than the deepest nesting has
//! levels. Circles come to an end, because each name is followed once.

use std::sync::Arc;

use super::key_hash::KeySet;
use super::references::named_dn;
use super::references::reference_attributes::{MEMBERS, is_member};
use super::scan::{EntryView, Pass, Unreadable};
use crate::ldap::attribute::{base_type, same_type};
use crate::ldap::filter::chain::{Chain, Chains, ReachedNames};
use crate::ldap::{DnKey, TypeMap};
use crate::ldif::AttributeSelection;

/// An entry that reaches the target of a chain.
pub struct Reached {
    /// The chain, by index.
    chain: usize,
    /// The name of the entry.
    name: DnKey,
}

/// One step along all chains.
pub struct ChainPass<'c> {
    chains: &'c [Chain],
    /// For each chain, the names that the last step reached.
    last: Vec<KeySet>,
    interest: AttributeSelection,
}

impl<'c> ChainPass<'c> {
    fn new(chains: &'c [Chain], last: Vec<KeySet>) -> Self {
        let names = chains.iter().map(|chain| chain.attribute.as_str());
        let interest: TypeMap<()> = names.chain(MEMBERS).map(|name| (name, ())).collect();
        Self { chains, last, interest }
    }
}

impl Pass for ChainPass<'_> {
    type Found = Vec<Reached>;

    fn interest(&self) -> Option<&AttributeSelection> {
        Some(&self.interest)
    }

    fn visit(&self, entry: &EntryView<'_>, found: &mut Vec<Reached>) -> Result<(), Unreadable> {
        for (index, (chain, last)) in self.chains.iter().zip(&self.last).enumerate() {
            let is_reached_group = chain.is_of_members() && last.contains(entry.key);
            for line in &entry.record.attributes {
                let name = base_type(&line.description);
                let named = || DnKey::parse(named_dn(name, line.value.bytes())).ok();
                if same_type(name, &chain.attribute) && named().is_some_and(|named| last.contains(&named)) {
                    found.push(Reached { chain: index, name: DnKey::from_key_bytes(entry.key) });
                }
                if is_reached_group && is_member(name) {
                    found.extend(named().map(|name| Reached { chain: index, name }));
                }
            }
        }
        Ok(())
    }
}

/// Looks up which entries reach the targets of chains. `read` shows every entry to a pass.
pub fn follow<E>(
    chains: Vec<Chain>,
    mut read: impl FnMut(&ChainPass<'_>) -> Result<Vec<Reached>, E>,
) -> Result<Chains, E> {
    let mut reached = vec![ReachedNames::default(); chains.len()];
    let mut last: Vec<KeySet> = chains.iter().map(|chain| KeySet::from_iter([chain.target.clone()])).collect();
    while last.iter().any(|names| !names.is_empty()) {
        let found = read(&ChainPass::new(&chains, std::mem::take(&mut last)))?;
        last.resize(chains.len(), KeySet::default());
        for Reached { chain, name } in found {
            if reached[chain].insert(name.clone()) {
                last[chain].insert(name);
            }
        }
    }
    Ok(Chains(chains.into_iter().zip(reached.into_iter().map(Arc::new)).collect()))
}
