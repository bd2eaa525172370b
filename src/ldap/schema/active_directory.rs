//! Active Directory's schema: an entry of `CN=Schema,CN=Configuration` an attribute type or object class.
//!
//! | attribute of an `attributeSchema` | means |
//! | --- | --- |
//! | `lDAPDisplayName`, `attributeID` | name, OID |
//! | `attributeSyntax`, `oMObjectClass` | syntax, see below |
//! | `isSingleValued: TRUE` | at most one value |
//! | `linkID` | even: a forward link; odd: the back link of the number before it, which the server keeps; 0: no link |
//! | `systemOnly: TRUE`, bit 4 of `systemFlags` (constructed) | the server alone writes it |
//!
//! | attribute of a `classSchema` | means |
//! | --- | --- |
//! | `lDAPDisplayName`, `governsID` | name, OID |
//! | `subClassOf` | its superclass; `top` is its own |
//! | `auxiliaryClass`, `systemAuxiliaryClass` | classes whose attributes it has too; its entries do not belong to them |
//! | `mustContain`, `systemMustContain` | required |
//! | `mayContain`, `systemMayContain` | allowed |
//!
//! | `attributeSyntax` | `oMObjectClass` | values are |
//! | --- | --- | --- |
//! | 2.5.5.1 | any | DNs |
//! | 2.5.5.7 | OR-Name, 2.6.6.1.2.5.11.29 | DNs |
//! | 2.5.5.7 | any other | `B:32:0123...:DN` |
//! | 2.5.5.14 | Access-Point, 1.3.12.2.1011.28.0.702 | an address, then `#X500:` and a DN: not read as one |
//! | 2.5.5.14 | any other | `S:5:text:DN` |
//!
//! What is out of use (`isDefunct: TRUE`) is skipped: its name may belong to another by now.
//!
//! Sources: MS-ADTS 3.1.1.2 (schema; syntaxes 3.1.1.2.2.2), 2.2.10 (system flags), MS-ADA1 2.361 (linkID).

use super::facts::{AttributeFacts, ClassFacts, Link, Syntax};
use crate::ldap::Entry;

/// `FLAG_ATTR_IS_CONSTRUCTED` of `systemFlags`.
const CONSTRUCTED: i64 = 0x4;

/// What `oMObjectClass` holds: an OID as BER contents.
const OR_NAME: &[u8] = &[0x56, 0x06, 0x01, 0x02, 0x05, 0x0b, 0x1d];
const ACCESS_POINT: &[u8] = &[0x2b, 0x0c, 0x02, 0x87, 0x73, 0x1c, 0x00, 0x85, 0x3e];

/// Which of Active Directory's schema classes an entry is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SchemaClass {
    AttributeSchema,
    ClassSchema,
}

impl SchemaClass {
    /// The class with this name, ignoring case.
    pub(super) fn from_name(name: &[u8]) -> Option<Self> {
        [(&b"attributeSchema"[..], Self::AttributeSchema), (b"classSchema", Self::ClassSchema)]
            .into_iter()
            .find_map(|(own, class)| own.eq_ignore_ascii_case(name).then_some(class))
    }
}

/// Whether the entry is out of use.
pub(super) fn is_defunct(entry: &Entry) -> bool {
    is_true(entry, "isDefunct")
}

/// What an `attributeSchema` says; none without a name.
pub(super) fn attribute_type(entry: &Entry) -> Option<AttributeFacts> {
    let name = text(entry, "lDAPDisplayName")?;
    let number = |attribute| text(entry, attribute).and_then(|digits| digits.trim().parse::<i64>().ok());
    let link = number("linkID").filter(|id| *id != 0).map(|id| if id % 2 == 0 { Link::Forward } else { Link::Back });
    let constructed = number("systemFlags").is_some_and(|flags| flags & CONSTRUCTED != 0);
    Some(AttributeFacts {
        oid: text(entry, "attributeID").unwrap_or_default().into(),
        names: Box::new([name.into()]),
        superior: None,
        equality: None,
        ordering: None,
        syntax: text(entry, "attributeSyntax").map(|syntax| syntax_of(syntax, object_class_of_syntax(entry))),
        single_valued: is_true(entry, "isSingleValued"),
        // No class of Active Directory is asked what it allows.
        is_user_attribute: true,
        read_only: is_true(entry, "systemOnly") || constructed || link == Some(Link::Back),
        link,
    })
}

/// What a `classSchema` says; none without a name.
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
        ("2.5.5.14", ACCESS_POINT) => Syntax::Other,
        ("2.5.5.7" | "2.5.5.14", _) => Syntax::DnWithData,
        _ => Syntax::Other,
    }
}

fn object_class_of_syntax(entry: &Entry) -> &[u8] {
    entry.values("oMObjectClass").next().map(|value| &*value.bytes).unwrap_or_default()
}

/// The values that are text, which all of those asked for are.
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
