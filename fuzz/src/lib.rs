//! What the fuzz targets share: exports in memory, random directories with policies and leavers, and a plan from its
//! grounds to the texts that it writes.

mod case;
mod texts;
mod world;

pub use case::{Case, Made, applied, brought_back, difference, differences, is_spelling_of_names, rewritten, shown};
pub use texts::Texts;
pub use world::{Changes, World};
