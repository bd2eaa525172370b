//! Plans for random directories, policies and leavers: each plan is proven, or refused with a reason.
//!
//! Then the plan is applied to the exports with `simulate`. Afterwards nothing is left to plan, no value names a deleted
//! entry, and the rollback restores the exports. Days later a plan is made again, with the first one as its history.
#![no_main]

use std::collections::HashSet;

use jiff::ToSpan;
use libfuzzer_sys::fuzz_target;
use offboard::ldap::DnKey;
use offboard::ldif::{Record, RecordReader, UrlPolicy};
use offboard::lifecycle::history::PastOperation;
use offboard::plan::{Plan, PlanError};
use offboard::policy::Followed;
use offboard::proof::{CheckName, Files, Proof, ProofError};
use offboard_fuzz::{
    PlanCase, RandomPlan, Texts, applied, differences, is_respelling_of_names, ldif_of, plan_text, rolled_back,
};

fuzz_target!(|random: RandomPlan| {
    let Some(mut case) = PlanCase::of_random(&random) else { return };
    let mut exports = Texts::new(random.exports.clone());
    // The result does not depend on the blocks.
    let planned = case.plan(&exports);
    let text = plan_text(&planned);
    let in_blocks = Texts { block: random.block, ..exports.clone() };
    assert_eq!(plan_text(&case.plan(&in_blocks)), text, "in blocks of {}", random.block);

    let mut planned = Some(planned);
    for _ in 0..3 {
        let plan = planned.take().unwrap_or_else(|| case.plan(&exports));
        let Some((plan, files, proof)) = proven(&case, &exports, plan) else { return };
        if plan.exceeded().next().is_some() {
            return;
        }
        let after = carry_out(&case, &exports, &plan, &files, &proof);
        let past = plan.operations.iter().map(|operation| PastOperation {
            kind: operation.kind.name(),
            service: operation.service.as_deref(),
            record: &operation.record,
        });
        case.request.history.add(case.request.as_of, past);
        case.request.as_of = case.request.as_of.saturating_add(random.later.days());
        case.names = vec!["export.ldif".to_owned()];
        exports = after;
    }
});

/// The plan with its proof; `None` if it was refused with a reason.
fn proven(
    case: &PlanCase,
    exports: &Texts,
    planned: Result<Plan, PlanError<std::convert::Infallible>>,
) -> Option<(Plan, Files, Proof)> {
    let plan = match planned {
        Ok(plan) => plan,
        Err(PlanError::Scan(error)) => panic!("{error}"),
        Err(refused) => {
            assert!(!refused.to_string().is_empty());
            return None;
        }
    };
    let files = case.files(&plan);
    let proof = match case.prove(exports, &plan, &files) {
        Ok(proof) => proof,
        Err(ProofError::Scan(error)) => panic!("{error}"),
        // Correct: the policy writes an attribute that the classes of an account do not allow.
        Err(ProofError::Fails { check: CheckName::Applies, what }) if what.ends_with("objectClassViolation (65)") => {
            return None;
        }
        // Correct: once an account is deleted, only one of several that a leaver could mean would be left; or another rule
        // applies at the place that an account is moved to.
        Err(ProofError::Fails { check: CheckName::Settled, what })
            if what.contains("several entries match") || what.contains("another [[rule]] applies there") =>
        {
            return None;
        }
        // Correct: only some stages were asked for, and they leave references to deleted entries.
        Err(ProofError::Fails { check: CheckName::NoDangling, .. }) if !case.request.stages.is_empty() => return None,
        // Correct: a protected group is an alias, and would be deleted with its target.
        Err(ProofError::Fails { check: CheckName::Settled, what })
            if what.ends_with("the exports are incomplete") && !case.policy.protect.group.is_empty() =>
        {
            return None;
        }
        Err(ProofError::Fails { check, what }) => panic!("the check `{check}` fails: {what}"),
    };
    let names: Vec<&str> = proof.checks.iter().map(|check| check.name.into()).collect();
    assert_eq!(
        names,
        ["written", "applies", "leaves-first", "no-dangling", "untouched", "undo", "settled"],
        "every check was made"
    );
    Some((plan, files, proof))
}

/// Applies the plan and checks the result; the exports afterwards.
fn carry_out(case: &PlanCase, exports: &Texts, plan: &Plan, files: &Files, proof: &Proof) -> Texts {
    let server = case.policy.directory.server;
    let after = applied(exports, server, &PlanCase::records(&files.apply), "apply");
    if case.request.stages.is_empty() {
        match case.plan(&after) {
            Ok(again) => {
                let left: Vec<_> = again.operations.iter().map(|operation| operation.record.clone()).collect();
                assert!(left.is_empty(), "left to be done:\n{}", ldif_of(&left));
            }
            Err(PlanError::Scan(error)) => panic!("{error}"),
            Err(_) => {}
        }
        // `simulate` does not rewrite the references to moved entries where the server does.
        let follows = case.policy.moving.as_ref().is_some_and(|moving| moving.followed != Followed::Nothing);
        let left_to_server = follows && !plan.moved.is_empty();
        if proof.open_decision_items == 0 && plan.decision_items.is_empty() && !left_to_server {
            names_no_deleted_entry(case, exports, &after);
        }
    }
    let Some(undone) = rolled_back(&after, server, &PlanCase::records(&files.rollback), "rollback") else {
        return after;
    };
    let lost: Vec<String> = proof.lost.iter().flat_map(|lost| lost.attributes.clone()).collect();
    let mut differences = differences(&undone, exports, server, &lost).unwrap_or_default();
    // A server that rewrites references to moved entries uses its own spelling of their DNs.
    differences.retain(|record| !server.profile().follows_moves || !is_respelling_of_names(record));
    assert!(
        differences.is_empty(),
        "not restored:\n{}\napplied:\n{}\nrolled back:\n{}",
        ldif_of(&differences),
        ldif_of(&PlanCase::records(&files.apply)),
        ldif_of(&PlanCase::records(&files.rollback))
    );
    after
}

/// The DNs of all entries.
fn names(exports: &Texts) -> HashSet<DnKey> {
    let records = exports.texts.iter().flat_map(|text| RecordReader::new(text, 1, UrlPolicy::Refuse)).flatten();
    let name = |record: Record<'_>| match record {
        Record::Content(record) => DnKey::parse(&record.dn).ok(),
        _ => None,
    };
    records.filter_map(name).collect()
}

/// Checks by the simplest means that no value of an attribute which the policy removes or reassigns is the DN of an entry
/// that no longer exists.
fn names_no_deleted_entry(case: &PlanCase, before: &Texts, after: &Texts) {
    let left = names(after);
    let deleted: HashSet<DnKey> = names(before).into_iter().filter(|name| !left.contains(name)).collect();
    let references = &case.policy.references;
    let lists = references.remove.iter().chain(&references.reassign);
    let lists: Vec<_> = lists.collect();
    for text in &after.texts {
        for record in RecordReader::new(text, 1, UrlPolicy::Refuse).flatten() {
            let Record::Content(record) = record else { continue };
            for line in &record.attributes {
                if !lists.iter().any(|known| known.as_str().eq_ignore_ascii_case(&line.description)) {
                    continue;
                }
                let names = DnKey::parse(line.value.bytes()).is_ok_and(|name| deleted.contains(&name));
                assert!(
                    !names,
                    "{} of {} names a deleted entry: {}",
                    line.description,
                    String::from_utf8_lossy(&record.dn),
                    String::from_utf8_lossy(line.value.bytes())
                );
            }
        }
    }
}
