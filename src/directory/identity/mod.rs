//! From a value to an entry: exactly one, none, or several. This is the only place that knows.
//!
//! Values name entries in many ways: by user name, address, number, DN, `uid@domain`. Each use (a leaver, a veto, a successor,
//! a row of a roster, a name in the history) asks the same question and gets the same kind of answer:
//!
//! | [`Resolution`] | the plan |
//! | --- | --- |
//! | [`Exactly`](Resolution::Exactly) one entry | acts on it |
//! | [`None`](Resolution::None), with the [`Nearest`] entry | does nothing, and shows the nearest |
//! | [`Several`](Resolution::Several) | does nothing: a conflict, a hold or a decision item, never the first of them |
//!
//! | module | answers |
//! | --- | --- |
//! | [`compare`] | are two values equal by the rule of their attribute, or only alike? |
//! | [`holders`] | which other entries have an identifier of a deleted account, and which of them does a value mean? |
//! | [`unique_id`] | is an entry the one that had this name earlier? |
//! | [`wanted`] | which of the identities that a run asks for does an entry match, or is near to? |

pub mod compare;
pub mod former_names;
pub mod holders;
pub mod unique_id;
pub mod wanted;

use crate::ldap::{Dn, Origin};

/// What a value resolves to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolution<T> {
    /// Exactly this.
    Exactly(T),
    /// Nothing.
    None {
        /// The entry that comes nearest, if one comes near.
        nearest: Option<Nearest>,
    },
    /// Two or more.
    Several(Vec<T>),
}

impl<T> Resolution<T> {
    /// The resolution to all that was found.
    pub fn of(found: impl IntoIterator<Item = T>) -> Self {
        let mut found: Vec<T> = found.into_iter().collect();
        match (found.pop(), found.is_empty()) {
            (None, _) => Self::None { nearest: None },
            (Some(only), true) => Self::Exactly(only),
            (Some(last), false) => {
                found.push(last);
                Self::Several(found)
            }
        }
    }

    /// With the entry that comes nearest, if nothing was found.
    #[must_use]
    pub fn or_nearest(self, nearest: impl FnOnce() -> Option<Nearest>) -> Self {
        match self {
            Self::None { nearest: None } => Self::None { nearest: nearest() },
            other => other,
        }
    }

    /// The only one; `None` if there is none, or if there are several.
    pub fn exactly(self) -> Option<T> {
        match self {
            Self::Exactly(only) => Some(only),
            Self::None { .. } | Self::Several(_) => None,
        }
    }
}

/// An entry that a value does not name, but may be meant by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nearest {
    /// The name of the entry.
    pub dn: Dn,
    /// Where the entry is.
    pub origin: Origin,
    /// In what it comes near.
    pub likeness: Likeness,
}

impl Nearest {
    /// The entry and in what it comes near, as a clause; raw.
    pub fn clause(&self) -> Vec<u8> {
        [b"the nearest is ", self.dn.raw_bytes(), b": ", self.likeness.clause().as_slice()].concat()
    }

    /// The nearer of two; of two equally near ones the first by name, so that the order of the exports does not matter.
    #[must_use]
    pub fn nearer(self, other: Self) -> Self {
        if (&other.likeness, other.dn.key()) < (&self.likeness, self.dn.key()) { other } else { self }
    }
}

/// In what an entry comes near to a value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Likeness {
    /// It has the user name, but is in this domain, which is another one.
    OtherDomain(Vec<u8>),
    /// It has the same RDN, but is in another place.
    OtherPlace,
    /// It has the value, but is not an account under `[accounts]`.
    NotAnAccount,
    /// It has this value, which is the same except for leading zeros, punctuation and blanks.
    Alike(Vec<u8>),
}

impl Likeness {
    /// In what the entry comes near, as a clause; raw.
    pub fn clause(&self) -> Vec<u8> {
        match self {
            Self::OtherDomain(domain) => [b"it is in the domain ", domain.as_slice()].concat(),
            Self::OtherPlace => b"it has the same RDN in another place".to_vec(),
            Self::NotAnAccount => b"it has the value, but is not an account under [accounts]".to_vec(),
            Self::Alike(value) => [b"it has the similar value ", value.as_slice()].concat(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_none_and_several() {
        assert_eq!(Resolution::<u8>::of([]), Resolution::None { nearest: None });
        assert_eq!(Resolution::of([1]), Resolution::Exactly(1));
        assert_eq!(Resolution::of([2, 1]), Resolution::Several(vec![2, 1]));
        assert_eq!(Resolution::of([2, 1]).exactly(), None);
    }
}
