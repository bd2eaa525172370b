//! Step 2: which accounts the leavers and the rosters are about, and what is done with each of them.
//!
//! 1. A leaver that matches exactly one account gets a decision by [`lifecycle`](crate::lifecycle), any other is a conflict.
//! 2. What the rosters ask for accounts that no leaver names: see the table of [`rosters`](super::locate::rosters).
//! 3. Accounts are held, in this order:
//!
//! | held | because |
//! | --- | --- |
//! | restored accounts | the value before they were disabled is unknown |
//! | accounts that get the blocking value, or a date | the attribute is single-valued and in use |
//! | accounts whose step depends on an attribute that the exports do not show | see [`operational`](super::operational) |
//! | the last enabled members of groups | see [`protect`](super::protect) |
//! | accounts of other batches | see [`batch`](super::batch) |

use std::collections::HashMap;

use super::error::PlanError;
use super::incomplete::{Gaps, Incomplete};
use super::item_code::ItemCode;
use super::locate::rosters::{RosterMatch, Verdict};
use super::locate::{FirstReading, IdentityMatches, Located, Match};
use super::model::{Account, Conflict, ConflictKind, DecisionItem, Hold};
use super::operational::HiddenAttribute;
use super::protect::{ProtectedGroups, refuse_protected};
use super::request::PlanContext;
use super::retained::RetainedPasses;
use super::status_values;
use crate::directory::snapshot::Directory;
use crate::ldap::{AttributeDescription, DnKey};
use crate::leavers::{Action, Identity, Leaver, RequestedBy};
use crate::lifecycle::state::{is_disabled, values_of};
use crate::lifecycle::{self, Decision, DecisionInput, Reason, Step, grace};
use crate::policy::{Absence, EntryLine, Policy};

/// What is decided before the entries around the accounts are known.
pub struct Decided {
    /// The leavers: those asked for, then those that the rosters name.
    pub leavers: Vec<Leaver>,
    /// The accounts, in the order of their leavers.
    pub accounts: Vec<Account>,
    /// Leavers without an account.
    pub conflicts: Vec<Conflict>,
    /// What a person must decide.
    pub decision_items: Vec<DecisionItem>,
    /// The accounts that leave, by name: their indices. They are never successors.
    pub leaving: HashMap<DnKey, usize>,
    /// What the exports lack.
    pub gaps: Gaps,
    /// Whether address books without an owner are looked for. If the exports lack something, absence proves nothing.
    pub finds_orphans: bool,
}

/// Decides on every account. `gaps` is what the exports lack for any plan.
pub fn decide<D: Directory<RetainedPasses>>(
    directory: &D,
    context: PlanContext<'_>,
    first: &FirstReading<'_>,
    gaps: Gaps,
) -> Result<Decided, PlanError<D::Error>> {
    let PlanContext { policy, request, .. } = context;
    let FirstReading { located, matches, needs } = first;
    let Requested { leavers, mut accounts, conflicts, decision_items, .. } = requested(located, matches, context);

    Hold::apply(unknown_prior_values(&accounts, context), &mut accounts);
    Hold::apply(full_attributes(&accounts, context), &mut accounts);
    let hidden = needs.hidden_from(&accounts, &request.history);
    Hold::apply(hidden.iter().cloned().map(Hold::from).collect(), &mut accounts);
    let gaps = with_hidden(gaps, &hidden, &accounts, context).map_err(PlanError::Incomplete)?;
    refuse_protected(&accounts, policy)?;
    let groups = ProtectedGroups::new(directory, located)?;
    for group in &policy.protect.last_enabled {
        Hold::apply(groups.last_enabled_members(group, &accounts, context)?, &mut accounts);
    }
    Hold::apply(outside_batch(&accounts, context), &mut accounts);
    for account in accounts.iter_mut().filter(|account| status_values::lacks_stamp(account, context)) {
        // Without a stamp, a later plan cannot know when the grace is over, unless it is given this one.
        account.decision.due = None;
    }

    let finds_orphans = request.orphans && gaps.are_none();
    let leaving = accounts.iter().enumerate().filter(|(_, account)| is_leaving(&account.decision));
    let leaving = leaving.map(|(index, account)| (account.entry.dn.key().clone(), index)).collect();
    Ok(Decided { leavers, accounts, conflicts, decision_items, leaving, gaps, finds_orphans })
}

/// Adds the attributes that are hidden from accounts to the gaps, in place of what is not shown of the exports as a whole.
fn with_hidden(
    mut gaps: Gaps,
    hidden: &[HiddenAttribute],
    accounts: &[Account],
    context: PlanContext<'_>,
) -> Result<Gaps, Vec<Incomplete>> {
    let is_operational = |lack: &Incomplete| matches!(lack, Incomplete::Operational(_));
    let Some(at) = gaps.findings.iter().position(is_operational).filter(|_| !hidden.is_empty()) else {
        return Ok(gaps);
    };
    let lack = match gaps.findings.remove(at) {
        Incomplete::Operational(not_shown) => Incomplete::Operational(not_shown.affecting(hidden, accounts)),
        other => other,
    };
    gaps.add(vec![lack], &context.request.accepted)
}

/// Whether an account leaves.
fn is_leaving(decision: &Decision) -> bool {
    decision.action.disables_account() && !matches!(decision.reason, Reason::ActiveInRoster(..) | Reason::Disconnected)
}

/// The restored accounts with an attribute of which the value before they were disabled is unknown.
fn unknown_prior_values(accounts: &[Account], context: PlanContext<'_>) -> Vec<Hold> {
    let restored = accounts.iter().enumerate().filter(|(_, account)| account.decision.step == Step::Restore);
    let unknown = restored.filter_map(|(index, account)| {
        let attribute = status_values::unknown_prior_value(&account.entry, context)?;
        Some(Hold { account: index, reason: Reason::RestoreUnknown(attribute) })
    });
    unknown.collect()
}

/// The accounts that should get the blocking value, or a date, and whose attribute is single-valued and in use.
fn full_attributes(accounts: &[Account], context: PlanContext<'_>) -> Vec<Hold> {
    let full = accounts.iter().enumerate().filter_map(|(index, account)| {
        let reason = match account.decision.step {
            Step::Disconnect => Reason::NoRoom(status_values::full_blocking_attribute(&account.entry, context)?),
            Step::Stamp => Reason::StampOccupied(status_values::occupied_stamp_attribute(&account.entry, context)?),
            _ => return None,
        };
        Some(Hold { account: index, reason })
    });
    full.collect()
}

/// The accounts that are not in the batch of the request, if it has one.
fn outside_batch(accounts: &[Account], context: PlanContext<'_>) -> Vec<Hold> {
    let Some(batch) = &context.request.batch else { return Vec::new() };
    let outside = accounts.iter().enumerate().filter(|(_, account)| !batch.contains(account.entry.dn.key()));
    outside.map(|(account, _)| Hold { account, reason: Reason::OtherWave }).collect()
}

/// The accounts that leavers and rosters ask something for.
struct Requested {
    leavers: Vec<Leaver>,
    accounts: Vec<Account>,
    conflicts: Vec<Conflict>,
    decision_items: Vec<DecisionItem>,
    /// By the name of an account, the leaver that asked for it first.
    asked: HashMap<DnKey, usize>,
}

impl Requested {
    fn add(&mut self, account: Account) {
        self.asked.insert(account.entry.dn.key().clone(), account.leaver);
        self.accounts.push(account);
    }
}

/// One account for each leaver that matches exactly one, and a conflict for any other; then what the rosters ask for.
fn requested(located: &Located, matches: &IdentityMatches<'_>, context: PlanContext<'_>) -> Requested {
    let request = context.request;
    let mut requested = Requested {
        leavers: request.leavers.clone(),
        accounts: Vec::new(),
        conflicts: Vec::new(),
        decision_items: Vec::new(),
        asked: HashMap::new(),
    };
    for (index, leaver) in request.leavers.iter().enumerate() {
        match sole_match(matches.of_leaver(index), &requested.asked) {
            Ok(found) => requested.add(account(index, leaver, found, matches, context)),
            Err(kind) => {
                let kind =
                    not_judged(index, located).filter(|_| matches!(kind, ConflictKind::NotFound)).unwrap_or(kind);
                requested.conflicts.push(Conflict { leaver: index, kind });
            }
        }
    }
    for (veto, (identity, list)) in request.vetoes.iter().enumerate() {
        if !matches.has_veto(veto) {
            let item = DecisionItem::of_input(ItemCode::VetoUnmatched, list, identity.to_string().as_bytes());
            requested.decision_items.push(item);
        }
    }
    requested.decision_items.extend(unmatched_lines(located, context.policy));
    add_roster_leavers(&mut requested, located, matches, context);
    requested
}

/// The lines of the policy that pick no entry.
fn unmatched_lines(located: &Located, policy: &Policy) -> Vec<DecisionItem> {
    let lines = policy.entry_lines.iter().enumerate();
    let unmatched = lines.filter(|(index, _)| !located.entries.matched_lines.contains(index));
    let item = |line: &EntryLine| {
        let code = if line.is_veto() { ItemCode::VetoUnmatched } else { ItemCode::LineUnmatched };
        let place = format!("{}, line {}", line.key, policy.source.line_of(&line.place).1);
        DecisionItem::of_input(code, &place, line.text.as_bytes())
    };
    unmatched.map(|(_, line)| item(line)).collect()
}

/// The conflict of a leaver that only entries with an invalid DN match.
fn not_judged(leaver: usize, located: &Located) -> Option<ConflictKind> {
    let found = located.entries.not_judged.iter().filter(|entry| entry.identities.contains(&leaver));
    let places: Vec<_> = found.map(|entry| entry.place.clone()).collect();
    (!places.is_empty()).then_some(ConflictKind::NotJudged(places))
}

/// The only account among the entries that a leaver matches, unless an earlier leaver asked for it.
fn sole_match<'m>(found: &[&'m Match], asked: &HashMap<DnKey, usize>) -> Result<&'m Match, ConflictKind> {
    let [first, others @ ..] = found else { return Err(ConflictKind::NotFound) };
    let (dn, origin) = (&first.entry.dn, first.entry.origin);
    if !others.is_empty() {
        return Err(if others.iter().all(|other| other.entry.dn == *dn) {
            ConflictKind::Duplicate(dn.clone(), found.iter().map(|found| found.entry.origin).collect())
        } else {
            ConflictKind::Several(found.iter().map(|found| (found.entry.dn.clone(), found.entry.origin)).collect())
        });
    }
    if !first.is_account {
        return Err(ConflictKind::NotAnAccount(dn.clone(), origin));
    }
    asked.get(dn.key()).map_or(Ok(*first), |leaver| Err(ConflictKind::SameAs(*leaver)))
}

/// The account of a leaver, with its decision.
fn account(
    index: usize,
    leaver: &Leaver,
    found: &Match,
    matches: &IdentityMatches<'_>,
    context: PlanContext<'_>,
) -> Account {
    let PlanContext { policy, request, .. } = context;
    let entry = &found.entry;
    let veto = matches.first_veto(found).and_then(|veto| request.vetoes.get(veto)).map(|(_, list)| list.as_str());
    let active = found.roster_saying(Verdict::Active);
    let case = DecisionInput {
        entry,
        action: leaver.action,
        effective: leaver.effective,
        veto,
        active_in: active.map(|row| (request.rosters[row.roster].name.as_str(), row.line)),
        asked_by_roster: leaver.requested_by != RequestedBy::Person,
        history: &request.history,
        as_of: request.as_of,
    };
    Account {
        leaver: index,
        entry: entry.clone(),
        decision: lifecycle::decide(&case, policy),
        successor: None,
        no_successor: None,
        successor_entry: None,
        history_name: request.history.moved_from(entry.dn.key()).cloned(),
        domain: None,
    }
}

/// A row of a roster: the roster by index, and the line.
type RowPlace = (usize, u64);

/// Adds what the rosters ask for accounts that no leaver names.
fn add_roster_leavers(
    requested: &mut Requested,
    located: &Located,
    matches: &IdentityMatches<'_>,
    context: PlanContext<'_>,
) {
    let mut sorted: Vec<&Match> = located.entries.matches.iter().filter(|found| !found.rosters.is_empty()).collect();
    sorted.sort_by(|a, b| a.entry.dn.key().cmp(b.entry.dn.key()));
    // How many accounts have the key of a row that says inactive.
    let mut accounts_of_row: HashMap<RowPlace, usize> = HashMap::new();
    for row in sorted.iter().flat_map(|found| &found.rosters).filter(|row| row.verdict == Verdict::Inactive) {
        *accounts_of_row.entry((row.roster, row.line)).or_default() += 1;
    }
    for found in sorted {
        if requested.asked.contains_key(found.entry.dn.key()) {
            continue;
        }
        match roster_outcome(found, &accounts_of_row, context) {
            RosterOutcome::Nothing => {}
            RosterOutcome::Item(code, row) => requested.decision_items.push(roster_item(found, code, row, context)),
            RosterOutcome::Ask(action, row) => {
                let mut leaver = Leaver::new(Identity::Dn(found.entry.dn.clone()), row.line);
                leaver.action = action;
                leaver.requested_by = RequestedBy::Roster(context.request.rosters[row.roster].name.clone());
                let account = account(requested.leavers.len(), &leaver, found, matches, context);
                requested.leavers.push(leaver);
                requested.add(account);
            }
        }
    }
}

/// What rosters ask for an account.
enum RosterOutcome<'m> {
    Nothing,
    /// A decision item because of this row.
    Item(ItemCode, &'m RosterMatch),
    /// A leaver with this action because of this row.
    Ask(Action, &'m RosterMatch),
}

/// The table of [`rosters`](super::locate::rosters).
fn roster_outcome<'m>(
    found: &'m Match,
    accounts_of_row: &HashMap<RowPlace, usize>,
    context: PlanContext<'_>,
) -> RosterOutcome<'m> {
    let PlanContext { policy, request, .. } = context;
    let entry = &found.entry;
    let is_disabled = is_disabled(entry, policy);
    if let Some(row) = found.roster_saying(Verdict::Active) {
        let has_stamp = || policy.stamp.as_ref().is_some_and(|stamp| !grace::stamps(entry, stamp, None).is_empty());
        return if !is_disabled {
            RosterOutcome::Nothing
        } else if has_stamp() || request.history.disabled(entry.dn.key(), None).is_some() {
            RosterOutcome::Ask(Action::Restore, row)
        } else {
            RosterOutcome::Item(ItemCode::ActiveButDisabled, row)
        };
    }
    if let Some(row) = found.roster_saying(Verdict::Inactive) {
        return if accounts_of_row.get(&(row.roster, row.line)).is_some_and(|accounts| *accounts > 1) {
            RosterOutcome::Item(ItemCode::RosterKeyAmbiguous, row)
        } else {
            RosterOutcome::Ask(Action::Delete, row)
        };
    }
    if let Some(row) = found.roster_saying(Verdict::Unknown) {
        return RosterOutcome::Item(ItemCode::RosterStatusUnknown, row);
    }
    // No roster lists it.
    let Some(row) = found.rosters.iter().find(|row| row.absence != Absence::Ignore).filter(|_| !is_disabled) else {
        return RosterOutcome::Nothing;
    };
    let is_absent = |row: &&RosterMatch| row.absence == Absence::Disable && row.verdict == Verdict::Absent;
    match found.rosters.iter().find(is_absent) {
        Some(row) => RosterOutcome::Ask(Action::Disable, row),
        None if row.verdict == Verdict::NoKey => RosterOutcome::Item(ItemCode::RosterKeyMissing, row),
        None => RosterOutcome::Item(ItemCode::AbsentFromRoster, row),
    }
}

fn roster_item(found: &Match, code: ItemCode, row: &RosterMatch, context: PlanContext<'_>) -> DecisionItem {
    let name = &context.request.rosters[row.roster].name;
    let key = context.policy.rosters.get(name).map(|rules| &rules.key);
    let value = key.and_then(|key| values_of(&found.entry, key).next()).unwrap_or_default();
    let attribute = key.map(AttributeDescription::to_string).unwrap_or_default();
    DecisionItem::of_entry(&found.entry, code, &attribute, value)
}
