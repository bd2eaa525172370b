//! What happens to one account today, decided from its entry, the policy, the request and earlier change sets.
//!
//! Each module has the tables that it implements; docs/decisions.md is made from them.

pub mod decision;
pub mod disable;
pub mod effective;
pub mod grace;
pub mod history;
pub mod lint;
pub mod reason;
pub mod rules;
pub mod service_outcome;
pub mod state;

pub use decision::{Decision, DecisionInput, Step, decide};
pub use history::History;
pub use reason::Reason;
pub use state::{AccountService, ServiceState, State};
