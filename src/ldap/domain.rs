//! The hosted domain that a name is in.

use super::Dn;
use super::attribute::same_type;
use super::dn::Rdn;

/// Its organisations, from the entry upwards.
pub fn organisations(dn: &Dn) -> Vec<Vec<u8>> {
    values(dn, "o")
}

/// Its domain components, from the entry upwards.
pub fn components(dn: &Dn) -> Vec<Vec<u8>> {
    values(dn, "dc")
}

/// The hosted domain that a name is in: its nearest `o`, or what its `dc`s spell.
pub fn domain_of(dn: &Dn) -> Option<Vec<u8>> {
    if let Some(domain) = organisations(dn).into_iter().next() {
        return Some(domain);
    }
    let components = components(dn);
    (!components.is_empty()).then(|| components.join(&b'.'))
}

/// The values of one type in a name, from the entry upwards.
fn values(dn: &Dn, attribute_type: &str) -> Vec<Vec<u8>> {
    let rdns = dn.rdns();
    let avas = rdns.iter().flat_map(Rdn::avas);
    avas.filter(|ava| same_type(&ava.attribute_type, attribute_type)).map(|ava| ava.value.clone()).collect()
}
