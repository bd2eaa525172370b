//! Changes (RFC 4511, 4.6-4.9): the operations that LDIF change records describe.

use strum::IntoStaticStr;

use super::{Attribute, AttributeDescription, Dn, Rdn, Value};

/// One change to one entry.
#[derive(Clone)]
pub struct ChangeRecord {
    /// The entry that is changed.
    pub dn: Dn,
    /// Controls sent with the operation (RFC 4511, 4.1.11).
    pub controls: Vec<Control>,
    /// The operation.
    pub change: Change,
}

impl ChangeRecord {
    /// The new DN of the entry; `None` if the record does not rename it, or if the new DN would be invalid.
    pub fn new_name(&self) -> Option<Dn> {
        let Change::ModifyDn { new_rdn, new_superior, .. } = &self.change else { return None };
        let parent = new_superior.as_ref().map_or_else(|| self.dn.parent_spelling().unwrap_or_default(), Dn::raw_bytes);
        match parent {
            b"" => Dn::parse(new_rdn.raw_bytes()).ok(),
            parent => Dn::parse(&[new_rdn.raw_bytes(), b",", parent].concat()).ok(),
        }
    }

    /// Whether two records are the same byte for byte. Records that are equal by matching rules may be spelled differently.
    pub fn is_exactly(&self, other: &Self) -> bool {
        self.dn.raw_bytes() == other.dn.raw_bytes()
            && self.controls == other.controls
            && match (&self.change, &other.change) {
                (Change::Delete, Change::Delete) => true,
                (Change::Add(left), Change::Add(right)) => {
                    let same = |(left, right): (&Attribute, &Attribute)| {
                        left.description.as_str() == right.description.as_str() && left.values == right.values
                    };
                    left.len() == right.len() && left.iter().zip(right).all(same)
                }
                (Change::Modify(left), Change::Modify(right)) => {
                    let same = |(left, right): (&Modification, &Modification)| {
                        left.op == right.op
                            && left.description.as_str() == right.description.as_str()
                            && left.values == right.values
                    };
                    left.len() == right.len() && left.iter().zip(right).all(same)
                }
                (
                    Change::ModifyDn { new_rdn, delete_old_rdn, new_superior },
                    Change::ModifyDn { new_rdn: rdn, delete_old_rdn: delete, new_superior: superior },
                ) => {
                    new_rdn.raw_bytes() == rdn.raw_bytes()
                        && delete_old_rdn == delete
                        && new_superior.as_ref().map(Dn::raw_bytes) == superior.as_ref().map(Dn::raw_bytes)
                }
                _ => false,
            }
    }
}

/// The operations that change a directory.
#[derive(Clone)]
pub enum Change {
    /// Adds the entry with these attributes.
    Add(Vec<Attribute>),
    /// Deletes the entry, which must be a leaf.
    Delete,
    /// Applies all modifications in order, or none of them.
    Modify(Vec<Modification>),
    /// Renames or moves the entry, with its subtree.
    ModifyDn {
        /// The new RDN of the entry.
        new_rdn: Rdn,
        /// Whether the values of the old RDN are deleted.
        delete_old_rdn: bool,
        /// The new parent; `None` keeps the parent.
        new_superior: Option<Dn>,
    },
}

/// One modification of a modify operation (RFC 4511, 4.6; increment: RFC 4525).
#[derive(Clone, PartialEq, Eq)]
pub struct Modification {
    /// The kind of modification.
    pub op: ModOp,
    /// The attribute that is modified.
    pub description: AttributeDescription,
    /// The values. Without values, `delete` and `replace` delete the whole attribute.
    pub values: Vec<Value>,
}

/// The kinds of modification. Their text form is the keyword of a mod-spec (RFC 2849).
#[derive(Clone, Copy, Debug, IntoStaticStr, PartialEq, Eq)]
#[strum(serialize_all = "lowercase")]
pub enum ModOp {
    /// Adds the values.
    Add,
    /// Deletes the values, or the attribute if there are none.
    Delete,
    /// Replaces all values.
    Replace,
    /// Adds a number to the value (RFC 4525).
    Increment,
}

impl ModOp {
    /// The keyword of a mod-spec (RFC 2849).
    pub fn keyword(self) -> &'static str {
        self.into()
    }
}

/// OID of the relax rules control (draft-zeilenga-ldap-relax), which permits writing attributes that only the server writes.
pub const RELAX_RULES: &str = "1.3.6.1.4.1.4203.666.5.12";

/// A control sent with an operation (RFC 4511, 4.1.11).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Control {
    /// The dotted-decimal OID.
    pub oid: String,
    /// Whether the server must refuse the operation if it does not support the control.
    pub critical: bool,
    /// The controlValue.
    pub value: Option<Vec<u8>>,
}
