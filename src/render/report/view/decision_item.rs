//! Decision items: what the plan leaves for a person to decide.

use schemars::JsonSchema;
use serde::Serialize;

use crate::plan::DecisionItem;
use crate::render::context::RenderContext;
use crate::render::sanitize::sanitized;

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
    let value = context.secrets().shown_value(&item.attribute, &item.value);
    // Line 0 is what is in no export.
    let evidence = if item.evidence.line > 0 { context.place(item.evidence) } else { String::new() };
    let place = if evidence.is_empty() { String::new() } else { format!(" ({evidence})") };
    let what = match (dn.is_empty(), value.is_empty()) {
        (true, _) => format!("{}{place}: {value}", item.attribute),
        (false, true) => format!("{} of {dn}{place} has no value", item.attribute),
        (false, false) => format!("{} of {dn}{place} is {value}", item.attribute),
    };
    let what = if item.detail.is_empty() { what } else { format!("{what}; {}", sanitized(&item.detail)) };
    DecisionItemView {
        leaver: item.account.map(|account| context.leaver_name(&context.plan.accounts[account])).unwrap_or_default(),
        code: item.code.name(),
        what,
        why: item.code.sentence().to_owned(),
        to_change: item.code.advice().to_owned(),
        dn,
        attribute: item.attribute.clone(),
        value,
        evidence,
    }
}
