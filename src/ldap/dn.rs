//! Distinguished names (RFC 4514). They keep their spelling and are compared by key.
//!
//! The grammar is in `dn_syntax`. Beyond RFC 4514, it accepts what older servers and tools still write (RFC 2253, RFC 1779):
//! blanks around `,`, `+` and `=`, `;` between RDNs, values in quotation marks, and `OID.` before an OID. Names are always
//! written with the spelling that was read.
//!
//! Implementations differ on the following input. What is done here, and why:
//!
//! | input | result | reason |
//! | --- | --- | --- |
//! | empty or blank | the root | RFC 4514, 2.1; a blank `dn:` cannot mean any other name |
//! | blank as an RDN | refused | an RDN has at least one AVA |
//! | `a=b, c=d` as an RDN | refused | it is a DN; `newrdn` must be a single RDN |
//! | `cn=,dc=x`, `cn=+mail=,dc=x` | an empty value | RFC 4514, 3: `string` may be empty; exports of 389 DS have such names |
//! | `1.=x`, `1.1.=x`, `01=x` | refused | not an OID (RFC 4512, 1.4) |
//! | `at_tr=x` | accepted | servers allow `_` in type names, except as the first character, and exports have such names |
//! | `\ A=x` (escaped type) | refused | types have no escapes |
//! | `cn=A<00>B` (raw NUL), raw `<`, `>` and `"` in a value | refused | RFC 4514, 3: must be escaped |
//! | `\x`, `\'` | refused | not an escape of RFC 4514; a guess could name another entry |
//! | `\99`, raw bytes that are not UTF-8 | accepted | values are bytes; these match byte by byte |
//! | blanks at the end of a value, also at the end of the DN | not part of the value | RFC 2253, 4; `\ ` and `\20` are part of it |
//! | `#04024869` | `Hi` | BER of OCTET STRING, `UTF8String`, `PrintableString` and `IA5String` is decoded |
//! | `#0402486900`, `#0402` | refused | such a string with excess or missing bytes is damaged |
//! | `#00`, `#0010A0AAFF`, `#6C6F63616C` | opaque | any other BER: the value is the BER itself, and equals only the same BER |
//! | `cn=A\0DB` and `cn=a b` | equal | RFC 4518, 2.2, maps CR to SPACE |
//! | `1.2.3=\04\02Hi` and `1.2.3=Hi` | different | control characters are significant in values of unknown types |
//! | `2.5.4.3=#04024869` and `cn=hi`, `0.9.2342.19200300.100.1.25=x` and `dc=x` | equal | the attribute types are the same |
//! | `caseexact=A` and `caseexact=a` | equal | values of unknown types match ignoring case |
//! | `cn=a\20` and `cn=a` | equal | RFC 4518, 2.6.1: spaces at the ends are insignificant |
//! | `o=A+o=a` and `o=A` | different | a repeated value in an RDN is not removed |

use std::{
    borrow::Cow,
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
    sync::{Arc, OnceLock},
};

use super::{
    attribute_types,
    dn_key::{AvaParts, DnKey, MAX_NESTING, rdn_key},
    dn_syntax::{self, ParsedAva, ParsedRdn},
    matching::{MatchingRule, normalize},
    name_and_uid::split_name_and_uid,
};

/// The reason why bytes are not a DN or an RDN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} at byte {offset}")]
pub struct DnError {
    /// Offset in the input, in bytes from 0; the length of the input if it ended too early.
    pub offset: usize,
    /// What was expected at that offset.
    pub kind: DnErrorKind,
}

/// What was expected in a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DnErrorKind {
    /// An attribute type.
    #[error("expected an attribute type (a name or a dotted-decimal OID)")]
    AttributeType,
    /// The `=` between type and value.
    #[error("expected `=` after the attribute type")]
    Equals,
    /// The characters after a backslash.
    #[error("expected a special character or two hexadecimal digits after a backslash")]
    Escape,
    /// The hexadecimal digits of a `#` value.
    #[error("expected pairs of hexadecimal digits after `#`")]
    Hex,
    /// Well-formed BER in a `#` value.
    #[error("expected exactly one BER-encoded string after `#`")]
    Ber,
    /// The end of a quoted value.
    #[error("expected a closing quotation mark")]
    ClosingQuote,
    /// The end of a value.
    #[error("expected `,`, `;`, `+` or the end (other special characters need a backslash)")]
    EndOfValue,
    /// A name with fewer RDNs.
    #[error("expected at most 16384 relative distinguished names")]
    Depth,
    /// The end of the RDN.
    #[error("expected the end of the relative distinguished name")]
    End,
}

/// A distinguished name.
///
/// Names are compared and ordered by their [`key`](Self::key), regardless of their spelling.
#[derive(Clone)]
pub struct Dn {
    spelling: Arc<[u8]>,
    key: DnKey,
    /// Parsed on demand: most names are only compared and written.
    rdn: OnceLock<Option<Box<Rdn>>>,
}

impl Dn {
    /// Parses a DN and keeps its bytes as the spelling.
    pub fn parse(bytes: &[u8]) -> Result<Self, DnError> {
        Ok(Self { spelling: bytes.into(), key: DnKey::parse(bytes)?, rdn: OnceLock::new() })
    }

    /// The DN exactly as it was written: the bytes that were parsed.
    pub fn raw_bytes(&self) -> &[u8] {
        &self.spelling
    }

    /// The leaf RDN; `None` for the root.
    pub fn rdn(&self) -> Option<&Rdn> {
        let leaf = || Some(Box::new(Rdn::from(self.parsed().into_iter().next()?)));
        self.rdn.get_or_init(leaf).as_deref()
    }

    /// The RDNs, leaf first; empty for the root. They are parsed on each call: stored RDNs would need memory that grows with
    /// the square of the depth.
    pub fn rdns(&self) -> Vec<Rdn> {
        self.parsed().into_iter().map(Rdn::from).collect()
    }

    /// This name after `old`, which is this name or an ancestor, is renamed to `new`. `None` if this name is not at or below
    /// `old`, or if the result would have too many RDNs.
    ///
    /// The RDNs below `old` keep their spelling, except blanks around them.
    pub fn renamed(&self, old: &DnKey, new: &Self) -> Option<Self> {
        if !self.key.is_at_or_under(old) {
            return None;
        }
        let below = self.key.depth() - old.depth();
        let parsed = self.parsed();
        let parts = parsed.iter().take(below).map(|rdn| rdn.spelling).chain([new.raw_bytes()]);
        // The root has no text after the last comma.
        let parts: Vec<&[u8]> = parts.filter(|part| !part.is_empty()).collect();
        Self::parse(&parts.join(&b',')).ok()
    }

    /// The normal form by which names are compared.
    pub fn key(&self) -> &DnKey {
        &self.key
    }

    /// Whether this is the empty name.
    pub fn is_root(&self) -> bool {
        self.key.is_root()
    }

    /// The parent, as spelled in this name: empty for a name of one RDN, `None` for the root.
    pub fn parent_spelling(&self) -> Option<&[u8]> {
        let parsed = self.parsed();
        parsed.first()?;
        Some(parsed.get(1).map_or(&[], |parent| dn_syntax::trim_blanks(parent.tail)))
    }

    /// The leaf RDN, as spelled in this name, without blanks around it; empty for the root.
    pub fn rdn_spelling(&self) -> &[u8] {
        self.parsed().first().map_or(&[], |leaf| leaf.spelling)
    }

    /// A normal form for display: an RFC 4514 string in UTF-8 with canonical attribute types in lower case, values normalised
    /// by their matching rules, and the AVAs of each RDN sorted. It has the same key as this name.
    pub fn normalized(&self) -> String {
        normalized_name(&self.parsed(), 0)
    }

    /// Parses the spelling again, which cannot fail.
    fn parsed(&self) -> Vec<ParsedRdn<'_>> {
        dn_syntax::parse_dn(&self.spelling).unwrap_or_default()
    }
}

impl PartialEq for Dn {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Dn {}

impl PartialOrd for Dn {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Dn {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key.cmp(&other.key)
    }
}

impl Hash for Dn {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}

impl fmt::Debug for Dn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.spelling.escape_ascii())
    }
}

/// A relative distinguished name: the name of an entry below its parent.
///
/// RDNs are compared like names: by attribute types and matching rules, with the AVAs in any order.
#[derive(Clone)]
pub struct Rdn {
    spelling: Box<[u8]>,
    avas: Box<[Ava]>,
}

/// An attribute type and value of an RDN.
#[derive(Clone)]
pub struct Ava {
    /// The type, as written.
    pub attribute_type: String,
    /// The value, with escapes and BER strings decoded.
    pub value: Vec<u8>,
    /// The value was written as `#` and BER that is not one of the decoded strings. `value` is the BER itself, and equals only
    /// the same BER.
    pub is_opaque: bool,
}

impl Rdn {
    /// Parses a single RDN.
    pub fn parse(bytes: &[u8]) -> Result<Self, DnError> {
        dn_syntax::parse_rdn(bytes).map(Self::from)
    }

    /// The RDN exactly as it was written, without blanks around it.
    pub fn raw_bytes(&self) -> &[u8] {
        &self.spelling
    }

    /// The types and values in the order in which they are written, at least one.
    pub fn avas(&self) -> &[Ava] {
        &self.avas
    }

    fn key(&self) -> Vec<u8> {
        rdn_key(self.avas.iter().map(|ava| AvaParts {
            attribute_type: &ava.attribute_type,
            value: &ava.value,
            is_opaque: ava.is_opaque,
        }))
    }
}

impl PartialEq for Rdn {
    fn eq(&self, other: &Self) -> bool {
        self.spelling == other.spelling || self.key() == other.key()
    }
}

impl Eq for Rdn {}

impl fmt::Debug for Rdn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.spelling.escape_ascii())
    }
}

impl fmt::Debug for Ava {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.attribute_type, self.value.escape_ascii())
    }
}

impl From<ParsedRdn<'_>> for Rdn {
    fn from(parsed: ParsedRdn<'_>) -> Self {
        let avas = parsed.avas.into_iter().map(|ava| Ava {
            attribute_type: ava.attribute_type.to_owned(),
            value: ava.value.into_owned(),
            is_opaque: ava.is_opaque,
        });
        Self { spelling: parsed.spelling.into(), avas: avas.collect() }
    }
}

/// Escapes a value for an RDN (RFC 4514, 2.4). Control characters and bytes that are not UTF-8 are escaped as hexadecimal
/// digits, so the result is always UTF-8.
pub fn escape_rdn_value(value: &[u8]) -> Cow<'_, [u8]> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.@/:()'*$!?&%=".contains(&byte);
    if value.iter().all(|&byte| is_plain(byte)) {
        return Cow::Borrowed(value);
    }
    let mut escaped = Vec::with_capacity(value.len() + 8);
    let last = value.len() - 1;
    let mut at = 0;
    for chunk in value.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                ' ' if at == 0 || at == last => escaped.extend(b"\\ "),
                '#' if at == 0 => escaped.extend(b"\\#"),
                '"' | '+' | ',' | ';' | '<' | '>' | '\\' => escaped.extend([b'\\', c as u8]),
                c if c.is_control() => c.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| push_hex(&mut escaped, byte)),
                c => escaped.extend(c.encode_utf8(&mut [0; 4]).bytes()),
            }
            at += c.len_utf8();
        }
        chunk.invalid().iter().for_each(|&byte| push_hex(&mut escaped, byte));
        at += chunk.invalid().len();
    }
    Cow::Owned(escaped)
}

fn push_hex(out: &mut Vec<u8>, byte: u8) {
    out.push(b'\\');
    out.extend(data_encoding::HEXLOWER.encode(&[byte]).into_bytes());
}

fn normalized_name(rdns: &[ParsedRdn<'_>], depth: usize) -> String {
    let rdns: Vec<_> = rdns.iter().map(|rdn| normalized_rdn(rdn, depth)).collect();
    rdns.join(",")
}

fn normalized_rdn(rdn: &ParsedRdn<'_>, depth: usize) -> String {
    let mut avas: Vec<_> = rdn.avas.iter().map(|ava| normalized_ava(ava, depth)).collect();
    avas.sort_unstable();
    avas.join("+")
}

fn normalized_ava(ava: &ParsedAva<'_>, depth: usize) -> String {
    let name = attribute_types::canonical_name(ava.attribute_type).to_ascii_lowercase();
    if ava.is_opaque {
        return format!("{name}=#{}", data_encoding::HEXLOWER.encode(&ava.value));
    }
    let value = match attribute_types::equality_rule(ava.attribute_type) {
        MatchingRule::DistinguishedName => normalized_nested(&ava.value, depth + 1),
        MatchingRule::NameAndOptionalUid => match split_name_and_uid(&ava.value) {
            (dn, Some(bits)) => [normalized_nested(dn, depth + 1).as_ref(), b"#", bits].concat().into(),
            (dn, None) => normalized_nested(dn, depth + 1),
        },
        rule => normalize(rule, &ava.value),
    };
    format!("{name}={}", String::from_utf8_lossy(&escape_rdn_value(&value)))
}

/// The normal form of a DN that is a value in a DN. The value is returned unchanged if it is not a DN, or is nested too deeply
/// for keys.
fn normalized_nested(value: &[u8], depth: usize) -> Cow<'_, [u8]> {
    match dn_syntax::parse_dn(value) {
        Ok(rdns) if depth < MAX_NESTING => Cow::Owned(normalized_name(&rdns, depth).into_bytes()),
        _ => Cow::Borrowed(value),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn dn(spelling: &[u8]) -> Dn {
        Dn::parse(spelling).unwrap()
    }

    #[test]
    fn keeps_the_spelling() {
        type SpellingCase = (&'static [u8], &'static [u8], Option<&'static [u8]>);
        let table: &[SpellingCase] = &[
            (b"", b"", None),
            (b"  ", b"", None),
            (b"dc=com", b"dc=com", Some(b"")),
            (b" dc = com ", b"dc = com", Some(b"")),
            (b"UID=a , OU=People,dc=x ", b"UID=a", Some(b"OU=People,dc=x")),
            (b"cn=a\\, b+sn=c;o=x", b"cn=a\\, b+sn=c", Some(b"o=x")),
            (b"cn=a\\ ,o=x\\ ", b"cn=a\\ ", Some(b"o=x\\ ")),
            (b"cn=a\\\\ ,o=x\\\\ ", b"cn=a\\\\", Some(b"o=x\\\\")),
            (b"cn=\"a,b\" ,o=x", b"cn=\"a,b\"", Some(b"o=x")),
        ];
        for &(spelling, rdn, parent) in table {
            let dn = dn(spelling);
            assert_eq!(dn.raw_bytes(), spelling);
            assert_eq!(dn.rdn_spelling(), rdn, "{dn:?}");
            assert_eq!(dn.parent_spelling(), parent, "{dn:?}");
            assert_eq!(dn.rdn().map_or(&b""[..], Rdn::raw_bytes), rdn, "{dn:?}");
            if let Some(parent) = parent {
                assert_eq!(DnKey::parse(parent).ok(), dn.key().parent(), "{dn:?}");
            }
        }
    }

    #[test]
    fn follows_renames() {
        type RenameCase = (&'static [u8], &'static [u8], &'static [u8], Option<&'static [u8]>);
        let table: &[RenameCase] = &[
            (b"cn=a,o=x", b"cn=a,o=x", b"CN=b, o=y", Some(b"CN=b, o=y")),
            (b"cn=a,OU=b , o=x", b"o=x", b"o=y", Some(b"cn=a,OU=b,o=y")),
            (b"cn=a\\, b;o=x", b"O=X", b"cn=c,o=x", Some(b"cn=a\\, b,cn=c,o=x")),
            (b"cn=a,o=x", b"o=x", b"", Some(b"cn=a")),
            (b"cn=a", b"", b"o=x", Some(b"cn=a,o=x")),
            (b"cn=a,o=x", b"o=y", b"o=z", None),
            (b"o=x", b"cn=a,o=x", b"o=z", None),
            (b"cn=ba,o=x", b"cn=a,o=x", b"o=z", None),
        ];
        for &(name, old, new, expected) in table {
            let renamed = dn(name).renamed(dn(old).key(), &dn(new));
            assert_eq!(renamed.as_ref().map(Dn::raw_bytes), expected, "{}", name.escape_ascii());
        }
    }

    #[test]
    fn errors_name_what_was_expected_and_where() {
        for (spelling, message) in [
            ("manager", "expected `=` after the attribute type at byte 7"),
            ("cn=a,", "expected an attribute type (a name or a dotted-decimal OID) at byte 5"),
            ("cn=a, 1.=b", "expected an attribute type (a name or a dotted-decimal OID) at byte 6"),
            ("cn=a\\zz", "expected a special character or two hexadecimal digits after a backslash at byte 4"),
            ("cn=#123", "expected pairs of hexadecimal digits after `#` at byte 7"),
            ("cn=#", "expected pairs of hexadecimal digits after `#` at byte 4"),
            ("cn=#0405", "expected exactly one BER-encoded string after `#` at byte 3"),
            ("cn=\"a", "expected a closing quotation mark at byte 5"),
            ("cn=\"a\" b", "expected `,`, `;`, `+` or the end (other special characters need a backslash) at byte 7"),
        ] {
            assert_eq!(Dn::parse(spelling.as_bytes()).unwrap_err().to_string(), message, "{spelling}");
        }
        assert_eq!(
            Rdn::parse(b"cn=a,cn=b").unwrap_err().to_string(),
            "expected the end of the relative distinguished name at byte 4"
        );
    }

    #[test]
    fn normalizes_for_display() {
        for (spelling, normal) in [
            ("", ""),
            ("UserID=J  Smith , DC=X", "uid=j smith,dc=x"),
            ("SN=b+CN=a,C=X", "cn=a+sn=b,c=x"),
            ("CN=\\23John Smith\\20", "cn=\\#john smith"),
            ("2.5.4.3=#04024869", "cn=hi"),
            ("cn=#0010A0AAFF", "cn=#0010a0aaff"),
            ("O=\"Sue, Grabbit\"", "o=sue\\, grabbit"),
            ("cn=\\99", "cn=\\99"),
            ("owner=CN\\=A\\, C\\=X", "owner=cn=a\\,c=x"),
        ] {
            assert_eq!(dn(spelling.as_bytes()).normalized(), normal);
        }
    }

    #[test]
    fn rdns_are_compared_like_names() {
        let rdn = |spelling: &[u8]| Rdn::parse(spelling).unwrap();
        assert_eq!(rdn(b"CN=A+uid=b"), rdn(b"userid = B + cn=a"));
        assert_ne!(rdn(b"cn=a"), rdn(b"cn=b"));
    }

    #[test]
    fn escapes() {
        for (value, escaped) in [
            (&b"jsmith"[..], &b"jsmith"[..]),
            (b"", b""),
            (b" a b ", b"\\ a b\\ "),
            (b" ", b"\\ "),
            (b"#a#", b"\\#a#"),
            (b"a,b+c\"d\\e<f>g;h=i", b"a\\,b\\+c\\\"d\\\\e\\<f\\>g\\;h=i"),
            (b"\0\r", b"\\00\\0d"),
            (b"M\xfcller", b"M\\fcller"),
            ("Müller".as_bytes(), "Müller".as_bytes()),
        ] {
            assert_eq!(escape_rdn_value(value), escaped);
        }
    }

    proptest! {
        #[test]
        fn escaping_is_undone_by_parsing(value in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..20),
            "[ #,+\"\\\\<>;=a\\x00é]{0,12}".prop_map(String::into_bytes),
        ]) {
            let spelling = [b"cn=", escape_rdn_value(&value).as_ref()].concat();
            prop_assert!(str::from_utf8(&spelling).is_ok());
            let rdn = Rdn::parse(&spelling).unwrap();
            prop_assert_eq!(&rdn.avas()[0].value, &value);
        }

        #[test]
        fn the_normalized_name_is_the_same_name(
            spelling in "((cn|OU|member|uniqueMember|x|2\\.5\\.4\\.20)=([ a-cA-C=-]|\\\\[,+=#01]1|\\\\[,+#]|é|#0401[46]1){0,6}[,+]?){0,4}"
        ) {
            if let Ok(dn) = Dn::parse(spelling.as_bytes()) {
                let normal = Dn::parse(dn.normalized().as_bytes()).unwrap();
                prop_assert_eq!(&normal, &dn);
                prop_assert_eq!(normal.normalized(), dn.normalized());
            }
        }

        #[test]
        fn the_spelling_holds_the_parent(spelling in "((cn|ou)=([ a]|\\\\[, ]){0,3}[,;+]?){0,4}") {
            if let Ok(dn) = Dn::parse(spelling.as_bytes()) {
                let parent = dn.parent_spelling().map(|parent| DnKey::parse(parent).unwrap());
                prop_assert_eq!(parent, dn.key().parent());
                prop_assert_eq!(dn.rdns().len(), dn.key().depth());
            }
        }
    }
}
