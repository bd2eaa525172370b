//! What a plan may do if the exports do not show operational attributes that the policy needs.
//!
//! An export by `ldapsearch` without `+` looks like one in which no account is locked. Which attributes an export shows
//! is decided in [`directory::operational`](crate::directory::operational); what a plan may do without them is decided
//! here:
//!
//! | the policy has the attribute in | so it is unknown | the plan is |
//! | --- | --- | --- |
//! | a filter: `[accounts]`, `[protect]`, `[[rule]]`, `[veto]`, `provenance`, a roster's scope | which entries it covers | refused |
//! | `[disconnect]` | which accounts must not be changed | refused |
//! | a roster's `key` | which accounts the roster lists | refused |
//! | `[disable]`, with `[protect] last_enabled` or a roster | which accounts are enabled | refused |
//! | `[disable]`, and a stamp or the history says that the account was disabled | whether it still is | refused, or the account is held |
//! | `[disable]`, `[restore]`, `[stamp]` or a status, and the account is to be restored | what must be restored | refused, or the account is held |
//! | `[stamp]`, and the account gets a date because it has none, or is due by its history | its date | refused, or the account is held |
//! | a service's status, and the step depends on it | whether the service has released the account | refused, or the account is held |
//! | `[grace] trust_modify_timestamp`, and the account is due by its history | whether the account was changed since | refused, or the account is held |
//! | `[disable]`, of a possible successor | whether it is disabled | made, without that successor |
//! | `[disable]`, any other account | whether it is already disabled: then the server answers 20, and nothing is lost; see the stage `status` for multi-valued attributes | made, with a finding |
//! | `[accounts] match`, `[references]` | which leavers and references would be found by it | made, with a finding |
//!
//! "Refused, or held": `--accept-incomplete operational` holds the affected accounts and plans the rest. It does not help if
//! the plan as a whole depends on the attribute.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::model::{Account, Hold};
use super::request::Request;
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

/// The place in the policy that needs an attribute.
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
    /// A filter: its key in the policy.
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

    /// Whether the plan as a whole depends on the attribute. `compares` says whether the policy distinguishes disabled and
    /// enabled accounts: by `[protect] last_enabled` or a roster.
    fn affects_the_whole_plan(self, compares: bool) -> bool {
        match self {
            Self::Disconnect | Self::RosterKey | Self::Filter(_) => true,
            Self::Disable => compares,
            _ => false,
        }
    }
}

/// An operational attribute that the policy needs, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Needed {
    /// The attribute, as the policy spells it, without options.
    pub attribute: String,
    /// The place in the policy.
    pub by: Use,
}

/// The operational attributes that a policy needs, each once for every place.
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
    // Active Directory has `whenChanged` instead, which every search returns.
    if policy.grace.trust_modify_timestamp && server != Server::ActiveDirectory {
        add("modifyTimestamp", Use::Grace);
    }
    for (key, filter) in filters(policy) {
        filter.for_each_type(&mut |attribute| add(attribute, Use::Filter(key)));
    }
    all.into_iter().collect()
}

/// The filters of a policy with their keys.
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

/// What the census of a plan looks for; `None` if the policy needs no operational attribute.
pub fn watch(policy: &Policy) -> Option<Watch> {
    let mut names: Vec<String> = needed(policy).into_iter().map(|needed| needed.attribute).collect();
    names.sort_by_key(|name| name.to_ascii_lowercase());
    names.dedup_by(|a, b| a.eq_ignore_ascii_case(b));
    (!names.is_empty()).then(|| Watch::new(policy.directory.server, names))
}

/// What each export holds: an export of address books need not show the attributes that are needed of accounts.
#[derive(Clone, Debug, Default)]
pub struct ExportContents {
    /// The exports with an entry that `[accounts] filter` matches.
    accounts: BTreeSet<u16>,
    /// The exports with an entry outside the suffix of the address books.
    others: BTreeSet<u16>,
}

impl ExportContents {
    /// Adds an entry. `is_account` says whether it is an account of the policy.
    pub fn add(&mut self, entry: &EntryView<'_>, is_account: bool, policy: &Policy) {
        let suffix = policy.address_books.suffix.as_ref();
        if !suffix.is_some_and(|suffix| entry.key.starts_with(suffix.key().as_bytes())) {
            self.others.insert(entry.export);
        }
        // Also outside the bases: a member of a group of [protect] last_enabled may be there.
        let matches_filter = || {
            !policy.accounts.base.is_empty()
                && !self.accounts.contains(&entry.export)
                && policy.accounts.filter.evaluate(entry) == Truth::True
        };
        if is_account || matches_filter() {
            self.accounts.insert(entry.export);
        }
    }

    /// Adds what later blocks hold.
    pub fn merge(&mut self, later: Self) {
        self.accounts.extend(later.accounts);
        self.others.extend(later.others);
    }

    /// The exports that must show an attribute.
    fn that_must_show<'c>(&'c self, census: &'c Census, by: Use) -> &'c BTreeSet<u16> {
        match by {
            // It is evaluated on every entry that a plan touches, also on those of address books.
            Use::Filter(PROTECT_FILTER) => &census.with_entries,
            Use::Filter(_) | Use::References => &self.others,
            _ => &self.accounts,
        }
    }
}

/// How much of the plan depends on attributes that are not shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AffectedScope {
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
    /// What of the plan depends on them.
    pub scope: AffectedScope,
}

impl NotShown {
    /// A sentence that says what is not shown, and why that matters.
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
        let why = match &self.scope {
            AffectedScope::Nothing if uses.contains(&Use::Disable) => {
                "an account that is already disabled looks enabled".to_owned()
            }
            AffectedScope::Nothing if uses.contains(&Use::Match) => {
                "a leaver that is named by them is not found".to_owned()
            }
            AffectedScope::Nothing => "no decision of this plan depends on them".to_owned(),
            AffectedScope::Accounts(found) if found.count == 1 => "the step of 1 account depends on them".to_owned(),
            AffectedScope::Accounts(found) => format!("the steps of {} accounts depend on them", found.count),
            AffectedScope::Whole => "which entries the plan may change depends on them".to_owned(),
        };
        format!("the exports do not show operational attributes that the policy needs: {names}); {why}")
    }

    /// The places of the accounts, or of the exports if no account is affected.
    pub fn places(&self) -> &[Place] {
        match &self.scope {
            AffectedScope::Accounts(found) => &found.places,
            AffectedScope::Nothing | AffectedScope::Whole => &self.exports.places,
        }
    }

    /// The command that exports what is missing.
    pub fn command(&self) -> &'static str {
        self.server.profile().export_command
    }
}

/// An attribute that is not shown of an account, and that its step depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HiddenAttribute {
    /// The account, by index.
    pub account: usize,
    /// The attribute.
    pub attribute: String,
}

impl From<HiddenAttribute> for Hold {
    fn from(hidden: HiddenAttribute) -> Self {
        Self { account: hidden.account, reason: Reason::NotShown(hidden.attribute) }
    }
}

/// The operational attributes that a plan needs, and what the census says of them.
pub struct OperationalNeeds<'s> {
    policy: &'s Policy,
    census: &'s Census,
    contents: &'s ExportContents,
    needed: Vec<Needed>,
    watch: Option<Watch>,
}

impl<'s> OperationalNeeds<'s> {
    /// The needs of a policy, with the census and the contents of the exports.
    pub fn new(policy: &'s Policy, census: &'s Census, contents: &'s ExportContents) -> Self {
        Self { policy, census, contents, needed: needed(policy), watch: watch(policy) }
    }

    /// The attributes that the export does not show of an entry.
    fn not_shown_of(&self, entry: &Entry) -> Vec<&Needed> {
        let Some(watch) = &self.watch else { return Vec::new() };
        let is_missing = |needed: &&Needed| {
            !watch.is_shown(&needed.attribute, entry.origin.export, &self.census.operational)
                && entry.values(&needed.attribute).next().is_none()
        };
        self.needed.iter().filter(is_missing).collect()
    }

    /// Whether it is unknown if an account is disabled.
    pub fn may_be_disabled(&self, entry: &Entry) -> bool {
        self.not_shown_of(entry).iter().any(|needed| needed.by == Use::Disable)
    }

    /// What the exports do not show for any plan by this policy.
    pub fn of_exports(&self, request: &Request) -> Option<NotShown> {
        let watch = self.watch.as_ref()?;
        let mut exports = Finding::default();
        let mut missing: Vec<Needed> = Vec::new();
        let mut without: BTreeSet<u16> = BTreeSet::new();
        for needed in &self.needed {
            let concerned = self.contents.that_must_show(self.census, needed.by).iter();
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
        // What only [restore] needs matters only if an account is restored.
        let restores =
            !request.rosters.is_empty() || request.leavers.iter().any(|leaver| leaver.action == Action::Restore);
        if !restores && missing.iter().all(|needed| needed.by == Use::Restore) {
            return None;
        }
        let compares = !self.policy.protect.last_enabled.is_empty() || !request.rosters.is_empty();
        let decisive = |needed: &&Needed| needed.by.affects_the_whole_plan(compares);
        let decisive: Vec<Needed> = missing.iter().filter(decisive).cloned().collect();
        let server = self.policy.directory.server;
        match (missing.is_empty(), decisive.is_empty()) {
            (true, _) => None,
            (false, true) => Some(NotShown { server, needed: missing, exports, scope: AffectedScope::Nothing }),
            (false, false) => Some(NotShown { server, needed: decisive, exports, scope: AffectedScope::Whole }),
        }
    }

    /// The accounts whose step depends on an attribute that is not shown.
    pub fn hidden_from(&self, accounts: &[Account], history: &History) -> Vec<HiddenAttribute> {
        let of_account = |(index, account): (usize, &Account)| {
            let missing = self.not_shown_of(&account.entry);
            let step = AccountStep { account, missing: &missing, policy: self.policy, history };
            Some(HiddenAttribute { account: index, attribute: step.hidden_attribute()?.to_owned() })
        };
        accounts.iter().enumerate().filter_map(of_account).collect()
    }
}

impl NotShown {
    /// The same attributes, but only the step of these accounts depends on them.
    #[must_use]
    pub fn affecting(self, hidden: &[HiddenAttribute], accounts: &[Account]) -> Self {
        let mut found = Finding::default();
        for HiddenAttribute { account, attribute } in hidden {
            let origin = accounts[*account].entry.origin;
            let text = format!("{attribute} is not shown").into_bytes();
            found.add(Place { export: origin.export, line: origin.line, text });
        }
        Self { scope: AffectedScope::Accounts(found), ..self }
    }
}

/// The step of an account, and what is not shown of the account.
struct AccountStep<'c> {
    account: &'c Account,
    missing: &'c [&'c Needed],
    policy: &'c Policy,
    history: &'c History,
}

impl<'c> AccountStep<'c> {
    /// The attribute that the step depends on.
    fn hidden_attribute(&self) -> Option<&'c str> {
        let decision = &self.account.decision;
        let by_history = decision.disabled_since.is_some_and(|since| since.source != DateSource::Stamp);
        let restores = decision.action == Action::Restore;
        match decision.step {
            Step::Restore => self.missing_for(&[Use::Disable, Use::Restore, Use::Stamp, Use::Status]),
            // That nothing must be restored may be wrong.
            Step::Nothing if restores => self.missing_for(&[Use::Disable, Use::Stamp, Use::Status]),
            Step::Disable => {
                let strips = matches!(decision.reason, Reason::DisableAndStrip { .. });
                let status = strips.then(|| self.missing_for(&[Use::Status])).flatten();
                self.missing_for_disable().or(status)
            }
            Step::DisableService => self.missing_for(&[Use::Status, Use::Stamp]),
            Step::Stamp => self.missing_for(&[Use::Stamp, Use::Disable]),
            Step::Strip | Step::Delete => {
                let dated = by_history.then(|| self.missing_for(&[Use::Stamp, Use::Grace])).flatten();
                // An account that is deleted at once is deleted whether it is disabled or not.
                let is_at_once = decision.reason == Reason::DeleteAtOnce;
                let disabled = (!is_at_once).then(|| self.missing_for(&[Use::Disable])).flatten();
                self.missing_for(&[Use::Status]).or(dated).or(disabled)
            }
            Step::Disconnect | Step::Wait | Step::Nothing | Step::Hold => None,
        }
    }

    /// The first attribute that is missing for one of these uses.
    fn missing_for(&self, uses: &[Use]) -> Option<&'c str> {
        self.missing.iter().find(|needed| uses.contains(&needed.by)).map(|needed| needed.attribute.as_str())
    }

    /// The attribute of `[disable]` without which the account must not be disabled: if it was disabled before, its date would
    /// change.
    fn missing_for_disable(&self) -> Option<&'c str> {
        let attribute = self.missing_for(&[Use::Disable])?;
        let entry = &self.account.entry;
        let has_stamp = self.policy.stamp.as_ref().is_some_and(|stamp| !stamps(entry, stamp, None).is_empty());
        let was_disabled = has_stamp
            || self.missing_for(&[Use::Stamp]).is_some()
            || self.history.disabled(entry.dn.key(), None).is_some();
        was_disabled.then_some(attribute)
    }
}
