//! Changes (RFC 4511, 4.6-4.9): what an LDIF change record asks a server to do.

use super::{Attribute, AttributeDescription, Dn, Rdn, Value};

/// One change to one entry.
#[derive(Clone)]
pub struct ChangeRecord {
    /// The entry that is changed.
    pub dn: Dn,
    /// Controls sent with the operation (RFC 4511, 4.1.11).
    pub controls: Vec<Control>,
    /// What is done.
    pub change: Change,
}

impl ChangeRecord {
    /// The name that the entry gets; `None` if the record does not rename it, or to what is not a name.
    pub fn new_name(&self) -> Option<Dn> {
        let Change::ModifyDn { new_rdn, new_superior, .. } = &self.change else { return None };
        let parent = new_superior.as_ref().map_or_else(|| self.dn.parent_spelling().unwrap_or_default(), Dn::raw_bytes);
        match parent {
            b"" => Dn::parse(new_rdn.raw_bytes()).ok(),
            parent => Dn::parse(&[new_rdn.raw_bytes(), b",", parent].concat()).ok(),
        }
    }

    /// Whether this is that record to the last byte, spellings too: two that are equal by the rules of a directory may still
    /// be written otherwise.
    pub fn is_exactly(&self, other: &Self) -> bool {
        self.dn.raw_bytes() == other.dn.raw_bytes()
            && self.controls == other.controls
            && match (&self.change, &other.change) {
                (Change::Delete, Change::Delete) => true,
                (Change::Add(left), Change::Add(right)) => {
                    let same = |(left, right): (&Attribute, &Attribute)| {
                        left.description.raw_bytes() == right.description.raw_bytes() && left.values == right.values
                    };
                    left.len() == right.len() && left.iter().zip(right).all(same)
                }
                (Change::Modify(left), Change::Modify(right)) => {
                    let same = |(left, right): (&Modification, &Modification)| {
                        left.op == right.op
                            && left.description.raw_bytes() == right.description.raw_bytes()
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

/// The four operations that change a directory.
#[derive(Clone)]
pub enum Change {
    /// Add the entry with these attributes.
    Add(Vec<Attribute>),
    /// Delete the entry, which must be a leaf.
    Delete,
    /// Apply all modifications in order, or none.
    Modify(Vec<Modification>),
    /// Rename or move the entry.
    ModifyDn {
        /// The new leaf RDN.
        new_rdn: Rdn,
        /// Whether the values of the old RDN are removed.
        delete_old_rdn: bool,
        /// The new parent; `None` keeps it.
        new_superior: Option<Dn>,
    },
}

/// One modification of a modify operation (RFC 4511, 4.6; increment: RFC 4525).
#[derive(Clone, PartialEq, Eq)]
pub struct Modification {
    /// What is done with the values.
    pub op: ModOp,
    /// The attribute.
    pub description: AttributeDescription,
    /// The values; none means the whole attribute for `delete` and `replace`.
    pub values: Vec<Value>,
}

/// The kinds of modification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModOp {
    /// Add the values.
    Add,
    /// Delete the values, or the attribute if none are given.
    Delete,
    /// Replace all values.
    Replace,
    /// Add a number to the value (RFC 4525).
    Increment,
}

impl ModOp {
    /// The keyword of a mod-spec (RFC 2849).
    pub fn keyword(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Delete => "delete",
            Self::Replace => "replace",
            Self::Increment => "increment",
        }
    }
}

/// OID of the relax rules control (draft-zeilenga-ldap-relax): it may write what is the server's own.
pub const RELAX_RULES: &str = "1.3.6.1.4.1.4203.666.5.12";

/// A control sent with an operation (RFC 4511, 4.1.11).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Control {
    /// The dotted-decimal OID.
    pub oid: String,
    /// Whether the server must refuse what it does not know.
    pub critical: bool,
    /// The controlValue octets, if any.
    pub value: Option<Vec<u8>>,
}
