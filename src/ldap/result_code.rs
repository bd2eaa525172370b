//! Result codes (RFC 4511, 4.1.9 and A; RFC 4528): how a server says no.

use std::fmt;

/// A reason for which a server refuses a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResultCode {
    /// 2: the request is none that the server understands.
    ProtocolError,
    /// 12: the server does not know a critical control.
    UnavailableCriticalExtension,
    /// 16: the value or attribute to delete is not there.
    NoSuchAttribute,
    /// 18: values of this attribute cannot be compared.
    InappropriateMatching,
    /// 19: the change breaks a constraint.
    ConstraintViolation,
    /// 20: the value to add is there already.
    AttributeOrValueExists,
    /// 21: the syntax of the attribute forbids the value.
    InvalidAttributeSyntax,
    /// 32: the entry, or the parent of a new one, is not there.
    NoSuchObject,
    /// 34: the name is none.
    InvalidDnSyntax,
    /// 53: the server does not do this.
    UnwillingToPerform,
    /// 64: the entry would lack a value of its name.
    NamingViolation,
    /// 65: the entry would break its object classes.
    ObjectClassViolation,
    /// 66: the entry has children.
    NotAllowedOnNonLeaf,
    /// 67: the value is part of the entry's name.
    NotAllowedOnRdn,
    /// 68: the entry is there already.
    EntryAlreadyExists,
    /// 69: the structural class of an entry stays.
    ObjectClassModsProhibited,
    /// 71: it would leave the part of the directory that the server holds.
    AffectsMultipleDsas,
    /// 80: something else.
    Other,
    /// 122: the assertion does not hold.
    AssertionFailed,
}

impl ResultCode {
    const ALL: [(Self, u16, &'static str); 19] = [
        (Self::ProtocolError, 2, "protocolError"),
        (Self::UnavailableCriticalExtension, 12, "unavailableCriticalExtension"),
        (Self::NoSuchAttribute, 16, "noSuchAttribute"),
        (Self::InappropriateMatching, 18, "inappropriateMatching"),
        (Self::ConstraintViolation, 19, "constraintViolation"),
        (Self::AttributeOrValueExists, 20, "attributeOrValueExists"),
        (Self::InvalidAttributeSyntax, 21, "invalidAttributeSyntax"),
        (Self::NoSuchObject, 32, "noSuchObject"),
        (Self::InvalidDnSyntax, 34, "invalidDNSyntax"),
        (Self::UnwillingToPerform, 53, "unwillingToPerform"),
        (Self::NamingViolation, 64, "namingViolation"),
        (Self::ObjectClassViolation, 65, "objectClassViolation"),
        (Self::NotAllowedOnNonLeaf, 66, "notAllowedOnNonLeaf"),
        (Self::NotAllowedOnRdn, 67, "notAllowedOnRDN"),
        (Self::EntryAlreadyExists, 68, "entryAlreadyExists"),
        (Self::ObjectClassModsProhibited, 69, "objectClassModsProhibited"),
        (Self::AffectsMultipleDsas, 71, "affectsMultipleDSAs"),
        (Self::Other, 80, "other"),
        (Self::AssertionFailed, 122, "assertionFailed"),
    ];

    /// Its number.
    pub fn number(self) -> u16 {
        Self::ALL.iter().find(|(code, ..)| *code == self).map_or(80, |(_, number, _)| *number)
    }
}

/// `noSuchObject (32)`
impl fmt::Display for ResultCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::ALL.iter().find(|(code, ..)| code == self).map_or("other", |(.., name)| name);
        write!(f, "{name} ({})", self.number())
    }
}
