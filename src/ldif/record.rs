//! Records: what the lines between two blank lines say.

use std::borrow::Cow;

use super::written::Written;
use crate::ldap::ModOp;

/// A value as LDIF gives it: the bytes themselves, or the URL of a file that holds them.
#[derive(Clone, Debug)]
pub enum Text<'b> {
    /// The value; base64 and folds are undone.
    Bytes(Cow<'b, [u8]>),
    /// The value, whose base64 and folds are undone when it is asked for.
    Written(Written<'b>),
    /// The URL behind `:<`, not followed. Only where [`UrlPolicy::Keep`](super::UrlPolicy::Keep) is asked for.
    Url(Cow<'b, [u8]>),
}

impl<'b> Text<'b> {
    /// The bytes of the value, or of its URL.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Bytes(bytes) | Self::Url(bytes) => bytes,
            Self::Written(written) => written.bytes(),
        }
    }

    /// [`bytes`](Self::bytes), borrowed from the block where they can be.
    pub(super) fn into_bytes(self) -> Cow<'b, [u8]> {
        match self {
            Self::Bytes(bytes) | Self::Url(bytes) => bytes,
            Self::Written(written) => Cow::Owned(written.bytes().to_vec()),
        }
    }

    fn is_url(&self) -> bool {
        matches!(self, Self::Url(_))
    }
}

/// By the value, whichever way it is written.
impl PartialEq for Text<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.is_url() == other.is_url() && self.bytes() == other.bytes()
    }
}

impl Eq for Text<'_> {}

/// One `description: value` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttributeLine<'b> {
    /// First physical line, from 1.
    pub line: u64,
    /// The attribute description as written.
    pub description: Cow<'b, str>,
    /// The value.
    pub value: Text<'b>,
}

/// A content record (RFC 2849, ldif-attrval-record): an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentRecord<'b> {
    /// The line of its `dn:`, from 1.
    pub line: u64,
    /// The distinguished name as written; not yet checked.
    pub dn: Cow<'b, [u8]>,
    /// Its lines in order; none if the export holds names only.
    pub attributes: Vec<AttributeLine<'b>>,
}

/// A change record (RFC 2849, ldif-change-record).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeRecord<'b> {
    /// The line of its `dn:`, from 1.
    pub line: u64,
    /// The distinguished name as written; not yet checked.
    pub dn: Cow<'b, [u8]>,
    /// Its `control:` lines.
    pub controls: Vec<ControlLine<'b>>,
    /// What it changes.
    pub change: ChangeKind<'b>,
}

/// A `control:` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlLine<'b> {
    /// First physical line, from 1.
    pub line: u64,
    /// Dotted-decimal OID.
    pub oid: String,
    /// Criticality; false where none is written.
    pub critical: bool,
    /// The controlValue octets.
    pub value: Option<Text<'b>>,
}

/// What a change record does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeKind<'b> {
    /// `changetype: add`
    Add(Vec<AttributeLine<'b>>),
    /// `changetype: delete`
    Delete,
    /// `changetype: modify`
    Modify(Vec<ModSpec<'b>>),
    /// `changetype: modrdn`, `moddn`
    ModifyDn {
        /// The keyword as written, in lower case.
        keyword: &'static str,
        /// `newrdn:` as written; not yet checked.
        new_rdn: Cow<'b, [u8]>,
        /// `deleteoldrdn:`
        delete_old_rdn: bool,
        /// `newsuperior:` as written; not yet checked.
        new_superior: Option<Cow<'b, [u8]>>,
    },
}

impl ChangeKind<'_> {
    /// The changetype keyword.
    pub fn keyword(&self) -> &'static str {
        match self {
            Self::Add(_) => "add",
            Self::Delete => "delete",
            Self::Modify(_) => "modify",
            Self::ModifyDn { keyword, .. } => keyword,
        }
    }
}

/// One modification of a modify record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModSpec<'b> {
    /// The line of its operation, from 1.
    pub line: u64,
    /// What is done.
    pub op: ModOp,
    /// The attribute description as written behind the operation.
    pub description: Cow<'b, str>,
    /// The values, each with the description of its own line.
    pub values: Vec<AttributeLine<'b>>,
}

/// A block of lines that is not a record but is known: what `ldapsearch` and its kin write around entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NonEntry<'b> {
    /// A `version: 1` that stands alone.
    Version,
    /// `search:`, `result:` ... at the end of `ldapsearch` output, with the result code.
    SearchResult {
        /// LDAP result code; 4 (sizeLimitExceeded) and others mean that the export is not whole.
        code: Option<u16>,
        /// The `result:` value as written.
        text: Cow<'b, [u8]>,
    },
    /// `ref:` lines: a search result reference, so a part of the tree that stands elsewhere.
    Reference(Vec<Cow<'b, [u8]>>),
    /// `control:`, `pagedresults:` between the pages of a paged search.
    Paging,
}

/// One record of an LDIF file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record<'b> {
    /// An entry.
    Content(ContentRecord<'b>),
    /// A change.
    Change(ChangeRecord<'b>),
    /// Neither, and known to be harmless or telling.
    NonEntry {
        /// First line, from 1.
        line: u64,
        /// What it is.
        block: NonEntry<'b>,
    },
}
