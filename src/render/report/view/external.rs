//! What happens outside the directory.

use schemars::JsonSchema;
use serde::Serialize;

/// What a deleted account leaves outside the directory.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct HandOffAttribute {
    /// The leaver.
    pub leaver: String,
    /// The attribute of the account that names it, from `[hand_off] attributes`.
    pub attribute: String,
    /// The value of the attribute.
    pub value: String,
}

/// A command to run on another system.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ExternalCommand {
    /// When to run it: `first` (before the change files), `after-status` (after the stage `status`) or `last`.
    pub when: &'static str,
    /// Where to run it.
    pub host: String,
    /// The command.
    pub command: String,
    /// What to know about it, or to do after it.
    pub then: Option<String>,
    /// The leavers that it is for.
    pub leavers: Vec<String>,
}
