//! Random changes to a random directory: what `simulate` makes of it, `revert` undoes; and what `diff` finds between the
//! two turns the one into the other.
#![no_main]

use libfuzzer_sys::fuzz_target;
use offboard::ldap::ChangeRecord;
use offboard::ldif::UrlPolicy;
use offboard::policy::Server;
use offboard::proof::apply::LINKED;
use offboard::revert::{RevertOptions, revert};
use offboard::simulate::{SimulateError, simulate};
use offboard_fuzz::{
    Case, Changes, Texts, brought_back, difference, differences, is_spelling_of_names, rewritten, shown,
};

fuzz_target!(|changes: Changes| {
    let Changes { exports, records, server, block } = changes;
    let exports = Texts::of(exports);
    // Only what a file can say: a name without attributes, for one, is read as no record.
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
    let after = Texts::of(vec![text]);

    let is_taken = |number: &usize| !outcome.refused.iter().any(|(refused, _)| refused == number);
    let taken: Vec<ChangeRecord> = (0..records.len()).filter(is_taken).map(|number| records[number].clone()).collect();
    assert_eq!(taken.len(), outcome.applied);
    let options = RevertOptions { schema: server.into(), relax: false };
    let reverted = revert(&exports, UrlPolicy::Refuse, &options, &taken).expect("as before");
    assert!(reverted.refused.is_none(), "taken before, refused now");
    // By way of a file.
    let undo = Case::records(&[("undo.ldif".to_owned(), shown(&reverted.undo).into_bytes())]);
    // Links that follow a move come back in the spelling of the name.
    let are_spelled = |record: &ChangeRecord| server == Server::ActiveDirectory && is_spelling_of_names(record);
    let between = |one: &Texts, other: &Texts, ignored: &[String]| {
        let mut differences = differences(one, other, server, ignored).unwrap_or_default();
        differences.retain(|record| !are_spelled(record));
        differences
    };
    if let Some(undone) = brought_back(&after, server, &undo, "undo") {
        let left = between(&undone, &exports, &[]);
        assert!(left.is_empty(), "not as it was:\n{}\nundo:\n{}", shown(&left), shown(&undo));
    }

    let Some(difference) = difference(&exports, &after, server, &[]) else { return };
    // Another structural class where something stays below, or in Active Directory: refused, and it says so.
    if !difference.refused.is_empty() {
        return;
    }
    let steps = Case::records(&[("diff.ldif".to_owned(), shown(&difference.records()).into_bytes())]);
    let Some(stepped) = brought_back(&exports, server, &steps, "diff") else { return };
    // The changes may have linked what is gone, which that server does not hold.
    let links: &[&str] = if server == Server::ActiveDirectory { &LINKED } else { &[] };
    let links: Vec<String> = links.iter().map(|link| (*link).to_owned()).collect();
    let left = between(&stepped, &after, &links);
    assert!(left.is_empty(), "other than asked for:\n{}\nsteps:\n{}", shown(&left), shown(&steps));
});
