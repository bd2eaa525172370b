//! Result codes (RFC 4511, 4.1.9 and appendix A; RFC 4528): the reason why a server refuses a change.

use std::fmt;

use strum::IntoStaticStr;

/// The reason why a server refuses a change; the discriminant is the number of the code.
#[derive(Clone, Copy, Debug, IntoStaticStr, PartialEq, Eq)]
#[strum(serialize_all = "camelCase")]
#[repr(u16)]
pub enum ResultCode {
    /// The server does not understand the request.
    ProtocolError = 2,
    /// The server does not support a critical control.
    UnavailableCriticalExtension = 12,
    /// The attribute or value that is to be deleted does not exist.
    NoSuchAttribute = 16,
    /// The values of the attribute cannot be compared.
    InappropriateMatching = 18,
    /// The change violates a constraint.
    ConstraintViolation = 19,
    /// The value that is to be added exists.
    AttributeOrValueExists = 20,
    /// The value does not conform to the syntax of the attribute.
    InvalidAttributeSyntax = 21,
    /// The entry, or the parent of a new entry, does not exist.
    NoSuchObject = 32,
    /// The name is not a valid DN.
    #[strum(serialize = "invalidDNSyntax")]
    InvalidDnSyntax = 34,
    /// The server does not perform this operation.
    UnwillingToPerform = 53,
    /// The entry would lack a value of its RDN.
    NamingViolation = 64,
    /// The entry would violate the rules of its object classes.
    ObjectClassViolation = 65,
    /// The entry has children.
    NotAllowedOnNonLeaf = 66,
    /// The value is part of the entry's RDN.
    #[strum(serialize = "notAllowedOnRDN")]
    NotAllowedOnRdn = 67,
    /// The entry that is to be added exists.
    EntryAlreadyExists = 68,
    /// The structural object class of an entry cannot be changed.
    ObjectClassModsProhibited = 69,
    /// The entry would be moved out of the part of the directory that the server holds.
    #[strum(serialize = "affectsMultipleDSAs")]
    AffectsMultipleDsas = 71,
    /// Any other reason.
    Other = 80,
    /// The assertion of an assertion control (RFC 4528) is false.
    AssertionFailed = 122,
}

impl ResultCode {
    /// The number of the code.
    pub fn number(self) -> u16 {
        self as u16
    }
}

/// `noSuchObject (32)`
impl fmt::Display for ResultCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", <&str>::from(self), self.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_the_names_of_the_rfc() {
        for (code, text) in [
            (ResultCode::NoSuchObject, "noSuchObject (32)"),
            (ResultCode::InvalidDnSyntax, "invalidDNSyntax (34)"),
            (ResultCode::NotAllowedOnRdn, "notAllowedOnRDN (67)"),
            (ResultCode::AffectsMultipleDsas, "affectsMultipleDSAs (71)"),
            (ResultCode::AttributeOrValueExists, "attributeOrValueExists (20)"),
        ] {
            assert_eq!(code.to_string(), text);
        }
    }
}
