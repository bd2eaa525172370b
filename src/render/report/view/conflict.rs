//! Leavers without an account.

use schemars::JsonSchema;
use serde::Serialize;

use crate::directory::Place;
use crate::directory::identity::Likeness;
use crate::ldap::{Dn, Origin};
use crate::leavers::Identity;
use crate::plan::{Conflict, ConflictKind};
use crate::render::context::RenderContext;
use crate::render::count::counted;
use crate::render::sanitize::sanitized;

/// A leaver without an account.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ConflictView {
    /// The leaver as asked for.
    pub leaver: String,
    /// Line of the leaver list; 0 for the command line.
    pub leaver_line: u64,
    /// Why, as a code.
    pub code: &'static str,
    /// Why, as a sentence.
    pub why: String,
    /// What to do to get another result.
    pub to_change: String,
    /// Entries that may be meant, with their places.
    pub candidates: Vec<String>,
}

pub(super) fn conflicts(context: &RenderContext<'_>) -> Vec<ConflictView> {
    context.plan.conflicts.iter().map(|conflict| view(context, conflict)).collect()
}

fn view(context: &RenderContext<'_>, conflict: &Conflict) -> ConflictView {
    let leaver = &context.plan.leavers[conflict.leaver];
    ConflictView {
        leaver: sanitized(leaver.identity.to_string().as_bytes()).into_owned(),
        leaver_line: leaver.line,
        code: conflict.kind.code(),
        why: why(context, &conflict.kind),
        to_change: to_change(context, conflict),
        candidates: candidates(context, &conflict.kind),
    }
}

fn why(context: &RenderContext<'_>, kind: &ConflictKind) -> String {
    match kind {
        ConflictKind::NotFound(_) => "no account in the exports matches".to_owned(),
        ConflictKind::NotJudged(places) => {
            let have = if places.len() == 1 { "matches, but has an invalid DN" } else { "match, but have invalid DNs" };
            format!("{} {have}", counted(places.len(), "entry"))
        }
        ConflictKind::Several(found) => format!("{} match", counted(found.len(), "account")),
        ConflictKind::NotAnAccount(..) => "the entry is not an account under [accounts]".to_owned(),
        ConflictKind::Duplicate(..) => "the entry appears more than once in the exports".to_owned(),
        ConflictKind::SameAs(other) => {
            let other = context.plan.leavers[*other].identity.to_string();
            format!("it is the same account as {}", sanitized(other.as_bytes()))
        }
    }
}

fn to_change(context: &RenderContext<'_>, conflict: &Conflict) -> String {
    let advice = match &conflict.kind {
        ConflictKind::NotFound(Some(nearest)) if nearest.likeness == Likeness::OtherPlace => {
            "if this account is meant, identify it by its present DN; if an earlier change set moved it there, give that \
             with --history"
        }
        ConflictKind::NotFound(Some(_)) => "check which account is meant, and identify it by its DN",
        ConflictKind::NotFound(None) => {
            // With the history, the DN of a moved account is found under its new DN.
            let identity = &context.plan.leavers[conflict.leaver].identity;
            if context.policy.moving.is_some() && matches!(identity, Identity::Dn(_)) {
                "check the spelling; the account may have been deleted already; if an earlier change set moved it, give \
                 that with --history"
            } else {
                "check the spelling; the account may have been deleted already"
            }
        }
        ConflictKind::NotJudged(_) => "correct the DN in the directory, and export again",
        ConflictKind::Several(_) => "identify the account by uid@domain or by its DN",
        ConflictKind::NotAnAccount(..) => "change `filter` or `base` of [accounts] in the policy",
        ConflictKind::Duplicate(..) => "give exports that contain the entry only once",
        ConflictKind::SameAs(_) => "remove one of the two from the leavers",
    };
    advice.to_owned()
}

fn candidates(context: &RenderContext<'_>, kind: &ConflictKind) -> Vec<String> {
    let candidate = |text: &[u8], origin: Origin| format!("{} ({})", sanitized(text), context.place(origin));
    let entry = |dn: &Dn, origin: &Origin| candidate(dn.raw_bytes(), *origin);
    let place = |place: &Place| candidate(&place.text, Origin { export: place.export, line: place.line });
    match kind {
        ConflictKind::NotFound(None) | ConflictKind::SameAs(_) => Vec::new(),
        ConflictKind::NotFound(Some(nearest)) => {
            vec![format!("{}: {}", entry(&nearest.dn, &nearest.origin), sanitized(&nearest.likeness.clause()))]
        }
        ConflictKind::NotJudged(places) => places.iter().map(place).collect(),
        ConflictKind::Several(found) => found.iter().map(|(dn, origin)| entry(dn, origin)).collect(),
        ConflictKind::NotAnAccount(dn, origin) => vec![entry(dn, origin)],
        ConflictKind::Duplicate(dn, places) => places.iter().map(|origin| entry(dn, origin)).collect(),
    }
}
