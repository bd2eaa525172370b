//! The hosted domain of a name: of a [`Dn`] as it is written, and of a [`DnKey`] in its normal form.
//!
//! A name is in one domain: the nearest whole one. From the entry upwards, each `o` is a candidate, and all `dc` together are
//! one at the place of the lowest of them. The first candidate with a dot is the domain; if none has a dot, the first one.
//!
//! | name | domain | not |
//! | --- | --- | --- |
//! | `uid=a,ou=People,o=sesta.com,o=isp` | `sesta.com` | `isp` |
//! | `uid=a,ou=People,o=sesta.com,o=isp.com` | `sesta.com` | `isp.com` |
//! | `uid=a,dc=example,dc=com,dc=au` | `example.com.au` | `example.com` |
//! | `uid=a,dc=corp,dc=example,dc=com` | `corp.example.com` | `example.com` |
//! | `uid=a,dc=sesta,dc=com,o=internet` | `sesta.com` | `internet` |
//! | `uid=a,o=Acme,dc=example,dc=com` | `example.com` | `Acme` |
//! | `uid=a,ou=People,o=isp` | `isp` | |
//!
//! An account of `corp.example.com` is therefore not in the domain `example.com`: another account of the same user name may
//! be there. [`DomainRelation`] says when two domains are near.

use super::attribute::same_type;
use super::dn::Rdn;
use super::dn_key::{avas, prefixes};
use super::matching::{MatchingRule, normalize};
use super::{Dn, DnKey};

/// The kinds of RDNs that make up a domain.
#[derive(Clone, Copy, PartialEq, Eq)]
enum DomainRdn {
    /// `o`: a whole domain.
    Organisation,
    /// `dc`: one label of a domain.
    Component,
}

/// The values that make up the domain of a name, of those of its `o` and `dc` RDNs from the entry upwards.
fn nearest_whole<V: AsRef<[u8]>>(rdns: Vec<(DomainRdn, V)>) -> Vec<V> {
    let labels = rdns.iter().filter(|(kind, _)| *kind == DomainRdn::Component).count();
    let has_dot = |value: &V| memchr::memchr(b'.', value.as_ref()).is_some();
    let is_whole = |(kind, value): &(DomainRdn, V)| match kind {
        DomainRdn::Organisation => has_dot(value),
        DomainRdn::Component => labels > 1 || has_dot(value),
    };
    let at = rdns.iter().position(is_whole).unwrap_or(0);
    match rdns.get(at) {
        None => Vec::new(),
        Some((DomainRdn::Organisation, _)) => rdns.into_iter().nth(at).map(|(_, value)| value).into_iter().collect(),
        Some((DomainRdn::Component, _)) => {
            let components = rdns.into_iter().filter(|(kind, _)| *kind == DomainRdn::Component);
            components.map(|(_, value)| value).collect()
        }
    }
}

/// The values of `o` in a name, from the entry upwards.
pub fn organisations(dn: &Dn) -> Vec<Vec<u8>> {
    let rdns = rdns_of(dn).into_iter().filter(|(kind, _)| *kind == DomainRdn::Organisation);
    rdns.map(|(_, value)| value).collect()
}

/// The hosted domain of a name, as it is written.
pub fn domain_of(dn: &Dn) -> Option<Vec<u8>> {
    let domain = nearest_whole(rdns_of(dn));
    (!domain.is_empty()).then(|| domain.join(&b'.'))
}

fn rdns_of(dn: &Dn) -> Vec<(DomainRdn, Vec<u8>)> {
    let rdns = dn.rdns();
    let avas = rdns.iter().flat_map(Rdn::avas);
    let rdn = |ava: &super::dn::Ava| {
        let kind = if same_type(&ava.attribute_type, "o") {
            DomainRdn::Organisation
        } else if same_type(&ava.attribute_type, "dc") {
            DomainRdn::Component
        } else {
            return None;
        };
        Some((kind, ava.value.clone()))
    };
    avas.filter_map(rdn).collect()
}

/// The values in a key that make up the hosted domain of its name, in normal form, from the entry upwards. Empty if the name
/// has none.
pub fn domain_rdns(key: &DnKey) -> Vec<&[u8]> {
    nearest_whole(rdns_of_key(key.as_bytes()))
}

fn rdns_of_key(key: &[u8]) -> Vec<(DomainRdn, &[u8])> {
    let mut rdns: Vec<(DomainRdn, &[u8])> = Vec::new();
    for ava in prefixes(key).flat_map(|(_, rdn)| avas(rdn)) {
        if let Some(value) = ava.strip_prefix(b"o=") {
            rdns.push((DomainRdn::Organisation, value));
        } else if let Some(value) = ava.strip_prefix(b"dc=") {
            rdns.push((DomainRdn::Component, value));
        }
    }
    rdns.reverse();
    rdns
}

/// The hosted domain of a key's name, in normal form: `siroe.com`. Empty if the name has none.
pub fn domain_of_key(key: &DnKey) -> Vec<u8> {
    domain_rdns(key).join(&b'.')
}

/// A domain in the normal form of [`domain_of_key`].
pub fn normal_domain(domain: &str) -> Vec<u8> {
    normalize(MatchingRule::CaseIgnore, domain.as_bytes()).into_owned()
}

/// How the domain of a name relates to another domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DomainRelation {
    /// It is the same.
    Same,
    /// One of them is below the other, as `corp.example.com` is below `example.com`, or another domain that the name
    /// contains is the one asked for, as `isp.com` is in `o=sesta.com,o=isp.com`.
    Near,
    /// They have nothing to do with each other.
    Other,
}

/// How the domain of a name, given by the bytes of its key, relates to a domain.
pub fn domain_relation(key: &[u8], domain: &str) -> DomainRelation {
    let rdns = rdns_of_key(key);
    let is_above = |asked: &[u8]| rdns.iter().any(|(kind, value)| *kind == DomainRdn::Organisation && *value == asked);
    let (own, asked) = (nearest_whole(rdns.clone()).join(&b'.'), normal_domain(domain));
    let is_below = |lower: &[u8], upper: &[u8]| {
        lower.strip_suffix(upper).is_some_and(|rest| rest.ends_with(b".")) && !upper.is_empty()
    };
    let begins = |longer: &[u8], shorter: &[u8]| {
        longer.strip_prefix(shorter).is_some_and(|rest| rest.starts_with(b".")) && !shorter.is_empty()
    };
    if own == asked && !own.is_empty() {
        return DomainRelation::Same;
    }
    let is_near = is_below(&own, &asked) || is_below(&asked, &own) || begins(&own, &asked) || begins(&asked, &own);
    if is_near || is_above(&asked) { DomainRelation::Near } else { DomainRelation::Other }
}

/// Whether a name, given by the bytes of its key, is in a domain.
pub fn is_in_domain(key: &[u8], domain: &str) -> bool {
    domain_relation(key, domain) == DomainRelation::Same
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_whole_domain() {
        for (name, expected) in [
            ("uid=a,ou=People,o=sesta.com,o=isp", "sesta.com"),
            ("uid=a,ou=People,o=sesta.com,o=isp.com", "sesta.com"),
            ("uid=a,dc=example,dc=com,dc=au", "example.com.au"),
            ("uid=a,dc=corp,ou=x,dc=example,dc=com", "corp.example.com"),
            ("uid=a,dc=sesta,dc=com,o=internet", "sesta.com"),
            ("uid=a,dc=sesta,dc=com,o=isp.com", "sesta.com"),
            ("uid=a,o=Acme,dc=example,dc=com", "example.com"),
            ("uid=a,o=Acme,dc=test", "Acme"),
            ("uid=a,ou=People,o=isp", "isp"),
            ("uid=a,dc=test", "test"),
            ("uid=a,ou=People", ""),
        ] {
            let dn = Dn::parse(name.as_bytes()).unwrap();
            assert_eq!(String::from_utf8(domain_of(&dn).unwrap_or_default()).unwrap(), expected, "{name}");
            assert_eq!(domain_of_key(dn.key()), expected.to_lowercase().as_bytes(), "{name}");
        }
    }

    #[test]
    fn relations() {
        use DomainRelation::{Near, Other, Same};
        for (name, domain, expected) in [
            ("uid=a,dc=Example,dc=com", "example.COM", Same),
            ("uid=a,o=\u{d6}z.example", "\u{f6}Z.example", Same),
            ("uid=a,dc=example,dc=com,dc=au", "example.com", Near),
            ("uid=a,dc=corp,dc=example,dc=com", "example.com", Near),
            ("uid=a,dc=example,dc=com", "corp.example.com", Near),
            ("uid=a,o=sesta.com,o=isp.com", "isp.com", Near),
            ("uid=a,dc=notexample,dc=com", "example.com", Other),
            ("uid=a,ou=People", "example.com", Other),
            ("uid=a,dc=example,dc=com", "", Other),
        ] {
            let key = DnKey::parse(name.as_bytes()).unwrap();
            assert_eq!(domain_relation(key.as_bytes(), domain), expected, "{name} {domain}");
        }
    }
}
