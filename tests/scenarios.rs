//! Every scenario gives the change set that is in its `expected` folder, byte for byte.
//!
//! `UPDATE_EXPECTED=1 cargo test scenarios` writes the folders again; look at the difference before you commit it.

use crate::offboard::{files, plan_scenario, root, scenario_file, scenarios, stderr};

/// The scenarios whose `expected` folder holds report.html; elsewhere it is left out, and out of the sums.
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
    let update = std::env::var_os("UPDATE_EXPECTED").is_some();
    for name in scenarios() {
        let place = tempfile::tempdir().unwrap();
        let set = place.path().join("set");
        let output = plan_scenario(&name, &set, &[]);
        assert!(matches!(output.status.code(), Some(0 | 1)), "{name}: {}", stderr(&output));
        let expected = root().join(scenario_file(&name, "expected"));
        if update {
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

/// The same inputs give the same bytes: again, and for any number of threads.
#[test]
fn plans_are_deterministic() {
    for name in scenarios() {
        let place = tempfile::tempdir().unwrap();
        let set = |folder: &str, more: &[&str]| {
            let folder = place.path().join(folder);
            plan_scenario(&name, &folder, more);
            files(&folder)
        };
        let first = set("first", &["--threads", "1"]);
        assert!(!first.is_empty(), "{name}");
        assert!(first == set("again", &["--threads", "1"]), "{name}: twice");
        assert!(first == set("threads", &["--threads", "2"]), "{name}: two threads");
        assert!(first == set("more", &["--threads", "7"]), "{name}: seven threads");
    }
}

/// Exports with CRLF, compressed, or behind a byte order mark hold the same directory: the change files are the same.
#[test]
fn the_dress_of_an_export_does_not_matter() {
    use std::io::Write as _;
    type Dress = fn(&[u8]) -> Vec<u8>;
    let dresses: [(&str, Dress); 5] = [
        ("crlf", |text| String::from_utf8(text.to_vec()).unwrap().replace('\n', "\r\n").into_bytes()),
        ("gzip", |text| {
            let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            out.write_all(text).unwrap();
            out.finish().unwrap()
        }),
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
        // The sums of the inputs and of what holds them differ, and so do line numbers with nothing but CRLF: not these.
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
            let mut command = crate::offboard::offboard();
            command.args(["plan", "--as-of", crate::offboard::AS_OF, "-p", &scenario_file(name, "policy.toml")]);
            command.args(["-l", &crate::offboard::scenario_leavers(name).unwrap(), "-o"]).arg(&folder).args(&copies);
            let output = command.output().unwrap();
            assert!(matches!(output.status.code(), Some(0 | 1)), "{name} {dress}: {}", stderr(&output));
            let (plain, dressed) = (records(&plain), records(&folder));
            assert_eq!(plain.len(), dressed.len(), "{name} {dress}");
            for ((path, plain), (_, dressed)) in plain.iter().zip(&dressed) {
                // Paths of the exports stand in comments.
                let shorn = |text: &[u8]| {
                    let text = String::from_utf8(text.to_vec()).unwrap();
                    text.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n")
                };
                assert_eq!(shorn(plain), shorn(dressed), "{name} {dress} {}", path.display());
            }
        }
    }
}
