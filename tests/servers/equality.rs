//! Attribute types without an EQUALITY rule: the result codes of each server, and the records that a plan writes for
//! them.
//!
//! | fact, measured | consequence |
//! | --- | --- |
//! | slapd answers 18 to the deletion of a value of such a type and to the addition of one to others; `replace:`, `delete:` without values and the first values of an attribute succeed | lists are written whole |
//! | 389 DS and Active Directory compare such values nevertheless | single values are written |
//! | slapd stores no value of a syntax that it cannot validate (photo, searchGuide) and none of `c-` types outside of subentries | these are in the table by their schema, untested |
//! | `delete:` and `add:` of the same value in one modify change nothing, and fail with 16 if the value is missing | is used as a guard |
//! | the assertion control on `entryCSN` answers 122 after the entry has changed | is a guard for a whole list |

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use offboard::ldap::attribute_types;
use offboard::ldif::{Record, RecordReader, UrlPolicy, convert};
use offboard::policy::Server as Kind;

use super::compare::assert_same;
use super::ds389::{self, Ds389};
use super::samba::{AdDatabase, ORGANISATION};
use super::server::Server;
use super::slapd::{Slapd, SlapdSetup};
use crate::conformance::schema::schema;
use crate::diff::model;
use crate::support::programs::{output_text, succeed};
use crate::support::runbook::run_block;
use crate::support::{offboard, root, stderr};

/// An attribute that can be put on an entry.
struct AttributeCase {
    attribute: &'static str,
    /// Two values that the entry has and one that it does not have, as LDIF has them after the first colon.
    values: [&'static str; 3],
    /// Whether the attribute is single-valued.
    single: bool,
    /// Whether a user of Active Directory may have the attribute with several values.
    in_ad: bool,
}

const fn case(attribute: &'static str, values: [&'static str; 3], single: bool, in_ad: bool) -> AttributeCase {
    AttributeCase { attribute, values, single, in_ad }
}

#[rustfmt::skip]
const CASES: [AttributeCase; 11] = [
    case("telexNumber",              [" 1$de$a", " 2$de$b", " 3$de$c"],              false, true),
    case("facsimileTelephoneNumber", [" +49 1", " +49 2", " +49 3"],                 false, false),
    case("preferredDeliveryMethod",  [" telephone", " any", " mhs"],                 true,  false),
    case("otherMailbox",             [" x$a", " x$b", " x$c"],                       false, true),
    case("audio",                    [" one", " two", " three"],                     false, true),
    case("jpegPhoto",                [": /9j/4AE=", ": /9j/4AI=", ": /9j/4AM="],     false, true),
    case("userPKCS12",               [": BAFh", ": BAFi", ": BAFj"],                 false, true),
    case("userSMIMECertificate",     [": BAFh", ": BAFi", ": BAFj"],                 false, true),
    case("mailPreferenceOption",     [" 0", " 1", " 2"],                             false, false),
    case("nisNetgroupTriple",        [" (h,a,)", " (h,b,)", " (h,c,)"],              false, false),
    case("bootParameter",            [" root=h:/a", " root=h:/b", " root=h:/c"],     false, false),
];

impl AttributeCase {
    /// The entry, with its values.
    fn entry(&self, dn: &str, head: &str) -> String {
        let mut text = format!("dn: {dn}\n{head}");
        for value in self.values.iter().take(if self.single { 1 } else { 2 }) {
            writeln!(text, "{}:{value}", self.attribute).unwrap();
        }
        text
    }

    /// Change records, one for each request. A refused request leaves the entry as it is for the next one.
    fn requests(&self, dn: &str) -> Vec<String> {
        let name = self.attribute;
        let [first, second, third] = self.values;
        let modify = |body: String| format!("dn: {dn}\nchangetype: modify\n{body}-\n");
        let mut requests = vec![modify(format!("delete: {name}\n{name}:{first}\n"))];
        if !self.single {
            requests.push(modify(format!("add: {name}\n{name}:{third}\n")));
        }
        requests.push(modify(format!("replace: {name}\n{name}:{second}\n")));
        requests.push(modify(format!("delete: {name}\n")));
        requests.push(modify(format!("add: {name}\n{name}:{first}\n")));
        requests
    }
}

/// The result codes of the model, 0 for success.
fn modelled(entry: &str, requests: &[String], kind: Kind) -> Vec<i32> {
    let mut model = model(entry.as_bytes(), kind);
    let code = |request: &String| {
        let record = RecordReader::new(request.as_bytes(), 1, UrlPolicy::Refuse).next().unwrap().unwrap();
        let Record::Change(record) = record else { panic!("{request}") };
        model.apply(&convert::change(&record).unwrap()).map_or_else(|code| i32::from(code.number()), |()| 0)
    };
    requests.iter().map(code).collect()
}

fn number(result: Result<std::process::Output, std::process::Output>) -> i32 {
    result.map_or_else(|output| output.status.code().unwrap(), |_| 0)
}

const HEAD: &str = "objectClass: top\nobjectClass: person\nobjectClass: extensibleObject\ncn: e\nsn: e\n";

/// Runs every request of every case, each on an entry of its own, and compares the result codes with the model.
fn compare(server: &dyn Server, kind: Kind, expected: impl Fn(&AttributeCase) -> Vec<i32>) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("request.ldif");
    for (index, case) in CASES.iter().enumerate() {
        let dn = format!("cn=e,ou=c{index},dc=example,dc=com");
        let mut codes = Vec::new();
        for request in case.requests(&dn) {
            fs::write(&file, &request).unwrap();
            let output = server.client("ldapmodify").arg("-f").arg(&file).output().unwrap();
            codes.push(output.status.code().unwrap());
        }
        assert_eq!(codes, expected(case), "{}", case.attribute);
        assert_eq!(
            modelled(&case.entry(&dn, HEAD), &case.requests(&dn), kind),
            codes,
            "{} in the model",
            case.attribute
        );
    }
}

/// An export with an entry for every case.
fn export(folder: &Path) -> PathBuf {
    let mut text = "dn: dc=example,dc=com\nobjectClass: top\nobjectClass: domain\ndc: example\n\n".to_owned();
    for (index, case) in CASES.iter().enumerate() {
        let parent = format!("ou=c{index},dc=example,dc=com");
        writeln!(text, "dn: {parent}\nobjectClass: top\nobjectClass: organizationalUnit\nou: c{index}\n").unwrap();
        writeln!(text, "{}", case.entry(&format!("cn=e,{parent}"), HEAD)).unwrap();
    }
    let file = folder.join("export.ldif");
    fs::write(&file, text).unwrap();
    file
}

#[test]
fn codes_of_slapd() {
    let folder = tempfile::tempdir().unwrap();
    let server = Slapd::start(SlapdSetup::plain(&["dc=example,dc=com"]), &[export(folder.path())]);
    compare(&server, Kind::OpenLdap, |case| if case.single { vec![18, 0, 0, 0] } else { vec![18, 18, 0, 0, 0] });
}

#[test]
fn codes_of_389() {
    let folder = tempfile::tempdir().unwrap();
    let setup = ds389::Ds389Setup::plain(&["dc=example,dc=com"]);
    let server = Ds389::start(setup, &[export(folder.path())]);
    compare(&server, Kind::Ds389, |case| {
        // The first request removes the value, the second one adds it.
        if case.single { vec![0, 0, 0, 0] } else { vec![0, 0, 0, 0, 0] }
    });
}

#[test]
fn codes_of_ldbmodify() {
    let cases = || CASES.iter().filter(|case| case.in_ad);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file.ldif");
    let dn = |index: usize| format!("CN=Equality {index},OU=Staff,OU=Users,{ORGANISATION}");
    let mut text = String::new();
    for (index, case) in cases().enumerate() {
        let head = format!("objectClass: user\nsAMAccountName: equality{index}\n");
        writeln!(text, "{}", case.entry(&dn(index), &head)).unwrap();
    }
    fs::write(&file, &text).unwrap();
    let database = AdDatabase::start(&[root().join("fixtures/servers/ad-content.ldif"), file.clone()]);
    assert!(cases().count() >= 6);
    for (index, case) in cases().enumerate() {
        let requests = case.requests(&dn(index));
        let mut codes = Vec::new();
        for request in &requests {
            fs::write(&file, request).unwrap();
            codes.push(number(database.attempt(&file)));
        }
        assert_eq!(codes, [0, 0, 0, 0, 0], "{}", case.attribute);
        let head = format!("objectClass: user\nsAMAccountName: equality{index}\n");
        let entry = case.entry(&dn(index), &head);
        assert_eq!(modelled(&entry, &requests, Kind::ActiveDirectory), codes, "{} in the model", case.attribute);
    }
}

/// The table has exactly the types without a rule that slapd has with all schema files of OpenLDAP.
#[test]
fn the_table_is_that_of_slapd() {
    let folder = tempfile::tempdir().unwrap();
    let export = folder.path().join("export.ldif");
    fs::write(&export, "dn: o=example.test\nobjectClass: organization\no: example.test\n").unwrap();
    let more = ["collective", "corba", "duaconf", "java", "openldap", "pmi", "namedobject", "msuser"];
    let global: Vec<String> = more.iter().map(|name| format!("include /etc/ldap/schema/{name}.schema\n")).collect();
    let global = global.concat();
    let server = Slapd::start(SlapdSetup { global, ..SlapdSetup::plain(&["o=example.test"]) }, &[export]);
    let mut search = server.client("ldapsearch");
    search.args(["-LLL", "-s", "base", "-b", "cn=Subschema", "attributeTypes"]);
    let served = schema(&succeed(&mut search).stdout);
    assert_eq!(served.unreadable(), []);

    let of_microsoft = |oid: &str| oid.starts_with("1.2.840.113556.");
    let of_configuration = |oid: &str| oid.starts_with("1.3.6.1.4.1.4203.1.12.2.3.0.");
    let mut without = 0;
    for (oid, name) in served.attribute_names() {
        // Without msuser.schema, whose hundreds of types a schema file has to describe, and without cn=config, which is
        // not planned.
        if of_microsoft(oid) || of_configuration(oid) {
            continue;
        }
        let described = served.names_equality(name);
        without += usize::from(!described);
        let known = attribute_types::names_equality(name);
        assert!(known == Some(described) || known.is_none() && described, "{name}: {known:?}, slapd: {described}");
    }
    assert!(without >= 35, "{without}");
    for known in attribute_types::all().filter(|known| !known.names_equality) {
        for name in known.names {
            assert!(served.knows_attribute(name), "{name} is not of slapd");
            assert!(!served.names_equality(name), "{name} has a rule");
        }
    }
}

const POLICY: &str = "[directory]\nserver = \"openldap\"\n[accounts]\nfilter = \"(objectClass=inetOrgPerson)\"\nmatch = [\"uid\"]\n\
                      [disable.replace]\nfacsimileTelephoneNumber = \"0\"\ntelexNumber = \"0$de$0\"\n\
                      [stamp]\nattribute = \"description\"\nformat = \"offboarded {{ as_of }}\"\n[grace]\ndays = 30\n";

/// Plans for a person with two fax numbers and membership in a netgroup.
fn planned(place: &Path, more: &[&str]) -> (Slapd, Vec<PathBuf>, PathBuf) {
    let text = "dn: dc=example,dc=com\nobjectClass: domain\ndc: example\n\n\
                dn: ou=People,dc=example,dc=com\nobjectClass: organizationalUnit\nou: People\n\n\
                dn: uid=ines,ou=People,dc=example,dc=com\nobjectClass: inetOrgPerson\nuid: ines\ncn: Ines Vogt\nsn: Vogt\n\
                facsimileTelephoneNumber: +49 1\nfacsimileTelephoneNumber: +49 2\n";
    let (content, policy) = (place.join("content.ldif"), place.join("policy.toml"));
    fs::write(&content, text).unwrap();
    fs::write(&policy, POLICY).unwrap();
    let server = Slapd::start(SlapdSetup::plain(&["dc=example,dc=com"]), &[content]);
    let before = place.join("before");
    fs::create_dir(&before).unwrap();
    let exports = server.export(&before);
    let set = place.join("set");
    let mut command = offboard();
    command
        .args(["plan", "-u", "ines", "--as-of", "2026-11-21", "--allow-date", "-p"])
        .arg(&policy)
        .arg("-o")
        .arg(&set);
    let output = command.args(more).args(&exports).output().unwrap();
    assert!(set.join("apply").is_dir(), "{}", stderr(&output));
    (server, exports, set)
}

fn run(server: &Slapd, set: &Path, file: &str) -> i32 {
    let command = format!(r#"ldapmodify -H "$LDAP_URI" -x -D "$BIND_DN" -y "$PASSWORD_FILE" -f {file}"#);
    let output = run_block(set, &command, &server.environment());
    eprintln!("{}", output_text(&output));
    output.status.code().unwrap()
}

/// Changes the person outside of a plan.
fn change(server: &Slapd, place: &Path, body: &str) {
    let file = place.join("by-hand.ldif");
    fs::write(&file, format!("dn: uid=ines,ou=People,dc=example,dc=com\nchangetype: modify\n{body}-\n")).unwrap();
    succeed(server.client("ldapmodify").arg("-f").arg(&file));
}

#[test]
fn a_plan_and_its_rollback_run() {
    let place = tempfile::tempdir().unwrap();
    let (server, exports, set) = planned(place.path(), &[]);
    let text = fs::read_to_string(set.join("apply/10-status.ldif")).unwrap();
    assert!(text.contains("replace: facsimileTelephoneNumber\nfacsimileTelephoneNumber: 0\n-\n"), "{text}");
    assert!(
        text.contains("add: telexNumber\n") && text.contains("delete: sn\nsn: Vogt\n-\nadd: sn\nsn: Vogt\n-\n"),
        "{text}"
    );
    assert_eq!(run(&server, &set, "apply/10-status.ldif"), 0);
    assert_eq!(run(&server, &set, "rollback/60-status.ldif"), 0);
    let after = place.path().join("after");
    fs::create_dir(&after).unwrap();
    assert_same(&exports, &server.export(&after));
    for file in ["report.md", "RUNBOOK.md", "plan.json"] {
        let text = fs::read_to_string(set.join(file)).unwrap();
        assert!(text.contains("a value that was added meanwhile is not detected"), "{file}: {text}");
    }
}

/// The guard by a value notices a change of that value only; the guard by the assertion control notices any change.
#[test]
fn what_guards_see() {
    const FAX: &str =
        "replace: facsimileTelephoneNumber\nfacsimileTelephoneNumber: +49 1\nfacsimileTelephoneNumber: +49 3\n";
    const SN: &str = "replace: sn\nsn: Maier\n";
    for (options, by_hand, expected) in [
        (&[][..], SN, 16),
        (&[], FAX, 0),
        (&["--guard", "assert"], SN, 122),
        (&["--guard", "assert"], FAX, 122),
        (&["--guard", "none"], FAX, 0),
    ] {
        let place = tempfile::tempdir().unwrap();
        let (server, _, set) = planned(place.path(), options);
        change(&server, place.path(), by_hand);
        assert_eq!(run(&server, &set, "apply/10-status.ldif"), expected, "{options:?} {by_hand}");
    }
    let place = tempfile::tempdir().unwrap();
    let (server, _, set) = planned(place.path(), &["--guard", "assert"]);
    assert_eq!(run(&server, &set, "apply/10-status.ldif"), 0);
    assert_eq!(run(&server, &set, "rollback/60-status.ldif"), 0);
}
