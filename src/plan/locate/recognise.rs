//! Before the first reading: which entries of the exports the history is about.
//!
//! What follows a move must not follow it to another account. So the entries that have a name of the history, and those that
//! have an identifier of it, are looked up before anything asks for names: see [`history`](crate::lifecycle::history).

use crate::directory::identity::unique_id::{UNIQUE_ID_ATTRIBUTES, UniqueIds};
use crate::directory::scan::Unreadable;
use crate::directory::{EntryView, Pass};
use crate::ldif::AttributeSelection;
use crate::lifecycle::History;
use crate::lifecycle::history::{CREATION_ATTRIBUTES, KnownNames, PresentEntry, PresentName};

/// The pass.
pub struct RecognisePass {
    known: KnownNames,
    interest: AttributeSelection,
}

impl Pass for RecognisePass {
    type Found = Vec<PresentName>;

    fn interest(&self) -> Option<&AttributeSelection> {
        Some(&self.interest)
    }

    fn visit(&self, entry: &EntryView<'_>, found: &mut Vec<PresentName>) -> Result<(), Unreadable> {
        let has_id = UNIQUE_ID_ATTRIBUTES.iter().any(|name| entry.values(name).next().is_some());
        if self.known.names.contains(entry.key)
            || has_id && self.known.ids.contains_one_of(&UniqueIds::of(&entry.to_entry()?))
        {
            let entry = entry.to_entry()?;
            found.push(PresentName { present: PresentEntry::of(&entry), name: entry.dn.key().clone() });
        }
        Ok(())
    }
}

/// The history, as far as it is about the entries of the exports. `read` shows every entry to a pass; it is not called where
/// the history knows nothing that tells accounts apart.
pub fn recognised<E>(
    history: &History,
    read: impl FnOnce(&RecognisePass) -> Result<Vec<PresentName>, E>,
) -> Result<History, E> {
    let mut history = history.clone();
    if let Some(known) = history.known_names() {
        let names = UNIQUE_ID_ATTRIBUTES.iter().chain(&CREATION_ATTRIBUTES);
        let interest = names.map(|name| (name, ())).collect();
        history.recognise(read(&RecognisePass { known, interest })?);
    }
    Ok(history)
}
