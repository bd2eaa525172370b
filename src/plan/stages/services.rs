//! The stage `services`: strips released services from accounts that stay, by one modify for each account.

use std::fmt::Write as _;

use super::output::{AccountChange, StageOutput};
use crate::ldap::ModOp;
use crate::lifecycle::Step;
use crate::lifecycle::disable::after_disable;
use crate::plan::item_code::ItemCode;
use crate::plan::model::{Account, DecisionItem};
use crate::plan::operation::{Kind, Stage};
use crate::plan::request::PlanContext;
use crate::plan::settle::Settled;
use crate::plan::strip::{OwnedByService, RetentionReason, Strip, strip};

/// Writes the stage.
pub fn build(settled: &Settled, context: PlanContext<'_>) -> StageOutput {
    let mut output = StageOutput::default();
    if !context.policy.directory.tools.file_strips() {
        return output;
    }
    for (index, account) in settled.accounts.iter().enumerate() {
        if !account.decision.strip().is_empty() {
            strip_account(&mut output, settled, index, account, context);
        }
    }
    output
}

fn strip_account(
    output: &mut StageOutput,
    settled: &Settled,
    index: usize,
    account: &Account,
    context: PlanContext<'_>,
) {
    let policy = context.policy;
    let names = account.decision.strip();
    let rules: Vec<_> = names.iter().filter_map(|name| policy.services.get(name)).collect();
    let classes: Vec<Vec<String>> =
        rules.iter().map(|rules| rules.classes.iter().chain(&rules.strip_classes).cloned().collect()).collect();
    let owned = rules.iter().zip(&classes).map(|(rules, classes)| OwnedByService {
        classes,
        attributes: &rules.attributes,
        virtual_attributes: &rules.virtual_attributes,
    });
    let owned: Vec<OwnedByService<'_>> = owned.collect();
    // An account that this plan disables is stripped as it is then.
    let is_disabled_here = account.decision.step == Step::Disable;
    let disabled = is_disabled_here.then(|| after_disable(&account.entry, policy));
    let found = disabled.as_ref().unwrap_or(&account.entry);
    let stripped = strip(found, &owned, context.schema);
    if policy.directory.server.profile().enforces_structural_class {
        let item = |class: &String| {
            let (code, attribute) = (ItemCode::StructuralClass, "objectClass");
            DecisionItem::of_account(index, found, code, attribute, class.as_bytes())
        };
        output.decision_items.extend(stripped.structural.iter().map(item));
    }
    let notes = notes(&stripped);
    let change = AccountChange {
        stage: Stage::Services,
        kind: Kind::Strip,
        account: index,
        found,
        name: &settled.moves.name_after(&found.dn),
        service: Some(&names.join(", ")),
        modifications: stripped.modifications,
        notes,
    };
    output.modify_account(settled, context, change);
}

/// What a reviewer must know of a strip: which attributes of the service stay, which values may not be stored, and which
/// classes are unknown. Names of classes in it are raw.
fn notes(stripped: &Strip) -> String {
    let mut notes = String::new();
    for kept in &stripped.kept {
        // Every account has these, so they need no note.
        const COMMON: [&str; 5] = ["cn", "sn", "givenName", "uid", "preferredLanguage"];
        if COMMON.iter().any(|name| kept.attribute.is_type(name)) {
            continue;
        }
        let _ = match &kept.reason {
            RetentionReason::Shared(class) => write!(notes, "; {} stays, {class} allows it", kept.attribute),
            RetentionReason::Required(class) => write!(notes, "; {} stays, {class} requires it", kept.attribute),
            RetentionReason::InName | RetentionReason::Never | RetentionReason::SetByServer => Ok(()),
        };
    }
    let replaced = stripped.modifications.iter().filter(|modification| modification.op == ModOp::Replace);
    for modification in replaced {
        let _ = write!(
            notes,
            "; {} may come from a class of service: a rollback stores it in the entry",
            modification.description
        );
    }
    if !stripped.unknown_classes.is_empty() {
        let _ = write!(
            notes,
            "; it is unknown which attributes these classes allow: {}",
            stripped.unknown_classes.join(", ")
        );
    }
    notes
}
