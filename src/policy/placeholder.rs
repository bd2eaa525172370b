//! Placeholders in the texts of a policy: `{{ name }}` stands for something that the plan knows.
//!
//! | key | knows |
//! | --- | --- |
//! | `[stamp] format` | `{{ as_of }}`, `{{ as_of_time }}` |
//! | `[address_books] root` | `{{ uid }}`, `{{ domain }}` |
//! | `[roster.NAME] trailer` | `{{ rows }}`, `{{ date }}` |
//! | any other | none |
//!
//! The blanks inside the braces may be left out. One that its key does not know, and what looks like one but is none (`{{ as_of`, `as_of }}`, `{% if %}`), is an error:
//! else it would be written, or looked for, as it is. A filter that means two braces writes `\7b\7b` (RFC 4515, 3).

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::PolicyError;
use crate::suggestion::nearest;

/// What a key knows.
struct Row {
    /// The key, with its sections; `*` is any name.
    key: &'static [&'static str],
    /// The names of its placeholders.
    names: &'static [&'static str],
}

const KNOWN: [Row; 3] = [
    Row { key: &["stamp", "format"], names: &["as_of", "as_of_time"] },
    Row { key: &["address_books", "root"], names: &["uid", "domain"] },
    Row { key: &["roster", "*", "trailer"], names: &["rows", "date"] },
];

/// A key that knows no placeholder.
const NONE: Row = Row { key: &[], names: &[] };

/// A text with one blank on either side of the name of each placeholder.
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

/// Every placeholder of a document that its key does not know. `source` is the file.
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
            let row = KNOWN.iter().find(|row| row.is_of(above)).unwrap_or(&NONE);
            let key = above.join(".");
            faults.extend(row.fault(text).map(|fault| fault.at(&key, row, &place, source)));
        }
        DeValue::Array(list) => list.iter().for_each(|value| in_value(value, above, source, faults)),
        DeValue::Table(table) => in_table(table, above, source, faults),
        _ => {}
    }
}

/// What of a text is not a placeholder of its key.
struct Fault<'t> {
    /// As written.
    written: &'t str,
    /// Its name, if it has the form of a placeholder.
    name: Option<&'t str>,
}

impl Row {
    fn is_of(&self, key: &[&str]) -> bool {
        self.key.len() == key.len() && self.key.iter().zip(key).all(|(own, part)| *own == "*" || own == part)
    }

    /// The first that is not known.
    fn fault<'t>(&self, text: &'t str) -> Option<Fault<'t>> {
        let mut rest = text;
        loop {
            let open = [rest.find("{{"), rest.find("{%"), rest.find("{#")].into_iter().flatten().min();
            // A closing pair without an opening one, after a name that a placeholder has.
            if let Some(close) = rest.find("}}").filter(|close| open.is_none_or(|open| *close < open)) {
                let before = rest[..close].trim_end();
                let start = before.rfind(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).map_or(0, |at| at + 1);
                if KNOWN.iter().any(|row| row.names.contains(&&before[start..])) {
                    return Some(Fault { written: &rest[start..close + 2], name: None });
                }
            }
            let open = open?;
            let found = &rest[open..];
            let close = found.find("}}").filter(|_| found.starts_with("{{"));
            let Some(close) = close else { return Some(Fault { written: found, name: None }) };
            let (written, inner) = (&found[..close + 2], &found[2..close]);
            let name = inner.trim_matches(' ');
            if !self.names.contains(&name) {
                return Some(Fault { written, name: (!name.is_empty()).then_some(name) });
            }
            rest = &found[close + 2..];
        }
    }
}

impl Fault<'_> {
    /// As a fault of the file; `place` is that of the whole text.
    fn at(&self, key: &str, row: &Row, place: &Range<usize>, source: &str) -> PolicyError {
        // Escapes may have another spelling in the file: then the whole text is shown.
        let whole = source.get(place.clone()).unwrap_or_default();
        let span = match whole.find(self.written) {
            Some(at) => place.start + at..place.start + at + self.written.len(),
            None => place.clone(),
        };
        let known: Vec<String> = row.names.iter().map(|name| format!("`{{{{ {name} }}}}`")).collect();
        let known = if known.is_empty() {
            format!("no placeholder is known in `{key}`; a filter writes two braces as \\7b\\7b")
        } else {
            format!("`{key}` knows {}", known.join(" and "))
        };
        let near = self.name.and_then(|name| nearest(name.as_bytes(), row.names.iter().copied()));
        let help = match near {
            Some(near) => format!("did you mean `{{{{ {near} }}}}`? {known}"),
            None => known,
        };
        let message = match self.name {
            Some(_) => format!("`{}` is not a placeholder that is known here", self.written),
            None => format!("`{}` is not a placeholder", self.written),
        };
        PolicyError { span: Some(span), message, help: Some(help) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Policy;

    /// What is refused, and what the help says first.
    fn refused(text: &str) -> Vec<(String, String)> {
        let Err(faults) = Policy::parse(text) else { return Vec::new() };
        let place = |fault: &PolicyError| fault.span.clone().map(|span| text[span].to_owned()).unwrap_or_default();
        faults.iter().map(|fault| (place(fault), fault.help.clone().unwrap_or_default())).collect()
    }

    #[test]
    fn what_is_known_and_what_is_not() {
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
            assert!(found[0].1.contains("`stamp.format` knows `{{ as_of }}` and `{{ as_of_time }}`"), "{}", found[0].1);
        }
        assert!(refused(&stamp("{{ as_off }}"))[0].1.starts_with("did you mean `{{ as_of }}`?"));
    }

    /// In every kind of text, also in lists, inline tables and arrays of tables, each told.
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
        // Braces that are no placeholder are text.
        let json = "preset = \"openldap\"\n[disable.replace]\ntitle = '{\"a\":{\"b\":1}}'\n";
        assert!(refused(json).is_empty(), "{:?}", refused(json));
    }
}
