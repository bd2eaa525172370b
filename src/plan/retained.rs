//! What the passes of a plan leave for a second plan of the same request: see [`snapshot`](crate::directory::snapshot).
//!
//! | pass | of an entry that is not touched, the second plan needs |
//! | --- | --- |
//! | [`LocatePass`](super::locate::LocatePass) | the matches of the first one: both look for the same identities by the same policy |
//! | [`GatherPass`](super::gather::GatherPass) | the related entries of the first one, if its query covers the second one |
//!
//! Where the query is not covered, and where address books without an owner or primary groups are looked for, the exports
//! are read again. The second plan does not count what is not touched: no operation depends on these numbers. The check
//! `leaves-first` of the proof shows that a deletion leaves no hole in the tree.

use super::gather::{GatherPass, Gathered, RetainedGather};
use super::locate::pass::{LocatePass, LocatedEntries, RetainedLocate};
use super::locate::recognise::RecognisePass;
use crate::directory::chains::{ChainPass, Reached};
use crate::directory::snapshot::{self, RepeatablePass};
use crate::directory::{Exports, ExportsReader, Overlay, ScanError};
use crate::lifecycle::history::PresentName;

/// What the passes found.
#[derive(Default)]
pub struct RetainedPasses {
    /// By the first reading.
    pub(super) locate: RetainedLocate,
    /// By the second reading; `None` if there was none.
    pub(super) gather: Option<RetainedGather>,
}

/// What a plan found in the exports.
pub type Retained = snapshot::Retained<RetainedPasses>;

impl RepeatablePass<RetainedPasses> for LocatePass<'_> {
    fn merge(found: &mut LocatedEntries, later: LocatedEntries) {
        found.add(later);
    }

    fn complete<E: Exports>(
        &self,
        found: &mut LocatedEntries,
        reader: &ExportsReader<'_, E>,
    ) -> Result<(), ScanError<E::Error>> {
        LocatePass::complete(self, found, reader)
    }

    fn repeat(&self, retained: &RetainedPasses, overlay: &Overlay) -> Option<LocatedEntries> {
        LocatePass::repeat(self, &retained.locate, overlay)
    }
}

impl RepeatablePass<RetainedPasses> for ChainPass<'_> {
    fn merge(found: &mut Vec<Reached>, later: Vec<Reached>) {
        found.extend(later);
    }

    /// Chains are rare, so nothing is retained for them.
    fn repeat(&self, _retained: &RetainedPasses, _overlay: &Overlay) -> Option<Vec<Reached>> {
        None
    }
}

impl RepeatablePass<RetainedPasses> for RecognisePass {
    fn merge(found: &mut Vec<PresentName>, later: Vec<PresentName>) {
        found.extend(later);
    }

    /// Only a history needs this pass, so nothing is retained for it.
    fn repeat(&self, _retained: &RetainedPasses, _overlay: &Overlay) -> Option<Vec<PresentName>> {
        None
    }
}

impl RepeatablePass<RetainedPasses> for GatherPass<'_> {
    fn merge(found: &mut Gathered, later: Gathered) {
        found.merge(later);
    }

    fn repeat(&self, retained: &RetainedPasses, overlay: &Overlay) -> Option<Gathered> {
        GatherPass::repeat(self, retained.gather.as_ref()?, overlay)
    }
}
