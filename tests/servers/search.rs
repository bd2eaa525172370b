//! `offboard search` finds the same entries as OpenLDAP, with the same filters on the same directory.

use super::compare::assert_same;
use super::server::Server as _;
use super::slapd::{Slapd, SlapdSetup};
use crate::support::programs::{output_text, program, succeed};
use crate::support::{exports, offboard};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Filters with the same result of at least one entry.
const AGREED: &[&str] = &[
    "(objectClass=*)",
    "(objectClass=ICSCALENDARUSER)",
    "(uid=jsmith)",
    "(userid=JSmith)",
    "(0.9.2342.19200300.100.1.1=jsmith)",
    "(commonName=bo  berg)",
    "(cn=b*)",
    "(cn=*berg)",
    "(cn=*o*e*)",
    "(sn=S\\c3\\b8rensen)",
    "(sn=s\\c3\\98rensen)",
    "(mail=*@siroe.com)",
    "(mailAlternateAddress=*)",
    "(!(mailAlternateAddress=*))",
    "(&(inetUserStatus=active)(mailUserStatus=active)(!(icsStatus=*)))",
    "(|(uid=rrao)(uid=bberg)(uid=nobody))",
    "(&)",
    "(&(objectClass=inetUser)(|(mail=*sesta.com)(mail=*varrius.com))(!(cn=a*)))",
    "(uniqueMember=uid=jjonas, ou=People, o=siroe.com, o=isp)",
    "(uniqueMember=UserID=JJonas,OU=people,O=Siroe.com,O=ISP)",
    "(manager=uid=mmoretti,ou=People,o=sesta.com,o=isp)",
    "(!(owner=uid=boss,ou=People,o=siroe.com,o=isp))",
    "(createTimestamp=20240102030405Z)",
    "(modifyTimestamp>=20250601000000Z)",
    "(modifyTimestamp<=20250601000000Z)",
    "(&(modifyTimestamp>=20250401000000Z)(!(modifyTimestamp>=20250501000000Z)))",
    "(modifyTimestamp:generalizedTimeOrderingMatch:=20250501000000Z)",
    "(entryUUID=683900AF-0000-4000-8000-006C27EC2FFF)",
    "(entryUUID>=683900a0-0000-4000-8000-000000000000)",
    "(employeeNumber=100175)",
    "(cn~=Bo Berg)",
    "(cn:=bo berg)",
    "(cn:caseExactMatch:=Bo Berg)",
    "(cn:2.5.13.5:=Bo Berg)",
    "(o:dn:=siroe.com)",
    "(&(ou:dn:=people)(uid=b*))",
    "(ou:dn:caseExactMatch:=People)",
    "(member=*)",
    "(jpegPhoto=*)",
    "(description=*)",
    "(name=Bo Berg)",
    "(objectClass=person)",
    "(objectClass=2.5.6.6)",
];

/// Filters that both accept and that match no entry.
const NOTHING: &[&str] = &[
    "(|)",
    "(uid=nobody)",
    "(cn:caseExactMatch:=bo berg)",
    "(ou:dn:caseExactMatch:=people)",
    "(cn:1.2.3.4:=x)",
    "(!(cn:1.2.3.4:=x))",
    "(createTimestamp<=20000101000000Z)",
    "(cn;lang-xx=*)",
    "(cn>=M)",
    "(!(cn>=M))",
];

/// Filters with different results, and why. The numbers of entries are those of offboard and OpenLDAP.
const DIFFERENT: &[(&str, bool, &str)] = &[
    // (filter, offboard finds more, reason)
    (
        "(!(notAnAttribute=x))",
        true,
        "an attribute that the schema lacks is undefined in OpenLDAP; no schema is read here",
    ),
    ("(manager=uid=m*)", true, "distinguished names have no SUBSTR rule in OpenLDAP; here the text is searched"),
    ("(psRoot=*bberg*)", true, "psRoot has no SUBSTR rule in the schema that the tests load"),
];

/// Items that both evaluate alike: True, False and Undefined for the same entries of `fixtures/filters/lab.ldif`.
const JUDGED_ALIKE: &[&str] = &[
    // Classes by name, alias and OID, and their subclasses.
    "(objectClass=top)",
    "(objectClass=2.5.6.0)",
    "(objectClass=person)",
    "(objectClass=PERSON)",
    "(objectClass=2.5.6.6)",
    "(2.5.4.0=person)",
    "(objectClass=organizationalPerson)",
    "(objectClass=inetOrgPerson)",
    "(objectClass=2.16.840.1.113730.3.2.2)",
    "(objectClass=pilotPerson)",
    "(objectClass=newPilotPerson)",
    "(objectClass=0.9.2342.19200300.100.4.4)",
    "(objectClass=residentialPerson)",
    "(objectClass=organization)",
    "(objectClass=organizationalUnit)",
    "(objectClass=account)",
    "(objectClass=uidObject)",
    "(objectClass=posixAccount)",
    "(objectClass=groupOfUniqueNames)",
    "(objectClass~=person)",
    "(objectClass:=person)",
    "(objectClass:dn:=person)",
    "(objectClass=*)",
    "(objectClass=inet*)",
    "(objectClass=*Person)",
    "(objectClass>=a)",
    "(objectClass<=z)",
    "(objectClass=)",
    "(objectClass=a b)",
    "(objectClass= person)",
    "(objectClass:caseIgnoreMatch:=person)",
    "(:objectIdentifierMatch:=person)",
    "(structuralObjectClass=person)",
    "(structuralObjectClass=2.5.6.6)",
    "(structuralObjectClass=inetOrgPerson)",
    "(structuralObjectClass=top)",
    "(structuralObjectClass>=a)",
    // Supertypes.
    "(name=Bo)",
    "(name=quist)",
    "(name=keeper)",
    "(2.5.4.41=UMEA)",
    "(name=part)",
    "(name=ada kvist)",
    "(name;lang-sv=ada kvist)",
    "(name;lang-sv=*)",
    "(name=*)",
    "(name=*a*)",
    "(name=c*w)",
    "(name~=falk)",
    "(name:=falk)",
    "(name:caseExactMatch:=Falk)",
    "(name:caseExactMatch:=falk)",
    "(name:dn:=desk)",
    "(name=bo@lab.example)",
    "(name>=a)",
    "(distinguishedName=uid=ada,o=lab)",
    "(2.5.4.49=UID=ADA, O=lab)",
    "(distinguishedName=uid=bo,o=lab)",
    "(distinguishedName=*)",
    "(distinguishedName=ada)",
    "(distinguishedName:distinguishedNameMatch:=uid=bo,o=lab)",
    "(seeAlso=uid=ada,o=lab)",
    // Invalid assertion values.
    "(uidNumber=abc)",
    "(uidNumber=)",
    "(uidNumber=04100)",
    "(uidNumber=+4100)",
    "(uidNumber= 4100)",
    "(uidNumber=-4100)",
    "(uidNumber=-0)",
    "(uidNumber=99999999999999999999999999999999999999999999999)",
    "(uidNumber>=4100)",
    "(uidNumber<=99999999999999999999999999999999999999999999999)",
    "(uidNumber>=-99999999999999999999999999999999999999999999999)",
    "(uidNumber>=x)",
    "(uidNumber~=x)",
    "(uidNumber:=x)",
    "(uidNumber:integerMatch:=x)",
    "(uidNumber:caseIgnoreMatch:=4100)",
    "(uidNumber:1.2.840.113556.1.4.803:=4)",
    "(uidNumber:1.2.840.113556.1.4.803:=x)",
    "(cn:1.2.840.113556.1.4.803:=4)",
    "(cn:integerMatch:=4)",
    "(:integerMatch:=x)",
    "(:integerMatch:=4100)",
    "(manager=boss)",
    "(manager=)",
    "(manager=uid=bo,,o=lab)",
    "(manager:=boss)",
    "(member=x)",
    "(member>=uid=ada,o=lab)",
    "(:distinguishedNameMatch:=boss)",
    "(entryUUID=5b0f8a10)",
    "(entryUUID=5B0F8A10-6C1E-4F3E-9A55-0C5D2A7E1B01)",
    "(entryUUID=5b0f8a106c1e4f3e9a550c5d2a7e1b01)",
    "(entryUUID>=5b0f8a10-6c1e-4f3e-9a55-0c5d2a7e1b04)",
    "(entryUUID>=x)",
    "(x121Address=2401)",
    "(x121Address=24ab)",
    "(x121Address=)",
    "(telephoneNumber=+46855501)",
    "(telephoneNumber=)",
    "(telephoneNumber=a_b)",
    "(cn=)",
    "(cn=\\ff)",
    "(cn>=a)",
    "(description<=a)",
    "(mail=)",
    "(userPassword=y)",
    "(cn:noSuchMatch:=x)",
    "(cn:octetStringMatch:=Bo)",
    // Times.
    "(createTimestamp=20210304101530Z)",
    "(createTimestamp=20210304101530.000Z)",
    "(createTimestamp=20210304101530,0Z)",
    "(createTimestamp=20210304111530+0100)",
    "(createTimestamp=20210304111530+01)",
    "(createTimestamp=20210304051530-0500)",
    "(modifyTimestamp=20210304101530.50Z)",
    "(modifyTimestamp=20210304101530Z)",
    "(createTimestamp=202201010000Z)",
    "(createTimestamp=2022010100Z)",
    "(createTimestamp>=202201010000Z)",
    "(createTimestamp>=2022010101+0100)",
    "(createTimestamp<=20220101Z)",
    "(createTimestamp=20210304101530)",
    "(createTimestamp=20210304101560Z)",
    "(createTimestamp=20210304101561Z)",
    "(createTimestamp=20210304106030Z)",
    "(createTimestamp=20210304241530Z)",
    "(createTimestamp=20211304101530Z)",
    "(createTimestamp=20210230101530Z)",
    "(createTimestamp=2021-03-04T10:15:30Z)",
    "(createTimestamp=20210304101530z)",
    "(createTimestamp=20210304101530.Z)",
    "(createTimestamp=20210304101530+2500)",
    "(createTimestamp=20210304101530+0160)",
    "(createTimestamp=202103041Z)",
    "(createTimestamp>=yesterday)",
    "(createTimestamp:generalizedTimeOrderingMatch:=20220101000000Z)",
    "(createTimestamp:generalizedTimeMatch:=now)",
    "(cn:generalizedTimeMatch:=20220101000000Z)",
];

/// Items that they evaluate differently, and why.
const JUDGED_DIFFERENTLY: &[(&str, &str)] = &[
    ("(objectClass=noSuchClass)", "a class that the schema lacks is Undefined there; here it may be the site's own"),
    ("(objectClass:objectIdentifierMatch:=person)", "slapd does not offer this rule for extensible matches"),
    ("(createTimestamp<=2021030410.9Z)", "RFC 4517, 3.3.13: 54 minutes past; slapd takes it for 0.9 seconds"),
    ("(createTimestamp<=202103041015.9Z)", "the same, of a minute"),
    ("(shadowMax>=1)", "slapd's schema file gives it no ordering rule; here integers are ordered"),
    ("(noSuchAttribute=*)", "a type that the schema lacks is Undefined there; here no schema is read"),
    ("(manager=noSuchType=a,o=lab)", "a name with an unknown type is none there"),
    ("(mail=\\c3\\a5@lab.example)", "IA5 strings hold ASCII there; other servers store UTF-8 in them"),
    ("(jpegPhoto=x)", "it has no equality rule there; here octets are compared"),
    ("(uidNumber=4*)", "integers have no substrings rule; here the text is searched"),
];

#[test]
fn judges_items_as_slapd_does() {
    let lab = fs::canonicalize("fixtures/filters/lab.ldif").unwrap();
    let server = Slapd::start(SlapdSetup::plain(&["o=lab"]), &[&lab]);
    let folder = tempfile::tempdir().unwrap();
    let whole = server.export(folder.path());
    let names = |ldif: &[u8]| {
        let text = String::from_utf8(ldif.to_vec()).unwrap().replace("\n ", "");
        let names = text.lines().filter_map(|line| line.strip_prefix("dn: "));
        names.map(str::to_owned).collect::<std::collections::BTreeSet<_>>()
    };
    let slapcat = |filter: &str| {
        let file = folder.path().join("found.ldif");
        let mut command = Command::new(program("slapcat", "slapd"));
        command.arg("-f").arg(server.daemon().path().join("slapd.conf"));
        succeed(command.args(["-b", "o=lab", "-a", filter, "-l"]).arg(&file));
        names(&fs::read(&file).unwrap())
    };
    let search = |filter: &str| {
        let output = offboard().args(["search", filter]).arg(&whole[0]).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{filter}: {}", output_text(&output));
        names(&output.stdout)
    };
    let all = search("(&)");
    assert_eq!(all.len(), 8);
    // The entries for which the item is True, and those for which it is False; for the others it is Undefined.
    let both = |filter: &str, find: &dyn Fn(&str) -> std::collections::BTreeSet<String>| {
        (find(filter), find(&format!("(!{filter})")))
    };
    let mut faults = Vec::new();
    for filter in JUDGED_ALIKE {
        let (ours, theirs) = (both(filter, &search), both(filter, &slapcat));
        if ours != theirs {
            faults.push(format!("{filter}\n  here  {ours:?}\n  slapd {theirs:?}"));
        }
    }
    for (filter, reason) in JUDGED_DIFFERENTLY {
        if both(filter, &search) == both(filter, &slapcat) {
            faults.push(format!("{filter} is judged alike; no longer so? {reason}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn finds_what_slapcat_finds() {
    let suffixes = ["o=isp", "o=PiServerDb"];
    let server = Slapd::start(SlapdSetup::plain(&suffixes), &exports("three-domains"));
    let folder = tempfile::tempdir().unwrap();
    let whole = server.export(folder.path());
    let slapcat = |filter: &str| {
        let file = folder.path().join("found.ldif");
        let mut command = Command::new(program("slapcat", "slapd"));
        command.arg("-f").arg(server.daemon().path().join("slapd.conf"));
        succeed(command.args(["-b", suffixes[0], "-a", filter, "-l"]).arg(&file));
        fs::read(&file).unwrap()
    };
    let search = |filter: &str, export: &Path| {
        let output = offboard().args(["search", "--show-secrets", filter]).arg(export).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{filter}: {}", output_text(&output));
        output.stdout
    };
    let names = |ldif: &[u8]| {
        let text = String::from_utf8(ldif.to_vec()).unwrap().replace("\n ", "");
        text.lines().filter(|line| line.starts_with("dn:")).map(str::to_owned).collect::<Vec<_>>()
    };
    for filter in AGREED {
        let (ours, theirs) = (search(filter, &whole[0]), slapcat(filter));
        assert_eq!(names(&ours), names(&theirs), "{filter}");
        let files = ["ours.ldif", "theirs.ldif"].map(|name| folder.path().join(name));
        fs::write(&files[0], ours).unwrap();
        fs::write(&files[1], theirs).unwrap();
        // Fails on a file without entries, too.
        assert_same(&files[..1], &files[1..]);
    }
    for filter in NOTHING {
        assert_eq!((names(&search(filter, &whole[0])), names(&slapcat(filter))), (Vec::new(), Vec::new()), "{filter}");
    }
    for (filter, more, reason) in DIFFERENT {
        let (ours, theirs) = (names(&search(filter, &whole[0])).len(), names(&slapcat(filter)).len());
        let difference = if *more { ours > theirs } else { ours < theirs };
        assert!(difference, "{filter}: {ours} entries here, {theirs} there; no longer so? {reason}");
    }
}
