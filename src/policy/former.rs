//! Keys and words that earlier versions had, and what they are called now.

use crate::suggestion::suggestion;

/// The former name and the present one. A former name may have several present ones, for different keys.
const RENAMED: [(&str, &str); 3] = [("mark", "disable"), ("purge", "msuserpurge"), ("purge", "delete")];

/// The help for an unknown key or word: its present name if it is a former one, else what [`suggestion`] says.
pub fn suggestion_or_present_name(word: &str, known: &[&str]) -> String {
    let present = RENAMED.iter().find(|(former, present)| *former == word && known.contains(present));
    match present {
        Some((former, present)) => format!("`{former}` was renamed to `{present}`"),
        None => suggestion(word, known),
    }
}

#[cfg(test)]
mod tests {
    use crate::policy::{Limit, Policy};

    #[test]
    fn former_names_are_explained() {
        for (text, message, help) in [
            ("[service.mail]\nmark = \"deleted\"", "unknown key `mark`", "`mark` was renamed to `disable`"),
            ("[service.mail]\nrelease = \"purge\"", "unknown value `purge`", "`purge` was renamed to `msuserpurge`"),
            ("[limits]\npurge = { count = 1 }", "unknown kind of change `purge`", "`purge` was renamed to `delete`"),
        ] {
            let errors = Policy::parse(&format!("preset = \"sun-comms\"\n{text}\n")).unwrap_err();
            let found: Vec<_> = errors.iter().map(|error| (&*error.message, error.help.as_deref())).collect();
            assert_eq!(found, [(message, Some(help))], "{text}");
        }
        assert_eq!(
            Limit::from_arg("mark=5").unwrap_err(),
            "unknown kind of change `mark`; `mark` was renamed to `disable`"
        );
    }
}
