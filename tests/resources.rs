//! A run stays within limits of memory, stack, open files and time for any input. `system_limits` has those of the
//! system.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use crate::support::{AS_OF, cases, gzip, offboard, sha256, stderr, stdout, transcript};

/// Four million bytes of entries that differ only in their names.
pub fn entries() -> Vec<u8> {
    let mut text = b"dn: o=isp\nobjectClass: organization\no: isp\n\n".to_vec();
    for number in 0..40_000 {
        text.extend(format!("dn: uid=u{number},o=isp\nobjectClass: account\nuid: u{number}\n").bytes());
        text.extend(b"description: ...................................\n\n");
    }
    text
}

#[test]
fn bombs_stop_at_a_limit() {
    let place = tempfile::tempdir().unwrap();
    let text = entries();
    assert!(text.len() > 4_000_000);
    fs::write(place.path().join("export.ldif.gz"), gzip(&text)).unwrap();
    fs::write(place.path().join("export.ldif.zst"), zstd::encode_all(&text[..], 1).unwrap()).unwrap();
    fs::write(place.path().join("plain.ldif"), &text).unwrap();
    // A header with a window of 2 GiB and one empty block, as `zstd --long=31` writes it.
    fs::write(place.path().join("window.zst"), b"\x28\xb5\x2f\xfd\x00\xa8\x01\x00\x00").unwrap();
    let mut story = String::new();
    for (file, most) in [
        ("export.ldif.gz", None),
        ("export.ldif.gz", Some("1M")),
        ("export.ldif.zst", Some("1M")),
        ("export.ldif.zst", Some("5M")),
        ("plain.ldif", Some("1M")),
        ("window.zst", None),
        ("export.ldif.gz", Some("lots")),
    ] {
        let mut command = offboard();
        command.args(["search", "--dn", "(uid=u7)"]).arg(place.path().join(file));
        command.args(most.iter().flat_map(|most| ["--max-decompressed", most]));
        writeln!(story, "{file} {most:?}\n{}", transcript(&command.output().unwrap(), place.path())).unwrap();
    }
    // Every command that reads exports.
    let bomb = place.path().join("export.ldif.gz");
    for words in [&["lint"][..], &["json"], &["audit", "-p", "openldap"], &["plan", "-p", "openldap", "-u", "u7"]] {
        let mut command = offboard();
        command.args(words).args(["--max-decompressed", "64K"]).arg(&bomb);
        if words[0] == "plan" {
            command.arg("-o").arg(place.path().join("set"));
        }
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        assert!(stderr(&output).contains("decompresses to more than 65536 bytes"), "{words:?}: {}", stderr(&output));
    }
    assert!(!place.path().join("set").exists());
    insta::assert_snapshot!(story);
}

/// Runs a command, which must not be ended by a signal, panic, or take more than a minute.
pub fn ends(command: &mut Command, what: &str) -> Output {
    let started = Instant::now();
    let output = command.output().unwrap();
    assert!(output.status.code().is_some(), "{what}: ended by a signal: {}", stderr(&output));
    assert_ne!(output.status.code(), Some(101), "{what}: {}", stderr(&output));
    assert!(started.elapsed() < Duration::from_secs(60), "{what}: took {:?}", started.elapsed());
    output
}

/// A nesting that overflows the stack of a function that calls itself for each level.
const DEEP: usize = cases(50_000, 200_000);
const BASE: &str = "dn: o=isp\nobjectClass: organization\no: isp\n\n";

fn plan(place: &Path, policy: &str, export: &str) -> Command {
    fs::write(place.join("policy.toml"), policy).unwrap();
    fs::write(place.join("export.ldif"), export).unwrap();
    let mut command = offboard();
    command.args(["plan", "--as-of", AS_OF, "--allow-date", "-u", "a", "-p"]).arg(place.join("policy.toml"));
    command.arg("-o").arg(place.join("set")).arg(place.join("export.ldif"));
    command
}

/// An export with one account that may be deleted.
fn person(more: &str) -> String {
    format!(
        "{BASE}dn: uid=a,o=isp\nobjectClass: inetOrgPerson\nobjectClass: inetUser\nuid: a\ncn: a\nsn: a\ninetUserStatus: deleted\n{more}\n"
    )
}

const POLICY: &str = "preset = \"sun-comms\"\n[directory]\nserver = \"openldap\"\n[grace]\ndays = 0\n";

#[test]
fn policies_are_never_too_deep() {
    let place = tempfile::tempdir().unwrap();
    let nested = |open: &str, inside: &str, close: &str| format!("{}{inside}{}", open.repeat(DEEP), close.repeat(DEEP));
    for (what, policy) in [
        ("arrays", format!("x = {}\n", nested("[", "", "]"))),
        ("tables", format!("x = {}\n", nested("{a=", "1", "}"))),
        ("keys", format!("{} = 1\n", vec!["a"; DEEP].join("."))),
        ("headers", format!("[{}]\n", vec!["a"; DEEP].join("."))),
        ("a filter", format!("[accounts]\nfilter = \"{}\"\n", nested("(!", "(uid=a)", ")"))),
    ] {
        let policy = format!("preset = \"sun-comms\"\n{policy}");
        let output = ends(&mut plan(place.path(), &policy, &person("")), what);
        assert_eq!(output.status.code(), Some(2), "{what}");
    }
}

#[test]
fn filters_and_names_are_never_too_deep() {
    // An argument is at most 128 KiB long.
    let filter = format!("{}(uid=a){}", "(&".repeat(40_000), ")".repeat(40_000));
    let output = ends(offboard().args(["search", &filter, "fixtures/scenarios/note-active/export.ldif"]), "a filter");
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("at most 64 nested filters"), "{}", stderr(&output));
    for (rdns, status) in [(16_383, 0), (16_384, 2), (18_000, 2)] {
        let name = format!("{}o=b", "ou=a,".repeat(rdns));
        let output = ends(offboard().args(["dn", &name]), "a name");
        assert_eq!(output.status.code(), Some(status), "{rdns}: {}", stderr(&output));
        let escaped = format!("{}o=b", "ou=\\61,".repeat(rdns));
        let output = ends(offboard().args(["dn", &escaped]), "a name with escapes");
        assert_eq!(output.status.code(), Some(status), "{rdns}: {}", stderr(&output));
        if status == 2 {
            assert!(stderr(&output).contains("at most 16384"), "{}", stderr(&output));
        }
    }
}

/// Nested values of an export do not overflow the stack, and names of very many RDNs do not take hours.
#[test]
fn exports_are_never_too_deep() {
    let place = tempfile::tempdir().unwrap();
    let name = format!("{}o=isp", "ou=a,".repeat(DEEP));
    let many = |open: &str, close: &str| format!("{}{}", open.repeat(DEEP), close.repeat(DEEP));
    for (what, export) in [
        ("a name", format!("{}dn: {name}\nou: a\n", person(""))),
        ("a value that is a name", person(&format!("manager: {name}\nseeAlso: {}c=d,o=isp\n", "a=b+".repeat(DEEP)))),
        ("a URL", person(&format!("labeledURI: ldap:///{name}??sub?{}\n", many("(!", ")")))),
        ("a group by a filter", person(&format!("memberURL: ldap:///o=isp??sub?{}\n", many("(!", ")")))),
        (
            "an ACI",
            person(&format!("aci: (version 3.0; acl \"a\"; allow (all) {};)\n", many("(userdn=\"ldap:///self\"", ")"))),
        ),
        (
            "a schema",
            format!(
                "{}dn: cn=schema\nobjectClass: subschema\nattributeTypes: {}\nobjectClasses: ( 1.2.3 NAME 'x' X-A {} )\n",
                person(""),
                "( ".repeat(DEEP),
                many("( ", " )")
            ),
        ),
    ] {
        let output = ends(&mut plan(place.path(), POLICY, &export), what);
        assert!(output.status.code().is_some_and(|status| status < 4), "{what}: {}", stderr(&output));
        let _ = fs::remove_dir_all(place.path().join("set"));
        for words in [&["lint"][..], &["audit", "-p", "openldap"], &["search", "(uid=a)"]] {
            ends(offboard().args(words).arg(place.path().join("export.ldif")), &format!("{what}, {words:?}"));
        }
    }
}

/// Commands that read a change set whose plan.json is only brackets.
#[test]
fn change_sets_are_never_too_deep() {
    let place = tempfile::tempdir().unwrap();
    let set = place.path().join("set");
    fs::create_dir(&set).unwrap();
    for (what, json) in [("arrays", "[".repeat(DEEP)), ("objects", "{\"a\":".repeat(DEEP))] {
        fs::write(set.join("plan.json"), &json).unwrap();
        let sum = sha256(json.as_bytes());
        fs::write(set.join("SHA256SUMS"), format!("{sum}  plan.json\n")).unwrap();
        let export = "fixtures/scenarios/note-active/export.ldif";
        let output = ends(offboard().arg("verify").arg(&set).arg(export), what);
        assert_eq!(output.status.code(), Some(2), "{what}: {}", stderr(&output));
        assert!(stderr(&output).contains("plan.json"), "{what}: {}", stderr(&output));
    }
}

/// Every command that reads exports can read 300 of them with at most 64 open files.
#[test]
fn few_files_are_open_at_once() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    fs::write(folder.join("policy.toml"), POLICY).unwrap();
    fs::write(folder.join("x.ldif"), person("")).unwrap();
    let mut names = vec!["x.ldif".to_owned()];
    for number in 0..300 {
        let name = format!("e{number}.ldif");
        let text = format!(
            "dn: uid=b{number},o=isp\nobjectClass: inetOrgPerson\nuid: b{number}\ncn: b\nsn: b\nsecretary: uid=a,o=isp\n"
        );
        fs::write(folder.join(&name), text).unwrap();
        names.push(name);
    }
    let files = names.join(" ");
    let limited = |words: &str| {
        let line = format!("ulimit -n 64 && exec {} {words} {files}", env!("CARGO_BIN_EXE_offboard"));
        Command::new("/bin/sh").arg("-c").arg(line).env_clear().current_dir(folder).output().unwrap()
    };
    let planned =
        limited(&format!("plan --as-of {AS_OF} --allow-date -p policy.toml -u a -o set --limit reference=400"));
    assert_eq!(planned.status.code(), Some(0), "{}", stderr(&planned));
    let found = limited("search --dn '(secretary=*)'");
    assert_eq!(stdout(&found).lines().count(), 300, "{}", stderr(&found));
    for words in ["lint", "audit -p policy.toml", "verify set", "json"] {
        let output = limited(words);
        assert!(output.status.code().is_some_and(|status| status < 2), "{words}: {}", stderr(&output));
    }
    let exports = names.iter().map(|name| format!("--export {name}")).collect::<Vec<_>>().join(" ");
    for words in ["simulate", "revert"] {
        let line = format!("ulimit -n 64 && exec {} {words} {exports} set", env!("CARGO_BIN_EXE_offboard"));
        let output = Command::new("/bin/sh").arg("-c").arg(line).env_clear().current_dir(folder).output().unwrap();
        assert!(output.status.code().is_some_and(|status| status < 2), "{words}: {}", stderr(&output));
    }
}
