//! Links in the documentation lead to files and headings that exist.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::support::root;

/// The pages, relative to the root of the repository.
fn pages() -> Vec<PathBuf> {
    let mut pages: Vec<PathBuf> =
        ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/examples/README.md"].map(PathBuf::from).into();
    for entry in std::fs::read_dir(root().join("docs")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "md") {
            pages.push(path.strip_prefix(root()).unwrap().to_owned());
        }
    }
    pages
}

/// The anchor that GitHub makes of a heading.
fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
    text.chars().filter(|letter| letter.is_alphanumeric() || matches!(letter, '-' | '_')).collect()
}

/// The targets of the links of a page, without those to other sites.
fn targets(text: &str) -> impl Iterator<Item = &str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    targets.map(|(target, _)| target).filter(|target| !target.contains("://"))
}

/// A path without its `..`.
fn normalized(path: &Path) -> PathBuf {
    let mut parts = PathBuf::new();
    for part in path {
        if part == ".." {
            parts.pop();
        } else {
            parts.push(part);
        }
    }
    parts
}

#[test]
fn links_lead_to_files_and_headings() {
    let texts: BTreeMap<PathBuf, String> = pages()
        .into_iter()
        .map(|page| {
            let text = std::fs::read_to_string(root().join(&page)).unwrap();
            (page, text)
        })
        .collect();
    let mut checked = 0;
    let mut broken = BTreeSet::new();
    for (page, text) in &texts {
        for target in targets(text) {
            let (path, heading) = target.split_once('#').unwrap_or((target, ""));
            let path = if path.is_empty() { page.clone() } else { normalized(&page.with_file_name(path)) };
            let has_heading = |text: &String| text.lines().any(|line| line.starts_with('#') && anchor(line) == heading);
            let exists = root().join(&path).exists();
            if !exists || !heading.is_empty() && !texts.get(&path).is_some_and(has_heading) {
                broken.insert(format!("{}: {target}", page.display()));
            }
            checked += 1;
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
    assert!(checked > 40, "{checked}");
}
