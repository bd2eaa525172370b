//! Active Directory's schema: each entry below `CN=Schema,CN=Configuration` is an attribute type or an object class.
//!
//! | attribute of an `attributeSchema` | meaning |
//! | --- | --- |
//! | `lDAPDisplayName`, `attributeID` | name, OID |
//! | `attributeSyntax`, `oMObjectClass` | the syntax, see below |
//! | `isSingleValued: TRUE` | single-valued |
//! | `linkID` | an odd number: the back link of the number before it, which only the server writes |
//! | `systemOnly: TRUE`, bit 4 of `systemFlags` (constructed) | only the server writes it |
//!
//! | attribute of a `classSchema` | meaning |
//! | --- | --- |
//! | `lDAPDisplayName`, `governsID` | name, OID |
//! | `subClassOf` | its superclass; that of `top` is `top` |
//! | `auxiliaryClass`, `systemAuxiliaryClass` | classes whose attributes its entries have without belonging to them |
//! | `mustContain`, `systemMustContain` | required |
//! | `mayContain`, `systemMayContain` | allowed |
//!
//! | `attributeSyntax` | `oMObjectClass` | values are |
//! | --- | --- | --- |
//! | 2.5.5.1 | any | DNs |
//! | 2.5.5.7 | OR-Name, 2.6.6.1.2.5.11.29 | DNs |
//! | 2.5.5.9, 2.5.5.16 | | integers |
//! | 2.5.5.6 | | numeric strings |
//! | any other | | not read as DNs, also if they contain one: `B:32:0123...:DN`, `S:5:text:DN`, an address with `#X500:` and a DN |
//!
//! A defunct element (`isDefunct: TRUE`) is skipped: its name may have been given to another element.
//!
//! Sources: MS-ADTS 3.1.1.2 (schema; syntaxes 3.1.1.2.2.2), 2.2.10 (system flags), MS-ADA1 2.361 (linkID).

use strum::EnumString;

use super::facts::{AttributeFacts, ClassFacts, Syntax};
use crate::ldap::Entry;

/// `FLAG_ATTR_IS_CONSTRUCTED` of `systemFlags`.
const CONSTRUCTED: i64 = 0x4;

/// The `oMObjectClass` of OR-Name: its OID as BER content.
const OR_NAME: &[u8] = &[0x56, 0x06, 0x01, 0x02, 0x05, 0x0b, 0x1d];

/// The object classes of Active Directory's schema entries.
#[derive(Clone, Copy, Debug, EnumString, PartialEq, Eq)]
#[strum(ascii_case_insensitive, serialize_all = "camelCase")]
pub(super) enum SchemaClass {
    AttributeSchema,
    ClassSchema,
}

impl SchemaClass {
    /// The class with a name, ignoring case.
    pub(super) fn from_name(name: &[u8]) -> Option<Self> {
        str::from_utf8(name).ok()?.parse().ok()
    }
}

/// Whether the schema element is defunct.
pub(super) fn is_defunct(entry: &Entry) -> bool {
    is_true(entry, "isDefunct")
}

/// The facts in an `attributeSchema` entry; `None` if it has no name.
pub(super) fn attribute_type(entry: &Entry) -> Option<AttributeFacts> {
    let name = text(entry, "lDAPDisplayName")?;
    let number = |attribute| text(entry, attribute).and_then(|digits| digits.trim().parse::<i64>().ok());
    let is_back_link = number("linkID").is_some_and(|id| id % 2 != 0);
    let constructed = number("systemFlags").is_some_and(|flags| flags & CONSTRUCTED != 0);
    Some(AttributeFacts {
        oid: text(entry, "attributeID").unwrap_or_default().into(),
        names: Box::new([name.into()]),
        superior: None,
        equality: None,
        ordering: None,
        syntax: text(entry, "attributeSyntax").map(|syntax| syntax_of(syntax, object_class_of_syntax(entry))),
        single_valued: is_true(entry, "isSingleValued"),
        // Nothing asks the classes of Active Directory whether they allow an attribute.
        is_user_attribute: true,
        read_only: is_true(entry, "systemOnly") || constructed || is_back_link,
    })
}

/// The facts in a `classSchema` entry; `None` if it has no name.
pub(super) fn object_class(entry: &Entry) -> Option<ClassFacts> {
    let name = text(entry, "lDAPDisplayName")?;
    let all = |attributes: &[&str]| attributes.iter().flat_map(|attribute| texts(entry, attribute)).collect();
    Some(ClassFacts {
        oid: text(entry, "governsID").unwrap_or_default().into(),
        names: Box::new([name.into()]),
        superiors: all(&["subClassOf"]),
        auxiliaries: all(&["auxiliaryClass", "systemAuxiliaryClass"]),
        must: all(&["mustContain", "systemMustContain"]),
        may: all(&["mayContain", "systemMayContain"]),
    })
}

fn syntax_of(syntax: &str, object_class: &[u8]) -> Syntax {
    match (syntax.trim(), object_class) {
        ("2.5.5.1", _) | ("2.5.5.7", OR_NAME) => Syntax::Dn,
        ("2.5.5.9" | "2.5.5.16", _) => Syntax::Integer,
        ("2.5.5.6", _) => Syntax::NumericString,
        ("2.5.5.10", _) => Syntax::OctetString,
        _ => Syntax::Other,
    }
}

fn object_class_of_syntax(entry: &Entry) -> &[u8] {
    entry.values("oMObjectClass").next().map(|value| &*value.bytes).unwrap_or_default()
}

/// The values of an attribute that are UTF-8.
fn texts<'e>(entry: &'e Entry, attribute: &'e str) -> impl Iterator<Item = Box<str>> + use<'e> {
    entry.values(attribute).filter_map(|value| str::from_utf8(&value.bytes).ok()).map(Box::from)
}

fn text<'e>(entry: &'e Entry, attribute: &'e str) -> Option<&'e str> {
    let value = entry.values(attribute).next()?;
    str::from_utf8(&value.bytes).ok().filter(|text| !text.is_empty())
}

fn is_true(entry: &Entry, attribute: &str) -> bool {
    entry.values(attribute).any(|value| value.bytes.eq_ignore_ascii_case(b"TRUE"))
}
