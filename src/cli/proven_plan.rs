//! A plan with its change files and their proof: `plan` and `explain` both start from one.

use super::day::Day;
use super::{Diagnostic, faults};
use crate::directory::{ExportsReader, Overlay};
use crate::io::exports::ExportFiles;
use crate::ldif::UrlPolicy;
use crate::plan::{Plan, Request, Retained, plan};
use crate::policy::Policy;
use crate::proof::{Files, Proof, ProofInputs, prove};
use crate::render::change_file;
use crate::render::context::RenderContext;

/// A plan whose change files were proven on the exports.
pub struct ProvenPlan {
    /// The plan, without what it retained of the exports: it cannot be planned again.
    pub plan: Plan,
    /// The text of its change files.
    pub files: Files,
    pub proof: Proof,
}

/// What a plan is made from, as well as the request.
#[derive(Clone, Copy)]
pub struct PlanSources<'s> {
    pub exports: &'s ExportFiles,
    /// The names of the exports as they were given.
    pub names: &'s [String],
    /// What a value given as `:< URL` means in the exports.
    pub urls: UrlPolicy<'s>,
    pub policy: &'s Policy,
    pub day: Day,
    /// The change ticket of the whole plan, sanitized.
    pub ticket: Option<&'s str>,
}

impl<'s> PlanSources<'s> {
    /// Plans what is asked for and proves it, on the exports as they are after the changes of `overlay`.
    pub fn prove(self, overlay: Option<&Overlay>, request: &Request) -> Result<ProvenPlan, Vec<Diagnostic>> {
        let reader = ExportsReader::new(self.exports, self.urls).with_overlay(overlay);
        let mut plan = plan(reader, self.policy, request)
            .map_err(|error| faults::plan_faults(&error, self.names, self.policy, request))?;
        self.day.check_exports(&plan.extent, self.names)?;
        let files = change_file::files(&self.context(&plan, request));
        let inputs = ProofInputs { reader, policy: self.policy, request, plan: &plan, files: &files };
        let proof = prove(&inputs).map_err(|error| faults::proof_faults(&error, self.names))?;
        // Nothing is planned again after the proof. Dropping this leaves its memory to the reports.
        plan.retained = Retained::default();
        Ok(ProvenPlan { plan, files, proof })
    }

    /// What renderers need in addition to the plan.
    pub fn context<'c>(self, plan: &'c Plan, request: &'c Request) -> RenderContext<'c>
    where
        's: 'c,
    {
        RenderContext { plan, request, policy: self.policy, exports: self.names, ticket: self.ticket }
    }
}
