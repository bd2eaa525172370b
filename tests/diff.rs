//! `offboard diff`: the change LDIF that it writes turns BEFORE into AFTER.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Output;

use offboard::diff::{Options, StepKind, diff, text};
use offboard::ldap::Entry;
use offboard::ldif::{Record, RecordReader, UrlPolicy, convert, writer};
use offboard::policy::Server;
use offboard::proof::apply::Model;

use crate::support::{MemoryExports, Random, assert_expected, cases, entries, offboard, root, sorted_paths, stderr};

pub fn options(server: Server) -> Options {
    Options { server, schema: std::sync::Arc::default(), with_operational: false, ignored: Vec::new(), seed: 7 }
}

/// The proof's model of a directory with these entries.
pub fn model(text: &[u8], server: Server) -> Model {
    let mut model = Model::new(server);
    for entry in entries(text) {
        let key = entry.dn.key().clone();
        model.children.entry(key.parent().unwrap()).or_default().insert(key.clone());
        model.entries.insert(key, entry.into());
    }
    model
}

/// The content of entries for comparison: sorted lines, one for each value that the server does not set itself.
pub fn content<'e>(entries: impl IntoIterator<Item = &'e Entry>, server: Server) -> Vec<String> {
    let mut lines = Vec::new();
    for entry in entries {
        let name = entry.dn.normalized();
        lines.push(name.clone());
        for attribute in entry.attributes.iter().filter(|own| !server.sets(own.description.attribute_type())) {
            for value in &attribute.values {
                lines.push(format!("{name} {}: {}", attribute.description.key().as_str(), value.bytes.escape_ascii()));
            }
        }
    }
    lines.sort();
    lines.dedup();
    lines
}

/// The change LDIF for a pair, after a check: applied to the model it gives AFTER, and a second diff is empty.
pub fn change(name: &str, before: &[u8], after: &[u8], server: Server) -> Vec<u8> {
    let [one, two] = [before, after].map(MemoryExports::by_record);
    let options = options(server);
    let difference = diff(&one, &two, UrlPolicy::Refuse, &options).unwrap();
    let change = text::ldif(&difference, &options);
    let mut model = model(before, server);
    for record in RecordReader::new(&change, 1, UrlPolicy::Refuse) {
        let Record::Change(record) = record.unwrap() else { continue };
        let record = convert::change(&record).unwrap();
        if let Err(code) = model.apply(&record) {
            panic!("{name}: {:?}: {code}\n{}", record.dn, String::from_utf8_lossy(&change));
        }
    }
    let expected = content(&entries(after), server);
    let text = || String::from_utf8_lossy(&change).into_owned();
    assert_eq!(content(model.entries.values().map(AsRef::as_ref), server), expected, "{name}\n{}", text());
    let mut reached = Vec::new();
    for entry in model.entries.values() {
        writer::write_entry(&mut reached, entry);
        reached.push(b'\n');
    }
    let again = diff(&MemoryExports::by_record(&reached), &two, UrlPolicy::Refuse, &options).unwrap();
    assert_eq!(again.steps.len(), 0, "{name}: {}", String::from_utf8_lossy(&text::ldif(&again, &options)));
    change
}

fn run(folder: &Path, more: &[&str]) -> Output {
    let mut command = offboard();
    command.arg("diff").args(more).args(["before.ldif", "after.ldif"].map(|file| folder.join(file)));
    command.output().unwrap()
}

/// Each folder of `fixtures/diff` is a pair of exports with its expected change LDIF.
#[test]
fn pairs() {
    let folders = sorted_paths(&root().join("fixtures/diff"));
    assert!(folders.len() >= 6);
    for folder in folders {
        let name = folder.file_name().unwrap().to_str().unwrap();
        let read = |file: &str| std::fs::read(folder.join(file)).unwrap();
        let output = run(&folder, &[]);
        assert_eq!(output.status.code(), Some(i32::from(name != "equal")), "{name}: {}", stderr(&output));
        assert_expected(folder.join("expected.ldif"), &output.stdout);
        let written = String::from_utf8(output.stdout).unwrap();
        let change = change(name, &read("before.ldif"), &read("after.ldif"), Server::OpenLdap);
        assert_eq!(String::from_utf8(change).unwrap(), written, "{name}");
    }
}

/// The other output formats, the options, and exports that cannot be compared.
#[test]
fn forms_and_faults() {
    let place = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| std::fs::write(place.path().join(name), text).unwrap();
    let mut story = String::new();
    let mut tell = |title: &str, output: &Output| {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(place.path().to_str().unwrap(), "PLACE");
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        writeln!(story, "=== {title}: exit {:?}\n{out}--- stderr\n{err}", output.status.code().unwrap()).unwrap();
    };
    let values = root().join("fixtures/diff/values");
    tell("unified", &run(&values, &["--format", "unified"]));
    tell("json", &run(&root().join("fixtures/diff/trees"), &["--format", "json"]));
    tell(
        "ignore",
        &run(&values, &["--ignore", "CN", "--ignore", "uid", "--ignore", "jpegPhoto", "--ignore", "description"]),
    );
    tell("operational", &run(&root().join("fixtures/diff/equal"), &["--with-operational", "-q"]));
    tell("ad", &run(&root().join("fixtures/diff/renamed"), &["--for", "ad"]));
    tell("bad ignore", &run(&values, &["--ignore", "a b"]));

    let entry = "dn: o=x\nobjectClass: organization\no: x\n\n";
    file("before.ldif", entry);
    file("after.ldif", &format!("{entry}# again\ndn: O=X \nobjectClass: organization\n"));
    tell("twice", &run(place.path(), &[]));
    file("after.ldif", &format!("{entry}# extended LDIF\nsearch: 2\nresult: 4 Size limit exceeded\n"));
    tell("cut", &run(place.path(), &[]));
    file("after.ldif", "dn: o=x\nchangetype: delete\n");
    tell("changes", &run(place.path(), &[]));
    file("after.ldif", "dn: o=x\nobjectClass: organization\no: y\n");
    let change = place.path().join("change.ldif");
    tell("to a file", &run(place.path(), &["-o", change.to_str().unwrap()]));
    tell("to a file that is there", &run(place.path(), &["-o", change.to_str().unwrap()]));
    let unit = "objectClass: organizationalUnit\nou: u\n\ndn: uid=p,ou=u\nobjectClass: account\nuid: p\n";
    file("before.ldif", &format!("dn: ou=u\n{unit}"));
    file("after.ldif", &format!("dn: ou=u\n{unit}").replace("organizationalUnit", "organizationalRole\ncn: r"));
    tell("another class, and an entry stays below", &run(place.path(), &[]));
    tell("a server that does not look at it", &run(place.path(), &["--for", "389ds"]));
    tell("another class", &run(&root().join("fixtures/diff/another-kind"), &["--format", "unified"]));
    let mut both = offboard();
    tell("standard input twice", &both.args(["diff", "-", "-"]).output().unwrap());
    tell("help", &offboard().args(["diff", "--help"]).output().unwrap());
    insta::assert_snapshot!(story);
}

/// An entry of a random tree.
#[derive(Clone)]
struct Node {
    name: String,
    parent: Option<usize>,
    uuid: String,
    description: String,
    mail: Vec<String>,
    /// Whether a leaf is an `inetOrgPerson`; if not, it is an `account`.
    is_person: bool,
    is_there: bool,
}

/// A tree whose nodes are moved, renamed, removed and added.
#[derive(Clone)]
struct Tree(Vec<Node>);

impl Tree {
    fn new(random: &mut Random, case: usize) -> Self {
        let base = format!("ou=case{case},o=random");
        let mut tree = Self(vec![Node {
            name: base,
            parent: None,
            uuid: format!("{case:08}-0000-4000-8000-000000000000"),
            description: "base".to_owned(),
            mail: Vec::new(),
            is_person: false,
            is_there: true,
        }]);
        for _ in 0..4 + random.below(8) {
            tree.grow(random, case);
        }
        tree
    }

    fn is_unit(&self, at: usize) -> bool {
        self.0[at].name.starts_with("ou=")
    }

    fn unit(&self, random: &mut Random) -> usize {
        let units: Vec<usize> = (0..self.0.len()).filter(|&at| self.0[at].is_there && self.is_unit(at)).collect();
        units[random.below(units.len())]
    }

    /// A name that no sibling has.
    fn name(&self, random: &mut Random, parent: usize, is_unit: bool) -> Option<String> {
        let values = ["a", "b", "c", "d\\, e", "Zo\\C3\\AB"];
        let name = format!("{}={}", if is_unit { "ou" } else { "uid" }, random.pick(&values));
        let taken = self.0.iter().any(|node| node.is_there && node.parent == Some(parent) && node.name == name);
        (!taken).then_some(name)
    }

    fn grow(&mut self, random: &mut Random, case: usize) {
        let parent = self.unit(random);
        let is_unit = random.below(2) == 0;
        let Some(name) = self.name(random, parent, is_unit) else { return };
        let mut mail: Vec<String> = Vec::new();
        while !is_unit && random.below(2) == 0 && mail.len() < 3 {
            mail.push(format!("m{}@x", mail.len() + 4 * random.below(3)));
        }
        let uuid = format!("{case:08}-0000-4000-8000-{:012}", self.0.len());
        let description = random.pick(&["one", "two", "three"]).to_string();
        let is_person = random.below(4) > 0;
        self.0.push(Node { name, parent: Some(parent), uuid, description, mail, is_person, is_there: true });
    }

    fn is_under(&self, at: usize, above: usize) -> bool {
        at == above || self.0[at].parent.is_some_and(|parent| self.is_under(parent, above))
    }

    fn change(&mut self, random: &mut Random, case: usize) {
        let there: Vec<usize> = (1..self.0.len()).filter(|&at| self.0[at].is_there).collect();
        if there.is_empty() {
            return self.grow(random, case);
        }
        let at = there[random.below(there.len())];
        match random.below(7) {
            0 => self.grow(random, case),
            1 => (0..self.0.len())
                .filter(|&node| self.is_under(node, at))
                .collect::<Vec<_>>()
                .into_iter()
                .for_each(|node| self.0[node].is_there = false),
            2 => self.0[at].description = random.pick(&["one", "Two", "drei"]).to_string(),
            3 if !self.is_unit(at) => self.0[at].mail = vec![format!("m{}@x", random.below(6))],
            4 => self.0[at].is_person = !self.0[at].is_person,
            _ => {
                let parent = if random.below(3) == 0 { self.0[at].parent.unwrap() } else { self.unit(random) };
                if !self.is_under(parent, at)
                    && let Some(name) = self.name(random, parent, self.is_unit(at))
                {
                    self.0[at].name = name;
                    self.0[at].parent = Some(parent);
                }
            }
        }
    }

    fn dn(&self, at: usize) -> String {
        let node = &self.0[at];
        node.parent.map_or_else(|| node.name.clone(), |parent| format!("{},{}", node.name, self.dn(parent)))
    }

    fn ldif(&self, with_uuids: bool) -> String {
        let mut text = String::new();
        for (at, node) in self.0.iter().enumerate().filter(|(_, node)| node.is_there) {
            let (_, value) = node.name.split(',').next().unwrap().split_once('=').unwrap();
            let value = match value {
                "d\\" => "d, e",
                "Zo\\C3\\AB" => "Zoë",
                value => value,
            };
            writeln!(text, "dn: {}", self.dn(at)).unwrap();
            if self.is_unit(at) {
                writeln!(text, "objectClass: organizationalUnit\nou: {value}").unwrap();
            } else if node.is_person {
                writeln!(text, "objectClass: inetOrgPerson\nuid: {value}\ncn: {}\nsn: s", node.description).unwrap();
                node.mail.iter().for_each(|mail| writeln!(text, "mail: {mail}").unwrap());
            } else {
                writeln!(text, "objectClass: account\nuid: {value}").unwrap();
            }
            writeln!(text, "description: {}", node.description).unwrap();
            if with_uuids {
                writeln!(text, "entryUUID: {}", node.uuid).unwrap();
            }
            text.push('\n');
        }
        text
    }
}

/// A random directory before and after some changes, below `ou=caseN,o=random`.
pub fn random_pair(case: usize) -> [String; 2] {
    let random = &mut Random(case as u64);
    let before = Tree::new(random, case);
    let mut after = before.clone();
    for _ in 0..random.below(10) {
        after.change(random, case);
    }
    let with_uuids = random.below(4) > 0;
    [before.ldif(with_uuids), after.ldif(with_uuids)]
}

#[test]
fn random_pairs() {
    let (mut renamed, mut cleared) = (0, 0);
    let runs = cases(400, 2000);
    for case in 0..runs {
        let pair =
            random_pair(case).map(|text| format!("dn: o=random\nobjectClass: organization\no: random\n\n{text}"));
        let change = change(&format!("case {case}"), pair[0].as_bytes(), pair[1].as_bytes(), Server::OpenLdap);
        let change = String::from_utf8(change).unwrap();
        renamed += change.matches("changetype: modrdn").count();
        // A deletion that is not last makes room for an entry with the same DN.
        cleared += change.matches("changetype: delete\n\ndn: ").count();
    }
    assert!(4 * renamed > runs && 10 * cleared > runs, "{renamed}, {cleared}");
}

/// Steps are counted by kind.
#[test]
fn steps_are_counted() {
    let pair = ["before.ldif", "after.ldif"]
        .map(|file| std::fs::read(root().join("fixtures/diff/renamed").join(file)).unwrap())
        .map(|text| MemoryExports::by_record(&text));
    let difference = diff(&pair[0], &pair[1], UrlPolicy::Refuse, &options(Server::OpenLdap)).unwrap();
    let counts =
        [StepKind::Add, StepKind::Rename, StepKind::Modify, StepKind::Delete].map(|kind| difference.count(kind));
    assert_eq!(counts, [0, 3, 1, 1]);
}
