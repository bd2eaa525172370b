//! The hosted domain of a name.

use super::Dn;
use super::attribute::same_type;
use super::dn::Rdn;

/// The values of `o` in a name, from the entry upwards.
pub fn organisations(dn: &Dn) -> Vec<Vec<u8>> {
    values(dn, "o")
}

/// The values of `dc` in a name, from the entry upwards.
pub fn components(dn: &Dn) -> Vec<Vec<u8>> {
    values(dn, "dc")
}

/// The hosted domain of a name: the value of the nearest `o`, or else the values of `dc` joined by dots.
pub fn domain_of(dn: &Dn) -> Option<Vec<u8>> {
    if let Some(domain) = organisations(dn).into_iter().next() {
        return Some(domain);
    }
    let components = components(dn);
    (!components.is_empty()).then(|| components.join(&b'.'))
}

/// The values of an attribute type in a name, from the entry upwards.
fn values(dn: &Dn, attribute_type: &str) -> Vec<Vec<u8>> {
    let rdns = dn.rdns();
    let avas = rdns.iter().flat_map(Rdn::avas);
    avas.filter(|ava| same_type(&ava.attribute_type, attribute_type)).map(|ava| ava.value.clone()).collect()
}
