//! `offboard lint`: its problems in each output format, repairs, and exit statuses.

use std::path::Path;

use crate::support::{offboard, paths_with, root, stderr, transcript};

const BAD: &str = "version: 1\n\nDN: uid=a,o=x\nchangetype: modify\nadd: description\ndescription: two  \n\n\
                   dn: uid=b,o=x\ncn:: !!\nsn:: YQ\n\nuid: c\n\ndn: uid=d,o=x\ncontrol: 1.2.3 true\ncontrol: 1.2.4 true\n\
                   changetype: delete\n";

fn run(place: &Path, arguments: &[&str]) -> String {
    let file = place.join("bad.ldif");
    std::fs::write(&file, BAD).unwrap();
    let output = offboard().arg("lint").args(arguments).arg(&file).output().unwrap();
    format!("$ offboard lint {}\n{}", arguments.join(" "), transcript(&output, place))
}

#[test]
fn text_and_repair() {
    let place = tempfile::tempdir().unwrap();
    let all = [&[][..], &["--for", "openldap"], &["--for", "ad"], &["--fix"]].map(|options| run(place.path(), options));
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn json() {
    let place = tempfile::tempdir().unwrap();
    let text = run(place.path(), &["--format", "json", "-q"]);
    let body = text.split_once("--- stdout\n").unwrap().1.split_once("--- stderr").unwrap().0;
    let object: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(object["problems"].as_array().unwrap().len(), 7);
    insta::assert_snapshot!(text);
}

/// The members that SARIF 2.1.0 requires (3.13, 3.14, 3.18, 3.19, 3.27), and rules for all results.
#[test]
fn sarif() {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("a b.ldif"), BAD).unwrap();
    let output =
        offboard().args(["lint", "--format", "sarif", "-q"]).arg(place.path().join("a b.ldif")).output().unwrap();
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(1), ""));
    let log: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    assert!(run["tool"]["driver"]["name"].is_string());
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 7);
    for result in results {
        assert!(rules.iter().any(|rule| rule["id"] == result["ruleId"]), "{result}");
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
        assert!(["note", "warning", "error"].contains(&result["level"].as_str().unwrap()));
        let place = &result["locations"][0]["physicalLocation"];
        assert!(place["artifactLocation"]["uri"].as_str().unwrap().ends_with("/a%20b.ldif"));
        assert!(place["region"]["startLine"].as_u64().unwrap() > 0);
        assert!(place["region"]["startColumn"].as_u64().unwrap() > 0);
    }
    let codes: Vec<&str> = results.iter().map(|result| result["ruleId"].as_str().unwrap()).collect();
    assert!(codes.contains(&"keyword-case") && codes.contains(&"missing-dn"), "{codes:?}");
}

#[test]
fn help() {
    let output = offboard().args(["lint", "--help"]).output().unwrap();
    insta::assert_snapshot!(transcript(&output, Path::new("/nowhere")));
}

#[test]
fn exit_statuses() {
    let place = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let file = place.path().join(name);
        std::fs::write(&file, bytes).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let clean = write("clean", b"version: 1\n\ndn: o=x\no: x\n");
    let noted = write("noted", "dn: o=x\no: é\n".as_bytes());
    let mark = write("mark", b"\xef\xbb\xbfversion: 1\n\ndn: o=x\no: x\n");
    let wide = write(
        "wide",
        &[0xff, 0xfe]
            .into_iter()
            .chain("dn: o=x\no: x\n".encode_utf16().flat_map(u16::to_le_bytes))
            .collect::<Vec<u8>>(),
    );
    let bad = write("bad", b"version: 1\n\ndn: o=x\no:: !\n");
    let empty = write("empty", b"");
    let none = place.path().join("none").to_str().unwrap().to_owned();
    #[rustfmt::skip]
    let cases: &[(&[&str], i32)] = &[
        (&[&clean], 0), (&[&noted], 0), (&[&mark], 1), (&[&wide], 1), (&[&bad], 1), (&[&empty], 1), (&[&none], 2),
        (&[&bad, &none], 2), (&["--fix", &mark], 0), (&["--fix", &wide], 0), (&["--fix", &bad], 1),
        (&["--fix", &clean, &clean], 2),
    ];
    for (arguments, status) in cases {
        let output = offboard().arg("lint").args(*arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(*status), "{arguments:?}: {}", stderr(&output));
    }
}

/// A file without problems stays as it is, byte for byte; every valid fixture keeps its records.
#[test]
fn repairs_lose_nothing() {
    let records = |file: &Path| {
        let output = offboard().args(["json", "--keep-urls"]).arg(file).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}: {}", file.display(), stderr(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    let place = tempfile::tempdir().unwrap();
    let mut files = 0;
    for folder in ["fixtures/ldif/valid", "fixtures/ldif/rfc2849"] {
        for file in paths_with(&root().join(folder), "ldif") {
            let output = offboard().args(["lint", "-q", "--fix"]).arg(&file).output().unwrap();
            let mended = place.path().join("mended.ldif");
            std::fs::write(&mended, &output.stdout).unwrap();
            // Repairs change the case of keywords, and write attribute names as in the line that opens the
            // modification.
            let (before, after) = (records(&file), records(&mended));
            assert_eq!(before, after, "{}", file.display());
            files += 1;
        }
    }
    assert!(files > 20, "{files} files");
}
