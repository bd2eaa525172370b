//! The schema of `fixtures/schema`: excerpts from real servers, one file each, and what the reader makes of them.

use std::fs;

use offboard::ldap::schema::{Schema, SchemaErrorKind};

use crate::support::{entries, root};

/// The schema that an export holds.
pub fn schema(ldif: &[u8]) -> Schema {
    let mut schema = Schema::default();
    for entry in entries(ldif) {
        schema.add(&entry);
    }
    schema
}

fn fixture(name: &str) -> Schema {
    let schema = schema(&fs::read(root().join("fixtures/schema").join(name)).unwrap());
    assert!(!schema.is_empty());
    assert_eq!(schema.unreadable(), [], "{name}");
    schema
}

#[test]
fn nothing_is_known_without_a_schema() {
    let mut schema = Schema::default();
    let person = &entries(b"dn: uid=a,o=x\nobjectClass: person\nuid: a\nmember: uid=b,o=x\n")[0];
    assert!(!schema.add(person) && schema.is_empty() && schema.unreadable().is_empty());
    assert!(!schema.knows_attribute("member") && !schema.knows_class("person"));
    assert!(!schema.is_dn("member") && !schema.is_single_valued("c"));
    assert!(schema.is_user_modifiable("member") && schema.equality("cn").is_none());
    assert!(schema.must("person").is_empty() && !schema.allows("person", "cn"));
    assert!(schema.dn_attributes().is_empty());
}

#[test]
fn schema_of_slapd() {
    let schema = fixture("slapd.ldif");
    assert_eq!(schema.dn_attributes(), ["distinguishedName", "manager", "member", "owner", "uniqueMember"]);
    for name in ["member", "MEMBER", "2.5.4.31", "OID.2.5.4.31", "member;range=0-1499"] {
        assert!(schema.is_dn(name) && !schema.is_name_and_uid(name), "{name}");
        assert_eq!(schema.equality(name), Some("distinguishedNameMatch"), "{name}");
    }
    assert!(schema.is_name_and_uid("uniqueMember") && !schema.is_dn("uniqueMember"));
    assert!(schema.is_dn("modifiersName") && !schema.is_user_modifiable("modifiersName"));
    assert!(schema.is_user_modifiable("cn") && !schema.is_dn("cn"));
    assert!(schema.is_single_valued("displayName") && !schema.is_single_valued("member"));
    assert_eq!(schema.equality("commonName"), Some("caseIgnoreMatch"));
    assert_eq!(schema.must("GroupOfNames"), ["member", "cn", "objectClass"]);
    for (class, attribute, allowed) in [
        ("groupOfNames", "member", true),
        ("2.5.6.9", "2.5.4.3", true),
        ("groupOfNames", "commonName;lang-de", true),
        ("groupOfNames", "seeAlso", true),
        ("groupOfNames", "objectClass", true),
        ("groupOfNames", "manager", false),
        ("extensibleObject", "manager", true),
        ("person", "cn", false),
    ] {
        assert_eq!(schema.allows(class, attribute), allowed, "{class} {attribute}");
    }
    assert!(schema.knows_class("groupofnames") && !schema.knows_class("person"));
}

#[test]
fn schema_of_slapd_from_its_configuration() {
    let schema = fixture("slapd-config.ldif");
    assert_eq!(schema.dn_attributes(), ["mentor", "olcRootDN"]);
    assert!(schema.is_dn("1.3.6.1.4.1.32473.9.1.1") && schema.is_dn("1.3.6.1.4.1.4203.1.12.2.3.2.0.8"));
    assert!(schema.is_single_valued("olcRootDN") && !schema.is_dn("olcModuleLoad"));
    assert_eq!(schema.must("1.3.6.1.4.1.32473.9.2.1"), ["mentor"]);
}

#[test]
fn schema_of_389_directory_server() {
    let schema = fixture("389ds.ldif");
    assert_eq!(schema.dn_attributes(), ["distinguishedName", "helpDeskContact", "member", "nsRoleDN", "uniqueMember"]);
    assert!(schema.is_dn("nsRole") && !schema.is_user_modifiable("nsRole"));
    assert!(schema.is_dn("helpDesk-oid") && schema.is_single_valued("helpdeskcontact"));
    // 389 DS lacks the syntax Name and Optional UID.
    assert!(schema.is_dn("uniqueMember") && !schema.is_name_and_uid("uniqueMember"));
    assert!(schema.allows("exampleStaff-oid", "helpDesk-oid") && !schema.allows("exampleStaff", "member"));
    // A group of 389 DS may be empty.
    assert_eq!(schema.must("groupOfNames"), ["cn", "objectClass"]);
}

#[test]
fn schema_of_active_directory() {
    let schema = fixture("active-directory.ldif");
    assert_eq!(schema.dn_attributes(), ["authOrig", "managedBy", "member", "seeAlso"]);
    for (name, dn, writable, single) in [
        ("member", true, true, false),
        ("memberOf", true, false, false),
        ("managedBy", true, true, true),
        ("exampleMembersBL", true, false, false),
        ("seeAlso", true, true, false),
        ("authOrig", true, true, false),
        ("otherWellKnownObjects", false, true, false),
        ("tokenGroups", false, false, false),
    ] {
        assert_eq!(schema.is_dn(name), dn, "{name}");
        assert_eq!(schema.is_user_modifiable(name), writable, "{name}");
        assert_eq!(schema.is_single_valued(name), single, "{name}");
    }
    assert!(!schema.knows_attribute("sponsor"));
    assert_eq!(
        schema.must("group"),
        [
            "exampleCostCentre",
            "groupType",
            "objectClass",
            "objectCategory",
            "nTSecurityDescriptor",
            "instanceType",
            "cn"
        ]
    );
    for (attribute, allowed) in
        [("member", true), ("secretary", true), ("info", true), ("description", true), ("manager", false)]
    {
        assert_eq!(schema.allows("group", attribute), allowed, "{attribute}");
    }
}

#[test]
fn what_cannot_be_read_is_told_with_its_line() {
    let text = b"dn: cn=schema\nattributeTypes: ( 1.2 NAME 'a' SYNTAX )\nattributeTypes: ( 1.3 NAME 'b' )\n\
                 objectClasses: nonsense\nolcObjectIdentifier: alone\n\n\
                 dn: CN=x\nobjectClass: attributeSchema\n";
    let schema = schema(text);
    let told: Vec<_> =
        schema.unreadable().iter().map(|one| (one.origin.line, one.error.offset, one.error.kind)).collect();
    let expected = [
        (5, 0, SchemaErrorKind::Word),
        (2, 22, SchemaErrorKind::Word),
        (4, 0, SchemaErrorKind::Open),
        (8, 0, SchemaErrorKind::Nameless),
    ];
    assert_eq!(told, expected);
    assert!(schema.knows_attribute("b") && !schema.knows_attribute("a"));
}

#[test]
fn descriptions_of_one_name_are_put_together() {
    let text = b"dn: CN=Aggregate\nattributeTypes: ( 2.5.4.31 NAME 'member' SYNTAX '1.3.6.1.4.1.1466.115.121.1.12' )\n\
                 objectClasses: ( 1.2 NAME 'x' MUST a )\nobjectClasses: ( 1.2 NAME ( 'X' 'y' ) MUST ( A $ b ) )\n\n\
                 dn: CN=Member\nobjectClass: attributeSchema\nlDAPDisplayName: member\nlinkID: 3\n";
    let schema = schema(text);
    assert!(schema.is_dn("member") && !schema.is_user_modifiable("member"));
    assert_eq!(schema.must("y"), ["a", "b"]);
}

#[test]
fn circles_end() {
    let schema = schema(
        b"dn: cn=schema\nattributeTypes: ( 1.1 NAME 'a' SUP b )\nattributeTypes: ( 1.2 NAME 'b' SUP a )\n\
          objectClasses: ( 2.1 NAME 'x' SUP y MUST a )\nobjectClasses: ( 2.2 NAME 'y' SUP x MUST b )\n",
    );
    assert!(!schema.is_dn("a") && schema.equality("b").is_none());
    assert_eq!(schema.must("x"), ["a", "b"]);
}
