//! A plan with its change files and their proof: what every command that plans begins with.

use super::{Diagnostic, grounds};
use crate::directory::{ExportsReader, Overlay};
use crate::io::exports::ExportFiles;
use crate::ldif::UrlPolicy;
use crate::plan::{Plan, Request, Retained, plan};
use crate::policy::Policy;
use crate::proof::{Files, Proof, ProofInputs, prove};
use crate::render::change_file::{self, Context};

/// It.
pub struct Proven {
    /// The plan; nothing is planned again from it.
    pub plan: Plan,
    /// The text of its change files.
    pub files: Files,
    /// Their proof.
    pub proof: Proof,
}

/// What a plan is made from, next to the request.
#[derive(Clone, Copy)]
pub struct Basis<'b> {
    /// The exports, and their names as given.
    pub exports: &'b ExportFiles,
    /// The same.
    pub names: &'b [String],
    /// What `:<` in them means.
    pub urls: UrlPolicy<'b>,
    /// The policy.
    pub policy: &'b Policy,
    /// The change ticket of the whole, fit to be shown.
    pub ticket: Option<&'b str>,
}

impl<'b> Basis<'b> {
    /// Plans what is asked for, on the exports with these changes laid over them, and proves it.
    pub fn proven(self, overlay: Option<&Overlay>, request: &Request) -> Result<Proven, Vec<Diagnostic>> {
        let reader = ExportsReader::new(self.exports, self.urls).with_overlay(overlay);
        let mut plan = plan(reader, self.policy, request)
            .map_err(|error| grounds::plan_faults(&error, self.names, (self.policy, request)))?;
        let files = change_file::files(&self.context(&plan, request));
        let inputs = ProofInputs {
            reader,
            policy: self.policy,
            request,
            plan: &plan,
            files: &files,
        };
        let proof = prove(&inputs).map_err(|error| grounds::proof_faults(&error, self.names))?;
        // Proven, so nothing is planned again: the reports have the room.
        plan.retained = Retained::default();
        Ok(Proven { plan, files, proof })
    }

    /// What files and reports say next to the plan itself.
    pub fn context<'c>(self, plan: &'c Plan, request: &'c Request) -> Context<'c>
    where
        'b: 'c,
    {
        Context { plan, request, policy: self.policy, exports: self.names, ticket: self.ticket }
    }
}
