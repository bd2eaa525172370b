//! Which entries each identity of a request means: what pass 1 found, by identity.
//!
//! Identities are numbered in this order: leavers, successors of those leavers that have one, vetoes.

use std::collections::HashMap;

use super::Request;
use super::resolve::Match;
use crate::leavers::Identity;

/// The identities of a request, in the order of their numbers.
pub fn identities(request: &Request) -> impl Iterator<Item = &Identity> {
    let leavers = request.leavers.iter().map(|leaver| &leaver.identity);
    let successors = request.leavers.iter().filter_map(|leaver| leaver.successor.as_ref());
    leavers.chain(successors).chain(request.vetoes.iter().map(|(identity, _)| identity))
}

/// The entries that identities mean.
pub struct Meanings<'m> {
    found: HashMap<usize, Vec<&'m Match>>,
    /// For each leaver, the identity of its successor and its number.
    successors: Vec<Option<(usize, &'m Identity)>>,
    first_veto: usize,
}

impl<'m> Meanings<'m> {
    /// By identity what was found by entry.
    pub fn new(matches: &'m [Match], request: &'m Request) -> Self {
        let mut found: HashMap<usize, Vec<&Match>> = HashMap::new();
        for one in matches {
            for identity in &one.identities {
                found.entry(*identity).or_default().push(one);
            }
        }
        let mut next = request.leavers.len();
        let successors = request.leavers.iter().map(|leaver| {
            leaver.successor.as_ref().map(|identity| {
                next += 1;
                (next - 1, identity)
            })
        });
        Self { found, successors: successors.collect(), first_veto: next }
    }

    fn of(&self, identity: usize) -> &[&'m Match] {
        self.found.get(&identity).map_or(&[], Vec::as_slice)
    }

    /// What a leaver means.
    pub fn of_leaver(&self, leaver: usize) -> &[&'m Match] {
        self.of(leaver)
    }

    /// What the successor of a leaver means; nothing if it has none.
    pub fn of_successor(&self, leaver: usize) -> &[&'m Match] {
        self.successors.get(leaver).copied().flatten().map_or(&[], |(number, _)| self.of(number))
    }

    /// The successor that the list names for a leaver.
    pub fn successor_identity(&self, leaver: usize) -> Option<&'m Identity> {
        self.successors.get(leaver).copied().flatten().map(|(_, identity)| identity)
    }

    /// Whether a veto means an entry.
    pub fn has_veto(&self, veto: usize) -> bool {
        !self.of(self.first_veto + veto).is_empty()
    }

    /// The first veto on an entry.
    pub fn first_veto(&self, one: &Match) -> Option<usize> {
        one.identities.iter().filter_map(|identity| identity.checked_sub(self.first_veto)).min()
    }
}
