//! What reports show: a mirror of a plan, made for readers and machines, with its own version.
//!
//! `plan.json` is this, field by field. A field is never renamed or given another meaning without a new major
//! `format_version`; new fields only raise the minor one. Text from the directory is already fit to be shown (see
//! [`sanitize`](crate::render::sanitize)); a DN in `dn` fields that is not plain text is shown escaped.

use serde::Serialize;

use crate::directory::Place;
use crate::directory::census::Finding;
use crate::io::source::Fingerprint;
use crate::ldap::Change;
use crate::lifecycle::{ServiceState, Step};
use crate::plan::{ConflictKind, Operation};
use crate::proof::Proof;
use crate::render::change_file::Context;
use crate::render::report::diff;
use crate::render::sanitize::{shown, shown_value};

/// Version of `plan.json`.
pub const FORMAT_VERSION: &str = "1.0";

/// A plan as reports show it.
#[derive(Clone, Debug, Serialize)]
pub struct View {
    /// Version of this form.
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
    /// Numbers first.
    pub summary: Summary,
    /// Changes by kind, with their limits.
    pub limits: Vec<LimitRow>,
    /// The proof.
    pub proof: ProofView,
    /// The accounts.
    pub accounts: Vec<AccountView>,
    /// Leavers without an account.
    pub conflicts: Vec<ConflictView>,
    /// What a person must decide.
    pub reviews: Vec<ReviewView>,
    /// The operations, in order.
    pub operations: Vec<OperationView>,
    /// What the exports hold, and what of it is no entry.
    pub exports: ExportsView,
    /// Hand-off commands that other systems must run before the plan can go on.
    pub hand_offs: Vec<HandOff>,
    /// The change files.
    pub files: Vec<String>,
}

/// An input file.
#[derive(Clone, Debug, Serialize)]
pub struct Input {
    /// `export`, `policy` or `leavers`.
    pub role: &'static str,
    /// Its name as given.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// Its SHA-256, in hexadecimal.
    pub sha256: String,
}

/// The numbers of a plan.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Summary {
    /// Leavers asked for.
    pub leavers: usize,
    /// Accounts marked.
    pub marked: usize,
    /// Accounts deleted.
    pub deleted: usize,
    /// Accounts that wait for something.
    pub waiting: usize,
    /// Accounts that need nothing.
    pub unchanged: usize,
    /// Accounts held for a person.
    pub held: usize,
    /// Leavers without an account.
    pub conflicts: usize,
    /// Review items.
    pub reviews: usize,
    /// Records in the change files.
    pub operations: usize,
}

/// A kind of change and its limit.
#[derive(Clone, Debug, Serialize)]
pub struct LimitRow {
    /// The kind.
    pub kind: &'static str,
    /// How many the plan makes.
    pub affected: u64,
    /// Of how many in the exports.
    pub of: u64,
    /// The limit in words.
    pub limit: String,
}

/// The proof.
#[derive(Clone, Debug, Serialize)]
pub struct ProofView {
    /// The checks, all of which hold.
    pub checks: Vec<CheckView>,
    /// What a rollback cannot bring back.
    pub not_restored: Vec<NotRestored>,
    /// Values left naming a deleted entry, for review.
    pub under_review: u64,
}

/// A check that holds.
#[derive(Clone, Debug, Serialize)]
pub struct CheckView {
    /// Its name.
    pub name: &'static str,
    /// What was looked at.
    pub counted: String,
}

/// What of an entry a rollback cannot bring back.
#[derive(Clone, Debug, Serialize)]
pub struct NotRestored {
    /// The entry.
    pub dn: String,
    /// Its attributes that the server sets by itself.
    pub attributes: Vec<String>,
}

/// An account.
#[derive(Clone, Debug, Serialize)]
pub struct AccountView {
    /// The leaver as asked for.
    pub leaver: String,
    /// Line of the leaver list; 0 for the command line.
    pub leaver_line: u64,
    /// What was asked for.
    pub action: &'static str,
    /// Its entry.
    pub dn: String,
    /// Where the entry stands.
    pub evidence: String,
    /// Where it stands in its life.
    pub state: &'static str,
    /// Its services.
    pub services: Vec<ServiceView>,
    /// What is done.
    pub step: &'static str,
    /// Why, as a code.
    pub reason: &'static str,
    /// Why, as a sentence.
    pub why: String,
    /// Who takes over.
    pub successor: Option<String>,
    /// The ticket of the leaver.
    pub ticket: Option<String>,
    /// The note of the leaver.
    pub note: Option<String>,
    /// Operations for it, by position.
    pub operations: Vec<usize>,
}

/// A service of an account.
#[derive(Clone, Debug, Serialize)]
pub struct ServiceView {
    /// Its name.
    pub name: String,
    /// `not-assigned`, `released` or `waiting`.
    pub state: &'static str,
    /// Its status as written.
    pub status: Option<String>,
}

/// A leaver without an account.
#[derive(Clone, Debug, Serialize)]
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
#[derive(Clone, Debug, Serialize)]
pub struct ReviewView {
    /// The leaver that it is about.
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
    /// Where it stands.
    pub evidence: String,
}

/// An operation.
#[derive(Clone, Debug, Serialize)]
pub struct OperationView {
    /// Its stage.
    pub stage: &'static str,
    /// What it is.
    pub kind: &'static str,
    /// The changetype of its record.
    pub changetype: &'static str,
    /// The entry.
    pub dn: String,
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
#[derive(Clone, Debug, Serialize)]
pub struct ExportsView {
    /// Live entries.
    pub entries: u64,
    /// Entries written as `changetype: add`.
    pub add_records: u64,
    /// Tombstones and deleted objects: never accounts.
    pub tombstones: u64,
    /// Replication state that is no entry.
    pub replica_states: u64,
    /// Values kept as deleted.
    pub deleted_values: u64,
    /// Blocks around entries.
    pub other_blocks: u64,
    /// What could not be judged, by kind.
    pub not_judged: Vec<NotJudged>,
}

/// Things of one kind that could not be judged.
#[derive(Clone, Debug, Serialize)]
pub struct NotJudged {
    /// What they are.
    pub what: &'static str,
    /// How many.
    pub count: u64,
    /// The first ones, with their places.
    pub places: Vec<String>,
}

/// A command that another system must run.
#[derive(Clone, Debug, Serialize)]
pub struct HandOff {
    /// Where: the mail host, or the calendar server.
    pub host: String,
    /// The command.
    pub command: String,
    /// The leavers that wait for it.
    pub leavers: Vec<String>,
}

/// Makes the view of a proven plan.
pub fn view(
    context: &Context<'_>,
    proof: &Proof,
    inputs: Vec<Input>,
    hand_offs: Vec<HandOff>,
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
        summary: Summary {
            leavers: context.request.leavers.len(),
            marked: steps(Step::Mark),
            deleted: steps(Step::Purge),
            waiting: steps(Step::Wait),
            unchanged: steps(Step::Nothing),
            held: steps(Step::Hold),
            conflicts: plan.conflicts.len(),
            reviews: plan.reviews.len(),
            operations: plan.operations.len(),
        },
        limits: plan
            .counted
            .iter()
            .map(|row| LimitRow { kind: row.kind.name(), affected: row.affected, of: row.of, limit: row.limit.clone() })
            .collect(),
        proof: proof_view(proof),
        accounts: accounts(context),
        conflicts: conflicts(context),
        reviews: reviews(context),
        operations: operations(context, proof),
        exports: exports(context),
        hand_offs,
        files,
    }
}

/// The inputs that are exports.
pub fn export_inputs<'f>(names: &[String], fingerprints: impl Iterator<Item = &'f Fingerprint>) -> Vec<Input> {
    let input = |(name, fingerprint): (&String, &Fingerprint)| Input {
        role: "export",
        name: name.clone(),
        bytes: fingerprint.bytes,
        sha256: fingerprint.sha256.map(|digest| data_encoding::HEXLOWER.encode(&digest)).unwrap_or_default(),
    };
    names.iter().zip(fingerprints).map(input).collect()
}

fn proof_view(proof: &Proof) -> ProofView {
    let lost = |(dn, attributes): &(Vec<u8>, Vec<String>)| NotRestored {
        dn: shown(dn).into_owned(),
        attributes: attributes.clone(),
    };
    ProofView {
        checks: proof
            .checks
            .iter()
            .map(|check| CheckView { name: check.name, counted: check.counted.clone() })
            .collect(),
        not_restored: proof.lost.iter().map(lost).collect(),
        under_review: proof.under_review,
    }
}

fn accounts(context: &Context<'_>) -> Vec<AccountView> {
    let service = |service: &crate::lifecycle::Service| ServiceView {
        name: service.name.clone(),
        state: match service.state {
            ServiceState::NotAssigned => "not-assigned",
            ServiceState::Released => "released",
            ServiceState::Waiting => "waiting",
        },
        status: service.status.as_deref().map(|status| shown(status).into_owned()),
    };
    let account = |(index, account): (usize, &crate::plan::Account)| {
        let leaver = &context.request.leavers[account.leaver];
        let operations = context.plan.operations.iter().enumerate();
        AccountView {
            leaver: shown(leaver.identity.to_string().as_bytes()).into_owned(),
            leaver_line: leaver.line,
            action: leaver.action.name(),
            dn: shown(account.entry.dn.spelling()).into_owned(),
            evidence: context.place(account.entry.origin),
            state: account.decision.state.name(),
            services: account.decision.services.iter().map(service).collect(),
            step: account.decision.step.name(),
            reason: account.decision.reason.code(),
            why: shown(account.decision.reason.sentence().as_bytes()).into_owned(),
            successor: account.successor.as_ref().map(|dn| shown(dn.spelling()).into_owned()),
            ticket: leaver.ticket.as_ref().map(|ticket| shown(ticket.as_bytes()).into_owned()),
            note: leaver.note.as_ref().map(|note| shown(note.as_bytes()).into_owned()),
            operations: operations.filter(|(_, op)| op.accounts.contains(&index)).map(|(at, _)| at).collect(),
        }
    };
    context.plan.accounts.iter().enumerate().map(account).collect()
}

fn conflicts(context: &Context<'_>) -> Vec<ConflictView> {
    let named = |dn: &crate::ldap::Dn, origin: &crate::ldap::Origin| {
        format!("{} ({})", shown(dn.spelling()), context.place(*origin))
    };
    let conflict = |conflict: &crate::plan::Conflict| {
        let leaver = &context.request.leavers[conflict.leaver];
        let (why, candidates) = match &conflict.kind {
            ConflictKind::NotFound => {
                ("no account in the exports matches; it may be gone already".to_owned(), Vec::new())
            }
            ConflictKind::Several(found) => (
                format!("{} accounts match; name one by uid@domain or by its DN", found.len()),
                found.iter().map(|(dn, origin)| named(dn, origin)).collect(),
            ),
            ConflictKind::NotAnAccount(dn, origin) => (
                "the entry is none of the accounts of the policy ([accounts] filter and base)".to_owned(),
                vec![named(dn, origin)],
            ),
            ConflictKind::Duplicate(dn, places) => (
                "the entry stands in the exports more than once".to_owned(),
                places.iter().map(|origin| named(dn, origin)).collect(),
            ),
            ConflictKind::SameAs(other) => {
                let other = context.request.leavers[*other].identity.to_string();
                (format!("the same account as {}", shown(other.as_bytes())), Vec::new())
            }
        };
        ConflictView {
            leaver: shown(leaver.identity.to_string().as_bytes()).into_owned(),
            leaver_line: leaver.line,
            code: conflict.kind.code(),
            why,
            candidates,
        }
    };
    context.plan.conflicts.iter().map(conflict).collect()
}

fn reviews(context: &Context<'_>) -> Vec<ReviewView> {
    let what = |code: &str| match code {
        "near-miss" => {
            "names no entry of the exports, but is the leaver's cn beside the leaver's entry: is the leaver meant?"
        }
        "reference" => "names the leaver; the policy leaves it for review: decide who stands there from now on",
        "address-book-missing" => {
            "points to an address book that the exports do not hold: find it, or clear the pointer"
        }
        "address-book-ambiguous" => "could be the leaver's address book, and is not the only one: delete by hand",
        "unreadable-pointer" => "names no address book below the policy's suffix: find it by hand",
        _ => "decide",
    };
    let review = |review: &crate::plan::Review| ReviewView {
        leaver: shown(
            context.request.leavers[context.plan.accounts[review.account].leaver].identity.to_string().as_bytes(),
        )
        .into_owned(),
        code: review.code,
        what: what(review.code).to_owned(),
        dn: shown(&review.dn).into_owned(),
        attribute: review.attribute.clone(),
        value: shown_value(&review.attribute, &review.value),
        evidence: context.place(review.evidence),
    };
    context.plan.reviews.iter().map(review).collect()
}

fn operations(context: &Context<'_>, proof: &Proof) -> Vec<OperationView> {
    let mut shown_already = std::collections::HashSet::new();
    let operation = |operation: &Operation| {
        let key = operation.record.dn.key();
        let first = shown_already.insert(key.clone());
        let before = context.plan.before.get(key).filter(|_| first);
        let after = proof.after.get(key).and_then(Option::as_ref);
        OperationView {
            stage: operation.stage.name(),
            kind: operation.kind.name(),
            changetype: match operation.record.change {
                Change::Add(_) => "add",
                Change::Delete => "delete",
                Change::Modify(_) => "modify",
                Change::ModifyDn { .. } => "modrdn",
            },
            dn: shown(operation.record.dn.spelling()).into_owned(),
            leavers: context.leavers(operation).iter().map(|leaver| shown(leaver.as_bytes()).into_owned()).collect(),
            why: shown(operation.reason.as_bytes()).into_owned(),
            evidence: context.place(operation.evidence),
            diff: before.map(|before| diff::unified(before, after)),
        }
    };
    context.plan.operations.iter().map(operation).collect()
}

fn exports(context: &Context<'_>) -> ExportsView {
    let census = &context.plan.census;
    let places = |finding: &Finding| {
        let place = |place: &Place| {
            let origin = crate::ldap::Origin { export: place.export, line: place.line };
            format!("{}: {}", context.place(origin), shown_value("", &place.text))
        };
        finding.places.iter().map(place).collect()
    };
    let rows = [
        ("entries whose name is no distinguished name", &census.unreadable_names),
        ("reference values that are no distinguished names", &context.plan.unreadable_values),
        ("references to other servers (`ref:`)", &census.referrals),
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
    }
}
