//! A policy that follows the moves of the history: what it says of a name also holds for the account that an earlier change
//! set moved from there, and for what is below that account.
//!
//! | key | also counts |
//! | --- | --- |
//! | `[protect] dn`, `bind` | the present name of the entry that had this name |
//! | `[protect] subtree`, `[veto] dn`, `[[rule]] base`, `[roster.NAME] base` | the present names of the entries that were at or below this name |
//! | `[roster.NAME] domain` | the accounts that were in this domain |
//! | `[[rule]] base_now`, `[accounts] base` | nothing more |

use super::Policy;
use crate::directory::identity::former_names::FormerNames;

impl Policy {
    /// The same policy, which also covers the entries that change sets of the history moved.
    #[must_use]
    pub fn following(&self, former_names: &FormerNames) -> Self {
        let mut policy = self.clone();
        policy.protect.former_names = former_names.clone();
        policy.veto.former_names = former_names.clone();
        for rule in policy.rules.iter_mut().filter(|rule| !rule.is_by_present_name) {
            rule.former_names = former_names.clone();
        }
        policy
    }
}
