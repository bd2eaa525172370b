//! Limits: the maximum number of changes of a kind, above which a person must confirm the plan.
//!
//! A limit is exceeded if more than `count` are affected, or more than `percent` of what the exports contain. The share is
//! checked only if more than `min` are affected (default 10), so that two of three accounts in a test directory are allowed.

use std::fmt;

use strum::EnumMessage as _;

use super::former::suggestion_or_present_name;
use super::word::Word;

/// A kind of change that has a limit. The comments are the descriptions in the policy reference.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    strum::EnumMessage,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[strum(serialize_all = "kebab-case")]
pub enum LimitKind {
    /// Accounts that are disabled.
    Disable,
    /// Accounts that are disabled already and get a stamp.
    Stamp,
    /// Accounts that are restored.
    Restore,
    /// Accounts that get the blocking value of `[disconnect]`.
    Disconnect,
    /// Accounts that are moved.
    Move,
    /// Values that get the new name of a moved account; a share of all references and owners.
    Rename,
    /// References to accounts that are removed from other entries; a share of all references.
    Reference,
    /// Values that are reassigned to a successor; a share of all such values.
    Owner,
    /// Accounts from which a service is stripped.
    Service,
    /// Address books that are deleted; a share of all address books.
    AddressBook,
    /// Accounts that are deleted, with their dependents.
    Delete,
    /// Dependents that are deleted with accounts, such as aliases and private groups; `delete` counts them as well.
    Dependent,
    /// Entries below accounts that are deleted with them; a share of the accounts.
    Child,
    /// Members of one kind that one group loses, by DN, user name or address; a share of the members of that kind.
    Members,
}

impl LimitKind {
    /// What is counted, as a sentence: the comment of the variant.
    pub fn what(self) -> &'static str {
        self.get_documentation().unwrap_or_default()
    }

    /// Its word in the policy and in `--limit`.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// A limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limit {
    /// The maximum number.
    pub count: Option<u64>,
    /// The maximum share, in percent.
    pub percent: Option<f64>,
    /// The share is checked only if more than this number are affected.
    pub min: u64,
}

/// The default of [`Limit::min`].
pub const DEFAULT_MIN: u64 = 10;

impl Limit {
    /// Parses `KIND=N` or `KIND=N%`, the value of `--limit`; on failure, a message. It replaces the whole limit of the kind.
    pub fn from_arg(text: &str) -> Result<(LimitKind, Self), String> {
        let (kind, amount) = text.split_once('=').ok_or("expected KIND=N or KIND=N%")?;
        let kind = LimitKind::from_word(kind).ok_or_else(|| {
            let help = suggestion_or_present_name(kind, &LimitKind::words());
            format!("unknown kind of change `{kind}`; {help}")
        })?;
        let none = Self { count: None, percent: None, min: DEFAULT_MIN };
        let limit = match amount.strip_suffix('%') {
            Some(percent) => {
                let percent: f64 = percent.parse().map_err(|_| format!("`{percent}` is not a number"))?;
                if !(0.0..=100.0).contains(&percent) {
                    return Err(format!("`{percent}%` is not a percentage from 0 to 100"));
                }
                Self { percent: Some(percent), ..none }
            }
            None => Self { count: Some(amount.parse().map_err(|_| format!("`{amount}` is not a number"))?), ..none },
        };
        Ok((kind, limit))
    }

    /// Whether `affected` of `of` exceed the limit.
    #[expect(clippy::cast_precision_loss, reason = "counts of a directory are far below 2^52")]
    pub fn is_exceeded(&self, affected: u64, of: u64) -> bool {
        let too_many = self.count.is_some_and(|count| affected > count);
        let share = || affected as f64 * 100.0 > self.percent.unwrap_or(100.0) * of as f64;
        too_many || self.percent.is_some() && affected > self.min && share()
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.count, self.percent) {
            (Some(count), Some(percent)) => {
                write!(f, "{count}, or {percent} %, if more than {} are affected", self.min)
            }
            (Some(count), None) => write!(f, "{count}"),
            (None, Some(percent)) => write!(f, "{percent} %, if more than {} are affected", self.min),
            (None, None) => f.write_str("none"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn count_share_and_minimum() {
        let limit = |count, percent| Limit { count, percent, min: 10 };
        for (limit, affected, of, expected) in [
            (limit(Some(50), None), 50, 60, false),
            (limit(Some(50), None), 51, 1_000_000, true),
            (limit(None, Some(5.0)), 10, 10, false),
            (limit(None, Some(5.0)), 11, 220, false),
            (limit(None, Some(5.0)), 11, 219, true),
            (limit(Some(0), Some(5.0)), 1, 1000, true),
            (limit(None, None), 1000, 1000, false),
        ] {
            assert_eq!(limit.is_exceeded(affected, of), expected, "{limit:?} {affected} of {of}");
        }
        assert_eq!(Limit::from_arg("delete=5%").unwrap(), (LimitKind::Delete, limit(None, Some(5.0))));
        assert_eq!(Limit::from_arg("address-book=3").unwrap(), (LimitKind::AddressBook, limit(Some(3), None)));
        for bad in ["delete", "remove=1", "delete=x", "delete=101%", "delete=-1"] {
            assert!(Limit::from_arg(bad).is_err(), "{bad}");
        }
    }
}
