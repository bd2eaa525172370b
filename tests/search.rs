//! `offboard search`: its output and exit statuses.

use std::path::Path;
use std::process::Stdio;

use crate::support::{offboard, scenario_file, stderr, transcript};

const EXPORT: &str = "fixtures/scenarios/note-released/export.ldif";

fn run(arguments: &[&str]) -> String {
    let output = offboard().arg("search").args(arguments).output().unwrap();
    format!("$ offboard search {}\n{}", arguments.join(" "), transcript(&output, Path::new("/nowhere")))
}

#[test]
fn forms() {
    let all = [
        run(&["(uid=jsmith)", EXPORT]),
        run(&["(uid=jsmith)", "--attrs", "cn,uid,userPassword", "--show-secrets", EXPORT]),
        run(&["(uid=jsmith)", "--attrs", "cn,objectClass", "--format", "jsonl", EXPORT]),
        run(&["(uid=*)", "--attrs", "uid,cn,userPassword,mailQuota", "--format", "csv", EXPORT]),
        run(&["(objectClass=groupOfUniqueNames)", "--dn", EXPORT]),
        run(&["uid=nobody", "-v", EXPORT]),
        run(&["(&)", "--base", "OU=people,o=sesta.com, o=root_suffix", "--scope", "one", "--dn", EXPORT]),
        run(&["(&)", "--base", "ou=People,o=sesta.com,o=root_suffix", "--scope", "base", "--dn", EXPORT]),
    ];
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn what_cannot_be_searched() {
    let all = [
        run(&["(uid=a", EXPORT]),
        run(&["(uid=a)", "--base", "ou=a,,o=x", EXPORT]),
        run(&["(uid=a)", "--format", "csv", EXPORT]),
        run(&["(uid=a)", "--attrs", "c n", EXPORT]),
        run(&["(uid=a)", "fixtures/none.ldif"]),
        run(&["(uid=a)", "fixtures/ldif/valid/delete.ldif"]),
        run(&["(uid=a)", "fixtures/ldif/invalid/bad-base64.ldif"]),
    ];
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn help() {
    insta::assert_snapshot!(run(&["--help"]));
}

/// The output does not depend on the number of threads, and a search of the output gives it again.
#[test]
fn order_and_threads() {
    let export = scenario_file("three-domains", "export.ldif");
    let search = |threads: &str, export: &str| {
        let arguments = ["search", "(objectClass=*)", "--show-secrets", "--threads", threads, export];
        let output = offboard().args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        output.stdout
    };
    let one = search("1", &export);
    assert!(one.len() > 100_000);
    assert!(one == search("7", &export));
    let place = tempfile::tempdir().unwrap();
    let again = place.path().join("again.ldif");
    std::fs::write(&again, &one).unwrap();
    assert!(one == search("2", again.to_str().unwrap()));
}

/// An entry with an invalid DN is not searched: this is reported, and the exit status is not 0.
#[test]
fn names_that_are_none() {
    let place = tempfile::tempdir().unwrap();
    let export = place.path().join("export.ldif");
    std::fs::write(&export, "dn: no name\nuid: a\n\ndn: uid=b,o=x\nuid: b\n").unwrap();
    let output = offboard().args(["search", "(uid=*)", "--dn"]).arg(&export).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "uid=b,o=x\n");
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("export.ldif:1: no name"), "{}", stderr(&output));
}

/// A reader that closes the pipe early is not an error.
#[test]
fn a_reader_that_goes() {
    let export = scenario_file("three-domains", "export.ldif");
    let mut command = offboard();
    command.args(["search", "(objectClass=*)", &export, &export, &export, &export]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(stderr(&output), "");
}
