//! Whether the URL of a dynamic group selects an entry.

use crate::ldap::Entry;
use crate::ldap::filter::{Filter, Truth};
use crate::ldap::url::{LdapUrl, percent_decoded};

/// Whether an LDAP URL selects an entry: its base and scope cover the entry, and its filter matches by the built-in tables.
pub fn selects(url: &[u8], entry: &Entry) -> bool {
    let Some(url) = LdapUrl::of_value(url) else { return false };
    let rest = url.rest.unwrap_or_default();
    let mut parts = rest.split('?').skip(1);
    let (scope, filter) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let (key, base) = (entry.dn.key(), url.dn.key());
    // RFC 4516, 2: the default scope is the base alone.
    let in_scope = match scope.to_ascii_lowercase().as_str() {
        "sub" => key.is_at_or_under(base),
        "one" => key.parent().as_ref() == Some(base),
        _ => key == base,
    };
    let filter = String::from_utf8(percent_decoded(filter)).unwrap_or_default();
    let matches =
        || filter.is_empty() || Filter::parse(&filter).is_ok_and(|filter| filter.evaluate(entry) == Truth::True);
    in_scope && matches()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ldap::{AttributeDescription, Dn, Origin, Value};

    #[test]
    fn what_a_url_selects() {
        let mut entry =
            Entry { dn: Dn::parse(b"uid=a,ou=p,o=x").unwrap(), origin: Origin::default(), attributes: Vec::new() };
        entry.push(AttributeDescription::parse(b"uid").unwrap(), Value::new(b"a"));
        for (url, expected) in [
            ("ldap:///o=x??sub?(uid=a)", true),
            ("ldap:///o=x??sub?(uid=b)", false),
            ("ldap:///o=x??sub", true),
            ("ldap:///o=x??sub?", true),
            ("ldap:///ou=p,o=x??one?(uid=*)", true),
            ("ldap:///o=x??one?(uid=*)", false),
            ("ldap:///uid=a,ou=p,o=x", true),
            ("ldap:///o=x", false),
            ("ldap:///o=x??sub?(uid=%61)", true),
            ("ldap:///o=x??sub?(uid=", false),
            ("http://x", false),
        ] {
            assert_eq!(selects(url.as_bytes(), &entry), expected, "{url}");
        }
    }
}
