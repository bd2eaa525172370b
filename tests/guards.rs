//! What guards a deletion: the records, and what comment, runbook and report say of them.

use std::path::Path;
use std::process::Output;

use crate::support::{AS_OF, offboard, stderr, stdout};

/// A directory in which kim is disabled since 2026-10-01. `more` are lines of kim, `others` further entries.
fn export(more: &str, others: &str) -> String {
    format!(
        "version: 1\n\ndn: o=quay\nobjectClass: organization\no: quay\n\n\
         dn: ou=crew,o=quay\nobjectClass: organizationalUnit\nou: crew\n\n\
         dn: ou=groups,o=quay\nobjectClass: organizationalUnit\nou: groups\n\n\
         dn: uid=kim,ou=crew,o=quay\nobjectClass: inetOrgPerson\nobjectClass: shadowAccount\nobjectClass: posixAccount\n\
         uid: kim\ncn: Kim\nsn: K\ntitle: cook\nuidNumber: 70\ngidNumber: 71\nhomeDirectory: /home/kim\n\
         shadowExpire: 1\ndescription: left 2026-10-01\n{more}\n\
         dn: uid=lea,ou=crew,o=quay\nobjectClass: inetOrgPerson\nuid: lea\ncn: Lea\nsn: L\n\n{others}"
    )
}

const POLICY: &str = "preset = \"openldap\"\n[disable]\nreplace = { pwdAccountLockedTime = false, shadowExpire = \"1\" }\n\
                      [stamp]\nattribute = \"description\"\nformat = \"left {{ as_of }}\"\n[grace]\ndays = 30\n\
                      [references]\nlast_member = \"delete-group\"\nprivate_group = \"delete\"\n";

/// Plans the end of kim into the folder `set`.
fn plan(place: &Path, export: &str, policy: &str, guard: &str) -> Output {
    std::fs::write(place.join("export.ldif"), export).unwrap();
    std::fs::write(place.join("policy.toml"), policy).unwrap();
    let mut command = offboard();
    command.current_dir(place).args(["plan", "--as-of", AS_OF, "--allow-date", "-p", "policy.toml", "-u", "kim"]);
    let output = command.args(["--guard", guard, "--force", "-o", "set", "export.ldif"]).output().unwrap();
    assert!(output.status.code() < Some(2), "{}", stderr(&output));
    output
}

/// The file with the deletions, with long lines joined.
fn entries(place: &Path) -> String {
    std::fs::read_to_string(place.join("set/apply/60-entries.ldif")).unwrap().replace("\n#   ", "").replace("\n ", "")
}

/// The attributes that the guard of an entry deletes and adds again, each value as `attribute: value`.
fn guarded(place: &Path, dn: &str) -> Vec<String> {
    let text = entries(place);
    let guards = text.split("\n\n").filter(|record| record.contains(&format!("dn: {dn}\nchangetype: modify\n")));
    let values = guards.flat_map(|record| {
        record.split("-\n").filter_map(|part| part.split_once("delete: ")).filter_map(|(_, part)| part.lines().nth(1))
    });
    values.map(str::to_owned).collect()
}

const KIM: &str = "uid=kim,ou=crew,o=quay";

#[test]
fn an_account_is_guarded_by_its_statuses_and_the_stamp_that_counted() {
    let place = tempfile::tempdir().unwrap();
    for (more, values) in [
        ("", &["shadowExpire: 1", "description: left 2026-10-01"][..]),
        // An administrator gave more time: the latest date counts, and a note is not a date.
        ("description: left 2026-10-15\n", &["shadowExpire: 1", "description: left 2026-10-15"]),
        ("description: a note\n", &["shadowExpire: 1", "description: left 2026-10-01"]),
        (
            "loginShell: /sbin/nologin\n",
            &["shadowExpire: 1", "loginShell: /sbin/nologin", "description: left 2026-10-01"],
        ),
    ] {
        plan(place.path(), &export(more, ""), POLICY, "values");
        assert_eq!(guarded(place.path(), KIM), values, "{more}");
    }
    // Without a grace, no stamp counts.
    plan(place.path(), &export("", ""), &POLICY.replace("days = 30", "days = 0"), "values");
    assert_eq!(guarded(place.path(), KIM), ["shadowExpire: 1"]);
}

const ALIAS: &str = "dn: cn=k,ou=groups,o=quay\nobjectClass: alias\nobjectClass: extensibleObject\ncn: k\n\
                     description: x\naliasedObjectName: uid=kim,ou=crew,o=quay\n\n";
const PRIVATE: &str = "dn: cn=kim,ou=groups,o=quay\nobjectClass: posixGroup\ncn: kim\ndescription: x\ngidNumber: 71\n\
                       memberUid: kim\n\n";
const EMPTIED: &str = "dn: cn=cooks,ou=groups,o=quay\nobjectClass: groupOfNames\ncn: cooks\ndescription: x\n\
                       member: uid=kim,ou=crew,o=quay\nmember: cn=nobody,o=quay\n\n";

#[test]
fn a_dependent_is_guarded_by_what_makes_it_one() {
    let place = tempfile::tempdir().unwrap();
    let others = [ALIAS, PRIVATE, EMPTIED].concat();
    plan(place.path(), &export("", &others), POLICY, "values");
    for (dn, values) in [
        ("cn=k,ou=groups,o=quay", &["aliasedObjectName: uid=kim,ou=crew,o=quay"][..]),
        ("cn=kim,ou=groups,o=quay", &["gidNumber: 71", "memberUid: kim"]),
        ("cn=cooks,ou=groups,o=quay", &["member: uid=kim,ou=crew,o=quay", "member: cn=nobody,o=quay"]),
    ] {
        assert_eq!(guarded(place.path(), dn), values, "{dn}");
    }
}

#[test]
fn comments_runbook_and_report_name_the_guarded_attributes() {
    let place = tempfile::tempdir().unwrap();
    let others = [ALIAS, PRIVATE, EMPTIED].concat();
    plan(place.path(), &export("", &others), POLICY, "values");
    let read = |name: &str| std::fs::read_to_string(place.path().join("set").join(name)).unwrap();
    for text in [entries(place.path()), read("report.md"), read("report.html"), read("plan.json")] {
        for names in ["shadowExpire or description", "aliasedObjectName", "gidNumber or memberUid", "member"] {
            let sentence = format!(
                "fails with 16 if an exported value of {names} is missing; added values and other changes are not noticed"
            );
            assert!(text.contains(&sentence), "{sentence}: {text}");
        }
        assert!(!text.contains("if the entry has changed"), "{text}");
    }
    let runbook = read("RUNBOOK.md");
    for row in [
        "| shadowExpire, description | 1 deletion |",
        "| gidNumber, memberUid | 1 deletion |",
        "| member | 1 deletion |",
    ] {
        assert!(runbook.contains(row), "{row}: {runbook}");
    }
}

#[test]
fn an_assertion_on_a_group_notices_added_members() {
    let place = tempfile::tempdir().unwrap();
    for (state, attribute) in [
        ("entryCSN: 20261101000000.000000Z#000000#000#000000\nmodifyTimestamp: 20261101000000Z\n", "entryCSN"),
        ("modifyTimestamp: 20261101000000Z\n", "modifyTimestamp"),
    ] {
        let others = [ALIAS, PRIVATE, EMPTIED]
            .map(|entry| format!("{}{state}\n", entry.trim_end_matches('\n').to_owned() + "\n"))
            .concat();
        plan(place.path(), &export(state, &others), POLICY, "assert");
        let text = entries(place.path());
        let noticed = format!("fails with 122 if the entry was changed since the export (by {attribute})");
        // The private group and the emptied group; not the alias and the account.
        assert_eq!(text.matches(&noticed).count(), 2, "{text}");
        for names in ["aliasedObjectName", "shadowExpire or description"] {
            assert!(text.contains(&format!("fails with 122 if an exported value of {names} is missing")), "{text}");
        }
        assert_eq!(text.matches("control: 1.3.6.1.1.12 true").count(), 4, "{text}");
    }
    // Without operational attributes, only the values are asserted, and the comment says so.
    plan(place.path(), &export("", &[PRIVATE, EMPTIED].concat()), POLICY, "assert");
    assert!(entries(place.path()).contains("fails with 122 if an exported value of member is missing; added values"));
}

#[test]
fn a_secret_is_not_a_guard() {
    let place = tempfile::tempdir().unwrap();
    let child = "dn: cn=phone,uid=kim,ou=crew,o=quay\nobjectClass: device\ncn: phone\nserialNumber: 7\nl: here\n\n";
    let policy = format!(
        "{POLICY}[children]\nown = \"(objectClass=device)\"\n[secrets]\nattributes = [\"serialNumber\", \"description\"]\n"
    );
    plan(place.path(), &export("", child), &policy, "values");
    assert_eq!(guarded(place.path(), "cn=phone,uid=kim,ou=crew,o=quay"), ["l: here"]);
    assert_eq!(guarded(place.path(), KIM), ["shadowExpire: 1"]);
}

#[test]
fn what_is_not_guarded_says_so() {
    let place = tempfile::tempdir().unwrap();
    let child = "dn: cn=phone,uid=kim,ou=crew,o=quay\nobjectClass: device\ncn: phone\n\n";
    let policy = format!("{POLICY}[children]\nown = \"(objectClass=device)\"\n");
    plan(place.path(), &export("", child), &policy, "values");
    assert!(entries(place.path()).contains("not guarded: it has no suitable value"));
    let output = plan(place.path(), &export("", child), &policy, "none");
    assert!(!entries(place.path()).contains("fails with") && stdout(&output).is_empty());
    let named = child.replace("cn: phone\n", "cn: phone\nserialNumber: 7\n");
    plan(place.path(), &export("", &named), &policy, "values");
    assert_eq!(guarded(place.path(), "cn=phone,uid=kim,ou=crew,o=quay"), ["serialNumber: 7"]);
}

/// An assertion names the entry, so that another person who got the name is not deleted; and the date of its grace.
#[test]
fn an_assertion_on_an_account_names_its_identifier() {
    let place = tempfile::tempdir().unwrap();
    let ids = "entryUUID: 597ae2f6-16a6-1027-98f4-d28b5365dc14\n";
    plan(place.path(), &export(ids, ""), POLICY, "assert");
    let text = entries(place.path());
    assert!(text.contains("an exported value of shadowExpire, description or entryUUID is missing"), "{text}");
    plan(place.path(), &export(ids, ""), POLICY, "values");
    assert!(!entries(place.path()).contains("or entryUUID is missing"));
}

/// A server that keeps referential integrity changes names of entries that the change set moves, or has deleted before.
#[test]
fn a_name_that_the_change_set_changes_is_not_a_guard() {
    let place = tempfile::tempdir().unwrap();
    let policy = format!("{POLICY}[children]\nown = \"(objectClass=device)\"\n");
    for (owner, guard) in [
        // The alias is deleted before, the account afterwards.
        ("cn=k,ou=groups,o=quay", "l: here"),
        ("uid=kim,ou=crew,o=quay", "owner: uid=kim,ou=crew,o=quay"),
        ("uid=lea,ou=crew,o=quay", "owner: uid=lea,ou=crew,o=quay"),
    ] {
        let child =
            format!("dn: cn=phone,uid=kim,ou=crew,o=quay\nobjectClass: device\ncn: phone\nowner: {owner}\nl: here\n\n");
        plan(place.path(), &export("", &(child + ALIAS)), &policy, "values");
        assert_eq!(guarded(place.path(), "cn=phone,uid=kim,ou=crew,o=quay"), [guard]);
    }
}
