//! Leaver lists: the accounts to offboard, as people write them.
//!
//! The content decides the form:
//!
//! | form | recognised by | a line |
//! | --- | --- | --- |
//! | CSV | the first line has a column `id`, `uid`, `mail`, `dn` or `employeeNumber` | one leaver |
//! | `commadmin -i` | the first line begins with `l` and a blank | `l jsmith` |
//! | DN list | the first line is a distinguished name | `uid=jsmith,ou=People,o=sesta.com,o=isp` |
//!
//! In all forms blank lines and comment lines (`#`) before the first line are skipped; in the last two they are skipped
//! everywhere. A CSV list has one column for the identity and may have `action`, `effective`, `successor`, `ticket` and
//! `note`. `effective` is a date (`2026-12-01`), or a time with its zone (`2026-12-01T18:00+01:00`): the request is then effective
//! on the first day in UTC that begins at or after that time. Any other column is an error, and so is a leaver that is listed twice. All faults are reported, not only the
//! first.

mod csv_list;
mod line_list;
pub mod roster;

use std::fmt;

use jiff::civil::Date;
use strum::VariantNames as _;
use thiserror::Error;

use crate::ldap::matching::{MatchingRule, normalize};
use crate::ldap::{AttributeDescription, Dn};
use crate::suggestion::nearest;

/// A request that one identity be offboarded: one line of a list.
#[derive(Clone, Debug)]
pub struct Leaver {
    /// The account.
    pub identity: Identity,
    /// What is to happen to the account.
    pub action: Action,
    /// The day from which the request is effective; at once without one.
    pub effective: Option<Date>,
    /// The account that takes over what this one owns.
    pub successor: Option<Identity>,
    /// The change ticket, for the report.
    pub ticket: Option<String>,
    /// A note for the report.
    pub note: Option<String>,
    /// The line of the list, from 1; 0 for a leaver from the command line.
    pub line: u64,
    /// Where the request comes from.
    pub requested_by: RequestedBy,
}

/// Where a request comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum RequestedBy {
    /// A person, by a list or on the command line.
    #[default]
    Person,
    /// The roster of this name.
    Roster(String),
    /// `explain`, which asks what a plan does with an account. If anything else names the account, that counts.
    Explanation,
}

impl Leaver {
    /// A leaver with the default action and without further details.
    pub fn new(identity: Identity, line: u64) -> Self {
        Self {
            identity,
            action: Action::Delete,
            effective: None,
            successor: None,
            ticket: None,
            note: None,
            line,
            requested_by: RequestedBy::Person,
        }
    }
}

impl Leaver {
    /// Whether another request asks for the same, whatever account each of them names.
    pub fn asks_the_same_as(&self, other: &Self) -> bool {
        let successor = |leaver: &Self| leaver.successor.as_ref().map(Identity::normal_text);
        self.action == other.action && self.effective == other.effective && successor(self) == successor(other)
    }
}

/// How a request identifies an account.
#[derive(Clone, Debug)]
pub enum Identity {
    /// A value of one of the policy's match attributes, or `uid@domain`.
    Text(String),
    /// The DN of the entry.
    Dn(Dn),
    /// A value of this attribute.
    Attribute {
        /// The attribute.
        description: AttributeDescription,
        /// The value.
        value: String,
    },
}

impl Identity {
    /// An identity from text: a DN if the text is one, else [`Identity::Text`].
    pub fn from_text(text: &str) -> Self {
        match Dn::parse(text.as_bytes()) {
            Ok(dn) if text.contains('=') && !dn.is_root() => Self::Dn(dn),
            _ => Self::Text(text.to_owned()),
        }
    }

    /// A text that is the same for two spellings of one identity.
    fn normal_text(&self) -> String {
        let text = match self {
            Self::Dn(dn) => return dn.normalized(),
            other => other.to_string(),
        };
        String::from_utf8_lossy(&normalize(MatchingRule::CaseIgnore, text.as_bytes())).into_owned()
    }
}

/// The identity as written.
impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Dn(dn) => f.write_str(&String::from_utf8_lossy(dn.raw_bytes())),
            Self::Attribute { description, value } => write!(f, "{description}={value}"),
        }
    }
}

/// What is to happen to an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr, strum::VariantNames)]
#[strum(serialize_all = "kebab-case")]
pub enum Action {
    /// It is disabled now, and deleted after the grace.
    #[default]
    Delete,
    /// It is disabled.
    Disable,
    /// Its mail service is removed; the account stays.
    Mail,
    /// Its calendar service is removed; the account stays.
    Calendar,
    /// It gets the blocking value of `[disconnect]` and is never changed after that.
    Disconnect,
    /// It is enabled again.
    Restore,
}

impl Action {
    /// Its word in a list.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Whether the action disables the account as a whole.
    pub fn disables_account(self) -> bool {
        match self {
            Self::Delete | Self::Disable => true,
            Self::Mail | Self::Calendar | Self::Disconnect | Self::Restore => false,
        }
    }

    /// The service that the action is about; `None` if it is about the whole account.
    pub fn service(self) -> Option<&'static str> {
        match self {
            Self::Mail => Some("mail"),
            Self::Calendar => Some("calendar"),
            Self::Delete | Self::Disable | Self::Disconnect | Self::Restore => None,
        }
    }
}

/// A fault in a list.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("line {line}: {kind}")]
pub struct LeaversError {
    /// Line of the list, from 1.
    pub line: u64,
    /// The fault.
    pub kind: LeaversErrorKind,
}

impl LeaversErrorKind {
    /// The part of the line that has the fault.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::UnknownColumn(text) | Self::SecondColumn(text) | Self::Action(text) | Self::Date(text) => Some(text),
            _ => None,
        }
    }

    /// The known word that the faulty one is spelled almost like.
    pub fn meant(&self) -> Option<&'static str> {
        match self {
            Self::UnknownColumn(text) => nearest(text.as_bytes(), csv_list::columns_known()),
            Self::Action(text) => nearest(text.as_bytes(), Action::VARIANTS.iter().copied()),
            _ => None,
        }
    }
}

/// The kinds of faults in a list.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LeaversErrorKind {
    /// The list is not UTF-8.
    #[error("the list is not UTF-8 text; save it as UTF-8")]
    Encoding,
    /// The list has no leaver.
    #[error("the list is empty")]
    Empty,
    /// The first line has none of the known forms.
    #[error(
        "unknown form of a list; write CSV with a header (`id`, `uid`, `mail`, `dn` or `employeeNumber`), lines `l uid`, or \
         one DN per line"
    )]
    UnknownForm,
    /// A line does not have the form of the first one.
    #[error("expected {0}, as on the first line")]
    OtherForm(&'static str),
    /// A column that is not known.
    #[error("unknown column `{0}`; expected one of: {all}", all = csv_list::columns_known().collect::<Vec<_>>().join(", "))]
    UnknownColumn(String),
    /// A column that appears twice.
    #[error("the column `{0}` appears twice; keep one")]
    SecondColumn(String),
    /// No column, or more than one, has the identity.
    #[error("expected exactly one of the columns {}", csv_list::IDENTITIES.join(", "))]
    IdentityColumns,
    /// A row with more or fewer fields than the header, or that is not CSV.
    #[error("not a row of this table: {0}")]
    Row(String),
    /// The field of the identity is empty.
    #[error("the identity is empty")]
    NoIdentity,
    /// A value with a control character.
    #[error("`{0}` contains a control character")]
    Control(&'static str),
    /// A value that is not a distinguished name.
    #[error("not a distinguished name: {0}")]
    Dn(String),
    /// A value that is not an action.
    #[error("unknown action `{0}`; expected one of: {all}", all = Action::VARIANTS.join(", "))]
    Action(String),
    /// A value that is not a date.
    #[error("`{0}` is not a date; write YYYY-MM-DD, or a time with its zone, such as 2026-12-01T18:00Z")]
    Date(String),
    /// A leaver that an earlier line has, too.
    #[error("already listed on line {0}")]
    Again(u64),
}

/// Reads a list of leavers; on failure, all its faults in the order of their lines.
pub fn read(list: &[u8]) -> Result<Vec<Leaver>, Vec<LeaversError>> {
    let one = |line, kind| Err(vec![LeaversError { line, kind }]);
    let list = list.strip_prefix(b"\xef\xbb\xbf").unwrap_or(list);
    let text = match std::str::from_utf8(list) {
        Ok(text) => text,
        Err(error) => {
            let line = 1 + memchr::memchr_iter(b'\n', &list[..error.valid_up_to()]).count() as u64;
            return one(line, LeaversErrorKind::Encoding);
        }
    };
    let mut lines = text.lines().enumerate();
    let first = lines.find(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
    let Some((index, first)) = first else { return one(1, LeaversErrorKind::Empty) };
    let (leavers, mut errors) = if csv_list::is_header(first) {
        csv_list::read(text, index as u64)
    } else if line_list::is_commadmin(first) {
        line_list::read_commadmin(text)
    } else if matches!(Identity::from_text(first.trim()), Identity::Dn(_)) {
        line_list::read_dns(text)
    } else {
        return one(index as u64 + 1, LeaversErrorKind::UnknownForm);
    };
    errors.extend(listed_twice(&leavers));
    errors.sort_by_key(|error| error.line);
    match (errors.is_empty(), leavers.is_empty()) {
        (false, _) => Err(errors),
        (true, true) => one(1, LeaversErrorKind::Empty),
        (true, false) => Ok(leavers),
    }
}

fn listed_twice(leavers: &[Leaver]) -> Vec<LeaversError> {
    let mut seen = std::collections::HashMap::new();
    let mut errors = Vec::new();
    for leaver in leavers {
        let key = leaver.identity.normal_text();
        match seen.get(&key) {
            Some(line) => errors.push(LeaversError { line: leaver.line, kind: LeaversErrorKind::Again(*line) }),
            None => {
                seen.insert(key, leaver.line);
            }
        }
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<Vec<String>, Vec<String>> {
        let line = |leaver: &Leaver| {
            let successor = leaver.successor.as_ref().map(|successor| format!(" -> {successor}")).unwrap_or_default();
            let effective = leaver.effective.map(|day| format!(" from {day}")).unwrap_or_default();
            format!("{}: {} {}{effective}{successor}", leaver.line, leaver.identity, leaver.action.name())
        };
        read(text.as_bytes())
            .map(|leavers| leavers.iter().map(line).collect())
            .map_err(|errors| errors.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn the_three_forms() {
        let csv = "uid,action,effective,successor\njsmith,,,pdoe\n\"k,lee\",disable,2026-12-01,\n";
        assert_eq!(read_text(csv).unwrap(), ["2: uid=jsmith delete -> pdoe", "3: uid=k,lee disable from 2026-12-01"]);
        assert_eq!(read_text("\u{feff}id\r\njsmith@sesta.com\r\n").unwrap(), ["2: jsmith@sesta.com delete"]);
        assert_eq!(read_text("# from HR\nl jsmith\n\nl pdoe\n").unwrap(), ["2: jsmith delete", "4: pdoe delete"]);
        assert_eq!(read_text("uid=a,o=x\nuid=b,o=x").unwrap(), ["1: uid=a,o=x delete", "2: uid=b,o=x delete"]);
    }

    #[test]
    fn every_fault_is_reported() {
        for (list, expected) in [
            ("", vec!["line 1: the list is empty"]),
            (
                "jsmith\npdoe\n",
                vec![
                    "line 1: unknown form of a list; write CSV with a header (`id`, `uid`, `mail`, `dn` or `employeeNumber`), lines `l uid`, or one DN per line",
                ],
            ),
            (
                "uid,colour\na,red\n",
                vec![
                    "line 1: unknown column `colour`; expected one of: id, uid, mail, dn, employeeNumber, action, effective, successor, ticket, note",
                ],
            ),
            ("uid,mail\na,b\n", vec!["line 1: expected exactly one of the columns id, uid, mail, dn, employeeNumber"]),
            (
                "uid,action,effective\na,kill,soon\n,delete,\na,delete,\n",
                vec![
                    "line 2: unknown action `kill`; expected one of: delete, disable, mail, calendar, disconnect, restore",
                    "line 2: `soon` is not a date; write YYYY-MM-DD, or a time with its zone, such as 2026-12-01T18:00Z",
                    "line 3: the identity is empty",
                    "line 4: already listed on line 2",
                ],
            ),
            ("l a\nuid=b,o=x\n", vec!["line 2: expected `l uid`, as on the first line"]),
            (
                "uid=a,o=x\nl b\n",
                vec!["line 2: not a distinguished name: expected `=` after the attribute type at byte 2"],
            ),
            ("uid=a,o=x\nUID=A, O=X\n", vec!["line 2: already listed on line 1"]),
            ("uid\n\"a\u{1b}[31m\"\n", vec!["line 2: `uid` contains a control character"]),
        ] {
            assert_eq!(read_text(list).unwrap_err(), expected, "{list:?}");
        }
        assert_eq!(read(b"uid\nj\xff\n").unwrap_err()[0].kind, LeaversErrorKind::Encoding);
    }
}
