//! Other people's readers see in the fixtures what we see.

use std::collections::BTreeMap;
use std::process::Command;

use offboard::ldif::{Record, RecordReader, UrlPolicy};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use crate::offboard::{root, scenario_file, scenarios};

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

fn theirs(program: &str, arguments: &[&str], package: &str) -> Vec<String> {
    let output = Command::new(program).args(arguments).current_dir(root()).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}; `tests/run` installs {package}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} ({package}; `tests/run` installs it): {errors}");
    let mut lines: Vec<String> = String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

#[test]
fn content_fixtures() {
    for name in scenarios() {
        for file in ["export.ldif", "address-books.ldif"] {
            let path = scenario_file(&name, file);
            let ours = ours(&path);
            assert!(!ours.is_empty(), "{path}");
            assert_eq!(ours, theirs("/usr/bin/python3", &["-c", PYTHON, &path], "python3-ldap"), "{path}: python-ldap");
            assert_eq!(ours, theirs("/usr/bin/perl", &["-e", PERL, &path], "libnet-ldap-perl"), "{path}: Net::LDAP");
        }
    }
}

/// `ldapmodify -n` parses every change file of every scenario, and as many records as we wrote.
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

/// How many operations `ldapmodify -n` says it would send.
fn parsed_by_ldapmodify(path: &str) -> usize {
    let lines = theirs("/usr/bin/ldapmodify", &["-n", "-v", "-f", path], "ldap-utils");
    let operation = |line: &&String| {
        ["!modifying entry", "!adding new entry", "!deleting entry", "!modifying rdn"]
            .iter()
            .any(|verb| line.starts_with(verb))
    };
    lines.iter().filter(operation).count()
}

/// Values of any bytes, in any number, reach `ldapmodify` as one record.
#[test]
fn any_value_is_one_record_for_ldapmodify() {
    let mut runner = TestRunner::deterministic();
    let bytes = proptest::collection::vec(proptest::num::u8::ANY, 0..300);
    let mut seen: BTreeMap<usize, usize> = BTreeMap::new();
    let mut text = b"version: 1\n\n".to_vec();
    for _ in 0..200 {
        let value = bytes.new_tree(&mut runner).unwrap().current();
        offboard::ldif::writer::write_comment(&mut text, &value);
        text.extend_from_slice(b"dn: o=x\nchangetype: modify\nadd: description\n");
        offboard::ldif::writer::write_value(&mut text, "description", &value);
        text.extend_from_slice(b"-\n\n");
        *seen.entry(value.len()).or_default() += 1;
    }
    assert!(seen.len() > 50, "values of many lengths");
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    assert_eq!(parsed_by_ldapmodify(file.path().to_str().unwrap()), 200);
}
