//! Accounts, and what is known about them.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::directory::identity::unique_id::UniqueIds;
use crate::ldap::managed_entries::{MANAGED_ENTRY, has_plug_in};
use crate::ldap::{Dn, DnKey, Entry, Origin};
use crate::leavers::RequestedBy;
use crate::lifecycle::effective::{self, Effective};
use crate::lifecycle::grace::DisabledSince;
use crate::lifecycle::lint::{Lint, lint};
use crate::lifecycle::{AccountService, ServiceState, Step};
use crate::plan::Account;
use crate::proof::Proof;
use crate::render::context::RenderContext;
use crate::render::sanitize::sanitized;

/// An account.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AccountView {
    /// The leaver as asked for.
    pub leaver: String,
    /// Line of the leaver list or of the roster; 0 for the command line.
    pub leaver_line: u64,
    /// The roster that asks for it; null if a person does.
    pub roster: Option<String>,
    /// What was asked for.
    pub action: &'static str,
    /// The number of the `[[rule]]` that applies, from 1.
    pub rule: Option<usize>,
    /// Its entry.
    pub dn: String,
    /// The identifiers that the server gave to its entry, as far as the exports show them. With `--history`, a later plan
    /// knows by them whether an entry with this DN is the same account.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unique_ids: Vec<UniqueIdView>,
    /// The place of the entry in the exports.
    pub evidence: String,
    /// Its state before the plan.
    pub state: &'static str,
    /// Its services.
    pub services: Vec<ServiceView>,
    /// What the plan does, as a code.
    pub step: &'static str,
    /// What the plan does, as a sentence.
    pub what: String,
    /// Why, as a code.
    pub reason: &'static str,
    /// Why, as a sentence.
    pub why: String,
    /// What to do to get another decision.
    pub to_change: &'static str,
    /// When it was disabled, and how that is known.
    pub disabled_since: Option<DisabledSinceView>,
    /// The first day on which it may be deleted.
    pub due: Option<String>,
    /// Whether its services can be used, before and after the plan.
    pub effective: Vec<EffectiveView>,
    /// Problems with its statuses.
    pub lints: Vec<LintView>,
    /// Groups that it is a member of through another group, a URL or its primary group. The memberships end as well.
    pub lost_access: Vec<AccessView>,
    /// Entries that the Managed Entries plug-in of 389 DS maintains for it. The server deletes or moves them itself.
    pub managed_entries: Vec<String>,
    /// Entries below it that are deleted with it, or because of which it is held.
    pub children: Vec<ChildView>,
    /// Its new DN, if it is moved.
    pub moved_to: Option<String>,
    /// The account that takes over.
    pub successor: Option<String>,
    /// The ticket in the leaver list.
    pub ticket: Option<String>,
    /// The note in the leaver list.
    pub note: Option<String>,
    /// The operations for it, as indices of `operations`.
    pub operations: Vec<usize>,
}

pub(super) fn accounts(context: &RenderContext<'_>, proof: &Proof) -> Vec<AccountView> {
    let moved: HashMap<&DnKey, &Dn> = context.plan.moved.iter().rev().map(|(old, new)| (old.key(), new)).collect();
    let (mut lost_access, mut children) = (lost_access(context), children(context));
    let account = |(index, (account, operations)): (usize, (&Account, Vec<usize>))| {
        let leaver = &context.plan.leavers[account.leaver];
        let decision = &account.decision;
        let since = |since: DisabledSince| DisabledSinceView {
            day: since.date.to_string(),
            source: since.source.name(),
            evidence: (since.line > 0).then(|| context.place(Origin { line: since.line, ..account.entry.origin })),
        };
        let moved = moved.get(account.entry.dn.key());
        AccountView {
            leaver: context.leaver_name(account),
            leaver_line: leaver.line,
            roster: match &leaver.requested_by {
                RequestedBy::Person | RequestedBy::Explanation => None,
                RequestedBy::Roster(name) => Some(name.clone()),
            },
            action: leaver.action.name(),
            rule: decision.rule.map(|rule| rule + 1),
            dn: sanitized(account.entry.dn.raw_bytes()).into_owned(),
            unique_ids: UniqueIds::of(&account.entry).texts().map(UniqueIdView::of).collect(),
            evidence: context.place(account.entry.origin),
            state: decision.state.name(),
            services: decision.services.iter().map(ServiceView::of).collect(),
            step: decision.step.name(),
            what: what(decision.step, leaver.action.name()),
            reason: decision.reason.code(),
            why: sanitized(decision.reason.sentence().as_bytes()).into_owned(),
            to_change: decision.reason.to_change(),
            disabled_since: decision.disabled_since.map(since),
            due: decision.due.map(|day| day.to_string()),
            effective: effective_views(context, account, proof),
            lints: lint_views(context, account),
            lost_access: std::mem::take(&mut lost_access[index]),
            managed_entries: managed_entries(context, account, moved.is_some()),
            children: std::mem::take(&mut children[index]),
            moved_to: moved.map(|new| sanitized(new.raw_bytes()).into_owned()),
            successor: account.successor.as_ref().map(|dn| sanitized(dn.raw_bytes()).into_owned()),
            ticket: leaver.ticket.as_ref().map(|ticket| sanitized(ticket.as_bytes()).into_owned()),
            note: leaver.note.as_ref().map(|note| sanitized(note.as_bytes()).into_owned()),
            operations,
        }
    };
    context.plan.accounts.iter().zip(context.plan.by_account()).enumerate().map(account).collect()
}

/// What a step does with an account for which `action` was asked.
fn what(step: Step, action: &str) -> String {
    let does = match step {
        Step::Disable => "the account is disabled",
        Step::DisableService => "a service of the account is disabled",
        Step::Stamp => "the account gets a stamp",
        Step::Strip => "a service is stripped from the account",
        Step::Delete => "the account is deleted",
        Step::Restore => "the account is restored",
        Step::Disconnect => "the account is disconnected",
        Step::Wait => "the account waits",
        Step::Nothing => "the account needs no change",
        Step::Hold => "the account is not changed",
    };
    format!("{does} (action: {action})")
}

/// An identifier that a server gave to an entry once.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct UniqueIdView {
    /// `entryUUID`, `nsUniqueId` or `objectGUID`.
    pub attribute: &'static str,
    /// Its value as printable text, or as `\XX` for each byte.
    pub value: String,
}

impl UniqueIdView {
    fn of((attribute, value): (&'static str, String)) -> Self {
        Self { attribute, value }
    }
}

/// A service of an account.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ServiceView {
    /// Its name.
    pub name: String,
    /// `not-assigned`, `released`, `disabled`, `waiting` or `with-entry`.
    pub state: &'static str,
    /// The value of its status attribute.
    pub status: Option<String>,
}

impl ServiceView {
    fn of(service: &AccountService) -> Self {
        Self {
            name: service.name.clone(),
            state: service.state.name(),
            status: service.status.as_deref().map(|status| sanitized(status).into_owned()),
        }
    }
}

/// When an account was disabled.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct DisabledSinceView {
    /// The day.
    pub day: String,
    /// How it is known: `stamp`, `history` or `modify-timestamp`.
    pub source: &'static str,
    /// The place of the value, if it is in an export.
    pub evidence: Option<String>,
}

/// Whether a service of an account can be used.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct EffectiveView {
    /// The service.
    pub service: &'static str,
    /// The status before the plan.
    pub before: String,
    /// The value that decides the status, with its place.
    pub because: Option<String>,
    /// The status after the plan; `deleted` if the entry is deleted, `stripped` if the service is.
    pub after: String,
}

fn effective_views(context: &RenderContext<'_>, account: &Account, proof: &Proof) -> Vec<EffectiveView> {
    let services = [("mail", effective::SunService::Mail), ("calendar", effective::SunService::Calendar)];
    let assigned = |name: &str| {
        let services = &account.decision.services;
        services.iter().any(|service| service.name == name && service.state != ServiceState::NotAssigned)
    };
    let of = |entry: &Entry, service| effective::effective(service, entry, account.domain.as_ref());
    let key = account.entry.dn.key();
    let has = |entry: &Entry, name: &str| {
        let rules = context.policy.services.get(name);
        rules.is_some_and(|rules| rules.classes.iter().any(|class| entry.has_class(class)))
    };
    let after = |name, service| match proof.after.get(key) {
        None => of(&account.entry, service).status.name().to_owned(),
        // Without the classes of the service, its status attributes mean nothing.
        Some(Some(entry)) if has(entry, name) => of(entry, service).status.name().to_owned(),
        Some(Some(_)) => "stripped".to_owned(),
        Some(None) => "deleted".to_owned(),
    };
    let view = |(name, service)| {
        let before: Effective = of(&account.entry, service);
        let because = before.reason.map(|because| {
            let value = because.value.as_deref().map(|value| context.secrets().shown_value(because.attribute, value));
            let illegal = if because.illegal { ", which is not a legal value" } else { "" };
            let place = context.place(because.origin);
            format!("{}: {}{illegal} ({place})", because.attribute, value.unwrap_or_default())
        });
        EffectiveView { service: name, before: before.status.name().to_owned(), because, after: after(name, service) }
    };
    services.into_iter().filter(|(name, _)| assigned(name)).map(view).collect()
}

/// A problem with the statuses of an account.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct LintView {
    /// What it is, as a code.
    pub code: &'static str,
    /// What it means.
    pub what: String,
    /// The attribute, its value, and its place.
    pub evidence: String,
}

fn lint_views(context: &RenderContext<'_>, account: &Account) -> Vec<LintView> {
    // The rules are about the statuses of Sun's services.
    if context.policy.services.is_empty() {
        return Vec::new();
    }
    let view = |lint: Lint| {
        let place = context.place(Origin { line: lint.line, ..account.entry.origin });
        let value =
            lint.value.as_deref().map(|value| context.secrets().shown_value(lint.attribute, value)).unwrap_or_default();
        LintView { code: lint.code, what: lint.sentence(), evidence: format!("{}: {value} ({place})", lint.attribute) }
    };
    lint(&account.entry).into_iter().map(view).collect()
}

/// A group that an account is a member of, although no member value names it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AccessView {
    /// `nested`, `dynamic` or `primary`.
    pub membership: &'static str,
    /// The group, or the number of a primary group.
    pub group: String,
    /// The nested group that has the account as a member, or the URL that finds it.
    pub through: String,
}

/// The groups of each account, by its index.
fn lost_access(context: &RenderContext<'_>) -> Vec<Vec<AccessView>> {
    let mut lost: Vec<Vec<AccessView>> = context.plan.accounts.iter().map(|_| Vec::new()).collect();
    for access in &context.plan.lost_access {
        if let Some(views) = lost.get_mut(access.account) {
            views.push(AccessView {
                membership: access.membership.name(),
                group: sanitized(&access.group).into_owned(),
                through: sanitized(&access.through).into_owned(),
            });
        }
    }
    lost
}

/// The entries that the server maintains for an account, and deletes or moves with it.
fn managed_entries(context: &RenderContext<'_>, account: &Account, is_moved: bool) -> Vec<String> {
    let concerned = account.decision.step == Step::Delete || is_moved;
    let names = account.entry.values(MANAGED_ENTRY);
    let names = names.filter(|_| concerned && has_plug_in(context.policy.directory.server));
    names.map(|value| sanitized(&value.bytes).into_owned()).collect()
}

/// An entry below an account.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ChildView {
    /// The entry.
    pub dn: String,
    /// Its object classes.
    pub classes: Vec<String>,
    /// `own`: it matches `[children] own`; `other`: it does not; `account`: it is an account of the policy;
    /// `protected`: `[protect]` covers it; `vetoed`: a veto holds it.
    pub kind: &'static str,
    /// Whether the plan deletes it.
    pub deleted: bool,
    /// The place of the entry in the exports.
    pub evidence: String,
}

/// The entries below each account, by the index of the account.
fn children(context: &RenderContext<'_>) -> Vec<Vec<ChildView>> {
    let mut children: Vec<Vec<ChildView>> = context.plan.accounts.iter().map(|_| Vec::new()).collect();
    for child in &context.plan.children {
        if let Some(views) = children.get_mut(child.account) {
            views.push(ChildView {
                dn: sanitized(child.entry.dn.raw_bytes()).into_owned(),
                classes: child.entry.values("objectClass").map(|class| sanitized(&class.bytes).into_owned()).collect(),
                kind: child.kind.name(),
                deleted: child.is_deleted,
                evidence: context.place(child.entry.origin),
            });
        }
    }
    children
}
