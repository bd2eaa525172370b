//! The RFCs' own examples and other projects' test cases.

mod dn;
