//! The records of an LDIF file: the types that the reader gives.

use std::borrow::Cow;

use super::raw_value::RawValue;
use crate::ldap::ModOp;

/// A value as LDIF gives it: its bytes, or the URL of a file that contains them.
#[derive(Clone, Debug)]
pub enum LdifValue<'b> {
    /// The decoded bytes.
    Bytes(Cow<'b, [u8]>),
    /// The bytes as written, decoded on demand.
    Raw(RawValue<'b>),
    /// The URL after `:<`, which was not followed. Only with [`UrlPolicy::Keep`](super::UrlPolicy::Keep).
    Url(Cow<'b, [u8]>),
}

impl<'b> LdifValue<'b> {
    /// The bytes of the value, or of the URL.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Bytes(bytes) | Self::Url(bytes) => bytes,
            Self::Raw(raw) => raw.bytes(),
        }
    }

    /// [`bytes`](Self::bytes), borrowed from the block where possible.
    pub(super) fn into_bytes(self) -> Cow<'b, [u8]> {
        match self {
            Self::Bytes(bytes) | Self::Url(bytes) => bytes,
            Self::Raw(raw) => Cow::Owned(raw.bytes().to_vec()),
        }
    }

    fn is_url(&self) -> bool {
        matches!(self, Self::Url(_))
    }
}

/// Compares the values, not how they are written.
impl PartialEq for LdifValue<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.is_url() == other.is_url() && self.bytes() == other.bytes()
    }
}

impl Eq for LdifValue<'_> {}

/// One `description: value` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttributeLine<'b> {
    /// First physical line, from 1.
    pub line: u64,
    /// The attribute description as written.
    pub description: Cow<'b, str>,
    /// The value.
    pub value: LdifValue<'b>,
}

/// A content record (RFC 2849, ldif-attrval-record): an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentRecord<'b> {
    /// The line of its `dn:`, from 1.
    pub line: u64,
    /// The distinguished name as written, not validated.
    pub dn: Cow<'b, [u8]>,
    /// Its lines in order; empty if the export has names only.
    pub attributes: Vec<AttributeLine<'b>>,
}

/// A change record (RFC 2849, ldif-change-record).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeRecord<'b> {
    /// The line of its `dn:`, from 1.
    pub line: u64,
    /// The distinguished name as written, not validated.
    pub dn: Cow<'b, [u8]>,
    /// Its `control:` lines.
    pub controls: Vec<ControlLine<'b>>,
    /// The change.
    pub change: ChangeKind<'b>,
}

/// A `control:` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlLine<'b> {
    /// First physical line, from 1.
    pub line: u64,
    /// Dotted-decimal OID.
    pub oid: String,
    /// Criticality; false if the line does not give it.
    pub critical: bool,
    /// The controlValue.
    pub value: Option<LdifValue<'b>>,
}

/// The change of a change record, by changetype.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeKind<'b> {
    /// `changetype: add`
    Add(Vec<AttributeLine<'b>>),
    /// `changetype: delete`
    Delete,
    /// `changetype: modify`
    Modify(Vec<ModSpec<'b>>),
    /// `changetype: modrdn` or `changetype: moddn`
    ModifyDn {
        /// The keyword as written, in lower case.
        keyword: &'static str,
        /// `newrdn:` as written, not validated.
        new_rdn: Cow<'b, [u8]>,
        /// `deleteoldrdn:`
        delete_old_rdn: bool,
        /// `newsuperior:` as written, not validated.
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
    /// The operation.
    pub op: ModOp,
    /// The attribute description as written after the operation.
    pub description: Cow<'b, str>,
    /// The value lines, each with its own attribute description.
    pub values: Vec<AttributeLine<'b>>,
}

/// A block of lines that is not a record: what `ldapsearch` and similar tools write around entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NonEntry<'b> {
    /// `version: 1` in a block of its own.
    Version,
    /// `search:`, `result:` and other lines at the end of `ldapsearch` output.
    SearchResult {
        /// LDAP result code, if it is a number. 4 (sizeLimitExceeded) and others mean that the export is incomplete.
        code: Option<u16>,
        /// The `result:` value as written.
        text: Cow<'b, [u8]>,
    },
    /// `ref:` lines: search result references to a part of the tree on another server.
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
    /// A known block that is neither.
    NonEntry {
        /// First line, from 1.
        line: u64,
        /// The block.
        block: NonEntry<'b>,
    },
}
