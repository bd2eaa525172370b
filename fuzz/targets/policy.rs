//! Any text as a policy: read and planned with, or refused with faults that can be shown.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use offboard::cli::Diagnostic;
use offboard::policy::{Policy, Source};
use offboard_fuzz::{Case, Texts};

static EXPORT: LazyLock<Texts> =
    LazyLock::new(|| Texts::of(vec![include_bytes!("../../fixtures/scenarios/every-reference/export.ldif").to_vec()]));

fuzz_target!(|text: &str| {
    match Policy::parse(text) {
        Err(errors) => {
            let source = Source { name: "policy.toml".to_owned(), text: text.to_owned() };
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
            // Whatever it is that the policy asks for: no crash. That plans are right is what the target `plan` looks at.
            let _ = Case::of(policy, leavers).plan(&EXPORT);
        }
    }
});
