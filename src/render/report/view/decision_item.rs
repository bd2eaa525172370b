//! Decision items: what the plan leaves for a person to decide.

use schemars::JsonSchema;
use serde::Serialize;

use crate::plan::DecisionItem;
use crate::render::context::RenderContext;
use crate::render::sanitize::{Secrets, sanitized};

/// A thing that a person must decide.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct DecisionItemView {
    /// The leaver that it is about; empty for an account that is not a leaver.
    pub leaver: String,
    /// What it is, as a code.
    pub code: &'static str,
    /// What was found: the attribute, its entry, the place of the entry, and the value.
    pub what: String,
    /// Why a person must decide.
    pub why: String,
    /// What the person can do.
    pub to_change: String,
    /// The entry; empty if it is not about an entry.
    pub dn: String,
    /// The attribute, or the input that the value is from.
    pub attribute: String,
    /// The value.
    pub value: String,
    /// The place of the entry in the exports; empty if it is in none.
    pub evidence: String,
}

pub(super) fn decision_items(context: &RenderContext<'_>) -> Vec<DecisionItemView> {
    context.plan.decision_items.iter().map(|item| view(context, item)).collect()
}

fn view(context: &RenderContext<'_>, item: &DecisionItem) -> DecisionItemView {
    let dn = sanitized(&item.dn).into_owned();
    let value = Secrets::of(context.policy).shown_value(&item.attribute, &item.value);
    // Line 0 is what is in no export.
    let evidence = if item.evidence.line > 0 { context.place(item.evidence) } else { String::new() };
    let place = if evidence.is_empty() { String::new() } else { format!(" ({evidence})") };
    let what = match (dn.is_empty(), value.is_empty()) {
        (true, _) => format!("{}{place}: {value}", item.attribute),
        (false, true) => format!("{} of {dn}{place} has no value", item.attribute),
        (false, false) => format!("{} of {dn}{place} is {value}", item.attribute),
    };
    let text = text(item.code);
    DecisionItemView {
        leaver: item.account.map(|account| context.leaver_name(&context.plan.accounts[account])).unwrap_or_default(),
        code: item.code,
        what,
        why: text.why.to_owned(),
        to_change: text.to_change.to_owned(),
        dn,
        attribute: item.attribute.clone(),
        value,
        evidence,
    }
}

/// Why a person must decide, and what the person can do.
struct ItemText {
    why: &'static str,
    to_change: &'static str,
}

/// The text of a decision item by its code.
#[expect(clippy::too_many_lines, reason = "a table")]
fn text(code: &str) -> ItemText {
    let (why, to_change) = match code {
        "near-miss" => (
            "the value matches no entry, but has the leaver's cn in the same place as the leaver's entry",
            "if it means the leaver, change or remove it by hand",
        ),
        "reference" => (
            "the value names the leaver, and the policy leaves this attribute to a person",
            "choose the new value, or remove this one",
        ),
        "in-protected-entry" => {
            ("the value names the leaver, but the policy protects the entry", "change the entry by hand")
        }
        "in-managed-entry" => (
            "the value names the leaver, but the server's Managed Entries plug-in maintains the entry",
            "change the entry that it is generated from, or the plug-in's configuration",
        ),
        "mention" => ("the value contains the leaver's name", "edit the value by hand, or leave it"),
        "moved-mention" => {
            ("the account is moved, and the value contains its old DN", "edit the value by hand, or leave it")
        }
        "uid-in-another-case" => (
            "the value is the leaver's user name in a different case, which some servers treat as another user name",
            "if it means the leaver, change or remove it by hand",
        ),
        "reference-unclear" => (
            "another account shares this user name or address",
            "decide which account is meant; if it is the leaver, change or remove the value by hand",
        ),
        "would-open" => {
            ("it is the last value, and an empty list lets everyone send", "add another sender, then remove this one")
        }
        "no-address-to-pass-to" => ("no successor has a mail address", "set an address by hand"),
        "private-group" => (
            "this is the leaver's private group, not used by any other account",
            "set [references] private_group = \"delete\" to delete it as well",
        ),
        "orphan-of-unknown-domain" => (
            "no account of this domain is in the exports, so the address book may still have an owner",
            "give the export of that domain as well",
        ),
        "address-book-missing" => (
            "the pointer names an address book that is not in the exports",
            "give the export that contains it, or remove the pointer by hand",
        ),
        "address-book-ambiguous" => (
            "this may be the leaver's address book, or that of another account",
            "if it is the leaver's, delete it by hand",
        ),
        "stamp-occupied" => (
            "the stamp attribute is single-valued and in use, so no date was written",
            "keep this change set and give it with --history, so that a later plan knows the date",
        ),
        "move-collision" => (
            "an entry with the DN that the account would be moved to exists",
            "rename one of the two entries, then plan again",
        ),
        "move-account-below" => {
            ("another account is below this one, so it is not moved", "move the account below it first")
        }
        "restore-not-moved" => (
            "the account is restored, but stays in the container of disabled accounts",
            "move it by hand, or give the change set that moved it with --history, or set [move] back",
        ),
        "move-no-container" => (
            "the container of [move] is not in the exports, so the account is not moved",
            "create the container, or give the export that contains it",
        ),
        "structural-class" => (
            "in the schema reference, this is the structural class of the entry; a server that enforces it refuses the \
             change (65)",
            "check the schema of the server before you apply the stage services",
        ),
        "successor-unknown" => {
            ("the leaver list names this successor, but no account matches", "check the spelling in the list")
        }
        "successor-ambiguous" => (
            "the leaver list names this successor, and several accounts match",
            "identify the successor by its DN in the list",
        ),
        "successor-leaves" => (
            "the leaver list names this successor, but that account leaves or is disabled",
            "name another successor in the list",
        ),
        "fallback-unknown" => (
            "[successor] fallback names an entry that is not in the exports, so no account can take over",
            "correct [successor] fallback, or give the export that contains the entry",
        ),
        "fallback-leaves" => (
            "[successor] fallback names an account that leaves or is disabled, so no account can take over",
            "name another account in [successor] fallback",
        ),
        "manager-unknown" => (
            "the manager is not in the exports, so no manager can take over",
            "correct the value, name a successor in the list, or give the export that contains the manager",
        ),
        "veto-unmatched" => {
            ("this veto matches no account", "check the spelling; an account that it should hold is not held")
        }
        "active-but-disabled" => (
            "the roster lists the account as active, but it is disabled, and not by an earlier plan",
            "restore it with the action restore, or correct the roster",
        ),
        "roster-key-ambiguous" => (
            "the roster lists this key as having left, but several accounts have it",
            "narrow the scope of the roster, or name the account by its DN in a leaver list",
        ),
        "roster-status-unknown" => (
            "the roster contains a status value that the policy does not list",
            "add the value to the roster's section in the policy, or correct the roster",
        ),
        "roster-key-missing" => (
            "the account lacks the attribute that rosters match on",
            "set the attribute, or narrow the scope of the roster",
        ),
        "absent-from-roster" => {
            ("no roster lists the account", "find out whether the person has left; if so, add the account as a leaver")
        }
        "unreadable-pointer" => (
            "the pointer is not the address of an address book below the suffix of the policy",
            "find the address book by hand",
        ),
        _ => ("a person must decide", "decide by hand"),
    };
    ItemText { why, to_change }
}
