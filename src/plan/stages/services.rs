//! The stage `services`: released services are taken off accounts that stay, one modify an account.

use super::{Built, Site};
use crate::lifecycle::Step;
use crate::lifecycle::disable::after_disable;
use crate::plan::DecisionItem;
use crate::plan::operation::{Kind, Stage};
use crate::plan::strip::{KeptReason, Service, Strip, strip};
use std::fmt::Write as _;

/// Writes the stage.
pub fn build(built: &mut Built, site: &Site<'_>) {
    for (index, account) in site.accounts.iter().enumerate() {
        let names = account.decision.strip();
        if names.is_empty() {
            continue;
        }
        built.stripped.insert(index);
        if !site.policy.directory.tools.file_strips() {
            continue;
        }
        let rules: Vec<_> = names.iter().filter_map(|name| site.policy.services.get(name)).collect();
        let classes: Vec<Vec<String>> =
            rules.iter().map(|rules| rules.classes.iter().chain(&rules.strip_classes).cloned().collect()).collect();
        let services: Vec<Service<'_>> = rules
            .iter()
            .zip(&classes)
            .map(|(rules, classes)| Service {
                classes,
                attributes: &rules.attributes,
                virtual_attributes: &rules.virtual_attributes,
            })
            .collect();
        // What is disabled in the same plan is stripped as the mark leaves it.
        let is_disabled_here = account.decision.step == Step::Disable;
        let disabled = is_disabled_here.then(|| after_disable(&account.entry, site.policy));
        let entry = disabled.as_ref().unwrap_or(&account.entry);
        let stripped = strip(entry, &services, site.policy.directory.server);
        let review = |code, value: &str| DecisionItem {
            account: Some(index),
            code,
            dn: entry.dn.raw_bytes().to_vec(),
            attribute: "objectClass".to_owned(),
            value: value.as_bytes().to_vec(),
            evidence: entry.origin,
        };
        if site.policy.directory.server.profile().enforces_structural_class {
            built.decision_items.extend(stripped.structural.iter().map(|class| review("structural-class", class)));
        }
        let name = site.name_after_moves(entry);
        let what = names.join(", ");
        let notes = notes(&stripped);
        built.modify_account(
            site,
            (Stage::Services, Kind::Strip),
            index,
            (entry, &name),
            Some(&what),
            stripped.modifications,
        );
        if let Some(operation) = built.operations.last_mut().filter(|operation| operation.kind == Kind::Strip) {
            operation.reason.push_str(&notes);
        }
    }
}

/// What a reviewer must know of a strip: what stays although the service has it, what may not be stored, and what could
/// not be judged. Names of classes in it are raw.
fn notes(stripped: &Strip) -> String {
    let mut notes = String::new();
    for kept in &stripped.kept {
        if let KeptReason::Shared(class) = &kept.reason {
            // What every person has is not worth a word.
            let is_of_everybody = ["cn", "sn", "givenName", "uid", "preferredLanguage"];
            if !is_of_everybody.iter().any(|name| kept.attribute.is_type(name)) {
                let _ = write!(notes, "; {} stays, {class} allows it", kept.attribute);
            }
        }
    }
    let replaced = stripped.modifications.iter().filter(|modification| modification.op == crate::ldap::ModOp::Replace);
    for modification in replaced {
        let _ = write!(
            notes,
            "; {} may come from a class of service: a rollback stores it in the entry",
            modification.description
        );
    }
    if !stripped.unknown_classes.is_empty() {
        let _ = write!(notes, "; not known what these allow: {}", stripped.unknown_classes.join(", "));
    }
    notes
}
