//! Any bytes as a list of leavers and as a roster.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use offboard::leavers::roster::{self, Completeness, RosterRules, Trailer};
use offboard::leavers::{self, Identity};

static RULES: LazyLock<[RosterRules; 3]> = LazyLock::new(|| {
    let text = |text: &str| text.to_owned();
    let plain =
        RosterRules { key: text("employeeNumber"), status: None, inactive: vec![], active: vec![], trailer: None };
    let status = RosterRules {
        key: text("mail"),
        status: Some(text("state")),
        inactive: vec![text("left")],
        active: vec![text("employed"), text("on leave")],
        trailer: None,
    };
    let trailer = Trailer::parse("END {{ rows }} {{ date }}").expect("a trailer");
    [plain.clone(), status, RosterRules { trailer: Some(trailer), ..plain }]
});

fuzz_target!(|data: &[u8]| {
    match leavers::read(data) {
        Ok(list) => {
            assert!(!list.is_empty());
            for leaver in list {
                assert!(leaver.line >= 1);
                // A DN keeps its spelling, so its text is read as a DN again.
                let shown = leaver.identity.to_string();
                if matches!(leaver.identity, Identity::Dn(_)) {
                    assert!(matches!(Identity::from_text(&shown), Identity::Dn(_)), "{shown:?}");
                }
            }
        }
        Err(errors) => {
            assert!(!errors.is_empty());
            for error in errors {
                assert!(error.line >= 1);
                assert!(!error.to_string().is_empty());
            }
        }
    }
    for rules in &*RULES {
        match roster::read(data, rules) {
            Ok(roster) => {
                assert!(roster.rows.len() as u64 <= roster.listed + roster.faulty.len() as u64);
                let completeness = Completeness {
                    expected_rows: Some(3),
                    min_percent: Some(95.0),
                    last_rows: Some(4),
                    max_age_days: Some(7),
                };
                let doubts = roster.doubts(&completeness, jiff::civil::date(2026, 11, 21));
                assert!(doubts.iter().all(|doubt| !doubt.to_string().is_empty()));
            }
            Err(errors) => assert!(errors.iter().all(|error| !error.to_string().is_empty()) && !errors.is_empty()),
        }
    }
});
