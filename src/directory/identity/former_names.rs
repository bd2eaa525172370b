//! The names that entries had before change sets of `--history` moved them.
//!
//! Whatever asks for a name asks for these names too: a line of the policy, a line of a list, the scope of a roster.
//!
//! | entry | former names |
//! | --- | --- |
//! | an account that was moved | each name that it had |
//! | an entry below one | the same, with its own part of the name below |
//! | an entry that has the new name, but is [another](crate::lifecycle::history) account | none |

use std::sync::Arc;

use crate::directory::key_hash::KeyMap;
use crate::ldap::DnKey;
use crate::ldap::dn_key::prefixes;
use crate::lifecycle::History;

/// The former names of moved accounts, by present name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FormerNames(Arc<KeyMap<Vec<DnKey>>>);

impl FormerNames {
    /// Those of a history, in a fixed order.
    pub fn of(history: &History) -> Self {
        let mut names: KeyMap<Vec<DnKey>> = KeyMap::default();
        for (old, present) in history.moves() {
            names.entry(present.clone()).or_default().push(old.clone());
        }
        for former in names.values_mut() {
            former.sort_by(|one, other| one.as_bytes().cmp(other.as_bytes()));
        }
        Self(Arc::new(names))
    }

    /// The former names of the entry with this key.
    pub fn of_entry(&self, key: &[u8]) -> Vec<DnKey> {
        if self.0.is_empty() {
            return Vec::new();
        }
        let moved = prefixes(key).filter_map(|(above, _)| Some((above, self.0.get(above)?)));
        let former = moved.flat_map(|(above, names)| {
            let below = key.get(above.len()..).unwrap_or_default();
            names.iter().map(move |name| DnKey::from_key_bytes(&[name.as_bytes(), below].concat()))
        });
        former.collect()
    }

    /// Whether one of the former names of an entry fulfils a condition.
    pub fn any(&self, key: &DnKey, is: impl FnMut(&DnKey) -> bool) -> bool {
        self.of_entry(key.as_bytes()).iter().any(is)
    }
}
