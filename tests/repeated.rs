//! Entries that appear more than once in the exports: a plan names them and is refused, or, if that is accepted, holds the
//! accounts that they are, name or belong to.

use std::path::Path;
use std::process::Output;

use serde_json::Value;

use crate::support::{AS_OF, offboard, stderr};

const POLICY: &str = "preset = \"openldap\"\n[grace]\ndays = 0\n[references]\nlast_member = \"allow\"\n\
    [children]\nother = \"delete\"\n[limits]\ndelete = { count = 9, percent = 100 }\nmembers = { percent = 100 }\n\
    child = { count = 9, percent = 100 }\n";

fn person(name: &str) -> String {
    format!("dn: uid={name},o=mole\nobjectClass: inetOrgPerson\nuid: {name}\ncn: {name}\nsn: S\n\n")
}

fn group(name: &str, members: &[&str]) -> String {
    let members = members.iter().map(|member| format!("member: uid={member},o=mole\n")).collect::<Vec<_>>().concat();
    format!("dn: cn={name},o=mole\nobjectClass: groupOfNames\ncn: {name}\n{members}\n")
}

/// The directory without anything repeated.
fn directory() -> String {
    let top = "dn: o=mole\nobjectClass: organization\no: mole\nentryUUID: 1\n\n".to_owned();
    let people: String = ["ole", "pia", "rut", "sam"].iter().map(|name| person(name)).collect();
    top + &people + &group("divers", &["ole", "sam"]) + &group("cooks", &["pia", "sam"])
}

/// Plans the deletion of these users from exports with these texts.
fn plan(place: &Path, exports: &[String], users: &[&str], options: &[&str]) -> Output {
    std::fs::write(place.join("policy.toml"), POLICY).unwrap();
    let mut command = offboard();
    command.current_dir(place).args([
        "plan",
        "--as-of",
        AS_OF,
        "--allow-date",
        "--force",
        "-p",
        "policy.toml",
        "-o",
        "set",
    ]);
    for user in users {
        command.args(["-u", user]);
    }
    command.args(options);
    for (number, text) in exports.iter().enumerate() {
        let name = format!("export-{number}.ldif");
        std::fs::write(place.join(&name), text).unwrap();
        command.arg(name);
    }
    command.output().unwrap()
}

/// `STEP REASON` of each account, and the code of each conflict.
fn outcome(place: &Path, exports: &[String], users: &[&str]) -> Vec<String> {
    let output = plan(place, exports, users, &["--accept-incomplete", "repeated"]);
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", stderr(&output));
    let view: Value = serde_json::from_slice(&std::fs::read(place.join("set/plan.json")).unwrap()).unwrap();
    let text = |value: &Value, key: &str| value[key].as_str().unwrap().to_owned();
    let accounts = view["accounts"].as_array().unwrap().iter();
    let accounts = accounts.map(|one| format!("{} {} {}", text(one, "leaver"), text(one, "step"), text(one, "reason")));
    let conflicts = view["conflicts"].as_array().unwrap().iter();
    accounts.chain(conflicts.map(|one| format!("{} {}", text(one, "leaver"), text(one, "code")))).collect()
}

#[test]
fn the_refusal_names_the_entries_with_their_places() {
    let place = tempfile::tempdir().unwrap();
    let composed = person("ö");
    let decomposed = person("o\u{308}");
    let cases = [
        (vec![directory(), person("rut")], vec!["export-0.ldif:18: uid=rut,o=mole", "export-1.ldif:1: uid=rut,o=mole"]),
        (
            vec![directory() + &person("RUT") + &composed + &decomposed],
            vec!["export-0.ldif:18: uid=rut,o=mole", ": uid=RUT,o=mole", ": uid=ö,o=mole", ": uid=o\u{308},o=mole"],
        ),
    ];
    for (exports, expected) in cases {
        let output = plan(place.path(), &exports, &["ole"], &[]);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(3), "{said}");
        for text in expected {
            assert!(said.contains(text), "{text}\n{said}");
        }
        assert!(said.contains("--accept-incomplete repeated"), "{said}");
    }
}

#[test]
fn only_the_accounts_that_are_concerned_are_held() {
    let place = tempfile::tempdir().unwrap();
    let users = ["ole", "pia", "rut"];
    let child = "dn: cn=box,uid=rut,o=mole\nobjectClass: device\ncn: box\n\n";
    let deleted = ["ole delete delete-at-once", "pia delete delete-at-once", "rut delete delete-at-once"];
    let twin = person("ö") + &person("o\u{308}");
    let cases: [(String, [&str; 3]); 5] = [
        (twin, deleted),
        (person("ole"), ["pia delete delete-at-once", "rut delete delete-at-once", "ole duplicate-entry"]),
        (group("divers", &["ole"]), ["ole hold repeated-entry", deleted[1], deleted[2]]),
        // The second one does not name the account.
        (group("Divers", &["sam"]), ["ole hold repeated-entry", deleted[1], deleted[2]]),
        (format!("{child}{child}"), [deleted[0], deleted[1], "rut hold repeated-entry"]),
    ];
    for (more, expected) in cases {
        // In either order.
        for exports in [vec![directory(), more.clone()], vec![directory() + &more]] {
            assert_eq!(outcome(place.path(), &exports, &users), expected, "{more}");
        }
        if !more.contains("cn=box") {
            assert_eq!(outcome(place.path(), &[more.clone(), directory()], &users), expected, "{more}");
        }
    }
}

/// `verify` names them as well.
#[test]
fn verify_names_the_entries() {
    let place = tempfile::tempdir().unwrap();
    let output = plan(place.path(), &[directory()], &["ole"], &[]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    std::fs::write(place.path().join("later.ldif"), directory() + &person("rut")).unwrap();
    let output = offboard().current_dir(place.path()).args(["verify", "set", "later.ldif"]).output().unwrap();
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert_eq!(said.matches(": uid=rut,o=mole").count(), 2, "{said}");
}
