//! What a plan may do where the exports do not show operational attributes that the policy needs.
//!
//! An export by `ldapsearch` without `+` looks like one in which no account is locked. Which attributes an export shows
//! is decided in [`directory::operational`](crate::directory::operational); what may be done without them is decided
//! here:
//!
//! | the policy has the attribute in | so it is not known | the plan |
//! | --- | --- | --- |
//! | a filter: `[accounts]`, `[protect]`, `[[rule]]`, `[veto]`, `provenance`, a roster's scope | which entries it covers | refused |
//! | `[disconnect]` | which accounts are not to be touched | refused |
//! | a roster's `key` | which accounts the roster lists | refused |
//! | `[disable]`, with `[protect] last_enabled` or a roster | which accounts are enabled | refused |
//! | `[disable]`, and a stamp or the history says that the account was disabled | whether it still is | refused, or the account is held |
//! | `[disable]`, `[restore]`, `[stamp]` or a status, and the account is to be restored | what is to be set back | refused, or the account is held |
//! | `[stamp]`, and the account gets a date because it has none, or is due by its history | its date | refused, or the account is held |
//! | a service's status, and the step depends on it | whether the service has released the account | refused, or the account is held |
//! | `[grace] trust_modify_timestamp`, and the account is due by its history | whether it was changed since | refused, or the account is held |
//! | `[disable]`, of a possible successor | whether it is disabled | made, without that successor |
//! | `[disable]`, any other account | whether it is disabled already: then the server answers 20, and nothing is lost; see the stage `status` for attributes that take several values | made, with a finding |
//! | `[accounts] match`, `[references]` | which leavers and references it would find | made, with a finding |
//!
//! "Refused, or held": `--accept-incomplete operational` holds the accounts concerned and plans the rest. It does not
//! help where the plan as a whole depends on the attribute.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::complete::Incomplete;
use super::{Account, Request};
use crate::directory::census::{Finding, Place};
use crate::directory::operational::Watch;
use crate::directory::{Census, EntryView};
use crate::ldap::Entry;
use crate::ldap::filter::{Filter, Truth};
use crate::ldap::server_attributes::is_operational;
use crate::leavers::Action;
use crate::lifecycle::grace::{DateSource, stamps};
use crate::lifecycle::{History, Reason, Step};
use crate::policy::{Policy, Server};

/// The filter that every entry of a plan is compared with.
const PROTECT_FILTER: &str = "[protect] filter";

/// Where a policy has an attribute, by what the plan needs it for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Use {
    /// `[disable]`.
    Disable,
    /// `[restore]`.
    Restore,
    /// `[stamp]`.
    Stamp,
    /// The status of a service.
    Status,
    /// `[grace] trust_modify_timestamp`.
    Grace,
    /// `[disconnect]`.
    Disconnect,
    /// The `key` of a roster.
    RosterKey,
    /// A filter: the key of the policy that holds it.
    Filter(&'static str),
    /// `[accounts] match`.
    Match,
    /// `[references]`.
    References,
}

impl Use {
    /// The section or key of the policy.
    fn name(self) -> &'static str {
        match self {
            Self::Disable => "[disable]",
            Self::Restore => "[restore]",
            Self::Stamp => "[stamp]",
            Self::Status => "status of a service",
            Self::Grace => "[grace] trust_modify_timestamp",
            Self::Disconnect => "[disconnect]",
            Self::RosterKey => "key of a roster",
            Self::Filter(key) => key,
            Self::Match => "[accounts] match",
            Self::References => "[references]",
        }
    }

    /// Whether the plan as a whole depends on the attribute. `compares` says whether the policy compares accounts that
    /// are disabled with others that are not: `[protect] last_enabled`, or a roster.
    fn decides_on_the_whole(self, compares: bool) -> bool {
        match self {
            Self::Disconnect | Self::RosterKey | Self::Filter(_) => true,
            Self::Disable => compares,
            _ => false,
        }
    }
}

/// An operational attribute that the policy needs, and what for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Needed {
    /// The attribute, as the policy spells it, without options.
    pub attribute: String,
    /// Where the policy has it.
    pub by: Use,
}

/// The operational attributes that a policy needs, each once for every use.
pub fn needed(policy: &Policy) -> Vec<Needed> {
    let server = policy.directory.server;
    let mut all: BTreeSet<Needed> = BTreeSet::new();
    let mut add = |attribute: &str, by: Use| {
        if is_operational(server, attribute) {
            all.insert(Needed { attribute: attribute.to_owned(), by });
        }
    };
    let (disable, restore) = (&policy.disable, &policy.restore);
    let written = disable.replace.iter().chain(&disable.present).map(|(description, _)| description);
    written
        .chain(disable.bits.iter().map(|(description, _)| description))
        .for_each(|description| add(description.attribute_type(), Use::Disable));
    let restored = restore.replace.iter().map(|(description, _)| description).chain(&restore.remove);
    restored.for_each(|description| add(description.attribute_type(), Use::Restore));
    policy.stamp.iter().for_each(|stamp| add(stamp.attribute.attribute_type(), Use::Stamp));
    policy.services.values().for_each(|service| add(service.status.attribute_type(), Use::Status));
    policy.disconnect.iter().for_each(|blocking| add(blocking.attribute.attribute_type(), Use::Disconnect));
    policy.rosters.values().for_each(|roster| add(roster.key.attribute_type(), Use::RosterKey));
    policy.accounts.matching.iter().for_each(|description| add(description.attribute_type(), Use::Match));
    let references = &policy.references;
    let listed = references.remove.iter().chain(&references.reassign).chain(&references.review);
    listed.for_each(|description| add(description.attribute_type(), Use::References));
    // Active Directory has whenChanged, which every search returns.
    if policy.grace.trust_modify_timestamp && server != Server::ActiveDirectory {
        add("modifyTimestamp", Use::Grace);
    }
    for (key, filter) in filters(policy) {
        filter.for_each_type(&mut |attribute| add(attribute, Use::Filter(key)));
    }
    all.into_iter().collect()
}

/// The filters of a policy, each with its key.
fn filters(policy: &Policy) -> Vec<(&'static str, &Filter)> {
    let mut all = vec![("[accounts] filter", &policy.accounts.filter)];
    all.extend(policy.accounts.provenance.iter().map(|filter| ("[accounts] provenance", filter)));
    all.extend(policy.protect.filter.iter().map(|filter| (PROTECT_FILTER, filter)));
    all.extend(policy.veto.filter().map(|filter| ("[veto] filter", filter)));
    all.extend(policy.rules.iter().filter_map(|rule| Some(("[[rule]] filter", rule.filter.as_ref()?))));
    all.extend(
        policy.rosters.values().filter_map(|roster| Some(("filter of a roster", roster.scope.filter.as_ref()?))),
    );
    all
}

/// What the census of a plan looks for; `None` where the policy needs no operational attribute.
pub fn watch(policy: &Policy) -> Option<Watch> {
    let mut names: Vec<String> = needed(policy).into_iter().map(|needed| needed.attribute).collect();
    names.sort_by_key(|name| name.to_ascii_lowercase());
    names.dedup_by(|a, b| a.eq_ignore_ascii_case(b));
    (!names.is_empty()).then(|| Watch::new(policy.directory.server, names))
}

/// Which exports hold what: an export of address books need not show what is needed of accounts.
#[derive(Clone, Debug, Default)]
pub struct InExports {
    /// The exports with an entry that `[accounts] filter` matches.
    accounts: BTreeSet<u16>,
    /// The exports with an entry outside the suffix of the address books.
    others: BTreeSet<u16>,
}

impl InExports {
    /// Notes an entry. `is_account` says whether it is an account of the policy.
    pub fn add(&mut self, entry: &EntryView<'_>, is_account: bool, policy: &Policy) {
        let suffix = policy.address_books.suffix.as_ref();
        if !suffix.is_some_and(|suffix| entry.key.starts_with(suffix.key().as_bytes())) {
            self.others.insert(entry.export);
        }
        // Outside the bases, too: a member of a group of [protect] last_enabled may be there.
        let is_like_one = || {
            !policy.accounts.base.is_empty()
                && !self.accounts.contains(&entry.export)
                && policy.accounts.filter.evaluate(entry) == Truth::True
        };
        if is_account || is_like_one() {
            self.accounts.insert(entry.export);
        }
    }

    /// Adds what later blocks hold.
    pub fn merge(&mut self, other: Self) {
        self.accounts.extend(other.accounts);
        self.others.extend(other.others);
    }

    /// The exports that must show an attribute.
    fn concerned<'c>(&'c self, census: &'c Census, by: Use) -> &'c BTreeSet<u16> {
        match by {
            // Every entry that a plan touches is compared with it, those of address books too.
            Use::Filter(PROTECT_FILTER) => &census.with_entries,
            Use::Filter(_) | Use::References => &self.others,
            _ => &self.accounts,
        }
    }
}

/// How much of the plan depends on what is not shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Nothing that could do harm.
    Nothing,
    /// These accounts of the plan.
    Accounts(Finding),
    /// The plan as a whole.
    Whole,
}

/// Operational attributes that the policy needs and the exports do not show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotShown {
    server: Server,
    needed: Vec<Needed>,
    /// The exports that do not show them.
    exports: Finding,
    /// What depends on them.
    pub extent: Extent,
}

impl NotShown {
    /// What is not shown, and why that matters, in words.
    pub fn sentence(&self) -> String {
        let mut names = String::new();
        let mut last = None;
        for Needed { attribute, by } in &self.needed {
            let name = by.name();
            let _ = match last.replace(attribute) {
                None => write!(names, "{attribute} ({name}"),
                Some(same) if same == attribute => write!(names, ", {name}"),
                Some(_) => write!(names, "), {attribute} ({name}"),
            };
        }
        let uses: BTreeSet<Use> = self.needed.iter().map(|needed| needed.by).collect();
        let why = match &self.extent {
            Extent::Nothing if uses.contains(&Use::Disable) => {
                "an account that is disabled already looks enabled".to_owned()
            }
            Extent::Nothing if uses.contains(&Use::Match) => "a leaver who is named by them is not found".to_owned(),
            Extent::Nothing => "no decision of this plan depends on them".to_owned(),
            Extent::Accounts(found) if found.count == 1 => "the step of 1 account depends on them".to_owned(),
            Extent::Accounts(found) => format!("the steps of {} accounts depend on them", found.count),
            Extent::Whole => "which entries the plan may change depends on them".to_owned(),
        };
        format!("the exports do not show operational attributes that the policy needs: {names}); {why}")
    }

    /// The places: the accounts, else the exports.
    pub fn places(&self) -> &[Place] {
        match &self.extent {
            Extent::Accounts(found) => &found.places,
            Extent::Nothing | Extent::Whole => &self.exports.places,
        }
    }

    /// How to export what is missing.
    pub fn command(&self) -> &'static str {
        self.server.profile().export_command
    }
}

/// The operational attributes that a plan needs, and what the census says of them.
pub struct Sought<'s> {
    policy: &'s Policy,
    census: &'s Census,
    in_exports: &'s InExports,
    needed: Vec<Needed>,
    watch: Option<Watch>,
}

impl<'s> Sought<'s> {
    /// Takes a policy, the census of the exports, and which of them hold what.
    pub fn new(policy: &'s Policy, census: &'s Census, in_exports: &'s InExports) -> Self {
        Self { policy, census, in_exports, needed: needed(policy), watch: watch(policy) }
    }

    /// The policy.
    pub fn policy(&self) -> &'s Policy {
        self.policy
    }

    /// The attributes that are not shown of an entry.
    fn missing_of(&self, entry: &Entry) -> Vec<&Needed> {
        let Some(watch) = &self.watch else { return Vec::new() };
        let is_missing = |needed: &&Needed| {
            !watch.is_shown(&needed.attribute, entry.origin.export, &self.census.operational)
                && entry.values(&needed.attribute).next().is_none()
        };
        self.needed.iter().filter(is_missing).collect()
    }

    /// Whether it is unknown if an entry is disabled.
    pub fn may_be_disabled(&self, entry: &Entry) -> bool {
        self.missing_of(entry).iter().any(|needed| needed.by == Use::Disable)
    }

    /// What the exports do not show for any plan of this policy.
    pub fn of_exports(&self, request: &Request) -> Option<NotShown> {
        let watch = self.watch.as_ref()?;
        let mut exports = Finding::default();
        let mut missing: Vec<Needed> = Vec::new();
        let mut without: BTreeSet<u16> = BTreeSet::new();
        for needed in &self.needed {
            let concerned = self.in_exports.concerned(self.census, needed.by).iter();
            let lacks = |export: &&u16| !watch.is_shown(&needed.attribute, **export, &self.census.operational);
            let lacking: Vec<u16> = concerned.filter(lacks).copied().collect();
            if !lacking.is_empty() {
                without.extend(lacking);
                missing.push(needed.clone());
            }
        }
        for export in without {
            exports.add(Place { export, line: 1, text: b"without operational attributes".to_vec() });
        }
        // What only a restore needs matters where something is restored.
        let restores =
            !request.rosters.is_empty() || request.leavers.iter().any(|leaver| leaver.action == Action::Restore);
        if !restores && missing.iter().all(|needed| needed.by == Use::Restore) {
            return None;
        }
        let compares = !self.policy.protect.last_enabled.is_empty() || !request.rosters.is_empty();
        let decisive = |needed: &&Needed| needed.by.decides_on_the_whole(compares);
        let decisive: Vec<Needed> = missing.iter().filter(decisive).cloned().collect();
        let server = self.policy.directory.server;
        match (missing.is_empty(), decisive.is_empty()) {
            (true, _) => None,
            (false, true) => Some(NotShown { server, needed: missing, exports, extent: Extent::Nothing }),
            (false, false) => Some(NotShown { server, needed: decisive, exports, extent: Extent::Whole }),
        }
    }

    /// The accounts whose step depends on what is not shown: each with the attribute.
    pub fn of_accounts(&self, accounts: &[Account], history: &History) -> Vec<(usize, String)> {
        let of_account = |(index, account): (usize, &Account)| {
            let missing = self.missing_of(&account.entry);
            let case = AccountCase { account, missing: &missing, policy: self.policy, history };
            Some((index, case.attribute()?.to_owned()))
        };
        accounts.iter().enumerate().filter_map(of_account).collect()
    }
}

/// What is not shown of an account.
struct AccountCase<'c> {
    account: &'c Account,
    missing: &'c [&'c Needed],
    policy: &'c Policy,
    history: &'c History,
}

impl<'c> AccountCase<'c> {
    /// The attribute that its step depends on.
    fn attribute(&self) -> Option<&'c str> {
        let decision = &self.account.decision;
        let by_history = decision.disabled_since.is_some_and(|mark| mark.source != DateSource::Stamp);
        let restores = decision.action == Action::Restore;
        match decision.step {
            Step::Restore => self.of(&[Use::Disable, Use::Restore, Use::Stamp, Use::Status]),
            // "Nothing is to be restored" may be wrong.
            Step::Nothing if restores => self.of(&[Use::Disable, Use::Stamp, Use::Status]),
            Step::Disable => {
                let status = matches!(decision.reason, Reason::DisableAndStrip { .. }).then(|| self.of(&[Use::Status]));
                self.of_disable().or(status.flatten())
            }
            Step::DisableService => self.of(&[Use::Status, Use::Stamp]),
            Step::Stamp => self.of(&[Use::Stamp, Use::Disable]),
            Step::Strip | Step::Delete => {
                let dated = by_history.then(|| self.of(&[Use::Stamp, Use::Grace])).flatten();
                // One that is deleted at once is so whether it is disabled or not.
                let disabled = (decision.reason != Reason::DeleteAtOnce).then(|| self.of(&[Use::Disable])).flatten();
                self.of(&[Use::Status]).or(dated).or(disabled)
            }
            Step::Disconnect | Step::Wait | Step::Nothing | Step::Hold => None,
        }
    }

    /// The first attribute that is missing for one of these uses.
    fn of(&self, uses: &[Use]) -> Option<&'c str> {
        self.missing.iter().find(|needed| uses.contains(&needed.by)).map(|needed| needed.attribute.as_str())
    }

    /// The attribute of `[disable]` without which an account must not be disabled: where it was disabled before, its date
    /// would move.
    fn of_disable(&self) -> Option<&'c str> {
        let attribute = self.of(&[Use::Disable])?;
        let entry = &self.account.entry;
        let policy = self.policy;
        let has_stamp = policy.stamp.as_ref().is_some_and(|stamp| !stamps(entry, stamp, None).is_empty());
        let was_disabled =
            has_stamp || self.of(&[Use::Stamp]).is_some() || self.history.disabled(entry.dn.key(), None).is_some();
        was_disabled.then_some(attribute)
    }
}

/// Refuses or holds the accounts whose step depends on what the exports do not show, and notes it among what was accepted
/// in place of what was found of the exports.
pub fn settle(
    sought: &Sought<'_>,
    accounts: &mut [Account],
    history: &History,
    findings: &mut Vec<Incomplete>,
) -> Option<Incomplete> {
    let concerned = sought.of_accounts(accounts, history);
    if concerned.is_empty() {
        return None;
    }
    let mut found = Finding::default();
    for (index, attribute) in concerned {
        let account = &mut accounts[index];
        let (entry, text) = (&account.entry, format!("{attribute} is not shown"));
        found.add(Place { export: entry.origin.export, line: entry.origin.line, text: text.into_bytes() });
        super::hold(account, Reason::NotShown(attribute));
        account.decision.due = None;
    }
    let at = findings.iter().position(|lack| matches!(lack, Incomplete::Operational(_)))?;
    let Incomplete::Operational(not_shown) = findings.remove(at) else { return None };
    Some(Incomplete::Operational(NotShown { extent: Extent::Accounts(found), ..not_shown }))
}
