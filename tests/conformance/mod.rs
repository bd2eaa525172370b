//! The RFCs' own examples and other projects' test cases.

mod dn;
mod ldif;
mod ldif_fixtures;
mod ldif_properties;
mod matrix;
mod record_form;
mod rosters;
pub mod schema;
#[cfg(feature = "all-tests")]
mod second_opinion;
