//! The RFCs' own examples and other projects' test cases.

mod dn;
mod ldif;
mod second_opinion;
