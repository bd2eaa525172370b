//! The account that takes over what a deleted account owns.
//!
//! The sources are asked in the order of `[successor] order`; the first eligible entry counts:
//!
//! | source | entry |
//! | --- | --- |
//! | `leaver` | the successor that the leaver list names |
//! | `manager` | the manager of the account; if that one leaves or is disabled, the manager's manager, and so on; none if the chain runs in a circle |
//! | `fallback` | `[successor] fallback` |
//!
//! An entry is eligible if the exports hold it, no leaver of this plan matches it, and none of the fixed values of `[disable]`
//! is in its export.
//!
//! A source that names an entry which cannot take over ends the search. The next source never takes over in its place without
//! a word:
//!
//! | source | names | result |
//! | --- | --- | --- |
//! | `leaver` | no entry, several, or one that is not eligible | an account that would be deleted is held; a decision item |
//! | `manager` | several entries, or a value that is not a DN | no successor; a decision item |
//! | `manager` | an entry that the exports lack | the next source is asked; a decision item |
//! | `fallback` | an entry that is not eligible | no successor; a decision item |

use std::collections::{HashMap, HashSet};

use super::error::PlanError;
use super::gather::{Gathered, Query};
use super::item_code::ItemCode;
use super::locate::IdentityMatches;
use super::model::{Account, DecisionItem, Hold};
use super::operational::OperationalNeeds;
use super::retained::RetainedPasses;
use crate::directory::identity::Resolution;
use crate::directory::key_hash::KeySet;
use crate::directory::snapshot::Directory;
use crate::ldap::{Dn, DnKey, Entry, Origin};
use crate::lifecycle::Reason;
use crate::lifecycle::state::is_disabled_in_part;
use crate::policy::{Policy, SuccessorSource};

/// The search for the successors of all accounts.
pub struct SuccessorSearch<'s> {
    /// The accounts of the plan.
    pub accounts: &'s [Account],
    /// The entries that the successors in the list match.
    pub matches: &'s IdentityMatches<'s>,
    /// The accounts that leave, by name: their indices.
    pub leaving: &'s HashMap<DnKey, usize>,
    /// The policy.
    pub policy: &'s Policy,
    /// The operational attributes that the exports do not show.
    pub needs: &'s OperationalNeeds<'s>,
}

/// The successor of one account.
#[derive(Clone)]
pub enum Succession {
    /// This entry.
    Entry(Box<Entry>),
    /// There is none; why the chain of managers gave none, if it was asked.
    None(Option<&'static str>),
}

/// The successors of all accounts.
pub struct Successions {
    /// By account.
    pub by_account: Vec<Succession>,
    /// Successors that are named and cannot take over.
    pub decision_items: Vec<DecisionItem>,
}

/// Where a search for one account ends.
#[derive(Clone, Debug, PartialEq, Eq)]
enum SearchEnd {
    /// At this entry.
    Found(DnKey),
    /// Nowhere; why the chain of managers gave no entry, if it was asked.
    None(Option<&'static str>),
    /// At a source that names an entry which cannot take over, and why.
    Stopped(&'static str),
    /// At an entry that was not looked up yet.
    Unknown(DnKey),
}

/// The entries that were looked up; `None` for a name that the exports lack.
type KnownEntries<'k> = HashMap<DnKey, Option<&'k Entry>>;

/// What the values of `manager` of an entry name.
enum Manager<'e> {
    /// No value.
    None,
    /// One entry.
    One(Dn),
    /// Several entries.
    Several,
    /// This value is not a DN.
    NotDn(&'e [u8]),
}

impl<'e> Manager<'e> {
    fn of(entry: &'e Entry) -> Self {
        let mut found: Option<Dn> = None;
        for value in entry.values("manager") {
            match (Dn::parse(&value.bytes), &found) {
                (Err(_), _) => return Self::NotDn(&value.bytes),
                (Ok(dn), Some(known)) if dn.key() != known.key() => return Self::Several,
                (Ok(dn), _) => found = Some(dn),
            }
        }
        found.map_or(Self::None, Self::One)
    }

    fn one(self) -> Option<Dn> {
        match self {
            Self::One(dn) => Some(dn),
            Self::None | Self::Several | Self::NotDn(_) => None,
        }
    }
}

/// The successor that a leaver list names.
enum Named<'m> {
    /// The list names none.
    None,
    /// This entry, which can take over if it is eligible.
    One(&'m Entry),
    /// None that could take over: why, and the decision item.
    Unusable(&'static str, ItemCode, Vec<u8>),
}

impl SuccessorSearch<'_> {
    /// Every entry that may be the successor of an account without going up the chain of managers.
    fn initial_candidates(&self) -> KeySet {
        let mut candidates = KeySet::default();
        for account in self.accounts {
            for source in &self.policy.successor.order {
                let dn = match source {
                    SuccessorSource::Leaver => match self.named_successor(account) {
                        Named::One(entry) => Some(entry.dn.clone()),
                        Named::None | Named::Unusable(..) => None,
                    },
                    SuccessorSource::Manager => Manager::of(&account.entry).one(),
                    SuccessorSource::Fallback => self.policy.successor.fallback.clone(),
                };
                candidates.extend(dn.map(|dn| dn.key().clone()));
            }
        }
        candidates
    }

    /// The entries that the second reading should look for.
    pub fn query(&self) -> Query {
        Query { entries: self.initial_candidates(), ..Query::default() }
    }

    /// Finds the successors; looks up more entries where chains of managers ask for them.
    pub fn run<D: Directory<RetainedPasses>>(
        &self,
        directory: &D,
        gathered: &Gathered,
    ) -> Result<Successions, PlanError<D::Error>> {
        let asked = self.initial_candidates();
        let mut looked_up: Vec<Entry> = Vec::new();
        let mut missing: Vec<DnKey> = Vec::new();
        loop {
            let entries = gathered.related.iter().map(|related| &*related.entry).chain(&looked_up);
            let mut known: KnownEntries<'_> = asked.iter().chain(&missing).map(|key| (key.clone(), None)).collect();
            known.extend(entries.map(|entry| (entry.dn.key().clone(), Some(entry))));
            let mut chain_ends = HashMap::new();
            let ends: Vec<SearchEnd> =
                self.accounts.iter().map(|account| self.search(account, &known, &mut chain_ends)).collect();
            let unknown: KeySet = ends
                .iter()
                .filter_map(|end| match end {
                    SearchEnd::Unknown(key) => Some(key.clone()),
                    SearchEnd::Found(_) | SearchEnd::None(_) | SearchEnd::Stopped(_) => None,
                })
                .collect();
            if unknown.is_empty() {
                let succession = |end| match end {
                    SearchEnd::Found(key) => match known.get(&key).copied().flatten() {
                        Some(entry) => Succession::Entry(Box::new(entry.clone())),
                        None => Succession::None(None),
                    },
                    SearchEnd::None(why) => Succession::None(why),
                    SearchEnd::Stopped(why) => Succession::None(Some(why)),
                    SearchEnd::Unknown(_) => Succession::None(None),
                };
                let by_account = ends.into_iter().map(succession).collect();
                return Ok(Successions { by_account, decision_items: self.unusable(&known) });
            }
            let found = directory.entries(&unknown)?;
            let exist: HashSet<&DnKey> = found.iter().map(|entry| entry.dn.key()).collect();
            missing.extend(unknown.into_iter().filter(|key| !exist.contains(key)));
            looked_up.extend(found);
        }
    }

    /// Searches the successor of an account among the known entries.
    ///
    /// `chain_ends` keeps where chains of managers end; it is valid for the same accounts and `known`.
    fn search(
        &self,
        account: &Account,
        known: &KnownEntries<'_>,
        chain_ends: &mut HashMap<DnKey, SearchEnd>,
    ) -> SearchEnd {
        let mut why = None;
        for source in &self.policy.successor.order {
            let (candidate, unusable) = match source {
                SuccessorSource::Leaver => match self.named_successor(account) {
                    Named::None => continue,
                    Named::One(entry) => (entry.dn.key().clone(), "the successor in the list leaves or is disabled"),
                    Named::Unusable(why, ..) => return SearchEnd::Stopped(why),
                },
                SuccessorSource::Fallback => match &self.policy.successor.fallback {
                    None => continue,
                    Some(dn) => (dn.key().clone(), "[successor] fallback cannot take over"),
                },
                SuccessorSource::Manager => match self.next_manager(account, known, chain_ends) {
                    SearchEnd::None(reason) => {
                        why = why.or(reason);
                        continue;
                    }
                    end => return end,
                },
            };
            return match known.get(&candidate) {
                None => SearchEnd::Unknown(candidate),
                Some(Some(entry)) if self.is_eligible(entry) => SearchEnd::Found(candidate),
                Some(_) => SearchEnd::Stopped(unusable),
            };
        }
        SearchEnd::None(why)
    }

    /// The first eligible entry up the chain of managers.
    ///
    /// Chains meet. Where one was followed already, its end is known; without that, a list of accounts along one chain would
    /// take quadratic time.
    fn next_manager(
        &self,
        account: &Account,
        known: &KnownEntries<'_>,
        chain_ends: &mut HashMap<DnKey, SearchEnd>,
    ) -> SearchEnd {
        let own = account.entry.dn.key();
        // The chain of another account ends at an account that stays; the account's own chain does not. So the two have the
        // same end only for accounts that leave.
        let has_common_end = self.leaving.contains_key(own);
        let mut seen = HashSet::new();
        let mut below: &Entry = &account.entry;
        let end = loop {
            let is_own = below.dn.key() == own;
            let manager = match Manager::of(below) {
                Manager::One(manager) => manager,
                Manager::None => break SearchEnd::None(Some("the chain of managers ends")),
                Manager::Several if is_own => break SearchEnd::Stopped("the account has several managers"),
                Manager::Several => break SearchEnd::Stopped("a manager in the chain has several managers"),
                Manager::NotDn(_) if is_own => break SearchEnd::Stopped("the manager is not a DN"),
                Manager::NotDn(_) => break SearchEnd::Stopped("a manager in the chain is not a DN"),
            };
            let key = manager.key();
            if let Some(end) = chain_ends.get(key).filter(|_| has_common_end) {
                break end.clone();
            }
            if key == own || !seen.insert(key.clone()) {
                break SearchEnd::None(Some("the chain of managers runs in a circle"));
            }
            if let Some(index) = self.leaving.get(key) {
                below = &self.accounts[*index].entry;
                continue;
            }
            match known.get(key) {
                None => break SearchEnd::Unknown(key.clone()),
                Some(None) => break SearchEnd::None(Some("a manager in the chain is not in the exports")),
                Some(Some(entry)) if self.is_eligible(entry) => break SearchEnd::Found(key.clone()),
                Some(Some(entry)) => below = entry,
            }
        };
        if has_common_end {
            chain_ends.extend(seen.into_iter().map(|key| (key, end.clone())));
        }
        end
    }

    fn is_eligible(&self, entry: &Entry) -> bool {
        !self.leaving.contains_key(entry.dn.key())
            && !is_disabled_in_part(entry, self.policy)
            && !self.needs.may_be_disabled(entry)
    }

    fn named_successor(&self, account: &Account) -> Named<'_> {
        match self.matches.of_successor(account.leaver) {
            None => Named::None,
            Some(Resolution::Exactly(found)) => Named::One(&found.entry),
            Some(Resolution::None { nearest }) => {
                let detail = nearest.map(|nearest| nearest.clause()).unwrap_or_default();
                Named::Unusable("no account matches it", ItemCode::SuccessorUnknown, detail)
            }
            Some(Resolution::Several(_)) => {
                Named::Unusable("several accounts match it", ItemCode::SuccessorAmbiguous, Vec::new())
            }
        }
    }

    /// The accounts of which the list names a successor that cannot take over.
    pub fn unusable_named(&self) -> Vec<Hold> {
        let is_asked = self.policy.successor.order.contains(&SuccessorSource::Leaver);
        let unusable = |(index, account): (usize, &Account)| {
            let why = match self.named_successor(account) {
                Named::None => return None,
                Named::One(entry) if self.is_eligible(entry) => return None,
                Named::One(_) => "that account leaves or is disabled",
                Named::Unusable(why, ..) => why,
            };
            let name = self.matches.successor_identity(account.leaver)?.to_string();
            Some(Hold { account: index, reason: Reason::SuccessorUnusable(name, why) })
        };
        self.accounts.iter().enumerate().filter(|_| is_asked).filter_map(unusable).collect()
    }

    /// Successors that are named and cannot take over: by the list, by the policy, or as a manager that has no substitute.
    ///
    /// They are reported by every plan, whether it deletes an account or not: on the day of the deletion it would be late.
    fn unusable(&self, known: &KnownEntries<'_>) -> Vec<DecisionItem> {
        let mut items = Vec::new();
        for (index, account) in self.accounts.iter().enumerate() {
            // If the lines of the list disagree, none of them counts.
            let is_disputed = matches!(account.decision.reason, Reason::LeaversDisagree(_));
            if self.leaving.contains_key(account.entry.dn.key()) && !is_disputed {
                self.add_unusable_of(index, account, known, &mut items);
            }
        }
        items.extend(self.unusable_fallback(known));
        items
    }

    fn add_unusable_of(
        &self,
        index: usize,
        account: &Account,
        known: &KnownEntries<'_>,
        items: &mut Vec<DecisionItem>,
    ) {
        let item = |code, attribute: &str, value: &[u8], evidence| {
            let item = DecisionItem::of_account(index, &account.entry, code, attribute, value);
            DecisionItem { evidence, ..item }
        };
        let of_manager = |code, value: &[u8]| {
            let line =
                account.entry.values("manager").find(|known| &*known.bytes == value).map_or(0, |known| known.line);
            item(code, "manager", value, Origin { line, ..account.entry.origin })
        };
        for source in &self.policy.successor.order {
            match source {
                SuccessorSource::Leaver => {
                    let Some(named) = self.matches.successor_identity(account.leaver) else { continue };
                    let (code, detail) = match self.named_successor(account) {
                        Named::One(entry) if self.is_eligible(entry) => return,
                        Named::None => continue,
                        Named::One(_) => (ItemCode::SuccessorLeaves, Vec::new()),
                        Named::Unusable(_, code, detail) => (code, detail),
                    };
                    let item = item(code, "successor", named.to_string().as_bytes(), Origin::default());
                    items.push(DecisionItem { detail, ..item });
                    return;
                }
                SuccessorSource::Manager => match Manager::of(&account.entry) {
                    Manager::None => {}
                    Manager::One(manager) => match known.get(manager.key()) {
                        Some(Some(entry)) if self.is_eligible(entry) => return,
                        Some(None) if !self.leaving.contains_key(manager.key()) => {
                            items.push(of_manager(ItemCode::ManagerUnknown, manager.raw_bytes()));
                        }
                        _ => {}
                    },
                    Manager::Several => {
                        let first = account.entry.values("manager").map(|value| &*value.bytes).min();
                        items.push(of_manager(ItemCode::ManagerAmbiguous, first.unwrap_or_default()));
                        return;
                    }
                    Manager::NotDn(value) => {
                        items.push(of_manager(ItemCode::ManagerUnknown, value));
                        return;
                    }
                },
                // Reported once for all accounts.
                SuccessorSource::Fallback => {}
            }
        }
    }

    fn unusable_fallback(&self, known: &KnownEntries<'_>) -> Option<DecisionItem> {
        let is_used = self.policy.successor.order.contains(&SuccessorSource::Fallback) && !self.leaving.is_empty();
        let fallback = self.policy.successor.fallback.as_ref().filter(|_| is_used)?;
        let code = match known.get(fallback.key())? {
            None => ItemCode::FallbackUnknown,
            Some(entry) if !self.is_eligible(entry) => ItemCode::FallbackLeaves,
            Some(_) => return None,
        };
        Some(DecisionItem::of_input(code, "[successor] fallback", fallback.raw_bytes()))
    }
}
