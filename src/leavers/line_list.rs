//! Lists of one leaver a line: `l uid`, or a DN.

use super::{Identity, Leaver, LeaversError, LeaversErrorKind};

type Read = (Vec<Leaver>, Vec<LeaversError>);

/// Whether a line is one that `commadmin -i` takes.
pub fn is_commadmin(line: &str) -> bool {
    uid_of(line).is_some()
}

fn uid_of(line: &str) -> Option<&str> {
    let rest = line.trim().strip_prefix('l')?;
    let uid = rest.trim_start();
    (uid.len() < rest.len() && !uid.is_empty()).then_some(uid)
}

/// Reads lines `l uid`.
pub fn read_commadmin(text: &str) -> Read {
    read(text, |line| uid_of(line).map(|uid| Identity::Text(uid.to_owned())), "`l uid`")
}

/// Reads one distinguished name a line.
pub fn read_dns(text: &str) -> Read {
    let dn = |line: &str| Some(Identity::from_text(line.trim())).filter(|identity| matches!(identity, Identity::Dn(_)));
    read(text, dn, "a distinguished name")
}

fn read(text: &str, identity: impl Fn(&str) -> Option<Identity>, form: &'static str) -> Read {
    let mut leavers = Vec::new();
    let mut errors = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let number = index as u64 + 1;
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        if line.chars().any(char::is_control) {
            errors.push(LeaversError { line: number, kind: LeaversErrorKind::Control("the line") });
            continue;
        }
        match identity(line) {
            Some(identity) => leavers.push(Leaver::new(identity, number)),
            None => errors.push(LeaversError { line: number, kind: LeaversErrorKind::OtherForm(form) }),
        }
    }
    (leavers, errors)
}
