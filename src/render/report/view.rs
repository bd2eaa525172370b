//! What reports show: a mirror of a plan, made for readers and machines, with its own version.
//!
//! `plan.json` is this, field by field. A field is never renamed or given another meaning without a new major
//! `format_version`; new fields only raise the minor one. Text from the directory is already fit to be shown (see
//! [`sanitize`](crate::render::sanitize)); a DN in `dn` fields that is not plain text is shown escaped.

use std::borrow::Cow;
use std::collections::HashMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::directory::Place;
use crate::directory::census::Finding;
use crate::directory::extent::{Part, shown_time};
use crate::directory::key_hash::{Hashes, hash};
use crate::io::digest::{Algorithm, Digest};
use crate::ldap::Change;
use crate::ldap::managed_entries::{MANAGED_ENTRY, has_plug_in};
use crate::ldap::{Dn, DnKey, Entry, Origin};
use crate::leavers::{Identity, RequestedBy};
use crate::lifecycle::effective::{self, Effective};
use crate::lifecycle::lint::lint;
use crate::lifecycle::{Step, state};
use crate::plan::completeness::Incomplete;
use crate::plan::{Account, ConflictKind, Kind, Operation, WrittenWhole};
use crate::policy::{Difference, Policy, PolicyWarning};
use crate::proof::{LostAttributes, Proof};
use crate::render::change_file::Context;
use crate::render::report::diff;
use crate::render::sanitize::{Secrets, sanitized, shown_value};

/// Version of `plan.json`.
pub const FORMAT_VERSION: &str = "2.0";

/// The JSON Schema (draft 2020-12) of `plan.json`.
pub fn schema() -> serde_json::Value {
    let mut schema = schemars::generate::SchemaSettings::draft2020_12()
        .for_serialize()
        .into_generator()
        .into_root_schema_for::<View>();
    schema.insert("title".to_owned(), "offboard: plan.json".into());
    schema.to_value()
}

/// Something that the exports lack.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AcceptedView {
    /// Its code.
    pub code: &'static str,
    /// What it is.
    pub what: String,
}

impl AcceptedView {
    fn of(lack: &Incomplete) -> Self {
        Self { code: lack.code(), what: sanitized(lack.sentence().as_bytes()).into_owned() }
    }
}

/// Something that the exports lack and that does not refuse the plan.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct GapView {
    /// Its code.
    pub code: &'static str,
    /// What it is, and why it matters.
    pub what: String,
    /// What to do about it.
    pub help: String,
    /// A command that exports what is lacking, with the search base left open.
    pub command: Option<&'static str>,
    /// The first places: export and line, and what was found there.
    pub places: Vec<String>,
}

impl GapView {
    /// What to do, with the command.
    pub fn advice(&self) -> String {
        self.command.map_or_else(|| self.help.clone(), |command| format!("{}: {command}", self.help))
    }

    fn of(lack: &Incomplete, context: &Context<'_>) -> Self {
        let fit = |text: &str| sanitized(text.as_bytes()).into_owned();
        let place = |place: &Place| {
            let origin = Origin { export: place.export, line: place.line };
            format!("{}: {}", context.place(origin), sanitized(&place.text))
        };
        Self {
            code: lack.code(),
            what: fit(&lack.sentence()),
            help: fit(lack.help()),
            command: lack.command(),
            places: lack.places().iter().map(place).collect(),
        }
    }
}

/// A plan as reports show it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct View {
    /// Version of this form. The major number changes when a field goes or gets another meaning, the minor one when
    /// fields come.
    #[schemars(extend("pattern" = r"^2\.[0-9]+$"))]
    pub format_version: &'static str,
    /// `offboard` and its version.
    pub tool: String,
    /// The day for which the plan is made.
    pub as_of: String,
    /// The change ticket.
    pub ticket: Option<String>,
    /// The kind of server.
    pub server: String,
    /// The inputs and their hashes.
    pub inputs: Vec<Input>,
    /// What the policy has in place of its preset, and what in it may not be meant.
    pub policy: PolicyView,
    /// Numbers first.
    pub summary: Summary,
    /// Changes by kind, with their limits.
    pub limits: Vec<LimitRow>,
    /// What the exports lack, and this run accepts.
    pub accepted: Vec<AcceptedView>,
    /// What the exports lack besides, which a person must read.
    pub gaps: Vec<GapView>,
    /// The proof.
    pub proof: ProofView,
    /// The plan exceeds a limit: nothing of it was written to be run.
    pub refused: bool,
    /// The rosters.
    pub rosters: Vec<RosterView>,
    /// The accounts.
    pub accounts: Vec<AccountView>,
    /// Who is due when, the first day first.
    pub due: Vec<DueView>,
    /// Leavers without an account.
    pub conflicts: Vec<ConflictView>,
    /// What a person must decide.
    pub decision_items: Vec<DecisionItemView>,
    /// Records that write all values of an attribute, as the server cannot compare them: a value that was added since the
    /// export is lost, unless the guard notices it.
    pub written_whole: Vec<WrittenWholeView>,
    /// The operations, in order.
    pub operations: Vec<OperationView>,
    /// What the exports hold, and what of it is not an entry.
    pub exports: ExportsView,
    /// Commands that other systems must run.
    pub external_commands: Vec<ExternalCommand>,
    /// Things outside the directory that deleted accounts leave behind.
    pub hand_off_attributes: Vec<HandOffAttribute>,
    /// The change files.
    pub files: Vec<String>,
}

/// A record that writes all values of an attribute.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct WrittenWholeView {
    /// The stage of the record.
    pub stage: &'static str,
    /// The name of the entry in the record.
    pub dn: String,
    /// The attributes.
    pub attributes: Vec<String>,
    /// What guards the record.
    pub guard: String,
    /// Whether the server refuses the record if a value was added to the attribute since the export.
    pub notices_changes: bool,
}

impl WrittenWholeView {
    /// As a report shows it.
    pub fn of(written: &WrittenWhole) -> Self {
        Self {
            stage: written.stage.name(),
            dn: sanitized(&written.dn).into_owned(),
            attributes: written.attributes.iter().map(|attribute| attribute.as_str().to_owned()).collect(),
            guard: written.guard.sentence(),
            notices_changes: written.guard.notices_changes(),
        }
    }
}

/// An input file.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Input {
    /// `export`, `policy` or `leavers`.
    pub role: &'static str,
    /// Its name as given.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// Its SHA-256, in hexadecimal, unless it has another digest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Its BLAKE3, in hexadecimal, if that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blake3: Option<String>,
}

/// The policy.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct PolicyView {
    /// The preset that its file names; none if it names none.
    pub preset: Option<String>,
    /// The keys whose values are not the preset's.
    pub differences: Vec<DifferenceView>,
    /// What in it may not be meant, with the line.
    pub warnings: Vec<String>,
}

/// A key of a policy whose value is not the preset's. Secrets are masked.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct DifferenceView {
    /// The key, with its sections: `grace.days`.
    pub key: String,
    /// Its value as TOML; none if the preset's is taken away.
    pub value: Option<String>,
    /// The preset's value as TOML; none if the preset has no such key.
    pub preset: Option<String>,
}

impl PolicyView {
    fn of(policy: &Policy) -> Self {
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

/// The numbers of a plan.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct Summary {
    /// Leavers asked for.
    pub leavers: usize,
    /// Accounts disabled.
    pub disabled: usize,
    /// Accounts that got the date from which their grace counts.
    pub stamped: usize,
    /// Accounts on which a service is disabled.
    pub services_disabled: usize,
    /// Accounts that lose a service.
    pub stripped: usize,
    /// Accounts restored.
    pub restored: usize,
    /// Accounts that get the blocking value.
    pub disconnected: usize,
    /// Accounts moved.
    pub moved: usize,
    /// Accounts deleted.
    pub deleted: usize,
    /// Entries below deleted accounts, deleted with them.
    pub children: usize,
    /// Accounts that wait for something.
    pub waiting: usize,
    /// Accounts that need nothing.
    pub unchanged: usize,
    /// Accounts held for a person.
    pub held: usize,
    /// Leavers without an account.
    pub conflicts: usize,
    /// Decision items.
    pub decision_items: usize,
    /// Records in the change files.
    pub operations: usize,
}

/// A kind of change and its limit.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct LimitRow {
    /// The kind.
    pub kind: &'static str,
    /// How many the plan makes.
    pub affected: u64,
    /// Of how many in the exports.
    pub of: u64,
    /// The limit in words.
    pub limit: String,
    /// The limit was set for this run (`--limit`).
    pub of_run: bool,
    /// The plan exceeds it.
    pub exceeded: bool,
    /// The group that it is about, for `members`.
    pub entry: Option<String>,
    /// For whom, where it is exceeded.
    pub leavers: Vec<String>,
}

/// A roster.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RosterView {
    /// Its name in the policy.
    pub name: String,
    /// Its rows.
    pub rows: u64,
    /// Accounts of its scope.
    pub accounts: u64,
    /// Of these, how many it lists.
    pub listed: u64,
    /// The day it is from, if it says.
    pub date: Option<String>,
    /// Rows that could not be read, with their lines.
    pub faulty: Vec<String>,
    /// Why it does not prove complete.
    pub doubts: Vec<String>,
}

/// Who is due on a day.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct DueView {
    /// The day.
    pub day: String,
    /// The leavers.
    pub leavers: Vec<String>,
}

/// The proof.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ProofView {
    /// The checks, all of which hold.
    pub checks: Vec<CheckView>,
    /// What a rollback cannot bring back.
    pub not_restored: Vec<NotRestored>,
    /// Values left naming a deleted entry, for review.
    pub open_decision_items: u64,
}

/// A check that holds.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct CheckView {
    /// Its name.
    pub name: &'static str,
    /// What was looked at.
    pub counted: String,
}

/// What of an entry a rollback cannot bring back.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct NotRestored {
    /// The entry.
    pub dn: String,
    /// Its attributes that the server sets by itself.
    pub attributes: Vec<String>,
}

/// A group that an account is in without being named.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AccessView {
    /// `nested`, `dynamic` or `primary`.
    pub way: &'static str,
    /// The group, or the number of a primary group.
    pub group: String,
    /// The group of the account that is in it, or the URL.
    pub through: String,
}

/// An account.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AccountView {
    /// The leaver as asked for.
    pub leaver: String,
    /// Line of the leaver list, or of the roster; 0 for the command line.
    pub leaver_line: u64,
    /// The roster that asks; none if a person does.
    pub roster: Option<String>,
    /// What was asked for.
    pub action: &'static str,
    /// The `[[rule]]` that counts, from 1.
    pub rule: Option<usize>,
    /// Its entry.
    pub dn: String,
    /// Where the entry stands.
    pub evidence: String,
    /// Where it is in its life.
    pub state: &'static str,
    /// Its services.
    pub services: Vec<ServiceView>,
    /// What is done.
    pub step: &'static str,
    /// Why, as a code.
    pub reason: &'static str,
    /// Why, as a sentence.
    pub why: String,
    /// What would make another decision of it.
    pub to_change: &'static str,
    /// When it was disabled, and how that is known.
    pub disabled_since: Option<DisabledSinceView>,
    /// The first day on which it may go.
    pub due: Option<String>,
    /// Whether its services can be used, before and after the plan.
    pub effective: Vec<EffectiveView>,
    /// What is odd about its statuses.
    pub lints: Vec<LintView>,
    /// Groups that it was in through another group, a URL or its primary group: what else ends.
    pub lost_access: Vec<AccessView>,
    /// Entries that 389 DS keeps for it by its Managed Entries plug-in: the server itself deletes or moves them.
    pub managed_entries: Vec<String>,
    /// Entries below it that are deleted with it, or because of which it is held.
    pub children: Vec<ChildView>,
    /// Its new name, if it is moved.
    pub moved_to: Option<String>,
    /// Who takes over.
    pub successor: Option<String>,
    /// The ticket of the leaver.
    pub ticket: Option<String>,
    /// The note of the leaver.
    pub note: Option<String>,
    /// Operations for it, by position.
    pub operations: Vec<usize>,
}

/// An entry below an account.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ChildView {
    /// The entry.
    pub dn: String,
    /// Its object classes.
    pub classes: Vec<String>,
    /// `own`: it matches `[children] own`; `other`: it does not; `account`: it is an account of the policy;
    /// `protected`: `[protect]` covers it.
    pub kind: &'static str,
    /// Whether the plan deletes it.
    pub deleted: bool,
    /// Where the entry is.
    pub evidence: String,
}

/// When an account was disabled.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct DisabledSinceView {
    /// The day.
    pub day: String,
    /// `stamp`, `history` or `modify-timestamp`.
    pub source: &'static str,
    /// Where it is, if it is in an export.
    pub evidence: Option<String>,
}

/// Whether a service of an account can be used.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct EffectiveView {
    /// The service.
    pub service: &'static str,
    /// Before the plan.
    pub before: String,
    /// What says so, with its place.
    pub because: Option<String>,
    /// After the plan; `gone` with a deleted entry.
    pub after: String,
}

/// Something odd about the statuses of an account.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct LintView {
    /// What it is, as a code.
    pub code: &'static str,
    /// What it means.
    pub what: String,
    /// The attribute, its value, and its place.
    pub evidence: String,
}

/// A service of an account.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ServiceView {
    /// Its name.
    pub name: String,
    /// `not-assigned`, `released`, `disabled`, `waiting` or `with-entry`.
    pub state: &'static str,
    /// Its status as written.
    pub status: Option<String>,
}

/// A leaver without an account.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ConflictView {
    /// The leaver as asked for.
    pub leaver: String,
    /// Line of the leaver list.
    pub leaver_line: u64,
    /// Why, as a code.
    pub code: &'static str,
    /// Why, as a sentence.
    pub why: String,
    /// Entries that could be meant, with their places.
    pub candidates: Vec<String>,
}

/// A thing that a person must decide.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct DecisionItemView {
    /// The leaver that it is about; empty for an account that nobody named.
    pub leaver: String,
    /// What it is, as a code.
    pub code: &'static str,
    /// What is to be decided.
    pub what: String,
    /// The entry.
    pub dn: String,
    /// The attribute.
    pub attribute: String,
    /// The value.
    pub value: String,
    /// Where it is.
    pub evidence: String,
}

/// An operation.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct OperationView {
    /// Its stage.
    pub stage: &'static str,
    /// What it is.
    pub kind: &'static str,
    /// The changetype of its record.
    pub changetype: &'static str,
    /// The entry.
    pub dn: String,
    /// The service that it is about, if it is about one.
    pub service: Option<String>,
    /// The leavers that it is for.
    pub leavers: Vec<String>,
    /// Why.
    pub why: String,
    /// Where the entry stands.
    pub evidence: String,
    /// Before and after, for the report; the first operation on an entry has it.
    #[serde(skip)]
    pub diff: Option<String>,
}

/// What the exports hold.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ExportsView {
    /// Live entries.
    pub entries: u64,
    /// Entries written as `changetype: add`.
    pub add_records: u64,
    /// Tombstones and deleted objects: never accounts.
    pub tombstones: u64,
    /// Replication state that is not an entry.
    pub replica_states: u64,
    /// Values kept as deleted.
    pub deleted_values: u64,
    /// Blocks around entries.
    pub other_blocks: u64,
    /// What could not be judged, by kind.
    pub not_judged: Vec<NotJudged>,
    /// The parts of the directory that they hold, if the plan has operations: `offboard verify` asks for the same
    /// parts, and for newer ones.
    pub parts: Vec<PartView>,
}

/// A part of the directory that an export holds.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct PartView {
    /// Which of the inputs whose role is `export`, from 0.
    pub export: u16,
    /// The topmost entry, or the name that the topmost entries are below. Bytes that are not plain text are written as
    /// RFC 4514 escapes (`\XX`), so that this is always a name.
    pub dn: String,
    /// Whether `dn` is the name of an entry.
    pub is_entry: bool,
    /// How many topmost entries there are.
    pub tops: u64,
    /// The newest time that entries show which the plan does not delete (`modifyTimestamp`, `createTimestamp`,
    /// `entryCSN`, `whenChanged`, `whenCreated`), as `YYYY-MM-DDThh:mm:ssZ`; none if they show none.
    pub newest: Option<String>,
}

/// Things of one kind that could not be judged.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct NotJudged {
    /// What they are.
    pub what: &'static str,
    /// How many.
    pub count: u64,
    /// The first ones, with their places.
    pub places: Vec<String>,
}

/// Something outside the directory that a deleted account leaves behind.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct HandOffAttribute {
    /// The leaver.
    pub leaver: String,
    /// The attribute that tells of it.
    pub attribute: String,
    /// Its value.
    pub value: String,
}

/// A command that another system must run.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ExternalCommand {
    /// `first`, `after-status` or `last`, next to the change files.
    pub when: &'static str,
    /// Where: the mail host, or the calendar server.
    pub host: String,
    /// The command.
    pub command: String,
    /// What to know of it, or to do afterwards.
    pub then: Option<String>,
    /// The leavers that wait for it.
    pub leavers: Vec<String>,
}

/// Makes the view of a proven plan.
pub fn view(
    context: &Context<'_>,
    proof: &Proof,
    inputs: Vec<Input>,
    external_commands: Vec<ExternalCommand>,
    hand_off_attributes: Vec<HandOffAttribute>,
    files: Vec<String>,
) -> View {
    let plan = context.plan;
    let steps = |step: Step| plan.accounts.iter().filter(|account| account.decision.step == step).count();
    View {
        format_version: FORMAT_VERSION,
        tool: format!("offboard {}", env!("CARGO_PKG_VERSION")),
        as_of: context.request.as_of.to_string(),
        ticket: context.ticket.map(str::to_owned),
        server: context.policy.directory.server.to_string(),
        inputs,
        policy: PolicyView::of(context.policy),
        summary: Summary {
            leavers: plan.leavers.len(),
            stamped: plan.operations.iter().filter(|operation| operation.kind == Kind::Stamp).count(),
            services_disabled: steps(Step::DisableService),
            // One that is disabled in the same plan counts as both.
            stripped: plan.accounts.iter().filter(|account| !account.decision.strip().is_empty()).count(),
            restored: steps(Step::Restore),
            disconnected: steps(Step::Disconnect),
            moved: plan.moved.len(),
            disabled: steps(Step::Disable),
            deleted: steps(Step::Delete),
            children: plan.operations.iter().filter(|operation| operation.kind == Kind::Child).count(),
            waiting: steps(Step::Wait),
            unchanged: steps(Step::Nothing),
            held: steps(Step::Hold),
            conflicts: plan.conflicts.len(),
            decision_items: plan.decision_items.len(),
            operations: plan.operations.len(),
        },
        limits: limits(context),
        accepted: context.plan.gaps.accepted.iter().map(AcceptedView::of).collect(),
        gaps: context.plan.gaps.findings.iter().map(|lack| GapView::of(lack, context)).collect(),
        refused: plan.exceeded().next().is_some(),
        rosters: rosters(context),
        proof: proof_view(proof),
        due: due(context),
        accounts: accounts(context, proof),
        conflicts: conflicts(context),
        decision_items: decision_items(context),
        written_whole: context.plan.written_whole.iter().map(WrittenWholeView::of).collect(),
        operations: operations(context, proof),
        exports: exports(context),
        external_commands,
        hand_off_attributes,
        files,
    }
}

/// The inputs that are exports.
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

fn proof_view(proof: &Proof) -> ProofView {
    let lost = |lost: &LostAttributes| NotRestored {
        dn: sanitized(&lost.dn).into_owned(),
        attributes: lost.attributes.clone(),
    };
    ProofView {
        checks: proof
            .checks
            .iter()
            .map(|check| CheckView { name: check.name.into(), counted: check.counted.clone() })
            .collect(),
        not_restored: proof.lost.iter().map(lost).collect(),
        open_decision_items: proof.open_decision_items,
    }
}

fn leaver_name(context: &Context<'_>, account: &Account) -> String {
    sanitized(context.plan.leavers[account.leaver].identity.to_string().as_bytes()).into_owned()
}

fn limits(context: &Context<'_>) -> Vec<LimitRow> {
    let row = |row: &crate::plan::Counted| LimitRow {
        kind: row.kind.name(),
        affected: row.affected,
        of: row.of,
        limit: row.limit.clone(),
        of_run: row.of_run,
        exceeded: row.is_exceeded,
        entry: row.entry.as_deref().map(|dn| sanitized(dn).into_owned()),
        leavers: row
            .accounts
            .iter()
            .filter(|_| row.is_exceeded)
            .map(|account| leaver_name(context, &context.plan.accounts[*account]))
            .collect(),
    };
    context.plan.counted.iter().map(row).collect()
}

fn rosters(context: &Context<'_>) -> Vec<RosterView> {
    let view = |(named, count): (&crate::plan::NamedRoster, &crate::plan::RosterCount)| RosterView {
        name: named.name.clone(),
        rows: count.rows,
        accounts: count.accounts,
        listed: count.listed,
        date: named.roster.date.map(|date| date.to_string()),
        faulty: named.roster.faulty.iter().map(|fault| sanitized(fault.to_string().as_bytes()).into_owned()).collect(),
        doubts: count.doubts.iter().map(ToString::to_string).collect(),
    };
    context.request.rosters.iter().zip(&context.plan.rosters).map(view).collect()
}

fn due(context: &Context<'_>) -> Vec<DueView> {
    let mut days: std::collections::BTreeMap<jiff::civil::Date, Vec<String>> = std::collections::BTreeMap::new();
    for account in &context.plan.accounts {
        if let Some(day) = account.decision.due {
            days.entry(day).or_default().push(leaver_name(context, account));
        }
    }
    days.into_iter().map(|(day, leavers)| DueView { day: day.to_string(), leavers }).collect()
}

fn effective_views(context: &Context<'_>, account: &Account, proof: &Proof) -> Vec<EffectiveView> {
    let services = [("mail", effective::SunService::Mail), ("calendar", effective::SunService::Calendar)];
    let assigned = |name: &str| {
        let services = &account.decision.services;
        services.iter().any(|service| service.name == name && service.state != state::ServiceState::NotAssigned)
    };
    let of = |entry: &Entry, service| effective::effective(service, entry, account.domain.as_ref());
    let key = account.entry.dn.key();
    let has = |entry: &Entry, name: &str| {
        let rules = context.policy.services.get(name);
        rules.is_some_and(|rules| rules.classes.iter().any(|class| entry.has_class(class)))
    };
    let after = |name, service| match proof.after.get(key) {
        None => of(&account.entry, service).status.name().to_owned(),
        // The status attributes of a service say nothing once its classes are gone.
        Some(Some(entry)) if has(entry, name) => of(entry, service).status.name().to_owned(),
        Some(_) => "gone".to_owned(),
    };
    let view = |(name, service)| {
        let before: Effective = of(&account.entry, service);
        let because = before.reason.map(|because| {
            let value =
                because.value.as_deref().map(|value| Secrets::of(context.policy).shown_value(because.attribute, value));
            let illegal = if because.illegal { ", which is not a legal value" } else { "" };
            let place = context.place(because.origin);
            format!("{}: {}{illegal} ({place})", because.attribute, value.unwrap_or_default())
        });
        EffectiveView { service: name, before: before.status.name().to_owned(), because, after: after(name, service) }
    };
    services.into_iter().filter(|(name, _)| assigned(name)).map(view).collect()
}

/// What each account could do through groups.
fn lost_access(context: &Context<'_>) -> Vec<Vec<AccessView>> {
    let mut lost: Vec<Vec<AccessView>> = context.plan.accounts.iter().map(|_| Vec::new()).collect();
    for access in &context.plan.lost_access {
        if let Some(views) = lost.get_mut(access.account) {
            views.push(AccessView {
                way: access.membership.name(),
                group: sanitized(&access.group).into_owned(),
                through: sanitized(&access.through).into_owned(),
            });
        }
    }
    lost
}

/// The entries that the server keeps for an account, and deletes or moves with it.
fn managed_entries(context: &Context<'_>, account: &Account, is_moved: bool) -> Vec<String> {
    let concerned = account.decision.step == Step::Delete || is_moved;
    let names = account.entry.values(MANAGED_ENTRY);
    let names = names.filter(|_| concerned && has_plug_in(context.policy.directory.server));
    names.map(|value| sanitized(&value.bytes).into_owned()).collect()
}

/// The entries below each account.
fn children(context: &Context<'_>) -> Vec<Vec<ChildView>> {
    let mut children: Vec<Vec<ChildView>> = context.plan.accounts.iter().map(|_| Vec::new()).collect();
    for child in &context.plan.children {
        if let Some(views) = children.get_mut(child.account) {
            views.push(ChildView {
                dn: sanitized(child.entry.dn.raw_bytes()).into_owned(),
                classes: child.entry.values("objectClass").map(|class| sanitized(&class.bytes).into_owned()).collect(),
                kind: child.kind.name(),
                deleted: child.is_deleted,
                evidence: context.place(child.entry.origin),
            });
        }
    }
    children
}

fn lint_views(context: &Context<'_>, account: &Account) -> Vec<LintView> {
    // Its rules are those of Sun's statuses.
    if context.policy.services.is_empty() {
        return Vec::new();
    }
    let view = |lint: crate::lifecycle::lint::Lint| {
        let place = context.place(Origin { line: lint.line, ..account.entry.origin });
        let value = lint
            .value
            .as_deref()
            .map(|value| Secrets::of(context.policy).shown_value(lint.attribute, value))
            .unwrap_or_default();
        LintView { code: lint.code, what: lint.sentence(), evidence: format!("{}: {value} ({place})", lint.attribute) }
    };
    lint(&account.entry).into_iter().map(view).collect()
}

/// Accounts as reports show them; also for `offboard explain`.
pub fn accounts(context: &Context<'_>, proof: &Proof) -> Vec<AccountView> {
    let service = |service: &crate::lifecycle::AccountService| ServiceView {
        name: service.name.clone(),
        state: service.state.name(),
        status: service.status.as_deref().map(|status| sanitized(status).into_owned()),
    };
    let moved: HashMap<&DnKey, &Dn> = context.plan.moved.iter().rev().map(|(old, new)| (old.key(), new)).collect();
    let (mut lost_access, mut children) = (lost_access(context), children(context));
    let account = |(index, (account, operations)): (usize, (&Account, Vec<usize>))| {
        let leaver = &context.plan.leavers[account.leaver];
        let decision = &account.decision;
        let mark = |mark: crate::lifecycle::grace::DisabledSince| DisabledSinceView {
            day: mark.date.to_string(),
            source: mark.source.name(),
            evidence: (mark.line > 0).then(|| context.place(Origin { line: mark.line, ..account.entry.origin })),
        };
        let moved = moved.get(account.entry.dn.key());
        AccountView {
            leaver: sanitized(leaver.identity.to_string().as_bytes()).into_owned(),
            leaver_line: leaver.line,
            roster: match &leaver.requested_by {
                RequestedBy::Person => None,
                RequestedBy::Roster(name) => Some(name.clone()),
            },
            action: leaver.action.name(),
            rule: decision.rule.map(|rule| rule + 1),
            dn: sanitized(account.entry.dn.raw_bytes()).into_owned(),
            evidence: context.place(account.entry.origin),
            state: account.decision.state.name(),
            services: account.decision.services.iter().map(service).collect(),
            step: account.decision.step.name(),
            reason: account.decision.reason.code(),
            why: sanitized(account.decision.reason.sentence().as_bytes()).into_owned(),
            to_change: decision.reason.to_change(),
            disabled_since: decision.disabled_since.map(mark),
            due: decision.due.map(|day| day.to_string()),
            effective: effective_views(context, account, proof),
            lints: lint_views(context, account),
            lost_access: std::mem::take(&mut lost_access[index]),
            managed_entries: managed_entries(context, account, moved.is_some()),
            children: std::mem::take(&mut children[index]),
            moved_to: moved.map(|new| sanitized(new.raw_bytes()).into_owned()),
            successor: account.successor.as_ref().map(|dn| sanitized(dn.raw_bytes()).into_owned()),
            ticket: leaver.ticket.as_ref().map(|ticket| sanitized(ticket.as_bytes()).into_owned()),
            note: leaver.note.as_ref().map(|note| sanitized(note.as_bytes()).into_owned()),
            operations,
        }
    };
    context.plan.accounts.iter().zip(context.plan.by_account()).enumerate().map(account).collect()
}

fn conflicts(context: &Context<'_>) -> Vec<ConflictView> {
    let named = |dn: &Dn, origin: &Origin| format!("{} ({})", sanitized(dn.raw_bytes()), context.place(*origin));
    let conflict = |conflict: &crate::plan::Conflict| {
        let leaver = &context.plan.leavers[conflict.leaver];
        let (why, candidates) = match &conflict.kind {
            ConflictKind::NotFound => {
                // With an earlier change set a name means who was moved from it.
                let is_moved = context.policy.moving.is_some() && matches!(leaver.identity, Identity::Dn(_));
                let moved = if is_moved { ", or was moved by a change set that --history can give" } else { "" };
                (format!("no account in the exports matches; it may be gone already{moved}"), Vec::new())
            }
            ConflictKind::NotJudged(places) => {
                let place = |place: &Place| {
                    let origin = Origin { export: place.export, line: place.line };
                    format!("{} ({})", sanitized(&place.text), context.place(origin))
                };
                let entries = if places.len() == 1 {
                    "the only entry that matches could not be judged, because its name is not a distinguished name"
                        .to_owned()
                } else {
                    let count = places.len();
                    format!(
                        "the {count} entries that match could not be judged, because their names are not distinguished names"
                    )
                };
                (
                    format!("{entries}: correct the name in the directory, and export again"),
                    places.iter().map(place).collect(),
                )
            }
            ConflictKind::Several(found) => (
                format!("{} accounts match; name one by uid@domain or by its DN", found.len()),
                found.iter().map(|(dn, origin)| named(dn, origin)).collect(),
            ),
            ConflictKind::NotAnAccount(dn, origin) => (
                "the entry is not one of the accounts of the policy ([accounts] filter and base)".to_owned(),
                vec![named(dn, origin)],
            ),
            ConflictKind::Duplicate(dn, places) => (
                "the entry is in the exports more than once".to_owned(),
                places.iter().map(|origin| named(dn, origin)).collect(),
            ),
            ConflictKind::SameAs(other) => {
                let other = context.plan.leavers[*other].identity.to_string();
                (format!("the same account as {}", sanitized(other.as_bytes())), Vec::new())
            }
        };
        ConflictView {
            leaver: sanitized(leaver.identity.to_string().as_bytes()).into_owned(),
            leaver_line: leaver.line,
            code: conflict.kind.code(),
            why,
            candidates,
        }
    };
    context.plan.conflicts.iter().map(conflict).collect()
}

fn decision_items(context: &Context<'_>) -> Vec<DecisionItemView> {
    let review = |review: &crate::plan::DecisionItem| DecisionItemView {
        leaver: review.account.map(|account| leaver_name(context, &context.plan.accounts[account])).unwrap_or_default(),
        code: review.code.name(),
        what: format!("{}: {}", review.code.sentence(), review.code.advice()),
        dn: sanitized(&review.dn).into_owned(),
        attribute: review.attribute.clone(),
        value: Secrets::of(context.policy).shown_value(&review.attribute, &review.value),
        // Line 0 is what is in no export.
        evidence: if review.evidence.line > 0 { context.place(review.evidence) } else { String::new() },
    };
    context.plan.decision_items.iter().map(review).collect()
}

fn operations(context: &Context<'_>, proof: &Proof) -> Vec<OperationView> {
    let mut shown_already = std::collections::HashSet::new();
    let operation = |operation: &Operation| {
        let key = operation.record.dn.key();
        let first = shown_already.insert(key.clone());
        let before = context.plan.before.get(key).filter(|_| first);
        let after = match proof.after.get(key) {
            None => before,
            Some(after) => after.as_deref(),
        };
        OperationView {
            stage: operation.stage.name(),
            kind: operation.kind.name(),
            changetype: match operation.record.change {
                Change::Add(_) => "add",
                Change::Delete => "delete",
                Change::Modify(_) => "modify",
                Change::ModifyDn { .. } => "modrdn",
            },
            dn: sanitized(operation.record.dn.raw_bytes()).into_owned(),
            service: operation.service.clone(),
            leavers: context
                .leavers(operation)
                .iter()
                .map(|leaver| sanitized(leaver.as_bytes()).into_owned())
                .collect(),
            why: sanitized(operation.reason.as_bytes()).into_owned(),
            evidence: context.place(operation.evidence),
            diff: before.map(|before| diff::unified(before, after, Secrets::of(context.policy))),
        }
    };
    context.plan.operations.iter().map(operation).collect()
}

fn exports(context: &Context<'_>) -> ExportsView {
    let census = &context.plan.census;
    let places = |finding: &Finding| {
        let place = |place: &Place| {
            let origin = Origin { export: place.export, line: place.line };
            format!("{}: {}", context.place(origin), shown_value("", &place.text))
        };
        finding.places.iter().map(place).collect()
    };
    let rows = [
        ("entries whose name is not a distinguished name", &census.unreadable_names),
        ("reference values that are no distinguished names", &context.plan.unreadable_values),
        ("references to other servers (`ref:`)", &census.referrals),
        ("schema descriptions that cannot be read", &context.plan.unreadable_schema),
    ];
    ExportsView {
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

fn parts(context: &Context<'_>) -> Vec<PartView> {
    let deleted = context.plan.operations.iter().filter(|operation| matches!(operation.record.change, Change::Delete));
    let deleted: Hashes = deleted.map(|operation| hash(operation.record.dn.key().as_bytes())).collect();
    let part = |(export, part): (u16, &Part)| {
        Some(PartView {
            export,
            dn: plain_name(part.name.as_ref()?),
            is_entry: part.is_entry,
            tops: part.tops,
            newest: part.newest.without(&deleted).map(shown_time),
        })
    };
    context.plan.extent.parts().into_iter().filter_map(part).collect()
}

/// A name as printable text that is the same name.
fn plain_name(dn: &Dn) -> String {
    let spelling = dn.raw_bytes();
    if let Cow::Borrowed(plain) = sanitized(spelling) {
        return plain.to_owned();
    }
    let plain = |byte: &u8| match byte {
        b' '..=b'~' => char::from(*byte).to_string(),
        _ => format!("\\{byte:02X}"),
    };
    spelling.iter().map(plain).collect::<Vec<_>>().concat()
}
