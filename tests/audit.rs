//! `offboard audit`: what it finds, as text and as JSON.

use crate::support::{AS_OF, offboard, scenario_file, stderr};

fn audit(policy: &str, more: &[&str]) -> (Option<i32>, String) {
    let output =
        offboard().args(["audit", "--as-of", AS_OF, "--allow-date", "-p", policy]).args(more).output().unwrap();
    assert_eq!(stderr(&output), "");
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn one_of_each() {
    let (status, text) = audit("fixtures/audit/policy.toml", &["fixtures/audit/odd.ldif"]);
    assert_eq!(status, Some(1));
    insta::assert_snapshot!("one_of_each", text);
}

#[test]
fn rosters_and_accounts() {
    let file = |name: &str| scenario_file("moss-rosters", name);
    let rosters = [format!("north={}", file("roster-north.csv")), format!("south={}", file("roster-south.ldif"))];
    let more = ["--roster", &rosters[0], "--roster", &rosters[1], "--json", &file("export.ldif")];
    let (status, text) = audit(&file("policy.toml"), &more);
    assert_eq!(status, Some(1));
    insta::assert_snapshot!("rosters_and_accounts", text);
}

#[test]
fn nothing_odd() {
    let place = tempfile::tempdir().unwrap();
    let export = place.path().join("export.ldif");
    std::fs::write(
        &export,
        "dn: o=isp\nobjectClass: organization\no: isp\n\ndn: o=PiServerDb\nobjectClass: organization\no: PiServerDb\n",
    )
    .unwrap();
    let (status, text) = audit("fixtures/audit/policy.toml", &[export.to_str().unwrap()]);
    assert_eq!((status, text.as_str()), (Some(0), "2 entries judged, on 2026-11-21: no findings\n"));
}

/// An entry that was not checked is a finding, and counted in the last line. A reference that is not a DN is a finding.
#[test]
fn an_entry_whose_name_is_not_a_dn_is_reported() {
    let (status, text) = audit("openldap", &["fixtures/audit/bad-names.ldif"]);
    assert_eq!(status, Some(1));
    insta::assert_snapshot!("bad_names", text);
}

/// Everything that the exports lack is a finding, and findings that may result from it say so.
#[test]
fn exports_that_lack_something_are_reported() {
    let (status, text) = audit("openldap", &["fixtures/audit/cut.ldif"]);
    assert_eq!(status, Some(1));
    insta::assert_snapshot!("cut", text);
    let (_, json) = audit("openldap", &["--json", "fixtures/audit/cut.ldif"]);
    let report: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(report["entries"], 6);
    assert_eq!(report["skipped"], 0);
    for code in ["cut", "partial-lists", "holes", "repeated"] {
        assert!(report["counts"][code].as_u64().unwrap() > 0, "{code}: {json}");
    }
    let findings = report["findings"].as_array().unwrap();
    let dangling = findings.iter().find(|finding| finding["code"] == "dangling").unwrap();
    assert_eq!(dangling["may_be_due_to"], serde_json::json!(["cut", "holes"]));
    assert!(!findings.iter().any(|finding| finding["code"] == "empty-group"), "{json}");
}

/// Where one of several exports is empty or has no values, the others are audited.
#[test]
fn an_export_without_entries_or_values_is_reported() {
    let place = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = place.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let whole = write("whole.ldif", "dn: o=isp\nobjectClass: organization\no: isp\n");
    let empty = write("empty.ldif", "version: 1\n");
    let typed = write("typed.ldif", "dn: o=other\nobjectClass:\no:\n");
    let (status, text) = audit("openldap", &[&whole, &empty, &typed]);
    assert_eq!(status, Some(1), "{text}");
    assert!(text.contains("/empty.ldif:1: empty: "), "{text}");
    assert!(text.contains("/typed.ldif:1: no-values: "), "{text}");
    assert!(text.ends_with("2 entries judged, on 2026-11-21: 1 empty, 1 no-values\n"), "{text}");
}

/// An export without entries is not reported as "nothing found".
#[test]
fn without_entries_nothing_is_said() {
    let place = tempfile::tempdir().unwrap();
    for (text, expected) in [
        ("", "the exports contain no entries"),
        ("version: 1\n\n# search result\nresult: 0 Success\n", "the exports contain no entries"),
        ("dn: uid=rosa,${BASE}\nuid: rosa\n", "no entry can be judged"),
    ] {
        let export = place.path().join("export.ldif");
        std::fs::write(&export, text).unwrap();
        let output = offboard().args(["audit", "-p", "openldap"]).arg(&export).output().unwrap();
        assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(3), &b""[..]), "{text}");
        assert!(stderr(&output).contains(expected), "{}", stderr(&output));
    }
}

/// `explain` and `plan` give the reason why an account cannot be judged, whether it is named by uid, address or DN.
#[test]
fn an_account_whose_name_is_not_a_dn_is_not_taken_for_deleted() {
    for id in ["rosa", "rosa@lab.example", "uid=rosa,${STAFF_BASE}"] {
        let arguments =
            ["explain", "-p", "openldap", "--as-of", AS_OF, "--allow-date", id, "fixtures/audit/bad-names.ldif"];
        let output = offboard().args(arguments).output().unwrap();
        let text = String::from_utf8(output.stdout.clone()).unwrap();
        assert_eq!(output.status.code(), Some(1), "{id}: {}", stderr(&output));
        assert!(text.contains("1 entry matches, but has an invalid DN"), "{id}: {text}");
        assert!(text.contains("uid=rosa,${STAFF_BASE} (fixtures/audit/bad-names.ldif:9)"), "{id}: {text}");
        assert!(!text.contains("deleted already"), "{id}: {text}");
    }
    let arguments = [
        "explain",
        "-p",
        "openldap",
        "--as-of",
        AS_OF,
        "--allow-date",
        "--json",
        "rosa",
        "fixtures/audit/bad-names.ldif",
    ];
    let output = offboard().args(arguments).output().unwrap();
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["conflict"]["code"], "not-judged");
    assert_eq!(json["not_judged"][0]["count"], 1);
}

/// `explain` refuses the exports that `plan` refuses.
#[test]
fn explain_of_a_cut_export_is_refused_unless_accepted() {
    let explain = |more: &[&str]| {
        let mut command = offboard();
        command
            .args(["explain", "-p", "openldap", "--as-of", AS_OF, "--allow-date", "emil", "fixtures/audit/cut.ldif"])
            .args(more);
        command.output().unwrap()
    };
    assert_eq!(explain(&[]).status.code(), Some(3));
    let codes = ["cut", "partial-lists", "holes", "repeated"];
    let accepted: Vec<&str> = codes.iter().flat_map(|code| ["--accept-incomplete", code]).collect();
    let output = explain(&accepted);
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(text.contains("accepted") && text.contains("an export is incomplete"), "{text}");
}
