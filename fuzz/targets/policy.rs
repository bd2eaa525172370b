//! Any text as a policy: it is used for a plan, or refused with errors that can be printed.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use offboard::cli::Diagnostic;
use offboard::policy::{Policy, PolicySource};
use offboard_fuzz::{PlanCase, Texts};

static EXPORT: LazyLock<Texts> =
    LazyLock::new(|| Texts::new(vec![include_bytes!("../../fixtures/scenarios/every-reference/export.ldif").to_vec()]));

fuzz_target!(|text: &str| {
    match Policy::parse(text) {
        Err(errors) => {
            let source = PolicySource { name: "policy.toml".to_owned(), text: text.to_owned() };
            assert!(!errors.is_empty());
            for error in &errors {
                if let Some(span) = &error.span {
                    assert!(span.start <= span.end && span.end <= text.len(), "{span:?} of {}", text.len());
                }
                let shown = Diagnostic::policy(&source, error).to_string();
                assert!(shown.contains("policy.toml"), "{shown}");
            }
        }
        Ok(policy) => {
            let leavers = b"id,action\njsmith@sesta.com,\nann,disable\nuid=keeper,restore\n";
            let leavers = offboard::leavers::read(leavers).expect("a list");
            // It must not crash. The target `plan` checks that plans are correct.
            let _ = PlanCase::new(policy, leavers).plan(&EXPORT);
        }
    }
});
