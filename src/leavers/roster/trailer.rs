//! The last line of a roster, which says how many rows stand above it and of which day they are.
//!
//! A pattern and what it matches, blanks around both aside:
//!
//! ```text
//! pattern = *( text / "{{ rows }}" / "{{ date }}" )   ; rows once, date at most once, text between and beside them
//! rows    = 1*DIGIT
//! date    = ISO 8601 or GeneralizedTime, see ldap::time
//! text    = itself
//! ```
//!
//! `# numEntries: {{ rows }}` matches what OpenLDAP's `ldapsearch` writes at the end.

/// The pattern of a last line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trailer {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Rows,
    Date,
}

/// What a last line says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found<'l> {
    /// `{{ rows }}`
    pub rows: u64,
    /// `{{ date }}` as written; not yet checked.
    pub date: Option<&'l str>,
}

impl Trailer {
    /// Reads a pattern.
    pub fn parse(pattern: &str) -> Result<Self, String> {
        if pattern.chars().any(char::is_control) {
            return Err("a trailer is one line without control characters".to_owned());
        }
        let mut parts = Vec::new();
        let mut rest = pattern.trim();
        while let Some((text, behind)) = rest.split_once("{{") {
            let (name, behind) = behind.split_once("}}").ok_or("a `{{` is not closed with `}}`")?;
            if !text.is_empty() {
                parts.push(Part::Text(text.to_owned()));
            }
            parts.push(match name.trim() {
                "rows" => Part::Rows,
                "date" => Part::Date,
                other => {
                    return Err(format!("no `{{{{ {other} }}}}`; there are `{{{{ rows }}}}` and `{{{{ date }}}}`"));
                }
            });
            rest = behind;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        let count = |part: &Part| parts.iter().filter(|other| *other == part).count();
        if count(&Part::Rows) != 1 {
            return Err("a trailer holds `{{ rows }}` once".to_owned());
        }
        if count(&Part::Date) > 1 {
            return Err("a trailer holds `{{ date }}` at most once".to_owned());
        }
        let has_text = |part: &Part| matches!(part, Part::Text(text) if !text.trim().is_empty());
        if !parts.iter().any(has_text) {
            return Err("a trailer of numbers alone could be a row: put a word beside `{{ rows }}`".to_owned());
        }
        for pair in parts.windows(2) {
            match pair {
                [Part::Rows | Part::Date, Part::Rows | Part::Date] => {
                    return Err("something must stand between `{{ rows }}` and `{{ date }}`".to_owned());
                }
                [Part::Rows, Part::Text(text)] if text.starts_with(|first: char| first.is_ascii_digit()) => {
                    return Err("no digit may follow `{{ rows }}`".to_owned());
                }
                _ => {}
            }
        }
        Ok(Self { parts })
    }

    /// What a line says, if it has this pattern.
    pub(super) fn find<'l>(&self, line: &'l str) -> Option<Found<'l>> {
        find(&self.parts, line.trim())
    }
}

fn find<'l>(parts: &[Part], line: &'l str) -> Option<Found<'l>> {
    let Some((part, parts)) = parts.split_first() else { return line.is_empty().then(Found::default) };
    match part {
        Part::Text(text) => find(parts, line.strip_prefix(text.as_str())?),
        Part::Rows => {
            let behind = line.trim_start_matches(|digit: char| digit.is_ascii_digit());
            let rows = line[..line.len() - behind.len()].parse().ok()?;
            Some(Found { rows, ..find(parts, behind)? })
        }
        // A date may hold what stands behind it, such as a blank: the longest that leaves the rest to match.
        Part::Date => line.char_indices().rev().find_map(|(at, last)| {
            let (date, behind) = line.split_at(at + last.len_utf8());
            Some(Found { date: Some(date), ..find(parts, behind)? })
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        let table = [
            ("# END rows={{ rows }} date={{ date }}", Ok(())),
            ("# numEntries: {{rows}}", Ok(())),
            ("{{ date }} {{ rows }} rows", Ok(())),
            ("# END", Err("a trailer holds `{{ rows }}` once")),
            ("{{ rows }} of {{ rows }}", Err("a trailer holds `{{ rows }}` once")),
            ("{{ rows }} {{ date }} to {{ date }}", Err("a trailer holds `{{ date }}` at most once")),
            ("{{ rows }}", Err("a trailer of numbers alone could be a row: put a word beside `{{ rows }}`")),
            ("{{ rows }} {{ date }}", Err("a trailer of numbers alone could be a row: put a word beside `{{ rows }}`")),
            ("END {{ rows }}{{ date }}", Err("something must stand between `{{ rows }}` and `{{ date }}`")),
            ("END {{ rows }}0", Err("no digit may follow `{{ rows }}`")),
            ("END {{ rows", Err("a `{{` is not closed with `}}`")),
            ("END {{ lines }}", Err("no `{{ lines }}`; there are `{{ rows }}` and `{{ date }}`")),
            ("END\n{{ rows }}", Err("a trailer is one line without control characters")),
        ];
        for (pattern, expected) in table {
            assert_eq!(Trailer::parse(pattern).map(|_| ()), expected.map_err(str::to_owned), "{pattern}");
        }
    }

    #[test]
    fn last_lines() {
        let table = [
            ("# END rows={{ rows }} date={{ date }}", "# END rows=12 date=2026-11-20", Some((12, Some("2026-11-20")))),
            ("# END rows={{ rows }} date={{ date }}", " # END rows=12 date=x \r", Some((12, Some("x")))),
            ("# END rows={{ rows }} date={{ date }}", "# END rows=12 date=", None),
            ("# END rows={{ rows }} date={{ date }}", "# END rows=12", None),
            ("# END rows={{ rows }}", "# END rows=", None),
            ("# END rows={{ rows }}", "# END rows=-1", None),
            ("# END rows={{ rows }}", "# END rows=12 x", None),
            ("# END rows={{ rows }}", "# end rows=12", None),
            ("# END rows={{ rows }}", "# END rows=99999999999999999999", None),
            ("{{ date }} {{ rows }} rows", "2026-11-20 07:45Z 12 rows", Some((12, Some("2026-11-20 07:45Z")))),
            ("{{ date }}-{{ rows }} Zeilen", "2026-11-20-12 Zeilen", Some((12, Some("2026-11-20")))),
            ("x{{ date }} {{ rows }}", "xé 1", Some((1, Some("é")))),
        ];
        for (pattern, line, expected) in table {
            let found = Trailer::parse(pattern).unwrap().find(line).map(|found| (found.rows, found.date));
            assert_eq!(found, expected, "{pattern}: {line}");
        }
    }
}
