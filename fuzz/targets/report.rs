//! Reports of random plans: they are written whatever is in the directory, and nothing in it becomes markup, moves a
//! terminal's cursor or leaves its line.
#![no_main]

use libfuzzer_sys::fuzz_target;
use offboard_fuzz::{Case, Texts, World};

fuzz_target!(|world: World| {
    let Some(case) = Case::of_world(&world) else { return };
    let exports = Texts::of(world.exports);
    let Ok(plan) = case.plan(&exports) else { return };
    let files = case.files(&plan);
    let Ok(proof) = case.prove(&exports, &plan, &files) else { return };
    let made = case.make(&plan, &proof, &files);
    for (name, text) in &made.texts {
        if name.ends_with(".dns") {
            // Names as they are, for a program.
            continue;
        }
        let text = std::str::from_utf8(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let odd = |c: char| (c.is_control() && !matches!(c, '\n' | '\r')) || c == '\u{202e}';
        assert!(!text.contains(odd), "{name} holds a control character\n{text}");
        if name.ends_with(".html") {
            assert!(!text.contains("<script>alert") && !text.contains("<b>guests"), "{name} holds markup of a name");
            balanced(text);
        }
    }
    let json = serde_json_of(&made.view);
    let same: serde_json::Value = serde_json::from_str(&json).expect("plan.json can be read");
    assert_eq!(same["accounts"].as_array().map(Vec::len), Some(plan.accounts.len()));
    assert_eq!(same["operations"].as_array().map(Vec::len), Some(plan.operations.len()));
    assert!(!json.contains(|c: char| c.is_control() && c != '\n'), "plan.json holds a control character");
});

fn serde_json_of(view: &offboard::render::report::view::View) -> String {
    serde_json::to_string_pretty(view).expect("plan.json is written")
}

/// Every element is closed by its own end, so nothing ends another's.
fn balanced(page: &str) {
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
            assert_eq!(open.pop(), Some(name), "an end without its beginning");
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
