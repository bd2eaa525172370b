//! Every scenario gives the change set that is in its `expected` folder, byte for byte.
//!
//! `tests/accept scenarios` rewrites the folders; read the difference before you commit it.

use crate::support::{
    AS_OF, by_turns, files, gzip, is_accepting, offboard, plan_scenario, root, scenario_file, scenario_leavers,
    scenarios, stderr,
};

/// The scenarios whose `expected` folder has report.html. For the others the page and its sum are left out.
const WITH_PAGE: [&str; 1] = ["every-reference"];

/// The files of a change set that are compared.
fn compared(name: &str, set: &std::path::Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut files = files(set);
    if !WITH_PAGE.contains(&name) {
        files.retain(|(path, _)| path != std::path::Path::new("report.html"));
        let sums = files.iter_mut().filter(|(path, _)| path == std::path::Path::new("SHA256SUMS"));
        for (_, sums) in sums {
            let text = String::from_utf8(std::mem::take(sums)).unwrap();
            let others = text.split_inclusive('\n').filter(|line| !line.ends_with("  report.html\n"));
            *sums = others.collect::<String>().into_bytes();
        }
    }
    files
}

#[test]
fn expected_change_sets() {
    for name in scenarios() {
        let place = tempfile::tempdir().unwrap();
        let set = place.path().join("set");
        let output = plan_scenario(&name, &set, &[]);
        assert!(matches!(output.status.code(), Some(0 | 1)), "{name}: {}", stderr(&output));
        let expected = root().join(scenario_file(&name, "expected"));
        // Other tests read these folders meanwhile, so only what differs is rewritten.
        if is_accepting() && compared(&name, &set) != files(&expected) {
            let _ = std::fs::remove_dir_all(&expected);
            for (path, content) in compared(&name, &set) {
                let path = expected.join(path);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, content).unwrap();
            }
        }
        let (found, wanted) = (compared(&name, &set), files(&expected));
        let names =
            |files: &[(std::path::PathBuf, Vec<u8>)]| files.iter().map(|(path, _)| path.clone()).collect::<Vec<_>>();
        assert_eq!(names(&found), names(&wanted), "{name}");
        for ((path, found), (_, wanted)) in found.iter().zip(&wanted) {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            assert!(found == wanted, "{name}/expected/{}:\n{}", path.display(), {
                let (wanted, found) = (text(wanted), text(found));
                similar::TextDiff::from_lines(&wanted, &found).unified_diff().to_string()
            });
        }
    }
}

/// The same inputs give the same bytes in every run and with any number of threads.
#[test]
fn plans_are_deterministic() {
    for (number, name) in scenarios().into_iter().enumerate() {
        let place = tempfile::tempdir().unwrap();
        let set = |folder: &str, threads: &str| {
            let folder = place.path().join(folder);
            plan_scenario(&name, &folder, &["--threads", threads]);
            files(&folder)
        };
        let first = set("first", "1");
        assert!(!first.is_empty(), "{name}");
        for threads in by_turns(number, &["1", "2", "7"]) {
            assert!(first == set(&format!("again-{threads}"), threads), "{name}: {threads} threads");
        }
    }
}

/// Exports with CRLF, compression or a byte order mark give the same change files.
#[test]
fn the_dress_of_an_export_does_not_matter() {
    type Dress = fn(&[u8]) -> Vec<u8>;
    let dresses: [(&str, Dress); 5] = [
        ("crlf", |text| String::from_utf8(text.to_vec()).unwrap().replace('\n', "\r\n").into_bytes()),
        ("gzip", gzip),
        ("zstd", |text| zstd::encode_all(text, 3).unwrap()),
        ("bom", |text| [b"\xef\xbb\xbf", text].concat()),
        ("utf-16", |text| {
            let units = std::str::from_utf8(text).unwrap().encode_utf16();
            [0xff, 0xfe].into_iter().chain(units.flat_map(u16::to_le_bytes)).collect()
        }),
    ];
    for name in ["note-released", "three-domains"] {
        let place = tempfile::tempdir().unwrap();
        let plain = place.path().join("plain");
        plan_scenario(name, &plain, &[]);
        // Only LDIF: other files have the sums of the exports.
        let records = |folder: &std::path::Path| {
            let ldif =
                |(path, _): &(std::path::PathBuf, Vec<u8>)| path.extension().is_some_and(|ending| ending == "ldif");
            files(folder).into_iter().filter(ldif).collect::<Vec<_>>()
        };
        for (dress, wear) in dresses {
            let folder = place.path().join(dress);
            let copies: Vec<String> = ["export.ldif", "address-books.ldif"]
                .map(|file| {
                    let text = std::fs::read(root().join(scenario_file(name, file))).unwrap();
                    let copy = place.path().join(file);
                    std::fs::write(&copy, wear(&text)).unwrap();
                    copy.to_str().unwrap().to_owned()
                })
                .into();
            let mut command = offboard();
            command.args(["plan", "--as-of", AS_OF, "--allow-date", "-p", &scenario_file(name, "policy.toml")]);
            command.args(["-l", &scenario_leavers(name).unwrap(), "-o"]).arg(&folder).args(&copies);
            let output = command.output().unwrap();
            assert!(matches!(output.status.code(), Some(0 | 1)), "{name} {dress}: {}", stderr(&output));
            let (plain, dressed) = (records(&plain), records(&folder));
            assert_eq!(plain.len(), dressed.len(), "{name} {dress}");
            for ((path, plain), (_, dressed)) in plain.iter().zip(&dressed) {
                // Comments contain the paths of the exports.
                let shorn = |text: &[u8]| {
                    let text = String::from_utf8(text.to_vec()).unwrap();
                    text.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n")
                };
                assert_eq!(shorn(plain), shorn(dressed), "{name} {dress} {}", path.display());
            }
        }
    }
}
