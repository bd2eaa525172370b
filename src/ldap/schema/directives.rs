//! The schema directives of OpenLDAP's `.schema` files and of `slapd.conf` (slapd.conf(5)).
//!
//! ```text
//! file          = *( comment / line )
//! comment       = "#" *byte, with its continuations
//! line          = directive 1*blank description, with its continuations
//! continuation  = a physical line that begins with a blank; it continues the line before, also a comment
//! directive     = "attribute" *ALPHA / "objectclass" *ALPHA / "objectidentifier" *ALPHA    ; in any case
//! ```
//!
//! slapd recognises these directives by their first letters, so `attributetype` and `attributetypes` are the same. The syntax
//! of a description is that of `schema::description`, and names for OIDs (`NSDSat:1`) are kept in it. An
//! `objectidentifier` line is a name followed by the OID, or `name:suffix`, that it defines. `include` is returned, so that
//! the caller can report that the file is not read. All other directives are skipped.

/// The directives that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Directive {
    /// An attribute type.
    AttributeType,
    /// An object class.
    ObjectClass,
    /// The definition of a name for an OID.
    ObjectIdentifier,
    /// The name of another file.
    Include,
}

/// The first letters of the directives, in lower case.
const DIRECTIVES: [(&str, Directive); 4] = [
    ("attribute", Directive::AttributeType),
    ("objectclass", Directive::ObjectClass),
    ("objectidentifier", Directive::ObjectIdentifier),
    ("include", Directive::Include),
];

impl Directive {
    fn from_name(word: &[u8]) -> Option<Self> {
        let word = word.to_ascii_lowercase();
        if !word.iter().all(u8::is_ascii_alphabetic) {
            return None;
        }
        DIRECTIVES.into_iter().find(|(name, _)| word.starts_with(name.as_bytes())).map(|(_, directive)| directive)
    }
}

/// A directive with its argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectiveLine {
    /// The directive.
    pub directive: Directive,
    /// The number of the physical line on which it begins, from 1.
    pub line: u64,
    /// The text after the directive, with its continuations.
    pub value: Vec<u8>,
}

/// Whether a text consists of directives and not of LDIF: it has a line with a known directive, and no `dn:` line.
pub fn is_directives(text: &[u8]) -> bool {
    let mut lines = logical_lines(text);
    lines.any(|(_, line)| {
        let word = first_word(&line);
        Directive::from_name(word).is_some()
            || matches!(word, b"moduleload" | b"modulepath" | b"ldapsyntax" | b"ditcontentrule")
    }) && !logical_lines(text).any(|(_, line)| line.len() > 3 && line[..3].eq_ignore_ascii_case(b"dn:"))
}

/// The directives of a text, in order.
pub fn directives(text: &[u8]) -> impl Iterator<Item = DirectiveLine> {
    logical_lines(text).filter_map(|(number, line)| {
        let word = first_word(&line);
        let directive = Directive::from_name(word)?;
        Some(DirectiveLine { directive, line: number, value: line[word.len()..].trim_ascii().to_vec() })
    })
}

fn first_word(line: &[u8]) -> &[u8] {
    line.split(u8::is_ascii_whitespace).next().unwrap_or_default()
}

/// The lines with their continuations, without comments and empty lines, each with the number of its first physical line.
fn logical_lines(text: &[u8]) -> impl Iterator<Item = (u64, Vec<u8>)> {
    let mut physical = (1..).zip(text.split(|byte| *byte == b'\n')).peekable();
    std::iter::from_fn(move || {
        loop {
            let (number, first) = physical.next()?;
            let mut line = first.to_vec();
            while let Some((_, more)) = physical.next_if(|(_, next)| matches!(next.first(), Some(b' ' | b'\t'))) {
                // The line end separates two words.
                line.push(b'\n');
                line.extend_from_slice(more);
            }
            if !line.trim_ascii().is_empty() && line.first() != Some(&b'#') {
                return Some((number, line.trim_ascii().to_vec()));
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indented_lines_continue_the_line_before() {
        let text =
            b"# a comment\n that goes on\nobjectIdentifier Site 1.2.3\n\nattributetype ( Site:1\n\tNAME 'a'\n  )\r\n\
                     ObjectClass ( Site:2 NAME 'b' )\ninclude /etc/x\nldapsyntax ( 1 )\nattribute: no\n";
        let found: Vec<_> = directives(text).map(|line| (line.directive, line.line, line.value)).collect();
        let expected: [(Directive, u64, &[u8]); 4] = [
            (Directive::ObjectIdentifier, 3, b"Site 1.2.3"),
            (Directive::AttributeType, 5, b"( Site:1\n\tNAME 'a'\n  )"),
            (Directive::ObjectClass, 8, b"( Site:2 NAME 'b' )"),
            (Directive::Include, 9, b"/etc/x"),
        ];
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            assert_eq!((found.0, found.1, &*found.2), expected);
        }
    }

    #[test]
    fn recognises_directives() {
        for (text, expected) in [
            (&b"#x\n\nattributetype ( 1 )\n"[..], true),
            (b"include /x\n", true),
            (b"dn: cn=schema\nattributeTypes: ( 1 )\n", false),
            (b"version: 1\n\ndn: cn=schema\nattributeTypes: ( 1 )\n", false),
            (b"attributeTypes: ( 1 )\n", false),
            (b"", false),
        ] {
            assert_eq!(is_directives(text), expected, "{}", text.escape_ascii());
        }
    }
}
