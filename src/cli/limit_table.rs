//! The limits of a plan as an aligned table on the terminal: a row for each kind of change that the plan makes.
//!
//! ```text
//!   kind       affected   of  limit
//!   disable           3  120  50
//!   members           2    3  50 %   exceeded: cn=wheel,ou=Groups,o=isp
//! ```

use anstyle::{AnsiColor, Style};

use crate::render::report::view::LimitRow;

const HEADING: Style = Style::new().bold();
const EXCEEDED: Style = AnsiColor::Red.on_default().bold();

/// The lines of the table; none if nothing is affected. A single group has a row only if it exceeds its limit.
pub fn lines(limits: &[LimitRow]) -> Vec<String> {
    let rows: Vec<&LimitRow> =
        limits.iter().filter(|row| row.exceeded || (row.entry.is_none() && row.affected > 0)).collect();
    if rows.is_empty() {
        return Vec::new();
    }
    let limit = |row: &LimitRow| {
        let limit = if row.limit.is_empty() { "none" } else { &row.limit };
        if row.overridden { format!("{limit} (--limit)") } else { limit.to_owned() }
    };
    let width = |heading: &str, cell: &dyn Fn(&LimitRow) -> usize| {
        rows.iter().map(|row| cell(row)).max().unwrap_or_default().max(heading.len())
    };
    let kind_width = width("kind", &|row| row.kind.len());
    let affected_width = width("affected", &|row| row.affected.to_string().len());
    let of_width = width("of", &|row| row.of.to_string().len());
    let limit_width = width("limit", &|row| limit(row).chars().count());
    let heading = format!("  {:kind_width$}  {:>affected_width$}  {:>of_width$}  limit", "kind", "affected", "of");
    let mut lines = vec![format!("{HEADING}{heading}{HEADING:#}")];
    for row in rows {
        let cells = format!(
            "  {:kind_width$}  {:>affected_width$}  {:>of_width$}  {:limit_width$}",
            row.kind,
            row.affected,
            row.of,
            limit(row)
        );
        let entry = row.entry.as_ref().map(|entry| format!(": {entry}")).unwrap_or_default();
        let mark = if row.exceeded { format!("  {EXCEEDED}exceeded{EXCEEDED:#}{entry}") } else { String::new() };
        lines.push(format!("{cells}{mark}").trim_end().to_owned());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(kind: &'static str, affected: u64, limit: &str) -> LimitRow {
        LimitRow {
            kind,
            affected,
            of: 120,
            limit: limit.to_owned(),
            overridden: false,
            exceeded: false,
            entry: None,
            leavers: Vec::new(),
        }
    }

    fn plain(limits: &[LimitRow]) -> String {
        anstream::adapter::strip_str(&lines(limits).join("\n")).to_string()
    }

    #[test]
    fn columns_are_aligned() {
        let group = LimitRow {
            exceeded: true,
            entry: Some("cn=wheel".to_owned()),
            overridden: true,
            ..row("members", 10, "50 %")
        };
        let small_group = LimitRow { entry: Some("cn=small".to_owned()), ..row("members", 1, "50 %") };
        let limits = [row("disable", 3, ""), row("delete", 0, "5"), group, small_group];
        assert_eq!(
            plain(&limits),
            "  kind     affected   of  limit
  disable         3  120  none
  members        10  120  50 % (--limit)  exceeded: cn=wheel"
        );
    }

    #[test]
    fn nothing_affected_is_no_table() {
        assert_eq!(plain(&[row("delete", 0, "5")]), "");
    }
}
