//! The trailer: the last line of a roster, with the number of rows before it and perhaps their day.
//!
//! The grammar of a pattern, and of what its placeholders match. Blanks around the pattern and around the line are ignored:
//!
//! ```text
//! pattern = *( text / "{{ rows }}" / "{{ date }}" )   ; rows once, date at most once, at least one text, text between
//! rows    = 1*DIGIT
//! date    = ISO 8601 or GeneralizedTime, see ldap::time
//! text    = the same text
//! ```
//!
//! `# numEntries: {{ rows }}` matches what OpenLDAP's `ldapsearch` writes at the end.

/// The pattern of a trailer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trailer {
    parts: Vec<TrailerPart>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum TrailerPart {
    Text(String),
    Rows,
    Date,
}

/// The values of the placeholders in a trailer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TrailerValues<'l> {
    /// The value of `{{ rows }}`.
    pub rows: u64,
    /// The value of `{{ date }}`, which may not be a date.
    pub date: Option<&'l str>,
}

impl Trailer {
    /// Parses a pattern; on failure, a sentence that says why.
    pub fn parse(pattern: &str) -> Result<Self, String> {
        if pattern.chars().any(char::is_control) {
            return Err("a trailer must be one line without control characters".to_owned());
        }
        let mut parts = Vec::new();
        let mut rest = pattern.trim();
        while let Some((text, after)) = rest.split_once("{{") {
            let (name, after) = after.split_once("}}").ok_or("a `{{` is not closed with `}}`")?;
            if !text.is_empty() {
                parts.push(TrailerPart::Text(text.to_owned()));
            }
            parts.push(match name.trim() {
                "rows" => TrailerPart::Rows,
                "date" => TrailerPart::Date,
                other => {
                    return Err(format!(
                        "unknown placeholder `{{{{ {other} }}}}`; a trailer may have `{{{{ rows }}}}` and `{{{{ date }}}}`"
                    ));
                }
            });
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(TrailerPart::Text(rest.to_owned()));
        }
        let count = |part: &TrailerPart| parts.iter().filter(|other| *other == part).count();
        if count(&TrailerPart::Rows) != 1 {
            return Err("a trailer must have `{{ rows }}` exactly once".to_owned());
        }
        if count(&TrailerPart::Date) > 1 {
            return Err("a trailer may have `{{ date }}` only once".to_owned());
        }
        let has_text = |part: &TrailerPart| matches!(part, TrailerPart::Text(text) if !text.trim().is_empty());
        if !parts.iter().any(has_text) {
            return Err("a trailer without text could be a row; add a word to `{{ rows }}`".to_owned());
        }
        for pair in parts.windows(2) {
            match pair {
                [TrailerPart::Rows | TrailerPart::Date, TrailerPart::Rows | TrailerPart::Date] => {
                    return Err("write something between `{{ rows }}` and `{{ date }}`".to_owned());
                }
                [TrailerPart::Rows, TrailerPart::Text(text)]
                    if text.starts_with(|first: char| first.is_ascii_digit()) =>
                {
                    return Err("a digit must not follow `{{ rows }}`".to_owned());
                }
                _ => {}
            }
        }
        Ok(Self { parts })
    }

    /// The values in a line, if it matches the pattern.
    pub(super) fn find<'l>(&self, line: &'l str) -> Option<TrailerValues<'l>> {
        find(&self.parts, line.trim())
    }
}

fn find<'l>(parts: &[TrailerPart], line: &'l str) -> Option<TrailerValues<'l>> {
    let Some((part, parts)) = parts.split_first() else { return line.is_empty().then(TrailerValues::default) };
    match part {
        TrailerPart::Text(text) => find(parts, line.strip_prefix(text.as_str())?),
        TrailerPart::Rows => {
            let after = line.trim_start_matches(|digit: char| digit.is_ascii_digit());
            let rows = line[..line.len() - after.len()].parse().ok()?;
            Some(TrailerValues { rows, ..find(parts, after)? })
        }
        // A date may contain the text after it, such as a blank: take the longest date after which the rest matches.
        TrailerPart::Date => line.char_indices().rev().find_map(|(at, last)| {
            let (date, after) = line.split_at(at + last.len_utf8());
            Some(TrailerValues { date: Some(date), ..find(parts, after)? })
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
            ("# END", Err("a trailer must have `{{ rows }}` exactly once")),
            ("{{ rows }} of {{ rows }}", Err("a trailer must have `{{ rows }}` exactly once")),
            ("{{ rows }} {{ date }} to {{ date }}", Err("a trailer may have `{{ date }}` only once")),
            ("{{ rows }}", Err("a trailer without text could be a row; add a word to `{{ rows }}`")),
            ("{{ rows }} {{ date }}", Err("a trailer without text could be a row; add a word to `{{ rows }}`")),
            ("END {{ rows }}{{ date }}", Err("write something between `{{ rows }}` and `{{ date }}`")),
            ("END {{ rows }}0", Err("a digit must not follow `{{ rows }}`")),
            ("END {{ rows", Err("a `{{` is not closed with `}}`")),
            (
                "END {{ lines }}",
                Err("unknown placeholder `{{ lines }}`; a trailer may have `{{ rows }}` and `{{ date }}`"),
            ),
            ("END\n{{ rows }}", Err("a trailer must be one line without control characters")),
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
