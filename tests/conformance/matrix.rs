//! The proof's model of a server against what slapd 2.5.13, 389 Directory Server 2.3.1 and Samba 4.17.12 did.
//!
//! There is a file for each server: the input of `ldapmodify`, its exit status, and the entries afterwards.
//! [`NOT_ASKED`] lists cases about the client or about records that `offboard` never writes; [`DIFFERENCES`] lists
//! where the model is known to differ from a server.

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::path::PathBuf;

use offboard::ldap::attribute_types::equality_rule;
use offboard::ldap::matching::matches;
use offboard::ldap::{Attribute, AttributeDescription, Change, ChangeRecord, Dn, DnKey, Entry, Value};
use offboard::ldif::{Record, RecordReader, UrlPolicy, convert};
use offboard::policy::Server::{self, ActiveDirectory, Ds389, OpenLdap};
use offboard::proof::apply::Model;

use crate::support::entries;

/// A choice of cases.
enum CaseSelector {
    /// Those with this exit status.
    Code(u16),
    /// Those with such an option.
    Option(&'static str),
    /// Those whose name begins so.
    Named(&'static str),
}
use CaseSelector::{Code, Named, Option as WithOption};

/// Cases that the model is not asked about.
const NOT_ASKED: &[(CaseSelector, &str)] = &[
    (Code(247), "ldapmodify refuses the file itself"),
    (Code(255), "there is no server"),
    (Code(1), "ldapmodify does not begin"),
    (Named("ldapdelete"), "another client: it reads names, not records"),
    (Named("ldapcompare"), "another client"),
    (Named("supportedControl"), "no change"),
    (WithOption("-a"), "a record without a changetype is an entry here"),
    (WithOption("-e"), "a control of the command line, not of the file"),
    (WithOption("-n"), "nothing is sent"),
    (WithOption("-E"), "a transaction"),
    (WithOption("-M"), "a control of the command line, not of the file"),
    (Named("wrong password"), "who may write"),
    (Named("anonymous write"), "who may write"),
    (Named("unauthenticated bind"), "who may write"),
    (Named("file:// URL"), "ldapmodify reads another file"),
    (Named("file:/// directory"), "ldapmodify reads another file"),
    (Named("file URL in dn"), "ldapmodify reads another file"),
    (Named("version: 2"), "refused when it is read"),
    (Named("version: 1 in the middle"), "refused when it is read"),
    (Named("blank line inside a record"), "refused when it is read"),
    (Named("UTF-8 BOM"), "ldapmodify does nothing"),
    (Named("modify ops without changetype line"), "ldapmodify guesses"),
    (Named("base64 attribute of op line"), "never written"),
    (Named("modrdn deleteoldrdn true (word)"), "never written"),
    (Named("empty modify record"), "never written"),
    (Named("tree delete control"), "never written"),
    (Named("relax control line in LDIF"), "never written"),
    (Named("value 1 MB base64"), "the log lacks the value"),
    (Named("line of 10000 characters"), "the log lacks the value"),
    (Named("raw latin-1 byte"), "the log lacks the byte"),
    (Named("invalid DN in record"), "refused when it is read"),
    (Named("DN empty"), "the root entry is in no export"),
];

/// Cases in which the model and a server differ.
#[rustfmt::skip]
const DIFFERENCES: &[(Server, &str, &str)] = &[
    (OpenLdap, "undefined attribute", SITE),
    (Ds389, "undefined attribute", SITE),
    (ActiveDirectory, "undefined attribute", SITE),
    (ActiveDirectory, "attribute not allowed by objectClass", SITE),
    (OpenLdap, "DN #hex value", SPELLING),
    (Ds389, "DN #hex value", SPELLING),
    (ActiveDirectory, "DN #hex value", SPELLING),
    (Ds389, "DN OID attribute type", SPELLING),
    (ActiveDirectory, "DN OID attribute type", SPELLING),
    (ActiveDirectory, "DN leading # and ; and + and <", SPELLING),
    (ActiveDirectory, "DN blanks around , and =", SPELLING),
    (ActiveDirectory, "DN semicolon separator", SPELLING),
    (Ds389, "DN trailing space value", PREPARATION),
    (Ds389, "DN UTF-8 decomposed matches composed?", PREPARATION),
    (ActiveDirectory, "DN UTF-8 decomposed matches composed?", PREPARATION),
    (OpenLdap, "DN outside the suffix", "the model knows no suffix"),
    (Ds389, "moddn newrdn base64 UTF-8", "its plugin lets only ASCII into uid"),
    (ActiveDirectory, "member add of non-existing entry", "the model holds what changes touch, not every entry"),
    (ActiveDirectory, "attribute option ;lang-en add+delete", "it has no options, so no export of it shows one"),
    (ActiveDirectory, "delete required attribute sn / objectClass", "it does nothing; never written"),
];

const SITE: &str = "the model does not have the schema of the site";
const SPELLING: &str = "names are written as an export of the server spells them, and none spells them so";
const PREPARATION: &str = "the server does not prepare strings as RFC 4518 says";

/// The entries at the start of each case on slapd and 389 DS.
const SUN: &str = "\
dn: ou=T,o=root_suffix
objectClass: organizationalUnit
ou: T

dn: ou=Leavers,ou=T,o=root_suffix
objectClass: organizationalUnit
ou: Leavers

dn: ou=Sub,ou=T,o=root_suffix
objectClass: organizationalUnit
ou: Sub

dn: ou=Deep,ou=Sub,ou=T,o=root_suffix
objectClass: organizationalUnit
ou: Deep

dn: uid=u1,ou=T,o=root_suffix
objectClass: top
objectClass: person
objectClass: organizationalPerson
objectClass: inetOrgPerson
objectClass: inetUser
uid: u1
cn: u1
sn: u1
inetUserStatus: Active
description: one
description: two

dn: uid=u2,ou=T,o=root_suffix
objectClass: top
objectClass: person
objectClass: organizationalPerson
objectClass: inetOrgPerson
objectClass: inetUser
uid: u2
cn: u2
sn: u2
inetUserStatus: Active
description: one
description: two

dn: cn=g1,ou=T,o=root_suffix
objectClass: groupOfNames
cn: g1
member: uid=u1,ou=T,o=root_suffix
member: uid=u2,ou=T,o=root_suffix

dn: cn=g2,ou=T,o=root_suffix
objectClass: groupOfNames
cn: g2
member: uid=u1,ou=T,o=root_suffix

dn: cn=ug1,ou=T,o=root_suffix
objectClass: groupOfUniqueNames
cn: ug1
uniqueMember: uid=u1,ou=T,o=root_suffix
";

/// The entries at the start of each case on Samba.
const AD: &str = "\
dn: OU=T,DC=ad,DC=example,DC=test
objectClass: organizationalUnit
ou: T

dn: OU=Leavers,OU=T,DC=ad,DC=example,DC=test
objectClass: organizationalUnit
ou: Leavers

dn: OU=Sub,OU=T,DC=ad,DC=example,DC=test
objectClass: organizationalUnit
ou: Sub

dn: OU=Deep,OU=Sub,OU=T,DC=ad,DC=example,DC=test
objectClass: organizationalUnit
ou: Deep

dn: CN=u1,OU=T,DC=ad,DC=example,DC=test
objectClass: top
objectClass: person
objectClass: organizationalPerson
objectClass: user
cn: u1
sAMAccountName: u1
userAccountControl: 514
info: Active
otherTelephone: one
otherTelephone: two

dn: CN=u2,OU=T,DC=ad,DC=example,DC=test
objectClass: top
objectClass: person
objectClass: organizationalPerson
objectClass: user
cn: u2
sAMAccountName: u2
userAccountControl: 514
info: Active
otherTelephone: one
otherTelephone: two

dn: CN=g1,OU=T,DC=ad,DC=example,DC=test
objectClass: top
objectClass: group
cn: g1
member: CN=u1,OU=T,DC=ad,DC=example,DC=test
member: CN=u2,OU=T,DC=ad,DC=example,DC=test

dn: CN=g2,OU=T,DC=ad,DC=example,DC=test
objectClass: top
objectClass: group
cn: g2
member: CN=u1,OU=T,DC=ad,DC=example,DC=test
";

/// One case of a file.
#[derive(Default)]
struct RecordedCase {
    name: String,
    input: Vec<u8>,
    args: String,
    code: u16,
    now: Vec<Shown>,
}

/// What a search showed afterwards.
enum Shown {
    Entries(Vec<Entry>),
    /// The searched entry did not exist. Samba gives its name.
    Absent(Option<DnKey>),
}

fn read(file: &str) -> Vec<RecordedCase> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/matrix").join(file);
    let text = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut cases: Vec<RecordedCase> = Vec::new();
    let mut shown: Vec<Vec<u8>> = Vec::new();
    let mut is_showing = false;
    for line in text.split(|byte| *byte == b'\n') {
        if let Some(rest) = line.strip_prefix(b"       ").filter(|_| is_showing) {
            shown.last_mut().unwrap().extend([rest, b"\n"].concat());
            continue;
        }
        is_showing = false;
        if let Some(name) = line.strip_prefix(b"=== ") {
            finish(cases.last_mut(), &mut shown);
            cases.push(RecordedCase {
                name: String::from_utf8_lossy(name).into_owned(),
                code: u16::MAX,
                ..RecordedCase::default()
            });
            continue;
        }
        let Some(case) = cases.last_mut() else { continue };
        if let Some(input) = line.strip_prefix(b"  | ") {
            if !case.input.is_empty() {
                case.input.push(b'\n');
            }
            case.input.extend(input);
        } else if let Some(args) = line.strip_prefix(b"  args: ") {
            case.args = String::from_utf8(args.to_vec()).unwrap();
        } else if let Some(code) = line.strip_prefix(b"  rc=") {
            let digits: String =
                code.iter().take_while(|byte| byte.is_ascii_digit()).map(|&byte| char::from(byte)).collect();
            case.code = digits.parse().unwrap();
        } else if let Some(first) = line.strip_prefix(b"  now: ") {
            is_showing = true;
            shown.push([first, b"\n"].concat());
        }
    }
    finish(cases.last_mut(), &mut shown);
    cases
}

fn finish(case: Option<&mut RecordedCase>, shown: &mut Vec<Vec<u8>>) {
    let Some(case) = case else { return };
    case.now = shown.drain(..).map(|text| answer(&text)).collect();
}

fn answer(text: &[u8]) -> Shown {
    if !text.starts_with(b" No such object") {
        return Shown::Entries(entries(text));
    }
    let text = std::str::from_utf8(text).unwrap();
    let name = text.split_once("No such Base DN: ").map(|(_, name)| DnKey::parse(name.trim().as_bytes()).unwrap());
    Shown::Absent(name)
}

fn model(server: Server) -> Model {
    let (content, suffix) = match server {
        ActiveDirectory => (AD, "DC=ad,DC=example,DC=test"),
        _ => (SUN, "o=root_suffix"),
    };
    let mut model = Model::new(server);
    model.existing.insert(DnKey::parse(suffix.as_bytes()).unwrap());
    for entry in entries(content.as_bytes()) {
        let key = entry.dn.key().clone();
        model.children.entry(key.parent().unwrap()).or_default().insert(key.clone());
        model.entries.insert(key, entry.into());
    }
    model
}

/// The records of a case.
fn records(case: &RecordedCase) -> Result<Vec<ChangeRecord>, String> {
    let mut records = Vec::new();
    for record in RecordReader::new(&case.input, 1, UrlPolicy::Refuse) {
        match record.map_err(|error| format!("cannot be read: {error}"))? {
            Record::Change(record) => records.push(convert::change(&record).map_err(|error| error.to_string())?),
            Record::Content(_) => return Err("holds an entry".to_owned()),
            Record::NonEntry { .. } => {}
        }
    }
    Ok(records)
}

/// Runs a case in the model. The error is the difference from the server.
fn differs(server: Server, case: &RecordedCase) -> Result<(), String> {
    let records = records(case)?;
    let mut model = model(server);
    let goes_on = case.args.contains(" -c");
    let mut code = 0;
    for record in &records {
        if let Err(refused) = model.apply(record) {
            code = refused.number();
            if !goes_on {
                break;
            }
        }
    }
    if code != case.code {
        return Err(format!("answers {code}, the server {}", case.code));
    }
    for shown in &case.now {
        match shown {
            Shown::Absent(Some(key)) if model.entries.contains_key(key) => return Err(format!("{key:?} is there")),
            Shown::Absent(Some(_)) => {}
            Shown::Absent(None) => {
                if !names(&records).iter().any(|key| !model.entries.contains_key(key)) {
                    return Err("all entries are there".to_owned());
                }
            }
            Shown::Entries(entries) => {
                same_names(&model, entries)?;
                // The attributes that the search shows, or those that were changed where it shows none.
                let attributes = entries.iter().flat_map(|entry| &entry.attributes);
                let mut asked: HashSet<_> = attributes.map(|attribute| attribute.description.clone()).collect();
                if let ([_], true) = (&entries[..], asked.is_empty()) {
                    asked.extend(touched(&records));
                }
                for entry in entries {
                    let own = &model.entries[entry.dn.key()];
                    asked.iter().try_for_each(|description| same_values(own, entry, description))?;
                }
            }
        }
    }
    Ok(())
}

/// The attributes that the records modify.
fn touched(records: &[ChangeRecord]) -> impl Iterator<Item = AttributeDescription> {
    records.iter().flat_map(|record| match &record.change {
        Change::Modify(modifications) => modifications.iter().map(|one| one.description.clone()).collect(),
        _ => Vec::new(),
    })
}

/// The DNs in records, before and after a rename.
fn names(records: &[ChangeRecord]) -> Vec<DnKey> {
    let mut names = Vec::new();
    for record in records {
        names.push(record.dn.key().clone());
        if let Change::ModifyDn { new_rdn, new_superior, .. } = &record.change {
            let superior = new_superior.as_ref().map(Dn::raw_bytes).or_else(|| record.dn.parent_spelling());
            let name = [new_rdn.raw_bytes(), b",", superior.unwrap_or_default()].concat();
            names.push(DnKey::parse(&name).unwrap());
        }
    }
    names
}

/// The entries that a search showed: those at or below the first one, or those directly below one.
fn same_names(model: &Model, shown: &[Entry]) -> Result<(), String> {
    let shown: BTreeSet<&DnKey> = shown.iter().map(|entry| entry.dn.key()).collect();
    // Keys sort parents first.
    let first = *shown.first().unwrap();
    let own: BTreeSet<&DnKey> = if shown.len() == 1 {
        model.entries.keys().filter(|key| *key == first).collect()
    } else if shown.iter().all(|key| key.depth() == first.depth()) {
        model.entries.keys().filter(|key| key.parent() == first.parent()).collect()
    } else {
        model.entries.keys().filter(|key| key.is_at_or_under(first)).collect()
    };
    if own == shown { Ok(()) } else { Err(format!("holds {own:?}, the server {shown:?}")) }
}

fn same_values(own: &Entry, shown: &Entry, description: &AttributeDescription) -> Result<(), String> {
    let values = |entry: &Entry| -> Vec<Value> {
        let of = |attribute: &&Attribute| attribute.description == *description;
        entry.attributes.iter().filter(of).flat_map(|attribute| attribute.values.clone()).collect()
    };
    let (own_values, shown_values) = (values(own), values(shown));
    let rule = equality_rule(description.attribute_type());
    let has = |values: &[Value], one: &Value| values.iter().any(|value| matches(rule, &value.bytes, &one.bytes));
    let same = own_values.len() == shown_values.len() && shown_values.iter().all(|value| has(&own_values, value));
    let text = |values: &[Value]| values.iter().map(|value| value.bytes.escape_ascii().to_string()).collect::<Vec<_>>();
    if same {
        Ok(())
    } else {
        Err(format!(
            "{description} of {:?} is {:?}, on the server {:?}",
            own.dn,
            text(&own_values),
            text(&shown_values)
        ))
    }
}

impl CaseSelector {
    fn hold(&self, case: &RecordedCase) -> bool {
        match self {
            Code(code) => case.code == *code,
            WithOption(option) => case.args.split(' ').any(|word| word == *option),
            Named(name) => case.name.starts_with(name),
        }
    }
}

fn is_asked(case: &RecordedCase) -> bool {
    !NOT_ASKED.iter().any(|(not_asked, _)| not_asked.hold(case))
}

/// Compares all cases of a file; gives how many were compared and how many are known to differ.
fn check(server: Server, file: &str) -> (usize, usize) {
    let cases = read(file);
    let known = |name: &str| DIFFERENCES.iter().any(|(on, known, _)| *on == server && *known == name);
    let mut wrong = Vec::new();
    let (mut compared, mut different) = (0, 0);
    for case in cases.iter().filter(|case| is_asked(case)) {
        match (differs(server, case), known(&case.name)) {
            (Ok(()), false) => compared += 1,
            (Err(_), true) => different += 1,
            (Ok(()), true) => wrong.push(format!("{}: no difference any more", case.name)),
            (Err(what), false) => wrong.push(format!("{}: {what}", case.name)),
        }
    }
    let missing =
        DIFFERENCES.iter().filter(|(on, name, _)| *on == server && !cases.iter().any(|case| case.name == *name));
    wrong.extend(missing.map(|(_, name, _)| format!("{name}: no such case")));
    assert!(wrong.is_empty(), "{file}: {compared} agree, {} do not:\n{}", wrong.len(), wrong.join("\n"));
    (compared, different)
}

#[test]
fn slapd() {
    assert_eq!(check(OpenLdap, "slapd.txt"), (105, 3));
}

#[test]
fn ds389() {
    assert_eq!(check(Ds389, "389.txt"), (102, 6));
}

#[test]
fn samba() {
    assert_eq!(check(ActiveDirectory, "samba.txt"), (92, 11));
}

/// Every line of the tables applies to a case; an unused line could hide a new difference.
#[test]
fn what_is_not_asked_is_there() {
    let cases: Vec<RecordedCase> = ["slapd.txt", "389.txt", "samba.txt"].iter().flat_map(|file| read(file)).collect();
    for (not_asked, reason) in NOT_ASKED {
        assert!(cases.iter().any(|case| not_asked.hold(case)), "{reason}");
    }
}
