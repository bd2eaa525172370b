//! A random directory, policy and list: the plan is proven, or refused with a reason.
//!
//! Then it is carried out on the text of the exports, by `simulate`: nothing is left to be planned, no value names what is
//! gone, and the rollback gives the exports back. Days later it is planned again, with what was done as its history.
#![no_main]

use std::collections::HashSet;

use jiff::ToSpan;
use libfuzzer_sys::fuzz_target;
use offboard::ldap::DnKey;
use offboard::ldif::{Record, RecordReader, UrlPolicy};
use offboard::lifecycle::history::Past;
use offboard::plan::{Plan, PlanError};
use offboard::policy::Followed;
use offboard::proof::{Files, Proof, ProofError};
use offboard_fuzz::{Case, Texts, World, applied, brought_back, differences, is_spelling_of_names, shown};

fuzz_target!(|world: World| {
    let Some(mut case) = Case::of_world(&world) else { return };
    let mut exports = Texts::of(world.exports.clone());
    // The plan does not depend on the blocks.
    let planned = case.plan(&exports);
    let told = Case::told(&planned);
    let in_blocks = Texts { block: world.block, ..exports.clone() };
    assert_eq!(Case::told(&case.plan(&in_blocks)), told, "in blocks of {}", world.block);

    let mut planned = Some(planned);
    for _ in 0..3 {
        let plan = planned.take().unwrap_or_else(|| case.plan(&exports));
        let Some((plan, files, proof)) = proven(&case, &exports, plan) else { return };
        if plan.exceeded().next().is_some() {
            return;
        }
        let after = carry_out(&case, &exports, &plan, &files, &proof);
        let past = plan.operations.iter().map(|operation| Past {
            kind: operation.kind.name(),
            service: operation.service.as_deref(),
            record: &operation.record,
        });
        case.request.history.add(case.request.as_of, past);
        case.request.as_of = case.request.as_of.saturating_add(world.later.days());
        case.names = vec!["export.ldif".to_owned()];
        exports = after;
    }
});

/// The plan with its proof; `None` if it was refused, for a reason.
fn proven(
    case: &Case,
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
        // The policy has something written that the classes of an account do not allow: the right reason.
        Err(ProofError::Fails { check: "applies", what }) if what.ends_with("objectClassViolation (65)") => {
            return None;
        }
        // Who is one of several that a leaver could mean would be the only one left, or another rule holds where an account
        // is moved: the right reasons.
        Err(ProofError::Fails { check: "settled", what })
            if what.contains("several entries match") || what.contains("another [[rule]] holds there") =>
        {
            return None;
        }
        // Only some stages were asked for, and they leave names behind: the right reason.
        Err(ProofError::Fails { check: "no-dangling", .. }) if !case.request.stages.is_empty() => return None,
        // A protected group that is an alias, and goes with what it is an alias of.
        Err(ProofError::Fails { check: "settled", what })
            if what.ends_with("the exports are incomplete") && !case.policy.protect.group.is_empty() =>
        {
            return None;
        }
        Err(ProofError::Fails { check, what }) => panic!("the check `{check}` fails: {what}"),
    };
    let names: Vec<&str> = proof.checks.iter().map(|check| check.name).collect();
    assert_eq!(
        names,
        ["written", "applies", "leaves-first", "no-dangling", "untouched", "undo", "settled"],
        "every check was made"
    );
    Some((plan, files, proof))
}

/// The exports afterwards.
fn carry_out(case: &Case, exports: &Texts, plan: &Plan, files: &Files, proof: &Proof) -> Texts {
    let server = case.policy.directory.server;
    let after = applied(exports, server, &Case::records(&files.apply), "apply");
    if case.request.stages.is_empty() {
        match case.plan(&after) {
            Ok(again) => {
                let left: Vec<_> = again.operations.iter().map(|operation| operation.record.clone()).collect();
                assert!(left.is_empty(), "left to be done:\n{}", shown(&left));
            }
            Err(PlanError::Scan(error)) => panic!("{error}"),
            Err(_) => {}
        }
        // Where the server rewrites what names moved entries, `simulate` leaves that to it.
        let follows = case.policy.moving.as_ref().is_some_and(|moving| moving.followed != Followed::Nothing);
        let left_to_server = follows && !plan.moved.is_empty();
        if proof.under_review == 0 && plan.decision_items.is_empty() && !left_to_server {
            names_nobody_gone(case, exports, &after);
        }
    }
    let Some(undone) = brought_back(&after, server, &Case::records(&files.rollback), "rollback") else { return after };
    let lost: Vec<String> = proof.lost.iter().flat_map(|(_, attributes)| attributes.clone()).collect();
    let mut differences = differences(&undone, exports, server, &lost).unwrap_or_default();
    // A server that writes moved names itself writes them its own way, and holds no others.
    differences.retain(|record| !server.profile().follows_moves || !is_spelling_of_names(record));
    assert!(
        differences.is_empty(),
        "not as it was:\n{}\napplied:\n{}\nrolled back:\n{}",
        shown(&differences),
        shown(&Case::records(&files.apply)),
        shown(&Case::records(&files.rollback))
    );
    after
}

/// The names of entries.
fn names(exports: &Texts) -> HashSet<DnKey> {
    let records = exports.texts.iter().flat_map(|text| RecordReader::new(text, 1, UrlPolicy::Refuse)).flatten();
    let name = |record: Record<'_>| match record {
        Record::Content(record) => DnKey::parse(&record.dn).ok(),
        _ => None,
    };
    records.filter_map(name).collect()
}

/// By the plainest means: no value of an attribute that the policy removes or reassigns is the name of something that
/// is not there any more.
fn names_nobody_gone(case: &Case, before: &Texts, after: &Texts) {
    let there = names(after);
    let gone: HashSet<DnKey> = names(before).into_iter().filter(|name| !there.contains(name)).collect();
    let references = &case.policy.references;
    let lists = references.remove.iter().chain(&references.reassign);
    let lists: Vec<_> = lists.collect();
    for text in &after.texts {
        for record in RecordReader::new(text, 1, UrlPolicy::Refuse).flatten() {
            let Record::Content(record) = record else { continue };
            for line in &record.attributes {
                if !lists.iter().any(|known| known.raw_bytes().eq_ignore_ascii_case(&line.description)) {
                    continue;
                }
                let names = DnKey::parse(line.value.bytes()).is_ok_and(|name| gone.contains(&name));
                assert!(
                    !names,
                    "{} of {} names what is gone: {}",
                    line.description,
                    String::from_utf8_lossy(&record.dn),
                    String::from_utf8_lossy(line.value.bytes())
                );
            }
        }
    }
}
