//! Held accounts, leavers without an account and decision items as the terminal shows them: what, why, and what to do.

use crate::render::report::view::{AccountView, ConflictView, DecisionItemView};

/// Something that needs a person.
pub struct Explained {
    /// What kind of thing it is: `held`, `no account`, or the code of a decision item.
    pub label: &'static str,
    /// The leaver, or the entry if there is no leaver.
    pub subject: String,
    what: String,
    why: String,
    to_change: String,
    /// Entries that may be meant.
    candidates: Vec<String>,
}

impl Explained {
    /// A held account. The details are those of any account.
    pub fn account(account: &AccountView) -> Self {
        Self {
            label: "held",
            subject: account.leaver.clone(),
            what: account.what.clone(),
            why: account.why.clone(),
            to_change: account.to_change.to_owned(),
            candidates: Vec::new(),
        }
    }

    /// A leaver without an account. `similar` is a name in the exports that is spelled almost like the leaver's.
    pub fn conflict(conflict: &ConflictView, similar: Option<&str>) -> Self {
        let did_you_mean = similar.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
        Self {
            label: "no account",
            subject: conflict.leaver.clone(),
            what: "nothing is planned for this leaver".to_owned(),
            why: conflict.why.clone(),
            to_change: format!("{}{did_you_mean}", conflict.to_change),
            candidates: conflict.candidates.clone(),
        }
    }

    /// A decision item. `similar` is a name in the exports that is spelled almost like the item's value.
    pub fn decision_item(item: &DecisionItemView, similar: Option<&str>) -> Self {
        let did_you_mean = similar.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
        let subject = [&item.leaver, &item.dn, &item.value].into_iter().find(|name| !name.is_empty());
        Self {
            label: item.code,
            subject: subject.cloned().unwrap_or_default(),
            what: item.what.clone(),
            why: item.why.clone(),
            to_change: format!("{}{did_you_mean}", item.to_change),
            candidates: Vec::new(),
        }
    }

    /// The indented lines below the label and the subject.
    pub fn details(&self) -> Vec<String> {
        let mut lines = vec![
            format!("  what: {}", self.what),
            format!("  why: {}", self.why),
            format!("  to change this: {}", self.to_change),
        ];
        lines.extend(self.candidates.iter().map(|candidate| format!("    {candidate}")));
        lines
    }
}
