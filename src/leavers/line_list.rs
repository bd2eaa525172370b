//! Lists with one leaver per line: `l uid`, or a DN.

use crate::ldap::Dn;

use super::{Identity, Leaver, LeaversError, LeaversErrorKind};

type LeaversAndErrors = (Vec<Leaver>, Vec<LeaversError>);

/// Whether a line has the form that `commadmin -i` reads.
pub fn is_commadmin(line: &str) -> bool {
    uid_of(line).is_some()
}

fn uid_of(line: &str) -> Option<&str> {
    let rest = line.trim().strip_prefix('l')?;
    let uid = rest.trim_start();
    (uid.len() < rest.len() && !uid.is_empty()).then_some(uid)
}

/// Reads lines `l uid`.
pub fn read_commadmin(text: &str) -> LeaversAndErrors {
    let uid = |line: &str| uid_of(line).map(|uid| Identity::Text(uid.to_owned()));
    read(text, |line| uid(line).ok_or(LeaversErrorKind::OtherForm("`l uid`")))
}

/// Reads one distinguished name per line.
pub fn read_dns(text: &str) -> LeaversAndErrors {
    read(text, |line| match Dn::parse(line.trim().as_bytes()) {
        Ok(dn) if !dn.is_root() => Ok(Identity::Dn(dn)),
        Ok(_) => Err(LeaversErrorKind::OtherForm("a distinguished name")),
        Err(error) => Err(LeaversErrorKind::Dn(error.to_string())),
    })
}

fn read(text: &str, identity: impl Fn(&str) -> Result<Identity, LeaversErrorKind>) -> LeaversAndErrors {
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
            Ok(identity) => leavers.push(Leaver::new(identity, number)),
            Err(kind) => errors.push(LeaversError { line: number, kind }),
        }
    }
    (leavers, errors)
}
