//! Random changes to random directories: `revert` undoes what `simulate` applies, and the changes that `diff` finds turn
//! one directory into the other.
#![no_main]

use libfuzzer_sys::fuzz_target;
use offboard::ldap::ChangeRecord;
use offboard::ldif::UrlPolicy;
use offboard::policy::Server;
use offboard::proof::apply::LINKED;
use offboard::revert::revert;
use offboard::simulate::{SimulateError, simulate};
use offboard_fuzz::{
    PlanCase, RandomChanges, Texts, difference, differences, is_respelling_of_names, ldif_of, rewritten, rolled_back,
};

fuzz_target!(|changes: RandomChanges| {
    let RandomChanges { exports, records, server, block } = changes;
    let exports = Texts::new(exports);
    let outcome = match simulate(&exports, UrlPolicy::Refuse, server, &records, true) {
        Ok(outcome) => outcome,
        Err(SimulateError::Scan(error)) => panic!("{error}"),
        Err(SimulateError::Twice { .. } | SimulateError::Incomplete { .. }) => return,
    };
    let text = rewritten(&exports, &outcome.changes);
    let in_blocks = Texts { block, ..exports.clone() };
    let again = simulate(&in_blocks, UrlPolicy::Refuse, server, &records, true).expect("as before");
    assert_eq!(outcome.refused, again.refused);
    assert!(rewritten(&in_blocks, &again.changes) == text, "in blocks of {block}");
    let after = Texts::new(vec![text]);

    let is_applied = |number: &usize| !outcome.refused.iter().any(|(refused, _)| refused == number);
    let applied: Vec<ChangeRecord> =
        (0..records.len()).filter(is_applied).map(|number| records[number].clone()).collect();
    assert_eq!(applied.len(), outcome.applied);
    let reverted = revert(&exports, UrlPolicy::Refuse, (server, false), &applied).expect("as before");
    assert!(reverted.outcome.refused.is_empty(), "applied before, refused now");
    // Written to a file and read again.
    let undo = PlanCase::records(&[("undo.ldif".to_owned(), ldif_of(&reverted.undo).into_bytes())]);
    // Links that follow a move are restored in the spelling of the DN.
    let is_respelling = |record: &ChangeRecord| server == Server::ActiveDirectory && is_respelling_of_names(record);
    let between = |one: &Texts, other: &Texts, ignored: &[String]| {
        let mut differences = differences(one, other, server, ignored).unwrap_or_default();
        differences.retain(|record| !is_respelling(record));
        differences
    };
    if let Some(undone) = rolled_back(&after, server, &undo, "undo") {
        let left = between(&undone, &exports, &[]);
        assert!(left.is_empty(), "not restored:\n{}\nundo:\n{}", ldif_of(&left), ldif_of(&undo));
    }

    let Some(difference) = difference(&exports, &after, server, &[]) else { return };
    // `diff` refuses to change the structural class of an entry with children, and any in Active Directory.
    if !difference.refused.is_empty() {
        return;
    }
    let steps = PlanCase::records(&[("diff.ldif".to_owned(), ldif_of(&difference.records()).into_bytes())]);
    let Some(stepped) = rolled_back(&exports, server, &steps, "diff") else { return };
    // The changes may have added links to deleted entries, which Active Directory does not keep.
    let links: &[&str] = if server == Server::ActiveDirectory { &LINKED } else { &[] };
    let links: Vec<String> = links.iter().map(|link| (*link).to_owned()).collect();
    let left = between(&stepped, &after, &links);
    assert!(left.is_empty(), "not the requested state:\n{}\nsteps:\n{}", ldif_of(&left), ldif_of(&steps));
});
