//! `offboard search` finds what OpenLDAP finds: the same filter for both, over the same entries.

use super::compare::assert_same;
use super::server::Server as _;
use super::slapd::{Setup, Slapd};
use super::tools::{program, said, succeed};
use crate::offboard::{exports, offboard};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Filters on which both must agree, and at least one entry each.
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
];

/// Filters that both take, on which neither finds anything.
const NOTHING: &[&str] = &[
    "(|)",
    "(uid=nobody)",
    "(cn:caseExactMatch:=bo berg)",
    "(ou:dn:caseExactMatch:=people)",
    "(cn:1.2.3.4:=x)",
    "(!(cn:1.2.3.4:=x))",
    "(createTimestamp<=20000101000000Z)",
    "(cn;lang-xx=*)",
];

/// Filters on which they differ, and why. The numbers are entries: offboard's, OpenLDAP's.
const DIFFERENT: &[(&str, bool, &str)] = &[
    // (filter, offboard finds more, reason)
    ("(cn>=M)", true, "cn has no ORDERING rule: undefined in OpenLDAP; offboard orders by text, as 389 DS does"),
    (
        "(!(notAnAttribute=x))",
        true,
        "an attribute that the schema lacks is undefined in OpenLDAP; no schema is read here",
    ),
    ("(manager=uid=m*)", true, "distinguished names have no SUBSTR rule in OpenLDAP; here the text is searched"),
    ("(psRoot=*bberg*)", true, "psRoot has no SUBSTR rule in the schema that the tests load"),
    ("(name=Bo Berg)", false, "OpenLDAP looks at subtypes of name (cn, sn, ...); types are not derived here"),
];

#[test]
fn finds_what_slapcat_finds() {
    let suffixes = ["o=isp", "o=PiServerDb"];
    let server = Slapd::start(Setup::plain(&suffixes), &exports("three-domains"));
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
        assert_eq!(output.status.code(), Some(0), "{filter}: {}", said(&output));
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
