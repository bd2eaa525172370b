//! Policies over presets, references whose form is unknown, and policies in reports.

use std::path::Path;
use std::process::Output;

use serde_json::Value;

use crate::support::{offboard, stderr, stdout};

/// A directory of one account, a group that names it, and attributes of the site.
const EXPORT: &str = "\
dn: dc=mill,dc=example
objectClass: dcObject
objectClass: organization
dc: mill
o: Mill
structuralObjectClass: organization

dn: ou=staff,dc=mill,dc=example
objectClass: organizationalUnit
ou: staff

dn: ou=left,dc=mill,dc=example
objectClass: organizationalUnit
ou: left

dn: uid=tbauer,ou=staff,dc=mill,dc=example
objectClass: inetOrgPerson
uid: tbauer
cn: Tilda Bauer
sn: Bauer

dn: uid=ofrei,ou=staff,dc=mill,dc=example
objectClass: inetOrgPerson
objectClass: millPerson
uid: ofrei
cn: Otto Frei
sn: Frei
millDeputy: uid=tbauer,ou=staff,dc=mill,dc=example
millOnCall: tbauer
millOnCall: ofrei
";

/// A schema file that gives `millDeputy` the syntax DN.
const SCHEMA: &str = "
dn: cn=Subschema
objectClass: subschema
cn: Subschema
attributeTypes: ( 1.3.6.1.4.1.99999.1 NAME 'millDeputy' EQUALITY distinguishedNameMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.12 )
attributeTypes: ( 1.3.6.1.4.1.99999.2 NAME 'millOnCall' EQUALITY caseExactMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
";

/// A folder with the export and a policy.
fn folder(policy: &str) -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("export.ldif"), EXPORT).unwrap();
    std::fs::write(place.path().join("policy.toml"), policy).unwrap();
    place
}

fn run(place: &Path, command: &str) -> Output {
    offboard().current_dir(place).args(command.split_whitespace()).output().unwrap()
}

const PLAN: &str = "plan --as-of 2026-11-21 --allow-date -p policy.toml -u tbauer -o set export.ldif";

/// Plans, and gives a file of the change set.
fn planned(place: &Path, file: &str) -> String {
    let output = run(place, PLAN);
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", stderr(&output));
    std::fs::read_to_string(place.join("set").join(file)).unwrap()
}

/// An attribute that a site adds does not replace the preset's lock, in any notation of the table.
#[test]
fn the_lock_of_a_preset_is_kept() {
    for table in ["[disable.replace]\nemployeeType = \"left\"", "[disable]\nreplace = { employeeType = \"left\" }"] {
        let place = folder(&format!("preset = \"openldap\"\n{table}\n"));
        let status = planned(place.path(), "apply/10-status.ldif");
        assert!(status.contains("pwdAccountLockedTime: 000001010000Z\n"), "{status}");
        assert!(status.contains("employeeType: left\n"), "{status}");
    }
    let place =
        folder("preset = \"openldap\"\n[disable.replace]\npwdAccountLockedTime = false\nemployeeType = \"left\"\n");
    let status = planned(place.path(), "apply/10-status.ldif");
    assert!(!status.contains("pwdAccountLockedTime") && status.contains("employeeType: left\n"), "{status}");
}

/// Reports name the keys that differ from the preset. Secrets are masked, and text cannot act.
#[test]
fn reports_name_what_differs() {
    let place = folder(
        "preset = \"openldap\"\n[disable.replace]\nuserPassword = \"{CRYPT}hush\"\ntitle = \"a\\u202Eb|c\"\n[grace]\ndays = 60\n[stamp]\nmissing = false\n",
    );
    let report = planned(place.path(), "report.md");
    let plan: Value =
        serde_json::from_str(&std::fs::read_to_string(place.path().join("set/plan.json")).unwrap()).unwrap();
    let page = std::fs::read_to_string(place.path().join("set/report.html")).unwrap();
    for text in [&report, &plan.to_string(), &page] {
        assert!(!text.contains("hush") && !text.contains('\u{202e}'), "{text}");
    }
    assert_eq!(plan["policy"]["preset"], "openldap");
    let rows = plan["policy"]["differences"].as_array().unwrap().iter();
    let row = |row: &Value| {
        let text = |key: &str| row[key].as_str().unwrap_or("-").to_owned();
        format!("{}: {}, preset {}", text("key"), text("value"), text("preset"))
    };
    let rows: Vec<String> = rows.map(row).collect();
    let section = report.split("## Policy").nth(1).unwrap().split("\n## ").next().unwrap();
    insta::assert_snapshot!(format!("{}\n{section}", rows.join("\n")));
    assert!(page.contains("<code>grace.days</code>"));
}

#[test]
fn in_force() {
    let place = folder(
        "preset = \"389ds\"\n[disable.replace]\nemployeeType = \"left\"\n[limits]\ndelete = { count = 5 }\nmove = false\n\
         [[rule]]\naction = \"disable\"\n[roster.hr]\nkey = \"employeeNumber\"\ninactive = [\"left\"]\nstatus = \"state\"\n",
    );
    let output = run(place.path(), "policy policy.toml");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    insta::assert_snapshot!(stdout(&output));
    // The output is a policy that parses to the same one.
    let again = place.path().join("again.toml");
    std::fs::write(&again, &output.stdout).unwrap();
    let values = |output: &Output| {
        let text = stdout(output);
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        lines.map(|line| line.split("  # ").next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(values(&run(place.path(), "policy again.toml")), values(&output));
    let output = run(place.path(), "policy openldap");
    assert!(stdout(&output).contains("# openldap:"), "{}", stdout(&output));
    assert_eq!(run(place.path(), "policy openldapp").status.code(), Some(2));
}

/// Every command that looks for references refuses a listed attribute whose form is unknown, unless a schema has it.
#[test]
fn a_reference_of_unknown_form() {
    let listed = "preset = \"openldap\"\n[grace]\ndays = 0\n[references]\nremove = [\"member\", \"millDeputy\"]\n";
    let place = folder(listed);
    let mut said = String::new();
    for command in [PLAN, "explain -p policy.toml tbauer export.ldif", "audit -p policy.toml export.ldif"] {
        let output = run(place.path(), command);
        assert_eq!(output.status.code(), Some(2), "{command}: {}", stderr(&output));
        said = stderr(&output);
    }
    assert!(!place.path().join("set").exists());
    insta::assert_snapshot!(said);

    std::fs::write(place.path().join("export.ldif"), format!("{EXPORT}{SCHEMA}")).unwrap();
    let references = planned(place.path(), "apply/30-references.ldif");
    assert!(references.contains("millDeputy: uid=tbauer,ou=staff,dc=mill,dc=example\n"), "{references}");
    assert_eq!(run(place.path(), "audit -p policy.toml export.ldif").status.code(), Some(0));

    // By the schema these values are not DNs, so their form is still unknown.
    let place = folder("preset = \"openldap\"\n[references]\nreview = [\"millOnCall\"]\n");
    std::fs::write(place.path().join("export.ldif"), format!("{EXPORT}{SCHEMA}")).unwrap();
    assert_eq!(run(place.path(), PLAN).status.code(), Some(2));
}

/// References by `[[reference]]` are found, counted, removed, and restored by the rollback.
#[test]
fn stated_references() {
    let stated = "preset = \"openldap\"\n[grace]\ndays = 0\n\
                  [[reference]]\nattribute = [\"millDeputy\"]\nholds = \"dn\"\nthen = \"remove\"\n\
                  [[reference]]\nattribute = \"MILLONCALL\"\nholds = \"uid\"\nthen = \"remove\"\n";
    let place = folder(stated);
    let references = planned(place.path(), "apply/30-references.ldif");
    assert!(
        references.contains("delete: millDeputy\nmillDeputy: uid=tbauer,ou=staff,dc=mill,dc=example\n-\n"),
        "{references}"
    );
    assert!(references.contains("delete: millOnCall\nmillOnCall: tbauer\n-\n"), "{references}");
    let plan: Value =
        serde_json::from_str(&std::fs::read_to_string(place.path().join("set/plan.json")).unwrap()).unwrap();
    let row = plan["limits"].as_array().unwrap().iter().find(|row| row["kind"] == "reference").unwrap();
    assert_eq!((row["affected"].as_u64(), row["of"].as_u64()), (Some(2), Some(3)));
    let rollback = std::fs::read_dir(place.path().join("set/rollback")).unwrap();
    let rollback: String = rollback.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect();
    assert!(rollback.contains("add: millOnCall\nmillOnCall: tbauer\n"), "{rollback}");

    for (wrong, said) in [
        ("holds = \"names\"\nthen = \"remove\"", "unknown value `names`"),
        ("holds = \"uid\"\nthen = \"drop\"", "unknown value `drop`"),
        ("holds = \"uid\"\nthen = \"reassign\"", "a successor has no such value"),
        ("holds = \"url\"\nthen = \"remove\"", "searched for names, but never written"),
        ("holds = \"uid\"", "missing key `then`"),
    ] {
        let place = folder(&format!("preset = \"openldap\"\n[[reference]]\nattribute = \"millOnCall\"\n{wrong}\n"));
        let output = run(place.path(), PLAN);
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains(said), "{wrong}: {}", stderr(&output));
    }
    for (both, said) in [
        ("[[reference]]\nattribute = \"x\"\nholds = \"dn\"\nthen = \"leave\"\n", "is in more than one [[reference]]"),
        ("[references]\nleave = [\"X\"]\n", "is in [[reference]] and in [references] leave"),
    ] {
        let first = "preset = \"openldap\"\n[[reference]]\nattribute = \"x\"\nholds = \"uid\"\nthen = \"remove\"\n";
        let place = folder(&format!("{first}{both}"));
        assert!(stderr(&run(place.path(), PLAN)).contains(said), "{both}");
    }
}

#[test]
fn a_service_that_no_action_ends() {
    let place = folder("preset = \"openldap\"\n[service.Mail]\nstatus = \"mailUserStatus\"\nreleased = \"removed\"\n");
    let output = run(place.path(), PLAN);
    assert_eq!(output.status.code(), Some(2));
    insta::assert_snapshot!(stderr(&output));
}

/// A moved account is found by the next plan: `[move] to` outside the bases is refused.
#[test]
fn accounts_are_moved_inside_the_bases() {
    let policy = |base: &str| {
        format!(
            "preset = \"openldap\"\n[accounts]\nbase = [\"ou=staff,dc=mill,dc=example\"{base}]\n\
             [move]\nto = \"ou=left,dc=mill,dc=example\"\n"
        )
    };
    let place = folder(&policy(""));
    let output = run(place.path(), PLAN);
    assert_eq!(output.status.code(), Some(2));
    insta::assert_snapshot!(stderr(&output));

    let place = folder(&policy(", \"ou=left,dc=mill,dc=example\""));
    planned(place.path(), "plan.json");
    let output = run(place.path(), "simulate --export export.ldif set -o after.ldif");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let output = run(place.path(), "plan --as-of 2027-01-21 --allow-date -p policy.toml -u tbauer -o next after.ldif");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let entries = std::fs::read_to_string(place.path().join("next/apply/60-entries.ldif")).unwrap();
    assert!(entries.contains("dn: uid=tbauer,ou=left,dc=mill,dc=example\nchangetype: delete\n"), "{entries}");
}

/// Services that are stripped before the account is deleted are reported by every plan, and in the report.
#[test]
fn days_of_a_service_that_are_fewer() {
    let place = folder(
        "preset = \"openldap\"\n[service.mail]\nstatus = \"mailUserStatus\"\nreleased = \"removed\"\n[grace]\nmail = 5\n",
    );
    let output = run(place.path(), PLAN);
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", stderr(&output));
    let said = stderr(&output);
    assert!(
        said.contains("warning: [grace] mail = 5 is less than days = 30") && said.contains("policy.toml:6:8"),
        "{said}"
    );
    let report = std::fs::read_to_string(place.path().join("set/report.md")).unwrap();
    assert!(report.contains("**Warning**") && report.contains("(line 6 of the policy)"), "{report}");
    let quiet = run(place.path(), &PLAN.replace("-o set", "-q -o other"));
    assert_eq!(stderr(&quiet), "");
}

/// Without a limit no limit is shown.
#[test]
fn no_limit() {
    let place = folder(
        "[directory]\nserver = \"openldap\"\n[accounts]\nfilter = \"(objectClass=inetOrgPerson)\"\nmatch = [\"uid\"]\n\
         [disable]\nreplace = { employeeType = \"left\" }\n[grace]\ndays = 0\n",
    );
    let output = run(place.path(), PLAN);
    let said = stderr(&output);
    assert!(said.lines().any(|line| line.split_whitespace().eq(["delete", "1", "2", "none"])), "{said}");
    for file in ["report.md", "report.html", "RUNBOOK.md"] {
        let text = std::fs::read_to_string(place.path().join("set").join(file)).unwrap();
        assert!(
            !text.contains("(limit )") && !text.contains("limit \n") && !text.contains("limit ,"),
            "{file}: {text}"
        );
    }
}
