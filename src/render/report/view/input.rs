//! What a plan was made from: the input files, the policy, the rosters, the exports and what they lack.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::Serialize;

use crate::directory::Place;
use crate::directory::census::Finding;
use crate::directory::extent::{Part, shown_time};
use crate::directory::key_hash::{Hashes, hash};
use crate::io::digest::{Algorithm, Digest};
use crate::ldap::{Change, Dn, Origin};
use crate::plan::completeness::Incomplete;
use crate::plan::{NamedRoster, RosterCount};
use crate::policy::{Difference, Policy, PolicyWarning};
use crate::render::context::RenderContext;
use crate::render::sanitize::{sanitized, shown_value};

/// An input file.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Input {
    /// `export`, `policy`, `leavers`, `roster`, `veto` or `schema`.
    pub role: &'static str,
    /// Its name as given.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256 in hexadecimal, unless `--digest` chose another digest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Its BLAKE3 in hexadecimal, if `--digest` chose it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blake3: Option<String>,
}

/// The inputs that are exports, with their digests.
pub fn export_inputs(names: &[String], digests: &[Digest]) -> Vec<Input> {
    let input = |(name, digest): (&String, &Digest)| Input {
        role: "export",
        name: sanitized(name.as_bytes()).into_owned(),
        bytes: digest.fingerprint.bytes,
        sha256: (digest.algorithm == Algorithm::Sha256).then(|| data_encoding::HEXLOWER.encode(&digest.value)),
        blake3: (digest.algorithm == Algorithm::Blake3).then(|| data_encoding::HEXLOWER.encode(&digest.value)),
    };
    names.iter().zip(digests).map(input).collect()
}

/// The policy.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct PolicyView {
    /// The preset that the policy is based on; null if it has none.
    pub preset: Option<String>,
    /// The keys whose values differ from the preset.
    pub differences: Vec<DifferenceView>,
    /// What is valid but probably not intended, with the line.
    pub warnings: Vec<String>,
}

/// A key of a policy whose value differs from the preset. Secrets are masked.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct DifferenceView {
    /// The key with its sections, such as `grace.days`.
    pub key: String,
    /// Its value as TOML; null if the policy removes the key of the preset.
    pub value: Option<String>,
    /// The value of the preset as TOML; null if the preset does not have the key.
    pub preset: Option<String>,
}

impl PolicyView {
    pub(super) fn of(policy: &Policy) -> Self {
        let safe = |text: &String| sanitized(text.as_bytes()).into_owned();
        let difference = |difference: &Difference| DifferenceView {
            key: safe(&difference.key),
            value: difference.value.as_ref().map(safe),
            preset: difference.preset.as_ref().map(safe),
        };
        let warning = |warning: &PolicyWarning| match &warning.span {
            Some(span) => format!("{} (line {} of the policy)", warning.message, policy.source.line_of(span).1),
            None => warning.message.clone(),
        };
        Self {
            preset: policy.preset.map(str::to_owned),
            differences: policy.differences.iter().map(difference).collect(),
            warnings: policy.warnings.iter().map(|said| safe(&warning(said))).collect(),
        }
    }
}

/// A roster.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RosterView {
    /// Its name in the policy.
    pub name: String,
    /// How many rows it has.
    pub rows: u64,
    /// How many accounts are in its scope.
    pub accounts: u64,
    /// How many of these accounts it lists.
    pub listed: u64,
    /// The day that it was made, if it contains one.
    pub date: Option<String>,
    /// Rows that could not be read, with their lines.
    pub faulty: Vec<String>,
    /// How many of its rows match no account in its scope.
    pub unmatched_rows: u64,
    /// The first of these rows, with their keys.
    pub unmatched: Vec<String>,
    /// Why it may be incomplete.
    pub doubts: Vec<String>,
}

pub(super) fn rosters(context: &RenderContext<'_>) -> Vec<RosterView> {
    let view = |(named, count): (&NamedRoster, &RosterCount)| RosterView {
        name: named.name.clone(),
        rows: count.rows,
        accounts: count.accounts,
        listed: count.listed,
        date: named.roster.date.map(|date| date.to_string()),
        faulty: named.roster.faulty.iter().map(|fault| sanitized(fault.to_string().as_bytes()).into_owned()).collect(),
        unmatched_rows: count.unmatched.len() as u64,
        unmatched: count.unmatched.first().iter().map(|row| sanitized(row.as_bytes()).into_owned()).collect(),
        doubts: count.doubts.iter().map(ToString::to_string).collect(),
    };
    context.request.rosters.iter().zip(&context.plan.rosters).map(view).collect()
}

/// Something that the exports lack and `--accept-incomplete` accepts.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AcceptedView {
    /// Its code.
    pub code: &'static str,
    /// What is missing.
    pub what: String,
}

impl AcceptedView {
    pub(super) fn of(lack: &Incomplete) -> Self {
        Self { code: lack.code(), what: sanitized(lack.sentence().as_bytes()).into_owned() }
    }
}

/// Something that the exports lack and that does not stop the plan.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct GapView {
    /// Its code.
    pub code: &'static str,
    /// What is missing, and why it matters.
    pub what: String,
    /// What to do.
    pub help: String,
    /// A command that exports what is missing. The search base must be filled in.
    pub command: Option<&'static str>,
    /// The first places: export, line, and what was found there.
    pub places: Vec<String>,
}

impl GapView {
    /// What to do, with the command.
    pub fn advice(&self) -> String {
        self.command.map_or_else(|| self.help.clone(), |command| format!("{}: {command}", self.help))
    }

    pub(super) fn of(lack: &Incomplete, context: &RenderContext<'_>) -> Self {
        let safe = |text: &str| sanitized(text.as_bytes()).into_owned();
        let place = |place: &Place| {
            let origin = Origin { export: place.export, line: place.line };
            format!("{}: {}", context.place(origin), sanitized(&place.text))
        };
        Self {
            code: lack.code(),
            what: safe(&lack.sentence()),
            help: safe(lack.help()),
            command: lack.command(),
            places: lack.places().iter().map(place).collect(),
        }
    }
}

/// What the exports contain.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ExportsView {
    /// Live entries.
    pub entries: u64,
    /// How many of these are written as `changetype: add`.
    pub add_records: u64,
    /// Tombstones and deleted objects. These are never accounts.
    pub tombstones: u64,
    /// Replication state, which is not an entry.
    pub replica_states: u64,
    /// Values that the server keeps as deleted.
    pub deleted_values: u64,
    /// Blocks that are not entries, such as search results.
    pub other_blocks: u64,
    /// What could not be judged, by kind.
    pub not_judged: Vec<NotJudged>,
    /// The parts of the directory that the exports contain, if the plan has operations. `offboard verify` requires newer
    /// exports of the same parts.
    pub parts: Vec<PartView>,
}

/// A part of the directory that an export contains.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct PartView {
    /// The index of the export among the inputs whose role is `export`, from 0.
    pub export: u16,
    /// The topmost entry, or the DN that the topmost entries are directly or indirectly below. Bytes that are not
    /// printable are written as RFC 4514 escapes (`\XX`), so that this is always a valid DN.
    pub dn: String,
    /// Whether `dn` is the DN of an entry.
    pub is_entry: bool,
    /// How many topmost entries there are.
    pub tops: u64,
    /// The newest time in entries that the plan does not delete (`modifyTimestamp`, `createTimestamp`, `entryCSN`,
    /// `whenChanged`, `whenCreated`), as `YYYY-MM-DDThh:mm:ssZ`; null if they show none.
    pub newest: Option<String>,
}

/// Things of one kind that could not be judged.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct NotJudged {
    /// What they are, as a plural.
    pub what: &'static str,
    /// How many there are.
    pub count: u64,
    /// The first ones, with their places.
    pub places: Vec<String>,
}

impl ExportsView {
    pub(super) fn of(context: &RenderContext<'_>) -> Self {
        let census = &context.plan.census;
        let places = |finding: &Finding| {
            let place = |place: &Place| {
                let origin = Origin { export: place.export, line: place.line };
                format!("{}: {}", context.place(origin), shown_value("", &place.text))
            };
            finding.places.iter().map(place).collect()
        };
        let rows = [
            ("entries with an invalid DN", &census.unreadable_names),
            ("reference values that are not valid DNs", &context.plan.unreadable_values),
            ("references to other servers (`ref`)", &census.referrals),
            ("schema descriptions that cannot be read", &context.plan.unreadable_schema),
        ];
        Self {
            entries: census.entries,
            add_records: census.add_records,
            tombstones: census.tombstones,
            replica_states: census.replica_states,
            deleted_values: census.deleted_values,
            other_blocks: census.other_blocks,
            not_judged: rows
                .into_iter()
                .filter(|(_, finding)| finding.count > 0)
                .map(|(what, finding)| NotJudged { what, count: finding.count, places: places(finding) })
                .collect(),
            parts: parts(context),
        }
    }
}

fn parts(context: &RenderContext<'_>) -> Vec<PartView> {
    let deleted = context.plan.operations.iter().filter(|operation| matches!(operation.record.change, Change::Delete));
    let deleted: Hashes = deleted.map(|operation| hash(operation.record.dn.key().as_bytes())).collect();
    let part = |(export, part): (u16, &Part)| {
        Some(PartView {
            export,
            dn: printable_dn(part.name.as_ref()?),
            is_entry: part.is_entry,
            tops: part.tops,
            newest: part.newest.without(&deleted).map(shown_time),
        })
    };
    context.plan.extent.parts().into_iter().filter_map(part).collect()
}

/// A DN as printable text that is the same DN.
fn printable_dn(dn: &Dn) -> String {
    let bytes = dn.raw_bytes();
    if let Cow::Borrowed(plain) = sanitized(bytes) {
        return plain.to_owned();
    }
    let escaped = |byte: &u8| match byte {
        b' '..=b'~' => char::from(*byte).to_string(),
        _ => format!("\\{byte:02X}"),
    };
    bytes.iter().map(escaped).collect::<Vec<_>>().concat()
}
