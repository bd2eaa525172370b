//! From exports, policy and leavers to a plan: operations, ordered and limited.
//!
//! 1. [`resolve`]: a pass that finds the accounts that are meant, the successors, and what the rosters say.
//! 2. `lifecycle` decides on each account; [`protect`] refuses or holds.
//! 3. [`collect`]: a pass that finds what names, contains or belongs to the accounts that are deleted or moved.
//! 4. Accounts that cannot be taken out of something are held, with everything that would be done for them.
//! 5. One builder a stage ([`stages`]) writes the operations; [`limits`] may refuse the whole.
//!
//! Where a successor is looked for up a line of managers, and where groups stand in protected groups, further passes
//! for those entries follow.
//!
//! With many accounts it may be made in [waves](wave).
//!
//! The order inside a change set is that of [`Stage`]: references before referents, children before parents. Inside a
//! stage it is that of the keys, so the same inputs give the same plan.

pub mod access;
pub mod address_books;
pub mod alike;
pub mod children;
pub mod collect;
pub mod complete;
pub mod dependents;
pub mod guard;
pub mod identity;
pub mod limits;
mod meanings;
pub mod operation;
pub mod operational;
pub mod orphans;
mod protect;
pub mod references;
pub mod resolve;
pub mod rosters;
mod sight;
pub mod stages;
pub mod strip;
mod successor;
pub mod wave;
pub mod whole_lists;

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use jiff::civil::Date;
use thiserror::Error;

pub use guard::Guard;
pub use limits::Counted;
pub use operation::{Kind, Operation, Stage};
pub use rosters::NamedRoster;

use crate::directory::census::{Finding, Place};
use crate::directory::extent::Extent;
use crate::directory::key_hash::KeySet;
use crate::directory::{Census, Exports, Overlay, ScanError, Structure};
use crate::ldap::dn_key::prefixes;
use crate::ldap::schema::{Schema, publishes_schema};
use crate::ldap::{AttributeDescription, Dn, DnKey, Entry, Origin};
use crate::ldif::UrlPolicy;
use crate::leavers::roster::Doubt;
use crate::leavers::{Action, Identity, Leaver, RequestedBy};
use crate::lifecycle::effective::domain_of_account;
use crate::lifecycle::{Decision, DecisionInput, History, Reason, Step, decide, grace};
use crate::policy::{Absence, Limit, LimitKind, Policy, PolicyError, ServerSchema};
use access::Access;
use children::Child;
use collect::{Collect, Collected};
use complete::{Gaps, Incomplete};
use dependents::Dependent;
use identity::Identities;
use meanings::{Meanings, identities};
use operational::Sought;
use resolve::{Match, Resolve, Resolved};
use rosters::{Hit, Rosters, Verdict};
pub use sight::Seen;
use sight::{Again, Looked, Reading, Sight};
use successor::{Found, Line};
pub use whole_lists::WrittenWhole;

/// What is asked for, next to the policy.
#[derive(Clone, Default)]
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
    /// The rosters that the policy names.
    pub rosters: Vec<NamedRoster>,
    /// Who is held whatever is asked, and which list says so.
    pub vetoes: Vec<(Identity, String)>,
    /// What earlier change sets did.
    pub history: History,
    /// Delete address books whose owner is gone.
    pub orphans: bool,
    /// Codes of what the exports may lack: see [`Incomplete::ACCEPTABLE`].
    pub accepted: Vec<String>,
    /// The only accounts that something is done for, where the plan is one [`wave`] of several.
    pub wave: Option<Arc<KeySet>>,
    /// For each export the day on which it was written last, if that is known. Empty where nobody asks.
    pub written: Vec<Option<Date>>,
    /// The schema that `--schema` gives. What it says wins over the schema in the exports. Empty without the option.
    pub schema: Schema,
}

/// An account that a leaver means, and what becomes of it.
pub struct Account {
    /// The leaver, by index into the plan's leavers.
    pub leaver: usize,
    /// The entry as the export shows it.
    pub entry: Arc<Entry>,
    /// What is done, and why.
    pub decision: Decision,
    /// Who takes over what it owns, if something is.
    pub successor: Option<Dn>,
    /// Why the line of managers gave no successor, if it was asked and did not.
    pub no_successor: Option<&'static str>,
    /// The entry of who takes over.
    pub successor_entry: Option<Entry>,
    /// The name that it had before an earlier change set moved it.
    pub history_name: Option<Dn>,
    /// The entry of the domain that it is in.
    pub domain: Option<Entry>,
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
    /// Only entries match that cannot be judged, because their names are not distinguished names.
    NotJudged(Vec<Place>),
    /// Several entries match.
    Several(Vec<(Dn, Origin)>),
    /// The entry is not one of the policy's accounts.
    NotAnAccount(Dn, Origin),
    /// The entry is in the exports more than once.
    Duplicate(Dn, Vec<Origin>),
    /// An earlier leaver means the same account.
    SameAs(usize),
}

impl ConflictKind {
    /// The code in plan.json: stable.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "not-found",
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
    /// What it is: stable, for machines.
    pub code: &'static str,
    /// The entry that it is in.
    pub dn: Vec<u8>,
    /// The attribute, and its value.
    pub attribute: String,
    /// The value, raw.
    pub value: Vec<u8>,
    /// Where it is.
    pub evidence: Origin,
}

/// The plan.
pub struct Plan {
    /// Who leaves: those asked for, then those that the rosters name.
    pub leavers: Vec<Leaver>,
    /// The accounts, in the order of their leavers.
    pub accounts: Vec<Account>,
    /// Leavers without an account.
    pub conflicts: Vec<Conflict>,
    /// What is done, in order.
    pub operations: Vec<Operation>,
    /// What a person must decide.
    pub decision_items: Vec<DecisionItem>,
    /// Changes by kind, with their limits.
    pub counted: Vec<Counted>,
    /// What the exports hold.
    pub census: Census,
    /// Values of reference attributes that are no names.
    pub unreadable_values: Finding,
    /// The parts of the directory that the exports hold; none if the plan did not have to look.
    pub extent: Extent,
    /// Every entry that an operation touches, as the exports show it, by the name that it has there.
    pub before: BTreeMap<DnKey, Entry>,
    /// What deleted accounts could do through groups that do not name them.
    pub lost_access: Vec<Access>,
    /// The schema of the directory, as far as `--schema` and the exports describe it.
    pub schema: ServerSchema,
    /// Descriptions in the exports that cannot be read.
    pub unreadable_schema: Finding,
    /// Records that write all values of an attribute, as the server cannot compare them.
    pub written_whole: Vec<WrittenWhole>,
    /// Entries below accounts that are deleted or held because of them.
    pub children: Vec<Child>,
    /// Aliases and groups that may go with accounts.
    pub dependents: Vec<Arc<Entry>>,
    /// The old and the new name of every account that is moved.
    pub moved: Vec<(Dn, Dn)>,
    /// What the rosters came to, in the order of the request.
    pub rosters: Vec<RosterCount>,
    /// What the exports lack: what the request accepts, and what does not refuse a plan.
    pub gaps: Gaps,
    /// What was seen of the exports: to plan again.
    pub seen: Seen,
}

/// What a roster came to.
#[derive(Clone, Debug)]
pub struct RosterCount {
    /// Its rows.
    pub rows: u64,
    /// Accounts of its scope.
    pub accounts: u64,
    /// Of these, how many it lists.
    pub listed: u64,
    /// Why it does not prove complete; nothing of that matters to this plan.
    pub doubts: Vec<Doubt>,
}

/// A protected account that a leaver names.
#[derive(Clone, Debug)]
pub struct Protected {
    /// The leaver, by index.
    pub leaver: usize,
    /// The account.
    pub dn: Dn,
    /// Where it is.
    pub origin: Origin,
    /// What of the policy protects it.
    pub why: &'static str,
}

impl Plan {
    /// Whether a person must decide on something.
    pub fn has_findings(&self) -> bool {
        let held = self.accounts.iter().any(|account| account.decision.step == Step::Hold);
        held || !self.conflicts.is_empty() || !self.decision_items.is_empty() || !self.gaps.findings.is_empty()
    }

    /// The limits that it exceeds: nothing of it may be run.
    pub fn exceeded(&self) -> impl Iterator<Item = &Counted> {
        self.counted.iter().filter(|row| row.is_exceeded)
    }

    /// For each account, the operations for it by position.
    pub fn by_account(&self) -> Vec<Vec<usize>> {
        let mut all: Vec<Vec<usize>> = self.accounts.iter().map(|_| Vec::new()).collect();
        for (at, operation) in self.operations.iter().enumerate() {
            for account in &operation.accounts {
                if let Some(own) = all.get_mut(*account).filter(|own| own.last() != Some(&at)) {
                    own.push(at);
                }
            }
        }
        all
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
    /// A leaver is protected.
    #[error("a protected entry is named")]
    Protected(Vec<Protected>),
    /// The exports do not hold all that a plan rests on.
    #[error("the exports are incomplete")]
    Incomplete(Vec<Incomplete>),
    /// Attributes that the policy lists as references, and how their values name an account is not known.
    #[error("a reference has a form that is not known")]
    UnknownForm(Vec<PolicyError>),
    /// Items of the policy's filters that match no entry, and why.
    #[error("a filter of the policy cannot be evaluated")]
    Undefined(Vec<String>),
    /// Rosters that nothing may be planned from: their names, and why.
    #[error("a roster cannot be trusted")]
    Rosters(Vec<(String, Vec<Doubt>)>),
}

/// Makes a plan.
///
/// One that exceeds a limit is a plan all the same, to be shown and not to be run: see [`Plan::exceeded`].
pub fn plan<E: Exports>(
    exports: &E,
    urls: UrlPolicy<'_>,
    overlay: Option<&Overlay>,
    policy: &Policy,
    request: &Request,
) -> Result<Plan, PlanError<E::Error>> {
    let reading = Reading { exports, urls, overlay, asked: RefCell::default() };
    let mut plan = plan_by(&reading, policy, request)?;
    plan.seen.asked = reading.asked.take();
    Ok(plan)
}

/// Makes the plan that [`plan`] makes with this overlay, by what an earlier plan of the same request saw of the same
/// exports without it: see [`sight`]. What it counts is not to be relied on.
pub fn plan_again<E: Exports>(
    exports: &E,
    urls: UrlPolicy<'_>,
    seen: &Seen,
    overlay: &Overlay,
    policy: &Policy,
    request: &Request,
) -> Result<Plan, PlanError<E::Error>> {
    let reading = Reading { exports, urls, overlay: Some(overlay), asked: RefCell::default() };
    plan_by(&Again { seen, overlay, reading }, policy, request)
}

/// What exports lack for any plan.
pub struct Lacking {
    /// Everything that is lacking, whatever a request accepts.
    pub lacking: Vec<Incomplete>,
    /// The names of all entries.
    pub structure: Structure,
    /// The policy, with its filters bound to the schema.
    pub policy: Policy,
    /// The schema that was given, and that the exports hold.
    pub schema: ServerSchema,
    /// What the exports hold.
    pub census: Census,
}

/// Finds what exports lack for any plan by a policy, by the pass with which every plan begins.
pub fn lacking<E: Exports>(
    exports: &E,
    urls: UrlPolicy<'_>,
    policy: &Policy,
    request: &Request,
) -> Result<Lacking, PlanError<E::Error>> {
    let reading = Reading { exports, urls, overlay: None, asked: RefCell::default() };
    let Located { policy, resolved, census, schema } = locate(&reading, policy, request)?;
    refuse_unknown_forms(&policy, schema.described())?;
    let lacking = complete::of_exports(&census, &resolved, &policy, request);
    Ok(Lacking { lacking, policy, schema, structure: resolved.structure, census })
}

fn plan_by<S: Sight>(sight: &S, policy: &Policy, request: &Request) -> Result<Plan, PlanError<S::Error>> {
    refuse_unsupported(policy, request)?;
    let doubts = roster_doubts(policy, request)?;
    let Located { policy, mut resolved, mut census, schema } = locate(sight, policy, request)?;
    let (policy, schema) = (&policy, &schema);
    let first_census = census.clone();
    let mut gaps = Gaps::default();
    complete::refuse(complete::of_exports(&census, &resolved, policy, request), request, &mut gaps)?;
    refuse_unknown_forms(policy, schema.described())?;
    let groups = resolved.structure.groups();
    let meanings = Meanings::new(&resolved.matches, request);
    let mut found = accounts(&resolved, &meanings, policy, request);
    hold_without_room(&mut found.accounts, policy, schema);
    let sought = Sought::new(policy, &first_census, &resolved.in_exports);
    let unknown = operational::settle(&sought, &mut found.accounts, &request.history, &mut gaps.findings);
    complete::refuse(unknown.into_iter().collect(), request, &mut gaps)?;
    protect::apply(sight, policy, &mut found.accounts, &resolved.named)?;
    if let Some(wave) = &request.wave {
        wave::hold_others(&mut found.accounts, wave);
    }
    let Meant { leavers, mut accounts, conflicts, mut decision_items, .. } = found;
    let leaving = leaving(&accounts);

    let mut around = Collected::default();
    let mut looked_for = None;
    let mut books = Vec::new();
    let mut dependents: Vec<Dependent> = Vec::new();
    let sees_all = gaps.accepted.is_empty() && !gaps.shows_a_part();
    let orphans = |accounts: &[Account]| {
        if request.orphans && sees_all { resolved.owners.orphans(policy, deleted(accounts)) } else { Vec::new() }
    };
    let mut orphaned = orphans(&accounts);
    if !accounts.is_empty() || !orphaned.is_empty() {
        let mut pass = Collect::new(policy, schema.described());
        for (index, account) in accounts.iter().enumerate() {
            books.push(stages::look_around(index, account, policy, &mut pass));
        }
        pass.structure = Some(&resolved.structure);
        pass.book_roots.extend(orphaned.iter().map(|orphan| orphan.key.clone()));
        if !pass.deleted.is_empty() {
            pass.groups = groups;
        }
        let line = Line { accounts: &accounts, meanings: &meanings, leaving: &leaving, policy, sought: &sought };
        pass.wanted.extend(successor::first_wishes(&line));
        (around, census) = look(sight, &mut pass, &accounts, &mut dependents, (policy, schema))?;
        looked_for = Some(Looked::of(pass));
    }
    // What is planned on the way was looked at as it was exported.
    let lacking = sight.is_as_exported().then(|| complete::of_deletions(&accounts, &around, policy));
    complete::refuse(lacking.unwrap_or_default(), request, &mut gaps)?;
    decision_items.extend(find_successors(sight, &sought, &mut accounts, &around, &meanings, &leaving)?);
    find_domains(&mut accounts, &around);
    let gone = stages::hold_the_impossible(&mut accounts, &dependents, &around, (policy, schema));
    // Who is held keeps his books.
    orphaned = orphans(&accounts);
    let moves = stages::moves(&accounts, &around, policy);
    let mut built = stages::operations(
        &accounts,
        &around,
        &books,
        policy,
        request,
        &moves,
        (&dependents, &gone, schema, &orphaned),
    );
    let counted = limits::count(&built, &accounts, &moves, &resolved, &around, policy, request);
    keep_wanted_stages(&mut built.operations, request);
    let written_whole = whole_lists::guard(&mut built.operations, &built.before, schema, request.guard);
    forget_due(&mut accounts, &built.decision_items);
    decision_items.extend(built.decision_items);
    drop(meanings);
    Ok(Plan {
        lost_access: stages::lost_access(&accounts, &gone, &around, schema),
        children: stages::children(&accounts, &dependents, &gone, &around, policy),
        rosters: roster_counts(request, &resolved, doubts),
        gaps,
        leavers,
        accounts,
        conflicts,
        operations: built.operations,
        decision_items,
        counted,
        census,
        unreadable_values: std::mem::take(&mut around.unreadable_values),
        extent: std::mem::take(&mut around.extent),
        written_whole,
        unreadable_schema: unreadable_schema(schema.described()),
        before: built.before,
        schema: schema.clone(),
        dependents: dependents.into_iter().map(|dependent| dependent.entry).collect(),
        moved: moves.moved.into_values().collect(),
        seen: Seen {
            matches: resolved.matches,
            not_judged: resolved.not_judged,
            named: resolved.named,
            schema: resolved.schema,
            census: first_census,
            in_exports: resolved.in_exports,
            looked_for,
            around,
            asked: HashMap::new(),
        },
    })
}

fn unreadable_schema(described: &Schema) -> Finding {
    let mut finding = Finding::default();
    for unreadable in described.unreadable() {
        let Origin { export, line } = unreadable.origin;
        finding.add(Place { export, line, text: unreadable.error.to_string().into_bytes() });
    }
    finding
}

/// The schema of the directory: what `--schema` describes counts before what the exports do.
fn schema_of(policy: &Policy, request: &Request, exported: &[Entry]) -> ServerSchema {
    let mut described = request.schema.clone();
    described.seal();
    // What cannot be read of the files is said where they are read.
    described.take_unreadable();
    for entry in exported.iter().filter(|entry| publishes_schema(entry)) {
        described.add(entry);
    }
    ServerSchema::new(policy.directory.server, described)
}

/// Leaves the operations of the stages that are asked for, in the order of their stages.
fn keep_wanted_stages(operations: &mut Vec<Operation>, request: &Request) {
    let is_wanted = |stage| request.stages.is_empty() || request.stages.contains(&stage);
    operations.retain(|operation| is_wanted(operation.stage));
    operations.sort_by_key(|operation| operation.stage);
}

/// Without a stamp no later plan knows that the grace is over, unless it is given this one.
fn forget_due(accounts: &mut [Account], decision_items: &[DecisionItem]) {
    for review in decision_items.iter().filter(|review| review.code == "stamp-occupied") {
        if let Some(account) = review.account.and_then(|index| accounts.get_mut(index)) {
            account.decision.due = None;
        }
    }
}

fn roster_counts(request: &Request, resolved: &Resolved, doubts: Vec<Vec<Doubt>>) -> Vec<RosterCount> {
    let rosters = request.rosters.iter().zip(doubts).enumerate().map(|(index, (roster, doubts))| {
        let (accounts, listed) = resolved.listed.get(index).copied().unwrap_or_default();
        RosterCount { rows: roster.roster.listed, accounts, listed, doubts }
    });
    rosters.collect()
}

/// Pass 2, and once more for what goes with the accounts, until nothing more does.
fn look<S: Sight>(
    sight: &S,
    pass: &mut Collect<'_>,
    accounts: &[Account],
    dependents: &mut Vec<Dependent>,
    (policy, schema): (&Policy, &ServerSchema),
) -> Result<(Collected, Census), PlanError<S::Error>> {
    loop {
        let (mut around, census) = sight.collect(pass)?;
        let own = accounts.iter().map(|account| account.entry.dn.key());
        let persons = own.chain(dependents.iter().map(|dependent| dependent.entry.dn.key()));
        around.settle(&persons.cloned().collect::<Vec<_>>());
        let mut more = dependents::find(accounts, dependents, &around, (policy, schema));
        more.retain(|new| pass.persons.named(new.entry.dn.key().as_bytes()).is_none());
        if more.is_empty() {
            return Ok((around, census));
        }
        for new in more {
            pass.persons.add_name(accounts.len() + dependents.len(), new.entry.dn.key());
            dependents.push(new);
        }
    }
}

/// The entries of the accounts that are deleted.
fn deleted(accounts: &[Account]) -> impl Iterator<Item = &Entry> {
    accounts.iter().filter(|account| account.decision.step == Step::Delete).map(|account| &*account.entry)
}

/// The accounts that leave, by their names: their numbers.
fn leaving(accounts: &[Account]) -> HashMap<DnKey, usize> {
    let leaving = accounts.iter().enumerate().filter(|(_, account)| leaves(&account.decision));
    leaving.map(|(index, account)| (account.entry.dn.key().clone(), index)).collect()
}

/// Whether an account goes: it is nobody's successor.
fn leaves(decision: &Decision) -> bool {
    decision.action.disables_account() && !matches!(decision.reason, Reason::ActiveInRoster(..) | Reason::Disconnected)
}

fn refuse_unsupported<E>(policy: &Policy, request: &Request) -> Result<(), PlanError<E>> {
    let of_guard =
        (request.guard == Guard::Assert && !policy.directory.server.profile().assertion_control).then(|| {
            format!("--guard assert for the server `{}`, which has no assertion control,", policy.directory.server)
        });
    of_guard.map_or(Ok(()), |what| Err(PlanError::Unsupported(what)))
}

/// Refuses to plan with references that could not be found.
fn refuse_unknown_forms<E>(policy: &Policy, schema: &Schema) -> Result<(), PlanError<E>> {
    let unknown = collect::of_unknown_form(policy, schema);
    if unknown.is_empty() { Ok(()) } else { Err(PlanError::UnknownForm(unknown)) }
}

/// What the first reading finds, and the policy with its filters bound to the schema that it finds.
struct Located {
    policy: Policy,
    resolved: Resolved,
    census: Census,
    schema: ServerSchema,
}

/// Pass 1; once more where the schema in the exports changes which entries are accounts.
fn locate<S: Sight>(sight: &S, policy: &Policy, request: &Request) -> Result<Located, PlanError<S::Error>> {
    let given = policy.bound(&request.schema);
    let (mut resolved, mut census) = resolve(sight, &given, request)?;
    let schema = schema_of(policy, request, &resolved.schema);
    let bound = policy.bound(schema.described());
    refuse_undefined(&bound)?;
    if !bound.finds_as(&given) {
        (resolved, census) = resolve(sight, &bound, request)?;
    }
    Ok(Located { policy: bound, resolved, census, schema })
}

/// Refuses filters with an item that the schema makes Undefined: they would select less than they say.
fn refuse_undefined<E>(policy: &Policy) -> Result<(), PlanError<E>> {
    let undefined = policy.undefined();
    if undefined.is_empty() { Ok(()) } else { Err(PlanError::Undefined(undefined)) }
}

/// Why each roster does not prove complete; refuses the plan where that matters.
fn roster_doubts<E>(policy: &Policy, request: &Request) -> Result<Vec<Vec<Doubt>>, PlanError<E>> {
    let mut refused = Vec::new();
    let mut all = Vec::new();
    for NamedRoster { name, roster } in &request.rosters {
        let Some(rules) = policy.rosters.get(name) else { continue };
        let mut completeness = rules.completeness;
        completeness.last_rows = request.history.roster_rows(name);
        let doubts = roster.doubts(&completeness, request.as_of);
        if doubts.iter().any(Doubt::refuses_anyway) || rules.absence == Absence::Disable && !doubts.is_empty() {
            refused.push((name.clone(), doubts.clone()));
        }
        all.push(doubts);
    }
    if refused.is_empty() { Ok(all) } else { Err(PlanError::Rosters(refused)) }
}

/// Pass 1.
fn resolve<S: Sight>(sight: &S, policy: &Policy, request: &Request) -> Result<(Resolved, Census), PlanError<S::Error>> {
    Ok(sight.resolve(&first_pass(policy, request))?)
}

fn first_pass<'p>(policy: &'p Policy, request: &'p Request) -> Resolve<'p> {
    let rosters = request.rosters.iter();
    let rosters = rosters.filter_map(|named| Some((policy.rosters.get(&named.name)?, &named.roster)));
    let identities = Identities::new(identities(request), policy, &request.history);
    Resolve::new(policy, identities, Rosters::new(rosters), request.orphans)
}

fn find_successors<S: Sight>(
    sight: &S,
    sought: &Sought<'_>,
    accounts: &mut [Account],
    around: &Collected,
    meanings: &Meanings<'_>,
    leaving: &HashMap<DnKey, usize>,
) -> Result<Vec<DecisionItem>, PlanError<S::Error>> {
    let line = Line { accounts, meanings, leaving, policy: sought.policy(), sought };
    let asked = successor::first_wishes(&line);
    let mut further: Vec<Entry> = Vec::new();
    let mut missing: Vec<DnKey> = Vec::new();
    let (found, unusable) = loop {
        let kept = around.kept.iter().map(|kept| &*kept.entry).chain(&further);
        let mut known: HashMap<DnKey, Option<&Entry>> =
            asked.iter().chain(&missing).map(|key| (key.clone(), None)).collect();
        known.extend(kept.map(|entry| (entry.dn.key().clone(), Some(entry))));
        let mut reached = HashMap::new();
        let follow = |account: &Account| {
            let found = line.follow(account, &known, &mut reached);
            let entry = match &found {
                Found::One(dn) => known.get(dn.key()).copied().flatten().cloned(),
                _ => None,
            };
            (found, entry)
        };
        let found: Vec<(Found, Option<Entry>)> = accounts.iter().map(follow).collect();
        let needs = found.iter().filter_map(|(found, _)| match found {
            Found::Needs(key) => Some(key.clone()),
            _ => None,
        });
        let needs: KeySet = needs.collect();
        if needs.is_empty() {
            break (found, successor::unusable(&line, &known));
        }
        let entries = sight.entries(&needs)?;
        let there: HashSet<&DnKey> = entries.iter().map(|entry| entry.dn.key()).collect();
        missing.extend(needs.into_iter().filter(|key| !there.contains(key)));
        further.extend(entries);
    };
    for (account, (found, entry)) in accounts.iter_mut().zip(found) {
        match found {
            Found::One(dn) => account.successor = Some(dn),
            Found::None(why) => account.no_successor = why,
            Found::Needs(_) => {}
        }
        account.successor_entry = entry;
    }
    Ok(unusable)
}

/// Finds the entry of the domain that each account is in.
fn find_domains(accounts: &mut [Account], around: &Collected) {
    let by_key: HashMap<&DnKey, &Entry> = around.kept.iter().map(|kept| (kept.entry.dn.key(), &*kept.entry)).collect();
    for account in accounts {
        let key = account.entry.dn.key().clone();
        let mut above: Vec<&Entry> = prefixes(key.as_bytes())
            .filter_map(|(above, _)| by_key.get(&DnKey::from_key_bytes(above)).copied())
            .filter(|entry| *entry.dn.key() != key)
            .collect();
        above.reverse();
        account.domain = domain_of_account(&account.entry, above.into_iter()).cloned();
    }
}

/// What comes of the leavers and the rosters.
struct Meant {
    leavers: Vec<Leaver>,
    accounts: Vec<Account>,
    conflicts: Vec<Conflict>,
    decision_items: Vec<DecisionItem>,
    /// Who asked for each account first, by its name.
    asked: HashMap<DnKey, usize>,
}

impl Meant {
    fn add(&mut self, account: Account) {
        self.asked.insert(account.entry.dn.key().clone(), account.leaver);
        self.accounts.push(account);
    }
}

/// One account for each leaver that means exactly one, and why the others do not; then what the rosters ask for.
fn accounts(resolved: &Resolved, meanings: &Meanings<'_>, policy: &Policy, request: &Request) -> Meant {
    let mut found = Meant {
        leavers: request.leavers.clone(),
        accounts: Vec::new(),
        conflicts: Vec::new(),
        decision_items: Vec::new(),
        asked: HashMap::new(),
    };
    for (index, leaver) in request.leavers.iter().enumerate() {
        match account_of(meanings.of_leaver(index), &found.asked) {
            Err(kind) => {
                let mut not_judged = resolved.not_judged.iter().filter(|entry| entry.identities.contains(&index));
                let kind = match not_judged.next() {
                    Some(first) if matches!(kind, ConflictKind::NotFound) => {
                        let places = std::iter::once(first).chain(not_judged);
                        ConflictKind::NotJudged(places.map(|entry| entry.place.clone()).collect())
                    }
                    _ => kind,
                };
                found.conflicts.push(Conflict { leaver: index, kind });
            }
            Ok(meant) => found.add(account(index, leaver, meant, meanings, policy, request)),
        }
    }
    for (at, (identity, list)) in request.vetoes.iter().enumerate() {
        if !meanings.has_veto(at) {
            found.decision_items.push(DecisionItem {
                account: None,
                code: "veto-unmatched",
                dn: Vec::new(),
                attribute: list.clone(),
                value: identity.to_string().into_bytes(),
                evidence: Origin::default(),
            });
        }
    }
    let mut sorted: Vec<&Match> = resolved.matches.iter().filter(|meant| !meant.hits.is_empty()).collect();
    sorted.sort_by(|a, b| a.entry.dn.key().cmp(b.entry.dn.key()));
    // Of how many accounts the key is that a row says has left.
    let mut rows: HashMap<(usize, u64), usize> = HashMap::new();
    for hit in sorted.iter().flat_map(|meant| &meant.hits).filter(|hit| hit.verdict == Verdict::Inactive) {
        *rows.entry((hit.roster, hit.line)).or_default() += 1;
    }
    for meant in sorted {
        by_roster(&mut found, meant, meanings, &rows, policy, request);
    }
    found
}

fn account(
    index: usize,
    leaver: &Leaver,
    meant: &Match,
    meanings: &Meanings<'_>,
    policy: &Policy,
    request: &Request,
) -> Account {
    let veto = meanings.first_veto(meant).and_then(|at| request.vetoes.get(at)).map(|(_, list)| list.as_str());
    let active = meant.hits.iter().find(|hit| hit.verdict == Verdict::Active);
    let case = DecisionInput {
        entry: &meant.entry,
        action: leaver.action,
        effective: leaver.effective,
        veto,
        active_in: active.map(|hit| (request.rosters[hit.roster].name.as_str(), hit.line)),
        asked_by_roster: leaver.requested_by != RequestedBy::Person,
        history: &request.history,
        as_of: request.as_of,
    };
    let mut decision = decide(&case, policy);
    if decision.step == Step::Restore
        && let Some(attribute) = stages::unknown_before(&meant.entry, policy, &request.history)
    {
        decision.step = Step::Hold;
        decision.reason = Reason::RestoreUnknown(attribute);
    }
    Account {
        leaver: index,
        entry: meant.entry.clone(),
        decision,
        successor: None,
        no_successor: None,
        successor_entry: None,
        history_name: request.history.moved_from(meant.entry.dn.key()).cloned(),
        domain: None,
    }
}

/// What the rosters ask for an account that nobody else named; see the table of [`rosters`].
fn by_roster(
    found: &mut Meant,
    meant: &Match,
    meanings: &Meanings<'_>,
    rows: &HashMap<(usize, u64), usize>,
    policy: &Policy,
    request: &Request,
) {
    let entry = &meant.entry;
    if found.asked.contains_key(entry.dn.key()) {
        return;
    }
    let says = |verdict: Verdict| meant.hits.iter().find(move |hit| hit.verdict == verdict);
    let key_of = |hit: &Hit| policy.rosters.get(&request.rosters[hit.roster].name).map(|rules| &rules.key);
    let is_disabled = crate::lifecycle::state::is_disabled(entry, policy);
    let review = |code, hit: &Hit| {
        let key = key_of(hit);
        let value = key.and_then(|key| crate::lifecycle::state::values_of(entry, key).next());
        DecisionItem {
            account: None,
            code,
            dn: entry.dn.raw_bytes().to_vec(),
            attribute: key.map(AttributeDescription::to_string).unwrap_or_default(),
            value: value.unwrap_or_default().to_vec(),
            evidence: entry.origin,
        }
    };
    let ask = |found: &mut Meant, hit: &Hit, action| {
        let name = &request.rosters[hit.roster].name;
        let mut leaver = Leaver::new(Identity::Dn(entry.dn.clone()), hit.line);
        leaver.action = action;
        leaver.requested_by = RequestedBy::Roster(name.clone());
        let index = found.leavers.len();
        let account = account(index, &leaver, meant, meanings, policy, request);
        found.leavers.push(leaver);
        found.add(account);
    };
    if let Some(hit) = says(Verdict::Active) {
        let known = policy.stamp.as_ref().is_some_and(|stamp| !grace::stamps(entry, stamp, None).is_empty())
            || request.history.disabled(entry.dn.key(), None).is_some();
        match (is_disabled, known) {
            (false, _) => {}
            (true, true) => ask(found, hit, Action::Restore),
            (true, false) => found.decision_items.push(review("active-but-disabled", hit)),
        }
    } else if let Some(hit) = says(Verdict::Inactive) {
        if rows.get(&(hit.roster, hit.line)).is_some_and(|accounts| *accounts > 1) {
            found.decision_items.push(review("roster-key-ambiguous", hit));
        } else {
            ask(found, hit, Action::Delete);
        }
    } else if let Some(hit) = says(Verdict::Unknown) {
        found.decision_items.push(review("roster-status-unknown", hit));
    } else if let Some(hit) = meant.hits.iter().find(|hit| hit.absence != Absence::Ignore) {
        // Nobody lists it.
        let disables = meant.hits.iter().find(|hit| hit.absence == Absence::Disable && hit.verdict == Verdict::Absent);
        match disables {
            _ if is_disabled => {}
            Some(hit) => ask(found, hit, Action::Disable),
            None if hit.verdict == Verdict::NoKey => found.decision_items.push(review("roster-key-missing", hit)),
            None => found.decision_items.push(review("absent-from-roster", hit)),
        }
    }
}

/// The account among the entries that a leaver means, unless an earlier one asked for it.
fn account_of<'r>(meant: &[&'r Match], asked: &HashMap<DnKey, usize>) -> Result<&'r Match, ConflictKind> {
    let place = |found: &&Match| (found.entry.dn.clone(), found.entry.origin);
    let [first, others @ ..] = meant else { return Err(ConflictKind::NotFound) };
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
    match asked.get(first.entry.dn.key()) {
        Some(leaver) => Err(ConflictKind::SameAs(*leaver)),
        None => Ok(first),
    }
}

/// Holds accounts that should get a blocking value, or a date, and whose attribute has no room for it.
fn hold_without_room(accounts: &mut [Account], policy: &Policy, schema: &ServerSchema) {
    for account in accounts.iter_mut().filter(|account| account.decision.step == Step::Disconnect) {
        if let Some(attribute) = stages::without_room(&account.entry, policy, schema) {
            hold(account, Reason::NoRoom(attribute));
        }
    }
    for account in accounts.iter_mut().filter(|account| account.decision.step == Step::Stamp) {
        if let Some(attribute) = stages::occupied_stamp(&account.entry, policy, schema) {
            hold(account, Reason::StampOccupied(attribute));
        }
    }
}

/// The reason for which an account is held after all.
fn hold(account: &mut Account, reason: Reason) {
    account.decision.step = Step::Hold;
    account.decision.reason = reason;
}
