//! The types that the steps of a plan share.

use std::sync::Arc;

use super::item_code::ItemCode;
use crate::directory::census::Place;
use crate::directory::identity::Nearest;
use crate::directory::references::{Renaming, Successor};
use crate::ldap::{Dn, Entry, Origin};
use crate::lifecycle::{Decision, Reason, Step};

/// An account or a dependent, by its index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SubjectId {
    /// An account of the plan.
    Account(usize),
    /// A dependent, in the order in which they were found.
    Dependent(usize),
}

impl SubjectId {
    /// The index of a dependent; `None` for an account.
    pub fn dependent(self) -> Option<usize> {
        match self {
            Self::Account(_) => None,
            Self::Dependent(index) => Some(index),
        }
    }
}

/// What the plan does with the entry of a subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It stays where it is.
    Stays,
    /// It gets another name.
    Moves(Renaming),
    /// It is deleted.
    Deleted,
}

/// An account that a leaver matches, and what is done with it.
pub struct Account {
    /// The leaver, by index into the plan's leavers.
    pub leaver: usize,
    /// The entry as the export shows it.
    pub entry: Arc<Entry>,
    /// What is done, and why.
    pub decision: Decision,
    /// The name of the successor, if there is one.
    pub successor: Option<Dn>,
    /// Why the chain of managers gave no successor, if it was asked.
    pub no_successor: Option<&'static str>,
    /// The entry of the successor.
    pub successor_entry: Option<Entry>,
    /// The name that the account had before an earlier change set moved it.
    pub history_name: Option<Dn>,
    /// The entry of the mail domain that the account is in.
    pub domain: Option<Entry>,
}

impl Account {
    /// Whether the plan deletes the account.
    pub fn is_deleted(&self) -> bool {
        self.decision.step == Step::Delete
    }
}

/// The entries of the accounts that the plan deletes.
pub fn deleted_entries(accounts: &[Account]) -> impl Iterator<Item = &Entry> {
    accounts.iter().filter(|account| account.is_deleted()).map(|account| &*account.entry)
}

/// What kind of dependent an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DependentKind {
    /// An alias.
    Alias,
    /// The private group of an account.
    PrivateGroup,
    /// A group that loses its last member.
    EmptiedGroup,
    /// An entry that the server deletes with its origin.
    ManagedEntry,
}

/// An entry that exists only for an account.
#[derive(Clone)]
pub struct Dependent {
    /// What kind of dependent it is.
    pub kind: DependentKind,
    /// The entry.
    pub entry: Arc<Entry>,
    /// What it directly depends on: an account, or a dependent that was found earlier.
    pub of: SubjectId,
    /// The account that it exists for.
    pub account: usize,
}

impl Dependent {
    /// Why it is deleted.
    pub fn reason(&self) -> &'static str {
        match self.kind {
            DependentKind::Alias => "an alias of a deleted entry",
            DependentKind::ManagedEntry => "the server's Managed Entries plug-in deletes it with its origin",
            DependentKind::PrivateGroup => "the account's private group, which no other account uses",
            DependentKind::EmptiedGroup => "its last member is deleted ([references] last_member)",
        }
    }
}

/// What becomes of every subject, and who takes over from it.
pub struct Fates {
    accounts: Vec<Fate>,
    dependents: Vec<Fate>,
    /// For each dependent, the account that it exists for.
    account_of: Vec<usize>,
    /// By account.
    successors: Vec<Option<Successor>>,
}

impl Fates {
    /// The fates by the steps of the accounts: nothing is moved, and every dependent is deleted.
    pub fn new(accounts: &[Account], dependents: &[Dependent]) -> Self {
        let fate = |account: &Account| if account.is_deleted() { Fate::Deleted } else { Fate::Stays };
        let successor = |account: &Account| {
            let mails = account.successor_entry.iter().flat_map(|entry| entry.values("mail"));
            // All of them are the successor's. Values of an attribute have no order, so the first is not the main one.
            let mail = mails.map(|mail| mail.bytes.to_vec()).min();
            Some(Successor { dn: account.successor.clone()?, mail })
        };
        Self {
            accounts: accounts.iter().map(fate).collect(),
            dependents: vec![Fate::Deleted; dependents.len()],
            account_of: dependents.iter().map(|dependent| dependent.account).collect(),
            successors: accounts.iter().map(successor).collect(),
        }
    }

    /// Notes that a dependent stays. Gives whether it was to be deleted.
    pub(super) fn keep_dependent(&mut self, dependent: usize) -> bool {
        self.dependents.get_mut(dependent).is_some_and(|fate| std::mem::replace(fate, Fate::Stays) == Fate::Deleted)
    }

    /// Notes that an account gets another name.
    pub(super) fn set_renaming(&mut self, account: usize, renaming: Renaming) {
        if let Some(fate) = self.accounts.get_mut(account) {
            *fate = Fate::Moves(renaming);
        }
    }

    /// What becomes of a subject.
    pub fn of(&self, subject: SubjectId) -> &Fate {
        let fate = match subject {
            SubjectId::Account(index) => self.accounts.get(index),
            SubjectId::Dependent(index) => self.dependents.get(index),
        };
        fate.unwrap_or(&Fate::Stays)
    }

    /// Whether a change file deletes a subject, or a tool of the site does.
    pub fn is_deleted(&self, subject: SubjectId) -> bool {
        *self.of(subject) == Fate::Deleted
    }

    /// The old and the new name of a subject that is moved.
    pub fn renaming(&self, subject: SubjectId) -> Option<&Renaming> {
        match self.of(subject) {
            Fate::Moves(renaming) => Some(renaming),
            Fate::Stays | Fate::Deleted => None,
        }
    }

    /// The account that a subject is, or exists for.
    pub fn account_of(&self, subject: SubjectId) -> usize {
        match subject {
            SubjectId::Account(index) => index,
            SubjectId::Dependent(index) => self.account_of[index],
        }
    }

    /// Who takes over from a subject.
    pub fn successor(&self, subject: SubjectId) -> Option<&Successor> {
        self.successors.get(self.account_of(subject))?.as_ref()
    }
}

/// An account that must be held after all, and why.
#[derive(Clone, Debug)]
pub struct Hold {
    /// The account, by index.
    pub account: usize,
    /// Why.
    pub reason: Reason,
}

impl Hold {
    /// Holds accounts. This is the only place where a decision is changed; only [`decide`](super::decide) and
    /// [`settle`](super::settle) call it.
    ///
    /// Of several reasons for one account the first in the order of their codes counts, whatever the order of the exports.
    pub(super) fn apply(mut holds: Vec<Self>, accounts: &mut [Account]) {
        holds.sort_by_cached_key(|hold| (hold.account, hold.reason.code(), format!("{:?}", hold.reason)));
        holds.dedup_by_key(|hold| hold.account);
        for Self { account, reason } in holds {
            let decision = &mut accounts[account].decision;
            decision.step = Step::Hold;
            decision.reason = reason;
            // An account that is held is not due on any day.
            decision.due = None;
        }
    }

    /// Holds those of the accounts that the plan deletes. Gives whether there was one.
    pub(super) fn apply_to_deleted(mut holds: Vec<Self>, accounts: &mut [Account]) -> bool {
        holds.retain(|hold| accounts[hold.account].is_deleted());
        let is_any = !holds.is_empty();
        Self::apply(holds, accounts);
        is_any
    }
}

/// A leaver for which no account is planned.
#[derive(Clone, Debug)]
pub struct Conflict {
    /// The leaver, by index.
    pub leaver: usize,
    /// Why.
    pub kind: ConflictKind,
}

/// Why a leaver has no account.
#[derive(Clone, Debug)]
pub enum ConflictKind {
    /// No entry of the exports matches. With the entry that comes nearest, if one comes near.
    NotFound(Option<Nearest>),
    /// Only entries with an invalid DN match; these cannot be judged.
    NotJudged(Vec<Place>),
    /// Several entries match.
    Several(Vec<(Dn, Origin)>),
    /// The entry is not an account under `[accounts]`.
    NotAnAccount(Dn, Origin),
    /// The entry appears more than once in the exports.
    Duplicate(Dn, Vec<Origin>),
    /// An earlier leaver, by index, matches the same account.
    SameAs(usize),
}

impl ConflictKind {
    /// The code in plan.json: stable.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound(_) => "not-found",
            Self::NotJudged(_) => "not-judged",
            Self::Several(_) => "several",
            Self::NotAnAccount(..) => "not-an-account",
            Self::Duplicate(..) => "duplicate-entry",
            Self::SameAs(_) => "same-account",
        }
    }
}

/// A thing that a person must decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecisionItem {
    /// The account that it is about, by index, if it is about one of the plan.
    pub account: Option<usize>,
    /// What it is about.
    pub code: ItemCode,
    /// The entry that it is in, raw; empty if it is in none.
    pub dn: Vec<u8>,
    /// The attribute, or the place in a list or in the policy.
    pub attribute: String,
    /// The value, raw.
    pub value: Vec<u8>,
    /// Where the value is; line 0 if it is in no export.
    pub evidence: Origin,
    /// What else a person should know, as a clause; raw, and mostly empty.
    pub detail: Vec<u8>,
}

impl DecisionItem {
    /// An item about an account and its entry as a whole.
    pub fn of_account(index: usize, entry: &Entry, code: ItemCode, attribute: &str, value: &[u8]) -> Self {
        Self { account: Some(index), ..Self::of_entry(entry, code, attribute, value) }
    }

    /// An item about an entry that is not an account of the plan.
    pub fn of_entry(entry: &Entry, code: ItemCode, attribute: &str, value: &[u8]) -> Self {
        Self {
            account: None,
            code,
            dn: entry.dn.raw_bytes().to_vec(),
            attribute: attribute.to_owned(),
            value: value.to_vec(),
            evidence: entry.origin,
            detail: Vec::new(),
        }
    }

    /// An item about a value of a list or of the policy.
    pub fn of_input(code: ItemCode, attribute: &str, value: &[u8]) -> Self {
        Self {
            account: None,
            code,
            dn: Vec::new(),
            attribute: attribute.to_owned(),
            value: value.to_vec(),
            evidence: Origin::default(),
            detail: Vec::new(),
        }
    }
}
