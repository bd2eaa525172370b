//! Drafts of letters to those who take over: `notices/*.eml`.
//!
//! One for each successor, about every account of the plan that amounts to them. A draft is an Internet message
//! (RFC 5322) with `X-Unsent: 1`, which mail programs open for editing; it has no date and no identifier, so the same
//! plan gives the same bytes. Header text that is not plain is written as encoded words (RFC 2047). Names of files are
//! numbers: nothing from the directory is in them.

use std::collections::{HashMap, HashSet};

use data_encoding::BASE64;
use minijinja::{AutoEscape, Environment, Error, UndefinedBehavior, value::Serde};
use serde::Serialize;

use super::change_file::Context;
use super::sanitize::sanitized;
use crate::ldap::{Change, DnKey, Entry, ModOp};
use crate::lifecycle::Step;
use crate::plan::{Operation, Stage};

#[derive(Serialize)]
struct Notice {
    to: Option<String>,
    to_name: String,
    from: Option<String>,
    ticket: Option<String>,
    as_of: String,
    accounts: Vec<AccountNotice>,
}

#[derive(Serialize)]
struct AccountNotice {
    name: String,
    dn: String,
    step: &'static str,
    due: Option<String>,
    takes: Vec<String>,
}

/// Names and texts of the notices.
pub fn notices(context: &Context<'_>) -> Result<Vec<(String, Vec<u8>)>, Error> {
    let mut notices: Vec<Notice> = Vec::new();
    let mut known: HashMap<&DnKey, usize> = HashMap::new();
    let added: Vec<HashSet<&[u8]>> = context.plan.operations.iter().map(added).collect();
    for (account, operations) in context.plan.accounts.iter().zip(context.plan.by_account()) {
        let is_told = matches!(account.decision.step, Step::Disable | Step::Stamp | Step::Delete);
        let Some(successor) = account.successor_entry.as_ref().filter(|_| is_told) else { continue };
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

/// The values that a record adds to an entry which names accounts.
fn added(operation: &Operation) -> HashSet<&[u8]> {
    let modifications = match &operation.record.change {
        Change::Modify(modifications) if operation.stage == Stage::References => modifications.as_slice(),
        _ => &[],
    };
    let adds = modifications.iter().filter(|modification| modification.op == ModOp::Add);
    adds.flat_map(|modification| &modification.values).map(|value| &*value.bytes).collect()
}

fn name(entry: &Entry) -> String {
    let named = ["displayName", "cn", "uid"].iter().find_map(|name| entry.values(name).next());
    named.map_or_else(|| sanitized(entry.dn.raw_bytes()).into_owned(), |value| sanitized(&value.bytes).into_owned())
}

/// The mail address of an entry, if it is one that can stand in a header as it is.
fn address(entry: &Entry) -> Option<String> {
    let is_address = |text: &&str| {
        let plain = text.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>()[],;:\\\"".contains(&byte));
        plain
            && text.len() < 255
            && text.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.contains('@'))
    };
    let text = std::str::from_utf8(&entry.values("mail").next()?.bytes).ok()?;
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

/// Longest piece of an encoded word before it is encoded: 75 characters are allowed (RFC 2047, 2), with the frame.
const ENCODED: usize = 42;

/// Header text: plain as it is, anything else as encoded words. No line end survives.
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

/// Longest line of a body: 998 bytes are allowed (RFC 5322, 2.1.1).
const LINE: usize = 900;

/// The text with no line too long for a mail server.
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
    fn no_header_ends_early() {
        assert_eq!(header("Pat Doe"), "Pat Doe");
        assert_eq!(header("Pat\r\nBcc: a@b"), "=?UTF-8?B?UGF0ICBCY2M6IGFAYg==?=");
        assert_eq!(header("Zoë"), "=?UTF-8?B?Wm/Dqw==?=");
        assert_eq!(header("=?UTF-8?Q?x?="), "=?UTF-8?B?PT9VVEYtOD9RP3g/PQ==?=");
        let long = header(&"ä".repeat(100));
        assert!(long.split("\n ").all(|word| word.len() <= 75 && word.starts_with("=?UTF-8?B?")), "{long}");
    }

    #[test]
    fn only_an_address_is_written_to() {
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
