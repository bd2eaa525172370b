//! Changes over exports: what each changed entry is afterwards, without writing the exports again.

use std::sync::Arc;

use super::key_hash::KeyMap;
use crate::ldap::{DnKey, Entry};

/// The entries that a plan changes, by their names in the exports; `None` is an entry that it deletes. A scan with an
/// overlay shows the directory as it is after the changes.
pub type Overlay = KeyMap<Option<Arc<Entry>>>;

/// Adds changes to an overlay. They are keyed by the names that entries have under the overlay, so an entry that the
/// overlay renames is found by its new name.
pub fn apply_overlay<'e>(overlay: &mut Overlay, after: impl IntoIterator<Item = (&'e DnKey, &'e Option<Arc<Entry>>)>) {
    let renamed = |(first, entry): (&DnKey, &Option<Arc<Entry>>)| {
        entry.as_ref().filter(|entry| entry.dn.key() != first).map(|entry| (entry.dn.key().clone(), first.clone()))
    };
    let first_names: KeyMap<DnKey> = overlay.iter().filter_map(renamed).collect();
    for (name, entry) in after {
        overlay.insert(first_names.get(name).unwrap_or(name).clone(), entry.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ldap::{Dn, Origin};

    #[test]
    fn a_renamed_entry_keeps_its_first_name() {
        let dn = |name: &str| Dn::parse(name.as_bytes()).unwrap();
        let entry = |name: &str| Arc::new(Entry { dn: dn(name), origin: Origin::default(), attributes: Vec::new() });
        let key = |name: &str| dn(name).key().clone();
        let mut overlay = Overlay::default();
        apply_overlay(&mut overlay, [(&key("cn=a,o=x"), &Some(entry("cn=a,ou=gone,o=x")))]);
        apply_overlay(&mut overlay, [(&key("cn=a,ou=gone,o=x"), &None), (&key("cn=b,o=x"), &Some(entry("cn=b,o=x")))]);
        assert_eq!(overlay.len(), 2);
        assert!(overlay[&key("cn=a,o=x")].is_none());
        assert!(overlay[&key("cn=b,o=x")].is_some());
    }
}
