//! Attributes that servers own (`src/ldap/server_attributes.rs`): each is part of an add, and of a modify.

use std::fs;
use std::path::Path;
use std::process::Command;

use offboard::ldap::server_attributes::{is_read_only, is_writable_with_relax};
use offboard::policy::Server as Product;

use super::ds389::{self, Ds389};
use super::server::Server;
use super::slapd::{self, Slapd};
use crate::support::programs::output_text;

const TIME: &str = "20240101000000Z";

/// Attributes with a valid value.
const OF_SLAPD: [(&str, &str); 22] = [
    ("entryUUID", "11111111-1111-1111-1111-111111111111"),
    ("creatorsName", "o=x"),
    ("createTimestamp", TIME),
    ("modifiersName", "o=x"),
    ("modifyTimestamp", TIME),
    ("structuralObjectClass", "inetOrgPerson"),
    ("subschemaSubentry", "cn=Subschema"),
    ("hasSubordinates", "FALSE"),
    ("entryDN", "o=x"),
    ("entryCSN", "20240101000000.000000Z#000000#000#000000"),
    ("contextCSN", "20240101000000.000000Z#000000#000#000000"),
    ("memberOf", "o=x"),
    ("authTimestamp", TIME),
    ("pwdChangedTime", TIME),
    ("pwdFailureTime", TIME),
    ("pwdGraceUseTime", TIME),
    ("pwdAccountTmpLockoutEnd", TIME),
    ("pwdLastSuccess", TIME),
    ("pwdHistory", "20240101000000Z#1.3.6.1.4.1.1466.115.121.1.40#5#{x}y"),
    // An administrator may write these.
    ("pwdAccountLockedTime", "000001010000Z"),
    ("pwdReset", "TRUE"),
    ("pwdPolicySubentry", "o=x"),
];

const OF_389: [(&str, &str); 24] = [
    ("nsUniqueId", "11111111-11111111-11111111-11111111"),
    ("entryid", "99"),
    ("parentid", "99"),
    ("entrydn", "o=y"),
    ("dncomp", "x"),
    ("nscpEntryDN", "o=y"),
    ("dsEntryDN", "o=y"),
    ("entryUUID", "11111111-1111-1111-1111-111111111111"),
    ("entryusn", "5"),
    ("creatorsName", "o=y"),
    ("createTimestamp", TIME),
    ("modifiersName", "o=y"),
    ("modifyTimestamp", TIME),
    ("internalCreatorsName", "o=y"),
    ("internalModifiersName", "o=y"),
    ("hasSubordinates", "TRUE"),
    ("numSubordinates", "3"),
    ("structuralObjectClass", "person"),
    ("subschemaSubentry", "cn=y"),
    ("nsRole", "cn=y"),
    ("pwdReset", "TRUE"),
    // An administrator may write these, or a plug-in maintains them and allows writing.
    ("nsAccountLock", "true"),
    ("passwordRetryCount", "2"),
    ("memberOf", "o=y"),
];

fn entry(name: &str, line: &str) -> String {
    format!(
        "dn: uid={name},o=x\nobjectClass: inetOrgPerson\nobjectClass: inetUser\nuid: {name}\ncn: x\nsn: x\n{line}\n"
    )
}

/// The exit status of `ldapmodify`, which is LDAP's result code.
fn status(command: &mut Command, folder: &Path, text: &str) -> i32 {
    let file = folder.join("change.ldif");
    fs::write(&file, text).unwrap();
    let output = command.arg("-f").arg(file).output().unwrap();
    output.status.code().unwrap_or_else(|| panic!("{}", output_text(&output)))
}

#[test]
fn slapd_refuses_and_takes_with_relax_what_the_table_says() {
    let folder = tempfile::tempdir().unwrap();
    let export = folder.path().join("export.ldif");
    fs::write(&export, "dn: o=x\nobjectClass: organization\no: x\n").unwrap();
    let setup = slapd::SlapdSetup {
        global: "moduleload ppolicy\nmoduleload memberof\nmoduleload lastbind\n".to_owned(),
        database: "overlay ppolicy\noverlay memberof\noverlay lastbind\n".to_owned(),
        ..slapd::SlapdSetup::plain(&["o=x"])
    };
    let server = Slapd::start(setup, &[export]);
    for (number, (name, value)) in OF_SLAPD.into_iter().enumerate() {
        let add = |relax: &[&str], name_of: &str| {
            let mut command = server.client("ldapmodify");
            command.args(["-a"]).args(relax);
            status(&mut command, folder.path(), &entry(name_of, &format!("{name}: {value}")))
        };
        let plain = add(&[], &format!("p{number}"));
        let expected = if is_read_only(Product::OpenLdap, name) { 19 } else { 0 };
        assert_eq!(plain, expected, "{name}");
        let relaxed = add(&["-e", "!relax"], &format!("r{number}"));
        let expected = if is_read_only(Product::OpenLdap, name) && !is_writable_with_relax(name) { 19 } else { 0 };
        assert_eq!(relaxed, expected, "{name} with relax");
    }
}

#[test]
fn ds389_drops_from_an_addition_and_refuses_in_a_modification_what_the_table_says() {
    let folder = tempfile::tempdir().unwrap();
    let export = folder.path().join("export.ldif");
    fs::write(&export, "dn: o=x\nobjectClass: organization\no: x\n").unwrap();
    let server = Ds389::start(ds389::Ds389Setup::plain(&["o=x"]), &[export]);
    for (number, (name, value)) in OF_389.into_iter().enumerate() {
        let user = format!("u{number}");
        let is_own = is_read_only(Product::Ds389, name);
        let added =
            status(server.client("ldapmodify").arg("-a"), folder.path(), &entry(&user, &format!("{name}: {value}")));
        assert_eq!(added, 0, "{name}");
        let mut search = server.client("ldapsearch");
        search.args([
            "-LLL",
            "-o",
            "ldif-wrap=no",
            "-s",
            "base",
            "-b",
            &format!("uid={user},o=x"),
            "(objectClass=*)",
            name,
        ]);
        let text = String::from_utf8(search.output().unwrap().stdout).unwrap().to_lowercase();
        let line = format!("{name}: {value}").to_lowercase();
        assert_eq!(text.lines().any(|shown| shown == line), !is_own, "{name}: {text}");
        let change = format!("dn: uid={user},o=x\nchangetype: modify\nreplace: {name}\n{name}: {value}\n-\n");
        let modified = status(&mut server.client("ldapmodify"), folder.path(), &change);
        assert_eq!(modified, if is_own { 53 } else { 0 }, "{name}");
    }
}
