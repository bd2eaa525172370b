//! Drafts of messages to successors: `notices/*.eml`.
//!
//! There is one for each successor, about all accounts that it takes over. A draft is an Internet message (RFC 5322) with
//! `X-Unsent: 1`, which mail programs open for editing. It has no date and no message identifier, so the same plan gives
//! the same bytes. Header text that is not printable ASCII is written as encoded words (RFC 2047). File names are numbers,
//! so they contain nothing from the directory.

use std::collections::{HashMap, HashSet};

use data_encoding::BASE64;
use minijinja::{AutoEscape, Environment, Error, UndefinedBehavior, value::Serde};
use serde::Serialize;

use super::context::RenderContext;
use super::sanitize::sanitized;
use crate::ldap::{Change, DnKey, Entry, ModOp};
use crate::lifecycle::Step;
use crate::plan::{Operation, Stage};

/// What a draft contains.
#[derive(Serialize)]
struct Notice {
    to: Option<String>,
    to_name: String,
    from: Option<String>,
    ticket: Option<String>,
    as_of: String,
    accounts: Vec<AccountNotice>,
}

/// An account in a draft.
#[derive(Serialize)]
struct AccountNotice {
    name: String,
    dn: String,
    step: &'static str,
    due: Option<String>,
    /// The entries in which the successor takes its place.
    takes: Vec<String>,
}

/// The file names and texts of the notices.
pub fn notices(context: &RenderContext<'_>) -> Result<Vec<(String, Vec<u8>)>, Error> {
    let mut notices: Vec<Notice> = Vec::new();
    let mut known: HashMap<&DnKey, usize> = HashMap::new();
    let added: Vec<HashSet<&[u8]>> = context.plan.operations.iter().map(added).collect();
    for (account, operations) in context.plan.accounts.iter().zip(context.plan.by_account()) {
        let is_announced = matches!(account.decision.step, Step::Disable | Step::Stamp | Step::Delete);
        let Some(successor) = account.successor_entry.as_ref().filter(|_| is_announced) else { continue };
        let at = *known.entry(successor.dn.key()).or_insert_with(|| {
            notices.push(Notice {
                to: address(successor),
                to_name: name(successor),
                from: context.policy.notice_from.clone(),
                ticket: context.ticket.map(str::to_owned),
                as_of: context.request.as_of.to_string(),
                accounts: Vec::new(),
            });
            notices.len() - 1
        });
        let takes = operations.iter().filter(|at| added[**at].contains(successor.dn.raw_bytes()));
        let takes = takes.map(|at| sanitized(context.plan.operations[*at].record.dn.raw_bytes()).into_owned());
        notices[at].accounts.push(AccountNotice {
            name: name(&account.entry),
            dn: sanitized(account.entry.dn.raw_bytes()).into_owned(),
            step: account.decision.step.name(),
            due: account.decision.due.map(|day| day.to_string()),
            takes: takes.collect(),
        });
    }
    let environment = environment()?;
    let template = environment.get_template("notice.eml.j2")?;
    let render = |(index, notice): (usize, &Notice)| {
        let text = template.render(Serde(notice))?;
        Ok((format!("{:04}.eml", index + 1), wrapped(&text).into_bytes()))
    };
    notices.iter().enumerate().map(render).collect()
}

/// The values that an operation of the stage `references` adds.
fn added(operation: &Operation) -> HashSet<&[u8]> {
    let modifications = match &operation.record.change {
        Change::Modify(modifications) if operation.stage == Stage::References => modifications.as_slice(),
        _ => &[],
    };
    let adds = modifications.iter().filter(|modification| modification.op == ModOp::Add);
    adds.flat_map(|modification| &modification.values).map(|value| &*value.bytes).collect()
}

/// The name of a person for a text: display name, common name, user name or DN.
fn name(entry: &Entry) -> String {
    let named = ["displayName", "cn", "uid"].iter().find_map(|name| entry.values(name).next());
    named.map_or_else(|| sanitized(entry.dn.raw_bytes()).into_owned(), |value| sanitized(&value.bytes).into_owned())
}

/// The mail address of an entry, of several the smallest, if it can be written in a header without quoting.
fn address(entry: &Entry) -> Option<String> {
    let is_address = |text: &&str| {
        let plain = text.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>()[],;:\\\"".contains(&byte));
        plain
            && text.len() < 255
            && text.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.contains('@'))
    };
    let text = std::str::from_utf8(&entry.values("mail").min_by_key(|mail| &mail.bytes)?.bytes).ok()?;
    Some(text).filter(is_address).map(str::to_owned)
}

fn environment() -> Result<Environment<'static>, Error> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.add_filter("header", |text: String| header(&text));
    environment.add_template("notice.eml.j2", include_str!("../../templates/notice.eml.j2"))?;
    Ok(environment)
}

/// How many bytes an encoded word encodes at most: with its delimiters it may have 75 characters (RFC 2047, section 2).
const ENCODED: usize = 42;

/// Header text: printable ASCII unchanged, anything else as encoded words. Line ends are replaced.
fn header(text: &str) -> String {
    let is_plain = text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) && !text.contains("=?") && text.len() < 200;
    if is_plain {
        return text.to_owned();
    }
    let mut words = Vec::new();
    let mut word = String::new();
    for character in text.chars().map(|character| if character.is_control() { ' ' } else { character }) {
        if word.len() + character.len_utf8() > ENCODED {
            words.push(std::mem::take(&mut word));
        }
        word.push(character);
    }
    words.push(word);
    let encoded = words.iter().map(|word| format!("=?UTF-8?B?{}?=", BASE64.encode(word.as_bytes())));
    encoded.collect::<Vec<_>>().join("\n ")
}

/// The longest line of a body, in bytes: 998 are allowed (RFC 5322, 2.1.1).
const LINE: usize = 900;

/// The text with long lines broken, so that a mail server accepts them.
fn wrapped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        let mut width = 0;
        for character in line.chars() {
            if width + character.len_utf8() > LINE {
                out.push_str("\n    ");
                width = 4;
            }
            width += character.len_utf8();
            out.push(character);
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ldap::{AttributeDescription, Dn, Origin, Value};

    #[test]
    fn headers_stay_on_their_line() {
        assert_eq!(header("Pat Doe"), "Pat Doe");
        assert_eq!(header("Pat\r\nBcc: a@b"), "=?UTF-8?B?UGF0ICBCY2M6IGFAYg==?=");
        assert_eq!(header("Zoë"), "=?UTF-8?B?Wm/Dqw==?=");
        assert_eq!(header("=?UTF-8?Q?x?="), "=?UTF-8?B?PT9VVEYtOD9RP3g/PQ==?=");
        let long = header(&"ä".repeat(100));
        assert!(long.split("\n ").all(|word| word.len() <= 75 && word.starts_with("=?UTF-8?B?")), "{long}");
    }

    #[test]
    fn only_plain_addresses_are_used() {
        for (mail, expected) in [
            ("pdoe@sesta.com", true),
            ("pdoe", false),
            ("a@b@c", false),
            ("a@b\r\nBcc: x@y", false),
            ("a@b, c@d", false),
            ("<a@b>", false),
        ] {
            let dn = Dn::parse(b"uid=a,o=x").unwrap();
            let mut entry = Entry { dn, origin: Origin::default(), attributes: Vec::new() };
            entry.push(AttributeDescription::parse(b"mail").unwrap(), Value::new(mail.as_bytes()));
            assert_eq!(address(&entry).is_some(), expected, "{mail:?}");
        }
    }

    #[test]
    fn lines_are_short_enough() {
        let text = wrapped(&format!("a\n{}\n", "é".repeat(2000)));
        assert!(text.lines().all(|line| line.len() <= 998));
    }
}
