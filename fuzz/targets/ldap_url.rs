//! LDAP URLs, as attributes and ACIs hold them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use offboard::ldap::url::{LdapUrl, percent_decoded};

fuzz_target!(|text: &str| {
    assert!(percent_decoded(text).len() <= text.len());
    let Ok(url) = LdapUrl::parse(text) else { return };
    // Put together again from its parts, every byte of the name encoded.
    let mut again = format!("ldap://{}/", url.host);
    for byte in url.dn.raw_bytes() {
        again.push_str(&format!("%{byte:02x}"));
    }
    if let Some(rest) = &url.rest {
        again.push('?');
        again.push_str(rest);
    }
    let again = LdapUrl::parse(&again).expect("a URL made of the parts of one");
    assert_eq!(again.host, url.host);
    assert_eq!(again.dn.raw_bytes(), url.dn.raw_bytes());
    assert_eq!(again.rest, url.rest);
});
