//! What becomes of an account today: the tables of the domain as code that reads like them.

pub mod decision;
pub mod disable;
pub mod effective;
pub mod grace;
pub mod history;
pub mod lint;
pub mod rules;
pub mod service_outcome;
pub mod state;

pub use decision::{Case, Decision, Reason, Step, decide};
pub use history::History;
pub use state::{Service, ServiceState, State};
