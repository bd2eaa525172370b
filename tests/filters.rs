//! Filters of policies and of `offboard search`: superclasses, supertypes, and what is Undefined.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Output;

use crate::support::{offboard, root, stderr, stdout, transcript};

const LAB: &str = "fixtures/filters/lab.ldif";
const SITE: &str = "fixtures/filters/site-schema.ldif";

/// The policy for the directory in `LAB`, whose schema is in `SITE`.
const POLICY: &str = "\
[directory]
server = \"openldap\"
[accounts]
filter = \"(objectClass=person)\"
match = [\"uid\"]
[disable]
replace = { description = \"left\" }
[grace]
days = 30
";

fn plan(policy: &str, user: &str, exports: &[&str]) -> Output {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("policy.toml");
    fs::write(&path, policy).unwrap();
    let mut command = offboard();
    command.args(["plan", "--as-of", "2026-11-29", "--allow-date", "-u", user, "--stdout", "-p"]).arg(path);
    command.args(exports.iter().map(|export| root().join(export))).output().unwrap()
}

fn search(filter: &str, exports: &[&str]) -> (String, String) {
    let output = offboard().args(["search", "--dn", filter]).args(exports).current_dir(root()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{filter}: {}", stderr(&output));
    (stdout(&output), stderr(&output))
}

/// An account is found by a superclass that its entry does not list: by name, alias and OID, from the table, and for a
/// class of the site from the schema in the exports.
#[test]
fn accounts_by_a_superclass() {
    for (filter, user) in [
        ("(objectClass=person)", "ada"),
        ("(objectClass=organizationalPerson)", "ada"),
        ("(objectClass=2.5.6.6)", "bo"),
        ("(&(objectClass=top)(uid=*))", "ada"),
        ("(&(objectClass=person)(name=quist))", "ada"),
        ("(objectClass=person)", "kim"),
        ("(objectClass=labWarden)", "kim"),
        ("(objectClass=1.3.6.1.4.1.55555.2.1)", "kim"),
        ("(name=captain)", "kim"),
        ("(labBadge>=9)", "kim"),
    ] {
        let policy = POLICY.replace("(objectClass=person)", filter);
        let output = plan(&policy, user, &[LAB, SITE]);
        // A group that loses its last member is a decision item.
        assert!(matches!(output.status.code(), Some(0 | 1)), "{filter}: {}", stderr(&output));
        assert!(stdout(&output).contains(&format!("dn: uid={user},o=lab\n")), "{filter}: {}", stdout(&output));
    }
    // Without the schema the class labChief is unknown.
    let output = plan(POLICY, "kim", &[LAB]);
    assert_eq!(output.status.code(), Some(1), "{}", stdout(&output));
}

/// Filters in every section of a policy follow superclasses and the schema in the exports.
#[test]
fn sections_by_a_superclass() {
    for (section, code) in [
        ("[protect]\nfilter = \"(objectClass=organizationalPerson)\"", 3),
        ("[protect]\nfilter = \"(objectClass=labKeeper)\"", 3),
        ("[protect]\nfilter = \"(name=captain)\"", 3),
        ("[veto]\nfilter = \"(objectClass=organizationalPerson)\"", 1),
        ("[[rule]]\nfilter = \"(objectClass=labKeeper)\"\naction = \"refuse\"", 1),
    ] {
        let output = plan(&format!("{POLICY}{section}\n"), "kim", &[LAB, SITE]);
        assert_eq!(output.status.code(), Some(code), "{section}: {}{}", stdout(&output), stderr(&output));
    }
    let made_by_hand = |filter: &str| {
        let policy = POLICY.replace("match =", &format!("provenance = \"{filter}\"\nmatch ="));
        plan(&policy, "kim", &[LAB, SITE]).status.code()
    };
    assert_eq!(made_by_hand("(objectClass=labKeeper)"), Some(0));
    assert_eq!(made_by_hand("(objectClass=groupOfNames)"), Some(1));
}

/// The scope of a roster, given by a superclass, includes accounts of the site's own class.
#[test]
fn rosters_by_a_superclass() {
    let place = tempfile::tempdir().unwrap();
    let roster = place.path().join("staff.csv");
    fs::write(&roster, "uid,status\nkim,left\nada,left\n").unwrap();
    let planned = |filter: &str| {
        let text = format!(
            "{POLICY}[roster.staff]\nkey = \"uid\"\ncolumn = \"uid\"\nstatus = \"status\"\nactive = [\"in\"]\n\
             inactive = [\"left\"]\nfilter = \"{filter}\"\n"
        );
        let policy = place.path().join("policy.toml");
        fs::write(&policy, text).unwrap();
        let output = offboard()
            .args(["plan", "--as-of", "2026-11-29", "--allow-date", "--stdout", "--roster"])
            .arg(format!("staff={}", roster.display()))
            .arg("-p")
            .arg(policy)
            .args([LAB, SITE])
            .current_dir(root())
            .output()
            .unwrap();
        let text = stdout(&output);
        let accounts = text.lines().filter_map(|line| line.strip_prefix("dn: uid="));
        accounts.map(str::to_owned).collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>()
    };
    assert_eq!(planned("(objectClass=labWarden)"), ["kim,o=lab"]);
    assert_eq!(planned("(objectClass=organizationalPerson)"), ["ada,o=lab", "kim,o=lab"]);
}

/// A filter with an item that matches no entry is refused where it is written.
#[test]
fn policies_with_undefined_items() {
    let all = [
        "(&(objectClass=person)(!(uidNumber=none)))",
        "(&(objectClass=person)(manager=boss))",
        "(createTimestamp>=2026-01-01)",
        "(pwdReset=true)",
        "(cn>=a)",
        "(cn:noSuchMatch:=x)",
        "(uidNumber:caseIgnoreMatch:=1)",
        "(objectClass=lab*)",
        "(mailQuota>=5)",
    ];
    let all = all.map(|filter| {
        let output = plan(&POLICY.replace("(objectClass=person)", filter), "ada", &[LAB]);
        assert_eq!(output.status.code(), Some(2), "{filter}");
        let text = transcript(&output, Path::new("/nowhere"));
        // The folder of the policy differs in each run.
        let shown = text.lines().map(|line| line.find("policy.toml").map_or(line, |at| &line[at..]));
        format!("$ {filter}\n{}\n", shown.collect::<Vec<_>>().join("\n"))
    });
    insta::assert_snapshot!(all.join("\n"));
}

/// With a complete schema in the exports, an attribute that it lacks does not exist.
#[test]
fn attributes_that_the_schema_lacks() {
    let place = tempfile::tempdir().unwrap();
    let schema = place.path().join("schema.ldif");
    let mut text = String::from("dn: cn=Subschema\nobjectClass: top\nobjectClass: subschema\ncn: Subschema\n");
    for (oid, names, rest) in [
        ("2.5.4.0", "'objectClass'", "EQUALITY objectIdentifierMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.38"),
        ("2.5.4.41", "'name'", "EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15"),
        ("2.5.4.3", "( 'cn' 'commonName' )", "SUP name"),
        (
            "0.9.2342.19200300.100.1.1",
            "( 'uid' 'userid' )",
            "EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15",
        ),
        ("1.3.6.1.1.1.1.0", "'uidNumber'", "EQUALITY integerMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27"),
    ] {
        writeln!(text, "attributeTypes: ( {oid} NAME {names} {rest} )").unwrap();
    }
    text += "objectClasses: ( 2.5.6.0 NAME 'top' ABSTRACT MUST objectClass )\n";
    fs::write(&schema, text).unwrap();
    let schema = schema.to_str().unwrap();
    for (filter, found, with_schema) in [
        ("(noSuch=x)", 0, 0),
        ("(!(noSuch=x))", 8, 0),
        ("(!(noSuch=*))", 8, 0),
        ("(|(uid=ada)(noSuch=x))", 1, 1),
        ("(&(commonName=*)(!(uid=*)))", 3, 3),
        ("(uidNumber>=1)", 1, 0),
        // The schema replaces the built-in subtypes only for attributes that it describes.
        ("(name=bo)", 1, 1),
        ("(objectClass=person)", 3, 3),
    ] {
        assert_eq!(search(filter, &[LAB]).0.lines().count(), found, "{filter}");
        let (names, _) = search(filter, &[LAB, schema]);
        assert_eq!(names.lines().filter(|name| !name.contains("Subschema")).count(), with_schema, "{filter}");
    }
    assert_eq!(search("(!(noSuch=x))", &[LAB]).1, "");
    let (_, warning) = search("(!(noSuch=x))", &[LAB, schema]);
    assert_eq!(
        warning,
        "warning: (noSuch=x) matches no entry: the schema does not describe the attribute type noSuch\n"
    );
    let policy = POLICY.replace("(objectClass=person)", "(!(noSuch=x))");
    let output = plan(&policy, "ada", &[LAB, schema]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("[accounts] filter: (noSuch=x) matches no entry"), "{}", stderr(&output));
}

/// `search` warns of filter items that match no entry, and its exit status stays the same.
#[test]
fn searches_with_undefined_items() {
    let all = ["(!(uidNumber=none))", "(|(uid=ada)(manager=boss)(cn:noSuchMatch:=x))", "(labBadge>=9)", "(uid=ada)"];
    let all = all.map(|filter| {
        let (found, warned) = search(filter, &[LAB]);
        format!("$ offboard search --dn '{filter}'\n{found}{warned}")
    });
    insta::assert_snapshot!(all.join("\n"));
}

/// Active Directory has a `name` and a `distinguishedName` of its own.
#[test]
fn active_directory_has_no_supertypes() {
    let place = tempfile::tempdir().unwrap();
    let export = place.path().join("ad.ldif");
    let category = "CN=Person,CN=Schema,CN=Configuration,DC=lab";
    let classes = "objectClass: top\nobjectClass: person\nobjectClass: organizationalPerson\nobjectClass: user";
    let text = format!(
        "dn: CN=Ada,DC=lab\n{classes}\ncn: Ada\nname: Ada\nsn: Bo\ndistinguishedName: CN=Ada,DC=lab\n\
         objectCategory: {category}\n\ndn: CN=Bo,DC=lab\n{classes}\ncn: Bo\nname: Bo\n\
         distinguishedName: CN=Bo,DC=lab\nobjectCategory: {category}\nmanager: CN=Ada,DC=lab\nseeAlso: CN=Ada,DC=lab\n"
    );
    fs::write(&export, text).unwrap();
    let export = export.to_str().unwrap();
    for (filter, found) in [
        ("(name=bo)", "CN=Bo,DC=lab\n"),
        ("(distinguishedName=cn=ada,dc=lab)", "CN=Ada,DC=lab\n"),
        ("(&(objectCategory=person)(objectClass=user)(sn=*))", "CN=Ada,DC=lab\n"),
        ("(cn>=b)", "CN=Bo,DC=lab\n"),
    ] {
        assert_eq!(search(filter, &[export]).0, found, "{filter}");
    }
}

/// Schema is read only from the places where servers publish it, not from an entry that a user may write, whatever its name
/// and its classes are.
#[test]
fn schema_of_a_user_is_not_believed() {
    let place = tempfile::tempdir().unwrap();
    let text = fs::read_to_string(root().join(SITE)).unwrap();
    let file = place.path().join("user.ldif");
    let file = file.to_str().unwrap();
    let found = |exports: &[&str]| search("(&(objectClass=labWarden)(uid=kim))", exports).0;
    assert_eq!(found(&[LAB, SITE]).trim(), "uid=kim,o=lab");
    for head in [
        "dn: uid=eve,o=lab\nobjectClass: extensibleObject\n",
        "dn: uid=eve,o=lab\nobjectClass: extensibleObject\nobjectClass: subschema\n",
        "dn: uid=eve,o=lab\nobjectClass: inetOrgPerson\nobjectClass: olcSchemaConfig\n",
        "dn: uid=eve,o=lab\nobjectClass: attributeSchema\n",
        "dn: cn=schema,o=lab\nobjectClass: subschema\n",
        "dn: cn=x,cn=config,o=lab\nobjectClass: olcSchemaConfig\n",
        "dn: cn=x,cn=schema,cn=configuration,o=lab\nobjectClass: subschema\n",
        "dn: cn=x,ou=y,cn=schema,cn=configuration,dc=lab\nobjectClass: subschema\n",
    ] {
        let user = text.replace("dn: cn=schema\n", head).replacen(
            "objectClass: subschema\n",
            "",
            usize::from(!head.contains("subschema")),
        );
        assert_ne!(user, text);
        fs::write(file, user).unwrap();
        assert_eq!(found(&[LAB, file]), "", "{head}");
        if head.lines().next().is_some_and(|dn| dn.matches(',').count() == 1) {
            let output = plan(&POLICY.replace("(objectClass=person)", "(objectClass=labWarden)"), "kim", &[LAB, file]);
            assert_eq!(output.status.code(), Some(1), "{head} {}", stderr(&output));
        }
    }
    for head in [
        "dn: cn=subschema\n",
        "dn: cn=site\n",
        "dn: cn={9}site,cn=schema,cn=config\n",
        "dn: cn=Aggregate,CN=Schema,cn=Configuration,dc=lab\n",
    ] {
        fs::write(file, text.replace("dn: cn=schema\n", head)).unwrap();
        assert_eq!(found(&[LAB, file]).trim(), "uid=kim,o=lab", "{head}");
    }
}
