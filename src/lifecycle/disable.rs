//! What change files write to an account that is disabled, and the account after that.
//!
//! | key of `[disable]` | written |
//! | --- | --- |
//! | `replace` | the value, in place of all others; not if a tool of the site writes it ([`ProvisioningTools`](crate::policy::ProvisioningTools)) |
//! | `present` | the value, in place of all others, if the account has the attribute |
//! | `bits` | the present number with the bits turned on |

use super::state::{number, values_of};
use crate::ldap::{AttributeDescription, Entry, Value};
use crate::policy::Policy;

/// Each attribute that is written, with its only value after that.
pub fn writes<'p>(entry: &Entry, policy: &'p Policy) -> Vec<(&'p AttributeDescription, Vec<u8>)> {
    let disable = &policy.disable;
    let tools = policy.directory.tools;
    let by_file = |description: &AttributeDescription| tools.file_writes_disable(description.attribute_type());
    let replaced = disable.replace.iter().filter(|(description, _)| by_file(description));
    let is_there = |description: &AttributeDescription| values_of(entry, description).next().is_some();
    let present = disable.present.iter().filter(|(description, _)| is_there(description));
    let bits = disable.bits.iter().filter_map(|(description, bits)| {
        let old = number(entry, description)?;
        Some((description, (old | i64::from(bits.set)).to_string().into_bytes()))
    });
    replaced.chain(present).map(|(description, value)| (description, value.clone())).chain(bits).collect()
}

/// The account after the change files that disable it.
pub fn after_disable(entry: &Entry, policy: &Policy) -> Entry {
    let mut disabled = entry.clone();
    for (description, value) in writes(entry, policy) {
        disabled.attributes.retain(|attribute| attribute.description != *description);
        disabled.push(description.clone(), Value::new(&value));
    }
    disabled
}
