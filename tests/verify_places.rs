//! `offboard verify` and `offboard audit` on exports that do not show what they are asked about: a deleted entry is done only
//! if the exports show the place where it was.

use std::path::Path;

use crate::support::{AS_OF, offboard, stderr, stdout};

const SUFFIX: &str = "dc=reef,dc=example";
const POLICY: &str = "preset = \"openldap\"\n[grace]\ndays = 0\n[limits]\ndelete = { count = 9, percent = 100 }\n\
    members = { percent = 100 }\n";

fn containers() -> String {
    let units = ["Crew", "Boats"]
        .map(|unit| format!("dn: ou={unit},{SUFFIX}\nobjectClass: organizationalUnit\nou: {unit}\n\n"));
    format!("dn: {SUFFIX}\nobjectClass: domain\ndc: reef\nentryUUID: 1\n\n{}", units.concat())
}

fn person(name: &str) -> String {
    format!("dn: uid={name},ou=Crew,{SUFFIX}\nobjectClass: inetOrgPerson\nuid: {name}\ncn: {name}\nsn: S\n\n")
}

fn crew(numbers: std::ops::Range<usize>) -> String {
    numbers.map(|number| person(&format!("c{number}"))).collect()
}

fn boat(members: &[&str]) -> String {
    let members =
        members.iter().map(|name| format!("member: uid={name},ou=Crew,{SUFFIX}\n")).collect::<Vec<_>>().concat();
    format!("dn: cn=dory,ou=Boats,{SUFFIX}\nobjectClass: groupOfNames\ncn: dory\n{members}\n")
}

/// Plans the deletion of `kai`, in a directory with twenty others.
fn planned(place: &Path) {
    plan_export(place, &(containers() + &crew(0..20) + &person("kai") + &boat(&["kai", "c1"])));
}

fn plan_export(place: &Path, export: &str) {
    std::fs::write(place.join("policy.toml"), POLICY).unwrap();
    std::fs::write(place.join("export.ldif"), export).unwrap();
    let mut command = offboard();
    command.current_dir(place).args([
        "plan",
        "--as-of",
        AS_OF,
        "--allow-date",
        "-p",
        "policy.toml",
        "-u",
        "kai",
        "-o",
        "set",
    ]);
    let output = command.arg("export.ldif").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

/// Runs a command on an export with this text.
fn run(place: &Path, words: &[&str], export: &str) -> (Option<i32>, String) {
    std::fs::write(place.join("later.ldif"), export).unwrap();
    let output = offboard().current_dir(place).args(words).arg("later.ldif").output().unwrap();
    (output.status.code(), stdout(&output) + &stderr(&output))
}

#[test]
fn a_deleted_entry_is_done_only_where_its_place_is_shown() {
    let place = tempfile::tempdir().unwrap();
    planned(place.path());
    let rest = boat(&["c1"]);
    let without_crew =
        containers().replace(&format!("dn: ou=Crew,{SUFFIX}\nobjectClass: organizationalUnit\nou: Crew\n\n"), "");
    let elsewhere = (containers() + &crew(0..20)).replace("dc=reef", "dc=atoll").replace("dc: reef", "dc: atoll");
    for (what, export, expected, word) in [
        ("applied", containers() + &crew(0..20) + &rest, Some(0), "now deleted"),
        ("applied, and two others were deleted", containers() + &crew(2..20) + &rest, Some(0), "now deleted"),
        (
            "two others are missing",
            containers() + &crew(2..20) + &rest,
            Some(0),
            "2 entries of the plan's exports are missing",
        ),
        (
            "three others are missing",
            containers() + &crew(3..20) + &rest,
            Some(1),
            "the exports lack 3 of the 25 entries",
        ),
        (
            "ends inside a value",
            (containers() + &crew(0..20) + &rest).trim_end().trim_end_matches("ple").to_owned(),
            Some(3),
            "the file is cut off",
        ),
        ("not applied", containers() + &crew(0..20) + &person("kai") + &boat(&["kai", "c1"]), Some(1), "not done"),
        ("another suffix", elsewhere, Some(3), "do not contain dc=reef"),
        ("a search that left out the people", containers() + &rest, Some(1), "the exports lack"),
        ("without the container", without_crew + &rest, Some(1), "not shown"),
        ("half of the entries", containers() + &rest + &crew(0..10), Some(1), "the exports lack 10 of the 25 entries"),
        ("ends inside a name", containers() + &rest + &crew(0..10) + "dn: uid=c1", Some(3), "has no values"),
        ("only the people", crew(0..20), Some(3), "do not contain dc=reef"),
        (
            "a search that ended early",
            containers() + &crew(0..20) + &rest + "search: 2\nresult: 4 Size limit exceeded\n\n",
            Some(3),
            "ended early",
        ),
    ] {
        let (status, said) = run(place.path(), &["verify", "set"], &export);
        assert_eq!(status, expected, "{what}: {said}");
        assert!(said.contains(word), "{what}: {said}");
        assert!(expected == Some(0) || !said.contains("now deleted"), "{what}: {said}");
    }
}

/// Another person with the name of the account is not the account, and an account with another name is not deleted.
#[test]
fn an_account_is_known_by_its_identifier() {
    let place = tempfile::tempdir().unwrap();
    let kai = |name: &str, id: &str| person(name).trim_end().to_owned() + &format!("\nentryUUID: {id}\n\n");
    plan_export(place.path(), &(containers() + &crew(0..20) + &kai("kai", "a1") + &boat(&["kai", "c1"])));
    let after = containers() + &crew(0..20) + &boat(&["c1"]);
    for (what, more, expected, words) in [
        ("another person", kai("kai", "b2"), Some(0), &["now deleted", "entryUUID b2", "entryUUID a1"][..]),
        ("the account", kai("kai", "A1"), Some(1), &["not-done", "now present"]),
        ("without an identifier", person("kai"), Some(1), &["not-done", "now present"]),
        ("renamed", kai("kim", "a1"), Some(1), &["the entry is now uid=kim,", "now present"]),
        ("renamed, and another", kai("kim", "a1") + &kai("kai", "b2"), Some(1), &["the entry is now uid=kim,"]),
    ] {
        for export in [format!("{after}{more}"), format!("{}{more}{}{}", containers(), crew(0..20), boat(&["c1"]))] {
            let left = place.path().join("left.ldif");
            let _ = std::fs::remove_file(&left);
            let (status, said) = run(place.path(), &["verify", "set", "--left", "left.ldif"], &export);
            assert_eq!(status, expected, "{what}: {said}");
            for word in words {
                assert!(said.contains(word), "{what}: {word}: {said}");
            }
            let left = std::fs::read_to_string(&left).unwrap();
            assert_eq!(left.contains("changetype: delete"), words[0] == "not-done", "{what}: {left}");
        }
    }
}

/// A part of a list, or of a search, is a finding of an audit, and is named by the findings that it may have caused.
#[test]
fn an_audit_of_an_incomplete_export_says_so() {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("policy.toml"), POLICY).unwrap();
    let words = ["audit", "--as-of", AS_OF, "--allow-date", "-p", "policy.toml"];
    let ranged = boat(&["c1"]).replace("member:", "member;range=0-0:");
    let empty = boat(&[])
        + "dn: cn=skiff,ou=Boats,dc=reef,dc=example\nobjectClass: groupOfNames\ncn: skiff\nmember;range=0-1499:\n\n";
    for (what, export, code) in [
        ("range", containers() + &crew(0..3) + &ranged, "partial-lists"),
        ("an empty range", containers() + &crew(0..3) + &empty, "partial-lists"),
        ("cut", containers() + &crew(0..3) + "result: 4 Size limit exceeded\n\n", "cut"),
        ("time limit", containers() + &crew(0..3) + "search: 3\nresult: 3 Time limit exceeded\n\n", "cut"),
        ("a hole", containers() + "dn: uid=x,ou=Gone,dc=reef,dc=example\nobjectClass: account\nuid: x\n\n", "holes"),
        ("a part", crew(0..3), "parents"),
        ("no values", containers() + "dn: uid=y,ou=Crew,dc=reef,dc=example\nobjectClass:\nuid:\n\n", "no-values"),
    ] {
        let (status, said) = run(place.path(), &words, &export);
        assert_eq!(status, Some(1), "{what}: {said}");
        assert!(said.contains(&format!(": {code}")), "{what}: {said}");
    }
    let (_, said) = run(place.path(), &words, &(containers() + &crew(0..3) + &ranged.replace("uid=c1", "uid=c2")));
    assert!(!said.contains("empty-group") || said.contains("incomplete (partial-lists"), "{said}");
}
