//! Reports of random plans: they are written for any directory, and no value of the directory becomes markup, a control
//! sequence or a line of its own.
#![no_main]

use libfuzzer_sys::fuzz_target;
use offboard_fuzz::{PlanCase, RandomPlan, Texts};

fuzz_target!(|random: RandomPlan| {
    let Some(case) = PlanCase::of_random(&random) else { return };
    let exports = Texts::new(random.exports);
    let Ok(plan) = case.plan(&exports) else { return };
    let files = case.files(&plan);
    let Ok(proof) = case.prove(&exports, &plan, &files) else { return };
    let output = case.output(&plan, &proof, &files);
    for (name, text) in &output.texts {
        if name.ends_with(".dns") {
            // Raw DNs for ldapdelete.
            continue;
        }
        let text = std::str::from_utf8(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let is_active = |c: char| (c.is_control() && !matches!(c, '\n' | '\r')) || c == '\u{202e}';
        assert!(!text.contains(is_active), "{name} contains a control character\n{text}");
        if name.ends_with(".html") {
            assert!(
                !text.contains("<script>alert") && !text.contains("<b>guests"),
                "{name} contains markup from the directory"
            );
            check_balanced(text);
        }
    }
    let json = plan_json(&output.view);
    let parsed: serde_json::Value = serde_json::from_str(&json).expect("plan.json can be read");
    assert_eq!(parsed["accounts"].as_array().map(Vec::len), Some(plan.accounts.len()));
    assert_eq!(parsed["operations"].as_array().map(Vec::len), Some(plan.operations.len()));
    assert!(!json.contains(|c: char| c.is_control() && c != '\n'), "plan.json contains a control character");
});

fn plan_json(view: &offboard::render::report::view::View) -> String {
    serde_json::to_string_pretty(view).expect("plan.json is written")
}

/// Checks that every element is closed by its own end tag.
fn check_balanced(page: &str) {
    const VOID: [&str; 8] = ["meta", "br", "hr", "link", "img", "input", "col", "wbr"];
    let mut open: Vec<&str> = Vec::new();
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let end = rest.find('>').expect("a tag ends");
        let tag = &rest[..end];
        rest = &rest[end + 1..];
        let name =
            tag.trim_start_matches('/').split(|c: char| c.is_whitespace() || c == '/').next().unwrap_or_default();
        if tag.starts_with('!') || VOID.contains(&name) || tag.ends_with('/') {
            continue;
        }
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "an end tag without its start tag");
        } else {
            assert!(name.chars().all(|c| c.is_ascii_alphanumeric()), "a tag <{tag}>");
            open.push(name);
            if matches!(name, "style" | "script") {
                let end = rest.find("</").expect("it ends");
                rest = &rest[end..];
            }
        }
    }
    assert!(open.is_empty(), "not closed: {open:?}");
}
