//! Descriptions of attribute types and object classes (RFC 4512, 4.1.1 and 4.1.2), read as servers write them.
//!
//! ```text
//! description   = [ place ] "(" [ oid ] *clause ")"        ; any blanks between two parts, nothing after the end
//! place         = "{" *( DIGIT / "-" ) "}"
//! attribute     : "NAME" words / "DESC" text / "OBSOLETE" / "SUP" words / "EQUALITY" word / "ORDERING" word
//!                 / "SUBSTR" word / "SYNTAX" syntax / "SINGLE-VALUE" / "COLLECTIVE" / "NO-USER-MODIFICATION"
//!                 / "USAGE" word / extension
//! object class  : "NAME" words / "DESC" text / "OBSOLETE" / "SUP" words / "ABSTRACT" / "STRUCTURAL" / "AUXILIARY"
//!                 / "MUST" words / "MAY" words / extension
//! extension     = "X-" 1*( ALPHA / DIGIT / "-" / "_" ) ( "(" *( text / bare ) ")" / 1*text / *bare )
//! words         = word / "(" *"$" *( word *"$" ) ")"
//! word          = bare / "'" *byte "'"
//! bare          = 1*byte                                   ; printable ASCII except  ( ) ' " $ { } \
//! syntax        = word [ "{" 1*DIGIT "}" ]                  ; the length before or after the closing quote
//! text          = "'" *OCTET "'" / DQUOTE *OCTET DQUOTE
//! ```
//!
//! Clauses that answer no question of `offboard` are checked and skipped: DESC, OBSOLETE, SUBSTR, the length of a syntax,
//! COLLECTIVE, the kind of a class and extensions.
//!
//! What is accepted beyond the RFC, and who writes it:
//!
//! | accepted | where it comes from |
//! | --- | --- |
//! | keywords in any case and order | hand-written files |
//! | `myAttr-oid`, `NSDSat:5` or nothing instead of an OID | 389 DS and Sun DSEE; macros of OpenLDAP's cn=config |
//! | quoted OIDs: `SYNTAX '1.3...'`, `SUP 'name'` | Active Directory's cn=Aggregate, eduPerson, old Netscape files |
//! | `{12}` before the description | OpenLDAP's cn=config |
//! | `DESC ''`, `NAME ''`, `MUST ( )` | 389 DS and Sun DSEE; RFC 4512 requires at least one |
//! | lists without `$`, with an additional `$`, or touching their parentheses | hand-written files |
//! | `X-NDS_CONTAINMENT`, `X-RDBM-IGNORE true` | eDirectory, Gluu |
//! | a keyword that touches the quote before it | files folded without a blank |
//!
//! A repeated keyword adds to a list; any other value is replaced.

use strum::EnumString;

use super::grammar::{
    Fault, Parsed, SchemaError, SchemaErrorKind, bare, blanks, closing, due, keyword, opening, place, quoted_word,
    syntax, text, texts, word, words,
};

/// The purpose of an attribute type (RFC 4512, 4.1.2).
#[derive(Clone, Copy, EnumString, PartialEq, Eq)]
#[strum(ascii_case_insensitive, serialize_all = "camelCase")]
enum Usage {
    UserApplications,
    DirectoryOperation,
    DistributedOperation,
    #[strum(serialize = "dSAOperation")]
    DsaOperation,
}

/// What is used of the description of an attribute type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct AttributeTypeDescription {
    /// The OID, or what is written in its place; may be empty.
    pub(super) oid: String,
    /// All names; the first is the preferred one.
    pub(super) names: Vec<String>,
    /// The supertype.
    pub(super) superior: Option<String>,
    /// Name or OID of the equality rule.
    pub(super) equality: Option<String>,
    /// Name or OID of the ordering rule.
    pub(super) ordering: Option<String>,
    /// The OID of the syntax.
    pub(super) syntax: Option<String>,
    pub(super) single_value: bool,
    pub(super) no_user_modification: bool,
    /// The usage is not `userApplications`.
    pub(super) is_operational: bool,
}

/// What is used of the description of an object class.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ObjectClassDescription {
    /// The OID, or what is written in its place; may be empty.
    pub(super) oid: String,
    /// All names; the first is the preferred one.
    pub(super) names: Vec<String>,
    /// The direct superclasses.
    pub(super) superiors: Vec<String>,
    /// Attribute types that its entries must have.
    pub(super) must: Vec<String>,
    /// Attribute types that its entries may have.
    pub(super) may: Vec<String>,
}

impl AttributeTypeDescription {
    /// Parses a value of `attributeTypes`.
    pub(super) fn parse(value: &[u8]) -> Result<Self, SchemaError> {
        let mut description = Self::default();
        description.oid = read(value, |name, rest| description.clause(name, rest))?;
        if description.oid.is_empty() && description.names.is_empty() { Err(nameless(value)) } else { Ok(description) }
    }

    fn clause<'t>(&mut self, name: Keyword, rest: &'t [u8]) -> Parsed<'t, ()> {
        match name {
            Keyword::Name => appended(&mut self.names, words(rest)),
            Keyword::Desc => text(rest),
            Keyword::Obsolete | Keyword::Collective => Ok((rest, ())),
            // More than one supertype has no meaning: the first one counts.
            Keyword::Sup => {
                stored(&mut self.superior, words(rest).map(|(rest, found)| (rest, found.into_iter().next())))
            }
            Keyword::Equality => stored(&mut self.equality, word(rest)),
            Keyword::Ordering => stored(&mut self.ordering, word(rest)),
            Keyword::Substr => word(rest).map(|(rest, _)| (rest, ())),
            Keyword::Syntax => stored(&mut self.syntax, syntax(rest)),
            Keyword::SingleValue => flagged(&mut self.single_value, rest),
            Keyword::NoUserModification => flagged(&mut self.no_user_modification, rest),
            Keyword::Usage => {
                let (after, written) = word(rest)?;
                match written.unwrap_or_default().parse::<Usage>() {
                    Ok(usage) => self.is_operational = usage != Usage::UserApplications,
                    Err(strum::ParseError::VariantNotFound) => return due(rest, SchemaErrorKind::Usage),
                }
                Ok((after, ()))
            }
            Keyword::Extension => texts(is_keyword, rest),
            Keyword::Kind | Keyword::Must | Keyword::May => due(rest, SchemaErrorKind::Keyword),
        }
    }
}

impl ObjectClassDescription {
    /// Parses a value of `objectClasses`.
    pub(super) fn parse(value: &[u8]) -> Result<Self, SchemaError> {
        let mut description = Self::default();
        description.oid = read(value, |name, rest| description.clause(name, rest))?;
        if description.oid.is_empty() && description.names.is_empty() { Err(nameless(value)) } else { Ok(description) }
    }

    fn clause<'t>(&mut self, name: Keyword, rest: &'t [u8]) -> Parsed<'t, ()> {
        match name {
            Keyword::Name => appended(&mut self.names, words(rest)),
            Keyword::Desc => text(rest),
            Keyword::Obsolete | Keyword::Kind => Ok((rest, ())),
            Keyword::Sup => appended(&mut self.superiors, words(rest)),
            Keyword::Must => appended(&mut self.must, words(rest)),
            Keyword::May => appended(&mut self.may, words(rest)),
            Keyword::Extension => texts(is_keyword, rest),
            _ => due(rest, SchemaErrorKind::Keyword),
        }
    }
}

/// The keywords of both kinds of description.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keyword {
    Name,
    Desc,
    Obsolete,
    Sup,
    Equality,
    Ordering,
    Substr,
    Syntax,
    SingleValue,
    Collective,
    NoUserModification,
    Usage,
    /// The kind of an object class.
    Kind,
    Must,
    May,
    /// `X-...`
    Extension,
}

impl Keyword {
    #[rustfmt::skip]
    fn of(word: &[u8]) -> Option<Self> {
        let upper = word.to_ascii_uppercase();
        Some(match upper.as_slice() {
            b"NAME"                 => Self::Name,
            b"DESC"                 => Self::Desc,
            b"OBSOLETE"             => Self::Obsolete,
            b"SUP"                  => Self::Sup,
            b"EQUALITY"             => Self::Equality,
            b"ORDERING"             => Self::Ordering,
            b"SUBSTR"               => Self::Substr,
            b"SYNTAX"               => Self::Syntax,
            b"SINGLE-VALUE"         => Self::SingleValue,
            b"COLLECTIVE"           => Self::Collective,
            b"NO-USER-MODIFICATION" => Self::NoUserModification,
            b"USAGE"                => Self::Usage,
            b"ABSTRACT" | b"STRUCTURAL" | b"AUXILIARY" => Self::Kind,
            b"MUST"                 => Self::Must,
            b"MAY"                  => Self::May,
            [b'X', b'-', _, ..]     => Self::Extension,
            _ => return None,
        })
    }
}

fn is_keyword(word: &[u8]) -> bool {
    Keyword::of(word).is_some()
}

/// Whether a word in the place of the OID is the first keyword of a description without an OID.
fn is_rfc_keyword(word: &[u8]) -> bool {
    Keyword::of(word).is_some_and(|name| name != Keyword::Extension)
}

/// Reads a whole value clause by clause, and returns its OID.
fn read<'t>(
    value: &'t [u8],
    mut clause: impl FnMut(Keyword, &'t [u8]) -> Parsed<'t, ()>,
) -> Result<String, SchemaError> {
    let mut parse = || -> Parsed<'t, String> {
        let (rest, ()) = blanks(value)?;
        let (rest, ()) = place(rest)?;
        let (rest, ()) = opening(rest)?;
        let (mut rest, oid) = oid(rest)?;
        while !rest.is_empty() && rest.first() != Some(&b')') {
            let Ok((after, word)) = keyword(rest) else { return due(rest, SchemaErrorKind::Keyword) };
            let Some(name) = Keyword::of(word) else { return due(rest, SchemaErrorKind::Keyword) };
            // A keyword of the other kind of description is reported at its own place.
            rest = match clause(name, after) {
                Err(nom::Err::Error(fault)) if fault.kind == SchemaErrorKind::Keyword => {
                    return due(rest, SchemaErrorKind::Keyword);
                }
                done => done?.0,
            };
        }
        let (rest, ()) = closing(rest)?;
        if rest.is_empty() { Ok((rest, oid)) } else { due(rest, SchemaErrorKind::End) }
    };
    match parse() {
        Ok((_, oid)) => Ok(oid),
        Err(nom::Err::Error(Fault { rest, kind }) | nom::Err::Failure(Fault { rest, kind })) => {
            Err(SchemaError { offset: value.len().saturating_sub(rest.len()), kind })
        }
        // The `complete` parsers of nom never ask for more input.
        Err(nom::Err::Incomplete(_)) => Err(SchemaError { offset: value.len(), kind: SchemaErrorKind::Close }),
    }
}

fn nameless(value: &[u8]) -> SchemaError {
    SchemaError { offset: value.len(), kind: SchemaErrorKind::Nameless }
}

fn oid(input: &[u8]) -> Parsed<'_, String> {
    if input.first() == Some(&b'\'') {
        return quoted_word(input).map(|(rest, oid)| (rest, oid.unwrap_or_default()));
    }
    if matches!(input.first(), None | Some(b')')) || bare(input).is_ok_and(|(_, word)| is_rfc_keyword(word.as_bytes()))
    {
        return Ok((input, String::new()));
    }
    word(input).map(|(rest, oid)| (rest, oid.unwrap_or_default()))
}

fn stored<'t, T>(place: &mut Option<T>, parsed: Parsed<'t, Option<T>>) -> Parsed<'t, ()> {
    parsed.map(|(rest, found)| {
        *place = found;
        (rest, ())
    })
}

fn appended<'t>(list: &mut Vec<String>, parsed: Parsed<'t, Vec<String>>) -> Parsed<'t, ()> {
    parsed.map(|(rest, found)| {
        list.extend(found);
        (rest, ())
    })
}

#[expect(clippy::unnecessary_wraps, reason = "has the type of the other clauses")]
fn flagged<'t>(flag: &mut bool, rest: &'t [u8]) -> Parsed<'t, ()> {
    *flag = true;
    Ok((rest, ()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn attribute(value: &str) -> AttributeTypeDescription {
        AttributeTypeDescription::parse(value.as_bytes()).unwrap_or_else(|error| panic!("{value}: {error}"))
    }

    fn class(value: &str) -> ObjectClassDescription {
        ObjectClassDescription::parse(value.as_bytes()).unwrap_or_else(|error| panic!("{value}: {error}"))
    }

    #[test]
    fn keeps_what_is_used() {
        let text = "( 1.2 NAME ( 'x' 'y' ) DESC 'd' OBSOLETE SUP n EQUALITY e ORDERING o SUBSTR s SYNTAX 1.3{64} SINGLE-VALUE \
                    COLLECTIVE NO-USER-MODIFICATION USAGE dSAOperation X-ORIGIN 'RFC' )";
        let expected = AttributeTypeDescription {
            oid: "1.2".to_owned(),
            names: vec!["x".to_owned(), "y".to_owned()],
            superior: Some("n".to_owned()),
            equality: Some("e".to_owned()),
            ordering: Some("o".to_owned()),
            syntax: Some("1.3".to_owned()),
            single_value: true,
            no_user_modification: true,
            is_operational: true,
        };
        assert_eq!(attribute(text), expected);
        let expected = ObjectClassDescription {
            oid: "1.2".to_owned(),
            names: vec!["x".to_owned()],
            superiors: vec!["a".to_owned(), "b".to_owned()],
            must: vec!["c".to_owned()],
            may: vec!["d".to_owned(), "e".to_owned()],
        };
        assert_eq!(
            class("( 1.2 NAME 'x' DESC 'd' SUP ( a $ b ) AUXILIARY MUST c MAY ( d $ e ) X-ORIGIN 'RFC' )"),
            expected
        );
    }

    /// One deviation a row, and the same description as RFC 4512 writes it.
    #[test]
    fn attribute_types() {
        for (written, standard) in [
            // As in the RFC.
            ("( 2.5.4.3 )", "( 2.5.4.3 )"),
            ("( 2.5.4.3 NAME 'cn' SUP name )", "( 2.5.4.3 NAME 'cn' SUP name )"),
            ("( 2.5.4.3 NAME ( 'cn' 'commonName' ) )", "( 2.5.4.3 NAME ( 'cn' 'commonName' ) )"),
            (
                "( 1.2 NAME 'x' DESC 'd' OBSOLETE SUP n EQUALITY e ORDERING o SUBSTR s SYNTAX 1.3{64} SINGLE-VALUE \
                 COLLECTIVE NO-USER-MODIFICATION USAGE dSAOperation X-ORIGIN 'RFC' )",
                "( 1.2 NAME 'x' DESC 'd' OBSOLETE SUP n EQUALITY e ORDERING o SUBSTR s SYNTAX 1.3{64} SINGLE-VALUE \
                 COLLECTIVE NO-USER-MODIFICATION USAGE dSAOperation X-ORIGIN 'RFC' )",
            ),
            (r"( 1.2 DESC 'it\27s \5Cn \5c' )", r"( 1.2 DESC 'it\27s \5Cn \5C' )"),
            ("( 1.2 X-ORIGIN ( 'a' 'b' ) X-DS-USE 'c' )", "( 1.2 X-ORIGIN ( 'a' 'b' ) X-DS-USE 'c' )"),
            // Blanks.
            ("(1.2 NAME 'x')", "( 1.2 NAME 'x' )"),
            ("  ( 1.2\r\n\tNAME   'x' )  ", "( 1.2 NAME 'x' )"),
            ("( 1.2 NAME('x''y')SUP n)", "( 1.2 NAME ( 'x' 'y' ) SUP n )"),
            ("( 1.2 NAME 'x'DESC 'd'SYNTAX 1.3 )", "( 1.2 NAME 'x' DESC 'd' SYNTAX 1.3 )"),
            ("( 1.2 SYNTAX 1.3 {64} )", "( 1.2 SYNTAX 1.3{64} )"),
            // Keywords.
            ("( 1.2 name 'x' Sup n single-value )", "( 1.2 NAME 'x' SUP n SINGLE-VALUE )"),
            ("( 1.2 SINGLE-VALUE SYNTAX 1.3 NAME 'x' )", "( 1.2 NAME 'x' SYNTAX 1.3 SINGLE-VALUE )"),
            ("( 1.2 USAGE DIRECTORYOPERATION )", "( 1.2 USAGE directoryOperation )"),
            ("( 1.2 USAGE userApplications )", "( 1.2 )"),
            ("( 1.2 DESC 'a' NAME 'x' DESC 'b' NAME 'y' )", "( 1.2 NAME ( 'x' 'y' ) DESC 'b' )"),
            // OIDs.
            ("( myAttr-oid NAME 'myAttr' )", "( myAttr-oid NAME 'myAttr' )"),
            ("( NAME-oid NAME 'NAME' )", "( NAME-oid NAME 'NAME' )"),
            ("( NSDSat:5 NAME 'changeNumber' )", "( NSDSat:5 NAME 'changeNumber' )"),
            ("( NAME 'x' SYNTAX 1.3 )", "( NAME 'x' SYNTAX 1.3 )"),
            ("( '1.2' NAME 'x' )", "( 1.2 NAME 'x' )"),
            ("( 'sup' NAME 'x' )", "( 'sup' NAME 'x' )"),
            ("( '' NAME 'x' )", "( NAME 'x' )"),
            // Unexpected and missing quotes.
            ("( 1.2 SYNTAX '1.3' SINGLE-VALUE )", "( 1.2 SYNTAX 1.3 SINGLE-VALUE )"),
            ("( 1.2 SYNTAX '1.3{64}' )", "( 1.2 SYNTAX 1.3{64} )"),
            ("( 1.2 SYNTAX '1.3'{64} )", "( 1.2 SYNTAX 1.3{64} )"),
            ("( 1.2 SYNTAX ''{64} )", "( 1.2 SYNTAX ''{64} )"),
            ("( 1.2 SUP 'name' )", "( 1.2 SUP name )"),
            ("( 1.2 SUP ( 'name' ) )", "( 1.2 SUP name )"),
            ("( 1.2 EQUALITY 'caseIgnoreMatch' )", "( 1.2 EQUALITY caseIgnoreMatch )"),
            ("( 1.2 NAME x )", "( 1.2 NAME 'x' )"),
            ("( 1.2 DESC \"it's\" )", r"( 1.2 DESC 'it\27s' )"),
            ("( 1.2 X-RDBM-IGNORE true NAME 'x' )", "( 1.2 NAME 'x' X-RDBM-IGNORE 'true' )"),
            ("( 1.2 X-A NAME 'x' X-B )", "( 1.2 NAME 'x' X-A X-B )"),
            ("( 1.2 X-NDS_CONTAINMENT ( 'o' ) )", "( 1.2 X-NDS_CONTAINMENT 'o' )"),
            // Empty values.
            ("( 1.2 DESC '' )", "( 1.2 DESC '' )"),
            ("( 1.2 NAME '' )", "( 1.2 )"),
            ("( 1.2 SUP '' )", "( 1.2 )"),
            // cn=config.
            ("{12}( 1.2 NAME 'x' )", "( 1.2 NAME 'x' )"),
            ("{12} ( 1.2 NAME 'x' )", "( 1.2 NAME 'x' )"),
            // A `)` inside a text.
            ("( 1.2 DESC ':-)' NAME 'x' )", "( 1.2 NAME 'x' DESC ':-)' )"),
        ] {
            assert_eq!(attribute(written), attribute(standard), "{written}");
        }
    }

    #[test]
    fn object_classes() {
        for (written, standard) in [
            ("( 2.5.6.0 NAME 'top' ABSTRACT MUST objectClass )", "( 2.5.6.0 NAME 'top' ABSTRACT MUST objectClass )"),
            ("( 1.2 NAME 'x' )", "( 1.2 NAME 'x' STRUCTURAL )"),
            ("( 1.2 AUXILIARY MUST ( a $ b ) )", "( 1.2 AUXILIARY MUST ( a $ b ) )"),
            ("( 1.2 MUST(a$b)MAY c)", "( 1.2 STRUCTURAL MUST ( a $ b ) MAY c )"),
            ("( 1.2 MAY ( a b ) )", "( 1.2 STRUCTURAL MAY ( a $ b ) )"),
            ("( 1.2 MAY ( $ a $$ b $ ) )", "( 1.2 STRUCTURAL MAY ( a $ b ) )"),
            ("( 1.2 MUST ( ) MAY a )", "( 1.2 STRUCTURAL MAY a )"),
            ("( 1.2 MAY ( 'a' $ 'b' ) )", "( 1.2 STRUCTURAL MAY ( a $ b ) )"),
            ("( 1.2 MUST a MUST b )", "( 1.2 STRUCTURAL MUST ( a $ b ) )"),
            ("( 1.2 MUST a SUP 'top' AUXILIARY )", "( 1.2 SUP top AUXILIARY MUST a )"),
            ("( 1.2 SUP ( a $ b ) )", "( 1.2 SUP ( a $ b ) STRUCTURAL )"),
            ("( 1.2 OBSOLETE X-ORIGIN ( 'a' 'b' ) )", "( 1.2 OBSOLETE STRUCTURAL X-ORIGIN ( 'a' 'b' ) )"),
        ] {
            assert_eq!(class(written), class(standard), "{written}");
        }
    }

    #[test]
    fn a_text_may_hold_any_bytes() {
        let parsed = AttributeTypeDescription::parse(b"( 1.2 NAME 'x' DESC 'Stra\xdfe' )").unwrap();
        assert_eq!(parsed, attribute("( 1.2 NAME 'x' )"));
    }

    #[test]
    fn errors_have_an_offset() {
        use SchemaErrorKind::{Close, End, Keyword, Length, Nameless, Open, Text, Usage, Word};
        for (value, offset, kind) in [
            ("", 0, Open),
            ("1.2 NAME 'x'", 0, Open),
            ("{12} 1.2", 5, Open),
            ("(", 1, Close),
            ("( 1.2 NAME 'x'", 14, Close),
            ("( 1.2 SUP ( a $ b NAME", 22, Close),
            ("( 1.2 NAME 'x' ) x", 17, End),
            ("( 1.2 NAME 'x' FOO )", 15, Keyword),
            ("( 1.2 NAME 'x' X- 'a' )", 15, Keyword),
            ("( 1.2 'x' )", 6, Keyword),
            ("( 1.2 NAME 'x' MUST a )", 15, Keyword),
            ("( 1.2 NAME 'x' AUXILIARY )", 15, Keyword),
            ("( 1.2 NAME )", 11, Word),
            ("( 1.2 NAME 'x y' )", 11, Word),
            ("( 1.2 EQUALITY )", 15, Word),
            ("( 1.2 NAME ( 'x' 'y z' ) )", 17, Close),
            ("( 1.2 DESC d )", 11, Text),
            ("( 1.2 DESC 'd )", 11, Text),
            ("( 1.2 SYNTAX 1.3{x} )", 17, Length),
            ("( 1.2 SYNTAX 1.3{99999999999999999999} )", 17, Length),
            ("( 1.2 USAGE all )", 12, Usage),
            ("( SYNTAX 1.3 )", 14, Nameless),
            ("()", 2, Nameless),
        ] {
            let error = AttributeTypeDescription::parse(value.as_bytes()).unwrap_err();
            assert_eq!(error, SchemaError { offset, kind }, "{value}");
        }
        for (value, offset, kind) in [
            ("( 1.2 NAME 'x' SYNTAX 1.3 )", 15, Keyword),
            ("( 1.2 NAME 'x' SINGLE-VALUE )", 15, Keyword),
            ("( AUXILIARY )", 13, Nameless),
        ] {
            let error = ObjectClassDescription::parse(value.as_bytes()).unwrap_err();
            assert_eq!(error, SchemaError { offset, kind }, "{value}");
        }
    }

    /// Clauses of descriptions, in an order that is sometimes right.
    fn clauses() -> impl Strategy<Value = String> {
        let clause = prop_oneof![
            "NAME ('[a-z-]{0,3}'|\\( ('[a-z]{1,3}' ?){0,3}\\)|[a-z]{1,3})",
            "(DESC|desc) ('[ -&(-~é]{0,6}'|\"[ -!#-~]{0,6}\")",
            "(SUP|MUST|MAY) (NAME|[a-z.0-9]{1,3}|'[a-z]{0,3}'|\\( ?([a-z]{1,2} ?\\$? ?){0,3}\\))",
            "(EQUALITY|ORDERING|SUBSTR) ([A-Za-z:;-]{1,4}|'[a-z]{0,3}')",
            "SYNTAX '?[0-9.]{0,4}'?(\\{[0-9]{1,3}\\})?",
            "(SINGLE-VALUE|COLLECTIVE|NO-USER-MODIFICATION|OBSOLETE|ABSTRACT|STRUCTURAL|AUXILIARY)",
            "USAGE (userApplications|dsaoperation|directoryOperation|x)",
            "X-[A-Z_-]{1,3} ?('[ -&(-~]{0,4}'|\\( '[a-z\\\\]{0,3}' '' b \\)|[a-z]{1,3}|)",
        ];
        let oid = "(1\\.2|x-oid|'1\\.2'|'name'|X-A|'')?";
        ("(\\{[0-9]\\})?", oid, prop::collection::vec(clause, 0..6))
            .prop_map(|(place, oid, clauses)| format!("{place}( {oid} {} )", clauses.join(" ")))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn any_bytes_are_read_or_refused_at_an_offset(
            inside in prop_oneof![
                prop::collection::vec(any::<u8>(), 0..40),
                clauses().prop_flat_map(|text| (Just(text), any::<prop::sample::Index>(), any::<u8>())).prop_map(
                    |(text, at, byte)| {
                        let mut bytes = text.into_bytes();
                        let at = at.index(bytes.len());
                        bytes[at] = byte;
                        bytes
                    }
                ),
            ],
        ) {
            for error in [
                AttributeTypeDescription::parse(&inside).err(),
                ObjectClassDescription::parse(&inside).err(),
            ] {
                prop_assert!(error.is_none_or(|error| error.offset <= inside.len()));
            }
        }
    }

    /// Many of the generated texts must be descriptions, or the property above proves nothing.
    #[test]
    fn the_generator_makes_descriptions() {
        use proptest::strategy::ValueTree as _;
        let mut runner = proptest::test_runner::TestRunner::deterministic();
        let parsed = (0..400)
            .filter(|_| {
                let value = clauses().new_tree(&mut runner).unwrap().current();
                AttributeTypeDescription::parse(value.as_bytes()).is_ok()
                    || ObjectClassDescription::parse(value.as_bytes()).is_ok()
            })
            .count();
        assert!(parsed > 60, "{parsed} of 400");
    }
}
