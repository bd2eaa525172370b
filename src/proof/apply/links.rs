//! The linked attributes of Active Directory, whose values the server updates when the entry that they name changes.
//!
//! As measured with Samba, values that name a moved entry get its new name at once, and values that name a deleted entry are
//! removed.

use std::collections::HashMap;
use std::sync::Arc;

use crate::ldap::attribute::is_one_of;
use crate::ldap::dn_key::{KeyBuffer, prefixes};
use crate::ldap::{Dn, DnKey, Entry, Value};

/// The linked attributes (MS-ADTS 3.1.1.1.6) that plans change.
pub const LINKED: [&str; 3] = ["member", "manager", "managedBy"];

/// Whether the server updates values of this attribute type.
pub fn is_linked(attribute_type: &str) -> bool {
    is_one_of(&LINKED, attribute_type)
}

/// Updates the linked values of an entry after the entry `old` was renamed with everything below it, or deleted if `new` is
/// `None`.
pub fn relink(entry: &mut Entry, old: &DnKey, new: Option<&Dn>) {
    let mut links = Links::default();
    links.add(old, new);
    links.follow(entry);
}

/// Updates the linked values of entries after all changes of `after`, which has the changed entries by their old names and
/// `None` for deleted ones.
pub fn relink_all<'e>(
    entries: impl Iterator<Item = &'e mut Arc<Entry>>,
    after: impl IntoIterator<Item = (&'e DnKey, &'e Option<Arc<Entry>>)>,
) {
    let mut links = Links::default();
    for (key, entry) in after {
        match entry {
            None => links.add(key, None),
            Some(entry) if entry.dn.key() != key => links.add(key, Some(&entry.dn)),
            Some(_) => {}
        }
    }
    entries.for_each(|entry| links.follow(Arc::make_mut(entry)));
}

/// Renames and deletions that linked values have to follow, and how far each entry has followed them.
///
/// The values of an entry are updated when the entry is read, for all events at once. So the cost of many events and many
/// values is their sum, not their product.
#[derive(Clone, Default)]
pub struct Links {
    /// The events of each name: the number of the event, and the new name, or `None` for a deletion.
    events: HashMap<DnKey, Vec<(usize, Option<Dn>)>>,
    /// The number of events so far.
    count: usize,
    /// How many events each entry has followed; an entry that is not listed has followed none.
    followed: HashMap<DnKey, usize>,
}

impl Links {
    /// Notes that an entry was renamed with everything below it, or deleted if `new` is `None`.
    pub fn add(&mut self, old: &DnKey, new: Option<&Dn>) {
        self.events.entry(old.clone()).or_default().push((self.count, new.cloned()));
        self.count += 1;
    }

    /// Notes that an entry was added: earlier events do not concern its values.
    pub fn begin_at(&mut self, key: &DnKey) {
        self.followed.insert(key.clone(), self.count);
    }

    /// Notes the new name of an entry that has linked values itself.
    pub fn rename(&mut self, old: &DnKey, new: &DnKey) {
        match self.followed.remove(old) {
            Some(count) => self.followed.insert(new.clone(), count),
            None => self.followed.remove(new),
        };
    }

    /// Updates the linked values of an entry, and removes those that name a deleted entry.
    pub fn follow(&mut self, entry: &mut Entry) {
        let from = self.followed.get(entry.dn.key()).copied().unwrap_or_default();
        if from == self.count {
            return;
        }
        let mut keys = KeyBuffer::new();
        for attribute in &mut entry.attributes {
            if is_linked(attribute.description.attribute_type()) {
                attribute.values.retain_mut(|value| self.keeps(value, from, &mut keys));
            }
        }
        entry.attributes.retain(|attribute| !attribute.values.is_empty());
        self.followed.insert(entry.dn.key().clone(), self.count);
    }

    /// Updates a value with all events since number `from`; `false` if the entry that it names was deleted.
    fn keeps(&self, value: &mut Value, mut from: usize, keys: &mut KeyBuffer) -> bool {
        loop {
            let Ok(key) = keys.key_of(&value.bytes) else { return true };
            let above = prefixes(key).filter_map(|(above, _)| self.events.get_key_value(above));
            let next = above.filter_map(|(old, events)| {
                let (at, new) = events.get(events.partition_point(|(at, _)| *at < from))?;
                Some((*at, old, new))
            });
            let Some((at, old, new)) = next.min_by_key(|(at, ..)| *at) else { return true };
            let Some(new) = new else { return false };
            let renamed = Dn::parse(&value.bytes).ok().and_then(|named| named.renamed(old, new));
            let Some(renamed) = renamed else { return true };
            *value = Value::new(renamed.raw_bytes());
            from = at + 1;
        }
    }
}
