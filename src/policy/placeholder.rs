//! Placeholders in the values of a policy: `{{ name }}` is replaced by a value of the plan.
//!
//! | key | placeholders |
//! | --- | --- |
//! | `[stamp] format` | `{{ as_of }}`, `{{ as_of_time }}` |
//! | `[address_books] root` | `{{ uid }}`, `{{ domain }}` |
//! | `[roster.NAME] trailer` | `{{ rows }}`, `{{ date }}` |
//! | any other | none |
//!
//! The blanks inside the braces may be left out. It is an error if a value has a placeholder that its key does not take, or
//! text that looks like a placeholder (`{{ as_of`, `as_of }}`, `{% if %}`), because it would be written or compared
//! literally. In a filter, two braces are written as `\7b\7b` (RFC 4515, 3).

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::PolicyError;
use crate::suggestion::nearest;

/// The placeholders that a key takes.
struct KeyPlaceholders {
    /// The key, with its sections; `*` is any name.
    key: &'static [&'static str],
    /// The names of its placeholders.
    names: &'static [&'static str],
}

const KEYS: [KeyPlaceholders; 3] = [
    KeyPlaceholders { key: &["stamp", "format"], names: &["as_of", "as_of_time"] },
    KeyPlaceholders { key: &["address_books", "root"], names: &["uid", "domain"] },
    KeyPlaceholders { key: &["roster", "*", "trailer"], names: &["rows", "date"] },
];

/// Any other key.
const NONE: KeyPlaceholders = KeyPlaceholders { key: &[], names: &[] };

/// Writes each placeholder with one blank on both sides of its name.
pub fn with_blanks(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        out.push_str("{{");
        rest = after;
        if let Some((name, after)) = rest.split_once("}}") {
            out.extend([" ", name.trim_matches(' '), " }}"]);
            rest = after;
        }
    }
    out + rest
}

/// An error for each value of a document with a placeholder that its key does not take. `source` is the text of the file.
pub fn unknown(table: &DeTable<'_>, source: &str) -> Vec<PolicyError> {
    let mut faults = Vec::new();
    in_table(table, &mut Vec::new(), source, &mut faults);
    faults
}

fn in_table<'t>(table: &'t DeTable<'_>, above: &mut Vec<&'t str>, source: &str, faults: &mut Vec<PolicyError>) {
    for (key, value) in table {
        above.push(key.get_ref());
        in_value(value, above, source, faults);
        above.pop();
    }
}

fn in_value<'t>(
    value: &'t Spanned<DeValue<'_>>,
    above: &mut Vec<&'t str>,
    source: &str,
    faults: &mut Vec<PolicyError>,
) {
    match value.get_ref() {
        DeValue::String(text) => {
            let place = value.span();
            let row = KEYS.iter().find(|row| row.is_of(above)).unwrap_or(&NONE);
            let key = above.join(".");
            faults.extend(row.unknown_in(text).map(|found| found.error(&key, row, &place, source)));
        }
        DeValue::Array(list) => list.iter().for_each(|value| in_value(value, above, source, faults)),
        DeValue::Table(table) => in_table(table, above, source, faults),
        _ => {}
    }
}

/// Text that looks like a placeholder, but is not one of its key.
struct UnknownPlaceholder<'t> {
    /// The text as written.
    written: &'t str,
    /// The name, if the text has the form of a placeholder.
    name: Option<&'t str>,
}

impl KeyPlaceholders {
    fn is_of(&self, key: &[&str]) -> bool {
        self.key.len() == key.len() && self.key.iter().zip(key).all(|(own, part)| *own == "*" || own == part)
    }

    /// The first unknown placeholder of a text.
    fn unknown_in<'t>(&self, text: &'t str) -> Option<UnknownPlaceholder<'t>> {
        let mut rest = text;
        loop {
            let open = [rest.find("{{"), rest.find("{%"), rest.find("{#")].into_iter().flatten().min();
            // Closing braces without opening ones, after the name of a placeholder.
            if let Some(close) = rest.find("}}").filter(|close| open.is_none_or(|open| *close < open)) {
                let before = rest[..close].trim_end();
                let start = before.rfind(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).map_or(0, |at| at + 1);
                if KEYS.iter().any(|row| row.names.contains(&&before[start..])) {
                    return Some(UnknownPlaceholder { written: &rest[start..close + 2], name: None });
                }
            }
            let open = open?;
            let found = &rest[open..];
            let close = found.find("}}").filter(|_| found.starts_with("{{"));
            let Some(close) = close else { return Some(UnknownPlaceholder { written: found, name: None }) };
            let (written, inner) = (&found[..close + 2], &found[2..close]);
            let name = inner.trim_matches(' ');
            if !self.names.contains(&name) {
                return Some(UnknownPlaceholder { written, name: (!name.is_empty()).then_some(name) });
            }
            rest = &found[close + 2..];
        }
    }
}

impl UnknownPlaceholder<'_> {
    /// The error. `place` is that of the whole text.
    fn error(&self, key: &str, row: &KeyPlaceholders, place: &Range<usize>, source: &str) -> PolicyError {
        // In the file the text may be escaped differently; then the whole text is shown.
        let whole = source.get(place.clone()).unwrap_or_default();
        let span = match whole.find(self.written) {
            Some(at) => place.start + at..place.start + at + self.written.len(),
            None => place.clone(),
        };
        let known: Vec<String> = row.names.iter().map(|name| format!("`{{{{ {name} }}}}`")).collect();
        let known = if known.is_empty() {
            format!("`{key}` takes no placeholder; in a filter, write two braces as \\7b\\7b")
        } else {
            format!("`{key}` takes {}", known.join(" and "))
        };
        let near = self.name.and_then(|name| nearest(name.as_bytes(), row.names.iter().copied()));
        let help = match near {
            Some(near) => format!("did you mean `{{{{ {near} }}}}`? {known}"),
            None => known,
        };
        let message = match self.name {
            Some(_) => format!("unknown placeholder `{}`", self.written),
            None => format!("`{}` is not a valid placeholder", self.written),
        };
        PolicyError { span: Some(span), message, help: Some(help) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Policy;

    /// The places that are refused, with their help.
    fn refused(text: &str) -> Vec<(String, String)> {
        let Err(faults) = Policy::parse(text) else { return Vec::new() };
        let place = |fault: &PolicyError| fault.span.clone().map(|span| text[span].to_owned()).unwrap_or_default();
        faults.iter().map(|fault| (place(fault), fault.help.clone().unwrap_or_default())).collect()
    }

    #[test]
    fn placeholders_of_a_stamp() {
        let stamp = |format: &str| format!("preset = \"openldap\"\n[stamp]\nformat = \"{format}\"\n");
        for format in ["off {{ as_of }}", "{{as_of}}", "{{  as_of_time }} {x}", "a}} {{ as_of }}"] {
            let text = stamp(format);
            let policy = Policy::parse(&text).unwrap_or_else(|faults| panic!("{text}: {faults:?}"));
            let stamp = policy.stamp.unwrap();
            assert!(
                ["{{ as_of }}", "{{ as_of_time }}"].iter().any(|date| stamp.format.contains(date)),
                "{}",
                stamp.format
            );
        }
        for (format, place) in [
            ("{{ as_off }}", "{{ as_off }}"),
            ("{{ as_of }} {{ ticket }}", "{{ ticket }}"),
            ("{{ as_of }} {{ uid }}", "{{ uid }}"),
            ("x {{ as_of", "{{ as_of"),
            ("{{ as_of }} as_of }}", "as_of }}"),
            ("{% if x %}{{ as_of }}", "{% if x %}{{ as_of }}"),
            ("{# note #}{{ as_of }}", "{# note #}{{ as_of }}"),
            ("{{ as_of }}{{}}", "{{}}"),
        ] {
            let found = refused(&stamp(format));
            assert_eq!(found.len(), 1, "{format}: {found:?}");
            assert_eq!(found[0].0, place, "{format}");
            assert!(found[0].1.contains("`stamp.format` takes `{{ as_of }}` and `{{ as_of_time }}`"), "{}", found[0].1);
        }
        assert!(refused(&stamp("{{ as_off }}"))[0].1.starts_with("did you mean `{{ as_of }}`?"));
    }

    /// Found in all kinds of values: lists, inline tables and arrays of tables.
    #[test]
    fn everywhere() {
        for text in [
            "[disable.replace]\nemployeeType = \"left {{ as_of }}\"",
            "[disable]\npresent = { title = \"{{ manager.mail }}\" }",
            "[restore]\nreplace = { title = \"{{ old }}\" }",
            "[move]\nto = \"ou={{ domain }},o=x\"",
            "[accounts]\nfilter = \"(description={{ as_of }})\"",
            "[accounts]\nbase = [\"o=x\", \"o={{ domain }}\"]",
            "[[rule]]\nfilter = \"(uid={{ uid }})\"\naction = \"delete\"",
            "[references]\nlast_member = \"placeholder:cn={{ uid }},o=x\"",
            "[hand_off]\nattributes = [\"{{ uid }}\"]",
            "[service.mail]\nstatus = \"mailUserStatus\"\nreleased = \"{{ as_of }}\"",
            "[service.mail]\nstatus = \"mailUserStatus\"\nreleased = \"removed\"\nclasses = [\"{{ uid }}\"]",
            "[disconnect]\nvalue = \"{{ as_of }}\"\nattribute = \"title\"",
            "[notice]\nfrom = \"{{ manager.mail }}\"",
            "[roster.hr]\nkey = \"uid\"\nstatus = \"s\"\ninactive = [\"{{ date }}\"]",
            "[roster.hr]\nkey = \"uid\"\ntrailer = \"END {{ rows }} {{ as_of }}\"",
            "[address_books]\nroot = \"ou={{ uid }},o={{ rows }}\"",
        ] {
            let found = refused(&format!("preset = \"openldap\"\n{text}\n"));
            assert_eq!(found.len(), 1, "{text}: {found:?}");
            assert!(found[0].0.starts_with("{{ ") && found[0].0.ends_with(" }}"), "{text}: {found:?}");
        }
        // Other braces are text.
        let json = "preset = \"openldap\"\n[disable.replace]\ntitle = '{\"a\":{\"b\":1}}'\n";
        assert!(refused(json).is_empty(), "{:?}", refused(json));
    }
}
