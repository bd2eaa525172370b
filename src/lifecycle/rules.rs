//! What the `[[rule]]` tables of the policy allow for one account.
//!
//! The first rule that matches the account applies. If a policy has rules and none matches, the account is held, and the
//! conditions of all rules are reported (as in the ILM article, where a name under no known container is an error and
//! never guessed). Without rules the requested action is carried out.
//!
//! A `base` also covers the accounts that a change set of `--history` moved from below it: an account that was moved to the
//! container of disabled ones stays under the rule of where it was. `base_now` covers only what is below it now.
//!
//! Rows: the requested action. Columns: the action of the rule. Cells: the action that is carried out, or "held".
//!
//! | requested | delete | disable | mail, calendar | disconnect | refuse |
//! | --- | --- | --- | --- | --- | --- |
//! | delete | delete | disable | that service | disconnect | held |
//! | disable | disable | disable | held | held | held |
//! | mail, calendar | that service | held | that service, if it is the same | held | held |
//! | disconnect | disconnect | held | held | disconnect | held |
//! | restore | restore | restore | restore | held | held |

use crate::ldap::Entry;
use crate::leavers::Action;
use crate::policy::{Rule, RuleAction};

/// What the rules of a policy say about one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RuleVerdict {
    /// This action is carried out.
    Allowed {
        /// The action: the requested one, or the narrower one of the rule.
        action: Action,
        /// The index of the rule, if the policy has rules.
        rule: Option<usize>,
    },
    /// A rule refuses the requested action.
    Refused {
        /// The index of the rule.
        rule: usize,
    },
    /// The policy has rules, and none matches.
    NoMatch,
}

/// The verdict of the first rule that matches.
pub fn verdict(entry: &Entry, requested: Action, rules: &[Rule]) -> RuleVerdict {
    if rules.is_empty() {
        return RuleVerdict::Allowed { action: requested, rule: None };
    }
    let Some(rule) = rules.iter().position(|rule| rule.matches(entry)) else { return RuleVerdict::NoMatch };
    match combined(requested, rules[rule].action) {
        Some(action) => RuleVerdict::Allowed { action, rule: Some(rule) },
        None => RuleVerdict::Refused { rule },
    }
}

/// A cell of the table; `None` is "held".
fn combined(requested: Action, rule: RuleAction) -> Option<Action> {
    let of_rule = match rule {
        RuleAction::Delete => Action::Delete,
        RuleAction::Disable => Action::Disable,
        RuleAction::Mail => Action::Mail,
        RuleAction::Calendar => Action::Calendar,
        RuleAction::Disconnect => Action::Disconnect,
        RuleAction::Refuse => return None,
    };
    match (requested, of_rule) {
        (Action::Delete, narrower) => Some(narrower),
        (Action::Restore, Action::Disconnect) => None,
        (Action::Restore, _) => Some(Action::Restore),
        (requested, Action::Delete) => Some(requested),
        (requested, of_rule) => (requested == of_rule).then_some(requested),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table() {
        use Action::{Calendar, Delete, Disable, Disconnect, Mail, Restore};
        let rules =
            [RuleAction::Delete, RuleAction::Disable, RuleAction::Mail, RuleAction::Disconnect, RuleAction::Refuse];
        for (requested, expected) in [
            (Delete, [Some(Delete), Some(Disable), Some(Mail), Some(Disconnect), None]),
            (Disable, [Some(Disable), Some(Disable), None, None, None]),
            (Mail, [Some(Mail), None, Some(Mail), None, None]),
            (Calendar, [Some(Calendar), None, None, None, None]),
            (Disconnect, [Some(Disconnect), None, None, Some(Disconnect), None]),
            (Restore, [Some(Restore), Some(Restore), Some(Restore), None, None]),
        ] {
            assert_eq!(rules.map(|rule| combined(requested, rule)), expected, "{requested:?}");
        }
    }
}
