//! The entries that each identity of a request matches.
//!
//! Identities are numbered in this order: leavers, successors of the leavers that have one, vetoes.

use std::collections::{BTreeMap, HashMap};

use super::pass::{LocatedEntries, Match};
use crate::directory::identity::wanted::{AlikeValue, NearestEntries};
use crate::directory::identity::{Likeness, Nearest, Resolution};
use crate::ldap::DnKey;
use crate::ldap::dn_key::prefixes;
use crate::leavers::Identity;
use crate::lifecycle::History;
use crate::plan::request::Request;

/// The identities of a request, in the order of their numbers.
pub fn identities(request: &Request) -> impl Iterator<Item = &Identity> {
    let leavers = request.leavers.iter().map(|leaver| &leaver.identity);
    let successors = request.leavers.iter().filter_map(|leaver| leaver.successor.as_ref());
    leavers.chain(successors).chain(request.vetoes.iter().map(|(identity, _)| identity))
}

/// The successor that the list names for a leaver.
#[derive(Clone, Copy)]
struct NamedSuccessor<'m> {
    number: usize,
    identity: &'m Identity,
}

/// The entries that identities match.
pub struct IdentityMatches<'m> {
    by_identity: HashMap<usize, Vec<&'m Match>>,
    /// The accounts that only have a value that is alike, by identity.
    alike: HashMap<usize, Nearest>,
    /// Entries that are no accounts and have the mail address.
    shared_by: HashMap<usize, Vec<&'m Match>>,
    nearest: &'m NearestEntries,
    /// By leaver.
    successors: Vec<Option<NamedSuccessor<'m>>>,
    first_veto: usize,
}

impl<'m> IdentityMatches<'m> {
    /// Groups matches by identity.
    pub fn new(found: &'m LocatedEntries, request: &'m Request) -> Self {
        let mut by_identity: HashMap<usize, Vec<&Match>> = HashMap::new();
        let mut shared_by: HashMap<usize, Vec<&Match>> = HashMap::new();
        for found in &found.matches {
            for identity in &found.shared {
                shared_by.entry(*identity).or_default().push(found);
            }
            for identity in &found.identities {
                by_identity.entry(*identity).or_default().push(found);
            }
        }
        let mut alike: HashMap<usize, Nearest> = HashMap::new();
        for found in &found.matches {
            for AlikeValue { identity, value } in &found.alike {
                let (dn, origin) = (found.entry.dn.clone(), found.entry.origin);
                let new = Nearest { dn, origin, likeness: Likeness::Alike(value.clone()) };
                let nearer = match alike.remove(identity) {
                    Some(known) => known.nearer(new),
                    None => new,
                };
                alike.insert(*identity, nearer);
            }
        }
        let mut next = request.leavers.len();
        let successors = request.leavers.iter().map(|leaver| {
            leaver.successor.as_ref().map(|identity| {
                next += 1;
                NamedSuccessor { number: next - 1, identity }
            })
        });
        Self {
            by_identity,
            alike,
            shared_by,
            nearest: &found.nearest,
            successors: successors.collect(),
            first_veto: next,
        }
    }

    fn of_identity(&self, identity: usize) -> Resolution<&'m Match> {
        let found = self.by_identity.get(&identity).map_or(&[][..], Vec::as_slice);
        Resolution::of(found.iter().copied()).or_nearest(|| self.nearest.of(identity).cloned())
    }

    /// Of one identity that must mean an account: an address that another entry shares does not say for certain which is meant.
    /// An entry below the account is a part of it.
    fn of_certain(&self, identity: usize) -> Resolution<&'m Match> {
        let found = self.of_identity(identity);
        let Resolution::Exactly(account) = found else { return found };
        let shared_by = self.shared_by.get(&identity).into_iter().flatten().copied();
        let others = shared_by.filter(|other| !other.entry.dn.key().is_at_or_under(account.entry.dn.key()));
        Resolution::of([account].into_iter().chain(others))
    }

    fn named_successor(&self, leaver: usize) -> Option<NamedSuccessor<'m>> {
        self.successors.get(leaver).copied().flatten()
    }

    /// The entry that a leaver matches.
    pub fn of_leaver(&self, leaver: usize) -> Resolution<&'m Match> {
        self.of_certain(leaver)
    }

    /// The entry that the successor of a leaver matches; `None` if the list names no successor.
    pub fn of_successor(&self, leaver: usize) -> Option<Resolution<&'m Match>> {
        Some(self.of_certain(self.named_successor(leaver)?.number))
    }

    /// The successor that the list names for a leaver.
    pub fn successor_identity(&self, leaver: usize) -> Option<&'m Identity> {
        self.named_successor(leaver).map(|successor| successor.identity)
    }

    /// The entries that a veto matches. All of them are held. If there are none, accounts with an alike value are held.
    pub fn of_veto(&self, veto: usize) -> Resolution<&'m Match> {
        let identity = self.first_veto + veto;
        self.of_identity(identity).or_nearest(|| self.alike.get(&identity).cloned())
    }

    /// The names of the entries that the vetoes match, each with the list and line of the first veto. A veto on a container
    /// also holds what change sets of `--history` moved out of it.
    pub fn vetoed(&self, matches: &[Match], request: &Request, history: &History) -> BTreeMap<DnKey, String> {
        let vetoed = matches.iter().filter_map(|found| {
            let (_, list) = request.vetoes.get(self.first_veto(found)?)?;
            Some((found.entry.dn.key().clone(), list.clone()))
        });
        let mut vetoed: BTreeMap<DnKey, String> = vetoed.collect();
        let mut containers: HashMap<&DnKey, &String> = HashMap::new();
        for (identity, list) in &request.vetoes {
            if let Identity::Dn(dn) = identity {
                containers.entry(dn.key()).or_insert(list);
            }
        }
        for (old, present) in history.moves().filter(|_| !containers.is_empty()) {
            if let Some(list) =
                prefixes(old.as_bytes()).find_map(|(above, _)| containers.get(&DnKey::from_key_bytes(above)))
            {
                vetoed.entry(present.clone()).or_insert_with(|| (*list).clone());
            }
        }
        vetoed
    }

    /// The first veto that matches an entry, or that matches none and is alike to a value of this one.
    pub fn first_veto(&self, found: &Match) -> Option<usize> {
        let alike = found.alike.iter().map(|alike| &alike.identity);
        let alike = alike.filter(|identity| !self.by_identity.contains_key(*identity));
        found.identities.iter().chain(alike).filter_map(|identity| identity.checked_sub(self.first_veto)).min()
    }
}
