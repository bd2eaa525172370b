//! Every description of the schema that a running slapd serves can be read.

use super::server::Server as _;
use super::slapd::{Slapd, SlapdSetup};
use crate::conformance::schema::schema;
use crate::support::programs::succeed;
use std::fs;

#[test]
fn schema_of_a_running_slapd() {
    let folder = tempfile::tempdir().unwrap();
    let export = folder.path().join("export.ldif");
    fs::write(&export, "dn: o=example.test\nobjectClass: organization\no: example.test\n").unwrap();
    let server = Slapd::start(SlapdSetup::plain(&["o=example.test"]), &[export]);
    let mut search = server.client("ldapsearch");
    search.args(["-LLL", "-s", "base", "-b", "cn=Subschema", "objectClasses", "attributeTypes"]);
    let served = succeed(&mut search).stdout;
    let schema = schema(&served);

    assert_eq!(schema.unreadable(), []);
    let lines =
        |name: &str| served.split(|byte| *byte == b'\n').filter(|line| line.starts_with(name.as_bytes())).count();
    assert!(lines("attributeTypes:") > 200 && lines("objectClasses:") > 50, "slapd serves a whole schema");

    let names = schema.dn_attributes();
    for name in ["member", "owner", "seeAlso", "manager", "secretary", "roleOccupant", "uniqueMember"] {
        assert!(names.contains(&name), "{name} is not among {names:?}");
    }
    for name in ["creatorsName", "modifiersName", "entryDN", "subschemaSubentry", "cn", "uid"] {
        assert!(!names.contains(&name), "{name} is among {names:?}");
    }
    assert!(schema.is_name_and_uid("uniqueMember") && schema.is_dn("member"));
    assert!(schema.is_single_valued("displayName") && schema.is_single_valued("employeeNumber"));
    assert_eq!(schema.equality("surname"), Some("caseIgnoreMatch"));
    assert_eq!(schema.must("inetOrgPerson"), ["sn", "cn", "objectClass"]);
    assert!(schema.allows("inetOrgPerson", "seeAlso") && !schema.allows("inetOrgPerson", "member"));
}
