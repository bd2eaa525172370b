//! What reports show: a plan as plain data, with a version of its own.
//!
//! `plan.json` is a [`View`], field by field. A field is renamed, or gets another meaning, only with a new major
//! [`FORMAT_VERSION`]; a new field raises the minor version. All text from the directory is sanitized
//! (see [`sanitize`](crate::render::sanitize)), also in `dn` fields; secrets are masked.
//!
//! | module | what it shows |
//! | --- | --- |
//! | `account` | accounts and what is known about them |
//! | `conflict` | leavers without an account |
//! | `decision_item` | what a person must decide |
//! | `external` | what happens outside the directory |
//! | `input` | exports, policy, rosters, and what they lack |
//! | `limits` | kinds of changes, counted |
//! | `operation` | operations and their proof |

mod account;
mod conflict;
mod decision_item;
mod external;
mod input;
mod limits;
mod operation;

use schemars::JsonSchema;
use serde::Serialize;

pub use account::{
    AccessView, AccountView, ChildView, DisabledSinceView, EffectiveView, LintView, ServiceView, UniqueIdView,
};
pub use conflict::ConflictView;
pub use decision_item::DecisionItemView;
pub use external::{ExternalCommand, HandOffAttribute};
pub use input::{
    AcceptedView, DifferenceView, ExportsView, GapView, Input, NotJudged, PartView, PolicyView, RosterView,
    export_inputs,
};
pub use limits::{DueView, LimitRow, Summary};
pub use operation::{CheckView, NotRestored, OperationView, ProofView, WrittenWholeView};

use crate::proof::Proof;
use crate::render::context::RenderContext;

/// The version of `plan.json`.
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

/// A plan as reports show it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct View {
    /// Version of this format. The major number changes when a field is removed or gets another meaning, the minor number
    /// when fields are added.
    #[schemars(extend("pattern" = r"^2\.[0-9]+$"))]
    pub format_version: &'static str,
    /// `offboard` and its version.
    pub tool: String,
    /// The day that the plan is made for.
    pub as_of: String,
    /// The change ticket.
    pub ticket: Option<String>,
    /// The server product that the change files are for.
    pub server: String,
    /// The files that were read, with their digests.
    pub inputs: Vec<Input>,
    /// How the policy differs from its preset, and its warnings.
    pub policy: PolicyView,
    /// The counts of the plan.
    pub summary: Summary,
    /// The kinds of changes, counted, with their limits.
    pub limits: Vec<LimitRow>,
    /// What the exports lack and `--accept-incomplete` accepts.
    pub accepted: Vec<AcceptedView>,
    /// What else the exports lack. It does not stop the plan, but a reviewer must read it.
    pub gaps: Vec<GapView>,
    /// The proof.
    pub proof: ProofView,
    /// Whether the plan exceeds a limit. Then no change files were written.
    pub refused: bool,
    /// The rosters.
    pub rosters: Vec<RosterView>,
    /// The accounts, in the order of the leavers.
    pub accounts: Vec<AccountView>,
    /// The days on which accounts are due, in order.
    pub due: Vec<DueView>,
    /// The leavers without an account.
    pub conflicts: Vec<ConflictView>,
    /// What a person must decide.
    pub decision_items: Vec<DecisionItemView>,
    /// Records that write all values of an attribute at once, because the server cannot compare the values. A value that
    /// was added since the export is lost, unless the guard detects it.
    pub written_whole: Vec<WrittenWholeView>,
    /// The operations, in the order in which they are applied.
    pub operations: Vec<OperationView>,
    /// What the exports contain.
    pub exports: ExportsView,
    /// Commands to run on other systems.
    pub external_commands: Vec<ExternalCommand>,
    /// What deleted accounts leave outside the directory, such as home folders.
    pub hand_off_attributes: Vec<HandOffAttribute>,
    /// The files of the change set, except the reports.
    pub files: Vec<String>,
}

/// What a view shows that is not in the plan or its proof.
#[derive(Default)]
pub struct Attachments {
    /// The files that were read.
    pub inputs: Vec<Input>,
    /// Commands to run on other systems.
    pub external_commands: Vec<ExternalCommand>,
    /// What deleted accounts leave outside the directory.
    pub hand_off_attributes: Vec<HandOffAttribute>,
    /// The files of the change set, except the reports.
    pub files: Vec<String>,
}

/// The view of a proven plan.
pub fn view(context: &RenderContext<'_>, proof: &Proof, attachments: Attachments) -> View {
    let plan = context.plan;
    View {
        format_version: FORMAT_VERSION,
        tool: format!("offboard {}", env!("CARGO_PKG_VERSION")),
        as_of: context.request.as_of.to_string(),
        ticket: context.ticket.map(str::to_owned),
        server: context.policy.directory.server.to_string(),
        inputs: attachments.inputs,
        policy: PolicyView::of(context.policy),
        summary: limits::summary(plan),
        limits: limits::limits(context),
        accepted: plan.gaps.accepted.iter().map(AcceptedView::of).collect(),
        gaps: plan.gaps.findings.iter().map(|lack| GapView::of(lack, context)).collect(),
        proof: ProofView::of(proof),
        refused: plan.exceeded().next().is_some(),
        rosters: input::rosters(context),
        accounts: account::accounts(context, proof),
        due: limits::due(context),
        conflicts: conflict::conflicts(context),
        decision_items: decision_item::decision_items(context),
        written_whole: plan.written_whole.iter().map(WrittenWholeView::of).collect(),
        operations: operation::operations(context, proof),
        exports: ExportsView::of(context),
        external_commands: attachments.external_commands,
        hand_off_attributes: attachments.hand_off_attributes,
        files: attachments.files,
    }
}
