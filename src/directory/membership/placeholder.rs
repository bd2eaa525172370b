//! Members that are not accounts: values that keep a group from being empty.

use crate::ldap::Dn;
use crate::policy::{LastMember, Policy};

/// Whether a member is a placeholder: an empty name, a name whose RDN has the value `nobody`, `dummy`, `fakeuser` or
/// `refint_nothing`, or the policy's own placeholder.
pub fn is_placeholder_member(value: &[u8], policy: &Policy) -> bool {
    const PLACEHOLDERS: [&[u8]; 4] = [b"nobody", b"dummy", b"fakeuser", b"refint_nothing"];
    let Ok(dn) = Dn::parse(value) else { return false };
    if matches!(&policy.references.last_member, LastMember::Placeholder(placeholder) if *placeholder == dn) {
        return true;
    }
    let Some(rdn) = dn.rdn() else { return true };
    rdn.avas().iter().any(|ava| PLACEHOLDERS.iter().any(|name| name.eq_ignore_ascii_case(&ava.value)))
}
