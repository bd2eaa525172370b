//! `offboard` plans the end of LDAP accounts offline.
#![forbid(unsafe_code)]

pub mod cli;
pub mod directory;
pub mod io;
pub mod ldap;
pub mod ldif;
pub mod leavers;
pub mod lifecycle;
pub mod plan;
pub mod policy;
pub mod proof;
pub mod render;
