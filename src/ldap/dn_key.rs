//! Keys of distinguished names: the normal form that is hashed, ordered and compared.

use std::{borrow::Borrow, fmt, sync::Arc};

use memchr::{memchr, memchr_iter, memrchr};

use super::{
    attribute_types,
    dn::DnError,
    dn_syntax::{self, MAX_RDNS, ParsedAva},
    matching::{MatchingRule, normalize_nested},
    string_prep::push_printable_ascii,
};

/// Ends an RDN.
const END: u8 = 0x00;
/// Separates the AVAs of one RDN.
const AND: u8 = 0x01;
/// Escapes [`END`], [`AND`] and itself in a value, as this byte followed by `0`, `1` or `2`.
const ESCAPE: u8 = 0x02;
/// Follows [`ESCAPE`] at the start of an opaque BER value, so that the value equals no string.
const OPAQUE: u8 = b'#';

/// The maximum depth at which a DN inside the value of another DN is parsed. Deeper values are compared byte by byte.
pub(super) const MAX_NESTING: usize = 4;

/// The normal form of a distinguished name.
///
/// The RDNs are in the order from the root to the leaf, each ended by 0x00. The AVAs of an RDN are sorted and separated by
/// 0x01. An AVA is `type=value`: the canonical name of the type in lower case, and the value in the normal form of the
/// type's matching rule, in which the bytes 0x00 to 0x02 are escaped.
///
/// Maps, sorted files and subtree scans rely on these guarantees:
///
/// * two keys are equal if and only if the names are equal by `distinguishedNameMatch` (RFC 4517, 4.2.15);
/// * a key is a proper prefix of another if and only if it is the key of an ancestor. So parents sort before their children,
///   a subtree is contiguous, and descending order has leaves first;
/// * `Eq`, `Ord`, `Hash` and `Borrow<[u8]>` use the same bytes.
///
/// The default is the root, the empty name.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DnKey(Arc<[u8]>);

impl DnKey {
    /// The key of a DN in any accepted spelling.
    pub fn parse(dn: &[u8]) -> Result<Self, DnError> {
        let mut buffer = KeyBuffer::new();
        buffer.key_of(dn).map(|key| Self(key.into()))
    }

    /// The key with these bytes, which come from [`KeyBuffer::key_of`] or [`prefixes`].
    pub(crate) fn from_key_bytes(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }

    /// The bytes of the key, as returned by [`KeyBuffer::key_of`].
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether this is the empty name.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The key of the parent: the root for a name of one RDN, `None` for the root.
    pub fn parent(&self) -> Option<Self> {
        self.split_leaf().map(|(parent, _)| Self(parent.into()))
    }

    /// The key bytes of the leaf RDN, without [`END`]; empty for the root.
    pub fn rdn_bytes(&self) -> &[u8] {
        self.split_leaf().map_or(&[], |(_, rdn)| rdn)
    }

    /// Whether this is `base` or a name below it.
    pub fn is_at_or_under(&self, base: &Self) -> bool {
        self.0.starts_with(&base.0)
    }

    /// Whether this is a name below `base`.
    pub fn is_under(&self, base: &Self) -> bool {
        self.0.len() > base.0.len() && self.is_at_or_under(base)
    }

    /// The number of RDNs.
    pub fn depth(&self) -> usize {
        memchr_iter(END, &self.0).count()
    }

    fn split_leaf(&self) -> Option<(&[u8], &[u8])> {
        let (&END, without_end) = self.0.split_last()? else {
            return None;
        };
        let leaf = memrchr(END, without_end).map_or(0, |end| end + 1);
        without_end.split_at_checked(leaf)
    }
}

impl Borrow<[u8]> for DnKey {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for DnKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DnKey({})", self.0.escape_ascii())
    }
}

/// The keys of a name and its ancestors, from the top down, each with the key bytes of its leaf RDN.
pub fn prefixes(key: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut start = 0;
    memchr_iter(END, key).map(move |end| {
        let rdn = &key[start..end];
        start = end + 1;
        (&key[..start], rdn)
    })
}

/// The AVAs of the key bytes of an RDN, each as `type=value` in normal form.
pub fn avas(rdn: &[u8]) -> impl Iterator<Item = &[u8]> {
    rdn.split(|byte| *byte == AND)
}

/// The key of the parent; the root for a name of one RDN and for the root.
pub fn parent_of(key: &[u8]) -> &[u8] {
    let leaf = key.split_last().and_then(|(_, without_end)| memrchr(END, without_end)).map_or(0, |end| end + 1);
    key.get(..leaf).unwrap_or_default()
}

/// A buffer for computing the keys of many names, one after the other.
///
/// Consecutive names are mostly below the same few parents, so the keys of recent parents are cached.
#[derive(Debug, Default)]
pub struct KeyBuffer {
    key: Vec<u8>,
    parents: Vec<ParentKey>,
    /// The index of the cached parent that is replaced next.
    oldest: usize,
}

/// A cached parent of plain names.
#[derive(Debug, Default)]
struct ParentKey {
    /// The text after the leaf RDN, from the comma on.
    spelling: Vec<u8>,
    key: Vec<u8>,
}

/// The number of parents that are cached.
const CACHED_PARENTS: usize = 8;

impl KeyBuffer {
    /// An empty buffer.
    pub fn new() -> Self {
        Self::default()
    }

    /// The key that was computed last.
    pub fn last(&self) -> &[u8] {
        &self.key
    }

    /// Computes the key of a DN: the bytes of [`DnKey::as_bytes`], with which a map of `DnKey` can be searched.
    pub fn key_of(&mut self, dn: &[u8]) -> Result<&[u8], DnError> {
        self.key.clear();
        if self.push_below_cached_parent(dn).is_some() {
            return Ok(&self.key);
        }
        self.key.clear();
        self.key.reserve(dn.len() + 8);
        if let Some(leaf) = push_plain(&mut self.key, dn) {
            self.cache_parent(dn, leaf);
        } else {
            self.key.clear();
            push_any(&mut self.key, dn, 0)?;
        }
        Ok(&self.key)
    }

    /// Computes the key of a name with a plain leaf RDN below a cached parent; `None` if it is not such a name.
    ///
    /// A leaf RDN without escapes and quotes ends at the first comma.
    fn push_below_cached_parent(&mut self, dn: &[u8]) -> Option<()> {
        let (leaf, spelling) = dn.split_at_checked(memchr(b',', dn)?)?;
        let parent = self.parents.iter().find(|parent| parent.spelling == spelling)?;
        self.key.extend_from_slice(&parent.key);
        are_plain(leaf).then(|| push_plain_rdn(&mut self.key, leaf))?
    }

    /// Caches the parent of a plain name. `leaf` is the offset of the leaf RDN in the key.
    fn cache_parent(&mut self, dn: &[u8], leaf: usize) {
        let (Some(comma), Some(key)) = (memchr(b',', dn), self.key.get(..leaf)) else { return };
        if self.parents.len() < CACHED_PARENTS {
            self.parents.push(ParentKey::default());
        }
        let at = self.oldest % CACHED_PARENTS.min(self.parents.len());
        self.oldest = (at + 1) % CACHED_PARENTS;
        if let Some(parent) = self.parents.get_mut(at) {
            parent.spelling.clear();
            parent.spelling.extend_from_slice(dn.get(comma..).unwrap_or_default());
            parent.key.clear();
            parent.key.extend_from_slice(key);
        }
    }
}

/// The key of a DN that is nested in the values of `depth` other DNs; `None` if that is too deep.
pub(super) fn key_at_depth(dn: &[u8], depth: usize) -> Option<Result<Vec<u8>, DnError>> {
    let mut key = Vec::with_capacity(dn.len() + 8);
    if depth == 0 && push_plain(&mut key, dn).is_some() {
        return Some(Ok(key));
    }
    key.clear();
    (depth < MAX_NESTING).then(|| push_any(&mut key, dn, depth).map(|()| key))
}

/// The key bytes of one RDN, without [`END`].
pub(super) fn rdn_key<'a>(avas: impl ExactSizeIterator<Item = AvaParts<'a>>) -> Vec<u8> {
    let mut key = Vec::new();
    push_rdn(&mut key, avas, 0);
    key
}

/// The parts of an AVA from which its key is made.
#[derive(Clone, Copy)]
pub(super) struct AvaParts<'a> {
    pub attribute_type: &'a str,
    pub value: &'a [u8],
    pub is_opaque: bool,
}

impl<'a> From<&'a ParsedAva<'_>> for AvaParts<'a> {
    fn from(ava: &'a ParsedAva<'_>) -> Self {
        Self { attribute_type: ava.attribute_type, value: &ava.value, is_opaque: ava.is_opaque }
    }
}

/// Appends the key of any DN, by the full grammar.
fn push_any(key: &mut Vec<u8>, dn: &[u8], depth: usize) -> Result<(), DnError> {
    for rdn in dn_syntax::parse_dn(dn)?.iter().rev() {
        push_rdn(key, rdn.avas.iter().map(AvaParts::from), depth);
        key.push(END);
    }
    Ok(())
}

fn push_rdn<'a>(key: &mut Vec<u8>, mut avas: impl ExactSizeIterator<Item = AvaParts<'a>>, depth: usize) {
    if avas.len() == 1 {
        avas.by_ref().for_each(|ava| push_ava(key, ava, depth));
        return;
    }
    let mut keys: Vec<Vec<u8>> = avas
        .map(|ava| {
            let mut key = Vec::new();
            push_ava(&mut key, ava, depth);
            key
        })
        .collect();
    keys.sort_unstable();
    key.extend_from_slice(&keys.join(&AND));
}

fn push_ava(key: &mut Vec<u8>, ava: AvaParts<'_>, depth: usize) {
    let rule = push_type(key, ava.attribute_type.as_bytes());
    if ava.is_opaque {
        key.extend([ESCAPE, OPAQUE]);
        push_escaped(key, ava.value);
    } else {
        push_escaped(key, &normalize_nested(rule, ava.value, depth + 1));
    }
}

/// Appends `type=` and returns the matching rule of the type.
fn push_type(key: &mut Vec<u8>, name: &[u8]) -> MatchingRule {
    let (canonical, rule) = match attribute_types::find_bytes(name) {
        Some(known) => (known.canonical_name().as_bytes(), known.equality),
        None => (attribute_types::bytes_without_oid_prefix(name), MatchingRule::Unknown),
    };
    let start = key.len();
    key.extend_from_slice(canonical);
    if let Some(name) = key.get_mut(start..) {
        name.make_ascii_lowercase();
    }
    key.push(b'=');
    rule
}

fn push_escaped(key: &mut Vec<u8>, value: &[u8]) {
    for &byte in value {
        if byte <= ESCAPE {
            key.extend([ESCAPE, b'0' + byte]);
        } else {
            key.push(byte);
        }
    }
}

/// Appends the key of a plain DN, without the full grammar: printable ASCII without escapes, quotes, `#`, `;` and
/// multi-valued RDNs. Returns the offset of the leaf RDN in the key, or `None` for all other names and for malformed ones,
/// for which [`push_any`] has the error.
fn push_plain(key: &mut Vec<u8>, dn: &[u8]) -> Option<usize> {
    if !are_plain(dn) || is_too_deep(dn) {
        return None;
    }
    let mut rest = dn;
    let mut is_last = rest.is_empty();
    let mut leaf = key.len();
    while !is_last {
        let comma = memrchr(b',', rest);
        let rdn = rest.get(comma.map_or(0, |at| at + 1)..)?;
        (rest, is_last) = comma.map_or((&[][..], true), |at| (rest.get(..at).unwrap_or_default(), false));
        leaf = key.len();
        push_plain_rdn(key, rdn)?;
    }
    Some(leaf)
}

/// Whether a plain name has too many RDNs.
fn is_too_deep(dn: &[u8]) -> bool {
    // The shortest RDN with its comma is `a=,`.
    dn.len() / 3 >= MAX_RDNS && memchr_iter(b',', dn).count() >= MAX_RDNS
}

/// Appends the key of a plain RDN, with [`END`]; `None` if the RDN is malformed.
fn push_plain_rdn(key: &mut Vec<u8>, rdn: &[u8]) -> Option<()> {
    let (name, value) = rdn.split_at_checked(memchr(b'=', rdn)?)?;
    let name = dn_syntax::trim_blanks(name);
    if !dn_syntax::is_attribute_type(name) {
        return None;
    }
    let value = value.get(1..)?;
    match push_type(key, name) {
        MatchingRule::CaseIgnore | MatchingRule::CaseIgnoreIa5 | MatchingRule::Unknown => {
            push_printable_ascii(key, value, true);
        }
        MatchingRule::CaseExact | MatchingRule::CaseExactIa5 => {
            push_printable_ascii(key, value, false);
        }
        rule => push_escaped(key, &normalize_nested(rule, dn_syntax::trim_blanks(value), 1)),
    }
    key.push(END);
    Some(())
}

/// Whether all bytes are plain. The loop does not end early, so that the compiler can vectorise it.
fn are_plain(bytes: &[u8]) -> bool {
    bytes.iter().fold(true, |all, &byte| all & is_plain(byte))
}

/// Whether a byte has no special meaning in a DN, except `,` and `=`.
fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && !matches!(byte, b'\\' | b'"' | b'#' | b'+' | b';' | b'<' | b'>')
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    fn key(dn: &str) -> DnKey {
        DnKey::parse(dn.as_bytes()).unwrap()
    }

    /// The key by the full grammar alone.
    fn general(dn: &[u8]) -> Result<Vec<u8>, DnError> {
        let mut key = Vec::new();
        push_any(&mut key, dn, 0).map(|()| key)
    }

    #[test]
    fn the_representation() {
        for (dn, bytes) in [
            ("", &b""[..]),
            ("   ", b""),
            ("dc=Example", b"dc=example\0"),
            ("UserID=J  Smith ,DC=Example", b"dc=example\0uid=j smith\0"),
            ("sn=b+cn=a,c=x", b"c=x\0cn=a\x01sn=b\0"),
            ("cn=b+cn=a", b"cn=a\x01cn=b\0"),
            ("OID.2.5.4.3=x", b"cn=x\0"),
            ("OID.1.2.3=x", b"1.2.3=x\0"),
            ("x-id=\\00\\01\\02", b"x-id=\x020\x021\x022\0"),
            ("cn=#04024869", b"cn=hi\0"),
            ("cn=#0010A0AAFF", b"cn=\x02#\x020\x10\xA0\xAA\xFF\0"),
            ("x-id=", b"x-id=\0"),
            ("memberUid=A", b"memberuid=A\0"),
            ("member=CN\\=A\\,C\\=X", b"member=c=x\x020cn=a\x020\0"),
            ("member=noname", b"member=\x020noname\0"),
        ] {
            assert_eq!(key(dn).as_bytes(), bytes, "{dn}");
        }
    }

    #[test]
    fn parents_and_ancestors() {
        let leaf = key("uid=a,ou=people,dc=x");
        assert_eq!(leaf.depth(), 3);
        assert_eq!(leaf.rdn_bytes(), b"uid=a");
        assert_eq!(leaf.parent(), Some(key("ou=people,dc=x")));
        assert_eq!(key("dc=x").parent(), Some(DnKey::default()));
        assert_eq!(DnKey::default().parent(), None);
        assert!(leaf.is_under(&key("dc=x")) && leaf.is_under(&DnKey::default()));
        assert!(leaf.is_at_or_under(&leaf) && !leaf.is_under(&leaf));
        assert!(!key("ou=peoples,dc=x").is_at_or_under(&key("ou=people,dc=x")));
        assert!(!key("dc=xy").is_at_or_under(&key("dc=x")));
    }

    #[test]
    fn a_map_of_keys_is_searched_with_a_buffer() {
        let map = HashMap::from([(key("uid=a,dc=x"), 1)]);
        let mut buffer = KeyBuffer::new();
        assert_eq!(map.get(buffer.key_of(b"UID=A, DC=X").unwrap()), Some(&1));
        assert_eq!(map.get(buffer.key_of(b"uid=b,dc=x").unwrap()), None);
        assert!(buffer.key_of(b"uid").is_err());
    }

    #[test]
    fn nesting_is_limited() {
        let deep = "member=".repeat(5_000) + "x";
        assert!(key(&deep).as_bytes().len() < 2 * deep.len());
        let mut escaped = "cn=a".to_owned();
        for _ in 0..10 {
            escaped = format!("member={}", escaped.replace('\\', "\\\\").replace('=', "\\="));
        }
        assert_eq!(key(&escaped), key(&escaped.to_lowercase()));
    }

    /// Names of a few letters in several spellings, so that equal names and ancestors are frequent.
    fn small_dn(least: usize) -> impl Strategy<Value = String> {
        let ava = ("cn|CN|2\\.5\\.4\\.3|ou|x", "[aA]?[ b]{0,2}|\\\\00|\\\\02|#0401[46]1|\"a,b\"")
            .prop_map(|(name, value)| format!("{name}={value}"));
        let rdn = prop::collection::vec(ava, 1..3).prop_map(|avas| avas.join("+"));
        prop::collection::vec(rdn, least..4).prop_map(|rdns| rdns.join(","))
    }

    proptest! {
        #[test]
        fn plain_keys_agree_with_the_full_grammar(
            dn in "((cn|OU| uid |member|2\\.5\\.4\\.20|x-y|0\\.9) ?=[ a-cA-C=.*-]{0,9},?){0,4}|[ -~]{0,12}"
        ) {
            let mut plain = Vec::new();
            if push_plain(&mut plain, dn.as_bytes()).is_some() {
                prop_assert_eq!(general(dn.as_bytes()), Ok(plain));
            }
        }

        #[test]
        fn any_bytes_are_parsed_or_refused_at_an_offset(dn in prop::collection::vec(any::<u8>(), 0..40)) {
            if let Err(error) = DnKey::parse(&dn) {
                prop_assert!(error.offset <= dn.len());
            }
        }

        #[test]
        fn a_child_is_under_its_parent_and_sorts_after_it(
            rdn in small_dn(1), parent in small_dn(1),
        ) {
            let child = key(&format!("{rdn},{parent}"));
            let parent = key(&parent);
            prop_assert!(child.is_under(&parent) && parent < child);
            prop_assert_eq!(child.depth(), parent.depth() + key(&rdn).depth());
        }

        #[test]
        fn under_is_what_walking_up_finds(a in small_dn(0), b in small_dn(0)) {
            let (a, b) = (key(&a), key(&b));
            let found = std::iter::successors(Some(a.clone()), DnKey::parent).any(|ancestor| ancestor == b);
            prop_assert_eq!(a.is_at_or_under(&b), found);
        }

        #[test]
        fn subtrees_are_contiguous(names in prop::collection::vec(small_dn(0), 3..12)) {
            let mut keys: Vec<_> = names.iter().map(|dn| key(dn)).collect();
            keys.sort();
            for base in &keys {
                let inside: Vec<_> = keys.iter().map(|key| key.is_at_or_under(base)).collect();
                let runs = inside.chunk_by(PartialEq::eq).filter(|run| run.first() == Some(&true)).count();
                prop_assert_eq!(runs, 1);
            }
        }
    }
}
