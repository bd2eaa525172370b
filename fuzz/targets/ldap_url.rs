//! LDAP URLs, as they appear in attributes and ACIs.
#![no_main]

use libfuzzer_sys::fuzz_target;
use offboard::ldap::url::{LdapUrl, percent_decoded};

fuzz_target!(|text: &str| {
    assert!(percent_decoded(text).len() <= text.len());
    let Ok(url) = LdapUrl::parse(text) else { return };
    // Built again from its parts, with every byte of the DN encoded.
    let mut again = format!("ldap://{}/", url.host);
    for byte in url.dn.raw_bytes() {
        again.push_str(&format!("%{byte:02x}"));
    }
    if let Some(rest) = &url.rest {
        again.push('?');
        again.push_str(rest);
    }
    let again = LdapUrl::parse(&again).expect("a URL built from valid parts");
    assert_eq!(again.host, url.host);
    assert_eq!(again.dn.raw_bytes(), url.dn.raw_bytes());
    assert_eq!(again.rest, url.rest);
});
