//! Logical lines: what each is for, and how it is written.

use data_encoding::BASE64;

use crate::ldap::keystring::{is_descr, is_keychar, is_numeric_oid};
use crate::ldif::grammar::{self, ValueSpec};
use crate::ldif::lines::LogicalLine;
use crate::ldif::writer::{is_plain, write_value};

/// What a line is for, as far as the lines before it tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// `version:`
    Version,
    /// `dn:`, `newrdn:`, `newsuperior:`: a keyword with a name.
    Name,
    /// `control:`
    Control,
    /// Any other keyword whose value is a word: `changetype:`, `add:`, `deleteoldrdn:`.
    Keyword,
    /// A lone `-`.
    Separator,
    /// An attribute and a value.
    Value,
}

/// A line taken apart.
pub(super) struct Parts<'l> {
    pub(super) name: &'l str,
    pub(super) spec: ValueSpec<'l>,
    /// Bytes before the value.
    pub(super) start: usize,
}

/// The parts of a line that is one.
pub(super) fn parts<'l>(line: &'l LogicalLine<'_>) -> Option<Parts<'l>> {
    let (rest, name) = grammar::description(&line.text).ok()?;
    let (_, spec) = grammar::value_spec(rest).ok()?;
    let start = line.text.len() - spec.written().len();
    Some(Parts { name: std::str::from_utf8(name).ok()?, spec, start })
}

/// The roles of a record's lines.
pub(super) fn roles(lines: &[LogicalLine<'_>]) -> Vec<Role> {
    #[derive(PartialEq)]
    enum State {
        Start,
        Head,
        Values,
        ModStart,
        ModValues,
        Move,
    }
    let mut state = State::Start;
    let mut role_of = |line: &LogicalLine<'_>| {
        if line.text.first() == Some(&b'-') && matches!(state, State::ModStart | State::ModValues) {
            state = State::ModStart;
            return Role::Separator;
        }
        let Some(Parts { name, spec, .. }) = parts(line) else { return Role::Value };
        let is = |keyword: &str| name.eq_ignore_ascii_case(keyword);
        match state {
            State::Start if name == "version" => Role::Version,
            State::Start if is("dn") => {
                state = State::Head;
                Role::Name
            }
            State::Head if is("control") => Role::Control,
            State::Head if is("changetype") => {
                let word = match spec {
                    ValueSpec::Base64(digits) => BASE64.decode(digits.trim_ascii_end()).unwrap_or_default(),
                    ValueSpec::Text(word) | ValueSpec::Url(word) => word.to_vec(),
                };
                state = match word.trim_ascii_end().to_ascii_lowercase().as_slice() {
                    b"modify" => State::ModStart,
                    b"modrdn" | b"moddn" => State::Move,
                    _ => State::Values,
                };
                Role::Keyword
            }
            State::ModStart => {
                state = State::ModValues;
                Role::Keyword
            }
            State::Move if is("newrdn") || is("newsuperior") => Role::Name,
            State::Move if is("deleteoldrdn") => Role::Keyword,
            State::Head => {
                state = State::Values;
                Role::Value
            }
            _ => Role::Value,
        }
    };
    lines.iter().map(&mut role_of).collect()
}

/// What is wrong with how a line is written: code, byte of the line's text, and whether the new text mends it.
pub(super) struct Findings {
    pub(super) found: Vec<(&'static str, usize, bool)>,
    /// The line as it should be, with its line ends (LF).
    pub(super) text: Option<Vec<u8>>,
}

/// Looks at one line that is well-formed.
pub(super) fn look(line: &LogicalLine<'_>, role: Role) -> Findings {
    let mut found = Vec::new();
    if role == Role::Separator {
        let folded = line.text.len() == 1 && line.raw.len() > 1;
        if folded {
            found.push(("folded-separator", 0, true));
        }
        let blanks = line.text.len() > 1 && line.text[1..].iter().all(|byte| *byte == b' ');
        return Findings { found, text: (blanks || folded).then(|| b"-\n".to_vec()) };
    }
    let Some(Parts { name, spec, start }) = parts(line) else { return Findings { found, text: None } };
    let mut new_name = name.to_owned();
    let mut value = match spec {
        ValueSpec::Text(text) => Some(text.to_vec()),
        ValueSpec::Base64(digits) => BASE64.decode(digits.trim_ascii_end()).ok(),
        // Never written.
        ValueSpec::Url(_) => None,
    };
    let can = value.is_some() && (role != Role::Control || value.as_ref().is_some_and(|value| is_plain(value)));
    let mut mended = false;
    let mut find = |code: &'static str, at: usize, certain: bool| {
        mended |= certain && can;
        found.push((code, at, certain && can));
    };

    let first_line = line.raw.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default().len();
    if first_line <= name.len() {
        find("fold-in-name", first_line, true);
    }
    let mut at = first_line;
    for fold in line.raw.split(|byte| *byte == b'\n').skip(1) {
        let fold = fold.strip_suffix(b"\r").unwrap_or(fold);
        if fold.iter().all(|byte| *byte == b' ') {
            find("blank-fold", at, true);
        }
        at += fold.len().saturating_sub(1);
    }
    let is_keyword = role != Role::Value && role != Role::Version;
    if is_keyword && name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        find("keyword-case", 0, true);
        new_name.make_ascii_lowercase();
    }
    if role == Role::Value && is_odd(name) {
        find("odd-name", 0, false);
    }
    match spec {
        ValueSpec::Base64(digits) => {
            if digits.last() == Some(&b' ') {
                find("blanks-behind-base64", line.text.len() - 1, true);
            }
            if matches!(role, Role::Keyword | Role::Control) {
                find("base64-keyword", start, value.as_ref().is_some_and(|value| is_plain(value)));
            }
        }
        ValueSpec::Text(text) => {
            if let Some(at) = text.iter().position(|byte| !byte.is_ascii()) {
                let code = if std::str::from_utf8(text).is_ok() { "raw-utf8" } else { "raw-bytes" };
                find(code, start + at, matches!(role, Role::Value | Role::Name));
            }
            if let Some(at) = memchr::memchr(b'\r', text) {
                find("carriage-return", start + at, matches!(role, Role::Value | Role::Name));
            }
            if matches!(role, Role::Value | Role::Name) && text.last() == Some(&b' ') {
                find("trailing-blank", line.text.len() - 1, true);
            }
        }
        ValueSpec::Url(_) => {}
    }
    if role == Role::Keyword
        && let Some(word) = &mut value
    {
        let name = new_name.to_ascii_lowercase();
        let word_is = |words: &[&[u8]]| words.iter().any(|known| word.eq_ignore_ascii_case(known));
        if name == "deleteoldrdn" && word_is(&[b"false", b"no"]) {
            find("deleteoldrdn-word", start, true);
            *word = b"0".to_vec();
        } else if name == "changetype" && word.iter().any(u8::is_ascii_uppercase) {
            find("keyword-case", start, true);
            word.make_ascii_lowercase();
        }
        // The reader refuses blanks behind a word; what is meant is certain.
        let trimmed = word.trim_ascii_end().len();
        if trimmed < word.len() && trimmed > 0 {
            word.truncate(trimmed);
            mended = true;
        }
    }
    // A byte that text cannot hold goes to base64; it is refused elsewhere.
    mended |= role == Role::Value && matches!(spec, ValueSpec::Text(text) if text.contains(&0));
    let text = value.filter(|_| mended).map(|value| {
        let mut out = Vec::new();
        write_value(&mut out, &new_name, &value);
        out
    });
    Findings { found, text }
}

/// Whether a description is none for RFC 4512 (1.4, 2.5).
fn is_odd(description: &str) -> bool {
    let mut parts = description.split(';');
    let name = parts.next().unwrap_or_default().as_bytes();
    !(is_numeric_oid(name) || is_descr(name)) || !parts.all(|option| option.bytes().all(is_keychar))
}
