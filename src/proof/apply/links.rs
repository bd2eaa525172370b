//! Values that name an entry and go where it goes: the linked attributes of Active Directory.
//!
//! Measured with Samba: a moved entry is named by its new name at once, a deleted one by none.

use crate::ldap::attribute::same_type;
use crate::ldap::{Dn, DnKey, Entry, Rdn, Value};

/// Attributes that are linked (MS-ADTS 3.1.1.1.6), of those that a plan meets.
const LINKED: [&str; 3] = ["member", "manager", "managedBy"];

/// Whether values of this type follow the entry that they name.
pub fn is_linked(attribute_type: &str) -> bool {
    LINKED.iter().any(|linked| same_type(linked, attribute_type))
}

/// Gives the values of an entry that name `old`, or an entry below it, their new name; without one they go.
pub fn relink(entry: &mut Entry, old: &DnKey, new: Option<&Dn>) {
    for attribute in &mut entry.attributes {
        if !is_linked(attribute.description.attribute_type()) {
            continue;
        }
        attribute.values.retain_mut(|value| {
            let Ok(named) = Dn::parse(&value.bytes) else { return true };
            if !named.key().is_at_or_under(old) {
                return true;
            }
            let Some(new) = new else { return false };
            let below = named.rdns().len().saturating_sub(old.depth());
            let lower = named.rdns().iter().take(below).map(Rdn::spelling);
            *value = Value::new(&lower.chain([new.spelling()]).collect::<Vec<_>>().join(&b','));
            true
        });
    }
    entry.attributes.retain(|attribute| !attribute.values.is_empty());
}
