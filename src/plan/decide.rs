//! Step 2: which accounts the leavers and the rosters are about, and what is done with each of them.
//!
//! 1. A leaver that matches exactly one account gets a decision by [`lifecycle`](crate::lifecycle), any other is a conflict.
//! 2. What the rosters ask for accounts that no leaver names: see the table of [`rosters`](super::locate::rosters).
//! 3. Accounts are held, in this order:
//!
//! | held | because |
//! | --- | --- |
//! | accounts that two lines of the lists ask different things for | neither line counts more than the other |
//! | restored accounts | the value before they were disabled is unknown |
//! | accounts that get the blocking value, or a date | the attribute is single-valued and in use |
//! | accounts whose step depends on an attribute that the exports do not show | see [`operational`](super::operational) |
//! | the last enabled members of groups | see [`protect`](super::protect) |
//! | accounts of other batches | see [`batch`](super::batch) |
//! | accounts that would be deleted, and of which the list names a successor that cannot take over | see [`successor`](super::successor) |

use std::collections::{BTreeMap, HashMap};

use super::error::PlanError;
use super::incomplete::{Gaps, Incomplete};
use super::item_code::ItemCode;
use super::locate::rosters::{RosterMatch, Verdict};
use super::locate::unmatched::{UnmatchedRows, shown_key};
use super::locate::{FirstReading, IdentityMatches, Located, Match};
use super::model::{Account, Conflict, ConflictKind, DecisionItem, Hold};
use super::operational::HiddenAttribute;
use super::protect::{ProtectedGroups, refuse_protected};
use super::request::{NamedRoster, PlanContext};
use super::retained::RetainedPasses;
use super::status_values;
use super::successor::SuccessorSearch;
use crate::directory::identity::Resolution;
use crate::directory::identity::unique_id::UniqueIds;
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

    let mut decision_items = decision_items;
    let of_another =
        accounts.iter().enumerate().filter(|(_, account)| context.history.is_disowned(account.entry.dn.key()));
    decision_items.extend(of_another.map(|(index, account)| history_item(index, account)));
    Hold::apply(disputed(&accounts, &conflicts, &leavers), &mut accounts);
    Hold::apply(unknown_prior_values(&accounts, context), &mut accounts);
    Hold::apply(full_attributes(&accounts, context), &mut accounts);
    let hidden = needs.hidden_from(&accounts, context.history);
    Hold::apply(hidden.iter().cloned().map(Hold::from).collect(), &mut accounts);
    let gaps = with_hidden(gaps, &hidden, &accounts, context).map_err(PlanError::Incomplete)?;
    refuse_protected(&accounts, policy)?;
    let groups = ProtectedGroups::new(directory, located)?;
    // All groups are judged before an account is held: their order in the policy must not matter.
    let mut last_enabled = Vec::new();
    for group in &policy.protect.last_enabled {
        last_enabled.extend(groups.last_enabled_members(group, &accounts, context)?);
    }
    Hold::apply(last_enabled, &mut accounts);
    Hold::apply(outside_batch(&accounts, context), &mut accounts);
    for account in accounts.iter_mut().filter(|account| status_values::lacks_stamp(account, context)) {
        // Without a stamp, a later plan cannot know when the grace is over, unless it is given this one.
        account.decision.due = None;
    }

    let finds_orphans = request.orphans && gaps.are_none();
    let leaving = accounts.iter().enumerate().filter(|(_, account)| {
        // Whatever the order of the lines, an account that one of them disables is not a successor.
        let is_disputed = matches!(account.decision.reason, Reason::LeaversDisagree(_));
        is_leaving(&account.decision) || is_disputed
    });
    let leaving: HashMap<DnKey, usize> =
        leaving.map(|(index, account)| (account.entry.dn.key().clone(), index)).collect();
    let search = SuccessorSearch { accounts: &accounts, matches, leaving: &leaving, policy, needs };
    let holds = search.unusable_named();
    Hold::apply_to_deleted(holds, &mut accounts);
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

/// The decision item for an account with the name of an earlier one that the history is about.
fn history_item(index: usize, account: &Account) -> DecisionItem {
    let ids = UniqueIds::of(&account.entry);
    let (attribute, value) = ids.texts().next().unwrap_or(("--history", String::new()));
    DecisionItem::of_account(index, &account.entry, ItemCode::HistoryOfAnother, attribute, value.as_bytes())
}

/// The accounts that several leavers match who do not ask for the same.
fn disputed(accounts: &[Account], conflicts: &[Conflict], leavers: &[Leaver]) -> Vec<Hold> {
    let mut lines: BTreeMap<usize, Vec<u64>> = BTreeMap::new();
    for conflict in conflicts {
        let ConflictKind::SameAs(first) = conflict.kind else { continue };
        let (first_leaver, other) = (&leavers[first], &leavers[conflict.leaver]);
        if other.requested_by != RequestedBy::Explanation && !first_leaver.asks_the_same_as(other) {
            lines.entry(first).or_insert_with(|| vec![first_leaver.line]).push(other.line);
        }
    }
    let hold = |(account, found): (usize, &Account)| {
        let mut lines = lines.remove(&found.leaver)?;
        lines.sort_unstable();
        Some(Hold { account, reason: Reason::LeaversDisagree(lines) })
    };
    accounts.iter().enumerate().filter_map(hold).collect()
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
                    not_judged(index, located).filter(|_| matches!(kind, ConflictKind::NotFound(_))).unwrap_or(kind);
                requested.conflicts.push(Conflict { leaver: index, kind });
            }
        }
    }
    for (veto, (identity, list)) in request.vetoes.iter().enumerate() {
        if let Resolution::None { nearest } = matches.of_veto(veto) {
            let item = DecisionItem::of_input(ItemCode::VetoUnmatched, list, identity.to_string().as_bytes());
            let detail = nearest.map(|nearest| nearest.clause()).unwrap_or_default();
            requested.decision_items.push(DecisionItem { detail, ..item });
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

/// The only account that a leaver matches, unless an earlier leaver asked for it.
fn sole_match<'m>(found: Resolution<&'m Match>, asked: &HashMap<DnKey, usize>) -> Result<&'m Match, ConflictKind> {
    let found = match found {
        Resolution::Exactly(found) => found,
        Resolution::None { nearest } => return Err(ConflictKind::NotFound(nearest)),
        Resolution::Several(found) => {
            let first = &found[0].entry.dn;
            return Err(if found.iter().all(|other| other.entry.dn == *first) {
                ConflictKind::Duplicate(first.clone(), found.iter().map(|found| found.entry.origin).collect())
            } else {
                ConflictKind::Several(found.iter().map(|found| (found.entry.dn.clone(), found.entry.origin)).collect())
            });
        }
    };
    let dn = &found.entry.dn;
    if !found.is_account {
        return Err(ConflictKind::NotAnAccount(dn.clone(), found.entry.origin));
    }
    asked.get(dn.key()).map_or(Ok(found), |leaver| Err(ConflictKind::SameAs(*leaver)))
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
    let row = |line_of: &dyn Fn(&RosterMatch) -> Option<u64>| {
        found.rosters.iter().find_map(|row| Some((request.rosters[row.roster].name.as_str(), line_of(row)?)))
    };
    let case = DecisionInput {
        entry,
        action: leaver.action,
        effective: leaver.effective,
        veto,
        active_in: row(&|row| row.active_line),
        maybe_active_in: row(&|row| row.alike.filter(|alike| alike.is_active).map(|alike| alike.line)),
        asked_by_roster: matches!(leaver.requested_by, RequestedBy::Roster(_)),
        history: context.history,
        as_of: request.as_of,
    };
    Account {
        leaver: index,
        entry: entry.clone(),
        decision: lifecycle::decide(&case, policy),
        successor: None,
        no_successor: None,
        successor_entry: None,
        history_name: context.history.moved_from(entry.dn.key()).cloned(),
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
    // How many accounts have the key of a row.
    let mut accounts_of_row: HashMap<RowPlace, usize> = HashMap::new();
    for row in sorted.iter().flat_map(|found| &found.rosters) {
        for line in &row.lines {
            *accounts_of_row.entry((row.roster, *line)).or_default() += 1;
        }
    }
    for found in sorted {
        if requested.asked.contains_key(found.entry.dn.key()) {
            continue;
        }
        match roster_outcome(found, &accounts_of_row, located, context) {
            RosterOutcome::Nothing => {}
            RosterOutcome::Item(code, row) => requested.decision_items.push(roster_item(found, code, row, context)),
            RosterOutcome::Ask(action, row) => {
                let mut leaver = Leaver::new(Identity::Dn(found.entry.dn.clone()), row.line());
                leaver.action = action;
                leaver.requested_by = RequestedBy::Roster(context.request.rosters[row.roster].name.clone());
                let account = account(requested.leavers.len(), &leaver, found, matches, context);
                requested.leavers.push(leaver);
                requested.add(account);
            }
        }
    }
    let unmatched = UnmatchedRows::of_rosters(context.request, context.policy, &located.entries.scopes);
    let name = |index: usize| context.request.rosters[index].name.as_str();
    let items = unmatched.iter().enumerate().filter(|(_, rows)| rows.is_finding());
    requested.decision_items.extend(items.map(|(index, rows)| {
        DecisionItem::of_input(
            ItemCode::RosterRowsUnmatched,
            &format!("roster {}", name(index)),
            rows.to_string().as_bytes(),
        )
    }));
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
    located: &Located,
    context: PlanContext<'_>,
) -> RosterOutcome<'m> {
    let policy = context.policy;
    let entry = &found.entry;
    let is_disabled = is_disabled(entry, policy);
    let is_shared = |row: &RosterMatch| {
        row.lines.iter().any(|line| accounts_of_row.get(&(row.roster, *line)).is_some_and(|accounts| *accounts > 1))
    };
    if let Some(row) = found.roster_saying(Verdict::Contradictory) {
        return RosterOutcome::Item(ItemCode::RosterRowsDisagree, row);
    }
    if let Some(row) = found.roster_saying(Verdict::Active) {
        let has_stamp = || policy.stamp.as_ref().is_some_and(|stamp| !grace::stamps(entry, stamp, None).is_empty());
        return if !is_disabled {
            RosterOutcome::Nothing
        } else if !has_stamp() && context.history.disabled(entry.dn.key(), None).is_none() {
            RosterOutcome::Item(ItemCode::ActiveButDisabled, row)
        } else if lists_several(row, located, context) {
            RosterOutcome::Item(ItemCode::RosterKeyAmbiguous, row)
        } else {
            RosterOutcome::Ask(Action::Restore, row)
        };
    }
    if let Some(row) = found.rosters.iter().find(|row| row.alike.is_some()) {
        return RosterOutcome::Item(ItemCode::RosterKeyAlike, row);
    }
    if let Some(row) = found.roster_saying(Verdict::Inactive) {
        return if is_shared(row) {
            RosterOutcome::Item(ItemCode::RosterKeyAmbiguous, row)
        } else {
            RosterOutcome::Ask(Action::Delete, row)
        };
    }
    if let Some(row) = found.roster_saying(Verdict::Unknown) {
        return RosterOutcome::Item(ItemCode::RosterStatusUnknown, row);
    }
    // No roster lists it.
    let cares = |row: &&RosterMatch| row.absence != Absence::Ignore;
    let Some(row) = found.rosters.iter().find(cares).filter(|_| !is_disabled) else {
        return RosterOutcome::Nothing;
    };
    // A roster that lists no account at all has other keys than the accounts.
    let lists_any = |row: &&RosterMatch| located.entries.scopes.get(row.roster).is_some_and(|scope| scope.listed > 0);
    let is_absent = |row: &&RosterMatch| row.absence == Absence::Disable && row.verdict == Verdict::Absent;
    let lacks_key = |row: &&RosterMatch| cares(row) && row.verdict == Verdict::NoKey;
    match found.rosters.iter().filter(lists_any).find(is_absent) {
        Some(row) => RosterOutcome::Ask(Action::Disable, row),
        None => match found.rosters.iter().find(lacks_key) {
            Some(row) => RosterOutcome::Item(ItemCode::RosterKeyMissing, row),
            None => RosterOutcome::Item(ItemCode::AbsentFromRoster, row),
        },
    }
}

/// Whether a row that lists an account lists others, too, disabled or not.
fn lists_several(row: &RosterMatch, located: &Located, context: PlanContext<'_>) -> bool {
    let rows = &context.request.rosters[row.roster].roster.rows;
    let listed = |line: &u64| {
        let index = rows.binary_search_by_key(line, |row| row.line).ok()?;
        located.entries.scopes.get(row.roster)?.rows.get(&index)
    };
    row.lines.iter().filter_map(listed).any(|accounts| *accounts > 1)
}

fn roster_item(found: &Match, code: ItemCode, row: &RosterMatch, context: PlanContext<'_>) -> DecisionItem {
    let NamedRoster { name, roster } = &context.request.rosters[row.roster];
    let key = context.policy.rosters.get(name).map(|rules| &rules.key);
    // Values have no order, so the first one in the export is not the one that is meant.
    let value = key.and_then(|key| values_of(&found.entry, key).min()).unwrap_or_default();
    let attribute = key.map(AttributeDescription::to_string).unwrap_or_default();
    let key_on = |line: u64| {
        // The rows are in the order of the file.
        let row = roster.rows.binary_search_by_key(&line, |row| row.line).ok().map(|index| &roster.rows[index]);
        row.map_or_else(String::new, |row| shown_key(context.policy, &attribute, &row.key))
    };
    let detail = match (code, row.alike) {
        (ItemCode::RosterKeyAlike, Some(alike)) => {
            format!("the roster {name} has {} on line {}", key_on(alike.line), alike.line)
        }
        (ItemCode::RosterRowsDisagree, _) => {
            let lines = row.lines.iter().map(|line| format!("{} on line {line}", key_on(*line)));
            format!("the roster {name} has {}", lines.collect::<Vec<_>>().join(", "))
        }
        _ => String::new(),
    };
    DecisionItem { detail: detail.into_bytes(), ..DecisionItem::of_entry(&found.entry, code, &attribute, value) }
}
