//! Step 1, the first reading: which entries the identities of the request match, what the rosters say of accounts, and
//! which schema the exports hold.
//!
//! | module | does |
//! | --- | --- |
//! | [`wanted`](crate::directory::identity::wanted) | matches a uid, an address, a DN or `attribute=value` with an entry |
//! | [`rosters`] | looks up an account in the rosters |
//! | [`unmatched`] | which rows of the rosters match no account |
//! | [`pass`] | the pass over all entries |
//! | [`line_picks`] | which lines of the policy pick an entry |
//! | [`recognise`] | which entries the history is about, in a reading of its own before the first |
//! | [`identity_matches`] | groups what the pass found by identity |

pub mod identity_matches;
mod line_picks;
pub mod pass;
pub mod recognise;
pub mod rosters;
pub mod unmatched;

pub use identity_matches::IdentityMatches;
pub use pass::{LocatePass, LocatedEntries, Match, RetainedLocate};

use std::sync::Arc;

use pass::Past;
use recognise::recognised;
use rosters::Rosters;

use super::error::PlanError;
use super::operational::OperationalNeeds;
use super::request::Request;
use super::retained::RetainedPasses;
use crate::directory::Census;
use crate::directory::census::{Finding, Place};
use crate::directory::chains::follow;
use crate::directory::identity::former_names::FormerNames;
use crate::directory::identity::wanted::Identities;
use crate::directory::key_hash::Hashes;
use crate::directory::snapshot::{Directory, Reading};
use crate::ldap::Entry;
use crate::ldap::schema::{Schema, publishes_schema};
use crate::lifecycle::History;
use crate::policy::{Policy, PolicyError, ServerSchema};

/// What the first reading found.
pub struct Located {
    /// The history, as far as it is about the entries of the exports.
    pub history: History,
    /// The policy, with its filters bound to the schema.
    pub policy: Policy,
    /// The schema of the directory.
    pub schema: ServerSchema,
    /// What the exports hold.
    pub census: Census,
    /// Hashes of the names of all groups.
    pub groups: Arc<Hashes>,
    /// What the pass kept.
    pub entries: LocatedEntries,
}

/// What the first reading found, with what the later steps look up in it.
pub struct FirstReading<'l> {
    /// What was found.
    pub located: &'l Located,
    /// The entries that each identity of the request matches.
    pub matches: IdentityMatches<'l>,
    /// The operational attributes that the policy needs, and which exports show them.
    pub needs: OperationalNeeds<'l>,
}

impl<'l> FirstReading<'l> {
    /// Prepares the lookups.
    pub fn new(located: &'l Located, request: &'l Request) -> Self {
        let matches = IdentityMatches::new(&located.entries, request);
        let needs = OperationalNeeds::new(&located.policy, &located.census, &located.entries.contents);
        Self { located, matches, needs }
    }
}

/// Reads the exports; a second time if the schema in them changes which entries are accounts. Filters that follow an attribute
/// through other entries need readings of their own, before the first.
pub fn locate<D: Directory<RetainedPasses>>(
    directory: &D,
    policy: &Policy,
    request: &Request,
) -> Result<Located, PlanError<D::Error>> {
    let chains = follow(policy.chains(), |pass| directory.read(pass).map(|reading| reading.found))?;
    let history = recognised(&request.history, |pass| directory.read(pass).map(|reading| reading.found))?;
    let former_names = &FormerNames::of(&history);
    let past = Past { request, history: &history, former_names };
    let policy = &policy.following(former_names);
    let given = policy.bound(&request.schema).with_chains(&chains);
    let mut reading = directory.read(&pass(&given, past))?;
    let schema = schema_of(policy, request, &reading.found.schema);
    let bound = policy.bound(schema.described()).with_chains(&chains);
    let mut errors = bound.undefined();
    if directory.is_as_exported() {
        // After a plan, the only entry with an attribute may be deleted.
        errors.extend(unknown_attributes(&bound, schema.described(), &reading.found));
    }
    refuse(errors)?;
    if !bound.finds_as(&given) {
        reading = directory.read(&pass(&bound, past))?;
    }
    let Reading { found: mut entries, census } = reading;
    Ok(Located { groups: Arc::new(entries.structure.groups()), policy: bound, schema, census, entries, history })
}

fn pass<'p>(policy: &'p Policy, past: Past<'p>) -> LocatePass<'p> {
    let Past { request, former_names, .. } = past;
    let rosters = request.rosters.iter();
    let rosters = rosters.filter_map(|named| Some((policy.rosters.get(&named.name)?, &named.roster)));
    let identities = Identities::new(identity_matches::identities(request), policy, former_names.clone());
    LocatePass::new(policy, identities, Rosters::new(rosters, former_names.clone()), past)
}

/// The schema of the directory: what `--schema` describes wins over what the exports hold.
fn schema_of(policy: &Policy, request: &Request, exported: &[Entry]) -> ServerSchema {
    let mut described = request.schema.clone();
    described.seal();
    // Descriptions in these files that cannot be read are reported when the files are read.
    described.take_unreadable();
    for entry in exported.iter().filter(|entry| publishes_schema(entry)) {
        described.add(entry);
    }
    ServerSchema::new(policy.directory.server, described)
}

/// Refuses filters that match fewer entries than they say: those with an item that the schema makes Undefined, or with an
/// attribute type that nothing knows and no entry has.
fn refuse<E>(mut errors: Vec<PolicyError>) -> Result<(), PlanError<E>> {
    errors.sort_by_key(|error| error.span.as_ref().map_or(usize::MAX, |span| span.start));
    if errors.is_empty() { Ok(()) } else { Err(PlanError::Undefined(errors)) }
}

/// The errors of attribute types in filters that neither a table nor a schema knows, and that no entry has.
fn unknown_attributes(policy: &Policy, schema: &Schema, found: &LocatedEntries) -> Vec<PolicyError> {
    let unknown = policy.unknown_attributes(schema);
    let unseen = unknown.iter().filter(|unknown| !found.seen_attributes.contains(&unknown.name.to_ascii_lowercase()));
    unseen.map(|unknown| policy.unknown_attribute(unknown, schema)).collect()
}

/// The schema descriptions that cannot be read.
pub fn unreadable_schema(described: &Schema) -> Finding {
    let mut finding = Finding::default();
    for unreadable in described.unreadable() {
        let origin = unreadable.origin;
        let text = unreadable.error.to_string().into_bytes();
        finding.add(Place { export: origin.export, line: origin.line, text });
    }
    finding
}
