//! DNs: parsing, keys, normal forms and comparisons agree with each other.
#![no_main]

use libfuzzer_sys::fuzz_target;
use offboard::ldap::dn::escape_rdn_value;
use offboard::ldap::dn_key::KeyBuffer;
use offboard::ldap::{Dn, DnKey, Rdn};

fuzz_target!(|data: &[u8]| {
    // Two DNs, so that equality is tested too.
    let (first, second) = match data.iter().position(|byte| *byte == b'\n') {
        Some(at) => (&data[..at], &data[at + 1..]),
        None => (data, &data[..0]),
    };
    let mut keys = KeyBuffer::new();
    let names = [first, second].map(|text| {
        let dn = Dn::parse(text);
        assert_eq!(dn.is_ok(), DnKey::parse(text).is_ok(), "the DN parser and the key parser accept the same texts");
        match (&dn, keys.key_of(text)) {
            (Ok(dn), Ok(key)) => assert_eq!(dn.key().as_bytes(), key, "both ways give the same key"),
            (Err(_), Err(_)) => {}
            (dn, key) => panic!("{dn:?}, but the key is {key:?}"),
        }
        dn
    });
    for dn in names.iter().flatten() {
        check_forms(dn);
    }
    let [Ok(first), Ok(second)] = names else { return };
    let are_equal = first.key() == second.key();
    assert_eq!(are_equal, first == second);
    assert_eq!(are_equal, first.normalized() == second.normalized(), "{} {}", first.normalized(), second.normalized());
    if first.key().is_under(second.key()) {
        assert!(first.key() > second.key(), "children sort after their parents");
        assert!(first.key().depth() > second.key().depth());
    }
});

fn check_forms(dn: &Dn) {
    let again = Dn::parse(dn.raw_bytes()).expect("the raw bytes are a DN");
    assert_eq!(again.key(), dn.key());
    let normalized = Dn::parse(dn.normalized().as_bytes()).expect("the normal form is a DN");
    assert_eq!(normalized.key(), dn.key(), "{}", dn.normalized());
    assert_eq!(normalized.normalized(), dn.normalized());
    assert_eq!(dn.key().depth(), dn.rdns().len());
    match dn.parent_spelling() {
        Some(parent) => {
            let parent = Dn::parse(parent).expect("the parent is a DN");
            assert_eq!(Some(parent.key()), dn.key().parent().as_ref());
            assert!(dn.key().is_under(parent.key()));
        }
        None => assert!(dn.rdns().len() < 2, "{:?}", dn.raw_bytes()),
    }
    if !dn.is_root() {
        let rdn = Rdn::parse(dn.rdn_spelling()).expect("the first RDN is an RDN");
        assert_eq!(rdn.avas().len(), dn.rdns()[0].avas().len());
    }
    // Built again from its types and values.
    let mut built = Vec::new();
    for rdn in dn.rdns() {
        if !built.is_empty() {
            built.push(b',');
        }
        for (at, ava) in rdn.avas().iter().enumerate() {
            if at > 0 {
                built.push(b'+');
            }
            built.extend(ava.attribute_type.as_bytes());
            built.push(b'=');
            if ava.is_opaque {
                // `#` and hexadecimal digits cannot be built from a value.
                return;
            }
            built.extend(&*escape_rdn_value(&ava.value));
        }
    }
    let built = Dn::parse(&built).unwrap_or_else(|error| panic!("{error}: {:?}", String::from_utf8_lossy(&built)));
    assert_eq!(built.key(), dn.key());
}
