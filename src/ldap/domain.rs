//! The hosted domain that a name stands in.

use super::Dn;
use super::attribute::same_type;

/// Its organisations, from the entry upwards.
pub fn organisations(dn: &Dn) -> Vec<&[u8]> {
    let avas = dn.rdns().iter().flat_map(super::dn::Rdn::avas);
    avas.filter(|ava| same_type(&ava.attribute_type, "o")).map(|ava| ava.value.as_slice()).collect()
}

/// The hosted domain that a name stands in: its nearest `o`, or what its `dc`s spell.
pub fn domain_of(dn: &Dn) -> Option<Vec<u8>> {
    if let Some(domain) = organisations(dn).first() {
        return Some(domain.to_vec());
    }
    let avas = dn.rdns().iter().flat_map(super::dn::Rdn::avas);
    let components: Vec<&[u8]> =
        avas.filter(|ava| same_type(&ava.attribute_type, "dc")).map(|ava| ava.value.as_slice()).collect();
    (!components.is_empty()).then(|| components.join(&b'.'))
}
