//! Other projects' parsers read the fixtures as `offboard` does.

use std::process::Command;

use offboard::ldif::{NonEntry, Record, RecordReader, UrlPolicy};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use crate::support::{root, scenario_file, scenarios};

/// Prints a line for each value: the number of its entry, its attribute in lower case, and its bytes in hexadecimal.
const PYTHON: &str = r"
import sys, ldif
class Show(ldif.LDIFParser):
    n = 0
    def handle(self, dn, entry):
        print(self.n, 'dn', dn.encode().hex())
        for name, values in entry.items():
            for value in values:
                print(self.n, name.lower(), value.hex())
        self.n += 1
Show(open(sys.argv[1], 'rb')).parse()
";

const PERL: &str = r"
use Net::LDAP::LDIF;
my $ldif = Net::LDAP::LDIF->new($ARGV[0], 'r', onerror => 'die');
my $n = 0;
while (not $ldif->eof) {
    my $entry = $ldif->read_entry or next;
    my $dn = $entry->dn; utf8::encode($dn) if utf8::is_utf8($dn);
    print qq($n dn ), unpack('H*', $dn), qq(\n);
    for my $name ($entry->attributes) {
        for my $value ($entry->get_value($name)) {
            utf8::encode($value) if utf8::is_utf8($value);
            print qq($n ), lc $name, q( ), unpack('H*', $value), qq(\n);
        }
    }
    $n++;
}
";

fn ours(path: &str) -> Vec<String> {
    let text = std::fs::read(root().join(path)).unwrap();
    let mut lines = Vec::new();
    let mut number = 0;
    for record in RecordReader::new(&text, 1, UrlPolicy::Refuse) {
        let Record::Content(record) = record.unwrap() else { continue };
        let hex = |bytes: &[u8]| data_encoding::HEXLOWER.encode(bytes);
        lines.push(format!("{number} dn {}", hex(&record.dn)));
        for line in &record.attributes {
            lines.push(format!("{number} {} {}", line.description.to_lowercase(), hex(line.value.bytes())));
        }
        number += 1;
    }
    lines.sort();
    lines
}

/// The output of a program, sorted; its standard error if it fails.
fn run(program: &str, arguments: &[&str], package: &str) -> Result<Vec<String>, String> {
    let output = Command::new(program).args(arguments).current_dir(root()).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}; `tests/run` installs {package}"));
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    // `ldapmodify` may print values that are not UTF-8.
    let mut lines: Vec<String> = String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect();
    lines.sort();
    Ok(lines)
}

fn theirs(program: &str, arguments: &[&str], package: &str) -> Vec<String> {
    let failed = |error| panic!("{program} ({package}; `tests/run` installs it): {error}");
    run(program, arguments, package).unwrap_or_else(failed)
}

#[test]
fn content_fixtures() {
    for name in scenarios() {
        for path in crate::support::exports(&name) {
            let ours = ours(&path);
            assert!(!ours.is_empty(), "{path}");
            assert_eq!(ours, theirs("/usr/bin/python3", &["-c", PYTHON, &path], "python3-ldap"), "{path}: python-ldap");
            assert_eq!(ours, theirs("/usr/bin/perl", &["-e", PERL, &path], "libnet-ldap-perl"), "{path}: Net::LDAP");
        }
    }
}

/// Fixtures that other parsers read differently, and what they do.
const READ_OTHERWISE: [(&str, &str, &str); 5] = [
    ("python-ldap", "valid/names-only", "an error at a last record of nothing but `dn:` without a line end"),
    ("python-ldap", "valid/old-names", "an error at `dn: @INDEXLIST`, which is not a DN"),
    ("Net::LDAP::LDIF", "valid/old-names", "an error at the name `@IDXATTR`"),
    ("Net::LDAP::LDIF", "valid/options", "an error at `;range=0-1`, as Active Directory writes it"),
    ("python-ldap", "valid/version-again", "an error at a second `version:`"),
];

/// Content that is easily misread: `fixtures/ldif` without change records and URLs.
#[test]
fn easily_misread_content() {
    // A missing module must not look like a difference.
    theirs("/usr/bin/python3", &["-c", "import ldap, ldif"], "python3-ldap");
    theirs("/usr/bin/perl", &["-MNet::LDAP::LDIF", "-e", "1"], "libnet-ldap-perl");
    let mut differing = Vec::new();
    let mut compared = 0;
    for (name, text) in super::ldif_fixtures::readable() {
        let is_content =
            |record| matches!(record, Ok(Record::Content(_) | Record::NonEntry { block: NonEntry::Version, .. }));
        if !name.starts_with("ldif/") || !RecordReader::new(&text, 1, UrlPolicy::Refuse).all(is_content) {
            continue;
        }
        compared += 1;
        let path = format!("fixtures/{name}.ldif");
        let ours = Ok(ours(&path));
        if run("/usr/bin/python3", &["-c", PYTHON, &path], "python3-ldap") != ours {
            differing.push(("python-ldap", name.clone()));
        }
        if run("/usr/bin/perl", &["-e", PERL, &path], "libnet-ldap-perl") != ours {
            differing.push(("Net::LDAP::LDIF", name));
        }
    }
    let known: Vec<(&str, String)> =
        READ_OTHERWISE.iter().map(|(reader, name, _)| (*reader, format!("ldif/{name}"))).collect();
    assert_eq!(differing, known);
    assert!(compared > 12, "only {compared} fixtures");
}

/// `ldapmodify -n` parses every change file of every scenario, and finds the number of records that was written.
#[test]
fn change_files() {
    for name in scenarios() {
        for folder in ["apply", "rollback"] {
            let folder = root().join(scenario_file(&name, "expected")).join(folder);
            for file in std::fs::read_dir(&folder).into_iter().flatten() {
                let path = file.unwrap().path();
                if path.extension().is_some_and(|ending| ending == "ldif") {
                    let text = std::fs::read(&path).unwrap();
                    let is_change = |record: &_| matches!(record, Ok(Record::Change(_)));
                    let records = RecordReader::new(&text, 1, UrlPolicy::Refuse).filter(is_change).count();
                    assert_eq!(parsed_by_ldapmodify(path.to_str().unwrap()), records, "{}", path.display());
                }
            }
        }
    }
}

/// How many operations `ldapmodify -n` would send.
fn parsed_by_ldapmodify(path: &str) -> usize {
    let lines = theirs("/usr/bin/ldapmodify", &["-n", "-v", "-f", path], "ldap-utils");
    let operation = |line: &&String| {
        ["!modifying entry", "!adding new entry", "!deleting entry", "!modifying rdn"]
            .iter()
            .any(|verb| line.starts_with(verb))
    };
    lines.iter().filter(operation).count()
}

/// Change records of every kind, with any names and values, are that many records for `ldapmodify`.
#[test]
fn ldapmodify_reads_any_change_record() {
    let mut runner = TestRunner::deterministic();
    let records = super::ldif_properties::change();
    let mut text = b"version: 1\n\n".to_vec();
    for number in 0..1000 {
        offboard::ldif::writer::write_comment(&mut text, format!("dn: {number}\nchangetype: delete").as_bytes());
        offboard::ldif::writer::write_change(&mut text, &records.new_tree(&mut runner).unwrap().current().record());
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    assert_eq!(parsed_by_ldapmodify(file.path().to_str().unwrap()), 1000);
}
