//! Descriptions of attribute types and object classes (RFC 4512, 4.1.1 and 4.1.2), read as servers write them.
//!
//! ```text
//! description   = [ place ] "(" [ oid ] *clause ")"        ; any blanks between two pieces, nothing behind
//! place         = "{" *( DIGIT / "-" ) "}"
//! attribute     : "NAME" words / "DESC" text / "OBSOLETE" / "SUP" words / "EQUALITY" word / "ORDERING" word
//!                 / "SUBSTR" word / "SYNTAX" syntax / "SINGLE-VALUE" / "COLLECTIVE" / "NO-USER-MODIFICATION"
//!                 / "USAGE" word / extension
//! object class  : "NAME" words / "DESC" text / "OBSOLETE" / "SUP" words / "ABSTRACT" / "STRUCTURAL" / "AUXILIARY"
//!                 / "MUST" words / "MAY" words / extension
//! extension     = "X-" 1*( ALPHA / DIGIT / "-" / "_" ) ( "(" *( text / bare ) ")" / 1*text / *bare )
//! words         = word / "(" *"$" *( word *"$" ) ")"
//! word          = bare / "'" *byte "'"
//! bare          = 1*byte                                   ; printable ASCII, none of  ( ) ' " $ { } \
//! syntax        = word [ "{" 1*DIGIT "}" ]                  ; the length before or behind the closing quote
//! text          = "'" *OCTET "'" / DQUOTE *OCTET DQUOTE    ; \27 is ', \5C is \; what is not UTF-8 becomes U+FFFD
//! ```
//!
//! What is accepted beyond the RFC, and who writes it:
//!
//! | accepted | where it comes from |
//! | --- | --- |
//! | keywords in any case and order | files written by hand |
//! | `myAttr-oid`, `NSDSat:5` or nothing instead of an OID | 389 DS and Sun DSEE; macros of OpenLDAP's cn=config |
//! | quoted OIDs: `SYNTAX '1.3...'`, `SUP 'name'` | Active Directory's cn=Aggregate, eduPerson, old Netscape files |
//! | `{12}` before the description | OpenLDAP's cn=config |
//! | `DESC ''`, `NAME ''`, `MUST ( )` | 389 DS and Sun DSEE; RFC 4512 asks for at least one |
//! | lists without `$`, with one too many, or touching their parentheses | files written by hand |
//! | `X-NDS_CONTAINMENT`, `X-RDBM-IGNORE true` | eDirectory, Gluu |
//! | a keyword that touches the quote before it | files folded without a blank |
//!
//! A keyword that is given again adds to a list and replaces anything else.

use std::fmt;

use super::grammar::{
    Fault, Parsed, SchemaError, SchemaErrorKind, bare, blanks, closing, due, escaped, keyword, opening, place,
    quoted_word, syntax, text, texts, word, words,
};
use crate::ldap::object_classes::ClassKind;

/// What an attribute type is for (RFC 4512, 4.1.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Usage {
    /// User data.
    #[default]
    UserApplications,
    /// Operational, the directory's own.
    DirectoryOperation,
    /// Operational, shared between servers.
    DistributedOperation,
    /// Operational, of one server.
    DsaOperation,
}

impl Usage {
    const ALL: [(&str, Self); 4] = [
        ("userApplications", Self::UserApplications),
        ("directoryOperation", Self::DirectoryOperation),
        ("distributedOperation", Self::DistributedOperation),
        ("dSAOperation", Self::DsaOperation),
    ];
}

/// An extension, `X-ORIGIN 'RFC 4519'`.
pub type Extension = (String, Vec<String>);

/// A description of an attribute type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "RFC 4512 has four flags")]
pub struct AttributeTypeDescription {
    /// The OID, or what is in its place; empty if nothing does.
    pub oid: String,
    /// All names; the first is the preferred one.
    pub names: Vec<String>,
    /// What it is said to be.
    pub description: Option<String>,
    /// Whether it is out of use.
    pub obsolete: bool,
    /// The type that it derives from.
    pub superior: Option<String>,
    /// Its equality rule.
    pub equality: Option<String>,
    /// Its ordering rule.
    pub ordering: Option<String>,
    /// Its substrings rule.
    pub substring: Option<String>,
    /// The OID of its syntax.
    pub syntax: Option<String>,
    /// Length that servers should allow at least.
    pub length: Option<u64>,
    /// Whether an entry has at most one value.
    pub single_value: bool,
    /// Whether it is collective.
    pub collective: bool,
    /// Whether the server alone writes it.
    pub no_user_modification: bool,
    /// What it is for.
    pub usage: Usage,
    /// Its extensions, in order.
    pub extensions: Vec<Extension>,
}

/// A description of an object class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectClassDescription {
    /// The OID, or what is in its place; empty if nothing does.
    pub oid: String,
    /// All names; the first is the preferred one.
    pub names: Vec<String>,
    /// What it is said to be.
    pub description: Option<String>,
    /// Whether it is out of use.
    pub obsolete: bool,
    /// The classes that it derives from.
    pub superiors: Vec<String>,
    /// Its kind; structural if none is given.
    pub kind: ClassKind,
    /// Attribute types that its entries must have.
    pub must: Vec<String>,
    /// Attribute types that its entries may have.
    pub may: Vec<String>,
    /// Its extensions, in order.
    pub extensions: Vec<Extension>,
}

impl Default for ObjectClassDescription {
    fn default() -> Self {
        Self {
            oid: String::new(),
            names: Vec::new(),
            description: None,
            obsolete: false,
            superiors: Vec::new(),
            kind: ClassKind::Structural,
            must: Vec::new(),
            may: Vec::new(),
            extensions: Vec::new(),
        }
    }
}

impl AttributeTypeDescription {
    /// Reads a value of `attributeTypes`.
    pub fn parse(value: &[u8]) -> Result<Self, SchemaError> {
        let mut it = Self::default();
        it.oid = read(value, |name, rest| it.clause(name, rest))?;
        if it.oid.is_empty() && it.names.is_empty() { Err(nameless(value)) } else { Ok(it) }
    }

    fn clause<'t>(&mut self, name: Keyword, rest: &'t [u8]) -> Parsed<'t, ()> {
        match name {
            Keyword::Name => appended(&mut self.names, words(rest)),
            Keyword::Desc => stored(&mut self.description, text(rest).map(some)),
            Keyword::Obsolete => flagged(&mut self.obsolete, rest),
            // More than one has no meaning: the first is the type's.
            Keyword::Sup => {
                stored(&mut self.superior, words(rest).map(|(rest, found)| (rest, found.into_iter().next())))
            }
            Keyword::Equality => stored(&mut self.equality, word(rest)),
            Keyword::Ordering => stored(&mut self.ordering, word(rest)),
            Keyword::Substr => stored(&mut self.substring, word(rest)),
            Keyword::Syntax => {
                let (rest, (oid, length)) = syntax(rest)?;
                (self.syntax, self.length) = (oid, length);
                Ok((rest, ()))
            }
            Keyword::SingleValue => flagged(&mut self.single_value, rest),
            Keyword::Collective => flagged(&mut self.collective, rest),
            Keyword::NoUserModification => flagged(&mut self.no_user_modification, rest),
            Keyword::Usage => {
                let (after, written) = word(rest)?;
                let is = |name: &str| written.as_ref().is_some_and(|written| written.eq_ignore_ascii_case(name));
                match Usage::ALL.into_iter().find(|(name, _)| is(name)) {
                    Some((_, usage)) => self.usage = usage,
                    None => return due(rest, SchemaErrorKind::Usage),
                }
                Ok((after, ()))
            }
            Keyword::Extension(name) => extended(&mut self.extensions, name, rest),
            Keyword::Kind(_) | Keyword::Must | Keyword::May => due(rest, SchemaErrorKind::Keyword),
        }
    }
}

impl ObjectClassDescription {
    /// Reads a value of `objectClasses`.
    pub fn parse(value: &[u8]) -> Result<Self, SchemaError> {
        let mut it = Self::default();
        it.oid = read(value, |name, rest| it.clause(name, rest))?;
        if it.oid.is_empty() && it.names.is_empty() { Err(nameless(value)) } else { Ok(it) }
    }

    fn clause<'t>(&mut self, name: Keyword, rest: &'t [u8]) -> Parsed<'t, ()> {
        match name {
            Keyword::Name => appended(&mut self.names, words(rest)),
            Keyword::Desc => stored(&mut self.description, text(rest).map(some)),
            Keyword::Obsolete => flagged(&mut self.obsolete, rest),
            Keyword::Sup => appended(&mut self.superiors, words(rest)),
            Keyword::Kind(kind) => {
                self.kind = kind;
                Ok((rest, ()))
            }
            Keyword::Must => appended(&mut self.must, words(rest)),
            Keyword::May => appended(&mut self.may, words(rest)),
            Keyword::Extension(name) => extended(&mut self.extensions, name, rest),
            _ => due(rest, SchemaErrorKind::Keyword),
        }
    }
}

/// The keywords of both kinds of description.
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
    Kind(ClassKind),
    Must,
    May,
    Extension(String),
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
            b"ABSTRACT"             => Self::Kind(ClassKind::Abstract),
            b"STRUCTURAL"           => Self::Kind(ClassKind::Structural),
            b"AUXILIARY"            => Self::Kind(ClassKind::Auxiliary),
            b"MUST"                 => Self::Must,
            b"MAY"                  => Self::May,
            [b'X', b'-', _, ..]     => Self::Extension(String::from_utf8_lossy(word).into_owned()),
            _ => return None,
        })
    }
}

fn is_keyword(word: &[u8]) -> bool {
    Keyword::of(word).is_some()
}

/// Whether a word in the place of the OID is the first keyword of a description without one.
fn is_rfc_keyword(word: &[u8]) -> bool {
    Keyword::of(word).is_some_and(|name| !matches!(name, Keyword::Extension(_)))
}

/// Takes a value apart, and gives its OID.
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
            // A keyword of the other kind of description is reported where it is.
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
        // Parsers of whole values never ask for more.
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

fn some<T>((rest, found): (&[u8], T)) -> (&[u8], Option<T>) {
    (rest, Some(found))
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

#[expect(clippy::unnecessary_wraps, reason = "a clause like the others")]
fn flagged<'t>(flag: &mut bool, rest: &'t [u8]) -> Parsed<'t, ()> {
    *flag = true;
    Ok((rest, ()))
}

fn extended<'t>(extensions: &mut Vec<Extension>, name: String, rest: &'t [u8]) -> Parsed<'t, ()> {
    let (rest, values) = texts(is_keyword, rest)?;
    extensions.push((name, values));
    Ok((rest, ()))
}

/// In the order and the spelling of RFC 4512. It holds what the directory wrote: not fit for a terminal.
impl fmt::Display for AttributeTypeDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_head(f, &self.oid, &self.names, self.description.as_deref(), self.obsolete)?;
        let rules = [
            ("SUP", &self.superior),
            ("EQUALITY", &self.equality),
            ("ORDERING", &self.ordering),
            ("SUBSTR", &self.substring),
        ];
        for (keyword, word) in rules {
            write_words(f, keyword, word.as_slice())?;
        }
        match (&self.syntax, self.length) {
            (Some(oid), None) => write!(f, " SYNTAX {oid}")?,
            (Some(oid), Some(length)) => write!(f, " SYNTAX {oid}{{{length}}}")?,
            (None, Some(length)) => write!(f, " SYNTAX ''{{{length}}}")?,
            (None, None) => {}
        }
        let flags = [
            (self.single_value, " SINGLE-VALUE"),
            (self.collective, " COLLECTIVE"),
            (self.no_user_modification, " NO-USER-MODIFICATION"),
        ];
        flags.into_iter().filter(|(on, _)| *on).try_for_each(|(_, flag)| f.write_str(flag))?;
        if self.usage != Usage::default() {
            let name = Usage::ALL.into_iter().find(|(_, usage)| *usage == self.usage);
            name.map_or(Ok(()), |(name, _)| write!(f, " USAGE {name}"))?;
        }
        write_extensions(f, &self.extensions)?;
        f.write_str(" )")
    }
}

/// In the order and the spelling of RFC 4512. It holds what the directory wrote: not fit for a terminal.
impl fmt::Display for ObjectClassDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_head(f, &self.oid, &self.names, self.description.as_deref(), self.obsolete)?;
        write_words(f, "SUP", &self.superiors)?;
        f.write_str(match self.kind {
            ClassKind::Abstract => " ABSTRACT",
            ClassKind::Structural => " STRUCTURAL",
            ClassKind::Auxiliary => " AUXILIARY",
        })?;
        write_words(f, "MUST", &self.must)?;
        write_words(f, "MAY", &self.may)?;
        write_extensions(f, &self.extensions)?;
        f.write_str(" )")
    }
}

fn write_head(
    f: &mut fmt::Formatter<'_>,
    oid: &str,
    names: &[String],
    description: Option<&str>,
    obsolete: bool,
) -> fmt::Result {
    f.write_str("(")?;
    match oid {
        "" => {}
        oid if is_rfc_keyword(oid.as_bytes()) => write!(f, " '{oid}'")?,
        oid => write!(f, " {oid}")?,
    }
    write_texts(f, "NAME", names)?;
    if let Some(text) = description {
        write!(f, " DESC '{}'", escaped(text))?;
    }
    if obsolete { f.write_str(" OBSOLETE") } else { Ok(()) }
}

fn write_words(f: &mut fmt::Formatter<'_>, keyword: &str, words: &[String]) -> fmt::Result {
    match words {
        [] => Ok(()),
        [word] => write!(f, " {keyword} {word}"),
        words => write!(f, " {keyword} ( {} )", words.join(" $ ")),
    }
}

fn write_texts(f: &mut fmt::Formatter<'_>, keyword: &str, texts: &[String]) -> fmt::Result {
    match texts {
        [] => Ok(()),
        [text] => write!(f, " {keyword} '{}'", escaped(text)),
        texts => {
            write!(f, " {keyword} (")?;
            texts.iter().try_for_each(|text| write!(f, " '{}'", escaped(text)))?;
            f.write_str(" )")
        }
    }
}

fn write_extensions(f: &mut fmt::Formatter<'_>, extensions: &[Extension]) -> fmt::Result {
    extensions.iter().try_for_each(|(name, values)| match values.as_slice() {
        [] => write!(f, " {name}"),
        values => write_texts(f, name, values),
    })
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

    /// One oddity a row, and how RFC 4512 would have it.
    #[test]
    fn attribute_types() {
        for (written, standard) in [
            // As the RFC has it.
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
            // Quotes where there should be none, none where there should be some.
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
            // Nothing where there should be something.
            ("( 1.2 DESC '' )", "( 1.2 DESC '' )"),
            ("( 1.2 NAME '' )", "( 1.2 )"),
            ("( 1.2 SUP '' )", "( 1.2 )"),
            // cn=config.
            ("{12}( 1.2 NAME 'x' )", "( 1.2 NAME 'x' )"),
            ("{12} ( 1.2 NAME 'x' )", "( 1.2 NAME 'x' )"),
            // A `)` in a text.
            ("( 1.2 DESC ':-)' NAME 'x' )", "( 1.2 NAME 'x' DESC ':-)' )"),
        ] {
            assert_eq!(attribute(written).to_string(), standard, "{written}");
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
            assert_eq!(class(written).to_string(), standard, "{written}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced() {
        let parsed = AttributeTypeDescription::parse(b"( 1.2 NAME 'x' DESC 'Stra\xdfe' )").unwrap();
        assert_eq!(parsed.description.as_deref(), Some("Stra\u{fffd}e"));
    }

    #[test]
    fn errors_say_where() {
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

    /// Pieces of descriptions, in an order that is sometimes right.
    fn soup() -> impl Strategy<Value = String> {
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
        fn what_is_parsed_prints_and_parses_to_the_same(value in soup()) {
            if let Ok(parsed) = AttributeTypeDescription::parse(value.as_bytes()) {
                let printed = parsed.to_string();
                prop_assert_eq!(AttributeTypeDescription::parse(printed.as_bytes()), Ok(parsed), "{}", printed);
            }
            if let Ok(parsed) = ObjectClassDescription::parse(value.as_bytes()) {
                let printed = parsed.to_string();
                prop_assert_eq!(ObjectClassDescription::parse(printed.as_bytes()), Ok(parsed), "{}", printed);
            }
        }

        #[test]
        fn any_bytes_are_read_or_refused_where_they_stand(
            inside in prop_oneof![
                prop::collection::vec(any::<u8>(), 0..40),
                soup().prop_flat_map(|text| (Just(text), any::<prop::sample::Index>(), any::<u8>())).prop_map(
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

    /// Most of the soup must be eatable, or the property above says nothing.
    #[test]
    fn the_soup_holds_descriptions() {
        use proptest::strategy::ValueTree as _;
        let mut runner = proptest::test_runner::TestRunner::deterministic();
        let read = (0..400)
            .filter(|_| {
                let value = soup().new_tree(&mut runner).unwrap().current();
                AttributeTypeDescription::parse(value.as_bytes()).is_ok()
                    || ObjectClassDescription::parse(value.as_bytes()).is_ok()
            })
            .count();
        assert!(read > 60, "{read} of 400");
    }
}
