//! `offboard` plans the end of LDAP accounts offline.
#![forbid(unsafe_code)]

pub mod ldap;
pub mod ldif;
