//! From exports, policy and leavers to a plan: operations, ordered and limited.
//!
//! 1. [`resolve`]: a pass that finds the accounts that are meant, and the successors.
//! 2. `lifecycle` decides on each account.
//! 3. [`collect`]: a pass that finds what names, contains or belongs to the accounts that are deleted.
//! 4. Accounts that cannot be taken out of something are held, with everything that would be done for them.
//! 5. One builder a stage writes the operations; [`limits`] may refuse the whole.
//!
//! The order inside a change set is that of [`Stage`]: references before referents, children before parents. Inside a
//! stage it is that of the keys, so the same inputs give the same plan.

pub mod address_books;
mod build;
pub mod collect;
pub mod guard;
pub mod identity;
pub mod limits;
pub mod operation;
pub mod references;
pub mod resolve;
mod successor;

use std::collections::{BTreeMap, HashMap};

use jiff::civil::Date;
use thiserror::Error;

pub use guard::Guard;
pub use limits::{Counted, Exceeded};
pub use operation::{Kind, Operation, Stage};

use crate::directory::census::Finding;
use crate::directory::{Census, Exports, Overlay, ScanError, scan};
use crate::ldap::{Dn, DnKey, Entry, Origin};
use crate::ldif::UrlPolicy;
use crate::leavers::{Action, Identity, Leaver};
use crate::lifecycle::{Decision, Reason, Step, decide};
use crate::policy::{Limit, LimitKind, Policy};
use collect::{Collect, Collected, Treatment};
use identity::Identities;
use resolve::{Match, Resolve, Resolved};

/// What is asked for, beside the policy.
#[derive(Clone)]
pub struct Request {
    /// Who leaves, in the order given.
    pub leavers: Vec<Leaver>,
    /// The day for which the plan is made.
    pub as_of: Date,
    /// How deletions are guarded.
    pub guard: Guard,
    /// Limits of this run, in place of the policy's.
    pub limits: Vec<(LimitKind, Limit)>,
    /// Only operations of these stages; all if empty. What is left must still be provable.
    pub stages: Vec<Stage>,
}

/// An account that a leaver means, and what becomes of it.
pub struct Account {
    /// The leaver, by index.
    pub leaver: usize,
    /// The entry as the export shows it.
    pub entry: Entry,
    /// What is done, and why.
    pub decision: Decision,
    /// Who takes over what it owns, if something is.
    pub successor: Option<Dn>,
}

/// A leaver that no account is planned for.
#[derive(Clone, Debug)]
pub struct Conflict {
    /// The leaver, by index.
    pub leaver: usize,
    /// Why.
    pub kind: ConflictKind,
}

/// Why a leaver means no account.
#[derive(Clone, Debug)]
pub enum ConflictKind {
    /// Nothing in the exports matches.
    NotFound,
    /// Several entries match.
    Several(Vec<(Dn, Origin)>),
    /// The entry is none of the policy's accounts.
    NotAnAccount(Dn, Origin),
    /// The entry stands in the exports more than once.
    Duplicate(Dn, Vec<Origin>),
    /// An earlier leaver means the same account.
    SameAs(usize),
}

impl ConflictKind {
    /// The code in plan.json: stable.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "not-found",
            Self::Several(_) => "several",
            Self::NotAnAccount(..) => "not-an-account",
            Self::Duplicate(..) => "duplicate-entry",
            Self::SameAs(_) => "same-account",
        }
    }
}

/// A thing that a person must decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    /// The account that it is about, by index.
    pub account: usize,
    /// What it is: stable, for machines.
    pub code: &'static str,
    /// The entry that it stands in.
    pub dn: Vec<u8>,
    /// The attribute, and its value.
    pub attribute: String,
    /// The value, raw.
    pub value: Vec<u8>,
    /// Where it stands.
    pub evidence: Origin,
}

/// The plan.
pub struct Plan {
    /// The accounts, in the order of their leavers.
    pub accounts: Vec<Account>,
    /// Leavers without an account.
    pub conflicts: Vec<Conflict>,
    /// What is done, in order.
    pub operations: Vec<Operation>,
    /// What a person must decide.
    pub reviews: Vec<Review>,
    /// Changes by kind, with their limits.
    pub counted: Vec<Counted>,
    /// What the exports hold.
    pub census: Census,
    /// Values of reference attributes that are no names.
    pub unreadable_values: Finding,
    /// Every entry that an operation touches, as the exports show it.
    pub before: BTreeMap<DnKey, Entry>,
}

impl Plan {
    /// Whether a person must decide on something.
    pub fn has_findings(&self) -> bool {
        let held = self.accounts.iter().any(|account| account.decision.step == Step::Hold);
        held || !self.conflicts.is_empty() || !self.reviews.is_empty()
    }

    /// The operations of one stage.
    pub fn stage(&self, stage: Stage) -> impl Iterator<Item = &Operation> {
        self.operations.iter().filter(move |operation| operation.stage == stage)
    }
}

/// Why there is no plan.
#[derive(Debug, Error)]
pub enum PlanError<E> {
    /// The exports could not be read.
    #[error(transparent)]
    Scan(#[from] ScanError<E>),
    /// Something that is asked for does not exist yet.
    #[error("{0} cannot be planned by this version")]
    Unsupported(String),
    /// The plan would do too much.
    #[error("a limit is exceeded")]
    Limits(Vec<Exceeded>),
    /// A leaver is protected.
    #[error("a protected entry is named")]
    Protected(Vec<(usize, Dn, Origin)>),
    /// The exports do not hold all that a plan rests on.
    #[error("the exports are incomplete")]
    Incomplete(Vec<Incomplete>),
}

/// What the exports lack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incomplete {
    /// A suffix that the policy asks for.
    Suffix(Dn),
    /// The search that made an export ended early.
    Cut(Finding),
    /// Parts of value lists.
    PartialLists(Finding),
}

/// Makes a plan.
pub fn plan<E: Exports>(
    exports: &E,
    urls: UrlPolicy<'_>,
    overlay: Option<&Overlay>,
    policy: &Policy,
    request: &Request,
) -> Result<Plan, PlanError<E::Error>> {
    refuse_unsupported(policy, request)?;
    let successors = request.leavers.iter().filter_map(|leaver| leaver.successor.as_ref());
    let identities: Vec<&Identity> = request.leavers.iter().map(|leaver| &leaver.identity).chain(successors).collect();
    let pass = Resolve::new(policy, Identities::new(identities.iter().copied(), policy));
    let mut resolved = Resolved::default();
    let mut census = scan(exports, urls, overlay, &pass, |found| resolved.merge(found))?;
    check_complete(&census, &resolved, policy)?;

    let (mut accounts, conflicts) = accounts(&resolved, policy, request);
    check_protected(&accounts, &resolved, policy)?;
    let leaving: HashMap<DnKey, usize> =
        accounts.iter().enumerate().map(|(index, account)| (account.entry.dn.key().clone(), index)).collect();
    let wishes = successor::wishes(&accounts, &resolved.matches, &leaving, policy, request);

    let mut around = Collected::default();
    let mut books = Vec::new();
    if accounts.iter().any(|account| account.decision.step == Step::Purge) {
        let mut pass = Collect::new(policy);
        for (index, account) in accounts.iter().enumerate() {
            let purged = account.decision.step == Step::Purge;
            books.push(purged.then(|| build::look_around(index, account, policy, &mut pass)).flatten());
        }
        pass.wanted.extend(wishes.iter().flatten().map(|dn| dn.key().clone()));
        census = scan(exports, urls, overlay, &pass, |found| around.merge(found))?;
    }
    for (account, wished) in accounts.iter_mut().zip(&wishes) {
        account.successor = successor::choose(wished, &around, &leaving, policy);
    }
    build::hold_the_impossible(&mut accounts, &around, policy);
    let mut built = build::operations(&accounts, &around, &books, policy, request);
    let counted = build::count(&built, &accounts, &resolved, &around, policy, request);
    let exceeded: Vec<Exceeded> = counted.iter().filter_map(|(_, exceeded)| exceeded.clone()).collect();
    if !exceeded.is_empty() {
        return Err(PlanError::Limits(exceeded));
    }
    let is_wanted = |stage| request.stages.is_empty() || request.stages.contains(&stage);
    built.operations.retain(|operation| is_wanted(operation.stage));
    built.operations.sort_by_key(|operation| operation.stage);
    Ok(Plan {
        accounts,
        conflicts,
        operations: built.operations,
        reviews: built.reviews,
        counted: counted.into_iter().map(|(counted, _)| counted).collect(),
        census,
        unreadable_values: around.unreadable_values,
        before: built.before,
    })
}

fn refuse_unsupported<E>(policy: &Policy, request: &Request) -> Result<(), PlanError<E>> {
    let action = |action: &Action| match action {
        Action::Delete | Action::Disable => None,
        other => Some(format!("the action `{}`", other.name())),
    };
    let of_leaver = request.leavers.iter().find_map(|leaver| action(&leaver.action));
    let of_policy = policy.unsupported().map(|what| format!("the policy's {what}"));
    let of_guard =
        (request.guard == Guard::Assert && !policy.directory.server.profile().assertion_control).then(|| {
            format!("--guard assert for the server `{}`, which has no assertion control,", policy.directory.server)
        });
    of_leaver.or(of_policy).or(of_guard).map_or(Ok(()), |what| Err(PlanError::Unsupported(what)))
}

fn check_complete<E>(census: &Census, resolved: &Resolved, policy: &Policy) -> Result<(), PlanError<E>> {
    let suffixes = policy.directory.suffixes.iter();
    let missing = suffixes.filter(|suffix| !resolved.named.iter().any(|entry| entry.dn == **suffix));
    let mut lacking: Vec<Incomplete> = missing.cloned().map(Incomplete::Suffix).collect();
    if census.cut.count > 0 {
        lacking.push(Incomplete::Cut(census.cut.clone()));
    }
    if census.partial_lists.count > 0 {
        lacking.push(Incomplete::PartialLists(census.partial_lists.clone()));
    }
    if lacking.is_empty() { Ok(()) } else { Err(PlanError::Incomplete(lacking)) }
}

/// One account for each leaver that means exactly one, and why the others do not.
fn accounts(resolved: &Resolved, policy: &Policy, request: &Request) -> (Vec<Account>, Vec<Conflict>) {
    let mut accounts: Vec<Account> = Vec::new();
    let mut conflicts = Vec::new();
    for (index, leaver) in request.leavers.iter().enumerate() {
        match account_of(index, &resolved.matches, &accounts) {
            Err(kind) => conflicts.push(Conflict { leaver: index, kind }),
            Ok(entry) => {
                let decision = decide(entry, leaver.action, leaver.effective, policy, request.as_of);
                accounts.push(Account { leaver: index, entry: entry.clone(), decision, successor: None });
            }
        }
    }
    (accounts, conflicts)
}

fn account_of<'r>(leaver: usize, matches: &'r [Match], earlier: &[Account]) -> Result<&'r Entry, ConflictKind> {
    let meant: Vec<&Match> = matches.iter().filter(|found| found.identities.contains(&leaver)).collect();
    let place = |found: &&Match| (found.entry.dn.clone(), found.entry.origin);
    let [first, others @ ..] = meant.as_slice() else { return Err(ConflictKind::NotFound) };
    if !others.is_empty() {
        return Err(if others.iter().all(|other| other.entry.dn == first.entry.dn) {
            ConflictKind::Duplicate(first.entry.dn.clone(), meant.iter().map(|found| found.entry.origin).collect())
        } else {
            ConflictKind::Several(meant.iter().map(place).collect())
        });
    }
    if !first.is_account {
        return Err(ConflictKind::NotAnAccount(first.entry.dn.clone(), first.entry.origin));
    }
    match earlier.iter().find(|account| account.entry.dn == first.entry.dn) {
        Some(account) => Err(ConflictKind::SameAs(account.leaver)),
        None => Ok(&first.entry),
    }
}

fn check_protected<E>(accounts: &[Account], resolved: &Resolved, policy: &Policy) -> Result<(), PlanError<E>> {
    let groups = || resolved.named.iter().filter(|entry| policy.protect.group.contains(&entry.dn));
    let members: Vec<DnKey> = groups()
        .flat_map(|group| group.values("member").chain(group.values("uniqueMember")))
        .filter_map(|value| DnKey::parse(crate::directory::references::named_dn("uniqueMember", &value.bytes)).ok())
        .collect();
    let is_protected =
        |account: &&Account| policy.protect.covers(&account.entry) || members.contains(account.entry.dn.key());
    let named = accounts.iter().filter(is_protected);
    let named: Vec<_> = named.map(|account| (account.leaver, account.entry.dn.clone(), account.entry.origin)).collect();
    if named.is_empty() { Ok(()) } else { Err(PlanError::Protected(named)) }
}

/// Whether a review item or a held account says that values of an attribute stay as they are.
fn is_review(treatment: Treatment) -> bool {
    treatment == Treatment::Review
}

/// The reason for which an account is held after all.
fn hold(account: &mut Account, reason: Reason) {
    account.decision.step = Step::Hold;
    account.decision.reason = reason;
}
