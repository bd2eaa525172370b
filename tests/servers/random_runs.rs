//! Random changes to random small directories: the proof's model and a slapd agree.
//!
//! Each case is an organizational unit with people, groups and units below it, and valid and invalid changes to them.
//! All cases are loaded into one server and run by one client. The result code of each change and the content at the
//! end are compared with the model. A case is determined by its number.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::process::Stdio;

use offboard::ldap::attribute_types::equality_rule;
use offboard::ldap::matching::normalize;
use offboard::ldap::{
    Attribute, AttributeDescription, Change, ChangeRecord, Dn, DnKey, Entry, ModOp, Modification, Origin, Rdn,
    ResultCode, Value,
};
use offboard::ldif::{Record, RecordReader, UrlPolicy, convert, writer};
use offboard::policy::Server;
use offboard::proof::apply::Model;
use serde_json::json;

use super::server::Server as _;
use super::slapd::{Slapd, SlapdSetup};
use crate::support::Random;
use crate::support::programs::{output_text, python_ldap};

const SUFFIX: &str = "o=random";
const CASES: u64 = 1200;
const CHANGES: u64 = 5;

/// A case: the entries at the start, and the changes to them.
struct RandomCase {
    number: u64,
    entries: Vec<Entry>,
    changes: Vec<ChangeRecord>,
}

/// Values of `uid`; in a DN the comma and the plus need an escape.
const PEOPLE: [&str; 5] = ["anna", "Bert", "chris, the 2nd", "d+e", "Zoë M"];
const GROUPS: [&str; 3] = ["staff", "board", "guests"];
const UNITS: [&str; 3] = ["People", "Old People", "Groups"];

fn escaped(value: &str) -> String {
    value.replace(',', "\\,").replace('+', "\\+")
}

/// Another spelling of a DN: case, blanks, hexadecimal escapes, the OID of the type.
fn respelled(random: &mut Random, dn: &str) -> String {
    let mut dn = dn.to_owned();
    if random.one_in(3) {
        dn = dn.replace("\\,", "\\2C").replace("\\+", "\\2b");
    }
    if random.one_in(3) {
        dn = dn.replace(",ou=", " , OU = ").replace(",o=", ", O=");
    }
    if random.one_in(3) {
        dn = dn.replace("uid=", "UserID=").replace("anna", "ANNA").replace("Bert", "b\\65rt");
    }
    if random.one_in(4) {
        dn = dn.replace("cn=", "2.5.4.3=");
    }
    dn
}

fn entry(dn: &str, attributes: &[(&str, &str)]) -> Entry {
    let mut entry = Entry { dn: Dn::parse(dn.as_bytes()).unwrap(), origin: Origin::default(), attributes: Vec::new() };
    for (name, value) in attributes {
        entry.push(AttributeDescription::parse(name.as_bytes()).unwrap(), Value::new(value.as_bytes()));
    }
    entry
}

impl RandomCase {
    fn new(number: u64) -> Self {
        let random = &mut Random(number);
        let base = format!("ou=case{number},{SUFFIX}");
        let mut entries =
            vec![entry(&base, &[("objectClass", "organizationalUnit"), ("ou", &format!("case{number}"))])];
        let mut units = vec![base.clone()];
        for unit in UNITS {
            let above = random.pick(&units).clone();
            let dn = format!("ou={unit},{above}");
            entries.push(entry(&dn, &[("objectClass", "organizationalUnit"), ("ou", unit)]));
            units.push(dn);
        }
        let mut people: Vec<String> = Vec::new();
        for person in PEOPLE.iter().take(2 + random.below(4)) {
            let dn = format!("uid={},{}", escaped(person), random.pick(&units));
            let mut own = entry(
                &dn,
                &[("objectClass", "inetOrgPerson"), ("objectClass", "inetUser"), ("uid", person), ("cn", person)],
            );
            own.push(description("sn"), Value::new(b"Sn"));
            if random.one_in(2) {
                own.push(description("inetUserStatus"), Value::new(b"Active"));
            }
            for (name, value) in
                [("description", "one"), ("description", "two"), ("employeeNumber", "7"), ("title", "x")]
            {
                if random.one_in(2) {
                    own.push(description(name), Value::new(value.as_bytes()));
                }
            }
            if !people.is_empty() && random.one_in(2) {
                let manager = random.pick(&people).clone();
                own.push(description("manager"), Value::new(respelled(random, &manager).as_bytes()));
            }
            people.push(dn);
            entries.push(own);
        }
        let mut groups = Vec::new();
        for group in GROUPS.iter().take(1 + random.below(3)) {
            let dn = format!("cn={group},{}", random.pick(&units));
            let (class, member) = *random.pick(&[("groupOfNames", "member"), ("groupOfUniqueNames", "uniqueMember")]);
            let mut own = entry(&dn, &[("objectClass", class), ("cn", group)]);
            let all = 1 + random.below(people.len());
            for person in people.iter().take(all) {
                own.push(description(member), Value::new(respelled(random, person).as_bytes()));
            }
            if random.one_in(2) {
                let owner = random.pick(&people).clone();
                own.push(description("owner"), Value::new(respelled(random, &owner).as_bytes()));
            }
            groups.push(dn);
            entries.push(own);
        }
        let mut case = Self { number, entries, changes: Vec::new() };
        let names = Names { units, people, groups };
        for _ in 0..CHANGES {
            let change = names.change(random);
            case.changes.push(change);
        }
        case
    }

    /// The case as LDIF: entries, and changes with the result codes of model and server.
    fn shown(&self, said: &[u16], answered: &[u16]) -> String {
        let mut out = Vec::new();
        for entry in &self.entries {
            writer::write_entry(&mut out, entry);
            out.push(b'\n');
        }
        out.extend(b"# changes\n");
        for ((change, said), answered) in self.changes.iter().zip(said).zip(answered) {
            let mark = if said == answered { "" } else { ": DIFFERENT" };
            out.extend(format!("# {said} in the model, {answered} from slapd{mark}\n").bytes());
            writer::write_change(&mut out, change);
            out.push(b'\n');
        }
        format!("case {}\n{}", self.number, String::from_utf8_lossy(&out))
    }
}

fn description(name: &str) -> AttributeDescription {
    AttributeDescription::parse(name.as_bytes()).unwrap()
}

/// The DNs of a case at the start.
struct Names {
    units: Vec<String>,
    people: Vec<String>,
    groups: Vec<String>,
}

impl Names {
    fn any(&self, random: &mut Random) -> String {
        let kinds: [&[String]; 5] = [&self.units[1..], &self.people, &self.people, &self.groups, &self.groups];
        let kind = *random.pick(&kinds);
        let name = random.pick(kind).clone();
        if random.one_in(12) { format!("uid=nobody,{}", self.units[0]) } else { name }
    }

    fn change(&self, random: &mut Random) -> ChangeRecord {
        let name = self.any(random);
        let dn = respelled(random, &name);
        let (dn, change) = match random.below(10) {
            0 | 1 => (dn, Change::Delete),
            2 | 3 => (dn, self.rename(random, &name)),
            4 => self.addition(random),
            _ => (dn, Change::Modify(self.modifications(random, &name))),
        };
        ChangeRecord { dn: Dn::parse(dn.as_bytes()).unwrap(), controls: Vec::new(), change }
    }

    fn rename(&self, random: &mut Random, name: &str) -> Change {
        let own = Dn::parse(name.as_bytes()).unwrap();
        let other = *random.pick(&["uid=new", "cn=new", "uid=anna", "ou=new", "cn=staff+uid=x"]);
        let kept = random.below(3) > 0;
        let new_rdn = if kept { own.rdn_spelling() } else { other.as_bytes() };
        let superior = random.pick(&self.units).clone();
        let superior = if random.one_in(10) { format!("ou=Nowhere,{superior}") } else { superior };
        let superior = (kept || random.one_in(2)).then(|| Dn::parse(respelled(random, &superior).as_bytes()).unwrap());
        Change::ModifyDn {
            new_rdn: Rdn::parse(new_rdn).unwrap(),
            delete_old_rdn: !random.one_in(3),
            new_superior: superior,
        }
    }

    fn addition(&self, random: &mut Random) -> (String, Change) {
        let above = if random.one_in(6) { self.any(random) } else { random.pick(&self.units).clone() };
        let person = *random.pick(&["anna", "eve"]);
        let dn = format!("uid={person},{above}");
        let mut added = entry(&dn, &[("objectClass", "inetOrgPerson"), ("cn", person), ("sn", person)]);
        added.push(description("uid"), Value::new(person.as_bytes()));
        if random.one_in(4) {
            added.attributes.remove(random.below(4));
        }
        if random.one_in(3) {
            let (name, value) = random.pick(&WORDS);
            added.push(description(name), Value::new(value.as_bytes()));
        }
        (dn, Change::Add(added.attributes))
    }

    fn modifications(&self, random: &mut Random, name: &str) -> Vec<Modification> {
        let count = 1 + random.below(3);
        (0..count).map(|_| self.modification(random, name)).collect()
    }

    fn modification(&self, random: &mut Random, name: &str) -> Modification {
        let op = *random.pick(&[ModOp::Add, ModOp::Delete, ModOp::Delete, ModOp::Replace]);
        let of_names = self.groups.iter().any(|group| group == name) || random.one_in(6);
        let (attribute, mut values) = if of_names && !random.one_in(4) {
            let attribute = *random.pick(&["member", "uniqueMember", "owner", "manager"]);
            let named = random.pick(&self.people).clone();
            let mut values = vec![respelled(random, &named)];
            if random.one_in(4) {
                let other = random.pick(&self.people).clone();
                values.push(respelled(random, &other));
            }
            if random.one_in(15) {
                values.push("not a name".to_owned());
            }
            (attribute, values)
        } else {
            let (attribute, value) = *random.pick(&WORDS);
            let mut values = vec![if random.one_in(4) { value.to_uppercase() } else { value.to_owned() }];
            // The model does not check whether classes exist or times are valid (21).
            if attribute != "objectClass" && attribute != "createTimestamp" && random.one_in(5) {
                values.push((*random.pick(&["two", "ONE", "8"])).to_owned());
            }
            (attribute, values)
        };
        if op != ModOp::Add && random.one_in(4) {
            values.clear();
        }
        let values = values.iter().map(|value| Value::new(value.as_bytes())).collect();
        Modification { op, description: description(attribute), values }
    }
}

/// Attributes with values: present or not, single-valued or multi-valued, required, allowed or not, set by the server,
/// of a class.
const WORDS: [(&str, &str); 22] = [
    ("inetUserStatus", "Active"),
    ("inetUserStatus", "deleted"),
    ("INETUSERSTATUS", "deleted"),
    ("description", "one"),
    ("description", "two"),
    ("description", " One "),
    ("2.5.4.13", "three"),
    ("description;lang-de", "eins"),
    ("description", ""),
    ("employeeNumber", "7"),
    ("employeeNumber", "8"),
    ("title", "x"),
    ("uid", "anna"),
    ("uid", "Bert"),
    ("cn", "another"),
    ("sn", "Sn"),
    ("audio", "not compared"),
    ("mailUserStatus", "active"),
    ("createTimestamp", "20260101000000Z"),
    ("objectClass", "inetUser"),
    ("objectClass", "inetMailUser"),
    ("objectClass", "organizationalPerson"),
];

/// An entry for comparison: attributes by key, values normalized by their matching rules.
type Form = BTreeMap<String, Vec<Vec<u8>>>;

/// Attributes that the server adds by itself.
const ADDED: [&str; 8] = [
    "structuralObjectClass",
    "entryUUID",
    "creatorsName",
    "createTimestamp",
    "entryCSN",
    "modifiersName",
    "modifyTimestamp",
    "contextCSN",
];

fn form(attributes: &[Attribute]) -> Form {
    let own = attributes.iter().filter(|attribute| !ADDED.iter().any(|added| attribute.description.is(added)));
    own.map(|attribute| {
        let rule = equality_rule(attribute.description.attribute_type());
        let mut values: Vec<_> =
            attribute.values.iter().map(|value| normalize(rule, &value.bytes).into_owned()).collect();
        values.sort();
        (attribute.description.key().as_str().to_owned(), values)
    })
    .collect()
}

/// A change as `apply_records.py` reads it.
fn line(record: &ChangeRecord) -> serde_json::Value {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let values = |values: &[Value]| values.iter().map(|value| text(&value.bytes)).collect::<Vec<_>>();
    let dn = text(record.dn.raw_bytes());
    match &record.change {
        Change::Add(attributes) => {
            let attributes: Vec<_> =
                attributes.iter().map(|one| json!([one.description.as_str(), values(&one.values)])).collect();
            json!(["add", dn, attributes])
        }
        Change::Delete => json!(["delete", dn]),
        Change::Modify(modifications) => {
            let modification = |one: &Modification| {
                let values = (!one.values.is_empty()).then(|| values(&one.values));
                json!([one.op.keyword(), one.description.as_str(), values])
            };
            json!(["modify", dn, modifications.iter().map(modification).collect::<Vec<_>>()])
        }
        Change::ModifyDn { new_rdn, delete_old_rdn, new_superior } => {
            let superior = new_superior.as_ref().map(|superior| text(superior.raw_bytes()));
            json!(["modrdn", dn, text(new_rdn.raw_bytes()), u8::from(*delete_old_rdn), superior])
        }
    }
}

/// The result of the model: the code of each change, and the entries at the end.
fn foretold(case: &RandomCase) -> (Vec<u16>, BTreeMap<DnKey, Form>) {
    let mut model = Model::new(Server::OpenLdap);
    model.existing.insert(DnKey::parse(SUFFIX.as_bytes()).unwrap());
    for entry in &case.entries {
        let key = entry.dn.key().clone();
        model.children.entry(key.parent().unwrap()).or_default().insert(key.clone());
        model.entries.insert(key, entry.clone().into());
    }
    let codes = case.changes.iter().map(|change| model.apply(change).err().map_or(0, ResultCode::number)).collect();
    let forms = model.entries.iter().map(|(key, entry)| (key.clone(), form(&entry.attributes))).collect();
    (codes, forms)
}

/// The entries of a server.
fn held(server: &Slapd, folder: &std::path::Path) -> BTreeMap<DnKey, Form> {
    let text = fs::read(&server.export(folder)[0]).unwrap();
    let mut held = BTreeMap::new();
    for record in RecordReader::new(&text, 1, UrlPolicy::Refuse) {
        if let Record::Content(record) = record.unwrap() {
            let attributes = convert::attributes(&record.attributes).unwrap();
            held.insert(DnKey::parse(&record.dn).unwrap(), form(&attributes));
        }
    }
    held
}

fn answers(server: &Slapd, cases: &[RandomCase]) -> Vec<u16> {
    let changes: Vec<String> =
        cases.iter().flat_map(|case| &case.changes).map(|change| line(change).to_string()).collect();
    let changes = changes.join("\n");
    let mut client = python_ldap("apply_records.py");
    client.args(server.environment().map(|(_, value)| value));
    let mut client = client.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut input = client.stdin.take().unwrap();
    // The client reads while it writes; the thread avoids a deadlock.
    let writing = std::thread::spawn(move || input.write_all(changes.as_bytes()).unwrap());
    let output = client.wait_with_output().unwrap();
    writing.join().unwrap();
    assert!(output.status.success(), "{}", output_text(&output));
    String::from_utf8(output.stdout).unwrap().lines().map(|line| line.parse().unwrap()).collect()
}

#[test]
fn the_model_does_as_slapd_does() {
    let cases: Vec<RandomCase> = (0..CASES).map(RandomCase::new).collect();
    let folder = tempfile::tempdir().unwrap();
    let export = folder.path().join("export.ldif");
    let mut text = b"dn: o=random\nobjectClass: organization\no: random\n\n".to_vec();
    for entry in cases.iter().flat_map(|case| &case.entries) {
        writer::write_entry(&mut text, entry);
        text.push(b'\n');
    }
    fs::write(&export, text).unwrap();
    let server = Slapd::start(SlapdSetup::plain(&[SUFFIX]), &[export]);
    let codes = answers(&server, &cases);
    let held = held(&server, folder.path());

    let mut wrong = Vec::new();
    let mut seen: BTreeMap<u16, usize> = BTreeMap::new();
    let mut codes = codes.into_iter();
    for case in &cases {
        let base = case.entries[0].dn.key();
        let (said, forms) = foretold(case);
        let answered: Vec<u16> = codes.by_ref().take(case.changes.len()).collect();
        for code in &answered {
            *seen.entry(*code).or_default() += 1;
        }
        let own: BTreeMap<DnKey, Form> = held
            .range(base.clone()..)
            .take_while(|(key, _)| key.is_at_or_under(base))
            .map(|(key, form)| (key.clone(), form.clone()))
            .collect();
        if answered != said {
            wrong.push(case.shown(&said, &answered));
        } else if own != forms {
            let differs = forms.iter().filter(|(key, form)| own.get(*key) != Some(*form));
            let there: Vec<_> =
                differs.map(|(key, form)| format!("{key:?}: {form:?}, slapd {:?}", own.get(key))).collect();
            wrong.push(format!("{}\n{}", case.shown(&said, &answered), there.join("\n")));
        }
    }
    assert!(codes.next().is_none());
    let first = wrong.iter().take(3).map(String::as_str).collect::<Vec<_>>().join("\n");
    assert!(wrong.is_empty(), "{} of {CASES} cases differ:\n{first}", wrong.len());
    // A result code that never occurred was never compared.
    for code in [0, 16, 18, 19, 20, 21, 32, 53, 64, 65, 66, 68, 69] {
        assert!(seen.get(&code).is_some_and(|count| *count >= 5), "{code}: {seen:?}");
    }
}
