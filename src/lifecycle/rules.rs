//! What a `[[rule]]` of the policy makes of what was asked for.
//!
//! The first rule that fits an account counts. A policy with rules covers the accounts that they fit and no others: one
//! that no rule fits is held, with the rules that were tried (as in the ILM article: a name under no known
//! container is an error, never a guess). Without rules everything is as asked.
//!
//! | asked | delete | disable | mail, calendar | disconnect | refuse |
//! | --- | --- | --- | --- | --- | --- |
//! | delete | delete | disable | that service | disconnect | held |
//! | disable | disable | disable | held | held | held |
//! | mail, calendar | that service | held | that service, if it is the same | held | held |
//! | disconnect | disconnect | held | held | disconnect | held |
//! | restore | restore | restore | restore | held | held |
//!
//! (columns: the action of the rule)

use crate::ldap::Entry;
use crate::leavers::Action;
use crate::policy::{Rule, RuleAction};

/// What the rules say of one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// This is done; by which rule, from 0, if there are rules.
    Do(Action, Option<usize>),
    /// The rule refuses what was asked for.
    Refused(usize),
    /// No rule fits.
    Uncovered,
}

/// Reads the rules.
pub fn ruling(entry: &Entry, asked: Action, rules: &[Rule]) -> Ruling {
    if rules.is_empty() {
        return Ruling::Do(asked, None);
    }
    let Some(at) = rules.iter().position(|rule| rule.fits(entry)) else { return Ruling::Uncovered };
    combined(asked, rules[at].action).map_or(Ruling::Refused(at), |action| Ruling::Do(action, Some(at)))
}

/// What is done where this was asked for and the rule says that.
fn combined(asked: Action, rule: RuleAction) -> Option<Action> {
    let of_rule = match rule {
        RuleAction::Delete => Action::Delete,
        RuleAction::Disable => Action::Disable,
        RuleAction::Mail => Action::Mail,
        RuleAction::Calendar => Action::Calendar,
        RuleAction::Disconnect => Action::Disconnect,
        RuleAction::Refuse => return None,
    };
    match (asked, of_rule) {
        (Action::Delete, narrower) => Some(narrower),
        (Action::Restore, Action::Disconnect) => None,
        (Action::Restore, _) => Some(Action::Restore),
        (asked, Action::Delete) => Some(asked),
        (asked, of_rule) => (asked == of_rule).then_some(asked),
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
        for (asked, expected) in [
            (Delete, [Some(Delete), Some(Disable), Some(Mail), Some(Disconnect), None]),
            (Disable, [Some(Disable), Some(Disable), None, None, None]),
            (Mail, [Some(Mail), None, Some(Mail), None, None]),
            (Calendar, [Some(Calendar), None, None, None, None]),
            (Disconnect, [Some(Disconnect), None, None, Some(Disconnect), None]),
            (Restore, [Some(Restore), Some(Restore), Some(Restore), None, None]),
        ] {
            assert_eq!(rules.map(|rule| combined(asked, rule)), expected, "{asked:?}");
        }
    }
}
