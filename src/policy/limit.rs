//! Limits: how much of a kind a plan may do before a person must say that it is meant.
//!
//! A limit is exceeded by more than `count`, or by more than `percent` of what there is once more than `min` (10
//! unless the policy says otherwise) are affected: two of three accounts in a test directory are no alarm.

use std::fmt;

use crate::suggestion::suggestion;

/// A kind of change that has a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LimitKind {
    /// Accounts disabled.
    Disable,
    /// Accounts restored.
    Restore,
    /// Accounts moved.
    Move,
    /// Values removed from entries that name accounts.
    Reference,
    /// Values that pass to a successor.
    Owner,
    /// Accounts that lose a service.
    Service,
    /// Address books deleted.
    AddressBook,
    /// Accounts deleted.
    Delete,
    /// Entries below accounts, deleted with them.
    Child,
    /// Members that one group loses: a share of that group.
    Members,
}

impl LimitKind {
    /// All kinds, with their words.
    pub const ALL: [(Self, &'static str); 10] = [
        (Self::Disable, "disable"),
        (Self::Restore, "restore"),
        (Self::Move, "move"),
        (Self::Reference, "reference"),
        (Self::Owner, "owner"),
        (Self::Service, "service"),
        (Self::AddressBook, "address-book"),
        (Self::Delete, "delete"),
        (Self::Child, "child"),
        (Self::Members, "members"),
    ];

    /// What is counted.
    pub fn what(self) -> &'static str {
        match self {
            Self::Disable => "Accounts disabled.",
            Self::Restore => "Accounts restored.",
            Self::Move => "Accounts moved.",
            Self::Reference => "Values that name accounts, removed from other entries.",
            Self::Owner => "Values that pass to a successor.",
            Self::Service => "Accounts that lose a service.",
            Self::AddressBook => "Address books deleted.",
            Self::Delete => "Accounts deleted.",
            Self::Child => "Entries below accounts, deleted with them; a share of the accounts.",
            Self::Members => "Members that one group loses: a share of that group.",
        }
    }

    /// The kind of this word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, word)| *word == name).map(|(kind, _)| *kind)
    }

    /// Its word.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("", |(_, word)| word)
    }
}

/// A limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limit {
    /// More than this many is too much.
    pub count: Option<u64>,
    /// More than this share of what there is, in percent, is too much.
    pub percent: Option<f64>,
    /// The share counts only if more than this many are affected.
    pub min: u64,
}

/// The share does not count for so few.
pub const DEFAULT_MIN: u64 = 10;

impl Limit {
    /// Reads `KIND=N` or `KIND=N%`, as `--limit` takes it: it replaces the whole limit of the kind.
    pub fn from_arg(text: &str) -> Result<(LimitKind, Self), String> {
        let (kind, amount) = text.split_once('=').ok_or("expected KIND=N or KIND=N%")?;
        let kind = LimitKind::from_name(kind).ok_or_else(|| {
            let known: Vec<&str> = LimitKind::ALL.iter().map(|(_, word)| *word).collect();
            format!("no kind `{kind}`; {}", suggestion(kind, &known))
        })?;
        let none = Self { count: None, percent: None, min: DEFAULT_MIN };
        let limit = match amount.strip_suffix('%') {
            Some(percent) => {
                let percent: f64 = percent.parse().map_err(|_| format!("`{percent}` is not a number"))?;
                if !(0.0..=100.0).contains(&percent) {
                    return Err("a percentage is from 0 to 100".to_owned());
                }
                Self { percent: Some(percent), ..none }
            }
            None => Self { count: Some(amount.parse().map_err(|_| format!("`{amount}` is not a number"))?), ..none },
        };
        Ok((kind, limit))
    }

    /// Whether `affected` of `of` is too much.
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
            (Some(count), Some(percent)) => write!(f, "{count}, or {percent} % once more than {}", self.min),
            (Some(count), None) => write!(f, "{count}"),
            (None, Some(percent)) => write!(f, "{percent} % once more than {}", self.min),
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
