//! What becomes of an account today: the tables of the domain as code that reads like them.

pub mod decision;
pub mod grace;
pub mod state;

pub use decision::{Decision, Reason, Step, decide};
pub use state::{Service, ServiceState, State};
