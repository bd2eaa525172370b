//! A restored account gets back everything that disabling took from it, as far as the history shows it.

use std::path::Path;

use crate::support::{AS_OF, offboard, stderr};

const EXPORT: &str = "\
dn: o=quay
objectClass: organization
o: quay
structuralObjectClass: organization

dn: uid=ines,o=quay
objectClass: inetOrgPerson
objectClass: extensibleObject
uid: ines
cn: Ines
sn: I
roomNumber: 12
roomNumber: Annex  B
roomNumber:: w5ZzdHRvcg==
roomNumber;lang-fr: Nord
roomNumber;lang-fr: Sud
homeDirectory: /h/ines
facsimileTelephoneNumber: +49 1
facsimileTelephoneNumber: +49 2

";

fn policy(replace: &str) -> String {
    format!("preset = \"openldap\"\n[disable.replace]\n{replace}\n[stamp]\nattribute = \"description\"\n")
}

/// Plans an action; gives the status, what was said, and the change file of the stage `status`.
fn planned(
    place: &Path,
    action: &str,
    set: &str,
    export: &str,
    history: Option<&str>,
) -> (Option<i32>, String, String) {
    let path = |name: &str| place.join(name);
    std::fs::write(path("leavers.csv"), format!("uid,action\nines,{action}\n")).unwrap();
    let mut command = offboard();
    command.args(["plan", "--as-of", AS_OF, "--allow-date", "--force", "-p"]).arg(path("policy.toml"));
    command.arg("-l").arg(path("leavers.csv")).arg("-o").arg(path(set));
    if let Some(history) = history {
        command.arg("--history").arg(path(history));
    }
    let output = command.arg(path(export)).output().unwrap();
    let file = std::fs::read_to_string(path(set).join("apply/10-status.ldif")).unwrap_or_default();
    (output.status.code(), stderr(&output), file)
}

fn simulated(place: &Path, export: &str, set: &str, after: &str) -> String {
    let path = |name: &str| place.join(name);
    let _ = std::fs::remove_file(path(after));
    let mut command = offboard();
    command.args(["simulate", "--export"]).arg(path(export)).arg(path(set)).arg("-o").arg(path(after));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    std::fs::read_to_string(path(after)).unwrap()
}

/// The lines of an export, sorted.
fn lines(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().filter(|line| !line.is_empty() && !line.starts_with(['#', 'v'])).collect();
    lines.sort_unstable();
    lines
}

#[test]
fn every_value_comes_back() {
    let place = tempfile::tempdir().unwrap();
    for (replace, removed) in [
        ("roomNumber = \"closed\"", 3),
        ("\"roomNumber;lang-fr\" = \"ferm\u{e9}\"", 2),
        ("roomNumber = \"closed\"\nhomeDirectory = \"/none\"\n\"roomNumber;lang-fr\" = \"closed\"", 6),
    ] {
        std::fs::write(place.path().join("policy.toml"), policy(replace)).unwrap();
        for export in [
            EXPORT.to_owned(),
            EXPORT.replace("roomNumber: 12\nroomNumber: Annex  B\n", "roomNumber: Annex  B\nroomNumber: 12\n"),
        ] {
            std::fs::write(place.path().join("export.ldif"), &export).unwrap();
            let (status, said, file) = planned(place.path(), "disable", "away", "export.ldif", None);
            assert_eq!(status, Some(0), "{said}");
            assert_eq!(
                file.lines().filter(|line| line.starts_with("roomNumber") || line.starts_with("homeDir")).count(),
                removed + replace.lines().count(),
                "{file}"
            );
            simulated(place.path(), "export.ldif", "away", "away.ldif");
            let (status, said, _) = planned(place.path(), "restore", "back", "away.ldif", Some("away"));
            assert_eq!(status, Some(0), "{said}");
            let back = simulated(place.path(), "away.ldif", "back", "back.ldif");
            assert_eq!(lines(&back), lines(&export), "{replace}");
        }
    }
}

/// Of an attribute that is written whole, the change file does not show the values that it had: the account is held, and the
/// values that are there stay.
#[test]
fn what_the_history_does_not_show() {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("policy.toml"), policy("facsimileTelephoneNumber = \"+49 0\"")).unwrap();
    std::fs::write(place.path().join("export.ldif"), EXPORT).unwrap();
    let (status, said, file) = planned(place.path(), "disable", "away", "export.ldif", None);
    assert_eq!(status, Some(0), "{said}");
    assert!(file.contains("replace: facsimileTelephoneNumber"), "{file}");
    simulated(place.path(), "export.ldif", "away", "away.ldif");
    let (_, said, file) = planned(place.path(), "restore", "back", "away.ldif", Some("away"));
    assert!(
        said.contains("the value of facsimileTelephoneNumber before the account was disabled is unknown"),
        "{said}"
    );
    assert_eq!(file, "");
}
