//! Compares the entries of two exports with a program that shares no code with `offboard`.

use crate::support::programs::{output_text, python_ldap};
use std::path::Path;

/// The differences between the entries, one line each.
///
/// `compare.py` documents what is compared. Files that cannot be compared (malformed, no entries, a DN twice) fail the
/// test.
pub fn differences<B: AsRef<Path>, A: AsRef<Path>>(before: &[B], after: &[A]) -> Vec<String> {
    let output = python_ldap("compare.py")
        .args(before.iter().map(AsRef::as_ref))
        .arg("--")
        .args(after.iter().map(AsRef::as_ref))
        .output()
        .unwrap();
    match output.status.code() {
        Some(0 | 1) if output.stderr.is_empty() => {
            String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
        }
        _ => panic!("compare.py: {}\n{}", output.status, output_text(&output)),
    }
}

/// Fails with all differences if the entries are not equal.
pub fn assert_same<B: AsRef<Path>, A: AsRef<Path>>(before: &[B], after: &[A]) {
    let found = differences(before, after);
    assert!(found.is_empty(), "the exports differ:\n{}", found.join("\n"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn compared(before: &str, after: &str) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let [one, two] = ["before.ldif", "after.ldif"].map(|name| folder.path().join(name));
        fs::write(&one, before).unwrap();
        fs::write(&two, after).unwrap();
        differences(&[one], &[two])
    }

    #[test]
    fn order_and_spelling_of_names_do_not_count() {
        let before = "dn: uid=a,o=x\nobjectClass: inetOrgPerson\nowner: cn=B C+uid=b,o=x\nuniqueMember: uid=\\2C,o=x\n";
        let after = "version: 1\n\ndn: UserID=A, O=X\nuniqueMember: 0.9.2342.19200300.100.1.1=\\,, o=x\n\
                     entryUUID: 1\nOWNER: UID=b + CN=b  c,o=x\nobjectclass: INETORGPERSON\n";
        assert_eq!(compared(before, after), Vec::<String>::new());
    }

    #[test]
    fn what_differs_is_said() {
        let before = "dn: o=x\no: x\nowner: o=a\ndescription: v\nuniqueMember: o=a#'01'B\n\ndn: o=gone\no: gone\n";
        let after = "dn: o=x\no: x\nowner: o=b\ndescription: V\nuniqueMember: o=a\n\ndn: o=new\no: new\n";
        assert_eq!(
            compared(before, after),
            [
                "- 'o=gone': entry only before",
                "+ 'o=new': entry only after",
                "- 'o=x': description: b'v'",
                "+ 'o=x': description: b'V'",
                "- 'o=x': owner: b'o=a'",
                "+ 'o=x': owner: b'o=b'",
                "- 'o=x': uniquemember: b\"o=a#'01'B\"",
                "+ 'o=x': uniquemember: b'o=a'",
            ]
        );
    }

    #[test]
    #[should_panic(expected = "holds no entry")]
    fn an_empty_export_is_equal_to_nothing() {
        compared("", "");
    }
}
