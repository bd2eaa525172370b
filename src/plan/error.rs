//! The errors that prevent a plan.

use thiserror::Error;

use super::incomplete::Incomplete;
use crate::directory::ScanError;
use crate::ldap::{Dn, Origin};
use crate::leavers::roster::Doubt;
use crate::policy::{PolicyError, ProtectedBy};

/// A protected account that a leaver names.
#[derive(Clone, Debug)]
pub struct Protected {
    /// The leaver, by index.
    pub leaver: usize,
    /// The account.
    pub dn: Dn,
    /// Where its entry is.
    pub origin: Origin,
    /// The key of the policy that protects it, and why.
    pub why: ProtectedBy,
}

/// Why no plan is made.
#[derive(Debug, Error)]
pub enum PlanError<E> {
    /// The exports could not be read.
    #[error(transparent)]
    Scan(#[from] ScanError<E>),
    /// The request asks for something that offboard, or the server, does not support.
    #[error("{0} cannot be planned by this version")]
    Unsupported(String),
    /// Leavers name protected accounts.
    #[error("a protected entry is named")]
    Protected(Vec<Protected>),
    /// The exports lack something that the plan depends on.
    #[error("the exports are incomplete")]
    Incomplete(Vec<Incomplete>),
    /// The policy lists reference attributes of which neither offboard nor the schema knows the form of the values.
    #[error("a reference has a form that is not known")]
    UnknownForm(Vec<PolicyError>),
    /// Items of the policy's filters that match no entry, or whose attribute nothing knows.
    #[error("a filter of the policy cannot be evaluated")]
    Undefined(Vec<PolicyError>),
    /// Rosters that cannot be relied on: their names, and why.
    #[error("a roster cannot be trusted")]
    Rosters(Vec<(String, Vec<Doubt>)>),
}
