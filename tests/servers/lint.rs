//! `offboard lint --for openldap` and `ldapmodify -n` agree on whether a change file can be run.

use crate::support::programs::program;
use crate::support::{offboard, paths_below, root, stderr};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Files on which the two differ, whether lint accepts them, and why.
const DIFFERENT: &[(&str, bool, &str)] = &[
    // (file, lint accepts it, reason)
    ("ldif/invalid/deleteoldrdn-true.ldif", false, "ldapmodify takes `true` for 0, other tools for 1"),
    ("ldif/invalid/empty-newrdn.ldif", false, "ldapmodify leaves it to the server, which answers 34"),
    ("ldif/invalid/increment-no-value.ldif", false, "as above: 2 by RFC 4525"),
    ("ldif/invalid/increment-two-values.ldif", false, "as above: 2 by RFC 4525"),
    (
        "ldif/invalid/lines-after-newsuperior.ldif",
        false,
        "ldapmodify ignores `newsuperior` and what follows, and says so never",
    ),
    (
        "ldif/invalid/mod-of-two-attributes.ldif",
        false,
        "ldapmodify leaves the name `cn, sn` to the server, which answers 17",
    ),
    (
        "ldif/invalid/mod-without-attribute.ldif",
        false,
        "ldapmodify leaves the empty name to the server, which answers 17",
    ),
    ("ldif/invalid/modify-without-mods.ldif", false, "ldapmodify sends a modify of nothing; servers differ"),
    ("ldif/rfc2849/example7.ldif", false, "-n sends nothing: slapd answers 12 to the tree delete control"),
];

/// More texts: whether `ldapmodify` accepts them, whether lint does, and why they differ if they do.
const TEXTS: &[(&str, bool, bool, &str)] = &[
    ("dn: o=x\nchangetype: delete\n", true, true, ""),
    ("dn: o=x\r\nchangetype: delete\r\n", true, true, ""),
    ("dn: o=x\nchangetype: delete", true, true, ""),
    ("DN: o=x\nCHANGETYPE: DELETE\n", true, true, ""),
    ("version: 1\ndn: o=x\nchangetype:: ZGVsZXRl\n", true, true, ""),
    ("dn: o=x\nchangetype: modify\nadd: cn\ncn: a\n", true, true, ""),
    ("dn: o=x\nchangetype: modify\nadd: cn\nCN: a\n-\n", true, true, ""),
    ("dn: o=x\nchangetype: modify\nadd: cn;x;y\ncn;y;x: a\n-\n", false, false, ""),
    ("dn: o=x\nchangetype: modify\nadd: cn\ncn;binary: a\n-\n", false, false, ""),
    ("dn: o=x\nchangetype: modify\nadd: cn\nc\n n: a\n-\n", false, false, ""),
    ("dn: o=x\nchangetype: modify\nadd: cn\ncn: a\n \n-\n", true, true, ""),
    ("dn: o=x\nchangetype: modify\nadd: cn\ncn: a\n-\n \n", false, false, ""),
    ("dn: o=x\nchangetype: modify\nadd: cn\ncn: a\n-\n   \n", false, false, ""),
    ("dn: o=x\nchangetype: delete\n \ndn: o=y\nchangetype: delete\n", false, false, ""),
    ("dn: o=x\ncontrol: 1.2.3\nchangetype: delete\n", true, true, ""),
    ("dn: o=x\ncontrol: 1.2.3: a\nchangetype: delete\n", false, false, ""),
    ("dn: o=x\ncontrol: 1.2.3:: YQ==\nchangetype: delete\n", false, false, ""),
    ("dn: o=x\ncontrol: 1.2.3 true: a\nchangetype: delete\n", true, true, ""),
    ("dn: o=x\ncontrol: 1.2.3 true\nchangetype: delete\n", true, true, ""),
    ("dn: o=x\ncontrol: 1.2.3 true:: YQ==\nchangetype: delete\n", true, true, ""),
    ("dn: o=x\ncontrol: 1.2.3 true::\nchangetype: delete\n", false, false, ""),
    ("dn: o=x\ncontrol: 1.2.3 true\ncontrol: 1.2.4 true\nchangetype: delete\n", false, false, ""),
    ("dn: o=x\nchangetype: delete\n\ndn: o=y\no: y\n", false, false, ""),
    ("dn: o=x\nchangetype: modify\nadd: cn\ncn:: YQ== \n-\n", true, true, ""),
    ("\u{feff}dn: o=x\nchangetype: delete\n", true, false, "it passes over the record without a word"),
    (
        "dn: o=x\nchangetype: modify\nadd: cn\n\ncn: a\n-\n",
        true,
        false,
        "it adds nothing, and passes over the rest without a word",
    ),
    (
        "dn: o=x\nchangetype: modify\nadd: cn\ncn:< file:///dev/null\n-\n",
        true,
        false,
        "it reads any file that the text names",
    ),
];

/// Every LDIF file of the fixtures with a change record.
fn change_files() -> Vec<PathBuf> {
    let mut files = paths_below(&root().join("fixtures"), "ldif");
    files.retain(|path| {
        let text = String::from_utf8_lossy(&std::fs::read(path).unwrap()).to_ascii_lowercase();
        text.lines().any(|line| line.starts_with("changetype:"))
    });
    files
}

/// Whether `ldapmodify` can read the file.
fn ldapmodify_takes(file: &Path) -> bool {
    let output = Command::new(program("ldapmodify", "ldap-utils")).args(["-n", "-f"]).arg(file).output().unwrap();
    output.status.success()
}

/// Whether lint finds no error in the file.
fn lint_takes(file: &Path) -> bool {
    // Change files for Active Directory delete values of attributes that OpenLDAP cannot compare.
    let server = if file.components().any(|part| part.as_os_str().to_string_lossy().starts_with("ad-")) {
        "ad"
    } else {
        "openldap"
    };
    let output = offboard().args(["lint", "--for", server, "--format", "json"]).arg(file).output().unwrap();
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}: {}", file.display(), stderr(&output));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    report["errors"] == 0
}

#[test]
fn agrees_with_ldapmodify() {
    let files = change_files();
    assert!(files.len() > 60, "{} files", files.len());
    let mut differences = Vec::new();
    for file in &files {
        let takes = lint_takes(file);
        if takes != ldapmodify_takes(file) {
            let name = file.strip_prefix(root().join("fixtures")).unwrap().to_str().unwrap().to_owned();
            differences.push((name, takes));
        }
    }
    let known: Vec<(String, bool)> = DIFFERENT.iter().map(|(file, takes, _)| ((*file).to_owned(), *takes)).collect();
    assert_eq!(differences, known);

    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("change.ldif");
    for (text, theirs, ours, reason) in TEXTS {
        std::fs::write(&file, text).unwrap();
        assert_eq!((ldapmodify_takes(&file), lint_takes(&file)), (*theirs, *ours), "{text}");
        assert_eq!(theirs != ours, !reason.is_empty(), "{text}");
    }
}

/// Change files for Samba's tools: whether `ldbmodify` applies them, and the error of lint if it does not.
const FOR_LDBMODIFY: &[(&str, bool, &str)] = &[
    ("dn: dc=x\nchangetype: modify\nadd: cn\ncn: a\n-\n", true, ""),
    ("# said\ndn: dc=x\nchangetype: modify\nreplace: cn\ncn:: YQ==\n-\n", true, ""),
    ("version: 1\n\ndn: dc=x\nchangetype: modify\nadd: cn\ncn: a\n-\n", false, "version-line"),
    ("dn: dc=x\r\nchangetype: modify\r\nadd: cn\r\ncn: a\r\n-\r\n", false, "crlf"),
    ("dn: dc=x\ncontrol: 1.2.3 true\nchangetype: modify\nadd: cn\ncn: a\n-\n", false, "control-not-read"),
    // Applied, although the control is critical and unknown.
    ("dn: dc=x\ncontrol: 1.2.3 true\nchangetype: delete\n", true, "control-not-read"),
];

/// `ldbmodify` on a database file, without a server. Its exit status is not reliable, so its count of records is
/// checked.
#[test]
fn what_ldbmodify_misreads() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("change.ldif");
    for (index, (text, done, code)) in FOR_LDBMODIFY.iter().enumerate() {
        let database = place.path().join(format!("{index}.ldb"));
        let ldb = |name: &str, text: &str| {
            std::fs::write(&file, text).unwrap();
            let output = Command::new(program(name, "ldb-tools")).arg("-H").arg(&database).arg(&file).output().unwrap();
            output.status.success() && String::from_utf8_lossy(&output.stdout).contains("ed 1 records successfully")
        };
        assert!(ldb("ldbadd", "dn: dc=x\nobjectClass: top\ndc: x\n"));
        assert_eq!(ldb("ldbmodify", text), *done, "{text}");
        let output = offboard().args(["lint", "--for", "ad", "--format", "json"]).arg(&file).output().unwrap();
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let errors = report["problems"].as_array().unwrap().iter().filter(|problem| problem["severity"] == "error");
        let codes: Vec<&str> = errors.map(|problem| problem["code"].as_str().unwrap()).collect();
        let expected: Vec<&str> = Some(*code).filter(|code| !code.is_empty()).into_iter().collect();
        assert_eq!(codes, expected, "{text}");
    }
}
