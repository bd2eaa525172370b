//! The RFCs' own examples and other projects' test cases.

mod dn;
mod ldif;
mod ldif_fixtures;
mod record_form;
