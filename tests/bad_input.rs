//! The table of bad input: what is given, the exit status, and the message.
//!
//! Every row runs in a folder of its own with a good policy, two good exports, a list, a roster and an applied change
//! set; one thing is wrong. The messages of a group are one snapshot, to be read: each must say where the fault is,
//! what it is, and what to do. A row with exit status 2 or 3 leaves the folder as it was.

use std::fmt::Write as _;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::support::{cases, file_name, files, gzip, offboard, root, sorted_paths, stderr, transcript};

/// A good policy, for every row that does not give one.
const POLICY: &str = "preset = \"sun-comms\"\n[directory]\nserver = \"openldap\"\n[accounts]\nbase = [\"ou=People,o=sesta.com,o=root_suffix\"]\n[grace]\ndays = 0\n";
const ROSTER_POLICY: &str = "[roster.hr]\nkey = \"employeeNumber\"\nstatus = \"state\"\ninactive = [\"left\", \"retired\"]\nactive = [\"active\"]\ntrailer = \"# END rows={{ rows }} date={{ date }}\"\nmax_age_days = 7\n";

const PLAN: &str = "plan --as-of 2026-11-21 --allow-date -p policy.toml -u jsmith -o set export.ldif books.ldif";

const PLAN_GIVEN: &str = "plan --as-of 2026-11-21 --allow-date -p policy.toml -u jsmith -o set export.ldif given";

/// Prepares the folder of a row.
type Make = fn(&Path);

/// What is wrong with a row's folder.
enum Given {
    /// Nothing: the command itself is wrong.
    Nothing,
    /// The file `given` holds this.
    Bytes(Vec<u8>),
    /// The file `given` is a copy of this file of the repository.
    Copy(String),
    /// Something that is not the content of one file.
    Made(Make),
}

/// A row: its name, what is given, the command, the exit status.
struct BadInput {
    name: String,
    given: Given,
    command: String,
    status: i32,
}

fn row(name: &str, given: Given, command: &str, status: i32) -> BadInput {
    BadInput { name: name.to_owned(), given, command: command.to_owned(), status }
}

fn text(text: &str) -> Given {
    Given::Bytes(text.as_bytes().to_vec())
}

/// The folder of a row.
fn place() -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    let scenario = root().join("fixtures/scenarios/note-released");
    let copy = |from: &str, to: &str| std::fs::copy(scenario.join(from), place.path().join(to)).unwrap();
    copy("export.ldif", "export.ldif");
    copy("address-books.ldif", "books.ldif");
    copy("leavers.csv", "leavers.csv");
    for (path, content) in files(&scenario.join("expected")) {
        let path = place.path().join("applied").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    std::fs::write(place.path().join("policy.toml"), POLICY).unwrap();
    std::fs::write(place.path().join("roster.toml"), format!("{POLICY}{ROSTER_POLICY}")).unwrap();
    std::fs::copy(root().join("fixtures/rosters/semicolon.csv"), place.path().join("roster.csv")).unwrap();
    place
}

/// Every path in a folder, and the content of files; FIFOs and sockets cannot be read.
fn held(folder: &Path) -> Vec<(PathBuf, Option<Vec<u8>>)> {
    let mut all = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&next) else { continue };
        for entry in entries {
            let path = entry.unwrap().path();
            let kind = path.symlink_metadata().unwrap().file_type();
            if kind.is_dir() {
                folders.push(path.clone());
            }
            let content = if kind.is_file() { std::fs::read(&path).ok() } else { None };
            all.push((path, content));
        }
    }
    all.sort();
    all
}

/// Runs the rows of a group and compares exit statuses with the table, messages with the snapshot.
fn run(group: &str, rows: &[BadInput]) {
    let (mut all, mut wrong) = (String::new(), String::new());
    for BadInput { name, given, command, status } in rows {
        let place = place();
        let file = place.path().join("given");
        match given {
            Given::Nothing => {}
            Given::Bytes(bytes) => std::fs::write(&file, bytes).unwrap(),
            Given::Copy(path) => drop(std::fs::copy(root().join(path), &file).unwrap()),
            Given::Made(make) => make(place.path()),
        }
        let before = held(place.path());
        let words = command.split(' ').map(|word| word.replace('\u{a0}', " "));
        // A run that hangs fails, and shows that it did.
        let mut timed = std::process::Command::new("timeout");
        timed.args(["60", env!("CARGO_BIN_EXE_offboard")]).args(words).env_clear().env("PATH", "/usr/bin:/bin");
        let output = timed.current_dir(place.path()).stdin(Stdio::null()).output().unwrap();
        let told = stderr(&output);
        if output.status.code() != Some(*status) {
            writeln!(wrong, "{name}: exit {:?}, not {status}\n{told:.300}", output.status.code()).unwrap();
        }
        if told.contains("panicked") || (*status > 1 && told.trim().is_empty()) {
            writeln!(wrong, "{name}: {told}").unwrap();
        }
        if *status > 1 && held(place.path()) != before && !command.contains("--limit") {
            writeln!(wrong, "{name}: something was written").unwrap();
        }
        let mut said = transcript(&output, place.path());
        // Other tests have snapshots of standard output.
        if let Some((before, after)) = said.split_once("--- stdout\n")
            && let Some((out, err)) = after.split_once("--- stderr\n")
        {
            let out = if out.is_empty() { "" } else { " (and standard output)" };
            said = format!("{}{out}\n{err}", before.trim_end());
        }
        let command = command.replace('\u{a0}', " ");
        write!(all, "=== {name}\n$ offboard {command}\n{said}\n").unwrap();
    }
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!(group, all) });
    assert!(wrong.is_empty(), "{wrong}");
}

/// Every malformed text of `fixtures/ldif/invalid`, and some more, as `json` reads it.
#[test]
fn malformed_ldif() {
    let mut rows: Vec<BadInput> = sorted_paths(&root().join("fixtures/ldif/invalid"))
        .iter()
        .map(|path| file_name(path))
        .map(|name| row(&name, Given::Copy(format!("fixtures/ldif/invalid/{name}")), "json given", 2))
        .collect();
    for (name, bytes) in [
        ("form feed", &b"dn: o=x\n\x0co: x\n"[..]),
        ("NUL in an attribute name", b"dn: o=x\no\0x: x\n"),
        ("NUL in a dn", b"dn: o=\0x\no: x\n"),
        ("escape sequence in a name", b"dn: o=x\n\x1b[31mo: x\n"),
        ("bidi override in a name", "dn: o=x\n\u{202e}o: x\n".as_bytes()),
        ("a colon alone", b"dn: o=x\n:\n"),
        ("a word alone", b"hello\n"),
        ("XML", b"<?xml version=\"1.0\"?>\n<dsml/>\n"),
        ("JSON", b"{\"dn\": \"o=x\"}\n"),
        ("CSV", b"id,action\njsmith,delete\n"),
        ("a message of ldapsearch", b"ldap_bind: Invalid credentials (49)\n"),
        ("a shell prompt", b"$ ldapsearch -x\ndn: o=x\no: x\n"),
        ("merge markers", b"dn: o=x\n<<<<<<< ours\no: x\n"),
        ("base64 of three colons", b"dn: o=x\no::: eA==\n"),
        ("base64url", b"dn: o=x\no:: _-8=\n"),
        ("dn in broken base64", b"dn:: bz14\x80\no: x\n"),
        ("a secret in broken base64", b"dn: o=x\nuserPassword:: {SSHA}c2VjcmV0\n"),
        ("a secret with a NUL", b"dn: o=x\nuserPassword: se\0cret\n"),
        ("a secret cut by a blank line", b"dn: o=x\nuserPassword: sec\n\n ret\n"),
        ("a folded secret in broken base64", b"dn: o=x\nuserPassword;lang-de:: c2Vj\n cmV0!\n"),
        ("a secret without its colon", b"dn: o=x\nuserPassword {SSHA}c2VjcmV0\n"),
    ] {
        rows.push(row(name, Given::Bytes(bytes.to_vec()), "json given", 2));
    }
    run("malformed_ldif", &rows);
}

/// Several faults are reported in one run.
#[test]
fn malformed_in_several_places() {
    let bad =
        b"dn: o=x\nno colon\n\ndn: o=y\no: y\no:: !\n\ndn: o=z\nuserPassword:: {SSHA}c2VjcmV0\n\nobjectClass: top\n\n\
        dn: o=u\no:< file:///etc/passwd\n\ndn: o=v\n\x00: v\n\ndn: o=w\nb ad: w\n";
    let lost = b"dn: o=x\nno colon\n\n cut\n\ndn: o=y\no:: !\n";
    let changes =
        b"dn: o=x\nchangetype: delite\n\ndn: o=y\no: y\n\ndn: o=z\nchangetype: modify\nadd: o\no: 1\n-\nad: o\n\n\
        dn: ou=a,,o=y\nchangetype: delete\n";
    let rows = [
        row("seven faults in one export", Given::Bytes(bad.to_vec()), PLAN_GIVEN, 2),
        row("seven faults, two exports", Given::Bytes(bad.to_vec()), "search (uid=*) given books.ldif", 2),
        row("the framing is lost", Given::Bytes(lost.to_vec()), "search (uid=*) given", 2),
        row(
            "four faults of a change file",
            Given::Bytes(changes.to_vec()),
            "simulate --export export.ldif given -o after.ldif",
            2,
        ),
    ];
    run("malformed_in_several_places", &rows);
}

/// Every command that reads LDIF reports the same place of a malformed file.
#[test]
fn malformed_for_every_command() {
    let bad = || text("dn: o=root_suffix\nobjectClass: top\nno colon\n");
    let rows: Vec<BadInput> = [
        "plan -p policy.toml -u jsmith -o set given books.ldif",
        "plan -p policy.toml -u jsmith --stdout given",
        "explain -p policy.toml jsmith given",
        "audit -p policy.toml given",
        "verify applied given",
        "verify --rejects given applied export.ldif",
        "simulate --export given applied/apply/60-entries.ldif -o after.ldif",
        "simulate --export export.ldif given -o after.ldif",
        "revert --export given applied/apply/60-entries.ldif -o undo.ldif",
        "revert --export export.ldif given -o undo.ldif",
        "diff given export.ldif -o change.ldif",
        "diff export.ldif given -o change.ldif",
        "search (uid=*) given",
        "json given",
        "json --keep-going given",
    ]
    .map(|command| row(command.split(' ').next().unwrap(), bad(), command, 2))
    .into();
    run("malformed_for_every_command", &rows);
}

fn export_bytes() -> Vec<u8> {
    std::fs::read(root().join("fixtures/scenarios/note-released/export.ldif")).unwrap()
}

/// Compression, encodings, and bytes that are not text.
#[test]
fn bytes_that_are_no_text() {
    let text = export_bytes();
    // With a checksum, as the tool `zstd` writes it. Without one a changed byte cannot be noticed.
    let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(&text).unwrap();
    let (gz, zst) = (gzip(&text), encoder.finish().unwrap());
    let cut = |bytes: &[u8], parts: usize| bytes[..bytes.len() * parts / 10].to_vec();
    let flipped = |bytes: &[u8]| {
        let mut bytes = bytes.to_vec();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0xff;
        bytes
    };
    let mut noise = Vec::new();
    let mut state = 1_u64;
    for _ in 0..100_000 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        noise.push((state >> 33).to_le_bytes()[0]);
    }
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let odd_utf16 = [&b"\xff\xfe"[..], &utf16("dn: o=x\no: x\n"), b"\x0a"].concat();
    let surrogate = [&b"\xff\xfe"[..], &utf16("dn: o=x\no: "), b"\x00\xd8\x0a\x00"].concat();
    let plan = "plan -p policy.toml -u jsmith -o set given books.ldif";
    let rows = [
        ("gzip cut at a tenth", cut(&gz, 1), plan, 2),
        ("gzip cut at the half", cut(&gz, 5), plan, 2),
        ("gzip without its last bytes", gz[..gz.len() - 4].to_vec(), plan, 2),
        ("gzip, one byte changed", flipped(&gz), plan, 2),
        ("gzip magic alone", b"\x1f\x8b".to_vec(), plan, 2),
        ("gzip with rubbish behind it", [&gz[..], b"rubbish"].concat(), plan, 2),
        ("gzip of gzip", gzip(&gz), plan, 2),
        ("gzip of nothing", gzip(b""), plan, 3),
        ("zstd cut at a tenth", cut(&zst, 1), plan, 2),
        ("zstd cut at the half", cut(&zst, 5), plan, 2),
        ("zstd without its last bytes", zst[..zst.len() - 3].to_vec(), plan, 2),
        ("zstd, one byte changed", flipped(&zst), plan, 2),
        ("zstd magic alone", b"\x28\xb5\x2f\xfd".to_vec(), plan, 2),
        ("bzip2", b"BZh91AY&SY\x00\x01\x02".to_vec(), plan, 2),
        ("xz", b"\xfd7zXZ\x00\x00\x04".to_vec(), plan, 2),
        ("zip", b"PK\x03\x04\x14\x00\x00\x00".to_vec(), plan, 2),
        ("ELF", b"\x7fELF\x02\x01\x01\x00".to_vec(), plan, 2),
        ("noise", noise, plan, 2),
        ("zeros", vec![0; 10_000], plan, 2),
        ("0xff", vec![0xff; 10_000], plan, 2),
        ("nothing", Vec::new(), plan, 3),
        ("one line feed", b"\n".to_vec(), plan, 3),
        ("a mark alone", b"\xef\xbb\xbf".to_vec(), plan, 3),
        ("comments alone", b"# nothing\n# here\n".to_vec(), plan, 3),
        ("version alone", b"version: 1\n".to_vec(), plan, 3),
        ("UTF-16 without its mark", utf16("dn: o=x\no: x\n"), plan, 2),
        ("UTF-16 of odd length", odd_utf16, plan, 2),
        ("UTF-16, half a surrogate pair", surrogate, plan, 2),
        ("UTF-32", b"\xff\xfe\x00\x00d\x00\x00\x00n\x00\x00\x00".to_vec(), plan, 2),
        ("two marks", [&b"\xef\xbb\xbf\xef\xbb\xbf"[..], &text].concat(), plan, 2),
        ("NUL behind the last line", [&text[..], b"\0"].concat(), plan, 2),
        ("policy that is not UTF-8", b"preset = \"\xff\"\n".to_vec(), "plan -p given -u jsmith -o set export.ldif", 2),
        (
            "policy in UTF-16",
            [&b"\xff\xfe"[..], &utf16("preset = \"openldap\"\n")].concat(),
            "plan -p given -u jsmith -o set export.ldif",
            2,
        ),
        ("policy that is gzip", gzip(POLICY.as_bytes()), "plan -p given -u jsmith -o set export.ldif", 2),
        (
            "list that is not UTF-8",
            b"id\njsm\xefth\n".to_vec(),
            "plan -p policy.toml -l given -o set export.ldif books.ldif",
            2,
        ),
        (
            "list in UTF-16",
            [&b"\xff\xfe"[..], &utf16("id\njsmith\n")].concat(),
            "plan -p policy.toml -l given -o set export.ldif books.ldif",
            2,
        ),
        ("an empty export for verify", Vec::new(), "verify applied given", 3),
        ("an empty export to compare with", Vec::new(), "diff export.ldif given", 3),
        ("list of NUL", vec![0; 100], "plan -p policy.toml -l given -o set export.ldif books.ldif", 2),
        ("list that is gzip", gzip(b"id\njsmith\n"), "plan -p policy.toml -l given -o set export.ldif books.ldif", 2),
        ("lint of noise in gzip", cut(&gz, 5), "lint given", 2),
        ("search in a cut gzip", cut(&gz, 5), "search (uid=*) given", 2),
        ("json of a cut zstd", cut(&zst, 5), "json given", 2),
        ("diff with a cut gzip", cut(&gz, 5), "diff export.ldif given", 2),
        ("simulate a cut gzip", cut(&gz, 5), "simulate --export export.ldif given", 2),
    ];
    let rows: Vec<BadInput> = rows
        .into_iter()
        .map(|(name, bytes, command, status)| row(name, Given::Bytes(bytes), command, status))
        .collect();
    run("bytes_that_are_no_text", &rows);
}

/// Something else where a file is expected.
#[test]
fn places_that_are_no_files() {
    fn unreadable(path: &Path) {
        std::fs::write(path, "x").unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o000)).unwrap();
    }
    let missing = || Given::Nothing;
    let folder = || Given::Made(|place| std::fs::create_dir(place.join("given")).unwrap());
    let link = || Given::Made(|place| symlink("nowhere", place.join("given")).unwrap());
    let round = || Given::Made(|place| symlink("given", place.join("given")).unwrap());
    let socket = || Given::Made(|place| drop(std::os::unix::net::UnixListener::bind(place.join("given")).unwrap()));
    let mut rows = Vec::new();
    for (what, given, status) in [
        ("missing", &missing as &dyn Fn() -> Given, 2),
        ("a folder", &folder, 2),
        ("a link to nowhere", &link, 2),
        ("a link to itself", &round, 2),
        ("a socket", &socket, 2),
    ] {
        for (role, command) in [
            ("export", "plan -p policy.toml -u jsmith -o set given"),
            ("policy", "plan -p given -u jsmith -o set export.ldif"),
            ("list", "plan -p policy.toml -l given -o set export.ldif"),
            ("veto", "plan -p policy.toml -u jsmith --veto given -o set export.ldif"),
            ("history", "plan -p policy.toml -u jsmith --history given -o set export.ldif"),
            ("change file", "simulate --export export.ldif given"),
            ("change set", "verify given export.ldif"),
            ("rejects", "verify --rejects given applied export.ldif"),
        ] {
            rows.push(row(&format!("{role}: {what}"), given(), command, status));
        }
    }
    for (name, command) in [
        ("json: missing", "json given"),
        ("lint: missing", "lint given"),
        ("search: missing", "search (uid=*) given"),
        ("diff: missing", "diff export.ldif given"),
        ("audit: missing", "audit -p policy.toml given"),
        ("revert: missing", "revert --export export.ldif given"),
        ("roster: missing", "audit -p given.toml export.ldif"),
        ("folder of values: missing", "json --url-folder given export.ldif"),
        ("a name with a line end", "json no\nsuch\u{1b}[31mfile"),
    ] {
        rows.push(row(name, Given::Nothing, command, 2));
    }
    let in_a_missing_folder = [
        ("set in a folder that is not there", "plan -p policy.toml -u jsmith -o no/such/set export.ldif books.ldif", 2),
        ("output in a folder that is not there", "simulate --export export.ldif applied -o no/such/after.ldif", 2),
        ("output over a file", "simulate --export export.ldif applied -o books.ldif", 2),
        ("output over a folder", "diff export.ldif books.ldif -o applied", 2),
        ("what is left over a file", "verify --left books.ldif applied export.ldif books.ldif", 2),
        ("set over a file", "plan -p policy.toml -u jsmith -o books.ldif export.ldif books.ldif", 2),
        ("set over a file, forced", "plan -p policy.toml -u jsmith --force -o books.ldif export.ldif books.ldif", 2),
        (
            "set over a folder, forced",
            "plan -p policy.toml -u jsmith --force -o applied/apply export.ldif books.ldif",
            2,
        ),
        ("set in a file", "plan -p policy.toml -u jsmith -o books.ldif/set export.ldif books.ldif", 2),
        ("standard input twice", "plan -p policy.toml -u jsmith -o set - -", 2),
        ("an export twice", "plan -p policy.toml -u jsmith -o set export.ldif export.ldif books.ldif", 3),
    ];
    rows.extend(in_a_missing_folder.map(|(name, command, status)| row(name, Given::Nothing, command, status)));
    // Root may read everything.
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    if !is_root {
        rows.push(row("unreadable", Given::Made(|place| unreadable(&place.join("given"))), "json given", 2));
    }
    run("places_that_are_no_files", &rows);
}

/// Policies with one mistake each.
#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn policies() {
    let rows = [
        ("no TOML", "this is not a policy\n"),
        ("an open quote", "preset = \"sun-comms\n"),
        ("an open table", "preset = \"sun-comms\"\n[grace\ndays = 1\n"),
        ("a key twice", "preset = \"sun-comms\"\npreset = \"openldap\"\n"),
        ("a table twice", "preset = \"sun-comms\"\n[grace]\ndays = 1\n[grace]\nmail = 1\n"),
        ("nothing", ""),
        ("only comments", "# nothing\n"),
        ("preset of another type", "preset = 3\n"),
        ("unknown server", "preset = \"sun-comms\"\n[directory]\nserver = \"novell\"\n"),
        ("unknown tools", "preset = \"sun-comms\"\n[directory]\ntools = \"perl\"\n"),
        ("a suffix that is not a DN", "preset = \"sun-comms\"\n[directory]\nsuffixes = [\"sesta.com\"]\n"),
        ("suffixes as text", "preset = \"sun-comms\"\n[directory]\nsuffixes = \"o=isp\"\n"),
        ("negative days", "preset = \"sun-comms\"\n[grace]\ndays = -1\n"),
        ("days as text", "preset = \"sun-comms\"\n[grace]\ndays = \"5\"\n"),
        ("days with a point", "preset = \"sun-comms\"\n[grace]\ndays = 5.5\n"),
        ("days out of range", "preset = \"sun-comms\"\n[grace]\ndays = 99999999999999999999\n"),
        ("a base that is not a DN", "preset = \"sun-comms\"\n[accounts]\nbase = [\"ou=People,,o=x\"]\n"),
        ("match of nothing", "preset = \"sun-comms\"\n[accounts]\nmatch = []\n"),
        ("match that is not an attribute", "preset = \"sun-comms\"\n[accounts]\nmatch = [\"u id\"]\n"),
        ("filter of nothing", "preset = \"sun-comms\"\n[accounts]\nfilter = \"\"\n"),
        ("filter with an open escape", "preset = \"sun-comms\"\n[accounts]\nfilter = \"(uid=\\\\4)\"\n"),
        ("a rule without an action", "preset = \"sun-comms\"\n[[rule]]\nbase = \"o=x\"\n"),
        ("a rule with another action", "preset = \"sun-comms\"\n[[rule]]\nbase = \"o=x\"\naction = \"remove\"\n"),
        ("a rule with a bad base", "preset = \"sun-comms\"\n[[rule]]\nbase = \"x\"\naction = \"delete\"\n"),
        ("a rule as a table", "preset = \"sun-comms\"\n[rule]\naction = \"delete\"\n"),
        ("disable with no attribute", "preset = \"sun-comms\"\n[disable]\nreplace = { \"a b\" = \"x\" }\n"),
        ("disable with an empty value", "preset = \"sun-comms\"\n[disable]\nreplace = { inetUserStatus = \"\" }\n"),
        (
            "bits that exclude each other",
            "preset = \"active-directory\"\n[disable]\nbits = { userAccountControl = { set = 2, require = 512, forbid = 512 } }\n",
        ),
        ("a stamp of no attribute", "preset = \"sun-comms\"\n[stamp]\nattribute = \"\"\nformat = \"{{ as_of }}\"\n"),
        (
            "a stamp with two dates",
            "preset = \"sun-comms\"\n[stamp]\nattribute = \"description\"\nformat = \"{{ as_of }} {{ as_of }}\"\n",
        ),
        (
            "a stamp with another word",
            "preset = \"sun-comms\"\n[stamp]\nattribute = \"description\"\nformat = \"{{ today }}\"\n",
        ),
        ("a stamp without an attribute", "preset = \"sun-comms\"\n[stamp]\nformat = \"{{ as_of }}\"\n"),
        ("move to no DN", "preset = \"openldap\"\n[move]\nto = \"Disabled\"\n"),
        ("move, and back from nowhere", "preset = \"openldap\"\n[move]\nback = \"o=x\"\n"),
        (
            "references to be kept and removed",
            "preset = \"openldap\"\n[references]\nremove = [\"member\"]\nreview = [\"member\"]\n",
        ),
        ("a reference that is not an attribute", "preset = \"openldap\"\n[references]\nremove = [\"a:b\"]\n"),
        (
            "a placeholder that is not a DN",
            "preset = \"openldap\"\n[references]\nlast_member = \"placeholder:nobody\"\n",
        ),
        ("a fallback that is not a DN", "preset = \"openldap\"\n[successor]\nfallback = \"postmaster\"\n"),
        ("address books that are no DN", "preset = \"sun-comms\"\n[address_books]\nsuffix = \"books\"\n"),
        (
            "address books of an unknown word",
            "preset = \"sun-comms\"\n[address_books]\nroot = \"piPStoreOwner={{ nobody }}\"\n",
        ),
        ("protect no DN", "preset = \"openldap\"\n[protect]\ndn = [\"admin\"]\n"),
        ("protect by a bad filter", "preset = \"openldap\"\n[protect]\nfilter = \"uid=admin)\"\n"),
        ("protect a bad group", "preset = \"openldap\"\n[protect]\ngroup = [\"=\"]\n"),
        ("an unknown kind of limit", "preset = \"openldap\"\n[limits]\nremove = { count = 1 }\n"),
        ("a limit as a number", "preset = \"openldap\"\n[limits]\ndelete = 5\n"),
        ("a limit of a negative share", "preset = \"openldap\"\n[limits]\ndelete = { percent = -5 }\n"),
        ("a limit of more than all", "preset = \"openldap\"\n[limits]\ndelete = { percent = 500 }\n"),
        ("a limit that is not a number", "preset = \"openldap\"\n[limits]\ndelete = { percent = nan }\n"),
        ("a limit of an unknown word", "preset = \"openldap\"\n[limits]\ndelete = { counts = 5 }\n"),
        ("a roster without a key", "preset = \"openldap\"\n[roster.hr]\nstatus = \"state\"\ninactive = [\"left\"]\n"),
        ("a roster with a bad trailer", "preset = \"openldap\"\n[roster.hr]\nkey = \"uid\"\ntrailer = \"END\"\n"),
        (
            "a roster with an unknown absence",
            "preset = \"openldap\"\n[roster.hr]\nkey = \"uid\"\nabsence = \"delete\"\n",
        ),
        (
            "a status both left and not",
            "preset = \"openldap\"\n[roster.hr]\nkey = \"uid\"\nstatus = \"s\"\ninactive = [\"x\"]\nactive = [\"x\"]\n",
        ),
        ("a veto that is not a DN", "preset = \"openldap\"\n[veto]\ndn = [\"jsmith\"]\n"),
        ("a veto by a bad filter", "preset = \"openldap\"\n[veto]\nfilter = \"(&(uid=a)\"\n"),
        ("a sender with a line end", "preset = \"openldap\"\n[notice]\nfrom = \"a@x\\nBcc: b@x\"\n"),
        ("an unknown service release", "preset = \"sun-comms\"\n[service.mail]\nrelease = \"rm\"\n"),
        ("a service without a status", "preset = \"openldap\"\n[service.fax]\nclasses = [\"faxUser\"]\n"),
        (
            "a protected place that accounts are moved to",
            "preset = \"openldap\"\n[move]\nto = \"ou=Gone,ou=Safe,o=isp\"\n[protect]\nsubtree = [\"ou=safe, o=isp\"]\n",
        ),
        ("a service whose mark says released", "preset = \"sun-comms\"\n[service.mail]\nmark = \"Removed\"\n"),
        (
            "a mark that says released",
            "preset = \"sun-comms\"\n[disable]\nreplace = { inetUserStatus = \"deleted\", mailUserStatus = \"removed\" }\n",
        ),
        (
            "what a preset's mark says is released",
            "preset = \"sun-calendar\"\n[service.calendar]\nreleased = \"inactive\"\n",
        ),
        ("keys of a removed section", "preset = \"openldap\"\n[notices]\nfrom = \"a@x\"\n"),
        ("control characters in a key", "preset = \"openldap\"\n\"\\u001b[31m\" = 1\n"),
    ];
    let command = "plan --as-of 2026-11-21 --allow-date -p given -u jsmith -o set export.ldif books.ldif";
    let rows: Vec<BadInput> = rows.into_iter().map(|(name, policy)| row(name, text(policy), command, 2)).collect();
    run("policies", &rows);
}

/// Lists of leavers and vetoes with one mistake each.
#[test]
fn lists() {
    let list = "plan --as-of 2026-11-21 --allow-date -p policy.toml -l given -o set export.ldif books.ldif";
    let long = format!("id\n{}\n", "x".repeat(100_000));
    let many_columns = format!("id{}\njsmith\n", ",note".repeat(5_000));
    let rows = [
        ("nothing", "", list, 2),
        ("a header alone", "id,action\n", list, 2),
        ("comments alone", "# nobody\n", list, 2),
        ("an unknown first line", "name;date\njsmith;x\n", list, 2),
        ("semicolons", "id;action\njsmith;delete\n", list, 2),
        ("tabs", "id\taction\njsmith\tdelete\n", list, 2),
        ("an open quote", "id,note\njsmith,\"left\npdoe,x\n", list, 2),
        ("a quote inside", "id,note\njsmith,a\"b\"\n", list, 1),
        ("a column twice", "id,id\njsmith,pdoe\n", list, 2),
        ("two identities", "uid,mail\njsmith,jsmith@sesta.com\n", list, 2),
        ("the same person twice", "id\njsmith\njsmith\n", list, 2),
        ("the same person in two ways", "id\njsmith\njsmith@sesta.com\n", list, 1),
        ("an unknown action", "id,action\njsmith,remove\n", list, 2),
        ("a date of another form", "id,effective\njsmith,21.11.2026\n", list, 2),
        ("a day that is not", "id,effective\njsmith,2026-02-30\n", list, 2),
        ("a date far away", "id,effective\njsmith,99999-01-01\n", list, 2),
        ("a row too long", "id,action\njsmith,delete,x\n", list, 2),
        ("an unknown column of a control character", "id,\u{1b}[31m\njsmith,x\n", list, 2),
        ("an identity with a NUL", "id\nj\u{0}smith\n", list, 2),
        ("an identity with a line end", "id\n\"jsmith\nversion: 1\"\n", list, 2),
        ("an identity of 100,000 characters", &long, list, 1),
        ("5,000 columns of one name", &many_columns, list, 2),
        ("a wildcard", "id\n*\n", list, 1),
        ("a filter", "id\n(uid=jsmith)\n", list, 1),
        ("a DN that is none", "dn\nuid=jsmith;;o=x\n", list, 2),
        ("the root as a DN", "dn\n\"\"\n", list, 2),
        ("the suffix as a DN", "dn\no=root_suffix\n", list, 1),
        ("a successor who leaves", "id,successor\njsmith,pdoe\npdoe,jsmith\n", list, 1),
        ("a successor of oneself", "id,successor\njsmith,jsmith\n", list, 1),
        ("a successor who is nobody", "id,successor\njsmith,nobody\n", list, 1),
        ("LDIF", "dn: uid=jsmith,o=x\nchangetype: delete\n", list, 2),
        ("lines without `l`", "l jsmith\npdoe\n", list, 2),
        ("lines with a mistaken letter", "d jsmith\n", list, 2),
        (
            "vetoes of nothing",
            "",
            "plan --as-of 2026-11-21 --allow-date -p policy.toml -u jsmith --veto given -o set export.ldif books.ldif",
            2,
        ),
        (
            "a veto with an action",
            "id,action\njsmith,remove\n",
            "plan --as-of 2026-11-21 --allow-date -p policy.toml -u jsmith --veto given -o set export.ldif books.ldif",
            2,
        ),
        (
            "a veto of nobody",
            "id\nnobody\n",
            "plan --as-of 2026-11-21 --allow-date -p policy.toml -u jsmith --veto given -o set export.ldif books.ldif",
            1,
        ),
        (
            "a veto of a bad DN",
            "uid=a,o=x\nuid=b,,o=x\n",
            "plan --as-of 2026-11-21 --allow-date -p policy.toml -u jsmith --veto given -o set export.ldif books.ldif",
            2,
        ),
    ];
    let rows: Vec<BadInput> =
        rows.into_iter().map(|(name, list, command, status)| row(name, text(list), command, status)).collect();
    run("lists", &rows);
}

/// Every faulty roster of `fixtures/rosters`, in a plan.
#[test]
fn rosters() {
    let sound = [
        "comma.csv",
        "semicolon.csv",
        "tab.csv",
        "entries.ldif",
        "joined.ldif",
        "ldapsearch.ldif",
        "byte-order-mark.csv",
    ];
    let files = sorted_paths(&root().join("fixtures/rosters")).into_iter().filter(|path| path.is_file());
    let names: Vec<String> =
        files.map(|path| file_name(&path)).filter(|name| !sound.contains(&name.as_str())).collect();
    let command = "plan --as-of 2026-11-21 --allow-date -p roster.toml --roster hr=given -o set export.ldif books.ldif";
    // 3: the roster is refused. 1: the roster is complete, and faults of single rows are reported.
    let refused =
        ["cut-in-trailer.csv", "empty.csv", "header-alone.csv", "no-trailer.csv", "row-missing.csv", "size-limit.ldif"];
    let said = [
        "control-character.csv",
        "listed-twice.csv",
        "no-key.csv",
        "no-key.ldif",
        "no-status.csv",
        "reference.ldif",
        "two-keys.ldif",
        "two-standings.csv",
    ];
    let status = |name: &str| match name {
        name if refused.contains(&name) => 3,
        name if said.contains(&name) => 1,
        _ => 2,
    };
    let mut rows: Vec<BadInput> = names
        .iter()
        .map(|name| row(name, Given::Copy(format!("fixtures/rosters/{name}")), command, status(name)))
        .collect();
    rows.push(row("no such roster", text("x"), "plan -p policy.toml --roster hr=given -o set export.ldif", 2));
    rows.push(row("no file", text("x"), "plan -p policy.toml --roster hr -o set export.ldif", 2));
    rows.push(row("twice", text("x"), "plan -p roster.toml --roster hr=given --roster hr=given -o set export.ldif", 2));
    run("rosters", &rows);
}

/// Filters and DNs on the command line.
#[test]
fn filters_and_names() {
    // As deep as fits into one argument.
    let deep = "(!".repeat(40_000) + "(uid=a)" + &")".repeat(40_000);
    let open = "(&".repeat(50_000);
    let long_dn = vec!["ou=x"; 10_000].join(",");
    let bad_long_dn = format!("{long_dn},,o=x");
    let rows = vec![
        row("filter of nothing", Given::Nothing, "search  export.ldif", 2),
        row("filter without a bracket", Given::Nothing, "search (uid=a export.ldif", 2),
        row("filter with one too many", Given::Nothing, "search (uid=a)) export.ldif", 2),
        row("filter of no attribute", Given::Nothing, "search (=a) export.ldif", 2),
        row("filter of a bad attribute", Given::Nothing, "search (u_ü=a) export.ldif", 2),
        row("filter with a bad escape", Given::Nothing, "search (uid=\\zz) export.ldif", 2),
        row("filter with a cut escape", Given::Nothing, "search (uid=\\4) export.ldif", 2),
        row("filter with an unknown operator", Given::Nothing, "search (uid<>a) export.ldif", 2),
        row("filter of two", Given::Nothing, "search (uid=a)(uid=b) export.ldif", 2),
        row("filter with not of two", Given::Nothing, "search (!(uid=a)(uid=b)) export.ldif", 2),
        row("filter with a control character", Given::Nothing, "search (uid=\u{1b}[31m export.ldif", 2),
        row("filter with a bad rule", Given::Nothing, "search (:=a) export.ldif", 2),
        row("a search base that is not a DN", Given::Nothing, "search --base people (uid=a) export.ldif", 2),
        row("attributes that are none", Given::Nothing, "search --attrs a\u{a0}b (uid=a) export.ldif", 2),
        row("CSV without columns", Given::Nothing, "search --format csv (uid=a) export.ldif", 2),
        row("a DN of nothing but commas", Given::Nothing, "dn ,,", 2),
        row("a DN with an open quote", Given::Nothing, "dn uid=\"a,o=x", 2),
        row("a DN with a cut escape", Given::Nothing, "dn uid=a\\", 2),
        row("a DN with a bad escape", Given::Nothing, "dn uid=a\\g1,o=x", 2),
        row("a DN with odd hex", Given::Nothing, "dn uid=#123,o=x", 2),
        row("a DN with bad BER", Given::Nothing, "dn uid=#04ff00,o=x", 2),
        row("a DN without a type", Given::Nothing, "dn =a,o=x", 2),
        row("a DN with a bad OID", Given::Nothing, "dn 1..2=a", 2),
        row("a DN with a control character", Given::Nothing, "dn uid=\u{1b}[31m,,o=x", 2),
        row(
            "a leaver who is nobody",
            Given::Nothing,
            "plan --as-of 2026-11-21 --allow-date -p policy.toml -u nobody -o set export.ldif books.ldif",
            1,
        ),
        row(
            "explain of nobody",
            Given::Nothing,
            "explain --as-of 2026-11-21 --allow-date -p policy.toml nobody export.ldif books.ldif",
            1,
        ),
    ];
    run("filters_and_names", &rows);
    // Too long for the table: the run ends without a crash.
    for (name, arguments, status) in [
        ("a filter of depth 40,000", vec!["search".to_owned(), deep, "export.ldif".to_owned()], 2),
        ("an open filter of depth 50,000", vec!["search".to_owned(), open, "export.ldif".to_owned()], 2),
        ("a DN of 10,000 RDNs", vec!["dn".to_owned(), long_dn.clone()], 0),
        ("a DN of 10,000 RDNs and a mistake", vec!["dn".to_owned(), bad_long_dn], 2),
        (
            "a base of 10,000 RDNs",
            vec!["search".to_owned(), "--base".to_owned(), long_dn, "(uid=a)".to_owned(), "export.ldif".to_owned()],
            0,
        ),
    ] {
        let place = place();
        let output = offboard().args(&arguments).current_dir(place.path()).output().unwrap();
        let told = stderr(&output);
        assert_eq!(output.status.code(), Some(status), "{name}: {told:.300}");
        assert!(told.len() < 2_000, "{name}: {} bytes are said: {told:.300}", told.len());
    }
}

/// Change sets and change files that were edited.
#[test]
fn change_sets() {
    fn edit(place: &Path, file: &str, from: &str, to: &str) {
        let path = place.join("applied").join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{file}: {from}");
        std::fs::write(path, text.replace(from, to)).unwrap();
    }
    let mut rows = Vec::new();
    let edits: [(&str, Make); 13] = [
        ("a record edited", |place| edit(place, "apply/60-entries.ldif", "uid=jsmith", "uid=pdoe")),
        ("a comment edited", |place| edit(place, "apply/60-entries.ldif", "# ", "#  ")),
        ("a report edited", |place| edit(place, "report.md", "jsmith", "pdoe")),
        ("plan.json edited", |place| edit(place, "plan.json", "jsmith", "pdoe")),
        ("the rollback edited", |place| edit(place, "rollback/10-entries.ldif", "jsmith", "pdoe")),
        ("a file missing", |place| std::fs::remove_file(place.join("applied/apply/60-entries.ldif")).unwrap()),
        ("a file more", |place| {
            std::fs::write(place.join("applied/apply/99-more.ldif"), "dn: o=root_suffix\nchangetype: delete\n")
                .unwrap();
        }),
        ("sums missing", |place| std::fs::remove_file(place.join("applied/SHA256SUMS")).unwrap()),
        ("sums empty", |place| std::fs::write(place.join("applied/SHA256SUMS"), "").unwrap()),
        ("sums of rubbish", |place| std::fs::write(place.join("applied/SHA256SUMS"), "rubbish\n").unwrap()),
        ("sums of another place", |place| {
            let sums = place.join("applied/SHA256SUMS");
            let text = std::fs::read_to_string(&sums).unwrap();
            std::fs::write(&sums, text.replace("  plan.json", "  ../export.ldif")).unwrap();
        }),
        ("sums without plan.json", |place| {
            let sums = place.join("applied/SHA256SUMS");
            let text = std::fs::read_to_string(&sums).unwrap();
            let lines: Vec<&str> = text.lines().filter(|line| !line.ends_with("plan.json")).collect();
            std::fs::write(&sums, lines.join("\n") + "\n").unwrap();
        }),
        ("plan.json missing", |place| std::fs::remove_file(place.join("applied/plan.json")).unwrap()),
    ];
    for (name, make) in edits {
        for command in [
            "verify applied export.ldif",
            "simulate --export export.ldif --export books.ldif applied -o after.ldif",
            "revert --export export.ldif --export books.ldif applied -o undo.ldif",
            "plan --as-of 2026-11-21 --allow-date -p policy.toml -u jsmith --history applied -o set export.ldif books.ldif",
        ] {
            let title = format!("{}: {name}", command.split(' ').next().unwrap());
            rows.push(row(&title, Given::Made(make), command, 2));
        }
    }
    for (name, change, status) in [
        ("a change that is content", "dn: o=x\no: x\n", 2),
        ("a change of no DN", "dn: x\nchangetype: delete\n", 2),
        ("a change of the root", "dn:\nchangetype: delete\n", 3),
        (
            "a move to no DN",
            "dn: uid=jsmith,ou=People,o=sesta.com,o=root_suffix\nchangetype: modrdn\nnewrdn: uid=x\ndeleteoldrdn: 1\nnewsuperior: x\n",
            2,
        ),
        (
            "a new name that is none",
            "dn: uid=jsmith,ou=People,o=sesta.com,o=root_suffix\nchangetype: modrdn\nnewrdn: x\ndeleteoldrdn: 1\n",
            2,
        ),
        (
            "a new name of two parts",
            "dn: uid=jsmith,ou=People,o=sesta.com,o=root_suffix\nchangetype: modrdn\nnewrdn: uid=x,o=y\ndeleteoldrdn: 1\n",
            2,
        ),
        ("an unknown control", "dn: o=x\ncontrol: 1.2.3 true\nchangetype: delete\n", 3),
        (
            "an increment",
            "dn: uid=jsmith,ou=People,o=sesta.com,o=root_suffix\nchangetype: modify\nincrement: uidNumber\nuidNumber: 1\n-\n",
            3,
        ),
        ("a missing entry", "dn: uid=nobody,o=root_suffix\nchangetype: delete\n", 3),
        ("no records", "# nothing\n", 0),
    ] {
        rows.push(row(name, text(change), "simulate --export export.ldif given -o after.ldif", status));
        rows.push(row(
            &format!("revert: {name}"),
            text(change),
            "revert --export export.ldif given -o undo.ldif",
            status,
        ));
    }
    run("change_sets", &rows);
}

/// Wrong command lines.
#[test]
fn command_lines() {
    let rows: Vec<BadInput> = [
        ("", 2),
        ("plan", 2),
        ("plan -p policy.toml -u jsmith export.ldif", 2),
        ("plan -p policy.toml -u jsmith -o set", 2),
        ("plan -p policy.toml -u jsmith -o set --stdout export.ldif", 2),
        ("plan -p policy.toml -u jsmith -o set --as-of tomorrow export.ldif", 2),
        ("plan -p policy.toml -u jsmith -o set --as-of 2026-13-01 export.ldif", 2),
        ("plan -p policy.toml -u jsmith -o set --limit delete export.ldif", 2),
        ("plan -p policy.toml -u jsmith -o set --limit delete=-1 export.ldif", 2),
        ("plan -p policy.toml -u jsmith -o set --limit delete=many export.ldif", 2),
        ("plan -p policy.toml -u jsmith -o set --stage all export.ldif", 2),
        ("plan -p policy.toml -u jsmith -o set --guard maybe export.ldif", 2),
        ("plan -p policy.toml -u jsmith -o set --threads 0 export.ldif", 2),
        ("plan -p policy.toml -u jsmith -o set --accept-incomplete all export.ldif", 2),
        ("plan -p policy.toml -u jsmith -o set --digest md5 export.ldif", 2),
        ("plan -p policy.toml -p policy.toml -u jsmith -o set export.ldif", 2),
        ("plan -p policy.toml -u jsmith -o  export.ldif", 2),
        ("plan -p policy.toml -u jsmith -o . export.ldif books.ldif", 2),
        ("plan -p policy.toml -u jsmith -o .. export.ldif books.ldif", 2),
        ("plan -p policy.toml -u jsmith -o / export.ldif books.ldif", 2),
        ("plan -p policy.toml -u  -o set export.ldif books.ldif", 2),
        ("explain -p policy.toml  export.ldif", 2),
        ("init", 2),
        ("init nothing", 2),
        ("schema nothing", 2),
        ("completions tcsh", 2),
        ("man books.ldif", 2),
        ("lint --for novell export.ldif", 2),
        ("lint --fix export.ldif books.ldif", 2),
        ("simulate --export - -", 2),
        ("diff - -", 2),
        ("verify applied", 2),
        ("search (uid=a)", 2),
    ]
    .map(|(command, status)| row(command.split(' ').next().unwrap(), Given::Nothing, command, status))
    .into();
    run("command_lines", &rows);
}

/// Runs a command with limited memory while a thread writes its standard input. Gives the exit status and standard
/// error.
fn fed(
    arguments: &[&str],
    memory: u64,
    input: impl FnOnce(&mut dyn Write) -> std::io::Result<()> + Send,
) -> (Option<i32>, String) {
    let place = place();
    let command = format!("ulimit -v {}; exec timeout 120 \"$0\" \"$@\"", memory / 1024);
    let mut child = std::process::Command::new("/bin/bash")
        .args(["-c", &command, env!("CARGO_BIN_EXE_offboard")])
        .args(arguments)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .current_dir(place.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let stdin = child.stdin.take().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut stdin = std::io::BufWriter::with_capacity(1 << 20, stdin);
            // Fails when the command closes the pipe early.
            let _ = input(&mut stdin).and_then(|()| stdin.flush());
        });
        let output = child.wait_with_output().unwrap();
        (output.status.code(), stderr(&output))
    })
}

const MIB: u64 = 1 << 20;

/// Writes so many MiB of one byte.
fn write_mebibytes(out: &mut dyn Write, count: usize, byte: u8) -> std::io::Result<()> {
    let part = vec![byte; 1 << 20];
    (0..count).try_for_each(|_| out.write_all(&part))
}

/// Inputs that are larger than the memory of the run: it ends with a message or with the right answer.
#[test]
fn huge_inputs() {
    let too_large = cases(512, 1024);
    let memory = too_large as u64 / 2 * MIB;
    // A line without end.
    let (status, told) = fed(&["json", "-"], memory, |out| write_mebibytes(out, too_large, 0));
    assert_eq!((status, told.contains("not enough memory for the record at line 1")), (Some(2), true), "{told}");
    let large = cases(128, 1024);
    let (status, told) = fed(&["search", "(uid=a)", "-"], 3 * (large as u64).max(256) * MIB, |out| {
        out.write_all(b"dn: o=x\no: x\ndescription: ")?;
        write_mebibytes(out, large, b'x')?;
        out.write_all(b"\n\ndn: uid=a,o=x\nuid: a\n")
    });
    assert!(matches!(status, Some(0)), "{status:?} {told}");
    // The same with too little memory.
    let (status, told) = fed(&["search", "(uid=a)", "-"], memory, |out| {
        out.write_all(b"dn: o=x\no: x\ndescription: ")?;
        write_mebibytes(out, too_large, b'x')
    });
    assert_eq!((status, told.contains("not enough memory for the record at line 1")), (Some(2), true), "{told}");
}

/// An entry with millions of values, and a DN with ten thousand RDNs.
#[test]
fn huge_entries() {
    let many = |count: usize| {
        move |out: &mut dyn Write| {
            out.write_all(b"dn: o=many\nobjectClass: top\no: many\n")?;
            (0..count).try_for_each(|number| writeln!(out, "x: {number}"))?;
            out.write_all(b"\ndn: uid=a,o=many\nuid: a\n")
        }
    };
    let (status, told) = fed(&["search", "--verbose", "(uid=a)", "-"], 4096 * MIB, many(cases(1_000_000, 10_000_000)));
    assert_eq!((status, told.contains("1 of 2 entries")), (Some(0), true), "{told}");
    let plan = "plan --as-of 2026-11-21 --allow-date -p policy.toml -u jsmith -o set - export.ldif books.ldif";
    let plan: Vec<&str> = plan.split(' ').collect();
    let (status, told) = fed(&plan, 1024 * MIB, many(cases(100_000, 1_000_000)));
    assert_eq!((status, told.contains("held  jsmith")), (Some(1), true), "{told}");
    let long = vec!["ou=x"; 10_000].join(",");
    let (status, told) = fed(
        &["plan", "--as-of", "2026-11-21", "--allow-date", "-p", "policy.toml", "-u", "jsmith", "-o", "set", "-"],
        512 * MIB,
        |out| writeln!(out, "dn: {long}\nobjectClass: top\nou: x\nmember: {long}"),
    );
    assert!(told.contains("holes") || status == Some(1), "{status:?} {told}");
}

/// Cycles and long chains of managers and of nested groups do not keep a run from ending.
#[test]
fn loops_and_chains() {
    let person = |uid: &str, manager: &str, more: &str| {
        format!(
            "dn: uid={uid},o=x\nobjectClass: person\nobjectClass: inetOrgPerson\nuid: {uid}\ncn: {uid}\nsn: {uid}\n\
             manager: uid={manager},o=x\n{more}\n"
        )
    };
    let group = |cn: &str, members: &[String]| {
        let members: String = members.iter().flat_map(|member| ["member: ", member, "\n"]).collect();
        format!("dn: cn={cn},o=x\nobjectClass: groupOfNames\ncn: {cn}\n{members}\n")
    };
    let top = "dn: o=x\nobjectClass: organization\no: x\n\n".to_owned();
    let policy = "preset = \"openldap\"\n[grace]\ndays = 0\n[accounts]\nfilter = \"(objectClass=person)\"\n[protect]\ngroup = [\"cn=g0,o=x\"]\n[successor]\norder = [\"manager\"]\n";
    let owned = "dn: cn=owned,o=x\nobjectClass: groupOfNames\ncn: owned\nowner: uid=u0,o=x\nmember: uid=keep,o=x\n\n";
    let of = |count: usize, close: bool| {
        let mut text = top.clone() + owned;
        text += &person("keep", "keep", "");
        for number in 0..count {
            let next = if number + 1 < count {
                number + 1
            } else if close {
                0
            } else {
                number
            };
            text += &person(&format!("u{number}"), &format!("u{next}"), "");
            let next = if number + 1 < count {
                format!("cn=g{},o=x", number + 1)
            } else if close {
                "cn=g0,o=x".to_owned()
            } else {
                "uid=keep,o=x".to_owned()
            };
            text += &group(&format!("g{number}"), &[next]);
        }
        text
    };
    let many = cases(100, 300);
    for (name, count, close) in
        [("itself", 1, true), ("a pair", 2, true), ("a cycle", many, true), ("a chain", many, false)]
    {
        let place = place();
        std::fs::write(place.path().join("policy.toml"), policy).unwrap();
        std::fs::write(place.path().join("export.ldif"), of(count, close)).unwrap();
        for command in [
            "plan --as-of 2026-11-21 --allow-date -p policy.toml -u u0 -o set export.ldif",
            "audit --as-of 2026-11-21 --allow-date -p policy.toml export.ldif",
        ] {
            let mut timed = std::process::Command::new("timeout");
            timed.args(["60", env!("CARGO_BIN_EXE_offboard")]).args(command.split(' ')).current_dir(place.path());
            let output = timed.output().unwrap();
            assert!(matches!(output.status.code(), Some(0 | 1)), "{name}: {:?}: {}", output.status, stderr(&output));
        }
    }
}

/// Changes a file, whose old text it is given.
type Change = fn(&Path, &[u8]);

/// An export that changes while it is read is noticed, and no plan is made. A pipe is read once and kept.
#[test]
fn exports_that_change() {
    let mut text = export_bytes();
    for number in 0..cases(15_000, 60_000) {
        writeln!(text, "\ndn: uid=x{number},ou=People,o=siroe.com,o=root_suffix\nobjectClass: account\nuid: x{number}")
            .unwrap();
    }
    let changes: [(&str, Change); 4] = [
        ("grows", |path, _| {
            let mut file = std::fs::OpenOptions::new().append(true).open(path).unwrap();
            file.write_all(b"\ndn: o=more\no: more\n").unwrap();
        }),
        ("is cut", |path, text| {
            std::fs::OpenOptions::new().write(true).open(path).unwrap().set_len(text.len() as u64 / 2).unwrap();
        }),
        ("is written again", |path, text| std::fs::write(path, [b"# again\n", text].concat()).unwrap()),
        ("has one byte changed", |path, text| {
            use std::os::unix::fs::FileExt as _;
            let file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
            // In the number of the last account: the file keeps its length, and is still LDIF.
            file.write_all_at(b"7", text.len() as u64 - 2).unwrap();
        }),
    ];
    // The duration of a run on this machine, so that the changes happen within it.
    let place = place();
    std::fs::write(place.path().join("export.ldif"), &text).unwrap();
    let begun = std::time::Instant::now();
    assert_eq!(offboard().current_dir(place.path()).args(PLAN.split(' ')).output().unwrap().status.code(), Some(1));
    let whole_run = begun.elapsed();
    let mut noticed = 0;
    for (name, change) in changes {
        // Before, while and after the file is read: the plan is made from one state, or not at all.
        for tenths in [1, 3, 5, 7, 9] {
            let place = self::place();
            let export = place.path().join("export.ldif");
            std::fs::write(&export, &text).unwrap();
            let mut command = offboard();
            command.current_dir(place.path()).args(PLAN.split(' ')).stderr(Stdio::piped());
            let child = command.spawn().unwrap();
            std::thread::sleep(whole_run * tenths / 10);
            change(&export, &text);
            let output = child.wait_with_output().unwrap();
            let told = stderr(&output);
            match output.status.code() {
                Some(2) => {
                    assert!(!place.path().join("set").exists(), "{name}");
                    noticed += usize::from(told.contains("the file changed while it was read"));
                }
                // A mixture of two states is not a complete directory.
                Some(3) => assert!(!place.path().join("set").exists(), "{name}"),
                Some(1) => assert!(place.path().join("set").exists(), "{name}: {told}"),
                other => panic!("{name}: {other:?} {told}"),
            }
        }
    }
    assert!(noticed > 3, "{noticed}: the delays are longer than the reading");
    // A named pipe is read like standard input.
    let place = self::place();
    let pipe = place.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let writer = std::thread::spawn({
        let pipe = pipe.clone();
        move || std::fs::write(pipe, export_bytes()).unwrap()
    });
    let command = PLAN.replace("export.ldif", "pipe");
    let output = offboard().current_dir(place.path()).args(command.split(' ')).output().unwrap();
    writer.join().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(stderr(&output).contains("held  jsmith"), "{}", stderr(&output));
}
