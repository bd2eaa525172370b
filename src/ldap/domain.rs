//! The hosted domain of a name: of a [`Dn`] as it is written, and of a [`DnKey`] in its normal form.

use super::attribute::same_type;
use super::dn::Rdn;
use super::dn_key::prefixes;
use super::{Dn, DnKey};

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

/// The parts of a key that make up the hosted domain of its name: the nearest `o=VALUE`, or else every `dc=VALUE`, from the
/// top down. Empty if the name has neither.
pub fn domain_rdns(key: &DnKey) -> Vec<&[u8]> {
    let rdns =
        |start: &'static [u8]| prefixes(key.as_bytes()).map(|(_, rdn)| rdn).filter(move |rdn| rdn.starts_with(start));
    rdns(b"o=").last().map_or_else(|| rdns(b"dc=").collect(), |organisation| vec![organisation])
}

/// The hosted domain of a key's name, in normal form: `siroe.com`. Empty if the name has none.
pub fn domain_of_key(key: &DnKey) -> Vec<u8> {
    let value = |rdn: &'_ [u8]| rdn[memchr::memchr(b'=', rdn).map_or(0, |at| at + 1)..].to_vec();
    domain_rdns(key).into_iter().rev().map(value).collect::<Vec<_>>().join(&b'.')
}

/// Whether a name is in a mail domain: one of its `o`, or any run of its `dc` joined by dots, is the domain.
pub fn is_in_domain(dn: &[u8], domain: &str) -> bool {
    let Ok(dn) = Dn::parse(dn) else { return false };
    let is_domain = |value: &[u8]| value.eq_ignore_ascii_case(domain.as_bytes());
    let components = components(&dn);
    organisations(&dn).iter().any(|name| is_domain(name))
        || (0..components.len())
            .any(|first| (first..components.len()).any(|last| is_domain(&components[first..=last].join(&b'.'))))
}

/// The values of an attribute type in a name, from the entry upwards.
fn values(dn: &Dn, attribute_type: &str) -> Vec<Vec<u8>> {
    let rdns = dn.rdns();
    let avas = rdns.iter().flat_map(Rdn::avas);
    avas.filter(|ava| same_type(&ava.attribute_type, attribute_type)).map(|ava| ava.value.clone()).collect()
}
